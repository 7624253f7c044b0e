//! The reader itself: its position in a message, and what it takes from there.
//!
//! It is written by hand, not with parser combinators: a fault has to name the exact bytes, what was read before it has to be kept,
//! and nested values must be read without allocating and without recursing.

use super::scan::{self, code_unit, plain_length};
use super::sink::Sink;
use super::{Data, Fault, Literal, MAX_DEPTH, Place, Reason, Span, Text};
use std::borrow::Cow;

/// The error of the reader's functions: reading stops, at the [`fault`](Reader::fault) that the reader keeps.
#[derive(Debug, Clone, Copy)]
pub struct Stop;

/// What one of the reader's functions takes from the message.
pub type Read<T> = Result<T, Stop>;

/// The position to which a message is read, and why it is read no further.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    /// The message, up to the longest length.
    pub message: &'a [u8],
    /// The message up to the first byte that is not UTF-8.
    text: &'a str,
    /// The byte that is read next.
    pub position: usize,
    /// The number of arrays and objects that are open.
    pub depth: usize,
    max_depth: usize,
    /// The fault at which reading has stopped.
    pub fault: Option<Fault>,
    /// The first half of a surrogate pair without the other half. Reading goes on behind it.
    pub lone_surrogate: Option<Fault>,
}

impl<'a> Reader<'a> {
    /// `text` is the part of the message that is UTF-8; `max_depth` is [`MAX_DEPTH`] at most.
    pub fn new(message: &'a [u8], text: &'a str, position: usize, max_depth: usize) -> Reader<'a> {
        Reader {
            message,
            text,
            position,
            depth: 0,
            max_depth: max_depth.min(MAX_DEPTH),
            fault: None,
            lone_surrogate: None,
        }
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.message.get(self.position..).unwrap_or_default()
    }

    /// The byte at the position; `None` at the end of the message.
    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.message.get(self.position).copied()
    }

    /// Takes white space (RFC 8259, section 2). There may be none.
    #[inline]
    pub fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.position += 1;
        }
    }

    /// Keeps the fault at which reading stops.
    #[cold]
    pub fn fail(&mut self, span: Span, reason: Reason) -> Stop {
        self.fault = Some(Fault { span, reason });
        Stop
    }

    /// Stops at the byte at the position, or at the end of the message. There is no byte to point at behind the end, so it is
    /// the last one.
    #[cold]
    fn unexpected(&mut self) -> Stop {
        let length = self.message.len();
        match self.peek() {
            Some(byte) => self.fail(self.position..self.position + 1, Reason::UnexpectedByte(byte)),
            None => self.fail(length.saturating_sub(1)..length, Reason::UnexpectedEnd),
        }
    }

    /// Takes a value. The text of a string with escapes goes to `decoded`; arrays and objects are checked and counted.
    #[inline(always)]
    pub fn value(&mut self, decoded: &mut impl Sink) -> Read<(Literal, Data)> {
        if self.peek() == Some(b'"') {
            return Ok((self.string_literal(decoded)?, Data::String));
        }
        let start = self.position;
        let data = self.skip_value()?;
        Ok((Literal { place: Place::new(start, self.position), decoded: Place::default() }, data))
    }

    /// Takes a string, whose text goes to `decoded` if it has escapes.
    #[inline(always)]
    pub fn string_literal(&mut self, decoded: &mut impl Sink) -> Read<Literal> {
        let (start, before) = (self.position, decoded.length());
        self.string(decoded)?;
        Ok(Literal { place: Place::new(start, self.position), decoded: Place::new(before, decoded.length()) })
    }

    /// Takes a string and decodes it.
    pub fn text(&mut self) -> Read<Text<'a>> {
        let (start, mut decoded) = (self.position, String::new());
        let has_escapes = self.string(&mut decoded)?;
        let span = start..self.position;
        let plain = self.text.get(start + 1..self.position - 1).unwrap_or_default();
        Ok(Text { span, text: if has_escapes { Cow::Owned(decoded) } else { Cow::Borrowed(plain) } })
    }

    /// Takes a value: a decoded string, or the JSON text of another value.
    pub fn value_text(&mut self) -> Read<Text<'a>> {
        if self.peek() == Some(b'"') {
            return self.text();
        }
        let start = self.position;
        self.skip_value()?;
        let span = start..self.position;
        Ok(Text { text: Cow::Borrowed(self.text.get(span.clone()).unwrap_or_default()), span })
    }

    /// Takes a value and checks it.
    #[inline]
    pub fn skip_value(&mut self) -> Read<Data> {
        match self.peek() {
            Some(b'{' | b'[') => self.skip_nested(),
            _ => self.skip_flat(),
        }
    }

    /// Takes a value that is neither an array nor an object.
    #[inline]
    fn skip_flat(&mut self) -> Read<Data> {
        match self.peek() {
            Some(b'"') => self.string(&mut ()).map(|_| Data::String),
            Some(b't') => self.literal(b"true", Data::Bool(true)),
            Some(b'f') => self.literal(b"false", Data::Bool(false)),
            Some(b'n') => self.literal(b"null", Data::Null),
            _ => self.number(),
        }
    }

    /// Takes an array or an object with all that is in it. Stands at its opening bracket.
    fn skip_nested(&mut self) -> Read<Data> {
        let outside = self.depth;
        let outermost_is_object = self.peek() == Some(b'{');
        let mut levels = Levels::default();
        let (mut length, mut of_objects) = (0, true);
        loop {
            // In front of a value.
            if self.depth != outside && !levels.is_object {
                let count = self.skip_empty_objects();
                length += if self.depth == outside + 1 { count } else { 0 };
            }
            let opened = match self.peek() {
                Some(b'{') => {
                    let opened = self.begins(b'{', b'}')?;
                    if opened {
                        levels.enter(self.depth, true);
                        self.name()?;
                    }
                    opened
                }
                Some(b'[') => {
                    of_objects &= self.depth != outside + 1;
                    let opened = self.begins(b'[', b']')?;
                    if opened {
                        levels.enter(self.depth, false);
                    }
                    opened
                }
                _ => {
                    let count = if levels.is_object { 0 } else { self.skip_whole_numbers() };
                    if self.depth == outside + 1 {
                        of_objects = false;
                        length += count;
                    }
                    if count > 0 {
                        continue;
                    }
                    self.skip_flat()?;
                    false
                }
            };
            if opened {
                continue;
            }
            // Behind a value.
            while self.depth != outside {
                length += u32::from(self.depth == outside + 1);
                self.skip_space();
                match self.peek() {
                    Some(b',') => {
                        self.position += 1;
                        self.skip_space();
                        if levels.is_object {
                            self.name()?;
                        }
                        break;
                    }
                    Some(close) if close == levels.close() => {
                        self.position += 1;
                        self.depth -= 1;
                        levels.leave(self.depth);
                    }
                    _ => return Err(self.unexpected()),
                }
            }
            if self.depth == outside {
                return Ok(match outermost_is_object {
                    true => Data::Object { length },
                    false => Data::Array { length, of_objects },
                });
            }
        }
    }

    /// Takes as many elements of an array as are empty objects with a comma directly behind them, and the space behind the last
    /// comma; returns how many. There may be none.
    #[inline]
    fn skip_empty_objects(&mut self) -> u32 {
        let count = if self.depth < self.max_depth { scan::empty_objects(self.rest()) } else { 0 };
        if count > 0 {
            self.position += 3 * count as usize;
            self.skip_space();
        }
        count
    }

    /// Takes as many elements of an array as are whole numbers with a comma directly behind them, and the space behind the last
    /// comma; returns how many. There may be none.
    #[inline]
    fn skip_whole_numbers(&mut self) -> u32 {
        let (count, length) = scan::whole_numbers(self.rest());
        if count > 0 {
            self.position += length;
            self.skip_space();
        }
        count
    }

    /// Takes a name and its colon.
    #[inline]
    fn name(&mut self) -> Read<()> {
        self.string(&mut ())?;
        self.colon()
    }

    fn literal(&mut self, name: &[u8], data: Data) -> Read<Data> {
        for byte in name {
            self.byte(*byte)?;
        }
        Ok(data)
    }

    /// Takes a number. Where it does not match the grammar, the fault is at the first byte that does not.
    fn number(&mut self) -> Read<Data> {
        match scan::number(self.rest()) {
            Ok(length) => {
                self.position += length;
                // Digits may follow what a capture has cut.
                match self.depth > 0 && self.rest().is_empty() {
                    true => Err(self.unexpected()),
                    false => Ok(Data::Number),
                }
            }
            Err(at) => {
                self.position += at;
                Err(self.unexpected())
            }
        }
    }

    #[inline]
    fn byte(&mut self, expected: u8) -> Read<()> {
        if self.peek() != Some(expected) {
            return Err(self.unexpected());
        }
        self.position += 1;
        Ok(())
    }

    /// Takes the colon between a name and its value, with the space around it.
    #[inline]
    pub fn colon(&mut self) -> Read<()> {
        self.skip_space();
        self.byte(b':')?;
        self.skip_space();
        Ok(())
    }

    /// Takes an opening bracket and the space after it, and of an empty array or object the closing bracket too: then
    /// nothing follows (false).
    #[inline]
    pub fn begins(&mut self, open: u8, close: u8) -> Read<bool> {
        if self.depth == self.max_depth {
            return Err(self.fail(self.position..self.position + 1, Reason::TooDeep));
        }
        self.byte(open)?;
        self.skip_space();
        if self.peek() == Some(close) {
            self.position += 1;
            return Ok(false);
        }
        self.depth += 1;
        Ok(true)
    }

    /// Takes the comma (true) or the closing bracket (false) that follows an element, with the space around it.
    #[inline]
    pub fn goes_on(&mut self, close: u8) -> Read<bool> {
        self.skip_space();
        if self.peek() == Some(b',') {
            self.position += 1;
            self.skip_space();
            return Ok(true);
        }
        self.byte(close)?;
        self.depth -= 1;
        Ok(false)
    }

    /// Takes a string and checks it. If it has escapes (true), its text goes to the sink.
    #[inline(always)]
    fn string(&mut self, sink: &mut impl Sink) -> Read<bool> {
        let start = self.position;
        let Some((b'"', rest)) = self.rest().split_first() else { return Err(self.unexpected()) };
        let length = plain_length(rest);
        self.position = start + 1 + length;
        if rest.get(length) == Some(&b'"') && self.position <= self.text.len() {
            self.position += 1;
            return Ok(false);
        }
        self.string_with_escapes(start, sink)?;
        Ok(true)
    }

    /// Goes on with a string behind its first plain run, which has not been checked.
    #[inline(never)]
    fn string_with_escapes(&mut self, start: usize, sink: &mut impl Sink) -> Read<()> {
        if self.position > self.text.len() {
            return Err(self.not_utf8(start + 1, start));
        }
        sink.begin(self.message.len() - start);
        let mut run = start + 1;
        loop {
            sink.plain(self.text.get(run..self.position).unwrap_or_default());
            while self.peek() == Some(b'\\') {
                sink.escaped(self.escape(start)?);
            }
            run = self.position;
            self.position += plain_length(self.rest());
            if self.position > self.text.len() {
                return Err(self.not_utf8(run, start));
            }
            match self.peek() {
                Some(b'"') => {
                    sink.plain(self.text.get(run..self.position).unwrap_or_default());
                    self.position += 1;
                    return Ok(());
                }
                Some(b'\\') => {}
                Some(byte) => {
                    return Err(self.fail(self.position..self.position + 1, Reason::ControlCharacter(byte)));
                }
                None => return Err(self.unterminated(start)),
            }
        }
    }

    /// Stops at the plain run that has just been taken and is not UTF-8. Such a run begins and ends beside ASCII characters, so it
    /// is UTF-8 if it ends in the part that is.
    #[cold]
    fn not_utf8(&mut self, run_start: usize, string_start: usize) -> Stop {
        let run = &self.message[run_start..self.position];
        let bad = run_start + scan::valid_part(run).len();
        let length = std::str::from_utf8(&self.message[bad..self.position]).err().and_then(|error| error.error_len());
        match length {
            None if self.peek().is_none() => self.unterminated(string_start),
            None => self.fail(bad..self.position, Reason::InvalidUtf8),
            Some(length) => self.fail(bad..bad + length, Reason::InvalidUtf8),
        }
    }

    /// Stops at a string that does not end.
    #[cold]
    fn unterminated(&mut self, string_start: usize) -> Stop {
        self.fail(string_start..self.message.len(), Reason::UnterminatedString)
    }

    /// Takes a backslash and what belongs to it.
    #[inline(always)]
    fn escape(&mut self, string_start: usize) -> Read<char> {
        let backslash = self.position;
        let Some(byte) = self.message.get(backslash + 1) else {
            return Err(self.unterminated(string_start));
        };
        self.position += 2;
        match byte {
            b'u' => self.unicode_escape(backslash, string_start),
            b'"' | b'\\' | b'/' => Ok(char::from(*byte)),
            b'b' => Ok('\u{8}'),
            b'f' => Ok('\u{c}'),
            b'n' => Ok('\n'),
            b'r' => Ok('\r'),
            b't' => Ok('\t'),
            _ => Err(self.invalid_escape(backslash, string_start)),
        }
    }

    /// Takes the four digits after `\u`, and the second half of a surrogate pair.
    #[inline(always)]
    fn unicode_escape(&mut self, backslash: usize, string_start: usize) -> Read<char> {
        let Some(unit) = code_unit(self.rest()) else {
            return Err(self.no_code_unit(backslash, string_start));
        };
        self.position += 4;
        match char::from_u32(u32::from(unit)) {
            Some('\0') => Ok(char::REPLACEMENT_CHARACTER),
            Some(character) => Ok(character),
            None => Ok(self.surrogate(unit, backslash)),
        }
    }

    /// Stops at a `\u` without four hex digits.
    #[cold]
    fn no_code_unit(&mut self, backslash: usize, string_start: usize) -> Stop {
        let digits = self.rest().iter().take(4).take_while(|byte| byte.is_ascii_hexdigit()).count();
        self.position += digits;
        if self.peek().is_none() {
            return self.unterminated(string_start);
        }
        self.fail(backslash..self.position, Reason::InvalidEscape('u'))
    }

    /// Takes the second half of a surrogate pair, if it is there; U+FFFD if not.
    fn surrogate(&mut self, high: u16, backslash: usize) -> char {
        let low = self.rest().strip_prefix(b"\\u").and_then(code_unit);
        let Some(pair) = low.and_then(|low| char::decode_utf16([high, low]).next()?.ok()) else {
            return self.lone(high, backslash);
        };
        self.position += 6;
        pair
    }

    /// Keeps the first surrogate without its other half, in whose place is U+FFFD.
    #[cold]
    fn lone(&mut self, unit: u16, backslash: usize) -> char {
        let span = backslash..self.position;
        self.lone_surrogate.get_or_insert(Fault { span, reason: Reason::LoneSurrogate(unit) });
        char::REPLACEMENT_CHARACTER
    }

    /// Stops at a backslash before something that is no escape; the character after it may have several bytes.
    #[cold]
    fn invalid_escape(&mut self, backslash: usize, string_start: usize) -> Stop {
        let after = &self.message[backslash + 1..];
        let chunk = after[..after.len().min(4)].utf8_chunks().next();
        let (valid, invalid) = chunk.map_or(("", &[][..]), |chunk| (chunk.valid(), chunk.invalid()));
        match valid.chars().next() {
            Some(control) if control < ' ' => {
                self.fail(backslash + 1..backslash + 2, Reason::ControlCharacter(control as u8))
            }
            Some(character) => {
                self.fail(backslash..backslash + 1 + character.len_utf8(), Reason::InvalidEscape(character))
            }
            None if invalid.len() == after.len() && is_cut_character(invalid) => self.unterminated(string_start),
            None => self.fail(backslash + 1..backslash + 1 + invalid.len(), Reason::InvalidUtf8),
        }
    }
}

/// Tells which of the open arrays and objects are objects: a bit for each depth.
#[derive(Default)]
struct Levels {
    objects: [u64; MAX_DEPTH / 64],
    /// Whether the innermost one is.
    is_object: bool,
}

impl Levels {
    /// Goes into an array or object. `depth` counts it: it is 1 at least.
    fn enter(&mut self, depth: usize, is_object: bool) {
        let bit = 1 << ((depth - 1) % 64);
        let word = &mut self.objects[(depth - 1) / 64 % (MAX_DEPTH / 64)];
        *word = if is_object { *word | bit } else { *word & !bit };
        self.is_object = is_object;
    }

    /// Goes out of an array or object. `depth` is without it.
    fn leave(&mut self, depth: usize) {
        let outer = depth.saturating_sub(1);
        self.is_object = self.objects[outer / 64 % (MAX_DEPTH / 64)] >> (outer % 64) & 1 == 1;
    }

    /// The bracket that closes the innermost one.
    fn close(&self) -> u8 {
        if self.is_object { b'}' } else { b']' }
    }
}

/// Whether the bytes are the beginning of a UTF-8 character.
pub fn is_cut_character(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[inline]
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
