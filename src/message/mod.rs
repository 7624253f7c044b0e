//! The chat's messages: what a WebSocket message says in any of the three dialects, with the bytes that say it. One message
//! at a time, without memory of others: who a client id is, or which login a login answers, is the session's business.

pub mod gateway;
pub mod json;
pub mod text;
pub mod time;

mod dialect;
#[cfg(test)]
mod tests;

use json::{Data, Fault, Member, Span, Value};

/// Who sent the WebSocket message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sender {
    Client,
    Server,
}

/// The protocol's generations; the numbers are the values of `workermanchat.dialect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    A2014 = 1,
    B2015 = 2,
    C2016 = 3,
}

/// What a message is for. The same `type` has another meaning from the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    LoginRequest,
    UserList,
    /// The server's: a result on the connection that asked, a notification on any other.
    Login,
    SayRequest,
    SayDelivery,
    Logout,
    Ping,
    Pong,
    /// A `type` that the chat does not send in this direction, or none.
    Unknown,
}

/// The fields of a message that are strings, one for each `workermanchat.*` field that is drawn from a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldName {
    Type,
    ClientId,
    ClientName,
    FromClientId,
    FromClientName,
    ToClientId,
    ToClientName,
    Content,
    Time,
    RoomId,
    /// A member that the chat does not know.
    Member,
}

/// The JSON type of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JsonType {
    String,
    Number,
    Null,
    /// A literal, an array or an object.
    Other,
}

/// A member of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: FieldName,
    /// The bytes of the JSON value, a string's quotes included.
    pub span: Span,
    /// A decoded string, or the JSON text of any other value; of an unknown member `key: value`. Valid UTF-8 without NUL.
    pub value: String,
    pub json_type: JsonType,
}

/// A user in a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Client {
    pub id: Option<(String, Span)>,
    /// As escaped as it is on the wire: see [`text::name`].
    pub name: Option<(String, Span)>,
}

/// The users that the server knows of: of the room, or in dialect A of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientList {
    /// The bytes of the whole list.
    pub span: Span,
    pub clients: Vec<Client>,
    /// Names by id (dialect C), not an array of users.
    pub keyed: bool,
}

/// What a message tells of the application that sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// Its members are those of one of the dialects, to the last one: this message alone proves the chat.
    Dialect,
    /// A message of the chat as far as it goes, or a cut or faulted one whose readable members are: enough where the chat is
    /// expected, on a configured port.
    Likely,
    /// Not an object, without a `type`, or with members that the chat never sends with this `type`.
    Foreign,
    /// Speaks neither for the chat nor against it: an unknown `type`, or a known one without any member.
    Unknown,
}

/// A message as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub kind: Kind,
    pub sender: Sender,
    /// `None` where the message fits several dialects, or none.
    pub dialect: Option<Dialect>,
    /// In the order of the message. A member that is there twice is here twice.
    pub fields: Vec<Field>,
    pub client_list: Option<ClientList>,
    /// Why the message is not a JSON object: the server ignores it. The fields are then those before the fault.
    pub fault: Option<Fault>,
    /// The field within whose value the fault lies.
    pub faulted_field: Option<FieldName>,
    evidence: Evidence,
}

impl Message {
    /// Reads a whole message: unmasked, inflated and put together from its frames. Never fails: what is no message of the
    /// chat is [`Kind::Unknown`], what is no JSON has a [`fault`](Message::fault).
    pub fn read(bytes: &[u8], sender: Sender) -> Message {
        let parsed = json::parse(bytes);
        let type_name = last_string(&parsed.members, "type");
        let kind = type_name.map_or(Kind::Unknown, |name| kind(name, sender));
        let subject = dialect::Subject::new(bytes, &parsed, kind, type_name);
        let (dialect, evidence) = (subject.dialect(), subject.evidence());
        let list = parsed.members.iter().rposition(|member| is_list(&member.key.text));
        let client_list = list.and_then(|at| client_list(&parsed.members[at].value, bytes));
        let drawn_as_list = list.filter(|_| client_list.is_some());
        let fields = parsed.members.iter().enumerate().filter(|(at, _)| Some(*at) != drawn_as_list);
        Message {
            kind,
            sender,
            dialect,
            fields: fields.map(|(_, member)| field(member, bytes)).collect(),
            client_list,
            faulted_field: parsed.pending.as_ref().map(|key| field_name(&key.text)),
            fault: parsed.fault,
            evidence,
        }
    }

    /// The field of this name; where there are several, the last, as `json_decode()` has it.
    pub fn get(&self, name: FieldName) -> Option<&Field> {
        self.fields.iter().rev().find(|field| field.name == name)
    }

    /// The value of the field of this name.
    pub fn value(&self, name: FieldName) -> Option<&str> {
        self.get(name).map(|field| field.value.as_str())
    }

    /// Of a say that names its recipient: whether that is one client, not all.
    pub fn is_private(&self) -> Option<bool> {
        match self.kind {
            Kind::SayRequest | Kind::SayDelivery => self.value(FieldName::ToClientId).map(|id| id != "all"),
            _ => None,
        }
    }

    /// Whether the message is one of the chat's.
    pub fn evidence(&self) -> Evidence {
        self.evidence
    }

    /// The fields that the server needs, or always sends, in a message of this kind, and that this one does not have. Of a
    /// message with a fault nothing is said to be missing. As for PHP's `isset()`, `null` is not there.
    pub fn missing(&self) -> Vec<FieldName> {
        if self.fault.is_some() {
            return Vec::new();
        }
        let absent = |name: &FieldName| self.get(*name).is_none_or(|field| field.json_type == JsonType::Null);
        self.needed().iter().copied().filter(absent).collect()
    }

