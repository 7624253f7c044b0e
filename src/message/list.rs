//! The users in a message, read from its bytes on demand.

use super::json::{Data, Document, Elements, Members, Span, Text, Value};
use super::table::{USER_IDS, USER_NAMES};
use std::borrow::Cow;

/// The users that the server knows of: of the room, or in dialect A of all.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientList<'d> {
    /// The bytes of the whole list.
    pub span: Span,
    /// Whether it is an object of names by id (dialect C), rather than an array of users.
    pub keyed: bool,
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
    pub(super) fn of(value: &Value, document: &'d Document<'d>) -> Option<ClientList<'d>> {
        let is_object = |user: Span| document.bytes[user.start] == b'{';
        let lists_users = match value.data {
            Data::Object => true,
            Data::Array => document.elements(&value.span).all(is_object),
            _ => false,
        };
        let keyed = value.data == Data::Object;
        lists_users.then(|| ClientList { span: value.span.clone(), keyed, document })
    }

    /// The users in the order of the list. Reads them from the message each time.
    pub fn users(&self) -> impl Iterator<Item = User<'d>> + use<'d> {
        let document = self.document;
        let (named, listed) = self.parts();
        let named = named.map(move |(id, name)| User { id: Some(id), name: Some(text_at(name, document)) });
        named.chain(listed.map(move |user| listed_user(&user, document)))
    }

    /// How many users there are. Reads the list from the message each time.
    pub fn len(&self) -> usize {
        let (named, listed) = self.parts();
        named.count() + listed.count()
    }

    /// Whether it lists no users.
    pub fn is_empty(&self) -> bool {
        let (mut named, mut listed) = self.parts();
        named.next().is_none() && listed.next().is_none()
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
    User { id: id.map(|span| text_at(span, document)), name: name.map(|span| text_at(span, document)) }
}

/// A decoded string, or the JSON text of another value.
fn text_at<'d>(span: Span, document: &Document<'d>) -> Text<'d> {
    let decoded = match document.value(span.clone()).map(|value| value.data) {
        Some(Data::String(text)) => text,
        _ => Cow::Borrowed(document.text(&span)),
    };
    Text { span, text: decoded }
}
