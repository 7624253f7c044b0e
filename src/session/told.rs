//! What a message tells the session, taken from its fields: bounded, and free of the message's bytes, so that it can wait until the
//! connection has shown to be the chat.

use super::chat::{Copy, Said};
use super::record::{Id, MAX_NAME, bounded_id, bounded_name};
use crate::message::{Dialect, FieldName, Kind, Message, Sender, text};

/// The longest list of users that is remembered of one message.
const MAX_USERS: usize = 10_000;

#[derive(Debug, Clone)]
pub struct Told {
    pub kind: Kind,
    pub sender: Sender,
    pub dialect: Option<Dialect>,
    pub readable: bool,
    /// `client_id`
    pub id: Option<Id>,
    /// `client_name`, as a person reads it
    pub name: Option<String>,
    /// `from_client_id`
    pub from: Option<Id>,
    pub from_name: Option<String>,
    pub to: Option<Id>,
    pub to_name: Option<String>,
    pub room: Option<String>,
    pub private: bool,
    pub said: Option<Said>,
    /// The same, of the content as sent: what a server that escapes nothing delivers.
    pub said_raw: Option<Said>,
    pub copy: Copy,
    pub users: Option<Vec<(Id, String)>>,
    /// Whether the users stand in an object by id, which only a login's result has.
    pub keyed_users: bool,
    /// The capture holds only the message's beginning.
    pub cut: bool,
    /// Nothing is missing that the server needs, as far as was captured.
    pub complete: bool,
}

impl Told {
    /// `cut`: the capture holds only the message's beginning.
    pub fn of(message: &Message, cut: bool) -> Told {
        let from_server = message.sender == Sender::Server;
        let id = |name| message.value(name).map(bounded_id);
        let name = |name| {
            message.value(name).map(|value| match from_server {
                true => decoded_name(value),
                false => bounded_name(value).to_owned(),
            })
        };
        let content = message.value(FieldName::Content);
        let to = message.value(FieldName::ToClientId).unwrap_or("all");
        let content = content.filter(|_| !cut || message.get(FieldName::ToClientId).is_some());
        let said = content.map(|content| Said::new(to, &text::readable(content, from_server).text));
        Told {
            kind: message.kind,
            sender: message.sender,
            dialect: message.dialect,
            readable: message.fault.is_none(),
            id: id(FieldName::ClientId),
            name: name(FieldName::ClientName),
            from: id(FieldName::FromClientId),
            from_name: name(FieldName::FromClientName),
            to: id(FieldName::ToClientId),
            to_name: name(FieldName::ToClientName),
            room: message.value(FieldName::RoomId).map(|room| bounded_name(room).to_owned()),
            private: message.is_private() == Some(true),
            said,
            said_raw: content.map(|content| Said::new(to, content)),
            copy: content.map_or(Copy::Public, |content| copy(content, from_server)),
            users: message.client_list.as_ref().map(|list| {
                let users = list.clients.iter().take(MAX_USERS);
                users
                    .filter_map(|user| {
                        let (id, _) = user.id.as_ref()?;
                        let name = user.name.as_ref().map_or("", |(name, _)| name);
                        Some((bounded_id(id), decoded_name(name)))
                    })
                    .collect()
            }),
            keyed_users: message.client_list.as_ref().is_some_and(|list| list.keyed),
            cut,
            complete: cut || message.missing().is_empty(),
        }
    }
}

/// The name behind an escaped one, as long as names are remembered.
fn decoded_name(escaped: &str) -> String {
    const LONGEST_ESCAPE: usize = 10; // &amp;quot;
    let enough = escaped.char_indices().nth(LONGEST_ESCAPE * MAX_NAME).map_or(escaped, |(end, _)| &escaped[..end]);
    bounded_name(&text::name(enough)).to_owned()
}

/// The server marks both copies of a private say at their beginning.
fn copy(content: &str, from_server: bool) -> Copy {
    match () {
        () if !from_server => Copy::Public,
        () if content.starts_with("<b>对你说: </b>") => Copy::ToRecipient,
        () if content.starts_with("<b>你对") => Copy::ToSender,
        () => Copy::Public,
    }
}
