//! Content gaps, as Zeek calls them: stretches of a direction's byte stream that were not captured, or cannot be read. Nothing is concluded
//! from what such a stretch might contradict. [`Gaps`] tell between which frames something may be missing, [`Stretches`] which bytes of the
//! sequence space may yet arrive late, and [`ContentGaps`] are those of one connection.

use crate::packet::{Both, Frame, FrameTime, Segment, SequenceNumber, Side, flags};

/// Gaps that are kept apart; beyond, neighbours are merged, so that more is unknown than must be.
const MAX_GAPS: usize = 256;

/// A stretch of one direction that the capture lacks, or holds unreadable: cut, or out of step with WebSocket's frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The last captured segment of the direction before it; `None` where the capture begins with the gap.
    pub after: Option<FrameTime>,
    /// The frame that shows it: a segment of the direction behind it, or an acknowledgment of it.
    pub until: FrameTime,
}

impl Gap {
    /// A gap within what is captured in a frame.
    pub fn within(at: FrameTime) -> Gap {
        Gap { after: Some(at), until: at }
    }

    /// The frame of the segment before it.
    pub fn after_frame(&self) -> Option<Frame> {
        self.after.map(|after| after.frame)
    }

    fn after_time(&self) -> Option<i64> {
        self.after.map(|after| after.time)
    }
}

/// Gaps of one direction, or of several. Of two gaps, of which one shows later and began earlier, only that one is kept: so both `after`
/// and `until` ascend, and of all gaps that show behind a frame the first began first.
#[derive(Debug, Default)]
pub struct Gaps {
    gaps: Vec<Gap>,
}

impl Gaps {
    /// No gaps.
    pub const NONE: &Gaps = &Gaps { gaps: Vec::new() };

    /// Adds a gap that shows in the frame at hand: nothing that was added shows later.
    pub fn add(&mut self, gap: Gap) {
        while self
            .gaps
            .last()
            .is_some_and(|last| last.after_time() >= gap.after_time() || last.after_frame() >= gap.after_frame())
        {
            self.gaps.pop();
        }
        self.gaps.push(gap);
        if self.gaps.len() > MAX_GAPS {
            self.halve();
        }
    }

    /// Adds those of another direction.
    pub fn add_all(&mut self, others: &Gaps) {
        let mut all = std::mem::take(&mut self.gaps);
        all.extend(&others.gaps);
        all.sort_by_key(|gap| gap.until.frame);
        all.into_iter().for_each(|gap| self.add(gap));
    }

    /// Those that are not before the capture.
    pub fn since_beginning(&self) -> Gaps {
        Gaps { gaps: self.gaps.iter().filter(|gap| gap.after.is_some()).copied().collect() }
    }

    /// Merges each two neighbours.
    fn halve(&mut self) {
        let merged = self.gaps.chunks(2).map(|pair| Gap { after: pair[0].after, until: pair[pair.len() - 1].until });
        self.gaps = merged.collect();
    }

    /// Whether something may be missing that was sent after `from`, and before `before` (nanoseconds since the epoch).
    pub fn any(&self, from: Frame, before: i64) -> bool {
        let at = self.gaps.partition_point(|gap| gap.until.frame <= from);
        self.gaps.get(at).is_some_and(|gap| gap.after_time() < Some(before))
    }

    /// Whether something may be missing that was sent after the frame `from`, or at all.
    pub fn after(&self, from: impl Into<Option<Frame>>) -> bool {
        let from = from.into();
        self.gaps.last().is_some_and(|gap| Some(gap.until.frame) > from)
    }

    /// The frame in which the first gap behind the frame `from` shows that is not before the capture.
    pub fn first_after(&self, from: Frame) -> Option<Frame> {
        let at = self.gaps.partition_point(|gap| gap.until.frame <= from);
        self.gaps[at..].iter().find(|gap| gap.after.is_some()).map(|gap| gap.until.frame)
    }

    /// The frame in which the last gap up to the frame `to` shows that is not before the capture.
    pub fn last_before(&self, to: Frame) -> Option<Frame> {
        let count = self.gaps.partition_point(|gap| gap.until.frame <= to);
        self.gaps[..count].last().filter(|gap| gap.after.is_some()).map(|gap| gap.until.frame)
    }

    /// Whether whole segments may be missing that were sent after the frame `from`, not only the ends of some.
    pub fn any_segment(&self, from: Frame) -> bool {
        let mut later = self.gaps.iter().rev().take_while(|gap| gap.until.frame > from);
        later.any(|gap| gap.after_frame() != Some(gap.until.frame))
    }

