//! One chat server as the capture shows it, by whatever addresses it is reached: who has which id, who is in which room, and what is said.

pub mod ambiguous_logins;
pub mod exchanges;
pub mod lists;
pub mod rooms;
pub mod table;

use std::collections::BTreeSet;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};

use crate::message::Dialect;
use crate::packet::{Both, Frame, FrameTime, StreamId};
use crate::session::connection::gaps::Gaps;
use crate::session::connection::{PROXY_DELAY, Unread};
use crate::session::ids::Room;
use crate::session::ids::SayNumber;
use crate::session::say::equal::SayIndex;
use crate::session::say::pending::UnmatchedDeliveries;
use crate::session::say::{Delivery, Said};
use crate::session::server::ambiguous_logins::LONGEST_LOGIN;
use crate::session::server::exchanges::ExchangeStarts;
use crate::session::server::lists::{ListNumber, Lists};
use crate::session::server::rooms::MemberSet;
use crate::session::storage::chunks::Chunks;
use crate::session::storage::texts::{TextId, Texts};

/// Rooms of one user.
const MAX_ROOMS: usize = 64;
/// Says that wait to be seen on the other side of a proxy.
const MAX_UNPAIRED: usize = 64;

/// A client id: its names, and the connection that has it. 24 bytes.
#[derive(Debug)]
struct User {
    id: TextId,
    /// The number of the latest connection that has this id, and one more; 0 for none.
    owner: u32,
    names: Names,
}

/// Names, each with the first frame that says so.
#[derive(Debug)]
enum Names {
    One(Frame, TextId),
    Several(Box<Several>),
    None,
}

#[derive(Debug)]
struct Several {
    names: Vec<(Frame, TextId)>,
}

impl Several {
    /// As [`Names::add`].
    fn add(&mut self, frame: Frame, now: Frame, name: TextId) -> bool {
        let is_first = self.names.first().is_some_and(|(since, _)| frame < *since);
        let (place, since) = if is_first { (0, frame) } else { (self.names.len(), now) };
        let beside = if is_first { self.names.first() } else { self.names.last() };
        let is_new = beside.is_none_or(|(known_since, known)| *known != name && (is_first || *known_since <= frame));
        if is_new {
            self.names.insert(place, (since, name));
        }
        is_new
    }
}

impl Names {
    fn all(&self) -> Vec<(Frame, TextId)> {
        match self {
            Names::One(frame, name) => vec![(*frame, *name)],
            Names::Several(several) => several.names.clone(),
            Names::None => Vec::new(),
        }
    }

    /// Adds what `frame` says, as was learned when `now` was dissected. The frames up to then keep the name that they showed: it is the name
    /// from `now` on, or that of frames before all that are named. Returns whether it is another one than was known.
    fn add(&mut self, frame: Frame, now: Frame, name: TextId) -> bool {
        match self {
            Names::None => {
                *self = Names::One(frame, name);
                false
            }
            Names::One(_, known) if *known == name => false,
            Names::One(since, known) => {
                let mut several = Box::new(Several { names: vec![(*since, *known)] });
                let is_new = several.add(frame, now, name);
                *self = Names::Several(several);
                is_new
            }
            Names::Several(several) => several.add(frame, now, name),
        }
    }
}

/// Who is in a room.
#[derive(Debug, Default)]
struct Membership {
    members: MemberSet,
    /// The frame in which the server listed all of them.
    complete: Option<Frame>,
    /// The number of the list that says so; 0 until somebody asks.
    listed: ListNumber,
    /// How often users had been renamed when it was made.
    renamed: u32,
}

/// A say of a client that is captured on both sides of a proxy, seen on one of them.
#[derive(Debug)]
struct Unpaired {
    client: TextId,
    stream: StreamId,
    said: Option<Said>,
    say: SayNumber,
    time: i64,
}

/// Clients that are captured on both sides of a proxy.
#[derive(Debug, Default)]
struct Proxied {
    clients: HashSet<TextId>,
    unpaired: Vec<Unpaired>,
    /// What they have got.
    received: HashSet<(SayNumber, TextId)>,
}

