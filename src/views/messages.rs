//! The messages that a tap reported, to be looked up when all of the capture is known.

use super::TapEvent;
use crate::annotation::Findings;
use crate::packet::{Position, Side, StreamId};
use crate::session::{MessageView, Session};

/// A message by its place, and what its packet alone shows.
#[derive(Debug)]
pub struct Seen {
    stream: StreamId,
    position: Position,
    /// Who sent it.
    pub by: Side,
    /// What was found in it.
    pub findings: Findings,
}

/// Messages in the order of the capture, for a page that is written in one piece.
#[derive(Debug, Default)]
pub struct Messages {
    all: Vec<Seen>,
    is_written: bool,
}

impl Messages {
    /// The page begins.
    pub fn begin(&mut self) {
        self.is_written = false;
    }

    /// Whether the page has been written since it began; from now on, it has.
    pub fn are_written(&mut self) -> bool {
        std::mem::replace(&mut self.is_written, true)
    }

    /// Adds a message that is, or may turn out to be, the chat's.
    pub fn see(&mut self, tap_event: &TapEvent, session: &Session) {
        let TapEvent { stream, by, findings, .. } = *tap_event;
        let Some(position) = tap_event.position() else { return };
        if session.message_view(stream, position).is_some() || session.is_unsettled(stream) {
            self.all.push(Seen { stream, position, by, findings });
        }
    }

    /// Those of the chat.
    pub fn views<'a>(&'a self, session: &'a Session) -> impl Iterator<Item = (&'a Seen, MessageView<'a>)> {
        self.all.iter().filter_map(|seen| Some((seen, session.message_view(seen.stream, seen.position)?)))
    }
}
