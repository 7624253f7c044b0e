//! The links of thousands of simulated servers are the truth, which the model knows: see `harness/server_model.rs`. The session alone is asked,
//! without Wireshark.
//!
//! A link that the capture cannot tell may be missing. In dialect C, where what one client says is delivered in its order, it is there if the
//! order leaves one say. What is left of a capture that lacks a segment, has one twice or two of two connections in the other order says the
//! same or nothing. `WORKERMANCHAT_SERVERS=n` plays `n` servers, `WORKERMANCHAT_SEED=n` that one alone.

#[allow(dead_code)]
#[path = "harness/random.rs"]
mod random;
#[path = "harness/server_model.rs"]
mod server_model;
#[allow(dead_code)]
#[path = "harness/websocket.rs"]
mod websocket;

use std::collections::{BTreeMap, BTreeSet};

use random::Random;
use server_model::{Content, Copy, Dialect, Packet, Played, Role, play};
use workermanchat::message::{Message, read};
use workermanchat::packet::{Captured, Endpoint, Frame, FrameTime, Position, Segment, SequenceNumber, Side, StreamId};
use workermanchat::session::{MessageView, Session};

/// How many servers are played where nobody asks for more.
const SERVERS: u64 = 600;
/// How many examples of a kind of difference are shown.
const SHOWN: usize = 3;

/// What was done to a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    None,
    Removed(usize),
    Doubled(usize),
    Swapped(usize),
}

/// A capture, and what each of its frames holds: the packet of the full one, and whether it was captured before.
struct Capture<'a> {
    played: &'a Played,
    change: Change,
    frames: Vec<(Packet, bool)>,
    /// The packet that it lacks.
    lacks: Option<Packet>,
}

impl<'a> Capture<'a> {
    fn new(played: &'a Played, packets: &[Packet], change: Change) -> Capture<'a> {
        let mut frames: Vec<(Packet, bool)> = packets.iter().map(|packet| (packet.clone(), false)).collect();
        let mut lacks = None;
        match change {
            Change::None => {}
            Change::Removed(at) => lacks = Some(frames.remove(at).0),
            Change::Doubled(at) => {
                let time = frames[at].0.time;
                frames.insert(at + 1, (Packet { time, ..frames[at].0.clone() }, true));
            }
            Change::Swapped(at) => {
                let times = [at, at + 1].map(|at| frames[at].0.time);
                frames.swap(at, at + 1);
                (frames[at].0.time, frames[at + 1].0.time) = (times[0], times[1]);
            }
        }
        Capture { played, change, frames, lacks }
    }
}

fn segment(packet: &Packet, frame: u32, length: u32) -> Segment {
    let end = |address, port, chat_port| Endpoint { address: [address; 16], address_length: 4, port, chat_port };
    let (client, server) = (end(9, 40_000 + packet.client as u16, false), end(5, 7272, true));
    let (source, destination) = if packet.from_client { (client, server) } else { (server, client) };
    Segment {
        at: FrameTime { frame: Frame::of(frame), time: packet.time as i64 * 1000 + 1_000_000_000 },
        stream: StreamId(packet.client as u32),
        source,
        destination,
        sequence: SequenceNumber(packet.sequence),
        acknowledgment: SequenceNumber(packet.acknowledgment),
        flags: packet.flags,
        length,
        identity: 0,
    }
}

/// Feeds a session with a frame, as the dissector does.
fn feed(session: &mut Session, packet: &Packet, frame: u32, is_again: bool) {
    let payload = packet.payload();
    let segment = segment(packet, frame, payload.len() as u32);
    let side = if packet.from_client { Side::Client } else { Side::Server };
    session.segment(&segment, &payload);
    match &packet.content {
        _ if is_again => {}
        Content::Nothing => {}
        Content::Http(_) => session.handshake(&segment, &payload, []),
        Content::Messages(messages) => {
            session.frames(&segment, &payload, Captured { bytes: &payload, reported: payload.len() }, Some(0));
            for (index, message) in (0..).zip(messages) {
                session.message(&segment, index, &Message::of(&read(message.json.as_bytes()), side, false));
            }
        }
    }
    session.look_back(&segment);
}

/// The place of a message in a capture.
type Place = (u32, u32);

/// What is true of a capture.
#[derive(Default)]
struct Truth {
    /// By the number of the say.
    said: BTreeMap<usize, (Place, usize)>,
    /// The say that each delivery delivers, by its place: the connection, and the copy.
    deliveries: BTreeMap<Place, (usize, usize, Copy)>,
}

impl Truth {
    fn of(capture: &Capture) -> Truth {
        let mut truth = Truth::default();
        for (frame, (packet, is_again)) in (1..).zip(&capture.frames) {
            for (index, message) in (0..).zip(packet.messages()).filter(|_| !is_again) {
                match message.role {
                    Role::Say(say) => _ = truth.said.insert(say, ((frame, index), packet.client)),
                    Role::Delivery(say, copy) => {
                        truth.deliveries.insert((frame, index), (say, packet.client, copy));
                    }
                    Role::Other => {}
                }
            }
        }
        truth
    }

