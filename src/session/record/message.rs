//! What the session keeps of single messages, in few bytes: most of a capture's memory is here. A record is made when its message is first
//! seen and stays as it is; later frames only fill in what was open (an answer, a count, a name).

use crate::event::{Completion, Event, Recipient, Say, below_messages};
use crate::message::Dialect;
use crate::packet::{Frame, FrameTime, Position, Side};
use crate::session::ids::SayNumber;
use crate::session::storage::texts::{TextId, Texts};

/// What is known of one message beyond its own bytes. `T` is a name or another short text: its number in the session, and the text itself
/// where it is looked up.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageRecord<T> {
    /// The frame in which it ends.
    pub at: FrameTime,
    /// How many messages of the frame came before it.
    pub index: u32,
    /// What happened, with the names known when the message was first seen.
    pub event: Event<T>,
    /// The message's own dialect, or else the server's as known then.
    pub dialect: Option<Dialect>,
    /// The client id that it comes from, to look the name up later.
    pub sender_id: Option<TextId>,
    /// Whether its last WebSocket frame was masked; `None` where the frame was not seen.
    pub masked: Option<bool>,
    /// The request that it answers.
    pub request: Option<FrameTime>,
    /// The frame with the answer to it.
    pub response: Option<Frame>,
    /// The say that it is, or delivers.
    pub say: Option<SayNumber>,
    /// Of a notification: the frame that began the login or logout.
    pub began: Option<Frame>,
    /// The connection's user was known when it was first seen.
    pub is_named: bool,
    /// Of a delivery: it goes to the browser whose say it is.
    pub is_own: bool,
    /// Of a delivery: when it was first seen, it was not known whether its request was captured, and in which frame.
    pub is_open: bool,
    /// A say on a connection whose beginning was captured and that had not logged in.
    pub before_login: bool,
    /// The capture may lack the request that it answers: it is not known whether it is a notification.
    pub uncertain: bool,
    /// Of a login: when it was first seen, it was not known whether it is a notification.
    pub is_settled: bool,
}

impl<T> MessageRecord<T> {
    /// A record of what happened, with nothing else known.
    pub fn new(at: FrameTime, index: u32, event: Event<T>) -> MessageRecord<T> {
        MessageRecord {
            at,
            index,
            event,
            dialect: None,
            sender_id: None,
            masked: None,
            request: None,
            response: None,
            say: None,
            began: None,
            is_named: false,
            is_own: false,
            is_open: false,
            before_login: false,
            uncertain: false,
            is_settled: false,
        }
    }

    /// Its place in its connection.
    pub fn position(&self) -> Position {
        Position { frame: self.at.frame, index: self.index }
    }
}

/// More messages than these cannot end in one captured frame; what came behind them would not be kept.
pub const MAX_MESSAGES: u32 = 1 << 17;

/// A message's record as it is kept: 32 bytes. Numbers of texts are 0 for none.
#[derive(Debug, Clone, Copy)]
pub struct StoredMessage {
    time: i64,
    frame: Frame,
    /// The name of who does it, or the count of a list and one more.
    who: u32,
    /// The room, the recipient or, of an unknown message, the sender.
    whom: u32,
    sender_id: u32,
    /// The frame of the request or of the answer or, of a notification, of the beginning; or the number of the say and one more.
    link: u32,
    /// From the lowest bit on: the index (17 bits), named (1), own (1), open (1), what it is (4), whom a say is for (2), the dialect (2),
    /// the mask (2), before login (1), uncertain (1).
    bits: u32,
}

/// The bits that say yes or no.
mod flag {
    pub const NAMED: u32 = 1 << 17;
    pub const OWN: u32 = 1 << 18;
    /// Of a login that turned out to be the connection's own or not: when it was first seen, that was not known.
    pub const SETTLED: u32 = OWN;
    pub const OPEN: u32 = 1 << 19;
    pub const BEFORE_LOGIN: u32 = 1 << 30;
    pub const UNCERTAIN: u32 = 1 << 31;
}

