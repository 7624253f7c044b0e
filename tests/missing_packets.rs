//! What a capture lacks accuses nobody: a metamorphic property of all captures.
//!
//! Packets are taken out (one by one, at random, from the front, from the end, one side, one connection), cut at 96 to 256 bytes,
//! doubled, exchanged with their neighbour or split in two. **Every label of what is left equals the full capture's or is missing,
//! links renumbered, and no finding is new.** The full capture is the only truth here; whether its labels are right is asked
//! elsewhere (`hard_captures.rs`, `reconstruction.rs`).
//!
//! Every field of the plugin is compared, in every frame. The full capture's labels are those of tshark as it is and those with
//! `tcp.reassemble_out_of_order`: where the full capture has holes or is out of order itself, Wireshark may leave a message out
//! that it shows in the variant.
//!
//! There are two exceptions to "equals", which are facts of the changed capture:
//!
//! - *A link names a frame of the variant*: the same packet's, or, where that packet was taken out, the one of its retransmission.
//!   A retransmission whose original was taken out or cut, or is out of order now, takes over the original's labels.
//! - *An acknowledgment slides*: `acks` is defined as the first frame whose ACK covers a message. Where that frame was taken out,
//!   it is the next frame of the same side that acknowledges as much, with the phase of an acknowledgment if it has no payload.
//!   A frame that is annotated only for this names the connection's user and room.
//!
//! What may be said of a say's deliveries:
//!
//! - `deliveries` equals the full capture's number, or is missing. It may be smaller only where nothing in the capture shows
//!   that a delivery is missing. *Something shows it* where a later segment of that connection is left, from the server
//!   (with a sequence number behind the delivery) or from the browser (acknowledging it), or where the delivery is cut. *Nothing
//!   shows it* where the whole rest of the connection, or the connection, was taken out: then "how many connections got it" is "as
//!   far as the capture shows". The number is then exactly the deliveries that are left.
//! - `response_in` may name any delivery that is left of those in the full capture: it is a true answer, though another may have come first.
//! - The list of deliveries names frames that deliver it, each with the browser that gets it there, the time between, and the frame with its first
//!   ACK; it may lack the name of who got it.
//! - *A say that is captured on both sides of a proxy is one say.* A link to it names one of its two frames, and each client's delivery is
//!   listed once: where one side was taken out, the other's.
//! - `room.members` equals the full capture's or is missing; less than all is reported as a kind of its own.
//!
//! A note is compared in its parts (`harness/sentence.rs`): the words are the full capture's, its ends, names and texts are too, or are missing: no
//! user's name before the port, no sender, no recipient or its id, "a message" for what is acknowledged, no clause of what is acknowledged
//! or complete. That of a RST may say no more than that it is one. What it names as acknowledged is in a frame of the frame's `acks`, which
//! have the rule above.
//!
//! What a frame takes part in:
//!
//! - `exchange` names a frame that belongs to the same exchange in the full capture: the one that began it, or the first that is left.
//! - `exchange.title` is the full capture's at this frame, or says less.
//! - *A delivery whose say was taken out begins its exchange itself*, with what it says of itself, also where the full capture leaves open
//!   whether it delivers that say.
//! - `exchange.complete` stands where the full capture has it, or in the frame that has taken over that acknowledgment, or, where packets changed
//!   places, in the last one that acknowledges what had been acknowledged then. All of that has been acknowledged there.
//!
//! `truncated` is new where packets are cut, and is right there; nothing else may be. Of a cut message, the beginning of its content is shown.
//!
//! By default about a minute's worth of variants is tried. More:
//!
//! - `WORKERMANCHAT_VARIANTS=2400 cargo test --test missing_packets` tries as many (15 minutes on two cores);
//! - `WORKERMANCHAT_SEED=N` tries others (the seed is printed);
//! - `WORKERMANCHAT_ONLY=NAME` tries one capture, with all variants;
//! - `WORKERMANCHAT_NUMBERS=N,M` tries only these variants of such a run, by the number that a failure shows (`#N`);
//! - `WORKERMANCHAT_KEEP=FOLDER` writes the variants that fail, one of each kind, and what failed.

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use harness::packets::{ACK, RST, SYN};
use harness::phase;
use harness::random::Random;
use harness::recording::{Header, Recorded, Recording, reaches, recordings};
use harness::sentence::{self, Note, Title};
use harness::simulation::simulations;
use harness::variant::{Kept, Variant, Way};
use harness::wireshark::{FAULTS, Wireshark};
use serde_json::Value;

/// The number of variants that a normal run tries.
const DEFAULT_VARIANTS: usize = 180;
const DEFAULT_SEED: u64 = 12;

// ---- what tshark shows ----

/// The plugin's fields, and which of them are links.
struct Fields {
    names: Vec<String>,
    links: BTreeSet<String>,
}

impl Fields {
    fn of(wireshark: &Wireshark) -> Self {
        // Not checked for faults: some fields of other protocols are named like one.
        let table = wireshark.run_unchecked(wireshark.command("tshark").args(["-G", "fields"])).stdout;
        let (mut names, mut links) = (Vec::new(), BTreeSet::new());
        for line in table.lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            if let ["F", _, name, kind, ..] = columns[..] {
                if name.starts_with("workermanchat.") {
                    names.push(name.to_owned());
                    if kind == "FT_FRAMENUM" {
                        links.insert(name.to_owned());
                    }
                }
            }
        }
        assert!(names.len() > 40 && links.len() >= 3, "tshark lists the plugin's fields: {names:?}");
        Self { names, links }
    }
}

/// The values of each field of a frame, in the order of the tree.
type Labels = BTreeMap<String, Vec<String>>;
/// The frames that have any label. What tshark reports of a fault, its own or the plugin's, is a label of frame 0.
type Shown = BTreeMap<u32, Labels>;
const FAULT: &str = "fault of the dissection";

/// The labels after two passes.
fn shown(
    wireshark: &Wireshark,
    fields: &Fields,
    recording: &Recording,
    name: &str,
    packets: &[Recorded],
    more: &[&str],
) -> Shown {
    let (path, options) = recording.prepare(wireshark, name, packets);
    let mut arguments = vec!["-r", path.to_str().unwrap(), "-2", "-n", "-T", "json", "-e", "frame.number"];
    arguments.extend(options.iter().map(String::as_str));
    arguments.extend(more);
    arguments.extend(["-Y", "workermanchat || workermanchat.phase || workermanchat.acks"]);
    fields.names.iter().for_each(|field| arguments.extend(["-e", field]));
    let output = wireshark.run_unchecked(wireshark.command("tshark").args(&arguments));
    assert_eq!(output.code, 0, "{name}: tshark failed:\n{}", output.stderr);
    let is_fault = |line: &&str| FAULTS.iter().any(|fault| line.contains(fault));
    let faults: Vec<String> = output.stderr.lines().filter(is_fault).take(1).map(str::to_owned).collect();
    let rows: Vec<Value> = serde_json::from_str(&output.stdout).expect("tshark -T json prints JSON");
    let labels = |row: &Value| {
        let layers = row["_source"]["layers"].as_object().expect("a packet has layers").clone();
        let values = |value: Value| match value {
            Value::Array(values) => values.iter().map(|value| value.as_str().unwrap_or_default().to_owned()).collect(),
            other => vec![other.to_string()],
        };
        let mut labels: Labels = layers.into_iter().map(|(field, value)| (field, values(value))).collect();
        // What is missing gives reason to leave labels out, and to say so.
        labels.retain(|field, _| !field.starts_with("workermanchat.left_out"));
        // How messages are cut into segments is the capture's affair.
        if let Some(notes) = labels.get_mut("workermanchat.note") {
            notes.retain(|note| !sentence::is_of_part(note));
        }
        labels
    };
    let numbered = |mut labels: Labels| {
        let number = labels.remove("frame.number").expect("a frame number")[0].parse().expect("a number");
        (number, labels)
    };
    let mut shown: Shown = rows.iter().map(labels).map(numbered).collect();
    if !faults.is_empty() {
        shown.insert(0, Labels::from([(FAULT.to_owned(), faults)]));
    }
    shown
}

