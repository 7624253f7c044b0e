//! The packets of a listing as they were tapped: headers, and the bytes of their messages.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use crate::packet::{Captured, Endpoint, FrameTime, Position, Segment, StreamId, TcpHeader};
use crate::session::{MAX_BYTES, Session};
use crate::views::texts::{OfStream, Unsettled};
use crate::views::{TapEvent, Wire};

/// A segment that holds messages, or anything below them.
#[derive(Debug, Clone)]
pub struct Packet {
    /// The frame.
    pub at: FrameTime,
    /// Its TCP connection.
    pub stream: StreamId,
    /// The connection of what it carries, which may be one that HTTP/2 carries.
    carries: StreamId,
    /// Its TCP header.
    pub tcp: TcpHeader,
    /// Whether something may be said of it below its messages.
    pub has_segment: bool,
    /// Whether its HTTP came through a proxy.
    pub is_tunnelled: bool,
    /// Its ends among those of the capture.
    ends: u32,
    /// What it carries, among the contents of the capture.
    contents: Range<u32>,
}

impl OfStream for Packet {
    fn connection(&self) -> StreamId {
        self.carries
    }
}

/// A message, or the HTTP of a handshake.
#[derive(Debug, Clone, Copy)]
struct Content {
    /// Of a message: its connection, which HTTP/2 may carry, and how many of the frame came before it.
    message: Option<(StreamId, u32)>,
    place: Place,
    /// How many bytes it had on the wire.
    reported: usize,
}

/// Bytes among those of the capture.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    start: u64,
    length: u32,
}

/// What a packet carries.
#[derive(Debug, Clone, Copy)]
pub struct Carried<'a> {
    /// Of a message: its connection, and how many of the frame came before it; `None` for HTTP.
    pub message: Option<(StreamId, u32)>,
    /// Its bytes; none where there was no more room for them.
    pub data: Captured<'a>,
}

/// Packets in the order of the capture.
#[derive(Debug, Default)]
pub struct Packets {
    packets: Vec<Packet>,
    unsettled: Unsettled<Packet>,
    /// The segment that is being tapped: its messages come first, and then what is below them.
    open: Option<Packet>,
    contents: Vec<Content>,
    bytes: Bytes,
    ends: Ends,
    /// Whether nothing waits until it is known what it is.
    is_live: bool,
}

impl Packets {
    /// Packets that are looked at as they come: of those of which later ones show what they are, nothing is kept.
    pub fn live() -> Packets {
        Packets { is_live: true, ..Packets::default() }
    }

    /// Takes in what the tap reports, in the order of the capture.
    pub fn see(&mut self, tap_event: &TapEvent, session: &Session) {
        let Some(wire) = tap_event.wire.filter(|_| !session.is_full_at(tap_event.at.frame)) else { return };
        let is_open = self.open.as_ref().is_some_and(|open| {
            (open.at.frame, open.stream.0, open.tcp) == (tap_event.at.frame, tap_event.stream.tcp(), wire.tcp)
        });
        if !is_open {
            self.close(session);
            self.open = Some(self.begin(tap_event, &wire));
        }
        let message = tap_event.index.map(|index| (tap_event.stream, index));
        if message.is_some() || !wire.bytes.bytes.is_empty() {
            let (place, reported) = (self.bytes.keep(wire.bytes.bytes), wire.bytes.reported);
            self.contents.push(Content { message, place, reported });
        }
        let end = self.contents.len() as u32;
        if let Some(open) = &mut self.open {
            open.contents.end = end;
            open.has_segment |= message.is_none();
        }
        if message.is_none() {
            self.close(session); // what is below the messages comes last
        }
    }

    fn begin(&mut self, tap_event: &TapEvent, wire: &Wire) -> Packet {
        let start = self.contents.len() as u32;
        Packet {
            at: tap_event.at,
            stream: StreamId(tap_event.stream.tcp()),
            carries: tap_event.stream,
            tcp: wire.tcp,
            has_segment: false,
            is_tunnelled: wire.is_tunnelled,
            ends: self.ends.number([wire.segment.source, wire.segment.destination]),
            contents: start..start,
        }
    }

