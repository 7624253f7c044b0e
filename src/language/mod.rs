//! Events and findings in sentences: one file a language, and what they share in `common`. A sentence is made of what a packet says by
//! itself and what was known when it was first seen, never of what later packets teach.

mod common;
#[cfg(test)]
mod tests;

use crate::event::Event;
use crate::fields::Phase;
use crate::message::json::Reason;
use crate::packet::Side;
use common::End;

/// One row of the table of languages.
struct Spec {
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
        pub enum Language { $($language),* }

        /// Every language, in the order of [`Language`].
        const LANGUAGES: &[Spec] = &[$(Spec {
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
    fn spec(self) -> &'static Spec {
        &LANGUAGES[self as usize]
    }

    /// The preference's value (BCP 47).
    pub fn tag(self) -> &'static str {
        self.spec().tag
    }

    /// The language's name in itself.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// The sentence that a person would write under a packet.
    pub fn note(self, note: Note) -> String {
        let (by, other) = note.ends();
        common::capitalised(&(self.spec().note)(note.event, note.text, by, other))
    }

    /// What a finding means for the chat.
    pub fn finding(self, fact: &Fact) -> String {
        (self.spec().finding)(fact)
    }
}

/// What the sentence under a packet is made of.
#[derive(Debug, Clone)]
pub struct Note<'a> {
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

/// What a finding's sentence is made of.
#[derive(Debug, Clone)]
pub enum Fact<'a> {
    MalformedJson {
        reason: Reason,
        /// Where in the message the fault is, in bytes.
        offset: usize,
        by: Side,
    },
    UnknownType(Option<&'a str>),
    /// The member that is missing, by its name on the wire.
    MissingMember(Phase, &'a str),
    SayBeforeLogin,
    NoDelivery,
    NoPong,
    BadTime(&'a str),
    UnescapedHtml(&'a str),
    AcceptMismatch {
        expected: &'a str,
        found: Option<&'a str>,
    },
    HandshakeRefused(u16),
    UnmaskedClient,
    MaskedServer,
    Truncated {
        captured: usize,
        reported: usize,
    },
    /// Where the plugin failed and what it said.
    Internal(&'a str),
}
