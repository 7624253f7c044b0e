//! Captures that an earlier version told wrongly, and what is right: one test for each row of `tests/captures/hard/README.md`.
//!
//! Every test looks at the labels of two passes, where nothing else is said.

mod harness;

use std::collections::BTreeMap;

use harness::packets::{ACK, Capture, Connection, FIN, Link, Side};
use harness::phase::{
    LOGIN_NOTIFICATION, LOGIN_REQUEST, LOGIN_RESULT, PING, REQUEST, RESPONSE, RST, SAY_DELIVERY, SYN, SYN_ACK, UNKNOWN,
};
use harness::recording::Recording;
use harness::scripts::join;
use harness::wireshark::{Row, Wireshark, captures};

const PHASE: &str = "workermanchat.phase";
const NOTE: &str = "workermanchat.note";
const ACKS: &str = "workermanchat.acks";
const REQUEST_IN: &str = "workermanchat.request_in";
const RESPONSE_TIME: &str = "workermanchat.response_time";
const DELIVERIES: &str = "workermanchat.deliveries";
const MEMBERS: &str = "workermanchat.room.members";
const SENDER: &str = "workermanchat.sender";
const USER: &str = "workermanchat.user";
const MALFORMED: &str = "workermanchat.expert.malformed_json";
const MISSING_MEMBER: &str = "workermanchat.expert.missing_member";
const NO_DELIVERY: &str = "workermanchat.expert.no_delivery";
const NO_PONG: &str = "workermanchat.expert.no_pong";
const SAY_BEFORE_LOGIN: &str = "workermanchat.expert.say_before_login";
const UNMASKED: &str = "workermanchat.expert.unmasked_client";
const MASKED: &str = "workermanchat.expert.masked_server";
const FIELDS: [&str; 16] = [
    PHASE,
    NOTE,
    ACKS,
    REQUEST_IN,
    RESPONSE_TIME,
    DELIVERIES,
    MEMBERS,
    SENDER,
    USER,
    MALFORMED,
    MISSING_MEMBER,
    NO_DELIVERY,
    NO_PONG,
    SAY_BEFORE_LOGIN,
    UNMASKED,
    MASKED,
];

/// The labels of a capture, by frame.
struct Labels(BTreeMap<u32, Row>);

/// The labels of a capture of `tests/captures/hard`, with further options of tshark.
fn labels_with(name: &str, more: &[&str]) -> Labels {
    let wireshark = Wireshark::with_plugin();
    let recording = Recording::read(&captures().join("hard").join(format!("{name}.pcap")));
    let (path, options) = recording.prepare(&wireshark, name, &recording.packets);
    let options: Vec<&str> = options.iter().map(String::as_str).chain(more.iter().copied()).collect();
    Labels(wireshark.rows(&path, &options, &FIELDS).into_iter().map(|row| (row.frame, row)).collect())
}

fn labels(name: &str) -> Labels {
    labels_with(name, &["-2"])
}

impl Labels {
    fn of(&self, frame: u32) -> &Row {
        &self.0[&frame]
    }

    fn phases(&self, frame: u32) -> Vec<u32> {
        self.of(frame).numbers(PHASE)
    }

    fn notes(&self, frame: u32) -> String {
        self.of(frame).all(NOTE).join("; ")
    }

    /// The frames with a finding.
    fn with(&self, finding: &str) -> Vec<u32> {
        self.0.values().filter(|row| row.has(finding)).map(|row| row.frame).collect()
    }

    /// The frames with a value of a field.
    fn having(&self, field: &str, value: &str) -> Vec<u32> {
        let has = |row: &&Row| row.all(field).iter().any(|found| found == value);
        self.0.values().filter(has).map(|row| row.frame).collect()
    }

    /// The messages that name this frame as their request.
    fn answers(&self, request: u32) -> Vec<u32> {
        self.having(REQUEST_IN, &request.to_string())
    }

    /// Who is in the room at a say, sorted.
    fn members(&self, frame: u32) -> Vec<String> {
        let mut members: Vec<String> = self.of(frame).one(MEMBERS).split(", ").map(str::to_owned).collect();
        members.sort();
        members
    }
}

#[test]
fn a_say_that_is_repeated_after_it_was_lost_has_the_deliveries() {
    let labels = labels("lost-then-repeated");
    assert_eq!(labels.answers(77), [0; 0], "the server lost it");
    assert_ne!(labels.of(77).all(DELIVERIES), ["3"]);
    assert_eq!(labels.answers(79), [81, 83, 84]);
    assert_eq!(labels.of(79).all(DELIVERIES), ["3"]);
    assert_eq!(labels.with(NO_DELIVERY).iter().find(|frame| **frame == 79), None);
    for delivery in [81, 83, 84] {
        let time: f64 = labels.of(delivery).one(RESPONSE_TIME).parse().expect("seconds");
        assert!(time < 0.001, "frame {delivery} after {time} s");
    }
}