/// What a stored message is. 0 is a place for a message that is not the chat's.
mod kind {
    pub const LOGIN_REQUEST: u32 = 1;
    pub const USER_LIST: u32 = 2;
    pub const LOGIN_RESULT: u32 = 3;
    pub const LOGIN_NOTIFICATION: u32 = 4;
    pub const SAY_REQUEST: u32 = 5;
    pub const SAY_DELIVERY: u32 = 6;
    pub const LOGOUT_NOTIFICATION: u32 = 7;
    pub const PING: u32 = 8;
    pub const PONG: u32 = 9;
    pub const UNKNOWN: u32 = 10;
}

impl StoredMessage {
    /// A place for the message of this index, below [`MAX_MESSAGES`].
    pub fn reserved(at: FrameTime, index: u32) -> StoredMessage {
        let bits = index & (MAX_MESSAGES - 1);
        StoredMessage { time: at.time, frame: at.frame, who: 0, whom: 0, sender_id: 0, link: 0, bits }
    }

    /// The frame in which it ends.
    pub fn at(&self) -> FrameTime {
        FrameTime { frame: self.frame, time: self.time }
    }

    /// Its place in its connection.
    pub fn position(&self) -> Position {
        Position { frame: self.frame, index: self.bits & (MAX_MESSAGES - 1) }
    }

    fn kind(&self) -> u32 {
        self.bits >> 20 & 0xf
    }

    /// Whether it is a message of the chat.
    pub fn is_known(&self) -> bool {
        self.kind() != 0
    }

    /// It is not the chat's after all.
    pub fn forget(&mut self) {
        *self = StoredMessage::reserved(self.at(), self.position().index);
    }

    /// Of a record whose index is below [`MAX_MESSAGES`]; an event below the messages leaves a free place.
    pub fn of(record: &MessageRecord<TextId>) -> StoredMessage {
        let request = Frame::pack(record.request.map(|request| request.frame));
        let response = Frame::pack(record.response);
        let say = record.say.map_or(0, |number| number + 1);
        let began = Frame::pack(record.began);
        let text = |id: &Option<TextId>| TextId::pack(*id);
        let (kind, who, whom, link) = match &record.event {
            Event::LoginRequest { name, room } => (kind::LOGIN_REQUEST, text(name), text(room), response),
            Event::UserList { users, recipient } => {
                let count = users.map_or(0, |users| u32::try_from(users).unwrap_or(u32::MAX).saturating_add(1));
                (kind::USER_LIST, count, text(recipient), request)
            }
            Event::LoginResult(name) => (kind::LOGIN_RESULT, text(name), 0, request),
            Event::LoginNotification(name) => (kind::LOGIN_NOTIFICATION, text(name), 0, began),
            Event::SayRequest(Say { sender, recipient }) => {
                (kind::SAY_REQUEST, text(sender), pack_recipient(recipient).1, say)
            }
            Event::SayDelivery(Say { sender, recipient }) => {
                (kind::SAY_DELIVERY, text(sender), pack_recipient(recipient).1, say)
            }
            Event::LogoutNotification(name) => (kind::LOGOUT_NOTIFICATION, text(name), 0, began),
            Event::Ping(recipient) => (kind::PING, text(recipient), 0, response),
            Event::Pong(sender) => (kind::PONG, text(sender), 0, request),
            Event::Unknown { type_name, sender } => (kind::UNKNOWN, text(type_name), text(sender), 0),
            below_messages!() => return StoredMessage::reserved(record.at, record.index),
        };
        let recipient = match &record.event {
            Event::SayRequest(say) | Event::SayDelivery(say) => pack_recipient(&say.recipient).0,
            _ => 0,
        };
        let dialect = record.dialect.map_or(0, |dialect| dialect as u32);
        let masked = record.masked.map_or(0, |masked| 1 + u32::from(masked));
        let flag = |is_set: bool, flag: u32| if is_set { flag } else { 0 };
        let bits = record.index & (MAX_MESSAGES - 1)
            | flag(record.is_named, flag::NAMED)
            | flag(record.is_own, flag::OWN)
            | flag(record.is_open, flag::OPEN)
            | kind << 20
            | recipient << 24
            | dialect << 26
            | masked << 28
            | flag(record.before_login, flag::BEFORE_LOGIN)
            | flag(record.uncertain, flag::UNCERTAIN);
        let sender_id = TextId::pack(record.sender_id);
        StoredMessage { time: record.at.time, frame: record.at.frame, who, whom, sender_id, link, bits }
    }

