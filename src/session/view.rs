//! What is looked up of a session, after it has learned: nothing here changes it.

use super::Session;
use super::chat::{Say, Server};
use super::record::{FrameRecord, MessageRecord, Moment, Name, Recipient, When};
use super::stream::Stream;
use crate::fields::Phase;
use crate::message::Dialect;

/// A say that nobody got is told when its connection is heard of again after this time. Nanoseconds.
const PATIENCE: i64 = 1_000_000_000;

/// A message with what the capture taught of it.
#[derive(Debug, Clone, Copy)]
pub struct MessageView<'a> {
    pub record: &'a MessageRecord,
    pub stream: &'a Stream,
    server: Option<&'a Server>,
}

/// A copy of a say, told of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveredTo {
    pub at: When,
    pub name: Option<Name>,
    pub port: u16,
}

impl Session {
    /// What there is to show of a frame below its messages; `None` for a connection that is not the chat's.
    pub fn frame(&self, stream: u32, frame: u32) -> Option<(&Stream, &FrameRecord)> {
        let stream = self.streams.get(&stream)?;
        let record = stream.records.get(&frame).filter(|_| stream.is_told())?;
        Some((stream, record))
    }

    /// Whether a frame holds a message of the chat.
    pub fn holds_message(&self, stream: u32, frame: u32) -> bool {
        self.streams.get(&stream).is_some_and(|stream| stream.holds_message(frame))
    }

    /// What the capture taught of a message; `None` for one that is not the chat's.
    pub fn view(&self, stream: u32, frame: u32, index: u32) -> Option<MessageView<'_>> {
        let stream = self.streams.get(&stream)?;
        let record = stream.records.get(&frame)?.messages.get(index as usize)?.as_ref()?;
        Some(MessageView { record, stream, server: self.servers.get(&stream.server) })
    }

    /// The connections that got a say, first come first.
    pub fn deliveries(&self, say: &Say) -> Vec<DeliveredTo> {
        let told = say.told.iter().filter_map(|told| {
            let stream = self.streams.get(&told.stream)?;
            let name = stream.identity(Moment::end_of(told.at.frame)).map(|identity| identity.name.clone());
            Some(DeliveredTo { at: told.at, name, port: stream.client_port() })
        });
        told.collect()
    }
}

impl<'a> MessageView<'a> {
    /// The dialect, of the message itself or of its server's others.
    pub fn dialect(&self) -> Option<Dialect> {
        self.record.dialect.or(self.server.and_then(|server| server.dialect))
    }

    /// Who says or does it, by name, as far as the whole capture tells.
    pub fn sender(&self) -> Option<Name> {
        let MessageRecord { sender, sender_id, at, phase, .. } = self.record;
        let moment = self.record.moment();
        let by_id = || self.server?.name_of(sender_id.as_deref()?, at.frame).cloned();
        let by_connection = || {
            let from_client = matches!(phase, Phase::SayRequest | Phase::Pong);
            self.stream.identity(moment).filter(|_| from_client).map(|identity| identity.name.clone())
        };
        sender.clone().or_else(by_id).or_else(by_connection)
    }

    /// Whom it is for, by name, or `all`.
    pub fn recipient(&self) -> Option<Name> {
        match self.record.recipient.as_ref()? {
            Recipient::All => Some(Name::from("all")),
            Recipient::Name(name) => Some(name.clone()),
            Recipient::Id(id) => self.server?.name_of(id, self.record.at.frame).cloned(),
        }
    }

    /// The say that it is or delivers.
    pub fn say(&self) -> Option<&'a Say> {
        Some(self.server?.say(self.record.say?))
    }

    /// Whether a say request reached nobody, although its connection went on.
    pub fn reached_nobody(&self) -> bool {
        let at = self.record.at;
        let went_on = self.stream.last_delivered > at.frame
            || self.stream.last_from_server.is_some_and(|last| last.time.saturating_sub(at.time) >= PATIENCE);
        let is_lost = self.say().is_some_and(|say| say.deliveries == 0) && !self.record.before_login;
        is_lost && went_on && !self.stream.lacks_answers_after(at.frame)
    }

    /// Whether a ping was followed by another without a pong between, though the client was heard of.
    pub fn unanswered(&self) -> bool {
        let frame = self.record.at.frame;
        let went_on = self.stream.last_ping > frame && self.stream.last_from_client > frame;
        self.record.phase == Phase::Ping && self.record.response.is_none() && went_on
    }
}
