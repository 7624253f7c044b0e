//! Equal says of one server: from one sender, to one recipient, with one text; and which of them a delivery may deliver.

use std::borrow::Cow;
use std::hash::BuildHasher;
use std::ops::RangeInclusive;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::failpoint::failpoint;
use crate::one_or_many::OneOrMany;
use crate::packet::{FrameTime, Position, Side, StreamId};
use crate::session::connection::Connection;
use crate::session::connection::application::Chat;
use crate::session::connection::table::Connections;
use crate::session::ids::SayNumber;
use crate::session::say::matching::{
    Candidate, MOST_USUAL, SLOW, Verdict, Wanted, decide, first_in_time, last_of, possible, usual,
};
use crate::session::say::{Delivery, Said, SayCopy, Says, TrackedSay};
use crate::session::storage::chunks::Chunks;
use crate::session::storage::texts::TextId;
use crate::tcp::gaps::Gaps;

/// A say older than this is not considered. Nanoseconds.
pub const DELIVERY_WINDOW: i64 = 60_000_000_000;

/// A delivery whose say is asked for, and what of the capture may decide it.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The delivery.
    pub delivery: &'a Delivery,
    /// The connection that has the client id that it names.
    pub owner: Option<StreamId>,
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
    /// Ascending. Most are said once.
    numbers: OneOrMany<SayNumber>,
}

impl EqualSays {
    fn numbers(&self) -> &[SayNumber] {
        self.numbers.as_slice()
    }

    /// Enters another say.
    fn push(&mut self, number: SayNumber) {
        let place = self.numbers().partition_point(|earlier| *earlier < number);
        self.numbers.insert(place, number);
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

    /// Of the connections that have said it lately, in this time, the first two.
    fn speakers(&self, times: RangeInclusive<i64>, says: &Says) -> Speakers {
        let recent = last_of(self.numbers()).iter().filter_map(|number| says.get(*number));
        let mut streams = recent.filter(|say| times.contains(&say.at().time)).map(|say| say.stream);
        let first = streams.next();
        Speakers([first, streams.find(|stream| Some(*stream) != first)])
    }
}

/// At most two connections that have said the same.
#[derive(Clone, Copy)]
struct Speakers([Option<StreamId>; 2]);

impl Speakers {
    fn any_but(self, stream: StreamId) -> bool {
        self.0.iter().flatten().any(|speaker| *speaker != stream)
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
    /// The says of a sender, to a recipient and of a text, and the number of their list.
    fn list(&self, from: Option<TextId>, said: Said) -> Option<(u32, &EqualSays)> {
        let found = self.index.find(self.hasher.hash_one((from, said)), |number| {
            self.lists.get(*number).is_some_and(|list| (list.from, list.said) == (from, said))
        });
        found.and_then(|number| Some((*number, self.lists.get(*number)?)))
    }

    /// Enters says. Returns the number of their list.
    fn insert(&mut self, from: Option<TextId>, said: Said, numbers: &[SayNumber]) -> u32 {
        let known = self.list(from, said).map(|(number, _)| number);
        let number = known.unwrap_or_else(|| {
            let number = self.lists.push(EqualSays { said, from, numbers: OneOrMany::None });
            let (lists, hasher) = (&self.lists, &self.hasher);
            self.index.insert_unique(hasher.hash_one((from, said)), number, |number| {
                lists.get(*number).map_or(0, |list| hasher.hash_one((list.from, list.said)))
            });
            number
        });
        if let Some(list) = self.lists.get_mut(number) {
            numbers.iter().for_each(|number| list.push(*number));
        }
        number
    }

    /// Enters a say request of which it is known what was said.
    pub fn enter(&mut self, number: SayNumber, from: Option<TextId>, said: Said, says: &mut Says) {
        failpoint!("session::matching");
        self.insert(from, said, &[number]);
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
            let Some((list, says)) = self.list(from, delivery.said) else { continue };
            if says.numbers().binary_search(&number).is_ok() {
                let next = self.progress.entry(progress_of(delivery, list)).or_insert(0);
                *next = (*next).max(number + 1);
                return;
            }
        }
    }