fn values<'a>(labels: Option<&'a Labels>, field: &str) -> &'a [String] {
    labels.and_then(|labels| labels.get(field)).map_or(&[], Vec::as_slice)
}

fn numbers(labels: Option<&Labels>, field: &str) -> Vec<u32> {
    values(labels, field).iter().map(|value| value.parse().expect("a number")).collect()
}

// ---- what is known of the full capture ----

/// A full capture, its labels and its TCP headers.
struct Full {
    recording: Recording,
    shown: Shown,
    /// The labels when Wireshark puts segments in order first.
    in_order: Shown,
    headers: Vec<Option<Header>>,
    /// For each frame the number of its connection on its two endpoints.
    incarnations: Vec<usize>,
    /// Of a say that is captured on both sides of a proxy: for each frame the other.
    proxied: BTreeMap<u32, u32>,
    /// For each frame the exchanges that it takes part in, by the frame that began them, and its headings.
    parts: BTreeMap<u32, Vec<(u32, Title)>>,
    /// Exchanges of the full capture that are one, each with the first of them.
    same: BTreeMap<u32, u32>,
    /// For each exchange the frames with which it is complete.
    completed: BTreeMap<u32, BTreeSet<u32>>,
    /// For each frame, those that acknowledge it.
    acked: BTreeMap<u32, BTreeSet<u32>>,
}

/// A connection: its endpoints in order, and its number between them.
type Connection = (SocketAddr, SocketAddr, usize);

impl Full {
    fn new(wireshark: &Wireshark, fields: &Fields, recording: Recording) -> Self {
        let [shown, in_order] = [&[][..], &["-o", "tcp.reassemble_out_of_order:TRUE"]]
            .map(|more| shown(wireshark, fields, &recording, &recording.name, &recording.packets, more));
        let headers = recording.headers();
        let mut syns: BTreeMap<(SocketAddr, SocketAddr), (usize, Option<u32>)> = BTreeMap::new();
        let mut incarnations = Vec::new();
        for header in &headers {
            let Some(header) = header else {
                incarnations.push(0);
                continue;
            };
            let key = (header.from.min(header.to), header.from.max(header.to));
            let (number, syn) = syns.entry(key).or_default();
            let is_first = header.has(SYN) && !header.has(ACK);
            if is_first && *syn != Some(header.seq) {
                (*number, *syn) = (*number + 1, Some(header.seq));
            }
            incarnations.push(*number);
        }
        let proxied = proxied(&shown);
        let (mut all, mut completed, mut acked) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (&frame, labels) in shown.iter().chain(&in_order) {
            let parts: &mut Vec<(u32, Title)> = all.entry(frame).or_default();
            let phases = numbers(Some(labels), "workermanchat.phase");
            let acks = numbers(Some(labels), ACKS);
            for part in parts_of(labels) {
                let of_part = |message: &u32| {
                    let labels = shown.get(message).or(in_order.get(message));
                    labels.is_some_and(|labels| parts_of(labels).iter().any(|(began, _)| *began == part.0))
                };
                let is_end = part.1.kind == "end"
                    && [phase::FIN_ACKNOWLEDGED, phase::RST].iter().any(|end| phases.contains(end));
                let is_handshake = phases.contains(&phase::ACK) && part.1.kind == "TCP handshake";
                let may_be_complete = is_end || is_handshake || acks.iter().any(of_part);
                if may_be_complete && !values(Some(labels), COMPLETE).is_empty() {
                    completed.entry(part.0).or_insert_with(BTreeSet::new).insert(frame);
                }
                parts.push(part);
            }
            for message in numbers(Some(labels), ACKS) {
                acked.entry(message).or_insert_with(BTreeSet::new).insert(frame);
            }
        }
        let same = same_exchanges(&recording, &shown, &all, !proxied.is_empty());
        Self { recording, shown, in_order, headers, incarnations, proxied, parts: all, same, completed, acked }
    }

    /// Whether two exchanges are one.
    fn is_same_exchange(&self, one: u32, other: u32) -> bool {
        let first = |exchange: u32| self.same.get(&exchange).copied().unwrap_or(exchange);
        first(one) == first(other)
    }

    /// The exchanges that a frame takes part in.
    fn exchanges(&self, frame: u32) -> impl Iterator<Item = u32> + '_ {
        self.parts.get(&frame).into_iter().flatten().map(|(began, _)| *began)
    }

    /// What several have to receive of an exchange that is complete in a frame, and that was acknowledged until then.
    fn received(&self, exchange: u32, complete: u32) -> Vec<(u32, u32)> {
        const RECEIVED: [u32; 4] = [phase::LOGIN_RESULT, phase::LOGIN_NOTIFICATION, phase::SAY_DELIVERY, phase::LOGOUT];
        let is_received = |frame: &u32| {
            self.exchanges(*frame).any(|other| other == exchange)
                && self.numbers(*frame, "workermanchat.phase").iter().any(|phase| RECEIVED.contains(phase))
        };
        let messages = self.parts.keys().copied().filter(is_received);
        let acks = messages.flat_map(|message| {
            let acks = self.acked.get(&message).into_iter().flatten();
            acks.filter(|ack| **ack <= complete).map(move |ack| (message, *ack))
        });
        acks.collect()
    }

    /// Whether two frames are one, or one say.
    fn is_same_request(&self, one: u32, other: u32) -> bool {
        one == other || self.proxied.get(&one) == Some(&other)
    }

    fn header(&self, frame: u32) -> Option<&Header> {
        self.headers[frame as usize - 1].as_ref()
    }

    fn connection(&self, frame: u32) -> Option<Connection> {
        let header = self.header(frame)?;
        Some((header.from.min(header.to), header.from.max(header.to), self.incarnations[frame as usize - 1]))
    }

    fn labels(&self, frame: u32) -> Option<&Labels> {
        self.shown.get(&frame)
    }

    fn numbers(&self, frame: u32, field: &str) -> Vec<u32> {
        numbers(self.labels(frame), field)
    }

    /// Whether the segments of a connection leave out bytes before a frame.
    fn has_hole_before(&self, frame: u32, connection: Connection) -> bool {
        let mut next: BTreeMap<SocketAddr, u32> = BTreeMap::new();
        (1..frame).filter(|earlier| self.connection(*earlier) == Some(connection)).any(|earlier| {
            let header = self.header(earlier).expect("a segment of a connection");
            let expected = next.insert(header.from, header.end());
            expected.is_some_and(|expected| header.seq != expected && reaches(header.seq, expected))
        })
    }

    fn same_direction(&self, one: u32, other: u32) -> bool {
        let sides = |frame| self.header(frame).map(|header| (header.from, header.to));
        sides(one).is_some() && sides(one) == sides(other) && self.connection(one) == self.connection(other)
    }
}

