//! What happens in a packet of a chat connection: one enum, one variant a kind. The session keeps an event for each frame and message;
//! phase, note, title and Info column are read from it.

use crate::fields::Phase;
use crate::packet::Frame;

/// What happens in a packet. `T` is a name or another short text: an interned one in the session, a printable one in a sentence. A text is
/// `None` where nothing captured so far says it.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<T> {
    /// A SYN.
    Syn,
    /// A SYN that was first sent in that frame.
    SynAgain(Frame),
    /// A SYN+ACK.
    SynAck,
    /// A SYN+ACK that was first sent in that frame.
    SynAckAgain(Frame),
    /// The first segment of the client that acknowledges the SYN+ACK.
    Established,
    /// The first FIN of a side.
    Fin,
    /// The first acknowledgment of a FIN.
    FinAcked,
    /// A RST.
    Reset(Reset),
    /// A request to upgrade to WebSocket.
    UpgradeRequest,
    /// The first acknowledgment of the upgrade request in that frame.
    UpgradeRequestAcked(Frame),
    /// A 101 whose accept value, as far as that is known, answers the key.
    UpgradeAccepted,
    /// A 101 with a wrong accept value.
    UpgradeMisaccepted,
    /// The first acknowledgment of the response in that frame.
    UpgradeComplete(Frame),
    /// Any other final response, with its HTTP status code.
    UpgradeRefused(u16),
    /// The first WebSocket close frame.
    Close(Closing),
    /// The other side's close frame.
    CloseReply(Closing),
    /// The first acknowledgment of messages: at least one.
    MessagesAcked(Vec<Acked<T>>),
    /// A client asks to log in.
    LoginRequest {
        /// The user's name.
        name: Option<T>,
        /// The room's id.
        room: Option<T>,
    },
    /// The server lists the users (dialect A).
    UserList {
        /// How many the list has; `None` for a list that the capture cut.
        users: Option<usize>,
        /// The user who gets it.
        recipient: Option<T>,
    },
    /// The server's answer to a login request: who logged in.
    LoginResult(Option<T>),
    /// The server notifies somebody else of who logged in.
    LoginNotification(Option<T>),
    /// A client asks to deliver a text.
    SayRequest(Say<T>),
    /// The server delivers a text.
    SayDelivery(Say<T>),
    /// The server notifies the others of who logged out.
    LogoutNotification(Option<T>),
    /// The server's heartbeat, to the connection's user.
    Ping(Option<T>),
    /// The client's answer to it, from the connection's user.
    Pong(Option<T>),
    /// A message of a type that the chat does not send in this direction, or of none.
    Unknown {
        /// The value of `type`.
        type_name: Option<T>,
        /// The user who sent it.
        sender: Option<T>,
    },
}

/// The pattern of the events that are no message's: those of TCP, of the upgrade and of WebSocket's close. With it, a `match` on a
/// message's event names all of them, and one that lacks a new message does not compile.
macro_rules! below_messages {
    () => {
        $crate::event::Event::Syn
            | $crate::event::Event::SynAgain(_)
            | $crate::event::Event::SynAck
            | $crate::event::Event::SynAckAgain(_)
            | $crate::event::Event::Established
            | $crate::event::Event::Fin
            | $crate::event::Event::FinAcked
            | $crate::event::Event::Reset(_)
            | $crate::event::Event::UpgradeRequest
            | $crate::event::Event::UpgradeRequestAcked(_)
            | $crate::event::Event::UpgradeAccepted
            | $crate::event::Event::UpgradeMisaccepted
            | $crate::event::Event::UpgradeComplete(_)
            | $crate::event::Event::UpgradeRefused(_)
            | $crate::event::Event::Close(_)
            | $crate::event::Event::CloseReply(_)
            | $crate::event::Event::MessagesAcked(_)
    };
}
pub(crate) use below_messages;

/// What a RST means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// It answers a SYN: nobody listens there.
    Refused,
    /// It comes after both FINs: nothing is lost.
    AfterFins,
    /// It ends an open connection: what was under way is lost.
    Open,
    /// What it ends is not known, or it is not the first.
    Unknown,
}

/// Who says something to whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Say<T> {
    /// The user's name.
    pub sender: Option<T>,
    /// Whom it is for.
    pub recipient: Recipient<T>,
}

