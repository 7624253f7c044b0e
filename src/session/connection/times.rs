//! When the handshakes of a connection and its end were captured, in few bytes.

use crate::event::FrameEvent;

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

/// The times of one connection.
#[derive(Debug)]
pub struct Times {
    /// Nanoseconds since the epoch.
    times: [i64; COUNT],
}

impl Times {
    /// When it was first captured. Nanoseconds since the epoch.
    pub fn of(&self, moment: Moment) -> Option<i64> {
        Some(self.times[moment as usize]).filter(|time| *time != NEVER)
    }

    /// A moment was captured; only the first time counts.
    pub fn set(times: &mut Option<Box<Times>>, moment: Moment, time: i64) {
        let times = times.get_or_insert_with(|| Box::new(Times { times: [NEVER; COUNT] }));
        let known = &mut times.times[moment as usize];
        if *known == NEVER {
            *known = time;
        }
    }

    /// The same of the moment that an event is, if it is one.
    pub fn take<T>(times: &mut Option<Box<Times>>, event: &FrameEvent<T>, time: i64) {
        let moment = match event {
            FrameEvent::Syn => Moment::Syn,
            FrameEvent::SynAck => Moment::SynAck,
            FrameEvent::Established => Moment::Established,
            FrameEvent::UpgradeRequest => Moment::UpgradeRequest,
            FrameEvent::UpgradeAccepted | FrameEvent::UpgradeMisaccepted | FrameEvent::UpgradeRefused(_) => {
                Moment::UpgradeResponse
            }
            FrameEvent::Close(_) | FrameEvent::Fin | FrameEvent::Reset(_) => Moment::End,
            _ => return,
        };
        Times::set(times, moment, time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Reset;

    #[test]
    fn the_first_time_counts() {
        let mut times = None;
        let events: [(FrameEvent<u32>, i64); 4] = [
            (FrameEvent::Syn, 0),
            (FrameEvent::Syn, 5),
            (FrameEvent::FinAcked, 6),
            (FrameEvent::Reset(Reset::Open), 7),
        ];
        events.iter().for_each(|(event, time)| Times::take(&mut times, event, *time));
        let of = |moment| times.as_ref().and_then(|times| times.of(moment));
        assert_eq!([Moment::Syn, Moment::SynAck, Moment::End].map(of), [Some(0), None, Some(7)]);
    }
}
