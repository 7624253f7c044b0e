//! Findings and labels of single packets and connections, in captures of the real server that an earlier version told wrongly, and in captures
//! that are built here. What is right, the READMEs of `tests/captures` and the protocol say.
//!
//! Every test looks at the labels of two passes, where nothing else is said.

mod harness;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::packets::{Capture, Connection, Link, Side};
use harness::recording::Recording;
use harness::scripts::{browser_says, join, server_says};
use harness::wireshark::{Row, Wireshark, captures};

const NOTE: &str = "workermanchat.note";
const REQUEST_IN: &str = "workermanchat.request_in";
const RESPONSE_IN: &str = "workermanchat.response_in";
const EXCHANGE: &str = "workermanchat.exchange";
const NO_PONG: &str = "workermanchat.expert.no_pong";
const FIELDS: &[&str] = &[NOTE, REQUEST_IN, RESPONSE_IN, EXCHANGE, NO_PONG];

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
