//! Chats of a model of the server (GatewayWorker, all three dialects) with the truth about every message: which say a delivery belongs to,
//! who is in the room, who uses a connection. Browsers, proxies and the network have delays; the capture is taken somewhere between.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::packets::{ACK, Capture, FIN, Link, PSH, SYN, Segment};
use super::phase;
use super::random::Random;
use super::scripts::TIME;
use super::websocket;

/// A generation of the chat's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    A,
    B,
    C,
}

/// What happens in a chat. Times are ranges, in microseconds.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub dialect: Dialect,
    /// How many servers there are that know nothing of each other and give the same ids.
    pub servers: usize,
    /// The addresses that each server is reached by; the last byte of an address is changed for a second server.
    pub addresses: &'static [&'static str],
    /// Some browsers come through a proxy, both sides of which are captured.
    pub proxied: bool,
    /// What a proxy's front carries is captured later than what it carries behind, in both directions.
    pub skewed: bool,
    /// The time that the server takes for a message.
    pub latency: (u64, u64),
    /// The round trip between the browsers and the server.
    pub round_trip: (u64, u64),
    /// The capture is taken near the browsers, not near the server.
    pub near_browsers: bool,
    /// The time between two actions.
    pub pause: (u64, u64),
    pub lost_percent: usize,
    pub names: &'static [&'static str],
    pub rooms: &'static [&'static str],
    /// Four tabs of one name log in at once.
    pub tabs: bool,
    /// Users change their name or their room on one connection.
    pub moves: bool,
    /// The servers are restarted: ids begin again.
    pub restarts: bool,
    pub steps: usize,
}

/// What is true of a message.
#[derive(Clone, Debug, Default)]
pub struct Message {
    pub phase: u32,
    /// The message that it answers.
    pub request: Option<usize>,
    /// The user of its connection; `None` where a test should not ask.
    pub user: Option<String>,
    pub sender: Option<String>,
    pub recipient: Option<String>,
    /// Of a say to all: who is in the room; `None` where that is changing.
    pub members: Option<BTreeSet<String>>,
    /// The server lost it.
    pub is_lost: bool,
    /// Of a say: which server, connection, recipient and text.
    pub said: Option<(usize, usize, String, String)>,
    /// Whose connection carries it.
    pub browser: usize,
    pub server: usize,
    /// The recipient of a private say.
    pub to: Option<usize>,
    /// When it was sent.
    pub time: u64,
    /// When the server handled it.
    handled: u64,
    /// The frames that carry it: two, where a proxy passes it on.
    pub frames: Vec<u32>,
}

/// A frame that carries something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    UpgradeRequest,
    UpgradeResponse,
    Message(usize),
}

/// A capture and the truth about it.
pub struct Truth {
    pub capture: Capture,
    pub messages: Vec<Message>,
    /// What each frame carries.
    pub items: BTreeMap<u32, Item>,
    /// The frames whose item each frame acknowledges.
    pub acks: BTreeMap<u32, BTreeSet<u32>>,
    /// Of an upgrade response: the frame of its request.
    pub upgrades: BTreeMap<u32, u32>,
}

type Action = Box<dyn FnOnce(&mut Simulation)>;

struct Event {
    time: u64,
    order: u64,
    action: Action,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.time, self.order).cmp(&(other.time, other.order))
    }
}

const CLIENT: usize = 0;
const SERVER: usize = 1;

/// A TCP connection; what is said of two ends is the client's first.
struct Path {
    ends: [SocketAddr; 2],
    next: [u32; 2],
    received: [u32; 2],
    /// From each end to where the capture is taken.
    delay: [u64; 2],
    captured_at: [u64; 2],
    arrives_at: [u64; 2],
    /// When a proxy has passed on its last message, in each direction.
    passed_on_at: [u64; 2],
    /// How late the capture notices its packets.
    late: u64,
    is_closed: bool,
}

struct Packet {
    time: u64,
    path: usize,
    side: usize,
    end: u32,
    segment: Segment,
    item: Option<Item>,
}

