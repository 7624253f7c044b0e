//! `-z workermanchat,transcript`: the chat of a capture as a log. The golden files were read by eye; who says what, and how often, comes from
//! another parser.
//!
//! `WORKERMANCHAT_BLESS=1 cargo test --test transcript` rewrites the golden files, when the log is meant to change.

mod harness;

use std::fs;
use std::path::Path;

use harness::packets::{ACK, Capture, Connection, FIN, Link, RST, Side};
use harness::reader::messages;
use harness::scripts::*;
use harness::websocket::{masked_text, text};
use harness::wireshark::{Wireshark, captures};
use unicode_width::UnicodeWidthStr;

const OPTION: &str = "workermanchat,transcript";
const SERVER_PORT: u16 = 7272;
/// The longest text that a line quotes, in columns of a terminal.
const LONGEST_TEXT: usize = 100;
/// The captures whose logs were read by eye.
const RECORDED: [&str; 9] = [
    "seed-2014",
    "chat-2015",
    "chat-2026",
    "heartbeat-2026",
    "other-websocket-app",
    "hard3/several-messages-one-segment",
    "hard3/several-says-one-segment",
    "hard3/twin-servers-same-ids",
    "server-2014/c-any",
];

/// The log, the same in one pass and in two.
fn transcript(wireshark: &Wireshark, capture: &Path, more: &[&str]) -> String {
    let print = |passes: &[&str]| {
        let arguments = [&["-q", "-r", capture.to_str().unwrap()], passes, more].concat();
        wireshark.tshark(&arguments).stdout
    };
    let option = if more.contains(&"-z") { &[][..] } else { &["-z", OPTION] };
    let once = print(option);
    assert_eq!(once, print(&[option, &["-2"]].concat()), "one pass (left) and two print the same");
    once
}

/// The lines without their times.
fn lines(log: &str) -> Vec<&str> {
    log.lines().map(|line| line.split_once(" [").map_or(line, |(_, rest)| rest)).collect()
}

#[test]
fn the_logs_of_the_recorded_captures_are_as_reviewed() {
    let wireshark = Wireshark::with_plugin();
    for name in RECORDED {
        let bytes = fs::read(captures().join(format!("{name}.pcap"))).expect("read the capture");
        let log = transcript(&wireshark, &wireshark.write_file("recorded.pcap", &bytes), &[]);
        let name = name.split('/').next_back().unwrap_or(name);
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/views/transcript-{name}.txt"));
        if std::env::var_os("WORKERMANCHAT_BLESS").is_some() {
            fs::write(&golden, &log).expect("write the golden file");
        }
        assert_eq!(log, fs::read_to_string(&golden).expect("read the golden file"), "{name}");
    }
}

#[test]
fn each_say_stands_in_the_log_once_in_the_order_of_saying() {
    let wireshark = Wireshark::with_plugin();
    for name in ["seed-2014.pcap", "chat-2015.pcap", "chat-2026.pcap"] {
        let capture = wireshark.capture(name);
        let log = transcript(&wireshark, &capture, &[]);
        let printed: Vec<&str> = log.lines().filter(|line| line.contains(" → ")).collect();
        let says = messages(&capture).into_iter().filter(|message| !message.is_from_server(SERVER_PORT));
        // What is not JSON is not parsed by the other parser, and stands in the log as far as it can be read.
        let said: Vec<(u32, Option<String>)> = says
            .filter(|message| message.json().map_or_else(|| message.payload.len() > 40, |json| json["type"] == "say"))
            .map(|message| (message.frame, message.json().and_then(|json| Some(json["content"].as_str()?.to_owned()))))
            .collect();
        assert_eq!(printed.len(), said.len(), "{name}: {printed:#?}");
        for (line, (frame, said)) in printed.iter().zip(&said) {
            assert_eq!(line.split_whitespace().next(), Some(&*frame.to_string()), "{name}: {line}");
            if let Some(said) = said {
                let shown = said.replace('\n', "\\n").replace('\t', "\\t");
                let (_, rest) = line.split_once(" → ").expect("an arrow");
                let (_, printed) = rest.split_once(": ").expect("a text");
                let is_so = match printed.strip_suffix('…') {
                    Some(beginning) => shown.starts_with(beginning) && shown.width() > LONGEST_TEXT,
                    None => printed == shown,
                };
                assert!(is_so && printed.width() <= LONGEST_TEXT + 1, "{name}: {line} says {said:?}");
            }
        }
    }
}

