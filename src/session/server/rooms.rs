//! Where users are, and with whom.

use crate::session::storage::texts::{TextId, Texts};

/// Members of one piece of a [`MemberSet`].
const PIECE: usize = 128;

/// The clients in a room by their ids, in the order of the ids' bytes: 4 bytes a client.
#[derive(Debug, Default)]
pub struct MemberSet {
    /// No piece is empty.
    pieces: Vec<Vec<TextId>>,
    count: usize,
}

impl MemberSet {
    /// Of clients in any order.
    pub fn new(mut clients: Vec<TextId>, texts: &Texts) -> MemberSet {
        if !clients.is_sorted_by(|one, other| texts.get(*one) < texts.get(*other)) {
            clients.sort_by(|one, other| texts.get(*one).cmp(texts.get(*other)));
            clients.dedup();
        }
        let pieces = clients.chunks(PIECE / 2).map(<[_]>::to_vec).collect();
        MemberSet { pieces, count: clients.len() }
    }

    /// How many clients there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The clients' ids.
    pub fn ids(&self) -> impl Iterator<Item = TextId> + Clone + '_ {
        self.pieces.iter().flatten().copied()
    }

    /// Whether a piece holds the client of this id or would, and at which place: the piece, and there the client or else its place.
    fn find(&self, id: TextId, texts: &Texts) -> (usize, Result<usize, usize>) {
        let wanted = texts.get(id);
        let is_before = |piece: &Vec<TextId>| piece.first().is_some_and(|first| texts.get(*first) <= wanted);
        let piece = self.pieces.partition_point(is_before).saturating_sub(1);
        let place = self
            .pieces
            .get(piece)
            .map_or(Err(0), |clients| clients.binary_search_by(|client| texts.get(*client).cmp(wanted)));
        (piece, place)
    }

    /// Whether a client is there.
    pub fn contains(&self, id: TextId, texts: &Texts) -> bool {
        self.find(id, texts).1.is_ok()
    }

    /// Adds a client. Returns whether it was not there.
    pub fn insert(&mut self, id: TextId, texts: &Texts) -> bool {
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
    fn a_roll_is_a_set_in_the_order_of_ids() {
        let mut texts = Texts::default();
        let ids: Vec<TextId> =
            (0..700u32).map(|n| texts.intern(&format!("{:08x}", n.wrapping_mul(0x9e37_79b9)))).collect();
        let (mut roll, mut map) = (MemberSet::default(), BTreeMap::new());
        for step in 0..5000usize {
            let id = ids[step * 31 % 700];
            let text = texts.get(id).to_owned();
            match step % 5 < 3 {
                true => assert_eq!(roll.insert(id, &texts), map.insert(text, id).is_none()),
                false => assert_eq!(roll.remove(id, &texts), map.remove(&text).is_some()),
            }
            assert_eq!(roll.count(), map.len());
        }
        assert!(roll.count() > PIECE && roll.ids().eq(map.values().copied()));
        let listed: Vec<_> = ids.iter().chain(&ids[..9]).copied().collect();
        let map: BTreeMap<_, _> = listed.iter().map(|id| (texts.get(*id), *id)).collect();
        let roll = MemberSet::new(listed.clone(), &texts);
        assert!(roll.count() == 700 && roll.ids().eq(map.values().copied()));
    }
}
