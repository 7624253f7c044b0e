//! What a message of the chat teaches: who is who, in which room, and what answers what.

use super::application::{Application, Identity, Postponed};
use super::bounded::{Id, Name};
use super::connection::Connection;
use super::record::MessageRecord;
use super::room::Room;
use super::say::{Copies, Said};
use super::server::{Delivery, Place, Server};
use super::state::Session;
use super::statement::{Act, Announcement, Statement, To, Users};
use crate::event::{Event, Recipient, Say};
use crate::message::{Dialect, Evidence, Message, text};
use crate::packet::{Position, Segment, Side, StreamId};

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

    fn record(&self, event: Event<Name>) -> MessageRecord {
        let mut record = MessageRecord::new(self.place.at, self.place.index, event);
        (record.dialect, record.masked) = (self.dialect, self.masked);
        record
    }
}

impl Session {
    /// Learns from a message, on the first pass. `index`: how many messages of this segment came before it.
    pub fn message(&mut self, segment: &Segment, index: u32, message: &Message) {
        if !self.connections.contains_key(&segment.stream) {
            self.watch(segment);
        }
        let Some(connection) = self.connections.get_mut(&segment.stream) else { return };
        let is_other = matches!(connection.application(), Application::Other);
        if is_other && message.evidence() != Evidence::Dialect {
            return;
        }
        let ending = connection.take_ending();
        if message.fault().is_some() && ending.is_some_and(|ending| ending.hard_to_inflate) {
            return; // compressed bytes, not a message
        }
        connection.message_ends(segment, ending.map_or(segment.end(), |ending| ending.end));
        connection.reserve_message(Position { frame: segment.at.frame, index });
        let statement = Statement::of(message);
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
            (true, false) => self.forget(stream),
        }
    }

    /// Learns from a message of the chat.
    fn learn(&mut self, stream: StreamId, message: Postponed) {
        let Some(connection) = self.connections.get_mut(&stream) else { return };
        let server = self.servers.entry(connection.server()).or_default();
        let Postponed { at, index, statement, masked } = message;
        server.dialect = server.dialect.or(statement.dialect);
        let place = Place { stream, at, index };
        let dialect = statement.dialect.or(server.dialect);
        let lesson = Lesson { place, statement, masked, dialect };
        let user = || connection.logged_in(lesson.position()).map(|identity| identity.name.clone());
        match &lesson.statement.act {
            Act::LoginRequest { name, room } => {
                let record = login_request(connection, server, &lesson, name.as_deref(), room.as_deref());
                self.enter(stream, record);
            }
            Act::UserList(users) => {
                let count = users.as_ref().map_or(0, |users| users.count);
                let mut record = lesson.record(Event::UserList { users: count, recipient: user() });
                record.request = connection.chat().and_then(|chat| chat.waiting_login()).map(|(at, _)| at);
                take_users(server, &Room::Everywhere, users.as_ref(), &lesson);
                self.enter(stream, record);
            }
            Act::Login(announcement) => {
                let record = login(connection, server, &lesson, announcement);
                self.enter(stream, record);
            }
            Act::SayRequest { to, said } => self.say_request(&lesson, to, *said),
            Act::SayDelivery { from, from_name, to, said, said_raw, copy } => {
                let readings = [*said, *said_raw].into_iter().flatten().collect();
                self.say_delivery(&lesson, from.as_deref(), from_name.as_deref(), to, readings, *copy);
            }
            Act::Logout(announcement) => {
                let record = logout(connection, server, &lesson, announcement);
                self.enter(stream, record);
            }
            Act::Ping => {
                let record = lesson.record(Event::Ping(user()));
                if let Some(chat) = connection.application_mut().chat_mut() {
                    chat.ping(at);
                }
                self.enter(stream, record);
            }
            Act::Pong => {
                let mut record = lesson.record(Event::Pong(user()));
                record.request = connection.application_mut().chat_mut().and_then(|chat| chat.pong());
                self.enter(stream, record);
            }
            Act::Unknown { type_name, by } => {
                let type_name = type_name.as_deref().map(Name::from);
                let sender = user().filter(|_| *by == Side::Client);
                self.enter(stream, lesson.record(Event::Unknown { type_name, sender }));
            }
        }
    }

    fn enter(&mut self, stream: StreamId, record: MessageRecord) {
        let Some(connection) = self.connections.get_mut(&stream) else { return };
        if let Some(request) = record.request {
            connection.answer(request.frame, &record.event, record.at.frame);
        }
        connection.enter_message(record);
    }

    fn say_request(&mut self, lesson: &Lesson, to: &To, said: Option<Said>) {
        let Some(connection) = self.connections.get(&lesson.place.stream) else { return };
        let Some(server) = self.servers.get_mut(&connection.server()) else { return };
        let position = lesson.position();
        let sender = connection.logged_in(position).map(|identity| identity.name.clone());
        let event = Event::SayRequest(Say { sender, recipient: recipient(server, to, position) });
        let mut record = lesson.record(event);
        let has_asked = connection.chat().is_some_and(|chat| chat.has_asked_to_log_in());
        record.before_login = connection.is_begun() && !has_asked;
        let identity = connection.identity(position);
        record.sender_id = identity.and_then(|identity| identity.id.clone());
        if let Some(room) = identity.and_then(|identity| identity.room.as_ref()) {
            record.members = server.members(room);
        }
        let mut early = Vec::new();
        if let Some(said) = said.filter(|_| lesson.statement.readable) {
            let (number, found) = server.ask(lesson.place, record.sender_id.clone(), said, to.private);
            record.say = Some(number);
            early = found;
        }
        let number = record.say;
        self.enter(lesson.place.stream, record);
        for Delivery { place, .. } in early {
            let position = Position { frame: place.at.frame, index: place.index };
            let delivery = self.connections.get_mut(&place.stream).and_then(|other| other.message_mut(position));
            if let Some(record) = delivery {
                record.say = record.say.or(number);
            }
            self.reached(lesson.place);
        }
    }

    fn say_delivery(
        &mut self,
        lesson: &Lesson,
        from: Option<&str>,
        from_name: Option<&str>,
        to: &To,
        readings: Vec<Said>,
        copy: Copies,
    ) {
        let place = lesson.place;
        let Some(connection) = self.connections.get(&place.stream) else { return };
        let Some(server) = self.servers.get_mut(&connection.server()) else { return };
        let frame = place.at.frame;
        let recipient = recipient(server, to, lesson.position());
        let (id, name) = (from.map(|id| server.id(id)), from_name.map(|name| server.name(name)));
        if let (Some(id), Some(name)) = (&id, &name) {
            server.set_name(id, name, frame);
        }
        let name = name.or_else(|| server.name_of(id.as_deref()?, frame).cloned());
        let joined = connection.joined();
        let deliveries = readings.into_iter().map(|said| Delivery { place, from: id.clone(), said, copy, joined });
        let say = server.deliver(&deliveries.collect::<Vec<_>>());
        let asked = say.map(|number| {
            let say = server.say(number);
            (Place { stream: say.stream, at: say.at, index: 0 }, server.is_unique(number))
        });
        let mut record = lesson.record(Event::SayDelivery(Say { sender: name.clone(), recipient }));
        record.sender_id = id.clone();
        record.say = say;
        self.enter(place.stream, record);
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
    fn recognise(&mut self, stream: StreamId, id: Option<Id>, name: Option<Name>) {
        let connection = self.connections.get_mut(&stream);
        if let Some(chat) = connection.and_then(|connection| connection.application_mut().chat_mut()) {
            chat.recognise(id, name);
        }
    }
}

