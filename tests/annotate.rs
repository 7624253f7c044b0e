//! `plugin/annotate`: a capture as a page to read, in each language, live, and nothing in it that a terminal obeys.

mod harness;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use harness::packets::{ACK, Capture, Connection, FIN, Link, RST, Side};
use harness::scripts::*;
use harness::skip::skipped;
use harness::websocket;
use harness::wireshark::{Output, Row, Wireshark, captures};
use workermanchat::language::Language;

/// The flags in the order of the legend.
const FLAGS: [&str; 7] = ["[S]", "[S.]", "[.]", "[P]", "[P.]", "[F.]", "[R]"];
/// The tags of the plugin's languages.
fn tags() -> impl Iterator<Item = &'static str> {
    Language::ALL.iter().map(|language| language.tag())
}

/// What the legend says of a SYN in a language.
fn legend_of_syn(tag: &str) -> &'static str {
    match tag {
        "en" => "asks to open a connection",
        "zh-CN" => "请求建立连接",
        "zh-TW" => "請求建立連線",
        "fr" => "demande l'ouverture d'une connexion",
        "it" => "chiede di aprire una connessione",
        "pt" => "pede a abertura de uma conexão",
        "ru" => "запрос на установление соединения",
        tag => panic!("this test has no words of the legend in {tag}"),
    }
}

/// The fields with headings, and with notes.
const COMMENTS: [&str; 2] = ["workermanchat.exchange.title", "workermanchat.note"];
/// The time limit for a packet to appear in the output.
const PATIENCE: Duration = Duration::from_secs(20);

fn command(wireshark: &Wireshark, arguments: &[&str]) -> Command {
    // The shell reads the script: to execute it fails while another thread's child still has it open for writing.
    let mut command = wireshark.command("sh");
    command.arg(wireshark.script("annotate")).args(arguments);
    command
}

fn run(wireshark: &Wireshark, arguments: &[&str]) -> Output {
    wireshark.run_unchecked(&mut command(wireshark, arguments))
}

/// Runs the script, which must succeed and not complain.
fn page(wireshark: &Wireshark, arguments: &[&str]) -> Page {
    let output = run(wireshark, arguments);
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{arguments:?}\n{}", output.stdout);
    Page::new(&output.stdout)
}

fn page_of(wireshark: &Wireshark, capture: &Capture) -> Page {
    page(wireshark, &[wireshark.write("built.pcap", capture).to_str().unwrap()])
}

/// What the script printed: a block for each packet, and the legend.
#[derive(Debug, PartialEq)]
struct Page {
    blocks: Vec<Block>,
    legend: String,
}

/// What is printed of a packet.
#[derive(Debug, PartialEq)]
struct Block {
    number: u32,
    /// Headings and notes.
    comments: Vec<String>,
    /// The packet, from its time on.
    packet: String,
    texts: Vec<String>,
}

impl Page {
    fn new(text: &str) -> Self {
        let (blocks, legend) = text.rsplit_once("\n\n").expect("a blank line before the legend");
        Self { blocks: blocks.split("\n\n").map(Block::new).collect(), legend: legend.to_owned() }
    }

    fn block(&self, number: u32) -> &Block {
        self.blocks.iter().find(|block| block.number == number).unwrap_or_else(|| panic!("no packet {number}"))
    }

    fn numbers(&self) -> Vec<u32> {
        self.blocks.iter().map(|block| block.number).collect()
    }

    fn assert_legend(&self, word: &str) {
        let flags: Vec<&str> =
            self.legend.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()).collect();
        assert_eq!(flags, FLAGS, "{}", self.legend);
        assert!(self.legend.contains(word), "{}", self.legend);
        assert!(self.legend.contains("tcpdump -XAns 4096"), "{}", self.legend);
    }
}

impl Block {
    fn new(text: &str) -> Self {
        let (comments, rest): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("# "));
        let (number, packet) = rest[0].trim_start().split_once("  ").expect("a number, two spaces and the packet");
        Self {
            number: number.parse().unwrap_or_else(|_| panic!("{text:?} begins with the packet's number")),
            comments: comments.iter().map(|line| line[2..].to_owned()).collect(),
            packet: packet.to_owned(),
            texts: rest[1..].iter().map(|&line| line.to_owned()).collect(),
        }
    }
}

// --- the page ---------------------------------------------------------------------------------------------------------

#[test]
fn the_seed_is_a_page_of_19_packets_in_each_language() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("seed-2014.pcap");
    for language in tags() {
        let page = page(&wireshark, &["--language", language, capture.to_str().unwrap()]);
        assert_eq!(page.numbers(), Vec::from_iter(1..=19), "{language}");
        page.assert_legend(legend_of_syn(language));

        let preference = format!("workermanchat.language:{language}");
        for row in wireshark.rows(&capture, &["-o", &preference], &COMMENTS) {
            assert_eq!(page.block(row.frame).comments, comments_of(&row), "{language}, frame {}", row.frame);
        }
    }
}

