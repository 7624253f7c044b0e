//! A message's text as a person reads it: without the server's HTML, and in one line for a column. Nothing here validates a message.

use html_escape::decode_html_entities;

/// The content of a say as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readable {
    /// The text: entities decoded, line ends as `\n` or as sent, without the prefix of a private say.
    pub text: String,
    /// The first tag that is not the server's own, as on the wire. The server escapes `<` with `htmlspecialchars()`, so there
    /// should be none.
    pub markup: Option<String>,
}

/// What a person reads of `content`. The server makes HTML of what it was sent; what a client sends is plain text.
pub fn readable(content: &str, from_server: bool) -> Readable {
    if !from_server {
        return Readable { text: content.to_owned(), markup: None };
    }
    let lines = without_line_breaks(private_copy(content).map_or(content, |(_, rest)| rest));
    Readable { text: decode(&lines), markup: first_tag(&lines).map(str::to_owned) }
}

/// The name behind an escaped one: entities are decoded until nothing changes, at most three times. The server escapes the
/// name in a login twice, elsewhere once.
pub fn name(escaped: &str) -> String {
    let mut name = escaped.to_owned();
    for _ in 0..3 {
        let decoded = decode(&name);
        if decoded == name {
            break;
        }
        name = decoded;
    }
    name
}

/// `text` in one line of at most `max_chars` characters, for columns and trees: control characters (those that turn the
/// direction of writing too) as escapes, and `…` where something was cut off.
pub fn one_line(text: &str, max_chars: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    // How much of the line stays when `…` has to follow.
    let mut kept = 0;
    for character in text.chars() {
        let piece = printable(character);
        length += piece.chars().count();
        if length > max_chars {
            line.truncate(kept);
            line.extend((max_chars > 0).then_some('…'));
            return line;
        }
        line.push_str(&piece);
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

fn printable(character: char) -> String {
    match character {
        '\n' | '\r' | '\t' => character.escape_default().to_string(),
        '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            character.escape_unicode().to_string()
        }
        _ if character.is_control() => character.escape_unicode().to_string(),
        _ => character.to_string(),
    }
}

/// Entities decoded once. A NUL that one of them stood for is U+FFFD, as in a browser.
fn decode(html: &str) -> String {
    let text = decode_html_entities(html);
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.into_owned() }
}

/// Whose copy of a private say a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateCopy {
    /// The recipient's: it begins `<b>对你说: </b>`.
    Recipient,
    /// The sender's own: it begins `<b>你对NAME说: </b>`, with the recipient's name escaped.
    Sender,
}

/// The server's mark at the beginning of a private say, and what follows it; `None` for content without one.
pub fn private_copy(html: &str) -> Option<(PrivateCopy, &str)> {
    match html.strip_prefix("<b>对你说: </b>") {
        Some(rest) => Some((PrivateCopy::Recipient, rest)),
        None => sender_copy(html).map(|rest| (PrivateCopy::Sender, rest)),
    }
}

fn sender_copy(html: &str) -> Option<&str> {
    let named = html.strip_prefix("<b>你对")?;
    let (name, rest) = named.split_at(named.find('<')?);
    name.ends_with("说: ").then_some(())?;
    rest.strip_prefix("</b>")
}

/// `nl2br` sets `<br />` before each line end, which stays. One without a line end is read as one all the same.
fn without_line_breaks(html: &str) -> String {
    let mut lines = String::with_capacity(html.len());
    let mut pieces = html.split("<br />");
    lines.extend(pieces.next());
    for piece in pieces {
        if !piece.starts_with(['\n', '\r']) {
            lines.push('\n');
        }
        lines.push_str(piece);
    }
    lines
}

fn first_tag(html: &str) -> Option<&str> {
    let tag = &html[html.find('<')?..];
    Some(&tag[..=tag.find('>')?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivered(content: &str) -> Readable {
        readable(content, true)
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
        assert_eq!(delivered("<b>你对a &lt;说: &gt;说: </b>psst"), Readable { text: "psst".into(), markup: None });
        assert_eq!(delivered("<b>对你说: </b>").text, "");
    }

    #[test]
    fn a_prefix_elsewhere_is_markup() {
        assert_eq!(delivered("a <b>对你说: </b>b").markup.as_deref(), Some("<b>"));
        assert_eq!(delivered("<b>你对<i>说: </b>b").markup.as_deref(), Some("<b>"));
    }

    #[test]
    fn line_breaks_become_line_ends() {
        assert_eq!(delivered("a<br />\nb<br />\r\nc<br />d"), Readable { text: "a\nb\r\nc\nd".into(), markup: None });
    }

    #[test]
    fn markup_that_is_not_the_servers_own_is_reported() {
        assert_eq!(delivered("x <script>alert(1)</script>").markup.as_deref(), Some("<script>"));
        assert_eq!(delivered("1 < 2").markup, None);
        assert_eq!(delivered("1 > 2 <").markup, None);
    }

    #[test]
    fn what_a_client_sends_is_plain_text() {
        assert_eq!(readable("<b>&lt;", false), Readable { text: "<b>&lt;".into(), markup: None });
    }

    #[test]
    fn a_name_is_decoded_until_it_is_stable() {
        assert_eq!(name("O&amp;quot;Brien &amp;lt;b&amp;gt;"), "O\"Brien <b>");
        assert_eq!(name("O&quot;Brien &lt;b&gt;"), "O\"Brien <b>");
        assert_eq!(name("&amp;amp;amp;amp;"), "&amp;");
    }

    #[test]
    fn an_entity_for_nul_is_a_replacement_character() {
        assert!(!delivered("a&#0;b&#x0;c").text.contains('\0'));
    }

    #[test]
    fn a_line_has_no_control_characters() {
        assert_eq!(one_line("a\nb\tc\u{7}\u{202e}", 80), r"a\nb\tc\u{7}\u{202e}");
    }

    #[test]
    fn a_line_that_is_printable_is_shortened_in_place() {
        for (text, shortened) in
            [("hello", "hello"), ("hello!", "hell…"), ("长长长长长", "长长长长长"), ("长长长长长长", "长长长长…")]
        {
            let mut line = format!("kept: {text}");
            shorten(&mut line, "kept: ".len(), 5);
            assert_eq!(line, format!("kept: {shortened}"));
            assert_eq!(one_line(text, 5), shortened);
        }
    }

    #[test]
    fn a_line_is_cut_with_an_ellipsis() {
        assert_eq!(one_line("hello", 5), "hello");
        assert_eq!(one_line("hello!", 5), "hell…");
        assert_eq!(one_line("长长长长", 3), "长长…");
        assert_eq!(one_line("abc\u{7}", 4), "abc…");
        assert_eq!(one_line("a", 0), "");
        assert_eq!(one_line("", 0), "");
    }
}
