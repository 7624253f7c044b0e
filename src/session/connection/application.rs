//! What a connection carries: not known yet, the chat with its user, or another application.

use std::mem;

use crate::fields::ServerKind;
use crate::heartbeat::{Heartbeats, Pair};
use crate::message::Evidence;
use crate::one_or_many::OneOrMany;
use crate::packet::{Frame, FrameTime, PackedFrameTime, Position, Side};
use crate::session::ids::Room;
use crate::session::ids::{MessagePlace, SayNumber};
use crate::session::incoming::Incoming;
use crate::storage::texts::TextId;

/// Messages that an undecided connection keeps; with more of them it is another application's.
pub const MAX_POSTPONED: usize = 16;

/// What a connection carries.
#[derive(Debug)]
pub enum Application {
    /// It may yet turn out to be the chat: its messages so far.
    Undecided(Option<Box<Waiting>>),
    /// A message has proven it.
    Chat(Box<Chat>),
    /// Something else.
    Other,
}

impl Default for Application {
    fn default() -> Application {
        Application::Undecided(None)
    }
}

/// Messages of an undecided connection.
#[derive(Debug, Default)]
pub struct Waiting {
    messages: Vec<Incoming<'static>>,
}

impl Application {
    /// Whether it is known to be the chat.
    pub fn is_chat(&self) -> bool {
        matches!(self, Application::Chat(_))
    }

    /// Whether nothing is known yet.
    pub fn is_undecided(&self) -> bool {
        matches!(self, Application::Undecided(_))
    }

    /// The chat's part, where the connection is the chat's.
    pub fn chat(&self) -> Option<&Chat> {
        match self {
            Application::Chat(chat) => Some(chat),
            Application::Undecided(_) | Application::Other => None,
        }
    }

    /// The same, to change it.
    pub fn chat_mut(&mut self) -> Option<&mut Chat> {
        match self {
            Application::Chat(chat) => Some(chat),
            Application::Undecided(_) | Application::Other => None,
        }
    }

    /// Whether a message of this evidence makes the connection the chat's, or finds it so. Where the user named the port as the chat's, each JSON
    /// object does.
    pub fn accepts(&self, evidence: Evidence, is_object: bool, configured: bool) -> bool {
        match self {
            Application::Chat(_) => true,
            Application::Undecided(_) if configured => {
                is_object || matches!(evidence, Evidence::Dialect | Evidence::Likely)
            }
            Application::Undecided(_) | Application::Other => evidence == Evidence::Dialect,
        }
    }

    /// Makes the connection the chat's. Returns the messages that were postponed.
    pub fn become_chat(&mut self) -> Vec<Incoming<'static>> {
        if self.is_chat() {
            return Vec::new();
        }
        match mem::replace(self, Application::Chat(Box::default())) {
            Application::Undecided(Some(waiting)) => waiting.messages,
            Application::Undecided(None) | Application::Chat(_) | Application::Other => Vec::new(),
        }
    }

    /// Keeps a message until the connection is decided. Returns whether there are too many of them.
    pub fn postpone(&mut self, message: Incoming<'static>) -> bool {
        match self {
            Application::Undecided(postponed) => {
                let messages = &mut postponed.get_or_insert_default().messages;
                messages.push(message);
                messages.len() > MAX_POSTPONED
            }
            Application::Chat(_) | Application::Other => false,
        }
    }
}

/// A user logged in on a connection.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    /// The login request; `None` where it was not captured.
    pub since: Option<Position>,
    /// The user's name.
    pub name: TextId,
    /// The room that the user is in, where it is known.
    pub room: Option<Room>,
    /// The id that the server gave the connection, where it is known.
    pub id: Option<TextId>,
    /// The last frame in which the server names the user, before there is another one.
    pub named_in: Option<Frame>,
}

impl Identity {
    /// A user of whom no more is known.
    pub fn new(since: Option<Position>, name: TextId) -> Identity {
        Identity { since, name, room: None, id: None, named_in: None }
    }
}

/// A login request that waits for its result.
#[derive(Debug, Clone, Copy)]
struct AskedLogin {
    at: PackedFrameTime,
    /// The name, where that was captured.
    name: Option<TextId>,
    /// The number of its identity among the connection's, and one more; 0 for none.
    identity: u32,
}

/// Login requests of one connection that wait.
const MAX_ASKED: usize = 64;

