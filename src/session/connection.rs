//! One TCP connection that is, or may be, the chat's: it holds the parts of the connection and the records of its frames, and passes to
//! each part what concerns it.

use std::collections::HashMap;

use super::application::{Application, Chat, Identity};
use super::bounded::Name;
use super::framing::{Data, Ending, Framing};
use super::opening::{self, Opening, Step};
use super::record::{Acknowledgment, FrameEvent, FrameRecord, Handshake, MessageRecord};
use super::transport::{self, Pending, Sent, Transport};
use crate::event::Event;
use crate::packet::{Endpoint, Frame, Position, Segment, SequenceNumber, Side, flags};

/// A TCP connection that is, or may be, a chat connection.
#[derive(Debug)]
pub struct Connection {
    client: Endpoint,
    server: Endpoint,
    /// Whether the sides are known, not guessed.
    sides_known: bool,
    /// One of its ports is the chat's by preference or Decode As.
    configured: bool,
    /// Whether the capture holds the connection's beginning.
    begun: bool,
    transport: Transport,
    opening: Opening,
    framing: Framing,
    application: Application,
    records: HashMap<Frame, FrameRecord>,
}

impl Connection {
    /// A connection first seen with this segment.
    pub fn new(segment: &Segment) -> Connection {
        let (client, server) = match guess_sender(segment) {
            Side::Client => (segment.source, segment.destination),
            Side::Server => (segment.destination, segment.source),
        };
        let syn = segment.has(flags::SYN);
        Connection {
            client,
            server,
            sides_known: syn || segment.source.chat_port != segment.destination.chat_port,
            configured: segment.is_on_chat_port(),
            begun: syn,
            transport: Transport::default(),
            opening: Opening::default(),
            framing: Framing::default(),
            application: Application::default(),
            records: HashMap::new(),
        }
    }

    /// The browser's endpoint.
    pub fn client(&self) -> Endpoint {
        self.client
    }

    /// The chat server's endpoint.
    pub fn server(&self) -> Endpoint {
        self.server
    }

    /// Whether one of its ports is the chat's by preference or Decode As.
    pub fn is_configured(&self) -> bool {
        self.configured
    }

    /// Whether the capture holds the connection's beginning.
    pub fn is_begun(&self) -> bool {
        self.begun
    }

    /// Whether anything of this connection may be shown.
    pub fn is_shown(&self) -> bool {
        self.configured || self.application.is_chat()
    }

    /// What it carries.
    pub fn application(&self) -> &Application {
        &self.application
    }

    /// The same, to change it.
    pub fn application_mut(&mut self) -> &mut Application {
        &mut self.application
    }

    /// The chat's part; `None` for a connection that is not known to be the chat's.
    pub fn chat(&self) -> Option<&Chat> {
        self.application.chat()
    }

    // --- sides --------------------------------------------------------------------------------------------------------

    /// Who sent a segment of this connection.
    pub fn side(&self, segment: &Segment) -> Side {
        if segment.source == self.client { Side::Client } else { Side::Server }
    }

    /// Whether the sides are known, not guessed.
    pub fn sides_known(&self) -> bool {
        self.sides_known
    }

    /// The sender of this segment turns out to be `side`.
    pub fn settle_sides(&mut self, segment: &Segment, side: Side) {
        self.sides_known = true;
        if self.side(segment) == side {
            return;
        }
        std::mem::swap(&mut self.client, &mut self.server);
        self.transport.swap_sides();
        self.framing.swap_sides();
        for event in self.records.values_mut().flat_map(|record| &mut record.events) {
            event.by = event.by.other();
        }
    }

    // --- records ------------------------------------------------------------------------------------------------------

    /// What is kept of a frame.
    pub fn record(&self, frame: Frame) -> Option<&FrameRecord> {
        self.records.get(&frame)
    }

    fn record_mut(&mut self, frame: Frame) -> &mut FrameRecord {
        self.records.entry(frame).or_default()
    }

    /// Whether a frame holds a message of the chat.
    pub fn holds_message(&self, frame: Frame) -> bool {
        self.record(frame).is_some_and(FrameRecord::holds_message)
    }

    /// Makes room for the frame's message of this number.
    pub fn reserve_message(&mut self, position: Position) {
        self.record_mut(position.frame).slot(position.index);
    }

