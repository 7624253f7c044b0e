//! Faults of the plugin, forced: a panic in each module on each kind of packet is a finding on its packet and changes no other one; an
//! exception at each call of C that may raise one leaves the next packets right, and no memory behind.
//!
//! The tests use a build with the feature `failpoints`. A capture holds one conversation as often as there are faults to try, each with a
//! server of its own, so that all are tried in one run.

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use harness::build::build_with_failpoints;
use harness::guarded::{Invocation, fault};
use harness::packets::{ACK, Capture, Connection, FIN, Link, RST, Side};
use harness::phase;
use harness::scripts::*;
use harness::sentence::{Note, Title};
use harness::sharkd::Sharkd;
use harness::websocket::{CLOSE, Frame, masked_text};
use harness::wireshark::{Row, Wireshark, version};
use serde_json::Value;
use workermanchat::fields::Field;

/// What Wireshark says of an exception.
const REPORT: &str = "_ws.expert.message";
const INTERNAL: &str = "workermanchat.expert.internal";

/// Places where something is only looked up, drawn or written: whatever it is, it has been learned.
const LOOKING_UP: [&str; 7] = [
    "annotation",
    "dissector::message",
    "dissector::segment",
    "language",
    "packet",
    "session::concerns",
    "session::frame",
];

/// Places where something is learned of any segment, or read to be learned.
const LEARNING: [&str; 12] = [
    "dissector::classify",
    "session::close",
    "session::connection",
    "session::framing",
    "session::upgrade",
    "session::receive",
    "session::segment",
    "tcp",
    "websocket::frame",
    "websocket::request",
    "websocket::response",
    "session::on_broadcast",
];

/// Places where something is learned of a message.
const LEARNING_MESSAGES: [&str; 10] = [
    "message",
    "message::content",
    "message::json",
    "session::assign",
    "session::enter",
    "session::enter_message",
    "session::learn",
    "session::matching",
    "session::records",
    "session::incoming",
];

/// Where only messages of other applications come, and messages that are cut: nothing is learned here.
const ELSEWHERE: [&str; 3] = ["session::is_other_application", "message::may_prove_chat", "dissector::truncated"];

/// Places in C where a call of Wireshark's may raise an exception.
const RAISING: [&str; 12] = [
    "draw::columns",
    "draw::info",
    "draw::item",
    "draw::items",
    "draw::message",
    "draw::segment",
    "glue::conversation",
    "glue::numbered_messages",
    "glue::rest",
    "glue::show_json",
    "glue::sources",
    "views::tap",
];

/// Places in C that other dissectors' exceptions come from, and where it is not known yet what a segment is.
const PASSING_ON: [&str; 3] = ["glue::before_dissector", "glue::behind_dissector", "glue::know_stream"];

/// Built once for all tests.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(build_with_failpoints);

fn wireshark(failpoints: &str) -> Wireshark {
    Wireshark::with_failpoints(&LIBRARY, failpoints)
}

// ---- the capture ----

