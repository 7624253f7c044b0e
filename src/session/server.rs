//! One chat server as the capture shows it: who has which id, who is in which room, and what is said.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::chunks::Chunks;
use super::room::{Roll, Room};
use super::says::Says;
use super::texts::{TextId, Texts};
use crate::message::Dialect;
use crate::packet::Frame;

/// Names of a room's members that are listed; beyond, only the count grows.
const MAX_LISTED: usize = 50;

/// The names of a client id: 24 bytes.
#[derive(Debug)]
struct User {
    id: TextId,
    names: Names,
}

/// Names, each with the first frame that says so.
#[derive(Debug)]
enum Names {
    One(Frame, TextId),
    Several(Box<Several>),
}

#[derive(Debug)]
struct Several {
    names: Vec<(Frame, TextId)>,
}

/// Who is in a room.
#[derive(Debug, Default)]
struct Membership {
    members: Roll,
    /// The number of the list that says so; 0 until somebody asks.
    listed: u32,
}

/// The members of a room at one time: 12 bytes, and 4 a name where the names differ from those of the list before.
#[derive(Debug, Clone, Copy)]
struct List {
    /// Of the first names, in the server's names.
    start: u32,
    length: u32,
    count: u32,
}

/// What is known of one server from the packets dissected so far.
#[derive(Debug, Default)]
pub struct Server {
    /// The dialect of its messages; `None` until a message is of exactly one.
    pub dialect: Option<Dialect>,
    /// What was said.
    pub says: Says,
    users: Chunks<User>,
    /// Numbers of `users`, by their ids.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    rooms: HashMap<Room, Membership>,
    listed: Chunks<TextId>,
    lists: Chunks<List>,
}

impl Server {
    fn user(&self, id: TextId) -> Option<u32> {
        let is_it = |at: &u32| self.users.get(*at).is_some_and(|user| user.id == id);
        self.index.find(self.hasher.hash_one(id), is_it).copied()
    }

    /// Records that the server names `id` as `name` in `frame`.
    pub fn set_name(&mut self, id: TextId, name: TextId, frame: Frame) {
        let user = self.user(id).and_then(|at| self.users.get_mut(at));
        let Some(user) = user else {
            let number = self.users.push(User { id, names: Names::One(frame, name) });
            let (users, hasher) = (&self.users, &self.hasher);
            let hash_of = |at: &u32| users.get(*at).map_or(0, |user| hasher.hash_one(user.id));
            self.index.insert_unique(hash_of(&number), number, hash_of);
            return;
        };
        match &mut user.names {
            Names::One(_, last) if *last == name => {}
            Names::One(since, first) => {
                let names = vec![(*since, *first), (frame, name)];
                user.names = Names::Several(Box::new(Several { names }));
            }
            Names::Several(several) => {
                if several.names.last().is_none_or(|(_, last)| *last != name) {
                    several.names.push((frame, name));
                }
            }
        }
    }

    /// The name that `id` had in `frame`; the first known one where only later frames name it, `None` where no frame does.
    pub fn name_of(&self, id: TextId, frame: Frame) -> Option<TextId> {
        match &self.users.get(self.user(id)?)?.names {
            Names::One(_, name) => Some(*name),
            Names::Several(several) => {
                let earlier = several.names.partition_point(|(since, _)| *since <= frame);
                several.names.get(earlier.saturating_sub(1)).map(|(_, name)| *name)
            }
        }
    }

    /// Adds a client to a room.
    pub fn join(&mut self, room: Room, id: TextId, name: TextId, texts: &Texts) {
        let room = self.rooms.entry(room).or_default();
        if room.members.insert(id, name, texts) {
            room.listed = 0;
        }
    }

    /// Removes a client from a room.
    pub fn leave(&mut self, room: Room, id: TextId, texts: &Texts) {
        let Some(room) = self.rooms.get_mut(&room) else { return };
        if room.members.remove(id, texts) {
            room.listed = 0;
        }
    }

    /// Replaces a room's members by those that the server listed.
    pub fn set_members(&mut self, room: Room, members: Vec<(TextId, TextId)>, texts: &Texts) {
        let room = self.rooms.entry(room).or_default();
        room.members = Roll::new(members, texts);
        room.listed = 0;
    }

    /// The number of a list of a room's members, as far as the capture shows them; 0 for a room of which nothing is known.
    pub fn list_members(&mut self, room: Room) -> u32 {
        let Some(room) = self.rooms.get_mut(&room) else { return 0 };
        if room.listed == 0 {
            let (names, count) = (|| room.members.names().take(MAX_LISTED), room.members.count() as u32);
            let length = names().count() as u32;
            let last = self.lists.len().checked_sub(1).and_then(|last| self.lists.get(last));
            let same = last.filter(|last| {
                let listed = (last.start..last.start + last.length).filter_map(|at| self.listed.get(at).copied());
                last.length == length && names().eq(listed)
            });
            let start = same.map_or(self.listed.len(), |same| same.start);
            if same.is_none() {
                for name in names() {
                    self.listed.push(name);
                }
            }
            room.listed = self.lists.push(List { start, length, count }) + 1;
        }
        room.listed
    }

    /// A list of members: the first 50 names, and how many there are.
    pub fn members(&self, list: u32) -> Option<(impl Iterator<Item = TextId> + '_, usize)> {
        let List { start, length, count } = *self.lists.get(list.checked_sub(1)?)?;
        let names = (start..start + length).filter_map(|at| self.listed.get(at).copied());
        Some((names, count as usize))
    }
}