/// Whom a say is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Recipient<T> {
    /// All members of the room.
    Everyone,
    /// A user, by name.
    Named(T),
    /// A client whose name was not known when the message was first seen.
    Id(T),
    /// The message does not say.
    Unknown,
}

impl<T> Recipient<T> {
    /// The same with another text; one for which `text` returns `None` is not known.
    fn filter_map<'s, U>(&'s self, text: impl Fn(&'s T) -> Option<U>) -> Recipient<U> {
        match self {
            Recipient::Everyone => Recipient::Everyone,
            Recipient::Named(name) => text(name).map_or(Recipient::Unknown, Recipient::Named),
            Recipient::Id(id) => text(id).map_or(Recipient::Unknown, Recipient::Id),
            Recipient::Unknown => Recipient::Unknown,
        }
    }

    /// The same, borrowed.
    pub fn as_ref(&self) -> Recipient<&T> {
        match self {
            Recipient::Everyone => Recipient::Everyone,
            Recipient::Named(name) => Recipient::Named(name),
            Recipient::Id(id) => Recipient::Id(id),
            Recipient::Unknown => Recipient::Unknown,
        }
    }
}

/// Why a WebSocket connection is closed (RFC 6455, section 5.5.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Closing {
    /// The status code (section 7.4), where one was sent.
    pub code: Option<u16>,
    /// The reason in one printable line; empty where none was sent.
    pub reason: Box<str>,
}

/// A message that a segment acknowledges.
#[derive(Debug, Clone, PartialEq)]
pub struct Acked<T> {
    /// The frame in which it ends.
    pub frame: Frame,
    /// What it is.
    pub event: Event<T>,
}

impl<T> Acked<T> {
    /// The same with other texts, as in [`Event::filter_map`].
    pub fn filter_map<'s, U>(&'s self, text: &dyn Fn(&'s T) -> Option<U>) -> Acked<U> {
        Acked { frame: self.frame, event: self.event.filter_map(text) }
    }
}

/// One thing that people do, from the packet that begins it to the last acknowledgment, over as many connections as it takes. What is
/// known of it at one of its packets: the heading that stands over that packet.
#[derive(Debug, Clone, PartialEq)]
pub enum Exchange<T> {
    /// TCP's handshake, and which of its three steps.
    TcpHandshake(Option<u8>),
    /// WebSocket's.
    WebSocketHandshake,
    /// The login of a user.
    Login(Option<T>),
    /// A user says something.
    Say {
        /// Who.
        sender: Option<T>,
        /// To whom.
        recipient: Recipient<T>,
        /// What: the beginning, in one printable line.
        text: Option<T>,
    },
    /// A heartbeat ping and its pong, of the connection of this user.
    Heartbeat(Option<T>),
    /// A user leaves.
    Logout(Option<T>),
    /// A connection is closed on which nobody is known to have logged in.
    Close,
    /// A message that the chat does not know.
    Unknown,
}

/// An exchange that is complete: its last packet has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Completion {
    /// Everybody in the room has received that a user has logged in.
    Login,
    /// Everybody for whom a say is has received it.
    Say,
    /// Everybody who is still in the room has received that a user has left.
    Logout,
    /// The connection is closed in both directions.
    Close,
}

impl<T> Exchange<T> {
    /// The same with other texts, as in [`Event::filter_map`].
    pub fn filter_map<'s, U>(&'s self, text: impl Fn(&'s T) -> Option<U>) -> Exchange<U> {
        let known = |value: &'s Option<T>| value.as_ref().and_then(&text);
        match self {
            Exchange::TcpHandshake(step) => Exchange::TcpHandshake(*step),
            Exchange::WebSocketHandshake => Exchange::WebSocketHandshake,
            Exchange::Login(user) => Exchange::Login(known(user)),
            Exchange::Say { sender, recipient, text: said } => {
                Exchange::Say { sender: known(sender), recipient: recipient.filter_map(&text), text: known(said) }
            }
            Exchange::Heartbeat(user) => Exchange::Heartbeat(known(user)),
            Exchange::Logout(user) => Exchange::Logout(known(user)),
            Exchange::Close => Exchange::Close,
            Exchange::Unknown => Exchange::Unknown,
        }
    }
}

