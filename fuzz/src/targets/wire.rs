//! The network that a script describes, and what Wireshark makes of it: which segments there are, and which WebSocket data and messages it
//! hands to the plugin with each. It is as simple as can be: what comes behind a gap is dissected as it is, what comes again is not.

pub use super::script::CONNECTIONS;
use super::script::{Act, Script, Step};
use workermanchat::dissector::{Dissector, Start, unmasked_message};
use workermanchat::message::may_prove_chat;
use workermanchat::packet::{
    Captured, Endpoint, Frame, FrameTime, Outline, Segment, SequenceNumber, Side, StreamId, flags,
};
use workermanchat::websocket::frame::{self, Opcode, frames, unmask};
use workermanchat::websocket::handshake::accept;

const MASKING_KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
/// 2026-11-20 08:00:00 UTC, in nanoseconds since the epoch.
const START: i64 = 1_795_161_600_000_000_000;
/// Data that waits for more data is longer than this only in a capture with an error.
const LONGEST_WAIT: usize = 1 << 17;
/// Segments of a connection that can be captured again.
const REMEMBERED: usize = 4;

/// A captured segment.
#[derive(Debug, Clone)]
pub struct Packet {
    /// Its header.
    pub segment: Segment,
    /// Its captured payload.
    pub payload: Vec<u8>,
    /// Whether its HTTP came through a proxy.
    pub tunnelled: bool,
    /// What Wireshark hands over while it dissects the payload, in this order.
    pub handed_over: Vec<Data>,
    /// What it reassembled.
    pub sources: Vec<Vec<u8>>,
}

/// What Wireshark hands over.
#[derive(Debug, Clone)]
pub enum Data {
    /// WebSocket frames, on the first pass: where in the payload they begin.
    Frames(Block, Option<u32>),
    /// A message: how many of the frame came before it.
    Message(Block, u32),
}

/// Captured bytes.
#[derive(Debug, Clone)]
pub struct Block {
    /// Those captured.
    pub bytes: Vec<u8>,
    /// How many there were.
    pub reported: usize,
}

impl Block {
    /// As the plugin gets it.
    pub fn lent(&self) -> Captured<'_> {
        Captured { bytes: &self.bytes, reported: self.reported }
    }
}

impl Packet {
    /// What decides whether the plugin looks at it.
    pub fn outline(&self) -> Outline<'_> {
        let ports = (self.segment.source.port, self.segment.destination.port);
        let Segment { flags, .. } = self.segment;
        Outline { ports, flags, chat_port: self.segment.is_on_chat_port(), payload: &self.payload }
    }

    /// As the plugin gets it.
    pub fn lent(&self, first_pass: bool) -> workermanchat::dissector::Packet<'_> {
        let Packet { segment, payload, tunnelled, .. } = self;
        workermanchat::dissector::Packet { segment: *segment, payload, first_pass, tunnelled: *tunnelled }
    }

    /// The messages that Wireshark hands over with it, and how many of its frame come before each.
    pub fn messages(&self) -> impl Iterator<Item = (&Block, u32)> {
        self.handed_over.iter().filter_map(|data| match data {
            Data::Message(block, index) => Some((block, *index)),
            Data::Frames(..) => None,
        })
    }

    /// Whether Wireshark asks the plugin about a message of it.
    pub fn asks(&self, dissector: &Dissector, message: &Block) -> bool {
        let ports = (self.segment.source.port, self.segment.destination.port);
        self.segment.is_on_chat_port() || !dissector.is_other_application(ports) || may_prove_chat(&message.bytes)
    }
}

/// One direction of a connection.
#[derive(Debug, Default)]
struct Flow {
    /// The next byte that its sender sends.
    next: u32,
    /// The next byte that Wireshark expects.
    expected: Option<u32>,
    /// Data that Wireshark waits to dissect with what follows.
    pending: Vec<u8>,
    /// Payloads of the frames of a message that is not whole.
    fragments: Vec<u8>,
    /// What the next segment acknowledges less than all.
    lag: u32,
    cut: Option<usize>,
    split: Option<usize>,
    /// Data that waits to be sent.
    held: Vec<u8>,
    is_holding: bool,
    sent: Vec<(Segment, Vec<u8>)>,
}

#[derive(Debug)]
struct Connection {
    stream: StreamId,
    client: Endpoint,
    server: Endpoint,
    is_upgraded: bool,
    is_tunnelled: bool,
    flows: [Flow; 2],
}

