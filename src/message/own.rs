//! The user's own message types and members: what each name on the wire is, of what the chat has. With such a table a chat that was made of this
//! one is read as the original is.
//!
//! The rows stand beside the chat's own table and before it: a name that has a row means what the row says. A server that was built from the
//! chat often has one name for a user, and no ids; so a row for whom a message is about counts for whom it is from, where the original calls it
//! so ([`OwnTable::name_in`]), and where no row is for an id, the names are the ids.
//!
//! ```
//! use workermanchat::message::own::{OwnTable, Row, meanings};
//! use workermanchat::message::{MemberName, Message, read_with};
//! use workermanchat::packet::Side;
//!
//! let meaning = |text: &str| meanings().position(|meaning| meaning == text).unwrap();
//! let rows = [("shout", "message: Say request"), ("msg", "member: content")];
//! let rows = rows.map(|(name, text)| Row { name: name.as_bytes(), meaning: meaning(text) });
//! let (own, problems) = OwnTable::of(rows);
//! assert!(problems.is_empty());
//! let document = read_with(br#"{"type":"shout","msg":"hi"}"#, Some(&own));
//! let message = Message::of(&document, Side::Client, false);
//! assert_eq!(message.value(MemberName::Content), Some("hi"));
//! ```

use std::fmt::{self, Display};

use hashbrown::HashMap;

use super::json::{self, Tagging};
use super::table::{self, FORMS, Form, Key, Kind, MemberName};
use super::text;
use crate::packet::Side;

/// The longest name that a row may have. Bytes.
pub const MAX_OWN_NAME: usize = 256;

/// How much of a name is quoted. Characters.
const MAX_QUOTED: usize = 40;

/// How many rows that are not used are told of.
const MAX_TOLD: usize = 5;

/// A message, with what its names mean.
pub type Document<'a> = json::Document<'a, Vocabulary<'a>>;

/// What a row says that a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Message(Kind),
    Member(MemberName),
}

/// The messages that a row may say a type is, by the names of their phases.
const MESSAGES: [(Kind, &str); 8] = [
    (Kind::LoginRequest, "Login request"),
    (Kind::Login, "Login result or notification"),
    (Kind::SayRequest, "Say request"),
    (Kind::SayDelivery, "Say delivery"),
    (Kind::Logout, "Logout notification"),
    (Kind::UserList, "User list"),
    (Kind::Ping, "Heartbeat ping"),
    (Kind::Pong, "Heartbeat pong"),
];

impl Meaning {
    /// In the order of [`meanings`].
    fn all() -> impl Iterator<Item = Meaning> {
        let messages = MESSAGES.iter().map(|(kind, _)| Meaning::Message(*kind));
        messages.chain(MemberName::ALL.iter().copied().map(Meaning::Member))
    }
}

impl Display for Meaning {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Meaning::Message(kind) => {
                let name = MESSAGES.iter().find(|(other, _)| other == kind).map_or("", |(_, name)| name);
                write!(formatter, "message: {name}")
            }
            Meaning::Member(name) => write!(formatter, "member: {}", name.key(None)),
        }
    }
}

/// What a row may say that a name is: the texts of the table's second column.
pub fn meanings() -> impl Iterator<Item = String> {
    Meaning::all().map(|meaning| meaning.to_string())
}

/// The reason why a name cannot be a row's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadName {
    /// There is none.
    Empty,
    /// It is longer than [`MAX_OWN_NAME`].
    TooLong,
    /// It is not UTF-8.
    NotUtf8,
    /// It has a control character.
    Control(char),
}

impl Display for BadName {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            BadName::Empty => {
                write!(formatter, "The name is empty: it is the value of type, or the key of a member, as in the JSON")
            }
            BadName::TooLong => write!(formatter, "The name is longer than {MAX_OWN_NAME} bytes"),
            BadName::NotUtf8 => write!(formatter, "The name is not UTF-8"),
            BadName::Control(character) => {
                write!(formatter, "The name has a control character (U+{:04X})", u32::from(*character))
            }
        }
    }
}