/// What is known of one server from the packets dissected so far.
#[derive(Debug, Default)]
pub struct Server {
    /// The dialect of its messages; `None` until a message is of exactly one.
    pub dialect: Option<Dialect>,
    /// What was said.
    pub say_index: SayIndex,
    /// What it delivered without a say.
    pub unmatched: UnmatchedDeliveries,
    /// Where logins and logouts began.
    pub exchange_starts: ExchangeStarts,
    /// What the capture lacks of all that it sent, and of what its clients sent since they were first seen.
    pub gaps: Both<Gaps>,
    /// The connections of which bytes were captured and not read yet, by the time since which that is so.
    unread: BTreeSet<(i64, StreamId)>,
    /// The capture shows it by more than one address.
    pub has_several_addresses: bool,
    users: Chunks<User>,
    /// Numbers of `users`, by their ids.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    rooms: HashMap<Room, Membership>,
    /// How many members all of them have.
    members: usize,
    /// How often a user was renamed.
    renamed: u32,
    /// Where users are about to be, by their names, until they are logged in.
    asking: HashMap<TextId, (Room, i64)>,
    /// Users that are in more than one room, and the rooms.
    users_in_several_rooms: HashMap<TextId, Vec<Room>>,
    proxied: Option<Box<Proxied>>,
    /// How many bytes of it are counted.
    counted: usize,
}

impl Server {
    /// How many bytes it grew by since this was asked last: what one message may add many of.
    pub fn growth(&mut self) -> usize {
        const USER: usize = 48;
        const NAME: usize = 80;
        const ROOM: usize = 96;
        const MEMBER: usize = 8;
        let users = self.users.len() as usize * USER + self.renamed as usize * NAME;
        let size = users + self.rooms.len() * ROOM + self.members * MEMBER;
        let more = size.saturating_sub(self.counted);
        self.counted = self.counted.max(size);
        more
    }

    /// How many client ids are known.
    pub fn users(&self) -> u32 {
        self.users.len()
    }

    fn user(&self, id: TextId) -> Option<u32> {
        let is_it = |at: &u32| self.users.get(*at).is_some_and(|user| user.id == id);
        self.index.find(self.hasher.hash_one(id), is_it).copied()
    }

    fn user_mut(&mut self, id: TextId) -> Option<&mut User> {
        if self.user(id).is_none() {
            let number = self.users.push(User { id, owner: 0, names: Names::None });
            let (users, hasher) = (&self.users, &self.hasher);
            let hash_of = |at: &u32| users.get(*at).map_or(0, |user| hasher.hash_one(user.id));
            self.index.insert_unique(hash_of(&number), number, hash_of);
        }
        self.users.get_mut(self.user(id)?)
    }

    /// Records that the server names `id` as `name` in `frame`, as was learned when `now` was dissected.
    pub fn set_name(&mut self, id: TextId, name: TextId, frame: Frame, now: Frame) {
        let is_renamed = self.user_mut(id).is_some_and(|user| user.names.add(frame, now, name));
        self.renamed += u32::from(is_renamed);
    }

    /// The name that `id` had in `frame`; the first known one where only later frames name it, `None` where no frame does.
    pub fn name_of(&self, id: TextId, frame: Frame) -> Option<TextId> {
        match &self.users.get(self.user(id)?)?.names {
            Names::None => None,
            Names::One(_, name) => Some(*name),
            Names::Several(several) => {
                let earlier = several.names.partition_point(|(since, _)| *since <= frame);
                several.names.get(earlier.saturating_sub(1)).map(|(_, name)| *name)
            }
        }
    }

    /// The name that `id` had before the frame `before`, where it is known by then.
    pub fn former_name(&self, id: TextId, before: Frame) -> Option<TextId> {
        match &self.users.get(self.user(id)?)?.names {
            Names::None => None,
            Names::One(since, name) => (*since < before).then_some(*name),
            Names::Several(several) => {
                let earlier = several.names.partition_point(|(since, _)| *since < before);
                several.names.get(earlier.checked_sub(1)?).map(|(_, name)| *name)
            }
        }
    }

    /// The server gave a connection this id. Returns the one that had it before.
    pub fn set_owner(&mut self, id: TextId, stream: StreamId) -> Option<StreamId> {
        let user = self.user_mut(id)?;
        let before = std::mem::replace(&mut user.owner, stream.0.wrapping_add(1));
        before.checked_sub(1).map(StreamId).filter(|before| *before != stream)
    }

    /// The latest connection that has this id.
    pub fn owner(&self, id: TextId) -> Option<StreamId> {
        self.users.get(self.user(id)?)?.owner.checked_sub(1).map(StreamId)
    }

