//! What the capture taught of a message, and of the say that it is or delivers.

use super::context::{Context, Ends, ExchangeStep, User, add_step, user};
use super::frame::FrameView;
use crate::event::{Acked, Exchange, MessageEvent, Recipient};
use crate::fields::{Finding, ServerKind};
use crate::matching::LONGEST_STALL;
use crate::message::Dialect;
use crate::packet::{Frame, FrameTime, Position, Side, StreamId};
use crate::session::connection::Connection;
use crate::session::connection::application::{Chat, Identity};
use crate::session::connection::table::Connections;
use crate::session::ids::SayNumber;
use crate::session::record::message::{MessageRecord, StoredMessage};
use crate::session::say::{Delivered, Says, TrackedSay};
use crate::session::server::Server;
use crate::session::server::ambiguous_logins::LONGEST_LOGIN;
use crate::session::server::rooms::MemberLists;
use crate::session::state::Session;
use crate::tcp::gaps::Gaps;

/// A say that nobody got is reported when its connection is heard of again after this time. Nanoseconds.
const PATIENCE: i64 = 1_000_000_000;
/// Where the capture lacks what the server sent within this time after a say or its last delivery, its deliveries are not counted. Nanoseconds.
const COUNTED_WITHIN: i64 = 2_000_000_000;
/// A browser answers a ping within this time. Nanoseconds.
const LONGEST_PONG: i64 = 10_000_000_000;
/// TCP sends again for longer than this before it gives up, but nobody waits for so long. Nanoseconds.
const LONGEST_ACK: i64 = 10_000_000_000;
/// A server that stalls answers a login within this time. Nanoseconds.
const LATEST_LOGIN: i64 = 5_000_000_000;

/// A message with what the capture taught of it.
#[derive(Debug, Clone)]
pub struct MessageView<'a> {
    /// What is kept of it.
    pub record: MessageRecord<&'a str>,
    /// Its connection.
    pub connection: &'a Connection,
    pub(super) server: Option<&'a Server>,
    pub(super) connections: &'a Connections,
    stream: StreamId,
    /// When the capture's latest segment was captured, in nanoseconds since the epoch.
    end: i64,
    /// What the capture lacks of servers that may be this one.
    pub(super) unheard: &'a Gaps,
    /// The same, or before all if what followed was not remembered.
    until: i64,
    lists: &'a MemberLists,
    pub(super) context: Context<'a>,
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
    /// Its number, as that of its messages.
    pub(super) number: SayNumber,
    /// How many copies were captured; of a private say, how many connections got one.
    pub deliveries: u32,
    /// Whether nothing is missing in the capture that would change that number.
    pub is_counted: bool,
    /// Whether a delivery may be its own or another's, or which was the first is not known.
    pub is_open: bool,
    /// Whether the capture ends so early that more may have been delivered.
    pub is_at_end: bool,
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
    /// Of a login: the other name that its client had before, where that is known. `began`: the frame that began the login.
    pub fn former_name<'a>(&'a self, view: &MessageView<'a>, began: Frame) -> Option<&'a str> {
        let name = view.record.event.sender().copied()?;
        let (_, client) = self.client(view.stream, view.record.sender_id)?;
        let users = &view.server?.users;
        let owner = users.owner(client).and_then(|owner| self.connections.get(&owner));
        let is_login =
            |user: &Identity| user.since.is_some_and(|since| since.frame == began) && self.texts.get(user.name) == name;
        let asking = [Some(view.connection), owner].into_iter().flatten().find_map(|connection| {
            let users = connection.chat()?.identities();
            Some((connection, users[..users.iter().rposition(is_login)?].last()))
        });
        if asking.is_none() && matches!(view.record.event, MessageEvent::LoginRequest { .. }) {
            return None; // the server ignores it
        }
        let (connection, before) = asking.unwrap_or((view.connection, None));
        // A server that has started anew gives out the same ids: who had this one before the connection began is another client.
        let named = || users.former_name(client, began, connection.times().opened_in());
        let former = self.texts.get(before.map(|user| user.name).or_else(named)?);
        Some(former).filter(|former| !former.is_empty() && name != *former)
    }
}

impl<'a> SayView<'a> {
    /// The deliveries that are listed.
    pub(super) fn delivered(&self) -> impl Iterator<Item = Delivered> + use<'a> {
        self.says.delivered(self.say)
    }

    /// Of a say with more deliveries than are listed: when the last one came, to the millisecond, in nanoseconds since the epoch.
    pub fn unlisted_until(&self) -> Option<i64> {
        let listed = self.says.delivered(self.say).count();
        (self.first.is_some() && self.deliveries as usize > listed).then(|| self.say.last_heard())
    }
}

