//! A message's own tree: its fields, what the session knows of it, and what is wrong with it.

use super::{Captured, MAX_LINE, Plan, Settings, draw_connection, draw_links};
use crate::annotation::{Annotation, Layer, Value};
use crate::fields::{Field, Finding, PROTOCOL_NAME, Phase};
use crate::language::{Detail, Fact, Note, Say};
use crate::message::gateway::Gateway;
use crate::message::json::Span;
use crate::message::{Dialect, FieldName, Message, Sender, text};
use crate::session::record::{self, Side, When};
use crate::session::{DeliveredTo, MessageView, Session, chat};

/// Stands in the packet list for what a malformed message says.
const NOT_JSON: &str = "[not JSON]";

/// A message on its way to its tree.
pub struct Drawing<'a> {
    message: &'a Message,
    view: MessageView<'a>,
    settings: &'a Settings,
    data: Captured<'a>,
    cut: bool,
    annotation: Annotation,
}

impl<'a> Drawing<'a> {
    pub fn new(
        message: &'a Message,
        view: MessageView<'a>,
        settings: &'a Settings,
        data: Captured<'a>,
        cut: bool,
    ) -> Self {
        Self { message, view, settings, data, cut, annotation: Annotation::new(Layer::Message) }
    }

    pub fn plan(mut self, session: &Session) -> Plan {
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

fn delivery_line(delivery: &DeliveredTo, asked: When) -> String {
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