/// A conversation of two users, with every kind of packet.
fn conversation(capture: &mut Capture, number: usize) {
    let [high, low] = u16::try_from(number).expect("not so many conversations").to_be_bytes();
    let server = SocketAddr::from(([198, 18, high, low], 7272));
    let client = |port| Connection::between(SocketAddr::from(([10, 0, high, low], port)), server);
    let (mut mynick, mut other) = (client(50001), client(50002));
    join(capture, &mut mynick, 1, "mynick", "1");
    other.open(capture);
    upgrade(capture, &mut other);
    browser_says(capture, &mut other, login_request("other", "1"));
    server_says(capture, &mut other, login_result(2, "other", &[(1, "mynick"), (2, "other")]));
    server_says(capture, &mut mynick, login_notification(2, "other"));
    acknowledge(capture, &mut mynick, &mut other);
    say(capture, &mut mynick, &mut other, "hi, all !");
    browser_says(capture, &mut mynick, private_say_request(2, "other", "to you"));
    server_says(capture, &mut other, private_delivery(1, "mynick", 2, "to you"));
    server_says(capture, &mut mynick, private_echo(1, "mynick", 2, "other", "to you"));
    acknowledge(capture, &mut mynick, &mut other);
    server_says(capture, &mut mynick, r#"{"type":"ping"}"#);
    browser_says(capture, &mut mynick, r#"{"type":"pong"}"#);
    browser_says(capture, &mut mynick, r#"{"type":"typing"}"#);
    mynick.ack(capture, Side::Server);
    say_in_two_segments(capture, &mut other, "in two segments");
    say(capture, &mut mynick, &mut other, "after all");
    leave(capture, &mut other);
    server_says(capture, &mut mynick, logout(2, "other"));
    mynick.ack(capture, Side::Client);
    server_says(capture, &mut mynick, r#"{"type":"cut","more":"a text that goes on behind what was captured"}"#);
    capture.cut_last(85);
    mynick.ack(capture, Side::Client);
    capture.push(&mynick.segment(Side::Client, RST | ACK, []));
    capture.wait(Duration::from_secs(5));
}

fn acknowledge(capture: &mut Capture, mynick: &mut Connection, other: &mut Connection) {
    mynick.ack(capture, Side::Client);
    other.ack(capture, Side::Client);
}

fn say(capture: &mut Capture, mynick: &mut Connection, other: &mut Connection, content: &str) {
    browser_says(capture, mynick, say_request(content));
    for connection in [&mut *mynick, other] {
        server_says(capture, connection, say_delivery(1, "mynick", content));
    }
    acknowledge(capture, mynick, other);
}

fn say_in_two_segments(capture: &mut Capture, connection: &mut Connection, content: &str) {
    let bytes = masked_text(say_request(content));
    let (one, two) = bytes.split_at(bytes.len() / 2);
    connection.send(capture, Side::Client, one);
    connection.send(capture, Side::Client, two);
    connection.ack(capture, Side::Server);
}

/// A WebSocket close, and a TCP close.
fn leave(capture: &mut Capture, connection: &mut Connection) {
    let close = Frame::new(CLOSE, 1000u16.to_be_bytes());
    connection.send(capture, Side::Client, close.clone().masked().bytes());
    connection.send(capture, Side::Server, close.bytes());
    capture.push(&connection.segment(Side::Client, FIN | ACK, []));
    capture.push(&connection.segment(Side::Server, FIN | ACK, []));
    connection.ack(capture, Side::Client);
}

/// Another application, until it is known as one, and a message that is cut.
fn elsewhere(capture: &mut Capture, number: usize) {
    let [high, low] = u16::try_from(number).expect("not so many conversations").to_be_bytes();
    let on_port = |port| {
        let server = SocketAddr::from(([198, 18, high, low], port));
        Connection::between(SocketAddr::from(([10, 0, high, low], 50001)), server)
    };
    let mut other = on_port(8080 + number as u16);
    other.open(capture);
    upgrade(capture, &mut other);
    for _ in 0..20 {
        browser_says(capture, &mut other, r#"{"type":"subscribe","id":"1"}"#);
    }
    let mut chat = on_port(7272);
    join(capture, &mut chat, 1, "mynick", "1");
    browser_says(capture, &mut chat, say_request(&"a long text ".repeat(20)));
    capture.cut_last(200);
    capture.wait(Duration::from_secs(5));
}

/// What makes a conversation in a capture; its number makes its addresses others than any before.
type Script = fn(&mut Capture, usize);

/// So many conversations, and how many frames each has.
fn conversations(script: Script, count: usize) -> (Capture, u32) {
    let mut capture = Capture::new(Link::Ethernet);
    script(&mut capture, 0);
    let length = capture.last();
    (1..count).for_each(|number| script(&mut capture, number));
    (capture, length)
}

// ---- what is shown ----

/// The field of the Info column, without which tshark makes no columns for JSON.
fn info_column() -> &'static str {
    if version() == "4.0" { "_ws.col.Info" } else { "_ws.col.info" }
}

type Shown = BTreeMap<u32, Row>;

fn field_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = Field::ALL.iter().map(|field| field.spec().name).collect();
    names.extend([INTERNAL, "workermanchat.expert.truncated", info_column()]);
    names
}

fn shown(wireshark: &Wireshark, capture: &Path, options: &[&str]) -> Shown {
    let rows = wireshark.rows_with_faults(capture, options, &[&field_names()[..], &[REPORT]].concat());
    rows.into_iter().map(|row| (row.frame, row)).collect()
}

/// The frames without a phase, and of each other kind of packet the first frame: the first that has its phases, and is cut or not.
fn kinds(shown: &Shown) -> Vec<u32> {
    let mut seen = BTreeSet::new();
    let mut is_kind = |row: &Row| {
        let phases = row.all("workermanchat.phase");
        phases.is_empty() || seen.insert((phases, row.has("workermanchat.expert.truncated")))
    };
    shown.values().filter(|row| is_kind(row)).map(|row| row.frame).collect()
}

/// Whether a frame has a message of the chat.
fn has_message(row: &Row) -> bool {
    row.numbers("workermanchat.phase").into_iter().any(phase::is_message)
}

/// What may be missing from other frames than the faulty one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lacking {
    Nothing,
    /// What the faulty one would have taught. That something is left out is shown there, and why.
    WhatItTeaches,
    /// That, and what bytes behind those of the faulty one carry, which Wireshark's dissectors did not get.
    WhatFollows,
}

/// What a conversation shows when nothing goes wrong, and the frame of it that something went wrong with, if it did.
struct Undisturbed<'a> {
    shown: &'a Shown,
    faulty: Option<u32>,
    lacking: Lacking,
}

impl Undisturbed<'_> {
    /// What is wrong in another frame than the faulty one.
    fn difference(&self, frame: &Row) -> Option<String> {
        field_names().into_iter().find_map(|field| {
            let (values, right) = (frame.all(field), self.shown[&frame.frame].all(field));
            let is_right = values == right || self.lacks(frame.frame, field, &values);
            (!is_right).then(|| format!("{field}: {values:?} instead of {right:?}"))
        })
    }

    /// Whether these are the values of a field when something is missing.
    fn lacks(&self, frame: u32, field: &str, values: &[String]) -> bool {
        // Where the server of a connection may be another's, how often others' says are delivered is not known.
        let is_count = field == "workermanchat.deliveries" && values.is_empty();
        let faulty = self.faulty.is_some_and(|faulty| self.may_be(frame, faulty, field, values));
        match self.lacking {
            Lacking::Nothing => false,
            Lacking::WhatItTeaches => is_count || faulty,
            Lacking::WhatFollows => is_count || faulty || (self.faulty.is_some() && values.is_empty()),
        }
    }

    /// Whether these may be the values of a field in a frame when the faulty frame taught nothing: each is the frame's own, or one of the
    /// faulty frame's acknowledgments, which the next one of its side takes over.
    fn may_be(&self, frame: u32, faulty: u32, field: &str, values: &[String]) -> bool {
        let own = self.shown[&frame].all(field);
        let known = || [&own[..], &self.shown[&faulty].all(field)].concat();
        match field.strip_prefix("workermanchat.").unwrap_or(field) {
            "phase" => {
                let is_known = |phase: &String| own.contains(phase) || (is_of_others(phase) && known().contains(phase));
                values.iter().all(is_known) && own.iter().all(|phase| values.contains(phase) || is_of_others(phase))
            }
            "note" => values.iter().all(|note| [frame, faulty].iter().any(|of| self.notes(*of, note))),
            "exchange" => values.iter().all(|began| {
                let exchanges = self.linked(began).all(field);
                exchanges.iter().any(|exchange| known().contains(exchange))
            }),
            "exchange.title" => values.iter().all(|title| {
                known().iter().any(|known| Title::of(title).says_no_more_than(&Title::of(known), &[], false))
            }),
            "acks" | "exchange.complete" => values.iter().all(|value| known().contains(value)),
            // Another delivery is the first then.
            "response_in" if !own.is_empty() => {
                values.iter().all(|answer| self.linked(answer).numbers("workermanchat.request_in").contains(&frame))
            }
            name if name == info_column() => true, // in brackets, it has the phases
            "left_out" | "left_out.why" => own.is_empty() || !values.is_empty(),
            name => OF_OTHERS.contains(&name) && values.iter().all(|value| own.contains(value)),
        }
    }

    /// The frame that a link names.
    fn linked(&self, frame: &str) -> &Row {
        &self.shown[&frame.parse().expect("a frame number")]
    }

    /// Whether a frame has a note that says as much, or more.
    fn notes(&self, frame: u32, note: &str) -> bool {
        let row = &self.shown[&frame];
        let notes = row.all("workermanchat.note").into_iter().zip(row.numbers("workermanchat.phase"));
        let ids = [client_id(1), client_id(2)];
        notes
            .into_iter()
            .any(|(known, phase)| Note::of(note, phase).says_more_than(&Note::of(&known, phase), &ids, false).is_none())
    }
}

