//! Detection of the chat: it is found on other ports, behind proxies, with WebSocket extensions and in TLS; other protocols and
//! other WebSocket applications are not claimed.

mod harness;

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use etherparse::{IpNumber, UdpHeader};
use flate2::Compress;
use harness::json::{MEMBER_FIELDS, fields_of};
use harness::packets::{Capture, Connection, Link, Side, ipv4_header};
use harness::phase::*;
use harness::scripts::*;
use harness::sharkd::Sharkd;
use harness::websocket::{Frame, TEXT, accept, deflate, new_stream, request, response};
use harness::wireshark::{Wireshark, label_of, message_frames, phases_of};
use serde_json::{Value, json};

/// Messages of other applications that resemble the chat's, in addition to those of the unit tests.
const NEAR_MISSES: [&str; 40] = [
    r#"{"type":"ping","payload":{"sentAt":1}}"#,
    r#"{"type":"pong","payload":{"receivedAt":1}}"#,
    r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }"}}"#,
    r#"{"type":"say","payload":{"to_client_id":"all","content":"hi"}}"#,
    r#"{"type":"say","speaker":"narrator","line":"Once upon a time"}"#,
    r#"{"type":"say","text":"hello","from":"a","to":"b"}"#,
    r#"{"type":"say","content":"hello","sender":{"id":1}}"#,
    r#"{"type":"say","content":"hello","to":"all"}"#,
    r#"{"type":"login","credentials":{"name":"a","room_id":1}}"#,
    r#"{"type":"login","email":"a@example.com","password":"b"}"#,
    r#"{"type":"login","session":"b","time":"2026-11-20 08:00:00"}"#,
    r#"{"type":"login","client":"web","version":"1.2.3"}"#,
    r#"{"type":"logout","session":"b"}"#,
    r#"{"type":"logout","everywhere":true}"#,
    r#"{"type":"user_list","data":[{"uid":1,"name":"a"}]}"#,
    r#"{"type":"user_list","user_list":"a,b,c"}"#,
    r#"{"type":"user_list","user_list":null}"#,
    r#"{"type":"re_login","reason":"expired"}"#,
    r#"{"type":"heartbeat"}"#,
    r#"{"kind":"login","client_name":"a","room_id":1}"#,
    r#"{"event":"say","data":{"to_client_id":"all","to_client_name":"x","content":"hi"}}"#,
    r#"{"msg":"login","client_name":"a","room_id":1}"#,
    r#"["login",{"client_name":"a","room_id":1}]"#,
    r#"["say","all","hi"]"#,
    r#"42["say",{"to_client_id":"all","to_client_name":"x","content":"hi"}]"#,
    r#"42{"type":"say","to_client_id":"all","to_client_name":"x","content":"hi"}"#,
    r#"{"client_name":"a","room_id":1}"#,
    r#"{"to_client_id":"all","to_client_name":"x","content":"hi"}"#,
    r#"{"content":"{\"type\":\"say\",\"to_client_id\":\"all\",\"content\":\"hi\"}"}"#,
    r#"{"text":"{\"type\":\"login\",\"client_name\":\"a\",\"room_id\":1}"}"#,
    r#"{"op":0,"t":"say","d":{"content":"hi"}}"#,
    r#"{"jsonrpc":"2.0","method":"say","params":["all","hi"],"id":1}"#,
    r#"type=login&client_name=a&room_id=1"#,
    r#"<message type="say" to_client_id="all">hi</message>"#,
    r#"{'type':'say','to_client_id':'all','content':'hi'}"#,
    r#"say all hi"#,
    r#"{"type":27}"#,
    r#"{"type":true,"client_name":"a","room_id":1}"#,
    r#"{"data":{"type":"say","to_client_id":"all","content":"hi"}}"#,
    "\u{feff}hello",
];

/// Messages of other applications: the corpus without its last section (messages identical to the chat's), and the near misses.
fn foreign_messages() -> Vec<String> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/message/foreign_messages.txt");
    let corpus = fs::read_to_string(corpus).expect("the corpus of foreign messages");
    let listed = corpus
        .lines()
        .take_while(|line| !line.starts_with("# Twins"))
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let messages: Vec<String> = listed.chain(NEAR_MISSES).map(str::to_owned).collect();
    assert!(messages.len() >= 200, "{} foreign messages", messages.len());
    messages
}

