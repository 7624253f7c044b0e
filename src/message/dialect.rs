//! The three dialects as a table: which members each kind of message has, and of which type. From it follows which dialect a
//! message is in, and what the message proves about the application that sent it.

use super::json::{Data, Fault, Member, Parsed, Reason, Value};
use super::time::{is_2014_say_time, is_date_time};
use super::{Dialect, Evidence, Kind};
use Dialect::{A2014, B2015, C2016};
use Kind::{Login, LoginRequest, Logout, Ping, Pong, SayDelivery, SayRequest, UserList};
use Need::{Always, Maybe};

/// What the value of a member may be.
#[derive(Debug, Clone, Copy)]
enum Type {
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
    /// What 2014 put into a say: [`Type::Time`] without the hour.
    SayTime,
    /// Objects of a numeric id and a name, under these keys.
    Users {
        ids: &'static [&'static str],
        name: &'static str,
    },
    /// An object of names by id, or PHP's empty array.
    NamesById,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Need {
    Always,
    Maybe,
}

/// A message of one dialect. Members may come in any order.
struct Shape {
    dialect: Dialect,
    kind: Kind,
    /// The values of `type` that it goes by.
    types: &'static [&'static str],
    members: &'static [(&'static str, Type, Need)],
    /// Whether such a message alone tells the chat from other applications.
    telling: bool,
}

const USERS_2014: Type = Type::Users { ids: &["uid", "code"], name: "name" };
const USERS_2015: Type = Type::Users { ids: &["client_id"], name: "client_name" };

const LOGIN_REQUEST: &[(&str, Type, Need)] =
    &[("client_name", Type::String, Always), ("room_id", Type::NumberOrString, Always)];

#[rustfmt::skip]
const SHAPES: &[Shape] = &[
    Shape { dialect: A2014, kind: LoginRequest, types: &["login"], telling: false, members: &[
        ("name", Type::String, Always),
    ]},
    Shape { dialect: A2014, kind: UserList, types: &["user_list"], telling: true, members: &[
        ("user_list", USERS_2014, Always),
    ]},
    Shape { dialect: A2014, kind: Login, types: &["login"], telling: true, members: &[
        ("uid", Type::Number, Always),
        ("name", Type::String, Always),
        ("time", Type::Time, Always),
    ]},
    Shape { dialect: A2014, kind: SayRequest, types: &["say"], telling: true, members: &[
        ("to_uid", Type::NumberOrAll, Always),
        ("content", Type::String, Always),
    ]},
    Shape { dialect: A2014, kind: SayDelivery, types: &["say"], telling: true, members: &[
        ("from_uid", Type::Number, Always),
        ("to_uid", Type::NumberOrAll, Maybe),
        ("content", Type::String, Always),
        ("time", Type::SayTime, Maybe),
    ]},
    Shape { dialect: A2014, kind: Logout, types: &["logout"], telling: true, members: &[
        ("uid", Type::Number, Always),
        ("time", Type::Time, Always),
    ]},

    Shape { dialect: B2015, kind: LoginRequest, types: &["login", "re_login"], telling: true, members: LOGIN_REQUEST },
    Shape { dialect: B2015, kind: Login, types: &["login", "re_login"], telling: true, members: &[
        ("client_id", Type::Number, Always),
        ("client_name", Type::String, Always),
        ("client_list", USERS_2015, Maybe),
        ("time", Type::Time, Always),
    ]},
    Shape { dialect: B2015, kind: SayRequest, types: &["say"], telling: true, members: &[
        ("to_client_id", Type::NumberOrAll, Always),
        ("to_client_name", Type::String, Maybe),
        ("content", Type::String, Always),
    ]},
    Shape { dialect: B2015, kind: SayDelivery, types: &["say"], telling: true, members: &[
        ("from_client_id", Type::Number, Always),
        ("from_client_name", Type::String, Maybe),
        ("to_client_id", Type::NumberOrAll, Maybe),
        ("content", Type::String, Always),
        ("time", Type::Time, Maybe),
    ]},
    Shape { dialect: B2015, kind: Logout, types: &["logout"], telling: true, members: &[
        ("from_client_id", Type::Number, Always),
        ("from_client_name", Type::String, Maybe),
        ("client_list", USERS_2015, Maybe),
        ("time", Type::Time, Always),
    ]},
    Shape { dialect: B2015, kind: Ping, types: &["ping"], telling: false, members: &[] },
    Shape { dialect: B2015, kind: Pong, types: &["pong"], telling: false, members: &[] },

    Shape { dialect: C2016, kind: LoginRequest, types: &["login"], telling: true, members: LOGIN_REQUEST },
    Shape { dialect: C2016, kind: Login, types: &["login"], telling: true, members: &[
        ("client_id", Type::Hex, Always),
        ("client_name", Type::String, Always),
        ("time", Type::Time, Always),
        ("client_list", Type::NamesById, Maybe),
    ]},
    Shape { dialect: C2016, kind: SayRequest, types: &["say"], telling: true, members: &[
        ("to_client_id", Type::HexOrAll, Always),
        ("to_client_name", Type::String, Maybe),
        ("content", Type::String, Always),
    ]},
    Shape { dialect: C2016, kind: SayDelivery, types: &["say"], telling: true, members: &[
        ("from_client_id", Type::Hex, Always),
        ("from_client_name", Type::String, Maybe),
        ("to_client_id", Type::HexOrAll, Maybe),
        ("content", Type::String, Always),
        ("time", Type::Time, Maybe),
    ]},
    Shape { dialect: C2016, kind: Logout, types: &["logout"], telling: true, members: &[
        ("from_client_id", Type::Hex, Always),
        ("from_client_name", Type::String, Maybe),
        ("time", Type::Time, Always),
    ]},
    Shape { dialect: C2016, kind: Ping, types: &["ping"], telling: false, members: &[] },
    Shape { dialect: C2016, kind: Pong, types: &["pong"], telling: false, members: &[] },
];