impl Connection {
    fn new(number: u8, stream: u32, form: u8) -> Connection {
        let address = |last: u8| {
            let mut address = [0; 16];
            address[..4].copy_from_slice(&[192, 0, 2, last]);
            address
        };
        let (port, chat_port) = [(7272, true), (55151, true), (443, false), (8080, false)][usize::from(form & 3)];
        let servers = [[10, 1], [10, 1], [1, 1], [10, 2]][usize::from(form >> 2 & 3)];
        let address_length = [4, 4, 4, 16][usize::from(form >> 4 & 3)];
        let client_port = if form & 0x80 != 0 { 7272 } else { 50_000 + u16::from(number) + u16::from(form >> 6 & 1) };
        let end = |address, port, chat_port| Endpoint { address, address_length, port, chat_port };
        let mut flows = [Flow::default(), Flow::default()];
        (flows[0].next, flows[1].next) = [Side::Client, Side::Server].map(|side| first_sequence(number, side)).into();
        Connection {
            stream: StreamId(stream),
            client: end(address(servers[0]), client_port, client_port == 7272),
            server: end(address(servers[1]), port, chat_port),
            is_upgraded: false,
            is_tunnelled: false,
            flows,
        }
    }

    fn flow(&mut self, by: Side) -> &mut Flow {
        &mut self.flows[by as usize]
    }
}

/// The sequence number with which a side of a connection begins. The server's wraps soon.
pub fn first_sequence(connection: u8, side: Side) -> u32 {
    match side {
        Side::Client => 1000 * u32::from(connection),
        Side::Server => u32::MAX - 300 * u32::from(connection),
    }
}

/// The network, Wireshark in front of it, and the plugin that Wireshark asks.
#[derive(Debug)]
pub struct Wire {
    connections: [Connection; CONNECTIONS],
    streams: u32,
    frame: Option<Frame>,
    time: i64,
    is_together: bool,
    /// Messages of the frame at hand, by stream.
    numbered: Vec<StreamId>,
}

impl Wire {
    /// Nothing was captured yet.
    pub fn new() -> Wire {
        let connections = std::array::from_fn(|number| Connection::new(number as u8, number as u32, 0));
        Wire {
            connections,
            streams: CONNECTIONS as u32,
            frame: None,
            time: START,
            is_together: false,
            numbered: Vec::new(),
        }
    }

    /// Follows a script and calls `dissect` for every packet, which adds what Wireshark hands over with it.
    pub fn follow(&mut self, script: &Script, mut dissect: impl FnMut(&mut Wire, Packet)) {
        for step in script.all_steps() {
            for (segment, payload) in self.take(&step) {
                let is_tunnelled = self.connection(segment.stream).is_some_and(|connection| connection.is_tunnelled);
                let (handed_over, sources) = (Vec::new(), Vec::new());
                dissect(self, Packet { segment, payload, tunnelled: is_tunnelled, handed_over, sources });
            }
        }
    }

    fn connection(&mut self, stream: StreamId) -> Option<&mut Connection> {
        self.connections.iter_mut().find(|connection| connection.stream == stream)
    }

    /// The segments that a step captures.
    fn take(&mut self, step: &Step) -> Vec<(Segment, Vec<u8>)> {
        let number = usize::from(step.connection) % CONNECTIONS;
        let connection = &mut self.connections[number];
        let flow = connection.flow(step.by);
        let data = match &step.act {
            Act::Control(flags) => return vec![self.send(number, step.by, u16::from(*flags), Vec::new())],
            Act::Bytes(bytes) => bytes.clone(),
            Act::Frame(first, payload) => frame(*first, step.by, payload),
            Act::Message(which, who, what) => frame(0x81, step.by, message(*which, *who, *what).as_bytes()),
            Act::Request(form) => request(*form).into_bytes(),
            Act::Response(form) => response(*form).into_bytes(),
            Act::Again(back) => {
                let Some((segment, payload)) = flow.sent.iter().rev().nth(usize::from(*back) % REMEMBERED).cloned()
                else {
                    return Vec::new();
                };
                return vec![(Segment { at: self.next_frame(), ..segment }, payload)];
            }
            act => {
                self.prepare(number, step.by, act);
                return Vec::new();
            }
        };
        if std::mem::take(&mut flow.is_holding) {
            flow.held.extend(data);
            return Vec::new();
        }
        let mut first = std::mem::take(&mut flow.held);
        first.extend(data);
        let at = flow.split.take().map_or(first.len(), |at| at.min(first.len()));
        let second = first.split_off(at);
        let pieces = [first, second].into_iter().filter(|piece| !piece.is_empty());
        pieces.map(|piece| self.send(number, step.by, flags::ACK, piece)).collect()
    }

