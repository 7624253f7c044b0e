//! The seed session of 2014: the labels of its 19 packets in every program and pass.

mod harness;

use std::collections::BTreeSet;
use std::path::Path;

use harness::phase::{self, *};
use harness::sharkd::Sharkd;
use harness::wireshark::{Label, Wireshark, assert_no_dissector_fault, message_frames};
use serde_json::Value;
use workermanchat::language::Language;

const SEED: &str = "seed-2014.pcap";

/// Frame, phase and acknowledged frame.
const TABLE: [(u32, u32, Option<u32>); 19] = [
    (1, SYN, None),
    (2, SYN_ACK, None),
    (3, ACK, None),
    (4, REQUEST, None),
    (5, REQUEST_ACKNOWLEDGED, Some(4)),
    (6, RESPONSE, None),
    (7, COMPLETE, Some(6)),
    (8, LOGIN_REQUEST, None),
    (9, USER_LIST, Some(8)),
    (10, MESSAGE_ACKNOWLEDGED, Some(9)),
    (11, LOGIN_RESULT, None),
    (12, MESSAGE_ACKNOWLEDGED, Some(11)),
    (13, LOGIN_NOTIFICATION, None),
    (14, MESSAGE_ACKNOWLEDGED, Some(13)),
    (15, SAY_REQUEST, None),
    (16, SAY_DELIVERY, Some(15)),
    (17, MESSAGE_ACKNOWLEDGED, Some(16)),
    (18, SAY_DELIVERY, None),
    (19, MESSAGE_ACKNOWLEDGED, Some(18)),
];

fn expected() -> Vec<Label> {
    TABLE.iter().map(|&(frame, phase, acks)| Label::of(frame, &[phase], acks.as_slice())).collect()
}

/// The table as `tshark -T fields` prints it.
fn printed_table() -> String {
    let line = |(frame, phase, acks): &(u32, u32, Option<u32>)| {
        format!("{frame}\t{phase}\t{}\n", acks.map(|frame| frame.to_string()).unwrap_or_default())
    };
    TABLE.iter().map(line).collect()
}

fn seed() -> (Wireshark, std::path::PathBuf) {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture(SEED);
    (wireshark, capture)
}

#[test]
fn tshark_prints_the_table_of_the_captures_readme_in_one_pass_and_in_two() {
    let (wireshark, capture) = seed();
    let fields = ["-T", "fields", "-e", "frame.number", "-e", "workermanchat.phase", "-e", "workermanchat.acks"];
    for passes in [&[][..], &["-2"], &["-2", "-R", "tcp"]] {
        let arguments = [&["-r", capture.to_str().unwrap()], passes, &fields[..]].concat();
        assert_eq!(wireshark.tshark(&arguments).stdout, printed_table(), "with {passes:?}");
    }
}

#[test]
fn every_phase_has_one_note() {
    let (wireshark, capture) = seed();
    for passes in [&[][..], &["-2"]] {
        // `labels` checks that there are as many notes as phases.
        assert_eq!(wireshark.labels(&capture, passes), expected(), "with {passes:?}");
    }
    let rows = wireshark.rows(&capture, &["-2"], &["workermanchat.note"]);
    let notes: Vec<String> = rows.iter().map(|row| row.one("workermanchat.note")).collect();
    assert_eq!(notes.iter().collect::<BTreeSet<_>>().len(), 19, "each packet has a sentence of its own: {notes:#?}");
    assert!(notes[0].contains("60653") && notes[0].contains("7272"), "the note names both ports: {}", notes[0]);
    assert!(notes[14].contains("mynick"), "the note of a say names who says it: {}", notes[14]);
}

#[test]
fn a_display_filter_finds_each_phase_in_one_pass_and_in_two() {
    let (wireshark, capture) = seed();
    for (passes, what) in [(&[][..], "one pass"), (&["-2"], "two passes")] {
        for &(_, phase, _) in &TABLE {
            let found = frames_matching(&wireshark, &capture, passes, &format!("workermanchat.phase == {phase}"));
            let expected: Vec<u32> = TABLE.iter().filter(|row| row.1 == phase).map(|row| row.0).collect();
            assert_eq!(found, expected, "phase {phase} in {what}");
        }
        let labelled = frames_matching(&wireshark, &capture, passes, "workermanchat.phase");
        assert_eq!(labelled, (1..=19).collect::<Vec<_>>(), "workermanchat.phase is every packet in {what}");
        let messages = frames_matching(&wireshark, &capture, passes, "workermanchat");
        assert_eq!(messages, message_frames(&expected()), "workermanchat is the chat's messages in {what}");
    }
}

