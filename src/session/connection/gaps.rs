//! What a capture lacks: stretches of a direction's byte stream that were not captured, or cannot be read. Nothing is concluded from what
//! such a stretch might contradict.

use crate::packet::{Frame, FrameTime};

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
}
