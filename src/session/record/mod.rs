//! The records of one connection, in the order of its frames. Wireshark first dissects frames in that order, so that a record is appended;
//! where a frame is, a binary search tells.

pub mod frame_event;
pub mod message;

use std::collections::BTreeMap;

use crate::event::Sent;
use crate::failpoint::failpoint;
use crate::packet::{Frame, FrameTime, Position, Segment, SequenceNumber, Side};
use crate::session::record::frame_event::{Acknowledgment, Mark, PackedMark};
use crate::session::record::message::{MAX_MESSAGES, StoredMessage};
use crate::storage::chunks::push_tight;
use crate::tcp::segmented::Segmented;
use crate::upgrade::stored::StoredHandshake;

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
    /// Messages that belong to an exchange that another frame began, of which the message itself does not say so.
    began: BTreeMap<Position, Frame>,
    segmented: Segmented,
    /// The messages that were put together here.
    assembled: BTreeMap<Position, Vec<u8>>,
}

/// What happened in one frame below its messages.
#[derive(Debug, Clone, Copy)]
pub struct Marks<'a> {
    packed: &'a [PackedMark],
    late: &'a [Mark],
    large: &'a [Mark],
}

impl<'a> Marks<'a> {
    /// What was known when the frame was first seen.
    pub fn first_seen(self) -> impl Iterator<Item = Mark> + use<'a> {
        self.packed.iter().filter_map(move |packed| unpack(*packed, self.large))
    }

    /// In the order in which it was seen.
    pub fn iter(self) -> impl Iterator<Item = Mark> + use<'a> {
        self.first_seen().chain(self.late.iter().copied())
    }
}

fn large(rare: Option<&Rare>) -> &[Mark] {
    rare.map_or(&[], |rare| &rare.large)
}

