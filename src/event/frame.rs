//! What happens in a frame below its messages: TCP's handshake and end, the upgrade, WebSocket's close, and acknowledgments.

use super::{Exchange, MessageEvent};
use crate::fields::Phase;
use crate::packet::Frame;

/// What happens in a frame below its messages.
#[derive(Debug, Clone, PartialEq)]
pub enum FrameEvent<T> {
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
    /// A 101 that names none of the subprotocols that the request asks for: a browser closes the connection.
    UpgradeWithoutSubprotocol,
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
}

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

/// Why a WebSocket connection is closed (RFC 6455, section 5.5.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Closing {
    /// The status code (section 7.4), where one was sent.
    pub code: Option<u16>,
    /// The reason in one printable line; empty where none was sent.
    pub reason: Box<str>,
}

/// Something that a segment acknowledges.
#[derive(Debug, Clone, PartialEq)]
pub struct Acked<T> {
    /// The frame in which it ends.
    pub frame: Frame,
    /// What it is.
    pub what: Received<T>,
}

/// What whoever acknowledges it has received.
#[derive(Debug, Clone, PartialEq)]
pub enum Received<T> {
    /// A request to upgrade to WebSocket.
    UpgradeRequest,
    /// A response to it.
    UpgradeResponse,
    /// A message.
    Message(MessageEvent<T>),
    /// One of several messages, or one of which it was not known what it is.
    SomeMessage,
}

impl<T> Acked<T> {
    /// The same with other texts, as in [`MessageEvent::filter_map`].
    pub fn filter_map<'s, U>(&'s self, text: impl Fn(&'s T) -> Option<U>) -> Acked<U> {
        let what = match &self.what {
            Received::UpgradeRequest => Received::UpgradeRequest,
            Received::UpgradeResponse => Received::UpgradeResponse,
            Received::Message(event) => Received::Message(event.filter_map(text)),
            Received::SomeMessage => Received::SomeMessage,
        };
        Acked { frame: self.frame, what }
    }
}

/// Something sent whose acknowledgment is an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// A request to upgrade to WebSocket.
    UpgradeRequest,
    /// A 101 that a browser accepts.
    UpgradeResponse,
    /// Any other answer to an upgrade request.
    Refusal,
    /// A WebSocket message.
    Message,
    /// A FIN.
    Fin,
}

impl<T> FrameEvent<T> {
    /// The value of `workermanchat.phase`.
    pub fn phase(&self) -> Phase {
        match self {
            FrameEvent::Syn | FrameEvent::SynAgain(_) => Phase::TcpSyn,
            FrameEvent::SynAck | FrameEvent::SynAckAgain(_) => Phase::TcpSynAck,
            FrameEvent::Established => Phase::TcpAck,
            FrameEvent::Fin => Phase::TcpFin,
            FrameEvent::FinAcked => Phase::TcpFinAcked,
            FrameEvent::Reset(_) => Phase::TcpReset,
            FrameEvent::UpgradeRequest => Phase::UpgradeRequest,
            FrameEvent::UpgradeRequestAcked(_) => Phase::UpgradeRequestAcked,
            FrameEvent::UpgradeAccepted | FrameEvent::UpgradeMisaccepted | FrameEvent::UpgradeWithoutSubprotocol => {
                Phase::UpgradeResponse
            }
            FrameEvent::UpgradeComplete(_) => Phase::UpgradeComplete,
            FrameEvent::UpgradeRefused(_) => Phase::UpgradeRefused,
            FrameEvent::Close(_) => Phase::Close,
            FrameEvent::CloseReply(_) => Phase::CloseReply,
            FrameEvent::MessagesAcked(_) => Phase::MessageAcked,
        }
    }

    /// What it belongs to; `user`: of the connection. `None` for acknowledgments of messages, which belong to what the messages do.
    pub fn exchange(&self, user: Option<T>) -> Option<Exchange<T>> {
        Some(match self {
            FrameEvent::Syn | FrameEvent::SynAgain(_) => Exchange::TcpHandshake(Some(1)),
            FrameEvent::SynAck | FrameEvent::SynAckAgain(_) => Exchange::TcpHandshake(Some(2)),
            FrameEvent::Established => Exchange::TcpHandshake(Some(3)),
            FrameEvent::Reset(Reset::Refused) => Exchange::TcpHandshake(None),
            FrameEvent::UpgradeRequest
            | FrameEvent::UpgradeRequestAcked(_)
            | FrameEvent::UpgradeAccepted
            | FrameEvent::UpgradeMisaccepted
            | FrameEvent::UpgradeWithoutSubprotocol
            | FrameEvent::UpgradeComplete(_)
            | FrameEvent::UpgradeRefused(_) => Exchange::WebSocketHandshake,
            FrameEvent::Fin
            | FrameEvent::FinAcked
            | FrameEvent::Reset(Reset::AfterFins | Reset::Open | Reset::Unknown)
            | FrameEvent::Close(_)
            | FrameEvent::CloseReply(_) => match user {
                Some(user) => Exchange::Logout(Some(user)),
                None => Exchange::Close,
            },
            FrameEvent::MessagesAcked(_) => return None,
        })
    }

    /// Whether it acknowledges what is told of elsewhere: a part of the upgrade, or messages.
    pub fn is_acknowledgment_of_more(&self) -> bool {
        matches!(
            self,
            FrameEvent::UpgradeRequestAcked(_) | FrameEvent::UpgradeComplete(_) | FrameEvent::MessagesAcked(_)
        )
    }

    /// Whether it begins the end of the connection, or is a part of that.
    pub fn is_end(&self) -> bool {
        matches!(self, FrameEvent::Close(_) | FrameEvent::Fin | FrameEvent::Reset(_))
    }

    /// Whether it opens the connection: nobody can have logged in before.
    pub fn is_opening(&self) -> bool {
        matches!(self, FrameEvent::Syn | FrameEvent::SynAgain(_) | FrameEvent::SynAck | FrameEvent::SynAckAgain(_))
    }
}

/// Events of every kind, for the tests of all that has to know every kind.
#[cfg(test)]
pub fn frame_samples() -> Vec<FrameEvent<&'static str>> {
    let first = Frame::of(901);
    let closing = [
        Closing { code: Some(1001), reason: "".into() },
        Closing { code: Some(4000), reason: "gone fishing".into() },
        Closing { code: None, reason: "".into() },
    ];
    let mut samples = vec![
        FrameEvent::Syn,
        FrameEvent::SynAgain(first),
        FrameEvent::SynAck,
        FrameEvent::SynAckAgain(first),
        FrameEvent::Established,
        FrameEvent::Fin,
        FrameEvent::FinAcked,
        FrameEvent::Reset(Reset::Refused),
        FrameEvent::Reset(Reset::AfterFins),
        FrameEvent::Reset(Reset::Open),
        FrameEvent::Reset(Reset::Unknown),
        FrameEvent::UpgradeRequest,
        FrameEvent::UpgradeRequestAcked(first),
        FrameEvent::UpgradeAccepted,
        FrameEvent::UpgradeMisaccepted,
        FrameEvent::UpgradeWithoutSubprotocol,
        FrameEvent::UpgradeComplete(first),
        FrameEvent::UpgradeRefused(502),
        FrameEvent::MessagesAcked(vec![Acked { frame: first, what: Received::SomeMessage }]),
    ];
    samples.extend(closing.iter().cloned().map(FrameEvent::Close));
    samples.extend(closing.into_iter().map(FrameEvent::CloseReply));
    samples
}
