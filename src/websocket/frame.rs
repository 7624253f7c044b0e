//! The frame header (RFC 6455, section 5.2), and the frames in a buffer. Messages are neither reassembled nor decompressed here.

use crate::failpoint::failpoint;
use nom::number::streaming::{be_u8, be_u16, be_u64};
use nom::{IResult, Parser};

/// The kind of a frame (RFC 6455, sections 5.2 and 11.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// 0: another fragment of the message that an earlier frame began (section 5.4).
    Continuation,
    /// 1: a message of UTF-8 text, or its first fragment.
    Text,
    /// 2: a message of arbitrary bytes, or its first fragment.
    Binary,
    /// 8: closes the connection (section 5.5.1).
    Close,
    /// 9: requests a pong (section 5.5.2). The chat's heartbeat is not this one, but a text message.
    Ping,
    /// 10: answers a ping (section 5.5.3).
    Pong,
    /// 3–7 and 11–15, which are reserved; with the value.
    Reserved(u8),
}

impl Opcode {
    /// Whether it is a control frame's: close, ping or pong. Such a frame is not fragmented and has at most 125 bytes of
    /// payload (section 5.5).
    pub fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

impl From<u8> for Opcode {
    /// Reads the low four bits of a frame's first byte; the others are ignored.
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
    /// The bit FIN: whether the frame is the last fragment of its message.
    pub fin: bool,
    /// The bits RSV1 (4), RSV2 (2) and RSV3 (1); 0 where no extension is negotiated. See [`COMPRESSED`].
    pub rsv: u8,
    /// The kind of the frame.
    pub opcode: Opcode,
    /// The masking key; `None` for an unmasked frame. A client must mask, a server must not (section 5.1).
    pub masking_key: Option<[u8; 4]>,
    /// The length of the payload in bytes; below 2⁶³.
    pub payload_length: u64,
    /// The length of the header in bytes: 2 to 14.
    pub header_length: usize,
}

impl Header {
    /// Whether the length is written in the shortest way, as it must be (section 5.2).
    pub fn is_shortest(&self) -> bool {
        let length_bytes = self.header_length - if self.masking_key.is_some() { 6 } else { 2 };
        let shortest = match self.payload_length {
            0..=125 => 0,
            126..=0xffff => 2,
            _ => 8,
        };
        length_bytes == shortest
    }

    /// The length of header and payload in bytes; `None` where `usize` cannot hold it, which for a header that was read is so on 32-bit
    /// systems alone.
    pub fn frame_length(&self) -> Option<usize> {
        usize::try_from(self.payload_length).ok()?.checked_add(self.header_length)
    }
}

/// What RFC 6455 does not allow of a WebSocket frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Irregular {
    /// The server masks a control frame, or the client does not (section 5.1).
    Mask,
    /// The client writes a length in more bytes than it takes (section 5.2).
    Length,
    /// The client continues no message, or begins one in the middle of another (section 5.4).
    Opcode,
}

impl Irregular {
    /// Each, by its number.
    pub const ALL: [Irregular; 3] = [Irregular::Mask, Irregular::Length, Irregular::Opcode];
}

/// The result of reading bytes as the start of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// The whole header; the payload may be incomplete.
    Complete(Header),
    /// The bytes end within the header.
    Partial,
    /// Not a frame of RFC 6455: a reserved opcode, a control frame that is fragmented or has more than 125 bytes, or a length that has its highest
    /// bit set. One that is not written in the shortest way is read all the same, as the chat's server does: see [`Header::is_shortest`].
    Invalid,
}

/// Reads the header at the start of `bytes`, which may go on behind it. A header that is not whole is [`Read::Invalid`] as soon
/// as its first bytes are.
pub fn header(bytes: &[u8]) -> Read {
    failpoint!("websocket::frame");
    match header_fields(bytes) {
        Ok((_, header)) if is_valid(&header) => Read::Complete(header),
        Ok(_) => Read::Invalid,
        Err(nom::Err::Incomplete(_)) if !starts_validly(bytes) => Read::Invalid,
        Err(nom::Err::Incomplete(_)) => Read::Partial,
        Err(_) => Read::Invalid,
    }
}