/// The headings of a frame, then its notes; none twice.
fn comments_of(row: &Row) -> Vec<String> {
    let mut comments = Vec::new();
    for line in COMMENTS.into_iter().flat_map(|field| row.all(field)) {
        if !comments.contains(&line) {
            comments.push(line);
        }
    }
    assert_ne!(comments, Vec::<String>::new(), "frame {}", row.frame);
    comments
}

#[test]
fn packets_are_printed_as_tcpdump_prints_them() {
    let wireshark = Wireshark::with_plugin();
    let page = page(&wireshark, &[wireshark.capture("seed-2014.pcap").to_str().unwrap()]);
    // From `tcpdump -nr tests/captures/seed-2014.pcap`, without the options. The capture begins within the second connection.
    for (number, packet) in [
        (1, "09:50:00.523910 IP 127.0.0.1.60653 > 127.0.0.1.7272: Flags [S], seq 3524290970, win 32768, length 0"),
        (
            2,
            "09:50:00.523935 IP 127.0.0.1.7272 > 127.0.0.1.60653: Flags [S.], seq 692696454, ack 3524290971, win 32768, length 0",
        ),
        (3, "09:50:00.523948 IP 127.0.0.1.60653 > 127.0.0.1.7272: Flags [.], ack 1, win 256, length 0"),
        (
            8,
            "09:50:30.652680 IP 127.0.0.1.60653 > 127.0.0.1.7272: Flags [P.], seq 716:754, ack 157, win 256, length 38",
        ),
        (
            13,
            "09:50:30.653749 IP 127.0.0.1.7272 > 127.0.0.1.60584: Flags [P.], seq 1727582677:1727582756, ack 2638719425, win 256, length 79",
        ),
        (14, "09:50:30.653755 IP 127.0.0.1.60584 > 127.0.0.1.7272: Flags [.], ack 79, win 256, length 0"),
    ] {
        assert_eq!(page.block(number).packet, packet);
    }
}

#[test]
fn times_are_local() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("seed-2014.pcap");
    let mut command = command(&wireshark, &[capture.to_str().unwrap()]);
    let output = wireshark.run_unchecked(command.env("TZ", "ISO-05:30"));
    assert!(Page::new(&output.stdout).block(1).packet.starts_with("15:20:00.523910 IP "), "{}", output.stdout);
}

#[test]
fn messages_are_shown_unmasked_and_decompressed() {
    let wireshark = Wireshark::with_plugin();
    let seed = page(&wireshark, &[wireshark.capture("seed-2014.pcap").to_str().unwrap()]);
    assert_eq!(seed.block(8).texts, [r#"{"type":"login","name":"mynick"}"#]);
    assert_eq!(seed.block(15).texts, [r#"{"type":"say","to_uid":"all","content":"hi,  all !"}"#]);
    let with_text: Vec<u32> =
        seed.blocks.iter().filter(|block| !block.texts.is_empty()).map(|block| block.number).collect();
    assert_eq!(with_text, [4, 6, 8, 9, 11, 13, 15, 16, 18], "the packets with a handshake or a message");

    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50000);
    let extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    connection.open(&mut capture);
    connection.send(&mut capture, Side::Client, websocket::request("/", extension));
    connection.send(&mut capture, Side::Server, websocket::response(&websocket::accept(), extension));
    login(&mut capture, &mut connection, 1, "mynick", "1");
    let said = say_request("compressed");
    let frame =
        websocket::Frame::new(websocket::TEXT, websocket::deflate(&mut websocket::new_stream(), said.as_bytes()))
            .compressed()
            .masked();
    let compressed = connection.send(&mut capture, Side::Client, frame.bytes());
    assert_eq!(page_of(&wireshark, &capture).block(compressed).texts, [said]);
}

#[test]
fn a_packet_with_two_messages_has_two_notes_and_two_texts() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50000);
    join(&mut capture, &mut connection, 1, "mynick", "1");
    let said = [say_request("first"), say_request("second")];
    let frame = connection.send(&mut capture, Side::Client, said.clone().map(websocket::masked_text).concat());
    let page = page_of(&Wireshark::with_plugin(), &capture);
    let block = page.block(frame);
    assert_eq!(block.texts, said);
    for content in ["first", "second"] {
        assert!(block.comments.iter().any(|comment| comment.contains(content)), "{block:?}");
    }
}

/// A note for each message, and a heading for each exchange that reads differently.
#[test]
fn equal_messages_of_a_packet_have_a_note_each() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50000);
    join(&mut capture, &mut connection, 1, "mynick", "1");
    let said = ["same", "same", "other", "same"].map(say_request);
    let frame = connection.send(&mut capture, Side::Client, said.clone().map(websocket::masked_text).concat());
    let told = [login_notification(2, "anna"), login_notification(3, "ann")];
    let logins = connection.send(&mut capture, Side::Server, told.clone().map(websocket::text).concat());
    let page = page_of(&Wireshark::with_plugin(), &capture);
    let block = page.block(frame);
    let count = |words: &str| block.comments.iter().filter(|comment| comment.contains(words)).count();
    assert_eq!(block.texts, said);
    assert_eq!((count("over WebSocket: “same”"), count("over WebSocket: “other”")), (3, 1), "{block:?}");
    assert_eq!((count("says to everyone: “same”"), count("says to everyone: “other”")), (1, 1), "{block:?}");
    let block = page.block(logins);
    for heading in ["Login of anna", "Login of ann"] {
        assert!(block.comments.iter().any(|comment| comment == heading), "{heading}: {block:?}");
    }
}

