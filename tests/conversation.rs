//! State across packets: senders, recipients, rooms, request and response links, response times, expert infos.
//!
//! For recorded captures, the expected values are a naive reconstruction from the JSON of all messages; for built captures,
//! they follow from the script.

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use harness::expected::unescape;
use harness::packets::{Capture, Connection, Link, Side};
use harness::phase::*;
use harness::reader::{Kind, Message, everything};
use harness::scripts::*;
use harness::sharkd::Sharkd;
use harness::websocket::{masked_text, text};
use harness::wireshark::{Row, Wireshark};
use serde_json::{Value, json};

const SERVER_PORT: u16 = 7272;
const RECORDED: [&str; 4] = ["seed-2014.pcap", "chat-2015.pcap", "chat-2026.pcap", "heartbeat-2026.pcap"];
const REQUEST_IN: &str = "workermanchat.request_in";
const RESPONSE_IN: &str = "workermanchat.response_in";
const RESPONSE_TIME: &str = "workermanchat.response_time";
const DELIVERIES: &str = "workermanchat.deliveries";
const USER: &str = "workermanchat.user";
const ROOM: &str = "workermanchat.room";
const SENDER: &str = "workermanchat.sender";
const RECIPIENT: &str = "workermanchat.recipient";
const FIELDS: [&str; 9] =
    ["workermanchat.phase", REQUEST_IN, RESPONSE_IN, RESPONSE_TIME, DELIVERIES, USER, ROOM, SENDER, RECIPIENT];

/// The findings that are warnings or errors.
const WARNINGS: [&str; 14] = [
    "malformed_json",
    "missing_member",
    "say_before_login",
    "no_delivery",
    "no_login_result",
    "unescaped_html",
    "accept_mismatch",
    "upgrade_missing",
    "handshake_refused",
    "handshake_cut_off",
    "subprotocol_not_granted",
    "unmasked_client",
    "masked_server",
    "internal",
];

/// All frames of a capture by number, after two passes.
fn rows(wireshark: &Wireshark, path: &Path) -> BTreeMap<u32, Row> {
    wireshark.rows(path, &["-2"], &FIELDS).into_iter().map(|row| (row.frame, row)).collect()
}

// ---- the naive reconstruction ----

/// A connection: the client's endpoint and the number of the connection on it.
type Id = (SocketAddr, usize);

/// Each connection's user and room, from its login request.
fn logins(carried: &[Message]) -> BTreeMap<Id, (String, Option<String>)> {
    let requests = carried.iter().filter(|message| message.kind == Kind::Text && !message.is_from_server(SERVER_PORT));
    let logins = requests.filter_map(|message| {
        let json = message.json().filter(|json| json["type"].as_str().is_some_and(|kind| kind.ends_with("login")))?;
        let name = json.get("client_name").or_else(|| json.get("name"))?.as_str()?.to_owned();
        let room = json.get("room_id").map(harness::json::shown);
        Some((message.connection(SERVER_PORT), (name, room)))
    });
    logins.collect()
}

/// A say and the frames that deliver it.
struct Say {
    request: u32,
    time: f64,
    deliveries: Vec<(u32, f64, Id)>,
}

/// For each say its deliveries: on each connection, the first later one with the same sender and text.
fn says(carried: &[Message]) -> Vec<Say> {
    let logins = logins(carried);
    let mut taken = BTreeSet::new();
    let texts: Vec<(&Message, Value)> = carried
        .iter()
        .filter(|message| message.kind == Kind::Text)
        .filter_map(|message| Some((message, message.json().filter(|json| json["type"] == "say")?)))
        .collect();
    let mut says = Vec::new();
    for (request, asked) in texts.iter().filter(|(message, _)| !message.is_from_server(SERVER_PORT)) {
        let sender = &logins[&request.connection(SERVER_PORT)].0;
        let mut say = Say { request: request.frame, time: request.time, deliveries: Vec::new() };
        for (at, (delivery, delivered)) in texts.iter().enumerate() {
            let id = delivery.connection(SERVER_PORT);
            let is_new = delivery.is_from_server(SERVER_PORT) && delivery.frame > request.frame && !taken.contains(&at);
            let is_first = !say.deliveries.iter().any(|&(_, _, other)| other == id);
            if is_new && is_first && delivered_text(delivered) == typed_text(asked) && is_said_by(delivered, sender) {
                taken.insert(at);
                say.deliveries.push((delivery.frame, delivery.time, id));
            }
        }
        says.push(say);
    }
    says
}

fn typed_text(say: &Value) -> String {
    say["content"].as_str().unwrap_or_default().to_owned()
}

/// A delivered text without the server's prefix, tags and entities.
fn delivered_text(say: &Value) -> String {
    let content = say["content"].as_str().unwrap_or_default();
    let content = match content.strip_prefix("<b>").and_then(|rest| rest.split_once("说: </b>")) {
        Some((_, said)) => said,
        None => content,
    };
    unescape(&content.replace("<br />", ""))
}

