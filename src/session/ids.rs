//! Numbers and places that stand for things of a session, wherever those are kept.

use std::num::NonZeroU32;

use crate::packet::{FrameTime, Position, StreamId};
use crate::storage::texts::{TextId, Texts};

/// A say request's number among all of the capture, from 0 on, in their order.
pub type SayNumber = u32;

/// The number of a server in the capture: a niche for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerNumber(pub NonZeroU32);

/// A message's place: stream, frame, number in the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessagePlace {
    /// The connection.
    pub stream: StreamId,
    /// The frame in which the message ends.
    pub at: FrameTime,
    /// How many messages of the frame came before it.
    pub index: u32,
}

impl MessagePlace {
    /// In its connection.
    pub fn position(&self) -> Position {
        Position { frame: self.at.frame, index: self.index }
    }
}

/// Where a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Room {
    /// Dialect A has no rooms: everybody gets everything.
    Everywhere,
    /// A room, by its id.
    Named(TextId),
}

impl Room {
    /// Whether the server keeps anybody there: GatewayWorker refuses a group that is `empty()` to PHP.
    pub fn keeps_users(self, texts: &Texts) -> bool {
        match self {
            Room::Everywhere => true,
            Room::Named(name) => !matches!(texts.get(name), "" | "0"),
        }
    }

    /// The room's id, where there is one to show.
    pub fn name(self, texts: &Texts) -> Option<&str> {
        match self {
            Room::Everywhere => None,
            Room::Named(name) => Some(texts.get(name)).filter(|name| !name.is_empty()),
        }
    }
}