impl<T> Event<T> {
    /// The value of `workermanchat.phase`.
    pub fn phase(&self) -> Phase {
        match self {
            Event::Syn | Event::SynAgain(_) => Phase::TcpSyn,
            Event::SynAck | Event::SynAckAgain(_) => Phase::TcpSynAck,
            Event::Established => Phase::TcpAck,
            Event::Fin => Phase::TcpFin,
            Event::FinAcked => Phase::TcpFinAcked,
            Event::Reset(_) => Phase::TcpReset,
            Event::UpgradeRequest => Phase::UpgradeRequest,
            Event::UpgradeRequestAcked(_) => Phase::UpgradeRequestAcked,
            Event::UpgradeAccepted | Event::UpgradeMisaccepted => Phase::UpgradeResponse,
            Event::UpgradeComplete(_) => Phase::UpgradeComplete,
            Event::UpgradeRefused(_) => Phase::UpgradeRefused,
            Event::Close(_) => Phase::Close,
            Event::CloseReply(_) => Phase::CloseReply,
            Event::MessagesAcked(_) => Phase::MessageAcked,
            Event::LoginRequest { .. } => Phase::LoginRequest,
            Event::UserList { .. } => Phase::UserList,
            Event::LoginResult(_) => Phase::LoginResult,
            Event::LoginNotification(_) => Phase::LoginNotification,
            Event::SayRequest(_) => Phase::SayRequest,
            Event::SayDelivery(_) => Phase::SayDelivery,
            Event::LogoutNotification(_) => Phase::LogoutNotification,
            Event::Ping(_) => Phase::Ping,
            Event::Pong(_) => Phase::Pong,
            Event::Unknown { .. } => Phase::Unknown,
        }
    }

    /// What it belongs to. `user`: of TCP's and WebSocket's close, the connection's user; `text`: of a say, its beginning.
    pub fn exchange(self, user: Option<T>, text: Option<T>) -> Exchange<T> {
        match self {
            Event::Syn | Event::SynAgain(_) => Exchange::TcpHandshake(Some(1)),
            Event::SynAck | Event::SynAckAgain(_) => Exchange::TcpHandshake(Some(2)),
            Event::Established => Exchange::TcpHandshake(Some(3)),
            Event::Reset(Reset::Refused) => Exchange::TcpHandshake(None),
            Event::UpgradeRequest
            | Event::UpgradeRequestAcked(_)
            | Event::UpgradeAccepted
            | Event::UpgradeMisaccepted
            | Event::UpgradeComplete(_)
            | Event::UpgradeRefused(_) => Exchange::WebSocketHandshake,
            Event::Fin | Event::FinAcked | Event::Reset(_) | Event::Close(_) | Event::CloseReply(_) => match user {
                Some(user) => Exchange::Logout(Some(user)),
                None => Exchange::Close,
            },
            Event::LoginRequest { name, .. } | Event::LoginResult(name) | Event::LoginNotification(name) => {
                Exchange::Login(name)
            }
            Event::UserList { recipient, .. } => Exchange::Login(recipient),
            Event::SayRequest(Say { sender, recipient }) | Event::SayDelivery(Say { sender, recipient }) => {
                Exchange::Say { sender, recipient, text }
            }
            Event::LogoutNotification(name) => Exchange::Logout(name),
            Event::Ping(user) | Event::Pong(user) => Exchange::Heartbeat(user),
            Event::Unknown { .. } | Event::MessagesAcked(_) => Exchange::Unknown,
        }
    }

    /// Who says or does what a message is about, by name.
    pub fn sender(&self) -> Option<&T> {
        match self {
            Event::LoginRequest { name, .. }
            | Event::LoginResult(name)
            | Event::LoginNotification(name)
            | Event::LogoutNotification(name)
            | Event::Pong(name) => name.as_ref(),
            Event::SayRequest(say) | Event::SayDelivery(say) => say.sender.as_ref(),
            Event::Unknown { sender, .. } => sender.as_ref(),
            Event::UserList { .. } | Event::Ping(_) => None,
            below_messages!() => None,
        }
    }

    /// Whom a message is for; `None` for one that is for nobody in particular.
    pub fn recipient(&self) -> Option<Recipient<&T>> {
        match self {
            Event::SayRequest(say) | Event::SayDelivery(say) => Some(say.recipient.as_ref()),
            Event::UserList { recipient, .. } | Event::Ping(recipient) => recipient.as_ref().map(Recipient::Named),
            Event::LoginRequest { .. }
            | Event::LoginResult(_)
            | Event::LoginNotification(_)
            | Event::LogoutNotification(_)
            | Event::Pong(_)
            | Event::Unknown { .. } => None,
            below_messages!() => None,
        }
    }

