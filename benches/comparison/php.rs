//! What the server's PHP and the page's JavaScript make of a text on its way into a message.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CharEscape, Formatter, Serializer};

/// PHP's `json_encode`: ASCII only, and `/` escaped.
pub fn json_encode(value: &Value) -> String {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Php)).expect("write to memory");
    String::from_utf8(bytes).expect("ASCII")
}

struct Php;

impl Formatter for Php {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for character in fragment.chars() {
            match character {
                '/' => self.write_char_escape(writer, CharEscape::Solidus)?,
                ' '..='~' => writer.write_all(&[character as u8])?,
                _ => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// PHP's `nl2br(htmlspecialchars($text))`.
pub fn html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped.replace('"', "&quot;").replace('\'', "&#039;").replace('\n', "<br />\n")
}

/// What the page's JavaScript puts between the quotes of a message that it builds by hand.
pub fn by_hand(text: &str) -> String {
    text.replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r")
}
