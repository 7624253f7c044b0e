//! Exchanges between a server and its clients: which frame began the login or logout that a notification is about, and who has still to
//! receive what.

use hashbrown::{HashMap, HashSet};

use crate::event::Completion;
use crate::packet::{Frame, FrameTime, StreamId};
use crate::session::ids::Room;
use crate::session::ids::SayNumber;
use crate::session::record::message::StoredMessage;
use crate::session::say::Said;
use crate::session::server::ambiguous_logins::LONGEST_LOGIN;
use crate::session::storage::texts::TextId;

/// The server notifies all of a logout within this time. Nanoseconds.
const LONGEST_LOGOUT: i64 = 2_000_000_000;
/// The server sends the copies of a say within this time. Nanoseconds.
const SPREAD: i64 = 250_000_000;
/// Exchanges that are watched at a time; what of the others is received is not counted.
const MAX_OPEN: usize = 4096;

/// Where the logins and logouts of a server's clients began.
#[derive(Debug, Default)]
pub struct ExchangeStarts {
    /// Login requests without an answer, by the user's name.
    asked: HashMap<TextId, Asked>,
    /// By the client's id.
    logins: HashMap<TextId, LoggedIn>,
    logouts: HashMap<TextId, FrameTime>,
    /// The deliveries of a client's says of which the requests were not captured.
    copies: HashMap<(Option<TextId>, Said), DeliveredCopies>,
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

impl ExchangeStarts {
    /// A connection asks to log in by a name.
    pub fn ask(&mut self, name: TextId, at: FrameTime, stream: StreamId) {
        let before = self.asked.get(&name);
        let is_contested = before.is_some_and(|before| before.stream != stream && at.since(before.at) <= LONGEST_LOGIN);
        self.asked.insert(name, Asked { at, stream, is_contested, client: None });
    }

