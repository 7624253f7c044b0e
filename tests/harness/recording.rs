//! A capture file in memory: its packets can be taken out, cut, changed and written again.
//!
//! It reads only what the variants of a capture need: link, IP and TCP headers, also of packets that are cut.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::pcapng::{Block, PcapNgReader};
use pcap_file::{DataLink, TsResolution};

use super::packets;
use super::wireshark::{Wireshark, captures};

/// The block of a pcapng file that holds TLS secrets; its body begins with a type and a length of 4 bytes each.
const DECRYPTION_SECRETS: u32 = 10;

/// A capture file and the secrets of its TLS connections.
#[derive(Clone)]
pub struct Recording {
    pub name: String,
    pub link: DataLink,
    pub packets: Vec<Recorded>,
    /// In the format of `tls.keylog_file`.
    pub secrets: Option<Vec<u8>>,
}

/// A packet of a capture file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub time: Duration,
    /// Its length on the wire.
    pub length: u32,
    /// The bytes captured.
    pub bytes: Vec<u8>,
}

/// What a TCP segment's headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub seq: u32,
    pub ack: u32,
    pub flags: u8,
    /// The length of the payload on the wire.
    pub payload: u32,
    /// Where IP's header and the payload begin in the packet.
    pub ip_at: usize,
    pub payload_at: usize,
}

impl Header {
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The sequence number behind all that it occupies.
    pub fn end(&self) -> u32 {
        let controls = u32::from(self.has(packets::SYN)) + u32::from(self.has(packets::FIN));
        self.seq.wrapping_add(self.payload + controls)
    }
}

/// Whether sequence number `a` is equal to or after `b`.
pub fn reaches(a: u32, b: u32) -> bool {
    a.wrapping_sub(b) < 1 << 31
}

impl Recording {
    /// Reads a pcap or pcapng file, with the `.keys` beside it.
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()));
        let name = path.file_stem().expect("a file name").to_string_lossy().into_owned();
        // Some pcapng files are named .pcap.
        let is_pcapng = bytes.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]);
        let mut recording = if is_pcapng { Self::of_pcapng(&bytes) } else { Self::of_pcap(&bytes) };
        recording.name = name;
        if let Ok(secrets) = std::fs::read(path.with_extension("keys")) {
            recording.secrets = Some(secrets);
        }
        recording
    }

    /// The packets of a built capture.
    pub fn built(name: &str, capture: &packets::Capture) -> Self {
        Self { name: name.to_owned(), ..Self::of_pcap(&capture.pcap()) }
    }

    /// Not with `PcapReader`, which refuses packets that are longer than the file's snapshot length.
    fn of_pcap(bytes: &[u8]) -> Self {
        let is_little = bytes[0] != 0xa1;
        let number = |at: usize| {
            let four = bytes[at..at + 4].try_into().unwrap();
            if is_little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) }
        };
        let nanoseconds = match number(0) {
            0xa1b2_c3d4 => 1000,
            0xa1b2_3c4d => 1,
            magic => panic!("{magic:#x} begins no pcap file"),
        };
        let mut packets = Vec::new();
        let mut at = 24;
        while at < bytes.len() {
            let time = Duration::new(number(at).into(), number(at + 4) * nanoseconds);
            let end = at + 16 + number(at + 8) as usize;
            packets.push(Recorded { time, length: number(at + 12), bytes: bytes[at + 16..end].to_vec() });
            at = end;
        }
        Self { name: String::new(), link: DataLink::from(number(20)), packets, secrets: None }
    }

    fn of_pcapng(bytes: &[u8]) -> Self {
        let mut reader = PcapNgReader::new(bytes).expect("a pcapng file");
        let (mut packets, mut secrets, mut link) = (Vec::new(), Vec::new(), DataLink::ETHERNET);
        let mut nanoseconds = 1000;
        while let Some(block) = reader.next_block() {
            match block.expect("a whole block") {
                Block::InterfaceDescription(interface) => {
                    link = interface.linktype;
                    let options = &interface.options;
                    let is_fine = options.iter().any(|option| format!("{option:?}") == "IfTsResol(9)");
                    nanoseconds = if is_fine { 1 } else { 1000 };
                }
                // pcap-file gives the time in units of the interface's resolution, as if they were nanoseconds.
                Block::EnhancedPacket(packet) => packets.push(Recorded {
                    time: packet.timestamp * nanoseconds,
                    length: packet.original_len,
                    bytes: packet.data.into_owned(),
                }),
                Block::Unknown(block) if block.type_ == DECRYPTION_SECRETS => secrets.extend(&block.value[8..]),
                _ => {}
            }
        }
        // The body is padded with zeros.
        secrets.retain(|&byte| byte != 0);
        let secrets = Some(secrets).filter(|secrets| !secrets.is_empty());
        Self { name: String::new(), link, packets, secrets }
    }

    /// The file, with another list of packets.
    pub fn pcap(&self, packets: &[Recorded]) -> Vec<u8> {
        let ts_resolution = TsResolution::NanoSecond;
        let header = PcapHeader { snaplen: 262_144, datalink: self.link, ts_resolution, ..Default::default() };
        let mut writer = PcapWriter::with_header(Vec::new(), header).expect("write the file header");
        for packet in packets {
            writer.write_packet(&PcapPacket::new(packet.time, packet.length, &packet.bytes)).expect("write a packet");
        }
        writer.into_writer()
    }

    /// The TCP header of each packet that has one.
    pub fn headers(&self) -> Vec<Option<Header>> {
        self.packets.iter().map(|packet| header(self.link, &packet.bytes)).collect()
    }

    /// Writes a list of this capture's packets into the home. Returns the file and tshark's options for it.
    pub fn prepare(&self, wireshark: &Wireshark, name: &str, packets: &[Recorded]) -> (PathBuf, Vec<String>) {
        let path = wireshark.write_file(&format!("{name}.pcap"), &self.pcap(packets));
        let mut options = Vec::new();
        if let Some(secrets) = &self.secrets {
            let keys = wireshark.home().join(format!("{}.keys", self.name));
            // Written once: another thread's tshark may be reading it.
            if !keys.exists() {
                wireshark.write_file(&format!("{}.keys", self.name), secrets);
            }
            options.extend(["-o".to_owned(), format!("tls.keylog_file:{}", keys.display())]);
        }
        (path, options)
    }
}

