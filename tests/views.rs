//! Views of a whole conversation: `-z workermanchat,NAME[,FILTER]`. The golden files in `tests/views` are whole pages;
//! `WORKERMANCHAT_BLESS=1 cargo test --test views` rewrites them, when a page is meant to change.

mod harness;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use harness::packets::{ACK, Capture, Connection, FIN, Link, RST, Side};
use harness::scripts::*;
use harness::wireshark::{Output, Wireshark};
use harness::{reader, websocket};

// --- all views --------------------------------------------------------------------------------------------------------

/// What tshark prints of a view, or of one with a filter (`NAME,FILTER`).
fn page(wireshark: &Wireshark, capture: &Path, options: &[&str], view: &str) -> String {
    let view = format!("workermanchat,{view}");
    let arguments = [&["-r", capture.to_str().unwrap(), "-q", "-z", &view], options].concat();
    wireshark.tshark(&arguments).stdout
}

/// The page, which must be the same in one pass and in two.
fn agreed_page(wireshark: &Wireshark, capture: &Path, view: &str) -> String {
    let [once, twice] = [&[][..], &["-2"]].map(|passes| page(wireshark, capture, passes, view));
    assert_eq!(once, twice, "{view} of {}: one pass, then two", capture.display());
    once
}

fn in_language(language: &str) -> [String; 2] {
    ["-o".to_owned(), format!("workermanchat.language:{language}")]
}

fn assert_golden(name: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/views").join(format!("{name}.txt"));
    if std::env::var_os("WORKERMANCHAT_BLESS").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("create the folder of golden files");
        fs::write(&path, page).expect("write the golden file");
    }
    let golden = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for (at, (line, golden)) in page.lines().zip(golden.lines()).enumerate() {
        assert_eq!(line, golden, "{name}, line {}", at + 1);
    }
    assert_eq!(page.len(), golden.len(), "{name}: the rest\n{page}");
}

/// Every character is printable, but for line ends and the two that isolate what is written from right to left.
fn assert_printable(page: &str) {
    let is_odd =
        |c: &char| c.is_control() && *c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}' | '\u{2067}');
    assert_eq!(page.chars().find(is_odd), None, "{page}");
}

/// A filter that is none.
fn with_bad_filter(wireshark: &Wireshark, view: &str) -> Output {
    let capture = wireshark.capture("seed-2014.pcap");
    let view = format!("workermanchat,{view},workermanchat.no_such_field == 1");
    wireshark.run_unchecked(wireshark.command("tshark").args(["-r", capture.to_str().unwrap(), "-q", "-z", &view]))
}

/// Names that mean something to Mermaid, to a terminal or to the direction of writing.
const AWKWARD: [&str; 14] = [
    "quotes \" and ' and `",
    "semi;colon; #59; #quot;",
    "end",
    "%% a comment",
    "%%{init: {'theme':'dark'}}%%",
    "wrap: me",
    "style: #;classDef x:y",
    "<b>bold</b> &amp; <script>alert(1)</script>",
    "tab\tline\nend\r\u{1b}[31mred\u{7}",
    "\u{202e}turned\u{202c} \u{2028}",
    "שלום עולם",
    "👩🏽‍🚀 张三丰",
    "U1->>S1: $$x^2$$ \\n @{",
    "   ",
];

#[test]
fn a_view_of_a_capture_without_chat_says_so() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("other-websocket-app.pcap");
    for view in ["sessions", "diagram"] {
        assert_eq!(agreed_page(&wireshark, &capture, view), "No messages of the chat.\n", "{view}");
    }
}

#[test]
fn a_filter_that_is_none_is_told() {
    let wireshark = Wireshark::with_plugin();
    for view in ["sessions", "diagram", "page", "live", "html"] {
        let output = with_bad_filter(&wireshark, view);
        assert_eq!((output.code, &*output.stdout), (1, ""), "{view}");
        assert!(output.stderr.contains("no_such_field"), "{}", output.stderr);
    }
}

// --- the page ---------------------------------------------------------------------------------------------------------