/// In dialect A a delivery has no name; the capture has a single sender.
fn is_said_by(delivery: &Value, sender: &str) -> bool {
    delivery.get("from_client_name").and_then(Value::as_str).is_none_or(|name| unescape(name) == sender)
}

// ---- the recorded captures ----

#[test]
fn links_of_says_and_deliveries_match_the_naive_reconstruction() {
    let wireshark = Wireshark::with_plugin();
    for name in RECORDED {
        let capture = wireshark.capture(name);
        let rows = rows(&wireshark, &capture);
        let says = says(&everything(&capture));
        assert!(says.iter().any(|say| !say.deliveries.is_empty()), "{name} has deliveries");
        for say in says {
            let request = &rows[&say.request];
            let first = say.deliveries.first().map(|delivery| delivery.0);
            assert_eq!(
                request.numbers(RESPONSE_IN),
                Vec::from_iter(first),
                "{name}, frame {}: response_in",
                say.request
            );
            assert_eq!(
                request.numbers(DELIVERIES),
                [say.deliveries.len() as u32],
                "{name}, frame {}: deliveries",
                say.request
            );
            for (frame, time, _) in say.deliveries {
                assert_eq!(rows[&frame].numbers(REQUEST_IN), [say.request], "{name}, frame {frame}: request_in");
                let shown: f64 = rows[&frame].one(RESPONSE_TIME).parse().expect("seconds");
                assert!((shown - (time - say.time)).abs() < 2e-6, "{name}, frame {frame}: {shown} s");
            }
        }
    }
}

#[test]
fn logins_heartbeats_and_upgrades_are_linked_to_their_answers() {
    let wireshark = Wireshark::with_plugin();
    for name in RECORDED {
        let capture = wireshark.capture(name);
        let rows = rows(&wireshark, &capture);
        let carried = everything(&capture);
        for (request, answer) in pairs(&carried, &rows) {
            assert_eq!(rows[&answer].numbers(REQUEST_IN), [request], "{name}, frame {answer}");
            // The 2014 server answers a login twice: with the user list and with the result.
            if name != "seed-2014.pcap" || request != 8 {
                assert_eq!(rows[&request].numbers(RESPONSE_IN), [answer], "{name}, frame {request}");
            }
        }
    }
    let seed = rows(&wireshark, &wireshark.capture("seed-2014.pcap"));
    assert_eq!(seed[&9].numbers(REQUEST_IN), [8], "the user list answers the login too");
}

/// Request and response pairs on a connection: the next response of the kind, unless another request of the kind precedes it.
fn pairs(carried: &[Message], rows: &BTreeMap<u32, Row>) -> Vec<(u32, u32)> {
    let answers = [(REQUEST, RESPONSE), (LOGIN_REQUEST, LOGIN_RESULT), (PING, PONG)];
    let is = |message: &Message, phase: u32| rows[&message.frame].numbers("workermanchat.phase").contains(&phase);
    let mut pairs = Vec::new();
    for (at, request) in carried.iter().enumerate() {
        for (asking, answering) in answers.into_iter().filter(|&(asking, _)| is(request, asking)) {
            let id = request.connection(SERVER_PORT);
            let mut later = carried[at + 1..].iter().filter(|other| other.connection(SERVER_PORT) == id);
            let next = later.find(|other| is(other, asking) || is(other, answering));
            pairs.extend(next.filter(|next| is(next, answering)).map(|answer| (request.frame, answer.frame)));
        }
    }
    assert!(pairs.len() > 1);
    pairs
}

#[test]
fn every_annotated_frame_of_a_connection_names_its_user_and_room() {
    let wireshark = Wireshark::with_plugin();
    for name in RECORDED {
        let capture = wireshark.capture(name);
        let logins = logins(&everything(&capture));
        let packets = harness::reader::packets(&capture);
        let rows = rows(&wireshark, &capture);
        for packet in packets.iter().filter(|packet| !rows[&packet.frame].numbers("workermanchat.phase").is_empty()) {
            let client = if packet.from.port() == SERVER_PORT { packet.to } else { packet.from };
            let row = &rows[&packet.frame];
            // No client port is reused in these captures.
            let Some((user, room)) = logins.get(&(client, 0)) else {
                assert!(row.all(USER).is_empty(), "{name}, frame {}: nobody knows this user", packet.frame);
                continue;
            };
            assert_eq!(row.all(USER), std::slice::from_ref(user), "{name}, frame {}", packet.frame);
            assert_eq!(row.all(ROOM), Vec::from_iter(room.clone()), "{name}, frame {}", packet.frame);
        }
    }
}

