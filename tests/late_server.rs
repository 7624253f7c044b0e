//! What is true when the server is late, and of the chat of 2014: each link of the truth files beside the captures, and the rows of
//! `tests/captures/hard3/README.md` and `tests/captures/server-2014/README.md` that are about who gets what.
//!
//! Every test looks at the labels of two passes, and at those of one pass: these may lack what later frames teach, and say nothing else.

mod harness;

use std::collections::{BTreeMap, BTreeSet};

use harness::wireshark::{Row, Wireshark, captures};
use serde_json::Value;

const PHASE: &str = "workermanchat.phase";
const EXCHANGE: &str = "workermanchat.exchange";
const COMPLETE: &str = "workermanchat.exchange.complete";
const REQUEST_IN: &str = "workermanchat.request_in";
const RESPONSE_IN: &str = "workermanchat.response_in";
const RESPONSE_TIME: &str = "workermanchat.response_time";
const DELIVERIES: &str = "workermanchat.deliveries";
const MEMBERS: &str = "workermanchat.room.members";
const ACKS: &str = "workermanchat.acks";
const NO_DELIVERY: &str = "workermanchat.expert.no_delivery";
const LEFT_OUT: &str = "workermanchat.left_out";
const WHY: &str = "workermanchat.left_out.why";
const FIELDS: [&str; 12] = [
    PHASE,
    EXCHANGE,
    COMPLETE,
    REQUEST_IN,
    RESPONSE_IN,
    RESPONSE_TIME,
    DELIVERIES,
    MEMBERS,
    ACKS,
    NO_DELIVERY,
    LEFT_OUT,
    WHY,
];

/// The labels of a capture, by frame.
struct Labels(BTreeMap<u32, Row>);

fn labels_of(capture: &str, options: &[&str]) -> Labels {
    let wireshark = Wireshark::with_plugin();
    let bytes = std::fs::read(captures().join(capture)).unwrap_or_else(|error| panic!("{capture}: {error}"));
    let path = wireshark.write_file(&capture.replace('/', "-"), &bytes);
    let options = [options, &["-o", "workermanchat.language:en"]].concat();
    Labels(wireshark.rows(&path, &options, &FIELDS).into_iter().map(|row| (row.frame, row)).collect())
}

fn labels(capture: &str) -> Labels {
    labels_of(capture, &["-2"])
}

impl Labels {
    fn of(&self, frame: u32) -> &Row {
        &self.0[&frame]
    }

    /// The packets with which an exchange is complete; the packet that begins it may complete another.
    fn completed_in(&self, exchange: u32) -> Vec<u32> {
        let complete = self.0.values().filter(|row| row.has(COMPLETE) && row.numbers(EXCHANGE).contains(&exchange));
        complete.map(|row| row.frame).filter(|frame| *frame != exchange).collect()
    }

    fn members(&self, frame: u32) -> BTreeSet<String> {
        self.of(frame).all(MEMBERS).iter().flat_map(|names| names.split(", ")).map(str::to_owned).collect()
    }
}

