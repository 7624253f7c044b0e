//! Reads the server's HTML: entities, and `<br />`, which `nl2br()` sets before each line end.

use html_escape::NAMED_ENTITIES;
use memchr::{memchr, memchr2, memchr3};
use std::borrow::Cow;

/// The tag that `nl2br()` sets before a line end.
const BREAK: &[u8] = b"<br />";

/// The text of HTML: entities decoded once, without `<br />`. One without a line end is read as one all the same. A NUL is
/// U+FFFD, as in a browser. What follows `enough` bytes of text is neither read nor returned.
pub fn text(html: &str, enough: usize) -> Cow<'_, str> {
    let mut reading = Replaced { html, text: String::new(), copied: 0 };
    let bytes = html.as_bytes();
    let mut at: usize = 0;
    while reading.text.len() + (at - reading.copied) < enough {
        // What stands directly behind another is found without a search.
        if !matches!(bytes.get(at), Some(b'<' | b'&' | 0)) {
            let window = &bytes[at..bytes.len().min(at.saturating_add(enough))];
            let Some(found) = memchr3(b'<', b'&', 0, window) else { break };
            at += found;
        }
        match &bytes[at..] {
            [b'<', b'b', b'r', b' ', b'/', b'>', rest @ ..] => {
                let end = if goes_on_in_a_new_line(rest) { "" } else { "\n" };
                at = reading.replace(at, BREAK.len(), end);
            }
            [b'&', ..] => at = reading.decode(at, enough),
            [0, ..] => at = reading.replace(at, 1, "\u{fffd}"),
            _ => at += 1,
        }
    }
    reading.finish(enough)
}

/// Entities decoded once; `<br />` is nothing particular. A NUL is U+FFFD.
pub fn decode(html: &str) -> Cow<'_, str> {
    let mut reading = Replaced { html, text: String::new(), copied: 0 };
    let bytes = html.as_bytes();
    let mut at = 0;
    while let Some(found) = memchr2(b'&', 0, &bytes[at..]) {
        at += found;
        at = if bytes[at] == 0 { reading.replace(at, 1, "\u{fffd}") } else { reading.decode(at, usize::MAX) };
    }
    reading.finish(usize::MAX)
}

/// The first tag, comment or the like but `<br />`, which are taken out of it, too. As in HTML, a `<` in front of anything but a letter, `/`,
/// `!` or `?` is text.
pub fn first_tag(html: &str) -> Option<Cow<'_, str>> {
    let mut start = 0;
    loop {
        start += memchr(b'<', &html.as_bytes()[start..])?;
        match &html.as_bytes()[start + 1..] {
            [b'b', b'r', b' ', b'/', b'>', ..] => start += BREAK.len(),
            [b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'!' | b'?', ..] => break,
            _ => start += 1,
        }
    }
    let mut tag = Replaced { html: &html[start..], text: String::new(), copied: 0 };
    let bytes = tag.html.as_bytes();
    let mut end = 0;
    loop {
        end += memchr(b'>', &bytes[end..])? + 1;
        if !bytes[..end].ends_with(BREAK) {
            tag.html = &tag.html[..end];
            return Some(tag.finish(usize::MAX));
        }
        tag.replace(end - BREAK.len(), BREAK.len(), if goes_on_in_a_new_line(&bytes[end..]) { "" } else { "\n" });
    }
}

/// Whether a line end follows a `<br />`, which then is none of its own.
fn goes_on_in_a_new_line(rest: &[u8]) -> bool {
    matches!(rest, [b'\n' | b'\r', ..])
}

/// A text of which parts are replaced, from its beginning to its end.
struct Replaced<'a> {
    html: &'a str,
    text: String,
    /// The part of the HTML that is in the text, in bytes: none as long as nothing is replaced.
    copied: usize,
}

impl<'a> Replaced<'a> {
    /// Replaces `length` bytes at `at`; returns where they end.
    fn replace(&mut self, at: usize, length: usize, by: &str) -> usize {
        self.copy_up_to(at);
        self.text.push_str(by);
        self.copied = at + length;
        self.copied
    }

    /// Appends the HTML that has not been copied, up to `at`.
    fn copy_up_to(&mut self, at: usize) {
        if self.copied < at {
            self.text.push_str(&self.html[self.copied..at]);
        }
    }