/// The name of a row.
///
/// # Errors
/// Why it cannot be one.
pub fn checked_name(name: &[u8]) -> Result<&str, BadName> {
    if name.is_empty() {
        return Err(BadName::Empty);
    }
    if name.len() > MAX_OWN_NAME {
        return Err(BadName::TooLong);
    }
    let name = std::str::from_utf8(name).map_err(|_| BadName::NotUtf8)?;
    name.chars().find(|character| character.is_control()).map_or(Ok(name), |character| Err(BadName::Control(character)))
}

/// A row as the user gives it.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The name on the wire.
    pub name: &'a [u8],
    /// What it is: a place in [`meanings`].
    pub meaning: usize,
}

/// The rows that are not used, each with the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    told: Vec<String>,
    count: usize,
}

impl Problems {
    /// Whether all rows are used.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Without those that were there before. tshark hands over the rows of its options one by one.
    pub fn without(mut self, earlier: &Problems) -> Problems {
        let count = self.told.len();
        self.told.retain(|problem| !earlier.told.contains(problem));
        let untold = self.count - count;
        self.count = self.told.len() + untold.saturating_sub(earlier.count - earlier.told.len());
        self
    }

    fn add(&mut self, row: usize, why: &dyn Display) {
        self.count += 1;
        if self.told.len() < MAX_TOLD {
            self.told.push(format!("row {}: {why}", row + 1));
        }
    }
}

/// One line a row, and how many more there are.
impl Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "Workerman Chat, your own messages: {} of the rows", self.count)?;
        write!(formatter, " {} not used:", if self.count == 1 { "is" } else { "are" })?;
        for problem in &self.told {
            write!(formatter, "\n{problem}")?;
        }
        match self.count - self.told.len() {
            0 => Ok(()),
            more => write!(formatter, "\n… and {more} more"),
        }
    }
}

/// A bit for each [`Kind`].
type Kinds = u16;

const fn bit(kind: Kind) -> Kinds {
    1 << kind as u16
}

/// The user's table. It does not change: another one takes its place.
#[derive(Debug, Default)]
pub struct OwnTable {
    /// What each value of `type` may be: at most one kind of message from each side.
    types: HashMap<Box<str>, Kinds>,
    /// Which member each key is.
    members: HashMap<Box<str>, MemberName>,
    /// The length of the longest name: what is longer is looked up nowhere.
    longest: usize,
    /// The key of the content in the first row that has one.
    content: Option<Box<str>>,
    /// No row is for the id of whom a message is about, or from.
    names_are_ids: bool,
}

