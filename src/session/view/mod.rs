//! What is looked up in a session after it has learned: nothing here changes it.

mod connection;
mod frame;
mod message;

use std::net::IpAddr;

use crate::event::Exchange;
use crate::failpoint::failpoint;
use crate::packet::{Both, Endpoint, Frame, Position, Segment, Side, StreamId};
use crate::session::connection::Connection;
use crate::session::connection::application::Identity;
use crate::session::record::message::StoredMessage;
use crate::session::say::Says;
use crate::session::state::Session;
use crate::session::storage::texts::{TextId, Texts};
pub use connection::ConnectionView;
pub use frame::FrameView;
pub use message::{DeliveredTo, Members, MessageView, SayView};

/// What the whole capture taught.
#[derive(Debug, Clone, Copy)]
struct Context<'a> {
    says: &'a Says,
    texts: &'a Texts,
    capture_host: Option<IpAddr>,
}

/// Both ends of a connection at one packet.
#[derive(Debug, Clone, Copy)]
pub struct Ends<'a> {
    /// The browser's.
    pub client: Endpoint,
    /// The server's.
    pub server: Endpoint,
    /// The browser's user, where that was known when the packet was first seen.
    pub user: Option<&'a str>,
    /// Whether the ports alone do not say who they are.
    pub need_addresses: bool,
}

impl Ends<'_> {
    /// The addresses where they are needed; those of IPv6 in brackets.
    pub fn addresses(&self) -> Both<Option<String>> {
        Both { client: self.address(&self.client), server: self.address(&self.server) }
    }

    fn address(&self, end: &Endpoint) -> Option<String> {
        match end.ip().filter(|_| self.need_addresses)? {
            IpAddr::V4(address) => Some(address.to_string()),
            IpAddr::V6(address) => Some(format!("[{address}]")),
        }
    }
}

/// What a packet has to do with an exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct ExchangeStep<'a> {
    /// The frame that began it, or its first captured one.
    pub began: Frame,
    /// The heading over this packet.
    pub exchange: Exchange<&'a str>,
    /// Whether it is complete with this packet.
    pub is_complete: bool,
}

/// A segment that holds a part of a message, and neither its end nor anything else.
#[derive(Debug, Clone, Copy)]
pub struct PartOfMessage<'a> {
    /// Who sends it.
    pub by: Side,
    /// Both ends.
    pub ends: Ends<'a>,
    /// The frame with which the message is complete.
    pub completed_in: Frame,
}

/// The user of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User<'a> {
    /// The name; empty for a user who has none.
    pub name: &'a str,
    /// The room's id, where there is one to show.
    pub room: Option<&'a str>,
}

/// What a packet belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketContext<'a> {
    /// The user of its connection.
    pub user: Option<User<'a>>,
    /// The frame that began the exchange that it takes part in; of several, that of its message's own.
    pub exchange: Option<Frame>,
}

