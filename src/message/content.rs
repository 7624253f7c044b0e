//! What a message is for, with all that is remembered of it: decoded, bounded, and with a way to outlive the message's bytes, so that it can
//! wait until its connection is known to be the chat's.

use std::borrow::Cow;
use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;

use super::bounded::{MAX_NAME, bounded_id, bounded_name};
use super::json::Data;
use super::list::ClientList;
use super::readable::Part;
use super::reading::{Heartbeat, Message, To};
use super::table::{Dialect, Key, Kind, MemberName};
use super::text;
use super::text::{PrivateCopy, private_copy};
use crate::failpoint::failpoint;
use crate::packet::Side;

/// The longest list of users that is remembered of one message.
const MAX_USERS: usize = 10_000;

/// What a message is for. The same `type` has another meaning from the other side. Names are as a person reads them. A member that is there
/// several times counts as the last one, a number as its digits; what is not there is `None`.
#[derive(Debug, Clone, PartialEq)]
pub enum Content<'d> {
    /// From the client: `login` or `re_login`.
    LoginRequest {
        /// `client_name`
        name: Option<Cow<'d, str>>,
        /// `room_id`
        room: Option<Cow<'d, str>>,
    },
    /// From the server of 2014: `user_list`; `None` where the member is absent or lists no users.
    UserList(Option<Users<'d>>),
    /// From the server: `login` or `re_login`; a result on the connection that asked, a notification on any other.
    Login(Announcement<'d>),
    /// From the client: `say`.
    SayRequest {
        /// To whom.
        to: Addressee<'d>,
        /// What its deliveries have in common with it; `None` where that was not captured.
        said: Option<Said>,
        /// The same, where it names no recipient, to a server for which that is everybody.
        said_to_all: Option<Said>,
        /// The beginning of the text, in one printable line.
        line: Cow<'d, str>,
    },
    /// From the server: `say`.
    SayDelivery(SayDelivery<'d>),
    /// From the server: `logout`.
    Logout(Announcement<'d>),
    /// `ping`: from the server, the heartbeat of 2015 and later; from a client, or as plain text, that of other chats.
    Ping,
    /// `pong`, the answer to a `ping`.
    Pong,
    /// A `type` that the chat does not send in this direction, or none that can be read.
    Unknown(Unknown<'d>),
}

/// A message that the chat does not have, as far as names that many chats give their members tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Unknown<'d> {
    /// The value of `type`, or of a member that has its place.
    pub type_name: Option<Cow<'d, str>>,
    /// `from_client_id`
    pub from: Option<Cow<'d, str>>,
    /// Who says or does it.
    pub sender: Option<Cow<'d, str>>,
    /// Whom it is for: a name, or an id.
    pub recipient: Option<(Cow<'d, str>, bool)>,
    /// The client that it is about, where it names no user.
    pub client_id: Option<Cow<'d, str>>,
}

impl<'d> Unknown<'d> {
    fn of(message: &Message<'d>) -> Unknown<'d> {
        let type_name = message.value(MemberName::Type).map(typed);
        let Some(readable) = message.readable() else { return Unknown { type_name, ..Unknown::default() } };
        let name_of: for<'b> fn(&'b str) -> Cow<'b, str> = match message.sender {
            Side::Server => escaped_once,
            Side::Client => typed,
        };
        let name = |part: &Part<'d>| bounded(part.text.clone(), name_of);
        let id = |part: &Part<'d>| bounded(part.text.clone(), bounded_id);
        Unknown {
            type_name: type_name.or(readable.kind.as_ref().map(name)),
            from: message.value(MemberName::FromClientId).map(bounded_id),
            sender: readable.sender.as_ref().map(name),
            recipient: readable.recipient.as_ref().map(|to| (if to.is_id { id(to) } else { name(to) }, to.is_id)),
            client_id: readable.client_id.as_ref().map(id),
        }
    }

    fn into_owned(self) -> Unknown<'static> {
        let Unknown { type_name, from, sender, recipient, client_id } = self;
        let [type_name, from, sender, client_id] = [type_name, from, sender, client_id].map(owned);
        let recipient = recipient.map(|(whom, is_id)| (Cow::Owned(whom.into_owned()), is_id));
        Unknown { type_name, from, sender, recipient, client_id }
    }
}

/// What a user said reaches a client.
#[derive(Debug, Clone, PartialEq)]
pub struct SayDelivery<'d> {
    /// `from_client_id`
    pub from: Option<Cow<'d, str>>,
    /// `from_client_name`
    pub from_name: Option<Cow<'d, str>>,
    /// To whom.
    pub to: Addressee<'d>,
    /// The text as a person reads it.
    pub said: Option<Said>,
    /// The text as it was sent, which is what a server that escapes nothing delivers; `None` where it is the same.
    pub said_raw: Option<Said>,
    /// Which of the copies of a private say it is.
    pub copy: SayCopy,
    /// Whether its text has markup that the original server does not send.
    pub has_markup: bool,
}

/// What a say and its deliveries have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Said {
    /// A hash of the recipient's id and of the text as a person reads it.
    hash: u64,
}

