//! The chat of a capture as a log: who comes and goes, and who says what to whom. Each say stands there once, however many got it.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};

use super::texts::{Entry, Texts, Unsettled};
use super::words::{in_columns, name, problems, readable, said};
use super::{Setting, TapEvent, View};
use crate::event::{Completion, Exchange, FrameEvent, MessageEvent};
use crate::language::{Language, MAX_LINE, Phrase, isolated, printable};
use crate::message::text;
use crate::packet::{Frame, Side, StreamId};
use crate::session::{ExchangeStep, MessageView, ServerNumber, Session, TextId};

/// Lines that are written at a time, and how many bytes of them are enough.
const LINES: usize = 256;
const ENOUGH: usize = 64 * 1024;
/// What a client does is captured in all places within this time. Nanoseconds.
const SAME_ACT: i64 = 1_000_000_000;

/// The longest text that a line quotes, in columns.
const MAX_TEXT: usize = 100;

/// A client of one server: another server may give out the same id.
type Client = (Option<ServerNumber>, TextId);

/// The log.
#[derive(Debug, Default)]
pub struct Transcript {
    /// Messages, and packets that end a user's connection.
    entries: Vec<Entry>,
    unsettled: Unsettled,
    texts: Texts,
    /// The says of which there is an entry, by their numbers.
    says: HashSet<u32>,
    /// The frames in which several logins are asked for, or told of.
    with_logins: HashSet<Frame>,
    /// What is wrong with a say or its deliveries, each once.
    wrong: HashMap<Act, Vec<String>>,
    /// How many of them are written.
    written: usize,
    known: Known,
    hasher: RandomState,
}

/// What has one line, however many messages it takes: a frame may hold several of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Act {
    /// By the number of its request.
    Say(u32),
    /// A say of which the request was not captured: the frame of its first copy, and a hash of the rest.
    Copies(Frame, u64),
    /// What a delivery says of which it is not known whether the request was captured: a hash of the line.
    Open(u64),
    /// The frame that began it; and the name, where more than one began there.
    Login(Frame, Option<String>),
    /// The frame that began it, and whose it is.
    Logout(Frame, Option<Client>),
}

/// What has been written.
#[derive(Debug, Default)]
struct Known {
    acts: HashSet<Act>,
    /// How clients came or went last, in words; on which connection, and when that was captured. Nanoseconds since the epoch.
    clients: HashMap<Client, (String, StreamId, i64)>,
    /// What messages that the chat does not know said last, by a hash of the line.
    unknown: HashMap<u64, Entry>,
}

impl Known {
    /// Whether a client comes or goes with this entry, and was not seen to do so on another connection just before: on the other side of a
    /// proxy, or by another address of the server. `is_end`: whoever has gone does not go again.
    fn is_new(&mut self, client: Option<Client>, what: &str, is_end: bool, entry: &Entry) -> bool {
        let Some(client) = client else { return true };
        let (stream, time) = (entry.stream, entry.at.time);
        let before = self.clients.insert(client, (what.to_owned(), stream, time));
        before.is_none_or(|(last, other, before)| {
            last != what || !is_end && (other == stream || time.saturating_sub(before) > SAME_ACT)
        })
    }

    /// Whether a message that the chat does not know says something new: not what a client has just sent, nor what another client has just got.
    fn is_news(&mut self, line: u64, entry: &Entry) -> bool {
        let is_recent = |before: &&Entry| entry.at.since(before.at) <= SAME_ACT;
        let is_new = self.unknown.get(&line).filter(is_recent).is_none_or(|before| match before.by {
            Side::Client => entry.by == Side::Client,
            Side::Server => before.stream == entry.stream,
        });
        if is_new {
            self.unknown.insert(line, *entry);
        }
        is_new
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
        self.with_logins = frames_with_logins(&self.entries, setting.session);
        let (mut all, mut known) = (HashMap::<Act, Vec<String>>::new(), HashSet::new());
        for entry in &self.entries {
            let Some((act, problems)) = self.line(entry, setting).wrong_say() else { continue };
            let new = problems.into_iter().filter(|problem| known.insert((act.clone(), problem.clone())));
            all.entry(act.clone()).or_default().extend(new);
        }
        self.wrong = all;
    }

