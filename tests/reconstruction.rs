//! An independent reconstruction of every capture: which copy delivers which say, who is in which room, who uses which connection.
//!
//! It shares no assumption with the plugin's session: it sees the whole capture at once, works on Wireshark's own WebSocket texts
//! (without the plugin) and serde_json, and computes forwards what the server makes of a message (`htmlspecialchars`, `nl2br`,
//! the private prefixes), never backwards. Where the truth cannot be known from the capture (a login between request and result,
//! a close before its notification), either answer is right; where a connection has holes, no answer is right too.
//!
//! - *Which connection has which id*: the result with a `client_list` by id (dialect C); what is said only there and comes back
//!   under an id; private copies; logins under its name that no other connection can have; ids are given in the order of
//!   connecting (dialects A and B). Connections of one id are one client, seen before and behind a proxy.
//! - *Which say a delivery delivers*: sender's id, recipient and text fit; on each connection, in the order of saying, so that as many
//!   deliveries as possible have a say, and then with the least time between.
//! - *Which exchange a message belongs to*: a say and its deliveries to the frame of the say, the result of a login to that of its request. A say is
//!   complete with the ACK of its last delivery, once everybody has got it who is in the room.
//! - *Who is in a room*: from the result of a login until the connection ends; the server never takes a connection out of a room while it lives.

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use harness::dissection::{Dissected, dissected};
use harness::packets::{ACK, FIN, RST, SYN};
use harness::recording::{Header, Recording, reaches, recordings};
use harness::simulation::simulations;
use harness::skip::skipped;
use harness::wireshark::{Wireshark, version};
use serde_json::Value;

/// What the plugin shows wrongly today. A frame that is right fails the test, so that this list shrinks.
const KNOWN_WRONG: &[KnownWrong] = &[];

/// A capture, a field, the frames in which it is wrong, and why.
type KnownWrong = (&'static str, &'static str, &'static [u32], &'static str);

// ---- messages ----

/// A text message.
struct Message {
    frame: u32,
    /// Its number among the texts of its frame.
    index: usize,
    time: f64,
    stream: u32,
    from_client: bool,
    /// The object, if it is one.
    json: Option<Value>,
    /// Only the members before the cut are known.
    is_cut: bool,
}

impl Message {
    fn kind(&self) -> &str {
        self.json.as_ref().and_then(|json| json["type"].as_str()).unwrap_or_default()
    }

    fn is(&self, from_client: bool, kind: &str) -> bool {
        let found = self.kind();
        self.from_client == from_client && (found == kind || (kind == "login" && found == "re_login"))
    }

    /// A member by any of its names, as the server compares it: text and numbers alike.
    fn member(&self, names: &[&str]) -> Option<String> {
        let json = self.json.as_ref()?;
        names.iter().find_map(|name| json.get(name)).and_then(as_text)
    }

    fn id(&self) -> Option<String> {
        self.member(&["from_client_id", "from_uid", "client_id", "uid"])
    }

    fn to(&self) -> Option<String> {
        self.member(&["to_client_id", "to_uid"])
    }

    fn name(&self) -> Option<String> {
        self.member(&["client_name", "name"])
    }
}

/// What PHP makes of a value where it wants a string; `None` for null and where it raises an exception.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("1".to_owned()),
        Value::Bool(false) => Some(String::new()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// PHP's `htmlspecialchars`: since PHP 8.1 also of the apostrophe.
fn escaped(text: &str, apostrophes: bool) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    if apostrophes { text.replace('\'', "&#039;") } else { text }
}

/// PHP's `nl2br`.
fn with_breaks(text: &str) -> String {
    let mut broken = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\r', '\n']) {
        let end = rest[at..].starts_with("\r\n") || rest[at..].starts_with("\n\r");
        let length = if end { 2 } else { 1 };
        broken += &rest[..at];
        broken += "<br />";
        broken += &rest[at..at + length];
        rest = &rest[at + length..];
    }
    broken + rest
}

/// What the server may make of the content of a say.
fn rendered(content: Option<&Value>) -> Vec<String> {
    let text = content.map_or(Some(String::new()), |value| match value {
        Value::Null => Some(String::new()),
        other => as_text(other),
    });
    let text = text.into_iter();
    let mut all: Vec<String> =
        text.flat_map(|text| [escaped(&text, true), escaped(&text, false)].map(|text| with_breaks(&text))).collect();
    all.dedup();
    all
}

/// Which of the copies of a say a delivered content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Copy {
    Public,
    ToRecipient,
    ToSender,
}

fn copy_of(content: &str) -> (Copy, &str) {
    if let Some(said) = content.strip_prefix("<b>对你说: </b>") {
        return (Copy::ToRecipient, said);
    }
    let echo = content.strip_prefix("<b>你对").and_then(|rest| rest.split_once("说: </b>"));
    echo.map_or((Copy::Public, content), |(_, said)| (Copy::ToSender, said))
}

/// Whether a broadcast name is the one that a browser typed.
fn is_name(broadcast: &str, typed: &str) -> bool {
    [true, false].iter().any(|&apostrophes| {
        let once = escaped(typed, apostrophes);
        let twice = escaped(&once, apostrophes);
        [typed, &once, &twice].contains(&broadcast)
    })
}

fn text_messages(recording: &Recording, packets: &[Dissected]) -> Vec<Message> {
    let mut messages = Vec::new();
    for packet in packets {
        let recorded = &recording.packets[packet.frame as usize - 1];
        for (index, (is_masked, bytes)) in packet.texts.iter().enumerate() {
            messages.push(Message {
                frame: packet.frame,
                index,
                time: packet.time,
                stream: packet.stream.expect("WebSocket runs over TCP"),
                from_client: *is_masked,
                json: serde_json::from_slice(bytes).ok().filter(Value::is_object),
                is_cut: (recorded.bytes.len() as u32) < recorded.length,
            });
        }
    }
    messages
}

