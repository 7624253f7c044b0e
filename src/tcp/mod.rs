//! The TCP part of a connection: its handshake and end, the sequence space of both directions, and what of it the other side has
//! acknowledged (RFC 9293, sections 3.4 and 3.5). It returns what happened in a segment and knows nothing of what the bytes mean.
//!
//! A connection's life is one [`State`], in the words of RFC 9293, section 3.3.2, as who looks on sees it: where the standard has a state
//! for each end, this is one for both. `FIN` is a side's first one, `ACK of FIN` the first acknowledgment of it in a segment without
//! payload; what else acknowledges it leads nowhere.
//!
//! ```text
//!      Unsynchronized ────────────── ACK of SYN+ACK ──────────────▶ Established
//!            │                                                           │
//!            └───────────────────────────┬──────── FIN of a side ────────┘
//!                                        ▼
//!                                 FinWait1(side) ─── ACK of FIN ──▶ FinWait2(side)
//!                                        │                               │
//!                                FIN of the other                FIN of the other
//!                                        ▼                               ▼
//!                                     Closing ────── ACK of FIN ─────▶ LastAck ───── ACK of FIN ───▶ Closed
//!
//!      each of them ── RST ──▶ Reset, which remembers whose FINs were seen, and adds those that are captured later
//! ```
//!
//! A connection of which the capture lacks the handshake is `Unsynchronized` until its end, whatever it carries.

pub mod gaps;
pub mod in_flight;
pub mod segmented;

use self::gaps::{ContentGaps, DirectionGaps, Gap};
use self::in_flight::{InFlight, Pending};
use crate::event::{FrameEvent, Reset, Sent};
use crate::failpoint::failpoint;
use crate::packet::{Both, Frame, FrameTime, PackedFrameTime, Segment, SequenceNumber, Side, flags};

/// What happened in a segment.
#[derive(Debug)]
pub enum Outcome<T> {
    /// Handshake, close and reset.
    Event(FrameEvent<T>),
    /// The acknowledgment of the SYN+ACK, in an earlier frame of the client: packets were captured out of order.
    EstablishedIn(Frame),
    /// What the segment is the first to acknowledge, FINs excepted.
    Acknowledged(Pending),
}

/// The largest window (RFC 7323, section 2.3): nothing further ahead can have been received.
const MAX_WINDOW: u32 = 65_535 << 14;

/// A packet that is captured again within this time was captured twice, not sent again: TCP waits a second for the answer to a SYN
/// (RFC 6298, section 2). Nanoseconds.
const COPY_TIME: i64 = 5_000_000;

/// Where a connection is in its life; see the diagram above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// Its handshake is not complete, or was not captured.
    #[default]
    Unsynchronized,
    /// The client has acknowledged the SYN+ACK.
    Established,
    /// One side has sent its FIN.
    FinWait1(Side),
    /// And the other side has acknowledged it.
    FinWait2(Side),
    /// Both sides have sent their FIN.
    Closing,
    /// And one of them is acknowledged.
    LastAck,
    /// And both are.
    Closed,
    /// A side has sent a RST; whether each of them has sent a FIN.
    Reset(Both<bool>),
}

impl State {
    /// Whether a side has sent its FIN.
    pub fn has_finished(self, by: Side) -> bool {
        match self {
            State::Unsynchronized | State::Established => false,
            State::FinWait1(first) | State::FinWait2(first) => first == by,
            State::Closing | State::LastAck | State::Closed => true,
            State::Reset(finished) => *finished.of(by),
        }
    }

    /// Whether nobody sends anything more: both sides have sent their FIN, or one a RST.
    pub fn is_closing(self) -> bool {
        match self {
            State::Unsynchronized | State::Established | State::FinWait1(_) | State::FinWait2(_) => false,
            State::Closing | State::LastAck | State::Closed | State::Reset(_) => true,
        }
    }

    /// Whether it is over: both FINs are acknowledged, or a side has sent a RST.
    pub fn is_closed(self) -> bool {
        matches!(self, State::Closed | State::Reset(_))
    }

    /// Establishes the connection, unless its end was captured before.
    fn establish(&mut self) {
        if *self == State::Unsynchronized {
            *self = State::Established;
        }
    }

    /// Takes in a FIN. Returns whether it is the side's first.
    fn finish(&mut self, by: Side) -> bool {
        let is_first = !self.has_finished(by);
        if is_first {
            *self = match *self {
                State::Unsynchronized | State::Established => State::FinWait1(by),
                State::FinWait1(_) | State::Closing => State::Closing,
                State::FinWait2(_) | State::LastAck => State::LastAck,
                State::Closed => State::Closed,
                State::Reset(mut finished) => {
                    *finished.of_mut(by) = true;
                    State::Reset(finished)
                }
            };
        }
        is_first
    }