impl Said {
    /// From the recipient's id, or `all`, and the text as a person reads it ([`text::readable`]). The hasher is the session's: seeded in each
    /// process, so that no capture can hold two texts made to be taken for equal.
    pub fn new(recipient: &str, text: &str, hasher: &DefaultHashBuilder) -> Said {
        Said { hash: hasher.hash_one((recipient, text)) }
    }

    /// One of `count` places, for a table.
    pub fn place(self, count: usize) -> usize {
        (self.hash >> 32) as usize % count
    }
}

/// Which copy of a say a delivery is. The server marks the two copies of a private say in their content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SayCopy {
    /// Of a public say: one per member of the room, the sender included.
    Public,
    /// Of a private say: the recipient's, whose content begins `<b>对你说: </b>`.
    ToRecipient,
    /// Of a private say: the sender's own, whose content begins `<b>你对NAME说: </b>`.
    ToSender,
}

impl SayCopy {
    /// Which copy a delivery with this content is; the content is as on the wire, JSON-decoded.
    pub fn of(content: &str) -> SayCopy {
        match private_copy(content) {
            Some((PrivateCopy::Recipient, _)) => SayCopy::ToRecipient,
            Some((PrivateCopy::Sender, _)) => SayCopy::ToSender,
            None => SayCopy::Public,
        }
    }
}

/// Who logged in or out, and who is logged in since.
#[derive(Debug, Clone, PartialEq)]
pub struct Announcement<'a> {
    /// The client's id.
    pub id: Option<Cow<'a, str>>,
    /// The user's name.
    pub name: Option<Cow<'a, str>>,
    /// The users of the room.
    pub users: Option<Users<'a>>,
}

/// Whom a say is for.
#[derive(Debug, Clone, PartialEq)]
pub struct Addressee<'a> {
    /// `to_client_id`
    pub id: Option<Cow<'a, str>>,
    /// `to_client_name`
    pub name: Option<Cow<'a, str>>,
    /// Whether that is one client.
    pub private: bool,
    /// Whether the server's version of PHP decides it: private only since PHP 8.
    pub is_zero: bool,
}

/// A list of users.
#[derive(Debug, Clone, PartialEq)]
pub struct Users<'a> {
    /// Ids and names of the first `MAX_USERS`.
    pub users: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// How many the list has.
    pub count: usize,
    /// Whether the users stand in an object by id, which only a login's result has.
    pub keyed: bool,
}

impl<'d> Message<'d> {
    /// What it is for, with all that is remembered of it; `hasher` is the session's, for the texts that are compared.
    pub fn content(&self, hasher: &DefaultHashBuilder) -> Content<'d> {
        Content::of(self, hasher)
    }
}

