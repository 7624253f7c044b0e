//! JSON text as RFC 8259 defines it, read into values that know which bytes they came from.
//!
//! The reader is as strict as PHP's `json_decode()`: what that refuses is a [`Fault`] here too. The members that were read
//! before the fault are kept, so that a reader can see what was meant. It knows nothing of the chat; the message module does,
//! and sets the [`Limits`].
//!
//! A message is read once. Strings without escapes are borrowed from it; arrays and objects within the top-level object are
//! checked but not stored, and can be read again, element by element, with [`Document::elements`] and [`Document::members_of`].
//! The one allocation of a message without escapes is the list of its members.
//!
//! nom reads numbers, which have a grammar. The rest is written by hand: a fault has to name the exact bytes, what was read
//! before it has to be kept, and nested values must be read without allocating; nom's combinators do none of the three.
//!
//! Nothing panics on any input, and the call stack is bounded by [`Limits::depth`].

use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::character::complete::{char, digit0, digit1, one_of};
use nom::combinator::{cut, opt, recognize};
use nom::sequence::preceded;
use nom::{IResult, Parser};
use std::borrow::Cow;

/// How large a message may be. Larger ones have a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The length of a message in bytes.
    pub length: usize,
    /// How many arrays and objects may lie within each other; the top-level object counts.
    pub depth: usize,
}

/// Byte offsets into the message.
pub type Span = std::ops::Range<usize>;

/// A JSON value and the bytes it was read from; a string's span includes its quotes.
#[derive(Debug, Clone, PartialEq)]
pub struct Value<'a> {
    /// The bytes of the value, without the white space around it.
    pub span: Span,
    /// The value.
    pub data: Data<'a>,
}

/// What a JSON value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Data<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Its digits are the bytes of the span: the chat shows numbers as they were sent.
    Number,
    /// Decoded: valid UTF-8 without NUL. `\u0000` and lone surrogates are U+FFFD, surrogate pairs one character.
    String(Cow<'a, str>),
    /// Read its elements with [`Document::elements`].
    Array,
    /// Read its members with [`Document::members_of`].
    Object,
}

/// A decoded string and the bytes it was read from, quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a> {
    /// The bytes of the string, quotes included.
    pub span: Span,
    /// Valid UTF-8 without NUL, as in [`Data::String`].
    pub text: Cow<'a, str>,
}

/// A name and its value within an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Member<'a> {
    /// The decoded name.
    pub key: Text<'a>,
    /// The value.
    pub value: Value<'a>,
}

/// Why a message is not a JSON object, and at which bytes. The span is within the message, and empty only when the message
/// is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The bytes at fault.
    pub span: Span,
    /// What is wrong with them.
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
    /// The bracket that opens more levels than [`Limits::depth`].
    TooDeep,
    /// The message is longer than [`Limits::length`]; the bytes beyond it.
    TooLong,
    /// The object is complete, but other bytes follow it.
    TrailingData,
}

/// A message as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Document<'a> {
    /// The whole message.
    pub bytes: &'a [u8],
    /// Of the top-level object, in the order of the message: all, or those that are whole before the fault. Of members with
    /// the same name all are kept.
    pub members: Vec<Member<'a>>,
    /// The name of the top-level member within whose value the fault lies.
    pub pending: Option<Text<'a>>,
    /// The first fault; `None` for a JSON object.
    pub fault: Option<Fault>,
    /// The message up to the first byte that is not UTF-8, or up to the longest length.
    text: &'a str,
}

/// Reads one message. Never fails: what is wrong is the document's [`fault`](Document::fault).
pub fn parse(bytes: &[u8], limits: Limits) -> Document<'_> {
    let message = &bytes[..bytes.len().min(limits.length)];
    let text = valid_part(message);
    let mut reader = Reader { message, text, position: 0, depth: 0, max_depth: limits.depth };
    let mut members = Vec::new();
    let mut pending = None;
    let mut fault = reader.top_level(&mut members, &mut pending).err();
    if bytes.len() > limits.length {
        fault = Some(Fault { span: limits.length..bytes.len(), reason: Reason::TooLong });
    }
    Document { bytes, members, pending, fault, text }
}

