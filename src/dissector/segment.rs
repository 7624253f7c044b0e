//! What a frame is below its messages: its events and acknowledgments, in the trees of TCP, HTTP and WebSocket.

use super::plan::{Settings, draw_event, draw_links, draw_user};
use crate::annotation::{Layer, Plan, Tree, Value};
use crate::event::Event;
use crate::fields::{Field, Finding, Phase};
use crate::language::{Fact, Language};
use crate::packet::{FrameTime, Segment, Side};
use crate::session::handshake::Handshake;
use crate::session::{FrameView, Session};

/// Plans what to draw of a segment; `tunnelled`: it came through a proxy. Returns whether there is anything.
pub fn draw(plan: &mut Plan, session: &Session, segment: &Segment, tunnelled: bool, settings: &Settings) -> bool {
    let Some(view) = session.frame(segment) else { return false };
    let names_phases = settings.wanted.info && settings.annotate_info && !view.holds_message();
    let warns = tunnelled || view.has_faulty_handshake();
    let has_lines = settings.annotate_tcp && (settings.wanted.fields != 0 || warns);
    if !names_phases && !has_lines {
        return true;
    }
    let events = view.events();
    if names_phases && !events.is_empty() {
        plan.set_info(|info| phases(&events, info));
    }
    if has_lines {
        draw_lines(plan, &view, events, segment.at, tunnelled, settings);
    }
    true
}

/// The names of a frame's phases in brackets, as the Info column ends with them.
fn phases(events: &[(Event<&str>, Side)], info: &mut String) {
    info.push_str(" [");
    for (at, (event, _)) in events.iter().enumerate() {
        if at > 0 {
            info.push_str(", ");
        }
        info.push_str(event.phase().name());
    }
    info.push(']');
}

fn draw_lines(
    plan: &mut Plan,
    view: &FrameView,
    events: Vec<(Event<&str>, Side)>,
    at: FrameTime,
    tunnelled: bool,
    settings: &Settings,
) {
    let Settings { language, wanted, .. } = *settings;
    let mut first = None;
    for (event, by) in events {
        let phase = event.phase();
        let layer = layer_of(phase);
        first = first.or(Some(layer));
        let tree = &mut plan.tree(layer, wanted);
        let item = draw_event(tree, view.connection, &event, by, "", language);
        if let Event::UpgradeRefused(status) = event {
            let sentence = language.finding(&Fact::HandshakeRefused(status));
            tree.finding(item, Finding::HandshakeRefused, &sentence, None);
        }
        if tunnelled && phase == Phase::UpgradeRequest {
            let proxy_port = Some(view.connection.server().port);
            let sentence = language.finding(&Fact::AnotherWay { proxy_port });
            tree.finding(item, Finding::AnotherWay, &sentence, None);
        }
        if let Some(handshake) = Some(phase).filter(|phase| is_handshake(*phase)).and_then(|_| view.handshake()) {
            draw_handshake(tree, item, &handshake, at, language);
        }
    }
    let tcp = &mut plan.tree(Layer::Tcp, wanted);
    for frame in view.acks() {
        tcp.value(None, Field::Acks, Value::Frame(frame));
    }
    // Once a frame; where it holds a message, the message's tree says it.
    if !view.holds_message() {
        draw_user(&mut plan.tree(first.unwrap_or(Layer::Tcp), wanted), view.user());
    }
}

fn layer_of(phase: Phase) -> Layer {
    match phase {
        Phase::UpgradeRequest | Phase::UpgradeResponse | Phase::UpgradeRefused => Layer::Http,
        Phase::Close | Phase::CloseReply => Layer::WebSocket,
        _ => Layer::Tcp,
    }
}

fn is_handshake(phase: Phase) -> bool {
    matches!(phase, Phase::UpgradeRequest | Phase::UpgradeResponse | Phase::UpgradeRefused)
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
    if handshake.missing.is_any() {
        let missing: Vec<&str> = handshake.missing.parts().collect();
        let sentence = language.finding(&Fact::UpgradeMissing(&missing.join(", ")));
        tree.finding(item, Finding::UpgradeMissing, &sentence, None);
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
