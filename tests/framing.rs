//! How WebSocket frames become messages, where Wireshark puts them together otherwise than who receives them, or not at all.
//!
//! The recorded captures are told in `tests/captures/hard3` and `tests/captures/field`; the others are built here.

mod harness;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use harness::packets::{Capture, Connection, Link, Side};
use harness::phase::*;
use harness::recording::Recording;
use harness::scripts::*;
use harness::sharkd::Sharkd;
use harness::websocket::{
    BINARY, CLOSE, CONTINUATION, Frame, PING, PONG, TEXT, accept, deflate, masked_text, new_stream, request, response,
    text,
};
use harness::wireshark::{Row, Wireshark, captures, version};

const PHASE: &str = "workermanchat.phase";
const TYPE: &str = "workermanchat.type";
const USER: &str = "workermanchat.user";
const CONTENT: &str = "workermanchat.content";
const REQUEST_IN: &str = "workermanchat.request_in";
const DELIVERIES: &str = "workermanchat.deliveries";
const MALFORMED: &str = "workermanchat.expert.malformed_json";
const NO_DELIVERY: &str = "workermanchat.expert.no_delivery";
const TRUNCATED: &str = "workermanchat.expert.truncated";
const UNMASKED: &str = "workermanchat.expert.unmasked_client";
const MASKED: &str = "workermanchat.expert.masked_server";
const IRREGULAR: &str = "workermanchat.expert.irregular_frame";
const FIELDS: [&str; 12] = [
    PHASE,
    TYPE,
    USER,
    CONTENT,
    REQUEST_IN,
    DELIVERIES,
    MALFORMED,
    NO_DELIVERY,
    TRUNCATED,
    UNMASKED,
    MASKED,
    IRREGULAR,
];

/// A row for each frame of a capture.
struct Labels(BTreeMap<u32, Row>);

impl Labels {
    fn of(wireshark: &Wireshark, path: &Path, options: &[&str]) -> Self {
        Self(wireshark.rows(path, options, &FIELDS).into_iter().map(|row| (row.frame, row)).collect())
    }

    fn phases(&self, frame: u32) -> Vec<u32> {
        self.0[&frame].numbers(PHASE)
    }

    fn contents(&self, frame: u32) -> Vec<String> {
        self.0[&frame].all(CONTENT)
    }

    /// The frames that have a field.
    fn with(&self, field: &str) -> Vec<u32> {
        self.0.values().filter(|row| row.has(field)).map(|row| row.frame).collect()
    }

    fn answers(&self, request: u32) -> Vec<u32> {
        let answers = self.0.values().filter(|row| row.numbers(REQUEST_IN).contains(&request));
        answers.map(|row| row.frame).collect()
    }

    fn assert_no_false_finding(&self) {
        for finding in [MALFORMED, NO_DELIVERY, TRUNCATED] {
            assert_eq!(self.with(finding), [0; 0], "{finding}");
        }
    }
}

/// A recorded capture, in a home.
fn recorded(wireshark: &Wireshark, name: &str) -> PathBuf {
    let bytes = fs::read(captures().join(name)).expect("a recorded capture");
    wireshark.write_file(&name.replace('/', "-"), &bytes)
}

const PASSES: [&[&str]; 2] = [&[], &["-2"]];

/// The transcript's lines that hold a text.
fn told(wireshark: &Wireshark, path: &Path, text: &str) -> usize {
    let page = wireshark.tshark(&["-q", "-r", path.to_str().unwrap(), "-z", "workermanchat,transcript"]).stdout;
    page.lines().filter(|line| line.contains(text)).count()
}

#[test]
fn a_message_that_an_empty_frame_ends_is_a_message_and_not_the_beginning_of_the_next() {
    let wireshark = Wireshark::with_plugin();
    let path = recorded(&wireshark, "hard3/fragment-empty-end-nodews.pcap");
    let says = [(31, "nd empty end 0", [33, 35]), (43, "nd frag 1", [45, 47]), (50, "nd empty end 1", [52, 54])];
    for passes in PASSES {
        let labels = Labels::of(&wireshark, &path, passes);
        labels.assert_no_false_finding();
        for (say, content, deliveries) in says {
            assert_eq!((labels.phases(say), labels.contents(say)), (vec![SAY_REQUEST], vec![content.to_owned()]));
            assert_eq!(labels.answers(say), deliveries);
        }
    }
    let mut sharkd = Sharkd::load(&wireshark, &path);
    for (say, content, _) in says.iter().rev().chain(&says) {
        assert_eq!(sharkd.values(*say, CONTENT), [*content], "in any order");
    }
    for (_, content, _) in says {
        assert_eq!(told(&wireshark, &path, content), 1, "{content}");
    }
}

