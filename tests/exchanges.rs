//! Exchanges: what people do, from the packet that begins it to the last acknowledgment, over as many connections as it takes. The expected
//! values for the seed session are those of the page's own structure; for built captures, they follow from the script.

mod harness;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use harness::packets::{ACK, Capture, Connection, FIN, Link, Side};
use harness::scripts::*;
use harness::sharkd::Sharkd;
use harness::wireshark::{Row, Wireshark};

const EXCHANGE: &str = "workermanchat.exchange";
const TITLE: &str = "workermanchat.exchange.title";
const COMPLETE: &str = "workermanchat.exchange.complete";
const NOTE: &str = "workermanchat.note";

fn rows(wireshark: &Wireshark, capture: &Path, options: &[&str]) -> BTreeMap<u32, Row> {
    let fields = [EXCHANGE, TITLE, COMPLETE, NOTE, "workermanchat.phase", "workermanchat.acks"];
    wireshark.rows(capture, options, &fields).into_iter().map(|row| (row.frame, row)).collect()
}

/// The exchanges of each frame, equal in one pass, in two and in sharkd.
fn exchanges(wireshark: &Wireshark, capture: &Path) -> BTreeMap<u32, Row> {
    let (once, twice) = (rows(wireshark, capture, &[]), rows(wireshark, capture, &["-2"]));
    let mut sharkd = Sharkd::load(wireshark, capture);
    for (frame, row) in once.iter().rev() {
        for field in [EXCHANGE, TITLE, COMPLETE] {
            assert_eq!(row.all(field), twice[frame].all(field), "frame {frame}, {field}: one pass, then two");
            assert_eq!(sharkd.values(*frame, field).len(), row.all(field).len(), "frame {frame}, {field} in sharkd");
        }
    }
    once
}

fn frames_with(rows: &BTreeMap<u32, Row>, field: &str) -> Vec<u32> {
    rows.values().filter(|row| row.has(field)).map(|row| row.frame).collect()
}

fn of(rows: &BTreeMap<u32, Row>, began: u32) -> Vec<u32> {
    rows.values().filter(|row| row.numbers(EXCHANGE).contains(&began)).map(|row| row.frame).collect()
}

#[test]
fn the_seed_session_is_four_exchanges() {
    let wireshark = Wireshark::with_plugin();
    let rows = exchanges(&wireshark, &wireshark.capture("seed-2014.pcap"));
    let began: Vec<Vec<u32>> = rows.values().map(|row| row.numbers(EXCHANGE)).collect();
    let expected = [(1, 3), (4, 4), (8, 7), (15, 5)].map(|(began, count)| vec![vec![began]; count]).concat();
    assert_eq!(began, expected);
    assert_eq!(frames_with(&rows, COMPLETE), [3, 7, 14, 19]);
    let titles: Vec<String> = rows.values().map(|row| row.one(TITLE)).collect();
    assert_eq!(
        titles[..4],
        [1, 2, 3]
            .map(|step| format!("TCP handshake, step {step} of 3"))
            .into_iter()
            .chain(["WebSocket handshake".to_owned()])
            .collect::<Vec<_>>()
    );
    assert_eq!(titles[7..14], vec!["Login of mynick"; 7]);
    assert_eq!(titles[14..], vec!["mynick says to everyone: “hi,  all !”"; 5]);
}

#[test]
fn a_filter_shows_a_say_from_the_request_to_the_last_ack() {
    let wireshark = Wireshark::with_plugin();
    for (name, began, expected) in
        [("seed-2014.pcap", 15, (15..=19).collect::<Vec<u32>>()), ("chat-2026.pcap", 33, (33..=37).collect())]
    {
        let capture = wireshark.capture(name);
        for passes in [&[][..], &["-2"]] {
            let filter = format!("{EXCHANGE} == {began}");
            let found = wireshark.rows(&capture, &[passes, &["-Y", &filter]].concat(), &[]);
            assert_eq!(found.iter().map(|row| row.frame).collect::<Vec<_>>(), expected, "{name}");
        }
    }
}

