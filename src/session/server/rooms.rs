//! Where the users of a server are, and with whom.

use hashbrown::HashMap;

use crate::packet::Frame;
use crate::session::ids::Room;
use crate::session::server::ambiguous_logins::LONGEST_LOGIN;
use crate::session::server::users::Users;
use crate::storage::chunks::Chunks;
use crate::storage::texts::{TextId, Texts};
use crate::tcp::gaps::Gaps;

/// Rooms of one user.
const MAX_ROOMS: usize = 64;
/// Members of one piece of a [`MemberSet`].
const PIECE: usize = 128;
/// Names of a room's members that are listed; beyond, only the count grows.
const MAX_LISTED: usize = 50;

/// The rooms of one server.
#[derive(Debug, Default)]
pub struct Rooms {
    rooms: HashMap<Room, Membership>,
    /// How many members all of them have.
    members: usize,
    /// Where users are about to be, by their names, until they are logged in.
    asking: HashMap<TextId, (Room, i64)>,
    /// Users that are in more than one room, and the rooms.
    users_in_several: HashMap<TextId, Vec<Room>>,
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

impl Membership {
    /// Removes a client. Returns how many that were.
    fn remove(&mut self, id: TextId, texts: &Texts) -> usize {
        let is_removed = self.members.remove(id, texts);
        if is_removed {
            self.listed = 0;
        }
        usize::from(is_removed)
    }
}

impl Rooms {
    /// How many rooms there are, and how many members in all of them.
    pub fn count(&self) -> (usize, usize) {
        (self.rooms.len(), self.members)
    }

    /// Enters that a client with this name asks to be in a room; `now` in nanoseconds since the epoch.
    pub fn ask_for(&mut self, name: TextId, room: Room, now: i64) {
        self.asking.insert(name, (room, now));
    }

    /// The room that a client with this name asked for last, until it is there. The answer to what was asked long ago is missing.
    pub fn asked_for(&self, name: TextId, now: i64) -> Option<Room> {
        let (room, asked) = self.asking.get(&name)?;
        (now - asked <= LONGEST_LOGIN).then_some(*room)
    }

    /// Enters that a client with this name is logged in: it asks no more.
    pub fn has_joined(&mut self, name: TextId) {
        self.asking.remove(&name);
    }

    /// Enters that a client is in more than one room: the server takes it out of none before it goes.
    pub fn set_several(&mut self, id: TextId, rooms: impl Iterator<Item = Room>) {
        let mut rooms: Vec<Room> = rooms.take(MAX_ROOMS).collect();
        rooms.dedup();
        self.users_in_several.insert(id, rooms);
    }

    /// How many clients are in a room, as far as is known.
    pub fn size_of(&self, room: Room) -> usize {
        self.rooms.get(&room).map_or(0, |room| room.members.count())
    }

    /// Adds a client to a room.
    pub fn join(&mut self, room: Room, id: TextId, texts: &Texts) {
        // Nobody lists all who are everywhere.
        let complete = (room == Room::Everywhere).then_some(Frame::FIRST);
        let room = self.rooms.entry(room).or_insert_with(|| Membership { complete, ..Membership::default() });
        if room.members.insert(id, texts) {
            room.listed = 0;
            self.members += 1;
        }
    }

    /// Whether a client is in a room.
    pub fn is_in(&self, room: Room, id: TextId, texts: &Texts) -> bool {
        self.rooms.get(&room).is_some_and(|room| room.members.contains(id, texts))
    }

    /// Removes a client that has gone, from this room or, where it is in more than one, from all.
    pub fn leave(&mut self, room: Room, id: TextId, texts: &Texts) {
        let others = self.users_in_several.remove(&id).unwrap_or_default();
        for room in others.into_iter().chain([room]) {
            let gone = self.rooms.get_mut(&room).map_or(0, |room| room.remove(id, texts));
            self.members = self.members.saturating_sub(gone);
        }
    }

    /// Marks the members of a room as not known any more, until the server lists them.
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

    /// How many members a room has, where all of them are known. `gaps`: of what the server says of the room.
    pub fn count_members(&self, room: Room, gaps: &Gaps) -> Option<u32> {
        u32::try_from(self.known(room, gaps)?.members.count()).ok()
    }

    /// The members of a room, where all of them are known.
    fn known(&self, room: Room, gaps: &Gaps) -> Option<&Membership> {
        self.rooms.get(&room).filter(|room| room.complete.is_some_and(|since| !gaps.after(since)))
    }

    /// A list of a room's members; 0 for a room of which not all are known. `gaps`: of what the server says of the room.
    pub fn list_members(&mut self, room: Room, users: &Users, lists: &mut MemberLists, gaps: &Gaps) -> ListNumber {
        let Some(known) = self.known(room, gaps) else { return 0 };
        if known.listed != 0 && known.renamed == users.renamed() {
            return known.listed;
        }
        let names = known.members.ids().filter_map(|id| users.name_of(id, Frame::LAST));
        let listed = lists.add(names, known.members.count());
        if let Some(room) = self.rooms.get_mut(&room) {
            (room.listed, room.renamed) = (listed, users.renamed());
        }
        listed
    }

