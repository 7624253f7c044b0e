//! A message's own tree: its fields, what the session knows of it, and what is wrong with it.

use super::plan::{Settings, draw_links, draw_phase, draw_steps, draw_user, localise, title_head, wants_steps};
use crate::annotation::{Layer, Plan, Tree, Value};
use crate::event::{MessageEvent, Recipient};
use crate::failpoint::failpoint;
use crate::fields::{Field, Finding, dialect_name};
use crate::language::{
    FindingDetail, MAX_LINE, Missing, Note, Noted, NotedMessage, Party, Phrase, isolated, learned_findings,
};
use crate::message::gateway::Gateway;
use crate::message::json::Span;
use crate::message::{JsonType, Line, MAX_TEXT, MemberName, Message, Readable, User, text};
use crate::packet::{Captured, FrameTime, Side};
use crate::session::{DeliveredTo, LeftOut, MessageView, SayView, Session};
use std::fmt::{self, Display, Write};

/// Users of a list that have lines in the tree. Wireshark ends the dissection of a packet with more than a million lines.
const MAX_LISTED: usize = 100_000;

/// Names of a list that stand in a title.
const LISTED_NAMES: usize = 20;

/// A message on its way to its tree.
pub struct Drawing<'a> {
    message: &'a Message<'a>,
    view: MessageView<'a>,
    settings: &'a Settings,
    data: Captured<'a>,
    first_pass: bool,
    /// What a person reads of a message that the chat does not know.
    readable: Option<Readable<'a>>,
}

impl<'a> Drawing<'a> {
    /// Of a message and what the session knows of it.
    pub fn new(
        message: &'a Message<'a>,
        view: MessageView<'a>,
        settings: &'a Settings,
        data: Captured<'a>,
        first_pass: bool,
    ) -> Self {
        Self { message, readable: message.readable(), view, settings, data, first_pass }
    }