    /// No more comes of the segment.
    fn close(&mut self, session: &Session) {
        let Some(packet) = self.open.take() else { return };
        if self.is_live || self.is_shown(&packet, session) {
            self.packets.push(packet);
        } else if session.is_unsettled(packet.carries) {
            self.unsettled.add(packet, |stream| session.is_unsettled(stream));
        }
    }

    /// Whether there is anything to show of it by now.
    fn is_shown(&self, packet: &Packet, session: &Session) -> bool {
        let frame = packet.at.frame;
        let mut messages = self.carried(packet).filter_map(|carried| carried.message);
        session.frame(&self.segment(packet)).is_some()
            || messages.any(|(stream, index)| session.message_view(stream, Position { frame, index }).is_some())
    }

    /// Puts in its place what is known by now to be the chat's, or not to be.
    pub fn settle(&mut self, session: &Session) {
        self.close(session);
        let mut settled = self.unsettled.settled(session);
        settled.retain(|packet| self.is_shown(packet, session));
        if !settled.is_empty() {
            self.packets.append(&mut settled);
            self.packets.sort_by_key(|packet| packet.at.frame);
        }
    }

    /// The packets, as far as they are settled.
    pub fn all(&self) -> &[Packet] {
        &self.packets
    }

    /// Forgets the packets of which [no more comes](Packets::settle).
    pub fn forget(&mut self) {
        self.packets.clear();
        self.contents.clear();
        self.bytes.clear();
    }

    /// The segment below a packet's messages.
    pub fn segment(&self, packet: &Packet) -> Segment {
        let [source, destination] = self.ends.get(packet.ends);
        let TcpHeader { sequence, acknowledgment, length, flags, .. } = packet.tcp;
        let (at, stream) = (packet.at, packet.stream);
        Segment { at, stream, source, destination, sequence, acknowledgment, flags, length, identity: 0 }
    }

    /// What a packet carries, in its order.
    pub fn carried(&self, packet: &Packet) -> impl Iterator<Item = Carried<'_>> {
        let Range { start, end } = packet.contents;
        let contents = self.contents.get(start as usize..end as usize).unwrap_or_default();
        contents.iter().map(|content| {
            let data = Captured { bytes: self.bytes.get(content.place), reported: content.reported };
            Carried { message: content.message, data }
        })
    }
}

/// The bytes of messages. What a server sends to many is kept once.
#[derive(Debug, Default)]
struct Bytes {
    bytes: Vec<u8>,
    /// Where what has the same hash was kept last.
    last: Vec<Place>,
    hasher: RandomState,
}

impl Bytes {
    /// How many of the last are looked at for the same again.
    const LAST: usize = 1 << 12;

    /// Keeps bytes. All together take at most as much as all that the capture taught; those beyond are left out.
    fn keep(&mut self, bytes: &[u8]) -> Place {
        self.last.resize(Bytes::LAST, Place::default());
        let slot = self.hasher.hash_one(bytes) as usize % Bytes::LAST;
        let known = self.last[slot];
        if self.get(known) == bytes {
            return known;
        }
        if bytes.len() > MAX_BYTES.saturating_sub(self.bytes.len()) {
            return Place::default();
        }
        let place = Place { start: self.bytes.len() as u64, length: bytes.len() as u32 };
        self.bytes.extend_from_slice(bytes);
        self.last[slot] = place;
        place
    }

    fn get(&self, place: Place) -> &[u8] {
        let start = place.start as usize;
        self.bytes.get(start..start + place.length as usize).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.last.clear();
    }
}

/// Pairs of ends, each once.
#[derive(Debug, Default)]
struct Ends {
    pairs: Vec<[Endpoint; 2]>,
    numbers: std::collections::HashMap<[Endpoint; 2], u32>,
}

impl Ends {
    fn number(&mut self, pair: [Endpoint; 2]) -> u32 {
        *self.numbers.entry(pair).or_insert_with(|| {
            self.pairs.push(pair);
            self.pairs.len() as u32 - 1
        })
    }

    fn get(&self, number: u32) -> [Endpoint; 2] {
        self.pairs[number as usize]
    }
}
