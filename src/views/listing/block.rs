//! What a page says of one packet: headings, notes and findings as a later pass would draw them, and the texts that the packet carries.

use super::packets::{Packet, Packets};
use super::printable;
use crate::annotation::{Item, Layer, Plan, Value, Wanted};
use crate::dissector::{Settings, redraw_message, redraw_segment};
use crate::fields::Field;
use crate::language::Language;
use crate::packet::Segment;
use crate::session::Session;

/// A packet on the page.
#[derive(Debug, Default)]
pub struct Block {
    /// The headings of the exchanges that it takes part in, each once.
    pub titles: Vec<String>,
    /// Its notes and findings; equal ones of several messages stand there for each.
    pub notes: Vec<Note>,
    /// Its texts, in printable lines.
    pub texts: Vec<String>,
    /// Where the notes begin that a further one is compared with.
    since: usize,
    acknowledges: bool,
}

/// A sentence about a packet.
#[derive(Debug)]
pub struct Note {
    /// The sentence.
    pub text: String,
    /// Whether it says what is wrong or unusual.
    pub is_finding: bool,
}

impl Block {
    /// Of a packet; `plan` lends its buffers. `None` where there is nothing to say of it.
    pub fn of(
        packets: &Packets,
        packet: &Packet,
        session: &Session,
        language: Language,
        plan: &mut Plan,
    ) -> Option<Block> {
        let settings = settings(language);
        let segment = packets.segment(packet);
        let mut block = Block::default();
        if packet.has_segment && redraw_segment(plan, session, &segment, packet.is_tunnelled, &settings) {
            block.take(plan);
        }
        for carried in packets.carried(packet) {
            match carried.message {
                None => block.texts.extend(printable::lines(carried.data.bytes).into_iter().map(harmless)),
                Some((stream, index)) => {
                    let segment = Segment { stream, ..segment };
                    if redraw_message(plan, session, &segment, index, carried.data, &settings) {
                        block.since = block.notes.len();
                        block.take(plan);
                        block.texts.extend(text(carried.data.bytes, carried.data.reported));
                    }
                }
            }
        }
        (block.acknowledges || !block.titles.is_empty() || !block.notes.is_empty()).then_some(block)
    }

    /// Takes the lines of a plan, in the order of the trees that they are drawn in.
    fn take(&mut self, plan: &Plan) {
        for layer in [Layer::Tcp, Layer::Http, Layer::WebSocket, Layer::Message] {
            for item in plan.items().iter().filter(|item| item.layer == layer) {
                self.take_item(item, plan);
            }
        }
    }

    fn take_item(&mut self, item: &Item, plan: &Plan) {
        match (item.field, item.value) {
            (Some(Field::ExchangeTitle), Value::Text(text)) => {
                let title = printable::sentence(plan.text(text));
                if !self.titles.contains(&title) {
                    self.titles.push(title);
                }
            }
            (Some(Field::Note), Value::Text(text)) => {
                let text = printable::sentence(plan.text(text));
                if !self.notes[self.since..].iter().any(|note| note.text == text) {
                    self.notes.push(Note { text, is_finding: false });
                }
            }
            (_, Value::Finding(_, sentence)) => {
                let text = printable::sentence(plan.text(sentence));
                if !self.notes[self.since..].iter().any(|note| note.text.contains(&text)) {
                    self.notes.push(Note { text, is_finding: true });
                }
            }
            (Some(Field::Acks), _) => self.acknowledges = true,
            _ => {}
        }
    }
}

/// The text of a message; an ellipsis for one that was left out, and nothing for an empty one.
fn text(bytes: &[u8], reported: usize) -> Option<String> {
    match (bytes.is_empty(), reported) {
        (true, 0) => None,
        (true, _) => Some(format!("… (+{reported})")),
        (false, _) => Some(harmless(printable::line(bytes))),
    }
}

/// A line of the wire that cannot be taken for a comment of the page.
fn harmless(line: String) -> String {
    if line.starts_with('#') { [" ", &line].concat() } else { line }
}

/// Headings, notes and what is acknowledged, and nothing else.
fn settings(language: Language) -> Settings {
    let fields = [Field::Note, Field::Exchange, Field::ExchangeTitle, Field::Acks];
    let fields = fields.iter().fold(0, |fields, field| fields | 1 << *field as u64);
    let wanted = Wanted { fields, titles: false, info: false, tap_events: false };
    Settings { language, wanted, annotate_tcp: true, annotate_info: false }
}
