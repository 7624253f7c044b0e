//! What is looked up in a session after it has learned: nothing here changes it.

use super::application::Identity;
use super::connection::Connection;
use super::gaps::Gaps;
use super::handshake::{Handshake, StoredHandshake};
use super::in_flight::Sent;
use super::lists::Lists;
use super::mark::{Acknowledgment, Mark};
use super::record::MessageRecord;
use super::records::Marks;
use super::says::Says;
use super::server::Server;
use super::state::Session;
use super::texts::Texts;
use super::tracked::TrackedSay;
use crate::event::{AckedFrames, Event, Recipient};
use crate::message::Dialect;
use crate::packet::{Endpoint, Frame, FrameTime, Position, Segment, Side, StreamId};

/// A say that nobody got is reported when its connection is heard of again after this time. Nanoseconds.
const PATIENCE: i64 = 1_000_000_000;
/// Where the capture lacks what the server sent within this time after a say, the say's deliveries are not counted. Nanoseconds.
const COUNTED_WITHIN: i64 = 2_000_000_000;

/// A frame with what there is to show of it below its messages. What it holds is looked up when it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct FrameView<'a> {
    /// Its connection.
    pub connection: &'a Connection,
    frame: Frame,
    marks: Marks<'a>,
    /// Who sent the segment.
    by: Side,
    texts: &'a Texts,
}

/// A message with what the capture taught of it.
#[derive(Debug, Clone)]
pub struct MessageView<'a> {
    /// What is kept of it.
    pub record: MessageRecord<&'a str>,
    /// Its connection.
    pub connection: &'a Connection,
    server: Option<&'a Server>,
    /// What the capture lacks of servers that may be this one.
    unheard: &'a Gaps,
    says: &'a Says,
    lists: &'a Lists,
    texts: &'a Texts,
}

/// The user of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User<'a> {
    /// The name; empty for a user who has none.
    pub name: &'a str,
    /// The room's id, where there is one to show.
    pub room: Option<&'a str>,
}

/// The members of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members<'a> {
    /// The first names.
    pub names: Vec<&'a str>,
    /// How many members there are.
    pub count: usize,
}

/// A say request and what became of it.
#[derive(Debug, Clone, Copy)]
pub struct SayView<'a> {
    /// The frame in which the request ends.
    pub at: FrameTime,
    /// The sender's connection.
    pub stream: StreamId,
    /// How many copies were captured; of a private say, how many connections got one.
    pub deliveries: u32,
    /// Whether nothing is missing in the capture that would change that number.
    pub is_counted: bool,
    /// The first frame that delivers it.
    pub first: Option<Frame>,
    say: &'a TrackedSay,
    says: &'a Says,
}

/// A delivery, as its say's request shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveredTo<'a> {
    /// The frame that delivers it.
    pub at: FrameTime,
    /// The user who gets it, where that is known.
    pub name: Option<&'a str>,
    /// The browser that gets it.
    pub client: Endpoint,
}

impl Session {
    /// What there is to show of a segment's frame below its messages; `None` for nothing, and for a connection that is not the chat's.
    pub fn frame(&self, segment: &Segment) -> Option<FrameView<'_>> {
        let connection = self.connections.get(&segment.stream).filter(|connection| connection.is_shown())?;
        let (frame, by) = (segment.at.frame, connection.side(segment));
        let marks = connection.records().marks(frame);
        let is_shown = |mark: Mark| mark.as_acknowledgment().is_none_or(|ack| is_shown(connection, ack));
        marks.iter().any(is_shown).then_some(FrameView { connection, frame, by, marks, texts: &self.texts })
    }

    /// What the capture taught of a message; `None` for one that is not the chat's.
    pub fn message_view(&self, stream: StreamId, at: Position) -> Option<MessageView<'_>> {
        let connection = self.connections.get(&stream)?;
        let records = connection.records();
        let record = records.message(at)?.record(&self.texts, |frame| records.time_of(frame))?;
        let server = self.servers.of(connection);
        let (unheard, says, lists, texts) = (self.servers.unheard(), &self.says, &self.lists, &self.texts);
        Some(MessageView { record, connection, server, unheard, says, lists, texts })
    }

    /// The connections that got a say, first come first.
    pub fn deliveries<'a>(&'a self, say: SayView<'a>) -> impl Iterator<Item = DeliveredTo<'a>> + 'a {
        say.says.delivered(say.say).filter_map(|delivered| {
            let connection = self.connections.get(&delivered.stream)?;
            let identity = connection.identity(Position::end_of(delivered.frame));
            let name = identity.map(|identity| self.texts.get(identity.name)).filter(|name| !name.is_empty());
            Some(DeliveredTo { at: connection.records().time_of(delivered.frame)?, name, client: connection.client() })
        })
    }
}

