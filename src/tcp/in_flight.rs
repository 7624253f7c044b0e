//! What one side of a connection has sent and the other has not acknowledged yet, in the order of the sequence space.

use std::collections::VecDeque;

use crate::event::Sent;
use crate::one_or_many::OneOrMany;
use crate::packet::{Frame, SequenceNumber};

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

/// More than this many things in flight are not chat; the oldest is then forgotten.
pub const MAX_PENDING: usize = 100_000;

/// What is in flight: most of the time at most one thing.
#[derive(Debug, Default)]
pub struct InFlight {
    pending: OneOrMany<Pending, Queue>,
}

impl InFlight {
    /// Enters what was sent: behind all that does not end after it.
    pub fn insert(&mut self, pending: Pending) {
        self.pending.push(pending);
    }

    /// Whether one of the last things is of this frame.
    pub fn holds(&self, frame: Frame) -> bool {
        const LAST: usize = 64;
        match &self.pending {
            OneOrMany::None => false,
            OneOrMany::One(only) => only.frame == frame,
            OneOrMany::Many(queue) => queue.all.iter().rev().take(LAST).any(|pending| pending.frame == frame),
        }
    }

    /// Takes the first, if it ends before `to` or there.
    pub fn pop_before(&mut self, to: SequenceNumber) -> Option<Pending> {
        match &mut self.pending {
            OneOrMany::None => None,
            OneOrMany::One(only) => {
                let only = Some(*only).filter(|only| !only.end.is_after(to))?;
                self.pending = OneOrMany::None;
                Some(only)
            }
            OneOrMany::Many(queue) => queue.pop_before(to),
        }
    }

    /// Gives back the memory, where nothing is in flight and nothing more will be sent.
    pub fn release(&mut self) {
        if matches!(&self.pending, OneOrMany::Many(queue) if queue.all.is_empty()) {
            self.pending = OneOrMany::None;
        }
    }
}

/// Things in flight. Sequence numbers have no order, only a nearest direction, so the queue is sorted in *runs*: within one, all ends lie
/// less than 2³¹ behind the first and ascend. TCP's window allows for one run; only forged numbers make more.
///
/// A thing belongs behind the last one that does not end after it. That one is always in one of the last two runs: a run begins where a
/// new end `x` lies before the first end `f` of the run in front of it, but not before its last, `e`. What ends before `f`, `e` and
/// `x` alike would have all three in the half of the circle behind it, in the order `f < e < x < f`.
#[derive(Debug, Default)]
struct Queue {
    all: VecDeque<Pending>,
    /// Where the last run begins, and the one before it.
    last_run: usize,
    run_before: usize,
}

impl Extend<Pending> for Queue {
    fn extend<I: IntoIterator<Item = Pending>>(&mut self, sent: I) {
        sent.into_iter().for_each(|pending| self.insert(pending));
    }
}

impl FromIterator<Pending> for Queue {
    fn from_iter<I: IntoIterator<Item = Pending>>(sent: I) -> Queue {
        let mut queue = Queue::default();
        queue.extend(sent);
        queue
    }
}

impl Queue {
    fn insert(&mut self, pending: Pending) {
        let (length, last_run, run_before) = (self.all.len(), self.last_run, self.run_before);
        let place = self
            .place_in(last_run, length, pending.end)
            .or_else(|| self.place_in(run_before, last_run, pending.end))
            .or_else(|| (0..run_before).rev().find(|at| !self.all[*at].end.is_after(pending.end)).map(|at| at + 1))
            .unwrap_or_default();
        let first = self.all.get(last_run).map(|first| first.end);
        let begins_run = place == length && first.is_some_and(|end| end != pending.end && !pending.end.is_after(end));
        if begins_run {
            (self.run_before, self.last_run) = (last_run, length);
        } else {
            // What is set in front of a run becomes a part of it.
            self.last_run += usize::from(place < last_run);
            self.run_before += usize::from(place < run_before);
        }
        self.all.insert(place, pending);
        if self.all.len() > MAX_PENDING {
            self.pop();
        }
    }

