//! The pings and pongs of a connection, where the capture lacks nothing between them.

use crate::event::MessageEvent;
use crate::heartbeat::{Heartbeats, Pair, Pong};
use crate::packet::{Frame, FrameTime, Side};
use crate::session::connection::Connection;
use crate::session::record::message::{MessageRecord, StoredMessage};
use crate::storage::texts::TextId;

impl Connection {
    /// Takes note of a ping.
    pub fn ping(&mut self, at: FrameTime) {
        self.lose_pings(at.frame, false);
        self.settle(|heartbeats| heartbeats.ping(at));
    }

    /// Finds what a pong answers.
    pub fn pong(&mut self, record: &mut MessageRecord<TextId>) {
        let (at, position) = (record.at, record.position());
        let may_lack_ping =
            self.gaps(Side::Server).between(self.upgrade.upgraded_in(), at.frame) || self.has_unread(Side::Server);
        let is_whole = self.saw_beginning && !may_lack_ping;
        if self.lose_pings(at.frame, true) {
            return;
        }
        let Some(chat) = self.application.chat_mut() else { return };
        match chat.heartbeats_mut().pong(position, at.time) {
            Pong::Unasked if is_whole => {
                record.event = MessageEvent::UnsolicitedPong { sender: record.event.sender().copied() };
            }
            Pong::Unasked => {}
            Pong::Open => record.is_open = true,
            Pong::Answers(mut pairs) => {
                record.request = pairs.pop().map(|(ping, _)| ping);
                self.pair(pairs);
            }
        }
    }

    /// Settles at this time which pings the pongs answer that are open, where no later frame can tell.
    pub fn settle_pongs(&mut self, now: i64) {
        self.settle(|heartbeats| heartbeats.settle(now));
    }

    fn settle(&mut self, pairs: impl FnOnce(&mut Heartbeats) -> Vec<Pair>) {
        let settled = self.application.chat_mut().map(|chat| pairs(chat.heartbeats_mut()));
        self.pair(settled.unwrap_or_default());
    }

    /// Forgets the pings that wait, if another or, before a ping, a pong may be missing between the last of them and this frame, which may hold
    /// a pong. Returns whether there were any.
    fn lose_pings(&mut self, frame: Frame, is_pong: bool) -> bool {
        let last = self.chat().and_then(|chat| chat.heartbeats().last_waiting());
        let sides = if is_pong { &[Side::Server][..] } else { &[Side::Server, Side::Client] };
        let is_lost = last.is_some_and(|last| sides.iter().any(|side| self.gaps(*side).between(last, frame)));
        let chat = self.application.chat_mut().filter(|_| is_lost);
        for ping in chat.map(|chat| chat.heartbeats_mut().lose(is_pong)).unwrap_or_default() {
            let pings = self.records.known_mut(ping).filter(|message| message.is_ping());
            pings.for_each(StoredMessage::leave_open);
        }
        is_lost
    }

    fn pair(&mut self, pairs: Vec<Pair>) {
        for (ping, pong) in pairs {
            let Some(message) = self.records.message_mut(pong) else { continue };
            message.answers(ping.frame);
            if let Some(answer) = message.event() {
                self.answer(ping.frame, &answer, pong.frame);
            }
        }
    }
}
