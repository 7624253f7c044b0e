//! The statistics tree, `-z workermanchat,tree`: counts and response times.
//!
//! For recorded captures, the expected values are counted in the JSON of all messages; for built captures, they follow from the script.

mod harness;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use harness::expected::unescape;
use harness::packets::{Capture, Connection, Link, Side};
use harness::reader::{Message, messages};
use harness::scripts::*;
use harness::sharkd::Sharkd;
use harness::wireshark::Wireshark;
use serde_json::{Value, json};

const SERVER_PORT: u16 = 7272;
const RECORDED: [&str; 4] = ["seed-2014.pcap", "chat-2015.pcap", "chat-2026.pcap", "heartbeat-2026.pcap"];

/// What a row shows: how many, and, of response times, average, least and greatest.
#[derive(Debug, Clone, PartialEq)]
struct Shown {
    count: u32,
    times: Option<[f64; 3]>,
}

/// The rows of the tree, by the names of those that they stand under and their own.
type Tree = BTreeMap<Vec<String>, Shown>;

fn printed(wireshark: &Wireshark, path: &Path, options: &[&str], tap: &str) -> String {
    let mut arguments = vec!["-r", path.to_str().unwrap(), "-q", "-z", tap];
    arguments.extend(options);
    wireshark.tshark(&arguments).stdout
}

fn tree(text: &str) -> Tree {
    let mut tree = Tree::new();
    let mut names: Vec<String> = Vec::new();
    let rules = |line: &&str| line.starts_with("---") || line.starts_with("===");
    for line in text.lines().skip_while(|line| !line.starts_with("---")).filter(|line| !rules(line)) {
        let Some((name, numbers)) = line.trim_start().split_once("  ") else { continue };
        names.truncate(line.len() - line.trim_start().len());
        names.push(name.to_owned());
        let numbers: Vec<f64> = numbers.split_whitespace().map_while(|number| number.parse().ok()).collect();
        // A row without times has its rate as the second number.
        let times = (numbers.len() >= 5).then(|| [numbers[1], numbers[2], numbers[3]]);
        tree.insert(names.clone(), Shown { count: numbers[0] as u32, times });
    }
    tree
}

/// What the tree shows in one pass, which must be what it shows in two.
fn agreed(wireshark: &Wireshark, path: &Path) -> Tree {
    let text = printed(wireshark, path, &[], "workermanchat,tree");
    assert_eq!(text, printed(wireshark, path, &["-2"], "workermanchat,tree"), "one pass (left) and two agree");
    tree(&text)
}

/// The counts under a section, of the rows of a depth.
fn counts(tree: &Tree, section: &str, depth: usize) -> BTreeMap<String, u32> {
    let rows = tree.iter().filter(|(names, _)| names[0] == section && names.len() == depth);
    rows.map(|(names, shown)| (names[1..].join(" / "), shown.count)).collect()
}

/// One after the other, without their order.
fn counted(names: impl IntoIterator<Item = String>) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    names.into_iter().for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

// ---- the independent count ----

/// A connection: the client's endpoint and the number of the connection on it.
type Id = (SocketAddr, usize);

fn id(message: &Message) -> Id {
    message.connection(SERVER_PORT)
}

fn name_in(json: &Value) -> String {
    let name = json.get("client_name").or_else(|| json.get("name")).and_then(Value::as_str).unwrap_or_default();
    unescape(&unescape(name))
}

/// Each connection's user and room, from its login request.
fn logins(carried: &[(Message, Value)]) -> BTreeMap<Id, (String, Option<String>)> {
    let requests = carried.iter().filter(|(message, json)| phase(message, json, carried) == "Login request");
    requests
        .map(|(message, json)| (id(message), (name_in(json), json.get("room_id").map(harness::json::shown))))
        .collect()
}

/// The name of a message's phase.
fn phase(message: &Message, json: &Value, carried: &[(Message, Value)]) -> &'static str {
    let is_from_server = message.is_from_server(SERVER_PORT);
    let is_own = || {
        let asks = |(other, json): &&(Message, Value)| {
            let is_login = json["type"].as_str().is_some_and(|kind| kind.ends_with("login"));
            id(other) == id(message) && is_login && !other.is_from_server(SERVER_PORT)
        };
        carried.iter().find(asks).is_some_and(|(_, request)| name_in(request) == name_in(json))
    };
    match (json["type"].as_str().unwrap_or_default(), is_from_server) {
        ("login" | "re_login", false) => "Login request",
        ("user_list", true) => "User list",
        ("login" | "re_login", true) if is_own() => "Login result",
        ("login" | "re_login", true) => "Login notification",
        ("say", false) => "Say request",
        ("say", true) => "Say delivery",
        ("logout", true) => "Logout notification",
        ("ping", true) => "Heartbeat ping",
        ("pong", false) => "Heartbeat pong",
        (other, _) => panic!("frame {}: {other}", message.frame),
    }
}

