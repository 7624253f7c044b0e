//! What a message of the chat teaches: who is who, in which room, and what answers what.

mod assign;
mod logins;

use std::hash::BuildHasher;

use crate::event::{MessageEvent, Recipient};
use crate::failpoint::failpoint;
use crate::message::{Dialect, Evidence, MemberName, Message};
use crate::packet::{Frame, FrameTime, Position, Segment, Side, StreamId};
use crate::session::connection::Connection;
use crate::session::connection::application::{Application, Identity, Postponed};
use crate::session::ids::MessagePlace;
use crate::session::ids::Room;
use crate::session::learn::logins::{LoginOwner, asked_name};
use crate::session::record::message::MessageRecord;
use crate::session::say::{Delivery, Said, SayCopy, TrackedSay};
use crate::session::server::Server;
use crate::session::server::ambiguous_logins::{self, LONGEST_LOGIN};
use crate::session::server::exchanges::{PendingReceipts, Receipt};
use crate::session::state::Session;
use crate::session::statement::{Act, Announcement, Statement, To, Users};
use crate::session::storage::bounded::bounded_name;
use crate::session::storage::texts::{TextId, Texts};

/// A message on its way into the session.
struct MessageContext<'a> {
    place: MessagePlace,
    statement: Statement<'a>,
    masked: Option<bool>,
    dialect: Option<Dialect>,
    /// The frame that is being dissected: behind the message's, if it has waited.
    now: Frame,
}

impl MessageContext<'_> {
    fn position(&self) -> Position {
        self.place.position()
    }

    fn record(&self, event: MessageEvent<TextId>) -> MessageRecord<TextId> {
        let mut record = MessageRecord::new(self.place.at, self.place.index, event);
        (record.dialect, record.masked) = (self.dialect, self.masked);
        record
    }
}

impl Session {
    /// Learns from a message, on the first pass. `index`: how many messages of this frame and stream came before it.
    pub fn message(&mut self, segment: &Segment, index: u32, message: &Message) {
        if self.connections.get(&segment.stream).is_none() {
            self.watch(segment);
        }
        let Some(connection) = self.connections.get_mut(&segment.stream) else { return };
        let endings = &mut self.endings;
        let is_other = matches!(connection.application(), Application::Other);
        if is_other && message.evidence() != Evidence::Dialect {
            return;
        }
        let ending = endings.take(segment.stream);
        if message.is_truncated() && message.get(MemberName::Type).is_none() {
            return; // what it is was not captured
        }
        if endings.are_skipped(segment.stream) || ending.is_some_and(|ending| ending.skipped) {
            return;
        }
        if message.fault().is_some() && ending.is_some_and(|ending| ending.hard_to_inflate) {
            connection.pass_over(segment); // compressed bytes, not a message
            return self.pass_gaps_on(segment.stream);
        }
        let start = ending.and_then(|ending| ending.start);
        connection.message_ends(segment, start, ending.map_or(segment.end(), |ending| ending.end));
        connection.records_mut().reserve(segment.at, index);
        self.memory.message();
        let statement = Statement::of(message, &self.hasher);
        if statement.truncated && !matches!(statement.act, Act::LoginRequest { .. }) {
            connection.forget_login(segment);
        }
        let masked = ending.map(|ending| ending.masked);
        let is_configured = connection.is_configured();
        if !connection.application().accepts(message.evidence(), is_configured) {
            let statement = statement.into_owned();
            self.memory.spend(statement.size_of_list());
            self.postpone(segment.stream, Postponed { at: segment.at, index, statement, masked });
            return;
        }
        let lists_users = matches!(statement.act, Act::UserList(_) | Act::Login(_) | Act::Logout(_));
        let postponed = connection.application_mut().become_chat();
        for earlier in postponed {
            self.learn(segment.stream, earlier, segment.at.frame);
        }
        self.learn(segment.stream, Postponed { at: segment.at, index, statement, masked }, segment.at.frame);
        if lists_users {
            self.count_users(segment);
        }
    }

    fn postpone(&mut self, stream: StreamId, message: Postponed<'static>) {
        let Some(connection) = self.connections.get_mut(&stream) else { return };
        let too_many = connection.application_mut().postpone(message);
        match (too_many, connection.is_configured()) {
            (false, _) => {}
            (true, true) => connection.give_up(),
            (true, false) => {
                self.other_applications.insert(connection.client().port, connection.server().port);
                self.forget(stream);
            }
        }
    }

