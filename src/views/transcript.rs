//! The chat of a capture as a log: who comes and goes, and who says what to whom. Each say stands there once, however many got it.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::texts::{Entry, Texts, Unsettled};
use super::words::{name, said};
use super::{Setting, TapEvent, View};
use crate::event::{Exchange, FrameEvent, MessageEvent};
use crate::fields::Finding;
use crate::language::{FindingDetail, Phrase, isolated};
use crate::packet::{Frame, StreamId};
use crate::session::TextId;
use crate::session::{ExchangeStep, MessageView, Session};

/// Lines that are written at a time, and how many bytes of them are enough.
const LINES: usize = 256;
const ENOUGH: usize = 64 * 1024;
/// What a client does is captured in all places within this time. Nanoseconds.
const SAME_ACT: i64 = 1_000_000_000;

/// The log.
#[derive(Debug, Default)]
pub struct Transcript {
    /// Messages, and packets that end a user's connection.
    entries: Vec<Entry>,
    unsettled: Unsettled,
    texts: Texts,
    /// The says of which there is an entry, by the frames of their requests.
    says: HashSet<Frame>,
    /// What is wrong with a say or its deliveries, each once, by the frame that began it.
    wrong: HashMap<Frame, Vec<String>>,
    /// How many of them are written.
    written: usize,
    known: Known,
}

/// What has been written of exchanges: each once.
#[derive(Debug, Default)]
struct Known {
    exchanges: HashSet<(Frame, Kind)>,
    /// Which clients came or went, in words; on which connection, and when that was captured. Nanoseconds since the epoch.
    acts: HashMap<(TextId, String), (StreamId, i64)>,
}

impl Known {
    /// Whether a client comes or goes with this entry, and was not seen to do so on another connection just before: on the other side of a
    /// proxy, or by another address of the server.
    fn is_act(&mut self, client: Option<TextId>, what: &str, entry: &Entry) -> bool {
        let Some(client) = client else { return true };
        let (stream, time) = (entry.stream, entry.at.time);
        let before = self.acts.insert((client, what.to_owned()), (stream, time));
        before.is_none_or(|(other, before)| other == stream || time.saturating_sub(before) > SAME_ACT)
    }
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
            Exchange::TcpHandshake(_)
            | Exchange::WebSocketHandshake
            | Exchange::Heartbeat(_)
            | Exchange::Close
            | Exchange::Unknown => None,
        }
    }
}

impl View for Transcript {
    fn clear(&mut self) {
        *self = Transcript::default();
    }

    fn see(&mut self, tap_event: &TapEvent, session: &Session) {
        if self.matters(tap_event, session) {
            self.entries.push(self.texts.keep(tap_event));
        } else if session.is_unsettled(tap_event.stream) {
            self.unsettled.add(self.texts.keep(tap_event), |stream| session.is_unsettled(stream));
        }
    }

    fn begin(&mut self, setting: &Setting) {
        self.insert_settled(setting.session);
        self.written = 0;
        self.known = Known::default();
        self.wrong.clear();
        let mut known: HashSet<(Frame, String)> = HashSet::new();
        for entry in &self.entries {
            let Some((began, problems)) = wrong_say(entry, self.texts.get(entry.problems), setting) else { continue };
            let new = problems.into_iter().filter(|problem| known.insert((began, problem.clone())));
            self.wrong.entry(began).or_default().extend(new);
        }
    }

    fn write(&mut self, setting: &Setting, page: &mut String) -> bool {
        let rest = self.entries.get(self.written..).unwrap_or_default();
        let (start, mut count) = (page.len(), 0);
        for entry in rest.iter().take(LINES) {
            if page.len() - start >= ENOUGH {
                break;
            }
            let (text, problems) = (self.texts.get(entry.text), self.texts.get(entry.problems));
            let line = Line { entry, setting, text, problems, wrong: &self.wrong };
            line.write(&mut self.known, page);
            count += 1;
        }
        self.written += count;
        count > 0
    }
}

