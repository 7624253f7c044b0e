//! The cost of the session state: a room of 100 users, and an increasing number of says, each delivered to all; and captures made to be
//! slow, each of one size and of twice that. The time per element must not grow.

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
    fn empty() -> Capture {
        Capture { session: Session::default(), frame: 0 }
    }

    fn new() -> Capture {
        let mut capture = Capture::empty();
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

    /// The next segment of a user's connection; its sequence number is the frame's, 200 apart.
    fn segment(&mut self, user: u32, sender: Side, length: u32) -> Segment {
        self.frame += 1;
        let end = |port, chat_port| Endpoint { address: [127; 16], address_length: 4, port, chat_port };
        let (client, server) = (end(40_000 + user as u16, false), end(7272, true));
        let (source, destination) = if sender == Side::Client { (client, server) } else { (server, client) };
        let at = FrameTime { frame: Frame(self.frame), time: i64::from(self.frame) * 10_000 };
        let sequence = SequenceNumber(self.frame.wrapping_mul(200));
        Segment {
            at,
            stream: StreamId(user),
            source,
            destination,
            sequence,
            acknowledgment: sequence,
            flags: 0x10,
            length,
        }
    }

    fn send(&mut self, user: u32, sender: Side, json: &str) {
        let segment = self.segment(user, sender, json.len() as u32);
        self.session.segment(&segment, json.as_bytes());
        self.session.message(&segment, 0, &Message::of(&read(json.as_bytes()), sender, false));
    }

    /// So many equal says on a connection that has not logged in, each with a delivery that names nobody.
    fn unnamed(count: u32) -> Capture {
        let mut capture = Capture::empty();
        for _ in 0..count {
            capture.send(0, Side::Client, r#"{"type":"say","to_client_id":"all","to_client_name":"n","content":"x"}"#);
            let delivery = r#"{"type":"say","from_client_name":"u","to_client_id":"all","content":"x","time":"2026-11-20 07:20:22"}"#;
            capture.send(0, Side::Server, delivery);
        }
        capture
    }

    /// So many equal says, and so many connections that join afterwards and get one of an equal text each.
    fn late(count: u32) -> Capture {
        let mut capture = Capture::empty();
        for _ in 0..count {
            capture.send(0, Side::Client, r#"{"type":"say","to_client_id":"all","to_client_name":"n","content":"x"}"#);
        }
        for user in 1..=count {
            capture.send(user, Side::Client, r#"{"type":"login","client_name":"u","room_id":"1"}"#);
            let delivery = r#"{"type":"say","from_client_id":"7f00000108fd00000000","from_client_name":"u","to_client_id":"all","content":"x","time":"2026-11-20 07:20:22"}"#;
            capture.send(user, Side::Server, delivery);
        }
        capture
    }

    /// So many upgrade requests on one connection, each in front of the one before in the sequence space.
    fn descending(count: u32) -> Capture {
        let mut capture = Capture::empty();
        for number in 0..count {
            let request = format!(
                "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {number}\r\n\
                 Sec-WebSocket-Version: 13\r\n\r\n"
            );
            let segment = capture.segment(0, Side::Client, request.len() as u32);
            let segment = Segment { sequence: SequenceNumber(u32::MAX - number * 200), ..segment };
            capture.session.segment(&segment, request.as_bytes());
            capture.session.handshake(&segment, request.as_bytes(), []);
        }
        capture
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
