//! English.

use super::common::{
    Cause, CloseCode, address, capitalised, described, enumerated, has_login_result, isolated, listed, name, quoted,
};
use super::{
    Clause, Column, Command, Completed, Completion, FindingDetail, Flag, Missing, NoteContext, PageText, Party, Phrase,
    Title, Topic, Word,
};
use crate::event::{Acked, Closing, FrameEvent, MessageEvent, Received, Recipient, Reset};
use crate::failpoint::failpoint;
use crate::fields::{Field, Omission, Phase};
use crate::message::Opaque;
use crate::packet::{Frame, Side};

const QUOTES: [&str; 2] = ["“", "”"];

/// What stands between a word and what it introduces.
pub const COLON: &str = ": ";

pub fn frame(event: &FrameEvent<&str>, note: &NoteContext) -> String {
    let (by, other) = (party(&note.by), party(&note.other));
    match event {
        FrameEvent::Syn => format!("{by} sends a SYN packet to {other}: it asks to open a connection"),
        FrameEvent::SynAgain(first) => {
            format!("{by} sends the SYN packet to {other} again (first in frame {first}): no answer has arrived")
        }
        FrameEvent::SynAck => format!("{by} answers {other} with SYN+ACK: it accepts the connection"),
        FrameEvent::SynAckAgain(first) => {
            format!(
                "{by} sends the SYN+ACK packet to {other} again (first in frame {first}): no acknowledgment has arrived"
            )
        }
        FrameEvent::Established => format!("{by} sends an ACK packet to {other}: the TCP connection is established"),
        FrameEvent::Fin => format!("{by} sends a FIN packet to {other}: it has nothing more to send"),
        FrameEvent::FinAcked => format!("{by} acknowledges (ACK) the FIN of {other}: that direction is closed"),
        FrameEvent::Reset(Reset::Refused) => {
            format!(
                "{by} answers the SYN of {other} with RST: the connection is refused, probably because no program listens there"
            )
        }
        FrameEvent::Reset(Reset::AfterFins) => {
            format!("{by} resets (RST) the connection to {other}, which both sides had already closed")
        }
        FrameEvent::Reset(Reset::Open) => {
            format!("{by} resets (RST) the connection to {other}: it ends at once, and data still in transit is lost")
        }
        FrameEvent::Reset(Reset::Unknown) => format!("{by} resets (RST) the connection to {other}"),
        FrameEvent::UpgradeRequest => {
            format!("{by} sends the WebSocket handshake request to {other}: it asks to switch from HTTP to WebSocket")
        }
        FrameEvent::UpgradeRequestAcked(frame) => {
            format!("{by} sends an ACK to {other}: it has received the WebSocket handshake request{}", within(*frame))
        }
        FrameEvent::UpgradeAccepted => {
            format!("{by} returns the WebSocket handshake response to {other}: the handshake has succeeded")
        }
        FrameEvent::UpgradeMisaccepted => format!(
            "{by} returns a WebSocket handshake response with a wrong accept value: {other} must close the connection"
        ),
        FrameEvent::UpgradeWithoutSubprotocol => format!(
            "{by} returns the WebSocket handshake response to {other}: it agrees, but to none of the subprotocols that were asked for, so a browser closes the connection"
        ),
        FrameEvent::UpgradeComplete(frame) => format!(
            "{by} sends an ACK to {other}: it has received the WebSocket handshake response{}; the handshake has succeeded and the WebSocket connection is established",
            within(*frame)
        ),
        FrameEvent::UpgradeRefused(status) => {
            format!("{by} refuses the WebSocket handshake of {other}: it answers with HTTP status {status}")
        }
        FrameEvent::Close(why) => format!("{by} sends {other} a WebSocket close frame{}", closing(why)),
        FrameEvent::CloseReply(why) => format!("{by} answers the close frame of {other} with its own{}", closing(why)),
        FrameEvent::MessagesAcked(acked) => {
            let outcome = if has_login_result(acked) { ", and its login request is complete" } else { "" };
            format!("{by} sends an ACK to {other}: it has received {}{outcome}", things(acked))
        }
    }
}

