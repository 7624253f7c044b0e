//! Exchanges between a server and its clients: which frame began what a notification is about, and who has still to receive what.

use hashbrown::{HashMap, HashSet};

use crate::event::Completion;
use crate::packet::{Frame, FrameTime, StreamId};
use crate::session::ids::{Room, SayNumber};
use crate::session::record::message::StoredMessage;
use crate::session::say::Said;
use crate::session::server::ambiguous_logins::LONGEST_LOGIN;
use crate::storage::texts::TextId;
use crate::tcp::gaps::Gaps;

/// The server notifies all of what happened to a client within this time. Nanoseconds.
const LONGEST_BROADCAST: i64 = 2_000_000_000;
/// The server sends the copies of a say within this time. Nanoseconds.
const SPREAD: i64 = 250_000_000;
/// Login requests by one name that wait for their answers.
const MAX_ASKED: usize = 64;
/// Exchanges that are watched at a time; what of the others is received is not counted.
const MAX_OPEN: usize = 4096;

/// Where what a server notifies its clients of began.
#[derive(Debug, Default)]
pub struct ExchangeStarts {
    /// Login requests without an answer, by the user's name, in their order.
    asked: HashMap<TextId, Vec<Asked>>,
    /// By the client's id.
    logins: HashMap<TextId, LoggedIn>,
    /// What happened to clients but their logins, by what it is a part of and the client's id: the frame in which it began, and when the
    /// server first notified somebody of it.
    broadcasts: HashMap<(Completion, TextId), Broadcast>,
    /// The deliveries of a client's says of which the requests were not captured.
    copies: HashMap<(Option<TextId>, Said), DeliveredCopies>,
}

/// What the server notifies its clients of.
#[derive(Debug, Clone, Copy)]
struct Broadcast {
    /// The frame in which it began, and when the server first notified somebody of it.
    began: FrameTime,
    /// Who was notified first.
    first: StreamId,
}

/// Which notification of something one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notification {
    /// The first.
    First,
    /// One of those that follow.
    Another,
    /// The first once more: the server notifies all again, as that of 2014 does of some logouts.
    Again,
}

/// The copies of a say, so far.
#[derive(Debug)]
struct DeliveredCopies {
    first: FrameTime,
    streams: HashSet<StreamId>,
    /// The same was said again before all copies of the first may have come: which one a copy is of is not known.
    is_doubtful: bool,
}

#[derive(Debug, Clone, Copy)]
struct LoggedIn {
    /// The frame in which the login began.
    began: Frame,
    /// When the server first notified somebody of it. Nanoseconds since the epoch.
    time: i64,
    /// By which name, where that is known.
    name: Option<TextId>,
}

#[derive(Debug)]
struct Asked {
    at: FrameTime,
    stream: StreamId,
    /// Several connections ask for the same name: which one a notification is about is not known.
    is_contested: bool,
    /// The client that the server has notified somebody of.
    client: Option<TextId>,
}

impl DeliveredCopies {
    fn new(first: FrameTime, is_doubtful: bool) -> DeliveredCopies {
        DeliveredCopies { first, streams: HashSet::new(), is_doubtful }
    }
}

impl ExchangeStarts {
    /// Enters that a connection asks to log in by a name.
    pub fn ask(&mut self, name: TextId, at: FrameTime, stream: StreamId) {
        let asked = self.asked.entry(name).or_default();
        asked.retain(|before| at.since(before.at) <= LONGEST_LOGIN);
        let is_contested = asked.iter().any(|before| before.stream != stream);
        asked.iter_mut().for_each(|before| before.is_contested |= is_contested);
        if asked.len() < MAX_ASKED {
            asked.push(Asked { at, stream, is_contested, client: None });
        }
    }

