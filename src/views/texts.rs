//! What a view keeps of a sighting, and its texts.

use super::Sighting;
use crate::packet::{FrameTime, Position, Side, StreamId};

/// A message, or what a frame is below its messages.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The frame.
    pub at: FrameTime,
    /// Its connection.
    pub stream: StreamId,
    /// As in [`Sighting::index`].
    pub index: Option<u32>,
    /// Who sent it.
    pub by: Side,
    /// As in [`Sighting::text`].
    pub text: Place,
    /// As in [`Sighting::problems`].
    pub problems: Place,
}

impl Entry {
    /// Where the message is; `None` for what is below the messages.
    pub fn position(&self) -> Option<Position> {
        self.index.map(|index| Position { frame: self.at.frame, index })
    }
}

/// A text among [`Texts`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    start: u64,
    length: u32,
}

/// Texts in the order in which they were added.
#[derive(Debug, Default)]
pub struct Texts {
    texts: String,
}

impl Texts {
    /// Adds those of a sighting.
    pub fn keep(&mut self, sighting: &Sighting) -> Entry {
        let Sighting { at, stream, index, by, text, problems, .. } = *sighting;
        Entry { at, stream, index, by, text: self.add(text), problems: self.add(problems) }
    }

    fn add(&mut self, text: &str) -> Place {
        let start = self.texts.len() as u64;
        self.texts.push_str(text);
        Place { start, length: text.len() as u32 }
    }

    /// A text.
    pub fn get(&self, place: Place) -> &str {
        let start = place.start as usize;
        self.texts.get(start..start + place.length as usize).unwrap_or_default()
    }
}