pub fn message(event: &MessageEvent<&str>, note: &NoteContext) -> String {
    let (by, other) = (party(&note.by), party(&note.other));
    match event {
        MessageEvent::LoginRequest { name, room } => {
            let room = room.map(|room| format!(", room {}", quoted(QUOTES, room))).unwrap_or_default();
            match name {
                Some(name) => {
                    format!(
                        "{by} sends {other} a login request over WebSocket: user name {}{room}",
                        quoted(QUOTES, name)
                    )
                }
                None => format!("{by} sends {other} a login request over WebSocket, without a user name{room}"),
            }
        }
        MessageEvent::UserList { users: Some(count), .. } => {
            format!("{by} sends {other} the user list: {}", users(*count))
        }
        MessageEvent::UserList { users: None, .. } => format!("{by} sends {other} the user list"),
        MessageEvent::LoginResult { name: Some(name) } => {
            format!("{by} sends {other} the login result: {} is logged in", quoted(QUOTES, name))
        }
        MessageEvent::LoginResult { name: None } => {
            format!("{by} sends {other} the login result: the login has succeeded")
        }
        MessageEvent::LoginNotification { name } => {
            let other = notified(note);
            format!(
                "{by} notifies {other} that a new user{} has logged in",
                name.map(|name| format!(", {},", quoted(QUOTES, name))).unwrap_or_default()
            )
        }
        MessageEvent::SayRequest { recipient: whom, .. } => {
            format!("{by} sends {other} a message {} over WebSocket{}", recipient(whom), said(note.text))
        }
        MessageEvent::SayDelivery { sender: who, recipient: whom } => {
            let to = match note.is_own {
                true => format!("its sender, {other}"),
                false if note.is_anothers => another(&note.other),
                false => other,
            };
            let (from, recipient) = (sender(*who), recipient(whom));
            format!("{by} delivers the message{from} {recipient} to {to}{}", said(note.text))
        }
        MessageEvent::LogoutNotification { name } => format!("{by} notifies {other} that {} has left", user(*name)),
        MessageEvent::Ping { .. } | MessageEvent::ClientPing { .. } => {
            format!("{by} sends {other} a heartbeat ping: it asks whether it is still there")
        }
        MessageEvent::Pong { .. } | MessageEvent::ServerPong { .. } => {
            format!("{by} answers {other} with a heartbeat pong: it is still there")
        }
        MessageEvent::UnsolicitedPong { .. } => {
            format!("{by} sends {other} a heartbeat pong that no ping asked for (unsolicited)")
        }
        MessageEvent::Unknown { type_name: Some(name), .. } if note.is_derived => {
            format!("{by} sends {other} a message of type {}", quoted(QUOTES, name))
        }
        MessageEvent::Unknown { type_name: Some(name), .. } => {
            format!("{by} sends {other} a message of type {}, which the chat does not know", quoted(QUOTES, name))
        }
        MessageEvent::Unknown { type_name: None, .. } => {
            format!("{by} sends {other} a message without a readable type")
        }
    }
}

pub fn clause(clause: &Clause) -> String {
    match clause {
        Clause::Masked => " (masked on the wire, so that a dump does not show it; shown unmasked here)".to_owned(),
        Clause::Acked(acked) => format!("; the same packet {}", acknowledges(acked)),
        Clause::Complete(completed) => complete(completed),
        Clause::OtherText => "; delivered, with another text".to_owned(),
        Clause::Readable(line) => format!(": {line}"),
        Clause::Fault(detail) => format!(". {}", finding(detail)),
    }
}

/// What is complete now.
fn complete(completed: &Completed) -> String {
    let frame = completed.frame.map(within).unwrap_or_default();
    match completed.what {
        Completion::Login if completed.is_alone => {
            format!("; there is nobody else to notify, so the login{frame} is complete")
        }
        Completion::Login => format!("; everybody in the chat room has been notified, so the login{frame} is complete"),
        Completion::Say => {
            format!("; all browsers that the message{frame} is for have now received it, so its delivery is complete")
        }
        Completion::Logout => {
            format!("; everybody still in the chat room has been notified, so the logout{frame} is complete")
        }
        Completion::Close => "; the connection is closed in both directions".to_owned(),
    }
}