struct Browser {
    server: usize,
    /// From the browser to the server: one path, or two with a proxy between.
    paths: Vec<usize>,
    name: String,
    room: String,
    id: u32,
    /// It has the result of its last login.
    is_ready: bool,
    is_gone: bool,
    /// When the server has handled its last message.
    busy: u64,
    /// When it may be asked for a sign of life again: the server does so every few seconds.
    next_ping: u64,
    /// When it asked for another name or room.
    moved: Vec<u64>,
}

#[derive(Default)]
struct Server {
    last_id: u32,
    /// The browsers of each room, in the order of joining.
    groups: BTreeMap<String, Vec<usize>>,
    /// Each browser's name and room, as the server keeps them.
    sessions: BTreeMap<usize, (String, String)>,
    /// When the gateway has sent its last message.
    busy: u64,
    /// When somebody came, went or moved.
    changes: Vec<u64>,
}

struct Simulation {
    scenario: Scenario,
    random: Random,
    now: u64,
    order: u64,
    queue: BinaryHeap<Reverse<Event>>,
    paths: Vec<Path>,
    packets: Vec<Packet>,
    browsers: Vec<Browser>,
    servers: Vec<Server>,
    messages: Vec<Message>,
    last_text: String,
}

const TEXTS: [&str; 6] = ["hi", "大家好", "a < b & c", "say \"it\"", "ok", "http://a/b"];

impl Scenario {
    /// Plays it.
    pub fn play(&self, seed: u64) -> Truth {
        let mut simulation = Simulation {
            scenario: self.clone(),
            random: Random::new(seed),
            now: 0,
            order: 0,
            queue: BinaryHeap::new(),
            paths: Vec::new(),
            packets: Vec::new(),
            browsers: Vec::new(),
            servers: (0..self.servers).map(|_| Server::default()).collect(),
            messages: Vec::new(),
            last_text: "hi".to_owned(),
        };
        simulation.run();
        simulation.truth()
    }

    /// Within this time after a say, its deliveries have been captured.
    pub fn in_flight(&self) -> u64 {
        self.latency.1 + self.round_trip.1 + 20_000
    }
}

impl Simulation {
    fn at(&mut self, time: u64, action: impl FnOnce(&mut Simulation) + 'static) {
        self.order += 1;
        self.queue.push(Reverse(Event { time: time.max(self.now), order: self.order, action: Box::new(action) }));
    }

    fn between(&mut self, (least, most): (u64, u64)) -> u64 {
        // As many short as long ones: the logarithm is even.
        let (low, high) = ((least.max(1) as f64).ln(), (most.max(1) as f64).ln());
        (low + (high - low) * self.random.below(10_001) as f64 / 10_000.0).exp() as u64
    }

    fn run(&mut self) {
        let mut time = 0;
        for server in 0..self.scenario.servers {
            for _ in 0..4 {
                let tabs = self.scenario.tabs;
                time += if tabs { self.random.below(1500) as u64 } else { 400_000 + 2 * self.scenario.in_flight() };
                self.at(time, move |simulation| simulation.come(server));
            }
        }
        time += 2_000_000 + 2 * self.scenario.in_flight();
        for step in 0..self.scenario.steps {
            time += self.between(self.scenario.pause);
            let restart = self.scenario.restarts && step % 40 == 39;
            if restart {
                time += 1_000_000 + 2 * self.scenario.in_flight();
                self.at(time, |simulation| simulation.restart());
                time += 6_000_000 + 4 * self.scenario.in_flight();
            } else {
                self.at(time, |simulation| simulation.act());
            }
        }
        while let Some(Reverse(event)) = self.queue.pop() {
            self.now = event.time;
            (event.action)(self);
        }
    }

    // ---- TCP ----

