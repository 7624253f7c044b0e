//! JSON text as RFC 8259 defines it, read into values that know which bytes they came from.
//!
//! The reader is as strict as PHP's `json_decode()`: what that refuses is a [`Fault`] here too. The members that were read before
//! the fault are kept, so that a person can see what was meant, and [`Document::salvage`] reads on where the reader stops. It knows
//! nothing of the chat; the message module does, and sets the [`Limits`].
//!
//! A message is read once. Of each string only the place is kept; the text of one with escapes is decoded into one buffer of the
//! document, which is no longer than the message. Arrays and objects within the top-level object are checked and counted but not
//! stored, and can be read again, element by element, with [`Document::elements`] and [`Document::members_of`]; so can the
//! members beyond the first [`STORED`]. Reading a message without escapes allocates nothing, however large it is.
//!
//! Nothing panics on any input, and nothing recurses.

mod reader;
mod salvage;
mod scan;
mod sink;

pub use salvage::Salvaged;

use reader::{Read, Reader};
use sink::{Counted, Decoded, Sink};
use std::borrow::Cow;

/// The size that a message may have. A larger one has a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The length of a message in bytes, less than 4 GiB.
    pub length: usize,
    /// The number of arrays and objects that may lie within each other, at most [`MAX_DEPTH`]; the top-level object counts.
    pub depth: usize,
}

/// The highest limit of [`Limits::depth`].
pub const MAX_DEPTH: usize = 512;

/// The number of members that are stored; those behind them are read again when they are asked for. The chat's own messages have
/// at most six.
pub const STORED: usize = 8;

/// Tells what a member's name means to the caller of [`parse`].
pub trait Tagging {
    /// The meaning of a name, which is then the member's [`tag`](Member::tag).
    fn tag_of(&self, name: &str) -> u8;
}

impl<F: Fn(&str) -> u8> Tagging for F {
    fn tag_of(&self, name: &str) -> u8 {
        self(name)
    }
}

/// Byte offsets into the message.
pub type Span = std::ops::Range<usize>;

/// A [`Span`] in 8 bytes, half of one's room where `usize` has 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Place {
    start: u32,
    end: u32,
}

impl Place {
    /// Positions are below [`Limits::length`], so they fit.
    fn new(start: usize, end: usize) -> Place {
        Place { start: start as u32, end: end as u32 }
    }

    fn span(self) -> Span {
        self.start as usize..self.end as usize
    }
}

/// The kind of a JSON value, and how much is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Data {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, of which the bytes of the span are the digits: the chat shows numbers as they were sent.
    Number,
    /// A string, decoded by [`Document::string`].
    String,
    /// An array, whose elements [`Document::elements`] reads.
    Array {
        /// The number of its elements.
        length: u32,
        /// Whether all of them are objects.
        of_objects: bool,
    },
    /// An object, whose members [`Document::members_of`] reads.
    Object {
        /// The number of its members.
        length: u32,
    },
}

/// A decoded string and the bytes it was read from, quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a> {
    /// The bytes of the string, quotes included.
    pub span: Span,
    /// Valid UTF-8 without NUL. `\u0000` and lone surrogates are U+FFFD, surrogate pairs one character.
    pub text: Cow<'a, str>,
}

/// The place of a value, and of its text if it is a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Literal {
    place: Place,
    /// The place in the document's buffer; empty for a string without an escape, whose text stands in the message.
    decoded: Place,
}

impl Literal {
    /// The bytes of the value, without the white space around it; a string's quotes included.
    pub fn span(&self) -> Span {
        self.place.span()
    }
}

/// A name and its value within the top-level object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Member {
    /// The name.
    pub key: Literal,
    /// The value.
    pub value: Literal,
    /// The kind of the value.
    pub data: Data,
    /// The meaning of the name to the caller of [`parse`].
    pub tag: u8,
}

/// The reason why a message is not a JSON object, and the bytes at which it is none. The span is within the message, and empty only when the message
/// is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The bytes at fault.
    pub span: Span,
    /// The kind of fault.
    pub reason: Reason,
}