impl Session {
    /// What there is to show of a segment's frame below its messages; `None` for nothing, and for a connection that is not the chat's.
    pub fn frame(&self, segment: &Segment) -> Option<FrameView<'_>> {
        failpoint!("session::frame");
        self.frame_of(segment.stream, segment.at.frame, self.side(segment))
    }

    /// The same of a frame that was seen before, of which `by` sent the segment.
    pub fn frame_of(&self, stream: StreamId, frame: Frame, by: Side) -> Option<FrameView<'_>> {
        let view = FrameView::of(self.shown(stream)?, frame, by, self.context());
        view.is_shown().then_some(view)
    }

    /// Whether later frames may show what a frame was of which there is [nothing to show](Session::frame) yet: it is not known if the connection
    /// is the chat's, or whether a request that was cut is the upgrade request.
    pub fn is_unsettled(&self, stream: StreamId) -> bool {
        self.connections.get(&stream).is_some_and(|connection| match connection.is_shown() {
            true => connection.upgrade().cut_request_in().is_some(),
            false => connection.application().is_undecided(),
        })
    }

    /// What there may be to show of a segment's frame when its connection, which is [unsettled](Session::is_unsettled), is known better.
    pub fn unsettled_frame(&self, segment: &Segment) -> Option<FrameView<'_>> {
        let connection = self.connections.get(&segment.stream).filter(|_| self.is_unsettled(segment.stream))?;
        let frame = segment.at.frame;
        let view = FrameView::of(connection, frame, self.side(segment), self.context());
        let is_any = connection.upgrade().cut_request_in() == Some(frame)
            || view.holds_marks()
            || !connection.records().messages(frame).is_empty();
        is_any.then_some(view)
    }

    /// A connection of which anything may be shown.
    fn shown(&self, stream: StreamId) -> Option<&Connection> {
        self.connections.get(&stream).filter(|connection| connection.is_shown())
    }

    /// The messages of the chat that end in a frame.
    pub fn messages_of(&self, stream: StreamId, frame: Frame) -> impl Iterator<Item = MessageView<'_>> {
        let connection = self.connections.get(&stream);
        let messages = connection.map_or(&[][..], |connection| connection.records().messages(frame));
        messages.iter().filter_map(move |message| self.message_view(stream, message.position()))
    }

    /// What a packet belongs to that `port` sent; `None` where its connection is not the chat's.
    pub fn place(&self, stream: StreamId, frame: Frame, port: u16) -> Option<PacketContext<'_>> {
        let connection = self.shown(stream)?;
        let message = connection.records().messages(frame).iter().find(|message| message.is_known());
        let view = message.and_then(|message| self.message_view(stream, message.position()));
        let by = if connection.client().port == port { Side::Client } else { Side::Server };
        let own = view.as_ref().and_then(MessageView::began);
        let exchange = own.or_else(|| self.frame_of(stream, frame, by)?.began());
        let at = view.map_or(Position::end_of(frame), |view| view.record.position());
        let user = connection.identity(at).map(|identity| user(identity, &self.texts));
        Some(PacketContext { user, exchange })
    }

    /// The message that a segment holds a part of, where nothing else is said of the segment; not known before the message is complete.
    pub fn part_of_message(&self, segment: &Segment) -> Option<PartOfMessage<'_>> {
        let connection = self.shown(segment.stream)?;
        let completed_in = connection.records().completed_in(connection.side(segment), segment)?;
        if self.frame(segment).is_some_and(|view| view.holds_message() || !view.events().is_empty()) {
            return None;
        }
        let ends = self.context().ends(connection, connection.identity(Position::end_of(segment.at.frame)));
        Some(PartOfMessage { by: connection.side(segment), ends, completed_in })
    }

    fn context(&self) -> Context<'_> {
        Context { says: &self.says, texts: &self.texts, capture_host: self.capture_host }
    }

    /// What the capture taught of a message; `None` for one that is not the chat's.
    pub fn message_view(&self, stream: StreamId, at: Position) -> Option<MessageView<'_>> {
        failpoint!("session::message_view");
        MessageView::of(self, stream, at)
    }

    /// A connection as a whole; `None` for one that is not the chat's.
    pub fn connection(&self, stream: StreamId) -> Option<ConnectionView<'_>> {
        Some(ConnectionView::of(self.shown(stream)?, self.context()))
    }

    /// The id that the server gave the client of a connection, where it is known.
    pub fn client_of(&self, stream: StreamId) -> Option<TextId> {
        self.connections.get(&stream)?.chat()?.id()
    }

    /// The connections that got a say, first come first.
    pub fn deliveries<'a>(&'a self, say: SayView<'a>) -> impl Iterator<Item = DeliveredTo<'a>> + 'a {
        say.delivered().filter_map(|delivered| {
            let connection = self.connections.get(&delivered.stream)?;
            let identity = connection.identity(Position::end_of(delivered.frame));
            let name = identity.map(|identity| self.texts.get(identity.name)).filter(|name| !name.is_empty());
            let ends = self.context().ends(connection, None);
            let records = connection.records();
            let (at, acked_in) = (records.time_of(delivered.frame)?, records.acked_in(delivered.frame));
            Some(DeliveredTo { at, name, ends, acked_in })
        })
    }
}

impl ExchangeStep<'_> {
    /// Whether both are of one exchange, under one heading.
    pub fn is_same(&self, other: &ExchangeStep) -> bool {
        (self.began, &self.exchange) == (other.began, &other.exchange)
    }
}

impl<'a> Context<'a> {
    fn ends(&self, connection: &Connection, user: Option<&Identity>) -> Ends<'a> {
        let (client, server) = (connection.client(), connection.server());
        let user = user.map(|identity| self.texts.get(identity.name)).filter(|name| !name.is_empty());
        let need_addresses = client.ip() != server.ip() || client.ip() != self.capture_host;
        Ends { client, server, user, need_addresses }
    }

    /// What a message is a part of, the same for its acknowledgment.
    fn steps_of(&self, connection: &'a Connection, message: &StoredMessage) -> Vec<ExchangeStep<'a>> {
        let Some(event) = message.event_in(self.texts) else { return Vec::new() };
        let also = connection.records().began(message.position());
        let say = message.say().and_then(|number| Some((number, self.says.get(number)?)));
        let own = match (say, message.has_link()) {
            (Some((_, say)), _) => Some(say.at().frame),
            (None, true) => message.began(),
            (None, false) => also.or(message.began()),
        };
        let text = say.map(|(number, _)| self.says.text(number)).filter(|text| !text.is_empty());
        let mut steps: Vec<ExchangeStep> = Vec::new();
        for (began, text) in [(own, text), (also.filter(|also| Some(*also) != own), None)] {
            if let Some(began) = began {
                let exchange = event.clone().exchange(text);
                steps.push(ExchangeStep { began, exchange, is_complete: false });
            }
        }
        steps
    }
}

fn user<'a>(identity: &Identity, texts: &'a Texts) -> User<'a> {
    User { name: texts.get(identity.name), room: identity.room.and_then(|room| room.name(texts)) }
}

/// Exchanges that are shown of one frame; one that acknowledges thousands of messages takes part in as many.
const MAX_STEPS: usize = 256;

/// Adds a step unless it is there.
fn add_step<'a>(steps: &mut Vec<ExchangeStep<'a>>, step: ExchangeStep<'a>) {
    let has_room = steps.len() < MAX_STEPS;
    match steps.iter_mut().find(|known| known.is_same(&step)) {
        Some(known) => known.is_complete |= step.is_complete,
        None if has_room => steps.push(step),
        None => {}
    }
}
