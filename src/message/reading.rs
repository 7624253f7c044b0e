//! A document interpreted as sent by one of the sides: which message of the chat it is, its members by name, what it lacks, and whether it proves
//! the chat.

use super::dialect::{Evidence, Subject, evidence_of_own, fault_of, is_json};
use super::json::{Data, Fault, Limits, Member, Reason, Salvaged, Span};
use super::list::ClientList;
use super::opaque::Opaque;
use super::own::{self, Document, OwnTable, Vocabulary};
use super::readable::Readable;
use super::table::{self, Dialect, Form, Key, Kind, MemberName};
use super::{json, php, text};
use crate::failpoint::failpoint;
use crate::fields::ServerKind;
use crate::packet::Side;
use memchr::memmem::Finder;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::LazyLock;

/// In the name of a member that a message must have to be [`Evidence::Dialect`].
const PROVING: [&str; 3] = ["client_", "uid", "user_list"];

/// Whether a message may be [`Evidence::Dialect`]: judged by its bytes, among which there is `type` and one of a few other names, or an
/// escape in which such names may be written.
pub fn may_prove_chat(bytes: &[u8]) -> bool {
    failpoint!("message::may_prove_chat");
    static TYPE: LazyLock<Finder> = LazyLock::new(|| Finder::new("type"));
    static OTHERS: LazyLock<[Finder; 3]> = LazyLock::new(|| PROVING.map(Finder::new));
    static ESCAPE: LazyLock<Finder> = LazyLock::new(|| Finder::new("\\u00"));
    let has = |finder: &Finder| finder.find(bytes).is_some();
    has(&TYPE) && OTHERS.iter().any(has) || has(&ESCAPE)
}

/// The values of `type` that the chat's messages have; one that both sides send is there twice.
pub fn type_names() -> impl Iterator<Item = &'static str> {
    table::FORMS.iter().flat_map(Form::type_names)
}

/// How large a message the chat server accepts.
///
/// Length: Workerman's `TcpConnection::$defaultMaxPackageSize`, 10 MiB; it closes the connection on a longer message. Depth:
/// that of PHP's `json_decode()`, whose default of 512 counts the values in the innermost array or object as a level, too; it fails on a
/// message nested deeper, and the server then ignores the message.
pub const LIMITS: Limits = Limits { length: 10 * 1024 * 1024, depth: 511 };

/// The JSON type of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JsonType {
    /// A string (RFC 8259, section 7).
    String,
    /// A number (RFC 8259, section 6).
    Number,
    /// `null`.
    Null,
    /// `true`, `false`, an array or an object.
    Other,
}

/// A member of the message as it is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberText<'d> {
    /// Which of the chat's members it is; [`MemberName::Other`] for a client list that lists no users, too.
    pub name: MemberName,
    /// The bytes of the JSON value, a string's quotes included.
    pub span: Span,
    /// The decoded key.
    pub key: &'d str,
    /// A decoded string, or the JSON text of any other value. Valid UTF-8 without NUL.
    pub text: &'d str,
    /// The JSON type of the value.
    pub json_type: JsonType,
}

impl<'d> MemberText<'d> {
    /// What is drawn: the text, after `key: ` when the chat does not know the member.
    pub fn display(&self) -> Cow<'d, str> {
        match self.name {
            MemberName::Other => Cow::Owned(format!("{}: {}", self.key, self.text)),
            _ => Cow::Borrowed(self.text),
        }
    }
}

/// Whom a say is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To<'d> {
    /// Everybody in the room, or in dialect A everybody.
    All,
    /// The client of this id.
    Client(&'d str),
    /// The number 0: to PHP before version 8 the same as `all`, and nobody's id since.
    Zero,
    /// Its own sender, to whom the server delivers what is for nobody: the id is absent in the request, or `null`.
    Sender,
    /// The message does not say.
    Unknown,
}

/// Parses a message, which has been unmasked, inflated and reassembled from its frames. Never fails: the document of what is not
/// a JSON object has a [`fault`](Document::fault), and the members before the fault.
pub fn read(bytes: &[u8]) -> Document<'_> {
    read_with(bytes, None)
}

/// The same, with a table of the user's own messages.
pub fn read_with<'d>(bytes: &'d [u8], own: Option<&'d OwnTable>) -> Document<'d> {
    failpoint!("message::json");
    json::parse(bytes, LIMITS, Vocabulary::new(own))
}