    /// Whether something may be missing that was sent after the frame `from`, in a direction of which something was captured before.
    pub fn interrupted_after(&self, from: Frame) -> bool {
        self.gaps.last().is_some_and(|gap| gap.until.frame > from && gap.after.is_some())
    }

    /// Whether something may be missing that was sent after the time `from`, in nanoseconds since the epoch.
    pub fn since(&self, from: i64) -> bool {
        self.gaps.last().is_some_and(|gap| gap.until.time >= from)
    }

    /// Whether something may be missing that was sent after the frame `from`, or at all, and before the frame `to`.
    pub fn between(&self, from: impl Into<Option<Frame>>, to: Frame) -> bool {
        let from = from.into();
        let at = self.gaps.partition_point(|gap| Some(gap.until.frame) <= from);
        self.gaps.get(at).is_some_and(|gap| gap.after_frame() < Some(to))
    }
}

/// Stretches that are kept of one direction; beyond, the oldest is forgotten, and what fills it passes for a retransmission.
const MAX_STRETCHES: usize = 32;

/// Frames that are kept in which a login may be missing; beyond, one may be missing in any.
const MAX_LOGINS: usize = 1 << 16;

/// The length of the shortest login request, which is one of dialect A, and its masked frame's header.
const MIN_LOGIN: u32 = 6 + r#"{"type":"login","name":""}"#.len() as u32;

/// The gaps of a connection: 8 bytes for nearly every one, which has none.
#[derive(Debug, Default)]
pub struct ContentGaps {
    directions: Option<Box<Both<DirectionGaps>>>,
}

/// The gaps of one direction.
#[derive(Debug, Default)]
pub struct DirectionGaps {
    /// Where something may be missing.
    pub list: Gaps,
    /// The frames in which those of them show that are long enough for a login, ascending.
    logins: Vec<Frame>,
    /// The bytes that were not captured.
    pub missing: Stretches,
    /// The bytes that were not read as WebSocket frames, though later ones were.
    pub unread: Stretches,
    /// The gap that showed last, until it is taken.
    latest: Option<Gap>,
    /// Since when bytes were captured that are not read yet (a message that goes on, or one that Wireshark does not hand over), and how
    /// many stretches were unread before.
    pub unread_since: Option<(FrameTime, usize)>,
    /// What is encrypted may not be decrypted behind a gap, until a message is.
    is_undecryptable: bool,
}

impl ContentGaps {
    /// Whether there is a gap that was not taken yet.
    pub fn has_latest(&self) -> bool {
        [Side::Client, Side::Server].iter().any(|side| self.of(*side).is_some_and(|gaps| gaps.latest.is_some()))
    }

    /// Those of one direction, to add to them.
    pub fn of_mut(&mut self, side: Side) -> &mut DirectionGaps {
        self.directions.get_or_insert_default().of_mut(side)
    }

    /// Those of one direction; `None` for none in either.
    pub fn of(&self, side: Side) -> Option<&DirectionGaps> {
        self.directions.as_ref().map(|directions| directions.of(side))
    }

    /// The gap of a direction that showed since it was taken last.
    pub fn take_latest(&mut self, side: Side) -> Option<Gap> {
        self.directions.as_mut()?.of_mut(side).latest.take()
    }

    /// Marks what follows in both directions as not decrypted for certain.
    pub fn set_undecryptable(&mut self) {
        if let Some(directions) = &mut self.directions {
            (directions.client.is_undecryptable, directions.server.is_undecryptable) = (true, true);
        }
    }

    /// Marks what follows in a direction as decrypted: a message is.
    pub fn set_decrypted(&mut self, side: Side) {
        if let Some(directions) = &mut self.directions {
            directions.of_mut(side).is_undecryptable = false;
        }
    }

    /// Adds an encrypted segment, where it may not be decrypted.
    pub fn add_encrypted(&mut self, side: Side, at: FrameTime) {
        if self.of(side).is_some_and(|gaps| gaps.is_undecryptable) {
            self.of_mut(side).add(Gap::within(at), u32::MAX);
        }
    }

    /// Takes note that a segment has been dissected, behind which bytes of its side are unread or not. Returns that, if it has changed.
    pub fn look_back(&mut self, segment: &Segment, by: Side, is_unread: bool) -> Option<Unread> {
        let known = self.of(by).and_then(|gaps| gaps.unread_since);
        let is_last = segment.flags & (flags::FIN | flags::RST) != 0;
        match (is_unread, known) {
            (true, None) if segment.length > 0 && !is_last => {
                let gaps = self.of_mut(by);
                gaps.unread_since = Some((segment.at, gaps.unread.len()));
                Some(Unread::Since(segment.at))
            }
            (is_unread, Some((since, count))) if is_last || !is_unread => {
                let gaps = self.of_mut(by);
                gaps.unread_since = None;
                let is_passed_over = is_unread || gaps.unread.len() > count;
                let gap = is_passed_over.then_some(Gap { after: Some(since), until: segment.at });
                gap.into_iter().for_each(|gap| gaps.list.add(gap));
                Some(Unread::Until { since, gap })
            }
            _ => None,
        }
    }

