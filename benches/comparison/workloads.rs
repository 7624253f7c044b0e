//! The captures of the benchmark, built the same on every machine.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use fastrand::Rng;
use flate2::{Compress, Compression, FlushCompress};
use serde_json::{Map, Value, json};

use crate::harness::packets::{ACK, Capture, Connection, FIN, Link, Segment, Side};
use crate::harness::scripts::client_id;
use crate::harness::websocket::{self, Frame};
use crate::measure::Dissector;
use crate::{php, texts};

const SEED: u64 = 7272;
/// From one packet to the next of a burst: 100 deliveries take 4 milliseconds.
const PACE: Duration = Duration::from_micros(20);
const SERVER: ([u8; 4], u16) = ([192, 0, 2, 1], 7272);
const TEN_MEGABYTES: usize = 10_000_000;

/// A capture, and what it holds, counted where it was built.
pub struct Workload {
    pub capture: Capture,
    /// The chat messages.
    pub messages: u32,
    /// The connections of the chat.
    pub connections: u32,
}

/// A workload by its name.
pub struct Recipe {
    pub name: &'static str,
    /// What the documentation says of it.
    pub what: &'static str,
    /// What reads it.
    pub dissectors: &'static [Dissector],
    pub build: fn() -> Workload,
}

impl Recipe {
    const fn new(name: &'static str, what: &'static str, build: fn() -> Workload) -> Self {
        Self { name, what, dissectors: &[Dissector::Stock, Dissector::Plugin], build }
    }

    /// A workload that the peers read, too.
    const fn with_peers(name: &'static str, what: &'static str, build: fn() -> Workload) -> Self {
        Self { name, what, dissectors: &Dissector::ALL, build }
    }
}

/// The workload of this name, which must exist.
pub fn recipe(name: &str) -> &'static Recipe {
    RECIPES.iter().find(|recipe| recipe.name == name).unwrap_or_else(|| panic!("no workload {name}"))
}

/// The workload that shows what starting tshark costs.
pub const START: &str = "start";

/// All workloads.
pub const RECIPES: &[Recipe] = &[
    Recipe::new(START, "one packet, no chat", start),
    Recipe::with_peers("chat-20k", "the first 20,000 packets of chat", || chat(20_000)),
    Recipe::with_peers("chat", "100 users in three rooms, real texts in nine languages", || chat(211_855)),
    Recipe::new("chat-double", "chat, twice as long", || chat(2 * 211_855)),
    Recipe::new("quiet", "binary TCP, HTTP, and WebSocket of another application", || quiet(200_000)),
    Recipe::new("wide", "50,000 short chat connections", || wide(50_000)),
    Recipe::new("wide-half", "25,000 short chat connections", || wide(25_000)),
    Recipe::with_peers("huge", "200 messages of 200 KB", || huge(200)),
    Recipe::new("bomb-amp", "50 compressed messages of 10 MB: `&amp;` repeated", || bomb(50, ampersands)),
    Recipe::new("bomb-array", "50 compressed messages of 10 MB: an array of 5 M numbers", || bomb(50, array)),
    Recipe::new("bomb-objects", "50 compressed messages of 10 MB: 3.3 M empty objects", || bomb(50, objects)),
    Recipe::new("bomb-text", "50 compressed messages of 10 MB: ordinary text", || bomb(50, plain_text)),
    Recipe::new("bomb-list", "one compressed message of 9 MB: a list of users", || bomb(1, client_list)),
    Recipe::new("bomb-amp-5", "five messages of bomb-amp", || bomb(5, ampersands)),
    Recipe::new("bomb-array-5", "five messages of bomb-array", || bomb(5, array)),
    Recipe::new("bomb-objects-5", "five messages of bomb-objects", || bomb(5, objects)),
    Recipe::new("bomb-text-5", "five messages of bomb-text", || bomb(5, plain_text)),
    Recipe::new("unnamed", "100,000 equal says of an unknown user, 100,000 nameless deliveries", || unnamed(100_000)),
    Recipe::new("unnamed-half", "the half of unnamed", || unnamed(50_000)),
    Recipe::new("late", "60,000 equal says, delivered to 60,000 later connections", || late(60_000)),
    Recipe::new("late-half", "the half of late", || late(30_000)),
    Recipe::new("descending", "100,000 upgrade requests in descending TCP sequence", || descending(100_000)),
    Recipe::new("descending-half", "the half of descending", || descending(50_000)),
];

/// Messages on their way into a capture.
struct Script {
    capture: Capture,
    messages: u32,
    connections: u32,
    rng: Rng,
}

