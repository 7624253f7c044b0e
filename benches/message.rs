//! The time to parse messages of different lengths, compared with `serde_json`.

#![expect(missing_docs, reason = "criterion_group! makes a public function without documentation")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use workermanchat::message::text::readable;
use workermanchat::message::{Evidence, Message, read};
use workermanchat::packet::Side;

fn say(content: &str) -> String {
    format!(
        r#"{{"type":"say","from_client_id":"7f00000108fd00000001","from_client_name":"mynick","to_client_id":"all","content":"{content}","time":"2026-11-20 07:20:22"}}"#
    )
}

fn user_list(users: u32) -> String {
    let users: Vec<String> = (0..users).map(|id| format!(r#""7f00000108fd{id:08x}":"\u732a{id}""#)).collect();
    format!(
        r#"{{"type":"login","client_id":"7f00000108fd00000001","client_name":"mynick","time":"2026-11-20 07:20:19","client_list":{{{}}}}}"#,
        users.join(",")
    )
}

fn typical() -> Vec<(&'static str, Side, String)> {
    vec![
        ("ping", Side::Server, r#"{"type":"ping"}"#.to_owned()),
        ("login", Side::Client, r#"{"type":"login","client_name":"mynick","room_id":1}"#.to_owned()),
        ("say", Side::Server, say("hi, all !")),
        ("say in escapes", Side::Server, say(r"\u4f60\u597d&lt;\/b&gt;")),
        ("login with 5 users", Side::Server, user_list(5)),
    ]
}

fn long() -> Vec<(&'static str, Side, String)> {
    vec![
        ("say of 75 KB in ASCII", Side::Client, say(&"all work and no play ".repeat(3_600))),
        ("say of 75 KB in UTF-8", Side::Client, say(&"长".repeat(25_000))),
        ("say of 150 KB in escapes", Side::Server, say(&r"\u957f".repeat(25_000))),
        ("user list of 1000", Side::Server, user_list(1000)),
    ]
}

/// The full classification of a message.
fn evidence(bytes: &[u8], sender: Side) -> Evidence {
    let document = read(bytes);
    black_box(&Message::of(&document, sender, false)).evidence()
}

fn compare(criterion: &mut Criterion, group: &str, messages: Vec<(&str, Side, String)>) {
    let mut group = criterion.benchmark_group(group);
    for (name, sender, text) in messages {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("read", name), &text, |bencher, text| {
            bencher.iter(|| evidence(black_box(text.as_bytes()), sender));
        });
        group.bench_with_input(BenchmarkId::new("serde_json", name), &text, |bencher, text| {
            bencher.iter(|| serde_json::from_slice::<serde_json::Value>(black_box(text.as_bytes())));
        });
    }
    group.finish();
}

fn read_typical(criterion: &mut Criterion) {
    compare(criterion, "typical message", typical());
}

fn read_long(criterion: &mut Criterion) {
    compare(criterion, "long message", long());
}

fn read_text(criterion: &mut Criterion) {
    let content = "line &lt;b&gt;<br />\n".repeat(3_000);
    criterion.bench_function("readable, 60 KB", |bencher| bencher.iter(|| readable(black_box(&content), true)));
}

criterion_group!(benches, read_typical, read_long, read_text);
criterion_main!(benches);
