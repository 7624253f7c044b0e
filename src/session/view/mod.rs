//! What is looked up in a session after it has learned: nothing here changes it.

mod connection;
mod context;
mod frame;
mod left_out;
mod message;

use crate::failpoint::failpoint;
use crate::packet::{Frame, Position, Segment, Side, StreamId};
use crate::session::connection::Connection;
use crate::session::ids::ServerNumber;
use crate::session::state::Session;
use crate::storage::texts::TextId;
pub use connection::ConnectionView;
use context::{Context, user};
pub use context::{Ends, ExchangeStep, User};
pub use frame::FrameView;
pub use left_out::{Cause, LeftOut};
pub use message::{DeliveredTo, Members, MessageView, SayView};

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

    /// Whether later frames may show what a frame or message was of which there is [nothing to show](Session::frame) yet: it is not known if the
    /// connection is the chat's, or whether a request that was cut is the upgrade request.
    pub fn is_unsettled(&self, stream: StreamId) -> bool {
        let connection = self.connections.get(&stream);
        let is_cut = |it: &Connection| it.is_shown() && it.upgrade().cut_request_in().is_some();
        connection.is_some_and(|it| it.application().is_undecided() || is_cut(it))
    }

    /// Whether a frame carries an upgrade request that was not answered yet.
    pub fn is_request(&self, stream: StreamId, frame: Frame) -> bool {
        self.shown(stream).is_some_and(|connection| connection.upgrade().unheard_request_in() == Some(frame))
    }

    /// Whether a frame begins TLS on a chat port, and Wireshark lacks the keys, as far as the whole capture shows.
    pub fn lacks_keys(&self, stream: StreamId, frame: Frame) -> bool {
        self.shown(stream).is_some_and(|connection| connection.lacks_keys_since() == Some(frame))
    }

    /// Whether it carries one that was not answered when its connection ended.
    pub fn is_cut_off(&self, stream: StreamId, frame: Frame) -> bool {
        self.shown(stream).is_some_and(|connection| connection.is_cut_off(frame))
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

    /// Whether the capture has anything of the chat.
    pub fn knows_chat(&self) -> bool {
        self.connections.all().any(Connection::is_shown)
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
        let own = view.as_ref().and_then(|view| Some(view.own_steps("").first()?.began));
        let exchange = own.or_else(|| self.frame_of(stream, frame, by)?.began());
        let at = view.map_or(Position::end_of(frame), |view| view.record.position());
        let user = connection.identity(at).map(|identity| user(identity, &self.texts));
        Some(PacketContext { user, exchange })
    }

    /// The frame that began the exchange that a frame takes part in, on whatever connection; of several, that of its message's own.
    pub fn exchange_of(&self, frame: Frame) -> Option<Frame> {
        let ports = |connection: &Connection| [connection.client().port, connection.server().port];
        let mut places = self.connections.iter().flat_map(|(stream, connection)| {
            ports(connection).into_iter().filter_map(move |port| self.place(stream, frame, port))
        });
        places.find_map(|place| place.exchange)
    }

    /// The message that a segment holds a part of, where nothing else is said of the segment; not known before the message is complete.
    pub fn part_of_message(&self, segment: &Segment) -> Option<PartOfMessage<'_>> {
        let connection = self.shown(segment.stream)?;
        let completed_in = connection.records().completed_in(connection.side(segment), segment)?;
        if self.frame(segment).is_some_and(|view| view.holds_message() || !view.events().is_empty()) {
            return None;
        }
        Some(PartOfMessage { by: connection.side(segment), ends: self.ends(segment)?, completed_in })
    }

    /// Both ends of a segment, where anything of its connection may be shown.
    pub fn ends(&self, segment: &Segment) -> Option<Ends<'_>> {
        let connection = self.shown(segment.stream)?;
        Some(self.context().ends(connection, connection.identity(Position::end_of(segment.at.frame))))
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

    /// The client of this id at a connection's server, which may not be the only one to give it out; without an id, the connection's own.
    pub fn client(&self, stream: StreamId, id: Option<TextId>) -> Option<(Option<ServerNumber>, TextId)> {
        let own = || self.connections.get(&stream)?.chat()?.id();
        Some((self.server(stream), id.or_else(own)?))
    }

    /// The number of a connection's server, where it has one by now.
    pub fn server(&self, stream: StreamId) -> Option<ServerNumber> {
        self.servers.number(self.connections.get(&stream)?)
    }

    /// The connections that got a say, first come first.
    pub fn deliveries<'a>(&'a self, say: SayView<'a>) -> impl Iterator<Item = DeliveredTo<'a>> + 'a {
        say.delivered().filter_map(move |delivered| {
            let connection = self.connections.get(&delivered.stream)?;
            let identity = connection.identity(Position::end_of(delivered.frame));
            let name = identity.map(|identity| self.texts.get(identity.name)).filter(|name| !name.is_empty());
            let ends = self.context().ends(connection, None);
            let records = connection.records();
            let of_say = records.messages(delivered.frame).iter().find(|message| message.say() == Some(say.number));
            let (at, acked_in) = (records.time_of(delivered.frame)?, records.acked_in(of_say?.position()));
            Some(DeliveredTo { at, name, ends, acked_in })
        })
    }
}
