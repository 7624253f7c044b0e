//! The one table of the chat's members and messages. [`MemberName`]'s rows give each member's field and, for each dialect,
//! its key and how far it distinguishes the chat from other applications; [`FORMS`] says which members each message has in each
//! dialect, of which type, and whether the server needs them.

use super::json::{Data, Document, Span, Value};
use super::time::{is_2014_say_time, is_date_time};
use crate::fields;
use crate::packet::Side;
use Dialect::{A2014, B2015, C2016};
use MemberName::{
    ClientId, ClientList, ClientName, Content, FromClientId, FromClientName, RoomId, Time, ToClientId, ToClientName,
};
use Need::{Always, Listed, Optional, Private, Usual};

/// The protocol's generations; the numbers are the values of `workermanchat.dialect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// August to December 2014: `uid`, `name`, and lists of users in messages of their own.
    A2014 = 1,
    /// December 2014 to 2015: `client_id` is a number.
    B2015 = 2,
    /// From 2016 on: `client_id` has 20 hexadecimal digits.
    C2016 = 3,
}

/// The weight of a member that only this chat has: one such member is enough to regard a message as the chat's.
pub(super) const ENOUGH: usize = 3;
/// The weight of a member that other applications have too.
const COMMON: usize = 1;

/// What is known of a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub(super) name: MemberName,
    /// See [`ENOUGH`].
    pub(super) weight: usize,
    /// Whether dialect A calls the member so.
    old: bool,
    /// Whether dialects B and C call the member so.
    new: bool,
}

impl Key {
    pub(super) fn is_of(self, dialect: Dialect) -> bool {
        if dialect == A2014 { self.old } else { self.new }
    }
}

macro_rules! members {
    ($($(#[$doc:meta])* $name:ident $field:ident $old_weight:ident $old:literal $new_weight:ident $new:literal;)*) => {
        /// A member of a message; its key depends on the dialect.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum MemberName {
            $($(#[$doc])* $name,)*
            /// A member that the chat does not know.
            Other,
        }

        impl MemberName {
            /// How many names there are without [`MemberName::Other`].
            pub(super) const COUNT: usize = MemberName::Other as usize;

            /// The field that the member is drawn as.
            pub fn field(self) -> fields::Field {
                match self {
                    $(MemberName::$name => fields::Field::$field,)*
                    MemberName::Other => fields::Field::Member,
                }
            }

            /// The member's key on the wire; that of 2015 and later where the dialect is not known. `member` for
            /// [`MemberName::Other`], which has no key of its own.
            pub fn key(self, dialect: Option<Dialect>) -> &'static str {
                match self {
                    $(MemberName::$name => if dialect == Some(A2014) { $old } else { $new },)*
                    MemberName::Other => "member",
                }
            }

            /// Which member has this key in some dialect.
            // Many members have the same key in all dialects.
            #[allow(unreachable_patterns)]
            pub(super) fn of_key(key: &str) -> Option<Key> {
                Some(match key {
                    $(
                        $old => Key { name: MemberName::$name, weight: $old_weight, old: true, new: $old == $new },
                        $new => Key { name: MemberName::$name, weight: $new_weight, old: false, new: true },
                    )*
                    _ => return None,
                })
            }
        }
    };
}

members! {
    // name       field           in 2014                     from 2015 on
    /// What the message is for.
    Type          MessageType     COMMON "type"               COMMON "type";
    /// The client that the message is about.
    ClientId      ClientId        COMMON "uid"                COMMON "client_id";
    /// That client's user name.
    ClientName    ClientName      COMMON "name"               ENOUGH "client_name";
    /// The client that says or does it.
    FromClientId  FromClientId    ENOUGH "from_uid"           ENOUGH "from_client_id";
    /// That client's user name.
    FromClientName FromClientName ENOUGH "from_client_name"   ENOUGH "from_client_name";
    /// The client that a say is for, or `all`.
    ToClientId    ToClientId      ENOUGH "to_uid"             ENOUGH "to_client_id";
    /// That client's user name.
    ToClientName  ToClientName    ENOUGH "to_client_name"     ENOUGH "to_client_name";
    /// What is said.
    Content       Content         COMMON "content"            COMMON "content";
    /// The server's local time.
    Time          Time            COMMON "time"               COMMON "time";
    /// The room that the client logs in to.
    RoomId        RoomId          COMMON "room_id"            COMMON "room_id";
    /// Who is logged in. Drawn as a client list where it lists users, else as [`MemberName::Other`].
    ClientList    ClientList      ENOUGH "user_list"          ENOUGH "client_list";
}

/// The keys of an id in a list of users; `code` for a while in 2014.
pub(super) const USER_IDS: &[&str] = &["client_id", "uid", "code"];
/// The keys of a name in a list of users.
pub(super) const USER_NAMES: &[&str] = &["client_name", "name"];

/// What a message is for. The same `type` has another meaning from the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    LoginRequest,
    UserList,
    Login,
    SayRequest,
    SayDelivery,
    Logout,
    Ping,
    Pong,
}

/// What the value of a member may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Type {
    String,
    /// An id of 2014 and 2015.
    Number,
    /// An id of 2016 and later.
    Hex,
    /// `"all"` or an id of 2014 and 2015, which a browser sends as a string.
    NumberOrAll,
    /// `"all"` or an id of 2016 and later.
    HexOrAll,
    NumberOrString,
    Time,
    /// The time in a say of 2014: [`Type::Time`] without the hour.
    SayTime,
    /// Objects of a numeric id and a name, under these keys.
    Users {
        ids: &'static [&'static str],
        name: &'static str,
    },
    /// An object of names by id, or PHP's empty array.
    NamesById,
}

