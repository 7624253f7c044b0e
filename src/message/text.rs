//! A message's text as a person reads it: without the server's HTML, and in one line for a column. Nothing here validates a message.
//!
//! Everything is borrowed where nothing has to be changed, and takes time in proportion to the text; what has a bound stops at it.

mod excerpt;
mod html;

pub use excerpt::excerpt;

use std::borrow::Cow;

/// The text that a person reads in the content of a say: entities decoded, line ends as `\n` or as sent, without the prefix of a private say. The
/// server makes HTML of what it was sent; what a client sends is plain text.
///
/// ```
/// use workermanchat::message::text::readable;
///
/// assert_eq!(readable("<b>对你说: </b>R&amp;B<br />\n&lt;3", true), "R&B\n<3");
/// assert_eq!(readable("R&amp;B", false), "R&amp;B", "from a client");
/// ```
pub fn readable(content: &str, from_server: bool) -> Cow<'_, str> {
    if from_server { html::text(without_prefix(content), usize::MAX) } else { Cow::Borrowed(content) }
}

/// The first tag in `content` that is not the server's own, as on the wire. The server escapes `<` with `htmlspecialchars()`, so there
/// should be none.
pub fn markup(content: &str, from_server: bool) -> Option<Cow<'_, str>> {
    if from_server { html::first_tag(without_prefix(content)) } else { None }
}

/// The [`line()`] of what a person reads of `content`. No more of it is read than stands in the line.
pub fn first_line(content: &str, from_server: bool, max_chars: usize) -> Cow<'_, str> {
    // One character more than the line has.
    let enough = max_chars.saturating_add(1).saturating_mul(4);
    match from_server {
        false => line(content, max_chars),
        true => match html::text(without_prefix(content), enough) {
            Cow::Borrowed(text) => line(text, max_chars),
            Cow::Owned(text) => Cow::Owned(line(&text, max_chars).into_owned()),
        },
    }
}

/// The beginning of the server's HTML without what was cut within its mark of a private say, a tag or an entity at the end.
pub fn without_cut_markup(html: &str) -> &str {
    const MARKS: [&str; 2] = ["<b>对你说: </b>", "<b>你对"];
    let is_mark =
        MARKS.iter().any(|mark| mark.starts_with(html) || (html.starts_with(mark) && private_copy(html).is_none()));
    if is_mark {
        return "";
    }
    let begin =
        html.rfind(['<', '&']).filter(|at| !html[*at..].contains(if html[*at..].starts_with('<') { '>' } else { ';' }));
    &html[..begin.unwrap_or(html.len())]
}

/// The name behind one that was escaped so many times: entities are decoded as often, and those that the user typed stay.
pub fn unescaped_name(escaped: &str, times: u8) -> Cow<'_, str> {
    let mut name = Cow::Borrowed(escaped);
    for _ in 0..times {
        match html::decode(&name) {
            Cow::Borrowed(_) => break,
            Cow::Owned(decoded) => name = Cow::Owned(decoded),
        }
    }
    name
}

/// `text` in one line of at most `max_chars` characters, for columns and trees, with `…` where something was cut off. Behind that, nothing is
/// looked at.
///
/// A character that is not printable stands there as one can read it: line ends and tabs as `\n`, `\r` and `\t`, as Wireshark's `format_text()` has them; the
/// other control characters of ASCII as their pictures (Unicode's block Control Pictures: `␇`, `␛`, `␡`); and the rest, among it what turns the
/// direction of writing, by its number: `<U+202E>`. Combining characters and joiners belong to words and emoji, and stay.
pub fn line(text: &str, max_chars: usize) -> Cow<'_, str> {
    if text.len() <= max_chars.saturating_mul(4) && is_plain(text) && text.chars().count() <= max_chars {
        return Cow::Borrowed(text);
    }
    let whole = plain_ascii(text.as_bytes(), max_chars);
    let (mut length, mut end) = (whole, whole);
    // The part of the line that stays when `…` has to follow.
    let mut kept = whole.min(max_chars.saturating_sub(1));
    for character in text[whole..].chars() {
        if !is_printable(character) {
            return Cow::Owned(escaped_line(text, end, (length, kept), max_chars));
        }
        length += 1;
        if length > max_chars {
            return Cow::Owned(cut_line(&text[..kept], max_chars));
        }
        end += character.len_utf8();
        if length < max_chars {
            kept = end;
        }
    }
    Cow::Borrowed(text)
}