// ---- a variant and the full capture ----

/// A variant's frames, seen from the full capture's.
struct Comparison<'a> {
    full: &'a Full,
    fields: &'a Fields,
    variant: &'a Variant,
    shown: &'a Shown,
    /// For each frame of the variant, the full capture's frames whose labels it may have, its own first.
    stands_for: Vec<Vec<u32>>,
    /// For each frame of the full capture, its first frame in the variant.
    new: BTreeMap<u32, u32>,
    /// Messages that a frame of the variant may be the first to acknowledge, because their frame is gone.
    slid: BTreeMap<u32, BTreeSet<u32>>,
    /// Phases of acknowledgments that a frame may have for the same reason.
    slid_phases: BTreeMap<u32, BTreeSet<u32>>,
    /// The full capture's frames of which a frame has taken over an acknowledgment.
    slid_from: BTreeMap<u32, BTreeSet<u32>>,
    found: Vec<Difference>,
}

/// A label that is neither the full capture's nor missing.
struct Difference {
    kind: String,
    text: String,
}

const ACKS: &str = "workermanchat.acks";
const EXCHANGE: &str = "workermanchat.exchange";
const TEXT: &str = "workermanchat.text";
const TITLE: &str = "workermanchat.exchange.title";
const COMPLETE: &str = "workermanchat.exchange.complete";
const DELIVERED_IN: &str = "workermanchat.delivery.frame";
/// Fields that have a comparison of their own.
const APART: [&str; 5] = ["workermanchat.phase", "workermanchat.note", EXCHANGE, TITLE, COMPLETE];
/// Fields of a delivery, which are compared together.
const TOGETHER: [&str; 6] = [
    "workermanchat.delivery",
    DELIVERED_IN,
    "workermanchat.delivery.user",
    "workermanchat.delivery.endpoint",
    "workermanchat.delivery.time",
    "workermanchat.delivery.acked_in",
];

/// The exchanges that a frame takes part in, and its headings.
fn parts_of(labels: &Labels) -> Vec<(u32, Title)> {
    let titles = values(Some(labels), TITLE).iter().map(|title| Title::of(title));
    let began = numbers(Some(labels), EXCHANGE);
    assert_eq!(began.len(), titles.len(), "each exchange has a heading: {labels:?}");
    began.into_iter().zip(titles).collect()
}

const FRAME_FIELDS: [&str; 3] = ["workermanchat.user", "workermanchat.room", "workermanchat.dialect"];
const ACK_PHASES: [u32; 5] =
    [phase::ACK, phase::FIN_ACKNOWLEDGED, phase::REQUEST_ACKNOWLEDGED, phase::COMPLETE, phase::MESSAGE_ACKNOWLEDGED];

fn differences(full: &Full, fields: &Fields, variant: &Variant, shown: &Shown) -> Vec<Difference> {
    let mut new = BTreeMap::new();
    for (frame, kept) in (1..).zip(&variant.kept) {
        new.entry(kept.origin).or_insert(frame);
    }
    let mut comparison = Comparison {
        full,
        fields,
        variant,
        shown,
        stands_for: stand_ins(full, variant, &new),
        new,
        slid: BTreeMap::new(),
        slid_phases: BTreeMap::new(),
        slid_from: BTreeMap::new(),
        found: Vec::new(),
    };
    comparison.slide();
    comparison.compare();
    comparison.found
}

/// Whether two segments share bytes of the stream.
fn overlap(one: &Header, other: &Header) -> bool {
    !reaches(other.seq, one.end()) && !reaches(one.seq, other.end())
}

/// Which of the full capture's frames each frame stands for: its own; one that was taken out or cut and that it repeats; one that it has changed places with.
fn stand_ins(full: &Full, variant: &Variant, new: &BTreeMap<u32, u32>) -> Vec<Vec<u32>> {
    let mut stands_for: Vec<Vec<u32>> = variant.kept.iter().map(|kept| vec![kept.origin]).collect();
    let count = full.recording.packets.len() as u32;
    let mut damaged: BTreeSet<u32> = variant.kept.iter().filter(|kept| kept.is_cut).map(|kept| kept.origin).collect();
    if variant.way == Way::Reordered {
        // What comes late is passed over, until it is sent again.
        let late = |pair: &[Kept]| Some(pair[1].origin).filter(|second| *second < pair[0].origin);
        damaged.extend(variant.kept.windows(2).filter_map(late));
    }
    for gone in (1..=count).filter(|frame| !new.contains_key(frame) || damaged.contains(frame)) {
        let Some(header) = full.header(gone).filter(|header| header.end() != header.seq) else { continue };
        for (at, kept) in variant.kept.iter().enumerate().filter(|(_, kept)| kept.origin > gone) {
            let Some(later) = full.header(kept.origin).filter(|_| full.same_direction(gone, kept.origin)) else {
                continue;
            };
            if overlap(header, later) {
                // A message that was complete before this retransmission is complete with it.
                let between = (gone..kept.origin).filter(|&other| full.same_direction(gone, other));
                stands_for[at].extend(between);
            }
        }
    }
    if variant.way == Way::Reordered {
        for (at, pair) in variant.kept.windows(2).enumerate() {
            let (first, second) = (pair[0].origin, pair[1].origin);
            if first > second && full.same_direction(first, second) {
                stands_for[at + 1].push(first);
                // A retransmission that is captured before its original.
                let headers = full.header(first).zip(full.header(second));
                if headers.is_some_and(|(one, other)| overlap(one, other)) {
                    stands_for[at].push(second);
                }
            }
        }
    }
    stands_for
}