#[test]
fn senders_and_recipients_have_names_if_the_message_has_only_ids() {
    let wireshark = Wireshark::with_plugin();
    let expected = [
        ("seed-2014.pcap", vec![(15, "mynick", "all"), (16, "mynick", "all"), (18, "mynick", "all")]),
        (
            "chat-2015.pcap",
            vec![(33, "猪猪", "mynick"), (34, "猪猪", "mynick"), (36, "猪猪", "mynick"), (52, "再来", "all")],
        ),
        (
            "chat-2026.pcap",
            vec![(33, "mynick", "all"), (43, "mynick", "猪猪"), (44, "mynick", "猪猪"), (46, "mynick", "猪猪")],
        ),
        ("chat-2026.pcap", vec![(85, "O\"Brien <b>", "all"), (86, "O\"Brien <b>", "all"), (53, "mynick", "all")]),
    ];
    for (name, frames) in expected {
        let rows = rows(&wireshark, &wireshark.capture(name));
        for (frame, sender, recipient) in frames {
            assert_eq!(
                (rows[&frame].one(SENDER), rows[&frame].one(RECIPIENT)),
                (sender.into(), recipient.into()),
                "{name}, frame {frame}"
            );
        }
    }
    let chat = rows(&wireshark, &wireshark.capture("chat-2026.pcap"));
    for (frame, sender) in [(8, "mynick"), (9, "mynick"), (19, "猪猪"), (31, "O\"Brien <b>"), (113, "late")] {
        assert_eq!(chat[&frame].all(SENDER), [sender], "frame {frame}");
    }
}

#[test]
fn a_capture_without_faults_has_no_warnings_and_chat_2026_has_its_two() {
    let wireshark = Wireshark::with_plugin();
    for name in ["heartbeat-2026.pcap", "chat-2015.pcap", "wss-2026.pcapng"] {
        assert_eq!(warnings(&wireshark, &wireshark.capture(name)), [], "{name}");
    }
    let expected = [(53, "malformed_json".to_owned()), (55, "malformed_json".to_owned())];
    let capture = wireshark.capture("chat-2026.pcap");
    assert_eq!(warnings(&wireshark, &capture), expected);
    let list = wireshark.tshark(&["-r", capture.to_str().unwrap(), "-q", "-z", "expert,error,workermanchat"]).stdout;
    assert!(list.contains("JSON"), "-z expert lists them:\n{list}");
}

/// The frames with a warning or an error of the plugin, and its field, after two passes.
fn warnings(wireshark: &Wireshark, path: &Path) -> Vec<(u32, String)> {
    let fields = WARNINGS.map(|name| format!("workermanchat.expert.{name}"));
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let rows = wireshark.rows(path, &["-2"], &fields);
    let named = |row: &Row| {
        WARNINGS
            .into_iter()
            .zip(&fields)
            .filter(|(_, field)| row.has(field))
            .map(|(name, _)| (row.frame, name.to_owned()))
            .collect::<Vec<_>>()
    };
    rows.iter().flat_map(named).collect()
}

#[test]
fn one_pass_shows_a_subset_of_two_passes_and_sharkd_equals_two_passes() {
    let wireshark = Wireshark::with_plugin();
    for name in RECORDED {
        let capture = wireshark.capture(name);
        let second = rows(&wireshark, &capture);
        let first = wireshark.rows(&capture, &[], &FIELDS);
        let mut sharkd = Sharkd::load(&wireshark, &capture);
        for row in first.iter().rev() {
            for field in FIELDS.into_iter().filter(|&field| field != DELIVERIES) {
                let (early, late) = (row.all(field), second[&row.frame].all(field));
                assert!(
                    early.is_empty() || early == late,
                    "{name}, frame {}, {field}: {early:?}, then {late:?}",
                    row.frame
                );
                let clicked = sharkd.values(row.frame, field);
                // What another line says is not displayed, and sharkd leaves it out.
                if clicked.is_empty() && [SENDER, RECIPIENT].contains(&field) {
                    continue;
                }
                assert_eq!(
                    clicked.len(),
                    late.len(),
                    "{name}, frame {}, {field}: {clicked:?} in sharkd, {late:?} in tshark",
                    row.frame
                );
            }
        }
    }
}

#[test]
fn the_tree_shows_members_recipients_and_why_two_messages_were_lost() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("chat-2026.pcap");
    let layer = |frame: u32| {
        let filter = format!("frame.number == {frame}");
        let details = wireshark.tshark(&["-r", capture.to_str().unwrap(), "-2", "-V", "-Y", &filter]).stdout;
        details.split_once("\nWorkerman Chat,").expect("a message layer").1.to_owned()
    };
    let said = layer(33);
    for text in ["hi, all !", "mynick", "猪猪", "Room: 1"] {
        assert!(said.contains(text), "{text} in:\n{said}");
    }
    assert!(!said.contains("O\"Brien") && !said.contains("late"), "nobody of another room or time:\n{said}");
    for lost in [layer(53), layer(55)] {
        assert!(lost.contains("not JSON") || lost.contains("Not JSON"), "{lost}");
        assert!(lost.contains("nobody"), "what it means for the chat:\n{lost}");
    }
}