    /// The server answers the login request in a frame, or one that was not captured, in the frame `at`. Returns where the login began.
    pub fn answer(
        &mut self,
        client: Option<TextId>,
        name: Option<TextId>,
        request: Option<Frame>,
        at: FrameTime,
    ) -> Frame {
        if let Some(name) = name.filter(|name| self.asked.get(name).map(|asked| asked.at.frame) == request) {
            self.asked.remove(&name);
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

    /// The server notifies somebody of a login; `owner` is the client's connection, where that is known. `lacks`: whether the capture may
    /// lack what a client sent after a frame, and so another's request by this name. Returns where the login began.
    pub fn notify(
        &mut self,
        client: Option<TextId>,
        name: Option<TextId>,
        at: FrameTime,
        owner: Option<StreamId>,
        lacks: impl FnOnce(Frame) -> bool,
    ) -> Frame {
        let known = self.known(client, name, at);
        let asked = name.and_then(|name| self.asked.get_mut(&name));
        let asked = asked.filter(|asked| !asked.is_contested && at.since(asked.at) <= LONGEST_LOGIN);
        let asked = asked.filter(|asked| asked.client.is_none() || asked.client == client);
        let again = asked.filter(|asked| owner == Some(asked.stream) || known.is_none() && !lacks(asked.at.frame));
        let began = again.map(|asked| {
            asked.client = client;
            asked.at.frame
        });
        let began = began.or(known).unwrap_or(at.frame);
        self.log_in(client, name, began, at);
        began
    }

    fn log_in(&mut self, client: Option<TextId>, name: Option<TextId>, began: Frame, at: FrameTime) {
        if let Some(client) = client {
            if self.logged_in(client) != Some(began) {
                self.logins.insert(client, LoggedIn { began, time: at.time, name });
            }
            self.logouts.remove(&client);
        }
    }

    /// The server notifies somebody in the frame `at` of a logout; `closing` is the frame in which the client's connection began to close,
    /// where that was captured. Returns where the logout began, and whether this is the first notification.
    pub fn log_out(&mut self, client: Option<TextId>, closing: Option<Frame>, at: FrameTime) -> (Frame, bool) {
        let Some(client) = client else { return (closing.unwrap_or(at.frame), true) };
        self.logins.remove(&client);
        match self.logouts.get(&client) {
            Some(known) if at.since(*known) <= LONGEST_LOGOUT => (known.frame, false),
            known => {
                // A connection that is closed for long is another's who had the same id.
                let closing = closing.filter(|closing| known.is_none_or(|known| known.frame != *closing));
                let began = closing.unwrap_or(at.frame);
                self.logouts.insert(client, FrameTime { frame: began, time: at.time });
                (began, true)
            }
        }
    }

    /// A connection gets a say of a client of which the capture lacks the request. `lacks`: whether it may lack something else that the client
    /// sent after that frame, and so another say of the same text. Returns the frame of the first copy.
    pub fn copy(
        &mut self,
        from: Option<TextId>,
        said: Said,
        at: FrameTime,
        stream: StreamId,
        lacks: impl FnOnce(Frame) -> bool,
    ) -> Frame {
        if self.copies.len() >= MAX_OPEN {
            self.copies.clear();
        }
        let new = |is_doubtful| DeliveredCopies { first: at, streams: HashSet::new(), is_doubtful };
        let copies = self.copies.entry((from, said)).or_insert_with(|| new(false));
        let is_first = copies.streams.is_empty();
        let is_over = at.since(copies.first) > SPREAD;
        let is_again = !is_over && (copies.is_doubtful || copies.streams.contains(&stream));
        if !is_first && (is_over || is_again || lacks(copies.first.frame)) {
            *copies = new(is_again);
        }
        copies.streams.insert(stream);
        copies.first.frame
    }

    /// The frame in which a client's last login began.
    pub fn logged_in(&self, client: TextId) -> Option<Frame> {
        self.logins.get(&client).map(|known| known.began)
    }

    /// A client may have logged in again since the last login that is known.
    pub fn forget_login(&mut self, client: TextId) {
        self.logins.remove(&client);
    }

    /// Takes over what is known of a server that turns out to be the same.
    pub fn absorb(&mut self, other: ExchangeStarts) {
        for (client, began) in other.logins {
            self.logins.entry(client).or_insert(began);
        }
        for (client, began) in other.logouts {
            self.logouts.entry(client).or_insert(began);
        }
        self.asked.extend(other.asked);
    }
}

/// What several connections have to receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Receipt {
    /// The copies of a say.
    Say(SayNumber),
    /// The result and the notifications of the login that began in this frame.
    Login(Frame),
    /// The notifications of the logout that began in this frame, and the end of its connection.
    Logout(Frame),
}

impl Receipt {
    /// What a message of the server is a part of.
    pub fn of(message: &StoredMessage) -> Option<Receipt> {
        match message.notifies() {
            Some((Completion::Login, began)) => Some(Receipt::Login(began)),
            Some((Completion::Logout, began)) => Some(Receipt::Logout(began)),
            Some(_) => None,
            None => message.say().filter(|_| message.is_delivery()).map(Receipt::Say),
        }
    }