    /// Enters that the server answers the login request in a frame, or one that was not captured, in the frame `at`. Returns where the login
    /// began.
    pub fn answer(
        &mut self,
        client: Option<TextId>,
        name: Option<TextId>,
        request: Option<Frame>,
        at: FrameTime,
    ) -> Frame {
        if let Some((name, asked)) = name.and_then(|name| Some((name, self.asked.get_mut(&name)?))) {
            asked.retain(|asked| Some(asked.at.frame) != request);
            if asked.is_empty() {
                self.asked.remove(&name);
            }
        }
        let began = request.or_else(|| self.known(client, name, at)).unwrap_or(at.frame);
        self.log_in(client, name, began, at);
        began
    }

    /// Where the login of a client by a name began of which the server shortly before notified somebody. What was earlier is another
    /// login, of which the capture may lack the request.
    fn known(&self, client: Option<TextId>, name: Option<TextId>, at: FrameTime) -> Option<Frame> {
        let known = self.logins.get(&client?)?;
        let is_same_name = known.name.is_none() || name.is_none() || known.name == name;
        (is_same_name && at.time.saturating_sub(known.time) <= LONGEST_LOGIN).then_some(known.began)
    }

    /// The only login request by a name that waits for its answer, and of which nobody was notified.
    pub fn only_asked(&self, name: TextId, at: FrameTime) -> Option<Frame> {
        let [only] = self.asked.get(&name)?.as_slice() else { return None };
        (only.client.is_none() && at.since(only.at) <= LONGEST_LOGIN).then_some(only.at.frame)
    }

    /// Enters that the server notifies somebody of a login; `owner` is the client's connection, where that is known. `gaps`: of what clients
    /// sent, and so of another's request by this name; `elsewhere`: the request by this name to what may be another address of the server.
    /// Returns where the login began.
    pub fn notify_login(
        &mut self,
        client: Option<TextId>,
        name: Option<TextId>,
        at: FrameTime,
        owner: Option<StreamId>,
        gaps: &Gaps,
        elsewhere: Option<Frame>,
    ) -> Frame {
        let known = self.known(client, name, at);
        let mut asked = name.and_then(|name| self.asked.get_mut(&name)).into_iter().flatten();
        let asked = asked.find(|asked| asked.client.is_none() || asked.client == client).filter(|asked| {
            !asked.is_contested
                && at.since(asked.at) <= LONGEST_LOGIN
                && (owner == Some(asked.stream) || known.is_none() && !gaps.after(asked.at.frame))
        });
        let began = asked.map(|asked| {
            asked.client = client;
            asked.at.frame
        });
        let elsewhere = elsewhere.filter(|began| !gaps.after(*began));
        let began = began.or(known).or(elsewhere).unwrap_or(at.frame);
        self.log_in(client, name, began, at);
        began
    }

    fn log_in(&mut self, client: Option<TextId>, name: Option<TextId>, began: Frame, at: FrameTime) {
        let Some(client) = client else { return };
        if self.logged_in(client) != Some(began) {
            self.logins.insert(client, LoggedIn { began, time: at.time, name });
        }
        self.broadcasts.remove(&(Completion::Logout, client));
    }

    /// Enters that the server notifies somebody in the frame `at` of what happened to a client, which is a part of `of`; `cause` is the frame
    /// with which it began, where that was captured: of a logout, with the end of the client's connection. Returns where it began, and which
    /// notification this is, to the connection `stream`.
    pub fn notify(
        &mut self,
        of: Completion,
        client: Option<TextId>,
        cause: Option<Frame>,
        at: FrameTime,
        stream: StreamId,
    ) -> (Frame, Notification) {
        let Some(client) = client else { return (cause.unwrap_or(at.frame), Notification::First) };
        match self.broadcasts.get(&(of, client)) {
            Some(Broadcast { began, first }) if at.since(*began) <= LONGEST_BROADCAST => {
                (began.frame, if *first == stream { Notification::Again } else { Notification::Another })
            }
            known => {
                // A connection that is closed for long is another's who had the same id.
                let cause = cause.filter(|cause| known.is_none_or(|known| known.began.frame != *cause));
                let began = FrameTime { frame: cause.unwrap_or(at.frame), time: at.time };
                self.broadcasts.insert((of, client), Broadcast { began, first: stream });
                (began.frame, Notification::First)
            }
        }
    }

