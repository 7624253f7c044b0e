//! A second, naive reader of captures, for TCP streams without loss or reordering.
//!
//! It reads pcap files, three link types, TCP sequence numbers, HTTP headers and WebSocket frames, only as far as the
//! recorded captures need. The tests compare the plugin with its results.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use pcap_file::DataLink;
use pcap_file::pcap::PcapReader;
use serde_json::Value;

use super::websocket::{CLOSE, CONTINUATION, TEXT};

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The header of an HTTP request.
    Request,
    /// The header of an HTTP response.
    Response,
    /// A WebSocket text message.
    Text,
    /// A WebSocket close frame.
    Close,
}

/// An HTTP header, text message or close frame.
#[derive(Clone, Debug)]
pub struct Message {
    pub kind: Kind,
    /// The frame that completes it.
    pub frame: u32,
    /// Seconds since 1970 of that frame.
    pub time: f64,
    pub from: SocketAddr,
    pub to: SocketAddr,
    /// The number of the connection between these ports, from 0.
    pub incarnation: usize,
    /// The sequence number after its last byte.
    pub end_seq: u32,
    /// The HTTP header, the text, or the close frame's body.
    pub payload: Vec<u8>,
}

/// A TCP segment.
#[derive(Clone, Debug)]
pub struct Packet {
    pub frame: u32,
    pub time: f64,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub seq: u32,
    pub ack: u32,
    pub syn: bool,
    pub fin: bool,
    pub rst: bool,
    pub has_ack: bool,
    pub payload: Vec<u8>,
}

impl Message {
    /// The message as serde_json reads it.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.payload).ok()
    }

    pub fn is_from_server(&self, server_port: u16) -> bool {
        self.from.port() == server_port
    }

    /// Identifies the connection: the client's endpoint and the number of the connection on it.
    pub fn connection(&self, server_port: u16) -> (SocketAddr, usize) {
        (if self.is_from_server(server_port) { self.to } else { self.from }, self.incarnation)
    }
}

/// The TCP segments of a capture file, in order.
pub fn packets(capture: &Path) -> Vec<Packet> {
    let file = File::open(capture).unwrap_or_else(|error| panic!("open {}: {error}", capture.display()));
    let mut reader = PcapReader::new(file).expect("a pcap file");
    let datalink = reader.header().datalink;
    let mut packets = Vec::new();
    let mut frame = 0;
    while let Some(packet) = reader.next_packet() {
        let packet = packet.expect("a whole packet");
        frame += 1;
        packets.extend(segment(frame, packet.timestamp.as_secs_f64(), datalink, &packet.data));
    }
    packets
}

fn segment(frame: u32, time: f64, datalink: DataLink, data: &[u8]) -> Option<Packet> {
    let link_header = match datalink {
        DataLink::ETHERNET => 14,
        DataLink::LINUX_SLL => 16,
        DataLink::LINUX_SLL2 => 20,
        other => panic!("the naive reader does not know link type {other:?}"),
    };
    let sliced = SlicedPacket::from_ip(&data[link_header..]).ok()?;
    let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Tcp(tcp))) = (sliced.net, sliced.transport) else {
        return None;
    };
    Some(Packet {
        frame,
        time,
        from: SocketAddr::from((ip.header().source_addr(), tcp.source_port())),
        to: SocketAddr::from((ip.header().destination_addr(), tcp.destination_port())),
        seq: tcp.sequence_number(),
        ack: tcp.acknowledgment_number(),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        has_ack: tcp.ack(),
        payload: tcp.payload().to_vec(),
    })
}

/// The text messages of a capture file, in the order in which they are complete.
pub fn messages(capture: &Path) -> Vec<Message> {
    everything(capture).into_iter().filter(|message| message.kind == Kind::Text).collect()
}