    /// Whether it opens the connection: nobody can have logged in before.
    pub fn is_opening(&self) -> bool {
        matches!(self, Event::Syn | Event::SynAgain(_) | Event::SynAck | Event::SynAckAgain(_))
    }

    /// Whether it is a message that only the server sends.
    pub fn is_from_server(&self) -> bool {
        match self {
            Event::UserList { .. }
            | Event::LoginResult(_)
            | Event::LoginNotification(_)
            | Event::SayDelivery(_)
            | Event::LogoutNotification(_)
            | Event::Ping(_) => true,
            Event::LoginRequest { .. } | Event::SayRequest(_) | Event::Pong(_) | Event::Unknown { .. } => false,
            below_messages!() => false,
        }
    }

    /// Whether it is the answer to a request of this kind, on the same connection. Says and their deliveries are matched elsewhere.
    pub fn answers(&self, request: &Event<T>) -> bool {
        match self {
            Event::LoginResult(_) => matches!(request, Event::LoginRequest { .. }),
            Event::Pong(_) => matches!(request, Event::Ping(_)),
            Event::UserList { .. }
            | Event::LoginRequest { .. }
            | Event::LoginNotification(_)
            | Event::SayRequest(_)
            | Event::SayDelivery(_)
            | Event::LogoutNotification(_)
            | Event::Ping(_)
            | Event::Unknown { .. } => false,
            below_messages!() => false,
        }
    }

    /// The same event with other texts; one for which `text` returns `None` is not known.
    pub fn filter_map<'s, U>(&'s self, text: impl Fn(&'s T) -> Option<U>) -> Event<U> {
        let known = |value: &'s Option<T>| value.as_ref().and_then(&text);
        match self {
            Event::Syn => Event::Syn,
            Event::SynAgain(first) => Event::SynAgain(*first),
            Event::SynAck => Event::SynAck,
            Event::SynAckAgain(first) => Event::SynAckAgain(*first),
            Event::Established => Event::Established,
            Event::Fin => Event::Fin,
            Event::FinAcked => Event::FinAcked,
            Event::Reset(reset) => Event::Reset(*reset),
            Event::UpgradeRequest => Event::UpgradeRequest,
            Event::UpgradeRequestAcked(request) => Event::UpgradeRequestAcked(*request),
            Event::UpgradeAccepted => Event::UpgradeAccepted,
            Event::UpgradeMisaccepted => Event::UpgradeMisaccepted,
            Event::UpgradeComplete(response) => Event::UpgradeComplete(*response),
            Event::UpgradeRefused(status) => Event::UpgradeRefused(*status),
            Event::Close(closing) => Event::Close(closing.clone()),
            Event::CloseReply(closing) => Event::CloseReply(closing.clone()),
            Event::MessagesAcked(acked) => {
                Event::MessagesAcked(acked.iter().map(|acked| acked.filter_map(&text)).collect())
            }
            Event::LoginRequest { name, room } => Event::LoginRequest { name: known(name), room: known(room) },
            Event::UserList { users, recipient } => Event::UserList { users: *users, recipient: known(recipient) },
            Event::LoginResult(name) => Event::LoginResult(known(name)),
            Event::LoginNotification(name) => Event::LoginNotification(known(name)),
            Event::SayRequest(say) => Event::SayRequest(say.filter_map(&text)),
            Event::SayDelivery(say) => Event::SayDelivery(say.filter_map(&text)),
            Event::LogoutNotification(name) => Event::LogoutNotification(known(name)),
            Event::Ping(recipient) => Event::Ping(known(recipient)),
            Event::Pong(sender) => Event::Pong(known(sender)),
            Event::Unknown { type_name, sender } => {
                Event::Unknown { type_name: known(type_name), sender: known(sender) }
            }
        }
    }
}

impl<T> Say<T> {
    fn filter_map<'s, U>(&'s self, text: impl Fn(&'s T) -> Option<U>) -> Say<U> {
        Say { sender: self.sender.as_ref().and_then(&text), recipient: self.recipient.filter_map(&text) }
    }
}
