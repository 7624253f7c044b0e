//! The user's own messages: the table among the preferences, and a shop's chat that is read with it as the original is.

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use harness::packets::{Capture, Connection, Link, Side};
use harness::pdml::message_layers;
use harness::scripts::upgrade;
use harness::sharkd::Sharkd;
use harness::shop;
use harness::websocket::{masked_text, text};
use harness::wireshark::{Output, Row, Wireshark, captures};
use serde_json::json;

/// What the plugin says of a packet, but for ids and the names of types.
const FIELDS: [&str; 26] = [
    "workermanchat.phase",
    "workermanchat.note",
    "workermanchat.acks",
    "workermanchat.client_name",
    "workermanchat.from_client_name",
    "workermanchat.to_client_name",
    "workermanchat.content",
    "workermanchat.time",
    "workermanchat.room_id",
    "workermanchat.client_list.client_name",
    "workermanchat.client_list.count",
    "workermanchat.private",
    "workermanchat.user",
    "workermanchat.room",
    "workermanchat.room.members",
    "workermanchat.sender",
    "workermanchat.recipient",
    "workermanchat.request_in",
    "workermanchat.response_in",
    "workermanchat.deliveries",
    "workermanchat.delivery.user",
    "workermanchat.delivery.acked_in",
    "workermanchat.exchange",
    "workermanchat.exchange.title",
    "workermanchat.exchange.complete",
    "workermanchat.member",
];

/// A home with the shop's table and capture.
fn shop() -> (Wireshark, PathBuf) {
    let wireshark = Wireshark::with_plugin();
    shop::configure(&wireshark);
    let path = wireshark.write("shop.pcap", &shop::capture());
    (wireshark, path)
}

fn values(rows: &[Row]) -> BTreeMap<u32, Vec<(&'static str, Vec<String>)>> {
    rows.iter().map(|row| (row.frame, FIELDS.map(|field| (field, row.all(field))).to_vec())).collect()
}

/// What tshark prints of a capture, without a check of what it warns of.
fn run(wireshark: &Wireshark, path: &Path, options: &[&str]) -> Output {
    let output =
        wireshark.run_unchecked(wireshark.command("tshark").args(["-r", path.to_str().unwrap()]).args(options));
    assert!(output.code < 128, "{options:?}: {}", output.stderr);
    output
}

fn option(name: &str, meaning: &str) -> String {
    shop::option((name, meaning))
}

// --- the files of docs/your-messages.md ---------------------------------------------------------------------------------

#[test]
fn the_capture_and_the_table_of_the_documentation_are_the_shops() {
    let folder = captures().join("own");
    let files =
        [("shop.pcap", shop::capture().pcap()), ("workermanchat_messages", shop::file(&shop::ROWS).into_bytes())];
    for (name, expected) in files {
        let path = folder.join(name);
        if std::env::var_os("UPDATE_SHOP").is_some() {
            std::fs::write(&path, &expected).expect("write the file");
        }
        let found = std::fs::read(&path).unwrap_or_default();
        assert!(found == expected, "{} is not what it should be: UPDATE_SHOP=1 writes it anew", path.display());
    }
}

// --- a derivative is as good as the original --------------------------------------------------------------------------

#[test]
fn a_shops_chat_has_the_labels_that_it_would_have_in_the_originals_words() {
    let (wireshark, own) = shop();
    let original = wireshark.write("original.pcap", &shop::original());
    for passes in [&[][..], &["-2"]] {
        let [own, original] = [&own, &original].map(|path| values(&wireshark.rows(path, passes, &FIELDS)));
        assert_eq!(own.len(), original.len());
        for (frame, values) in &own {
            assert_eq!(values, &original[frame], "frame {frame}, passes {passes:?}");
        }
        let has = |field| own.values().flatten().any(|(name, values)| name == field && !values.is_empty());
        assert!(FIELDS[..25].iter().all(|field| has(field) || passes.is_empty()), "each is there");
    }
}

