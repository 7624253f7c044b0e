//! What is looked up in a session after it has learned: nothing here changes it.

use crate::session::connection::Connection;
use crate::session::connection::application::Identity;
use crate::session::connection::gaps::Gaps;
use crate::session::connection::times::Moment;
use crate::session::record::Marks;
use crate::session::record::frame_event::Sent;
use crate::session::record::frame_event::{Acknowledgment, Mark};
use crate::session::record::handshake::{Handshake, StoredHandshake};
use crate::session::record::message::{MessageRecord, StoredMessage};
use crate::session::say::{Says, TrackedSay};
use crate::session::server::Server;
use crate::session::server::rooms::MemberLists;
use crate::session::state::Session;
use crate::session::storage::texts::{TextId, Texts};
use std::net::IpAddr;

use crate::event::{Acked, Completion, Event, Exchange, Recipient, Reset};
use crate::failpoint::failpoint;
use crate::fields::Phase;
use crate::message::Dialect;
use crate::packet::{Both, Endpoint, Frame, FrameTime, Position, Segment, Side, StreamId};

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
    context: Context<'a>,
}

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
        let shown = |end: &Endpoint| match end.ip().filter(|_| self.need_addresses)? {
            IpAddr::V4(address) => Some(address.to_string()),
            IpAddr::V6(address) => Some(format!("[{address}]")),
        };
        Both { client: shown(&self.client), server: shown(&self.server) }
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

/// A message with what the capture taught of it.
#[derive(Debug, Clone)]
pub struct MessageView<'a> {
    /// What is kept of it.
    pub record: MessageRecord<&'a str>,
    /// Its connection.
    pub connection: &'a Connection,
    server: Option<&'a Server>,
    stream: StreamId,
    /// What the capture lacks of servers that may be this one.
    unheard: &'a Gaps,
    lists: &'a MemberLists,
    context: Context<'a>,
}

/// A connection from its beginning to its end.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionView<'a> {
    connection: &'a Connection,
    context: Context<'a>,
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
#[derive(Debug, Clone, Copy)]
pub struct DeliveredTo<'a> {
    /// The frame that delivers it.
    pub at: FrameTime,
    /// The user who gets it, where that is known.
    pub name: Option<&'a str>,
    /// The browser that gets it.
    pub ends: Ends<'a>,
    /// The frame in which it acknowledges that.
    pub acked_in: Option<Frame>,
}