#[test]
fn deliveries_that_are_cut_at_160_bytes_may_have_been_delivered() {
    let labels = labels("snaplen-160");
    assert_eq!(labels.with(NO_DELIVERY), [0; 0]);
    assert_eq!(labels.having(DELIVERIES, "0"), [0; 0]);
}

#[test]
fn deliveries_that_are_cut_at_200_bytes_may_have_been_delivered() {
    let labels = labels("snaplen-200");
    assert_eq!(labels.with(NO_DELIVERY), [0; 0]);
    assert_eq!(labels.having(DELIVERIES, "0"), [0; 0]);
}

#[test]
fn nothing_is_said_of_misaligned_bytes_after_a_hole() {
    let labels = labels("reorder-false-errors");
    for finding in [MALFORMED, UNMASKED, MASKED] {
        assert_eq!(labels.with(finding), [0; 0], "{finding}");
    }
    for frame in [89, 91, 115] {
        assert!(!labels.phases(frame).contains(&UNKNOWN), "frame {frame}");
    }
}

#[test]
fn a_message_whose_first_fragment_was_not_captured_is_not_said_to_be_no_json() {
    let labels = labels("dropped-fragment");
    assert_eq!(labels.with(MALFORMED), [0; 0]);
    assert!(!labels.phases(23).contains(&UNKNOWN));
}

#[test]
fn a_pong_that_was_not_captured_was_not_withheld() {
    assert_eq!(labels("dropped-pong").with(NO_PONG), [0; 0]);
}

#[test]
fn a_say_after_a_hole_may_follow_a_login() {
    assert_eq!(labels("dropped-login").with(SAY_BEFORE_LOGIN), [0; 0]);
}

#[test]
fn a_fast_retransmission_has_no_phase_and_is_acknowledged_in_the_original() {
    let labels = labels("fast-retransmission");
    assert_eq!(labels.phases(59), [SAY_DELIVERY]);
    assert_eq!(labels.phases(77), [0; 0]);
    assert_eq!(labels.of(84).numbers(ACKS), [59, 62, 65, 68]);
    assert!(
        labels.notes(84).contains("(frame 59)") && !labels.notes(84).contains("(frame 77)"),
        "{}",
        labels.notes(84)
    );
    let mut acks = labels.of(90).numbers(ACKS);
    acks.sort_unstable();
    assert_eq!(acks, [79, 87, 89]);
}

#[test]
fn browsers_on_two_addresses_of_a_server_are_in_one_chat() {
    let labels = labels("two-addresses");
    assert_eq!(labels.answers(46), [47, 49]);
    assert_eq!(labels.of(46).all(DELIVERIES), ["2"]);
    assert_eq!(labels.answers(37), [38, 40]);
}

#[test]
fn a_say_seen_before_and_behind_a_proxy_is_delivered_to_six_clients() {
    let labels = labels("multi-address");
    // Directly: six clients get it, four of them by way of a proxy.
    assert_eq!(labels.of(317).all(DELIVERIES), ["6"]);
    let copies = [318, 320, 322, 324, 326, 328, 330, 332, 334, 336];
    for copy in copies {
        assert_eq!(labels.of(copy).numbers(REQUEST_IN), [317], "frame {copy}");
    }
    // By way of a proxy: frames 206 and 207 are one say.
    let both: Vec<String> = [206, 207].iter().flat_map(|frame| labels.of(*frame).all(DELIVERIES)).collect();
    assert!(!both.is_empty() && both.iter().all(|number| number == "6"), "{both:?}");
    let copies = [208, 210, 212, 214, 216, 218, 220, 222, 224, 226];
    for copy in copies {
        assert!([206, 207].contains(&labels.of(copy).one(REQUEST_IN).parse().unwrap()), "frame {copy}");
    }
    assert_eq!(labels.with(NO_DELIVERY), [0; 0]);
}