/// A capture of one user, who has logged in.
fn joined() -> (Capture, Connection) {
    let mut capture = Capture::new(Link::Ethernet);
    let mut browser = Connection::from_port(50_001);
    join(&mut capture, &mut browser, 1, "a", "1");
    (capture, browser)
}

/// A message in fragments; the last of them as it is told.
fn fragments(message: &str, last: &[u8]) -> Vec<u8> {
    let (one, other) = message.split_at(message.len() / 2);
    let first = Frame::new(TEXT, one).masked().unfinished();
    let middle = Frame::new(CONTINUATION, other).masked().unfinished();
    [first.bytes(), middle.bytes(), Frame::new(CONTINUATION, last).masked().bytes()].concat()
}

#[test]
fn messages_of_one_segment_are_in_their_order_whoever_puts_them_together() {
    let (mut capture, mut browser) = joined();
    let unfinished = say_request("three");
    let (beginning, end) = unfinished.split_at(20);
    let bytes = [
        fragments(&say_request("one"), b""),
        masked_text(say_request("two")),
        fragments(beginning, end.as_bytes()),
        Frame::new(PING, b"").masked().bytes(),
        fragments(&say_request("four"), b""),
        fragments(&say_request("five"), b""),
    ];
    let frame = browser.send(&mut capture, Side::Client, bytes.concat());
    let after = browser_says(&mut capture, &mut browser, say_request("after"));
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("one-segment.pcap", &capture);
    for passes in PASSES {
        let labels = Labels::of(&wireshark, &path, passes);
        assert_eq!(labels.contents(frame), ["one", "two", "three", "four", "five"], "{passes:?}");
        assert_eq!(labels.phases(frame), [SAY_REQUEST; 5]);
        assert_eq!(labels.contents(after), ["after"]);
        assert_eq!(labels.with(MALFORMED), [0; 0]);
    }
    let info = wireshark.tshark(&["-r", path.to_str().unwrap(), "-Y", &format!("frame.number == {frame}")]).stdout;
    let places: Vec<_> = ["one", "two", "three", "four", "five"].map(|text| info.find(text)).into();
    assert!(places.is_sorted() && places[0].is_some(), "{info}");
    let mut sharkd = Sharkd::load(&wireshark, &path);
    assert_eq!(sharkd.values(frame, CONTENT), ["one", "two", "three", "four", "five"]);
}

#[test]
fn a_message_of_the_server_may_end_with_an_empty_frame_too() {
    let (mut capture, mut browser) = joined();
    let say = browser_says(&mut capture, &mut browser, say_request("hi"));
    let first = Frame::new(TEXT, say_delivery(1, "a", "hi")).unfinished().bytes();
    browser.send(&mut capture, Side::Server, first);
    let delivery = browser.send(&mut capture, Side::Server, Frame::new(CONTINUATION, b"").bytes());
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("server.pcap", &capture);
    let labels = Labels::of(&wireshark, &path, &["-2"]);
    assert_eq!(labels.answers(say), [delivery]);
    assert_eq!(labels.0[&say].all(DELIVERIES), ["1"]);
    labels.assert_no_false_finding();
}

#[test]
fn fragments_behind_a_hole_are_not_put_together_with_others() {
    let message = say_request("in fragments");
    let (one, other) = message.split_at(message.len() / 2);
    let first = Frame::new(TEXT, one).masked().unfinished().bytes();
    let last = Frame::new(CONTINUATION, other).masked().bytes();
    let empty = Frame::new(CONTINUATION, b"").masked().bytes();
    for missing in 0..3 {
        let (mut capture, mut browser) = joined();
        for (at, bytes) in [&first, &last, &empty].into_iter().enumerate() {
            let segment = browser.data(Side::Client, bytes);
            if at != missing {
                capture.push(&segment);
            }
        }
        let after = browser_says(&mut capture, &mut browser, say_request("after"));
        let again = browser.send(&mut capture, Side::Client, fragments(&say_request("again"), b""));
        let wireshark = Wireshark::with_plugin();
        let path = wireshark.write("hole.pcap", &capture);
        for passes in PASSES {
            let labels = Labels::of(&wireshark, &path, passes);
            labels.assert_no_false_finding();
            assert_eq!(labels.contents(after), ["after"], "without {missing}");
            assert_eq!(labels.contents(again), ["again"], "without {missing}");
        }
    }
}