/// Adds the messages that Wireshark alone does not show: of a stream on port 7272 without its handshake, and of a packet that is cut, as far
/// as whole members of the object go. Only a message that begins its packet is read.
fn read_on(recording: &Recording, packets: &mut [Dissected]) {
    let headers = recording.headers();
    let known: BTreeSet<Option<u32>> =
        packets.iter().filter(|packet| !packet.texts.is_empty()).map(|packet| packet.stream).collect();
    for packet in packets.iter_mut().filter(|packet| packet.texts.is_empty()) {
        let recorded = &recording.packets[packet.frame as usize - 1];
        let Some(header) = headers[packet.frame as usize - 1] else { continue };
        let is_cut = (recorded.bytes.len() as u32) < recorded.length;
        let is_server = header.from.port() == 7272;
        if (is_server || header.to.port() == 7272) && (is_cut || !known.contains(&packet.stream)) {
            let payload = recorded.bytes.get(header.payload_at..).unwrap_or_default();
            packet.texts.extend(first_text(payload, !is_server).map(|text| (!is_server, text)));
        }
    }
}

/// The text of the WebSocket frame that begins with these bytes; of a cut one the object with the members that are whole.
fn first_text(bytes: &[u8], is_masked: bool) -> Option<Vec<u8>> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    if first != 0x81 || (second & 0x80 != 0) != is_masked {
        return None;
    }
    let (length, mut at) = match second & 0x7f {
        126 => (usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap())), 4),
        127 => return None,
        length => (usize::from(length), 2),
    };
    let mut key = [0; 4];
    if is_masked {
        key.copy_from_slice(bytes.get(at..at + 4)?);
        at += 4;
    }
    let captured = &bytes[at..bytes.len().min(at + length)];
    let mut text: Vec<u8> = captured.iter().zip(key.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    let is_whole = |text: &[u8]| serde_json::from_slice::<Value>(text).is_ok_and(|value| value.is_object());
    while !is_whole(&text) {
        // Without its last member, an object may be whole.
        let comma = text.iter().rposition(|&byte| byte == b',')?;
        text.truncate(comma);
        let closed = [&text[..], b"}"].concat();
        if is_whole(&closed) {
            return Some(closed);
        }
    }
    Some(text)
}

// ---- connections ----

/// A TCP stream with chat messages.
#[derive(Debug, Default)]
struct Stream {
    client: Option<SocketAddr>,
    first: u32,
    last: u32,
    /// The first frame that ends it.
    end: Option<u32>,
    /// The capture lacks something of it, or has it out of order or cut.
    has_holes: bool,
    id: Option<String>,
    /// Logins that the server accepts: the request's frame, its result's frame (as far as known), name and room.
    logins: Vec<Login>,
}

#[derive(Clone, Debug)]
struct Login {
    asked: u32,
    answered: Option<u32>,
    /// The number of the result among the texts of its frame.
    index: usize,
    name: String,
    room: String,
}

impl Stream {
    /// The names that the user may have in a frame: those of the last login before it and of one that is under way. The first one counts from
    /// the stream's begin.
    fn names(&self, frame: u32) -> BTreeSet<&str> {
        let done = self.logins.iter().rev().find(|login| login.answered.unwrap_or(login.asked) < frame);
        let mut names: BTreeSet<&str> =
            done.or(self.logins.first()).map(|login| login.name.as_str()).into_iter().collect();
        let is_under_way =
            |login: &&Login| login.asked <= frame && login.answered.is_none_or(|answered| answered >= frame);
        names.extend(self.logins.iter().filter(is_under_way).map(|login| login.name.as_str()));
        names
    }
}

fn streams(recording: &Recording, packets: &[Dissected], messages: &[Message]) -> BTreeMap<u32, Stream> {
    let headers = recording.headers();
    let mut streams: BTreeMap<u32, Stream> = BTreeMap::new();
    for message in messages {
        streams.entry(message.stream).or_default();
    }
    let client_ports: BTreeMap<u32, SocketAddr> = messages
        .iter()
        .filter_map(|message| {
            let header = headers[message.frame as usize - 1]?;
            Some((message.stream, if message.from_client { header.from } else { header.to }))
        })
        .collect();
    let mut next: BTreeMap<(u32, SocketAddr), u32> = BTreeMap::new();
    for packet in packets {
        let Some(stream) = packet.stream else { continue };
        let Some(entry) = streams.get_mut(&stream) else { continue };
        let recorded = &recording.packets[packet.frame as usize - 1];
        let header = headers[packet.frame as usize - 1];
        if entry.first == 0 {
            entry.first = packet.frame;
            entry.client = client_ports.get(&stream).copied();
            // A stream whose begin was not captured has a hole there.
            entry.has_holes = !header.is_some_and(|header| header.has(SYN));
        }
        entry.last = packet.frame;
        let Some(header) = header else {
            entry.has_holes = true;
            continue;
        };
        entry.has_holes |= (recorded.bytes.len() as u32) < recorded.length && header.payload > 0;
        entry.has_holes |= is_out_of_step(&mut next, stream, &header);
        if header.has(FIN) || header.has(RST) {
            entry.end.get_or_insert(packet.frame);
        }
    }
    streams
}

/// Whether a segment does not begin where the last one of its side ended, or acknowledges what was not captured.
fn is_out_of_step(next: &mut BTreeMap<(u32, SocketAddr), u32>, stream: u32, header: &Header) -> bool {
    let expected = next.get(&(stream, header.from)).copied();
    let other = next.get(&(stream, header.to)).copied();
    if header.has(SYN) || expected.is_none_or(|expected| reaches(header.end(), expected)) {
        next.insert((stream, header.from), header.end());
    }
    let is_keep_alive = header.payload <= 1 && expected.is_some_and(|expected| header.seq.wrapping_add(1) == expected);
    let is_moved = !header.has(SYN) && !header.has(RST) && expected.is_some_and(|expected| header.seq != expected);
    let unseen = header.has(ACK) && !header.has(RST) && other.is_some_and(|other| !reaches(other, header.ack));
    (is_moved && !is_keep_alive) || unseen
}