impl OwnTable {
    /// From the rows, and which of them are not used: of two that contradict each other, or say the same, the first is.
    pub fn of<'a>(rows: impl IntoIterator<Item = Row<'a>>) -> (OwnTable, Problems) {
        let mut table = OwnTable { names_are_ids: true, ..OwnTable::default() };
        let mut problems = Problems::default();
        for (at, row) in rows.into_iter().enumerate() {
            let meaning = Meaning::all().nth(row.meaning);
            match (checked_name(row.name), meaning) {
                (Err(why), _) => problems.add(at, &why),
                (Ok(name), None) => {
                    problems.add(at, &format_args!("it does not say what “{}” is", text::line(name, MAX_QUOTED)))
                }
                (Ok(name), Some(meaning)) => {
                    if let Err(earlier) = table.enter(name, meaning) {
                        problems.add(at, &Clash { name, earlier, meaning });
                    }
                }
            }
        }
        (table, problems)
    }

    /// Whether no name has a row.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty() && self.members.is_empty()
    }

    /// Enters what a name means, unless it means something else already, which is then the error.
    fn enter(&mut self, name: &str, meaning: Meaning) -> Result<(), Meaning> {
        match meaning {
            Meaning::Message(kind) => {
                let kinds = self.types.entry(name.into()).or_default();
                let of_side = sides(kind).flat_map(|side| of_side(*kinds, side)).next();
                if let Some(earlier) = of_side {
                    return Err(Meaning::Message(earlier.kind));
                }
                *kinds |= bit(kind);
            }
            Meaning::Member(member) => {
                if let Some(earlier) = self.members.get(name) {
                    return Err(Meaning::Member(*earlier));
                }
                self.members.insert(name.into(), member);
                if member == MemberName::Content {
                    self.content.get_or_insert_with(|| name.into());
                }
                self.names_are_ids &= !matches!(member, MemberName::ClientId | MemberName::FromClientId);
            }
        }
        self.longest = self.longest.max(name.len());
        Ok(())
    }

    fn member(&self, key: &str) -> Option<MemberName> {
        if key.len() > self.longest { None } else { self.members.get(key).copied() }
    }

    fn kinds(&self, type_name: &str) -> Kinds {
        if type_name.len() > self.longest { 0 } else { self.types.get(type_name).copied().unwrap_or_default() }
    }
}

/// The member of an id, and that of the name whose id it is.
const ID_OF_NAME: [(MemberName, MemberName); 3] = [
    (MemberName::ToClientId, MemberName::ToClientName),
    (MemberName::ClientId, MemberName::ClientName),
    (MemberName::FromClientId, MemberName::FromClientName),
];

/// Who sends messages of a kind.
fn sides(kind: Kind) -> impl Iterator<Item = Side> {
    FORMS.iter().filter(move |form| form.kind == kind).map(|form| form.sender)
}

/// The message from this side, of these kinds.
fn of_side(kinds: Kinds, side: Side) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.sender == side && kinds & bit(form.kind) != 0)
}

/// Two rows of one name.
struct Clash<'a> {
    name: &'a str,
    earlier: Meaning,
    meaning: Meaning,
}

impl Display for Clash<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let Clash { name, earlier, meaning } = self;
        if earlier == meaning {
            return write!(formatter, "“{name}” is there already", name = text::line(name, MAX_QUOTED));
        }
        let name = text::line(name, MAX_QUOTED);
        write!(formatter, "“{name}” is “{earlier}” in an earlier row, so it cannot be “{meaning}”")?;
        match meaning {
            Meaning::Message(kind) => {
                let side = sides(*kind).next().unwrap_or(Side::Server);
                write!(formatter, ": {} sends both", if side == Side::Client { "the browser" } else { "the server" })
            }
            Meaning::Member(_) => Ok(()),
        }
    }
}

/// What names mean: what the user's table says, and else what the chat's does.
#[derive(Debug, Clone, Copy, Default)]
pub struct Vocabulary<'a> {
    own: Option<&'a OwnTable>,
}

impl Tagging for Vocabulary<'_> {
    #[inline]
    fn tag_of(&self, name: &str) -> u8 {
        let own = self.own.and_then(|own| own.member(name));
        own.map_or_else(|| table::tag_of(name), Key::own_tag)
    }
}

impl<'a> Vocabulary<'a> {
    /// The chat's, and this table's before it.
    pub fn new(own: Option<&'a OwnTable>) -> Vocabulary<'a> {
        Vocabulary { own }
    }

    /// Whether there is a table.
    pub fn has_own(self) -> bool {
        self.own.is_some()
    }

    /// The message that the table says has this `type` from this side.
    pub(super) fn form_of(self, type_name: &str, sender: Side) -> Option<&'static Form> {
        of_side(self.own?.kinds(type_name), sender)
    }

    /// Whether the table says that this `type` is such a message, from whichever side.
    pub(super) fn is_of(self, type_name: &str, kind: Kind) -> bool {
        self.own.is_some_and(|own| own.kinds(type_name) & bit(kind) != 0)
    }

