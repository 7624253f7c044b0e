//! Events, exchanges and findings in sentences: one file per language, and what the languages share in `common`. A sentence is made from
//! what the packet itself says and what was known when it was first seen, never from later packets.

#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

pub mod choice;
mod common;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::event::{Acked, Exchange, FrameEvent, MessageEvent};
pub(crate) use crate::event::{Completed, Completion};
use crate::fields::{Field, Finding, Omission, Phase};
use crate::message::Opaque;
use crate::message::json::Reason;
use crate::message::text;
use crate::packet::{Both, Frame, Side};
use crate::session::{Ends, ExchangeStep, MessageView, PartOfMessage};
use crate::websocket::first_bytes::Policy;

pub(crate) use common::{capitalised, isolated};

/// The longest text in a column, a title or a sentence, in characters.
pub(crate) const MAX_LINE: usize = 160;

/// A text in one printable line; `None` for an empty one.
pub(crate) fn printable(text: &str) -> Option<Cow<'_, str>> {
    Some(text::line(text, MAX_LINE)).filter(|line| !line.is_empty())
}

/// One row of the table of languages: the functions of a language's file.
struct Entry {
    tag: &'static str,
    name: &'static str,
    frame: fn(&FrameEvent<&str>, &NoteContext) -> String,
    message: fn(&MessageEvent<&str>, &NoteContext) -> String,
    clause: fn(&Clause) -> String,
    title: fn(&Title) -> String,
    phase: fn(Phase) -> &'static str,
    label: fn(Field) -> &'static str,
    colon: &'static str,
    phrase: fn(&Phrase) -> String,
    finding: fn(&FindingDetail) -> String,
    page: fn(&PageText) -> String,
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
            frame: $file::frame,
            message: $file::message,
            clause: $file::clause,
            title: $file::title,
            phase: $file::phase,
            label: $file::label,
            colon: $file::COLON,
            phrase: $file::phrase,
            finding: $file::finding,
            page: $file::page,
        }),*];

        impl Language {
            /// Every language; the first is the one for whoever reads none of them.
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

    /// The language of a locale's name, such as `pt_BR.UTF-8` (POSIX.1-2024, section 8.2); `None` where it is none of ours.
    pub fn of_locale(locale: &str) -> Option<Language> {
        let locale = locale.split(['.', '@']).next().unwrap_or_default().to_ascii_lowercase().replace('_', "-");
        let mut subtags = locale.split('-');
        let language = subtags.next()?;
        let wanted = match language {
            "zh" if subtags.any(|subtag| ["hant", "tw", "hk", "mo"].contains(&subtag)) => "zh-TW",
            "zh" => "zh-CN",
            other => other,
        };
        Language::ALL.iter().copied().find(|language| language.tag() == wanted)
    }

    /// The sentence that a person would write under a packet: it describes its event and names its ends.
    pub(crate) fn note(self, note: &Note) -> String {
        let message = match &note.what {
            Noted::Frame(_) => None,
            Noted::Message(message) => Some(message),
        };
        // Who asks to log in has no name before.
        let is_login = message.is_some_and(|message| matches!(message.event, MessageEvent::LoginRequest { .. }));
        let (addresses, user) = (note.ends.addresses(), note.ends.user.and_then(printable).filter(|_| !is_login));
        let [by, other] = parties(&note.ends, note.by, &addresses, user.as_deref());
        let mut sentence = common::capitalised(&match &note.what {
            Noted::Frame(event) => self.frame(event, &NoteContext::between(by, other)),
            Noted::Message(NotedMessage { event, text, is_own, is_anothers, is_derived, .. }) => {
                let [is_own, is_anothers, is_derived] = [*is_own, *is_anothers, *is_derived];
                let context = NoteContext { by, other, text, is_own, is_anothers, is_derived };
                let event = event.filter_map(|text| printable(text));
                (self.entry().message)(&event.filter_map(|text| Some(&**text)), &context)
            }
        });
        if let Some(message) = message.filter(|message| !message.readable.is_empty()) {
            sentence += &self.clause(&Clause::Readable(message.readable));
        }
        if message.is_some_and(|message| message.is_masked) {
            sentence += &self.clause(&Clause::Masked);
        }
        if !note.acked.is_empty() {
            sentence += &with_printable(note.acked, |acked| self.clause(&Clause::Acked(acked)));
        }
        if let Some(completed) = note.completes {
            sentence += &self.clause(&Clause::Complete(completed));
        }
        if message.is_some_and(|message| message.has_other_text) {
            sentence += &self.clause(&Clause::OtherText);
        }
        if let Some(fault) = message.and_then(|message| message.fault.as_ref()) {
            sentence += &self.clause(&Clause::Fault(fault));
        }
        sentence
    }

    fn clause(self, clause: &Clause) -> String {
        (self.entry().clause)(clause)
    }

    fn frame(self, event: &FrameEvent<&str>, context: &NoteContext) -> String {
        let frame = self.entry().frame;
        match event {
            FrameEvent::MessagesAcked(acked) => {
                with_printable(acked, |acked| frame(&FrameEvent::MessagesAcked(acked.to_vec()), context))
            }
            FrameEvent::Syn
            | FrameEvent::SynAgain(_)
            | FrameEvent::SynAck
            | FrameEvent::SynAckAgain(_)
            | FrameEvent::Established
            | FrameEvent::Fin
            | FrameEvent::FinAcked
            | FrameEvent::Reset(_)
            | FrameEvent::UpgradeRequest
            | FrameEvent::UpgradeRequestAcked(_)
            | FrameEvent::UpgradeAccepted
            | FrameEvent::UpgradeMisaccepted
            | FrameEvent::UpgradeWithoutSubprotocol
            | FrameEvent::UpgradeComplete(_)
            | FrameEvent::UpgradeRefused(_)
            | FrameEvent::Close(_)
            | FrameEvent::CloseReply(_) => frame(event, context),
        }
    }

    /// The sentence of a segment that holds a part of a message.
    pub(crate) fn part_of_message(self, part: &PartOfMessage) -> String {
        let (addresses, user) = (part.ends.addresses(), part.ends.user.and_then(printable));
        let [by, other] = parties(&part.ends, part.by, &addresses, user.as_deref());
        self.phrase(&Phrase::PartOfMessage { by, other, completed_in: part.completed_in })
    }

    /// The sentence of a segment with a Flash client's request for the server's policy, or the answer to it.
    pub(crate) fn policy(self, policy: Policy, ends: &Ends) -> String {
        let addresses = ends.addresses();
        let [by, other] = parties(ends, policy.sender(), &addresses, None);
        self.phrase(&match policy {
            Policy::Request => Phrase::PolicyRequest { by, other },
            Policy::File => Phrase::PolicyFile { by, other },
        })
    }

    /// What a segment acknowledges that is no mere ACK, in words.
    pub(crate) fn acknowledgment(self, acked: &[Acked<&str>]) -> String {
        with_printable(acked, |acked| self.phrase(&Phrase::Acknowledges(acked)))
    }

    /// The heading over a packet: the step that it belongs to.
    pub(crate) fn title(self, title: &Title) -> String {
        (self.entry().title)(title)
    }

    /// The heading over an exchange.
    pub(crate) fn heading(self, step: &ExchangeStep) -> String {
        let exchange = step.exchange.filter_map(|text| printable(text));
        self.title(&exchange.filter_map(|text| Some(&**text)))
    }

    /// What kind of message it is, in the words of its phase; less than that of a login of which it is not known what it is.
    pub(crate) fn kind(self, view: &MessageView) -> Cow<'static, str> {
        match view.record.uncertain {
            true => self.phrase(&Phrase::Login).into(),
            false => self.phase(view.record.event.phase()).into(),
        }
    }

    /// The same, as far as it was known when the message was first seen.
    pub(crate) fn first_kind(self, view: &MessageView) -> Cow<'static, str> {
        match view.record.is_settled {
            true => self.phrase(&Phrase::Login).into(),
            false => self.kind(view),
        }
    }

    /// The name of a phase.
    pub(crate) fn phase(self, phase: Phase) -> &'static str {
        (self.entry().phase)(phase)
    }

    /// What stands before a field's value.
    pub(crate) fn label(self, field: Field) -> &'static str {
        (self.entry().label)(field)
    }

    /// What stands between a word and what it introduces, in a column or a view.
    pub(crate) fn colon(self) -> &'static str {
        self.entry().colon
    }

    /// A few words in a column or a tree.
    pub(crate) fn phrase(self, phrase: &Phrase) -> String {
        (self.entry().phrase)(phrase)
    }

    /// A text of the page, beside its packets.
    pub(crate) fn page(self, text: &PageText) -> String {
        (self.entry().page)(text)
    }

    /// The sentence of a finding: what it means for the chat.
    pub(crate) fn finding(self, detail: &FindingDetail) -> String {
        (self.entry().finding)(detail)
    }

    /// The sentence of a fault of this plugin: where and why it panicked.
    pub(crate) fn fault(self, what: &str) -> String {
        self.finding(&FindingDetail::Internal(&text::line(what, MAX_LINE)))
    }
}

