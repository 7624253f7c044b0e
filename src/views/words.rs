//! What the views have in common in words: names, and who says what to whom.

use unicode_width::UnicodeWidthChar;

use crate::event::Recipient;
use crate::fields::Severity;
use crate::language::{Language, MAX_LINE, Party, Phrase, isolated, learned_findings};
use crate::message::text;
use crate::packet::Side;
use crate::session::MessageView;

/// A name in one printable line.
pub fn name(name: &str) -> String {
    isolated(&text::line(name, MAX_LINE)).into_owned()
}

/// A line that is at most so many columns wide: cut, with an ellipsis, where it is wider.
pub fn in_columns(line: &str, most: usize) -> String {
    let mut columns = 0;
    let wide = line.char_indices().find(|(_, character)| {
        columns += character.width().unwrap_or(0);
        columns > most
    });
    let Some((end, _)) = wide else { return line.to_owned() };
    let cut = &line[..end];
    let open = cut.matches('\u{2068}').count().saturating_sub(cut.matches('\u{2069}').count());
    format!("{cut}…{}", "\u{2069}".repeat(open))
}

/// The sentences of what is wrong with a message that `by` sent: of those that its packet shows, a line each, and of what is known by now.
pub fn problems(view: &MessageView, by: Side, shown: &str, language: Language) -> Vec<String> {
    let learned = learned_findings(view, by).filter(|(finding, _)| finding.spec().severity >= Severity::Warning);
    let learned = learned.map(|(_, detail)| language.finding(&detail));
    shown.lines().map(str::to_owned).chain(learned).collect()
}

/// Who says what to whom, of a say or a delivery.
pub fn said(view: &MessageView, recipient: &Recipient<&str>, text: &str, language: Language) -> String {
    let sender = view.sender().map_or_else(|| browser(view, language), name);
    let recipient = recipient_of(view, recipient, language, name);
    format!("{sender} → {recipient}{}{}", language.colon(), isolated(text))
}

/// What a person reads of a message that the chat does not know: who says this to whom, as far as it tells.
pub fn readable(view: &MessageView, recipient: &Recipient<&str>, text: &str, language: Language) -> String {
    match view.sender() {
        _ if !matches!(recipient, Recipient::Unknown) => said(view, recipient, text, language),
        Some(sender) if !text.is_empty() => format!("{}{}{}", name(sender), language.colon(), isolated(text)),
        Some(sender) => name(sender),
        None => isolated(text).into_owned(),
    }
}

/// Whom a say or a delivery is for; `name` writes a name or an id.
pub fn recipient_of(
    view: &MessageView,
    recipient: &Recipient<&str>,
    language: Language,
    name: fn(&str) -> String,
) -> String {
    match (view.recipient(), recipient) {
        (_, Recipient::Everyone) => language.phrase(&Phrase::All),
        (Some(recipient), _) => name(recipient),
        (None, Recipient::Id(id)) => name(id),
        (None, _) => "?".to_owned(),
    }
}

fn browser(view: &MessageView, language: Language) -> String {
    if view.record.event.is_from_server() {
        return "?".to_owned();
    }
    let ends = view.ends();
    let addresses = ends.addresses();
    language.phrase(&Phrase::Browser(Party::of(&ends, Side::Client, &addresses)))
}
