//! What a frame is below its messages: its phases and acknowledgments, in the trees of TCP, HTTP and WebSocket.

use super::{Plan, Settings, draw_connection, draw_links};
use crate::annotation::{Annotation, Layer, Value};
use crate::fields::{Field, Finding, Phase};
use crate::language::{Detail, Fact, Language, Note};
use crate::session::record::{self, Acknowledged, FrameRecord, Handshake, Moment, PhaseRecord, When};
use crate::session::stream::Stream;
use crate::session::{Segment, Session};

pub fn plan(session: &Session, segment: &Segment, settings: &Settings) -> Option<Plan> {
    let (stream, record) = session.frame(segment.stream, segment.at.frame)?;
    let acks = Acks::told(session, stream, segment.stream, record);
    let mut phases: Vec<&PhaseRecord> = record.phases.iter().collect();
    phases.retain(|phase| match (&phase.detail, phase.phase) {
        (_, Phase::MessageAcked) => !acks.messages.is_empty(),
        (record::Detail::Frame(frame), Phase::UpgradeRequestAcked | Phase::UpgradeComplete) => acks.all.contains(frame),
        _ => true,
    });
    phases.sort_by_key(|phase| phase.phase);
    if phases.is_empty() && acks.all.is_empty() {
        return None;
    }
    let holds_message = session.holds_message(segment.stream, segment.at.frame);
    let names: Vec<&str> = phases.iter().map(|phase| phase.phase.name()).collect();
    let info = (settings.annotate_info && !holds_message && !names.is_empty()).then(|| names.join(", "));
    let warns = record.handshake.as_ref().is_some_and(|handshake| handshake.is_faulty());
    let annotations = match settings.annotate_tcp && (settings.tree || warns) {
        true => frame_annotations(stream, record, &phases, &acks, segment.at, settings),
        false => Vec::new(),
    };
    Some(Plan { annotations, title: None, info })
}

/// The acknowledged frames that are told: those with a handshake, and those with messages of the chat; not those with another
/// application's.
struct Acks {
    messages: Vec<u32>,
    all: Vec<u32>,
}

impl Acks {
    fn told(session: &Session, stream: &Stream, number: u32, record: &FrameRecord) -> Acks {
        let is_told = |ack: &&Acknowledged| match ack.is_message {
            true => session.holds_message(number, ack.frame),
            false => stream.records.get(&ack.frame).is_some_and(|record| record.handshake.is_some()),
        };
        let told: Vec<&Acknowledged> = record.acks.iter().filter(is_told).collect();
        let messages = told.iter().filter(|ack| ack.is_message).map(|ack| ack.frame).collect();
        let mut all: Vec<u32> = told.iter().map(|ack| ack.frame).collect();
        all.dedup();
        Acks { messages, all }
    }
}

fn frame_annotations(
    stream: &Stream,
    record: &FrameRecord,
    phases: &[&PhaseRecord],
    acks: &Acks,
    at: When,
    settings: &Settings,
) -> Vec<Annotation> {
    let mut layers: Vec<Annotation> = Vec::new();
    for phase in phases {
        let layer = layer(&mut layers, layer_of(phase.phase));
        let item = layer.add(None, Field::Phase, Value::Unsigned(phase.phase as u32));
        let note = note(stream, record, phase, acks, settings.language);
        layer.add(Some(item), Field::Note, Value::Text(note));
        if let Detail::Status(status) = detail(record, phase, acks) {
            let sentence = settings.language.finding(&Fact::HandshakeRefused(status));
            layer.find(Some(item), Finding::HandshakeRefused, sentence, None);
        }
        let shakes_hands =
            matches!(phase.phase, Phase::UpgradeRequest | Phase::UpgradeResponse | Phase::UpgradeRefused);
        if let Some(handshake) = record.handshake.as_ref().filter(|_| shakes_hands) {
            draw_handshake(layer, item, handshake, at, settings.language);
        }
    }
    if !acks.all.is_empty() {
        let tcp = layer(&mut layers, Layer::Tcp);
        for frame in &acks.all {
            tcp.add(None, Field::Acks, Value::Frame(*frame));
        }
    }
    // Once a frame; where it holds a message, the message's tree says it.
    if let Some(first) = layers.first_mut().filter(|_| !stream.holds_message(at.frame)) {
        draw_connection(first, stream, Moment::end_of(at.frame));
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

fn note(stream: &Stream, record: &FrameRecord, phase: &PhaseRecord, acks: &Acks, language: Language) -> String {
    language.note(&Note {
        phase: phase.phase,
        client_port: stream.client_port(),
        server_port: stream.server_port(),
        by: phase.by,
        detail: detail(record, phase, acks),
    })
}

fn detail<'a>(record: &'a FrameRecord, phase: &'a PhaseRecord, acks: &'a Acks) -> Detail<'a> {
    match (&phase.detail, phase.phase) {
        (_, Phase::MessageAcked) => Detail::Acknowledged(&acks.messages),
        (record::Detail::Frame(frame), _) => Detail::Acknowledged(std::slice::from_ref(frame)),
        (record::Detail::Again(frame), _) => Detail::Again(*frame),
        (record::Detail::Status(status), _) => Detail::Status(*status),
        (record::Detail::Close(code, reason), _) => Detail::Close(*code, reason),
        (record::Detail::None, Phase::UpgradeResponse) => {
            Detail::Accept(record.handshake.as_ref().and_then(|handshake| handshake.accept_valid()))
        }
        (record::Detail::None, _) => Detail::None,
    }
}

fn draw_handshake(layer: &mut Annotation, item: usize, handshake: &Handshake, at: When, language: Language) {
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
            layer.find(Some(line), Finding::AcceptMismatch, sentence, None);
        }
    }
    draw_links(layer, Some(item), at, handshake.request, handshake.response);
}