    /// What it is when it is complete.
    pub fn completion(self) -> Completion {
        match self {
            Receipt::Say(_) => Completion::Say,
            Receipt::Login(_) => Completion::Login,
            Receipt::Logout(_) => Completion::Logout,
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
    /// The room of those who have to receive it, where that is known.
    room: Option<Room>,
}

impl PendingReceipts {
    /// Whether nothing is waited for.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Something begins; `owed` is how many times it has to be received, where that is known, and `room` by whom.
    pub fn begin(&mut self, open: Receipt, owed: Option<u32>, room: Option<Room>) {
        if self.open.len() >= MAX_OPEN {
            self.open.clear();
        }
        self.open.insert(open, Counts { owed, received: 0, room });
    }

    /// Somebody enters or leaves a room: of what is under way there, it is not known who gets it. Of a login it is: the server has told
    /// those who were there with the result.
    pub fn change(&mut self, by: Receipt, room: Option<Room>) {
        if self.last_change.replace(by) != Some(by) {
            let is_elsewhere = |other: Option<Room>| other.zip(room).is_some_and(|(other, room)| other != room);
            let is_settled = |open: &Receipt| *open == by || matches!(open, Receipt::Login(_));
            self.open.retain(|open, counts| is_settled(open) || is_elsewhere(counts.room));
        }
    }

    /// It turns out how many times it has to be received; `None` if that is not known.
    pub fn owe(&mut self, open: Receipt, owed: Option<u32>) {
        match (self.open.get_mut(&open), owed) {
            (Some(counts), Some(_)) => counts.owed = owed,
            (_, None) => {
                self.open.remove(&open);
            }
            (None, Some(_)) => {}
        }
    }

    /// It was received once. Returns whether that was the last time.
    pub fn receive(&mut self, open: Receipt) -> bool {
        let Some(counts) = self.open.get_mut(&open) else { return false };
        counts.received += 1;
        let is_complete = counts.owed == Some(counts.received);
        if is_complete {
            self.open.remove(&open);
        }
        is_complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::storage::texts::Texts;

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
            exchange_starts.notify(Some(id), Some(name), at(9, 1), None, |_| false),
            Frame::of(8),
            "before the answer"
        );
        assert_eq!(exchange_starts.answer(Some(id), Some(name), Some(Frame::of(8)), at(10, 1)), Frame::of(8));
        assert_eq!(
            exchange_starts.notify(Some(id), Some(name), at(11, 1), None, |_| false),
            Frame::of(8),
            "and behind it"
        );
        assert_eq!(
            exchange_starts.notify(Some(other), Some(name), at(12, 1), None, |_| false),
            Frame::of(12),
            "another of this name"
        );
        assert_eq!(exchange_starts.notify(Some(other), Some(name), at(13, 1), None, |_| false), Frame::of(12));
        let again = exchange_starts.notify(Some(id), Some(name), at(20, 9 * SECOND), None, |_| false);
        assert_eq!(again, Frame::of(20), "another login, of which the request is missing");
    }

    #[test]
    fn a_request_is_of_one_client_and_of_one_name() {
        let mut texts = Texts::default();
        let [name, id, other] = ["name", "7", "8"].map(|text| texts.intern(text));
        let mut exchange_starts = ExchangeStarts::default();
        exchange_starts.ask(name, at(1, 0), StreamId(1));
        assert_eq!(
            exchange_starts.notify(Some(id), Some(name), at(2, 1), None, |_| true),
            Frame::of(2),
            "another's may be missing"
        );
        assert_eq!(exchange_starts.notify(Some(other), Some(name), at(3, 1), None, |_| false), Frame::of(1));
        assert_eq!(exchange_starts.notify(Some(id), Some(other), at(4, 1), None, |_| false), Frame::of(4), "renamed");
        assert_eq!(
            exchange_starts.notify(Some(id), Some(name), at(5, 1), None, |_| false),
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
        assert_eq!(exchange_starts.notify(Some(id), Some(name), at(3, SECOND), None, |_| false), Frame::of(3));
        exchange_starts.ask(name, at(4, 9 * SECOND), StreamId(3));
        assert_eq!(
            exchange_starts.notify(None, Some(name), at(5, 9 * SECOND), None, |_| false),
            Frame::of(4),
            "long after that"
        );
    }

    #[test]
    fn a_logout_begins_with_the_close_of_the_connection_where_that_is_captured() {
        let mut texts = Texts::default();
        let [name, id, other] = ["name", "7", "8"].map(|text| texts.intern(text));
        let mut exchange_starts = ExchangeStarts::default();
        assert_eq!(exchange_starts.log_out(Some(id), Some(Frame::of(20)), at(22, 0)), (Frame::of(20), true));
        assert_eq!(exchange_starts.log_out(Some(id), None, at(23, 0)), (Frame::of(20), false));
        assert_eq!(exchange_starts.log_out(Some(other), None, at(24, 0)), (Frame::of(24), true));
        exchange_starts.notify(Some(id), Some(name), at(30, 0), None, |_| false);
        let again = exchange_starts.log_out(Some(id), None, at(31, 0));
        assert_eq!(again, (Frame::of(31), true), "the id was given out again");
    }

    #[test]
    fn what_is_owed_is_complete_when_it_was_received_as_often() {
        let mut pending_receipts = PendingReceipts::default();
        let (say, login) = (Receipt::Say(0), Receipt::Login(Frame::of(8)));
        pending_receipts.begin(say, Some(2), None);
        pending_receipts.begin(login, None, None);
        assert_eq!([say, say, say].map(|open| pending_receipts.receive(open)), [false, true, false]);
        assert!(!pending_receipts.receive(login));
        pending_receipts.owe(login, Some(2));
        assert!(pending_receipts.receive(login) && pending_receipts.is_empty());
        pending_receipts.begin(login, None, None);
        pending_receipts.owe(login, None);
        assert!(pending_receipts.is_empty(), "nothing is known");
    }
}
