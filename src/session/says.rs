//! The says of one server, and which delivery belongs to which.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::alike::{Alike, Wanted};
use super::chunks::Chunks;
use super::early::EarlySays;
use super::say::{Copies, Said, SayNumber};
use super::texts::TextId;
use super::tracked::TrackedSay;
use crate::packet::{Frame, FrameTime, StreamId};

/// How much earlier than its say a delivery may have been captured. Nanoseconds.
const REORDER_WINDOW: i64 = 100_000_000;
/// How many deliveries without a say are kept, in case the say was captured late.
const MAX_ORPHANS: usize = 1024;
/// Deliveries of a say that are listed; beyond, only the count grows.
const MAX_LISTED: u32 = 50;

/// A message's place: stream, frame, number in the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The connection.
    pub stream: StreamId,
    /// The frame in which the message ends.
    pub at: FrameTime,
    /// How many messages of the frame came before it.
    pub index: u32,
}

/// A delivery that is to be assigned to its say.
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    /// The message.
    pub place: Place,
    /// The sender's client id, where the message has one.
    pub from: Option<TextId>,
    /// The recipient and the text.
    pub said: Said,
    /// Which copy it is.
    pub copy: Copies,
    /// The first frame in which the receiving connection can have been in a room.
    pub joined: Frame,
}

/// A say request that is to be entered.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// The message.
    pub place: Place,
    /// The sender's client id, where it is known.
    pub from: Option<TextId>,
    /// The recipient and the text; `None` where it is not known or the server ignores it.
    pub said: Option<Said>,
    /// Whether it is for one client.
    pub private: bool,
    /// The number of the room's members.
    pub members: u32,
}

/// A say request that was entered.
#[derive(Debug)]
pub struct Entered {
    /// Its number.
    pub number: SayNumber,
    /// Its place among those that it is alike to: their number, and its index.
    pub alike: Option<(u32, u32)>,
    /// The deliveries that were captured before it.
    pub early: Vec<Delivery>,
}

/// One connection's copy of a say: the frame in which the delivery ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// The frame.
    pub frame: Frame,
    /// The receiving connection.
    pub stream: StreamId,
    /// The number of the say's next delivery and one more; 0 for none.
    next: u32,
}

/// The says of one server.
#[derive(Debug, Default)]
pub struct Says {
    says: Chunks<TrackedSay>,
    alike: Chunks<Alike>,
    /// Numbers of `alike`, by sender and text.
    index: HashTable<u32>,
    /// Per connection, copy and says that are alike, the index of the first that has not reached the connection yet. The connection's
    /// number and, above two bits for the copy, that of the says.
    progress: HashMap<(StreamId, u32), u32>,
    delivered: Chunks<Delivered>,
    orphans: Orphans,
    hasher: DefaultHashBuilder,
}

impl Says {
    /// A say by its number.
    pub fn get(&self, number: SayNumber) -> Option<&TrackedSay> {
        self.says.get(number)
    }