/// The bytes before the first that is not UTF-8.
fn valid_part(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

impl<'a> Document<'a> {
    /// The JSON text of a value that was read without a fault.
    pub fn text(&self, span: &Span) -> &'a str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// Reads a value again that was read without a fault, at this span. `None` where no JSON value begins there.
    pub fn value(&self, span: Span) -> Option<Value<'a>> {
        self.reader_at(span.start).value().ok()
    }

    /// The spans of the elements of the array at `span`, which was read without a fault; none of any other value. Each can be
    /// had as a [`value`](Document::value).
    pub fn elements(&self, span: &Span) -> Elements<'a> {
        let mut reader = self.reader_at(span.start);
        let more = reader.peek() == Some(b'[') && reader.begins(b'[', b']').unwrap_or(false);
        Elements { reader, more }
    }

    /// The names and the spans of the values of the members of the object at `span`, which was read without a fault; none of
    /// any other value. Each value can be had as a [`value`](Document::value).
    pub fn members_of(&self, span: &Span) -> Members<'a> {
        let mut reader = self.reader_at(span.start);
        let more = reader.peek() == Some(b'{') && reader.begins(b'{', b'}').unwrap_or(false);
        Members { reader, more }
    }

    fn reader_at(&self, position: usize) -> Reader<'a> {
        Reader { message: self.text.as_bytes(), text: self.text, position, depth: 0, max_depth: usize::MAX }
    }
}

/// The elements of an array, read on demand; see [`Document::elements`].
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    reader: Reader<'a>,
    more: bool,
}

impl Iterator for Elements<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        if !self.more {
            return None;
        }
        let start = self.reader.position;
        self.reader.skip_value().ok()?;
        let span = start..self.reader.position;
        self.more = self.reader.goes_on(b']').unwrap_or(false);
        Some(span)
    }
}

/// The members of an object, read on demand; see [`Document::members_of`].
#[derive(Debug, Clone)]
pub struct Members<'a> {
    reader: Reader<'a>,
    more: bool,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Text<'a>, Span);

    fn next(&mut self) -> Option<(Text<'a>, Span)> {
        if !self.more {
            return None;
        }
        let key = self.reader.text().ok()?;
        self.reader.colon().ok()?;
        let start = self.reader.position;
        self.reader.skip_value().ok()?;
        let span = start..self.reader.position;
        self.more = self.reader.goes_on(b'}').unwrap_or(false);
        Some((key, span))
    }
}

/// How many members a message of the chat has, at most, so that their list is allocated once.
const USUAL_MEMBERS: usize = 6;

type Read<T> = Result<T, Fault>;

/// Takes the pieces of a string while it is read.
trait Pieces<'a>: Default {
    /// Characters that stand for themselves.
    fn plain(&mut self, run: &'a str);
    /// What an escape stands for.
    fn escaped(&mut self, character: char);
}

/// Borrows a string of one piece.
impl<'a> Pieces<'a> for Cow<'a, str> {
    fn plain(&mut self, run: &'a str) {
        if self.is_empty() {
            *self = Cow::Borrowed(run);
        } else if !run.is_empty() {
            self.to_mut().push_str(run);
        }
    }

    fn escaped(&mut self, character: char) {
        self.to_mut().push(character);
    }
}

/// Of a string that is only checked, nothing is kept.
impl Pieces<'_> for () {
    fn plain(&mut self, _run: &str) {}
    fn escaped(&mut self, _character: char) {}
}

