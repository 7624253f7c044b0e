//! How the session learns, frame by frame: a small capture in each test, made of messages rather than packets.

use super::*;
use crate::event::{Completion, Link, MessageEvent, on_the_wire, samples};
use crate::fields::Phase;
use crate::message::bounded::{MAX_ID, MAX_NAME, bounded_id};
use crate::message::{Message, read};
use crate::packet::{Captured, Endpoint, Frame, FrameTime, Position, Segment, SequenceNumber, Side, StreamId, flags};
use crate::session::connection::Connection;
use crate::session::connection::application::{Application, MAX_POSTPONED};
use crate::session::memory::{Limits, Memory};
use std::collections::HashMap;

const SERVER: u16 = 7272;

/// Feeds a session as a capture would, one message a frame.
#[derive(Default)]
pub(crate) struct Capture {
    pub(crate) session: Session,
    frame: u32,
    time: i64,
    sequences: HashMap<(u32, bool), u32>,
    /// Nobody configured the server's port.
    elsewhere: bool,
}

impl Capture {
    pub(crate) fn segment(&mut self, stream: u32, from_client: bool, flags: u16, length: u32) -> Segment {
        self.frame += 1;
        self.time += 1_000_000;
        let end = |port: u16, chat_port| Endpoint { address: [127; 16], address_length: 4, port, chat_port };
        let (client, server) = (end(40_000 + stream as u16, false), end(SERVER, !self.elsewhere));
        let (source, destination) = if from_client { (client, server) } else { (server, client) };
        let other = *self.sequences.entry((stream, !from_client)).or_insert(1);
        let next = self.sequences.entry((stream, from_client)).or_insert(1);
        let sequence = *next;
        *next = next.wrapping_add(length);
        let at = FrameTime { frame: Frame::of(self.frame), time: self.time };
        let (sequence, acknowledgment) = (SequenceNumber(sequence), SequenceNumber(other));
        let stream = StreamId(stream);
        Segment { at, stream, source, destination, sequence, acknowledgment, flags, length, identity: 0 }
    }

    /// One side sends a message. Returns its frame.
    pub(crate) fn sends(&mut self, stream: u32, from_client: bool, json: &str) -> u32 {
        let segment = self.segment(stream, from_client, flags::ACK, json.len() as u32);
        let sender = if from_client { Side::Client } else { Side::Server };
        self.session.segment(&segment, json.as_bytes());
        self.session.message(&segment, 0, &Message::of(&read(json.as_bytes()), sender, false));
        segment.at.frame.number()
    }

    pub(crate) fn opens(&mut self, stream: u32) -> u32 {
        let segment = self.segment(stream, true, flags::SYN, 0);
        self.session.segment(&segment, &[]);
        self.sequences.insert((stream, true), segment.sequence.0 + 1);
        segment.at.frame.number()
    }

    pub(crate) fn acknowledges(&mut self, stream: u32, from_client: bool) -> u32 {
        let segment = self.segment(stream, from_client, flags::ACK, 0);
        self.session.segment(&segment, &[]);
        segment.at.frame.number()
    }