    /// What a step changes without a packet.
    fn prepare(&mut self, number: usize, by: Side, act: &Act) {
        let connection = &mut self.connections[number];
        let flow = connection.flow(by);
        match act {
            Act::Seek(distance) => flow.next = flow.next.wrapping_add_signed(*distance),
            Act::Lag(less) => flow.lag = u32::from(*less),
            Act::Cut(at) => flow.cut = Some(usize::from(*at)),
            Act::Split(at) => flow.split = Some(usize::from(*at)),
            Act::Hold => flow.is_holding = true,
            Act::Wait(microseconds) => self.time += i64::from(*microseconds) * 1000,
            Act::Together => self.is_together = self.frame.is_some(),
            Act::Tunnel => connection.is_tunnelled = !connection.is_tunnelled,
            Act::Ends(form) => {
                *connection = Connection::new(number as u8, self.streams, *form);
                self.streams += 1;
            }
            _ => {}
        }
    }

    fn next_frame(&mut self) -> FrameTime {
        if !std::mem::take(&mut self.is_together) {
            (self.frame, self.time) = (Some(Frame::of(Frame::pack(self.frame) + 1)), self.time + 1_000_000);
            self.numbered.clear();
        }
        FrameTime { frame: self.frame.unwrap_or(Frame::of(1)), time: self.time }
    }

    fn send(&mut self, number: usize, by: Side, flags: u16, mut payload: Vec<u8>) -> (Segment, Vec<u8>) {
        let at = self.next_frame();
        let connection = &mut self.connections[number];
        let acknowledged = connection.flow(by.other()).next;
        let (source, destination) = match by {
            Side::Client => (connection.client, connection.server),
            Side::Server => (connection.server, connection.client),
        };
        let stream = connection.stream;
        let flow = connection.flow(by);
        let length = payload.len() as u32;
        let acknowledgment = SequenceNumber(acknowledged) - std::mem::take(&mut flow.lag);
        let sequence = SequenceNumber(flow.next);
        let segment = Segment { at, stream, source, destination, sequence, acknowledgment, flags, length, identity: 0 };
        let controls = u32::from(segment.has(flags::SYN)) + u32::from(segment.has(flags::FIN));
        flow.next = flow.next.wrapping_add(length + controls);
        payload.truncate(flow.cut.take().unwrap_or(usize::MAX));
        if flow.sent.len() == REMEMBERED {
            flow.sent.remove(0);
        }
        flow.sent.push((segment, payload.clone()));
        (segment, payload)
    }

    /// Dissects a packet's payload as Wireshark does, and calls `hand_over` with what the plugin gets before the segment.
    pub fn dissect(
        &mut self,
        packet: &mut Packet,
        dissector: &mut Dissector,
        mut hand_over: impl FnMut(&mut Dissector, &Packet, &Data),
    ) {
        let segment = packet.segment;
        let Some(place) = self.connections.iter().position(|connection| connection.stream == segment.stream) else {
            return;
        };
        let connection = &mut self.connections[place];
        let by = if segment.source == connection.client { Side::Client } else { Side::Server };
        let is_configured = segment.is_on_chat_port();
        let Some((mut data, mut position)) = connection.flow(by).arrived(&segment, &packet.payload) else { return };
        let reported = data.len() + (segment.length as usize - packet.payload.len());
        if data.len() > packet.payload.len() {
            packet.sources.push(data.clone());
        }
        if !connection.is_upgraded {
            let Some(rest) = connection.open(by, &data, is_configured, dissector) else {
                connection.flow(by).wait_for_more(data, reported);
                return;
            };
            position = position.map(|position| position + (data.len() - rest) as u32);
            data.drain(..data.len() - rest);
        }
        let is_other_application =
            !is_configured && dissector.is_other_application((segment.source.port, segment.destination.port));
        if !connection.is_upgraded || data.is_empty() {
            return;
        }
        let missing = segment.length as usize - packet.payload.len();
        let block = Block { reported: data.len() + missing, bytes: data.clone() };
        let mut hand = |packet: &mut Packet, data: Data| {
            hand_over(dissector, packet, &data);
            packet.handed_over.push(data);
        };
        if !is_other_application {
            hand(packet, Data::Frames(block, position));
        }
        let (messages, rest) = connection.flow(by).messages(&data);
        let count = messages.len();
        let mut numbered = std::mem::take(&mut self.numbered);
        let mut number = || {
            let number = numbered.iter().filter(|stream| **stream == segment.stream).count();
            numbered.push(segment.stream);
            number as u32
        };
        for bytes in messages {
            hand(packet, Data::Message(Block { reported: bytes.len(), bytes }, number()));
        }
        if missing > 0 && !is_other_application {
            if let Some((bytes, reported)) = unmasked_message(&data, count, false) {
                let reported = usize::try_from(reported).unwrap_or(usize::MAX);
                hand(packet, Data::Message(Block { bytes, reported }, number()));
            }
        }
        self.numbered = numbered;
        let rest = data.split_off(rest);
        self.connections[place].flow(by).wait_for_more(rest, reported);
    }
}

