//! The pings and pongs of a connection, where the capture lacks nothing between them.

use crate::event::MessageEvent;
use crate::heartbeat::{Heartbeats, Pair, Pong};
use crate::packet::{Frame, FrameTime, Side};
use crate::session::connection::Connection;
use crate::session::record::message::{MessageRecord, StoredMessage};
use crate::storage::texts::TextId;

impl Connection {
    /// Takes note of a side's ping.
    pub fn ping(&mut self, by: Side, at: FrameTime) {
        self.lose_pings(by, at.frame, false);
        let settled = self.application.chat_mut().map(|chat| chat.ping(by, at));
        self.pair(settled.unwrap_or_default());
    }

    /// Finds what a side's pong answers.
    pub fn pong(&mut self, by: Side, record: &mut MessageRecord<TextId>) {
        let (at, position, asking) = (record.at, record.position(), by.other());
        let may_lack_ping = self.gaps(asking).between(self.upgrade.upgraded_in(), at.frame) || self.has_unread(asking);
        let is_whole = self.saw_beginning && !may_lack_ping;
        if self.lose_pings(asking, at.frame, true) {
            return;
        }
        let Some(heartbeats) = self.heartbeats_of(asking) else { return };
        match heartbeats.pong(position, at.time) {
            Pong::Unasked if is_whole && by == Side::Client => {
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
        for asking in [Side::Server, Side::Client] {
            let settled = self.heartbeats_of(asking).map(|heartbeats| heartbeats.settle(now));
            self.pair(settled.unwrap_or_default());
        }
    }

    fn heartbeats_of(&mut self, asking: Side) -> Option<&mut Heartbeats> {
        self.application.chat_mut()?.heartbeats_of(asking)
    }

    /// Forgets the pings of a side that wait, if another or, before a ping, a pong may be missing between the last of them and this frame, which
    /// may hold a pong. Returns whether there were any.
    fn lose_pings(&mut self, asking: Side, frame: Frame, is_pong: bool) -> bool {
        let last = self.heartbeats_of(asking).and_then(|heartbeats| heartbeats.last_waiting());
        let sides = if is_pong { &[asking][..] } else { &[asking, asking.other()] };
        let is_lost = last.is_some_and(|last| sides.iter().any(|side| self.gaps(*side).between(last, frame)));
        let lost = self.heartbeats_of(asking).filter(|_| is_lost).map(|heartbeats| heartbeats.lose(is_pong));
        for ping in lost.unwrap_or_default() {
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
