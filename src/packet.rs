//! The vocabulary that all other modules share: frames, sides, endpoints, sequence numbers and TCP segments, as plain values.

use crate::failpoint::failpoint;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

/// A frame's number in the capture, from 1 on (`frame.number`): 4 bytes, also in an `Option`, where `None` comes before every frame.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Frame(NonZeroU32);

impl Frame {
    /// Behind all frames that a capture can have.
    pub const LAST: Frame = Frame(NonZeroU32::MAX);
    /// A capture's first frame.
    pub const FIRST: Frame = Frame(NonZeroU32::MIN);

    /// The frame of this number; 0, which no frame has, counts as 1.
    pub const fn of(number: u32) -> Frame {
        Frame(NonZeroU32::MIN.saturating_add(number.saturating_sub(1)))
    }

    /// Its number.
    pub const fn number(self) -> u32 {
        self.0.get()
    }

    /// As a number; 0 for none.
    pub fn pack(frame: Option<Frame>) -> u32 {
        frame.map_or(0, Frame::number)
    }

    /// From the number that [`Frame::pack`] returned.
    pub fn unpack(number: u32) -> Option<Frame> {
        NonZeroU32::new(number).map(Frame)
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "Frame({})", self.0)
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The number of a TCP conversation in the capture, from 0 on (`tcp.stream`), or of a WebSocket connection that one carries over HTTP/2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct StreamId(pub u32);

impl StreamId {
    /// The bit of those that HTTP/2 carries.
    pub const CARRIED: u32 = 1 << 31;
    /// Below it are the numbers of the TCP conversations that carry such.
    pub const CARRIERS: u32 = 1 << 19;

    /// Whether it is a WebSocket connection that HTTP/2 carries (RFC 8441), beside others of the same TCP connection.
    pub fn is_carried(self) -> bool {
        self.0 & StreamId::CARRIED != 0
    }

    /// The number of the TCP conversation.
    pub fn tcp(self) -> u32 {
        if self.is_carried() { self.0 % StreamId::CARRIERS } else { self.0 }
    }
}

/// A frame and the time at which it was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameTime {
    /// The frame.
    pub frame: Frame,
    /// Nanoseconds since the epoch.
    pub time: i64,
}

impl FrameTime {
    /// Nanoseconds from `earlier` to this frame; negative where the capture has them the other way round.
    pub fn since(self, earlier: FrameTime) -> i64 {
        self.time.saturating_sub(earlier.time)
    }
}

/// A [`FrameTime`] in 12 bytes, also in an `Option`.
#[derive(Debug, Clone, Copy)]
pub struct PackedFrameTime {
    frame: Frame,
    time: [u8; 8],
}

impl From<FrameTime> for PackedFrameTime {
    fn from(at: FrameTime) -> PackedFrameTime {
        PackedFrameTime { frame: at.frame, time: at.time.to_ne_bytes() }
    }
}

impl From<PackedFrameTime> for FrameTime {
    fn from(packed: PackedFrameTime) -> FrameTime {
        FrameTime { frame: packed.frame, time: i64::from_ne_bytes(packed.time) }
    }
}

/// A message's position in its connection: its frame, and how many messages of the frame came before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The frame in which the message ends.
    pub frame: Frame,
    /// How many messages of the frame came before it.
    pub index: u32,
}

impl Position {
    /// After all messages of a frame.
    pub fn end_of(frame: Frame) -> Position {
        Position { frame, index: u32::MAX }
    }
}

/// One side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The browser, which opened the connection.
    Client,
    /// The chat server.
    Server,
}

impl Side {
    /// The other side.
    pub fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }
}

/// One value for each side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Both<T> {
    /// The client's.
    pub client: T,
    /// The server's.
    pub server: T,
}

impl<T> Both<T> {
    /// Of one side.
    pub fn of(&self, side: Side) -> &T {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    /// Of one side.
    pub fn of_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// Exchanges the sides.
    pub fn swap(&mut self) {
        std::mem::swap(&mut self.client, &mut self.server);
    }
}

/// One end of a TCP connection. Two endpoints are equal when address and port are.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// IPv4 or IPv6, in network order, padded with zeros.
    pub address: [u8; 16],
    /// How many bytes of it count: 4, 16, or another number where it is neither.
    pub address_length: u8,
    /// The TCP port.
    pub port: u16,
    /// Whether the user named the port as the chat's, in the preferences or with Decode As.
    pub chat_port: bool,
}

impl Endpoint {
    /// The address; `None` where TCP does not come from IP.
    pub fn ip(&self) -> Option<IpAddr> {
        match (self.address_length, self.address) {
            (4, [a, b, c, d, ..]) => Some(IpAddr::from([a, b, c, d])),
            (16, address) => Some(IpAddr::from(address)),
            _ => None,
        }
    }
}

/// Address and port; the port alone where TCP does not come from IP.
impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self.ip() {
            Some(ip) => SocketAddr::new(ip, self.port).fmt(formatter),
            None => self.port.fmt(formatter),
        }
    }
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

/// A TCP sequence number: it counts bytes modulo 2³² (RFC 9293, section 3.4), so it has no order, only a nearest direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SequenceNumber(pub u32);

impl SequenceNumber {
    /// Whether this number lies behind `other`, the shorter way round.
    pub fn is_after(self, other: SequenceNumber) -> bool {
        self.0.wrapping_sub(other.0) as i32 > 0
    }
}

