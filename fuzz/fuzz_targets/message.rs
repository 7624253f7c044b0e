//! Any bytes as a message from either side: no panic, no span outside the message, no text that Wireshark would refuse.

#![no_main]

use libfuzzer_sys::fuzz_target;
use workermanchat::message::json::Span;
use workermanchat::message::text::{name, one_line, readable};
use workermanchat::message::{Message, Sender};

fuzz_target!(|bytes: &[u8]| {
    for sender in [Sender::Client, Sender::Server] {
        check(&Message::read(bytes, sender), bytes);
    }
});

fn check(message: &Message, bytes: &[u8]) {
    for field in &message.fields {
        check_span(&field.span, bytes);
        check_text(&field.value, message.sender);
    }
    for client in message.client_list.iter().flat_map(|list| &list.clients) {
        for (text, span) in [&client.id, &client.name].into_iter().flatten() {
            check_span(span, bytes);
            check_text(text, message.sender);
        }
    }
    if let Some(fault) = &message.fault {
        assert!(fault.span.end <= bytes.len());
        assert!(fault.span.start < fault.span.end || bytes.is_empty());
        assert!(message.missing().is_empty());
    }
    message.is_private();
    message.evidence();
    message.bad_time();
}

fn check_span(span: &Span, bytes: &[u8]) {
    assert!(span.start < span.end && span.end <= bytes.len());
}

fn check_text(text: &str, sender: Sender) {
    assert!(!text.contains('\0'));
    assert!(!readable(text, sender == Sender::Server).text.contains('\0'));
    assert!(!name(text).contains('\0'));
    assert!(one_line(text, 20).chars().count() <= 20);
}
