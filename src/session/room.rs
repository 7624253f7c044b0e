//! Where users are, and with whom.

use super::texts::{TextId, Texts};

/// Where a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Room {
    /// Dialect A has no rooms: everybody gets everything.
    Everywhere,
    /// A room, by its id.
    Named(TextId),
}

impl Room {
    /// The room's id, where there is one to show.
    pub fn name(self, texts: &Texts) -> Option<&str> {
        match self {
            Room::Everywhere => None,
            Room::Named(name) => Some(texts.get(name)).filter(|name| !name.is_empty()),
        }
    }
}

/// Members of one piece of a [`Roll`].
const PIECE: usize = 128;

/// The clients in a room by their ids, in the order of the ids' bytes: 8 bytes a client.
#[derive(Debug, Default)]
pub struct Roll {
    /// Ids and names; no piece is empty.
    pieces: Vec<Vec<(TextId, TextId)>>,
    count: usize,
}

impl Roll {
    /// Of clients in any order; of an id that is there twice, the last.
    pub fn new(mut clients: Vec<(TextId, TextId)>, texts: &Texts) -> Roll {
        if !clients.is_sorted_by(|one, other| texts.get(one.0) < texts.get(other.0)) {
            clients.reverse();
            clients.sort_by(|one, other| texts.get(one.0).cmp(texts.get(other.0)));
            clients.dedup_by_key(|client| client.0);
        }
        let pieces = clients.chunks(PIECE / 2).map(<[_]>::to_vec).collect();
        Roll { pieces, count: clients.len() }
    }

    /// How many clients there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The names of the clients.
    pub fn names(&self) -> impl Iterator<Item = TextId> + '_ {
        self.pieces.iter().flatten().map(|(_, name)| *name)
    }

    /// Whether a piece holds the client of this id or would, and at which place: the piece, and there the client or else its place.
    fn find(&self, id: TextId, texts: &Texts) -> (usize, Result<usize, usize>) {
        let wanted = texts.get(id);
        let is_before = |piece: &Vec<(TextId, TextId)>| piece.first().is_some_and(|first| texts.get(first.0) <= wanted);
        let piece = self.pieces.partition_point(is_before).saturating_sub(1);
        let place = self
            .pieces
            .get(piece)
            .map_or(Err(0), |clients| clients.binary_search_by(|client| texts.get(client.0).cmp(wanted)));
        (piece, place)
    }

    /// Adds a client, or renames it. Returns whether that changes anything.
    pub fn insert(&mut self, id: TextId, name: TextId, texts: &Texts) -> bool {
        let (at, place) = self.find(id, texts);
        if self.pieces.is_empty() {
            self.pieces.push(Vec::new());
        }
        let Some(piece) = self.pieces.get_mut(at) else { return false };
        match place {
            Ok(known) => std::mem::replace(&mut piece[known].1, name) != name,
            Err(place) => {
                piece.insert(place, (id, name));
                if piece.len() >= PIECE {
                    let rest = piece.split_off(PIECE / 2);
                    self.pieces.insert(at + 1, rest);
                }
                self.count += 1;
                true
            }
        }
    }

    /// Removes a client. Returns whether it was there.
    pub fn remove(&mut self, id: TextId, texts: &Texts) -> bool {
        let (at, Ok(place)) = self.find(id, texts) else { return false };
        self.pieces[at].remove(place);
        if self.pieces[at].is_empty() {
            self.pieces.remove(at);
        }
        self.count -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_roll_is_a_map_in_the_order_of_ids() {
        let mut texts = Texts::default();
        let ids: Vec<TextId> =
            (0..700u32).map(|n| texts.intern(&format!("{:08x}", n.wrapping_mul(0x9e37_79b9)))).collect();
        let names = ["ann", "bob"].map(|name| texts.intern(name));
        let (mut roll, mut map) = (Roll::default(), BTreeMap::new());
        for step in 0..5000usize {
            let (id, name) = (ids[step * 31 % 700], names[step % 2]);
            let text = texts.get(id).to_owned();
            match step % 5 < 3 {
                true => assert_eq!(roll.insert(id, name, &texts), map.insert(text, name) != Some(name)),
                false => assert_eq!(roll.remove(id, &texts), map.remove(&text).is_some()),
            }
            assert_eq!(roll.count(), map.len());
        }
        assert!(roll.count() > PIECE && roll.names().eq(map.values().copied()));
        let listed: Vec<_> =
            ids.iter().chain(&ids[..9]).zip(names.iter().cycle()).map(|(id, name)| (*id, *name)).collect();
        let map: BTreeMap<_, _> = listed.iter().map(|(id, name)| (texts.get(*id), *name)).collect();
        let roll = Roll::new(listed.clone(), &texts);
        assert!(roll.count() == 700 && roll.names().eq(map.values().copied()));
    }
}