pub fn title(title: &Title) -> String {
    match title {
        Title::TcpHandshake(Some(step)) => format!("TCP handshake, step {step} of 3"),
        Title::TcpHandshake(None) => "TCP handshake".to_owned(),
        Title::WebSocketHandshake => "WebSocket handshake".to_owned(),
        Title::Login(Some(user)) => format!("Login of {}", name(QUOTES, user)),
        Title::Login(None) => "Login".to_owned(),
        Title::Say { sender, recipient, text } => {
            let sender = sender.map_or_else(|| "Somebody".to_owned(), |sender| name(QUOTES, sender));
            let to = match recipient {
                Recipient::Everyone => " to everyone".to_owned(),
                Recipient::Named(recipient) | Recipient::Id(recipient) => format!(" to {}", name(QUOTES, recipient)),
                Recipient::Unknown => String::new(),
            };
            let text = text.map(|text| format!(": {}", quoted(QUOTES, text))).unwrap_or_default();
            let something = if text.is_empty() { " something" } else { "" };
            format!("{sender} says{something}{to}{text}")
        }
        Title::Heartbeat(Some(user)) => format!("Heartbeat of {}", name(QUOTES, user)),
        Title::Heartbeat(None) => "Heartbeat".to_owned(),
        Title::Logout(Some(user)) => format!("{} leaves", name(QUOTES, user)),
        Title::Logout(None) => "Somebody leaves".to_owned(),
        Title::Close => "Close of the connection".to_owned(),
        Title::Unknown => "Unknown message".to_owned(),
    }
}

pub fn phase(phase: Phase) -> &'static str {
    phase.name()
}

pub fn label(field: Field) -> &'static str {
    field.spec().title
}

pub fn phrase(phrase: &Phrase) -> String {
    failpoint!("language");
    match phrase {
        Phrase::All => "all".to_owned(),
        Phrase::NotJson => "[not JSON]".to_owned(),
        Phrase::Login => "Login".to_owned(),
        Phrase::Room(room) => format!("room {}", isolated(room)),
        Phrase::Browser(party) => match address(party) {
            Some(address) => address,
            None => format!("port {}", party.port),
        },
        Phrase::UserList(count) => format!("User list ({})", users(*count)),
        Phrase::NoMessages => "No messages of the chat.".to_owned(),
        Phrase::Topic(topic) => self::topic(*topic).to_owned(),
        Phrase::Column(title) => column(*title).to_owned(),
        Phrase::Command(which) => command(*which).to_owned(),
        Phrase::Word(which) => word(*which).to_owned(),
        Phrase::Formerly { name, former } => format!("{} (formerly {})", name, former),
        Phrase::LogsIn(Some(user)) => format!("{} logs in", name(QUOTES, user)),
        Phrase::LogsIn(None) => "Somebody logs in".to_owned(),
        Phrase::Renamed { from, to } => format!("{} is now called {}", name(QUOTES, from), name(QUOTES, to)),
        Phrase::More(count) => format!("… and {count} more"),
        Phrase::Delivery { to, frame, milliseconds } => {
            format!("To {} in frame {frame}, after {milliseconds:.3} ms", party(to))
        }
        Phrase::PartOfMessage { by, other, completed_in } => {
            let sentence = format!(
                "{} sends {} a part of the message that is complete in frame {completed_in}",
                party(by),
                party(other)
            );
            capitalised(&sentence)
        }
        Phrase::PolicyRequest { by, other } => capitalised(&format!(
            "{} asks {} for its Flash policy: may pages of other sites connect to it?",
            party(by),
            party(other)
        )),
        Phrase::PolicyFile { by, other } => capitalised(&format!(
            "{} answers {} with its Flash policy (XML): which sites' pages may connect to it",
            party(by),
            party(other)
        )),
        Phrase::Acknowledges(acked) => acknowledges(acked),
        Phrase::BytesMissing { of: Some(of), before } => {
            format!("bytes of {} are missing before frame {before}", party(of))
        }
        Phrase::BytesMissing { of: None, before } => {
            format!("bytes that the server sent to others are missing before frame {before}")
        }
        Phrase::Opaque { what, bytes } => match what {
            Opaque::Zlib => format!("{bytes} bytes that begin like zlib: compressed"),
            Opaque::Gzip => format!("{bytes} bytes that begin like gzip: compressed"),
            Opaque::OpenSsl => format!("{bytes} bytes of Base64 that begin like OpenSSL's: encrypted"),
            Opaque::Base64 => format!("{bytes} bytes of Base64"),
            Opaque::Binary => format!("{bytes} bytes, binary"),
        },
        Phrase::LeftOut(why) => omission(*why).to_owned(),
    }
}