    /// Takes in the acknowledgment of a FIN.
    fn acknowledge_fin(&mut self) {
        *self = match *self {
            State::FinWait1(first) => State::FinWait2(first),
            State::Closing => State::LastAck,
            State::LastAck => State::Closed,
            other @ (State::Unsynchronized
            | State::Established
            | State::FinWait2(_)
            | State::Closed
            | State::Reset(_)) => other,
        };
    }

    /// Resets the connection.
    fn reset(&mut self) {
        let (client, server) = (self.has_finished(Side::Client), self.has_finished(Side::Server));
        *self = State::Reset(Both { client, server });
    }

    /// Exchanges the sides.
    fn swap_sides(&mut self) {
        match self {
            State::FinWait1(first) | State::FinWait2(first) => *first = first.other(),
            State::Reset(finished) => finished.swap(),
            State::Unsynchronized | State::Established | State::Closing | State::LastAck | State::Closed => {}
        }
    }
}

/// Both directions of a connection.
#[derive(Debug, Default)]
pub struct Tcp {
    directions: Both<Direction>,
    state: State,
    /// The acknowledgment of the SYN+ACK was captured: of a connection whose packets were captured out of order, perhaps behind its end.
    is_syn_ack_acknowledged: bool,
    /// Before the first RST, all that was sent was captured, as far as the RST says.
    is_reset_whole: bool,
}

/// A segment as it is taken in.
#[derive(Debug, Clone, Copy)]
struct Taken<'a> {
    segment: &'a Segment,
    /// How many bytes of its payload were captured.
    captured: u32,
    by: Side,
    /// It is the last segment of its direction again.
    is_copy: bool,
}

impl Tcp {
    /// Takes in a segment, of whose payload so many bytes were captured, and tells what happened: once, however often it is called. What the
    /// capture turns out to lack is added to `gaps`.
    pub fn take_in<T>(
        &mut self,
        segment: &Segment,
        captured: u32,
        by: Side,
        gaps: &mut ContentGaps,
        mut tell: impl FnMut(Outcome<T>),
    ) {
        failpoint!("tcp");
        let (identity, direction) = (identity(segment), self.directions.of(by));
        let (last, is_same) = (direction.last(), identity == direction.last_segment);
        if is_same && last.is_some_and(|last| last.frame == segment.at.frame) {
            return;
        }
        let is_copy = is_same && last.is_some_and(|last| (0..=COPY_TIME).contains(&segment.at.since(last)));
        self.directions.of_mut(by).last_segment = identity;
        self.process(&Taken { segment, captured, by, is_copy }, gaps, &mut tell);
        self.directions.of_mut(by).last = Some(segment.at.into());
    }

    fn process<T>(&mut self, taken: &Taken, gaps: &mut ContentGaps, tell: &mut impl FnMut(Outcome<T>)) {
        let Taken { segment, captured, by, is_copy } = *taken;
        if segment.has(flags::SYN) {
            return self.synchronize(taken, tell);
        }
        if segment.has(flags::RST) {
            if segment.has(flags::ACK) {
                self.acknowledge(segment, by, tell);
            }
            if !is_copy {
                let is_whole = self.is_whole_before(segment, by, gaps);
                self.is_reset_whole |= is_whole && !matches!(self.state, State::Reset(_));
                tell(Outcome::Event(FrameEvent::Reset(self.meaning_of_reset(segment, by, is_whole))));
            }
            self.state.reset();
            return;
        }
        if segment.has(flags::ACK) {
            self.directions.of_mut(by.other()).show_received(segment, by.other(), gaps);
            self.acknowledge(segment, by, tell);
        }
        let direction = self.directions.of_mut(by);
        if direction.next() == Some(segment.sequence) && captured >= segment.length {
            direction.next = segment.end();
            direction.is_fresh = true;
            direction.is_resent &= segment.length == 0;
        } else {
            direction.send_out_of_order(taken, gaps);
        }
        if segment.has(flags::FIN) && self.state.finish(by) {
            direction.send_fin(segment);
            tell(Outcome::Event(FrameEvent::Fin));
        }
    }

    fn synchronize<T>(&mut self, taken: &Taken, tell: &mut impl FnMut(Outcome<T>)) {
        let Taken { segment, by, is_copy, .. } = *taken;
        // A client that has acknowledged the answer asks no more.
        let is_answered = by == Side::Client && self.is_syn_ack_acknowledged;
        let direction = self.directions.of_mut(by);
        let is_copy = is_copy || is_answered || segment.identity != 0 && segment.identity == direction.syn_identity;
        let first = match direction.syn {
            Some((sequence, first)) if sequence == segment.sequence => Some(first),
            known => {
                direction.syn = Some((segment.sequence, segment.at.frame));
                direction.syn_identity = segment.identity;
                let (first_byte, next) = (segment.sequence + 1, direction.next());
                let is_late = known.is_none() && next.is_some_and(|next| !first_byte.is_after(next));
                if !is_late {
                    direction.set_next(first_byte);
                }
                None
            }
        };
        if is_copy && first.is_some() {
            return;
        }
        tell(Outcome::Event(match (segment.has(flags::ACK), first) {
            (false, None) => FrameEvent::Syn,
            (false, Some(first)) => FrameEvent::SynAgain(first),
            (true, None) => FrameEvent::SynAck,
            (true, Some(first)) => FrameEvent::SynAckAgain(first),
        }));
        if segment.has(flags::ACK) {
            self.know_beginning(segment, by, tell);
        }
    }

