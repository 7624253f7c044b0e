//! English.

use super::common::{Cause, CloseCode, End, Frames, described, joined};
use super::{Fact, Missing};
use crate::event::{Closing, Event, Recipient, Reset, Say};
use crate::packet::Side;

pub fn note(event: Event<&str>, text: &str, by: End, other: End) -> String {
    let (by, other) = (end(by), end(other));
    match event {
        Event::Syn => format!("{by} sends SYN to {other}: it asks to open a connection"),
        Event::SynAgain(first) => {
            format!("{by} sends SYN to {other} again (first in frame {first}): no answer has arrived")
        }
        Event::SynAck => format!("{by} answers {other} with SYN+ACK: it accepts the connection"),
        Event::SynAckAgain(first) => {
            format!("{by} sends SYN+ACK to {other} again (first in frame {first}): no acknowledgment has arrived")
        }
        Event::Established => {
            format!("{by} acknowledges the SYN+ACK of {other}: the TCP connection is established")
        }
        Event::Fin => format!("{by} sends FIN to {other}: it has nothing more to send"),
        Event::FinAcked => format!("{by} acknowledges the FIN of {other}: that direction is closed"),
        Event::Reset(Reset::Refused) => {
            format!("{by} answers the SYN of {other} with a RST: it accepts no connection, nobody listens there")
        }
        Event::Reset(Reset::AfterFins) => format!("{by} resets the connection, which both sides had already closed"),
        Event::Reset(Reset::Open) => {
            format!("{by} resets the connection: it ends at once, and what was under way is lost")
        }
        Event::Reset(Reset::Unknown) => format!("{by} resets the connection"),
        Event::UpgradeRequest => format!("{by} asks {other} to switch from HTTP to WebSocket"),
        Event::UpgradeRequestAcked(frame) => {
            format!("{by} has received the WebSocket handshake request in frame {frame}; its answer follows")
        }
        Event::UpgradeAccepted => {
            format!("{by} agrees to speak WebSocket with {other}: the handshake has succeeded")
        }
        Event::UpgradeMisaccepted => {
            format!("{by} agrees to speak WebSocket, but its accept value is wrong: {other} will close the connection")
        }
        Event::UpgradeComplete(frame) => {
            format!("{by} has received the response in frame {frame}: the WebSocket connection is established")
        }
        Event::UpgradeRefused(status) => {
            format!("{by} refuses to speak WebSocket with {other}: it answers with HTTP status {status}")
        }
        Event::Close(why) => format!("{by} closes the WebSocket connection to {other}{}", closing(why)),
        Event::CloseReply(why) => {
            format!("{by} agrees to close the WebSocket connection to {other}{}", closing(why))
        }
        Event::MessagesAcked(frames) => format!("{by} has received the {}", messages(Frames::of(&frames))),
        Event::LoginRequest { name, room: Some(room) } => {
            format!("{by} asks {other} to log in {} in room {room}", named(name))
        }
        Event::LoginRequest { name, room: None } => format!("{by} asks {other} to log in {}", named(name)),
        Event::UserList { users: Some(count), .. } => format!("{by} tells {other} who is logged in: {}", users(count)),
        Event::UserList { users: None, .. } => format!("{by} tells {other} who is logged in"),
        Event::LoginResult(name) => {
            format!("{by} tells {other} that its login {} has succeeded", named(name))
        }
        Event::LoginNotification(name) => {
            format!("{by} tells {other} that {} has logged in", name.unwrap_or(SOMEBODY))
        }
        Event::SayRequest(say) => format!("{by} asks {other} to pass on: {}", saying(say, text)),
        Event::SayDelivery(say) => format!("{by} delivers to {other}: {}", saying(say, text)),
        Event::LogoutNotification(name) => {
            format!("{by} tells {other} that {} has left", name.unwrap_or(SOMEBODY))
        }
        Event::Ping(_) => format!("{by} asks {other} whether it is still there"),
        Event::Pong(_) => format!("{by} answers {other}: it is still there"),
        Event::Unknown { type_name: Some(name), .. } => {
            format!("{by} sends {other} a message of type {name}, which the chat does not know")
        }
        Event::Unknown { type_name: None, .. } => format!("{by} sends {other} a message without a readable type"),
    }
}