    /// Exchanges the sides.
    pub fn swap_sides(&mut self) {
        if let Some(directions) = &mut self.directions {
            directions.swap();
        }
    }
}

impl DirectionGaps {
    fn add_login(&mut self, frame: Frame) {
        if self.logins.last() != Some(&frame) && self.logins.len() < MAX_LOGINS {
            self.logins.push(frame);
        }
    }

    /// Whether a login may be missing that the capture shows to be missing after the frame `from`, and in the frame `to` or before.
    pub fn may_lack_login(&self, from: Option<Frame>, to: Frame) -> bool {
        let at = self.logins.partition_point(|frame| Some(*frame) <= from);
        self.logins.get(at).map_or(self.logins.len() == MAX_LOGINS && from < Some(to), |frame| *frame <= to)
    }

    /// Forgets that a login may be missing in this frame, the last one.
    pub fn forget_login(&mut self, frame: Frame) {
        if self.logins.last() == Some(&frame) {
            self.logins.pop();
        }
    }

    /// Forgets that logins may be missing: all that was missing was captured later.
    pub fn forget_logins(&mut self) {
        self.logins.clear();
    }

    /// Whether all that was missing was captured later, and all was read.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.unread.is_empty()
    }

    /// Adds a gap that shows in the frame at hand, of so many bytes.
    pub fn add(&mut self, gap: Gap, bytes: u32) {
        self.list.add(gap);
        if bytes >= MIN_LOGIN {
            self.add_login(gap.until.frame);
        }
        let earlier = self.latest.filter(|latest| latest.after_frame() < gap.after_frame());
        self.latest = Some(Gap { after: earlier.map_or(gap.after, |earlier| earlier.after), until: gap.until });
    }
}

/// Whether bytes that were captured are unread.
#[derive(Debug, Clone, Copy)]
pub enum Unread {
    /// They are from now on.
    Since(FrameTime),
    /// They were.
    Until {
        /// Since then.
        since: FrameTime,
        /// Where they were passed over.
        gap: Option<Gap>,
    },
}

/// A stretch of the sequence space: the first byte, and the one behind the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The first byte.
    pub from: SequenceNumber,
    /// The byte behind the last.
    pub to: SequenceNumber,
}

impl Stretch {
    fn overlaps(&self, from: SequenceNumber, to: SequenceNumber) -> bool {
        self.to.is_after(from) && to.is_after(self.from)
    }
}

/// Stretches of a direction's sequence space, none of which overlap.
#[derive(Debug, Default)]
pub struct Stretches {
    stretches: Vec<Stretch>,
}

