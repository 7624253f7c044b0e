//! What the session keeps of single messages, in few bytes: most of a capture's memory is here. A record is made when its message is first
//! seen and stays as it is; later frames only fill in what was open (an answer, a count, a name).

use crate::event::{Completion, Link, MessageEvent, Recipient};
use crate::message::Dialect;
use crate::packet::{Frame, FrameTime, Position, Side};
use crate::session::ids::SayNumber;
use crate::storage::texts::{TextId, Texts};

/// What is known of one message beyond its own bytes. `T` is a name or another short text: its number in the session, and the text itself
/// where it is looked up.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageRecord<T> {
    /// The frame in which it ends.
    pub at: FrameTime,
    /// How many messages of the frame came before it.
    pub index: u32,
    /// What happened, with the names known when the message was first seen.
    pub event: MessageEvent<T>,
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
    /// Of a delivery or a pong: when it was first seen, it was not known whether its request was captured, and in which frame. Of a ping: which
    /// pong answers it is not known. Of a say: whether it is for all.
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
    pub fn new(at: FrameTime, index: u32, event: MessageEvent<T>) -> MessageRecord<T> {
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
    /// Its first part: the name of who does it, or the count of a list and one more.
    who: u32,
    /// Its second part: the room, the recipient or, of an unknown message, the sender.
    whom: u32,
    sender_id: u32,
    /// What its [`Link`] leads to: a frame, or the number of a say and one more; 0 for nothing. Of an unknown message, which leads to nothing:
    /// its third part, whom it is for.
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

/// Where what the message is stands among the bits.
const KIND: u32 = 20;
/// The bits that say what a message is and, of a say, for whom.
const EVENT: u32 = 0x3f << KIND;

/// A part of an event as it is kept: a number, and two bits for those that are one of several.
trait Part: Sized {
    fn pack(&self) -> (u32, u32);
    fn unpack(number: u32, bits: u32) -> Self;
}

impl Part for Option<TextId> {
    fn pack(&self) -> (u32, u32) {
        (TextId::pack(*self), 0)
    }

    fn unpack(number: u32, _: u32) -> Option<TextId> {
        TextId::unpack(number)
    }
}

impl Part for Option<usize> {
    fn pack(&self) -> (u32, u32) {
        (self.map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1)), 0)
    }

    fn unpack(number: u32, _: u32) -> Option<usize> {
        number.checked_sub(1).map(|count| count as usize)
    }
}

impl Part for Recipient<TextId> {
    fn pack(&self) -> (u32, u32) {
        match self {
            Recipient::Unknown => (0, 0),
            Recipient::Everyone => (0, 1),
            Recipient::Named(name) => (TextId::pack(Some(*name)), 2),
            Recipient::Id(id) => (TextId::pack(Some(*id)), 3),
        }
    }

    fn unpack(number: u32, bits: u32) -> Recipient<TextId> {
        match (bits, TextId::unpack(number)) {
            (1, _) => Recipient::Everyone,
            (2, Some(name)) => Recipient::Named(name),
            (3, Some(id)) => Recipient::Id(id),
            _ => Recipient::Unknown,
        }
    }
}

/// What is kept of an event: its parts, and the bits from [`KIND`] on.
#[derive(Debug, Clone, Copy)]
struct Packed {
    parts: [u32; 3],
    bits: u32,
}

