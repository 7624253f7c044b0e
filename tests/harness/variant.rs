//! Variants of a capture: packets taken out, cut, doubled, reordered or split, with a map of frame numbers.

use std::collections::BTreeSet;

use super::packets::{FIN, SYN};
use super::random::Random;
use super::recording::{Recorded, Recording, with_part};

/// How a variant is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// One packet is missing.
    OneOut,
    /// Each packet is missing with the same probability.
    SomeOut,
    /// Consecutive packets are missing.
    RunOut,
    /// The capture begins late.
    FrontOut,
    /// The capture ends early.
    TailOut,
    /// One side of one connection, or of all, is missing.
    SideOut,
    /// One connection is missing.
    ConnectionOut,
    /// Every packet is cut.
    Cut,
    /// Some packets are cut.
    SomeCut,
    /// Some packets are captured twice.
    Doubled,
    /// Some packets change places with the next one.
    Reordered,
    /// Some segments are sent in two packets.
    Split,
}

impl Way {
    pub const ALL: [Way; 12] = [
        Way::OneOut,
        Way::SomeOut,
        Way::FrontOut,
        Way::Cut,
        Way::RunOut,
        Way::ConnectionOut,
        Way::TailOut,
        Way::SideOut,
        Way::SomeCut,
        Way::Doubled,
        Way::Reordered,
        Way::Split,
    ];
}

/// A packet of a variant.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its frame number in the full capture.
    pub origin: u32,
    pub packet: Recorded,
    /// A second copy of the packet before it.
    pub is_copy: bool,
    /// It lost bytes at its end, which the capture says.
    pub is_cut: bool,
}

/// A changed capture.
#[derive(Clone, Debug)]
pub struct Variant {
    pub way: Way,
    /// What was done, for a failure's message.
    pub what: String,
    /// Frame `n` of the variant is at `n - 1`.
    pub kept: Vec<Kept>,
}

impl Variant {
    /// The variant of a way; `number` counts the variants of this way and capture, so that each takes out another packet.
    pub fn make(full: &Recording, way: Way, number: usize, random: &mut Random) -> Self {
        let all: Vec<Kept> = (1..)
            .zip(&full.packets)
            .map(|(origin, packet)| Kept { origin, packet: packet.clone(), is_copy: false, is_cut: false })
            .collect();
        let count = all.len();
        let (what, kept) = match way {
            Way::OneOut => {
                // 7919 is prime: the first `count` variants take out `count` different packets.
                let out = (number * 7919 + count / 2) % count;
                (format!("without frame {}", out + 1), without(all, |at| at == out))
            }
            Way::SomeOut => {
                let percent = [1, 2, 5, 10, 20, 50][random.below(6)];
                let out: BTreeSet<usize> = (0..count).filter(|_| random.percent(percent)).collect();
                (format!("{percent} % out: {}", listed(&out)), without(all, |at| out.contains(&at)))
            }
            Way::RunOut => {
                let (first, length) = (random.below(count), 2 + random.below(1 + count / 8));
                let range = first..(first + length).min(count);
                (format!("without frames {} to {}", first + 1, range.end), without(all, |at| range.contains(&at)))
            }
            Way::FrontOut => {
                let out = 1 + random.below(count.max(2) - 1);
                (format!("begins with frame {}", out + 1), without(all, |at| at < out))
            }
            Way::TailOut => {
                let rest = 1 + random.below(count.max(2) - 1);
                (format!("ends with frame {rest}"), without(all, |at| at >= rest))
            }
            Way::SideOut => side_out(full, all, random),
            Way::ConnectionOut => connection_out(full, all, random),
            Way::Cut => {
                let bytes = 96 + random.below(161);
                (format!("cut at {bytes} bytes"), all.into_iter().map(|kept| cut(kept, bytes)).collect())
            }
            Way::SomeCut => {
                let (bytes, percent) = (96 + random.below(161), [5, 20, 50][random.below(3)]);
                let kept = all.into_iter().map(|kept| if random.percent(percent) { cut(kept, bytes) } else { kept });
                (format!("{percent} % cut at {bytes} bytes"), kept.collect())
            }
            Way::Doubled => {
                let percent = [5, 20, 100][random.below(3)];
                let twice = all.into_iter().flat_map(|kept| {
                    let mut copy = Kept { is_copy: true, ..kept.clone() };
                    copy.packet.time += std::time::Duration::from_micros(3);
                    if random.percent(percent) { vec![kept, copy] } else { vec![kept] }
                });
                (format!("{percent} % doubled"), twice.collect())
            }
            Way::Reordered => {
                let percent = [2, 10, 30][random.below(3)];
                let mut kept = all;
                for at in 1..count {
                    if random.percent(percent) {
                        kept.swap(at - 1, at);
                    }
                }
                (format!("{percent} % of the neighbours exchanged"), kept)
            }
            Way::Split => {
                let percent = [5, 30, 100][random.below(3)];
                let headers = full.headers();
                let split = all.into_iter().flat_map(|kept| {
                    let header = headers[kept.origin as usize - 1];
                    let whole = kept.packet.bytes.len() as u32 == kept.packet.length;
                    let header = header.filter(|header| whole && header.payload > 1 && header.flags & (SYN | FIN) == 0);
                    let Some(header) = header.filter(|_| random.percent(percent)) else { return vec![kept] };
                    let length = header.payload as usize;
                    let middle = 1 + random.below(length - 1);
                    let parts = [0..middle, middle..length].map(|part| with_part(&kept.packet, &header, part));
                    parts.map(|packet| Kept { packet, ..kept.clone() }).to_vec()
                });
                (format!("{percent} % of the segments in two"), split.collect())
            }
        };
        Self { way, what, kept }
    }
}

