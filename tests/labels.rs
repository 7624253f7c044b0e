//! No label moves: what the plugin shows of every packet of every capture is what the golden files in `tests/labels` say.
//!
//! `-2 -T pdml` is the canonical dump. A golden line holds a packet's frame number, a hash over everything of the plugin in
//! that packet (each field's place, name, text, value, bytes and order, findings, columns), the same for one pass (`=` where it
//! is equal), its phases and what the plugin adds to the Info column. The other ways to see a packet (one pass, JSON, a display filter, sharkd in any order) are
//! compared with that dump, and what they may leave out is listed here by name.
//!
//! A hash tells that something moved, not what. `plugin/compare-labels REVISION` shows both sides, or:
//!
//! - `WORKERMANCHAT_LABELS=FOLDER cargo test --test labels` writes every packet's full list of fields to `FOLDER/NAME.txt`;
//!   do it at both revisions and compare the folders with diff.
//! - `WORKERMANCHAT_BLESS=1 cargo test --test labels` rewrites the golden files, when a label is meant to move.

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use roxmltree::{Document, Node};
use serde_json::{Value, json};

use harness::sentence;
use harness::sharkd::Sharkd;
use harness::skip::skipped;
use harness::wireshark::{Wireshark, captures, version};

/// The Wireshark whose labels the golden files hold. Others print booleans, cut texts and Info columns in another way, which is theirs;
/// there, `plugin/compare-labels REVISION SUITE` compares with another revision of the plugin instead.
const REFERENCE: &str = "4.0";

/// Fields that a first pass can lack, because a later frame teaches them.
const TAUGHT_LATER: &[&str] = &[
    "workermanchat.response_in",
    "workermanchat.deliveries",
    "workermanchat.delivery",
    "workermanchat.user",
    "workermanchat.room",
    "workermanchat.dialect",
    "workermanchat.left_out",
    "workermanchat.expert.no_delivery",
    "workermanchat.expert.no_pong",
];

/// Frames of which one pass shows nothing, because only a later frame tells that the connection is a chat's: it is not on
/// port 7272, its handshake request is cut, or a proxy is not asked for a tunnel yet.
const RECOGNIZED_LATER: &[(&str, &[u32])] = &[
    ("http-connect", &[1, 2, 3, 23, 24, 25]),
    (
        "multi-address",
        &[
            46, 47, 48, 49, 50, 58, 59, 66, 67, 68, 69, 70, 78, 79, 90, 91, 92, 93, 94, 102, 103, 140, 141, 142, 149,
            157,
        ],
    ),
    ("nginx-without-upgrade", &[1, 2, 3, 4, 5, 13, 14]),
    ("snaplen-160", &[4, 5, 14, 15, 26, 27, 40, 41, 56, 57, 207, 208]),
    ("snaplen-200", &[4, 5, 14, 15, 26, 27, 40, 41, 56, 57, 207, 208]),
    ("wss-2026", &[1, 2, 3, 10, 11, 15, 16, 17, 24, 25]),
];

/// Frames that one pass and two show differently beyond all this, and why.
const PASSES_DIFFER: &[(&str, u32, &str)] = &[
    ("lost-then-repeated", 81, "which of two equal says it delivers is known once other deliveries follow"),
    ("lost-then-repeated", 82, "acknowledges 81"),
    ("lost-then-repeated", 83, "as 81"),
    ("lost-then-repeated", 84, "as 81, and acknowledges 83"),
    ("lost-then-repeated", 85, "as 82"),
    ("lost-then-repeated", 86, "as 82"),
    ("b2015-same-name-tabs", 88, "whose login it is is known once those of all four tabs are known"),
    ("b2015-same-name-tabs", 93, "as 88"),
    ("b2015-same-name-tabs", 102, "as 88"),
    ("b2015-same-name-tabs", 103, "as 88"),
    ("b2015-same-name-tabs", 108, "acknowledges 103: to which login it belongs is known later, as 88"),
    ("b2015-same-name-tabs", 109, "as 108, of 102"),
    ("b2015-same-name-tabs", 111, "as 108, of 88"),
    ("b2015-same-name-tabs", 116, "as 108, of 113"),
    ("b2015-same-name-tabs", 112, "as 88"),
    ("b2015-same-name-tabs", 113, "as 88"),
    ("b2015-same-name-tabs", 114, "as 88"),
    ("dropped-login", 10, "a later message names the sender of this say, whose login was not captured"),
    ("dropped-login", 11, "that this delivers 10 is known once nobody else has said the same"),
    ("dropped-login", 12, "acknowledges 11: to which say it belongs is known later"),
    ("fast-retransmission", 79, "whose connection it is is known once the segment that was lost before has come again"),
    ("fast-retransmission", 87, "as 79"),
    (
        "http-connect",
        11,
        "the passes of Wireshark alone differ: the second leaves this first request in a tunnel undissected",
    ),
    ("http-connect", 33, "as 11"),
];

