//! All says of a capture and what became of each, whichever server they belong to.
//!
//! A delivery finds its say in three steps: [`equal`] gathers the says that it may deliver, `src/matching.rs` decides whether it is the first of
//! them, and where that must wait for later frames, the delivery waits: in [`order`] for the deliveries that follow, in [`pending`] for other
//! packets. What a decision changes is the session's.

pub mod equal;
pub mod order;
pub mod pending;

pub use crate::message::{Said, SayCopy};
use crate::packet::{Frame, FrameTime, StreamId};
use crate::session::ids::{MessagePlace, SayNumber};
use crate::storage::chunks::Chunks;
use crate::storage::texts::TextId;

/// Deliveries of a say that are listed; beyond, only the count grows.
const MAX_LISTED: u32 = 50;
/// What a say takes, in bytes, without its text: its place in three tables, and in those by which a delivery finds it.
const SAY: usize = size_of::<TrackedSay>() + 100;
/// Bytes in a piece of [`Excerpts`].
const PIECE: usize = 1 << 16;

/// A delivery, for which its say is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    /// The message.
    pub place: MessagePlace,
    /// The sender's client id, where the message has it.
    pub from: Option<TextId>,
    /// The sender's name, where it is known.
    pub from_name: Option<TextId>,
    /// The recipient and the text.
    pub said: Said,
    /// Which copy it is.
    pub copy: SayCopy,
    /// Whether it is for one client.
    pub is_private: bool,
    /// The first frame in which the receiving connection can have been in a room, where that is known.
    pub joined: Option<FrameTime>,
}

/// A say request and what became of it: 40 bytes. 0 stands for no item of a list that counts from 1.
#[derive(Debug, Clone, Copy)]
pub struct TrackedSay {
    time: i64,
    frame: Frame,
    /// The sender's connection.
    pub stream: StreamId,
    /// How many copies were captured; of a private say, how many connections got one.
    pub deliveries: u32,
    first: Option<Frame>,
    /// The numbers of the first and of the last listed delivery.
    listed: (u32, u32),
    /// The number of the list of the room's members when it was said.
    pub members: u32,
    flags: u8,
    /// How many deliveries are likely to be its own.
    waiting: u8,
    /// How long after it the last delivery was captured, in milliseconds.
    spread: u16,
}

/// Marks a say for one client.
const PRIVATE: u8 = 1;
/// Marks a say of which it is known what was said.
const READABLE: u8 = 2;
/// Marks a say of which it is not known whether one of the copies reached a client for the first time.
const UNCOUNTED: u8 = 4;
/// Marks a say of which it is not known which delivery was the first.
const OPEN: u8 = 8;
/// Marks a say that the server delivers with another text.
const OTHER_TEXT: u8 = 16;

impl TrackedSay {
    /// A say that nobody has got yet, and of which it is not known what was said.
    pub fn new(at: FrameTime, stream: StreamId, private: bool, members: u32) -> TrackedSay {
        TrackedSay {
            time: at.time,
            frame: at.frame,
            stream,
            deliveries: 0,
            first: None,
            listed: (0, 0),
            members,
            flags: if private { PRIVATE } else { 0 },
            waiting: 0,
            spread: 0,
        }
    }

    /// The frame in which the request ends.
    pub fn at(&self) -> FrameTime {
        FrameTime { frame: self.frame, time: self.time }
    }

    /// Whether it is for one client.
    pub fn is_private(&self) -> bool {
        self.flags & PRIVATE != 0
    }

    /// Whether it is known what was said, so that deliveries can be recognised.
    pub fn is_readable(&self) -> bool {
        self.flags & READABLE != 0
    }

    /// Whether the number of the clients that got it is the number of deliveries.
    pub fn is_counted(&self) -> bool {
        self.flags & UNCOUNTED == 0 && self.waiting == 0
    }

    /// Whether a delivery before the first that is known may be its own, or one waits that is likely its own.
    pub fn is_open(&self) -> bool {
        self.flags & OPEN != 0 || self.waiting > 0
    }

    /// Whether a delivery may be its own or another's.
    pub fn is_doubtful(&self) -> bool {
        self.flags & UNCOUNTED != 0
    }