/// Whether a message has a member. The absence of a member that is not needed is no finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Every message has it: without it, it is missing, and the message does not prove the chat.
    Always,
    /// The server sends it always, but the message proves the chat without it.
    Usual,
    /// The server needs it in a say to one client.
    Private,
    /// The message proves the chat with it alone, but it is not needed.
    Listed,
    Optional,
}

/// A message of one kind, in all dialects.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) kind: Kind,
    /// Who sends it.
    pub(super) sender: Side,
    /// At most eight.
    pub(super) shapes: &'static [Shape],
}

/// A message of one kind in one dialect. Members may come in any order.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) dialect: Dialect,
    /// The values of `type` that such a message has.
    pub(super) types: &'static [&'static str],
    /// Whether such a message alone distinguishes the chat from other applications.
    pub(super) distinctive: bool,
    /// All members but `type`.
    pub(super) members: &'static [(MemberName, Type, Need)],
}

const USERS_2014: Type = Type::Users { ids: &["uid", "code"], name: "name" };
const USERS_2015: Type = Type::Users { ids: &["client_id"], name: "client_name" };

const LOGIN_REQUEST: &[(MemberName, Type, Need)] =
    &[(ClientName, Type::String, Always), (RoomId, Type::NumberOrString, Always)];

/// Every message of the chat.
#[rustfmt::skip]
pub(super) const FORMS: &[Form] = &[
    Form { kind: Kind::LoginRequest, sender: Side::Client, shapes: &[
        Shape { dialect: A2014, types: &["login"], distinctive: false, members: &[
            (ClientName, Type::String, Always),
        ]},
        Shape { dialect: B2015, types: &["login", "re_login"], distinctive: true, members: LOGIN_REQUEST },
        Shape { dialect: C2016, types: &["login"], distinctive: true, members: LOGIN_REQUEST },
    ]},
    Form { kind: Kind::SayRequest, sender: Side::Client, shapes: &[
        Shape { dialect: A2014, types: &["say"], distinctive: true, members: &[
            (ToClientId, Type::NumberOrAll, Always),
            (Content, Type::String, Always),
        ]},
        Shape { dialect: B2015, types: &["say"], distinctive: true, members: &[
            (ToClientId, Type::NumberOrAll, Always),
            (ToClientName, Type::String, Private),
            (Content, Type::String, Always),
        ]},
        Shape { dialect: C2016, types: &["say"], distinctive: true, members: &[
            (ToClientId, Type::HexOrAll, Always),
            (ToClientName, Type::String, Private),
            (Content, Type::String, Always),
        ]},
    ]},
    Form { kind: Kind::Pong, sender: Side::Client, shapes: &[
        Shape { dialect: B2015, types: &["pong"], distinctive: false, members: &[] },
        Shape { dialect: C2016, types: &["pong"], distinctive: false, members: &[] },
    ]},
    Form { kind: Kind::SayDelivery, sender: Side::Server, shapes: &[
        Shape { dialect: A2014, types: &["say"], distinctive: true, members: &[
            (FromClientId, Type::Number, Always),
            (ToClientId, Type::NumberOrAll, Usual),
            (Content, Type::String, Always),
            (Time, Type::SayTime, Usual),
        ]},
        Shape { dialect: B2015, types: &["say"], distinctive: true, members: &[
            (FromClientId, Type::Number, Always),
            (FromClientName, Type::String, Usual),
            (ToClientId, Type::NumberOrAll, Usual),
            (Content, Type::String, Always),
            (Time, Type::Time, Usual),
        ]},
        Shape { dialect: C2016, types: &["say"], distinctive: true, members: &[
            (FromClientId, Type::Hex, Always),
            (FromClientName, Type::String, Usual),
            (ToClientId, Type::HexOrAll, Usual),
            (Content, Type::String, Always),
            (Time, Type::Time, Usual),
        ]},
    ]},
    Form { kind: Kind::Login, sender: Side::Server, shapes: &[
        Shape { dialect: A2014, types: &["login"], distinctive: true, members: &[
            (ClientId, Type::Number, Always),
            (ClientName, Type::String, Always),
            (Time, Type::Time, Always),
        ]},
        Shape { dialect: B2015, types: &["login", "re_login"], distinctive: true, members: &[
            (ClientId, Type::Number, Always),
            (ClientName, Type::String, Always),
            (ClientList, USERS_2015, Optional),
            (Time, Type::Time, Always),
        ]},
        Shape { dialect: C2016, types: &["login"], distinctive: true, members: &[
            (ClientId, Type::Hex, Always),
            (ClientName, Type::String, Always),
            (Time, Type::Time, Always),
            (ClientList, Type::NamesById, Optional),
        ]},
    ]},
    Form { kind: Kind::Logout, sender: Side::Server, shapes: &[
        Shape { dialect: A2014, types: &["logout"], distinctive: true, members: &[
            (ClientId, Type::Number, Always),
            (Time, Type::Time, Always),
        ]},
        Shape { dialect: B2015, types: &["logout"], distinctive: true, members: &[
            (FromClientId, Type::Number, Always),
            (FromClientName, Type::String, Usual),
            (ClientList, USERS_2015, Optional),
            (Time, Type::Time, Always),
        ]},
        Shape { dialect: C2016, types: &["logout"], distinctive: true, members: &[
            (FromClientId, Type::Hex, Always),
            (FromClientName, Type::String, Usual),
            (Time, Type::Time, Always),
        ]},
    ]},
    Form { kind: Kind::Ping, sender: Side::Server, shapes: &[
        Shape { dialect: B2015, types: &["ping"], distinctive: false, members: &[] },
        Shape { dialect: C2016, types: &["ping"], distinctive: false, members: &[] },
    ]},
    Form { kind: Kind::UserList, sender: Side::Server, shapes: &[
        Shape { dialect: A2014, types: &["user_list"], distinctive: true, members: &[
            (ClientList, USERS_2014, Listed),
        ]},
    ]},
];

