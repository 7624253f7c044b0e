//! The chat as data for other programs: tshark's JSON, documents for OpenSearch and Elasticsearch against the index template, and `plugin/export`. The
//! commands and queries are those of `docs/data.md`. After a change of the fields, run `UPDATE_INDEX_TEMPLATE=1 cargo test --test data`.

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use harness::packets::{Capture, Connection, Link};
use harness::scripts::*;
use harness::skip::skipped;
use harness::wireshark::{Output, Wireshark, captures, version};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};
use workermanchat::fields::{FIELDS, FINDINGS, Type};

/// Captures of `tests/captures` that have every field, and several labels in a packet.
const CAPTURES: [&str; 12] = [
    "seed-2014.pcap",
    "chat-2026.pcap",
    "hard/amsdu2.pcap",
    "hard/dropped-login.pcap",
    "hard/fast-retransmission.pcap",
    "hard/faults-and-rooms.pcap",
    "hard/http-connect.pcap",
    "hard/nginx-without-upgrade.pcap",
    "hard/reorder-false-errors.pcap",
    "hard/snaplen-200.pcap",
    "hard3/say-and-close-one-segment.pcap",
    "hard3/several-messages-one-segment.pcap",
];
/// Frames in which 802.11 has several segments: their layers stand within another.
const AGGREGATED: &str = "hard/amsdu2.pcap";
/// The capture in the commands of `docs/data.md`.
const EXAMPLE: &str = "tests/captures/chat-2026.pcap";
/// The layers whose trees have the plugin's fields.
const LAYERS: [&str; 4] = ["tcp", "http", "websocket", "workermanchat"];
/// Which packets a command must have.
const ALL_LABELS: &str = "workermanchat or workermanchat.phase or workermanchat.acks";

// --- JSON with its repetitions -----------------------------------------------------------------------------------------

/// JSON in which an object may have a key twice.
enum Tree {
    Object(Vec<(String, Tree)>),
    Array(Vec<Tree>),
    Leaf(Value),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("JSON")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Tree::Object(members))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Tree::Array(items))
    }
    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf(text.into()))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Leaf(number.into()))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf(number.into()))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
        Ok(Tree::Leaf(number.into()))
    }
    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Null))
    }
}

