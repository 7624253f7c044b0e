//! Which say a delivery delivers: by sender, recipient, text and time. Where the capture lacks what would decide it, nothing is said.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::failpoint::failpoint;
use crate::packet::{Frame, FrameTime, Position, Side, StreamId};
use crate::session::connection::Connection;
use crate::session::connection::gaps::Gaps;
use crate::session::connection::table::Connections;
use crate::session::ids::{MessagePlace, SayNumber};
use crate::session::say::Says;
use crate::session::say::alike::{Alike, Choice, DELIVERY_WINDOW, SLOW, Wanted, choose};
use crate::session::say::said::{Said, SayCopy};
use crate::session::say::tracked::TrackedSay;
use crate::session::storage::chunks::Chunks;
use crate::session::storage::texts::TextId;

/// How much earlier than its say a delivery may have been captured. Nanoseconds.
const REORDER_WINDOW: i64 = 100_000_000;
/// How many deliveries without a say are kept, in case the say was captured late.
const MAX_ORPHANS: usize = 1024;
/// How many deliveries wait until it is settled what they deliver.
const MAX_WAITING: usize = 256;
/// How many of the says that are alike are compared one by one.
const MAX_COMPARED: usize = 64;
/// The time that a server is granted for a delivery before it has shown how fast it is. Nanoseconds.
const FIRST_USUAL: i64 = 50_000_000;
/// The least that it is granted. Nanoseconds.
const LEAST_USUAL: i64 = 10_000_000;
/// The longest time that is usual for any server. Nanoseconds.
const MOST_USUAL: i64 = 2_000_000_000;

/// A delivery that is to be assigned to its say.
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    /// The message.
    pub place: MessagePlace,
    /// The sender's client id and name, where the message has them.
    pub from: (Option<TextId>, Option<TextId>),
    /// The recipient and the text.
    pub said: Said,
    /// Which copy it is.
    pub copy: SayCopy,
    /// The first frame in which the receiving connection can have been in a room, where that is known.
    pub joined: Option<FrameTime>,
}

/// Why a say is only likely to be the one that a delivery delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It was said long ago, or its delivery may be missing: a later one may have been said and not be captured, until the sender's
    /// connection shows that none was.
    Late,
    /// The sender's id is not known: another may have said the same, until so many nanoseconds since the epoch.
    Unnamed(i64),
}

/// What of a capture is asked for the say of a delivery.
#[derive(Clone, Copy)]
pub struct Capture<'a> {
    /// The connection that has a client id.
    pub owner: &'a dyn Fn(TextId) -> Option<StreamId>,
    /// All says.
    pub says: &'a Says,
    /// The connections, for what the capture lacks of them.
    pub connections: &'a Connections,
    /// What it lacks of what clients sent since they were first seen.
    pub gaps: &'a Gaps,
    /// When its first segment was captured, in nanoseconds since the epoch.
    pub start: i64,
}

/// What is known of the say that a delivery delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It is this one.
    Say(SayNumber, Choice),
    /// It is this one, if what follows in the capture does not contradict it.
    Likely(SayNumber, Doubt),
    /// One of these could be meant, and the capture lacks what would decide it.
    Unknown(Vec<SayNumber>),
    /// It was not captured.
    None,
}

/// The says of one server by what they have in common with their deliveries.
#[derive(Debug, Default)]
pub struct Matching {
    alike: Chunks<Alike>,
    /// Numbers of `alike`, by sender and text.
    index: HashTable<u32>,
    /// Per connection, copy and says that are alike, the first say that can reach the connection next. The connection's number and,
    /// above two bits for the copy, that of the says.
    progress: HashMap<(StreamId, u32), SayNumber>,
    orphans: Orphans,
    /// When a sender whose id is not known said something last, in nanoseconds since the epoch.
    last_unnamed: i64,
    /// The longest time between a request and its answer, in nanoseconds, of late; 0 until one is known.
    longest: i64,
    hasher: DefaultHashBuilder,
}

