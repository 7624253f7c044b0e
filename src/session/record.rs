//! What the session keeps of single frames and messages. A record is made when its frame is first seen and stays as it is; later frames
//! only fill in what was open (an answer, a count, a name).

use std::sync::Arc;

use super::bounded::{Id, Name};
use super::room::Members;
use super::say::SayNumber;
use super::transport::Sent;
use crate::event::Event;
use crate::message::Dialect;
use crate::packet::{Frame, FrameTime, Position, Side};

/// What happened in a frame below its messages, and who sent it.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameEvent {
    /// What happened.
    pub event: Event<Name>,
    /// Who sent the segment.
    pub by: Side,
}

/// A handshake request or response, or a message, that a frame is the first to acknowledge as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgment {
    /// The frame that carried its last byte.
    pub frame: Frame,
    /// What it is.
    pub of: Sent,
    /// Whether the acknowledgment is an event of its own: its segment has no payload.
    pub is_event: bool,
}

/// An upgrade request or response (RFC 6455, section 4).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Handshake {
    /// `Sec-WebSocket-Key`, of a request.
    pub key: Option<Arc<str>>,
    /// `Origin`, of a request.
    pub origin: Option<Arc<str>>,
    /// `Sec-WebSocket-Accept`, of a response.
    pub accept: Option<Arc<str>>,
    /// The accept value that the request's key requires.
    pub accept_expected: Option<Arc<str>>,
    /// On a response: the request, where it was captured.
    pub request: Option<FrameTime>,
    /// On a request: the frame of the response.
    pub response: Option<Frame>,
    /// The status code of a response that is no 101.
    pub refused: Option<u16>,
}

impl Handshake {
    /// Whether it failed: refused, or answered with a wrong accept value.
    pub fn is_faulty(&self) -> bool {
        self.refused.is_some() || self.accept_valid() == Some(false)
    }

    /// Whether the accept value answers the key; `None` where either was not captured.
    pub fn accept_valid(&self) -> Option<bool> {
        let expected = self.accept_expected.as_ref()?;
        Some(self.accept.as_ref() == Some(expected))
    }
}

/// What is known of one message beyond its own bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageRecord {
    /// The frame in which it ends.
    pub at: FrameTime,
    /// How many messages of the frame came before it.
    pub index: u32,
    /// What happened, with the names known when the message was first seen.
    pub event: Event<Name>,
    /// The message's own dialect, or else the server's as known then.
    pub dialect: Option<Dialect>,
    /// The client id that it comes from, to look the name up later.
    pub sender_id: Option<Id>,
    /// Whether its last WebSocket frame was masked; `None` where the frame was not seen.
    pub masked: Option<bool>,
    /// The request that it answers.
    pub request: Option<FrameTime>,
    /// The frame with the answer to it.
    pub response: Option<Frame>,
    /// The say that it is, or delivers.
    pub say: Option<SayNumber>,
    /// A say on a connection whose beginning was captured and that had not logged in.
    pub before_login: bool,
    /// Of a say request: who was in the room.
    pub members: Option<Members>,
}

impl MessageRecord {
    /// A record of what happened, with nothing else known.
    pub fn new(at: FrameTime, index: u32, event: Event<Name>) -> MessageRecord {
        MessageRecord {
            at,
            index,
            event,
            dialect: None,
            sender_id: None,
            masked: None,
            request: None,
            response: None,
            say: None,
            before_login: false,
            members: None,
        }
    }

    /// Its place in its connection.
    pub fn position(&self) -> Position {
        Position { frame: self.at.frame, index: self.index }
    }
}

/// Everything kept of one frame of one connection.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrameRecord {
    /// What happened below its messages, apart from the acknowledgments.
    pub events: Vec<FrameEvent>,
    /// What this frame is the first to acknowledge.
    pub acks: Vec<Acknowledgment>,
    /// The upgrade request or response that it carries.
    pub handshake: Option<Box<Handshake>>,
    /// By the message's number in the frame; `None` for one that is not the chat's.
    pub messages: Vec<Option<MessageRecord>>,
}

impl FrameRecord {
    /// The slot of the frame's message of this number, made where there is none.
    pub fn slot(&mut self, index: u32) -> &mut Option<MessageRecord> {
        let wanted = index as usize + 1;
        if self.messages.is_empty() {
            self.messages.reserve_exact(wanted); // most frames have one
        }
        if self.messages.len() < wanted {
            self.messages.resize(wanted, None);
        }
        &mut self.messages[index as usize]
    }

    /// Whether one of its messages is the chat's.
    pub fn holds_message(&self) -> bool {
        self.messages.iter().any(Option::is_some)
    }
}