impl Tree {
    fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    /// The first member of that name.
    fn get(&self, name: &str) -> Option<&Tree> {
        let Tree::Object(members) = self else { return None };
        members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    fn items(&self) -> &[Tree] {
        match self {
            Tree::Array(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// The keys that an object has more than once, at any depth.
    fn repeated(&self) -> BTreeSet<String> {
        match self {
            Tree::Leaf(_) => BTreeSet::new(),
            Tree::Array(items) => items.iter().flat_map(Tree::repeated).collect(),
            Tree::Object(members) => {
                let mut seen = BTreeSet::new();
                let here = members.iter().filter(|(key, _)| !seen.insert(key)).map(|(key, _)| key.clone());
                here.collect::<BTreeSet<_>>()
                    .into_iter()
                    .chain(members.iter().flat_map(|(_, value)| value.repeated()))
                    .collect()
            }
        }
    }

    /// Calls `visit` with the key of every leaf, those of arrays included, and the keys above it.
    fn leaves<'a>(&'a self, path: &mut Vec<&'a str>, visit: &mut impl FnMut(&[&'a str], &Value)) {
        match self {
            Tree::Leaf(value) => visit(path, value),
            Tree::Array(items) => items.iter().for_each(|item| item.leaves(path, visit)),
            Tree::Object(members) => {
                for (key, value) in members {
                    path.push(key);
                    value.leaves(path, visit);
                    path.pop();
                }
            }
        }
    }
}

/// A value as `-e` prints it, in the same words for every version.
fn plain(kind: Type, value: &str) -> String {
    match kind {
        Type::Boolean => matches!(value, "1" | "true" | "True").to_string(),
        Type::Duration => value.parse::<f64>().expect("a time in seconds").to_string(),
        _ => value.to_owned(),
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The values of each field in each frame, sorted; of a finding and of a label without a value how many there are.
type Values = BTreeMap<(u32, String), Vec<String>>;

fn all_names() -> impl Iterator<Item = (&'static str, Type)> {
    let findings = FINDINGS.iter().map(|finding| (finding.name, Type::Group));
    FIELDS.iter().map(|field| (field.name, field.kind)).chain(findings)
}

/// What tshark knows of the fields of all labels.
fn values_in(wireshark: &Wireshark, capture: &Path) -> Values {
    let names: Vec<&str> = all_names().map(|(name, _)| name).collect();
    let mut values = Values::new();
    for row in wireshark.rows(capture, &["-2", "-Y", ALL_LABELS], &names) {
        for (name, kind) in all_names() {
            let mut all: Vec<String> = row.all(name).iter().map(|value| plain(kind, value)).collect();
            if kind == Type::Group {
                all.fill(String::new());
            }
            all.sort();
            if !all.is_empty() {
                values.insert((row.frame, name.to_owned()), all);
            }
        }
    }
    values
}

fn sorted(mut values: Values) -> Values {
    values.values_mut().for_each(|all| all.sort());
    values
}

/// Compares field by field, so that a failure shows the first difference.
fn assert_same_values(left: &Values, right: &Values, what: &str) {
    for key in left.keys().chain(right.keys()).collect::<BTreeSet<_>>() {
        assert_eq!(left.get(key), right.get(key), "{what}: frame {}, {}", key.0, key.1);
    }
}

// --- the commands of docs/data.md --------------------------------------------------------------------------------------

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/data.md")).expect("docs/data.md can be read")
}

/// The code of that language in `docs/data.md`, block by block.
fn blocks(language: &str) -> Vec<String> {
    let page = page();
    let start = format!("```{language}\n");
    page.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// The only block of commands that contains that text.
fn command_with(part: &str) -> String {
    let found: Vec<String> = blocks("sh").into_iter().filter(|block| block.contains(part)).collect();
    assert_eq!(found.len(), 1, "docs/data.md has one command with {part}");
    found.into_iter().next().unwrap()
}

/// A home in which the commands run as in this project's folder.
fn project() -> Wireshark {
    let wireshark = Wireshark::with_plugin();
    wireshark.script("export");
    for name in CAPTURES.iter().copied().chain(["chat-2015.pcap", "heartbeat-2026.pcap"]) {
        let copy = capture_in(&wireshark, name);
        fs::create_dir_all(copy.parent().unwrap()).expect("create the folder of captures");
        fs::copy(captures().join(name), &copy).expect("copy a capture");
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o644)).expect("make the copy readable");
    }
    wireshark
}

fn capture_in(wireshark: &Wireshark, name: &str) -> PathBuf {
    wireshark.home().join("tests/captures").join(name)
}

/// Runs commands, which must succeed and not complain.
fn shell(wireshark: &Wireshark, commands: &str) -> String {
    let output = wireshark.run_unchecked(wireshark.command("sh").args(["-euc", commands]));
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{commands}");
    output.stdout
}

// --- tshark -T json ----------------------------------------------------------------------------------------------------

#[test]
fn json_without_duplicate_keys_has_every_value_once() {
    let wireshark = project();
    let command = command_with("--no-duplicate-keys").replace("-J 'frame tcp", "-J 'wlan_aggregate frame tcp");
    for name in CAPTURES {
        let command = command.replace(EXAMPLE, &format!("tests/captures/{name}"));
        let packets = Tree::read(&shell(&wireshark, &command));
        assert_eq!(packets.repeated(), BTreeSet::new(), "{name}");
        let mut values = Values::new();
        for packet in packets.items() {
            let layers = packet.get("_source").and_then(|source| source.get("layers")).expect("a packet has layers");
            let Some(Tree::Leaf(frame)) = layers.get("frame").and_then(|frame| frame.get("frame.number")) else {
                panic!("{name}: a packet without a number");
            };
            let frame: u32 = text_of(frame).parse().unwrap();
            layers.leaves(&mut Vec::new(), &mut |path, value| {
                let Some((field, kind)) = all_names().find(|(field, _)| path.last() == Some(field)) else { return };
                if kind != Type::Group {
                    values.entry((frame, field.to_owned())).or_default().push(plain(kind, &text_of(value)));
                }
            });
        }
        let mut expected = values_in(&wireshark, &capture_in(&wireshark, name));
        expected.retain(|(_, field), _| all_names().any(|(name, kind)| name == field && kind != Type::Group));
        assert_same_values(&sorted(values), &expected, name);
    }
}

#[test]
fn the_layer_of_messages_alone_lacks_the_labels_in_the_tcp_tree() {
    let wireshark = project();
    let command = command_with("--no-duplicate-keys");
    let count = |command: &str| shell(&wireshark, command).matches("\"workermanchat.phase\":").count();
    let phase = "workermanchat.phase";
    let rows = wireshark.rows(&capture_in(&wireshark, "chat-2026.pcap"), &["-2"], &[phase]);
    let all: usize = rows.iter().map(|row| row.all(phase).len()).sum();
    let messages = count(&command.replace("-J 'frame tcp http websocket workermanchat'", "-J workermanchat"));
    assert!(messages > 0 && messages < all && count(&command) == all, "{messages} of {all}");
}

// --- OpenSearch and Elasticsearch --------------------------------------------------------------------------------------

/// The index template, from the tables in `src/fields.rs`.
fn template() -> Value {
    let mut layers = Map::new();
    let number_of = |kind: &str| json!({"type": kind});
    for (layer, fields) in [
        ("frame", &[("number", "long"), ("len", "long")][..]),
        ("ip", &[("src", "ip"), ("dst", "ip")]),
        ("ipv6", &[("src", "ip"), ("dst", "ip")]),
        ("tcp", &[("stream", "long"), ("srcport", "integer"), ("dstport", "integer"), ("len", "long")]),
    ] {
        let mut properties = Map::new();
        for (name, kind) in fields {
            properties.insert(format!("{layer}_{layer}_{name}"), number_of(kind));
            layers.insert(format!("{layer}_{name}"), number_of(kind));
        }
        layers.insert(layer.to_owned(), json!({"properties": properties}));
    }
    for layer in LAYERS {
        let properties = &mut layers.entry(layer).or_insert_with(|| json!({"properties": {}}))["properties"];
        for (name, kind) in all_names().filter(|(name, _)| !name.contains(".expert.")) {
            properties[format!("workermanchat_{}", underscored(name))] = mapping(name, kind);
        }
        properties["_ws_expert"] = findings();
    }
    for (name, kind) in all_names() {
        // With -e, a boolean is a word that servers do not take for one.
        let kind = if kind == Type::Boolean { Type::Group } else { kind };
        layers.insert(underscored(name), mapping(name, kind));
    }
    json!({
        "index_patterns": ["packets-*"],
        "priority": 500,
        "template": {
            "mappings": {
                "dynamic": false,
                "properties": {"timestamp": {"type": "date"}, "layers": {"properties": layers}}
            }
        },
        "_meta": {"description": "Fields of workermanchat in tshark's documents (-T ek), generated from src/fields.rs"}
    })
}

fn underscored(name: &str) -> String {
    name.replace('.', "_")
}

fn findings() -> Value {
    let mut properties = Map::new();
    properties.insert("_ws_expert__ws_expert_message".into(), sentence());
    for name in ["severity", "group"] {
        properties.insert(format!("_ws_expert__ws_expert_{name}"), json!({"type": "long"}));
    }
    for finding in FINDINGS {
        properties.insert(format!("workermanchat_{}", underscored(finding.name)), mapping(finding.name, Type::Group));
    }
    json!({"properties": properties})
}

fn sentence() -> Value {
    json!({"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}})
}

/// The servers' type for a field. A keyword of more than 32,766 bytes is refused with its document, hence the limit.
fn mapping(name: &str, kind: Type) -> Value {
    match kind {
        Type::Text if ["note", "title", "content", "text", "member", "why"].iter().any(|end| name.ends_with(end)) => {
            sentence()
        }
        Type::Text | Type::Group => json!({"type": "keyword", "ignore_above": 8191}),
        Type::Boolean => json!({"type": "boolean"}),
        Type::Ipv4 => json!({"type": "ip"}),
        Type::Duration => json!({"type": "double"}),
        Type::Unsigned | Type::Phase | Type::Dialect | Type::Omission | Type::Server => json!({"type": "long"}),
        Type::Request | Type::Response | Type::Acknowledged | Type::Exchange => json!({"type": "long"}),
    }
}

/// The mapping of the shipped template at a path below `layers`.
fn mapped<'a>(template: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(&template["template"]["mappings"], |mapping, name| mapping["properties"].get(name))
}

/// Whether the servers take the value for that type.
fn takes(mapping: &Value, value: &Value) -> bool {
    let text = text_of(value);
    match (mapping["type"].as_str(), value) {
        (None, _) => false,
        (_, Value::Null) => true,
        (Some("long" | "integer"), _) => text.parse::<i64>().is_ok(),
        (Some("double"), _) => text.parse::<f64>().is_ok(),
        (Some("boolean"), _) => ["true", "false"].contains(&text.as_str()),
        (Some("ip"), _) => text.parse::<std::net::IpAddr>().is_ok(),
        (Some("date"), _) => text.parse::<u64>().is_ok(),
        _ => value.is_string(),
    }
}

fn shipped_template() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin/index-template.json");
    serde_json::from_str(&fs::read_to_string(path).expect("the template can be read")).expect("the template is JSON")
}

#[test]
fn the_index_template_matches_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin/index-template.json");
    let wanted = serde_json::to_string_pretty(&template()).unwrap() + "\n";
    if std::env::var_os("UPDATE_INDEX_TEMPLATE").is_some() {
        fs::write(&path, &wanted).expect("the template can be written");
    }
    let found = fs::read_to_string(&path).expect("the template can be read");
    assert!(
        found == wanted,
        "plugin/index-template.json is out of date: UPDATE_INDEX_TEMPLATE=1 cargo test --test data"
    );
}

