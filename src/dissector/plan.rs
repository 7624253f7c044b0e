//! What the drawings of messages and segments have in common.

use crate::annotation::{Layer, Plan, Tree, Value, Wanted};
use crate::event::Event;
use crate::fields::{Field, Finding, PROTOCOL_NAME};
use crate::language::{Fact, Language, Note};
use crate::message::text;
use crate::packet::{Frame, FrameTime, Side};
use crate::session::User;
use crate::session::connection::Connection;
use std::borrow::Cow;

/// The longest text in a column, a title or a sentence, in characters.
pub const MAX_LINE: usize = 160;

/// What the user chose, and what Wireshark looks at.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The language of notes and findings.
    pub language: Language,
    /// What is looked at in this packet.
    pub wanted: Wanted,
    /// The preference `workermanchat.annotate_tcp`.
    pub annotate_tcp: bool,
    /// The preference `workermanchat.annotate_info`.
    pub annotate_info: bool,
}

/// Plans the report of a fault of this plugin.
pub fn internal(plan: &mut Plan, what: &str, is_message: bool, language: Language) {
    plan.clear();
    let layer = if is_message { Layer::Message } else { Layer::Tcp };
    let sentence = language.finding(&Fact::Internal(&text::line(what, MAX_LINE)));
    plan.tree(layer, Wanted::ALL).finding(None, Finding::Internal, &sentence, None);
    if is_message {
        plan.set_title_and_info(&title_head(), |line| line.push_str(Finding::Internal.spec().summary));
    }
}

/// Plans the remark on a message whose TCP the plugin was not called for.
pub fn unobserved(plan: &mut Plan, language: Language) {
    plan.clear();
    let sentence = language.finding(&Fact::AnotherWay { proxy_port: None });
    plan.tree(Layer::Message, Wanted::ALL).finding(None, Finding::AnotherWay, &sentence, None);
}

/// What a message's title begins with.
pub fn title_head() -> String {
    format!("{PROTOCOL_NAME}, ")
}

/// A text in one printable line; `None` for an empty one.
fn printable(text: &str) -> Option<Cow<'_, str>> {
    Some(text::line(text, MAX_LINE)).filter(|line| !line.is_empty())
}

/// Adds the phase of an event with the note beside it, and returns the place for what belongs to it. `text`: of a say, what is said, in
/// one printable line.
pub fn draw_event(
    tree: &mut Tree,
    connection: &Connection,
    event: &Event<&str>,
    by: Side,
    text: &str,
    language: Language,
) -> Option<usize> {
    let item = tree.value(None, Field::Phase, Value::Unsigned(event.phase() as u32));
    if tree.wants(Field::Note) {
        let printable = event.filter_map(|text| printable(text));
        let note = language.note(Note {
            event: printable.filter_map(|text| Some(&**text)),
            text,
            by,
            client_port: connection.client().port,
            server_port: connection.server().port,
        });
        tree.text(item, Field::Note, &note);
    }
    item
}

/// The request that something answers, or the frame of the answer.
pub fn draw_links(
    tree: &mut Tree,
    parent: Option<usize>,
    at: FrameTime,
    request: Option<FrameTime>,
    response: Option<Frame>,
) {
    if let Some(request) = request {
        tree.value(parent, Field::RequestIn, Value::Frame(request.frame));
        tree.value(parent, Field::ResponseTime, Value::Duration(at.since(request)));
    }
    if let Some(response) = response {
        tree.value(parent, Field::ResponseIn, Value::Frame(response));
    }
}

/// The user of a connection, and the room.
pub fn draw_user(tree: &mut Tree, user: Option<User>) {
    let Some(user) = user else { return };
    if !user.name.is_empty() {
        tree.text(None, Field::User, user.name);
    }
    if let Some(room) = user.room {
        tree.text(None, Field::Room, room);
    }
}
