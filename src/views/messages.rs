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

/// Messages in the order of the capture.
#[derive(Debug, Default)]
pub struct Messages(Vec<Seen>);

impl Messages {
    /// Adds a message that is, or may turn out to be, the chat's.
    pub fn see(&mut self, tap_event: &TapEvent, session: &Session) {
        let TapEvent { stream, by, findings, .. } = *tap_event;
        let Some(position) = tap_event.position() else { return };
        if session.message_view(stream, position).is_some() || session.is_unsettled(stream) {
            self.0.push(Seen { stream, position, by, findings });
        }
    }

    /// Those of the chat.
    pub fn views<'a>(&'a self, session: &'a Session) -> impl Iterator<Item = (&'a Seen, MessageView<'a>)> {
        self.0.iter().filter_map(|seen| Some((seen, session.message_view(seen.stream, seen.position)?)))
    }
}
