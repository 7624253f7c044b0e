//! The one entry of the pure part: what Wireshark sees goes in, in the order in which Wireshark dissects it; what to draw comes out.
//!
//! [`Dissector`] owns the session and decides what is learned on the first pass and what is only looked up on later ones. Bytes are read
//! by [`message`](crate::message) and [`websocket`](crate::websocket) and put into sentences by [`language`](crate::language); the modules
//! here combine them, `segment` for what is below the messages, `message` for the messages.

#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod faults;
mod message;
mod plan;
mod segment;
mod truncated;

pub use plan::{Settings, internal, internal_message, unobserved};
pub use truncated::unmasked_message;

use crate::annotation::Plan;
use crate::failpoint::failpoint;
use crate::message::own::OwnTable;
use crate::message::{Document, Evidence, LIMITS, Message, may_prove_chat, read_with};
use crate::packet::{Captured, Frame, Outline, Position, Segment, Side, StreamId};
use crate::session::Session;
use crate::websocket::start::plausible_start;
use faults::Faults;
use std::mem::take;
use std::sync::Arc;

/// A TCP segment that is being dissected.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// Its header.
    pub segment: Segment,
    /// Its captured payload.
    pub payload: &'a [u8],
    /// Whether Wireshark dissects this frame for the first time.
    pub first_pass: bool,
    /// Whether its HTTP came through a proxy, in a tunnel.
    pub tunnelled: bool,
}

/// What data on a chat port looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Nothing that can be dissected from here.
    Other,
    /// Too short to tell.
    Short,
    /// An HTTP request.
    Http,
    /// An HTTP response, to a request that was not captured.
    Response,
    /// An HTTP response that switches protocols.
    Upgraded,
    /// A WebSocket frame, in the middle of a connection.
    WebSocket,
}

/// Dissects one capture file.
///
/// ```
/// use workermanchat::annotation::Wanted;
/// use workermanchat::dissector::{Dissector, Packet, Settings};
/// use workermanchat::language::Language;
/// use workermanchat::packet::{Captured, Endpoint, Frame, FrameTime, Segment, SequenceNumber, StreamId, flags};
///
/// let payload = br#"{"type":"login","client_name":"anna","room_id":"1"}"#;
/// let browser = Endpoint { address: [127; 16], address_length: 4, port: 40_000, chat_port: false };
/// let segment = Segment {
///     at: FrameTime { frame: Frame::of(1), time: 0 },
///     stream: StreamId(0),
///     source: browser,
///     destination: Endpoint { port: 7272, chat_port: true, ..browser },
///     sequence: SequenceNumber(1),
///     acknowledgment: SequenceNumber(1),
///     flags: flags::ACK,
///     length: payload.len() as u32,
///     identity: 0,
/// };
/// let packet = Packet { segment, payload, first_pass: true, tunnelled: false };
/// let data = Captured { bytes: payload, reported: payload.len() };
/// let language = Language::English;
/// let settings = Settings { language, wanted: Wanted::ALL, annotate_tcp: true, annotate_info: true };
/// let mut dissector = Dissector::default();
/// let plan = dissector.message(&packet, 0, data, &settings).expect("a message of the chat");
/// let title = plan.title().map(|title| plan.text(title));
/// assert_eq!(title, Some("Workerman Chat, Login request: anna, room 1"));
/// ```
#[derive(Debug, Default)]
pub struct Dissector {
    session: Session,
    faults: Faults,
    /// Set while the session learns; where it stays set, a panic ended that early.
    is_learning: bool,
    /// What had been learned when the session was last finished: views ask for that for each message.
    finished_at: Option<Frame>,
    /// The last plan; its buffers serve for the next.
    plan: Plan,
}

impl Dissector {
    /// With another limit than usual of what is remembered, in bytes: for the fuzz targets, which do not fill the usual one.
    pub fn limited(bytes: usize) -> Dissector {
        Dissector { session: Session::limited(bytes), ..Dissector::default() }
    }

    /// With a table of the user's own messages.
    pub fn with_own(own: Option<Arc<OwnTable>>) -> Dissector {
        Dissector { session: Session::with_own(own), ..Dissector::default() }
    }

    /// Whether a message may prove that a connection that was found to be another application's is the chat's after all.
    pub fn may_prove_chat(&self, message: &[u8]) -> bool {
        self.session.own().is_some() || may_prove_chat(message)
    }

    /// Whether there is anything to learn from a segment or to show of it: the cheap question that comes before all others.
    pub fn concerns(&self, outline: &Outline) -> bool {
        self.session.concerns(outline) || self.faults.len() > 0
    }

