//! Findings and labels of single packets and connections, in captures of the real server that an earlier version told wrongly, and in captures
//! that are built here. What is right, the protocol says, and who recorded them.
//!
//! Every test looks at the labels of two passes, where nothing else is said.

mod harness;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::packets::{ACK, Capture, Connection, FIN, Link, RST, SYN, Segment, Side};
use harness::phase::{LOGIN_REQUEST, LOGIN_RESULT, RESPONSE, UNKNOWN};
use harness::recording::Recording;
use harness::scripts::{
    browser_says, join, login_request, login_result, say_delivery, say_request, server_says, upgrade,
};
use harness::websocket::{accept, request, response, text};
use harness::wireshark::{Row, Wireshark, captures};

const NOTE: &str = "workermanchat.note";
const REQUEST_IN: &str = "workermanchat.request_in";
const RESPONSE_IN: &str = "workermanchat.response_in";
const EXCHANGE: &str = "workermanchat.exchange";
const PHASE: &str = "workermanchat.phase";
const ACKS: &str = "workermanchat.acks";
const COMPLETE: &str = "workermanchat.exchange.complete";
const USER: &str = "workermanchat.user";
const ROOM: &str = "workermanchat.room";
const MEMBERS: &str = "workermanchat.room.members";
const DELIVERIES: &str = "workermanchat.deliveries";
const MALFORMED: &str = "workermanchat.expert.malformed_json";
const UNKNOWN_TYPE: &str = "workermanchat.expert.unknown_type";
const MISSING_MEMBER: &str = "workermanchat.expert.missing_member";
const NO_DELIVERY: &str = "workermanchat.expert.no_delivery";
const KEYS: &str = "workermanchat.expert.tls_without_keys";
const CUT_OFF: &str = "workermanchat.expert.handshake_cut_off";
const NO_SUBPROTOCOL: &str = "workermanchat.expert.subprotocol_not_granted";
const NO_LOGIN_RESULT: &str = "workermanchat.expert.no_login_result";
const NO_ACK: &str = "workermanchat.expert.no_ack";
const NO_PONG: &str = "workermanchat.expert.no_pong";
const FIELDS: &[&str] = &[
    PHASE,
    NOTE,
    ACKS,
    REQUEST_IN,
    RESPONSE_IN,
    EXCHANGE,
    COMPLETE,
    USER,
    ROOM,
    MEMBERS,
    DELIVERIES,
    MALFORMED,
    UNKNOWN_TYPE,
    MISSING_MEMBER,
    NO_DELIVERY,
    CUT_OFF,
    KEYS,
    NO_SUBPROTOCOL,
    NO_LOGIN_RESULT,
    NO_ACK,
    NO_PONG,
];

/// The labels of a capture, by frame.
struct Labels(BTreeMap<u32, Row>);

/// A capture of `tests/captures`.
fn recorded(wireshark: &Wireshark, name: &str) -> PathBuf {
    let recording = Recording::read(&captures().join(format!("{name}.pcap")));
    wireshark.write_file("recorded.pcap", &recording.pcap(&recording.packets))
}

/// The labels of a capture of `tests/captures`.
fn labels(name: &str) -> Labels {
    let wireshark = Wireshark::with_plugin();
    Labels::of(&wireshark, &recorded(&wireshark, name))
}

/// The page of a view.
fn page(name: &str, view: &str) -> String {
    let wireshark = Wireshark::with_plugin();
    let path = recorded(&wireshark, name);
    wireshark.tshark(&["-r", &path.to_string_lossy(), "-q", "-z", &format!("workermanchat,{view}")]).stdout
}

/// The labels of a capture that is built here.
fn labels_of(capture: &Capture) -> Labels {
    let wireshark = Wireshark::with_plugin();
    Labels::of(&wireshark, &wireshark.write("built.pcap", capture))
}

impl Labels {
    fn of(wireshark: &Wireshark, path: &Path) -> Labels {
        Labels(wireshark.rows(path, &["-2"], FIELDS).into_iter().map(|row| (row.frame, row)).collect())
    }

    fn notes(&self, frame: u32) -> String {
        self.0[&frame].all(NOTE).join("; ")
    }

