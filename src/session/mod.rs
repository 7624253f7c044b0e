//! What the packets of one capture taught, in the order in which Wireshark first saw them.
//!
//! Everything here is learned on the first pass and only looked up afterwards, so that every later look, in any order, sees the same;
//! what later frames add (an answer, a count, a name) is added to what was said before and changes none of it. The module knows
//! nothing of trees or sentences.
//!
//! Memory: a record for each frame that has something to say, and only on connections that are, or may yet turn out to be, the
//! chat's. Connections of which nothing is known but their TCP handshake are few (at most [`MAX_OPEN`]); those that turn out to be
//! something else are forgotten.

pub mod chat;
mod learn;
mod opening;
pub mod record;
pub mod stream;
pub mod tcp;
mod told;
mod view;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};

use crate::message::{Evidence, Kind, Message, Sender};
use chat::Server;
use record::{Side, When};
use stream::{MAX_UNPROVEN, Standing, Stream, Unproven};
use tcp::Sent;
use told::Told;
pub use view::{DeliveredTo, MessageView};

/// Connections that may yet turn out to be the chat's; beyond, the oldest is forgotten.
pub const MAX_OPEN: usize = 4096;

/// One end of a TCP connection.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// IPv4 or IPv6, in network order, padded with zeros.
    pub address: [u8; 16],
    pub port: u16,
    /// Whether the user named the port as the chat's.
    pub chat_port: bool,
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        (self.address, self.port) == (other.address, other.port)
    }
}

impl Eq for Endpoint {}

impl std::hash::Hash for Endpoint {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.address, self.port).hash(state);
    }
}

/// A TCP segment as its header says it.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    pub at: When,
    /// `tcp.stream`
    pub stream: u32,
    pub source: Endpoint,
    pub destination: Endpoint,
    pub sequence: u32,
    pub acknowledgment: u32,
    pub flags: u16,
    /// Bytes of payload on the wire.
    pub length: u32,
}

/// Both ends of a connection, the same in both directions.
fn ends(one: Endpoint, other: Endpoint) -> (Endpoint, Endpoint) {
    if (one.address, one.port) <= (other.address, other.port) { (one, other) } else { (other, one) }
}

impl Segment {
    /// Whether the segment can belong to a chat connection that nobody watches yet.
    fn may_begin(&self, payload: &[u8]) -> bool {
        self.on_chat_port() || self.flags & tcp::flags::SYN != 0 || payload.starts_with(b"GET ")
    }

    fn on_chat_port(&self) -> bool {
        self.source.chat_port || self.destination.chat_port
    }

    /// The sequence number after the payload.
    pub fn end(&self) -> u32 {
        self.sequence.wrapping_add(self.length)
    }
}

/// What one capture file taught.
#[derive(Debug, Default)]
pub struct Session {
    streams: HashMap<u32, Box<Stream>>,
    /// How many of the streams have these two ends.
    ends: HashMap<(Endpoint, Endpoint), u32>,
    /// Connections that are neither configured nor proven, oldest first.
    open: VecDeque<u32>,
    servers: HashMap<Endpoint, Server>,
}

impl Session {
    /// Whether there is anything to learn from a segment or to say of it: the cheap question that comes before all others.
    pub fn concerns(&self, segment: &Segment, payload: &[u8]) -> bool {
        segment.may_begin(payload) || self.ends.contains_key(&ends(segment.source, segment.destination))
    }

    /// Takes in a segment, before or after its payload was dissected; `payload` are its captured bytes. A segment that was taken in
    /// already is ignored.
    pub fn segment(&mut self, segment: &Segment, payload: &[u8]) {
        if !self.streams.contains_key(&segment.stream) && !self.admit(segment, payload) {
            return;
        }
        let Some(stream) = self.streams.get_mut(&segment.stream) else {
            return;
        };
        stream.segment(segment);
        let undecided = stream.standing == Standing::Open && !stream.configured;
        if undecided && !stream.opening.has_begun() && stream.websocket_since.is_none() {
            let foreign = stream.side(segment) == Side::Client && !could_lead_to_chat(payload);
            if foreign {
                self.forget(segment.stream);
            }
        }
    }

    /// Whether a connection first seen with this segment is worth watching.
    fn admit(&mut self, segment: &Segment, payload: &[u8]) -> bool {
        let upgrading = || crate::websocket::handshake::request(payload).complete().is_some();
        if !segment.may_begin(payload) || (payload.starts_with(b"GET ") && !segment.on_chat_port() && !upgrading()) {
            return false;
        }
        self.watch(segment);
        true
    }

    fn watch(&mut self, segment: &Segment) -> &mut Stream {
        let stream = Stream::new(segment);
        if !stream.configured {
            self.open.push_back(segment.stream);
            if self.open.len() > MAX_OPEN {
                self.forget_oldest();
            }
        }
        *self.ends.entry(ends(segment.source, segment.destination)).or_default() += 1;
        self.streams.entry(segment.stream).or_insert_with(|| Box::new(stream))
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.open.pop_front() else { return };
        if self.streams.get(&oldest).is_some_and(|stream| stream.standing == Standing::Open) {
            self.forget(oldest);
        }
    }

