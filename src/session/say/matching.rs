//! The rules by which it is decided which say a delivery delivers, over what was gathered of the says that it may deliver: nothing here asks
//! the session. Where the capture lacks what would decide it, nothing is decided.

use std::borrow::Cow;

use crate::packet::StreamId;
use crate::session::ids::SayNumber;

/// A say that is delivered later than another is not lost for certain until this time has passed. Nanoseconds.
pub const SLOW: i64 = 1_000_000_000;
/// How many of the equal says are compared one by one.
const MAX_COMPARED: usize = 64;
/// The time that a server is granted for a delivery before it has shown how fast it is. Nanoseconds.
const FIRST_USUAL: i64 = 50_000_000;
/// The least that it is granted. Nanoseconds.
const LEAST_USUAL: i64 = 10_000_000;
/// The longest time that is usual for any server. Nanoseconds.
pub const MOST_USUAL: i64 = 2_000_000_000;

/// A say that a delivery may deliver: of one sender, to one recipient and of one text with it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Candidate {
    /// The say.
    pub say: SayNumber,
    /// The sender's connection.
    pub sender: StreamId,
    /// How long before the delivery it was said, or delivered to somebody else, in nanoseconds.
    pub age: i64,
    /// Its sender's id is not known, and another may have said the same.
    pub may_be_anothers: bool,
    /// The capture may lack something that its sender sent since.
    pub may_lack_says: bool,
    /// The capture may lack something that the receiving connection got since.
    pub may_lack_deliveries: bool,
    /// The capture may lack whole segments that the receiving connection got since.
    pub may_lack_segments: bool,
}

/// What the rules ask of a delivery.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The receiving connection.
    pub receiver: StreamId,
    /// When it was captured, in nanoseconds since the epoch.
    pub time: i64,
    /// It is the copy of a private say that its sender gets.
    pub is_senders_copy: bool,
    /// The candidates are those of the client id that it names, not of connections whose id was not known.
    pub is_named: bool,
    /// The time that the server usually takes, in nanoseconds.
    pub usual: i64,
}

/// What is known of the say that a delivery delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is this one.
    Certain(Choice),
    /// It is this one, if what follows in the capture does not contradict it.
    Likely(SayNumber, Doubt),
    /// One of these could be meant, and the capture lacks what would decide it.
    Unknown(Vec<SayNumber>),
    /// It was not captured.
    Unmatched,
}

/// Why a say is only likely to be the one that a delivery delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It was said long ago, or its delivery may be missing: a later one may have been said and not be captured, until the sender's
    /// connection shows that none was.
    Late,
    /// The sender's id is not known: another may have said the same, until so many nanoseconds since the epoch.
    Unnamed(i64),
}

/// The say that a delivery delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The say.
    pub say: SayNumber,
    /// As [`Candidate::age`].
    pub age: i64,
    /// Later ones could be meant, too: only their order decides.
    pub by_order: bool,
    /// An earlier one that is too old, but not by much: it may only be slow.
    pub passed_over: Option<SayNumber>,
}

/// Those of the equal says, which are in the order in which they were said, that a delivery can deliver at all. `is_in_flight`: the receiving
/// connection itself has said it, and the server has not acknowledged it; `is_anothers`: its sender is known not to be the one that the
/// delivery names.
pub fn possible<'s, T: Copy>(
    says: &'s [T],
    wanted: &Wanted,
    is_in_flight: impl Fn(&T) -> bool,
    is_anothers: impl Fn(&T) -> bool,
) -> Cow<'s, [T]> {
    // The segment of a delivery acknowledges what its own connection said before.
    let acknowledges = says.last().is_some_and(&is_in_flight);
    if wanted.is_named && !acknowledges {
        return says.into();
    }
    let said = last_of(says).iter().filter(|say| !(acknowledges && is_in_flight(say)));
    said.filter(|say| wanted.is_named || !is_anothers(say)).copied().collect()
}

/// Decides which of the candidates, which are in the order in which they were said, a delivery delivers.
pub fn decide(candidates: &[Candidate], wanted: &Wanted) -> Verdict {
    let place = first_in_time(candidates, |say| say.age, wanted.usual);
    let Some(say) = candidates.get(place) else { return Verdict::Unmatched };
    let by_order = place + 1 < candidates.len();
    let is_late = say.age > wanted.usual;
    let is_own = wanted.is_senders_copy && say.sender == wanted.receiver;
    if (by_order || say.may_lack_says) && say.may_lack_deliveries
        || say.may_be_anothers && !is_own
        || is_late && say.may_lack_says
    {
        return Verdict::Unknown(last_of(candidates).iter().map(|say| say.say).collect());
    }
    if is_late {
        return Verdict::Likely(say.say, Doubt::Late);
    }
    if !wanted.is_named && !is_own {
        return Verdict::Likely(say.say, Doubt::Unnamed(wanted.time.saturating_add(wanted.usual)));
    }
    // Where its delivery may be missing, this may deliver a later one, unless the sender's connection shows that none is missing.
    if say.may_lack_segments && say.sender != wanted.receiver {
        return Verdict::Likely(say.say, Doubt::Late);
    }
    let before = place.checked_sub(1).map(|before| &candidates[before]);
    let passed_over = before.filter(|before| before.age < SLOW).map(|before| before.say);
    Verdict::Certain(Choice { say: say.say, age: say.age, by_order, passed_over })
}

