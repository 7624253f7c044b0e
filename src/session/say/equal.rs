//! Equal says of one server: from one sender, to one recipient, with one text; and which of them a delivery may deliver.

use std::borrow::Cow;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::failpoint::failpoint;
use crate::packet::{FrameTime, Position, Side, StreamId};
use crate::session::connection::Connection;
use crate::session::connection::gaps::Gaps;
use crate::session::connection::table::Connections;
use crate::session::ids::SayNumber;
use crate::session::say::matching::{
    Candidate, MAX_COMPARED, MOST_USUAL, SLOW, Verdict, Wanted, decide, first_in_time, last_of, usual,
};
use crate::session::say::{Delivery, Said, SayCopy, Says, TrackedSay};
use crate::session::storage::chunks::Chunks;
use crate::session::storage::texts::TextId;

/// A say older than this is not considered. Nanoseconds.
pub const DELIVERY_WINDOW: i64 = 60_000_000_000;

/// What of a capture is asked for the say of a delivery.
#[derive(Clone, Copy)]
pub struct Capture<'a> {
    /// All says.
    pub says: &'a Says,
    /// The connections, for what the capture lacks of them.
    pub connections: &'a Connections,
    /// What it lacks of what the server's clients sent since they were first seen.
    pub gaps: &'a Gaps,
    /// When its first segment was captured, in nanoseconds since the epoch.
    pub start: i64,
}

/// Says of one sender, to one recipient and of one text.
#[derive(Debug, Clone)]
struct EqualSays {
    said: Said,
    /// The sender's client id, where it was known.
    from: Option<TextId>,
    numbers: Numbers,
}

/// Numbers of says, ascending. Most are said once.
#[derive(Debug, Clone)]
enum Numbers {
    One(SayNumber),
    Several(Box<Several>),
}

#[derive(Debug, Clone)]
struct Several {
    says: Vec<SayNumber>,
}

impl EqualSays {
    fn numbers(&self) -> &[SayNumber] {
        match &self.numbers {
            Numbers::One(only) => std::slice::from_ref(only),
            Numbers::Several(several) => &several.says,
        }
    }

    /// Enters another say.
    fn push(&mut self, number: SayNumber) {
        match &mut self.numbers {
            Numbers::One(first) => {
                let says = vec![number.min(*first), number.max(*first)];
                self.numbers = Numbers::Several(Box::new(Several { says }));
            }
            Numbers::Several(several) => {
                let at = several.says.partition_point(|earlier| *earlier < number);
                several.says.insert(at, number);
            }
        }
    }

    /// The says that a connection can get at this time that gets none before `next`, and none that was said before it was in a room.
    fn since(&self, next: SayNumber, joined: Option<FrameTime>, time: i64, says: &Says) -> &[SayNumber] {
        let start = self.numbers().partition_point(|number| {
            *number < next
                || says.get(*number).map(TrackedSay::at).is_none_or(|said| {
                    joined.is_some_and(|joined| said.frame < joined.frame && said.time < joined.time)
                        || time.saturating_sub(said.time) > DELIVERY_WINDOW
                })
        });
        &self.numbers()[start..]
    }

    /// Of the connections that have said it, not earlier than a time, the first two.
    fn speakers(&self, since: i64, says: &Says) -> [Option<StreamId>; 2] {
        let recent = last_of(self.numbers()).iter().filter_map(|number| says.get(*number));
        let mut streams = recent.filter(|say| say.at().time >= since).map(|say| say.stream);
        let first = streams.next();
        [first, streams.find(|stream| Some(*stream) != first)]
    }
}

/// The says of one server by what they have in common with their deliveries, and how far each connection has got them.
#[derive(Debug, Default)]
pub struct SayIndex {
    lists: Chunks<EqualSays>,
    /// Numbers of `lists`, by sender and text.
    index: HashTable<u32>,
    /// Per connection, copy and list of equal says, the first say that can reach the connection next: a connection gets says in their
    /// order. The connection's number and, above two bits for the copy, that of the list.
    progress: HashMap<(StreamId, u32), SayNumber>,
    /// When a sender whose id is not known said something last, in nanoseconds since the epoch.
    last_unnamed: i64,
    /// The longest time between a request and its answer, in nanoseconds, of late; 0 until one is known.
    longest: i64,
    hasher: DefaultHashBuilder,
}

impl SayIndex {
    fn find_list(&self, from: Option<TextId>, said: Said) -> Option<u32> {
        self.index
            .find(self.hasher.hash_one((from, said)), |at| {
                self.lists.get(*at).is_some_and(|list| (list.from, list.said) == (from, said))
            })
            .copied()
    }