/// Why a label is left out.
fn omission(why: Omission) -> &'static str {
    match why {
        Omission::BytesMissing | Omission::OthersBytesMissing => "bytes are missing",
        Omission::SaidAgain => "the same was said several times, and the capture does not tell which of them it is",
        Omission::CaptureEnds => "the capture ends shortly behind it",
        Omission::BeganBefore => "the connection began before the capture",
        Omission::Cut => "the capture cut the message",
        Omission::NotCaptured => "the sender's connection, or its login, was not captured",
        Omission::StaleList => "the server's list of users may be out of date",
        Omission::SeveralAddresses => {
            "the server has several addresses, and a browser may have received it at more than one"
        }
    }
}

/// What statistics count.
fn topic(topic: Topic) -> &'static str {
    match topic {
        Topic::Messages => "Messages",
        Topic::Users => "Users",
        Topic::Rooms => "Rooms",
        Topic::Findings => "Findings",
        Topic::ResponseTimes => "Response times (µs)",
        Topic::FirstDelivery => "first delivery",
        Topic::LastDelivery => "last delivery",
        Topic::Others => "others",
    }
}

fn column(title: Column) -> &'static str {
    match title {
        Column::Says => "says",
        Column::Received => "received",
        Column::Lost => "lost",
        Column::Mean => "mean",
        Column::Slowest => "slowest",
        Column::FirstSeen => "first seen",
        Column::LastSeen => "last seen",
        Column::Response => "response",
        Column::Count => "count",
        Column::Shortest => "shortest",
        Column::Median => "median",
    }
}

/// What menus and buttons say.
fn command(which: Command) -> &'static str {
    match which {
        Command::Transcript => "Transcript",
        Command::Sessions => "Sessions",
        Command::Users => "Users",
        Command::Times => "Response times",
        Command::Diagram => "Sequence diagram (Mermaid)",
        Command::Page => "Page, packet by packet",
        Command::Counts => "Counts and rates",
        Command::WebPage => "Open as web page",
        Command::GoToPacket => "Go to packet…",
        Command::ApplyAsFilter => "Apply as filter…",
        Command::Copy => "Copy",
        Command::SaveAs => "Save as…",
        Command::File => "File",
        Command::Sort => "Sort by…",
        Command::Column => "Column (number or title)",
        Command::LimitToFilter => "Limit to display filter",
        Command::PacketNumber => "Packet number",
    }
}

fn word(word: Word) -> &'static str {
    match word {
        Word::Side(Side::Client) => "Browser",
        Word::Side(Side::Server) => "Server",
        Word::User => "User",
        Word::Room => "Room",
        Word::Began => "Began",
        Word::Duration => "Duration",
        Word::End => "End",
        Word::Open => "open",
    }
}