    fn needed(&self) -> &'static [FieldName] {
        use FieldName::*;
        let old = self.dialect == Some(Dialect::A2014);
        match self.kind {
            Kind::LoginRequest if old => &[ClientName],
            Kind::LoginRequest => &[ClientName, RoomId],
            Kind::Login => &[ClientId, ClientName, Time],
            Kind::SayRequest if !old && self.is_private() == Some(true) => &[ToClientId, ToClientName, Content],
            Kind::SayRequest => &[ToClientId, Content],
            Kind::SayDelivery if old => &[FromClientId, ToClientId, Content, Time],
            Kind::SayDelivery => &[FromClientId, FromClientName, ToClientId, Content, Time],
            Kind::Logout if old => &[ClientId, Time],
            Kind::Logout => &[FromClientId, FromClientName, Time],
            Kind::UserList | Kind::Ping | Kind::Pong | Kind::Unknown => &[],
        }
    }

    /// The server's `time`, when it is none. What 2014 wrote into a say is that dialect's own and not bad there.
    pub fn bad_time(&self) -> Option<&Field> {
        if !matches!(self.kind, Kind::Login | Kind::SayDelivery | Kind::Logout) {
            return None;
        }
        let old_say = self.dialect == Some(Dialect::A2014) && self.kind == Kind::SayDelivery;
        let is_good = |text: &str| time::is_date_time(text) || old_say && time::is_2014_say_time(text);
        self.get(FieldName::Time).filter(|field| field.json_type != JsonType::String || !is_good(&field.value))
    }
}

fn kind(type_name: &str, sender: Sender) -> Kind {
    match (sender, type_name) {
        (Sender::Client, "login" | "re_login") => Kind::LoginRequest,
        (Sender::Client, "say") => Kind::SayRequest,
        (Sender::Client, "pong") => Kind::Pong,
        (Sender::Server, "login" | "re_login") => Kind::Login,
        (Sender::Server, "user_list") => Kind::UserList,
        (Sender::Server, "say") => Kind::SayDelivery,
        (Sender::Server, "logout") => Kind::Logout,
        (Sender::Server, "ping") => Kind::Ping,
        _ => Kind::Unknown,
    }
}

fn field_name(key: &str) -> FieldName {
    match key {
        "type" => FieldName::Type,
        "client_id" | "uid" => FieldName::ClientId,
        "client_name" | "name" => FieldName::ClientName,
        "from_client_id" | "from_uid" => FieldName::FromClientId,
        "from_client_name" => FieldName::FromClientName,
        "to_client_id" | "to_uid" => FieldName::ToClientId,
        "to_client_name" => FieldName::ToClientName,
        "content" => FieldName::Content,
        "time" => FieldName::Time,
        "room_id" => FieldName::RoomId,
        _ => FieldName::Member,
    }
}

fn field(member: &Member, message: &[u8]) -> Field {
    let name = field_name(&member.key.text);
    let text = value_text(&member.value, message);
    Field {
        name,
        span: member.value.span.clone(),
        value: if name == FieldName::Member { format!("{}: {text}", member.key.text) } else { text },
        json_type: json_type(&member.value.data),
    }
}

fn json_type(data: &Data) -> JsonType {
    match data {
        Data::String(_) => JsonType::String,
        Data::Number => JsonType::Number,
        Data::Null => JsonType::Null,
        Data::Bool(_) | Data::Array(_) | Data::Object(_) => JsonType::Other,
    }
}

/// A decoded string, or the JSON text of another value.
fn value_text(value: &Value, message: &[u8]) -> String {
    match &value.data {
        Data::String(text) => text.clone(),
        // Read without a fault, so this is UTF-8 already and has no NUL.
        _ => String::from_utf8_lossy(&message[value.span.clone()]).into_owned(),
    }
}

/// The string under `key`; where the key is there several times, the last value counts.
fn last_string<'a>(members: &'a [Member], key: &str) -> Option<&'a str> {
    match &members.iter().rev().find(|member| member.key.text == key)?.value.data {
        Data::String(text) => Some(text),
        _ => None,
    }
}

fn is_list(key: &str) -> bool {
    matches!(key, "client_list" | "user_list")
}

/// `None` for a value that lists no users.
fn client_list(value: &Value, message: &[u8]) -> Option<ClientList> {
    let (clients, keyed) = match &value.data {
        Data::Object(names) => (names.iter().map(|member| named_client(member, message)).collect(), true),
        Data::Array(users) => (users.iter().map(|user| listed_client(user, message)).collect::<Option<_>>()?, false),
        _ => return None,
    };
    Some(ClientList { span: value.span.clone(), clients, keyed })
}

fn named_client(member: &Member, message: &[u8]) -> Client {
    Client {
        id: Some((member.key.text.clone(), member.key.span.clone())),
        name: Some((value_text(&member.value, message), member.value.span.clone())),
    }
}

fn listed_client(user: &Value, message: &[u8]) -> Option<Client> {
    let Data::Object(members) = &user.data else {
        return None;
    };
    let last = |keys: &[&str]| {
        let member = members.iter().rev().find(|member| keys.contains(&member.key.text.as_str()))?;
        Some((value_text(&member.value, message), member.value.span.clone()))
    };
    Some(Client { id: last(&["client_id", "uid", "code"]), name: last(&["client_name", "name"]) })
}