/// The chat's part of a connection.
#[derive(Debug, Default)]
pub struct Chat {
    /// The users one after another, by the position of their login: most connections have one.
    identities: OneOrMany<Identity>,
    /// The login requests that wait for their results, in their order, in which the server answers them.
    logins: Vec<AskedLogin>,
    /// The last result of a login.
    logged_in: Option<PackedFrameTime>,
    heartbeats: Heartbeats,
    /// Those of a client that sends pings, which the original chat's does not.
    client_heartbeats: Option<Box<Heartbeats>>,
    /// From which message on the server is known to be the original one, and from which on to be a derived one.
    shown: [Option<Position>; 2],
    /// The last say of this connection, and one more; 0 for none.
    last_say: SayNumber,
    /// The latest say of this connection that reached anybody.
    last_delivered: Option<Frame>,
    last_from_server: Option<PackedFrameTime>,
    /// The first notification that the user has logged out.
    logged_out: Option<PackedFrameTime>,
    /// The longest time between what this connection asks and the answer, in microseconds, of late: each answer takes an eighth off. 0
    /// until one is known.
    round_trip: u32,
    has_asked_to_log_in: bool,
    has_asked_again: bool,
    has_moved: bool,
    id: Option<TextId>,
}

impl Chat {
    /// The users one after another.
    pub fn identities(&self) -> &[Identity] {
        self.identities.as_slice()
    }

    /// The id that the server gave the connection, where it is known: a user who logs in anew keeps it.
    pub fn id(&self) -> Option<TextId> {
        self.id
    }

    /// Whether the users here were in more than one room. The server leaves the connection in all of them.
    pub fn has_moved(&self) -> bool {
        self.has_moved
    }

    /// Takes note of a login request, which asks to be this user from now on. One without a name changes nothing but that.
    pub fn ask_to_log_in(&mut self, at: FrameTime, identity: Option<Identity>) {
        self.has_asked_again |= self.has_asked_to_log_in;
        self.has_asked_to_log_in = true;
        if let Some(identity) = identity {
            let last = self.identities().last().and_then(|last| last.room);
            self.has_moved |= last.is_some() && last != identity.room;
            self.identities.push(identity);
        }
        let number = identity.map_or(0, |_| self.identities().len() as u32);
        if self.logins.len() < MAX_ASKED {
            let name = identity.map(|identity| identity.name);
            self.logins.push(AskedLogin { at: at.into(), name, identity: number });
        }
    }

    /// Whether a login request, or what can only follow one, was seen.
    pub fn has_asked_to_log_in(&self) -> bool {
        self.has_asked_to_log_in
    }

    /// Whether a login request was seen behind another, or behind what can only follow one.
    pub fn has_asked_again(&self) -> bool {
        self.has_asked_again
    }

    /// The first login request that waits for its result, and the name in it.
    pub fn waiting_login(&self) -> Option<(FrameTime, Option<TextId>)> {
        self.logins.first().map(|asked| (asked.at.into(), asked.name))
    }

    /// Takes note that the answers to all login requests but the last may be missing: they wait no more.
    pub fn forget_earlier_logins(&mut self) {
        self.logins.drain(..self.logins.len().saturating_sub(1));
    }

    /// The last login request that waits for its result, and the name in it.
    pub fn last_asked(&self) -> Option<(FrameTime, Option<TextId>)> {
        self.logins.last().map(|asked| (asked.at.into(), asked.name))
    }

    /// The first login request that waits for a result by this name; the first one, where there is none by it.
    pub fn login_answered_by(&self, name: Option<TextId>) -> Option<(FrameTime, Option<TextId>)> {
        let asked = self.logins.get(self.answered_by(name))?;
        Some((asked.at.into(), asked.name))
    }

    fn answered_by(&self, name: Option<TextId>) -> usize {
        self.logins.iter().position(|asked| asked.name == name).unwrap_or(0)
    }

    /// Takes note that the server names the connection's user in a frame.
    pub fn name_in(&mut self, frame: Frame, name: TextId) {
        if let Some(identity) = self.identities.as_mut_slice().last_mut().filter(|identity| identity.name == name) {
            identity.named_in = identity.named_in.max(Some(frame));
        }
    }

    /// In which frame the last login was asked for, where that was captured, and when it was answered.
    pub fn logged_in(&self) -> Option<(Option<Frame>, FrameTime)> {
        let asked = self.identities().last()?.since.map(|since| since.frame);
        Some((asked, self.logged_in?.into()))
    }

    /// Logs the connection in, as the server says. Returns the request.
    pub fn log_in(&mut self, place: MessagePlace, name: Option<TextId>, id: Option<TextId>) -> Option<FrameTime> {
        let position = place.position();
        self.has_asked_to_log_in = true; // even where the request was not captured
        self.logged_in = Some(place.at.into());
        self.id = self.id.or(id);
        let place_of = self.answered_by(name);
        // Those before it got no answer.
        let answered = self.logins.drain(..(place_of + 1).min(self.logins.len())).next_back();
        let of_request =
            answered.and_then(|it| self.identities.as_mut_slice().get_mut(it.identity.checked_sub(1)? as usize));
        match (of_request, name) {
            (Some(identity), _) => identity.id = id,
            (None, Some(name)) => {
                let since = (!self.identities().is_empty()).then_some(position);
                self.identities.push(Identity { id, ..Identity::new(since, name) });
            }
            (None, None) => {}
        }
        answered.map(|answered| answered.at.into())
    }