/// A text of the page.
pub fn page(text: &PageText) -> String {
    let text = match *text {
        PageText::Legend => "What the flags mean:",
        PageText::Flag(Flag::Syn) => "SYN: asks to open a connection",
        PageText::Flag(Flag::SynAck) => "SYN+ACK: accepts the connection and acknowledges the SYN",
        PageText::Flag(Flag::Ack) => "ACK: what the other end sent has been received",
        PageText::Flag(Flag::Push) => "PSH: sends data",
        PageText::Flag(Flag::PushAck) => "PSH+ACK: sends data, and what the other end sent has been received",
        PageText::Flag(Flag::FinAck) => "FIN+ACK: has nothing more to send and asks to close the connection",
        PageText::Flag(Flag::Reset) => "RST: aborts the connection (also [R.])",
        PageText::Totals { connections, logins, says } => {
            return format!(
                "That is all of it (connections of browsers: {connections}, logins: {logins}, says: {says})."
            );
        }
        PageText::Hexadecimal => "To see binary data in hexadecimal: tcpdump -XAns 4096 -i any port 7272",
        PageText::NoPacket => "No packet of workerman-chat here; see Troubleshooting in README.md.",
        PageText::NothingMatches => "No packet of workerman-chat is shown: the filter matches none.",
        PageText::Title => "Chat session",
        PageText::SkipToPackets => "Skip to the packets",
        PageText::Contents => "Contents",
        PageText::Conversation => "Conversation",
        PageText::DeliveryTimes => "Delivery times",
        PageText::MessagesPerMinute => "Messages a minute",
        PageText::Users => "Users",
        PageText::Packets => "Packets",
        PageText::Packet(frame) => return format!("Packet {frame}"),
        PageText::NotDrawn(count @ 1) => return format!("{count} more is not drawn; its packets stand below."),
        PageText::NotDrawn(count) => return format!("{count} more are not drawn; their packets stand below."),
        PageText::Deliveries { count: count @ 1, mean, .. } => return format!("{count} delivery: it took {mean}."),
        PageText::Deliveries { count, mean, slowest } => {
            return format!("{count} deliveries: {mean} on average, the slowest {slowest}.");
        }
        PageText::Messages { count: count @ 1, .. } => return format!("{count} message."),
        PageText::Messages { count, most } => return format!("{count} messages, at most {most} a minute."),
    };
    text.to_owned()
}