impl Transcript {
    /// Inserts what came earlier.
    fn insert_settled(&mut self, session: &Session) {
        let settled = self.unsettled.settled(session);
        if settled.is_empty() {
            return;
        }
        for entry in settled {
            let problems = self.texts.get(entry.problems).to_owned();
            if self.matters(&entry.tap_event(&problems), session) {
                self.entries.push(entry);
            }
        }
        self.entries.sort_by_key(|entry| entry.at.frame);
    }

    /// Whether there may be a line of it: not of a delivery of a say that has an entry, of heartbeats or of mere ACKs.
    fn matters(&mut self, tap_event: &TapEvent, session: &Session) -> bool {
        let Some(position) = tap_event.position() else {
            let view = session.frame_of(tap_event.stream, tap_event.at.frame, tap_event.by);
            return view.is_some_and(|view| {
                view.events().iter().any(|(event, _)| event.is_end() || matches!(event, FrameEvent::UpgradeRefused(_)))
            });
        };
        let Some(view) = session.message_view(tap_event.stream, position) else { return false };
        let is_new = view.say().is_none_or(|say| self.says.insert(say.at.frame));
        match view.record.event {
            MessageEvent::SayDelivery { .. } => is_new || !tap_event.problems.is_empty(),
            MessageEvent::UserList { .. }
            | MessageEvent::Ping { .. }
            | MessageEvent::Pong { .. }
            | MessageEvent::UnsolicitedPong { .. } => !tap_event.problems.is_empty(),
            MessageEvent::LoginRequest { .. }
            | MessageEvent::LoginResult { .. }
            | MessageEvent::LoginNotification { .. }
            | MessageEvent::SayRequest { .. }
            | MessageEvent::LogoutNotification { .. }
            | MessageEvent::Unknown { .. } => true,
        }
    }
}

/// What is wrong with a say or a delivery, and the frame that began it.
fn wrong_say(entry: &Entry, problems: &str, setting: &Setting) -> Option<(Frame, Vec<String>)> {
    let view = setting.session.message_view(entry.stream, entry.position()?)?;
    let nobody = view.reached_nobody().then(|| setting.language.finding(&FindingDetail::NoDelivery));
    let problems: Vec<String> = problems.lines().map(str::to_owned).chain(nobody).collect();
    let steps = Some(view.steps("")).filter(|_| !problems.is_empty())?;
    let (step, kind) = own(&view, &steps)?;
    (kind == Kind::Say).then_some((step.began, problems))
}

/// The exchange that a message is itself a part of.
fn own<'p, 's>(view: &MessageView, steps: &'p [ExchangeStep<'s>]) -> Option<(&'p ExchangeStep<'s>, Kind)> {
    let own = steps.iter().rev().find_map(|step| Some((step, Kind::of(&step.exchange)?)));
    own.filter(|(_, kind)| Some(*kind) == Kind::of(&view.record.event.clone().exchange(None)))
}

/// An entry on its way to its line.
struct Line<'a> {
    entry: &'a Entry,
    setting: &'a Setting<'a>,
    text: &'a str,
    problems: &'a str,
    /// As in [`Transcript::wrong`].
    wrong: &'a HashMap<Frame, Vec<String>>,
}