    /// Replaces the entity at `at`, if there is one, and those of `htmlspecialchars()` that stand directly behind it; returns where to go on.
    #[inline]
    fn decode(&mut self, at: usize, enough: usize) -> usize {
        match special(&self.html.as_bytes()[at..]) {
            Some(first) => self.decode_specials(at, first, enough),
            None => self.decode_other(at),
        }
    }

    /// Replaces the entities of `htmlspecialchars()` from `at` on, of which `first` is one; returns where they end.
    fn decode_specials(&mut self, at: usize, first: (char, usize), enough: usize) -> usize {
        if self.copied == 0 {
            self.text.reserve(self.html.len().min(enough));
        }
        self.copy_up_to(at);
        let (mut at, mut next) = (at, Some(first));
        while let Some((character, length)) = next.filter(|_| self.text.len() < enough) {
            self.text.push(character);
            at += length;
            next = special(&self.html.as_bytes()[at..]);
        }
        self.copied = at;
        at
    }

    /// Replaces the entity at `at`, if there is one; returns where to go on.
    fn decode_other(&mut self, at: usize) -> usize {
        let html = &self.html[at..];
        match entity(html) {
            Some((Entity::Named(text), length)) => self.replace(at, length, text),
            Some((Entity::Numeric(character), length)) => self.replace(at, length, character.encode_utf8(&mut [0; 4])),
            None => at + 1,
        }
    }

    /// The text, with as much of what follows as makes `enough` bytes.
    fn finish(mut self, enough: usize) -> Cow<'a, str> {
        let rest = &self.html[self.copied..];
        let mut end = rest.len().min(enough.saturating_sub(self.text.len()));
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        if self.copied == 0 {
            return Cow::Borrowed(&rest[..end]);
        }
        self.text.push_str(&rest[..end]);
        Cow::Owned(self.text)
    }
}

/// The entity of `htmlspecialchars()` at the beginning, and its length.
#[inline]
fn special(html: &[u8]) -> Option<(char, usize)> {
    match html {
        [b'&', b'a', b'm', b'p', b';', ..] => Some(('&', 5)),
        [b'&', b'l', b't', b';', ..] => Some(('<', 4)),
        [b'&', b'g', b't', b';', ..] => Some(('>', 4)),
        [b'&', b'q', b'u', b'o', b't', b';', ..] => Some(('"', 6)),
        [b'&', b'#', b'0', b'3', b'9', b';', ..] => Some(('\'', 6)),
        _ => None,
    }
}

/// The meaning of an entity.
enum Entity {
    Named(&'static str),
    Numeric(char),
}

/// The length of the longest name of an entity.
const LONGEST_NAME: usize = 31;

/// The entity that `html`, which begins with `&`, begins with, and its length. It has to end with `;`.
fn entity(html: &str) -> Option<(Entity, usize)> {
    let body = &html[1..];
    let length = memchr2(b'&', b';', body.as_bytes()).filter(|end| body.as_bytes()[*end] == b';')?;
    let body = &body[..length];
    let entity = match body.strip_prefix('#') {
        Some(number) => Entity::Numeric(numbered(number)?),
        None => Entity::Named(named(body)?),
    };
    Some((entity, length + 2))
}

/// The text of the named entity; a name is without `&` and `;`.
fn named(name: &str) -> Option<&'static str> {
    if name.len() > LONGEST_NAME {
        return None;
    }
    let mut slot = slot_of(name.as_bytes());
    loop {
        let (other, text) = NAMED_ENTITIES.get(usize::from(PLACES[slot]))?;
        if *other == name.as_bytes() {
            return Some(text);
        }
        slot = (slot + 1) % PLACES.len();
    }
}

/// The places of the named entities, each in the slot of its name or, where that is taken, in the next that is free.
static PLACES: [u16; 8192] = {
    let mut places = [FREE; 8192];
    let mut place = 0;
    while place < NAMED_ENTITIES.len() {
        let mut slot = slot_of(NAMED_ENTITIES[place].0);
        while places[slot] != FREE {
            slot = (slot + 1) % places.len();
        }
        places[slot] = place as u16;
        place += 1;
    }
    places
};

/// A slot without a place.
const FREE: u16 = u16::MAX;