    fn list(&self, from: Option<TextId>, said: Said) -> Option<&EqualSays> {
        self.lists.get(self.find_list(from, said)?)
    }

    fn add(&mut self, new: EqualSays) -> u32 {
        let hash = self.hasher.hash_one((new.from, new.said));
        let number = self.lists.push(new);
        let (lists, hasher) = (&self.lists, &self.hasher);
        self.index
            .insert_unique(hash, number, |at| lists.get(*at).map_or(0, |list| hasher.hash_one((list.from, list.said))));
        number
    }

    /// Enters a say request of which it is known what was said.
    pub fn enter(&mut self, number: SayNumber, from: Option<TextId>, said: Said, says: &mut Says) {
        failpoint!("session::matching");
        match self.find_list(from, said).and_then(|list| self.lists.get_mut(list)) {
            Some(list) => list.push(number),
            None => _ = self.add(EqualSays { said, from, numbers: Numbers::One(number) }),
        }
        if let Some(say) = says.set_readable(number).filter(|_| from.is_none()) {
            self.last_unnamed = self.last_unnamed.max(say.at().time);
        }
    }

    /// Enters that an answer took so many nanoseconds.
    pub fn answered_after(&mut self, nanoseconds: i64) {
        let nanoseconds = nanoseconds.clamp(1, MOST_USUAL);
        self.longest = nanoseconds.max(self.longest - self.longest / 8);
    }

    /// The time that the server usually takes at most, in nanoseconds.
    pub fn usual(&self) -> i64 {
        usual(self.longest)
    }

    /// Enters that a delivery delivers this say: its connection gets no earlier one any more.
    pub fn deliver(&mut self, number: SayNumber, delivery: &Delivery) {
        for from in [delivery.from, None] {
            let Some(at) = self.find_list(from, delivery.said) else { continue };
            if self.lists.get(at).is_some_and(|list| list.numbers().binary_search(&number).is_ok()) {
                let next = self.progress.entry(progress_of(delivery, at)).or_insert(0);
                *next = (*next).max(number + 1);
                return;
            }
        }
    }

    /// Decides which say of a client, or of connections whose id was not known, a delivery delivers; `owner`: the connection that has the
    /// id that it names.
    pub fn find(
        &self,
        from: Option<TextId>,
        delivery: &Delivery,
        owner: Option<StreamId>,
        capture: &Capture,
    ) -> Verdict {
        let Some(at) = self.find_list(from, delivery.said) else { return Verdict::Unmatched };
        let Some(list) = self.lists.get(at) else { return Verdict::Unmatched };
        let longest = self.longest(list, delivery, capture);
        let wanted = Wanted {
            receiver: delivery.place.stream,
            time: delivery.place.at.time,
            is_senders_copy: delivery.copy == SayCopy::ToSender,
            is_named: from.is_some(),
            usual: usual(longest),
        };
        let next = self.progress.get(&progress_of(delivery, at)).copied().unwrap_or(0);
        let speakers = match from {
            Some(_) => [None, None],
            None => list.speakers(wanted.time.saturating_sub(SLOW), capture.says),
        };
        let gathering = Gathering { delivery, wanted: &wanted, owner, speakers, capture };
        let mut numbers = Cow::Borrowed(list.since(next, delivery.joined, wanted.time, capture.says));
        if let (true, Some(joined)) = (numbers.is_empty(), delivery.joined) {
            let earlier = list.since(next, None, wanted.time, capture.says);
            numbers = gathering.under_way(earlier, joined.time.saturating_sub(longest)).into();
        }
        match gathering.compared(&numbers).as_ref() {
            [] => Verdict::Unmatched,
            [only] => gathering.candidate(*only).map_or(Verdict::Unmatched, |only| decide(&[only], &wanted)),
            several => {
                let candidates: Vec<_> = several.iter().filter_map(|number| gathering.candidate(*number)).collect();
                decide(&candidates, &wanted)
            }
        }
    }

    /// The longest time of late between a request and its answer, on the connections of a delivery and of its say, or else on any.
    fn longest(&self, list: &EqualSays, delivery: &Delivery, capture: &Capture) -> i64 {
        let last = list.numbers().last().and_then(|last| capture.says.get(*last));
        let streams = [Some(delivery.place.stream), last.map(|last| last.stream)];
        let connections = streams.into_iter().flatten().filter_map(|stream| capture.connections.get(&stream));
        let round_trips = connections.filter_map(Connection::chat).map(|chat| chat.round_trip());
        round_trips.max().filter(|longest| *longest > 0).unwrap_or(self.longest)
    }

