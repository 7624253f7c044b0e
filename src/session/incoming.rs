//! A message as it comes in, which may wait until its connection is known to be the chat's.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;

use crate::failpoint::failpoint;
use crate::fields::ServerKind;
use crate::message::{Content, Dialect, MemberName, Message, Users};
use crate::packet::{FrameTime, Side};

/// A message, as far as the session needs it.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// The frame in which it ends.
    pub at: FrameTime,
    /// How many messages of the frame came before it.
    pub index: u32,
    /// Who sent it.
    pub by: Side,
    /// What it shows the server to be.
    pub shows: Option<ServerKind>,
    /// Whether its last WebSocket frame was masked; `None` where the frame was not seen.
    pub masked: Option<bool>,
    /// The message's own dialect, where its members decide it.
    pub dialect: Option<Dialect>,
    /// It is JSON, as far as it was captured.
    pub is_readable: bool,
    /// The capture holds only the message's beginning.
    pub is_truncated: bool,
    /// Not a login without a room, over which the server of 2015 and later raises an exception.
    pub is_complete: bool,
    /// The server's local time as it was sent.
    pub time: Option<ServerTime>,
    /// What it is for.
    pub content: Content<'a>,
}

/// The hash of a time as the server writes it: what the copies of a broadcast have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServerTime(u64);

impl<'a> Incoming<'a> {
    /// Of a message; `hasher` is the session's.
    pub fn of(
        message: &Message<'a>,
        at: FrameTime,
        index: u32,
        masked: Option<bool>,
        hasher: &DefaultHashBuilder,
    ) -> Incoming<'a> {
        failpoint!("session::incoming");
        let content = message.content(hasher);
        let is_truncated = message.is_truncated();
        let may_lack_room = matches!(content, Content::LoginRequest { .. }) && !is_truncated;
        Incoming {
            at,
            index,
            by: message.sender,
            shows: message.shows(),
            masked,
            dialect: message.dialect,
            is_readable: message.fault().is_none(),
            is_truncated,
            is_complete: !(may_lack_room && message.missing(None).any(|name| name == MemberName::RoomId)),
            time: message.value(MemberName::Time).map(|time| ServerTime(hasher.hash_one(time))),
            content,
        }
    }

    /// The same to a server of this dialect.
    pub fn for_server_of(self, dialect: Option<Dialect>) -> Incoming<'a> {
        let (content, dialect) = self.content.for_server_of(self.dialect, dialect);
        Incoming { content, dialect, ..self }
    }

    /// How many bytes its list of users takes, which is all in it that can be long.
    pub fn size_of_list(&self) -> usize {
        self.content.users().map_or(0, Users::size)
    }

    /// The same, free of the message's bytes.
    pub fn into_owned(self) -> Incoming<'static> {
        Incoming { content: self.content.into_owned(), ..self }
    }
}