impl Script {
    fn new() -> Self {
        let capture = Capture::new(Link::Ethernet).with_pace(PACE);
        Self { capture, messages: 0, connections: 0, rng: Rng::with_seed(SEED) }
    }

    fn done(self) -> Workload {
        Workload { capture: self.capture, messages: self.messages, connections: self.connections }
    }

    /// Opens a chat connection: the handshakes of TCP and WebSocket, with the headers of a browser.
    fn open(&mut self, number: u32) -> Connection {
        self.connections += 1;
        let mut connection = Connection::between(browser(number), SocketAddr::from(SERVER));
        connection.open(&mut self.capture);
        self.upgrade(&mut connection, BROWSER_HEADERS, "");
        connection
    }

    /// The WebSocket handshake, with further header lines of the request and of the response.
    fn upgrade(&mut self, connection: &mut Connection, asks: &str, answers: &str) {
        connection.send(&mut self.capture, Side::Client, websocket::request("/", asks));
        connection.ack(&mut self.capture, Side::Server);
        connection.send(&mut self.capture, Side::Server, websocket::response(&websocket::accept(), answers));
        connection.ack(&mut self.capture, Side::Client);
    }

    /// A message of a browser, as its page writes it.
    fn ask(&mut self, connection: &mut Connection, message: &str) {
        self.messages += 1;
        connection.send(&mut self.capture, Side::Client, websocket::masked_text(message));
    }

    /// A message of the server.
    fn answer(&mut self, connection: &mut Connection, message: &Value) {
        self.answer_encoded(connection, &php::json_encode(message));
    }

    fn answer_encoded(&mut self, connection: &mut Connection, message: &str) {
        self.messages += 1;
        connection.send(&mut self.capture, Side::Server, websocket::text(message));
    }

    /// Closes a connection from the browser's side: WebSocket, then TCP.
    fn close(&mut self, connection: &mut Connection) {
        let close = Frame::new(websocket::CLOSE, 1001u16.to_be_bytes());
        connection.send(&mut self.capture, Side::Client, close.clone().masked().bytes());
        connection.send(&mut self.capture, Side::Server, close.bytes());
        self.capture.push(&connection.segment(Side::Server, FIN | ACK, []));
        self.capture.push(&connection.segment(Side::Client, FIN | ACK, []));
        connection.ack(&mut self.capture, Side::Server);
    }

    /// The server's clock.
    fn time(&self) -> String {
        let seconds = 8 * 3600 + self.capture.elapsed().as_secs();
        format!("2026-11-20 {:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
    }

    fn delivery(&self, from: u32, name: &str, to: &str, content: &str) -> Value {
        json!({"type": "say", "from_client_id": client_id(from), "from_client_name": name, "to_client_id": to,
               "content": content, "time": self.time()})
    }
}

const BROWSER_HEADERS: &str = "Pragma: no-cache\r\nCache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n\
    Accept-Encoding: gzip, deflate\r\nAccept-Language: zh-CN,zh;q=0.9,en;q=0.8\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
const DEFLATE: &str = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n";

/// The endpoint of a browser, different for each number.
fn browser(number: u32) -> SocketAddr {
    let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 1)) + number / 50_000);
    SocketAddr::from((address, 10_000 + (number % 50_000) as u16))
}

