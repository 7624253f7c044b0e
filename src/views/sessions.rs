//! The connections of a capture as a table, a row each: who, when, how the handshakes went, how many messages, how it ended.
//!
//! A filter chooses packets; a connection that has one of them has its row, which is about the whole connection.

use std::collections::BTreeSet;

use super::table::{Order, known, line, wider, widths};
use super::words::name;
use super::{Setting, TapEvent, View};
use crate::event::FrameEvent;
use crate::fields::Phase;
use crate::language::{Phrase, Word};
use crate::packet::{Side, StreamId};
use crate::session::Moment;
use crate::session::{ConnectionView, Session};

/// Rows that are written at a time.
const ROWS: usize = 256;
/// Former users that a row names.
const FORMER: usize = 4;
/// How many columns there are.
const COLUMNS: usize = 16;

/// One row. Of each cell, the display is one printable line.
type Row = [String; COLUMNS];

/// The columns whose values are numbers, and stand at the right.
const IS_NUMBER: [bool; COLUMNS] =
    [true, false, false, false, false, false, true, true, true, true, true, true, true, true, true, false];

/// The steps that have a column, with their titles.
const STEPS: [(Moment, &str); 6] = [
    (Moment::SynAck, "SYN+ACK"),
    (Moment::Established, "ACK"),
    (Moment::UpgradeRequest, "GET"),
    (Moment::UpgradeRequestAcked, "ACK"),
    (Moment::UpgradeResponse, "101"),
    (Moment::UpgradeComplete, "ACK"),
];

/// The table.
#[derive(Debug, Default)]
pub struct Sessions {
    /// The chat's connections, and others that may yet turn out to be.
    streams: BTreeSet<StreamId>,
    order: Order,
    /// The chat's, in the order of the rows.
    ordered: Vec<StreamId>,
    widths: [usize; COLUMNS],
    /// What is to be written next; `None` when all is.
    next: Option<Next>,
}

#[derive(Debug, Clone, Copy)]
enum Next {
    Head,
    From(usize),
}

impl View for Sessions {
    fn clear(&mut self) {
        *self = Sessions { order: self.order, ..Sessions::default() };
    }

    fn see(&mut self, tap_event: &TapEvent, session: &Session) {
        let stream = tap_event.stream;
        if session.connection(stream).is_some() || session.is_unsettled(stream) {
            self.streams.insert(stream);
        }
    }

    fn sort(&mut self, column: &str, setting: &Setting) -> bool {
        self.order.choose(&head(setting), column)
    }

    fn begin(&mut self, setting: &Setting) {
        self.widths = widths(&head(setting));
        self.ordered.clear();
        for stream in &self.streams {
            if let Some(row) = row(*stream, setting) {
                self.ordered.push(*stream);
                self.widths = wider(self.widths, widths(&row));
            }
        }
        let cell = |stream: &StreamId, at: usize| row(*stream, setting).map_or_else(String::new, |row| row[at].clone());
        self.order.sort(&mut self.ordered, &IS_NUMBER, cell);
        self.next = (!self.ordered.is_empty()).then_some(Next::Head);
    }

    fn write(&mut self, setting: &Setting, page: &mut String) -> bool {
        let from = match self.next {
            None => return false,
            Some(Next::Head) => {
                line(&head(setting), &self.widths, &IS_NUMBER, page);
                0
            }
            Some(Next::From(place)) => place,
        };
        let rows = self.ordered[from..].iter().take(ROWS).filter_map(|stream| row(*stream, setting));
        rows.for_each(|row| line(&row, &self.widths, &IS_NUMBER, page));
        self.next = Some(from + ROWS).filter(|next| *next < self.ordered.len()).map(Next::From);
        true
    }
}

