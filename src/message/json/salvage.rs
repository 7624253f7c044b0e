//! Reads for a person what can still be read where the reader stops: strings at the fault and behind it. Who gets such a message ignores it, so nothing is to be
//! concluded from what is read here.
//!
//! A string is read as its sender must have meant it: control characters and backslashes that are not escaped stand for themselves, and so do
//! quotes, unless what follows one looks like the end of a string. All of it takes time in proportion to the message.

use super::reader::is_cut_character;
use super::scan::code_unit;
use super::{Data, Document, Fault, Reason, Span, Tagging};
use memchr::memmem;

/// A member whose value is a string, as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvaged {
    /// The decoded name.
    pub key: String,
    /// The [tag](super::Member::tag) of the name.
    pub tag: u8,
    /// The bytes from the string's first quote to its last, or to the end of the message.
    pub span: Span,
    /// Valid UTF-8 without NUL: of what is neither an escape nor a character, there is U+FFFD.
    pub text: String,
}

impl Fault {
    /// Whether members may stand in the bytes at fault, or behind them.
    fn hides_members(&self) -> bool {
        !matches!(self.reason, Reason::Empty | Reason::NotAnObject | Reason::TrailingData | Reason::LoneSurrogate(_))
    }
}

impl<T: Tagging> Document<'_, T> {
    /// The member at the fault, if its value is a string, and the one named `sought`, if it stands behind the fault. Where a quote that is
    /// not escaped ends the value of `sought` too early, the fault is behind a member that was read: what is salvaged begins where its value does.
    pub fn salvage(&self, sought: &str) -> Vec<Salvaged> {
        let Some(fault) = &self.fault else { return Vec::new() };
        if self.pending.is_none() && !fault.hides_members() {
            return Vec::new();
        }
        let mut salvaged = Vec::from_iter(self.at_the_fault(sought));
        let is_known = salvaged.iter().any(|found| found.key == sought)
            || self.members().any(|member| self.string(&member.key) == sought);
        if !is_known {
            salvaged.extend(self.behind_the_fault(fault.span.start, sought));
        }
        salvaged
    }

    /// The member within whose value the fault lies, or else the last that was read, if a quote has ended it too early.
    fn at_the_fault(&self, sought: &str) -> Option<Salvaged> {
        let value = self.pending.and_then(|pending| Some((pending, self.value_behind(pending.key.span().end)?)));
        if let Some((pending, start)) = value {
            let is_string = self.bytes.get(start) == Some(&b'"');
            return is_string.then(|| self.salvaged(self.string(&pending.key), start, b'"'));
        }
        let last = self.members().last()?;
        if last.data != Data::String || self.string(&last.key) != sought {
            return None;
        }
        let span = last.value.span();
        let salvaged = self.salvaged(sought, span.start, b'"');
        (salvaged.span.end > span.end).then_some(salvaged)
    }

    /// The first member of this name behind the fault whose value is a string.
    fn behind_the_fault(&self, from: usize, key: &str) -> Option<Salvaged> {
        let places = memmem::find_iter(self.bytes.get(from..)?, key).map(|at| from + at);
        places.filter(|at| self.may_begin_name(*at)).find_map(|at| {
            let end = at + key.len();
            let is_quoted = matches!(self.bytes.get(end), Some(b'"' | b'\''));
            let start = self.value_behind(end + usize::from(is_quoted))?;
            let quote = *self.bytes.get(start).filter(|byte| matches!(byte, b'"' | b'\''))?;
            Some(self.salvaged(key, start, quote))
        })
    }

    /// Whether what stands in front of this place may stand in front of a name.
    fn may_begin_name(&self, at: usize) -> bool {
        at.checked_sub(1).is_some_and(|before| b"\"'{, \t\r\n".contains(&self.bytes[before]))
    }

    /// Where the value of a member begins whose name ends here; `None` without a colon.
    fn value_behind(&self, name_end: usize) -> Option<usize> {
        let rest = self.bytes.get(name_end..)?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        Some(self.bytes.len() - rest.len())
    }

    fn salvaged(&self, key: &str, start: usize, quote: u8) -> Salvaged {
        let (length, text) = string(&self.bytes[start..], quote);
        Salvaged { key: key.to_owned(), tag: self.tagging.tag_of(key), span: start..start + length, text }
    }
}