    /// What happened; `None` for a message that is not the chat's.
    pub fn event(&self) -> Option<Event<TextId>> {
        let (who, whom) = (TextId::unpack(self.who), TextId::unpack(self.whom));
        let say = || Say { sender: who, recipient: self.recipient() };
        Some(match self.kind() {
            kind::LOGIN_REQUEST => Event::LoginRequest { name: who, room: whom },
            kind::USER_LIST => {
                Event::UserList { users: self.who.checked_sub(1).map(|users| users as usize), recipient: whom }
            }
            kind::LOGIN_RESULT => Event::LoginResult(who),
            kind::LOGIN_NOTIFICATION => Event::LoginNotification(who),
            kind::SAY_REQUEST => Event::SayRequest(say()),
            kind::SAY_DELIVERY => Event::SayDelivery(say()),
            kind::LOGOUT_NOTIFICATION => Event::LogoutNotification(who),
            kind::PING => Event::Ping(who),
            kind::PONG => Event::Pong(who),
            kind::UNKNOWN => Event::Unknown { type_name: who, sender: whom },
            _ => return None,
        })
    }

    /// The same, with the texts themselves; empty ones are not known.
    pub fn event_in<'a>(&self, texts: &'a Texts) -> Option<Event<&'a str>> {
        Some(self.event()?.filter_map(|text| Some(texts.get(*text)).filter(|text| !text.is_empty())))
    }

    /// What was known to have happened when the message was first seen.
    pub fn first_event_in<'a>(&self, texts: &'a Texts) -> Option<Event<&'a str>> {
        match self.is_login() && (self.is(flag::UNCERTAIN) || self.is(flag::SETTLED)) {
            true => Some(Event::Unknown { type_name: None, sender: None }),
            false => self.event_in(texts),
        }
    }

    fn recipient(&self) -> Recipient<TextId> {
        match (self.bits >> 24 & 3, TextId::unpack(self.whom)) {
            (1, _) => Recipient::Everyone,
            (2, Some(name)) => Recipient::Named(name),
            (3, Some(id)) => Recipient::Id(id),
            _ => Recipient::Unknown,
        }
    }

    /// The whole record; `time_of` says when the request's frame was captured. `None` for a message that is not the chat's.
    pub fn record<'a>(
        &self,
        texts: &'a Texts,
        time_of: impl FnOnce(Frame) -> Option<FrameTime>,
    ) -> Option<MessageRecord<&'a str>> {
        let event = self.event_in(texts)?;
        let link = Some(self.link).filter(|link| *link != 0);
        let (is_say, is_answer) = (self.has_say(), self.has_request());
        let is_notification = self.is_notification();
        Some(MessageRecord {
            at: self.at(),
            index: self.position().index,
            event,
            dialect: match self.bits >> 26 & 3 {
                1 => Some(Dialect::A2014),
                2 => Some(Dialect::B2015),
                3 => Some(Dialect::C2016),
                _ => None,
            },
            sender_id: TextId::unpack(self.sender_id),
            masked: Some(self.bits >> 28 & 3).filter(|masked| *masked != 0).map(|masked| masked == 2),
            request: link.filter(|_| is_answer).and_then(|frame| time_of(Frame::unpack(frame)?)),
            response: link.filter(|_| !is_answer && !is_say && !is_notification).and_then(Frame::unpack),
            say: self.say(),
            began: link.filter(|_| is_notification).and_then(Frame::unpack),
            is_named: self.is(flag::NAMED),
            is_own: self.is_delivery() && self.is(flag::OWN),
            is_open: self.is(flag::OPEN),
            before_login: self.is(flag::BEFORE_LOGIN),
            uncertain: self.is(flag::UNCERTAIN),
            is_settled: self.is_login() && self.is(flag::SETTLED),
        })
    }

    fn is(&self, flag: u32) -> bool {
        self.bits & flag != 0
    }

    fn has_say(&self) -> bool {
        matches!(self.kind(), kind::SAY_REQUEST | kind::SAY_DELIVERY)
    }

    fn has_request(&self) -> bool {
        matches!(self.kind(), kind::USER_LIST | kind::LOGIN_RESULT | kind::PONG)
    }

    fn is_login(&self) -> bool {
        matches!(self.kind(), kind::LOGIN_RESULT | kind::LOGIN_NOTIFICATION)
    }

    fn is_notification(&self) -> bool {
        matches!(self.kind(), kind::LOGIN_NOTIFICATION | kind::LOGOUT_NOTIFICATION)
    }

    /// The say that it is, or delivers.
    pub fn say(&self) -> Option<SayNumber> {
        self.link.checked_sub(1).filter(|_| self.has_say())
    }

    /// Whether it belongs to something in another frame.
    pub fn has_link(&self) -> bool {
        self.link != 0
    }

    /// Who sent it. Of a message that the chat does not know, the mask tells.
    pub fn sender(&self) -> Side {
        let by_server = match self.event() {
            Some(Event::Unknown { .. }) => self.bits >> 28 & 3 == 1,
            event => event.is_some_and(|event| event.is_from_server()),
        };
        if by_server { Side::Server } else { Side::Client }
    }

    /// Whether it delivers a say.
    pub fn is_delivery(&self) -> bool {
        self.kind() == kind::SAY_DELIVERY
    }

    /// Of a login's result and of a notification: what it is a part of, and the frame that began that.
    pub fn notifies(&self) -> Option<(Completion, Frame)> {
        let completion = match self.kind() {
            kind::LOGIN_RESULT | kind::LOGIN_NOTIFICATION => Completion::Login,
            kind::LOGOUT_NOTIFICATION => Completion::Logout,
            _ => return None,
        };
        Some((completion, self.began()?))
    }

    /// The frame that began what it belongs to, as far as the message itself is concerned: of a say, its own. `None` for a delivery of which
    /// it was not known.
    pub fn began(&self) -> Option<Frame> {
        let leads_there = self.has_link() && (self.has_request() || self.is_notification());
        match self.is_delivery() && self.is(flag::OPEN) {
            true => None,
            false => Frame::unpack(self.link).filter(|_| leads_there).or(Some(self.frame)),
        }
    }

    /// A later message answers this request, in `frame`: keeps the first answer. Returns whether it is such a request.
    pub fn answer(&mut self, answer: &Event<TextId>, frame: Frame) -> bool {
        let is_asked = self.event().is_some_and(|event| answer.answers(&event));
        if is_asked && self.link == 0 {
            self.link = frame.number();
        }
        is_asked
    }

    /// A login turns out to be the connection's own, which answers the request in this frame, or a notification.
    pub fn settle_login(&mut self, is_own: bool, request: Option<Frame>) {
        if self.kind() != kind::LOGIN_NOTIFICATION {
            return;
        }
        self.bits = self.bits & !flag::UNCERTAIN | flag::SETTLED;
        if is_own {
            self.bits = self.bits & !(0xf << 20) | kind::LOGIN_RESULT << 20;
            self.link = Frame::pack(request);
        }
    }

    /// It turns out to deliver this say, unless it delivers another. Returns whether it does. `is_own`: to the browser whose say it is.
    pub fn delivers(&mut self, say: SayNumber, is_own: bool) -> bool {
        let is_free = self.is_delivery() && self.link == 0;
        if is_free {
            self.link = say + 1;
            self.bits |= if is_own { flag::OWN } else { 0 };
        }
        is_free
    }

    /// Whether the connection's user was known when the message was first seen.
    pub fn set_named(&mut self, is_named: bool) {
        self.bits = self.bits & !flag::NAMED | if is_named { flag::NAMED } else { 0 };
    }

    /// It is not known, so far, whether the request of this delivery was captured.
    pub fn leave_open(&mut self) {
        self.bits |= flag::OPEN;
    }
}