/// Finds each stream's id and logins.
fn identify(streams: &mut BTreeMap<u32, Stream>, messages: &[Message]) {
    let of = |stream: u32| messages.iter().filter(move |message| message.stream == stream);
    // A result with the list by id tells the id (dialect C).
    for (&number, stream) in streams.iter_mut() {
        let result = of(number).find(|message| message.is(false, "login") && has_keyed_list(message));
        stream.id = result.and_then(Message::id);
    }
    // What is said on one connection only, and how it comes back; a private copy names both ends.
    let numbers: Vec<u32> = streams.keys().copied().collect();
    for &number in numbers.iter() {
        if streams[&number].id.is_some() {
            continue;
        }
        let own = own_id(number, messages);
        streams.get_mut(&number).expect("a known stream").id = own;
    }
    // Ids are given in the order of connecting. What is left belongs to the connections that are left, under their names.
    let mut taken: BTreeSet<String> = streams.values().filter_map(|stream| stream.id.clone()).collect();
    for number in numbers {
        if streams[&number].id.is_some() {
            continue;
        }
        let Some(request) = of(number).find(|message| message.is(true, "login")) else { continue };
        let typed = request.name().unwrap_or_default();
        let fits = |message: &&Message| {
            message.is(false, "login")
                && message.frame > request.frame
                && message.name().is_some_and(|name| is_name(&name, &typed))
        };
        let ids: BTreeSet<u64> = of(number)
            .filter(fits)
            .filter_map(Message::id)
            .filter(|id| !taken.contains(id))
            .filter_map(|id| id.parse().ok())
            .collect();
        if let Some(id) = ids.first().map(u64::to_string) {
            taken.insert(id.clone());
            streams.get_mut(&number).expect("a known stream").id = Some(id);
        }
    }
    for (&number, stream) in streams.iter_mut() {
        stream.logins = logins(stream.id.as_deref(), &of(number).collect::<Vec<_>>());
    }
}

fn has_keyed_list(message: &Message) -> bool {
    message.json.as_ref().is_some_and(|json| json["client_list"].is_object())
}

fn own_id(stream: u32, messages: &[Message]) -> Option<String> {
    let received = messages.iter().filter(|message| message.stream == stream && message.is(false, "say"));
    for message in received {
        let content = message.member(&["content"]).unwrap_or_default();
        match copy_of(&content).0 {
            Copy::ToSender if is_private(message) => return message.id(),
            Copy::ToRecipient if is_private(message) => return message.to(),
            _ => {}
        }
    }
    let said = messages.iter().filter(|message| message.stream == stream && message.is(true, "say"));
    for say in said {
        let texts = rendered(say.json.as_ref().and_then(|json| json.get("content")));
        let same = |other: &&Message| {
            other.is(true, "say")
                && other.stream != stream
                && rendered(other.json.as_ref().and_then(|json| json.get("content"))) == texts
        };
        if messages.iter().any(|other| same(&other)) {
            continue;
        }
        let delivers = |other: &&Message| {
            let content = other.member(&["content"]).unwrap_or_default();
            other.is(false, "say")
                && other.time >= say.time - 0.05
                && texts.iter().any(|text| copy_of(&content).1 == text)
        };
        let ids: BTreeSet<String> = messages.iter().filter(delivers).filter_map(Message::id).collect();
        if ids.len() == 1 {
            return ids.into_iter().next();
        }
    }
    None
}

fn is_private(message: &Message) -> bool {
    message.to().as_deref() != Some("all")
}

/// The accepted logins of a stream: a login without a room raises an exception (but in dialect A, which has no rooms).
fn logins(id: Option<&str>, messages: &[&Message]) -> Vec<Login> {
    let mut logins: Vec<Login> = Vec::new();
    for message in messages {
        let room = message.member(&["room_id"]);
        let is_oldest = message.json.as_ref().is_some_and(|json| json.get("name").is_some());
        if message.is(true, "login") && (room.is_some() || is_oldest) {
            let (asked, name) = (message.frame, message.name().unwrap_or_default());
            logins.push(Login { asked, answered: None, index: 0, name, room: room.unwrap_or_default() });
        }
        let lists = message.json.as_ref().is_some_and(|json| json["client_list"].is_array()) || has_keyed_list(message);
        let is_a = message.json.as_ref().is_some_and(|json| json.get("uid").is_some());
        if message.is(false, "login") && message.id().as_deref() == id && (lists || is_a) {
            if let Some(login) = logins.iter_mut().find(|login| login.answered.is_none()) {
                (login.answered, login.index) = (Some(message.frame), message.index);
            }
        }
    }
    logins
}

// ---- says and deliveries ----

/// What deliveries that look alike share: stream, sender, recipient, copy and text.
type Alike = (u32, Option<String>, Option<String>, Copy, String);

/// A say: its requests (before and behind a proxy), and its deliveries with the streams that got them.
struct Say<'a> {
    requests: Vec<&'a Message>,
    deliveries: Vec<&'a Message>,
}

fn says<'a>(streams: &BTreeMap<u32, Stream>, messages: &'a [Message]) -> Vec<Say<'a>> {
    let mut says: Vec<Say> = Vec::new();
    let mut counts: BTreeMap<(u32, String), usize> = BTreeMap::new();
    let mut by_client: BTreeMap<(String, String, usize), usize> = BTreeMap::new();
    // Of a say that is cut before its content, nothing is known.
    let is_known = |message: &&Message| !message.is_cut || message.member(&["content"]).is_some();
    for request in messages.iter().filter(|message| message.is(true, "say")).filter(is_known) {
        let key = request.json.as_ref().map(Value::to_string).unwrap_or_default();
        let count = counts.entry((request.stream, key.clone())).or_default();
        *count += 1;
        let id = streams[&request.stream].id.clone().unwrap_or_else(|| format!("stream {}", request.stream));
        match by_client.get(&(id.clone(), key.clone(), *count)) {
            Some(&known) => says[known].requests.push(request),
            None => {
                by_client.insert((id, key, *count), says.len());
                says.push(Say { requests: vec![request], deliveries: Vec::new() });
            }
        }
    }
    // The deliveries of each stream, by sender, recipient, copy and text.
    let mut alike: BTreeMap<Alike, Vec<&Message>> = BTreeMap::new();
    // A delivery always has a content; without one it was cut.
    for delivery in messages.iter().filter(|message| message.is(false, "say")) {
        let Some(content) = delivery.member(&["content"]) else { continue };
        let (copy, text) = copy_of(&content);
        // Only a private say has copies with a prefix; in a public one the user typed it.
        let (copy, text) = if is_private(delivery) { (copy, text) } else { (Copy::Public, content.as_str()) };
        alike.entry((delivery.stream, delivery.id(), delivery.to(), copy, text.to_owned())).or_default().push(delivery);
    }
    for ((_, from, to, _, text), deliveries) in alike {
        let asked: Vec<usize> = (0..says.len())
            .filter(|&at| {
                let request = says[at].requests[0];
                let stream = &streams[&request.stream];
                let is_sender = stream.id.is_none() || stream.id == from;
                let json = request.json.as_ref().expect("a say is JSON");
                is_sender && request.to() == to && rendered(json.get("content")).contains(&text)
            })
            .collect();
        let times: Vec<f64> = asked.iter().map(|&at| says[at].requests[0].time).collect();
        let delivered: Vec<f64> = deliveries.iter().map(|delivery| delivery.time).collect();
        for (delivery, say) in deliveries.iter().zip(matched(&times, &delivered)) {
            if let Some(say) = say {
                says[asked[say]].deliveries.push(delivery);
            }
        }
    }
    for say in &mut says {
        say.deliveries.sort_by_key(|delivery| (delivery.frame, delivery.index));
    }
    says
}

