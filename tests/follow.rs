//! Follow, `-z follow,workermanchat`: a connection as the two people at its ends see it.

mod harness;

use std::path::Path;

use harness::packets::{Capture, Connection, Link};
use harness::reader::messages;
use harness::scripts::*;
use harness::sharkd::Sharkd;
use harness::wireshark::Wireshark;
use serde_json::json;

/// What Wireshark tells of a connection: the side, the frame and the bytes of each piece. sharkd has the bytes as they are; tshark's form
/// for text, in older versions, only ASCII.
fn followed(wireshark: &Wireshark, path: &Path, filter: &str) -> Vec<(bool, u32, String)> {
    let mut sharkd = Sharkd::load(wireshark, path);
    let answer = sharkd.ask("follow", json!({"follow": "WorkermanChat", "filter": filter}));
    let pieces = answer["payloads"].as_array().cloned().unwrap_or_default();
    let piece = |piece: &serde_json::Value| {
        let text = String::from_utf8(from_base64(piece["d"].as_str().expect("data"))).expect("UTF-8");
        (piece["s"] == 1, piece["n"].as_u64().expect("a frame") as u32, text)
    };
    pieces.iter().map(piece).collect()
}

fn from_base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0u32, 0);
    for digit in text.bytes().filter_map(|byte| ALPHABET.iter().position(|&digit| digit == byte)) {
        bits = bits << 6 | digit as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

fn tshark(wireshark: &Wireshark, path: &Path, options: &[&str], of: &str) -> String {
    let tap = format!("follow,workermanchat,ascii,{of}");
    let mut arguments = vec!["-r", path.to_str().unwrap(), "-q", "-z", &tap];
    arguments.extend(options);
    wireshark.tshark(&arguments).stdout
}

/// Of every message of a connection there is a line, said by the side that sent it.
#[test]
fn there_is_a_line_of_each_message() {
    let wireshark = Wireshark::with_plugin();
    for name in ["seed-2014.pcap", "chat-2015.pcap", "chat-2026.pcap", "heartbeat-2026.pcap"] {
        let path = wireshark.capture(name);
        let all = messages(&path);
        let mut connections: Vec<_> = all.iter().map(|message| message.connection(7272)).collect();
        connections.dedup();
        let client = all[0].connection(7272);
        let expected: Vec<(bool, u32)> = all
            .iter()
            .filter(|message| message.connection(7272) == client)
            .map(|message| (message.is_from_server(7272), message.frame))
            .collect();
        let filter =
            format!("tcp.port == {} && tcp.stream == {}", client.0.port(), stream(&wireshark, &path, expected[0].1));
        let lines = followed(&wireshark, &path, &filter);
        assert_eq!(lines.iter().map(|(side, frame, _)| (*side, *frame)).collect::<Vec<_>>(), expected, "{name}");
        for (_, frame, line) in lines {
            assert_eq!(line.find('\n'), Some(line.len() - 1), "{name}, frame {frame}: {line:?}");
        }
    }
}

fn stream(wireshark: &Wireshark, path: &Path, frame: u32) -> u32 {
    wireshark.rows(path, &["-Y", &format!("frame.number == {frame}")], &["tcp.stream"])[0].numbers("tcp.stream")[0]
}

#[test]
fn the_lines_of_the_seed_session() {
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.capture("seed-2014.pcap");
    let lines: Vec<String> = followed(&wireshark, &path, "tcp.stream == 0").into_iter().map(|line| line.2).collect();
    assert_eq!(
        lines,
        [
            "* Login request: mynick\n",
            "* User list (2 users)\n",
            "* Login result: mynick\n",
            "mynick → all: hi,  all !\n",
            "mynick → all: hi,  all !\n"
        ]
    );
}

#[test]
fn tshark_follows_by_number_and_by_addresses_in_one_pass_and_in_two() {
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.capture("seed-2014.pcap");
    let text = tshark(&wireshark, &path, &[], "0");
    let lines: Vec<&str> = text.lines().map(str::trim_start).filter(|line| line.contains([':', '(', '*'])).collect();
    assert_eq!(
        lines,
        [
            "Follow: workermanchat,ascii",
            "Filter: tcp.stream eq 0",
            "Node 0: 127.0.0.1:60653",
            "Node 1: 127.0.0.1:7272",
            "* Login request: mynick",
            "* User list (2 users)",
            "* Login result: mynick",
            "mynick ... all: hi,  all !",
            "mynick ... all: hi,  all !",
        ]
    );
    assert_eq!(tshark(&wireshark, &path, &["-2"], "0"), text);
    let of_addresses = tshark(&wireshark, &path, &[], "127.0.0.1:60653,127.0.0.1:7272");
    let body = |text: &str| text.split_once("Node 0").expect("a heading").1.to_owned();
    assert_eq!(body(&of_addresses), body(&text));
    assert!(tshark(&wireshark, &path, &[], "7").contains("Node 0: :0"), "a connection that is not there has no ends");
}

#[test]
fn what_is_said_stays_in_its_line() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50001);
    join(&mut capture, &mut connection, 1, "my\u{1b}nick", "1");
    browser_says(&mut capture, &mut connection, say_request("a\nb\u{1b}[2J\u{202e}c\u{0}"));
    browser_says(&mut capture, &mut connection, "{");
    browser_says(&mut capture, &mut connection, r#"{"type":"wave"}"#);
    server_says(&mut capture, &mut connection, logout(2, "an\u{7}na"));
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("hostile.pcap", &capture);
    let lines: Vec<String> = followed(&wireshark, &path, "tcp.stream == 0").into_iter().map(|line| line.2).collect();
    assert_eq!(lines[2], "my␛nick → all: a\\nb␛[2J<U+202E>c\u{fffd}\n");
    assert!(lines[3].starts_with("* Unknown message: Not JSON: "), "{lines:?}");
    assert_eq!(lines[5], "* Logout notification: an␇na\n");
    assert!(lines.iter().all(|line| !line.trim_end_matches('\n').contains(char::is_control)), "{lines:?}");
}
