//! What a session says that it takes in memory is no less than what it allocates, whatever the capture is made of.

#[allow(dead_code, reason = "a benchmark uses the rest")]
#[path = "harness/session_input.rs"]
mod session_input;

use std::alloc::System;

use cap::Cap;
use session_input::{Capture, USERS, id};
use workermanchat::packet::Side;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// What a capture is made of, how many there are, and what makes a capture of so many.
type Recipe = (&'static str, u32, fn(u32) -> Capture);

const CAPTURES: [Recipe; 15] = [
    ("SYNs, each of another connection", 100_000, syns),
    ("connections with a message each", 20_000, short_connections),
    ("acknowledgments", 500_000, acknowledgments),
    ("pings", 300_000, pings),
    ("says with texts of their own, delivered to a room", 3_000, says),
    ("long says", 20_000, long_says),
    ("equal says that nobody said", 50_000, Capture::unnamed),
    ("late connections", 20_000, Capture::late),
    ("upgrade requests in reverse", 50_000, Capture::descending),
    ("names", 50_000, names),
    ("rooms", 50_000, rooms),
    ("lists of users", 500, lists),
    ("upgrades", 20_000, upgrades),
    ("servers", 20_000, servers),
    ("holes", 200_000, holes),
];

fn syns(count: u32) -> Capture {
    let mut capture = Capture::empty();
    (0..count).for_each(|user| capture.syn(user));
    capture
}

fn short_connections(count: u32) -> Capture {
    let mut capture = Capture::empty();
    for user in 0..count {
        capture.syn(user);
        capture.send(user, Side::Server, r#"{"type":"ping"}"#);
    }
    capture
}

/// Segments with this payload, whose sequence numbers leave holes between them.
fn segments(count: u32, sender: Side, payload: &[u8]) -> Capture {
    let mut capture = Capture::new();
    for number in 0..count {
        let segment = capture.segment(number % USERS, sender, payload.len() as u32);
        capture.session.segment(&segment, payload);
    }
    capture
}

fn acknowledgments(count: u32) -> Capture {
    segments(count, Side::Client, &[])
}

fn holes(count: u32) -> Capture {
    segments(count, Side::Server, b"          ")
}

fn pings(count: u32) -> Capture {
    let mut capture = Capture::new();
    (0..count).for_each(|number| capture.send(number % USERS, Side::Server, r#"{"type":"ping"}"#));
    capture
}

fn says(count: u32) -> Capture {
    let mut capture = Capture::new();
    (0..count).for_each(|number| capture.say(number));
    capture
}

fn long_says(count: u32) -> Capture {
    let mut capture = Capture::new();
    for number in 0..count {
        let content = format!("{number} {}", "long ".repeat(100));
        let say = format!(r#"{{"type":"say","to_client_id":"all","to_client_name":"n","content":"{content}"}}"#);
        capture.send(number % USERS, Side::Client, &say);
    }
    capture
}

fn names(count: u32) -> Capture {
    let mut capture = Capture::new();
    (0..count).for_each(|number| capture.login(number % USERS, &format!("user {number}"), "1", ""));
    capture
}

fn rooms(count: u32) -> Capture {
    let mut capture = Capture::new();
    (0..count).for_each(|number| capture.login(number % USERS, "user 1", &number.to_string(), ""));
    capture
}

fn lists(count: u32) -> Capture {
    let mut capture = Capture::new();
    for number in 0..count {
        let member = |user: u32| format!(r#""{}":"user {user} as {number}""#, id(user));
        let list: Vec<String> = (0..200).map(member).collect();
        capture.login(number % USERS, &format!("user {number}"), "1", &list.join(","));
    }
    capture
}

fn upgrades(count: u32) -> Capture {
    let mut capture = Capture::empty();
    for user in 0..count {
        capture.syn(user);
        let request = format!(
            "GET / HTTP/1.1\r\nHost: h\r\nOrigin: http://{user}.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        let response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        for (by, head) in [(Side::Client, &*request), (Side::Server, response)] {
            let segment = capture.segment(user, by, head.len() as u32);
            capture.session.segment(&segment, head.as_bytes());
            capture.session.handshake(&segment, head.as_bytes(), []);
        }
    }
    capture
}

/// Each with a user who logs in and speaks.
fn servers(count: u32) -> Capture {
    let mut capture = Capture::empty();
    for number in 0..count {
        let [.., low, high] = number.to_be_bytes();
        let messages = [
            (Side::Client, r#"{"type":"login","client_name":"u","room_id":"1"}"#.to_owned()),
            (
                Side::Client,
                format!(r#"{{"type":"say","to_client_id":"all","to_client_name":"n","content":"{number}"}}"#),
            ),
            (Side::Server, r#"{"type":"ping"}"#.to_owned()),
        ];
        for (by, json) in messages {
            let mut segment = capture.segment(number, by, json.len() as u32);
            let server = if by == Side::Client { &mut segment.destination } else { &mut segment.source };
            server.address[2..4].copy_from_slice(&[low, high]);
            capture.take(&segment, &json);
        }
    }
    capture
}

#[test]
fn a_session_counts_no_less_than_it_allocates() {
    let mut report = String::new();
    let mut is_exceeded = false;
    for (name, count, build) in CAPTURES {
        // Also where a table or list has just grown to twice its length.
        for part in [40, 55, 70, 85, 100] {
            let before = ALLOCATOR.allocated();
            let capture = build(count / 100 * part);
            let (taken, counted) = (ALLOCATOR.allocated() - before, capture.session.held());
            let is_within = taken <= counted;
            is_exceeded |= !is_within;
            report += &format!(
                "{}{name}, {}: {:.2} MB allocated, {:.2} MB counted\n",
                if is_within { "" } else { "EXCEEDED: " },
                count / 100 * part,
                taken as f64 / 1e6,
                counted as f64 / 1e6
            );
        }
    }
    println!("{report}");
    assert!(!is_exceeded, "{report}");
}
