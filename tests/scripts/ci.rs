//! `.ci/run`: what it installs, what it says of each part and each skip, and when it fails.

use std::os::unix::fs::symlink;

use super::harness::wireshark::Output;
use super::{Machine, assert_contains, basic_programs, is_installation};

/// What `.ci/run` runs in the source tree.
const PARTS: [&str; 8] = [
    "plugin/test",
    ".ci/audit",
    ".ci/build-against",
    "benches/tshark",
    "fuzz/run",
    "plugin/fuzz-captures",
    "plugin/memcheck",
    "plugin/test-versions",
];
/// The programs that it installs where they are missing, and their Debian packages.
const PROGRAMS: [(&str, &str); 10] = [
    ("sharkd", "wireshark-common"),
    ("sqlite3", "sqlite3"),
    ("tcpdump", "tcpdump"),
    ("jq", "jq"),
    ("valgrind", "valgrind"),
    ("wireshark", "wireshark"),
    ("Xvfb", "xvfb"),
    ("xdotool", "xdotool"),
    ("g++", "g++"),
    ("mmdebstrap", "mmdebstrap"),
];

/// Runs it on a machine that has everything, with these fakes in place of some parts; the others succeed.
fn run_with(fakes: &[(&str, &str)], environment: &[(&str, &str)]) -> (Machine, Output) {
    let machine = Machine::new();
    for part in PARTS {
        let body = fakes.iter().find(|(name, _)| *name == part).map_or("exit 0", |(_, body)| body);
        machine.write(&format!("source/{part}"), format!("#!/bin/sh\n{body}\n"));
    }
    for (program, _) in PROGRAMS {
        machine.fake_program(program, "exit 0");
    }
    for program in ["rustfmt", "unshare"] {
        machine.fake_program(program, "exit 0");
    }
    let mut command = machine.command_with_cargo("exit 0", ".ci/run", &[]);
    command.envs(environment.iter().copied());
    let output = machine.wireshark.run_unchecked(&mut command);
    (machine, output)
}

const SKIPS: &str = "echo 'a_test: there is no duckdb' >>\"$WORKERMANCHAT_SKIPPED\"; \
                     echo 'live: no rights' >>\"$WORKERMANCHAT_SKIPPED\"";

#[test]
fn ci_ends_with_what_each_part_took() {
    let (machine, output) = run_with(&[], &[("CI", "true")]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    let summary = output.stdout.split("=== summary ===\n").nth(1).expect("a summary");
    let parts: Vec<&str> = summary.lines().take_while(|line| line.ends_with(" s  ok")).collect();
    assert_eq!(parts.len(), 13, "{summary}");
    assert_contains(parts[0], &["  tests "]);
    assert_contains(summary, &["All took ", " s of 4500 s."]);
    assert_contains(&machine.calls(), &["cargo fmt --check\n", "cargo clippy "]);
}

#[test]
fn a_skip_is_listed_and_in_ci_it_fails_unless_it_is_allowed() {
    for (ci, code) in [("", 0), ("true", 1)] {
        let (_, output) = run_with(&[("plugin/test", SKIPS)], &[("CI", ci)]);
        assert_eq!(output.code, code, "{}{}", output.stdout, output.stderr);
        assert_contains(
            &output.stdout,
            &["\nSkipped:\n  a_test: there is no duckdb (allowed: ", "\n  live: no rights\n"],
        );
        assert_eq!(output.stderr.contains("live: no rights"), code == 1, "{}", output.stderr);
        assert!(!output.stderr.contains("duckdb"), "{}", output.stderr);
    }
}

#[test]
fn a_part_that_fails_is_named_at_the_end_and_the_others_run() {
    let (_, output) = run_with(&[(".ci/audit", "exit 3"), ("plugin/memcheck", "exit 1")], &[]);
    assert_eq!(output.code, 1, "{}", output.stdout);
    assert_contains(&output.stderr, &["failed: dependencies, memcheck\n"]);
    assert_eq!(output.stdout.lines().filter(|line| line.starts_with("  ") && line.ends_with(" s  ok")).count(), 11);
}

#[test]
fn what_has_not_ended_in_time_fails() {
    let (_, output) = run_with(&[], &[("WORKERMANCHAT_CI_MINUTES", "0"), ("CI", "true")]);
    assert_eq!(output.code, 1, "{}", output.stdout);
    assert_contains(&output.stdout, &["FAILED: it did not end in 0 s"]);
    assert_contains(&output.stdout, &["changed captures, new random numbers: 0 seconds are left"]);
    assert!(!output.stderr.contains("new random numbers"), "which is allowed: {}", output.stderr);
}

#[test]
fn ci_installs_all_that_is_missing_before_anything_runs() {
    let machine = Machine::new();
    let path = basic_programs(&machine);
    machine.write("source/plugin/test", "#!/bin/sh\necho 'a part ran'\n");
    machine.fake_program("sudo", "exec \"$@\"");
    machine.fake_program("apt-get", "");
    machine.fake_program("apt-cache", "case $1 in policy) echo '  Candidate: 1.85.0+dfsg3-1~deb12u3' ;; esac");
    machine.fake_program("dpkg", "case $4 in 1.85) exit 0 ;; esac; exit 1");
    for program in ["sudo", "apt-get", "apt-cache", "dpkg"] {
        symlink(machine.path("bin").join(program), path.join(program)).unwrap();
    }
    symlink("/bin/true", path.join("true")).unwrap();
    let output = machine.wireshark.run_unchecked(machine.command(".ci/run", &[]).env("PATH", &path));
    assert_ne!(output.code, 0, "the stand-in for apt installs nothing, and that is noticed");
    assert_contains(&output.stderr, &["still lacking"]);
    assert!(!output.stdout.contains("a part ran"), "{}", output.stdout);
    let calls = machine.calls();
    let installed = calls.lines().find(|call| is_installation(call)).expect("apt-get installs");
    for (_, package) in PROGRAMS {
        assert!(installed.split(' ').any(|word| word == package), "{package}: {installed}");
    }
    assert_contains(installed, &[" rustfmt ", " rust-clippy "]);
}