#[test]
fn tabs_of_one_name_that_log_in_together_have_their_own_ids() {
    let labels = labels("b2015-same-name-tabs");
    assert_eq!(labels.phases(93), [LOGIN_NOTIFICATION], "that is tab 5, on the connection of tab 4");
    assert_eq!(labels.of(93).numbers(REQUEST_IN), [0; 0]);
    assert_eq!(labels.phases(113), [LOGIN_RESULT, LOGIN_NOTIFICATION, LOGIN_NOTIFICATION]);
    assert_eq!(labels.of(113).numbers(REQUEST_IN), [80]);
    for (say, copies) in [(118, vec![119, 121, 123, 125, 127, 129]), (145, vec![150, 152, 154, 168, 174, 180])] {
        assert_eq!(labels.answers(say), copies);
        assert_eq!(labels.of(say).all(DELIVERIES), ["6"], "frame {say}");
    }
    assert_eq!(labels.of(352).all(DELIVERIES), ["7"]);
    for say in [118, 145, 352] {
        assert!(!labels.with(NO_DELIVERY).contains(&say), "frame {say}");
    }
}

#[test]
fn a_login_without_a_name_is_answered() {
    let labels = labels("faults-and-rooms");
    assert_eq!(labels.of(1071).numbers(REQUEST_IN), [1030]);
    let wireshark = Wireshark::with_plugin();
    let recording = Recording::read(&captures().join("hard/faults-and-rooms.pcap"));
    let (path, _) = recording.prepare(&wireshark, "faults", &recording.packets);
    let messages = |frame: u32| {
        let filter = format!("frame.number == {frame}");
        let rows = wireshark.rows(&path, &["-2", "-Y", &filter], &["_ws.expert.message"]);
        rows.iter().flat_map(|row| row.all("_ws.expert.message")).collect::<Vec<_>>().join("; ")
    };
    assert!(messages(1000).contains("exception"), "a login without a room: {}", messages(1000));
    assert!(!messages(1030).contains("exception"), "a login without a name: {}", messages(1030));
}

#[test]
fn a_say_without_a_recipient_is_delivered_to_its_sender() {
    let labels = labels("faults-and-rooms");
    assert_eq!(labels.answers(878), [882, 886]);
    assert_eq!(labels.of(878).all(DELIVERIES), ["1"], "both copies on one connection");
    assert!(!labels.with(NO_DELIVERY).contains(&878));
}

#[test]
fn a_say_without_content_is_delivered_empty() {
    let labels = labels("faults-and-rooms");
    assert_eq!(labels.answers(856), [862, 864, 866, 868, 870, 872, 874, 876]);
    assert_eq!(labels.of(856).all(DELIVERIES), ["8"]);
}

#[test]
fn a_lone_surrogate_is_malformed_json() {
    let labels = labels("faults-and-rooms");
    assert!(labels.with(MALFORMED).contains(&785));
    assert!(!labels.with(NO_DELIVERY).contains(&785), "the one finding says why nobody got it");
}

#[test]
fn a_connection_that_changes_its_room_stays_in_the_old_one() {
    let labels = labels("faults-and-rooms");
    assert_eq!(labels.members(767), ["renamed", "two"], "room 2");
    assert!(labels.members(745).contains(&"renamed".to_owned()), "room 1: {:?}", labels.members(745));
    assert_eq!(labels.answers(745), [749, 751, 753, 755, 759, 761, 763, 764]);
}

#[test]
fn a_name_that_looks_like_an_entity_is_what_the_user_typed() {
    let labels = labels("entity-names");
    for (frame, name) in [(8, "R&amp;B"), (9, "R&amp;B"), (71, "R&amp;B"), (72, "R&amp;B"), (74, "R&amp;B")] {
        assert_eq!(labels.of(frame).all(SENDER), [name], "frame {frame}");
    }
    let names = ["<3 you", "&lt;script&gt;", "&copy;1999", "AT&T;", "R&amp;B"];
    assert_eq!(labels.members(71), {
        let mut names = names.map(str::to_owned).to_vec();
        names.sort();
        names
    });
    for (frame, row) in &labels.0 {
        for user in row.all(USER).iter().chain(&row.all(SENDER)) {
            assert!(names.contains(&user.as_str()), "frame {frame}: {user}");
        }
    }
}

#[test]
fn a_reset_that_answers_a_syn_loses_nothing() {
    let labels = labels("refused");
    assert_eq!(labels.phases(2), [RST]);
    assert!(!labels.notes(2).contains("lost"), "{}", labels.notes(2));
}

#[test]
fn a_reset_after_both_fins_loses_nothing() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50_001);
    join(&mut capture, &mut connection, 1, "a", "1");
    capture.push(&connection.segment(Side::Client, FIN | ACK, []));
    capture.push(&connection.segment(Side::Server, FIN | ACK, []));
    let reset = capture.push(&connection.segment(Side::Client, harness::packets::RST, []));
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("reset.pcap", &capture);
    let rows = wireshark.rows(&path, &["-2", "-Y", &format!("frame.number == {reset}")], &FIELDS);
    assert_eq!(rows[0].numbers(PHASE), [RST]);
    assert!(!rows[0].one(NOTE).contains("lost"), "{}", rows[0].one(NOTE));
}

