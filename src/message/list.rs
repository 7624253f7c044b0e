//! The users in a message, read from its bytes on demand.

use super::json::{Data, Document, Member, Members, Span, Text};
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
    /// The user's name, escaped once: see [`super::text::unescaped_name`]. `None` where the element has none.
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
        // One of the two is empty.
        let mut named = self.document.members_of(&self.span);
        let mut listed = self.document.elements(&self.span);
        let named = std::iter::from_fn(move || named.next_texts());
        let document = self.document;
        let named = named.map(move |(id, value)| {
            // In other chats than the original, each may be an object.
            let is_object = document.bytes.get(value.span.start) == Some(&b'{');
            let name = if is_object { listed_user(&mut document.members_of(&value.span)).name } else { Some(value) };
            User { id: Some(id), name }
        });
        named.chain(std::iter::from_fn(move || listed.next_object(listed_user)))
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

/// An object of an id and a name, each under one of its keys: the last of equal ones.
fn listed_user<'d>(members: &mut Members<'d>) -> User<'d> {
    let mut user = User::default();
    while let Some((key, value)) = members.next_texts() {
        if USER_IDS.contains(&&*key.text) {
            user.id = Some(value);
        } else if USER_NAMES.contains(&&*key.text) {
            user.name = Some(value);
        }
    }
    user
}
