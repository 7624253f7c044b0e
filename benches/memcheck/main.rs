//! The captures of `tests/captures` under valgrind's memcheck: sharkd, which shows each frame, and tshark with all views. Reports what the
//! plugin reads, writes, frees or leaks wrongly, and not what stock Wireshark does, too. `plugin/memcheck` runs it.

#[path = "../../tests/harness/mod.rs"]
mod harness;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io, thread};

use clap::Parser;
use harness::exit::exit_code;
use harness::guarded::fault;
use harness::recording::{Recording, recordings};
use harness::wireshark::{Output, Wireshark, version};
use roxmltree::{Document, Node};
use serde_json::json;

/// Has sharkd and tshark read the captures of tests/captures under valgrind's memcheck. Exits with 1 if there is an error of the plugin's
#[derive(Parser)]
#[command(name = "plugin/memcheck")]
struct Options {
    /// Only captures of at most this many packets
    #[arg(long, value_name = "PACKETS", default_value_t = usize::MAX, hide_default_value = true)]
    shorter: usize,
    /// The plugin, built with the profile memcheck
    #[arg(long, value_name = "FILE")]
    library: PathBuf,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// Memory pools and slices become single blocks, and the plugin stays loaded, so that a leak's stack names it.
const ENVIRONMENT: [(&str, &str); 3] =
    [("G_SLICE", "always-malloc"), ("WIRESHARK_DEBUG_WMEM_OVERRIDE", "simple"), ("G_DEBUG", "resident-modules")];
const VALGRIND: [&str; 6] =
    ["--tool=memcheck", "--leak-check=full", "--show-leak-kinds=definite", "--num-callers=60", "--xml=yes", "--quiet"];
const REQUESTS: &str = "requests.json";
/// How a frame of the plugin is recognised.
const LIBRARY: &str = "workermanchat.so";
/// The innermost functions that tell whether two errors are the same.
const INNERMOST: usize = 4;
const VIEWS: [&str; 4] =
    ["workermanchat,transcript", "workermanchat,sessions", "workermanchat,diagram", "workermanchat,tree"];

/// An error that memcheck reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Error {
    what: String,
    /// The functions of its stack, the innermost first.
    functions: Vec<String>,
    /// How many of them are within the plugin's first one.
    within: Option<usize>,
}

fn main() -> ExitCode {
    exit_code(check(&Options::parse()).map(|errors| errors == 0))
}

/// Returns the number of the plugin's errors.
fn check(options: &Options) -> io::Result<usize> {
    let mut chosen = recordings();
    chosen.retain(|recording| recording.packets.len() <= options.shorter);
    let packets: usize = chosen.iter().map(|recording| recording.packets.len()).sum();
    let plugin = Wireshark::with_library(&options.library);
    let mut errors = errors_of_all(&plugin, &chosen, &VIEWS)?;
    let all = errors.len();
    errors.retain(|error| error.within.is_some());
    if !errors.is_empty() {
        let stock = errors_of_all(&stock(), &chosen, &["expert"])?;
        errors.retain(|error| !stock.iter().any(|other| error.is_like(other)));
    }
    errors.iter().for_each(|error| println!("{}\n  {}", error.what, error.functions.join("\n  ")));
    println!(
        "Wireshark {}: {} captures, {packets} packets under memcheck: {} errors of the plugin, {} of Wireshark",
        version(),
        chosen.len(),
        errors.len(),
        all - errors.len()
    );
    Ok(errors.len())
}

/// Stock Wireshark, which reads the chat's port as HTTP.
fn stock() -> Wireshark {
    let home = Wireshark::without_plugin();
    home.configure("decode_as_entries", "decode_as_entry: tcp.port,7272,(none),HTTP\n");
    home
}

