//! The conversation as a sequence diagram in Mermaid's language: a lifeline a user and one for the server, an arrow a message, and a note where
//! something is wrong or was lost.
//!
//! What is below the messages has arrows, too: dashed ones where it only acknowledges. Of what every connection does in the same way (TCP's
//! handshake, acknowledgments, what follows the first packet of the end) there are arrows only while all of it is little.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

use super::sessions::user;
use super::texts::{Entry, Texts, Unsettled};
use super::words::{in_columns, problems, recipient_of};
use super::{Setting, TapEvent, View};
use crate::event::{FrameEvent, MessageEvent, Recipient, Reset};
use crate::language::{Party, Phrase, Word, isolated};
use crate::message::text;
use crate::packet::{Frame, Side, StreamId};
use crate::session::{ConnectionView, FrameView, MessageView, Session};

/// Arrows that are drawn at most.
const MAX_ARROWS: usize = 500;
/// Routine arrows up to which they are drawn.
const MAX_ROUTINE: usize = 40;
/// Lifelines of browsers.
const MAX_LIFELINES: usize = 24;
/// The longest name of a lifeline, in characters.
const MAX_NAME: usize = 120;
/// The longest name, and the longest text, on an arrow, in columns: the longest arrow makes all of the diagram wide.
const MAX_TEXT: usize = 48;
/// The longest text that is kept of what a message says or of its findings, in characters.
const MAX_KEPT: usize = 400;
/// The columns of a note's line.
const NOTE_WIDTH: usize = 48;
/// Mermaid draws nothing of a text of more than 50,000 UTF-16 code units (`maxTextSize`); the rest is for the end of the page.
const MAX_PAGE: usize = 49_000;

/// The diagram.
#[derive(Debug, Default)]
pub struct Diagram {
    /// In the order of the capture.
    arrows: Vec<Arrow>,
    unsettled: Unsettled,
    texts: Texts,
    /// How many arrows are routine, and how many are not; of either, no more than its bound are kept.
    routine: usize,
    others: usize,
    is_written: bool,
}

/// A message, or what a frame is below its messages.
#[derive(Debug)]
struct Arrow {
    entry: Entry,
    is_routine: bool,
}

impl View for Diagram {
    fn clear(&mut self) {
        *self = Diagram::default();
    }

    fn see(&mut self, tap_event: &TapEvent, session: &Session) {
        let is_routine = is_routine(tap_event, session);
        if is_routine.is_none() && session.is_unsettled(tap_event.stream) {
            let frame = self.keep(tap_event);
            self.unsettled.add(frame, |stream| session.is_unsettled(stream));
        }
        if let Some(is_routine) = is_routine.filter(|is_routine| self.count(*is_routine)) {
            let entry = self.keep(tap_event);
            self.arrows.push(Arrow { entry, is_routine });
        }
    }

    fn begin(&mut self, setting: &Setting) {
        self.is_written = false;
        let settled = self.unsettled.settled(setting.session);
        if !settled.is_empty() {
            self.insert(settled, setting.session);
        }
    }

    fn write(&mut self, setting: &Setting, page: &mut String) -> bool {
        let is_done = std::mem::replace(&mut self.is_written, true) || self.arrows.is_empty();
        if !is_done {
            Drawing::new(self, setting).draw(page);
        }
        !is_done
    }

    /// A comment, so that it stays a diagram.
    fn remark(&self, sentence: &str) -> String {
        format!("%% {sentence}\n")
    }
}

impl Diagram {
    fn keep(&mut self, tap_event: &TapEvent) -> Entry {
        let problems: String = tap_event.problems.chars().take(MAX_KEPT).collect();
        self.texts.keep(&TapEvent { text: &text::line(tap_event.text, MAX_KEPT), problems: &problems, ..*tap_event })
    }

    /// Counts an arrow. Returns whether it is drawn, as far as is known by now.
    fn count(&mut self, is_routine: bool) -> bool {
        if !is_routine {
            self.others += 1;
            return self.others <= MAX_ARROWS;
        }
        self.routine += 1;
        if self.routine == MAX_ROUTINE + 1 {
            self.arrows.retain(|arrow| !arrow.is_routine);
        }
        self.routine <= MAX_ROUTINE
    }

