//! Says that look alike: from one sender, to one recipient, with one text. Deliveries are assigned to them in order, each connection's apart.

use super::chunks::Chunks;
use super::early::EarlySays;
use super::say::{Said, SayNumber};
use super::texts::TextId;
use super::tracked::TrackedSay;
use crate::packet::{Frame, StreamId};

/// A delivery follows its say within milliseconds; a say older than this is not considered. Nanoseconds.
pub const DELIVERY_WINDOW: i64 = 60_000_000_000;

/// Says that look alike. An index among them counts the forgotten ones too.
#[derive(Debug)]
pub struct Alike {
    pub said: Said,
    pub from: Option<TextId>,
    first: SayNumber,
    /// Where there are several: all of them.
    several: Option<Box<Several>>,
}

#[derive(Debug)]
struct Several {
    says: Vec<SayNumber>,
    /// How many were forgotten at the front.
    forgotten: u32,
    /// How many of those that are not forgotten, but the first, come from another connection than the one before.
    turns: u32,
    steps: Option<Box<Steps>>,
}

/// What a delivery asks of its say.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// When it was captured, in nanoseconds.
    pub time: i64,
    /// The first frame in which its connection can have been in a room.
    pub joined: Frame,
    /// What its connection said earlier than that.
    pub early: &'a EarlySays,
}

impl Wanted<'_> {
    fn is_in_time(&self, said: i64) -> bool {
        self.time.saturating_sub(said) <= DELIVERY_WINDOW
    }
}

impl Alike {
    /// The first say of its kind.
    pub fn new(said: Said, from: Option<TextId>, first: SayNumber) -> Alike {
        Alike { said, from, first, several: None }
    }

    /// The index of the first one that is not forgotten.
    fn start(&self) -> u32 {
        self.several.as_ref().map_or(0, |several| several.forgotten)
    }

    /// The index of the next one to come.
    pub fn end(&self) -> u32 {
        self.several.as_ref().map_or(1, |several| several.says.len() as u32)
    }

    fn number(&self, index: u32) -> SayNumber {
        let listed = self.several.as_ref().and_then(|several| several.says.get(index as usize));
        listed.copied().unwrap_or(self.first)
    }

    /// Enters another say, and forgets those that are too old for a delivery at the time of this one.
    pub fn push(&mut self, number: SayNumber, says: &Chunks<TrackedSay>) {
        let Some(new) = says.get(number) else { return };
        let several = self
            .several
            .get_or_insert_with(|| Box::new(Several { says: vec![self.first], forgotten: 0, turns: 0, steps: None }));
        let stream_of = |index: u32, list: &[SayNumber]| {
            list.get(index as usize).and_then(|number| says.get(*number)).map(|say| say.stream)
        };
        while let Some(oldest) = several.says.get(several.forgotten as usize).and_then(|number| says.get(*number)) {
            if new.at().time.saturating_sub(oldest.at().time) <= DELIVERY_WINDOW {
                break;
            }
            several.forgotten += 1;
            let next = stream_of(several.forgotten, &several.says);
            several.turns -= u32::from(next.is_some_and(|next| next != oldest.stream));
        }
        let index = several.says.len() as u32;
        let last = stream_of(index - 1, &several.says).filter(|_| several.forgotten < index);
        several.turns += u32::from(last.is_some_and(|last| last != new.stream));
        several.says.push(number);
        if let Some(steps) = &mut several.steps {
            steps.enter(index, new);
        } else if several.says.len() == Steps::WORTH_IT {
            let mut steps = Steps::default();
            for (index, say) in (0..).zip(several.says.iter().filter_map(|number| says.get(*number))) {
                steps.enter(index, say);
            }
            several.steps = Some(Box::new(steps));
        }
    }

    /// Whether all that are not forgotten come from this connection.
    pub fn are_all_from(&self, stream: StreamId, says: &Chunks<TrackedSay>) -> bool {
        if self.several.as_ref().is_some_and(|several| several.turns > 0) {
            return false;
        }
        self.start() == self.end() || says.get(self.number(self.start())).is_none_or(|say| say.stream == stream)
    }

    /// The first say from `index` on that a delivery can deliver: its index and number. `own` is this list's number in `wanted.early`.
    pub fn find(&self, own: u32, index: u32, wanted: &Wanted, says: &Chunks<TrackedSay>) -> Option<(u32, SayNumber)> {
        let start = index.max(self.start());
        let is_in_time =
            |index: &u32| says.get(self.number(*index)).is_some_and(|say| wanted.is_in_time(say.at().time));
        let reached = self.first_reached(start, wanted, says);
        let early = match wanted.joined == Frame::default() {
            true => None,
            false => wanted.early.from(own, start).find(is_in_time),
        };
        let found = [reached, early].into_iter().flatten().min()?;
        Some((found, self.number(found)))
    }

