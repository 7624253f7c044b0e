//! What the packets of one capture taught, in the order in which Wireshark first saw them.
//!
//! Everything here is learned on the first pass and only looked up afterwards, so that every later look, in any order, sees the same;
//! what later frames add (an answer, a count, a name) is added to what was said before and changes none of it. The module knows
//! nothing of trees or sentences.
//!
//! Memory: a record for each frame that has something to say, and only on connections that are, or may yet turn out to be, the
//! chat's. Connections of which nothing is known but their TCP handshake are few (at most [`MAX_OPEN`]); those that turn out to be
//! something else are forgotten.

pub mod chat;
mod opening;
pub mod record;
pub mod stream;
pub mod tcp;
mod told;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};

use crate::fields::Phase;
use crate::message::{Dialect, Evidence, Kind, Message, Sender, text};
use chat::{Copy, Delivery, Place, Say, Server};
use record::{FrameRecord, MessageRecord, Moment, Name, Recipient, Side, When, bounded_id};
use stream::{Identity, MAX_UNPROVEN, Standing, Stream, Unproven};
use tcp::Sent;
use told::Told;

/// Connections that may yet turn out to be the chat's; beyond, the oldest is forgotten.
pub const MAX_OPEN: usize = 4096;
/// A say that nobody got is told when its connection is heard of again after this time. Nanoseconds.
const PATIENCE: i64 = 1_000_000_000;
/// The room of dialect A, which has none: everybody is in it.
const EVERYWHERE: &str = "";

/// One end of a TCP connection.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// IPv4 or IPv6, in network order, padded with zeros.
    pub address: [u8; 16],
    pub port: u16,
    /// Whether the user named the port as the chat's.
    pub chat_port: bool,
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        (self.address, self.port) == (other.address, other.port)
    }
}

impl Eq for Endpoint {}

impl std::hash::Hash for Endpoint {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.address, self.port).hash(state);
    }
}

/// A TCP segment as its header says it.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    pub at: When,
    /// `tcp.stream`
    pub stream: u32,
    pub source: Endpoint,
    pub destination: Endpoint,
    pub sequence: u32,
    pub acknowledgment: u32,
    pub flags: u16,
    /// Bytes of payload on the wire.
    pub length: u32,
}

/// Both ends of a connection, the same in both directions.
fn ends(one: Endpoint, other: Endpoint) -> (Endpoint, Endpoint) {
    if (one.address, one.port) <= (other.address, other.port) { (one, other) } else { (other, one) }
}

impl Segment {
    /// Whether the segment can belong to a chat connection that nobody watches yet.
    fn may_begin(&self, payload: &[u8]) -> bool {
        self.on_chat_port() || self.flags & tcp::flags::SYN != 0 || payload.starts_with(b"GET ")
    }

    fn on_chat_port(&self) -> bool {
        self.source.chat_port || self.destination.chat_port
    }

    /// The sequence number after the payload.
    pub fn end(&self) -> u32 {
        self.sequence.wrapping_add(self.length)
    }
}

/// A message with what the capture taught of it.
#[derive(Debug, Clone, Copy)]
pub struct MessageView<'a> {
    pub record: &'a MessageRecord,
    pub stream: &'a Stream,
    server: Option<&'a Server>,
}

/// A copy of a say, told of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveredTo {
    pub at: When,
    pub name: Option<Name>,
    pub port: u16,
}

/// What one capture file taught.
#[derive(Debug, Default)]
pub struct Session {
    streams: HashMap<u32, Box<Stream>>,
    /// How many of the streams have these two ends.
    ends: HashMap<(Endpoint, Endpoint), u32>,
    /// Connections that are neither configured nor proven, oldest first.
    open: VecDeque<u32>,
    servers: HashMap<Endpoint, Server>,
}

