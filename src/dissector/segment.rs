//! What a frame is below its messages: its events and acknowledgments, in the trees of TCP, HTTP and WebSocket.

use super::plan::{Settings, draw_links, draw_phase, draw_steps, draw_user, localise, wants_steps};
use crate::annotation::{Layer, Plan, Tree, Value};
use crate::event::FrameEvent;
use crate::failpoint::failpoint;
use crate::fields::{Field, Finding, PROTOCOL_NAME, Phase};
use crate::language::{FindingDetail, Language, Note, Noted};
use crate::packet::{FrameTime, Segment, Side};
use crate::session::Handshake;
use crate::session::{ExchangeStep, FrameView, Reached, Session};
use crate::websocket::first_bytes::Policy;
use crate::websocket::frame::Irregular;

/// Plans what to draw of a segment; `tunnelled`: it came through a proxy. Returns whether there is anything.
pub fn draw(
    plan: &mut Plan,
    session: &Session,
    segment: &Segment,
    payload: &[u8],
    tunnelled: bool,
    settings: &Settings,
) -> bool {
    let has_events = draw_events(plan, session, segment, tunnelled, settings);
    let is_limit = draw_limit(plan, session, segment, settings);
    let has_note = settings.annotate_tcp
        && (draw_part_of_message(plan, session, segment, settings)
            || draw_policy(plan, session, segment, payload, settings));
    let is_undecrypted = settings.annotate_tcp && draw_lack_of_keys(plan, session, segment, settings);
    has_events || has_note || is_limit || is_undecrypted
}

/// Says which keys would show the chat, where TLS begins.
fn draw_lack_of_keys(plan: &mut Plan, session: &Session, segment: &Segment, settings: &Settings) -> bool {
    let lacks_keys = segment.length > 0 && session.lacks_keys(segment.stream, segment.at.frame);
    if lacks_keys {
        let sentence = settings.language.finding(&FindingDetail::TlsWithoutKeys);
        plan.tree(Layer::Tcp, settings.wanted).finding(None, Finding::TlsWithoutKeys, &sentence, None);
    }
    lacks_keys
}

/// Says where memory ends, in a view, too.
fn draw_limit(plan: &mut Plan, session: &Session, segment: &Segment, settings: &Settings) -> bool {
    let Some(reached) = session.reached_in(segment.at.frame) else { return false };
    let detail = match reached {
        Reached::Bytes(bytes) => FindingDetail::MemoryFull { megabytes: bytes >> 20 },
        Reached::Idle(connections) => FindingDetail::TooManyIdle { connections },
    };
    let sentence = settings.language.finding(&detail);
    plan.tree(Layer::Tcp, settings.wanted).finding(None, Finding::MemoryLimit, &sentence, None);
    if settings.wanted.tap_events {
        plan.set_tap_event(session.side(segment), "");
    }
    true
}

/// The note of a segment that holds a part of a message, and nothing else that there is to note.
fn draw_part_of_message(plan: &mut Plan, session: &Session, segment: &Segment, settings: &Settings) -> bool {
    let tree = &mut plan.tree(Layer::Tcp, settings.wanted);
    if !tree.wants(Field::Note) {
        return false;
    }
    let Some(part) = session.part_of_message(segment) else { return false };
    draw_own_note(tree, &settings.language.part_of_message(&part));
    true
}

/// The note of what a Flash client asks for before it connects, and of the answer: neither HTTP nor WebSocket, and no step of a connection.
fn draw_policy(plan: &mut Plan, session: &Session, segment: &Segment, payload: &[u8], settings: &Settings) -> bool {
    let Some(policy) = Policy::of(payload).filter(|policy| policy.sender() == session.side(segment)) else {
        return false;
    };
    let tree = &mut plan.tree(Layer::Tcp, settings.wanted);
    let Some(ends) = session.ends(segment).filter(|_| tree.wants(Field::Note)) else { return false };
    draw_own_note(tree, &settings.language.policy(policy, &ends));
    true
}

/// A note that stands alone.
fn draw_own_note(tree: &mut Tree, note: &str) {
    tree.labelled_text(None, Field::Note, note, || format!("{PROTOCOL_NAME}: {note}"));
}