fn said(json: &Value) -> String {
    let content = json["content"].as_str().unwrap_or_default();
    let content =
        content.strip_prefix("<b>").and_then(|rest| rest.split_once("说: </b>")).map_or(content, |(_, said)| said);
    unescape(&content.replace("<br />", ""))
}

/// Response times in microseconds, by the names of the row.
fn times(carried: &[(Message, Value)]) -> BTreeMap<String, Vec<f64>> {
    let mut times: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut taken = Vec::new();
    for (at, (request, asked)) in carried.iter().enumerate() {
        let later = || carried.iter().enumerate().skip(at + 1);
        let since = |answer: &Message| (answer.time - request.time) * 1e6;
        let phase_of = |message: &Message, json: &Value| phase(message, json, carried);
        let mut answered = |by: &str| {
            let answer = later().find(|(_, (answer, json))| id(answer) == id(request) && phase_of(answer, json) == by);
            let Some((_, (answer, _))) = answer else { return };
            times.entry(format!("{} → {by}", phase_of(request, asked))).or_default().push(since(answer));
        };
        match phase_of(request, asked) {
            "Login request" => answered("Login result"),
            "Heartbeat ping" => answered("Heartbeat pong"),
            "Say request" => {
                let mut got: Vec<(Id, f64)> = Vec::new();
                for (place, (answer, json)) in later() {
                    let is_it = phase_of(answer, json) == "Say delivery" && said(json) == said(asked);
                    if is_it && !taken.contains(&place) && !got.iter().any(|(other, _)| *other == id(answer)) {
                        taken.push(place);
                        got.push((id(answer), since(answer)));
                    }
                }
                let after = got.iter().map(|(_, after)| *after);
                for (name, time) in [("first", after.clone().reduce(f64::min)), ("last", after.reduce(f64::max))] {
                    let row = times.entry(format!("Say request → {name} delivery")).or_default();
                    row.extend(time);
                }
            }
            _ => {}
        }
    }
    times.retain(|_, times| !times.is_empty());
    times
}

// ---- the recorded captures ----

