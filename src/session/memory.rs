//! How much is remembered of a capture, and from which frame on nothing is.
//!
//! What is kept is counted where it is added, not measured: a few additions a frame. The costs here are upper bounds of what a connection, a
//! segment or a message leaves behind; texts, says, lists and servers count themselves.

use super::contests::Contests;
use super::exchanges::Receipts;
use super::gaps::Gap;
use super::matching::LikelyDeliveries;
use super::state::Session;
use crate::packet::{Frame, FrameTime, Segment};

/// What all that is remembered may take, in bytes: three times what a million messages take.
pub const MAX_BYTES: usize = 512 << 20;
/// Connections to the chat's ports that have not carried a byte.
pub const MAX_IDLE: u32 = 1 << 18;

/// A connection, with its ports, the times of its handshakes and the first marks.
const CONNECTION: usize = 640;
/// A segment: marks, and its share of lists that grow.
const SEGMENT: usize = 24;
/// What a segment shows to be missing in the capture, for its connection and for the server.
pub(super) const GAP: usize = 96;
/// A message: its record, its acknowledgment, and what waits for either.
const MESSAGE: usize = 128;

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
    limits: Limits,
    /// Bytes for connections, segments, messages and what servers know.
    spent: usize,
    idle: u32,
    /// The frame that is being dissected for the first time, and the last one that is counted.
    current: Frame,
    counted: Frame,
    /// The first frame that is not remembered.
    end: Option<Frame>,
    /// The first of those frames that is the chat's, and the first one of a connection without data that is not remembered; 0 for none.
    told: Frame,
    refused: Frame,
}

impl Memory {
    /// With other limits than usual.
    #[cfg(test)]
    pub fn new(limits: Limits) -> Memory {
        Memory { limits, ..Memory::default() }
    }

    /// From now on, so many bytes are the most.
    #[cfg(test)]
    pub fn limit(&mut self, bytes: usize) {
        self.limits.bytes = bytes;
    }

    /// So many bytes more are kept.
    pub fn spend(&mut self, bytes: usize) {
        self.spent = self.spent.saturating_add(bytes);
    }

    /// A connection is watched from this segment on.
    pub fn connect(&mut self, is_idle: bool) {
        self.spend(CONNECTION);
        self.idle += u32::from(is_idle);
    }

    /// A connection carries its first byte.
    pub fn carries_data(&mut self) {
        self.idle = self.idle.saturating_sub(1);
    }

    /// A segment of a watched connection, which may be told of more than once.
    pub fn segment(&mut self, frame: Frame) {
        if self.counted != frame {
            self.counted = frame;
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
        if !has_room && self.refused == Frame::default() {
            self.refused = segment.at.frame;
        }
        has_room
    }
}

impl Session {
    /// What is kept so far, in bytes: not less than it takes.
    pub fn held(&self) -> usize {
        self.memory.spent + self.texts.size() + self.says.size() + self.lists.size() + self.servers.size()
    }

    /// Whether what a segment and its messages teach is remembered; asked on the first pass, before anything is learned from them. Of one frame,
    /// all is or nothing.
    #[inline]
    pub fn has_room_for(&mut self, segment: &Segment) -> bool {
        let frame = segment.at.frame;
        if self.memory.end.is_none() && self.memory.current != frame {
            self.memory.current = frame;
            if self.held() > self.memory.limits.bytes {
                self.memory.end = Some(frame);
                self.lose_the_rest(segment.at);
            }
        }
        self.memory.end.is_none() || self.refuse(segment)
    }

    /// A segment is not remembered, which is told on the first one of the chat. Returns `false`.
    #[cold]
    fn refuse(&mut self, segment: &Segment) -> bool {
        let connection = self.connections.get(&segment.stream);
        let is_shown = segment.is_on_chat_port() || connection.is_some_and(|connection| connection.is_shown());
        if is_shown && self.memory.told == Frame::default() {
            self.memory.told = segment.at.frame;
        }
        false
    }

    /// Whether nothing of this frame was remembered, because there was no room.
    pub fn is_full_at(&self, frame: Frame) -> bool {
        self.memory.end.is_some_and(|end| frame >= end)
    }

    /// For a message that is not remembered: a session of its own, which knows whether its connection was the chat's, and who the client is.
    #[cold]
    pub fn for_one_message(&self, segment: &Segment) -> Session {
        let mut alone = Session::default();
        alone.home = self.home;
        alone.watch(segment);
        let known = self.connections.get(&segment.stream);
        if let (Some(known), Some(connection)) = (known, alone.connections.get_mut(&segment.stream)) {
            if known.sides_known() {
                connection.settle_sides(segment, known.side(segment));
            }
            if known.application().is_chat() {
                connection.application_mut().become_chat();
            }
        }
        alone
    }

    /// The limit that shows in this frame, which is the first one.
    #[inline]
    pub fn reached_in(&self, frame: Frame) -> Option<Reached> {
        let Memory { limits, told, refused, .. } = &self.memory;
        if *told == frame {
            return Some(Reached::Bytes(limits.bytes));
        }
        (*refused == frame).then_some(Reached::Idle(limits.idle))
    }

    /// Nothing is concluded from what is not remembered, as from what the capture lacks.
    fn lose_the_rest(&mut self, at: FrameTime) {
        let end = FrameTime { frame: Frame(u32::MAX), time: i64::MAX };
        self.servers.lack_of_any(Gap { after: at, until: end });
        self.likely = LikelyDeliveries::default();
        self.contests = Contests::default();
        self.receipts = Receipts::default();
    }

    /// Counts what a list of users added to what its server knows.
    pub(super) fn count_users(&mut self, segment: &Segment) {
        let connection = self.connections.get(&segment.stream);
        if let Some(server) = connection.and_then(|connection| self.servers.of_mut(connection)) {
            let more = server.growth();
            self.memory.spend(more);
        }
    }
}
