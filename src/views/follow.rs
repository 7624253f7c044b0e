//! A connection as the two people at its ends see it: a line for each message.

use super::TapEvent;
use super::words::{name, said};
use crate::event::Event;
use crate::failpoint::failpoint;
use crate::language::{Language, Phrase, isolated};
use crate::session::{MessageView, Session};

/// The line of a message, with what is known by now; `None` for what is below the messages.
pub fn line(tap_event: &TapEvent, session: &Session, language: Language) -> Option<String> {
    failpoint!("views::follow");
    let view = session.message_view(tap_event.stream, tap_event.position()?)?;
    Some(match &view.record.event {
        Event::SayRequest(say) | Event::SayDelivery(say) => said(&view, &say.recipient, tap_event.text, language),
        _ => format!("* {}", happening(&view, tap_event, language)),
    })
}

/// What happens, where nobody says anything.
fn happening(view: &MessageView, tap_event: &TapEvent, language: Language) -> String {
    let event = &view.record.event;
    let head = language.kind(view).into_owned();
    let rest = match event {
        Event::UserList { users: Some(count), .. } => return language.phrase(&Phrase::UserList(*count)),
        Event::LoginRequest { name: who, room } => {
            let room = room.map(|room| language.phrase(&Phrase::Room(&name(room))));
            who.map(name).into_iter().chain(room).collect::<Vec<_>>().join(", ")
        }
        Event::LoginResult(Some(who)) | Event::LoginNotification(Some(who)) | Event::LogoutNotification(Some(who)) => {
            name(who)
        }
        Event::Unknown { .. } if tap_event.text.is_empty() => {
            tap_event.problems.lines().next().unwrap_or_default().to_owned()
        }
        Event::Unknown { .. } => isolated(tap_event.text).into_owned(),
        _ => String::new(),
    };
    if rest.is_empty() { head } else { format!("{head}: {rest}") }
}