/// Fields that other frames have a part in.
const OF_OTHERS: [&str; 18] = [
    "handshake.accept_expected",
    "handshake.accept_valid",
    "request_in",
    "response_time",
    "deliveries",
    "delivery",
    "delivery.frame",
    "delivery.user",
    "delivery.endpoint",
    "delivery.time",
    "delivery.acked_in",
    "user",
    "room",
    "room.members",
    "sender",
    "recipient",
    "dialect",
    "server",
];

/// Whether a packet has this phase because of what another one is: the one that it acknowledges, or the close that it replies to.
fn is_of_others(phase: &str) -> bool {
    const PHASES: [u32; 6] = [
        phase::ACK,
        phase::FIN_ACKNOWLEDGED,
        phase::REQUEST_ACKNOWLEDGED,
        phase::COMPLETE,
        phase::MESSAGE_ACKNOWLEDGED,
        phase::CLOSE_REPLY,
    ];
    PHASES.iter().any(|known| known.to_string() == phase)
}

/// Whether Wireshark reports an exception.
fn is_reported(row: &Row) -> bool {
    let is_exception = |report: &String| {
        report.contains("failpoint")
            || ["Malformed Packet", "Unreassembled"].iter().any(|name| report.starts_with(name))
    };
    row.all(REPORT).iter().any(is_exception)
}