    /// The first 50 deliveries of a say, in the order of their assignment.
    pub fn delivered(&self, say: &TrackedSay) -> impl Iterator<Item = Delivered> + '_ {
        let numbered = |number: u32| self.delivered.get(number.checked_sub(1)?).copied();
        std::iter::successors(numbered(say.listed.0), move |delivered| numbered(delivered.next))
    }

    fn find_alike(&self, from: Option<TextId>, said: Said) -> Option<u32> {
        let is_it = |at: &u32| self.alike.get(*at).is_some_and(|alike| (alike.from, alike.said) == (from, said));
        self.index.find(self.hasher.hash_one((from, said)), is_it).copied()
    }

    /// Enters a say request.
    pub fn ask(&mut self, request: &Request) -> Entered {
        let Request { place, from, said, private, members } = *request;
        let number = self.says.push(TrackedSay::new(place.at, place.stream, private, members));
        let Some(said) = said else { return Entered { number, alike: None, early: Vec::new() } };
        let early = self.orphans.take(place, from, said);
        let (list, end) = self.enter(number, from, said);
        if let Some(say) = self.says.get_mut(number) {
            say.set_alike(list);
        }
        for delivery in &early {
            self.progress.insert(progress_of(delivery, list), end);
            self.deliver_to(number, delivery);
        }
        Entered { number, alike: Some((list, end - 1)), early }
    }

    /// Enters a say among those that it is alike to. Returns their number, and the index of the next one.
    fn enter(&mut self, number: SayNumber, from: Option<TextId>, said: Said) -> (u32, u32) {
        if let Some(list) = self.find_alike(from, said) {
            let known = self.alike.get_mut(list);
            let end = known.map_or(0, |alike| {
                alike.push(number, &self.says);
                alike.end()
            });
            return (list, end);
        }
        let list = self.alike.push(Alike::new(said, from, number));
        let (alike, hasher) = (&self.alike, &self.hasher);
        let hash_of = |at: &u32| alike.get(*at).map_or(0, |alike| hasher.hash_one((alike.from, alike.said)));
        self.index.insert_unique(hash_of(&list), list, hash_of);
        (list, 1)
    }

    /// Enters a delivery, read in one or more ways; `early` is what its connection said before its user was known. Returns the say that it
    /// delivers, where that was captured.
    pub fn deliver(&mut self, readings: &[Delivery], early: &EarlySays) -> Option<SayNumber> {
        for delivery in readings {
            let mut found = self.find(delivery.from, delivery, early);
            if found.is_none() && delivery.from.is_some() {
                found = self.find(None, delivery, early);
            }
            if let Some(number) = found {
                self.deliver_to(number, delivery);
                return Some(number);
            }
        }
        if let Some(first) = readings.first() {
            self.orphans.push(*first);
        }
        None
    }

    /// True if no other connection recently sent an identical say, so that the delivery names the sender of this one.
    pub fn is_unique(&self, number: SayNumber) -> bool {
        let Some(say) = self.get(number) else { return true };
        let said = say.alike().and_then(|alike| self.alike.get(alike)).map(|alike| alike.said);
        let others = said.and_then(|said| self.alike.get(self.find_alike(None, said)?));
        others.is_none_or(|others| others.are_all_from(say.stream, &self.says))
    }

    fn find(&mut self, from: Option<TextId>, delivery: &Delivery, early: &EarlySays) -> Option<SayNumber> {
        let list = self.find_alike(from, delivery.said)?;
        let alike = self.alike.get(list)?;
        let progress = self.progress.entry(progress_of(delivery, list)).or_insert(0);
        let wanted = Wanted { time: delivery.place.at.time, joined: delivery.joined, early };
        let found = alike.find(list, *progress, &wanted, &self.says);
        *progress = found.map_or(alike.end(), |(index, _)| index + 1);
        found.map(|(_, number)| number)
    }

    /// Counts a delivery.
    fn deliver_to(&mut self, number: SayNumber, delivery: &Delivery) {
        let Place { stream, at, .. } = delivery.place;
        let Some(mut say) = self.get(number).copied() else { return };
        say.reached(at.frame);
        // A private say to the sender's own id delivers two copies on one connection.
        if !(say.is_private() && self.delivered(&say).any(|earlier| earlier.stream == stream)) {
            say.deliveries += 1;
            if say.deliveries <= MAX_LISTED {
                let listed = self.delivered.push(Delivered { frame: at.frame, stream, next: 0 }) + 1;
                match say.listed.1.checked_sub(1).and_then(|last| self.delivered.get_mut(last)) {
                    Some(last) => last.next = listed,
                    None => say.listed.0 = listed,
                }
                say.listed.1 = listed;
            }
        }
        if let Some(known) = self.says.get_mut(number) {
            *known = say;
        }
    }
}

fn progress_of(delivery: &Delivery, list: u32) -> (StreamId, u32) {
    (delivery.place.stream, list << 2 | delivery.copy as u32)
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

    /// The deliveries of a say that were captured shortly before it, one a connection and copy.
    fn take(&mut self, place: Place, from: Option<TextId>, said: Said) -> Vec<Delivery> {
        let recent = |delivery: &Delivery| place.at.time.saturating_sub(delivery.place.at.time) <= REORDER_WINDOW;
        let mut taken: Vec<Delivery> = Vec::new();
        let mut left = self.counts.get(said.place(Orphans::PLACES)).copied().unwrap_or_default();
        let mut at = self.queue.len();
        while left > 0 && at > 0 && recent(&self.queue[at - 1]) {
            at -= 1;
            let orphan = &self.queue[at];
            if orphan.said.place(Orphans::PLACES) == said.place(Orphans::PLACES) {
                left -= 1;
            }
            let same_sender = from.is_none() || orphan.from == from;
            let is_new = || !taken.iter().any(|t| (t.place.stream, t.copy) == (orphan.place.stream, orphan.copy));
            if orphan.said == said && same_sender && is_new() {
                self.counts[said.place(Orphans::PLACES)] -= 1;
                taken.extend(self.queue.remove(at));
            }
        }
        taken.reverse();
        taken
    }
}
