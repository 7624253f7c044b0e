//! Who is at the ends of a message, for Wireshark's tables of endpoints and conversations.

use super::TapEvent;
use super::words::name;
use crate::event::MessageEvent;
use crate::failpoint::failpoint;
use crate::language::{Language, Party, Phrase, Word};
use crate::packet::Side;
use crate::session::{MessageView, Session};

/// One end.
#[derive(Debug, PartialEq, Eq)]
pub struct End {
    /// The user's name in one printable line, or the browser by its place.
    pub name: String,
    /// Whether that is the user's name as it is, and may stand in a display filter.
    pub is_plain: bool,
}

/// The ends of a message.
#[derive(Debug, PartialEq, Eq)]
pub struct Ends {
    /// The user of its connection.
    pub user: End,
    /// Of a delivery to somebody else: who says it, where that is known.
    pub sender: Option<End>,
}

/// The ends of a message, with what is known by now; `None` for what is below the messages, or not the chat's.
pub fn of(tap_event: &TapEvent, session: &Session, language: Language) -> Option<Ends> {
    failpoint!("views::ends");
    let view = session.message_view(tap_event.stream, tap_event.position()?)?;
    let user = view.user().map(|user| user.name).filter(|name| !name.is_empty());
    let is_delivery = matches!(view.record.event, MessageEvent::SayDelivery { .. });
    let sender = view.sender().filter(|sender| is_delivery && !sender.is_empty() && user != Some(*sender));
    Some(Ends { user: user.map_or_else(|| browser(&view, language), end), sender: sender.map(end) })
}

fn end(user: &str) -> End {
    let name = name(user);
    let is_plain = name == user && !name.contains(['"', '\\']);
    End { name, is_plain }
}

/// A browser whose user is not known.
fn browser(view: &MessageView, language: Language) -> End {
    let (ends, word) = (view.ends(), language.phrase(&Phrase::Word(Word::Side(Side::Client))));
    let addresses = ends.addresses();
    let place = language.phrase(&Phrase::Browser(Party::of(&ends, Side::Client, &addresses)));
    End { name: format!("{word} ({place})"), is_plain: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_filter_would_read_otherwise_is_not_plain() {
        let is_plain = |user| end(user).is_plain;
        assert!(["anna", "猪猪", "<b>", "   "].into_iter().all(is_plain));
        assert!(!["a\"b", "a\\b", "a\nb", "\u{202e}x", "שלום"].into_iter().any(is_plain));
    }
}