impl Session {
    /// What there is to show of a segment's frame below its messages; `None` for nothing, and for a connection that is not the chat's.
    pub fn frame(&self, segment: &Segment) -> Option<FrameView<'_>> {
        failpoint!("session::frame");
        self.frame_of(segment.stream, segment.at.frame, self.side(segment))
    }

    /// The same of a frame that was seen before, of which `by` sent the segment.
    pub fn frame_of(&self, stream: StreamId, frame: Frame, by: Side) -> Option<FrameView<'_>> {
        let connection = self.connections.get(&stream).filter(|connection| connection.is_shown())?;
        let view = self.view_of(connection, frame, by);
        let is_shown = |mark: Mark| mark.as_acknowledgment().is_none_or(|ack| is_shown(connection, ack));
        view.marks.iter().any(is_shown).then_some(view)
    }

    /// Whether later frames may show what a frame was of which there is [nothing to show](Session::frame) yet: it is not known if the connection
    /// is the chat's, or whether a request that was cut is the upgrade request.
    pub fn is_unsettled(&self, stream: StreamId) -> bool {
        self.connections.get(&stream).is_some_and(|connection| match connection.is_shown() {
            true => connection.cut_request_in().is_some(),
            false => connection.application().is_undecided(),
        })
    }

    /// What there may be to show of a segment's frame when its connection, which is [unsettled](Session::is_unsettled), is known better.
    pub fn unsettled_frame(&self, segment: &Segment) -> Option<FrameView<'_>> {
        let connection = self.connections.get(&segment.stream).filter(|_| self.is_unsettled(segment.stream))?;
        let view = self.view_of(connection, segment.at.frame, self.side(segment));
        let holds_messages = || !connection.records().messages(segment.at.frame).is_empty();
        let is_cut_request = connection.cut_request_in() == Some(segment.at.frame);
        (is_cut_request || view.marks.iter().next().is_some() || holds_messages()).then_some(view)
    }

    fn view_of<'a>(&'a self, connection: &'a Connection, frame: Frame, by: Side) -> FrameView<'a> {
        FrameView { connection, frame, by, marks: connection.records().marks(frame), context: self.context() }
    }

    /// The messages of the chat that end in a frame.
    pub fn messages_of(&self, stream: StreamId, frame: Frame) -> impl Iterator<Item = MessageView<'_>> {
        let connection = self.connections.get(&stream);
        let messages = connection.map_or(&[][..], |connection| connection.records().messages(frame));
        messages.iter().filter_map(move |message| self.message_view(stream, message.position()))
    }

    /// What a packet belongs to that `port` sent; `None` where its connection is not the chat's.
    pub fn place(&self, stream: StreamId, frame: Frame, port: u16) -> Option<PacketContext<'_>> {
        let connection = self.connections.get(&stream).filter(|connection| connection.is_shown())?;
        let message = connection.records().messages(frame).iter().find(|message| message.is_known());
        let view = message.and_then(|message| self.message_view(stream, message.position()));
        let by = if connection.client().port == port { Side::Client } else { Side::Server };
        let below = || self.frame_of(stream, frame, by)?.began();
        let exchange = view.as_ref().and_then(MessageView::began).or_else(below);
        let at = view.map_or(Position::end_of(frame), |view| view.record.position());
        let user = connection.identity(at).map(|identity| user(identity, &self.texts));
        Some(PacketContext { user, exchange })
    }

    /// The message that a segment holds a part of, where nothing else is said of the segment; not known before the message is complete.
    pub fn part_of_message(&self, segment: &Segment) -> Option<PartOfMessage<'_>> {
        let connection = self.connections.get(&segment.stream).filter(|connection| connection.is_shown())?;
        let completed_in = connection.completed_in(segment)?;
        let is_noted = |view: FrameView| view.holds_message() || !view.events().is_empty();
        if self.frame(segment).is_some_and(is_noted) {
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
        let connection = self.connections.get(&stream)?;
        let records = connection.records();
        let record = records.message(at)?.record(&self.texts, |frame| records.time_of(frame))?;
        let server = self.servers.of(connection);
        let (unheard, lists, context) = (self.servers.unheard(), &self.lists, self.context());
        Some(MessageView { record, connection, stream, server, unheard, lists, context })
    }

    /// A connection as a whole; `None` for one that is not the chat's.
    pub fn connection(&self, stream: StreamId) -> Option<ConnectionView<'_>> {
        let connection = self.connections.get(&stream).filter(|connection| connection.is_shown())?;
        Some(ConnectionView { connection, context: self.context() })
    }

    /// The id that the server gave the client of a connection, where it is known.
    pub fn client_of(&self, stream: StreamId) -> Option<TextId> {
        self.connections.get(&stream)?.chat()?.id()
    }

    /// The connections that got a say, first come first.
    pub fn deliveries<'a>(&'a self, say: SayView<'a>) -> impl Iterator<Item = DeliveredTo<'a>> + 'a {
        say.says.delivered(say.say).filter_map(|delivered| {
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

impl SayView<'_> {
    /// Of a say with more deliveries than are listed: when the last one came, to the millisecond, in nanoseconds since the epoch.
    pub fn unlisted_until(&self) -> Option<i64> {
        let listed = self.says.delivered(self.say).count();
        (self.deliveries as usize > listed).then(|| self.say.last_heard())
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
                let exchange = event.clone().exchange(None, text);
                steps.push(ExchangeStep { began, exchange, is_complete: false });
            }
        }
        steps
    }
}