impl Comparison<'_> {
    /// Finds out which acknowledgments slide to which frame.
    fn slide(&mut self) {
        for (&frame, labels) in self.full.shown.range(1..) {
            let Some(header) = self.full.header(frame).filter(|header| header.has(ACK)) else { continue };
            for message in numbers(Some(labels), "workermanchat.acks") {
                let since = self.new_frames(message).first().copied().unwrap_or(1);
                if let Some(next) = self.first_to_acknowledge(frame, header.ack, since) {
                    self.slid.entry(next).or_default().insert(message);
                    self.slid_from.entry(next).or_default().insert(frame);
                    let phases = ACK_PHASES.into_iter().filter(|&phase| phase > phase::FIN_ACKNOWLEDGED);
                    self.slid_phases.entry(next).or_default().extend(phases);
                }
            }
            for phase in numbers(Some(labels), "workermanchat.phase") {
                if phase == phase::ACK || phase == phase::FIN_ACKNOWLEDGED {
                    if let Some(next) = self.first_to_acknowledge(frame, header.ack, 1) {
                        self.slid_phases.entry(next).or_default().insert(phase);
                        self.slid_from.entry(next).or_default().insert(frame);
                    }
                }
            }
        }
    }

    /// The variant's first frame from `since` on that acknowledges as much as a frame of the full capture.
    fn first_to_acknowledge(&self, like: u32, ack: u32, since: u32) -> Option<u32> {
        let acknowledges = |kept: &Kept| {
            let header = self.full.header(kept.origin);
            self.full.same_direction(like, kept.origin)
                && header.is_some_and(|header| header.has(ACK) && !header.has(SYN) && reaches(header.ack, ack))
        };
        let later = (1..).zip(&self.variant.kept).skip(since as usize - 1);
        later.filter(|(_, kept)| acknowledges(kept)).map(|(frame, _)| frame).next()
    }

    /// The variant's frames that stand for a frame of the full capture.
    fn new_frames(&self, frame: u32) -> Vec<u32> {
        let mut frames: Vec<u32> = self.new.get(&frame).copied().into_iter().collect();
        if frames.is_empty() {
            frames =
                (1..).zip(&self.stands_for).filter(|(_, olds)| olds.contains(&frame)).map(|(new, _)| new).collect();
        }
        frames
    }

    /// The full capture's frames that a link of the variant can mean; none for the second copy of a packet.
    fn meant(&self, link: &str) -> &[u32] {
        let at = link.parse::<usize>().ok().and_then(|frame| frame.checked_sub(1));
        match at.and_then(|at| Some((self.variant.kept.get(at)?, self.stands_for.get(at)?))) {
            Some((kept, olds)) if !kept.is_copy => olds,
            _ => &[],
        }
    }

    fn report(&mut self, kind: impl Into<String>, frame: u32, shown: &str, right: &[String]) {
        let origin = self.variant.kept[frame as usize - 1].origin;
        let right: Vec<String> = right.iter().map(|value| shortened(value)).collect();
        let text = format!("frame {frame} (was {origin}): {}, full capture: {right:?}", shortened(shown));
        self.found.push(Difference { kind: kind.into(), text });
    }

    fn report_whole(&mut self, kind: impl Into<String>, frame: u32, shown: &str, right: &[String]) {
        let origin = self.variant.kept[frame as usize - 1].origin;
        let text = format!("frame {frame} (was {origin}): {shown}\n      full capture: {right:#?}");
        self.found.push(Difference { kind: kind.into(), text });
    }

    fn compare(&mut self) {
        // The frames of the variant that share an origin share its labels: copies, and the parts of a segment.
        let mut groups: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (frame, kept) in (1..).zip(&self.variant.kept) {
            if self.shown.contains_key(&frame) {
                groups.entry(kept.origin).or_default().push(frame);
            }
        }
        for fault in values(self.shown.get(&0), FAULT) {
            self.found.push(Difference { kind: FAULT.to_owned(), text: fault.clone() });
        }
        for frames in groups.values() {
            if frames.iter().all(|frame| self.is_passed_over(*frame)) {
                continue;
            }
            let before = self.found.len();
            self.compare_phases(frames);
            // A message or acknowledgment that the full capture does not have has fields that it does not have.
            let is_other = self.found[before..].iter().any(|difference| difference.kind.starts_with("phase "));
            for field in &self.fields.names {
                let is_finding = field.starts_with("workermanchat.expert.");
                let is_compared = !APART.contains(&field.as_str()) && !TOGETHER.contains(&field.as_str());
                if is_compared && (is_finding || !is_other) {
                    self.compare_field(frames, field);
                }
            }
            if !is_other {
                frames.iter().for_each(|frame| self.compare_exchanges(frames, *frame));
                frames.iter().for_each(|frame| self.compare_deliveries(*frame));
            }
        }
    }

    /// The full capture's frames for which the frames of a group stand.
    fn olds(&self, frames: &[u32]) -> BTreeSet<u32> {
        frames.iter().flat_map(|frame| &self.stands_for[*frame as usize - 1]).copied().collect()
    }

    /// The full capture's values that the frames of a group may show.
    fn allowed(&self, frames: &[u32], field: &str) -> Vec<String> {
        let olds = self.olds(frames);
        let of = |shown: &Shown| -> Vec<String> {
            olds.iter().flat_map(|old| values(shown.get(old), field)).cloned().collect()
        };
        let (mut allowed, mut more) = (of(&self.full.shown), of(&self.full.in_order));
        for value in &allowed {
            if let Some(at) = more.iter().position(|other| other == value) {
                more.remove(at);
            }
        }
        allowed.append(&mut more);
        allowed
    }

    fn compare_phases(&mut self, frames: &[u32]) {
        let pair = |labels: Option<&Labels>| -> Vec<(u32, Note)> {
            let phases = numbers(labels, "workermanchat.phase");
            let notes = values(labels, "workermanchat.note").iter();
            phases.into_iter().zip(notes).map(|(phase, note)| (phase, Note::of(note, phase))).collect()
        };
        let olds = self.olds(frames);
        let of = |shown: &Shown| -> Vec<(u32, Note)> { olds.iter().flat_map(|old| pair(shown.get(old))).collect() };
        let (mut left, mut more) = (of(&self.full.shown), of(&self.full.in_order));
        more.retain(|other| !left.contains(other));
        left.append(&mut more);
        for &frame in frames {
            let texts = values(self.shown.get(&frame), "workermanchat.note").to_vec();
            for ((phase, note), text) in pair(self.shown.get(&frame)).into_iter().zip(texts) {
                let is_copy = self.variant.kept[frame as usize - 1].is_copy;
                if is_copy && (phase == phase::SYN || phase == phase::SYN_ACK) {
                    continue; // one that is sent again says so
                }
                let slid = self.slid_phases.get(&frame).is_some_and(|phases| phases.contains(&phase));
                let wrong: Vec<Option<String>> = left
                    .iter()
                    .map(|(right_phase, right)| match *right_phase == phase {
                        true => self.more_in(frame, phase, &note, right),
                        false => Some("another phase".to_owned()),
                    })
                    .collect();
                let exact = wrong.iter().position(Option::is_none);
                let same = left.iter().position(|(right, _)| *right == phase);
                match (exact, same) {
                    (Some(at), _) => drop(left.remove(at)),
                    (None, Some(at)) if !slid => {
                        left.remove(at);
                        let what = format!("{text}: {}", wrong[at].clone().unwrap_or_default());
                        let right = self.allowed(frames, "workermanchat.note");
                        self.report_whole(format!("note of {}", phase::name(phase)), frame, &what, &right);
                    }
                    (None, Some(at)) => drop(left.remove(at)),
                    (None, None) if slid || self.is_unread_ack(frame, phase) => {}
                    (None, None) if self.is_passed_over(frame) => {}
                    (None, None) => {
                        let right: Vec<String> = self.allowed(frames, "workermanchat.note");
                        self.report(format!("phase {}", phase::name(phase)), frame, &text, &right);
                    }
                }
                if let Some(what) = self.wrong_clause(frame, &note) {
                    let right = self.allowed(frames, "workermanchat.note");
                    self.report_whole(
                        format!("clauses of {}", phase::name(phase)),
                        frame,
                        &format!("{text}: {what}"),
                        &right,
                    );
                }
            }
        }
    }

    /// What a note says that the full capture's does not.
    fn more_in(&self, frame: u32, phase: u32, note: &Note, right: &Note) -> Option<String> {
        let shown = self.shown.get(&frame);
        let is_cut = !values(shown, "workermanchat.expert.truncated").is_empty();
        let ids = values(shown, "workermanchat.to_client_id");
        // The name that the request itself gives, where the user of the id is not known.
        let mut note = note.clone();
        let given = values(shown, "workermanchat.to_client_name");
        if phase::is_message(phase)
            && note.texts.get("recipient").is_some_and(|name| given.iter().any(|given| *name == format!("“{given}”")))
        {
            note.texts.remove("recipient");
        }
        let is_link = |(link, right): (&u32, &u32)| self.meant(&link.to_string()).contains(right);
        let links_fit = note.links.len() == right.links.len() && note.links.iter().zip(&right.links).all(is_link);
        note.says_more_than(right, ids, is_cut).or((!links_fit).then(|| "another frame".to_owned()))
    }

    /// What is wrong with what a note says that the packet acknowledges, and with what it names as complete.
    fn wrong_clause(&self, frame: u32, note: &Note) -> Option<String> {
        let acks = numbers(self.shown.get(&frame), ACKS);
        let notes_of = |link: u32| -> Vec<&String> {
            let olds = self.meant(&link.to_string()).iter();
            olds.flat_map(|old| [self.full.shown.get(old), self.full.in_order.get(old)])
                .flat_map(|labels| values(labels, "workermanchat.note"))
                .collect()
        };
        let phases_of = |link: u32| -> Vec<u32> {
            let olds = self.meant(&link.to_string()).iter();
            olds.flat_map(|old| [self.full.shown.get(old), self.full.in_order.get(old)])
                .flat_map(|labels| numbers(labels, "workermanchat.phase"))
                .collect()
        };
        for (thing, link) in &note.acked {
            if !acks.contains(link) {
                return Some(format!("frame {link} is not among {acks:?}"));
            }
            if thing == "a message" {
                continue; // not what it is
            }
            if !sentence::phases_of(thing).iter().any(|phase| phases_of(*link).contains(phase)) {
                return Some(format!("{thing} is not in frame {link}"));
            }
            let name = sentence::name_in(thing).map(|name| format!("“{name}”"));
            if name.is_some_and(|name| !notes_of(*link).iter().any(|note| note.contains(&name))) {
                return Some(format!("{thing} is nobody's of frame {link}"));
            }
        }
        if note.is_logged_in && !acks.iter().any(|ack| phases_of(*ack).contains(&phase::LOGIN_RESULT)) {
            return Some("no login result is acknowledged".to_owned());
        }
        let is_complete = !values(self.shown.get(&frame), COMPLETE).is_empty();
        (note.completes.is_some() && !is_complete).then(|| "without the field of what is complete".to_owned())
    }

    /// Whether the full capture has a hole of its own before a frame's connection gets there, and shows nothing in the frame: Wireshark
    /// passes over what it cannot put together, as the rest of a fragmented message, and may read more where less is captured.
    fn is_passed_over(&self, frame: u32) -> bool {
        let origin = self.variant.kept[frame as usize - 1].origin;
        let Some(connection) = self.full.connection(origin) else { return false };
        let is_passed_over = |frame: u32| {
            self.full.labels(frame).is_none()
                && self.full.header(frame).is_some_and(|header| header.end() != header.seq)
                && self.full.has_hole_before(frame, connection)
        };
        let acknowledged = numbers(self.shown.get(&frame), "workermanchat.acks");
        let meant = acknowledged.iter().flat_map(|link| self.meant(&link.to_string()).to_vec());
        is_passed_over(origin) || meant.into_iter().any(is_passed_over)
    }

    /// Whether it is a phase of an acknowledgment in a frame with several segments, of which no header is read.
    fn is_unread_ack(&self, frame: u32, phase: u32) -> bool {
        ACK_PHASES.contains(&phase) && self.full.header(self.variant.kept[frame as usize - 1].origin).is_none()
    }

    /// The full capture's frames from which a frame may have an exchange.
    fn sources(&self, frames: &[u32], frame: u32) -> BTreeSet<u32> {
        let mut sources = self.olds(frames);
        for slid in [&self.slid, &self.slid_from] {
            sources.extend(slid.get(&frame).into_iter().flatten());
        }
        sources
    }

    /// Whether a frame is a delivery that the full capture links to no say, no say of its text is left, and the heading is what it says of itself.
    fn begins_itself(&self, labels: &Labels, title: &Title, sources: &BTreeSet<u32>) -> bool {
        let phases = |labels: &Labels| numbers(Some(labels), "workermanchat.phase");
        let texts = values(Some(labels), TEXT);
        let is_say_of_it = |labels: &Labels| {
            phases(labels).contains(&phase::SAY_REQUEST)
                && values(Some(labels), TEXT).iter().any(|text| texts.contains(text))
        };
        let names = values(Some(labels), "workermanchat.from_client_name");
        phases(labels) == [phase::SAY_DELIVERY]
            && sources.iter().all(|old| self.full.parts.get(old).is_none_or(Vec::is_empty))
            && !self.shown.values().any(is_say_of_it)
            && title.detail.as_ref().is_some_and(|name| names.iter().any(|own| own == name.trim_matches(['“', '”'])))
    }

    /// What a frame has to do with exchanges: the link names a frame of the same exchange, and the heading says no more.
    fn compare_exchanges(&mut self, frames: &[u32], frame: u32) {
        let Some(labels) = self.shown.get(&frame) else { return };
        let sources = self.sources(frames, frame);
        let ids: Vec<String> = sources
            .iter()
            .flat_map(|old| values(self.full.labels(*old), "workermanchat.to_client_id"))
            .cloned()
            .collect();
        let is_cut = matches!(self.variant.way, Way::Cut | Way::SomeCut);
        let all: Vec<(u32, Title)> =
            sources.iter().filter_map(|old| self.full.parts.get(old)).flatten().cloned().collect();
        let right: Vec<String> = all.iter().map(|(began, title)| format!("{began}: {title:?}")).collect();
        let (mut wrong, mut can_be_complete) = (Vec::new(), 0);
        for (began, mut title) in parts_of(labels) {
            // The name that the request itself gives, where the user of the id is not known.
            let given = values(self.shown.get(&began), "workermanchat.to_client_name");
            title.recipient =
                title.recipient.filter(|name| !given.iter().any(|given| *given == name.trim_matches(['“', '”'])));
            let exchanges = self.meant_exchanges(began);
            let is_meant = |known: u32| exchanges.iter().any(|exchange| self.full.is_same_exchange(*exchange, known));
            let fitting: Vec<&(u32, Title)> = all.iter().filter(|(known, _)| is_meant(*known)).collect();
            let shown = format!("{began}: {title:?}");
            if self.is_passed_over(frame) || self.full.header(self.variant.kept[frame as usize - 1].origin).is_none() {
                can_be_complete += 1; // of a frame with several segments, no header is read
            } else if fitting.is_empty() && !(began == frame && self.begins_itself(labels, &title, &sources)) {
                wrong.push(("exchange", shown));
            } else if fitting.is_empty() {
                can_be_complete += 1;
            } else if !fitting.iter().any(|(_, right)| title.says_no_more_than(right, &ids, is_cut)) {
                wrong.push(("exchange.title", shown));
            } else if fitting.iter().any(|(exchange, _)| self.completes(frames, frame, *exchange)) {
                can_be_complete += 1;
            }
        }
        let complete = values(Some(labels), COMPLETE).len();
        if wrong.is_empty() && complete > can_be_complete {
            let completed: Vec<String> =
                all.iter().map(|(began, _)| format!("{began} in {:?}", self.full.completed.get(began))).collect();
            let parts = parts_of(labels);
            self.report_whole("exchange.complete", frame, &format!("{parts:?}"), &completed);
        }
        wrong.into_iter().for_each(|(kind, shown)| self.report_whole(kind, frame, &shown, &right));
    }

    /// The exchanges of the full capture that a link to a frame can mean.
    fn meant_exchanges(&self, link: u32) -> BTreeSet<u32> {
        let Some(olds) = (link as usize).checked_sub(1).and_then(|at| self.stands_for.get(at)) else {
            return BTreeSet::new();
        };
        let slid = self.slid_from.get(&link).into_iter().flatten();
        olds.iter().chain(slid).flat_map(|old| self.full.exchanges(*old)).collect()
    }

    /// Whether a frame may be the one with which an exchange is complete: in the full capture it is complete with this frame, or with one of
    /// which this frame has taken over the acknowledgment; and whatever had been acknowledged there has been here.
    fn completes(&self, frames: &[u32], frame: u32, exchange: u32) -> bool {
        let olds = self.olds(frames);
        let slid = self.slid_from.get(&frame);
        let is_it = |complete: u32| {
            let acks = self.full.received(exchange, complete);
            let first = |(message, ack): &(u32, u32)| {
                let since = self.new_frames(*message).first().copied().unwrap_or(1);
                self.first_to_acknowledge(*ack, self.full.header(*ack)?.ack, since)
            };
            let acked: Vec<Option<u32>> = acks.iter().map(first).collect();
            let is_taken_over = slid.is_some_and(|slid| slid.contains(&complete));
            let is_last = acked.iter().flatten().max() == Some(&frame);
            let has_all = acked.iter().all(|ack| ack.is_some_and(|ack| ack <= frame));
            (olds.contains(&complete) || is_taken_over || is_last) && has_all
        };
        if !self.full.proxied.is_empty() && !self.full.completed.contains_key(&exchange) {
            return true; // who gets it twice is not counted in the full capture: there is nothing to compare with
        }
        self.full.completed.get(&exchange).into_iter().flatten().any(|complete| is_it(*complete))
    }

    /// The list of a say's deliveries: each names a frame that delivers it, the browser that gets it there, the time between, the user if the full
    /// capture does, and the browser's first ACK.
    fn compare_deliveries(&mut self, frame: u32) {
        let Some(labels) = self.shown.get(&frame) else { return };
        let of = |name: &str| values(Some(labels), &format!("workermanchat.delivery.{name}")).to_vec();
        let [delivered, endpoints, times] = ["frame", "endpoint", "time"].map(of);
        if [endpoints.len(), times.len(), values(Some(labels), TOGETHER[0]).len()] != [delivered.len(); 3] {
            return self.report("delivery (parts)", frame, &format!("{labels:?}"), &[]);
        }
        let answers = self.answers(frame);
        let requests = self.requests(frame);
        let time_of = |frame: u32| self.variant.kept[frame as usize - 1].packet.time;
        let (mut users, mut acked_in, mut wrong) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        for ((link, endpoint), time) in delivered.iter().zip(&endpoints).zip(&times) {
            let olds: Vec<u32> = self.meant(link).iter().copied().filter(|old| answers.contains(old)).collect();
            if olds.is_empty() {
                wrong.push(("delivery.frame", link.clone(), answers.iter().map(u32::to_string).collect()));
                continue;
            }
            let ends: Vec<String> =
                olds.iter().filter_map(|old| self.full.header(*old)).map(|header| header.to.to_string()).collect();
            if !ends.is_empty() && !ends.contains(endpoint) {
                wrong.push(("delivery.endpoint", endpoint.clone(), ends));
            }
            let new: u32 = link.parse().expect("a frame");
            let right: Vec<f64> =
                requests.iter().filter_map(|request| seconds(time_of(new), time_of(*request))).collect();
            if !right.iter().any(|right| Some(*right) == time.parse().ok()) {
                wrong.push(("delivery.time", time.clone(), right.iter().map(f64::to_string).collect()));
            }
            for old in olds {
                for shown in [&self.full.shown, &self.full.in_order] {
                    users.extend(values(shown.get(&old), "workermanchat.user").iter().cloned());
                }
                acked_in.extend(self.acknowledged_in(old));
            }
        }
        for user in of("user").into_iter().filter(|user| !users.contains(user)) {
            wrong.push(("delivery.user", user, users.iter().cloned().collect()));
        }
        for link in of("acked_in").into_iter().filter(|link| !acked_in.contains(&link.parse().expect("a frame"))) {
            wrong.push(("delivery.acked_in", link, acked_in.iter().map(u32::to_string).collect()));
        }
        wrong.into_iter().for_each(|(kind, shown, right)| self.report(kind, frame, &shown, &right));
    }

    /// The variant's frames that may be the first to acknowledge a message of the full capture.
    fn acknowledged_in(&self, message: u32) -> BTreeSet<u32> {
        let mut frames = BTreeSet::new();
        for (new, olds) in (1..).zip(&self.stands_for) {
            let acks = |old: &u32| self.full.acked.get(&message).is_some_and(|acks| acks.contains(old));
            let is_slid = self.slid.get(&new).is_some_and(|slid| slid.contains(&message));
            if is_slid || olds.iter().any(acks) {
                frames.insert(new);
            }
        }
        frames
    }

    /// The variant's frames with the same say as this one.
    fn requests(&self, frame: u32) -> Vec<u32> {
        let asked = &self.stands_for[frame as usize - 1];
        let is_same =
            |olds: &Vec<u32>| olds.iter().any(|old| asked.iter().any(|asked| self.full.is_same_request(*asked, *old)));
        (1..).zip(&self.stands_for).filter(|(_, olds)| is_same(olds)).map(|(new, _)| new).collect()
    }

    fn compare_field(&mut self, frames: &[u32], field: &str) {
        let name = field.strip_prefix("workermanchat.").unwrap_or(field).to_owned();
        let mut left = self.allowed(frames, field);
        let all = left.clone();
        for &frame in frames {
            for value in values(self.shown.get(&frame), field).to_vec() {
                let same = left.iter().position(|right| self.is_same(field, &value, right));
                if let Some(at) = same {
                    if !FRAME_FIELDS.contains(&field) {
                        left.remove(at);
                    }
                } else if !self.is_excused(frame, field, &value, &all) {
                    let kind = kind_of(&name, &value, &all);
                    self.report(kind, frame, &value, &all);
                }
            }
        }
    }

    fn is_same(&self, field: &str, value: &str, right: &str) -> bool {
        match field {
            "workermanchat.request_in" => {
                let right: u32 = right.parse().expect("a frame");
                self.meant(value).iter().any(|old| self.full.is_same_request(*old, right))
            }
            _ if self.fields.links.contains(field) => self.meant(value).iter().any(|old| old.to_string() == right),
            // A number that may have become smaller is judged by its own rule.
            "workermanchat.deliveries" => false,
            _ => value == right,
        }
    }

    /// Whether a value that the full capture does not have is a fact of the variant.
    fn is_excused(&self, frame: u32, field: &str, value: &str, right: &[String]) -> bool {
        let kept = &self.variant.kept[frame as usize - 1];
        match field {
            "workermanchat.expert.truncated" => matches!(self.variant.way, Way::Cut | Way::SomeCut),
            // Of a cut message, the beginning of its text is shown.
            "workermanchat.content" | "workermanchat.text" if kept.is_cut => {
                right.iter().any(|right| right.starts_with(value))
            }
            // Of a frame with several segments, no header is read.
            "workermanchat.acks" if self.full.header(kept.origin).is_none() || self.is_passed_over(frame) => true,
            "workermanchat.acks" => {
                let slid = self.slid.get(&frame);
                self.meant(value).iter().any(|old| slid.is_some_and(|slid| slid.contains(old)))
            }
            "workermanchat.user" | "workermanchat.room" => {
                let is_new_here = self.full.labels(kept.origin).is_none();
                let is_slid = self.slid.contains_key(&frame) || self.slid_phases.contains_key(&frame);
                let of = self.full.connection(kept.origin);
                let mut others = self.full.shown.range(1..).filter(|(other, _)| self.full.connection(**other) == of);
                is_new_here
                    && is_slid
                    && others.any(|(_, labels)| values(Some(labels), field).contains(&value.to_owned()))
            }
            "workermanchat.response_in" => {
                let answers = self.answers(frame);
                self.meant(value).iter().any(|old| answers.contains(old))
            }
            // The name that the request itself gives, where the user of the id is not known.
            "workermanchat.recipient" => {
                values(self.shown.get(&frame), "workermanchat.to_client_name").contains(&value.to_owned())
            }
            "workermanchat.response_time" => {
                let request = numbers(self.shown.get(&frame), "workermanchat.request_in");
                let time = |frame: u32| self.variant.kept[frame as usize - 1].packet.time;
                request.iter().any(|&request| seconds(time(frame), time(request)) == value.parse().ok())
            }
            "workermanchat.deliveries" => self.deliveries_fit(frame, value.parse().unwrap(), right),
            _ => false,
        }
    }

    /// The full capture's frames that answer what this frame asks.
    fn answers(&self, frame: u32) -> Vec<u32> {
        let asked = &self.stands_for[frame as usize - 1];
        let mut answers: Vec<u32> = self.full.shown.keys().copied().collect();
        answers.retain(|&answer| {
            let requests = self.full.numbers(answer, "workermanchat.request_in");
            requests.iter().any(|request| asked.iter().any(|asked| self.full.is_same_request(*asked, *request)))
        });
        answers
    }

    fn deliveries_fit(&self, frame: u32, number: usize, right: &[String]) -> bool {
        let answers = self.answers(frame);
        let is_left = |answer: &u32| {
            let frames = self.new_frames(*answer);
            !frames.is_empty() && frames.iter().all(|&frame| !self.variant.kept[frame as usize - 1].is_cut)
        };
        let (left, gone): (Vec<u32>, Vec<u32>) = answers.iter().partition(|answer| is_left(answer));
        let full: Vec<usize> = right.iter().filter_map(|value| value.parse().ok()).collect();
        if full.contains(&number) || (full.is_empty() && number == left.len()) {
            return true;
        }
        let hidden = gone.iter().all(|&answer| !self.shows_as_missing(answer));
        let one_each = full.contains(&answers.len());
        hidden && if one_each { number == left.len() } else { number < full.iter().copied().max().unwrap_or(0) }
    }

    /// Whether something that is left of a connection shows that a segment of it is missing, or the segment is cut.
    fn shows_as_missing(&self, gone: u32) -> bool {
        let Some(header) = self.full.header(gone) else { return true };
        let shows = |kept: &Kept| {
            let Some(other) = self.full.header(kept.origin) else { return false };
            if kept.origin == gone {
                return true; // there, but cut
            }
            if self.full.connection(kept.origin) != self.full.connection(gone) || other.has(SYN) {
                return false;
            }
            match other.from == header.from {
                true => reaches(other.seq, header.end()),
                false => other.has(ACK) && !other.has(RST) && reaches(other.ack, header.end()),
            }
        };
        self.variant.kept.iter().any(shows)
    }
}

