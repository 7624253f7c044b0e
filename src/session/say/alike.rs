//! Says that look alike: from one sender, to one recipient, with one text; and which of them a delivery can deliver.

use crate::packet::FrameTime;
use crate::session::ids::SayNumber;
use crate::session::say::Says;
use crate::session::say::said::Said;
use crate::session::say::tracked::TrackedSay;
use crate::session::storage::texts::TextId;

/// A say older than this is not considered. Nanoseconds.
pub const DELIVERY_WINDOW: i64 = 60_000_000_000;

/// Says that look alike, in the order in which they were said.
#[derive(Debug, Clone)]
pub struct Alike {
    /// The recipient and the text.
    pub said: Said,
    /// The sender's client id, where it is known.
    pub from: Option<TextId>,
    numbers: Numbers,
}

/// Most are said once.
#[derive(Debug, Clone)]
enum Numbers {
    One(SayNumber),
    Several(Box<Several>),
}

#[derive(Debug, Clone)]
struct Several {
    says: Vec<SayNumber>,
}

/// What a delivery asks of its say.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// When it was captured, in nanoseconds.
    pub time: i64,
    /// When its connection can first have been in a room. What was said before that frame, and before that time, does not reach it.
    pub joined: Option<FrameTime>,
    /// The first say that can reach its connection: a connection gets says in their order.
    pub next: SayNumber,
    /// The time that the server usually takes, in nanoseconds.
    pub usual: i64,
}

/// The say that a delivery most likely delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The say.
    pub say: SayNumber,
    /// How long before the delivery it was said, or delivered to somebody else, in nanoseconds.
    pub age: i64,
    /// Later ones could be meant, too: only their order decides.
    pub by_order: bool,
    /// An earlier one that is too old, but not by much.
    pub passed_over: Option<SayNumber>,
}

/// A say that is delivered later than another is not lost for certain until this time has passed. Nanoseconds.
pub const SLOW: i64 = 1_000_000_000;

impl Alike {
    /// The first say of its kind.
    pub fn new(said: Said, from: Option<TextId>, first: SayNumber) -> Alike {
        Alike { said, from, numbers: Numbers::One(first) }
    }

    /// The numbers of the says, ascending.
    pub fn numbers(&self) -> &[SayNumber] {
        match &self.numbers {
            Numbers::One(only) => std::slice::from_ref(only),
            Numbers::Several(several) => &several.says,
        }
    }

    /// Enters another say, behind all that were said earlier.
    pub fn push(&mut self, number: SayNumber) {
        match &mut self.numbers {
            Numbers::One(first) => {
                let says = vec![number.min(*first), number.max(*first)];
                self.numbers = Numbers::Several(Box::new(Several { says }));
            }
            Numbers::Several(several) if several.says.last().is_none_or(|last| *last < number) => {
                several.says.push(number);
            }
            Numbers::Several(several) => {
                let at = several.says.partition_point(|earlier| *earlier < number);
                several.says.insert(at, number);
            }
        }
    }

    /// The says that a delivery can deliver, as far as their order and age tell.
    pub fn candidates(&self, wanted: &Wanted, says: &Says) -> &[SayNumber] {
        let is_too_early = |say: &TrackedSay| {
            let said = say.at();
            wanted.joined.is_some_and(|joined| said.frame < joined.frame && said.time < joined.time)
                || wanted.time.saturating_sub(said.time) > DELIVERY_WINDOW
        };
        let numbers = self.numbers();
        let start =
            numbers.partition_point(|number| *number < wanted.next || says.get(*number).is_none_or(is_too_early));
        &numbers[start..]
    }
}

/// The say among `candidates` that a delivery at this time most likely delivers: of those that fit the time that the server usually takes,
/// the first; if none does, the last one, or the first that is at most twice as old.
pub fn choose(candidates: &[SayNumber], wanted: &Wanted, says: &Says) -> Option<Choice> {
    let age = |number: &SayNumber| {
        says.get(*number).map_or(i64::MAX, |say| wanted.time.saturating_sub(say.last_heard()).max(0))
    };
    let limit = wanted.usual.max(age(candidates.last()?).saturating_mul(2));
    let at = candidates.partition_point(|number| age(number) > limit).min(candidates.len() - 1);
    let passed_over = at.checked_sub(1).map(|before| candidates[before]).filter(|before| age(before) < SLOW);
    Some(Choice { say: candidates[at], age: age(&candidates[at]), by_order: at + 1 < candidates.len(), passed_over })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{Frame, StreamId};

    /// Says of one connection that look alike, at these times.
    fn says(times: &[i64]) -> (Alike, Says) {
        let mut says = Says::default();
        let mut alike = Alike::new(Said::new("all", "x", &Default::default()), None, 0);
        for (frame, time) in (1..).zip(times) {
            let at = FrameTime { frame: Frame::of(frame), time: *time };
            let number = says.push(TrackedSay::new(at, StreamId(0), true, 0), "");
            if number > 0 {
                alike.push(number);
            }
        }
        (alike, says)
    }

    fn since(frame: u32) -> Option<FrameTime> {
        Some(FrameTime { frame: Frame::unpack(frame)?, time: i64::from(frame) - 1 })
    }

    fn chosen(times: &[i64], time: i64, usual: i64) -> Option<(SayNumber, bool)> {
        let (alike, says) = says(times);
        let wanted = Wanted { time, joined: since(0), next: 0, usual };
        choose(alike.candidates(&wanted, &says), &wanted, &says).map(|choice| (choice.say, choice.by_order))
    }

    #[test]
    fn a_new_say_that_fits_comes_before_an_old_one() {
        assert_eq!(chosen(&[0, 2500], 2501, 50), Some((1, false)));
        assert_eq!(chosen(&[0], 2501, 50), Some((0, false)));
        assert_eq!(chosen(&[0, 2500], 2800, 50), Some((1, false)), "slower than usual");
        assert_eq!(chosen(&[], 5, 50), None);
    }

    #[test]
    fn of_says_in_flight_the_first_is_delivered_first() {
        assert_eq!(chosen(&[0, 10, 20], 21, 50), Some((0, true)));
        assert_eq!(chosen(&[0, 300], 600, 50), Some((0, true)), "both are late");
    }

    #[test]
    fn who_joins_late_gets_no_earlier_say() {
        let (alike, says) = says(&[0, 1, 2, 3]);
        for joined in 0..6 {
            let wanted = Wanted { time: 4, joined: since(joined), next: 0, usual: 50 };
            let expected = (joined.max(1) <= 4).then(|| joined.max(1) - 1);
            assert_eq!(alike.candidates(&wanted, &says).first().copied(), expected);
        }
        let wanted = Wanted { time: 3 + DELIVERY_WINDOW, joined: since(0), next: 2, usual: 50 };
        assert_eq!(alike.candidates(&wanted, &says), [3]);
    }
}
