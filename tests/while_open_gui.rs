//! What is changed while a capture is open in Wireshark itself, on a display of its own: each frame then shows what it shows after a fresh
//! start with these settings, in the packet list and in the details.

mod harness;

use std::fs;
use std::path::Path;

use harness::gui::{Gui, lacking, shown_afresh, write_profile};
use harness::preferences::{CHANGES, preferences_file};
use harness::skip::skipped;
use harness::wireshark::Wireshark;

const CAPTURE: &str = "seed-2014.pcap";

/// A configuration profile: its name, its preferences, and another file.
type Profile = (&'static str, String, Option<(&'static str, String)>);

/// In the order in which Wireshark lists them, behind the default one and that of a fresh start. None decodes a default port as the chat that
/// the preference has not: a fresh start cannot tell that from what the port is registered for (see `tests/nowhere_else.rs`), a profile that is
/// chosen can.
fn profiles() -> Vec<Profile> {
    let ports = |ports: &str| preferences_file(&[("workermanchat.tcp.port", ports)]);
    let french = preferences_file(&[("workermanchat.language", "fr"), ("workermanchat.annotate_info", "FALSE")]);
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin/profile/preferences");
    let shipped = fs::read_to_string(shipped).expect("read the profile that comes with the plugin");
    let decode_as =
        |protocol: &str| ("decode_as_entries", format!("decode_as_entry: tcp.port,7272,(none),{protocol}\n"));
    let without = |protocol: &str| ("disabled_protos", format!("{protocol}\n"));
    let own_messages = "\"login\",\"message: Say request\"\n\"name\",\"member: content\"\n".to_owned();
    let usual = String::new;
    vec![
        ("Another port", ports("8080"), None),
        ("French", french, None),
        ("HTTP on the port", usual(), Some(decode_as("HTTP"))),
        ("Own messages", usual(), Some(("workermanchat_messages", own_messages))),
        ("Shipped", shipped, None),
        ("Without HTTP", usual(), Some(without("http"))),
        ("Without the plugin", usual(), Some(without("workermanchat"))),
        ("Without WebSocket", usual(), Some(without("websocket"))),
    ]
}

fn write_profiles(wireshark: &Wireshark) {
    for (name, preferences, more) in profiles() {
        write_profile(wireshark, name, &preferences);
        if let Some((file, text)) = more {
            wireshark.configure(&format!("profiles/{name}/{file}"), &text);
        }
    }
}

/// What a fresh start shows.
fn afresh(capture: &str, options: &[&str]) -> Vec<String> {
    let wireshark = Wireshark::with_plugin();
    write_profiles(&wireshark);
    shown_afresh(&wireshark, &wireshark.capture(capture), options)
}

fn with(preference: &str, value: &str) -> String {
    format!("-o{preference}:{value}")
}

fn assert_same(shown: &[String], afresh: &[String], what: &str) {
    assert_eq!(shown.len(), afresh.len(), "{what}: frames");
    for (number, (shown, afresh)) in (1..).zip(shown.iter().zip(afresh)) {
        for (shown, afresh) in shown.lines().zip(afresh.lines()) {
            assert_eq!(shown, afresh, "{what}: frame {number}, and after a fresh start");
        }
        assert_eq!(shown.lines().count(), afresh.lines().count(), "{what}: items of frame {number}");
    }
}

/// Whether this machine has all that is needed; if not, the test is reported as skipped.
fn is_possible() -> bool {
    lacking().inspect(|program| skipped(&format!("there is no {program}"))).is_none()
}

#[test]
fn a_preference_that_changes_is_in_force_as_after_a_fresh_start() {
    if !is_possible() {
        return;
    }
    let wireshark = Wireshark::with_plugin();
    let mut gui = Gui::open(&wireshark, &wireshark.capture(CAPTURE));
    assert_same(&gui.shown(), &afresh(CAPTURE, &[]), "usual");
    for (preference, values) in CHANGES {
        for value in values {
            gui.set(preference, value);
            let afresh = afresh(CAPTURE, &[&with(preference, value)]);
            assert_same(&gui.shown(), &afresh, &format!("{preference}: {value}"));
            gui.reload();
            assert_same(&gui.shown(), &afresh, &format!("{preference}: {value}, reloaded"));
        }
    }
    gui.quit();
}

#[test]
fn preferences_stay_when_another_file_is_opened() {
    if !is_possible() {
        return;
    }
    let wireshark = Wireshark::with_plugin();
    let mut gui = Gui::open(&wireshark, &wireshark.capture(CAPTURE));
    let preferences = [("workermanchat.language", "pt"), ("workermanchat.tcp.port", "55151")];
    for (name, value) in preferences {
        gui.set(name, value);
    }
    let options = preferences.map(|(name, value)| with(name, value));
    for name in ["heartbeat-2026.pcap", "other-websocket-app.pcap", "chat-2015.pcap", CAPTURE] {
        gui.load(&wireshark.capture(name));
        assert_same(&gui.shown(), &afresh(name, &options.each_ref().map(String::as_str)), name);
    }
    gui.quit();
}

#[test]
fn a_profile_that_is_chosen_is_in_force_as_after_a_fresh_start() {
    if !is_possible() {
        return;
    }
    let wireshark = Wireshark::with_plugin();
    write_profiles(&wireshark);
    let mut gui = Gui::open(&wireshark, &wireshark.capture(CAPTURE));
    let usual = gui.shown();
    for (row, (name, ..)) in (2..).zip(profiles()) {
        gui.change_profile(row, name);
        let afresh = afresh(CAPTURE, &["-C", name]);
        assert_eq!(afresh == usual, name == "Shipped", "{name}: makes a difference");
        assert_same(&gui.shown(), &afresh, name);
    }
    gui.change_profile(1, "A fresh start");
    assert_same(&gui.shown(), &usual, "as it was");
    gui.quit();
}
