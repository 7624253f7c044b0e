//! What a capture lacks of one connection: the gaps of both directions, and the stretches of their sequence space that may yet arrive
//! late. Nearly every connection lacks nothing, which takes 8 bytes.

use crate::packet::{Both, Frame, FrameTime, SequenceNumber, Side};
use crate::session::connection::gaps::{Gap, Gaps};

/// Stretches that are kept of one direction; beyond, the oldest is forgotten, and what fills it passes for a retransmission.
const MAX_STRETCHES: usize = 32;

/// Frames that are kept in which a login may be missing; beyond, one may be missing in any.
const MAX_LOGINS: usize = 1 << 16;

/// The length of the shortest login request, which is one of dialect A, and its masked frame's header.
const MIN_LOGIN: u32 = 6 + r#"{"type":"login","name":""}"#.len() as u32;

/// What the capture lacks of a connection.
#[derive(Debug, Default)]
pub struct Lacking {
    directions: Option<Box<Both<Direction>>>,
}

/// What it lacks of one direction.
#[derive(Debug, Default)]
pub struct Direction {
    /// Where something may be missing.
    pub gaps: Gaps,
    /// The frames in which those of them show that are long enough for a login, ascending.
    logins: Vec<Frame>,
    /// The bytes that were not captured.
    pub missing: Stretches,
    /// The bytes that were not read as WebSocket frames, though later ones were.
    pub unread: Stretches,
    /// The gap that showed last, until it is taken.
    latest: Option<Gap>,
    /// Since when bytes were captured that are not read yet (a message that goes on, or one that Wireshark does not hand over), and how
    /// many stretches were unread before.
    pub unread_since: Option<(FrameTime, usize)>,
    /// What is encrypted may not be decrypted behind a gap, until a message is.
    is_undecryptable: bool,
}

impl Lacking {
    /// Whether there is a gap that was not taken yet.
    pub fn has_latest(&self) -> bool {
        let has =
            |directions: &Both<Direction>| directions.client.latest.is_some() || directions.server.latest.is_some();
        self.directions.as_deref().is_some_and(has)
    }

    /// What it lacks of one direction, to add to it.
    pub fn of_mut(&mut self, side: Side) -> &mut Direction {
        self.directions.get_or_insert_default().of_mut(side)
    }

    /// What it lacks of one direction; `None` for nothing.
    pub fn of(&self, side: Side) -> Option<&Direction> {
        self.directions.as_ref().map(|directions| directions.of(side))
    }

    /// The gap of a direction that showed since it was taken last.
    pub fn take_latest(&mut self, side: Side) -> Option<Gap> {
        self.directions.as_mut()?.of_mut(side).latest.take()
    }

    /// Nothing that follows in either direction is decrypted for certain.
    pub fn set_undecryptable(&mut self) {
        if let Some(directions) = &mut self.directions {
            (directions.client.is_undecryptable, directions.server.is_undecryptable) = (true, true);
        }
    }

    /// A message of this direction is read.
    pub fn see(&mut self, side: Side) {
        if let Some(directions) = &mut self.directions {
            directions.of_mut(side).is_undecryptable = false;
        }
    }

    /// An encrypted segment was captured.
    pub fn pass_over(&mut self, side: Side, at: FrameTime) {
        if self.of(side).is_some_and(|direction| direction.is_undecryptable) {
            self.of_mut(side).add(Gap::within(at), u32::MAX);
        }
    }

    /// Exchanges the sides.
    pub fn swap_sides(&mut self) {
        if let Some(directions) = &mut self.directions {
            directions.swap();
        }
    }
}

impl Direction {
    fn may_log_in(&mut self, frame: Frame) {
        if self.logins.last() != Some(&frame) && self.logins.len() < MAX_LOGINS {
            self.logins.push(frame);
        }
    }

    /// Whether a login may be missing that the capture shows to be missing after the frame `from`, and in the frame `to` or before.
    pub fn lacks_login(&self, from: Option<Frame>, to: Frame) -> bool {
        let at = self.logins.partition_point(|frame| Some(*frame) <= from);
        self.logins.get(at).map_or(self.logins.len() == MAX_LOGINS && from < Some(to), |frame| *frame <= to)
    }

    /// No login is missing in this frame, the last one.
    pub fn forget_login(&mut self, frame: Frame) {
        if self.logins.last() == Some(&frame) {
            self.logins.pop();
        }
    }

    /// All that was missing was captured later: no login is missing.
    pub fn forget_logins(&mut self) {
        self.logins.clear();
    }