    fn of_say(&self, say: usize) -> impl Iterator<Item = (&Place, &(usize, usize, Copy))> {
        self.deliveries.iter().filter(move |(_, (other, ..))| *other == say)
    }

    /// How many connections got a say.
    fn count(&self, say: usize) -> usize {
        self.of_say(say).map(|(_, (_, client, _))| client).collect::<BTreeSet<_>>().len()
    }
}

/// Differences by kind: how often, and the first ones.
#[derive(Default)]
struct Differences {
    kinds: BTreeMap<String, (usize, Vec<String>)>,
    links: usize,
    missing: usize,
    early: usize,
    /// Deliveries of an old say that are taken for a newer one's, which was lost.
    taken_for_lost: usize,
}

impl Differences {
    fn add(&mut self, kind: &str, what: String) {
        let (count, shown) = self.kinds.entry(kind.to_owned()).or_default();
        *count += 1;
        if shown.len() < SHOWN {
            shown.push(what);
        }
    }
}

fn view(session: &Session, client: usize, (frame, index): Place) -> Option<MessageView<'_>> {
    session.message_view(StreamId(client as u32), Position { frame: Frame::of(frame), index })
}

/// Compares one capture with the truth.
struct Comparison<'a> {
    capture: &'a Capture<'a>,
    /// Of the whole capture, where this one lacks something.
    whole: &'a Truth,
    truth: Truth,
    part: &'static str,
    what: String,
    differences: &'a mut Differences,
    /// The says for which a delivery of an older one was taken.
    taken: BTreeSet<Option<u32>>,
}