/// The [`line()`] of a text of which `text[..end]` stands for itself, and what follows does not; `begun` is how many characters that are, and how
/// many bytes of it stay when `…` has to follow.
fn escaped_line(text: &str, end: usize, begun: (usize, usize), max_chars: usize) -> String {
    let (mut length, mut kept) = begun;
    let mut line = text[..end].to_owned();
    for character in text[end..].chars() {
        let before = line.len();
        if is_printable(character) {
            line.push(character);
            length += 1;
        } else {
            match character {
                '\n' => line.push_str("\\n"),
                '\r' => line.push_str("\\r"),
                '\t' => line.push_str("\\t"),
                _ => push_visible(&mut line, character),
            }
            length += line[before..].chars().count();
        }
        if length > max_chars {
            return cut_line(&line[..kept], max_chars);
        }
        if length < max_chars {
            kept = line.len();
        }
    }
    line
}

/// Shortens what follows `start` in `line` to `max_chars` characters, of which the last is then `…`. It is printable already.
pub fn shorten(line: &mut String, start: usize, max_chars: usize) {
    if line.len() - start <= max_chars {
        return; // no more characters than bytes
    }
    let mut characters = line[start..].char_indices().skip(max_chars.saturating_sub(1));
    if let (Some((end, _)), Some(_)) = (characters.next(), characters.next()) {
        line.truncate(start + end);
        line.push('…');
    }
}

/// The line that was cut behind `kept`: with `…`, if there is room for any character.
fn cut_line(kept: &str, max_chars: usize) -> String {
    let ellipsis = if max_chars > 0 { "…" } else { "" };
    [kept, ellipsis].concat()
}

/// Whether the bytes alone show that every character is [printable](is_printable): none is a control character of ASCII, or begins a character
/// of one of the blocks that have others.
fn is_plain(text: &str) -> bool {
    // All are looked at, so that many are at a time.
    text.bytes().fold(true, |plain, byte| plain & (byte >= b' ' && !matches!(byte, 0x7f | 0xc2 | 0xd8 | 0xe2 | 0xef)))
}

/// Counts the characters at the beginning that are ASCII and printable, up to so many.
fn plain_ascii(text: &[u8], at_most: usize) -> usize {
    const BLOCK: usize = 16;
    let text = &text[..text.len().min(at_most)];
    let blocks = text.chunks_exact(BLOCK).take_while(|block| is_plain_ascii(block)).count() * BLOCK;
    blocks + text[blocks..].iter().take_while(|byte| matches!(byte, b' '..=b'~')).count()
}

/// Whether all bytes are printable ASCII. All are looked at, so that many are at a time.
#[inline]
fn is_plain_ascii(block: &[u8]) -> bool {
    block.iter().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'))
}

/// Appends what stands for a character: itself, the picture of a control character, or else its number.
fn push_visible(line: &mut String, character: char) {
    let picture = match character {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)),
        '\u{7f}' => Some('\u{2421}'),
        _ if is_printable(character) => Some(character),
        _ => None,
    };
    match picture {
        Some(picture) => line.push(picture),
        None => line.push_str(&format!("<U+{:04X}>", u32::from(character))),
    }
}

/// Whether a character stands for itself in a line: it is no control character, no end of a line or a paragraph, does not change the direction
/// of writing, and is no other invisible mark. Joiners (U+200C, U+200D) change how their neighbours look, as combining characters do.
fn is_printable(character: char) -> bool {
    match character {
        ' '..='~' => true,
        '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => false,
        '\u{feff}' | '\u{fff9}'..='\u{fffb}' => false,
        _ => !character.is_control(),
    }
}

