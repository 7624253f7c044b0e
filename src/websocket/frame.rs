//! The frame header (RFC 6455 section 5.2), and where in a stream a frame of the chat may begin. Payloads are neither put
//! together nor inflated here.

use nom::number::streaming::{be_u8, be_u16, be_u64};
use nom::{IResult, Parser};

/// RFC 6455 section 11.8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
    /// 3–7 and 11–15 mean nothing yet.
    Reserved(u8),
}

impl Opcode {
    pub fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

impl From<u8> for Opcode {
    /// Of the low four bits.
    fn from(byte: u8) -> Opcode {
        match byte & 0x0f {
            0 => Opcode::Continuation,
            1 => Opcode::Text,
            2 => Opcode::Binary,
            8 => Opcode::Close,
            9 => Opcode::Ping,
            10 => Opcode::Pong,
            reserved => Opcode::Reserved(reserved),
        }
    }
}

/// A frame without its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Whether it is the last frame of its message.
    pub fin: bool,
    /// RSV1, RSV2 and RSV3, three bits; RSV1 is 4.
    pub rsv: u8,
    pub opcode: Opcode,
    /// Clients mask, servers do not (section 5.1).
    pub masking_key: Option<[u8; 4]>,
    /// In bytes; below 2⁶³.
    pub payload_length: u64,
    /// In bytes: 2 to 14.
    pub header_length: usize,
}

impl Header {
    /// Bytes of the header and its payload; `None` where that is more than memory can hold.
    pub fn frame_length(&self) -> Option<usize> {
        usize::try_from(self.payload_length).ok()?.checked_add(self.header_length)
    }
}

/// What bytes are when they are read as the start of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    Complete(Header),
    /// The header goes on in bytes not seen yet.
    Partial,
    /// No frame: a reserved opcode, a control frame that is fragmented or has more than 125 bytes, or a length that is not
    /// written in the shortest way or has its highest bit set.
    Invalid,
}

/// Reads the header at the start of `bytes`.
pub fn header(bytes: &[u8]) -> Read {
    match header_fields(bytes) {
        Ok((_, header)) if is_valid(&header) => Read::Complete(header),
        Ok(_) => Read::Invalid,
        Err(nom::Err::Incomplete(_)) if !starts_validly(bytes) => Read::Invalid,
        Err(nom::Err::Incomplete(_)) => Read::Partial,
        Err(_) => Read::Invalid,
    }
}

fn header_fields(input: &[u8]) -> IResult<&[u8], Header> {
    let (rest, (first, second)) = (be_u8, be_u8).parse(input)?;
    let (rest, payload_length) = match second & 0x7f {
        126 => be_u16.map(u64::from).parse(rest)?,
        127 => be_u64(rest)?,
        short => (rest, u64::from(short)),
    };
    let masked = second & 0x80 != 0;
    let (rest, masking_key) = if masked {
        let (rest, (a, b, c, d)) = (be_u8, be_u8, be_u8, be_u8).parse(rest)?;
        (rest, Some([a, b, c, d]))
    } else {
        (rest, None)
    };
    let header = Header {
        fin: first & 0x80 != 0,
        rsv: first >> 4 & 0x07,
        opcode: Opcode::from(first),
        masking_key,
        payload_length,
        header_length: input.len() - rest.len(),
    };
    Ok((rest, header))
}

fn is_valid(header: &Header) -> bool {
    let length_bytes = header.header_length - if header.masking_key.is_some() { 6 } else { 2 };
    let shortest = match header.payload_length {
        0..=125 => 0,
        126..=0xffff => 2,
        _ => 8,
    };
    let control_fits = !header.opcode.is_control() || header.fin && header.payload_length <= 125;
    !matches!(header.opcode, Opcode::Reserved(_))
        && control_fits
        && length_bytes == shortest
        && header.payload_length >> 63 == 0
}

/// What can be said of the first bytes of a header that is not whole.
fn starts_validly(bytes: &[u8]) -> bool {
    let Some(first) = bytes.first() else {
        return true;
    };
    let opcode = Opcode::from(*first);
    let fin = first & 0x80 != 0;
    let short = bytes.get(1).is_none_or(|second| second & 0x7f <= 125);
    !matches!(opcode, Opcode::Reserved(_)) && (!opcode.is_control() || fin && short)
}

/// Applies the masking key, which both masks and unmasks (section 5.3).
pub fn unmask(payload: &mut [u8], key: [u8; 4]) {
    for (byte, mask) in payload.iter_mut().zip(key.iter().cycle()) {
        *byte ^= mask;
    }
}

/// A frame found in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Of the header's first byte in the buffer.
    pub offset: usize,
    pub header: Header,
    /// Whether the buffer holds the whole payload. If not, the frame is the last one.
    pub complete: bool,
}

/// The frames that lie one behind the other in `bytes`, up to the first bytes that are no whole header.
pub fn frames(bytes: &[u8]) -> Frames<'_> {
    Frames { bytes, offset: 0 }
}

/// The iterator that [`frames`] makes.
#[derive(Debug, Clone)]
pub struct Frames<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Frames<'_> {
    /// Where reading has come to: the end of the last frame, or of the buffer within an incomplete one.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl Iterator for Frames<'_> {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let offset = self.offset;
        let Read::Complete(header) = header(&self.bytes[offset..]) else {
            return None;
        };
        let end = header.frame_length().and_then(|length| length.checked_add(offset));
        let complete = end.is_some_and(|end| end <= self.bytes.len());
        self.offset = end.map_or(self.bytes.len(), |end| end.min(self.bytes.len()));
        Some(Frame { offset, header, complete })
    }
}

/// Longer than any header and the first two characters of a JSON object with some space between.
const PROBE_LENGTH: usize = 16;

/// The longest message of the chat: see `message::json::MAX_LENGTH`.
const MAX_PAYLOAD: u64 = 10 * 1024 * 1024;

/// Whether a frame of the chat could begin here, in a stream whose beginning was not captured: a text frame whose payload
/// begins like a JSON object with members, or a control frame that is all there is. Chance takes other bytes for one in less
/// than one of a million places.
pub fn plausible_start(bytes: &[u8]) -> bool {
    let Read::Complete(header) = header(bytes) else {
        return false;
    };
    if header.rsv != 0 || header.payload_length > MAX_PAYLOAD {
        return false;
    }
    let payload = &bytes[header.header_length..];
    let payload = &payload[..payload.len().min(header.payload_length as usize)];
    match header.opcode {
        Opcode::Text => begins_like_object(&probe(payload, &header)),
        Opcode::Close | Opcode::Ping | Opcode::Pong => {
            header.frame_length() == Some(bytes.len()) && control_payload_fits(&header, &probe(payload, &header))
        }
        _ => false,
    }
}

/// The first bytes of the payload, unmasked.
fn probe(payload: &[u8], header: &Header) -> Vec<u8> {
    let mut probe = payload[..payload.len().min(PROBE_LENGTH)].to_vec();
    unmask(&mut probe, header.masking_key.unwrap_or_default());
    probe
}

fn begins_like_object(payload: &[u8]) -> bool {
    let mut characters = payload.iter().filter(|byte| !byte.is_ascii_whitespace());
    characters.next() == Some(&b'{') && characters.next() == Some(&b'"')
}

/// A close frame is empty or begins with a status code (section 7.4.2); others may hold anything.
fn control_payload_fits(header: &Header, payload: &[u8]) -> bool {
    match (header.opcode, payload) {
        (Opcode::Close, [high, low, ..]) => (1000..5000).contains(&u16::from_be_bytes([*high, *low])),
        (Opcode::Close, [_]) => false,
        _ => true,
    }
}
