//! The seeds: what the recorded captures hold, as inputs of each target. They are made whenever the targets run, so none is out of date.

use crate::targets::script::{Act, Script, Step};
use crate::targets::wire;
use etherparse::{LaxNetSlice, LaxSlicedPacket, TransportSlice};
use pcap_file::DataLink;
use pcap_file::pcapng::{Block, PcapNgReader};
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::{fs, io};
use workermanchat::packet::Side;
use workermanchat::websocket::frame::{frames, unmask};

/// A link layer, and the bytes of a packet.
type Linked = (DataLink, Vec<u8>);

/// A TCP segment of a capture.
struct Captured {
    from: (IpAddr, u16),
    to: (IpAddr, u16),
    sequence: u32,
    flags: u8,
    payload: Vec<u8>,
}

/// Packets of a capture that become one script, so that a fuzzer can change it quickly.
const PACKETS: usize = 30;

/// Writes the seeds of all targets into a folder for each.
pub fn write(folder: &Path, captures: &Path) -> io::Result<()> {
    for path in capture_files(captures)? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let segments = segments(&fs::read(&path)?);
        for (number, part) in segments.chunks(PACKETS).enumerate() {
            let script = script(part);
            write_seed(folder, "session", &format!("{name}-{number}"), &script.bytes())?;
        }
        let mut seeds = Seeds::default();
        segments.iter().for_each(|segment| seeds.add(&segment.payload));
        for (target, inputs) in [
            ("message", &seeds.messages),
            ("json", &seeds.messages),
            ("upgrade", &seeds.http),
            ("frames", &seeds.frames),
        ] {
            for (number, input) in inputs.iter().enumerate() {
                write_seed(folder, target, &format!("{name}-{number}"), input)?;
            }
        }
    }
    Ok(())
}

fn write_seed(folder: &Path, target: &str, name: &str, input: &[u8]) -> io::Result<()> {
    let folder = folder.join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), input)
}

/// The files of a folder and of those in it.
fn capture_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(capture_files(&path)?);
        } else if path.extension().is_some_and(|end| end == "pcap" || end == "pcapng") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Inputs of the targets that take one thing each, by a kind of their own: the first of each kind is enough.
#[derive(Default)]
struct Seeds {
    messages: Vec<Vec<u8>>,
    http: Vec<Vec<u8>>,
    frames: Vec<Vec<u8>>,
}

impl Seeds {
    /// The most inputs of a kind that one capture gives.
    const MOST: usize = 40;

    fn add(&mut self, payload: &[u8]) {
        let add = |list: &mut Vec<Vec<u8>>, input: Vec<u8>| {
            if list.len() < Seeds::MOST && !input.is_empty() && !list.contains(&input) {
                list.push(input);
            }
        };
        if payload.starts_with(b"GET ") || payload.starts_with(b"HTTP/") {
            return add(&mut self.http, payload.to_vec());
        }
        let Some(frames) = whole_frames(payload) else { return };
        add(&mut self.frames, payload.to_vec());
        frames.into_iter().for_each(|(_, message)| add(&mut self.messages, message));
    }
}

/// The first byte and the unmasked payload of each frame, where the data is nothing but whole frames.
fn whole_frames(data: &[u8]) -> Option<Vec<(u8, Vec<u8>)>> {
    let mut end = 0;
    let mut whole = Vec::new();
    for frame in frames(data).filter(|frame| frame.complete) {
        end = frame.offset + frame.header.frame_length()?;
        let mut payload = data[frame.offset + frame.header.header_length..end].to_vec();
        unmask(&mut payload, frame.header.masking_key.unwrap_or_default());
        whole.push((data[frame.offset], payload));
    }
    (end == data.len() && end > 0).then_some(whole)
}

