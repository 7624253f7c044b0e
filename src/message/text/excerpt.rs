//! The few characters around a place in a message.

use super::push_visible;

/// The most characters on either side of the place.
const MAX_CHARS: usize = 12;
/// The bytes that hold the characters of a side, and one more.
const MAX_BYTES: usize = (MAX_CHARS + 2) * 4;

/// The characters before and behind a place in a message, in one printable line, with `…` where more of it follows. What is not UTF-8 is U+FFFD,
/// and a line end or a tab is its picture, so that it is told from an escape.
pub fn excerpt(message: &[u8], at: usize) -> String {
    let (before, behind) = message.split_at(at.min(message.len()));
    let mut line = String::new();
    let (ending, is_cut) = last_characters(before);
    if is_cut {
        line.push('…');
    }
    ending.chars().for_each(|character| push_visible(&mut line, character));
    let beginning = String::from_utf8_lossy(&behind[..behind.len().min(MAX_BYTES)]);
    let mut characters = beginning.chars();
    // The character at the place, and those behind it.
    characters.by_ref().take(1 + MAX_CHARS).for_each(|character| push_visible(&mut line, character));
    if characters.next().is_some() {
        line.push('…');
    }
    line
}

/// The last characters of a text, and whether there are more before them.
fn last_characters(text: &[u8]) -> (String, bool) {
    let window = &text[text.len().saturating_sub(MAX_BYTES)..];
    // A character may be cut at the window's beginning.
    let cut = if window.len() < text.len() { 3 } else { 0 };
    let start = window.iter().take(cut).take_while(|byte| **byte & 0xc0 == 0x80).count();
    let characters = String::from_utf8_lossy(&window[start..]);
    match characters.char_indices().rev().nth(MAX_CHARS - 1) {
        Some((at, _)) => (characters[at..].to_owned(), at > 0),
        None => (characters.into_owned(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_characters_around_a_place_are_few_and_printable() {
        for (message, at, expected) in [
            (&b""[..], 0, ""),
            (b"", 7, ""),
            (b"hi\tthere", 2, "hi␉there"),
            (b"\n\x1b", 1, "␊␛"),
            (b"abcdefghijklmnopqrstuvwxyz", 13, "…bcdefghijklmnopqrstuvwxyz"),
            (b"abcdefghijklmnopqrstuvwxyz", 12, "abcdefghijklmnopqrstuvwxy…"),
            (b"abcdefghijklmnopqrstuvwxyz", 26, "…opqrstuvwxyz"),
            (b"abcdefghijklmnopqrstuvwxyz", 0, "abcdefghijklm…"),
            (b"a\xffb", 1, "a\u{fffd}b"),
            (b"a\xe4\xbdb", 1, "a\u{fffd}b"),
            ("a\u{202e}b".as_bytes(), 1, "a<U+202E>b"),
        ] {
            assert_eq!(excerpt(message, at), expected, "{}", message.escape_ascii());
        }
        let wide = "😀".repeat(40);
        assert_eq!(excerpt(wide.as_bytes(), 80), format!("…{}…", "😀".repeat(25)));
        let wide = format!("a{wide}");
        assert_eq!(excerpt(wide.as_bytes(), 81), format!("…{}…", "😀".repeat(25)), "wherever the window begins");
    }

    proptest! {
        #[test]
        fn any_bytes_have_an_excerpt(message: Vec<u8>, at in 0..120usize) {
            let line = excerpt(&message, at);
            prop_assert!(!line.chars().any(char::is_control));
            prop_assert!(line.chars().filter(|character| *character == '…').count() <= 2 || message.contains(&0xe2));
        }

        #[test]
        fn an_excerpt_is_a_part_of_its_text(text in "[a-z 你é😀]{0,60}", at: prop::sample::Index) {
            let at = boundary(&text, at.index(text.len() + 1));
            let line = excerpt(text.as_bytes(), at);
            let inner = line.trim_matches('…');
            prop_assert!(text.contains(inner) && inner.chars().count() <= 2 * MAX_CHARS + 1);
            prop_assert_eq!(line.starts_with('…'), !text.starts_with(inner) || text[..at].chars().count() > MAX_CHARS);
        }
    }

    /// The last place up to this one that is between characters.
    fn boundary(text: &str, at: usize) -> usize {
        (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
    }
}