/// The string that begins with this quote, and how many bytes it takes.
fn string(bytes: &[u8], quote: u8) -> (usize, String) {
    let (mut at, mut text) = (1, String::new());
    while at < bytes.len() {
        let rest = &bytes[at..];
        let run = memchr::memchr3(quote, b'\\', 0, rest).unwrap_or(rest.len());
        push_lossy(&mut text, if run == rest.len() { without_cut_character(rest) } else { &rest[..run] });
        at += run;
        match rest.get(run) {
            None => {}
            Some(b'\\') => at += push_escape(&mut text, &rest[run..], quote),
            Some(0) => {
                text.push(char::REPLACEMENT_CHARACTER);
                at += 1;
            }
            Some(_) if ends_string(&rest[run + 1..], quote) => return (at + 1, text),
            Some(_) => {
                text.push(char::from(quote));
                at += 1;
            }
        }
    }
    (at, text)
}

/// Whether what follows a quote is what follows a string: the end of the message, or the next name.
fn ends_string(behind: &[u8], quote: u8) -> bool {
    let behind = behind.trim_ascii_start();
    match behind.strip_prefix(b",").map(<[u8]>::trim_ascii_start) {
        Some(rest) => closes(rest) || is_name(rest, quote) || is_bare_name(rest) || rest == [quote],
        None => closes(behind) || is_name(behind, quote), // the comma is missing
    }
}

/// Whether there is nothing but the end of an object.
fn closes(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' | 0))
}

/// Whether a name in quotes and its colon follow, as far as the message goes.
fn is_name(bytes: &[u8], quote: u8) -> bool {
    let Some(name) = bytes.strip_prefix(&[quote]) else { return false };
    let Some(end) = name.iter().position(|byte| *byte == quote) else {
        return !closes(name); // the message ends within it, or the quote is a string's last
    };
    let behind = name[end + 1..].trim_ascii_start();
    behind.is_empty() || behind.starts_with(b":")
}

/// Whether a name without quotes and its colon follow.
fn is_bare_name(bytes: &[u8]) -> bool {
    let length = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    length > 0 && bytes[length..].trim_ascii_start().starts_with(b":")
}

/// Appends what the backslash at the beginning and the bytes behind it stand for; returns how many bytes that are.
fn push_escape(text: &mut String, bytes: &[u8], quote: u8) -> usize {
    let character = match bytes.get(1) {
        None => return 1, // the rest of the escape is missing
        Some(b'u') => return push_unicode_escape(text, bytes),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
        Some(byte) if *byte == quote => char::from(quote),
        Some(_) => {
            text.push('\\');
            return 1;
        }
    };
    text.push(character);
    2
}

/// Appends what a `\u`, its digits and those of the other half of a surrogate pair stand for; returns how many bytes that are.
fn push_unicode_escape(text: &mut String, bytes: &[u8]) -> usize {
    let Some(unit) = code_unit(&bytes[2..]) else {
        if bytes.len() < 6 && bytes[2..].iter().all(u8::is_ascii_hexdigit) {
            return bytes.len(); // the rest of the digits is missing
        }
        text.push('\\');
        return 1;
    };
    let low = bytes[6..].strip_prefix(b"\\u").and_then(code_unit);
    let pair = low.and_then(|low| char::decode_utf16([unit, low]).next()?.ok()).filter(|pair| *pair > '\u{ffff}');
    let character = pair.or(char::from_u32(u32::from(unit))).filter(|character| *character != '\0');
    text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
    if pair.is_some() { 12 } else { 6 }
}

