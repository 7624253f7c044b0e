//! Beside others: a Lua postdissector, MATE, TRANSUM, another plugin in front of TCP, another plugin in Rust. The labels are what they are
//! without the neighbour, and the neighbour shows what it shows without the plugin.

mod harness;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::skip::skipped;
use harness::wireshark::{Output, Wireshark, built_library, version};
use workermanchat::fields::Field;

const CAPTURES: [&str; 3] = ["seed-2014.pcap", "chat-2026.pcap", "heartbeat-2026.pcap"];

/// What stands beside the plugin.
#[derive(Default)]
struct Neighbour {
    /// A library, and the name that it gets in the folder of plugins, in whose order they are loaded.
    library: Option<(PathBuf, &'static str)>,
    options: Vec<String>,
    /// What it shows.
    fields: Vec<&'static str>,
}

/// Wireshark with the neighbour or without, and with the plugin or without.
fn wireshark(neighbour: Option<&Neighbour>, with_plugin: bool) -> Wireshark {
    let wireshark = if with_plugin { Wireshark::with_plugin() } else { Wireshark::without_plugin() };
    if let Some((library, name)) = neighbour.and_then(|neighbour| neighbour.library.as_ref()) {
        wireshark.add_plugin(library, name);
    }
    wireshark
}

/// What these fields have in each packet.
fn shown(
    wireshark: &Wireshark,
    neighbour: Option<&Neighbour>,
    capture: &str,
    passes: &[&str],
    fields: &[&str],
) -> Output {
    let capture = wireshark.capture(capture);
    let mut command = wireshark.command("tshark");
    command.args(["-n", "-r", capture.to_str().unwrap(), "-T", "fields", "-E", "occurrence=a"]).args(passes);
    command.args(neighbour.iter().flat_map(|neighbour| &neighbour.options));
    command.args(fields.iter().flat_map(|field| ["-e", field]));
    let output = wireshark.run_unchecked(&mut command);
    assert_eq!(output.code, 0, "{command:?}:\n{}", output.stderr);
    output
}

fn assert_neighbourly(neighbour: &Neighbour) {
    let labels: Vec<&str> = Field::ALL.iter().map(|field| field.spec().name).collect();
    let [alone, both, without] = [(false, true), (true, true), (true, false)].map(|(beside, with_plugin)| {
        (beside.then_some(neighbour), wireshark(beside.then_some(neighbour), with_plugin))
    });
    for capture in CAPTURES {
        for passes in [&[][..], &["-2"]] {
            let labels = |(neighbour, wireshark): &(Option<&Neighbour>, Wireshark)| {
                shown(wireshark, *neighbour, capture, passes, &labels).stdout
            };
            assert_lines(&labels(&both), &labels(&alone), &format!("{capture} {passes:?}: labels"));
            let others = |(neighbour, wireshark): &(Option<&Neighbour>, Wireshark)| {
                let output = shown(wireshark, *neighbour, capture, passes, &neighbour.expect("beside").fields);
                let is_silent = output.stdout.trim().is_empty();
                assert!(!is_silent || passes.is_empty(), "{capture} {passes:?}: the neighbour shows something");
                output
            };
            let (both, without) = (others(&both), others(&without));
            assert_lines(&both.stdout, &without.stdout, &format!("{capture} {passes:?}: the neighbour's"));
            assert_lines(
                &messages(&both),
                &messages(&without),
                &format!("{capture} {passes:?}: the neighbour's messages"),
            );
        }
    }
}

/// What the neighbour prints, without Wireshark's log, in which every line has its time.
fn messages(output: &Output) -> String {
    let lines = output.stderr.lines().filter(|line| !line.starts_with(" ** ("));
    lines.map(|line| format!("{line}\n")).collect()
}

fn assert_lines(found: &str, expected: &str, what: &str) {
    assert_eq!(found.lines().count(), expected.lines().count(), "{what}: lines");
    for (number, (found, expected)) in (1..).zip(found.lines().zip(expected.lines())) {
        assert_eq!(found, expected, "{what}: line {number}, and without");
    }
}

/// A file of `tests/beside`.
fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/beside").join(name)
}

/// A copy where the unprivileged user can read it.
fn readable(name: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::Builder::new().permissions(readable_by_all()).tempdir().expect("create a temporary folder");
    let copy = folder.path().join(name);
    std::fs::copy(source(name), &copy).expect("copy the file");
    (folder, copy.to_str().unwrap().to_owned())
}

fn readable_by_all() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o755)
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&output.stderr));
}

