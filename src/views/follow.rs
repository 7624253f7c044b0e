//! A connection as the two people at its ends see it: a line for each message.

use super::TapEvent;
use super::words::{name, readable, said};
use crate::event::{MessageEvent, Recipient};
use crate::failpoint::failpoint;
use crate::language::{Language, Phrase, isolated};
use crate::packet::Side;
use crate::session::{MessageView, Session};

/// The line of a message, with what is known by now; `None` for what is below the messages.
pub fn line(tap_event: &TapEvent, session: &Session, language: Language) -> Option<String> {
    failpoint!("views::follow");
    let view = session.message_view(tap_event.stream, tap_event.position()?)?;
    Some(match &view.record.event {
        MessageEvent::SayRequest { recipient, .. } | MessageEvent::SayDelivery { recipient, .. } => {
            said(&view, recipient, tap_event.text, language)
        }
        MessageEvent::LoginRequest { .. }
        | MessageEvent::UserList { .. }
        | MessageEvent::LoginResult { .. }
        | MessageEvent::LoginNotification { .. }
        | MessageEvent::LogoutNotification { .. }
        | MessageEvent::Ping { .. }
        | MessageEvent::Pong { .. }
        | MessageEvent::ClientPing { .. }
        | MessageEvent::ServerPong { .. }
        | MessageEvent::UnsolicitedPong { .. }
        | MessageEvent::Unknown { .. } => format!("* {}", happening(&view, tap_event, language)),
    })
}

/// What happens, where nobody says anything.
fn happening(view: &MessageView, tap_event: &TapEvent, language: Language) -> String {
    let rest = match &view.record.event {
        MessageEvent::UserList { users: Some(count), .. } => return language.phrase(&Phrase::UserList(*count)),
        MessageEvent::LoginRequest { name: who, room } => {
            let room = room.map(|room| language.phrase(&Phrase::Room(&name(room))));
            who.map(name).into_iter().chain(room).collect::<Vec<_>>().join(", ")
        }
        MessageEvent::LoginResult { name: who }
        | MessageEvent::LoginNotification { name: who }
        | MessageEvent::LogoutNotification { name: who } => who.map(name).unwrap_or_default(),
        MessageEvent::Unknown { .. } if tap_event.text.is_empty() => {
            tap_event.problems.lines().next().unwrap_or_default().to_owned()
        }
        MessageEvent::Unknown { recipient: Recipient::Unknown, .. } if tap_event.by == Side::Client => {
            isolated(tap_event.text).into_owned()
        }
        MessageEvent::Unknown { recipient, .. } => readable(view, recipient, tap_event.text, language),
        MessageEvent::UserList { users: None, .. }
        | MessageEvent::SayRequest { .. }
        | MessageEvent::SayDelivery { .. }
        | MessageEvent::Ping { .. }
        | MessageEvent::Pong { .. }
        | MessageEvent::ClientPing { .. }
        | MessageEvent::ServerPong { .. }
        | MessageEvent::UnsolicitedPong { .. } => String::new(),
    };
    let kind = language.kind(view);
    if rest.is_empty() { kind.into_owned() } else { format!("{kind}{}{rest}", language.colon()) }
}