#[test]
fn the_index_template_agrees_with_wiresharks_mapping() {
    let wireshark = Wireshark::with_plugin();
    let filter = "frame,ip,ipv6,tcp,workermanchat";
    let output = wireshark.tshark(&["-G", "elastic-mapping", "--elastic-mapping-filter", filter]);
    let theirs: Value = serde_json::from_str(&output.stdout).expect("tshark -G elastic-mapping prints JSON");
    let theirs = &theirs["mappings"]["properties"]["layers"]["properties"];
    let ours = shipped_template();
    let mut compared = 0;
    for (layer, mapping) in theirs.as_object().unwrap() {
        for (field, mapping) in mapping["properties"].as_object().unwrap() {
            match mapped(&ours, &["layers", layer, field]) {
                // Wireshark 4.0 takes a time between two packets for a date.
                Some(mine) if mapping["type"] == "date" => assert_eq!(mine["type"], "double", "{field}"),
                Some(mine) => assert_eq!(mine, mapping, "{field}"),
                None => assert_ne!(layer, "workermanchat", "{field} is in the template"),
            }
            compared += usize::from(layer == "workermanchat");
        }
    }
    assert!(compared > 10, "{compared} fields have a type in Wireshark's own mapping");
}

/// The documents that a command prints of a capture. Each follows a line that names its index, and nothing else.
fn documents(wireshark: &Wireshark, command: &str, name: &str) -> Vec<Tree> {
    let commands = command.replace(EXAMPLE, &format!("tests/captures/{name}"));
    shell(wireshark, &format!("{commands}\nchmod a+r packets.ndjson"));
    let lines = fs::read_to_string(wireshark.home().join("packets.ndjson")).expect("the documents can be read");
    let lines: Vec<&str> = lines.lines().collect();
    for action in lines.iter().step_by(2) {
        let action: Value = serde_json::from_str(action).expect("a line of JSON");
        let index = action["index"]["_index"].as_str().expect("the name of an index");
        assert!(index.starts_with("packets-"), "{index}");
        assert_eq!(action, json!({"index": {"_index": index}}), "{name}");
    }
    lines.iter().skip(1).step_by(2).map(|line| Tree::read(line)).collect()
}

