//! What a message states, as far as the session needs it: bounded, and with a way to outlive the message's bytes, so that it can wait until
//! the connection is known to be the chat.

use std::borrow::Cow;
use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;

use crate::failpoint::failpoint;
use crate::message::{ClientList, Content, Dialect, MemberName, Message, To as Addressee, text};
use crate::packet::Side;
use crate::session::say::{Said, SayCopy};
use crate::session::storage::bounded::{MAX_NAME, bounded_id, bounded_name};

/// The longest list of users that is remembered of one message.
const MAX_USERS: usize = 10_000;

/// What one message states.
#[derive(Debug, Clone)]
pub struct Statement<'a> {
    /// The message's own dialect, where its members decide it.
    pub dialect: Option<Dialect>,
    /// It is JSON, as far as it was captured.
    pub readable: bool,
    /// The capture holds only the message's beginning.
    pub truncated: bool,
    /// Not a login without a room, over which the server of 2015 and later raises an exception.
    pub complete: bool,
    /// The server's local time as it was sent.
    pub time: Option<ServerTime>,
    /// What it is for, with the members that the session needs.
    pub act: Act<'a>,
}

/// The hash of a time as the server writes it: what the copies of a broadcast have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServerTime(u64);

/// What a message is for. Names are as a person reads them.
#[derive(Debug, Clone)]
pub enum Act<'a> {
    /// A client asks to log in.
    LoginRequest {
        /// `client_name`
        name: Option<Cow<'a, str>>,
        /// `room_id`
        room: Option<Cow<'a, str>>,
    },
    /// The list of users in dialect A.
    UserList(Option<Users<'a>>),
    /// The server says who logged in: `client_id`, `client_name`, `client_list`.
    Login(Announcement<'a>),
    /// A client asks to deliver a text.
    SayRequest {
        /// To whom.
        to: To<'a>,
        /// What its deliveries have in common with it; `None` where that was not captured.
        said: Option<Said>,
        /// The beginning of the text, in one printable line.
        line: Cow<'a, str>,
    },
    /// The server delivers a text.
    SayDelivery {
        /// `from_client_id`
        from: Option<Cow<'a, str>>,
        /// `from_client_name`
        from_name: Option<Cow<'a, str>>,
        /// To whom.
        to: To<'a>,
        /// The text as a person reads it.
        said: Option<Said>,
        /// The text as it was sent, which is what a server that escapes nothing delivers; `None` where it is the same.
        said_raw: Option<Said>,
        /// Which of the copies of a private say it is.
        copy: SayCopy,
    },
    /// The server says who logged out: `from_client_id` or else `client_id`, `from_client_name`, `client_list`.
    Logout(Announcement<'a>),
    /// The server's heartbeat.
    Ping,
    /// The client's answer to it.
    Pong,
    /// Anything else.
    Unknown {
        /// The value of `type`.
        type_name: Option<Cow<'a, str>>,
        /// Who sent it.
        by: Side,
    },
}

/// Who logged in or out, and who is logged in since.
#[derive(Debug, Clone)]
pub struct Announcement<'a> {
    /// The client's id.
    pub id: Option<Cow<'a, str>>,
    /// The user's name.
    pub name: Option<Cow<'a, str>>,
    /// The users of the room.
    pub users: Option<Users<'a>>,
}

/// Whom a say is for.
#[derive(Debug, Clone)]
pub struct To<'a> {
    /// `to_client_id`
    pub id: Option<Cow<'a, str>>,
    /// `to_client_name`
    pub name: Option<Cow<'a, str>>,
    /// Whether that is one client.
    pub private: bool,
}

/// A list of users.
#[derive(Debug, Clone)]
pub struct Users<'a> {
    /// Ids and names of the first [`MAX_USERS`].
    pub users: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// How many the list has.
    pub count: usize,
    /// Whether the users stand in an object by id, which only a login's result has.
    pub keyed: bool,
}