    fn write(&mut self, setting: &Setting, page: &mut String) -> bool {
        let mut known = std::mem::take(&mut self.known);
        let rest = self.entries.get(self.written..).unwrap_or_default();
        let (start, mut count) = (page.len(), 0);
        for entry in rest.iter().take(LINES) {
            if page.len() - start >= ENOUGH {
                break;
            }
            self.line(entry, setting).write(&mut known, page);
            count += 1;
        }
        self.known = known;
        self.written += count;
        count > 0
    }
}

impl Transcript {
    fn line<'a>(&'a self, entry: &'a Entry, setting: &'a Setting<'a>) -> Line<'a> {
        let (text, problems) = (self.texts.get(entry.text), self.texts.get(entry.problems));
        Line { log: self, entry, setting, text, problems }
    }

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
        let is_new = view.record.say.is_none_or(|say| self.says.insert(say));
        let is_wrong = || !problems(&view, tap_event.by, tap_event.problems, Language::English).is_empty();
        match view.record.event {
            MessageEvent::SayDelivery { .. } => is_new || is_wrong(),
            MessageEvent::UserList { .. }
            | MessageEvent::Ping { .. }
            | MessageEvent::Pong { .. }
            | MessageEvent::ClientPing { .. }
            | MessageEvent::ServerPong { .. }
            | MessageEvent::UnsolicitedPong { .. } => is_wrong(),
            MessageEvent::LoginRequest { .. }
            | MessageEvent::LoginResult { .. }
            | MessageEvent::LoginNotification { .. }
            | MessageEvent::SayRequest { .. }
            | MessageEvent::LogoutNotification { .. }
            | MessageEvent::Unknown { .. } => true,
        }
    }
}

/// The frames in which several logins are asked for, or told of, by more than one name.
fn frames_with_logins(entries: &[Entry], session: &Session) -> HashSet<Frame> {
    let mut names: HashMap<Frame, Option<String>> = HashMap::new();
    let mut several = HashSet::new();
    for entry in entries {
        let view = entry.position().and_then(|position| session.message_view(entry.stream, position));
        let login = view.filter(|view| {
            let event = &view.record.event;
            matches!(event, MessageEvent::LoginRequest { .. }) || event.row().completes == Some(Completion::Login)
        });
        let Some(view) = login else { continue };
        let name = view.record.event.sender().map(|name| name.to_string());
        if *names.entry(entry.at.frame).or_insert_with(|| name.clone()) != name {
            several.insert(entry.at.frame);
        }
    }
    several
}

