//! The WebSocket handshake: fields, phases and notes, also when it is refused, invalid, truncated or segmented.

mod harness;

use std::path::Path;

use harness::packets::{Capture, Connection, Link, Side};
use harness::phase::*;
use harness::reader::{Kind, everything};
use harness::scripts::*;
use harness::websocket::{KEY, ORIGIN, accept, request, response, text};
use harness::wireshark::{Row, Wireshark, label_of, message_frames, phases_of};
use tungstenite::handshake::derive_accept_key;

const FIELDS: [&str; 5] = [
    "workermanchat.handshake.key",
    "workermanchat.handshake.origin",
    "workermanchat.handshake.accept",
    "workermanchat.handshake.accept_expected",
    "workermanchat.handshake.accept_valid",
];

/// The values of [`FIELDS`] in the frame's tree.
fn handshake(row: &Row) -> [Vec<String>; 5] {
    FIELDS.map(|field| row.all(field))
}

fn rows(wireshark: &Wireshark, path: &Path) -> Vec<Row> {
    wireshark.rows(path, &[], &[&FIELDS[..], &["_ws.expert"]].concat())
}

/// The frames that match a display filter.
fn frames(wireshark: &Wireshark, path: &Path, filter: &str) -> Vec<u32> {
    wireshark.rows(path, &["-Y", filter], &[]).iter().map(|row| row.frame).collect()
}

/// A connection after its TCP handshake (three frames).
fn opened() -> (Capture, Connection) {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50001);
    connection.open(&mut capture);
    (capture, connection)
}

#[test]
fn every_recorded_handshake_has_its_key_and_the_accept_value_that_answers_it() {
    let wireshark = Wireshark::with_plugin();
    for name in ["seed-2014.pcap", "chat-2015.pcap", "chat-2026.pcap", "heartbeat-2026.pcap"] {
        let capture = wireshark.capture(name);
        let rows = rows(&wireshark, &capture);
        let mut keys = Vec::new();
        for head in everything(&capture) {
            let row = &rows[head.frame as usize - 1];
            match head.kind {
                Kind::Request => {
                    keys.push((head.from, header(&head.payload, "Sec-WebSocket-Key").expect("a key")));
                    let key = keys.last().map(|(_, key)| key.clone()).into_iter().collect();
                    let origin = header(&head.payload, "Origin").into_iter().collect();
                    assert_eq!(handshake(row), [key, origin, vec![], vec![], vec![]], "{name}, frame {}", head.frame);
                }
                Kind::Response => {
                    let key = &keys.iter().rev().find(|(client, _)| *client == head.to).expect("a request").1;
                    let accept = header(&head.payload, "Sec-WebSocket-Accept").expect("an accept value");
                    assert_eq!(row.one(FIELDS[2]), accept, "{name}, frame {}", head.frame);
                    assert_eq!(row.one(FIELDS[3]), derive_accept_key(key.as_bytes()), "{name}, frame {}", head.frame);
                    assert!(is_true(&row.one(FIELDS[4])), "{name}, frame {}", head.frame);
                }
                _ => {}
            }
        }
    }
}

fn header(head: &[u8], name: &str) -> Option<String> {
    let head = String::from_utf8_lossy(head).into_owned();
    let value = head.lines().filter_map(|line| line.split_once(": ")).find(|(key, _)| key.eq_ignore_ascii_case(name));
    value.map(|(_, value)| value.to_owned())
}

/// Wireshark prints a boolean as 1 or True, depending on the version.
fn is_true(value: &str) -> bool {
    value == "1" || value == "True"
}