fn draw_events(plan: &mut Plan, session: &Session, segment: &Segment, tunnelled: bool, settings: &Settings) -> bool {
    failpoint!("dissector::segment");
    let Some(view) = session.frame(segment) else {
        return settings.wanted.tap_events && tap_unsettled(plan, session, segment, tunnelled, settings);
    };
    let names_phases = settings.wanted.info && settings.annotate_info && !view.holds_message();
    let warns = tunnelled || view.has_faulty_handshake() || view.is_cut_off() || view.irregular().next().is_some();
    let has_lines = settings.annotate_tcp && (settings.wanted.fields != 0 || settings.wanted.tap_events || warns);
    if names_phases {
        let phases = view.phases();
        if !phases.is_empty() {
            plan.set_info(|info| name_phases(&phases, info, settings.language));
        }
    }
    if has_lines {
        draw_lines(plan, &view, view.events(), segment.at, tunnelled, settings);
        localise(plan, settings);
    }
    if settings.wanted.tap_events {
        plan.set_tap_event(view.by(), "");
    }
    true
}

/// A view learns of what cannot be drawn yet, and may be drawn when later frames show what it is.
fn tap_unsettled(plan: &mut Plan, session: &Session, segment: &Segment, tunnelled: bool, settings: &Settings) -> bool {
    let Some(view) = session.unsettled_frame(segment) else { return false };
    if settings.annotate_tcp {
        draw_lines(plan, &view, view.events(), segment.at, tunnelled, settings);
    }
    plan.set_tap_event(view.by(), "");
    plan.decline();
    true
}

/// The names of a frame's phases in brackets, as the Info column begins with them.
fn name_phases(phases: &[Phase], info: &mut String, language: Language) {
    info.push('[');
    for (at, phase) in phases.iter().enumerate() {
        if at > 0 {
            info.push_str(", ");
        }
        info.push_str(language.phase(*phase));
    }
    info.push(']');
}

fn draw_lines(
    plan: &mut Plan,
    view: &FrameView<'_>,
    events: Vec<(FrameEvent<&str>, Side)>,
    at: FrameTime,
    tunnelled: bool,
    settings: &Settings,
) {
    let Settings { language, wanted, .. } = *settings;
    let holds_message = view.holds_message();
    let mut first = None;
    let mut drawn: Vec<ExchangeStep> = Vec::new();
    for (event, by) in events {
        let phase = event.phase();
        let layer = layer_of(&event);
        let tree = &mut plan.tree(layer, wanted);
        let item = draw_note(tree, view, &event, by, language);
        draw_phase(tree, item, phase, language);
        if wants_steps(tree) {
            draw_new_steps(tree, item, view.steps(&event), &mut drawn, language);
        }
        first = first.or(Some((layer, item)));
        if let FrameEvent::UpgradeRefused(status) = event {
            let sentence = language.finding(&FindingDetail::HandshakeRefused(status));
            tree.finding(item, Finding::HandshakeRefused, &sentence, None);
        }
        if phase == Phase::UpgradeRequest && view.is_cut_off() {
            let sentence = language.finding(&FindingDetail::HandshakeCutOff);
            tree.finding(item, Finding::HandshakeCutOff, &sentence, None);
        }
        if tunnelled && phase == Phase::UpgradeRequest {
            let proxy_port = Some(view.connection.server().port);
            let sentence = language.finding(&FindingDetail::AnotherWay { proxy_port });
            tree.finding(item, Finding::AnotherWay, &sentence, None);
        }
        if let Some(handshake) = Some(layer).filter(|layer| *layer == Layer::Http).and_then(|_| view.handshake()) {
            draw_handshake(tree, item, &handshake, at, language);
        }
    }
    for (what, by) in view.irregular() {
        let (finding, detail) = match (what, by) {
            (Irregular::Mask, Side::Client) => (Finding::UnmaskedClient, FindingDetail::UnmaskedClient),
            (Irregular::Mask, Side::Server) => (Finding::MaskedServer, FindingDetail::MaskedServer),
            (Irregular::Length, _) => (Finding::IrregularFrame, FindingDetail::LongLength),
            (Irregular::Opcode, _) => (Finding::IrregularFrame, FindingDetail::OpcodeOutOfPlace),
        };
        plan.tree(Layer::WebSocket, wanted).finding(None, finding, &language.finding(&detail), None);
    }
    // Once a frame; where it holds a message, the message's tree says it.
    if holds_message {
        return;
    }
    let (layer, item) = first.unwrap_or((Layer::Tcp, None));
    let tree = &mut plan.tree(layer, wanted);
    let item = draw_acks(tree, item, view, language);
    if wants_steps(tree) {
        draw_new_steps(tree, item, view.acked_steps(), &mut drawn, language);
    }
    draw_user(tree, item, view.user());
}

