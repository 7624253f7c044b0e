//! A model of the chat's server, in all three dialects, that does what real ones do under load: workers and gateways stall or are late once,
//! workers are killed with what they have not handled, browsers read slowly until the gateway drops what is for them. It knows of each
//! delivery which say it delivers. Times are microseconds.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use super::random::Random;
use super::websocket::{self, Frame, TEXT};

const MILLISECOND: u64 = 1_000;
const SECOND: u64 = 1_000_000;
const TIME: &str = "2026-11-20 07:20:22";
const NOT_BEFORE: &[&str] = &["ok", "hi", "x", "大家好", "a < b & c"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    A,
    B,
    C,
}

/// Which copy of a say a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Copy {
    Public,
    ToRecipient,
    ToSender,
}

/// What a message has to do with a say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is this one.
    Say(usize),
    /// It delivers this one.
    Delivery(usize, Copy),
    Other,
}

#[derive(Clone, Debug)]
pub struct Message {
    pub json: String,
    pub role: Role,
}

#[derive(Clone, Debug)]
pub enum Content {
    Nothing,
    Http(String),
    Messages(Vec<Message>),
}

/// A captured segment.
#[derive(Clone, Debug)]
pub struct Packet {
    pub time: u64,
    pub client: usize,
    pub from_client: bool,
    pub sequence: u32,
    pub acknowledgment: u32,
    pub flags: u16,
    pub content: Content,
}

impl Packet {
    pub fn payload(&self) -> Vec<u8> {
        match &self.content {
            Content::Nothing => Vec::new(),
            Content::Http(text) => text.as_bytes().to_vec(),
            Content::Messages(messages) => messages.iter().flat_map(|it| bytes(it, self.from_client)).collect(),
        }
    }

    pub fn messages(&self) -> &[Message] {
        match &self.content {
            Content::Messages(messages) => messages,
            _ => &[],
        }
    }
}

fn bytes(message: &Message, is_masked: bool) -> Vec<u8> {
    let frame = Frame::new(TEXT, &message.json);
    if is_masked { frame.masked().bytes() } else { frame.bytes() }
}

/// A say as the server may get it.
#[derive(Clone, Debug)]
pub struct Say {
    pub client: usize,
    pub to: Option<usize>,
    pub text: String,
    pub is_json: bool,
}

pub struct Played {
    pub dialect: Dialect,
    pub packets: Vec<Packet>,
    /// The gateway drops what a slow reader does not take.
    pub drops: bool,
    pub says: Vec<Say>,
}

enum Event {
    Connect(usize),
    Connected(usize),
    Act(usize),
    /// A segment of the client has reached the server.
    Arrived(usize, u32, Vec<Message>),
    /// A segment of the server has reached the client.
    Received(usize, u32),
    AtWorker(usize, u32, usize, Message),
    AtGateway(usize, Command),
    Ping(usize),
    Kill(usize),
    Read(usize),
}

#[derive(Clone)]
enum Command {
    Join(usize, String),
    Send(usize, Message),
    /// To all in a room, or all of all.
    Broadcast(Option<String>, Message),
}

#[derive(Default)]
struct Client {
    gateway: usize,
    worker: usize,
    id: u32,
    name: String,
    session: Option<String>,
    wanted: Option<String>,
    rooms: BTreeSet<String>,
    is_connected: bool,
    is_logged_in: bool,
    /// Of the client and of the server.
    next: [u32; 2],
    received: [u32; 2],
    delay: [u64; 2],
    captured: [u64; 2],
    arrived: [u64; 2],
    /// It does not read until then.
    slow_until: u64,
    held: VecDeque<Message>,
    room_for: usize,
    last_text: String,
    unique: usize,
}