/// The script that captures the same.
fn script(segments: &[Captured]) -> Script {
    let mut steps = Vec::new();
    let mut clients: Vec<((IpAddr, u16), (IpAddr, u16))> = Vec::new();
    let mut next: HashMap<(u8, Side), u32> = HashMap::new();
    for segment in segments {
        let is_same = |(client, server): &((IpAddr, u16), (IpAddr, u16))| {
            (*client, *server) == (segment.from, segment.to) || (*server, *client) == (segment.from, segment.to)
        };
        let place = clients.iter().position(is_same).unwrap_or_else(|| {
            clients.push(if segment.from.1 > segment.to.1 {
                (segment.from, segment.to)
            } else {
                (segment.to, segment.from)
            });
            clients.len() - 1
        });
        let connection = (place % wire::CONNECTIONS) as u8;
        let by = if clients[place].0 == segment.from { Side::Client } else { Side::Server };
        let mut step = |act| steps.push(Step { connection, by, act });
        let expected = next.entry((connection, by)).or_insert_with(|| wire::first_sequence(connection, by));
        if *expected != segment.sequence {
            step(Act::Seek(segment.sequence.wrapping_sub(*expected) as i32));
        }
        let controls = u32::from(segment.flags & 1) + u32::from(segment.flags >> 1 & 1);
        *expected = segment.sequence.wrapping_add(segment.payload.len() as u32 + controls);
        if segment.payload.is_empty() || controls > 0 {
            step(Act::Control(segment.flags));
        } else {
            payload_steps(&segment.payload).into_iter().for_each(step);
        }
    }
    Script { steps, ..Script::default() }
}

/// The steps that send a payload in one segment.
fn payload_steps(payload: &[u8]) -> Vec<Act> {
    let frames = whole_frames(payload).filter(|frames| frames.iter().all(|(_, payload)| payload.len() <= 0xffff));
    let Some(mut frames) = frames else { return vec![Act::Bytes(payload.to_vec())] };
    let last = frames.pop();
    let mut steps: Vec<Act> =
        frames.into_iter().flat_map(|(first, payload)| [Act::Hold, Act::Frame(first, payload)]).collect();
    steps.extend(last.map(|(first, payload)| Act::Frame(first, payload)));
    steps
}

/// The TCP segments of a capture file.
fn segments(file: &[u8]) -> Vec<Captured> {
    packets(file).iter().filter_map(|(link, bytes)| segment(*link, bytes)).collect()
}

fn segment(link: DataLink, bytes: &[u8]) -> Option<Captured> {
    let sliced = match link {
        DataLink::ETHERNET => LaxSlicedPacket::from_ethernet(bytes).ok()?,
        DataLink::LINUX_SLL => LaxSlicedPacket::from_ip(bytes.get(16..)?).ok()?,
        DataLink::LINUX_SLL2 => LaxSlicedPacket::from_ip(bytes.get(20..)?).ok()?,
        _ => LaxSlicedPacket::from_ip(bytes).ok()?,
    };
    let (from, to): (IpAddr, IpAddr) = match sliced.net? {
        LaxNetSlice::Ipv4(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        _ => return None,
    };
    let TransportSlice::Tcp(tcp) = sliced.transport? else { return None };
    let bits = [tcp.fin(), tcp.syn(), tcp.rst(), tcp.psh(), tcp.ack()];
    Some(Captured {
        from: (from, tcp.source_port()),
        to: (to, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        flags: (0..).zip(bits).map(|(bit, is_set)| u8::from(is_set) << bit).sum(),
        payload: tcp.payload().to_vec(),
    })
}

fn packets(file: &[u8]) -> Vec<Linked> {
    // Some pcapng files are named .pcap.
    if file.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) { packets_of_pcapng(file) } else { packets_of_pcap(file) }
}

/// Not with `PcapReader`, which refuses packets that are longer than the file's snapshot length.
fn packets_of_pcap(file: &[u8]) -> Vec<Linked> {
    let number = |at: usize| file.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes);
    let Some(link) = number(20).map(DataLink::from) else { return Vec::new() };
    let mut at = 24;
    std::iter::from_fn(|| {
        let start = at + 16;
        at = start + number(at + 8)? as usize;
        Some((link, file.get(start..at)?.to_vec()))
    })
    .collect()
}

fn packets_of_pcapng(file: &[u8]) -> Vec<Linked> {
    let Ok(mut reader) = PcapNgReader::new(file) else { return Vec::new() };
    let (mut packets, mut link) = (Vec::new(), DataLink::ETHERNET);
    while let Some(Ok(block)) = reader.next_block() {
        match block {
            Block::InterfaceDescription(interface) => link = interface.linktype,
            Block::EnhancedPacket(packet) => packets.push((link, packet.data.into_owned())),
            _ => {}
        }
    }
    packets
}
