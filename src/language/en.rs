//! English.

use super::{Detail, Fact, Note, Say};
use crate::fields::Phase;
use crate::message::json::{MAX_DEPTH, MAX_LENGTH, Reason};
use crate::session::record::Side;

pub fn note(note: &Note) -> String {
    let browser = format!("browser port {}", note.client_port);
    let server = format!("server port {}", note.server_port);
    let (by, other) = match note.by {
        Side::Client => (browser.as_str(), server.as_str()),
        Side::Server => (server.as_str(), browser.as_str()),
    };
    let sentence = match (note.phase, &note.detail) {
        (Phase::TcpSyn, Detail::Again(first)) => {
            format!("{by} sends SYN to {other} again (first in frame {first}): no answer has arrived")
        }
        (Phase::TcpSyn, _) => format!("{by} sends SYN to {other}: it asks to open a connection"),
        (Phase::TcpSynAck, Detail::Again(first)) => {
            format!("{by} sends SYN+ACK to {other} again (first in frame {first}): no acknowledgment has arrived")
        }
        (Phase::TcpSynAck, _) => {
            format!("{by} answers {other} with SYN+ACK: it accepts the connection")
        }
        (Phase::TcpAck, _) => {
            format!("{by} acknowledges the SYN+ACK of {other}: the TCP connection is established")
        }
        (Phase::TcpFin, _) => format!("{by} sends FIN to {other}: it has nothing more to send"),
        (Phase::TcpFinAcked, _) => {
            format!("{by} acknowledges the FIN of {other}: that direction is closed")
        }
        (Phase::TcpReset, _) => {
            format!("{by} resets the connection: it ends at once, and what was under way is lost")
        }
        (Phase::UpgradeRequest, _) => format!("{by} asks {other} to switch from HTTP to WebSocket"),
        (Phase::UpgradeRequestAcked, Detail::Acknowledged(frames)) => {
            format!("{by} has received the WebSocket handshake request in {}; its answer follows", list(frames))
        }
        (Phase::UpgradeResponse, Detail::Accept(Some(false))) => {
            format!("{by} agrees to speak WebSocket, but its accept value is wrong: {other} will close the connection")
        }
        (Phase::UpgradeResponse, _) => {
            format!("{by} agrees to speak WebSocket with {other}: the handshake has succeeded")
        }
        (Phase::UpgradeComplete, Detail::Acknowledged(frames)) => {
            format!("{by} has received the response in {}: the WebSocket connection is established", list(frames))
        }
        (Phase::UpgradeRefused, Detail::Status(status)) => {
            format!("{by} refuses to speak WebSocket with {other}: it answers with HTTP status {status}")
        }
        (Phase::Close, Detail::Close(code, reason)) => {
            format!("{by} closes the WebSocket connection to {other}{}", close(*code, reason))
        }
        (Phase::CloseReply, Detail::Close(code, reason)) => {
            format!("{by} agrees to close the WebSocket connection to {other}{}", close(*code, reason))
        }
        (Phase::MessageAcked, Detail::Acknowledged(frames)) => {
            format!(
                "{by} has received the {} in {}",
                if frames.len() == 1 { "message" } else { "messages" },
                list(frames)
            )
        }
        (Phase::LoginRequest, Detail::Login(name, room)) => match room {
            Some(room) => format!("{by} asks {other} to log in as {name} to room {room}"),
            None => format!("{by} asks {other} to log in as {name}"),
        },
        (Phase::UserList, Detail::Users(count)) => {
            format!("{by} tells {other} who is logged in: {}", users(*count))
        }
        (Phase::LoginResult, Detail::Who(name)) => {
            format!("{by} tells {other} that its login as {name} has succeeded")
        }
        (Phase::LoginNotification, Detail::Who(name)) => {
            format!("{by} tells {other} that {name} has logged in")
        }
        (Phase::SayRequest, Detail::Say(say)) => {
            format!("{by} asks {other} to pass on: {}", said(say))
        }
        (Phase::SayDelivery, Detail::Say(say)) => {
            format!("{by} delivers to {other}: {}", said(say))
        }
        (Phase::LogoutNotification, Detail::Who(name)) => {
            format!("{by} tells {other} that {name} has left")
        }
        (Phase::Ping, _) => format!("{by} asks {other} whether it is still there"),
        (Phase::Pong, _) => format!("{by} answers {other}: it is still there"),
        (Phase::Unknown, Detail::Type(Some(name))) => {
            format!("{by} sends {other} a message of type {name}, which the chat does not know")
        }
        (phase, _) => format!("{by} sends {other}: {}", phase.name()),
    };
    capitalised(&sentence)
}

