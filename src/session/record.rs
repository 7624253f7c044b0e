//! What the session remembers of single frames and messages. A record is made when its frame is first seen and says the same ever
//! after; later frames only fill in what was open (an answer, a count, a name).

use std::sync::Arc;

use crate::fields::Phase;
use crate::message::Dialect;

/// A user's name, as a person reads it; at most [`MAX_NAME`] characters.
pub type Name = Arc<str>;
/// A client id, as on the wire; at most [`MAX_ID`] bytes.
pub type Id = Arc<str>;

/// Longer names are cut: what is remembered for the whole capture is bounded per item.
pub const MAX_NAME: usize = 200;
/// Longer ids keep their beginning and a hash.
pub const MAX_ID: usize = 64;

/// Longer values of handshake headers and reasons to close are cut.
pub const MAX_VALUE: usize = 1024;

/// A place in the capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    pub frame: u32,
    /// Nanoseconds since the epoch.
    pub time: i64,
}

/// A message's place in its connection: its frame, and how many messages of the frame came before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    pub frame: u32,
    pub index: u32,
}

impl Moment {
    /// Before anything was captured.
    pub const START: Moment = Moment { frame: 0, index: 0 };

    /// After all of a frame's messages.
    pub fn end_of(frame: u32) -> Moment {
        Moment { frame, index: u32::MAX }
    }
}

/// One side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    Client,
    Server,
}

impl Side {
    pub fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }
}

/// What a frame is below the messages, and who sent it.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseRecord {
    pub phase: Phase,
    pub by: Side,
    pub detail: Detail,
}

/// What a phase's sentence needs beside the ports.
#[derive(Debug, Clone, PartialEq)]
pub enum Detail {
    None,
    /// A SYN or SYN+ACK that was first sent in that frame.
    Again(u32),
    /// The acknowledged request or response.
    Frame(u32),
    /// The status of an HTTP response.
    Status(u16),
    /// A WebSocket close: status code (RFC 6455, section 7.4) and reason.
    Close(Option<u16>, Arc<str>),
}

/// An upgrade request or response.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Handshake {
    pub key: Option<Arc<str>>,
    pub origin: Option<Arc<str>>,
    pub accept: Option<Arc<str>>,
    pub accept_expected: Option<Arc<str>>,
    /// On a response: the request, where it was captured.
    pub request: Option<When>,
    /// On a request: the frame of the response.
    pub response: Option<u32>,
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

/// Whom a message is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Recipient {
    All,
    Name(Name),
    /// A client whose name was not known when the message was seen.
    Id(Id),
}

/// A say request's place in its server's book.
pub type SayNumber = u32;

/// What is known of one message beyond its own bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageRecord {
    pub phase: Phase,
    pub at: When,
    /// How many messages of the frame came before it.
    pub index: u32,
    pub dialect: Option<Dialect>,
    /// Who says or does it, as known when the message was first seen.
    pub sender: Option<Name>,
    /// The client id it comes from, to look the name up later.
    pub sender_id: Option<Id>,
    pub recipient: Option<Recipient>,
    /// Whether its last WebSocket frame was masked; `None` where the frame was not seen.
    pub masked: Option<bool>,
    /// The request that it answers.
    pub request: Option<When>,
    /// The frame with the answer to it.
    pub response: Option<u32>,
    /// The say that it is, or delivers.
    pub say: Option<SayNumber>,
    /// Said on a connection whose beginning was captured and that had not logged in.
    pub before_login: bool,
    /// Who was in the room, of a say request: the first few names, and how many there were.
    pub members: Option<(Arc<[Name]>, usize)>,
}

/// A handshake request or response, or a message, that is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    pub frame: u32,
    pub is_message: bool,
}

/// Everything remembered of one frame of one connection.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrameRecord {
    pub phases: Vec<PhaseRecord>,
    /// What this frame is the first to acknowledge whole.
    pub acks: Vec<Acknowledged>,
    pub handshake: Option<Box<Handshake>>,
    /// By the message's number in the segment; `None` for one that is not the chat's.
    pub messages: Vec<Option<MessageRecord>>,
}

impl MessageRecord {
    pub fn moment(&self) -> Moment {
        Moment { frame: self.at.frame, index: self.index }
    }
}

impl FrameRecord {
    /// The place of the frame's message of this number.
    pub fn make_room(&mut self, index: u32) -> &mut Option<MessageRecord> {
        let wanted = index as usize + 1;
        if self.messages.is_empty() {
            self.messages.reserve_exact(wanted); // most frames have one
        }
        if self.messages.len() < wanted {
            self.messages.resize(wanted, None);
        }
        &mut self.messages[index as usize]
    }
}

/// A name to remember: at most [`MAX_NAME`] characters.
pub fn bounded_name(name: &str) -> &str {
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => &name[..end],
        None => name,
    }
}

/// A value of a handshake header, or a reason to close, to remember: at most [`MAX_VALUE`] characters.
pub fn bounded_value(value: &str) -> Arc<str> {
    let end = value.char_indices().nth(MAX_VALUE).map_or(value.len(), |(end, _)| end);
    Arc::from(&value[..end])
}

/// An id to remember: at most about [`MAX_ID`] bytes, and different for different ids.
pub fn bounded_id(id: &str) -> Id {
    use std::hash::{DefaultHasher, Hash, Hasher};
    if id.len() <= MAX_ID {
        return Id::from(id);
    }
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let start: String = id.chars().take(MAX_ID / 4).collect();
    Id::from(format!("{start}…{:016x}", hasher.finish()))
}