/// What is wrong with a message as far as the session knows, in the order in which it is shown; `by` sent it.
pub(crate) fn learned_findings(
    view: &MessageView,
    by: Side,
) -> impl Iterator<Item = (Finding, FindingDetail<'static>)> + use<> {
    let masked = match (view.record.masked, by) {
        (Some(false), Side::Client) => Some((Finding::UnmaskedClient, FindingDetail::UnmaskedClient)),
        (Some(true), Side::Server) => Some((Finding::MaskedServer, FindingDetail::MaskedServer)),
        (Some(true) | None, Side::Client) | (Some(false) | None, Side::Server) => None,
    };
    let before = view.record.before_login.then_some((Finding::SayBeforeLogin, FindingDetail::SayBeforeLogin));
    let late = view.late_findings().filter_map(|finding| Some((finding, FindingDetail::late(finding)?)));
    masked.into_iter().chain(before).chain(late)
}

/// One end of a connection, as a sentence names it. Texts have one printable line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Party<'a> {
    /// Whether it is the browser or the server.
    pub side: Side,
    /// The name of the browser's user, where it is known.
    pub name: Option<&'a str>,
    /// The IP address, where the port alone does not say who it is; of IPv6 in brackets.
    pub address: Option<&'a str>,
    /// The TCP port.
    pub port: u16,
}