fn frames_matching(wireshark: &Wireshark, capture: &Path, options: &[&str], filter: &str) -> Vec<u32> {
    wireshark.rows(capture, &[options, &["-Y", filter]].concat(), &[]).iter().map(|row| row.frame).collect()
}

#[test]
fn the_whole_tree_as_json_and_as_elasticsearch_bulk_has_the_same_labels() {
    let (wireshark, capture) = seed();
    let file = capture.to_str().unwrap();
    let json = wireshark.tshark(&["-r", file, "-T", "json", "--no-duplicate-keys"]).stdout;
    let packets: Vec<Value> = serde_json::from_str(&json).expect("tshark -T json prints JSON");
    assert_eq!(packets.iter().map(label_in_tree).collect::<Vec<_>>(), expected(), "-T json");

    let bulk = wireshark.tshark(&["-r", file, "-T", "ek"]).stdout;
    let lines = bulk.lines().filter(|line| line.contains("\"layers\""));
    let packets: Vec<Value> = lines.map(|line| serde_json::from_str(line).expect("tshark -T ek prints JSON")).collect();
    assert_eq!(packets.iter().map(label_in_tree).collect::<Vec<_>>(), expected(), "-T ek");
}

/// The label in a packet's tree: both formats have the same field names, with `.` or `_` as separator.
fn label_in_tree(packet: &Value) -> Label {
    let frame = numbers_of(packet, "frame.number");
    Label::of(frame[0], &numbers_of(packet, "workermanchat.phase"), &numbers_of(packet, "workermanchat.acks"))
}

fn numbers_of(tree: &Value, field: &str) -> Vec<u32> {
    let mut found = Vec::new();
    if let Value::Object(members) = tree {
        for (key, value) in members {
            if key.replace('_', ".").ends_with(field) && !value.is_object() {
                found.extend(numbers_in(value));
            } else {
                found.extend(numbers_of(value, field));
            }
        }
    } else if let Value::Array(items) = tree {
        found.extend(items.iter().flat_map(|item| numbers_of(item, field)));
    }
    found
}

fn numbers_in(value: &Value) -> Vec<u32> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers_in).collect(),
        Value::String(digits) => vec![digits.parse().expect("a number")],
        other => vec![other.as_u64().expect("a number") as u32],
    }
}

#[test]
fn the_printed_details_name_each_packet() {
    let (wireshark, capture) = seed();
    for passes in [&[][..], &["-2"]] {
        let arguments = [&["-r", capture.to_str().unwrap(), "-V"], passes].concat();
        let details = wireshark.tshark(&arguments).stdout;
        let frames: Vec<&str> = details.split("\nFrame ").collect();
        assert_eq!(frames.len(), 19);
        for (&(frame, phase, _), details) in TABLE.iter().zip(frames) {
            let name = phase::name(phase);
            assert!(details.contains(name), "frame {frame} is called {name:?} in -V {passes:?}:\n{details}");
        }
    }
}

#[test]
fn phases_are_in_the_tree_of_their_layer() {
    let (wireshark, capture) = seed();
    let json = wireshark.tshark(&["-r", capture.to_str().unwrap(), "-T", "json", "--no-duplicate-keys"]).stdout;
    let packets: Vec<Value> = serde_json::from_str(&json).unwrap();
    for (&(frame, phase, _), packet) in TABLE.iter().zip(&packets) {
        let layer = match phase {
            REQUEST | RESPONSE => "http",
            LOGIN_REQUEST..=UNKNOWN => "workermanchat",
            _ => "tcp",
        };
        let inside = numbers_of(&packet["_source"]["layers"][layer], "workermanchat.phase");
        assert_eq!(inside, [phase], "frame {frame} in its {layer} tree");
    }
}

#[test]
fn sharkd_shows_the_same_labels_frame_by_frame_in_any_order() {
    let (wireshark, capture) = seed();
    let mut sharkd = Sharkd::load(&wireshark, &capture);
    let expected = expected();
    // Backwards, then all frames in steps of 7, so that every frame is requested again.
    let walk = (1..=19).rev().chain((0..38).map(|step| step * 7 % 19 + 1));
    for frame in walk {
        assert_eq!(sharkd.label(frame), expected[frame as usize - 1], "frame {frame}");
    }
    let messages = message_frames(&expected);
    assert_eq!(sharkd.filter("workermanchat"), messages);
    assert_eq!(sharkd.filter("workermanchat.phase == 3"), [3]);
    assert_eq!(sharkd.filter("workermanchat.phase").len(), 19);
    for frame in [19, 1, 13, 6] {
        assert_eq!(sharkd.label(frame), expected[frame as usize - 1], "frame {frame} after filtering");
    }
}