    pub(crate) fn asks_to_log_in(&mut self, stream: u32, name: &str) -> u32 {
        self.sends(stream, true, &format!(r#"{{"type":"login","client_name":"{name}","room_id":"1"}}"#))
    }

    /// Logs in and is answered.
    pub(crate) fn logs_in(&mut self, stream: u32, name: &str) -> u32 {
        let request = self.asks_to_log_in(stream, name);
        let id = id(stream);
        let list = format!(r#"{{"{id}":"{name}"}}"#);
        self.sends(
            stream,
            false,
            &format!(
                r#"{{"type":"login","client_id":"{id}","client_name":"{name}","time":"2026-11-20 07:20:19","client_list":{list}}}"#
            ),
        );
        request
    }

    /// So many users log in, each on a connection.
    pub(crate) fn log_in(&mut self, users: u32) {
        for stream in 0..users {
            self.logs_in(stream, &format!("user{stream}"));
        }
    }

    fn says(&mut self, stream: u32, to: &str, text: &str) -> u32 {
        self.sends(
            stream,
            true,
            &format!(r#"{{"type":"say","to_client_id":"{to}","to_client_name":"n","content":"{text}"}}"#),
        )
    }

    fn delivers(&mut self, stream: u32, from: u32, to: &str, text: &str) -> u32 {
        let from = id(from);
        self.sends(
            stream,
            false,
            &format!(
                r#"{{"type":"say","from_client_id":"{from}","from_client_name":"u","to_client_id":"{to}","content":"{text}","time":"2026-11-20 07:20:22"}}"#
            ),
        )
    }

    pub(crate) fn view(&self, stream: u32, frame: u32) -> MessageView<'_> {
        self.find(stream, frame).expect("the frame holds a message of the chat")
    }

    fn find(&self, stream: u32, frame: u32) -> Option<MessageView<'_>> {
        self.session.message_view(StreamId(stream), Position { frame: Frame::of(frame), index: 0 })
    }

    fn connection(&self, stream: u32) -> &Connection {
        &self.session.connections[&StreamId(stream)]
    }

    /// The frame of the say that a delivery delivers.
    fn asked(&self, stream: u32, delivery: u32) -> Option<u32> {
        self.view(stream, delivery).say().map(|say| say.at.frame.number())
    }

    fn deliveries(&self, stream: u32, request: u32) -> u32 {
        self.view(stream, request).say().expect("a say that was read").deliveries
    }
}

/// The client id that the server gives a stream's user.
fn id(stream: u32) -> String {
    format!("7f00000108fd{stream:08x}")
}

#[test]
fn a_login_is_a_result_where_it_was_asked_for_and_a_notification_elsewhere() {
    let mut capture = Capture::default();
    capture.logs_in(0, "ann");
    let request = capture.asks_to_log_in(1, "bob");
    let login =
        format!(r#"{{"type":"login","client_id":"{}","client_name":"bob","time":"2026-11-20 07:20:19"}}"#, id(1));
    let notification = capture.sends(0, false, &login);
    let with_list = login.replace("}", r#","client_list":{"7f00000108fd00000001":"bob"}}"#);
    let result = capture.sends(1, false, &with_list);
    assert_eq!(capture.view(0, notification).record.event.phase(), Phase::LoginNotification);
    assert_eq!(capture.view(1, result).record.event.phase(), Phase::LoginResult);
    assert_eq!(capture.view(1, result).record.request.map(|at| at.frame.number()), Some(request));
    assert_eq!(capture.view(1, request).record.response, Some(Frame::of(result)));
}

#[test]
fn a_say_counts_the_connections_that_got_it() {
    let mut capture = Capture::default();
    capture.log_in(3);
    let say = capture.says(1, "all", "hello");
    let deliveries: Vec<u32> = (0..3).map(|stream| capture.delivers(stream, 1, "all", "hello")).collect();
    assert_eq!(capture.deliveries(1, say), 3);
    assert_eq!(capture.view(1, say).say().and_then(|say| say.first), Some(Frame::of(deliveries[0])));
    for (stream, frame) in (0..3).zip(deliveries) {
        assert_eq!(capture.asked(stream, frame), Some(say));
    }
}

#[test]
fn equal_texts_of_one_user_are_told_apart_by_their_order() {
    let mut capture = Capture::default();
    capture.log_in(2);
    let first = capture.says(0, "all", "again");
    let second = capture.says(0, "all", "again");
    for stream in 0..2 {
        let one = capture.delivers(stream, 0, "all", "again");
        let two = capture.delivers(stream, 0, "all", "again");
        assert_eq!((capture.asked(stream, one), capture.asked(stream, two)), (Some(first), Some(second)));
    }
    let unasked = capture.delivers(0, 0, "all", "again");
    assert_eq!(capture.asked(0, unasked), None, "its request was not captured");
}

#[test]
fn equal_texts_of_two_users_belong_to_each() {
    let mut capture = Capture::default();
    capture.log_in(2);
    let of_0 = capture.says(0, "all", "hi");
    let of_1 = capture.says(1, "all", "hi");
    let delivery_of_1 = capture.delivers(0, 1, "all", "hi");
    let delivery_of_0 = capture.delivers(0, 0, "all", "hi");
    assert_eq!((capture.asked(0, delivery_of_0), capture.asked(0, delivery_of_1)), (Some(of_0), Some(of_1)));
}

#[test]
fn both_copies_of_a_private_say_to_oneself_reach_one_connection() {
    let mut capture = Capture::default();
    capture.logs_in(0, "ann");
    let say = capture.says(0, &id(0), "note");
    let to = capture.delivers(0, 0, &id(0), "<b>对你说: </b>note");
    let echo = capture.delivers(0, 0, &id(0), "<b>你对ann说: </b>note");
    assert_eq!((capture.asked(0, to), capture.asked(0, echo)), (Some(say), Some(say)));
    assert_eq!(capture.deliveries(0, say), 1);
}

#[test]
fn a_delivery_captured_before_its_request_finds_it() {
    let mut capture = Capture::default();
    capture.opens(0);
    capture.logs_in(0, "ann");
    let delivery = capture.delivers(0, 0, "all", "swapped");
    let say = capture.says(0, "all", "swapped");
    assert_eq!(capture.asked(0, delivery), Some(say));
    assert_eq!(capture.deliveries(0, say), 1);
    assert!(!capture.view(0, say).reached_nobody());
}

#[test]
fn who_joins_later_is_not_told_what_was_said_before() {
    let mut capture = Capture::default();
    capture.logs_in(0, "ann");
    capture.says(0, "all", "hi");
    capture.delivers(0, 0, "all", "hi");
    capture.logs_in(1, "bob");
    let second = capture.says(0, "all", "hi");
    let delivery = capture.delivers(1, 0, "all", "hi");
    assert_eq!(capture.asked(1, delivery), Some(second));
}

#[test]
fn a_say_that_nobody_got_is_reported_when_the_connection_goes_on() {
    let mut capture = Capture::default();
    capture.logs_in(0, "ann");
    let lost = capture.says(0, "all", "lost");
    assert!(!capture.view(0, lost).reached_nobody(), "its delivery may still come");
    capture.says(0, "all", "found");
    capture.delivers(0, 0, "all", "found");
    assert!(capture.view(0, lost).reached_nobody());
}

#[test]
fn a_say_before_login_is_known_only_where_the_beginning_was_captured() {
    let mut capture = Capture::default();
    let unknown = capture.says(0, "all", "hi");
    capture.opens(1);
    let early = capture.says(1, "all", "hi");
    assert!(!capture.view(0, unknown).record.before_login);
    assert!(capture.view(1, early).record.before_login);
}

#[test]
fn a_new_login_renames_from_its_frame_on() {
    let mut capture = Capture::default();
    let syn = capture.opens(0);
    capture.logs_in(0, "ann");
    let as_ann = capture.says(0, "all", "one");
    capture.logs_in(0, "beth");
    let as_beth = capture.says(0, "all", "two");
    let name = |frame| {
        let identity = capture.connection(0).identity(Position::end_of(Frame::of(frame)));
        identity.map(|identity| capture.session.texts.get(identity.name).to_owned())
    };
    assert_eq!(name(syn).as_deref(), Some("ann"));
    assert_eq!(capture.view(0, as_ann).sender(), Some("ann"));
    assert_eq!(capture.view(0, as_beth).sender(), Some("beth"));
}

#[test]
fn the_user_of_a_connection_joined_in_the_middle_is_known_by_what_it_says() {
    let mut capture = Capture::default();
    capture.acknowledges(0, true);
    capture.time += 1_000_000_000; // no say before the capture is delivered so late
    let say = capture.says(0, "all", "hi");
    assert_eq!(capture.view(0, say).record.event.sender(), None);
    capture.delivers(0, 0, "all", "hi");
    assert_eq!(capture.view(0, say).sender(), None, "another may have said the same");
    capture.time += 1_000_000_000;
    capture.acknowledges(0, true);
    assert_eq!(capture.view(0, say).sender(), Some("u"));
    assert_eq!(capture.view(0, say).record.event.sender(), None, "what was said at first stays");
}

#[test]
fn messages_seen_before_the_proof_are_the_chats_once_it_is_proven() {
    let mut capture = Capture::default();
    let strange = capture.sends(0, true, "42");
    assert!(capture.find(0, strange).is_none());
    capture.logs_in(0, "ann");
    assert_eq!(capture.view(0, strange).record.event.phase(), Phase::Unknown);
}

#[test]
fn on_a_port_that_the_user_names_each_object_is_a_message() {
    let mut capture = Capture::default();
    for message in [r#"{"type":"typing"}"#, r#"{"code":0}"#] {
        let frame = capture.sends(0, true, message);
        assert_eq!(capture.view(0, frame).record.event.phase(), Phase::Unknown, "{message}");
    }
}

#[test]
fn many_messages_that_are_no_objects_make_a_connection_another_applications() {
    let mut capture = Capture::default();
    for _ in 0..MAX_POSTPONED + 2 {
        let frame = capture.sends(0, true, "42");
        assert!(capture.find(0, frame).is_none());
    }
    assert!(matches!(capture.connection(0).application(), Application::Other));
}

#[test]
fn on_a_port_that_nobody_configured_many_foreign_messages_make_a_stranger() {
    let mut capture = Capture { elsewhere: true, ..Capture::default() };
    for _ in 0..=MAX_POSTPONED {
        capture.sends(0, false, r#"{"op":"publish"}"#);
    }
    let ports = (SERVER, 40_000);
    assert!(capture.session.is_other_application(ports));
    assert_eq!((capture.session.connections.len(), capture.session.ports.len()), (0, 0));
    capture.session.ports.insert(SERVER, 40_000);
    assert!(
        !capture.session.is_other_application(ports),
        "a chat connection between other addresses has the same ports"
    );
    capture.session.ports.remove(SERVER, 40_000);
    capture.logs_in(0, "ann");
    assert!(!capture.session.is_other_application(ports), "a login proves the chat");
}

#[test]
fn a_ping_without_pong_is_reported_at_the_next_ping() {
    let mut capture = Capture::default();
    capture.logs_in(0, "ann");
    let first = capture.sends(0, false, PING);
    assert!(!capture.view(0, first).unanswered());
    capture.time += 2_000_000_000;
    let second = capture.sends(0, false, PING);
    let pong = capture.sends(0, true, PONG);
    assert!(!capture.view(0, first).unanswered(), "the pong may be its own, and another follow");
    capture.time += 2_000_000_000;
    capture.acknowledges(0, true);
    capture.session.finish();
    assert!(capture.view(0, first).unanswered());
    assert!(!capture.view(0, second).unanswered());
    assert_eq!(capture.view(0, pong).record.request.map(|at| at.frame.number()), Some(second));
    assert_eq!(capture.view(0, second).record.response.map(Frame::number), Some(pong));
}

const PING: &str = r#"{"type":"ping"}"#;
const PONG: &str = r#"{"type":"pong"}"#;

#[test]
fn pings_that_are_answered_at_once_are_answered_in_their_order() {
    let mut capture = Capture::default();
    capture.logs_in(0, "ann");
    let pings = [0; 3].map(|_| capture.sends(0, false, PING));
    let pongs = [0; 3].map(|_| capture.sends(0, true, PONG));
    capture.time += 20_000_000_000;
    capture.acknowledges(0, true);
    for (ping, pong) in pings.into_iter().zip(pongs) {
        assert_eq!(capture.view(0, pong).record.request.map(|at| at.frame.number()), Some(ping));
        assert_eq!(capture.view(0, ping).record.response.map(Frame::number), Some(pong));
        assert!(!capture.view(0, ping).unanswered());
    }
}

#[test]
fn a_pong_is_unsolicited_where_the_capture_lacks_no_ping() {
    let is_unsolicited = |capture: &Capture, pong| {
        matches!(capture.view(0, pong).record.event, MessageEvent::UnsolicitedPong { sender: Some("ann") })
    };
    let mut capture = Capture::default();
    capture.opens(0);
    let answer = capture.segment(0, false, flags::SYN | flags::ACK, 0);
    capture.session.segment(&answer, &[]);
    capture.sequences.insert((0, false), answer.sequence.0 + 1);
    capture.logs_in(0, "ann");
    capture.sends(0, false, PING);
    let [pong, other] = [0; 2].map(|_| capture.sends(0, true, PONG));
    assert!(!is_unsolicited(&capture, pong) && is_unsolicited(&capture, other));
    assert_eq!(capture.view(0, other).record.request, None);
    capture.sequences.entry((0, false)).and_modify(|next| *next += 17);
    let behind_a_gap = capture.sends(0, true, PONG);
    assert!(!is_unsolicited(&capture, behind_a_gap));
    let mut capture = Capture::default();
    capture.logs_in(0, "ann");
    let pong = capture.sends(0, true, PONG);
    assert!(!is_unsolicited(&capture, pong), "the connection began before the capture");
}

#[test]
fn a_user_whom_the_server_logs_out_has_not_answered_and_is_gone() {
    let mut capture = Capture::default();
    capture.log_in(2);
    let [lost, answered] = [0, 1].map(|stream| capture.sends(stream, false, PING));
    capture.sends(1, true, PONG);
    let logout = |stream| {
        let from = id(stream);
        format!(
            r#"{{"type":"logout","from_client_id":"{from}","from_client_name":"user{stream}","time":"2026-11-20 07:20:22"}}"#
        )
    };
    assert!(!capture.view(0, lost).unanswered());
    let out = capture.sends(1, false, &logout(0));
    assert!(capture.view(0, lost).unanswered() && !capture.view(1, answered).unanswered());
    let ended = [0, 1].map(|stream| capture.session.connection(StreamId(stream)).and_then(|view| view.ended()));
    assert_eq!(ended, [Some(capture.view(1, out).record.at.time), None]);
}

#[test]
fn a_ping_is_not_answered_if_the_connection_goes_on_without_the_client() {
    let mut capture = Capture::default();
    capture.logs_in(0, "ann");
    let ping = capture.sends(0, false, PING);
    capture.time += 9_000_000_000;
    capture.acknowledges(0, false);
    assert!(!capture.view(0, ping).unanswered());
    capture.time += 2_000_000_000;
    capture.acknowledges(0, false);
    assert!(capture.view(0, ping).unanswered());
    capture.sequences.entry((0, true)).and_modify(|next| *next += 21);
    capture.acknowledges(0, false);
    assert!(!capture.view(0, ping).unanswered(), "the server has received something that was not captured");
}

#[test]
fn an_ack_covers_every_message_before_it() {
    let mut capture = Capture::default();
    capture.logs_in(0, "ann");
    capture.acknowledges(0, true);
    let frames: Vec<u32> = (0..5).map(|n| capture.delivers(0, 0, "all", &format!("text {n}"))).collect();
    let ack = capture.segment(0, true, flags::ACK, 0);
    capture.session.segment(&ack, &[]);
    let again = capture.segment(0, true, flags::ACK, 0);
    capture.session.segment(&again, &[]);
    let view = capture.session.frame(&ack).expect("it acknowledges");
    assert_eq!(view.acks().map(|frame| frame.number()).collect::<Vec<_>>(), frames);
    assert_eq!(view.events().len(), 1);
    assert!(capture.session.frame(&again).is_none(), "an ACK again is none");
}

#[test]
fn an_empty_message_does_not_lend_its_end_to_the_next() {
    let mut capture = Capture::default();
    capture.logs_in(0, "ann");
    let data = b"\x81\x0f{\"type\":\"ping\"}\x81\x00\x81\x02{}";
    let segment = capture.segment(0, false, flags::ACK, data.len() as u32);
    capture.session.frames(&segment, data, Captured { bytes: data, reported: data.len() }, Some(0));
    let endings = &mut capture.session.endings;
    assert_eq!(endings.take(StreamId(0), 0).map(|ending| ending.end), Some(segment.end() - 6));
    assert_eq!(endings.take(StreamId(0), 0).map(|ending| ending.end), Some(segment.end()));
    assert!(endings.take(StreamId(0), 0).is_none());
}

#[test]
fn opened_connections_that_never_speak_are_forgotten() {
    let mut session = Session::default();
    let end = |port| Endpoint { address: [10; 16], address_length: 4, port, chat_port: false };
    for stream in 0..3 * MAX_UNDECIDED as u32 {
        let at = FrameTime { frame: Frame::of(stream + 1), time: 0 };
        let (source, destination) = (end((stream % 60_000) as u16 + 1024), end(9999));
        let syn = Segment {
            at,
            stream: StreamId(stream),
            source,
            destination,
            sequence: SequenceNumber(0),
            acknowledgment: SequenceNumber(0),
            flags: flags::SYN,
            length: 0,
            identity: 0,
        };
        session.segment(&syn, &[]);
    }
    assert!(session.connections.len() <= MAX_UNDECIDED);
    assert!(session.ports.len() <= MAX_UNDECIDED);
}

#[test]
fn a_connection_is_watched_as_long_as_its_client_may_be_on_the_way_to_the_chat() {
    let http: &[u8] = b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n";
    let upgrade: &[u8] = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    let (connect, ssh): (&[u8], &[u8]) = (b"CONNECT a:22 HTTP/1.1\r\nHost: a:22\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n");
    let (greeting, password): (&[u8], &[u8]) = (&[5, 2, 0, 2], &[1, 1, b'u', 2, b'p', b'w']);
    let (socks4, socks5): (&[u8], &[u8]) = (&[4, 1, 0, 22, 10, 0, 0, 1, b'u', 0], &[5, 1, 0, 1, 10, 0, 0, 1, 0, 22]);
    for (is_watched, spoken) in [
        (true, &[][..]),
        (false, &[ssh]),
        (false, &[http]),
        (false, &[b"POST http://a/ HTTP/1.1\r\n"]),
        (true, &[upgrade]),
        (true, &[connect]),
        (true, &[&connect[..5]]),
        (false, &[connect, ssh]),
        (false, &[connect, http]),
        (true, &[connect, upgrade]),
        (true, &[greeting, password, socks5, upgrade]),
        (false, &[greeting, socks5, ssh]),
        (true, &[socks4]),
        (true, &[&[4, 1, 0, 22, 0, 0, 0, 1, b'u', 0, b'a', 0]]),
        (false, &[socks4, ssh]),
        (false, &[&[4, 1, 0, 22, 10, 0, 0, 1, b'u', 0, 1, 0]]),
        (false, &[&[5, 2, 0]]),
        (false, &[&[5, 1, 0, 9, 0, 0]]),
        (false, &[&[1, 9, b'u']]),
        (false, &[&[0, 0, 0, 1]]),
    ] {
        let mut capture = Capture { elsewhere: true, ..Capture::default() };
        capture.opens(0);
        for payload in spoken {
            let segment = capture.segment(0, true, flags::ACK, payload.len() as u32);
            capture.session.segment(&segment, payload);
            capture.session.handshake(&segment, payload, []);
        }
        assert_eq!(capture.session.watched(), usize::from(is_watched), "{spoken:?}");
    }
}

#[test]
fn names_and_ids_of_any_length_take_little_memory() {
    let mut capture = Capture::default();
    let long = "n".repeat(1 << 20);
    let frame = capture.asks_to_log_in(0, &long);
    let sender = capture.view(0, frame).sender().expect("a name");
    assert!(sender.len() <= 4 * MAX_NAME);
    let ids = [format!("{long}1"), format!("{long}2")];
    let [one, other] = ids.each_ref().map(|id| bounded_id(id));
    assert!(one.len() <= 2 * MAX_ID);
    assert_ne!(one, other);
}

fn limited(bytes: usize, idle: u32) -> Capture {
    let mut capture = Capture::default();
    capture.session.memory = Memory::new(Limits { bytes, idle });
    capture
}

#[test]
fn behind_the_limit_nothing_is_remembered_and_what_was_learned_before_stays() {
    let mut capture = limited(usize::MAX, 10);
    capture.log_in(2);
    let said = capture.says(0, "all", "hi");
    let delivered = capture.delivers(1, 0, "all", "hi");
    assert!(capture.view(0, said).say().is_some_and(|say| say.is_counted && say.deliveries == 1));
    capture.session.memory.limit(capture.session.held() - 1);
    let next = capture.segment(0, true, flags::ACK, 5);
    assert!(!capture.session.has_room_for(&next) && !capture.session.has_room_for(&next), "all of the frame");
    let last = capture.segment(0, true, flags::ACK, 5);
    assert!(!capture.session.has_room_for(&last));
    capture.session.finish();
    assert_eq!(capture.asked(1, delivered), Some(said));
    assert!(capture.view(0, said).say().is_some_and(|say| !say.is_counted), "more deliveries may follow");
    let is_full = [delivered, next.at.frame.number(), last.at.frame.number()]
        .map(|frame| capture.session.is_full_at(Frame::of(frame)));
    assert_eq!(is_full, [false, true, true]);
    let reached = [delivered, next.at.frame.number(), last.at.frame.number()]
        .map(|frame| capture.session.reached_in(Frame::of(frame)));
    assert!(matches!(reached, [None, Some(Reached::Bytes(_)), None]), "once: {reached:?}");
}

#[test]
fn a_list_that_waits_until_its_connection_is_known_to_be_the_chats_is_counted() {
    let mut capture = Capture { elsewhere: true, ..Capture::default() };
    capture.opens(1);
    let users: Vec<String> = (0..1000).map(|user| format!(r#""{}":"{user:0200}""#, id(user))).collect();
    let list = format!(r#"{{"type":"login","client_id":"1","client_name":"a","client_list":{{{}}}}}"#, users.join(","));
    capture.sends(1, false, &list);
    assert!(capture.session.connections.get(&StreamId(1)).unwrap().application().is_undecided());
    assert!(capture.session.held() > list.len(), "{} bytes are counted of {}", capture.session.held(), list.len());
}

#[test]
fn the_limit_is_told_on_a_packet_of_the_chat() {
    let mut capture = limited(0, 10);
    capture.opens(0);
    capture.elsewhere = true;
    let other = capture.segment(1, true, flags::SYN, 0);
    assert!(!capture.session.has_room_for(&other));
    capture.elsewhere = false;
    let chat = capture.segment(2, true, flags::SYN, 0);
    assert!(!capture.session.has_room_for(&chat));
    assert_eq!(capture.session.reached_in(other.at.frame), None);
    assert_eq!(capture.session.reached_in(chat.at.frame), Some(Reached::Bytes(0)));
}

#[test]
fn of_too_many_connections_without_data_another_is_remembered_from_its_data_on() {
    let mut capture = limited(usize::MAX, 2);
    capture.opens(0);
    capture.opens(1);
    let refused = capture.opens(2);
    let also_refused = capture.opens(3);
    let session = &capture.session;
    assert_eq!(session.reached_in(Frame::of(refused)), Some(Reached::Idle(2)));
    assert_eq!(session.reached_in(Frame::of(also_refused)), None);
    assert_eq!(session.connections.len(), 2);
    let request = capture.logs_in(2, "ann");
    assert!(capture.find(2, request).is_some(), "with data, it is remembered");
    capture.logs_in(0, "bob");
    capture.opens(4);
    assert_eq!(capture.session.connections.len(), 4, "one of the others has carried data since");
}

#[test]
fn a_message_alone_is_one_of_the_chat_where_its_connection_was() {
    let mut capture = Capture { elsewhere: true, ..Capture::default() };
    capture.log_in(1);
    let text = br#"{"type":"dance"}"#;
    let document = read(text);
    let message = Message::of(&document, Side::Client, false);
    for (stream, is_known) in [(0, true), (1, false)] {
        let segment = capture.segment(stream, true, flags::ACK, text.len() as u32);
        let mut alone = capture.session.for_one_message(&segment, false);
        alone.segment(&segment, text);
        alone.message(&segment, 0, &message);
        let position = Position { frame: segment.at.frame, index: 0 };
        assert_eq!(alone.message_view(segment.stream, position).is_some(), is_known, "stream {stream}");
        assert!(capture.session.message_view(segment.stream, position).is_none());
    }
}

#[test]
fn members_are_counted_as_in_one_server_when_two_turn_out_to_be_one() {
    let mut texts = crate::storage::texts::Texts::default();
    let [a, b, c, small] = ["1", "2", "3", "small"].map(|text| texts.intern(text));
    let (large, small) = (ids::Room::Everywhere, ids::Room::Named(small));
    let server = |lists: &[(ids::Room, &[crate::storage::texts::TextId], u32)]| {
        let mut server = server::Server::default();
        for (room, members, frame) in lists {
            server.rooms.set_members(*room, members.to_vec(), Frame::of(*frame), &texts);
        }
        server
    };
    let mut united = server(&[(large, &[a, b], 1), (small, &[a, b, c], 4)]);
    united.absorb(server(&[(large, &[a, b, c], 2), (small, &[a], 3)]));
    let mut one = server(&[(large, &[a, b, c], 2), (small, &[a, b, c], 4)]);
    one.absorb(server::Server::default());
    assert_eq!(united.growth(), one.growth());
}

/// A room of two into which a message is sent as it may come, on each connection that gets it.
pub(crate) fn told(event: &MessageEvent<&str>) -> Option<(Capture, Vec<u32>)> {
    let (by, json) = on_the_wire(event)?;
    let mut capture = Capture::default();
    // The message is about the client of the last connection.
    let clients = [1, 0, 2].map(|number| format!(r#""{}":"user{number}""#, id(number)));
    for (count, (stream, number)) in [(2, 1), (0, 0), (1, 2)].into_iter().enumerate() {
        capture.opens(stream);
        capture.asks_to_log_in(stream, &format!("user{number}"));
        let (id, list) = (id(number), clients[..=count].join(","));
        let login = format!(r#""client_id":"{id}","client_name":"user{number}","time":"2026-11-20 07:20:19""#);
        capture.sends(stream, false, &format!(r#"{{"type":"login",{login},"client_list":{{{list}}}}}"#));
    }
    let streams = if by == Side::Server && event.row().completes.is_some() { 0..2 } else { 0..1 };
    let frames = streams.map(|stream| capture.sends(stream, by == Side::Client, &json)).collect();
    Some((capture, frames))
}

#[test]
fn every_message_is_learned_as_what_it_is() {
    for event in samples() {
        let Some((capture, frames)) = told(&event) else { continue };
        for (stream, frame) in frames.iter().enumerate() {
            let known = capture.view(stream as u32, *frame).record.event;
            // A login on a connection that waits for none is somebody else's, unless it lists the users by their ids.
            match event.phase() == Phase::LoginNotification {
                true => assert_eq!(known.row().completes, event.row().completes),
                false => assert_eq!(known.phase(), event.phase(), "{event:?}"),
            }
            if let (Some(name), true) = (event.sender(), event.row().completes.is_some()) {
                let taught = capture.view(stream as u32, *frame).sender();
                assert_eq!(taught, Some(*name), "{event:?}");
                let [read, sent] =
                    [&known, &event].map(|event| [event.sender().is_some(), event.recipient().is_some()]);
                assert_eq!(read, sent, "{event:?} is read as {known:?}");
            }
        }
    }
}

#[test]
fn what_the_server_tells_a_room_is_one_exchange_that_ends_with_the_last_acknowledgment() {
    // Of a login, the result is a part, too.
    let is_whole = |event: &MessageEvent<&str>| {
        event.row().link == Link::Beginning && event.row().completes != Some(Completion::Login)
    };
    for event in samples().into_iter().filter(is_whole) {
        let Some((mut capture, frames)) = told(&event) else { continue };
        let completion = event.row().completes.expect("a notification is a part of something");
        let began: Vec<_> =
            (0..).zip(&frames).map(|(stream, frame)| capture.view(stream, *frame).record.began).collect();
        assert!(began[0].is_some() && began.iter().all(|other| *other == began[0]), "{event:?}: {began:?}");
        let acks = [0, 1].map(|stream| capture.acknowledges(stream, true));
        let completes = (0..).zip(acks).map(|(stream, ack)| {
            let segment = FrameTime { frame: Frame::of(ack), time: 0 };
            let view =
                capture.session.frame_of(StreamId(stream), segment.frame, Side::Client).expect("it acknowledges");
            view.acked_steps().iter().any(|step| step.is_complete)
                || view
                    .events()
                    .iter()
                    .any(|(event, _)| view.completes_with(event).is_some_and(|completed| completed.what == completion))
        });
        assert_eq!(completes.collect::<Vec<_>>(), [false, true], "{event:?}");
    }
}