// ---- panics ----

/// A panic to force: in a place, on a frame of a conversation of its own.
struct Fault {
    place: String,
    frame: u32,
}

/// Faults in conversations that are alike, each in one of its own.
struct Faults {
    faults: Vec<Fault>,
    capture: Capture,
    /// How many frames a conversation has.
    length: u32,
}

impl Faults {
    /// In each place and each kind of packet of a conversation one.
    fn new(script: Script, places: &[impl AsRef<str>]) -> Self {
        let (one, length) = conversations(script, 1);
        let plain = wireshark("");
        let shown = shown(&plain, &plain.write("one.pcap", &one), &[]);
        let kinds = kinds(&shown);
        let pairs = places.iter().flat_map(|place| kinds.iter().map(move |kind| (place.as_ref(), *kind)));
        let pairs = pairs.filter(|(place, kind)| !LEARNING_MESSAGES.contains(place) || has_message(&shown[kind]));
        let fault = |((place, kind), number): ((&str, u32), u32)| Fault {
            place: place.to_owned(),
            frame: number * length + kind,
        };
        let faults: Vec<Fault> = pairs.zip(0..).map(fault).collect();
        let (capture, _) = conversations(script, faults.len());
        Self { faults, capture, length }
    }

    /// The variable's value that asks for them.
    fn failpoints(&self) -> String {
        let failpoint = |fault: &Fault| format!("{}@{}", fault.place, fault.frame);
        self.faults.iter().map(failpoint).collect::<Vec<_>>().join(",")
    }

    /// Compares all conversations with those without a fault. Returns how many faults came in each place.
    fn check(&self, lacking: Lacking, shown: &Shown, undisturbed: &Shown) -> BTreeMap<&str, usize> {
        let (mut reached, mut wrong) = (BTreeMap::new(), Vec::new());
        for (fault, first) in self.faults.iter().zip((1..).step_by(self.length as usize)) {
            let is_reached = shown[&fault.frame].has(INTERNAL) || is_reported(&shown[&fault.frame]);
            *reached.entry(&*fault.place).or_default() += usize::from(is_reached);
            let undisturbed = Undisturbed { shown: undisturbed, faulty: is_reached.then_some(fault.frame), lacking };
            for frame in (first..first + self.length).filter(|frame| *frame != fault.frame || !is_reached) {
                if let Some(difference) = undisturbed.difference(&shown[&frame]) {
                    let [at, frame] = [fault.frame, frame].map(|frame| frame - first + 1);
                    wrong.push(format!("{} in frame {at}, frame {frame}: {difference}", fault.place));
                }
            }
        }
        assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
        reached
    }
}