#[test]
fn a_message_longer_than_wireshark_unmasks_is_whole() {
    let wireshark = Wireshark::with_plugin();
    let path = recorded(&wireshark, "hard3/message-over-256k.pcap.gz");
    for passes in PASSES {
        let labels = Labels::of(&wireshark, &path, passes);
        labels.assert_no_false_finding();
        let content = labels.0[&37].one(CONTENT);
        assert!(content.starts_with("large z") && content.len() > 262_000, "{} bytes", content.len());
        assert_eq!(labels.answers(37), [50, 64]);
    }
    assert_eq!(told(&wireshark, &path, "large z"), 1);
}

#[test]
fn long_fragments_and_what_follows_a_long_message_are_read() {
    let text = |letter: &str| letter.repeat(300 * 1024);
    let (long, parts) = (text("x"), text("y"));
    let message = say_request(&parts);
    let (one, other) = message.split_at(message.len() - 10);
    let bytes = [
        masked_text(say_request(&long)),
        masked_text(say_request("short")),
        Frame::new(TEXT, one).masked().unfinished().bytes(),
        Frame::new(CONTINUATION, other).masked().bytes(),
        masked_text(say_request("last")),
    ];
    let (mut capture, mut browser) = joined();
    browser.send(&mut capture, Side::Client, bytes.concat());
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("long.pcap", &capture);
    for passes in PASSES {
        let labels = Labels::of(&wireshark, &path, passes);
        labels.assert_no_false_finding();
        let contents: Vec<String> = labels.0.values().flat_map(|row| row.all(CONTENT)).collect();
        let expected = [&*long, "short", &*parts, "last"];
        assert!(contents == expected, "{:?}", contents.iter().map(String::len).collect::<Vec<_>>());
    }
}

#[test]
fn behind_a_compressed_message_that_wireshark_does_not_inflate_nothing_is_said() {
    let wireshark = Wireshark::with_plugin();
    let path = recorded(&wireshark, "field/deflate-fragment.pcap");
    for passes in PASSES {
        let labels = Labels::of(&wireshark, &path, passes);
        labels.assert_no_false_finding();
        for (say, delivery) in [(40, 42), (44, 46), (48, 50)] {
            assert_eq!(labels.phases(say), [SAY_REQUEST]);
            let expected = if version() == "4.0" { vec![] } else { vec![delivery] };
            assert_eq!(labels.answers(say), expected, "frame {say}");
        }
        assert_eq!(labels.answers(52), [54], "what is not compressed");
    }
}

/// A browser and a server that compress what they send; `parameters` of the extension.
fn compressing(parameters: &str) -> (Capture, Connection) {
    let extension = &format!("Sec-WebSocket-Extensions: permessage-deflate{parameters}\r\n");
    let (mut capture, mut browser) = (Capture::new(Link::Ethernet), Connection::from_port(50_001));
    browser.open(&mut capture);
    browser.send(&mut capture, Side::Client, request("/", extension));
    browser.send(&mut capture, Side::Server, response(&accept(), extension));
    login(&mut capture, &mut browser, 1, "a", "1");
    (capture, browser)
}