impl<'a> Statement<'a> {
    /// What `message` states; `hasher` is the session's, for texts.
    pub fn of(message: &Message<'a>, hasher: &DefaultHashBuilder) -> Statement<'a> {
        failpoint!("session::statement");
        let truncated = message.is_truncated();
        Statement {
            dialect: message.dialect,
            readable: message.fault().is_none(),
            truncated,
            complete: truncated || !lacks_room(message),
            time: message.value(MemberName::Time).map(|time| ServerTime(hasher.hash_one(time))),
            act: act(message, hasher),
        }
    }

    /// Whether it is of a type that the chat does not have.
    pub fn is_unknown(&self) -> bool {
        matches!(self.act, Act::Unknown { .. })
    }

    /// How many bytes its list of users takes, which is all in it that can be long.
    pub fn size_of_list(&self) -> usize {
        let users = match &self.act {
            Act::UserList(users) => users.as_ref(),
            Act::Login(Announcement { users, .. }) | Act::Logout(Announcement { users, .. }) => users.as_ref(),
            _ => None,
        };
        let size = |user: &(Cow<str>, Cow<str>)| size_of_val(user) + user.0.len() + user.1.len();
        users.map_or(0, |users| users.users.iter().map(size).sum())
    }

    /// The same, free of the message's bytes.
    pub fn into_owned(self) -> Statement<'static> {
        Statement { act: self.act.into_owned(), ..self }
    }
}

fn lacks_room(message: &Message) -> bool {
    matches!(message.content, Content::LoginRequest(_)) && message.missing(None).any(|name| name == MemberName::RoomId)
}

fn act<'a>(message: &Message<'a>, hasher: &DefaultHashBuilder) -> Act<'a> {
    let by_client = |name: Option<&'a str>| name.map(bounded_name).map(Cow::Borrowed);
    match &message.content {
        Content::LoginRequest(login) => Act::LoginRequest { name: typed_name(message), room: by_client(login.room) },
        Content::UserList(list) => Act::UserList(list.list.as_ref().map(users)),
        Content::Login(login) => Act::Login(Announcement {
            id: login.id.map(bounded_id),
            name: login.name.map(|name| decoded_name(name, login.name_escapes)),
            users: login.list.as_ref().map(users),
        }),
        Content::SayRequest(say) => {
            let content = message.as_string(MemberName::Content);
            Act::SayRequest {
                to: to(message, by_client(say.to_name)),
                said: said_to(message).and_then(|to| Some(Said::new(to, content.as_deref()?, hasher))),
                line: content.map(beginning).unwrap_or_default(),
            }
        }
        Content::SayDelivery(say) => {
            let to = to(message, say.to_name.map(escaped_once));
            let content = say.content.and_then(|html| Some((said_to(message)?, html)));
            let said_raw = content.map(|(to, content)| Said::new(to, content, hasher));
            let said = content.and_then(|(to, html)| match text::readable(html, true) {
                Cow::Borrowed(text) if text.len() == html.len() => said_raw,
                text => Some(Said::new(to, &text, hasher)),
            });
            Act::SayDelivery {
                from: say.from.map(bounded_id),
                from_name: say.from_name.map(escaped_once),
                copy: content.filter(|_| to.private).map_or(SayCopy::Public, |(_, content)| SayCopy::of(content)),
                to,
                said_raw: said_raw.filter(|raw| Some(*raw) != said),
                said,
            }
        }
        Content::Logout(logout) => Act::Logout(Announcement {
            id: logout.from.or(logout.id).map(bounded_id),
            name: logout.from_name.map(escaped_once),
            users: logout.list.as_ref().map(users),
        }),
        Content::Ping => Act::Ping,
        Content::Pong => Act::Pong,
        Content::Malformed | Content::Unknown(_) => {
            Act::Unknown { type_name: by_client(message.value(MemberName::Type)), by: message.sender }
        }
    }
}

/// How much of a text is kept. Characters.
pub const MAX_TEXT: usize = 60;

