//! What the languages share: how lists, close codes and faults are divided into cases. Each language has its own words for them.

use std::borrow::Cow;

use super::{NoteContext, Party};
use crate::event::{Acked, Closing, MessageEvent, Received};
use crate::message::LIMITS;
use crate::message::json::Reason;

/// How many acknowledged messages a sentence lists one by one, at most.
const LISTED: usize = 4;

/// Acknowledged messages, as a sentence lists them: each in words, and how many are left out.
pub fn listed(acked: &[Acked<&str>], words: impl Fn(&Acked<&str>) -> String) -> (Vec<String>, usize) {
    let count = if acked.len() > LISTED + 1 { LISTED } else { acked.len() };
    let mut items: Vec<String> = acked[..count].iter().map(words).collect();
    items.dedup(); // several messages of one frame that are called the same
    (items, acked.len() - count)
}

/// `one, other and third`, with the language's comma and conjunction; `more` takes the place of the last.
pub fn enumerated(
    (mut items, more): (Vec<String>, usize),
    comma: &str,
    and: &str,
    words: impl Fn(usize) -> String,
) -> String {
    let last = if more > 0 { Some(words(more)) } else { items.pop() };
    match (items.is_empty(), last) {
        (true, last) => last.unwrap_or_default(),
        (false, last) => [&items.join(comma), and, &last.unwrap_or_default()].concat(),
    }
}

/// Whether the result of a login is among them: whoever acknowledges it is logged in.
pub fn has_login_result(acked: &[Acked<&str>]) -> bool {
    acked.iter().any(|acked| matches!(acked.what, Received::Message(MessageEvent::LoginResult { .. })))
}

/// Who says what is delivered: what goes back to its sender may leave that to the connection.
pub fn speaker<'a>(note: &NoteContext<'a>, sender: Option<&'a str>) -> Option<&'a str> {
    sender.or(note.other.name.filter(|_| note.is_own))
}

/// A name or a text in the language's quotation marks; one that is written from right to left is isolated (UAX #9, section 2.4.2), so that
/// it does not turn the sentence around.
pub fn quoted([open, close]: [&str; 2], text: &str) -> String {
    format!("{open}{}{close}", isolated(text))
}

/// A name in a heading: in quotation marks unless it is one plain word.
pub fn name(quotes: [&str; 2], name: &str) -> String {
    match !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
        true => isolated(name).into_owned(),
        false => quoted(quotes, name),
    }
}

/// A text that is isolated where it is written from right to left.
pub fn isolated(text: &str) -> Cow<'_, str> {
    // The bytes that begin a character of these blocks: all are looked at, so that many are at a time.
    let may_be = text.bytes().fold(false, |found, byte| found | matches!(byte, 0xd6..=0xe0 | 0xef | 0xf0));
    match may_be && text.chars().any(is_right_to_left) {
        true => Cow::Owned(format!("\u{2068}{text}\u{2069}")),
        false => Cow::Borrowed(text),
    }
}

/// A text within a Chinese sentence: with a space on each side on which it begins or ends with another script, but not beside the
/// punctuation of Chinese.
pub fn spaced(text: &str) -> String {
    let [before, after] = [text.chars().next(), text.chars().next_back()].map(|beside| match beside {
        Some(beside) if beside < '\u{2e80}' && !matches!(beside, '“' | '”') => " ",
        _ => "",
    });
    [before, text, after].concat()
}

/// Whether a character is in one of the blocks of scripts that are written from right to left.
fn is_right_to_left(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// `10.0.0.1:7272` or `[::1]:7272`; `None` where the port alone says who it is.
pub fn address(party: &Party) -> Option<String> {
    party.address.map(|address| format!("{address}:{}", party.port))
}

/// The status code of a close frame, and its reason; where the frame has no reason, the meaning of the code, which is empty for a
/// code without one. `None` where no code was sent.
pub fn described(
    closing: &Closing,
    quotes: [&str; 2],
    meaning: fn(CloseCode) -> &'static str,
) -> Option<(u16, Cow<'static, str>)> {
    let code = closing.code?;
    let reason = match &*closing.reason {
        "" => Cow::Borrowed(CloseCode::of(code).map_or("", meaning)),
        reason => Cow::Owned(quoted(quotes, reason)),
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
