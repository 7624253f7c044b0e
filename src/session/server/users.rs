//! The users of one server by their client ids: their names, and the connection of each.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::one_or_many::OneOrMany;
use crate::packet::{Frame, StreamId};
use crate::storage::chunks::Chunks;
use crate::storage::texts::TextId;

/// A client id: its names, and the connection that has it. 24 bytes.
#[derive(Debug)]
struct User {
    id: TextId,
    /// The number of the latest connection that has this id, and one more; 0 for none.
    owner: u32,
    /// Each with the first frame that says so, in the order of these.
    names: OneOrMany<(Frame, TextId)>,
}

impl User {
    /// Adds what `frame` says, as was learned when `now` was dissected. The frames up to then keep the name that they showed: it is the name
    /// from `now` on, or that of frames before all that are named. Returns whether it is another one than was known.
    fn add_name(&mut self, frame: Frame, now: Frame, name: TextId) -> bool {
        let names = self.names.as_slice();
        let (Some(first), Some(last)) = (names.first(), names.last()) else {
            self.names.push((frame, name));
            return false;
        };
        let (is_new, place, since) = match frame < first.0 {
            true => (first.1 != name, 0, frame),
            false => (last.1 != name && last.0 <= frame, names.len(), now),
        };
        if is_new {
            self.names.insert(place, (since, name));
        }
        is_new
    }
}

/// The users of a server.
#[derive(Debug, Default)]
pub struct Users {
    users: Chunks<User>,
    /// Numbers of `users`, by their ids.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// How often one was renamed.
    renamed: u32,
}

impl Users {
    /// How many client ids are known.
    pub fn len(&self) -> u32 {
        self.users.len()
    }

    /// How often users were renamed.
    pub fn renamed(&self) -> u32 {
        self.renamed
    }

    fn find(&self, id: TextId) -> Option<u32> {
        let hash = self.hasher.hash_one(id);
        self.index.find(hash, |at| self.users.get(*at).is_some_and(|user| user.id == id)).copied()
    }

    fn get(&self, id: TextId) -> Option<&User> {
        self.users.get(self.find(id)?)
    }

    fn get_or_insert(&mut self, id: TextId) -> Option<&mut User> {
        let known = self.find(id);
        let number = known.unwrap_or_else(|| {
            let number = self.users.push(User { id, owner: 0, names: OneOrMany::None });
            let (users, hasher) = (&self.users, &self.hasher);
            self.index.insert_unique(hasher.hash_one(id), number, |at| {
                users.get(*at).map_or(0, |user| hasher.hash_one(user.id))
            });
            number
        });
        self.users.get_mut(number)
    }

    /// Records that the server names `id` as `name` in `frame`, as was learned when `now` was dissected.
    pub fn set_name(&mut self, id: TextId, name: TextId, frame: Frame, now: Frame) {
        let is_renamed = self.get_or_insert(id).is_some_and(|user| user.add_name(frame, now, name));
        self.renamed += u32::from(is_renamed);
    }

    /// The name that `id` had in `frame`; the first known one where only later frames name it, `None` where no frame does.
    pub fn name_of(&self, id: TextId, frame: Frame) -> Option<TextId> {
        let names = self.get(id)?.names.as_slice();
        let count = names.partition_point(|(since, _)| *since <= frame);
        names.get(count.saturating_sub(1)).map(|(_, name)| *name)
    }

    /// The name that `id` had before the frame `before`, where it is known by then, and not only from before the frame `since`.
    pub fn former_name(&self, id: TextId, before: Frame, since: Option<Frame>) -> Option<TextId> {
        let names = self.get(id)?.names.as_slice();
        let count = names.partition_point(|(named, _)| *named < before);
        let last = names.get(count.checked_sub(1)?).filter(|(named, _)| Some(*named) >= since);
        last.map(|(_, name)| *name)
    }

    /// Records that the server gave a connection this id. Returns the one that had it before.
    pub fn set_owner(&mut self, id: TextId, stream: StreamId) -> Option<StreamId> {
        let user = self.get_or_insert(id)?;
        let before = std::mem::replace(&mut user.owner, stream.0.wrapping_add(1));
        before.checked_sub(1).map(StreamId).filter(|before| *before != stream)
    }

    /// The latest connection that has this id.
    pub fn owner(&self, id: TextId) -> Option<StreamId> {
        self.get(id)?.owner.checked_sub(1).map(StreamId)
    }

    /// The ids of which a connection is known, and the latest of each.
    pub fn owners(&self) -> impl Iterator<Item = (TextId, StreamId)> + '_ {
        self.users.iter().filter_map(|user| Some((user.id, StreamId(user.owner.checked_sub(1)?))))
    }

    /// Takes over those of a server that turns out to be the same.
    pub fn absorb(&mut self, other: &Users) {
        for user in other.users.iter() {
            let Some(known) = self.get_or_insert(user.id) else { continue };
            let mut names = [known.names.as_slice(), user.names.as_slice()].concat();
            names.sort_by_key(|(frame, _)| *frame);
            known.names = OneOrMany::None;
            for (frame, name) in names {
                known.add_name(frame, frame, name);
            }
            if known.owner == 0 {
                known.owner = user.owner;
            }
        }
        self.renamed += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::texts::Texts;

    #[test]
    fn a_user_is_small() {
        assert_eq!(size_of::<User>(), 24);
    }

    #[test]
    fn a_name_is_the_users_from_the_frame_on_that_says_so() {
        let mut texts = Texts::default();
        let [id, one, two, three] = ["7", "one", "two", "three"].map(|text| texts.intern(text));
        let mut users = Users::default();
        for (frame, now, name) in [(10, 10, one), (12, 12, one), (20, 25, two), (15, 30, three), (5, 40, three)] {
            users.set_name(id, name, Frame::of(frame), Frame::of(now));
        }
        let at = |frame| (users.name_of(id, Frame::of(frame)), users.former_name(id, Frame::of(frame), None));
        assert_eq!(at(3), (Some(three), None), "the first known one");
        assert_eq!((at(10), at(24)), ((Some(one), Some(three)), (Some(one), Some(one))));
        assert_eq!(
            (at(25), at(99)),
            ((Some(two), Some(one)), (Some(two), Some(two))),
            "what a late frame said is past"
        );
        let since = |since| users.former_name(id, Frame::of(99), Some(Frame::of(since)));
        assert_eq!((since(25), since(26)), (Some(two), None), "who had the id before was another");
        assert_eq!((users.renamed(), users.name_of(one, Frame::LAST)), (2, None));
    }

    #[test]
    fn an_id_is_of_the_connection_that_got_it_last() {
        let mut texts = Texts::default();
        let id = texts.intern("7");
        let mut users = Users::default();
        assert_eq!((users.owner(id), users.set_owner(id, StreamId(0))), (None, None));
        assert_eq!((users.set_owner(id, StreamId(0)), users.set_owner(id, StreamId(3))), (None, Some(StreamId(0))));
        assert_eq!(users.owners().collect::<Vec<_>>(), [(id, StreamId(3))]);
    }
}