impl Matching {
    fn find_alike(&self, from: Option<TextId>, said: Said) -> Option<u32> {
        let is_it = |at: &u32| self.alike.get(*at).is_some_and(|alike| (alike.from, alike.said) == (from, said));
        self.index.find(self.hasher.hash_one((from, said)), is_it).copied()
    }

    /// An answer took so many nanoseconds.
    pub fn answered_after(&mut self, nanoseconds: i64) {
        let nanoseconds = nanoseconds.clamp(1, MOST_USUAL);
        self.longest = nanoseconds.max(self.longest - self.longest / 8);
    }

    /// The time that the server usually takes at most, in nanoseconds.
    fn usual(&self) -> i64 {
        usual(self.longest)
    }

    /// Enters a say request, which is alike to none yet.
    pub fn ask(&mut self, number: SayNumber, from: Option<TextId>, said: Said, says: &mut Says) {
        failpoint!("session::matching");
        let list = self.find_alike(from, said);
        match list.and_then(|list| self.alike.get_mut(list)) {
            Some(alike) => alike.push(number),
            None => self.add(Alike::new(said, from, number)),
        }
        if let Some(say) = says.get_mut(number) {
            say.set_readable();
            if from.is_none() {
                self.last_unnamed = self.last_unnamed.max(say.at().time);
            }
        }
    }

    fn add(&mut self, new: Alike) {
        let list = self.alike.push(new);
        let (alike, hasher) = (&self.alike, &self.hasher);
        let hash_of = |at: &u32| alike.get(*at).map_or(0, |alike| hasher.hash_one((alike.from, alike.said)));
        self.index.insert_unique(hash_of(&list), list, hash_of);
    }

    /// The deliveries of a say that were captured shortly before it; `None` where there are some, but an earlier say may be missing, or one
    /// of somebody else, which they could deliver.
    pub fn take_early(
        &mut self,
        say: &TrackedSay,
        from: Option<TextId>,
        said: Said,
        connections: &Connections,
    ) -> Option<Vec<Delivery>> {
        let usual = self.usual();
        let mut early = self.orphans.take(say.at(), from, said);
        let gaps = connections.get(&say.stream).map_or(Gaps::NONE, |sender| sender.gaps(Side::Client));
        let is_certain =
            |delivery: &Delivery| from.is_some() && !gaps.since(delivery.place.at.time.saturating_sub(usual));
        let count = early.len();
        early.retain(is_certain);
        (early.len() == count).then_some(early)
    }

    /// Looks for the say of a delivery.
    pub fn find(&self, delivery: &Delivery, capture: Capture) -> Found {
        match (self.find_from(delivery.from.0, delivery, capture), delivery.from.0) {
            (Found::None, Some(_)) => self.find_from(None, delivery, capture),
            (known, _) => known,
        }
    }

    /// The says that a delivery could deliver, too, if their senders, whose ids are not known, were the one whose say it delivers: a proxy
    /// may stand between.
    pub fn also_meant(&self, delivery: &Delivery, say: SayNumber, says: &Says) -> Vec<SayNumber> {
        let is_recent = |time: i64| delivery.place.at.time.saturating_sub(time) <= SLOW;
        if !is_recent(self.last_unnamed) {
            return Vec::new(); // as nearly always
        }
        let list = self.find_alike(None, delivery.said).and_then(|list| self.alike.get(list));
        let numbers = list.map_or(&[][..], |alike| last_of(alike.numbers())).iter().copied();
        numbers.filter(|other| *other != say && says.get(*other).is_some_and(|say| is_recent(say.at().time))).collect()
    }

