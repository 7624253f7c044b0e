//! Equal says of one server: from one sender, to one recipient, with one text; and which of them a delivery may deliver.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::ops::RangeInclusive;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::failpoint::failpoint;
use crate::matching::{
    Candidate, Decision, Doubt, LEAST_USUAL, LONGEST_STALL, MOST_USUAL, SLOW, Wanted, decide, last_of, usual,
};
use crate::one_or_many::OneOrMany;
use crate::packet::{Frame, FrameTime, Position, Side, StreamId};
use crate::session::connection::Connection;
use crate::session::connection::application::Chat;
use crate::session::connection::table::Connections;
use crate::session::ids::{Room, SayNumber};
use crate::session::say::order::{InTurn, Order, Ordered, Sequence, narrow};
use crate::session::say::{Delivery, Said, SayCopy, Says, TrackedSay};
use crate::storage::chunks::Chunks;
use crate::storage::texts::TextId;
use crate::tcp::gaps::Gaps;

/// A say older than this is not considered. Nanoseconds.
pub const DELIVERY_WINDOW: i64 = 60_000_000_000;
/// How many says are kept whose senders may yet become known.
const MAX_UNNAMED: usize = 1024;

/// What of the capture may decide which say a delivery delivers.
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
    /// Whether the server keeps the order of what one client says.
    pub is_ordered: bool,
}

impl<'a> Capture<'a> {
    /// All of it, one after another.
    pub fn of(
        says: &'a Says,
        connections: &'a Connections,
        start: i64,
        gaps: &'a Gaps,
        is_ordered: bool,
    ) -> Capture<'a> {
        Capture { says, connections, gaps, start, is_ordered }
    }
}

/// A delivery whose say is asked for.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The delivery.
    pub delivery: &'a Delivery,
    /// The connection that has the client id that it names.
    pub owner: Option<StreamId>,
    /// What may decide it.
    pub capture: Capture<'a>,
}

/// What is known of the say that a delivery delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is this one, which was said, or delivered to somebody else, so many nanoseconds before.
    Certain(SayNumber, i64),
    /// It is this one, if what follows in the capture does not contradict it.
    Likely(SayNumber, Doubt),
    /// It is one of the list of this number, from the first of these on to the last: the deliveries that follow may show which.
    InTurn(u32, RangeInclusive<SayNumber>),
    /// One of these could be meant, and the capture lacks what would decide it.
    Unknown(Vec<SayNumber>),
    /// It was not captured.
    Unmatched,
}

/// What the deliveries that waited in a sequence turned out to deliver.
#[derive(Debug, Default)]
pub struct Settled {
    /// Each delivery, and the first say that it could have delivered.
    pub deliveries: Vec<(Delivery, SayNumber, Outcome)>,
    /// The says of which it is not known what became of them.
    pub open: Vec<SayNumber>,
}

