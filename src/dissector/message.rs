//! A message's own tree: its fields, what the session knows of it, and what is wrong with it.

use super::plan::{MAX_LINE, Plan, Settings, draw_identity, draw_links, note, printable};
use crate::annotation::{Annotation, Layer, Value};
use crate::event::{Event, Recipient, Say, below_messages};
use crate::fields::{Field, Finding, PROTOCOL_NAME};
use crate::language::Fact;
use crate::message::gateway::Gateway;
use crate::message::json::Span;
use crate::message::{MemberName, Message, text};
use crate::packet::{Captured, FrameTime, Side};
use crate::session::{DeliveredTo, MessageView, SayView, Session};

/// Stands in the packet list for what a malformed message says.
const NOT_JSON: &str = "[not JSON]";

/// Names of a list that stand in a title.
const LISTED_NAMES: usize = 20;

/// A message on its way to its tree.
pub struct Drawing<'a> {
    message: &'a Message<'a>,
    view: MessageView<'a>,
    settings: &'a Settings,
    data: Captured<'a>,
    /// The content as a person reads it.
    readable: Option<text::Readable>,
    annotation: Annotation,
}

impl<'a> Drawing<'a> {
    /// Of a message and what the session knows of it.
    pub fn new(message: &'a Message<'a>, view: MessageView<'a>, settings: &'a Settings, data: Captured<'a>) -> Self {
        let content = message.value(MemberName::Content);
        let readable = content.map(|content| text::readable(content, message.sender == Side::Server));
        Self { message, view, settings, data, readable, annotation: Annotation::new(Layer::Message) }
    }

    /// What to draw.
    pub fn plan(mut self, session: &Session) -> Plan {
        let said = self.readable.as_ref().map(|readable| text::one_line(&readable.text, MAX_LINE)).unwrap_or_default();
        if self.settings.tree {
            self.event(&said);
            self.members();
            self.client_list();
        }
        self.generated_fields();
        if self.settings.tree {
            self.conversation(session);
        }
        self.findings();
        let line = self.line(&said);
        Plan { annotations: vec![self.annotation], title: Some(format!("{PROTOCOL_NAME}, {line}")), info: Some(line) }
    }

    fn is_faulty(&self) -> bool {
        self.message.fault().is_some()
    }

    /// The title and the Info column. They are made of what was known when the message was first seen.
    fn line(&self, said: &str) -> String {
        let summary = self.summary(said);
        let phase = self.view.record.event.phase().name();
        let line = match summary.is_empty() {
            true => phase.to_owned(),
            false => format!("{phase}: {summary}"),
        };
        let line = text::one_line(&line, MAX_LINE);
        if self.is_faulty() { format!("{line} {NOT_JSON}") } else { line }
    }

    /// What follows the phase's name.
    fn summary(&self, said: &str) -> String {
        let line = |name: &Option<&str>| name.and_then(|name| printable(name, MAX_LINE)).unwrap_or_default();
        match &self.view.record.event {
            Event::LoginRequest { name, room: Some(room) } => {
                format!("{}, room {}", line(name), text::one_line(room, MAX_LINE))
            }
            Event::LoginRequest { name, room: None }
            | Event::LoginResult(name)
            | Event::LoginNotification(name)
            | Event::LogoutNotification(name) => line(name),
            Event::UserList { .. } => self.listed_names(),
            Event::SayRequest(say) => {
                let port = || format!("port {}", self.view.connection.client().port);
                let sender = say.sender.map_or_else(port, |name| text::one_line(name, MAX_LINE));
                format!("{sender} → {}: {said}", recipient(say))
            }
            Event::SayDelivery(say) => {
                let sender = say.sender.map_or("?".to_owned(), |name| text::one_line(name, MAX_LINE));
                format!("{sender} → {}: {said}", recipient(say))
            }
            Event::Unknown { type_name, .. } => line(type_name),
            Event::Ping(_) | Event::Pong(_) => String::new(),
            below_messages!() => String::new(),
        }
    }

    fn listed_names(&self) -> String {
        let Some(list) = self.message.client_list() else { return String::new() };
        let names = list.users().filter_map(|user| user.name);
        let lines = names.map(|name| text::one_line(&text::name(&name.text), MAX_LINE)).take(LISTED_NAMES);
        lines.collect::<Vec<_>>().join(", ")
    }

    fn event(&mut self, said: &str) {
        let event = &self.view.record.event;
        let item = self.annotation.add(None, Field::Phase, Value::Unsigned(event.phase() as u32));
        let text = if said.is_empty() && self.is_faulty() { NOT_JSON } else { said };
        let note = note(self.view.connection, event.clone(), self.message.sender, text, self.settings.language);
        self.annotation.add(Some(item), Field::Note, Value::Text(note));
    }

    fn members(&mut self) {
        for member in self.message.fields() {
            let value = Value::Text(member.display().into_owned());
            let item = self.annotation.add_at(None, member.name.field(), value, member.span.clone());
            let is_id = matches!(member.name, MemberName::ClientId | MemberName::FromClientId | MemberName::ToClientId);
            if let Some(gateway) = Gateway::from_client_id(member.text).filter(|_| is_id) {
                self.annotation.add(Some(item), Field::GatewayAddress, Value::Address(gateway.address));
                self.annotation.add(Some(item), Field::GatewayPort, Value::Unsigned(gateway.port.into()));
                self.annotation.add(Some(item), Field::GatewayConnection, Value::Unsigned(gateway.connection));
            }
        }
    }