#[test]
fn a_frame_with_two_segments_has_two_blocks() {
    let wireshark = Wireshark::with_plugin();
    let capture = fs::read(captures().join("hard/amsdu2.pcap")).unwrap();
    let page = page(&wireshark, &[wireshark.write_file("amsdu2.pcap", &capture).to_str().unwrap()]);
    let blocks: Vec<&Block> = page.blocks.iter().filter(|block| block.number == 8).collect();
    assert!(blocks[0].texts[0].contains("bob") && blocks[0].packet.contains("seq 279:381"), "{blocks:?}");
    assert_eq!(blocks[1].texts, [r#"{"type":"ping"}"#]);
    assert!(blocks[1].packet.contains("seq 381:398"), "{blocks:?}");
}

#[test]
fn ipv6_and_the_end_of_a_connection_are_printed_as_tcpdump_prints_them() {
    let mut capture = Capture::new(Link::Ethernet);
    let ends = ["[2001:db8::10]:50000", "[2001:db8::1]:7272"].map(|end| end.parse::<SocketAddr>().unwrap());
    let mut connection = Connection::between(ends[0], ends[1]).with_initial(1000, 2000);
    join(&mut capture, &mut connection, 1, "mynick", "1");
    let fin = capture.push(&connection.segment(Side::Client, FIN | ACK, []));
    let reset = capture.push(&connection.segment(Side::Server, RST, []));
    let page = page_of(&Wireshark::with_plugin(), &capture);
    let lines = [1, fin, reset].map(|number| page.block(number).packet.split_once(' ').unwrap().1.to_owned());
    assert_eq!(lines[0], "IP6 2001:db8::10.50000 > 2001:db8::1.7272: Flags [S], seq 1000, win 64000, length 0");
    assert!(lines[1].starts_with("IP6 2001:db8::10.50000 > 2001:db8::1.7272: Flags [F.], seq "), "{}", lines[1]);
    assert!(lines[1].contains(", ack ") && lines[1].ends_with(", win 64000, length 0"), "{}", lines[1]);
    assert!(lines[2].starts_with("IP6 2001:db8::1.7272 > 2001:db8::10.50000: Flags [R], seq "), "{}", lines[2]);
    assert!(!lines[2].contains(", ack "), "{}", lines[2]);
}

#[test]
fn only_packets_of_the_chat_are_printed() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("chat-2026.pcap");
    let page = page(&wireshark, &[capture.to_str().unwrap()]);
    let labelled: Vec<u32> = wireshark.labels(&capture, &[]).iter().map(|label| label.frame).collect();
    assert_eq!(page.numbers(), labelled);
}

/// The page of a file says what a second pass shows, and nothing else: of every packet with a phase, a message or an acknowledgment.
#[test]
fn the_page_has_the_headings_and_notes_of_a_second_pass() {
    let wireshark = Wireshark::with_plugin();
    let filter = "workermanchat.phase or workermanchat or workermanchat.acks";
    for name in ["hard/faults-and-rooms", "hard/snaplen-160", "hard/http-connect", "hard/captured-twice", "chat-2015"] {
        let capture = fs::read(captures().join(format!("{name}.pcap"))).unwrap();
        let capture = wireshark.write_file("capture.pcap", &capture);
        let rows = wireshark.rows_with_faults(&capture, &["-2", "-Y", filter], &COMMENTS);
        let page = page(&wireshark, &[capture.to_str().unwrap()]);
        assert_eq!(page.numbers(), rows.iter().map(|row| row.frame).collect::<Vec<_>>(), "{name}");
        for row in rows {
            let comments = &page.block(row.frame).comments;
            for told in COMMENTS.into_iter().flat_map(|field| row.all(field)) {
                assert!(comments.contains(&told), "{name}, frame {}: {told} in {comments:?}", row.frame);
            }
        }
    }
}

#[test]
fn options_of_tshark_are_handed_on() {
    let wireshark = Wireshark::with_plugin();
    let seed = wireshark.capture("seed-2014.pcap");
    let seed = seed.to_str().unwrap();
    for filter in [&["-Y", "workermanchat.exchange == 15"][..], &["-Yworkermanchat.exchange == 15", "-2"]] {
        assert_eq!(page(&wireshark, &[filter, &[seed]].concat()).numbers(), Vec::from_iter(15..=19), "{filter:?}");
    }
    page(&wireshark, &["-o", "workermanchat.language:it", seed]).assert_legend(legend_of_syn("it"));
    let output = run(&wireshark, &["-Y", "workermanchat.no_such_field", seed]);
    assert_eq!((output.code, output.stdout.as_str()), (1, ""));
    assert!(output.stderr.contains("no_such_field"), "{}", output.stderr);
    let output = run(&wireshark, &["-Y", "frame.number == 99", seed]);
    assert_eq!(output.stdout, "No packet of workerman-chat is shown: the filter matches none.\n");
}

#[test]
fn a_header_field_cannot_be_taken_for_a_comment() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50000);
    connection.open(&mut capture);
    let request = websocket::request("/", "#forged: a note\r\nX-Turned: \u{202e}\r\n");
    let frame = connection.send(&mut capture, Side::Client, request);
    connection.send(&mut capture, Side::Server, websocket::response(&websocket::accept(), ""));
    let page = page_of(&Wireshark::with_plugin(), &capture);
    let block = page.block(frame);
    assert!(block.comments.iter().all(|comment| !comment.contains("forged")), "{block:?}");
    assert!(block.texts.iter().any(|text| text == " #forged: a note"), "{block:?}");
    assert!(block.texts.iter().any(|text| text == "X-Turned: <U+202E>"), "{block:?}");
}

