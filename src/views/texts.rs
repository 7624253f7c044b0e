//! What views keep of tap_events: the places of messages and frames, and their texts.

use std::mem;

use super::TapEvent;
use crate::annotation::Findings;
use crate::packet::{FrameTime, Position, Side, StreamId};
use crate::session::{MAX_BYTES, Session};

/// A message, or what a frame is below its messages.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The frame.
    pub at: FrameTime,
    /// Its connection.
    pub stream: StreamId,
    /// As in [`TapEvent::index`].
    pub index: Option<u32>,
    /// Who sent it.
    pub by: Side,
    /// As in [`TapEvent::text`].
    pub text: TextPlace,
    /// As in [`TapEvent::problems`].
    pub problems: TextPlace,
}

impl Entry {
    /// Where the message is; `None` for what is below the messages.
    pub fn position(&self) -> Option<Position> {
        self.index.map(|index| Position { frame: self.at.frame, index })
    }

    /// The tap_event again, with these problems and without its text.
    pub fn tap_event<'a>(&self, problems: &'a str) -> TapEvent<'a> {
        let Entry { at, stream, index, by, .. } = *self;
        TapEvent { at, stream, index, by, text: "", problems, findings: Findings::default(), wire: None }
    }
}

/// What belongs to a connection.
pub trait OfStream {
    /// The connection.
    fn connection(&self) -> StreamId;
}

impl OfStream for Entry {
    fn connection(&self) -> StreamId {
        self.stream
    }
}

/// Messages and frames of which later ones may show what they are.
#[derive(Debug)]
pub struct Unsettled<T = Entry> {
    entries: Vec<T>,
    /// Those that were taken in, or refused, since those that are settled were last taken out.
    since_sweep: usize,
}

impl<T> Default for Unsettled<T> {
    fn default() -> Self {
        Unsettled { entries: Vec::new(), since_sweep: 0 }
    }
}

impl Unsettled {
    /// How many are kept at a time; those beyond are left out.
    const MAX: usize = 1 << 17;
}

impl<T: OfStream> Unsettled<T> {
    /// Takes in one more, in amortized constant time. Refuses it where there are too many.
    pub fn add(&mut self, entry: T, is_unsettled: impl Fn(StreamId) -> bool) {
        self.since_sweep += 1;
        if self.entries.len() >= Unsettled::MAX && self.since_sweep > Unsettled::MAX / 2 {
            self.entries.retain(|entry| is_unsettled(entry.connection()));
            self.since_sweep = 0;
        }
        if self.entries.len() < Unsettled::MAX {
            self.entries.push(entry);
        }
    }

    /// Those of which it is known by now what they are.
    pub fn settled(&mut self, session: &Session) -> Vec<T> {
        let entries = mem::take(&mut self.entries).into_iter();
        let (waiting, settled) = entries.partition(|entry| session.is_unsettled(entry.connection()));
        self.entries = waiting;
        settled
    }
}

/// A text among [`Texts`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextPlace {
    start: u64,
    length: u32,
}

/// Texts in the order in which they were added.
#[derive(Debug, Default)]
pub struct Texts {
    texts: String,
    /// What stands for those for which there is no more room.
    left_out: Option<TextPlace>,
}

impl Texts {
    /// Adds a tap_event's. All texts together take at most as much as all that the capture taught.
    pub fn keep(&mut self, tap_event: &TapEvent) -> Entry {
        let TapEvent { at, stream, index, by, text, problems, .. } = *tap_event;
        let [text, problems] = [text, problems].map(|text| self.add(text, MAX_BYTES));
        Entry { at, stream, index, by, text, problems }
    }

    /// Adds a text, if with it all are at most so many bytes. Else an ellipsis stands for it.
    fn add(&mut self, text: &str, most: usize) -> TextPlace {
        if text.len() <= most.saturating_sub(self.texts.len()) {
            return self.push(text);
        }
        let left_out = self.left_out.unwrap_or_else(|| self.push("…"));
        *self.left_out.insert(left_out)
    }

    fn push(&mut self, text: &str) -> TextPlace {
        let start = self.texts.len() as u64;
        self.texts.push_str(text);
        TextPlace { start, length: text.len() as u32 }
    }

    /// A text.
    pub fn get(&self, place: TextPlace) -> &str {
        let start = place.start as usize;
        self.texts.get(start..start + place.length as usize).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::packet::Frame;

    #[test]
    fn texts_for_which_there_is_no_room_are_an_ellipsis() {
        let mut texts = Texts::default();
        let places = ["a", "too long", "b", "again"].map(|text| texts.add(text, 6));
        assert_eq!(places.map(|place| texts.get(place)), ["a", "…", "b", "…"]);
        assert_eq!(texts.texts, "a…b");
    }

    #[test]
    fn frames_that_stay_unsettled_are_not_looked_at_again_for_each_further_one() {
        let text = TextPlace::default();
        let (mut unsettled, looks, count) = (Unsettled::default(), Cell::new(0), 5 * Unsettled::MAX);
        for number in 0..count as u32 {
            let at = FrameTime { frame: Frame::of(number), time: 0 };
            let entry = Entry { at, stream: StreamId(0), index: None, by: Side::Client, text, problems: text };
            unsettled.add(entry, |_| {
                looks.set(looks.get() + 1);
                true
            });
        }
        assert!(looks.get() <= 2 * count, "{} looks for {count} frames", looks.get());
        assert_eq!(unsettled.entries.len(), Unsettled::MAX);
    }
}