    /// Learns from a message of the chat, while the frame `now` is dissected.
    fn learn(&mut self, stream: StreamId, message: Postponed, now: Frame) {
        failpoint!("session::learn");
        let owner_of = self.whose_login(stream, message.at, &message.statement.act);
        let again = self.may_have_logged_in_again(stream, message.at, &message.statement.act);
        let Some(connection) = self.connections.get_mut(&stream) else { return };
        let texts = &mut self.texts;
        let (server, _) = self.servers.enter(connection);
        let Postponed { at, index, statement, masked } = message;
        server.dialect = server.dialect.or(statement.dialect);
        let place = MessagePlace { stream, at, index };
        let dialect = statement.dialect.or(server.dialect);
        let context = MessageContext { place, statement, masked, dialect, now };
        let user = || connection.logged_in(context.position()).map(|identity| identity.name);
        let record = match &context.statement.act {
            Act::LoginRequest { name, room } => {
                let record = login_request(connection, server, texts, &context, name.as_deref(), room.as_deref());
                let asked = connection.chat().and_then(|chat| chat.waiting_login()).filter(|(asked, _)| *asked == at);
                if let Some((_, name)) = asked {
                    name.into_iter().for_each(|name| server.exchange_starts.ask(name, at, stream));
                    self.pending_receipts.begin(Receipt::Login(at.frame), None, None);
                }
                record
            }
            Act::UserList(users) => {
                let count = users.as_ref().filter(|_| !context.statement.truncated).map(|users| users.count);
                let mut record = context.record(MessageEvent::UserList { users: count, recipient: user() });
                record.request = connection.answered_login(at.frame);
                take_users(server, texts, Room::Everywhere, users.as_ref(), &context);
                record
            }
            Act::Login(announcement) => {
                again.into_iter().for_each(|client| server.exchange_starts.forget_login(client));
                let mut record = login(connection, server, texts, &context, announcement, owner_of);
                begin_login(connection, server, &mut self.pending_receipts, &mut record);
                if let (LoginOwner::Contested(asked, number), Some(id)) = (owner_of, record.sender_id) {
                    self.ambiguous_logins.add(asked, ambiguous_logins::Login { place, id: (id, number) });
                }
                enter(connection, &record);
                return self.log_in(&context, &record);
            }
            Act::SayRequest { to, said, line } => return self.say_request(&context, to, *said, line),
            Act::SayDelivery { from, from_name, to, said, said_raw, copy } => {
                let readings = [*said, *said_raw];
                return self.say_delivery(&context, (from.as_deref(), from_name.as_deref()), to, readings, *copy);
            }
            Act::Logout(announcement) => {
                let record = logout(connection, server, texts, &context, announcement);
                return self.log_out(&context, record);
            }
            Act::Ping => {
                let record = context.record(MessageEvent::Ping { recipient: user() });
                if let Some(chat) = connection.application_mut().chat_mut() {
                    chat.ping(at);
                }
                record
            }
            Act::Pong => {
                let mut record = context.record(MessageEvent::Pong { sender: user() });
                record.request = connection.answered_ping(at.frame);
                record
            }
            Act::Unknown { type_name, by } => {
                let sender = user().filter(|_| *by == Side::Client);
                let type_name = type_name.as_deref().map(|name| texts.intern(name));
                context.record(MessageEvent::Unknown { type_name, sender })
            }
        };
        enter(connection, &record);
    }

    /// The server tells its clients something about this one: `text` is a hash of what.
    fn on_broadcast(&mut self, context: &MessageContext, client: Option<TextId>, text: u64) {
        failpoint!("session::on_broadcast");
        let (Some(client), Some(time)) = (client, context.statement.time) else { return };
        let Some(connection) = self.connections.get(&context.place.stream) else { return };
        let kind = std::mem::discriminant(&context.statement.act);
        let broadcast = self.hasher.hash_one((kind, client, time, text));
        let Some(servers) = self.servers.broadcast(connection, broadcast, context.place.at.time) else { return };
        // A client that both servers know is one that a proxy stands before, or has gone; or the servers are two, and give out the same ids.
        let (mut proxied, mut are_apart): (Vec<TextId>, bool) = (Vec::new(), false);
        for (id, streams) in self.servers.common_clients(servers) {
            let [Some(one), Some(other)] = streams.map(|stream| self.connections.get(&stream)) else { continue };
            match one.logs_in_with(other) {
                true => proxied.push(id),
                false if one.tcp().state().is_closing() || other.tcp().state().is_closing() => {}
                false => are_apart = true,
            }
        }
        if are_apart {
            return self.servers.tell_apart(servers);
        }
        let (server, orphans) = self.servers.unite(servers);
        proxied.into_iter().for_each(|id| server.set_proxied(id));
        for delivery in orphans {
            self.assign(&[delivery], true);
        }
    }

