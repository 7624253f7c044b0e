//! What is drawn, and what the drawings of messages and segments have in common.

use crate::annotation::{Annotation, Layer, Value};
use crate::event::Event;
use crate::fields::{Field, Finding, PROTOCOL_NAME};
use crate::language::{Fact, Language, Note};
use crate::message::text;
use crate::packet::{Frame, FrameTime, Side};
use crate::session::User;
use crate::session::connection::Connection;

/// The longest text in a column, a title or a sentence, in characters.
pub const MAX_LINE: usize = 160;

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

/// The plan that reports a fault of this plugin.
pub fn internal(what: &str, is_message: bool, language: Language) -> Plan {
    let layer = if is_message { Layer::Message } else { Layer::Tcp };
    let mut annotation = Annotation::new(layer);
    let sentence = language.finding(&Fact::Internal(&text::one_line(what, MAX_LINE)));
    annotation.add_finding(None, Finding::Internal, sentence, None);
    let line = is_message.then(|| Finding::Internal.spec().summary.to_owned());
    Plan {
        annotations: vec![annotation],
        title: line.as_ref().map(|line| format!("{PROTOCOL_NAME}, {line}")),
        info: line,
    }
}

/// A text in one printable line; `None` for an empty one.
pub fn printable(text: &str, max_chars: usize) -> Option<String> {
    Some(text::one_line(text, max_chars)).filter(|line| !line.is_empty())
}

/// The note of an event on a connection. `text`: of a say, what is said, in one printable line.
pub fn note(connection: &Connection, event: Event<&str>, by: Side, text: &str, language: Language) -> String {
    let printable = event.filter_map(|text| printable(text, MAX_LINE));
    language.note(Note {
        event: printable.filter_map(|text| Some(text.as_str())),
        text,
        by,
        client_port: connection.client().port,
        server_port: connection.server().port,
    })
}

/// The request that something answers, or the frame of the answer.
pub fn draw_links(
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
pub fn draw_identity(layer: &mut Annotation, user: Option<User>) {
    let Some(user) = user else { return };
    layer.add(None, Field::User, Value::Text(user.name.to_string()));
    if let Some(room) = user.room {
        layer.add(None, Field::Room, Value::Text(room.to_string()));
    }
}
