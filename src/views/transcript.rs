//! The chat of a capture as a log: who comes and goes, and who says what to whom. Each say stands there once, however many got it.

use std::collections::HashSet;
use std::fmt::Write;

use super::texts::{Place, Texts};
use super::{Setting, Sighting, View};
use crate::event::{Event, Exchange, Recipient};
use crate::language::{Fact, Party, Phrase, isolated};
use crate::message::text;
use crate::packet::{Frame, FrameTime, Position, Side, StreamId};
use crate::session::{MessageView, Part, Session};

/// Lines that are written at a time.
const LINES: usize = 256;
/// The longest name, in characters.
const MAX_NAME: usize = 160;

/// The log.
#[derive(Debug, Default)]
pub struct Transcript {
    entries: Vec<Entry>,
    texts: Texts,
    /// How many of them are written.
    written: usize,
    /// What has been written of exchanges: each once.
    exchanges: HashSet<(Frame, Kind)>,
}

/// A message, or a packet that ends a user's connection.
#[derive(Debug)]
struct Entry {
    at: FrameTime,
    stream: StreamId,
    /// As in [`Sighting::index`].
    index: Option<u32>,
    by: Side,
    text: Place,
    problems: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Login,
    Say,
    Logout,
}

impl Kind {
    fn of<T>(exchange: &Exchange<T>) -> Option<Kind> {
        match exchange {
            Exchange::Login(_) => Some(Kind::Login),
            Exchange::Say { .. } => Some(Kind::Say),
            Exchange::Logout(_) => Some(Kind::Logout),
            _ => None,
        }
    }
}

impl View for Transcript {
    fn clear(&mut self) {
        *self = Transcript::default();
    }

    fn see(&mut self, sighting: &Sighting, session: &Session) {
        if !matters(sighting, session) {
            return;
        }
        let (text, problems) = (self.texts.add(sighting.text), self.texts.add(sighting.problems));
        let Sighting { at, stream, index, by, .. } = *sighting;
        self.entries.push(Entry { at, stream, index, by, text, problems });
    }

    fn begin(&mut self, _: &Setting) {
        self.written = 0;
        self.exchanges.clear();
    }

    fn write(&mut self, setting: &Setting, page: &mut String) -> bool {
        if self.entries.is_empty() {
            let is_first = self.written == 0;
            self.written = 1;
            if is_first {
                let _ = writeln!(page, "{}", setting.language.phrase(&Phrase::NoMessages)); // a String takes everything
            }
            return is_first;
        }
        let rest = self.entries.get(self.written..).unwrap_or_default();
        for entry in rest.iter().take(LINES) {
            let line =
                Line { entry, setting, text: self.texts.get(entry.text), problems: self.texts.get(entry.problems) };
            line.write(&mut self.exchanges, page);
        }
        let count = rest.len().min(LINES);
        self.written += count;
        count > 0
    }
}

/// Whether there may be a line of it: not of a delivery of which the request is there, of heartbeats or of mere ACKs.
fn matters(sighting: &Sighting, session: &Session) -> bool {
    let Some(position) = sighting.position() else {
        let view = session.frame_of(sighting.stream, sighting.at.frame, sighting.by);
        let ends = |event: &Event<&str>| {
            matches!(event, Event::Fin | Event::Reset(_) | Event::Close(_) | Event::UpgradeRefused(_))
        };
        return view.is_some_and(|view| view.events().iter().any(|(event, _)| ends(event)));
    };
    let Some(view) = session.message_view(sighting.stream, position) else { return false };
    match view.record.event {
        Event::SayDelivery(_) => view.say().is_none() || !sighting.problems.is_empty(),
        Event::UserList { .. } | Event::Ping(_) | Event::Pong(_) => !sighting.problems.is_empty(),
        _ => true,
    }
}

/// An entry on its way to its line.
struct Line<'a> {
    entry: &'a Entry,
    setting: &'a Setting<'a>,
    text: &'a str,
    problems: &'a str,
}

