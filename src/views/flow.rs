//! The arrows of Wireshark's Flow Graph: a lifeline a user and one for the server, an arrow a message.
//!
//! Wireshark draws. Here it is decided between which lifelines an arrow goes and what stands on it, arrow by arrow in the order of the capture,
//! with what the whole capture shows.

use std::collections::{HashMap, HashSet};

use super::sessions::user;
use super::words::in_columns;
use super::{Setting, TapEvent, follow};
use crate::failpoint::failpoint;
use crate::language::{Party, Phrase, Topic, Word};
use crate::packet::{Endpoint, Side, StreamId};
use crate::session::{ConnectionView, ServerNumber};

/// Lifelines beside the two that those share for whom there is no more room, browsers and servers. Wireshark draws 40.
const MAX_LIFELINES: usize = 38;
/// The longest name of a lifeline, in columns.
const MAX_NAME: usize = 32;
/// The longest text on an arrow, in columns.
const MAX_TEXT: usize = 64;

/// An arrow. Each text is one printable line.
#[derive(Debug, PartialEq, Eq)]
pub struct Arrow {
    /// The lifeline that it begins at, by its name, which no other lifeline has.
    pub from: String,
    /// The lifeline that it ends at.
    pub to: String,
    /// Who says what, or what happens.
    pub label: String,
    /// The same, with the kind of the message before it.
    pub comment: String,
}

/// The lifelines of a graph.
#[derive(Debug, Default)]
pub struct Flow {
    lifelines: Vec<Lifeline>,
    titles: HashSet<String>,
    links: HashMap<StreamId, Link>,
}

/// The lifeline of a server, or of one browser after the other of one user.
#[derive(Debug)]
struct Lifeline {
    /// As it is drawn.
    title: String,
    /// The user's name; `None` for a server.
    name: Option<String>,
    /// The server, also of a browser.
    server: Server,
    /// The last connection.
    last: StreamId,
}

/// A server by its number, whichever address it is reached at, or else by its address.
#[derive(Debug, Clone, Copy)]
struct Server {
    number: Option<ServerNumber>,
    end: Endpoint,
}

impl Server {
    fn is_same(&self, other: &Server) -> bool {
        let is_same_number = self.number.is_some() && self.number == other.number;
        is_same_number || self.end == other.end
    }
}

/// Which lifelines a connection joins, by their places; `None`: that of the others.
#[derive(Debug, Clone, Copy)]
struct Link {
    browser: Option<usize>,
    server: Option<usize>,
}

impl Flow {
    /// Forgets the lifelines: the packets come again.
    pub fn clear(&mut self) {
        *self = Flow::default();
    }

    /// The arrow of a message; `None` for what is below the messages, and for what is not the chat's.
    pub fn arrow(&mut self, tap_event: &TapEvent, setting: &Setting) -> Option<Arrow> {
        failpoint!("views::flow");
        let message = setting.session.message_view(tap_event.stream, tap_event.position()?)?;
        let text = in_columns(tap_event.text, MAX_TEXT);
        let line = follow::line(&TapEvent { text: &text, ..*tap_event }, setting.session, setting.language)?;
        let (label, comment) = match line.strip_prefix("* ") {
            Some(happening) => (happening.to_owned(), happening.to_owned()),
            None => (line.clone(), format!("{}{}{line}", setting.language.kind(&message), setting.language.colon())),
        };
        let link = self.link(tap_event, setting)?;
        // tshark cannot draw an arrow from the last lifeline to itself, so the others' servers have one of their own.
        let other_browsers = || format!("… {}", setting.language.phrase(&Phrase::Topic(Topic::Others)));
        let other_servers = || format!("… {}", setting.language.phrase(&Phrase::Word(Word::Side(Side::Server))));
        let title = |place: usize| self.lifelines[place].title.clone();
        let browser = link.browser.map_or_else(other_browsers, title);
        let server = link.server.map_or_else(other_servers, title);
        let [from, to] = if tap_event.by == Side::Client { [browser, server] } else { [server, browser] };
        Some(Arrow { from, to, label, comment })
    }

    /// Finds or makes the lifelines of a connection.
    fn link(&mut self, tap_event: &TapEvent, setting: &Setting) -> Option<Link> {
        let stream = tap_event.stream;
        if let Some(link) = self.links.get(&stream) {
            return Some(*link);
        }
        let view = setting.session.connection(stream)?;
        let browser = match self.known_browser(tap_event, &view, setting) {
            Some(known) => Some(known),
            None => self.add(stream, &view, Side::Client, setting),
        };
        let own = server_of(stream, &view, setting);
        let is_server = |line: &Lifeline| line.name.is_none() && line.server.is_same(&own);
        let server = match self.lifelines.iter().position(is_server) {
            Some(known) => Some(known),
            None => self.add(stream, &view, Side::Server, setting),
        };
        let link = Link { browser, server };
        self.links.insert(stream, link);
        Some(link)
    }

    /// The lifeline of a user who comes back. Of one who is there twice at a time, each has one.
    fn known_browser(&mut self, tap_event: &TapEvent, view: &ConnectionView, setting: &Setting) -> Option<usize> {
        let (name, server) = (user(view, setting)?, server_of(tap_event.stream, view, setting));
        let place = self.lifelines.iter().position(|line| {
            let last = setting.session.connection(line.last).and_then(|last| last.closing_since());
            let is_free = last.is_some_and(|closed| closed < tap_event.at.frame);
            is_free && line.name.as_ref() == Some(&name) && line.server.is_same(&server)
        })?;
        self.lifelines[place].last = tap_event.stream;
        Some(place)
    }

    /// Makes a lifeline, if there is room for one.
    fn add(&mut self, last: StreamId, view: &ConnectionView, side: Side, setting: &Setting) -> Option<usize> {
        if self.lifelines.len() >= MAX_LIFELINES {
            return None;
        }
        let (ends, addresses) = (view.ends(), view.ends().addresses());
        let place = setting.language.phrase(&Phrase::Browser(Party::of(&ends, side, &addresses)));
        let word = setting.language.phrase(&Phrase::Word(Word::Side(side)));
        let name = (side == Side::Client).then(|| user(view, setting).unwrap_or_else(|| format!("{word} ({place})")));
        let title = self.title(name.as_deref().unwrap_or(&word), &place);
        let server = server_of(last, view, setting);
        self.lifelines.push(Lifeline { title, name, server, last });
        Some(self.lifelines.len() - 1)
    }

    /// A title that no other lifeline has: the name, or with the place behind it, or with a number behind both.
    fn title(&mut self, name: &str, place: &str) -> String {
        let name = in_columns(name, MAX_NAME);
        let with_place = || format!("{name} ({place})");
        let numbered = (2..).map(|number| format!("{} {number}", with_place()));
        let mut titles = [name.clone(), with_place()].into_iter().chain(numbered);
        let title = titles.find(|title| !self.titles.contains(title)).unwrap_or_default();
        self.titles.insert(title.clone());
        title
    }
}

fn server_of(stream: StreamId, view: &ConnectionView, setting: &Setting) -> Server {
    Server { number: setting.session.server(stream), end: view.ends().server }
}
