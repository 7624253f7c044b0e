//! What a frame is below its messages: its events and acknowledgments, in the trees of TCP, HTTP and WebSocket.

use super::plan::{Plan, Settings, draw_identity, draw_links, note};
use crate::annotation::{Annotation, Layer, Value};
use crate::event::Event;
use crate::fields::{Field, Finding, Phase};
use crate::language::{Fact, Language};
use crate::packet::{FrameTime, Segment};
use crate::session::handshake::Handshake;
use crate::session::{FrameView, Session};

/// What to draw of a segment; `None` for nothing.
pub fn plan(session: &Session, segment: &Segment, settings: &Settings) -> Option<Plan> {
    let view = session.frame(segment)?;
    let is_named = settings.annotate_info && !view.holds_message() && view.events().next().is_some();
    let info = is_named.then(|| {
        let names: Vec<&str> = view.events().map(|(event, _)| event.phase().name()).collect();
        names.join(", ")
    });
    let warns = view.has_faulty_handshake();
    let annotations = match settings.annotate_tcp && (settings.tree || warns) {
        true => annotations(&view, segment.at, settings.language),
        false => Vec::new(),
    };
    Some(Plan { annotations, title: None, info })
}

fn annotations(view: &FrameView, at: FrameTime, language: Language) -> Vec<Annotation> {
    let mut layers: Vec<Annotation> = Vec::new();
    for (event, by) in view.events() {
        let phase = event.phase();
        let status = if let Event::UpgradeRefused(status) = event { Some(status) } else { None };
        let layer = layer(&mut layers, layer_of(phase));
        let item = layer.add(None, Field::Phase, Value::Unsigned(phase as u32));
        let note = note(view.connection, event, by, "", language);
        layer.add(Some(item), Field::Note, Value::Text(note));
        if let Some(status) = status {
            let sentence = language.finding(&Fact::HandshakeRefused(status));
            layer.add_finding(Some(item), Finding::HandshakeRefused, sentence, None);
        }
        if let Some(handshake) = Some(phase).filter(|phase| is_handshake(*phase)).and_then(|_| view.handshake()) {
            draw_handshake(layer, item, &handshake, at, language);
        }
    }
    for frame in view.acks() {
        layer(&mut layers, Layer::Tcp).add(None, Field::Acks, Value::Frame(frame));
    }
    // Once a frame; where it holds a message, the message's tree says it.
    if let Some(first) = layers.first_mut().filter(|_| !view.holds_message()) {
        draw_identity(first, view.user());
    }
    layers
}

fn layer(layers: &mut Vec<Annotation>, wanted: Layer) -> &mut Annotation {
    let at = layers.iter().position(|annotation| annotation.layer == wanted).unwrap_or_else(|| {
        layers.push(Annotation::new(wanted));
        layers.len() - 1
    });
    &mut layers[at]
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

fn draw_handshake(layer: &mut Annotation, item: usize, handshake: &Handshake, at: FrameTime, language: Language) {
    let texts = [
        (Field::HandshakeKey, &handshake.key),
        (Field::HandshakeOrigin, &handshake.origin),
        (Field::HandshakeAccept, &handshake.accept),
        (Field::HandshakeAcceptExpected, &handshake.accept_expected.clone().filter(|_| handshake.refused.is_none())),
    ];
    for (field, value) in texts {
        if let Some(value) = value {
            layer.add(Some(item), field, Value::Text(value.to_string()));
        }
    }
    if let Some(valid) = handshake.accept_valid().filter(|_| handshake.refused.is_none()) {
        let line = layer.add(Some(item), Field::HandshakeAcceptValid, Value::Boolean(valid));
        if let (false, Some(expected)) = (valid, handshake.accept_expected.as_deref()) {
            let sentence = language.finding(&Fact::AcceptMismatch { expected, found: handshake.accept.as_deref() });
            layer.add_finding(Some(line), Finding::AcceptMismatch, sentence, None);
        }
    }
    draw_links(layer, Some(item), at, handshake.request, handshake.response);
}
