//! The users in a message, read from its bytes on demand.

use super::json::{Data, Member, Members, Span, Text};
use super::own::{Document, Vocabulary};
use super::table::{MemberName, USER_IDS, USER_NAMES};

/// The users that the server knows of: of the room, or in dialect A of all.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientList<'d> {
    /// The bytes of the whole list.
    pub span: Span,
    /// Whether it is an object of names by id (dialect C), rather than an array of users.
    pub keyed: bool,
    /// Whether it is an array of names.
    of_names: bool,
    length: u32,
    document: &'d Document<'d>,
}

/// A user in a list. The texts are decoded strings, or the JSON text of any other value; the spans are their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User<'d> {
    /// The client's id; `None` where the element has none.
    pub id: Option<Text<'d>>,
    /// The user's name, escaped once: see [`super::text::unescaped_name`]. `None` where the element has none.
    pub name: Option<Text<'d>>,
}

impl<'d> ClientList<'d> {
    /// `None` for a value that lists no users.
    pub(super) fn of(member: &Member, document: &'d Document<'d>) -> Option<ClientList<'d>> {
        let (keyed, of_names, length) = match member.data {
            Data::Object { length } => (true, false, length),
            Data::Array { length, of_objects: true } => (false, false, length),
            Data::Array { length, .. } if are_names(member, document) => (false, true, length),
            _ => return None,
        };
        Some(ClientList { span: member.value.span(), keyed, of_names, length, document })
    }

    /// Whether who has no id in the list has its name for one.
    pub(super) fn has_names_for_ids(&self) -> bool {
        self.document.tagging.names_are_ids()
    }

    /// The users in the order of the list. Reads them from the message each time, one after the other, and keeps none.
    pub fn users(&self) -> impl Iterator<Item = User<'d>> + use<'d> {
        // Only one of them is not empty.
        let mut named = self.document.members_of(&self.span);
        let mut listed = self.document.elements(&self.span);
        let (document, mut names) = (self.document, self.of_names.then(|| listed.clone()));
        let named = std::iter::from_fn(move || named.next_texts());
        let vocabulary = document.tagging;
        let named = named.map(move |(id, value)| {
            // In other chats than the original, each may be an object.
            let is_object = document.bytes.get(value.span.start) == Some(&b'{');
            let object = || listed_user(&mut document.members_of(&value.span), vocabulary).name;
            User { id: Some(id), name: if is_object { object() } else { Some(value) } }
        });
        let listed = std::iter::from_fn(move || listed.next_object(|members| listed_user(members, vocabulary)));
        let names = std::iter::from_fn(move || Some(document.text_at(&names.as_mut()?.next()?)));
        named.chain(listed).chain(names.map(|name| User { id: None, name: Some(name) }))
    }

    /// How many users there are.
    pub fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether it lists no users.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

/// Whether a list is of strings alone, in a chat where the names are the ids.
fn are_names(list: &Member, document: &Document) -> bool {
    let mut elements = document.elements(&list.value.span());
    document.tagging.names_are_ids() && elements.all(|element| document.bytes[element.start] == b'"')
}

/// An object of an id and a name, each under one of its keys: the last of equal ones.
fn listed_user<'d>(members: &mut Members<'d>, vocabulary: Vocabulary) -> User<'d> {
    let mut user = User::default();
    while let Some((key, value)) = members.next_texts() {
        let own = vocabulary.listed(&key.text);
        if own == Some(MemberName::ClientId) || own.is_none() && USER_IDS.contains(&&*key.text) {
            user.id = Some(value);
        } else if own == Some(MemberName::ClientName) || own.is_none() && USER_NAMES.contains(&&*key.text) {
            user.name = Some(value);
        }
    }
    user
}