#[test]
fn every_annotated_frame_of_the_recorded_sessions_is_part_of_an_exchange() {
    let wireshark = Wireshark::with_plugin();
    for name in ["seed-2014.pcap", "chat-2015.pcap", "chat-2026.pcap", "heartbeat-2026.pcap"] {
        let rows = exchanges(&wireshark, &wireshark.capture(name));
        for row in rows.values().filter(|row| row.has("workermanchat.phase") || row.has("workermanchat.acks")) {
            assert!(row.has(EXCHANGE), "{name}, frame {}: {:?}", row.frame, row.all(NOTE));
            assert_eq!(row.all(EXCHANGE).len(), row.all(TITLE).len());
            assert!(row.numbers(EXCHANGE).iter().all(|began| *began <= row.frame), "{name}, frame {}", row.frame);
        }
    }
}

/// Two browsers in one room.
struct Room {
    capture: Capture,
    anna: Connection,
    ben: Connection,
}

impl Room {
    fn new() -> Self {
        let mut capture = Capture::new(Link::Ethernet);
        let (mut anna, mut ben) = (Connection::from_port(50001), Connection::from_port(50002));
        join(&mut capture, &mut anna, 1, "anna", "1");
        ben.open(&mut capture);
        upgrade(&mut capture, &mut ben);
        browser_says(&mut capture, &mut ben, login_request("ben", "1"));
        server_says(&mut capture, &mut anna, login_notification(2, "ben"));
        anna.ack(&mut capture, Side::Client);
        server_says(&mut capture, &mut ben, login_result(2, "ben", &[(1, "anna"), (2, "ben")]));
        ben.ack(&mut capture, Side::Client);
        Self { capture, anna, ben }
    }

    fn deliver(&mut self, content: &str) -> [u32; 2] {
        let delivery = say_delivery(1, "anna", content);
        let one = server_says(&mut self.capture, &mut self.anna, &delivery);
        [one, server_says(&mut self.capture, &mut self.ben, &delivery)]
    }
}

#[test]
fn a_login_is_complete_when_everybody_in_the_room_has_been_told() {
    let wireshark = Wireshark::with_plugin();
    let room = Room::new();
    let path = wireshark.write("room.pcap", &room.capture);
    let rows = exchanges(&wireshark, &path);
    // Ten frames of anna's, seven of ben's handshakes, then the request.
    assert_eq!(of(&rows, 18), [18, 19, 20, 21, 22]);
    assert_eq!(frames_with(&rows, COMPLETE), [3, 7, 10, 13, 17, 22]);
    assert!(rows[&20].one(NOTE).contains("“anna” (browser 192.0.2.10:50001) sends an ACK to server 192.0.2.1:7272"));
    let complete = [10, 22].map(|frame| rows[&frame].one(NOTE));
    assert!(complete[0].ends_with("; there is nobody else to notify, so the login is complete"), "{}", complete[0]);
    assert!(complete[1].ends_with("; everybody in the chat room has been notified, so the login is complete"));
}

#[test]
fn a_say_is_complete_with_the_last_receivers_ack() {
    let wireshark = Wireshark::with_plugin();
    let mut room = Room::new();
    let request = browser_says(&mut room.capture, &mut room.anna, say_request("hello"));
    let [one, other] = room.deliver("hello");
    let first = room.ben.ack(&mut room.capture, Side::Client);
    let last = room.anna.ack(&mut room.capture, Side::Client);
    let path = wireshark.write("say.pcap", &room.capture);
    let rows = exchanges(&wireshark, &path);
    assert_eq!(of(&rows, request), [request, one, other, first, last]);
    assert!(!rows[&first].has(COMPLETE) && rows[&last].has(COMPLETE));
    for frame in [request, one, other, first, last] {
        assert_eq!(rows[&frame].one(TITLE), "anna says to everyone: “hello”", "frame {frame}");
    }
    assert!(
        rows[&last].one(NOTE).ends_with("so its delivery is complete") && !rows[&first].one(NOTE).contains("complete")
    );
}

