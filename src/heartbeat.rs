//! Which pong answers which ping. The chat's heartbeats have no number: a browser answers each ping when it reads it, in their order. One
//! that was busy (a dialog, a breakpoint, a full buffer) answers all that has come by then at once.

use crate::packet::{Frame, FrameTime, PackedFrameTime, Position};
use std::mem::take;

/// Pings that wait at a time; of more, the oldest are forgotten.
const MAX_WAITING: usize = 64;
/// Whoever answers several pings at once has answered all that it will answer this long after its last pong. Nanoseconds.
const PAUSE: i64 = 1_000_000_000;

/// The pings of a connection that wait for their pongs, and the pongs of which it is not known yet which ping they answer.
#[derive(Debug, Default)]
pub struct Heartbeats {
    pings: Vec<PackedFrameTime>,
    /// Fewer than the pings; each came when more than one of them waited.
    pongs: Vec<Position>,
    /// When the last of the pongs came. Nanoseconds since the epoch.
    last_pong: i64,
    last_ping: Option<Frame>,
}

/// A ping, and the pong that answers it.
pub type Pair = (FrameTime, Position);

/// What a pong turns out to be when it comes.
#[derive(Debug, PartialEq)]
pub enum Pong {
    /// No ping waits.
    Unasked,
    /// Several do: what it answers shows later.
    Open,
    /// It answers the last ping, and each pong before it that was open the one that is beside it here.
    Answers(Vec<Pair>),
}

impl Heartbeats {
    /// Takes note of a ping. Returns which pongs answer which earlier ones, if that is settled by now.
    pub fn ping(&mut self, at: FrameTime) -> Vec<Pair> {
        let settled = self.settle(at.time);
        if self.pings.len() >= MAX_WAITING {
            self.pings.remove(0);
        }
        self.pings.push(at.into());
        self.last_ping = Some(at.frame);
        settled
    }

    /// Takes note of a pong.
    pub fn pong(&mut self, position: Position, time: i64) -> Pong {
        if self.pings.is_empty() {
            return Pong::Unasked;
        }
        self.pongs.push(position);
        self.last_pong = time;
        match self.pongs.len() == self.pings.len() {
            true => Pong::Answers(self.pair()),
            false => Pong::Open,
        }
    }

    /// Settles at this time, in nanoseconds since the epoch, which pings open pongs answer: when no further one followed, the last ones before
    /// them.
    pub fn settle(&mut self, now: i64) -> Vec<Pair> {
        match !self.pongs.is_empty() && now.saturating_sub(self.last_pong) >= PAUSE {
            true => self.pair(),
            false => Vec::new(),
        }
    }

    /// Pairs each pong with the last ping before it that is free, the last pong first. The pings before those are not answered.
    fn pair(&mut self) -> Vec<Pair> {
        let frame_of = |ping: &PackedFrameTime| FrameTime::from(*ping).frame;
        let mut pongs = take(&mut self.pongs);
        let last = pongs.last().map(|pong| pong.frame);
        let later = self.pings.partition_point(|ping| Some(frame_of(ping)) <= last);
        let later = self.pings.split_off(later);
        let mut pings = std::mem::replace(&mut self.pings, later);
        let mut pairs = Vec::new();
        while let Some(pong) = pongs.pop() {
            pings.truncate(pings.partition_point(|ping| frame_of(ping) <= pong.frame));
            pairs.extend(pings.pop().map(|ping| (ping.into(), pong)));
        }
        pairs.reverse();
        pairs
    }

    /// Another ping may have come that was not captured: forgets all that waits. Returns the pings of which it is not known whether they are
    /// answered: those before a pong. `is_pong`: there is one just now.
    pub fn lose(&mut self, is_pong: bool) -> Vec<Frame> {
        let pings = take(&mut self.pings);
        let is_open = !take(&mut self.pongs).is_empty() || is_pong;
        pings.into_iter().filter(|_| is_open).map(|ping| FrameTime::from(ping).frame).collect()
    }

