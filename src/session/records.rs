//! The records of one connection, in the order of its frames. Wireshark first dissects frames in that order, so that a record is appended;
//! where a frame is, a binary search tells.

use std::collections::BTreeMap;

use super::chunks::push_tight;
use super::handshake::StoredHandshake;
use super::mark::{Acknowledgment, Mark, PackedMark};
use super::record::{MAX_MESSAGES, StoredMessage};
use crate::packet::{Frame, FrameTime, Position};

/// What is kept of the frames of one connection.
#[derive(Debug, Default)]
pub struct Records {
    marks: Vec<PackedMark>,
    messages: Vec<StoredMessage>,
    handshakes: Vec<StoredHandshake>,
    rare: Option<Box<Rare>>,
}

#[derive(Debug, Default)]
struct Rare {
    /// Marks of frames that were not the last one when they were made: packets were captured out of order.
    late: BTreeMap<Frame, Vec<Mark>>,
    /// Marks that do not fit in few bytes.
    large: Vec<Mark>,
}

/// What happened in one frame below its messages.
#[derive(Debug, Clone, Copy)]
pub struct Marks<'a> {
    packed: &'a [PackedMark],
    late: &'a [Mark],
    large: &'a [Mark],
}

impl<'a> Marks<'a> {
    /// In the order in which it was seen.
    pub fn iter(self) -> impl Iterator<Item = Mark> + use<'a> {
        self.packed.iter().filter_map(move |packed| unpack(*packed, self.large)).chain(self.late.iter().copied())
    }
}

fn large(rare: Option<&Rare>) -> &[Mark] {
    rare.map_or(&[], |rare| &rare.large)
}

fn unpack(packed: PackedMark, large: &[Mark]) -> Option<Mark> {
    match packed.unpack() {
        Ok(mark) => Some(mark),
        Err(number) => large.get(number as usize).copied(),
    }
}

/// The items of a list that are of one frame; the list is sorted.
fn of_frame<T>(list: &[T], frame: Frame, frame_of: impl Fn(&T) -> Frame) -> std::ops::Range<usize> {
    let start = match list {
        [.., last] if frame_of(last) < frame => list.len(),
        // On the first pass it is the last one.
        [.., before, _] if frame_of(before) < frame => list.len() - 1,
        _ => list.partition_point(|item| frame_of(item) < frame),
    };
    let count = list[start..].iter().take_while(|item| frame_of(item) == frame).count();
    start..start + count
}

