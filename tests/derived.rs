//! The chats that people build from this one: captures rebuilt from the message formats of public ones, and captures that are built here. What is
//! right, the table beside the captures says.
//!
//! Every test looks at the labels of two passes, where nothing else is said.

mod harness;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use harness::packets::{Capture, Connection, Link, Side};
use harness::phase::{LOGIN_NOTIFICATION, LOGIN_RESULT, PING, PONG, UNKNOWN};
use harness::recording::Recording;
use harness::scripts::{browser_says, join, login_request, server_says, upgrade};
use harness::sharkd::Sharkd;
use harness::websocket::{BINARY, Frame};
use harness::wireshark::{Row, Wireshark, captures};

const PHASE: &str = "workermanchat.phase";
const NOTE: &str = "workermanchat.note";
const SERVER: &str = "workermanchat.server";
const SENDER: &str = "workermanchat.sender";
const RECIPIENT: &str = "workermanchat.recipient";
const ROOM: &str = "workermanchat.room";
const TEXT: &str = "workermanchat.text";
const MEMBERS: &str = "workermanchat.room.members";
const REQUEST_IN: &str = "workermanchat.request_in";
const DELIVERIES: &str = "workermanchat.deliveries";
const EXPERT: &str = "_ws.expert.message";
const NO_DELIVERY: &str = "workermanchat.expert.no_delivery";
const UNKNOWN_TYPE: &str = "workermanchat.expert.unknown_type";
const UNESCAPED: &str = "workermanchat.expert.unescaped_html";
const MALFORMED: &str = "workermanchat.expert.malformed_json";
const MISSING_MEMBER: &str = "workermanchat.expert.missing_member";
const BAD_TIME: &str = "workermanchat.expert.bad_time";
const NAME: &str = "workermanchat.client_list.client_name";

const FIELDS: &[&str] = &[
    PHASE,
    NOTE,
    SERVER,
    SENDER,
    RECIPIENT,
    ROOM,
    TEXT,
    MEMBERS,
    REQUEST_IN,
    DELIVERIES,
    EXPERT,
    NO_DELIVERY,
    UNKNOWN_TYPE,
    UNESCAPED,
    MALFORMED,
    MISSING_MEMBER,
    BAD_TIME,
    NAME,
];

const ORIGINAL: u32 = 1;
const DERIVED: u32 = 2;

/// The labels of a capture, by frame.
struct Labels(BTreeMap<u32, Row>);

impl Labels {
    fn of(wireshark: &Wireshark, path: &Path, options: &[&str]) -> Labels {
        Labels(wireshark.rows(path, options, FIELDS).into_iter().map(|row| (row.frame, row)).collect())
    }

    fn all(&self, frame: u32, field: &str) -> Vec<String> {
        self.0[&frame].all(field)
    }

    fn notes(&self, frame: u32) -> String {
        self.all(frame, NOTE).join("; ")
    }

    fn numbers(&self, frame: u32, field: &str) -> Vec<u32> {
        self.0[&frame].numbers(field)
    }

    /// The frames with a value of a field.
    fn having(&self, field: &str, value: u32) -> Vec<u32> {
        self.0.values().filter(|row| row.numbers(field).contains(&value)).map(|row| row.frame).collect()
    }

    /// The frames with a field.
    fn with(&self, field: &str) -> Vec<u32> {
        self.0.values().filter(|row| row.has(field)).map(|row| row.frame).collect()
    }

    /// Nothing is said of the server that only the original does.
    fn assert_nothing_is_asserted(&self) {
        for field in [NO_DELIVERY, UNKNOWN_TYPE, UNESCAPED, MALFORMED, MISSING_MEMBER, BAD_TIME] {
            assert_eq!(self.with(field), [0; 0], "{field}");
        }
        for row in self.0.values() {
            let said = [row.all(NOTE), row.all(EXPERT)].concat().join("; ");
            for words in ["ignored", "ignores", "always", "alone", "Nobody", "does not know"] {
                assert!(!said.contains(words), "frame {}: {said}", row.frame);
            }
        }
    }
}

fn recorded(wireshark: &Wireshark, name: &str) -> PathBuf {
    let recording = Recording::read(&captures().join(format!("field/{name}.pcap")));
    wireshark.write_file("recorded.pcap", &recording.pcap(&recording.packets))
}

fn labels(name: &str) -> Labels {
    let wireshark = Wireshark::with_plugin();
    Labels::of(&wireshark, &recorded(&wireshark, name), &["-2"])
}

