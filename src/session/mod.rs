//! What the packets of one capture taught, in the order in which Wireshark first dissected them.
//!
//! Everything here is learned on the first pass and only looked up afterwards, so that every later pass, in any order, shows the same;
//! what later frames add (an answer, a count, a name) is added to the records and changes none of what they hold. The module knows
//! nothing of trees or sentences.
//!
//! A connection has parts that know nothing of each other: [`transport`] (TCP), [`opening`] (the upgrade), [`framing`] (WebSocket frames)
//! and [`application`] (the chat with its user, or something else). [`server`] is what connections to one server have in common.
//!
//! Memory: a record for each frame in which something happens, and only on connections that are, or may yet turn out to be, the
//! chat's. Connections of which nothing is known but their TCP handshake are few (at most [`MAX_UNDECIDED`]); those that turn out to be
//! something else are forgotten.

pub mod application;
pub mod bounded;
pub mod connection;
mod framing;
mod learn;
mod opening;
pub mod record;
pub mod server;
mod statement;
pub mod transport;
mod view;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};

use crate::message::{Evidence, Message};
use crate::packet::{Endpoint, Position, Segment, Side, StreamId, flags};
use application::Postponed;
use connection::Connection;
use server::Server;
use statement::Statement;
pub use view::{DeliveredTo, FrameView, MessageView};

/// Connections that may yet turn out to be the chat's; beyond, the oldest is forgotten.
pub const MAX_UNDECIDED: usize = 4096;

/// Both ends of a connection, the same in both directions.
type Ends = (Endpoint, Endpoint);

fn ends(one: Endpoint, other: Endpoint) -> Ends {
    if (one.address, one.port) <= (other.address, other.port) { (one, other) } else { (other, one) }
}

/// What one capture file taught.
#[derive(Debug, Default)]
pub struct Session {
    connections: HashMap<StreamId, Box<Connection>>,
    /// How many of the connections have these two ends.
    ends: HashMap<Ends, u32>,
    /// Connections that are neither configured nor proven, oldest first.
    undecided: VecDeque<StreamId>,
    servers: HashMap<Endpoint, Server>,
}

impl Session {
    /// Whether there is anything to learn from a segment or to show of it: the cheap question that comes before all others.
    pub fn concerns(&self, segment: &Segment, payload: &[u8]) -> bool {
        may_begin(segment, payload) || self.ends.contains_key(&ends(segment.source, segment.destination))
    }

    /// Takes in a segment, before or after its payload was dissected; `payload` are its captured bytes. A segment that was taken in
    /// already is ignored.
    pub fn segment(&mut self, segment: &Segment, payload: &[u8]) {
        if !self.connections.contains_key(&segment.stream) {
            if !is_worth_watching(segment, payload) {
                return;
            }
            self.watch(segment);
        }
        let Some(connection) = self.connections.get_mut(&segment.stream) else { return };
        connection.segment(segment);
        let is_open = connection.application().is_undecided() && !connection.is_configured();
        let is_foreign = connection.side(segment) == Side::Client && !could_lead_to_chat(payload);
        if is_open && connection.is_unopened() && is_foreign {
            self.forget(segment.stream);
        }
    }

    fn watch(&mut self, segment: &Segment) {
        let connection = Connection::new(segment);
        if !connection.is_configured() {
            self.undecided.push_back(segment.stream);
            if self.undecided.len() > MAX_UNDECIDED {
                self.forget_oldest();
            }
        }
        *self.ends.entry(ends(segment.source, segment.destination)).or_default() += 1;
        self.connections.insert(segment.stream, Box::new(connection));
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.undecided.pop_front() else { return };
        if self.connections.get(&oldest).is_some_and(|connection| connection.application().is_undecided()) {
            self.forget(oldest);
        }
    }