/// Ann and ben in room 1.
struct Chat {
    capture: Capture,
    ann: Connection,
    ben: Connection,
}

fn chat() -> Chat {
    let mut capture = Capture::new(Link::Ethernet);
    let (mut ann, mut ben) = (Connection::from_port(5001), Connection::from_port(5002));
    join(&mut capture, &mut ann, 1, "ann", "1");
    ben.open(&mut capture);
    upgrade(&mut capture, &mut ben);
    browser_says(&mut capture, &mut ben, login_request("ben", "1"));
    server_says(&mut capture, &mut ben, login_result(2, "ben", &[(1, "ann"), (2, "ben")]));
    ben.ack(&mut capture, Side::Client);
    server_says(&mut capture, &mut ann, login_notification(2, "ben"));
    ann.ack(&mut capture, Side::Client);
    Chat { capture, ann, ben }
}

impl Chat {
    fn write(&self, wireshark: &Wireshark) -> std::path::PathBuf {
        wireshark.write("chat.pcap", &self.capture)
    }

    /// Ann says it, and both get it.
    fn ann_says(&mut self, content: &str) {
        browser_says(&mut self.capture, &mut self.ann, say_request(content));
        self.both_get(1, "ann", content);
    }

    fn both_get(&mut self, number: u32, name: &str, content: &str) {
        for connection in [&mut self.ann, &mut self.ben] {
            server_says(&mut self.capture, connection, say_delivery(number, name, content));
            connection.ack(&mut self.capture, Side::Client);
        }
    }
}

#[test]
fn joins_renames_and_leaves_stand_in_the_log_once() {
    let wireshark = Wireshark::with_plugin();
    let mut chat = chat();
    browser_says(&mut chat.capture, &mut chat.ben, login_request("bob", "1"));
    for connection in [&mut chat.ann, &mut chat.ben] {
        server_says(&mut chat.capture, connection, login_notification(2, "bob"));
        connection.ack(&mut chat.capture, Side::Client);
    }
    server_says(&mut chat.capture, &mut chat.ben, login_result(2, "bob", &[(1, "ann"), (2, "bob")]));
    chat.ben.ack(&mut chat.capture, Side::Client);
    let fin = chat.ben.segment(Side::Client, FIN | ACK, "");
    chat.capture.push(&fin);
    server_says(&mut chat.capture, &mut chat.ann, logout(2, "bob"));
    let log = transcript(&wireshark, &chat.write(&wireshark), &[]);
    let expected = ["1] * ann logs in", "1] * ben logs in", "1] * ben is now called bob", "1] * bob leaves"];
    assert_eq!(lines(&log), expected);
}

#[test]
fn a_say_of_which_the_request_is_missing_stands_in_the_log_once() {
    let wireshark = Wireshark::with_plugin();
    let mut chat = chat();
    chat.both_get(1, "ann", "nobody saw me say this");
    let log = transcript(&wireshark, &chat.write(&wireshark), &[]);
    assert_eq!(lines(&log)[2..], ["1] ann → all: nobody saw me say this"]);
}