impl<'a> Party<'a> {
    /// An end of a connection without a name; `addresses` are those of both ends, where they are needed.
    pub fn of(ends: &Ends, side: Side, addresses: &'a Both<Option<String>>) -> Party<'a> {
        let port = if side == Side::Client { ends.client.port } else { ends.server.port };
        Party { side, name: None, address: addresses.of(side).as_deref(), port }
    }
}

/// Who sends something and to whom: the browser with the name of its user.
fn parties<'a>(ends: &Ends, by: Side, addresses: &'a Both<Option<String>>, user: Option<&'a str>) -> [Party<'a>; 2] {
    let client = Party { name: user, ..Party::of(ends, Side::Client, addresses) };
    let server = Party::of(ends, Side::Server, addresses);
    if by == Side::Client { [client, server] } else { [server, client] }
}

/// What is acknowledged with texts of one printable line each, as sentences need it.
fn with_printable<R>(acked: &[Acked<&str>], then: impl FnOnce(&[Acked<&str>]) -> R) -> R {
    let acked: Vec<_> = acked.iter().map(|acked| acked.filter_map(|text| printable(text))).collect();
    let acked: Vec<_> = acked.iter().map(|acked| acked.filter_map(|text| Some(&**text))).collect();
    then(&acked)
}

/// What the sentence under a packet is made from.
#[derive(Debug)]
pub(crate) struct Note<'a> {
    /// What happens.
    pub what: Noted<'a>,
    /// Who sent the packet.
    pub by: Side,
    /// Both ends.
    pub ends: Ends<'a>,
    /// What a packet that is no mere ACK acknowledges at the same time.
    pub acked: &'a [Acked<&'a str>],
    /// What it is the last packet of.
    pub completes: Option<Completed>,
}

/// What happens.
#[derive(Debug)]
pub(crate) enum Noted<'a> {
    /// An event of a frame below its messages.
    Frame(&'a FrameEvent<&'a str>),
    /// A message.
    Message(NotedMessage<'a>),
}

/// A message, with what its sentence says of it.
#[derive(Debug)]
pub(crate) struct NotedMessage<'a> {
    /// What it is.
    pub event: &'a MessageEvent<&'a str>,
    /// Of a say: what is said, in one printable line.
    pub text: &'a str,
    /// Of a delivery: it goes to the browser whose say it is. Of a login: it may be that of the browser's own user.
    pub is_own: bool,
    /// Of a delivery: it goes to another browser than that.
    pub is_anothers: bool,
    /// It is a browser's message, and was masked (RFC 6455, section 5.3).
    pub is_masked: bool,
    /// Its server is not the original one.
    pub is_derived: bool,
    /// The server delivers it with another text.
    pub has_other_text: bool,
    /// Of a message that the chat does not know: what a person reads of it, in one printable line.
    pub readable: &'a str,
    /// Why nobody can read it.
    pub fault: Option<FindingDetail<'a>>,
}

