//! A capture builder: TCP segments over any link, written as a pcap file.
//!
//! A [`Connection`] keeps sequence numbers and makes [`Segment`]s; a [`Capture`] turns segments into packets in the order
//! they are pushed. A script can delay segments, push them twice, or change any number in them.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use etherparse::{IpNumber, Ipv4Header, Ipv6Header, TcpHeader};
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::{DataLink, TsResolution};

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const PSH: u8 = 0x08;
pub const ACK: u8 = 0x10;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const ETHERTYPE_VLAN: u16 = 0x8100;
/// The payload of one packet stays below IP's 65,535 bytes.
const LARGEST_PAYLOAD: usize = 60_000;
/// 2026-11-20 08:00:00 UTC.
const START: Duration = Duration::from_secs(1_795_161_600);

/// What carries the IP packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Ethernet,
    /// Ethernet with an IEEE 802.1Q tag.
    Vlan,
    /// Linux cooked capture v1, as `tcpdump -iany` wrote it until 2020.
    Sll,
    /// Linux cooked capture v2.
    Sll2,
    /// IP in GRE in IPv4 in Ethernet.
    Gre,
    /// IEEE 802.11, every frame aggregated (A-MSDU); see [`Capture::push_together`].
    Wlan,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

/// A TCP segment; all numbers can be changed.
#[derive(Clone, Debug)]
pub struct Segment {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub seq: u32,
    pub ack: u32,
    pub flags: u8,
    pub window: u16,
    pub payload: Vec<u8>,
}

/// The packets of a capture, one millisecond apart unless [`Capture::with_pace`] says otherwise; [`Capture::wait`] adds time.
pub struct Capture {
    link: Link,
    snapshot_length: usize,
    copies: usize,
    pace: Duration,
    clock: Duration,
    packets: Vec<Packet>,
}

#[derive(Clone)]
struct Packet {
    /// The sender, if the packet is a TCP segment.
    sender: Option<SocketAddr>,
    time: Duration,
    bytes: Vec<u8>,
    /// The number of captured bytes.
    captured: usize,
}

impl Capture {
    pub fn new(link: Link) -> Self {
        Self {
            link,
            snapshot_length: 262_144,
            copies: 1,
            pace: Duration::from_millis(1),
            clock: START,
            packets: Vec::new(),
        }
    }

    /// Truncates every packet, as `tcpdump -s` does.
    pub fn with_snapshot_length(mut self, bytes: usize) -> Self {
        self.snapshot_length = bytes;
        self
    }

    /// The time from one packet to the next.
    pub fn with_pace(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }

    /// The time since the first packet.
    pub fn elapsed(&self) -> Duration {
        self.clock - START
    }

    /// Captures every further packet twice, as on two interfaces of one path.
    pub fn duplicate_everything(&mut self) {
        self.copies = 2;
    }

    /// A capture of only the packets of `sender`, and the number of its last frame.
    pub fn only_from(&self, sender: SocketAddr) -> (Self, u32) {
        let from_sender = |packet: &&Packet| packet.sender == Some(sender);
        let packets: Vec<Packet> = self.packets.iter().filter(from_sender).cloned().collect();
        let last = packets.len() as u32;
        (Self { packets, ..*self }, last)
    }

    /// Lets time pass before the next packet.
    pub fn wait(&mut self, time: Duration) {
        self.clock += time;
    }

    /// Adds a segment and returns its frame number.
    pub fn push(&mut self, segment: &Segment) -> u32 {
        for _ in 0..self.copies {
            self.push_ip(&segment.ip_packet(), segment.to.ip());
            self.packets.last_mut().expect("the packet just added").sender = Some(segment.from);
        }
        self.last()
    }

    /// Adds any IP packet and returns its frame number; only the address family of `to` is used.
    pub fn push_ip(&mut self, packet: &[u8], to: IpAddr) -> u32 {
        let bytes = link_frame(self.link, packet, to);
        let captured = bytes.len().min(self.snapshot_length);
        self.packets.push(Packet { sender: None, time: self.clock, bytes, captured });
        self.clock += self.pace;
        self.packets.len() as u32
    }

    /// Adds segments in one frame, of [`Link::Wlan`], and returns its number.
    pub fn push_together(&mut self, segments: &[Segment]) -> u32 {
        assert_eq!(self.link, Link::Wlan);
        let parts: Vec<Vec<u8>> =
            segments.iter().map(|segment| subframe(&segment.ip_packet(), segment.to.ip())).collect();
        let bytes = wlan_frame(&parts);
        let captured = bytes.len().min(self.snapshot_length);
        self.packets.push(Packet { sender: None, time: self.clock, bytes, captured });
        self.clock += self.pace;
        self.last()
    }

