//! Where Wireshark's calls meet the pure part: a segment or a message goes in, what to show of it comes out.
//!
//! Thin on purpose: bytes are read by [`message`](crate::message) and [`websocket`](crate::websocket), remembered by the
//! [`session`](crate::session) and worded by [`language`](crate::language); here they are put side by side.

use crate::annotation::{Annotation, Layer, Value};
use crate::fields::{Field, Finding, PROTOCOL_NAME, Phase};
use crate::language::{Detail, Fact, Language, Note, Say};
use crate::message::gateway::Gateway;
use crate::message::json::Span;
use crate::message::{Dialect, FieldName, Message, Sender, text};
use crate::session::chat;
use crate::session::record::{self, Acknowledged, FrameRecord, Handshake, Moment, PhaseRecord, Side, When};
use crate::session::stream::Stream;
use crate::session::{MessageView, Segment, Session};
use crate::websocket::frame;

/// The longest text in a column, a title or a sentence, in characters.
const MAX_LINE: usize = 160;

/// Stands in the packet list for what a malformed message says.
const NOT_JSON: &str = "[not JSON]";

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
    if message.value(FieldName::Content) == Some("workermanchat:force-panic") {
        panic!("forced by a test");
    }
    Some(Drawing::new(&message, view, settings, data, cut).plan(session))
}

/// The annotations of a segment, below its messages.
pub fn segment(session: &Session, segment: &Segment, settings: &Settings) -> Option<Plan> {
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

/// A message on its way to its tree.
struct Drawing<'a> {
    message: &'a Message,
    view: MessageView<'a>,
    settings: &'a Settings,
    data: Captured<'a>,
    cut: bool,
    annotation: Annotation,
}

impl<'a> Drawing<'a> {
    fn new(message: &'a Message, view: MessageView<'a>, settings: &'a Settings, data: Captured<'a>, cut: bool) -> Self {
        Self { message, view, settings, data, cut, annotation: Annotation::new(Layer::Message) }
    }

    fn plan(mut self, session: &Session) -> Plan {
        let summary = self.summary();
        let phase = self.view.record.phase;
        if self.settings.tree {
            self.phase();
            self.wire_fields();
            self.client_list();
        }
        self.generated_fields();
        if self.settings.tree {
            self.conversation(session);
        }
        self.findings();
        let line = match summary.is_empty() {
            true => phase.name().to_owned(),
            false => format!("{}: {summary}", phase.name()),
        };
        let mut line = text::one_line(&line, MAX_LINE);
        if self.message.fault.is_some() {
            line = format!("{line} {NOT_JSON}");
        }
        Plan { annotations: vec![self.annotation], title: Some(format!("{PROTOCOL_NAME}, {line}")), info: Some(line) }
    }

    fn by(&self) -> Side {
        match self.message.sender {
            Sender::Client => Side::Client,
            Sender::Server => Side::Server,
        }
    }

    /// What is said, as a person reads it, in one line.
    fn readable(&self) -> Option<text::Readable> {
        let content = self.message.value(FieldName::Content)?;
        Some(text::readable(content, self.message.sender == Sender::Server))
    }

    /// Who and whom, as known when the message was first seen: what is shown in titles and columns does not change.
    fn says(&self) -> (String, String, String) {
        let record = self.view.record;
        let said = self.readable().map(|readable| text::one_line(&readable.text, MAX_LINE)).unwrap_or_default();
        let sender = match &record.sender {
            Some(name) => text::one_line(name, MAX_LINE),
            None if record.phase == Phase::SayRequest => format!("port {}", self.view.stream.client_port()),
            None => "?".to_owned(),
        };
        let recipient = match &record.recipient {
            Some(record::Recipient::All) => "all".to_owned(),
            Some(record::Recipient::Name(name) | record::Recipient::Id(name)) => text::one_line(name, MAX_LINE),
            None => "?".to_owned(),
        };
        (sender, recipient, said)
    }

    /// What follows the phase's name in the title and the Info column.
    fn summary(&self) -> String {
        let record = self.view.record;
        let name = record.sender.as_deref().map(|name| text::one_line(name, MAX_LINE)).unwrap_or_default();
        match record.phase {
            Phase::LoginRequest => match self.message.value(FieldName::RoomId) {
                Some(room) => format!("{name}, room {}", text::one_line(room, MAX_LINE)),
                None => name,
            },
            Phase::LoginResult | Phase::LoginNotification | Phase::LogoutNotification => name,
            Phase::UserList => self
                .message
                .client_list
                .iter()
                .flat_map(|list| &list.clients)
                .filter_map(|client| client.name.as_ref())
                .map(|(name, _)| text::one_line(&text::name(name), MAX_LINE))
                .take(20)
                .collect::<Vec<_>>()
                .join(", "),
            Phase::SayRequest | Phase::SayDelivery => {
                let (sender, recipient, said) = self.says();
                format!("{sender} → {recipient}: {said}")
            }
            Phase::Unknown => text::one_line(self.message.value(FieldName::Type).unwrap_or_default(), MAX_LINE),
            _ => String::new(),
        }
    }