impl<'d> Content<'d> {
    fn of(message: &Message<'d>, hasher: &DefaultHashBuilder) -> Content<'d> {
        failpoint!("message::content");
        let Some(kind) = message.kind() else {
            return match message.heartbeat() {
                Some(Heartbeat::Ping) => Content::Ping,
                Some(Heartbeat::Pong) => Content::Pong,
                None => Content::Unknown(Unknown::of(message)),
            };
        };
        match kind {
            Kind::LoginRequest => Content::LoginRequest { name: asked_name(message), room: asked_room(message) },
            Kind::UserList => Content::UserList(message.list().map(Users::of)),
            Kind::Login => Content::Login(Announcement {
                id: message.value(MemberName::ClientId).map(bounded_id),
                name: message.name(MemberName::ClientName).map(|name| decoded_name(name, name_escapes(message))),
                users: message.list().map(Users::of),
            }),
            Kind::SayRequest => {
                let content = message.as_string(MemberName::Content);
                let to_all = |content: &str| Said::new(ALL, content, hasher);
                Content::SayRequest {
                    to: Addressee::of(message, message.value(MemberName::ToClientName).map(typed)),
                    said: said_to(message).and_then(|to| Some(Said::new(to, content.as_deref()?, hasher))),
                    said_to_all: content.as_deref().filter(|_| message.to() == Some(To::Sender)).map(to_all),
                    line: content.map(beginning).unwrap_or_default(),
                }
            }
            Kind::SayDelivery => Content::SayDelivery(SayDelivery::of(message, hasher)),
            Kind::Logout => Content::Logout(Announcement {
                id: message.value(MemberName::FromClientId).or(message.value(MemberName::ClientId)).map(bounded_id),
                name: message
                    .name(MemberName::FromClientName)
                    .or(message.name(MemberName::ClientName))
                    .map(escaped_once),
                users: message.list().map(Users::of),
            }),
            Kind::Ping => Content::Ping,
            Kind::Pong => Content::Pong,
        }
    }

    /// The same to a server of this dialect, and the message's dialect, which is `own` by itself. The server of dialect C ignores `re_login`, the
    /// only login request that is of dialect B alone.
    pub fn for_server_of(self, own: Option<Dialect>, server: Option<Dialect>) -> (Content<'d>, Option<Dialect>) {
        match (&self, own, server) {
            (Content::LoginRequest { .. }, Some(Dialect::B2015), Some(Dialect::C2016)) => {
                let type_name = Some(Cow::Borrowed("re_login"));
                (Content::Unknown(Unknown { type_name, ..Unknown::default() }), server)
            }
            _ => (self, own),
        }
    }

    /// Its list of users.
    pub fn users(&self) -> Option<&Users<'d>> {
        match self {
            Content::UserList(users) => users.as_ref(),
            Content::Login(announcement) | Content::Logout(announcement) => announcement.users.as_ref(),
            Content::LoginRequest { .. }
            | Content::SayRequest { .. }
            | Content::SayDelivery(_)
            | Content::Ping
            | Content::Pong
            | Content::Unknown(_) => None,
        }
    }

    /// The same, free of the message's bytes.
    pub fn into_owned(self) -> Content<'static> {
        match self {
            Content::LoginRequest { name, room } => Content::LoginRequest { name: owned(name), room: owned(room) },
            Content::UserList(users) => Content::UserList(users.map(Users::into_owned)),
            Content::Login(announcement) => Content::Login(announcement.into_owned()),
            Content::SayRequest { to, said, said_to_all, line } => {
                Content::SayRequest { to: to.into_owned(), said, said_to_all, line: Cow::Owned(line.into_owned()) }
            }
            Content::SayDelivery(delivery) => {
                let (from, from_name) = (owned(delivery.from), owned(delivery.from_name));
                Content::SayDelivery(SayDelivery { from, from_name, to: delivery.to.into_owned(), ..delivery })
            }
            Content::Logout(announcement) => Content::Logout(announcement.into_owned()),
            Content::Ping => Content::Ping,
            Content::Pong => Content::Pong,
            Content::Unknown(unknown) => Content::Unknown(unknown.into_owned()),
        }
    }
}

impl<'d> SayDelivery<'d> {
    fn of(message: &Message<'d>, hasher: &DefaultHashBuilder) -> SayDelivery<'d> {
        let to = Addressee::of(message, message.value(MemberName::ToClientName).map(escaped_once));
        let content = message.value(MemberName::Content).and_then(|html| Some((said_to(message)?, html)));
        let said_raw = content.map(|(to, content)| Said::new(to, content, hasher));
        let has_markup = content.is_some_and(|(_, html)| begins_with_markup(html));
        let said = content.and_then(|(to, html)| match text::readable(html, true) {
            Cow::Borrowed(text) if text.len() == html.len() => said_raw,
            text => Some(Said::new(to, &text, hasher)),
        });
        SayDelivery {
            from: message.value(MemberName::FromClientId).map(bounded_id),
            from_name: message.name(MemberName::FromClientName).map(escaped_once),
            copy: content.filter(|_| to.private).map_or(SayCopy::Public, |(_, content)| SayCopy::of(content)),
            to,
            said_raw: said_raw.filter(|raw| Some(*raw) != said),
            said,
            has_markup,
        }
    }
}

/// Whether a text has markup that the original server does not send, not far behind its beginning.
fn begins_with_markup(html: &str) -> bool {
    const LOOKED_AT: usize = 1024;
    html.as_bytes()[..html.len().min(LOOKED_AT)].contains(&b'<') && text::markup(html, true).is_some()
}

/// A name or id as the client's page has it.
fn typed(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(bounded_name(text))
}

/// How often the name in a login is escaped: once in dialect A, twice since.
fn name_escapes(message: &Message) -> u8 {
    message.member(MemberName::ClientName).map_or(0, |name| if Key::is_new(name.tag) { 2 } else { 1 })
}

/// How much of a text is kept. Characters.
pub const MAX_TEXT: usize = 60;

fn beginning(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => text::line(text, MAX_TEXT),
        Cow::Owned(text) => Cow::Owned(text::line(&text, MAX_TEXT).into_owned()),
    }
}