    fn find_from(&self, from: Option<TextId>, delivery: &Delivery, capture: Capture) -> Found {
        let Some((list, alike)) = self.find_alike(from, delivery.said).and_then(|at| Some((at, self.alike.get(at)?)))
        else {
            return Found::None;
        };
        let longest = self.longest(alike, delivery, capture);
        let next = self.progress.get(&progress_of(delivery, list)).copied().unwrap_or(0);
        let time = delivery.place.at.time;
        let wanted = Wanted { time, joined: delivery.joined, next, usual: usual(longest) };
        let candidates = candidates(alike, from, delivery, &wanted, longest, capture);
        let Some(choice) = choose(&candidates, &wanted, capture.says) else { return Found::None };
        let Some(say) = capture.says.get(choice.say) else { return Found::None };
        let from_several = || {
            let is_recent = |other: &TrackedSay| time.saturating_sub(other.at().time) <= SLOW;
            is_said_by_others(alike, say.stream, capture.says, is_recent)
        };
        let lacks = |stream: StreamId, side: Side| {
            let lacks = |connection: &Connection| {
                connection.gaps(side).after(say.at().frame) || side == Side::Client && connection.has_unread(side)
            };
            capture.connections.get(&stream).is_some_and(lacks)
        };
        let (says_missing, deliveries_missing) =
            (lacks(say.stream, Side::Client), lacks(delivery.place.stream, Side::Server));
        // What was said just before the capture began, or before something that it lacks, may have been said by another.
        let is_early = say.at().time.saturating_sub(capture.start) < wanted.usual;
        let is_anyones = from.is_none() && (from_several() || is_early || capture.gaps.after(say.at().frame));
        let (is_late, is_own) = (choice.age > wanted.usual, delivery.is_own_copy(say.stream));
        if (choice.by_order || says_missing) && deliveries_missing || is_anyones && !is_own || is_late && says_missing {
            return Found::Unknown(last_of(&candidates).to_vec());
        }
        // Where its delivery may be missing, this may deliver a later one, unless the sender's connection shows that none is missing.
        let receiver = || capture.connections.get(&delivery.place.stream);
        let lacks_segments = || receiver().is_some_and(|it| it.gaps(Side::Server).any_segment(say.at().frame));
        let may_be_later = deliveries_missing && delivery.place.stream != say.stream && lacks_segments();
        match (is_late, from) {
            (true, _) => Found::Likely(choice.say, Doubt::Late),
            (false, None) if !is_own => Found::Likely(choice.say, Doubt::Unnamed(time.saturating_add(wanted.usual))),
            (false, _) if may_be_later => Found::Likely(choice.say, Doubt::Late),
            (false, _) => Found::Say(choice.say, choice),
        }
    }

    /// The longest time of late between a request and its answer, on the connections of a delivery and of its say, or else on any.
    fn longest(&self, alike: &Alike, delivery: &Delivery, capture: Capture) -> i64 {
        let round_trip = |stream: StreamId| {
            let chat = capture.connections.get(&stream).and_then(|connection| connection.chat());
            chat.map_or(0, |chat| chat.round_trip())
        };
        let last = alike.numbers().last().and_then(|last| capture.says.get(*last));
        match round_trip(delivery.place.stream).max(last.map_or(0, |last| round_trip(last.stream))) {
            0 => self.longest,
            longest => longest,
        }
    }

    /// A delivery delivers this say: its connection gets no earlier one any more.
    pub fn reached(&mut self, number: SayNumber, delivery: &Delivery) {
        for from in [delivery.from.0, None] {
            let Some(list) = self.find_alike(from, delivery.said) else { continue };
            let holds = |alike: &Alike| alike.numbers().binary_search(&number).is_ok();
            if self.alike.get(list).is_some_and(holds) {
                let next = self.progress.entry(progress_of(delivery, list)).or_insert(0);
                *next = (*next).max(number + 1);
                return;
            }
        }
    }

    /// Whether somebody else, whose connection is not known either, has just said the same.
    pub fn is_contradicted(&self, delivery: &Delivery) -> bool {
        self.orphans.any_other(delivery, self.usual())
    }

    /// A delivery whose say was not captured yet.
    pub fn keep(&mut self, delivery: Delivery) {
        self.orphans.push(delivery);
    }

