//! Display filters for what a packet belongs to: its user, its room, its exchange, its connection.

use crate::fields::Field;
use crate::packet::{Frame, StreamId};
use crate::session::Session;

/// What a filter is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// The user of the packet's connection.
    User,
    /// That user's room.
    Room,
    /// The exchange that the packet takes part in.
    Exchange,
    /// The packet's connection.
    Connection,
}

/// The filter for a packet, which `port` sent; `None` where it belongs to no such thing.
pub fn filter(of: Of, session: &Session, stream: StreamId, frame: Frame, port: u16) -> Option<String> {
    let place = session.place(stream, frame, port)?;
    let (field, value) = match of {
        Of::User => (Field::User.spec().name, quoted(Some(place.user?.name).filter(|name| !name.is_empty())?)),
        Of::Room => (Field::Room.spec().name, quoted(place.user?.room?)),
        Of::Exchange => (Field::Exchange.spec().name, place.exchange?.to_string()),
        Of::Connection => ("tcp.stream", stream.tcp().to_string()),
    };
    Some(format!("{field} == {value}"))
}

/// The filter for the exchange that a frame takes part in, on whatever connection; for the frame alone where it takes part in none.
pub fn exchange_filter(session: &Session, frame: Frame) -> String {
    match session.exchange_of(frame) {
        Some(began) => format!("{} == {began}", Field::Exchange.spec().name),
        None => format!("frame.number == {frame}"),
    }
}

/// A value as a string of a display filter, which knows C's escapes. A NUL is what a field has for it.
fn quoted(value: &str) -> String {
    let mut quoted = String::from('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\0' => quoted.push('\u{fffd}'),
            character if character.is_ascii_control() => quoted.push_str(&format!("\\x{:02x}", character as u32)),
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_as_a_display_filter_reads_it() {
        assert_eq!(quoted("anna"), r#""anna""#);
        assert_eq!(quoted(r#"a"b\c"#), r#""a\"b\\c""#);
        assert_eq!(quoted("\u{1b}[2J\n\u{7f}"), r#""\x1b[2J\x0a\x7f""#);
        assert_eq!(quoted("a\0b 安娜\u{202e}"), "\"a\u{fffd}b 安娜\u{202e}\"");
    }

    #[test]
    fn of_an_unknown_connection_there_is_no_filter() {
        let session = Session::default();
        for of in [Of::User, Of::Room, Of::Exchange, Of::Connection] {
            assert_eq!(filter(of, &session, StreamId(0), Frame::of(1), 7272), None);
        }
        assert_eq!(exchange_filter(&session, Frame::of(1)), "frame.number == 1");
    }
}
