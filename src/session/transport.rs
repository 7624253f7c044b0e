//! The TCP part of a connection: its handshake and end, the sequence space of both directions, and what of it the other side has
//! acknowledged (RFC 9293, sections 3.4 and 3.5). It returns what happened in a segment and knows nothing of what the bytes mean.

use std::collections::VecDeque;

use super::bounded::Name;
use crate::event::Event;
use crate::packet::{Both, Frame, Segment, SequenceNumber, Side, flags};

/// Something sent whose acknowledgment is an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// A request to upgrade to WebSocket.
    UpgradeRequest,
    /// A 101 that the browser accepts.
    UpgradeResponse,
    /// Any other answer to an upgrade request.
    Refusal,
    /// A WebSocket message.
    Message,
    /// A FIN.
    Fin,
}

/// Something sent and not acknowledged yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// The sequence number behind its last byte.
    pub end: SequenceNumber,
    /// The frame that carries its last byte.
    pub frame: Frame,
    /// What it is.
    pub sent: Sent,
}

/// What happened in a segment.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Handshake, close and reset.
    pub events: Vec<Event<Name>>,
    /// What the segment is the first to acknowledge, FINs excepted.
    pub acknowledged: Vec<Pending>,
}

/// More than this many things in flight are not chat; the oldest is then forgotten.
const MAX_PENDING: usize = 100_000;

/// The largest window (RFC 7323, section 2.3): nothing further ahead can have been received.
const MAX_WINDOW: u32 = 65_535 << 14;

/// Both directions of a connection.
#[derive(Debug, Default)]
pub struct Transport {
    directions: Both<Direction>,
    established: bool,
    last_segment: Frame,
    last_from_client: Frame,
}

impl Transport {
    /// Takes in a segment's header, once a frame.
    pub fn take_in(&mut self, segment: &Segment, by: Side) -> Outcome {
        let frame = segment.at.frame;
        let mut outcome = Outcome::default();
        if self.last_segment == frame {
            return outcome;
        }
        self.last_segment = frame;
        if by == Side::Client {
            self.last_from_client = frame;
        }
        if segment.has(flags::SYN) {
            outcome.events.push(self.synchronize(segment, by));
            return outcome;
        }
        if segment.has(flags::ACK) {
            self.acknowledge(segment, by, &mut outcome);
        }
        if segment.has(flags::RST) {
            outcome.events.push(Event::Reset);
            return outcome;
        }
        let direction = self.directions.of_mut(by);
        direction.send(segment.sequence, segment.length, frame);
        if segment.has(flags::FIN) && direction.finish(segment) {
            outcome.events.push(Event::Fin);
        }
        outcome
    }

    fn synchronize(&mut self, segment: &Segment, by: Side) -> Event<Name> {
        let direction = self.directions.of_mut(by);
        let first = match direction.syn {
            Some((sequence, first)) if sequence == segment.sequence => Some(first),
            _ => {
                direction.syn = Some((segment.sequence, segment.at.frame));
                direction.next = Some(segment.sequence + 1);
                None
            }
        };
        match (segment.has(flags::ACK), first) {
            (false, None) => Event::Syn,
            (false, Some(first)) => Event::SynAgain(first),
            (true, None) => Event::SynAck,
            (true, Some(first)) => Event::SynAckAgain(first),
        }
    }

    fn acknowledge(&mut self, segment: &Segment, by: Side, outcome: &mut Outcome) {
        let answers = |(sequence, _): (SequenceNumber, Frame)| segment.acknowledgment.is_after(sequence);
        if by == Side::Client && !self.established && self.directions.server.syn.is_some_and(answers) {
            self.established = true;
            outcome.events.push(Event::Established);
        }
        let other = self.directions.of_mut(by.other());
        for done in other.acknowledge(segment.acknowledgment, segment.at.frame) {
            match done.sent {
                Sent::Fin if is_bare(segment) => outcome.events.push(Event::FinAcked),
                Sent::Fin => {}
                Sent::UpgradeRequest | Sent::UpgradeResponse | Sent::Refusal | Sent::Message => {
                    outcome.acknowledged.push(done);
                }
            }
        }
    }

    /// Notes that something that `by` sent ends in the sequence space. Returns the frame that has acknowledged it already, where packets
    /// were captured out of order and that acknowledgment is the last one seen.
    pub fn expect_ack(&mut self, by: Side, pending: Pending) -> Option<Frame> {
        self.directions.of_mut(by).expect_ack(pending)
    }

    /// The sequence number behind all that a side has sent so far.
    pub fn next(&self, by: Side) -> Option<SequenceNumber> {
        self.directions.of(by).next
    }

    /// Whether the capture lacks something that a side sent after `frame`.
    pub fn lacks_segments_after(&self, by: Side, frame: Frame) -> bool {
        self.directions.of(by).last_hole > frame
    }

    /// The latest frame that the client sent.
    pub fn last_from_client(&self) -> Frame {
        self.last_from_client
    }

    /// Exchanges the sides.
    pub fn swap_sides(&mut self) {
        self.directions.swap();
    }
}

/// Whether the segment carries nothing but its acknowledgment.
pub fn is_bare(segment: &Segment) -> bool {
    segment.length == 0 && !segment.has(flags::RST)
}

