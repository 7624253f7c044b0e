//! Captures for the session alone, without Wireshark: messages and segments, one frame each.

use workermanchat::message::{Message, read};
use workermanchat::packet::{Endpoint, Frame, FrameTime, Segment, SequenceNumber, Side, StreamId, flags};
use workermanchat::session::Session;

/// How many users are in the room.
pub const USERS: u32 = 100;

/// Messages on the connections of the users, one frame each.
pub struct Capture {
    /// What it taught.
    pub session: Session,
    frame: u32,
}

impl Capture {
    /// Without a frame.
    pub fn empty() -> Capture {
        Capture { session: Session::default(), frame: 0 }
    }

    /// All users have logged in.
    pub fn new() -> Capture {
        let mut capture = Capture::empty();
        for user in 0..USERS {
            let name = format!("user {user}");
            capture.login(user, &name, "1", &format!(r#""{}":"{name}""#, id(user)));
        }
        capture
    }

    /// A user asks to log in by a name, and is told of it; `list`: the members of the object `client_list`.
    pub fn login(&mut self, user: u32, name: &str, room: &str, list: &str) {
        let request = format!(r#"{{"type":"login","client_name":"{name}","room_id":"{room}"}}"#);
        self.send(user, Side::Client, &request);
        let result = format!(
            r#"{{"type":"login","client_id":"{}","client_name":"{name}","time":"2026-11-20 07:20:19","client_list":{{{list}}}}}"#,
            id(user)
        );
        self.send(user, Side::Server, &result);
    }

    /// The next segment of a user's connection; its sequence number is the frame's, 200 apart.
    pub fn segment(&mut self, user: u32, sender: Side, length: u32) -> Segment {
        self.frame += 1;
        let end = |network, port, chat_port| {
            let mut address = [0; 16];
            address[..2].copy_from_slice(&[127, network]);
            Endpoint { address, address_length: 4, port, chat_port }
        };
        let client = end(1 + (user / 20_000) as u8, 40_000 + (user % 20_000) as u16, false);
        let server = end(0, 7272, true);
        let (source, destination) = if sender == Side::Client { (client, server) } else { (server, client) };
        let at = FrameTime { frame: Frame::of(self.frame), time: i64::from(self.frame) * 10_000 };
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
            identity: 0,
        }
    }

    /// The next frame, which begins a user's connection.
    pub fn syn(&mut self, user: u32) {
        let syn = Segment { flags: flags::SYN, ..self.segment(user, Side::Client, 0) };
        self.session.segment(&syn, &[]);
    }

    /// The next frame, which holds a message of a user's connection.
    pub fn send(&mut self, user: u32, sender: Side, json: &str) {
        let segment = self.segment(user, sender, json.len() as u32);
        self.take(&segment, json);
    }

    /// A segment that holds a message.
    pub fn take(&mut self, segment: &Segment, json: &str) {
        self.session.segment(segment, json.as_bytes());
        let sender = if segment.destination.chat_port { Side::Client } else { Side::Server };
        self.session.message(segment, 0, &Message::of(&read(json.as_bytes()), sender, false));
    }

    /// So many equal says on a connection that has not logged in, each with a delivery that names nobody.
    pub fn unnamed(count: u32) -> Capture {
        let mut capture = Capture::empty();
        for _ in 0..count {
            capture.send(0, Side::Client, r#"{"type":"say","to_client_id":"all","to_client_name":"n","content":"x"}"#);
            let delivery = r#"{"type":"say","from_client_name":"u","to_client_id":"all","content":"x","time":"2026-11-20 07:20:22"}"#;
            capture.send(0, Side::Server, delivery);
        }
        capture
    }

    /// So many equal says, and so many connections that join afterwards and get one of an equal text each.
    pub fn late(count: u32) -> Capture {
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
    pub fn descending(count: u32) -> Capture {
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
    pub fn say(&mut self, number: u32) {
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

/// The client id of a user.
pub fn id(user: u32) -> String {
    format!("7f00000108fd{user:08x}")
}
