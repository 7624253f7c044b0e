//! Events and findings in sentences: one file per language, and what the languages share in `common`. A sentence is made from what the
//! packet itself says and what was known when it was first seen, never from later packets.

mod common;
#[cfg(test)]
mod tests;

use crate::event::Event;
use crate::message::json::Reason;
use crate::packet::Side;
use common::End;

/// One row of the table of languages.
struct Entry {
    tag: &'static str,
    name: &'static str,
    note: fn(Event<&str>, &str, End, End) -> String,
    finding: fn(&Fact) -> String,
}

// A language is a file and a line below. `cargo fmt` does not see files that only a macro names; they are formatted with
// `rustfmt --edition 2024 src/language/*.rs`.
macro_rules! languages {
    ($($language:ident $file:ident $tag:literal $name:literal;)*) => {
        $(mod $file;)*

        /// A language that notes can be in, in the order of the preference.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Language { $(#[doc = concat!($name, " (`", $tag, "`).")] $language),* }

        /// Every language, in the order of [`Language`].
        const LANGUAGES: &[Entry] = &[$(Entry {
            tag: $tag,
            name: $name,
            note: $file::note,
            finding: $file::finding,
        }),*];

        impl Language {
            /// Every language; the first is the default.
            pub const ALL: &[Language] = &[$(Language::$language),*];
        }
    };
}

languages! {
    English en "en" "English";
    SimplifiedChinese zh_cn "zh-CN" "简体中文";
    TraditionalChinese zh_tw "zh-TW" "繁體中文";
    French fr "fr" "Français";
    Italian it "it" "Italiano";
    Portuguese pt "pt" "Português";
    Russian ru "ru" "Русский";
}

impl Default for Language {
    fn default() -> Language {
        Language::ALL[0]
    }
}

impl Language {
    fn entry(self) -> &'static Entry {
        &LANGUAGES[self as usize]
    }

    /// The value of the preference `workermanchat.language`: a language tag (BCP 47, RFC 5646).
    pub fn tag(self) -> &'static str {
        self.entry().tag
    }

    /// The language's name in itself.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// The sentence that a person would write under a packet, which describes its event and names its sender's port.
    pub(crate) fn note(self, note: Note) -> String {
        let (by, other) = note.ends();
        common::capitalised(&(self.entry().note)(note.event, note.text, by, other))
    }

    /// The sentence of a finding: what it means for the chat.
    pub(crate) fn finding(self, fact: &Fact) -> String {
        (self.entry().finding)(fact)
    }
}

/// What the sentence under a packet is made from.
#[derive(Debug, Clone)]
pub(crate) struct Note<'a> {
    /// What happens, with texts of one printable line each.
    pub event: Event<&'a str>,
    /// Of a say: its text, in one printable line.
    pub text: &'a str,
    /// Who sent the packet.
    pub by: Side,
    /// The browser's TCP port.
    pub client_port: u16,
    /// The server's TCP port.
    pub server_port: u16,
}

impl Note<'_> {
    /// Who sent the packet, and to whom.
    fn ends(&self) -> (End, End) {
        let client = End { side: Side::Client, port: self.client_port };
        let server = End { side: Side::Server, port: self.server_port };
        match self.by {
            Side::Client => (client, server),
            Side::Server => (server, client),
        }
    }
}

/// What the server does without a member that a message lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// A login without a room: it raises an exception and does not answer.
    Room,
    /// A login without a name: the user's name is empty.
    Name,
    /// A say without content: its deliveries are empty.
    Content,
    /// A say without a recipient: it is delivered to its sender.
    Recipient,
    /// A say to one client without the recipient's name: the sender's copy does not name it.
    RecipientName,
    /// The server sent the message; the chat's own server always sends the member.
    FromServer,
}

/// A finding with what its sentence is made from; texts have one printable line. Each variant is the
/// [`Finding`](crate::fields::Finding) of its name.
#[derive(Debug, Clone)]
pub(crate) enum Fact<'a> {
    /// A message that is not a JSON object (RFC 8259).
    MalformedJson {
        /// What is wrong with it.
        reason: Reason,
        /// The offset of the fault in the message, in bytes.
        offset: usize,
        /// Who sent the message.
        by: Side,
    },
    /// The value of `type`, or `None` for a message without one.
    UnknownType(Option<&'a str>),
    /// What the server does without the member, and the member's name on the wire.
    MissingMember(Missing, &'a str),
    /// A say on a connection without an earlier login.
    SayBeforeLogin,
    /// A say that the server delivered to no connection.
    NoDelivery,
    /// A heartbeat ping that another ping followed, without a pong between them.
    NoPong,
    /// The value of `time`.
    BadTime(&'a str),
    /// The first tag that is not the server's own.
    UnescapedHtml(&'a str),
    /// A `Sec-WebSocket-Accept` that is wrong or absent (RFC 6455, section 4.1).
    AcceptMismatch {
        /// The value that the request's key requires.
        expected: &'a str,
        /// The value in the response; `None` where it has none.
        found: Option<&'a str>,
    },
    /// What an upgrade request lacks (RFC 6455, section 4.1), as it would stand in the request.
    UpgradeMissing(&'a str),
    /// The HTTP status code of the response.
    HandshakeRefused(u16),
    /// A client's frame without a masking key (RFC 6455, section 5.1).
    UnmaskedClient,
    /// A server's frame with a masking key (RFC 6455, section 5.1).
    MaskedServer,
    /// A message of which the capture holds only the beginning.
    Truncated {
        /// How many of its bytes were captured.
        captured: usize,
        /// How many bytes it had on the wire.
        reported: usize,
    },
    /// A connection that Wireshark reaches another way than from IP to TCP to the chat.
    AnotherWay {
        /// The port of the proxy, for a tunnel; `None` where TCP does not come from IP.
        proxy_port: Option<u16>,
    },
    /// The panic's place in the source and its message.
    Internal(&'a str),
}
