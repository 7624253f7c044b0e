//! One TCP connection: which side is the client, how far the two handshakes have come, who acknowledges what, and the records of
//! its frames. What a chat message means to other connections is the business of [`super::chat`].

use std::collections::{HashMap, VecDeque};

use super::Segment;
use super::opening::{self, Opening, Step};
use super::record::{Acknowledged, Detail, FrameRecord, Handshake, Id, Moment, Name, PhaseRecord, Side, When};
use super::tcp::{Half, Pending, Sent, after, flags};
use super::told::Told;
use crate::fields::Phase;
use crate::message::{Sender, text};
use crate::websocket::frame::{self, Opcode};

/// Messages of a connection that has not shown the chat yet; with more of them it is another application's.
pub const MAX_UNPROVEN: usize = 16;

/// The longest reason to close, in characters: a control frame's payload has at most 125 bytes, and escapes are longer.
const MAX_REASON: usize = 300;

/// What is known of a connection's application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may yet turn out to be the chat.
    Open,
    /// A message has proven it.
    Chat,
    /// Something else.
    Other,
}

/// A user logged in on this connection.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The login request; [`Moment::START`] where it was not captured.
    pub since: Moment,
    pub name: Name,
    pub room: Option<Name>,
    pub id: Option<Id>,
}

/// A message seen before the connection had shown to be the chat.
#[derive(Debug)]
pub struct Unproven {
    pub at: When,
    pub index: u32,
    pub told: Told,
    pub masked: Option<bool>,
}

/// The end of a WebSocket message, told by its frames, before the message itself is handed over.
#[derive(Debug, Clone, Copy)]
pub struct Ending {
    /// The sequence number after its last byte.
    pub end: u32,
    pub masked: bool,
    /// Compressed and in fragments, which not every Wireshark inflates.
    pub hard_to_inflate: bool,
}

/// A TCP connection that is, or may be, a chat connection.
#[derive(Debug)]
pub struct Stream {
    pub standing: Standing,
    /// One of its ports is the chat's by preference.
    pub configured: bool,
    pub client: super::Endpoint,
    pub server: super::Endpoint,
    /// Whether the sides are known, not guessed.
    pub sides_known: bool,
    /// Whether the capture holds the connection's beginning.
    pub begun: bool,
    client_half: Half,
    server_half: Half,
    established: bool,
    pub opening: Opening,
    /// The first frame with WebSocket data; behind it, what looks like HTTP is none.
    pub websocket_since: Option<u32>,
    closed_by: Option<Side>,
    pub records: HashMap<u32, FrameRecord>,
    pub endings: VecDeque<Ending>,
    pub unproven: Vec<Unproven>,
    pub identities: Vec<Identity>,
    /// The login request that waits for its result, and its name, where that was captured.
    pub login: Option<(When, Option<Name>)>,
    pub has_asked_to_log_in: bool,
    /// The ping that waits for its pong.
    pub ping: Option<When>,
    pub last_ping: u32,
    /// The latest say of this connection that reached anybody.
    pub last_delivered: u32,
    pub last_from_server: Option<When>,
    pub last_from_client: u32,
    last_segment: u32,
}

impl Stream {
    /// A connection first seen with this segment.
    pub fn new(segment: &Segment) -> Stream {
        let from_client = guess_client(segment);
        let (client, server) = match from_client {
            true => (segment.source, segment.destination),
            false => (segment.destination, segment.source),
        };
        let syn = segment.flags & flags::SYN != 0;
        Stream {
            standing: Standing::Open,
            configured: segment.on_chat_port(),
            client,
            server,
            sides_known: syn || segment.source.chat_port != segment.destination.chat_port,
            begun: syn,
            client_half: Half::default(),
            server_half: Half::default(),
            established: false,
            opening: Opening::default(),
            websocket_since: None,
            closed_by: None,
            records: HashMap::new(),
            endings: VecDeque::new(),
            unproven: Vec::new(),
            identities: Vec::new(),
            login: None,
            has_asked_to_log_in: false,
            ping: None,
            last_ping: 0,
            last_delivered: 0,
            last_from_server: None,
            last_from_client: 0,
            last_segment: 0,
        }
    }

    pub fn client_port(&self) -> u16 {
        self.client.port
    }

    pub fn server_port(&self) -> u16 {
        self.server.port
    }

    pub fn side(&self, segment: &Segment) -> Side {
        if segment.source == self.client { Side::Client } else { Side::Server }
    }