    /// Takes over those of a server that turns out to be the same.
    pub fn absorb(&mut self, other: Rooms) {
        for (room, theirs) in other.rooms {
            let ours = self.rooms.entry(room).or_default();
            if theirs.complete > ours.complete || ours.members.count() == 0 {
                self.members = (self.members + theirs.members.count()).saturating_sub(ours.members.count());
                *ours = Membership { listed: 0, ..theirs };
            }
        }
        self.asking.extend(other.asking);
        self.users_in_several.extend(other.users_in_several);
    }
}

/// The clients in a room by their ids, in the order of the ids' bytes: 4 bytes a client.
#[derive(Debug, Default)]
struct MemberSet {
    /// No piece is empty.
    pieces: Vec<Vec<TextId>>,
    count: usize,
}

impl MemberSet {
    /// Of clients in any order.
    fn new(mut clients: Vec<TextId>, texts: &Texts) -> MemberSet {
        if !clients.is_sorted_by(|one, other| texts.get(*one) < texts.get(*other)) {
            clients.sort_by(|one, other| texts.get(*one).cmp(texts.get(*other)));
            clients.dedup();
        }
        let pieces = clients.chunks(PIECE / 2).map(<[_]>::to_vec).collect();
        MemberSet { pieces, count: clients.len() }
    }

    /// How many clients there are.
    fn count(&self) -> usize {
        self.count
    }

    /// The clients' ids.
    fn ids(&self) -> impl Iterator<Item = TextId> + Clone + '_ {
        self.pieces.iter().flatten().copied()
    }

    /// Whether a piece holds the client of this id or would, and at which place: the piece, and there the client or else its place.
    fn find(&self, id: TextId, texts: &Texts) -> (usize, Result<usize, usize>) {
        let wanted = texts.get(id);
        let behind =
            self.pieces.partition_point(|clients| clients.first().is_some_and(|first| texts.get(*first) <= wanted));
        let piece = behind.saturating_sub(1);
        let Some(clients) = self.pieces.get(piece) else { return (piece, Err(0)) };
        (piece, clients.binary_search_by(|client| texts.get(*client).cmp(wanted)))
    }

    /// Whether a client is there.
    fn contains(&self, id: TextId, texts: &Texts) -> bool {
        self.find(id, texts).1.is_ok()
    }

    /// Adds a client. Returns whether it was not there.
    fn insert(&mut self, id: TextId, texts: &Texts) -> bool {
        let (at, place) = self.find(id, texts);
        if self.pieces.is_empty() {
            self.pieces.push(Vec::new());
        }
        let (Some(piece), Err(place)) = (self.pieces.get_mut(at), place) else { return false };
        piece.insert(place, id);
        if piece.len() >= PIECE {
            let rest = piece.split_off(PIECE / 2);
            self.pieces.insert(at + 1, rest);
        }
        self.count += 1;
        true
    }

    /// Removes a client. Returns whether it was there.
    fn remove(&mut self, id: TextId, texts: &Texts) -> bool {
        let (at, Ok(place)) = self.find(id, texts) else { return false };
        self.pieces[at].remove(place);
        if self.pieces[at].is_empty() {
            self.pieces.remove(at);
        }
        self.count -= 1;
        true
    }
}

/// The number of a list, from 1 on; 0 for none.
pub type ListNumber = u32;

/// The members of a room at one time: 12 bytes, and 4 a name where the names differ from those of the list before.
#[derive(Debug, Clone, Copy)]
struct MemberList {
    /// Of the first names, among all.
    start: u32,
    length: u32,
    count: u32,
}

/// Lists of the members of rooms as they were at one time, for the says of all servers.
#[derive(Debug, Default)]
pub struct MemberLists {
    names: Chunks<TextId>,
    lists: Chunks<MemberList>,
    size: usize,
}

impl MemberLists {
    /// Keeps a list of so many members, by their names.
    pub fn add(&mut self, names: impl Iterator<Item = TextId> + Clone, count: usize) -> ListNumber {
        let names = names.take(MAX_LISTED);
        let length = names.clone().count() as u32;
        let last = self.lists.len().checked_sub(1).and_then(|last| self.lists.get(last)).copied();
        let same = last.filter(|last| last.length == length && names.clone().eq(self.names(*last)));
        let start = same.map_or(self.names.len(), |same| same.start);
        self.size += size_of::<MemberList>();
        if same.is_none() {
            self.size += length as usize * size_of::<TextId>();
            names.for_each(|name| _ = self.names.push(name));
        }
        self.lists.push(MemberList { start, length, count: count as u32 }) + 1
    }

    fn names(&self, list: MemberList) -> impl Iterator<Item = TextId> + '_ {
        (list.start..list.start + list.length).filter_map(|at| self.names.get(at).copied())
    }

    /// How many bytes they take.
    pub fn size(&self) -> usize {
        self.size
    }

    /// A list: the first 50 names, and how many members there are.
    pub fn get(&self, number: ListNumber) -> Option<(impl Iterator<Item = TextId> + '_, usize)> {
        let list = *self.lists.get(number.checked_sub(1)?)?;
        Some((self.names(list), list.count as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn members_are_kept_in_the_order_of_their_ids() {
        let mut texts = Texts::default();
        let ids: Vec<TextId> =
            (0..700u32).map(|n| texts.intern(&format!("{:08x}", n.wrapping_mul(0x9e37_79b9)))).collect();
        let (mut set, mut map) = (MemberSet::default(), BTreeMap::new());
        for step in 0..5000usize {
            let id = ids[step * 31 % 700];
            let text = texts.get(id).to_owned();
            match step % 5 < 3 {
                true => assert_eq!(set.insert(id, &texts), map.insert(text, id).is_none()),
                false => assert_eq!(set.remove(id, &texts), map.remove(&text).is_some()),
            }
            assert_eq!(set.count(), map.len());
        }
        assert!(set.count() > PIECE && set.ids().eq(map.values().copied()));
        let listed: Vec<_> = ids.iter().chain(&ids[..9]).copied().collect();
        let map: BTreeMap<_, _> = listed.iter().map(|id| (texts.get(*id), *id)).collect();
        let set = MemberSet::new(listed.clone(), &texts);
        assert!(set.count() == 700 && set.ids().eq(map.values().copied()));
    }
}
