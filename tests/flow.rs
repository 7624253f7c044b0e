//! The flow graph: `-z flow,workermanchat,network[,FILTER]`. The golden files in `tests/views` were read by eye;
//! `WORKERMANCHAT_BLESS=1 cargo test --test flow` rewrites them. Which arrows there are comes from a reader that knows nothing of the plugin.

mod harness;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::packets::{Capture, Connection, FIN, Link, Side};
use harness::reader;
use harness::scripts::*;
use harness::wireshark::{Wireshark, captures};

const OPTION: &str = "flow,workermanchat,network";
const PORT: u16 = 7272;
/// Wireshark draws no more lifelines.
const MAX_LIFELINES: usize = 40;
/// What Wireshark prints of a lifeline takes so many columns, two lines being used in turn.
const NODE: usize = 20;

/// The graph, which must be the same in one pass and in two.
fn graph(wireshark: &Wireshark, capture: &Path, option: &str, more: &[&str]) -> String {
    let arguments = [&["-r", capture.to_str().unwrap(), "-q", "-z", option], more].concat();
    let [once, twice] = [&[][..], &["-2"]].map(|passes| wireshark.tshark(&[&arguments, passes].concat()).stdout);
    assert_eq!(once, twice, "{}: one pass, then two", capture.display());
    once
}

fn recorded(wireshark: &Wireshark, name: &str) -> PathBuf {
    let bytes = fs::read(captures().join(format!("{name}.pcap"))).expect("a capture");
    wireshark.write_file(&format!("{}.pcap", name.replace('/', "-")), &bytes)
}

/// The titles of the lifelines, which Wireshark writes into two lines in turn.
fn lifelines(graph: &str) -> BTreeSet<String> {
    let titles = graph.lines().take(2).flat_map(|line| line.split('|'));
    titles.map(str::trim).filter(|title| !title.is_empty() && *title != "Time").map(str::to_owned).collect()
}

/// The comments of the arrows.
fn comments(graph: &str) -> Vec<&str> {
    let lines = graph.lines().skip(2).step_by(2);
    lines.map(|line| line.rsplit('|').next().unwrap_or_default()).collect()
}

/// The lines with the arrows themselves.
fn arrows(graph: &str) -> Vec<&str> {
    graph.lines().skip(3).step_by(2).collect()
}

#[test]
fn the_graphs_are_those_of_the_golden_files() {
    let wireshark = Wireshark::with_plugin();
    for name in ["seed-2014", "chat-2015", "chat-2026", "heartbeat-2026", "hard/faults-and-rooms"] {
        let found = graph(&wireshark, &recorded(&wireshark, name), OPTION, &[]);
        let path = format!("tests/views/flow-{}.txt", name.replace("hard/", ""));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if std::env::var_os("WORKERMANCHAT_BLESS").is_some() {
            fs::write(&path, &found).expect("write the golden file");
        }
        assert_eq!(found, fs::read_to_string(&path).expect("the golden file"), "{name}");
    }
}

#[test]
fn each_message_on_the_wire_is_an_arrow_in_its_direction() {
    let wireshark = Wireshark::with_plugin();
    for name in ["seed-2014", "chat-2015", "chat-2026", "heartbeat-2026", "server-2014/c-any"] {
        let capture = recorded(&wireshark, name);
        let messages = reader::messages(&capture).into_iter().filter(|message| {
            [message.from, message.to].iter().any(|end| end.port() == PORT) && !message.payload.is_empty()
        });
        let messages: Vec<reader::Message> = messages.collect();
        let graph = graph(&wireshark, &capture, OPTION, &[]);
        assert_eq!(arrows(&graph).len(), messages.len(), "{name}: {graph}");
        let server = place_of_server(&graph);
        for ((arrow, comment), message) in arrows(&graph).iter().zip(comments(&graph)).zip(&messages) {
            let (tail, head) = ends(arrow);
            let from_server = if message.is_from_server(PORT) { tail } else { head };
            assert!(from_server.abs_diff(server) < NODE / 2, "{name}: {arrow} of {}, {server}", message.frame);
            let said = message.json().filter(|json| json["type"] == "say" && !message.is_from_server(PORT));
            if let Some(said) = said.as_ref().and_then(|json| json["content"].as_str()) {
                let said: String = said.replace('\n', "\\n").replace('\t', "\\t").chars().take(30).collect();
                assert!(comment.contains(&*said), "{name}: {comment} says {said}");
            }
        }
    }
}

/// The column at which the server's lifeline stands.
fn place_of_server(graph: &str) -> usize {
    let title = graph.lines().take(2).find_map(|line| {
        // Wireshark counts bytes where it pads, and wide characters take three.
        let at = line.find("Server")?;
        Some(line[..at].matches('|').count())
    });
    // The first line has every other lifeline, in cells of two.
    let cell = title.expect("the server has a lifeline");
    let is_second = graph.lines().nth(1).is_some_and(|line| line.contains("Server"));
    let index = if is_second { 2 * (cell - 2) - 1 } else { 2 * (cell - 2) };
    10 + NODE * index + NODE / 2
}

/// The columns of an arrow's tail and head.
fn ends(arrow: &str) -> (usize, usize) {
    let dash = |at: Option<usize>| at.expect("an arrow");
    let (first, last) = (dash(arrow.find(['<', '-'])), dash(arrow.rfind(['>', '-'])));
    if arrow.contains('>') { (first, last) } else { (last, first) }
}