/// A variable of Wireshark's description for pkg-config, or its options for the compiler.
fn pkg_config(question: &str) -> String {
    let output = Command::new("pkg-config").args([question, "wireshark"]).output().expect("pkg-config is installed");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A plugin that comes with Wireshark.
fn packaged(name: &str) -> Option<PathBuf> {
    let library = Path::new(&pkg_config("--variable=plugindir")).join("epan").join(name);
    library.exists().then_some(library)
}

#[test]
fn a_lua_postdissector_reads_the_labels_and_changes_none() {
    let (_folder, script) = readable("neighbour.lua");
    let options = vec!["-X".to_owned(), format!("lua_script:{script}")];
    let wireshark = Wireshark::with_plugin();
    if !wireshark.run_unchecked(wireshark.command("tshark").arg("-v")).stdout.contains("with Lua") {
        return skipped("tshark has no Lua");
    }
    let neighbour = Neighbour { options, fields: vec!["neighbour.length"], ..Neighbour::default() };
    assert_neighbourly(&neighbour);
    for capture in CAPTURES {
        let [own, read] = [["workermanchat.phase", "workermanchat.content"], ["neighbour.phase", "neighbour.content"]]
            .map(|fields| shown(&wireshark, Some(&neighbour), capture, &[], &fields).stdout);
        assert_lines(&read, &own, &format!("{capture}: what Lua reads"));
    }
}

#[test]
fn mate_groups_segments_beside_the_plugin() {
    let Some(library) = packaged("mate.so") else { return skipped("tshark has no MATE") };
    let (_folder, config) = readable("neighbour.mate");
    assert_neighbourly(&Neighbour {
        library: Some((library, "mate.so")),
        options: vec!["-o".to_owned(), format!("mate.config:{config}")],
        fields: vec!["mate.segment", "mate.connection", "mate.connection.NumOfPdus"],
    });
}

#[test]
fn transum_measures_beside_the_plugin() {
    let Some(library) = packaged("transum.so") else { return skipped("tshark has no TRANSUM") };
    let options = ["--enable-protocol", "transum", "-o", "transum.tcp_port_ranges:7272,80"];
    assert_neighbourly(&Neighbour {
        library: Some((library, "transum.so")),
        options: options.map(str::to_owned).to_vec(),
        fields: vec!["transum.status", "transum.art", "transum.firstreq", "transum.lastrsp"],
    });
}

#[test]
fn another_plugin_in_front_of_tcp_is_called_before_or_after() {
    let folder = tempfile::tempdir().expect("create a temporary folder");
    let library = folder.path().join("in_front.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source("in_front.c"));
    run(compiler.args(pkg_config("--cflags").split_whitespace()));
    for name in ["a_before.so", "z_after.so"] {
        let fields = vec!["in_front.port", "tcp.srcport", "tcp.stream"];
        assert_neighbourly(&Neighbour { library: Some((library.clone(), name)), fields, ..Neighbour::default() });
    }
}

#[test]
fn the_plugin_is_registered_once_where_its_folder_has_a_copy_of_it_or_a_link_to_it() {
    let labels: Vec<&str> = Field::ALL.iter().map(|field| field.spec().name).collect();
    let alone = Wireshark::with_plugin();
    for name in ["a_before.so", "z_after.so"] {
        for is_link in [false, true] {
            let both = Wireshark::with_plugin();
            both.add_plugin(&built_library(), name);
            if is_link {
                let second = both.plugins().join(name);
                std::fs::remove_file(&second).and_then(|()| symlink("workermanchat.so", second)).expect("make a link");
            }
            for passes in [&[][..], &["-2"]] {
                let [both, alone] =
                    [&both, &alone].map(|wireshark| shown(wireshark, None, CAPTURES[1], passes, &labels));
                let what = format!("{name}, a link: {is_link}, {passes:?}");
                assert_lines(&both.stdout, &alone.stdout, &what);
                assert_eq!(both.stderr, alone.stderr, "{what}");
            }
            let statistics = |wireshark: &Wireshark| {
                let capture = wireshark.capture(CAPTURES[1]);
                wireshark.tshark(&["-q", "-r", capture.to_str().unwrap(), "-z", "workermanchat,tree"]).stdout
            };
            assert_lines(&statistics(&both), &statistics(&alone), name);
        }
    }
}

#[test]
fn another_plugin_in_rust_catches_its_own_panics() {
    let folder = tempfile::tempdir().expect("create a temporary folder");
    let library = folder.path().join("second.so");
    let (major, minor) = version().split_once('.').expect("two numbers");
    let mut compiler = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()));
    compiler.args(["--edition=2024", "--crate-type=cdylib", "-Anon_upper_case_globals", "-o"]).arg(&library);
    run(compiler.arg(source("second.rs")).env("WANT_MAJOR", major).env("WANT_MINOR", minor));
    let fields = vec!["frame.number"];
    assert_neighbourly(&Neighbour { library: Some((library, "second.so")), fields, ..Neighbour::default() });
}