/// An entry on its way to its line.
struct Line<'a> {
    log: &'a Transcript,
    entry: &'a Entry,
    setting: &'a Setting<'a>,
    text: &'a str,
    problems: &'a str,
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
                let (events, client) = (view.events(), session.client(stream, None));
                let ends = events.iter().filter(|(event, _)| event.is_end());
                let room = view.user().and_then(|user| user.room);
                for step in ends.flat_map(|(event, _)| view.steps(event)) {
                    let is_logout = matches!(step.exchange, Exchange::Logout(_));
                    if is_logout && known.acts.insert(Act::Logout(step.began, client)) {
                        self.act(client, known, room, &self.setting.language.heading(&step), true, page);
                    }
                }
                self.problems.lines().for_each(|problem| self.problem(problem, page));
            }
        }
    }

    fn message(&self, view: &MessageView, known: &mut Known, page: &mut String) {
        let own = view.own_steps(self.text).into_iter().next();
        let act = self.act_of(view, own.as_ref());
        let is_new = act.clone().is_none_or(|act| known.acts.insert(act));
        if is_new {
            self.own_line(view, own.as_ref(), known, page);
        }
        match act {
            // Below its line, and not where its other copies stand.
            Some(act @ (Act::Say(_) | Act::Copies(..) | Act::Open(_))) if is_new => {
                self.log.wrong.get(&act).into_iter().flatten().for_each(|problem| self.problem(problem, page));
            }
            Some(Act::Say(_) | Act::Copies(..) | Act::Open(_)) => {}
            Some(Act::Login(..) | Act::Logout(..)) | None => {
                self.problems_of(view).iter().for_each(|problem| self.problem(problem, page))
            }
        }
    }

    /// What a message is a part of that has one line.
    fn act_of(&self, view: &MessageView, own: Option<&ExchangeStep>) -> Option<Act> {
        let began = own.map_or(view.record.at.frame, |own| own.began);
        let client = self.setting.session.client(self.entry.stream, view.record.sender_id);
        match view.record.event.clone().exchange(None) {
            Exchange::Login(name) => {
                let name = name.filter(|_| self.log.with_logins.contains(&began));
                Some(Act::Login(began, name.map(str::to_owned)))
            }
            Exchange::Say { .. } => Some(match (view.record.say, own) {
                (Some(say), _) => Act::Say(say),
                (None, Some(_)) => Act::Copies(began, self.log.hasher.hash_one((client, self.text))),
                (None, None) => self.open(view),
            }),
            Exchange::Logout(_) => Some(Act::Logout(began, client)),
            Exchange::TcpHandshake(_)
            | Exchange::WebSocketHandshake
            | Exchange::Heartbeat(_)
            | Exchange::Close
            | Exchange::Unknown => None,
        }
    }

    /// What a say or a delivery says, whoever gets it.
    fn open(&self, view: &MessageView) -> Act {
        let server = self.setting.session.server(self.entry.stream);
        Act::Open(self.log.hasher.hash_one((server, self.said(view, self.text))))
    }

    /// Who says this text to whom, of a say or a delivery.
    fn said(&self, view: &MessageView, text: &str) -> String {
        match &view.record.event {
            MessageEvent::SayRequest { recipient, .. } | MessageEvent::SayDelivery { recipient, .. } => {
                said(view, recipient, text, self.setting.language)
            }
            MessageEvent::LoginRequest { .. }
            | MessageEvent::UserList { .. }
            | MessageEvent::LoginResult { .. }
            | MessageEvent::LoginNotification { .. }
            | MessageEvent::LogoutNotification { .. }
            | MessageEvent::Ping { .. }
            | MessageEvent::Pong { .. }
            | MessageEvent::ClientPing { .. }
            | MessageEvent::ServerPong { .. }
            | MessageEvent::UnsolicitedPong { .. }
            | MessageEvent::Unknown { .. } => String::new(),
        }
    }

    /// What is wrong with a say or a delivery.
    fn wrong_say(&self) -> Option<(Act, Vec<String>)> {
        let view = self.setting.session.message_view(self.entry.stream, self.entry.position()?)?;
        let problems = Some(self.problems_of(&view)).filter(|problems| !problems.is_empty())?;
        let act = self.act_of(&view, view.own_steps(self.text).first())?;
        matches!(act, Act::Say(_) | Act::Copies(..) | Act::Open(_)).then_some((act, problems))
    }

    /// The line of a message whose exchange has none yet.
    fn own_line(&self, view: &MessageView, own: Option<&ExchangeStep>, known: &mut Known, page: &mut String) {
        let room = view.user().and_then(|user| user.room);
        match &view.record.event {
            MessageEvent::SayRequest { .. } | MessageEvent::SayDelivery { .. } => {
                known.acts.insert(self.open(view));
                self.line(room, &self.said(view, &in_columns(self.text, MAX_TEXT)), page);
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
            | MessageEvent::ClientPing { .. }
            | MessageEvent::ServerPong { .. }
            | MessageEvent::UnsolicitedPong { .. } => self.line_of_problems(view, room, page),
            MessageEvent::Unknown { .. } if !self.problems_of(view).is_empty() => {
                self.line_of_problems(view, room, page)
            }
            MessageEvent::Unknown { type_name, recipient, .. } => {
                let type_name = type_name.map(|type_name| format!("({}) ", name(type_name))).unwrap_or_default();
                let text = in_columns(self.text, MAX_TEXT);
                let line = readable(view, recipient, &text, self.setting.language);
                let is_news =
                    !line.is_empty() && known.is_news(self.log.hasher.hash_one((&type_name, &line)), self.entry);
                if is_news {
                    self.line(room, &format!("{type_name}{line}"), page);
                }
            }
        }
    }

    /// The line above the problems of a message that has none otherwise.
    fn line_of_problems(&self, view: &MessageView, room: Option<&str>, page: &mut String) {
        if !self.problems_of(view).is_empty() {
            let phase = self.setting.language.phase(view.record.event.phase());
            let text = in_columns(self.text, MAX_TEXT);
            let colon = if text.is_empty() { "" } else { self.setting.language.colon() };
            self.line(room, &format!("{phase}{colon}{}", isolated(&text)), page);
        }
    }

    /// The line of a message that tells who comes or goes.
    fn comes_or_goes(
        &self,
        view: &MessageView,
        own: Option<&ExchangeStep>,
        room: Option<&str>,
        known: &mut Known,
        page: &mut String,
    ) {
        let Some(step) = own else { return self.line_of_problems(view, room, page) };
        let session = self.setting.session;
        let renamed = view.record.event.sender().and_then(|to| {
            let from = session.former_name(view, step.began)?;
            let [from, to] = [from, to].map(|name| text::line(name, MAX_LINE));
            Some(self.phrase(&Phrase::Renamed { from: &from, to: &to }))
        });
        let (is_login, what) = match &step.exchange {
            Exchange::Login(user) => (true, renamed.unwrap_or_else(|| self.logs_in(*user))),
            Exchange::TcpHandshake(_)
            | Exchange::WebSocketHandshake
            | Exchange::Say { .. }
            | Exchange::Heartbeat(_)
            | Exchange::Logout(_)
            | Exchange::Close
            | Exchange::Unknown => (false, self.setting.language.heading(step)),
        };
        self.act(session.client(self.entry.stream, view.record.sender_id), known, room, &what, !is_login, page);
    }

    /// Somebody comes or goes.
    fn act(
        &self,
        client: Option<Client>,
        known: &mut Known,
        room: Option<&str>,
        what: &str,
        is_end: bool,
        page: &mut String,
    ) {
        if known.is_new(client, what, is_end, self.entry) {
            self.line(room, &format!("* {what}"), page);
        }
    }

    fn logs_in(&self, user: Option<&str>) -> String {
        self.phrase(&Phrase::LogsIn(user.and_then(printable).as_deref()))
    }

    fn phrase(&self, phrase: &Phrase) -> String {
        self.setting.language.phrase(phrase)
    }

    fn line(&self, room: Option<&str>, what: &str, page: &mut String) {
        let time = (self.setting.clock)(self.entry.at.time);
        let room = room.map_or_else(|| "-".to_owned(), name);
        let _ = writeln!(page, "{:>5}  {time} [{room}] {what}", self.entry.at.frame.number()); // a String takes everything
    }

    /// The sentences of what is wrong with a message.
    fn problems_of(&self, view: &MessageView) -> Vec<String> {
        problems(view, self.entry.by, self.problems, self.setting.language)
    }

    fn problem(&self, problem: &str, page: &mut String) {
        let _ = writeln!(page, "       ! {problem}"); // a String takes everything
    }
}