#[test]
fn ten_thousand_users_have_as_many_lifelines_as_wireshark_draws_of_which_the_last_is_the_others() {
    let names: Vec<String> = (0..10_000).map(|number| format!("user {number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.write("many.pcap", &each_says_the_name(&names, Some("1")));
    let graph = graph(&wireshark, &capture, OPTION, &[]);
    let lifelines = lifelines(&graph);
    assert!(lifelines.len() <= MAX_LIFELINES && lifelines.contains("… others"), "{lifelines:?}");
    assert!(lifelines.contains("user 0") && lifelines.contains("Server"), "{lifelines:?}");
    assert_eq!(arrows(&graph).len(), 40_000, "every message has its arrow");
}

#[test]
fn servers_for_which_there_is_no_lifeline_have_one_together() {
    let mut capture = Capture::new(Link::Ethernet);
    for number in 1..=30 {
        let server = format!("192.0.2.{}:7272", 100 + number).parse().expect("an address");
        let mut connection = Connection::between("192.0.2.9:50000".parse().expect("an address"), server);
        join(&mut capture, &mut connection, 1, &format!("user {number}"), "1");
    }
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("servers.pcap", &capture);
    let output = wireshark.tshark(&["-r", path.to_str().unwrap(), "-q", "-z", OPTION]);
    assert_eq!(output.stderr, "", "Wireshark cannot draw an arrow from the last lifeline to itself");
    let lifelines = lifelines(&output.stdout);
    assert_eq!(lifelines.len(), MAX_LIFELINES, "{lifelines:?}");
    assert!(["… others", "… Server"].iter().all(|title| lifelines.contains(*title)), "{lifelines:?}");
}

#[test]
fn two_users_of_one_name_at_a_time_have_two_lifelines_and_one_who_comes_back_has_one() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut connections: Vec<Connection> = (1..=3).map(|number| Connection::from_port(50_000 + number)).collect();
    let [first, second, third] = &mut connections[..] else { panic!("three") };
    join(&mut capture, first, 1, "anna", "1");
    join(&mut capture, second, 2, "anna", "1");
    for side in [Side::Client, Side::Server] {
        capture.push(&first.segment(side, FIN | harness::packets::ACK, b""));
    }
    join(&mut capture, third, 3, "anna", "1");
    let wireshark = Wireshark::with_plugin();
    let graph = graph(&wireshark, &wireshark.write("annas.pcap", &capture), OPTION, &[]);
    let lifelines = lifelines(&graph);
    assert_eq!(lifelines.len(), 3, "{graph}");
    assert!(lifelines.contains("anna") && lifelines.iter().any(|title| title.starts_with("anna (")), "{graph}");
}

#[test]
fn who_is_called_like_the_server_has_a_lifeline_of_their_own() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.write("server.pcap", &each_says_the_name(&["Server", "… others"], Some("1")));
    assert_eq!(lifelines(&graph(&wireshark, &capture, OPTION, &[])).len(), 3);
}

#[test]
fn a_name_is_one_harmless_line() {
    let names = ["a\u{1b}[31mb\nc|d", "\u{202e}turned", "%s%n%x", "<b>bold</b>", "   ", &"long ".repeat(200)];
    let wireshark = Wireshark::with_plugin();
    let graph =
        graph(&wireshark, &wireshark.write("awkward.pcap", &each_says_the_name(&names, Some("1"))), OPTION, &[]);
    assert_eq!(graph.lines().count(), 2 + 2 * 4 * names.len(), "{graph}");
    assert!(graph.lines().all(|line| !line.chars().any(|c| c.is_control() || c == '\u{202e}')), "{graph}");
}

#[test]
fn a_filter_chooses_the_arrows_and_where_there_is_none_the_graph_is_empty() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("chat-2026.pcap");
    let says = graph(&wireshark, &capture, &format!("{OPTION},workermanchat.exchange == 43"), &[]);
    assert_eq!(comments(&says).len(), 3, "a private say and its two deliveries: {says}");
    let nothing = graph(&wireshark, &capture, &format!("{OPTION},udp"), &[]);
    assert_eq!(arrows(&nothing).len(), 0, "{nothing}");
    let other = graph(&wireshark, &wireshark.capture("other-websocket-app.pcap"), OPTION, &[]);
    assert_eq!(arrows(&other).len(), 0, "{other}");
}

#[test]
fn the_graph_is_in_the_language() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("seed-2014.pcap");
    let graphs = ["en", "zh-CN", "zh-TW", "fr", "it", "pt", "ru"]
        .map(|language| graph(&wireshark, &capture, OPTION, &["-o", &format!("workermanchat.language:{language}")]));
    assert_eq!(BTreeSet::from(graphs).len(), 7);
}

/// A library that stands before Wireshark's and counts otherwise, as another layout of the items would make it.
const OTHER_LAYOUT: &str = "int sequence_analysis_get_nodes(void *graph) { return 1; }\n";

#[test]
fn where_wiresharks_items_are_others_than_declared_there_is_no_graph_and_all_else_works() {
    let wireshark = Wireshark::with_plugin();
    let source = wireshark.write_file("other.c", OTHER_LAYOUT.as_bytes());
    let library = wireshark.home().join("other.so");
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status();
    assert!(compiled.expect("a C compiler is installed").success());
    let capture = wireshark.capture("seed-2014.pcap");
    let run = |option: &str| {
        let mut command = wireshark.command("tshark");
        command.args(["-r", capture.to_str().unwrap(), "-q", "-z", option]).env("LD_PRELOAD", &library);
        wireshark.run_unchecked(&mut command)
    };
    let refused = run(OPTION);
    assert!(refused.code != 0 && refused.stderr.contains("Invalid -z argument"), "{}", refused.stderr);
    assert!(run("workermanchat,transcript").stdout.contains("mynick → all"));
}
