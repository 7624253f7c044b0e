//! Messages that took several TCP segments: which segments hold a part of one. Only a later pass knows that.

use crate::packet::{Both, Frame, Segment, SequenceNumber, Side};

/// The messages of a connection that began in an earlier segment than they ended in.
#[derive(Debug, Default)]
pub struct Segmented(Both<Vec<Message>>);

/// A message, in the order of the frames.
#[derive(Debug, Clone, Copy)]
struct Message {
    from: SequenceNumber,
    to: SequenceNumber,
    frame: Frame,
}

impl Segmented {
    /// A message from `from` to `to` is complete with this frame.
    pub fn add(&mut self, by: Side, from: SequenceNumber, to: SequenceNumber, frame: Frame) {
        self.0.of_mut(by).push(Message { from, to, frame });
    }

    /// The frame with which the message is complete that a segment holds a part of.
    pub fn completed_in(&self, by: Side, segment: &Segment) -> Option<Frame> {
        let messages = self.0.of(by);
        let later = messages.partition_point(|message| message.frame <= segment.at.frame);
        let message = messages.get(later).filter(|_| segment.length > 0)?;
        let is_part = segment.end().is_after(message.from) && message.to.is_after(segment.sequence);
        is_part.then_some(message.frame)
    }

    /// Exchanges the sides.
    pub fn swap_sides(&mut self) {
        self.0.swap();
    }
}
