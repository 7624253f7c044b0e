//! The WebSocket frames of one connection, on their way to Wireshark's WebSocket dissector: where each message ends in the TCP stream,
//! whether it was masked, and how the connection is closed (RFC 6455, sections 5 and 7). Payloads are not read, but for close frames'.

use std::collections::VecDeque;

use super::texts::TextId;
use crate::event::{Closing, Event};
use crate::message::text;
use crate::packet::{Both, Frame, SequenceNumber, Side, StreamId};
use crate::websocket::frame::{self, Opcode};

/// The longest reason to close, in characters: a control frame's payload has at most 125 bytes, and escapes are longer.
const MAX_REASON: usize = 300;

/// The end of a message, known from its frames before the message itself is handed over.
#[derive(Debug, Clone, Copy)]
pub struct Ending {
    /// The sequence number behind its last byte.
    pub end: SequenceNumber,
    /// Whether its last frame was masked.
    pub masked: bool,
    /// Compressed and in fragments, which not every Wireshark inflates.
    pub hard_to_inflate: bool,
}

/// WebSocket data that ends in one segment.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    /// The frames, as Wireshark hands them to its WebSocket dissector.
    pub bytes: &'a [u8],
    /// The sequence number of the first byte; `None` for data that Wireshark reassembled or decrypted.
    pub start: Option<SequenceNumber>,
    /// The sequence number behind the segment.
    pub segment_end: SequenceNumber,
}

/// The frames of both directions.
#[derive(Debug, Default)]
pub struct Framing {
    directions: Both<Direction>,
    /// The first frame of the capture with WebSocket data; 0 for none.
    since: Frame,
    closed_by: Option<Side>,
}

/// The ends of the messages in the data that is being dissected, until the messages are handed over. One capture has one of these, not
/// each connection: data and its messages follow one another at once.
#[derive(Debug, Default)]
pub struct Endings {
    stream: StreamId,
    queue: VecDeque<Ending>,
}

impl Endings {
    /// Data of this connection is about to be dissected.
    pub fn begin(&mut self, stream: StreamId) {
        self.stream = stream;
        self.queue.clear();
    }

    /// The end of the message of this connection that is being handed over, where its frames were seen.
    pub fn take(&mut self, stream: StreamId) -> Option<Ending> {
        if self.stream == stream { self.queue.pop_front() } else { None }
    }
}

#[derive(Debug, Clone, Default)]
struct Direction {
    /// Where the next WebSocket frame begins, once one has been placed.
    next: SequenceNumber,
    is_placed: bool,
    /// A compressed message has begun, in fragments.
    compressed_fragments: bool,
    closed: bool,
}

impl Direction {
    fn next(&self) -> Option<SequenceNumber> {
        self.is_placed.then_some(self.next)
    }

    fn place(&mut self, next: Option<SequenceNumber>) {
        (self.next, self.is_placed) = (next.unwrap_or_default(), next.is_some());
    }
}

impl Framing {
    /// The first frame of the capture with WebSocket data; behind it, what looks like HTTP is none.
    pub fn since(&self) -> Option<Frame> {
        Some(self.since).filter(|since| *since != Frame::default())
    }

    /// The upgrade response was seen: WebSocket begins there.
    pub fn place(&mut self, client: Option<SequenceNumber>, server: SequenceNumber) {
        self.directions.client.place(client);
        self.directions.server.place(Some(server));
    }

    /// Takes in data that is about to be dissected in `frame`. Returns the close frames in it; adds the ends of its messages to `endings`.
    pub fn take_in(&mut self, frame: Frame, by: Side, data: Data, endings: &mut Endings) -> Vec<Event<TextId>> {
        if self.since == Frame::default() {
            self.since = frame;
        }
        let start = data.start.or(self.directions.of(by).next());
        let mut closes = Vec::new();
        let mut frames = frame::frames(data.bytes);
        while let Some(frame) = frames.next().filter(|frame| frame.complete) {
            let end = start.map_or(data.segment_end, |start| start + frames.offset() as u32);
            match frame.header.opcode {
                Opcode::Close => closes.extend(self.close(by, &frame, data.bytes)),
                Opcode::Text | Opcode::Binary | Opcode::Continuation => {
                    endings.queue.extend(self.data_frame(by, &frame.header, end));
                }
                Opcode::Ping | Opcode::Pong | Opcode::Reserved(_) => {}
            }
            self.directions.of_mut(by).place(start.map(|_| end));
        }
        closes
    }

    fn data_frame(&mut self, by: Side, header: &frame::Header, end: SequenceNumber) -> Option<Ending> {
        let direction = self.directions.of_mut(by);
        let continues = header.opcode == Opcode::Continuation;
        if !header.fin {
            if !continues {
                direction.compressed_fragments = header.rsv & frame::COMPRESSED != 0;
            }
            return None;
        }
        if !continues && header.payload_length == 0 {
            return None; // an empty message is not handed over
        }
        let hard_to_inflate = continues && std::mem::take(&mut direction.compressed_fragments);
        Some(Ending { end, masked: header.masking_key.is_some(), hard_to_inflate })
    }

    fn close(&mut self, by: Side, frame: &frame::Frame, data: &[u8]) -> Option<Event<TextId>> {
        let direction = self.directions.of_mut(by);
        if std::mem::replace(&mut direction.closed, true) {
            return None;
        }
        let closing = closing(frame, data);
        Some(match self.closed_by {
            None => {
                self.closed_by = Some(by);
                Event::Close(closing)
            }
            Some(_) => Event::CloseReply(closing),
        })
    }

    /// Exchanges the sides.
    pub fn swap_sides(&mut self) {
        self.directions.swap();
    }
}

fn closing(frame: &frame::Frame, data: &[u8]) -> Closing {
    let start = frame.offset + frame.header.header_length;
    let mut payload = data[start..start + frame.header.payload_length as usize].to_vec();
    frame::unmask(&mut payload, frame.header.masking_key.unwrap_or_default());
    let (code, reason) = match payload.as_slice() {
        [high, low, reason @ ..] => (Some(u16::from_be_bytes([*high, *low])), String::from_utf8_lossy(reason)),
        _ => (None, "".into()),
    };
    Closing { code, reason: (*text::line(&reason, MAX_REASON)).into() }
}
