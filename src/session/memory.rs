//! How much is remembered of a capture, and the most that may be.
//!
//! What is kept is counted where it is added, not measured: a few additions a frame. The costs here are upper bounds of what a connection, a
//! segment or a message leaves behind; texts, says, lists and servers count themselves.

use crate::packet::{Frame, Segment};

/// What all that is remembered may take, in bytes: more than a million messages take.
pub const MAX_BYTES: usize = 512 << 20;
/// Connections to the chat's ports that have not carried a byte.
pub const MAX_IDLE: u32 = 1 << 18;

/// A connection, with its ports, the times of its handshakes and the first marks.
const CONNECTION: usize = 664;
/// What it takes more when it carries data: lists that begin.
const DATA: usize = 640;
/// A segment: marks, and its share of lists that grow.
const SEGMENT: usize = 24;
/// What a segment shows to be missing in the capture, for its connection and for the server.
pub(in crate::session) const GAP: usize = 96;
/// A message: its record, its acknowledgment, and what waits for either.
const MESSAGE: usize = 128;
/// A message that Wireshark does not hand over as it is, apart from its bytes.
pub(in crate::session) const ASSEMBLED: usize = 128;

/// The most that is remembered.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// In bytes, of all together.
    pub bytes: usize,
    /// Connections that have not carried a byte.
    pub idle: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { bytes: MAX_BYTES, idle: MAX_IDLE }
    }
}

/// Which limit a capture reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// So many bytes: nothing of later frames is remembered.
    Bytes(usize),
    /// So many connections without data: another is remembered from its first data on.
    Idle(u32),
}

/// What is counted of a session, and where it reached its limits.
#[derive(Debug, Default)]
pub struct Memory {
    pub(in crate::session) limits: Limits,
    /// Bytes for connections, segments, messages and what servers know.
    pub(in crate::session) spent: usize,
    idle: u32,
    /// The frame that is being dissected for the first time, and the last one that is counted.
    pub(in crate::session) current: Option<Frame>,
    counted: Option<Frame>,
    /// The first frame that is not remembered.
    pub(in crate::session) end: Option<Frame>,
    /// The first of those frames that is the chat's, and the first one of a connection without data that is not remembered.
    pub(in crate::session) announced: Option<Frame>,
    pub(in crate::session) refused: Option<Frame>,
}

impl Memory {
    /// With other limits than usual.
    #[cfg(test)]
    pub fn new(limits: Limits) -> Memory {
        Memory { limits, ..Memory::default() }
    }

    /// From now on, so many bytes are the most.
    pub fn limit(&mut self, bytes: usize) {
        self.limits.bytes = bytes;
    }

    /// So many bytes more are kept.
    pub fn spend(&mut self, bytes: usize) {
        self.spent = self.spent.saturating_add(bytes);
    }

    /// So many bytes are kept where there were so many before.
    pub fn change(&mut self, before: usize, now: usize) {
        self.spent = self.spent.saturating_sub(before).saturating_add(now);
    }

    /// A connection is watched from this segment on.
    pub fn connect(&mut self, is_idle: bool) {
        self.spend(if is_idle { CONNECTION } else { CONNECTION + DATA });
        self.idle += u32::from(is_idle);
    }

    /// A connection carries its first byte.
    pub fn carries_data(&mut self) {
        self.spend(DATA);
        self.idle = self.idle.saturating_sub(1);
    }

    /// A segment of a watched connection, which may be counted more than once.
    pub fn segment(&mut self, frame: Frame) {
        if self.counted.replace(frame) != Some(frame) {
            self.spend(SEGMENT);
        }
    }

    /// A message of a watched connection.
    pub fn message(&mut self) {
        self.spend(MESSAGE);
    }

    /// Whether one more connection without data may be watched, which this segment would begin.
    pub fn has_room_for_idle(&mut self, segment: &Segment) -> bool {
        let has_room = self.idle < self.limits.idle;
        if !has_room {
            self.refused.get_or_insert(segment.at.frame);
        }
        has_room
    }
}