impl std::ops::Add<u32> for SequenceNumber {
    type Output = SequenceNumber;

    fn add(self, bytes: u32) -> SequenceNumber {
        SequenceNumber(self.0.wrapping_add(bytes))
    }
}

impl std::ops::Sub<u32> for SequenceNumber {
    type Output = SequenceNumber;

    fn sub(self, bytes: u32) -> SequenceNumber {
        SequenceNumber(self.0.wrapping_sub(bytes))
    }
}

/// What a TCP header says, as it is on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpHeader {
    /// The number of the payload's first byte.
    pub sequence: SequenceNumber,
    /// The number of the next byte that is expected; only with [`flags::ACK`].
    pub acknowledgment: SequenceNumber,
    /// Bytes of the payload, captured or not.
    pub length: u32,
    /// The control bits.
    pub flags: u16,
    /// The window, not scaled.
    pub window: u16,
}

/// TCP's control bits (RFC 9293, section 3.1).
pub mod flags {
    /// No more data from the sender.
    pub const FIN: u16 = 0x01;
    /// Synchronize sequence numbers.
    pub const SYN: u16 = 0x02;
    /// Reset the connection.
    pub const RST: u16 = 0x04;
    /// The acknowledgment number counts.
    pub const ACK: u16 = 0x10;
}

/// What decides at once whether a segment is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Outline<'a> {
    /// The source and the destination port.
    pub ports: (u16, u16),
    /// The control bits; see [`flags`].
    pub flags: u16,
    /// Whether one of the ports is the chat's by preference or Decode As.
    pub chat_port: bool,
    /// The captured payload, or the first bytes of it.
    pub payload: &'a [u8],
}

impl<'a> Outline<'a> {
    /// From the captured bytes of a segment: its header (RFC 9293, section 3.1) and what follows. `None` for less than a header.
    pub fn of(bytes: &'a [u8], chat_port: bool) -> Option<Outline<'a>> {
        failpoint!("packet");
        let [s0, s1, d0, d1, _, _, _, _, _, _, _, _, offset, flags, ..] = *bytes else { return None };
        let payload = bytes.get(usize::from(offset >> 4) * 4..).unwrap_or_default();
        let ports = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
        Some(Outline { ports, flags: flags.into(), chat_port, payload })
    }
}

/// A TCP segment as its header says it.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    /// The frame that carries it.
    pub at: FrameTime,
    /// Its conversation.
    pub stream: StreamId,
    /// Who sent it.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// The raw sequence number of its first byte.
    pub sequence: SequenceNumber,
    /// The raw acknowledgment number.
    pub acknowledgment: SequenceNumber,
    /// The control bits; see [`flags`].
    pub flags: u16,
    /// Bytes of payload on the wire.
    pub length: u32,
    /// Of a SYN: what a packet that is sent again has another of, and one that is captured again has not: IPv4's identification, or else TCP's
    /// timestamp, its lower half. 0 for neither.
    pub identity: u16,
}

impl Segment {
    /// Whether one of its ports is the chat's by preference or Decode As.
    pub fn is_on_chat_port(&self) -> bool {
        self.source.chat_port || self.destination.chat_port
    }

    /// Whether a control bit is set.
    pub fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// The sequence number behind the payload.
    pub fn end(&self) -> SequenceNumber {
        self.sequence + self.length
    }
}

/// Captured bytes, and how many there were on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Captured<'a> {
    /// The captured ones.
    pub bytes: &'a [u8],
    /// How many there were on the wire, at least as many.
    pub reported: usize,
}

impl Captured<'_> {
    /// Whether the capture holds only the beginning.
    pub fn is_truncated(&self) -> bool {
        self.bytes.len() < self.reported
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_wrap() {
        let last = SequenceNumber(u32::MAX);
        assert_eq!(last + 1, SequenceNumber(0));
        assert_eq!(SequenceNumber(0) - 1, last);
        assert!((last + 10).is_after(last));
        assert!(!last.is_after(last));
        assert!(!last.is_after(last + 10));
    }

    #[test]
    fn an_outline_is_read_from_the_header() {
        let header = *b"\x1c\x68\xc0\x22SEQ_ACK_\x60\x12..........";
        let bytes = [&header[..], b"GET "].concat();
        let outline = Outline::of(&bytes, true).expect("a header");
        assert_eq!((outline.ports, outline.flags, outline.payload), ((7272, 49186), 0x12, &b"GET "[..]));
        assert!(Outline::of(&header[..20], false).is_some_and(|outline| outline.payload.is_empty()));
        assert!(Outline::of(&header[..13], false).is_none());
    }

    #[test]
    fn an_endpoint_is_its_address_and_port() {
        let one = Endpoint { address: [1; 16], address_length: 16, port: 1, chat_port: true };
        assert_eq!(one, Endpoint { chat_port: false, ..one });
        assert_ne!(one, Endpoint { port: 2, ..one });
    }

    #[test]
    fn an_endpoint_is_written_as_address_and_port() {
        for (address_length, written) in
            [(4, "1.1.1.1:7272"), (16, "[101:101:101:101:101:101:101:101]:7272"), (6, "7272")]
        {
            let end = Endpoint { address: [1; 16], address_length, port: 7272, chat_port: true };
            assert_eq!(end.to_string(), written);
        }
    }
}
