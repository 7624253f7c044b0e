//! The tables of users and of response times: `-z workermanchat,users[,FILTER]` and `-z workermanchat,times[,FILTER]`. Their golden files in
//! `tests/views` were read by eye; `WORKERMANCHAT_BLESS=1 cargo test --test tables` rewrites them. What is counted comes from a reader that knows
//! nothing of the plugin, and from the truth that was recorded with some captures.

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use harness::packets::{ACK, Capture, Connection, Link, Side};
use harness::reader;
use harness::scripts::*;
use harness::wireshark::{Wireshark, captures};
use serde_json::Value;

const PORT: u16 = 7272;
const VIEWS: [&str; 2] = ["users", "times"];

/// What a view prints, which must be the same in one pass and in two.
fn page(wireshark: &Wireshark, capture: &Path, options: &[&str], view: &str) -> String {
    let view = format!("workermanchat,{view}");
    let arguments = [&["-r", capture.to_str().unwrap(), "-q", "-z", &view], options].concat();
    let [once, twice] = [&[][..], &["-2"]].map(|passes| wireshark.tshark(&[&arguments, passes].concat()).stdout);
    assert_eq!(once, twice, "{view} of {}: one pass, then two", capture.display());
    once
}

/// The cells of each row, but for the titles.
fn rows(page: &str) -> Vec<Vec<String>> {
    let cells =
        |line: &str| line.split("  ").map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty()).collect();
    page.lines().skip(1).map(cells).collect()
}

fn recorded(wireshark: &Wireshark, name: &str) -> PathBuf {
    let bytes = fs::read(captures().join(name)).expect("a capture");
    wireshark.write_file(&name.replace('/', "-"), &bytes)
}

#[test]
fn the_tables_are_those_of_the_golden_files() {
    let wireshark = Wireshark::with_plugin();
    for name in ["seed-2014", "chat-2015", "chat-2026", "heartbeat-2026", "hard/faults-and-rooms"] {
        let capture = recorded(&wireshark, &format!("{name}.pcap"));
        for view in VIEWS {
            assert_golden(&format!("{view}-{}", name.replace("hard/", "")), &page(&wireshark, &capture, &[], view));
        }
    }
}

fn assert_golden(name: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/views").join(format!("{name}.txt"));
    if std::env::var_os("WORKERMANCHAT_BLESS").is_some() {
        fs::write(&path, page).expect("write the golden file");
    }
    let golden = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(page, golden, "{name}");
}

#[test]
fn each_language_has_titles_of_its_own() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("chat-2026.pcap");
    for view in VIEWS {
        let titles = ["en", "zh-CN", "zh-TW", "fr", "it", "pt", "ru"].map(|language| {
            let option = format!("workermanchat.language:{language}");
            let page = page(&wireshark, &capture, &["-o", &option], view);
            assert_eq!(page.lines().count(), if view == "users" { 5 } else { 4 }, "{page}");
            page.lines().next().map(str::to_owned)
        });
        assert_eq!(BTreeSet::from(titles.clone()).len(), titles.len(), "{titles:#?}");
    }
}

/// How much each name says and is delivered, as the wire has it: a login names its connection from then on, and a user's own login asks for it.
fn said_and_received(capture: &Path) -> BTreeMap<String, [u64; 2]> {
    let mut names = BTreeMap::new();
    let mut counts: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    for message in reader::messages(capture)
        .iter()
        .filter(|message| [message.from, message.to].iter().any(|end| end.port() == PORT))
    {
        // What is no JSON is a say here, whatever it is: the captures have no other messages that cannot be read.
        let json = message.json().unwrap_or_else(|| serde_json::json!({ "type": "say" }));
        let (connection, by_server) = (message.connection(PORT), message.is_from_server(PORT));
        match json["type"].as_str() {
            Some("login" | "re_login") if !by_server => {
                let name = json["client_name"].as_str().or(json["name"].as_str()).expect("a name");
                names.insert(connection, name.to_owned());
                counts.entry(name.to_owned()).or_default();
            }
            Some("say") => {
                let name = names.get(&connection).cloned().unwrap_or_else(|| "-".to_owned());
                counts.entry(name).or_default()[usize::from(by_server)] += 1;
            }
            _ => {}
        }
    }
    counts
}

