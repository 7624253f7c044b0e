//! A message's own tree: its fields, what the session knows of it, and what is wrong with it.

use super::plan::{MAX_LINE, Settings, draw_event, draw_links, draw_user, title_head};
use crate::annotation::{Layer, Plan, Tree, Value};
use crate::event::{Event, Recipient, Say, below_messages};
use crate::fields::{Field, Finding};
use crate::language::{Fact, Missing};
use crate::message::gateway::Gateway;
use crate::message::json::Span;
use crate::message::{JsonType, MemberName, Message, text};
use crate::packet::{Captured, FrameTime, Side};
use crate::session::{DeliveredTo, MessageView, SayView, Session};
use std::fmt::{self, Display, Write};

/// Stands in the packet list for what a malformed message says.
const NOT_JSON: &str = "[not JSON]";

/// Stands for the phase of a login of which it is not known whether it is a result or a notification.
const UNCERTAIN_LOGIN: &str = "Login";

/// Names of a list that stand in a title.
const LISTED_NAMES: usize = 20;

/// A message on its way to its tree.
pub struct Drawing<'a> {
    message: &'a Message<'a>,
    view: MessageView<'a>,
    settings: &'a Settings,
    data: Captured<'a>,
}

impl<'a> Drawing<'a> {
    /// Of a message and what the session knows of it.
    pub fn new(message: &'a Message<'a>, view: MessageView<'a>, settings: &'a Settings, data: Captured<'a>) -> Self {
        Self { message, view, settings, data }
    }

    /// Plans what to draw.
    pub fn draw(self, plan: &mut Plan, session: &Session) {
        let wanted = self.settings.wanted;
        let is_said = wanted.titles || wanted.info || wanted.field(Field::Note);
        let content = self.message.value(MemberName::Content).filter(|_| is_said);
        let line = content.map(|content| text::first_line(content, self.is_from_server(), MAX_LINE));
        let said = line.unwrap_or_default();
        let tree = &mut plan.tree(Layer::Message, wanted);
        let has_lines = wanted.fields != 0;
        if has_lines {
            self.event(tree, &said);
            self.members(tree);
            self.client_list(tree);
        }
        self.text(tree);
        if has_lines {
            self.generated_fields(tree);
            self.conversation(tree, session);
        }
        self.findings(tree);
        if wanted.titles {
            plan.set_title_and_info(&title_head(), |text| self.line(text, &said));
        } else if wanted.info {
            plan.set_info(|text| self.line(text, &said));
        }
    }

    fn is_from_server(&self) -> bool {
        self.message.sender == Side::Server
    }

    fn is_faulty(&self) -> bool {
        self.message.fault().is_some()
    }

    /// The title and the Info column. They are made of what was known when the message was first seen.
    fn line(&self, line: &mut String, said: &str) {
        let start = line.len();
        line.push_str(match self.view.record.uncertain {
            true => UNCERTAIN_LOGIN,
            false => self.view.record.event.phase().name(),
        });
        let end_of_phase = line.len();
        line.push_str(": ");
        let before = line.len();
        self.summary(line, said);
        if line.len() == before {
            line.truncate(end_of_phase);
        }
        text::shorten(line, start, MAX_LINE);
        if self.is_faulty() {
            line.push(' ');
            line.push_str(NOT_JSON);
        }
    }

    /// What follows the phase's name.
    fn summary(&self, line: &mut String, said: &str) {
        let _ = match &self.view.record.event {
            Event::LoginRequest { name: Some(name), room: Some(room) } => {
                write!(line, "{}, room {}", Line(name), Line(room))
            }
            Event::LoginRequest { name: None, room: Some(room) } => write!(line, "room {}", Line(room)),
            Event::LoginRequest { name, room: None }
            | Event::LoginResult(name)
            | Event::LoginNotification(name)
            | Event::LogoutNotification(name) => write!(line, "{}", Line(name.unwrap_or_default())),
            Event::UserList { .. } => {
                self.listed_names(line);
                Ok(())
            }
            Event::SayRequest(say) => {
                let sender = match say.sender {
                    Some(name) => write!(line, "{}", Line(name)),
                    None => write!(line, "port {}", self.view.connection.client().port),
                };
                sender.and_then(|()| write!(line, " → {}: {said}", recipient(say)))
            }
            Event::SayDelivery(say) => {
                write!(line, "{} → {}: {said}", Line(say.sender.unwrap_or("?")), recipient(say))
            }
            Event::Unknown { type_name, .. } => write!(line, "{}", Line(type_name.unwrap_or_default())),
            Event::Ping(_) | Event::Pong(_) => Ok(()),
            below_messages!() => Ok(()),
        }; // a String takes everything
    }