    /// Whether the connection between these ports was found to be another application's: only a message that [may prove the
    /// chat](crate::message::may_prove_chat) needs to be read.
    pub fn is_other_application(&self, ports: (u16, u16)) -> bool {
        self.session.is_other_application(ports)
    }

    /// Of how many pairs of ports a segment may concern anybody, apart from those that [begin a connection](Dissector::concerns).
    pub fn watched(&self) -> usize {
        self.session.watched() + self.faults.len()
    }

    /// Says what data on a chat port is, where no WebSocket dissector has been given the connection.
    pub fn classify(&self, stream: StreamId, start: &[u8]) -> Start {
        const REQUEST: &[u8] = b"GET ";
        const RESPONSE: &[u8] = b"HTTP/1.";
        const UPGRADED: &[u8] = b"HTTP/1.1 101";
        failpoint!("dissector::classify");
        match start {
            [] => Start::Other,
            _ if start.starts_with(REQUEST) => Start::Http,
            _ if start.starts_with(UPGRADED) => Start::Upgraded,
            _ if REQUEST.starts_with(start) || UPGRADED.starts_with(start) => Start::Short,
            _ if start.starts_with(RESPONSE) => Start::Response,
            _ if !self.session.is_handed_over(stream) && plausible_start(start, LIMITS.length) => Start::WebSocket,
            _ => Start::Other,
        }
    }

    /// WebSocket frames that are about to be dissected: `position` is where they begin in the segment's payload, where they were
    /// neither reassembled nor decrypted.
    pub fn frames(&mut self, packet: &Packet, data: Captured, position: Option<u32>) {
        if packet.first_pass && self.session.has_room_for(&packet.segment) {
            (self.is_learning, self.finished_at) = (true, None);
            self.session.segment(&packet.segment, packet.payload);
            self.session.frames(&packet.segment, packet.payload, data, position);
            self.is_learning = false;
        }
    }

    /// How many messages were put together here.
    pub fn assembled_count(&self) -> u32 {
        self.session.assembled_count()
    }

    /// The message of this number, where it was put together here: whatever the WebSocket dissector hands over is not this one.
    pub fn assembled(&mut self, packet: &Packet, index: u32) -> Option<&[u8]> {
        let Packet { segment, first_pass, .. } = packet;
        if *first_pass && self.session.has_room_for(segment) {
            self.session.keep_assembled(segment, index);
        }
        self.session.assembled(segment.stream, Position { frame: segment.at.frame, index })
    }

    /// A message that the WebSocket dissector hands over. `index`: how many of this frame and stream came before it. `None`: it is not the
    /// chat's.
    pub fn message(&mut self, packet: &Packet, index: u32, data: Captured, settings: &Settings) -> Option<&Plan> {
        let Packet { segment, first_pass, .. } = packet;
        let position = Position { frame: segment.at.frame, index };
        if let Some(what) = self.faults.of_message(segment.stream, position) {
            internal_message(&mut self.plan, what, settings.language);
            return Some(&self.plan);
        }
        let truncated = data.is_truncated();
        let is_remembered = match first_pass {
            true => self.session.has_room_for(segment),
            false => !self.session.is_full_at(segment.at.frame),
        };
        let (document, mut alone, own);
        let (session, message, view) = if is_remembered && !first_pass {
            self.session.finish();
            let view = self.session.message_view(segment.stream, position)?;
            document = read_with(data.bytes, self.session.own());
            (&self.session, Message::of(&document, self.session.side(segment), truncated), view)
        } else {
            self.is_learning = is_remembered;
            own = self.session.shared_own(); // the message borrows from it while the session changes
            document = read_with(data.bytes, own.as_deref());
            let session = match is_remembered {
                true => &mut self.session,
                false => {
                    alone = self.session.for_one_message(segment, false);
                    &mut alone
                }
            };
            let learned = learn(session, packet, index, &document, truncated);
            self.is_learning = false;
            let (session, message) = (&*session, learned?);
            let Some(view) = session.message_view(segment.stream, position) else {
                let taps = settings.wanted.tap_events && is_remembered && session.is_unsettled(segment.stream);
                let mut alone = taps.then(|| session.for_one_message(segment, true))?;
                alone.message(segment, index, &message);
                let view = alone.message_view(segment.stream, position)?;
                self.plan.clear();
                message::Drawing::new(&message, view, settings, data, true).draw(&mut self.plan, &alone);
                self.plan.decline(); // a view learns of it: it may turn out to be the chat's
                return Some(&self.plan);
            };
            (session, message, view)
        };
        self.plan.clear();
        message::Drawing::new(&message, view, settings, data, *first_pass).draw(&mut self.plan, session);
        Some(&self.plan)
    }