    /// Whether all that was missing was captured later, and all was read.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.unread.is_empty()
    }

    /// Adds a gap that shows in the frame at hand, of so many bytes.
    pub fn add(&mut self, gap: Gap, bytes: u32) {
        self.gaps.add(gap);
        if bytes >= MIN_LOGIN {
            self.may_log_in(gap.until.frame);
        }
        let earlier = self.latest.filter(|latest| latest.after_frame() < gap.after_frame());
        self.latest = Some(Gap { after: earlier.map_or(gap.after, |earlier| earlier.after), until: gap.until });
    }
}

/// A stretch of the sequence space: the first byte, and the one behind the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The first byte.
    pub from: SequenceNumber,
    /// The byte behind the last.
    pub to: SequenceNumber,
}

/// Stretches of a direction's sequence space, none of which overlap.
#[derive(Debug, Default)]
pub struct Stretches {
    stretches: Vec<Stretch>,
}

impl Stretches {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.stretches.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.stretches.len()
    }

    /// Adds a stretch that none overlaps. An empty one is none.
    pub fn insert(&mut self, from: SequenceNumber, to: SequenceNumber) {
        if !to.is_after(from) {
            return;
        }
        match self.stretches.last_mut() {
            Some(last) if last.to == from => last.to = to,
            _ => self.stretches.push(Stretch { from, to }),
        }
        if self.stretches.len() > MAX_STRETCHES {
            self.stretches.remove(0);
        }
    }

    /// Takes out what lies between. Returns whether there was anything.
    pub fn take(&mut self, from: SequenceNumber, to: SequenceNumber) -> bool {
        let overlaps = |stretch: &Stretch| stretch.to.is_after(from) && to.is_after(stretch.from);
        if !self.stretches.iter().any(overlaps) {
            return false;
        }
        for stretch in std::mem::take(&mut self.stretches) {
            if !overlaps(&stretch) {
                self.stretches.push(stretch);
                continue;
            }
            let before = Stretch { to: from, ..stretch };
            let behind = Stretch { from: to, ..stretch };
            self.stretches.extend([before, behind].into_iter().filter(|rest| rest.to.is_after(rest.from)));
        }
        let excess = self.stretches.len().saturating_sub(MAX_STRETCHES);
        self.stretches.drain(..excess);
        true
    }

    /// The stretch that a byte lies in.
    pub fn at(&self, byte: SequenceNumber) -> Option<Stretch> {
        let holds = |stretch: &&Stretch| !stretch.from.is_after(byte) && stretch.to.is_after(byte);
        self.stretches.iter().find(holds).copied()
    }

    /// Whether a stretch ends there.
    pub fn ends_at(&self, end: SequenceNumber) -> bool {
        self.stretches.iter().any(|stretch| stretch.to == end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: u32) -> SequenceNumber {
        SequenceNumber(value)
    }

    #[test]
    fn stretches_are_filled_piece_by_piece() {
        let mut stretches = Stretches::default();
        stretches.insert(number(u32::MAX - 9), number(10));
        stretches.insert(number(10), number(20));
        stretches.insert(number(30), number(30));
        assert_eq!(stretches.stretches.len(), 1, "neighbours are one, and nothing is none");
        assert!(!stretches.take(number(20), number(40)));
        assert!(stretches.take(number(0), number(5)));
        assert!(!stretches.take(number(0), number(5)), "it is there now");
        assert_eq!(stretches.at(number(4)), None);
        assert_eq!(stretches.at(number(5)), Some(Stretch { from: number(5), to: number(20) }));
        assert_eq!(stretches.at(number(u32::MAX)), Some(Stretch { from: number(u32::MAX - 9), to: number(0) }));
        assert!(stretches.ends_at(number(20)) && !stretches.ends_at(number(10)));
    }

    #[test]
    fn stretches_are_bounded() {
        let mut stretches = Stretches::default();
        (0..1000).for_each(|at| stretches.insert(number(at * 10), number(at * 10 + 5)));
        assert_eq!(stretches.stretches.len(), MAX_STRETCHES);
        assert!(stretches.at(number(9990)).is_some() && stretches.at(number(0)).is_none());
    }

    #[test]
    fn gaps_are_handed_on_once() {
        let at = |frame: u32| FrameTime { frame: Frame::of(frame), time: i64::from(frame) };
        let gap = |after: u32, until: u32| Gap { after: Some(at(after)), until: at(until) };
        let mut lacking = Lacking::default();
        assert_eq!((size_of::<Lacking>(), lacking.take_latest(Side::Client)), (8, None));
        lacking.of_mut(Side::Client).add(gap(2, 5), 31);
        lacking.of_mut(Side::Client).add(gap(5, 5), 32);
        assert_eq!(lacking.take_latest(Side::Server), None);
        assert_eq!(lacking.take_latest(Side::Client), Some(gap(2, 5)));
        assert_eq!(lacking.take_latest(Side::Client), None);
    }
}