fn unpack(packed: PackedMark, large: &[Mark]) -> Option<Mark> {
    match packed.unpack() {
        Ok(mark) => Some(mark),
        Err(number) => large.get(number as usize).map(|mark| mark.named(mark.is_named() || packed.is_named())),
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

    /// What happened in all frames below their messages; what showed late is at the end.
    pub fn all_marks(&self) -> impl Iterator<Item = Mark> + '_ {
        let rare = self.rare.as_deref();
        let late = rare.into_iter().flat_map(|rare| rare.late.values().flatten().copied());
        self.marks.iter().filter_map(move |packed| unpack(*packed, large(rare))).chain(late)
    }

    /// The messages of all frames, and the places for those that are not the chat's.
    pub fn all_messages(&self) -> &[StoredMessage] {
        &self.messages
    }

    /// The messages that a frame is the first to acknowledge.
    pub fn received(&self, frame: Frame) -> impl Iterator<Item = &StoredMessage> {
        let acks = self.marks(frame).first_seen().filter_map(|mark| mark.as_acknowledgment());
        let mut last = None;
        let of_messages = acks.filter(|ack| ack.of == Sent::Message && !ack.is_part).map(|ack| ack.frame);
        let frames = of_messages.filter(move |frame| last.replace(*frame) != Some(*frame));
        frames.flat_map(|frame| self.messages(frame)).filter(|message| message.is_known())
    }

    /// The frame that is the first to acknowledge a message, if it is not far away; of one in the middle of a frame, that may not be known.
    pub fn acked_in(&self, message: Position) -> Option<Frame> {
        const FAR: usize = 64;
        let Position { frame, .. } = message;
        let [first, last] = [self.messages(frame).first(), self.messages(frame).last()].map(|it| Some(it?.position()));
        let later = self.marks.partition_point(|mark| mark.frame <= frame);
        let near = self.marks.get(later..)?.iter().take(FAR);
        let marks = near.filter_map(|packed| unpack(*packed, large(self.rare.as_deref())));
        let mut acks = marks.filter_map(|mark| Some((mark.frame, mark.as_acknowledgment()?)));
        let of_frame = |(_, ack): &(Frame, Acknowledgment)| ack.frame == frame && ack.of == Sent::Message;
        let next = acks.find(of_frame).filter(|(_, ack)| !ack.is_part || Some(message) == first);
        let whole = || acks.find(|ack| of_frame(ack) && !ack.1.is_part).filter(|_| Some(message) == last);
        next.or_else(whole).map(|(frame, _)| frame)
    }

    /// The upgrade request or response in a frame.
    pub fn handshake(&self, frame: Frame) -> Option<&StoredHandshake> {
        self.handshakes[of_frame(&self.handshakes, frame, |handshake| handshake.frame)].first()
    }

    /// What is kept in the frame of the request that a handshake answers.
    pub fn asked(&self, handshake: &StoredHandshake) -> Option<&StoredHandshake> {
        self.handshake(handshake.request()?)
    }

    /// The messages of a frame, and the places for those that are not the chat's.
    pub fn messages(&self, frame: Frame) -> &[StoredMessage] {
        &self.messages[of_frame(&self.messages, frame, |message| message.at().frame)]
    }

    /// The messages behind a position, and the places for those that are not the chat's.
    pub fn behind(&self, position: Position) -> &[StoredMessage] {
        &self.messages[self.messages.partition_point(|message| message.position() <= position)..]
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

    /// The frame that began what the message of this position belongs to, where the message itself does not say so.
    pub fn began(&self, position: Position) -> Option<Frame> {
        self.rare.as_ref()?.began.get(&position).copied()
    }

    /// What the message of this position belongs to began in this frame, as far as is known so far.
    pub fn set_began(&mut self, position: Position, frame: Frame) {
        self.rare.get_or_insert_default().began.entry(position).or_insert(frame);
    }

    /// Keeps a message that was put together here.
    pub fn keep_assembled(&mut self, position: Position, bytes: Vec<u8>) {
        self.rare.get_or_insert_default().assembled.insert(position, bytes);
    }

    /// The message of this position, where it was put together here.
    pub fn assembled(&self, position: Position) -> Option<&[u8]> {
        self.rare.as_ref()?.assembled.get(&position).map(Vec::as_slice)
    }

    /// How many bytes such messages have.
    pub fn size_of_assembled(&self) -> usize {
        self.rare.as_ref().map_or(0, |rare| rare.assembled.values().map(Vec::capacity).sum())
    }

    /// A message from `from` to `to` is complete with this frame, and began in an earlier segment.
    pub fn keep_segmented(&mut self, by: Side, from: SequenceNumber, to: SequenceNumber, frame: Frame) {
        self.rare.get_or_insert_default().segmented.add(by, from, to, frame);
    }

    /// The frame with which the chat's message is complete that a segment holds a part of.
    pub fn completed_in(&self, by: Side, segment: &Segment) -> Option<Frame> {
        let frame = self.rare.as_ref()?.segmented.completed_in(by, segment)?;
        self.holds_message(frame).then_some(frame)
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

    /// It is known who the connection's user is in the last frame, if that is this one.
    pub fn name(&mut self, frame: Frame) {
        self.marks.iter_mut().rev().take_while(|mark| mark.frame == frame).for_each(PackedMark::set_named);
    }

    /// Messages of the frame `of` are left that this frame, the last one, does not acknowledge.
    pub fn acknowledge_part(&mut self, frame: Frame, of: Frame) {
        let large = large(self.rare.as_deref());
        for packed in self.marks.iter_mut().rev().take_while(|mark| mark.frame == frame) {
            let ack = unpack(*packed, large).and_then(|mark| mark.as_acknowledgment());
            let ack = ack.filter(|ack| ack.frame == of && ack.of == Sent::Message);
            let part = ack.map(|ack| Mark::acknowledgment(frame, Acknowledgment { is_part: true, ..ack }));
            if let Some(part) = part.and_then(|mark| PackedMark::of(&mark)) {
                *packed = part;
            }
        }
    }

    /// Keeps a mark of a frame that was shown before without it.
    pub fn mark_late(&mut self, mark: Mark) {
        self.rare.get_or_insert_default().late.entry(mark.frame).or_default().push(mark);
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
        failpoint!("session::records");
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
        for Rare { late, large, segmented, .. } in rare {
            segmented.swap_sides();
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