/// The slot in which the search for a name begins: its hash (FNV-1a), folded.
const fn slot_of(name: &[u8]) -> usize {
    let (mut hash, mut at) = (0x811c_9dc5_u32, 0);
    while at < name.len() {
        hash = (hash ^ name[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    (hash ^ hash >> 16) as usize % 8192
}

/// The character of this number; none for a control character that is not white space.
fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // A sign is no digit.
    digits.chars().next().filter(|first| first.is_digit(radix))?;
    let character = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    (character >= ' ' || matches!(character, '\t' | '\n' | '\u{c}' | '\r')).then_some(character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use html_escape::decode_html_entities;
    use proptest::prelude::*;

    /// The text and the first tag as they are defined: first without `<br />`, then decoded.
    fn expected(html: &str) -> (String, Option<String>) {
        let mut pieces = html.split("<br />");
        let mut lines = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            lines.push_str(if piece.starts_with(['\n', '\r']) { "" } else { "\n" });
            lines.push_str(piece);
        }
        let mut starts = html.match_indices('<').map(|(start, _)| start);
        let start = starts.find(|start| begins_tag(&html[start + 1..]) && !html[*start..].starts_with("<br />"));
        let behind = start
            .map(|start| html[start..].replace("<br />\n", "\n").replace("<br />\r", "\r").replace("<br />", "\n"));
        let tag = behind.and_then(|behind| Some(behind[..=behind.find('>')?].to_owned()));
        (decode_html_entities(&lines).replace('\0', "\u{fffd}"), tag)
    }

    /// Whether what stands behind a `<` makes it the beginning of a tag.
    fn begins_tag(html: &str) -> bool {
        html.starts_with(|next: char| next.is_ascii_alphabetic() || "/!?".contains(next))
    }

    #[test]
    fn every_named_entity_is_decoded() {
        assert_eq!(NAMED_ENTITIES.iter().map(|(name, _)| name.len()).max(), Some(LONGEST_NAME));
        for (name, meant) in &NAMED_ENTITIES {
            let html = format!("&{};", name.escape_ascii());
            assert_eq!(decode(&html), *meant, "{html}");
        }
    }

    #[test]
    fn another_name_is_no_entity() {
        for (name, _) in &NAMED_ENTITIES {
            for none in [format!("{}x", name.escape_ascii()), name[1..].escape_ascii().to_string()] {
                let is_one = NAMED_ENTITIES.iter().any(|(name, _)| *name == none.as_bytes());
                assert_eq!(named(&none).is_some(), is_one, "{none}");
            }
        }
    }

    #[test]
    fn a_number_is_a_character_unless_it_controls() {
        for (html, meant) in [
            ("&#39;", "'"),
            ("&#00000000000000000000000000000000000000000065;", "A"),
            ("&#x4F60;", "你"),
            ("&#X9;", "\t"),
            ("&#128512;", "😀"),
        ] {
            assert_eq!(decode(html), meant);
        }
        for none in
            ["&#0;", "&#x7;", "&#+5;", "&#x+5;", "&#;", "&#x;", "&#xd800;", "&#99999999999;", "&#5", "&#x5", "&;"]
        {
            assert!(matches!(decode(none), Cow::Borrowed(text) if text == none), "{none}");
        }
    }

    #[test]
    fn text_that_was_read_enough_of_is_a_beginning() {
        let html = "a&amp;<br />\nb".repeat(100);
        let whole = text(&html, usize::MAX);
        for enough in [0, 1, 7, 100] {
            let beginning = text(&html, enough);
            assert!(whole.starts_with(&*beginning) && beginning.len() >= enough, "{enough}");
        }
    }

    proptest! {
        #[test]
        fn text_and_tag_are_as_defined(html in r"(&(amp|lt|notin|#3|#x|q)?;?|<br />|<b|<|>|\n|\r|br />|[a长;\x00]){0,24}") {
            let (lines, tag) = expected(&html);
            prop_assert_eq!(text(&html, usize::MAX), lines);
            prop_assert_eq!(first_tag(&html).map(Cow::into_owned), tag);
            prop_assert_eq!(decode(&html), decode_html_entities(&html).replace('\0', "\u{fffd}"));
        }
    }
}