/// A file of truth: what is true of each message.
fn truth(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(captures().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn number(value: &Value) -> u32 {
    value.as_u64().expect("a frame's number") as u32
}

fn numbers(value: &Value) -> Vec<u32> {
    value.as_array().into_iter().flatten().map(number).collect()
}

/// The session of four recordings in which the server is late, or answers two logins, and the texts are equal.
const LATE: [&str; 4] =
    ["hiccup-300ms-repeated-text", "repeat-10ms-hiccup", "stalled-server-repeated-text", "two-quick-logins"];

#[test]
fn every_link_is_true_where_the_server_is_late() {
    for name in LATE {
        let labels = labels(&format!("hard3/{name}.pcap"));
        let mut links = 0;
        for message in truth(&format!("hard3/{name}.truth.json")) {
            let frame = number(&message["frame"]);
            let row = labels.of(frame);
            if let Some(request) = message.get("request_in") {
                assert_eq!(row.numbers(REQUEST_IN), [number(request)], "{name}: the request of {frame}");
                links += 1;
            }
            if let Some(deliveries) = message.get("deliveries") {
                let deliveries = numbers(deliveries);
                assert_eq!(row.numbers(DELIVERIES), [deliveries.len() as u32], "{name}: the deliveries of {frame}");
                assert_eq!(row.numbers(RESPONSE_IN), deliveries[..1], "{name}: the first delivery of {frame}");
                let last = labels.completed_in(frame);
                assert_eq!(last.len(), 1, "{name}: {frame} is complete in {last:?}");
            }
            let acked_in = number(&message["acked_in"]);
            assert!(labels.of(acked_in).numbers(ACKS).contains(&frame), "{name}: {acked_in} acknowledges {frame}");
            assert!(!row.has(NO_DELIVERY), "{name}: {frame} was delivered");
        }
        assert!(links > 5, "{name}: {links} links");
        let late = labels.0.values().flat_map(|row| row.all(RESPONSE_TIME)).filter(|time| time.starts_with('-'));
        assert_eq!(late.count(), 0, "{name}: no answer comes before what it answers");
    }
}

#[test]
fn one_pass_says_nothing_else_than_two() {
    let recordings = LATE
        .map(|name| format!("hard3/{name}.pcap"))
        .into_iter()
        .chain(["a-sll.pcap", "b-any.pcap.gz", "c-any.pcap", "lurker.pcap"].map(|name| format!("server-2014/{name}")));
    for capture in recordings {
        let [one, two] = [&[][..], &["-2"]].map(|options| labels_of(&capture, options));
        for (frame, row) in &one.0 {
            for field in [PHASE, EXCHANGE, REQUEST_IN, COMPLETE] {
                let (early, late) = (row.all(field), two.of(*frame).all(field));
                assert!(
                    early.iter().all(|value| late.contains(value)),
                    "{capture} {frame} {field}: {early:?}, {late:?}"
                );
            }
        }
    }
}

/// What an independent reader of the wire saw of each say: who got it, and with which packet all had it.
fn check_says(capture: &str, says: &str) {
    let labels = labels(&format!("server-2014/{capture}"));
    let says = truth(&format!("server-2014/{says}"));
    // The reader takes the second of two equal says for both.
    let is_taken = |say: &Value| {
        let what =
            |say: &Value| (say["port"].clone(), say["content"].clone(), say["frame"].as_u64().unwrap_or_default());
        let (port, content, at) = what(say);
        says.iter().map(what).any(|other| (&other.0, &other.1) == (&port, &content) && other.2.abs_diff(at) == 1)
    };
    for say in says.iter().filter(|say| !is_taken(say)) {
        let frame = number(&say["frame"]);
        let deliveries = say["deliveries"].as_array().expect("a list");
        let receivers: BTreeSet<u32> = deliveries.iter().map(|delivery| number(&delivery["port"])).collect();
        let found = labels.of(frame).numbers(DELIVERIES);
        assert_eq!(found, [receivers.len() as u32], "{capture}: the deliveries of {frame}");
        for delivery in deliveries {
            let delivery = number(&delivery["frame"]);
            assert!(labels.of(delivery).numbers(REQUEST_IN).contains(&frame), "{capture}: {delivery} delivers {frame}");
        }
        let mut completed = labels.completed_in(frame);
        if let Some(complete) = say["complete"].as_u64() {
            let place = completed.iter().position(|packet| u64::from(*packet) == complete);
            completed.remove(place.unwrap_or_else(|| panic!("{capture}: {frame} is complete in {completed:?}")));
        }
        // What else is complete there is another exchange, of which the packet takes part in several.
        completed.retain(|packet| labels.of(*packet).numbers(EXCHANGE).len() == 1);
        assert!(completed.is_empty(), "{capture}: {frame} is complete in {completed:?}, too");
    }
}

#[test]
fn the_listings_session_recorded_anew_is_complete_though_the_say_took_13_ms() {
    check_says("a-sll.pcap", "a-sll.says.json");
}

#[test]
fn each_say_of_the_chat_of_2014_reaches_whoever_is_past_the_handshake() {
    check_says("b-any.pcap.gz", "b-any.says.json");
}

#[test]
fn who_never_logs_in_gets_everything_and_completes_it() {
    check_says("lurker.pcap", "lurker.says.json");
}

#[test]
fn each_say_of_todays_server_reaches_its_room() {
    check_says("c-any.pcap", "c-any.says.json");
}

#[test]
fn the_members_of_2014_are_who_has_logged_in_and_not_gone() {
    let labels = labels("server-2014/b-any.pcap.gz");
    assert_eq!(labels.members(82), ["anna", "bob", "cid", "dora", "eve"].map(str::to_owned).into());
}

#[test]
fn a_notification_that_comes_before_the_answer_belongs_to_the_login() {
    let labels = labels("server-2014/b-any.pcap.gz");
    for frame in [35, 36, 37, 39, 40] {
        assert_eq!(labels.of(frame).numbers(EXCHANGE), [35], "{frame}");
    }
}

#[test]
fn logins_and_logouts_of_2014_are_complete_when_everybody_is_told() {
    let labels = labels("server-2014/b-any.pcap.gz");
    for (exchange, complete) in [(20, 27), (1211, 1231), (1433, 1451), (1563, 1575), (1270, 1289), (1355, 1390)] {
        assert_eq!(labels.completed_in(exchange), [complete], "{exchange}");
    }
}

#[test]
fn two_quick_logins_are_answered_in_their_order_each_with_its_room() {
    let labels = labels("hard3/two-quick-logins.pcap");
    for (answer, request) in [(38, 33), (44, 34), (75, 68), (80, 69)] {
        assert_eq!(labels.of(answer).numbers(REQUEST_IN), [request], "{answer}");
        assert_eq!(labels.of(answer).numbers(EXCHANGE), [request], "{answer}");
    }
    for (say, in_room) in [(47, &["ann3", "bob"][..]), (123, &["bob"]), (124, &["cid"])] {
        assert_eq!(labels.members(say), in_room.iter().map(|name| (*name).to_owned()).collect(), "{say}");
    }
}

#[test]
fn what_comes_behind_the_capture_is_not_counted() {
    let labels = labels("hard3/cut-end-deliveries.pcap");
    for frame in [88, 89, 90] {
        assert!(!labels.of(frame).has(DELIVERIES) && !labels.of(frame).has(NO_DELIVERY), "{frame}");
        assert!(labels.of(frame).all(WHY).iter().any(|why| why == "the capture ends shortly behind it"), "{frame}");
    }
}

#[test]
fn what_is_left_out_says_why_and_in_which_frame_it_shows() {
    let snaplen = labels("hard/snaplen-200.pcap");
    let uncounted = snaplen.0.values().filter(|row| row.numbers(PHASE) == [24] && !row.has(DELIVERIES));
    let mut count = 0;
    for row in uncounted.filter(|row| !row.has(NO_DELIVERY)) {
        let whys = row.all(WHY);
        assert!(whys.iter().any(|why| why.contains("missing before frame") || why.contains("cut")), "{}", row.frame);
        count += 1;
    }
    assert!(count > 0);
    let seed = labels("seed-2014.pcap");
    let of = |frame: u32| seed.of(frame).all(WHY);
    assert_eq!(of(18), ["the connection began before the capture"], "whose connection it is");
    assert!([1, 4, 8, 11, 15, 16, 17].into_iter().all(|frame| of(frame).is_empty()), "nothing is left out there");
    let one_pass = labels_of("seed-2014.pcap", &[]);
    assert!(one_pass.0.values().all(|row| !row.has(LEFT_OUT)), "later frames may yet tell");
}

#[test]
fn what_lacks_nothing_has_nothing_left_out() {
    for name in LATE {
        let labels = labels(&format!("hard3/{name}.pcap"));
        let left_out: Vec<_> = labels.0.values().filter(|row| row.has(LEFT_OUT)).map(|row| row.frame).collect();
        assert!(left_out.is_empty(), "{name}: {left_out:?}");
    }
}