impl<'d> Addressee<'d> {
    fn of(message: &Message<'d>, name: Option<Cow<'d, str>>) -> Addressee<'d> {
        let id = match message.to() {
            Some(To::All) => Some(ALL),
            Some(To::Client(id)) => Some(id),
            Some(To::Zero) => Some(ZERO),
            Some(To::Sender | To::Unknown) | None => None,
        };
        let is_zero = message.to() == Some(To::Zero);
        Addressee { id: id.map(bounded_id), name, private: is_zero || message.is_private() == Some(true), is_zero }
    }
}

const ALL: &str = "all";
/// What PHP makes of the numbers that are 0.
const ZERO: &str = "0";

/// Stands for the recipient of a say that names none: no id has a NUL.
const SENDER: &str = "\0";

/// Whom a say is for, as its request and its deliveries have it in common. `None` where that is not certain. A delivery that names no
/// recipient, as the chat's own server sends none, is for all.
fn said_to<'a>(message: &Message<'a>) -> Option<&'a str> {
    match message.to()? {
        To::All => Some(ALL),
        To::Client(id) => Some(id),
        To::Zero => Some(ZERO),
        To::Sender => Some(SENDER),
        To::Unknown => {
            Some(ALL).filter(|_| message.sender == Side::Server && !message.is_truncated() && message.fault().is_none())
        }
    }
}

/// What a client asks to be called, as the server has it; `None` where it says nothing.
fn asked_name<'a>(message: &Message<'a>) -> Option<Cow<'a, str>> {
    message.value(MemberName::ClientName)?;
    let name = message.as_string(MemberName::ClientName)?;
    Some(bounded(name, |name| Cow::Borrowed(bounded_name(name)))).filter(|name| !name.is_empty())
}

/// The room that a client asks for, as the server has it.
fn asked_room<'a>(message: &Message<'a>) -> Option<Cow<'a, str>> {
    let room = message.member(MemberName::RoomId).filter(|room| room.data != Data::Null);
    let text = room.and_then(|_| message.as_string(MemberName::RoomId));
    Some(bounded(text.or(message.value(MemberName::RoomId).map(Cow::Borrowed))?, typed))
}

impl<'d> Users<'d> {
    fn of(list: &ClientList<'d>) -> Users<'d> {
        let known = list.users().take(MAX_USERS).filter_map(|user| {
            let id = user.id.or_else(|| user.name.clone().filter(|_| list.has_names_for_ids()));
            let id = bounded(id?.text, bounded_id);
            let name = user.name.map(|name| bounded(name.text, escaped_once));
            Some((id, name.unwrap_or_default()))
        });
        Users { users: known.collect(), count: list.len(), keyed: list.keyed }
    }

    /// How many bytes it takes, which is all in a message that can be long.
    pub fn size(&self) -> usize {
        self.users.iter().map(|user| size_of_val(user) + user.0.len() + user.1.len()).sum()
    }

    fn into_owned(self) -> Users<'static> {
        let users = self.users.into_iter();
        let users = users.map(|(id, name)| (Cow::Owned(id.into_owned()), Cow::Owned(name.into_owned())));
        Users { users: users.collect(), ..self }
    }
}

/// A bounded form of a text, which borrows where the text does.
fn bounded<'a>(text: Cow<'a, str>, bound: for<'b> fn(&'b str) -> Cow<'b, str>) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => bound(text),
        Cow::Owned(text) => Cow::Owned(bound(&text).into_owned()),
    }
}

fn escaped_once(name: &str) -> Cow<'_, str> {
    decoded_name(name, 1)
}

/// The name behind one that was escaped so many times, as long as names are remembered.
fn decoded_name(escaped: &str, times: u8) -> Cow<'_, str> {
    const LONGEST_ESCAPE: usize = 10; // &amp;quot;
    if !escaped.contains('&') {
        return Cow::Borrowed(bounded_name(escaped));
    }
    let enough = escaped.char_indices().nth(LONGEST_ESCAPE * MAX_NAME).map_or(escaped, |(end, _)| &escaped[..end]);
    Cow::Owned(bounded_name(&text::unescaped_name(enough, times)).to_owned())
}

fn owned(text: Option<Cow<str>>) -> Option<Cow<'static, str>> {
    text.map(|text| Cow::Owned(text.into_owned()))
}

impl Announcement<'_> {
    fn into_owned(self) -> Announcement<'static> {
        Announcement { id: owned(self.id), name: owned(self.name), users: self.users.map(Users::into_owned) }
    }
}

impl Addressee<'_> {
    fn into_owned(self) -> Addressee<'static> {
        Addressee { id: owned(self.id), name: owned(self.name), ..self }
    }
}