    /// Inserts what came earlier.
    fn insert(&mut self, entries: Vec<Entry>, session: &Session) {
        for entry in entries {
            let tap_event = entry.tap_event(self.texts.get(entry.problems));
            let Some(is_routine) = is_routine(&tap_event, session) else { continue };
            self.count(is_routine);
            self.arrows.push(Arrow { entry, is_routine });
        }
        self.arrows.sort_by_key(|arrow| arrow.entry.at.frame);
        let (draws_routine, mut others) = (self.routine <= MAX_ROUTINE, 0);
        self.arrows.retain(|arrow| match arrow.is_routine {
            true => draws_routine,
            false => {
                others += 1;
                others <= MAX_ARROWS
            }
        });
    }
}

/// Whether every connection does this in the same way; `None` where there is nothing to draw.
fn is_routine(tap_event: &TapEvent, session: &Session) -> Option<bool> {
    let TapEvent { at, stream, by, .. } = *tap_event;
    if let Some(position) = tap_event.position() {
        return session.message_view(stream, position).map(|_| false);
    }
    let events = session.frame_of(stream, at.frame, by)?.events();
    if events.is_empty() && tap_event.problems.is_empty() {
        return None;
    }
    let is_end = session.connection(stream)?.closing_since() == Some(at.frame);
    Some(tap_event.problems.is_empty() && events.iter().all(|(event, _)| is_routine_event(event, is_end)))
}

/// Whether every connection does this in the same way; `is_end`: its end begins in this frame.
fn is_routine_event(event: &FrameEvent<&str>, is_end: bool) -> bool {
    match event {
        FrameEvent::UpgradeRequest
        | FrameEvent::UpgradeAccepted
        | FrameEvent::UpgradeMisaccepted
        | FrameEvent::UpgradeWithoutSubprotocol
        | FrameEvent::UpgradeRefused(_)
        | FrameEvent::Reset(Reset::Open | Reset::Refused) => false,
        FrameEvent::Close(_) | FrameEvent::Fin | FrameEvent::Reset(Reset::AfterFins | Reset::Unknown) => !is_end,
        FrameEvent::Syn
        | FrameEvent::SynAgain(_)
        | FrameEvent::SynAck
        | FrameEvent::SynAckAgain(_)
        | FrameEvent::Established
        | FrameEvent::FinAcked
        | FrameEvent::UpgradeRequestAcked(_)
        | FrameEvent::UpgradeComplete(_)
        | FrameEvent::CloseReply(_)
        | FrameEvent::MessagesAcked(_) => true,
    }
}

fn is_acknowledgment(event: &FrameEvent<&str>) -> bool {
    event.is_acknowledgment_of_more() || matches!(event, FrameEvent::Established | FrameEvent::FinAcked)
}

/// The lifeline of a server, or of one browser after the other of one user.
#[derive(Debug)]
pub struct Lifeline {
    /// The user's name, or what it is.
    pub name: String,
    /// Ports, or addresses and ports.
    pub places: Vec<String>,
    /// The last connection.
    last: StreamId,
}

/// Which lifelines a connection joins, by their places in their lists.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// Among the browsers.
    pub browser: usize,
    /// Among the servers.
    pub server: usize,
}

/// What an arrow looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// Something is sent.
    Sent,
    /// Something is acknowledged, and nothing else.
    Acknowledged,
    /// The connection is aborted.
    Aborted,
}

/// What a frame does, or one of its messages.
#[derive(Debug)]
pub struct Step {
    /// The frame.
    pub frame: Frame,
    /// Its lifelines.
    pub link: Link,
    /// An arrow for what each side did: how it looks, who sent it, and what it says.
    pub arrows: Vec<(Head, Side, String)>,
    /// Sentences about it.
    pub notes: Vec<String>,
}

/// A diagram on its way to its page.
pub struct Drawing<'a> {
    diagram: &'a Diagram,
    setting: &'a Setting<'a>,
    /// The lifelines of browsers.
    pub browsers: Vec<Lifeline>,
    /// And those of servers.
    pub servers: Vec<Lifeline>,
    links: HashMap<StreamId, Link>,
}