/// What a delivery that waited turned out to deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// This say.
    Delivers(SayNumber),
    /// One of as many says as there are deliveries: each of them was delivered, this one, too.
    DeliversOneOf(SayNumber),
    /// It is not known.
    Unknown,
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

    /// The says from `next` on that can still be delivered at this time.
    fn since(&self, next: SayNumber, since: i64, says: &Says) -> &[SayNumber] {
        let is_past = |number: &SayNumber| says.get(*number).is_none_or(|said| said.at().time < since);
        let start = self.numbers().partition_point(|number| *number < next || is_past(number));
        &self.numbers()[start..]
    }

    /// Removes a say.
    fn remove(&mut self, number: SayNumber) {
        let numbers = std::mem::take(&mut self.numbers);
        numbers.as_slice().iter().filter(|other| **other != number).for_each(|other| self.numbers.push(*other));
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
    /// How far each connection has got them.
    order: Order,
    /// When a sender whose id is not known said something last, in nanoseconds since the epoch.
    last_unnamed: i64,
    /// The latest says of such senders.
    unnamed: VecDeque<(Said, SayNumber)>,
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
            self.unnamed.push_back((said, number));
            if self.unnamed.len() > MAX_UNNAMED {
                self.unnamed.pop_front();
            }
        }
    }

    /// Enters that a connection is that of this client: it was so when it said something before.
    pub fn name(&mut self, client: TextId, stream: StreamId, says: &Says) {
        if self.unnamed.is_empty() {
            return; // as nearly always
        }
        let is_its = |(_, number): &(Said, SayNumber)| says.get(*number).is_some_and(|say| say.stream == stream);
        let (its, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.unnamed).into_iter().partition(is_its);
        self.unnamed = others.into();
        for (said, number) in its {
            let unnamed = self.list(None, said).map(|(list, _)| list);
            if let Some(list) = unnamed.and_then(|list| self.lists.get_mut(list)) {
                list.remove(number);
            }
            self.insert(Some(client), said, &[number]);
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

    /// Where a delivery stands among others. `from`: the client whose says of this list it may deliver.
    fn sequence(delivery: &Delivery, from: Option<TextId>, list: u32, is_ordered: bool) -> Sequence {
        let says = from.filter(|_| is_ordered).map_or(Ordered::Equal(list), Ordered::OfClient);
        Sequence { receiver: delivery.place.stream, copy: delivery.copy, says }
    }

    /// Enters that a delivery delivers this say: its connection gets no earlier one any more.
    pub fn deliver(&mut self, number: SayNumber, delivery: &Delivery, is_ordered: bool) {
        let Some((list, from)) = self.list_of(number, delivery) else { return };
        let clients = [Some(from), from.is_none().then_some(delivery.from).filter(|_| is_ordered)];
        for client in clients.into_iter().flatten() {
            self.order.advance(SayIndex::sequence(delivery, client, list, is_ordered), number + 1);
        }
    }

    /// Whether the receiver of a delivery has got anything of its client that was captured, in an order that the server keeps.
    pub fn has_reached(&self, delivery: &Delivery) -> bool {
        let says = delivery.from.map(Ordered::OfClient);
        let (receiver, copy) = (delivery.place.stream, delivery.copy);
        says.is_some_and(|says| self.order.next(&Sequence { receiver, copy, says }) > 0)
    }

    /// The number of the list of a say that a delivery may deliver, and its sender.
    fn list_of(&self, say: SayNumber, delivery: &Delivery) -> Option<(u32, Option<TextId>)> {
        let mut lists = [delivery.from, None].into_iter().filter_map(|from| self.list(from, delivery.said));
        let (number, list) = lists.find(|(_, says)| says.numbers().binary_search(&say).is_ok())?;
        Some((number, list.from))
    }

    /// Decides which say of a client, or of connections whose id was not known, a delivery delivers.
    pub fn find(&self, from: Option<TextId>, asked: &Question) -> Verdict {
        let Some((number, list)) = self.list(from, asked.delivery.said) else { return Verdict::Unmatched };
        let sequence = SayIndex::sequence(asked.delivery, from, number, asked.capture.is_ordered);
        let next = self.order.next(&sequence);
        let says = self.possible(list, from.is_some(), next, asked);
        let (Some(&first), Some(&last)) = (says.first(), says.last()) else { return Verdict::Unmatched };
        let waits = !self.order.waiting(&sequence).is_empty();
        match self.decide(list, first, says.len() > 1, asked) {
            Some((age, _)) if asked.may_be_missing(next, first, age, || usual(self.longest(list, asked))) => {
                Verdict::Unknown(last_of(&says).to_vec())
            }
            None | Some((_, Decision::Unknown)) => Verdict::Unknown(last_of(&says).to_vec()),
            Some(_) if waits => Verdict::InTurn(number, first..=last),
            Some((_, Decision::InTurn)) => Verdict::InTurn(number, first..=last),
            Some((age, Decision::First)) => Verdict::Certain(first, age),
            Some((_, Decision::Likely(doubt))) => Verdict::Likely(first, doubt),
        }
    }

    /// Whether a delivery can still deliver the say that was likely its own.
    pub fn confirms(&self, say: SayNumber, asked: &Question) -> bool {
        let list = self.list_of(say, asked.delivery).and_then(|(number, _)| self.lists.get(number));
        let decision = list.and_then(|list| self.decide(list, say, false, asked));
        decision.is_some_and(|(_, decision)| decision != Decision::Unknown)
    }

    /// Decides about the first say of a list that a delivery may deliver. Returns that say's age, too.
    fn decide(
        &self,
        list: &EqualSays,
        first: SayNumber,
        is_one_of_several: bool,
        asked: &Question,
    ) -> Option<(i64, Decision)> {
        let delivery = asked.delivery;
        let wanted = Wanted {
            receiver: delivery.place.stream,
            time: delivery.place.at.time,
            is_senders_copy: delivery.copy == SayCopy::ToSender,
            is_named: list.from.is_some(),
            usual: usual(self.longest(list, asked)),
        };
        let speakers = match list.from {
            Some(_) => Speakers([None; 2]),
            None => list.speakers(wanted.time.saturating_sub(SLOW)..=i64::MAX, asked.capture.says),
        };
        let first = Candidate { is_one_of_several, ..asked.candidate(first, speakers, &wanted)? };
        Some((first.age, decide(&first, &wanted)))
    }

    /// The says of a list that a delivery may deliver, in their order.
    fn possible<'l>(
        &self,
        list: &'l EqualSays,
        is_named: bool,
        next: SayNumber,
        asked: &Question,
    ) -> Cow<'l, [SayNumber]> {
        let since = asked.delivery.place.at.time.saturating_sub(DELIVERY_WINDOW);
        let mut says = asked.behind_login(list.since(next, since, asked.capture.says), asked.delivery.joined);
        // The segment of a delivery acknowledges what its own connection said before.
        if says.last().is_some_and(|last| asked.is_in_flight(*last)) {
            let acknowledged = says.partition_point(|say| !asked.is_in_flight(*say));
            says = says[..acknowledged].to_vec().into();
        }
        if !is_named {
            says = last_of(&says).iter().copied().filter(|say| !asked.is_anothers(*say)).collect();
        } else if says.len() > 1 {
            says = asked.of_its_rooms(says);
        }
        says
    }

    /// Lets a delivery wait for those that follow. Returns what turns out of those that waited.
    pub fn wait(&mut self, list: u32, says: RangeInclusive<SayNumber>, asked: &Question) -> Vec<Settled> {
        let (delivery, Capture { is_ordered, .. }) = (asked.delivery, asked.capture);
        let Some(from) = self.lists.get(list).map(|list| list.from) else { return Vec::new() };
        let sequence = SayIndex::sequence(delivery, from, list, is_ordered);
        let (first, last) = says.into_inner();
        let before = self.order.waiting(&sequence).last().filter(|_| !matches!(sequence.says, Ordered::OfClient(_)));
        // Where the order is not kept, what was not delivered for long is lost.
        let is_over = before.is_some_and(|before| delivery.place.at.since(before.delivery.place.at) > LONGEST_STALL);
        let mut settled = Vec::new();
        if is_over {
            settled.push(self.take_turns(sequence, &asked.capture, true));
        }
        let first = first.max(self.order.next(&sequence));
        let has_room = self.order.wait(sequence, InTurn { delivery: *delivery, list, first, last });
        let is_last = self.is_last(&sequence);
        if is_last || !has_room {
            settled.push(self.take_turns(sequence, &asked.capture, is_last));
        }
        settled
    }

    /// Whether the last delivery that waits in a sequence is that of the last say.
    fn is_last(&self, sequence: &Sequence) -> bool {
        let waiting = self.order.waiting(sequence);
        let Some((first, last)) = waiting.first().zip(waiting.last()) else { return false };
        match sequence.says {
            Ordered::OfClient(_) => last.first == last.last,
            Ordered::Equal(list) => waiting.len() >= self.between(list, first.first, last.last).len(),
        }
    }

    fn take_turns(&mut self, sequence: Sequence, capture: &Capture, is_over: bool) -> Settled {
        let waiting = self.order.take(&sequence);
        self.settle(sequence, waiting, capture, is_over)
    }

    /// Settles all that waits, at the end of the capture, in its order.
    pub fn settle_all(&mut self, capture: &Capture) -> Vec<Settled> {
        let mut all: Vec<Settled> =
            self.order.take_all().into_iter().map(|(it, waiting)| self.settle(it, waiting, capture, false)).collect();
        all.sort_by_key(|settled| settled.deliveries.first().map(|(delivery, ..)| delivery.place.position()));
        all
    }

    /// The says of a list from one to another.
    fn between(&self, list: u32, first: SayNumber, last: SayNumber) -> &[SayNumber] {
        let numbers = self.lists.get(list).map_or(&[][..], EqualSays::numbers);
        let [start, end] = [first, last + 1].map(|number| numbers.partition_point(|earlier| *earlier < number));
        &numbers[start..end.max(start)]
    }

    /// Settles what the deliveries of a sequence deliver that wait, as far as those that followed show it. `is_over`: no more of them follow.
    fn settle(&mut self, sequence: Sequence, mut waiting: Vec<InTurn>, capture: &Capture, is_over: bool) -> Settled {
        failpoint!("session::order");
        let (Some(first), Some(last)) = (waiting.first().copied(), waiting.last().copied()) else {
            return Settled::default();
        };
        let asked = Question { delivery: &first.delivery, owner: None, capture: *capture };
        let is_ordered = matches!(sequence.says, Ordered::OfClient(_));
        self.order.advance(sequence, if is_ordered { last.first } else { last.last } + 1);
        if is_ordered {
            narrow(&mut waiting, |list, end| asked.of_its_rooms(self.between(list, 0, end).into()).last().copied());
        }
        let all = self.between(last.list, first.first, last.last);
        let are_all = !is_ordered && waiting.len() == all.len();
        let is_decided = !asked.may_lack(first.first);
        let mut settled = Settled::default();
        let mut open_after: HashMap<u32, SayNumber> = HashMap::new();
        let mut next = 0;
        for (place, it) in waiting.iter().enumerate() {
            let asked = Question { delivery: &it.delivery, ..asked };
            let says = asked.of_its_rooms(self.between(it.list, it.first.max(next), it.last).into());
            let outcome = match says.as_ref() {
                _ if !is_decided => Outcome::Unknown,
                [only] if is_ordered || waiting.len() == 1 => Outcome::Delivers(*only),
                _ if are_all => all.get(place).map_or(Outcome::Unknown, |say| Outcome::DeliversOneOf(*say)),
                [earlier @ .., last] if is_over && is_ordered && asked.is_alone_in_time(earlier, *last) => {
                    Outcome::Delivers(*last)
                }
                _ => Outcome::Unknown,
            };
            let open_after = open_after.entry(it.list).or_insert(0);
            let may_be_open = &says[says.partition_point(|say| *say < *open_after)..];
            match outcome {
                Outcome::Delivers(say) => {
                    // What was said shortly before may only be slow.
                    let slow = last_of(may_be_open).iter().filter(|other| **other < say && asked.age(**other) < SLOW);
                    settled.open.extend(slow);
                    next = say + 1;
                }
                Outcome::DeliversOneOf(_) => {}
                Outcome::Unknown => {
                    settled.open.extend(may_be_open);
                    *open_after = says.last().map_or(*open_after, |last| last + 1);
                }
            }
            settled.deliveries.push((it.delivery, it.first, outcome));
        }
        settled
    }

    /// The longest time of late between a request and its answer, on the connections of a delivery and of its say, or else on any.
    fn longest(&self, list: &EqualSays, asked: &Question) -> i64 {
        let last = list.numbers().last().and_then(|last| asked.capture.says.get(*last));
        let streams = [Some(asked.delivery.place.stream), last.map(|last| last.stream)];
        let connections = streams.iter().flatten().filter_map(|stream| asked.capture.connections.get(stream));
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
        self.unnamed.extend(other.unnamed);
        let lists = other.lists.iter();
        let places: Vec<u32> = lists.map(|list| self.insert(list.from, list.said, list.numbers())).collect();
        self.order.absorb(other.order, |list| places.get(list as usize).copied());
    }
}