    /// True if no other connection recently sent an identical say, so that the delivery names the sender of this one.
    pub fn is_unique(&self, number: SayNumber, said: Said, says: &Says) -> bool {
        let Some(say) = says.get(number) else { return true };
        let Some(alike) = self.find_alike(None, said).and_then(|list| self.alike.get(list)) else { return true };
        let is_recent = |other: &TrackedSay| say.at().since(other.at()).abs() <= DELIVERY_WINDOW;
        !is_said_by_others(alike, say.stream, says, is_recent)
    }

    /// Takes over what is known of a server that turns out to be the same. Returns the deliveries without a say, in the order of the
    /// capture.
    pub fn absorb(&mut self, other: Matching) -> Vec<Delivery> {
        let Matching { alike, progress, orphans, longest, last_unnamed, .. } = other;
        self.last_unnamed = self.last_unnamed.max(last_unnamed);
        let mut lists = Vec::new();
        for old in alike.iter() {
            let known = self.find_alike(old.from, old.said);
            lists.push(match known {
                Some(list) => {
                    if let Some(alike) = self.alike.get_mut(list) {
                        old.numbers().iter().for_each(|number| alike.push(*number));
                    }
                    list
                }
                None => {
                    self.add(old.clone());
                    self.alike.len() - 1
                }
            });
        }
        for ((stream, key), number) in progress {
            let Some(list) = lists.get((key >> 2) as usize) else { continue };
            let next = self.progress.entry((stream, list << 2 | key & 3)).or_insert(0);
            *next = (*next).max(number);
        }
        self.longest = self.longest.max(longest);
        let mut left: Vec<Delivery> = self.orphans.clear();
        left.extend(orphans.queue);
        left.sort_by_key(|delivery| delivery.place.position());
        left
    }
}

/// The time that an answer usually takes at most, where the longest of late took this, in nanoseconds.
fn usual(longest: i64) -> i64 {
    match longest {
        0 => FIRST_USUAL,
        longest => (2 * longest).clamp(LEAST_USUAL, MOST_USUAL),
    }
}

/// The last of many says.
fn last_of(says: &[SayNumber]) -> &[SayNumber] {
    &says[says.len().saturating_sub(MAX_COMPARED)..]
}

/// Whether one of the recent says that are alike comes from another connection.
fn is_said_by_others(alike: &Alike, stream: StreamId, says: &Says, is_recent: impl Fn(&TrackedSay) -> bool) -> bool {
    let mut all = last_of(alike.numbers()).iter().filter_map(|number| says.get(*number));
    all.any(|other| other.stream != stream && is_recent(other))
}

/// The says that a delivery can deliver, by all that is known but their times.
fn candidates<'a>(
    alike: &'a Alike,
    from: Option<TextId>,
    delivery: &Delivery,
    wanted: &Wanted,
    longest: i64,
    capture: Capture,
) -> Cow<'a, [SayNumber]> {
    let Capture { says, connections, .. } = capture;
    let receiver = delivery.place.stream;
    let possible = |candidates: &[SayNumber], is_possible: &dyn Fn(&TrackedSay) -> bool| -> Vec<SayNumber> {
        let is_possible = |number: &SayNumber| says.get(*number).is_some_and(is_possible);
        last_of(candidates).iter().copied().filter(is_possible).collect()
    };
    let mut candidates = Cow::Borrowed(alike.candidates(wanted, says));
    if let (true, Some(joined)) = (candidates.is_empty(), delivery.joined) {
        // What was under way when the connection joined, and what it said itself before its user was known.
        let earlier = Wanted { joined: None, ..*wanted };
        let since = joined.time.saturating_sub(longest);
        let is_possible = |say: &TrackedSay| say.stream == receiver || say.at().time >= since;
        candidates = possible(alike.candidates(&earlier, says), &is_possible).into();
    }
    // The segment of a delivery acknowledges what its own connection said before.
    let is_in_flight = |say: &TrackedSay| {
        let sender = connections.get(&receiver).filter(|_| say.stream == receiver);
        sender.is_some_and(|sender| sender.tcp().is_in_flight(Side::Client, say.at().frame))
    };
    if candidates.last().and_then(|last| says.get(*last)).is_some_and(is_in_flight) {
        candidates = possible(&candidates, &|say| !is_in_flight(say)).into();
    }
    if from.is_none() && !candidates.is_empty() {
        let owner = delivery.from.0.and_then(capture.owner);
        candidates = possible(&candidates, &|say| may_be_from(say, delivery, owner, connections)).into();
    }
    candidates
}