#[test]
fn what_nobody_got_stands_in_the_log_with_the_reason() {
    let wireshark = Wireshark::with_plugin();
    let mut chat = chat();
    browser_says(&mut chat.capture, &mut chat.ann, r#"{"type":"say","to_client_id":"all","content":"a\qb"}"#);
    browser_says(&mut chat.capture, &mut chat.ann, say_request("lost"));
    chat.ann.ack(&mut chat.capture, Side::Server);
    chat.ben.ack(&mut chat.capture, Side::Server);
    chat.capture.wait(std::time::Duration::from_secs(5));
    chat.ann_says("heard");
    let log = transcript(&wireshark, &chat.write(&wireshark), &[]);
    let lines = lines(&log);
    assert!(lines[2].ends_with(r"ann → all: a\qb"), "{log}");
    assert!(lines[3].starts_with("       ! Not JSON"), "{log}");
    assert_eq!(lines[4], "1] ann → all: lost");
    assert!(lines[5].starts_with("       ! "), "{log}");
    assert_eq!(lines[6..], ["1] ann → all: heard"]);
}

/// Several messages of a browser in one segment.
fn browser_says_at_once(capture: &mut Capture, connection: &mut Connection, messages: &[String]) {
    let frames: Vec<u8> = messages.iter().flat_map(masked_text).collect();
    connection.send(capture, Side::Client, frames);
}

fn server_says_at_once(capture: &mut Capture, connection: &mut Connection, messages: &[String]) {
    let frames: Vec<u8> = messages.iter().flat_map(text).collect();
    connection.send(capture, Side::Server, frames);
    connection.ack(capture, Side::Client);
}

#[test]
fn each_message_of_a_segment_has_its_own_line_and_what_is_wrong_with_it() {
    let wireshark = Wireshark::with_plugin();
    let mut chat = chat();
    let faulty = r#"{"type":"say","to_client_id":"all","content":"a\qb"}"#.to_owned();
    let says = [say_request("one"), faulty, say_request("<i>two</i>"), say_request("one")];
    browser_says_at_once(&mut chat.capture, &mut chat.ann, &says);
    let copies = ["one", "<i>two</i>", "one"].map(|content| say_delivery(1, "ann", content));
    server_says_at_once(&mut chat.capture, &mut chat.ann, &copies);
    copies.iter().for_each(|copy| server_says_at_once(&mut chat.capture, &mut chat.ben, std::slice::from_ref(copy)));
    let log = transcript(&wireshark, &chat.write(&wireshark), &[]);
    let lines = lines(&log);
    assert_eq!(lines[2..4], ["1] ann → all: one", r"1] ann → all: a\qb"], "{log}");
    assert!(lines[4].starts_with("       ! Not JSON"), "{log}");
    assert_eq!(lines[5], "1] ann → all: <i>two</i>", "{log}");
    assert!(lines[6].starts_with("       ! ") && lines[6].contains("<i>"), "{log}");
    assert_eq!(lines[7..], ["1] ann → all: one"], "{log}");
}

#[test]
fn several_deliveries_of_a_segment_of_which_the_requests_are_missing_have_a_line_each() {
    let wireshark = Wireshark::with_plugin();
    let mut chat = chat();
    let copies = ["one", "two"].map(|content| say_delivery(1, "ann", content));
    for connection in [&mut chat.ann, &mut chat.ben] {
        server_says_at_once(&mut chat.capture, connection, &copies);
    }
    let log = transcript(&wireshark, &chat.write(&wireshark), &[]);
    assert_eq!(lines(&log)[2..], ["1] ann → all: one", "1] ann → all: two"]);
}

#[test]
fn several_users_who_come_or_go_in_one_segment_have_a_line_each() {
    let wireshark = Wireshark::with_plugin();
    let mut capture = Capture::new(Link::Ethernet);
    let mut ann = Connection::from_port(5001);
    join(&mut capture, &mut ann, 1, "ann", "1");
    let come = [login_notification(2, "ben"), login_notification(3, "cid")];
    server_says_at_once(&mut capture, &mut ann, &come);
    server_says_at_once(&mut capture, &mut ann, &[logout(2, "ben"), logout(3, "cid")]);
    let log = transcript(&wireshark, &wireshark.write("at-once.pcap", &capture), &[]);
    let expected = ["1] * ann logs in", "1] * ben logs in", "1] * cid logs in", "1] * ben leaves", "1] * cid leaves"];
    assert_eq!(lines(&log), expected);
}

#[test]
fn a_hundred_messages_of_a_segment_have_as_many_lines() {
    let wireshark = Wireshark::with_plugin();
    let mut chat = chat();
    let says: Vec<String> = (0..100).map(|number| say_request(&(number / 2).to_string())).collect();
    browser_says_at_once(&mut chat.capture, &mut chat.ann, &says);
    let log = transcript(&wireshark, &chat.write(&wireshark), &[]);
    let expected: Vec<String> = (0..100).map(|number| format!("1] ann → all: {}", number / 2)).collect();
    assert_eq!(lines(&log)[2..], expected);
}

/// The server gives out the ids of before: who has one now is not who had it.
#[test]
fn who_logs_in_after_the_server_has_started_anew_is_not_renamed() {
    let wireshark = Wireshark::with_plugin();
    let mut chat = chat();
    for connection in [&mut chat.ann, &mut chat.ben] {
        let fin = connection.segment(Side::Server, FIN | ACK, "");
        chat.capture.push(&fin);
    }
    let (mut eve, mut ann) = (Connection::from_port(5003), Connection::from_port(5004));
    join(&mut chat.capture, &mut eve, 1, "eve", "1");
    ann.open(&mut chat.capture);
    upgrade(&mut chat.capture, &mut ann);
    browser_says(&mut chat.capture, &mut ann, login_request("ann", "1"));
    server_says(&mut chat.capture, &mut eve, login_notification(2, "ann"));
    server_says(&mut chat.capture, &mut ann, login_result(2, "ann", &[(1, "eve"), (2, "ann")]));
    browser_says(&mut chat.capture, &mut ann, login_request("anna", "1"));
    server_says(&mut chat.capture, &mut eve, login_notification(2, "anna"));
    server_says(&mut chat.capture, &mut ann, login_notification(2, "anna"));
    server_says(&mut chat.capture, &mut ann, login_result(2, "anna", &[(1, "eve"), (2, "anna")]));
    let log = transcript(&wireshark, &chat.write(&wireshark), &[]);
    let expected = [
        "1] * ann logs in",
        "1] * ben logs in",
        "1] * ann leaves",
        "1] * ben leaves",
        "1] * eve logs in",
        "1] * ann logs in",
        "1] * ann is now called anna",
    ];
    assert_eq!(lines(&log), expected);
}

/// The same where only one browser's packets were captured.
#[test]
fn who_is_told_of_after_the_server_has_started_anew_is_not_renamed() {
    let wireshark = Wireshark::with_plugin();
    let mut capture = Capture::new(Link::Ethernet);
    let (mut before, mut after) = (Connection::from_port(5001), Connection::from_port(5002));
    join(&mut capture, &mut before, 1, "ann", "1");
    server_says(&mut capture, &mut before, login_notification(2, "ben"));
    server_says(&mut capture, &mut before, login_notification(2, "bob"));
    let reset = before.segment(Side::Server, RST | ACK, "");
    capture.push(&reset);
    join(&mut capture, &mut after, 1, "ann", "1");
    server_says(&mut capture, &mut after, login_notification(2, "cid"));
    let log = transcript(&wireshark, &wireshark.write("anew.pcap", &capture), &[]);
    let expected = [
        "1] * ann logs in",
        "1] * ben logs in",
        "1] * ben is now called bob",
        "1] * ann leaves",
        "1] * ann logs in",
        "1] * cid logs in",
    ];
    assert_eq!(lines(&log), expected);
}

#[test]
fn the_filter_chooses_the_packets() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("chat-2026.pcap");
    let option = format!("{OPTION},workermanchat.content contains \"only for you\"");
    let log = transcript(&wireshark, &capture, &["-z", &option]);
    assert_eq!(lines(&log), ["1] mynick → 猪猪: only for you"]);
    let output = wireshark.run_unchecked(wireshark.command("tshark").args([
        "-q",
        "-r",
        capture.to_str().unwrap(),
        "-z",
        &format!("{OPTION},no filter"),
    ]));
    assert_ne!(output.code, 0);
    assert!(output.stderr.contains(OPTION) && output.stderr.contains("invalid"), "{}", output.stderr);
    let mistyped = ["-q", "-r", capture.to_str().unwrap(), "-z", "workermanchat,transcripts"];
    let output = wireshark.run_unchecked(wireshark.command("tshark").args(mistyped));
    assert_ne!(output.code, 0);
    assert!(output.stderr.contains("no such view") && output.stdout.is_empty(), "{}", output.stderr);
}