/// Whether a heading is that of what is complete.
fn is_completed(exchange: &Exchange<&str>, completion: Completion) -> bool {
    match completion {
        Completion::Login => matches!(exchange, Exchange::Login(_)),
        Completion::Say => matches!(exchange, Exchange::Say { .. }),
        Completion::Logout | Completion::Close => matches!(exchange, Exchange::Logout(_) | Exchange::Close),
    }
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

impl<'a> ConnectionView<'a> {
    /// Both ends, and who the user was last.
    pub fn ends(&self) -> Ends<'a> {
        let last = self.connection.chat().and_then(|chat| chat.identities().last());
        self.context.ends(self.connection, last)
    }

    /// Its users, one after another.
    pub fn users(&self) -> Vec<User<'a>> {
        let identities = self.connection.chat().map_or(&[][..], |chat| chat.identities());
        let mut users: Vec<User> = identities.iter().map(|identity| user(identity, self.context.texts)).collect();
        users.dedup();
        users
    }

    /// When a step of its handshakes was captured, or its end. Nanoseconds since the epoch.
    pub fn time_of(&self, moment: Moment) -> Option<i64> {
        self.connection.time_of(moment)
    }

    /// How many messages of the chat each side sent.
    pub fn messages(&self) -> Both<usize> {
        let mut counts = Both::default();
        let known = self.connection.records().all_messages().iter().filter(|message| message.is_known());
        known.for_each(|message| *counts.of_mut(message.sender()) += 1);
        counts
    }

    /// The frame in which its end begins.
    pub fn closed_in(&self) -> Option<Frame> {
        self.connection.closed_in()
    }

    /// Why it could not begin, and how its end began; each with who did it.
    pub fn ends_by(&self) -> Vec<(Event<&'a str>, Side)> {
        let (records, texts) = (self.connection.records(), self.context.texts);
        let events = || records.all_marks().filter_map(|mark| mark.event(texts));
        let is_refusal = |event: &Event<&str>| matches!(event, Event::Reset(Reset::Refused) | Event::UpgradeRefused(_));
        let is_end = |event: &Event<&str>| matches!(event, Event::Close(_) | Event::Fin | Event::Reset(_));
        let refused = events().find(|(event, _)| is_refusal(event));
        let closed = self.closed_in().and_then(|frame| {
            let marks = records.marks(frame).iter().filter_map(|mark| mark.event(texts));
            marks.filter(|(event, _)| is_end(event)).max_by_key(|(event, _)| event.phase())
        });
        refused.into_iter().chain(closed).collect()
    }
}