#[test]
fn the_page_of_each_recorded_session() {
    let wireshark = Wireshark::with_plugin();
    for name in ["seed-2014", "chat-2015", "heartbeat-2026"] {
        let page = agreed_page(&wireshark, &wireshark.capture(&format!("{name}.pcap")), "page");
        assert_printable(&page);
        assert_golden(&format!("page-{name}"), &page);
    }
    let options = in_language("zh-CN");
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let seed = wireshark.capture("seed-2014.pcap");
    assert_golden("page-seed-2014-zh-CN", &page(&wireshark, &seed, &options, "page"));
}

// --- sessions ---------------------------------------------------------------------------------------------------------

/// The cells of each row, but for the titles.
fn rows(page: &str) -> Vec<Vec<String>> {
    let cells =
        |line: &str| line.split("  ").map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty()).collect();
    page.lines().skip(1).map(cells).collect()
}

#[test]
fn the_table_of_sessions_is_that_of_the_golden_file() {
    let wireshark = Wireshark::with_plugin();
    for name in ["seed-2014", "chat-2015", "chat-2026", "heartbeat-2026", "hard/faults-and-rooms", "hard/refused"] {
        let capture = recorded(&wireshark, name);
        let page = agreed_page(&wireshark, &capture, "sessions");
        assert_printable(&page);
        assert_golden(&format!("sessions-{}", name.replace("hard/", "")), &page);
    }
}

/// A capture of `tests/captures` or of the folder `hard`, copied.
fn recorded(wireshark: &Wireshark, name: &str) -> PathBuf {
    let bytes = fs::read(harness::wireshark::captures().join(format!("{name}.pcap"))).expect("a capture");
    wireshark.write_file(&format!("{}.pcap", name.replace('/', "-")), &bytes)
}

#[test]
fn a_table_of_sessions_is_in_the_language() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("chat-2026.pcap");
    for language in ["zh-CN", "fr"] {
        let [option, value] = in_language(language);
        let page = page(&wireshark, &capture, &[&option, &value], "sessions");
        assert_golden(&format!("sessions-chat-2026-{language}"), &page);
    }
}

/// The text messages to and from port 7272, as a reader finds them that knows nothing of the plugin: it reads TCP and WebSocket by itself.
/// Empty ones are left out, which Wireshark passes to no dissector.
fn sent_to_the_chat(capture: &Path) -> Vec<reader::Message> {
    let mut messages = reader::messages(capture);
    messages.retain(|message| [message.from, message.to].iter().any(|end| end.port() == 7272));
    messages.retain(|message| !message.payload.is_empty());
    messages
}