    /// A connection is told of a login, which may be its own.
    fn log_in(&mut self, context: &MessageContext, record: &MessageRecord<TextId>) {
        let stream = context.place.stream;
        if let (Some(id), MessageEvent::LoginResult { .. }) = (record.sender_id, &record.event) {
            let chat = self.connections.get_mut(&stream).and_then(|connection| connection.application_mut().chat_mut());
            if let (Some(request), Some(chat)) = (record.request, chat) {
                chat.answered_after(record.at.since(request));
            }
            let Some(connection) = self.connections.get(&stream) else { return };
            let Some(server) = self.servers.of_mut(connection) else { return };
            if let Some(request) = record.request {
                server.say_index.answered_after(record.at.since(request));
            }
            // Who logs in later has got the id of somebody who is gone.
            let before = server.set_owner(id, stream).and_then(|before| self.connections.get(&before));
            if before.is_some_and(|before| before.logs_in_with(connection)) {
                server.set_proxied(id);
            }
        }
        let name = self.hasher.hash_one(record.event.sender());
        self.on_broadcast(context, record.sender_id, name);
    }

    /// A connection is told of a logout.
    fn log_out(&mut self, context: &MessageContext, mut record: MessageRecord<TextId>) {
        let (id, stream) = (record.sender_id, context.place.stream);
        let Some(connection) = self.connections.get(&stream) else { return };
        let Some(server) = self.servers.of_mut(connection) else { return };
        let leaving = id.and_then(|id| self.connections.get(&server.owner(id)?));
        let closing = leaving.and_then(|leaving| leaving.times().closing_since());
        let (began, is_first) = server.exchange_starts.log_out(id, closing, context.place.at);
        record.began = Some(began);
        let room = connection.identity(context.position()).and_then(|identity| identity.room);
        self.pending_receipts.change(Receipt::Logout(began), room);
        if is_first {
            let end = u32::from(closing.is_some() && leaving.is_some_and(|leaving| !leaving.tcp().state().is_closed()));
            // Who was in several rooms, or is told in several, is not all that one room's members tell.
            let has_moved = connection.may_have_moved() || leaving.is_some_and(Connection::may_have_moved);
            let owed = room.filter(|_| !has_moved).and_then(|room| owed(connection, server, room));
            self.pending_receipts.begin(Receipt::Logout(began), owed.map(|owed| owed + end), room);
        }
        if let Some(connection) = self.connections.get_mut(&stream) {
            enter(connection, &record);
        }
        self.on_broadcast(context, id, 0);
    }

