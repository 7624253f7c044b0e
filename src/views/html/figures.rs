//! The numbers of a conversation, counted from its messages: the delivery times over the session, and the messages a minute.

use crate::event::MessageEvent;
use crate::packet::Position;
use crate::session::{MessageView, Session};
use crate::views::listing::packets::Packets;

/// Into how many parts a session is divided at most.
pub const PARTS: usize = 240;
/// Nanoseconds.
const MINUTE: i64 = 60_000_000_000;

/// All of it.
#[derive(Debug, Default)]
pub struct Figures {
    /// When the first and the last packet was captured. Nanoseconds since the epoch.
    pub span: Option<(i64, i64)>,
    /// Of all says.
    pub deliveries: Times,
    /// The same for each part of the session, by when the say was delivered.
    pub parts: Vec<Times>,
    /// Messages in each stretch of so many minutes.
    pub rate: Vec<u32>,
    /// Minutes of a stretch.
    pub minutes: i64,
}

/// Times of deliveries, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// How many.
    pub count: u32,
    /// All together.
    sum: i64,
    /// The shortest and the longest.
    pub fastest: i64,
    /// The longest.
    pub slowest: i64,
}

impl Times {
    fn add(&mut self, time: i64) {
        self.fastest = if self.count == 0 { time } else { self.fastest.min(time) };
        self.slowest = self.slowest.max(time);
        self.count += 1;
        self.sum = self.sum.saturating_add(time);
    }

    /// The mean; `None` of none.
    pub fn mean(&self) -> Option<i64> {
        self.sum.checked_div(i64::from(self.count))
    }
}

impl Figures {
    /// Counts what a session's packets carry.
    pub fn of(packets: &Packets, session: &Session) -> Figures {
        let all = packets.all();
        let times = all.iter().map(|packet| packet.at.time);
        let Some((first, last)) = times.clone().min().zip(times.max()) else { return Figures::default() };
        let minutes = (last - first) / MINUTE + 1;
        let stretch = (minutes + PARTS as i64 - 1) / PARTS as i64;
        let mut figures = Figures {
            span: Some((first, last)),
            parts: vec![Times::default(); PARTS],
            rate: vec![0; ((minutes + stretch - 1) / stretch) as usize],
            minutes: stretch,
            ..Figures::default()
        };
        for packet in all {
            let messages = packets.carried(packet).filter_map(|carried| carried.message);
            for (stream, index) in messages {
                let view = session.message_view(stream, Position { frame: packet.at.frame, index });
                view.iter().for_each(|view| figures.message(view));
            }
        }
        figures
    }

    /// How many messages there are.
    pub fn messages(&self) -> u64 {
        self.rate.iter().map(|count| u64::from(*count)).sum()
    }

    fn message(&mut self, view: &MessageView) {
        let at = view.record.at;
        let Some((first, last)) = self.span else { return };
        let minute = (at.time - first) / MINUTE / self.minutes;
        self.rate.get_mut(minute as usize).into_iter().for_each(|count| *count += 1);
        match view.record.event {
            MessageEvent::SayDelivery { .. } => {
                let Some(say) = view.say().filter(|say| at.since(say.at) >= 0) else { return };
                let time = at.since(say.at);
                self.deliveries.add(time);
                let part = (at.time - first) as i128 * PARTS as i128 / ((last - first) as i128 + 1);
                self.parts.get_mut(part as usize).into_iter().for_each(|part| part.add(time));
            }
            MessageEvent::LoginRequest { .. }
            | MessageEvent::SayRequest { .. }
            | MessageEvent::UserList { .. }
            | MessageEvent::LoginResult { .. }
            | MessageEvent::LoginNotification { .. }
            | MessageEvent::LogoutNotification { .. }
            | MessageEvent::Ping { .. }
            | MessageEvent::Pong { .. }
            | MessageEvent::ClientPing { .. }
            | MessageEvent::ServerPong { .. }
            | MessageEvent::UnsolicitedPong { .. }
            | MessageEvent::Unknown { .. } => {}
        }
    }
}