#[test]
fn loading_another_capture_clears_all_state() {
    let wireshark = Wireshark::with_plugin();
    let captures = ["chat-2026.pcap", "seed-2014.pcap", "chat-2026.pcap", "heartbeat-2026.pcap", "seed-2014.pcap"];
    let mut sharkd = Sharkd::load(&wireshark, &wireshark.capture(captures[0]));
    for name in captures {
        let capture = wireshark.capture(name);
        sharkd.ask("load", json!({"file": capture}));
        for (frame, row) in rows(&wireshark, &capture) {
            for field in ["workermanchat.phase", USER, REQUEST_IN, RESPONSE_IN, DELIVERIES] {
                assert_eq!(sharkd.values(frame, field), row.all(field), "{name}, frame {frame}, {field}");
            }
        }
    }
}

// ---- built captures ----

/// Browsers in one room of one server, one connection each.
struct Room {
    capture: Capture,
    browsers: Vec<(u32, String, Connection)>,
}

impl Room {
    /// A room with these users; browsers are numbered from 1 in this order.
    fn with(names: &[&str]) -> Self {
        let mut room = Self { capture: Capture::new(Link::Ethernet), browsers: Vec::new() };
        for name in names {
            room.enter(Connection::from_port(50_001 + room.browsers.len() as u16), name);
        }
        room
    }

    fn enter(&mut self, mut connection: Connection, name: &str) {
        let number = self.browsers.len() as u32 + 1;
        join(&mut self.capture, &mut connection, number, name, "1");
        self.browsers.push((number, name.to_owned(), connection));
    }

    /// Captures a message of browser `from` (the first is 1).
    fn browser_sends(&mut self, from: usize, message: &str) -> u32 {
        browser_says(&mut self.capture, &mut self.browsers[from - 1].2, message)
    }

    /// Captures a message of the server to browser `to`.
    fn server_sends(&mut self, to: usize, message: &str) -> u32 {
        server_says(&mut self.capture, &mut self.browsers[to - 1].2, message)
    }

    fn delivers(&mut self, from: usize, to: usize, content: &str) -> u32 {
        let message = say_delivery(from as u32, &self.browsers[from - 1].1.clone(), content);
        self.server_sends(to, &message)
    }

    /// All frames after two passes.
    fn rows(&self) -> BTreeMap<u32, Row> {
        let wireshark = Wireshark::with_plugin();
        let path = wireshark.write("room.pcap", &self.capture);
        wireshark.agreed_labels(&path);
        rows(&wireshark, &path)
    }

    fn warnings(&self) -> Vec<(u32, String)> {
        let wireshark = Wireshark::with_plugin();
        warnings(&wireshark, &wireshark.write("room.pcap", &self.capture))
    }

    /// The frames that match a display filter after two passes.
    fn frames(&self, filter: &str) -> Vec<u32> {
        let wireshark = Wireshark::with_plugin();
        let path = wireshark.write("room.pcap", &self.capture);
        wireshark.rows(&path, &["-2", "-Y", filter], &[]).iter().map(|row| row.frame).collect()
    }
}

/// Each delivery links to the say; the say links to its first delivery and has their number.
fn assert_linked(rows: &BTreeMap<u32, Row>, request: u32, deliveries: &[u32]) {
    for delivery in deliveries {
        assert_eq!(rows[delivery].numbers(REQUEST_IN), [request], "frame {delivery} delivers frame {request}");
    }
    assert_eq!(
        rows[&request].numbers(RESPONSE_IN),
        Vec::from_iter(deliveries.iter().min().copied()),
        "frame {request}"
    );
    assert_eq!(rows[&request].numbers(DELIVERIES), [deliveries.len() as u32], "frame {request}");
}

#[test]
fn two_identical_texts_of_the_same_second_are_two_says() {
    let mut room = Room::with(&["a", "b"]);
    let requests = [room.browser_sends(1, &say_request("hi")), room.browser_sends(1, &say_request("hi"))];
    // One browser gets both before the other gets the first.
    let to_b = [room.delivers(1, 2, "hi"), room.delivers(1, 2, "hi")];
    let to_a = [room.delivers(1, 1, "hi"), room.delivers(1, 1, "hi")];
    let rows = room.rows();
    assert_linked(&rows, requests[0], &[to_b[0], to_a[0]]);
    assert_linked(&rows, requests[1], &[to_b[1], to_a[1]]);
    assert_eq!(room.warnings(), []);
}

#[test]
fn identical_texts_of_two_users_are_linked_separately() {
    let mut room = Room::with(&["a", "b"]);
    let (of_a, of_b) = (room.browser_sends(1, &say_request("hi")), room.browser_sends(2, &say_request("hi")));
    let deliveries_of_b = [room.delivers(2, 1, "hi"), room.delivers(2, 2, "hi")];
    let deliveries_of_a = [room.delivers(1, 1, "hi"), room.delivers(1, 2, "hi")];
    let rows = room.rows();
    assert_linked(&rows, of_a, &deliveries_of_a);
    assert_linked(&rows, of_b, &deliveries_of_b);
}

