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
        TapEvent { at, stream, index, by, text: "", problems, findings: Findings::default() }
    }
}

/// Frames of which later ones may show what they are.
#[derive(Debug, Default)]
pub struct Unsettled {
    frames: Vec<Entry>,
    /// The frames that were taken in, or refused, since those that are settled were last taken out.
    since_sweep: usize,
}

impl Unsettled {
    /// Frames that are kept at a time; those beyond are left out.
    const MAX_FRAMES: usize = 1 << 17;

    /// Takes in a frame, in amortized constant time. Refuses it where there are too many.
    pub fn add(&mut self, frame: Entry, is_unsettled: impl Fn(StreamId) -> bool) {
        self.since_sweep += 1;
        if self.frames.len() >= Unsettled::MAX_FRAMES && self.since_sweep > Unsettled::MAX_FRAMES / 2 {
            self.frames.retain(|frame| is_unsettled(frame.stream));
            self.since_sweep = 0;
        }
        if self.frames.len() < Unsettled::MAX_FRAMES {
            self.frames.push(frame);
        }
    }

    /// Those of which it is known by now: each message, without its text, and the frame below it.
    pub fn settled(&mut self, session: &Session) -> Vec<Entry> {
        let frames = mem::take(&mut self.frames).into_iter();
        let (waiting, settled): (Vec<Entry>, _) = frames.partition(|frame| session.is_unsettled(frame.stream));
        self.frames = waiting;
        let mut entries = Vec::new();
        for frame in settled {
            for view in session.messages_of(frame.stream, frame.at.frame) {
                let by = if view.record.event.is_from_server() { Side::Server } else { Side::Client };
                let index = Some(view.record.index);
                entries.push(Entry { index, by, text: TextPlace::default(), problems: TextPlace::default(), ..frame });
            }
            entries.push(frame);
        }
        entries
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
        let (mut unsettled, looks, count) = (Unsettled::default(), Cell::new(0), 5 * Unsettled::MAX_FRAMES);
        for number in 0..count as u32 {
            let at = FrameTime { frame: Frame::of(number), time: 0 };
            let entry = Entry { at, stream: StreamId(0), index: None, by: Side::Client, text, problems: text };
            unsettled.add(entry, |_| {
                looks.set(looks.get() + 1);
                true
            });
        }
        assert!(looks.get() <= 2 * count, "{} looks for {count} frames", looks.get());
        assert_eq!(unsettled.frames.len(), Unsettled::MAX_FRAMES);
    }
}