/// For each message a connection to a server on `port`, on which both sides send it.
fn foreign_capture(port: u16) -> Capture {
    foreign_capture_cut(port, usize::MAX)
}

/// The same, with each message's packet truncated to `captured` bytes.
fn foreign_capture_cut(port: u16, captured: usize) -> Capture {
    capture_of(&foreign_messages(), port, captured)
}

/// For each of these messages a connection.
fn capture_of(messages: &[String], port: u16, captured: usize) -> Capture {
    let mut capture = Capture::new(Link::Ethernet);
    for (count, message) in messages.iter().enumerate() {
        let mut connection = on_port(20_000 + count as u16, port);
        connection.open(&mut capture);
        upgrade(&mut capture, &mut connection);
        browser_says(&mut capture, &mut connection, message);
        capture.cut_last(captured);
        connection.ack(&mut capture, Side::Server);
        server_says(&mut capture, &mut connection, message);
        capture.cut_last(captured);
        connection.ack(&mut capture, Side::Client);
    }
    capture
}

fn on_port(client: u16, server: u16) -> Connection {
    Connection::between(SocketAddr::from(([192, 0, 2, 10], client)), SocketAddr::from(([192, 0, 2, 1], server)))
}

/// tshark's output must be the same with and without the plugin.
fn assert_untouched(name: &str, bytes: &[u8], arguments: &[&str]) {
    let outputs = [Wireshark::with_plugin(), Wireshark::without_plugin()].map(|wireshark| {
        fs::write(wireshark.home().join(name), bytes).expect("write the capture");
        wireshark.tshark(&[&["-r", name], arguments].concat()).stdout
    });
    if outputs[0] == outputs[1] {
        return;
    }
    let difference = outputs[0].lines().zip(outputs[1].lines()).find(|(with, without)| with != without);
    panic!(
        "{name} {arguments:?}: {} and {} bytes; first with, then without: {difference:#?}",
        outputs[0].len(),
        outputs[1].len()
    );
}

#[test]
fn messages_of_other_applications_are_displayed_as_without_the_plugin() {
    for port in [3000, 80, 8080] {
        let pcap = foreign_capture(port).pcap();
        assert_untouched("foreign.pcap", &pcap, &["-V"]);
        assert_untouched("foreign.pcap", &pcap, &["-2"]);
    }
}

#[test]
fn truncated_messages_of_other_applications_are_displayed_as_without_the_plugin() {
    let pcap = foreign_capture_cut(3000, 75).pcap();
    for arguments in [&["-V", "-x"][..], &["-2"]] {
        assert_untouched("foreign-cut.pcap", &pcap, arguments);
    }
}

/// The user names the port as the chat's, so that each JSON object is a message there.
#[test]
fn on_the_chats_port_what_is_no_object_keeps_wiresharks_display() {
    let is_object =
        |message: &String| serde_json::from_str::<serde_json::Value>(message).is_ok_and(|it| it.is_object());
    let (objects, others): (Vec<String>, Vec<String>) = foreign_messages().into_iter().partition(is_object);
    let capture = capture_of(&objects, 7272, usize::MAX);
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("foreign.pcap", &capture);
    assert_eq!(wireshark.rows(&path, &["-Y", "workermanchat"], &[]).len(), 2 * objects.len());
    let options = ["-O", "frame,websocket,data-text-lines,json"];
    assert_untouched("foreign.pcap", &capture_of(&others, 7272, usize::MAX).pcap(), &options);
}

#[test]
fn captures_without_the_chat_are_displayed_as_without_the_plugin() {
    let recorded =
        fs::read(harness::wireshark::captures().join("other-websocket-app.pcap")).expect("a recorded capture");
    let built = mixed_capture(|port| port).pcap();
    for arguments in [&["-V"][..], &[], &["-2", "-V"], &["-V", "-x"]] {
        assert_untouched("other-websocket-app.pcap", &recorded, arguments);
        assert_untouched("mixed.pcap", &built, arguments);
    }
}