    /// Which member of a listed user a key is, if the table names it.
    pub(super) fn listed(self, key: &str) -> Option<MemberName> {
        Some(name_in(self.own?.member(key)?, Some(Kind::Login)))
    }

    /// The key under which the content stands.
    pub(super) fn content_key(self) -> &'a str {
        let own = self.own.and_then(|own| own.content.as_deref());
        own.unwrap_or_else(|| MemberName::Content.key(None))
    }

    /// The members of ids, each with the name that stands for it where a message has none. A recipient may be named by name alone.
    pub(super) fn stand_ins(self) -> &'static [(MemberName, MemberName)] {
        if self.names_are_ids() { &ID_OF_NAME } else { &ID_OF_NAME[..1] }
    }

    /// Whether no row is for the id of whom a message is about, or from, so that names are the ids.
    pub(super) fn names_are_ids(self) -> bool {
        self.own.is_some_and(|own| own.names_are_ids)
    }
}

/// Which member one is in a message of the user's own, of this kind. Of whom a login is, the original calls `client_name`; of whom a say or a logout is,
/// `from_client_name`. A key of either is one of both.
pub(super) fn name_in(name: MemberName, kind: Option<Kind>) -> MemberName {
    use MemberName::{ClientId, ClientName, FromClientId, FromClientName};
    match (kind, name) {
        (Some(Kind::SayDelivery | Kind::Logout), ClientId) => FromClientId,
        (Some(Kind::SayDelivery | Kind::Logout), ClientName) => FromClientName,
        (Some(Kind::LoginRequest | Kind::Login), FromClientId) => ClientId,
        (Some(Kind::LoginRequest | Kind::Login), FromClientName) => ClientName,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Content, Evidence, Message, read_with};
    use hashbrown::DefaultHashBuilder;

    fn table(rows: &[(&str, &str)]) -> (OwnTable, Problems) {
        let place = |text: &str| meanings().position(|meaning| meaning == text).unwrap_or(usize::MAX);
        OwnTable::of(rows.iter().map(|(name, meaning)| Row { name: name.as_bytes(), meaning: place(meaning) }))
    }

    const SHOP: [(&str, &str); 9] = [
        ("enter", "message: Login request"),
        ("entered", "message: Login result or notification"),
        ("chat", "message: Say request"),
        ("chat", "message: Say delivery"),
        ("left", "message: Logout notification"),
        ("nick", "member: client_name"),
        ("msg", "member: content"),
        ("to", "member: to_client_name"),
        ("online", "member: client_list"),
    ];

    /// Of a message: whether it is the chat's beyond doubt, and what it is for.
    fn read(table: &OwnTable, json: &str, by: Side) -> (Evidence, Content<'static>) {
        let document = read_with(json.as_bytes(), Some(table));
        let message = Message::of(&document, by, false);
        (message.evidence(), message.content(&DefaultHashBuilder::default()).into_owned())
    }

    #[test]
    fn every_kind_and_every_member_has_a_text_of_its_own() {
        let texts: Vec<String> = meanings().collect();
        let distinct: std::collections::HashSet<_> = texts.iter().collect();
        assert_eq!(distinct.len(), texts.len());
        assert!(FORMS.iter().all(|form| MESSAGES.iter().any(|(kind, _)| *kind == form.kind)));
        assert_eq!(texts.len(), MESSAGES.len() + MemberName::ALL.len());
    }

    #[test]
    fn a_name_is_a_short_printable_text() {
        assert_eq!(checked_name("говорить".as_bytes()), Ok("говорить"));
        assert_eq!(checked_name(b""), Err(BadName::Empty));
        assert_eq!(checked_name(&[b'x'; MAX_OWN_NAME + 1]), Err(BadName::TooLong));
        assert!(checked_name(&[b'x'; MAX_OWN_NAME]).is_ok());
        assert_eq!(checked_name(b"a\xff"), Err(BadName::NotUtf8));
        for control in ['\0', '\n', '\u{1b}', '\u{7f}', '\u{85}'] {
            assert_eq!(checked_name(format!("a{control}").as_bytes()), Err(BadName::Control(control)));
        }
    }

    #[test]
    fn of_rows_that_contradict_each_other_the_first_counts() {
        let (own, problems) = table(&[
            ("x", "message: Say request"),
            ("x", "message: Login request"),
            ("x", "message: Say delivery"),
            ("x", "member: content"),
            ("x", "member: time"),
            ("x", "member: content"),
            ("", "member: time"),
            ("y", "nothing"),
        ]);
        let told = problems.to_string();
        assert_eq!(problems.count, 5, "{told}");
        assert!(told.contains("row 2: ") && told.contains("the browser sends both"), "{told}");
        assert!(told.contains("row 5: ") && told.contains("row 6: “x” is there already"), "{told}");
        let vocabulary = Vocabulary::new(Some(&own));
        assert_eq!(vocabulary.form_of("x", Side::Client).map(|form| form.kind), Some(Kind::SayRequest));
        assert_eq!(vocabulary.form_of("x", Side::Server).map(|form| form.kind), Some(Kind::SayDelivery));
        assert_eq!(own.member("x"), Some(MemberName::Content));
        assert!(problems.clone().without(&problems).is_empty(), "it is told once");
        assert_eq!(problems.clone().without(&Problems::default()), problems);
    }

    #[test]
    fn of_many_problems_some_are_told() {
        let (_, problems) = table(&[("x", "member: time"); 10_001]);
        let told = problems.to_string();
        assert_eq!(told.lines().count(), MAX_TOLD + 2, "{told}");
        assert!(told.ends_with("… and 9995 more"), "{told}");
        let (_, fewer) = table(&[("x", "member: time"); 10_000]);
        assert_eq!(problems.without(&fewer).count, 1);
    }

    #[test]
    fn a_message_of_the_users_own_is_what_the_chats_is() {
        let (own, _) = table(&SHOP);
        let (evidence, content) = read(&own, r#"{"type":"chat","msg":"hi","to":"ben"}"#, Side::Client);
        assert_eq!(evidence, Evidence::Dialect);
        let Content::SayRequest { to, line, .. } = content else { panic!("{content:?}") };
        assert_eq!((to.id.as_deref(), to.name.as_deref(), to.private, &*line), (Some("ben"), Some("ben"), true, "hi"));
        let (_, content) = read(&own, r#"{"type":"chat","msg":"hi","nick":"anna"}"#, Side::Server);
        let Content::SayDelivery(delivery) = content else { panic!("{content:?}") };
        assert_eq!((delivery.from.as_deref(), delivery.from_name.as_deref()), (Some("anna"), Some("anna")));
        let (_, content) = read(&own, r#"{"type":"left","nick":"anna"}"#, Side::Server);
        assert!(matches!(content, Content::Logout(left) if left.id.as_deref() == Some("anna")));
        let (_, content) = read(&own, r#"{"type":"dance","nick":"anna"}"#, Side::Server);
        assert!(matches!(content, Content::Unknown { .. }));
    }

    #[test]
    fn whom_a_say_without_recipient_is_for_is_everybody() {
        let (own, _) = table(&SHOP);
        for to in ["", r#","to":"all""#, r#","to":null"#, r#","to":"""#] {
            let (_, content) = read(&own, &format!(r#"{{"type":"chat","msg":"hi"{to}}}"#), Side::Client);
            assert!(matches!(&content, Content::SayRequest { to, .. } if to.id.as_deref() == Some("all")), "{to}");
        }
    }

    #[test]
    fn a_list_is_of_users_by_the_users_own_keys_or_of_names_alone() {
        let (own, _) = table(&SHOP);
        let users =
            [r#"["anna","ben"]"#, r#"[{"nick":"anna"},{"nick":"ben","x":1}]"#, r#"{"anna":"anna","ben":"ben"}"#];
        for list in users {
            let (_, content) =
                read(&own, &format!(r#"{{"type":"entered","nick":"ben","online":{list}}}"#), Side::Server);
            let names = content.users().map(|users| users.users.clone()).unwrap_or_default();
            assert_eq!(names, [("anna".into(), "anna".into()), ("ben".into(), "ben".into())], "{list}");
        }
        let (_, content) = read(&own, r#"{"type":"entered","nick":"ben","online":["anna",5]}"#, Side::Server);
        assert_eq!(content.users(), None);
    }

    #[test]
    fn where_the_chat_is_not_expected_it_takes_more_than_a_type() {
        let (own, _) = table(&SHOP);
        for (json, expected) in [
            (r#"{"type":"enter"}"#, Evidence::Likely),
            (r#"{"type":"enter","nick":"anna"}"#, Evidence::Likely),
            (r#"{"type":"enter","nick":"anna","room_id":"1"}"#, Evidence::Dialect),
            (r#"{"type":"enter","nick":"anna","room_id":"1""#, Evidence::Likely),
            (r#"{"type":"enter","to":"anna","room_id":"1"}"#, Evidence::Likely),
            (r#"{"type":"dance","nick":"anna","msg":"hi"}"#, Evidence::Unknown),
            (r#"{"nick":"anna","msg":"hi"}"#, Evidence::Foreign),
        ] {
            assert_eq!(read(&own, json, Side::Client).0, expected, "{json}");
        }
    }

    #[test]
    fn type_itself_may_have_another_key_and_be_a_number() {
        let (own, _) = table(&[("cmd", "member: type"), ("1", "message: Say request"), ("msg", "member: content")]);
        let (_, content) = read(&own, r#"{"cmd":1,"msg":"hi"}"#, Side::Client);
        assert!(matches!(content, Content::SayRequest { .. }), "{content:?}");
    }

    #[test]
    fn in_a_message_of_the_users_own_the_originals_keys_are_whom_it_is_from_too() {
        let (own, _) = table(&SHOP);
        let of = |json: &str| match read(&own, json, Side::Server).1 {
            Content::SayDelivery(delivery) => delivery.from_name.map(String::from),
            other => panic!("{other:?}"),
        };
        assert_eq!(of(r#"{"type":"chat","client_name":"anna","msg":"hi"}"#).as_deref(), Some("anna"));
        for both in [r#""nick":"ben","from_client_name":"anna""#, r#""from_client_name":"anna","nick":"ben""#] {
            assert_eq!(of(&format!(r#"{{"type":"chat",{both},"msg":"hi"}}"#)).as_deref(), Some("anna"), "{both}");
        }
    }

    #[test]
    fn ids_that_have_a_row_are_ids() {
        let (own, _) = table(&[SHOP[1], SHOP[5], ("id", "member: client_id")]);
        let (_, content) = read(&own, r#"{"type":"entered","nick":"ben"}"#, Side::Server);
        assert!(matches!(content, Content::Login(login) if login.id.is_none()));
    }

    #[test]
    fn without_rows_nothing_changes() {
        let (own, _) = table(&[]);
        assert!(own.is_empty());
        for json in [
            r#"{"type":"say","to_client_id":"all","content":"hi"}"#,
            r#"{"type":"login","client_name":"anna","room_id":1}"#,
        ] {
            let document = super::super::read(json.as_bytes());
            let message = Message::of(&document, Side::Client, false);
            let plain = (message.evidence(), message.content(&DefaultHashBuilder::default()).into_owned());
            let (evidence, content) = read(&own, json, Side::Client);
            assert_eq!(evidence, plain.0);
            assert_eq!(std::mem::discriminant(&content), std::mem::discriminant(&plain.1));
        }
    }
}