fn login_request(name: &str, room: &str) -> String {
    format!(r#"{{"type":"login","client_name":"{}","room_id":"{room}"}}"#, php::by_hand(name))
}

fn say_request(to: &str, to_name: &str, content: &str) -> String {
    let (to_name, content) = (php::by_hand(to_name), php::by_hand(content));
    format!(r#"{{"type":"say","to_client_id":"{to}","to_client_name":"{to_name}","content":"{content}"}}"#)
}

fn start() -> Workload {
    let mut script = Script::new();
    let mut connection = Connection::between(browser(0), SocketAddr::from((SERVER.0, 9)));
    connection.ack(&mut script.capture, Side::Client);
    script.done()
}

/// A user of the chat.
struct User {
    connection: Connection,
    number: u32,
    name: String,
    room: usize,
    /// When the server pings next.
    ping: Duration,
}

const USERS: usize = 100;
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// A user in four is in the second or third room.
fn room_of(user: usize) -> usize {
    if user % 4 == 3 { 1 + user / 4 % 2 } else { 0 }
}

/// A chat of at least `packets` packets. Those of a longer one begin with the same packets.
fn chat(packets: u32) -> Workload {
    let mut script = Script::new();
    let mut users: Vec<User> = Vec::new();
    for user in 0..USERS {
        enter(&mut script, &mut users, user as u32, user);
    }
    let mut logins = USERS as u32;
    while script.capture.last() < packets {
        let pause = Duration::from_micros(script.rng.u64(20_000..400_000));
        script.capture.wait(pause);
        heartbeat(&mut script, &mut users);
        let speaker = script.rng.usize(..USERS);
        match script.rng.u8(..100) {
            0 => {
                leave(&mut script, &mut users, speaker);
                enter(&mut script, &mut users, logins, speaker);
                logins += 1;
            }
            1 => {
                // The page does not escape the backslash, so this is not JSON and the server ignores it.
                let message = say_request("all", "所有人", r"it is in C:\users\me");
                script.ask(&mut users[speaker].connection, &message);
                users[speaker].connection.ack(&mut script.capture, Side::Server);
            }
            2..8 => say_privately(&mut script, &mut users, speaker),
            _ => say(&mut script, &mut users, speaker),
        }
    }
    script.done()
}

/// A user logs in, at the index that is free.
fn enter(script: &mut Script, users: &mut Vec<User>, number: u32, index: usize) {
    let (name, room) = (texts::name(number as usize), room_of(index));
    let mut connection = script.open(number);
    let id = client_id(number);
    script.ask(&mut connection, &login_request(&name, &(room + 1).to_string()));
    connection.ack(&mut script.capture, Side::Server);
    // The name in the login is escaped twice, in the list once.
    let twice = php::html(&php::html(&name));
    let mut login = json!({"type": "login", "client_id": id, "client_name": twice, "time": script.time()});
    let mut list = Map::new();
    for member in users.iter_mut().filter(|member| member.room == room) {
        list.insert(client_id(member.number), Value::from(php::html(&member.name)));
        script.answer(&mut member.connection, &login);
        member.connection.ack(&mut script.capture, Side::Client);
    }
    list.insert(id, Value::from(php::html(&name)));
    login["client_list"] = Value::from(list);
    script.answer(&mut connection, &login);
    connection.ack(&mut script.capture, Side::Client);
    let ping = script.capture.elapsed() + PING_INTERVAL;
    users.insert(index, User { connection, number, name, room, ping });
}

fn leave(script: &mut Script, users: &mut Vec<User>, index: usize) {
    let mut user = users.remove(index);
    script.close(&mut user.connection);
    let logout = json!({"type": "logout", "from_client_id": client_id(user.number),
                        "from_client_name": php::html(&user.name), "time": script.time()});
    for member in users.iter_mut().filter(|member| member.room == user.room) {
        script.answer(&mut member.connection, &logout);
        member.connection.ack(&mut script.capture, Side::Client);
    }
}

/// A say to the room: its acknowledgment, its deliveries, and an acknowledgment where the browser had nothing to send itself.
fn say(script: &mut Script, users: &mut [User], speaker: usize) {
    let content = texts::say(&mut script.rng, speaker);
    let (number, room) = (users[speaker].number, users[speaker].room);
    let name = php::html(&users[speaker].name);
    script.ask(&mut users[speaker].connection, &say_request("all", "所有人", &content));
    if script.rng.bool() {
        users[speaker].connection.ack(&mut script.capture, Side::Server);
    }
    let delivery = php::json_encode(&script.delivery(number, &name, "all", &php::html(&content)));
    for user in users.iter_mut().filter(|user| user.room == room) {
        script.answer_encoded(&mut user.connection, &delivery);
        if script.rng.u8(..100) < 17 {
            user.connection.ack(&mut script.capture, Side::Client);
        }
    }
    postpone_ping(script, &mut users[speaker]);
}

fn say_privately(script: &mut Script, users: &mut [User], speaker: usize) {
    let content = texts::say(&mut script.rng, speaker);
    let listener = (speaker + 4) % USERS;
    let to = client_id(users[listener].number);
    let (from, name, to_name) = (users[speaker].number, php::html(&users[speaker].name), users[listener].name.clone());
    script.ask(&mut users[speaker].connection, &say_request(&to, &to_name, &content));
    let to_name = php::html(&to_name);
    for (user, prefix) in [(listener, "<b>对你说: </b>".to_owned()), (speaker, format!("<b>你对{to_name}说: </b>"))]
    {
        let delivery = script.delivery(from, &name, &to, &format!("{prefix}{}", php::html(&content)));
        script.answer(&mut users[user].connection, &delivery);
        users[user].connection.ack(&mut script.capture, Side::Client);
    }
    postpone_ping(script, &mut users[speaker]);
}

/// The server pings only clients that have been silent.
fn postpone_ping(script: &Script, user: &mut User) {
    user.ping = script.capture.elapsed() + PING_INTERVAL;
}

fn heartbeat(script: &mut Script, users: &mut [User]) {
    for user in users {
        if user.ping <= script.capture.elapsed() {
            script.answer(&mut user.connection, &json!({"type": "ping"}));
            script.ask(&mut user.connection, r#"{"type":"pong"}"#);
            user.connection.ack(&mut script.capture, Side::Server);
            postpone_ping(script, user);
        }
    }
}

/// No chat: a third each of binary TCP, of HTTP and of the WebSocket of another application.
fn quiet(packets: u32) -> Workload {
    const CONNECTIONS: u32 = 40;
    let mut script = Script::new();
    let mut connections = Vec::new();
    for port in [9_001, 80, 8_080] {
        for number in 0..CONNECTIONS {
            let mut connection = Connection::between(browser(number), SocketAddr::from((SERVER.0, port)));
            connection.open(&mut script.capture);
            if port == 8_080 {
                script.upgrade(&mut connection, BROWSER_HEADERS, "");
            }
            connections.push(connection);
        }
    }
    while script.capture.last() < packets {
        let chosen = script.rng.usize(..connections.len());
        let connection = &mut connections[chosen];
        let number = script.rng.u32(..1_000_000);
        let (request, response) = match connection.server.port() {
            80 => {
                let body = format!("<p>{}</p>\n", texts::say(&mut script.rng, chosen)).repeat(8);
                let length = body.len();
                let response = format!(
                    "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\r\n{body}"
                );
                (
                    format!("GET /page/{number} HTTP/1.1\r\nHost: www.example\r\n\r\n").into_bytes(),
                    response.into_bytes(),
                )
            }
            8_080 => {
                let request = json!({"op": "subscribe", "id": number, "channel": "ticker", "content": "hi"});
                let response = json!({"channel": "ticker", "id": number, "price": 61.5, "time": script.time(),
                                      "bids": [[61.4, 3], [61.3, 12]], "note": texts::say(&mut script.rng, chosen)});
                (websocket::masked_text(request.to_string()), websocket::text(response.to_string()))
            }
            _ => {
                let length = script.rng.usize(20..400);
                let request = [&[1, 0, 0, 16][..], &number.to_be_bytes()].concat();
                (request, std::iter::repeat_with(|| script.rng.u8(..)).take(length).collect())
            }
        };
        connection.send(&mut script.capture, Side::Client, request);
        connection.ack(&mut script.capture, Side::Server);
        connection.send(&mut script.capture, Side::Server, response);
        connection.ack(&mut script.capture, Side::Client);
    }
    script.done()
}

/// Connections one after the other: handshakes, login, a say, close.
fn wide(connections: u32) -> Workload {
    let mut script = Script::new();
    for number in 0..connections {
        let name = texts::name(number as usize);
        let mut connection = log_in(&mut script, number, &name);
        let content = texts::say(&mut script.rng, number as usize);
        script.ask(&mut connection, &say_request("all", "所有人", &content));
        let delivery = script.delivery(number, &php::html(&name), "all", &php::html(&content));
        script.answer(&mut connection, &delivery);
        connection.ack(&mut script.capture, Side::Client);
        script.close(&mut connection);
    }
    script.done()
}

/// A connection whose user is alone in a room.
fn log_in(script: &mut Script, number: u32, name: &str) -> Connection {
    let mut connection = script.open(number);
    script.ask(&mut connection, &login_request(name, "1"));
    let list = Map::from_iter([(client_id(number), Value::from(php::html(name)))]);
    let result = json!({"type": "login", "client_id": client_id(number), "client_name": php::html(&php::html(name)),
                        "time": script.time(), "client_list": list});
    script.answer(&mut connection, &result);
    connection.ack(&mut script.capture, Side::Client);
    connection
}

/// Messages of 200 KB, from a browser and to it.
fn huge(messages: u32) -> Workload {
    let mut script = Script::new();
    let mut connection = log_in(&mut script, 0, "mynick");
    while script.messages < messages + 2 {
        let mut content = String::new();
        while content.len() < 200_000 {
            let user = script.rng.usize(..USERS);
            content += &texts::say(&mut script.rng, user);
            content.push('\n');
        }
        // The browser writes UTF-8, the server's escapes are longer.
        script.ask(&mut connection, &say_request("all", "所有人", &content));
        connection.ack(&mut script.capture, Side::Server);
        let end = content.char_indices().map(|(at, _)| at).find(|at| *at >= 70_000).unwrap_or(content.len());
        let delivery = script.delivery(0, "mynick", "all", &php::html(&content[..end]));
        script.answer(&mut connection, &delivery);
        connection.ack(&mut script.capture, Side::Client);
    }
    script.done()
}

/// Deliveries that are small in the capture and large once inflated.
fn bomb(messages: u32, message: fn() -> String) -> Workload {
    let mut script = Script::new();
    script.connections = 1;
    let mut connection = Connection::between(browser(0), SocketAddr::from(SERVER));
    connection.open(&mut script.capture);
    script.upgrade(&mut connection, DEFLATE, DEFLATE);
    let compressed = deflate(message().as_bytes());
    let frame = Frame::new(websocket::TEXT, compressed).compressed().bytes();
    for _ in 0..messages {
        script.messages += 1;
        connection.send(&mut script.capture, Side::Server, &frame);
        connection.ack(&mut script.capture, Side::Client);
    }
    script.done()
}

/// permessage-deflate (RFC 7692, section 7.2.1).
fn deflate(payload: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::with_capacity(payload.len());
    let mut stream = Compress::new(Compression::best(), false);
    stream.compress_vec(payload, &mut compressed, FlushCompress::Sync).expect("compress to memory");
    assert_eq!(stream.total_in(), payload.len() as u64, "all of the payload is compressed");
    compressed.truncate(compressed.len() - 4);
    compressed
}

/// A say whose member `name` has this JSON as its value.
fn say_with(name: &str, value: &str) -> String {
    format!(
        r#"{{"type":"say","from_client_id":"{}","from_client_name":"mynick","to_client_id":"all","{name}":{value},"time":"2026-11-20 08:00:00"}}"#,
        client_id(1)
    )
}

fn ampersands() -> String {
    say_with("content", &format!("\"{}\"", "&amp;".repeat(TEN_MEGABYTES / 5)))
}

fn array() -> String {
    say_with("content", &format!("[{}0]", "0,".repeat(TEN_MEGABYTES / 2)))
}

/// A list of users as the server of 2015 sent it, but of users without id and name.
fn objects() -> String {
    let users = "{},".repeat(TEN_MEGABYTES / 3);
    format!(
        r#"{{"type":"login","client_id":7,"client_name":"mynick","client_list":[{users}{{}}],"time":"2015-01-14 08:00:00"}}"#
    )
}

fn plain_text() -> String {
    say_with("content", &format!("\"{}\"", "all work and no play makes jack a dull boy ".repeat(TEN_MEGABYTES / 43)))
}

fn client_list() -> String {
    let users: Vec<String> = (0..250_000).map(|number| format!(r#""{}":"user {number}""#, client_id(number))).collect();
    format!(
        r#"{{"type":"login","client_id":"{}","client_name":"mynick","time":"2026-11-20 08:00:00","client_list":{{{}}}}}"#,
        client_id(1),
        users.join(",")
    )
}

/// Equal says on a connection that has not logged in, then as many deliveries that name no sender.
fn unnamed(count: u32) -> Workload {
    let mut script = Script::new();
    let mut connection = script.open(0);
    for _ in 0..count {
        script.ask(&mut connection, &say_request("all", "所有人", "hi,  all !"));
    }
    let delivery = json!({"type": "say", "to_client_id": "all", "content": "hi,  all !", "time": script.time()});
    for _ in 0..count {
        script.answer(&mut connection, &delivery);
    }
    script.done()
}

/// Equal says, and their deliveries to connections that began after them.
fn late(count: u32) -> Workload {
    let mut script = Script::new();
    let mut speaker = log_in(&mut script, 0, "mynick");
    for _ in 0..count {
        script.ask(&mut speaker, &say_request("all", "所有人", "hi,  all !"));
    }
    let delivery = php::json_encode(&script.delivery(0, "mynick", "all", "hi,  all !"));
    for number in 1..=count {
        let mut late = script.open(number);
        script.answer_encoded(&mut late, &delivery);
    }
    script.done()
}

/// Different upgrade requests on one connection, each before its predecessor in TCP's sequence.
fn descending(count: u32) -> Workload {
    let mut script = Script::new();
    script.connections = 1;
    let mut connection = Connection::between(browser(0), SocketAddr::from(SERVER));
    connection.open(&mut script.capture);
    let request = websocket::request("/", "");
    let first = connection.data(Side::Client, []);
    for number in (0..count).rev() {
        let key = format!("{number:022}==");
        let payload = request.replace(websocket::KEY, &key).into_bytes();
        let seq = first.seq.wrapping_add(number * payload.len() as u32);
        script.capture.push(&Segment { seq, payload, ..first.clone() });
    }
    script.done()
}