/// Every capture of `tests/captures` and `tests/captures/hard`, by name.
pub fn recordings() -> Vec<Recording> {
    let folders = [captures(), captures().join("hard")];
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("read the folder of captures"));
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("read the folder of captures").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "pcap" || end == "pcapng"));
    paths.sort();
    paths.iter().map(|path| Recording::read(path)).collect()
}

fn header(link: DataLink, bytes: &[u8]) -> Option<Header> {
    let number = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().unwrap()));
    let ip_at = match link {
        DataLink::ETHERNET if number(12)? == 0x8100 => 18,
        DataLink::ETHERNET => 14,
        DataLink::LINUX_SLL => 16,
        DataLink::LINUX_SLL2 => 20,
        DataLink::RAW | DataLink::Unknown(12) | DataLink::IPV4 | DataLink::IPV6 => 0,
        _ => return None,
    };
    let octet = |at: usize| bytes.get(ip_at + at).copied();
    let long = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().unwrap()));
    let (tcp_at, ip_end, from, to) = match octet(0)? >> 4 {
        4 => {
            let address = |at: usize| Some(IpAddr::from(<[u8; 4]>::try_from(bytes.get(at..at + 4)?).unwrap()));
            let is_fragment = number(ip_at + 6)? & 0x3fff != 0;
            if octet(9)? != 6 || is_fragment {
                return None;
            }
            let tcp_at = ip_at + usize::from(octet(0)? & 0x0f) * 4;
            (tcp_at, ip_at + usize::from(number(ip_at + 2)?), address(ip_at + 12)?, address(ip_at + 16)?)
        }
        6 if octet(6)? == 6 => {
            let address = |at: usize| Some(IpAddr::from(<[u8; 16]>::try_from(bytes.get(at..at + 16)?).unwrap()));
            let tcp_at = ip_at + 40;
            (tcp_at, tcp_at + usize::from(number(ip_at + 4)?), address(ip_at + 8)?, address(ip_at + 24)?)
        }
        _ => return None,
    };
    let payload_at = tcp_at + usize::from(bytes.get(tcp_at + 12)? >> 4) * 4;
    Some(Header {
        from: SocketAddr::new(from, number(tcp_at)?),
        to: SocketAddr::new(to, number(tcp_at + 2)?),
        seq: long(tcp_at + 4)?,
        ack: long(tcp_at + 8)?,
        flags: *bytes.get(tcp_at + 13)?,
        payload: ip_end.checked_sub(payload_at)? as u32,
        ip_at,
        payload_at,
    })
}

/// A packet with a part of its TCP payload only; IP's length is corrected, checksums are not (Wireshark does not verify them by default).
pub fn with_part(packet: &Recorded, header: &Header, part: std::ops::Range<usize>) -> Recorded {
    let mut bytes = packet.bytes[..header.payload_at].to_vec();
    bytes.extend(&packet.bytes[header.payload_at + part.start..header.payload_at + part.end]);
    let tcp_at = header.payload_at - usize::from(bytes_of_tcp(&bytes, header));
    let seq = header.seq.wrapping_add(part.start as u32);
    bytes[tcp_at + 4..tcp_at + 8].copy_from_slice(&seq.to_be_bytes());
    if (part.end as u32) < header.payload {
        bytes[tcp_at + 13] &= !(packets::FIN | packets::PSH);
    }
    let is_v4 = bytes[header.ip_at] >> 4 == 4;
    let (at, length) = match is_v4 {
        true => (header.ip_at + 2, bytes.len() - header.ip_at),
        false => (header.ip_at + 4, bytes.len() - header.ip_at - 40),
    };
    bytes[at..at + 2].copy_from_slice(&(length as u16).to_be_bytes());
    Recorded { time: packet.time, length: bytes.len() as u32, bytes }
}

/// The length of the TCP header that ends where the payload begins.
fn bytes_of_tcp(bytes: &[u8], header: &Header) -> u8 {
    let tcp_at = match bytes[header.ip_at] >> 4 {
        4 => header.ip_at + usize::from(bytes[header.ip_at] & 0x0f) * 4,
        _ => header.ip_at + 40,
    };
    (header.payload_at - tcp_at) as u8
}
