//! WebSocket data of one segment on its way to Wireshark's WebSocket dissector, and the ends of its messages, which are known from their frames
//! before the messages are handed over.

use std::collections::VecDeque;

use super::assembly::End;
use super::frame::Irregular;
use crate::packet::{Captured, Frame, SequenceNumber, StreamId};

/// The end of a message, known from its frames before the message itself is handed over.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The sequence number of the first byte of its last frame, where that has one.
    pub start: Option<SequenceNumber>,
    /// The sequence number behind its last byte.
    pub end: SequenceNumber,
    /// Whether its last frame was masked.
    pub masked: bool,
    /// The message, and what of it Wireshark hands over.
    pub message: End,
}

/// WebSocket data that ends in one segment.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    /// The frames, as Wireshark hands them to its WebSocket dissector.
    pub bytes: Captured<'a>,
    /// The sequence number of the first byte; `None` for data that Wireshark reassembled or decrypted.
    pub start: Option<SequenceNumber>,
    /// The captured payload of the segment.
    pub payload: &'a [u8],
    /// The sequence number of its first byte.
    pub segment_start: SequenceNumber,
    /// The sequence number behind the segment.
    pub segment_end: SequenceNumber,
    /// Whether the segment holds bytes that had not been captured before.
    pub is_fresh: bool,
    /// Whether the other side may have closed the WebSocket connection before, as far as its segments tell.
    pub other_is_unread: bool,
}

impl Data<'_> {
    /// Whether reassembled data can begin there: it holds the segment's payload at its place.
    pub fn is_at(&self, start: SequenceNumber) -> bool {
        let (data, payload) = match start.is_after(self.segment_start) {
            true => (Some(self.bytes.bytes), self.payload.get(start.0.wrapping_sub(self.segment_start.0) as usize..)),
            false => {
                let offset = self.segment_start.0.wrapping_sub(start.0) as usize;
                (self.bytes.bytes.get(offset..).filter(|rest| !rest.is_empty()), Some(self.payload))
            }
        };
        data.zip(payload).is_some_and(|(data, payload)| data.iter().zip(payload).all(|(one, other)| one == other))
    }
}

/// The ends of the messages in the data that is being dissected, until the messages are handed over. One capture has one of these, not
/// each connection: data and its messages follow one another at once.
#[derive(Debug, Default)]
pub struct Endings {
    stream: StreamId,
    pub(crate) queue: VecDeque<Ending>,
    /// Nothing is said of any message in this data.
    pub(crate) skipped: bool,
    /// Wireshark has not handed over a compressed message.
    uninflated: bool,
    /// What RFC 6455 does not allow of the frames.
    pub irregular: Vec<Irregular>,
    /// How many messages of the capture were put together here.
    pub assembled: u32,
    /// The packet in which the last message of several frames ended.
    pub(crate) assembled_in: Option<Frame>,
}

impl Endings {
    /// Begins with data of this connection that is about to be dissected.
    pub fn begin(&mut self, stream: StreamId) {
        self.uninflated = self.has_uninflated(stream);
        self.stream = stream;
        self.queue.clear();
        self.irregular.clear();
        self.skipped = false;
    }

    /// Adds the end of a message that ends in this frame.
    pub fn push(&mut self, frame: Frame, ending: Ending) {
        self.assembled += u32::from(ending.message.own.is_some());
        if ending.message.is_assembled {
            self.assembled_in = Some(frame);
        }
        self.queue.push_back(ending);
    }

    /// Whether nothing is said of the messages of this connection that are being handed over.
    pub fn are_skipped(&self, stream: StreamId) -> bool {
        self.skipped && self.stream == stream
    }

    /// The end of the message of this connection that is being handed over, of so many bytes, where its frames were seen.
    pub fn take(&mut self, stream: StreamId, length: usize) -> Option<Ending> {
        if self.stream != stream {
            return None;
        }
        // Wireshark hands over nothing of what it cannot inflate.
        let passed = self.queue.iter().take_while(|ending| ending.message.compressed.is_some()).count();
        if passed > 0 && self.queue.get(passed).is_some_and(|ending| ending.message.length == length) {
            self.queue.drain(..passed);
            self.uninflated = true;
        }
        self.queue.pop_front()
    }

    /// The next message of this connection, where it was put together here.
    pub fn take_assembled(&mut self, stream: StreamId) -> Option<Vec<u8>> {
        self.queue.front_mut().filter(|_| self.stream == stream)?.message.own.take()
    }

    /// Whether Wireshark has not inflated a message of this connection, in the data that was dissected.
    pub fn has_uninflated(&self, stream: StreamId) -> bool {
        let is_left = self.queue.iter().any(|ending| ending.message.compressed.is_some());
        self.stream == stream && (self.uninflated || is_left)
    }

    /// The data has been dissected.
    pub fn end(&mut self) {
        self.queue.clear();
        self.uninflated = false;
    }
}