    /// A fault of this plugin, of which the frame tells from here on.
    pub fn failed(&mut self, frame: Frame, what: &str) {
        self.faults.add_segment(frame, what.to_owned());
    }

    /// A fault of this plugin in a segment, which may not have been learned.
    pub fn failed_segment(&mut self, segment: &Segment, what: &str) {
        self.failed(segment.at.frame, what);
        self.pass_over_once(segment);
    }

    /// A fault of this plugin in a message, which may not have been learned.
    pub fn failed_message(&mut self, segment: &Segment, index: u32, what: &str) {
        let position = Position { frame: segment.at.frame, index };
        self.faults.add_message(segment.stream, position, what.to_owned());
        self.pass_over_once(segment);
    }

    fn pass_over_once(&mut self, segment: &Segment) {
        if take(&mut self.is_learning) {
            self.pass_over(segment);
        }
    }

    /// What a segment carries was not learned, or not all of it.
    pub fn pass_over(&mut self, segment: &Segment) {
        self.session.pass_over(segment);
    }

    /// What the capture taught so far.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The capture is at its end: what later frames would not contradict is settled.
    pub fn finish(&mut self) {
        let learned = self.session.learned();
        if learned.is_none() || self.finished_at != learned {
            self.finished_at = learned;
            self.session.finish();
        }
    }

    /// A segment whose payload has been dissected; `sources` are the data sources that this took (reassembled, decrypted). `None`: there
    /// is nothing to show of it below its messages.
    pub fn segment<'a>(
        &mut self,
        packet: &Packet,
        sources: impl IntoIterator<Item = &'a [u8]>,
        settings: &Settings,
    ) -> Option<&Plan> {
        if !packet.first_pass {
            self.session.finish();
        } else if self.session.has_room_for(&packet.segment) {
            (self.is_learning, self.finished_at) = (true, None);
            self.session.segment(&packet.segment, packet.payload);
            self.session.handshake(&packet.segment, packet.payload, sources);
            self.session.look_back(&packet.segment);
            self.is_learning = false;
        }
        self.plan.clear();
        let Packet { segment, payload, tunnelled, .. } = packet;
        let mut is_shown = segment::draw(&mut self.plan, &self.session, segment, payload, *tunnelled, settings);
        if let Some(what) = self.faults.of_segment(packet.segment.at.frame) {
            internal(&mut self.plan, what, settings.language);
            is_shown = true;
        }
        is_shown.then_some(&self.plan)
    }
}

/// Plans again what to draw of a segment, for a view that shows it when all of the capture is known; `is_tunnelled`: it came through a proxy.
/// Returns whether there is anything.
pub fn redraw_segment(
    plan: &mut Plan,
    session: &Session,
    segment: &Segment,
    is_tunnelled: bool,
    settings: &Settings,
) -> bool {
    plan.clear();
    session.frame(segment).is_some() && segment::draw(plan, session, segment, &[], is_tunnelled, settings)
}

/// Plans again what to draw of a message. Returns whether there is anything: not of one that is not the chat's.
pub fn redraw_message(
    plan: &mut Plan,
    session: &Session,
    segment: &Segment,
    index: u32,
    data: Captured,
    settings: &Settings,
) -> bool {
    plan.clear();
    let position = Position { frame: segment.at.frame, index };
    let Some(view) = session.message_view(segment.stream, position) else { return false };
    let document = read_with(data.bytes, session.own());
    let message = Message::of(&document, session.side(segment), data.is_truncated());
    message::Drawing::new(&message, view, settings, data, false).draw(plan, session);
    true
}

/// Learns from a message, on the first pass. `None`: it is one more of another application.
fn learn<'d>(
    session: &mut Session,
    packet: &Packet,
    index: u32,
    document: &'d Document<'d>,
    truncated: bool,
) -> Option<Message<'d>> {
    let Packet { segment, payload, .. } = packet;
    session.segment(segment, payload);
    if session.belongs_to_other_application(segment)
        && [Side::Client, Side::Server]
            .iter()
            .all(|side| Message::of(document, *side, truncated).evidence() != Evidence::Dialect)
    {
        return None;
    }
    let by = session.settle_side(segment, |side| Message::of(document, side, truncated).evidence());
    let message = Message::of(document, by, truncated);
    session.message(segment, index, &message);
    session.segment(segment, payload); // again: a connection may be watched only since its message
    Some(message)
}