/// One capture, and where the keys of its TLS connections are if they are not in it.
struct Capture {
    name: String,
    path: PathBuf,
    keys: Option<PathBuf>,
}

impl Capture {
    /// The capture in `wireshark`'s home, and tshark's options for it.
    fn prepared(&self, wireshark: &Wireshark) -> (PathBuf, Vec<String>) {
        let in_folder = |path: &Path| path.strip_prefix(captures()).unwrap().to_str().unwrap().to_owned();
        fs::create_dir_all(wireshark.home().join("hard")).unwrap();
        let capture = wireshark.capture(&in_folder(&self.path));
        let keys = self.keys.as_ref().map(|keys| wireshark.capture(&in_folder(keys)));
        let options = keys.iter().flat_map(|keys| ["-o".to_owned(), format!("tls.keylog_file:{}", keys.display())]);
        (capture, options.collect())
    }

    fn tshark(&self, wireshark: &Wireshark, arguments: &[&str]) -> String {
        let (capture, options) = self.prepared(wireshark);
        let mut all = vec!["-r", capture.to_str().unwrap()];
        all.extend(options.iter().map(String::as_str));
        all.extend(arguments);
        // Not `tshark`, which also refuses what Wireshark says of a capture that is cut or that it dissects wrongly: here that is
        // compared like anything else.
        let output = wireshark.run_unchecked(wireshark.command("tshark").args(&all));
        assert_eq!(output.code, 0, "{}: tshark {all:?} failed:\n{}", self.name, output.stderr);
        output.stdout
    }

    fn golden(&self) -> PathBuf {
        goldens().join(format!("{}.txt", self.name))
    }
}

/// Every capture of `tests/captures`.
fn all_captures() -> Vec<Capture> {
    let files = [captures(), captures().join("hard")].into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let paths = files.map(|file| file.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|end| end == "pcap" || end == "pcapng"));
    let sorted: BTreeSet<PathBuf> = paths.collect();
    let capture = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let keys = Some(path.with_extension("keys")).filter(|keys| keys.exists());
        Capture { name, path, keys }
    };
    sorted.into_iter().map(capture).collect()
}

fn goldens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/labels")
}

/// One tree item of the plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    /// 0 for the plugin's outermost items.
    depth: usize,
    /// The layer the outermost item stands in, with its number among the packet's layers of that name.
    layer: String,
    name: String,
    text: String,
    value: String,
    hidden: bool,
    /// Position, size and bytes, as PDML has them.
    bytes: String,
}

impl Item {
    fn is_note_of_part(&self) -> bool {
        self.name == "workermanchat.note" && sentence::is_of_part(&self.value)
    }

    fn line(&self) -> String {
        let hidden = if self.hidden { " hidden" } else { "" };
        let Self { depth, layer, name, text, value, bytes, .. } = self;
        format!("{:indent$}{layer}: {name} \"{text}\" = {value:?} {bytes}{hidden}", "", indent = 4 + 2 * depth)
    }
}