    pub fn sender(&self, segment: &Segment) -> Sender {
        match self.side(segment) {
            Side::Client => Sender::Client,
            Side::Server => Sender::Server,
        }
    }

    /// The guess which side is the client was wrong.
    pub fn swap_sides(&mut self) {
        std::mem::swap(&mut self.client, &mut self.server);
        std::mem::swap(&mut self.client_half, &mut self.server_half);
        for phase in self.records.values_mut().flat_map(|record| &mut record.phases) {
            phase.by = phase.by.other();
        }
    }

    /// Whether anything of this connection may be shown.
    pub fn is_told(&self) -> bool {
        self.configured || self.standing == Standing::Chat
    }

    /// The user at a moment. Before the first login that is the one who will log in, unless somebody may have used the connection
    /// before the capture began.
    pub fn identity(&self, at: Moment) -> Option<&Identity> {
        let earlier = self.identities.partition_point(|identity| identity.since <= at);
        match earlier {
            0 => self.identities.first().filter(|_| self.begun),
            _ => self.identities.get(earlier - 1),
        }
    }

    /// The first frame in which the server can have counted this connection among a room's; 0 where nothing tells.
    pub fn joined(&self) -> u32 {
        self.identities.first().map_or(0, |identity| identity.since.frame)
    }

    /// Too many messages that are not the chat's: keep the handshakes, forget the rest.
    pub fn give_up(&mut self) {
        self.standing = Standing::Other;
        self.unproven = Vec::new();
        for record in self.records.values_mut() {
            record.messages = Vec::new();
        }
    }

    /// Whether the capture lacks something that the server sent after `frame`.
    pub fn lacks_answers_after(&self, frame: u32) -> bool {
        self.server_half.last_hole > frame
    }

    /// Notes that `frame` answers the request in `request`.
    pub fn answer(&mut self, request: u32, answer: Phase, frame: u32) {
        let asked = match answer {
            Phase::LoginResult => Phase::LoginRequest,
            Phase::Pong => Phase::Ping,
            _ => return,
        };
        let messages = self.records.get_mut(&request).map(|record| &mut record.messages);
        if let Some(record) = messages.into_iter().flatten().flatten().find(|record| record.phase == asked) {
            record.response.get_or_insert(frame);
        }
    }

    pub fn server_speaks(&self, phase: Phase) -> bool {
        !matches!(phase, Phase::LoginRequest | Phase::SayRequest | Phase::Pong | Phase::Unknown)
    }

    pub fn holds_message(&self, frame: u32) -> bool {
        self.records.get(&frame).is_some_and(|record| record.messages.iter().any(Option::is_some))
    }

    pub fn record(&mut self, frame: u32) -> &mut FrameRecord {
        self.records.entry(frame).or_default()
    }

