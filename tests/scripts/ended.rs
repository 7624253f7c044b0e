//! What the scripts that read captures do where they are ended, where nobody reads what they print, and where the disk is full.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::harness::wireshark::{Output, captures};
use super::{Machine, assert_contains, files_and_folders};

const READERS: [&str; 2] = ["plugin/annotate", "plugin/export"];

impl Machine {
    fn with_plugin_installed() -> Self {
        let machine = Self::new();
        machine.succeed("plugin/install", &[&machine.library()]);
        machine
    }

    /// Runs a script in a pipeline, which fails if any part of it does. `rest` stands behind the script's words.
    fn run_in_bash(&self, script: &str, rest: &str) -> Output {
        let mut command = self.command("plugin/demo", &[]);
        let words = format!("set -o pipefail; '{}' {rest}", self.path("source").join(script).display());
        let environment: Vec<_> =
            command.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
        command = self.wireshark.command("bash");
        for (name, value) in environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        self.wireshark.run_unchecked(command.args(["-c", &words]))
    }

    /// The programs that run in this home, by their names.
    fn running(&self) -> Vec<String> {
        let home = format!("HOME={}", self.wireshark.home().display());
        let mut running = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path()) {
            let environment = fs::read(entry.join("environ")).unwrap_or_default();
            let is_here = environment.split(|&byte| byte == 0).any(|variable| variable == home.as_bytes());
            if let (true, Ok(name)) = (is_here, fs::read_to_string(entry.join("comm"))) {
                running.push(name.trim_end().to_owned());
            }
        }
        running
    }

    fn wait_until(&self, what: &str, is_so: impl Fn(&[String]) -> bool) {
        let begin = Instant::now();
        while !is_so(&self.running()) {
            assert!(begin.elapsed() < Duration::from_secs(30), "{what}: {:?}", self.running());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Sends a signal to a program alone, not to those that it runs.
fn signal(child: &Child, name: &str) {
    let kill = format!("kill -s {name} {}", child.id()); // a shell's own: not every system has the program
    let sent = Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert!(sent.success());
}

/// Starts a script on a capture that does not end: a pipe, into which the beginning of a recorded one is written.
fn start_reading(machine: &Machine, script: &str) -> (Child, Box<dyn Write>) {
    let beginning = fs::read(captures().join("seed-2014.pcap")).unwrap();
    let mut command = machine.command(script, &["-"]);
    let fifo = machine.path("endless.pcap");
    if script == "plugin/export" {
        let made = machine.wireshark.command("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success());
        command = machine.command(script, &[fifo.to_str().unwrap()]);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut input: Box<dyn Write> = match script {
        // Opened to be read as well, so that this does not wait.
        "plugin/export" => Box::new(fs::OpenOptions::new().read(true).write(true).open(&fifo).unwrap()),
        _ => Box::new(child.stdin.take().unwrap()),
    };
    input.write_all(&beginning[..beginning.len() - 1]).unwrap();
    (child, input)
}

#[test]
fn a_signal_leaves_no_program_running() {
    for (script, programs) in READERS.into_iter().zip([["tshark", "cat"], ["tshark", "awk"]]) {
        for (name, number) in [("TERM", 15), ("HUP", 1)] {
            let machine = Machine::with_plugin_installed();
            let (mut child, _input) = start_reading(&machine, script);
            let both_run =
                |running: &[String]| programs.iter().all(|program| running.iter().any(|name| name.ends_with(program)));
            machine.wait_until(&format!("{script} runs {programs:?}"), both_run);
            signal(&child, name);
            let status = child.wait().unwrap();
            assert_eq!((status.code(), status.signal()), (Some(128 + number), None), "{script}, SIG{name}");
            machine.wait_until(&format!("{script} has ended by SIG{name}"), <[String]>::is_empty);
        }
    }
}

#[test]
fn a_reader_that_has_had_enough_is_no_fault() {
    let machine = Machine::with_plugin_installed();
    let capture = machine.wireshark.capture("chat-2026.pcap");
    for script in READERS {
        for reader in ["head -n 1", "true"] {
            let output = machine.run_in_bash(script, &format!("'{}' | {reader}", capture.display()));
            assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{script} | {reader}");
        }
    }
}

#[test]
fn what_cannot_be_written_is_said_and_an_error() {
    let machine = Machine::with_plugin_installed();
    for capture in ["chat-2026.pcap", "seed-2014.pcap"] {
        let capture = machine.wireshark.capture(capture);
        for script in READERS {
            let output = machine.run_in_bash(script, &format!("'{}' >/dev/full", capture.display()));
            assert_eq!(output.code, 1, "{script}: {}", output.stderr);
            assert_contains(&output.stderr, &["could not be written to its end", "Is the disk full?"]);
        }
    }
    let capture = machine.wireshark.capture("other-websocket-app.pcap");
    let output = machine.run_in_bash("plugin/annotate", &format!("'{}' >/dev/full", capture.display()));
    assert_eq!(output.code, 1, "the sentence that there is no chat: {}", output.stderr);
}

/// The files of a folder, but for what is in them.
fn names_in(folder: &Path) -> Vec<String> {
    files_and_folders(folder).iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn an_exported_file_is_there_whole_or_as_it_was() {
    let machine = Machine::with_plugin_installed();
    let capture = machine.wireshark.capture("seed-2014.pcap");
    let capture = capture.to_str().unwrap();
    let output = machine.path("out/chat.ndjson");
    let arguments = ["--output", output.to_str().unwrap()];
    machine.write("out/chat.ndjson", "what was there before");

    let cut = fs::read(capture).unwrap();
    let cut = machine.write("cut.pcap", &cut[..cut.len() - 30]);
    let failed = machine.run("plugin/export", &[&arguments[..], &[capture, cut.to_str().unwrap()]].concat());
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    assert_contains(&failed.stderr, &["cut short", "chat.ndjson was not written"]);
    assert_eq!(fs::read_to_string(&output).unwrap(), "what was there before");

    machine.succeed("plugin/export", &[&arguments[..], &[capture]].concat());
    let printed = machine.succeed("plugin/export", &[capture]).stdout;
    assert_eq!(fs::read_to_string(&output).unwrap(), printed);
    assert!(printed.lines().count() >= 19, "{printed}");
    assert_eq!(names_in(&machine.path("out")), ["chat.ndjson"]);
}

#[test]
fn an_export_to_a_full_disk_leaves_what_was_there() {
    let machine = Machine::with_plugin_installed();
    let capture = machine.wireshark.capture("chat-2026.pcap");
    let Some(_disk) = super::whole::SmallDisk::over(&machine.path("small"), 8192) else { return };
    machine.write("small/chat.ndjson", "what was there before");
    let output = machine.path("small/chat.ndjson");
    let failed = machine.run("plugin/export", &["--output", output.to_str().unwrap(), capture.to_str().unwrap()]);
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    assert_contains(&failed.stderr, &["No space left on device", "Is the disk full?"]);
    assert_eq!(fs::read_to_string(&output).unwrap(), "what was there before");
    assert_eq!(names_in(&machine.path("small")), ["chat.ndjson"]);
}

#[test]
fn export_replaces_no_device() {
    let machine = Machine::with_plugin_installed();
    let capture = machine.wireshark.capture("seed-2014.pcap");
    let output = machine.run("plugin/export", &["--output", "/dev/null", capture.to_str().unwrap()]);
    assert_eq!(output.code, 2);
    assert_contains(&output.stderr, &["/dev/null is no file that can be replaced"]);
}
