//! Changes and damages the captures of `tests/captures`, and has the programs of Wireshark read them with the plugin, as
//! `tools/fuzz-test.sh` of Wireshark does. `plugin/fuzz-captures` runs it.

#[path = "../../tests/harness/mod.rs"]
mod harness;

mod changes;
mod preferences;
mod programs;

use std::fmt::{self, Display};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs, io, thread};

use changes::Changed;
use clap::Parser;
use harness::exit::exit_code;
use harness::guarded::{Fault, Invocation, fault};
use harness::random::Random;
use harness::recording::{Recording, recordings};
use harness::wireshark::{Wireshark, built_library, version};
use preferences::Preferences;
use programs::{CAPTURE, REQUESTS, Run, SECRETS};

const VERSIONS: &str = "plugin/fuzz-captures --versions [SUITE…] -- N [SEED] does it with each Wireshark that Debian has, or those of some releases, \
such as trixie; see plugin/test-versions.";

/// Changes and damages the captures of tests/captures at random, and has tshark and sharkd read them with the plugin. Exits with 1 if one
/// of them fails that does not fail without the plugin
#[derive(Parser)]
#[command(name = "plugin/fuzz-captures", after_help = VERSIONS)]
struct Options {
    /// How many changed captures
    #[arg(value_name = "N")]
    iterations: u64,
    /// Everything follows from it; another one each time unless it is given
    seed: Option<u64>,
    /// Only this iteration; keeps its files
    #[arg(long, value_name = "I")]
    only: Option<u64>,
    /// How many at a time
    #[arg(long, default_value_t = 1, value_name = "LANES")]
    jobs: usize,
    /// Where failing captures are kept [default: fuzz-captures in cargo's target folder]
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// What all lanes share.
struct Campaign {
    seed: u64,
    recordings: Vec<Recording>,
    preferences: Preferences,
    keep: PathBuf,
    keeps_all: bool,
    total: Mutex<Total>,
}

/// A home with the plugin, and homes without it.
struct Lane {
    plugin: Wireshark,
    /// As Wireshark is installed, and where it reads the chat's port as the plugin makes it do: as HTTP, and as WebSocket from the first
    /// byte on, which it is to the plugin where the handshake is not captured.
    stock: [Wireshark; 3],
}

/// Whose fault it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Plugins,
    Wiresharks,
}

#[derive(Clone, Copy, Default)]
struct Total {
    iterations: u64,
    packets: usize,
    runs: u64,
    of_plugin: u64,
    of_wireshark: u64,
}

fn main() -> ExitCode {
    exit_code(fuzz(&Options::parse()).map(|failures| failures == 0))
}

/// Returns the number of failures of the plugin.
fn fuzz(options: &Options) -> io::Result<u64> {
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
    let iterations = options.only.map_or(1..=options.iterations, |only| only..=only);
    println!("Wireshark {}, seed {seed}, iterations {} to {}", version(), iterations.start(), iterations.end());
    let lanes: Vec<Lane> = (0..options.jobs.max(1)).map(|_| Lane::new()).collect();
    let campaign = Campaign {
        seed,
        recordings: recordings(),
        preferences: Preferences::of(&lanes[0].plugin)?,
        keep: options.keep.clone().unwrap_or_else(default_folder),
        keeps_all: options.only.is_some(),
        total: Mutex::default(),
    };
    let next = AtomicU64::new(*iterations.start());
    thread::scope(|scope| {
        let work = |lane| {
            let (campaign, next, last) = (&campaign, &next, *iterations.end());
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number > last {
                        return Ok(());
                    }
                    campaign.iterate(lane, number)?;
                }
            })
        };
        let threads: Vec<_> = lanes.iter().map(work).collect();
        threads.into_iter().try_for_each(|thread| -> io::Result<()> { thread.join().expect("a lane does not panic") })
    })?;
    let total = *campaign.total.lock().expect("no lane panicked");
    println!("Wireshark {}, seed {seed}: {total}", version());
    Ok(total.of_plugin)
}

/// `target/fuzz-captures`, since the program is in `target/release/deps`.
fn default_folder() -> PathBuf {
    let program = env::current_exe().expect("the path of this program");
    program.ancestors().nth(3).unwrap_or(Path::new(".")).join("fuzz-captures")
}