#[test]
fn a_deflate_window_that_wireshark_has_lost_is_no_fault_of_the_server() {
    let frame = |payload: &[u8]| Frame::new(TEXT, payload).compressed();
    for lost in ["not captured", "empty end", "not inflated"] {
        let (mut capture, mut browser) = compressing("");
        let mut stream = new_stream();
        let mut says = Vec::new();
        for count in 0..4 {
            let content = format!("compressed {count}");
            says.push(browser_says(&mut capture, &mut browser, say_request(&content)));
            let delivery = deflate(&mut stream, say_delivery(1, "a", &content).as_bytes());
            match (count, lost) {
                (1, "not captured") => drop(browser.data(Side::Server, frame(&delivery).bytes())),
                (1, "empty end") => {
                    let bytes = [frame(&delivery).unfinished().bytes(), Frame::new(CONTINUATION, b"").bytes()];
                    browser.send(&mut capture, Side::Server, bytes.concat());
                }
                _ => drop(browser.send(&mut capture, Side::Server, frame(&delivery).bytes())),
            }
        }
        capture.wait(std::time::Duration::from_secs(5));
        browser_says(&mut capture, &mut browser, say_request("plain"));
        let delivery = server_says(&mut capture, &mut browser, say_delivery(1, "a", "plain"));
        let wireshark = Wireshark::with_plugin();
        let path = wireshark.write("window.pcap", &capture);
        for passes in PASSES {
            let decompress = format!("websocket.decompress:{}", if lost == "not inflated" { "FALSE" } else { "TRUE" });
            let options = [passes, &["-o", &decompress]].concat();
            let labels = Labels::of(&wireshark, &path, &options);
            labels.assert_no_false_finding();
            assert_eq!(labels.contents(delivery), ["plain"], "{lost}");
            assert!(says.iter().all(|say| labels.phases(*say) == [SAY_REQUEST]), "{lost}");
        }
    }
}

#[test]
fn a_deflate_window_that_begins_anew_with_each_message_is_not_lost() {
    let (mut capture, mut browser) = compressing("; server_no_context_takeover; client_no_context_takeover");
    let mut deliveries = Vec::new();
    for count in 0..4 {
        let delivery = deflate(&mut new_stream(), say_delivery(2, "b", &format!("compressed {count}")).as_bytes());
        let frame = Frame::new(TEXT, delivery).compressed();
        let bytes = match count {
            1 => [frame.unfinished().bytes(), Frame::new(CONTINUATION, b"").bytes()].concat(),
            _ => frame.bytes(),
        };
        deliveries.push(browser.send(&mut capture, Side::Server, bytes));
    }
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("anew.pcap", &capture);
    for passes in PASSES {
        let labels = Labels::of(&wireshark, &path, passes);
        labels.assert_no_false_finding();
        let labelled: Vec<bool> = deliveries.iter().map(|frame| labels.phases(*frame) == [SAY_DELIVERY]).collect();
        assert_eq!(labelled, [true, false, true, true]);
    }
}

#[test]
fn control_frames_have_masks_or_not_like_others() {
    let wireshark = Wireshark::with_plugin();
    let path = recorded(&wireshark, "field/masks.pcap");
    for passes in PASSES {
        let labels = Labels::of(&wireshark, &path, passes);
        assert_eq!(labels.with(UNMASKED), [12, 20]);
        assert_eq!(labels.with(MASKED), [10, 16, 22]);
    }
    let tree = wireshark.tshark(&["-r", path.to_str().unwrap(), "-V", "-Y", "frame.number == 12"]).stdout;
    let websocket = tree.find("\nWebSocket").expect("a tree of WebSocket's");
    assert!(tree[websocket..].contains("not masked"), "{tree}");
}

#[test]
fn control_frames_that_are_masked_as_they_should_have_no_finding() {
    let (mut capture, mut browser) = joined();
    for opcode in [PING, PONG, CLOSE] {
        browser.send(&mut capture, Side::Client, Frame::new(opcode, b"").masked().bytes());
        browser.send(&mut capture, Side::Server, Frame::new(opcode, b"").bytes());
    }
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("masks.pcap", &capture);
    let labels = Labels::of(&wireshark, &path, &["-2"]);
    for finding in [UNMASKED, MASKED, IRREGULAR] {
        assert_eq!(labels.with(finding), [0; 0], "{finding}");
    }
}