    /// The last ping that waits.
    pub fn last_waiting(&self) -> Option<Frame> {
        self.pings.last().map(|ping| FrameTime::from(*ping).frame)
    }

    /// Whether an open pong may answer the ping in a frame.
    pub fn may_answer(&self, ping: Frame) -> bool {
        !self.pongs.is_empty() && self.pings.iter().any(|waiting| FrameTime::from(*waiting).frame == ping)
    }

    /// The latest ping.
    pub fn last_ping(&self) -> Option<Frame> {
        self.last_ping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pings and pongs, as `P` and `p`, a second apart but for those behind a `+`: which ping each pong answers, in the order in which that
    /// shows.
    fn pairs(story: &str) -> Vec<(u32, u32)> {
        let (mut heartbeats, mut pairs, mut frame, mut time) = (Heartbeats::default(), Vec::new(), 0, 0);
        let mut step = PAUSE;
        for what in story.bytes() {
            if what == b'+' {
                step = PAUSE / 1000;
                continue;
            }
            frame += 1;
            time += std::mem::replace(&mut step, PAUSE);
            let at = FrameTime { frame: Frame::of(frame), time };
            match (what, Position { frame: at.frame, index: 0 }) {
                (b'P', _) => pairs.extend(heartbeats.ping(at)),
                (_, position) => match heartbeats.pong(position, time) {
                    Pong::Answers(answered) => pairs.extend(answered),
                    Pong::Unasked => pairs.push((FrameTime { frame: Frame::of(99), time }, position)),
                    Pong::Open => {}
                },
            }
        }
        pairs.into_iter().map(|(ping, pong)| (ping.frame.number(), pong.frame.number())).collect()
    }

    #[test]
    fn each_pong_answers_its_ping() {
        assert_eq!(pairs("PpPp"), [(1, 2), (3, 4)]);
        assert_eq!(pairs("P+Pp+p"), [(1, 3), (2, 4)], "two pings at once");
        assert_eq!(pairs("PPPp+p+p"), [(1, 4), (2, 5), (3, 6)], "a browser that was busy for three pings");
        assert_eq!(pairs("PPp+Pp+p"), [(1, 3), (2, 5), (4, 6)], "another ping comes while it answers");
    }

    #[test]
    fn a_ping_that_is_passed_over_is_not_answered() {
        assert_eq!(pairs("PP+pP+p"), [(2, 3), (4, 5)]);
        assert_eq!(pairs("PPP+p+pP+p"), [(2, 4), (3, 5), (6, 7)]);
        assert_eq!(pairs("PP+p"), [], "the other pong may follow");
    }

    #[test]
    fn a_pong_that_nobody_asked_for_answers_nothing() {
        assert_eq!(pairs("pP+p+p"), [(99, 1), (2, 3), (99, 4)]);
    }

    #[test]
    fn what_waits_is_bounded_and_lost_behind_a_gap() {
        let mut heartbeats = Heartbeats::default();
        let at = |frame: u32| FrameTime { frame: Frame::of(frame), time: i64::from(frame) * PAUSE };
        (1..1000).for_each(|frame| assert_eq!(heartbeats.ping(at(frame)), []));
        assert_eq!((heartbeats.pings.len(), heartbeats.last_ping()), (MAX_WAITING, Some(Frame::of(999))));
        let pong = Position { frame: Frame::of(1000), index: 0 };
        assert_eq!(heartbeats.pong(pong, 0), Pong::Open);
        assert!(heartbeats.may_answer(Frame::of(999)) && !heartbeats.may_answer(Frame::of(1)));
        assert_eq!(heartbeats.lose(false).len(), MAX_WAITING);
        assert_eq!(heartbeats.pong(pong, 0), Pong::Unasked);
        heartbeats.ping(at(1001));
        assert_eq!(heartbeats.lose(false), [], "no pong came: it is not answered");
        heartbeats.ping(at(1002));
        assert_eq!(heartbeats.lose(true), [Frame::of(1002)]);
    }
}
