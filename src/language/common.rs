//! What the languages share: how lists, close codes and faults are divided into cases. Each language has its own words for them.

use crate::event::{AckedFrames, Closing};
use crate::message::LIMITS;
use crate::message::json::Reason;
use crate::packet::{Frame, Side};

/// One end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct End {
    /// Whether it is the browser or the server.
    pub side: Side,
    /// Its TCP port.
    pub port: u16,
}

/// Acknowledged frames, as a sentence lists them.
#[derive(Debug, Clone, Copy)]
pub enum Frames<'a> {
    /// A single one.
    One(Frame),
    /// All but the last, and the last.
    Several(List<'a>, Frame),
    /// The first few, and how many more there are.
    Many(List<'a>, usize),
}

/// Some frames: at least one.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    first: Frame,
    others: &'a [Frame],
}

impl Frames<'_> {
    /// How many frames a sentence lists one by one, at most.
    const LISTED: usize = 8;

    /// How a sentence lists these frames.
    pub fn of(frames: &AckedFrames) -> Frames<'_> {
        let AckedFrames { first, others } = frames;
        let first = *first;
        match others.as_slice() {
            [] => Frames::One(first),
            [others @ .., last] if others.len() + 2 <= Frames::LISTED => Frames::Several(List { first, others }, *last),
            _ => {
                let (listed, more) = others.split_at(Frames::LISTED - 1);
                Frames::Many(List { first, others: listed }, more.len())
            }
        }
    }
}

/// `9, 11, 13`, with the language's separator.
pub fn joined(frames: List, separator: &str) -> String {
    let mut text = frames.first.to_string();
    for frame in frames.others {
        text.push_str(separator);
        text.push_str(&frame.to_string());
    }
    text
}

/// The status code of a close frame, and its reason; where the frame has no reason, the meaning of the code, which is empty for a
/// code without one. `None` where no code was sent.
pub fn described(closing: &Closing, meaning: fn(CloseCode) -> &'static str) -> Option<(u16, &str)> {
    let code = closing.code?;
    let reason = match &*closing.reason {
        "" => CloseCode::of(code).map_or("", meaning),
        reason => reason,
    };
    Some((code, reason))
}

/// The close codes that have a meaning (RFC 6455, section 7.4.1, and IANA's registry).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// 1000: normal closure.
    Normal,
    /// 1001: the page was left, or the server stops.
    GoingAway,
    /// 1002: the peer violated the protocol.
    ProtocolError,
    /// 1003: a type of data that the endpoint does not accept.
    UnsupportedData,
    /// 1005: no code was sent; reserved, never in a frame.
    NoStatus,
    /// 1006: no close frame was sent; reserved, never in a frame.
    Abnormal,
    /// 1007: data that does not fit its type, such as text that is not UTF-8.
    InvalidData,
    /// 1008: a message that violates the endpoint's policy.
    PolicyViolation,
    /// 1009: a message that is too big to process.
    TooBig,
    /// 1010: the server did not negotiate an extension that the client requires.
    ExtensionMissing,
    /// 1011: an unexpected condition on the server.
    InternalError,
    /// 1012: the service restarts.
    ServiceRestart,
    /// 1013: the service is overloaded.
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

/// Why a message is not a JSON object: the cases of [`Reason`] that a sentence distinguishes.
#[derive(Debug, Clone, Copy)]
pub enum Cause {
    /// No bytes, or white space alone.
    Empty,
    /// JSON, but not an object.
    NotAnObject,
    /// A backslash that begins no escape.
    Backslash,
    /// An unescaped tab in a string.
    Tab,
    /// An unescaped line feed or carriage return in a string.
    LineEnd,
    /// Another unescaped control character in a string.
    ControlCharacter(u8),
    /// A string that is not UTF-8.
    InvalidUtf8,
    /// Half of a surrogate pair, this code unit, without the other half.
    LoneSurrogate(u16),
    /// The message ends within a string.
    UnterminatedString,
    /// A printable ASCII character that cannot stand at its place.
    UnexpectedCharacter(char),
    /// Any other byte that cannot stand at its place.
    UnexpectedByte(u8),
    /// The message ends before its object does.
    UnexpectedEnd,
    /// More nested arrays and objects than this many.
    TooDeep(usize),
    /// More bytes than this many.
    TooLong(usize),
    /// Other bytes follow the object.
    TrailingData,
}

impl From<Reason> for Cause {
    fn from(reason: Reason) -> Cause {
        match reason {
            Reason::Empty => Cause::Empty,
            Reason::NotAnObject => Cause::NotAnObject,
            Reason::InvalidEscape(_) => Cause::Backslash,
            Reason::ControlCharacter(b'\t') => Cause::Tab,
            Reason::ControlCharacter(b'\n' | b'\r') => Cause::LineEnd,
            Reason::ControlCharacter(byte) => Cause::ControlCharacter(byte),
            Reason::InvalidUtf8 => Cause::InvalidUtf8,
            Reason::LoneSurrogate(unit) => Cause::LoneSurrogate(unit),
            Reason::UnterminatedString => Cause::UnterminatedString,
            Reason::UnexpectedByte(byte) if byte.is_ascii_graphic() => Cause::UnexpectedCharacter(byte.into()),
            Reason::UnexpectedByte(byte) => Cause::UnexpectedByte(byte),
            Reason::UnexpectedEnd => Cause::UnexpectedEnd,
            Reason::TooDeep => Cause::TooDeep(LIMITS.depth),
            Reason::TooLong => Cause::TooLong(LIMITS.length),
            Reason::TrailingData => Cause::TrailingData,
        }
    }
}

/// The sentence with its first character in upper case.
pub fn capitalised(sentence: &str) -> String {
    let mut characters = sentence.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
