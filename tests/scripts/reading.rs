//! What the scripts that read captures say meanwhile, on a terminal.

use super::harness::skip::skipped;
use super::harness::wireshark::Output;
use super::{CAPTURE, Machine};

/// A machine whose tshark reads 1,000 bytes of the capture and then rests.
fn machine_that_reads_slowly() -> Machine {
    let machine = Machine::new();
    let read = format!("exec 7<'{}'; dd bs=1000 count=1 <&7 >/dev/null 2>&1; sleep 3", machine.path(CAPTURE).display());
    let preferences = "echo '#workermanchat.language: auto'";
    machine.fake_program("tshark", &format!("case $* in *currentprefs*) {preferences} ;; *) {read} ;; esac"));
    machine
}

/// Runs a command of a shell on a terminal; nothing, and the test is skipped, where there is no `script`.
fn on_a_terminal(machine: &Machine, command: &str) -> Option<Output> {
    if !std::path::Path::new("/usr/bin/script").exists() {
        skipped("there is no script of util-linux");
        return None;
    }
    let mut script = machine.command("/usr/bin/script", &["-qec", command, "/dev/null"]);
    Some(machine.wireshark.run_unchecked(script.env("TERM", "xterm")))
}

#[test]
fn on_a_terminal_it_is_said_how_much_has_been_read() {
    let machine = machine_that_reads_slowly();
    let capture = machine.path(CAPTURE).display().to_string();
    for name in ["annotate", "export"] {
        let script = machine.path("source/plugin").join(name).display().to_string();
        let Some(output) = on_a_terminal(&machine, &format!("'{script}' '{capture}' >/dev/null")) else { return };
        let said = format!("{script}: reading seed-2014.pcap, 32 %\r");
        assert!(output.stdout.contains(&said), "{}", output.stdout);
        // The line is empty again before anything else stands in it.
        let (_, rest) = output.stdout.rsplit_once(&said).expect("what is said last");
        assert!(rest.starts_with("\r\u{1b}[K"), "{rest:?}");

        // The page goes to the same terminal, or what goes wrong into a file.
        for redirected in ["", ">/dev/null 2>'file'"] {
            let command = format!("cd '{}'; '{script}' '{capture}' {redirected}", machine.path("").display());
            let Some(output) = on_a_terminal(&machine, &command) else { return };
            assert!(!output.stdout.contains("reading"), "{redirected}: {}", output.stdout);
        }
        let written = std::fs::read_to_string(machine.path("file")).expect("the file is there");
        assert!(!written.contains("reading"), "{written}");
    }
}