/// Plays one server.
pub fn play(seed: u64) -> Played {
    let mut random = Random::new(seed);
    let dialect = *random.pick(&[Dialect::A, Dialect::B, Dialect::C, Dialect::C]);
    let workers = 1 + random.below(4);
    let gateways = if dialect == Dialect::A { 1 } else { 1 + random.below(2) };
    let duration = *random.pick(&[3, 10, 30, 70]) * SECOND;
    let mut stalls = BTreeMap::new();
    for resource in 0..workers + gateways {
        let mut of = Vec::new();
        for _ in 0..random.below(4) {
            let from = random.below(duration as usize) as u64;
            // A worker for up to 5 s, a gateway for less: what is late is not lost for certain before 10 s.
            let longest = if resource < workers { 5_000 } else { 2_500 };
            let long = (300 + random.below(longest - 300) as u64) * MILLISECOND;
            of.push((from, from + *random.pick(&[25 * MILLISECOND, long, long])));
        }
        of.sort_unstable();
        let mut free = 0;
        of.retain(|(from, to)| *from > free + SECOND && std::mem::replace(&mut free, *to) < *to);
        stalls.insert(resource, of);
    }
    let latency = *random.pick(&[(100, 300), (200, 5_000), (2_000, 60_000)]);
    let pauses = *random.pick(&[(1_000, 3_000_000), (1_000, 200_000), (100_000, 3_000_000)]);
    let binds = dialect == Dialect::C || dialect == Dialect::B && random.one_in(3);
    let mut model = Model {
        dialect,
        workers,
        gateways,
        stalls,
        latency,
        pauses,
        binds,
        end: duration,
        rooms: 1 + random.below(2),
        variety: random.below(3),
        has_slow_readers: random.one_in(2),
        near_browsers: random.one_in(3),
        epochs: vec![0; workers],
        now: 0,
        order: 0,
        queue: BinaryHeap::new(),
        events: BTreeMap::new(),
        last: BTreeMap::new(),
        clients: Vec::new(),
        packets: Vec::new(),
        says: Vec::new(),
        random,
    };
    model.run();
    model.packets.sort_by_key(|packet| packet.time);
    Played { dialect, packets: model.packets, drops: model.has_slow_readers, says: model.says }
}

struct Model {
    dialect: Dialect,
    workers: usize,
    gateways: usize,
    stalls: BTreeMap<usize, Vec<(u64, u64)>>,
    latency: (u64, u64),
    pauses: (u64, u64),
    /// A client is bound to one worker.
    binds: bool,
    end: u64,
    rooms: usize,
    variety: usize,
    has_slow_readers: bool,
    near_browsers: bool,
    epochs: Vec<u32>,
    now: u64,
    order: u64,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    /// When each channel has passed on its last message.
    last: BTreeMap<(usize, usize), u64>,
    clients: Vec<Client>,
    packets: Vec<Packet>,
    says: Vec<Say>,
    random: Random,
}

const CLIENT: usize = 0;
const SERVER: usize = 1;
const SYN: u16 = 2;
const ACK: u16 = 16;

impl Model {
    fn at(&mut self, time: u64, event: Event) {
        self.order += 1;
        self.queue.push(Reverse((time.max(self.now), self.order)));
        self.events.insert(self.order, event);
    }

    fn between(&mut self, (least, most): (u64, u64)) -> u64 {
        let (low, high) = ((least.max(1) as f64).ln(), (most.max(1) as f64).ln());
        (low + (high - low) * self.random.below(10_001) as f64 / 10_000.0).exp() as u64
    }

    fn run(&mut self) {
        let count = 2 + self.random.below(4);
        let far = *self.random.pick(&[100, 2_000, 60_000]);
        for client in 0..count {
            let late = self.random.one_in(4);
            let time =
                if late { self.random.below(self.end as usize) as u64 } else { self.random.below(300_000) as u64 };
            let round_trip = *self.random.pick(&[100, 2_000, 60_000]);
            let delay = if self.near_browsers { [10, far / 2] } else { [round_trip / 2, 10] };
            self.clients.push(Client {
                gateway: self.random.below(self.gateways),
                worker: self.random.below(self.workers),
                id: client as u32 + 1,
                name: format!("user{client}"),
                next: [1000 * client as u32, 5_000_000],
                delay,
                room_for: 1 + self.random.below(12),
                last_text: "hi".to_owned(),
                ..Client::default()
            });
            self.at(time, Event::Connect(client));
        }
        if self.random.one_in(3) {
            let (worker, time) = (self.random.below(self.workers), self.random.below(self.end as usize) as u64);
            self.at(time, Event::Kill(worker));
        }
        while let Some(Reverse((time, order))) = self.queue.pop() {
            self.now = time;
            let event = self.events.remove(&order).expect("it was kept");
            self.happen(event);
        }
    }