/// All of the plugin in one packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Packet {
    items: Vec<Item>,
    /// The Protocol column and what the plugin adds to Info; empty where the plugin changes neither.
    columns: String,
}

impl Packet {
    fn lines(&self) -> String {
        let mut lines = format!("    columns: {}\n", self.columns);
        self.items.iter().for_each(|item| writeln!(lines, "{}", item.line()).unwrap());
        lines
    }

    fn golden_line(&self, frame: u32, once: &Packet) -> String {
        let phases = self.items.iter().filter(|item| item.name == "workermanchat.phase");
        let phases: Vec<&str> = phases.map(|item| phase_name(&item.text)).collect();
        let phases = if phases.is_empty() { "-".to_owned() } else { phases.join(" + ") };
        let one_pass = if once == self { "=".to_owned() } else { hash(&once.lines()) };
        let line = format!("{frame:>5} {} {one_pass:<12} {phases} | {}", hash(&self.lines()), self.columns);
        line.trim_end_matches([' ', '|']).to_owned()
    }

    /// The items without some fields and what is below them, and without the notes of parts of messages.
    fn without(&self, fields: &[&str]) -> Vec<&Item> {
        let mut kept = Vec::new();
        let mut skipped = None;
        for (at, item) in self.items.iter().enumerate() {
            if skipped.is_some_and(|depth| item.depth > depth) {
                continue;
            }
            // An expert item is known by the finding in it.
            let named = |item: &Item| fields.contains(&item.name.as_str());
            let is_expert = item.name == "_ws.expert" && self.items.get(at + 1).is_some_and(named);
            let is_late = named(item) || is_expert || item.is_note_of_part();
            skipped = is_late.then_some(item.depth);
            if skipped.is_none() {
                kept.push(item);
            }
        }
        kept
    }
}

/// `SYN` of `Phase: SYN`.
fn phase_name(text: &str) -> &str {
    text.strip_prefix("Phase: ").unwrap_or(text)
}

/// FNV-1a, 64 bits, of which 48 are shown: stable everywhere, and short.
fn hash(text: &str) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    format!("{:012x}", (hash ^ (hash >> 48)) & 0xffff_ffff_ffff)
}

/// Everything of the plugin in a capture, by frame.
type Dump = BTreeMap<u32, Packet>;

/// The dump of a capture in one pass (`&[]`) or two (`&["-2"]`).
fn dump(capture: &Capture, wireshark: &Wireshark, bare: &Wireshark, passes: &[&str]) -> Dump {
    let pdml = capture.tshark(wireshark, &[passes, &["-T", "pdml"]].concat());
    let mut dump = Dump::new();
    for packet in pdml.split_inclusive("</packet>") {
        if let Some(start) = packet.find("<packet>").filter(|_| packet.contains("workermanchat")) {
            let text = kept_breaks(&packet[start..]);
            let document = Document::parse(&text).expect("tshark -T pdml prints XML");
            let (frame, items) = items_of(document.root_element());
            if !items.is_empty() {
                dump.insert(frame, Packet { items, columns: String::new() });
            }
        }
    }
    let (with, without) = (columns(capture, wireshark, passes), columns(capture, bare, passes));
    for (frame, (protocol, info)) in &with {
        let (other_protocol, other_info) = &without[frame];
        if (protocol, info) == (other_protocol, other_info) {
            continue;
        }
        // Where the plugin adds to Wireshark's own text, that text is Wireshark's affair.
        let ours = match info.strip_suffix(other_info.as_str()) {
            Some(added) if protocol == other_protocol => format!("{added}…"),
            _ => format!("{protocol}: {info}"),
        };
        dump.entry(*frame).or_default().columns = ours;
    }
    dump
}

/// A packet in PDML with the line breaks and tabs in its values as references: XML takes them for spaces otherwise.
fn kept_breaks(packet: &str) -> String {
    let mut kept = String::with_capacity(packet.len());
    for line in packet.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            // A line of PDML ends with an element, except for the empty one between two packets.
            Some(cut) if !cut.ends_with('>') => kept.extend([cut, "&#10;"]),
            _ => kept.push_str(line),
        }
    }
    kept.replace('\r', "&#13;").replace('\t', "&#9;")
}