/// The header at the start of `input`, whatever it says, and what follows it.
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

/// Whether a header is one of RFC 6455: see [`Read::Invalid`].
fn is_valid(header: &Header) -> bool {
    let control_fits = !header.opcode.is_control() || header.fin && header.payload_length <= 125;
    !matches!(header.opcode, Opcode::Reserved(_)) && control_fits && header.payload_length >> 63 == 0
}

/// Whether the first bytes of an incomplete header can begin a valid one.
fn starts_validly(bytes: &[u8]) -> bool {
    let Some(first) = bytes.first() else {
        return true;
    };
    let opcode = Opcode::from(*first);
    !matches!(opcode, Opcode::Reserved(_)) && (!opcode.is_control() || first & 0x80 != 0)
}

/// Applies the masking key, which both masks and unmasks (section 5.3). `payload` begins at the payload's first byte.
pub fn unmask(payload: &mut [u8], key: [u8; 4]) {
    for (byte, mask) in payload.iter_mut().zip(key.iter().cycle()) {
        *byte ^= mask;
    }
}

/// A frame found in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// The offset of the header's first byte in the buffer.
    pub offset: usize,
    /// The header.
    pub header: Header,
    /// Whether the buffer holds the whole payload. If not, the frame is the last one.
    pub complete: bool,
}

/// The consecutive frames in `bytes`, up to the first bytes that are not a whole, valid header.
///
/// ```
/// use workermanchat::websocket::frame::{Opcode, frames};
///
/// let found: Vec<_> = frames(b"\x81\x02hi\x8a\x00\x81\x05Hel").collect();
/// let opcodes: Vec<_> = found.iter().map(|frame| frame.header.opcode).collect();
/// assert_eq!(opcodes, [Opcode::Text, Opcode::Pong, Opcode::Text]);
/// assert_eq!((found[2].offset, found[2].complete), (6, false));
/// ```
pub fn frames(bytes: &[u8]) -> Frames<'_> {
    Frames { bytes, offset: 0 }
}

/// The iterator that [`frames`] returns.
#[derive(Debug, Clone)]
pub struct Frames<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Frames<'_> {
    /// The offset up to which the buffer has been read: the end of the last frame, or of the buffer within an incomplete one.
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

