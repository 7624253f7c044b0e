//! All says of a capture and the deliveries of each, whichever server they belong to.

pub mod alike;
mod excerpts;
pub mod matching;
pub mod said;
pub mod tracked;

use crate::packet::{Frame, FrameTime, StreamId};
use crate::session::ids::SayNumber;
use crate::session::say::excerpts::Excerpts;
use crate::session::say::tracked::TrackedSay;
use crate::session::storage::chunks::Chunks;

/// Deliveries of a say that are listed; beyond, only the count grows.
const MAX_LISTED: u32 = 50;
/// What a say takes, in bytes, without its text: its place in three tables, and in those by which a delivery finds it.
const SAY: usize = size_of::<TrackedSay>() + 100;

/// One connection's copy of a say: the frame in which the delivery ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// The frame.
    pub frame: Frame,
    /// The receiving connection.
    pub stream: StreamId,
    /// The number of the say's next delivery and one more; 0 for none.
    next: u32,
}

/// The says of a capture.
#[derive(Debug, Default)]
pub struct Says {
    says: Chunks<TrackedSay>,
    /// The beginning of what is said, by the say's number.
    texts: Chunks<u32>,
    excerpts: Excerpts,
    delivered: Chunks<Delivered>,
    size: usize,
}

impl Says {
    /// A say by its number.
    pub fn get(&self, number: SayNumber) -> Option<&TrackedSay> {
        self.says.get(number)
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, number: SayNumber) -> Option<&mut TrackedSay> {
        self.says.get_mut(number)
    }

    /// About how many bytes they take, with the tables by which a delivery finds its say.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Adds a say, and the beginning of what is said. Returns its number, which is higher than those of all before.
    pub fn push(&mut self, say: TrackedSay, text: &str) -> SayNumber {
        self.size += SAY + text.len();
        self.texts.push(self.excerpts.push(text));
        self.says.push(say)
    }

    /// The beginning of what is said.
    pub fn text(&self, number: SayNumber) -> &str {
        self.texts.get(number).map_or("", |text| self.excerpts.get(*text))
    }

    /// The first 50 deliveries of a say, in the order of their assignment.
    pub fn delivered(&self, say: &TrackedSay) -> impl Iterator<Item = Delivered> + '_ {
        let numbered = |number: u32| self.delivered.get(number.checked_sub(1)?).copied();
        std::iter::successors(numbered(say.listed.0), move |delivered| numbered(delivered.next))
    }

    /// It is not known how many clients got a say.
    pub fn set_uncounted(&mut self, number: SayNumber) {
        self.get_mut(number).into_iter().for_each(TrackedSay::set_uncounted);
    }

    /// Nor of these.
    pub fn set_all_uncounted(&mut self, numbers: impl IntoIterator<Item = SayNumber>) {
        numbers.into_iter().for_each(|number| self.set_uncounted(number));
    }

    /// A delivery is likely to be this say's.
    pub fn wait(&mut self, number: SayNumber) {
        self.get_mut(number).into_iter().for_each(TrackedSay::wait);
    }

    /// A delivery that was likely to be this say's is so, or is not.
    pub fn settle(&mut self, number: SayNumber) {
        self.get_mut(number).into_iter().for_each(TrackedSay::settle);
    }

    /// A say reached a connection in this frame. `counts`: the connection is that of a client who has not got it on another one.
    pub fn deliver(&mut self, number: SayNumber, at: FrameTime, stream: StreamId, counts: bool) {
        let Some(mut say) = self.get(number).copied() else { return };
        let frame = at.frame;
        say.reached(at);
        // A private say to the sender's own id delivers two copies on one connection.
        let is_second = say.is_private() && self.delivered(&say).any(|earlier| earlier.stream == stream);
        if counts && !is_second {
            say.deliveries += 1;
            if say.deliveries <= MAX_LISTED {
                self.size += size_of::<Delivered>();
                let listed = self.delivered.push(Delivered { frame, stream, next: 0 }) + 1;
                match say.listed.1.checked_sub(1).and_then(|last| self.delivered.get_mut(last)) {
                    Some(last) => last.next = listed,
                    None => say.listed.0 = listed,
                }
                say.listed.1 = listed;
            }
        }
        if let Some(known) = self.says.get_mut(number) {
            *known = say;
        }
    }
}