#[test]
fn a_refused_handshake_has_phase_refused() {
    for status in ["403 Forbidden", "400 Bad Request"] {
        let (mut capture, mut connection) = opened();
        connection.send(&mut capture, Side::Client, request("/", ""));
        connection.ack(&mut capture, Side::Server);
        let body = "HTTP/1.1 ".to_owned() + status + "\r\nContent-Length: 4\r\nConnection: close\r\n\r\nno.\n";
        let refusal = connection.send(&mut capture, Side::Server, body);
        connection.ack(&mut capture, Side::Client);

        let wireshark = Wireshark::with_plugin();
        let path = wireshark.write("refused.pcap", &capture);
        let labels = wireshark.agreed_labels(&path);
        assert_eq!(phases_of(&labels, 4), [REQUEST], "{status}");
        assert_eq!(label_of(&labels, 5).acks, [4], "{status}");
        assert_eq!(phases_of(&labels, refusal), [REFUSED], "{status}");
        assert_eq!(frames(&wireshark, &path, "workermanchat.expert.handshake_refused"), [refusal], "{status}");
        assert_eq!(message_frames(&labels), [0; 0], "{status}");
    }
}

#[test]
fn a_wrong_accept_value_is_an_error_that_shows_the_expected_one() {
    let wrong = derive_accept_key(b"another key, another answer");
    let (mut capture, mut connection) = opened();
    connection.send(&mut capture, Side::Client, request("/", ""));
    let answer = connection.send(&mut capture, Side::Server, response(&wrong, ""));

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("accept.pcap", &capture);
    wireshark.agreed_labels(&path);
    let row = &rows(&wireshark, &path)[answer as usize - 1];
    assert_eq!(row.one("workermanchat.handshake.accept"), wrong);
    assert_eq!(row.one("workermanchat.handshake.accept_expected"), accept());
    assert!(!is_true(&row.one("workermanchat.handshake.accept_valid")));
    assert_eq!(frames(&wireshark, &path, "workermanchat.expert.accept_mismatch"), [answer]);
    assert_eq!(
        frames(&wireshark, &path, "workermanchat.expert.accept_mismatch && _ws.expert.severity == error"),
        [answer]
    );
}

#[test]
fn a_handshake_in_one_byte_segments_is_one_request_and_one_response() {
    let (mut capture, mut connection) = opened();
    for byte in request("/chat", "Sec-WebSocket-Extensions: x-unknown\r\n").as_bytes() {
        connection.send(&mut capture, Side::Client, [*byte]);
    }
    let asked = capture.last();
    let request_ack = connection.ack(&mut capture, Side::Server);
    for byte in response(&accept(), "Server: workerman\r\n").as_bytes() {
        connection.send(&mut capture, Side::Server, [*byte]);
    }
    let answered = capture.last();
    let response_ack = connection.ack(&mut capture, Side::Client);
    let login = browser_says(&mut capture, &mut connection, login_request("mynick", "1"));
    let result = server_says(&mut capture, &mut connection, login_result(1, "mynick", &[(1, "mynick")]));

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("bytes.pcap", &capture);
    let labels = wireshark.agreed_labels(&path);
    let found: Vec<(u32, &[u32], &[u32])> = labels
        .iter()
        .map(|label| (label.frame, &label.phases[..], &label.acks[..]))
        .skip_while(|label| label.0 <= 3)
        .collect();
    let expected: [(u32, &[u32], &[u32]); 6] = [
        (asked, &[REQUEST], &[]),
        (request_ack, &[REQUEST_ACKNOWLEDGED], &[asked]),
        (answered, &[RESPONSE], &[]),
        (response_ack, &[COMPLETE], &[answered]),
        (login, &[LOGIN_REQUEST], &[]),
        (result, &[LOGIN_RESULT], &[login]),
    ];
    assert_eq!(found, expected);
    let rows = rows(&wireshark, &path);
    assert_eq!(rows[asked as usize - 1].one("workermanchat.handshake.key"), KEY);
    assert_eq!(rows[asked as usize - 1].one("workermanchat.handshake.origin"), ORIGIN);
    assert!(is_true(&rows[answered as usize - 1].one("workermanchat.handshake.accept_valid")));
}