#[test]
fn lengths_that_could_be_shorter_are_read_as_the_server_reads_them() {
    let (mut capture, mut browser) = joined();
    let long = "x".repeat(300);
    let mut says = Vec::new();
    for (content, length_bytes) in [("short in two", 2), ("short in eight", 8), (&*long, 8)] {
        let frame = Frame::new(TEXT, say_request(content)).masked().lengthened(length_bytes);
        let bytes = [frame.bytes(), masked_text(say_request("behind it"))].concat();
        let say = browser.send(&mut capture, Side::Client, bytes);
        let delivery = server_says(&mut capture, &mut browser, say_delivery(1, "a", content));
        server_says(&mut capture, &mut browser, say_delivery(1, "a", "behind it"));
        says.push((say, delivery, content));
    }
    let ping = browser.send(&mut capture, Side::Client, Frame::new(PING, b"x").masked().lengthened(2).bytes());
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("lengths.pcap", &capture);
    for passes in PASSES {
        let labels = Labels::of(&wireshark, &path, passes);
        labels.assert_no_false_finding();
        for (say, delivery, content) in &says {
            assert_eq!(labels.contents(*say), [*content, "behind it"]);
            assert_eq!(labels.0[delivery].numbers(REQUEST_IN), [*say]);
        }
        let irregular: Vec<u32> = says.iter().map(|(say, ..)| *say).chain([ping]).collect();
        assert_eq!(labels.with(IRREGULAR), irregular);
    }
}

#[test]
fn frames_that_the_server_puts_together_whatever_they_are_called_are_messages() {
    let piece = |opcode, bytes: &str, fin| Frame { fin, ..Frame::new(opcode, bytes).masked() }.bytes();
    let split = |content: &str| {
        let message = say_request(content);
        (message[..20].to_owned(), message[20..].to_owned())
    };
    let (mut capture, mut browser) = joined();
    let mut expected = Vec::new();
    let mut say = |capture: &mut Capture, content: &'static str, pieces: [Vec<u8>; 2]| {
        let say = browser.send(capture, Side::Client, pieces.concat());
        let delivery = server_says(capture, &mut browser, say_delivery(1, "a", content));
        expected.push((say, delivery, content));
    };
    say(&mut capture, "stray", [piece(CONTINUATION, &say_request("stray"), true), vec![]]);
    let (one, other) = split("begun by a continuation");
    say(&mut capture, "begun by a continuation", [piece(CONTINUATION, &one, false), piece(CONTINUATION, &other, true)]);
    let (one, other) = split("two beginnings");
    say(&mut capture, "two beginnings", [piece(TEXT, &one, false), piece(TEXT, &other, true)]);
    let (one, other) = split("text and binary");
    say(&mut capture, "text and binary", [piece(BINARY, &one, false), piece(BINARY, &other, true)]);
    let (one, other) = split("as it should be");
    say(&mut capture, "as it should be", [piece(TEXT, &one, false), piece(CONTINUATION, &other, true)]);
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("opcodes.pcap", &capture);
    for passes in PASSES {
        let labels = Labels::of(&wireshark, &path, passes);
        labels.assert_no_false_finding();
        for (say, delivery, content) in &expected {
            assert_eq!((labels.phases(*say), labels.contents(*say)), (vec![SAY_REQUEST], vec![(*content).to_owned()]));
            assert_eq!(labels.0[delivery].numbers(REQUEST_IN), [*say], "{content}");
        }
        let irregular: Vec<u32> = expected[..4].iter().map(|(say, ..)| *say).collect();
        assert_eq!(labels.with(IRREGULAR), irregular);
    }
}

#[test]
fn a_browser_refuses_frames_that_do_not_fit_so_nothing_is_said_of_them() {
    let (mut capture, mut browser) = joined();
    let stray = Frame::new(CONTINUATION, say_delivery(1, "a", "hi")).bytes();
    let frame = browser.send(&mut capture, Side::Server, stray);
    let after = browser.send(&mut capture, Side::Server, text(say_delivery(1, "a", "after")));
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("stray.pcap", &capture);
    let labels = Labels::of(&wireshark, &path, &["-2"]);
    assert_eq!(labels.phases(frame), [0; 0]);
    assert_eq!(labels.phases(after), [SAY_DELIVERY]);
    labels.assert_no_false_finding();
}