#[test]
fn a_reset_of_an_open_connection_loses_what_is_under_way() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50_001);
    join(&mut capture, &mut connection, 1, "a", "1");
    let reset = capture.push(&connection.segment(Side::Client, harness::packets::RST, []));
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("reset.pcap", &capture);
    let rows = wireshark.rows(&path, &["-2", "-Y", &format!("frame.number == {reset}")], &FIELDS);
    assert!(rows[0].one(NOTE).contains("lost"), "{}", rows[0].one(NOTE));
}

#[test]
fn messages_in_an_http_connect_tunnel_are_labelled() {
    let labels = labels("http-connect");
    assert_eq!(labels.phases(17), [LOGIN_REQUEST]);
    assert_eq!(labels.phases(20), [LOGIN_RESULT]);
    assert_eq!(labels.of(20).numbers(REQUEST_IN), [17]);
    assert!(labels.phases(18).contains(&LOGIN_REQUEST), "behind the proxy");
}

#[test]
fn a_key_without_upgrade_is_a_handshake_request_with_a_finding() {
    let labels = labels("nginx-without-upgrade");
    assert_eq!(labels.phases(9), [REQUEST]);
    assert!(labels.phases(11).contains(&RESPONSE));
    assert_eq!(labels.of(11).numbers(REQUEST_IN), [9]);
    let wireshark = Wireshark::with_plugin();
    let recording = Recording::read(&captures().join("hard/nginx-without-upgrade.pcap"));
    let (path, _) = recording.prepare(&wireshark, "nginx", &recording.packets);
    let details = wireshark.tshark(&["-r", path.to_str().unwrap(), "-2", "-V", "-Y", "frame.number == 9"]).stdout;
    let findings: Vec<&str> = details.lines().filter(|line| line.contains("Expert Info (")).collect();
    assert!(findings.iter().any(|line| line.contains("Upgrade")), "a finding names the header: {findings:?}");
}

#[test]
fn a_packet_captured_twice_was_sent_once() {
    let labels = labels("captured-twice");
    for frame in [2, 4, 6, 8] {
        let notes = labels.notes(frame);
        assert!(!notes.contains("again") && !notes.contains("has arrived"), "frame {frame}: {notes}");
    }
    for (frame, phase) in [(1, SYN), (3, SYN_ACK), (5, harness::phase::ACK), (7, REQUEST)] {
        assert_eq!(labels.phases(frame), [phase], "frame {frame}");
    }
    assert!([6, 8].iter().all(|frame| labels.phases(*frame).is_empty()), "the second copies of data");
}

#[test]
fn two_segments_of_a_stream_in_one_frame_are_both_labelled() {
    for passes in [&[][..], &["-2"]] {
        let labels = labels_with("amsdu2", passes);
        assert_eq!(labels.phases(8), [LOGIN_NOTIFICATION, PING], "tshark {passes:?}");
    }
}

#[test]
fn a_connect_to_the_chats_port_does_not_recurse() {
    let recording = Recording::read(&captures().join("hard/connect.pcap"));
    assert_does_not_recurse(&recording);
}

#[test]
fn a_connect_captured_before_an_earlier_response_does_not_recurse() {
    let mut recording = Recording::read(&captures().join("hard/connect.pcap"));
    recording.packets.swap(3, 4);
    assert_does_not_recurse(&recording);
}

/// HTTP in HTTP in HTTP … until Wireshark's limit of layers is a dissector bug.
fn assert_does_not_recurse(recording: &Recording) {
    let wireshark = Wireshark::with_plugin();
    let (path, _) = recording.prepare(&wireshark, "connect", &recording.packets);
    for passes in [1, 2] {
        let mut command = wireshark.command("tshark");
        command.env("WIRESHARK_ABORT_ON_DISSECTOR_BUG", "1").args(["-r", path.to_str().unwrap(), "-V"]);
        if passes == 2 {
            command.arg("-2");
        }
        let output = wireshark.run_unchecked(&mut command);
        assert_eq!(output.code, 0, "{}", output.stderr);
        let layers = output.stdout.lines().filter(|line| line.starts_with("Hypertext Transfer Protocol")).count();
        assert!(!output.stdout.contains("Dissector bug") && layers < 20, "{layers} layers of HTTP");
    }
}