impl Comparison<'_> {
    fn wrong(&mut self, kind: &str, what: String) {
        let change = match self.capture.change {
            Change::None => "",
            Change::Removed(_) => ", one removed",
            Change::Doubled(_) => ", one doubled",
            Change::Swapped(_) => ", two swapped",
        };
        let kind = format!("{:?} {}{change}: {kind}", self.capture.played.dialect, self.part);
        self.differences.add(&kind, format!("{}: {what}", self.what));
    }

    fn run(&mut self) {
        let mut session = Session::default();
        for (frame, (packet, is_again)) in (1..).zip(&self.capture.frames) {
            feed(&mut session, packet, frame, *is_again);
            for index in 0..packet.messages().len() as u32 {
                self.link(&session, (frame, index), "at first");
            }
        }
        session.finish();
        let places: Vec<Place> = self.truth.deliveries.keys().copied().collect();
        let mut linked = BTreeSet::new();
        for place in places {
            if self.link(&session, place, "in the end") {
                linked.insert(place);
            }
        }
        if std::env::var_os("WORKERMANCHAT_TRACE").is_some() {
            for (place, (say, client, copy)) in &self.truth.deliveries {
                let found = view(&session, *client, *place);
                let link = found.as_ref().and_then(|found| found.say()).map(|say| say.at.frame.number());
                let is_open = found.map(|found| found.record.is_open);
                println!(
                    "{place:?} to {client} {copy:?}: {link:?}, open {is_open:?}, of {:?}",
                    self.truth.said.get(say)
                );
            }
        }
        let says: Vec<usize> = self.truth.said.keys().copied().collect();
        says.iter().for_each(|say| self.say(&session, *say));
        if self.capture.change == Change::None {
            self.differences.links += linked.len();
            self.differences.missing += self.truth.deliveries.len() - linked.len();
            if self.capture.played.dialect == Dialect::C && self.part != "begins late" {
                for place in self.determined() {
                    if !linked.contains(&place) {
                        let (say, client, copy) = self.truth.deliveries[&place];
                        let (said, sender) = self.truth.said[&say];
                        if view(&session, sender, said).is_none_or(|view| view.record.sender_id.is_none()) {
                            continue;
                        }
                        self.wrong("no link", format!("{place:?} to {client} ({copy:?}) delivers {said:?}"));
                    }
                }
            }
        }
    }

    /// Checks the link of a delivery. Returns whether there is one.
    fn link(&mut self, session: &Session, place: Place, when: &str) -> bool {
        let Some((say, client, copy)) = self.truth.deliveries.get(&place).copied() else { return false };
        let Some(view) = view(session, client, place) else { return false };
        let Some(found) = view.say() else { return false };
        let time = view.record.at.since(found.at);
        let frame = found.at.frame.number();
        let number = view.record.say;
        match self.truth.said.get(&say).copied() {
            None => self.wrong(
                "link to another say",
                format!("{place:?} to {client} ({copy:?}), whose say is missing: {frame} {when}"),
            ),
            Some((said, sender)) => {
                let of_request = self::view(session, sender, said).and_then(|view| view.record.say);
                // Of two equal says, the older more than a second old and the newer of this moment, only age is left where the newer is lost,
                // and takes the older for lost.
                let asked = self::view(session, sender, said).map(|asked| view.record.at.since(asked.record.at));
                let is_old = asked.is_some_and(|age| age > 1_000_000_000);
                let is_taken_for_lost = said.0 < frame && is_old && (0..=10_000_000).contains(&time);
                if is_taken_for_lost {
                    self.differences.taken_for_lost += 1;
                    self.taken.insert(number);
                }
                if !is_taken_for_lost && (said.0 != frame || of_request != number) {
                    self.wrong(
                        "link to another say",
                        format!("{place:?} to {client} ({copy:?}) from {sender}: {frame} instead of {said:?} {when}"),
                    );
                }
            }
        }
        if time < 0 && !matches!(self.capture.change, Change::Swapped(_)) {
            self.wrong("negative response time", format!("{place:?}: {frame} {when}"));
        }
        true
    }

    fn say(&mut self, session: &Session, say: usize) {
        let (place, sender) = self.truth.said[&say];
        let Some(view) = view(session, sender, place) else {
            return self.wrong("no label of a say", format!("{place:?}"));
        };
        let (left, all) = (self.truth.count(say), self.whole.count(say));
        if view.reached_nobody() {
            if left > 0 || all > 0 && self.shows_gap() {
                self.wrong("no_delivery", format!("{place:?} of {sender}: {all} got it"));
            }
            // It may be late.
            self.differences.early += usize::from(all == 0 && self.is_delivered_later(say));
        }
        let Some(found) = view.say() else { return };
        if found.is_counted && (found.deliveries > 0 || view.reached_nobody()) {
            let count = found.deliveries as usize;
            if count != all && (count != left || self.shows_gap()) {
                self.wrong(
                    "deliveries",
                    format!("{place:?} of {sender}: {count} instead of {all} (of which {left} are left)"),
                );
            }
        }
        let frames: BTreeSet<u32> = self.truth.of_say(say).map(|((frame, _), _)| *frame).collect();
        if let Some(first) = found.first.map(Frame::number) {
            let is_true = match self.capture.change {
                Change::None => frames.first() == Some(&first),
                _ => frames.contains(&first),
            };
            if !is_true && !self.taken.contains(&view.record.say) {
                self.wrong("response_in", format!("{place:?} of {sender}: {first} instead of {frames:?}"));
            }
        }
        let listed: Vec<u32> = session.deliveries(found).map(|it| it.at.frame.number()).collect();
        if !self.taken.contains(&view.record.say) && listed.iter().any(|frame| !frames.contains(frame)) {
            self.wrong("listed delivery", format!("{place:?} of {sender}: {listed:?} instead of {frames:?}"));
        }
    }

    /// Whether the whole session delivers a say that the capture does not.
    fn is_delivered_later(&self, say: usize) -> bool {
        let messages = self.capture.played.packets.iter().flat_map(Packet::messages);
        messages.into_iter().any(|message| matches!(message.role, Role::Delivery(other, _) if other == say))
    }

    /// Whether anything in the capture shows that a segment is missing.
    fn shows_gap(&self) -> bool {
        let (Change::Removed(at), Some(lacks)) = (self.capture.change, &self.capture.lacks) else { return true };
        let end = lacks.sequence.wrapping_add(lacks.payload().len() as u32);
        let mut rest =
            self.capture.frames[at..].iter().map(|(packet, _)| packet).filter(|it| it.client == lacks.client);
        rest.any(|it| it.from_client == lacks.from_client || it.acknowledgment.wrapping_sub(end) < 1 << 31)
    }

    /// The deliveries whose says the order determines, where the sender is heard of afterwards.
    fn determined(&self) -> Vec<Place> {
        let mut sequences: BTreeMap<(usize, usize, Copy), Vec<(Place, usize)>> = BTreeMap::new();
        let mut incomplete = BTreeSet::new();
        for (place, (say, receiver, copy)) in &self.truth.deliveries {
            let of = (self.capture.played.says[*say].client, *receiver, *copy);
            match self.truth.said.contains_key(say) {
                true => sequences.entry(of).or_default().push((*place, *say)),
                false => _ = incomplete.insert(of),
            }
        }
        sequences.retain(|of, _| !incomplete.contains(of));
        sequences.into_iter().flat_map(|((sender, ..), deliveries)| self.determined_of(sender, &deliveries)).collect()
    }

    fn determined_of(&self, sender: usize, deliveries: &[(Place, usize)]) -> Vec<Place> {
        let played = &self.capture.played.says;
        let key = |say: usize| (&played[say].text, played[say].to);
        let says: Vec<usize> = self
            .truth
            .said
            .keys()
            .copied()
            .filter(|say| played[*say].client == sender && played[*say].is_json)
            .collect();
        let mut left = says.iter().copied();
        let first: Vec<Option<usize>> =
            deliveries.iter().map(|(_, say)| left.find(|other| key(*other) == key(*say))).collect();
        let mut left = says.iter().copied().rev();
        let mut last: Vec<Option<usize>> = deliveries
            .iter()
            .rev()
            .map(|(place, say)| left.find(|other| key(*other) == key(*say) && self.truth.said[other].0 < *place))
            .collect();
        last.reverse();
        let is_heard =
            |(frame, _): Place| self.capture.frames[frame as usize..].iter().any(|(packet, _)| packet.client == sender);
        let unique = deliveries.iter().zip(first.iter().zip(last));
        unique
            .filter(|((place, _), (first, last))| **first == *last && is_heard(*place))
            .map(|((place, _), _)| *place)
            .collect()
    }
}