/// A document interpreted as sent by one of the sides, as far as it could be read.
#[derive(Debug, Clone)]
pub struct Message<'d> {
    /// The side that sends it.
    pub sender: Side,
    /// The dialect that its members belong to. `None` where they fit several dialects, or none.
    pub dialect: Option<Dialect>,
    pub(super) document: &'d Document<'d>,
    /// The table's row for messages of its `type`; `None` for a `type` that this side does not send.
    pub(super) form: Option<&'static Form>,
    members: Members<'d>,
    /// Its `type` or one of its keys is the user's own.
    is_own: bool,
    truncated: bool,
    /// See [`Message::opaque`].
    opaque: Option<Opaque>,
    evidence: Evidence,
    knows_its_members: bool,
    /// See [`Message::shown_fields`].
    salvaged: OnceCell<Vec<Salvaged>>,
}

/// What a heartbeat is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heartbeat {
    Ping,
    Pong,
}

impl Heartbeat {
    /// Of a value of `type`, or of a message that is no JSON.
    fn of(text: &[u8]) -> Option<Heartbeat> {
        match text {
            b"ping" => Some(Heartbeat::Ping),
            b"pong" => Some(Heartbeat::Pong),
            _ => None,
        }
    }
}

impl<'d> Message<'d> {
    /// Interprets a document. Never fails: what is no message of the chat is [`Content::Unknown`](super::Content::Unknown).
    ///
    /// `truncated` is whether the capture holds only the beginning of the message. Then a fault is not the sender's, so it is
    /// left out of everything but the evidence and the dialect.
    pub fn of(document: &'d Document<'d>, sender: Side, truncated: bool) -> Message<'d> {
        failpoint!("message");
        let mut members = Members::of(document, None);
        let type_name = members.type_name();
        let own = type_name.and_then(|name| document.tagging.form_of(name, sender));
        let form = own.or_else(|| Form::of(type_name?, sender));
        let is_own = own.is_some() || members.has_own;
        let kind = form.map(|form| form.kind).filter(|_| is_own);
        if kind.is_some() {
            members = Members::of(document, kind);
        }
        let subject = Subject::new(document, sender, form, type_name);
        Message {
            sender,
            dialect: subject.dialect().filter(|_| !is_own),
            document,
            form,
            is_own,
            truncated,
            opaque: document.fault.as_ref().filter(|_| !truncated).and_then(|_| Opaque::of(document.bytes)),
            evidence: kind.map_or_else(|| subject.evidence(), |kind| evidence_of_own(document, kind)),
            knows_its_members: kind.is_some() || subject.all_names_known(),
            salvaged: OnceCell::new(),
            members,
        }
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        self.form.map(|form| form.kind)
    }

    /// A heartbeat that the chat itself does not send: in the other direction, or as plain text.
    pub(super) fn heartbeat(&self) -> Option<Heartbeat> {
        match &self.document.fault {
            None => {
                let type_name = self.members.type_name().filter(|_| self.form.is_none())?;
                let of_kind = |kind| self.document.tagging.is_of(type_name, kind);
                let own = of_kind(Kind::Ping).then_some(Heartbeat::Ping);
                own.or_else(|| of_kind(Kind::Pong).then_some(Heartbeat::Pong)).or(Heartbeat::of(type_name.as_bytes()))
            }
            Some(_) if self.truncated => None,
            Some(_) => Heartbeat::of(self.document.bytes.trim_ascii()),
        }
    }

    /// What its payload is that is no JSON, and was not meant to be.
    pub fn opaque(&self) -> Option<Opaque> {
        self.opaque
    }

    /// What a person reads of a message of a type that the chat does not know; `None` of the others, and of what is no object.
    pub fn readable(&self) -> Option<Readable<'d>> {
        let is_unknown = self.form.is_none() && self.document.fault.is_none();
        is_unknown.then(|| Readable::of(self.document))
    }

    /// Which server the message shows, where it is the server's: that of a chat built from the original one by a type, a member or a heartbeat that the
    /// original does not send. `None` of what tells nothing.
    pub fn shows(&self) -> Option<ServerKind> {
        let is_whole = !self.truncated && (self.document.fault.is_none() || self.heartbeat().is_some());
        if self.sender != Side::Server || !is_whole || self.is_own {
            return None;
        }
        match self.form {
            None => Some(ServerKind::Derived),
            Some(_) if !self.knows_its_members => Some(ServerKind::Derived),
            Some(Form { kind: Kind::SayDelivery, .. })
                if self.value(MemberName::Content).is_some_and(text::has_translated_mark) =>
            {
                Some(ServerKind::Derived)
            }
            Some(_) => Some(ServerKind::Original).filter(|_| self.evidence == Evidence::Dialect),
        }
    }

    /// Whether the chat has a message with all its members, whatever their values.
    pub fn knows_its_members(&self) -> bool {
        self.knows_its_members
    }

    /// Whether it is JSON as who gets it reads it, as far as it was captured.
    pub fn is_json(&self) -> bool {
        self.truncated || fault_of(self.document, self.sender).is_none()
    }

    /// Whether it is a JSON object, to its end.
    pub fn is_object(&self) -> bool {
        self.document.fault.is_none()
    }

    pub(super) fn member(&self, name: MemberName) -> Option<&Member> {
        self.members.last(name)
    }

    /// A name from the server; that of a user who has none may be `null`.
    pub(super) fn name(&self, name: MemberName) -> Option<&'d str> {
        let member = self.member(name)?;
        Some(if member.data == Data::Null { "" } else { value_text(member, self.document) })
    }

    pub(super) fn list(&self) -> Option<&ClientList<'d>> {
        self.members.list.as_ref()
    }

    /// Whether its `type`, or one of its keys, is one of the user's own: the original has no such message.
    pub fn is_own(&self) -> bool {
        self.is_own
    }

    /// How strongly the message indicates that the connection is the chat's.
    pub fn evidence(&self) -> Evidence {
        self.evidence
    }

    /// Why the message is not a JSON object: who gets it ignores it. The fields are then those before the fault. Of a lone surrogate,
    /// they are all there are, and only the server refuses it: a browser's `JSON.parse()` does not.
    pub fn fault(&self) -> Option<&'d Fault> {
        let fault = fault_of(self.document, self.sender).filter(|_| !self.truncated);
        fault.filter(|_| self.opaque.is_none() && self.heartbeat().is_none())
    }

    /// Whether it is JSON, but no object: a string, a number, an array …
    pub fn is_no_object(&self) -> bool {
        let fault = self.document.fault.as_ref().filter(|fault| fault.reason == Reason::NotAnObject);
        fault.is_some_and(|fault| !self.truncated && is_json(self.document, fault))
    }

    /// The characters around the [`fault`](Message::fault), in one printable line; empty where there are none.
    pub fn near_fault(&self) -> String {
        match self.fault() {
            None | Some(Fault { reason: Reason::Empty, .. }) => String::new(),
            Some(Fault { span, reason: Reason::UnterminatedString }) => text::excerpt(self.document.bytes, span.end),
            Some(Fault { span, .. }) => text::excerpt(self.document.bytes, span.start),
        }
    }

    /// Its bytes, as far as they were captured.
    pub fn bytes(&self) -> &'d [u8] {
        self.document.bytes
    }

    /// Whether the capture holds only its beginning.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// The members in the order of the message, without the one that is drawn as the client list. A member that is there
    /// twice is here twice.
    pub fn fields(&self) -> impl Iterator<Item = MemberText<'d>> + use<'d> {
        let document = self.document;
        let list = self.members.drawn_list().map(|list| list.value);
        let is_drawn = move |member: &Member| list.is_none_or(|list| list != member.value);
        let kind = self.members.own_kind;
        document.members().filter(is_drawn).map(move |member| field(&member, document, kind))
    }

    /// The [fields](Message::fields), and behind them what else of a message with a fault a person can read: the string in which
    /// the fault lies, and the content behind it. Only to be shown: whoever gets such a message does not read it.
    pub fn shown_fields(&self) -> impl Iterator<Item = MemberText<'_>> {
        let salvaged = self.salvaged();
        let is_whole = |field: &MemberText| salvaged.iter().all(|other| other.span.start != field.span.start);
        self.fields().filter(is_whole).chain(salvaged.iter().map(|member| self.salvaged_field(member)))
    }

    /// The last of the [`shown_fields`](Message::shown_fields) that has this name.
    pub fn shown(&self, name: MemberName) -> Option<MemberText<'_>> {
        let salvaged =
            self.salvaged().iter().map(|member| self.salvaged_field(member)).rfind(|field| field.name == name);
        salvaged.or_else(|| self.get(name))
    }

    /// What is said, for a person to read: the [shown](Message::shown) content as sent, and where the capture cut it within what the server adds
    /// or escapes, without that.
    pub fn shown_content(&self) -> Option<MemberText<'_>> {
        let content = self.shown(MemberName::Content)?;
        let is_cut = self.truncated && self.sender == Side::Server && self.value(MemberName::Content).is_none();
        let text = if is_cut { text::without_cut_markup(content.text) } else { content.text };
        Some(MemberText { text, ..content })
    }

    fn salvaged(&self) -> &[Salvaged] {
        match self.document.fault {
            None => &[],
            Some(_) if self.truncated => &[], // half a value is no value
            Some(_) => self.salvaged.get_or_init(|| self.document.salvage(self.document.tagging.content_key())),
        }
    }

    fn salvaged_field<'m>(&self, member: &'m Salvaged) -> MemberText<'m> {
        MemberText {
            name: shown_name(member.tag, self.members.own_kind),
            span: member.span.clone(),
            key: &member.key,
            text: &member.text,
            json_type: JsonType::String,
        }
    }

    /// The field of this name; where there are several, the last, as `json_decode()` has it.
    pub fn get(&self, name: MemberName) -> Option<MemberText<'d>> {
        match name {
            MemberName::Other => self.fields().filter(|field| field.name == MemberName::Other).last(),
            MemberName::ClientList => None,
            _ => self.members.last(name).map(|member| field(member, self.document, self.members.own_kind)),
        }
    }

    /// The text of the field of this name.
    pub fn value(&self, name: MemberName) -> Option<&'d str> {
        match name {
            MemberName::Other | MemberName::ClientList => self.get(name).map(|field| field.text),
            _ => self.members.text(name),
        }
    }

    /// The users that the last client list names, if it is one.
    pub fn client_list(&self) -> Option<ClientList<'d>> {
        self.members.list.clone()
    }

    /// Whether a say is for one client, which is what the server takes every say for that is not for `all`. `None` where that was not
    /// captured, for a delivery that names no recipient, and for other messages.
    pub fn is_private(&self) -> Option<bool> {
        match self.to()? {
            To::All => Some(false),
            To::Client(_) | To::Sender => Some(true),
            To::Zero | To::Unknown => None,
        }
    }

    /// Whom a say is for; `None` for other messages.
    pub fn to(&self) -> Option<To<'d>> {
        let is_request = match self.kind()? {
            Kind::SayRequest => true,
            Kind::SayDelivery => false,
            Kind::LoginRequest | Kind::UserList | Kind::Login | Kind::Logout | Kind::Ping | Kind::Pong => return None,
        };
        let Some(member) = self.members.last(MemberName::ToClientId) else {
            return Some(match (is_request && self.is_whole(), self.is_own) {
                (false, _) => To::Unknown,
                (true, false) => To::Sender,
                (true, true) => To::All, // as in most chats
            });
        };
        Some(match (member.data, value_text(member, self.document)) {
            (Data::Null, _) | (Data::String, "") if self.is_own => To::All,
            (Data::Null, _) => To::Sender,
            (Data::Bool(true), _) | (Data::String, "all") => To::All,
            (Data::Number, number) if is_request && number.parse() == Ok(0.0) && !self.is_own => To::Zero,
            (_, id) => To::Client(id),
        })
    }

    /// The string that the server makes of a member; an empty one of a member that is absent, or `null`. `None` where that is not known: of
    /// what was not captured, and of arrays and objects.
    pub fn as_string(&self, name: MemberName) -> Option<Cow<'d, str>> {
        match self.members.last(name) {
            Some(member) => php::string(member.data, value_text(member, self.document)),
            None => self.is_whole().then_some(Cow::Borrowed("")),
        }
    }

    /// Whether all members were read.
    fn is_whole(&self) -> bool {
        !self.truncated && self.fault().is_none()
    }

    /// The members that the server needs, or always sends, in a message of this kind, and that this one does not have. `dialect` is the
    /// connection's, for a message whose members do not decide it. A
    /// message with a fault misses none. To the server a member that is `null` is absent, as for PHP's `isset()`; what the server sends as
    /// `null` it sends. What a server of the user's own needs is not known.
    pub fn missing(&self, dialect: Option<Dialect>) -> impl Iterator<Item = MemberName> {
        let private = matches!(self.to(), Some(To::Client(_)));
        let dialect = self.dialect.or(dialect);
        let form = self.form.filter(|_| self.fault().is_none() && !self.is_own);
        let needed = form.into_iter().flat_map(move |form| form.needed(dialect, private));
        let counts_null = self.sender == Side::Server;
        needed
            .filter(move |name| self.members.last(*name).is_none_or(|member| member.data == Data::Null && !counts_null))
    }

    /// The member `time` where it is not a time as the server of the message's dialect, or else of this one, writes it.
    /// `YYYY-MM-DD :MM:SS` in a say of 2014 is not bad.
    pub fn bad_time(&self, dialect: Option<Dialect>) -> Option<MemberText<'d>> {
        let of = self.form.filter(|_| !self.is_own)?.type_of(MemberName::Time, self.dialect.or(dialect))?;
        let time = self.members.last(MemberName::Time)?;
        (!of.fits(time, self.document)).then(|| field(time, self.document, self.members.own_kind))
    }
}