/// Protocol and Info of every frame.
fn columns(capture: &Capture, wireshark: &Wireshark, passes: &[&str]) -> BTreeMap<u32, (String, String)> {
    let format = "gui.column.format:\"No.\",\"%m\",\"Protocol\",\"%p\",\"Info\",\"%i\"";
    let psml = capture.tshark(wireshark, &[passes, &["-T", "psml", "-o", format]].concat());
    let document = Document::parse(&psml).expect("tshark -T psml prints XML");
    let packets = document.root_element().children().filter(|node| node.has_tag_name("packet"));
    let columns = packets.map(|packet| {
        let sections = packet.children().filter(|node| node.has_tag_name("section"));
        let mut texts = sections.map(|section| section.text().unwrap_or_default().to_owned());
        let mut next = || texts.next().expect("three columns");
        (next().parse().expect("a frame number"), (next(), next()))
    });
    columns.collect()
}

/// A packet's number and the plugin's items in it.
fn items_of(packet: Node) -> (u32, Vec<Item>) {
    let mut frame = 0;
    let mut items = Vec::new();
    let mut layers: BTreeMap<&str, u32> = BTreeMap::new();
    for layer in packet.children().filter(Node::is_element) {
        let name = layer.attribute("name").unwrap_or_default();
        let number = layers.entry(name).and_modify(|number| *number += 1).or_insert(1);
        if name == "geninfo" {
            let number = layer.children().find(|node| node.attribute("name") == Some("num"));
            frame = number.and_then(|node| node.attribute("show")?.parse().ok()).expect("a packet has a number");
        }
        collect(layer, &format!("{name} {number}"), None, &mut items);
    }
    (frame, items)
}

/// Takes the plugin's items at and below a node; `depth` is that of the node if it is inside one of the plugin's.
fn collect(node: Node, layer: &str, depth: Option<usize>, items: &mut Vec<Item>) {
    let attribute = |name| node.attribute(name).unwrap_or_default();
    let is_finding =
        attribute("name") == "_ws.expert" && node.children().any(|child| child.attribute("name").is_some_and(is_ours));
    let depth = depth.or_else(|| (is_ours(attribute("name")) || is_finding).then_some(0));
    if let Some(depth) = depth {
        items.push(Item {
            depth,
            layer: layer.to_owned(),
            name: attribute("name").to_owned(),
            // An item that is text alone has it as its value.
            text: node.attribute("showname").unwrap_or(attribute("show")).to_owned(),
            value: attribute("show").to_owned(),
            hidden: attribute("hide") == "yes",
            bytes: format!("@{}+{} {}", attribute("pos"), attribute("size"), attribute("value")),
        });
    }
    for child in node.children().filter(Node::is_element) {
        collect(child, layer, depth.map(|depth| depth + 1), items);
    }
}

fn is_ours(name: &str) -> bool {
    name == "workermanchat" || name.starts_with("workermanchat.")
}

fn frames_of(once: &Dump, twice: &Dump) -> BTreeSet<u32> {
    once.keys().chain(twice.keys()).copied().collect()
}

/// What one and two passes show of a capture.
struct Dumps {
    capture: Capture,
    once: Dump,
    twice: Dump,
}

/// What the tests share.
struct Canon {
    wireshark: Wireshark,
    dumps: Vec<Dumps>,
}

fn canon() -> &'static Canon {
    static CANON: OnceLock<Canon> = OnceLock::new();
    CANON.get_or_init(|| {
        let (wireshark, bare) = (Wireshark::with_plugin(), Wireshark::without_plugin());
        let dump_of = |capture: Capture| {
            let once = dump(&capture, &wireshark, &bare, &[]);
            let twice = dump(&capture, &wireshark, &bare, &["-2"]);
            Dumps { capture, once, twice }
        };
        let dumps = all_captures().into_iter().map(dump_of).collect();
        Canon { wireshark, dumps }
    })
}

