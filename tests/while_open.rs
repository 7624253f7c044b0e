//! What is changed while a capture is open: every frame then says what a fresh start with these settings says.
//!
//! sharkd sets preferences without telling anybody, and dissects a frame anew each time that it is asked for it. So what is only a matter of
//! display is in force at once, and what decides how packets are taken in, from the next time that a file is loaded.

mod harness;

use std::path::Path;

use harness::packets::{Capture, Connection, Link, Side};
use harness::preferences::{CHANGES, preferences_file};
use harness::sharkd::Sharkd;
use harness::wireshark::Wireshark;
use serde_json::{Value, json};

/// Those that are in force when a file is loaded again.
const AT_LOAD: [&str; 2] = ["workermanchat.tcp.port", "tcp.desegment_tcp_streams"];

/// All that sharkd says of each frame, with what the packet list has of it.
fn said(sharkd: &mut Sharkd) -> Vec<Value> {
    let list = sharkd.ask("frames", json!({}));
    let list = list.as_array().expect("a list of frames");
    let said = |listed: &Value| {
        let frame = sharkd.ask("frame", json!({"frame": listed["num"], "proto": true, "columns": true}));
        json!({"list": listed["c"], "frame": frame["tree"], "columns": frame["col"]})
    };
    list.iter().map(said).collect()
}

/// The same after a fresh start with these preferences.
fn said_afresh(capture: &str, preferences: &[(&str, &str)]) -> Vec<Value> {
    let wireshark = Wireshark::with_plugin();
    wireshark.configure("preferences", &preferences_file(preferences));
    said(&mut Sharkd::load(&wireshark, &wireshark.capture(capture)))
}

fn assert_same(said: &[Value], afresh: &[Value], what: &str) {
    assert_eq!(said.len(), afresh.len(), "{what}: frames");
    for (number, (said, afresh)) in (1..).zip(said.iter().zip(afresh)) {
        assert_eq!(said, afresh, "{what}: frame {number}, and after a fresh start");
    }
}

fn load(sharkd: &mut Sharkd, capture: &Path) {
    sharkd.ask("load", json!({"file": capture}));
}

#[test]
fn a_preference_that_changes_is_in_force_as_after_a_fresh_start() {
    let (name, wireshark) = ("seed-2014.pcap", Wireshark::with_plugin());
    let capture = wireshark.capture(name);
    let mut sharkd = Sharkd::load(&wireshark, &capture);
    let usual = said(&mut sharkd);
    for (preference, values) in CHANGES {
        for value in values {
            sharkd.ask("setconf", json!({"name": preference, "value": value}));
            let afresh = said_afresh(name, &[(preference, value)]);
            let what = format!("{preference}: {value}");
            if !AT_LOAD.contains(&preference) {
                assert_same(&said(&mut sharkd), &afresh, &what);
            }
            load(&mut sharkd, &capture);
            assert_same(&said(&mut sharkd), &afresh, &format!("{what}, loaded again"));
        }
        assert_same(&said(&mut sharkd), &usual, &format!("{preference} is what it was"));
    }
}

#[test]
fn preferences_stay_when_another_file_is_loaded() {
    let wireshark = Wireshark::with_plugin();
    let preferences = [("workermanchat.language", "pt"), ("workermanchat.tcp.port", "55151")];
    let mut sharkd = Sharkd::load(&wireshark, &wireshark.capture("seed-2014.pcap"));
    for (name, value) in preferences {
        sharkd.ask("setconf", json!({"name": name, "value": value}));
    }
    for name in ["heartbeat-2026.pcap", "seed-2014.pcap", "other-websocket-app.pcap", "chat-2015.pcap"] {
        load(&mut sharkd, &wireshark.capture(name));
        assert_same(&said(&mut sharkd), &said_afresh(name, &preferences), name);
    }
}

/// Wireshark asks for filters and completions while a capture is open; they change nothing.
#[test]
fn what_is_asked_between_changes_nothing() {
    let (name, wireshark) = ("chat-2015.pcap", Wireshark::with_plugin());
    let mut sharkd = Sharkd::load(&wireshark, &wireshark.capture(name));
    let before = said(&mut sharkd);
    for filter in ["workermanchat", "workermanchat.phase == 30", "workermanchat.expert.no_pong", "!workermanchat.user"]
    {
        sharkd.filter(filter);
    }
    sharkd.ask("complete", json!({"field": "workermanchat.", "pref": "workermanchat."}));
    sharkd.ask("tap", json!({"tap0": "stat:workermanchat", "tap1": "expert"}));
    sharkd.ask("analyse", json!({}));
    assert_same(&said(&mut sharkd), &before, "frames");
}

#[test]
fn what_is_neither_http_nor_websocket_has_the_dissector_that_its_port_had() {
    let mut capture = Capture::new(Link::Ethernet);
    let ends = ["192.0.2.1:50001", "192.0.2.2:23"].map(|end| end.parse().expect("an address"));
    Connection::between(ends[0], ends[1]).send(&mut capture, Side::Server, "login:");
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("telnet.pcap", &capture);
    let mut sharkd = Sharkd::load(&wireshark, &path);
    // sharkd remembers which frames a filter finds, also when a file is loaded anew.
    let is_telnet = |sharkd: &mut Sharkd| sharkd.ask("frames", json!({}))[0]["c"].to_string().contains("TELNET");
    assert!(is_telnet(&mut sharkd));
    for ports in ["7272,23", "7272", "23", "8080"] {
        sharkd.ask("setconf", json!({"name": "workermanchat.tcp.port", "value": ports}));
        load(&mut sharkd, &path);
        assert!(is_telnet(&mut sharkd), "{ports}");
    }
}