    fn forget(&mut self, stream: StreamId) {
        let Some(connection) = self.connections.remove(&stream) else { return };
        let ends = ends(connection.client(), connection.server());
        match self.ends.get_mut(&ends) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.ends.remove(&ends)),
        }
    }

    /// Looks for the opening handshake: in the segment's captured payload, or where that is only a part, in what Wireshark
    /// reassembled or decrypted with it.
    pub fn handshake<'a>(&mut self, segment: &Segment, payload: &[u8], sources: impl IntoIterator<Item = &'a [u8]>) {
        let Some(connection) = self.connections.get_mut(&segment.stream) else { return };
        let truncated = payload.len() < segment.length as usize;
        let encrypted = is_tls(payload);
        let mut foreign = connection.http(segment, payload, truncated, encrypted);
        for source in sources {
            foreign |= connection.http(segment, source, false, encrypted);
        }
        if foreign && !connection.is_configured() && connection.application().is_undecided() {
            self.forget(segment.stream);
        }
    }

    /// Takes in WebSocket data that is about to be dissected: `position` is where it begins in the segment's payload, where it has
    /// not been reassembled or decrypted.
    pub fn frames(&mut self, segment: &Segment, data: &[u8], position: Option<u32>) {
        if let Some(connection) = self.connections.get_mut(&segment.stream) {
            connection.frames(segment, data, position);
        }
    }

    /// Who sent this segment, for later passes.
    pub fn side(&self, segment: &Segment) -> Side {
        match self.connections.get(&segment.stream) {
            Some(connection) => connection.side(segment),
            None if segment.source.port < segment.destination.port => Side::Server,
            None => Side::Client,
        }
    }

    /// Who sent this segment, on the first pass; `evidence` says what its message would prove if a given side had sent it.
    pub fn settle_side(&mut self, segment: &Segment, evidence: impl Fn(Side) -> Evidence) -> Side {
        if !self.connections.contains_key(&segment.stream) {
            self.watch(segment);
        }
        let Some(connection) = self.connections.get_mut(&segment.stream) else { return self.side(segment) };
        let side = connection.side(segment);
        let other = side.other();
        let is_wrong = !connection.sides_known()
            && evidence(side) != Evidence::Dialect
            && evidence(other) == Evidence::Dialect;
        if is_wrong {
            connection.settle_sides(segment, other);
        }
        connection.side(segment)
    }

    /// Learns from a message, on the first pass. `index`: how many messages of this segment came before it;
    /// `truncated`: the capture holds only its beginning.
    pub fn message(&mut self, segment: &Segment, index: u32, message: &Message, truncated: bool) {
        if !self.connections.contains_key(&segment.stream) {
            self.watch(segment);
        }
        let Some(connection) = self.connections.get_mut(&segment.stream) else { return };
        let is_other = !connection.application().is_chat() && !connection.application().is_undecided();
        if is_other && message.evidence() != Evidence::Dialect {
            return;
        }
        let ending = connection.take_ending();
        if message.fault().is_some() && ending.is_some_and(|ending| ending.hard_to_inflate) {
            return; // compressed bytes, not a message
        }
        connection.message_ends(segment, ending.map_or(segment.end(), |ending| ending.end));
        connection.reserve_message(Position { frame: segment.at.frame, index });
        let statement = Statement::of(message, truncated);
        let masked = ending.map(|ending| ending.masked);
        let is_configured = connection.is_configured();
        if !connection.application().accepts(message.evidence(), is_configured) {
            let statement = statement.into_owned();
            self.postpone(segment.stream, Postponed { at: segment.at, index, statement, masked });
            return;
        }
        let postponed = connection.application_mut().become_chat();
        for earlier in postponed {
            self.learn(segment.stream, earlier);
        }
        self.learn(segment.stream, Postponed { at: segment.at, index, statement, masked });
    }

    fn postpone(&mut self, stream: StreamId, message: Postponed<'static>) {
        let Some(connection) = self.connections.get_mut(&stream) else { return };
        let too_many = connection.application_mut().postpone(message);
        match (too_many, connection.is_configured()) {
            (false, _) => {}
            (true, true) => connection.give_up(),
            (true, false) => self.forget(stream),
        }
    }

    /// Whether Wireshark's HTTP dissector hands the connection to WebSocket by itself.
    pub fn is_handed_over(&self, stream: StreamId) -> bool {
        self.connections.get(&stream).is_some_and(|connection| connection.is_handed_over())
    }
}

/// Whether a segment can belong to a chat connection that nobody watches yet.
fn may_begin(segment: &Segment, payload: &[u8]) -> bool {
    segment.is_on_chat_port() || segment.has(flags::SYN) || payload.starts_with(b"GET ")
}

/// Whether a connection first seen with this segment is worth watching.
fn is_worth_watching(segment: &Segment, payload: &[u8]) -> bool {
    let is_upgrade = || crate::websocket::handshake::request(payload).complete().is_some();
    may_begin(segment, payload) && (!payload.starts_with(b"GET ") || segment.is_on_chat_port() || is_upgrade())
}

/// Whether a client's first bytes leave it open that this becomes a chat connection: an HTTP request, TLS, or nothing yet.
fn could_lead_to_chat(payload: &[u8]) -> bool {
    let start = &payload[..payload.len().min(4)];
    b"GET ".starts_with(start) || is_tls(payload)
}

/// Whether the payload begins like a TLS record (RFC 8446, section 5.1), which text does not.
fn is_tls(payload: &[u8]) -> bool {
    matches!(payload.first(), Some(0x14..=0x17))
}
