//! A say request, and what became of it.

use crate::packet::{Frame, FrameTime, StreamId};

/// A say request and what became of it: 40 bytes. 0 stands for no item of a list that counts from 1.
#[derive(Debug, Clone, Copy)]
pub struct TrackedSay {
    time: i64,
    frame: Frame,
    /// The sender's connection.
    pub stream: StreamId,
    /// How many copies were captured; of a private say, how many connections got one.
    pub deliveries: u32,
    first: Option<Frame>,
    /// The number of the first and of the last listed delivery.
    pub listed: (u32, u32),
    /// The number of the room's members when it was said.
    pub members: u32,
    flags: u8,
    /// How many deliveries are likely to be its own.
    waiting: u8,
    /// How long after it the last delivery was captured, in milliseconds.
    spread: u16,
}

/// It is for one client.
const PRIVATE: u8 = 1;
/// It is known what was said.
const READABLE: u8 = 2;
/// Whether one of the copies reached a client for the first time is not known.
const UNCERTAIN: u8 = 4;

impl TrackedSay {
    /// Nobody has got it yet, and it is not known what was said.
    pub fn new(at: FrameTime, stream: StreamId, private: bool, members: u32) -> TrackedSay {
        let flags = if private { PRIVATE } else { 0 };
        let (time, frame) = (at.time, at.frame);
        TrackedSay {
            time,
            frame,
            stream,
            deliveries: 0,
            first: None,
            listed: (0, 0),
            members,
            flags,
            waiting: 0,
            spread: 0,
        }
    }

    /// The frame in which the request ends.
    pub fn at(&self) -> FrameTime {
        FrameTime { frame: self.frame, time: self.time }
    }

    /// Whether it is for one client.
    pub fn is_private(&self) -> bool {
        self.flags & PRIVATE != 0
    }

    /// Whether it is known what was said, so that deliveries can be recognised.
    pub fn is_readable(&self) -> bool {
        self.flags & READABLE != 0
    }

    /// It is known what was said.
    pub fn set_readable(&mut self) {
        self.flags |= READABLE;
    }

    /// Whether the number of the clients that got it is the number of deliveries.
    pub fn is_counted(&self) -> bool {
        self.flags & UNCERTAIN == 0 && self.waiting == 0
    }

    /// Whether a delivery may be its own or another's.
    pub fn is_doubtful(&self) -> bool {
        self.flags & UNCERTAIN != 0
    }

    /// One of the connections that got it may be a client's second one, or it is not known whether it got this say.
    pub fn set_uncounted(&mut self) {
        self.flags |= UNCERTAIN;
    }

    /// One more delivery is likely to be its own.
    pub fn wait(&mut self) {
        self.waiting = self.waiting.saturating_add(1);
    }

    /// A delivery that was likely to be its own is so, or is not.
    pub fn settle(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
    }

    /// The first frame that delivers it.
    pub fn first(&self) -> Option<Frame> {
        self.first
    }

    /// It is delivered in this frame, too.
    pub fn reached(&mut self, at: FrameTime) {
        self.first = Some(self.first.map_or(at.frame, |first| first.min(at.frame)));
        let spread = u16::try_from(at.since(self.at()).max(0) / 1_000_000).unwrap_or(u16::MAX);
        self.spread = self.spread.max(spread);
    }

    /// When it was said or, once it has been delivered, about when that happened last, in nanoseconds since the epoch.
    pub fn last_heard(&self) -> i64 {
        self.time.saturating_add(i64::from(self.spread) * 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A capture has as many of these as says.
    #[test]
    fn a_tracked_say_is_small() {
        assert_eq!(size_of::<TrackedSay>(), 40);
        let mut say = TrackedSay::new(FrameTime { frame: Frame::of(3), time: -1 }, StreamId(7), true, 0);
        assert_eq!((say.is_readable(), say.is_private(), say.is_counted(), say.at().time), (false, true, true, -1));
        say.set_readable();
        let reached = |frame, time| FrameTime { frame: Frame::of(frame), time };
        say.reached(reached(9, 5_999_999));
        say.reached(reached(8, 1));
        assert_eq!(say.last_heard(), 5_999_999, "in whole milliseconds");
        say.set_uncounted();
        assert_eq!((say.is_readable(), say.is_private(), say.is_counted()), (true, true, false));
        assert_eq!(say.first(), Some(Frame::of(8)));
    }
}