#[test]
fn sharkd_filters_phases_before_any_frame_was_opened() {
    let (wireshark, capture) = seed();
    let mut sharkd = Sharkd::load(&wireshark, &capture);
    assert_eq!(sharkd.filter("workermanchat"), message_frames(&expected()));
    assert_eq!(sharkd.filter("workermanchat.phase == 20"), [8]);
    assert_eq!(sharkd.filter("workermanchat.phase == 10 || workermanchat.phase == 12"), [4, 6]);
}

#[test]
fn the_packet_list_shows_titles_and_phases() {
    let (wireshark, capture) = seed();
    let columns = "gui.column.format:\"p\",\"%p\",\"i\",\"%i\"";
    for passes in [&[][..], &["-2"]] {
        let arguments = [&["-r", capture.to_str().unwrap(), "-o", columns], passes].concat();
        let list = wireshark.tshark(&arguments).stdout;
        let lines: Vec<&str> = list.lines().map(str::trim).collect();
        assert_eq!(lines.len(), 19, "{list}");
        assert_eq!(lines[14], "WorkermanChat Say request: mynick → all: hi,  all !");
        assert_eq!(lines[15], "WorkermanChat Say delivery: mynick → all: hi,  all !");
        for (&(frame, phase, _), line) in TABLE.iter().zip(&lines) {
            let name = phase::name(phase);
            if phase::is_message(phase) {
                assert!(line.starts_with(&format!("WorkermanChat {name}")), "frame {frame}: {line}");
            } else {
                let info = line.split_once(' ').map_or("", |(_, info)| info);
                assert!(info.starts_with(&format!("[{name}] ")), "frame {frame}: {line}");
            }
        }
    }
}

#[test]
fn preferences_remove_annotations() {
    let (wireshark, capture) = seed();
    let options = ["-o", "workermanchat.annotate_info:FALSE"];
    let list = wireshark.tshark(&[&["-r", capture.to_str().unwrap()], &options[..]].concat()).stdout;
    assert!(!list.contains("[TCP handshake"), "annotate_info is off:\n{list}");
    assert_eq!(wireshark.labels(&capture, &options), expected(), "annotate_info is only about Info");

    let labels = wireshark.labels(&capture, &["-o", "workermanchat.annotate_tcp:FALSE"]);
    let phases: BTreeSet<u32> = labels.iter().flat_map(|label| label.phases.clone()).collect();
    assert!(phases.is_disjoint(&BTreeSet::from([1, 2, 3, 5, 11, 13, 30])), "annotate_tcp is off: {phases:?}");
    assert_eq!(message_frames(&labels), message_frames(&expected()), "messages do not depend on annotate_tcp");
}

#[test]
fn notes_exist_in_each_language_and_labels_do_not_depend_on_the_language() {
    let (wireshark, capture) = seed();
    let mut translations = BTreeSet::new();
    for language in Language::ALL.iter().map(|language| language.tag()) {
        let option = format!("workermanchat.language:{language}");
        assert_eq!(wireshark.labels(&capture, &["-o", &option]), expected(), "in {language}");
        let rows = wireshark.rows(&capture, &["-2", "-o", &option], &["workermanchat.note"]);
        let notes: Vec<String> = rows.iter().map(|row| row.one("workermanchat.note")).collect();
        assert!(notes[0].contains("60653") && notes[14].contains("mynick"), "in {language}: {notes:#?}");
        assert!(translations.insert(notes), "{language} has sentences of its own");
    }
}

#[test]
fn a_disabled_protocol_adds_nothing() {
    let (wireshark, capture) = seed();
    let stock = Wireshark::without_plugin();
    let arguments = ["-r", SEED, "-V", "--disable-protocol", "workermanchat"];
    let plain = ["-r", SEED, "-V"];
    stock.capture(SEED);
    assert!(capture.exists());
    let (disabled, without) = (wireshark.tshark(&arguments).stdout, stock.tshark(&plain).stdout);
    assert_eq!(disabled, without);
    assert_no_dissector_fault(&disabled, "-V without the plugin");
}
