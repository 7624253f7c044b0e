//! The one table of the chat's members and messages. [`MemberName`]'s rows give each member's field and, for each dialect,
//! its key and how far it distinguishes the chat from other applications; [`FORMS`] says which members each message has in each
//! dialect, of which type, and whether the server needs them.

mod value;

use super::json::{Document, Member, Tagging};
use crate::fields;
use crate::packet::Side;
use Dialect::{A2014, B2015, C2016};
use MemberName::{
    ClientId, ClientList, ClientName, Content, FromClientId, FromClientName, RoomId, Time, ToClientId, ToClientName,
};
use Need::{Always, Listed, Optional, Private, Usual};
use value::types_of;

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
pub(super) const ENOUGH: u8 = 3;
/// The weight of a member that other applications have too.
const COMMON: u8 = 1;

/// What is known of a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub(super) name: MemberName,
    /// See [`ENOUGH`].
    pub(super) weight: u8,
    /// Whether dialect A calls the member so.
    old: bool,
    /// Whether dialects B and C call the member so.
    new: bool,
    /// Whether the user's table calls the member so.
    pub(super) is_own: bool,
}

/// The tag of a key that the chat does not have.
const NO_KEY: u8 = u8::MAX;

impl Key {
    /// What is known of the key with this tag: see [`tag_of`].
    pub(super) fn of_tag(tag: u8) -> Option<Key> {
        static ALL: [Key; MemberName::COUNT * 2] = KEYS;
        static OWN: [Key; MemberName::COUNT] = OWN_KEYS;

        let at = usize::from(tag);
        ALL.get(at).or_else(|| OWN.get(at - KEYS.len())).copied()
    }

    /// The tag of a key that the user's table says is this member.
    pub(super) fn own_tag(name: MemberName) -> u8 {
        (KEYS.len() + name as usize) as u8
    }

    /// Whether the key with this tag is the one from 2015 on: see [`tag_of`].
    pub(super) fn is_new(tag: u8) -> bool {
        Key::of_tag(tag).is_some_and(|key| key.new)
    }

    const fn is_of(self, dialect: Dialect) -> bool {
        if dialect as u8 == A2014 as u8 { self.old } else { self.new }
    }
}