    /// Decides which say of a client, or of connections whose id was not known, a delivery delivers.
    pub fn find(&self, from: Option<TextId>, asked: &Question) -> Verdict {
        let (delivery, time) = (asked.delivery, asked.delivery.place.at.time);
        let Some((number, list)) = self.list(from, delivery.said) else { return Verdict::Unmatched };
        let longest = self.longest(list, asked);
        let wanted = Wanted {
            receiver: delivery.place.stream,
            time,
            is_senders_copy: delivery.copy == SayCopy::ToSender,
            is_named: from.is_some(),
            usual: usual(longest),
        };
        let next = self.progress.get(&progress_of(delivery, number)).copied().unwrap_or(0);
        let mut numbers = Cow::Borrowed(list.since(next, delivery.joined, time, asked.says));
        if let (true, Some(joined)) = (numbers.is_empty(), delivery.joined) {
            let earlier = list.since(next, None, time, asked.says);
            numbers = asked.under_way(earlier, joined.time.saturating_sub(longest)).into();
        }
        let speakers = match from {
            Some(_) => Speakers([None; 2]),
            None => list.speakers(time.saturating_sub(SLOW)..=i64::MAX, asked.says),
        };
        let possible =
            possible(&numbers, &wanted, |number| asked.is_in_flight(*number), |number| asked.is_anothers(*number));
        let compared = asked.compared(&possible, wanted.usual);
        let verdict = match compared.as_ref() {
            [] => Verdict::Unmatched,
            [only] => decide(asked.candidate(*only, speakers, &wanted).as_slice(), &wanted),
            several => {
                let candidates = several.iter().filter_map(|number| asked.candidate(*number, speakers, &wanted));
                decide(&candidates.collect::<Vec<_>>(), &wanted)
            }
        };
        // Any of those could be meant that were not compared one by one.
        if matches!(verdict, Verdict::Unknown(_)) && compared.len() < possible.len() {
            return Verdict::Unknown(last_of(&possible).to_vec());
        }
        verdict
    }

    /// The longest time of late between a request and its answer, on the connections of a delivery and of its say, or else on any.
    fn longest(&self, list: &EqualSays, asked: &Question) -> i64 {
        let last = list.numbers().last().and_then(|last| asked.says.get(*last));
        let streams = [Some(asked.delivery.place.stream), last.map(|last| last.stream)];
        let connections = streams.iter().flatten().filter_map(|stream| asked.connections.get(stream));
        let round_trips = connections.filter_map(Connection::chat).map(Chat::round_trip);
        round_trips.max().filter(|longest| *longest > 0).unwrap_or(self.longest)
    }

    /// The says that a delivery could deliver, too, if their senders, whose ids are not known, were the one whose say it delivers: a proxy
    /// may stand between.
    pub fn also_meant(&self, delivery: &Delivery, say: SayNumber, says: &Says) -> Vec<SayNumber> {
        let since = delivery.place.at.time.saturating_sub(SLOW);
        if self.last_unnamed < since {
            return Vec::new(); // as nearly always
        }
        let numbers = self.list(None, delivery.said).map_or(&[][..], |(_, list)| last_of(list.numbers()));
        let others = numbers.iter().copied().filter(|other| *other != say);
        others.filter(|other| says.get(*other).is_some_and(|other| other.at().time >= since)).collect()
    }

    /// Whether no other connection has said the same of late, so that the delivery names the sender of this say.
    pub fn is_unique(&self, number: SayNumber, said: Said, says: &Says) -> bool {
        let Some((say, (_, list))) = says.get(number).zip(self.list(None, said)) else { return true };
        let time = say.at().time;
        let times = time.saturating_sub(DELIVERY_WINDOW)..=time.saturating_add(DELIVERY_WINDOW);
        !list.speakers(times, says).any_but(say.stream)
    }

    /// Takes over what is known of a server that turns out to be the same.
    pub fn absorb(&mut self, other: SayIndex) {
        self.last_unnamed = self.last_unnamed.max(other.last_unnamed);
        self.longest = self.longest.max(other.longest);
        let lists = other.lists.iter();
        let places: Vec<u32> = lists.map(|list| self.insert(list.from, list.said, list.numbers())).collect();
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

impl Question<'_> {
    /// What was under way when the receiving connection joined, and what it said itself before its user was known.
    fn under_way(&self, numbers: &[SayNumber], since: i64) -> Vec<SayNumber> {
        let mut possible = last_of(numbers).to_vec();
        possible.retain(|number| {
            let say = self.says.get(*number);
            say.is_some_and(|say| say.stream == self.delivery.place.stream || say.at().time >= since)
        });
        possible
    }

    /// Those of many that need be compared, as order and time alone decide: the first in time, the one before and the last.
    fn compared<'n>(&self, numbers: &'n [SayNumber], usual: i64) -> Cow<'n, [SayNumber]> {
        let ([.., last], true) = (numbers, numbers.len() > 3) else { return numbers.into() };
        let first =
            first_in_time(numbers, |number| self.says.get(*number).map_or(i64::MAX, |say| self.age(say)), usual);
        let end = (first + 1).min(numbers.len() - 1);
        [&numbers[first.saturating_sub(1).min(end)..end], &[*last]].concat().into()
    }