/// The say requests that are captured on both sides of a proxy: they list the same deliveries.
fn proxied(shown: &Shown) -> BTreeMap<u32, u32> {
    let listed = |labels: &Labels| {
        let [content, frames] =
            ["workermanchat.content", DELIVERED_IN].map(|field| values(Some(labels), field).to_vec());
        (content, frames)
    };
    let mut pairs = BTreeMap::new();
    let mut seen: BTreeMap<(Vec<String>, Vec<String>), u32> = BTreeMap::new();
    let requests = shown.iter().filter(|(_, labels)| !values(Some(labels), DELIVERED_IN).is_empty());
    for (&frame, labels) in requests {
        if let Some(earlier) = seen.insert(listed(labels), frame) {
            pairs.extend([(frame, earlier), (earlier, frame)]);
        }
    }
    pairs
}

/// Exchanges that are one, though the full capture does not tell: logins that the server tells of by one id within two seconds, of which
/// one could not be traced back to its request; and where there is a proxy, the close of both connections of one user.
fn same_exchanges(
    recording: &Recording,
    shown: &Shown,
    parts: &BTreeMap<u32, Vec<(u32, Title)>>,
    has_proxy: bool,
) -> BTreeMap<u32, u32> {
    let time = |frame: u32| recording.packets[frame as usize - 1].time;
    let mut first: BTreeMap<(String, String), u32> = BTreeMap::new();
    let mut same = BTreeMap::new();
    let mut ends: Vec<(u32, &Title)> = Vec::new();
    for (&frame, labels) in shown.range(1..) {
        let id = values(Some(labels), "workermanchat.client_id");
        for (exchange, title) in parts.get(&frame).into_iter().flatten() {
            let name = title.detail.clone().unwrap_or_default();
            if let ("Login", [id], false) = (title.kind, id, name.is_empty()) {
                let begun = first.entry((id.clone(), name)).or_insert(*exchange);
                if time(*exchange).saturating_sub(time(*begun)).as_secs() >= 2 {
                    *begun = *exchange;
                }
                same.insert(*exchange, *begun);
            } else if title.kind == "end" && title.detail.is_some() && has_proxy {
                let is_other_side = |(other, of): &&(u32, &Title)| {
                    of.detail == title.detail && time(*exchange).abs_diff(time(*other)).as_millis() < 100
                };
                let begun = ends.iter().find(is_other_side).map_or(*exchange, |(other, _)| *other);
                ends.push((begun, title));
                same.insert(*exchange, begun);
            }
        }
    }
    same
}

