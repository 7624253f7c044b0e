//! What a message of the chat teaches: who is who, in which room, and what answers what.

use super::application::{Application, Identity, Postponed};
use super::bounded::bounded_name;
use super::connection::Connection;
use super::record::MessageRecord;
use super::room::Room;
use super::say::{Copies, Said};
use super::says::{Delivery, Place, Request};
use super::server::Server;
use super::state::Session;
use super::statement::{Act, Announcement, Statement, To, Users};
use super::texts::{TextId, Texts};
use crate::event::{Event, Recipient, Say};
use crate::message::{Dialect, Evidence, MemberName, Message, text};
use crate::packet::{Frame, Position, Segment, Side, StreamId};

/// A message on its way into the session.
struct Lesson<'a> {
    place: Place,
    statement: Statement<'a>,
    masked: Option<bool>,
    dialect: Option<Dialect>,
}

impl Lesson<'_> {
    fn position(&self) -> Position {
        Position { frame: self.place.at.frame, index: self.place.index }
    }

    fn record(&self, event: Event<TextId>) -> MessageRecord<TextId> {
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
        if endings.are_declined(segment.stream) || ending.is_some_and(|ending| ending.declined) {
            return;
        }
        if message.fault().is_some() && ending.is_some_and(|ending| ending.hard_to_inflate) {
            return; // compressed bytes, not a message
        }
        connection.message_ends(segment, ending.map_or(segment.end(), |ending| ending.end));
        connection.reserve_message(segment.at, index);
        let statement = Statement::of(message, &self.hasher);
        let masked = ending.map(|ending| ending.masked);
        let is_configured = connection.is_configured();
        if !connection.application().accepts(message.evidence(), is_configured) {
            let statement = statement.into_owned();
            self.postpone(segment.stream, Postponed { at: segment.at, index, statement, masked });
            return;
        }
        let postponed = connection.application_mut().become_chat();
        for earlier in postponed {
            self.learn(segment.stream, earlier);
        }
        self.learn(segment.stream, Postponed { at: segment.at, index, statement, masked });
    }

    fn postpone(&mut self, stream: StreamId, message: Postponed<'static>) {
        let Some(connection) = self.connections.get_mut(&stream) else { return };
        let too_many = connection.application_mut().postpone(message);
        match (too_many, connection.is_configured()) {
            (false, _) => {}
            (true, true) => connection.give_up(),
            (true, false) => {
                self.strangers.insert(connection.client().port, connection.server().port);
                self.forget(stream);
            }
        }
    }

    /// Learns from a message of the chat.
    fn learn(&mut self, stream: StreamId, message: Postponed) {
        let Some(connection) = self.connections.get_mut(&stream) else { return };
        let (server, texts) = (self.servers.enter(connection), &mut self.texts);
        let Postponed { at, index, statement, masked } = message;
        server.dialect = server.dialect.or(statement.dialect);
        let place = Place { stream, at, index };
        let dialect = statement.dialect.or(server.dialect);
        let lesson = Lesson { place, statement, masked, dialect };
        let user = || connection.logged_in(lesson.position()).map(|identity| identity.name);
        let record = match &lesson.statement.act {
            Act::LoginRequest { name, room } => {
                login_request(connection, texts, &lesson, name.as_deref(), room.as_deref())
            }
            Act::UserList(users) => {
                let count = users.as_ref().map_or(0, |users| users.count);
                let mut record = lesson.record(Event::UserList { users: count, recipient: user() });
                record.request = connection.chat().and_then(|chat| chat.waiting_login()).map(|(at, _)| at);
                take_users(server, texts, Room::Everywhere, users.as_ref(), &lesson);
                record
            }
            Act::Login(announcement) => login(connection, server, texts, &lesson, announcement),
            Act::SayRequest { to, said } => return self.say_request(&lesson, to, *said),
            Act::SayDelivery { from, from_name, to, said, said_raw, copy } => {
                let readings = [*said, *said_raw];
                return self.say_delivery(&lesson, (from.as_deref(), from_name.as_deref()), to, readings, *copy);
            }
            Act::Logout(announcement) => logout(connection, server, texts, &lesson, announcement),
            Act::Ping => {
                let record = lesson.record(Event::Ping(user()));
                if let Some(chat) = connection.application_mut().chat_mut() {
                    chat.ping(at);
                }
                record
            }
            Act::Pong => {
                let mut record = lesson.record(Event::Pong(user()));
                record.request = connection.application_mut().chat_mut().and_then(|chat| chat.pong());
                record
            }
            Act::Unknown { type_name, by } => {
                let sender = user().filter(|_| *by == Side::Client);
                let type_name = type_name.as_deref().map(|name| texts.intern(name));
                lesson.record(Event::Unknown { type_name, sender })
            }
        };
        enter(connection, &record);
    }

    fn say_request(&mut self, lesson: &Lesson, to: &To, said: Option<Said>) {
        let (place, texts) = (lesson.place, &mut self.texts);
        let Some(connection) = self.connections.get_mut(&place.stream) else { return };
        let Some(server) = self.servers.of_mut(connection) else { return };
        let position = lesson.position();
        let sender = connection.logged_in(position).map(|identity| identity.name);
        let event = Event::SayRequest(Say { sender, recipient: recipient(server, texts, to, position) });
        let mut record = lesson.record(event);
        let has_asked = connection.chat().is_some_and(|chat| chat.has_asked_to_log_in());
        let lacks_before = connection.gaps(Side::Client).between(Frame::default(), place.at.frame);
        record.before_login = connection.is_begun() && !has_asked && !lacks_before;
        let identity = connection.identity(position).copied();
        record.sender_id = identity.and_then(|identity| identity.id);
        let room = identity.and_then(|identity| identity.room);
        let members = room.map_or(0, |room| server.list_members(room));
        let said = said.filter(|_| lesson.statement.readable);
        let request = Request { place, from: record.sender_id, said, private: to.private, members };
        let entered = server.says.ask(&request);
        record.say = Some(entered.number);
        if let (Some((alike, index)), Some(chat)) = (entered.alike, connection.application_mut().chat_mut()) {
            if chat.identities().is_empty() {
                chat.early.insert(alike, index);
            }
        }
        enter(connection, &record);
        for Delivery { place, .. } in &entered.early {
            let position = Position { frame: place.at.frame, index: place.index };
            if let Some(receiver) = self.connections.get_mut(&place.stream) {
                receiver.delivers(position, entered.number);
            }
        }
        if !entered.early.is_empty() {
            self.reached(place);
        }
    }

    fn say_delivery(
        &mut self,
        lesson: &Lesson,
        (from, from_name): (Option<&str>, Option<&str>),
        to: &To,
        readings: [Option<Said>; 2],
        copy: Copies,
    ) {
        let (place, texts) = (lesson.place, &mut self.texts);
        let Some(connection) = self.connections.get_mut(&place.stream) else { return };
        let Some(server) = self.servers.of_mut(connection) else { return };
        let frame = place.at.frame;
        let recipient = recipient(server, texts, to, lesson.position());
        let (id, name) = (from.map(|id| texts.intern(id)), from_name.map(|name| texts.intern(name)));
        if let (Some(id), Some(name)) = (id, name) {
            server.set_name(id, name, frame);
        }
        let name = name.or_else(|| server.name_of(id?, frame));
        let joined = connection.joined();
        let delivery = |said| Delivery { place, from: id, said, copy, joined };
        let early = connection.chat().map(|chat| &chat.early);
        let say = match (readings, early) {
            ([Some(one), Some(other)], Some(early)) => server.says.deliver(&[one, other].map(delivery), early),
            ([Some(only), None] | [None, Some(only)], Some(early)) => server.says.deliver(&[delivery(only)], early),
            ([None, None], _) | (_, None) => None,
        };
        let asked = say.and_then(|number| {
            let say = server.says.get(number)?;
            Some((Place { stream: say.stream, at: say.at(), index: 0 }, server.says.is_unique(number)))
        });
        let mut record = lesson.record(Event::SayDelivery(Say { sender: name, recipient }));
        record.sender_id = id;
        record.say = say;
        enter(connection, &record);
        if let Some((request, is_unique)) = asked {
            self.reached(request);
            if is_unique {
                self.recognise(request.stream, id, name);
            }
        }
    }

    /// The say at this place has reached somebody.
    fn reached(&mut self, request: Place) {
        let connection = self.connections.get_mut(&request.stream);
        if let Some(chat) = connection.and_then(|connection| connection.application_mut().chat_mut()) {
            chat.delivered(request.at.frame);
        }
    }

    /// A connection whose login was not captured is known by what it says.
    fn recognise(&mut self, stream: StreamId, id: Option<TextId>, name: Option<TextId>) {
        let connection = self.connections.get_mut(&stream);
        if let Some(chat) = connection.and_then(|connection| connection.application_mut().chat_mut()) {
            chat.recognise(id, name);
        }
    }
}

