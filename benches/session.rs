//! The cost of the session state: a room of 100 users, and an increasing number of says, each delivered to all. The time per
//! delivery must not grow.

#![expect(missing_docs, reason = "criterion_group! makes a public function without documentation")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use workermanchat::message::{Message, read};
use workermanchat::packet::{Endpoint, Frame, FrameTime, Segment, SequenceNumber, Side, StreamId};
use workermanchat::session::Session;

const USERS: u32 = 100;

/// Messages on the connections of the users, one frame each.
struct Capture {
    session: Session,
    frame: u32,
}

impl Capture {
    fn new() -> Capture {
        let mut capture = Capture { session: Session::default(), frame: 0 };
        for user in 0..USERS {
            capture.send(
                user,
                Side::Client,
                &format!(r#"{{"type":"login","client_name":"user {user}","room_id":"1"}}"#),
            );
            let list = format!(r#"{{"{}":"user {user}"}}"#, id(user));
            capture.send(
                user,
                Side::Server,
                &format!(
                    r#"{{"type":"login","client_id":"{}","client_name":"user {user}","time":"2026-11-20 07:20:19","client_list":{list}}}"#,
                    id(user)
                ),
            );
        }
        capture
    }

    fn send(&mut self, user: u32, sender: Side, json: &str) {
        self.frame += 1;
        let end = |port, chat_port| Endpoint { address: [127; 16], port, chat_port };
        let (client, server) = (end(40_000 + user as u16, false), end(7272, true));
        let (source, destination) = if sender == Side::Client { (client, server) } else { (server, client) };
        let at = FrameTime { frame: Frame(self.frame), time: i64::from(self.frame) * 10_000 };
        let sequence = SequenceNumber(self.frame.wrapping_mul(200));
        let (stream, length) = (StreamId(user), json.len() as u32);
        let segment =
            Segment { at, stream, source, destination, sequence, acknowledgment: sequence, flags: 0x10, length };
        self.session.segment(&segment, json.as_bytes());
        self.session.message(&segment, 0, &Message::of(&read(json.as_bytes()), sender, false));
    }

    /// A say and its deliveries; every tenth say has the same text.
    fn say(&mut self, number: u32) {
        let user = number % USERS;
        let text = if number % 10 == 0 { "hello".to_owned() } else { format!("text {number}") };
        self.send(
            user,
            Side::Client,
            &format!(r#"{{"type":"say","to_client_id":"all","to_client_name":"n","content":"{text}"}}"#),
        );
        let delivery = format!(
            r#"{{"type":"say","from_client_id":"{}","from_client_name":"user {user}","to_client_id":"all","content":"{text}","time":"2026-11-20 07:20:22"}}"#,
            id(user)
        );
        for receiver in 0..USERS {
            self.send(receiver, Side::Server, &delivery);
        }
    }
}

fn id(user: u32) -> String {
    format!("7f00000108fd{user:08x}")
}

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

criterion_group!(benches, deliveries);
criterion_main!(benches);
