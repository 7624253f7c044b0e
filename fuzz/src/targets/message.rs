//! Arbitrary bytes as a message of either side: no panic, no span outside the message, no text that Wireshark could not take, and a
//! message that proves the chat is not taken for one that cannot.

use std::sync::LazyLock;

use workermanchat::message::json::Span;
use workermanchat::message::own::{OwnTable, Row, meanings};
use workermanchat::message::text::{line, readable, unescaped_name};
use workermanchat::message::{Evidence, MemberName, MemberText, Message, may_prove_chat, read_with};
use workermanchat::packet::Side;

/// Checks that, with and without a table of the user's own messages.
pub fn check(bytes: &[u8]) {
    static OWN: LazyLock<OwnTable> = LazyLock::new(own_table);
    for own in [None, Some(&*OWN)] {
        let document = read_with(bytes, own);
        for sender in [Side::Client, Side::Server] {
            for truncated in [false, true] {
                check_message(&Message::of(&document, sender, truncated), bytes);
            }
        }
    }
}

/// Each kind of message by the `type` of another, and each member by its own key and by a letter.
fn own_table() -> OwnTable {
    let types = ["say", "login", "pong", "ping", "user_list", "logout", "re_login", "x"].map(str::to_owned);
    let keys = meanings().skip(types.len()).zip('a'..).map(|(_, letter)| letter.to_string());
    let names: Vec<String> = types.into_iter().chain(keys).collect();
    OwnTable::of(names.iter().enumerate().map(|(meaning, name)| Row { name: name.as_bytes(), meaning })).0
}

fn check_message(message: &Message, bytes: &[u8]) {
    message.fields().for_each(|field| {
        check_field(&field, message.sender, bytes);
        assert!(message.get(field.name).is_some());
    });
    message.shown_fields().chain(message.shown_content()).for_each(|field| check_field(&field, message.sender, bytes));
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
    assert!(!message.near_fault().contains(char::is_control));
    assert_eq!(message.get(MemberName::ClientList), None);
    assert!(message.evidence() != Evidence::Dialect || message.is_own() || may_prove_chat(bytes));
    message.is_private();
    message.to();
    message.bad_time(None);
}

fn check_field(field: &MemberText, sender: Side, bytes: &[u8]) {
    check_span(&field.span, bytes);
    check_text(&field.display(), sender);
}

fn check_span(span: &Span, bytes: &[u8]) {
    assert!(span.start < span.end && span.end <= bytes.len());
}

fn check_text(text: &str, sender: Side) {
    assert!(!text.contains('\0'));
    assert!(!readable(text, sender == Side::Server).contains('\0'));
    assert!(!unescaped_name(text, 2).contains('\0'));
    let line = line(text, 20);
    assert!(line.chars().count() <= 20 && !line.contains(char::is_control));
}