fn enter(connection: &mut Connection, record: &MessageRecord<TextId>) {
    if let Some(request) = record.request {
        connection.answer(request.frame, &record.event, record.at.frame);
    }
    connection.enter_message(record);
}

fn recipient(server: &Server, texts: &mut Texts, to: &To, at: Position) -> Recipient<TextId> {
    let Some(id) = to.id.as_deref() else { return Recipient::Unknown };
    if id == "all" {
        return Recipient::Everyone;
    }
    let known = texts.find(id).and_then(|id| server.name_of(id, at.frame));
    match (known, to.name.as_deref()) {
        (Some(name), _) => Recipient::Named(name),
        (None, Some(name)) => Recipient::Named(texts.intern(name)),
        (None, None) => Recipient::Id(texts.intern(id)),
    }
}

fn login_request(
    connection: &mut Connection,
    texts: &mut Texts,
    lesson: &Lesson,
    name: Option<&str>,
    room: Option<&str>,
) -> MessageRecord<TextId> {
    let name = name.map(|name| texts.intern(bounded_name(name)));
    let room = room.map(|room| texts.intern(bounded_name(room)));
    let is_ignored = !lesson.statement.readable || !lesson.statement.complete;
    let chat = connection.application_mut().chat_mut().filter(|_| !is_ignored);
    if let Some(chat) = chat {
        let everywhere = || (lesson.dialect == Some(Dialect::A2014)).then_some(Room::Everywhere);
        let room = room.map(Room::Named).or_else(everywhere);
        let identity = name.map(|name| Identity { since: lesson.position(), name, room, id: None });
        chat.ask_to_log_in(lesson.place.at, identity);
    }
    lesson.record(Event::LoginRequest { name, room })
}

