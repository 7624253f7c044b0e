//! What Wireshark does for a capture: instructions, which are the same on every machine, and peak memory.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use wait4::Wait4;

use super::wireshark::{Output, Wireshark, assert_no_dissector_fault};

/// Valgrind's command; without randomised addresses, the counts of two runs are the same within 0.1 %.
pub const VALGRIND: [&str; 3] = ["setarch", "-R", "valgrind"];
/// Of a run under valgrind, which takes half a minute where nothing else runs.
const TIME_LIMIT: Duration = Duration::from_secs(600);
/// Wireshark calls it when it opens a capture, and for nothing else.
const OPENS_A_CAPTURE: &str = "epan_new";

/// Whether valgrind is installed.
pub fn has_valgrind() -> bool {
    Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The instructions that it takes to load each of the captures: all are opened by one sharkd, so that it starts once.
pub fn instructions(wireshark: &Wireshark, captures: &[PathBuf]) -> Vec<f64> {
    let requests = captures.iter().zip(1..).map(|(capture, id)| {
        format!("{}\n", json!({"jsonrpc": "2.0", "id": id, "method": "load", "params": {"file": capture}}))
    });
    let requests = wireshark.write_file("requests", requests.collect::<String>().as_bytes());
    let mut command = callgrind(wireshark, &["sharkd", "-"]);
    command.stdin(File::open(requests).expect("open the requests"));
    let output = counted(wireshark, &mut command);
    let loaded = output.stdout.lines().filter(|line| line.contains(r#""status":"OK""#)).count();
    assert_eq!(loaded, captures.len(), "{}", output.stdout);
    // The first part is the start; the last one has no number.
    let counts = counts(wireshark);
    let numbered = (2..=captures.len()).map(|number| counts.with_extension(number.to_string()));
    numbered.chain([counts.clone()]).map(|part| total(&part)).collect()
}

/// The instructions that it takes tshark with these arguments to read one capture and to print what is asked for.
pub fn instructions_of_tshark(wireshark: &Wireshark, arguments: &[&str]) -> f64 {
    counted(wireshark, &mut callgrind(wireshark, &[&["tshark"], arguments].concat()));
    total(&counts(wireshark))
}

/// A program under callgrind, which begins to count anew with each capture that it opens.
fn callgrind(wireshark: &Wireshark, program: &[&str]) -> Command {
    let no_data = wireshark.home().join("no-data");
    fs::create_dir_all(&no_data).expect("create an empty folder");
    let mut command = wireshark.command(VALGRIND[0]);
    command.args(&VALGRIND[1..]).args(["--tool=callgrind", &format!("--dump-before={OPENS_A_CAPTURE}")]);
    command.arg(format!("--callgrind-out-file={}", counts(wireshark).display())).args(program);
    // Of each capture, nine tenths would be the tables of manufacturers and services.
    command.env("WIRESHARK_DATA_DIR", no_data);
    command
}

fn counted(wireshark: &Wireshark, command: &mut Command) -> Output {
    let output = wireshark.run_within(TIME_LIMIT, command);
    assert_eq!(output.code, 0, "{command:?}: {}", output.stderr);
    assert_no_dissector_fault(&output.stderr, "stderr");
    output
}

/// Where callgrind writes its last part.
fn counts(wireshark: &Wireshark) -> PathBuf {
    wireshark.home().join("counts")
}

fn total(part: &Path) -> f64 {
    let text = fs::read_to_string(part).unwrap_or_else(|error| panic!("read {}: {error}", part.display()));
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    total.and_then(|total| total.trim().parse().ok()).unwrap_or_else(|| panic!("no total in {}", part.display()))
}

/// The largest resident set of tshark with these arguments, in bytes.
///
/// It is at least that of the process that starts tshark, which must stay smaller.
pub fn peak_memory(wireshark: &Wireshark, arguments: &[&str]) -> f64 {
    let mut command = wireshark.command("tshark");
    let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("start tshark");
    let mut output = child.stdout.take().expect("the output is piped");
    let mut buffer = vec![0; 1 << 16];
    while output.read(&mut buffer).expect("read tshark's output") > 0 {}
    let resources = child.wait4().expect("wait for tshark");
    assert!(resources.status.success(), "{command:?}: {}", resources.status);
    resources.rusage.maxrss as f64
}