/// What is acknowledged is shown where it is a handshake or a message of the chat, not where it is another application's.
fn is_shown(connection: &Connection, ack: Acknowledgment) -> bool {
    match ack.of {
        Sent::Message => connection.records().holds_message(ack.frame),
        Sent::UpgradeRequest | Sent::UpgradeResponse | Sent::Refusal | Sent::Fin => {
            connection.records().handshake(ack.frame).is_some()
        }
    }
}

fn user<'a>(identity: &Identity, texts: &'a Texts) -> User<'a> {
    User { name: texts.get(identity.name), room: identity.room.and_then(|room| room.name(texts)) }
}

impl<'a> FrameView<'a> {
    fn acknowledgments(&self) -> impl Iterator<Item = Acknowledgment> + use<'a> {
        self.marks.iter().filter_map(|mark| mark.as_acknowledgment())
    }

    /// What it acknowledges that is shown.
    fn shown(&self) -> impl Iterator<Item = Acknowledgment> + use<'a> {
        let connection = self.connection;
        self.acknowledgments().filter(move |ack| is_shown(connection, *ack))
    }

    /// What happened in it, and who did it, in the order of the phases.
    pub fn events(&self) -> Vec<(Event<&'a str>, Side)> {
        let mut events: Vec<_> = self.marks.iter().filter_map(|mark| mark.event(self.texts)).collect();
        if self.acknowledgments().any(|ack| ack.is_event) {
            let acks = [Sent::UpgradeRequest, Sent::UpgradeResponse, Sent::Message];
            events.extend(acks.into_iter().filter_map(|of| self.ack_event(of)).map(|event| (event, self.by)));
        }
        if events.len() > 1 {
            events.sort_by_key(|(event, _)| event.phase());
        }
        events
    }

    /// The event that an acknowledgment is, if the segment has no payload.
    fn ack_event(&self, of: Sent) -> Option<Event<&'a str>> {
        let first = self.acknowledgments().find(|ack| ack.is_event && ack.of == of)?;
        let is_shown = || self.shown().any(|shown| shown.frame == first.frame);
        match of {
            Sent::UpgradeRequest => is_shown().then_some(Event::UpgradeRequestAcked(first.frame)),
            Sent::UpgradeResponse => is_shown().then_some(Event::UpgradeComplete(first.frame)),
            Sent::Message => {
                let messages = self.shown().filter(|ack| ack.of == Sent::Message);
                AckedFrames::new(messages.map(|ack| ack.frame)).map(Event::MessagesAcked)
            }
            Sent::Refusal | Sent::Fin => None,
        }
    }

    /// The frames whose handshake request, response or message it is the first to acknowledge.
    pub fn acks(&self) -> impl Iterator<Item = Frame> + use<'a> {
        let mut last = None;
        self.shown().map(|ack| ack.frame).filter(move |frame| last.replace(*frame) != Some(*frame))
    }

    /// Whether one of its messages is the chat's.
    pub fn holds_message(&self) -> bool {
        self.connection.records().holds_message(self.frame)
    }

    /// The upgrade request or response that it carries.
    pub fn handshake(&self) -> Option<Handshake> {
        let records = self.connection.records();
        let handshake = records.handshake(self.frame)?;
        Some(handshake.handshake(records.asked(handshake), self.texts))
    }

    /// Whether it carries a handshake that failed: refused, or answered with a wrong accept value.
    pub fn has_faulty_handshake(&self) -> bool {
        self.connection.records().handshake(self.frame).is_some_and(StoredHandshake::is_faulty)
    }

    /// The connection's user at this frame.
    pub fn user(&self) -> Option<User<'a>> {
        self.connection.identity(Position::end_of(self.frame)).map(|identity| user(identity, self.texts))
    }
}

