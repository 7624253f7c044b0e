//! The time to read messages, beside `serde_json` and `sonic-rs`, which read them into a `Value`.
//!
//! `read` is what the session needs: the document, and what it is as a message of its sender. `label` is all that is shown of
//! it: each field, what is missing, the text as a person reads it, and a line of it.

#![expect(missing_docs, reason = "criterion_group! makes a public function without documentation")]

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;
use workermanchat::message::text::{line, markup, readable};
use workermanchat::message::{Evidence, MemberName, Message, read};
use workermanchat::packet::Side;

/// A kind of message: its name, who sends it, and one of them.
type Sample = (&'static str, Side, String);

fn say(content: &str) -> String {
    format!(
        r#"{{"type":"say","from_client_id":"7f00000108fd00000001","from_client_name":"mynick","to_client_id":"all","content":"{content}","time":"2026-11-20 07:20:22"}}"#
    )
}

fn say_request(content: &str) -> String {
    format!(r#"{{"type":"say","to_client_id":"all","to_client_name":"所有人","content":"{content}"}}"#)
}

fn private_say(content: &str) -> String {
    format!(
        r#"{{"type":"say","from_client_id":"7f00000108fd00000001","from_client_name":"mynick","to_client_id":"7f00000108fd00000002","content":"<b>\u5bf9\u4f60\u8bf4: <\/b>{content}","time":"2026-11-20 07:20:22"}}"#
    )
}

/// A login of 2016 or later, with a list of names by id.
fn login(users: u32) -> String {
    let users: Vec<String> = (0..users).map(|id| format!(r#""7f00000108fd{id:08x}":"\u732a{id}""#)).collect();
    format!(
        r#"{{"type":"login","client_id":"7f00000108fd00000001","client_name":"mynick","time":"2026-11-20 07:20:19","client_list":{{{}}}}}"#,
        users.join(",")
    )
}

/// A login of 2015, with a list of users.
fn login_2015(users: u32) -> String {
    let users: Vec<String> =
        (0..users).map(|id| format!(r#"{{"client_id":{id},"client_name":"\u732a{id}"}}"#)).collect();
    format!(
        r#"{{"type":"login","client_id":1,"client_name":"mynick","client_list":[{}],"time":"2026-11-20 07:20:19"}}"#,
        users.join(",")
    )
}

fn typical() -> Vec<Sample> {
    let owned = str::to_owned;
    vec![
        ("ping", Side::Server, owned(r#"{"type":"ping"}"#)),
        ("login request", Side::Client, owned(r#"{"type":"login","client_name":"mynick","room_id":1}"#)),
        (
            "login",
            Side::Server,
            owned(
                r#"{"type":"login","client_id":"7f00000108fc00000001","client_name":"x","time":"2026-11-20 07:20:20"}"#,
            ),
        ),
        ("login with 100 users", Side::Server, login(100)),
        ("login of 2015 with 100 users", Side::Server, login_2015(100)),
        ("say request", Side::Client, say_request("hi, all !")),
        ("say", Side::Server, say("hi, all !")),
        ("say in escapes", Side::Server, say(r"\u4f60\u597d\uff0c&lt;\/b&gt; \u4eca\u5929\u600e\u4e48\u6837<br \/>\n")),
        ("private say", Side::Server, private_say("psst")),
        (
            "logout",
            Side::Server,
            owned(
                r#"{"type":"logout","from_client_id":"7f00000108fd00000003","from_client_name":"late","time":"2026-11-20 07:20:38"}"#,
            ),
        ),
    ]
}

fn long() -> Vec<Sample> {
    vec![
        ("150 KB of ASCII", Side::Client, say_request(&"all work and no play ".repeat(7_200))),
        ("150 KB of UTF-8", Side::Client, say_request(&"长".repeat(50_000))),
        ("150 KB of escapes", Side::Server, say(&r"\u957f".repeat(25_000))),
        ("1,000 users", Side::Server, login(1_000)),
        ("1,000 users of 2015", Side::Server, login_2015(1_000)),
    ]
}

/// Messages that are as long as the server takes them, and expensive for their length.
fn amplifiers() -> Vec<Sample> {
    let array = |elements: &str| format!(r#"{{"type":"login","client_list":[{}{{}}]}}"#, elements);
    vec![
        ("10 MB of plain text", Side::Server, say(&"all work and no play ".repeat(490_000))),
        ("10 MB of &amp;", Side::Server, say(&"&amp;".repeat(2_000_000))),
        ("10 MB of line ends", Side::Server, say(&r"\n".repeat(5_000_000))),
        ("5 M elements", Side::Server, array(&"1,".repeat(5_000_000))),
        ("3.3 M empty objects", Side::Server, array(&"{},".repeat(3_300_000))),
        ("200,000 users", Side::Server, login(200_000)),
        ("200,000 users of 2015", Side::Server, login_2015(200_000)),
    ]
}

/// The full classification of a message.
fn evidence(bytes: &[u8], sender: Side) -> Evidence {
    let document = read(bytes);
    black_box(&Message::of(&document, sender, false)).evidence()
}

fn label(bytes: &[u8], sender: Side) {
    let document = read(bytes);
    let message = Message::of(&document, sender, false);
    message.fields().for_each(|field| drop(black_box(field.display())));
    black_box((message.missing(None).count(), message.bad_time(None), message.client_list().map(|list| list.len())));
    if let Some(content) = message.value(MemberName::Content) {
        let from_server = sender == Side::Server;
        black_box((line(&readable(content, from_server), 200), markup(content, from_server)));
    }
}

fn users(bytes: &[u8], sender: Side) {
    let document = read(bytes);
    let list = Message::of(&document, sender, false).client_list();
    list.iter().flat_map(|list| list.users()).for_each(|user| drop(black_box(user)));
}

fn compare(criterion: &mut Criterion, group: &str, samples: Vec<Sample>) {
    let mut group = criterion.benchmark_group(group);
    for (name, sender, text) in samples {
        let bytes = text.as_bytes();
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(BenchmarkId::new("read", name), |bencher| {
            bencher.iter(|| evidence(black_box(bytes), sender));
        });
        group.bench_function(BenchmarkId::new("label", name), |bencher| {
            bencher.iter(|| label(black_box(bytes), sender));
        });
        if name.contains("users") {
            group.bench_function(BenchmarkId::new("users", name), |bencher| {
                bencher.iter(|| users(black_box(bytes), sender));
            });
        }
        group.bench_function(BenchmarkId::new("serde_json", name), |bencher| {
            bencher.iter(|| serde_json::from_slice::<serde_json::Value>(black_box(bytes)));
        });
        group.bench_function(BenchmarkId::new("sonic-rs", name), |bencher| {
            bencher.iter(|| sonic_rs::from_slice::<sonic_rs::Value>(black_box(bytes)));
        });
    }
    group.finish();
}

fn read_messages(criterion: &mut Criterion) {
    compare(criterion, "message", typical());
    compare(criterion, "long message", long());
}

fn read_amplifiers(criterion: &mut Criterion) {
    compare(criterion, "amplifier", amplifiers());
}

fn read_text(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("text");
    for (name, content) in [("lines", "line &lt;b&gt;<br />\n"), ("entities", "&amp;"), ("plain", "all work ")] {
        let content = content.repeat(60_000 / content.len());
        group.throughput(Throughput::Bytes(content.len() as u64));
        group.bench_function(BenchmarkId::new("readable, 60 KB", name), |bencher| {
            bencher.iter_batched(|| &content, |content| readable(black_box(content), true), BatchSize::SmallInput);
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = read_messages, read_text
}
criterion_group! {
    name = slow_benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(500));
    targets = read_amplifiers
}
criterion_main!(benches, slow_benches);