    fn listed_names(&self, line: &mut String) {
        let users = self.message.client_list().into_iter().flat_map(|list| list.users());
        for (at, name) in users.filter_map(|user| user.name).take(LISTED_NAMES).enumerate() {
            if at > 0 {
                line.push_str(", ");
            }
            line.push_str(&text::line(&text::unescaped_name(&name.text, 1), MAX_LINE));
        }
    }

    fn event(&self, tree: &mut Tree, said: &str) {
        if self.view.record.uncertain {
            return;
        }
        let text = if said.is_empty() && self.is_faulty() { NOT_JSON } else { said };
        let (connection, event) = (self.view.connection, &self.view.record.event);
        draw_event(tree, connection, event, self.message.sender, text, self.settings.language);
    }

    fn members(&self, tree: &mut Tree) {
        for member in self.message.fields() {
            let item = tree.text_at(None, member.name.field(), &member.display(), member.span);
            if matches!(member.name, MemberName::ClientId | MemberName::FromClientId | MemberName::ToClientId) {
                draw_gateway(tree, item, member.text);
            }
        }
    }

    fn client_list(&self, tree: &mut Tree) {
        const FIELDS: [Field; 4] =
            [Field::ClientList, Field::ClientListClientId, Field::ClientListClientName, Field::ClientListCount];
        if !FIELDS.iter().any(|field| tree.wants(*field)) {
            return;
        }
        let Some(list) = self.message.client_list() else { return };
        let count = list.len();
        let item = tree.group(None, Field::ClientList, format_args!("Client list ({count})"), list.span.clone());
        for user in list.users() {
            let parts = [(Field::ClientListClientId, user.id), (Field::ClientListClientName, user.name)];
            for (field, part) in parts {
                if let Some(part) = part {
                    tree.text_at(item, field, &part.text, part.span);
                }
            }
        }
        tree.value(item, Field::ClientListCount, Value::Unsigned(count as u32));
    }

    fn generated_fields(&self, tree: &mut Tree) {
        if let Some(private) = self.message.is_private() {
            tree.value(None, Field::Private, Value::Boolean(private));
        }
        if let Some(dialect) = self.view.dialect() {
            tree.value(None, Field::Dialect, Value::Unsigned(dialect as u32));
        }
    }

    /// The content as a person reads it.
    fn text(&self, tree: &mut Tree) {
        let Some(content) = self.message.get(MemberName::Content) else { return };
        let item = match tree.wants(Field::Text) {
            true => {
                let text = text::readable(content.text, self.is_from_server());
                tree.text_at(None, Field::Text, &text, content.span.clone())
            }
            false => None,
        };
        let is_html = self.is_from_server() && content.json_type == JsonType::String;
        if let Some(tag) = text::markup(content.text, is_html) {
            let tag = text::line(&tag, MAX_LINE);
            let fact = Fact::UnescapedHtml(&tag);
            self.report(tree, item, Finding::UnescapedHtml, &fact, Some(content.span.clone()));
        }
    }

    fn conversation(&self, tree: &mut Tree, session: &Session) {
        let record = &self.view.record;
        if tree.wants(Field::Sender) {
            if let Some(sender) = self.view.sender() {
                tree.text(None, Field::Sender, sender);
            }
        }
        if tree.wants(Field::Recipient) {
            if let Some(recipient) = self.view.recipient() {
                tree.text(None, Field::Recipient, recipient);
            }
        }
        draw_user(tree, self.view.user());
        if let Some(members) =
            Some(Field::RoomMembers).filter(|field| tree.wants(*field)).and_then(|_| self.view.members())
        {
            let more = if members.count > members.names.len() { ", …" } else { "" };
            tree.format(None, Field::RoomMembers, format_args!("{}{more}", Joined(&members.names)));
        }
        match (&record.event, self.view.say()) {
            (Event::SayRequest(_), Some(say)) => {
                draw_links(tree, None, record.at, None, say.first);
                // Nothing yet is not nobody: more frames may follow.
                if say.deliveries > 0 || self.view.reached_nobody() {
                    draw_deliveries(tree, session, say);
                }
            }
            (_, Some(say)) => draw_links(tree, None, record.at, Some(say.at), None),
            (_, None) => draw_links(tree, None, record.at, record.request, record.response),
        }
    }

    fn findings(&self, tree: &mut Tree) {
        self.findings_of_the_message(tree);
        let record = &self.view.record;
        match (record.masked, self.message.sender) {
            (Some(false), Side::Client) => {
                self.report(tree, None, Finding::UnmaskedClient, &Fact::UnmaskedClient, None)
            }
            (Some(true), Side::Server) => self.report(tree, None, Finding::MaskedServer, &Fact::MaskedServer, None),
            _ => {}
        }
        if record.before_login {
            self.report(tree, None, Finding::SayBeforeLogin, &Fact::SayBeforeLogin, None);
        }
        if self.view.reached_nobody() {
            self.report(tree, None, Finding::NoDelivery, &Fact::NoDelivery, None);
        }
        if self.view.unanswered() {
            self.report(tree, None, Finding::NoPong, &Fact::NoPong, None);
        }
    }

