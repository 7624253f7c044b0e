//! How much there is on a page.

use std::collections::BTreeSet;

use super::packets::{Packet, Packets};
use crate::event::MessageEvent;
use crate::language::PageText;
use crate::packet::{Position, StreamId};
use crate::session::Session;

/// What the packets of a page are, all together.
#[derive(Debug, Default)]
pub struct Totals {
    connections: BTreeSet<StreamId>,
    logins: usize,
    says: usize,
}

impl Totals {
    /// Adds a packet that is on the page.
    pub fn add(&mut self, packets: &Packets, packet: &Packet, session: &Session) {
        self.connections.insert(packets.segment(packet).stream);
        for (stream, index) in packets.carried(packet).filter_map(|carried| carried.message) {
            let view = session.message_view(stream, Position { frame: packet.at.frame, index });
            let event = view.map(|view| view.record.event);
            self.logins += usize::from(matches!(event, Some(MessageEvent::LoginRequest { .. })));
            self.says += usize::from(matches!(event, Some(MessageEvent::SayRequest { .. })));
        }
    }

    /// The sentence behind the last packet.
    pub fn sentence(&self) -> PageText<'static> {
        PageText::Totals { connections: self.connections.len(), logins: self.logins, says: self.says }
    }
}