/// The user whose copy of a private say a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateCopy {
    /// The recipient's: it begins `<b>对你说: </b>`.
    Recipient,
    /// The sender's own: it begins `<b>你对NAME说: </b>`, with the recipient's name escaped.
    Sender,
}

/// The server's mark at the beginning of a private say, and what follows it; `None` for content without one.
pub fn private_copy(html: &str) -> Option<(PrivateCopy, &str)> {
    original_copy(html).or_else(|| translated_copy(html))
}

/// Whether the content begins with a mark that is not the original server's.
pub fn has_translated_mark(html: &str) -> bool {
    original_copy(html).is_none() && translated_copy(html).is_some()
}

/// The mark of the original server.
fn original_copy(html: &str) -> Option<(PrivateCopy, &str)> {
    match html.strip_prefix("<b>对你说: </b>") {
        Some(rest) => Some((PrivateCopy::Recipient, rest)),
        None => sender_copy(html).map(|rest| (PrivateCopy::Sender, rest)),
    }
}

/// The mark of a server that speaks another language: a few bold words with a colon behind them.
fn translated_copy(html: &str) -> Option<(PrivateCopy, &str)> {
    const LONGEST: usize = 200;
    let (words, rest) = html.strip_prefix("<b>")?.split_once("</b>")?;
    let is_mark = words.len() <= LONGEST && !words.contains('<') && words.trim_end().ends_with([':', '：']);
    let is_senders = words.starts_with('你') || words.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("you "));
    is_mark.then_some((if is_senders { PrivateCopy::Sender } else { PrivateCopy::Recipient }, rest))
}

/// The content behind the mark of the sender's own copy.
fn sender_copy(html: &str) -> Option<&str> {
    let named = html.strip_prefix("<b>你对")?;
    let (name, rest) = named.split_at(named.find('<')?);
    name.ends_with("说: ").then_some(())?;
    rest.strip_prefix("</b>")
}

