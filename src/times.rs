//! When the handshakes of a connection and its end were captured, in few bytes.

use crate::event::{FrameEvent, Reset};
use crate::packet::{Frame, FrameTime};

/// What is dated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The first SYN.
    Syn,
    /// The first SYN+ACK.
    SynAck,
    /// The ACK that establishes the TCP connection.
    Established,
    /// The upgrade request.
    UpgradeRequest,
    /// Its acknowledgment, with payload or without.
    UpgradeRequestAcked,
    /// The response, whatever it says.
    UpgradeResponse,
    /// The acknowledgment of a response that switches protocols.
    UpgradeComplete,
    /// The first close frame, FIN or RST.
    End,
}

/// How many moments there are.
const COUNT: usize = Moment::End as usize + 1;
/// For a moment that was not captured.
const NEVER: i64 = i64::MIN;

/// The times of one connection: 8 bytes until something is dated.
#[derive(Debug, Default)]
pub struct Times {
    known: Option<Box<Known>>,
}

#[derive(Debug)]
struct Known {
    /// Nanoseconds since the epoch.
    times: [i64; COUNT],
    opened_in: Option<Frame>,
    closing_since: Option<Frame>,
}

impl Times {
    /// When it was first captured. Nanoseconds since the epoch.
    pub fn of(&self, moment: Moment) -> Option<i64> {
        Some(self.known.as_ref()?.times[moment as usize]).filter(|time| *time != NEVER)
    }

    /// The first frame of TCP's handshake that was captured.
    pub fn opened_in(&self) -> Option<Frame> {
        self.known.as_ref()?.opened_in
    }

    /// The frame in which the connection begins to close: with the first close frame, FIN or RST, but for one that refuses it.
    pub fn closing_since(&self) -> Option<Frame> {
        self.known.as_ref()?.closing_since
    }

    /// Dates a moment; only the first time counts.
    pub fn set(&mut self, moment: Moment, time: i64) {
        let known = &mut self.known().times[moment as usize];
        if *known == NEVER {
            *known = time;
        }
    }

    /// Dates the moment that an event is, if it is one.
    pub fn take<T>(&mut self, event: &FrameEvent<T>, at: FrameTime) {
        let moment = match event {
            FrameEvent::Syn => Moment::Syn,
            FrameEvent::SynAck => Moment::SynAck,
            FrameEvent::Established => Moment::Established,
            FrameEvent::UpgradeRequest => Moment::UpgradeRequest,
            FrameEvent::UpgradeAccepted
            | FrameEvent::UpgradeMisaccepted
            | FrameEvent::UpgradeWithoutSubprotocol
            | FrameEvent::UpgradeRefused(_) => Moment::UpgradeResponse,
            FrameEvent::Close(_) | FrameEvent::Fin | FrameEvent::Reset(_) => Moment::End,
            FrameEvent::SynAgain(_)
            | FrameEvent::SynAckAgain(_)
            | FrameEvent::FinAcked
            | FrameEvent::UpgradeRequestAcked(_)
            | FrameEvent::UpgradeComplete(_)
            | FrameEvent::CloseReply(_)
            | FrameEvent::MessagesAcked(_) => return,
        };
        self.set(moment, at.time);
        let known = self.known();
        if matches!(moment, Moment::Syn | Moment::SynAck) {
            known.opened_in.get_or_insert(at.frame);
        }
        if moment == Moment::End && !matches!(event, FrameEvent::Reset(Reset::Refused)) {
            known.closing_since.get_or_insert(at.frame);
        }
    }

    fn known(&mut self) -> &mut Known {
        self.known
            .get_or_insert_with(|| Box::new(Known { times: [NEVER; COUNT], opened_in: None, closing_since: None }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dated(events: &[(FrameEvent<u32>, u32)]) -> Times {
        let mut times = Times::default();
        for (event, frame) in events {
            times.take(event, FrameTime { frame: Frame::of(*frame), time: i64::from(*frame) });
        }
        times
    }

    #[test]
    fn the_first_time_counts() {
        let times = dated(&[
            (FrameEvent::Syn, 1),
            (FrameEvent::Syn, 5),
            (FrameEvent::FinAcked, 6),
            (FrameEvent::Reset(Reset::Open), 7),
        ]);
        assert_eq!([Moment::Syn, Moment::SynAck, Moment::End].map(|moment| times.of(moment)), [Some(1), None, Some(7)]);
        assert_eq!((times.opened_in(), times.closing_since()), (Some(Frame::of(1)), Some(Frame::of(7))));
        assert_eq!(size_of::<Known>(), 72);
    }

    #[test]
    fn a_connection_that_is_refused_does_not_close() {
        let times = dated(&[(FrameEvent::SynAck, 1), (FrameEvent::Reset(Reset::Refused), 2)]);
        assert_eq!((times.of(Moment::End), times.closing_since()), (Some(2), None));
    }
}