/// Where reading has come to in a message.
#[derive(Debug, Clone)]
struct Reader<'a> {
    message: &'a [u8],
    /// The message up to the first byte that is not UTF-8.
    text: &'a str,
    position: usize,
    /// Arrays and objects that are open.
    depth: usize,
    max_depth: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.message[self.position..]
    }

    fn peek(&self) -> Option<u8> {
        self.message.get(self.position).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.position += 1;
        }
    }

    /// The fault of the byte at the position, or of the end of the message.
    #[cold]
    fn unexpected(&self) -> Fault {
        match self.peek() {
            Some(byte) => fault(self.position..self.position + 1, Reason::UnexpectedByte(byte)),
            None => self.unexpected_end(),
        }
    }

    /// There is no byte to point at behind the end, so it is the last one.
    fn unexpected_end(&self) -> Fault {
        let length = self.message.len();
        fault(length.saturating_sub(1)..length, Reason::UnexpectedEnd)
    }

    fn top_level(&mut self, members: &mut Vec<Member<'a>>, pending: &mut Option<Text<'a>>) -> Read<()> {
        self.skip_space();
        let start = self.position;
        match self.peek() {
            None => return Err(fault(0..self.message.len(), Reason::Empty)),
            Some(b'{') => self.object(members, pending)?,
            Some(_) => {
                self.skip_value()?;
                return Err(fault(start..self.position, Reason::NotAnObject));
            }
        }
        self.skip_space();
        if self.peek().is_some() {
            return Err(fault(self.position..self.message.len(), Reason::TrailingData));
        }
        Ok(())
    }

    /// Reads the top-level object into `members`, which keeps those that are whole when there is a fault; `pending` is then
    /// the name whose value is not.
    fn object(&mut self, members: &mut Vec<Member<'a>>, pending: &mut Option<Text<'a>>) -> Read<()> {
        let mut more = self.begins(b'{', b'}')?;
        members.reserve(if more { USUAL_MEMBERS } else { 0 });
        while more {
            let key = self.text()?;
            let value = match self.colon().and_then(|()| self.value()) {
                Ok(value) => value,
                Err(fault) => {
                    *pending = Some(key);
                    return Err(fault);
                }
            };
            members.push(Member { key, value });
            more = self.goes_on(b'}')?;
        }
        Ok(())
    }

    fn value(&mut self) -> Read<Value<'a>> {
        let start = self.position;
        let data = match self.peek() {
            Some(b'"') => Data::String(self.string()?),
            _ => self.skip_value()?,
        };
        Ok(Value { span: start..self.position, data })
    }

    /// Takes a value and checks it. Of a string, the text is left out.
    fn skip_value(&mut self) -> Read<Data<'a>> {
        match self.peek() {
            Some(b'{') => self.skip_object(),
            Some(b'[') => self.skip_array(),
            Some(b'"') => self.string::<()>().map(|()| Data::String(Cow::Borrowed(""))),
            Some(b't') => self.literal(b"true", Data::Bool(true)),
            Some(b'f') => self.literal(b"false", Data::Bool(false)),
            Some(b'n') => self.literal(b"null", Data::Null),
            _ => self.number(),
        }
    }

    fn skip_array(&mut self) -> Read<Data<'a>> {
        let mut more = self.begins(b'[', b']')?;
        while more {
            self.skip_value()?;
            more = self.goes_on(b']')?;
        }
        Ok(Data::Array)
    }

    fn skip_object(&mut self) -> Read<Data<'a>> {
        let mut more = self.begins(b'{', b'}')?;
        while more {
            self.string::<()>()?;
            self.colon()?;
            self.skip_value()?;
            more = self.goes_on(b'}')?;
        }
        Ok(Data::Object)
    }

    fn literal(&mut self, name: &[u8], data: Data<'a>) -> Read<Data<'a>> {
        for byte in name {
            self.byte(*byte)?;
        }
        Ok(data)
    }

    /// Where a number does not match the grammar, the fault is at the first byte that does not.
    fn number(&mut self) -> Read<Data<'a>> {
        match number(self.rest()) {
            Ok((rest, _)) => {
                self.position = self.message.len() - rest.len();
                Ok(Data::Number)
            }
            Err(nom::Err::Error(error) | nom::Err::Failure(error)) => {
                self.position = self.message.len() - error.input.len();
                Err(self.unexpected())
            }
            Err(nom::Err::Incomplete(_)) => Err(self.unexpected_end()),
        }
    }

    fn byte(&mut self, expected: u8) -> Read<()> {
        if self.peek() != Some(expected) {
            return Err(self.unexpected());
        }
        self.position += 1;
        Ok(())
    }

    /// Takes the colon between a name and its value, with the space around it.
    fn colon(&mut self) -> Read<()> {
        self.skip_space();
        self.byte(b':')?;
        self.skip_space();
        Ok(())
    }

    /// Takes an opening bracket and the space after it, and of an empty array or object the closing bracket too: then
    /// nothing follows (false).
    fn begins(&mut self, open: u8, close: u8) -> Read<bool> {
        if self.depth == self.max_depth {
            return Err(fault(self.position..self.position + 1, Reason::TooDeep));
        }
        self.byte(open)?;
        self.depth += 1;
        self.skip_space();
        if self.peek() == Some(close) {
            self.close(close)?;
            return Ok(false);
        }
        Ok(true)
    }

    /// After an element: takes a comma (true) or the closing bracket (false), with the space around it.
    fn goes_on(&mut self, close: u8) -> Read<bool> {
        self.skip_space();
        let comma = self.peek() == Some(b',');
        if comma {
            self.position += 1;
            self.skip_space();
        } else {
            self.close(close)?;
        }
        Ok(comma)
    }

    fn close(&mut self, bracket: u8) -> Read<()> {
        self.byte(bracket)?;
        self.depth -= 1;
        Ok(())
    }

    fn text(&mut self) -> Read<Text<'a>> {
        let start = self.position;
        let text = self.string()?;
        Ok(Text { span: start..self.position, text })
    }

    fn string<T: Pieces<'a>>(&mut self) -> Read<T> {
        let start = self.position;
        self.byte(b'"')?;
        let mut text = T::default();
        loop {
            text.plain(self.plain_run(start)?);
            match self.peek() {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.escaped(self.escape(start)?),
                Some(byte) => return Err(fault(self.position..self.position + 1, Reason::ControlCharacter(byte))),
                None => return Err(self.unterminated(start)),
            }
        }
    }

    /// Takes the characters of a string that stand for themselves; there may be none.
    fn plain_run(&mut self, string_start: usize) -> Read<&'a str> {
        let start = self.position;
        self.position += plain_length(self.rest());
        match self.text.get(start..self.position) {
            Some(run) => Ok(run),
            None => Err(self.not_utf8(start, string_start)),
        }
    }

    /// The fault of the plain run that has just been taken and is not UTF-8.
    #[cold]
    fn not_utf8(&self, run_start: usize, string_start: usize) -> Fault {
        let valid = valid_part(&self.message[run_start..self.position]).len();
        let bad = run_start + valid;
        let length = std::str::from_utf8(&self.message[bad..self.position]).err().and_then(|error| error.error_len());
        match length {
            None if self.peek().is_none() => self.unterminated(string_start),
            None => fault(bad..self.position, Reason::InvalidUtf8),
            Some(length) => fault(bad..bad + length, Reason::InvalidUtf8),
        }
    }

    fn unterminated(&self, string_start: usize) -> Fault {
        fault(string_start..self.message.len(), Reason::UnterminatedString)
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
        let Some(unit) = code_unit(self.rest()) else {
            let digits = self.rest().iter().take(4).take_while(|byte| byte.is_ascii_hexdigit()).count();
            self.position += digits;
            if self.peek().is_none() {
                return Err(self.unterminated(string_start));
            }
            return Err(fault(backslash..self.position, Reason::InvalidEscape('u')));
        };
        self.position += 4;
        if let Some(character) = char::from_u32(u32::from(unit)) {
            return Ok(if character == '\0' { char::REPLACEMENT_CHARACTER } else { character });
        }
        let low = self.rest().strip_prefix(b"\\u").and_then(code_unit);
        let pair = low.and_then(|low| char::decode_utf16([unit, low]).next()?.ok());
        self.position += if pair.is_some() { 6 } else { 0 };
        Ok(pair.unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// The fault of a backslash before something that is no escape; the character after it may have several bytes.
    fn invalid_escape(&self, backslash: usize, string_start: usize) -> Fault {
        let after = &self.message[backslash + 1..];
        let chunk = after[..after.len().min(4)].utf8_chunks().next();
        let (valid, invalid) = chunk.map_or(("", &[][..]), |chunk| (chunk.valid(), chunk.invalid()));
        match valid.chars().next() {
            Some(control) if control < ' ' => {
                fault(backslash + 1..backslash + 2, Reason::ControlCharacter(control as u8))
            }
            Some(character) => fault(backslash..backslash + 1 + character.len_utf8(), Reason::InvalidEscape(character)),
            None if invalid.len() == after.len() && is_cut_character(invalid) => self.unterminated(string_start),
            None => fault(backslash + 1..backslash + 1 + invalid.len(), Reason::InvalidUtf8),
        }
    }
}

fn fault(span: Span, reason: Reason) -> Fault {
    Fault { span, reason }
}

/// Whether the bytes are the beginning of a UTF-8 character.
fn is_cut_character(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// How many bytes at the beginning stand for themselves in a string: all before the first quote, backslash or control
/// character. Looks at eight bytes at a time.
fn plain_length(bytes: &[u8]) -> usize {
    let mut words = bytes.chunks_exact(8);
    for (at, word) in words.by_ref().enumerate() {
        let special = special_bytes(word.try_into().map_or(0, u64::from_le_bytes));
        if special != 0 {
            return at * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let rest = words.remainder();
    let length = rest.iter().take_while(|byte| **byte >= 0x20 && !matches!(byte, b'"' | b'\\')).count();
    bytes.len() - rest.len() + length
}

/// The highest bit of the first byte of `word`, from the lowest on, that is a quote, a backslash or a control character is
/// set; no bit below it is. Bits above it may be set without reason.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, 0x20) | equal(b'"') | equal(b'\\')) & (ONES * 0x80)
}

/// RFC 8259 section 6.
fn number(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let integer = alt((tag(&b"0"[..]), recognize((one_of("123456789"), digit0))));
    let fraction = preceded(char('.'), cut(digit1));
    let exponent = preceded(one_of("eE"), cut(preceded(opt(one_of("+-")), digit1)));
    recognize((opt(char('-')), integer, opt(fraction), opt(exponent))).parse(input)
}

/// Four hex digits: a UTF-16 code unit.
fn code_unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.first_chunk::<4>()?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)? as u16))
}

#[cfg(test)]
mod tests;