impl Records {
    /// What happened in a frame below its messages.
    pub fn marks(&self, frame: Frame) -> Marks<'_> {
        let rare = self.rare.as_deref();
        let late = rare.and_then(|rare| rare.late.get(&frame)).map_or(&[][..], Vec::as_slice);
        Marks { packed: &self.marks[of_frame(&self.marks, frame, |mark| mark.frame)], late, large: large(rare) }
    }

    /// The upgrade request or response in a frame.
    pub fn handshake(&self, frame: Frame) -> Option<&StoredHandshake> {
        self.handshakes[of_frame(&self.handshakes, frame, |handshake| handshake.frame)].first()
    }

    /// What is kept in the frame of the request that a handshake answers.
    pub fn asked(&self, handshake: &StoredHandshake) -> Option<&StoredHandshake> {
        self.handshake(handshake.request()?)
    }

    fn messages(&self, frame: Frame) -> &[StoredMessage] {
        &self.messages[of_frame(&self.messages, frame, |message| message.at().frame)]
    }

    fn messages_mut(&mut self, frame: Frame) -> &mut [StoredMessage] {
        let range = of_frame(&self.messages, frame, |message| message.at().frame);
        &mut self.messages[range]
    }

    /// A message of the chat.
    pub fn message(&self, position: Position) -> Option<&StoredMessage> {
        self.messages.get(self.place(position).ok()?).filter(|message| message.is_known())
    }

    /// A message of the chat, to fill in what was open.
    pub fn message_mut(&mut self, position: Position) -> Option<&mut StoredMessage> {
        let at = self.place(position).ok()?;
        self.messages.get_mut(at).filter(|message| message.is_known())
    }

    /// The messages of a frame, to fill in what was open.
    pub fn known_mut(&mut self, frame: Frame) -> impl Iterator<Item = &mut StoredMessage> {
        self.messages_mut(frame).iter_mut().filter(|message| message.is_known())
    }

    /// Whether one of a frame's messages is the chat's.
    pub fn holds_message(&self, frame: Frame) -> bool {
        self.messages(frame).iter().any(StoredMessage::is_known)
    }

    /// When a frame with a message was captured.
    pub fn time_of(&self, frame: Frame) -> Option<FrameTime> {
        self.messages(frame).first().map(StoredMessage::at)
    }

    /// Whether anything is kept of a frame.
    pub fn has(&self, frame: Frame) -> bool {
        self.marks(frame).iter().next().is_some() || !self.messages(frame).is_empty() || self.handshake(frame).is_some()
    }

    /// Keeps a mark.
    pub fn mark(&mut self, mark: Mark) {
        if self.marks.last().is_some_and(|last| last.frame > mark.frame) {
            self.rare.get_or_insert_default().late.entry(mark.frame).or_default().push(mark);
            return;
        }
        let packed = PackedMark::of(&mark).unwrap_or_else(|| {
            let large = &mut self.rare.get_or_insert_default().large;
            large.push(mark);
            PackedMark::elsewhere(mark.frame, large.len() as u32 - 1)
        });
        push_tight(&mut self.marks, packed);
    }

    /// Keeps an acknowledgment, unless it is the frame's last one again.
    pub fn acknowledge(&mut self, frame: Frame, ack: Acknowledgment) {
        let of_frame = self.marks.iter().rev().take_while(|mark| mark.frame == frame);
        let large = large(self.rare.as_deref());
        let last = of_frame.filter_map(|mark| unpack(*mark, large)?.as_acknowledgment()).next();
        if last != Some(ack) {
            self.mark(Mark::acknowledgment(frame, ack));
        }
    }

    /// Keeps the handshake of a frame; a later one of the same frame takes its place.
    pub fn keep_handshake(&mut self, handshake: StoredHandshake) {
        let range = of_frame(&self.handshakes, handshake.frame, |known| known.frame);
        match self.handshakes.get_mut(range.clone()).and_then(<[_]>::first_mut) {
            Some(known) => *known = handshake,
            None => {
                if self.handshakes.len() == self.handshakes.capacity() {
                    self.handshakes.reserve_exact(2.max(self.handshakes.len() / 4)); // a request and its response
                }
                self.handshakes.insert(range.start, handshake);
            }
        }
    }

    /// The handshake of a frame, to fill in what was open.
    pub fn handshake_mut(&mut self, frame: Frame) -> Option<&mut StoredHandshake> {
        let range = of_frame(&self.handshakes, frame, |known| known.frame);
        self.handshakes.get_mut(range)?.first_mut()
    }

    /// Makes room for a message that is being read.
    pub fn reserve(&mut self, at: FrameTime, index: u32) {
        if index < MAX_MESSAGES && self.place(Position { frame: at.frame, index }).is_err() {
            self.keep(StoredMessage::reserved(at, index));
        }
    }

    /// Keeps a message, in the room made for it where there is some.
    pub fn keep(&mut self, message: StoredMessage) {
        match self.place(message.position()) {
            Ok(at) => self.messages[at] = message,
            Err(at) if at == self.messages.len() => push_tight(&mut self.messages, message),
            Err(at) => self.messages.insert(at, message),
        }
    }

    /// Where the message of this position is, or else belongs.
    fn place(&self, position: Position) -> Result<usize, usize> {
        match self.messages.last().map(StoredMessage::position) {
            None => Err(0),
            Some(last) if last < position => Err(self.messages.len()),
            Some(last) if last == position => Ok(self.messages.len() - 1),
            _ => self.messages.binary_search_by_key(&position, StoredMessage::position),
        }
    }

    /// The messages are not the chat's after all.
    pub fn forget_messages(&mut self) {
        self.messages.iter_mut().for_each(StoredMessage::forget);
    }

    /// The sides were guessed wrong.
    pub fn swap_sides(&mut self) {
        let rare = self.rare.iter_mut().map(|rare| &mut **rare);
        for Rare { late, large } in rare {
            late.values_mut().flatten().chain(large).for_each(Mark::swap_sides);
        }
        for packed in &mut self.marks {
            if let Ok(mut mark) = packed.unpack() {
                mark.swap_sides();
                *packed = PackedMark::of(&mark).unwrap_or(*packed);
            }
        }
    }
}