/// Whether a say whose sender's id was not known when it was said may be delivered as one of this sender.
fn may_be_from(say: &TrackedSay, delivery: &Delivery, owner: Option<StreamId>, connections: &Connections) -> bool {
    if owner.is_some_and(|owner| owner != say.stream) {
        return false;
    }
    let connection = connections.get(&say.stream);
    let Some(identity) =
        connection.and_then(|connection| connection.identity(Position::end_of(delivery.place.at.frame)))
    else {
        return true;
    };
    let (id, name) = delivery.from;
    let differs = |one: Option<TextId>, other: Option<TextId>| one.is_some() && other.is_some() && one != other;
    !(differs(identity.id, id) || identity.id.is_none() && differs(Some(identity.name), name))
}

fn progress_of(delivery: &Delivery, list: u32) -> (StreamId, u32) {
    (delivery.place.stream, list << 2 | delivery.copy as u32)
}

impl Delivery {
    /// Whether it is what the server returns to the sender of a private say, on this connection.
    fn is_own_copy(&self, sender: StreamId) -> bool {
        self.copy == SayCopy::ToSender && self.place.stream == sender
    }
}

/// A delivery whose say is only likely.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    delivery: Delivery,
    say: SayNumber,
    sender: StreamId,
    doubt: Doubt,
    /// The frame in which the sender's connection was heard of.
    heard_in: Option<Frame>,
}

impl Waiting {
    fn is_settled(&self, now: FrameTime) -> bool {
        match self.doubt {
            Doubt::Late => self.heard_in.is_some_and(|frame| frame < now.frame) || self.is_old(now),
            Doubt::Unnamed(until) => now.time > until,
        }
    }

    fn is_old(&self, now: FrameTime) -> bool {
        now.since(self.delivery.place.at) > DELIVERY_WINDOW
    }
}

/// Deliveries whose says are only likely, until later frames settle it.
#[derive(Debug, Default)]
pub struct LikelyDeliveries {
    waiting: Vec<Waiting>,
}

impl LikelyDeliveries {
    /// Whether there is none, as nearly always.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds one. Returns whether there is room for it.
    pub fn push(&mut self, delivery: Delivery, say: SayNumber, sender: StreamId, doubt: Doubt) -> bool {
        let has_room = self.waiting.len() < MAX_WAITING;
        if has_room {
            // Its own segment acknowledges all that was said.
            let heard_in = Some(delivery.place.at.frame).filter(|_| sender == delivery.place.stream);
            self.waiting.push(Waiting { delivery, say, sender, doubt, heard_in });
        }
        has_room
    }