fn labels_of(capture: &Capture) -> Labels {
    let wireshark = Wireshark::with_plugin();
    Labels::of(&wireshark, &wireshark.write("built.pcap", capture), &["-2"])
}

/// A browser whose WebSocket connection is open.
fn opened() -> (Capture, Connection) {
    let (mut capture, mut browser) = (Capture::new(Link::Ethernet), Connection::from_port(50_001));
    browser.open(&mut capture);
    upgrade(&mut capture, &mut browser);
    (capture, browser)
}

// --- the table beside the captures ------------------------------------------------------------------------------------

#[test]
fn on_a_port_that_the_user_names_each_json_message_is_shown_whatever_came_first() {
    let wireshark = Wireshark::with_plugin();
    let path = recorded(&wireshark, "fork-easydoc");
    for options in [&[][..], &["-2"], &["-d", "tcp.port==7272,workermanchat"]] {
        let labels = Labels::of(&wireshark, &path, options);
        let messages = [8, 10, 11, 20, 22, 23, 25, 26, 28, 29, 31, 32, 34, 37, 45];
        assert_eq!(labels.with(SERVER), messages, "{options:?}");
        assert_eq!(labels.having(PHASE, UNKNOWN), [8, 11, 20, 23, 25, 32], "{options:?}");
        assert_eq!(labels.all(8, TEXT), ["connected"], "{options:?}");
        assert_eq!(labels.all(11, SENDER), ["Ada"], "{options:?}");
    }
    let labels = labels("fork-easydoc");
    labels.assert_nothing_is_asserted();
    assert_eq!(labels.having(REQUEST_IN, 26), [28, 29], "names stand for ids where there are none");
    assert_eq!(labels.having(SERVER, DERIVED), labels.with(SERVER));
}

#[test]
fn a_say_without_a_recipient_is_not_said_to_be_delivered_to_its_sender_alone() {
    let labels = labels("easydoc-recognised");
    labels.assert_nothing_is_asserted();
    assert_eq!(labels.having(REQUEST_IN, 25), [27, 29]);
    assert_eq!(labels.numbers(25, DELIVERIES), [2]);
}

#[test]
fn what_the_server_changes_is_delivered_with_another_text() {
    let labels = labels("wordfilter");
    assert_eq!(labels.with(NO_DELIVERY), [0; 0]);
    assert_eq!(labels.having(REQUEST_IN, 25), [27, 29]);
    for frame in [25, 27, 29] {
        assert!(labels.notes(frame).contains("delivered, with another text"), "{frame}: {}", labels.notes(frame));
    }
    assert_eq!(labels.having(REQUEST_IN, 35), [37, 39]);
    assert!(!labels.notes(35).contains("another text"));
    assert_eq!((labels.numbers(23, SERVER), labels.numbers(31, SERVER)), (vec![ORIGINAL], vec![DERIVED]));
}

#[test]
fn a_servers_own_markup_and_system_messages_are_no_findings() {
    let labels = labels("fork-features");
    labels.assert_nothing_is_asserted();
    for (say, deliveries) in [(25, vec![27, 29]), (45, vec![47, 49]), (51, vec![53]), (55, vec![59, 61])] {
        assert_eq!(labels.having(REQUEST_IN, say), deliveries, "{say}");
    }
    assert_eq!(labels.numbers(27, SERVER), [DERIVED], "the markup shows it");
}

#[test]
fn names_in_a_list_of_objects_are_found() {
    let labels = labels("fork-gifts");
    labels.assert_nothing_is_asserted();
    assert_eq!(labels.all(22, NAME), ["Ada", "Bob"]);
    for frame in [33, 35, 38] {
        assert_eq!(labels.all(frame, RECIPIENT), ["Bob"], "{frame}");
    }
    assert_eq!(labels.all(33, MEMBERS), ["Ada, Bob"]);
    for frame in [28, 30, 32] {
        assert_eq!(labels.all(frame, SENDER), ["Bob"], "{frame}");
        assert_eq!(labels.all(frame, RECIPIENT), ["all"], "{frame}");
        assert!(labels.notes(frame).contains("Bob → all: 赠送主播 [/sg1] 3个"), "{}", labels.notes(frame));
    }
    assert_eq!(labels.having(REQUEST_IN, 33), [35, 38]);
}