/// The two sides of a frame, in full.
fn both(name: &str, frame: u32, what: &str, canonical: &str, other: &str) -> String {
    format!("{name}, frame {frame}: {what}\n  -2 -T pdml:\n{canonical}  {what}:\n{other}")
}

/// Fails with everything that differs, however much it is.
fn assert_none(differences: &[String]) {
    assert!(differences.is_empty(), "{} differences:\n\n{}", differences.len(), differences.join("\n"));
}

/// Whether this is the Wireshark of the golden files; says so where it is not.
fn is_reference() -> bool {
    let is_reference = version() == REFERENCE;
    if !is_reference {
        skipped(&format!("the golden files are of Wireshark {REFERENCE}, and this is {}", version()));
    }
    is_reference
}

#[test]
fn no_label_moves() {
    if !is_reference() {
        return;
    }
    let blessing = std::env::var_os("WORKERMANCHAT_BLESS").is_some();
    let mut differences = Vec::new();
    let empty = Packet::default();
    for Dumps { capture, once, twice } in &canon().dumps {
        let line = |frame: u32| {
            let of = |dump: &'static Dump| dump.get(&frame).unwrap_or(&empty);
            of(twice).golden_line(frame, of(once))
        };
        let lines: Vec<String> = frames_of(once, twice).into_iter().map(line).collect();
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        if let Some(folder) = std::env::var_os("WORKERMANCHAT_LABELS") {
            write_full(Path::new(&folder), &capture.name, twice);
            write_full(Path::new(&folder), &format!("{}.one-pass", capture.name), once);
        }
        let golden = capture.golden();
        if blessing {
            fs::write(&golden, &text).expect("write the golden file");
        }
        let expected = fs::read_to_string(&golden).unwrap_or_else(|error| panic!("{}: {error}", golden.display()));
        compare_lines(capture, (once, twice), &expected, &lines, &mut differences);
    }
    if !differences.is_empty() {
        differences.push(
            "Both sides in full: plugin/compare-labels REVISION, or WORKERMANCHAT_LABELS=FOLDER at both revisions and a diff.\n\
             If the labels are meant to move: WORKERMANCHAT_BLESS=1 cargo test --test labels"
                .to_owned(),
        );
    }
    assert_none(&differences);
}

fn write_full(folder: &Path, name: &str, dump: &Dump) {
    fs::create_dir_all(folder).expect("create the folder for the full lists");
    let text: String = dump.iter().map(|(frame, packet)| format!("frame {frame}\n{}", packet.lines())).collect();
    fs::write(folder.join(format!("{name}.txt")), text).expect("write a full list");
}

fn compare_lines(
    capture: &Capture,
    (once, twice): (&Dump, &Dump),
    expected: &str,
    lines: &[String],
    differences: &mut Vec<String>,
) {
    let by_frame = |line: &str| {
        let number = line.split_whitespace().next().and_then(|number| number.parse::<u32>().ok());
        (number.expect("a golden line starts with a frame number"), line.to_owned())
    };
    let expected: BTreeMap<u32, String> = expected.lines().map(by_frame).collect();
    let actual: BTreeMap<u32, String> = lines.iter().map(|line| by_frame(line)).collect();
    for frame in expected.keys().chain(actual.keys()).copied().collect::<BTreeSet<u32>>() {
        let (was, is) = (expected.get(&frame), actual.get(&frame));
        if was != is {
            let line = |line: Option<&String>| line.map_or("(nothing)", String::as_str).to_owned();
            let full = |dump: &Dump| dump.get(&frame).map_or(String::new(), Packet::lines);
            differences.push(format!(
                "{}, frame {frame}:\n- {}\n+ {}\n  now in full, two passes:\n{}  one pass:\n{}",
                capture.name,
                line(was),
                line(is),
                full(twice),
                full(once)
            ));
        }
    }
}