    /// Sends a segment; `then` happens when it arrives.
    fn emit(&mut self, path: usize, side: usize, flags: u8, bytes: &[u8], item: Option<Item>, then: Action) {
        let jitter = self.random.below(15) as u64;
        let other = 1 - side;
        let now = self.now;
        let p = &mut self.paths[path];
        let ack = if flags & ACK != 0 { p.received[side] } else { 0 };
        let segment = Segment {
            from: p.ends[side],
            to: p.ends[other],
            seq: p.next[side],
            ack,
            flags,
            window: 64_000,
            payload: bytes.to_vec(),
        };
        let end = p.next[side].wrapping_add(bytes.len() as u32 + u32::from(flags & (SYN | FIN) != 0));
        p.next[side] = end;
        let captured = (now + p.delay[side] + jitter).max(p.captured_at[side] + 1);
        let arrives = (captured + p.delay[other]).max(p.arrives_at[side] + 1);
        (p.captured_at[side], p.arrives_at[side]) = (captured, arrives);
        let time = captured + p.late;
        self.packets.push(Packet { time, path, side, end, segment, item });
        let has_payload = !bytes.is_empty();
        self.at(arrives, move |simulation| {
            simulation.paths[path].received[other] = end;
            if has_payload && !simulation.paths[path].is_closed && simulation.random.percent(60) {
                simulation.emit(path, other, ACK, &[], None, Box::new(|_| ()));
            }
            then(simulation);
        });
    }

    /// A connection of TCP and WebSocket, and behind a proxy another one; `then` happens when the browser has the response.
    fn connect(&mut self, browser: usize, hop: usize, then: Action) {
        let path = self.browsers[browser].paths[hop];
        let is_last = hop + 1 == self.browsers[browser].paths.len();
        let respond = move |simulation: &mut Simulation| {
            let response = websocket::response(&websocket::accept(), "");
            simulation.emit(path, SERVER, PSH | ACK, response.as_bytes(), Some(Item::UpgradeResponse), then);
        };
        let requested: Action = Box::new(move |simulation| match is_last {
            true => respond(simulation),
            false => simulation.connect(browser, hop + 1, Box::new(respond)),
        });
        let opened: Action = Box::new(move |simulation| {
            let accepted: Action = Box::new(move |simulation| {
                if is_last {
                    let server = simulation.browsers[browser].server;
                    simulation.servers[server].last_id += 1;
                    simulation.browsers[browser].id = simulation.servers[server].last_id;
                }
            });
            simulation.emit(path, CLIENT, ACK, &[], None, accepted);
            let request = websocket::request("/", "");
            simulation.emit(path, CLIENT, PSH | ACK, request.as_bytes(), Some(Item::UpgradeRequest), requested);
        });
        let answer: Action = Box::new(move |simulation| simulation.emit(path, SERVER, SYN | ACK, &[], None, opened));
        self.emit(path, CLIENT, SYN, &[], None, answer);
    }

    /// A message on its way from the browser to the server, or back; `then` happens when it is there.
    fn carry(&mut self, browser: usize, hop: usize, side: usize, bytes: Vec<u8>, message: usize, then: Action) {
        let paths = &self.browsers[browser].paths;
        let path = paths[hop];
        if self.paths[path].is_closed {
            return;
        }
        let next = if side == CLIENT { Some(hop + 1).filter(|next| *next < paths.len()) } else { hop.checked_sub(1) };
        let copy = bytes.clone();
        let arrived: Action = Box::new(move |simulation| match next {
            None => then(simulation),
            Some(next) => {
                let time =
                    (simulation.now + simulation.between((50, 900))).max(simulation.paths[path].passed_on_at[side] + 1);
                simulation.paths[path].passed_on_at[side] = time;
                simulation.at(time, move |simulation| simulation.carry(browser, next, side, copy, message, then));
            }
        });
        self.emit(path, side, PSH | ACK, &bytes, Some(Item::Message(message)), arrived);
    }

    fn close(&mut self, browser: usize) {
        for path in self.browsers[browser].paths.clone() {
            if !std::mem::replace(&mut self.paths[path].is_closed, true) {
                let reply: Action = Box::new(move |simulation| {
                    let done: Action = Box::new(move |simulation| {
                        simulation.emit(path, CLIENT, ACK, &[], None, Box::new(|_| ()));
                    });
                    simulation.emit(path, SERVER, FIN | ACK, &[], None, done);
                });
                self.emit(path, CLIENT, FIN | ACK, &[], None, reply);
            }
        }
    }

