//! A packet in one line as `tcpdump --number -n` prints it, without TCP's options.

use std::collections::HashMap;
use std::fmt::Write;
use std::net::IpAddr;

use crate::packet::{Endpoint, Segment, SequenceNumber, StreamId, TcpHeader, flags};

/// The letters of the control bits, from the lowest on.
const LETTERS: [char; 8] = ['F', 'S', 'R', 'P', '.', 'U', 'E', 'W'];

/// From which numbers the connections count. As in tcpdump, they are relative from the second segment on that acknowledges something.
#[derive(Debug, Default)]
pub struct Bases {
    bases: HashMap<StreamId, Base>,
}

#[derive(Debug, Clone, Copy)]
struct Base {
    /// Who sent the segment from which on numbers are relative.
    opener: Endpoint,
    /// The numbers that count as 0: of what the opener sends, and of what the other end does.
    of_opener: SequenceNumber,
    of_other: SequenceNumber,
}

impl Bases {
    /// The numbers of a segment as they are printed.
    pub fn relative(&mut self, segment: &Segment, tcp: &TcpHeader) -> [u32; 2] {
        let (sequence, acknowledgment) = (tcp.sequence, tcp.acknowledgment);
        if tcp.flags & flags::ACK == 0 {
            return [sequence.0, acknowledgment.0];
        }
        match self.bases.get(&segment.stream).filter(|_| tcp.flags & flags::SYN == 0) {
            Some(base) if base.opener == segment.source => {
                [(sequence - base.of_opener.0).0, (acknowledgment - base.of_other.0).0]
            }
            Some(base) => [(sequence - base.of_other.0).0, (acknowledgment - base.of_opener.0).0],
            None => {
                let base = Base { opener: segment.source, of_opener: sequence, of_other: acknowledgment - 1 };
                self.bases.insert(segment.stream, base);
                [sequence.0, acknowledgment.0]
            }
        }
    }
}

/// Appends the line of a segment; `clock` is its time of day, `numbers` are its sequence and acknowledgment number as they are printed.
pub fn write(segment: &Segment, tcp: &TcpHeader, clock: &str, numbers: [u32; 2], line: &mut String) {
    let _ = try_write(segment, tcp, clock, numbers, line); // a String takes everything
}

fn try_write(
    segment: &Segment,
    tcp: &TcpHeader,
    clock: &str,
    [sequence, acknowledgment]: [u32; 2],
    line: &mut String,
) -> std::fmt::Result {
    let Segment { source, destination, .. } = segment;
    let ip = if matches!(source.ip(), Some(IpAddr::V6(_))) { "IP6" } else { "IP" };
    write!(line, "{:5}  {clock} {ip} {} > {}: Flags [", segment.at.frame.number(), End(source), End(destination))?;
    letters(tcp.flags, line);
    line.push(']');
    let first = u64::from(sequence);
    match tcp.length {
        0 if tcp.flags & (flags::SYN | flags::FIN | flags::RST) != 0 => write!(line, ", seq {first}")?,
        0 => {}
        length => write!(line, ", seq {first}:{}", first + u64::from(length))?,
    }
    if tcp.flags & flags::ACK != 0 {
        write!(line, ", ack {acknowledgment}")?;
    }
    write!(line, ", win {}, length {}", tcp.window, tcp.length)
}

/// The control bits as tcpdump prints them.
fn letters(bits: u16, line: &mut String) {
    let set = (0..).zip(LETTERS).filter(|(bit, _)| bits & 1 << bit != 0).map(|(_, letter)| letter);
    let before = line.len();
    line.extend(set);
    if line.len() == before {
        line.push_str("none");
    }
}

/// Address and port with a dot between them.
struct End<'a>(&'a Endpoint);

impl std::fmt::Display for End<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self.0.ip() {
            Some(ip) => write!(formatter, "{ip}.{}", self.0.port),
            None => write!(formatter, "{}", self.0.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{Frame, FrameTime};

    fn end(last: u8, port: u16) -> Endpoint {
        let mut address = [0; 16];
        address[..4].copy_from_slice(&[10, 0, 0, last]);
        Endpoint { address, address_length: 4, port, chat_port: false }
    }

    /// The line of a segment of a connection between 10.0.0.1 and 10.0.0.2, without frame and time.
    fn line(bases: &mut Bases, is_back: bool, numbers: [u32; 2], flags: u16, length: u32) -> String {
        let [sequence, acknowledgment] = numbers.map(SequenceNumber);
        let tcp = TcpHeader { sequence, acknowledgment, length, flags, window: 9 };
        let (mut source, mut destination) = (end(1, 5000), end(2, 7272));
        if is_back {
            std::mem::swap(&mut source, &mut destination);
        }
        let (at, stream) = (FrameTime { frame: Frame::of(1), time: 0 }, StreamId(0));
        let segment = Segment { at, stream, source, destination, sequence, acknowledgment, flags, length, identity: 0 };
        let (numbers, mut line) = (bases.relative(&segment, &tcp), String::new());
        write(&segment, &tcp, "12:00:00", numbers, &mut line);
        line.split_once(": ").map(|(_, rest)| rest.to_owned()).unwrap_or(line)
    }

    #[test]
    fn numbers_are_relative_from_the_second_acknowledgment_on() {
        let mut bases = Bases::default();
        let push = flags::ACK | 8;
        assert_eq!(line(&mut bases, false, [100, 0], flags::SYN, 0), "Flags [S], seq 100, win 9, length 0");
        let syn_ack = flags::SYN | flags::ACK;
        assert_eq!(
            line(&mut bases, true, [u32::MAX, 101], syn_ack, 0),
            "Flags [S.], seq 4294967295, ack 101, win 9, length 0"
        );
        assert_eq!(line(&mut bases, false, [101, 0], flags::ACK, 0), "Flags [.], ack 1, win 9, length 0");
        assert_eq!(line(&mut bases, false, [101, 0], push, 50), "Flags [P.], seq 1:51, ack 1, win 9, length 50");
        assert_eq!(line(&mut bases, true, [0, 151], push, 7), "Flags [P.], seq 1:8, ack 51, win 9, length 7");
        assert_eq!(line(&mut bases, false, [151, 0], flags::RST, 0), "Flags [R], seq 151, win 9, length 0");
        assert_eq!(line(&mut bases, false, [151, 7], 0, 0), "Flags [none], win 9, length 0");
    }
}