#[test]
fn http_and_tls_on_the_chats_port_are_dissected_as_such() {
    let pcap = mixed_capture(|_| 7272).pcap();
    for layers in ["frame,http,data-text-lines", "frame,tls", "frame,http2"] {
        assert_untouched("mixed.pcap", &pcap, &["-O", layers]);
    }
    let wireshark = Wireshark::with_plugin();
    fs::write(wireshark.home().join("mixed.pcap"), &pcap).expect("write the capture");
    let path = wireshark.home().join("mixed.pcap");
    assert!(wireshark.rows(&path, &["-2", "-Y", "workermanchat.type"], &[]).is_empty());
    assert!(
        !wireshark.rows(&path, &["-Y", "tls"], &[]).is_empty()
            && !wireshark.rows(&path, &["-Y", "http"], &[]).is_empty()
    );
}

/// HTTP, HTTP/2, TLS, DNS and SMB; `port` maps the usual TCP port to the one in the capture.
fn mixed_capture(port: impl Fn(u16) -> u16) -> Capture {
    let http_request: &[u8] = b"GET /index.html HTTP/1.1\r\nHost: example.com\r\n\r\n";
    let http_response: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
    let refusal: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    let http2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let tls_hello = tls_client_hello();
    let tls_data: &[u8] = b"\x17\x03\x03\0\x10opaque opaque op";
    let smb: &[u8] = b"\0\0\0\x2f\xffSMB\x72\0\0\0\0\x18\x53\xc8\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xfe\0\0\0\0\0\x0c\0\x02NT LM 0.1\0";
    let talks: [(u16, &[u8], &[u8]); 6] = [
        (80, http_request, http_response),
        (8080, http_request, refusal),
        (80, http2, b"\0\0\0\x04\x01\0\0\0\0"),
        (443, &tls_hello, b"\x15\x03\x03\0\x02\x02\x28"),
        (443, tls_data, tls_data),
        (445, smb, smb),
    ];
    let mut capture = Capture::new(Link::Ethernet);
    for (count, (own_port, asked, answered)) in talks.into_iter().enumerate() {
        let mut connection = on_port(30_000 + count as u16, port(own_port));
        connection.open(&mut capture);
        connection.send(&mut capture, Side::Client, asked);
        connection.ack(&mut capture, Side::Server);
        connection.send(&mut capture, Side::Server, answered);
        connection.ack(&mut capture, Side::Client);
    }
    let server = [192, 0, 2, 1];
    capture.push_ip(&dns_query(server), IpAddr::from(server));
    capture
}

fn tls_client_hello() -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0x13, 0x01, 1, 0]);
    let handshake = [&[1, 0, 0, body.len() as u8][..], &body].concat();
    [&[0x16, 3, 1, 0, handshake.len() as u8][..], &handshake].concat()
}

fn dns_query(server: [u8; 4]) -> Vec<u8> {
    let question = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01";
    let ip = ipv4_header([192, 0, 2, 10].into(), server.into(), IpNumber::UDP, 8 + question.len());
    let udp = UdpHeader::with_ipv4_checksum(40_000, 53, &ip, question).expect("a query fits a packet");
    let mut packet = Vec::new();
    ip.write(&mut packet).and_then(|()| udp.write(&mut packet)).expect("write to memory");
    packet.extend(question);
    packet
}

/// The messages of a short chat in one dialect; the first identifies the chat.
fn dialect_messages(dialect: u32) -> Vec<(Side, Value)> {
    let (client, server) = (Side::Client, Side::Server);
    let ping = [(server, json!({"type": "ping"})), (client, json!({"type": "pong"}))];
    let talk = match dialect {
        1 => vec![
            (server, json!({"type": "user_list", "user_list": [{"uid": 1, "name": "a"}, {"uid": 2, "name": "b"}]})),
            (client, json!({"type": "login", "name": "a"})),
            (server, json!({"type": "login", "uid": 1, "name": "a", "time": TIME})),
            (client, json!({"type": "say", "to_uid": "all", "content": "hi"})),
            (
                server,
                json!({"type": "say", "from_uid": 1, "to_uid": "all", "content": "hi", "time": "2014-08-12 :51:02"}),
            ),
            (server, json!({"type": "logout", "uid": 2, "time": TIME})),
        ],
        2 => vec![
            (client, json!({"type": "login", "client_name": "a", "room_id": 1})),
            (
                server,
                json!({"type": "login", "client_id": 1, "client_name": "a", "client_list": [{"client_id": 1, "client_name": "a"}], "time": TIME}),
            ),
            (client, json!({"type": "say", "to_client_id": "all", "to_client_name": "all", "content": "hi"})),
            (
                server,
                json!({"type": "say", "from_client_id": 1, "from_client_name": "a", "to_client_id": "all", "content": "hi", "time": TIME}),
            ),
            (client, json!({"type": "re_login", "client_name": "b", "room_id": 1})),
            (
                server,
                json!({"type": "logout", "from_client_id": 2, "from_client_name": "c", "client_list": [], "time": TIME}),
            ),
        ],
        _ => vec![
            (client, serde_json::from_str(&login_request("a", "1")).unwrap()),
            (server, serde_json::from_str(&login_result(1, "a", &[(1, "a")])).unwrap()),
            (client, serde_json::from_str(&private_say_request(1, "a", "hi")).unwrap()),
            (server, serde_json::from_str(&private_delivery(1, "a", 1, "hi")).unwrap()),
            (server, serde_json::from_str(&logout(2, "b")).unwrap()),
        ],
    };
    talk.into_iter().chain(ping).collect()
}

