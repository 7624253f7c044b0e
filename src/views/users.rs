//! The users of a capture as a table, a row each: how much they say and receive, what is lost, how long deliveries take, when and where they are.
//!
//! A user is a name: whoever has it, on however many connections. Messages on connections whose user has no name, or none that is known, have a
//! row together.

use std::collections::HashMap;

use super::messages::{Messages, Seen};
use super::table::{NOTHING, Order, known};
use super::times::{Response, milliseconds, responses};
use super::words::name;
use super::{Setting, TapEvent, View, table};
use crate::event::MessageEvent;
use crate::fields::Finding;
use crate::language::{Column, Phrase, Topic, Word, capitalised, learned_findings};
use crate::session::{MessageView, Session};

/// Users that have a row.
const MAX_ROWS: usize = 1000;
/// Rooms that a row names.
const MAX_ROOMS: usize = 4;
pub const COLUMNS: usize = 9;
pub const IS_NUMBER: [bool; COLUMNS] = [false, true, true, true, true, true, false, false, false];
/// What is wrong with a message that nobody receives.
const LOST: [Finding; 3] = [Finding::NoDelivery, Finding::SayBeforeLogin, Finding::MalformedJson];

/// The table.
#[derive(Debug, Default)]
pub struct Users {
    messages: Messages,
    order: Order,
}

/// The table's cells, in words: a user's name stands first, the rooms last.
#[derive(Debug)]
pub struct UsersTable {
    pub head: [String; COLUMNS],
    /// In the order in which the users are first seen, or that was chosen.
    pub rows: Vec<[String; COLUMNS]>,
    /// Users that have no row, because there are too many.
    pub more: usize,
}

/// What a user did. Times in nanoseconds.
#[derive(Debug, Default)]
struct User<'a> {
    name: Option<&'a str>,
    says: u64,
    received: u64,
    lost: u64,
    /// Says that were delivered, how long it took to the last of each one's deliveries, together and at most.
    delivered: i64,
    taken: i64,
    slowest: Option<i64>,
    /// Since the epoch.
    first: i64,
    last: i64,
    /// The first ones, and one more where there are more.
    rooms: Vec<&'a str>,
}

impl View for Users {
    fn clear(&mut self) {
        *self = Users { order: self.order, ..Users::default() };
    }

    fn see(&mut self, tap_event: &TapEvent, session: &Session) {
        self.messages.see(tap_event, session);
    }

    fn sort(&mut self, column: &str, setting: &Setting) -> bool {
        self.order.choose(&head(setting), column)
    }

    fn begin(&mut self, _setting: &Setting) {
        self.messages.begin();
    }

    fn write(&mut self, setting: &Setting, page: &mut String) -> bool {
        if self.messages.are_written() {
            return false;
        }
        let UsersTable { head, rows, more } = self.table(setting);
        if !rows.is_empty() {
            table::write(head, &rows, &IS_NUMBER, page);
        }
        if more > 0 {
            page.push_str(&setting.language.phrase(&Phrase::More(more)));
            page.push('\n');
        }
        true
    }
}

impl Users {
    /// The table, of what was seen until now.
    pub fn table(&self, setting: &Setting) -> UsersTable {
        let mut users = self.users(setting.session);
        self.order.sort(&mut users, &IS_NUMBER, |user, at| user.row(setting)[at].clone());
        let rows = users.iter().take(MAX_ROWS).map(|user| user.row(setting)).collect();
        UsersTable { head: head(setting), rows, more: users.len().saturating_sub(MAX_ROWS) }
    }

    /// The users, in the order in which they are first seen.
    fn users<'a>(&'a self, session: &'a Session) -> Vec<User<'a>> {
        let (mut users, mut places) = (Vec::<User>::new(), HashMap::new());
        for (seen, view) in self.messages.views(session) {
            let user = view.user();
            let name = user.map(|user| user.name).filter(|name| !name.is_empty());
            let place = *places.entry(name).or_insert(users.len());
            if place == users.len() {
                users.push(User { name, first: view.record.at.time, ..User::default() });
            }
            users[place].add(seen, &view, user.and_then(|user| user.room), session);
        }
        users
    }
}

impl<'a> User<'a> {
    /// Counts a message of a connection of the user's.
    fn add(&mut self, seen: &Seen, view: &MessageView<'a>, room: Option<&'a str>, session: &'a Session) {
        let time = view.record.at.time;
        (self.first, self.last) = (self.first.min(time), self.last.max(time));
        self.says += u64::from(matches!(view.record.event, MessageEvent::SayRequest { .. }));
        self.received += u64::from(matches!(view.record.event, MessageEvent::SayDelivery { .. }));
        self.lost += u64::from(!view.record.event.is_from_server() && is_lost(seen, view));
        let deliveries = responses(view, session).filter(|(response, _)| *response == Response::LastDelivery);
        for (_, time) in deliveries {
            (self.delivered, self.taken) = (self.delivered + 1, self.taken.saturating_add(time));
            self.slowest = self.slowest.max(Some(time));
        }
        if let Some(room) = room.filter(|room| !self.rooms.contains(room) && self.rooms.len() <= MAX_ROOMS) {
            self.rooms.push(room);
        }
    }

    fn row(&self, setting: &Setting) -> [String; COLUMNS] {
        let mean = (self.delivered > 0).then(|| milliseconds(self.taken / self.delivered));
        [
            known(self.name.map(name)),
            self.says.to_string(),
            self.received.to_string(),
            self.lost.to_string(),
            known(mean),
            known(self.slowest.map(milliseconds)),
            (setting.clock)(self.first),
            (setting.clock)(self.last),
            self.rooms(),
        ]
    }

    fn rooms(&self) -> String {
        let more = (self.rooms.len() > MAX_ROOMS).then(|| "…".to_owned());
        let rooms: Vec<String> = self.rooms.iter().take(MAX_ROOMS).map(|room| name(room)).chain(more).collect();
        if rooms.is_empty() { NOTHING.to_owned() } else { rooms.join(", ") }
    }
}

/// Whether nobody receives a message.
fn is_lost(seen: &Seen, view: &MessageView) -> bool {
    let learned = learned_findings(view, seen.by).map(|(finding, _)| finding);
    seen.findings.iter().chain(learned).any(|finding| LOST.contains(&finding))
}

fn head(setting: &Setting) -> [String; COLUMNS] {
    let words = |phrase| setting.language.phrase(&phrase);
    let title = |column| capitalised(&words(Phrase::Column(column)));
    let delivery = |column| {
        let (delivery, which) = (words(Phrase::Topic(Topic::LastDelivery)), words(Phrase::Column(column)));
        capitalised(&format!("{delivery}{}{which}", setting.language.colon()))
    };
    [
        words(Phrase::Word(Word::User)),
        title(Column::Says),
        title(Column::Received),
        title(Column::Lost),
        delivery(Column::Mean),
        delivery(Column::Slowest),
        title(Column::FirstSeen),
        title(Column::LastSeen),
        words(Phrase::Topic(Topic::Rooms)),
    ]
}
