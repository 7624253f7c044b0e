//! Which connections are watched: found by their stream's number, or asked for by their ends.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::connection::Connection;
use crate::packet::{Endpoint, StreamId};

/// Streams below this number have a place of 8 bytes each. Wireshark numbers them from 0 on without gaps.
const DENSE: usize = 1 << 22;

/// The connections that are watched, by stream.
#[derive(Debug, Default)]
pub struct Connections {
    dense: Vec<Option<Box<Connection>>>,
    sparse: BTreeMap<StreamId, Box<Connection>>,
}

impl Connections {
    /// How many there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.dense.iter().flatten().count() + self.sparse.len()
    }

    /// The connection of a stream.
    pub fn get(&self, stream: &StreamId) -> Option<&Connection> {
        match self.dense.get(stream.0 as usize) {
            Some(place) => place.as_deref(),
            None if self.sparse.is_empty() => None,
            None => self.sparse.get(stream).map(|connection| &**connection),
        }
    }

    /// The connection of a stream, to change it.
    pub fn get_mut(&mut self, stream: &StreamId) -> Option<&mut Connection> {
        match self.dense.get_mut(stream.0 as usize) {
            Some(place) => place.as_deref_mut(),
            None if self.sparse.is_empty() => None,
            None => self.sparse.get_mut(stream).map(|connection| &mut **connection),
        }
    }

    /// Enters the connection of a stream.
    pub fn insert(&mut self, stream: StreamId, connection: Connection) {
        let place = stream.0 as usize;
        if place < DENSE {
            if place >= self.dense.len() {
                self.dense.resize_with(place + 1, || None);
            }
            self.dense[place] = Some(Box::new(connection));
        } else {
            self.sparse.insert(stream, Box::new(connection));
        }
    }

    /// Removes the connection of a stream.
    pub fn remove(&mut self, stream: &StreamId) -> Option<Box<Connection>> {
        match self.dense.get_mut(stream.0 as usize) {
            Some(place) => place.take(),
            None => self.sparse.remove(stream),
        }
    }
}

#[cfg(test)]
impl std::ops::Index<&StreamId> for Connections {
    type Output = Connection;

    fn index(&self, stream: &StreamId) -> &Connection {
        self.get(stream).expect("a connection that is watched")
    }
}

/// The ends of the watched connections, as hashes of 32 bits. Two pairs of ends with one hash, one in four thousand millions, are taken for
/// each other: then a segment is looked at that need not have been, and nothing is found.
#[derive(Debug, Default)]
pub struct Ends {
    /// A hash, and how many connections have it.
    counts: HashTable<(u32, u32)>,
    hasher: DefaultHashBuilder,
}

impl Ends {
    /// How many pairs of ends there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// The same in both directions.
    fn hash(&self, one: Endpoint, other: Endpoint) -> u32 {
        let hash = |end: Endpoint| self.hasher.hash_one((u128::from_ne_bytes(end.address), end.port));
        let sum = hash(one).wrapping_add(hash(other));
        (sum >> 32) as u32 ^ sum as u32
    }

    /// Whether a connection with these ends may be watched.
    pub fn contains(&self, one: Endpoint, other: Endpoint) -> bool {
        if self.counts.is_empty() {
            return false;
        }
        let hash = self.hash(one, other);
        self.counts.find(spread(hash), |(known, _)| *known == hash).is_some()
    }

    /// A connection with these ends is watched from now on.
    pub fn insert(&mut self, one: Endpoint, other: Endpoint) {
        let hash = self.hash(one, other);
        match self.counts.find_mut(spread(hash), |(known, _)| *known == hash) {
            Some((_, count)) => *count += 1,
            None => drop(self.counts.insert_unique(spread(hash), (hash, 1), |(known, _)| spread(*known))),
        }
    }

    /// A connection with these ends is watched no more.
    pub fn remove(&mut self, one: Endpoint, other: Endpoint) {
        let hash = self.hash(one, other);
        if let Ok(mut entry) = self.counts.find_entry(spread(hash), |(known, _)| *known == hash) {
            let (_, count) = entry.get_mut();
            *count -= 1;
            if *count == 0 {
                entry.remove();
            }
        }
    }
}

/// A table uses the lowest bits of a hash and the highest.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(port: u16) -> Endpoint {
        Endpoint { address: [10; 16], port, chat_port: false }
    }

    #[test]
    fn ends_are_counted_in_both_directions() {
        let mut ends = Ends::default();
        ends.insert(end(1), end(2));
        ends.insert(end(2), end(1));
        ends.remove(end(1), end(2));
        assert!(ends.contains(end(1), end(2)) && ends.contains(end(2), end(1)) && !ends.contains(end(1), end(3)));
        ends.remove(end(1), end(2));
        assert!(!ends.contains(end(1), end(2)) && ends.len() == 0);
    }

    /// A capture has as many of these as connections on the chat's ports.
    #[test]
    fn a_connection_is_small() {
        let size = size_of::<Connection>();
        assert!(size <= 312, "{size} bytes");
    }
}