/// Each place is reached, and nothing is shown wrong, in one pass and in two.
fn assert_confined(script: Script, places: &[impl AsRef<str>], lacking: Lacking) {
    let faults = Faults::new(script, places);
    let (plain, faulty) = (wireshark(""), wireshark(&faults.failpoints()));
    let paths = [&plain, &faulty].map(|wireshark| wireshark.write("many.pcap", &faults.capture));
    for options in [&[][..], &["-2"]] {
        let options = [options, &["-z", "workermanchat,sessions", "-o", "workermanchat.show_json:TRUE"]].concat();
        let reached = faults.check(lacking, &shown(&faulty, &paths[1], &options), &shown(&plain, &paths[0], &options));
        assert!(reached.values().all(|count| *count > 0), "{options:?}: each place is reached: {reached:?}");
        println!("{} faults forced in {} places", reached.values().sum::<usize>(), reached.len());
    }
}

#[test]
fn a_panic_while_a_packet_is_drawn_is_a_finding_there_and_changes_nothing_else() {
    assert_confined(conversation, &LOOKING_UP, Lacking::Nothing);
}

#[test]
fn a_panic_while_a_packet_is_read_is_a_finding_there_and_others_show_nothing_wrong() {
    assert_confined(conversation, &LEARNING, Lacking::WhatItTeaches);
}

#[test]
fn a_panic_while_a_message_is_read_is_a_finding_there_and_others_show_nothing_wrong() {
    assert_confined(conversation, &LEARNING_MESSAGES, Lacking::WhatItTeaches);
}

#[test]
fn a_panic_over_another_application_or_a_message_that_is_cut_is_a_finding_there_and_changes_nothing_else() {
    assert_confined(elsewhere, &ELSEWHERE, Lacking::Nothing);
}

#[test]
fn a_frame_with_a_panic_tells_of_it_in_any_order_of_frames() {
    let faults = Faults::new(conversation, &["session::learn", "tcp", "websocket::frame"]);
    let wireshark = wireshark(&faults.failpoints());
    let path = wireshark.write("many.pcap", &faults.capture);
    let expected: Vec<u32> = wireshark.rows(&path, &["-2", "-Y", INTERNAL], &[]).iter().map(|row| row.frame).collect();
    assert!(expected.len() > 40, "frames with a panic: {expected:?}");
    let mut sharkd = Sharkd::load(&wireshark, &path);
    assert_eq!(sharkd.filter(INTERNAL), expected);
    for frame in expected.into_iter().rev() {
        let items = sharkd.items(frame);
        let tells = |item: &&Value| item["f"].as_str().is_some_and(|filter| filter.starts_with(INTERNAL));
        assert!(items.iter().any(|item| tells(&item)), "frame {frame}: {items:#?}");
    }
}

// ---- exceptions ----

/// These places, with an exception of this kind.
fn raising(places: &[&str], exception: &str) -> Vec<String> {
    places.iter().map(|place| format!("{place}::{exception}")).collect()
}

/// As for a bad value, or for too many items.
#[test]
fn a_dissector_bug_in_a_call_of_c_is_reported_there_and_the_next_packets_show_nothing_wrong() {
    assert_confined(conversation, &raising(&RAISING, "bug"), Lacking::WhatItTeaches);
}

/// As for a packet that other dissectors cannot read.
#[test]
fn an_exception_of_another_dissector_is_reported_there_and_the_next_packets_show_nothing_wrong() {
    assert_confined(conversation, &raising(&PASSING_ON, "bounds"), Lacking::WhatFollows);
}

// ---- views ----

/// What tshark prints for `-z`, without the sentences of faults; and those.
fn page(wireshark: &Wireshark, capture: &Path, options: &[&str]) -> (Vec<String>, Vec<String>) {
    let arguments = [&["-r", capture.to_str().unwrap(), "-q"], options].concat();
    let output = wireshark.run_unchecked(wireshark.command("tshark").args(&arguments));
    assert_eq!(output.code, 0, "tshark {arguments:?}: {}", output.stderr);
    let lines = output.stdout.lines().map(str::to_owned);
    lines.partition(|line| !line.contains("An error of this plugin, not of the packet: src/"))
}