impl Campaign {
    /// Changes a capture and reads it in two ways.
    fn iterate(&self, lane: &Lane, number: u64) -> io::Result<()> {
        // The seeds of neighbours are far apart, since a generator's seed is itself counted up.
        let mut random = Random::new(self.seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        let changed = Changed::choose(&self.recordings, &mut random);
        let frames = changed.recording.packets.len();
        let secrets = changed.recording.secrets.clone();
        let what = changed.write(&lane.plugin, &lane.plugin.home().join(CAPTURE), &mut random)?;
        let settings = self.preferences.choose(&mut random);
        if let Some(secrets) = &secrets {
            lane.plugin.write_file(SECRETS, secrets);
        }
        let runs = Run::choose(&settings, secrets.is_some(), frames, &mut random);
        for (at, run) in runs.iter().enumerate() {
            let found = lane.read(run);
            if found.is_some() || self.keeps_all {
                let folder = self.keep.join(format!("{}-{}-{number}-{at}", version(), self.seed));
                keep(lane, run, &folder)?;
                println!("{number}: {what}; {}", folder.join("run").display());
            }
            if let Some((whose, fault)) = &found {
                println!("{number}: {whose}: {}: {}", fault.kind, fault.line);
                self.count(|total| match whose {
                    Whose::Plugins => total.of_plugin += 1,
                    Whose::Wiresharks => total.of_wireshark += 1,
                });
            }
        }
        let total = self.count(|total| {
            total.iterations += 1;
            total.packets += frames;
            total.runs += runs.len() as u64;
        });
        if total.iterations % 100 == 0 {
            eprintln!("{total}");
        }
        Ok(())
    }

    fn count(&self, add: impl FnOnce(&mut Total)) -> Total {
        let mut total = self.total.lock().expect("no lane panicked");
        add(&mut total);
        *total
    }
}

impl Lane {
    fn new() -> Self {
        let stock = [None, Some("HTTP"), Some("WebSocket")].map(stock);
        Self { plugin: Wireshark::with_library(&built_library()), stock }
    }

    /// What is wrong with a run, and whose fault it is.
    fn read(&self, run: &Run) -> Option<(Whose, Fault)> {
        let found = self.run(&self.plugin, run)?;
        let without = run.without_plugin();
        let is_wiresharks =
            self.stock.iter().any(|home| self.run(home, &without).is_some_and(|fault| fault.is_like(&found)));
        Some((if is_wiresharks { Whose::Wiresharks } else { Whose::Plugins }, found))
    }

    /// Runs in a home, on the files in the plugin's.
    fn run(&self, home: &Wireshark, run: &Run) -> Option<Fault> {
        let invocation = self.prepare(run);
        let output = invocation.run(home, self.plugin.home());
        fault(&output).or_else(|| run.unanswered(&output))
    }

    fn prepare(&self, run: &Run) -> Invocation {
        let (invocation, requests) = run.invocation();
        if let Some(requests) = requests {
            self.plugin.write_file(REQUESTS, requests.as_bytes());
        }
        invocation
    }
}

/// A home without the plugin, with the dissector that Decode As gives the chat's port.
fn stock(dissector: Option<&str>) -> Wireshark {
    let home = Wireshark::without_plugin();
    if let Some(dissector) = dissector {
        home.configure("decode_as_entries", &format!("decode_as_entry: tcp.port,7272,(none),{dissector}\n"));
    }
    home
}

/// Keeps a run's files in a folder, with the command in the script `run`.
fn keep(lane: &Lane, run: &Run, folder: &Path) -> io::Result<()> {
    let invocation = lane.prepare(run);
    fs::create_dir_all(folder)?;
    let has = [(CAPTURE, true), (REQUESTS, invocation.input.is_some()), (SECRETS, run.has_secrets)];
    for (name, _) in has.into_iter().filter(|(_, has)| *has) {
        let path = folder.join(name);
        fs::copy(lane.plugin.home().join(name), &path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644))?;
    }
    let script = folder.join("run");
    fs::write(&script, format!("#!/bin/sh\ncd \"$(dirname \"$0\")\" && exec env {}\n", invocation.for_a_shell()))?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))
}

impl Display for Whose {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Whose::Plugins => "fault of the plugin",
            Whose::Wiresharks => "fault of Wireshark, with and without the plugin",
        })
    }
}

impl Display for Total {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let Total { iterations, packets, runs, of_plugin, of_wireshark } = self;
        write!(
            formatter,
            "{iterations} iterations, {packets} packets, {runs} runs, {of_plugin} failures of the plugin, {of_wireshark} of Wireshark"
        )
    }
}