    // ---- browsers ----

    fn path(&mut self, client: SocketAddr, server: SocketAddr, delay: [u64; 2]) -> usize {
        let start = 7_919 * (self.paths.len() as u32 + 1);
        let start = [start, start + 1_000_000_000];
        self.paths.push(Path {
            ends: [client, server],
            next: start,
            received: [0, 0],
            delay,
            captured_at: [0; 2],
            arrives_at: [0; 2],
            passed_on_at: [0; 2],
            late: 0,
            is_closed: false,
        });
        self.paths.len() - 1
    }

    fn come(&mut self, server: usize) {
        let count = self.browsers.len();
        let address = |text: &str| {
            let mut address: SocketAddr = text.parse().expect("an address");
            if let SocketAddr::V4(v4) = &mut address {
                let mut octets = v4.ip().octets();
                octets[3] += 10 * server as u8;
                v4.set_ip(octets.into());
            }
            address
        };
        let to = address(self.scenario.addresses[self.random.below(self.scenario.addresses.len())]);
        let round_trip = self.between(self.scenario.round_trip);
        let far = [round_trip / 2, 10];
        let delay = if self.scenario.near_browsers { [far[1], far[0]] } else { far };
        let port = 40_000 + count as u16;
        let from = |to: SocketAddr, port: u16| match to {
            SocketAddr::V4(to) if to.ip().is_loopback() => SocketAddr::from((*to.ip(), port)),
            SocketAddr::V4(_) => SocketAddr::from(([192, 168, 0, 100], port)),
            SocketAddr::V6(to) => SocketAddr::from((*to.ip(), port)),
        };
        let paths = if self.scenario.proxied && self.random.percent(60) {
            let proxy = address("192.168.0.5:8080");
            let behind = address("127.0.0.1:7272");
            let front = self.path(from(proxy, port), proxy, delay);
            self.paths[front].late = if self.scenario.skewed { self.between((100, 1_000)) } else { 0 };
            vec![front, self.path(from(behind, port + 10_000), behind, [10, 10])]
        } else {
            vec![self.path(from(to, port), to, delay)]
        };
        let name = self.scenario.names[self.random.below(self.scenario.names.len())].to_owned();
        let room = self.scenario.rooms[self.random.below(self.scenario.rooms.len())].to_owned();
        let browser = Browser {
            server,
            paths,
            name,
            room,
            id: 0,
            is_ready: false,
            is_gone: false,
            busy: 0,
            next_ping: 0,
            moved: Vec::new(),
        };
        self.browsers.push(browser);
        self.connect(count, 0, Box::new(move |simulation| simulation.log_in(count, false)));
    }

    fn note(&mut self, browser: usize, phase: u32) -> Message {
        let b = &self.browsers[browser];
        let user = Some(b.name.clone());
        Message { phase, user, browser, server: b.server, time: self.now, ..Message::default() }
    }

    fn keep(&mut self, message: Message) -> usize {
        self.messages.push(message);
        self.messages.len() - 1
    }

    fn log_in(&mut self, browser: usize, again: bool) {
        let Browser { name, room, server, .. } = &self.browsers[browser];
        let (name, room, server) = (name.clone(), room.clone(), *server);
        let text = match self.scenario.dialect {
            Dialect::A => json!({"type": "login", "name": name}),
            _ => json!({"type": "login", "client_name": name, "room_id": room}),
        };
        self.servers[server].changes.push(self.now);
        if again {
            let now = self.now;
            self.browsers[browser].moved.push(now);
        }
        let message = Message { sender: Some(name.clone()), ..self.note(browser, phase::LOGIN_REQUEST) };
        let message = self.keep(message);
        self.browsers[browser].is_ready = false;
        self.ask(browser, message, text, move |simulation| simulation.handle_login(browser, message, &name, &room));
    }