    fn numbers(&self, frame: u32, field: &str) -> Vec<u32> {
        self.0[&frame].numbers(field)
    }

    /// The frames with a value of a field.
    fn having(&self, field: &str, value: u32) -> Vec<u32> {
        self.0.values().filter(|row| row.numbers(field).contains(&value)).map(|row| row.frame).collect()
    }

    /// The frames with a finding.
    fn with(&self, finding: &str) -> Vec<u32> {
        self.0.values().filter(|row| row.has(finding)).map(|row| row.frame).collect()
    }
}

const PING: &str = r#"{"type":"ping"}"#;
const PONG: &str = r#"{"type":"pong"}"#;

/// A user whose login is answered.
fn logged_in() -> (Capture, Connection) {
    let (mut capture, mut browser) = (Capture::new(Link::Ethernet), Connection::from_port(50_001));
    join(&mut capture, &mut browser, 1, "a", "1");
    (capture, browser)
}

#[test]
fn two_pings_that_arrive_together_are_answered_one_after_the_other() {
    let labels = labels("hard3/two-pings-at-once");
    assert_eq!(labels.with(NO_PONG), [0; 0]);
    for pong in [116, 117] {
        assert_eq!((labels.numbers(pong, REQUEST_IN), labels.numbers(pong, EXCHANGE)), (vec![114], vec![114]));
    }
    assert_eq!(labels.numbers(114, RESPONSE_IN), [116, 117]);
    assert_eq!(labels.numbers(127, REQUEST_IN), [125]);
}

#[test]
fn a_browser_that_was_busy_answers_all_pings_in_their_order() {
    let (mut capture, mut browser) = logged_in();
    let pings = [0; 3].map(|_| {
        capture.wait(Duration::from_secs(10));
        let ping = server_says(&mut capture, &mut browser, PING);
        browser.ack(&mut capture, Side::Client);
        ping
    });
    capture.wait(Duration::from_secs(3));
    let pongs = [0; 3].map(|_| browser_says(&mut capture, &mut browser, PONG));
    capture.wait(Duration::from_secs(60));
    browser.ack(&mut capture, Side::Server);
    let labels = labels_of(&capture);
    assert_eq!(labels.with(NO_PONG), [0; 0]);
    for (ping, pong) in pings.into_iter().zip(pongs) {
        assert_eq!((labels.numbers(ping, RESPONSE_IN), labels.numbers(pong, REQUEST_IN)), (vec![pong], vec![ping]));
    }
}

#[test]
fn a_pong_without_a_ping_is_unsolicited() {
    let (mut capture, mut browser) = logged_in();
    let before = browser_says(&mut capture, &mut browser, PONG);
    let ping = server_says(&mut capture, &mut browser, PING);
    let [pong, behind] = [0; 2].map(|_| browser_says(&mut capture, &mut browser, PONG));
    let labels = labels_of(&capture);
    assert_eq!(labels.numbers(pong, REQUEST_IN), [ping]);
    assert!(labels.notes(pong).contains("it is still there"));
    for unsolicited in [before, behind] {
        assert_eq!(labels.numbers(unsolicited, REQUEST_IN), [0; 0]);
        assert_eq!(labels.numbers(unsolicited, EXCHANGE), [unsolicited]);
        assert!(labels.notes(unsolicited).contains("that no ping asked for (unsolicited)"));
    }
}

#[test]
fn a_ping_that_is_not_even_acknowledged_is_not_answered() {
    assert_eq!(labels("field/poweroff").with(NO_PONG), [38]);
}

#[test]
fn a_connection_whose_user_the_server_has_logged_out_has_ended() {
    let page = page("field/poweroff", "sessions");
    let row = page.lines().find(|line| line.contains("10.0.2.2:57290")).expect("a row of the connection");
    assert!(row.ends_with("  4.395 s  Server: Logout notification"), "{row}");
}

/// A connection with an upgrade request: the request's frame is 4.
fn asked() -> (Capture, Connection) {
    let (mut capture, mut browser) = (Capture::new(Link::Ethernet), Connection::from_port(50_001));
    browser.open(&mut capture);
    browser.send(&mut capture, Side::Client, request("/", ""));
    browser.ack(&mut capture, Side::Server);
    (capture, browser)
}