impl Form {
    /// The message that has this `type` from this side.
    pub(super) fn of(type_name: &str, sender: Side) -> Option<&'static Form> {
        let is_meant = |form: &&Form| form.sender == sender && form.shapes.iter().any(|shape| shape.goes_by(type_name));
        FORMS.iter().find(is_meant)
    }

    /// The message in a dialect; in the current one, where the dialect is not known.
    fn shape(&self, dialect: Option<Dialect>) -> Option<&'static Shape> {
        self.shapes.iter().find(|shape| shape.dialect == dialect.unwrap_or(C2016))
    }

    /// The members that the server needs, or always sends, in such a message.
    pub(super) fn needed(&self, dialect: Option<Dialect>, private: bool) -> impl Iterator<Item = MemberName> + use<> {
        let members = self.shape(dialect).map_or(&[][..], |shape| shape.members);
        let is_needed = move |need| matches!(need, Always | Usual) || need == Private && private;
        members.iter().filter(move |(_, _, need)| is_needed(*need)).map(|(name, ..)| *name)
    }

    /// What the value of a member may be; `None` where such a message has no such member.
    pub(super) fn type_of(&self, name: MemberName, dialect: Option<Dialect>) -> Option<Type> {
        let (_, of, _) = self.shape(dialect)?.member(name)?;
        Some(*of)
    }
}