    /// Keeps a message of the chat.
    pub fn enter_message(&mut self, record: MessageRecord) {
        if let Application::Chat(chat) = &mut self.application {
            chat.heard(&record.event, record.at);
        }
        let position = record.position();
        *self.record_mut(position.frame).slot(position.index) = Some(record);
    }

    /// A message of the chat, to fill in what was open.
    pub fn message_mut(&mut self, position: Position) -> Option<&mut MessageRecord> {
        self.records.get_mut(&position.frame)?.messages.get_mut(position.index as usize)?.as_mut()
    }

    /// Takes note that `frame` answers the request in frame `request` by this event.
    pub fn answer(&mut self, request: Frame, answer: &Event<Name>, frame: Frame) {
        let messages = self.records.get_mut(&request).into_iter().flat_map(|record| &mut record.messages).flatten();
        if let Some(asked) = messages.into_iter().find(|record| answer.answers(&record.event)) {
            asked.response.get_or_insert(frame);
        }
    }

    fn happened(&mut self, frame: Frame, event: Event<Name>, by: Side) {
        let events = &mut self.record_mut(frame).events;
        events.reserve_exact(1); // most frames have one
        events.push(FrameEvent { event, by });
    }

    // --- transport ----------------------------------------------------------------------------------------------------

    /// Takes in a segment's header, once a frame.
    pub fn segment(&mut self, segment: &Segment) {
        let (frame, by) = (segment.at.frame, self.side(segment));
        let outcome = self.transport.take_in(segment, by);
        for event in outcome.events {
            self.happened(frame, event, by);
        }
        for done in outcome.acknowledged {
            self.acknowledged(frame, done, transport::is_bare(segment));
        }
    }

    fn acknowledged(&mut self, by: Frame, done: Pending, is_event: bool) {
        let acks = &mut self.record_mut(by).acks;
        let ack = Acknowledgment { frame: done.frame, of: done.sent, is_event };
        if acks.last() != Some(&ack) {
            acks.reserve_exact(1);
            acks.push(ack);
        }
    }

    /// Something that the segment completes, and that ends before `end`, waits for its acknowledgment.
    fn expect_ack(&mut self, segment: &Segment, end: SequenceNumber, sent: Sent) {
        let pending = Pending { end, frame: segment.at.frame, sent };
        let by = self.side(segment);
        if let Some(earlier) = self.transport.expect_ack(by, pending) {
            if let Some(record) = self.records.get_mut(&earlier) {
                record.acks.push(Acknowledgment { frame: pending.frame, of: sent, is_event: false });
            }
        }
    }

    /// Whether the capture lacks something that the server sent after `frame`.
    pub fn lacks_answers_after(&self, frame: Frame) -> bool {
        self.transport.lacks_segments_after(Side::Server, frame)
    }

    /// The latest frame that the client sent.
    pub fn last_from_client(&self) -> Frame {
        self.transport.last_from_client()
    }

    // --- opening ------------------------------------------------------------------------------------------------------

    /// Whether nothing but TCP's handshake has been seen of an application.
    pub fn is_unopened(&self) -> bool {
        !self.opening.has_begun() && self.framing.since().is_none()
    }

    /// Whether Wireshark's HTTP dissector hands the connection to WebSocket by itself.
    pub fn is_handed_over(&self) -> bool {
        self.opening.is_handed_over()
    }

    /// Looks for the opening handshake in HTTP bytes that end with this segment; `truncated`: the capture holds only their beginning;
    /// `encrypted`: the segment carries them encrypted. Returns whether they are HTTP that is no handshake.
    pub fn http(&mut self, segment: &Segment, bytes: &[u8], truncated: bool, encrypted: bool) -> bool {
        if self.framing.since().is_some_and(|since| since < segment.at.frame) {
            return false;
        }
        match self.opening.read(segment.at, bytes, truncated) {
            Step::None => {}
            Step::Foreign => return true,
            Step::Request(handshake) => {
                self.upgrade_requested(segment);
                self.upgrade_request(segment.at.frame, handshake);
            }
            Step::CutRequest => self.upgrade_requested(segment),
            Step::Response(response) => {
                let end = self.upgrade_response(segment, bytes.len(), response);
                if !encrypted && self.framing.since().is_none() {
                    self.framing.place(self.transport.next(Side::Client), end);
                }
            }
        }
        false
    }