    fn findings_of_the_message(&self, tree: &mut Tree) {
        let event = &self.view.record.event;
        let truncated = self.data.is_truncated();
        if truncated {
            let (captured, reported) = (self.data.bytes.len(), self.data.reported);
            self.report(tree, None, Finding::Truncated, &Fact::Truncated { captured, reported }, None);
        }
        if let Some(fault) = self.message.fault() {
            let by = self.message.sender;
            let fact = Fact::MalformedJson { reason: fault.reason, offset: fault.span.start, by };
            self.report(tree, None, Finding::MalformedJson, &fact, Some(fault.span.clone()));
        } else if matches!(event, Event::Unknown { .. }) && !truncated {
            let member = self.message.get(MemberName::Type);
            let shown = member.as_ref().map(|member| text::line(member.text, MAX_LINE));
            let span = member.map(|member| member.span);
            self.report(tree, None, Finding::UnknownType, &Fact::UnknownType(shown.as_deref()), span);
        }
        if truncated {
            return;
        }
        for member in self.message.missing(self.view.record.dialect) {
            let fact = Fact::MissingMember(self.without(member), member.key(self.view.record.dialect));
            self.report(tree, None, Finding::MissingMember, &fact, None);
        }
        if let Some(time) = self.message.bad_time(self.view.record.dialect) {
            let shown = text::line(time.text, MAX_LINE);
            self.report(tree, None, Finding::BadTime, &Fact::BadTime(&shown), Some(time.span));
        }
    }

    /// What the server does without a member that it needs.
    fn without(&self, member: MemberName) -> Missing {
        match member {
            _ if self.is_from_server() => Missing::FromServer,
            MemberName::RoomId => Missing::Room,
            MemberName::ClientName => Missing::Name,
            MemberName::ToClientId => Missing::Recipient,
            MemberName::ToClientName => Missing::RecipientName,
            _ => Missing::Content,
        }
    }

    fn report(&self, tree: &mut Tree, parent: Option<usize>, finding: Finding, fact: &Fact, span: Option<Span>) {
        let sentence = self.settings.language.finding(fact);
        tree.finding(parent, finding, &sentence, span);
    }
}

/// What the id of a client says of its gateway.
fn draw_gateway(tree: &mut Tree, item: Option<usize>, id: &str) {
    let fields = [Field::GatewayAddress, Field::GatewayPort, Field::GatewayConnection];
    if !fields.iter().any(|field| tree.wants(*field)) {
        return;
    }
    if let Some(gateway) = Gateway::from_client_id(id) {
        tree.value(item, Field::GatewayAddress, Value::Address(gateway.address));
        tree.value(item, Field::GatewayPort, Value::Unsigned(gateway.port.into()));
        tree.value(item, Field::GatewayConnection, Value::Unsigned(gateway.connection));
    }
}

fn draw_deliveries(tree: &mut Tree, session: &Session, say: SayView) {
    let item = match say.is_counted {
        true => tree.value(None, Field::Deliveries, Value::Unsigned(say.deliveries)),
        false => None,
    };
    if tree.wants(Field::Delivery) {
        for delivery in session.deliveries(say) {
            draw_delivery(tree, item, &delivery, say.at);
        }
    }
}

fn draw_delivery(tree: &mut Tree, item: Option<usize>, delivery: &DeliveredTo, asked: FrameTime) {
    let milliseconds = delivery.at.since(asked) as f64 / 1e6;
    let (port, frame) = (delivery.client.port, delivery.at.frame);
    let (name, comma) = delivery.name.map_or(("", ""), |name| (name, ", "));
    let line = Line(name);
    tree.format(
        item,
        Field::Delivery,
        format_args!("{line}{comma}port {port}, frame {frame}, after {milliseconds:.3} ms"),
    );
}

/// A text in one printable line.
struct Line<'a>(&'a str);

impl Display for Line<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&text::line(self.0, MAX_LINE))
    }
}

/// Names, with commas between.
struct Joined<'a>(&'a [&'a str]);

impl Display for Joined<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        for (at, name) in self.0.iter().enumerate() {
            if at > 0 {
                formatter.write_str(", ")?;
            }
            formatter.write_str(name)?;
        }
        Ok(())
    }
}

/// Whom a say is for, in a title.
fn recipient<'a>(say: &Say<&'a str>) -> Line<'a> {
    match &say.recipient {
        Recipient::Everyone => Line("all"),
        Recipient::Named(text) | Recipient::Id(text) => Line(text),
        Recipient::Unknown => Line("?"),
    }
}