#[test]
fn what_the_plugin_finds_wrong_is_told() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("chat-2026.pcap");
    let page = page(&wireshark, &[capture.to_str().unwrap()]);
    let fields = ["_ws.expert.message"];
    let rows = wireshark.rows(&capture, &["-Y", "workermanchat.expert.malformed_json"], &fields);
    assert_ne!(rows.len(), 0);
    for row in rows {
        let comments = &page.block(row.frame).comments;
        let told = |finding: &String| comments.iter().any(|comment| comment.contains(finding));
        assert!(row.all(fields[0]).iter().any(told), "{comments:?}");
    }
}

// --- bad input --------------------------------------------------------------------------------------------------------

/// Names and texts that a terminal must not get as they are.
const HOSTILE: [&str; 7] = [
    "\u{1b}[31mred\u{1b}]0;title\u{7}",
    "back\u{8}space\rreturn\nline\ttab\u{7f}",
    "C1 \u{9b}31m\u{85}\u{90}",
    "override \u{202e}desrever\u{202c} \u{2066}isolate\u{2069}\u{2069}",
    "marks \u{200f}\u{200e}\u{61c}\u{feff}\u{2028}\u{2029}",
    "quotes \" \\ \\u001b \u{e0041}tags",
    "# a comment\n\n    1  00:00:00.000000 IP forged",
];

#[test]
fn nothing_that_a_terminal_obeys_is_printed() {
    let mut capture = Capture::new(Link::Ethernet);
    for (name, port) in HOSTILE.into_iter().zip(50000..) {
        let mut connection = Connection::from_port(port);
        join(&mut capture, &mut connection, 1, name, name);
        browser_says(&mut capture, &mut connection, say_request(name));
        server_says(&mut capture, &mut connection, say_delivery(1, name, name));
        // As they are, which is not JSON for most; and not UTF-8.
        browser_says(&mut capture, &mut connection, format!("{{\"type\":\"say\",\"content\":\"{name}\"}}"));
        browser_says(&mut capture, &mut connection, b"{\"type\":\"say\",\"content\":\"\xff\xc0\x9b\xed\xa0\x80\0\"}");
        server_says(&mut capture, &mut connection, logout(1, name));
    }
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.write("hostile.pcap", &capture);
    for language in ["en", "ru"] {
        let output = command(&wireshark, &[capture.to_str().unwrap(), language]).output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert_harmless(&text);
        assert!(text.contains('␛') && text.contains("<U+202E>") && text.contains('\u{fffd}'), "{text}");
        assert!(text.contains("\\u001b[31mred"), "an escape that is on the wire stays one:\n{text}");
        // A packet that a text forges would not be a block of its own.
        assert!(Page::new(&text).blocks.iter().all(|block| !block.packet.contains("forged")), "{text}");
    }
}