fn pack_recipient(recipient: &Recipient<TextId>) -> (u32, u32) {
    match recipient {
        Recipient::Unknown => (0, 0),
        Recipient::Everyone => (1, 0),
        Recipient::Named(name) => (2, TextId::pack(Some(*name))),
        Recipient::Id(id) => (3, TextId::pack(Some(*id))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A capture has as many of these as packets and messages.
    #[test]
    fn records_are_small() {
        assert_eq!(size_of::<StoredMessage>(), 32);
    }

    #[test]
    fn a_stored_record_is_the_record() {
        let mut texts = Texts::default();
        let [one, other] = ["one", "other"].map(|text| texts.intern(text));
        let at = |frame| FrameTime { frame: Frame::of(frame), time: i64::from(frame) * 1000 };
        let new = |event| MessageRecord::new(at(9), 5, event);
        let recipients = [Recipient::Everyone, Recipient::Named(one), Recipient::Id(other), Recipient::Unknown];
        let mut records: Vec<MessageRecord<TextId>> = Vec::new();
        for recipient in recipients {
            let say = Say { sender: Some(one), recipient };
            records.push(MessageRecord { say: Some(0), masked: Some(true), ..new(Event::SayRequest(say.clone())) });
            records.push(MessageRecord { sender_id: Some(other), masked: Some(false), ..new(Event::SayDelivery(say)) });
        }
        for name in [None, Some(one)] {
            let answered = Some(Frame::of(12));
            records.push(MessageRecord { response: answered, ..new(Event::LoginRequest { name, room: Some(other) }) });
            records.push(MessageRecord { response: answered, ..new(Event::Ping(name)) });
            for event in
                [Event::UserList { users: Some(3), recipient: name }, Event::LoginResult(name), Event::Pong(name)]
            {
                records.push(MessageRecord { request: Some(at(4)), ..new(event) });
            }
            records.push(MessageRecord { dialect: Some(Dialect::B2015), ..new(Event::LoginNotification(name)) });
            records.push(MessageRecord { before_login: true, ..new(Event::LogoutNotification(name)) });
            records.push(MessageRecord { uncertain: true, ..new(Event::LoginNotification(name)) });
            records.push(MessageRecord { began: Some(Frame::of(3)), ..new(Event::LoginNotification(name)) });
            records.push(MessageRecord { is_named: true, ..new(Event::LogoutNotification(name)) });
            let say = Say { sender: name, recipient: Recipient::Everyone };
            records.push(MessageRecord { is_own: true, ..new(Event::SayDelivery(say.clone())) });
            records.push(MessageRecord { is_open: true, ..new(Event::SayDelivery(say)) });
            records.push(new(Event::Unknown { type_name: Some(other), sender: name }));
        }
        for record in records {
            let stored = StoredMessage::of(&record);
            let texts_of = record.event.filter_map(|text| Some(texts.get(*text)));
            let MessageRecord { index, dialect, sender_id, masked, request, response, .. } = record;
            let MessageRecord { say, before_login, uncertain, began, is_named, is_own, is_open, .. } = record;
            let expected = MessageRecord {
                at: at(9),
                index,
                event: texts_of,
                dialect,
                sender_id,
                masked,
                request,
                response,
                say,
                began,
                is_named,
                is_own,
                is_open,
                before_login,
                uncertain,
                is_settled: false,
            };
            assert_eq!(stored.record(&texts, |frame| Some(at(frame.number()))), Some(expected));
        }
    }
}