/// A login seen on the connection that asked is a result; on any other, a notification. Where the request was not captured, a list
/// by id shows a result.
fn login(
    connection: &mut Connection,
    server: &mut Server,
    texts: &mut Texts,
    lesson: &Lesson,
    announcement: &Announcement,
) -> MessageRecord<TextId> {
    let frame = lesson.place.at.frame;
    let (id, name, users) = interned(texts, announcement);
    if let (Some(id), Some(name)) = (id, name) {
        server.set_name(id, name, frame);
    }
    let mut record = match is_login_result(connection, texts, lesson, name, users) {
        false => lesson.record(Event::LoginNotification(name)),
        true => {
            let chat = connection.application_mut().chat_mut();
            let request = chat.and_then(|chat| chat.log_in(lesson.position(), name, id));
            MessageRecord { request, ..lesson.record(Event::LoginResult(name)) }
        }
    };
    if let Some(room) = connection.identity(lesson.position()).and_then(|identity| identity.room) {
        take_users(server, texts, room, users, lesson);
        if let (Some(id), Some(name)) = (id, name) {
            server.join(room, id, name, texts);
        }
    }
    record.sender_id = id;
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
    texts: &Texts,
    lesson: &Lesson,
    name: Option<TextId>,
    users: Option<&Users>,
) -> bool {
    let statement = &lesson.statement;
    // On a second login, dialect C first notifies the room, the asking connection included, and then answers.
    let announced = statement.dialect == Some(Dialect::C2016) && users.is_none() && !statement.truncated;
    let is_asker = |asked: Option<TextId>| match (asked, name) {
        (Some(asked), Some(name)) => asked == name || text::unescaped_name(texts.get(asked)) == texts.get(name),
        (None, _) => true,
        (Some(_), None) => statement.truncated, // a name that the capture cut may be any
    };
    let waiting = connection.chat().and_then(|chat| chat.waiting_login());
    waiting.is_some_and(|(_, asked)| is_asker(asked)) && !announced || users.is_some_and(|users| users.keyed)
}

fn take_users(server: &mut Server, texts: &mut Texts, room: Room, users: Option<&Users>, lesson: &Lesson) {
    let Some(users) = users else { return };
    let mut members = Vec::with_capacity(users.users.len());
    for (id, name) in &users.users {
        let (id, name) = (texts.intern(id), texts.intern(name));
        server.set_name(id, name, lesson.place.at.frame);
        members.push((id, name));
    }
    server.set_members(room, members, texts);
}

fn logout(
    connection: &Connection,
    server: &mut Server,
    texts: &mut Texts,
    lesson: &Lesson,
    announcement: &Announcement,
) -> MessageRecord<TextId> {
    let (id, name, users) = interned(texts, announcement);
    let name = name.or_else(|| server.name_of(id?, lesson.place.at.frame));
    if let Some(room) = connection.identity(lesson.position()).and_then(|identity| identity.room) {
        take_users(server, texts, room, users, lesson);
        if let Some(id) = id {
            server.leave(room, id, texts);
        }
    }
    MessageRecord { sender_id: id, ..lesson.record(Event::LogoutNotification(name)) }
}