impl<'a> MessageView<'a> {
    /// Of the message at a position of a connection; `None` for one that is not the chat's.
    pub(super) fn of(session: &'a Session, stream: StreamId, at: Position) -> Option<MessageView<'a>> {
        let connection = session.connections.get(&stream)?;
        let records = connection.records();
        let record = records.message(at)?.record(&session.texts, |frame| records.time_of(frame))?;
        Some(MessageView {
            record,
            connection,
            stream,
            server: session.servers.of(connection),
            connections: &session.connections,
            end: session.end,
            unheard: &session.servers.unheard,
            until: if session.full_since().is_none() { session.end } else { i64::MIN },
            lists: &session.lists,
            context: session.context(),
        })
    }

    /// Its frame below its messages, if it is the first one there.
    fn first_of_frame(&self) -> Option<FrameView<'a>> {
        let (connection, frame) = (self.connection, self.record.at.frame);
        let records = connection.records();
        let first = records.messages(frame).iter().find(|message| message.is_known());
        let by = if self.record.event.is_from_server() { Side::Server } else { Side::Client };
        let is_first = first.is_some_and(|first| first.position() == self.record.position());
        is_first.then(|| FrameView::of(connection, frame, by, self.context))
    }

    /// Both ends, and who the user was known to be then.
    pub fn ends(&self) -> Ends<'a> {
        let user = self.connection.user_then(self.record.position()).filter(|_| self.record.is_named);
        self.context.ends(self.connection, user)
    }

    /// Of a delivery: when it was first seen, its say was known, and was said on another connection.
    pub fn is_anothers(&self) -> bool {
        let MessageRecord { event, is_own, is_open, .. } = &self.record;
        matches!(event, MessageEvent::SayDelivery { .. })
            && !is_own
            && !is_open
            && self.connection.records().began(self.record.position()).is_none()
            && self.tracked().is_some_and(|say| say.stream != self.stream)
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
        self.own_steps(said).into_iter().for_each(|step| add_step(&mut steps, step));
        below.iter().for_each(|below| below.complete(&mut steps));
        steps
    }

    /// The exchanges that it is itself a part of, the one that it belongs to first. `said` as in [`MessageView::steps`].
    pub fn own_steps<'p>(&self, said: &'p str) -> Vec<ExchangeStep<'p>>
    where
        'a: 'p,
    {
        let own = self.connection.records().message(self.record.position());
        let mut steps = own.map_or_else(Vec::new, |message| self.context.steps_of(self.connection, message));
        for step in &mut steps {
            if let Exchange::Say { text, .. } = &mut step.exchange {
                *text = text.or(Some(said).filter(|said| !said.is_empty()));
            }
        }
        steps
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

    /// What the server of its connection had shown to be when it was first seen.
    pub fn server_kind(&self) -> Option<ServerKind> {
        self.connection.chat()?.server_at(self.record.position())
    }

    /// Of a login that a server which is not the original one tells of: it may be that of the connection's own user. The original one tells
    /// others.
    pub fn may_be_own_login(&self) -> bool {
        let own = self.connection.chat().and_then(Chat::id);
        matches!(self.record.event, MessageEvent::LoginNotification { .. })
            && self.is_of_derived()
            && (own.is_none() || own == self.record.sender_id)
    }

    /// Of a say and its deliveries: the server delivers it with another text.
    pub fn has_other_text(&self) -> bool {
        self.tracked().is_some_and(TrackedSay::has_other_text)
    }

    /// Whether its server was known not to be the original one when it was first seen.
    pub fn is_of_derived(&self) -> bool {
        self.server_kind() == Some(ServerKind::Derived)
    }

    /// Who says or does it, by name, as far as the whole capture shows.
    pub fn sender(&self) -> Option<&'a str> {
        let MessageRecord { event, sender_id, at, .. } = &self.record;
        let name = event.sender().copied().or_else(|| match event {
            MessageEvent::SayRequest { .. }
            | MessageEvent::Pong { .. }
            | MessageEvent::ClientPing { .. }
            | MessageEvent::UnsolicitedPong { .. } => self.user().map(|user| user.name),
            MessageEvent::LoginRequest { .. }
            | MessageEvent::UserList { .. }
            | MessageEvent::LoginResult { .. }
            | MessageEvent::LoginNotification { .. }
            | MessageEvent::SayDelivery { .. }
            | MessageEvent::LogoutNotification { .. }
            | MessageEvent::Ping { .. }
            | MessageEvent::ServerPong { .. }
            | MessageEvent::Unknown { .. } => {
                self.server?.users.name_of((*sender_id)?, at.frame).map(|name| self.context.texts.get(name))
            }
        });
        name.filter(|name| !name.is_empty())
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
        let within = if say.is_delivered() { COUNTED_WITHIN } else { LONGEST_STALL };
        let until = say.last_heard().saturating_add(within);
        let is_passed = self.connection.chat().is_some_and(|chat| chat.last_delivered() > Some(at.frame));
        let is_at_end = !is_passed && self.ends_before_all(say);
        let is_counted = say.is_counted()
            && !is_at_end
            && !self.server.is_some_and(|server| server.may_lack(at.frame, until))
            && !self.unheard.any(at.frame, until);
        Some(SayView {
            at,
            stream: say.stream,
            number: self.record.say?,
            deliveries: say.deliveries,
            is_counted,
            is_open: say.is_open(),
            is_at_end,
            first,
            say,
            says: self.context.says,
        })
    }

    /// Whether the capture ends before a say can have reached as many connections as it is for: who was in the room or, where that is not
    /// known, as many as any say before.
    fn ends_before_all(&self, say: &TrackedSay) -> bool {
        let Some(server) = self.server else { return false };
        let is_for_another = !server.tells_everybody() && self.recipient() != self.sender();
        let owed = match (say.is_private(), self.record.event.recipient()) {
            (true, Some(Recipient::Named(_) | Recipient::Id(_))) if is_for_another => 2,
            (true, _) => 1,
            (false, _) => self.lists.get(say.members).map_or(server.most_deliveries as usize, |(_, count)| count),
        };
        say.at().time.saturating_add(server.say_index.usual()) >= self.end && owed > say.deliveries as usize
    }

    /// Of a say request: who was in the room.
    pub fn members(&self) -> Option<Members<'a>> {
        let say = self.tracked().filter(|_| matches!(self.record.event, MessageEvent::SayRequest { .. }))?;
        let (names, count) = self.lists.get(say.members)?;
        Some(Members { names: names.map(|name| self.context.texts.get(name)).collect(), count })
    }

    /// Whether a say request reached nobody, although its connection went on.
    pub fn reached_nobody(&self) -> bool {
        let Some(chat) = self.connection.chat() else { return false };
        let at = self.record.at;
        let went_on = chat.last_delivered() > Some(at.frame)
            || chat.last_from_server().is_some_and(|last| last.since(at) >= PATIENCE);
        let is_judged = !self.record.before_login && !self.record.is_open;
        let is_judged = is_judged && !self.server.is_some_and(Server::is_derived);
        let is_lost = is_judged && self.say().is_some_and(|say| say.deliveries == 0 && say.is_counted);
        is_lost && went_on && !self.connection.gaps(Side::Server).after(at.frame)
    }

    /// What only later frames show to be wrong with it.
    pub fn late_findings(&self) -> impl Iterator<Item = Finding> + use<> {
        let nobody = self.reached_nobody().then_some(Finding::NoDelivery);
        let not_logged_in = self.lacks_login_result().then_some(Finding::NoLoginResult);
        let unacknowledged = self.lacks_ack().then_some(Finding::NoAck);
        let unanswered = self.unanswered().then_some(Finding::NoPong);
        nobody.into_iter().chain(not_logged_in).chain(unacknowledged).chain(unanswered)
    }

    /// Whether a delivery was sent again and never acknowledged, though the capture went on for long.
    fn lacks_ack(&self) -> bool {
        let (at, connection) = (self.record.at, self.connection);
        matches!(self.record.event, MessageEvent::SayDelivery { .. })
            && connection.tcp().is_resent(Side::Server, at.frame)
            && self.until >= at.time.saturating_add(LONGEST_ACK)
            && !connection.tcp().state().is_closing()
            && !connection.may_lack_since(Side::Client, at.frame)
    }

    /// Whether a login request has no result, though its connection went on, on which the server sent nothing since but pings.
    fn lacks_login_result(&self) -> bool {
        let (at, connection) = (self.record.at, self.connection);
        let is_request = matches!(self.record.event, MessageEvent::LoginRequest { .. });
        let waits = connection.chat().and_then(Chat::waiting_login).is_some_and(|(asked, _)| is_request && asked == at);
        let is_no_answer =
            |message: &StoredMessage| message.is_ping() || message.is_known() && message.sender() == Side::Client;
        waits
            && self.until >= at.time
            && connection.lasted_after(at, LONGEST_LOGIN, LATEST_LOGIN)
            && !connection.may_lack_since(Side::Server, at.frame)
            && connection.records().behind(self.record.position()).iter().all(is_no_answer)
    }

    /// Whether a ping has no pong, though another followed and the client was heard of, or the connection went on for long, or the server has
    /// given it up.
    pub(in crate::session) fn unanswered(&self) -> bool {
        let Some(chat) = self.connection.chat() else { return false };
        let MessageRecord { at, event, response: None, is_open: false, .. } = &self.record else { return false };
        let heartbeats = chat.heartbeats();
        let lasted = |side, time| self.connection.tcp().last_from(side).is_some_and(|last| last.since(*at) >= time);
        let went_on = heartbeats.last_ping() > Some(at.frame) && lasted(Side::Client, PATIENCE)
            || [Side::Client, Side::Server].iter().any(|side| lasted(*side, LONGEST_PONG))
            || chat.logged_out().is_some_and(|out| out.frame > at.frame);
        let is_ping = matches!(event, MessageEvent::Ping { .. }) && !heartbeats.may_answer(at.frame);
        is_ping && went_on && !self.connection.gaps(Side::Client).after(at.frame)
    }
}