fn seconds(late: std::time::Duration, early: std::time::Duration) -> Option<f64> {
    // As tshark prints it, with nine digits.
    let difference = late.as_nanos() as i128 - early.as_nanos() as i128;
    Some(difference as f64 / 1e9)
}

/// The kind of a difference: its field, and what is special about it.
fn kind_of(name: &str, value: &str, right: &[String]) -> String {
    let members = |text: &str| text.split(", ").map(str::to_owned).collect::<BTreeSet<String>>();
    if let Some(finding) = name.strip_prefix("expert.") {
        return format!("finding {finding}");
    }
    if name == "room.members" && right.iter().any(|right| members(right).is_superset(&members(value))) {
        return "room.members (fewer)".to_owned();
    }
    if name == "deliveries" && right.iter().any(|right| right.parse::<u32>().ok() > value.parse::<u32>().ok()) {
        return "deliveries (fewer, though a hole shows)".to_owned();
    }
    let is_number = value.parse::<u64>().is_ok();
    match !is_number && right.iter().any(|right| right.len() > value.len() && right.starts_with(value)) {
        true => format!("{name} (cut off)"),
        false if right.is_empty() => format!("{name} (new)"),
        false => format!("{name} (other)"),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(160).collect()
}

// ---- the run ----

fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is a number, not {value}")))
}