/// Fails if the text has control characters, or others that turn or hide what is printed. The plugin's own isolates are closed.
fn assert_harmless(text: &str) {
    for line in text.lines() {
        let mut open = 0;
        for character in line.chars() {
            match character {
                '\u{2068}' => open += 1,
                '\u{2069}' => open -= 1,
                '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'
                | '\u{2067}'
                | '\u{feff}' => {
                    panic!("{character:?} in {line:?}")
                }
                '\u{e0000}'..='\u{e007f}' => panic!("{character:?} in {line:?}"),
                other => assert!(!other.is_control(), "{other:?} in {line:?}"),
            }
            assert!(open >= 0, "{line:?}");
        }
        assert_eq!(open, 0, "{line:?}");
    }
}

#[test]
fn what_people_write_survives() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50000);
    join(&mut capture, &mut connection, 1, "猪猪", "1");
    let said =
        ["déjà vu", "שלום", "👩\u{200d}👩\u{200d}👧", "e\u{301}", "Привет", r"C:\temp", "\"so\""].map(say_request);
    let frames = said.clone().map(|message| browser_says(&mut capture, &mut connection, message));
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.write("people.pcap", &capture);
    let page = page(&wireshark, &[capture.to_str().unwrap()]);
    for (frame, message) in frames.into_iter().zip(said) {
        assert_eq!(page.block(frame).texts, [message]);
    }
    assert!(page.block(8).comments.iter().any(|comment| comment.contains("猪猪")), "{:?}", page.block(8));
    for row in wireshark.rows(&capture, &[], &COMMENTS) {
        assert_eq!(page.block(row.frame).comments, comments_of(&row), "frame {}", row.frame);
    }
}

#[test]
fn a_long_text_is_cut() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50000);
    let name = "é".repeat(10_000);
    join(&mut capture, &mut connection, 1, &name, "1");
    let page = page_of(&Wireshark::with_plugin(), &capture);
    let block = page.block(8);
    assert!(block.comments.iter().all(|comment| comment.chars().count() < 1000), "{:?}", block.comments);
    let (shown, rest) = block.texts[0].split_once("… (+").expect("the number of bytes left out");
    assert_eq!(shown.chars().count(), 4096);
    let left: usize = rest.strip_suffix(')').unwrap().parse().unwrap();
    assert_eq!(shown.len() + left, login_request(&name, "1").len());
}

#[test]
fn an_unknown_language_is_refused_with_those_there_are() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("seed-2014.pcap");
    for arguments in [vec!["--language", "tlh"], vec!["--language=tlh"]] {
        let output = run(&wireshark, &[arguments, vec![capture.to_str().unwrap()]].concat());
        assert_eq!((output.code, output.stdout.as_str()), (2, ""));
        let told = format!("no language tlh; there are: {}", tags().collect::<Vec<_>>().join(" "));
        assert!(output.stderr.contains(&told), "{}", output.stderr);
    }
    let output = run(&wireshark, &[capture.to_str().unwrap(), "\u{1b}[2J"]);
    assert_eq!(output.code, 2);
    assert_harmless(&output.stderr);
}

#[test]
fn auto_is_the_language_of_the_environment() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("seed-2014.pcap");
    for (variables, language) in [
        (["C", "ru_RU", "ru_RU"], "en"),
        (["tlh_KL.UTF-8", "ru_RU", "ru_RU"], "en"),
        (["", "fr_CH.UTF-8", "ru_RU"], "fr"),
        (["", "", "pt_BR"], "pt"),
        (["zh_CN.UTF-8", "", ""], "zh-CN"),
        (["", "", "zh_HK.UTF-8"], "zh-TW"),
        (["it_IT@euro", "", ""], "it"),
    ] {
        let mut command = command(&wireshark, &["--language", "auto", capture.to_str().unwrap()]);
        command.envs(["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().zip(variables));
        Page::new(&wireshark.run_unchecked(&mut command).stdout).assert_legend(legend_of_syn(language));
    }
}

#[test]
fn a_capture_without_the_chat_is_told_in_the_language() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("other-websocket-app.pcap");
    for language in tags() {
        let output = run(&wireshark, &[capture.to_str().unwrap(), language]);
        assert_eq!((output.code, output.stderr.as_str()), (0, ""));
        assert_eq!(output.stdout.lines().count(), 1, "{}", output.stdout);
        assert!(output.stdout.contains("workerman-chat"), "{}", output.stdout);
    }
}