    fn client_list(&mut self) {
        let Some(list) = self.message.client_list() else { return };
        let count = list.len();
        let title = format!("Client list ({count})");
        let tree = self.annotation.add_at(None, Field::ClientList, Value::Group(title), list.span.clone());
        for user in list.users() {
            let parts = [(Field::ClientListClientId, user.id), (Field::ClientListClientName, user.name)];
            for (field, part) in parts {
                if let Some(part) = part {
                    self.annotation.add_at(Some(tree), field, Value::Text(part.text.into_owned()), part.span);
                }
            }
        }
        self.annotation.add(Some(tree), Field::ClientListCount, Value::Unsigned(count as u32));
    }

    fn generated_fields(&mut self) {
        if let Some(readable) = self.readable.take() {
            let span = self.message.get(MemberName::Content).map(|member| member.span);
            let at = span.clone().unwrap_or_default();
            let item = self.annotation.add_at(None, Field::Text, Value::Text(readable.text), at);
            if let Some(tag) = readable.markup {
                let tag = text::one_line(&tag, MAX_LINE);
                self.report(Some(item), Finding::UnescapedHtml, &Fact::UnescapedHtml(&tag), span);
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
        let record = &self.view.record;
        if let Some(sender) = self.view.sender() {
            self.annotation.add(None, Field::Sender, Value::Text(sender.to_string()));
        }
        if let Some(recipient) = self.view.recipient() {
            self.annotation.add(None, Field::Recipient, Value::Text(recipient.to_string()));
        }
        draw_identity(&mut self.annotation, self.view.user());
        if let Some(members) = self.view.members() {
            let mut names = members.names.join(", ");
            if members.count > members.names.len() {
                names.push_str(", …");
            }
            self.annotation.add(None, Field::RoomMembers, Value::Text(names));
        }
        match (&record.event, self.view.say()) {
            (Event::SayRequest(_), Some(say)) => {
                draw_links(&mut self.annotation, None, record.at, None, say.first);
                // Nothing yet is not nobody: more frames may follow.
                if say.deliveries > 0 || self.view.reached_nobody() {
                    self.deliveries(session, say);
                }
            }
            (_, Some(say)) => draw_links(&mut self.annotation, None, record.at, Some(say.at), None),
            (_, None) => draw_links(&mut self.annotation, None, record.at, record.request, record.response),
        }
    }

    fn deliveries(&mut self, session: &Session, say: SayView) {
        let item = self.annotation.add(None, Field::Deliveries, Value::Unsigned(say.deliveries));
        for delivery in session.deliveries(say) {
            let line = delivery_line(&delivery, say.at);
            self.annotation.add(Some(item), Field::Delivery, Value::Text(line));
        }
    }

    fn findings(&mut self) {
        self.findings_of_the_message();
        let (masked, before_login) = (self.view.record.masked, self.view.record.before_login);
        match (masked, self.message.sender) {
            (Some(false), Side::Client) => self.report(None, Finding::UnmaskedClient, &Fact::UnmaskedClient, None),
            (Some(true), Side::Server) => self.report(None, Finding::MaskedServer, &Fact::MaskedServer, None),
            _ => {}
        }
        if before_login {
            self.report(None, Finding::SayBeforeLogin, &Fact::SayBeforeLogin, None);
        }
        if self.view.reached_nobody() {
            self.report(None, Finding::NoDelivery, &Fact::NoDelivery, None);
        }
        if self.view.unanswered() {
            self.report(None, Finding::NoPong, &Fact::NoPong, None);
        }
    }

    fn findings_of_the_message(&mut self) {
        let is_unknown = matches!(self.view.record.event, Event::Unknown { .. });
        let phase = self.view.record.event.phase();
        let truncated = self.data.is_truncated();
        if truncated {
            let (captured, reported) = (self.data.bytes.len(), self.data.reported);
            self.report(None, Finding::Truncated, &Fact::Truncated { captured, reported }, None);
        }
        if let Some(fault) = self.message.fault() {
            let by = self.message.sender;
            let fact = Fact::MalformedJson { reason: fault.reason, offset: fault.span.start, by };
            self.report(None, Finding::MalformedJson, &fact, Some(fault.span.clone()));
        } else if is_unknown && !truncated {
            let member = self.message.get(MemberName::Type);
            let shown = member.as_ref().map(|member| text::one_line(member.text, MAX_LINE));
            let span = member.map(|member| member.span);
            self.report(None, Finding::UnknownType, &Fact::UnknownType(shown.as_deref()), span);
        }
        if truncated {
            return;
        }
        for member in self.message.missing() {
            let fact = Fact::MissingMember(phase, member.key(self.view.record.dialect));
            self.report(None, Finding::MissingMember, &fact, None);
        }
        if let Some(time) = self.message.bad_time() {
            let shown = text::one_line(time.text, MAX_LINE);
            self.report(None, Finding::BadTime, &Fact::BadTime(&shown), Some(time.span));
        }
    }

    fn report(&mut self, parent: Option<usize>, finding: Finding, fact: &Fact, span: Option<Span>) {
        let sentence = self.settings.language.finding(fact);
        self.annotation.add_finding(parent, finding, sentence, span);
    }
}

/// Whom a say is for, in a title.
fn recipient(say: &Say<&str>) -> String {
    match &say.recipient {
        Recipient::Everyone => "all".to_owned(),
        Recipient::Named(text) | Recipient::Id(text) => text::one_line(text, MAX_LINE),
        Recipient::Unknown => "?".to_owned(),
    }
}

fn delivery_line(delivery: &DeliveredTo, asked: FrameTime) -> String {
    let milliseconds = delivery.at.since(asked) as f64 / 1e6;
    let who = delivery.name.map(|name| format!("{}, ", text::one_line(name, MAX_LINE))).unwrap_or_default();
    format!("{who}port {}, frame {}, after {milliseconds:.3} ms", delivery.client.port, delivery.at.frame)
}