impl Line<'_> {
    fn write(&self, known: &mut Known, page: &mut String) {
        let Entry { at, stream, by, .. } = *self.entry;
        let session = self.setting.session;
        match self.entry.position() {
            Some(position) => {
                if let Some(view) = session.message_view(stream, position) {
                    self.message(&view, known, page);
                }
            }
            None => {
                let Some(view) = session.frame_of(stream, at.frame, by) else { return };
                let steps: Vec<ExchangeStep> = view.events().iter().flat_map(|(event, _)| view.steps(event)).collect();
                let room = view.user().and_then(|user| user.room);
                for step in steps.iter().filter(|step| Kind::of(&step.exchange) == Some(Kind::Logout)) {
                    if known.exchanges.insert((step.began, Kind::Logout)) {
                        self.act(session.client_of(stream), known, room, &self.setting.language.heading(step), page);
                    }
                }
                self.problems(page);
            }
        }
    }

    fn message(&self, view: &MessageView, known: &mut Known, page: &mut String) {
        let steps = view.steps(self.text);
        let own = own(view, &steps);
        let is_new = own.is_none_or(|(step, kind)| known.exchanges.insert((step.began, kind)));
        if is_new {
            self.own_line(view, own, known, page);
        }
        match own {
            // Below its line, and not where its other copies stand.
            Some((step, Kind::Say)) if is_new => {
                self.wrong.get(&step.began).into_iter().flatten().for_each(|problem| self.problem(problem, page));
            }
            Some((_, Kind::Say)) => {}
            Some((_, Kind::Login | Kind::Logout)) | None => {
                self.problems(page);
                if view.late_findings().any(|finding| finding == Finding::NoLoginResult) {
                    self.problem(&self.setting.language.finding(&FindingDetail::NoLoginResult), page);
                }
            }
        }
    }

    /// The line of a message whose exchange has none yet.
    fn own_line(&self, view: &MessageView, own: Option<(&ExchangeStep, Kind)>, known: &mut Known, page: &mut String) {
        let room = view.user().and_then(|user| user.room);
        match &view.record.event {
            MessageEvent::SayRequest { recipient, .. } | MessageEvent::SayDelivery { recipient, .. } => {
                self.line(room, &said(view, recipient, self.text, self.setting.language), page);
            }
            MessageEvent::LoginRequest { room: asked, .. } => {
                self.comes_or_goes(view, own, asked.or(room), known, page);
            }
            MessageEvent::UserList { .. }
            | MessageEvent::LoginResult { .. }
            | MessageEvent::LoginNotification { .. }
            | MessageEvent::LogoutNotification { .. } => self.comes_or_goes(view, own, room, known, page),
            MessageEvent::Ping { .. }
            | MessageEvent::Pong { .. }
            | MessageEvent::UnsolicitedPong { .. }
            | MessageEvent::Unknown { .. } => self.line_of_problems(view, room, page),
        }
    }

    /// The line above the problems of a message that has none otherwise.
    fn line_of_problems(&self, view: &MessageView, room: Option<&str>, page: &mut String) {
        if !self.problems.is_empty() {
            let phase = self.setting.language.phase(view.record.event.phase());
            let said = if self.text.is_empty() { String::new() } else { format!(": {}", isolated(self.text)) };
            self.line(room, &format!("{phase}{said}"), page);
        }
    }

    /// The line of a message that tells who comes or goes.
    fn comes_or_goes(
        &self,
        view: &MessageView,
        own: Option<(&ExchangeStep, Kind)>,
        room: Option<&str>,
        known: &mut Known,
        page: &mut String,
    ) {
        let Some((step, kind)) = own else { return self.line_of_problems(view, room, page) };
        let former = view.former_name(step.began).filter(|_| kind == Kind::Login);
        let what = match (&step.exchange, former) {
            (Exchange::Login(Some(to)), Some(from)) => {
                self.phrase(&Phrase::Renamed { from: &name(from), to: &name(to) })
            }
            _ => self.setting.language.heading(step),
        };
        let client = view.record.sender_id.or_else(|| self.setting.session.client_of(self.entry.stream));
        self.act(client, known, room, &what, page);
    }

    /// Somebody comes or goes.
    fn act(&self, client: Option<TextId>, known: &mut Known, room: Option<&str>, what: &str, page: &mut String) {
        if known.is_act(client, what, self.entry) {
            self.line(room, &format!("* {what}"), page);
        }
    }

    fn phrase(&self, phrase: &Phrase) -> String {
        self.setting.language.phrase(phrase)
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