    fn say_request(&mut self, context: &MessageContext, to: &To, said: Option<Said>, text: &str) {
        let (place, texts) = (context.place, &mut self.texts);
        let Some(connection) = self.connections.get_mut(&place.stream) else { return };
        let Some(server) = self.servers.of_mut(connection) else { return };
        let position = context.position();
        let identity = connection.identity(position).copied();
        let sender = identity.filter(|identity| identity.since <= Some(position)).map(|identity| identity.name);
        let recipient = recipient(server, texts, to, position, context.statement.readable);
        let event = MessageEvent::SayRequest { sender, recipient };
        let mut record = context.record(event);
        let has_asked = connection.chat().is_some_and(|chat| chat.has_asked_to_log_in());
        let lacks_before = connection.may_lack_messages_before(place.at.frame);
        // The server of 2014 does not ask who says it.
        let is_asked = context.dialect != Some(Dialect::A2014);
        record.before_login = connection.saw_beginning() && !has_asked && !lacks_before && is_asked;
        let client = connection.chat().and_then(|chat| chat.id());
        record.sender_id = client;
        let said = said.filter(|_| context.statement.readable);
        let earlier = client.and_then(|client| server.said_before(client, place.stream, said, place.at));
        if earlier.is_some() {
            record.say = earlier;
            return enter(connection, &record);
        }
        let is_told = |since| !connection.gaps(Side::Server).after(since);
        let room = identity.and_then(|identity| identity.room);
        let members = room.map_or(0, |room| server.list_members(room, &mut self.lists, is_told));
        let say = TrackedSay::new(place.at, place.stream, to.private, members);
        let number = self.says.push(say, text);
        let owed = match to.private {
            // The recipient's copy and the sender's.
            true => to.id.as_deref().and_then(|id| server.owner(texts.find(id)?)).map(|_| 2),
            false => self.lists.get(members).and_then(|(_, count)| u32::try_from(count).ok()),
        };
        if owed.is_some() && !record.before_login && !server.has_proxies() {
            self.pending_receipts.begin(Receipt::Say(number), owed, room);
        }
        record.say = Some(number);
        enter(connection, &record);
        if let Some(client) = client {
            server.says(client, place.stream, said, place.at.time, number);
        }
        let Some(said) = said else { return };
        server.say_index.enter(number, client, said, &mut self.says);
        let (gaps, usual) = (connection.gaps(Side::Client), server.say_index.usual());
        let early = server.unmatched.take_early(&say, client, said, gaps, usual);
        if early.is_none() {
            self.says.set_uncounted([number]);
        }
        let mut early = early.unwrap_or_default();
        for (delivery, likely) in client.map(|client| self.likely.take(place.at, client, said)).unwrap_or_default() {
            self.says.settle(likely);
            self.says.set_uncounted([likely]); // it may have been the other's
            early.push(delivery);
        }
        for delivery in early {
            self.link(number, &delivery, true);
        }
    }

    fn say_delivery(
        &mut self,
        context: &MessageContext,
        (from, from_name): (Option<&str>, Option<&str>),
        to: &To,
        readings: [Option<Said>; 2],
        copy: SayCopy,
    ) {
        let (place, texts) = (context.place, &mut self.texts);
        let Some(connection) = self.connections.get_mut(&place.stream) else { return };
        let Some(server) = self.servers.of_mut(connection) else { return };
        let frame = place.at.frame;
        let recipient = recipient(server, texts, to, context.position(), true);
        let (id, name) = (from.map(|id| texts.intern(id)), from_name.map(|name| texts.intern(name)));
        if let (Some(id), Some(name)) = (id, name) {
            server.set_name(id, name, frame, context.now);
        }
        let name = name.or_else(|| server.name_of(id?, frame));
        let joined = connection.joined();
        let delivery = |said| Delivery { place, from: id, from_name: name, said, copy, joined };
        let mut record = context.record(MessageEvent::SayDelivery { sender: name, recipient });
        record.sender_id = id;
        record.is_own = id.is_some() && id == connection.chat().and_then(|chat| chat.id());
        enter(connection, &record);
        if self.servers.are_several() {
            let text = self.hasher.hash_one(readings[0]); // that of both copies of a private say
            self.on_broadcast(context, id, text);
        }
        match readings {
            [Some(one), Some(other)] => self.assign(&[one, other].map(delivery), false),
            [Some(only), None] | [None, Some(only)] => self.assign(&[delivery(only)], false),
            [None, None] => {}
        }
    }

    /// All frames have been seen once: what later ones did not contradict is settled.
    pub fn finish(&mut self) {
        if !self.ambiguous_logins.is_empty() {
            self.settle_logins(i64::MAX);
        }
        if !self.likely.is_empty() {
            self.settle(StreamId(u32::MAX), FrameTime { frame: Frame::LAST, time: i64::MAX });
        }
    }
}

fn enter(connection: &mut Connection, record: &MessageRecord<TextId>) {
    failpoint!("session::enter");
    if let Some(request) = record.request {
        connection.answer(request.frame, &record.event, record.at.frame);
    }
    connection.enter_message(record);
}

/// `readable`: whether the name in the message is certain.
fn recipient(server: &Server, texts: &mut Texts, to: &To, at: Position, readable: bool) -> Recipient<TextId> {
    let Some(id) = to.id.as_deref() else { return Recipient::Unknown };
    if id == "all" {
        return Recipient::Everyone;
    }
    // The name that the server gives it, not the one that the page sends, which may be escaped.
    let known = texts.find(id).and_then(|id| server.name_of(id, at.frame)).filter(|name| !texts.get(*name).is_empty());
    match (known, to.name.as_deref().filter(|name| readable && !name.is_empty())) {
        (Some(name), _) => Recipient::Named(name),
        (None, Some(name)) => Recipient::Named(texts.intern(name)),
        (None, None) => Recipient::Id(texts.intern(id)),
    }
}

