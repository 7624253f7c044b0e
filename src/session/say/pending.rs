//! Deliveries that wait: those whose say is only likely, until later frames settle it, and those without a say, in case it was captured late.

use std::collections::VecDeque;

use crate::matching::Doubt;
use crate::packet::{Frame, FrameTime, StreamId};
use crate::session::ids::SayNumber;
use crate::session::say::equal::DELIVERY_WINDOW;
use crate::session::say::{Delivery, Said, TrackedSay};
use crate::storage::texts::TextId;
use crate::tcp::gaps::Gaps;

/// How much earlier than its say a delivery may have been captured. Nanoseconds.
const REORDER_WINDOW: i64 = 100_000_000;
/// How much the clocks of two captures that were merged may differ; beyond, a delivery is another say's. Nanoseconds.
const SKEW: i64 = 2_000_000_000;
/// How many deliveries without a say are kept.
const MAX_UNMATCHED: usize = 1024;
/// How many deliveries wait until it is settled what they deliver.
const MAX_WAITING: usize = 256;
/// How many places the texts of deliveries without a say are counted in.
const PLACES: usize = 256;

/// A delivery whose say is only likely.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    delivery: Delivery,
    say: SayNumber,
    sender: StreamId,
    doubt: Doubt,
    /// The frame in which the sender's connection was heard of.
    heard_in: Option<Frame>,
}

/// Deliveries whose says are only likely, until later frames settle it.
#[derive(Debug, Default)]
pub struct LikelyDeliveries {
    waiting: Vec<Waiting>,
}

impl Waiting {
    fn is_settled(&self, now: FrameTime) -> bool {
        match self.doubt {
            Doubt::Late | Doubt::OtherText => {
                self.heard_in.is_some_and(|frame| frame < now.frame)
                    || now.since(self.delivery.place.at) > DELIVERY_WINDOW
            }
            Doubt::Unnamed(until) => now.time > until,
        }
    }
}

impl LikelyDeliveries {
    /// Whether there is none, as nearly always.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds one. Returns whether there is room for it.
    pub fn push(&mut self, delivery: Delivery, say: SayNumber, sender: StreamId, doubt: Doubt) -> bool {
        let has_room = self.waiting.len() < MAX_WAITING;
        if has_room {
            // Its own segment acknowledges all that was said.
            let heard_in = Some(delivery.place.at.frame).filter(|_| sender == delivery.place.stream);
            self.waiting.push(Waiting { delivery, say, sender, doubt, heard_in });
        }
        has_room
    }

    /// Takes in that a segment of this connection is captured. Returns the deliveries that earlier frames settled, their says, why they
    /// were only likely, and `false` for one whose sender was not heard of for long.
    pub fn on_segment(&mut self, stream: StreamId, now: FrameTime) -> Vec<(Delivery, SayNumber, Doubt, bool)> {
        let is_any_settled = self.waiting.iter().any(|waiting| waiting.is_settled(now));
        let settled = if is_any_settled { self.remove(|waiting| waiting.is_settled(now)) } else { Vec::new() };
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.sender == stream) {
            waiting.heard_in.get_or_insert(now.frame);
        }
        let settled = settled.into_iter();
        settled
            .map(|it| {
                let is_certain = matches!(it.doubt, Doubt::Unnamed(_)) || it.heard_in.is_some();
                (it.delivery, it.say, it.doubt, is_certain)
            })
            .collect()
    }

    /// Somebody else, whose connection is not known either, says the same. Returns the says of the deliveries of which it is not known any
    /// more who said them.
    pub fn contradict(&mut self, other: &Delivery) -> Vec<SayNumber> {
        let contradicted = self.remove(|Waiting { delivery, doubt, .. }| {
            matches!(doubt, Doubt::Unnamed(_)) && delivery.said == other.said && delivery.from != other.from
        });
        contradicted.into_iter().map(|waiting| waiting.say).collect()
    }

    fn remove(&mut self, is_meant: impl Fn(&Waiting) -> bool) -> Vec<Waiting> {
        let (removed, left) = std::mem::take(&mut self.waiting).into_iter().partition(is_meant);
        self.waiting = left;
        removed
    }
}