    /// When a channel that belongs to a resource has passed on what comes in now.
    fn pass(&mut self, channel: (usize, usize), resource: usize, takes: u64) -> u64 {
        let last = self.last.get(&channel).copied().unwrap_or(0);
        let mut time = (self.now + takes).max(last);
        for (from, to) in &self.stalls[&resource] {
            if (*from..*to).contains(&time) {
                time = *to;
            }
        }
        self.last.insert(channel, time);
        time
    }

    // ---- TCP ----

    fn emit(&mut self, client: usize, side: usize, flags: u16, content: Content) {
        let now = self.now;
        let it = &mut self.clients[client];
        let mut packet = Packet {
            time: 0,
            client,
            from_client: side == CLIENT,
            sequence: it.next[side],
            acknowledgment: it.received[side],
            flags,
            content,
        };
        let length = packet.payload().len() as u32 + u32::from(flags & SYN != 0);
        it.next[side] = it.next[side].wrapping_add(length);
        packet.time = (now + it.delay[side]).max(it.captured[side] + 1);
        let arrives = (packet.time + it.delay[1 - side]).max(it.arrived[side] + 1);
        (it.captured[side], it.arrived[side]) = (packet.time, arrives);
        let (end, messages) = (it.next[side], packet.messages().to_vec());
        self.packets.push(packet);
        match side {
            CLIENT => self.at(arrives, Event::Arrived(client, end, messages)),
            _ if messages.is_empty() => {}
            _ => self.at(arrives, Event::Received(client, end)),
        }
    }

    fn ask(&mut self, client: usize, messages: Vec<Message>) {
        self.emit(client, CLIENT, ACK, Content::Messages(messages));
    }

    fn connect(&mut self, client: usize) {
        self.emit(client, CLIENT, SYN, Content::Nothing);
        let it = &mut self.clients[client];
        it.received[SERVER] = it.next[CLIENT];
        self.now += 200_000;
        self.emit(client, SERVER, SYN | ACK, Content::Nothing);
        let it = &mut self.clients[client];
        it.received[CLIENT] = it.next[SERVER];
        self.now += 200_000;
        self.emit(client, CLIENT, ACK, Content::Http(websocket::request("/", "")));
        let it = &mut self.clients[client];
        it.received[SERVER] = it.next[CLIENT];
        self.now += 200_000;
        self.emit(client, SERVER, ACK, Content::Http(websocket::response(&websocket::accept(), "")));
        self.at(self.now, Event::Connected(client));
        let (login, act) = (self.now + 150_000, self.now + 1_000_000);
        self.at(login, Event::Act(client));
        self.at(act, Event::Ping(client));
    }

    // ---- browsers ----