#[test]
fn a_request_truncated_in_its_first_line_is_a_request() {
    for cut in [2, 9, 40] {
        let (mut capture, mut connection) = opened();
        let whole = request("/", "");
        connection.send(&mut capture, Side::Client, &whole[..cut]);
        let asked = connection.send(&mut capture, Side::Client, &whole[cut..]);
        let answered = connection.send(&mut capture, Side::Server, response(&accept(), ""));
        let login = browser_says(&mut capture, &mut connection, login_request("mynick", "1"));

        let wireshark = Wireshark::with_plugin();
        let path = wireshark.write("cut.pcap", &capture);
        let labels = wireshark.agreed_labels(&path);
        assert_eq!(phases_of(&labels, asked), [REQUEST], "cut at {cut}");
        assert_eq!(phases_of(&labels, asked - 1), [0; 0], "cut at {cut}");
        assert_eq!(phases_of(&labels, answered), [RESPONSE], "cut at {cut}");
        assert_eq!(phases_of(&labels, login), [LOGIN_REQUEST], "cut at {cut}");
    }
}

#[test]
fn a_response_whose_request_was_not_captured_is_a_response() {
    let (mut capture, mut connection) = opened();
    connection.data(Side::Client, request("/", ""));
    let answered = connection.send(&mut capture, Side::Server, response(&accept(), ""));
    login(&mut capture, &mut connection, 1, "mynick", "1");

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("no-request.pcap", &capture);
    let labels = wireshark.agreed_labels(&path);
    assert_eq!(phases_of(&labels, answered), [RESPONSE]);
    assert_eq!(phases_of(&labels, answered + 1), [LOGIN_REQUEST]);
    assert_eq!(phases_of(&labels, answered + 2), [LOGIN_RESULT]);
    let row = &rows(&wireshark, &path)[answered as usize - 1];
    assert_eq!(row.one("workermanchat.handshake.accept"), accept());
    assert!(!row.has("workermanchat.handshake.accept_valid"), "without the key nobody can tell");
    assert_eq!(frames(&wireshark, &path, "workermanchat.expert.accept_mismatch"), [0; 0]);
}

#[test]
fn messages_after_an_uncaptured_response_are_dissected() {
    let (mut capture, mut connection) = opened();
    let asked = connection.send(&mut capture, Side::Client, request("/", ""));
    connection.data(Side::Server, response(&accept(), ""));
    login(&mut capture, &mut connection, 1, "mynick", "1");

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("no-response.pcap", &capture);
    let labels = wireshark.agreed_labels(&path);
    assert_eq!(phases_of(&labels, asked), [REQUEST]);
    assert_eq!(phases_of(&labels, asked + 1), [LOGIN_REQUEST]);
    assert_eq!(phases_of(&labels, asked + 2), [LOGIN_RESULT]);
    assert_eq!(label_of(&labels, asked + 3).acks, [asked + 2]);
}