    /// A segment of this connection is captured. Returns the deliveries that earlier frames settled, and their says; `false` for one whose
    /// sender was not heard of for long.
    pub fn hear(&mut self, stream: StreamId, now: FrameTime) -> Vec<(Delivery, SayNumber, bool)> {
        let is_settled = |waiting: &Waiting| waiting.is_settled(now);
        let settled = if self.waiting.iter().any(is_settled) { self.remove(is_settled) } else { Vec::new() };
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.sender == stream) {
            waiting.heard_in.get_or_insert(now.frame);
        }
        let is_certain = |waiting: &Waiting| waiting.doubt != Doubt::Late || waiting.heard_in.is_some();
        settled.into_iter().map(|waiting| (waiting.delivery, waiting.say, is_certain(&waiting))).collect()
    }

    /// Somebody else, whose connection is not known either, says the same. Returns the says of the deliveries of which it is not known any
    /// more who said them.
    pub fn contradict(&mut self, other: &Delivery) -> Vec<SayNumber> {
        let is_contradicted = |waiting: &Waiting| {
            let (one, is_unnamed) = (&waiting.delivery, matches!(waiting.doubt, Doubt::Unnamed(_)));
            is_unnamed && one.said == other.said && one.from.0 != other.from.0
        };
        self.remove(is_contradicted).into_iter().map(|waiting| waiting.say).collect()
    }

    /// Removes those that could be of a say that is captured only now.
    pub fn take(&mut self, at: FrameTime, from: TextId, said: Said) -> Vec<(Delivery, SayNumber)> {
        let is_its = |waiting: &Waiting| {
            let delivery = &waiting.delivery;
            delivery.said == said && at.since(delivery.place.at) <= REORDER_WINDOW && delivery.from.0 == Some(from)
        };
        self.remove(is_its).into_iter().map(|waiting| (waiting.delivery, waiting.say)).collect()
    }

    fn remove(&mut self, is_meant: impl Fn(&Waiting) -> bool) -> Vec<Waiting> {
        let (removed, left) = std::mem::take(&mut self.waiting).into_iter().partition(is_meant);
        self.waiting = left;
        removed
    }
}

/// The last deliveries without a say.
#[derive(Debug, Default)]
struct Orphans {
    queue: VecDeque<Delivery>,
    /// How many of them have a text of this place: most says find none at once.
    counts: Vec<u16>,
}

impl Orphans {
    const PLACES: usize = 256;

    fn push(&mut self, delivery: Delivery) {
        if self.counts.is_empty() {
            self.counts = vec![0; Orphans::PLACES];
        }
        if self.queue.len() >= MAX_ORPHANS {
            if let Some(oldest) = self.queue.pop_front() {
                self.counts[oldest.said.place(Orphans::PLACES)] -= 1;
            }
        }
        self.counts[delivery.said.place(Orphans::PLACES)] += 1;
        self.queue.push_back(delivery);
    }

    /// Whether there is one of another sender with this text, not longer ago.
    fn any_other(&self, delivery: &Delivery, ago: i64) -> bool {
        let place = delivery.said.place(Orphans::PLACES);
        let count = self.counts.get(place).copied().unwrap_or_default();
        let mut recent = self.queue.iter().rev().take_while(|other| delivery.place.at.since(other.place.at) <= ago);
        count > 0 && recent.any(|other| other.said == delivery.said && other.from.0 != delivery.from.0)
    }

    fn clear(&mut self) -> Vec<Delivery> {
        self.counts.clear();
        self.queue.drain(..).collect()
    }

    /// The deliveries of a say that were captured shortly before it, one a connection and copy.
    fn take(&mut self, at: FrameTime, from: Option<TextId>, said: Said) -> Vec<Delivery> {
        let recent = |delivery: &Delivery| at.since(delivery.place.at) <= REORDER_WINDOW;
        let mut taken: Vec<Delivery> = Vec::new();
        let mut left = self.counts.get(said.place(Orphans::PLACES)).copied().unwrap_or_default();
        let mut place = self.queue.len();
        while left > 0 && place > 0 && recent(&self.queue[place - 1]) {
            place -= 1;
            let orphan = &self.queue[place];
            if orphan.said.place(Orphans::PLACES) == said.place(Orphans::PLACES) {
                left -= 1;
            }
            let same_sender = from.is_none() || orphan.from.0 == from;
            let is_new = || !taken.iter().any(|t| (t.place.stream, t.copy) == (orphan.place.stream, orphan.copy));
            if orphan.said == said && same_sender && is_new() {
                self.counts[said.place(Orphans::PLACES)] -= 1;
                taken.extend(self.queue.remove(place));
            }
        }
        taken.reverse();
        taken
    }
}
