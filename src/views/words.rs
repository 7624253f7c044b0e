//! What the views have in common in words: names, titles, and who says what to whom.

use crate::event::Recipient;
use crate::language::{Language, Party, Phrase, isolated};
use crate::message::text;
use crate::packet::Side;
use crate::session::{MessageView, Part};

/// The longest name, in characters.
const MAX_NAME: usize = 160;

/// A name in one printable line.
pub fn name(name: &str) -> String {
    isolated(&text::line(name, MAX_NAME)).into_owned()
}

/// The heading over an exchange.
pub fn title(part: &Part, language: Language) -> String {
    let exchange = part.exchange.filter_map(|said| Some(text::line(said, MAX_NAME)));
    language.title(&exchange.filter_map(|said| Some(&**said)))
}

/// Who says what to whom, of a say or a delivery.
pub fn said(view: &MessageView, recipient: &Recipient<&str>, text: &str, language: Language) -> String {
    let sender = view.sender().map_or_else(|| browser(view, language), name);
    let to = match (view.recipient(), recipient) {
        (_, Recipient::Everyone) => language.phrase(&Phrase::All),
        (Some(recipient), _) => name(recipient),
        (None, Recipient::Id(id)) => name(id),
        (None, _) => "?".to_owned(),
    };
    format!("{sender} → {to}: {}", isolated(text))
}

fn browser(view: &MessageView, language: Language) -> String {
    if view.record.event.is_from_server() {
        return "?".to_owned();
    }
    let ends = view.ends();
    let addresses = ends.addresses();
    language.phrase(&Phrase::Browser(Party::of(&ends, Side::Client, &addresses)))
}
