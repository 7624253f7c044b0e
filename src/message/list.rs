//! The users in a message, read from its bytes on demand.

use super::json::{Data, Document, Elements, Member, Members, Span, Text};
use super::table::{USER_IDS, USER_NAMES};

/// The users that the server knows of: of the room, or in dialect A of all.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientList<'d> {
    /// The bytes of the whole list.
    pub span: Span,
    /// Whether it is an object of names by id (dialect C), rather than an array of users.
    pub keyed: bool,
    length: u32,
    document: &'d Document<'d>,
}

/// A user in a list. The texts are decoded strings, or the JSON text of any other value; the spans are their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User<'d> {
    /// The client's id; `None` where the element has none.
    pub id: Option<Text<'d>>,
    /// The user's name, as escaped as it is on the wire: see [`super::text::name`]. `None` where the element has none.
    pub name: Option<Text<'d>>,
}

impl<'d> ClientList<'d> {
    /// `None` for a value that lists no users.
    pub(super) fn of(member: &Member, document: &'d Document<'d>) -> Option<ClientList<'d>> {
        let (keyed, length) = match member.data {
            Data::Object { length } => (true, length),
            Data::Array { length, of_objects: true } => (false, length),
            _ => return None,
        };
        Some(ClientList { span: member.value.span(), keyed, length, document })
    }

    /// The users in the order of the list. Reads them from the message each time, one after the other, and keeps none.
    pub fn users(&self) -> impl Iterator<Item = User<'d>> + use<'d> {
        let document = self.document;
        let (mut named, listed) = self.parts();
        let named = std::iter::from_fn(move || named.next_texts());
        let named = named.map(|(id, name)| User { id: Some(id), name: Some(name) });
        named.chain(listed.map(move |user| listed_user(&user, document)))
    }

    /// How many users there are.
    pub fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether it lists no users.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The members of an object, or the elements of an array: one of the two is empty.
    fn parts(&self) -> (Members<'d>, Elements<'d>) {
        (self.document.members_of(&self.span), self.document.elements(&self.span))
    }
}

/// An object of an id and a name, each the last under one of its keys.
fn listed_user<'d>(span: &Span, document: &Document<'d>) -> User<'d> {
    let (mut id, mut name) = (None, None);
    for (key, value) in document.members_of(span) {
        if USER_IDS.contains(&&*key.text) {
            id = Some(value);
        } else if USER_NAMES.contains(&&*key.text) {
            name = Some(value);
        }
    }
    User { id: id.map(|span| document.text_at(&span)), name: name.map(|span| document.text_at(&span)) }
}