/// The last deliveries without a say.
#[derive(Debug, Default)]
pub struct UnmatchedDeliveries {
    queue: VecDeque<Delivery>,
    /// How many of them have a text of this place: most says find none at once.
    counts: Vec<u16>,
}

impl UnmatchedDeliveries {
    /// Keeps one.
    pub fn push(&mut self, delivery: Delivery) {
        self.counts.resize(PLACES, 0);
        if self.queue.len() >= MAX_UNMATCHED {
            if let Some(oldest) = self.queue.pop_front() {
                self.counts[oldest.said.place(PLACES)] -= 1;
            }
        }
        self.counts[delivery.said.place(PLACES)] += 1;
        self.queue.push_back(delivery);
    }

    fn count(&self, said: Said) -> u16 {
        self.counts.get(said.place(PLACES)).copied().unwrap_or_default()
    }

    /// Whether somebody else, whose connection is not known either, has said the same, not longer ago.
    pub fn contradict(&self, delivery: &Delivery, ago: i64) -> bool {
        let mut recent = self.queue.iter().rev().take_while(|other| delivery.place.at.since(other.place.at) <= ago);
        self.count(delivery.said) > 0 && recent.any(|other| other.said == delivery.said && other.from != delivery.from)
    }

    /// Takes the deliveries of a say that were captured shortly before it; `None` where there are some, but an earlier say may be missing, or
    /// one of somebody else, which they could deliver, or clocks differ by more. `gaps`: of its sender; `usual`: the time that the server
    /// takes, in nanoseconds.
    pub fn take_early(
        &mut self,
        say: &TrackedSay,
        from: Option<TextId>,
        said: Said,
        gaps: &Gaps,
        usual: i64,
    ) -> Option<Vec<Delivery>> {
        let early = self.take(say.at(), from, said);
        let are_certain =
            early.iter().all(|delivery| from.is_some() && !gaps.since(delivery.place.at.time.saturating_sub(usual)));
        (are_certain && !self.holds(say.at(), from, said)).then_some(early)
    }

    /// Whether there are deliveries that may be those of a say, if clocks differ.
    fn holds(&self, at: FrameTime, from: Option<TextId>, said: Said) -> bool {
        let mut recent = self.queue.iter().rev().take_while(|other| at.since(other.place.at) <= SKEW);
        self.count(said) > 0 && recent.any(|other| other.said == said && other.from == from)
    }

    /// Takes the deliveries of a say that were captured shortly before it, one a connection and copy, in the order of the capture.
    fn take(&mut self, at: FrameTime, from: Option<TextId>, said: Said) -> Vec<Delivery> {
        let mut taken: Vec<Delivery> = Vec::new();
        let mut left = self.count(said);
        for place in (0..self.queue.len()).rev() {
            let unmatched = &self.queue[place];
            if left == 0 || at.since(unmatched.place.at) > REORDER_WINDOW {
                break;
            }
            if unmatched.said.place(PLACES) == said.place(PLACES) {
                left -= 1;
            }
            let copy = (unmatched.place.stream, unmatched.copy);
            if unmatched.said == said
                && (from.is_none() || unmatched.from == from)
                && !taken.iter().any(|taken| (taken.place.stream, taken.copy) == copy)
            {
                self.counts[said.place(PLACES)] -= 1;
                taken.extend(self.queue.remove(place));
            }
        }
        taken.reverse();
        taken
    }