fn login_request(
    connection: &mut Connection,
    server: &mut Server,
    texts: &mut Texts,
    context: &MessageContext,
    name: Option<&str>,
    room: Option<&str>,
) -> MessageRecord<TextId> {
    let name = name.map(|name| texts.intern(bounded_name(name)));
    let room = room.map(|room| texts.intern(bounded_name(room)));
    let has_room = context.statement.complete || context.dialect == Some(Dialect::A2014);
    let is_ignored = !context.statement.readable || !has_room;
    let chat = connection.application_mut().chat_mut().filter(|_| !is_ignored);
    if let Some(chat) = chat {
        let everywhere = || (context.dialect == Some(Dialect::A2014)).then_some(Room::Everywhere);
        let room = room.map(Room::Named).or_else(everywhere);
        // Who gives no name gets an empty one.
        let name = name.or_else(|| (!context.statement.truncated).then(|| texts.intern("")));
        if let (Some(name), Some(room)) = (name, room) {
            server.ask_for(name, room, context.place.at.time);
        }
        let identity = name.map(|name| Identity { room, ..Identity::new(Some(context.position()), name) });
        chat.ask_to_log_in(context.place.at, identity);
    }
    context.record(MessageEvent::LoginRequest { name, room })
}

/// How many connections the server tells of what happens in a room, where all of them are known.
fn owed(connection: &Connection, server: &Server, room: Room) -> Option<u32> {
    let is_told = |since| !connection.gaps(Side::Server).after(since);
    server.count_members(room, is_told).filter(|_| !server.has_proxies())
}

/// Finds where a login began, and how many have to be told of it.
fn begin_login(
    connection: &mut Connection,
    server: &mut Server,
    pending_receipts: &mut PendingReceipts,
    record: &mut MessageRecord<TextId>,
) {
    let (id, at) = (record.sender_id, record.at);
    let room = connection.identity(record.position()).and_then(|identity| identity.room);
    match record.event {
        MessageEvent::LoginResult { name } => {
            let request = record.request.map(|request| request.frame);
            let began = server.exchange_starts.answer(id, name, request, at);
            if request.is_none() && began != at.frame {
                connection.records_mut().set_began(record.position(), began);
            }
            // Who logs in again is also notified of it; before the capture began, it may have logged in.
            let is_again = !connection.saw_beginning() || connection.chat().is_some_and(|chat| chat.has_asked_again());
            let room = room.filter(|_| !is_again);
            pending_receipts.change(Receipt::Login(began), room);
            pending_receipts.owe(Receipt::Login(began), room.and_then(|room| owed(connection, server, room)));
        }
        MessageEvent::LoginNotification { name } if !record.uncertain => {
            let owner = id.and_then(|id| server.owner(id));
            let lacks = |since| server.gaps.client.after(since);
            let began = server.exchange_starts.notify(id, name, at, owner, lacks);
            pending_receipts.change(Receipt::Login(began), room);
            record.began = Some(began);
        }
        _ => {}
    }
}

/// A login seen on the connection that asked is a result; on any other, a notification. Where the request was not captured, a list
/// by id shows a result.
fn login(
    connection: &mut Connection,
    server: &mut Server,
    texts: &mut Texts,
    context: &MessageContext,
    announcement: &Announcement,
    owner_of: LoginOwner,
) -> MessageRecord<TextId> {
    let frame = context.place.at.frame;
    let (id, name, users) = interned(texts, announcement);
    if let (Some(id), Some(name)) = (id, name) {
        server.set_name(id, name, frame, context.now);
    }
    let is_result = owner_of == LoginOwner::OfTheName && is_login_result(connection, context, name, users);
    let may_be_result = match owner_of {
        LoginOwner::OfTheName => may_be_login_result(connection, context, id),
        LoginOwner::Anothers => false,
        LoginOwner::Contested(..) | LoginOwner::Unknown => true,
    };
    let mut record = match is_result {
        false => MessageRecord { uncertain: may_be_result, ..context.record(MessageEvent::LoginNotification { name }) },
        true => {
            let (asked, request) = (asked_name(connection), connection.answered_login(frame));
            if let Some(chat) = connection.application_mut().chat_mut() {
                chat.log_in(context.place, name, id);
            }
            [asked, name].into_iter().flatten().for_each(|name| server.has_joined(name));
            MessageRecord { request, ..context.record(MessageEvent::LoginResult { name }) }
        }
    };
    record.sender_id = id;
    let own = connection.identity(context.position()).and_then(|identity| identity.room);
    let has_moved = connection.may_have_moved();
    // Who is told in several rooms does not learn in which of them.
    let room = match has_moved && !is_result {
        true => name.and_then(|name| server.asked_for(name, context.place.at.time)),
        false => own,
    };
    let rooms = || connection.chat().into_iter().flat_map(|chat| chat.identities()).filter_map(|user| user.room);
    let Some(room) = room else {
        if !rooms().any(|room| id.is_some_and(|id| server.is_in(room, id, texts))) {
            rooms().for_each(|room| server.lose_track(room));
        }
        return record;
    };
    take_users(server, texts, room, users, context);
    if let Some(id) = id {
        server.join(room, id, texts);
        if is_result && has_moved {
            server.moves(id, rooms());
        }
    }
    record
}

