//! Response times, a row for what answers what: login and result, ping and pong, a say and its first and its last delivery.

use super::messages::Messages;
use super::table::Order;
use super::{Setting, TapEvent, View, table};
use crate::event::MessageEvent;
use crate::fields::Phase;
use crate::language::{Column, Language, Phrase, Topic, capitalised};
use crate::session::{MessageView, Session};

/// The shares of times of which a row says what they do not exceed, beside the half. Percent.
const PERCENTILES: [usize; 2] = [90, 99];
const COLUMNS: usize = 7;
const IS_NUMBER: [bool; COLUMNS] = [false, true, true, true, true, true, true];

/// What answers what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response {
    /// One message another, on the same connection.
    Message { asked: Phase, answer: Phase },
    /// A say is delivered to whoever gets it first.
    FirstDelivery,
    /// A say is delivered to whoever gets it last.
    LastDelivery,
}

impl Response {
    /// Request and response, in words.
    pub fn title(self, language: Language) -> String {
        let delivery = |topic| language.phrase(&Phrase::Topic(topic));
        let (asked, answer) = match self {
            Response::Message { asked, answer } => (asked, language.phase(answer).to_owned()),
            Response::FirstDelivery => (Phase::SayRequest, delivery(Topic::FirstDelivery)),
            Response::LastDelivery => (Phase::SayRequest, delivery(Topic::LastDelivery)),
        };
        format!("{} → {answer}", language.phase(asked))
    }

    /// Logins come first, as in a chat; says are delivered first before last.
    fn order(self) -> (u32, bool) {
        match self {
            Response::Message { asked, .. } => (asked as u32, false),
            Response::FirstDelivery => (Phase::SayRequest as u32, false),
            Response::LastDelivery => (Phase::SayRequest as u32, true),
        }
    }
}

/// How long it took until a message was there that answers another, or until a say was delivered. Nanoseconds, none below 0.
pub fn responses(view: &MessageView, session: &Session) -> impl Iterator<Item = (Response, i64)> {
    let (record, row) = (&view.record, view.record.event.row());
    let answered = row.answers.filter(|_| !record.uncertain).map(|asked| {
        let time = record.request.map(|request| record.at.since(request));
        (Response::Message { asked, answer: row.phase }, time)
    });
    let is_say = matches!(record.event, MessageEvent::SayRequest { .. });
    let [first, last] = if is_say { deliveries(view, session) } else { [None; 2] };
    let delivered = [(Response::FirstDelivery, first), (Response::LastDelivery, last)];
    let times = answered.into_iter().chain(delivered);
    times.filter_map(|(response, time)| Some((response, time.filter(|time| *time >= 0)?)))
}

/// How long the first delivery of a say took, and the last.
fn deliveries(view: &MessageView, session: &Session) -> [Option<i64>; 2] {
    let Some(say) = view.say() else { return [None; 2] };
    let times: Vec<i64> = session.deliveries(say).map(|delivered| delivered.at.since(say.at)).collect();
    let unlisted = say.unlisted_until().map(|until| until.saturating_sub(say.at.time));
    [times.iter().min().copied(), times.iter().max().copied().max(unlisted)]
}

/// A time in nanoseconds as milliseconds.
pub fn milliseconds(time: i64) -> String {
    format!("{}.{:03} ms", time / 1_000_000, time / 1000 % 1000)
}

/// The table.
#[derive(Debug, Default)]
pub struct Times {
    messages: Messages,
    order: Order,
}

impl View for Times {
    fn clear(&mut self) {
        *self = Times { order: self.order, ..Times::default() };
    }

    fn see(&mut self, tap_event: &TapEvent, session: &Session) {
        self.messages.see(tap_event, session);
    }

    fn sort(&mut self, column: &str, setting: &Setting) -> bool {
        self.order.choose(&head(setting.language), column)
    }

    fn begin(&mut self, _setting: &Setting) {
        self.messages.begin();
    }

    fn write(&mut self, setting: &Setting, page: &mut String) -> bool {
        if self.messages.are_written() {
            return false;
        }
        let mut rows = self.rows(setting);
        if !rows.is_empty() {
            self.order.sort(&mut rows, &IS_NUMBER, |row, at| row[at].clone());
            table::write(head(setting.language), &rows, &IS_NUMBER, page);
        }
        true
    }
}

impl Times {
    fn rows(&self, setting: &Setting) -> Vec<[String; COLUMNS]> {
        let mut all: Vec<(Response, Vec<i64>)> = Vec::new();
        for (_, view) in self.messages.views(setting.session) {
            for (response, time) in responses(&view, setting.session) {
                match all.iter_mut().find(|(known, _)| *known == response) {
                    Some((_, times)) => times.push(time),
                    None => all.push((response, vec![time])),
                }
            }
        }
        all.sort_by_key(|(response, _)| response.order());
        all.into_iter().map(|(response, times)| row(response.title(setting.language), times)).collect()
    }
}

fn head(language: Language) -> [String; COLUMNS] {
    let title = |column| capitalised(&language.phrase(&Phrase::Column(column)));
    let [ninety, most] = PERCENTILES.map(|percent| format!("{percent} %"));
    let [response, count, shortest, median, slowest] =
        [Column::Response, Column::Count, Column::Shortest, Column::Median, Column::Slowest].map(title);
    [response, count, shortest, median, ninety, most, slowest]
}

/// A row of at least one time.
fn row(title: String, mut times: Vec<i64>) -> [String; COLUMNS] {
    times.sort_unstable();
    let [ninety, most] = PERCENTILES.map(|percent| milliseconds(percentile(&times, percent)));
    let [shortest, median, slowest] = [0, 50, 100].map(|percent| milliseconds(percentile(&times, percent)));
    [title, times.len().to_string(), shortest, median, ninety, most, slowest]
}

/// The shortest of the sorted times that so many percent of them do not exceed (nearest rank). There is at least one.
fn percentile(times: &[i64], percent: usize) -> i64 {
    times[(times.len() * percent).div_ceil(100).max(1) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_time_that_was_measured() {
        let times: Vec<i64> = (1..=200).collect();
        assert_eq!([0, 50, 90, 99, 100].map(|percent| percentile(&times, percent)), [1, 100, 180, 198, 200]);
        assert_eq!([0, 50, 99, 100].map(|percent| percentile(&[7], percent)), [7; 4]);
        assert_eq!([0, 50, 51, 99].map(|percent| percentile(&[1, 2], percent)), [1, 1, 2, 2]);
    }

    #[test]
    fn a_time_is_written_to_the_microsecond() {
        assert_eq!(
            [0, 999, 1_000, 12_345_678_901].map(milliseconds),
            ["0.000 ms", "0.000 ms", "0.001 ms", "12345.678 ms"]
        );
    }
}