#[test]
fn an_ack_of_several_messages_names_the_one_that_all_have_received() {
    let wireshark = Wireshark::with_plugin();
    let mut room = Room::new();
    browser_says(&mut room.capture, &mut room.anna, say_request("one"));
    let [one, _] = room.deliver("one");
    browser_says(&mut room.capture, &mut room.ben, say_request("two")); // its ACK is ben's of "one"
    let two = server_says(&mut room.capture, &mut room.anna, say_delivery(2, "ben", "two"));
    let both = room.anna.ack(&mut room.capture, Side::Client);
    let rows = exchanges(&wireshark, &wireshark.write("several.pcap", &room.capture));
    let received = format!("the message of “anna” (frame {one}) and the message of “ben” (frame {two})");
    let complete = format!(
        "{received}; all browsers that the message (frame {one}) is for have now received it, so its delivery is complete"
    );
    let note = rows[&both].one(NOTE);
    assert!(note.ends_with(&complete), "{note}");
}

#[test]
fn a_say_of_which_a_delivery_is_not_acknowledged_is_not_complete() {
    let wireshark = Wireshark::with_plugin();
    let mut room = Room::new();
    let before = room.capture.last();
    browser_says(&mut room.capture, &mut room.anna, say_request("hello"));
    room.deliver("hello");
    room.ben.ack(&mut room.capture, Side::Client);
    let path = wireshark.write("say.pcap", &room.capture);
    let rows = exchanges(&wireshark, &path);
    assert!(frames_with(&rows, COMPLETE).iter().all(|frame| *frame <= before));
}

#[test]
fn a_packet_that_ends_one_exchange_and_begins_another_is_part_of_both() {
    let wireshark = Wireshark::with_plugin();
    let mut room = Room::new();
    let first = browser_says(&mut room.capture, &mut room.anna, say_request("one"));
    room.deliver("one");
    room.ben.ack(&mut room.capture, Side::Client);
    let second = browser_says(&mut room.capture, &mut room.anna, say_request("two")); // its ACK is anna's of "one"
    let path = wireshark.write("both.pcap", &room.capture);
    let rows = exchanges(&wireshark, &path);
    assert_eq!(rows[&second].numbers(EXCHANGE), [first, second]);
    assert_eq!(rows[&second].all(TITLE), ["anna says to everyone: “one”", "anna says to everyone: “two”"]);
    assert_eq!(rows[&second].all(COMPLETE).len(), 1);
    let note = rows[&second].one(NOTE);
    assert!(
        note.contains("“two”") && note.contains("the same packet acknowledges (ACK) the message of “anna”"),
        "{note}"
    );
}

#[test]
fn an_ack_of_a_part_of_a_frames_messages_completes_nothing() {
    let wireshark = Wireshark::with_plugin();
    let mut room = Room::new();
    for content in ["X", "Y"] {
        browser_says(&mut room.capture, &mut room.anna, say_request(content));
    }
    let deliveries = ["X", "Y"].map(|content| harness::websocket::text(say_delivery(1, "anna", content)));
    for connection in [&mut room.ben, &mut room.anna] {
        connection.send(&mut room.capture, Side::Server, deliveries.concat());
    }
    let first = room.ben.ack(&mut room.capture, Side::Client);
    let mut part = room.anna.segment(Side::Client, ACK, []);
    part.ack -= deliveries[1].len() as u32;
    let part = room.capture.push(&part);
    let rest = room.anna.ack(&mut room.capture, Side::Client);
    let path = wireshark.write("part.pcap", &room.capture);
    let rows = exchanges(&wireshark, &path);
    assert!(!rows[&first].has(COMPLETE) && !rows[&part].has(COMPLETE));
    assert!(rows[&part].one(NOTE).contains("it has received a message (frame "), "{}", rows[&part].one(NOTE));
    assert_eq!(rows[&rest].all(COMPLETE).len(), 2);
    // Of a delivery, the acknowledgment that covers it: the first one of the frame covers the first.
    let acked = wireshark.rows(&path, &["-2", "-Y", "workermanchat.phase == 24"], &["workermanchat.delivery.acked_in"]);
    let acked: Vec<Vec<u32>> = acked.iter().map(|row| row.numbers("workermanchat.delivery.acked_in")).collect();
    assert_eq!(acked, [[first, part], [first, rest]]);
}

