//! Logins that several connections ask for by one name at the same time, in dialects A and B: a login names a client by its number and
//! does not tell whose it is. Clients are numbered in the order of connecting; once all of their logins are known, so is the order.

use std::collections::BTreeMap;

use crate::packet::StreamId;
use crate::session::ids::MessagePlace;
use crate::storage::texts::TextId;

/// A login is answered within this time. Nanoseconds.
pub const LONGEST_LOGIN: i64 = 2_000_000_000;

/// Once no further login was captured for this time, all are known. Nanoseconds.
const QUIET: i64 = 250_000_000;
/// Logins of one name that are kept.
const MAX_LOGINS: usize = 4096;
/// Names that several connections ask for at one time.
const MAX_NAMES: usize = 64;

/// A login that is about one of several connections.
#[derive(Debug, Clone, Copy)]
pub struct Login {
    /// The message.
    pub place: MessagePlace,
    /// The client's id, and the number that it is.
    pub id: (TextId, u64),
}

/// The logins by one name.
#[derive(Debug)]
pub struct AmbiguousLogin {
    /// The name, and the server's port.
    pub asked: (TextId, u16),
    /// In the order of the capture.
    pub logins: Vec<Login>,
}

/// Logins of which it is not known yet which connection each is about.
#[derive(Debug, Default)]
pub struct AmbiguousLogins {
    open: Vec<AmbiguousLogin>,
}

impl AmbiguousLogins {
    /// Whether there is none, as nearly always.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether several connections ask for a name.
    pub fn holds(&self, asked: (TextId, u16)) -> bool {
        self.open.iter().any(|ambiguous| ambiguous.asked == asked)
    }

    /// Adds a login.
    pub fn add(&mut self, asked: (TextId, u16), login: Login) {
        let names = self.open.len();
        match self.open.iter_mut().find(|ambiguous| ambiguous.asked == asked) {
            Some(ambiguous) if ambiguous.logins.len() < MAX_LOGINS => ambiguous.logins.push(login),
            None if names < MAX_NAMES => self.open.push(AmbiguousLogin { asked, logins: vec![login] }),
            Some(_) | None => {}
        }
    }

    /// Takes those of which all logins are known at this time.
    pub fn take_settled(&mut self, now: i64) -> Vec<AmbiguousLogin> {
        let (settled, open) = std::mem::take(&mut self.open).into_iter().partition(|ambiguous| {
            let last = ambiguous.logins.last().map_or(0, |login| login.place.at.time);
            now.saturating_sub(last) > QUIET
        });
        self.open = open;
        settled
    }
}

impl AmbiguousLogin {
    /// Which connection has which number, in the order of connecting; `None` where their logins do not tell.
    pub fn owners(&self) -> Option<BTreeMap<StreamId, u64>> {
        let mut streams: Vec<_> = self.logins.iter().map(|login| login.place.stream).collect();
        let mut numbers: Vec<u64> = self.logins.iter().map(|login| login.id.1).collect();
        streams.sort_unstable();
        streams.dedup();
        numbers.sort_unstable();
        numbers.dedup();
        if streams.len() != numbers.len() {
            return None;
        }
        let owners: BTreeMap<_, _> = streams.into_iter().zip(numbers).collect();
        // Everybody is told of its own login.
        let are_told =
            owners.iter().all(|owner| self.logins.iter().any(|login| (&login.place.stream, &login.id.1) == owner));
        are_told.then_some(owners)
    }
}