#[test]
fn fragments_without_end_are_not_kept_without_end() {
    let (mut capture, mut browser) = joined();
    for _ in 0..12 {
        let bytes = Frame::new(CONTINUATION, vec![b'x'; 1 << 20]).masked().unfinished().bytes();
        browser.send(&mut capture, Side::Client, bytes);
    }
    browser.send(&mut capture, Side::Client, Frame::new(CONTINUATION, b"").masked().bytes());
    let after = browser.send(&mut capture, Side::Client, fragments(&say_request("after"), b""));
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("endless.pcap", &capture);
    let labels = Labels::of(&wireshark, &path, &["-2"]);
    labels.assert_no_false_finding();
    assert_eq!(labels.contents(after), ["after"]);
}

/// Wireshark 4.6 and later hand over WebSocket that HTTP/2 carries (RFC 8441).
fn carries_websocket_over_http2() -> bool {
    !["4.0", "4.2", "4.4"].contains(&version())
}

#[test]
fn two_websockets_of_one_http2_connection_are_two_users() {
    let wireshark = Wireshark::with_plugin();
    let path = recorded(&wireshark, "field/h2-two-streams.pcap");
    for passes in PASSES {
        let labels = Labels::of(&wireshark, &path, passes);
        labels.assert_no_false_finding();
        let messages =
            if carries_websocket_over_http2() { vec![9, 11, 15, 17, 19, 21, 23, 25, 27, 29, 31] } else { vec![] };
        assert_eq!(labels.with(TYPE), messages);
        if messages.is_empty() {
            continue;
        }
        assert_eq!(labels.phases(17), [LOGIN_NOTIFICATION]);
        for (request, answers) in [(9, vec![11]), (15, vec![19]), (21, vec![23, 25]), (27, vec![29, 31])] {
            assert_eq!(labels.answers(request), answers);
        }
        for (user, frames) in [("Ada", [9, 11, 17, 21, 23, 29].as_slice()), ("Bob", &[15, 19, 25, 27, 31])] {
            assert!(frames.iter().all(|frame| labels.0[frame].all(USER) == [user]), "{user}");
        }
    }
    let lines = if carries_websocket_over_http2() { 1 } else { 0 };
    assert_eq!((told(&wireshark, &path, "from Ada"), told(&wireshark, &path, "from Bob")), (lines, lines));
}

#[test]
fn websockets_of_one_http2_connection_are_not_mixed_where_a_packet_is_missing() {
    let recording = Recording::read(&captures().join("field/h2-two-streams.pcap"));
    let wireshark = Wireshark::with_plugin();
    for missing in 0..recording.packets.len() {
        let mut packets = recording.packets.clone();
        packets.remove(missing);
        let (path, _) = recording.prepare(&wireshark, "missing", &packets);
        let fields = [USER, "http2.streamid", MALFORMED, NO_DELIVERY];
        for row in wireshark.rows(&path, &["-2", "-Y", TYPE], &fields) {
            let other = if row.all("http2.streamid").contains(&"1".to_owned()) { "Bob" } else { "Ada" };
            assert!(!row.all(USER).contains(&other.to_owned()), "without {missing}: frame {}", row.frame);
            assert!(!row.has(MALFORMED) && !row.has(NO_DELIVERY), "without {missing}: frame {}", row.frame);
        }
    }
}

/// What an exported PDU says of its dissector.
fn exported(wireshark: &Wireshark, capture: &Path) -> Vec<String> {
    let file = wireshark.home().join("exported.pcapng");
    wireshark.tshark(&["-r", capture.to_str().unwrap(), "-U", "OSI layer 4", "-w", file.to_str().unwrap()]);
    let pages = wireshark.tshark(&["-r", file.to_str().unwrap(), "-V"]).stdout;
    fs::remove_file(file).expect("remove what was exported");
    let names = ["Protocol Name: ", "Table Name: ", "dissector table: "];
    let lines = pages.lines().filter(|line| names.iter().any(|name| line.contains(name)));
    lines.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn exported_pdus_name_what_every_wireshark_dissects() {
    let (with, without) = (Wireshark::with_plugin(), Wireshark::without_plugin());
    for name in ["chat-2026.pcap", "seed-2014.pcap", "hard/http-connect.pcap", "hard3/fragment-empty-end-nodews.pcap"] {
        let names = exported(&with, &recorded(&with, name));
        assert_eq!(names, exported(&without, &recorded(&without, name)), "{name}");
        assert!(!names.is_empty() || name == "seed-2014.pcap", "{name}");
    }
}