/// What a language's sentence needs beside the event. Texts have one printable line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoteContext<'a> {
    /// Who sent the packet.
    pub by: Party<'a>,
    /// To whom.
    pub other: Party<'a>,
    /// As in [`NotedMessage::text`].
    pub text: &'a str,
    /// As in [`NotedMessage::is_own`].
    pub is_own: bool,
    /// As in [`NotedMessage::is_anothers`].
    pub is_anothers: bool,
    /// As in [`NotedMessage::is_derived`].
    pub is_derived: bool,
}

impl<'a> NoteContext<'a> {
    /// Of what is below the messages.
    fn between(by: Party<'a>, other: Party<'a>) -> NoteContext<'a> {
        NoteContext { by, other, text: "", is_own: false, is_anothers: false, is_derived: false }
    }
}

/// What follows the main clause of a note, with the punctuation before it.
#[derive(Debug, Clone)]
pub(crate) enum Clause<'a> {
    /// The message was masked on the wire; here it is shown unmasked.
    Masked,
    /// The same packet acknowledges this.
    Acked(&'a [Acked<&'a str>]),
    /// With this packet, it is complete.
    Complete(Completed),
    /// A say that the server delivers with another text.
    OtherText,
    /// What a person reads of a message that the chat does not know.
    Readable(&'a str),
    /// Nobody can read the message: a sentence of its own.
    Fault(&'a FindingDetail<'a>),
}

/// The heading over the packets of an exchange. Texts have one printable line.
pub(crate) type Title<'a> = Exchange<&'a str>;

/// A few words in a column or a tree. Texts have one printable line.
#[derive(Debug, Clone)]
pub(crate) enum Phrase<'a> {
    /// All members of the room, as those whom a say is for.
    All,
    /// Stands behind a message that is not JSON.
    NotJson,
    /// A login of which it is not known whether it is a result or a notification.
    Login,
    /// A room, by its id.
    Room(&'a str),
    /// A browser, by its port or by its address and port.
    Browser(Party<'a>),
    /// A list of so many users.
    UserList(usize),
    /// There is no message of the chat.
    NoMessages,
    /// The title of a column, or a word for it.
    Word(Word),
    /// A user who had another name before, on the same connection.
    Formerly {
        /// The name.
        name: &'a str,
        /// The one before, or several.
        former: &'a str,
    },
    /// A user, or somebody, logs in: what a person does, as a log tells it.
    LogsIn(Option<&'a str>),
    /// A user logs in again by another name.
    Renamed {
        /// The name until then.
        from: &'a str,
        /// The name from then on.
        to: &'a str,
    },
    /// What is counted.
    Topic(Topic),
    /// The title of a table's column, as it stands in a sentence.
    Column(Column),
    /// What a menu or a button says.
    Command(Command),
    /// So many more that are not listed.
    More(usize),
    /// A delivery: to whom, in which frame, and how many milliseconds after the request.
    Delivery {
        /// Who got it.
        to: Party<'a>,
        /// In which frame.
        frame: Frame,
        /// How long after the request.
        milliseconds: f64,
    },
    /// A segment holds a part of a message: a sentence.
    PartOfMessage {
        /// Who sends it.
        by: Party<'a>,
        /// To whom.
        other: Party<'a>,
        /// The frame with which the message is complete.
        completed_in: Frame,
    },
    /// A Flash client asks for the server's policy: a sentence.
    PolicyRequest {
        /// Who asks.
        by: Party<'a>,
        /// Whom.
        other: Party<'a>,
    },
    /// The server answers it: a sentence.
    PolicyFile {
        /// Who answers.
        by: Party<'a>,
        /// Whom.
        other: Party<'a>,
    },
    /// A segment, which is no mere ACK, acknowledges this: a clause without a subject.
    Acknowledges(&'a [Acked<&'a str>]),
    /// A label is left out because bytes are missing: a clause.
    BytesMissing {
        /// Who sent them; `None`: the server, on other connections.
        of: Option<Party<'a>>,
        /// The frame in which that shows.
        before: Frame,
    },
    /// A payload that is no JSON.
    Opaque {
        /// What it is.
        what: Opaque,
        /// How long it is.
        bytes: usize,
    },
    /// A label is left out for another reason: a clause.
    LeftOut(Omission),
}

/// What stands on a page beside its packets. Texts have one printable line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageText<'a> {
    /// What is above the meanings of the flags.
    Legend,
    /// What a combination of TCP's control bits means.
    Flag(Flag),
    /// What all of the packets on the page are: how many connections of browsers, logins and says.
    Totals {
        /// Connections.
        connections: usize,
        /// Requests to log in.
        logins: usize,
        /// Requests to say something.
        says: usize,
    },
    /// How to see binary data.
    Hexadecimal,
    /// The capture has no packet of the chat.
    NoPacket,
    /// The capture has some, but none is shown.
    NothingMatches,
    /// The title of the HTML page.
    Title,
    /// A link past all that is above the packets.
    SkipToPackets,
    /// The links to the parts of the page.
    Contents,
    /// The heading of the drawing.
    Conversation,
    /// The heading of the delivery times.
    DeliveryTimes,
    /// The heading of the messages a minute.
    MessagesPerMinute,
    /// The heading of the users' table.
    Users,
    /// The heading of the packets.
    Packets,
    /// A packet, by its number.
    Packet(Frame),
    /// So many arrows are not drawn: a sentence.
    NotDrawn(usize),
    /// How long deliveries took.
    Deliveries {
        /// How many there were.
        count: usize,
        /// The mean, with its unit.
        mean: &'a str,
        /// The longest.
        slowest: &'a str,
    },
    /// How many messages there were.
    Messages {
        /// All of them.
        count: usize,
        /// The most in a minute.
        most: &'a str,
    },
}