fn beginning(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => text::line(text, MAX_TEXT),
        Cow::Owned(text) => Cow::Owned(text::line(&text, MAX_TEXT).into_owned()),
    }
}

fn to<'a>(message: &Message<'a>, name: Option<Cow<'a, str>>) -> To<'a> {
    let id = match message.to() {
        Some(Addressee::All) => Some(ALL),
        Some(Addressee::Client(id)) => Some(id),
        Some(Addressee::Sender | Addressee::Unknown) | None => None,
    };
    To { id: id.map(bounded_id), name, private: message.is_private() == Some(true) }
}

const ALL: &str = "all";

/// Stands for the recipient of a say that names none: no id has a NUL.
const SENDER: &str = "\0";

/// Whom a say is for, as its request and its deliveries have it in common. `None` where that is not certain. A delivery that names no
/// recipient, as the chat's own server sends none, is for all.
fn said_to<'a>(message: &Message<'a>) -> Option<&'a str> {
    match message.to()? {
        Addressee::All => Some(ALL),
        Addressee::Client(id) => Some(id),
        Addressee::Sender => Some(SENDER),
        Addressee::Unknown => {
            Some(ALL).filter(|_| message.sender == Side::Server && !message.is_truncated() && message.fault().is_none())
        }
    }
}

/// What a client asks to be called, as the server has it; `None` where it says nothing.
fn typed_name<'a>(message: &Message<'a>) -> Option<Cow<'a, str>> {
    message.value(MemberName::ClientName)?;
    let name = message.as_string(MemberName::ClientName)?;
    Some(bounded(name, |name| Cow::Borrowed(bounded_name(name)))).filter(|name| !name.is_empty())
}

fn users<'a>(list: &ClientList<'a>) -> Users<'a> {
    let known = list.users().take(MAX_USERS).filter_map(|user| {
        let id = bounded(user.id?.text, bounded_id);
        let name = user.name.map(|name| bounded(name.text, escaped_once));
        Some((id, name.unwrap_or_default()))
    });
    Users { users: known.collect(), count: list.len(), keyed: list.keyed }
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

impl Act<'_> {
    fn into_owned(self) -> Act<'static> {
        match self {
            Act::LoginRequest { name, room } => Act::LoginRequest { name: owned(name), room: owned(room) },
            Act::UserList(users) => Act::UserList(users.map(Users::into_owned)),
            Act::Login(announcement) => Act::Login(announcement.into_owned()),
            Act::SayRequest { to, said, line } => {
                Act::SayRequest { to: to.into_owned(), said, line: Cow::Owned(line.into_owned()) }
            }
            Act::SayDelivery { from, from_name, to, said, said_raw, copy } => Act::SayDelivery {
                from: owned(from),
                from_name: owned(from_name),
                to: to.into_owned(),
                said,
                said_raw,
                copy,
            },
            Act::Logout(announcement) => Act::Logout(announcement.into_owned()),
            Act::Ping => Act::Ping,
            Act::Pong => Act::Pong,
            Act::Unknown { type_name, by } => Act::Unknown { type_name: owned(type_name), by },
        }
    }
}

fn owned(text: Option<Cow<str>>) -> Option<Cow<'static, str>> {
    text.map(|text| Cow::Owned(text.into_owned()))
}

impl Announcement<'_> {
    fn into_owned(self) -> Announcement<'static> {
        Announcement { id: owned(self.id), name: owned(self.name), users: self.users.map(Users::into_owned) }
    }
}

impl Users<'_> {
    fn into_owned(self) -> Users<'static> {
        let owned = |text: Cow<str>| Cow::Owned(text.into_owned());
        Users { users: self.users.into_iter().map(|(id, name)| (owned(id), owned(name))).collect(), ..self }
    }
}

impl To<'_> {
    fn into_owned(self) -> To<'static> {
        To { id: owned(self.id), name: owned(self.name), private: self.private }
    }
}