    /// Plans what to draw.
    pub fn draw(self, plan: &mut Plan, session: &Session) {
        failpoint!("dissector::message");
        let wanted = self.settings.wanted;
        let is_said = wanted.titles || wanted.info || wanted.tap_events || wanted.field(Field::Note);
        let content = self.message.shown_content().filter(|_| is_said && self.readable.is_none());
        let line = content.as_ref().map(|content| text::first_line(content.text, self.is_from_server(), MAX_LINE));
        let said = line.unwrap_or_else(|| if is_said { self.otherwise_said().into() } else { "".into() });
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
            self.left_out(tree);
        }
        self.findings(tree);
        if wanted.tap_events {
            let text = content.as_ref().map(|content| text::readable(content.text, self.is_from_server()));
            plan.set_tap_event(self.message.sender, &text::line(text.as_deref().unwrap_or(&said), usize::MAX));
        }
        let tree = &mut plan.tree(Layer::Message, wanted);
        for (finding, detail) in learned_findings(&self.view, self.message.sender) {
            self.report(tree, None, finding, &detail, None);
        }
        localise(plan, self.settings);
        if wanted.titles {
            plan.set_title_and_info(&title_head(), |text| self.line(text, &said));
        } else if wanted.info {
            plan.set_info(|text| self.line(text, &said));
        }
    }

    fn is_from_server(&self) -> bool {
        self.message.sender == Side::Server
    }

    /// What a message says that is no say, in one printable line: the lines that a person reads, or what its payload is.
    fn otherwise_said(&self) -> String {
        if let Some(what) = self.message.opaque() {
            return self.phrase(&Phrase::Opaque { what, bytes: self.data.reported });
        }
        let mut said = String::new();
        for Line { sender, said: text } in self.readable.iter().flat_map(|readable| &readable.lines) {
            said.push_str(if said.is_empty() { "" } else { " | " });
            if let Some(sender) = sender {
                let colon = self.settings.language.colon();
                let _ = write!(said, "{}{colon}", Printable(&sender.text)); // a String takes everything
            }
            said.push_str(&text::first_line(&text.text, self.is_from_server(), MAX_LINE));
        }
        text::shorten(&mut said, 0, MAX_LINE);
        said
    }

    /// What a person reads of a message that the chat does not know: who says what to whom.
    fn readable_line(&self, said: &str) -> String {
        let MessageEvent::Unknown { sender, recipient, .. } = &self.view.record.event else { return String::new() };
        let mut line = String::new();
        let whom = !matches!(recipient, Recipient::Unknown);
        if let Some(sender) = sender.filter(|_| whom || self.is_from_server() || self.view.ends().user.is_none()) {
            let _ = write!(line, "{}", Printable(sender)); // a String takes everything
        }
        if whom {
            let _ = self.to_whom(&mut line, recipient, said); // a String takes everything
        } else if !said.is_empty() {
            line.push_str(if line.is_empty() { "" } else { self.settings.language.colon() });
            line.push_str(&isolated(said));
        }
        line
    }

    /// Whether nothing is asserted of the server that only the original one does: it is not that one, or the client's page is another.
    fn is_of_derived(&self) -> bool {
        self.view.is_of_derived() || !self.is_from_server() && !self.message.knows_its_members()
    }

    /// Why the message is not JSON; `near` are the characters around the fault.
    fn malformed<'n>(&self, near: &'n str) -> Option<FindingDetail<'n>> {
        let by = Some(self.message.sender).filter(|_| !self.view.is_of_derived());
        self.message.fault().map(|fault| FindingDetail::MalformedJson { reason: fault.reason, near, by })
    }

    fn is_faulty(&self) -> bool {
        self.message.fault().is_some()
    }

    /// The title and the Info column. They are made of what was known when the message was first seen.
    fn line(&self, line: &mut String, said: &str) {
        let start = line.len();
        line.push_str(&self.settings.language.first_kind(&self.view));
        let end_of_phase = line.len();
        line.push_str(self.settings.language.colon());
        let before = line.len();
        self.summary(line, said);
        if line.len() == before {
            line.truncate(end_of_phase);
        }
        text::shorten(line, start, MAX_LINE);
        if self.is_faulty() {
            line.push(' ');
            line.push_str(&self.phrase(&Phrase::NotJson));
        }
    }

    /// What follows the phase's name.
    fn summary(&self, line: &mut String, said: &str) {
        let _ = match &self.view.record.event {
            MessageEvent::LoginRequest { name: Some(name), room: Some(room) } => {
                write!(line, "{}, {}", Printable(name), self.room(room))
            }
            MessageEvent::LoginRequest { name: None, room: Some(room) } => write!(line, "{}", self.room(room)),
            MessageEvent::LoginRequest { name, room: None }
            | MessageEvent::LoginResult { name }
            | MessageEvent::LoginNotification { name }
            | MessageEvent::LogoutNotification { name } => write!(line, "{}", Printable(name.unwrap_or_default())),
            MessageEvent::UserList { .. } => {
                self.listed_names(line);
                Ok(())
            }
            MessageEvent::SayRequest { sender, recipient } => {
                let sender = match sender {
                    Some(name) => write!(line, "{}", Printable(name)),
                    None => write!(line, "{}", self.browser()),
                };
                sender.and_then(|()| self.to_whom(line, recipient, said))
            }
            MessageEvent::SayDelivery { sender, recipient } => {
                write!(line, "{}", Printable(sender.unwrap_or("?"))).and_then(|()| self.to_whom(line, recipient, said))
            }
            MessageEvent::Unknown { type_name, .. } => {
                let (type_name, rest) = (Printable(type_name.unwrap_or_default()), self.readable_line(said));
                let has_both = !type_name.0.is_empty() && !rest.is_empty();
                let colon = if has_both { self.settings.language.colon() } else { "" };
                write!(line, "{type_name}{colon}{rest}")
            }
            MessageEvent::Ping { .. }
            | MessageEvent::Pong { .. }
            | MessageEvent::ClientPing { .. }
            | MessageEvent::ServerPong { .. }
            | MessageEvent::UnsolicitedPong { .. } => Ok(()),
        }; // a String takes everything
    }

    fn listed_names(&self, line: &mut String) {
        let users = self.message.client_list().into_iter().flat_map(|list| list.users());
        for (at, name) in users.filter_map(|user| user.name).take(LISTED_NAMES).enumerate() {
            if at > 0 {
                line.push_str(", ");
            }
            let _ = write!(line, "{}", Printable(&text::unescaped_name(&name.text, 1))); // a String takes everything
        }
    }

    fn phrase(&self, phrase: &Phrase) -> String {
        self.settings.language.phrase(phrase)
    }

    fn room(&self, room: &str) -> String {
        self.phrase(&Phrase::Room(&text::line(room, MAX_LINE)))
    }

    /// The browser, by its port or by its address.
    fn browser(&self) -> String {
        let ends = self.view.ends();
        let addresses = ends.addresses();
        self.phrase(&Phrase::Browser(Party::of(&ends, Side::Client, &addresses)))
    }

    /// Whom a say is for, in a title, and what is said.
    fn to_whom(&self, line: &mut String, recipient: &Recipient<&str>, said: &str) -> fmt::Result {
        line.push_str(" → ");
        match recipient {
            Recipient::Everyone => line.push_str(&self.phrase(&Phrase::All)),
            Recipient::Named(recipient) | Recipient::Id(recipient) => write!(line, "{}", Printable(recipient))?,
            Recipient::Unknown => line.push('?'),
        }
        line.push_str(self.settings.language.colon());
        line.push_str(&isolated(said));
        Ok(())
    }

    /// The note, and what the message is in the course of the connection.
    fn event(&self, tree: &mut Tree, said: &str) {
        let (record, language) = (&self.view.record, self.settings.language);
        let event = &record.event;
        if !record.uncertain {
            if tree.wants(Field::Note) {
                let near = self.message.near_fault();
                let annotates = self.settings.annotate_tcp;
                let acked = if annotates { self.view.acked() } else { Vec::new() };
                let readable = self.readable_line(said);
                let note = language.note(&Note {
                    what: Noted::Message(NotedMessage {
                        event,
                        text: said,
                        is_own: record.is_own || self.view.may_be_own_login(),
                        is_anothers: self.view.is_anothers(),
                        is_derived: self.view.is_of_derived(),
                        has_other_text: self.view.has_other_text() && !self.first_pass,
                        readable: &readable,
                        is_masked: record.masked == Some(true) && self.message.sender == Side::Client,
                        fault: self.malformed(&near),
                    }),
                    by: self.message.sender,
                    ends: self.view.ends(),
                    acked: &acked,
                    completes: None, // what it acknowledges may be, not what it says
                });
                tree.labelled_text(None, Field::Note, &note, || format!("{}: {note}", language.label(Field::Note)));
            }
            draw_phase(tree, None, event.phase(), language);
        }
        if wants_steps(tree) {
            let heading = text::line(said, MAX_TEXT); // as long as that of its acknowledgments
            draw_steps(tree, None, &self.view.steps(&heading), language);
        }
        if self.settings.annotate_tcp {
            for frame in self.view.acks() {
                tree.value(None, Field::Acks, Value::Frame(frame));
            }
        }
    }

    fn members(&self, tree: &mut Tree) {
        for member in self.message.shown_fields() {
            let item = tree.text_at(None, member.name.field(), &member.display(), member.span);
            if matches!(member.name, MemberName::ClientId | MemberName::FromClientId | MemberName::ToClientId) {
                draw_gateway(tree, item, member.text);
            }
        }
    }

    fn client_list(&self, tree: &mut Tree) {
        const FIELDS: [Field; 5] = [
            Field::ClientList,
            Field::ClientListUser,
            Field::ClientListClientId,
            Field::ClientListClientName,
            Field::ClientListCount,
        ];
        if !FIELDS.iter().any(|field| tree.wants(*field)) {
            return;
        }
        let Some(list) = self.message.client_list() else { return };
        let count = list.len();
        let item = tree.group(None, Field::ClientList, &self.phrase(&Phrase::UserList(count)), list.span.clone());
        for user in list.users().take(MAX_LISTED) {
            let line = listed_user(&user);
            let item = tree.group(item, Field::ClientListUser, &line, None);
            let parts = [(Field::ClientListClientId, user.id), (Field::ClientListClientName, user.name)];
            for (field, part) in parts {
                if let Some(part) = part {
                    tree.text_at(item, field, &part.text, part.span);
                }
            }
        }
        if count > MAX_LISTED {
            let more = self.phrase(&Phrase::More(count - MAX_LISTED));
            tree.group(item, Field::ClientListUser, &more, None);
        }
        tree.value(item, Field::ClientListCount, Value::Unsigned(count as u32));
    }

    fn generated_fields(&self, tree: &mut Tree) {
        if let Some(private) = self.message.is_private() {
            tree.value(None, Field::Private, Value::Boolean(private));
        }
        if let Some(kind) = self.view.server_kind() {
            let language = self.settings.language;
            tree.labelled(None, Field::Server, Value::Unsigned(kind as u32), || {
                format!("{}: {}", language.label(Field::Server), kind.name())
            });
        }
        if let Some(dialect) = self.view.dialect() {
            let (number, language) = (dialect as u32, self.settings.language);
            tree.labelled(None, Field::Dialect, Value::Unsigned(number), || {
                format!("{}: {}", language.label(Field::Dialect), dialect_name(number))
            });
        }
    }

    /// The content as a person reads it.
    fn text(&self, tree: &mut Tree) {
        if let Some(readable) = &self.readable {
            let is_wanted = tree.wants(Field::Text);
            for Line { said, .. } in readable.lines.iter().filter(|_| is_wanted) {
                let text = text::readable(&said.text, self.is_from_server());
                let is_new = self.message.value(MemberName::Content) != Some(&text);
                tree.text_if(None, Field::Text, &text, Some(said.span.clone()), is_new);
            }
            return;
        }
        let Some(content) = self.message.shown_content() else { return };
        let item = match tree.wants(Field::Text) {
            true => {
                let text = text::readable(content.text, self.is_from_server());
                tree.text_if(None, Field::Text, &text, Some(content.span.clone()), text != content.text)
            }
            false => None,
        };
        let is_html = self.is_from_server() && content.json_type == JsonType::String;
        if let Some(tag) = text::markup(content.text, is_html).filter(|_| !self.is_of_derived()) {
            let tag = text::line(&tag, MAX_LINE);
            let detail = FindingDetail::UnescapedHtml(&tag);
            self.report(tree, item, Finding::UnescapedHtml, &detail, Some(content.span.clone()));
        }
    }

    /// Whether one of these members has the text as its value.
    fn has_value(&self, text: &str, names: [MemberName; 2]) -> bool {
        names.iter().any(|name| self.message.value(*name) == Some(text))
    }

    fn conversation(&self, tree: &mut Tree, session: &Session) {
        let record = &self.view.record;
        let user = self.view.user();
        if let Some(sender) = Some(Field::Sender).filter(|field| tree.wants(*field)).and_then(|_| self.view.sender()) {
            let names = [MemberName::ClientName, MemberName::FromClientName];
            let is_new = !self.has_value(sender, names) && self.view.ends().user != Some(sender);
            tree.text_if(None, Field::Sender, sender, None, is_new);
        }
        if let Some(readable) = &self.readable {
            for sender in readable.lines.iter().filter_map(|line| line.sender.as_ref()) {
                tree.text(None, Field::Sender, &sender.text);
            }
            if let Some(room) = readable.room.as_ref().filter(|_| user.is_none_or(|user| user.room.is_none())) {
                tree.text(None, Field::Room, &room.text);
            }
        }
        if let Some(recipient) =
            Some(Field::Recipient).filter(|field| tree.wants(*field)).and_then(|_| self.view.recipient())
        {
            let names = [MemberName::ToClientId, MemberName::ToClientName];
            tree.text_if(None, Field::Recipient, recipient, None, !self.has_value(recipient, names));
        }
        draw_user(tree, None, user);
        if let Some(members) =
            Some(Field::RoomMembers).filter(|field| tree.wants(*field)).and_then(|_| self.view.members())
        {
            let more = if members.count > members.names.len() { ", …" } else { "" };
            tree.format(None, Field::RoomMembers, format_args!("{}{more}", Joined(&members.names)));
        }
        match (&record.event, self.view.say()) {
            (MessageEvent::SayRequest { .. }, Some(say)) => {
                draw_links(tree, None, record.at, None, say.first);
                // Nothing yet is not nobody, nor are those all that were captured before their say: more frames may follow.
                if !self.first_pass && (say.deliveries > 0 || self.view.reached_nobody()) {
                    self.deliveries(tree, session, say);
                }
            }
            (_, Some(say)) => draw_links(tree, None, record.at, Some(say.at), None),
            (_, None) => draw_links(tree, None, record.at, record.request, record.response),
        }
    }

    /// What is left out, and why. Later packets may yet teach it while the capture is read for the first time.
    fn left_out(&self, tree: &mut Tree) {
        if self.first_pass || ![Field::LeftOut, Field::LeftOutWhy].iter().any(|field| tree.wants(*field)) {
            return;
        }
        let language = self.settings.language;
        for LeftOut { field, cause } in self.view.left_out(self.message.is_truncated()) {
            let addresses = cause.by.as_ref().map(|(_, ends)| ends.addresses());
            let of = cause.by.as_ref().zip(addresses.as_ref());
            let of = of.map(|((side, ends), addresses)| Party::of(ends, *side, addresses));
            let why = match cause.before {
                Some(before) => self.phrase(&Phrase::BytesMissing { of, before }),
                None => self.phrase(&Phrase::LeftOut(cause.omission)),
            };
            let label = || format!("{}: {}: {why}", language.label(Field::LeftOut), language.label(field));
            let item = tree.labelled(None, Field::LeftOut, Value::Unsigned(cause.omission as u32), label);
            tree.text(item, Field::LeftOutWhy, &why);
        }
    }

    fn deliveries(&self, tree: &mut Tree, session: &Session, say: SayView) {
        const FIELDS: [Field; 6] = [
            Field::Delivery,
            Field::DeliveryFrame,
            Field::DeliveryUser,
            Field::DeliveryEndpoint,
            Field::DeliveryTime,
            Field::DeliveryAckedIn,
        ];
        let item = match say.is_counted {
            true => tree.value(None, Field::Deliveries, Value::Unsigned(say.deliveries)),
            false => None,
        };
        if FIELDS.iter().any(|field| tree.wants(*field)) {
            for delivery in session.deliveries(say) {
                self.delivery(tree, item, &delivery, say.at);
            }
        }
    }

    fn delivery(&self, tree: &mut Tree, item: Option<usize>, delivery: &DeliveredTo, asked: FrameTime) {
        let time = delivery.at.since(asked);
        let addresses = delivery.ends.addresses();
        let name = delivery.name.map(|name| text::line(name, MAX_LINE));
        let to = Party { name: name.as_deref(), ..Party::of(&delivery.ends, Side::Client, &addresses) };
        let (frame, milliseconds) = (delivery.at.frame, time as f64 / 1e6);
        let line = self.phrase(&Phrase::Delivery { to, frame, milliseconds });
        let item = tree.group(item, Field::Delivery, &line, None);
        tree.value(item, Field::DeliveryFrame, Value::Frame(frame));
        if let Some(name) = delivery.name {
            tree.text(item, Field::DeliveryUser, name);
        }
        tree.text(item, Field::DeliveryEndpoint, &delivery.ends.client.to_string());
        tree.value(item, Field::DeliveryTime, Value::Duration(time));
        if let Some(acked_in) = delivery.acked_in {
            tree.value(item, Field::DeliveryAckedIn, Value::Frame(acked_in));
        }
    }

    /// What is wrong with the message itself, whatever the session knows of it.
    fn findings(&self, tree: &mut Tree) {
        let event = &self.view.record.event;
        let truncated = self.data.is_truncated();
        if truncated {
            let (captured, reported) = (self.data.bytes.len(), self.data.reported);
            self.report(tree, None, Finding::Truncated, &FindingDetail::Truncated { captured, reported }, None);
        }
        let near = self.message.near_fault();
        if let (Some(detail), Some(fault)) = (self.malformed(&near), self.message.fault()) {
            self.report(tree, None, Finding::MalformedJson, &detail, Some(fault.span.clone()));
        } else if matches!(event, MessageEvent::Unknown { .. })
            && !truncated
            && !self.view.is_of_derived()
            && self.message.opaque().is_none()
        {
            let member = self.message.get(MemberName::Type);
            let shown = member.as_ref().map(|member| text::line(member.text, MAX_LINE));
            let span = member.map(|member| member.span);
            let detail = match self.message.is_no_object() {
                true => FindingDetail::NotAnObject,
                false => FindingDetail::UnknownType(shown.as_deref()),
            };
            self.report(tree, None, Finding::UnknownType, &detail, span);
        }
        if truncated || matches!(event, MessageEvent::Unknown { .. }) || self.is_of_derived() {
            return;
        }
        for member in self.message.missing(self.view.record.dialect) {
            let detail = FindingDetail::MissingMember(self.without(member), member.key(self.view.record.dialect));
            self.report(tree, None, Finding::MissingMember, &detail, None);
        }
        if let Some(time) = self.message.bad_time(self.view.record.dialect) {
            let shown = text::line(time.text, MAX_LINE);
            self.report(tree, None, Finding::BadTime, &FindingDetail::BadTime(&shown), Some(time.span));
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
            MemberName::Content
            | MemberName::Type
            | MemberName::ClientId
            | MemberName::FromClientId
            | MemberName::FromClientName
            | MemberName::Time
            | MemberName::ClientList
            | MemberName::Other => Missing::Content,
        }
    }

    fn report(
        &self,
        tree: &mut Tree,
        parent: Option<usize>,
        finding: Finding,
        detail: &FindingDetail,
        span: Option<Span>,
    ) {
        let sentence = self.settings.language.finding(detail);
        tree.finding(parent, finding, &sentence, span);
    }
}