#[test]
fn a_private_say_and_its_echo_are_one_say() {
    let mut room = Room::with(&["a", "b", "c"]);
    let request = room.browser_sends(1, &private_say_request(2, "b", "psst"));
    let message = room.server_sends(2, &private_delivery(1, "a", 2, "psst"));
    let echo = room.server_sends(1, &private_echo(1, "a", 2, "b", "psst"));
    let rows = room.rows();
    assert_linked(&rows, request, &[message, echo]);
    for frame in [request, message, echo] {
        assert_eq!((rows[&frame].one(SENDER), rows[&frame].one(RECIPIENT)), ("a".into(), "b".into()), "frame {frame}");
    }
    assert_eq!(room.frames("workermanchat.private == 1"), [request, message, echo]);
    assert_eq!(room.warnings(), []);
}

#[test]
fn a_private_say_to_oneself_comes_back_twice_on_one_connection() {
    let mut room = Room::with(&["a", "b"]);
    let request = room.browser_sends(1, &private_say_request(1, "a", "note to self"));
    let message = room.server_sends(1, &private_delivery(1, "a", 1, "note to self"));
    let echo = room.server_sends(1, &private_echo(1, "a", 1, "a", "note to self"));
    let rows = room.rows();
    assert_eq!(rows[&message].numbers(REQUEST_IN), [request]);
    assert_eq!(rows[&echo].numbers(REQUEST_IN), [request]);
    assert_eq!(rows[&request].numbers(RESPONSE_IN), [message]);
    assert_eq!(room.warnings(), []);
}

#[test]
fn two_tabs_of_one_name_are_two_clients() {
    let mut room = Room::with(&["twin", "twin", "c"]);
    let (first, second) = (room.browser_sends(1, &say_request("hi")), room.browser_sends(2, &say_request("hi")));
    let of_second: Vec<u32> = (1..=3).map(|to| room.delivers(2, to, "hi")).collect();
    let of_first: Vec<u32> = (1..=3).map(|to| room.delivers(1, to, "hi")).collect();
    let rows = room.rows();
    assert_linked(&rows, first, &of_first);
    assert_linked(&rows, second, &of_second);
}