/// The bit of [`Header::rsv`] that says that a message is compressed (RFC 7692, section 6).
pub const COMPRESSED: u8 = 4;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A frame as a sender would write it.
    pub(crate) fn frame(first: u8, key: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
        let mask = if key.is_some() { 0x80 } else { 0 };
        let mut bytes = vec![first];
        match payload.len() {
            short @ 0..=125 => bytes.push(mask | short as u8),
            medium @ 126..=0xffff => {
                bytes.push(mask | 126);
                bytes.extend((medium as u16).to_be_bytes());
            }
            long => {
                bytes.push(mask | 127);
                bytes.extend((long as u64).to_be_bytes());
            }
        }
        bytes.extend(key.into_iter().flatten());
        let start = bytes.len();
        bytes.extend(payload);
        unmask(&mut bytes[start..], key.unwrap_or_default());
        bytes
    }

    /// The masking key of RFC 6455's examples (section 5.7).
    pub(crate) const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    const PING: &[u8] = br#"{"type":"ping"}"#;

    #[test]
    fn the_standards_examples_are_read() {
        let text =
            Header { fin: true, rsv: 0, opcode: Opcode::Text, masking_key: None, payload_length: 5, header_length: 2 };
        assert_eq!(header(b"\x81\x05Hello"), Read::Complete(text));
        let masked = Header { masking_key: Some(KEY), header_length: 6, ..text };
        assert_eq!(header(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), Read::Complete(masked));
        let first = Header { fin: false, payload_length: 3, ..text };
        assert_eq!(header(b"\x01\x03Hel"), Read::Complete(first));
        let binary = Header { opcode: Opcode::Binary, payload_length: 256, header_length: 4, ..text };
        assert_eq!(header(b"\x82\x7e\x01\x00"), Read::Complete(binary));
        let long = Header { payload_length: 65536, header_length: 10, ..binary };
        assert_eq!(header(b"\x82\x7f\0\0\0\0\0\x01\0\0"), Read::Complete(long));
        let deflated = Header { rsv: 4, payload_length: 7, ..text };
        assert_eq!(header(b"\xc1\x07"), Read::Complete(deflated));
    }

    #[test]
    fn unmasking_is_that_of_the_standards_example() {
        let mut payload = *b"\x7f\x9f\x4d\x51\x58";
        unmask(&mut payload, KEY);
        assert_eq!(&payload, b"Hello");
    }

    #[test]
    fn what_the_standard_forbids_is_invalid() {
        for bytes in [
            &b"\x83\x00"[..], // reserved opcodes
            b"\x8b\x00",
            b"\x09\x00",                   // a ping in fragments
            b"\x88\x7e\x00\x7e",           // a close of 126 bytes
            b"\x81\x7f\x80\0\0\0\0\0\0\0", // a length of 64 bits
            b"\x83",
            b"\x08",
        ] {
            assert_eq!(header(bytes), Read::Invalid, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_length_that_could_be_shorter_is_read_and_known() {
        for (bytes, length) in [
            (&b"\x81\x7e\x00\x7d"[..], 125),
            (b"\x81\x7f\0\0\0\0\0\0\0\x05", 5),
            (b"\x81\x7f\0\0\0\0\0\0\xff\xff", 0xffff),
            (b"\x89\x7e\0\x05", 5),
        ] {
            let Read::Complete(header) = header(bytes) else { panic!("{}", bytes.escape_ascii()) };
            assert_eq!((header.payload_length, header.is_shortest()), (length, false), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn every_beginning_of_a_header_is_partial() {
        let bytes = frame(0x81, Some(KEY), &[b'x'; 70_000]);
        for end in 0..14 {
            assert_eq!(header(&bytes[..end]), Read::Partial);
        }
    }

    #[test]
    fn frames_follow_each_other_until_one_is_not_whole() {
        let mut bytes =
            [frame(0x81, None, PING), frame(0x89, Some(KEY), b""), frame(0x81, Some(KEY), &[b'x'; 300])].concat();
        let walked: Vec<_> = frames(&bytes).map(|frame| (frame.offset, frame.complete)).collect();
        assert_eq!(walked, [(0, true), (17, true), (23, true)]);
        bytes.pop();
        let mut cut = frames(&bytes);
        assert_eq!(cut.by_ref().last().map(|frame| (frame.offset, frame.complete)), Some((23, false)));
        assert_eq!(cut.offset(), bytes.len());
    }

    #[test]
    fn a_length_beyond_all_memory_is_an_incomplete_frame() {
        let walked: Vec<_> = frames(b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xffxx").collect();
        assert_eq!(walked.len(), 1);
        assert!(!walked[0].complete);
    }

    proptest! {
        #[test]
        fn a_written_frame_is_read_again(
            opcode in prop::sample::select(vec![0u8, 1, 2]), fin: bool, rsv in 0u8..8, key: Option<[u8; 4]>,
            payload in prop_oneof![prop::collection::vec(any::<u8>(), 0..300), Just(vec![7; 66_000])],
        ) {
            let mut bytes = frame(u8::from(fin) << 7 | rsv << 4 | opcode, key, &payload);
            let Read::Complete(header) = header(&bytes) else { panic!("no header") };
            prop_assert_eq!((header.fin, header.rsv, header.opcode), (fin, rsv, Opcode::from(opcode)));
            prop_assert_eq!(header.masking_key, key);
            prop_assert_eq!(header.frame_length(), Some(bytes.len()));
            let read = &mut bytes[header.header_length..];
            unmask(read, key.unwrap_or_default());
            prop_assert_eq!(read, &payload);
        }

        #[test]
        fn any_bytes_are_walked_without_panic_and_to_an_end(bytes: Vec<u8>) {
            let mut end = 0;
            for frame in frames(&bytes) {
                prop_assert_eq!(frame.offset, end);
                end += frame.header.frame_length().unwrap_or(usize::MAX - end);
                prop_assert_eq!(frame.complete, end <= bytes.len());
            }
        }
    }
}