#[test]
fn a_heartbeat_goes_in_either_direction_as_json_or_as_text() {
    let labels = labels("client-heartbeat");
    labels.assert_nothing_is_asserted();
    assert_eq!((labels.having(PHASE, PING), labels.having(PHASE, PONG)), (vec![12, 16, 22], vec![14, 18, 24]));
    for (ping, pong) in [(12, 14), (16, 18), (22, 24)] {
        assert_eq!(labels.numbers(pong, REQUEST_IN), [ping]);
    }
}

#[test]
fn an_unknown_message_says_who_says_what() {
    let labels = labels("fork-someet");
    labels.assert_nothing_is_asserted();
    for (frame, sender, recipient, text) in [
        (9, "Ada", "7f0000010b5400000001", "old line"),
        (30, "Bob", "Ada", "psst"),
        (32, "Bob", "Ada", "psst"),
        (47, "Gil", "all", "42"),
    ] {
        let shown = [SENDER, RECIPIENT, TEXT].map(|field| labels.all(frame, field).join(","));
        let right =
            [sender, recipient, text].map(|text| if text.starts_with("7f") { String::new() } else { text.to_owned() });
        assert_eq!(shown, right, "{frame}");
    }
    assert_eq!(labels.having(REQUEST_IN, 21), [23, 24]);
}

#[test]
fn messages_without_a_type_and_lists_of_messages_are_readable() {
    let labels = labels("fork-livehist");
    labels.assert_nothing_is_asserted();
    assert_eq!((labels.all(8, TEXT), labels.all(12, TEXT)), (vec!["connected".to_owned()], vec!["earlier".to_owned()]));
    assert_eq!(labels.all(12, SENDER), ["Bob"]);
    assert_eq!(labels.having(REQUEST_IN, 14), [15]);
}

#[test]
fn the_mark_of_a_private_say_may_be_in_another_language() {
    let labels = labels("fork-zhtw");
    labels.assert_nothing_is_asserted();
    for (frame, text) in [(25, "psst"), (27, "psst"), (31, "yes"), (33, "yes")] {
        assert_eq!(labels.all(frame, TEXT), [text], "{frame}");
    }
    assert_eq!((labels.having(REQUEST_IN, 24), labels.having(REQUEST_IN, 29)), (vec![25, 27], vec![31, 33]));
}

#[test]
fn a_login_that_the_server_tells_the_user_itself_of_is_not_told_another() {
    let labels = labels("fork-laravel");
    labels.assert_nothing_is_asserted();
    assert_eq!(labels.having(PHASE, LOGIN_NOTIFICATION), [10, 23, 25]);
    assert_eq!(labels.having(PHASE, LOGIN_RESULT), [12, 27]);
    for frame in [10, 25] {
        assert!(!labels.notes(frame).contains("another browser"), "{}", labels.notes(frame));
    }
}

#[test]
fn compressed_payload_is_said_to_be_that() {
    let labels = labels("fork-gzbin");
    assert_eq!((labels.with(MALFORMED), labels.with(UNKNOWN_TYPE)), (vec![], vec![]));
    for (frame, said) in
        [(10, "98 bytes that begin like zlib: compressed"), (12, "109 bytes that begin like zlib: compressed")]
    {
        assert!(labels.notes(frame).contains(said), "{}", labels.notes(frame));
    }
}

#[test]
fn other_protocols_keep_their_ports_when_all_ports_are_the_chats() {
    let (wireshark, stock) = (Wireshark::with_plugin(), Wireshark::without_plugin());
    let protocols = |wireshark: &Wireshark, options: &[&str]| {
        let path = recorded(wireshark, "other");
        let rows = wireshark.rows(&path, options, &["frame.protocols"]);
        rows.iter().map(|row| row.all("frame.protocols")).collect::<Vec<_>>()
    };
    let all = protocols(&wireshark, &["-o", "workermanchat.tcp.port:0-65535"]);
    assert_eq!(all, protocols(&stock, &[]));
    assert!(all.iter().flatten().any(|protocols| protocols.ends_with(":ssh")), "{all:?}");
}

/// The lines of the transcript, without numbers and times.
fn transcript(name: &str, passes: &[&str]) -> Vec<String> {
    let wireshark = Wireshark::with_plugin();
    let path = recorded(&wireshark, name);
    let arguments = [&["-r", path.to_str().unwrap(), "-q", "-z", "workermanchat,transcript"], passes].concat();
    let page = wireshark.tshark(&arguments).stdout;
    page.lines().map(|line| line.split_once(" [").map_or(line, |(_, rest)| rest).to_owned()).collect()
}

