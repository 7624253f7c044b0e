//! Counts of the messages by type, user and room, of the findings, and response times, as rows of a tree.
//!
//! What a tap reports waits until what the whole capture shows is known, and is counted then: so one pass counts as two do.

use std::collections::HashMap;
use std::mem;

use super::times::responses;
use super::words::name;
use super::{Setting, TapEvent};
use crate::annotation::Findings;
use crate::failpoint::failpoint;
use crate::fields::Finding;
use crate::language::{Language, Phrase, Topic, learned_findings};
use crate::packet::{Frame, Position, Side, StreamId};
use crate::session::{MessageView, Session};

/// Users and rooms that have rows of their own, of each; the rest have one together.
const MAX_ROWS: usize = 1000;
/// Times within which responses are counted, in nanoseconds. Wireshark puts rows of the same count in the order of their names.
const LIMITS: [(i64, &str); 5] = [
    (1_000_000, "≤ 1 ms"),
    (10_000_000, "≤ 10 ms"),
    (100_000_000, "≤ 100 ms"),
    (1_000_000_000, "≤ 1000 ms"),
    (10_000_000_000, "≤ 10000 ms"),
];

/// The statistics.
#[derive(Debug, Default)]
pub struct Statistics {
    waiting: Waiting,
    rows: Vec<Row>,
    /// Where a row is, by its parent's place and its name.
    places: HashMap<(Option<usize>, String), usize>,
    changed: Vec<usize>,
}

/// What was seen and is not counted yet.
#[derive(Debug, Default)]
struct Waiting {
    new: Vec<Seen>,
    /// Frames of which it was not known what they are when they were looked at last.
    unsettled: Vec<Seen>,
    /// The last frame that the session had learned from then.
    learned: Option<Frame>,
}

impl Waiting {
    /// Takes what is to be looked at, in the order in which it was seen. What was unsettled is, only where the session has learned since: on
    /// a later pass, that would be all of it for each frame.
    fn take(&mut self, learned: Option<Frame>) -> Vec<Seen> {
        let has_learned = mem::replace(&mut self.learned, learned) != learned;
        let mut seen = if has_learned { mem::take(&mut self.unsettled) } else { Vec::new() };
        seen.append(&mut self.new);
        seen
    }
}

/// A message, or a frame with findings below its messages.
#[derive(Debug)]
struct Seen {
    stream: StreamId,
    frame: Frame,
    /// Of a message: how many of the frame came before it.
    index: Option<u32>,
    by: Side,
    findings: Findings,
}

/// A row of the tree.
#[derive(Debug)]
pub struct Row {
    /// The place of the row that it stands under.
    pub parent: Option<usize>,
    /// What it counts, in the language.
    pub name: String,
    /// Whether other rows stand under it.
    pub is_parent: bool,
    /// How many there are.
    pub count: u32,
    /// Of response times, those that came since the row was last looked at, in microseconds.
    pub times: Vec<u32>,
    children: usize,
    is_changed: bool,
}

impl Statistics {
    /// Forgets everything: the packets come again.
    pub fn clear(&mut self) {
        *self = Statistics::default();
    }

    /// Takes in what the tap reports.
    pub fn see(&mut self, tap_event: &TapEvent, session: &Session) {
        failpoint!("views::statistics::see");
        let TapEvent { at, stream, index, by, findings, .. } = *tap_event;
        let is_any = findings != Findings::default() || session.is_request(stream, at.frame);
        if index.is_some() || is_any || session.is_unsettled(stream) {
            self.waiting.new.push(Seen { stream, frame: at.frame, index, by, findings });
        }
    }