/// The content of a say without the server's mark of a private one.
fn without_prefix(html: &str) -> &str {
    private_copy(html).map_or(html, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq)]
    struct Reading<'a> {
        text: Cow<'a, str>,
        markup: Option<Cow<'a, str>>,
    }

    #[test]
    fn what_was_cut_within_the_servers_html_is_left_out() {
        for (html, text) in [
            ("hi, al", "hi, al"),
            ("hi &amp; &lt;b", "hi &amp; &lt;b"),
            ("hi &amp; &l", "hi &amp; "),
            ("two<br", "two"),
            ("two<br />lines", "two<br />lines"),
            ("<b>对", ""),
            ("<", ""),
            ("<b>你对R&amp;B说: </", ""),
            ("<b>你对R&amp;B说: </b>ps", "<b>你对R&amp;B说: </b>ps"),
            ("<b>对你说: </b>ps", "<b>对你说: </b>ps"),
            ("", ""),
        ] {
            assert_eq!(without_cut_markup(html), text, "{html}");
        }
    }

    fn reading(content: &str, from_server: bool) -> Reading<'_> {
        Reading { text: readable(content, from_server), markup: markup(content, from_server) }
    }

    fn delivered(content: &str) -> Reading<'_> {
        reading(content, true)
    }

    #[test]
    fn entities_are_decoded_once() {
        assert_eq!(delivered("&lt;b&gt; &amp;lt; &quot;q&quot; &#039;").text, "<b> &lt; \"q\" '");
        assert_eq!(delivered("&lt;b&gt;").markup, None);
    }

    #[test]
    fn the_private_prefix_is_taken_off() {
        assert_eq!(delivered("<b>对你说: </b>psst").text, "psst");
        assert_eq!(delivered("<b>你对mynick说: </b>psst").text, "psst");
        assert_eq!(delivered("<b>你对a &lt;说: &gt;说: </b>psst"), Reading { text: "psst".into(), markup: None });
        assert_eq!(delivered("<b>对你说: </b>").text, "");
    }

    #[test]
    fn a_prefix_elsewhere_is_markup() {
        assert_eq!(delivered("a <b>对你说: </b>b").markup.as_deref(), Some("<b>"));
        assert_eq!(delivered("<b>你对<i>说: </b>b").markup.as_deref(), Some("<b>"));
    }

    #[test]
    fn line_breaks_become_line_ends() {
        assert_eq!(delivered("a<br />\nb<br />\r\nc<br />d"), Reading { text: "a\nb\r\nc\nd".into(), markup: None });
    }

    #[test]
    fn markup_that_is_not_the_servers_own_is_reported() {
        assert_eq!(delivered("x <script>alert(1)</script>").markup.as_deref(), Some("<script>"));
        assert_eq!(delivered("1 < 2").markup, None);
        assert_eq!(delivered("1 > 2 <").markup, None);
    }

    #[test]
    fn what_a_client_sends_is_plain_text() {
        assert_eq!(reading("<b>&lt;", false), Reading { text: "<b>&lt;".into(), markup: None });
    }

    #[test]
    fn a_name_is_decoded_as_often_as_it_was_escaped() {
        for name in
            ["O\"Brien <b>", "R&amp;B", "&copy;1999", "&lt;script&gt;", "AT&T;", "&amp;amp;amp;", "&", "&#39;", "猪"]
        {
            let mut escaped = name.to_owned();
            for times in 0..4 {
                assert_eq!(unescaped_name(&escaped, times), name, "{escaped}");
                for (character, entity) in
                    [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#039;")]
                {
                    escaped = escaped.replace(character, entity);
                }
            }
        }
        assert_eq!(unescaped_name("O&quot;Brien", 2), "O\"Brien", "a server that escapes it once");
        assert_eq!(unescaped_name("R&amp;amp;am", 2), "R&am", "cut in the middle of an entity");
    }

    #[test]
    fn an_entity_for_nul_is_a_replacement_character() {
        assert!(!delivered("a&#0;b&#x0;c").text.contains('\0'));
    }

    #[test]
    fn a_line_has_no_control_characters() {
        for (text, shown) in [
            ("a\nb\tc\r", r"a\nb\tc\r"),
            ("\0\u{7}\u{8}\u{1b}[31m\u{1f}\u{7f}", "␀␇␈␛[31m␟␡"),
            ("\u{80}\u{85}\u{9f}", "<U+0080><U+0085><U+009F>"),
            ("a\u{202e}b\u{2066}\u{200f}\u{61c}", "a<U+202E>b<U+2066><U+200F><U+061C>"),
            ("\u{2028}\u{2029}\u{feff}", "<U+2028><U+2029><U+FEFF>"),
        ] {
            assert_eq!(line(text, 80), shown);
        }
    }

    #[test]
    fn combining_characters_and_joiners_stay() {
        for text in ["e\u{301}", "👩\u{200d}💻", "می\u{200c}خواهم", "❤\u{fe0f}", "नि", "a\u{ad}b", "\u{fffd}"]
        {
            assert!(matches!(line(text, 80), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn no_byte_passes_for_plain_that_may_begin_what_is_not_printable() {
        let mut plain = 0;
        for character in '\0'..=char::MAX {
            let is_plain = is_plain(character.encode_utf8(&mut [0; 4]));
            plain += u32::from(is_plain);
            assert!(!is_plain || is_printable(character), "U+{:04X}", u32::from(character));
        }
        assert!(plain > 1_000_000, "{plain} characters are seen to be printable by their bytes");
    }

    #[test]
    fn a_line_that_is_printable_is_shortened_in_place() {
        for (text, shortened) in
            [("hello", "hello"), ("hello!", "hell…"), ("长长长长长", "长长长长长"), ("长长长长长长", "长长长长…")]
        {
            let mut kept = format!("kept: {text}");
            shorten(&mut kept, "kept: ".len(), 5);
            assert_eq!(kept, format!("kept: {shortened}"));
            assert_eq!(line(text, 5), shortened);
        }
    }

    #[test]
    fn a_line_is_cut_with_an_ellipsis() {
        assert_eq!(line("hello", 5), "hello");
        assert_eq!(line("hello!", 5), "hell…");
        assert_eq!(line("长长长长", 3), "长长…");
        assert_eq!(line("abc\u{7}", 4), "abc␇");
        assert_eq!(line("abc\u{7}d", 4), "abc…");
        assert_eq!(line("abc\u{202e}", 10), "abc…");
        assert_eq!(line("abc\u{202e}", 11), "abc<U+202E>");
        assert_eq!(line("abc\n", 4), "abc…");
        assert_eq!(line("a", 0), "");
        assert_eq!(line("", 0), "");
    }

    #[test]
    fn what_needs_no_change_is_borrowed() {
        for text in ["", "a", "hi, all !", "长长", "0123456789abcdef0123456789abcdef", "aé"] {
            assert!(matches!(line(text, 32), Cow::Borrowed(_)), "{text}");
            assert!(matches!(unescaped_name(text, 2), Cow::Borrowed(_)), "{text}");
        }
        for html in ["a &", "1 < 2; 3 > 2", "&nonsense;", "<b>对你说: </b>x"] {
            assert!(matches!(reading(html, true).text, Cow::Borrowed(_)), "{html}");
        }
        assert_eq!(reading("a<br />\n<i>", true).markup, Some(Cow::Borrowed("<i>")));
    }

    #[test]
    fn a_first_line_is_the_line_of_the_whole_and_reads_no_more_than_it_needs() {
        let texts = [
            "&lt;b&gt;<br />\nx",
            "a<br />b &amp; c",
            "长&#38271;长",
            "<b>对你说: </b>psst &quot;",
            "a\tb<i>c",
            "plain",
        ];
        for text in texts {
            for repeated in [text.to_owned(), text.repeat(50)] {
                for max in [0, 1, 2, 5, 20, 100] {
                    for from_server in [false, true] {
                        let whole = reading(&repeated, from_server).text;
                        assert_eq!(first_line(&repeated, from_server, max), line(&whole, max), "{repeated} {max}");
                    }
                }
            }
        }
        // Ten million characters; what is read of them is in proportion to the line.
        for many in ["x".repeat(10_000_000), "&amp;".repeat(2_000_000), "长".repeat(3_000_000)] {
            assert!(html::text(&many, 400).len() < 1_000);
        }
    }

    #[test]
    fn markup_is_the_first_tag_that_is_not_the_servers_own() {
        for (html, tag) in [
            ("x <b>y", Some("<b>")),
            ("<br />", None),
            ("<<br />a>", None),
            ("<a<br />\nb>", Some("<a\nb>")),
            ("a < b and c > d", None),
            ("< <i>", Some("<i>")),
            ("<3 </b>", Some("</b>")),
            ("&lt;", None),
            ("a < b", None),
            ("<b>对你说: </b><i>", Some("<i>")),
        ] {
            assert_eq!(markup(html, true).as_deref(), tag, "{html}");
            assert_eq!(markup(html, false), None);
        }
    }

    proptest! {
        #[test]
        fn a_line_is_as_long_as_it_may_be(text in r"[a-z\n\t长é\x00\u{7f}\u{202e}]{0,40}", max in 0..50usize) {
            let short = line(&text, max);
            prop_assert!(short.chars().count() <= max);
            prop_assert!(short.chars().all(is_printable));
            let unbounded = line(&text, usize::MAX);
            let beginning = short.strip_suffix('…').unwrap_or(&short);
            prop_assert!(unbounded.starts_with(beginning));
            prop_assert_eq!(unbounded.chars().count() <= max, short == unbounded);
        }
    }
}
