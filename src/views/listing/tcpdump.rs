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