impl<'a> Drawing<'a> {
    /// Of a diagram that has been begun.
    pub fn new(diagram: &'a Diagram, setting: &'a Setting<'a>) -> Drawing<'a> {
        let (browsers, servers, links) = Default::default();
        let mut drawing = Drawing { diagram, setting, browsers, servers, links };
        let mut seen = HashSet::new();
        for Arrow { entry, .. } in &diagram.arrows {
            if let Some(view) = setting.session.connection(entry.stream).filter(|_| seen.insert(entry.stream)) {
                drawing.enter(entry, &view);
            }
        }
        drawing
    }

    /// Finds or makes the lifelines of a connection that is first drawn with this entry. A user who comes back has one lifeline, two at a
    /// time have two.
    fn enter(&mut self, entry: &Entry, view: &ConnectionView) {
        let session = self.setting.session;
        let ends = view.ends();
        let name = user(view, self.setting).map(|mut name| {
            text::shorten(&mut name, 0, MAX_NAME);
            name
        });
        let known = self.browsers.iter().position(|line| {
            let last = session.connection(line.last).filter(|last| last.ends().server == ends.server);
            let closed = last.and_then(|last| last.closing_since());
            Some(&line.name) == name.as_ref() && closed.is_some_and(|closed| closed < entry.at.frame)
        });
        if known.is_none() && self.browsers.len() >= MAX_LIFELINES {
            return;
        }
        let addresses = ends.addresses();
        let [mut browser_line, server_line] = [Side::Client, Side::Server].map(|side| Lifeline {
            name: self.word(Word::Side(side)),
            places: vec![self.phrase(&Phrase::Browser(Party::of(&ends, side, &addresses)))],
            last: entry.stream,
        });
        let known_server = self
            .servers
            .iter()
            .position(|line| session.connection(line.last).is_some_and(|one| one.ends().server == ends.server));
        let server = known_server.unwrap_or_else(|| {
            self.servers.push(server_line);
            self.servers.len() - 1
        });
        let browser = match known.and_then(|at| Some((at, self.browsers.get_mut(at)?))) {
            Some((at, line)) => {
                line.places.append(&mut browser_line.places);
                line.last = entry.stream;
                at
            }
            None => {
                browser_line.name = name.unwrap_or(browser_line.name);
                self.browsers.push(browser_line);
                self.browsers.len() - 1
            }
        };
        self.links.insert(entry.stream, Link { browser, server });
    }

    fn draw(&self, page: &mut String) {
        page.push_str("sequenceDiagram\n");
        let mut browsers = (1..).zip(&self.browsers).map(|(number, line)| participant(&format!("U{number}"), line));
        let servers = (1..).zip(&self.servers).map(|(number, line)| participant(&format!("S{number}"), line));
        page.extend(browsers.next());
        page.extend(servers.chain(browsers));
        let mut length = utf16_length(page);
        let mut more = self.left_out();
        for step in self.steps() {
            let piece = step.map(|step| piece(&step)).unwrap_or_default();
            length += utf16_length(&piece);
            match piece.is_empty() || length > MAX_PAGE {
                true => more += 1,
                false => page.push_str(&piece),
            }
        }
        if more > 0 {
            let last = if self.browsers.len() > 1 { format!("U{}", self.browsers.len()) } else { "S1".to_owned() };
            let more = self.phrase(&Phrase::More(more));
            let _ = writeln!(page, "    Note over U1,{last}: {}", escaped(&more)); // a String takes everything
        }
    }

    /// How many arrows are left out because there are too many.
    pub fn left_out(&self) -> usize {
        self.diagram.others.saturating_sub(MAX_ARROWS)
    }

    /// What happens, in its order; `None` where a connection has no lifeline.
    pub fn steps(&self) -> impl Iterator<Item = Option<Step>> {
        self.diagram.arrows.iter().map(|arrow| self.step(&arrow.entry))
    }

    /// The arrows of an entry, and the notes on it.
    fn step(&self, entry: &Entry) -> Option<Step> {
        let (link, session) = (*self.links.get(&entry.stream)?, self.setting.session);
        let shown = self.diagram.texts.get(entry.problems);
        let (arrows, notes) = match entry.position() {
            Some(position) => {
                let view = session.message_view(entry.stream, position)?;
                let notes = problems(&view, entry.by, shown, self.setting.language);
                (vec![(Head::Sent, entry.by, self.message(entry, &view))], notes)
            }
            None => {
                let view = session.frame_of(entry.stream, entry.at.frame, entry.by)?;
                (self.frame(&view), shown.lines().map(str::to_owned).collect())
            }
        };
        Some(Step { frame: entry.at.frame, link, arrows, notes })
    }

    /// What happened in a frame below its messages: an arrow for what each side did.
    fn frame(&self, view: &FrameView) -> Vec<(Head, Side, String)> {
        let (events, mut arrows) = (view.events(), Vec::new());
        for side in [Side::Client, Side::Server] {
            let own: Vec<&FrameEvent<&str>> =
                events.iter().filter(|(_, by)| *by == side).map(|(event, _)| event).collect();
            if own.is_empty() {
                continue;
            }
            let head = match () {
                _ if own.iter().any(|event| matches!(event, FrameEvent::Reset(_))) => Head::Aborted,
                _ if own.iter().all(|event| is_acknowledgment(event)) => Head::Acknowledged,
                _ => Head::Sent,
            };
            let words: Vec<String> = own.iter().map(|event| self.event(event)).collect();
            arrows.push((head, side, words.join(", ")));
        }
        arrows
    }

    /// An event below the messages, in a few words.
    fn event(&self, event: &FrameEvent<&str>) -> String {
        let phase = self.setting.language.phase(event.phase());
        match event {
            FrameEvent::UpgradeRefused(status) => format!("{phase} ({status})"),
            FrameEvent::Close(closing) | FrameEvent::CloseReply(closing) => match closing.code {
                Some(code) => format!("{phase} ({code})"),
                None => phase.to_owned(),
            },
            FrameEvent::MessagesAcked(acked) => {
                let mut frames: Vec<String> = acked.iter().map(|acked| acked.frame.to_string()).collect();
                frames.dedup();
                format!("{phase}{}{}", self.setting.language.colon(), text::line(&frames.join(", "), MAX_TEXT))
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
            | FrameEvent::UpgradeComplete(_) => phase.to_owned(),
        }
    }

    /// A message in a few words.
    fn message(&self, entry: &Entry, view: &MessageView) -> String {
        let event = &view.record.event;
        let said = self.diagram.texts.get(entry.text);
        let phase = self.setting.language.kind(view).into_owned();
        let detail = match event {
            MessageEvent::LoginRequest { name, room } => {
                let room = room.map(|room| self.phrase(&Phrase::Room(&text::line(room, MAX_TEXT))));
                let parts: Vec<String> = name.map(shown).into_iter().chain(room).collect();
                parts.join(", ")
            }
            MessageEvent::UserList { users: Some(count), .. } => return self.phrase(&Phrase::UserList(*count)),
            MessageEvent::LoginResult { name }
            | MessageEvent::LoginNotification { name }
            | MessageEvent::LogoutNotification { name } => name.map(shown).unwrap_or_default(),
            MessageEvent::SayRequest { recipient, .. } => self.said(view, recipient, said),
            MessageEvent::SayDelivery { recipient, .. } => {
                let sender = view.sender().map_or_else(|| "?".to_owned(), shown);
                format!("{sender} {}", self.said(view, recipient, said))
            }
            MessageEvent::Unknown { type_name: Some(name), .. } => shown(name),
            MessageEvent::Unknown { type_name: None, .. }
            | MessageEvent::UserList { users: None, .. }
            | MessageEvent::Ping { .. }
            | MessageEvent::Pong { .. }
            | MessageEvent::ClientPing { .. }
            | MessageEvent::ServerPong { .. }
            | MessageEvent::UnsolicitedPong { .. } => shown(said),
        };
        if detail.is_empty() { phase } else { format!("{phase}{}{detail}", self.setting.language.colon()) }
    }

    /// Whom a say is for, and what is said.
    fn said(&self, view: &MessageView, recipient: &Recipient<&str>, said: &str) -> String {
        let to = recipient_of(view, recipient, self.setting.language, shown);
        if said.is_empty() {
            return format!("→ {to}");
        }
        format!("→ {to}{}{}", self.setting.language.colon(), shown(said))
    }

    fn phrase(&self, phrase: &Phrase) -> String {
        self.setting.language.phrase(phrase)
    }

    fn word(&self, word: Word) -> String {
        self.phrase(&Phrase::Word(word))
    }
}

/// A name or a text, short and in one printable line.
fn shown(said: &str) -> String {
    isolated(&in_columns(&text::line(said, MAX_TEXT), MAX_TEXT)).into_owned()
}

fn utf16_length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

fn participant(id: &str, line: &Lifeline) -> String {
    const PLACES: usize = 2;
    let places = line.places.iter().take(PLACES).map(|place| escaped(place)).collect::<Vec<_>>().join("<br/>");
    let more = if line.places.len() > PLACES { "<br/>…" } else { "" };
    format!("    participant {id} as {}<br/>{places}{more}\n", escaped(&line.name))
}

/// The lines of a step.
fn piece(step: &Step) -> String {
    let mut piece = String::new();
    let (browser, server) = (format!("U{}", step.link.browser + 1), format!("S{}", step.link.server + 1));
    for (head, by, words) in &step.arrows {
        let [from, to] = if *by == Side::Client { [&browser, &server] } else { [&server, &browser] };
        let head = match head {
            Head::Sent => "->>",
            Head::Acknowledged => "-->>",
            Head::Aborted => "-x",
        };
        let _ = writeln!(piece, "    {from}{head}{to}: {} · {}", step.frame, escaped(words)); // a String takes everything
    }
    for note in &step.notes {
        let lines: Vec<String> = wrapped(note, NOTE_WIDTH).iter().map(|line| escaped(line)).collect();
        let _ = writeln!(piece, "    Note over {browser},{server}: {}", lines.join("<br/>")); // a String takes everything
    }
    piece
}

/// A text as Mermaid draws it and nothing else: what begins an entity, a comment, a directive, a statement, a formula or a tag stands there
/// by its number.
fn escaped(text: &str) -> String {
    // Mermaid looks for these, and for a colon behind them, before it knows that they stand in a text.
    let has_keyword = ["style", "classDef", "wrap"].iter().any(|keyword| text.contains(keyword));
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '#' | ';' | '<' | '>' | '&' | '%' | '$' | '\\' | 'ﬂ' => {
                let _ = write!(escaped, "#{};", u32::from(character)); // a String takes everything
            }
            ':' if has_keyword => escaped.push_str("#58;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// The lines of a text that is at most so many columns wide, broken at spaces or, where there are none, anywhere.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut line, mut columns) = (Vec::new(), String::new(), 0);
    for word in text.split_inclusive(' ') {
        let own: usize = word.trim_end().chars().map(|character| character.width().unwrap_or(0)).sum();
        if columns > 0 && columns + own > width {
            lines.push(std::mem::take(&mut line));
            columns = 0;
        }
        for character in word.chars() {
            let own = character.width().unwrap_or(0);
            if columns + own > width && character != ' ' {
                lines.push(std::mem::take(&mut line));
                columns = 0;
            }
            line.push(character);
            columns += own;
        }
    }
    lines.push(line);
    lines.iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_to_mermaid_stands_by_its_number() {
        assert_eq!(
            escaped("a; b #quot; %%{init} <b>&amp; $$x$$"),
            "a#59; b #35;quot#59; #37;#37;{init} #60;b#62;#38;amp#59; #36;#36;x#36;#36;"
        );
        assert_eq!(escaped("Say: end"), "Say: end");
        assert_eq!(
            ["wrap: x", "style: #;", "classDef a:b"].map(escaped),
            ["wrap#58; x", "style#58; #35;#59;", "classDef a#58;b"]
        );
        assert_eq!(escaped("\u{2068}שלום\u{2069} 👍🏽 “張三”"), "\u{2068}שלום\u{2069} 👍🏽 “張三”");
    }

    #[test]
    fn a_name_of_control_characters_is_one_line() {
        let lifeline =
            Lifeline { name: shown("a\nb\r\u{1b}[31m\u{202e}"), places: vec!["port 1".to_owned()], last: StreamId(0) };
        let line = participant("U1", &lifeline);
        assert_eq!(line, "    participant U1 as a#92;nb#92;r␛[31m#60;U+202E#62;<br/>port 1\n");
    }

    #[test]
    fn a_note_is_broken_into_lines() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("没有人收到", 4), ["没有", "人收", "到"]);
        assert_eq!(wrapped("", 4), [""; 0]);
    }

    #[test]
    fn a_text_on_an_arrow_is_short_in_any_script() {
        assert_eq!(shown(&"x".repeat(99)), format!("{}…", "x".repeat(MAX_TEXT - 1)));
        assert_eq!(shown(&"长".repeat(99)), format!("{}…", "长".repeat(MAX_TEXT / 2)));
        assert_eq!(shown(&"长".repeat(MAX_TEXT / 2)), "长".repeat(MAX_TEXT / 2));
    }
}