    /// Truncates the last packet to `bytes`.
    pub fn cut_last(&mut self, bytes: usize) {
        let packet = self.packets.last_mut().expect("a packet");
        packet.captured = packet.captured.min(bytes);
    }

    /// The number of the last frame.
    pub fn last(&self) -> u32 {
        self.packets.len() as u32
    }

    /// The capture file.
    pub fn pcap(&self) -> Vec<u8> {
        let datalink = match self.link {
            Link::Ethernet | Link::Vlan | Link::Gre => DataLink::ETHERNET,
            Link::Wlan => DataLink::IEEE802_11,
            Link::Sll => DataLink::LINUX_SLL,
            Link::Sll2 => DataLink::LINUX_SLL2,
        };
        let header = PcapHeader {
            snaplen: self.snapshot_length as u32,
            datalink,
            ts_resolution: TsResolution::MicroSecond,
            ..Default::default()
        };
        let mut writer = PcapWriter::with_header(Vec::new(), header).expect("write the file header");
        for Packet { time, bytes, captured, .. } in &self.packets {
            let packet = PcapPacket::new(*time, bytes.len() as u32, &bytes[..*captured]);
            writer.write_packet(&packet).expect("write a packet");
        }
        writer.into_writer()
    }
}

impl Segment {
    /// The segment in an IP packet with correct checksums.
    pub fn ip_packet(&self) -> Vec<u8> {
        let mut tcp = TcpHeader::new(self.from.port(), self.to.port(), self.seq, self.window);
        tcp.acknowledgment_number = self.ack;
        (tcp.fin, tcp.syn, tcp.rst) = (self.flags & FIN != 0, self.flags & SYN != 0, self.flags & RST != 0);
        (tcp.psh, tcp.ack) = (self.flags & PSH != 0, self.flags & ACK != 0);
        let mut packet = Vec::new();
        let length = tcp.header_len() + self.payload.len();
        match (self.from.ip(), self.to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let ip = ipv4_header(from, to, IpNumber::TCP, length);
                tcp.checksum = tcp.calc_checksum_ipv4(&ip, &self.payload).expect("a segment fits a packet");
                ip.write(&mut packet).expect("write to memory");
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                let ip = Ipv6Header {
                    payload_length: length as u16,
                    next_header: IpNumber::TCP,
                    hop_limit: 64,
                    source: from.octets(),
                    destination: to.octets(),
                    ..Default::default()
                };
                tcp.checksum = tcp.calc_checksum_ipv6(&ip, &self.payload).expect("a segment fits a packet");
                ip.write(&mut packet).expect("write to memory");
            }
            _ => panic!("one address family a segment"),
        }
        tcp.write(&mut packet).expect("write to memory");
        packet.write_all(&self.payload).expect("write to memory");
        packet
    }
}

/// An IPv4 header with a correct checksum, for `length` bytes of payload.
pub fn ipv4_header(from: Ipv4Addr, to: Ipv4Addr, protocol: IpNumber, length: usize) -> Ipv4Header {
    let mut ip = Ipv4Header::new(length as u16, 64, protocol, from.octets(), to.octets()).expect("a packet fits IP");
    ip.header_checksum = ip.calc_header_checksum();
    ip
}

fn link_frame(link: Link, packet: &[u8], to: IpAddr) -> Vec<u8> {
    let ethertype = ethertype(to);
    let mut frame = match link {
        Link::Wlan => return wlan_frame(&[subframe(packet, to)]),
        Link::Ethernet => ethernet_header(ethertype),
        Link::Vlan => {
            [ethernet_header(ETHERTYPE_VLAN), 7u16.to_be_bytes().to_vec(), ethertype.to_be_bytes().to_vec()].concat()
        }
        Link::Sll => [&[0, 0, 3, 4, 0, 6], &[0; 8][..], &ethertype.to_be_bytes()].concat(),
        Link::Sll2 => [&ethertype.to_be_bytes(), &[0, 0, 0, 0, 0, 1, 3, 4, 0, 6][..], &[0; 8]].concat(),
        Link::Gre => gre_header(ethertype, packet.len()),
    };
    frame.extend(packet);
    frame
}

fn ethertype(to: IpAddr) -> u16 {
    if to.is_ipv4() { ETHERTYPE_IPV4 } else { ETHERTYPE_IPV6 }
}