pub fn finding(fact: &Fact) -> String {
    match fact {
        Fact::MalformedJson { reason, offset, by } => {
            let effect = match by {
                Side::Client => "the server ignores this message and nobody receives it",
                Side::Server => "the browser cannot read this message and shows nothing",
            };
            format!("Not JSON: {} (byte {offset}); {effect}", fault(*reason))
        }
        Fact::UnknownType(Some(name)) => {
            format!("The chat has no message of type {name} in this direction; it is ignored")
        }
        Fact::UnknownType(None) => "The message has no type; it is ignored".to_owned(),
        Fact::MissingMember(Phase::LoginRequest, member) => {
            format!("The login has no {member}: the server raises an exception and does not answer")
        }
        Fact::MissingMember(_, member) => format!("The message has no {member}, which the chat needs"),
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
        Fact::Internal(what) => format!("A fault of this plugin, not of the packet: {what}; please report it"),
    }
}

fn fault(reason: Reason) -> String {
    match reason {
        Reason::Empty => "the message is empty".to_owned(),
        Reason::NotAnObject => "the message is not an object in braces".to_owned(),
        Reason::InvalidEscape(_) => "a backslash must be escaped".to_owned(),
        Reason::ControlCharacter(0x09) => "a tab must be escaped".to_owned(),
        Reason::ControlCharacter(b'\n' | b'\r') => "a line end must be escaped".to_owned(),
        Reason::ControlCharacter(byte) => format!("control character 0x{byte:02x} must be escaped"),
        Reason::InvalidUtf8 => "the text is not valid UTF-8".to_owned(),
        Reason::UnterminatedString => "a string has no closing quote".to_owned(),
        Reason::UnexpectedByte(byte) if byte.is_ascii_graphic() => {
            format!("{} cannot stand here", byte as char)
        }
        Reason::UnexpectedByte(byte) => format!("byte 0x{byte:02x} cannot stand here"),
        Reason::UnexpectedEnd => "the message ends too early".to_owned(),
        Reason::TooDeep => format!("it is nested more than {MAX_DEPTH} levels deep, PHP's limit"),
        Reason::TooLong => {
            format!("it is longer than {MAX_LENGTH} bytes, Workerman's limit for a message")
        }
        Reason::TrailingData => "something follows the object".to_owned(),
    }
}

fn said(say: &Say) -> String {
    let recipient = say.recipient.unwrap_or("everyone");
    match say.sender {
        Some(sender) => format!("{sender} says to {recipient}: {}", say.text),
        None => format!("somebody says to {recipient}: {}", say.text),
    }
}

fn users(count: usize) -> String {
    if count == 1 { "1 user".to_owned() } else { format!("{count} users") }
}

/// `frame 9`, `frames 9, 11 and 13`, `frames 9, 11, 13 and 5 more`
fn list(frames: &[u32]) -> String {
    const TOLD: usize = 8;
    match frames {
        [] => "no frame".to_owned(),
        [one] => format!("frame {one}"),
        [first @ .., last] if frames.len() <= TOLD => {
            format!("frames {} and {last}", commas(first))
        }
        _ => format!("frames {} and {} more", commas(&frames[..TOLD]), frames.len() - TOLD),
    }
}

fn commas(frames: &[u32]) -> String {
    frames.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

fn close(code: Option<u16>, reason: &str) -> String {
    let meaning = match code {
        None => return String::new(),
        Some(1000) => "normal closure",
        Some(1001) => "going away: the page was left or the server stops",
        Some(1002) => "protocol error",
        Some(1003) => "unsupported data",
        Some(1005) => "no status code",
        Some(1006) => "abnormal closure",
        Some(1007) => "invalid data",
        Some(1008) => "policy violation",
        Some(1009) => "message too big",
        Some(1010) => "extension missing",
        Some(1011) => "internal error",
        Some(1012) => "service restart",
        Some(1013) => "try again later",
        Some(_) => "",
    };
    let code = code.unwrap_or_default();
    let said = if reason.is_empty() { meaning } else { reason };
    if said.is_empty() { format!(" (code {code})") } else { format!(" (code {code}, {said})") }
}

fn capitalised(sentence: &str) -> String {
    let mut characters = sentence.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