impl Session {
    /// Whether there is anything to learn from a segment or to say of it: the cheap question that comes before all others.
    pub fn concerns(&self, segment: &Segment, payload: &[u8]) -> bool {
        segment.may_begin(payload) || self.ends.contains_key(&ends(segment.source, segment.destination))
    }

    /// Takes in a segment, before or after its payload was dissected; `payload` are its captured bytes. A segment that was taken in
    /// already is ignored.
    pub fn segment(&mut self, segment: &Segment, payload: &[u8]) {
        if !self.streams.contains_key(&segment.stream) && !self.admit(segment, payload) {
            return;
        }
        let Some(stream) = self.streams.get_mut(&segment.stream) else {
            return;
        };
        stream.segment(segment);
        let undecided = stream.standing == Standing::Open && !stream.configured;
        if undecided && !stream.opening.has_begun() && stream.websocket_since.is_none() {
            let foreign = stream.side(segment) == Side::Client && !could_lead_to_chat(payload);
            if foreign {
                self.forget(segment.stream);
            }
        }
    }

    /// Whether a connection first seen with this segment is worth watching.
    fn admit(&mut self, segment: &Segment, payload: &[u8]) -> bool {
        let upgrading = || crate::websocket::handshake::request(payload).complete().is_some();
        if !segment.may_begin(payload) || (payload.starts_with(b"GET ") && !segment.on_chat_port() && !upgrading()) {
            return false;
        }
        self.watch(segment);
        true
    }

    fn watch(&mut self, segment: &Segment) -> &mut Stream {
        let stream = Stream::new(segment);
        if !stream.configured {
            self.open.push_back(segment.stream);
            if self.open.len() > MAX_OPEN {
                self.forget_oldest();
            }
        }
        *self.ends.entry(ends(segment.source, segment.destination)).or_default() += 1;
        self.streams.entry(segment.stream).or_insert_with(|| Box::new(stream))
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.open.pop_front() else { return };
        if self.streams.get(&oldest).is_some_and(|stream| stream.standing == Standing::Open) {
            self.forget(oldest);
        }
    }