#[test]
fn where_there_are_no_ids_the_names_are_the_ids() {
    let (wireshark, path) = shop();
    let usual = values(&wireshark.rows(&path, &["-2"], &FIELDS));
    let rows: Vec<_> = shop::ROWS.into_iter().filter(|(name, _)| *name != "uid").collect();
    wireshark.configure("workermanchat_messages", &shop::file(&rows));
    let path = wireshark.write("names.pcap", &shop::names_alone());
    let found = values(&wireshark.rows(&path, &["-2"], &FIELDS));
    assert_eq!(found.len(), usual.len());
    // The members of a room are in the order of their ids.
    let sorted = |values: &[(&'static str, Vec<String>)]| -> Vec<_> {
        let mut values = values.to_vec();
        for (field, values) in &mut values {
            let names = values.first().filter(|_| *field == "workermanchat.room.members");
            let names: BTreeSet<String> =
                names.into_iter().flat_map(|all| all.split(", ")).map(str::to_owned).collect();
            if !names.is_empty() {
                *values = names.into_iter().collect();
            }
        }
        values
    };
    for (frame, values) in &found {
        assert_eq!(sorted(values), sorted(&usual[frame]), "frame {frame}");
    }
}

#[test]
fn every_view_of_a_shops_chat_is_that_of_the_original() {
    let (wireshark, own) = shop();
    let original = wireshark.write("original.pcap", &shop::original());
    for view in [
        "workermanchat,transcript",
        "workermanchat,sessions",
        "workermanchat,diagram",
        "workermanchat,tree",
        "follow,workermanchat,ascii,0",
        "follow,workermanchat,ascii,1",
    ] {
        let [own, original] = [&own, &original].map(|path| {
            let printed = wireshark.tshark(&["-r", path.to_str().unwrap(), "-q", "-z", view]).stdout;
            // Follow counts the bytes.
            printed
                .lines()
                .filter(|line| !line.starts_with(char::is_numeric) || !view.starts_with("follow"))
                .collect::<Vec<_>>()
                .join("\n")
        });
        assert_eq!(own, original, "{view}");
        assert!(own.lines().count() > 3, "{view}: {own}");
    }
}

#[test]
fn each_member_highlights_its_own_json() {
    let (wireshark, path) = shop();
    let layers = message_layers(&wireshark, &path);
    let mut checked = 0;
    for layer in &layers {
        for highlight in layer.fields.iter().filter(|highlight| !highlight.field.contains("list")) {
            let json = String::from_utf8(highlight.bytes.clone()).expect("UTF-8");
            let is_string = json.starts_with('"') && json.ends_with('"') && json.len() > 2;
            assert!(is_string, "frame {}, {}: {json}", layer.frame, highlight.field);
            checked += 1;
        }
    }
    assert!(layers.len() == 24 && checked > 60, "{} layers, {checked} members", layers.len());
    let delivery = layers.iter().find(|layer| layer.text.contains("Say delivery")).expect("a delivery");
    let fields: Vec<&str> = delivery.fields.iter().map(|highlight| highlight.field.as_str()).collect();
    let expected = ["type", "from_client_id", "from_client_name", "to_client_id", "content", "text", "time"];
    assert_eq!(fields, expected.map(|field| format!("workermanchat.{field}")));
}

#[test]
fn filters_and_exports_have_the_fields_of_the_original() {
    let (wireshark, path) = shop();
    let frames = |filter: &str| -> Vec<u32> {
        wireshark.rows(&path, &["-2", "-Y", filter], &[]).iter().map(|row| row.frame).collect()
    };
    assert_eq!(frames(r#"workermanchat.content contains "boots""#), [40, 42, 44, 46]);
    assert_eq!(frames(r#"workermanchat.from_client_name == "clerk""#), [50, 52, 54, 58, 60]);
    assert_eq!(frames(r#"workermanchat.client_name == "anna""#), [19, 21, 23]);
    assert_eq!(frames(r#"workermanchat.type == "beat""#), [62]);
    assert_eq!(frames(r#"workermanchat.room_id == "shoes""#), [8, 19, 32]);
    assert_eq!(frames("_ws.expert && workermanchat && !tcp.flags.fin"), [] as [u32; 0], "there is no finding");
    let file = path.to_str().unwrap();
    for format in ["json", "ek", "pdml", "fields"] {
        let mut arguments = vec!["-r", file, "-2", "-T", format, "-Y", "frame.number == 40"];
        arguments.extend(if format == "fields" { &["-e", "workermanchat.content"][..] } else { &[] });
        let printed = wireshark.tshark(&arguments).stdout;
        assert!(printed.contains("Are the red boots in stock?"), "{format}: {printed}");
    }
    let details = wireshark.tshark(&["-r", file, "-2", "-V", "-Y", "frame.number == 40"]).stdout;
    assert!(details.contains("Workerman Chat, Say request: anna → all: Are the red boots in stock?"), "{details}");
}

#[test]
fn sharkd_shows_what_two_passes_show() {
    let (wireshark, path) = shop();
    let rows = wireshark.rows(&path, &["-2"], &FIELDS);
    let mut sharkd = Sharkd::load(&wireshark, &path);
    for row in rows.iter().rev() {
        for field in
            ["workermanchat.note", "workermanchat.deliveries", "workermanchat.content", "workermanchat.exchange"]
        {
            assert_eq!(sharkd.values(row.frame, field), row.all(field), "frame {}, {field}", row.frame);
        }
    }
    assert_eq!(sharkd.filter(r#"workermanchat.content contains "boots""#), [40, 42, 44, 46]);
}

/// The table belongs to a capture: what is set meanwhile counts from the next on.
#[test]
fn a_row_that_is_added_counts_from_the_next_capture_on() {
    let (wireshark, path) = shop();
    let (chat, others) = (shop::ROWS[2], [&shop::ROWS[..2], &shop::ROWS[3..]].concat());
    wireshark.configure("workermanchat_messages", &shop::file(&others));
    let mut sharkd = Sharkd::load(&wireshark, &path);
    let phase = |sharkd: &mut Sharkd| sharkd.values(40, "workermanchat.phase");
    assert_eq!(phase(&mut sharkd), ["29"]);
    let row = json!({"name": "uat:workermanchat_messages", "value": format!("\"{}\",\"{}\"", chat.0, chat.1)});
    sharkd.ask("setconf", row);
    assert_eq!(phase(&mut sharkd), ["29"]);
    sharkd.ask("load", json!({"file": path}));
    assert_eq!(phase(&mut sharkd), ["24"]);
}

// --- where the chat is looked for -------------------------------------------------------------------------------------

#[test]
fn without_the_table_the_shop_is_not_known() {
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("shop.pcap", &shop::capture());
    assert_eq!(wireshark.labels(&path, &["-2"]), []);
}

#[test]
fn messages_with_two_members_that_the_table_names_prove_the_chat_on_any_port() {
    let (wireshark, path) = shop();
    let expected = wireshark.labels(&path, &["-2"]);
    let elsewhere = ["-2", "-o", "workermanchat.tcp.port:7272"];
    assert_eq!(wireshark.labels(&path, &elsewhere), expected);
    let decoded = [&elsewhere[..], &["-d", "tcp.port==8080,workermanchat"]].concat();
    assert_eq!(wireshark.labels(&path, &decoded), expected);
}

#[test]
fn a_type_alone_proves_the_chat_where_it_is_expected_and_nowhere_else() {
    let (wireshark, _) = shop();
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::between(([192, 0, 2, 9], 40_000).into(), ([192, 0, 2, 1], shop::PORT).into());
    upgrade(&mut capture, &mut connection);
    connection.send(&mut capture, Side::Client, masked_text(r#"{"type":"enter"}"#));
    let last = connection.send(&mut capture, Side::Server, text(r#"{"type":"beat"}"#));
    let path = wireshark.write("types.pcap", &capture);
    let frames =
        |options: &[&str]| -> Vec<u32> { wireshark.rows(&path, options, &[]).iter().map(|row| row.frame).collect() };
    assert_eq!(frames(&["-2", "-Y", "workermanchat"]), [last - 1, last]);
    assert_eq!(frames(&["-2", "-Y", "workermanchat", "-o", "workermanchat.tcp.port:7272"]), [] as [u32; 0]);
}

#[test]
fn another_application_has_no_label_and_the_original_keeps_all() {
    let (with, _) = shop();
    let without = Wireshark::with_plugin();
    for name in ["other-websocket-app.pcap", "chat-2026.pcap", "heartbeat-2026.pcap"] {
        let [with, without] = [&with, &without].map(|wireshark| {
            let path = wireshark.capture(name);
            let port = ["-o", "workermanchat.tcp.port:7272"];
            wireshark.tshark(&[&["-r", path.to_str().unwrap(), "-2", "-V"][..], &port].concat()).stdout
        });
        assert!(with == without, "{name} is shown as without the table");
    }
}

// --- bad rows ---------------------------------------------------------------------------------------------------------

#[test]
fn a_row_that_is_wrong_is_told_where_it_is_made() {
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.capture("seed-2014.pcap");
    for (name, meaning, told) in [
        ("", "message: Say request", "name is empty"),
        ("chat", "", "Choose what the name is"),
        ("chat", "say", "must be one of: message: Login request;"),
        ("a\\x1bb", "member: content", "a control character (U+001B)"),
        ("a\\x00b", "member: content", "a control character (U+0000)"),
        ("a\\xff", "member: content", "not UTF-8"),
        (&"x".repeat(257), "member: content", "longer than 256 bytes"),
    ] {
        let output = run(&wireshark, &path, &["-o", &option(name, meaning)]);
        assert!(output.code != 0 && output.stderr.contains(told), "{name}, {meaning}: {}", output.stderr);
    }
}

#[test]
fn of_rows_that_contradict_each_other_the_first_is_used_and_the_others_are_told() {
    let (wireshark, path) = shop();
    let row = option("chat", "message: Login request");
    let output = run(&wireshark, &path, &["-2", "-Y", "workermanchat.phase == 24", "-o", &row, "-o", &row]);
    assert_eq!(output.stdout.lines().count(), 3, "{}", output.stdout);
    for row in ["row 16: ", "row 17: "] {
        let told = output.stderr.lines().filter(|line| line.starts_with(row));
        assert_eq!(told.count(), 1, "{}", output.stderr);
    }
    assert!(output.stderr.contains("“chat” is “message: Say request” in an earlier row"), "{}", output.stderr);
    let both_sides = option("chat", "message: Say delivery");
    let output = run(&wireshark, &path, &["-o", &both_sides]);
    assert_eq!(output.stderr, "", "each side has its own");
}

#[test]
fn a_bad_row_of_a_file_costs_the_others_nothing() {
    let (wireshark, path) = shop();
    let expected = wireshark.labels(&path, &["-2"]);
    let rows = shop::file(&shop::ROWS);
    for bad in ["\"\",\"member: content\"\n", "\"x\",\"nothing\"\n", "\"x\"\n{{{ \u{1b}[31m \"\n,,,"] {
        wireshark.configure("workermanchat_messages", &format!("# The shop\n{rows}{bad}"));
        let output = run(&wireshark, &path, &["-2", "-Y", "workermanchat.phase"]);
        assert_eq!(output.stdout.lines().count(), expected.len(), "{bad}");
        assert!(output.stderr.contains("workermanchat_messages:1"), "{bad}: {}", output.stderr);
    }
}

#[test]
fn a_file_of_ten_thousand_rows_is_read_at_once_and_so_are_its_names() {
    let (wireshark, path) = shop();
    let expected = wireshark.labels(&path, &["-2"]);
    let begin = Instant::now();
    wireshark.labels(&path, &["-2"]);
    let usual = begin.elapsed();
    let many: String = (0..10_000).map(|at| format!("\"name {at}\",\"member: content\"\n")).collect();
    wireshark.configure("workermanchat_messages", &(shop::file(&shop::ROWS) + &many));
    let begin = Instant::now();
    assert_eq!(wireshark.labels(&path, &["-2"]), expected);
    assert!(begin.elapsed() < usual * 3 + Duration::from_secs(1), "{:?}, else {usual:?}", begin.elapsed());
}