    /// A browser's message, which the server handles after its browser's earlier ones.
    fn ask(&mut self, browser: usize, message: usize, text: Value, handle: impl FnOnce(&mut Simulation) + 'static) {
        let arrived: Action = Box::new(move |simulation| {
            let latency = simulation.between(simulation.scenario.latency);
            let time = (simulation.now + latency).max(simulation.browsers[browser].busy + 1);
            simulation.browsers[browser].busy = time;
            simulation.at(time, handle);
        });
        self.carry(browser, 0, CLIENT, websocket::masked_text(text.to_string()), message, arrived);
    }

    fn act(&mut self) {
        let ready: Vec<usize> =
            (0..self.browsers.len()).filter(|&at| self.browsers[at].is_ready && !self.browsers[at].is_gone).collect();
        if ready.is_empty() {
            return;
        }
        let browser = ready[self.random.below(ready.len())];
        let server = self.browsers[browser].server;
        match self.random.below(24) {
            0 => self.come(server),
            1 if ready.len() > 3 && !self.scenario.moves => self.go(browser),
            2 | 3 => self.ping(browser),
            4 | 5 if self.scenario.dialect != Dialect::A => self.whisper(browser, &ready),
            6 | 7 if self.scenario.moves => {
                if self.random.one_in(2) {
                    self.browsers[browser].name = format!("new{}", self.random.below(1000));
                } else {
                    self.browsers[browser].room = ["1", "2"][self.random.below(2)].to_owned();
                }
                self.log_in(browser, true);
            }
            _ => self.say(browser),
        }
    }

    fn text(&mut self) -> String {
        // Often what was said last.
        if self.random.percent(50) {
            let plain = if self.scenario.dialect == Dialect::A { &["hi", "ok", "yes"][..] } else { &TEXTS[..] };
            self.last_text = plain[self.random.below(plain.len())].to_owned();
        }
        self.last_text.clone()
    }

    fn say(&mut self, browser: usize) {
        let text = self.text();
        let request = match self.scenario.dialect {
            Dialect::A => json!({"type": "say", "to_uid": "all", "content": text}),
            _ => json!({"type": "say", "to_client_id": "all", "to_client_name": "所有人", "content": text}),
        };
        let Browser { name, server, .. } = &self.browsers[browser];
        let (name, server) = (name.clone(), *server);
        let message = Message {
            sender: Some(name),
            recipient: Some("all".to_owned()),
            said: Some((server, browser, "all".to_owned(), text.clone())),
            is_lost: self.random.percent(self.scenario.lost_percent),
            ..self.note(browser, phase::SAY_REQUEST)
        };
        let is_lost = message.is_lost;
        let message = self.keep(message);
        self.ask(browser, message, request, move |simulation| {
            simulation.messages[message].handled = simulation.now;
            let Some((name, room)) = simulation.servers[server].sessions.get(&browser).cloned() else { return };
            let group = simulation.servers[server].groups.get(&room).cloned().unwrap_or_default();
            let names = group.iter().map(|at| simulation.servers[server].sessions[at].0.clone()).collect();
            simulation.messages[message].members = Some(names);
            if is_lost || simulation.browsers[browser].is_gone {
                simulation.messages[message].is_lost = true;
                return;
            }
            let content = nl2br(&escaped(&text));
            for to in group {
                simulation.deliver(to, browser, message, &name, "all", None, &content);
            }
        });
    }