/// A chat on any port and path; `encode` masks and compresses its frames.
struct Talk {
    capture: Capture,
    /// Frame and message.
    messages: Vec<(u32, Value)>,
}

fn talk(dialect: u32, port: u16, extensions: &str, mut encode: impl FnMut(Side, &[u8]) -> Frame) -> Talk {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = on_port(50_001, port);
    connection.open(&mut capture);
    connection.send(&mut capture, Side::Client, request("/wss", extensions));
    connection.ack(&mut capture, Side::Server);
    connection.send(&mut capture, Side::Server, response(&accept(), extensions));
    connection.ack(&mut capture, Side::Client);
    let mut messages = Vec::new();
    for (side, message) in dialect_messages(dialect) {
        let frame = encode(side, message.to_string().as_bytes());
        let frame = if side == Side::Client { frame.masked() } else { frame };
        messages.push((connection.send(&mut capture, side, frame.bytes()), message));
    }
    Talk { capture, messages }
}

fn plain(_: Side, payload: &[u8]) -> Frame {
    Frame::new(TEXT, payload)
}

/// The fields of every message have its values.
fn assert_all_claimed(wireshark: &Wireshark, path: &Path, talk: &Talk, options: &[&str], what: &str) {
    let rows = wireshark.rows(path, options, &MEMBER_FIELDS);
    for (frame, message) in &talk.messages {
        let row = &rows[*frame as usize - 1];
        for (field, value) in fields_of(message) {
            assert!(
                row.all(field).contains(&value),
                "{what} {options:?}: {field} of {message} is {:?}",
                row.all(field)
            );
        }
    }
}

#[test]
fn the_heuristic_finds_the_chat_on_an_unconfigured_port() {
    let wireshark = Wireshark::with_plugin();
    for dialect in [1, 2, 3] {
        for port in [80, 8080, 23_456] {
            let talk = talk(dialect, port, "", plain);
            let path = wireshark.write("other-port.pcap", &talk.capture);
            let what = format!("dialect {dialect} on port {port}");
            for passes in [&[][..], &["-2"]] {
                assert_all_claimed(&wireshark, &path, &talk, passes, &what);
            }
            // After the first pass has identified the chat, the handshake is labelled, too.
            let labels = wireshark.labels(&path, &["-2"]);
            let phases: Vec<Vec<u32>> = (1..=7).map(|frame| phases_of(&labels, frame)).collect();
            assert_eq!(
                phases,
                [[SYN], [SYN_ACK], [ACK], [REQUEST], [REQUEST_ACKNOWLEDGED], [RESPONSE], [COMPLETE]],
                "{what}"
            );
            let mut sharkd = Sharkd::load(&wireshark, &path);
            for frame in (1..=talk.capture.last()).rev() {
                assert_eq!(sharkd.label(frame), label_of(&labels, frame), "{what}: sharkd (left) and two passes agree");
            }
        }
    }
}

