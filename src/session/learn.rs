//! What a message of the chat teaches: who is who, in which room, and what answers what.

use super::Session;
use super::chat::{Copy, Delivery, Place, Server};
use super::record::{Id, MessageRecord, Moment, Name, Recipient, bounded_id};
use super::stream::{Identity, Stream, Unproven};
use super::told::Told;
use crate::fields::Phase;
use crate::message::{Dialect, Kind, Sender, text};

/// The room of dialect A, which has none: everybody is in it.
const EVERYWHERE: &str = "";

impl Session {
    /// A message of the chat.
    pub(super) fn learn(&mut self, number: u32, message: Unproven) {
        let Some(stream) = self.streams.get_mut(&number) else {
            return;
        };
        let server = self.servers.entry(stream.server).or_default();
        let Unproven { at, index, told, masked } = message;
        server.dialect = server.dialect.or(told.dialect);
        let moment = Moment { frame: at.frame, index };
        let identity = stream.identity(moment).filter(|identity| identity.since <= moment);
        let mut record = MessageRecord {
            phase: Phase::Unknown,
            at,
            index,
            dialect: told.dialect.or(server.dialect),
            sender: None,
            sender_id: None,
            recipient: None,
            masked,
            request: None,
            response: None,
            say: None,
            before_login: false,
            members: None,
        };
        let user = identity.map(|identity| identity.name.clone());
        let place = Place { stream: number, at, index };
        match told.kind {
            Kind::LoginRequest => login_request(stream, server, &told, &mut record),
            Kind::UserList => user_list(stream, server, &told, user, &mut record),
            Kind::Login => login(stream, server, &told, &mut record),
            Kind::SayRequest => {
                record.sender = user;
                self.say_request(place, &told, record);
                return;
            }
            Kind::SayDelivery => {
                self.say_delivery(place, &told, record);
                return;
            }
            Kind::Logout => logout(stream, server, &told, &mut record),
            Kind::Ping => {
                record.phase = Phase::Ping;
                stream.ping = Some(at);
                stream.last_ping = at.frame;
                record.recipient = user.map(Recipient::Name);
            }
            Kind::Pong => {
                record.phase = Phase::Pong;
                record.sender = user;
                record.request = stream.ping.take();
            }
            Kind::Unknown => record.sender = user.filter(|_| told.sender == Sender::Client),
        }
        if let Some(request) = record.request {
            stream.answer(request.frame, record.phase, at.frame);
        }
        self.enter(place, record);
    }

    fn enter(&mut self, place: Place, record: MessageRecord) {
        let Some(stream) = self.streams.get_mut(&place.stream) else {
            return;
        };
        if stream.server_speaks(record.phase) {
            stream.last_from_server = Some(place.at);
        }
        *stream.record(place.at.frame).make_room(place.index) = Some(record);
    }

    fn say_request(&mut self, place: Place, told: &Told, mut record: MessageRecord) {
        let Some(stream) = self.streams.get_mut(&place.stream) else {
            return;
        };
        let Some(server) = self.servers.get_mut(&stream.server) else {
            return;
        };
        record.phase = Phase::SayRequest;
        record.recipient = recipient(server, told, place.at.frame);
        record.before_login = stream.begun && !stream.has_asked_to_log_in;
        let identity = stream.identity(record.moment());
        record.sender_id = identity.and_then(|identity| identity.id.clone());
        if let Some(room) = identity.and_then(|identity| identity.room.clone()) {
            record.members = server.members(&room);
        }
        let mut early = Vec::new();
        if let Some(said) = told.said.filter(|_| told.readable) {
            let (number, found) = server.ask(place, record.sender_id.clone(), said, told.private);
            record.say = Some(number);
            early = found;
        }
        let number = record.say;
        self.enter(place, record);
        for delivery in early {
            let Place { stream, at, index } = delivery.place;
            let records = self.streams.get_mut(&stream).map(|stream| stream.record(at.frame));
            if let Some(Some(record)) = records.and_then(|record| record.messages.get_mut(index as usize)) {
                record.say = record.say.or(number);
            }
            self.reached(place.stream, place.at.frame);
        }
    }

    fn say_delivery(&mut self, place: Place, told: &Told, mut record: MessageRecord) {
        let Some(stream) = self.streams.get(&place.stream) else {
            return;
        };
        let Some(server) = self.servers.get_mut(&stream.server) else {
            return;
        };
        let frame = place.at.frame;
        record.phase = Phase::SayDelivery;
        record.sender_id = told.from.clone();
        record.recipient = recipient(server, told, frame);
        let name = told.from_name.as_deref().map(|name| server.name(name));
        if let (Some(id), Some(name)) = (&told.from, &name) {
            server.is_called(id, name, frame);
        }
        let known = told.from.as_deref().and_then(|id| server.name_of(id, frame)).cloned();
        record.sender = name.or(known);
        let joined = stream.joined();
        let deliveries = [told.said, told.said_raw.filter(|raw| Some(*raw) != told.said)].into_iter().flatten();
        let copy = if told.private { told.copy } else { Copy::Public };
        let deliveries: Vec<Delivery> =
            deliveries.map(|said| Delivery { place, from: told.from.clone(), said, copy, joined }).collect();
        record.say = server.deliver(&deliveries);
        let asked = record.say.map(|number| (server.say(number).stream, server.say(number).at.frame));
        let is_sure = record.say.is_some_and(|number| server.is_only_one_like(number));
        let (id, name) = (record.sender_id.clone(), record.sender.clone());
        self.enter(place, record);
        if let Some((asking, request)) = asked {
            self.reached(asking, request);
            if is_sure {
                self.recognise(asking, id, name);
            }
        }
    }

