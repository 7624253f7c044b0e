//! What is done to a capture: packets out, twice, in another order, cut, and bytes changed by `editcap -E`.

use std::path::Path;
use std::{fs, io};

use crate::harness::random::Random;
use crate::harness::recording::Recording;
use crate::harness::variant::{Variant, Way};
use crate::harness::wireshark::Wireshark;

/// A long capture is cut to a window of this many packets.
const WINDOW: usize = 300;
/// How probable it is that `editcap -E` changes a byte.
const RATES: [&str; 3] = ["0.001", "0.02", "0.1"];
/// The bytes at a packet's beginning that it leaves alone: none; links' and IP's headers; TCP's too.
const OFFSETS: [usize; 4] = [0, 34, 54, 80];

/// The bytes that any packet takes in a pcapng file.
const SMALLEST_BLOCK: usize = 32;

/// A changed capture, still without damage, and what was done.
pub struct Changed {
    pub recording: Recording,
    pub what: Vec<String>,
}

impl Changed {
    /// Changes one of the captures; short ones more often, because they say as much in less time.
    pub fn choose(recordings: &[Recording], random: &mut Random) -> Self {
        let two = [random.pick(recordings), random.pick(recordings)];
        let recording = two.into_iter().min_by_key(|recording| recording.packets.len()).expect("two captures");
        let mut changed = Self { recording: recording.clone(), what: vec![recording.name.clone()] };
        changed.keep_window(random);
        for _ in 0..random.below(4) {
            changed.change(random);
        }
        changed
    }

    fn keep_window(&mut self, random: &mut Random) {
        let packets = &mut self.recording.packets;
        if packets.len() <= WINDOW {
            return;
        }
        let first = random.below(packets.len() - WINDOW + 1);
        packets.truncate(first + WINDOW);
        packets.drain(..first);
        self.what.push(format!("frames {} to {}", first + 1, first + WINDOW));
    }

    fn change(&mut self, random: &mut Random) {
        if self.recording.packets.is_empty() {
            return;
        }
        let what = match random.below(8) {
            0 => self.cut_short(random),
            1 => self.move_far(random),
            2 => self.turn_back_time(random),
            _ => self.make_variant(random),
        };
        self.what.push(what);
    }

    fn make_variant(&mut self, random: &mut Random) -> String {
        let (way, number) = (*random.pick(&Way::ALL), random.below(self.recording.packets.len()));
        let variant = Variant::make(&self.recording, way, number, random);
        self.recording.packets = variant.kept.into_iter().map(|kept| kept.packet).collect();
        variant.what
    }

    /// A snapshot length within the headers, or little more.
    fn cut_short(&mut self, random: &mut Random) -> String {
        let bytes = random.below(140);
        self.recording.packets.iter_mut().for_each(|packet| packet.bytes.truncate(bytes));
        format!("snapshot length {bytes}")
    }

    /// Packets arrive long before or after their time.
    fn move_far(&mut self, random: &mut Random) -> String {
        let packets = &mut self.recording.packets;
        let moved = 1 + random.below(10);
        for _ in 0..moved {
            let packet = packets.remove(random.below(packets.len()));
            packets.insert(random.below(packets.len() + 1), packet);
        }
        format!("{moved} packets elsewhere")
    }

    fn turn_back_time(&mut self, random: &mut Random) -> String {
        let packets = &mut self.recording.packets;
        let times: Vec<_> = packets.iter().map(|packet| packet.time).collect();
        for packet in packets.iter_mut() {
            packet.time = *random.pick(&times);
        }
        "times exchanged".to_owned()
    }

    /// Writes the file, damaged by `editcap`, and now and then cut within its last packet. Says what was done.
    pub fn write(mut self, wireshark: &Wireshark, path: &Path, random: &mut Random) -> io::Result<String> {
        let whole = wireshark.write_file("whole.pcap", &self.recording.pcap(&self.recording.packets));
        let damage = damage(random);
        let mut command = wireshark.command("editcap");
        // Without damage, only the format changes.
        command.args(&damage).arg(&whole).arg(path);
        let output = wireshark.run_unchecked(&mut command);
        if output.code != 0 {
            return Err(io::Error::other(format!("{command:?}: {}", output.stderr)));
        }
        self.what.extend((!damage.is_empty()).then(|| format!("editcap {}", damage.join(" "))));
        if random.one_in(20) && !self.recording.packets.is_empty() {
            let rest = fs::metadata(path)?.len() - random.below(SMALLEST_BLOCK) as u64;
            fs::OpenOptions::new().write(true).open(path)?.set_len(rest)?;
            self.what.push(format!("file of {rest} bytes"));
        }
        Ok(self.what.join("; "))
    }
}

/// The options of `editcap`; none for one capture in four.
fn damage(random: &mut Random) -> Vec<String> {
    let (rate, offset, seed) = (*random.pick(&RATES), *random.pick(&OFFSETS), random.below(1 << 31));
    if random.one_in(4) {
        return Vec::new();
    }
    [["-E", rate], ["-o", &offset.to_string()], ["--seed", &seed.to_string()]]
        .concat()
        .iter()
        .map(|word| (*word).to_owned())
        .collect()
}