impl<'a> FrameView<'a> {
    /// Both ends at an event of the frame, and who the user was known to be then.
    pub fn ends(&self, event: &Event<&str>) -> Ends<'a> {
        // A SYN may be captured late, or beside another segment.
        let is_named = !event.is_opening() && self.marks.first_seen().any(|mark| mark.is_named());
        let user = self.connection.user_then(Position::end_of(self.frame)).filter(|_| is_named);
        self.context.ends(self.connection, user)
    }

    /// Who sent the segment.
    pub fn by(&self) -> Side {
        self.by
    }

    /// What an event of the frame has to do with which exchanges.
    pub fn steps(&self, event: &Event<&'a str>) -> Vec<ExchangeStep<'a>> {
        let mut steps = match event {
            Event::UpgradeRequestAcked(_) | Event::UpgradeComplete(_) | Event::MessagesAcked(_) => {
                let of_upgrade = !matches!(event, Event::MessagesAcked(_));
                let mut steps = self.acked_steps();
                steps.retain(|step| (step.exchange == Exchange::WebSocketHandshake) == of_upgrade);
                steps
            }
            _ => self.step_of(event.clone()).into_iter().collect(),
        };
        self.complete(&mut steps);
        steps
    }

    /// What the frame has to do with the exchanges of what it acknowledges.
    pub fn acked_steps(&self) -> Vec<ExchangeStep<'a>> {
        let mut steps = Vec::new();
        let records = self.connection.records();
        let mut last = None;
        for ack in self.shown() {
            let is_complete = ack.of == Sent::UpgradeResponse;
            let exchange = Exchange::WebSocketHandshake;
            let began = || records.handshake(ack.frame)?.request();
            match ack.of {
                Sent::UpgradeRequest | Sent::UpgradeResponse | Sent::Refusal => {
                    add_step(&mut steps, ExchangeStep { began: began().unwrap_or(ack.frame), exchange, is_complete });
                }
                Sent::Message if last.replace(ack.frame) != Some(ack.frame) => {
                    let messages = records.messages(ack.frame).iter().filter(|message| message.is_known());
                    // Of a part, the first is certain.
                    for message in messages.take(if ack.is_part { 1 } else { usize::MAX }) {
                        for mut step in self.context.steps_of(self.connection, message) {
                            step.is_complete = matches!(message.event(), Some(Event::Pong(_))) && message.has_link();
                            add_step(&mut steps, step);
                        }
                    }
                }
                Sent::Message | Sent::Fin => {}
            }
        }
        steps
    }

    /// Of an event below the messages.
    fn step_of(&self, event: Event<&'a str>) -> Option<ExchangeStep<'a>> {
        let handshake = || self.connection.records().handshake(self.frame);
        let began = match &event {
            Event::UpgradeRequest => Some(self.frame),
            Event::UpgradeAccepted | Event::UpgradeMisaccepted | Event::UpgradeRefused(_) => {
                handshake().and_then(|handshake| handshake.request()).or(Some(self.frame))
            }
            Event::Fin | Event::FinAcked | Event::Close(_) | Event::CloseReply(_) => self.connection.closed_in(),
            Event::Reset(reset) if *reset != Reset::Refused => self.connection.closed_in(),
            _ => self.connection.opened_in(),
        }?;
        let is_complete = matches!(event, Event::Established);
        let user = self.ends(&event).user;
        Some(ExchangeStep { began, exchange: event.exchange(user, None), is_complete })
    }

    /// Which of them are complete.
    fn complete(&self, steps: &mut [ExchangeStep<'_>]) {
        for (completion, began) in self.marks.iter().filter_map(|mark| mark.as_completion()) {
            let is_it = |step: &&mut ExchangeStep| step.began == began && is_completed(&step.exchange, completion);
            steps.iter_mut().filter(is_it).for_each(|step| step.is_complete = true);
        }
    }

    /// The frame that began the exchange that it takes part in, the first of them.
    fn began(&self) -> Option<Frame> {
        let mut of_events = self.events().into_iter().flat_map(|(event, _)| self.steps(&event));
        of_events.next().or_else(|| self.acked_steps().into_iter().next()).map(|step| step.began)
    }

    /// What it is the last packet of; `None` where that is more than one thing.
    fn completes(&self) -> Option<Completion> {
        let mut completions = self.marks.first_seen().filter_map(|mark| mark.as_completion());
        let only = completions.next().filter(|_| completions.next().is_none());
        only.map(|(completion, _)| completion)
    }

    /// What it is the last packet of with this event.
    pub fn completes_with(&self, event: &Event<&'a str>) -> Option<Completion> {
        let is_end = matches!(event, Event::FinAcked | Event::Reset(_));
        let is_ack = matches!(event, Event::MessagesAcked(_));
        self.completes().filter(|completion| match completion {
            Completion::Login | Completion::Say => is_ack,
            Completion::Close => is_end,
            Completion::Logout => is_ack || is_end,
        })
    }

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
        self.events_with(|| {
            let mut acked = self.acked();
            acked.retain(|acked| !matches!(acked.event, Event::UpgradeRequest | Event::UpgradeAccepted));
            acked
        })
    }

    /// The phases alone, in their order.
    pub fn phases(&self) -> Vec<Phase> {
        self.events_with(Vec::new).into_iter().map(|(event, _)| event.phase()).collect()
    }

    /// `acked` makes the list of the acknowledged messages.
    fn events_with(&self, acked: impl Fn() -> Vec<Acked<&'a str>>) -> Vec<(Event<&'a str>, Side)> {
        let mut events: Vec<_> = self.marks.iter().filter_map(|mark| mark.event(self.context.texts)).collect();
        if self.acknowledgments().any(|ack| ack.is_event) {
            let acks = [Sent::UpgradeRequest, Sent::UpgradeResponse, Sent::Message];
            events.extend(acks.into_iter().filter_map(|of| self.ack_event(of, &acked)).map(|event| (event, self.by)));
        }
        if events.len() > 1 {
            events.sort_by_key(|(event, _)| event.phase());
        }
        events
    }

    /// The event that an acknowledgment is, if the segment has no payload.
    fn ack_event(&self, of: Sent, acked: &impl Fn() -> Vec<Acked<&'a str>>) -> Option<Event<&'a str>> {
        let first = self.acknowledgments().find(|ack| ack.is_event && ack.of == of)?;
        let is_first_shown = || self.shown().any(|shown| shown.frame == first.frame);
        match of {
            Sent::UpgradeRequest => is_first_shown().then_some(Event::UpgradeRequestAcked(first.frame)),
            Sent::UpgradeResponse => is_first_shown().then_some(Event::UpgradeComplete(first.frame)),
            Sent::Message => {
                let acks = self.marks.first_seen().filter_map(|mark| mark.as_acknowledgment());
                let mut of_messages = acks.filter(|ack| ack.of == Sent::Message);
                of_messages.any(|ack| is_shown(self.connection, ack)).then(|| Event::MessagesAcked(acked()))
            }
            Sent::Refusal | Sent::Fin => None,
        }
    }

    /// The handshakes and messages that it was known to acknowledge when it was first seen.
    pub fn acked(&self) -> Vec<Acked<&'a str>> {
        let (connection, texts) = (self.connection, self.context.texts);
        let acks = self.marks.first_seen().filter_map(|mark| mark.as_acknowledgment());
        let mut last = None;
        let frames = acks
            .filter(|ack| is_shown(connection, *ack))
            .filter(|ack| last.replace((ack.frame, ack.of)) != Some((ack.frame, ack.of)));
        let acked = frames.flat_map(|ack| -> Vec<Acked<&'a str>> {
            let frame = ack.frame;
            match ack.of {
                Sent::UpgradeRequest => vec![Acked { frame, event: Event::UpgradeRequest }],
                Sent::UpgradeResponse => vec![Acked { frame, event: Event::UpgradeAccepted }],
                Sent::Refusal | Sent::Fin => Vec::new(),
                Sent::Message if ack.is_part => {
                    vec![Acked { frame, event: Event::Unknown { type_name: None, sender: None } }]
                }
                Sent::Message => {
                    let events =
                        connection.records().messages(frame).iter().filter_map(|message| message.first_event_in(texts));
                    events.map(|event| Acked { frame, event }).collect()
                }
            }
        });
        acked.collect()
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
        Some(handshake.handshake(records.asked(handshake), self.context.texts))
    }

    /// Whether it carries a handshake that failed: refused, or answered with a wrong accept value.
    pub fn has_faulty_handshake(&self) -> bool {
        self.connection.records().handshake(self.frame).is_some_and(StoredHandshake::is_faulty)
    }

    /// The connection's user at this frame.
    pub fn user(&self) -> Option<User<'a>> {
        self.connection.identity(Position::end_of(self.frame)).map(|identity| user(identity, self.context.texts))
    }
}