#[test]
fn one_pass_lacks_only_what_later_frames_teach() {
    if !is_reference() {
        return;
    }
    let (mut differences, mut excused) = (Vec::new(), BTreeSet::new());
    let empty = Packet::default();
    for Dumps { capture, once: one, twice: two } in &canon().dumps {
        for frame in frames_of(one, two) {
            let (once, twice) = (one.get(&frame).unwrap_or(&empty), two.get(&frame).unwrap_or(&empty));
            // Columns are drawn in the one pass, and in the second of two.
            let equal = once.without(TAUGHT_LATER) == twice.without(TAUGHT_LATER)
                && once.columns == twice.columns
                && once.items.iter().all(|item| twice.items.contains(item));
            if equal {
                continue;
            }
            let is_late = |(name, frames): &(&str, &[u32])| *name == capture.name && frames.contains(&frame);
            let listed = PASSES_DIFFER.iter().any(|&(name, other, _)| name == capture.name && other == frame)
                || (once == &empty && RECOGNIZED_LATER.iter().any(is_late));
            if listed {
                excused.insert((capture.name.clone(), frame));
            } else {
                differences.push(both(&capture.name, frame, "one pass", &twice.lines(), &once.lines()));
            }
        }
    }
    let late = RECOGNIZED_LATER.iter().flat_map(|(name, frames)| frames.iter().map(|&frame| (name.to_string(), frame)));
    let listed = PASSES_DIFFER.iter().map(|&(name, frame, _)| (name.to_owned(), frame));
    for (name, frame) in late.chain(listed).filter(|place| !excused.contains(place)) {
        differences.push(format!("{name}, frame {frame}: the passes no longer differ as listed; take it off its list"));
    }
    assert_none(&differences);
}

#[test]
fn json_carries_the_same_values() {
    if !is_reference() {
        return;
    }
    let mut differences = Vec::new();
    for Dumps { capture, twice: dump, .. } in &canon().dumps {
        let text = capture.tshark(&canon().wireshark, &["-2", "-T", "json"]);
        let mut values: BTreeMap<u32, String> = BTreeMap::new();
        let mut frame = 0;
        // Line by line: several fields of one name are several members of that name.
        for line in text.lines() {
            let Some((name, value)) = line.trim().trim_end_matches(',').split_once(": ") else { continue };
            let (name, value) = (name.trim_matches('"'), serde_json::from_str::<String>(value));
            match value {
                Ok(value) if name == "frame.number" => frame = value.parse().expect("a frame number"),
                Ok(value) if is_ours(name) => {
                    writeln!(values.entry(frame).or_default(), "    {name} = {:?}", as_in_xml(&value)).unwrap();
                }
                _ => {}
            }
        }
        compare_texts(capture, dump, &values, "-2 -T json", &mut differences, |packet| {
            // A group has no value of its own: JSON shows its members alone.
            const GROUPS: [&str; 3] =
                ["workermanchat.client_list", "workermanchat.client_list.user", "workermanchat.delivery"];
            let is_valued =
                |item: &&Item| item.name.starts_with("workermanchat.") && !GROUPS.contains(&item.name.as_str());
            let valued = packet.items.iter().filter(is_valued);
            valued.map(|item| format!("    {} = {:?}\n", item.name, item.value)).collect()
        });
    }
    assert_none(&differences);
}

#[test]
fn a_filter_selects_the_frames_that_have_a_phase() {
    let mut differences = Vec::new();
    for Dumps { capture, twice: dump, .. } in &canon().dumps {
        let arguments =
            ["-2", "-Y", "workermanchat.phase", "-T", "fields", "-e", "frame.number", "-e", "workermanchat.phase"];
        let text = capture.tshark(&canon().wireshark, &arguments);
        let rows = text.lines().map(|line| line.split_once('\t').expect("two fields"));
        let rows = rows.map(|(frame, phases)| (frame.parse().expect("a frame number"), format!("    {phases}\n")));
        compare_texts(capture, dump, &rows.collect(), "-2 -Y workermanchat.phase", &mut differences, |packet| {
            let phases = packet.items.iter().filter(|item| item.name == "workermanchat.phase");
            let phases: Vec<&str> = phases.map(|item| item.value.as_str()).collect();
            if phases.is_empty() { String::new() } else { format!("    {}\n", phases.join(",")) }
        });
    }
    assert_none(&differences);
}