impl Flow {
    /// The data that a segment lets Wireshark dissect, and where that begins in the payload, if all of it stands there. `None`: nothing.
    fn arrived(&mut self, segment: &Segment, payload: &[u8]) -> Option<(Vec<u8>, Option<u32>)> {
        if segment.has(flags::SYN) {
            *self = Flow { expected: Some((segment.sequence + 1).0), ..std::mem::take(self) };
            self.pending.clear();
        }
        if payload.is_empty() {
            return None;
        }
        let expected = *self.expected.get_or_insert(segment.sequence.0);
        if segment.sequence.0 != expected {
            if SequenceNumber(expected).is_after(segment.sequence) {
                return None;
            }
            self.pending.clear();
        }
        self.expected = Some(segment.end().0);
        let position = self.pending.is_empty().then_some(0);
        let mut data = std::mem::take(&mut self.pending);
        data.extend(payload);
        Some((data, position))
    }

    /// Keeps what is not whole; what is cut can never be.
    fn wait_for_more(&mut self, rest: Vec<u8>, reported: usize) {
        self.pending = rest;
        if reported > self.pending.len() && reported != self.pending.len() || self.pending.len() > LONGEST_WAIT {
            self.pending.clear();
        }
    }

    /// The messages of whole frames, and where the first frame begins that is not whole.
    fn messages(&mut self, data: &[u8]) -> (Vec<Vec<u8>>, usize) {
        let (mut messages, mut rest) = (Vec::new(), 0);
        for frame in frames(data).take_while(|frame| frame.complete) {
            let end = frame.offset + frame.header.frame_length().unwrap_or_default();
            let mut payload = data[frame.offset + frame.header.header_length..end].to_vec();
            unmask(&mut payload, frame.header.masking_key.unwrap_or_default());
            rest = end;
            match frame.header.opcode {
                Opcode::Text | Opcode::Binary => self.fragments = payload,
                Opcode::Continuation => self.fragments.extend(payload),
                _ => continue,
            }
            if frame.header.fin && !self.fragments.is_empty() {
                messages.push(std::mem::take(&mut self.fragments));
            }
        }
        if frame::header(&data[rest..]) == frame::Read::Invalid {
            rest = data.len();
        }
        (messages, rest)
    }
}

impl Connection {
    /// What comes before WebSocket. How many bytes stand behind it; `None` where it is not whole.
    fn open(&mut self, by: Side, data: &[u8], is_configured: bool, dissector: &Dissector) -> Option<usize> {
        let is_http = data.starts_with(b"GET ") || data.starts_with(b"HTTP/1.");
        if is_http {
            let end = data.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
            self.is_upgraded = by == Side::Server && data.starts_with(b"HTTP/1.1 101");
            return Some(data.len() - end);
        }
        let start = if is_configured { dissector.classify(self.stream, data) } else { Start::Other };
        self.is_upgraded = start == Start::WebSocket;
        (start != Start::Short).then_some(data.len())
    }
}

/// A frame as its sender writes it; a browser masks its frames.
fn frame(first: u8, by: Side, payload: &[u8]) -> Vec<u8> {
    let mask = if by == Side::Client { 0x80 } else { 0 };
    let mut bytes = match payload.len() {
        short @ 0..=125 => vec![first, mask | short as u8],
        long => [&[first, mask | 126], &(long.min(0xffff) as u16).to_be_bytes()[..]].concat(),
    };
    let key = if by == Side::Client { MASKING_KEY } else { [0; 4] };
    if by == Side::Client {
        bytes.extend(key);
    }
    let start = bytes.len();
    bytes.extend(payload);
    unmask(&mut bytes[start..], key);
    bytes
}