    /// Counts what waits, with what is known now.
    pub fn count(&mut self, setting: &Setting) {
        failpoint!("views::statistics::count");
        self.section(Topic::Messages, setting.language, 0);
        let session = setting.session;
        for seen in self.waiting.take(session.learned()) {
            let Seen { stream, frame, index, by, findings } = seen;
            let view = index.and_then(|index| session.message_view(stream, Position { frame, index }));
            let is_shown = match index {
                Some(_) => view.is_some(),
                None => session.frame_of(stream, frame, by).is_some() || !session.is_unsettled(stream),
            };
            if !is_shown && session.is_unsettled(stream) {
                self.waiting.unsettled.push(seen);
            }
            if !is_shown || session.connection(stream).is_none() {
                continue;
            }
            view.iter().for_each(|view| self.message(view, setting));
            let learned = view.iter().flat_map(|view| learned_findings(view, by)).map(|(finding, _)| finding);
            let is_cut_off = index.is_none() && session.is_cut_off(stream, frame);
            let lacks_keys = index.is_none() && session.lacks_keys(stream, frame);
            let learned = learned.chain(is_cut_off.then_some(Finding::HandshakeCutOff));
            let learned = learned.chain(lacks_keys.then_some(Finding::TlsWithoutKeys));
            findings.iter().chain(learned).for_each(|finding| self.finding(finding, setting));
        }
    }

    /// Counts a fault of this plugin, which costs at least a message.
    pub fn fail(&mut self, what: &str, language: Language) {
        self.add(None, &language.fault(what), false, 1);
    }

    fn finding(&mut self, finding: Finding, setting: &Setting) {
        let section = self.section(Topic::Findings, setting.language, 1);
        self.add(Some(section), finding.spec().name, false, 1);
    }

    /// The rows that have changed since the last call, with their places: a parent before its children.
    pub fn changes(&mut self) -> Vec<(usize, Row)> {
        let mut places = mem::take(&mut self.changed);
        places.sort_unstable(); // a parent is made before its children
        let changes = places.into_iter().filter_map(|place| {
            let row = self.rows.get_mut(place)?;
            row.is_changed = false;
            let (name, times) = (row.name.clone(), mem::take(&mut row.times));
            Some((place, Row { name, times, ..*row }))
        });
        changes.collect()
    }

    fn message(&mut self, view: &MessageView, setting: &Setting) {
        let language = setting.language;
        let phase = language.kind(view);
        let messages = self.section(Topic::Messages, language, 1);
        self.add(Some(messages), &phase, false, 1);
        let user = view.user();
        let who = user.map(|user| user.name).filter(|name| !name.is_empty());
        for (topic, of) in [(Topic::Users, who), (Topic::Rooms, user.and_then(|user| user.room))] {
            let Some(of) = of else { continue };
            let section = self.section(topic, language, 1);
            let row = self.bounded(section, &name(of), language);
            self.add(Some(row), &phase, false, 1);
        }
        for (response, time) in responses(view, setting.session) {
            self.time(&response.title(language), time, language);
        }
    }

    /// A response time, in nanoseconds.
    fn time(&mut self, title: &str, nanoseconds: i64, language: Language) {
        let time = u32::try_from(nanoseconds / 1000).unwrap_or(u32::MAX).min(i32::MAX as u32);
        let section = self.section(Topic::ResponseTimes, language, 1);
        let row = self.add(Some(section), title, true, 1);
        self.rows[row].times.push(time);
        for (_, limit) in LIMITS.iter().filter(|(limit, _)| nanoseconds <= *limit) {
            self.add(Some(row), limit, false, 1);
        }
    }

    fn section(&mut self, topic: Topic, language: Language, count: u32) -> usize {
        self.add(None, &language.phrase(&Phrase::Topic(topic)), true, count)
    }

    /// A row of a user or room, or the one that those have together for whom there is no more room.
    fn bounded(&mut self, section: usize, name: &str, language: Language) -> usize {
        let is_known = self.places.contains_key(&(Some(section), name.to_owned()));
        match is_known || self.rows[section].children < MAX_ROWS {
            true => self.add(Some(section), name, true, 1),
            false => self.add(Some(section), &language.phrase(&Phrase::Topic(Topic::Others)), true, 1),
        }
    }