#[test]
fn sharkd_shows_the_same_items_in_any_order_of_frames() {
    if !is_reference() {
        return;
    }
    let mut differences = Vec::new();
    for Dumps { capture, twice: dump, .. } in &canon().dumps {
        let (path, options) = capture.prepared(&canon().wireshark);
        // sharkd takes its preferences by request.
        let mut sharkd = Sharkd::load(&canon().wireshark, &path);
        if let Some(keys) = options.last().and_then(|option| option.split_once(':')) {
            sharkd.ask("setconf", json!({"name": keys.0, "value": keys.1}));
            sharkd.ask("load", json!({"file": path}));
        }
        let frames = sharkd.filter("frame");
        let mut texts = BTreeMap::new();
        for frame in scrambled(&frames) {
            let answer = sharkd.ask("frame", json!({"frame": frame, "proto": true}));
            let mut text = String::new();
            take_labels(&answer["tree"], None, &mut text);
            texts.insert(frame, text);
        }
        compare_texts(capture, dump, &texts, "sharkd", &mut differences, |packet| {
            let shown = packet.items.iter().filter(|item| !item.hidden);
            shown.map(|item| format!("    {:indent$}{}\n", "", item.text, indent = 2 * item.depth)).collect()
        });
    }
    assert_none(&differences);
}

/// A value as PDML writes it, which has no control characters but line breaks and tabs.
fn as_in_xml(value: &str) -> String {
    let written = |character: char| match character {
        '\n' | '\r' | '\t' => character.to_string(),
        control if u32::from(control) < 0x20 => format!("\\x{:x}", u32::from(control)),
        other => other.to_string(),
    };
    value.chars().map(written).collect()
}

/// The same frames in an order that goes back and forth and is the same every time.
fn scrambled(frames: &[u32]) -> Vec<u32> {
    let mut scrambled = frames.to_vec();
    scrambled.sort_by_key(|&frame| hash(&frame.to_string()));
    scrambled
}

/// The labels of the plugin's items in a tree of sharkd's.
fn take_labels(items: &Value, depth: Option<usize>, into: &mut String) {
    // An item's name is the first word of the filter that sharkd offers for it.
    let name =
        |item: &Value| item["f"].as_str().and_then(|filter| filter.split(' ').next()).unwrap_or_default().to_owned();
    for item in items.as_array().into_iter().flatten() {
        let is_finding = item["l"].as_str().is_some_and(|label| label.starts_with("Expert Info"))
            && item["n"].as_array().into_iter().flatten().any(|child| is_ours(&name(child)));
        let depth = depth.or_else(|| (is_ours(&name(item)) || is_finding).then_some(0));
        if let Some(depth) = depth {
            writeln!(into, "    {:indent$}{}", "", item["l"].as_str().unwrap_or_default(), indent = 2 * depth).unwrap();
        }
        take_labels(&item["n"], depth.map(|depth| depth + 1), into);
    }
}

/// Compares every frame's text in some mode with the one made from the canonical dump.
fn compare_texts(
    capture: &Capture,
    dump: &Dump,
    texts: &BTreeMap<u32, String>,
    mode: &str,
    differences: &mut Vec<String>,
    canonical: impl Fn(&Packet) -> String,
) {
    for frame in dump.keys().chain(texts.keys()).copied().collect::<BTreeSet<u32>>() {
        let expected = dump.get(&frame).map_or(String::new(), &canonical);
        let shown = texts.get(&frame).cloned().unwrap_or_default();
        if expected != shown {
            differences.push(both(&capture.name, frame, mode, &expected, &shown));
        }
    }
}