/// What differs, by kind: how often, in which captures and by which ways, and the first few examples.
#[derive(Default)]
struct Tally {
    count: usize,
    places: BTreeMap<(String, Way), usize>,
    examples: Vec<String>,
}

#[test]
fn what_is_missing_from_a_capture_changes_no_label_of_the_rest() {
    let seed = setting("WORKERMANCHAT_SEED").unwrap_or(DEFAULT_SEED);
    let wanted = setting("WORKERMANCHAT_VARIANTS").map_or(DEFAULT_VARIANTS, |number| number as usize);
    let only = std::env::var("WORKERMANCHAT_ONLY").ok();
    let numbers = std::env::var("WORKERMANCHAT_NUMBERS").ok();
    let numbers: Vec<usize> = match &numbers {
        Some(list) => list.split(',').map(|number| number.parse().expect("numbers of variants")).collect(),
        None => (0..wanted).collect(),
    };
    let wireshark = Wireshark::with_plugin();
    let fields = Fields::of(&wireshark);
    let all = recordings().into_iter().chain(simulations()).filter(|recording| recording.packets.len() > 4);
    let all = all.filter(|recording| only.as_ref().is_none_or(|only| *only == recording.name));
    let full: Vec<Full> = all.map(|recording| Full::new(&wireshark, &fields, recording)).collect();
    println!("seed {seed}, {wanted} variants of {} captures", full.len());
    let next = AtomicUsize::new(0);
    let tallies: Mutex<BTreeMap<String, Tally>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (wireshark, fields, full, next, tallies) = (&wireshark, &fields, &full, &next, &tallies);
            let numbers = &numbers;
            scope.spawn(move || {
                loop {
                    let Some(&number) = numbers.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                    if number % 200 == 199 {
                        eprintln!("variant {} of {wanted}", number + 1);
                    }
                    attempt(seed, number, full, &format!("variant-{thread}"), wireshark, fields, tallies);
                }
            });
        }
    });
    let tallies = tallies.into_inner().expect("no thread panicked");
    judge(&tallies, seed);
}