    fn half(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Client => &mut self.client_half,
            Side::Server => &mut self.server_half,
        }
    }

    fn phase(&mut self, frame: u32, phase: Phase, by: Side, detail: Detail) {
        let phases = &mut self.record(frame).phases;
        phases.reserve_exact(1); // most frames have one
        phases.push(PhaseRecord { phase, by, detail });
    }

    /// Takes in a segment's header, once.
    pub fn segment(&mut self, segment: &Segment) {
        if self.last_segment == segment.at.frame {
            return;
        }
        self.last_segment = segment.at.frame;
        let (frame, by) = (segment.at.frame, self.side(segment));
        if by == Side::Client {
            self.last_from_client = frame;
        }
        if segment.flags & flags::SYN != 0 {
            self.synchronize(segment, by);
            return;
        }
        if segment.flags & flags::ACK != 0 {
            self.acknowledge(segment, by);
        }
        if segment.flags & flags::RST != 0 {
            self.phase(frame, Phase::TcpReset, by, Detail::None);
            return;
        }
        let fin = segment.flags & flags::FIN != 0;
        self.half(by).send(segment.sequence, segment.length, frame);
        if fin && !self.half(by).fin {
            let end = segment.end().wrapping_add(1);
            let half = self.half(by);
            half.fin = true;
            half.send(end.wrapping_sub(1), 1, frame);
            half.sent(Pending { end, frame, sent: Sent::Fin });
            self.phase(frame, Phase::TcpFin, by, Detail::None);
        }
    }

    fn synchronize(&mut self, segment: &Segment, by: Side) {
        let phase = if segment.flags & flags::ACK == 0 { Phase::TcpSyn } else { Phase::TcpSynAck };
        let frame = segment.at.frame;
        let half = self.half(by);
        let detail = match half.syn {
            Some((sequence, first)) if sequence == segment.sequence => Detail::Again(first),
            _ => {
                half.syn = Some((segment.sequence, frame));
                half.next = Some(segment.sequence.wrapping_add(1));
                Detail::None
            }
        };
        self.phase(frame, phase, by, detail);
    }

    fn acknowledge(&mut self, segment: &Segment, by: Side) {
        let frame = segment.at.frame;
        let bare = segment.length == 0 && segment.flags & flags::RST == 0;
        let answered = |(sequence, _): (u32, u32)| after(segment.acknowledgment, sequence);
        if by == Side::Client && !self.established && self.server_half.syn.is_some_and(answered) {
            self.established = true;
            self.phase(frame, Phase::TcpAck, by, Detail::None);
        }
        let mut acks = Vec::new();
        let mut phases: Vec<(Phase, Detail)> = Vec::new();
        for done in self.half(by.other()).acknowledge(segment.acknowledgment, frame) {
            let phase = match done.sent {
                Sent::Fin => Some(Phase::TcpFinAcked),
                Sent::UpgradeRequest => Some(Phase::UpgradeRequestAcked),
                Sent::UpgradeResponse => Some(Phase::UpgradeComplete),
                Sent::Refusal => None,
                Sent::Message => Some(Phase::MessageAcked),
            };
            let ack = Acknowledged { frame: done.frame, is_message: done.sent == Sent::Message };
            if done.sent != Sent::Fin && acks.last() != Some(&ack) {
                acks.push(ack);
            }
            let is_new = phases.last().map(|(last, _)| *last) != phase;
            if let Some(phase) = phase.filter(|_| bare && is_new) {
                phases.push((phase, Detail::Frame(done.frame)));
            }
        }
        if acks.is_empty() && phases.is_empty() {
            return;
        }
        let record = self.record(frame);
        record.acks.reserve_exact(acks.len());
        record.acks.extend(acks);
        record.phases.reserve_exact(phases.len());
        record.phases.extend(phases.into_iter().map(|(phase, detail)| PhaseRecord { phase, by, detail }));
    }

    /// Notes that something acknowledgeable ends before `end` in the segment's direction.
    pub fn sent(&mut self, segment: &Segment, end: u32, sent: Sent) {
        let (frame, by) = (segment.at.frame, self.side(segment));
        let acknowledged_in = self.half(by).sent(Pending { end, frame, sent });
        if let Some(record) = acknowledged_in.and_then(|earlier| self.records.get_mut(&earlier)) {
            record.acks.push(Acknowledged { frame, is_message: sent == Sent::Message });
        }
    }

    /// Looks for the opening handshake in HTTP bytes that end with this segment; `cut`: the capture holds only their beginning;
    /// `encrypted`: the segment carries them encrypted. Returns whether they are none of WebSocket's.
    pub fn http(&mut self, segment: &Segment, bytes: &[u8], cut: bool, encrypted: bool) -> bool {
        if self.websocket_since.is_some_and(|since| since < segment.at.frame) {
            return false;
        }
        match self.opening.read(segment.at, bytes, cut) {
            Step::None => {}
            Step::Foreign => return true,
            Step::Request(handshake) => {
                self.is_asked_by(segment);
                self.show_request(segment.at.frame, handshake);
            }
            Step::CutRequest => self.is_asked_by(segment),
            Step::Response(response) => {
                let end = self.response(segment, bytes.len(), response);
                if !encrypted && self.websocket_since.is_none() {
                    self.client_half.websocket_next = self.client_half.next;
                    self.server_half.websocket_next = Some(end);
                }
            }
        }
        false
    }

    fn is_asked_by(&mut self, segment: &Segment) {
        if !self.sides_known {
            self.sides_known = true;
            if self.side(segment) == Side::Server {
                self.swap_sides();
            }
        }
        self.begun = true;
        self.sent(segment, segment.end(), Sent::UpgradeRequest);
    }

    fn show_request(&mut self, frame: u32, handshake: Handshake) {
        self.phase(frame, Phase::UpgradeRequest, Side::Client, Detail::None);
        self.record(frame).handshake = Some(Box::new(handshake));
    }

    /// Returns the sequence number after the response.
    fn response(&mut self, segment: &Segment, available: usize, response: opening::Response) -> u32 {
        let opening::Response { handshake, length, reveals_request } = response;
        let frame = segment.at.frame;
        if let Some(request) = handshake.request {
            if reveals_request {
                self.show_request(request.frame, Handshake::default());
            }
            if let Some(asked) = self.record(request.frame).handshake.as_mut() {
                asked.response = Some(frame);
            }
        }
        let (phase, detail, sent) = match handshake.refused {
            Some(status) => (Phase::UpgradeRefused, Detail::Status(status), Sent::Refusal),
            None if handshake.accept_valid() == Some(false) => (Phase::UpgradeResponse, Detail::None, Sent::Refusal),
            None => (Phase::UpgradeResponse, Detail::None, Sent::UpgradeResponse),
        };
        self.phase(frame, phase, Side::Server, detail);
        // What follows the header section in the same segment is WebSocket's.
        let rest = length.filter(|_| handshake.refused.is_none()).map_or(0, |length| available.saturating_sub(length));
        self.record(frame).handshake = Some(Box::new(handshake));
        let end = segment.end().wrapping_sub(rest.min(segment.length as usize) as u32);
        self.sent(segment, end, sent);
        end
    }

    /// Takes in WebSocket data that is about to be dissected: `position` is where it begins in the segment's payload, where it has
    /// not been reassembled or decrypted.
    pub fn frames(&mut self, segment: &Segment, data: &[u8], position: Option<u32>) {
        self.endings.clear();
        self.websocket_since.get_or_insert(segment.at.frame);
        let by = self.side(segment);
        let start = position.map(|offset| segment.sequence.wrapping_add(offset)).or(self.half(by).websocket_next);
        let mut frames = frame::frames(data);
        while let Some(frame) = frames.next() {
            if !frame.complete {
                break;
            }
            let end = start.map(|start| start.wrapping_add(frames.offset() as u32)).unwrap_or(segment.end());
            match frame.header.opcode {
                Opcode::Close => self.close(segment, &frame, data),
                Opcode::Text | Opcode::Binary | Opcode::Continuation => self.data_frame(by, &frame.header, end),
                _ => {}
            }
            self.half(by).websocket_next = start.map(|_| end);
        }
    }

    fn data_frame(&mut self, by: Side, header: &frame::Header, end: u32) {
        let half = self.half(by);
        let continues = header.opcode == Opcode::Continuation;
        if !header.fin {
            if !continues {
                half.compressed_fragments = header.rsv & frame::COMPRESSED != 0;
            }
            return;
        }
        if !continues && header.payload_length == 0 {
            return; // an empty message is not handed over
        }
        let hard_to_inflate = continues && std::mem::take(&mut half.compressed_fragments);
        self.endings.push_back(Ending { end, masked: header.masking_key.is_some(), hard_to_inflate });
    }

    fn close(&mut self, segment: &Segment, frame: &frame::Frame, data: &[u8]) {
        let by = self.side(segment);
        let half = self.half(by);
        if half.closed {
            return;
        }
        half.closed = true;
        let phase = if self.closed_by.is_none() { Phase::Close } else { Phase::CloseReply };
        self.closed_by.get_or_insert(by);
        let start = frame.offset + frame.header.header_length;
        let mut payload = data[start..start + frame.header.payload_length as usize].to_vec();
        frame::unmask(&mut payload, frame.header.masking_key.unwrap_or_default());
        let (code, reason) = match payload.as_slice() {
            [high, low, reason @ ..] => (Some(u16::from_be_bytes([*high, *low])), String::from_utf8_lossy(reason)),
            _ => (None, "".into()),
        };
        self.phase(segment.at.frame, phase, by, Detail::Close(code, text::one_line(&reason, MAX_REASON).into()));
    }

    /// The end of the message that is being handed over, where its frames told it.
    pub fn ending(&mut self) -> Option<Ending> {
        self.endings.pop_front()
    }
}

fn guess_client(segment: &Segment) -> bool {
    let syn = segment.flags & flags::SYN != 0;
    let ack = segment.flags & flags::ACK != 0;
    match (syn, ack, segment.source.chat_port, segment.destination.chat_port) {
        (true, _, _, _) => !ack,
        (_, _, false, true) => true,
        (_, _, true, false) => false,
        _ => segment.source.port >= segment.destination.port,
    }
}