#[test]
fn the_transcript_tells_each_unknown_message_once_and_whoever_leaves_leaves_once() {
    for passes in [&[][..], &["-2"]] {
        let gifts = [
            "8] * Ada logs in",
            "8] * Bob logs in",
            "8] Ada → all: nice!s01]",
            "8] (giftsay) Bob → all: 赠送主播 [/sg1] 3个",
            "8] Ada → Bob: thanks",
            "8] * Bob leaves",
            "8] * Ada leaves",
        ];
        assert_eq!(transcript("fork-gifts", passes), gifts);
        let group = transcript("fork-someet", passes);
        for line in ["3] Ada → all: hello group", "3] (saytosomeone) Bob → Ada: psst", "3] * Bob leaves"] {
            assert_eq!(group.iter().filter(|told| *told == line).count(), 1, "{line}: {group:#?}");
        }
        let shop = transcript("fork-easydoc", passes);
        assert_eq!(shop.iter().filter(|told| told.ends_with("Bob leaves")).count(), 1, "{shop:#?}");
    }
}

#[test]
fn a_time_that_cannot_be_told_is_no_date() {
    let wireshark = Wireshark::with_plugin();
    for (name, begins) in [("y1951", "    8  - "), ("y2040", "    8  2040-08-11 ")] {
        let path = captures().join(format!("field/{name}.pcap"));
        let page = wireshark.tshark(&["-r", path.to_str().unwrap(), "-q", "-z", "workermanchat,transcript"]).stdout;
        assert!(page.starts_with(begins), "{page}");
    }
}

#[test]
fn sharkd_shows_the_same_in_any_order_of_frames() {
    let wireshark = Wireshark::with_plugin();
    for name in ["fork-easydoc", "fork-features", "fork-gifts", "fork-someet", "client-heartbeat", "wordfilter"] {
        let path = recorded(&wireshark, name);
        let labels = Labels::of(&wireshark, &path, &["-2"]);
        let mut sharkd = Sharkd::load(&wireshark, &path);
        let frames = labels.with(SERVER);
        for frame in frames.iter().rev().chain(&frames) {
            for field in [NOTE, SERVER, REQUEST_IN, DELIVERIES] {
                assert_eq!(sharkd.values(*frame, field), labels.all(*frame, field), "{name}, frame {frame}, {field}");
            }
        }
    }
}

// --- built here -------------------------------------------------------------------------------------------------------

