//! The one entry of the pure part: what Wireshark sees goes in, in the order in which Wireshark dissects it; what to draw comes out.
//!
//! [`Dissector`] owns the session and decides what is learned on the first pass and what is only looked up on later ones. Bytes are read
//! by [`message`](crate::message) and [`websocket`](crate::websocket) and put into sentences by [`language`](crate::language); the modules
//! here combine them, [`segment`] for what is below the messages, [`mod@message`] for the messages.

mod message;
mod segment;

use crate::annotation::{Annotation, Layer, Value};
use crate::fields::{Field, Finding, PROTOCOL_NAME};
use crate::language::{Fact, Language};
use crate::message::{Message, read, text};
use crate::packet::{Captured, Frame, FrameTime, Position, Segment, StreamId};
use crate::session::Session;
use crate::session::connection::Connection;
use crate::websocket::frame;

/// The longest text in a column, a title or a sentence, in characters.
const MAX_LINE: usize = 160;

/// What the user chose.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The language of notes and findings.
    pub language: Language,
    /// Wireshark builds a tree; if not, findings and columns are enough.
    pub tree: bool,
    /// The preference `workermanchat.annotate_tcp`.
    pub annotate_tcp: bool,
    /// The preference `workermanchat.annotate_info`.
    pub annotate_info: bool,
}

/// A TCP segment that is being dissected.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// Its header.
    pub segment: Segment,
    /// Its captured payload.
    pub payload: &'a [u8],
    /// Whether Wireshark dissects this frame for the first time.
    pub first_pass: bool,
}

/// What to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The lines of each tree.
    pub annotations: Vec<Annotation>,
    /// The title of a message's tree.
    pub title: Option<String>,
    /// A message for the Info column, or what a handshake or ACK packet adds to it.
    pub info: Option<String>,
}

/// What data on a chat port looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Nothing that can be dissected from here.
    Other,
    /// Too short to tell.
    Short,
    /// HTTP.
    Http,
    /// An HTTP response that switches protocols.
    Upgraded,
    /// A WebSocket frame, in the middle of a connection.
    WebSocket,
}

/// Dissects one capture file.
#[derive(Debug, Default)]
pub struct Dissector {
    session: Session,
}

impl Dissector {
    /// Whether there is anything to learn from a segment or to show of it: the cheap question that comes before all others. The segment's
    /// stream need not be known yet.
    pub fn concerns(&self, segment: &Segment, payload: &[u8]) -> bool {
        self.session.concerns(segment, payload)
    }

    /// Says what data on a chat port is, where no WebSocket dissector has been given the connection.
    pub fn classify(&self, stream: StreamId, start: &[u8]) -> Start {
        const REQUEST: &[u8] = b"GET ";
        const RESPONSE: &[u8] = b"HTTP/1.";
        const UPGRADED: &[u8] = b"HTTP/1.1 101";
        match start {
            [] => Start::Other,
            _ if start.starts_with(REQUEST) => Start::Http,
            _ if start.starts_with(UPGRADED) => Start::Upgraded,
            _ if REQUEST.starts_with(start) || UPGRADED.starts_with(start) => Start::Short,
            _ if start.starts_with(RESPONSE) => Start::Http,
            _ if !self.session.is_handed_over(stream) && frame::plausible_start(start) => Start::WebSocket,
            _ => Start::Other,
        }
    }

    /// WebSocket frames that are about to be dissected: `position` is where they begin in the segment's payload, where they were
    /// neither reassembled nor decrypted.
    pub fn frames(&mut self, packet: &Packet, data: &[u8], position: Option<u32>) {
        if packet.first_pass {
            self.session.segment(&packet.segment, packet.payload);
            self.session.frames(&packet.segment, data, position);
        }
    }

    /// A message that the WebSocket dissector hands over. `index`: how many of this segment came before it. `None`: it is not the
    /// chat's.
    pub fn message(&mut self, packet: &Packet, index: u32, data: Captured, settings: &Settings) -> Option<Plan> {
        let Packet { segment, payload, first_pass } = packet;
        let document = read(data.bytes);
        let truncated = data.is_truncated();
        let message = match first_pass {
            true => {
                self.session.segment(segment, payload);
                let evidence = |side| Message::of(&document, side, truncated).evidence();
                let sender = self.session.settle_side(segment, evidence);
                let message = Message::of(&document, sender, truncated);
                self.session.message(segment, index, &message, truncated);
                message
            }
            false => Message::of(&document, self.session.side(segment), truncated),
        };
        let view = self.session.message_view(segment.stream, Position { frame: segment.at.frame, index })?;
        #[cfg(feature = "force-panic")]
        if message.value(crate::message::MemberName::Content) == Some("workermanchat:force-panic") {
            panic!("forced by a test");
        }
        Some(message::Drawing::new(&message, view, settings, data).plan(&self.session))
    }

    /// A segment whose payload has been dissected; `sources` are the data sources that this took (reassembled, decrypted). `None`: there
    /// is nothing to show of it below its messages.
    pub fn segment<'a>(
        &mut self,
        packet: &Packet,
        sources: impl IntoIterator<Item = &'a [u8]>,
        settings: &Settings,
    ) -> Option<Plan> {
        if packet.first_pass {
            self.session.segment(&packet.segment, packet.payload);
            self.session.handshake(&packet.segment, packet.payload, sources);
        }
        segment::plan(&self.session, &packet.segment, settings)
    }
}

/// The plan that reports a fault of this plugin.
pub fn internal(what: &str, is_message: bool, language: Language) -> Plan {
    let layer = if is_message { Layer::Message } else { Layer::Tcp };
    let mut annotation = Annotation::new(layer);
    let sentence = language.finding(&Fact::Internal(&text::one_line(what, MAX_LINE)));
    annotation.find(None, Finding::Internal, sentence, None);
    let line = is_message.then(|| Finding::Internal.spec().summary.to_owned());
    Plan {
        annotations: vec![annotation],
        title: line.as_ref().map(|line| format!("{PROTOCOL_NAME}, {line}")),
        info: line,
    }
}

/// A text in one printable line; `None` for an empty one.
fn printable(text: &str, max_chars: usize) -> Option<String> {
    Some(text::one_line(text, max_chars)).filter(|line| !line.is_empty())
}

/// The request that something answers, or the frame of the answer.
fn draw_links(
    layer: &mut Annotation,
    parent: Option<usize>,
    at: FrameTime,
    request: Option<FrameTime>,
    response: Option<Frame>,
) {
    if let Some(request) = request {
        layer.add(parent, Field::RequestIn, Value::Frame(request.frame));
        layer.add(parent, Field::ResponseTime, Value::Duration(at.since(request)));
    }
    if let Some(response) = response {
        layer.add(parent, Field::ResponseIn, Value::Frame(response));
    }
}

/// The user of a connection, and the room.
fn draw_identity(layer: &mut Annotation, connection: &Connection, at: Position) {
    let Some(identity) = connection.identity(at) else { return };
    layer.add(None, Field::User, Value::Text(identity.name.to_string()));
    if let Some(room) = identity.room.as_ref().and_then(|room| room.name()) {
        layer.add(None, Field::Room, Value::Text(room.to_string()));
    }
}
