//! Where Wireshark's calls meet the pure part: a segment or a message goes in, what to show of it comes out.
//!
//! Thin on purpose: bytes are read by [`message`](crate::message) and [`websocket`](crate::websocket), remembered by the
//! [`session`](crate::session) and worded by [`language`](crate::language); the modules here put them side by side, [`below`] for
//! what is below the messages, [`mod@message`] for the messages.

mod below;
mod message;

use crate::annotation::{Annotation, Layer, Value};
use crate::fields::{Field, Finding, PROTOCOL_NAME};
use crate::language::{Fact, Language};
use crate::message::{Message, text};
use crate::session::record::{Moment, When};
use crate::session::stream::Stream;
use crate::session::{Segment, Session};
use crate::websocket::frame;

/// The longest text in a column, a title or a sentence, in characters.
const MAX_LINE: usize = 160;

/// What the user chose.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub language: Language,
    /// Somebody looks at the tree; if not, findings and columns are enough.
    pub tree: bool,
    pub annotate_tcp: bool,
    pub annotate_info: bool,
}

/// Bytes of a packet: those captured, and how many there were.
#[derive(Debug, Clone, Copy)]
pub struct Captured<'a> {
    pub bytes: &'a [u8],
    pub reported: usize,
}

/// What to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
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
    Http,
    /// An HTTP response that switches protocols.
    Upgraded,
    /// A WebSocket frame, in the middle of a connection.
    WebSocket,
}

/// Tells what data on a chat port is, where no WebSocket dissector has been given the connection. `handed_over`: HTTP
/// does that by itself.
pub fn classify(start: &[u8], handed_over: bool) -> Start {
    const REQUEST: &[u8] = b"GET ";
    const RESPONSE: &[u8] = b"HTTP/1.";
    const UPGRADED: &[u8] = b"HTTP/1.1 101";
    match start {
        [] => Start::Other,
        _ if start.starts_with(REQUEST) => Start::Http,
        _ if start.starts_with(UPGRADED) => Start::Upgraded,
        _ if REQUEST.starts_with(start) || UPGRADED.starts_with(start) => Start::Short,
        _ if start.starts_with(RESPONSE) => Start::Http,
        _ if !handed_over && frame::plausible_start(start) => Start::WebSocket,
        _ => Start::Other,
    }
}

/// A message that the WebSocket dissector hands over. `index`: how many of this segment came before it.
pub fn message(
    session: &mut Session,
    segment: &Segment,
    index: u32,
    data: Captured,
    first_pass: bool,
    settings: &Settings,
) -> Option<Plan> {
    let sender = session.sender(segment, first_pass, |sender| Message::read(data.bytes, sender).evidence());
    let mut message = Message::read(data.bytes, sender);
    let cut = data.bytes.len() < data.reported;
    if cut {
        message.fault = None; // of what was not captured nothing can be said
    }
    if first_pass {
        session.message(segment, index, &message, cut);
    }
    let view = session.view(segment.stream, segment.at.frame, index)?;
    #[cfg(feature = "force-panic")]
    if message.value(crate::message::FieldName::Content) == Some("workermanchat:force-panic") {
        panic!("forced by a test");
    }
    Some(message::Drawing::new(&message, view, settings, data, cut).plan(session))
}

/// The annotations of a segment, below its messages.
pub fn segment(session: &Session, segment: &Segment, settings: &Settings) -> Option<Plan> {
    below::plan(session, segment, settings)
}

/// The request that something answers, or the frame of the answer.
fn draw_links(layer: &mut Annotation, parent: Option<usize>, at: When, request: Option<When>, response: Option<u32>) {
    if let Some(request) = request {
        layer.add(parent, Field::RequestIn, Value::Frame(request.frame));
        layer.add(parent, Field::ResponseTime, Value::Duration(at.time.saturating_sub(request.time)));
    }
    if let Some(response) = response {
        layer.add(parent, Field::ResponseIn, Value::Frame(response));
    }
}

fn draw_connection(layer: &mut Annotation, stream: &Stream, at: Moment) {
    let Some(identity) = stream.identity(at) else {
        return;
    };
    layer.add(None, Field::User, Value::Text(identity.name.to_string()));
    if let Some(room) = identity.room.as_deref().filter(|room| !room.is_empty()) {
        layer.add(None, Field::Room, Value::Text(room.to_owned()));
    }
}

/// The plan that tells of a fault of this plugin.
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