impl Fault {
    /// Whether the fault is of the whole message: it says what the message is, or that its end is missing.
    fn is_of_the_whole(&self) -> bool {
        matches!(self.reason, Reason::NotAnObject | Reason::UnterminatedString | Reason::UnexpectedEnd)
    }
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
    /// The escape of this UTF-16 code unit, half of a surrogate pair, without the other half. The grammar allows it, PHP does not; the string
    /// is read on, with U+FFFD in its place.
    LoneSurrogate(u16),
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
#[derive(Debug, Clone)]
pub struct Document<'a, T = fn(&str) -> u8> {
    /// The whole message.
    pub bytes: &'a [u8],
    /// The name of the top-level member within whose value the fault lies at which reading has stopped.
    pub pending: Option<Pending>,
    /// The first fault; `None` for a JSON object.
    pub fault: Option<Fault>,
    /// The message up to the first byte that is not UTF-8, or up to the longest length.
    text: &'a str,
    /// The texts of the strings with escapes, one behind the other, of the top-level names and values.
    decoded: String,
    /// The first members.
    stored: [Member; STORED],
    /// The number of all members.
    count: usize,
    /// The place at which the member behind the stored ones begins: in the message and in the buffer.
    behind: (usize, usize),
    /// What tells the meaning of names.
    pub tagging: T,
}

/// The name of a member that is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// The name.
    pub key: Literal,
    /// The [tag](Member::tag) of the name.
    pub tag: u8,
}

/// Compares the bytes: documents of the same ones are the same.
impl<T> PartialEq for Document<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes && self.text.len() == other.text.len() && self.fault == other.fault
    }
}

/// Reads one message. Never fails: what is wrong is the document's [`fault`](Document::fault).
///
/// ```
/// use workermanchat::message::json::{Data, Limits, Reason, parse};
///
/// let limits = Limits { length: 1 << 20, depth: 32 };
/// let message = br#"{"type":"say","content":"\u4f60\n","list":[1,2]}"#;
/// let document = parse(message, limits, |_name: &str| 0);
/// let [kind, content, list] = document.stored() else { panic!("three members") };
/// assert_eq!(document.string(&kind.key), "type");
/// assert_eq!(document.string(&content.value), "你\n");
/// assert_eq!(list.data, Data::Array { length: 2, of_objects: false });
/// assert_eq!(list.value.span(), 42..47);
///
/// // What was read before a fault is kept.
/// let cut = parse(&message[..30], limits, |_name: &str| 0);
/// assert_eq!(cut.stored().len(), 1);
/// assert_eq!(cut.fault.expect("the end is missing").reason, Reason::UnterminatedString);
/// ```
pub fn parse<T: Tagging>(bytes: &[u8], limits: Limits, tagging: T) -> Document<'_, T> {
    let message = &bytes[..bytes.len().min(limits.length)];
    let text = scan::valid_part(message);
    let mut document = Document {
        bytes,
        pending: None,
        fault: None,
        text,
        decoded: String::new(),
        stored: [Member::default(); STORED],
        count: 0,
        behind: (0, 0),
        tagging,
    };
    let mut reader = Reader::new(message, text, 0, limits.depth);
    if document.read(&mut reader).is_err() {
        document.fault = reader.fault.take();
    }
    if let Some(lone) =
        reader.lone_surrogate.filter(|_| document.fault.as_ref().is_none_or(|fault| !fault.is_of_the_whole()))
    {
        document.fault = Some(lone);
    }
    if bytes.len() > limits.length {
        document.fault = Some(Fault { span: limits.length..bytes.len(), reason: Reason::TooLong });
    }
    document
}

