//! The capture as a page to read: above each packet of the chat its headings and notes, then the packet as tcpdump prints it, then the text
//! that it carries, unmasked; at the end what the flags mean.

mod block;
pub mod packets;
pub mod printable;
mod tcpdump;
mod totals;

pub use block::Block;
pub use tcpdump::Bases;
pub use totals::Totals;

use super::{Setting, TapEvent, View};
use crate::annotation::Plan;
use crate::language::{Flag, Language, PageText};
use crate::packet::{Segment, TcpHeader};
use crate::session::Session;
use packets::Packets;

/// Packets that are written at a time, and how many bytes of them are enough.
const PACKETS: usize = 256;
const ENOUGH: usize = 64 * 1024;

/// The page.
#[derive(Debug, Default)]
pub struct Listing {
    packets: Packets,
    bases: Bases,
    plan: Plan,
    totals: Totals,
    /// How many packets are written.
    written: usize,
    /// Whether anything is; behind it follows the legend.
    has_blocks: bool,
    has_legend: bool,
    /// Whether each packet is written as soon as it is seen.
    is_live: bool,
}

impl Listing {
    /// A page that is written while the capture is read: each packet with what is known by then.
    pub fn live() -> Listing {
        Listing { is_live: true, packets: Packets::live(), ..Listing::default() }
    }
}

impl View for Listing {
    fn clear(&mut self) {
        *self = if self.is_live { Listing::live() } else { Listing::default() };
    }

    fn see(&mut self, tap_event: &TapEvent, session: &Session) {
        self.packets.see(tap_event, session);
    }

    fn begin(&mut self, setting: &Setting) {
        self.packets.settle(setting.session);
        if !self.is_live {
            (self.written, self.has_blocks) = (0, false);
            (self.bases, self.totals) = (Bases::default(), Totals::default());
        }
        self.has_legend = false;
    }

    fn write(&mut self, setting: &Setting, page: &mut String) -> bool {
        let (start, first) = (page.len(), self.written);
        while self.written < self.packets.all().len() && self.written < first + PACKETS && page.len() < start + ENOUGH {
            self.write_next(setting, page);
        }
        if self.written > first {
            return true;
        }
        let writes_legend = self.has_blocks && !std::mem::replace(&mut self.has_legend, true);
        if writes_legend {
            page.extend([&*setting.language.page(&self.totals.sentence()), "\n"]);
            page.push_str(&legend(setting.language));
        }
        writes_legend
    }

    fn write_seen(&mut self, setting: &Setting, page: &mut String) {
        self.packets.settle(setting.session);
        while self.written < self.packets.all().len() {
            self.write_next(setting, page);
        }
        self.packets.forget();
        self.written = 0;
    }

    fn nothing(&self, setting: &Setting) -> String {
        nothing(setting)
    }
}

impl Listing {
    fn write_next(&mut self, setting: &Setting, page: &mut String) {
        let Some(packet) = self.packets.all().get(self.written) else { return };
        self.written += 1;
        let segment = self.packets.segment(packet);
        let numbers = self.bases.relative(&segment, &packet.tcp); // also of one that is not shown
        let Some(block) = Block::of(&self.packets, packet, setting.session, setting.language, &mut self.plan) else {
            return;
        };
        self.has_blocks = true;
        self.totals.add(&self.packets, packet, setting.session);
        for comment in block.titles.iter().chain(block.notes.iter().map(|note| &note.text)) {
            page.extend(["# ", comment, "\n"]);
        }
        let line = packet_line(&segment, &packet.tcp, &(setting.clock)(packet.at.time), numbers);
        page.extend([&line, "\n"]);
        for text in &block.texts {
            page.extend([text, "\n"]);
        }
        page.push('\n');
    }
}

/// A packet as tcpdump prints it; `clock` is its date and time of day.
pub fn packet_line(segment: &Segment, tcp: &TcpHeader, clock: &str, numbers: [u32; 2]) -> String {
    let mut line = String::new();
    tcpdump::write(segment, tcp, time_of_day(clock), numbers, &mut line);
    line
}

/// The time of day of what the clock writes.
pub fn time_of_day(clock: &str) -> &str {
    clock.split_once(' ').map_or(clock, |(_, time)| time)
}

/// What the page says where it has no packet.
pub fn nothing(setting: &Setting) -> String {
    let text = if setting.session.knows_chat() { PageText::NothingMatches } else { PageText::NoPacket };
    setting.language.page(&text)
}

fn legend(language: Language) -> String {
    let mut legend = language.page(&PageText::Legend) + "\n";
    for flag in Flag::ALL {
        let meaning = language.page(&PageText::Flag(flag));
        legend += &format!("  {:<4}  {meaning}\n", flag.mark());
    }
    legend + &language.page(&PageText::Hexadecimal) + "\n"
}
