//! JSON text as RFC 8259 defines it, read into values that know which bytes they came from.
//!
//! The reader is as strict as the chat's server: what PHP's `json_decode()` refuses is a [`Fault`] here too, because the
//! server then ignores the whole message. The members that were read before the fault are kept, so that a reader can see
//! what was meant. It knows nothing of the chat; the message module does.
//!
//! Nothing panics on any input, and the call stack is bounded by [`MAX_DEPTH`].

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while_m_n};
use nom::character::complete::{char, digit0, digit1, one_of};
use nom::combinator::{cut, opt, recognize};
use nom::sequence::preceded;
use nom::{IResult, Parser};

/// How many arrays and objects may lie within each other: the default depth of PHP's `json_decode()`. It fails on a
/// message nested deeper, and the server ignores that message.
pub const MAX_DEPTH: usize = 512;

/// The longest message in bytes that the server takes: Workerman's `TcpConnection::$defaultMaxPackageSize`. It closes the
/// connection on a longer one.
pub const MAX_LENGTH: usize = 10 * 1024 * 1024;

/// Byte offsets into the message.
pub type Span = std::ops::Range<usize>;

/// A JSON value and the bytes it was read from; a string's span includes its quotes.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    pub span: Span,
    pub data: Data,
}

/// What a JSON value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    Null,
    Bool(bool),
    /// Its digits are the bytes of the span: the chat shows numbers as they were sent.
    Number,
    /// Decoded: valid UTF-8 without NUL. `\u0000` and lone surrogates are U+FFFD, surrogate pairs one character.
    String(String),
    Array(Vec<Value>),
    /// In the order of the message; of members with the same name all are kept.
    Object(Vec<Member>),
}

/// A decoded string and the bytes it was read from, quotes included.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    pub span: Span,
    pub text: String,
}

/// A name and its value within an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub key: Text,
    pub value: Value,
}

/// Why a message is not a JSON object, and at which bytes. The span is within the message, and empty only when the message
/// is.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub span: Span,
    pub reason: Reason,
}

/// The kinds of fault, one for each thing that a sender would have to do differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// No bytes, or white space alone.
    Empty,
    /// JSON, but a string, a number, an array … at the top.
    NotAnObject,
    /// A backslash before this character, which no escape begins with; `u` when fewer than four hex digits follow it.
    InvalidEscape(char),
    /// This byte, below 0x20, stands in a string as it is: it must be escaped.
    ControlCharacter(u8),
    /// Bytes within a string that are not UTF-8.
    InvalidUtf8,
    /// The message ends within a string.
    UnterminatedString,
    /// This byte, outside a string, cannot stand where it stands.
    UnexpectedByte(u8),
    /// The message ends where something must follow.
    UnexpectedEnd,
    /// The bracket that opens more than [`MAX_DEPTH`] levels.
    TooDeep,
    /// The message is longer than [`MAX_LENGTH`]; the bytes beyond it.
    TooLong,
    /// The object is complete, but other bytes follow it.
    TrailingData,
}

/// A message as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// Of the top-level object: all, or those that are whole before the fault.
    pub members: Vec<Member>,
    /// The name of the top-level member within whose value the fault lies.
    pub pending: Option<Text>,
    /// The first fault; `None` for a JSON object.
    pub fault: Option<Fault>,
    /// The top-level value; after a fault, everything from its first byte on.
    pub root: Span,
}

/// Reads one message.
pub fn parse(bytes: &[u8]) -> Parsed {
    let readable = &bytes[..bytes.len().min(MAX_LENGTH)];
    let mut reader = Reader { message: readable, position: 0, depth: 0 };
    let mut members = Vec::new();
    let mut pending = None;
    reader.skip_space();
    let start = reader.position;
    let mut fault = reader.top_level(&mut members, &mut pending).err();
    let end = if fault.is_none() { reader.end_of(start) } else { bytes.len() };
    if bytes.len() > MAX_LENGTH {
        fault = Some(Fault { span: MAX_LENGTH..bytes.len(), reason: Reason::TooLong });
    }
    Parsed { members, pending, fault, root: start..end }
}

type Read<T> = Result<T, Fault>;