#[test]
fn an_upgrade_request_on_a_connection_that_ends_without_an_answer_is_cut_off() {
    assert_eq!(labels("field/closed-before-request").with(CUT_OFF), [9, 11]);
    for (side, flags) in
        [(Side::Server, RST | ACK), (Side::Client, RST | ACK), (Side::Server, RST), (Side::Server, FIN | ACK)]
    {
        let (mut capture, mut browser) = asked();
        for _ in 0..2 {
            capture.push(&browser.segment(side, flags, []));
        }
        assert_eq!(labels_of(&capture).with(CUT_OFF), [4], "{side:?} {flags}");
    }
}

#[test]
fn an_upgrade_request_that_may_have_been_answered_is_not_cut_off() {
    let (capture, _) = asked();
    assert_eq!(labels_of(&capture).with(CUT_OFF), [0; 0], "the capture ends");
    // Behind an answer that was captured in part, or not at all, and behind one that was.
    for (captured, flags) in [(0, RST), (0, RST | ACK), (0, FIN | ACK), (40, FIN | ACK), (usize::MAX, FIN | ACK)] {
        for side in [Side::Server, Side::Client] {
            let (mut capture, mut browser) = asked();
            let answer = response(&accept(), "");
            let (known, lost) = answer.split_at(captured.min(answer.len()));
            if !known.is_empty() {
                browser.send(&mut capture, Side::Server, known);
            }
            browser.segment(Side::Server, ACK, lost);
            capture.push(&browser.segment(side, flags, []));
            let is_known = side == Side::Client && flags == RST && captured == 0;
            if !is_known {
                assert_eq!(labels_of(&capture).with(CUT_OFF), [0; 0], "{captured} {flags} {side:?}");
            }
        }
    }
}

#[test]
fn an_upgrade_request_whose_answer_carries_the_fin_is_not_cut_off() {
    for answer in [response(&accept(), ""), "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".to_owned()] {
        let (mut capture, mut browser) = asked();
        capture.push(&browser.segment(Side::Server, FIN | ACK, answer.as_bytes()));
        capture.push(&browser.segment(Side::Client, FIN | ACK, []));
        browser.ack(&mut capture, Side::Server);
        assert_eq!(labels_of(&capture).with(CUT_OFF), [0; 0], "{answer}");
    }
}

#[test]
fn tls_on_a_chat_port_asks_for_the_keys_that_wireshark_lacks() {
    let record =
        |kind: u8, length: usize| [&[kind, 3, 3][..], &(length as u16).to_be_bytes(), &vec![0xa5; length]].concat();
    for (first, keys_asked_for_in) in [(0x16, &[4][..]), (0x17, &[])] {
        let (mut capture, mut browser) = (Capture::new(Link::Ethernet), Connection::from_port(50_001));
        browser.open(&mut capture);
        for (kind, side) in [(first, Side::Client), (0x16, Side::Server), (0x17, Side::Client), (0x17, Side::Server)] {
            browser.send(&mut capture, side, record(kind, 90));
        }
        assert_eq!(labels_of(&capture).with(KEYS), keys_asked_for_in, "a record of type {first:#x}");
    }
    let wireshark = Wireshark::with_plugin();
    let recorded = std::fs::read(wireshark.capture("wss-2026.pcapng")).expect("read the capture");
    for (what, capture, lack) in
        [("with its keys", recorded.clone(), ""), ("without", without_secrets(&recorded), "4\n18\n")]
    {
        let path = wireshark.write_file("wss.pcapng", &capture);
        let port = ["-2", "-o", "workermanchat.tcp.port:8443", "-r", path.to_str().unwrap()];
        let fields = ["-Y", KEYS, "-T", "fields", "-e", "frame.number"];
        assert_eq!(
            wireshark.tshark(&[&port[..], &fields].concat()).stdout,
            lack,
            "{what}: each connection's Client Hello"
        );
    }
}

/// A pcapng file of this machine's byte order without its Decryption Secrets Blocks (draft-ietf-opsawg-pcapng, section 4.7).
fn without_secrets(file: &[u8]) -> Vec<u8> {
    const SECRETS: u32 = 10;
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes"));
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < file.len() {
        let block = &file[at..at + number(at + 4) as usize];
        if number(at) != SECRETS {
            kept.extend_from_slice(block);
        }
        at += block.len();
    }
    kept
}