/// A browser's connection carries what others say as deliveries only.
#[test]
fn a_filter_for_one_connection_shows_what_that_user_reads_and_says() {
    let wireshark = Wireshark::with_plugin();
    let mut chat = chat();
    chat.ann_says("hello ben");
    let option = format!("{OPTION},tcp.port == {}", chat.ben.client.port());
    let log = transcript(&wireshark, &chat.write(&wireshark), &["-z", &option]);
    assert_eq!(lines(&log), ["1] * ben logs in", "1] ann → all: hello ben"]);
}

#[test]
fn what_is_wrong_with_the_deliveries_of_a_say_stands_once_below_it() {
    let wireshark = Wireshark::with_plugin();
    let mut chat = chat();
    browser_says(&mut chat.capture, &mut chat.ann, say_request("<i>one</i>"));
    browser_says(&mut chat.capture, &mut chat.ben, say_request("two"));
    chat.both_get(1, "ann", "<i>one</i>");
    chat.both_get(2, "ben", "two");
    let log = transcript(&wireshark, &chat.write(&wireshark), &[]);
    let lines = lines(&log);
    assert_eq!(lines[2], "1] ann → all: <i>one</i>", "{log}");
    assert!(lines[3].starts_with("       ! ") && lines[3].contains("<i>"), "{log}");
    assert_eq!(lines[4..], ["1] ben → all: two"], "{log}");
}

