//! The tables that the benchmark prints, and `docs/performance.md`.

use std::path::PathBuf;
use std::process::Command;
use std::{fs, io};

use crate::bench::Bench;
use crate::limits::{Estimate, Limit};
use crate::measure::{Cost, Dissector, Task};
use crate::workloads::{RECIPES, recipe};

/// A limit and what was measured.
pub struct Result {
    pub limit: Limit,
    pub estimate: Estimate,
    /// The most that was allowed.
    pub most: f64,
}

impl Result {
    pub fn is_met(&self) -> bool {
        self.estimate.is_at_most(self.most)
    }

    /// Its row of the table of [`limits`].
    pub fn row(&self) -> String {
        let Limit { workload, task, figure, .. } = self.limit;
        let measured = format!("{}{}", number(self.estimate.value), error(self.estimate.error));
        let met = if self.is_met() { "yes" } else { "**no**" };
        let command = format!("`{}`", task.command(Dissector::Plugin));
        row(&[workload, &command, &figure.description(), &measured, &number(self.most), met])
    }
}

/// The limits as a Markdown table.
pub fn limits(results: &[Result]) -> String {
    let head = table_head(&["workload", "command", "what", "measured", "limit", "met"]);
    head + &results.iter().map(Result::row).collect::<String>()
}

/// All that was measured, as Markdown tables.
pub fn figures(bench: &Bench) -> String {
    let tables = [
        ("User time in seconds", costs(bench, |cost| cost.seconds, 2)),
        ("Peak memory in MB", costs(bench, |cost| cost.peak / 1e6, 1)),
        ("Instructions in millions", instructions(bench)),
    ];
    let text = tables.into_iter().filter(|(_, rows)| !rows.is_empty());
    text.map(|(title, rows)| format!("### {title}\n\n{}{rows}\n", head_of_dissectors())).collect()
}

fn costs(bench: &Bench, what: fn(&Cost) -> f64, digits: usize) -> String {
    let mut table = String::new();
    for ((workload, task), rounds) in bench.all_costs() {
        let of = |dissector| {
            let costs: Vec<&Cost> = rounds.iter().filter_map(|round| round.get(&dissector)).collect();
            let estimate = Estimate::of(costs.iter().map(|cost| what(cost)));
            let text = format!("{:.digits$} ± {:.digits$}", estimate.value, estimate.error);
            Some(text).filter(|_| !costs.is_empty())
        };
        table += &row_of_dissectors(workload, *task, of);
    }
    table
}

fn instructions(bench: &Bench) -> String {
    let counts = bench.all_instructions();
    let mut rows: Vec<_> = counts.keys().map(|(workload, task, _)| (*workload, *task)).collect();
    rows.dedup();
    let mut table = String::new();
    for (workload, task) in rows {
        let of = |dissector| Some(number(counts.get(&(workload, task, dissector))? / 1e6));
        table += &row_of_dissectors(workload, task, of);
    }
    table
}

fn head_of_dissectors() -> String {
    let names = Dissector::ALL.map(|dissector| dissector.to_string());
    table_head(&[&["workload", "command"][..], &names.each_ref().map(String::as_str)].concat())
}

fn row_of_dissectors(workload: &str, task: Task, of: impl Fn(Dissector) -> Option<String>) -> String {
    let command = format!("`{}`", task.command(Dissector::Plugin));
    let cells = Dissector::ALL.map(|dissector| of(dissector).unwrap_or_default());
    row(&[&[workload, &command][..], &cells.each_ref().map(String::as_str)].concat())
}

/// A file of the source tree.
fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Writes `docs/performance.md`, and README's sentence that is taken from it.
pub fn write(bench: &mut Bench, results: &[Result], rounds: usize) -> io::Result<()> {
    let summary = summary(bench)?;
    let met = results.iter().filter(|result| result.is_met()).count();
    let text = format!(
        "# Performance\n\n\
         Written by `benches/tshark --write`; do not edit. {met} of {all} limits are met; [limits.md](limits.md) says where the instructions go that\n\
         exceed one.\n\n\
         {summary}\n\n\
         {machine}\n\
         ## Method\n\n\
         The same tshark reads the same capture four times: as it is installed (stock), with its own JSON dissector\n\
         (`-o 'websocket.text_type:As json'`), with a Lua dissector that does the plugin's job (`benches/peers/workermanchat.lua`), and with the\n\
         plugin. With `-Y`, each filters by its own protocol: `websocket`, `json`, `wmlua`, `workermanchat`. \"Added\" is what a run needs more than\n\
         stock with the same command.\n\n\
         - Instructions: valgrind's cachegrind counts those of the whole process, without address-space randomisation. They are the same in each\n  \
           run within 0.1 %.\n\
         - User time: the median of {rounds} rounds. A round runs the four one after the other, and differences and quotients are taken within the\n  \
           round. After ± stands the standard error, from the median deviation.\n\
         - Peak memory: the largest resident set, from the same runs. 1 MB is 1,000,000 bytes.\n\n\
         A limit on time or memory counts as met unless the value is above it by more than two standard errors.\n\n\
         ## Workloads\n\n{workloads}\n\
         ## Limits\n\n{limits}\n\
         ## Figures\n\n{figures}",
        all = results.len(),
        machine = machine()?,
        workloads = workloads(bench)?,
        limits = limits(results),
        figures = figures(bench),
    );
    fs::write(file("docs/performance.md"), text)?;
    let readme = fs::read_to_string(file("README.md"))?;
    let old = readme.lines().find(|line| line.starts_with(SUMMARY));
    let old = old.ok_or_else(|| io::Error::other(format!("README.md has no line that begins with \"{SUMMARY}\"")))?;
    fs::write(file("README.md"), readme.replace(old, &summary))
}

