//! The lists of words and messages that the fuzz targets use are those that the plugin and PHP know.

#[allow(dead_code, reason = "fuzz/ uses the rest")]
#[path = "../fuzz/src/targets/json.rs"]
mod json;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use workermanchat::message::{Dialect, MemberName, read, type_names};

fn list(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands for bytes in a line: `\\`, `\"`, `\n`, `\r`, `\t` and `\x20`.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        bytes.extend(before.bytes());
        let (kind, behind) = behind.split_at(1);
        rest = behind;
        bytes.push(match kind {
            "n" => b'\n',
            "r" => b'\r',
            "t" => b'\t',
            "x" => {
                rest = &behind[2..];
                u8::from_str_radix(&behind[..2], 16).expect("two hexadecimal digits")
            }
            itself => itself.as_bytes()[0],
        });
    }
    bytes.extend(rest.bytes());
    bytes
}

/// The lines that are neither empty nor comments.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn words() -> BTreeSet<Vec<u8>> {
    let dictionary = list("dictionary.txt");
    let word = |line: &str| {
        let word = line.strip_prefix('"').and_then(|line| line.strip_suffix('"'));
        unescaped(word.unwrap_or_else(|| panic!("libFuzzer does not read {line}")))
    };
    lines(&dictionary).map(word).collect()
}

#[test]
fn the_dictionary_has_every_key_of_the_table_of_messages() {
    let words = words();
    for name in MemberName::ALL {
        for dialect in [Dialect::A2014, Dialect::B2015, Dialect::C2016] {
            let word = format!("\"{}\":", name.key(Some(dialect)));
            assert!(words.contains(word.as_bytes()), "fuzz/dictionary.txt lacks {word}");
        }
    }
}

#[test]
fn the_dictionary_has_the_type_of_every_message() {
    let words = words();
    for type_name in type_names() {
        let word = format!("\"{type_name}\"");
        assert!(words.contains(word.as_bytes()), "fuzz/dictionary.txt lacks {word}");
    }
}

/// A message of the list, with so many arrays within each other where it says so.
fn nested(message: &[u8]) -> Vec<u8> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let Some(at) = text(message).find("NEST(") else { return message.to_vec() };
    let (before, behind) = (&message[..at], text(&message[at + 5..]));
    let (levels, behind) = behind.split_once(')').expect("a closing bracket");
    let levels = levels.parse().expect("a number");
    [before, "[".repeat(levels).as_bytes(), "]".repeat(levels).as_bytes(), behind.as_bytes()].concat()
}

/// `php fuzz/json_decode.php` says whether the list is right.
#[test]
fn a_message_is_accepted_where_php_accepts_it() {
    let messages = list("json_decode.txt");
    for line in lines(&messages) {
        let (verdict, message) = line.split_at(1);
        let message = nested(&unescaped(message.strip_prefix(' ').unwrap_or_default()));
        let is_accepted = verdict == "+";
        assert_eq!(read(&message).fault.is_none(), is_accepted, "the plugin on {line}");
        assert_eq!(json::php_accepts(&message), is_accepted, "the target json on {line}");
        json::check(&message);
    }
}
