//! The order of deliveries: how far each connection has got what one client says, and the deliveries of which only those that follow show
//! which of several equal says they deliver.
//!
//! Since 2015-09 (all of dialect C) a client is bound to one worker, so that a connection gets what one client says in the order in which it
//! was said: a delivery can deliver no say before the last one that was delivered, and none behind those that later deliveries need. Where
//! that leaves one say, it is this one. Before, the workers of a server did not keep the order, and equal says that are under way together
//! stay open; but as many deliveries as says are all of them.

use hashbrown::HashMap;

use crate::packet::StreamId;
use crate::session::ids::SayNumber;
use crate::session::say::{Delivery, SayCopy};
use crate::storage::texts::TextId;

/// How many deliveries of one sequence wait until it is settled what they deliver.
const MAX_WAITING: usize = 1024;

/// What reaches a connection in the order in which it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sequence {
    /// The receiving connection.
    pub receiver: StreamId,
    /// Which copies.
    pub copy: SayCopy,
    /// Whose or which says.
    pub says: Ordered,
}

/// Says of which the order is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ordered {
    /// All of a client.
    OfClient(TextId),
    /// Those of one list of equal says; and only as far as one is delivered before the next is said.
    Equal(u32),
}

/// A delivery of one of several equal says.
#[derive(Debug, Clone, Copy)]
pub struct InTurn {
    /// The delivery.
    pub delivery: Delivery,
    /// The number of the list of equal says.
    pub list: u32,
    /// The first say that it may deliver.
    pub first: SayNumber,
    /// The last one.
    pub last: SayNumber,
}

/// How far each connection has got the says of each client.
#[derive(Debug, Default)]
pub struct Order {
    /// The first say that may come next.
    next: HashMap<Sequence, SayNumber>,
    waiting: HashMap<Sequence, Vec<InTurn>>,
}

impl Order {
    /// The first say of a sequence that may be delivered next.
    pub fn next(&self, sequence: &Sequence) -> SayNumber {
        let delivered = self.next.get(sequence).copied().unwrap_or(0);
        let taken = match sequence.says {
            Ordered::OfClient(_) => self.waiting(sequence).last().map_or(0, |last| last.first + 1),
            Ordered::Equal(_) => 0,
        };
        delivered.max(taken)
    }

    /// The deliveries of a sequence that wait.
    pub fn waiting(&self, sequence: &Sequence) -> &[InTurn] {
        // As nearly always.
        if self.waiting.is_empty() {
            return &[];
        }
        self.waiting.get(sequence).map_or(&[], Vec::as_slice)
    }

    /// Enters that no say before this one is delivered any more.
    pub fn advance(&mut self, sequence: Sequence, next: SayNumber) {
        let known = self.next.entry(sequence).or_insert(0);
        *known = next.max(*known);
    }

    /// Lets a delivery wait for those that follow. Returns whether there is room for more.
    pub fn wait(&mut self, sequence: Sequence, delivery: InTurn) -> bool {
        let waiting = self.waiting.entry(sequence).or_default();
        waiting.push(delivery);
        waiting.len() < MAX_WAITING
    }

    /// Takes the deliveries of a sequence that wait.
    pub fn take(&mut self, sequence: &Sequence) -> Vec<InTurn> {
        self.waiting.remove(sequence).unwrap_or_default()
    }

    /// Takes all deliveries that wait. Views ask for each message whether any do, and to empty a table takes as long as it ever was large.
    pub fn take_all(&mut self) -> Vec<(Sequence, Vec<InTurn>)> {
        std::mem::take(&mut self.waiting).into_iter().collect()
    }

    /// Takes over that of a server that turns out to be the same; `list` has the new number of each of its lists.
    pub fn absorb(&mut self, other: Order, list: impl Fn(u32) -> Option<u32>) {
        let renumbered = |sequence: Sequence| {
            let says = match sequence.says {
                Ordered::OfClient(client) => Ordered::OfClient(client),
                Ordered::Equal(number) => Ordered::Equal(list(number)?),
            };
            Some(Sequence { says, ..sequence })
        };
        for (sequence, next) in other.next {
            renumbered(sequence).into_iter().for_each(|sequence| self.advance(sequence, next));
        }
        for (sequence, waiting) in other.waiting {
            let Some(sequence) = renumbered(sequence) else { continue };
            let moved = waiting.into_iter().filter_map(|it| Some(InTurn { list: list(it.list)?, ..it }));
            self.waiting.entry(sequence).or_default().extend(moved);
        }
    }
}