impl<'a, T: Tagging> Document<'a, T> {
    /// Reads the object that the message is, with the space around it.
    fn read(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        reader.skip_space();
        let start = reader.position;
        match reader.peek() {
            None => return Err(reader.fail(0..reader.message.len(), Reason::Empty)),
            Some(b'{') => self.read_object(reader)?,
            Some(_) => {
                reader.skip_value()?;
                return Err(reader.fail(start..reader.position, Reason::NotAnObject));
            }
        }
        reader.skip_space();
        if reader.peek().is_some() {
            return Err(reader.fail(reader.position..reader.message.len(), Reason::TrailingData));
        }
        Ok(())
    }

    /// Reads the top-level object. The members that are whole stay when there is a fault; `pending` is then the name whose
    /// value is not.
    fn read_object(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        let mut decoded = Decoded(&mut self.decoded);
        let mut more = reader.begins(b'{', b'}')?;
        while more {
            if self.count == STORED {
                self.behind = (reader.position, decoded.length());
            }
            let key = reader.string_literal(&mut decoded)?;
            let tag = self.tagging.tag_of(text_of(&key, self.text, decoded.0));
            match reader.colon().and_then(|()| reader.value(&mut decoded)) {
                Ok((value, data)) => {
                    if let Some(slot) = self.stored.get_mut(self.count) {
                        *slot = Member { key, value, data, tag };
                    }
                    self.count += 1;
                }
                Err(stop) => {
                    self.pending = Some(Pending { key, tag });
                    return Err(stop);
                }
            }
            more = reader.goes_on(b'}')?;
        }
        Ok(())
    }

    /// The members of the top-level object, in the order of the message: all, or those that are whole before the fault. Of
    /// members with the same name all are there.
    pub fn members(&self) -> TopLevel<'_, T> {
        TopLevel { document: self, at: 0, behind: None }
    }

    /// The first [`STORED`] of the [`members`](Document::members).
    pub fn stored(&self) -> &[Member] {
        &self.stored[..self.count.min(STORED)]
    }

    /// The [`members`](Document::members) behind the stored ones, which are read again.
    pub fn behind(&self) -> impl Iterator<Item = Member> {
        let is_some = self.count > STORED;
        is_some.then_some(TopLevel { document: self, at: STORED, behind: None }).into_iter().flatten()
    }

    /// The decoded text of a name, or of a value that is a string: valid UTF-8 without NUL. `\u0000` and lone surrogates are
    /// U+FFFD, surrogate pairs one character.
    pub fn string(&self, literal: &Literal) -> &str {
        text_of(literal, self.text, &self.decoded)
    }

    /// The JSON text of a value that was read without a fault.
    pub fn text(&self, span: &Span) -> &'a str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// Reads a value again that was read without a fault, at this span. `None` where no JSON value begins there.
    pub fn data(&self, span: &Span) -> Option<Data> {
        self.reader_at(span.start).skip_value().ok()
    }

    /// The decoded string at this span, or the JSON text of another value, which was read without a fault.
    pub fn text_at(&self, span: &Span) -> Text<'a> {
        self.reader_at(span.start).value_text().unwrap_or(Text { span: span.clone(), text: "".into() })
    }

    /// The spans of the elements of the array at `span`, which was read without a fault; none of any other value. Each can be
    /// had as [`data`](Document::data) and as [text](Document::text_at).
    pub fn elements(&self, span: &Span) -> Elements<'a> {
        let mut reader = self.reader_at(span.start);
        let more = reader.peek() == Some(b'[') && reader.begins(b'[', b']').unwrap_or(false);
        Elements { reader, more }
    }

    /// The names and the spans of the values of the members of the object at `span`, which was read without a fault; none of
    /// any other value. Each value can be had as [`data`](Document::data) and as [text](Document::text_at).
    pub fn members_of(&self, span: &Span) -> Members<'a> {
        let mut reader = self.reader_at(span.start);
        let more = reader.peek() == Some(b'{') && reader.begins(b'{', b'}').unwrap_or(false);
        Members { reader, more }
    }

    /// A reader at a position of what was read without a fault.
    fn reader_at(&self, position: usize) -> Reader<'a> {
        Reader::new(self.text.as_bytes(), self.text, position, MAX_DEPTH)
    }
}

