//! Arbitrary bytes as JSON: they are accepted or refused, and read, as by PHP's `json_decode($message, true)`, which is the chat server's.
//! `serde_json` stands for it here; the differences between the two are those that [`php_accepts`] names. `fuzz/json_decode.php` compares
//! a list of messages with PHP itself.

use serde::de::IgnoredAny;
use serde_json::Value;
use workermanchat::message::json::{Data, Reason, Span, Text};
use workermanchat::message::{Document, LIMITS, read};

/// Levels that `serde_json` reads into a [`Value`].
const SERDE_LEVELS: usize = 127;

/// Checks that.
pub fn check(bytes: &[u8]) {
    let document = read(bytes);
    let reason = document.fault.as_ref().map(|fault| fault.reason);
    let is_object = || bytes.trim_ascii_start().first() == Some(&b'{');
    match php_accepts(bytes) {
        true if is_object() => assert_eq!(reason, None),
        true => assert_eq!(reason, Some(Reason::NotAnObject)),
        false => assert!(!matches!(reason, None | Some(Reason::TrailingData)) || has_trailing_data(&document)),
    }
    assert_eq!(reason == Some(Reason::TooLong), bytes.len() > LIMITS.length);
    if reason.is_none() {
        check_values(&document);
    }
}

/// Whether PHP decodes the message. Where it differs from `serde_json`:
///
/// - It refuses more levels of arrays and objects than [`LIMITS`] has; `serde_json` reads any number when it ignores the values.
/// - It refuses half a surrogate pair in an escape; `serde_json` does, too, but not when it ignores the values.
/// - It refuses bytes that are no UTF-8 everywhere; `serde_json` not in strings that it ignores.
/// - It reads a number too large for a `double` as infinite; `serde_json` does not, but when it ignores the values.
/// - Of members of one name, the last counts, for both.
///
/// A longer message than [`LIMITS`] has is refused before it is decoded: the server closes the connection.
pub fn php_accepts(bytes: &[u8]) -> bool {
    let is_utf_8 = std::str::from_utf8(bytes).is_ok();
    let is_json = serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
    is_utf_8 && is_json && levels(bytes) <= LIMITS.depth && !has_lone_surrogate(bytes) && bytes.len() <= LIMITS.length
}

/// Within how many brackets the innermost value of valid JSON stands.
fn levels(json: &[u8]) -> usize {
    let (mut level, mut deepest, mut in_string, mut at) = (0_usize, 0, false, 0);
    while let Some(byte) = json.get(at) {
        match (byte, in_string) {
            (b'\\', true) => at += 1,
            (b'"', _) => in_string = !in_string,
            (b'[' | b'{', false) => level += 1,
            (b']' | b'}', false) => level = level.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(level);
        at += 1;
    }
    deepest
}

/// Whether valid JSON has an escape of half a surrogate pair.
fn has_lone_surrogate(json: &[u8]) -> bool {
    let (mut units, mut at) = (Vec::new(), 0);
    while let Some(rest) = json.get(at..).filter(|rest| !rest.is_empty()) {
        match rest {
            [b'\\', b'u', digits @ ..] => {
                let digits = digits.get(..4).and_then(|digits| std::str::from_utf8(digits).ok());
                units.push(digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).unwrap_or_default());
                at += 6;
            }
            [b'\\', ..] => {
                units.push(0);
                at += 2;
            }
            _ => {
                units.push(0);
                at += 1;
            }
        }
    }
    char::decode_utf16(units).any(|unit| unit.is_err())
}

/// Whether a whole object stands before the fault, and the rest is no JSON.
fn has_trailing_data(document: &Document) -> bool {
    let Some(fault) = &document.fault else { return false };
    let object = &document.bytes[..fault.span.start];
    fault.reason == Reason::TrailingData && php_accepts(object) && object.trim_ascii_start().first() == Some(&b'{')
}

/// Every value is what `serde_json` makes of its bytes, and of members of one name, each is there.
fn check_values(document: &Document) {
    let members = || document.members().map(|member| (document.text_at(&member.key.span()), member.value.span()));
    for member in document.members() {
        assert_eq!(document.string(&member.key), document.text_at(&member.key.span()).text);
        assert_eq!(document.data(&member.value.span()), Some(member.data));
        if member.data == Data::String {
            assert_eq!(document.string(&member.value), document.text_at(&member.value.span()).text);
        }
    }
    if levels(document.bytes) < SERDE_LEVELS {
        members().for_each(|(key, value)| check_member(document, &key, &value));
        check_last_ones(document, members());
    }
}

/// Of members of one name the last one is what `serde_json` keeps. Names in which a NUL is shown as U+FFFD may be others than they look.
fn check_last_ones<'d>(document: &Document, members: impl Iterator<Item = (Text<'d>, Span)>) {
    let Ok(Value::Object(object)) = serde_json::from_slice(document.bytes) else { return };
    let last: std::collections::HashMap<_, _> = members.map(|(key, value)| (key.text, value)).collect();
    for (key, value) in object.iter().filter(|(key, _)| !key.contains(['\0', '\u{fffd}'])) {
        let value_bytes = &document.bytes[last[&**key].clone()];
        assert_eq!(serde_json::from_slice::<Value>(value_bytes).ok().as_ref(), Some(value));
    }
}

fn check_member(document: &Document, key: &Text, value: &Span) {
    let theirs: String = serde_json::from_slice(&document.bytes[key.span.clone()]).expect("a string");
    assert_eq!(key.text, theirs.replace('\0', "\u{fffd}"));
    check_value(document, value);
}

/// The value at the span, and every value within it, is what `serde_json` reads from the bytes of its span.
fn check_value(document: &Document, span: &Span) {
    let data = document.data(span).expect("a value without a fault");
    let text = document.text_at(span);
    assert_eq!(text.span, *span);
    let bytes = &document.bytes[span.clone()];
    match data {
        Data::Null => assert_eq!(bytes, b"null"),
        Data::Bool(truth) => assert_eq!(bytes, truth.to_string().as_bytes()),
        Data::Number => assert!(serde_json::from_slice::<IgnoredAny>(bytes).is_ok() && bytes != b"null"),
        Data::String => {
            let theirs: String = serde_json::from_slice(bytes).expect("a string");
            assert_eq!(text.text, theirs.replace('\0', "\u{fffd}"));
        }
        Data::Array { length, .. } => {
            let theirs: Vec<IgnoredAny> = serde_json::from_slice(bytes).expect("an array");
            assert_eq!([length as usize, document.elements(span).count()], [theirs.len(); 2]);
            document.elements(span).for_each(|element| check_value(document, &element));
        }
        Data::Object { length } => {
            assert_eq!(bytes.first(), Some(&b'{'));
            assert_eq!(length as usize, document.members_of(span).count());
            document.members_of(span).for_each(|(key, value)| check_member(document, &key, &value));
        }
    }
}