    fn forget(&mut self, number: u32) {
        let Some(stream) = self.streams.remove(&number) else { return };
        let ends = ends(stream.client, stream.server);
        match self.ends.get_mut(&ends) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.ends.remove(&ends)),
        }
    }

    /// Looks for the opening handshake: in the segment's captured payload, or where that is only a part, in what Wireshark
    /// reassembled or decrypted with it.
    pub fn handshake<'a>(&mut self, segment: &Segment, payload: &[u8], sources: impl IntoIterator<Item = &'a [u8]>) {
        let Some(stream) = self.streams.get_mut(&segment.stream) else { return };
        let cut = payload.len() < segment.length as usize;
        let encrypted = is_tls(payload);
        let mut foreign = stream.http(segment, payload, cut, encrypted);
        for source in sources {
            foreign |= stream.http(segment, source, false, encrypted);
        }
        if foreign && !stream.configured && stream.standing == Standing::Open {
            self.forget(segment.stream);
        }
    }

    /// Takes in WebSocket data that is about to be dissected; see [`Stream::frames`].
    pub fn frames(&mut self, segment: &Segment, data: &[u8], position: Option<u32>) {
        if let Some(stream) = self.streams.get_mut(&segment.stream) {
            stream.frames(segment, data, position);
        }
    }

    /// Who sent this segment; `evidence` tells what its message would prove if a given side had sent it.
    pub fn sender(&mut self, segment: &Segment, first_pass: bool, evidence: impl Fn(Sender) -> Evidence) -> Sender {
        if first_pass && !self.streams.contains_key(&segment.stream) {
            self.watch(segment);
        }
        let stream = match self.streams.get_mut(&segment.stream) {
            Some(stream) => stream,
            None => {
                return if segment.source.port < segment.destination.port { Sender::Server } else { Sender::Client };
            }
        };
        let sender = stream.sender(segment);
        if stream.sides_known || !first_pass || evidence(sender) == Evidence::Dialect {
            return sender;
        }
        let other = match sender {
            Sender::Client => Sender::Server,
            Sender::Server => Sender::Client,
        };
        if evidence(other) == Evidence::Dialect {
            stream.sides_known = true;
            stream.swap_sides();
            return other;
        }
        sender
    }

    /// Learns from a message, on the first pass. `index`: how many messages of this segment came before it;
    /// `cut`: the capture holds only its beginning.
    pub fn message(&mut self, segment: &Segment, index: u32, message: &Message, cut: bool) {
        let stream = match self.streams.contains_key(&segment.stream) {
            true => self.streams.get_mut(&segment.stream).expect("it was just found"),
            false => self.watch(segment),
        };
        if stream.standing == Standing::Other && message.evidence() != Evidence::Dialect {
            return;
        }
        let ending = stream.ending();
        if message.fault.is_some() && ending.is_some_and(|ending| ending.hard_to_inflate) {
            return; // compressed bytes, not a message
        }
        let masked = ending.map(|ending| ending.masked);
        stream.sent(segment, ending.map_or(segment.end(), |ending| ending.end), Sent::Message);
        let unproven = Unproven { at: segment.at, index, told: Told::of(message, cut), masked };
        stream.record(segment.at.frame).make_room(index);
        if stream.standing != Standing::Chat && !proves(stream, message.evidence()) {
            self.postpone(segment.stream, unproven);
            return;
        }
        let earlier = std::mem::take(&mut stream.unproven);
        stream.standing = Standing::Chat;
        for message in earlier {
            self.learn(segment.stream, message);
        }
        self.learn(segment.stream, unproven);
    }

    fn postpone(&mut self, number: u32, message: Unproven) {
        let Some(stream) = self.streams.get_mut(&number) else {
            return;
        };
        stream.unproven.push(message);
        if stream.unproven.len() <= MAX_UNPROVEN {
            return;
        }
        if stream.configured {
            stream.give_up();
        } else {
            self.forget(number);
        }
    }

    /// Whether Wireshark's HTTP dissector hands the connection to WebSocket by itself.
    pub fn is_handed_over(&self, stream: u32) -> bool {
        self.streams.get(&stream).is_some_and(|stream| stream.opening.is_handed_over())
    }
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

/// Whether a message makes its connection a chat connection. Where the user said that it is one, less is enough, unless
/// something else was seen there before.
fn proves(stream: &Stream, evidence: Evidence) -> bool {
    match evidence {
        Evidence::Dialect => true,
        Evidence::Likely => {
            stream.configured && stream.unproven.iter().all(|message| message.told.kind != Kind::Unknown)
        }
        Evidence::Foreign | Evidence::Unknown => false,
    }
}
