//! The cost of the session state: a room of 100 users, and an increasing number of says, each delivered to all; and captures made to be
//! slow, each of one size and of twice that. The time per element must not grow.

#![expect(missing_docs, reason = "criterion_group! makes a public function without documentation")]

#[allow(dead_code, reason = "a test uses the rest")]
#[path = "../tests/harness/session_input.rs"]
mod session_input;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use session_input::{Capture, USERS};

fn deliveries(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("deliveries to a room of 100");
    group.sample_size(10);
    for says in [10, 100, 1_000, 10_000] {
        group.throughput(Throughput::Elements(u64::from(says * USERS)));
        group.bench_with_input(BenchmarkId::from_parameter(says * USERS), &says, |bencher, says| {
            bencher.iter_with_large_drop(|| {
                let mut capture = Capture::new();
                (0..*says).for_each(|number| capture.say(number));
                capture
            });
        });
    }
    group.finish();
}

/// A capture made to be slow, of so many elements.
type Corner = (&'static str, fn(u32) -> Capture);

fn corners(criterion: &mut Criterion) {
    let corners: [Corner; 3] = [
        ("equal says without login", Capture::unnamed),
        ("late connections", Capture::late),
        ("descending upgrade requests", Capture::descending),
    ];
    for (name, capture) in corners {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        for count in [30_000, 60_000] {
            group.throughput(Throughput::Elements(u64::from(count)));
            group.bench_with_input(BenchmarkId::from_parameter(count), &count, |bencher, count| {
                bencher.iter_with_large_drop(|| capture(*count));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, deliveries, corners);
criterion_main!(benches);