/// A user's name, and the id in parentheses.
fn listed_user(user: &User) -> String {
    let id = user.id.as_ref().map(|id| Printable(&id.text).to_string());
    let name = user.name.as_ref().map(|name| Printable(&text::unescaped_name(&name.text, 1)).to_string());
    match (name, id) {
        (Some(name), Some(id)) => format!("{name} ({id})"),
        (name, id) => name.or(id).unwrap_or_default(),
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

/// A text in one printable line, isolated where it is written from right to left.
struct Printable<'a>(&'a str);

impl Display for Printable<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&isolated(&text::line(self.0, MAX_LINE)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::Wanted;
    use crate::event::{on_the_wire, samples, texts_of};
    use crate::fields::Phase;
    use crate::language::Language;
    use crate::message::read;
    use crate::session::tests::told;

    #[test]
    fn the_info_column_has_every_name_that_is_known_of_a_message() {
        let settings =
            Settings { language: Language::English, wanted: Wanted::ALL, annotate_tcp: true, annotate_info: true };
        let without = [Phase::Ping, Phase::Pong, Phase::UserList];
        for event in samples().into_iter().filter(|event| !without.contains(&event.phase())) {
            let (Some((capture, frames)), Some((by, json))) = (told(&event), on_the_wire(&event)) else { continue };
            let document = read(json.as_bytes());
            let message = Message::of(&document, by, false);
            let view = capture.view(0, frames[0]);
            let known = view.record.event.clone();
            let data = Captured { bytes: json.as_bytes(), reported: json.len() };
            let mut line = String::new();
            Drawing::new(&message, view, &settings, data, true).line(&mut line, "hi");
            // Who sent a message that the chat does not know is not said.
            let unsaid = known.sender().copied().filter(|_| matches!(known, MessageEvent::Unknown { .. }));
            for name in texts_of(&known).into_iter().filter(|name| Some(*name) != unsaid) {
                assert!(line.contains(name), "{known:?} lacks {name}: {line}");
            }
        }
    }
}
