//! The reader against RFC 8259, against `serde_json` as a second opinion, and against anything at all.

use super::*;
use crate::message::LIMITS;
use proptest::prelude::*;
use serde_json::Value as Json;

fn parse(bytes: &[u8]) -> Document<'_> {
    super::parse(bytes, LIMITS, |key| key.len() as u8)
}

fn members(document: &Document) -> Vec<Member> {
    document.members().collect()
}

fn fault(text: impl AsRef<[u8]>) -> (Reason, Span) {
    let fault = parse(text.as_ref()).fault.expect("a fault");
    (fault.reason, fault.span)
}

/// The decoded string of `{"a": STRING}`.
fn string(literal: &str) -> String {
    let message = format!(r#"{{"a":{literal}}}"#);
    let parsed = parse(message.as_bytes());
    assert_eq!(parsed.fault, None, "{literal}");
    let member = parsed.stored()[0];
    let text = parsed.string(&member.value);
    assert_eq!((member.data, &*parsed.text_at(&member.value.span()).text), (Data::String, text));
    text.to_owned()
}

#[test]
fn an_object_is_its_members_with_their_bytes() {
    let text = r#" {"type" : "say", "n":-1.5e3, "l":[true,null,false], "o":{}, "e":[]} "#;
    let parsed = parse(text.as_bytes());
    assert_eq!(parsed.fault, None);
    let shown: Vec<_> = parsed.members().map(|m| (&text[m.key.span()], &text[m.value.span()])).collect();
    assert_eq!(
        shown,
        [
            (r#""type""#, r#""say""#),
            (r#""n""#, "-1.5e3"),
            (r#""l""#, "[true,null,false]"),
            (r#""o""#, "{}"),
            (r#""e""#, "[]"),
        ]
    );
}

#[test]
fn members_of_one_name_are_all_kept() {
    let parsed = parse(br#"{"a":1,"a":2}"#);
    assert_eq!(parsed.members().count(), 2);
}

#[test]
fn arrays_and_objects_are_counted() {
    for (value, data) in [
        ("[]", Data::Array { length: 0, of_objects: true }),
        ("[{},{\"a\":[1,2]}, {} ]", Data::Array { length: 3, of_objects: true }),
        ("[{},[{}],{}]", Data::Array { length: 3, of_objects: false }),
        ("[[1],[2,3]]", Data::Array { length: 2, of_objects: false }),
        ("{}", Data::Object { length: 0 }),
        (r#"{"a":[1,{}],"b":{"c":1,"d":2}}"#, Data::Object { length: 2 }),
    ] {
        assert_eq!(parse(format!(r#"{{"a":{value}}}"#).as_bytes()).stored()[0].data, data, "{value}");
    }
}

/// Members of names and values with and without escapes.
fn many_members(count: usize) -> String {
    let members = (0..count).map(|at| match at % 3 {
        0 => format!(r#""\u4f60{at}": "\n{at}\ud83d\ude00""#),
        1 => format!(r#" "k{at}" :"v{at}""#),
        _ => format!(r#""n\t{at}":[{at},"\u4f60"]"#),
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(" , "))
}

#[test]
fn members_that_are_not_stored_are_read_again() {
    for count in [STORED - 1, STORED, STORED + 1, STORED + 2, 100] {
        let text = many_members(count);
        let parsed = parse(text.as_bytes());
        assert_eq!((&parsed.fault, parsed.members().count()), (&None, count));
        assert_eq!(parsed.stored().len(), count.min(STORED));
        assert_eq!([parsed.stored().to_vec(), parsed.behind().collect()].concat(), members(&parsed));
        let json: Json = serde_json::from_str(&text).unwrap();
        for (at, member) in parsed.members().enumerate() {
            let key = parsed.string(&member.key);
            assert_eq!(usize::from(member.tag), key.len());
            assert_eq!(key, parsed.text_at(&member.key.span()).text);
            match at % 3 {
                2 => assert_eq!(parsed.text(&member.value.span()), format!(r#"[{at},"\u4f60"]"#)),
                _ => assert_eq!(json[key], parsed.string(&member.value)),
            }
        }
        let cut = parse(&text.as_bytes()[..text.len() - 1]);
        assert_eq!(members(&cut), members(&parsed));
        assert_eq!(cut.fault.unwrap().reason, Reason::UnexpectedEnd);
    }
}

/// The memory that a document owns, in bytes.
fn memory(document: &Document) -> usize {
    document.decoded.capacity()
}

#[test]
fn a_message_takes_no_memory_but_for_its_escapes() {
    let user = r#"{"client_id":1,"client_name":"a"},"#;
    for (value, count) in [("1,", 4_000_000), ("{},", 3_000_000), ("\"\\u4f60\",", 900_000), (user, 250_000)] {
        let text = format!(r#"{{"type":"say","content":[{}0]}}"#, value.repeat(count));
        let parsed = parse(text.as_bytes());
        assert_eq!((&parsed.fault, memory(&parsed)), (&None, 0), "{value}");
        assert_eq!(parsed.stored()[1].data, Data::Array { length: count as u32 + 1, of_objects: false });
    }
    let text = format!("{{{}\"a\":1}}", "\"a\":1,".repeat(1_500_000));
    let parsed = parse(text.as_bytes());
    assert_eq!((parsed.members().count(), memory(&parsed)), (1_500_001, 0));
    let text = format!(r#"{{"a":"{}"}}"#, r"\u4f60\n\u0000\ud83d\ude00".repeat(300_000));
    let parsed = parse(text.as_bytes());
    assert!(memory(&parsed) <= text.len() && parsed.fault.is_none());
}

#[test]
fn escapes_are_decoded() {
    assert_eq!(string(r#""\"\\\/\b\f\n\r\t\u00e9\u4F60""#), "\"\\/\u{8}\u{c}\n\r\té你");
    assert_eq!(string(r#""\ud83d\ude00""#), "😀");
    assert_eq!(string("\"\u{7f}所有人😀\""), "\u{7f}所有人😀");
}

#[test]
fn nul_becomes_a_replacement_character() {
    assert_eq!(string(r#""a\u0000b""#), "a\u{fffd}b");
    assert_eq!(parse(br#"{"\u0000a":1,"b":"\u0000"}"#).fault, None);
}

#[test]
fn a_lone_surrogate_is_a_fault_and_a_replacement_character() {
    for (literal, text, unit, at) in [
        (r#""\ud83d""#, "\u{fffd}", 0xd83d, r"\ud83d"),
        (r#""\uDE00\ud83d""#, "\u{fffd}\u{fffd}", 0xde00, r"\uDE00"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀", 0xd83d, r"\ud83d"),
        (r#""\ud83d\n\ud83ex""#, "\u{fffd}\n\u{fffd}x", 0xd83d, r"\ud83d"),
        (r#""x\ud83d\u0041""#, "x\u{fffd}A", 0xd83d, r"\ud83d"),
    ] {
        let message = format!(r#"{{"a":{literal},"b":1}}"#);
        let parsed = parse(message.as_bytes());
        assert_eq!(parsed.string(&parsed.stored()[0].value), text, "{literal}");
        assert_eq!(parsed.members().count(), 2, "{literal}: it is read on");
        let fault = parsed.fault.expect("a fault");
        assert_eq!((fault.reason, &message[fault.span]), (Reason::LoneSurrogate(unit), at), "{literal}");
    }
    assert_eq!(fault(r#"{"\ud83d":1}"#), (Reason::LoneSurrogate(0xd83d), 2..8));
    assert_eq!(fault(r#"{"a":[{"b":"\udfff"}]}"#), (Reason::LoneSurrogate(0xdfff), 12..18));
    assert_eq!(fault(r#"{"a":"\ud83d","b":01}"#), (Reason::LoneSurrogate(0xd83d), 6..12), "the first one");
    assert_eq!(fault(r#"{"a":01,"b":"\ud83d"}"#), (Reason::UnexpectedByte(b'1'), 6..7), "the first one");
    assert_eq!(fault(r#"{"a":"\ud83d"#).0, Reason::UnterminatedString, "the rest of the pair may be missing");
    assert_eq!(fault(r#"{"a":"\ud83d\ude"#).0, Reason::UnterminatedString);
    assert_eq!(fault(r#"["\ud83d"]"#).0, Reason::NotAnObject);
    let huge = format!(r#"{{"a":"{}"}}"#, r"\ud83d\ude00".repeat(500_000) + r"\ud83d");
    assert_eq!(fault(&huge).1, huge.len() - 8..huge.len() - 2);
}

#[test]
fn numbers_are_as_strict_as_the_standard() {
    for good in ["0", "-0", "12", "1.0", "0.5", "1e5", "1E+5", "-1.5e-10", "123456789012345678901234567890", "1e999"] {
        assert_eq!(parse(format!(r#"{{"a":{good}}}"#).as_bytes()).fault, None, "{good}");
    }
    for bad in ["01", "+1", ".5", "1.", "1.e5", "1e", "1e+", "-", "0x1", "1_000", "NaN", "Infinity", "--1"] {
        assert!(parse(format!(r#"{{"a":{bad}}}"#).as_bytes()).fault.is_some(), "{bad}");
    }
}

#[test]
fn a_backslash_before_another_character_is_the_fault() {
    assert_eq!(fault(r#"{"a":"x\slash"}"#), (Reason::InvalidEscape('s'), 7..9));
    assert_eq!(fault(r#"{"a":"\你"}"#), (Reason::InvalidEscape('你'), 6..10));
    assert_eq!(fault(r#"{"a":"\u12G4"}"#), (Reason::InvalidEscape('u'), 6..10));
    assert_eq!(fault(r#"{"a":"\u+123"}"#), (Reason::InvalidEscape('u'), 6..8));
    assert_eq!(fault(r#"{"a":"\'"}"#), (Reason::InvalidEscape('\''), 6..8));
}

#[test]
fn a_bare_control_character_is_the_fault() {
    assert_eq!(fault("{\"a\":\"tab\there\"}"), (Reason::ControlCharacter(9), 9..10));
    assert_eq!(fault("{\"a\":\"\0\"}"), (Reason::ControlCharacter(0), 6..7));
    assert_eq!(fault("{\"a\":\"\\\n\"}"), (Reason::ControlCharacter(10), 7..8));
}

#[test]
fn bytes_that_are_no_utf_8_are_the_fault() {
    assert_eq!(fault(b"{\"a\":\"x\xffy\"}"), (Reason::InvalidUtf8, 7..8));
    assert_eq!(fault(b"{\"a\":\"x\xe4\xbd\"}"), (Reason::InvalidUtf8, 7..9));
    assert_eq!(fault(b"{\"a\":\"\xed\xa0\x80\"}"), (Reason::InvalidUtf8, 6..7));
    assert_eq!(fault(b"{\"a\":\"\\\xff\"}"), (Reason::InvalidUtf8, 7..8));
    assert_eq!(fault(b"{\"a\":\"\\\xe4\xbd\"}"), (Reason::InvalidUtf8, 7..9));
}

#[test]
fn a_string_without_an_end_is_the_fault_from_its_quote_on() {
    for text in [r#"{"a":"x"#, r#"{"a":"x\"#, r#"{"a":"x\u12"#, r#"{"a":"x\""#] {
        assert_eq!(fault(text), (Reason::UnterminatedString, 5..text.len()), "{text}");
    }
    assert_eq!(fault(b"{\"a\":\"\xe4\xbd"), (Reason::UnterminatedString, 5..8));
    assert_eq!(fault(b"{\"a\":\"\\\xe4\xbd"), (Reason::UnterminatedString, 5..9));
    assert_eq!(fault("{\"a"), (Reason::UnterminatedString, 1..3));
}

#[test]
fn a_message_that_ends_too_early_has_its_fault_at_its_last_byte() {
    for text in
        ["{", r#"{"a""#, r#"{"a":"#, r#"{"a":1"#, r#"{"a":1,"#, r#"{"a":tru"#, r#"{"a":-"#, r#"{"a":1."#, r#"{"a":[1,"#]
    {
        assert_eq!(fault(text), (Reason::UnexpectedEnd, text.len() - 1..text.len()), "{text}");
    }
}

#[test]
fn a_byte_out_of_place_is_the_fault() {
    assert_eq!(fault("hello"), (Reason::UnexpectedByte(b'h'), 0..1));
    assert_eq!(fault(r#"{a:1}"#), (Reason::UnexpectedByte(b'a'), 1..2));
    assert_eq!(fault(r#"{"a":1,}"#), (Reason::UnexpectedByte(b'}'), 7..8));
    assert_eq!(fault(r#"{"a":[1,]}"#), (Reason::UnexpectedByte(b']'), 8..9));
    assert_eq!(fault(r#"{"a":[1}"#), (Reason::UnexpectedByte(b'}'), 7..8));
    assert_eq!(fault(r#"{"a" 1}"#), (Reason::UnexpectedByte(b'1'), 5..6));
    assert_eq!(fault(r#"{"a":01}"#), (Reason::UnexpectedByte(b'1'), 6..7));
    assert_eq!(fault(r#"{"a":1.x}"#), (Reason::UnexpectedByte(b'x'), 7..8));
    assert_eq!(fault(r#"{"a":trux}"#), (Reason::UnexpectedByte(b'x'), 8..9));
    assert_eq!(fault(r#"{'a':1}"#), (Reason::UnexpectedByte(b'\''), 1..2));
    assert_eq!(fault("\u{feff}{}"), (Reason::UnexpectedByte(0xef), 0..1));
}

#[test]
fn what_is_no_object_is_the_fault_as_a_whole() {
    assert_eq!(fault(""), (Reason::Empty, 0..0));
    assert_eq!(fault(" \n"), (Reason::Empty, 0..2));
    assert_eq!(fault(" [1] "), (Reason::NotAnObject, 1..4));
    assert_eq!(fault(r#"42["chat",{}]"#), (Reason::NotAnObject, 0..2));
    assert_eq!(fault(r#""x""#), (Reason::NotAnObject, 0..3));
}

#[test]
fn bytes_behind_the_object_are_the_fault() {
    assert_eq!(fault(r#"{} {"a":1}"#), (Reason::TrailingData, 3..10));
    assert_eq!(fault("{}\0"), (Reason::TrailingData, 2..3));
}

#[test]
fn members_before_the_fault_are_kept_and_the_broken_one_is_named() {
    let parsed = parse(br#"{"type":"say","o":{"x":1},"content":"a\slash","z":1}"#);
    let keys: Vec<_> = parsed.members().map(|member| parsed.string(&member.key).to_owned()).collect();
    assert_eq!(keys, ["type", "o"]);
    for (text, pending) in [
        (r#"{"type":"say","content":"a\slash"}"#, Some(("content", 7))),
        (r#"{"type":"say","con"#, None),
        (r#"{"\u4f60":{"b":"x"#, Some(("你", 3))),
    ] {
        let parsed = parse(text.as_bytes());
        assert_eq!(parsed.pending.map(|pending| (parsed.string(&pending.key), pending.tag)), pending, "{text}");
    }
}

/// An object with arrays in it: so many levels.
fn nested(depth: usize) -> String {
    format!(r#"{{"a":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1))
}

#[test]
fn nesting_is_as_deep_as_phps() {
    assert_eq!(parse(nested(LIMITS.depth).as_bytes()).fault, None);
    assert_eq!(fault(nested(LIMITS.depth + 1)), (Reason::TooDeep, 515..516));
    assert_eq!(fault(nested(10_000)).0, Reason::TooDeep);
    assert_eq!(fault("[".repeat(1_000_000)).0, Reason::TooDeep);
    assert_eq!(parse(format!("{{\"a\":[{}]}}", ["[]"; 2000].join(",")).as_bytes()).fault, None);
}

#[test]
fn a_message_longer_than_the_server_takes_keeps_what_is_whole() {
    let text = format!(r#"{{"type":"say","content":"{}"}}"#, "x".repeat(16 << 20));
    let parsed = parse(text.as_bytes());
    assert_eq!(parsed.fault, Some(Fault { span: LIMITS.length..text.len(), reason: Reason::TooLong }));
    assert_eq!(parsed.members().count(), 1);
    let just_fits = format!(r#"{{"c":"{}"}}"#, "x".repeat(LIMITS.length - 8));
    assert_eq!((just_fits.len(), parse(just_fits.as_bytes()).fault), (LIMITS.length, None));
}

/// The opinion of `serde_json` on the bytes; `None` where it is known to differ: it refuses lone surrogates and numbers that no
/// `f64` holds, which RFC 8259 allows.
fn second_opinion(bytes: &[u8]) -> Option<Result<Json, ()>> {
    match serde_json::from_slice(bytes) {
        Ok(json) => Some(Ok(json)),
        Err(error) => {
            let error = error.to_string();
            let differs = ["surrogate", "unexpected end of hex escape", "number out of range", "recursion limit"];
            (!differs.iter().any(|text| error.contains(text))).then_some(Err(()))
        }
    }
}

/// Asserts that the value at the span, and every value within it, is what `serde_json` reads from the bytes of its span.
fn assert_same(document: &Document, span: &Span) {
    let data = document.data(span).unwrap();
    let text = document.text_at(span);
    assert_eq!(text.span, *span);
    let json: Json = serde_json::from_slice(&document.bytes[span.clone()]).unwrap();
    match (&data, &json) {
        (Data::Null, Json::Null) | (Data::Number, Json::Number(_)) => {}
        (Data::Bool(ours), Json::Bool(theirs)) => assert_eq!(ours, theirs),
        (Data::String, Json::String(theirs)) => {
            assert_eq!(text.text, theirs.replace('\0', "\u{fffd}"))
        }
        (Data::Array { length, .. }, Json::Array(theirs)) => {
            assert_eq!(*length as usize, theirs.len());
            assert_eq!(document.elements(span).count(), theirs.len());
            document.elements(span).for_each(|element| assert_same(document, &element));
        }
        (Data::Object { length }, Json::Object(theirs)) => {
            assert_eq!(*length as usize, theirs.len());
            assert_eq!(document.members_of(span).count(), theirs.len());
            document.members_of(span).for_each(|(key, value)| assert_same_member(document, &key, &value));
        }
        (ours, theirs) => panic!("{ours:?} is not {theirs:?}"),
    }
}

fn assert_same_member(document: &Document, key: &Text, value: &Span) {
    assert_eq!(*key, document.text_at(&key.span));
    let expected: String = serde_json::from_slice(&document.bytes[key.span.clone()]).unwrap();
    assert_eq!(key.text, expected.replace('\0', "\u{fffd}"));
    assert_same(document, value);
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
        r#"[\x00-\x20"\\/你😀a]{0,8}"#.prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Json> {
    prop::collection::btree_map("[a-z_\\\\\"\\x00]{0,6}", any_json(), 0..6)
        .prop_map(|map| Json::Object(map.into_iter().collect()))
}

/// Bytes that are nearly JSON: an object's text with some bytes replaced, put in or taken out, and perhaps cut.
fn nearly_json() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![any::<u8>(), prop::sample::select(br#"{}[]",:\u0d8e+-. tn"#.to_vec())];
    let change = (any::<prop::sample::Index>(), 0..3, byte);
    (any_object(), prop::collection::vec(change, 0..4), any::<Option<prop::sample::Index>>()).prop_map(
        |(json, changes, cut)| {
            let mut bytes = json.to_string().into_bytes();
            for (at, how, byte) in changes {
                let at = at.index(bytes.len() + 1);
                match how {
                    0 => bytes.insert(at, byte),
                    1 if at < bytes.len() => bytes[at] = byte,
                    _ if at < bytes.len() => drop(bytes.remove(at)),
                    _ => {}
                }
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len() + 1));
            }
            bytes
        },
    )
}

/// Whether a member stays whole when the message is cut here. A number may go on, so it is only whole when something follows it.
fn is_whole_before(member: &Member, cut: usize) -> bool {
    let end = member.value.span().end;
    end < cut || end == cut && member.data != Data::Number
}

/// Asserts what holds of any bytes: faults and members lie within them, and strings are the same however they are had.
fn assert_sound(bytes: &[u8]) {
    let parsed = parse(bytes);
    if let Some(fault) = &parsed.fault {
        assert!(fault.span.end <= bytes.len(), "{fault:?}");
        assert!(fault.span.start < fault.span.end || bytes.is_empty(), "{fault:?}");
    }
    for member in parsed.members() {
        assert!(member.key.span().end < member.value.span().start && member.value.span().end <= bytes.len());
        assert_eq!(parsed.string(&member.key), parsed.text_at(&member.key.span()).text);
        if member.data == Data::String {
            assert_eq!(parsed.string(&member.value), parsed.text_at(&member.value.span()).text);
        }
    }
}

proptest! {
    #[test]
    fn every_object_is_read_as_serde_json_reads_it(json in any_object(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&json).unwrap() } else { json.to_string() };
        let parsed = parse(text.as_bytes());
        prop_assert_eq!(&parsed.fault, &None);
        prop_assert_eq!(parsed.members().count(), json.as_object().unwrap().len());
        for member in parsed.members() {
            prop_assert_eq!(parsed.data(&member.value.span()), Some(member.data));
            assert_same_member(&parsed, &parsed.text_at(&member.key.span()), &member.value.span());
        }
    }

    #[test]
    fn what_is_nearly_json_is_accepted_or_refused_as_by_serde_json(bytes in nearly_json()) {
        let parsed = parse(&bytes);
        match second_opinion(&bytes) {
            None => {}
            Some(Ok(json)) if json.is_object() => prop_assert_eq!(parsed.fault, None),
            Some(Ok(_)) => prop_assert_eq!(parsed.fault.unwrap().reason, Reason::NotAnObject),
            Some(Err(())) => prop_assert!(parsed.fault.is_some()),
        }
        assert_sound(&bytes);
    }

    #[test]
    fn a_cut_object_keeps_the_members_that_are_whole(json in any_object(), cut: prop::sample::Index) {
        let text = json.to_string();
        let whole = parse(text.as_bytes());
        let cut = cut.index(text.len());
        let parsed = parse(&text.as_bytes()[..cut]);
        prop_assert!(parsed.fault.is_some());
        // Where decoded texts are depends on what is decoded before, which is the same.
        let kept: Vec<_> = whole.members().filter(|member| is_whole_before(member, cut)).collect();
        let found = members(&parsed);
        prop_assert!(found.starts_with(&kept) && found.len() <= kept.len() + 1);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
        assert_sound(&bytes);
    }

    #[test]
    fn any_run_of_json_tokens_is_read_without_panic(text in r#"([{}\[\],:]|"|\\|\\u|d83d|[0-9.eE+-]|true|null|[ 你]){0,60}"#) {
        assert_sound(text.as_bytes());
    }
}