/// Moves the last say that each of these deliveries of one client's says may deliver to before what the next one needs. `before`: the last
/// say of a list that is none of those behind a number.
pub fn narrow(deliveries: &mut [InTurn], before: impl Fn(u32, SayNumber) -> Option<SayNumber>) {
    let mut end = SayNumber::MAX;
    for delivery in deliveries.iter_mut().rev() {
        let last = before(delivery.list, delivery.last.min(end.saturating_sub(1)));
        delivery.last = last.unwrap_or(delivery.first).max(delivery.first);
        end = delivery.last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Said;
    use crate::packet::{Frame, FrameTime};
    use crate::session::ids::MessagePlace;
    use proptest::prelude::*;

    fn sequence(says: Ordered) -> Sequence {
        Sequence { receiver: StreamId(1), copy: SayCopy::Public, says }
    }

    fn in_turn(list: u32, first: SayNumber, last: SayNumber) -> InTurn {
        let place = MessagePlace { stream: StreamId(1), at: FrameTime { frame: Frame::of(1), time: 0 }, index: 0 };
        let said = Said::new("all", "x", &Default::default());
        let delivery = Delivery {
            place,
            from: None,
            from_name: None,
            said,
            copy: SayCopy::Public,
            is_private: false,
            joined: None,
        };
        InTurn { delivery, list, first, last }
    }

    #[test]
    fn what_waits_takes_its_say_where_the_order_is_kept() {
        let mut order = Order::default();
        let client = crate::storage::texts::Texts::default().intern("7");
        let [ordered, equal] = [Ordered::OfClient(client), Ordered::Equal(0)].map(sequence);
        for sequence in [ordered, equal] {
            order.advance(sequence, 3);
            order.advance(sequence, 2);
            assert_eq!(order.next(&sequence), 3);
            assert!(order.wait(sequence, in_turn(0, 5, 7)));
        }
        assert_eq!((order.next(&ordered), order.next(&equal)), (6, 3));
        assert_eq!((order.take(&ordered).len(), order.next(&ordered)), (1, 3));
        assert_eq!((order.take_all().len(), order.waiting(&equal).len()), (1, 0));
    }

    #[test]
    fn a_server_that_turns_out_to_be_the_same_brings_what_waits() {
        let (mut order, mut other) = (Order::default(), Order::default());
        other.advance(sequence(Ordered::Equal(1)), 4);
        other.wait(sequence(Ordered::Equal(1)), in_turn(1, 5, 7));
        order.absorb(other, |list| Some(list + 10));
        let moved = sequence(Ordered::Equal(11));
        assert_eq!((order.next(&moved), order.waiting(&moved)[0].list), (4, 11));
    }

    proptest! {
        /// All ways in which deliveries can be put to says in order, by trying them: the first and last say of each delivery are the
        /// narrowest ones.
        #[test]
        fn the_says_left_are_those_of_all_orders(
            texts in prop::collection::vec(0..2u32, 1..9),
            delivered in prop::collection::vec(any::<bool>(), 9),
        ) {
            let says: Vec<(SayNumber, u32)> = (0..).zip(texts).collect();
            let wanted: Vec<u32> =
                says.iter().zip(&delivered).filter(|(_, delivered)| **delivered).map(|((_, text), _)| *text).collect();
            let mut first = Vec::new();
            for text in &wanted {
                let next = first.last().map_or(0, |last| last + 1);
                first.extend(says.iter().find(|(number, other)| *number >= next && other == text).map(|(number, _)| *number));
            }
            let mut found: Vec<InTurn> =
                wanted.iter().zip(&first).map(|(text, first)| in_turn(*text, *first, says.len() as u32)).collect();
            narrow(&mut found, |list, end| {
                says.iter().rev().find(|(number, text)| *number <= end && *text == list).map(|(number, _)| *number)
            });
            let mut all: Vec<Vec<SayNumber>> = vec![Vec::new()];
            for text in &wanted {
                all = all.iter().flat_map(|chosen| {
                    let next = chosen.last().map_or(0, |last| last + 1);
                    let fitting = says.iter().filter(move |(number, other)| *number >= next && other == text);
                    fitting.map(|(number, _)| [&chosen[..], &[*number]].concat())
                }).collect();
            }
            for (at, found) in found.iter().enumerate() {
                let of_all = all.iter().map(|chosen| chosen[at]);
                prop_assert_eq!((found.first, found.last), (of_all.clone().min().unwrap(), of_all.max().unwrap()));
            }
        }
    }
}