    /// Enters that a connection gets a say of a client of which the capture lacks the request. `gaps`: of what the client sent, and so of
    /// another say of the same text. Returns the frame of the first copy.
    pub fn copy(&mut self, from: Option<TextId>, said: Said, at: FrameTime, stream: StreamId, gaps: &Gaps) -> Frame {
        if self.copies.len() >= MAX_OPEN {
            self.copies.clear();
        }
        let copies = self.copies.entry((from, said)).or_insert_with(|| DeliveredCopies::new(at, false));
        let is_over = at.since(copies.first) > SPREAD;
        let is_again = !is_over && (copies.is_doubtful || copies.streams.contains(&stream));
        let is_first = copies.streams.is_empty();
        if !is_first && (is_over || is_again || gaps.between(copies.first.frame, at.frame)) {
            *copies = DeliveredCopies::new(at, is_again);
        }
        copies.streams.insert(stream);
        copies.first.frame
    }

    /// The frame in which a client's last login began.
    pub fn logged_in(&self, client: TextId) -> Option<Frame> {
        self.logins.get(&client).map(|known| known.began)
    }

    /// Forgets the last login of a client that has logged out, or may have logged in again.
    pub fn forget_login(&mut self, client: TextId) {
        self.logins.remove(&client);
    }

    /// Takes over what is known of a server that turns out to be the same.
    pub fn absorb(&mut self, other: ExchangeStarts) {
        for (client, began) in other.logins {
            self.logins.entry(client).or_insert(began);
        }
        for (what, began) in other.broadcasts {
            self.broadcasts.entry(what).or_insert(began);
        }
        other.asked.into_iter().for_each(|(name, asked)| self.asked.entry(name).or_default().extend(asked));
    }
}

/// What several connections have to receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Receipt {
    /// The copies of a say.
    Say(SayNumber),
    /// All notifications of what began in this frame; of a login, the result too, and of a logout, the end of its connection.
    Notified(Completion, Frame),
}

impl Receipt {
    /// What a message of the server is a part of.
    pub fn of(message: &StoredMessage) -> Option<Receipt> {
        match message.notifies() {
            Some((of, began)) => Some(Receipt::Notified(of, began)),
            None => message.say().filter(|_| message.is_delivery()).map(Receipt::Say),
        }
    }

    /// What it is when it is complete.
    pub fn completion(self) -> Completion {
        match self {
            Receipt::Say(_) => Completion::Say,
            Receipt::Notified(of, _) => of,
        }
    }
}

/// What has to be received, and what of it has been.
#[derive(Debug, Default)]
pub struct PendingReceipts {
    open: HashMap<Receipt, Counts>,
    /// What changed the members of a room last.
    last_change: Option<Receipt>,
}

#[derive(Debug, Default)]
struct Counts {
    /// `None` until it is known.
    owed: Option<u32>,
    received: u32,
    /// Where it was received last.
    last: Option<(Frame, StreamId)>,
    /// The room of those who have to receive it, where that is known.
    room: Option<Room>,
}

impl PendingReceipts {
    /// Whether nothing is waited for.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Enters what begins; `owed` is how many times it has to be received, where that is known, and `room` by whom.
    pub fn begin(&mut self, open: Receipt, owed: Option<u32>, room: Option<Room>) {
        if self.open.len() >= MAX_OPEN {
            self.open.clear();
        }
        self.open.insert(open, Counts { owed, room, ..Counts::default() });
    }

    /// Forgets what is under way in a room that somebody enters or leaves: it is not known who gets it. Of a login it is: the server has told
    /// those who were there with the result.
    pub fn change(&mut self, by: Receipt, room: Option<Room>) {
        if self.last_change.replace(by) != Some(by) {
            self.open.retain(|open, counts| {
                let is_elsewhere = counts.room.zip(room).is_some_and(|(other, room)| other != room);
                *open == by || open.completion() == Completion::Login || is_elsewhere
            });
        }
    }