    fn upgrade_requested(&mut self, segment: &Segment) {
        if !self.sides_known {
            self.settle_sides(segment, Side::Client);
        }
        self.begun = true;
        self.expect_ack(segment, segment.end(), Sent::UpgradeRequest);
    }

    fn upgrade_request(&mut self, frame: Frame, handshake: Handshake) {
        self.happened(frame, Event::UpgradeRequest, Side::Client);
        self.record_mut(frame).handshake = Some(Box::new(handshake));
    }

    /// Returns the sequence number behind the response.
    fn upgrade_response(&mut self, segment: &Segment, available: usize, response: opening::Response) -> SequenceNumber {
        let opening::Response { handshake, length, reveals_request } = response;
        let frame = segment.at.frame;
        if let Some(request) = handshake.request {
            if reveals_request {
                self.upgrade_request(request.frame, Handshake::default());
            }
            if let Some(asked) = self.record_mut(request.frame).handshake.as_mut() {
                asked.response = Some(frame);
            }
        }
        let (event, sent) = match handshake.refused {
            Some(status) => (Event::UpgradeRefused(status), Sent::Refusal),
            None if handshake.accept_valid() == Some(false) => (Event::UpgradeMisaccepted, Sent::Refusal),
            None => (Event::UpgradeAccepted, Sent::UpgradeResponse),
        };
        self.happened(frame, event, Side::Server);
        // What follows the header section in the same segment is WebSocket's.
        let rest = length.filter(|_| handshake.refused.is_none()).map_or(0, |length| available.saturating_sub(length));
        self.record_mut(frame).handshake = Some(Box::new(handshake));
        let end = segment.end() - rest.min(segment.length as usize) as u32;
        self.expect_ack(segment, end, sent);
        end
    }

    // --- WebSocket ----------------------------------------------------------------------------------------------------

    /// Takes in WebSocket data that is about to be dissected: `position` is where it begins in the segment's payload, where it has
    /// not been reassembled or decrypted.
    pub fn frames(&mut self, segment: &Segment, bytes: &[u8], position: Option<u32>) {
        let (frame, by) = (segment.at.frame, self.side(segment));
        let start = position.map(|offset| segment.sequence + offset);
        for close in self.framing.take_in(frame, by, Data { bytes, start, segment_end: segment.end() }) {
            self.happened(frame, close, by);
        }
    }

    /// The end of the message that is being handed over, where its frames were seen.
    pub fn take_ending(&mut self) -> Option<Ending> {
        self.framing.take_ending()
    }

    /// A message ends before `end`, in this segment.
    pub fn message_ends(&mut self, segment: &Segment, end: SequenceNumber) {
        self.expect_ack(segment, end, Sent::Message);
    }

    // --- application --------------------------------------------------------------------------------------------------

    /// The user at a position. Before the first login that is the one who will log in, unless somebody may have used the connection
    /// before the capture began.
    pub fn identity(&self, at: Position) -> Option<&Identity> {
        let identities = self.chat()?.identities();
        match identities.partition_point(|identity| identity.since <= at) {
            0 => identities.first().filter(|_| self.begun),
            earlier => identities.get(earlier - 1),
        }
    }

    /// The user who has logged in before a position.
    pub fn logged_in(&self, at: Position) -> Option<&Identity> {
        self.identity(at).filter(|identity| identity.since <= at)
    }

    /// The first frame in which the server can have counted this connection among a room's; 0 where that is not known.
    pub fn joined(&self) -> Frame {
        let first = self.chat().and_then(|chat| chat.identities().first());
        first.map_or(Frame::default(), |identity| identity.since.frame)
    }

    /// Too many messages that are not the chat's: keeps the handshakes, forgets the rest.
    pub fn give_up(&mut self) {
        self.application = Application::Other;
        for record in self.records.values_mut() {
            record.messages = Vec::new();
        }
    }
}

/// Who sent the first segment of a connection, judged by its flags and ports.
fn guess_sender(segment: &Segment) -> Side {
    let is_client = match (segment.has(flags::SYN), segment.source.chat_port, segment.destination.chat_port) {
        (true, _, _) => !segment.has(flags::ACK),
        (_, false, true) => true,
        (_, true, false) => false,
        _ => segment.source.port >= segment.destination.port,
    };
    if is_client { Side::Client } else { Side::Server }
}
