//! What is looked up in a session after it has learned: nothing here changes it.

use std::borrow::Cow;

use super::bounded::Name;
use super::connection::Connection;
use super::record::{Acknowledgment, FrameRecord, MessageRecord};
use super::server::{Server, TrackedSay};
use super::state::Session;
use super::transport::Sent;
use crate::event::{AckedFrames, Event, Recipient};
use crate::message::Dialect;
use crate::packet::{Endpoint, Frame, FrameTime, Position, Segment, Side, StreamId};

/// A say that nobody got is reported when its connection is heard of again after this time. Nanoseconds.
const PATIENCE: i64 = 1_000_000_000;

/// A frame with what there is to show of it below its messages.
#[derive(Debug)]
pub struct FrameView<'a> {
    /// Its connection.
    pub connection: &'a Connection,
    /// What is kept of it.
    pub record: &'a FrameRecord,
    /// What happened in it, and who did it, in the order of the phases.
    pub events: Vec<(Cow<'a, Event<Name>>, Side)>,
    /// The frames whose handshake request, response or message it is the first to acknowledge.
    pub acks: Vec<Frame>,
}

/// A message with what the capture taught of it.
#[derive(Debug, Clone, Copy)]
pub struct MessageView<'a> {
    /// What is kept of it.
    pub record: &'a MessageRecord,
    /// Its connection.
    pub connection: &'a Connection,
    server: Option<&'a Server>,
}

/// A delivery, as its say's request shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveredTo {
    /// The frame that delivers it.
    pub at: FrameTime,
    /// The user who gets it, where that is known.
    pub name: Option<Name>,
    /// The browser that gets it.
    pub client: Endpoint,
}

impl Session {
    /// What there is to show of a segment's frame below its messages; `None` for nothing, and for a connection that is not the chat's.
    pub fn frame(&self, segment: &Segment) -> Option<FrameView<'_>> {
        let connection = self.connections.get(&segment.stream).filter(|connection| connection.is_shown())?;
        let record = connection.record(segment.at.frame)?;
        let shown: Vec<&Acknowledgment> = record.acks.iter().filter(|ack| is_shown(connection, ack)).collect();
        let mut events: Vec<_> = record.events.iter().map(|event| (Cow::Borrowed(&event.event), event.by)).collect();
        let by = connection.side(segment);
        events.extend(ack_events(record, &shown).into_iter().map(|event| (Cow::Owned(event), by)));
        events.sort_by_key(|(event, _)| event.phase());
        let mut acks: Vec<Frame> = shown.iter().map(|ack| ack.frame).collect();
        acks.dedup();
        let is_empty = events.is_empty() && acks.is_empty();
        (!is_empty).then_some(FrameView { connection, record, events, acks })
    }

    /// What the capture taught of a message; `None` for one that is not the chat's.
    pub fn message_view(&self, stream: StreamId, at: Position) -> Option<MessageView<'_>> {
        let connection = self.connections.get(&stream)?;
        let record = connection.record(at.frame)?.messages.get(at.index as usize)?.as_ref()?;
        Some(MessageView { record, connection, server: self.servers.get(&connection.server()) })
    }

    /// The connections that got a say, first come first.
    pub fn deliveries<'a>(&'a self, say: &'a TrackedSay) -> impl Iterator<Item = DeliveredTo> + 'a {
        say.delivered.iter().filter_map(|delivered| {
            let connection = self.connections.get(&delivered.stream)?;
            let identity = connection.identity(Position::end_of(delivered.at.frame));
            let name = identity.map(|identity| identity.name.clone());
            Some(DeliveredTo { at: delivered.at, name, client: connection.client() })
        })
    }
}

/// What is acknowledged is shown where it is a handshake or a message of the chat, not where it is another application's.
fn is_shown(connection: &Connection, ack: &Acknowledgment) -> bool {
    match ack.of {
        Sent::Message => connection.holds_message(ack.frame),
        Sent::UpgradeRequest | Sent::UpgradeResponse | Sent::Refusal | Sent::Fin => {
            connection.record(ack.frame).is_some_and(|record| record.handshake.is_some())
        }
    }
}

/// The events that the acknowledgments of a segment without payload are.
fn ack_events(record: &FrameRecord, shown: &[&Acknowledgment]) -> Vec<Event<Name>> {
    let first = |sent| record.acks.iter().find(|ack| ack.is_event && ack.of == sent);
    let is_shown = |ack: &&Acknowledgment| shown.iter().any(|shown| shown.frame == ack.frame);
    let request = first(Sent::UpgradeRequest).filter(is_shown).map(|ack| Event::UpgradeRequestAcked(ack.frame));
    let response = first(Sent::UpgradeResponse).filter(is_shown).map(|ack| Event::UpgradeComplete(ack.frame));
    let messages = first(Sent::Message).and_then(|_| {
        let messages = shown.iter().filter(|ack| ack.of == Sent::Message);
        AckedFrames::new(messages.map(|ack| ack.frame)).map(Event::MessagesAcked)
    });
    [request, response, messages].into_iter().flatten().collect()
}

impl<'a> MessageView<'a> {
    /// The dialect, of the message itself or of its server's others.
    pub fn dialect(&self) -> Option<Dialect> {
        self.record.dialect.or(self.server.and_then(|server| server.dialect))
    }

    /// Who says or does it, by name, as far as the whole capture shows.
    pub fn sender(&self) -> Option<Name> {
        let MessageRecord { event, sender_id, at, .. } = self.record;
        let by_id = || self.server?.name_of(sender_id.as_deref()?, at.frame).cloned();
        let by_connection = || {
            let is_the_users = matches!(event, Event::SayRequest(_) | Event::Pong(_));
            let identity = self.connection.identity(self.record.position()).filter(|_| is_the_users);
            identity.map(|identity| identity.name.clone())
        };
        event.sender().cloned().or_else(by_id).or_else(by_connection)
    }

    /// Whom it is for, by name, or `all`.
    pub fn recipient(&self) -> Option<Name> {
        match self.record.event.recipient()? {
            Recipient::Everyone => Some(Name::from("all")),
            Recipient::Named(name) => Some(name.clone()),
            Recipient::Id(id) => self.server?.name_of(id, self.record.at.frame).cloned(),
            Recipient::Unknown => None,
        }
    }

    /// The say that it is or delivers.
    pub fn say(&self) -> Option<&'a TrackedSay> {
        Some(self.server?.say(self.record.say?))
    }

    /// Whether a say request reached nobody, although its connection went on.
    pub fn reached_nobody(&self) -> bool {
        let Some(chat) = self.connection.chat() else { return false };
        let at = self.record.at;
        let went_on =
            chat.last_delivered() > at.frame || chat.last_from_server().is_some_and(|last| last.since(at) >= PATIENCE);
        let is_lost = self.say().is_some_and(|say| say.deliveries == 0) && !self.record.before_login;
        is_lost && went_on && !self.connection.lacks_answers_after(at.frame)
    }

    /// Whether a ping was followed by another without a pong between, though the client was heard of.
    pub fn unanswered(&self) -> bool {
        let Some(chat) = self.connection.chat() else { return false };
        let frame = self.record.at.frame;
        let went_on = chat.last_ping() > frame && self.connection.last_from_client() > frame;
        matches!(self.record.event, Event::Ping(_)) && self.record.response.is_none() && went_on
    }
}