/// Looks each of the plugin's fields up in the template; how many there are.
fn assert_mapped(template: &Value, document: &Tree, name: &str) -> usize {
    let mut found = 0;
    document.leaves(&mut Vec::new(), &mut |path, value| {
        let field = path.last().unwrap();
        if !field.starts_with("workermanchat") && *field != "timestamp" {
            return;
        }
        let mapping = mapped(template, path).unwrap_or_else(|| panic!("{name}: {path:?} is not in the template"));
        assert!(takes(mapping, value), "{name}: {path:?} has {value}, which is not of the type {mapping}");
        found += 1;
    });
    found
}

#[test]
fn documents_of_fields_are_indexed_by_the_template() {
    let wireshark = project();
    let template = shipped_template();
    let command = command_with("$1 == \"F\"");
    for name in CAPTURES {
        let labels = wireshark.labels(&capture_in(&wireshark, name), &["-2", "-Y", "workermanchat.phase"]);
        let documents = documents(&wireshark, &command, name);
        assert_eq!(documents.len(), labels.len(), "{name}");
        for document in &documents {
            assert_eq!(document.repeated(), BTreeSet::new(), "{name}");
            assert!(assert_mapped(&template, document, name) > 3, "{name}: phase, note and exchange");
        }
    }
}

#[test]
fn whole_documents_are_indexed_by_the_template() {
    let wireshark = project();
    let template = shipped_template();
    let command = command_with("-T ek -J");
    for name in CAPTURES.iter().filter(|name| **name != AGGREGATED) {
        for document in documents(&wireshark, &command, name) {
            assert!(assert_mapped(&template, &document, name) > 3, "{name}: phase, note and exchange");
            let repeated: Vec<String> = document
                .repeated()
                .into_iter()
                .filter(|key| version() != "4.0" || key.starts_with("workermanchat"))
                .collect();
            // Wireshark 4.0 joins the values of one subtree only: a say has the ID of two gateways.
            let may_repeat = |key: &String| version() == "4.0" && key.contains("_gateway_");
            assert!(repeated.iter().all(may_repeat), "{name}: {repeated:?}");
        }
    }
}

// --- plugin/export -----------------------------------------------------------------------------------------------------

fn export(wireshark: &Wireshark, arguments: &[&str]) -> Output {
    // The shell reads the script: to execute it fails while another thread's child still has it open for writing.
    wireshark.run_unchecked(wireshark.command("sh").arg(wireshark.script("export")).args(arguments))
}

/// The labels that the script prints, in which no key repeats. It must succeed and not complain.
fn labels_of(wireshark: &Wireshark, arguments: &[&str]) -> Vec<Value> {
    let output = export(wireshark, arguments);
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{arguments:?}");
    labels_in(&output.stdout)
}