#[test]
fn a_say_is_complete_by_itself_where_another_shares_its_segment() {
    let wireshark = Wireshark::with_plugin();
    let mut room = Room::new();
    let says = ["one", "two"].map(|content| harness::websocket::masked_text(say_request(content)));
    let request = room.anna.send(&mut room.capture, Side::Client, says.concat());
    let deliveries = ["one", "two"].map(|content| harness::websocket::text(say_delivery(1, "anna", content)));
    room.ben.send(&mut room.capture, Side::Server, &deliveries[0]);
    room.ben.ack(&mut room.capture, Side::Client);
    room.ben.send(&mut room.capture, Side::Server, &deliveries[1]);
    room.anna.send(&mut room.capture, Side::Server, deliveries.concat());
    let first = room.anna.ack(&mut room.capture, Side::Client);
    let last = room.ben.ack(&mut room.capture, Side::Client);
    let rows = exchanges(&wireshark, &wireshark.write("shared.pcap", &room.capture));
    let titles = ["one", "two"].map(|content| format!("anna says to everyone: “{content}”"));
    assert_eq!((rows[&first].all(TITLE), rows[&last].all(TITLE)), (titles.to_vec(), titles[1..].to_vec()));
    assert_eq!([first, last].map(|frame| rows[&frame].all(COMPLETE).len()), [1, 1]);
    assert_eq!(of(&rows, request).last(), Some(&last));
}

#[test]
fn a_say_during_which_somebody_joins_is_not_complete() {
    let wireshark = Wireshark::with_plugin();
    let mut room = Room::new();
    let mut carl = Connection::from_port(50003);
    carl.open(&mut room.capture);
    upgrade(&mut room.capture, &mut carl);
    let request = browser_says(&mut room.capture, &mut room.anna, say_request("hello"));
    browser_says(&mut room.capture, &mut carl, login_request("carl", "1"));
    for connection in [&mut room.anna, &mut room.ben] {
        server_says(&mut room.capture, connection, login_notification(3, "carl"));
        connection.ack(&mut room.capture, Side::Client);
    }
    server_says(&mut room.capture, &mut carl, login_result(3, "carl", &[(1, "anna"), (2, "ben"), (3, "carl")]));
    carl.ack(&mut room.capture, Side::Client);
    let delivery = say_delivery(1, "anna", "hello");
    for connection in [&mut carl, &mut room.anna, &mut room.ben] {
        server_says(&mut room.capture, connection, &delivery);
        connection.ack(&mut room.capture, Side::Client);
    }
    let path = wireshark.write("join.pcap", &room.capture);
    let rows = exchanges(&wireshark, &path);
    let of_say = of(&rows, request);
    assert_eq!(of_say.len(), 8, "with the packet that acknowledges the request");
    assert!(of_say.iter().all(|frame| !rows[frame].has(COMPLETE)), "who gets it is not known");
}

#[test]
fn a_pong_that_answers_no_ping_completes_nothing() {
    let wireshark = Wireshark::with_plugin();
    let mut room = Room::new();
    let pong = browser_says(&mut room.capture, &mut room.anna, r#"{"type":"pong"}"#);
    let ack = room.anna.ack(&mut room.capture, Side::Server);
    let path = wireshark.write("pong.pcap", &room.capture);
    let rows = exchanges(&wireshark, &path);
    assert_eq!(of(&rows, pong), [pong, ack]);
    assert!(!rows[&ack].has(COMPLETE));
}

#[test]
fn a_logout_begins_with_the_close_of_the_connection_and_goes_on_with_the_others() {
    let wireshark = Wireshark::with_plugin();
    let mut room = Room::new();
    let fin = room.capture.push(&room.ben.segment(Side::Client, FIN | ACK, []));
    let answer = room.capture.push(&room.ben.segment(Side::Server, FIN | ACK, []));
    let last = room.ben.ack(&mut room.capture, Side::Client);
    let told = server_says(&mut room.capture, &mut room.anna, logout(2, "ben"));
    let received = room.anna.ack(&mut room.capture, Side::Client);
    let path = wireshark.write("logout.pcap", &room.capture);
    let rows = exchanges(&wireshark, &path);
    assert_eq!(of(&rows, fin), [fin, answer, last, told, received]);
    for frame in [fin, answer, last, told, received] {
        assert!(rows[&frame].all(TITLE).iter().all(|title| title == "ben leaves"), "frame {frame}");
        assert_eq!(rows[&frame].has(COMPLETE), frame == received, "frame {frame}");
    }
}

#[test]
fn the_close_of_a_connection_without_a_user_is_no_logout() {
    let wireshark = Wireshark::with_plugin();
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50001);
    connection.open(&mut capture);
    upgrade(&mut capture, &mut connection);
    let fin = capture.push(&connection.segment(Side::Client, FIN | ACK, []));
    capture.push(&connection.segment(Side::Server, FIN | ACK, []));
    let last = connection.ack(&mut capture, Side::Client);
    let path = wireshark.write("close.pcap", &capture);
    let rows = exchanges(&wireshark, &path);
    assert_eq!(of(&rows, fin), (fin..=last).collect::<Vec<_>>());
    assert_eq!(rows[&fin].one(TITLE), "Close of the connection");
    assert!(rows[&last].has(COMPLETE));
}