/// The place of the say that is most likely delivered: of those that fit the time that the server usually takes, the first; if none does, the
/// last one, or the first that is at most twice as old.
pub fn first_in_time<T>(says: &[T], age: impl Fn(&T) -> i64, usual: i64) -> usize {
    let limit = usual.max(says.last().map_or(0, &age).saturating_mul(2));
    says.partition_point(|say| age(say) > limit).min(says.len().saturating_sub(1))
}

/// The last of many says.
pub fn last_of<T>(says: &[T]) -> &[T] {
    &says[says.len().saturating_sub(MAX_COMPARED)..]
}

/// The time that an answer usually takes at most, where the longest of late took this, in nanoseconds; 0 where none is known.
pub fn usual(longest: i64) -> i64 {
    match longest {
        0 => FIRST_USUAL,
        longest => (2 * longest).clamp(LEAST_USUAL, MOST_USUAL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVER: StreamId = StreamId(9);

    fn wanted() -> Wanted {
        Wanted { receiver: RECEIVER, time: 10_000, is_senders_copy: false, is_named: true, usual: 50 }
    }

    /// Says of these ages, numbered from 0 on.
    fn says<const N: usize>(ages: [i64; N]) -> [Candidate; N] {
        let mut number = 0..;
        ages.map(|age| Candidate { say: number.next().unwrap_or_default(), age, ..Candidate::default() })
    }

    fn choice(say: SayNumber, age: i64, by_order: bool, passed_over: Option<SayNumber>) -> Verdict {
        Verdict::Certain(Choice { say, age, by_order, passed_over })
    }

    #[test]
    fn a_new_say_that_fits_comes_before_an_old_one() {
        assert_eq!(decide(&says([2501, 1]), &wanted()), choice(1, 1, false, Some(0)));
        assert_eq!(decide(&says([2 * SLOW, 1]), &wanted()), choice(1, 1, false, None), "lost for certain");
        assert_eq!(decide(&[], &wanted()), Verdict::Unmatched);
    }

    #[test]
    fn a_say_that_is_slower_than_usual_is_only_likely() {
        assert_eq!(decide(&says([2501]), &wanted()), Verdict::Likely(0, Doubt::Late));
        assert_eq!(decide(&says([2800, 300]), &wanted()), Verdict::Likely(1, Doubt::Late));
        assert_eq!(decide(&says([600, 300]), &wanted()), Verdict::Likely(0, Doubt::Late), "both are late");
    }

    #[test]
    fn of_says_under_way_the_first_is_delivered_first() {
        assert_eq!(decide(&says([21, 11, 1]), &wanted()), choice(0, 21, true, None));
    }

    #[test]
    fn what_the_server_has_not_acknowledged_is_not_delivered() {
        for (said, expected) in [(&[0, 1, 2][..], &[0][..]), (&[1, 2], &[]), (&[1, 0], &[1, 0]), (&[], &[])] {
            assert_eq!(possible(said, &wanted(), |say| *say > 0, |_| true).as_ref(), expected, "{said:?}");
        }
    }

    #[test]
    fn a_sender_without_an_id_may_be_another() {
        let anybody = Wanted { is_named: false, ..wanted() };
        assert_eq!(decide(&says([1]), &anybody), Verdict::Likely(0, Doubt::Unnamed(10_050)));
        let own = Wanted { is_senders_copy: true, receiver: StreamId(0), ..anybody };
        assert_eq!(decide(&says([1]), &own), choice(0, 1, false, None), "it is returned to its sender alone");
        let mut candidates = says([1]);
        candidates[0].may_be_anothers = true;
        assert_eq!(decide(&candidates, &anybody), Verdict::Unknown(vec![0]));
    }

    #[test]
    fn what_is_anothers_is_not_delivered() {
        let anybody = Wanted { is_named: false, ..wanted() };
        assert_eq!(*possible(&[1, 2, 3], &anybody, |_| false, |say| *say != 2), [2]);
        assert_eq!(*possible(&[1, 2, 3], &anybody, |say| *say != 2, |say| *say == 3), [2], "the last was under way");
        assert_eq!(possible(&[0; 100], &anybody, |_| false, |_| false).len(), MAX_COMPARED);
    }

    #[test]
    fn what_the_capture_may_lack_is_not_decided() {
        let mut candidates = says([2, 1]);
        candidates[0].may_lack_says = true;
        assert_eq!(decide(&candidates, &wanted()), choice(0, 2, true, None), "no delivery is missing");
        candidates[0].may_lack_deliveries = true;
        assert_eq!(decide(&candidates, &wanted()), Verdict::Unknown(vec![0, 1]));
        let mut late = says([500]);
        late[0].may_lack_says = true;
        assert_eq!(decide(&late, &wanted()), Verdict::Unknown(vec![0]));
        let mut only = says([1]);
        (only[0].may_lack_deliveries, only[0].may_lack_segments) = (true, true);
        assert_eq!(decide(&only, &wanted()), Verdict::Likely(0, Doubt::Late));
        assert_eq!(decide(&only, &Wanted { receiver: StreamId(0), ..wanted() }), choice(0, 1, false, None));
    }

    #[test]
    fn of_many_only_the_last_could_be_meant() {
        let mut candidates = says([1; 100]);
        candidates[0].may_lack_deliveries = true;
        assert_eq!(decide(&candidates, &wanted()), Verdict::Unknown((36..100).collect()));
    }

    #[test]
    fn the_usual_time_is_twice_the_longest_of_late() {
        assert_eq!([0, 1, 30_000_000, i64::MAX / 2].map(usual), [FIRST_USUAL, LEAST_USUAL, 60_000_000, MOST_USUAL]);
    }
}