    /// Learns from a SYN+ACK where the other side begins.
    fn know_beginning<T>(&mut self, segment: &Segment, by: Side, tell: &mut impl FnMut(Outcome<T>)) {
        let acknowledged = self.directions.of(by).acknowledged;
        let other = self.directions.of_mut(by.other());
        if other.next().is_none() {
            other.set_next(segment.acknowledgment);
        }
        if by == Side::Client || self.is_syn_ack_acknowledged {
            return;
        }
        // Captured behind its acknowledgment.
        let Some(done) = acknowledged else { return };
        let is_first = done.to == segment.sequence + 1 && done.from == segment.sequence;
        let is_whole = other.next() == Some(segment.acknowledgment);
        self.establish();
        if is_first && is_whole {
            tell(Outcome::EstablishedIn(done.frame));
        }
    }

    fn acknowledge<T>(&mut self, segment: &Segment, by: Side, tell: &mut impl FnMut(Outcome<T>)) {
        if by == Side::Client && !self.is_syn_ack_acknowledged {
            self.acknowledge_syn_ack(segment, tell);
        }
        let other = self.directions.of_mut(by.other());
        for done in other.acknowledge(segment.acknowledgment, segment.at.frame) {
            match done.sent {
                Sent::Fin if is_bare(segment) => {
                    self.state.acknowledge_fin();
                    tell(Outcome::Event(FrameEvent::FinAcked));
                }
                Sent::Fin => {}
                Sent::UpgradeRequest | Sent::UpgradeResponse | Sent::Refusal | Sent::Message => {
                    tell(Outcome::Acknowledged(done));
                }
            }
        }
        if self.state.has_finished(by.other()) {
            other.pending.release();
        }
    }

    /// Takes in the client's first acknowledgment of the SYN+ACK. One that acknowledges more follows one that was not captured.
    fn acknowledge_syn_ack<T>(&mut self, segment: &Segment, tell: &mut impl FnMut(Outcome<T>)) {
        let Some((sequence, _)) = self.directions.server.syn else { return };
        if !segment.acknowledgment.is_after(sequence) {
            return;
        }
        self.establish();
        if segment.acknowledgment == sequence + 1 {
            tell(Outcome::Event(FrameEvent::Established));
        }
    }

    fn establish(&mut self) {
        self.is_syn_ack_acknowledged = true;
        self.state.establish();
    }

    /// Whether all that was sent before a RST was captured, as far as it says.
    fn is_whole_before(&self, segment: &Segment, by: Side, gaps: &ContentGaps) -> bool {
        let (own, other) = (self.directions.of(by), self.directions.of(by.other()));
        let received = if segment.has(flags::ACK) { Some(segment.acknowledgment) } else { other.next() };
        own.ends(segment.sequence, gaps.of(by))
            && received.is_some_and(|received| other.ends(received, gaps.of(by.other())))
    }