#[test]
fn a_say_that_began_before_the_capture_begins_with_its_first_captured_copy() {
    let wireshark = Wireshark::with_plugin();
    let mut capture = Capture::new(Link::Ethernet);
    let (mut anna, mut ben) = (Connection::from_port(50001), Connection::from_port(50002));
    let delivery = say_delivery(1, "anna", "hello");
    let one = server_says(&mut capture, &mut anna, &delivery);
    let other = server_says(&mut capture, &mut ben, &delivery);
    let ack = ben.ack(&mut capture, Side::Client);
    let path = wireshark.write("late.pcap", &capture);
    let rows = exchanges(&wireshark, &path);
    assert_eq!(of(&rows, one), [one, other, ack]);
    assert!(frames_with(&rows, COMPLETE).is_empty(), "who is in the room is not known");
}

#[test]
fn no_two_parties_of_a_capture_are_called_the_same() {
    let wireshark = Wireshark::with_plugin();
    let mut capture = Capture::new(Link::Ethernet);
    let server = SocketAddr::from(([192, 0, 2, 1], 7272));
    let hosts = [[192, 0, 2, 10], [192, 0, 2, 11]];
    let loopbacks = [[127, 0, 0, 1], [127, 0, 0, 2]];
    let remote = hosts.map(|host| Connection::between(SocketAddr::from((host, 50001)), server));
    let local =
        loopbacks.map(|host| Connection::between(SocketAddr::from((host, 50001)), SocketAddr::from((host, 7272))));
    let [first, ..] = &remote;
    let same_port = first.clone();
    let mut notes = Vec::new();
    for mut connection in remote.into_iter().chain(local) {
        capture.push(&connection.segment(Side::Client, harness::packets::SYN, []));
    }
    let path = wireshark.write("parties.pcap", &capture);
    for row in wireshark.rows(&path, &[], &[NOTE]) {
        notes.push(row.one(NOTE));
    }
    assert!(
        notes[0].starts_with(&format!("Browser {} sends a SYN packet to server {server}", same_port.client)),
        "{notes:#?}"
    );
    assert!(notes[2].starts_with("Browser port 50001 sends a SYN packet to server port 7272"), "{notes:#?}");
    let different: std::collections::BTreeSet<_> = notes.iter().collect();
    assert_eq!(different.len(), notes.len(), "{notes:#?}");
}

#[test]
fn ipv6_addresses_stand_in_brackets() {
    let wireshark = Wireshark::with_plugin();
    let mut capture = Capture::new(Link::Ethernet);
    let [client, server]: [SocketAddr; 2] =
        ["[2001:db8::10]:50001", "[2001:db8::1]:7272"].map(|end| end.parse().unwrap());
    let mut connection = Connection::between(client, server);
    capture.push(&connection.segment(Side::Client, harness::packets::SYN, []));
    let path = wireshark.write("v6.pcap", &capture);
    let rows = wireshark.rows(&path, &[], &[NOTE]);
    assert!(
        rows[0].one(NOTE).starts_with("Browser [2001:db8::10]:50001 sends a SYN packet to server [2001:db8::1]:7272")
    );
}