fn request(form: u8) -> String {
    let mut lines = vec![format!("GET /chat HTTP/1.{}", u8::from(form & 1 == 0)), "Host: chat.example".to_owned()];
    let more = [
        (2, "Upgrade: websocket"),
        (4, "Connection: keep-alive, Upgrade"),
        (8, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
        (16, "Sec-WebSocket-Version: 13"),
    ];
    lines.extend(more.iter().filter(|(bit, _)| form & bit == 0).map(|(_, line)| (*line).to_owned()));
    lines.join("\r\n") + "\r\n\r\n"
}

fn response(form: u8) -> String {
    let key = if form & 4 == 0 { "dGhlIHNhbXBsZSBub25jZQ==" } else { "another" };
    match form & 3 {
        0 | 1 => format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
            accept(key)
        ),
        2 => "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".to_owned(),
        _ => "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n".to_owned(),
    }
}

const NAMES: [&str; 8] = ["anna", "bob", "李雷", "&lt;b&gt;", "", "a\\u202eb", "anna", "\\u0007\\n"];
const TEXTS: [&str; 8] = ["hi", "", "好", "<b>x</b>", "a\\nb\\u0000", "hi", "&lt;i&gt;", "<a href=\\\"x\\\">"];

/// A message of the chat, in any of its dialects.
fn message(which: u8, who: u8, what: u8) -> String {
    let name = NAMES[usize::from(who & 7)];
    let (id, number) = (format!("7f00000108fd{:08x}", who & 15), who & 15);
    let (text, room, time) = (TEXTS[usize::from(what & 7)], what >> 6, "2026-11-20 08:00:00");
    let other = format!("7f00000108fd{:08x}", what >> 3 & 15);
    match which % 20 {
        0 => format!(r#"{{"type":"login","client_name":"{name}","room_id":"{room}"}}"#),
        1 => format!(
            r#"{{"type":"login","client_id":"{id}","client_name":"{name}","time":"{time}","client_list":{{"{id}":"{name}","{other}":"bob"}}}}"#
        ),
        2 => format!(r#"{{"type":"login","client_id":"{id}","client_name":"{name}","time":"{time}"}}"#),
        3 => format!(r#"{{"type":"say","to_client_id":"all","to_client_name":"所有人","content":"{text}"}}"#),
        4 => format!(r#"{{"type":"say","to_client_id":"{other}","to_client_name":"{name}","content":"{text}"}}"#),
        5 => format!(
            r#"{{"type":"say","from_client_id":"{id}","from_client_name":"{name}","to_client_id":"all","content":"{text}","time":"{time}"}}"#
        ),
        6 => format!(
            r#"{{"type":"say","from_client_id":"{id}","from_client_name":"{name}","to_client_id":"{other}","content":"<b>对你说: </b>{text}","time":"{time}"}}"#
        ),
        7 => format!(
            r#"{{"type":"say","from_client_id":"{id}","from_client_name":"{name}","to_client_id":"{other}","content":"<b>你对bob说: </b>{text}","time":"{time}"}}"#
        ),
        8 => format!(r#"{{"type":"logout","from_client_id":"{id}","from_client_name":"{name}","time":"{time}"}}"#),
        9 => r#"{"type":"ping"}"#.to_owned(),
        10 => r#"{"type":"pong"}"#.to_owned(),
        11 => format!(r#"{{"type":"login","name":"{name}"}}"#),
        12 => format!(r#"{{"type":"user_list","user_list":[{{"uid":{number},"name":"{name}"}}]}}"#),
        13 => format!(r#"{{"type":"login","uid":{number},"name":"{name}","time":"{time}"}}"#),
        14 => format!(
            r#"{{"type":"say","from_uid":{number},"from_client_name":"{name}","to_uid":"all","content":"{text}","time":"{time}"}}"#
        ),
        15 => format!(
            r#"{{"type":"login","client_id":{number},"client_name":"{name}","client_list":[{{"client_id":{number},"client_name":"{name}"}}]}}"#
        ),
        16 => format!(
            r#"{{"type":"say","from_client_id":{number},"from_client_name":"{name}","to_client_id":"all","content":"{text}","time":"{time}"}}"#
        ),
        17 => format!(
            r#"{{"type":"logout","from_client_id":{number},"from_client_name":"{name}","time":"{time}","client_list":[]}}"#
        ),
        18 => format!(r#"{{"type":"re_login","client_name":"{name}","content":"{text}"}}"#),
        _ => format!(r#"{{"type":"say","content":"{text}\x","to_client_id":"all"}}"#),
    }
}