#[test]
fn what_is_no_capture_is_tsharks_error() {
    let wireshark = Wireshark::with_plugin();
    let text = wireshark.write_file("notes.txt", b"This is a text and no capture, and longer than a header.\n");
    for file in [text.as_path(), Path::new("nowhere.pcap"), wireshark.home()] {
        let output = run(&wireshark, &[file.to_str().unwrap()]);
        assert_eq!((output.code, output.stdout.as_str()), (1, ""), "{}", file.display());
        assert!(
            output.stderr.contains("tshark: ") && output.stderr.contains(file.to_str().unwrap()),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn of_a_capture_that_is_cut_short_the_page_is_printed_as_far_as_it_goes() {
    let wireshark = Wireshark::with_plugin();
    let seed = fs::read(wireshark.capture("seed-2014.pcap")).unwrap();
    let capture = wireshark.write_file("cut.pcap", &seed[..1900]);
    let output = run(&wireshark, &[capture.to_str().unwrap()]);
    assert_eq!(output.code, 1);
    assert!(output.stderr.contains("cut short"), "{}", output.stderr);
    let page = Page::new(&output.stdout);
    assert!(page.blocks.len() > 5, "{page:?}");
    page.assert_legend(legend_of_syn("en"));
}

#[test]
fn without_the_plugin_the_script_says_so() {
    let wireshark = Wireshark::without_plugin();
    let output = run(&wireshark, &[wireshark.capture("seed-2014.pcap").to_str().unwrap()]);
    assert_eq!((output.code, output.stdout.as_str()), (1, ""));
    assert!(output.stderr.contains("plugin/install"), "{}", output.stderr);
}

#[test]
fn a_wrong_command_is_refused_and_help_is_printed() {
    let wireshark = Wireshark::with_plugin();
    for arguments in [vec![], vec!["--language"], vec!["-x"], vec!["a", "en", "b"]] {
        let output = run(&wireshark, &arguments);
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(output.stderr.contains("annotate --help"), "{}", output.stderr);
    }
    let output = run(&wireshark, &["--help"]);
    assert_eq!(output.code, 0);
    assert!(output.stdout.contains("tcpdump -U -s 0 -i any -w - port 7272 | plugin/annotate -"), "{}", output.stdout);
}

#[test]
fn where_no_packet_comes_on_standard_input_the_script_says_so() {
    let wireshark = Wireshark::with_plugin();
    let seed = fs::read(wireshark.capture("seed-2014.pcap")).unwrap();
    // Not even a header, and a header without packets
    for length in [0, 24] {
        let capture = wireshark.write_file("empty.pcap", &seed[..length]);
        let output = wireshark.run_unchecked(command(&wireshark, &["-"]).stdin(fs::File::open(&capture).unwrap()));
        assert_eq!((output.code, output.stdout.as_str()), (1, ""), "{length} bytes");
        assert!(output.stderr.contains("No packet came on standard input: did the capture"), "{}", output.stderr);
    }
}

// --- a listing of tcpdump ---------------------------------------------------------------------------------------------

/// What tcpdump prints of a capture with these options; nothing, and the test is skipped, where there is no tcpdump.
fn listing(wireshark: &Wireshark, options: &[&str], capture: &Path) -> Option<String> {
    if Command::new("tcpdump").arg("--version").output().is_err() {
        skipped("there is no tcpdump");
        return None;
    }
    let printed = wireshark.run_unchecked(wireshark.command("tcpdump").args(options).arg("-nnr").arg(capture));
    assert_eq!(printed.code, 0, "{options:?}: {}", printed.stderr);
    Some(printed.stdout)
}

/// The page of a listing, which must read without a complaint.
fn page_of_listing(wireshark: &Wireshark, listing: &str) -> Page {
    page(wireshark, &[wireshark.write_file("listing.txt", listing.as_bytes()).to_str().unwrap()])
}

#[test]
fn the_page_of_a_listing_is_that_of_its_capture() {
    let wireshark = Wireshark::with_plugin();
    let all = &["-X", "-XX", "-x", "-xx", "-Xs0", "-Xtt", "-XXtttt", "-#XAvve"][..];
    for (name, variants) in [("seed-2014.pcap", all), ("chat-2026.pcap", &["-XX"])] {
        let capture = wireshark.capture(name);
        let whole = page(&wireshark, &[capture.to_str().unwrap()]);
        for options in variants {
            let Some(listing) = listing(&wireshark, &[options], &capture) else { return };
            assert_eq!(page_of_listing(&wireshark, &listing), whole, "{name} {options}");
        }
        let Some(listing) = listing(&wireshark, &["-X"], &capture) else { return };
        assert_eq!(page_of_listing(&wireshark, &listing.replace('\n', "\r\n")), whole, "{name} with CRLF");
    }
}

#[test]
fn a_listing_without_times_or_with_pauses_has_the_same_notes() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("seed-2014.pcap");
    let whole = page(&wireshark, &[capture.to_str().unwrap()]);
    for (options, second) in [("-Xt", "- IP "), ("-Xttt", "00:00:00.000025 IP "), ("-Xttttt", "00:00:00.000025 IP ")] {
        let Some(listing) = listing(&wireshark, &[options], &capture) else { return };
        let page = page_of_listing(&wireshark, &listing);
        assert!(page.block(2).packet.starts_with(second), "{options}: {:?}", page.block(2));
        for block in &whole.blocks {
            let listed = page.block(block.number);
            assert_eq!((&listed.comments, &listed.texts), (&block.comments, &block.texts), "{options}");
        }
    }
}

#[test]
fn a_listing_of_each_link_of_ipv6_and_of_cut_packets_is_read() {
    let wireshark = Wireshark::with_plugin();
    let ends = ["[2001:db8::10]:50000", "[2001:db8::1]:7272"].map(|end| end.parse::<SocketAddr>().unwrap());
    for link in [Link::Ethernet, Link::Vlan, Link::Sll, Link::Sll2] {
        let mut capture = Capture::new(link).with_snapshot_length(160);
        for mut connection in [Connection::from_port(50000), Connection::between(ends[0], ends[1])] {
            join(&mut capture, &mut connection, 1, "mynick", "1");
            browser_says(&mut capture, &mut connection, say_request(&"long ".repeat(60)));
        }
        let capture = wireshark.write("built.pcap", &capture);
        let whole = page(&wireshark, &[capture.to_str().unwrap()]);
        let Some(listing) = listing(&wireshark, &["-XX"], &capture) else { return };
        assert_eq!(page_of_listing(&wireshark, &listing), whole, "{link:?}");
    }
}

/// Packets from before and after midnight, in the form of older versions; and the loopback of BSD.
#[test]
fn a_listing_written_by_hand_is_read() {
    let syn = "4500 0028 0001 0000 4006 0000 7f00 0001\n 0x0010  7f00 0001 c350 1c68 0000 0001 0000 0000 ..\n 0x0020\t5002 8000 0000 0000\n";
    let another = syn.replace("c350", "c351");
    let listing = format!("23:59:59.9 IP one\n 0x0000  {syn}00:00:01 IP two\n 0x0000: {another}");
    let wireshark = Wireshark::with_plugin();
    let times = |page: Page| page.blocks.into_iter().map(|block| block.packet.split(' ').next().unwrap().to_owned());
    let page_read = page_of_listing(&wireshark, &listing);
    assert_eq!(times(page_read).collect::<Vec<_>>(), ["23:59:59.900000", "00:00:01.000000"]);

    let loopback = "\t0x0000:  0200 0000 4500 0028 0001 0000 4006 0000\n\t0x0010:  7f00 0001 7f00 0001 c350 1c68 0000 0001\n\
                    \t0x0020:  0000 0000 5002 8000 0000 0000\n";
    let page = page_of_listing(&wireshark, loopback);
    assert!(
        page.block(1).packet.ends_with("IP 127.0.0.1.50000 > 127.0.0.1.7272: Flags [S], seq 1, win 32768, length 0")
    );
}

#[test]
fn what_is_wrong_with_a_listing_is_said() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("seed-2014.pcap");
    let Some(whole) = listing(&wireshark, &["-X"], &capture) else { return };
    let Some(texts) = listing(&wireshark, &["-A"], &capture) else { return };
    let pages = page(&wireshark, &[capture.to_str().unwrap()]);
    let refused = |text: &str| {
        let output = run(&wireshark, &[wireshark.write_file("listing.txt", text.as_bytes()).to_str().unwrap()]);
        assert_eq!((output.code, output.stdout.as_str()), (1, ""), "{}", output.stderr);
        output.stderr
    };
    assert!(refused(&texts).contains("listing.txt: tcpdump printed no bytes of the packets in it"));
    assert!(refused("09:50:00 IP\n\t0x0000:  0001 0203\n").contains("its packets begin neither with IP"));

    // A line that is not whole, one that is missing, and a beginning that is missing: the other packets are there.
    let lines: Vec<&str> = whole.lines().collect();
    for (place, broken) in [(7, "\t0x0010:  7f00 0001 1c6"), (7, "between"), (0, "")] {
        let mut lines = lines.clone();
        lines[place] = broken;
        let from = if place == 0 { 2 } else { 0 };
        let text = lines[from..].join("\n");
        let output = run(&wireshark, &[wireshark.write_file("listing.txt", text.as_bytes()).to_str().unwrap()]);
        assert_eq!(output.code, 1, "{}", output.stderr);
        let line = if place == 0 {
            1
        } else if broken == "between" {
            9
        } else {
            8
        };
        assert!(
            output.stderr.contains(&format!("listing.txt: line {line} does not continue its packet")),
            "{}",
            output.stderr
        );
        assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
        assert!(
            Page::new(&output.stdout).blocks.iter().any(|block| block.texts == pages.block(8).texts),
            "{}",
            output.stdout
        );
    }
}

/// An awk that copied what it has of a packet for each of its lines would take minutes.
#[test]
fn a_long_listing_takes_seconds() {
    let wireshark = Wireshark::with_plugin();
    let Some(listing) = listing(&wireshark, &["-X"], &wireshark.capture("chat-2026.pcap")) else { return };
    let long = wireshark.write_file("listing.txt", listing.repeat(10).as_bytes());
    let output = wireshark.run_within(Duration::from_secs(30), &mut command(&wireshark, &[long.to_str().unwrap()]));
    assert_eq!((output.code, output.stderr.as_str()), (0, ""));
}

// --- live -------------------------------------------------------------------------------------------------------------

#[test]
fn standard_input_gives_the_same_page_but_for_what_later_packets_show() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("chat-2026.pcap");
    let mut command = command(&wireshark, &["-"]);
    let output = wireshark.run_unchecked(command.stdin(fs::File::open(&capture).unwrap()));
    assert_eq!((output.code, output.stderr.as_str()), (0, ""));
    let (live, mut whole) = (Page::new(&output.stdout), page(&wireshark, &[capture.to_str().unwrap()]));
    let is_late = |comment: &String| comment.contains("a part of the message that is complete in frame");
    assert!(whole.blocks.iter().any(|block| block.comments.iter().any(is_late)));
    whole.blocks.iter_mut().for_each(|block| block.comments.retain(|comment| !is_late(comment)));
    assert_eq!(live.blocks.len(), whole.blocks.len());
    for (live, whole) in live.blocks.iter().zip(&whole.blocks) {
        assert_eq!(live, whole);
    }
    assert_eq!(live.legend, whole.legend);
}