    /// The says that a delivery could deliver, too, if their senders, whose ids are not known, were the one whose say it delivers: a proxy
    /// may stand between.
    pub fn also_meant(&self, delivery: &Delivery, say: SayNumber, says: &Says) -> Vec<SayNumber> {
        let since = delivery.place.at.time.saturating_sub(SLOW);
        if self.last_unnamed < since {
            return Vec::new(); // as nearly always
        }
        let numbers = self.list(None, delivery.said).map_or(&[][..], |list| last_of(list.numbers())).iter().copied();
        let others = numbers.filter(|other| *other != say);
        others.filter(|other| says.get(*other).is_some_and(|other| other.at().time >= since)).collect()
    }

    /// Whether no other connection has said the same of late, so that the delivery names the sender of this say.
    pub fn is_unique(&self, number: SayNumber, said: Said, says: &Says) -> bool {
        let Some((say, list)) = says.get(number).zip(self.list(None, said)) else { return true };
        let mut all = last_of(list.numbers()).iter().filter_map(|other| says.get(*other));
        !all.any(|other| other.stream != say.stream && say.at().since(other.at()).abs() <= DELIVERY_WINDOW)
    }

    /// Takes over what is known of a server that turns out to be the same.
    pub fn absorb(&mut self, other: SayIndex) {
        self.last_unnamed = self.last_unnamed.max(other.last_unnamed);
        self.longest = self.longest.max(other.longest);
        let mut places = Vec::new();
        for old in other.lists.iter() {
            let known = self.find_list(old.from, old.said);
            if let Some(list) = known.and_then(|known| self.lists.get_mut(known)) {
                old.numbers().iter().for_each(|number| list.push(*number));
            }
            places.push(known.unwrap_or_else(|| self.add(old.clone())));
        }
        for ((stream, key), number) in other.progress {
            let Some(place) = places.get((key >> 2) as usize) else { continue };
            let next = self.progress.entry((stream, place << 2 | key & 3)).or_insert(0);
            *next = (*next).max(number);
        }
    }
}

fn progress_of(delivery: &Delivery, list: u32) -> (StreamId, u32) {
    (delivery.place.stream, list << 2 | delivery.copy as u32)
}

/// What the candidates of one delivery are gathered with.
struct Gathering<'a> {
    delivery: &'a Delivery,
    wanted: &'a Wanted,
    /// The connection that has the id that the delivery names.
    owner: Option<StreamId>,
    /// Of a sender whose id was not known: two of the connections that have just said the same.
    speakers: [Option<StreamId>; 2],
    capture: &'a Capture<'a>,
}