    fn phase(&mut self) {
        let phase = self.view.record.phase;
        let item = self.annotation.add(None, Field::Phase, Value::Unsigned(phase as u32));
        let note = self.note(phase);
        self.annotation.add(Some(item), Field::Note, Value::Text(note));
    }

    fn note(&self, phase: Phase) -> String {
        let (sender, recipient, mut said) = self.says();
        if said.is_empty() && self.message.fault.is_some() {
            said = NOT_JSON.to_owned();
        }
        let name = self.view.record.sender.as_deref().map(|name| text::one_line(name, MAX_LINE));
        let room = self.message.value(FieldName::RoomId).map(|room| text::one_line(room, MAX_LINE));
        let type_name = self.message.value(FieldName::Type).map(|name| text::one_line(name, MAX_LINE));
        let detail = match phase {
            Phase::LoginRequest => Detail::Login(name.as_deref().unwrap_or_default(), room.as_deref()),
            Phase::UserList => Detail::Users(self.message.client_list.as_ref().map_or(0, |list| list.clients.len())),
            Phase::LoginResult | Phase::LoginNotification | Phase::LogoutNotification => {
                Detail::Who(name.as_deref().unwrap_or_default())
            }
            Phase::SayRequest | Phase::SayDelivery => Detail::Say(Say {
                sender: name.is_some().then_some(&sender),
                recipient: match self.view.record.recipient {
                    Some(record::Recipient::All) => None,
                    Some(_) => Some(&recipient),
                    None => Some(""),
                },
                text: &said,
            }),
            Phase::Unknown => Detail::Type(type_name.as_deref()),
            _ => Detail::None,
        };
        self.settings.language.note(&Note {
            phase,
            client_port: self.view.stream.client_port(),
            server_port: self.view.stream.server_port(),
            by: self.by(),
            detail,
        })
    }

    fn wire_fields(&mut self) {
        for field in &self.message.fields {
            let value = Value::Text(field.value.clone());
            let item = self.annotation.add_at(None, field_of(field.name), value, field.span.clone());
            let is_id = matches!(field.name, FieldName::ClientId | FieldName::FromClientId | FieldName::ToClientId);
            if let Some(gateway) = Gateway::from_client_id(&field.value).filter(|_| is_id) {
                self.annotation.add(Some(item), Field::GatewayAddress, Value::Address(gateway.address));
                self.annotation.add(Some(item), Field::GatewayPort, Value::Unsigned(gateway.port.into()));
                self.annotation.add(Some(item), Field::GatewayConnection, Value::Unsigned(gateway.connection));
            }
        }
    }

    fn client_list(&mut self) {
        let Some(list) = &self.message.client_list else {
            return;
        };
        let count = list.clients.len();
        let title = format!("Client list ({count})");
        let tree = self.annotation.add_at(None, Field::ClientList, Value::Group(title), list.span.clone());
        for client in &list.clients {
            let parts = [(Field::ClientListClientId, &client.id), (Field::ClientListClientName, &client.name)];
            for (field, part) in parts {
                if let Some((value, span)) = part {
                    self.annotation.add_at(Some(tree), field, Value::Text(value.clone()), span.clone());
                }
            }
        }
        self.annotation.add(Some(tree), Field::ClientListCount, Value::Unsigned(count as u32));
    }

    fn generated_fields(&mut self) {
        if let Some(readable) = self.readable() {
            let span = self.message.get(FieldName::Content).map(|field| field.span.clone());
            let item =
                self.annotation.add_at(None, Field::Text, Value::Text(readable.text), span.clone().unwrap_or_default());
            if let Some(tag) = readable.markup {
                let tag = text::one_line(&tag, MAX_LINE);
                self.find(Some(item), Finding::UnescapedHtml, &Fact::UnescapedHtml(&tag), span);
            }
        }
        if let Some(private) = self.message.is_private() {
            self.annotation.add(None, Field::Private, Value::Boolean(private));
        }
        if let Some(dialect) = self.view.dialect() {
            self.annotation.add(None, Field::Dialect, Value::Unsigned(dialect as u32));
        }
    }

    fn conversation(&mut self, session: &Session) {
        let at = self.view.record.at;
        if let Some(sender) = self.view.sender() {
            self.annotation.add(None, Field::Sender, Value::Text(sender.to_string()));
        }
        if let Some(recipient) = self.view.recipient() {
            self.annotation.add(None, Field::Recipient, Value::Text(recipient.to_string()));
        }
        draw_connection(&mut self.annotation, self.view.stream, self.view.record.moment());
        if let Some((names, count)) = &self.view.record.members {
            let mut members = names.join(", ");
            if *count > names.len() {
                members.push_str(", …");
            }
            self.annotation.add(None, Field::RoomMembers, Value::Text(members));
        }
        match (self.view.record.phase, self.view.say()) {
            (Phase::SayRequest, Some(say)) => {
                draw_links(&mut self.annotation, None, at, None, say.first);
                // Nothing yet is not nobody: more frames may follow.
                if say.deliveries > 0 || self.view.reached_nobody() {
                    self.deliveries(session, say);
                }
            }
            (_, Some(say)) => draw_links(&mut self.annotation, None, at, Some(say.at), None),
            (_, None) => {
                draw_links(&mut self.annotation, None, at, self.view.record.request, self.view.record.response)
            }
        }
    }