fn interned<'a, 'b>(
    texts: &mut Texts,
    announcement: &'b Announcement<'a>,
) -> (Option<TextId>, Option<TextId>, Option<&'b Users<'a>>) {
    let Announcement { id, name, users } = announcement;
    let mut intern = |text: &str| texts.intern(text);
    (id.as_deref().map(&mut intern), name.as_deref().map(&mut intern), users.as_ref())
}

fn is_login_result(
    connection: &Connection,
    context: &MessageContext,
    name: Option<TextId>,
    users: Option<&Users>,
) -> bool {
    let statement = &context.statement;
    // On a second login, dialect C first notifies the room, the asking connection included, and then answers.
    let announced = statement.dialect == Some(Dialect::C2016) && users.is_none() && !statement.truncated;
    let is_asker = |asked: Option<TextId>| match (asked, name) {
        (Some(asked), Some(name)) => asked == name,
        (None, _) => true,
        (Some(_), None) => statement.truncated, // a name that the capture cut may be any
    };
    let chat = connection.chat();
    let waiting = chat.and_then(|chat| chat.waiting_login());
    // What is cut may have had a list by id, or not.
    let is_cut = statement.truncated && users.is_none() && !connection.waits_for_first_login();
    waiting.is_some_and(|(_, asked)| is_asker(asked)) && !announced && !is_cut || users.is_some_and(|users| users.keyed)
}

/// Whether the capture may lack the request of a login that has no list by id.
fn may_be_login_result(connection: &Connection, context: &MessageContext, id: Option<TextId>) -> bool {
    if context.statement.truncated && connection.chat().is_some_and(|chat| chat.waiting_login().is_some()) {
        return true;
    }
    if context.dialect == Some(Dialect::C2016) {
        return false;
    }
    let own = connection.chat().and_then(|chat| chat.id());
    let since = context.place.at.time.saturating_sub(LONGEST_LOGIN);
    (own.is_none() || own == id) && connection.gaps(Side::Client).since(since)
}

fn take_users(server: &mut Server, texts: &mut Texts, room: Room, users: Option<&Users>, context: &MessageContext) {
    let Some(users) = users else { return };
    let mut members = Vec::with_capacity(users.users.len());
    for (id, name) in &users.users {
        let (id, name) = (texts.intern(id), texts.intern(name));
        server.set_name(id, name, context.place.at.frame, context.now);
        members.push(id);
    }
    // Of a long list, only the beginning is known.
    if users.count == members.len() && !context.statement.truncated {
        server.set_members(room, members, context.place.at.frame, texts);
    } else {
        server.lose_track(room);
    }
}

fn logout(
    connection: &Connection,
    server: &mut Server,
    texts: &mut Texts,
    context: &MessageContext,
    announcement: &Announcement,
) -> MessageRecord<TextId> {
    let (id, name, users) = interned(texts, announcement);
    let name = name.or_else(|| server.name_of(id?, context.place.at.frame));
    if let Some(room) = connection.identity(context.position()).and_then(|identity| identity.room) {
        take_users(server, texts, room, users, context);
        if let Some(id) = id {
            server.leave(room, id, texts);
        }
    }
    MessageRecord { sender_id: id, ..context.record(MessageEvent::LogoutNotification { name }) }
}