/// The messages. Of those that are not JSON, which the captures have of says only, the type is read all the same.
fn carried(path: &Path) -> Vec<(Message, Value)> {
    let value = |message: &Message| {
        message.json().unwrap_or_else(|| {
            assert!(message.payload.starts_with(br#"{"type":"say","#), "frame {}: what is it?", message.frame);
            json!({"type": "say"})
        })
    };
    messages(path).into_iter().map(|message| (message.clone(), value(&message))).collect()
}

#[test]
fn counts_by_type_user_and_room_are_those_of_an_independent_count() {
    let wireshark = Wireshark::with_plugin();
    for name in RECORDED {
        let path = wireshark.capture(name);
        let tree = agreed(&wireshark, &path);
        let carried = carried(&path);
        let logins = logins(&carried);
        let types = counted(carried.iter().map(|(message, json)| phase(message, json, &carried).to_owned()));
        assert_eq!(counts(&tree, "Messages", 2), types, "{name}: types");
        assert_eq!(tree[&vec!["Messages".to_owned()]].count, types.values().sum::<u32>(), "{name}: messages");
        for (section, of) in [
            ("Users", (|login| Some(login.0.clone())) as fn(&(String, Option<String>)) -> Option<String>),
            ("Rooms", |login| login.1.clone()),
        ] {
            let all = carried.iter().filter_map(|(message, json)| {
                let row = of(logins.get(&id(message))?)?;
                Some((row, phase(message, json, &carried)))
            });
            let all: Vec<(String, &str)> = all.collect();
            let by_type = counted(all.iter().map(|(row, phase)| format!("{row} / {phase}")));
            assert_eq!(counts(&tree, section, 2), counted(all.into_iter().map(|(row, _)| row)), "{name}: {section}");
            assert_eq!(counts(&tree, section, 3), by_type, "{name}: {section} by type");
        }
    }
}

#[test]
fn response_times_are_those_of_an_independent_count() {
    let wireshark = Wireshark::with_plugin();
    for name in RECORDED {
        let path = wireshark.capture(name);
        let tree = agreed(&wireshark, &path);
        let expected = times(&carried(&path));
        let shown = counts(&tree, "Response times (µs)", 2);
        assert_eq!(shown.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{name}");
        for (row, times) in expected {
            let Shown { count, times: found } = &tree[&vec!["Response times (µs)".to_owned(), row.clone()]];
            assert_eq!(*count as usize, times.len(), "{name}: {row}");
            let sum: f64 = times.iter().sum();
            let least = times.iter().copied().fold(f64::MAX, f64::min);
            let greatest = times.iter().copied().fold(0.0, f64::max);
            let near = |found: f64, expected: f64| (found - expected).abs() < 2.0;
            let [average, min, max] = found.expect("response times have an average");
            let agrees = near(average, sum / times.len() as f64) && near(min, least) && near(max, greatest);
            assert!(agrees, "{name}: {row}: {found:?}, not {times:?}");
        }
    }
}

#[test]
fn the_tree_of_the_seed_session() {
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.capture("seed-2014.pcap");
    let rows: Vec<String> = agreed(&wireshark, &path)
        .into_iter()
        .map(|(names, Shown { count, times })| {
            let times = times.map(|times| format!(" {times:?}")).unwrap_or_default();
            format!("{}: {count}{times}", names.join(" / "))
        })
        .collect();
    assert_eq!(
        rows,
        [
            "Messages: 7",
            "Messages / Login notification: 1",
            "Messages / Login request: 1",
            "Messages / Login result: 1",
            "Messages / Say delivery: 2",
            "Messages / Say request: 1",
            "Messages / User list: 1",
            "Response times (µs): 3",
            "Response times (µs) / Login request → Login result: 1 [1009.0, 1009.0, 1009.0]",
            "Response times (µs) / Login request → Login result / ≤ 10 ms: 1",
            "Response times (µs) / Login request → Login result / ≤ 100 ms: 1",
            "Response times (µs) / Login request → Login result / ≤ 1000 ms: 1",
            "Response times (µs) / Login request → Login result / ≤ 10000 ms: 1",
            "Response times (µs) / Say request → first delivery: 1 [1580.0, 1580.0, 1580.0]",
            "Response times (µs) / Say request → first delivery / ≤ 10 ms: 1",
            "Response times (µs) / Say request → first delivery / ≤ 100 ms: 1",
            "Response times (µs) / Say request → first delivery / ≤ 1000 ms: 1",
            "Response times (µs) / Say request → first delivery / ≤ 10000 ms: 1",
            "Response times (µs) / Say request → last delivery: 1 [1622.0, 1622.0, 1622.0]",
            "Response times (µs) / Say request → last delivery / ≤ 10 ms: 1",
            "Response times (µs) / Say request → last delivery / ≤ 100 ms: 1",
            "Response times (µs) / Say request → last delivery / ≤ 1000 ms: 1",
            "Response times (µs) / Say request → last delivery / ≤ 10000 ms: 1",
            "Users: 5",
            "Users / mynick: 5",
            "Users / mynick / Login request: 1",
            "Users / mynick / Login result: 1",
            "Users / mynick / Say delivery: 1",
            "Users / mynick / Say request: 1",
            "Users / mynick / User list: 1",
        ]
    );
}

#[test]
fn a_filter_counts_what_it_shows() {
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.capture("chat-2026.pcap");
    let whole = agreed(&wireshark, &path);
    let filtered = tree(&printed(&wireshark, &path, &["-2"], r#"workermanchat,tree,workermanchat.user == "late""#));
    assert_eq!(counts(&filtered, "Users", 2), BTreeMap::from([("late".to_owned(), 4)]));
    assert_eq!(filtered[&vec!["Messages".to_owned()]].count, whole[&vec!["Users".to_owned(), "late".to_owned()]].count);
}

#[test]
fn a_filter_that_is_none_is_refused() {
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.capture("seed-2014.pcap");
    let mut command = wireshark.command("tshark");
    command.args(["-r", path.to_str().unwrap(), "-q", "-z", "workermanchat,tree,nothing like it"]);
    let output = wireshark.run_unchecked(&mut command);
    assert!(output.stderr.contains("nothing like it") || output.stderr.contains("like"), "{}", output.stderr);
    assert!(output.code < 128, "{}", output.code);
}

#[test]
fn of_a_capture_without_the_chat_there_are_no_counts() {
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.capture("other-websocket-app.pcap");
    let tree = agreed(&wireshark, &path);
    assert!(tree.values().all(|shown| shown.count == 0), "{tree:?}");
}

// ---- built captures ----

#[test]
fn names_of_rows_are_printable() {
    let names = ["a\u{1b}[2Jb", "\u{202e}gnp.exe", "two\nlines", "שלום"];
    let mut capture = Capture::new(Link::Ethernet);
    for (number, name) in names.iter().enumerate() {
        let mut connection = Connection::from_port(50001 + number as u16);
        join(&mut capture, &mut connection, 1 + number as u32, name, "r\u{7}");
    }
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("names.pcap", &capture);
    let text = printed(&wireshark, &path, &[], "workermanchat,tree");
    assert!(!text.contains(|character: char| character != '\n' && character.is_control()), "{text:?}");
    assert!(!text.contains('\u{202e}'), "{text:?}");
    for shown in ["a␛[2Jb", "<U+202E>gnp.exe", "two\\nlines", "שלום", "r␇"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
}

/// At the top of a tree, Wireshark shows of a name only what follows its last slash.
#[test]
fn names_with_slashes_are_shown_whole() {
    let names = ["and/or", "http://example.org//", "/", "//"];
    let mut capture = Capture::new(Link::Ethernet);
    for (name, number) in names.iter().zip(1..) {
        let mut connection = Connection::from_port(50000 + number as u16);
        join(&mut capture, &mut connection, number, name, "a/b");
    }
    let wireshark = Wireshark::with_plugin();
    let tree = agreed(&wireshark, &wireshark.write("slashes.pcap", &capture));
    assert_eq!(counts(&tree, "Users", 2), names.map(|name| (name.to_owned(), 2)).into());
    assert_eq!(counts(&tree, "Rooms", 2).into_keys().collect::<Vec<_>>(), ["a/b"]);
}

#[test]
fn findings_are_counted_also_those_that_later_frames_show() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50001);
    join(&mut capture, &mut connection, 1, "mynick", "1");
    browser_says(&mut capture, &mut connection, "{");
    browser_says(&mut capture, &mut connection, say_request("nobody hears this"));
    capture.wait(std::time::Duration::from_secs(5));
    server_says(&mut capture, &mut connection, r#"{"type":"ping"}"#);
    connection.ack(&mut capture, Side::Client);
    capture.wait(std::time::Duration::from_secs(5));
    server_says(&mut capture, &mut connection, r#"{"type":"ping"}"#);
    browser_says(&mut capture, &mut connection, r#"{"type":"pong"}"#);
    capture.wait(std::time::Duration::from_secs(5));
    browser_says(&mut capture, &mut connection, say_request("hello"));
    server_says(&mut capture, &mut connection, say_delivery(1, "mynick", "hello"));
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("findings.pcap", &capture);
    let tree = agreed(&wireshark, &path);
    let name = |finding: &str| format!("workermanchat.expert.{finding}");
    let expected = ["malformed_json", "no_delivery", "no_pong"].map(|finding| (name(finding), 1));
    assert_eq!(counts(&tree, "Findings", 2), BTreeMap::from(expected));
    for (finding, count) in counts(&tree, "Findings", 2) {
        assert_eq!(wireshark.rows(&path, &["-2", "-Y", &finding], &[]).len() as u32, count, "{finding} as a filter");
    }
}

#[test]
fn a_capture_that_ends_in_a_say_counts_what_is_there() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50001);
    join(&mut capture, &mut connection, 1, "mynick", "1");
    browser_says(&mut capture, &mut connection, say_request("hello"));
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("ends.pcap", &capture);
    let tree = agreed(&wireshark, &path);
    assert_eq!(tree[&vec!["Messages".to_owned()]].count, 3);
    assert_eq!(counts(&tree, "Response times (µs)", 2).keys().collect::<Vec<_>>(), ["Login request → Login result"]);
}

/// As Wireshark does, sharkd dissects the capture again for the tree.
#[test]
fn a_tree_that_is_filled_later_shows_the_same() {
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.capture("chat-2026.pcap");
    let expected = agreed(&wireshark, &path);
    let mut sharkd = Sharkd::load(&wireshark, &path);
    for _ in 0..2 {
        let answer = sharkd.ask("tap", json!({"tap0": "stat:workermanchat"}));
        let mut found = BTreeMap::new();
        flatten(&answer["taps"][0]["stats"], &mut Vec::new(), &mut found);
        let expected: BTreeMap<_, _> = expected.iter().map(|(names, shown)| (names.clone(), shown.count)).collect();
        assert_eq!(found, expected);
    }
}

fn flatten(rows: &Value, names: &mut Vec<String>, found: &mut BTreeMap<Vec<String>, u32>) {
    for row in rows.as_array().into_iter().flatten() {
        names.push(row["name"].as_str().expect("a row has a name").to_owned());
        found.insert(names.clone(), row["count"].as_u64().expect("a row has a count") as u32);
        flatten(&row["sub"], names, found);
        names.pop();
    }
}