    fn whisper(&mut self, browser: usize, ready: &[usize]) {
        let server = self.browsers[browser].server;
        let others: Vec<usize> = ready.iter().copied().filter(|&at| self.browsers[at].server == server).collect();
        let to = others[self.random.below(others.len())];
        let text = self.text();
        let (id, to_name) = (self.id(to), self.browsers[to].name.clone());
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        let request = json!({"type": "say", "to_client_id": id, "to_client_name": to_name, "content": text});
        let message = Message {
            sender: Some(self.browsers[browser].name.clone()),
            recipient: Some(to_name.clone()),
            to: Some(to),
            said: Some((server, browser, id.clone(), text.clone())),
            ..self.note(browser, phase::SAY_REQUEST)
        };
        let message = self.keep(message);
        self.ask(browser, message, request, move |simulation| {
            let Some((name, _)) = simulation.servers[server].sessions.get(&browser).cloned() else { return };
            if simulation.browsers[to].is_gone {
                simulation.messages[message].recipient = None;
                simulation.messages[message].is_lost = true;
                return;
            }
            let said = nl2br(&escaped(&text));
            let whispered = format!("<b>对你说: </b>{said}");
            let recipient = Some(to_name.clone());
            simulation.deliver(to, browser, message, &name, &id, recipient.clone(), &whispered);
            let echo = format!("<b>你对{}说: </b>{said}", escaped(&to_name));
            simulation.deliver(browser, browser, message, &name, &id, recipient, &echo);
        });
    }

    fn ping(&mut self, browser: usize) {
        if self.now < self.browsers[browser].next_ping {
            return;
        }
        self.browsers[browser].next_ping = self.now + 2_000_000;
        let message =
            Message { recipient: Some(self.browsers[browser].name.clone()), ..self.note(browser, phase::PING) };
        let ping = self.keep(message);
        self.tell(browser, ping, &json!({"type": "ping"}), move |simulation| {
            if simulation.browsers[browser].is_gone {
                return;
            }
            let message = Message { request: Some(ping), ..simulation.note(browser, phase::PONG) };
            let message = Message { sender: message.user.clone(), ..message };
            let pong = simulation.keep(message);
            simulation.ask(browser, pong, json!({"type": "pong"}), |_| ());
        });
    }

    fn go(&mut self, browser: usize) {
        let server = self.browsers[browser].server;
        self.servers[server].changes.push(self.now);
        self.browsers[browser].is_gone = true;
        self.close(browser);
        let time = self.now + self.scenario.round_trip.1 + 500;
        self.at(time, move |simulation| simulation.handle_close(browser));
    }

    fn restart(&mut self) {
        for browser in 0..self.browsers.len() {
            self.browsers[browser].is_gone = true;
            self.close(browser);
        }
        for server in 0..self.servers.len() {
            let changes = std::mem::take(&mut self.servers[server].changes);
            self.servers[server] = Server { changes, ..Server::default() };
            for count in 1..=4 {
                let time = self.now + 1_000_000 + count * (200_000 + self.scenario.in_flight() / 2);
                self.at(time, move |simulation| simulation.come(server));
            }
        }
    }

    // ---- servers ----

    fn id(&self, browser: usize) -> Value {
        match self.scenario.dialect {
            Dialect::C => json!(format!("7f00000108fd{:08x}", self.browsers[browser].id)),
            _ => json!(self.browsers[browser].id),
        }
    }

    /// The gateway sends a message, after its earlier ones.
    fn tell(&mut self, browser: usize, message: usize, text: &Value, then: impl FnOnce(&mut Simulation) + 'static) {
        let server = self.browsers[browser].server;
        let time = self.now.max(self.servers[server].busy) + 5 + self.random.below(40) as u64;
        self.servers[server].busy = time;
        let bytes = websocket::text(php_json(text));
        self.at(time, move |simulation| {
            let hop = simulation.browsers[browser].paths.len() - 1;
            simulation.carry(browser, hop, SERVER, bytes, message, Box::new(then));
        });
    }

    #[allow(clippy::too_many_arguments)]
    fn deliver(
        &mut self,
        to: usize,
        from: usize,
        request: usize,
        name: &str,
        to_id: &str,
        recipient: Option<String>,
        content: &str,
    ) {
        let id = self.id(from);
        let text = match self.scenario.dialect {
            Dialect::A => json!({"type": "say", "from_uid": id, "to_uid": to_id, "content": content, "time": TIME}),
            _ => json!({"type": "say", "from_client_id": id, "from_client_name": escaped(name), "to_client_id": to_id,
                        "content": content, "time": TIME}),
        };
        let message = Message {
            request: Some(request),
            sender: Some(name.to_owned()),
            recipient: Some(recipient.unwrap_or_else(|| "all".to_owned())),
            ..self.note(to, phase::SAY_DELIVERY)
        };
        let message = self.keep(message);
        self.tell(to, message, &text, |_| ());
    }