impl Shape {
    pub(super) fn goes_by(&self, type_name: &str) -> bool {
        self.types.contains(&type_name)
    }

    pub(super) fn member(&self, name: MemberName) -> Option<&'static (MemberName, Type, Need)> {
        self.members.iter().find(|(member, ..)| *member == name)
    }

    /// What the value under this key may be.
    pub(super) fn type_of(&self, key: Key) -> Option<Type> {
        let (_, of, _) = self.member(key.name).filter(|_| key.is_of(self.dialect))?;
        Some(*of)
    }

    /// The members without which the message does not prove the chat.
    pub(super) fn proving(&self) -> impl Iterator<Item = MemberName> + use<> {
        self.members.iter().filter(|(_, _, need)| matches!(need, Always | Listed)).map(|(name, ..)| *name)
    }
}

impl Type {
    /// Whether a value of the document is one of this type.
    pub(super) fn fits(self, value: &Value, document: &Document) -> bool {
        match (self, &value.data) {
            (Type::String, Data::String(_)) => true,
            (Type::Number | Type::NumberOrAll, Data::Number) => is_whole(&document.bytes[value.span.clone()]),
            (Type::Hex, Data::String(id)) => is_hex_id(id),
            (Type::NumberOrAll, Data::String(id)) => id == "all" || is_whole(id.as_bytes()),
            (Type::HexOrAll, Data::String(id)) => id == "all" || is_hex_id(id),
            (Type::NumberOrString, Data::Number | Data::String(_)) => true,
            (Type::Time, Data::String(time)) => is_date_time(time),
            (Type::SayTime, Data::String(time)) => is_2014_say_time(time) || is_date_time(time),
            (Type::Users { ids, name }, Data::Array) => {
                let mut users = document.elements(&value.span).peekable();
                users.peek().is_some() && users.all(|user| is_user(&user, ids, name, document))
            }
            (Type::NamesById, Data::Array) => document.elements(&value.span).next().is_none(),
            (Type::NamesById, Data::Object) => {
                let mut names = document.members_of(&value.span);
                names.all(|(id, name)| is_hex_id(&id.text) && is_string(&name, document))
            }
            _ => false,
        }
    }
}

/// The digits of an id of 2014 or 2015, which are fewer than those of a packed one.
fn is_whole(digits: &[u8]) -> bool {
    (1..=19).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
}

fn is_hex_id(id: &str) -> bool {
    id.len() == 20 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_string(span: &Span, document: &Document) -> bool {
    document.bytes[span.start] == b'"'
}

fn is_user(user: &Span, ids: &[&str], name: &str, document: &Document) -> bool {
    let (mut count, mut has_id, mut has_name) = (0, false, false);
    for (key, value) in document.members_of(user) {
        count += 1;
        has_id |= ids.contains(&&*key.text) && is_whole(&document.bytes[value.clone()]);
        has_name |= key.text == name && is_string(&value, document);
    }
    count == 2 && has_id && has_name
}