fn recipient(server: &Server, to: &To, at: Position) -> Recipient<Name> {
    let Some(id) = to.id.as_deref() else { return Recipient::Unknown };
    if id == "all" {
        return Recipient::Everyone;
    }
    match (server.name_of(id, at.frame), to.name.as_deref()) {
        (Some(name), _) => Recipient::Named(name.clone()),
        (None, Some(name)) => Recipient::Named(Name::from(name)),
        (None, None) => Recipient::Id(Id::from(id)),
    }
}

fn login_request(
    connection: &mut Connection,
    server: &mut Server,
    lesson: &Lesson,
    name: Option<&str>,
    room: Option<&str>,
) -> MessageRecord {
    let name = name.map(|name| server.name(name));
    let room = room.map(|room| server.name(room));
    let is_ignored = !lesson.statement.readable || !lesson.statement.complete;
    let chat = connection.application_mut().chat_mut().filter(|_| !is_ignored);
    if let Some(chat) = chat {
        let everywhere = || (lesson.dialect == Some(Dialect::A2014)).then_some(Room::Everywhere);
        let room = room.clone().map(Room::Named).or_else(everywhere);
        let identity = name.clone().map(|name| Identity { since: lesson.position(), name, room, id: None });
        chat.ask_to_log_in(lesson.place.at, identity);
    }
    lesson.record(Event::LoginRequest { name, room })
}

