//! tshark's PDML output: the bytes that each field of the message layer highlights.

use std::path::Path;

use roxmltree::{Document, Node, ParsingOptions};

use super::wireshark::Wireshark;

/// One message layer, a `proto` element of PDML.
pub struct Layer {
    pub frame: u32,
    /// The layer's line in the tree.
    pub text: String,
    /// Fields with bytes in the message, in byte order.
    pub fields: Vec<Highlight>,
}

/// A field and the bytes it highlights.
#[derive(Debug)]
pub struct Highlight {
    pub field: String,
    /// Offset in the data source the field belongs to.
    pub start: usize,
    pub bytes: Vec<u8>,
}

/// The message layers of a capture, frame by frame.
pub fn message_layers(wireshark: &Wireshark, capture: &Path) -> Vec<Layer> {
    let output = wireshark.tshark(&["-r", capture.to_str().unwrap(), "-Y", "workermanchat", "-T", "pdml"]);
    let options = ParsingOptions { nodes_limit: u32::MAX, allow_dtd: true };
    let document = Document::parse_with_options(&output.stdout, options).expect("tshark -T pdml prints XML");
    let layers = document
        .descendants()
        .filter(|node| node.has_tag_name("proto") && node.attribute("name") == Some("workermanchat"));
    layers.map(layer).collect()
}

fn layer(proto: Node) -> Layer {
    let mut fields: Vec<Highlight> = proto.descendants().filter_map(highlight).collect();
    fields.sort_by_key(|highlight| highlight.start);
    Layer { frame: frame_number(proto), text: proto.attribute("showname").unwrap_or_default().to_owned(), fields }
}

/// A field of the protocol that has bytes; generated fields have none.
fn highlight(node: Node) -> Option<Highlight> {
    let field = node.attribute("name").filter(|name| name.starts_with("workermanchat."))?;
    let size: usize = node.attribute("size")?.parse().ok()?;
    let value = node.attribute("value").filter(|value| !value.is_empty() && value.len() == 2 * size)?;
    let start = node.attribute("pos")?.parse().ok()?;
    Some(Highlight { field: field.to_owned(), start, bytes: from_hex(value) })
}

fn frame_number(proto: Node) -> u32 {
    let packet = proto.parent().expect("a proto stands in a packet");
    let number = packet.descendants().find(|node| node.attribute("name") == Some("frame.number"));
    number.and_then(|node| node.attribute("show")).and_then(|show| show.parse().ok()).expect("a packet has a number")
}

pub fn from_hex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex digits")).collect()
}