/// The exchanges of the frame that were not drawn before.
fn draw_new_steps<'a>(
    tree: &mut Tree,
    item: Option<usize>,
    mut steps: Vec<ExchangeStep<'a>>,
    drawn: &mut Vec<ExchangeStep<'a>>,
    language: Language,
) {
    steps.retain(|step| !drawn.iter().any(|known| known.is_same(step)));
    draw_steps(tree, item, &steps, language);
    drawn.extend(steps);
}

/// The note of an event, under which stands all that belongs to it.
fn draw_note(
    tree: &mut Tree,
    view: &FrameView,
    event: &FrameEvent<&str>,
    by: Side,
    language: Language,
) -> Option<usize> {
    if !tree.wants(Field::Note) {
        return None;
    }
    let has_payload = layer_of(event) != Layer::Tcp && !view.holds_message();
    let acked = if has_payload { view.acked() } else { Vec::new() };
    let note = language.note(&Note {
        what: Noted::Frame(event),
        by,
        ends: view.ends(event),
        acked: &acked,
        completes: view.completes_with(event),
    });
    tree.labelled_text(None, Field::Note, &note, || format!("{PROTOCOL_NAME}: {note}"))
}

/// What the frame is the first to acknowledge, below `parent` or with a line of its own.
fn draw_acks(tree: &mut Tree, parent: Option<usize>, view: &FrameView, language: Language) -> Option<usize> {
    let mut parent = parent;
    for frame in view.acks() {
        let value = Value::Frame(frame);
        if parent.is_some() {
            tree.value(parent, Field::Acks, value);
        } else {
            parent = tree.labelled(None, Field::Acks, value, || {
                format!("{PROTOCOL_NAME}: {}", language.acknowledgment(&view.acked()))
            });
        }
    }
    parent
}

fn layer_of(event: &FrameEvent<&str>) -> Layer {
    match event {
        FrameEvent::UpgradeRequest
        | FrameEvent::UpgradeAccepted
        | FrameEvent::UpgradeMisaccepted
        | FrameEvent::UpgradeWithoutSubprotocol
        | FrameEvent::UpgradeRefused(_) => Layer::Http,
        FrameEvent::Close(_) | FrameEvent::CloseReply(_) => Layer::WebSocket,
        FrameEvent::Syn
        | FrameEvent::SynAgain(_)
        | FrameEvent::SynAck
        | FrameEvent::SynAckAgain(_)
        | FrameEvent::Established
        | FrameEvent::Fin
        | FrameEvent::FinAcked
        | FrameEvent::Reset(_)
        | FrameEvent::UpgradeRequestAcked(_)
        | FrameEvent::UpgradeComplete(_)
        | FrameEvent::MessagesAcked(_) => Layer::Tcp,
    }
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
        let sentence = language.finding(&FindingDetail::UpgradeMissing(&missing.join(", ")));
        tree.finding(item, Finding::UpgradeMissing, &sentence, None);
    }
    if handshake.lacks_subprotocol {
        let sentence = language.finding(&FindingDetail::SubprotocolNotGranted);
        tree.finding(item, Finding::SubprotocolNotGranted, &sentence, None);
    }
    if let Some(valid) = handshake.accept_valid().filter(|_| handshake.refused.is_none()) {
        let line = tree.value(item, Field::HandshakeAcceptValid, Value::Boolean(valid));
        if let (false, Some(expected)) = (valid, handshake.accept_expected.as_deref()) {
            let sentence =
                language.finding(&FindingDetail::AcceptMismatch { expected, found: handshake.accept.as_deref() });
            tree.finding(line, Finding::AcceptMismatch, &sentence, None);
        }
    }
    draw_links(tree, item, at, handshake.request, handshake.response);
}