    /// The first one from `start` on that was said after the delivery's connection joined, and not too early.
    fn first_reached(&self, start: u32, wanted: &Wanted, says: &Chunks<TrackedSay>) -> Option<u32> {
        let steps = self.several.as_ref().and_then(|several| several.steps.as_ref());
        let mut index = start;
        while index < self.end() {
            if let Some(next) = steps.and_then(|steps| steps.skip(index, wanted)) {
                index = next;
                continue;
            }
            let say = says.get(self.number(index))?;
            if say.at().frame >= wanted.joined && wanted.is_in_time(say.at().time) {
                return Some(index);
            }
            index += 1;
        }
        None
    }
}

/// The latest frame and time of each block of 32 says, of 32 such blocks, and of 32 of those, so that many says that cannot be meant are
/// passed over at once.
#[derive(Debug, Default)]
struct Steps {
    levels: [Vec<(Frame, i64)>; 3],
}

impl Steps {
    /// Says of a list that has steps.
    const WORTH_IT: usize = 64;
    /// Blocks in a block.
    const BLOCK: u32 = 32;

    fn enter(&mut self, index: u32, say: &TrackedSay) {
        let mut block = index;
        for level in &mut self.levels {
            block /= Steps::BLOCK;
            match level.get_mut(block as usize) {
                Some((frame, time)) => (*frame, *time) = ((*frame).max(say.at().frame), (*time).max(say.at().time)),
                None => level.push((say.at().frame, say.at().time)),
            }
        }
    }

    /// Where to go on, if at `index` a block begins in which no say can be meant.
    fn skip(&self, index: u32, wanted: &Wanted) -> Option<u32> {
        let sizes = (1..).map(|level| Steps::BLOCK.pow(level));
        let blocks = self.levels.iter().zip(sizes).take_while(|(_, size)| index % size == 0);
        let useless = blocks.filter(|(level, size)| {
            let latest = level.get((index / size) as usize);
            latest.is_some_and(|(frame, time)| *frame < wanted.joined || !wanted.is_in_time(*time))
        });
        useless.last().map(|(_, size)| index + size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::FrameTime;

    fn say(number: u32, stream: u32) -> TrackedSay {
        let at = FrameTime { frame: Frame(number + 1), time: i64::from(number) };
        TrackedSay::new(at, StreamId(stream), false, 0)
    }

    /// So many says of one connection that look alike.
    fn says(count: u32) -> (Alike, Chunks<TrackedSay>) {
        let mut says = Chunks::default();
        let mut alike = Alike::new(Said::new("all", "x", &Default::default()), None, 0);
        for number in 0..count {
            says.push(say(number, 0));
            if number > 0 {
                alike.push(number, &says);
            }
        }
        (alike, says)
    }

    #[test]
    fn who_joins_late_passes_over_many_says_in_few_steps() {
        let (alike, says) = says(100_000);
        let several = alike.several.as_ref().expect("several");
        let steps = several.steps.as_ref().expect("many");
        for joined in [1, 2, 64, 1000, 99_999, 100_000, 100_001] {
            let wanted = Wanted { time: 0, joined: Frame(joined), early: &EarlySays::default() };
            let expected = (joined <= 100_000).then_some(joined - 1);
            assert_eq!(alike.find(0, 0, &wanted, &says).map(|(index, _)| index), expected);
            let (mut index, mut count) = (0, 0);
            while index < joined - 1 {
                index = steps.skip(index, &wanted).unwrap_or(index + 1);
                count += 1;
            }
            assert!(count < 4 * Steps::BLOCK, "{count} steps to frame {joined}");
        }
    }

    #[test]
    fn says_from_one_connection_are_told_from_those_of_several() {
        let (mut alike, mut says) = says(3);
        assert!(alike.are_all_from(StreamId(0), &says) && !alike.are_all_from(StreamId(1), &says));
        says.push(say(3, 1));
        alike.push(3, &says);
        assert!(!alike.are_all_from(StreamId(0), &says) && !alike.are_all_from(StreamId(1), &says));
        let late = FrameTime { frame: Frame(9), time: 3 * DELIVERY_WINDOW };
        says.push(TrackedSay::new(late, StreamId(1), false, 0));
        alike.push(4, &says);
        assert!(alike.are_all_from(StreamId(1), &says) && !alike.are_all_from(StreamId(0), &says));
    }
}