    /// The user who asked to log in in a frame.
    pub fn asked_in(&self, request: Frame) -> Option<&Identity> {
        self.identities().iter().find(|identity| identity.since.is_some_and(|since| since.frame == request))
    }

    /// Recognises the user: a delivery names the sender of what this connection said.
    pub fn recognise(&mut self, id: Option<TextId>, name: Option<TextId>) {
        self.has_asked_to_log_in = true; // or nothing would have been delivered
        self.id = self.id.or(id);
        match (self.identities.as_mut_slice().last_mut(), name) {
            (Some(identity), _) if identity.id.is_none() => identity.id = id,
            (None, Some(name)) => self.identities.push(Identity { id, ..Identity::new(None, name) }),
            (Some(_), _) | (None, None) => {}
        }
    }

    /// Takes note of an answer to what was asked here, after so many nanoseconds.
    pub fn answered_after(&mut self, nanoseconds: i64) {
        let new = u32::try_from(nanoseconds / 1000).unwrap_or(0).max(1);
        self.round_trip = new.max(self.round_trip - self.round_trip / 8);
    }

    /// The longest time between what this connection asks and the answer, of late, in nanoseconds; 0 until one is known.
    pub fn round_trip(&self) -> i64 {
        i64::from(self.round_trip) * 1000
    }

    /// The pings of the server, and their pongs.
    pub fn heartbeats(&self) -> &Heartbeats {
        &self.heartbeats
    }

    /// The pings of a side and their pongs, to add pongs to them; `None` of a client that has sent no ping.
    pub fn heartbeats_of(&mut self, asking: Side) -> Option<&mut Heartbeats> {
        match asking {
            Side::Server => Some(&mut self.heartbeats),
            Side::Client => self.client_heartbeats.as_deref_mut(),
        }
    }

    /// Takes note of a side's ping. Returns which pongs answer which earlier ones, if that is settled by now.
    pub fn ping(&mut self, by: Side, at: FrameTime) -> Vec<Pair> {
        match by {
            Side::Server => self.heartbeats.ping(at),
            Side::Client => self.client_heartbeats.get_or_insert_default().ping(at),
        }
    }

    /// Takes note of what the server is known to be from this message on.
    pub fn show(&mut self, kind: ServerKind, at: Position) {
        self.shown[kind as usize - 1].get_or_insert(at);
    }

    /// What the server was known to be when the message at a position was first seen.
    pub fn server_at(&self, at: Position) -> Option<ServerKind> {
        let [original, derived] = self.shown.map(|since| since.is_some_and(|since| since <= at));
        match (derived, original) {
            (true, _) => Some(ServerKind::Derived),
            (false, true) => Some(ServerKind::Original),
            (false, false) => None,
        }
    }

    /// Takes note of the id that the server gives the connection before anybody has logged in.
    pub fn set_id(&mut self, id: TextId) {
        if !self.has_asked_to_log_in {
            self.id.get_or_insert(id);
        }
    }

    /// Takes note of a say of this connection.
    pub fn say(&mut self, number: SayNumber) {
        self.last_say = number + 1;
    }

    /// The last say of this connection.
    pub fn last_say(&self) -> Option<SayNumber> {
        self.last_say.checked_sub(1)
    }

    /// Takes note that the say in `frame` of this connection has reached somebody.
    pub fn delivered(&mut self, frame: Frame) {
        self.last_delivered = self.last_delivered.max(Some(frame));
    }

    /// The latest say of this connection that reached anybody.
    pub fn last_delivered(&self) -> Option<Frame> {
        self.last_delivered
    }

    /// Takes note that the server says that the user has logged out.
    pub fn log_out(&mut self, at: FrameTime) {
        self.logged_out.get_or_insert(at.into());
    }

    /// When the server first said that the user has logged out.
    pub fn logged_out(&self) -> Option<FrameTime> {
        self.logged_out.map(FrameTime::from)
    }

    /// Takes note of a message of the server's.
    pub fn heard(&mut self, at: FrameTime) {
        self.last_from_server = Some(at.into());
    }

    /// When the server sent its last message.
    pub fn last_from_server(&self) -> Option<FrameTime> {
        self.last_from_server.map(FrameTime::from)
    }
}