    /// Whether the receiving connection itself has said this, and the server has not acknowledged it.
    fn is_in_flight(&self, number: SayNumber) -> bool {
        let own = self.says.get(number).filter(|say| say.stream == self.delivery.place.stream);
        let receiver = own.and_then(|own| self.connections.get(&own.stream));
        own.zip(receiver).is_some_and(|(own, receiver)| receiver.tcp().is_in_flight(Side::Client, own.at().frame))
    }

    fn age(&self, say: &TrackedSay) -> i64 {
        self.delivery.place.at.time.saturating_sub(say.last_heard()).max(0)
    }

    fn candidate(&self, number: SayNumber, speakers: Speakers, wanted: &Wanted) -> Option<Candidate> {
        let say = self.says.get(number)?;
        let said = say.at();
        let (sender, receiver) = (self.connections.get(&say.stream), self.connections.get(&wanted.receiver));
        let missing = receiver.map_or(Gaps::NONE, |receiver| receiver.gaps(Side::Server));
        let may_lack_deliveries = missing.after(said.frame);
        Some(Candidate {
            say: number,
            sender: say.stream,
            age: self.age(say),
            // What was said just before the capture began, or before something that it lacks, may have been said by another.
            may_be_anothers: !wanted.is_named
                && (speakers.any_but(say.stream)
                    || said.time.saturating_sub(self.start) < wanted.usual
                    || self.gaps.after(said.frame)),
            may_lack_says: sender
                .is_some_and(|it| it.gaps(Side::Client).after(said.frame) || it.has_unread(Side::Client)),
            may_lack_deliveries,
            may_lack_segments: may_lack_deliveries && missing.any_segment(said.frame),
        })
    }

    /// Whether a connection whose client id was not known when it said something is not that of the client that the delivery names.
    fn is_anothers(&self, number: SayNumber) -> bool {
        if (self.delivery.from, self.delivery.from_name) == (None, None) {
            return false; // it names nobody
        }
        let Some(say) = self.says.get(number) else { return true };
        if self.owner.is_some_and(|owner| owner != say.stream) {
            return true;
        }
        let at = Position::end_of(self.delivery.place.at.frame);
        let sender = self.connections.get(&say.stream);
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
    use crate::session::ids::MessagePlace;

    /// Equal says of one connection, one a frame, at these times.
    fn says(times: &[i64]) -> (EqualSays, Says) {
        let mut says = Says::default();
        let mut list =
            EqualSays { said: Said::new("all", "x", &Default::default()), from: None, numbers: OneOrMany::None };
        for (frame, time) in (1..).zip(times) {
            let at = FrameTime { frame: Frame::of(frame), time: *time };
            let number = says.push(TrackedSay::new(at, StreamId(0), true, 0), "");
            list.push(number);
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
        let at = FrameTime { frame: Frame::of(1001), time: 1000 };
        let delivery = Delivery {
            place: MessagePlace { stream: StreamId(1), at, index: 0 },
            from: None,
            from_name: None,
            said: list.said,
            copy: SayCopy::Public,
            joined: None,
        };
        let connections = &Connections::default();
        let asked = Question { delivery: &delivery, owner: None, says: &says, connections, gaps: Gaps::NONE, start: 0 };
        for usual in [0, 63, 64, 65, 66, 100, 998, 1000, 2000] {
            let wanted = Wanted { receiver: StreamId(1), time: 1000, is_senders_copy: false, is_named: true, usual };
            let [all, compared] = [list.numbers(), &asked.compared(list.numbers(), wanted.usual)].map(|numbers| {
                let candidates = numbers.iter().map(|number| asked.candidate(*number, Speakers([None; 2]), &wanted));
                candidates.collect::<Option<Vec<_>>>().expect("all are kept")
            });
            assert!(compared.len() <= 3 && compared.is_sorted_by_key(|say| say.say));
            assert_eq!(decide(&compared, &wanted), decide(&all, &wanted), "{usual}");
        }
    }
}