/// Makes variant `number` of the run and compares it.
fn attempt(
    seed: u64,
    number: usize,
    full: &[Full],
    file: &str,
    wireshark: &Wireshark,
    fields: &Fields,
    tallies: &Mutex<BTreeMap<String, Tally>>,
) {
    // Every capture once with one way, then every capture with the next way, shifted so that few variants mix both.
    let (round, at) = (number / full.len(), number % full.len());
    let (full, way) = (&full[at], Way::ALL[(round + at) % Way::ALL.len()]);
    let mut random = Random::new(seed ^ (number as u64) << 20);
    let variant = Variant::make(&full.recording, way, round / Way::ALL.len() + seed as usize, &mut random);
    if variant.kept.is_empty() {
        return;
    }
    let packets: Vec<Recorded> = variant.kept.iter().map(|kept| kept.packet.clone()).collect();
    let shown = shown(wireshark, fields, &full.recording, file, &packets, &[]);
    let found = differences(full, fields, &variant, &shown);
    let mut kinds = BTreeSet::new();
    for Difference { kind, text } in found {
        let mut tallies = tallies.lock().expect("no thread panicked");
        let tally = tallies.entry(kind.clone()).or_default();
        tally.count += 1;
        *tally.places.entry((full.recording.name.clone(), way)).or_default() += 1;
        if kinds.insert(kind.clone()) && tally.examples.len() < 6 {
            let example = format!("#{number} {} {}: {text}", full.recording.name, variant.what);
            keep(&kind, &example, &full.recording, &packets, tally.examples.len());
            tally.examples.push(example);
        }
    }
}

/// Writes a variant that differs, and how.
fn keep(kind: &str, example: &str, recording: &Recording, packets: &[Recorded], number: usize) {
    let Some(folder) = std::env::var_os("WORKERMANCHAT_KEEP").map(std::path::PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).expect("create the folder of variants");
    let kind: String = kind.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let name = format!("{kind}-{number}-{}", recording.name);
    std::fs::write(folder.join(format!("{name}.pcap")), recording.pcap(packets)).expect("write the variant");
    std::fs::write(folder.join(format!("{name}.txt")), format!("{example}\n")).expect("write what differs");
}

fn judge(tallies: &BTreeMap<String, Tally>, seed: u64) {
    let mut report = String::new();
    for (kind, tally) in tallies {
        writeln!(report, "{kind}: {} times", tally.count).unwrap();
        let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for ((capture, way), count) in &tally.places {
            places.entry(capture).or_default().push(format!("{way:?} {count}"));
        }
        places.iter().for_each(|(capture, ways)| writeln!(report, "    {capture}: {}", ways.join(", ")).unwrap());
        tally.examples.iter().for_each(|example| writeln!(report, "  {example}").unwrap());
    }
    assert!(tallies.is_empty(), "seed {seed}: labels that the full capture does not have:\n{report}");
}