    /// Adds to a row, which is made if it is not there.
    fn add(&mut self, parent: Option<usize>, name: &str, is_parent: bool, count: u32) -> usize {
        let next = self.rows.len();
        let place = *self.places.entry((parent, name.to_owned())).or_insert(next);
        if place == next {
            let name = name.to_owned();
            let row = Row { parent, name, is_parent, count: 0, times: Vec::new(), children: 0, is_changed: false };
            self.rows.push(row);
            if let Some(parent) = parent {
                self.rows[parent].children += 1;
            }
        }
        let row = &mut self.rows[place];
        row.count = row.count.saturating_add(count);
        if !row.is_changed {
            row.is_changed = true;
            self.changed.push(place);
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(statistics: &mut Statistics) -> Vec<(Option<usize>, String, u32)> {
        statistics.changes().into_iter().map(|(_, row)| (row.parent, row.name, row.count)).collect()
    }

    fn unsettled(number: u32) -> Seen {
        let (stream, by, findings) = (StreamId(0), Side::Client, Findings::default());
        Seen { stream, frame: Frame::of(number), index: None, by, findings }
    }

    fn frames(seen: &[Seen]) -> Vec<u32> {
        seen.iter().map(|seen| seen.frame.number()).collect()
    }

    #[test]
    fn frames_that_stay_unsettled_are_not_looked_at_again_before_the_session_learns_more() {
        let mut waiting = Waiting::default();
        waiting.new.push(unsettled(1));
        waiting.unsettled = waiting.take(Some(Frame::of(9)));
        assert_eq!(frames(&waiting.unsettled), [1]);
        waiting.new.push(unsettled(2));
        let looked_at = waiting.take(Some(Frame::of(9)));
        assert_eq!(frames(&looked_at), [2]);
        waiting.unsettled.extend(looked_at);
        waiting.new.push(unsettled(3));
        assert_eq!(frames(&waiting.take(Some(Frame::of(10)))), [1, 2, 3]);
    }

    #[test]
    fn a_change_is_told_once() {
        let mut statistics = Statistics::default();
        let section = statistics.section(Topic::Users, Language::English, 1);
        statistics.bounded(section, "anna", Language::English);
        let (users, anna) = ((None, "Users".to_owned(), 1), (Some(0), "anna".to_owned(), 1));
        assert_eq!(names(&mut statistics), [users, anna]);
        assert_eq!(names(&mut statistics), []);
        statistics.bounded(section, "anna", Language::English);
        assert_eq!(names(&mut statistics), [(Some(0), "anna".to_owned(), 2)]);
    }

    #[test]
    fn those_who_are_too_many_are_counted_together() {
        let mut statistics = Statistics::default();
        let section = statistics.section(Topic::Rooms, Language::English, 0);
        for room in 0..MAX_ROWS + 7 {
            statistics.bounded(section, &room.to_string(), Language::English);
        }
        statistics.bounded(section, "0", Language::English);
        let rows = names(&mut statistics);
        assert_eq!(rows.len(), 1 + MAX_ROWS + 1);
        assert_eq!(rows[1], (Some(0), "0".to_owned(), 2), "who has a row keeps it");
        assert_eq!(rows.last(), Some(&(Some(0), "others".to_owned(), 7)));
    }

    #[test]
    fn a_response_time_counts_below_each_limit_that_it_keeps() {
        let mut statistics = Statistics::default();
        for time in [500_000, 1_000_000, 1_000_999, 20_000_000_000] {
            statistics.time("a → b", time, Language::English);
        }
        let rows = statistics.changes();
        let (_, row) = &rows[1];
        assert_eq!((&*row.name, row.count, &*row.times), ("a → b", 4, &[500, 1000, 1000, 20_000_000][..]));
        let limits: Vec<(&str, u32)> = rows[2..].iter().map(|(_, row)| (&*row.name, row.count)).collect();
        assert_eq!(limits, [("≤ 1 ms", 2), ("≤ 10 ms", 3), ("≤ 100 ms", 3), ("≤ 1000 ms", 3), ("≤ 10000 ms", 3)]);
    }
}