fn head(setting: &Setting) -> Row {
    let sides = [Word::Side(Side::Client), Word::Side(Side::Server)];
    let words = [Word::User, Word::Room, Word::Began, Word::Duration, Word::End];
    let [browser, server] = sides.map(|word| setting.language.phrase(&Phrase::Word(word)));
    let [user, room, began, duration, end] = words.map(|word| setting.language.phrase(&Phrase::Word(word)));
    let [to_server, to_browser] = [format!("{browser} →"), format!("{server} →")];
    let [first, second, third, fourth, fifth, sixth] = STEPS.map(|(_, title)| title.to_owned());
    [
        "tcp.stream".to_owned(),
        browser,
        server,
        user,
        room,
        began,
        first,
        second,
        third,
        fourth,
        fifth,
        sixth,
        to_server,
        to_browser,
        duration,
        end,
    ]
}

/// The row of a connection; `None` for one that is not the chat's.
fn row(stream: StreamId, setting: &Setting) -> Option<Row> {
    let view = setting.session.connection(stream)?;
    let ends = view.ends();
    let room = view.users().last().and_then(|user| user.room).map(name);
    let began = [Moment::Syn, Moment::SynAck, Moment::Established, Moment::UpgradeRequest, Moment::UpgradeResponse];
    let began = began.iter().find_map(|moment| view.time_of(*moment));
    let [first, second, third, fourth, fifth, sixth] =
        STEPS.map(|(moment, _)| known(since(began, view.time_of(moment)).map(|time| format!("{:.3} ms", time / 1e6))));
    let messages = view.messages();
    Some([
        stream.tcp().to_string(),
        ends.client.to_string(),
        ends.server.to_string(),
        known(user(&view, setting)),
        known(room),
        known(began.map(setting.clock)),
        first,
        second,
        third,
        fourth,
        fifth,
        sixth,
        messages.client.to_string(),
        messages.server.to_string(),
        known(since(began, view.ended()).map(|time| format!("{:.3} s", time / 1e9))),
        end(&view, setting),
    ])
}

/// The nanoseconds from the connection's beginning to a time.
fn since(began: Option<i64>, time: Option<i64>) -> Option<f64> {
    Some(time?.saturating_sub(began?) as f64)
}

/// The last user of a connection, with the former ones, in one printable line; `None` where nobody is known.
pub fn user(view: &ConnectionView, setting: &Setting) -> Option<String> {
    let users = view.users();
    let mut names: Vec<&str> = users.iter().map(|user| user.name).filter(|name| !name.is_empty()).collect();
    names.dedup();
    let last = name(names.pop()?);
    let former: Vec<String> = names.iter().rev().take(FORMER).map(|former| name(former)).collect();
    let more = if names.len() > FORMER { ", …" } else { "" };
    if former.is_empty() {
        return Some(last);
    }
    let former = format!("{}{more}", former.join(", "));
    Some(setting.language.phrase(&Phrase::Formerly { name: &last, former: &former }))
}

/// How the connection ended, and by whom; where the capture holds no end of it, that the server says so.
fn end(view: &ConnectionView, setting: &Setting) -> String {
    let by_whom = |by: Side, phase: Phase| {
        let who = setting.language.phrase(&Phrase::Word(Word::Side(by)));
        format!("{who}{}{}", setting.language.colon(), setting.language.phase(phase))
    };
    let ends = view.ends_by().into_iter().map(|(event, by)| {
        let code = match &event {
            FrameEvent::Close(closing) => closing.code.map(|code| format!(" ({code})")),
            FrameEvent::UpgradeRefused(status) => Some(format!(" ({status})")),
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
            | FrameEvent::CloseReply(_)
            | FrameEvent::MessagesAcked(_) => None,
        };
        by_whom(by, event.phase()) + &code.unwrap_or_default()
    });
    let ends: Vec<String> = ends.collect();
    match (ends.is_empty(), view.ended()) {
        (true, None) => setting.language.phrase(&Phrase::Word(Word::Open)),
        (true, Some(_)) => by_whom(Side::Server, Phase::LogoutNotification),
        (false, _) => ends.join(", "),
    }
}