/// `==` in a constant.
const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
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
            /// Every name that has keys of its own.
            pub const ALL: &[MemberName] = &[$(MemberName::$name),*];

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

        }

        /// What is known of each key: two for each member, in the order of [`MemberName`], its key in 2014 and that from 2015 on.
        const KEYS: [Key; MemberName::COUNT * 2] = [$(
            Key { name: MemberName::$name, weight: $old_weight, old: true, new: is_same($old, $new), is_own: false },
            Key { name: MemberName::$name, weight: $new_weight, old: is_same($old, $new), new: true, is_own: false },
        )*];

        /// What is known of the keys of the user's table, one for each member in the order of [`MemberName`].
        const OWN_KEYS: [Key; MemberName::COUNT] = [$(
            Key { name: MemberName::$name, weight: ENOUGH, old: true, new: true, is_own: true },
        )*];

        /// The tag of a key of the chat, in whatever dialect; [`NO_KEY`] for any other. See [`Key::of_tag`].
        // Many members have the same key in all dialects.
        #[allow(unreachable_patterns)]
        pub(super) fn tag_of(key: &str) -> u8 {
            match key {
                $(
                    $old => MemberName::$name as u8 * 2,
                    $new => MemberName::$name as u8 * 2 + 1,
                )*
                _ => NO_KEY,
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
    /// The time in a say of 2014, and in a logout of its spring: [`Type::Time`], or without the hour.
    SayTime,
    /// Objects of a numeric `uid` or `code` and a `name`.
    Users2014,
    /// Objects of a numeric `client_id` and a `client_name`.
    Users2015,
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
    /// At most [`MAX_SHAPES`].
    pub(super) shapes: &'static [Shape],
    /// The values of `type` that such a message has, each with the shapes that go by it.
    types: [(&'static str, Shapes); MAX_TYPES],
    /// By the tag of each key: the types that its values may have, each with the shapes that say so.
    cells: [Cell; KEYS.len()],
    /// Of each shape, the members without which the message does not prove the chat.
    proving: [Names; MAX_SHAPES],
}

/// The types of a member in the shapes that have it under some key; behind the last there is one without shapes. Dialects agree
/// about most members.
type Cell = [(Type, Shapes); MAX_SHAPES];
const NO_CELL: Cell = [(Type::String, 0); MAX_SHAPES];

/// A bit for each shape of a form.
pub(super) type Shapes = u8;
/// A bit for each [`MemberName`].
pub(super) type Names = u16;
/// How many shapes a form has at most, and how many values of `type`.
const MAX_SHAPES: usize = 3;
const MAX_TYPES: usize = 2;

/// A message of one kind in one dialect. Members may come in any order.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) dialect: Dialect,
    /// The values of `type` that such a message has.
    types: &'static [&'static str],
    /// Whether such a message alone distinguishes the chat from other applications.
    pub(super) distinctive: bool,
    /// All members but `type`.
    pub(super) members: &'static [(MemberName, Type, Need)],
}

const LOGIN_REQUEST: &[(MemberName, Type, Need)] =
    &[(ClientName, Type::String, Always), (RoomId, Type::NumberOrString, Always)];

/// Every message of the chat.
#[rustfmt::skip]
pub(super) static FORMS: &[Form] = &[
    Form::new(Kind::LoginRequest, Side::Client, &[
        Shape { dialect: A2014, types: &["login"], distinctive: false, members: &[
            (ClientName, Type::String, Always),
        ]},
        Shape { dialect: B2015, types: &["login", "re_login"], distinctive: true, members: LOGIN_REQUEST },
        Shape { dialect: C2016, types: &["login"], distinctive: true, members: LOGIN_REQUEST },
    ]),
    Form::new(Kind::SayRequest, Side::Client, &[
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
    ]),
    Form::new(Kind::Pong, Side::Client, &[
        Shape { dialect: B2015, types: &["pong"], distinctive: false, members: &[] },
        Shape { dialect: C2016, types: &["pong"], distinctive: false, members: &[] },
    ]),
    Form::new(Kind::SayDelivery, Side::Server, &[
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
    ]),
    Form::new(Kind::Login, Side::Server, &[
        Shape { dialect: A2014, types: &["login"], distinctive: true, members: &[
            (ClientId, Type::Number, Always),
            (ClientName, Type::String, Always),
            (Time, Type::Time, Always),
        ]},
        Shape { dialect: B2015, types: &["login", "re_login"], distinctive: true, members: &[
            (ClientId, Type::Number, Always),
            (ClientName, Type::String, Always),
            (ClientList, Type::Users2015, Optional),
            (Time, Type::Time, Always),
        ]},
        Shape { dialect: C2016, types: &["login"], distinctive: true, members: &[
            (ClientId, Type::Hex, Always),
            (ClientName, Type::String, Always),
            (Time, Type::Time, Always),
            (ClientList, Type::NamesById, Optional),
        ]},
    ]),
    Form::new(Kind::Logout, Side::Server, &[
        Shape { dialect: A2014, types: &["logout"], distinctive: true, members: &[
            (ClientId, Type::Number, Always),
            (Time, Type::SayTime, Always),
        ]},
        Shape { dialect: B2015, types: &["logout"], distinctive: true, members: &[
            (FromClientId, Type::Number, Always),
            (FromClientName, Type::String, Usual),
            (ClientList, Type::Users2015, Optional),
            (Time, Type::Time, Always),
        ]},
        Shape { dialect: C2016, types: &["logout"], distinctive: true, members: &[
            (FromClientId, Type::Hex, Always),
            (FromClientName, Type::String, Usual),
            (Time, Type::Time, Always),
        ]},
    ]),
    Form::new(Kind::Ping, Side::Server, &[
        Shape { dialect: B2015, types: &["ping"], distinctive: false, members: &[] },
        Shape { dialect: C2016, types: &["ping"], distinctive: false, members: &[] },
    ]),
    Form::new(Kind::UserList, Side::Server, &[
        Shape { dialect: A2014, types: &["user_list"], distinctive: true, members: &[
            (ClientList, Type::Users2014, Listed),
        ]},
    ]),
];

impl Form {
    /// The message of this kind that has these shapes, with what is looked up in them.
    const fn new(kind: Kind, sender: Side, shapes: &'static [Shape]) -> Form {
        let mut form = Form {
            kind,
            sender,
            shapes,
            types: [("", 0); MAX_TYPES],
            cells: [NO_CELL; KEYS.len()],
            proving: [0; MAX_SHAPES],
        };
        let mut at = 0;
        while at < shapes.len() {
            form.enter(at, &shapes[at]);
            at += 1;
        }
        form
    }

    const fn enter(&mut self, at: usize, shape: &'static Shape) {
        let mut member = 0;
        while member < shape.members.len() {
            let (name, of, need) = shape.members[member];
            let mut tag = name as usize * 2;
            while tag < name as usize * 2 + 2 {
                if KEYS[tag].is_of(shape.dialect) {
                    self.enter_type(tag, of, at);
                }
                tag += 1;
            }
            if matches!(need, Always | Listed) {
                self.proving[at] |= name.bit();
            }
            member += 1;
        }
        let mut of_shape = 0;
        while of_shape < shape.types.len() {
            let mut row = 0;
            while !is_same(self.types[row].0, shape.types[of_shape]) && self.types[row].1 != 0 {
                row += 1;
            }
            self.types[row] = (shape.types[of_shape], self.types[row].1 | 1 << at);
            of_shape += 1;
        }
    }

    const fn enter_type(&mut self, tag: usize, of: Type, at: usize) {
        let cell = &mut self.cells[tag];
        let mut group = 0;
        while cell[group].1 != 0 && cell[group].0 as u8 != of as u8 {
            group += 1;
        }
        cell[group] = (of, cell[group].1 | 1 << at);
    }

    /// The values of `type` that such a message has.
    pub(super) fn type_names(&self) -> impl Iterator<Item = &'static str> {
        self.types.iter().filter(|(_, shapes)| *shapes != 0).map(|(name, _)| *name)
    }

    /// The message that has this `type` from this side.
    pub(super) fn of(type_name: &str, sender: Side) -> Option<&'static Form> {
        FORMS.iter().find(|form| form.sender == sender && form.shapes_of(type_name) != 0)
    }

    /// The shapes that have this `type`.
    pub(super) fn shapes_of(&self, type_name: &str) -> Shapes {
        let meant = self.types.iter().find(|(name, shapes)| *shapes != 0 && *name == type_name);
        meant.map_or(0, |(_, shapes)| *shapes)
    }

    /// Of these shapes, those that have a member with the key of this tag.
    pub(super) fn shapes_with(&self, tag: u8, shapes: Shapes) -> Shapes {
        self.cell(tag).iter().fold(0, |all, (_, having)| all | having & shapes)
    }

    /// Of these shapes, those that have a member with this key, and those of them that have it with this value.
    pub(super) fn shapes_fitting(
        &self,
        member: &Member,
        shapes: Shapes,
        document: &Document<impl Tagging>,
    ) -> (Shapes, Shapes) {
        let named = self.shapes_with(member.tag, shapes);
        if named == 0 {
            return (0, 0);
        }
        let types = types_of(member, document);
        let fitting = self.cell(member.tag).iter().fold(0, |all, (of, having)| {
            let fits = having & shapes != 0 && of.fits_one_of(types, member, document);
            all | if fits { having & shapes } else { 0 }
        });
        (named, fitting)
    }

    fn cell(&self, tag: u8) -> &Cell {
        self.cells.get(usize::from(tag)).unwrap_or(&NO_CELL)
    }

    /// The shapes that distinguish the chat from other applications, where a message has these members.
    pub(super) fn shapes_proved_by(&self, seen: Names) -> Shapes {
        self.shapes_where(|at, shape| shape.distinctive && self.proving[at] & !seen == 0)
    }

    /// The shapes of which this is true; it gets their places, too.
    pub(super) fn shapes_where(&self, is_one: impl Fn(usize, &Shape) -> bool) -> Shapes {
        self.shapes.iter().enumerate().fold(0, |all, (at, shape)| all | Shapes::from(is_one(at, shape)) << at)
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
        let (_, of, _) = self.shape(dialect)?.members.iter().find(|(member, ..)| *member == name)?;
        Some(*of)
    }
}