#[test]
fn a_response_without_the_subprotocol_that_was_asked_for_has_not_succeeded() {
    let labels = labels("field/subprotocol");
    assert_eq!(labels.with(NO_SUBPROTOCOL), [6]);
    assert_eq!(labels.numbers(6, PHASE), [RESPONSE]);
    assert!(labels.notes(6).contains("none of the subprotocols that were asked for"), "{}", labels.notes(6));
    for frame in [6, 7] {
        assert!(!labels.notes(frame).contains("succeeded"), "{}", labels.notes(frame));
    }
    assert_eq!((labels.numbers(7, ACKS), labels.0[&7].has(COMPLETE)), (vec![6], false));
    assert!(labels.notes(16).contains("succeeded") && labels.0[&17].has(COMPLETE), "it asked for none");
}

#[test]
fn a_subprotocol_is_granted_where_the_response_names_one() {
    let protocol = "Sec-WebSocket-Protocol: chat\r\n";
    for (asked, granted, is_missing) in [
        (protocol, "", true),
        (protocol, protocol, false),
        ("sec-websocket-protocol: ,chat\r\nSec-WebSocket-Protocol: two\r\n", "", true),
        ("Sec-WebSocket-Protocol:  , \r\n", "", false),
        ("", "", false),
        ("", protocol, false),
    ] {
        let (mut capture, mut browser) = (Capture::new(Link::Ethernet), Connection::from_port(50_001));
        browser.open(&mut capture);
        browser.send(&mut capture, Side::Client, request("/", asked));
        let answer = browser.send(&mut capture, Side::Server, response(&accept(), granted));
        browser.ack(&mut capture, Side::Client);
        // Not a browser: it goes on.
        browser_says(&mut capture, &mut browser, login_request("a", "1"));
        let result = server_says(&mut capture, &mut browser, login_result(1, "a", &[(1, "a")]));
        let labels = labels_of(&capture);
        assert_eq!(labels.with(NO_SUBPROTOCOL), if is_missing { vec![answer] } else { vec![] }, "{asked:?}");
        assert_eq!(labels.numbers(result, PHASE), [LOGIN_RESULT]);
    }
}

#[test]
fn a_login_that_the_server_never_answered_has_a_finding() {
    assert_eq!(labels("field/login-unanswered").with(NO_LOGIN_RESULT), [15, 16]);
    let page = page("field/login-unanswered", "transcript");
    let lines: Vec<&str> = page.lines().skip_while(|line| !line.ends_with("* Ada logs in")).take(2).collect();
    assert!(lines[1].contains("! The server never answered this login"), "{page}");
}

/// A browser that asks to log in, in the frame that is returned.
fn asks_to_log_in() -> (Capture, Connection, u32) {
    let (mut capture, mut browser) = (Capture::new(Link::Ethernet), Connection::from_port(50_001));
    browser.open(&mut capture);
    upgrade(&mut capture, &mut browser);
    let login = browser_says(&mut capture, &mut browser, login_request("a", "1"));
    browser.ack(&mut capture, Side::Server);
    (capture, browser, login)
}