    fn forget(&mut self, number: u32) {
        let Some(stream) = self.streams.remove(&number) else { return };
        let ends = ends(stream.client, stream.server);
        match self.ends.get_mut(&ends) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.ends.remove(&ends)),
        }
    }

    /// Looks for the opening handshake: in the segment's captured payload, or where that is only a part, in what Wireshark
    /// reassembled or decrypted with it.
    pub fn handshake<'a>(&mut self, segment: &Segment, payload: &[u8], sources: impl IntoIterator<Item = &'a [u8]>) {
        let Some(stream) = self.streams.get_mut(&segment.stream) else { return };
        let cut = payload.len() < segment.length as usize;
        let encrypted = is_tls(payload);
        let mut foreign = stream.http(segment, payload, cut, encrypted);
        for source in sources {
            foreign |= stream.http(segment, source, false, encrypted);
        }
        if foreign && !stream.configured && stream.standing == Standing::Open {
            self.forget(segment.stream);
        }
    }

    /// Takes in WebSocket data that is about to be dissected; see [`Stream::frames`].
    pub fn frames(&mut self, segment: &Segment, data: &[u8], position: Option<u32>) {
        if let Some(stream) = self.streams.get_mut(&segment.stream) {
            stream.frames(segment, data, position);
        }
    }

    /// Who sent this segment; `evidence` tells what its message would prove if a given side had sent it.
    pub fn sender(&mut self, segment: &Segment, first_pass: bool, evidence: impl Fn(Sender) -> Evidence) -> Sender {
        if first_pass && !self.streams.contains_key(&segment.stream) {
            self.watch(segment);
        }
        let stream = match self.streams.get_mut(&segment.stream) {
            Some(stream) => stream,
            None => {
                return if segment.source.port < segment.destination.port { Sender::Server } else { Sender::Client };
            }
        };
        let sender = stream.sender(segment);
        if stream.sides_known || !first_pass || evidence(sender) == Evidence::Dialect {
            return sender;
        }
        let other = match sender {
            Sender::Client => Sender::Server,
            Sender::Server => Sender::Client,
        };
        if evidence(other) == Evidence::Dialect {
            stream.sides_known = true;
            stream.swap_sides();
            return other;
        }
        sender
    }

    /// Learns from a message, on the first pass. `index`: how many messages of this segment came before it;
    /// `cut`: the capture holds only its beginning.
    pub fn message(&mut self, segment: &Segment, index: u32, message: &Message, cut: bool) {
        let stream = match self.streams.contains_key(&segment.stream) {
            true => self.streams.get_mut(&segment.stream).expect("it was just found"),
            false => self.watch(segment),
        };
        if stream.standing == Standing::Other && message.evidence() != Evidence::Dialect {
            return;
        }
        let ending = stream.ending();
        if message.fault.is_some() && ending.is_some_and(|ending| ending.hard_to_inflate) {
            return; // compressed bytes, not a message
        }
        let masked = ending.map(|ending| ending.masked);
        stream.sent(segment, ending.map_or(segment.end(), |ending| ending.end), Sent::Message);
        let unproven = Unproven { at: segment.at, index, told: Told::of(message, cut), masked };
        stream.record(segment.at.frame).make_room(index);
        if stream.standing != Standing::Chat && !proves(stream, message.evidence()) {
            self.postpone(segment.stream, unproven);
            return;
        }
        let earlier = std::mem::take(&mut stream.unproven);
        stream.standing = Standing::Chat;
        for message in earlier {
            self.learn(segment.stream, message);
        }
        self.learn(segment.stream, unproven);
    }

    fn postpone(&mut self, number: u32, message: Unproven) {
        let Some(stream) = self.streams.get_mut(&number) else {
            return;
        };
        stream.unproven.push(message);
        if stream.unproven.len() <= MAX_UNPROVEN {
            return;
        }
        if stream.configured {
            stream.give_up();
        } else {
            self.forget(number);
        }
    }

    /// A message of the chat.
    fn learn(&mut self, number: u32, message: Unproven) {
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
    fn recognise(&mut self, stream: u32, id: Option<record::Id>, name: Option<Name>) {
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

    /// Whether Wireshark's HTTP dissector hands the connection to WebSocket by itself.
    pub fn is_handed_over(&self, stream: u32) -> bool {
        self.streams.get(&stream).is_some_and(|stream| stream.opening.is_handed_over())
    }

    /// What there is to show of a frame below its messages; `None` for a connection that is not the chat's.
    pub fn frame(&self, stream: u32, frame: u32) -> Option<(&Stream, &FrameRecord)> {
        let stream = self.streams.get(&stream)?;
        let record = stream.records.get(&frame).filter(|_| stream.is_told())?;
        Some((stream, record))
    }

    /// Whether a frame holds a message of the chat.
    pub fn holds_message(&self, stream: u32, frame: u32) -> bool {
        self.streams.get(&stream).is_some_and(|stream| stream.holds_message(frame))
    }

    /// What the capture taught of a message; `None` for one that is not the chat's.
    pub fn view(&self, stream: u32, frame: u32, index: u32) -> Option<MessageView<'_>> {
        let stream = self.streams.get(&stream)?;
        let record = stream.records.get(&frame)?.messages.get(index as usize)?.as_ref()?;
        Some(MessageView { record, stream, server: self.servers.get(&stream.server) })
    }

    /// The connections that got a say, first come first.
    pub fn deliveries(&self, say: &Say) -> Vec<DeliveredTo> {
        let told = say.told.iter().filter_map(|told| {
            let stream = self.streams.get(&told.stream)?;
            let name = stream.identity(Moment::end_of(told.at.frame)).map(|identity| identity.name.clone());
            Some(DeliveredTo { at: told.at, name, port: stream.client_port() })
        });
        told.collect()
    }
}