impl MemberName {
    /// Its bit in [`Names`].
    pub(super) const fn bit(self) -> Names {
        1 << self as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_members_tag() {
        for key in KEYS {
            let dialect = if key.old { A2014 } else { C2016 };
            let found = Key::of_tag(tag_of(key.name.key(Some(dialect)))).unwrap();
            assert_eq!((found.name, found.weight), (key.name, key.weight));
            assert_eq!((found.old, found.new), (key.old, key.new), "{:?}", key.name);
        }
        for other in ["", "typ", "types", "client", "member", "nam\\u0065", "code"] {
            assert!(Key::of_tag(tag_of(other)).is_none(), "{other}");
        }
    }

    #[test]
    fn a_form_knows_what_its_shapes_say() {
        for form in FORMS {
            for (at, shape) in form.shapes.iter().enumerate() {
                assert!(shape.types.iter().all(|name| form.shapes_of(name) >> at & 1 == 1), "{:?}", form.kind);
                for (name, of, need) in shape.members {
                    let tag = tag_of(name.key(Some(shape.dialect)));
                    assert!(form.cell(tag).iter().any(|(other, shapes)| other == of && shapes >> at & 1 == 1));
                    assert_eq!(form.proving[at] & name.bit() != 0, matches!(need, Always | Listed));
                }
                let has = |tag: &u8| Key::of_tag(*tag).is_some_and(|key| key.is_of(shape.dialect));
                let keys = (0..KEYS.len() as u8).filter(has).filter(|tag| form.shapes_with(*tag, 1 << at) != 0);
                let names: std::collections::HashSet<_> = keys.map(|tag| tag / 2).collect();
                assert_eq!(names.len(), shape.members.len(), "{:?}", form.kind);
            }
            assert_eq!(form.shapes_of("") | form.shapes_of("dance"), 0);
        }
        let login = Form::of("login", Side::Server).unwrap();
        assert_eq!((login.shapes_of("login"), login.shapes_of("re_login")), (0b111, 0b010));
    }
}
