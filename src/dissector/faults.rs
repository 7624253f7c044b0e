//! The faults of this plugin that showed in a capture, so that a packet tells of its own on every pass.

use std::collections::BTreeMap;

use crate::packet::{Frame, Position, StreamId};

/// Faults that are kept; beyond, a packet tells of its own on the pass on which it happens.
const MAX_FAULTS: usize = 4096;

/// What went wrong, by where.
#[derive(Debug, Default)]
pub struct Faults {
    of_segments: BTreeMap<Frame, String>,
    of_messages: BTreeMap<(StreamId, Position), String>,
}

impl Faults {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.of_segments.len() + self.of_messages.len()
    }

    /// Something went wrong with a frame, below its messages.
    pub fn add_segment(&mut self, frame: Frame, what: String) {
        if self.len() < MAX_FAULTS {
            self.of_segments.entry(frame).or_insert(what);
        }
    }

    /// Something went wrong with a message.
    pub fn add_message(&mut self, stream: StreamId, position: Position, what: String) {
        if self.len() < MAX_FAULTS {
            self.of_messages.entry((stream, position)).or_insert(what);
        }
    }

    /// What went wrong with a frame, below its messages.
    pub fn of_segment(&self, frame: Frame) -> Option<&str> {
        self.of_segments.get(&frame).map(String::as_str)
    }

    /// What went wrong with a message.
    pub fn of_message(&self, stream: StreamId, position: Position) -> Option<&str> {
        self.of_messages.get(&(stream, position)).map(String::as_str)
    }
}
