//! How long a message takes to read, from a heartbeat to a message as long as a page of a book.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use workermanchat::message::text::readable;
use workermanchat::message::{Message, Sender};

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

fn messages() -> Vec<(&'static str, Sender, String)> {
    vec![
        ("ping", Sender::Server, r#"{"type":"ping"}"#.to_owned()),
        ("login", Sender::Client, r#"{"type":"login","client_name":"mynick","room_id":1}"#.to_owned()),
        ("say", Sender::Server, say("hi, all !")),
        ("say of 75 KB in UTF-8", Sender::Client, say(&"长".repeat(25_000))),
        ("say of 150 KB in escapes", Sender::Server, say(&r"\u957f".repeat(25_000))),
        ("user list of 1000", Sender::Server, user_list(1000)),
    ]
}

fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("Message::read");
    for (name, sender, text) in messages() {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &text, |bencher, text| {
            bencher.iter(|| Message::read(black_box(text.as_bytes()), sender));
        });
    }
    group.finish();
}

fn read_text(criterion: &mut Criterion) {
    let content = "line &lt;b&gt;<br />\n".repeat(3_000);
    criterion.bench_function("readable, 60 KB", |bencher| bencher.iter(|| readable(black_box(&content), true)));
}

criterion_group!(benches, read, read_text);
criterion_main!(benches);