impl<'a> MessageView<'a> {
    /// Its frame below its messages, if it is the first one there.
    fn first_of_frame(&self) -> Option<FrameView<'a>> {
        let (connection, frame) = (self.connection, self.record.at.frame);
        let records = connection.records();
        let first = records.messages(frame).iter().find(|message| message.is_known());
        let by = if self.record.event.is_from_server() { Side::Server } else { Side::Client };
        let is_first = first.is_some_and(|first| first.position() == self.record.position());
        is_first.then(|| FrameView { connection, frame, by, marks: records.marks(frame), context: self.context })
    }

    /// Both ends, and who the user was known to be then.
    pub fn ends(&self) -> Ends<'a> {
        let user = self.connection.user_then(self.record.position()).filter(|_| self.record.is_named);
        self.context.ends(self.connection, user)
    }

    /// Of a delivery: when it was first seen, its say was known, and was said on another connection.
    pub fn is_anothers(&self) -> bool {
        let MessageRecord { event, is_own, is_open, .. } = &self.record;
        let is_known = matches!(event, Event::SayDelivery(_)) && !is_own && !is_open;
        let is_late = || self.connection.records().began(self.record.position()).is_some();
        is_known && !is_late() && self.tracked().is_some_and(|say| say.stream != self.stream)
    }

    /// What it has to do with which exchanges; with the first message of a frame, what the frame acknowledges. `said`: what is said in it, where
    /// it is a say.
    pub fn steps<'p>(&self, said: &'p str) -> Vec<ExchangeStep<'p>>
    where
        'a: 'p,
    {
        let mut steps: Vec<ExchangeStep<'p>> = Vec::new();
        let below = self.first_of_frame();
        below.iter().flat_map(FrameView::acked_steps).for_each(|step| add_step(&mut steps, step));
        let own = self.connection.records().message(self.record.position());
        let own = own.into_iter().flat_map(|message| self.context.steps_of(self.connection, message));
        for mut step in own {
            if let Exchange::Say { text, .. } = &mut step.exchange {
                *text = text.or(Some(said).filter(|said| !said.is_empty()));
            }
            add_step(&mut steps, step);
        }
        below.iter().for_each(|below| below.complete(&mut steps));
        steps
    }

    /// The frame that began the exchange that it is itself a part of.
    fn began(&self) -> Option<Frame> {
        let message = self.connection.records().message(self.record.position())?;
        self.context.steps_of(self.connection, message).first().map(|step| step.began)
    }

    /// What the first message's packet acknowledges at the same time.
    pub fn acked(&self) -> Vec<Acked<&'a str>> {
        self.first_of_frame().map(|below| below.acked()).unwrap_or_default()
    }

    /// The frames whose handshakes and messages the first message's packet is the first to acknowledge.
    pub fn acks(&self) -> Vec<Frame> {
        self.first_of_frame().map(|below| below.acks().collect()).unwrap_or_default()
    }

    /// The dialect, of the message itself or of its server's others.
    pub fn dialect(&self) -> Option<Dialect> {
        self.record.dialect.or(self.server.and_then(|server| server.dialect))
    }

    /// Who says or does it, by name, as far as the whole capture shows.
    pub fn sender(&self) -> Option<&'a str> {
        let MessageRecord { event, sender_id, at, .. } = &self.record;
        let by_id = || self.server?.users.name_of((*sender_id)?, at.frame).map(|name| self.context.texts.get(name));
        let name = event.sender().copied().or_else(|| match event {
            Event::SayRequest(_) | Event::Pong(_) => self.user().map(|user| user.name),
            _ => by_id(),
        });
        name.filter(|name| !name.is_empty())
    }

    /// Of a login: the other name that its client had before, where that is known. `began`: the frame that began the login.
    pub fn former_name(&self, began: Frame) -> Option<&'a str> {
        let (client, name) = match &self.record.event {
            Event::LoginRequest { name, .. } => (self.connection.chat()?.id()?, *name),
            event => (self.record.sender_id?, event.sender().copied()),
        };
        let former = self.context.texts.get(self.server?.users.former_name(client, began)?);
        Some(former).filter(|former| !former.is_empty() && name.is_some_and(|name| name != *former))
    }

    /// Whom it is for, by name, or `all`.
    pub fn recipient(&self) -> Option<&'a str> {
        match self.record.event.recipient()? {
            Recipient::Everyone => Some("all"),
            Recipient::Named(name) => Some(name),
            Recipient::Id(id) => {
                let name = self.server?.users.name_of(self.context.texts.find(id)?, self.record.at.frame)?;
                Some(self.context.texts.get(name)).filter(|name| !name.is_empty())
            }
            Recipient::Unknown => None,
        }
    }

    /// The connection's user at this message.
    pub fn user(&self) -> Option<User<'a>> {
        self.connection.identity(self.record.position()).map(|identity| user(identity, self.context.texts))
    }

    fn tracked(&self) -> Option<&'a TrackedSay> {
        self.context.says.get(self.record.say?)
    }

    /// The say that it is or delivers.
    pub fn say(&self) -> Option<SayView<'a>> {
        let say = self.tracked().filter(|say| say.is_readable())?;
        let (at, first) = (say.at(), say.first());
        let until = at.time.saturating_add(COUNTED_WITHIN);
        let is_counted = say.is_counted()
            && !self.server.is_some_and(|server| server.may_lack(at.frame, until))
            && !self.unheard.any(at.frame, until);
        Some(SayView {
            at,
            stream: say.stream,
            deliveries: say.deliveries,
            is_counted,
            first,
            say,
            says: self.context.says,
        })
    }

    /// Of a say request: who was in the room.
    pub fn members(&self) -> Option<Members<'a>> {
        let say = self.tracked().filter(|_| matches!(self.record.event, Event::SayRequest(_)))?;
        let (names, count) = self.lists.get(say.members)?;
        Some(Members { names: names.map(|name| self.context.texts.get(name)).collect(), count })
    }

    /// Whether a say request reached nobody, although its connection went on.
    pub fn reached_nobody(&self) -> bool {
        let Some(chat) = self.connection.chat() else { return false };
        let at = self.record.at;
        let went_on = chat.last_delivered() > Some(at.frame)
            || chat.last_from_server().is_some_and(|last| last.since(at) >= PATIENCE);
        let is_lost = self.say().is_some_and(|say| say.deliveries == 0 && say.is_counted) && !self.record.before_login;
        is_lost && went_on && !self.connection.lacks_answers_after(at.frame)
    }

    /// Whether a ping was followed by another without a pong between, though the client was heard of.
    pub fn unanswered(&self) -> bool {
        let Some(chat) = self.connection.chat() else { return false };
        let frame = self.record.at.frame;
        let went_on = chat.last_ping() > Some(frame) && self.connection.last_from_client() > Some(frame);
        let may_have_come = || self.connection.gaps(Side::Client).after(frame);
        let is_open = matches!(self.record.event, Event::Ping(_)) && self.record.response.is_none();
        is_open && went_on && !may_have_come()
    }
}
