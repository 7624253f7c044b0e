//! The scripts where HOME is not set, where sudo names a strange user, and in folders with odd names.

use std::fs;
use std::path::PathBuf;

use super::harness::wireshark::version;
use super::{Machine, OTHER, assert_contains, basic_programs, cargo_with, run_release, scripts, test_with_groups_on};

/// A folder's name with what a shell may take for more than a character.
const ODD: &str = "an odd 'folder' $HOME; & more";

#[test]
fn without_a_home_every_script_prints_help() {
    let machine = Machine::new();
    // There is no getent in it to ask for one.
    let path = basic_programs(&machine);
    for script in scripts() {
        let mut command = machine.command(&script, &["--help"]);
        let output = machine.wireshark.run_unchecked(command.env("PATH", &path).env_remove("HOME"));
        assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{script}");
        assert!(output.stdout.starts_with(&format!("usage: {script}")), "{script}:\n{}", output.stdout);
    }
}

#[test]
fn without_a_home_the_systems_home_of_the_user_is_taken() {
    let machine = Machine::new();
    let line = format!("user:x:65534:65534::{}:/bin/sh", machine.wireshark.home().display());
    machine.fake_program("getent", &format!("echo '{line}'"));
    let library = machine.library();
    let capture = machine.wireshark.capture("seed-2014.pcap");
    for (script, argument) in [
        ("plugin/install", library.as_str()),
        ("plugin/annotate", capture.to_str().unwrap()),
        ("plugin/export", capture.to_str().unwrap()),
    ] {
        let output = machine.wireshark.run_unchecked(machine.command(script, &[argument]).env_remove("HOME"));
        assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{script}:\n{}", output.stdout);
    }
    assert!(machine.personal(version()).exists() && machine.profile("colorfilters").exists());
}

#[test]
fn without_a_home_that_the_system_knows_what_needs_it_says_so() {
    let machine = Machine::new();
    machine.fake_program("getent", "exit 2");
    let library = machine.library();
    let mut command = machine.command("plugin/install", &[&library]);
    let output = machine.wireshark.run_unchecked(command.env_remove("HOME"));
    assert_eq!(output.code, 1, "{}", output.stdout);
    assert_contains(&output.stderr, &["HOME is not set", "Set it, and run this again."]);
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
}

#[test]
fn the_user_of_sudo_is_looked_up_and_never_evaluated() {
    let machine = Machine::new();
    machine.fake_program("id", "echo 0");
    let mut command = machine.command("plugin/install", &[&machine.library()]);
    let made = machine.path("made");
    let user = format!("x;touch '{}';", made.display());
    let output = machine.wireshark.run_unchecked(command.env("SUDO_USER", user));
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    assert!(!made.exists());
}

#[test]
fn under_sudo_the_personal_copy_is_that_of_the_user_who_called_it() {
    let machine = Machine::new();
    machine.fake_program("id", "echo 0");
    let home = machine.path("home of joe");
    machine.fake_program(
        "getent",
        &format!("[ \"$1 $2\" = 'passwd joe' ] && echo 'joe:x:7:7::{}:/bin/sh'", home.display()),
    );
    let copy = format!("home of joe/.local/lib/wireshark/plugins/{}/epan/workermanchat.so", version());
    let copy: PathBuf = machine.write(&copy, "joe's");
    let mut command = machine.command("plugin/install", &[&machine.library()]);
    let output = machine.wireshark.run_unchecked(command.env("SUDO_USER", "joe"));
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    assert_contains(&output.stdout, &[&format!("Removed your personal copy, {}", copy.display())]);
    assert!(!copy.exists() && machine.system_copy().exists());
}

#[test]
fn scripts_work_in_folders_with_odd_names() {
    let machine = Machine::in_folder(ODD);
    let home = machine.path("their home");
    fs::create_dir(&home).unwrap();
    machine.make_writable();
    let capture = machine.write(&format!("{ODD}/tests/captures/it's one.pcap"), {
        fs::read(machine.wireshark.capture("seed-2014.pcap")).unwrap()
    });
    let library = machine.write(&format!("{ODD}/library.so"), fs::read(machine.library()).unwrap());
    for (script, argument) in [("plugin/install", &library), ("plugin/annotate", &capture), ("plugin/export", &capture)]
    {
        let mut command = machine.command(script, &[argument.to_str().unwrap()]);
        let output = machine.wireshark.run_unchecked(command.env("HOME", &home));
        assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{script}:\n{}", output.stdout);
        assert!(script == "plugin/install" || output.stdout.lines().count() >= 19, "{script}:\n{}", output.stdout);
    }
    let output = machine.run_with_cargo(&cargo_with(&machine.library()), "plugin/demo", &[]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    let output = test_with_groups_on(&machine, &[("workermanchat", super::PASSES)]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
}

#[test]
fn a_release_can_be_made_in_a_folder_with_an_odd_name() {
    let machine = Machine::in_folder(ODD);
    let output = run_release(&machine, OTHER, &["LICENSE-MIT"]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    let flags = fs::read_to_string(machine.path("flags")).unwrap();
    let root = machine.path(ODD);
    let rust = format!("\nrust: --remap-path-prefix={}=.\n", root.display());
    assert_contains(&flags, &[&rust]);
    // As a shell splits them, which the crate `cc` does if it is told to.
    let words = flags.lines().find_map(|line| line.strip_prefix("c: ")).unwrap();
    let split = machine
        .wireshark
        .run_unchecked(machine.wireshark.command("sh").args(["-c", &format!("set -- {words}; printf '%s\\n' \"$@\"")]));
    assert_contains(&split.stdout, &[&format!("-ffile-prefix-map={}=.\n", root.display())]);
    assert_contains(&flags, &["\nescaped: 1\n"]);
    let names: Vec<_> = fs::read_dir(root.join("dist")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "an archive and the checksums: {names:?}");
}