/// All messages of all connections of a capture file, in the order in which they are complete.
pub fn everything(capture: &Path) -> Vec<Message> {
    let mut streams: BTreeMap<(SocketAddr, SocketAddr), Stream> = BTreeMap::new();
    let mut messages = Vec::new();
    for packet in packets(capture) {
        let stream = streams.entry((packet.from, packet.to)).or_default();
        // A retransmitted SYN starts no new connection.
        if packet.syn && stream.initial_seq != Some(packet.seq) {
            stream.restart(packet.seq);
        }
        stream.append(&packet);
        while let Some((kind, payload)) = stream.next() {
            let (frame, time, from, to) = (packet.frame, packet.time, packet.from, packet.to);
            let (incarnation, end_seq) = (stream.restarts.saturating_sub(1), stream.read_up_to());
            messages.push(Message { kind, frame, time, from, to, incarnation, end_seq, payload });
        }
    }
    messages
}

/// One direction of a connection.
#[derive(Default)]
struct Stream {
    initial_seq: Option<u32>,
    next_seq: Option<u32>,
    restarts: usize,
    /// Bytes not yet read as HTTP or WebSocket.
    unread: Vec<u8>,
    /// The payload of the frames of an unfinished text message.
    unfinished: Option<Vec<u8>>,
}

impl Stream {
    fn restart(&mut self, initial_seq: u32) {
        let restarts = self.restarts + 1;
        let next_seq = Some(initial_seq.wrapping_add(1));
        *self = Self { initial_seq: Some(initial_seq), next_seq, restarts, ..Self::default() };
    }

    /// Appends the new bytes of a segment; panics after a gap, which this reader does not support.
    fn append(&mut self, packet: &Packet) {
        let next = *self.next_seq.get_or_insert(packet.seq);
        let known = next.wrapping_sub(packet.seq) as usize;
        if packet.payload.is_empty() || (known >= packet.payload.len() && known < 1 << 31) {
            return;
        }
        assert!(known < packet.payload.len(), "frame {}: bytes are missing before it", packet.frame);
        let fresh = &packet.payload[known..];
        self.unread.extend(fresh);
        self.next_seq = Some(next.wrapping_add(fresh.len() as u32));
    }

    /// The sequence number of the first byte not yet read.
    fn read_up_to(&self) -> u32 {
        self.next_seq.expect("a segment was appended").wrapping_sub(self.unread.len() as u32)
    }

    /// The next complete HTTP header, text message or close frame; skips other frames.
    fn next(&mut self) -> Option<(Kind, Vec<u8>)> {
        if self.unread.starts_with(b"GET ") || self.unread.starts_with(b"HTTP/") {
            let kind = if self.unread[0] == b'G' { Kind::Request } else { Kind::Response };
            let end = self.unread.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
            return Some((kind, self.unread.drain(..end).collect()));
        }
        loop {
            let (fin, opcode, payload) = self.next_frame()?;
            match (opcode, fin) {
                (TEXT, true) => return Some((Kind::Text, payload)),
                (TEXT, false) => self.unfinished = Some(payload),
                (CLOSE, _) => return Some((Kind::Close, payload)),
                (CONTINUATION, _) => {
                    self.unfinished.as_mut()?.extend(payload);
                    if fin {
                        return self.unfinished.take().map(|message| (Kind::Text, message));
                    }
                }
                _ => {}
            }
        }
    }

    fn next_frame(&mut self) -> Option<(bool, u8, Vec<u8>)> {
        let bytes = &self.unread;
        let (first, second) = (*bytes.first()?, *bytes.get(1)?);
        let (length, mut at) = match second & 0x7f {
            126 => (u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap()) as usize, 4),
            127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap()) as usize, 10),
            length => (length as usize, 2),
        };
        let mut key = [0; 4];
        if second & 0x80 != 0 {
            key.copy_from_slice(bytes.get(at..at + 4)?);
            at += 4;
        }
        let payload =
            bytes.get(at..at + length)?.iter().zip(key.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        self.unread.drain(..at + length);
        Some((first & 0x80 != 0, first & 0x0f, payload))
    }
}