#[test]
fn what_users_say_and_receive_is_what_the_wire_has() {
    let wireshark = Wireshark::with_plugin();
    for name in ["seed-2014.pcap", "chat-2015.pcap", "chat-2026.pcap", "heartbeat-2026.pcap", "server-2014/c-any.pcap"]
    {
        let capture = recorded(&wireshark, name);
        let table = rows(&page(&wireshark, &capture, &[], "users"));
        let number = |cell: &String| cell.parse::<u64>().unwrap_or_else(|_| panic!("{name}: {cell}"));
        let found: BTreeMap<String, [u64; 2]> =
            table.iter().map(|row| (row[0].clone(), [number(&row[1]), number(&row[2])])).collect();
        assert_eq!(found, said_and_received(&capture), "{name}");
        assert_eq!(found.len(), table.len(), "{name}: a name, a row");
    }
}

/// A say of the truth that was recorded with a capture: who says it, and how many microseconds its first and its last delivery took.
struct Said {
    who: String,
    first: i64,
    last: i64,
}

/// `left_out`: a text that was said several times, which the truth does not tell apart.
fn truth(capture: &Path, name: &str, left_out: &str) -> Vec<Said> {
    let file = fs::read_to_string(captures().join(name)).expect("the truth");
    let says: Vec<Value> = serde_json::from_str(&file).expect("JSON");
    let packets: BTreeMap<u32, i64> =
        reader::messages(capture).iter().map(|message| (message.frame, (message.time * 1e6).round() as i64)).collect();
    let time = |frame: &Value| packets[&(frame.as_u64().expect("a frame") as u32)];
    let says = says.iter().filter(|say| say["content"] != left_out);
    let taken = says.filter_map(|say| {
        let taken: Vec<i64> =
            say["deliveries"].as_array()?.iter().map(|it| time(&it["frame"]) - time(&say["frame"])).collect();
        Some(Said { who: say["who"].as_str()?.to_owned(), first: *taken.iter().min()?, last: *taken.iter().max()? })
    });
    taken.collect()
}

fn milliseconds(microseconds: i64) -> String {
    format!("{}.{:03} ms", microseconds / 1000, microseconds % 1000)
}

/// The shortest time that a share of all does not exceed, found by trying each.
fn percentile(times: &[i64], percent: usize) -> i64 {
    let is_enough = |time: i64| times.iter().filter(|other| **other <= time).count() * 100 >= percent * times.len();
    times.iter().copied().filter(|time| is_enough(*time)).min().expect("a time")
}

fn expected_row(title: &str, times: &[i64]) -> Vec<String> {
    let shares = [0, 50, 90, 99, 100].map(|percent| milliseconds(percentile(times, percent)));
    [title.to_owned(), times.len().to_string()].into_iter().chain(shares).collect()
}

const RECORDED_WITH_TRUTH: [(&str, &str, &str); 3] = [
    ("a-sll.pcap", "a-sll.says.json", ""),
    ("lurker.pcap", "lurker.says.json", ""),
    ("c-any.pcap", "c-any.says.json", "quick"),
];

#[test]
fn deliveries_take_as_long_as_the_recorded_truth_says() {
    let wireshark = Wireshark::with_plugin();
    for (capture, says, left_out) in RECORDED_WITH_TRUTH {
        let path = recorded(&wireshark, &format!("server-2014/{capture}"));
        let truth = truth(&path, &format!("server-2014/{says}"), left_out);
        let view = format!("times,workermanchat.type == \"say\" && !(workermanchat.content == \"{left_out}\")");
        let table = rows(&page(&wireshark, &path, &[], &view));
        let [first, last] =
            [|say: &Said| say.first, |say: &Said| say.last].map(|of| truth.iter().map(of).collect::<Vec<_>>());
        let expected =
            [expected_row("Say request → first delivery", &first), expected_row("Say request → last delivery", &last)];
        assert_eq!(table, expected, "{capture}");
    }
}