impl Question<'_> {
    /// Of several says, those that the receiving connection can get that was in no room before: but what was said after that, it gets what
    /// the server had not delivered then.
    fn behind_login<'n>(&self, says: &'n [SayNumber], joined: Option<FrameTime>) -> Cow<'n, [SayNumber]> {
        let Some(joined) = joined else { return says.into() };
        let start = says.partition_point(|number| {
            let said = self.capture.says.get(*number).map(TrackedSay::at);
            said.is_some_and(|said| said.frame < joined.frame && said.time < joined.time)
        });
        let mut under_way = last_of(&says[..start]).to_vec();
        under_way.retain(|number| !self.is_delivered_before(*number, joined.frame));
        match under_way[..] {
            [] => says[start..].into(),
            _ => [&under_way[..], &says[start..]].concat().into(),
        }
    }

    /// Whether the capture may lack the say that this delivers, of those from `next` on and before `first`, which was heard of so long ago: one
    /// that is in time or, where that is late itself, as late. `usual`: the time that the server takes, in nanoseconds.
    fn may_be_missing(&self, next: SayNumber, first: SayNumber, age: i64, usual: impl Fn() -> i64) -> bool {
        let Capture { says, connections, start, is_ordered, .. } = self.capture;
        let Some(say) = says.get(first) else { return true };
        let Some(sender) = connections.get(&say.stream) else { return true };
        if sender.saw_beginning() && !sender.gaps(Side::Client).after(None) {
            return false; // as nearly always
        }
        let before = next.checked_sub(1).filter(|_| is_ordered).and_then(|before| Some(says.get(before)?.at().frame));
        let usual = usual();
        let within = if age > usual { LONGEST_STALL } else { usual };
        let since = self.delivery.place.at.time.saturating_sub(within);
        let gaps = sender.gaps(Side::Client);
        let has_come = sender.chat().and_then(|chat| chat.identities().first()?.since).is_some();
        before.is_none() && !sender.saw_beginning() && !has_come && start >= since
            || gaps.between(before, say.at().frame)
                && gaps.interrupted_after(before.unwrap_or(Frame::of(1)))
                && gaps.since(since)
    }

    /// Whether a public say reached somebody before a frame.
    fn is_delivered_before(&self, number: SayNumber, frame: Frame) -> bool {
        let say = self.capture.says.get(number);
        say.is_some_and(|say| !say.is_private() && say.is_delivered() && say.first().is_none_or(|first| first < frame))
    }

    /// Whether the receiving connection itself has said this, and the server has not acknowledged it.
    fn is_in_flight(&self, number: SayNumber) -> bool {
        let own = self.capture.says.get(number).filter(|say| say.stream == self.delivery.place.stream);
        let receiver = own.and_then(|own| self.capture.connections.get(&own.stream));
        own.zip(receiver).is_some_and(|(own, receiver)| receiver.tcp().is_in_flight(Side::Client, own.at().frame))
    }

    /// How long before the delivery a say was said, or delivered to somebody else, in nanoseconds.
    fn age(&self, number: SayNumber) -> i64 {
        let heard = self.capture.says.get(number).map_or(i64::MIN, TrackedSay::last_heard);
        self.delivery.place.at.time.saturating_sub(heard).max(0)
    }

    /// Whether of the says that a delivery may deliver the last one alone fits the time that a server takes that is not late, and the others,
    /// said long before, reached nobody.
    fn is_alone_in_time(&self, earlier: &[SayNumber], last: SayNumber) -> bool {
        let is_lost = |say: &SayNumber| self.capture.says.get(*say).is_some_and(|say| !say.is_delivered());
        let sender = self.capture.says.get(last).and_then(|say| self.capture.connections.get(&say.stream));
        // What is said in another room is not heard here.
        sender.is_some_and(|sender| !sender.may_have_moved())
            && self.age(last) <= LEAST_USUAL
            && last_of(earlier).iter().all(|say| is_lost(say) && self.age(*say) > SLOW.max(20 * self.age(last)))
    }

    /// Whether the capture may lack what its sender said behind a say, or what the receiving connection got.
    fn may_lack(&self, number: SayNumber) -> bool {
        let Some(say) = self.capture.says.get(number) else { return true };
        let [sender, receiver] =
            [say.stream, self.delivery.place.stream].map(|stream| self.capture.connections.get(&stream));
        sender.is_none_or(|it| it.gaps(Side::Client).after(say.at().frame))
            || receiver.is_none_or(|it| it.gaps(Side::Server).after(say.at().frame))
    }

    /// Those of several says that were not said in rooms in which the receiving connection is not.
    fn of_its_rooms<'n>(&self, says: Cow<'n, [SayNumber]>) -> Cow<'n, [SayNumber]> {
        match says.len() == last_of(&says).len() && says.iter().any(|say| self.is_elsewhere(*say)) {
            true => says.iter().copied().filter(|say| !self.is_elsewhere(*say)).collect(),
            false => says,
        }
    }

    /// Whether a say was said in a room in which the receiving connection is not, or was not yet.
    fn is_elsewhere(&self, number: SayNumber) -> bool {
        let Capture { says, connections, is_ordered, .. } = self.capture;
        let Some(say) = says.get(number).filter(|say| !say.is_private()) else { return false };
        // Where the order is not kept, a say may be handled before the login that it follows.
        let sender = connections.get(&say.stream).filter(|it| is_ordered || !it.may_have_moved());
        let room = sender.and_then(|it| it.identity(Position::end_of(say.at().frame))?.room);
        let Some(room) = room.filter(|room| *room != Room::Everywhere) else { return false };
        let Some(receiver) = connections.get(&self.delivery.place.stream) else { return false };
        if !receiver.saw_beginning() || receiver.may_lack_messages_before(self.delivery.place.at.frame) {
            return false; // it may have been in others
        }
        let mut there = receiver.chat().map_or(&[][..], Chat::identities).iter().peekable();
        there.peek().is_some()
            && there.all(|it| match it.room {
                None => false,
                Some(other) if other != room => true,
                Some(_) => it
                    .since
                    .is_some_and(|since| since.frame > say.at().frame && self.is_delivered_before(number, since.frame)),
            })
    }

    fn candidate(&self, number: SayNumber, speakers: Speakers, wanted: &Wanted) -> Option<Candidate> {
        let say = self.capture.says.get(number)?;
        let said = say.at();
        let (sender, receiver) =
            (self.capture.connections.get(&say.stream), self.capture.connections.get(&wanted.receiver));
        let missing = receiver.map_or(Gaps::NONE, |receiver| receiver.gaps(Side::Server));
        let may_lack_deliveries = missing.after(said.frame);
        Some(Candidate {
            sender: say.stream,
            age: self.age(number),
            is_one_of_several: false,
            // What was said just before the capture began, or before something that it lacks, may have been said by another.
            may_be_anothers: !wanted.is_named
                && (speakers.any_but(say.stream)
                    || said.time.saturating_sub(self.capture.start) < wanted.usual
                    || self.capture.gaps.after(said.frame)),
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
        let Some(say) = self.capture.says.get(number) else { return true };
        if self.owner.is_some_and(|owner| owner != say.stream) {
            return true;
        }
        let at = Position::end_of(self.delivery.place.at.frame);
        let sender = self.capture.connections.get(&say.stream);
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
            EqualSays { said: Said::new("all", "x", &Default::default()), from: None, numbers: OneOrMany::None };
        for (frame, time) in (1..).zip(times) {
            let at = FrameTime { frame: Frame::of(frame), time: *time };
            let number = says.push(TrackedSay::new(at, StreamId(0), true, 0), "");
            list.push(number);
        }
        (list, says)
    }

    #[test]
    fn what_was_delivered_or_said_long_ago_is_not_delivered_any_more() {
        let (list, says) = says(&[0, 1, 2, 3]);
        assert_eq!(list.since(2, 3, &says), [3]);
        assert_eq!(list.since(2, 0, &says), [2, 3], "it has got the first two");
    }
}
