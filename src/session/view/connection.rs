//! A connection as a whole.

use super::context::{Context, Ends, User, user};
use crate::event::{FrameEvent, Reset};
use crate::packet::{Both, Frame, Side};
use crate::session::connection::Connection;
use crate::times::Moment;

/// A connection from its beginning to its end.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionView<'a> {
    connection: &'a Connection,
    context: Context<'a>,
}

impl<'a> ConnectionView<'a> {
    /// Of a connection of which anything may be shown.
    pub(super) fn of(connection: &'a Connection, context: Context<'a>) -> ConnectionView<'a> {
        ConnectionView { connection, context }
    }

    /// Both ends, and who the user was last.
    pub fn ends(&self) -> Ends<'a> {
        let last = self.connection.chat().and_then(|chat| chat.identities().last());
        self.context.ends(self.connection, last)
    }

    /// Its users, one after another.
    pub fn users(&self) -> Vec<User<'a>> {
        let identities = self.connection.chat().map_or(&[][..], |chat| chat.identities());
        let mut users: Vec<User> = identities.iter().map(|identity| user(identity, self.context.texts)).collect();
        users.dedup();
        users
    }

    /// When a step of its handshakes was captured, or its end. Nanoseconds since the epoch.
    pub fn time_of(&self, moment: Moment) -> Option<i64> {
        self.connection.times().of(moment)
    }

    /// How many messages of the chat each side sent.
    pub fn messages(&self) -> Both<usize> {
        let mut counts = Both::default();
        let known = self.connection.records().all_messages().iter().filter(|message| message.is_known());
        known.for_each(|message| *counts.of_mut(message.sender()) += 1);
        counts
    }

    /// The frame in which its end begins.
    pub fn closing_since(&self) -> Option<Frame> {
        self.connection.times().closing_since()
    }

    /// When it ended: with the first close frame, FIN or RST, or else when the server said that its user has logged out. Nanoseconds since the
    /// epoch.
    pub fn ended(&self) -> Option<i64> {
        let closed = self.time_of(Moment::End);
        closed.or_else(|| Some(self.connection.chat()?.logged_out()?.time))
    }

    /// Why it could not begin, and how its end began; each with who did it.
    pub fn ends_by(&self) -> Vec<(FrameEvent<&'a str>, Side)> {
        let (records, texts) = (self.connection.records(), self.context.texts);
        let refused = records
            .all_marks()
            .filter_map(|mark| mark.event(texts))
            .find(|(event, _)| matches!(event, FrameEvent::Reset(Reset::Refused) | FrameEvent::UpgradeRefused(_)));
        let closed = self.closing_since().and_then(|frame| {
            let events = records.marks(frame).iter().filter_map(|mark| mark.event(texts));
            let ends = events.filter(|(event, _)| event.is_end());
            ends.max_by_key(|(event, _)| event.phase())
        });
        refused.into_iter().chain(closed).collect()
    }
}
