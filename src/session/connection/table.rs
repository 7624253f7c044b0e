//! Which connections are watched: found by their stream's number, or asked for by their ports.

use std::collections::{BTreeMap, VecDeque};

use hashbrown::{HashMap, HashSet};

use crate::packet::StreamId;
use crate::session::connection::Connection;

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

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Connection> {
        self.dense.iter().flatten().chain(self.sparse.values()).map(|connection| &**connection)
    }

    /// The connection of a stream.
    pub fn get(&self, stream: &StreamId) -> Option<&Connection> {
        match self.dense.get(stream.0 as usize) {
            Some(place) => place.as_deref(),
            None if self.sparse.is_empty() => None,
            None => self.sparse.get(stream).map(|connection| &**connection),
        }
    }

    /// All of them with their streams.
    pub fn iter(&self) -> impl Iterator<Item = (StreamId, &Connection)> {
        let dense = (0..).zip(&self.dense).filter_map(|(stream, place)| Some((StreamId(stream), place.as_deref()?)));
        dense.chain(self.sparse.iter().map(|(stream, connection)| (*stream, &**connection)))
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

/// The ports of the watched connections, in pairs. Most segments of a capture are told by them alone to be none of the chat's; two
/// connections of the same ports but other addresses are taken for each other here, and distinguished by their streams later.
#[derive(Debug, Default)]
pub struct Ports {
    /// How many connections have a pair of ports.
    counts: HashMap<[u16; 2], u32>,
}

impl Ports {
    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether a connection between these ports is watched.
    pub fn contains(&self, one: u16, other: u16) -> bool {
        !self.counts.is_empty() && self.counts.contains_key(&pair(one, other))
    }

    /// Adds a connection between these ports.
    pub fn insert(&mut self, one: u16, other: u16) {
        *self.counts.entry(pair(one, other)).or_default() += 1;
    }

    /// Removes a connection between these ports.
    pub fn remove(&mut self, one: u16, other: u16) {
        let pair = pair(one, other);
        match self.counts.get_mut(&pair) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.counts.remove(&pair)),
        }
    }
}

/// The same in both directions.
fn pair(one: u16, other: u16) -> [u16; 2] {
    [one.min(other), one.max(other)]
}

/// Connections that were found to be another application's, by their ports: at most about this many, of the last ones.
const MAX_OTHER_APPLICATIONS: usize = 1 << 16;

/// The connections that were watched and found to be another application's. A message must prove the chat for one of them to be watched
/// again; so it must for one that has their ports, until its SYN is seen.
#[derive(Debug, Default)]
pub struct OtherApplications {
    ports: HashSet<[u16; 2]>,
    /// Oldest first.
    order: VecDeque<[u16; 2]>,
}

impl OtherApplications {
    /// Whether the connection between these ports is one of them.
    pub fn contains(&self, one: u16, other: u16) -> bool {
        !self.ports.is_empty() && self.ports.contains(&pair(one, other))
    }

    /// Adds the connection between these ports.
    pub fn insert(&mut self, one: u16, other: u16) {
        if !self.ports.insert(pair(one, other)) {
            return;
        }
        self.order.push_back(pair(one, other));
        if self.order.len() > MAX_OTHER_APPLICATIONS {
            if let Some(oldest) = self.order.pop_front() {
                self.ports.remove(&oldest);
            }
        }
    }

    /// Removes the connection between these ports: it is watched, again or anew.
    pub fn remove(&mut self, one: u16, other: u16) {
        if !self.ports.is_empty() {
            self.ports.remove(&pair(one, other));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_counted_in_both_directions() {
        let mut ports = Ports::default();
        ports.insert(1, 2);
        ports.insert(2, 1);
        ports.remove(1, 2);
        assert!(ports.contains(1, 2) && ports.contains(2, 1) && !ports.contains(1, 3));
        ports.remove(1, 2);
        assert!(!ports.contains(1, 2) && ports.len() == 0);
    }

    #[test]
    fn the_last_other_applications_are_known_until_they_are_watched_again() {
        let mut other_applications = OtherApplications::default();
        for number in 0..u16::MAX {
            other_applications.insert(number, u16::MAX);
        }
        other_applications.insert(0, u16::MAX);
        other_applications.insert(1, 0);
        assert_eq!(
            (other_applications.ports.len(), other_applications.order.len()),
            (MAX_OTHER_APPLICATIONS, MAX_OTHER_APPLICATIONS)
        );
        other_applications.insert(2, 0);
        assert_eq!(
            (other_applications.ports.len(), other_applications.order.len()),
            (MAX_OTHER_APPLICATIONS, MAX_OTHER_APPLICATIONS)
        );
        assert!(!other_applications.contains(0, u16::MAX), "the oldest");
        assert!(other_applications.contains(u16::MAX, 1));
        other_applications.remove(1, u16::MAX);
        assert!(!other_applications.contains(u16::MAX, 1));
    }

    #[test]
    fn a_connection_is_small() {
        let size = size_of::<Connection>();
        assert!(size <= 368, "{size} bytes");
    }
}