impl<'a> MessageView<'a> {
    /// The dialect, of the message itself or of its server's others.
    pub fn dialect(&self) -> Option<Dialect> {
        self.record.dialect.or(self.server.and_then(|server| server.dialect))
    }

    /// Who says or does it, by name, as far as the whole capture shows.
    pub fn sender(&self) -> Option<&'a str> {
        let MessageRecord { event, sender_id, at, .. } = &self.record;
        let by_id = || self.server?.name_of((*sender_id)?, at.frame).map(|name| self.texts.get(name));
        let by_connection = || {
            let is_the_users = matches!(event, Event::SayRequest(_) | Event::Pong(_));
            self.user().filter(|_| is_the_users).map(|user| user.name)
        };
        event.sender().copied().or_else(by_id).or_else(by_connection).filter(|name| !name.is_empty())
    }

    /// Whom it is for, by name, or `all`.
    pub fn recipient(&self) -> Option<&'a str> {
        match self.record.event.recipient()? {
            Recipient::Everyone => Some("all"),
            Recipient::Named(name) => Some(name),
            Recipient::Id(id) => {
                let name = self.server?.name_of(self.texts.find(id)?, self.record.at.frame)?;
                Some(self.texts.get(name)).filter(|name| !name.is_empty())
            }
            Recipient::Unknown => None,
        }
    }

    /// The connection's user at this message.
    pub fn user(&self) -> Option<User<'a>> {
        self.connection.identity(self.record.position()).map(|identity| user(identity, self.texts))
    }

    fn tracked(&self) -> Option<&'a TrackedSay> {
        self.says.get(self.record.say?)
    }

    /// The say that it is or delivers.
    pub fn say(&self) -> Option<SayView<'a>> {
        let say = self.tracked().filter(|say| say.is_readable())?;
        let (at, first) = (say.at(), say.first());
        let until = at.time.saturating_add(COUNTED_WITHIN);
        let is_counted = say.is_counted()
            && !self.server.is_some_and(|server| server.may_lack(at.frame, until))
            && !self.unheard.any(at.frame, until);
        Some(SayView { at, stream: say.stream, deliveries: say.deliveries, is_counted, first, say, says: self.says })
    }

    /// Of a say request: who was in the room.
    pub fn members(&self) -> Option<Members<'a>> {
        let say = self.tracked().filter(|_| matches!(self.record.event, Event::SayRequest(_)))?;
        let (names, count) = self.lists.get(say.members)?;
        Some(Members { names: names.map(|name| self.texts.get(name)).collect(), count })
    }

    /// Whether a say request reached nobody, although its connection went on.
    pub fn reached_nobody(&self) -> bool {
        let Some(chat) = self.connection.chat() else { return false };
        let at = self.record.at;
        let went_on =
            chat.last_delivered() > at.frame || chat.last_from_server().is_some_and(|last| last.since(at) >= PATIENCE);
        let is_lost = self.say().is_some_and(|say| say.deliveries == 0 && say.is_counted) && !self.record.before_login;
        is_lost && went_on && !self.connection.lacks_answers_after(at.frame)
    }

    /// Whether a ping was followed by another without a pong between, though the client was heard of.
    pub fn unanswered(&self) -> bool {
        let Some(chat) = self.connection.chat() else { return false };
        let frame = self.record.at.frame;
        let went_on = chat.last_ping() > frame && self.connection.last_from_client() > frame;
        let may_have_come = || self.connection.gaps(Side::Client).after(frame);
        let is_open = matches!(self.record.event, Event::Ping(_)) && self.record.response.is_none();
        is_open && went_on && !may_have_come()
    }
}