/// sharkd loads one capture after the other; tshark reads the longest, with a tree and the views.
fn errors_of_all(wireshark: &Wireshark, recordings: &[Recording], views: &[&str]) -> io::Result<BTreeSet<Error>> {
    let Some(longest) = recordings.iter().max_by_key(|recording| recording.packets.len()) else {
        return Err(io::Error::other("no capture is so short"));
    };
    let requests: String = recordings.iter().map(|recording| requests(wireshark, recording)).collect();
    wireshark.write_file(REQUESTS, requests.as_bytes());
    let (path, preferences) = longest.prepare(wireshark, "longest", &longest.packets);
    let mut tshark = vec!["tshark", "-2", "-nVx", "-r", path.to_str().expect("a path in UTF-8")];
    tshark.extend(preferences.iter().map(String::as_str));
    tshark.extend(views.iter().flat_map(|view| ["-z", view]));
    thread::scope(|scope| {
        let by_sharkd = scope.spawn(|| errors_of(wireshark, &["sharkd", "-"]));
        let mut errors = errors_of(wireshark, &tshark)?;
        errors.extend(by_sharkd.join().expect("no panic beside")?);
        Ok(errors)
    })
}

/// The requests for each frame of a capture, the last one first.
fn requests(wireshark: &Wireshark, recording: &Recording) -> String {
    let (path, _) = recording.prepare(wireshark, &recording.name, &recording.packets);
    let call = |method: &str, parameters| json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters});
    let load = call("load", json!({"file": path}));
    let frames = (1..=recording.packets.len()).rev();
    let frames = frames.map(|frame| call("frame", json!({"frame": frame, "proto": true, "columns": true})));
    let rest = [
        call("frames", json!({"filter": "workermanchat.phase"})),
        call("tap", json!({"tap0": "stat:workermanchat"})),
        call("follow", json!({"follow": "WorkermanChat", "filter": "tcp.stream == 0"})),
    ];
    [load].into_iter().chain(frames).chain(rest).map(|request| format!("{request}\n")).collect()
}

/// Runs a program under memcheck.
fn errors_of(wireshark: &Wireshark, program: &[&str]) -> io::Result<BTreeSet<Error>> {
    let log = wireshark.home().join(program[0]).with_extension("xml");
    let mut command = wireshark.command("valgrind");
    command.envs(ENVIRONMENT).args(VALGRIND).arg(format!("--xml-file={}", log.display())).args(program);
    command.stdin(fs::File::open(wireshark.home().join(REQUESTS))?);
    let output = command.output()?;
    let output = Output {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code().unwrap_or(-1),
    };
    match fault(&output) {
        None => read(&log),
        Some(fault) => Err(io::Error::other(format!("{command:?}: {}: {}", fault.kind, fault.line))),
    }
}

fn read(log: &Path) -> io::Result<BTreeSet<Error>> {
    let text = fs::read_to_string(log)?;
    let document = Document::parse(&text).map_err(io::Error::other)?;
    Ok(document.descendants().filter(|node| node.has_tag_name("error")).map(Error::read).collect())
}

impl Error {
    fn read(error: Node) -> Self {
        let text = |node: Node, tag: &str| {
            let found = node.descendants().find(|child| child.has_tag_name(tag));
            found.and_then(|child| child.text()).unwrap_or_default().to_owned()
        };
        // Further stacks say where a block was allocated or freed.
        let stack = error.children().find(|child| child.has_tag_name("stack"));
        let frames: Vec<Node> =
            stack.into_iter().flat_map(|stack| stack.children()).filter(|node| node.has_tag_name("frame")).collect();
        Self {
            what: [text(error, "what"), text(error, "text")].join(""),
            functions: frames.iter().map(|frame| format!("{} ({})", text(*frame, "fn"), text(*frame, "obj"))).collect(),
            within: frames.iter().position(|frame| text(*frame, "obj").ends_with(LIBRARY)),
        }
    }

    /// Whether another run has the same one, with whatever else around it.
    fn is_like(&self, other: &Error) -> bool {
        let innermost = self.within.unwrap_or(INNERMOST).min(INNERMOST);
        innermost > 1 && other.functions.starts_with(&self.functions[..innermost])
    }
}
