//! The TCP part of a connection: its handshake and end, the sequence space of both directions, and what of it the other side has
//! acknowledged (RFC 9293, sections 3.4 and 3.5). It returns what happened in a segment and knows nothing of what the bytes mean.

use super::in_flight::{InFlight, Pending, Sent};
use super::texts::TextId;
use crate::event::Event;
use crate::packet::{Both, Frame, Segment, SequenceNumber, Side, flags};

/// What happened in a segment.
#[derive(Debug)]
pub enum Outcome {
    /// Handshake, close and reset.
    Event(Event<TextId>),
    /// What the segment is the first to acknowledge, FINs excepted.
    Acknowledged(Pending),
}

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
    /// Takes in a segment's header, once a frame, and tells what happened.
    pub fn take_in(&mut self, segment: &Segment, by: Side, mut tell: impl FnMut(Outcome)) {
        let frame = segment.at.frame;
        if self.last_segment == frame {
            return;
        }
        self.last_segment = frame;
        if by == Side::Client {
            self.last_from_client = frame;
        }
        if segment.has(flags::SYN) {
            return tell(Outcome::Event(self.synchronize(segment, by)));
        }
        if segment.has(flags::ACK) {
            self.acknowledge(segment, by, &mut tell);
        }
        if segment.has(flags::RST) {
            return tell(Outcome::Event(Event::Reset));
        }
        let direction = self.directions.of_mut(by);
        direction.send(segment.sequence, segment.length, frame);
        if segment.has(flags::FIN) && direction.finish(segment) {
            tell(Outcome::Event(Event::Fin));
        }
    }

    fn synchronize(&mut self, segment: &Segment, by: Side) -> Event<TextId> {
        let direction = self.directions.of_mut(by);
        let first = match direction.syn() {
            Some((sequence, first)) if sequence == segment.sequence => Some(first),
            _ => {
                direction.syn = (segment.sequence, segment.at.frame);
                direction.set_next(segment.sequence + 1);
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

    fn acknowledge(&mut self, segment: &Segment, by: Side, tell: &mut impl FnMut(Outcome)) {
        let answers = |(sequence, _): (SequenceNumber, Frame)| segment.acknowledgment.is_after(sequence);
        if by == Side::Client && !self.established && self.directions.server.syn().is_some_and(answers) {
            self.established = true;
            tell(Outcome::Event(Event::Established));
        }
        let other = self.directions.of_mut(by.other());
        for done in other.acknowledge(segment.acknowledgment, segment.at.frame) {
            match done.sent {
                Sent::Fin if is_bare(segment) => tell(Outcome::Event(Event::FinAcked)),
                Sent::Fin => {}
                Sent::UpgradeRequest | Sent::UpgradeResponse | Sent::Refusal | Sent::Message => {
                    tell(Outcome::Acknowledged(done));
                }
            }
        }
        if other.finished {
            other.pending.release();
        }
    }

    /// Notes that something that `by` sent ends in the sequence space. Returns the frame that has acknowledged it already, where packets
    /// were captured out of order and that acknowledgment is the last one seen.
    pub fn expect_ack(&mut self, by: Side, pending: Pending) -> Option<Frame> {
        self.directions.of_mut(by).expect_ack(pending)
    }

    /// The sequence number behind all that a side has sent so far.
    pub fn next(&self, by: Side) -> Option<SequenceNumber> {
        self.directions.of(by).next()
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

/// What one side has sent. Frame 0 stands for none, which saves 8 bytes a connection each time.
#[derive(Debug, Default)]
struct Direction {
    /// The SYN's sequence number and frame.
    syn: (SequenceNumber, Frame),
    /// The sequence number behind all that was sent so far.
    next: SequenceNumber,
    /// The last frame before which something is missing in the capture.
    last_hole: Frame,
    /// The last acknowledgment by the other side.
    acknowledged: Advance,
    pending: InFlight,
    /// Whether `next` is known.
    has_sent: bool,
    finished: bool,
}

/// How far an acknowledgment moved the left edge of the send window.
#[derive(Debug, Clone, Copy, Default)]
struct Advance {
    from: SequenceNumber,
    to: SequenceNumber,
    frame: Frame,
}

impl Direction {
    fn syn(&self) -> Option<(SequenceNumber, Frame)> {
        Some(self.syn).filter(|(_, frame)| *frame != Frame::default())
    }

    fn next(&self) -> Option<SequenceNumber> {
        self.has_sent.then_some(self.next)
    }

    fn set_next(&mut self, next: SequenceNumber) {
        (self.next, self.has_sent) = (next, true);
    }

    fn acknowledged(&self) -> Option<Advance> {
        Some(self.acknowledged).filter(|done| done.frame != Frame::default())
    }

    /// Takes note of a segment's sequence space.
    fn send(&mut self, sequence: SequenceNumber, length: u32, frame: Frame) {
        let end = sequence + length;
        if self.next().is_some_and(|next| sequence.is_after(next)) {
            self.last_hole = frame;
        }
        if self.next().is_none_or(|next| end.is_after(next)) {
            self.set_next(end);
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
        if let Some(done) = self.acknowledged().filter(|done| !pending.end.is_after(done.to)) {
            return pending.end.is_after(done.from).then_some(done.frame);
        }
        self.pending.insert(pending);
        None
    }

    /// The other side acknowledges all before `to`. Returns what is thereby acknowledged for the first time.
    fn acknowledge(&mut self, to: SequenceNumber, frame: Frame) -> impl Iterator<Item = Pending> + '_ {
        let advances = self.advance(to, frame);
        std::iter::from_fn(move || if advances { self.pending.pop_before(to) } else { None })
    }

    fn advance(&mut self, to: SequenceNumber, frame: Frame) -> bool {
        if self.next().is_some_and(|next| to.is_after(next + MAX_WINDOW)) {
            return false; // nothing like it was ever sent
        }
        match self.acknowledged() {
            Some(done) if !to.is_after(done.to) => false,
            done => {
                let from = done.map_or(to - 1, |done| done.to);
                self.acknowledged = Advance { from, to, frame };
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
        assert_eq!(direction.next(), Some(SequenceNumber(9)));
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
