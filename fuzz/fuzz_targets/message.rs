//! Arbitrary bytes as a message of either side: no panic, no span outside the message, no text that is invalid for Wireshark.

#![no_main]

use libfuzzer_sys::fuzz_target;
use workermanchat::message::json::Span;
use workermanchat::message::text::{line, readable, unescaped_name};
use workermanchat::message::{MemberName, Message, read};
use workermanchat::packet::Side;

fuzz_target!(|bytes: &[u8]| {
    let document = read(bytes);
    for sender in [Side::Client, Side::Server] {
        for truncated in [false, true] {
            check(&Message::of(&document, sender, truncated), bytes);
        }
    }
});

fn check(message: &Message, bytes: &[u8]) {
    for field in message.fields() {
        check_span(&field.span, bytes);
        check_text(&field.display(), message.sender);
        assert!(message.get(field.name).is_some());
    }
    if let Some(list) = message.client_list() {
        assert_eq!(list.users().count(), list.len());
        for text in list.users().flat_map(|user| [user.id, user.name]).flatten() {
            check_span(&text.span, bytes);
            check_text(&text.text, message.sender);
        }
    }
    if let Some(fault) = message.fault() {
        assert!(fault.span.end <= bytes.len());
        assert!(fault.span.start < fault.span.end || bytes.is_empty());
        assert_eq!(message.missing(None).next(), None);
    }
    assert_eq!(message.get(MemberName::ClientList), None);
    message.is_private();
    message.evidence();
    message.bad_time(None);
}

fn check_span(span: &Span, bytes: &[u8]) {
    assert!(span.start < span.end && span.end <= bytes.len());
}

fn check_text(text: &str, sender: Side) {
    assert!(!text.contains('\0'));
    assert!(!readable(text, sender == Side::Server).contains('\0'));
    assert!(!unescaped_name(text).contains('\0'));
    assert!(line(text, 20).chars().count() <= 20);
}