    /// The say in `frame` of this connection has reached somebody.
    fn reached(&mut self, stream: u32, frame: u32) {
        if let Some(stream) = self.streams.get_mut(&stream) {
            stream.last_delivered = stream.last_delivered.max(frame);
        }
    }

    /// A connection whose login was not captured is known by what it says.
    fn recognise(&mut self, stream: u32, id: Option<Id>, name: Option<Name>) {
        let Some(stream) = self.streams.get_mut(&stream) else {
            return;
        };
        stream.has_asked_to_log_in = true; // or nothing would have been delivered
        match (stream.identities.last_mut(), name) {
            (Some(identity), _) if identity.id.is_none() => identity.id = id,
            (None, Some(name)) => stream.identities.push(Identity { since: Moment::START, name, room: None, id }),
            _ => {}
        }
    }
}

fn recipient(server: &Server, told: &Told, frame: u32) -> Option<Recipient> {
    let to = told.to.as_ref()?;
    if to.as_ref() == "all" {
        return Some(Recipient::All);
    }
    match server.name_of(to, frame) {
        Some(name) => Some(Recipient::Name(name.clone())),
        None => match told.to_name.as_deref() {
            Some(name) => Some(Recipient::Name(Name::from(name))),
            None => Some(Recipient::Id(bounded_id(to))),
        },
    }
}

fn login_request(stream: &mut Stream, server: &mut Server, told: &Told, record: &mut MessageRecord) {
    record.phase = Phase::LoginRequest;
    let name = told.name.as_deref().map(|name| server.name(name));
    record.sender = name.clone();
    if !told.readable || !told.complete {
        return; // the server ignores it: nobody is logged in, and nobody renamed
    }
    stream.has_asked_to_log_in = true;
    stream.login = Some((record.at, name.clone()));
    let Some(name) = name else { return };
    let room = told.room.as_deref().map(|room| server.name(room));
    let room = room.or_else(|| (record.dialect == Some(Dialect::A2014)).then(|| Name::from(EVERYWHERE)));
    stream.identities.push(Identity { since: record.moment(), name, room, id: None });
}

fn user_list(stream: &mut Stream, server: &mut Server, told: &Told, user: Option<Name>, record: &mut MessageRecord) {
    record.phase = Phase::UserList;
    record.recipient = user.map(Recipient::Name);
    record.request = stream.login.as_ref().map(|(at, _)| *at);
    take_users(server, &Name::from(EVERYWHERE), told, record.at.frame);
}

/// A login seen on the connection that asked is a result; on any other, a notification. Where the request was not captured, a list
/// by id tells a result.
fn login(stream: &mut Stream, server: &mut Server, told: &Told, record: &mut MessageRecord) {
    let frame = record.at.frame;
    let name = told.name.as_deref().map(|name| server.name(name));
    if let (Some(id), Some(name)) = (&told.id, &name) {
        server.is_called(id, name, frame);
    }
    record.sender = name.clone();
    record.sender_id = told.id.clone();
    // On a second login, dialect C first tells the room, the asking connection included, and then answers.
    let announced = told.dialect == Some(Dialect::C2016) && told.users.is_none() && !told.cut;
    // A name that the capture cut may be any.
    let is_asker = |asked: &Option<Name>| match (asked, &name) {
        (Some(asked), Some(name)) => asked == name || text::name(asked) == **name,
        (None, _) => true,
        (Some(_), None) => told.cut,
    };
    let asked = stream.login.as_ref().is_some_and(|(_, asked)| is_asker(asked)) && !announced;
    let result = asked || told.keyed_users;
    record.phase = if result { Phase::LoginResult } else { Phase::LoginNotification };
    if result {
        stream.has_asked_to_log_in = true; // even where the request was not captured
        record.request = stream.login.take().map(|(at, _)| at);
        match (stream.identities.last_mut(), name.clone()) {
            (Some(identity), _) if record.request.is_some() => identity.id = told.id.clone(),
            (last, Some(name)) => {
                let since = if last.is_none() { Moment::START } else { record.moment() };
                stream.identities.push(Identity { since, name, room: None, id: told.id.clone() });
            }
            _ => {}
        }
    }
    let Some(room) = stream.identity(record.moment()).and_then(|identity| identity.room.clone()) else {
        return;
    };
    take_users(server, &room, told, frame);
    if let (Some(id), Some(name)) = (&told.id, &name) {
        server.joins(&room, id, name);
    }
}

fn take_users(server: &mut Server, room: &Name, told: &Told, frame: u32) {
    let Some(users) = &told.users else { return };
    let mut members = Vec::with_capacity(users.len());
    for (id, name) in users {
        let name = server.name(name);
        server.is_called(id, &name, frame);
        members.push((id.clone(), name));
    }
    server.is_in(room, members);
}

fn logout(stream: &mut Stream, server: &mut Server, told: &Told, record: &mut MessageRecord) {
    record.phase = Phase::LogoutNotification;
    let frame = record.at.frame;
    let who = told.from.as_ref().or(told.id.as_ref());
    let named = told.from_name.as_deref().map(|name| server.name(name));
    record.sender = named.or_else(|| server.name_of(who?, frame).cloned());
    record.sender_id = who.cloned();
    let Some(room) = stream.identity(record.moment()).and_then(|identity| identity.room.clone()) else {
        return;
    };
    take_users(server, &room, told, frame);
    if let Some(who) = who {
        server.leaves(&room, who);
    }
}