    fn login(&mut self, client: usize) -> Message {
        let room = format!("{}", 1 + self.random.below(self.rooms));
        let it = &mut self.clients[client];
        it.wanted = Some(room.clone());
        let json = match self.dialect {
            Dialect::A => format!(r#"{{"type":"login","name":"{}"}}"#, it.name),
            _ => format!(r#"{{"type":"login","client_name":"{}","room_id":"{room}"}}"#, it.name),
        };
        Message { json, role: Role::Other }
    }

    fn text(&mut self, client: usize) -> String {
        let choice = self.random.below(10);
        let it = &mut self.clients[client];
        let text = match (self.variety, choice) {
            (0, 0..8) | (1, 0..4) => it.last_text.clone(),
            (1 | 2, 8..) => {
                it.unique += 1;
                format!("text {} of {client}", it.unique)
            }
            _ => (*self.random.pick(NOT_BEFORE)).to_owned(),
        };
        self.clients[client].last_text.clone_from(&text);
        text
    }

    fn say(&mut self, client: usize) -> Message {
        let is_private = self.random.one_in(5);
        let to = is_private.then(|| self.random.below(self.clients.len())).filter(|to| self.clients[*to].is_connected);
        let is_json = !self.random.one_in(15);
        let text = self.text(client);
        let typed = if is_json { text.clone() } else { format!("{text}\\s") };
        let id = to.map_or_else(|| r#""all""#.to_owned(), |to| self.id(to));
        let json = match self.dialect {
            Dialect::A => format!(r#"{{"type":"say","to_uid":{id},"content":"{typed}"}}"#),
            Dialect::B | Dialect::C => {
                let id = id.trim_matches('"');
                format!(r#"{{"type":"say","to_client_id":"{id}","to_client_name":"n","content":"{typed}"}}"#)
            }
        };
        self.says.push(Say { client, to, text, is_json });
        Message { json, role: Role::Say(self.says.len() - 1) }
    }

    fn act(&mut self, client: usize) {
        if self.now > self.end {
            return;
        }
        let mut messages = Vec::new();
        if self.clients[client].wanted.is_none() {
            messages.push(self.login(client));
            let talks_at_once = self.random.one_in(10);
            (0..usize::from(talks_at_once)).for_each(|_| messages.push(self.say(client)));
        } else if self.clients[client].is_logged_in || self.dialect == Dialect::A {
            if self.random.one_in(40) {
                messages.push(self.login(client));
            }
            let burst = if self.random.one_in(6) { 1 + self.random.below(4) } else { 1 };
            (0..burst).for_each(|_| messages.push(self.say(client)));
        }
        if !messages.is_empty() {
            self.ask(client, messages);
        }
        let it = &self.clients[client];
        let reads = self.now > it.slow_until && it.held.is_empty();
        if self.has_slow_readers && reads && self.random.one_in(12) {
            let until = self.now + self.between((20 * MILLISECOND, 5 * SECOND / 2));
            self.clients[client].slow_until = until;
            self.at(until, Event::Read(client));
        }
        let pause = self.between(self.pauses);
        let long = if self.random.one_in(10) { 2 * SECOND } else { 0 };
        self.at(self.now + pause + long, Event::Act(client));
    }

    // ---- servers ----

    fn id(&self, client: usize) -> String {
        let it = &self.clients[client];
        match self.dialect {
            Dialect::C => format!(r#""7f000001{:04x}{:08x}""#, 2300 + it.gateway, it.id),
            _ => it.id.to_string(),
        }
    }

    /// The gateway sends something to a client, who may not read.
    fn out(&mut self, client: usize, message: Message) {
        let it = &mut self.clients[client];
        if self.now < it.slow_until || !it.held.is_empty() {
            if it.held.len() < it.room_for {
                it.held.push_back(message);
            }
            return;
        }
        let waits = self.random.one_in(8);
        if waits {
            // A few go out in one segment.
            self.clients[client].held.push_back(message);
            let time = self.now + self.random.below(2_000) as u64;
            self.at(time, Event::Read(client));
        } else {
            self.emit(client, SERVER, ACK, Content::Messages(vec![message]));
        }
    }

    fn read(&mut self, client: usize) {
        if self.now < self.clients[client].slow_until {
            return;
        }
        while !self.clients[client].held.is_empty() {
            let count = 1 + self.random.below(4);
            let held = &mut self.clients[client].held;
            let count = count.min(held.len());
            let messages = held.drain(..count).collect();
            self.emit(client, SERVER, ACK, Content::Messages(messages));
        }
    }

    fn command(&mut self, worker: usize, command: Command) {
        for gateway in 0..self.gateways {
            let is_meant = match &command {
                Command::Join(client, _) | Command::Send(client, _) => self.clients[*client].gateway == gateway,
                Command::Broadcast(..) => true,
            };
            if is_meant {
                let takes = 20 + self.random.below(60) as u64;
                let time = self.pass((worker, 100 + gateway), self.workers + gateway, takes);
                self.at(time, Event::AtGateway(gateway, command.clone()));
            }
        }
    }

    fn at_gateway(&mut self, gateway: usize, command: Command) {
        match command {
            Command::Join(client, room) => drop(self.clients[client].rooms.insert(room)),
            Command::Send(client, message) => self.out(client, message),
            Command::Broadcast(room, message) => {
                for client in 0..self.clients.len() {
                    let it = &self.clients[client];
                    let is_there = room.as_ref().is_none_or(|room| it.rooms.contains(room));
                    if it.gateway == gateway && it.is_connected && is_there {
                        self.out(client, message.clone());
                    }
                }
            }
        }
    }

    fn arrived(&mut self, client: usize, end: u32, messages: Vec<Message>) {
        self.clients[client].received[SERVER] = end;
        if !messages.is_empty() && self.random.percent(70) {
            self.emit(client, SERVER, ACK, Content::Nothing);
        }
        for message in messages {
            let it = &self.clients[client];
            let (gateway, bound) = (it.gateway, it.worker);
            let worker = if self.binds { bound } else { self.random.below(self.workers) };
            let forwarded = self.pass((200 + gateway, 0), self.workers + gateway, 10);
            let latency = self.between(self.latency);
            let before = std::mem::replace(&mut self.now, forwarded);
            let time = self.pass((300 + worker, 0), worker, latency);
            self.now = before;
            self.at(time, Event::AtWorker(worker, self.epochs[worker], client, message));
        }
    }

    fn at_worker(&mut self, worker: usize, client: usize, message: Message) {
        let id = self.id(client);
        let name = self.clients[client].name.clone();
        match message.role {
            Role::Say(number) => self.handle_say(worker, client, number, &id, &name),
            _ if message.json.contains("login") => self.handle_login(worker, client, &message.json, &id, &name),
            _ => {}
        }
    }

    fn handle_login(&mut self, worker: usize, client: usize, json: &str, id: &str, name: &str) {
        let room = json.split(r#""room_id":""#).nth(1).map(|rest| rest[..1].to_owned());
        let other = |json: String| Message { json, role: Role::Other };
        self.clients[client].session = Some(room.clone().unwrap_or_default());
        let named = if self.dialect == Dialect::A { "name" } else { "client_name" };
        let there: Vec<usize> = (0..self.clients.len())
            .filter(|at| *at == client || self.clients[*at].session.is_some() && self.clients[*at].session == room)
            .collect();
        match self.dialect {
            Dialect::A => {
                let list = format!(r#"{{"type":"user_list","user_list":[{{"uid":{id},"name":"{name}"}}]}}"#);
                self.command(worker, Command::Send(client, other(list)));
                let login = format!(r#"{{"type":"login","uid":{id},"name":"{name}","time":"{TIME}"}}"#);
                self.command(worker, Command::Broadcast(None, other(login)));
            }
            Dialect::B => {
                let room = room.expect("it has one");
                self.command(worker, Command::Join(client, room.clone()));
                let list = there.iter().map(|at| {
                    format!(r#"{{"client_id":{},"client_name":"{}"}}"#, self.id(*at), self.clients[*at].name)
                });
                let list = list.collect::<Vec<_>>().join(",");
                let login = format!(
                    r#"{{"type":"login","client_id":{id},"{named}":"{name}","client_list":[{list}],"time":"{TIME}"}}"#
                );
                self.command(worker, Command::Broadcast(Some(room), other(login)));
            }
            Dialect::C => {
                let room = room.expect("it has one");
                let start = format!(r#"{{"type":"login","client_id":{id},"{named}":"{name}","time":"{TIME}""#);
                self.command(worker, Command::Broadcast(Some(room.clone()), other(format!("{start}}}"))));
                self.command(worker, Command::Join(client, room));
                let list = there.iter().map(|at| format!(r#"{}:"{}""#, self.id(*at), self.clients[*at].name));
                let list = list.collect::<Vec<_>>().join(",");
                let result = format!(r#"{start},"client_list":{{{list}}}}}"#);
                self.command(worker, Command::Send(client, other(result)));
            }
        }
    }

    fn handle_say(&mut self, worker: usize, client: usize, number: usize, id: &str, name: &str) {
        let Say { to, text, is_json, .. } = self.says[number].clone();
        let session = self.clients[client].session.clone();
        if !is_json || session.is_none() && self.dialect != Dialect::A {
            return;
        }
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let to_id = to.map_or_else(|| r#""all""#.to_owned(), |to| self.id(to));
        let dialect = self.dialect;
        let delivery = |copy, content: String| {
            let json = match dialect {
                Dialect::A => {
                    format!(
                        r#"{{"type":"say","from_uid":{id},"to_uid":{to_id},"content":"{content}","time":"{TIME}"}}"#
                    )
                }
                _ => {
                    // As the browser sends it back: a text.
                    let to_id = to_id.trim_matches('"');
                    format!(
                        r#"{{"type":"say","from_client_id":{id},"from_client_name":"{name}","to_client_id":"{to_id}","content":"{content}","time":"{TIME}"}}"#
                    )
                }
            };
            Message { json, role: Role::Delivery(number, copy) }
        };
        match to {
            None => {
                let room = session.filter(|_| dialect != Dialect::A);
                self.command(worker, Command::Broadcast(room, delivery(Copy::Public, text)));
            }
            Some(to) if dialect == Dialect::A => {
                self.command(worker, Command::Send(to, delivery(Copy::Public, text)));
            }
            Some(to) => {
                let to_name = self.clients[to].name.clone();
                let copy = delivery(Copy::ToRecipient, format!("<b>对你说: <\\/b>{text}"));
                self.command(worker, Command::Send(to, copy));
                let copy = delivery(Copy::ToSender, format!("<b>你对{to_name}说: <\\/b>{text}"));
                self.command(worker, Command::Send(client, copy));
            }
        }
    }

    fn ping(&mut self, client: usize) {
        if self.now > self.end || self.dialect == Dialect::A {
            return;
        }
        let gateway = self.clients[client].gateway;
        let ping = Message { json: r#"{"type":"ping"}"#.to_owned(), role: Role::Other };
        let time = self.pass((400 + gateway, 0), self.workers + gateway, 10);
        self.at(time, Event::AtGateway(gateway, Command::Send(client, ping)));
        let next = self.now + 2 * SECOND + self.random.below(4_000_000) as u64;
        self.at(next, Event::Ping(client));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Connect(client) => self.connect(client),
            Event::Connected(client) => self.clients[client].is_connected = true,
            Event::Act(client) => self.act(client),
            Event::Arrived(client, end, messages) => self.arrived(client, end, messages),
            Event::Received(client, end) => {
                let it = &mut self.clients[client];
                it.received[CLIENT] = end;
                it.is_logged_in |= it.session.is_some() && !it.rooms.is_empty();
                if self.random.percent(60) && self.clients[client].is_connected {
                    self.emit(client, CLIENT, ACK, Content::Nothing);
                }
            }
            Event::AtWorker(worker, epoch, client, message) => {
                if self.epochs[worker] == epoch {
                    self.at_worker(worker, client, message);
                }
            }
            Event::AtGateway(gateway, command) => self.at_gateway(gateway, command),
            Event::Ping(client) => self.ping(client),
            Event::Kill(worker) => {
                self.epochs[worker] += 1;
                self.last.insert((300 + worker, 0), self.now + 100 * MILLISECOND);
            }
            Event::Read(client) => self.read(client),
        }
    }
}