/// For each delivery the say it delivers: in the order of both, with as few deliveries as possible without a say, and then with the least
/// time in between. A delivery may be captured up to 50 ms before its say, and arrives within a minute.
fn matched(said: &[f64], delivered: &[f64]) -> Vec<Option<usize>> {
    const WITHOUT: f64 = 1e9;
    let cost = |say: usize, delivery: usize| {
        let time = delivered[delivery] - said[say];
        ((-0.05..60.0).contains(&time)).then_some(time.max(0.0))
    };
    // best[d][s]: the least cost of the deliveries from d on with the says from s on.
    let (many, says) = (delivered.len(), said.len());
    let mut best = vec![vec![0.0; says + 1]; many + 1];
    for delivery in (0..many).rev() {
        best[delivery][says] = best[delivery + 1][says] + WITHOUT;
        for say in (0..says).rev() {
            let mut least = f64::min(best[delivery][say + 1], best[delivery + 1][say] + WITHOUT);
            if let Some(cost) = cost(say, delivery) {
                least = least.min(best[delivery + 1][say + 1] + cost);
            }
            best[delivery][say] = least;
        }
    }
    let (mut say, mut found) = (0, Vec::new());
    for delivery in 0..many {
        while say < says && best[delivery][say + 1] <= best[delivery][say] {
            say += 1;
        }
        let takes = say < says
            && cost(say, delivery).is_some_and(|cost| best[delivery + 1][say + 1] + cost <= best[delivery][say]);
        found.push(takes.then_some(say));
        if takes {
            say += 1;
        }
    }
    found
}

// ---- rooms ----

/// A client's time in a room, in frames: it may be in it from `maybe` on, is from `surely` on, may be gone at `leaving`, is at `gone`.
struct Stay {
    names: Vec<(u32, String)>,
    maybe: u32,
    surely: u32,
    leaving: u32,
    gone: u32,
}

fn stays(streams: &BTreeMap<u32, Stream>, messages: &[Message]) -> BTreeMap<(String, String), Stay> {
    let mut stays: BTreeMap<(String, String), Stay> = BTreeMap::new();
    let logout_of = |id: &str| {
        let mut logouts = messages.iter().filter(|message| message.is(false, "logout"));
        logouts.find(|message| message.id().as_deref() == Some(id)).map(|message| message.frame)
    };
    for stream in streams.values() {
        let Some(id) = &stream.id else { continue };
        let logout = logout_of(id);
        let leaving = stream.end.into_iter().chain(logout).min().unwrap_or(u32::MAX);
        for login in &stream.logins {
            let stay = stays.entry((login.room.clone(), id.clone())).or_insert(Stay {
                names: Vec::new(),
                maybe: login.asked,
                surely: login.answered.unwrap_or(u32::MAX),
                leaving,
                gone: logout.unwrap_or(u32::MAX),
            });
            stay.surely = stay.surely.min(login.answered.unwrap_or(u32::MAX));
            stay.maybe = stay.maybe.min(login.asked);
        }
        // A name counts in every room that the client is in.
        let mine: Vec<&mut Stay> = stays.iter_mut().filter(|((_, of), _)| of == id).map(|(_, stay)| stay).collect();
        for stay in mine {
            stay.names = stream.logins.iter().map(|login| (login.asked, login.name.clone())).collect();
        }
    }
    // Clients whose connections were not captured, from the lists of others.
    let known: BTreeSet<String> = streams.values().filter_map(|stream| stream.id.clone()).collect();
    for message in messages.iter().filter(|message| !message.from_client) {
        let stream = &streams[&message.stream];
        let room =
            stream.logins.iter().rev().find(|login| login.asked <= message.frame).map(|login| login.room.clone());
        let Some(room) = room else { continue };
        let mut users = listed(message);
        if message.is(false, "login") {
            // A login's own name is escaped twice.
            users.extend(message.id().zip(message.name().map(|name| unescaped(&name))));
        }
        for (id, name) in users.into_iter().filter(|(id, _)| !known.contains(id)) {
            let gone = logout_of(&id).unwrap_or(u32::MAX);
            let stay = stays.entry((room.clone(), id)).or_insert(Stay {
                names: vec![(0, unescaped(&name))],
                maybe: 0,
                surely: message.frame,
                leaving: gone,
                gone,
            });
            stay.surely = stay.surely.min(message.frame);
        }
    }
    stays
}

/// The users in a message's list, with their names as sent.
fn listed(message: &Message) -> Vec<(String, String)> {
    let Some(json) = &message.json else { return Vec::new() };
    match json.get("client_list").or_else(|| json.get("user_list")) {
        Some(Value::Object(users)) => {
            users.iter().map(|(id, name)| (id.clone(), as_text(name).unwrap_or_default())).collect()
        }
        Some(Value::Array(users)) => {
            let text = |user: &Value, names: [&str; 3]| names.iter().find_map(|name| user.get(name)).and_then(as_text);
            let user = |user: &Value| {
                Some((text(user, ["client_id", "uid", "code"])?, text(user, ["client_name", "name", "name"])?))
            };
            users.iter().filter_map(user).collect()
        }
        _ => Vec::new(),
    }
}

