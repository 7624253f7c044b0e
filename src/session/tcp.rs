//! One direction of a TCP connection: what was sent, and what of it the other side has acknowledged (RFC 9293, section 3.4).

use std::collections::VecDeque;

/// TCP header flags.
pub mod flags {
    pub const FIN: u16 = 0x01;
    pub const SYN: u16 = 0x02;
    pub const RST: u16 = 0x04;
    pub const ACK: u16 = 0x10;
}

/// Whether sequence number `a` lies after `b`, modulo 2³².
pub fn after(a: u32, b: u32) -> bool {
    a.wrapping_sub(b) as i32 > 0
}

/// Something sent whose acknowledgment is worth telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    UpgradeRequest,
    /// A 101 that the browser accepts.
    UpgradeResponse,
    /// Any other answer to an upgrade request.
    Refusal,
    Message,
    Fin,
}

/// Something sent and not acknowledged yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// The sequence number after its last byte.
    pub end: u32,
    pub frame: u32,
    pub sent: Sent,
}

/// More than this many things in flight are not chat; the oldest is then forgotten.
const MAX_PENDING: usize = 100_000;

/// The largest window (RFC 7323, section 2.3): nothing further ahead can have been received.
const MAX_WINDOW: u32 = 65_535 << 14;

/// What one side has sent.
#[derive(Debug, Default)]
pub struct Half {
    /// The SYN's sequence number and frame.
    pub syn: Option<(u32, u32)>,
    pub fin: bool,
    pub closed: bool,
    /// A compressed WebSocket message has begun, in fragments.
    pub compressed_fragments: bool,
    /// The sequence number after all that was sent so far.
    pub next: Option<u32>,
    /// The last frame before which something is missing in the capture.
    pub last_hole: u32,
    /// Where the next WebSocket frame begins, once one has been placed.
    pub websocket_next: Option<u32>,
    /// What the other side has acknowledged last: up to where, from where, in which frame.
    acknowledged: Option<Acknowledged>,
    /// By `end`, in order.
    pending: VecDeque<Pending>,
}

#[derive(Debug, Clone, Copy)]
struct Acknowledged {
    from: u32,
    to: u32,
    frame: u32,
}

impl Half {
    /// Takes note of a segment's sequence space. Returns whether all of it had been sent before.
    pub fn send(&mut self, sequence: u32, length: u32, frame: u32) -> bool {
        let end = sequence.wrapping_add(length);
        if self.next.is_some_and(|next| after(sequence, next)) {
            self.last_hole = frame;
        }
        match self.next {
            Some(next) if !after(end, next) => length > 0,
            _ => {
                self.next = Some(end);
                false
            }
        }
    }

    /// Something was sent that ends before `end`. Returns the frame that has acknowledged it already, where packets were captured
    /// out of order and the acknowledgment is the last one seen.
    pub fn sent(&mut self, pending: Pending) -> Option<u32> {
        if let Some(done) = self.acknowledged.filter(|done| !after(pending.end, done.to)) {
            return after(pending.end, done.from).then_some(done.frame);
        }
        let place = self.pending.iter().rposition(|earlier| !after(earlier.end, pending.end)).map_or(0, |at| at + 1);
        self.pending.insert(place, pending);
        if self.pending.len() > MAX_PENDING {
            self.pending.pop_front();
        }
        None
    }

    /// The other side acknowledges all before `to`. Returns what is thereby acknowledged for the first time.
    pub fn acknowledge(&mut self, to: u32, frame: u32) -> Vec<Pending> {
        if self.next.is_some_and(|next| after(to, next.wrapping_add(MAX_WINDOW))) {
            return Vec::new(); // of nothing that was ever sent
        }
        match self.acknowledged {
            Some(done) if !after(to, done.to) => return Vec::new(),
            done => {
                let from = done.map_or(to.wrapping_sub(1), |done| done.to);
                self.acknowledged = Some(Acknowledged { from, to, frame });
            }
        }
        let covered = self.pending.iter().take_while(|pending| !after(pending.end, to)).count();
        self.pending.drain(..covered).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(end: u32, frame: u32) -> Pending {
        Pending { end, frame, sent: Sent::Message }
    }

    #[test]
    fn one_ack_covers_all_that_ends_before_it_and_only_once() {
        let mut half = Half::default();
        for (end, frame) in [(10, 1), (20, 2), (30, 3)] {
            assert_eq!(half.sent(message(end, frame)), None);
        }
        assert_eq!(half.acknowledge(9, 4), vec![]);
        assert_eq!(half.acknowledge(25, 5), vec![message(10, 1), message(20, 2)]);
        assert_eq!(half.acknowledge(25, 6), vec![]);
        assert_eq!(half.acknowledge(30, 7), vec![message(30, 3)]);
    }

    #[test]
    fn sequence_numbers_wrap() {
        let mut half = Half::default();
        half.sent(message(5, 1)); // 2³² + 5
        assert_eq!(half.acknowledge(u32::MAX - 3, 2), vec![]);
        assert_eq!(half.acknowledge(5, 3), vec![message(5, 1)]);
        assert!(!half.send(u32::MAX, 10, 1));
        assert!(half.send(u32::MAX, 10, 1));
        assert!(half.send(8, 1, 1));
    }

    #[test]
    fn an_ack_captured_before_what_it_acknowledges_is_found() {
        let mut half = Half::default();
        half.acknowledge(100, 1);
        half.acknowledge(200, 2);
        assert_eq!(half.sent(message(150, 3)), Some(2));
        assert_eq!(half.sent(message(90, 4)), None);
    }

    #[test]
    fn out_of_order_segments_are_acknowledged_in_order() {
        let mut half = Half::default();
        half.sent(message(30, 1));
        half.sent(message(10, 2));
        assert_eq!(half.acknowledge(10, 3), vec![message(10, 2)]);
        assert_eq!(half.acknowledge(30, 4), vec![message(30, 1)]);
    }
}