    fn meaning_of_reset(&self, segment: &Segment, by: Side, is_whole: bool) -> Reset {
        let (own, other) = (self.directions.of(by), self.directions.of(by.other()));
        let answers_syn = segment.has(flags::ACK)
            && segment.sequence == SequenceNumber(0) // RFC 9293, section 3.10.7.1
            && own.last().is_none()
            && other.syn.is_some_and(|(sequence, _)| segment.acknowledgment == sequence + 1);
        let was_reset = matches!(self.state, State::Reset(_));
        if answers_syn && !was_reset {
            return Reset::Refused;
        }
        let has_finished = [by, by.other()].map(|side| self.state.has_finished(side));
        if has_finished == [true, true] {
            return Reset::AfterFins;
        }
        let is_open = self.state == State::Established || own.has_data() || other.has_data();
        match is_whole && is_open && !was_reset && has_finished == [false, false] {
            true => Reset::Open,
            false => Reset::Unknown,
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

    /// The sequence number behind all bytes that a side has sent so far.
    pub fn end_of_data(&self, by: Side) -> Option<SequenceNumber> {
        let direction = self.directions.of(by);
        direction.next().map(|next| if self.state.has_finished(by) { next - 1 } else { next })
    }

    /// Whether the last segment of a side held bytes that had not been captured before.
    pub fn is_fresh(&self, by: Side) -> bool {
        self.directions.of(by).is_fresh
    }

    /// Whether something that a side sent in a frame is not acknowledged yet.
    pub fn is_in_flight(&self, by: Side, frame: Frame) -> bool {
        self.directions.of(by).pending.holds(frame)
    }

    /// Whether a side sent something in a frame that is not acknowledged yet, and it has sent such things again, last of all.
    pub fn is_resent(&self, by: Side, frame: Frame) -> bool {
        let is_later = self.last_from(by).is_some_and(|last| last.frame > frame);
        self.directions.of(by).is_resent && is_later && self.is_in_flight(by, frame)
    }

    /// Whether the client's SYN was captured.
    pub fn saw_client_syn(&self) -> bool {
        self.directions.client.syn.is_some()
    }

    /// Whether a side has nothing more to send, and all that it sent was captured, as far as FIN or RST say.
    pub fn has_ended(&self, by: Side) -> bool {
        self.state.has_finished(by) || self.is_reset_whole
    }

    /// Where it is in its life.
    pub fn state(&self) -> State {
        self.state
    }

    /// The latest frame that a side sent.
    pub fn last_from(&self, by: Side) -> Option<FrameTime> {
        self.directions.of(by).last()
    }

    /// Exchanges the sides.
    pub fn swap_sides(&mut self) {
        self.directions.swap();
        self.state.swap_sides();
    }
}

/// Whether the segment carries nothing but its acknowledgment.
pub fn is_bare(segment: &Segment) -> bool {
    segment.length == 0 && !segment.has(flags::RST)
}

/// Distinguishes a segment from those beside it.
fn identity(segment: &Segment) -> u32 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15; // spreads all bits to the highest
    let numbers = u64::from(segment.sequence.0) << 32 | u64::from(segment.acknowledgment.0);
    let rest = u64::from(segment.length) << 16 | u64::from(segment.flags);
    ((numbers.wrapping_mul(ODD) ^ rest).wrapping_mul(ODD) >> 32) as u32
}

/// What one side has sent.
#[derive(Debug, Default)]
struct Direction {
    /// The SYN's sequence number and frame.
    syn: Option<(SequenceNumber, Frame)>,
    /// Its [identity](Segment::identity).
    syn_identity: u16,
    /// The sequence number behind all that was sent so far, as far as segments or acknowledgments show it.
    next: SequenceNumber,
    /// Its last segment.
    last: Option<PackedFrameTime>,
    /// What distinguishes that segment from others of its frame, of which there can be several (A-MSDU).
    last_segment: u32,
    /// The last acknowledgment by the other side.
    acknowledged: Option<Advance>,
    pending: InFlight,
    /// Whether `next` is known.
    has_sent: bool,
    /// Whether the last segment held bytes that had not been captured before.
    is_fresh: bool,
    /// Whether the last segment with payload held none.
    is_resent: bool,
}

/// How far an acknowledgment moved the left edge of the send window.
#[derive(Debug, Clone, Copy)]
struct Advance {
    from: SequenceNumber,
    to: SequenceNumber,
    frame: Frame,
}

impl Direction {
    fn next(&self) -> Option<SequenceNumber> {
        self.has_sent.then_some(self.next)
    }

    fn set_next(&mut self, next: SequenceNumber) {
        (self.next, self.has_sent) = (next, true);
    }

    /// The last captured segment.
    fn last(&self) -> Option<FrameTime> {
        self.last.map(FrameTime::from)
    }

    /// Whether more than a SYN is known to have been sent.
    fn has_data(&self) -> bool {
        self.next().is_some_and(|next| self.syn.is_none_or(|(sequence, _)| next != sequence + 1))
    }

    /// Takes note of a segment that is not whole or does not begin where the last one ended.
    #[cold]
    fn send_out_of_order(&mut self, taken: &Taken, gaps: &mut ContentGaps) {
        let Taken { segment, captured, by, .. } = *taken;
        let (start, end, next) = (segment.sequence, segment.end(), self.next());
        let is_ahead = next.is_none_or(|next| end.is_after(next));
        let fills = gaps.of(by).is_some() && gaps.of_mut(by).missing.take(start, end);
        self.is_fresh = is_ahead || fills;
        if segment.length > 0 && !taken.is_copy {
            self.is_resent = !self.is_fresh;
        }
        if is_ahead {
            self.set_next(end);
        }
        let is_behind_gap = next.is_none_or(|next| start.is_after(next));
        let is_cut = captured < segment.length && self.is_fresh;
        if is_behind_gap {
            let (gaps, from) = (gaps.of_mut(by), next.unwrap_or(start - MAX_WINDOW));
            gaps.missing.insert(from, start);
            gaps.add(Gap { after: self.last(), until: segment.at }, start.0.wrapping_sub(from.0));
        } else if is_cut {
            gaps.of_mut(by).add(Gap::within(segment.at), u32::MAX); // with what was captured of it
        }
        if is_cut {
            gaps.of_mut(by).missing.insert(start + captured, end);
        }
    }

