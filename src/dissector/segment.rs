//! What a frame is below its messages: its events and acknowledgments, in the trees of TCP, HTTP and WebSocket.

use super::plan::{Settings, draw_event, draw_identity, draw_links};
use crate::annotation::{Layer, Plan, Tree, Value};
use crate::event::Event;
use crate::fields::{Field, Finding, Phase};
use crate::language::{Fact, Language};
use crate::packet::{FrameTime, Position, Segment};
use crate::session::bounded::Name;
use crate::session::record::Handshake;
use crate::session::{FrameView, Session};

/// Plans what to draw of a segment. Returns whether there is anything.
pub fn draw(plan: &mut Plan, session: &Session, segment: &Segment, settings: &Settings) -> bool {
    let Some(view) = session.frame(segment) else { return false };
    let holds_message = view.record.holds_message();
    if settings.wanted.info && settings.annotate_info && !holds_message && !view.events.is_empty() {
        plan.set_info(|info| phases(&view, info));
    }
    let warns = view.record.handshake.as_ref().is_some_and(|handshake| handshake.is_faulty());
    if settings.annotate_tcp && (settings.wanted.fields != 0 || warns) {
        draw_lines(plan, &view, segment.at, settings);
    }
    true
}

/// The names of a frame's phases in brackets, as the Info column ends with them.
fn phases(view: &FrameView, info: &mut String) {
    info.push_str(" [");
    for (at, (event, _)) in view.events.iter().enumerate() {
        if at > 0 {
            info.push_str(", ");
        }
        info.push_str(event.phase().name());
    }
    info.push(']');
}

fn draw_lines(plan: &mut Plan, view: &FrameView, at: FrameTime, settings: &Settings) {
    let Settings { language, wanted, .. } = *settings;
    for (event, by) in &view.events {
        let tree = &mut plan.tree(layer_of(event.phase()), wanted);
        let item = draw_event(tree, view.connection, event, *by, "", language);
        if let Event::UpgradeRefused(status) = event.as_ref() {
            let sentence = language.finding(&Fact::HandshakeRefused(*status));
            tree.finding(item, Finding::HandshakeRefused, &sentence, None);
        }
        if let Some(handshake) = view.record.handshake.as_ref().filter(|_| is_handshake(event)) {
            draw_handshake(tree, item, handshake, at, language);
        }
    }
    let tcp = &mut plan.tree(Layer::Tcp, wanted);
    for frame in &view.acks {
        tcp.value(None, Field::Acks, Value::Frame(*frame));
    }
    // Once a frame; where it holds a message, the message's tree says it.
    if !view.record.holds_message() {
        let first = view.events.first().map_or(Layer::Tcp, |(event, _)| layer_of(event.phase()));
        draw_identity(&mut plan.tree(first, wanted), view.connection, Position::end_of(at.frame));
    }
}

fn layer_of(phase: Phase) -> Layer {
    match phase {
        Phase::UpgradeRequest | Phase::UpgradeResponse | Phase::UpgradeRefused => Layer::Http,
        Phase::Close | Phase::CloseReply => Layer::WebSocket,
        _ => Layer::Tcp,
    }
}

fn is_handshake(event: &Event<Name>) -> bool {
    matches!(event.phase(), Phase::UpgradeRequest | Phase::UpgradeResponse | Phase::UpgradeRefused)
}

fn draw_handshake(tree: &mut Tree, item: Option<usize>, handshake: &Handshake, at: FrameTime, language: Language) {
    let texts = [
        (Field::HandshakeKey, &handshake.key),
        (Field::HandshakeOrigin, &handshake.origin),
        (Field::HandshakeAccept, &handshake.accept),
        (Field::HandshakeAcceptExpected, &handshake.accept_expected.clone().filter(|_| handshake.refused.is_none())),
    ];
    for (field, value) in texts {
        if let Some(value) = value {
            tree.text(item, field, value);
        }
    }
    if let Some(valid) = handshake.accept_valid().filter(|_| handshake.refused.is_none()) {
        let line = tree.value(item, Field::HandshakeAcceptValid, Value::Boolean(valid));
        if let (false, Some(expected)) = (valid, handshake.accept_expected.as_deref()) {
            let sentence = language.finding(&Fact::AcceptMismatch { expected, found: handshake.accept.as_deref() });
            tree.finding(line, Finding::AcceptMismatch, &sentence, None);
        }
    }
    draw_links(tree, item, at, handshake.request, handshake.response);
}