pub fn finding(detail: &FindingDetail) -> String {
    match detail {
        FindingDetail::MalformedJson { reason, near, by: Some(Side::Client) } => format!(
            "Not JSON: {}{}; the server ignores this message and nobody receives it",
            fault((*reason).into()),
            place(near)
        ),
        FindingDetail::MalformedJson { reason, near, by: Some(Side::Server) } => format!(
            "Not JSON: {}{}; the browser cannot read this message and shows nothing",
            fault((*reason).into()),
            place(near)
        ),
        FindingDetail::MalformedJson { reason, near, by: None } => {
            format!("Not JSON: {}{}", fault((*reason).into()), place(near))
        }
        FindingDetail::UnknownType(Some(name)) => {
            format!("The chat has no message of type {} in this direction; it is ignored", quoted(QUOTES, name))
        }
        FindingDetail::UnknownType(None) => "The message has no type; it is ignored".to_owned(),
        FindingDetail::NotAnObject => "The message is JSON, but no object in braces; it is ignored".to_owned(),
        FindingDetail::MissingMember(missing, member) => match missing {
            Missing::Room => format!("The login has no {member}: the server raises an exception and does not answer"),
            Missing::Name => format!("The login has no {member}: the server logs the user in under an empty name"),
            Missing::Content => format!("The message has no {member}: the server delivers an empty text"),
            Missing::Recipient => format!("The message has no {member}: the server delivers it to its sender alone"),
            Missing::RecipientName => format!("The message has no {member}: the copy that the server delivers to the sender does not name the recipient"),
            Missing::FromServer => format!("The message has no {member}, which the chat's server always sends"),
        },
        FindingDetail::SayBeforeLogin => {
            "A message sent before the login: the server raises an exception and nobody receives it"
                .to_owned()
        }
        FindingDetail::NoDelivery => "Nobody received this message, although the connection stayed open".to_owned(),
        FindingDetail::NoLoginResult => "The server never answered this login, although the connection stayed open".to_owned(),
        FindingDetail::NoAck => "The browser never acknowledged this delivery, although it was sent again: it has probably not received it".to_owned(),
        FindingDetail::NoPong => "The browser did not answer this ping".to_owned(),
        FindingDetail::BadTime(time) => {
            format!("The time {} is not YYYY-MM-DD HH:MM:SS as the server writes it", quoted(QUOTES, time))
        }
        FindingDetail::UnescapedHtml(tag) => {
            format!("The server delivered HTML markup that is not its own ({tag}): a browser may run what a user wrote", tag = isolated(tag))
        }
        FindingDetail::AcceptMismatch { expected, found: Some(found) } => {
            format!("The accept value is {found} but the key calls for {expected}: the browser must close the connection", found = isolated(found))
        }
        FindingDetail::AcceptMismatch { expected, found: None } => {
            format!("The response has no accept value, although the key calls for {expected}: the browser must close the connection")
        }
        FindingDetail::UpgradeMissing(missing) => format!(
            "The handshake request lacks {missing}, which RFC 6455, section 4.1, demands: typical of a proxy that does not pass it on (nginx: proxy_http_version, proxy_set_header); Workerman does not insist on it"
        ),
        FindingDetail::HandshakeRefused(status) => {
            format!("The server refused the WebSocket handshake with HTTP status {status}: this browser cannot use the chat")
        }
        FindingDetail::HandshakeCutOff => "The connection ended before the server answered this request: the WebSocket handshake was cut off".to_owned(),
        FindingDetail::TlsWithoutKeys => "TLS: give Wireshark the keys of this connection to see the chat (preference tls.keylog_file; browsers write them to the file that SSLKEYLOGFILE names)".to_owned(),
        FindingDetail::SubprotocolNotGranted => "The browser asked for a subprotocol (Sec-WebSocket-Protocol), and the response names none: the browser closes the connection".to_owned(),
        FindingDetail::UnmaskedClient => {
            "The client's frame is not masked: the server must close the connection (RFC 6455, section 5.1)".to_owned()
        }
        FindingDetail::MaskedServer => {
            "The server's frame is masked: the browser must close the connection (RFC 6455, section 5.1)".to_owned()
        }
        FindingDetail::LongLength => {
            "The client writes the frame's length in more bytes than it takes (RFC 6455, section 5.2); the chat's server accepts it"
                .to_owned()
        }
        FindingDetail::OpcodeOutOfPlace => {
            "The frame's opcode does not fit the frame before it (RFC 6455, section 5.4); the chat's server takes all frames up to the next one with FIN for one message"
                .to_owned()
        }
        FindingDetail::Truncated { captured, reported } => {
            format!("The capture holds {captured} of this message's {reported} bytes; what follows is not shown")
        }
        FindingDetail::AnotherWay { proxy_port: Some(port) } => {
            format!("This request goes through a tunnel of the proxy on port {port}: what the browser and the proxy agreed on before has no notes")
        }
        FindingDetail::AnotherWay { proxy_port: None } => {
            "This message has no note: Wireshark did not get its TCP from IP, so the plugin does not see the TCP headers".to_owned()
        }
        FindingDetail::MemoryFull { megabytes } => format!("The memory for this capture is used up ({megabytes} MB): from this packet on, messages have only the fields that they hold themselves, and other packets have no notes"),
        FindingDetail::TooManyIdle { connections } => format!("This connection is not remembered before it carries data: {connections} others to the chat's ports carry none. The same holds for those that follow"),
        FindingDetail::Internal(what) => format!("An error of this plugin, not of the packet: {what}; please report it"),
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
            format!("\\u{unit:04x} is half of a surrogate pair without the other half, which PHP rejects")
        }
        Cause::UnterminatedString => "a string has no closing quote".to_owned(),
        Cause::UnexpectedCharacter(character) => {
            format!("unexpected character {}", quoted(QUOTES, character.encode_utf8(&mut [0; 4])))
        }
        Cause::UnexpectedByte(byte) => format!("unexpected byte 0x{byte:02x}"),
        Cause::UnexpectedEnd => "the message ends too early".to_owned(),
        Cause::TooDeep(levels) => format!("it is nested more than {levels} levels deep, PHP's limit"),
        Cause::TooLong(bytes) => format!("it is longer than {bytes} bytes, Workerman's limit for a message"),
        Cause::TrailingData => "something follows the object".to_owned(),
    }
}

const SOMEBODY: &str = "somebody";

fn party(party: &Party) -> String {
    let endpoint = match (party.side, address(party)) {
        (Side::Client, None) => format!("browser port {}", party.port),
        (Side::Client, Some(address)) => format!("browser {address}"),
        (Side::Server, None) => format!("server port {}", party.port),
        (Side::Server, Some(address)) => format!("server {address}"),
    };
    match party.name {
        Some(name) => format!("{} ({endpoint})", quoted(QUOTES, name)),
        None => endpoint,
    }
}