    /// Counts what the other side acknowledges as sent, whether or not that was captured.
    fn show_received(&mut self, segment: &Segment, by: Side, gaps: &mut ContentGaps) {
        let to = segment.acknowledgment;
        if self.next().is_some_and(|next| !to.is_after(next) || to.is_after(next + MAX_WINDOW)) {
            return;
        }
        let (gaps, from) = (gaps.of_mut(by), self.next().unwrap_or(to - MAX_WINDOW));
        gaps.missing.insert(from, to);
        gaps.add(Gap { after: self.last(), until: segment.at }, to.0.wrapping_sub(from.0));
        self.set_next(to);
    }

    /// Whether nothing was sent but what ends at `shown`, and all of it was captured.
    fn ends(&self, shown: SequenceNumber, gaps: Option<&DirectionGaps>) -> bool {
        let Some(next) = self.next() else { return false };
        !shown.is_after(next) && !gaps.is_some_and(|gaps| gaps.missing.ends_at(next))
    }

    /// Takes note of the first FIN.
    fn send_fin(&mut self, segment: &Segment) {
        let (frame, end) = (segment.at.frame, segment.end() + 1);
        if self.next().is_none_or(|next| end.is_after(next)) {
            self.set_next(end);
        }
        self.expect_ack(Pending { end, frame, sent: Sent::Fin });
    }

    fn expect_ack(&mut self, pending: Pending) -> Option<Frame> {
        if let Some(done) = self.acknowledged.filter(|done| !pending.end.is_after(done.to)) {
            return pending.end.is_after(done.from).then_some(done.frame);
        }
        self.pending.insert(pending);
        None
    }

    /// Takes in the other side's acknowledgment of all before `to`. Returns what is thereby acknowledged for the first time.
    fn acknowledge(&mut self, to: SequenceNumber, frame: Frame) -> impl Iterator<Item = Pending> + '_ {
        let advances = self.advance(to, frame);
        std::iter::from_fn(move || if advances { self.pending.pop_before(to) } else { None })
    }