    fn handle_login(&mut self, browser: usize, request: usize, name: &str, room: &str) {
        if self.browsers[browser].is_gone {
            return;
        }
        let server = self.browsers[browser].server;
        let dialect = self.scenario.dialect;
        let room = if dialect == Dialect::A { "" } else { room };
        self.servers[server].changes.push(self.now);
        self.servers[server].sessions.insert(browser, (name.to_owned(), room.to_owned()));
        let name = name.to_owned();
        if dialect == Dialect::C {
            let group = self.servers[server].groups.get(room).cloned().unwrap_or_default();
            let mut text = json!({"type": "login", "client_id": self.id(browser), "client_name": escaped(&escaped(&name)), "time": TIME});
            for &to in &group {
                let message = Message { sender: Some(name.clone()), ..self.note(to, phase::LOGIN_NOTIFICATION) };
                let message = self.keep(message);
                self.tell(to, message, &text, |_| ());
            }
            self.join(browser, room);
            let mut list = Map::new();
            for at in self.servers[server].groups[room].clone() {
                let id = self.id(at).as_str().expect("a text").to_owned();
                list.insert(id, json!(escaped(&self.servers[server].sessions[&at].0)));
            }
            text["client_list"] = Value::Object(list);
            self.tell_result(browser, request, &name, &text);
            return;
        }
        // Several workers handle logins at once: who is in the list is settled before the messages go out.
        self.join(browser, room);
        let group = self.servers[server].groups[room].clone();
        let users: Vec<Value> = group
            .iter()
            .map(|&at| {
                let name = escaped(&self.servers[server].sessions[&at].0);
                match dialect {
                    Dialect::A => json!({"uid": self.id(at), "name": name}),
                    _ => json!({"client_id": self.id(at), "client_name": name}),
                }
            })
            .collect();
        let time = self.now + self.random.below(2_000) as u64;
        self.at(time, move |simulation| {
            let id = simulation.id(browser);
            let text = match dialect {
                Dialect::A => {
                    let list = json!({"type": "user_list", "user_list": users});
                    let message = Message { request: Some(request), ..simulation.note(browser, phase::USER_LIST) };
                    let message = Message { recipient: message.user.clone(), ..message };
                    let message = simulation.keep(message);
                    simulation.tell(browser, message, &list, |_| ());
                    json!({"type": "login", "uid": id, "name": escaped(&name), "time": TIME})
                }
                _ => json!({"type": "login", "client_id": id, "client_name": escaped(&escaped(&name)), "client_list": users, "time": TIME}),
            };
            for to in group {
                if to == browser {
                    simulation.tell_result(browser, request, &name, &text);
                } else {
                    let message = Message { sender: Some(name.clone()), ..simulation.note(to, phase::LOGIN_NOTIFICATION) };
                    let message = simulation.keep(message);
                    simulation.tell(to, message, &text, |_| ());
                }
            }
        });
    }

    fn tell_result(&mut self, browser: usize, request: usize, name: &str, text: &Value) {
        let result = Message {
            request: Some(request),
            sender: Some(name.to_owned()),
            ..self.note(browser, phase::LOGIN_RESULT)
        };
        let result = self.keep(result);
        self.tell(browser, result, text, move |simulation| simulation.browsers[browser].is_ready = true);
    }

    fn join(&mut self, browser: usize, room: &str) {
        let server = self.browsers[browser].server;
        let group = self.servers[server].groups.entry(room.to_owned()).or_default();
        if !group.contains(&browser) {
            group.push(browser);
        }
    }