impl<'a> MessageView<'a> {
    /// The dialect, of the message itself or of its server's others.
    pub fn dialect(&self) -> Option<Dialect> {
        self.record.dialect.or(self.server.and_then(|server| server.dialect))
    }

    /// Who says or does it, by name, as far as the whole capture tells.
    pub fn sender(&self) -> Option<Name> {
        let MessageRecord { sender, sender_id, at, phase, .. } = self.record;
        let moment = self.record.moment();
        let by_id = || self.server?.name_of(sender_id.as_deref()?, at.frame).cloned();
        let by_connection = || {
            let from_client = matches!(phase, Phase::SayRequest | Phase::Pong);
            self.stream.identity(moment).filter(|_| from_client).map(|identity| identity.name.clone())
        };
        sender.clone().or_else(by_id).or_else(by_connection)
    }

    /// Whom it is for, by name, or `all`.
    pub fn recipient(&self) -> Option<Name> {
        match self.record.recipient.as_ref()? {
            Recipient::All => Some(Name::from("all")),
            Recipient::Name(name) => Some(name.clone()),
            Recipient::Id(id) => self.server?.name_of(id, self.record.at.frame).cloned(),
        }
    }

    /// The say that it is or delivers.
    pub fn say(&self) -> Option<&'a Say> {
        Some(self.server?.say(self.record.say?))
    }

    /// Whether a say request reached nobody, although its connection went on.
    pub fn reached_nobody(&self) -> bool {
        let at = self.record.at;
        let went_on = self.stream.last_delivered > at.frame
            || self.stream.last_from_server.is_some_and(|last| last.time.saturating_sub(at.time) >= PATIENCE);
        let is_lost = self.say().is_some_and(|say| say.deliveries == 0) && !self.record.before_login;
        is_lost && went_on && !self.stream.lacks_answers_after(at.frame)
    }

    /// Whether a ping was followed by another without a pong between, though the client was heard of.
    pub fn unanswered(&self) -> bool {
        let frame = self.record.at.frame;
        let went_on = self.stream.last_ping > frame && self.stream.last_from_client > frame;
        self.record.phase == Phase::Ping && self.record.response.is_none() && went_on
    }
}

/// Whether a client's first bytes leave it open that this becomes a chat connection: an HTTP request, TLS, or nothing yet.
fn could_lead_to_chat(payload: &[u8]) -> bool {
    let start = &payload[..payload.len().min(4)];
    b"GET ".starts_with(start) || is_tls(payload)
}

/// Whether the payload begins like a TLS record (RFC 8446, section 5.1), which text does not.
fn is_tls(payload: &[u8]) -> bool {
    matches!(payload.first(), Some(0x14..=0x17))
}

/// Whether a message makes its connection a chat connection. Where the user said that it is one, less is enough, unless
/// something else was seen there before.
fn proves(stream: &Stream, evidence: Evidence) -> bool {
    match evidence {
        Evidence::Dialect => true,
        Evidence::Likely => {
            stream.configured && stream.unproven.iter().all(|message| message.told.kind != Kind::Unknown)
        }
        Evidence::Foreign | Evidence::Unknown => false,
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
    let Some(name) = told.name.as_deref().map(|name| server.name(name)) else { return };
    record.sender = Some(name.clone());
    if !told.readable || !told.complete {
        return; // the server ignores it: nobody is logged in, and nobody renamed
    }
    stream.has_asked_to_log_in = true;
    let room = told.room.as_deref().map(|room| server.name(room));
    let room = room.or_else(|| (record.dialect == Some(Dialect::A2014)).then(|| Name::from(EVERYWHERE)));
    stream.login = Some((record.at, name.clone()));
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
    let is_asker = |asked: &Name| match &name {
        Some(name) => asked == name || text::name(asked) == **name,
        None => told.cut,
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