    fn advance(&mut self, to: SequenceNumber, frame: Frame) -> bool {
        if self.next().is_some_and(|next| to.is_after(next + MAX_WINDOW)) {
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
    use crate::packet::{Endpoint, StreamId};

    fn message(end: u32, frame: u32) -> Pending {
        Pending { end: SequenceNumber(end), frame: Frame::of(frame), sent: Sent::Message }
    }

    fn acknowledged(direction: &mut Direction, to: u32, frame: u32) -> Vec<Pending> {
        direction.acknowledge(SequenceNumber(to), Frame::of(frame)).collect()
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
    }

    #[test]
    fn an_ack_captured_before_what_it_acknowledges_is_found() {
        let mut direction = Direction::default();
        acknowledged(&mut direction, 100, 1);
        acknowledged(&mut direction, 200, 2);
        assert_eq!(direction.expect_ack(message(150, 3)), Some(Frame::of(2)));
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

    /// A connection, segment by segment; a millisecond a frame.
    #[derive(Default)]
    struct Capture {
        tcp: Tcp,
        gaps: ContentGaps,
        frame: u32,
        /// Of SYNs.
        identity: u16,
    }

    impl Capture {
        fn opened() -> Capture {
            let mut capture = Capture::default();
            capture.sends(Side::Client, flags::SYN, (99, 0), 0);
            capture.sends(Side::Server, flags::SYN | flags::ACK, (199, 100), 0);
            capture.sends(Side::Client, flags::ACK, (100, 200), 0);
            capture
        }

        /// Takes in a segment with these numbers, and tells its events.
        fn sends(&mut self, by: Side, flags: u16, numbers: (u32, u32), length: u32) -> Vec<FrameEvent<&'static str>> {
            self.frame += 1;
            self.takes(by, flags, numbers, length, length)
        }

        fn takes(
            &mut self,
            by: Side,
            flags: u16,
            numbers: (u32, u32),
            length: u32,
            captured: u32,
        ) -> Vec<FrameEvent<&'static str>> {
            let end = Endpoint { address: [0; 16], address_length: 4, port: 1, chat_port: false };
            let segment = Segment {
                at: FrameTime { frame: Frame::of(self.frame), time: i64::from(self.frame) * 1_000_000 },
                stream: StreamId(0),
                source: end,
                destination: end,
                sequence: SequenceNumber(numbers.0),
                acknowledgment: SequenceNumber(numbers.1),
                flags,
                length,
                identity: if flags & flags::SYN != 0 { self.identity } else { 0 },
            };
            let mut events = Vec::new();
            self.tcp.take_in(&segment, captured, by, &mut self.gaps, |outcome| match outcome {
                Outcome::Event(event) => events.push(event),
                Outcome::EstablishedIn(frame) => events.push(FrameEvent::SynAgain(frame)), // stands for it
                Outcome::Acknowledged(_) => {}
            });
            events
        }

        fn gap(&mut self, by: Side) -> Option<(u32, u32)> {
            self.gaps.take_latest(by).map(|gap| (Frame::pack(gap.after_frame()), gap.until.frame.number()))
        }
    }

    #[test]
    fn what_was_not_captured_shows() {
        let mut capture = Capture::opened();
        capture.sends(Side::Client, flags::ACK, (100, 200), 10);
        assert!(capture.gaps.of(Side::Client).is_none() && capture.gaps.of(Side::Server).is_none());
        capture.sends(Side::Client, flags::ACK, (120, 200), 10);
        assert_eq!(capture.gap(Side::Client), Some((4, 5)), "a hole");
        capture.sends(Side::Client, flags::ACK, (130, 230), 0);
        assert_eq!(capture.gap(Side::Server), Some((2, 6)), "acknowledged, not captured");
        capture.sends(Side::Client, flags::ACK, (130, 240), 0);
        assert_eq!(capture.gap(Side::Server), Some((2, 7)), "and more of it");
        capture.sends(Side::Client, flags::ACK, (130, 1 << 31), 0);
        capture.sends(Side::Client, flags::RST | flags::ACK, (500, 500), 0);
        assert_eq!((capture.gap(Side::Client), capture.gap(Side::Server)), (None, None), "of those nothing is learned");
        capture.frame += 1;
        capture.takes(Side::Server, flags::ACK, (240, 130), 100, 60);
        assert_eq!(capture.gap(Side::Server), Some((10, 10)), "cut");
    }

    #[test]
    fn a_syn_that_is_captured_again_is_not_sent_again() {
        let (syn, syn_ack, ack) = ((99, 0), (199, 100), (100, 200));
        let mut capture = Capture { identity: 41, ..Capture::default() };
        assert_eq!(capture.sends(Side::Client, flags::SYN, syn, 0), [FrameEvent::Syn]);
        capture.frame += 1000;
        assert_eq!(capture.sends(Side::Client, flags::SYN, syn, 0), [], "the same packet, a second later");
        (capture.frame, capture.identity) = (2000, 42);
        assert_eq!(capture.sends(Side::Client, flags::SYN, syn, 0), [FrameEvent::SynAgain(Frame::of(1))]);
        capture.identity = 0;
        let answer = |capture: &mut Capture| capture.sends(Side::Server, flags::SYN | flags::ACK, syn_ack, 0);
        assert_eq!(answer(&mut capture), [FrameEvent::SynAck]);
        capture.frame += 1000;
        assert_eq!(
            answer(&mut capture),
            [FrameEvent::SynAckAgain(Frame::of(2002))],
            "nothing tells that it is the same"
        );
        assert_eq!(capture.sends(Side::Client, flags::SYN, syn, 0), [FrameEvent::SynAgain(Frame::of(1))]);
        assert_eq!(capture.sends(Side::Client, flags::ACK, ack, 0), [FrameEvent::Established]);
        assert_eq!(capture.sends(Side::Client, flags::SYN, syn, 0), [], "the client has the answer");
        assert_eq!(capture.sends(Side::Client, flags::SYN, (500, 0), 0), [FrameEvent::Syn], "another connection");
    }

    #[test]
    fn before_the_capture_something_may_have_been_sent() {
        let mut capture = Capture::default();
        capture.sends(Side::Client, flags::ACK, (100, 200), 10);
        assert_eq!((capture.gap(Side::Client), capture.gap(Side::Server)), (Some((0, 1)), Some((0, 1))));
        capture.sends(Side::Server, flags::ACK, (200, 110), 10);
        assert_eq!((capture.gap(Side::Client), capture.gap(Side::Server)), (None, None));
    }

    #[test]
    fn what_fills_a_hole_is_new_and_what_was_captured_is_not() {
        let mut capture = Capture::opened();
        let mut is_new = |sequence, length, captured| {
            capture.frame += 1;
            capture.takes(Side::Client, flags::ACK, (sequence, 200), length, captured);
            capture.tcp.is_fresh(Side::Client)
        };
        assert!(is_new(100, 10, 10) && is_new(130, 10, 10));
        assert!(!is_new(100, 10, 10) && !is_new(109, 1, 1));
        assert!(is_new(110, 10, 10) && !is_new(110, 10, 10) && is_new(115, 15, 15));
        assert!(is_new(140, 10, 4) && !is_new(140, 4, 4) && is_new(140, 10, 10) && !is_new(140, 10, 10));
    }

    #[test]
    fn the_first_acknowledgment_of_a_syn_ack_is_found_though_it_was_captured_before() {
        let (both, mut capture) = (flags::SYN | flags::ACK, Capture::default());
        capture.sends(Side::Client, flags::SYN, (99, 0), 0);
        assert_eq!(capture.sends(Side::Client, flags::ACK, (100, 200), 0), []);
        assert_eq!(
            capture.sends(Side::Server, both, (199, 100), 0),
            [FrameEvent::SynAck, FrameEvent::SynAgain(Frame::of(2))]
        );
        assert_eq!(capture.sends(Side::Client, flags::ACK, (100, 200), 10), []);
        let mut capture = Capture::default();
        capture.sends(Side::Client, flags::SYN, (99, 0), 0);
        capture.sends(Side::Server, both, (199, 100), 0);
        assert_eq!(capture.sends(Side::Client, flags::ACK, (100, 200), 10), [FrameEvent::Established]);
        assert_eq!(capture.sends(Side::Client, flags::ACK, (110, 200), 0), []);
    }

    #[test]
    fn a_packet_captured_twice_has_no_event() {
        let mut capture = Capture::default();
        assert_eq!(capture.sends(Side::Client, flags::SYN, (99, 0), 0), [FrameEvent::Syn]);
        assert_eq!(capture.sends(Side::Client, flags::SYN, (99, 0), 0), []);
        capture.frame += 1000;
        assert_eq!(capture.sends(Side::Client, flags::SYN, (99, 0), 0), [FrameEvent::SynAgain(Frame::of(1))]);
        let mut capture = Capture::opened();
        assert_eq!(capture.sends(Side::Client, flags::RST, (100, 0), 0), [FrameEvent::Reset(Reset::Open)]);
        assert_eq!(capture.sends(Side::Client, flags::RST, (100, 0), 0), []);
        assert_eq!(capture.sends(Side::Client, flags::RST, (101, 0), 0), [FrameEvent::Reset(Reset::Unknown)]);
    }

    #[test]
    fn a_reset_says_what_is_lost_only_where_that_is_known() {
        let (fin, reset) = (flags::FIN | flags::ACK, flags::RST | flags::ACK);
        let mut capture = Capture::default();
        capture.sends(Side::Client, flags::SYN, (99, 0), 0);
        assert_eq!(capture.sends(Side::Server, reset, (0, 100), 0), [FrameEvent::Reset(Reset::Refused)]);
        let mut capture = Capture::opened();
        capture.sends(Side::Client, fin, (100, 200), 0);
        capture.sends(Side::Server, fin, (200, 101), 0);
        assert_eq!(capture.sends(Side::Client, flags::RST, (101, 0), 0), [FrameEvent::Reset(Reset::AfterFins)]);
        let mut capture = Capture::opened();
        assert_eq!(
            capture.sends(Side::Client, flags::RST, (101, 0), 0),
            [FrameEvent::Reset(Reset::Unknown)],
            "a FIN before"
        );
        let mut capture = Capture::opened();
        assert_eq!(
            capture.sends(Side::Client, reset, (100, 201), 0),
            [FrameEvent::Reset(Reset::Unknown)],
            "a FIN received"
        );
        let mut capture = Capture::opened();
        capture.sends(Side::Server, flags::ACK, (200, 101), 0);
        assert_eq!(
            capture.sends(Side::Client, flags::RST, (100, 0), 0),
            [FrameEvent::Reset(Reset::Unknown)],
            "a FIN acknowledged"
        );
    }

    #[test]
    fn segments_of_one_frame_are_each_taken_in_once() {
        let mut capture = Capture::opened();
        let (data, fin) = ((100, 200), (110, 200));
        capture.sends(Side::Client, flags::ACK, data, 10);
        assert_eq!(capture.takes(Side::Client, flags::ACK, data, 10, 10), []);
        assert_eq!(capture.takes(Side::Client, flags::FIN | flags::ACK, fin, 0, 0), [FrameEvent::Fin]);
        assert_eq!(capture.takes(Side::Client, flags::FIN | flags::ACK, fin, 0, 0), []);
        assert_eq!(capture.tcp.end_of_data(Side::Client), Some(SequenceNumber(110)));
    }

    const FIN: u16 = flags::FIN | flags::ACK;

    #[test]
    fn an_acknowledgment_with_payload_is_not_a_fins() {
        let mut capture = Capture::opened();
        assert_eq!(capture.sends(Side::Client, FIN, (100, 200), 0), [FrameEvent::Fin]);
        assert_eq!(capture.sends(Side::Server, flags::ACK, (200, 101), 5), []);
        assert_eq!(capture.sends(Side::Server, FIN, (205, 101), 0), [FrameEvent::Fin]);
        assert_eq!(capture.sends(Side::Client, flags::ACK, (101, 206), 0), [FrameEvent::FinAcked]);
        assert_eq!(capture.tcp.state(), State::LastAck);
        let mut capture = Capture::opened();
        capture.sends(Side::Client, FIN, (100, 200), 0);
        assert_eq!(capture.sends(Side::Server, FIN, (200, 101), 0), [FrameEvent::FinAcked, FrameEvent::Fin]);
        assert_eq!(capture.sends(Side::Client, flags::ACK, (101, 201), 0), [FrameEvent::FinAcked]);
        assert_eq!(capture.sends(Side::Client, flags::ACK, (101, 201), 0), []);
        assert_eq!(capture.tcp.state(), State::Closed);
    }

    /// What leads from each state to the next: the client's FIN and the server's, the acknowledgment of one, and a RST.
    #[test]
    fn each_state_leads_where_the_diagram_says() {
        use State::{Closed, Closing, Established, FinWait1, FinWait2, LastAck, Reset, Unsynchronized};
        let reset = |client, server| Reset(Both { client, server });
        let (client, server) = (Side::Client, Side::Server);
        let table = [
            (Unsynchronized, [FinWait1(client), FinWait1(server), Unsynchronized, reset(false, false)]),
            (Established, [FinWait1(client), FinWait1(server), Established, reset(false, false)]),
            (FinWait1(client), [FinWait1(client), Closing, FinWait2(client), reset(true, false)]),
            (FinWait1(server), [Closing, FinWait1(server), FinWait2(server), reset(false, true)]),
            (FinWait2(client), [FinWait2(client), LastAck, FinWait2(client), reset(true, false)]),
            (FinWait2(server), [LastAck, FinWait2(server), FinWait2(server), reset(false, true)]),
            (Closing, [Closing, Closing, LastAck, reset(true, true)]),
            (LastAck, [LastAck, LastAck, Closed, reset(true, true)]),
            (Closed, [Closed, Closed, Closed, reset(true, true)]),
            (reset(false, false), [reset(true, false), reset(false, true), reset(false, false), reset(false, false)]),
            (reset(true, false), [reset(true, false), reset(true, true), reset(true, false), reset(true, false)]),
        ];
        for (from, expected) in table {
            let mut to = [from; 4];
            let is_first = [to[0].finish(client), to[1].finish(server)];
            to[2].acknowledge_fin();
            to[3].reset();
            assert_eq!(to, expected, "from {from:?}");
            assert_eq!(is_first, [client, server].map(|side| !from.has_finished(side)), "from {from:?}");
            assert!(!from.is_closed() || from.is_closing(), "{from:?}");
        }
    }

    #[test]
    fn a_state_is_that_of_the_sides() {
        for (mut one, other) in [
            (State::FinWait1(Side::Client), State::FinWait1(Side::Server)),
            (State::Reset(Both { client: true, server: false }), State::Reset(Both { client: false, server: true })),
            (State::Closing, State::Closing),
        ] {
            one.swap_sides();
            assert_eq!(one, other);
        }
    }

    #[test]
    fn a_connection_may_be_established_behind_a_fin_or_a_reset() {
        for (end, event) in [(FIN, FrameEvent::Fin), (flags::RST, FrameEvent::Reset(Reset::Unknown))] {
            let mut capture = Capture::default();
            capture.sends(Side::Client, flags::SYN, (99, 0), 0);
            capture.sends(Side::Server, flags::SYN | flags::ACK, (199, 100), 0);
            assert_eq!(capture.sends(Side::Server, end, (200, 100), 0), [event]);
            assert_eq!(capture.sends(Side::Client, flags::ACK, (100, 200), 0), [FrameEvent::Established]);
            assert_eq!(capture.sends(Side::Client, flags::ACK, (100, 200), 10), []);
            assert_ne!(capture.tcp.state(), State::Established, "and is not open again");
        }
        let mut capture = Capture::default();
        capture.sends(Side::Client, flags::SYN, (99, 0), 0);
        capture.sends(Side::Client, flags::ACK, (100, 200), 0);
        assert_eq!(capture.sends(Side::Server, FIN, (200, 100), 0), [FrameEvent::Fin]);
        let late = capture.sends(Side::Server, flags::SYN | flags::ACK, (199, 100), 0);
        assert_eq!(late, [FrameEvent::SynAck, FrameEvent::SynAgain(Frame::of(2))]);
    }

    #[test]
    fn behind_a_reset_each_fin_is_still_told_once() {
        let mut capture = Capture::opened();
        capture.sends(Side::Client, FIN, (100, 200), 0);
        capture.sends(Side::Server, flags::RST, (200, 0), 0);
        assert_eq!(capture.sends(Side::Client, FIN, (100, 200), 1), []);
        assert_eq!(capture.sends(Side::Server, FIN, (200, 100), 0), [FrameEvent::Fin]);
        for sequence in 101..104 {
            let reset = capture.sends(Side::Client, flags::RST, (sequence, 0), 0);
            assert_eq!(reset, [FrameEvent::Reset(Reset::AfterFins)], "both have finished");
        }
        assert_eq!(capture.sends(Side::Client, flags::ACK, (101, 201), 0), [FrameEvent::FinAcked]);
    }
}