#[test]
fn a_client_that_sends_what_the_chat_does_not_know_shows_nothing_of_the_server() {
    let (mut capture, mut browser) = (Capture::new(Link::Ethernet), Connection::from_port(50_001));
    join(&mut capture, &mut browser, 1, "a", "1");
    let strange = browser_says(&mut capture, &mut browser, r#"{"type":"dance","content":"hi"}"#);
    let ping = server_says(&mut capture, &mut browser, r#"{"type":"ping"}"#);
    let labels = labels_of(&capture);
    assert_eq!((labels.numbers(strange, SERVER), labels.numbers(ping, SERVER)), (vec![ORIGINAL], vec![ORIGINAL]));
    assert_eq!(labels.with(UNKNOWN_TYPE), [strange]);
}

#[test]
fn a_server_that_turns_out_to_be_another_in_the_middle_is_one_from_there_on() {
    let (mut capture, mut browser) = (Capture::new(Link::Ethernet), Connection::from_port(50_001));
    join(&mut capture, &mut browser, 1, "a", "1");
    let before = browser_says(&mut capture, &mut browser, r#"{"type":"dance"}"#);
    let shows = server_says(&mut capture, &mut browser, r#"{"type":"danced","name":"a"}"#);
    let after = browser_says(&mut capture, &mut browser, r#"{"type":"dance"}"#);
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("built.pcap", &capture);
    for options in [&[][..], &["-2"]] {
        let labels = Labels::of(&wireshark, &path, options);
        let kinds = [before, shows, after].map(|frame| labels.numbers(frame, SERVER));
        assert_eq!(kinds, [[ORIGINAL], [DERIVED], [DERIVED]], "{options:?}");
        assert_eq!(labels.with(UNKNOWN_TYPE), [before], "{options:?}");
    }
}

#[test]
fn of_two_servers_one_is_the_original() {
    let mut capture = Capture::new(Link::Ethernet);
    let at = |client: u16, server: &str| {
        let [client, server] = [format!("10.0.0.9:{client}"), format!("{server}:7272")];
        Connection::between(client.parse().unwrap(), server.parse().unwrap())
    };
    let (mut original, mut derived) = (at(50_001, "10.0.0.1"), at(50_002, "10.0.0.2"));
    join(&mut capture, &mut original, 1, "a", "1");
    join(&mut capture, &mut derived, 1, "b", "1");
    let shows = server_says(&mut capture, &mut derived, r#"{"type":"gift","from":"b"}"#);
    let plain = server_says(&mut capture, &mut original, r#"{"type":"ping"}"#);
    let labels = labels_of(&capture);
    assert_eq!((labels.numbers(shows, SERVER), labels.numbers(plain, SERVER)), (vec![DERIVED], vec![ORIGINAL]));
}

#[test]
fn a_list_of_who_is_there_is_no_login_result() {
    let (mut capture, mut browser) = (Capture::new(Link::Ethernet), Connection::from_port(50_001));
    join(&mut capture, &mut browser, 1, "a", "1");
    server_says(&mut capture, &mut browser, r#"{"type":"welcome"}"#);
    let (one, two) = ("7f00000108fd00000001", "7f00000108fd00000002");
    let time = r#""time":"2026-11-20 07:20:19""#;
    let list = format!(
        r#"{{"type":"login","client_id":"{two}","client_name":"b",{time},"client_list":{{"{one}":"a","{two}":"b"}}}}"#
    );
    let update = server_says(&mut capture, &mut browser, list);
    let labels = labels_of(&capture);
    assert_eq!(labels.numbers(update, PHASE), [LOGIN_NOTIFICATION]);
}

#[test]
fn whoever_lies_about_types_is_read_as_far_as_it_goes() {
    let (mut capture, mut browser) = opened();
    let deep = format!(r#"{{"type":"x","data":{}1{}}}"#, "[".repeat(400), "]".repeat(400));
    let wide = format!(r#"{{"type":"x","data":[{}0]}}"#, r#"[{"content":[]}],"#.repeat(5000));
    let messages = [
        r#"{"type":"say","from_client_id":[1],"from_client_name":{"a":1},"content":{"b":[]},"to_client_id":null}"#,
        r#"{"type":["login"],"client_list":[[["a"]]],"client_name":7}"#,
        r#"{"type":"login","client_id":{},"client_list":{"a":{"client_name":{"deep":1}},"b":[1],"c":null}}"#,
        &deep,
        &wide,
    ];
    let frames = messages.map(|message| server_says(&mut capture, &mut browser, message));
    let last = browser_says(&mut capture, &mut browser, login_request("a", "1"));
    let labels = labels_of(&capture);
    for frame in frames.into_iter().chain([last]) {
        assert!(!labels.numbers(frame, PHASE).is_empty(), "frame {frame} is a message");
    }
}

#[test]
fn binary_payload_is_told_by_its_beginning_once_the_chat_is_known() {
    let (mut capture, mut browser) = (Capture::new(Link::Ethernet), Connection::from_port(50_001));
    join(&mut capture, &mut browser, 1, "a", "1");
    for (payload, said) in [
        (&b"\x1f\x8b\x08\x00rest"[..], "8 bytes that begin like gzip: compressed"),
        (b"\x08\x96\x01\x12\x05hello", "10 bytes, binary"),
    ] {
        browser.send(&mut capture, Side::Server, Frame::new(BINARY, payload).bytes());
        let frame = capture.last();
        let labels = labels_of(&capture);
        assert!(labels.notes(frame).contains(said), "{}", labels.notes(frame));
        assert_eq!(labels.with(MALFORMED), [0; 0]);
    }
}

#[test]
fn on_other_ports_several_members_that_fit_show_a_chat_built_from_this_one() {
    let (mut capture, mut browser) = (
        Capture::new(Link::Ethernet),
        Connection::between("10.0.0.9:50001".parse().unwrap(), "10.0.0.1:8080".parse().unwrap()),
    );
    browser.open(&mut capture);
    upgrade(&mut capture, &mut browser);
    let early =
        browser_says(&mut capture, &mut browser, r#"{"type":"giftsay","to_client_id":"all","content":"a rose"}"#);
    let gift = r#"{"type":"giftsay","from_client_id":"7f00000108fd00000001","from_client_name":"a","to_client_id":"all","content":"a rose"}"#;
    let shows = server_says(&mut capture, &mut browser, gift);
    let labels = labels_of(&capture);
    assert_eq!(labels.having(PHASE, UNKNOWN), [early, shows]);
    assert_eq!(labels.all(shows, SENDER), ["a"]);
}
