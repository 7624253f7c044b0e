//! Bytes of the wire as a page shows them: nothing that a terminal or a browser obeys is left in them, and nothing that hides or turns what
//! stands beside it.

use std::fmt::Write;

/// The longest text, in characters.
pub const MAX_CHARS: usize = 4096;

/// Bytes in one printable line. Control characters stand there as their pictures, others that are not seen or turn the direction of writing by
/// their numbers, bytes that are not UTF-8 as U+FFFD; behind [`MAX_CHARS`] characters follows how many of the bytes are left out.
pub fn line(bytes: &[u8]) -> String {
    let (mut line, mut room) = (String::new(), MAX_CHARS);
    push(bytes, bytes.len(), &mut room, &mut line);
    line
}

/// The same of several lines, which end with CR LF; at most [`MAX_CHARS`] characters of all of them. The empty line at the end is none.
pub fn lines(bytes: &[u8]) -> Vec<String> {
    let text = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
    let text = text.strip_suffix(b"\r\n").unwrap_or(text);
    let (mut lines, mut room, mut rest) = (Vec::new(), MAX_CHARS, Some(text));
    while let Some(bytes) = rest.filter(|_| room > 0) {
        let end = memchr::memmem::find(bytes, b"\r\n");
        let mut line = String::new();
        push(&bytes[..end.unwrap_or(bytes.len())], bytes.len(), &mut room, &mut line);
        lines.push(line);
        rest = end.map(|end| &bytes[end + 2..]);
    }
    lines
}

/// A sentence of this plugin in one printable line. Its isolates stay.
pub fn sentence(text: &str) -> String {
    let (mut line, mut room) = (String::new(), usize::MAX);
    for part in text.split_inclusive(['\u{2068}', '\u{2069}']) {
        let isolate = part.chars().next_back().filter(|last| matches!(last, '\u{2068}' | '\u{2069}'));
        let own = &part[..part.len() - isolate.map_or(0, char::len_utf8)];
        push(own.as_bytes(), own.len(), &mut room, &mut line);
        line.extend(isolate);
    }
    line
}

/// Appends at most `room` characters, and how many of `all` bytes are left out.
fn push(bytes: &[u8], all: usize, room: &mut usize, line: &mut String) {
    let mut taken = 0;
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if !take(room) {
                return left_out(all - taken, line);
            }
            push_character(character, line);
            taken += character.len_utf8();
        }
        for _ in chunk.invalid() {
            if !take(room) {
                return left_out(all - taken, line);
            }
            line.push(char::REPLACEMENT_CHARACTER);
            taken += 1;
        }
    }
}

/// Takes one, if there is one left.
fn take(room: &mut usize) -> bool {
    let less = room.checked_sub(1);
    *room = less.unwrap_or(0);
    less.is_some()
}

fn left_out(bytes: usize, line: &mut String) {
    let _ = write!(line, "… (+{bytes})"); // a String takes everything
}

fn push_character(character: char, line: &mut String) {
    match character {
        ' '..='~' => line.push(character),
        '\0'..='\u{1f}' => line.extend(char::from_u32(0x2400 + u32::from(character))),
        '\u{7f}' => line.push('\u{2421}'),
        _ if is_hidden(character) => {
            let _ = write!(line, "<U+{:04X}>", u32::from(character)); // a String takes everything
        }
        _ => line.push(character),
    }
}

/// C1 controls; marks, embeddings, overrides and isolates of the bidirectional algorithm; line separators; and what is not seen at all.
fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(line(b"a\x1b[31m\n\t\x7f\0"), "a␛[31m␊␉␡␀");
        assert_eq!(
            line("\u{9b}\u{202e}\u{2028}\u{e0041}\u{2068}".as_bytes()),
            "<U+009B><U+202E><U+2028><U+E0041><U+2068>"
        );
        assert_eq!(line(b"\xff\xc0\x9b\xed\xa0\x80"), "\u{fffd}".repeat(6));
        assert_eq!(line("déjà 👩\u{200d}👧 e\u{301}".as_bytes()), "déjà 👩\u{200d}👧 e\u{301}");
    }

    #[test]
    fn the_isolates_of_a_sentence_stay() {
        assert_eq!(
            sentence("says \u{2068}שלום\u{2069}\u{202e}: “\u{2068}x\u{2069}”"),
            "says \u{2068}שלום\u{2069}<U+202E>: “\u{2068}x\u{2069}”"
        );
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn a_long_text_says_how_many_bytes_are_left_out() {
        assert_eq!(line("é".repeat(MAX_CHARS).as_bytes()), "é".repeat(MAX_CHARS));
        assert_eq!(line("é".repeat(MAX_CHARS + 3).as_bytes()), format!("{}… (+6)", "é".repeat(MAX_CHARS)));
    }

    #[test]
    fn a_header_section_is_its_lines() {
        assert_eq!(lines(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), ["GET / HTTP/1.1", "Host: a"]);
        assert_eq!(lines(b"GET / HTTP/1.1\r\nHo"), ["GET / HTTP/1.1", "Ho"]);
        assert_eq!(lines(b"a\nb\r\n\r\n"), ["a␊b"]);
        let long = ["a: ", &"x".repeat(MAX_CHARS), "\r\nb: c\r\n\r\n"].concat();
        assert_eq!(lines(long.as_bytes()), [format!("{}… (+9)", &long[..MAX_CHARS])]);
    }
}