/// A part of what was played: all, or without its beginning or end.
fn part(played: &Played, random: &mut Random) -> (Vec<Packet>, &'static str) {
    let count = played.packets.len();
    match random.below(4) {
        0 => {
            // Often right behind a say.
            let says: Vec<usize> = (0..count)
                .filter(|at| played.packets[*at].messages().iter().any(|it| matches!(it.role, Role::Say(_))))
                .collect();
            let end = if says.is_empty() { count } else { *random.pick(&says) + 1 + random.below(3) };
            (played.packets[..end.min(count)].to_vec(), "ends early")
        }
        // Who logs in again passes for one who has just come.
        1 if !logs_in_twice(played) => (played.packets[random.below(count / 2)..].to_vec(), "begins late"),
        _ => (played.packets.clone(), "whole"),
    }
}

fn logs_in_twice(played: &Played) -> bool {
    let is_login =
        |packet: &&Packet| packet.from_client && packet.messages().iter().any(|it| it.json.contains("login"));
    let mut clients = BTreeSet::new();
    !played.packets.iter().filter(is_login).all(|packet| clients.insert(packet.client))
}

fn check(seed: u64, differences: &mut Differences) {
    let played = play(seed);
    let mut random = Random::new(seed ^ 0x5eed);
    let (packets, part) = part(&played, &mut random);
    let mut changes = vec![Change::None];
    let at = |random: &mut Random| random.below(packets.len());
    let (doubled, swapped) = (at(&mut random), at(&mut random));
    // A say that is missing shows only behind its deliveries where the server keeps no order, or drops others: they pass for those of an
    // equal one.
    let is_shown = |packet: &Packet| !packet.from_client || played.dialect == Dialect::C && !played.drops;
    let is_data = |at: &usize| !packets[*at].messages().is_empty() && is_shown(&packets[*at]);
    let data: Vec<usize> = (0..packets.len()).filter(is_data).collect();
    changes.extend((!data.is_empty()).then(|| Change::Removed(*random.pick(&data))));
    changes.push(Change::Doubled(doubled));
    // Of equal says of one segment, none is the one whose delivery came before, where the server keeps no order.
    let is_apart = |at: usize| played.dialect == Dialect::C || packets[at].messages().len() < 2;
    if swapped + 1 < packets.len() && is_apart(swapped) && packets[swapped].client != packets[swapped + 1].client {
        changes.push(Change::Swapped(swapped));
    }
    let whole = Truth::of(&Capture::new(&played, &packets, Change::None));
    for change in changes {
        let capture = Capture::new(&played, &packets, change);
        if std::env::var_os("WORKERMANCHAT_TRACE").is_some() {
            trace(&capture);
        }
        let what = format!("seed {seed} ({part}, {change:?})");
        Comparison {
            capture: &capture,
            whole: &whole,
            truth: Truth::of(&capture),
            part,
            what,
            differences: &mut *differences,
            taken: BTreeSet::new(),
        }
        .run();
    }
}