#[test]
fn a_second_login_on_a_connection_changes_its_user_for_later_frames() {
    let mut room = Room::with(&["before", "other"]);
    let early = room.browser_sends(1, &say_request("one"));
    let early_delivery = room.delivers(1, 2, "one");
    let rename = room.browser_sends(1, &login_request("after", "9"));
    let result = room.server_sends(1, &login_result(1, "after", &[(1, "after"), (2, "other")]));
    let late = room.browser_sends(1, &say_request("two"));
    let late_delivery = room.server_sends(2, &say_delivery(1, "after", "two"));
    // The capture goes on, so that nobody else gets it.
    room.capture.wait(Duration::from_secs(1));
    room.server_sends(2, r#"{"type":"ping"}"#);
    let rows = room.rows();
    for (frame, sender) in [(early, "before"), (early_delivery, "before"), (late, "after"), (late_delivery, "after")] {
        assert_eq!(rows[&frame].one(SENDER), sender, "frame {frame}");
    }
    assert_eq!((rows[&early].one(USER), rows[&late].one(USER)), ("before".into(), "after".into()));
    assert_eq!((rows[&early].one(ROOM), rows[&late].one(ROOM)), ("1".into(), "9".into()));
    assert_eq!(rows[&result].numbers(REQUEST_IN), [rename]);
    assert_linked(&rows, early, &[early_delivery]);
    assert_linked(&rows, late, &[late_delivery]);
}

#[test]
fn a_reused_port_and_id_belong_to_the_new_user() {
    let mut room = Room::with(&["first", "other"]);
    let of_first = room.browser_sends(1, &say_request("hi"));
    let to_other = room.delivers(1, 2, "hi");
    let reset = room.browsers[0].2.segment(Side::Client, harness::packets::RST, []);
    room.capture.push(&reset);
    room.server_sends(2, &logout(1, "first"));
    let mut again = Connection::from_port(50_001).with_initial(42, 4242);
    let start = room.capture.last() + 1;
    join(&mut room.capture, &mut again, 1, "second", "1");
    room.browsers[0] = (1, "second".to_owned(), again);
    let of_second = room.browser_sends(1, &say_request("hi"));
    let deliveries = [room.delivers(1, 1, "hi"), room.delivers(1, 2, "hi")];
    let rows = room.rows();
    assert_linked(&rows, of_first, &[to_other]);
    assert_linked(&rows, of_second, &deliveries);
    assert_eq!(rows[&1].one(USER), "first");
    assert_eq!(rows[&start].one(USER), "second");
    assert_eq!(rows[&reset_frame(&rows)].one(USER), "first");
}

fn reset_frame(rows: &BTreeMap<u32, Row>) -> u32 {
    *rows.iter().find(|(_, row)| row.numbers("workermanchat.phase").contains(&RST)).expect("a reset").0
}

#[test]
fn chats_of_several_servers_in_one_capture_are_separate() {
    let server = |last: u8| SocketAddr::from(([192, 0, 2, last], 7272));
    let client = SocketAddr::from(([192, 0, 2, 10], 50_001));
    let mut room = Room::with(&[]);
    for (last, name) in [(1, "here"), (2, "there")] {
        let mut connection = Connection::between(client, server(last));
        join(&mut room.capture, &mut connection, 1, name, "1");
        room.browsers.push((1, name.to_owned(), connection));
    }
    let requests = [room.browser_sends(1, &say_request("hi")), room.browser_sends(2, &say_request("hi"))];
    let there = room.server_sends(2, &say_delivery(1, "there", "hi"));
    let here = room.server_sends(1, &say_delivery(1, "here", "hi"));
    let rows = room.rows();
    assert_linked(&rows, requests[0], &[here]);
    assert_linked(&rows, requests[1], &[there]);
    assert_eq!(rows[&here].one(SENDER), "here");
}

#[test]
fn a_delivery_captured_before_its_request_is_linked_to_it() {
    let mut room = Room::with(&["a", "b"]);
    let request = room.browsers[0].2.data(Side::Client, masked_text(say_request("early bird")));
    let delivery = room.delivers(1, 2, "early bird");
    let request = room.capture.push(&request);
    let echo = room.delivers(1, 1, "early bird");
    let rows = room.rows();
    assert_eq!(rows[&delivery].numbers(REQUEST_IN), [request]);
    assert_eq!(rows[&echo].numbers(REQUEST_IN), [request]);
    assert_eq!(rows[&request].numbers(DELIVERIES), [2]);
    assert_eq!(room.warnings(), []);
}

#[test]
fn a_delivery_whose_request_was_not_captured_has_no_link() {
    let mut room = Room::with(&["a", "b"]);
    let delivery = room.server_sends(1, &say_delivery(9, "stranger", "hi"));
    let request = room.browser_sends(1, &say_request("hi"));
    let own = [room.delivers(1, 1, "hi"), room.delivers(1, 2, "hi")];
    let rows = room.rows();
    assert_eq!(rows[&delivery].numbers(REQUEST_IN), [0; 0]);
    assert_eq!(rows[&delivery].one(SENDER), "stranger");
    assert_linked(&rows, request, &own);
}

#[test]
fn an_undelivered_say_is_a_warning_if_the_connection_continues() {
    let mut room = Room::with(&["a", "b"]);
    let lost = room.browser_sends(1, &say_request("lost"));
    for count in 0..5 {
        room.capture.wait(std::time::Duration::from_secs(10));
        let text = format!("{count}");
        room.browser_sends(1, &say_request(&text));
        room.delivers(1, 1, &text);
        room.delivers(1, 2, &text);
    }
    assert_eq!(room.warnings(), [(lost, "no_delivery".to_owned())]);
}

#[test]
fn a_missing_member_is_a_warning() {
    let mut room = Room::with(&["a"]);
    let without_room = room.browser_sends(1, r#"{"type":"login","client_name":"b"}"#);
    let without_content = room.browser_sends(1, r#"{"type":"say","to_client_id":"all","to_client_name":"x"}"#);
    assert_eq!(room.frames("workermanchat.expert.missing_member"), [without_room, without_content]);
}

#[test]
fn a_say_before_login_is_a_warning() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50_001);
    connection.open(&mut capture);
    upgrade(&mut capture, &mut connection);
    let early = browser_says(&mut capture, &mut connection, say_request("too early"));
    login(&mut capture, &mut connection, 1, "a", "1");
    browser_says(&mut capture, &mut connection, say_request("in time"));
    server_says(&mut capture, &mut connection, say_delivery(1, "a", "in time"));
    let room = Room { capture, browsers: Vec::new() };
    assert_eq!(room.frames("workermanchat.expert.say_before_login"), [early]);
}

#[test]
fn an_unknown_type_and_an_invalid_time_are_notes() {
    let mut room = Room::with(&["a"]);
    let unknown = room.browser_sends(1, r#"{"type":"dance","client_id":"x"}"#);
    let bad_time = room.server_sends(
        1,
        &json!({"type": "say", "from_client_id": client_id(1), "from_client_name": "a", "to_client_id": "all",
        "content": "hi", "time": "yesterday"})
        .to_string(),
    );
    assert_eq!(room.frames("workermanchat.expert.unknown_type"), [unknown]);
    assert_eq!(room.frames("workermanchat.phase == 29"), [unknown]);
    assert_eq!(room.frames("workermanchat.expert.bad_time"), [bad_time]);
}

#[test]
fn unescaped_html_from_the_server_is_a_warning() {
    let mut room = Room::with(&["a", "b"]);
    room.browser_sends(1, &say_request("<script>alert(1)</script>\n&"));
    let escaped = room.delivers(1, 1, "&lt;script&gt;alert(1)&lt;/script&gt;<br />\n&amp;");
    let raw = room.delivers(1, 2, "<script>alert(1)</script>\n&");
    assert_eq!(room.frames("workermanchat.expert.unescaped_html"), [raw]);
    let rows = Wireshark::with_plugin();
    let path = rows.write("text.pcap", &room.capture);
    let texts = rows.rows(&path, &["-Y", &format!("frame.number == {escaped}")], &["workermanchat.text"]);
    assert_eq!(texts[0].one("workermanchat.text"), "<script>alert(1)</script>\n&");
}

#[test]
fn masked_server_frames_and_unmasked_client_frames_are_warnings() {
    let mut room = Room::with(&["a"]);
    let browser = &mut room.browsers[0].2;
    let unmasked = browser.send(&mut room.capture, Side::Client, text(say_request("in the clear")));
    let masked = browser.send(&mut room.capture, Side::Server, masked_text(say_delivery(1, "a", "in the clear")));
    assert_eq!(room.frames("workermanchat.expert.unmasked_client"), [unmasked]);
    assert_eq!(room.frames("workermanchat.expert.masked_server"), [masked]);
    assert_eq!(room.frames("workermanchat.content == \"in the clear\""), [unmasked, masked]);
}

#[test]
fn a_ping_without_a_pong_is_a_note_if_the_connection_continues() {
    let mut room = Room::with(&["a"]);
    let ping = r#"{"type":"ping"}"#;
    let answered = room.server_sends(1, ping);
    let pong = room.browser_sends(1, r#"{"type":"pong"}"#);
    room.capture.wait(std::time::Duration::from_secs(15));
    let unanswered = room.server_sends(1, ping);
    for _ in 0..4 {
        room.capture.wait(std::time::Duration::from_secs(15));
        room.server_sends(1, ping);
        room.browser_sends(1, r#"{"type":"pong"}"#);
    }
    assert_eq!(room.frames("workermanchat.expert.no_pong"), [unanswered]);
    let rows = room.rows();
    assert_eq!(rows[&pong].numbers(REQUEST_IN), [answered]);
    assert_eq!(rows[&answered].numbers(RESPONSE_IN), [pong]);
    assert!(rows[&unanswered].numbers(RESPONSE_IN).is_empty());
}

#[test]
fn two_hundred_deliveries_of_one_say_are_all_linked() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connections: Vec<Connection> = (0..200).map(|count| Connection::from_port(40_000 + count)).collect();
    for (count, connection) in connections.iter_mut().enumerate() {
        join(&mut capture, connection, count as u32 + 1, &format!("user{count}"), "1");
    }
    let request = browser_says(&mut capture, &mut connections[0], say_request("to everybody"));
    let deliveries: Vec<u32> = connections
        .iter_mut()
        .map(|connection| server_says(&mut capture, connection, say_delivery(1, "user0", "to everybody")))
        .collect();
    let room = Room { capture, browsers: Vec::new() };
    assert_linked(&room.rows(), request, &deliveries);
}

#[test]
fn a_content_that_is_no_string_is_delivered_as_php_prints_it() {
    let contents = [
        ("12345", "12345"),
        ("1.50", "1.5"),
        ("1e25", "1.0E+25"),
        ("true", "1"),
        ("false", ""),
        ("null", ""),
        ("\"null\"", "null"),
        ("\"&amp;\"", "&amp;amp;"),
    ];
    let mut room = Room::with(&["a", "b"]);
    let says: Vec<_> = contents
        .iter()
        .map(|(content, delivered)| {
            let request = format!(r#"{{"type":"say","to_client_id":"all","to_client_name":"x","content":{content}}}"#);
            let request = room.browser_sends(1, &request);
            (request, [1, 2].map(|to| room.delivers(1, to, delivered)))
        })
        .collect();
    let rows = room.rows();
    for (request, deliveries) in says {
        assert_linked(&rows, request, &deliveries);
    }
}

#[test]
fn a_say_without_a_recipient_comes_back_twice_to_its_sender() {
    let mut room = Room::with(&["a", "b"]);
    let echo = |content: &str| {
        json!({"type": "say", "from_client_id": client_id(1), "from_client_name": "a", "to_client_id": null,
               "content": content, "time": TIME})
        .to_string()
    };
    for request in [r#"{"type":"say","content":"x &"}"#, r#"{"type":"say","to_client_id":null,"content":"x &"}"#] {
        let request = room.browser_sends(1, request);
        let copies =
            ["<b>对你说: </b>x &amp;", "<b>你对说: </b>x &amp;"].map(|content| room.server_sends(1, &echo(content)));
        let rows = room.rows();
        assert!(copies.iter().all(|copy| rows[copy].numbers(REQUEST_IN) == [request]));
        assert_eq!(rows[&request].numbers(DELIVERIES), [1]);
        assert_eq!(rows[&copies[0]].all(RECIPIENT), [""; 0]);
    }
    let missing = room.frames("workermanchat.expert.missing_member");
    assert_eq!(room.warnings(), missing.iter().map(|frame| (*frame, "missing_member".to_owned())).collect::<Vec<_>>());
    assert_eq!(missing.len(), 2, "the requests alone");
}

#[test]
fn a_login_without_a_name_is_answered_and_has_no_user() {
    for name in ["", r#","client_name":null"#] {
        let mut room = Room::with(&["a"]);
        let mut nameless = Connection::from_port(50_009);
        nameless.open(&mut room.capture);
        upgrade(&mut room.capture, &mut nameless);
        let request =
            browser_says(&mut room.capture, &mut nameless, format!(r#"{{"type":"login","room_id":"1"{name}}}"#));
        let notification = room.server_sends(1, &login_notification(2, ""));
        let result = login_result(2, "", &[(1, "a"), (2, "")]);
        let result = server_says(&mut room.capture, &mut nameless, result);
        let say = browser_says(&mut room.capture, &mut nameless, say_request("it is me"));
        let delivery = room.server_sends(1, &say_delivery(2, "", "it is me"));
        let rows = room.rows();
        assert_eq!(rows[&result].numbers(REQUEST_IN), [request]);
        assert_eq!(rows[&notification].numbers("workermanchat.phase"), [LOGIN_NOTIFICATION]);
        assert_eq!(rows[&delivery].numbers(REQUEST_IN), [say]);
        for frame in [request, result, say] {
            assert_eq!((rows[&frame].all(USER), rows[&frame].all(SENDER)), (vec![], vec![]), "frame {frame}");
            assert_eq!(rows[&frame].all(ROOM), ["1"], "frame {frame}");
        }
        assert_eq!(room.warnings(), [(request, "missing_member".to_owned())]);
    }
}

#[test]
fn in_2014_a_name_is_escaped_once_and_nobody_has_to_log_in() {
    let mut room = Room { capture: Capture::new(Link::Ethernet), browsers: Vec::new() };
    let mut browser = Connection::from_port(50_001);
    browser.open(&mut room.capture);
    upgrade(&mut room.capture, &mut browser);
    room.browsers.push((1, "R&amp;B".to_owned(), browser));
    room.capture.wait(std::time::Duration::from_secs(1)); // what is said just before a capture may be delivered in it
    let early = room.browser_sends(1, r#"{"type":"say","to_uid":"all","content":"early"}"#);
    let heard = r#"{"type":"say","from_uid":7,"to_uid":"all","content":"early","time":"2014-08-12 :51:02"}"#;
    let heard = room.server_sends(1, heard);
    let request = room.browser_sends(1, r#"{"type":"login","name":"R&amp;B"}"#);
    room.server_sends(1, r#"{"type":"user_list","user_list":[{"uid":7,"name":"R&amp;amp;B"}]}"#);
    let result = r#"{"type":"login","uid":7,"name":"R&amp;amp;B","time":"2014-08-12 17:50:30"}"#;
    let result = room.server_sends(1, result);
    room.server_sends(1, r#"{"type":"logout","uid":8,"time":"2014-04-12 :50:30"}"#);
    let rows = room.rows();
    assert_eq!(rows[&heard].numbers(REQUEST_IN), [early]);
    assert_eq!(rows[&result].numbers(REQUEST_IN), [request]);
    assert_eq!(rows[&result].all(USER), ["R&amp;B"]);
    assert_eq!((room.warnings(), room.frames("workermanchat.expert.bad_time")), (vec![], vec![]));
}

#[test]
fn text_that_is_no_tag_is_no_markup() {
    let mut room = Room::with(&["a"]);
    for content in ["1 < 2 and 3 > 2", "<3 you> ", "a &lt;b&gt; <br />\n", "<b>对你说: </b>x", "< b>"] {
        room.delivers(1, 1, content);
    }
    room.server_sends(1, &say_delivery(1, "a", "x").replace("\"x\"", r#"["<b>x</b>"]"#));
    assert_eq!(room.frames("workermanchat.expert.unescaped_html"), [0; 0]);
}

#[test]
fn a_message_cut_anywhere_is_accused_of_nothing() {
    let messages = [
        (Side::Server, say_delivery(1, "R&amp;amp;B", "&amp;lt;b&amp;gt; 😀 ")),
        (Side::Server, login_result(2, "R&amp;amp;amp;B", &[(1, "a"), (2, "R&amp;amp;B")])),
        (Side::Client, r#"{"type":"say","to_client_id":"all","content":"\ud83d\ude00 \u00e9 \\"}"#.to_owned()),
        (Side::Client, r#"{"type":"login","client_name":"\ud83d\ude00","room_id":"1"}"#.to_owned()),
    ];
    let mut room = Room::with(&["a"]);
    for (side, message) in &messages {
        for kept in 0..message.len() {
            match side {
                Side::Client => room.browser_sends(1, message),
                Side::Server => room.server_sends(1, message),
            };
            // Link, IP, TCP and the frame's header, with the mask from a client.
            let header =
                14 + 20 + 20 + if message.len() < 126 { 2 } else { 4 } + if *side == Side::Client { 4 } else { 0 };
            room.capture.cut_last(header + kept);
        }
    }
    let findings = ["malformed_json", "missing_member", "unescaped_html", "bad_time", "unknown_type", "internal"];
    for finding in findings {
        assert_eq!(room.frames(&format!("workermanchat.expert.{finding}")), [0; 0], "{finding}");
    }
    assert!(room.frames("workermanchat.expert.truncated").len() > 300);
}