fn without(all: Vec<Kept>, out: impl Fn(usize) -> bool) -> Vec<Kept> {
    all.into_iter().enumerate().filter(|(at, _)| !out(*at)).map(|(_, kept)| kept).collect()
}

fn listed(out: &BTreeSet<usize>) -> String {
    let numbers: Vec<String> = out.iter().take(40).map(|at| (at + 1).to_string()).collect();
    numbers.join(", ") + if out.len() > 40 { ", …" } else { "" }
}

fn cut(mut kept: Kept, bytes: usize) -> Kept {
    if kept.packet.bytes.len() > bytes {
        kept.packet.bytes.truncate(bytes);
        kept.is_cut = true;
    }
    kept
}

fn side_out(full: &Recording, all: Vec<Kept>, random: &mut Random) -> (String, Vec<Kept>) {
    let headers = full.headers();
    let known: Vec<_> = headers.iter().flatten().collect();
    if known.is_empty() {
        return ("unchanged".to_owned(), all);
    }
    let chosen = known[random.below(known.len())];
    if random.one_in(3) {
        let port = chosen.from.port();
        let of = |at: usize| headers[at].is_some_and(|header| header.from.port() == port);
        return (format!("without all packets from port {port}"), without(all, of));
    }
    let (from, to) = (chosen.from, chosen.to);
    let of = |at: usize| headers[at].is_some_and(|header| (header.from, header.to) == (from, to));
    (format!("without all packets from {from} to {to}"), without(all, of))
}

fn connection_out(full: &Recording, all: Vec<Kept>, random: &mut Random) -> (String, Vec<Kept>) {
    let headers = full.headers();
    let known: Vec<_> = headers.iter().flatten().collect();
    if known.is_empty() {
        return ("unchanged".to_owned(), all);
    }
    let chosen = known[random.below(known.len())];
    let (one, other) = (chosen.from, chosen.to);
    let of = |at: usize| {
        headers[at]
            .is_some_and(|header| (header.from, header.to) == (one, other) || (header.from, header.to) == (other, one))
    };
    (format!("without the connection of {one} and {other}"), without(all, of))
}