#[test]
fn the_messages_each_way_are_those_that_were_sent() {
    let wireshark = Wireshark::with_plugin();
    for name in
        ["seed-2014", "chat-2015", "chat-2026", "heartbeat-2026", "hard/faults-and-rooms", "hard/b2015-same-name-tabs"]
    {
        let capture = recorded(&wireshark, name);
        let mut expected: BTreeMap<SocketAddr, [usize; 2]> = BTreeMap::new();
        for message in sent_to_the_chat(&capture) {
            let by_server = message.is_from_server(7272);
            expected.entry(if by_server { message.to } else { message.from }).or_default()[usize::from(by_server)] += 1;
        }
        let table = rows(&agreed_page(&wireshark, &capture, "sessions"));
        let number = |cell: &String| cell.parse::<usize>().unwrap_or_else(|_| panic!("{name}: {cell}"));
        let found =
            table.iter().map(|row| (row[1].parse().expect("an endpoint"), [number(&row[12]), number(&row[13])]));
        let found: BTreeMap<SocketAddr, [usize; 2]> = found.filter(|(_, counts)| *counts != [0, 0]).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_filter_chooses_connections_by_their_packets() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("chat-2026.pcap");
    let all = page(&wireshark, &capture, &[], "sessions");
    let of = |filter: &str| agreed_page(&wireshark, &capture, &format!("sessions,{filter}"));
    for (filter, stream) in [("workermanchat.user == \"mynick\"", "0"), ("workermanchat.content == \"room two\"", "2")]
    {
        let table = rows(&of(filter));
        let expected: Vec<_> = rows(&all).into_iter().filter(|row| row[0] == stream).collect();
        assert_eq!(table, expected, "{filter}: the row is about the whole connection");
    }
    assert_eq!(of("udp"), "No messages of the chat.\n");
}

#[test]
fn the_beginning_is_known_in_one_pass_where_the_chat_is_on_another_port() {
    let wireshark = Wireshark::with_plugin();
    let capture = recorded(&wireshark, "hard/nginx-without-upgrade");
    let table = rows(&agreed_page(&wireshark, &capture, "sessions"));
    assert_eq!(table.len(), 2);
    assert!(table.iter().all(|row| row[5..=11].iter().all(|cell| cell != "-")), "{table:?}");
}

/// A chat on a port that is not configured, of which the first messages could be another application's.
fn late_proof() -> Capture {
    let mut capture = Capture::new(Link::Ethernet);
    let server = SocketAddr::from(([192, 0, 2, 1], 8000));
    let mut connection = Connection::between(SocketAddr::from(([192, 0, 2, 10], 50_001)), server);
    connection.open(&mut capture);
    upgrade(&mut capture, &mut connection);
    for _ in 0..2 {
        server_says(&mut capture, &mut connection, r#"{"type":"ping"}"#);
        browser_says(&mut capture, &mut connection, r#"{"type":"pong"}"#);
    }
    login(&mut capture, &mut connection, 1, "mynick", "1");
    capture
}

#[test]
fn a_view_knows_in_one_pass_what_was_there_before_the_chat_was_recognized() {
    let wireshark = Wireshark::with_plugin();
    let elsewhere = &["-o", "workermanchat.tcp.port:9"][..];
    let late = wireshark.write("late-proof.pcap", &late_proof());
    let captures = [
        (late, &[][..], "3 · "),
        (wireshark.capture("chat-2026.pcap"), elsewhere, "4 · WebSocket handshake request"),
        (wireshark.capture("wss-2026.pcapng"), &[], "1 · "),
        (recorded(&wireshark, "hard/snaplen-160"), &[], "4 · WebSocket handshake request"),
        (recorded(&wireshark, "hard/snaplen-160"), elsewhere, "4 · WebSocket handshake request"),
    ];
    for (capture, options, early) in captures {
        for view in ["transcript", "sessions", "diagram", "users", "times", "tree"] {
            let [once, twice] =
                [&[][..], &["-2"]].map(|passes| page(&wireshark, &capture, &[options, passes].concat(), view));
            assert_eq!(once, twice, "{view} of {}: one pass, then two", capture.display());
            assert!(view != "diagram" || arrows(&once).iter().any(|(_, words)| words.starts_with(early)), "{once}");
        }
    }
}

#[test]
fn how_a_connection_ended_and_by_whom_is_told() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connections: Vec<Connection> = (1..=5).map(|number| Connection::from_port(50_000 + number)).collect();
    let [open, fin, reset, refused, renamed] = &mut connections[..] else { panic!("five") };
    join(&mut capture, open, 1, "open", "1");
    join(&mut capture, fin, 2, "fin", "1");
    capture.push(&fin.segment(Side::Server, FIN | ACK, b""));
    join(&mut capture, reset, 3, "reset", "2");
    capture.push(&reset.segment(Side::Client, RST, b""));
    refused.open(&mut capture);
    refused.send(&mut capture, Side::Client, websocket::request("/", ""));
    refused.send(&mut capture, Side::Server, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    capture.push(&refused.segment(Side::Server, FIN | ACK, b""));
    join(&mut capture, renamed, 5, "anna", "1");
    login(&mut capture, renamed, 5, "ben", "2");
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("ends.pcap", &capture);
    let table = rows(&agreed_page(&wireshark, &path, "sessions"));
    let found: Vec<[&str; 3]> = table.iter().map(|row| [&*row[3], &*row[4], &*row[15]]).collect();
    assert_eq!(
        found,
        [
            ["open", "1", "open"],
            ["fin", "1", "Server: TCP close (FIN)"],
            ["reset", "2", "Browser: TCP reset (RST)"],
            ["-", "-", "Server: WebSocket handshake refused (403), Server: TCP close (FIN)"],
            ["ben (formerly anna)", "2", "open"],
        ]
    );
}

#[test]
fn a_table_of_awkward_names_has_a_line_a_connection() {
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("awkward.pcap", &each_says_the_name(&AWKWARD, None));
    let page = agreed_page(&wireshark, &path, "sessions");
    assert_printable(&page);
    assert_eq!(page.lines().count(), 1 + AWKWARD.len(), "{page}");
    assert_golden("sessions-awkward", &page);
}

#[test]
fn a_capture_that_ends_in_the_middle_has_its_views() {
    let wireshark = Wireshark::with_plugin();
    let whole = fs::read(wireshark.capture("chat-2026.pcap")).expect("a capture");
    // The last packet is cut in its header, in its bytes, and in the middle of the conversation.
    for length in [whole.len() - 1, whole.len() / 2, 24 + 8] {
        let path = wireshark.write_file("cut.pcap", &whole[..length]);
        for view in ["sessions", "diagram"] {
            let pages = [&[][..], &["-2"]].map(|passes| {
                let view = format!("workermanchat,{view}");
                let arguments = [&["-r", path.to_str().unwrap(), "-q", "-z", &view], passes].concat();
                wireshark.run_unchecked(wireshark.command("tshark").args(arguments)).stdout
            });
            assert_eq!(pages[0], pages[1], "{length} bytes, {view}");
            let is_empty = pages[0] == "No messages of the chat.\n";
            assert_eq!(is_empty, length < 100, "{length} bytes, {view}: {}", pages[0]);
        }
    }
}

// --- diagram ----------------------------------------------------------------------------------------------------------

/// The arrows between lifelines: from, to, and what stands at them.
fn arrows(page: &str) -> Vec<(&str, &str)> {
    let is_arrow = |(ends, _): &(&str, &str)| [">>", "-x"].iter().any(|head| ends.contains(head));
    page.lines().filter_map(|line| line.trim().split_once(": ")).filter(is_arrow).collect()
}

#[test]
fn a_diagram_is_that_of_the_golden_file() {
    let wireshark = Wireshark::with_plugin();
    for name in ["seed-2014", "chat-2015", "chat-2026", "heartbeat-2026", "hard/faults-and-rooms", "hard/refused"] {
        let page = agreed_page(&wireshark, &recorded(&wireshark, name), "diagram");
        assert_printable(&page);
        assert_golden(&format!("diagram-{}", name.replace("hard/", "")), &page);
    }
    let capture = wireshark.capture("seed-2014.pcap");
    let [option, value] = in_language("zh-CN");
    assert_golden("diagram-seed-2014-zh-CN", &page(&wireshark, &capture, &[&option, &value], "diagram"));
}

#[test]
fn a_diagram_has_an_arrow_for_each_message() {
    let wireshark = Wireshark::with_plugin();
    for name in ["seed-2014", "chat-2015", "chat-2026", "hard/faults-and-rooms"] {
        let capture = recorded(&wireshark, name);
        let page = agreed_page(&wireshark, &capture, "diagram");
        let drawn = arrows(&page).into_iter().filter_map(|(ends, words)| {
            let (frame, words) = words.split_once(" · ")?;
            let is_below = ["TCP", "WebSocket", "Message acknowledged"].iter().any(|kind| words.starts_with(kind));
            Some((frame.parse::<u32>().expect("a frame"), ends.starts_with('S'))).filter(|_| !is_below)
        });
        let sent =
            sent_to_the_chat(&capture).iter().map(|sent| (sent.frame, sent.is_from_server(7272))).collect::<Vec<_>>();
        assert_eq!(drawn.collect::<Vec<_>>(), sent, "{name}");
    }
}

#[test]
fn a_filter_chooses_what_is_drawn() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("chat-2026.pcap");
    let page = agreed_page(&wireshark, &capture, "diagram,workermanchat.exchange == 33");
    let frames: Vec<&str> = arrows(&page).iter().filter_map(|(_, words)| words.split(" · ").next()).collect();
    assert_eq!(frames, ["33", "34", "35", "36", "37"], "{page}");
    assert_golden("diagram-chat-2026-exchange-33", &page);
}

/// Drawn with Mermaid's own renderer and looked at: each name stands in the picture as it stands in a terminal.
#[test]
fn a_diagram_of_awkward_names_is_that_of_the_golden_file() {
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("awkward.pcap", &each_says_the_name(&AWKWARD, None));
    let page = agreed_page(&wireshark, &path, "diagram");
    assert_printable(&page);
    let known = ["sequenceDiagram", "    participant ", "    U", "    S", "    Note "];
    assert!(page.lines().all(|line| known.iter().any(|start| line.starts_with(start))), "{page}");
    assert_golden("diagram-awkward", &page);
}

#[test]
fn a_long_diagram_is_bounded_and_says_how_much_is_left_out() {
    let wireshark = Wireshark::with_plugin();
    for (content, drawn) in [("hi".to_owned(), 500), ("#;".repeat(50), 0)] {
        let mut capture = Capture::new(Link::Ethernet);
        let mut anna = Connection::from_port(50_001);
        join(&mut capture, &mut anna, 1, "anna", "1");
        for _ in 0..400 {
            browser_says(&mut capture, &mut anna, say_request(&content));
            server_says(&mut capture, &mut anna, say_delivery(1, "anna", &content));
        }
        let path = wireshark.write("long.pcap", &capture);
        let page = agreed_page(&wireshark, &path, "diagram");
        let count = arrows(&page).len();
        assert!(page.encode_utf16().count() < 50_000, "Mermaid draws no more than that");
        // Routine has arrows where there is little of it: TCP's handshake and three acknowledgments.
        let routine = 6;
        assert!(if drawn > 0 { count == drawn + routine } else { (50..500).contains(&count) }, "{count}");
        let count = count - routine;
        // Beside the messages: the upgrade request, its response, the login and its result.
        let more = 800 + 4 - count;
        assert!(
            page.ends_with(&format!("Note over U1,S1: … and {more} more\n")),
            "{count}: {}",
            &page[page.len() - 99..]
        );
    }
}

#[test]
fn a_say_that_nobody_got_has_a_note() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut anna = Connection::from_port(50_001);
    join(&mut capture, &mut anna, 1, "anna", "1");
    browser_says(&mut capture, &mut anna, say_request("lost"));
    anna.ack(&mut capture, Side::Server);
    capture.wait(std::time::Duration::from_secs(5));
    browser_says(&mut capture, &mut anna, say_request("found"));
    server_says(&mut capture, &mut anna, say_delivery(1, "anna", "found"));
    let wireshark = Wireshark::with_plugin();
    let page = agreed_page(&wireshark, &wireshark.write("lost.pcap", &capture), "diagram");
    let lines: Vec<&str> = page.lines().collect();
    let at = lines.iter().position(|line| line.ends_with("→ all: lost")).expect("the say");
    assert_eq!(
        lines[at + 1],
        "    Note over U1,S1: Nobody received this message, although the<br/>connection stayed open"
    );
    assert_eq!(page.matches("Nobody received").count(), 1, "{page}");
}

#[test]
fn the_documentation_shows_the_diagrams_of_the_golden_files() {
    let read = |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a text");
    let documentation = read("docs/diagrams.md");
    for name in ["seed-2014", "chat-2026"] {
        let diagram = read(&format!("tests/views/diagram-{name}.txt"));
        assert!(
            documentation.contains(&format!("```mermaid\n{diagram}```\n")),
            "docs/diagrams.md shows another {name}"
        );
    }
}