/// A QoS data frame to an access point, with an A-MSDU.
fn wlan_frame(subframes: &[Vec<u8>]) -> Vec<u8> {
    let mut frame = vec![0x88, 1, 0, 0];
    for last in [1, 2, 1] {
        frame.extend([2, 0, 0, 0, 0, last]);
    }
    frame.extend([0, 0, 0x80, 0]);
    for (number, subframe) in (1..).zip(subframes) {
        frame.extend(subframe);
        let padding = if number < subframes.len() { subframe.len().next_multiple_of(4) - subframe.len() } else { 0 };
        frame.extend(vec![0; padding]);
    }
    frame
}

/// An IP packet as a part of an A-MSDU.
fn subframe(packet: &[u8], to: IpAddr) -> Vec<u8> {
    let snap = [&[0xaa, 0xaa, 3, 0, 0, 0], &ethertype(to).to_be_bytes()[..], packet].concat();
    [&[2, 0, 0, 0, 0, 1], &[2, 0, 0, 0, 0, 2][..], &(snap.len() as u16).to_be_bytes(), &snap].concat()
}

fn ethernet_header(ethertype: u16) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1], &[2, 0, 0, 0, 0, 2][..], &ethertype.to_be_bytes()].concat()
}

fn gre_header(ethertype: u16, length: usize) -> Vec<u8> {
    let mut frame = ethernet_header(ETHERTYPE_IPV4);
    let (from, to) = (Ipv4Addr::new(198, 51, 100, 1), Ipv4Addr::new(198, 51, 100, 2));
    ipv4_header(from, to, IpNumber::GRE, length + 4).write(&mut frame).expect("write to memory");
    frame.extend([0, 0]);
    frame.extend(ethertype.to_be_bytes());
    frame
}

/// A TCP connection: both endpoints and their next sequence numbers.
#[derive(Clone)]
pub struct Connection {
    pub client: SocketAddr,
    pub server: SocketAddr,
    client_seq: u32,
    server_seq: u32,
}

impl Connection {
    /// A browser on `port` of 192.0.2.10 and the chat server on 192.0.2.1:7272.
    pub fn from_port(port: u16) -> Self {
        Self::between(SocketAddr::from(([192, 0, 2, 10], port)), SocketAddr::from(([192, 0, 2, 1], 7272)))
    }

    pub fn between(client: SocketAddr, server: SocketAddr) -> Self {
        let start = 1000 * u32::from(client.port());
        Self { client, server, client_seq: start, server_seq: start + 500_000_000 }
    }

    /// Sets the initial sequence numbers, for a reused port or for numbers that wrap.
    pub fn with_initial(mut self, client_seq: u32, server_seq: u32) -> Self {
        (self.client_seq, self.server_seq) = (client_seq, server_seq);
        self
    }

    /// The sequence number of the next byte a side sends.
    pub fn next_seq(&self, side: Side) -> u32 {
        match side {
            Side::Client => self.client_seq,
            Side::Server => self.server_seq,
        }
    }

    /// A segment that acknowledges everything the other side has sent; advances this side's sequence number.
    pub fn segment(&mut self, side: Side, flags: u8, payload: impl AsRef<[u8]>) -> Segment {
        let payload = payload.as_ref().to_vec();
        let (from, to) = if side == Side::Client { (self.client, self.server) } else { (self.server, self.client) };
        let other = if side == Side::Client { Side::Server } else { Side::Client };
        let ack = if flags & ACK != 0 { self.next_seq(other) } else { 0 };
        let segment = Segment { from, to, seq: self.next_seq(side), ack, flags, window: 64_000, payload };
        let length = segment.payload.len() as u32 + u32::from(flags & SYN != 0) + u32::from(flags & FIN != 0);
        let next = if side == Side::Client { &mut self.client_seq } else { &mut self.server_seq };
        *next = next.wrapping_add(length);
        segment
    }

    /// A segment with payload.
    pub fn data(&mut self, side: Side, payload: impl AsRef<[u8]>) -> Segment {
        self.segment(side, PSH | ACK, payload)
    }

    /// Captures bytes, in several segments if necessary, and returns the last frame's number.
    pub fn send(&mut self, capture: &mut Capture, side: Side, bytes: impl AsRef<[u8]>) -> u32 {
        for piece in bytes.as_ref().chunks(LARGEST_PAYLOAD) {
            let segment = self.data(side, piece);
            capture.push(&segment);
        }
        capture.last()
    }

    /// Captures an ACK of everything the other side has sent.
    pub fn ack(&mut self, capture: &mut Capture, side: Side) -> u32 {
        capture.push(&self.segment(side, ACK, []))
    }

    /// Captures SYN, SYN+ACK, ACK.
    pub fn open(&mut self, capture: &mut Capture) {
        capture.push(&self.segment(Side::Client, SYN, []));
        capture.push(&self.segment(Side::Server, SYN | ACK, []));
        capture.push(&self.segment(Side::Client, ACK, []));
    }
}