    /// The ids of which a connection is known, and the latest of each.
    pub fn owners(&self) -> impl Iterator<Item = (TextId, StreamId)> + '_ {
        self.users.iter().filter_map(|user| Some((user.id, StreamId(user.owner.checked_sub(1)?))))
    }

    // --- gaps ---------------------------------------------------------------------------------------------------------

    /// Bytes that were captured on a connection are not read, or are now.
    pub fn set_unread(&mut self, stream: StreamId, unread: Unread) {
        match unread {
            Unread::Since(since) => {
                self.unread.insert((since.time, stream));
            }
            Unread::Until { since, gap } => {
                self.unread.remove(&(since.time, stream));
                gap.into_iter().for_each(|gap| self.gaps.server.add(gap));
            }
        }
    }

    /// Whether the capture may lack something that the server sent after a frame, and before a time in nanoseconds since the epoch.
    pub fn may_lack(&self, from: Frame, before: i64) -> bool {
        self.gaps.server.any(from, before) || self.unread.first().is_some_and(|(since, _)| *since < before)
    }

    // --- rooms --------------------------------------------------------------------------------------------------------

    /// A client with this name asks to be in a room; `now` in nanoseconds since the epoch.
    pub fn ask_for(&mut self, name: TextId, room: Room, now: i64) {
        self.asking.insert(name, (room, now));
    }

    /// The room that a client with this name asked for last, until it is there. The answer to what was asked long ago is missing.
    pub fn asked_for(&self, name: TextId, now: i64) -> Option<Room> {
        let (room, asked) = self.asking.get(&name)?;
        (now - asked <= LONGEST_LOGIN).then_some(*room)
    }

    /// A client with this name is logged in.
    pub fn has_joined(&mut self, name: TextId) {
        self.asking.remove(&name);
    }

    /// A client is in more than one room: the server takes it out of none before it goes.
    pub fn moves(&mut self, id: TextId, rooms: impl Iterator<Item = Room>) {
        let mut rooms: Vec<Room> = rooms.take(MAX_ROOMS).collect();
        rooms.dedup();
        self.users_in_several_rooms.insert(id, rooms);
    }

    /// Adds a client to a room.
    pub fn join(&mut self, room: Room, id: TextId, texts: &Texts) {
        let room = self.rooms.entry(room).or_default();
        if room.members.insert(id, texts) {
            room.listed = 0;
            self.members += 1;
        }
    }

    /// Whether a client is in a room.
    pub fn is_in(&self, room: Room, id: TextId, texts: &Texts) -> bool {
        self.rooms.get(&room).is_some_and(|room| room.members.contains(id, texts))
    }

    /// A client has gone, out of this room or, where it is in more than one, of all.
    pub fn leave(&mut self, room: Room, id: TextId, texts: &Texts) {
        let mut gone = 0;
        let mut remove = |room: &mut Membership| {
            if room.members.remove(id, texts) {
                room.listed = 0;
                gone += 1;
            }
        };
        for other in self.users_in_several_rooms.remove(&id).unwrap_or_default() {
            self.rooms.get_mut(&other).into_iter().for_each(&mut remove);
        }
        self.rooms.get_mut(&room).into_iter().for_each(remove);
        self.members = self.members.saturating_sub(gone);
    }

    /// Who is in this room is not known any more, until the server lists them.
    pub fn lose_track(&mut self, room: Room) {
        if let Some(room) = self.rooms.get_mut(&room) {
            room.complete = None;
        }
    }

    /// Replaces a room's members by those that the server listed in this frame.
    pub fn set_members(&mut self, room: Room, members: Vec<TextId>, frame: Frame, texts: &Texts) {
        let room = self.rooms.entry(room).or_default();
        let gone = room.members.count();
        *room = Membership { members: MemberSet::new(members, texts), complete: Some(frame), ..Membership::default() };
        self.members = (self.members + room.members.count()).saturating_sub(gone);
    }

    /// How many members a room has, where all of them are known. `is_told`: as for [`Server::list_members`].
    pub fn count_members(&self, room: Room, is_told: impl Fn(Frame) -> bool) -> Option<u32> {
        u32::try_from(self.known(room, is_told)?.members.count()).ok()
    }

    /// The members of a room, where all of them are known.
    fn known(&self, room: Room, is_told: impl Fn(Frame) -> bool) -> Option<&Membership> {
        self.rooms.get(&room).filter(|room| room.complete.is_some_and(is_told))
    }

    /// A list of a room's members; 0 for a room of which not all are known. `is_told`: whether the capture shows all that the server said
    /// of the room since that frame.
    pub fn list_members(&mut self, room: Room, lists: &mut Lists, is_told: impl Fn(Frame) -> bool) -> ListNumber {
        let renamed = self.renamed;
        let Some(known) = self.known(room, is_told) else { return 0 };
        if known.listed != 0 && known.renamed == renamed {
            return known.listed;
        }
        let names = known.members.ids().filter_map(|id| self.name_of(id, Frame::LAST));
        let listed = lists.add(names, known.members.count());
        if let Some(room) = self.rooms.get_mut(&room) {
            (room.listed, room.renamed) = (listed, renamed);
        }
        listed
    }

    // --- proxies ------------------------------------------------------------------------------------------------------

    /// Two connections have this id: a proxy passes on what is said.
    pub fn set_proxied(&mut self, id: TextId) {
        self.proxied.get_or_insert_default().clients.insert(id);
    }

    /// Whether there are such clients: they receive everything twice.
    pub fn has_proxies(&self) -> bool {
        self.proxied.is_some()
    }

    /// What is known of the clients behind proxies, if this is one.
    fn proxied_of(&mut self, client: TextId) -> Option<&mut Proxied> {
        self.proxied.as_deref_mut().filter(|proxied| proxied.clients.contains(&client))
    }

    /// Whether a proxy passes on what is said to this client.
    pub fn is_proxied(&self, client: TextId) -> bool {
        self.proxied.as_ref().is_some_and(|proxied| proxied.clients.contains(&client))
    }

    /// Whether a say that reaches this client has not reached it on another connection.
    pub fn receives(&mut self, say: SayNumber, client: TextId) -> bool {
        match self.proxied_of(client) {
            Some(proxied) => proxied.received.insert((say, client)),
            None => true,
        }
    }

    /// The say of a client that was just seen on the other side of a proxy.
    pub fn said_before(
        &mut self,
        client: TextId,
        stream: StreamId,
        said: Option<Said>,
        at: FrameTime,
    ) -> Option<SayNumber> {
        let proxied = self.proxied_of(client)?;
        proxied.unpaired.retain(|say| at.time.saturating_sub(say.time).abs() <= PROXY_DELAY);
        let is_same = |say: &Unpaired| (say.client, say.said) == (client, said) && say.stream != stream;
        let place = proxied.unpaired.iter().position(is_same)?;
        Some(proxied.unpaired.remove(place).say)
    }

    /// A client says this, and may be seen to do so on the other side of a proxy.
    pub fn says(&mut self, client: TextId, stream: StreamId, said: Option<Said>, time: i64, say: SayNumber) {
        if let Some(proxied) = self.proxied_of(client) {
            if proxied.unpaired.len() >= MAX_UNPAIRED {
                proxied.unpaired.remove(0);
            }
            proxied.unpaired.push(Unpaired { client, stream, said, say, time });
        }
    }

    // --- addresses ----------------------------------------------------------------------------------------------------

    /// Takes over what is known of a server that turns out to be this one. Returns the deliveries without a say, in the order of the
    /// capture.
    pub fn absorb(&mut self, other: Server) -> Vec<Delivery> {
        self.has_several_addresses = true;
        self.dialect = self.dialect.or(other.dialect);
        self.gaps.client.add_all(&other.gaps.client);
        self.gaps.server.add_all(&other.gaps.server);
        self.unread.extend(other.unread);
        for user in other.users.iter() {
            let Some(known) = self.user_mut(user.id) else { continue };
            let mut names = known.names.all();
            names.extend(user.names.all());
            names.sort_by_key(|(frame, _)| *frame);
            known.names = Names::None;
            for (frame, name) in names {
                known.names.add(frame, frame, name);
            }
            if known.owner == 0 {
                known.owner = user.owner;
            }
        }
        self.renamed += 1;
        for (room, theirs) in other.rooms {
            let ours = self.rooms.entry(room).or_default();
            if theirs.complete > ours.complete || ours.members.count() == 0 {
                self.members = (self.members + theirs.members.count()).saturating_sub(ours.members.count());
                *ours = Membership { listed: 0, ..theirs };
            }
        }
        self.asking.extend(other.asking);
        self.users_in_several_rooms.extend(other.users_in_several_rooms);
        if let Some(theirs) = other.proxied {
            let ours = self.proxied.get_or_insert_default();
            ours.clients.extend(theirs.clients);
            ours.unpaired.extend(theirs.unpaired);
            ours.received.extend(theirs.received);
        }
        self.exchange_starts.absorb(other.exchange_starts);
        self.say_index.absorb(other.say_index);
        self.unmatched.take_with(other.unmatched)
    }
}
