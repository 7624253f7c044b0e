//! One chat server as the capture shows it: who has which id, who is in which room, and which delivery belongs to which say.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::bounded::{Id, Name, bounded_name};
use super::room::{Members, Room};
use super::say::{Copies, Said, SayNumber};
use crate::message::Dialect;
use crate::packet::{Frame, FrameTime, StreamId};

/// A delivery follows its say within milliseconds; a say older than this is not considered. Nanoseconds.
const DELIVERY_WINDOW: i64 = 60_000_000_000;
/// How much earlier than its say a delivery may have been captured. Nanoseconds.
const REORDER_WINDOW: i64 = 100_000_000;
/// How many deliveries without a say are kept, in case the say was captured late.
const MAX_ORPHANS: usize = 1024;
/// Names of a room's members, and deliveries of a say, that are listed; beyond, only the count grows.
const MAX_LISTED: usize = 50;

/// A say request and what became of it.
#[derive(Debug)]
pub struct TrackedSay {
    /// The frame in which the request ends.
    pub at: FrameTime,
    /// The sender's connection.
    pub stream: StreamId,
    said: Said,
    /// Whether it is for one client.
    pub private: bool,
    /// How many copies were captured; of a private say, how many connections got one.
    pub deliveries: u32,
    /// The first frame that delivers it.
    pub first: Option<Frame>,
    /// The first 50 of these deliveries, in the order of their assignment.
    pub delivered: Vec<Delivered>,
}

/// One connection's copy of a say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// The frame in which the delivery ends.
    pub at: FrameTime,
    /// The receiving connection.
    pub stream: StreamId,
}

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
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The message.
    pub place: Place,
    /// The sender's client id, where the message has one.
    pub from: Option<Id>,
    /// The recipient and the text.
    pub said: Said,
    /// Which copy it is.
    pub copy: Copies,
    /// The first frame in which the receiving connection can have been in a room.
    pub joined: Frame,
}

/// Says that look alike: from one sender, to one recipient, with one text.
#[derive(Debug, Default)]
struct Alike {
    /// How many were forgotten at the front.
    forgotten: u32,
    says: VecDeque<SayNumber>,
    /// Per connection and copy, the first say that has not reached it yet, counted with the forgotten ones.
    progress: HashMap<(StreamId, Copies), u32>,
}

#[derive(Debug, Default)]
struct Membership {
    members: BTreeMap<Id, Name>,
    /// The first names, as listed last.
    listed: Option<Arc<[Name]>>,
}

/// What is known of one server from the packets dissected so far.
#[derive(Debug, Default)]
pub struct Server {
    /// The dialect of its messages; `None` until a message is of exactly one.
    pub dialect: Option<Dialect>,
    names: HashSet<Name>,
    /// A client id's user names, each with the first frame that says so.
    users: HashMap<Id, Vec<(Frame, Name)>>,
    rooms: HashMap<Room, Membership>,
    says: Vec<TrackedSay>,
    alike: HashMap<(Option<Id>, Said), Alike>,
    orphans: VecDeque<Delivery>,
}

impl Server {
    /// The name, interned: one copy for the whole capture, cut to the longest length that is kept.
    pub fn name(&mut self, name: &str) -> Name {
        let name = bounded_name(name);
        match self.names.get(name) {
            Some(known) => known.clone(),
            None => {
                let new = Name::from(name);
                self.names.insert(new.clone());
                new
            }
        }
    }

    /// The id, interned: one copy for the whole capture.
    pub fn id(&mut self, id: &str) -> Id {
        match self.users.get_key_value(id) {
            Some((known, _)) => known.clone(),
            None => {
                let new = Id::from(id);
                self.users.insert(new.clone(), Vec::new());
                new
            }
        }
    }

    /// Records that the server names `id` as `name` in `frame`.
    pub fn set_name(&mut self, id: &Id, name: &Name, frame: Frame) {
        let names = self.users.entry(id.clone()).or_default();
        if names.last().is_none_or(|(_, last)| last != name) {
            names.push((frame, name.clone()));
        }
    }

    /// The name that `id` had in `frame`; the first known one where only later frames name it, `None` where no frame does.
    pub fn name_of(&self, id: &str, frame: Frame) -> Option<&Name> {
        let names = self.users.get(id)?;
        let earlier = names.partition_point(|(since, _)| *since <= frame);
        names.get(earlier.saturating_sub(1)).map(|(_, name)| name)
    }

    /// Adds a client to a room.
    pub fn join(&mut self, room: &Room, id: &Id, name: &Name) {
        let room = self.rooms.entry(room.clone()).or_default();
        if room.members.get(id) != Some(name) {
            room.members.insert(id.clone(), name.clone());
            room.listed = None;
        }
    }

    /// Removes a client from a room.
    pub fn leave(&mut self, room: &Room, id: &str) {
        let Some(room) = self.rooms.get_mut(room) else { return };
        if room.members.remove(id).is_some() {
            room.listed = None;
        }
    }