impl Line<'_> {
    fn write(&self, known: &mut HashSet<(Frame, Kind)>, page: &mut String) {
        let Entry { at, stream, index, by, .. } = *self.entry;
        let session = self.setting.session;
        match index {
            Some(index) => {
                if let Some(view) = session.message_view(stream, Position { frame: at.frame, index }) {
                    self.message(&view, known, page);
                }
            }
            None => {
                let Some(view) = session.frame_of(stream, at.frame, by) else { return };
                let parts: Vec<Part> = view.events().iter().flat_map(|(event, _)| view.parts(event)).collect();
                let room = view.user().and_then(|user| user.room);
                for part in parts.iter().filter(|part| Kind::of(&part.exchange) == Some(Kind::Logout)) {
                    if known.insert((part.began, Kind::Logout)) {
                        self.line(room, &format!("* {}", self.title(part)), page);
                    }
                }
                self.problems(page);
            }
        }
    }

    fn message(&self, view: &MessageView, known: &mut HashSet<(Frame, Kind)>, page: &mut String) {
        let parts = view.parts(self.text);
        let own = parts.iter().rev().find_map(|part| Some((part, Kind::of(&part.exchange)?)));
        let own = own.filter(|(_, kind)| Some(*kind) == Kind::of(&view.record.event.clone().exchange(None, None)));
        let room = view.user().and_then(|user| user.room);
        let is_new = own.is_none_or(|(part, kind)| known.insert((part.began, kind)));
        match (&view.record.event, own) {
            _ if !is_new => {}
            (Event::SayRequest(say) | Event::SayDelivery(say), _) => {
                self.line(room, &self.said(view, &say.recipient), page);
            }
            (_, Some((part, kind))) => {
                let former = view.former_name(part.began).filter(|_| kind == Kind::Login);
                let what = match (&part.exchange, former) {
                    (Exchange::Login(Some(to)), Some(from)) => {
                        self.phrase(&Phrase::Renamed { from: &name(from), to: &name(to) })
                    }
                    _ => self.title(part),
                };
                let room = match &view.record.event {
                    Event::LoginRequest { room, .. } => room.or_else(|| view.user()?.room),
                    _ => room,
                };
                self.line(room, &format!("* {what}"), page);
            }
            (event, None) if !self.problems.is_empty() => {
                let phase = self.setting.language.phase(event.phase());
                self.line(room, &format!("{phase}: {}", isolated(self.text)), page);
            }
            _ => {}
        }
        self.problems(page);
        if view.reached_nobody() {
            self.problem(&self.setting.language.finding(&Fact::NoDelivery), page);
        }
    }

    /// Who says what to whom.
    fn said(&self, view: &MessageView, recipient: &Recipient<&str>) -> String {
        let sender = view.sender().map_or_else(|| self.browser(view), name);
        let to = match (view.recipient(), recipient) {
            (_, Recipient::Everyone) => self.phrase(&Phrase::All),
            (Some(recipient), _) => name(recipient),
            (None, Recipient::Id(id)) => name(id),
            (None, _) => "?".to_owned(),
        };
        format!("{sender} → {to}: {}", isolated(self.text))
    }

    fn browser(&self, view: &MessageView) -> String {
        if view.record.event.is_from_server() {
            return "?".to_owned();
        }
        let ends = view.ends();
        let addresses = ends.addresses();
        self.phrase(&Phrase::Browser(Party::of(&ends, Side::Client, &addresses)))
    }

    fn phrase(&self, phrase: &Phrase) -> String {
        self.setting.language.phrase(phrase)
    }

    /// The heading of the exchange.
    fn title(&self, part: &Part) -> String {
        let exchange = part.exchange.filter_map(|said| Some(text::line(said, MAX_NAME)));
        self.setting.language.title(&exchange.filter_map(|said| Some(&**said)))
    }

    fn line(&self, room: Option<&str>, what: &str, page: &mut String) {
        let time = (self.setting.clock)(self.entry.at.time);
        let room = room.map_or_else(|| "-".to_owned(), name);
        let _ = writeln!(page, "{time} [{room}] {what}"); // a String takes everything
    }

    fn problems(&self, page: &mut String) {
        self.problems.lines().for_each(|problem| self.problem(problem, page));
    }

    fn problem(&self, problem: &str, page: &mut String) {
        let _ = writeln!(page, "    ! {problem}"); // a String takes everything
    }
}

/// A name in one printable line.
pub fn name(name: &str) -> String {
    isolated(&text::line(name, MAX_NAME)).into_owned()
}
