//! Exchanges: what several packets do together.

use super::Recipient;
use crate::packet::Frame;

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

/// What a packet is the last one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completed {
    /// What is complete.
    pub what: Completion,
    /// Where the packet acknowledges several messages: the frame of the one that belongs to it.
    pub frame: Option<Frame>,
    /// Of a login: nobody had to be told of it but who logs in.
    pub is_alone: bool,
}

impl<T> Exchange<T> {
    /// The same with other texts, as in [`MessageEvent::filter_map`](super::MessageEvent::filter_map).
    pub fn filter_map<'s, U>(&'s self, text: impl Fn(&'s T) -> Option<U>) -> Exchange<U> {
        match self {
            Exchange::TcpHandshake(step) => Exchange::TcpHandshake(*step),
            Exchange::WebSocketHandshake => Exchange::WebSocketHandshake,
            Exchange::Login(user) => Exchange::Login(user.as_ref().and_then(text)),
            Exchange::Say { sender, recipient, text: said } => Exchange::Say {
                sender: sender.as_ref().and_then(&text),
                recipient: recipient.filter_map(&text),
                text: said.as_ref().and_then(&text),
            },
            Exchange::Heartbeat(user) => Exchange::Heartbeat(user.as_ref().and_then(text)),
            Exchange::Logout(user) => Exchange::Logout(user.as_ref().and_then(text)),
            Exchange::Close => Exchange::Close,
            Exchange::Unknown => Exchange::Unknown,
        }
    }

    /// Whether this is what is complete. The close of a connection is a logout once its user is known.
    pub fn is_completed_by(&self, completion: Completion) -> bool {
        match completion {
            Completion::Login => matches!(self, Exchange::Login(_)),
            Completion::Say => matches!(self, Exchange::Say { .. }),
            Completion::Logout | Completion::Close => matches!(self, Exchange::Logout(_) | Exchange::Close),
        }
    }
}