pub fn finding(fact: &Fact) -> String {
    match fact {
        Fact::MalformedJson { reason, offset, by: Side::Client } => format!(
            "Not JSON: {} (byte {offset}); the server ignores this message and nobody receives it",
            fault((*reason).into())
        ),
        Fact::MalformedJson { reason, offset, by: Side::Server } => format!(
            "Not JSON: {} (byte {offset}); the browser cannot read this message and shows nothing",
            fault((*reason).into())
        ),
        Fact::UnknownType(Some(name)) => {
            format!("The chat has no message of type {name} in this direction; it is ignored")
        }
        Fact::UnknownType(None) => "The message has no type; it is ignored".to_owned(),
        Fact::MissingMember(missing, member) => match missing {
            Missing::Room => format!("The login has no {member}: the server raises an exception and does not answer"),
            Missing::Name => format!("The login has no {member}: the server logs the user in under an empty name"),
            Missing::Content => format!("The message has no {member}: the server delivers an empty text"),
            Missing::Recipient => format!("The message has no {member}: the server delivers it to its sender alone"),
            Missing::RecipientName => format!("The message has no {member}: the copy that the server delivers to the sender does not name the recipient"),
            Missing::FromServer => format!("The message has no {member}, which the chat's server always sends"),
        },
        Fact::SayBeforeLogin => {
            "Said on a connection that has not logged in: the server raises an exception and nobody receives it"
                .to_owned()
        }
        Fact::NoDelivery => "Nobody received what is said here, although the connection went on".to_owned(),
        Fact::NoPong => "The browser did not answer this ping before the next one".to_owned(),
        Fact::BadTime(time) => format!("The time is not YYYY-MM-DD HH:MM:SS as the server writes it: {time}"),
        Fact::UnescapedHtml(tag) => {
            format!("The server delivered markup that is not its own ({tag}): a browser runs what a user wrote")
        }
        Fact::AcceptMismatch { expected, found: Some(found) } => {
            format!("The accept value is {found} but the key calls for {expected}: the browser closes the connection")
        }
        Fact::AcceptMismatch { expected, found: None } => {
            format!("There is no accept value, and the key calls for {expected}: the browser closes the connection")
        }
        Fact::UpgradeMissing(missing) => format!(
            "The handshake request lacks {missing}, which RFC 6455, section 4.1, demands: typical of a proxy that does not pass it on (nginx: proxy_http_version, proxy_set_header); Workerman does not insist on it"
        ),
        Fact::HandshakeRefused(status) => {
            format!("The server refused the WebSocket handshake with HTTP status {status}: this browser cannot chat")
        }
        Fact::UnmaskedClient => {
            "The client's frame is not masked: the server must close the connection (RFC 6455, section 5.1)".to_owned()
        }
        Fact::MaskedServer => {
            "The server's frame is masked: the browser must close the connection (RFC 6455, section 5.1)".to_owned()
        }
        Fact::Truncated { captured, reported } => {
            format!("The capture holds {captured} of this message's {reported} bytes; what follows is not shown")
        }
        Fact::AnotherWay { proxy_port: Some(port) } => {
            format!("In a tunnel through the proxy on port {port}: what browser and proxy agreed on before has no label")
        }
        Fact::AnotherWay { proxy_port: None } => {
            "This message has no label: Wireshark did not get its TCP from IP, so the plugin does not see the TCP headers".to_owned()
        }
        Fact::Internal(what) => format!("A fault of this plugin, not of the packet: {what}; please report it"),
    }
}

fn fault(fault: Cause) -> String {
    match fault {
        Cause::Empty => "the message is empty".to_owned(),
        Cause::NotAnObject => "the message is not an object in braces".to_owned(),
        Cause::Backslash => "a backslash must be escaped".to_owned(),
        Cause::Tab => "a tab must be escaped".to_owned(),
        Cause::LineEnd => "a line end must be escaped".to_owned(),
        Cause::ControlCharacter(byte) => format!("control character 0x{byte:02x} must be escaped"),
        Cause::InvalidUtf8 => "the text is not valid UTF-8".to_owned(),
        Cause::LoneSurrogate(unit) => {
            format!("\\u{unit:04x} is half of a surrogate pair, without the other half, which PHP refuses")
        }
        Cause::UnterminatedString => "a string has no closing quote".to_owned(),
        Cause::UnexpectedCharacter(character) => format!("{character} cannot stand here"),
        Cause::UnexpectedByte(byte) => format!("byte 0x{byte:02x} cannot stand here"),
        Cause::UnexpectedEnd => "the message ends too early".to_owned(),
        Cause::TooDeep(levels) => format!("it is nested more than {levels} levels deep, PHP's limit"),
        Cause::TooLong(bytes) => format!("it is longer than {bytes} bytes, Workerman's limit for a message"),
        Cause::TrailingData => "something follows the object".to_owned(),
    }
}

const SOMEBODY: &str = "somebody";

fn end(end: End) -> String {
    match end.side {
        Side::Client => format!("browser port {}", end.port),
        Side::Server => format!("server port {}", end.port),
    }
}

fn named(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("as {name}"),
        None => "without a name".to_owned(),
    }
}

fn saying(say: Say<&str>, text: &str) -> String {
    let sender = say.sender.unwrap_or(SOMEBODY);
    match say.recipient {
        Recipient::Everyone => format!("{sender} says to everyone: {text}"),
        Recipient::Named(recipient) | Recipient::Id(recipient) => format!("{sender} says to {recipient}: {text}"),
        Recipient::Unknown => format!("{sender} says: {text}"),
    }
}

fn users(count: usize) -> String {
    match count {
        1 => "1 user".to_owned(),
        _ => format!("{count} users"),
    }
}

fn messages(frames: Frames) -> String {
    match frames {
        Frames::One(frame) => format!("message in frame {frame}"),
        Frames::Several(first, last) => format!("messages in frames {} and {last}", joined(first, ", ")),
        Frames::Many(first, more) => format!("messages in frames {} and {more} more", joined(first, ", ")),
    }
}

fn closing(closing: Closing) -> String {
    match described(&closing, meaning) {
        None => String::new(),
        Some((code, "")) => format!(" (code {code})"),
        Some((code, why)) => format!(" (code {code}, {why})"),
    }
}

fn meaning(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Normal => "normal closure",
        CloseCode::GoingAway => "going away: the page was left or the server stops",
        CloseCode::ProtocolError => "protocol error",
        CloseCode::UnsupportedData => "unsupported data",
        CloseCode::NoStatus => "no status code",
        CloseCode::Abnormal => "abnormal closure",
        CloseCode::InvalidData => "invalid data",
        CloseCode::PolicyViolation => "policy violation",
        CloseCode::TooBig => "message too big",
        CloseCode::ExtensionMissing => "extension missing",
        CloseCode::InternalError => "internal error",
        CloseCode::ServiceRestart => "service restart",
        CloseCode::TryAgainLater => "try again later",
    }
}