    /// Replaces a room's members by those that the server listed.
    pub fn set_members(&mut self, room: &Room, members: impl IntoIterator<Item = (Id, Name)>) {
        let room = self.rooms.entry(room.clone()).or_default();
        room.members = members.into_iter().collect();
        room.listed = None;
    }

    /// The members of a room, as far as the capture shows them: the first 50 names, and how many there are. `None` for a room
    /// of which nothing is known.
    pub fn members(&mut self, room: &Room) -> Option<Members> {
        let room = self.rooms.get_mut(room)?;
        let names = room.listed.get_or_insert_with(|| room.members.values().take(MAX_LISTED).cloned().collect());
        Some(Members { names: names.clone(), count: room.members.len() })
    }

    /// A say by its number, which comes from this server's [`ask`](Server::ask). Panics for any other number.
    pub fn say(&self, number: SayNumber) -> &TrackedSay {
        &self.says[number as usize]
    }

    /// Enters a say request. `from` is the sender's client id where it is known. Returns its number and the deliveries that were
    /// captured before it.
    pub fn ask(&mut self, place: Place, from: Option<Id>, said: Said, private: bool) -> (SayNumber, Vec<Delivery>) {
        let number = self.says.len() as SayNumber;
        self.says.push(TrackedSay {
            at: place.at,
            stream: place.stream,
            said,
            private,
            deliveries: 0,
            first: None,
            delivered: Vec::new(),
        });
        let early = self.take_orphans(place, from.as_ref(), said);
        let alike = self.alike.entry((from, said)).or_default();
        let is_past =
            |oldest: &SayNumber| place.at.time.saturating_sub(self.says[*oldest as usize].at.time) > DELIVERY_WINDOW;
        while alike.says.front().is_some_and(is_past) {
            alike.says.pop_front();
            alike.forgotten += 1;
        }
        if alike.says.is_empty() {
            alike.progress.clear();
        }
        alike.says.push_back(number);
        for delivery in &early {
            let next = alike.forgotten + alike.says.len() as u32;
            alike.progress.insert((delivery.place.stream, delivery.copy), next);
            self.says[number as usize].deliver(delivery);
        }
        (number, early)
    }

    /// Enters a delivery, read in one or more ways. Returns the say that it delivers, where that was captured.
    pub fn deliver(&mut self, readings: &[Delivery]) -> Option<SayNumber> {
        for delivery in readings {
            let found = self.find(delivery.from.clone(), delivery).or_else(|| self.find(None, delivery));
            if let Some(number) = found {
                self.says[number as usize].deliver(delivery);
                return Some(number);
            }
        }
        if self.orphans.len() >= MAX_ORPHANS {
            self.orphans.pop_front();
        }
        self.orphans.extend(readings.first().cloned());
        None
    }

    /// True if no other connection recently sent an identical say, so that the delivery names the sender of this one.
    pub fn is_unique(&self, number: SayNumber) -> bool {
        let say = self.say(number);
        let others = self.alike.get(&(None, say.said)).map(|alike| &alike.says);
        !others.into_iter().flatten().any(|other| self.say(*other).stream != say.stream)
    }

    fn find(&mut self, from: Option<Id>, delivery: &Delivery) -> Option<SayNumber> {
        let alike = self.alike.get_mut(&(from, delivery.said))?;
        let progress = alike.progress.entry((delivery.place.stream, delivery.copy)).or_insert(0);
        *progress = (*progress).max(alike.forgotten);
        while let Some(&number) = alike.says.get((*progress - alike.forgotten) as usize) {
            *progress += 1;
            let say = &self.says[number as usize];
            let reachable = say.stream == delivery.place.stream || say.at.frame >= delivery.joined;
            if reachable && delivery.place.at.time.saturating_sub(say.at.time) <= DELIVERY_WINDOW {
                return Some(number);
            }
        }
        None
    }

    fn take_orphans(&mut self, place: Place, from: Option<&Id>, said: Said) -> Vec<Delivery> {
        let recent = |delivery: &Delivery| place.at.time.saturating_sub(delivery.place.at.time) <= REORDER_WINDOW;
        let mut taken: Vec<Delivery> = Vec::new();
        let mut at = self.orphans.len();
        while at > 0 && recent(&self.orphans[at - 1]) {
            at -= 1;
            let orphan = &self.orphans[at];
            let same_sender = from.is_none() || orphan.from.as_ref() == from;
            let is_new = !taken.iter().any(|t| (t.place.stream, t.copy) == (orphan.place.stream, orphan.copy));
            if orphan.said == said && same_sender && is_new {
                taken.extend(self.orphans.remove(at));
            }
        }
        taken.reverse();
        taken
    }
}

impl TrackedSay {
    /// Counts a delivery.
    fn deliver(&mut self, delivery: &Delivery) {
        let Place { stream, at, .. } = delivery.place;
        self.first = Some(self.first.map_or(at.frame, |first| first.min(at.frame)));
        // A private say to the sender's own id delivers two copies on one connection.
        if self.private && self.delivered.iter().any(|earlier| earlier.stream == stream) {
            return;
        }
        self.deliveries += 1;
        if self.delivered.len() < MAX_LISTED {
            self.delivered.push(Delivered { at, stream });
        }
    }
}