/// Where reading has come to in a message.
struct Reader<'a> {
    message: &'a [u8],
    position: usize,
    /// Arrays and objects that are open.
    depth: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.message[self.position..]
    }

    fn peek(&self) -> Option<u8> {
        self.message.get(self.position).copied()
    }

    /// Takes one token; where it does not fit, the fault lies at the byte at which the token stopped fitting.
    fn token(&mut self, parser: impl Fn(&'a [u8]) -> IResult<&'a [u8], &'a [u8]>) -> Read<&'a [u8]> {
        match parser(self.rest()) {
            Ok((rest, token)) => {
                self.position = self.message.len() - rest.len();
                Ok(token)
            }
            Err(nom::Err::Error(error) | nom::Err::Failure(error)) => {
                self.position = self.message.len() - error.input.len();
                Err(self.unexpected())
            }
            Err(nom::Err::Incomplete(_)) => Err(self.unexpected_end()),
        }
    }

    fn skip_space(&mut self) {
        // White space may be absent, so the token always fits.
        let _ = self.token(space);
    }

    /// The fault of the byte at the position, or of the end of the message.
    fn unexpected(&self) -> Fault {
        match self.peek() {
            Some(byte) => self.fault(self.position..self.position + 1, Reason::UnexpectedByte(byte)),
            None => self.unexpected_end(),
        }
    }

    /// There is no byte to point at behind the end, so it is the last one.
    fn unexpected_end(&self) -> Fault {
        let length = self.message.len();
        self.fault(length.saturating_sub(1)..length, Reason::UnexpectedEnd)
    }

    fn fault(&self, span: Span, reason: Reason) -> Fault {
        Fault { span, reason }
    }

    /// The end of the top-level value that starts at `start` and has been read with the space after it.
    fn end_of(&self, start: usize) -> usize {
        let space = self.message[start..].iter().rev().take_while(|byte| is_space(**byte)).count();
        self.message.len() - space
    }

    fn top_level(&mut self, members: &mut Vec<Member>, pending: &mut Option<Text>) -> Read<()> {
        let whole = 0..self.message.len();
        match self.peek() {
            None => return Err(self.fault(whole, Reason::Empty)),
            Some(b'{') => self.object(members, pending)?,
            Some(_) => {
                let span = self.value()?.span;
                return Err(self.fault(span, Reason::NotAnObject));
            }
        }
        self.skip_space();
        if self.peek().is_some() {
            return Err(self.fault(self.position..self.message.len(), Reason::TrailingData));
        }
        Ok(())
    }

    fn value(&mut self) -> Read<Value> {
        let start = self.position;
        let data = match self.peek() {
            Some(b'{') => {
                let mut members = Vec::new();
                self.object(&mut members, &mut None)?;
                Data::Object(members)
            }
            Some(b'[') => Data::Array(self.array()?),
            Some(b'"') => Data::String(self.string()?.text),
            Some(b't') => self.literal("true", Data::Bool(true))?,
            Some(b'f') => self.literal("false", Data::Bool(false))?,
            Some(b'n') => self.literal("null", Data::Null)?,
            _ => {
                self.token(number)?;
                Data::Number
            }
        };
        Ok(Value { span: start..self.position, data })
    }

    fn literal(&mut self, name: &str, data: Data) -> Read<Data> {
        for byte in name.bytes() {
            self.byte(byte)?;
        }
        Ok(data)
    }

    fn byte(&mut self, expected: u8) -> Read<()> {
        if self.peek() != Some(expected) {
            return Err(self.unexpected());
        }
        self.position += 1;
        Ok(())
    }

    /// Takes an opening bracket and the space after it.
    fn open(&mut self, bracket: u8) -> Read<()> {
        if self.depth == MAX_DEPTH {
            return Err(self.fault(self.position..self.position + 1, Reason::TooDeep));
        }
        self.byte(bracket)?;
        self.depth += 1;
        self.skip_space();
        Ok(())
    }

    /// After an element: takes a comma (true) or the closing bracket (false), with the space around it.
    fn goes_on(&mut self, bracket: u8) -> Read<bool> {
        self.skip_space();
        let comma = self.peek() == Some(b',');
        if comma {
            self.byte(b',')?;
            self.skip_space();
        } else {
            self.close(bracket)?;
        }
        Ok(comma)
    }

    fn close(&mut self, bracket: u8) -> Read<()> {
        self.byte(bracket)?;
        self.depth -= 1;
        Ok(())
    }

    fn array(&mut self) -> Read<Vec<Value>> {
        let mut elements = Vec::new();
        self.open(b'[')?;
        if self.peek() == Some(b']') {
            self.close(b']')?;
            return Ok(elements);
        }
        loop {
            elements.push(self.value()?);
            if !self.goes_on(b']')? {
                return Ok(elements);
            }
        }
    }

    /// Reads an object into `members`, which keeps those that are whole when there is a fault; `pending` is then the name
    /// whose value is not.
    fn object(&mut self, members: &mut Vec<Member>, pending: &mut Option<Text>) -> Read<()> {
        self.open(b'{')?;
        if self.peek() == Some(b'}') {
            return self.close(b'}');
        }
        loop {
            let key = self.string()?;
            let value = match self.member_value() {
                Ok(value) => value,
                Err(fault) => {
                    *pending = Some(key);
                    return Err(fault);
                }
            };
            members.push(Member { key, value });
            if !self.goes_on(b'}')? {
                return Ok(());
            }
        }
    }

    fn member_value(&mut self) -> Read<Value> {
        self.skip_space();
        self.byte(b':')?;
        self.skip_space();
        self.value()
    }

    fn string(&mut self) -> Read<Text> {
        let start = self.position;
        self.byte(b'"')?;
        let mut text = String::new();
        loop {
            self.plain_run(start, &mut text)?;
            match self.peek() {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(Text { span: start..self.position, text });
                }
                Some(b'\\') => text.push(self.escape(start)?),
                Some(byte) => {
                    return Err(self.fault(self.position..self.position + 1, Reason::ControlCharacter(byte)));
                }
                None => return Err(self.unterminated(start)),
            }
        }
    }

    /// Takes the characters of a string that stand for themselves.
    fn plain_run(&mut self, string_start: usize, text: &mut String) -> Read<()> {
        let run_start = self.position;
        let run = self.token(plain)?;
        match std::str::from_utf8(run) {
            Ok(run) => {
                text.push_str(run);
                Ok(())
            }
            Err(error) => {
                let bad = run_start + error.valid_up_to();
                let cut_at_the_end = error.error_len().is_none() && self.peek().is_none();
                if cut_at_the_end {
                    return Err(self.unterminated(string_start));
                }
                let end = error.error_len().map_or(self.position, |length| bad + length);
                Err(self.fault(bad..end, Reason::InvalidUtf8))
            }
        }
    }

    fn unterminated(&self, string_start: usize) -> Fault {
        self.fault(string_start..self.message.len(), Reason::UnterminatedString)
    }

    /// Takes a backslash and what belongs to it.
    fn escape(&mut self, string_start: usize) -> Read<char> {
        let backslash = self.position;
        self.position += 1;
        let Some(byte) = self.peek() else {
            return Err(self.unterminated(string_start));
        };
        self.position += 1;
        match byte {
            b'"' | b'\\' | b'/' => Ok(char::from(byte)),
            b'b' => Ok('\u{8}'),
            b'f' => Ok('\u{c}'),
            b'n' => Ok('\n'),
            b'r' => Ok('\r'),
            b't' => Ok('\t'),
            b'u' => self.unicode_escape(backslash, string_start),
            _ => Err(self.invalid_escape(backslash, string_start)),
        }
    }

    /// Takes the four digits after `\u`, and the second half of a surrogate pair.
    fn unicode_escape(&mut self, backslash: usize, string_start: usize) -> Read<char> {
        let Ok((rest, unit)) = code_unit(self.rest()) else {
            let digits = self.rest().iter().take(4).take_while(|byte| byte.is_ascii_hexdigit()).count();
            self.position += digits;
            if self.peek().is_none() {
                return Err(self.unterminated(string_start));
            }
            return Err(self.fault(backslash..self.position, Reason::InvalidEscape('u')));
        };
        self.position = self.message.len() - rest.len();
        if let Ok((rest, low)) = preceded(tag(&b"\\u"[..]), code_unit).parse(rest) {
            if let Some(character) = surrogate_pair(unit, low) {
                self.position = self.message.len() - rest.len();
                return Ok(character);
            }
        }
        Ok(char::from_u32(u32::from(unit)).filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// The fault of a backslash before something that is no escape; the character after it may have several bytes.
    fn invalid_escape(&self, backslash: usize, string_start: usize) -> Fault {
        let after = &self.message[backslash + 1..];
        let chunk = after[..after.len().min(4)].utf8_chunks().next();
        let (valid, invalid) = chunk.map_or(("", &[][..]), |chunk| (chunk.valid(), chunk.invalid()));
        match valid.chars().next() {
            Some(control) if control < ' ' => {
                self.fault(backslash + 1..backslash + 2, Reason::ControlCharacter(control as u8))
            }
            Some(character) => {
                self.fault(backslash..backslash + 1 + character.len_utf8(), Reason::InvalidEscape(character))
            }
            None if invalid.len() == after.len() && is_cut_character(invalid) => self.unterminated(string_start),
            None => self.fault(backslash + 1..backslash + 1 + invalid.len(), Reason::InvalidUtf8),
        }
    }
}

/// Whether the bytes are the beginning of a UTF-8 character.
fn is_cut_character(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn space(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(is_space).parse(input)
}

/// Bytes of a string that stand for themselves: all but quotes, backslashes and control characters. May be none.
fn plain(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(|byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\').parse(input)
}

/// RFC 8259 section 6.
fn number(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let integer = alt((tag(&b"0"[..]), recognize((one_of("123456789"), digit0))));
    let fraction = preceded(char('.'), cut(digit1));
    let exponent = preceded(one_of("eE"), cut(preceded(opt(one_of("+-")), digit1)));
    recognize((opt(char('-')), integer, opt(fraction), opt(exponent))).parse(input)
}

/// Four hex digits: a UTF-16 code unit.
fn code_unit(input: &[u8]) -> IResult<&[u8], u16> {
    take_while_m_n(4, 4, |byte: u8| byte.is_ascii_hexdigit())
        .map(|digits: &[u8]| digits.iter().fold(0, |unit, digit| unit << 4 | hex_value(*digit)))
        .parse(input)
}

fn hex_value(digit: u8) -> u16 {
    char::from(digit).to_digit(16).map_or(0, |value| value as u16)
}

fn surrogate_pair(high: u16, low: u16) -> Option<char> {
    let is_pair = (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(&low);
    char::decode_utf16([high, low]).next()?.ok().filter(|_| is_pair)
}

#[cfg(test)]
mod tests;
