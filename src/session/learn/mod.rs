//! What a message of the chat teaches: who is who, in which room, and what answers what.

mod assign;
mod logins;

use std::hash::BuildHasher;
use std::mem::take;

use crate::event::{Completion, Link, MessageEvent, Recipient, Row};
use crate::failpoint::failpoint;
use crate::message::{
    Addressee, Announcement, Content, Dialect, Evidence, MemberName, Message, SayDelivery, Unknown, Users,
};
use crate::packet::{Frame, FrameTime, Position, Segment, Side, StreamId};
use crate::session::connection::Connection;
use crate::session::connection::application::{Application, Chat, Identity};
use crate::session::ids::{MessagePlace, Room};
use crate::session::incoming::Incoming;
use crate::session::learn::logins::LoginOwner;
use crate::session::record::message::MessageRecord;
use crate::session::say::{Delivery, Said, TrackedSay};
use crate::session::server::Server;
use crate::session::server::ambiguous_logins::{self, LONGEST_LOGIN};
use crate::session::server::exchanges::{Notification, PendingReceipts, Receipt};
use crate::session::state::Session;
use crate::storage::texts::{TextId, Texts};
use crate::websocket::assembly::Known;

/// A message on its way into the session.
struct MessageContext<'a> {
    place: MessagePlace,
    message: Incoming<'a>,
    /// The message's dialect, or else its server's.
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
        (record.dialect, record.masked) = (self.dialect, self.message.masked);
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
        let ending = endings.take(segment.stream, message.bytes().len());
        if message.is_truncated() && message.get(MemberName::Type).is_none() {
            return; // what it is was not captured
        }
        let known = ending.as_ref().map(|ending| ending.message.known_of(message.bytes(), !message.is_json()));
        if endings.are_skipped(segment.stream) || known == Some(Known::Part) {
            return;
        }
        if known == Some(Known::Nothing) {
            connection.pass_over_compressed(segment);
            return self.pass_gaps_on(segment.stream);
        }
        let start = ending.as_ref().and_then(|ending| ending.start);
        connection.message_ends(segment, start, ending.as_ref().map_or(segment.end(), |ending| ending.end));
        connection.records_mut().reserve(segment.at, index);
        self.memory.message();
        let masked = ending.map(|ending| ending.masked);
        let incoming = Incoming::of(message, segment.at, index, masked, &self.hasher);
        if incoming.is_truncated && !matches!(incoming.content, Content::LoginRequest { .. }) {
            connection.forget_login(segment);
        }
        let is_configured = connection.is_configured();
        if !connection.application().accepts(message.evidence(), message.is_object(), is_configured) {
            let incoming = incoming.into_owned();
            self.memory.spend(incoming.size_of_list());
            return self.postpone(segment.stream, incoming);
        }
        let lists_users = incoming.content.users().is_some();
        for earlier in connection.application_mut().become_chat() {
            self.learn(segment.stream, earlier, segment.at.frame);
        }
        self.learn(segment.stream, incoming, segment.at.frame);
        if lists_users {
            self.count_users(segment);
        }
    }

    fn postpone(&mut self, stream: StreamId, message: Incoming<'static>) {
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
    fn learn(&mut self, stream: StreamId, message: Incoming, now: Frame) {
        failpoint!("session::learn");
        let owner = self.login_owner(stream, message.at, &message.content);
        let again = self.may_have_logged_in_again(stream, message.at, &message.content);
        let elsewhere = self.asked_elsewhere(stream, message.at, &message.content);
        let Some(connection) = self.connections.get_mut(&stream) else { return };
        let texts = &mut self.texts;
        let (server, _) = self.servers.enter(connection);
        let message = message.for_server_of(server.dialect);
        server.dialect = server.dialect.or(message.dialect);
        if server.tells_everybody() && connection.times().closing_since().is_none() {
            server.listeners.insert(stream);
        }
        let (at, by, dialect) = (message.at, message.by, message.dialect.or(server.dialect));
        server.show(message.shows);
        let place = MessagePlace { stream, at, index: message.index };
        connection.note_server(server.shown, place.position());
        let context = MessageContext { place, message, dialect, now };
        let user = connection.logged_in(context.position()).map(|identity| identity.name);
        let record = match &context.message.content {
            Content::LoginRequest { name, room } => {
                let record = login_request(connection, server, texts, &context, name.as_deref(), room.as_deref());
                let asked = connection.chat().and_then(|chat| chat.last_asked()).filter(|(asked, _)| *asked == at);
                if let Some((_, name)) = asked {
                    name.into_iter().for_each(|name| server.exchange_starts.ask(name, at, stream));
                    self.pending_receipts.begin(Receipt::Notified(Completion::Login, at.frame), None, None);
                }
                record
            }
            Content::UserList(users) => {
                let count = users.as_ref().filter(|_| !context.message.is_truncated).map(|users| users.count);
                let mut record = context.record(MessageEvent::UserList { users: count, recipient: user });
                record.request = connection.answered_login(at.frame, None);
                take_users(server, texts, Room::Everywhere, users.as_ref(), &context);
                record
            }
            Content::Login(announcement) => {
                again.into_iter().for_each(|client| server.exchange_starts.forget_login(client));
                let mut record = login(connection, server, texts, &context, announcement, owner);
                begin_login(connection, server, texts, &mut self.pending_receipts, &mut record, elsewhere);
                if let (LoginOwner::Ambiguous(asked, number), Some(id)) = (owner, record.sender_id) {
                    self.ambiguous_logins.add(asked, ambiguous_logins::Login { place, id: (id, number) });
                }
                enter(connection, &record);
                return self.log_in(&context, &record);
            }
            Content::SayRequest { to, said, said_to_all, line } => {
                let to_all = said_to_all.filter(|_| server.is_derived());
                let to = Addressee { private: to.private && to_all.is_none(), ..to.clone() };
                return self.say_request(&context, &to, to_all.or(*said), line);
            }
            Content::SayDelivery(delivery) => return self.say_delivery(&context, delivery),
            Content::Logout(announcement) => logout(connection, server, texts, &context, announcement),
            Content::Ping => {
                connection.ping(by, at);
                context.record(match by {
                    Side::Server => MessageEvent::Ping { recipient: user },
                    Side::Client => MessageEvent::ClientPing { sender: user },
                })
            }
            Content::Pong => {
                let mut record = context.record(match by {
                    Side::Client => MessageEvent::Pong { sender: user },
                    Side::Server => MessageEvent::ServerPong { recipient: user },
                });
                connection.pong(by, &mut record);
                self.open_pongs.extend(record.is_open.then_some(stream));
                record
            }
            Content::Unknown(message) => unknown(connection, server, texts, &context, message, user),
        };
        match record.event.row() {
            Row { link: Link::Beginning, completes: Some(of), .. } => self.notify(&context, record, of),
            _ => enter(connection, &record),
        }
    }

    /// The server tells its clients something about this one: `text` is a hash of what.
    fn on_broadcast(&mut self, context: &MessageContext, client: Option<TextId>, text: u64) {
        failpoint!("session::on_broadcast");
        let (Some(client), Some(time)) = (client, context.message.time) else { return };
        let Some(connection) = self.connections.get(&context.place.stream) else { return };
        let kind = std::mem::discriminant(&context.message.content);
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
        let (server, unmatched) = self.servers.unite(servers);
        proxied.into_iter().for_each(|id| server.proxies.insert(id));
        for delivery in unmatched {
            self.assign(&[delivery], false, true);
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
            server.say_index.name(id, stream, &self.says);
            // Who logs in later has got the id of somebody who is gone.
            let before = server.users.set_owner(id, stream).and_then(|before| self.connections.get(&before));
            if before.is_some_and(|before| before.logs_in_with(connection)) {
                server.proxies.insert(id);
            }
        }
        let name = self.hasher.hash_one(record.event.sender());
        self.on_broadcast(context, record.sender_id, name);
    }

    /// A connection is told what has happened to a client, as are all of its room: keeps the message, and where what it is a part of began.
    fn notify(&mut self, context: &MessageContext, mut record: MessageRecord<TextId>, of: Completion) {
        let (id, stream) = (record.sender_id, context.place.stream);
        let Some(connection) = self.connections.get(&stream) else { return };
        let Some(server) = self.servers.of_mut(connection) else { return };
        let owner = match of {
            Completion::Logout => id.and_then(|id| server.users.owner(id)),
            Completion::Login | Completion::Say | Completion::Close => None,
        };
        let leaving = owner.and_then(|owner| self.connections.get(&owner));
        let closing = leaving.and_then(|leaving| leaving.times().closing_since());
        let (began, which) = server.exchange_starts.notify(of, id, closing, context.place.at, stream);
        record.began = Some(began);
        let room = connection.identity(context.position()).and_then(|identity| identity.room);
        let receipt = Receipt::Notified(of, began);
        if of == Completion::Logout {
            id.into_iter().for_each(|id| server.exchange_starts.forget_login(id));
            self.pending_receipts.change(receipt, room);
        }
        // Who was in several rooms, or is told in several, is not all that one room's members tell.
        let has_moved = connection.may_have_moved() || leaving.is_some_and(Connection::may_have_moved);
        let has_moved = has_moved && !server.tells_everybody();
        let room = if server.tells_everybody() { Some(Room::Everywhere) } else { room };
        let owed = || room.filter(|_| !has_moved).and_then(|room| owed(connection, server, room, &self.texts));
        match which {
            Notification::First => {
                let end = u32::from(closing.is_some() && leaving.is_some_and(|it| !it.tcp().state().is_closed()));
                self.pending_receipts.begin(receipt, owed().map(|owed| owed + end), room);
            }
            Notification::Again => self.pending_receipts.repeat(receipt, owed()),
            Notification::Another => {}
        }
        if let Some(connection) = self.connections.get_mut(&stream) {
            enter(connection, &record);
        }
        let leaving = owner.and_then(|owner| self.connections.get_mut(&owner)?.application_mut().chat_mut());
        leaving.into_iter().for_each(|chat| chat.log_out(context.place.at));
        self.on_broadcast(context, id, 0);
    }

    fn say_request(&mut self, context: &MessageContext, to: &Addressee, said: Option<Said>, text: &str) {
        let lurkers = self.lurkers(context.place.stream);
        let (place, texts) = (context.place, &mut self.texts);
        let Some(connection) = self.connections.get_mut(&place.stream) else { return };
        let Some(server) = self.servers.of_mut(connection) else { return };
        let position = context.position();
        let identity = connection.identity(position).copied();
        let sender = identity.filter(|identity| identity.since <= Some(position)).map(|identity| identity.name);
        let recipient = recipient(server, texts, to, position, context.message.is_readable);
        let event = MessageEvent::SayRequest { sender, recipient };
        let mut record = context.record(event);
        let has_asked = connection.chat().is_some_and(|chat| chat.has_asked_to_log_in());
        let lacks_before = connection.may_lack_messages_before(place.at.frame);
        // The server of 2014 does not ask who says it.
        let is_2014 = server.tells_everybody();
        let is_original = !is_2014 && !server.is_derived();
        record.before_login = connection.saw_beginning() && !has_asked && !lacks_before && is_original;
        // Where the server tells no user's id, the names are all there is.
        let own = connection.chat().and_then(|chat| chat.id());
        let by_name = identity.map(|identity| identity.name).filter(|_| own.is_none() && server.is_derived());
        if let (Some(name), Some(chat)) = (by_name, connection.application_mut().chat_mut()) {
            chat.recognise(by_name, by_name);
            server.users.set_name(name, name, place.at.frame, context.now);
            server.users.set_owner(name, place.stream);
        }
        let client = own.or(by_name);
        record.sender_id = client;
        record.is_open = to.is_zero;
        let said = said.filter(|_| context.message.is_readable);
        let earlier = client.and_then(|client| server.proxies.take_say(client, place.stream, said, place.at));
        if earlier.is_some() {
            record.say = earlier;
            return enter(connection, &record);
        }
        let room = if is_2014 { Some(Room::Everywhere) } else { identity.and_then(|identity| identity.room) };
        let members = room.filter(|_| !is_2014 || lurkers.is_some_and(|lurkers| server.knows_everybody(lurkers)));
        let members = members.map_or(0, |room| {
            server.rooms.list_members(room, &server.users, &mut self.lists, connection.gaps(Side::Server))
        });
        let say = TrackedSay::new(place.at, place.stream, to.private, members);
        let number = self.says.push(say, text);
        let owed = match (to.private, to.id.as_deref()) {
            // In 2014, what is for nobody goes back to its sender.
            (_, None) if is_2014 => Some(1),
            // The recipient's copy and, but for 2014, the sender's.
            (true, id) => id.and_then(|id| server.users.owner(texts.find(id)?)).map(|_| 2 - u32::from(is_2014)),
            (false, _) => {
                let room = room.filter(|room| room.keeps_users(texts));
                room.and_then(|room| owed(connection, server, room, texts))
            }
        };
        if owed.is_some() && !record.before_login && server.proxies.is_empty() {
            self.pending_receipts.begin(Receipt::Say(number), owed, room);
        }
        record.say = Some(number);
        enter(connection, &record);
        connection.application_mut().chat_mut().into_iter().for_each(|chat| chat.say(number));
        if let Some(client) = client {
            server.proxies.push_say(client, place.stream, said, place.at.time, number);
        }
        let Some(said) = said else { return };
        server.say_index.enter(number, client, said, &mut self.says);
        let (gaps, usual) = (connection.gaps(Side::Client), server.say_index.usual());
        let early = server.unmatched.take_early(&say, client, said, gaps, usual);
        // What was said before the capture began may be late.
        let is_whole = connection.saw_beginning();
        let early = early.filter(|early| is_whole || early.iter().all(|it| server.say_index.has_reached(it)));
        if early.is_none() {
            self.says.set_uncounted([number]);
        }
        for delivery in early.unwrap_or_default() {
            self.link(number, &delivery, true);
        }
    }

    /// How many of the connections that a server of dialect A tells everything are of nobody who is known: they never asked to log in, or are
    /// a client's on the other side of a proxy. `None` of too many.
    fn lurkers(&self, stream: StreamId) -> Option<usize> {
        const MANY: usize = 1000;
        let server = self.servers.of(self.connections.get(&stream)?).filter(|server| server.tells_everybody())?;
        let listeners = (server.listeners.len() <= MANY).then_some(&server.listeners)?.iter();
        let is_lurker = |stream: &&StreamId| {
            let Some(listener) = self.connections.get(stream) else { return false };
            match listener.chat().and_then(Chat::id) {
                Some(id) => server.users.owner(id) != Some(**stream),
                None => listener.saw_beginning() && !listener.chat().is_some_and(Chat::has_asked_to_log_in),
            }
        };
        Some(listeners.filter(is_lurker).count())
    }

    fn say_delivery(&mut self, context: &MessageContext, delivery: &SayDelivery) {
        let (place, texts) = (context.place, &mut self.texts);
        let Some(connection) = self.connections.get_mut(&place.stream) else { return };
        let Some(server) = self.servers.of_mut(connection) else { return };
        let frame = place.at.frame;
        let recipient = recipient(server, texts, &delivery.to, context.position(), true);
        let from = delivery.from.as_deref().map(|id| texts.intern(id));
        let from_name = delivery.from_name.as_deref().map(|name| texts.intern(name));
        if let (Some(id), Some(name)) = (from, from_name) {
            server.users.set_name(id, name, frame, context.now);
        }
        let from_name = from_name.or_else(|| server.users.name_of(from?, frame));
        let is_unknown = server.is_derived() && from.is_none_or(|id| server.users.owner(id).is_none());
        let by_name = from_name.filter(|name| is_unknown && server.users.owner(*name).is_some());
        let joined = if server.tells_everybody() { connection.upgraded_at() } else { connection.joined() };
        let mut record = context.record(MessageEvent::SayDelivery { sender: from_name, recipient });
        record.sender_id = from;
        record.is_own = from.is_some() && from == connection.chat().and_then(|chat| chat.id());
        record.is_own |= by_name.is_some_and(|name| server.users.owner(name) == Some(place.stream));
        let from = by_name.or(from);
        enter(connection, &record);
        if self.servers.are_several() {
            let text = self.hasher.hash_one(delivery.said); // that of both copies of a private say
            self.on_broadcast(context, from, text);
        }
        let is_private = delivery.to.private;
        let readings = [delivery.said, delivery.said_raw].map(|said| {
            Some(Delivery { place, from, from_name, said: said?, copy: delivery.copy, is_private, joined })
        });
        match readings {
            [Some(one), Some(other)] => self.assign(&[one, other], delivery.has_markup, false),
            [Some(only), None] | [None, Some(only)] => self.assign(&[only], delivery.has_markup, false),
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
        self.settle_turns();
        for stream in take(&mut self.encrypted) {
            self.connections.get_mut(&stream).into_iter().for_each(Connection::settle_tls);
        }
        for stream in take(&mut self.open_pongs) {
            let connection = self.connections.get_mut(&stream);
            connection.into_iter().for_each(|connection| connection.settle_pongs(self.end));
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

/// A message of a type that the chat does not have. `user`: the connection's.
fn unknown(
    connection: &mut Connection,
    server: &Server,
    texts: &mut Texts,
    context: &MessageContext,
    message: &Unknown,
    user: Option<TextId>,
) -> MessageRecord<TextId> {
    let by_client = context.message.by == Side::Client;
    let from = message.from.as_deref().and_then(|id| texts.find(id)).filter(|_| !by_client);
    let known = from.and_then(|id| server.users.name_of(id, context.place.at.frame));
    let named = message.sender.as_deref().map(|name| texts.intern(name));
    let sender = if by_client { user.or(named) } else { known.or(named) };
    let recipient = match &message.recipient {
        None => Recipient::Unknown,
        Some((whom, _)) if whom == "all" => Recipient::Everyone,
        Some((whom, false)) => Recipient::Named(texts.intern(whom)),
        Some((id, true)) => {
            let id = texts.intern(id);
            let name = server.users.name_of(id, context.place.at.frame).filter(|name| !texts.get(*name).is_empty());
            name.map_or(Recipient::Id(id), Recipient::Named)
        }
    };
    if let (Some(id), Some(chat)) = (message.client_id.as_deref(), connection.application_mut().chat_mut()) {
        if !by_client {
            chat.set_id(texts.intern(id));
        }
    }
    let type_name = message.type_name.as_deref().map(|name| texts.intern(name));
    MessageRecord { sender_id: from, ..context.record(MessageEvent::Unknown { type_name, sender, recipient }) }
}

/// `readable`: whether the name in the message is certain.
fn recipient(server: &Server, texts: &mut Texts, to: &Addressee, at: Position, readable: bool) -> Recipient<TextId> {
    let Some(id) = to.id.as_deref() else { return Recipient::Unknown };
    if id == "all" {
        return Recipient::Everyone;
    }
    // The name that the server gives it, not the one that the page sends, which may be escaped.
    let known =
        texts.find(id).and_then(|id| server.users.name_of(id, at.frame)).filter(|name| !texts.get(*name).is_empty());
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
    let name = name.map(|name| texts.intern(name));
    let room = room.map(|room| texts.intern(room));
    let has_room = context.message.is_complete || context.dialect == Some(Dialect::A2014);
    let is_ignored = !context.message.is_readable || !has_room;
    let chat = connection.application_mut().chat_mut().filter(|_| !is_ignored);
    if let Some(chat) = chat {
        let everywhere = (context.dialect == Some(Dialect::A2014)).then_some(Room::Everywhere);
        let room = room.map(Room::Named).or(everywhere);
        // Who gives no name gets an empty one.
        let name = name.or_else(|| (!context.message.is_truncated).then(|| texts.intern("")));
        if let (Some(name), Some(room)) = (name, room) {
            server.rooms.ask_for(name, room, context.place.at.time);
        }
        let identity = name.map(|name| Identity { room, ..Identity::new(Some(context.position()), name) });
        chat.ask_to_log_in(context.place.at, identity);
    }
    context.record(MessageEvent::LoginRequest { name, room })
}

/// How many connections the server tells of what happens in a room, where all of them are known.
fn owed(connection: &Connection, server: &Server, room: Room, texts: &Texts) -> Option<u32> {
    let count = match room {
        // Its list may have users who are gone; of others no connection may have been captured yet.
        Room::Everywhere => u32::try_from(server.listeners.len().max(server.rooms.size_of(room))).ok(),
        Room::Named(_) if room.keeps_users(texts) => server.rooms.count_members(room, connection.gaps(Side::Server)),
        Room::Named(_) => Some(1), // who logs in there is told of that
    };
    count.filter(|_| server.proxies.is_empty())
}

/// Finds where a login began, and how many have to be told of it.
fn begin_login(
    connection: &mut Connection,
    server: &mut Server,
    texts: &Texts,
    pending_receipts: &mut PendingReceipts,
    record: &mut MessageRecord<TextId>,
    elsewhere: Option<Frame>,
) {
    let (id, at) = (record.sender_id, record.at);
    let room = connection.identity(record.position()).and_then(|identity| identity.room);
    if let MessageEvent::LoginResult { name } = record.event {
        let request = record.request.map(|request| request.frame);
        let began = server.exchange_starts.answer(id, name, request, at);
        if request.is_none() && began != at.frame {
            connection.records_mut().set_began(record.position(), began);
        }
        // Who logs in again is also notified of it; before the capture began, it may have logged in.
        let is_again = !connection.saw_beginning() || connection.chat().is_some_and(|chat| chat.has_asked_again());
        let (receipt, room) = (Receipt::Notified(Completion::Login, began), room.filter(|_| !is_again));
        pending_receipts.change(receipt, room);
        pending_receipts.owe(receipt, room.and_then(|room| owed(connection, server, room, texts)));
    } else if !record.uncertain {
        let (name, owner) = (record.event.sender().copied(), id.and_then(|id| server.users.owner(id)));
        let began = server.exchange_starts.notify_login(id, name, at, owner, &server.gaps.client, elsewhere);
        let receipt = Receipt::Notified(Completion::Login, began);
        pending_receipts.change(receipt, room);
        if Some(began) == elsewhere {
            pending_receipts.owe(receipt, None); // a proxy may pass it on to some
        }
        record.began = Some(began);
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
    owner: LoginOwner,
) -> MessageRecord<TextId> {
    let frame = context.place.at.frame;
    let (id, name, users) = interned(texts, announcement);
    if let (Some(id), Some(name)) = (id, name) {
        server.users.set_name(id, name, frame, context.now);
    }
    connection.forget_earlier_logins();
    let is_result =
        owner == LoginOwner::OfTheName && is_login_result(connection, context, name, users, (server.is_derived(), id));
    let may_be_result = match owner {
        LoginOwner::OfTheName => may_be_login_result(connection, context, id),
        LoginOwner::Anothers => false,
        LoginOwner::Ambiguous(..) | LoginOwner::Unknown => true,
    };
    let mut record = match is_result {
        false => MessageRecord { uncertain: may_be_result, ..context.record(MessageEvent::LoginNotification { name }) },
        true => {
            let asked = connection.chat().and_then(|chat| chat.login_answered_by(name)?.1);
            let request = connection.answered_login(frame, name);
            if let Some(chat) = connection.application_mut().chat_mut() {
                chat.log_in(context.place, name, id);
            }
            [asked, name].into_iter().flatten().for_each(|name| server.rooms.has_joined(name));
            MessageRecord { request, ..context.record(MessageEvent::LoginResult { name }) }
        }
    };
    record.sender_id = id;
    // The list is of the room that was asked for, whatever was asked for since.
    let asked = record.request.and_then(|request| connection.chat()?.asked_in(request.frame));
    let own = asked.or_else(|| connection.identity(context.position())).and_then(|identity| identity.room);
    let has_moved = connection.may_have_moved();
    // Who is told in several rooms does not learn in which of them.
    let room = match has_moved && !is_result {
        true => name.and_then(|name| server.rooms.asked_for(name, context.place.at.time)),
        false => own,
    };
    let rooms = connection.chat().into_iter().flat_map(|chat| chat.identities()).filter_map(|user| user.room);
    let Some(room) = room else {
        if !rooms.clone().any(|room| id.is_some_and(|id| server.rooms.is_in(room, id, texts))) {
            rooms.for_each(|room| server.rooms.lose_track(room));
        }
        return record;
    };
    take_users(server, texts, room, users, context);
    if let Some(id) = id.filter(|_| room.keeps_users(texts)) {
        server.rooms.join(room, id, texts);
        if is_result && has_moved {
            server.rooms.set_several(id, rooms);
        }
    }
    record
}

fn interned<'a, 'b>(
    texts: &mut Texts,
    announcement: &'b Announcement<'a>,
) -> (Option<TextId>, Option<TextId>, Option<&'b Users<'a>>) {
    let Announcement { id, name, users } = announcement;
    let [id, name] = [id, name].map(|text| text.as_deref().map(|text| texts.intern(text)));
    (id, name, users.as_ref())
}

fn is_login_result(
    connection: &Connection,
    context: &MessageContext,
    name: Option<TextId>,
    users: Option<&Users>,
    (is_derived, id): (bool, Option<TextId>),
) -> bool {
    let message = &context.message;
    // On a second login, dialect C first notifies the room, the asking connection included, and then answers.
    let announced = message.dialect == Some(Dialect::C2016) && users.is_none() && !message.is_truncated;
    let waiting = connection.chat().and_then(|chat| chat.login_answered_by(name));
    let has_asked = waiting.is_some_and(|(_, asked)| match (asked, name) {
        (Some(asked), Some(name)) => asked == name,
        (None, _) => true,
        (Some(_), None) => message.is_truncated, // a name that the capture cut may be any
    });
    // What is cut may have had a list by id, or not.
    let is_cut = message.is_truncated && users.is_none() && !connection.waits_for_first_login();
    // A server that is not the original one may tell everybody who is there now.
    let own = connection.chat().and_then(Chat::id).filter(|_| is_derived);
    let is_of_another = own.is_some_and(|own| Some(own) != id);
    (has_asked && !announced && !is_cut || users.is_some_and(|users| users.keyed)) && !is_of_another
}

/// Whether the capture may lack the request of a login that has no list by id.
fn may_be_login_result(connection: &Connection, context: &MessageContext, id: Option<TextId>) -> bool {
    if context.message.is_truncated && connection.chat().is_some_and(|chat| chat.waiting_login().is_some()) {
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
    // In dialect A the list may be stale: of whom the capture knows more, it says nothing.
    let may_be_stale = server.tells_everybody();
    let mut members = Vec::with_capacity(users.users.len());
    for (id, name) in &users.users {
        let (id, name) = (texts.intern(id), texts.intern(name));
        if !may_be_stale || server.users.name_of(id, Frame::LAST).is_none() {
            server.users.set_name(id, name, context.place.at.frame, context.now);
            members.push(id);
        }
    }
    if may_be_stale {
        return members.into_iter().for_each(|id| server.rooms.join(room, id, texts));
    }
    // Of a long list, only the beginning is known.
    if users.count == members.len() && !context.message.is_truncated && room.keeps_users(texts) {
        server.rooms.set_members(room, members, context.place.at.frame, texts);
    } else {
        server.rooms.lose_track(room);
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
    let name = name.or_else(|| server.users.name_of(id?, context.place.at.frame));
    let id = id.or_else(|| name.filter(|name| server.is_derived() && server.users.owner(*name).is_some()));
    if let Some(room) = connection.identity(context.position()).and_then(|identity| identity.room) {
        take_users(server, texts, room, users, context);
        if let Some(id) = id {
            server.rooms.leave(room, id, texts);
        }
    }
    MessageRecord { sender_id: id, ..context.record(MessageEvent::LogoutNotification { name }) }
}