impl Type {
    fn fits(self, value: &Value, message: &[u8]) -> bool {
        match (self, &value.data) {
            (Type::String, Data::String(_)) => true,
            (Type::Number, Data::Number) => is_whole(&message[value.span.clone()]),
            (Type::Hex, Data::String(id)) => is_hex_id(id),
            (Type::NumberOrAll, Data::Number) => is_whole(&message[value.span.clone()]),
            (Type::NumberOrAll, Data::String(id)) => id == "all" || is_whole(id.as_bytes()),
            (Type::HexOrAll, Data::String(id)) => id == "all" || is_hex_id(id),
            (Type::NumberOrString, Data::Number | Data::String(_)) => true,
            (Type::Time, Data::String(time)) => is_date_time(time),
            (Type::SayTime, Data::String(time)) => is_2014_say_time(time) || is_date_time(time),
            (Type::Users { ids, name }, Data::Array(users)) => {
                !users.is_empty() && users.iter().all(|user| is_user(user, ids, name, message))
            }
            (Type::NamesById, Data::Array(names)) => names.is_empty(),
            (Type::NamesById, Data::Object(names)) => {
                names.iter().all(|user| is_hex_id(&user.key.text) && matches!(user.value.data, Data::String(_)))
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

fn is_user(user: &Value, ids: &[&str], name: &str, message: &[u8]) -> bool {
    let Data::Object(members) = &user.data else {
        return false;
    };
    let has = |expected: &dyn Fn(&Member) -> bool| members.iter().any(expected);
    members.len() == 2
        && has(&|member| ids.contains(&member.key.text.as_str()) && Type::Number.fits(&member.value, message))
        && has(&|member| member.key.text == name && matches!(member.value.data, Data::String(_)))
}

impl Shape {
    fn member(&self, key: &str) -> Option<&(&'static str, Type, Need)> {
        self.members.iter().find(|(name, ..)| *name == key)
    }

    fn has(&self, member: &Member, message: &[u8]) -> bool {
        self.member(&member.key.text).is_some_and(|(_, of, _)| of.fits(&member.value, message))
    }

    /// Whether the message has every member that it must have and none that it cannot have.
    fn fits(&self, members: &[&Member], message: &[u8]) -> bool {
        let mut needed = self.members.iter().filter(|(_, _, need)| *need == Always);
        members.iter().all(|member| self.has(member, message))
            && needed.all(|(key, ..)| members.iter().any(|member| member.key.text == *key))
            && !has_duplicates(members)
    }
}

fn has_duplicates(members: &[&Member]) -> bool {
    members.iter().enumerate().any(|(at, member)| members[..at].iter().any(|other| other.key.text == member.key.text))
}

/// A message as this module looks at it.
pub(super) struct Subject<'a> {
    message: &'a [u8],
    kind: Kind,
    has_type: bool,
    /// What messages of this kind and `type` look like, in each dialect that has them.
    shapes: Vec<&'static Shape>,
    /// All members but `type`.
    members: Vec<&'a Member>,
    /// The name of the member that the fault broke off.
    pending: Option<&'a str>,
    fault: Option<&'a Fault>,
}

impl<'a> Subject<'a> {
    /// `type_name` is the value of `type`, when it is a string.
    pub(super) fn new(message: &'a [u8], parsed: &'a Parsed, kind: Kind, type_name: Option<&str>) -> Subject<'a> {
        let is_meant = |shape: &&Shape| shape.kind == kind && type_name.is_some_and(|name| shape.types.contains(&name));
        Subject {
            message,
            kind,
            has_type: type_name.is_some(),
            shapes: SHAPES.iter().filter(is_meant).collect(),
            members: parsed.members.iter().filter(|member| member.key.text != "type").collect(),
            pending: parsed.pending.as_ref().map(|key| key.text.as_str()),
            fault: parsed.fault.as_ref(),
        }
    }

    /// Whether the member is one that such a message has in some dialect.
    fn knows(&self, member: &Member) -> bool {
        self.shapes.iter().any(|shape| shape.has(member, self.message))
    }

    /// Whether such a message has a member of this name in some dialect, whatever its value.
    fn knows_name(&self, name: &str) -> bool {
        self.shapes.iter().any(|shape| shape.member(name).is_some())
    }

    /// The name of the member that the fault broke off, if such a message has one of that name.
    fn known_pending(&self) -> Option<&'a str> {
        self.pending.filter(|name| self.knows_name(name))
    }

    /// The only dialect that the members of the message agree with; those that no dialect knows say nothing.
    pub(super) fn dialect(&self) -> Option<Dialect> {
        let mut candidates = self.shapes.clone();
        for member in self.members.iter().filter(|member| self.knows(member)) {
            candidates.retain(|shape| shape.has(member, self.message));
        }
        if let Some(key) = self.known_pending() {
            candidates.retain(|shape| shape.member(key).is_some());
        }
        match candidates[..] {
            [shape] => Some(shape.dialect),
            _ => None,
        }
    }

    pub(super) fn evidence(&self) -> Evidence {
        if self.is_foreign() {
            Evidence::Foreign
        } else if self.kind == Kind::Unknown {
            Evidence::Unknown
        } else if self.fault.is_none() && self.shapes.iter().any(|s| s.telling && s.fits(&self.members, self.message)) {
            Evidence::Dialect
        } else if self.members.is_empty() && self.pending.is_none() {
            self.likelihood_of_type_alone()
        } else {
            self.likelihood_of_members()
        }
    }

    /// Not an object, or an object without a `type`, unless the fault may have hidden it.
    fn is_foreign(&self) -> bool {
        match self.fault.map(|fault| fault.reason) {
            Some(Reason::Empty | Reason::NotAnObject) => true,
            Some(_) => !self.has_type && self.members.is_empty(),
            None => !self.has_type,
        }
    }

    /// Of a message of a known kind that has, or shows, no other member. A heartbeat has none.
    fn likelihood_of_type_alone(&self) -> Evidence {
        match self.fault {
            None if matches!(self.kind, Ping | Pong) => Evidence::Likely,
            Some(fault) if self.is_cut_short(fault) => Evidence::Likely,
            _ => Evidence::Unknown,
        }
    }

    /// Whether the message ends before its time, as in a capture with a snapshot length, and not in a name that it does not
    /// have.
    fn is_cut_short(&self, fault: &Fault) -> bool {
        match fault.reason {
            Reason::UnexpectedEnd => true,
            Reason::UnterminatedString => {
                let begun = &self.message[fault.span.start + 1..];
                self.shapes.iter().flat_map(|shape| shape.members).any(|(key, ..)| key.as_bytes().starts_with(begun))
            }
            _ => false,
        }
    }

    /// Weighs the members of a message of a known kind: those that only this chat has are enough; common ones are when there
    /// are no members of other names, or when they are many.
    fn likelihood_of_members(&self) -> Evidence {
        let known = self.members.iter().filter(|member| self.knows(member)).map(|member| member.key.text.as_str());
        let weight: usize = known.chain(self.known_pending()).map(weight).sum();
        let mut names = self.members.iter().map(|member| member.key.text.as_str()).chain(self.pending);
        let all_names_known = names.all(|name| self.knows_name(name));
        if weight >= ENOUGH || weight > 0 && all_names_known { Evidence::Likely } else { Evidence::Foreign }
    }
}

const ENOUGH: usize = 3;

/// How far a member tells the chat from other applications that use the same `type`.
fn weight(key: &str) -> usize {
    match key {
        "name" | "content" | "time" | "room_id" | "uid" | "client_id" => 1,
        _ => ENOUGH,
    }
}