/// A panic over a message costs a view this message; one when the page is written ends the page. Both are told at the page's end.
#[test]
fn a_panic_in_a_view_is_told_on_its_page() {
    let mut capture = Capture::new(Link::Ethernet);
    let (mut mynick, mut other) = (Connection::from_port(50001), Connection::from_port(50002));
    join(&mut capture, &mut mynick, 1, "mynick", "1");
    join(&mut capture, &mut other, 2, "other", "2");
    let frame = browser_says(&mut capture, &mut mynick, say_request("what is lost"));
    server_says(&mut capture, &mut mynick, say_delivery(1, "mynick", "what is kept"));
    mynick.ack(&mut capture, Side::Client);
    let last = capture.last();

    let views =
        ["transcript", "sessions", "users", "times", "diagram", "tree"].map(|view| format!("workermanchat,{view}"));
    let others = ["follow,workermanchat,ascii,0", "flow,workermanchat,network"].map(str::to_owned);
    for view in views.iter().chain(&others) {
        let (seeing, writing) = match &**view {
            "workermanchat,tree" => ("views::statistics::see", Some("views::statistics::count")),
            "follow,workermanchat,ascii,0" => ("views::follow", None),
            "flow,workermanchat,network" => ("views::flow", None),
            _ => ("views::see", Some("views::write")),
        };
        for passes in [&[][..], &["-2"]] {
            let options = [passes, &["-z", view]].concat();
            let shown = |failpoints: &str| {
                let wireshark = wireshark(failpoints);
                page(&wireshark, &wireshark.write("views.pcap", &capture), &options)
            };
            let (whole, none) = shown("");
            assert_eq!(none, [""; 0], "{options:?}");
            let (rest, faults) = shown(&format!("{seeing}@{frame}"));
            assert!(matches!(&faults[..], [fault] if fault.contains(seeing)), "{options:?}: {faults:?}");
            assert!(rest.len() >= whole.len() / 2, "{options:?}: all else is there: {rest:#?}");
            let Some(writing) = writing else { continue };
            let (rest, faults) = shown(&format!("{writing}@{last}"));
            assert!(
                !faults.is_empty() && faults.iter().all(|fault| fault.contains(writing)),
                "{options:?}: {faults:?}"
            );
            // The tree is counted packet by packet on a later pass.
            assert!(rest.len() < whole.len() || view.ends_with("tree"), "{options:?}: {rest:#?}");
        }
    }
}

// ---- what fuzzing looks for ----

/// What `plugin/fuzz-captures` looks for is found in each kind of output, and in none of a plugin that does not panic.
#[test]
fn fuzzing_sees_a_panic_in_every_output() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut mynick = Connection::from_port(50001);
    join(&mut capture, &mut mynick, 1, "mynick", "1");
    let frame = browser_says(&mut capture, &mut mynick, say_request("hi"));
    let panicking = wireshark(&format!("dissector::message@{frame}"));
    let sound = Wireshark::with_plugin();
    let requests = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"load\",\"params\":{{\"file\":\"panic.pcap\"}}}}\n\
         {{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"frame\",\"params\":{{\"frame\":{frame},\"proto\":true}}}}\n"
    );
    for wireshark in [&panicking, &sound] {
        wireshark.write("panic.pcap", &capture);
        wireshark.write_file("requests.json", requests.as_bytes());
    }
    let tshark = |options: &[&str]| {
        let arguments = ["-r", "panic.pcap"].iter().chain(options).map(|word| (*word).to_owned());
        Invocation { program: "tshark", arguments: arguments.collect(), input: None }
    };
    let outputs = [
        tshark(&["-n"]),
        tshark(&["-nVx"]),
        tshark(&["-2", "-V", "-o", "workermanchat.language:zh-CN"]),
        tshark(&["-V", "-o", "workermanchat.language:ru"]),
        tshark(&["-T", "json"]),
        tshark(&["-T", "pdml"]),
        Invocation { program: "sharkd", arguments: vec!["-".to_owned()], input: Some("requests.json".into()) },
    ];
    for output in outputs {
        let fault_with = |wireshark: &Wireshark| fault(&output.run(wireshark, wireshark.home()));
        assert_eq!(fault_with(&sound), None, "{}", output.for_a_shell());
        let found = fault_with(&panicking).unwrap_or_else(|| panic!("no panic: {}", output.for_a_shell()));
        assert_eq!(found.kind, "a panic of the plugin", "{}", output.for_a_shell());
    }
}
