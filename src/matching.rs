//! The rules by which it is decided which say a delivery delivers, over what was gathered of the says that it may deliver: nothing here asks
//! the session. Order decides: what one client says reaches each other one in the order in which it was said. Where the capture lacks what
//! would decide it, nothing is decided; how long ago something was said counts only where neither tells.

use crate::packet::StreamId;

/// A say that nobody got is not lost for certain until this time has passed. Nanoseconds.
pub const SLOW: i64 = 1_000_000_000;
/// How many of the equal says are compared one by one.
const MAX_COMPARED: usize = 64;
/// The time that a server is granted for a delivery before it has shown how fast it is. Nanoseconds.
const FIRST_USUAL: i64 = 50_000_000;
/// The least that it is granted. Nanoseconds.
pub const LEAST_USUAL: i64 = 10_000_000;
/// What was not delivered within this time is lost where nothing else shows it: no server stalls for longer. Nanoseconds.
pub const LONGEST_STALL: i64 = 10_000_000_000;
/// The longest time that is usual for any server. Nanoseconds.
pub const MOST_USUAL: i64 = 2_000_000_000;

/// The first say that a delivery may deliver: of one sender, to one recipient and of one text with it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Candidate {
    /// The sender's connection.
    pub sender: StreamId,
    /// How long before the delivery it was said, or delivered to somebody else, in nanoseconds.
    pub age: i64,
    /// Later ones may be meant, too.
    pub is_one_of_several: bool,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is the first that may be meant.
    First,
    /// It is the first, if what follows in the capture does not contradict it.
    Likely(Doubt),
    /// It is the first, unless the server lost that: the deliveries that follow show it.
    InTurn,
    /// Any may be meant, and the capture lacks what would decide it.
    Unknown,
}

/// Why a say is only likely to be the one that a delivery delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It was said long ago, or its delivery may be missing: a later one may have been said and not be captured, until the sender's
    /// connection shows that none was.
    Late,
    /// The sender's id is not known: another may have said the same, until so many nanoseconds since the epoch.
    Unnamed(i64),
    /// Its text is another: the server may have changed it, or the say may be missing, until the sender's connection shows that none is.
    OtherText,
}

/// Decides what a delivery delivers, where `first` is the first say that it may.
pub fn decide(first: &Candidate, wanted: &Wanted) -> Decision {
    let is_late = first.age > wanted.usual;
    let is_own = wanted.is_senders_copy && first.sender == wanted.receiver;
    let may_lack_others = match first.is_one_of_several {
        true => !wanted.is_named || first.may_lack_says || first.may_lack_deliveries,
        false => first.may_lack_says && (first.may_lack_deliveries || is_late),
    };
    if may_lack_others || first.may_be_anothers && !is_own {
        return Decision::Unknown;
    }
    if first.is_one_of_several {
        return Decision::InTurn;
    }
    // Where its delivery may be missing, this may deliver a later one, unless the sender's connection shows that none is missing.
    if is_late || wanted.is_named && first.may_lack_segments && first.sender != wanted.receiver {
        return Decision::Likely(Doubt::Late);
    }
    match wanted.is_named || is_own {
        true => Decision::First,
        false => Decision::Likely(Doubt::Unnamed(wanted.time.saturating_add(wanted.usual))),
    }
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
    const ONLY: Candidate = Candidate {
        sender: StreamId(0),
        age: 1,
        is_one_of_several: false,
        may_be_anothers: false,
        may_lack_says: false,
        may_lack_deliveries: false,
        may_lack_segments: false,
    };

    fn wanted() -> Wanted {
        Wanted { receiver: RECEIVER, time: 10_000, is_senders_copy: false, is_named: true, usual: 50 }
    }

    #[test]
    fn the_only_say_is_delivered_and_of_several_the_order_decides() {
        assert_eq!(decide(&ONLY, &wanted()), Decision::First);
        let late = Candidate { age: 2501, ..ONLY };
        assert_eq!(decide(&late, &wanted()), Decision::Likely(Doubt::Late), "another may yet show to be missing");
        for age in [1, 2501] {
            let several = Candidate { age, is_one_of_several: true, ..ONLY };
            assert_eq!(decide(&several, &wanted()), Decision::InTurn, "{age}: age decides nothing");
        }
    }

    #[test]
    fn a_sender_without_an_id_may_be_another() {
        let anybody = Wanted { is_named: false, ..wanted() };
        assert_eq!(decide(&ONLY, &anybody), Decision::Likely(Doubt::Unnamed(10_050)));
        let own = Wanted { is_senders_copy: true, receiver: StreamId(0), ..anybody };
        assert_eq!(decide(&ONLY, &own), Decision::First, "it is returned to its sender alone");
        assert_eq!(decide(&Candidate { may_be_anothers: true, ..ONLY }, &anybody), Decision::Unknown);
        assert_eq!(decide(&Candidate { is_one_of_several: true, ..ONLY }, &own), Decision::Unknown);
    }

    #[test]
    fn what_the_capture_may_lack_is_not_decided() {
        let several = Candidate { is_one_of_several: true, ..ONLY };
        for lacking in
            [Candidate { may_lack_says: true, ..several }, Candidate { may_lack_deliveries: true, ..several }]
        {
            assert_eq!(decide(&lacking, &wanted()), Decision::Unknown);
        }
        let lacks_says = Candidate { may_lack_says: true, ..ONLY };
        assert_eq!(decide(&lacks_says, &wanted()), Decision::First, "no delivery is missing");
        assert_eq!(decide(&Candidate { age: 500, ..lacks_says }, &wanted()), Decision::Unknown);
        assert_eq!(decide(&Candidate { may_lack_deliveries: true, ..lacks_says }, &wanted()), Decision::Unknown);
        let lacks_segments = Candidate { may_lack_deliveries: true, may_lack_segments: true, ..ONLY };
        assert_eq!(decide(&lacks_segments, &wanted()), Decision::Likely(Doubt::Late));
        assert_eq!(decide(&lacks_segments, &Wanted { receiver: StreamId(0), ..wanted() }), Decision::First);
    }

    #[test]
    fn the_usual_time_is_twice_the_longest_of_late() {
        assert_eq!([0, 1, 30_000_000, i64::MAX / 2].map(usual), [FIRST_USUAL, LEAST_USUAL, 60_000_000, MOST_USUAL]);
    }
}