#[test]
fn a_users_mean_and_slowest_delivery_are_those_of_the_recorded_truth() {
    let wireshark = Wireshark::with_plugin();
    for (capture, says, left_out) in RECORDED_WITH_TRUTH {
        let path = recorded(&wireshark, &format!("server-2014/{capture}"));
        let mut expected: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for say in truth(&path, &format!("server-2014/{says}"), left_out) {
            expected.entry(say.who).or_default().push(say.last);
        }
        let view = format!("users,workermanchat.type == \"say\" && !(workermanchat.content == \"{left_out}\")");
        let table = rows(&page(&wireshark, &path, &[], &view));
        for (who, times) in expected {
            let row = table.iter().find(|row| row[0] == who).unwrap_or_else(|| panic!("{capture}: no {who}"));
            let mean = times.iter().map(|time| time * 1000).sum::<i64>() / times.len() as i64 / 1000;
            let slowest = *times.iter().max().expect("a time");
            assert_eq!(row[4..6], [milliseconds(mean), milliseconds(slowest)], "{capture}: {who}");
        }
    }
}

#[test]
fn what_nobody_receives_is_lost() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut anna = Connection::from_port(50_001);
    join(&mut capture, &mut anna, 1, "anna", "1");
    for content in ["lost", "found"] {
        browser_says(&mut capture, &mut anna, say_request(content));
        anna.ack(&mut capture, Side::Server);
        capture.wait(std::time::Duration::from_secs(5));
    }
    server_says(&mut capture, &mut anna, say_delivery(1, "anna", "found"));
    capture.push(&anna.segment(Side::Client, ACK, b""));
    browser_says(&mut capture, &mut anna, r#"{"type":"say","to_client_id":"all","content":"a\qb"}"#);
    let wireshark = Wireshark::with_plugin();
    let table = rows(&page(&wireshark, &wireshark.write("lost.pcap", &capture), &[], "users"));
    assert_eq!(table[0][..4], ["anna", "3", "1", "2"], "{table:?}");
}

#[test]
fn ten_thousand_users_have_a_thousand_rows_and_the_rest_is_counted() {
    let names: Vec<String> = (0..10_000).map(|number| format!("user {number}")).collect();
    let wireshark = Wireshark::with_plugin();
    let page = page(&wireshark, &wireshark.write("many.pcap", &each_says_the_name(&names, Some("1"))), &[], "users");
    assert_eq!(page.lines().count(), 1 + 1000 + 1);
    assert_eq!(page.lines().last(), Some("… and 9000 more"));
    assert!(page.lines().nth(1000).is_some_and(|line| line.starts_with("user 999 ")), "in the order of coming");
}

#[test]
fn a_name_is_one_harmless_cell() {
    let names =
        ["a\u{1b}[31mb\n=1+1,\"x\"", "\u{202e}turned", "<script>alert(1)</script>", "שלום", "   "].map(str::to_owned);
    let wireshark = Wireshark::with_plugin();
    let page = page(&wireshark, &wireshark.write("awkward.pcap", &each_says_the_name(&names, Some("1"))), &[], "users");
    assert_eq!(page.lines().count(), 1 + names.len(), "{page}");
    let is_odd =
        |c: &char| c.is_control() && *c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}' | '\u{2067}');
    assert_eq!(page.chars().find(is_odd), None, "{page}");
}