/// A combination of TCP's control bits, as tcpdump prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flag {
    /// The first step of the handshake.
    Syn,
    /// The second.
    SynAck,
    /// A mere acknowledgment.
    Ack,
    /// Data.
    Push,
    /// Data, and an acknowledgment.
    PushAck,
    /// The end of a direction.
    FinAck,
    /// An abort.
    Reset,
}

impl Flag {
    /// Every combination, in the order of the legend.
    pub const ALL: [Flag; 7] =
        [Flag::Syn, Flag::SynAck, Flag::Ack, Flag::Push, Flag::PushAck, Flag::FinAck, Flag::Reset];

    /// How tcpdump prints it.
    pub fn mark(self) -> &'static str {
        match self {
            Flag::Syn => "[S]",
            Flag::SynAck => "[S.]",
            Flag::Ack => "[.]",
            Flag::Push => "[P]",
            Flag::PushAck => "[P.]",
            Flag::FinAck => "[F.]",
            Flag::Reset => "[R]",
        }
    }
}

/// What statistics count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    /// Messages, by type.
    Messages,
    /// Messages by user.
    Users,
    /// Messages by room.
    Rooms,
    /// Findings.
    Findings,
    /// Response times, in microseconds.
    ResponseTimes,
    /// Of a say: the first delivery.
    FirstDelivery,
    /// Of a say: the last delivery.
    LastDelivery,
    /// Users or rooms that are too many to list.
    Others,
}

impl Topic {
    /// Every topic.
    #[cfg(test)]
    pub const ALL: [Topic; 8] = [
        Topic::Messages,
        Topic::Users,
        Topic::Rooms,
        Topic::Findings,
        Topic::ResponseTimes,
        Topic::FirstDelivery,
        Topic::LastDelivery,
        Topic::Others,
    ];
}

/// The title of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// What a user said: how many messages.
    Says,
    /// What a user was delivered.
    Received,
    /// What a user said and nobody received.
    Lost,
    /// The mean of times.
    Mean,
    /// The longest of them.
    Slowest,
    /// When a user was first seen.
    FirstSeen,
    /// When a user was last seen.
    LastSeen,
    /// What answers what.
    Response,
    /// How many there are.
    Count,
    /// The shortest time.
    Shortest,
    /// The time that half of them do not exceed.
    Median,
}

impl Column {
    /// Every title.
    #[cfg(test)]
    pub const ALL: [Column; 11] = [
        Column::Says,
        Column::Received,
        Column::Lost,
        Column::Mean,
        Column::Slowest,
        Column::FirstSeen,
        Column::LastSeen,
        Column::Response,
        Column::Count,
        Column::Shortest,
        Column::Median,
    ];
}