/// Appends the characters of bytes, with U+FFFD in the place of what is none.
fn push_lossy(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// The bytes without a character at their end of which only the beginning is there.
fn without_cut_character(bytes: &[u8]) -> &[u8] {
    let mut ends = (1..=bytes.len().min(3)).map(|length| bytes.split_at(bytes.len() - length));
    ends.find(|(_, tail)| tail[0] >= 0xc0 && is_cut_character(tail)).map_or(bytes, |(whole, _)| whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::LIMITS;
    use crate::message::json::parse;
    use proptest::prelude::*;

    fn salvage(message: &[u8]) -> Vec<Salvaged> {
        parse(message, LIMITS, |key: &str| key.len() as u8).salvage("content")
    }

    /// The salvaged members, as `key=text`.
    fn shown(message: impl AsRef<[u8]>) -> Vec<String> {
        salvage(message.as_ref()).iter().map(|found| format!("{}={}", found.key, found.text)).collect()
    }

    /// The members salvaged of a message whose content stands between quotes as it is.
    fn content(inside: impl AsRef<[u8]>) -> Vec<String> {
        shown([br#"{"type":"say","content":""#, inside.as_ref(), br#"","time":"x"}"#].concat())
    }

    #[test]
    fn what_is_json_needs_no_salvage() {
        for text in [r#"{"content":"x"}"#, "{}", r#"["content"]"#, "", r#"{"a":"\ud83d","content":"x"}"#] {
            assert_eq!(shown(text), [""; 0], "{text}");
        }
        assert_eq!(shown(r#"{"type":"say"}{"content":"x"}"#), [""; 0], "a second message");
    }

    #[test]
    fn a_string_with_a_fault_is_read_to_its_end() {
        for (inside, text) in [
            (&b"hi\tthere"[..], "hi\tthere"),
            (b"two\r\nlines\\n", "two\r\nlines\n"),
            (b"\x1b[31m\0", "\x1b[31m\u{fffd}"),
            (br"C:\users\slash", r"C:\users\slash"),
            (br"\x41 \u12G4 \u4f60 \ud83d\ude00 \\ \/ \u00", r"\x41 \u12G4 你 😀 \ / \u00"),
            (br"it\'s", r"it\'s"),
            (b"\xff\xe4\xbd\xa0\xe4\xbd.", "\u{fffd}你\u{fffd}."),
            (br"\ud83d \udead\ud83d\u0041 \z", "\u{fffd} \u{fffd}\u{fffd}A \\z"),
            (b"\t\\u0000", "\t\u{fffd}"),
        ] {
            assert_eq!(content(inside), [format!("content={text}")]);
        }
    }

    #[test]
    fn a_quote_that_is_not_escaped_belongs_to_the_text() {
        for inside in [
            r#"he said "hi" to me"#,
            r#"he said "no", "never""#,
            r#""quoted""#,
            r#""a", "b", c"#,
            r#"a" b"#,
            r#"say "x, y": z"#,
        ] {
            assert_eq!(content(inside), [format!("content={inside}")]);
            assert_eq!(
                shown(format!(r#"{{"content":"{inside}"}}"#)),
                [format!("content={inside}")],
                "as the last member"
            );
        }
        let message = br#"{"content":"say "hi"!"}"#;
        assert_eq!(salvage(message)[0].span, 11..22, "with the quotes around it");
    }

    #[test]
    fn a_string_ends_where_the_next_name_begins() {
        for text in [
            "{\"content\":\"a\tb\" , \"time\" : \"x\"}",
            "{\"content\":\"a\tb\" \"time\":\"x\"}",
            "{\"content\":\"a\tb\",time:\"x\"}",
            "{\"content\":\"a\tb\",}",
            "{\"content\":\"a\tb\"}} ",
            "{\"content\":\"a\tb\"",
        ] {
            assert_eq!(shown(text), ["content=a\tb"], "{text}");
        }
        assert_eq!(shown(r#"{"content":"x" "time":"y"}"#), [""; 0], "it was read already");
    }

    #[test]
    fn a_string_that_was_cut_is_its_beginning() {
        for (end, text) in [
            (&b""[..], ""),
            (b"hel", "hel"),
            (b"hel\\", "hel"),
            (b"hel\\u4f6", "hel"),
            (b"hel\xe4\xbd", "hel"),
            (b"hel\xf0\x9f\x98", "hel"),
            (b"hel\xff", "hel\u{fffd}"),
            (b"hel\\ud83d", "hel\u{fffd}"),
        ] {
            let message = [br#"{"type":"say","content":""#, end].concat();
            assert_eq!(shown(&message), [format!("content={text}")]);
            assert_eq!(salvage(&message)[0].span, 24..message.len());
        }
        assert_eq!(shown(r#"{"type":"say","content":"#), [""; 0]);
        for text in [
            r#"{"type":"say","cont"#,
            r#"{"content":"x","tim"#,
            r#"{"content":"x","time""#,
            r#"{"content":"x","#,
            r#"{"content":"x", ""#,
        ] {
            assert_eq!(shown(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn another_member_at_the_fault_is_salvaged_and_the_content_behind_it() {
        for (text, expected) in [
            ("{\"name\":\"a\tb\",\"content\":\"c\"}", &["name=a\tb", "content=c"][..]),
            (r#"{"n":01,"content":"c"}"#, &["content=c"]),
            (r#"{"n":[1,{],"content" : "c"}"#, &["content=c"]),
            (r#"{type:"say",content:"c",n:1}"#, &["content=c"]),
            (r"{'type':'say','content':'it\'s'}", &["content=it's"]),
            (r#"{"content":"c","name":"a\z"}"#, &[r"name=a\z"]),
            (r#"{"name":"a "b" c","content":"c"}"#, &["content=c"]),
            (r#"{"type":"say";"content":"c"}"#, &["content=c"]),
            (r#"{"n":01,"discontent":"c"}"#, &[]),
            (r#"{"n":01,"content":1}"#, &[]),
            (r#"{"n":01,"content"#, &[]),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn the_tag_is_that_of_the_name() {
        assert_eq!(
            salvage(b"{\"name\":\"\t\",\"content\":\"\"}").iter().map(|found| found.tag).collect::<Vec<_>>(),
            [4, 7]
        );
    }

    /// Takes hours if anything is looked at anew from each place on.
    #[test]
    fn the_time_is_in_proportion_to_the_message() {
        for unit in [
            "\"",
            "\"}",
            "\",",
            "\", ",
            "\",\"",
            "\" \"a",
            "\\",
            "\\u",
            "\"}}}}}}}}",
            "content",
            " content ",
            ",content: ",
            "\u{e9}",
        ] {
            let repeated = unit.repeat((4 << 20) / unit.len());
            for begin in ["{\"content\":\"\t", "{\"content\":\"x\"y", "{\"a\":01,"] {
                salvage(format!("{begin}{repeated}").as_bytes());
                salvage(format!("{begin}{repeated}x").as_bytes());
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_salvaged_within_bounds(
            before in prop::collection::vec(any::<u8>(), 0..20),
            tokens in r#"([{}\[\],:\t\n]|"|'|\\|\\u|d83d|"content"|:"|","|[a ]|你){0,40}"#,
            after in prop::collection::vec(any::<u8>(), 0..20),
            cut: prop::sample::Index,
        ) {
            for begin in [&b""[..], b"{", br#"{"content":""#] {
                let mut message = [begin, &before, tokens.as_bytes(), &after].concat();
                message.truncate(cut.index(message.len() + 1));
                for found in salvage(&message) {
                    prop_assert!(found.span.start < found.span.end && found.span.end <= message.len());
                    prop_assert!(found.text.len() <= 3 * found.span.len() && !found.text.contains('\0'));
                }
            }
        }

        #[test]
        fn a_text_that_lacks_its_escapes_is_found_again(text in r#"[a-z \t\n你é\u{7}]{0,30}"#) {
            let text = format!("{text}\t");
            prop_assert_eq!(content(&text), [format!("content={text}")]);
        }
    }
}
