//! Clients that are captured on both sides of a proxy, which passes on what is said.

use hashbrown::HashSet;

use crate::packet::{FrameTime, StreamId};
use crate::session::connection::PROXY_DELAY;
use crate::session::ids::SayNumber;
use crate::session::say::Said;
use crate::storage::texts::TextId;

/// Says that wait to be seen on the other side of a proxy.
const MAX_UNPAIRED: usize = 64;

/// The clients of one server that are captured on both sides of a proxy.
#[derive(Debug, Default)]
pub struct Proxies {
    clients: HashSet<TextId>,
    unpaired: Vec<Unpaired>,
    /// What they have got.
    received: HashSet<(SayNumber, TextId)>,
}

/// A say of such a client, seen on one side.
#[derive(Debug)]
struct Unpaired {
    client: TextId,
    stream: StreamId,
    said: Option<Said>,
    say: SayNumber,
    time: i64,
}

impl Proxies {
    /// Enters a client of whose id there are two connections: a proxy passes on what is said.
    pub fn insert(&mut self, client: TextId) {
        self.clients.insert(client);
    }

    /// Whether there is none, as nearly always. Who is behind one receives everything twice.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// Whether a proxy passes on what is said to this client.
    pub fn contains(&self, client: TextId) -> bool {
        self.clients.contains(&client)
    }

    /// Enters that a say reaches this client. Returns whether it has not reached it on another connection.
    pub fn deliver(&mut self, say: SayNumber, client: TextId) -> bool {
        !self.contains(client) || self.received.insert((say, client))
    }

    /// The say of a client that was just seen on the other side of a proxy.
    pub fn take_say(
        &mut self,
        client: TextId,
        stream: StreamId,
        said: Option<Said>,
        at: FrameTime,
    ) -> Option<SayNumber> {
        if !self.contains(client) {
            return None;
        }
        self.unpaired.retain(|say| at.time.saturating_sub(say.time).abs() <= PROXY_DELAY);
        let mut unpaired = self.unpaired.iter();
        let place = unpaired.position(|say| (say.client, say.said) == (client, said) && say.stream != stream)?;
        Some(self.unpaired.remove(place).say)
    }

    /// Enters a say of a client, which may be seen on the other side of a proxy.
    pub fn push_say(&mut self, client: TextId, stream: StreamId, said: Option<Said>, time: i64, say: SayNumber) {
        if self.contains(client) {
            if self.unpaired.len() >= MAX_UNPAIRED {
                self.unpaired.remove(0);
            }
            self.unpaired.push(Unpaired { client, stream, said, say, time });
        }
    }

    /// Takes over those of a server that turns out to be the same.
    pub fn absorb(&mut self, other: Proxies) {
        self.clients.extend(other.clients);
        self.unpaired.extend(other.unpaired);
        self.received.extend(other.received);
    }
}