/// The script with an open pipe in front of it, in a process group of its own.
struct Live {
    script: Child,
    lines: Receiver<String>,
}

impl Live {
    fn start(wireshark: &Wireshark) -> Self {
        // Where the tests run in the background, they ignore SIGINT, and so would the script.
        let mut command = wireshark.command("env");
        command.args(["--default-signal=INT", "sh"]).arg(wireshark.script("annotate")).arg("-");
        let mut script = command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(script.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        Self { script, lines }
    }

    fn write(&mut self, bytes: &[u8]) {
        let pipe = self.script.stdin.as_mut().unwrap();
        pipe.write_all(bytes).and_then(|()| pipe.flush()).unwrap();
    }

    /// Waits for a line with this.
    fn expect_line(&self, wanted: &str) {
        while !self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no {wanted:?}")).contains(wanted) {}
    }
}

/// A capture's file header, and the records of its packets.
fn records(capture: &[u8]) -> Vec<&[u8]> {
    let (header, mut rest) = capture.split_at(24);
    let mut records = vec![header];
    while !rest.is_empty() {
        let captured = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        let (record, others) = rest.split_at(16 + captured);
        records.push(record);
        rest = others;
    }
    records
}

#[test]
fn each_packet_is_printed_before_the_next_one_arrives() {
    let wireshark = Wireshark::with_plugin();
    let seed = fs::read(wireshark.capture("seed-2014.pcap")).unwrap();
    let mut live = Live::start(&wireshark);
    for (number, record) in records(&seed).into_iter().enumerate() {
        live.write(record);
        if number > 0 {
            live.expect_line(&format!("{number:5}  "));
        }
        if number == 8 {
            live.expect_line(r#"{"type":"login","name":"mynick"}"#);
        }
    }
    drop(live.script.stdin.take());
    live.expect_line("tcpdump -XAns");
    assert!(live.script.wait().unwrap().success());
}

#[test]
fn ctrl_c_ends_the_capture_and_completes_the_page() {
    let wireshark = Wireshark::with_plugin();
    let seed = fs::read(wireshark.capture("seed-2014.pcap")).unwrap();
    let mut live = Live::start(&wireshark);
    live.write(&seed);
    live.expect_line("   19  ");
    let interrupt = format!("kill -INT -{}", live.script.id());
    assert!(Command::new("sh").args(["-c", &interrupt]).status().unwrap().success());
    live.expect_line("tcpdump -XAns");
    assert!(live.script.wait().unwrap().success());
}
