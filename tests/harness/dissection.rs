//! What Wireshark itself, without the plugin, reads of a capture: the WebSocket text messages; and what the plugin shows, message by
//! message.

use std::collections::BTreeMap;

use roxmltree::{Document, Node, ParsingOptions};

use super::pdml::from_hex;
use super::recording::Recording;
use super::wireshark::Wireshark;

/// A packet of PDML.
pub struct Dissected {
    pub frame: u32,
    /// Seconds since 1970.
    pub time: f64,
    /// The last TCP stream of the packet, if it has any.
    pub stream: Option<u32>,
    /// The WebSocket text messages that end in it: whether the frame is masked, and the unmasked bytes.
    pub texts: Vec<(bool, Vec<u8>)>,
    /// The message layers of the plugin, each with the values of its fields.
    pub layers: Vec<BTreeMap<String, Vec<String>>>,
    /// For each of these layers the deliveries that it lists, each with its fields.
    pub deliveries: Vec<Vec<BTreeMap<String, String>>>,
    /// The exchanges that the packet takes part in, by the frame that began them, and whether they are complete with it.
    pub exchanges: Vec<(u32, bool)>,
}

/// All packets of a recording after two passes. `more` are further options of tshark.
pub fn dissected(wireshark: &Wireshark, recording: &Recording, more: &[&str]) -> Vec<Dissected> {
    let (path, options) = recording.prepare(wireshark, &recording.name, &recording.packets);
    let mut arguments = vec!["-r", path.to_str().unwrap(), "-2", "-n", "-T", "pdml", "-J"];
    arguments.push("frame tcp websocket workermanchat");
    arguments.extend(options.iter().map(String::as_str));
    arguments.extend(more);
    let output = wireshark.run_unchecked(wireshark.command("tshark").args(&arguments));
    assert_eq!(output.code, 0, "{}: tshark failed:\n{}", recording.name, output.stderr);
    let options = ParsingOptions { nodes_limit: u32::MAX, allow_dtd: true };
    let document = Document::parse_with_options(&output.stdout, options).expect("tshark -T pdml prints XML");
    document.descendants().filter(|node| node.has_tag_name("packet")).map(packet).collect()
}

fn packet(packet: Node) -> Dissected {
    let shown = |name: &str| {
        let mut found = packet.descendants().filter(|node| node.attribute("name") == Some(name));
        found.next_back().and_then(|node| node.attribute("show"))
    };
    let protos = |name: &'static str| {
        packet.children().filter(move |node| node.has_tag_name("proto") && node.attribute("name") == Some(name))
    };
    Dissected {
        frame: shown("frame.number").and_then(|number| number.parse().ok()).expect("a packet has a number"),
        time: shown("frame.time_epoch").and_then(|time| time.parse().ok()).expect("a packet has a time"),
        stream: shown("tcp.stream").and_then(|stream| stream.parse().ok()),
        texts: protos("websocket").filter_map(text).collect(),
        layers: protos("workermanchat").map(layer).collect(),
        deliveries: protos("workermanchat").map(deliveries).collect(),
        exchanges: fields(packet, "workermanchat.exchange").filter_map(exchange).collect(),
    }
}

fn fields<'a>(node: Node<'a, 'a>, name: &'static str) -> impl Iterator<Item = Node<'a, 'a>> {
    node.descendants().filter(move |node| node.attribute("name") == Some(name))
}

fn exchange(field: Node) -> Option<(u32, bool)> {
    let is_complete = |node: Node| node.attribute("name") == Some("workermanchat.exchange.complete");
    Some((field.attribute("show")?.parse().ok()?, field.descendants().any(is_complete)))
}

fn deliveries(proto: Node) -> Vec<BTreeMap<String, String>> {
    let parts = |delivery: Node| {
        let named = |node: Node| {
            let name = node.attribute("name")?.strip_prefix("workermanchat.delivery.")?;
            Some((name.to_owned(), node.attribute("show")?.to_owned()))
        };
        delivery.descendants().filter_map(named).collect()
    };
    fields(proto, "workermanchat.delivery").map(parts).collect()
}

fn text(websocket: Node) -> Option<(bool, Vec<u8>)> {
    let field = |name: &str| websocket.descendants().find(|node| node.attribute("name") == Some(name));
    let is_masked = field("websocket.mask")?.attribute("show") == Some("1");
    let bytes = from_hex(field("websocket.payload.text")?.attribute("value")?);
    Some((is_masked, bytes))
}

fn layer(proto: Node) -> BTreeMap<String, Vec<String>> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in proto.descendants() {
        let name = node.attribute("name").filter(|name| name.starts_with("workermanchat."));
        if let (Some(name), Some(show)) = (name, node.attribute("show")) {
            fields.entry(name.to_owned()).or_default().push(show.to_owned());
        }
    }
    fields
}
