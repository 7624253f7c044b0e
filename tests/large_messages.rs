//! Messages that Wireshark's versions pass to subdissectors differently: larger than its unmasking limit, or compressed in fragments.

mod harness;

use harness::packets::{Capture, Connection, Link, Side};
use harness::phase::*;
use harness::scripts::*;
use harness::websocket::{Frame, deflate, masked_text, new_stream, text};
use harness::wireshark::Wireshark;

const FIELDS: &[&str] = &[
    "workermanchat.phase",
    "workermanchat.content",
    "workermanchat.to_client_id",
    "workermanchat.expert.truncated",
    "workermanchat.expert.malformed_json",
];

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;

#[test]
fn a_masked_message_above_wiresharks_limit_is_whole() {
    let content = "0123456789abcdef".repeat(300 * 1024 / 16);
    let mut capture = Capture::new(Link::Ethernet);
    let mut mynick = Connection::from_port(50001);
    join(&mut capture, &mut mynick, 1, "mynick", "1");
    let large = mynick.send(&mut capture, Side::Client, masked_text(say_request(&content)));
    let delivery = mynick.send(&mut capture, Side::Server, text(say_delivery(1, "mynick", &content)));
    let after = browser_says(&mut capture, &mut mynick, say_request("after"));
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("300-KiB.pcap", &capture);
    for passes in [&[][..], &["-2"]] {
        let rows = wireshark.rows(&path, passes, FIELDS);
        let row = |frame| rows.iter().find(|row| row.frame == frame).expect("the frame is printed");
        assert_eq!(row(large).numbers("workermanchat.phase"), [SAY_REQUEST], "{passes:?}");
        assert_eq!(row(large).one("workermanchat.to_client_id"), "all");
        assert!(row(large).all("workermanchat.content") == [content.clone()], "{passes:?}");
        assert!(!row(large).has("workermanchat.expert.truncated"));
        assert!(!row(large).has("workermanchat.expert.malformed_json"));
        assert_eq!(row(delivery).one("workermanchat.content"), content, "what is not masked is whole");
        assert_eq!(row(after).one("workermanchat.content"), "after");
    }
}

/// Which message a segment holds a part of is known when the message is complete: in one pass, its note is not there yet.
#[test]
fn a_segment_with_a_part_of_a_message_has_a_note_in_later_passes() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut mynick = Connection::from_port(50001);
    join(&mut capture, &mut mynick, 1, "mynick", "1");
    let content = "0123456789".repeat(300);
    let mut in_three = |side, bytes: Vec<u8>| -> Vec<u32> {
        bytes.chunks(bytes.len() / 3 + 1).map(|part| mynick.send(&mut capture, side, part)).collect()
    };
    let request = in_three(Side::Client, masked_text(say_request(&content)));
    let delivery = in_three(Side::Server, text(say_delivery(1, "mynick", &content)));
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("in-three.pcap", &capture);
    let note = |options: &[&str], frame: u32| {
        let rows = wireshark.rows(&path, options, &["workermanchat.note", "workermanchat.phase"]);
        let row = rows.into_iter().find(|row| row.frame == frame).expect("the frame is printed");
        (row.all("workermanchat.note").join("; "), row.numbers("workermanchat.phase"))
    };
    let (asked, answered) = (request[2], delivery[2]);
    for part in &request[..2] {
        let english = format!(
            "“mynick” (browser 192.0.2.10:50001) sends server 192.0.2.1:7272 a part of the message that is complete in frame {asked}"
        );
        assert_eq!(note(&["-2"], *part), (english, vec![]));
        assert_eq!(note(&[], *part), (String::new(), vec![]), "not known yet");
    }
    for part in &delivery[..2] {
        let (english, _) = note(&["-2"], *part);
        let expected = format!(
            "Server 192.0.2.1:7272 sends “mynick” (browser 192.0.2.10:50001) a part of the message that is complete in frame {answered}"
        );
        assert_eq!(english, expected);
        let (french, _) = note(&["-2", "-o", "workermanchat.language:fr"], *part);
        let expected = format!(" une partie du message qui est complet dans la trame {answered}");
        assert!(french.ends_with(&expected), "{french}");
    }
    assert_eq!(note(&["-2"], asked).1, [SAY_REQUEST]);
    assert_eq!(note(&["-2"], answered).1, [SAY_DELIVERY]);
}

#[test]
fn a_fragmented_compressed_message_is_correct_or_not_shown() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut mynick = Connection::from_port(50001);
    open_with_deflate(&mut capture, &mut mynick);
    browser_says(&mut capture, &mut mynick, login_request("mynick", "1"));
    server_says(&mut capture, &mut mynick, login_result(1, "mynick", &[(1, "mynick")]));
    let compressed = deflate(&mut new_stream(), say_delivery(2, "other", "compressed in two fragments").as_bytes());
    let (one, other) = compressed.split_at(compressed.len() / 2);
    let first = Frame::new(TEXT, one).compressed().unfinished().bytes();
    let second = Frame::new(CONTINUATION, other).bytes();
    mynick.send(&mut capture, Side::Server, first);
    let frame = mynick.send(&mut capture, Side::Server, second);
    let after = server_says(&mut capture, &mut mynick, say_delivery(2, "other", "after"));
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("compressed-fragments.pcap", &capture);
    for passes in [&[][..], &["-2"]] {
        let rows = wireshark.rows(&path, passes, FIELDS);
        let row = |frame| rows.iter().find(|row| row.frame == frame).expect("the frame is printed");
        // Wireshark 4.0 passes on the compressed bytes.
        if row(frame).has("workermanchat.phase") {
            assert_eq!(row(frame).one("workermanchat.content"), "compressed in two fragments");
        }
        assert!(!row(frame).has("workermanchat.expert.malformed_json"), "{passes:?}");
        assert_eq!(row(after).one("workermanchat.content"), "after");
    }
}

fn open_with_deflate(capture: &mut Capture, connection: &mut Connection) {
    let extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    connection.open(capture);
    connection.send(capture, Side::Client, harness::websocket::request("/", extension));
    let accept = harness::websocket::accept();
    connection.send(capture, Side::Server, harness::websocket::response(&accept, extension));
}
