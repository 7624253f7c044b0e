//! The expected labels of a recorded capture, computed by a naive reader.
//!
//! A second algorithm, independent of the plugin's: it has the whole capture in memory, searches all earlier packets and
//! knows the server's port. [`settled`] excludes what the design does not define.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;

use super::phase::*;
use super::reader::{Kind, Message, Packet, everything, packets};
use super::wireshark::Label;

/// The labels of all frames that have one.
pub struct Expectation {
    pub labels: Vec<Label>,
    /// Frames whose label the design does not define: they acknowledge a close frame, or a FIN with a FIN or RST.
    unsettled: BTreeSet<u32>,
}

impl Expectation {
    /// The labels that the design defines.
    pub fn settled(&self, labels: &[Label]) -> Vec<Label> {
        labels.iter().filter(|label| !self.unsettled.contains(&label.frame)).cloned().collect()
    }
}

/// Reads a capture with the chat server on `server_port`.
pub fn expected(capture: &Path, server_port: u16) -> Expectation {
    let (packets, carried) = (packets(capture), everything(capture));
    let mut phases: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (message, phase) in carried.iter().zip(message_phases(&carried, server_port)) {
        phases.entry(message.frame).or_default().push(phase);
    }
    for (frame, phase) in tcp_phases(&packets, server_port) {
        phases.entry(frame).or_default().push(phase);
    }
    let mut acks: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut unsettled = BTreeSet::new();
    for message in &carried {
        let Some(packet) = first_to_acknowledge(message, &packets) else {
            continue;
        };
        let phase = match message.kind {
            Kind::Request => REQUEST_ACKNOWLEDGED,
            Kind::Response => COMPLETE,
            Kind::Text => MESSAGE_ACKNOWLEDGED,
            Kind::Close => {
                unsettled.insert(packet.frame);
                continue;
            }
        };
        acks.entry(packet.frame).or_default().push(message.frame);
        if packet.payload.is_empty() {
            phases.entry(packet.frame).or_default().push(phase);
        }
    }
    unsettled.extend(
        packets.iter().filter(|packet| (packet.fin || packet.rst) && packet.has_ack).map(|packet| packet.frame),
    );
    let frames: BTreeSet<u32> = phases.keys().chain(acks.keys()).copied().collect();
    let of = |map: &BTreeMap<u32, Vec<u32>>, frame| map.get(&frame).cloned().unwrap_or_default();
    let labels = frames.into_iter().map(|frame| Label::of(frame, &of(&phases, frame), &of(&acks, frame))).collect();
    Expectation { labels, unsettled }
}

/// The first packet of the other side whose ACK covers the whole message, before the ports are reused.
fn first_to_acknowledge<'a>(message: &Message, packets: &'a [Packet]) -> Option<&'a Packet> {
    let later = packets.iter().filter(|packet| packet.frame > message.frame);
    later
        .filter(|packet| packet.from == message.to && packet.to == message.from)
        .take_while(|packet| !packet.syn)
        .find(|packet| packet.has_ack && reaches(packet.ack, message.end_seq))
}

/// Whether sequence number `a` is equal to or after `b`.
fn reaches(a: u32, b: u32) -> bool {
    a.wrapping_sub(b) < 1 << 31
}

fn tcp_phases(packets: &[Packet], server_port: u16) -> Vec<(u32, u32)> {
    let mut phases = Vec::new();
    let mut seen_fins = BTreeSet::new();
    for (at, packet) in packets.iter().enumerate() {
        let earlier = &packets[..at];
        let phase = match packet {
            Packet { syn: true, has_ack: false, .. } => SYN,
            Packet { syn: true, .. } => SYN_ACK,
            Packet { rst: true, .. } => RST,
            // A retransmitted FIN has no phase.
            Packet { fin: true, .. } if seen_fins.insert((packet.from, packet.to, packet.seq)) => FIN,
            Packet { fin: true, .. } => continue,
            _ if packet.to.port() == server_port && completes_handshake(packet, earlier) => ACK,
            _ if packet.payload.is_empty() && acknowledges_fin(packet, earlier) => FIN_ACKNOWLEDGED,
            _ => continue,
        };
        phases.push((packet.frame, phase));
    }
    phases
}