/// The name of a view, or what a button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// The view: the chat as a log.
    Transcript,
    /// The view: a row a connection.
    Sessions,
    /// The view: a row a user.
    Users,
    /// The view: how long answers take.
    Times,
    /// The view: a sequence diagram.
    Diagram,
    /// The view: each packet with a note.
    Page,
    /// The view: how many of what, and how often.
    Counts,
    /// Opens the view as a web page in the browser.
    WebPage,
    /// Shows a packet, whose number is asked for.
    GoToPacket,
    /// Displays what belongs to a packet, whose number is asked for.
    ApplyAsFilter,
    /// Copies the page.
    Copy,
    /// Writes the page to a file, which is asked for.
    SaveAs,
    /// What is asked for then.
    File,
    /// Sorts the table by a column, which is asked for.
    Sort,
    /// What is asked for then: its number or title.
    Column,
    /// Takes the packets alone that are displayed, or all again.
    LimitToFilter,
    /// What is asked for.
    PacketNumber,
}

impl Command {
    /// Every command.
    #[cfg(test)]
    pub const ALL: [Command; 17] = [
        Command::Transcript,
        Command::Sessions,
        Command::Users,
        Command::Times,
        Command::Diagram,
        Command::Page,
        Command::Counts,
        Command::WebPage,
        Command::GoToPacket,
        Command::ApplyAsFilter,
        Command::Copy,
        Command::SaveAs,
        Command::File,
        Command::Sort,
        Command::Column,
        Command::LimitToFilter,
        Command::PacketNumber,
    ];
}

/// A word that stands alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// One side of a connection.
    Side(Side),
    /// The user of a connection.
    User,
    /// The room.
    Room,
    /// When a connection began.
    Began,
    /// How long it was open.
    Duration,
    /// How it ended.
    End,
    /// It has not ended.
    Open,
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

impl FindingDetail<'_> {
    /// Of a finding that later frames show of a message; `None` for the others.
    pub fn late(finding: Finding) -> Option<FindingDetail<'static>> {
        [
            (Finding::NoDelivery, FindingDetail::NoDelivery),
            (Finding::NoLoginResult, FindingDetail::NoLoginResult),
            (Finding::NoAck, FindingDetail::NoAck),
            (Finding::NoPong, FindingDetail::NoPong),
        ]
        .into_iter()
        .find_map(|(late, detail)| (late == finding).then_some(detail))
    }
}

/// A finding with what its sentence is made from; texts have one printable line. Each variant is the
/// [`Finding`](crate::fields::Finding) of its name.
#[derive(Debug, Clone)]
pub(crate) enum FindingDetail<'a> {
    /// A message that is not a JSON object (RFC 8259).
    MalformedJson {
        /// What is wrong with it.
        reason: Reason,
        /// The characters around the fault; empty where the message has none.
        near: &'a str,
        /// Who sent the message, where it is known that whoever gets it ignores it: not of a server that is not the original one.
        by: Option<Side>,
    },
    /// The value of `type`, or `None` for a message without one.
    UnknownType(Option<&'a str>),
    /// A message that is JSON, but no object, and so has no type.
    NotAnObject,
    /// What the server does without the member, and the member's name on the wire.
    MissingMember(Missing, &'a str),
    /// A say on a connection without an earlier login.
    SayBeforeLogin,
    /// A say that the server delivered to no connection.
    NoDelivery,
    /// A login request to which the server sent no result.
    NoLoginResult,
    /// A delivery that the server's TCP sent again, and that was never acknowledged.
    NoAck,
    /// A heartbeat ping without a pong.
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
    /// An upgrade request on a connection that ended without an answer.
    HandshakeCutOff,
    /// TLS on a chat port that Wireshark cannot decrypt.
    TlsWithoutKeys,
    /// A 101 without a subprotocol (RFC 6455, section 1.9), though its request asks for one.
    SubprotocolNotGranted,
    /// A client's frame without a masking key (RFC 6455, section 5.1).
    UnmaskedClient,
    /// A server's frame with a masking key (RFC 6455, section 5.1).
    MaskedServer,
    /// A client's frame whose length could be written in fewer bytes (RFC 6455, section 5.2).
    LongLength,
    /// A client's continuation frame that continues nothing, or another frame in the middle of a message (RFC 6455, section 5.4).
    OpcodeOutOfPlace,
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
    /// Nothing is remembered from this packet on: as much is kept as may be.
    MemoryFull {
        /// So many megabytes.
        megabytes: usize,
    },
    /// A connection without data is not remembered, because so many are.
    TooManyIdle {
        /// So many.
        connections: u32,
    },
    /// The panic's place in the source and its message.
    Internal(&'a str),
}