#[test]
fn a_login_that_may_be_answered_yet_has_no_finding() {
    let unanswered = |change: fn(&mut Capture, &mut Connection)| {
        let (mut capture, mut browser, login) = asks_to_log_in();
        change(&mut capture, &mut browser);
        labels_of(&capture).with(NO_LOGIN_RESULT) == [login]
    };
    fn goes_on(capture: &mut Capture, browser: &mut Connection) {
        capture.wait(Duration::from_secs(6));
        server_says(capture, browser, PING);
        browser.ack(capture, Side::Client);
    }
    assert!(unanswered(goes_on));
    assert!(!unanswered(|_, _| {}), "the capture ends");
    assert!(
        !unanswered(|capture, browser| {
            capture.wait(Duration::from_secs(3));
            server_says(capture, browser, PING);
        }),
        "the server may have stalled"
    );
    assert!(
        !unanswered(|capture, browser| {
            capture.push(&browser.segment(Side::Client, FIN | ACK, []));
            goes_on(capture, browser);
        }),
        "the browser leaves at once"
    );
    assert!(
        !unanswered(|capture, browser| {
            goes_on(capture, browser);
            server_says(capture, browser, login_result(1, "a", &[(1, "a")]));
        }),
        "it comes late"
    );
    assert!(
        !unanswered(|capture, browser| {
            browser.segment(Side::Server, ACK, [0; 150]);
            goes_on(capture, browser);
        }),
        "it may be missing"
    );
    assert!(
        !unanswered(|capture, browser| {
            goes_on(capture, browser);
            server_says(capture, browser, r#"{"type":"welcome"}"#);
        }),
        "another server answers in another way"
    );
    assert!(
        !unanswered(|capture, browser| {
            server_says(capture, browser, say_delivery(2, "b", "hi, a"));
            goes_on(capture, browser);
        }),
        "who gets what is said has logged in"
    );
    assert!(unanswered(|capture, browser| {
        browser_says(capture, browser, say_request("anybody?"));
        goes_on(capture, browser);
    }));
}

#[test]
fn a_login_that_the_server_ignores_for_a_reason_has_no_second_finding() {
    for login in [r#"{"type":"login","client_name":"a"}"#, r#"{"type":"login","client_name":"a","room_id":"1""#] {
        let (mut capture, mut browser) = (Capture::new(Link::Ethernet), Connection::from_port(50_001));
        browser.open(&mut capture);
        upgrade(&mut capture, &mut browser);
        browser_says(&mut capture, &mut browser, login);
        capture.wait(Duration::from_secs(20));
        server_says(&mut capture, &mut browser, PING);
        assert_eq!(labels_of(&capture).with(NO_LOGIN_RESULT), [0; 0], "{login}");
    }
}

#[test]
fn minus_zero_is_delivered_as_php_prints_it() {
    let labels = labels("hard3/odd-json");
    assert_eq!((labels.numbers(28, DELIVERIES), labels.0[&28].has(NO_DELIVERY)), (vec![2], false));
    assert_eq!([29, 31].map(|delivery| labels.numbers(delivery, REQUEST_IN)), [[28], [28]]);
}

#[test]
fn the_server_of_today_ignores_a_re_login() {
    let labels = labels("hard3/odd-json");
    assert_eq!((labels.numbers(260, PHASE), labels.0[&260].has(UNKNOWN_TYPE)), (vec![UNKNOWN], true));
    assert!([260, 262, 264].iter().all(|frame| labels.0[frame].one(USER) == "ann"));
    assert!(!page("hard3/odd-json", "transcript").contains("now called"));
}

#[test]
fn a_re_login_is_a_login_until_the_server_shows_that_it_is_todays() {
    let (mut capture, mut browser) = (Capture::new(Link::Ethernet), Connection::from_port(50_001));
    browser.open(&mut capture);
    upgrade(&mut capture, &mut browser);
    let again = r#"{"type":"re_login","client_name":"a","room_id":1}"#;
    let first = browser_says(&mut capture, &mut browser, again);
    let list = r#"[{"client_id":1,"client_name":"a"}]"#;
    let result = format!(
        r#"{{"type":"re_login","client_id":1,"client_name":"a","client_list":{list},"time":"2015-03-01 10:00:00"}}"#
    );
    let result = server_says(&mut capture, &mut browser, result);
    let (mut later, mut other) = logged_in();
    let ignored = [again, r#"{"type":"re_login"}"#].map(|message| browser_says(&mut later, &mut other, message));
    let (old, new) = (labels_of(&capture), labels_of(&later));
    assert_eq!((old.numbers(first, PHASE), old.numbers(result, PHASE)), (vec![LOGIN_REQUEST], vec![LOGIN_RESULT]));
    assert_eq!(new.with(UNKNOWN_TYPE), ignored);
    assert_eq!(new.with(MISSING_MEMBER), [0; 0]);
}

#[test]
fn what_is_json_but_no_object_is_not_called_malformed() {
    let labels = labels("hard3/odd-json");
    for frame in [131, 135, 137, 139, 141, 143, 145, 147, 149, 151, 153, 155, 157] {
        assert!(labels.0[&frame].has(UNKNOWN_TYPE) && !labels.0[&frame].has(MALFORMED), "{frame}");
        assert!(!labels.notes(frame).contains("Not JSON"), "{}", labels.notes(frame));
    }
    for frame in [159, 161, 163, 176] {
        assert!(labels.0[&frame].has(MALFORMED), "{frame}: a byte order mark, a comma, other quotes, half a pair");
    }
}

#[test]
fn a_say_to_the_client_0_is_linked_as_the_server_takes_it() {
    let labels = labels("hard3/say-and-close-one-segment");
    assert_eq!((labels.numbers(78, REQUEST_IN), labels.numbers(77, DELIVERIES)), (vec![77], vec![1]));
}

#[test]
fn of_a_say_to_the_client_0_that_an_older_php_delivers_to_all_nothing_is_said() {
    let (mut capture, mut browser) = logged_in();
    browser_says(&mut capture, &mut browser, r#"{"type":"say","to_client_id":0,"to_client_name":"x","content":"hi"}"#);
    server_says(&mut capture, &mut browser, say_delivery(1, "a", "hi"));
    capture.wait(Duration::from_secs(5));
    server_says(&mut capture, &mut browser, PING);
    assert_eq!(labels_of(&capture).with(NO_DELIVERY), [0; 0]);
}

#[test]
fn a_syn_that_two_points_captured_is_one_packet() {
    let labels = labels("hard3/routed-twice-syn");
    let syns: Vec<u32> = [1, 2, 3].iter().flat_map(|phase| labels.having(PHASE, *phase)).collect();
    assert_eq!(syns, [1, 19, 2, 20, 3, 21], "not 4 to 6 and 22 to 24, which have the same IP ids and timestamps");
}

/// A SYN over IPv4 with these TCP options, of which there are four bytes or a multiple.
fn syn_with(options: &[u8]) -> Vec<u8> {
    let mut packet = Connection::from_port(50_001).segment(Side::Client, SYN, []).ip_packet();
    let length = (packet.len() + options.len()) as u16;
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    packet[20 + 12] = (((20 + options.len()) / 4) << 4) as u8;
    packet.extend(options);
    packet
}

#[test]
fn without_an_identification_a_timestamp_tells_which_syn_is_a_copy() {
    let stamped = |time: u8| [1, 1, 8, 10, 0, 0, 0, time, 0, 0, 0, 0];
    let malformed: [&[u8]; 6] = [
        &[8, 0, 0, 0],
        &[8, 10, 1, 1],
        &[3, 255, 8, 10],
        &[8, 2, 8, 1],
        &[1; 40],
        &[0, 0, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0],
    ];
    let syns = |first: &[u8], second: &[u8]| {
        let mut capture = Capture::new(Link::Ethernet);
        let to = IpAddr::from([192, 0, 2, 1]);
        capture.push_ip(&syn_with(first), to);
        capture.wait(Duration::from_secs(1));
        capture.push_ip(&syn_with(second), to);
        labels_of(&capture).having(PHASE, 1)
    };
    assert_eq!(syns(&stamped(7), &stamped(7)), [1]);
    assert_eq!(syns(&stamped(7), &stamped(8)), [1, 2]);
    for options in malformed {
        assert_eq!(syns(options, options), [1, 2], "{options:?}");
    }
}

#[test]
fn a_flash_clients_request_for_the_policy_and_the_answer_are_noted() {
    let labels = labels("server-2014/flash");
    let notes = [16, 18].map(|frame| labels.notes(frame));
    assert_eq!(
        notes[0],
        "Browser port 42428 asks server port 7272 for its Flash policy: may pages of other sites connect to it?"
    );
    assert!(
        notes[1].starts_with("Server port 7272 answers browser port 42428 with its Flash policy (XML)"),
        "{}",
        notes[1]
    );
    assert_eq!([16, 18].map(|frame| labels.numbers(frame, PHASE)), [[0; 0], [0; 0]], "no step of a chat connection");
}

#[test]
fn what_only_resembles_a_flash_policy_is_not_noted() {
    let (policy, request) = ("<?xml version=\"1.0\"?><cross-domain-policy/>\0", "<policy-file-request/>\0");
    for (side, payload, is_noted) in [
        (Side::Client, request, true),
        (Side::Server, policy, true),
        (Side::Server, request, false),
        (Side::Client, policy, false),
        (Side::Client, "<policy-file-requ", false),
        (Side::Client, " <policy-file-request/>", false),
        (Side::Server, "<", false),
        (Side::Server, "<html>", false),
        (Side::Server, &format!("<{}<cross-domain-policy>", " ".repeat(60_000)), false),
    ] {
        let (mut capture, mut browser) = (Capture::new(Link::Ethernet), Connection::from_port(50_001));
        browser.open(&mut capture);
        let frame = browser.send(&mut capture, side, payload);
        let labels = labels_of(&capture);
        assert_eq!(labels.notes(frame).contains("Flash policy"), is_noted, "{payload:.40}");
    }
}

#[test]
fn nobody_is_in_room_0() {
    let labels = labels("hard3/room-0");
    assert_eq!(labels.with(NO_DELIVERY), [21, 23]);
    for say in [21, 23, 33] {
        assert_eq!((labels.0[&say].one(ROOM), labels.0[&say].has(MEMBERS)), ("0".to_owned(), false), "{say}");
    }
    assert!([10, 20].iter().all(|ack| labels.0[ack].has(COMPLETE)), "a login of which nobody else has to be told");
}

#[test]
fn a_room_is_the_string_that_php_makes_of_it() {
    let labels = labels("hard3/odd-json");
    // 1.0, true, 1e0: the server lists the users of room 1.
    for (login, result) in [(455, 460), (494, 499), (744, 749)] {
        assert_eq!([login, result].map(|frame| labels.0[&frame].one(ROOM)), ["1", "1"], "{login}");
    }
    assert_eq!(
        labels.0[&462].one(MEMBERS).split(", ").collect::<std::collections::BTreeSet<_>>(),
        ["ann", "bob", "n2"].into()
    );
    // 0, false, an empty string.
    assert!([610, 635, 660].iter().all(|say| !labels.0[say].has(MEMBERS)));
}

#[test]
fn a_delivery_that_was_sent_again_and_never_acknowledged_has_a_note() {
    assert_eq!(labels("field/poweroff").with(NO_ACK), [34]);
}

#[test]
fn a_delivery_that_may_have_been_acknowledged_has_no_note() {
    let is_lost = |change: fn(&mut Capture, &mut Connection, &Segment)| {
        let (mut capture, mut browser) = logged_in();
        let delivery = browser.data(Side::Server, text(say_delivery(2, "b", "hi")));
        let frame = capture.push(&delivery);
        change(&mut capture, &mut browser, &delivery);
        labels_of(&capture).with(NO_ACK) == [frame]
    };
    fn again(capture: &mut Capture, delivery: &Segment) {
        for seconds in [1, 2, 4, 8] {
            capture.wait(Duration::from_secs(seconds));
            capture.push(delivery);
        }
    }
    assert!(is_lost(|capture, _, delivery| again(capture, delivery)));
    assert!(
        !is_lost(|capture, _, delivery| {
            capture.wait(Duration::from_secs(1));
            capture.push(delivery);
        }),
        "the capture ends"
    );
    assert!(
        !is_lost(|capture, browser, delivery| {
            again(capture, delivery);
            browser.ack(capture, Side::Client);
        }),
        "late"
    );
    assert!(
        !is_lost(|capture, browser, _| {
            capture.wait(Duration::from_secs(20));
            server_says(capture, browser, PING);
            capture.wait(Duration::from_secs(20));
            server_says(capture, browser, PING);
        }),
        "the capture has one direction only"
    );
    assert!(
        !is_lost(|capture, browser, delivery| {
            again(capture, delivery);
            server_says(capture, browser, PING);
        }),
        "the server goes on, as behind an acknowledgment"
    );
    assert!(
        !is_lost(|capture, browser, delivery| {
            again(capture, delivery);
            capture.push(&browser.segment(Side::Client, RST, []));
        }),
        "it is said that the connection was reset"
    );
    assert!(
        !is_lost(|capture, browser, delivery| {
            again(capture, delivery);
            browser.segment(Side::Client, ACK, [0; 21]);
            browser.ack(capture, Side::Server);
            capture.push(delivery);
        }),
        "the capture lacks what the browser sent"
    );
}