/// The table by which records are written and read back: a number for each message, and its parts, of which the last may be a recipient. 0 is a
/// place for a message that is not the chat's.
macro_rules! stored_messages {
    ($($number:literal $name:ident { $($part:ident),* })*) => {
        fn pack(event: &MessageEvent<TextId>) -> Packed {
            let (mut parts, mut bits, mut at) = ([0; 3], 0, 0);
            let mut add = |(number, of_recipient): (u32, u32)| {
                parts[at] = number;
                bits |= of_recipient << (KIND + 4);
                at += 1;
            };
            let kind = match event {
                $(MessageEvent::$name { $($part),* } => {
                    $(add($part.pack());)*
                    $number
                })*
            };
            Packed { parts, bits: bits | kind << KIND }
        }

        #[deny(unreachable_patterns)] // a number that stands there twice
        fn unpack(Packed { parts, bits }: Packed) -> Option<MessageEvent<TextId>> {
            let (recipient, mut at) = (bits >> (KIND + 4) & 3, 0);
            let mut next = || {
                at += 1;
                parts[at - 1]
            };
            Some(match bits >> KIND & 0xf {
                $($number => MessageEvent::$name { $($part: Part::unpack(next(), recipient)),* },)*
                _ => return None,
            })
        }
    };
}

stored_messages! {
    1 LoginRequest { name, room }
    2 UserList { users, recipient }
    3 LoginResult { name }
    4 LoginNotification { name }
    5 SayRequest { sender, recipient }
    6 SayDelivery { sender, recipient }
    7 LogoutNotification { name }
    8 Ping { recipient }
    9 Pong { sender }
    10 Unknown { type_name, sender, recipient }
    11 UnsolicitedPong { sender }
    12 ClientPing { sender }
    13 ServerPong { recipient }
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

    /// Whether it is a message of the chat.
    pub fn is_known(&self) -> bool {
        self.bits >> KIND & 0xf != 0
    }

    /// Makes it a free place: it is not the chat's after all.
    pub fn forget(&mut self) {
        *self = StoredMessage::reserved(self.at(), self.position().index);
    }

    /// Of a record whose index is below [`MAX_MESSAGES`].
    pub fn of(record: &MessageRecord<TextId>) -> StoredMessage {
        let Packed { parts: [who, whom, third], bits } = pack(&record.event);
        let link = match record.event.row().link {
            Link::None => third,
            Link::Answer => Frame::pack(record.response),
            Link::Request => Frame::pack(record.request.map(|request| request.frame)),
            Link::Say => record.say.map_or(0, |number| number + 1),
            Link::Beginning => Frame::pack(record.began),
        };
        let dialect = record.dialect.map_or(0, |dialect| dialect as u32);
        let masked = record.masked.map_or(0, |masked| 1 + u32::from(masked));
        let flags = [
            (record.is_named, flag::NAMED),
            (record.is_own, flag::OWN),
            (record.is_open, flag::OPEN),
            (record.before_login, flag::BEFORE_LOGIN),
            (record.uncertain, flag::UNCERTAIN),
        ];
        let flags = flags.iter().fold(0, |all, (is_set, flag)| if *is_set { all | flag } else { all });
        let bits = record.index & (MAX_MESSAGES - 1) | flags | bits | dialect << 26 | masked << 28;
        let sender_id = TextId::pack(record.sender_id);
        StoredMessage { time: record.at.time, frame: record.at.frame, who, whom, sender_id, link, bits }
    }

    /// What happened; `None` for a message that is not the chat's.
    pub fn event(&self) -> Option<MessageEvent<TextId>> {
        unpack(Packed { parts: [self.who, self.whom, self.link], bits: self.bits })
    }

    /// What happened, with the texts themselves; empty ones are not known.
    pub fn event_in<'a>(&self, texts: &'a Texts) -> Option<MessageEvent<&'a str>> {
        Some(self.event()?.filter_map(|text| Some(texts.get(*text)).filter(|text| !text.is_empty())))
    }

    /// Whether it was known what it is when it was first seen: of a login, that is settled later where several could be meant.
    pub fn was_certain(&self) -> bool {
        !(self.is_login() && (self.is(flag::UNCERTAIN) || self.is(flag::SETTLED)))
    }

    /// The whole record; `time_of` says when the request's frame was captured. `None` for a message that is not the chat's.
    pub fn record<'a>(
        &self,
        texts: &'a Texts,
        time_of: impl FnOnce(Frame) -> Option<FrameTime>,
    ) -> Option<MessageRecord<&'a str>> {
        let event = self.event_in(texts)?;
        let link = event.row().link;
        let leads_to = Frame::unpack(self.link);
        Some(MessageRecord {
            at: self.at(),
            index: self.position().index,
            dialect: match self.bits >> 26 & 3 {
                1 => Some(Dialect::A2014),
                2 => Some(Dialect::B2015),
                3 => Some(Dialect::C2016),
                _ => None,
            },
            sender_id: TextId::unpack(self.sender_id),
            masked: Some(self.bits >> 28 & 3).filter(|masked| *masked != 0).map(|masked| masked == 2),
            request: leads_to.filter(|_| link == Link::Request).and_then(time_of),
            response: leads_to.filter(|_| link == Link::Answer),
            say: self.say(),
            began: leads_to.filter(|_| link == Link::Beginning),
            is_named: self.is(flag::NAMED),
            is_own: self.is_delivery() && self.is(flag::OWN),
            is_open: self.is(flag::OPEN),
            before_login: self.is(flag::BEFORE_LOGIN),
            uncertain: self.is(flag::UNCERTAIN),
            is_settled: self.is_login() && self.is(flag::SETTLED),
            event,
        })
    }

    fn is(&self, flag: u32) -> bool {
        self.bits & flag != 0
    }

    fn link(&self) -> Link {
        self.event().map_or(Link::None, |event| event.row().link)
    }

    fn is_login(&self) -> bool {
        self.completes() == Some(Completion::Login)
    }

    /// The say that it is, or delivers.
    pub fn say(&self) -> Option<SayNumber> {
        self.link.checked_sub(1).filter(|_| self.link() == Link::Say)
    }

    /// Whether it belongs to something in another frame.
    pub fn has_link(&self) -> bool {
        self.link() != Link::None && self.link != 0
    }

    /// Who sent it. Of a message that both sides may send, the mask tells.
    pub fn sender(&self) -> Side {
        let is_unmasked = self.bits >> 28 & 3 == 1;
        let from = self.event().and_then(|event| event.row().from);
        from.unwrap_or(if self.is_known() && is_unmasked { Side::Server } else { Side::Client })
    }

    /// Whether it delivers a say.
    pub fn is_delivery(&self) -> bool {
        self.completes() == Some(Completion::Say)
    }

    /// Whether it is a ping.
    pub fn is_ping(&self) -> bool {
        matches!(self.event(), Some(MessageEvent::Ping { .. } | MessageEvent::ClientPing { .. }))
    }

    /// What is complete once everybody has received it: of what the server tells a room.
    pub fn completes(&self) -> Option<Completion> {
        self.event()?.row().completes
    }

    /// Of a login's result and of a notification: what it is a part of, and the frame that began that.
    pub fn notifies(&self) -> Option<(Completion, Frame)> {
        match self.link() {
            Link::Request | Link::Beginning => Some((self.completes()?, self.began()?)),
            Link::None | Link::Answer | Link::Say => None,
        }
    }

    /// The frame that began what it belongs to, as far as the message itself is concerned: of a say, its own. `None` for a delivery or a pong
    /// of which it was not known.
    pub fn began(&self) -> Option<Frame> {
        match self.link() {
            Link::Say if self.is_delivery() && self.is(flag::OPEN) => None,
            Link::Request | Link::Beginning => {
                Frame::unpack(self.link).or(Some(self.frame).filter(|_| !self.is(flag::OPEN)))
            }
            Link::None | Link::Answer | Link::Say => Some(self.frame),
        }
    }

    /// Keeps the frame of the answer to this request, unless it has one. Returns whether `answer` answers it.
    pub fn answer(&mut self, answer: &MessageEvent<TextId>, frame: Frame) -> bool {
        let is_asked = self.link == 0 && self.event().is_some_and(|event| answer.answers(&event));
        if is_asked {
            self.link = frame.number();
        }
        is_asked
    }

    /// The request that it answers turns out to be in this frame.
    pub fn answers(&mut self, request: Frame) {
        if self.link() == Link::Request && self.link == 0 {
            self.link = request.number();
        }
    }

    /// Makes a login the connection's own, which answers the request in this frame, or settles that it is a notification.
    pub fn settle_login(&mut self, is_own: bool, request: Option<Frame>) {
        let Some(MessageEvent::LoginNotification { name }) = self.event() else { return };
        self.bits = self.bits & !flag::UNCERTAIN | flag::SETTLED;
        if is_own {
            self.bits = self.bits & !EVENT | pack(&MessageEvent::LoginResult { name }).bits;
            self.link = Frame::pack(request);
        }
    }

    /// Links it to the say that it delivers, unless it delivers another. Returns whether it does. `is_own`: to the browser whose say it is.
    pub fn delivers(&mut self, say: SayNumber, is_own: bool) -> bool {
        let is_free = self.is_delivery() && self.link == 0;
        if is_free {
            self.link = say + 1;
            self.bits |= if is_own { flag::OWN } else { 0 };
        }
        is_free
    }

    /// Keeps whether the connection's user was known when the message was first seen.
    pub fn set_named(&mut self, is_named: bool) {
        self.bits = self.bits & !flag::NAMED | if is_named { flag::NAMED } else { 0 };
    }

    /// Leaves open whether the request of this delivery was captured, or which pong answers this ping.
    pub fn leave_open(&mut self) {
        self.bits |= flag::OPEN;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::samples;

    /// A capture has as many of these as packets and messages.
    #[test]
    fn records_are_small() {
        assert_eq!(size_of::<StoredMessage>(), 32);
    }

    #[test]
    fn a_stored_record_is_the_record() {
        let mut texts = Texts::default();
        let other = texts.intern("other");
        for event in samples() {
            let known: Vec<&str> = event.sender().into_iter().copied().chain(["ben", "7", "lobby", "dance"]).collect();
            known.iter().for_each(|text| _ = texts.intern(text));
            let event = event.filter_map(|text| texts.find(text));
            let row = event.row();
            let full = MessageRecord {
                dialect: Some(Dialect::B2015),
                sender_id: Some(other),
                request: (row.link == Link::Request).then_some(at(4)),
                response: (row.link == Link::Answer).then_some(Frame::of(12)),
                say: (row.link == Link::Say).then_some(0),
                began: (row.link == Link::Beginning).then_some(Frame::of(3)),
                is_named: true,
                is_own: row.completes == Some(Completion::Say),
                ..new(event.clone())
            };
            let flagged = MessageRecord {
                masked: Some(true),
                is_open: true,
                before_login: true,
                uncertain: true,
                ..new(event.clone())
            };
            let unmasked = MessageRecord { masked: Some(false), ..new(event.clone()) };
            for record in [new(event), full, flagged, unmasked] {
                let stored = StoredMessage::of(&record);
                let (expected, known) =
                    (with_texts(&record, &texts), stored.record(&texts, |frame| Some(at(frame.number()))));
                assert_eq!(known.as_ref(), Some(&expected));
            }
        }
    }

    fn at(frame: u32) -> FrameTime {
        FrameTime { frame: Frame::of(frame), time: i64::from(frame) * 1000 }
    }

    fn new(event: MessageEvent<TextId>) -> MessageRecord<TextId> {
        MessageRecord::new(at(9), 5, event)
    }

    fn with_texts<'a>(record: &MessageRecord<TextId>, texts: &'a Texts) -> MessageRecord<&'a str> {
        let event = record.event.filter_map(|text| Some(texts.get(*text)));
        let MessageRecord { at, index, dialect, sender_id, masked, request, response, .. } = *record;
        let MessageRecord { say, before_login, uncertain, began, is_named, is_own, is_open, is_settled, .. } = *record;
        MessageRecord {
            at,
            index,
            event,
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
            is_settled,
        }
    }
}
