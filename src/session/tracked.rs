//! A say request, and what became of it.

use crate::packet::{Frame, FrameTime, StreamId};

/// A say request and what became of it: 40 bytes. 0 stands for no frame, and for no item of a list that counts from 1.
#[derive(Debug, Clone, Copy)]
pub struct TrackedSay {
    time: i64,
    frame: Frame,
    /// The sender's connection.
    pub stream: StreamId,
    /// How many copies were captured; of a private say, how many connections got one.
    pub deliveries: u32,
    first: Frame,
    /// The number of the first and of the last listed delivery.
    pub listed: (u32, u32),
    /// The number of the room's members when it was said.
    pub members: u32,
    alike: u32,
}

/// The highest bit says whether it is for one client.
const PRIVATE: u32 = 1 << 31;
/// Alike to none: it is not known what was said.
const NONE: u32 = PRIVATE - 1;

impl TrackedSay {
    /// Nobody has got it yet, and it is alike to none.
    pub fn new(at: FrameTime, stream: StreamId, private: bool, members: u32) -> TrackedSay {
        let alike = NONE | if private { PRIVATE } else { 0 };
        let first = Frame::default();
        TrackedSay { time: at.time, frame: at.frame, stream, deliveries: 0, first, listed: (0, 0), members, alike }
    }

    /// The frame in which the request ends.
    pub fn at(&self) -> FrameTime {
        FrameTime { frame: self.frame, time: self.time }
    }

    /// Whether it is for one client.
    pub fn is_private(&self) -> bool {
        self.alike & PRIVATE != 0
    }

    /// The number of the says that it is alike to; `None` for one of which it is not known what was said, so that nothing delivers it.
    pub fn alike(&self) -> Option<u32> {
        Some(self.alike & !PRIVATE).filter(|alike| *alike != NONE)
    }

    /// It is alike to these.
    pub fn set_alike(&mut self, alike: u32) {
        self.alike = self.alike & PRIVATE | alike.min(NONE);
    }

    /// The first frame that delivers it.
    pub fn first(&self) -> Option<Frame> {
        Some(self.first).filter(|first| *first != Frame::default())
    }

    /// This frame delivers it, too.
    pub fn reached(&mut self, frame: Frame) {
        self.first = self.first().map_or(frame, |first| first.min(frame));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A capture has as many of these as says.
    #[test]
    fn a_tracked_say_is_small() {
        assert_eq!(size_of::<TrackedSay>(), 40);
        let mut say = TrackedSay::new(FrameTime { frame: Frame(3), time: -1 }, StreamId(7), true, 0);
        assert_eq!((say.alike(), say.is_private(), say.at().time), (None, true, -1));
        say.set_alike(5);
        say.reached(Frame(9));
        say.reached(Frame(8));
        assert_eq!((say.alike(), say.is_private(), say.first()), (Some(5), true, Some(Frame(8))));
    }
}
