//! Phases and findings in sentences: one file a language. A sentence is made of what a packet says by itself and what was known when
//! it was first seen, never of what later packets teach.

mod en;

use crate::fields::Phase;
use crate::message::json::Reason;
use crate::session::record::Side;

/// A language that notes can be in, in the order of the preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    English,
}

impl Language {
    pub const ALL: &[Language] = &[Language::English];

    /// The preference's value (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
        }
    }

    /// The language's name in itself.
    pub fn name(self) -> &'static str {
        match self {
            Language::English => "English",
        }
    }

    /// The sentence a person would write under a packet.
    pub fn note(self, note: &Note) -> String {
        match self {
            Language::English => en::note(note),
        }
    }

    /// What a finding means for the chat.
    pub fn finding(self, fact: &Fact) -> String {
        match self {
            Language::English => en::finding(fact),
        }
    }
}

/// What the sentence under a packet is made of.
#[derive(Debug, Clone)]
pub struct Note<'a> {
    pub phase: Phase,
    pub client_port: u16,
    pub server_port: u16,
    /// Who sent the packet.
    pub by: Side,
    pub detail: Detail<'a>,
}

#[derive(Debug, Clone)]
pub enum Detail<'a> {
    None,
    /// The frame in which a SYN or SYN+ACK was sent first.
    Again(u32),
    /// The acknowledged frames.
    Acknowledged(&'a [u32]),
    /// An upgrade response: whether its accept value is right, where the request was captured.
    Accept(Option<bool>),
    /// The status of an HTTP response.
    Status(u16),
    /// The status code and reason of a WebSocket close.
    Close(Option<u16>, &'a str),
    /// A login: the name and the room.
    Login(&'a str, Option<&'a str>),
    /// A list: how many users.
    Users(usize),
    /// Somebody, by name.
    Who(&'a str),
    Say(Say<'a>),
    /// An unknown message's type.
    Type(Option<&'a str>),
}

#[derive(Debug, Clone, Copy)]
pub struct Say<'a> {
    /// None where nothing tells.
    pub sender: Option<&'a str>,
    /// None where it is for all.
    pub recipient: Option<&'a str>,
    /// In one line.
    pub text: &'a str,
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