/// A name in a list, of a user whose login was not captured: escaped once.
fn unescaped(name: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#039;", "'"), ("&amp;", "&")];
    entities.iter().fold(name.to_owned(), |name, (entity, character)| name.replace(entity, character))
}

// ---- the comparison ----

/// What the reconstruction expects of a field: any of these lists of values.
struct Expected {
    capture: String,
    frame: u32,
    field: &'static str,
    right: Vec<Vec<String>>,
}

/// A disagreement with the plugin.
#[derive(Debug)]
struct Disagreement {
    capture: String,
    frame: u32,
    field: &'static str,
    text: String,
}

/// The disagreements, and how many labels were compared.
#[derive(Default)]
struct Comparison {
    found: Vec<Disagreement>,
    compared: usize,
    /// Says that must be shown to be complete.
    completed: usize,
}

fn check(comparison: &mut Comparison, expected: Expected, shown: &[String]) {
    comparison.compared += 1;
    let Expected { capture, frame, field, right } = expected;
    if !right.iter().any(|right| right == shown) {
        let text = format!("{capture}, frame {frame}, {field}: the plugin {shown:?}, the reconstruction {right:?}");
        comparison.found.push(Disagreement { capture, frame, field, text });
    }
}

const REQUEST_IN: &str = "request_in";
const DELIVERIES: &str = "deliveries";
const DELIVERY: &str = "delivery";
const EXCHANGE: &str = "exchange";
const COMPLETE: &str = "exchange.complete";
const MEMBERS: &str = "room.members";
const USER: &str = "user";

fn values<'a>(layer: &'a BTreeMap<String, Vec<String>>, field: &str) -> &'a [String] {
    layer.get(&format!("workermanchat.{field}")).map_or(&[], Vec::as_slice)
}

/// Compares the plugin's labels of a recording with the reconstruction.
fn compare(stock: &Wireshark, wireshark: &Wireshark, recording: &Recording) -> Comparison {
    // What is in a tunnel to the chat's port is HTTP, too.
    let mut alone = dissected(stock, recording, &["-d", "tcp.port==7272,http"]);
    read_on(recording, &mut alone);
    let with_plugin = dissected(wireshark, recording, &[]);
    let messages = text_messages(recording, &alone);
    let mut streams = streams(recording, &alone, &messages);
    identify(&mut streams, &messages);
    let says = says(&streams, &messages);
    let stays = stays(&streams, &messages);
    let layers: BTreeMap<u32, &Dissected> = with_plugin.iter().map(|packet| (packet.frame, packet)).collect();
    let texts: BTreeMap<u32, usize> = alone.iter().map(|packet| (packet.frame, packet.texts.len())).collect();
    // A frame is compared message by message where the plugin shows them all.
    let layer = |message: &Message| {
        let layers = &layers[&message.frame].layers;
        (layers.len() == texts[&message.frame]).then(|| &layers[message.index])
    };
    let listed = |message: &Message| {
        let lists = &layers[&message.frame].deliveries;
        match lists.len() == texts[&message.frame] {
            true => lists[message.index].as_slice(),
            false => &[],
        }
    };
    let expect = |frame: u32, field: &'static str, right: Vec<Vec<String>>| Expected {
        capture: recording.name.clone(),
        frame,
        field,
        right,
    };
    let mut comparison = Comparison::default();
    let is_chat = |stream: u32| {
        let mut mine = messages.iter().filter(|message| message.stream == stream);
        mine.any(|message| ["login", "re_login", "say", "logout"].contains(&message.kind()))
    };
    for message in messages.iter().filter(|message| is_chat(message.stream)) {
        let is_shown = layers[&message.frame].layers.len() >= texts[&message.frame];
        if !is_shown && !streams[&message.stream].has_holes {
            let text = format!("{}, frame {}: not every message is shown", recording.name, message.frame);
            comparison.found.push(Disagreement {
                capture: recording.name.clone(),
                frame: message.frame,
                field: "messages",
                text,
            });
        }
    }
    let any_holes = streams.values().any(|stream| stream.has_holes);
    for say in &says {
        let frames: BTreeSet<u32> = say.requests.iter().map(|request| request.frame).collect();
        for delivery in &say.deliveries {
            let Some(layer) = layer(delivery) else { continue };
            let mut right: Vec<Vec<String>> = frames.iter().map(|frame| vec![frame.to_string()]).collect();
            if streams[&delivery.stream].has_holes || streams[&say.requests[0].stream].has_holes {
                right.push(Vec::new());
            }
            check(&mut comparison, expect(delivery.frame, REQUEST_IN, right), values(layer, REQUEST_IN));
        }
        compare_request(&mut comparison, &expect, &layer, &listed, &streams, say, any_holes);
        compare_exchange(&mut comparison, &expect, &layer, &streams, say);
    }
    let headers = recording.headers();
    for say in &says {
        let complete = when_complete(&headers, &streams, &stays, say, any_holes);
        compare_completion(&mut comparison, &expect, &with_plugin, say, complete);
    }
    let delivered: BTreeSet<(u32, usize)> =
        says.iter().flat_map(|say| &say.deliveries).map(|delivery| (delivery.frame, delivery.index)).collect();
    for message in messages.iter().filter(|message| message.is(false, "say")) {
        if !delivered.contains(&(message.frame, message.index)) {
            if let Some(layer) = layer(message) {
                check(&mut comparison, expect(message.frame, REQUEST_IN, vec![vec![]]), values(layer, REQUEST_IN));
            }
        }
    }
    for (number, stream) in &streams {
        let mine: Vec<&Message> = messages.iter().filter(|message| message.stream == *number).collect();
        compare_answers(&mut comparison, &expect, &layer, stream, &mine);
        compare_members(&mut comparison, &expect, &layer, stream, &mine, &stays, any_holes);
    }
    compare_users(&mut comparison, wireshark, recording, &streams, &alone);
    comparison
}