    /// The place behind the last thing of a run that does not end after `end`; `None` where all do.
    fn place_in(&self, start: usize, stop: usize, end: SequenceNumber) -> Option<usize> {
        if start >= stop {
            return None;
        }
        let (first, last) = (self.all[start].end, self.all[stop - 1].end);
        if !last.is_after(end) {
            return Some(stop); // as nearly always
        }
        if first.is_after(end) {
            return None;
        }
        let (mut low, mut high) = (start, stop - 1);
        while low + 1 < high {
            let middle = low.midpoint(high);
            if self.all[middle].end.is_after(end) { high = middle } else { low = middle }
        }
        Some(low + 1)
    }

    fn pop_before(&mut self, to: SequenceNumber) -> Option<Pending> {
        let first = self.all.front().filter(|first| !first.end.is_after(to)).copied()?;
        self.pop();
        Some(first)
    }

    fn pop(&mut self) {
        self.all.pop_front();
        self.last_run = self.last_run.saturating_sub(1);
        self.run_before = self.run_before.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The queue as it is meant.
    #[derive(Default)]
    struct Naive(Vec<Pending>);

    impl Naive {
        fn insert(&mut self, pending: Pending) {
            let place = self.0.iter().rposition(|earlier| !earlier.end.is_after(pending.end));
            self.0.insert(place.map_or(0, |at| at + 1), pending);
        }

        fn pop_before(&mut self, to: SequenceNumber) -> Option<Pending> {
            let is_covered = self.0.first().is_some_and(|first| !first.end.is_after(to));
            is_covered.then(|| self.0.remove(0))
        }
    }

    /// Marsaglia's xorshift.
    fn random(state: &mut u64) -> u32 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 16) as u32
    }

    #[test]
    fn forged_sequence_numbers_are_queued_as_by_comparing_with_each() {
        let mut state = 7272;
        for case in 0..400 {
            let (mut flight, mut naive, mut last) = (InFlight::default(), Naive::default(), 0u32);
            for frame in 0..120 {
                let number = random(&mut state);
                // Anywhere, near the last one, half a circle away, or one of few.
                last = match (case % 5, number % 4) {
                    (0, _) => number,
                    (1, _) => last.wrapping_sub(number >> 8),
                    (2, 0) => last.wrapping_add(1 << 31).wrapping_add(number >> 28).wrapping_sub(8),
                    (3, _) => (number >> 29) << 29,
                    (4, 0) => last.wrapping_sub(number >> 2),
                    _ => last.wrapping_add(number >> 10),
                };
                let pending = Pending { end: SequenceNumber(last), frame: Frame::of(frame), sent: Sent::Message };
                flight.insert(pending);
                naive.insert(pending);
                if number % 7 == 0 {
                    let to = SequenceNumber(last.wrapping_add(number >> 12));
                    while let Some(done) = naive.pop_before(to) {
                        assert_eq!(flight.pop_before(to), Some(done));
                    }
                    assert_eq!(flight.pop_before(to), None);
                }
            }
            let all: Vec<Pending> = match flight.pending {
                OneOrMany::None => Vec::new(),
                OneOrMany::One(only) => vec![only],
                OneOrMany::Many(queue) => queue.all.into(),
            };
            assert_eq!(all, naive.0, "case {case}");
        }
    }

    #[test]
    fn at_most_so_many_are_in_flight() {
        let mut flight = InFlight::default();
        for frame in 0..MAX_PENDING as u32 + 10 {
            flight.insert(Pending { end: SequenceNumber(frame), frame: Frame::of(frame), sent: Sent::Message });
        }
        assert_eq!(flight.pop_before(SequenceNumber(100)).map(|first| first.frame), Some(Frame::of(10)));
        while flight.pop_before(SequenceNumber(u32::MAX / 4)).is_some() {}
        flight.release();
        assert!(matches!(flight.pending, OneOrMany::None) && size_of::<InFlight>() == 16);
    }
}