/// Who is notified of a login: somebody else than who logs in, or perhaps that one.
fn notified(note: &NoteContext) -> String {
    if note.is_own { party(&note.other) } else { another(&note.other) }
}

/// Somebody else than the one a sentence is about.
fn another(other: &Party) -> String {
    match (other.name, address(other)) {
        (Some(_), _) => party(other),
        (None, None) => format!("another browser (port {})", other.port),
        (None, Some(address)) => format!("another browser ({address})"),
    }
}

/// Who logs in or out.
fn user(name: Option<&str>) -> String {
    name.map_or_else(|| SOMEBODY.to_owned(), |name| format!("user {}", quoted(QUOTES, name)))
}

/// Whose message it is.
fn sender(sender: Option<&str>) -> String {
    sender.map(|sender| format!(" of {}", quoted(QUOTES, sender))).unwrap_or_default()
}

fn recipient(recipient: &Recipient<&str>) -> String {
    match recipient {
        Recipient::Everyone => "for everyone".to_owned(),
        Recipient::Named(name) => format!("for {}", quoted(QUOTES, name)),
        Recipient::Id(id) => format!("for client {}", isolated(id)),
        Recipient::Unknown => "for an unknown recipient".to_owned(),
    }
}

fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {}", quoted(QUOTES, text)) }
}

fn users(count: usize) -> String {
    match count {
        1 => "1 user".to_owned(),
        _ => format!("{count} users"),
    }
}

fn within(frame: Frame) -> String {
    format!(" (frame {frame})")
}

/// What the same packet does with these.
fn acknowledges(acked: &[Acked<&str>]) -> String {
    format!("acknowledges (ACK) {}", things(acked))
}

fn things(acked: &[Acked<&str>]) -> String {
    let things = listed(acked, |acked| format!("{}{}", thing(&acked.what), within(acked.frame)));
    enumerated(things, ", ", " and ", |count| format!("{count} more messages"))
}

/// What was received.
fn thing(what: &Received<&str>) -> String {
    match what {
        Received::UpgradeRequest => "the WebSocket handshake request".to_owned(),
        Received::UpgradeResponse => "the WebSocket handshake response".to_owned(),
        Received::Message(event) => message_received(event),
        Received::SomeMessage => SOME_MESSAGE.to_owned(),
    }
}

fn message_received(event: &MessageEvent<&str>) -> String {
    match event {
        MessageEvent::LoginRequest { .. } => "the login request".to_owned(),
        MessageEvent::UserList { .. } => "the user list".to_owned(),
        MessageEvent::LoginResult { .. } => "the login result".to_owned(),
        MessageEvent::LoginNotification { name } => format!("the notification that {} has logged in", user(*name)),
        MessageEvent::SayRequest { sender: who, .. } | MessageEvent::SayDelivery { sender: who, .. } => {
            format!("the message{}", sender(*who))
        }
        MessageEvent::LogoutNotification { name } => format!("the notification that {} has left", user(*name)),
        MessageEvent::Ping { .. } | MessageEvent::ClientPing { .. } => "the heartbeat ping".to_owned(),
        MessageEvent::Pong { .. } | MessageEvent::ServerPong { .. } | MessageEvent::UnsolicitedPong { .. } => {
            "the heartbeat pong".to_owned()
        }
        MessageEvent::Unknown { .. } => SOME_MESSAGE.to_owned(),
    }
}

/// A message of which it is not said what it is.
const SOME_MESSAGE: &str = "a message";

/// Where in a message that is not JSON the fault is.
fn place(near: &str) -> String {
    if near.is_empty() { String::new() } else { format!(", at {}", quoted(QUOTES, near)) }
}

fn closing(closing: &Closing) -> String {
    match described(closing, QUOTES, meaning) {
        None => String::new(),
        Some((code, why)) if why.is_empty() => format!(" (code {code})"),
        Some((code, why)) => format!(" (code {code}: {why})"),
    }
}

fn meaning(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Normal => "normal closure",
        CloseCode::GoingAway => "going away, because the page was left or the server stops",
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