    /// Enters that all have to receive it once more.
    pub fn repeat(&mut self, open: Receipt, owed: Option<u32>) {
        if let Some(counts) = self.open.get_mut(&open) {
            counts.owed = counts.owed.zip(owed).map(|(earlier, more)| earlier + more);
        }
    }

    /// Enters how many times it turns out to have to be received; `None` if that is not known.
    pub fn owe(&mut self, open: Receipt, owed: Option<u32>) {
        match (self.open.get_mut(&open), owed) {
            (Some(counts), Some(_)) => counts.owed = owed,
            (_, None) => _ = self.open.remove(&open),
            (None, Some(_)) => {}
        }
    }

    /// Enters that it was received once: that a connection acknowledged it in a frame. Returns, with the last time, where it was received last,
    /// and how many times.
    pub fn receive(&mut self, open: Receipt, at: (Frame, StreamId)) -> Option<((Frame, StreamId), u32)> {
        let counts = self.open.get_mut(&open)?;
        counts.received += 1;
        counts.last = counts.last.max(Some(at));
        if counts.owed != Some(counts.received) {
            return None;
        }
        let Counts { last, received, .. } = self.open.remove(&open)?;
        Some((last?, received))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::texts::Texts;
    use crate::tcp::gaps::Gap;

    const SECOND: i64 = 1_000_000_000;

    fn at(frame: u32, time: i64) -> FrameTime {
        FrameTime { frame: Frame::of(frame), time }
    }

    #[test]
    fn a_notification_belongs_to_the_request_by_its_name() {
        let mut texts = Texts::default();
        let [name, id, other] = ["name", "7", "8"].map(|text| texts.intern(text));
        let mut exchange_starts = ExchangeStarts::default();
        exchange_starts.ask(name, at(8, 0), StreamId(1));
        assert_eq!(
            exchange_starts.notify_login(Some(id), Some(name), at(9, 1), None, Gaps::NONE, None),
            Frame::of(8),
            "before the answer"
        );
        assert_eq!(exchange_starts.answer(Some(id), Some(name), Some(Frame::of(8)), at(10, 1)), Frame::of(8));
        assert_eq!(
            exchange_starts.notify_login(Some(id), Some(name), at(11, 1), None, Gaps::NONE, None),
            Frame::of(8),
            "and behind it"
        );
        assert_eq!(
            exchange_starts.notify_login(Some(other), Some(name), at(12, 1), None, Gaps::NONE, None),
            Frame::of(12),
            "another of this name"
        );
        assert_eq!(
            exchange_starts.notify_login(Some(other), Some(name), at(13, 1), None, Gaps::NONE, None),
            Frame::of(12)
        );
        let again = exchange_starts.notify_login(Some(id), Some(name), at(20, 9 * SECOND), None, Gaps::NONE, None);
        assert_eq!(again, Frame::of(20), "another login, of which the request is missing");
    }

    #[test]
    fn a_request_is_of_one_client_and_of_one_name() {
        let mut texts = Texts::default();
        let [name, id, other] = ["name", "7", "8"].map(|text| texts.intern(text));
        let mut exchange_starts = ExchangeStarts::default();
        let mut gap = Gaps::default();
        gap.add(Gap::within(at(2, 1)));
        exchange_starts.ask(name, at(1, 0), StreamId(1));
        assert_eq!(
            exchange_starts.notify_login(Some(id), Some(name), at(2, 1), None, &gap, None),
            Frame::of(2),
            "another's may be missing"
        );
        assert_eq!(
            exchange_starts.notify_login(Some(other), Some(name), at(3, 1), None, Gaps::NONE, None),
            Frame::of(1)
        );
        assert_eq!(
            exchange_starts.notify_login(Some(id), Some(other), at(4, 1), None, Gaps::NONE, None),
            Frame::of(4),
            "renamed"
        );
        assert_eq!(
            exchange_starts.notify_login(Some(id), Some(name), at(5, 1), None, Gaps::NONE, None),
            Frame::of(5),
            "it was the other's"
        );
    }

    #[test]
    fn what_two_ask_for_at_once_is_not_known() {
        let mut texts = Texts::default();
        let [name, id] = ["name", "7"].map(|text| texts.intern(text));
        let mut exchange_starts = ExchangeStarts::default();
        exchange_starts.ask(name, at(1, 0), StreamId(1));
        exchange_starts.ask(name, at(2, SECOND), StreamId(2));
        assert_eq!(
            exchange_starts.notify_login(Some(id), Some(name), at(3, SECOND), None, Gaps::NONE, None),
            Frame::of(3)
        );
        exchange_starts.ask(name, at(4, 9 * SECOND), StreamId(3));
        assert_eq!(
            exchange_starts.notify_login(None, Some(name), at(5, 9 * SECOND), None, Gaps::NONE, None),
            Frame::of(4),
            "long after that"
        );
    }

    #[test]
    fn a_logout_begins_with_the_close_of_the_connection_where_that_is_captured() {
        let mut texts = Texts::default();
        let [name, id, other] = ["name", "7", "8"].map(|text| texts.intern(text));
        let mut exchange_starts = ExchangeStarts::default();
        assert_eq!(
            exchange_starts.notify(Completion::Logout, Some(id), Some(Frame::of(20)), at(22, 0), StreamId(1)),
            (Frame::of(20), Notification::First)
        );
        assert_eq!(
            exchange_starts.notify(Completion::Logout, Some(id), None, at(23, 0), StreamId(2)),
            (Frame::of(20), Notification::Another)
        );
        assert_eq!(
            exchange_starts.notify(Completion::Logout, Some(id), None, at(23, 0), StreamId(1)),
            (Frame::of(20), Notification::Again)
        );
        assert_eq!(
            exchange_starts.notify(Completion::Logout, Some(other), None, at(24, 0), StreamId(1)),
            (Frame::of(24), Notification::First)
        );
        exchange_starts.forget_login(id);
        exchange_starts.notify_login(Some(id), Some(name), at(30, 0), None, Gaps::NONE, None);
        let again = exchange_starts.notify(Completion::Logout, Some(id), None, at(31, 0), StreamId(1));
        assert_eq!(again, (Frame::of(31), Notification::First), "the id was given out again");
    }

    #[test]
    fn whatever_happens_to_a_client_begins_with_its_first_notification() {
        let mut texts = Texts::default();
        let id = Some(texts.intern("7"));
        let mut exchange_starts = ExchangeStarts::default();
        let mut notify = |of, frame, time| exchange_starts.notify(of, id, None, at(frame, time), StreamId(frame));
        assert_eq!(notify(Completion::Close, 1, 0), (Frame::of(1), Notification::First));
        assert_eq!(notify(Completion::Logout, 2, 0), (Frame::of(2), Notification::First), "something else");
        assert_eq!(notify(Completion::Close, 3, 2 * SECOND), (Frame::of(1), Notification::Another));
        assert_eq!(notify(Completion::Close, 4, 2 * SECOND + 1), (Frame::of(4), Notification::First), "again");
    }

    #[test]
    fn what_is_owed_is_complete_when_it_was_received_as_often() {
        let mut pending_receipts = PendingReceipts::default();
        let (say, login) = (Receipt::Say(0), Receipt::Notified(Completion::Login, Frame::of(8)));
        pending_receipts.begin(say, Some(2), None);
        pending_receipts.begin(login, None, None);
        let at = |frame| (Frame::of(frame), StreamId(0));
        let received = [7, 5, 9].map(|frame| pending_receipts.receive(say, at(frame)));
        assert_eq!(received, [None, Some((at(7), 2)), None], "the last frame, whichever was heard of last");
        assert_eq!(pending_receipts.receive(login, at(8)), None);
        pending_receipts.owe(login, Some(2));
        assert!(pending_receipts.receive(login, at(9)).is_some() && pending_receipts.is_empty());
        pending_receipts.begin(login, None, None);
        pending_receipts.owe(login, None);
        assert!(pending_receipts.is_empty(), "nothing is known");
    }
}
