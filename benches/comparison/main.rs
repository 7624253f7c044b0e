//! The benchmark of the whole tshark: stock, with its JSON dissector, with a Lua dissector of the same job, and with the plugin.
//! `benches/tshark` runs it.

#[path = "../../tests/harness/mod.rs"]
mod harness;

mod bench;
mod limits;
mod measure;
mod php;
mod report;
mod texts;
mod workloads;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs, io};

use bench::{Bench, Built};
use clap::Parser;
use limits::{Limit, Measure};
use measure::Laboratory;
use workloads::{RECIPES, START, recipe};

/// Measures what the plugin costs in tshark, beside Wireshark's JSON dissector and a Lua dissector, and checks the limits.
/// Exits with 1 if a limit is not met.
#[derive(Parser)]
#[command(name = "benches/tshark")]
struct Options {
    /// Only the limits on workloads whose name begins with this, such as chat or bomb
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Only the limits on this
    #[arg(long)]
    measure: Vec<Measure>,
    /// Only the part that CI runs: instructions. A limit that is not met must be as near as it was
    #[arg(long)]
    slice: bool,
    /// Percentage by which what the plugin adds may exceed its limit in that part
    #[arg(long, default_value_t = 0.0, requires = "slice")]
    slack: f64,
    /// Rounds of the measurements of time and memory
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Writes docs/performance.md and README's sentence from it
    #[arg(long, conflicts_with_all = ["only", "measure", "slice", "slack"])]
    write: bool,
    /// Writes the workloads to a folder, all or those named with --only, and measures nothing
    #[arg(long, value_name = "FOLDER")]
    generate: Option<PathBuf>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    harness::exit::exit_code(run(&Options::parse()))
}

/// Does what the options say, and returns whether all limits are met.
fn run(options: &Options) -> io::Result<bool> {
    let is_chosen = |name: &str| options.only.is_empty() || options.only.iter().any(|only| name.starts_with(only));
    if let Some(folder) = &options.generate {
        generate(folder, is_chosen)?;
        return Ok(true);
    }
    let limits: Vec<Limit> = limits::all()
        .into_iter()
        .filter(|limit| is_chosen(limit.workload) && (limit.in_slice || !options.slice))
        .filter(|limit| options.measure.is_empty() || options.measure.contains(&limit.figure.measure()))
        .collect();
    if limits.is_empty() {
        return Err(io::Error::other("these options choose no limit"));
    }
    let laboratory = Laboratory::new()?;
    let needed = match options.write {
        true => RECIPES.iter().map(|recipe| recipe.name).collect(),
        false => limits.iter().flat_map(Limit::workloads).chain([START]).collect(),
    };
    let built = build(laboratory.folder(), &needed)?;
    let mut bench = Bench::new(laboratory, built, options.rounds);
    bench.check_dissectors()?;
    let mut results = Vec::new();
    for limit in limits {
        let estimate = limit.estimate(&mut bench)?;
        let most = if options.slice { limit.with_slack(options.slack) } else { limit.most };
        let result = report::Result { limit, estimate, most };
        eprint!("{}", result.row());
        results.push(result);
    }
    println!("{}\n{}", report::limits(&results), report::figures(&bench));
    if options.write {
        report::write(&mut bench, &results, options.rounds)?;
    }
    let missed = results.iter().filter(|result| !result.is_met()).count();
    println!("{} of {} limits are met.", results.len() - missed, results.len());
    Ok(missed == 0)
}

/// Writes workloads to a folder, and prints one line for each: its name, packets, messages and connections.
fn generate(folder: &Path, is_chosen: impl Fn(&str) -> bool) -> io::Result<()> {
    for recipe in RECIPES.iter().filter(|recipe| is_chosen(recipe.name)) {
        let workload = (recipe.build)();
        let path = file(folder, recipe.name);
        fs::write(&path, workload.capture.pcap())?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644))?;
        println!("{} {} {} {}", recipe.name, workload.capture.last(), workload.messages, workload.connections);
    }
    Ok(())
}

/// Builds workloads in a process of its own: memory that this process has used would count as tshark's.
fn build(folder: &Path, needed: &BTreeSet<&str>) -> io::Result<BTreeMap<&'static str, Built>> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("--generate").arg(folder);
    for name in needed {
        command.args(["--only", name]);
    }
    let output = command.output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))));
    }
    let lines = String::from_utf8_lossy(&output.stdout);
    Ok(lines.lines().filter_map(|line| read(folder, line)).collect())
}

/// A line of [`generate`].
fn read(folder: &Path, line: &str) -> Option<(&'static str, Built)> {
    let mut words = line.split(' ');
    let name = recipe(words.next()?).name;
    let mut count = || words.next()?.parse().ok();
    let (packets, messages, connections) = (count()?, count()?, count()?);
    Some((name, Built { path: file(folder, name), packets, messages, connections }))
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(name).with_extension("pcap")
}