/// A say's number of deliveries, and the list of them.
fn compare_request<'a>(
    comparison: &mut Comparison,
    expect: &impl Fn(u32, &'static str, Vec<Vec<String>>) -> Expected,
    layer: &impl Fn(&Message) -> Option<&'a BTreeMap<String, Vec<String>>>,
    listed: &impl Fn(&Message) -> &'a [BTreeMap<String, String>],
    streams: &BTreeMap<u32, Stream>,
    say: &Say,
    any_holes: bool,
) {
    let client = |delivery: &&&Message| {
        streams[&delivery.stream].id.clone().unwrap_or_else(|| format!("stream {}", delivery.stream))
    };
    let clients: BTreeSet<String> = say.deliveries.iter().map(|delivery| client(&delivery)).collect();
    let frames: BTreeSet<u32> = say.deliveries.iter().map(|delivery| delivery.frame).collect();
    let mut shown_numbers = Vec::new();
    for request in &say.requests {
        let Some(layer) = layer(request) else { continue };
        let number = values(layer, DELIVERIES);
        shown_numbers.extend(number.iter().cloned());
        let mut right = vec![vec![clients.len().to_string()]];
        // No number says nothing wrong where nobody got it, where something is missing, and at the second sight of a say.
        if clients.is_empty() || any_holes || say.requests.len() > 1 {
            right.push(Vec::new());
        }
        check(comparison, expect(request.frame, DELIVERIES, right), number);
        // The list names frames that deliver it, each client once.
        let list = listed(request);
        let frame_in = |delivery: &BTreeMap<String, String>| delivery["frame"].parse::<u32>().expect("a frame");
        let mut wrong: Vec<u32> = list.iter().map(frame_in).filter(|frame| !frames.contains(frame)).collect();
        wrong.dedup();
        let shown: Vec<String> = wrong.iter().map(u32::to_string).collect();
        check(comparison, expect(request.frame, DELIVERY, vec![vec![]]), &shown);
        for shown in list {
            let Some(delivery) = say.deliveries.iter().find(|other| other.frame == frame_in(shown)) else { continue };
            let stream = &streams[&delivery.stream];
            let ends: Vec<String> = stream.client.iter().map(SocketAddr::to_string).collect();
            check(comparison, expect(request.frame, DELIVERY, vec![ends]), &[shown["endpoint"].clone()]);
            let names = stream.names(delivery.frame);
            let user = shown.get("user");
            let is_right = user.is_some_and(|user| names.contains(user.as_str()));
            let is_named = !names.is_empty() && !stream.has_holes && names.iter().all(|name| !name.is_empty());
            if is_named && !is_right {
                check(comparison, expect(request.frame, DELIVERY, vec![]), &[format!("{user:?}")]);
            }
        }
    }
    if say.requests.len() > 1 && !any_holes && !clients.is_empty() && shown_numbers.is_empty() {
        check(comparison, expect(say.requests[0].frame, DELIVERIES, vec![vec![clients.len().to_string()]]), &[]);
    }
}

/// A say and its deliveries belong to the exchange that the say began.
fn compare_exchange<'a>(
    comparison: &mut Comparison,
    expect: &impl Fn(u32, &'static str, Vec<Vec<String>>) -> Expected,
    layer: &impl Fn(&Message) -> Option<&'a BTreeMap<String, Vec<String>>>,
    streams: &BTreeMap<u32, Stream>,
    say: &Say,
) {
    let began: Vec<String> = say.requests.iter().map(|request| request.frame.to_string()).collect();
    let has_holes = |message: &Message| streams[&message.stream].has_holes;
    for message in say.requests.iter().chain(&say.deliveries) {
        let Some(layer) = layer(message) else { continue };
        let shown = values(layer, EXCHANGE);
        let is_unknown = has_holes(message) || has_holes(say.requests[0]);
        comparison.compared += 1;
        if !is_unknown && !shown.iter().any(|frame| began.contains(frame)) {
            check(comparison, expect(message.frame, EXCHANGE, vec![began.clone()]), shown);
        }
    }
}

/// The frame with which a say is complete; `None` where that cannot be known. The second: whether it must be shown.
fn when_complete(
    headers: &[Option<Header>],
    streams: &BTreeMap<u32, Stream>,
    stays: &BTreeMap<(String, String), Stay>,
    say: &Say,
    any_holes: bool,
) -> (Option<u32>, bool) {
    let first_ack = |delivery: &&Message| {
        let sent = headers[delivery.frame as usize - 1]?;
        let acks = |header: &Header| {
            (header.from, header.to) == (sent.to, sent.from) && header.has(ACK) && reaches(header.ack, sent.end())
        };
        let later = (delivery.frame..).zip(&headers[delivery.frame as usize - 1..]);
        later.filter(|(_, header)| header.as_ref().is_some_and(acks)).map(|(frame, _)| frame).next()
    };
    let acked: Vec<Option<u32>> = say.deliveries.iter().map(first_ack).collect();
    let complete = acked.iter().copied().collect::<Option<Vec<u32>>>().and_then(|acked| acked.into_iter().max());
    let [request] = say.requests[..] else { return (complete, false) };
    let stream = &streams[&request.stream];
    let frame = request.frame;
    let is_settled = |login: &&Login| login.answered.is_some_and(|answered| answered < frame);
    let [login] = stream.logins.iter().filter(is_settled).collect::<Vec<_>>()[..] else { return (complete, false) };
    let members: Vec<&Stay> = stays
        .iter()
        .filter(|((room, _), stay)| *room == login.room && stay.maybe <= frame && frame <= stay.gone)
        .map(|(_, stay)| stay)
        .collect();
    let are_sure = members.iter().all(|stay| stay.surely < frame && frame < stay.leaving);
    let clients: BTreeSet<&Option<String>> =
        say.deliveries.iter().map(|delivery| &streams[&delivery.stream].id).collect();
    let all_got_it = clients.len() == members.len() && say.deliveries.len() == members.len();
    // A client that has logged in again, or was seen on both sides of a proxy, may be counted otherwise.
    let are_simple = streams.values().all(|stream| stream.logins.len() < 2 && stream.id.is_some());
    let ids: BTreeSet<&Option<String>> = streams.values().map(|stream| &stream.id).collect();
    // Who gets what is said while somebody enters or leaves depends on the server.
    let until = complete.unwrap_or(u32::MAX);
    let of_room = stays.iter().filter(|((room, _), _)| *room == login.room).map(|(_, stay)| stay);
    let is_still = |stay: &Stay| {
        let changes = [(stay.maybe, stay.surely), (stay.leaving, stay.gone)];
        changes.iter().all(|(first, last)| *last < frame || *first > until)
    };
    let are_simple = are_simple && of_room.into_iter().all(is_still);
    let is_public = request.to().as_deref() == Some("all");
    let must = complete.is_some()
        && is_public
        && !any_holes
        && are_sure
        && all_got_it
        && are_simple
        && ids.len() == streams.len();
    (complete, must)
}