impl Gathering<'_> {
    /// What was under way when the receiving connection joined, and what it said itself before its user was known.
    fn under_way(&self, numbers: &[SayNumber], since: i64) -> Vec<SayNumber> {
        let all = last_of(numbers).iter().copied();
        all.filter(|number| {
            let say = self.capture.says.get(*number);
            say.is_some_and(|say| say.stream == self.wanted.receiver || say.at().time >= since)
        })
        .collect()
    }

    /// Those of many that need be compared: the last ones, and of one sender's the first in time with the one before.
    fn compared<'n>(&self, numbers: &'n [SayNumber]) -> Cow<'n, [SayNumber]> {
        let last = last_of(numbers);
        if numbers.len() <= MAX_COMPARED || !self.wanted.is_named {
            return last.into();
        }
        let first = first_in_time(
            numbers,
            |number| self.capture.says.get(*number).map_or(i64::MAX, |say| self.age(say)),
            self.wanted.usual,
        );
        let (before, end) = (first.saturating_sub(1), (first + 1).min(numbers.len() - MAX_COMPARED));
        numbers[before.min(end)..end].iter().chain(last).copied().collect()
    }

    fn age(&self, say: &TrackedSay) -> i64 {
        self.wanted.time.saturating_sub(say.last_heard()).max(0)
    }

    fn candidate(&self, number: SayNumber) -> Option<Candidate> {
        let Capture { says, connections, gaps, start } = *self.capture;
        let say = says.get(number)?;
        let (said, is_receivers) = (say.at(), say.stream == self.wanted.receiver);
        let (sender, receiver) = (connections.get(&say.stream), connections.get(&self.wanted.receiver));
        let missing = receiver.map_or(Gaps::NONE, |receiver| receiver.gaps(Side::Server));
        let may_lack_deliveries = missing.after(said.frame);
        let is_unnamed = !self.wanted.is_named;
        Some(Candidate {
            say: number,
            sender: say.stream,
            age: self.age(say),
            is_in_flight: is_receivers
                && receiver.is_some_and(|receiver| receiver.tcp().is_in_flight(Side::Client, said.frame)),
            is_anothers: is_unnamed && self.is_anothers(say.stream, sender),
            // What was said just before the capture began, or before something that it lacks, may have been said by another.
            may_be_anothers: is_unnamed
                && (self.speakers.iter().flatten().any(|speaker| *speaker != say.stream)
                    || said.time.saturating_sub(start) < self.wanted.usual
                    || gaps.after(said.frame)),
            may_lack_says: sender
                .is_some_and(|it| it.gaps(Side::Client).after(said.frame) || it.has_unread(Side::Client)),
            may_lack_deliveries,
            may_lack_segments: may_lack_deliveries && missing.any_segment(said.frame),
        })
    }

    /// Whether a connection whose client id was not known when it said something is not that of the client that the delivery names.
    fn is_anothers(&self, stream: StreamId, sender: Option<&Connection>) -> bool {
        if self.owner.is_some_and(|owner| owner != stream) {
            return true;
        }
        let at = Position::end_of(self.delivery.place.at.frame);
        let Some(known) = sender.and_then(|sender| sender.identity(at)) else { return false };
        match known.id {
            Some(id) => self.delivery.from.is_some_and(|from| from != id),
            None => self.delivery.from_name.is_some_and(|name| name != known.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Frame;

    /// Equal says of one connection, one a frame, at these times.
    fn says(times: &[i64]) -> (EqualSays, Says) {
        let mut says = Says::default();
        let mut list =
            EqualSays { said: Said::new("all", "x", &Default::default()), from: None, numbers: Numbers::One(0) };
        for (frame, time) in (1..).zip(times) {
            let at = FrameTime { frame: Frame::of(frame), time: *time };
            let number = says.push(TrackedSay::new(at, StreamId(0), true, 0), "");
            if number > 0 {
                list.push(number);
            }
        }
        (list, says)
    }

    fn since(frame: u32) -> Option<FrameTime> {
        Some(FrameTime { frame: Frame::unpack(frame)?, time: i64::from(frame) - 1 })
    }

    #[test]
    fn who_joins_late_gets_no_earlier_say() {
        let (list, says) = says(&[0, 1, 2, 3]);
        for joined in 0..6 {
            let expected = (joined.max(1) <= 4).then(|| joined.max(1) - 1);
            assert_eq!(list.since(0, since(joined), 4, &says).first().copied(), expected);
        }
        assert_eq!(list.since(2, since(0), 3 + DELIVERY_WINDOW, &says), [3]);
        assert_eq!(list.since(2, since(0), 4, &says), [2, 3], "it has got the first two");
    }

    #[test]
    fn of_many_says_the_first_in_time_is_compared_with_the_last() {
        let (list, says) = says(&(0..1000).collect::<Vec<_>>());
        let capture = Capture { says: &says, connections: &Connections::default(), gaps: Gaps::NONE, start: 0 };
        let mut wanted = Wanted { receiver: StreamId(1), time: 1000, is_senders_copy: false, is_named: true, usual: 0 };
        let delivery = Delivery {
            place: crate::session::ids::MessagePlace {
                stream: StreamId(1),
                at: FrameTime { frame: Frame::of(1001), time: 1000 },
                index: 0,
            },
            from: None,
            from_name: None,
            said: list.said,
            copy: SayCopy::Public,
            joined: None,
        };
        for usual in [0, 63, 64, 65, 66, 100, 998, 1000, 2000] {
            wanted.usual = usual;
            let gathering =
                Gathering { delivery: &delivery, wanted: &wanted, owner: None, speakers: [None; 2], capture: &capture };
            let candidates = |numbers: &[SayNumber]| {
                numbers.iter().filter_map(|number| gathering.candidate(*number)).collect::<Vec<_>>()
            };
            let (all, compared) = (candidates(list.numbers()), candidates(&gathering.compared(list.numbers())));
            assert!(compared.len() <= MAX_COMPARED + 2 && compared.is_sorted_by_key(|say| say.say));
            assert_eq!(decide(&compared, &wanted), decide(&all, &wanted), "{usual}");
        }
    }
}
