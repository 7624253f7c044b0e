//! What the languages share: which sentence a packet gets and which data stands in it. The words are each language's own.

use super::{Detail, Say};
use crate::fields::Phase;
use crate::message::json::{MAX_DEPTH, MAX_LENGTH, Reason};
use crate::session::record::Side;

/// One end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct End {
    pub side: Side,
    pub port: u16,
}

/// What happens in a packet: one sentence each. A name is `None` where nothing tells it.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    Syn,
    /// The frame in which it was sent first.
    SynAgain(u32),
    SynAck,
    /// The frame in which it was sent first.
    SynAckAgain(u32),
    Established,
    Fin,
    FinAcked,
    Reset,
    UpgradeRequest,
    /// The request's frame.
    UpgradeRequestAcked(u32),
    UpgradeAccepted,
    /// The server agreed with a wrong accept value.
    UpgradeMisaccepted,
    /// The response's frame.
    UpgradeComplete(u32),
    /// The HTTP status.
    UpgradeRefused(u16),
    Close(Closing<'a>),
    CloseReply(Closing<'a>),
    MessageAcked(Frames<'a>),
    LoginRequest {
        name: Option<&'a str>,
        room: Option<&'a str>,
    },
    /// How many users.
    UserList(usize),
    LoginResult(Option<&'a str>),
    LoginNotification(Option<&'a str>),
    SayRequest(Said<'a>),
    SayDelivery(Said<'a>),
    LogoutNotification(Option<&'a str>),
    Ping,
    Pong,
    /// The message's type.
    Unknown(Option<&'a str>),
}

impl<'a> Event<'a> {
    /// `None` where the detail is not one of the phase.
    pub fn of(phase: Phase, detail: &Detail<'a>) -> Option<Event<'a>> {
        Some(match (phase, detail) {
            (Phase::TcpSyn, Detail::Again(first)) => Event::SynAgain(*first),
            (Phase::TcpSyn, _) => Event::Syn,
            (Phase::TcpSynAck, Detail::Again(first)) => Event::SynAckAgain(*first),
            (Phase::TcpSynAck, _) => Event::SynAck,
            (Phase::TcpAck, _) => Event::Established,
            (Phase::TcpFin, _) => Event::Fin,
            (Phase::TcpFinAcked, _) => Event::FinAcked,
            (Phase::TcpReset, _) => Event::Reset,
            (Phase::UpgradeRequest, _) => Event::UpgradeRequest,
            (Phase::UpgradeRequestAcked, Detail::Acknowledged([frame, ..])) => Event::UpgradeRequestAcked(*frame),
            (Phase::UpgradeResponse, Detail::Accept(Some(false))) => Event::UpgradeMisaccepted,
            (Phase::UpgradeResponse, _) => Event::UpgradeAccepted,
            (Phase::UpgradeComplete, Detail::Acknowledged([frame, ..])) => Event::UpgradeComplete(*frame),
            (Phase::UpgradeRefused, Detail::Status(status)) => Event::UpgradeRefused(*status),
            (Phase::Close, Detail::Close(code, reason)) => Event::Close(Closing { code: *code, reason }),
            (Phase::CloseReply, Detail::Close(code, reason)) => Event::CloseReply(Closing { code: *code, reason }),
            (Phase::MessageAcked, Detail::Acknowledged(frames)) => Event::MessageAcked(Frames::of(frames)?),
            (Phase::LoginRequest, Detail::Login(name, room)) => {
                Event::LoginRequest { name: told(name), room: room.and_then(told) }
            }
            (Phase::UserList, Detail::Users(count)) => Event::UserList(*count),
            (Phase::LoginResult, Detail::Who(name)) => Event::LoginResult(told(name)),
            (Phase::LoginNotification, Detail::Who(name)) => Event::LoginNotification(told(name)),
            (Phase::SayRequest, Detail::Say(say)) => Event::SayRequest(Said::of(say)),
            (Phase::SayDelivery, Detail::Say(say)) => Event::SayDelivery(Said::of(say)),
            (Phase::LogoutNotification, Detail::Who(name)) => Event::LogoutNotification(told(name)),
            (Phase::Ping, _) => Event::Ping,
            (Phase::Pong, _) => Event::Pong,
            (Phase::Unknown, Detail::Type(name)) => Event::Unknown(name.and_then(told)),
            // Named, so that a new phase does not compile without a sentence.
            (
                Phase::UpgradeRequestAcked
                | Phase::UpgradeComplete
                | Phase::UpgradeRefused
                | Phase::Close
                | Phase::CloseReply
                | Phase::MessageAcked
                | Phase::LoginRequest
                | Phase::UserList
                | Phase::LoginResult
                | Phase::LoginNotification
                | Phase::SayRequest
                | Phase::SayDelivery
                | Phase::LogoutNotification
                | Phase::Unknown,
                _,
            ) => return None,
        })
    }
}

fn told(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// What is said in the chat.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    pub sender: Option<&'a str>,
    pub recipient: Recipient<'a>,
    pub text: &'a str,
}

#[derive(Debug, Clone, Copy)]
pub enum Recipient<'a> {
    Everyone,
    Named(&'a str),
    Unknown,
}

impl<'a> Said<'a> {
    fn of(say: &Say<'a>) -> Said<'a> {
        let recipient = match say.recipient {
            None => Recipient::Everyone,
            Some("") => Recipient::Unknown,
            Some(name) => Recipient::Named(name),
        };
        Said { sender: say.sender.and_then(told), recipient, text: say.text }
    }
}

/// A list of frames, to be told in a sentence.
#[derive(Debug, Clone, Copy)]
pub enum Frames<'a> {
    One(u32),
    /// The frames but the last, and the last.
    Several(&'a [u32], u32),
    /// The first few frames, and how many more there are.
    Many(&'a [u32], usize),
}

impl Frames<'_> {
    /// As many as a sentence tells one by one.
    const TOLD: usize = 8;

    fn of(frames: &[u32]) -> Option<Frames<'_>> {
        match frames {
            [] => None,
            [one] => Some(Frames::One(*one)),
            [first @ .., last] if frames.len() <= Frames::TOLD => Some(Frames::Several(first, *last)),
            _ => Some(Frames::Many(&frames[..Frames::TOLD], frames.len() - Frames::TOLD)),
        }
    }
}

/// `9, 11, 13`, with the language's separator.
pub fn joined(frames: &[u32], separator: &str) -> String {
    frames.iter().map(u32::to_string).collect::<Vec<_>>().join(separator)
}

/// Why a WebSocket connection is closed.
#[derive(Debug, Clone, Copy)]
pub struct Closing<'a> {
    code: Option<u16>,
    reason: &'a str,
}

impl<'a> Closing<'a> {
    /// The code, and the reason that came with it or else what the code means, which may be nothing. `None` where no code
    /// was sent.
    pub fn told(&self, meaning: fn(CloseCode) -> &'static str) -> Option<(u16, &'a str)> {
        let code = self.code?;
        let means = || CloseCode::of(code).map_or("", meaning);
        Some((code, told(self.reason).unwrap_or_else(means)))
    }
}

/// The close codes that have a meaning (RFC 6455, section 7.4.1, and IANA's registry).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    Normal,
    GoingAway,
    ProtocolError,
    UnsupportedData,
    NoStatus,
    Abnormal,
    InvalidData,
    PolicyViolation,
    TooBig,
    ExtensionMissing,
    InternalError,
    ServiceRestart,
    TryAgainLater,
}

impl CloseCode {
    fn of(code: u16) -> Option<CloseCode> {
        Some(match code {
            1000 => CloseCode::Normal,
            1001 => CloseCode::GoingAway,
            1002 => CloseCode::ProtocolError,
            1003 => CloseCode::UnsupportedData,
            1005 => CloseCode::NoStatus,
            1006 => CloseCode::Abnormal,
            1007 => CloseCode::InvalidData,
            1008 => CloseCode::PolicyViolation,
            1009 => CloseCode::TooBig,
            1010 => CloseCode::ExtensionMissing,
            1011 => CloseCode::InternalError,
            1012 => CloseCode::ServiceRestart,
            1013 => CloseCode::TryAgainLater,
            _ => return None,
        })
    }
}

/// Why a message is not JSON, as a person sees it.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    Empty,
    NotAnObject,
    Backslash,
    Tab,
    LineEnd,
    ControlCharacter(u8),
    InvalidUtf8,
    UnterminatedString,
    UnexpectedCharacter(char),
    UnexpectedByte(u8),
    UnexpectedEnd,
    /// How many levels are allowed.
    TooDeep(usize),
    /// How many bytes are allowed.
    TooLong(usize),
    TrailingData,
}

impl From<Reason> for Fault {
    fn from(reason: Reason) -> Fault {
        match reason {
            Reason::Empty => Fault::Empty,
            Reason::NotAnObject => Fault::NotAnObject,
            Reason::InvalidEscape(_) => Fault::Backslash,
            Reason::ControlCharacter(b'\t') => Fault::Tab,
            Reason::ControlCharacter(b'\n' | b'\r') => Fault::LineEnd,
            Reason::ControlCharacter(byte) => Fault::ControlCharacter(byte),
            Reason::InvalidUtf8 => Fault::InvalidUtf8,
            Reason::UnterminatedString => Fault::UnterminatedString,
            Reason::UnexpectedByte(byte) if byte.is_ascii_graphic() => Fault::UnexpectedCharacter(byte.into()),
            Reason::UnexpectedByte(byte) => Fault::UnexpectedByte(byte),
            Reason::UnexpectedEnd => Fault::UnexpectedEnd,
            Reason::TooDeep => Fault::TooDeep(MAX_DEPTH),
            Reason::TooLong => Fault::TooLong(MAX_LENGTH),
            Reason::TrailingData => Fault::TrailingData,
        }
    }
}

pub fn capitalised(sentence: &str) -> String {
    let mut characters = sentence.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