#[test]
fn where_there_is_nothing_the_page_says_so_and_a_filter_that_is_none_is_told() {
    let wireshark = Wireshark::with_plugin();
    for view in VIEWS {
        let without_chat = wireshark.capture("other-websocket-app.pcap");
        assert_eq!(page(&wireshark, &without_chat, &[], view), "No messages of the chat.\n", "{view}");
        let chat = wireshark.capture("chat-2026.pcap");
        assert_eq!(page(&wireshark, &chat, &[], &format!("{view},udp")), "No messages of the chat.\n", "{view}");
        let wrong = format!("workermanchat,{view},workermanchat.no_such_field == 1");
        let arguments = ["-r", chat.to_str().unwrap(), "-q", "-z", &wrong];
        let output = wireshark.run_unchecked(wireshark.command("tshark").args(arguments));
        assert_eq!((output.code, &*output.stdout), (1, ""), "{view}");
        assert!(output.stderr.contains("no_such_field"), "{}", output.stderr);
    }
}

// --- Wireshark's tables of endpoints and conversations ------------------------------------------------------------------

/// The lines of such a table, without its head; the same in one pass and in two.
fn lines_of(wireshark: &Wireshark, capture: &Path, option: &str) -> Vec<String> {
    let arguments = ["-r", capture.to_str().unwrap(), "-q", "-z", option];
    let [once, twice] = [&[][..], &["-2"]].map(|passes| wireshark.tshark(&[&arguments, passes].concat()).stdout);
    assert_eq!(once, twice, "{option}: one pass, then two");
    let is_row =
        |line: &&str| !line.starts_with(['=', ' ']) && !line.contains(['|', ':']) && !line.starts_with("WorkermanChat");
    once.lines().filter(is_row).map(str::to_owned).collect()
}

/// The name of a user, and the packets with messages of theirs and to them.
fn endpoint(line: &str) -> (String, [usize; 2]) {
    // Newer versions write bytes with their unit.
    let is_unit = |cell: &&str| ["bytes", "kB", "MB"].contains(cell);
    let cells: Vec<&str> = line.split_whitespace().filter(|cell| !is_unit(cell)).collect();
    let (name, numbers) = cells.split_at(cells.len() - 6);
    (name.join(" "), [2, 4].map(|at| numbers[at].parse().expect("a number")))
}

#[test]
fn endpoints_are_users_with_the_packets_that_carry_their_messages() {
    let wireshark = Wireshark::with_plugin();
    for name in ["chat-2015.pcap", "chat-2026.pcap", "heartbeat-2026.pcap"] {
        let capture = recorded(&wireshark, name);
        let (mut names, mut packets) = (BTreeMap::new(), BTreeMap::<String, [BTreeSet<u32>; 2]>::new());
        for message in reader::messages(&capture)
            .iter()
            .filter(|message| [message.from, message.to].iter().any(|end| end.port() == PORT))
        {
            let json = message.json().unwrap_or_default();
            if let Some(name) =
                json["client_name"].as_str().or(json["name"].as_str()).filter(|_| !message.is_from_server(PORT))
            {
                names.insert(message.connection(PORT), name.to_owned());
            }
            let by_server = usize::from(message.is_from_server(PORT));
            packets.entry(names[&message.connection(PORT)].clone()).or_default()[by_server].insert(message.frame);
        }
        let expected: BTreeMap<String, [usize; 2]> =
            packets.into_iter().map(|(name, frames)| (name, frames.map(|frames| frames.len()))).collect();
        let found: BTreeMap<String, [usize; 2]> =
            lines_of(&wireshark, &capture, "endpoints,workermanchat").iter().map(|line| endpoint(line)).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_table_of_endpoints_is_empty_where_there_is_no_chat_and_has_ten_thousand_users() {
    let wireshark = Wireshark::with_plugin();
    let without_chat = wireshark.capture("other-websocket-app.pcap");
    assert_eq!(lines_of(&wireshark, &without_chat, "endpoints,workermanchat"), [""; 0]);
    let chat = wireshark.capture("chat-2026.pcap");
    assert_eq!(lines_of(&wireshark, &chat, "endpoints,workermanchat,udp"), [""; 0]);
    let names: Vec<String> = (0..10_000).map(|number| format!("user {number}")).collect();
    let many = wireshark.write("many.pcap", &each_says_the_name(&names, Some("1")));
    assert_eq!(lines_of(&wireshark, &many, "endpoints,workermanchat").len(), names.len());
}