    fn handle_close(&mut self, browser: usize) {
        let server = self.browsers[browser].server;
        self.servers[server].changes.push(self.now);
        for group in self.servers[server].groups.values_mut() {
            group.retain(|at| *at != browser);
        }
        let Some((name, room)) = self.servers[server].sessions.remove(&browser) else { return };
        let group = self.servers[server].groups.get(&room).cloned().unwrap_or_default();
        let id = self.id(browser);
        let text = match self.scenario.dialect {
            Dialect::A => json!({"type": "logout", "uid": id, "time": TIME}),
            Dialect::B => {
                let users: Vec<Value> = group
                    .iter()
                    .map(|&at| json!({"client_id": self.id(at), "client_name": escaped(&self.servers[server].sessions[&at].0)}))
                    .collect();
                json!({"type": "logout", "from_client_id": id, "from_client_name": escaped(&name), "client_list": users, "time": TIME})
            }
            Dialect::C => {
                json!({"type": "logout", "from_client_id": id, "from_client_name": escaped(&name), "time": TIME})
            }
        };
        for to in group {
            let message = Message { sender: Some(name.clone()), ..self.note(to, phase::LOGOUT) };
            let message = self.keep(message);
            self.tell(to, message, &text, |_| ());
        }
    }

    // ---- the truth ----

    fn truth(mut self) -> Truth {
        self.packets.sort_by_key(|packet| packet.time);
        let mut capture = Capture::new(Link::Ethernet).with_pace(Duration::ZERO);
        let (mut items, mut acks, mut upgrades) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut pending: BTreeMap<(usize, usize), Vec<(u32, u32)>> = BTreeMap::new();
        let mut requests: BTreeMap<usize, u32> = BTreeMap::new();
        let mut clock = 0;
        for Packet { time, path, side, end, segment, item } in self.packets {
            capture.wait(Duration::from_micros(time - clock));
            clock = time;
            let frame = capture.push(&segment);
            if segment.flags & ACK != 0 {
                let waiting = pending.entry((path, 1 - side)).or_default();
                let covered = waiting.iter().take_while(|(end, _)| segment.ack.wrapping_sub(*end) < 1 << 31).count();
                let covered: BTreeSet<u32> = waiting.drain(..covered).map(|(_, frame)| frame).collect();
                if !covered.is_empty() {
                    acks.insert(frame, covered);
                }
            }
            let Some(item) = item else { continue };
            pending.entry((path, side)).or_default().push((end, frame));
            items.insert(frame, item);
            match item {
                Item::Message(message) => self.messages[message].frames.push(frame),
                Item::UpgradeRequest => drop(requests.insert(path, frame)),
                Item::UpgradeResponse => drop(upgrades.insert(frame, requests[&path])),
            }
        }
        let window = self.scenario.in_flight();
        let recently = |browser: usize, time: u64| {
            let span = time.saturating_sub(window)..time + window;
            self.browsers[browser].moved.iter().any(|moved| span.contains(moved))
        };
        for at in 0..self.messages.len() {
            let Message { browser, time, phase, request, .. } = self.messages[at];
            let to = self.messages[at].to.or_else(|| self.messages[request?].to);
            let message = &mut self.messages[at];
            if recently(browser, time) {
                message.user = None;
                if [phase::PING, phase::PONG].contains(&phase) {
                    (message.sender, message.recipient) = (None, None);
                }
            }
            if to.is_some_and(|to| recently(to, time)) {
                message.recipient = None;
            }
        }
        for message in &mut self.messages {
            let changes = &self.servers[message.server].changes;
            let span = message.time.saturating_sub(window)..message.handled + window;
            if changes.iter().any(|change| span.contains(change)) {
                message.members = None;
            }
        }
        Truth { capture, messages: self.messages, items, acks, upgrades }
    }
}

/// PHP's `htmlspecialchars`.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// PHP's `nl2br`.
fn nl2br(text: &str) -> String {
    text.replace('\n', "<br />\n")
}

/// PHP's `json_encode`: ASCII, with escaped slashes.
fn php_json(value: &Value) -> String {
    let mut escaped = String::new();
    for character in value.to_string().chars() {
        match character {
            '/' => escaped.push_str("\\/"),
            character if character.is_ascii() => escaped.push(character),
            character => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    escaped.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    escaped
}