fn labels_in(lines: &str) -> Vec<Value> {
    let lines = lines.lines().inspect(|line| assert_eq!(Tree::read(line).repeated(), BTreeSet::new(), "{line}"));
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What stands in the lines about the packet, rather than about a label.
const OF_PACKET: [&str; 8] =
    ["capture", "frame", "captured_at", "stream", "source", "source_port", "destination", "destination_port"];

/// The members of a label as fields.
fn values_of(labels: &[Value]) -> Values {
    let mut values = Values::new();
    for label in labels {
        let frame = label["frame"].as_u64().unwrap() as u32;
        let mut add = |member: &str, value: &Value| {
            let (name, kind) = all_names()
                .find(|(name, _)| underscored(name) == format!("workermanchat_{member}"))
                .unwrap_or_else(|| panic!("{member} is no field"));
            assert!(is_typed(kind, value), "frame {frame}: {member} is {value}");
            let value = if kind == Type::Group { String::new() } else { plain(kind, &text_of(value)) };
            values.entry((frame, name.to_owned())).or_default().push(value);
        };
        let members = label.as_object().unwrap().iter().filter(|(member, _)| !OF_PACKET.contains(&member.as_str()));
        for (member, value) in members {
            match (member.as_str(), value) {
                ("finding", Value::Array(findings)) => {
                    findings.iter().for_each(|finding| {
                        add(&format!("expert_{}", finding["name"].as_str().unwrap()), &Value::Null)
                    });
                }
                ("repeated", Value::Array(repeated)) => {
                    repeated.iter().for_each(|member| add(member["name"].as_str().unwrap(), &member["value"]));
                }
                (_, Value::Array(items)) => add_items(&mut add, member, items),
                _ => add(member, value),
            }
        }
    }
    sorted(values)
}

/// The objects of a list, or its values. The list of users, each user and each delivery are labels in the tree.
fn add_items(add: &mut impl FnMut(&str, &Value), member: &str, items: &[Value]) {
    if member == "client_list" {
        add(member, &Value::Null);
    }
    for item in items {
        match member {
            "client_list" => add("client_list_user", &Value::Null),
            "delivery" => add(member, &Value::Null),
            _ => {}
        }
        match item {
            Value::Object(members) => {
                for (name, value) in members.iter().filter(|(name, _)| *name != "of") {
                    let name = format!("{member}_{name}");
                    let is_own = ["exchange_frame", "left_out_reason"].contains(&name.as_str());
                    add(if is_own { member } else { &name }, value);
                }
            }
            _ => add(member, item),
        }
    }
}

fn is_typed(kind: Type, value: &Value) -> bool {
    match kind {
        Type::Text | Type::Ipv4 => value.is_string(),
        Type::Boolean => value.is_boolean(),
        Type::Group => value.is_null(),
        _ => value.is_number(),
    }
}

#[test]
fn an_export_has_every_value_of_every_label() {
    let wireshark = project();
    for name in CAPTURES {
        let path = capture_in(&wireshark, name);
        let labels = labels_of(&wireshark, &[path.to_str().unwrap()]);
        assert_same_values(&values_of(&labels), &values_in(&wireshark, &path), name);
        // A part of a message has a note alone.
        let is_noted = |label: &Value| !label["phase"].is_number() || !label["note"].is_null();
        assert!(labels.iter().all(is_noted), "{name}: a note for each phase");
    }
}

#[test]
fn an_export_tells_where_and_when() {
    let wireshark = project();
    let path = capture_in(&wireshark, "seed-2014.pcap");
    let labels = labels_of(&wireshark, &[path.to_str().unwrap()]);
    assert_eq!(labels.len(), 19);
    let [login, last] = [&labels[7], &labels[18]];
    let expected = json!({"capture": path.to_str().unwrap(), "frame": 8, "captured_at": "2014-08-12T09:50:30.652680000Z", "stream": 0,
        "source": "127.0.0.1", "source_port": 60653, "destination": "127.0.0.1", "destination_port": 7272});
    for member in OF_PACKET {
        assert_eq!(login[member], expected[member], "{member}");
    }
    assert_eq!((&last["frame"], &last["stream"], &last["source_port"]), (&json!(19), &json!(1), &json!(60584)));
    let say = &labels[14]["delivery"];
    assert_eq!((say[0]["acked_in"].as_u64(), say[1]["acked_in"].as_u64()), (Some(17), Some(19)));
    // Two segments in a frame: each label has the ports of its own.
    let two = labels_of(&wireshark, &[capture_in(&wireshark, AGGREGATED).to_str().unwrap()]);
    assert!(two.iter().all(|label| label["source_port"] == 7272 || label["destination_port"] == 7272));
}

#[test]
fn the_messages_and_control_frames_of_a_segment_have_a_label_each() {
    let wireshark = project();
    let said = |label: &Value| (label["phase"].as_u64().unwrap(), label["text"].as_str().map(str::to_owned));
    let of = |name: &str, frame: u32| -> Vec<(u64, Option<String>)> {
        let path = capture_in(&wireshark, name);
        let labels = labels_of(&wireshark, &[path.to_str().unwrap()]);
        let labels: Vec<Value> = labels.into_iter().filter(|label| label["frame"] == frame).collect();
        assert!(labels.iter().all(|label| label.get("repeated").is_none()), "{name}, frame {frame}: {labels:#?}");
        labels.iter().map(said).collect()
    };
    let say = |text: &str| (24, Some(text.to_owned()));
    let name = "hard3/say-and-close-one-segment.pcap";
    assert_eq!(of(name, 108), [say("bye with close"), (18, None)]);
    assert_eq!(of(name, 129), [(18, None), say("after close")]);
    let name = "hard3/several-messages-one-segment.pcap";
    assert_eq!(of(name, 23), [say("one ok"), say(r"two C:\x bad"), say("three private")]);
    assert_eq!(of(name, 37), [say("same text"), say("same text"), say("same text")]);
    assert_eq!(of(name, 72), [say("nine before close"), say("ten before close"), (18, None)]);
}

/// What `tshark` prints of the response time of one message.
fn exported_time(wireshark: &Wireshark, printed: &str) -> String {
    let layers = json!({"frame": {"frame.number": "7"}, "tcp": {"tcp.srcport": "1", "tcp.dstport": "2", "tcp.stream": "0"},
        "workermanchat": {"workermanchat.phase": "25", "workermanchat.response_time": printed}});
    let packets = serde_json::to_string_pretty(&json!([{"_source": {"layers": layers}}])).unwrap();
    wireshark.write_file("packets.json", packets.as_bytes());
    fs::create_dir_all(wireshark.home().join("bin")).unwrap();
    let fake = wireshark.write_file(
        "bin/tshark",
        b"#!/bin/sh\ncase $* in *currentprefs*) echo workermanchat.language: auto ;; *) cat packets.json ;; esac\n",
    );
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", wireshark.home().join("bin").display(), std::env::var("PATH").unwrap());
    let mut command = wireshark.command("sh");
    let output = wireshark.run_unchecked(command.env("PATH", path).arg(wireshark.script("export")).arg("packets.json"));
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{printed}");
    let labels = labels_in(&output.stdout);
    assert_eq!(labels.len(), 1, "{printed}: {}", output.stdout);
    labels[0]["response_time"].to_string()
}

/// Where a capture has the later packet first, a time is negative.
#[test]
fn a_time_of_an_export_is_a_number_whatever_its_sign() {
    let wireshark = Wireshark::without_plugin();
    let times = [
        ("0.012542000", "0.012542"),
        ("-0.012542000", "-0.012542"),
        ("-12.5", "-12.5"),
        ("-007", "-7"),
        ("007", "7"),
        ("0", "0"),
        ("-.5", "null"),
        ("-", "null"),
        ("1e9", "null"),
        ("5-3", "null"),
        ("", "null"),
    ];
    for (printed, expected) in times {
        assert_eq!(exported_time(&wireshark, printed), expected, "{printed}");
    }
}

#[test]
fn an_export_takes_options_of_tshark() {
    let wireshark = project();
    let path = capture_in(&wireshark, "seed-2014.pcap");
    let path = path.to_str().unwrap();
    let french = labels_of(&wireshark, &["-o", "workermanchat.language:fr", "-oworkermanchat.tcp.port:7272", path]);
    assert!(french[0]["note"].as_str().unwrap().contains("navigateur"), "{}", french[0]["note"]);
    let output = export(&wireshark, &["-o", "workermanchat.language:it's; touch here", path]);
    assert!(!wireshark.home().join("here").exists(), "an option is no command: {}", output.stderr);
}

/// Whatever is said or named: each line is JSON with the text as it was, and nothing that a terminal obeys.
#[test]
fn an_export_has_any_text_as_it_is() {
    let wireshark = project();
    let text = "\"quoted\" \\ \u{1b}[2J \u{7f} \u{9b}2J \u{202e}right to left\u{2066} \u{61c} \u{2028} 猪猪 \u{1f600} \n\t \"workermanchat.note\": \"x\"";
    let mut capture = Capture::new(Link::Ethernet);
    let mut connection = Connection::from_port(50_001);
    join(&mut capture, &mut connection, 1, "ann", "1");
    let say = browser_says(&mut capture, &mut connection, say_request(text));
    let twice = r#"{"type":"say","to_client_id":"all","to_client_name":"x","content":"first","content":"second","mood":1,"mood":2}"#;
    let twice = browser_says(&mut capture, &mut connection, twice);
    let name = "odd \" \\ 'name'\n\u{9b}.pcap";
    let path = wireshark.write(name, &capture);
    let output = export(&wireshark, &[path.to_str().unwrap()]);
    assert_eq!((output.code, output.stderr.as_str()), (0, ""));
    let obeyed = |c: char| {
        c.is_control() && c != '\n' || ('\u{2028}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    assert!(!output.stdout.contains(obeyed) && !output.stdout.contains('\u{61c}'), "{}", output.stdout);
    let labels = labels_in(&output.stdout);
    let of = |frame: u32| labels.iter().find(|label| label["frame"] == frame).expect("the frame has a label");
    assert_eq!(of(say)["content"], text);
    assert_eq!(of(say)["capture"], path.to_str().unwrap());
    assert_eq!(of(twice)["content"], "second");
    assert_eq!(of(twice)["repeated"], json!([{"name": "content", "value": "first"}]));
    assert_eq!(of(twice)["member"], json!(["mood: 1", "mood: 2"]));
    assert_same_values(&values_of(&labels), &values_in(&wireshark, &path), "odd text");
}

#[test]
fn an_export_says_what_it_cannot_read() {
    let wireshark = project();
    let seed = capture_in(&wireshark, "seed-2014.pcap");
    let bytes = fs::read(&seed).unwrap();
    let seed = seed.to_str().unwrap();
    let cut = wireshark.write_file("cut.pcap", &bytes[..bytes.len() - 10]);
    let empty = wireshark.write("empty.pcap", &Capture::new(Link::Ethernet));
    for (arguments, code, complaint, lines) in [
        (vec![], 2, "no capture given", 0),
        (vec!["-"], 2, "standard input", 0),
        (vec![seed, "-"], 2, "standard input", 0),
        (vec!["--wrong", seed], 2, "unknown option --wrong", 0),
        (vec!["-o"], 2, "-o needs a value", 0),
        (vec!["missing.pcap", seed], 1, "missing.pcap", 19),
        (vec![cut.to_str().unwrap(), seed], 1, "cut short", 18 + 19),
        (vec![empty.to_str().unwrap(), seed], 0, "no packet of the chat", 19),
    ] {
        let output = export(&wireshark, &arguments);
        assert_eq!(output.code, code, "{arguments:?}: {}", output.stderr);
        assert!(output.stderr.contains(complaint), "{arguments:?}: {}", output.stderr);
        assert_eq!(labels_in(&output.stdout).len(), lines, "{arguments:?}");
    }
    let help = export(&wireshark, &["--help"]);
    assert!(help.code == 0 && help.stdout.starts_with("usage: plugin/export"));
}

#[test]
fn an_export_without_the_plugin_says_how_to_install_it() {
    let wireshark = Wireshark::without_plugin();
    let output = export(&wireshark, &["any.pcap"]);
    assert_eq!(output.code, 1);
    assert!(output.stderr.contains("plugin/install"), "{}", output.stderr);
}

// --- docs/data.md ------------------------------------------------------------------------------------------------------

#[test]
fn every_command_of_the_page_runs() {
    let wireshark = project();
    let commands: Vec<String> = blocks("sh").into_iter().filter(|block| !block.starts_with("curl ")).collect();
    assert!(commands.len() >= 5, "the page has commands");
    let has_jq = runs("jq");
    if !has_jq {
        skipped("there is no jq");
    }
    for command in commands {
        let command: String =
            command.lines().filter(|line| has_jq || !line.starts_with("jq ")).map(|line| format!("{line}\n")).collect();
        let printed = shell(&wireshark, &command);
        let files = ["chat.ndjson", "packets.ndjson"].map(|name| wireshark.home().join(name));
        let written = files.iter().any(|file| file.metadata().is_ok_and(|file| file.len() > 0));
        assert!(!printed.is_empty() || written, "{command}");
        files.iter().for_each(|file| drop(fs::remove_file(file)));
    }
}

#[test]
fn the_example_of_the_page_is_what_is_printed() {
    let wireshark = project();
    let labels = labels_of(&wireshark, &["tests/captures/seed-2014.pcap"]);
    let mut example: Value = serde_json::from_str(&blocks("json")[0]).expect("the example is JSON");
    let note = example["note"].as_str().unwrap().trim_end_matches("port …").to_owned();
    assert!(labels[14]["note"].as_str().unwrap().starts_with(note.trim_end_matches('…')), "{note}");
    example["note"] = labels[14]["note"].clone();
    assert_eq!(example, labels[14]);
}

#[test]
fn the_table_for_duckdb_has_every_member() {
    let loading = blocks("sql").into_iter().find(|block| block.starts_with("-- DuckDB")).expect("a block for DuckDB");
    let script = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin/export")).unwrap();
    let members = script.split("members = split(").nth(1).and_then(|rest| rest.split(", member, ").next()).unwrap();
    let members: String = members.chars().filter(|c| !matches!(c, '"' | '\\' | '\n')).collect();
    let members = members.split(',').map(|member| underscored(member.trim().split(' ').next().unwrap()));
    let columns = loading.split("columns = {").nth(1).and_then(|rest| rest.split("})").next()).unwrap();
    for member in OF_PACKET.map(str::to_owned).into_iter().chain(members) {
        let column = |before: &str| columns.contains(&format!("{before}{member}: '"));
        assert!(column(" ") || column("\n"), "the table has a column {member}");
    }
}

/// Whether a program is installed.
fn runs(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// What the page's queries answer, one table of words each, by that database.
fn answers(wireshark: &Wireshark, database: &str) -> Vec<Vec<Vec<String>>> {
    let (program, other) = if database == "DuckDB" { ("duckdb", "-- SQLite") } else { ("sqlite3", "-- DuckDB") };
    let (loading, queries): (Vec<String>, Vec<String>) =
        blocks("sql").into_iter().filter(|block| !block.starts_with(other)).partition(|block| block.starts_with("-- "));
    let script: String = loading.into_iter().chain([".mode csv\n".into(), ".headers off\n".into()]).collect();
    let script = queries.iter().fold(script, |script, query| script + query + ".print ---\n");
    let file = wireshark.write_file("queries.sql", script.as_bytes());
    let mut command = wireshark.command(program);
    command.arg(":memory:").stdin(fs::File::open(file).unwrap());
    let output = wireshark.run_unchecked(&mut command);
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{program}");
    let tables = output.stdout.replace(['\r', '"'], "");
    let tables: Vec<&str> = tables.trim_end().trim_end_matches("---").split("---\n").collect();
    let row = |line: &str| line.split(',').map(str::to_owned).collect();
    tables.iter().map(|table| table.lines().map(row).collect()).collect()
}

/// Deliveries of each room with the slowest in milliseconds, from tshark's fields alone.
fn counted_deliveries(wireshark: &Wireshark) -> BTreeMap<String, (usize, f64)> {
    let mut rooms = BTreeMap::new();
    for path in example_captures(wireshark) {
        let fields = ["workermanchat.room", "workermanchat.delivery.time"];
        for row in wireshark.rows(&path, &["-2", "-Y", fields[1]], &fields) {
            let room = row.all(fields[0]).first().cloned().unwrap_or("(no room)".into());
            let (count, slowest) = rooms.entry(room).or_insert((0, 0.0_f64));
            let times = row.all(fields[1]);
            *count += times.len();
            *slowest = times.iter().map(|time| 1000.0 * time.parse::<f64>().unwrap()).fold(*slowest, f64::max);
        }
    }
    rooms
}

/// Messages that nobody received, from tshark's fields alone, by day.
fn counted_losses(wireshark: &Wireshark) -> BTreeMap<String, usize> {
    let mut days = BTreeMap::new();
    for path in example_captures(wireshark) {
        let fields = ["workermanchat.expert.no_delivery", "workermanchat.expert.malformed_json", "frame.time"];
        for row in wireshark.rows(&path, &["-2", "-Y", "workermanchat"], &fields) {
            let found = row.all(fields[0]).len() + row.all(fields[1]).len();
            if found > 0 {
                *days.entry(date(&row.one(fields[2]))).or_default() += found;
            }
        }
    }
    days
}

/// The date of "Nov 20, 2026 07:20:23.401585000 UTC", or of "2026-11-20T07:20:23.401585000Z" in Wireshark 4.6; the clock is UTC.
fn date(time: &str) -> String {
    let words: Vec<&str> = time.split([',', ' ']).filter(|word| !word.is_empty()).collect();
    let [month, day, year, ..] = words[..] else { return time[..10].to_owned() };
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = 1 + months.iter().position(|name| *name == month).expect("a month");
    format!("{year}-{month:02}-{:02}", day.parse::<u32>().unwrap())
}

/// The captures of `plugin/export tests/captures/*.pcap`.
fn example_captures(wireshark: &Wireshark) -> Vec<PathBuf> {
    let files = fs::read_dir(wireshark.home().join("tests/captures")).unwrap().map(|file| file.unwrap().path());
    files.filter(|file| file.is_file()).collect()
}

/// The queries in SQLite and, where it is installed, in DuckDB: both say what tshark's fields say, and the same.
#[test]
fn the_queries_answer_what_tsharks_fields_say() {
    let wireshark = project();
    let databases: Vec<&str> = [("SQLite", "sqlite3"), ("DuckDB", "duckdb")]
        .into_iter()
        .filter(|(_, program)| runs(program))
        .map(|(name, _)| name)
        .collect();
    for program in ["sqlite3", "duckdb"].into_iter().filter(|program| !runs(program)) {
        skipped(&format!("there is no {program}"));
    }
    shell(&wireshark, "plugin/export tests/captures/*.pcap >chat.ndjson");
    let mut first = None;
    for database in databases {
        let answers = answers(&wireshark, database);
        assert_eq!(answers.len(), 4, "{database}: {answers:?}");
        let rooms = answers[0].iter().map(|row| (row[0].clone(), (row[1].parse().unwrap(), row[3].parse().unwrap())));
        let rooms: BTreeMap<String, (usize, f64)> = rooms.collect();
        let counted = counted_deliveries(&wireshark);
        assert_eq!(rooms.keys().collect::<Vec<_>>(), counted.keys().collect::<Vec<_>>(), "{database}");
        for (room, (count, slowest)) in &counted {
            assert_eq!(rooms[room].0, *count, "{database}: room {room}");
            assert!(
                (rooms[room].1 - slowest).abs() < 0.001,
                "{database}: room {room}, {} and {slowest}",
                rooms[room].1
            );
        }
        let days: BTreeMap<String, usize> =
            answers[2].iter().map(|row| (row[0].clone(), row[1].parse().unwrap())).collect();
        assert_eq!(days, counted_losses(&wireshark), "{database}");
        assert!(!days.is_empty() && !answers[1].is_empty() && !answers[3].is_empty(), "{database}: {answers:?}");
        assert_eq!(first.get_or_insert_with(|| answers.clone()), &answers, "{database} answers as the other");
    }
}