/// The members of a document, by name.
#[derive(Debug, Clone)]
struct Members<'d> {
    pub(super) document: &'d Document<'d>,
    /// The place of the last of each name among the stored ones; [`ABSENT`], or [`BEHIND`] for one that is not stored.
    last: [u8; MemberName::COUNT],
    /// The last of each name that is [`BEHIND`].
    behind: Option<Box<[Member; MemberName::COUNT]>>,
    list: Option<ClientList<'d>>,
    /// One of the keys is the user's own.
    has_own: bool,
    /// The kind of a message of the user's own.
    own_kind: Option<Kind>,
}

/// There is no member of this name.
const ABSENT: u8 = u8::MAX;
/// It is behind the stored members.
const BEHIND: u8 = ABSENT - 1;

impl<'d> Members<'d> {
    /// `own_kind`: of a message of the user's own, what its keys are decided by.
    fn of(document: &'d Document<'d>, own_kind: Option<Kind>) -> Members<'d> {
        let last = [ABSENT; MemberName::COUNT];
        let mut members = Members { document, last, behind: None, list: None, has_own: false, own_kind };
        for (at, member) in document.stored().iter().enumerate() {
            members.enter(member, at as u8);
        }
        for member in document.behind() {
            if let Some(name) = members.enter(&member, BEHIND) {
                members.behind.get_or_insert_default()[name as usize] = member;
            }
        }
        if own_kind.is_some() {
            members.let_names_stand_for_ids();
        }
        members.list = members.last(MemberName::ClientList).and_then(|list| ClientList::of(list, document));
        members
    }

    /// Enters where the last member of a name is. Returns the name.
    fn enter(&mut self, member: &Member, place: u8) -> Option<MemberName> {
        let key = Key::of_tag(member.tag)?;
        self.has_own |= key.is_own;
        let name = own::name_in(key.name, self.own_kind);
        let is_taken = name != key.name && self.last[name as usize] != ABSENT;
        if is_taken {
            return None; // what it is called here stands there, too
        }
        self.last[name as usize] = place;
        Some(name)
    }

    fn let_names_stand_for_ids(&mut self) {
        for (id, name) in self.document.tagging.stand_ins() {
            if self.last[*id as usize] == ABSENT {
                self.last[*id as usize] = self.last[*name as usize];
                if let Some(behind) = &mut self.behind {
                    behind[*id as usize] = behind[*name as usize];
                }
            }
        }
    }

    fn last(&self, name: MemberName) -> Option<&Member> {
        match *self.last.get(name as usize)? {
            ABSENT => None,
            BEHIND => Some(&self.behind.as_ref()?[name as usize]),
            at => self.document.stored().get(usize::from(at)),
        }
    }

    fn drawn_list(&self) -> Option<&Member> {
        self.last(MemberName::ClientList).filter(|_| self.list.is_some())
    }

    /// The value of `type`: a string, or in a chat of the user's own a number.
    fn type_name(&self) -> Option<&'d str> {
        let member = self.last(MemberName::Type)?;
        let is_one = member.data == Data::String || member.data == Data::Number && self.document.tagging.has_own();
        is_one.then(|| value_text(member, self.document))
    }

    /// A decoded string, or the JSON text of another value.
    fn text(&self, name: MemberName) -> Option<&'d str> {
        self.last(name).map(|member| value_text(member, self.document))
    }
}

/// A member as it is drawn. `own_kind`: of the message, if it is of the user's own.
fn field<'d>(member: &Member, document: &'d Document<'d>, own_kind: Option<Kind>) -> MemberText<'d> {
    MemberText {
        name: shown_name(member.tag, own_kind),
        span: member.value.span(),
        key: document.string(&member.key),
        text: value_text(member, document),
        json_type: json_type(member.data),
    }
}

fn shown_name(tag: u8, own_kind: Option<Kind>) -> MemberName {
    let name = Key::of_tag(tag).map(|key| own::name_in(key.name, own_kind));
    name.filter(|name| *name != MemberName::ClientList).unwrap_or(MemberName::Other)
}

fn value_text<'d>(member: &Member, document: &'d Document<'d>) -> &'d str {
    match member.data {
        Data::String => document.string(&member.value),
        _ => document.text(&member.value.span()),
    }
}

fn json_type(data: Data) -> JsonType {
    match data {
        Data::String => JsonType::String,
        Data::Number => JsonType::Number,
        Data::Null => JsonType::Null,
        Data::Bool(_) | Data::Array { .. } | Data::Object { .. } => JsonType::Other,
    }
}