/// A say is complete with the ACK of its last delivery.
fn compare_completion(
    comparison: &mut Comparison,
    expect: &impl Fn(u32, &'static str, Vec<Vec<String>>) -> Expected,
    packets: &[Dissected],
    say: &Say,
    (complete, must): (Option<u32>, bool),
) {
    let began: Vec<u32> = say.requests.iter().map(|request| request.frame).collect();
    let completes =
        |packet: &&Dissected| packet.exchanges.iter().any(|(frame, is_complete)| *is_complete && began.contains(frame));
    let shown: Vec<String> = packets.iter().filter(completes).map(|packet| packet.frame.to_string()).collect();
    let mut right: Vec<Vec<String>> = complete.iter().map(|frame| vec![frame.to_string()]).collect();
    if !must {
        right.push(Vec::new());
    } else {
        comparison.completed += 1;
    }
    check(comparison, expect(began[0], COMPLETE, right), &shown);
}

/// Results of logins and pongs.
fn compare_answers<'a>(
    comparison: &mut Comparison,
    expect: &impl Fn(u32, &'static str, Vec<Vec<String>>) -> Expected,
    layer: &impl Fn(&Message) -> Option<&'a BTreeMap<String, Vec<String>>>,
    stream: &Stream,
    messages: &[&Message],
) {
    let mut ping = None;
    for message in messages {
        let request = match message.kind() {
            "login" | "re_login" if !message.from_client && !message.is_cut => {
                let place = (Some(message.frame), message.index);
                let login = stream.logins.iter().find(|login| (login.answered, login.index) == place);
                Some(login.map(|login| login.asked))
            }
            "ping" if !message.from_client => {
                ping = Some(message.frame);
                None
            }
            "pong" if message.from_client => Some(ping.take()),
            _ => None,
        };
        if let (Some(request), Some(layer)) = (request, layer(message)) {
            let mut right = vec![request.map(|frame| frame.to_string()).into_iter().collect()];
            if stream.has_holes {
                right.push(Vec::new());
            }
            check(comparison, expect(message.frame, REQUEST_IN, right), values(layer, REQUEST_IN));
            let shown = values(layer, EXCHANGE);
            comparison.compared += 1;
            if let Some(began) = request.filter(|began| !shown.contains(&began.to_string())) {
                if !stream.has_holes {
                    check(comparison, expect(message.frame, EXCHANGE, vec![vec![began.to_string()]]), shown);
                }
            }
        }
        if let ("login" | "re_login", true, Some(layer)) = (message.kind(), message.from_client, layer(message)) {
            let shown = values(layer, EXCHANGE);
            if !shown.contains(&message.frame.to_string()) {
                check(comparison, expect(message.frame, EXCHANGE, vec![vec![message.frame.to_string()]]), shown);
            }
        }
    }
}

/// Who is in the room at each say.
fn compare_members<'a>(
    comparison: &mut Comparison,
    expect: &impl Fn(u32, &'static str, Vec<Vec<String>>) -> Expected,
    layer: &impl Fn(&Message) -> Option<&'a BTreeMap<String, Vec<String>>>,
    stream: &Stream,
    messages: &[&Message],
    stays: &BTreeMap<(String, String), Stay>,
    any_holes: bool,
) {
    for say in messages.iter().filter(|message| message.is(true, "say")) {
        let frame = say.frame;
        let login = stream.logins.iter().rev().find(|login| login.answered.is_some_and(|answered| answered < frame));
        let (Some(login), Some(layer)) = (login, layer(say)) else { continue };
        let is_under_way = stream
            .logins
            .iter()
            .any(|login| login.asked < frame && login.answered.is_none_or(|answered| answered >= frame));
        if is_under_way {
            continue;
        }
        let shown = values(layer, MEMBERS);
        if shown.is_empty() && any_holes {
            continue;
        }
        // A proxy's two sides are one client; the reconstruction's stays are by client already.
        let stays: Vec<&Stay> =
            stays.iter().filter(|((room, _), _)| *room == login.room).map(|(_, stay)| stay).collect();
        let surely = stays.iter().filter(|stay| stay.surely < frame && frame < stay.leaving);
        let maybe: Vec<&&Stay> = stays.iter().filter(|stay| stay.maybe <= frame && frame <= stay.gone).collect();
        let mut left: Vec<String> = shown.iter().flat_map(|line| line.split(", ")).map(str::to_owned).collect();
        let mut missing = Vec::new();
        for stay in surely {
            let names = names_of(stay, frame);
            match left.iter().position(|name| names.contains(name)) {
                Some(at) => drop(left.remove(at)),
                None => missing.push(names.join(" or ")),
            }
        }
        let possible: Vec<String> = maybe.iter().flat_map(|stay| names_of(stay, frame)).collect();
        let strange: Vec<&String> = left.iter().filter(|name| !possible.contains(name)).collect();
        let too_many = left.len() + stays.iter().filter(|stay| stay.surely < frame && frame < stay.leaving).count()
            > maybe.len() + missing.len();
        if (!missing.is_empty() && !any_holes) || !strange.is_empty() || too_many {
            let all: Vec<String> = maybe.iter().map(|stay| names_of(stay, frame).join(" or ")).collect();
            check(comparison, expect(frame, MEMBERS, vec![vec![all.join(", ")]]), shown);
        }
    }
}

/// The names that a client may have in a frame: of its last login, and of the one before it, whose result may not have come yet.
fn names_of(stay: &Stay, frame: u32) -> Vec<String> {
    let mut names: Vec<String> =
        stay.names.iter().rev().filter(|(since, _)| *since <= frame).map(|(_, name)| name.clone()).collect();
    names.truncate(2);
    if names.is_empty() {
        names.extend(stay.names.first().map(|(_, name)| name.clone()));
    }
    names
}

/// The user of every annotated frame.
fn compare_users(
    comparison: &mut Comparison,
    wireshark: &Wireshark,
    recording: &Recording,
    streams: &BTreeMap<u32, Stream>,
    alone: &[Dissected],
) {
    let (path, options) = recording.prepare(wireshark, &recording.name, &recording.packets);
    let mut arguments = vec!["-r", path.to_str().unwrap(), "-2", "-n", "-T", "json", "-e", "frame.number"];
    arguments.extend(options.iter().map(String::as_str));
    arguments.extend(["-e", "workermanchat.user", "-e", "workermanchat.phase"]);
    let output = wireshark.run_unchecked(wireshark.command("tshark").args(&arguments));
    let rows: Vec<Value> = serde_json::from_str(&output.stdout).expect("tshark -T json prints JSON");
    for (packet, row) in alone.iter().zip(&rows) {
        let layers = &row["_source"]["layers"];
        let shown = |field: &str| -> BTreeSet<String> {
            let values = layers[field].as_array().cloned().unwrap_or_default();
            values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let Some(stream) = packet.stream.and_then(|stream| streams.get(&stream)) else { continue };
        if shown("workermanchat.phase").is_empty() {
            continue;
        }
        let names = stream.names(packet.frame);
        let users: Vec<String> = shown("workermanchat.user").into_iter().collect();
        // A user whose login was not captured may be known by what it says; an empty name is nothing to show.
        if names.is_empty() && stream.has_holes {
            continue;
        }
        comparison.compared += 1;
        let is_right = match users.as_slice() {
            [] => stream.has_holes || names.is_empty() || names.contains(""),
            users => users.iter().all(|user| names.contains(user.as_str())),
        };
        if !is_right {
            let right: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let text = format!(
                "{}, frame {}, {USER}: the plugin {users:?}, the reconstruction {right:?}",
                recording.name, packet.frame
            );
            comparison.found.push(Disagreement {
                capture: recording.name.clone(),
                frame: packet.frame,
                field: USER,
                text,
            });
        }
    }
}

/// What is known to be wrong is listed for this version, and newer ones refuse a name of a protocol that stock Wireshark does not have.
const REFERENCE: &str = "4.0";

fn is_other_version() -> bool {
    let is_other = version() != REFERENCE;
    if is_other {
        skipped(&format!("the reconstruction is compared on Wireshark {REFERENCE}, and this is {}", version()));
    }
    is_other
}

#[test]
fn requests_deliveries_members_and_users_match_an_independent_reconstruction() {
    if is_other_version() {
        return;
    }
    let (stock, wireshark) = (Wireshark::without_plugin(), Wireshark::with_plugin());
    let recordings: Vec<Recording> = recordings().into_iter().chain(simulations()).collect();
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from).min(4) {
            scope.spawn(|| {
                while let Some(recording) = recordings.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let comparison = compare(&stock, &wireshark, recording);
                    results.lock().expect("no thread panicked").push(comparison);
                }
            });
        }
    });
    let results = results.into_inner().expect("no thread panicked");
    let compared: usize = results.iter().map(|comparison| comparison.compared).sum();
    let completed: usize = results.iter().map(|comparison| comparison.completed).sum();
    let mut found: Vec<Disagreement> = results.into_iter().flat_map(|comparison| comparison.found).collect();
    found.sort_by(|one, other| (&one.capture, one.frame).cmp(&(&other.capture, other.frame)));
    println!("{compared} labels compared; {completed} says must be complete");
    assert!(completed > 50, "only {completed} says must be complete");
    assert!(compared > 4000, "only {compared} labels could be compared");
    let key = |row: &Disagreement| (row.capture.clone(), row.frame, row.field);
    let rows = KNOWN_WRONG
        .iter()
        .flat_map(|&(capture, field, frames, _)| frames.iter().map(move |&frame| (capture.to_owned(), frame, field)));
    let known: BTreeSet<_> = rows.collect();
    let wrong: BTreeSet<_> = found.iter().map(key).collect();
    let new: Vec<&str> = found.iter().filter(|row| !known.contains(&key(row))).map(|row| row.text.as_str()).collect();
    assert!(new.is_empty(), "{} labels differ:\n{}", new.len(), new.join("\n"));
    let gone: Vec<_> = known.difference(&wrong).collect();
    assert!(gone.is_empty() || version() != REFERENCE, "these are right now; take them out of KNOWN_WRONG: {gone:#?}");
}

#[test]
fn every_recorded_chat_is_reconstructed() {
    if is_other_version() {
        return;
    }
    let stock = Wireshark::without_plugin();
    for name in ["chat-2015", "chat-2026", "heartbeat-2026", "wss-2026", "faults-and-rooms", "multi-address"] {
        let recordings = recordings();
        let recording = recordings.iter().find(|recording| recording.name == name).expect("the capture");
        let packets = dissected(&stock, recording, &[]);
        let messages = text_messages(recording, &packets);
        let mut streams = streams(recording, &packets, &messages);
        identify(&mut streams, &messages);
        let says = says(&streams, &messages);
        let delivered = says.iter().map(|say| say.deliveries.len()).sum::<usize>();
        let all = messages.iter().filter(|message| message.is(false, "say")).count();
        assert_eq!(delivered, all, "{name}: every delivery has a say");
        assert!(delivered > 3, "{name}: {delivered} deliveries");
        let logged_in = streams.values().filter(|stream| !stream.logins.is_empty());
        assert!(logged_in.clone().count() > 1, "{name}");
        assert!(logged_in.clone().all(|stream| stream.id.is_some()), "{name}: {:?}", streams.values());
    }
}