    /// Takes all of them, and those of a server that turns out to be the same, in the order of the capture.
    pub fn take_with(&mut self, other: UnmatchedDeliveries) -> Vec<Delivery> {
        let mut all: Vec<Delivery> = std::mem::take(self).queue.into_iter().chain(other.queue).collect();
        all.sort_by_key(|delivery| delivery.place.position());
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::SayCopy;
    use crate::session::ids::MessagePlace;
    use crate::storage::texts::Texts;

    fn said() -> Said {
        Said::new("all", "x", &Default::default())
    }

    fn at(frame: u32, time: i64) -> FrameTime {
        FrameTime { frame: Frame::of(frame), time }
    }

    fn delivery(stream: u32, at: FrameTime, from: Option<TextId>, said: Said) -> Delivery {
        let place = MessagePlace { stream: StreamId(stream), at, index: 0 };
        Delivery { place, from, from_name: None, said, copy: SayCopy::Public, is_private: false, joined: None }
    }

    #[test]
    fn a_late_say_is_settled_behind_the_next_segment_of_its_sender() {
        let said = said();
        let mut likely = LikelyDeliveries::default();
        assert!(likely.push(delivery(1, at(5, 0), None, said), 3, StreamId(0), Doubt::Late));
        assert!(
            likely.on_segment(StreamId(1), at(6, 1)).is_empty() && likely.on_segment(StreamId(0), at(7, 2)).is_empty()
        );
        let settled = likely.on_segment(StreamId(1), at(8, 3));
        assert_eq!(settled.iter().map(|(_, say, _, is_certain)| (*say, *is_certain)).collect::<Vec<_>>(), [(3, true)]);
        assert!(likely.push(delivery(1, at(9, 4), None, said), 4, StreamId(0), Doubt::Late));
        let settled = likely.on_segment(StreamId(1), at(10, 5 + DELIVERY_WINDOW));
        assert_eq!(settled.iter().map(|(_, say, _, is_certain)| (*say, *is_certain)).collect::<Vec<_>>(), [(4, false)]);
        assert!(likely.is_empty());
    }

    #[test]
    fn who_says_the_same_contradicts_an_unnamed_sender() {
        let (mut texts, said) = (Texts::default(), said());
        let [one, other] = ["1", "2"].map(|id| Some(texts.intern(id)));
        let mut likely = LikelyDeliveries::default();
        assert!(likely.push(delivery(1, at(5, 0), one, said), 3, StreamId(0), Doubt::Unnamed(9)));
        assert!(likely.contradict(&delivery(1, at(6, 1), one, said)).is_empty());
        assert_eq!(likely.contradict(&delivery(1, at(6, 1), other, said)), [3]);
        let mut unmatched = UnmatchedDeliveries::default();
        unmatched.push(delivery(1, at(5, 0), one, said));
        assert!(unmatched.contradict(&delivery(1, at(6, 9), other, said), 9));
        assert!(!unmatched.contradict(&delivery(1, at(6, 10), other, said), 9), "long ago");
        assert!(!unmatched.contradict(&delivery(1, at(6, 9), one, said), 9), "the same sender");
    }

    #[test]
    fn a_say_that_is_captured_late_takes_one_delivery_a_connection() {
        let (mut texts, said) = (Texts::default(), said());
        let [one, other] = ["1", "2"].map(|id| Some(texts.intern(id)));
        let mut unmatched = UnmatchedDeliveries::default();
        for (stream, frame, from) in [(1, 1, one), (2, 2, one), (2, 3, one), (3, 4, other)] {
            unmatched.push(delivery(stream, at(frame, i64::from(frame)), from, said));
        }
        let taken = unmatched.take(at(5, 5), one, said);
        assert_eq!(taken.iter().map(|taken| taken.place.at.frame.number()).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(unmatched.queue.len(), 2);
        assert!(unmatched.take(at(9, 3 + 2 * REORDER_WINDOW), None, said).is_empty(), "long ago");
        assert_eq!(unmatched.take_with(UnmatchedDeliveries::default()).len(), 2);
    }
}
