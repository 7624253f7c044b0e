//! What the views print after one pass over a capture, they print after two: taps run in the first pass, when much is not known yet; pages are
//! written when all of it is.

mod harness;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use harness::packets::{ACK, Capture, Connection, FIN, Link, Side};
use harness::scripts::*;
use harness::websocket;
use harness::wireshark::{Wireshark, captures};

/// Connections that are followed in each capture.
const FOLLOWED: usize = 24;

/// A capture, and the options that it needs.
struct Recorded {
    path: PathBuf,
    options: Vec<String>,
}

/// All captures of `tests/captures` and its folders, copied.
fn recorded(wireshark: &Wireshark) -> Vec<Recorded> {
    let mut found = Vec::new();
    let mut folders = vec![captures()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("read a folder of captures") {
            let path = entry.expect("read a folder of captures").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(captures()).unwrap().to_str().unwrap().replace('/', "-");
            if ![".pcap", ".pcapng", ".pcap.gz"].iter().any(|end| name.ends_with(end)) {
                continue;
            }
            let copy = wireshark.write_file(&name, &fs::read(&path).expect("read a capture"));
            let keys = fs::read(path.with_extension("keys")).ok();
            let keys = keys.map(|keys| wireshark.write_file(&format!("{name}.keys"), &keys));
            let options = keys.map(|keys| vec!["-o".to_owned(), format!("tls.keylog_file:{}", keys.display())]);
            found.push(Recorded { path: copy, options: options.unwrap_or_default() });
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// All views in one run: the pages, and what the first connections' Follow shows. Rates are left out: Wireshark counts them from the first packet
/// that is tapped, which may be one of a connection that turns out not to be the chat's.
fn views(wireshark: &Wireshark, capture: &Recorded, more: &[&str]) -> String {
    let mut arguments: Vec<String> = vec!["-q".to_owned(), "-r".to_owned(), capture.path.to_str().unwrap().to_owned()];
    let pages = ["transcript", "sessions", "diagram", "tree"].map(|view| format!("workermanchat,{view}"));
    let followed = (0..FOLLOWED).map(|stream| format!("follow,workermanchat,ascii,{stream}"));
    pages.into_iter().chain(followed).for_each(|view| arguments.extend(["-z".to_owned(), view]));
    arguments.extend(capture.options.iter().cloned().chain(more.iter().map(|option| (*option).to_owned())));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let printed = wireshark.tshark(&arguments).stdout;
    printed.lines().map(without_rate).collect::<Vec<_>>().join("\n")
}

/// A line without a percentage, the rate before it and what follows.
fn without_rate(line: &str) -> String {
    let Some((start, _)) = line.split_once("% ") else { return line.to_owned() };
    let words: Vec<&str> = start.split_whitespace().collect();
    let indentation = line.len() - line.trim_start().len();
    format!("{:indentation$}{}", "", words[..words.len().saturating_sub(2)].join(" "))
}

/// What the views print, in one pass and in two.
fn agreed(wireshark: &Wireshark, capture: &Recorded, options: &[&str]) -> String {
    let [once, twice] = [&[][..], &["-2"]].map(|passes| views(wireshark, capture, &[passes, options].concat()));
    for (at, (left, right)) in once.lines().zip(twice.lines()).enumerate() {
        assert_eq!(left, right, "{}, line {}: one pass, then two", capture.path.display(), at + 1);
    }
    assert_eq!(once.len(), twice.len(), "{}: the rest", capture.path.display());
    once
}

#[test]
fn one_pass_over_a_recorded_capture_shows_what_two_show() {
    let wireshark = Wireshark::with_plugin();
    let all = recorded(&wireshark);
    assert!(all.len() > 25, "{} captures", all.len());
    for capture in &all {
        agreed(&wireshark, capture, &[]);
    }
}

#[test]
fn one_pass_shows_what_two_show_where_http_and_out_of_order_segments_are_put_together() {
    let wireshark = Wireshark::with_plugin();
    let options = ["-o", "tcp.reassemble_out_of_order:TRUE", "-o", "workermanchat.language:fr"];
    for capture in recorded(&wireshark).iter().step_by(4) {
        agreed(&wireshark, capture, &options);
    }
}

/// Both ends of a connection whose first messages prove nothing.
fn undecided(port: u16, messages: &[&str]) -> (Capture, Connection) {
    let mut capture = Capture::new(Link::Ethernet).with_pace(Duration::from_millis(3));
    let mut connection = Connection::from_port(port);
    connection.open(&mut capture);
    upgrade(&mut capture, &mut connection);
    for message in messages {
        server_says(&mut capture, &mut connection, message);
        connection.ack(&mut capture, Side::Client);
    }
    (capture, connection)
}

fn built(wireshark: &Wireshark, name: &str, capture: &Capture) -> Recorded {
    Recorded { path: wireshark.write(name, capture), options: Vec::new() }
}

#[test]
fn messages_that_came_before_the_one_that_shows_the_chat_are_in_each_view() {
    let wireshark = Wireshark::with_plugin();
    let (mut capture, mut connection) = undecided(5001, &[r#"{"type":"init","id":7}"#, r#"{"type":"news"}"#]);
    let unmasked = websocket::text(r#"{"type":"hello"}"#);
    connection.send(&mut capture, Side::Client, unmasked);
    login(&mut capture, &mut connection, 1, "ann", "1");
    let page = agreed(&wireshark, &built(&wireshark, "late.pcap", &capture), &[]);
    for words in ["Unknown message: init", "Unknown message: news", "* Unknown message", "not masked"] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[test]
fn what_never_shows_the_chat_is_in_no_view() {
    let wireshark = Wireshark::with_plugin();
    let (mut capture, mut connection) = undecided(5001, &[r#"["init",7]"#, "not JSON"]);
    let fin = connection.segment(Side::Server, FIN | ACK, "");
    capture.push(&fin);
    let page = agreed(&wireshark, &built(&wireshark, "never.pcap", &capture), &[]);
    assert!(!page.contains("init") && !page.contains("Not JSON"), "{page}");
}

#[test]
fn a_message_that_is_cut_and_came_before_the_chat_was_shown_is_in_each_view() {
    let wireshark = Wireshark::with_plugin();
    let (mut capture, mut connection) = undecided(5001, &[r#"{"type":"init","text":"this message is cut off"}"#]);
    let long = format!(r#"{{"type":"news","text":"{}"}}"#, "x".repeat(900));
    server_says(&mut capture, &mut connection, &long);
    capture.cut_last(400);
    login(&mut capture, &mut connection, 1, "ann", "1");
    let page = agreed(&wireshark, &built(&wireshark, "cut.pcap", &capture), &[]);
    assert!(page.contains("Unknown message: init"), "{page}");
}