#[test]
fn a_response_and_the_first_message_may_share_a_segment() {
    let (mut capture, mut connection) = opened();
    connection.send(&mut capture, Side::Client, request("/", ""));
    let both = [response(&accept(), "").into_bytes(), text(r#"{"type":"ping"}"#), text(login_notification(7, "other"))]
        .concat();
    let answered = connection.send(&mut capture, Side::Server, both);
    let ack = connection.ack(&mut capture, Side::Client);

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("shared.pcap", &capture);
    let labels = wireshark.agreed_labels(&path);
    assert_eq!(phases_of(&labels, answered), [RESPONSE, LOGIN_NOTIFICATION, PING]);
    assert_eq!(label_of(&labels, answered).acks, [answered - 1]);
    assert_eq!(phases_of(&labels, ack), [COMPLETE, MESSAGE_ACKNOWLEDGED]);
    assert_eq!(label_of(&labels, ack).acks, [answered]);
}

#[test]
fn header_names_are_case_insensitive_and_whitespace_is_ignored() {
    let (mut capture, mut connection) = opened();
    let odd = format!(
        "GET /?a=b HTTP/1.1\r\nhost:chat.example\r\nUPGRADE:  WebSocket \r\nconnection: keep-alive, upgrade\r\n\
         sec-websocket-key:{KEY}\r\norigin:\t{ORIGIN}  \r\nsec-websocket-version:13\r\n\r\n"
    );
    let asked = connection.send(&mut capture, Side::Client, odd);
    let answer = format!(
        "HTTP/1.1 101\r\nupgrade: WEBSOCKET\r\nconnection:Upgrade\r\nsec-websocket-accept:{}\r\n\r\n",
        accept()
    );
    let answered = connection.send(&mut capture, Side::Server, answer);

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("odd.pcap", &capture);
    let labels = wireshark.agreed_labels(&path);
    assert_eq!((phases_of(&labels, asked), phases_of(&labels, answered)), (vec![REQUEST], vec![RESPONSE]));
    let rows = rows(&wireshark, &path);
    assert_eq!(rows[asked as usize - 1].one("workermanchat.handshake.key"), KEY);
    assert_eq!(rows[asked as usize - 1].one("workermanchat.handshake.origin"), ORIGIN);
    assert!(is_true(&rows[answered as usize - 1].one("workermanchat.handshake.accept_valid")));
}

#[test]
fn http_without_upgrade_has_no_handshake_phase() {
    let (mut capture, mut connection) = opened();
    connection.send(&mut capture, Side::Client, "GET /status HTTP/1.1\r\nHost: chat.example:7272\r\n\r\n");
    connection.send(
        &mut capture,
        Side::Server,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok",
    );

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("http.pcap", &capture);
    let labels = wireshark.agreed_labels(&path);
    let upgrade = [REQUEST, REQUEST_ACKNOWLEDGED, RESPONSE, COMPLETE, REFUSED];
    assert!(labels.iter().all(|label| label.phases.iter().all(|phase| !upgrade.contains(phase))), "{labels:?}");
    assert_eq!(frames(&wireshark, &path, "http"), [4, 5]);
}

#[test]
fn an_upgrade_to_another_protocol_has_no_handshake_phase() {
    let (mut capture, mut connection) = opened();
    let h2c = "GET / HTTP/1.1\r\nHost: chat.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
    connection.send(&mut capture, Side::Client, h2c);
    connection.send(&mut capture, Side::Server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("h2c.pcap", &capture);
    let labels = wireshark.agreed_labels(&path);
    assert_eq!((phases_of(&labels, 4), phases_of(&labels, 5)), (vec![], vec![]));
}

#[test]
fn an_upgrade_may_follow_other_requests_on_the_same_connection() {
    let (mut capture, mut connection) = opened();
    connection.send(&mut capture, Side::Client, "GET /status HTTP/1.1\r\nHost: chat.example\r\n\r\n");
    connection.send(&mut capture, Side::Server, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let first = connection.send(&mut capture, Side::Client, request("/", ""));
    let unauthorized = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
    let refusal = connection.send(&mut capture, Side::Server, unauthorized);
    let second = connection.send(&mut capture, Side::Client, request("/", "Authorization: Basic eDp5\r\n"));
    let answered = connection.send(&mut capture, Side::Server, response(&accept(), ""));
    let login = browser_says(&mut capture, &mut connection, login_request("mynick", "1"));

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("retried.pcap", &capture);
    let labels = wireshark.agreed_labels(&path);
    let phases = [4, 5, first, refusal, second, answered, login].map(|frame| phases_of(&labels, frame));
    let expected: [&[u32]; 7] = [&[], &[], &[REQUEST], &[REFUSED], &[REQUEST], &[RESPONSE], &[LOGIN_REQUEST]];
    assert_eq!(phases.each_ref().map(Vec::as_slice), expected);
    assert!(is_true(&rows(&wireshark, &path)[answered as usize - 1].one("workermanchat.handshake.accept_valid")));
}