/// What one side has sent.
#[derive(Debug, Default)]
struct Direction {
    /// The SYN's sequence number and frame.
    syn: Option<(SequenceNumber, Frame)>,
    finished: bool,
    /// The sequence number behind all that was sent so far.
    next: Option<SequenceNumber>,
    /// The last frame before which something is missing in the capture.
    last_hole: Frame,
    /// The last acknowledgment by the other side.
    acknowledged: Option<Advance>,
    /// By `end`, in order.
    pending: VecDeque<Pending>,
}

/// How far an acknowledgment moved the left edge of the send window.
#[derive(Debug, Clone, Copy)]
struct Advance {
    from: SequenceNumber,
    to: SequenceNumber,
    frame: Frame,
}

impl Direction {
    /// Takes note of a segment's sequence space.
    fn send(&mut self, sequence: SequenceNumber, length: u32, frame: Frame) {
        let end = sequence + length;
        if self.next.is_some_and(|next| sequence.is_after(next)) {
            self.last_hole = frame;
        }
        if self.next.is_none_or(|next| end.is_after(next)) {
            self.next = Some(end);
        }
    }

    /// Takes note of a FIN. Returns whether it is the first.
    fn finish(&mut self, segment: &Segment) -> bool {
        if self.finished {
            return false;
        }
        self.finished = true;
        let frame = segment.at.frame;
        self.send(segment.end(), 1, frame);
        self.expect_ack(Pending { end: segment.end() + 1, frame, sent: Sent::Fin });
        true
    }

    fn expect_ack(&mut self, pending: Pending) -> Option<Frame> {
        if let Some(done) = self.acknowledged.filter(|done| !pending.end.is_after(done.to)) {
            return pending.end.is_after(done.from).then_some(done.frame);
        }
        let place = self.pending.iter().rposition(|earlier| !earlier.end.is_after(pending.end)).map_or(0, |at| at + 1);
        self.pending.insert(place, pending);
        if self.pending.len() > MAX_PENDING {
            self.pending.pop_front();
        }
        None
    }

    /// The other side acknowledges all before `to`. Returns what is thereby acknowledged for the first time.
    fn acknowledge(&mut self, to: SequenceNumber, frame: Frame) -> impl Iterator<Item = Pending> + '_ {
        let covered = match self.advance(to, frame) {
            true => self.pending.iter().take_while(|pending| !pending.end.is_after(to)).count(),
            false => 0,
        };
        self.pending.drain(..covered)
    }

    fn advance(&mut self, to: SequenceNumber, frame: Frame) -> bool {
        if self.next.is_some_and(|next| to.is_after(next + MAX_WINDOW)) {
            return false; // nothing like it was ever sent
        }
        match self.acknowledged {
            Some(done) if !to.is_after(done.to) => false,
            done => {
                let from = done.map_or(to - 1, |done| done.to);
                self.acknowledged = Some(Advance { from, to, frame });
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(end: u32, frame: u32) -> Pending {
        Pending { end: SequenceNumber(end), frame: Frame(frame), sent: Sent::Message }
    }

    fn acknowledged(direction: &mut Direction, to: u32, frame: u32) -> Vec<Pending> {
        direction.acknowledge(SequenceNumber(to), Frame(frame)).collect()
    }

    #[test]
    fn one_ack_covers_all_that_ends_before_it_and_only_once() {
        let mut direction = Direction::default();
        for (end, frame) in [(10, 1), (20, 2), (30, 3)] {
            assert_eq!(direction.expect_ack(message(end, frame)), None);
        }
        assert_eq!(acknowledged(&mut direction, 9, 4), vec![]);
        assert_eq!(acknowledged(&mut direction, 25, 5), vec![message(10, 1), message(20, 2)]);
        assert_eq!(acknowledged(&mut direction, 25, 6), vec![]);
        assert_eq!(acknowledged(&mut direction, 30, 7), vec![message(30, 3)]);
    }

    #[test]
    fn what_is_acknowledged_may_wrap() {
        let mut direction = Direction::default();
        direction.expect_ack(message(5, 1)); // 2³² + 5
        assert_eq!(acknowledged(&mut direction, u32::MAX - 3, 2), vec![]);
        assert_eq!(acknowledged(&mut direction, 5, 3), vec![message(5, 1)]);
        direction.send(SequenceNumber(u32::MAX), 10, Frame(1));
        direction.send(SequenceNumber(8), 1, Frame(1));
        assert_eq!(direction.next, Some(SequenceNumber(9)));
        assert_eq!(direction.last_hole, Frame(0));
        direction.send(SequenceNumber(10), 1, Frame(7));
        assert_eq!(direction.last_hole, Frame(7));
    }

    #[test]
    fn an_ack_captured_before_what_it_acknowledges_is_found() {
        let mut direction = Direction::default();
        acknowledged(&mut direction, 100, 1);
        acknowledged(&mut direction, 200, 2);
        assert_eq!(direction.expect_ack(message(150, 3)), Some(Frame(2)));
        assert_eq!(direction.expect_ack(message(90, 4)), None);
    }

    #[test]
    fn out_of_order_segments_are_acknowledged_in_order() {
        let mut direction = Direction::default();
        direction.expect_ack(message(30, 1));
        direction.expect_ack(message(10, 2));
        assert_eq!(acknowledged(&mut direction, 10, 3), vec![message(10, 2)]);
        assert_eq!(acknowledged(&mut direction, 30, 4), vec![message(30, 1)]);
    }
}