/// How the line of README begins that [`write`] replaces.
const SUMMARY: &str = "To list a chat of ";

/// What the plugin costs, in two sentences.
fn summary(bench: &mut Bench) -> io::Result<String> {
    let chat = recipe("chat");
    let messages = number(f64::from(bench.built(chat.name).messages));
    let rounds = bench.costs(chat, Task::Messages)?;
    let seconds = |dissector| Estimate::of(rounds.iter().map(|round| round[&dissector].seconds)).value;
    let [stock, json, lua, plugin] = Dissector::ALL.map(seconds);
    let quiet = recipe("quiet");
    let with = bench.instructions(quiet, Task::Read, Dissector::Plugin)?;
    let more = (with / bench.instructions(quiet, Task::Read, Dissector::Stock)? - 1.0) * 100.0;
    Ok(format!(
        "{SUMMARY}{messages} messages, tshark needs {plugin:.1} s with the plugin, {stock:.1} s without it, {json:.1} s with its own JSON \
         dissector, and {lua:.1} s with a Lua dissector of the same job. For a capture without chat, it executes {more:.1} % more instructions."
    ))
}

fn workloads(bench: &Bench) -> io::Result<String> {
    let mut table = table_head(&["name", "packets", "messages", "connections", "MB", "what"]);
    for recipe in RECIPES {
        let built = bench.built(recipe.name);
        let megabytes = format!("{:.1}", built.size()? as f64 / 1e6);
        let [packets, messages, connections] =
            [built.packets, built.messages, built.connections].map(|count| number(f64::from(count)));
        table += &row(&[recipe.name, &packets, &messages, &connections, &megabytes, recipe.what]);
    }
    Ok(table)
}

/// What the figures depend on.
fn machine() -> io::Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = std::thread::available_parallelism()?;
    let tshark = output("tshark", &["--version"])?;
    let lua = tshark.split(',').map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    let lua = lua.into_iter().find_map(|part| part.strip_prefix("with Lua ").map(str::to_owned)).unwrap_or_default();
    let mut table = table_head(&["", ""]);
    for (what, value) in [
        ("date", output("date", &["-u", "+%F"])?),
        ("processor", format!("{}, {cores} cores", model.trim_start_matches([' ', '\t', ':']))),
        ("system", format!("{}, Linux {}", system()?, output("uname", &["-rm"])?)),
        ("Wireshark", tshark.lines().next().unwrap_or_default().to_owned()),
        ("Lua", lua),
        ("rustc", output(&std::env::var("RUSTC").unwrap_or("rustc".to_owned()), &["--version"])?),
        ("valgrind", output("valgrind", &["--version"])?),
    ] {
        table += &row(&[what, value.trim()]);
    }
    Ok(table)
}

fn system() -> io::Result<String> {
    let release = fs::read_to_string("/etc/os-release")?;
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or_default();
    Ok(name.trim_matches('"').to_owned())
}

fn output(program: &str, arguments: &[&str]) -> io::Result<String> {
    let output = Command::new(program).args(arguments).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn table_head(cells: &[&str]) -> String {
    format!("{}|{}\n", row(cells), "---|".repeat(cells.len()))
}

fn row(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// Up to four decimals, or an integer with commas.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "no result in time".to_owned();
    }
    if value.abs() < 100.0 {
        let text = if value.abs() < 10.0 { format!("{value:.4}") } else { format!("{value:.2}") };
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let (mut rest, mut text) = (value.abs().round() as u64, String::new());
    while rest >= 1000 {
        text = format!(",{:03}{text}", rest % 1000);
        rest /= 1000;
    }
    format!("{}{rest}{text}", if value < 0.0 { "-" } else { "" })
}

fn error(error: f64) -> String {
    if error > 0.0 && error.is_finite() { format!(" ± {}", number(error)) } else { String::new() }
}