/// The client's first packet after the server's SYN+ACK.
fn completes_handshake(packet: &Packet, earlier: &[Packet]) -> bool {
    let last = earlier.iter().rev().find(|other| connects(other, packet));
    last.is_some_and(|last| last.syn && last.has_ack && packet.ack == last.seq.wrapping_add(1))
}

/// The first packet that acknowledges the other side's FIN.
fn acknowledges_fin(packet: &Packet, earlier: &[Packet]) -> bool {
    let covers = |acknowledging: &Packet, fin: &Packet| {
        acknowledging.has_ack
            && acknowledging.from == fin.to
            && acknowledging.to == fin.from
            && reaches(acknowledging.ack, fin.seq.wrapping_add(fin.payload.len() as u32 + 1))
    };
    let since_open = earlier.iter().rev().filter(|other| connects(other, packet)).take_while(|other| !other.syn);
    let since_open: Vec<&Packet> = since_open.collect();
    since_open.iter().any(|fin| {
        fin.fin && covers(packet, fin) && !since_open.iter().any(|other| other.frame > fin.frame && covers(other, fin))
    })
}

fn connects(one: &Packet, other: &Packet) -> bool {
    (one.from == other.from && one.to == other.to) || (one.from == other.to && one.to == other.from)
}

/// The phases of the messages, in the same order.
fn message_phases(carried: &[Message], server_port: u16) -> Vec<u32> {
    carried.iter().enumerate().map(|(at, message)| message_phase(message, &carried[..at], server_port)).collect()
}

fn message_phase(message: &Message, earlier: &[Message], server_port: u16) -> u32 {
    match message.kind {
        Kind::Request => REQUEST,
        Kind::Response => RESPONSE,
        Kind::Close if earlier.iter().any(|other| other.kind == Kind::Close && same_connection(other, message)) => {
            CLOSE_REPLY
        }
        Kind::Close => CLOSE,
        Kind::Text => text_phase(message, earlier, server_port),
    }
}

fn same_connection(one: &Message, other: &Message) -> bool {
    one.incarnation == other.incarnation
        && ((one.from == other.from && one.to == other.to) || (one.from == other.to && one.to == other.from))
}

fn text_phase(message: &Message, earlier: &[Message], server_port: u16) -> u32 {
    match (type_of(message).as_str(), message.is_from_server(server_port)) {
        ("login" | "re_login", false) => LOGIN_REQUEST,
        ("say", false) => SAY_REQUEST,
        ("pong", false) => PONG,
        ("user_list", true) => USER_LIST,
        ("login" | "re_login", true) if answers_login(message, earlier, server_port) => LOGIN_RESULT,
        ("login" | "re_login", true) => LOGIN_NOTIFICATION,
        ("say", true) => SAY_DELIVERY,
        ("logout", true) => LOGOUT,
        ("ping", true) => PING,
        _ => UNKNOWN,
    }
}

/// The value of `type`, searched as text so that it is also found in invalid JSON.
fn type_of(message: &Message) -> String {
    let text = String::from_utf8_lossy(&message.payload);
    let after = text.split_once(r#""type":""#).map(|(_, after)| after).unwrap_or_default();
    after.split('"').next().unwrap_or_default().to_owned()
}

/// Whether the last login of this name on the connection is the browser's request.
fn answers_login(message: &Message, earlier: &[Message], server_port: u16) -> bool {
    let same_login = |other: &&Message| {
        same_connection(other, message) && type_of(other).ends_with("login") && name_of(other) == name_of(message)
    };
    earlier.iter().rev().find(same_login).is_some_and(|last| !last.is_from_server(server_port))
}

/// The name in a login, as the browser sent it.
fn name_of(message: &Message) -> Option<String> {
    let json = message.json()?;
    let name = json.get("client_name").or_else(|| json.get("name")).and_then(Value::as_str)?;
    Some(unescape(&unescape(name)))
}

/// Reverses PHP's `htmlspecialchars`.
pub fn unescape(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#039;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

/// The client's end of a connection.
pub fn client_of(message: &Message, server_port: u16) -> SocketAddr {
    message.connection(server_port).0
}