/// The text of a string that stands in the message, or decoded in the document's buffer.
fn text_of<'t>(string: &Literal, message: &'t str, decoded: &'t str) -> &'t str {
    let text = match string.decoded.span() {
        span if !span.is_empty() => decoded.get(span),
        _ => message.get(string.place.start as usize + 1..(string.place.end as usize).saturating_sub(1)),
    };
    text.unwrap_or_default()
}

/// The members of the top-level object; see [`Document::members`].
#[derive(Debug, Clone)]
pub struct TopLevel<'d, T = fn(&str) -> u8> {
    document: &'d Document<'d, T>,
    at: usize,
    /// The reader in front of the next member, behind the stored ones.
    behind: Option<(Reader<'d>, Counted)>,
}

impl<T: Tagging> TopLevel<'_, T> {
    /// Reads a member again. Only whole ones are, so there is no fault.
    fn read_again(&mut self) -> Option<Member> {
        let document = self.document;
        let (reader, decoded) = match &mut self.behind {
            Some((reader, decoded)) => {
                reader.goes_on(b'}').ok()?;
                (reader, decoded)
            }
            first => {
                let (position, decoded) = document.behind;
                let (reader, decoded) = first.insert((document.reader_at(position), Counted(decoded)));
                reader.depth = 1;
                (reader, decoded)
            }
        };
        let key = reader.string_literal(decoded).ok()?;
        reader.colon().ok()?;
        let (value, data) = reader.value(decoded).ok()?;
        Some(Member { key, value, data, tag: document.tagging.tag_of(document.string(&key)) })
    }
}

impl<T: Tagging> Iterator for TopLevel<'_, T> {
    type Item = Member;

    fn next(&mut self) -> Option<Member> {
        let at = self.at;
        if at >= self.document.count {
            return None;
        }
        self.at += 1;
        match self.document.stored.get(at) {
            Some(member) => Some(*member),
            None => self.read_again(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.document.count.saturating_sub(self.at);
        (left, Some(left))
    }
}

/// The elements of an array, read on demand; see [`Document::elements`].
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    reader: Reader<'a>,
    more: bool,
}

impl<'a> Elements<'a> {
    /// Reads the next element: what `read` makes of its members. `None` where there is none, or it is no object. It is read once, which is not so
    /// of [`Document::members_of`] its span.
    pub fn next_object<T>(&mut self, read: impl FnOnce(&mut Members<'a>) -> T) -> Option<T> {
        if !self.more || self.reader.peek() != Some(b'{') {
            return None;
        }
        let mut reader = self.reader.clone();
        let more = reader.begins(b'{', b'}').ok()?;
        let mut members = Members { reader, more };
        let result = read(&mut members);
        members.by_ref().for_each(drop);
        self.reader = members.reader;
        self.more = self.reader.goes_on(b']').unwrap_or(false);
        Some(result)
    }
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

impl<'a> Members<'a> {
    /// The name of the next member, and the text of its value: a decoded string, or the JSON text of another value.
    pub fn next_texts(&mut self) -> Option<(Text<'a>, Text<'a>)> {
        self.next_with(Reader::value_text)
    }

    /// The name of the next member, and what `value` takes behind its colon.
    fn next_with<T>(&mut self, value: impl FnOnce(&mut Reader<'a>) -> Read<T>) -> Option<(Text<'a>, T)> {
        if !self.more {
            return None;
        }
        let key = self.reader.text().ok()?;
        self.reader.colon().ok()?;
        let value = value(&mut self.reader).ok()?;
        self.more = self.reader.goes_on(b'}').unwrap_or(false);
        Some((key, value))
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Text<'a>, Span);

    fn next(&mut self) -> Option<(Text<'a>, Span)> {
        self.next_with(|reader| {
            let start = reader.position;
            reader.skip_value()?;
            Ok(start..reader.position)
        })
    }
}

#[cfg(test)]
mod tests;