#[test]
fn hostile_names_turn_no_sentence_around_and_stay_as_they_are_in_fields() {
    let wireshark = Wireshark::with_plugin();
    let long = "x".repeat(10_000);
    let names = ["a\u{202e}b", "tab\tand\u{8}", "שלום", "e\u{301}\u{301}", &long];
    let mut capture = Capture::new(Link::Ethernet);
    let mut requests = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let mut connection = Connection::from_port(50001 + number as u16);
        connection.open(&mut capture);
        upgrade(&mut capture, &mut connection);
        requests.push(browser_says(&mut capture, &mut connection, login_request(name, "1")));
    }
    let path = wireshark.write("names.pcap", &capture);
    let found = wireshark.rows(&path, &[], &[NOTE, TITLE, "workermanchat.client_name", "workermanchat.user"]);
    let found: BTreeMap<u32, Row> = found.into_iter().map(|row| (row.frame, row)).collect();
    for (name, frame) in names.iter().zip(&requests) {
        let row = &found[frame];
        assert_eq!(row.one("workermanchat.client_name"), *name);
        for text in [row.one(NOTE), row.one(TITLE)] {
            assert!(!text.contains("\\u{") && !text.contains(['\u{202e}', '\u{8}', '\t']), "{text}");
            assert!(text.chars().count() < 600, "{text}");
        }
    }
    assert!(found[&requests[0]].one(NOTE).contains("“a<U+202E>b”"));
    assert!(found[&requests[1]].one(NOTE).contains("tab\\tand␈"));
    assert!(found[&requests[2]].one(NOTE).contains("“\u{2068}שלום\u{2069}”"));
    assert_eq!(found[&requests[2]].one("workermanchat.user"), "שלום", "nothing is added to what is filtered on");
}

#[test]
fn deliveries_are_links() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("chat-2026.pcap");
    let fields = ["frame", "user", "endpoint", "time", "acked_in"].map(|name| format!("workermanchat.delivery.{name}"));
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let rows = wireshark.rows(&capture, &["-2", "-Y", "frame.number == 33"], &fields);
    let all: Vec<Vec<String>> = fields.iter().map(|field| rows[0].all(field)).collect();
    assert_eq!(all[0], ["34", "36"]);
    assert_eq!(all[1], ["猪猪", "mynick"]);
    assert_eq!(all[2], ["127.0.0.1:49192", "127.0.0.1:49186"]);
    assert_eq!(all[3].len(), 2);
    assert_eq!(all[4], ["35", "37"]);
    let details = wireshark.tshark(&["-r", capture.to_str().unwrap(), "-2", "-V", "-Y", "frame.number == 33"]).stdout;
    assert!(details.contains("[To “猪猪” (browser port 49192) in frame 34, after"), "{details}");
}

#[test]
fn the_tree_says_nothing_twice_and_no_number_of_its_own() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("chat-2026.pcap");
    let details =
        wireshark.tshark(&["-r", capture.to_str().unwrap(), "-2", "-V", "-Y", "frame.number in {1,33}"]).stdout;
    for line in ["[Phase: TCP handshake 1/3 (SYN)]", "[Phase: Say request]", "[Dialect: 2016]"] {
        assert_eq!(details.matches(line).count(), 1, "{line} in {details}");
    }
    for repeated in ["[Text:", "[Sender:", "[Recipient:"] {
        assert!(!details.contains(repeated), "{repeated} in {details}");
    }
    let tcp = details.split("Transmission Control Protocol").nth(1).expect("TCP's tree");
    let first = tcp.lines().nth(1).expect("its first line").trim();
    assert!(first.starts_with("[Workerman Chat: Browser port 49186 sends a SYN packet"), "{first}");
    let hidden = [
        "workermanchat.text == \"hi, all !\"",
        "workermanchat.sender == \"mynick\"",
        "workermanchat.recipient == \"all\"",
    ];
    for filter in hidden {
        let found = wireshark.rows(&capture, &["-Y", &format!("frame.number == 33 && {filter}")], &[]);
        assert_eq!(found.len(), 1, "{filter} finds what is not displayed twice");
    }
}