#[test]
fn a_heartbeat_alone_is_not_claimed() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = on_port(50_001, 3000);
    connection.open(&mut capture);
    upgrade(&mut capture, &mut connection);
    for _ in 0..3 {
        server_says(&mut capture, &mut connection, r#"{"type":"ping"}"#);
        browser_says(&mut capture, &mut connection, r#"{"type":"pong"}"#);
    }
    assert_untouched("heartbeat.pcap", &capture.pcap(), &["-V", "-2"]);
}

#[test]
fn a_disabled_heuristic_claims_nothing() {
    let talk = talk(3, 8080, "", plain);
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("off.pcap", &talk.capture);
    assert!(wireshark.labels(&path, &["-2", "--disable-heuristic", "workermanchat_ws"]).is_empty());
}

/// A chat without a captured handshake: only the port identifies it.
fn middle_of_a_chat(port: u16) -> Capture {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = on_port(50_001, port);
    server_says(&mut capture, &mut connection, say_delivery(2, "other", "hi"));
    connection.ack(&mut capture, Side::Client);
    browser_says(&mut capture, &mut connection, say_request("hello"));
    capture
}

#[test]
fn the_port_preference_replaces_the_default_port() {
    let wireshark = Wireshark::with_plugin();
    let labels = |port: u16, preference: &str| {
        let path = wireshark.write("middle.pcap", &middle_of_a_chat(port));
        let option = format!("workermanchat.tcp.port:{preference}");
        let one = wireshark.labels(&path, &["-o", &option]);
        assert_eq!(one, wireshark.labels(&path, &["-2", "-o", &option]));
        message_frames(&one)
    };
    assert_eq!(labels(7272, "7272"), [1, 3]);
    assert_eq!(labels(9001, "9000-9002,9999"), [1, 3]);
    assert_eq!(labels(9999, "9000-9002,9999"), [1, 3]);
    assert_eq!(labels(7272, "9000-9002,9999"), [0; 0], "the old port is dropped");
    assert_eq!(labels(9003, "9000-9002,9999"), [0; 0]);
}

#[test]
fn decode_as_dissects_the_chat_on_any_port() {
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("middle.pcap", &middle_of_a_chat(9999));
    assert!(wireshark.labels(&path, &[]).is_empty());
    let labels = wireshark.labels(&path, &["-d", "tcp.port==9999,workermanchat"]);
    assert_eq!(message_frames(&labels), [1, 3]);
}

#[test]
fn decode_as_is_obeyed_whatever_the_preference_says_of_the_port() {
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("middle.pcap", &middle_of_a_chat(7272));
    for ports in ["7272", "7272,8080", "8080"] {
        let preference = format!("workermanchat.tcp.port:{ports}");
        let decoded_as = |name: &str| {
            let decode_as = format!("tcp.port==7272,{name}");
            message_frames(&wireshark.labels(&path, &["-o", &preference, "-d", &decode_as]))
        };
        assert_eq!(decoded_as("http"), [0; 0], "{ports}");
        // Of a default port, Wireshark's table does not say whether it was decoded as what it is registered for.
        if ports != "8080" {
            assert_eq!(decoded_as("workermanchat"), [1, 3], "{ports}");
        }
    }
}

#[test]
fn wireshark_lists_the_default_port() {
    let output = Wireshark::with_plugin().tshark(&["-G", "decodes"]);
    assert!(output.stdout.lines().any(|line| line == "tcp.port\t7272\tworkermanchat"));
}

fn compressed(stream: &mut Compress, payload: &[u8]) -> Frame {
    Frame::new(TEXT, deflate(stream, payload)).compressed()
}

#[test]
fn compressed_messages_are_dissected_with_and_without_context_takeover() {
    let wireshark = Wireshark::with_plugin();
    for port in [7272, 8080] {
        let mut streams = [new_stream(), new_stream()];
        let with_takeover = talk(3, port, "Sec-WebSocket-Extensions: permessage-deflate\r\n", |side, payload| {
            compressed(&mut streams[usize::from(side == Side::Client)], payload)
        });
        let no_takeover =
            "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n";
        let without_takeover = talk(3, port, no_takeover, |_, payload| compressed(&mut new_stream(), payload));
        for (talk, what) in [(with_takeover, "context takeover"), (without_takeover, "no context takeover")] {
            let path = wireshark.write("deflate.pcap", &talk.capture);
            for passes in [&[][..], &["-2"]] {
                assert_all_claimed(&wireshark, &path, &talk, passes, &format!("{what} on port {port}"));
            }
        }
    }
}

#[test]
fn the_chat_is_found_with_a_negotiated_subprotocol() {
    let wireshark = Wireshark::with_plugin();
    for port in [7272, 8080] {
        let talk = talk(3, port, "Sec-WebSocket-Protocol: chat\r\n", plain);
        let path = wireshark.write("subprotocol.pcap", &talk.capture);
        for passes in [&[][..], &["-2"]] {
            assert_all_claimed(&wireshark, &path, &talk, passes, &format!("a subprotocol on port {port}"));
        }
    }
}

#[test]
fn the_chat_in_tls_is_dissected_with_the_secrets_in_the_capture() {
    let (wireshark, stock) = (Wireshark::with_plugin(), Wireshark::without_plugin());
    let (capture, stock_capture) = (wireshark.capture("wss-2026.pcapng"), stock.capture("wss-2026.pcapng"));
    let texts = stock.rows(&stock_capture, &["-Y", "websocket.opcode == 1"], &["websocket.payload.text"]);
    assert!(texts.len() > 5, "stock Wireshark decrypts the capture");
    for passes in [&[][..], &["-2"]] {
        let rows = wireshark.rows(&capture, &[passes, &["-Y", "workermanchat.type"]].concat(), &MEMBER_FIELDS);
        assert_eq!(
            rows.iter().map(|row| row.frame).collect::<Vec<_>>(),
            texts.iter().map(|row| row.frame).collect::<Vec<_>>()
        );
        for (row, text) in rows.iter().zip(&texts) {
            let messages: Vec<Value> =
                text.all("websocket.payload.text").iter().map(|text| serde_json::from_str(text).unwrap()).collect();
            let expected: Vec<(&str, String)> = messages.iter().flat_map(fields_of).collect();
            for field in MEMBER_FIELDS {
                let values: Vec<&String> =
                    expected.iter().filter(|(of, _)| *of == field).map(|(_, value)| value).collect();
                assert_eq!(row.all(field).iter().collect::<Vec<_>>(), values, "frame {}, {field}", row.frame);
            }
        }
    }
}

#[test]
fn handshakes_in_tls_are_annotated() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("wss-2026.pcapng");
    let labels = wireshark.labels(&capture, &["-2"]);
    for (filter, phase) in [
        ("tcp.flags.syn == 1 && tcp.flags.ack == 0", SYN),
        ("tcp.flags.syn == 1 && tcp.flags.ack == 1", SYN_ACK),
        ("http.request", REQUEST),
        ("http.response.code == 101", RESPONSE),
    ] {
        let frames: Vec<u32> = wireshark.rows(&capture, &["-Y", filter], &[]).iter().map(|row| row.frame).collect();
        assert!(!frames.is_empty());
        for frame in frames {
            assert!(
                phases_of(&labels, frame).contains(&phase),
                "frame {frame} matches {filter} and is {:?}",
                label_of(&labels, frame)
            );
        }
    }
}