#[test]
fn a_message_that_nobody_can_read_is_named_and_nothing_follows_its_name() {
    let wireshark = Wireshark::with_plugin();
    let mut chat = chat();
    browser_says(&mut chat.capture, &mut chat.ann, "no JSON at all");
    let log = transcript(&wireshark, &chat.write(&wireshark), &[]);
    assert_eq!(lines(&log)[2], "1] Unknown message", "{log}");
    assert!(lines(&log)[3].starts_with("       ! Not JSON"), "{log}");
}

#[test]
fn hostile_names_and_texts_have_one_harmless_line_each() {
    let wireshark = Wireshark::with_plugin();
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(5001);
    join(&mut capture, &mut connection, 1, "\u{1b}[31mann\n\u{202e}", "1");
    browser_says(&mut capture, &mut connection, say_request("\u{1b}]0;title\u{7}\r\nשלום\u{0}"));
    let log = transcript(&wireshark, &wireshark.write("hostile.pcap", &capture), &[]);
    assert_eq!(log.lines().count(), 2, "{log}");
    let is_harmless = |character: char| !character.is_control() && character != '\u{202e}';
    assert!(log.lines().all(|line| line.chars().all(is_harmless)), "{log:?}");
    assert!(
        log.contains("\u{2068}") && log.contains("שלום"),
        "what is written from right to left is isolated: {log:?}"
    );
}

#[test]
fn the_log_is_in_the_users_language() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("seed-2014.pcap");
    let options = ["-o", "workermanchat.language:fr", "-z", OPTION];
    let log = transcript(&wireshark, &capture, &options);
    assert_eq!(lines(&log), ["-] * mynick ouvre une session", "-] mynick → tous : hi,  all !"]);
}

/// On both sides of a proxy, or by two addresses of the server.
#[test]
fn who_is_seen_in_two_places_comes_and_goes_once() {
    let wireshark = Wireshark::with_plugin();
    for (name, users) in [("http-connect", 2), ("two-addresses", 6), ("multi-address", 6), ("nginx-without-upgrade", 1)]
    {
        let bytes = fs::read(captures().join(format!("hard/{name}.pcap"))).expect("read the capture");
        let log = transcript(&wireshark, &wireshark.write_file("hard.pcap", &bytes), &[]);
        let acts = |what: &str| lines(&log).into_iter().filter(|line| line.contains(what)).count();
        assert_eq!(acts(" leaves"), users, "{name}: {log}");
        let joins = if name == "two-addresses" { 3 } else { users }; // the others came before
        assert_eq!(acts(" logs in"), joins, "{name}: {log}");
    }
}

/// A capture that ends within a packet is printed as far as it goes; tshark itself reports the end.
#[test]
fn a_capture_that_ends_in_the_middle_is_printed_as_far_as_it_goes() {
    let wireshark = Wireshark::with_plugin();
    let whole = fs::read(wireshark.capture("chat-2026.pcap")).expect("read the capture");
    let cut = wireshark.write_file("cut.pcap", &whole[..whole.len() / 2]);
    let arguments = ["-q", "-r", cut.to_str().unwrap(), "-z", OPTION];
    let output = wireshark.run_unchecked(wireshark.command("tshark").args(arguments));
    assert!(output.stderr.contains("cut short"), "{}", output.stderr);
    let whole = transcript(&wireshark, &wireshark.capture("chat-2026.pcap"), &[]);
    assert!(output.stdout.lines().count() > 3, "{}", output.stdout);
    let first: Vec<&str> = output.stdout.lines().take(4).collect();
    assert_eq!(first, whole.lines().take(4).collect::<Vec<_>>());
}