    /// Whether the server delivers it with another text.
    pub fn has_other_text(&self) -> bool {
        self.flags & OTHER_TEXT != 0
    }

    /// Whether a frame is known that delivers it.
    pub fn is_delivered(&self) -> bool {
        self.first.is_some()
    }

    /// The first frame that delivers it, where that is known.
    pub fn first(&self) -> Option<Frame> {
        self.first.filter(|_| self.flags & OPEN == 0)
    }

    /// When it was said or, once it has been delivered, about when that happened last, in nanoseconds since the epoch.
    pub fn last_heard(&self) -> i64 {
        self.time.saturating_add(i64::from(self.spread) * 1_000_000)
    }

    /// Enters a frame that delivers it.
    fn deliver(&mut self, at: FrameTime) {
        self.first = Some(self.first.map_or(at.frame, |first| first.min(at.frame)));
        let spread = u16::try_from(at.since(self.at()).max(0) / 1_000_000).unwrap_or(u16::MAX);
        self.spread = self.spread.max(spread);
    }
}

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
        std::iter::successors(self.listed(say.listed.0), |delivered| self.listed(delivered.next))
    }

    fn listed(&self, number: u32) -> Option<Delivered> {
        self.delivered.get(number.checked_sub(1)?).copied()
    }

    /// Marks what a say says as known. Returns the say.
    fn set_readable(&mut self, number: SayNumber) -> Option<&TrackedSay> {
        let say = self.says.get_mut(number)?;
        say.flags |= READABLE;
        Some(say)
    }

    /// Marks a say as one that the server delivers with another text.
    pub fn set_other_text(&mut self, number: SayNumber) {
        if let Some(say) = self.says.get_mut(number) {
            say.flags |= OTHER_TEXT;
        }
    }

    /// Marks says as not counted: the delivery in this frame may be one's own or another's.
    pub fn set_open(&mut self, numbers: impl IntoIterator<Item = SayNumber>, frame: Frame) {
        for number in numbers {
            if let Some(say) = self.says.get_mut(number) {
                let may_be_first = say.first.is_none_or(|first| frame < first);
                say.flags |= UNCOUNTED | if may_be_first { OPEN } else { 0 };
            }
        }
    }

    /// Marks says as not counted: a connection that got one may be a client's second one, or it is not known whether it got this say.
    pub fn set_uncounted(&mut self, numbers: impl IntoIterator<Item = SayNumber>) {
        for number in numbers {
            if let Some(say) = self.says.get_mut(number) {
                say.flags |= UNCOUNTED;
            }
        }
    }

    /// Counts a delivery that is likely to be this say's.
    pub fn expect(&mut self, number: SayNumber) {
        if let Some(say) = self.says.get_mut(number) {
            say.waiting = say.waiting.saturating_add(1);
        }
    }

    /// Counts it no more: it turned out to be this say's, or not.
    pub fn settle(&mut self, number: SayNumber) {
        if let Some(say) = self.says.get_mut(number) {
            say.waiting = say.waiting.saturating_sub(1);
        }
    }

    /// Counts a delivery of one of as many says: it is known that each of them reached a connection, not which of them in this frame. Both
    /// copies of a private say may reach one connection.
    pub fn count(&mut self, number: SayNumber, frame: Frame) {
        if let Some(say) = self.says.get_mut(number) {
            say.deliveries += 1;
            say.flags |= if say.is_private() { UNCOUNTED } else { 0 };
            say.flags |= if say.first.is_none_or(|first| frame < first) { OPEN } else { 0 };
        }
    }

    /// Enters that a say reached a connection in this frame. `counts`: the connection is that of a client who has not got it on another one.
    pub fn deliver(&mut self, number: SayNumber, at: FrameTime, stream: StreamId, counts: bool) {
        let Some(mut say) = self.get(number).copied() else { return };
        say.deliver(at);
        // A private say to the sender's own id delivers two copies on one connection.
        let is_second = say.flags & PRIVATE != 0 && self.delivered(&say).any(|earlier| earlier.stream == stream);
        if counts && !is_second {
            say.deliveries += 1;
            if say.deliveries <= MAX_LISTED {
                self.size += size_of::<Delivered>();
                let listed = self.delivered.push(Delivered { frame: at.frame, stream, next: 0 }) + 1;
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

/// The beginnings of what is said, which are kept one behind the other: at no time are they there twice.
#[derive(Debug, Default)]
struct Excerpts {
    /// Each text ends with a NUL, which none of them holds.
    pieces: Vec<String>,
}

impl Excerpts {
    /// Keeps a text of one printable line, shorter than 64 KiB. Returns its number.
    fn push(&mut self, text: &str) -> u32 {
        if self.pieces.last().is_none_or(|piece| piece.len() + text.len() >= PIECE) {
            // The first piece grows as it must; whoever fills it needs the others whole.
            self.pieces.push(String::with_capacity(if self.pieces.is_empty() { 0 } else { PIECE }));
        }
        let number = self.pieces.len().saturating_sub(1) * PIECE;
        let Some(piece) = self.pieces.last_mut() else { return 0 };
        let start = piece.len();
        piece.push_str(text);
        piece.push('\0');
        u32::try_from(number + start).unwrap_or(u32::MAX)
    }

    /// The text of this number; empty where there is none.
    fn get(&self, number: u32) -> &str {
        let piece = self.pieces.get(number as usize / PIECE);
        let rest = piece.and_then(|piece| piece.get(number as usize % PIECE..)).unwrap_or_default();
        rest.split_once('\0').map_or("", |(text, _)| text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(frame: u32, time: i64) -> FrameTime {
        FrameTime { frame: Frame::of(frame), time }
    }

    /// A capture has as many of these as says.
    #[test]
    fn a_tracked_say_is_small() {
        assert_eq!(size_of::<TrackedSay>(), 40);
        let mut says = Says::default();
        let number = says.push(TrackedSay::new(at(3, -1), StreamId(7), true, 0), "");
        let say = says.says.get(number).expect("it was kept");
        assert_eq!((say.is_readable(), say.is_counted(), say.at().time), (false, true, -1));
        says.set_readable(number);
        says.deliver(number, at(9, 5_999_999), StreamId(8), true);
        says.deliver(number, at(8, 1), StreamId(9), true);
        assert_eq!(says.get(number).map(TrackedSay::last_heard), Some(5_999_999), "in whole milliseconds");
        says.set_uncounted([number]);
        let say = says.get(number).expect("it was kept");
        assert_eq!((say.is_readable(), say.is_counted(), say.is_doubtful()), (true, false, true));
        assert_eq!((say.first(), say.deliveries), (Some(Frame::of(8)), 2));
    }

    #[test]
    fn a_say_waits_for_the_deliveries_that_are_likely_its_own() {
        let mut says = Says::default();
        let number = says.push(TrackedSay::new(at(1, 0), StreamId(0), false, 0), "");
        says.expect(number);
        assert!(says.get(number).is_some_and(|say| !say.is_counted() && !say.is_doubtful()));
        says.settle(number);
        assert!(says.get(number).is_some_and(TrackedSay::is_counted));
    }

    #[test]
    fn a_private_say_to_oneself_counts_once() {
        let mut says = Says::default();
        let number = says.push(TrackedSay::new(at(1, 0), StreamId(0), true, 0), "");
        says.deliver(number, at(2, 1), StreamId(0), true);
        says.deliver(number, at(2, 1), StreamId(0), true);
        let say = says.get(number).copied().expect("it was kept");
        assert_eq!((say.deliveries, says.delivered(&say).count()), (1, 1));
    }

    #[test]
    fn a_kept_text_is_the_text() {
        let mut excerpts = Excerpts::default();
        let texts: Vec<String> = (0..5000).map(|n| "é".repeat(n % 60)).collect();
        let numbers: Vec<u32> = texts.iter().map(|text| excerpts.push(text)).collect();
        for (number, text) in numbers.iter().zip(&texts) {
            assert_eq!(excerpts.get(*number), text);
        }
        assert!(excerpts.pieces.len() > 2, "over more than one piece");
        assert_eq!(excerpts.get(u32::MAX), "");
    }
}