/// A login seen on the connection that asked is a result; on any other, a notification. Where the request was not captured, a list
/// by id shows a result.
fn login(
    connection: &mut Connection,
    server: &mut Server,
    lesson: &Lesson,
    announcement: &Announcement,
) -> MessageRecord {
    let frame = lesson.place.at.frame;
    let (id, name, users) = interned(server, announcement);
    if let (Some(id), Some(name)) = (&id, &name) {
        server.set_name(id, name, frame);
    }
    let mut record = match is_login_result(connection, lesson, name.as_ref(), users) {
        false => lesson.record(Event::LoginNotification(name.clone())),
        true => {
            let chat = connection.application_mut().chat_mut();
            let request = chat.and_then(|chat| chat.log_in(lesson.position(), name.clone(), id.clone()));
            MessageRecord { request, ..lesson.record(Event::LoginResult(name.clone())) }
        }
    };
    if let Some(room) = connection.identity(lesson.position()).and_then(|identity| identity.room.as_ref()) {
        take_users(server, room, users, lesson);
        if let (Some(id), Some(name)) = (&id, &name) {
            server.join(room, id, name);
        }
    }
    record.sender_id = id;
    record
}

fn interned<'a>(server: &mut Server, announcement: &'a Announcement) -> (Option<Id>, Option<Name>, Option<&'a Users>) {
    let Announcement { id, name, users } = announcement;
    (id.as_deref().map(|id| server.id(id)), name.as_deref().map(|name| server.name(name)), users.as_ref())
}

fn is_login_result(connection: &Connection, lesson: &Lesson, name: Option<&Name>, users: Option<&Users>) -> bool {
    let statement = &lesson.statement;
    // On a second login, dialect C first notifies the room, the asking connection included, and then answers.
    let announced = statement.dialect == Some(Dialect::C2016) && users.is_none() && !statement.truncated;
    let is_asker = |asked: Option<&Name>| match (asked, name) {
        (Some(asked), Some(name)) => asked == name || text::name(asked) == **name,
        (None, _) => true,
        (Some(_), None) => statement.truncated, // a name that the capture cut may be any
    };
    let waiting = connection.chat().and_then(|chat| chat.waiting_login());
    waiting.is_some_and(|(_, asked)| is_asker(asked)) && !announced || users.is_some_and(|users| users.keyed)
}

fn take_users(server: &mut Server, room: &Room, users: Option<&Users>, lesson: &Lesson) {
    let Some(users) = users else { return };
    let mut members = Vec::with_capacity(users.users.len());
    for (id, name) in &users.users {
        let (id, name) = (server.id(id), server.name(name));
        server.set_name(&id, &name, lesson.place.at.frame);
        members.push((id, name));
    }
    server.set_members(room, members);
}

fn logout(
    connection: &mut Connection,
    server: &mut Server,
    lesson: &Lesson,
    announcement: &Announcement,
) -> MessageRecord {
    let (id, name, users) = interned(server, announcement);
    let name = name.or_else(|| server.name_of(id.as_deref()?, lesson.place.at.frame).cloned());
    if let Some(room) = connection.identity(lesson.position()).and_then(|identity| identity.room.as_ref()) {
        take_users(server, room, users, lesson);
        if let Some(id) = &id {
            server.leave(room, id);
        }
    }
    MessageRecord { sender_id: id, ..lesson.record(Event::LogoutNotification(name)) }
}