impl Stretches {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.stretches.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.stretches.len()
    }

    /// Adds a stretch that none overlaps. An empty one is none.
    pub fn insert(&mut self, from: SequenceNumber, to: SequenceNumber) {
        if !to.is_after(from) {
            return;
        }
        match self.stretches.last_mut() {
            Some(last) if last.to == from => last.to = to,
            _ => self.stretches.push(Stretch { from, to }),
        }
        if self.stretches.len() > MAX_STRETCHES {
            self.stretches.remove(0);
        }
    }

    /// Takes out what lies between two bytes. Returns whether there was anything.
    pub fn take(&mut self, from: SequenceNumber, to: SequenceNumber) -> bool {
        if !self.stretches.iter().any(|stretch| stretch.overlaps(from, to)) {
            return false;
        }
        for stretch in std::mem::take(&mut self.stretches) {
            if !stretch.overlaps(from, to) {
                self.stretches.push(stretch);
                continue;
            }
            let before = Stretch { to: from, ..stretch };
            let behind = Stretch { from: to, ..stretch };
            self.stretches.extend([before, behind].into_iter().filter(|rest| rest.to.is_after(rest.from)));
        }
        let excess = self.stretches.len().saturating_sub(MAX_STRETCHES);
        self.stretches.drain(..excess);
        true
    }

    /// The stretch that a byte lies in.
    pub fn at(&self, byte: SequenceNumber) -> Option<Stretch> {
        self.stretches.iter().find(|stretch| !stretch.from.is_after(byte) && stretch.to.is_after(byte)).copied()
    }

    /// Whether a stretch ends there.
    pub fn ends_at(&self, end: SequenceNumber) -> bool {
        self.stretches.iter().any(|stretch| stretch.to == end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(after: u32, until: u32) -> Gap {
        let at = |frame: u32| FrameTime { frame: Frame::of(frame), time: i64::from(frame) * 10 };
        Gap { after: (after > 0).then(|| at(after)), until: at(until) }
    }

    #[test]
    fn a_gap_is_where_something_may_be_missing() {
        let mut gaps = Gaps::default();
        gaps.add(gap(10, 20));
        gaps.add(gap(30, 40));
        let between = |from, to| gaps.between(Frame::of(from), Frame::of(to));
        assert!(between(5, 11) && between(15, 16) && between(20, 31) && between(39, 50));
        assert!(!between(5, 10) && !between(20, 30) && !between(40, 50));
        assert!(gaps.any(Frame::of(19), 101) && !gaps.any(Frame::of(20), 300) && gaps.any(Frame::of(20), 301));
    }

    #[test]
    fn a_direction_that_begins_late_is_not_interrupted() {
        let mut gaps = Gaps::default();
        gaps.add(gap(0, 20));
        assert!(gaps.after(Frame::of(10)) && !gaps.interrupted_after(Frame::of(10)));
        gaps.add(gap(30, 40));
        assert!(gaps.interrupted_after(Frame::of(39)) && !gaps.interrupted_after(Frame::of(40)));
    }

    #[test]
    fn gaps_are_kept_as_if_each_was_compared() {
        let mut state = 7u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for _ in 0..200 {
            let (mut gaps, mut all) = (Gaps::default(), Vec::new());
            for until in 1..60 {
                if random(3) == 0 {
                    let gap = gap(random(until), until);
                    gaps.add(gap);
                    all.push(gap);
                }
            }
            for _ in 0..50 {
                let (from, to) = (Frame::unpack(random(60)), Frame::of(random(60)));
                let expected = all.iter().any(|gap| Some(gap.until.frame) > from && gap.after_frame() < Some(to));
                assert_eq!(gaps.between(from, to), expected, "{from:?} to {to}: {all:?}");
            }
        }
    }

    #[test]
    fn many_gaps_are_merged_not_forgotten() {
        let mut gaps = Gaps::default();
        (1..10_000).for_each(|at| gaps.add(gap(at * 3, at * 3 + 1)));
        assert!(gaps.gaps.len() <= MAX_GAPS);
        assert!((1..10_000).all(|at| gaps.between(Frame::of(at * 3), Frame::of(at * 3 + 1))));
    }

    fn number(value: u32) -> SequenceNumber {
        SequenceNumber(value)
    }

    #[test]
    fn stretches_are_filled_piece_by_piece() {
        let mut stretches = Stretches::default();
        stretches.insert(number(u32::MAX - 9), number(10));
        stretches.insert(number(10), number(20));
        stretches.insert(number(30), number(30));
        assert_eq!(stretches.stretches.len(), 1, "neighbours are one, and nothing is none");
        assert!(!stretches.take(number(20), number(40)));
        assert!(stretches.take(number(0), number(5)));
        assert!(!stretches.take(number(0), number(5)), "it is there now");
        assert_eq!(stretches.at(number(4)), None);
        assert_eq!(stretches.at(number(5)), Some(Stretch { from: number(5), to: number(20) }));
        assert_eq!(stretches.at(number(u32::MAX)), Some(Stretch { from: number(u32::MAX - 9), to: number(0) }));
        assert!(stretches.ends_at(number(20)) && !stretches.ends_at(number(10)));
    }

    #[test]
    fn stretches_are_bounded() {
        let mut stretches = Stretches::default();
        (0..1000).for_each(|at| stretches.insert(number(at * 10), number(at * 10 + 5)));
        assert_eq!(stretches.stretches.len(), MAX_STRETCHES);
        assert!(stretches.at(number(9990)).is_some() && stretches.at(number(0)).is_none());
    }

    #[test]
    fn gaps_are_handed_on_once() {
        let mut gaps = ContentGaps::default();
        assert_eq!((size_of::<ContentGaps>(), gaps.take_latest(Side::Client)), (8, None));
        gaps.of_mut(Side::Client).add(gap(2, 5), 31);
        gaps.of_mut(Side::Client).add(gap(5, 5), 32);
        assert_eq!(gaps.take_latest(Side::Server), None);
        assert_eq!(gaps.take_latest(Side::Client), Some(gap(2, 5)));
        assert_eq!(gaps.take_latest(Side::Client), None);
    }
}