/// Prints a capture.
fn trace(capture: &Capture) {
    println!("---- {:?} {:?}", capture.played.dialect, capture.change);
    for (frame, (packet, is_again)) in (1..).zip(&capture.frames) {
        let arrow = if packet.from_client { "->" } else { "<-" };
        let again = if *is_again { " again" } else { "" };
        print!(
            "{frame:4} {:9.6} {arrow} {} seq {} ack {}{again}",
            packet.time as f64 / 1e6,
            packet.client,
            packet.sequence,
            packet.acknowledgment
        );
        packet.messages().iter().for_each(|it| print!(" | {:?} {}", it.role, it.json));
        println!();
    }
}

#[test]
fn links_are_the_truth_of_simulated_servers() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seeds = match number("WORKERMANCHAT_SEED") {
        Some(seed) => seed..seed + 1,
        None => 1..1 + number("WORKERMANCHAT_SERVERS").unwrap_or(SERVERS),
    };
    let mut differences = Differences::default();
    seeds.for_each(|seed| check(seed, &mut differences));
    println!(
        "{} links, {} missing, {} told to be lost that came later, {} of an old say that are taken for a lost newer one's",
        differences.links, differences.missing, differences.early, differences.taken_for_lost
    );
    let wrong = differences
        .kinds
        .iter()
        .map(|(kind, (count, shown))| format!("{kind}: {count} times\n  {}", shown.join("\n  ")));
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "wrong:\n{}", wrong.join("\n"));
}