#[test]
fn a_reused_port_must_be_identified_again() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut chat = on_port(50_001, 8080);
    join(&mut capture, &mut chat, 1, "mynick", "1");
    let end = capture.push(&chat.segment(Side::Client, harness::packets::RST, []));
    capture.wait(std::time::Duration::from_secs(60));
    let mut other = on_port(50_001, 8080).with_initial(5, 50);
    other.open(&mut capture);
    upgrade(&mut capture, &mut other);
    server_says(&mut capture, &mut other, r#"{"type":"ping"}"#);
    browser_says(&mut capture, &mut other, r#"{"type":"pong"}"#);

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("again.pcap", &capture);
    for passes in [&[][..], &["-2"]] {
        let labels = wireshark.labels(&path, passes);
        assert!(labels.iter().all(|label| label.frame <= end), "{passes:?}: {labels:?}");
        assert!(message_frames(&labels).len() == 2, "{passes:?}: the chat itself is found");
    }
}

#[test]
fn only_the_chat_is_claimed_among_other_applications() {
    let mut capture = foreign_capture(3000);
    let first = capture.last() + 1;
    let mut chat = on_port(50_001, 3000);
    join(&mut capture, &mut chat, 1, "mynick", "1");
    let wireshark = Wireshark::with_plugin();
    let path: PathBuf = wireshark.write("beside.pcap", &capture);
    let frames: BTreeSet<u32> = wireshark.labels(&path, &["-2"]).iter().map(|label| label.frame).collect();
    assert_eq!(frames, (first..=capture.last()).collect());
}