    fn deliveries(&mut self, session: &Session, say: &chat::Say) {
        let item = self.annotation.add(None, Field::Deliveries, Value::Unsigned(say.deliveries));
        for delivery in session.deliveries(say) {
            let line = delivery_line(&delivery, say.at);
            self.annotation.add(Some(item), Field::Delivery, Value::Text(line));
        }
    }

    fn findings(&mut self) {
        let record = self.view.record;
        if self.cut {
            let (captured, reported) = (self.data.bytes.len(), self.data.reported);
            self.find(None, Finding::Truncated, &Fact::Truncated { captured, reported }, None);
        }
        if let Some(fault) = &self.message.fault {
            let fact = Fact::MalformedJson { reason: fault.reason, offset: fault.span.start, by: self.by() };
            self.find(None, Finding::MalformedJson, &fact, Some(fault.span.clone()));
        } else if record.phase == Phase::Unknown && !self.cut {
            let name = self.message.get(FieldName::Type);
            let shown = name.map(|name| text::one_line(&name.value, MAX_LINE));
            self.find(
                None,
                Finding::UnknownType,
                &Fact::UnknownType(shown.as_deref()),
                name.map(|name| name.span.clone()),
            );
        }
        if !self.cut {
            for member in self.message.missing() {
                let fact = Fact::MissingMember(record.phase, wire_name(member, record.dialect));
                self.find(None, Finding::MissingMember, &fact, None);
            }
            if let Some(time) = self.message.bad_time() {
                let shown = text::one_line(&time.value, MAX_LINE);
                self.find(None, Finding::BadTime, &Fact::BadTime(&shown), Some(time.span.clone()));
            }
        }
        match (record.masked, self.message.sender) {
            (Some(false), Sender::Client) => self.find(None, Finding::UnmaskedClient, &Fact::UnmaskedClient, None),
            (Some(true), Sender::Server) => self.find(None, Finding::MaskedServer, &Fact::MaskedServer, None),
            _ => {}
        }
        if record.before_login && record.phase == Phase::SayRequest {
            self.find(None, Finding::SayBeforeLogin, &Fact::SayBeforeLogin, None);
        }
        if self.view.reached_nobody() {
            self.find(None, Finding::NoDelivery, &Fact::NoDelivery, None);
        }
        if self.view.unanswered() {
            self.find(None, Finding::NoPong, &Fact::NoPong, None);
        }
    }

    fn find(&mut self, parent: Option<usize>, finding: Finding, fact: &Fact, span: Option<Span>) {
        let sentence = self.settings.language.finding(fact);
        self.annotation.find(parent, finding, sentence, span);
    }
}

fn delivery_line(delivery: &crate::session::DeliveredTo, asked: When) -> String {
    let milliseconds = delivery.at.time.saturating_sub(asked.time) as f64 / 1e6;
    let who = delivery.name.as_deref().map(|name| format!("{}, ", text::one_line(name, MAX_LINE))).unwrap_or_default();
    format!("{who}port {}, frame {}, after {milliseconds:.3} ms", delivery.port, delivery.at.frame)
}

fn field_of(name: FieldName) -> Field {
    match name {
        FieldName::Type => Field::MessageType,
        FieldName::ClientId => Field::ClientId,
        FieldName::ClientName => Field::ClientName,
        FieldName::FromClientId => Field::FromClientId,
        FieldName::FromClientName => Field::FromClientName,
        FieldName::ToClientId => Field::ToClientId,
        FieldName::ToClientName => Field::ToClientName,
        FieldName::Content => Field::Content,
        FieldName::Time => Field::Time,
        FieldName::RoomId => Field::RoomId,
        FieldName::Member => Field::Member,
    }
}

/// What a member is called on the wire.
fn wire_name(name: FieldName, dialect: Option<Dialect>) -> &'static str {
    let old = dialect == Some(Dialect::A2014);
    match name {
        FieldName::Type => "type",
        FieldName::ClientId if old => "uid",
        FieldName::ClientId => "client_id",
        FieldName::ClientName if old => "name",
        FieldName::ClientName => "client_name",
        FieldName::FromClientId if old => "from_uid",
        FieldName::FromClientId => "from_client_id",
        FieldName::FromClientName => "from_client_name",
        FieldName::ToClientId if old => "to_uid",
        FieldName::ToClientId => "to_client_id",
        FieldName::ToClientName => "to_client_name",
        FieldName::Content => "content",
        FieldName::Time => "time",
        FieldName::RoomId => "room_id",
        FieldName::Member => "member",
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
