//! The scripts in `plugin/`: what they install, what they refuse and what they do not change.
//!
//! They run as an unprivileged user in a temporary home, on a copy of the sources. Programs that would change the machine
//! or take minutes (apt, sudo, cargo) are replaced by fakes that record their calls. `plugin/test-versions` tests a complete
//! build on a fresh system.

#[path = "scripts/ci.rs"]
mod ci;
#[path = "scripts/ended.rs"]
mod ended;
mod harness;
#[path = "scripts/places.rs"]
mod places;
#[path = "scripts/reading.rs"]
mod reading;
#[path = "scripts/whole.rs"]
mod whole;

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::wireshark::{Output, Wireshark, built_library, version};
use workermanchat::language::Language;

const CRATE_VERSION: &str = env!("CARGO_PKG_VERSION");
/// A Wireshark version that is not installed.
const OTHER: &str = "3.9";
/// The capture of the demo, below the machine's home.
const CAPTURE: &str = "source/tests/captures/seed-2014.pcap";
/// The scripts that are not in `plugin`.
const SCRIPTS_ELSEWHERE: [&str; 5] = [".ci/audit", ".ci/build-against", ".ci/run", "benches/tshark", "fuzz/run"];

/// A temporary home with a copy of the scripts in a folder of it and fake programs in `bin`.
struct Machine {
    wireshark: Wireshark,
    source: String,
}

impl Machine {
    fn new() -> Self {
        Self::in_folder("source")
    }

    fn in_folder(source: &str) -> Self {
        let machine = Self { wireshark: Wireshark::without_plugin(), source: source.to_owned() };
        fs::create_dir_all(machine.path("bin")).unwrap();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR"));
        copy_folder(&sources.join("plugin"), &machine.path(source).join("plugin"));
        for file in ["Cargo.toml", "LICENSE", "tests/captures/seed-2014.pcap"].iter().chain(&SCRIPTS_ELSEWHERE) {
            let copy = machine.path(source).join(file);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(sources.join(file), copy).unwrap();
        }
        machine.make_writable();
        machine
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.wireshark.home().join(relative)
    }

    /// Gives the unprivileged user write access to the whole home.
    fn make_writable(&self) {
        for path in files_and_folders(self.wireshark.home()) {
            if !path.is_symlink() {
                fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
            }
        }
    }

    /// Adds a fake program: it records its name and arguments in `calls`, then runs `body`.
    fn fake_program(&self, name: &str, body: &str) {
        let calls = self.path("calls");
        self.write(&format!("bin/{name}"), format!("#!/bin/sh\necho \"{name} $*\" >>'{}'\n{body}\n", calls.display()));
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.path("calls")).unwrap_or_default()
    }

    fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        self.make_writable();
        path
    }

    /// A copy of the plugin that cargo built, readable by the unprivileged user.
    fn library(&self) -> String {
        self.write("library.so", fs::read(built_library()).unwrap()).to_str().unwrap().to_owned()
    }

    /// A file marked as built for a given Wireshark version.
    fn library_for(&self, wireshark: &str) -> String {
        let content = format!("\u{7f}ELF\0workermanchat built for Wireshark {wireshark}\0");
        self.write("other.so", content).to_str().unwrap().to_owned()
    }

    fn command(&self, script: &str, arguments: &[&str]) -> Command {
        let mut command = self.wireshark.command(self.path(&self.source).join(script).to_str().unwrap());
        let machine_path = std::env::var("PATH").unwrap();
        command
            .args(arguments)
            .env("PATH", format!("{}:{machine_path}", self.path("bin").display()))
            .env("WIRESHARK_DATA_DIR", self.path("share"))
            .env_remove("SUDO_USER")
            .env_remove("CI")
            .env_remove("WORKERMANCHAT_SKIPPED")
            .env_remove("CARGO_HOME")
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("WIRESHARK_INCLUDE_DIR")
            .env_remove("LIBCLANG_PATH");
        command
    }

    fn run(&self, script: &str, arguments: &[&str]) -> Output {
        self.wireshark.run_unchecked(&mut self.command(script, arguments))
    }

    fn succeed(&self, script: &str, arguments: &[&str]) -> Output {
        let output = self.run(script, arguments);
        assert_eq!(output.code, 0, "{script} {arguments:?} failed:\n{}{}", output.stdout, output.stderr);
        output
    }

    /// The path of the plugin in the personal folder of a version.
    fn personal(&self, wireshark: &str) -> PathBuf {
        self.path(&format!(".local/lib/wireshark/plugins/{wireshark}/epan/workermanchat.so"))
    }

    fn profile(&self, file: &str) -> PathBuf {
        self.path(".config/wireshark/profiles/Workerman Chat").join(file)
    }

    /// The path of the system-wide plugin; the harness redirects that folder into the home.
    fn system_copy(&self) -> PathBuf {
        self.path(&format!("no-plugins/{}/epan/workermanchat.so", version()))
    }

    /// Runs a script that builds, with a fake recent Rust, whose cargo runs `cargo`, and fakes of what bindgen needs.
    fn run_with_cargo(&self, cargo: &str, script: &str, arguments: &[&str]) -> Output {
        self.wireshark.run_unchecked(&mut self.command_with_cargo(cargo, script, arguments))
    }

    fn command_with_cargo(&self, cargo: &str, script: &str, arguments: &[&str]) -> Command {
        self.fake_program("rustc", "echo 'rustc 1.99.0 (stand-in)'");
        self.fake_program(
            "cargo",
            &format!("target=${{CARGO_TARGET_DIR:-target}}/release; mkdir -p \"$target\"; {cargo}"),
        );
        let mut command = self.command(script, arguments);
        let anything = self.path("");
        command
            .env("WIRESHARK_INCLUDE_DIR", &anything)
            .env("LIBCLANG_PATH", &anything)
            .env("SOURCE_DATE_EPOCH", "1700000000");
        command
    }
}

/// The body of a fake cargo that copies a prebuilt library.
fn cargo_with(library: &str) -> String {
    format!("cp '{library}' \"$target/libworkermanchat.so\"")
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for path in files_and_folders(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        if path.is_dir() {
            fs::create_dir_all(target).unwrap();
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

/// All files and folders below a folder, sorted, each folder before its contents.
fn files_and_folders(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    let below: Vec<PathBuf> = found
        .iter()
        .filter(|path| path.is_dir() && !path.is_symlink())
        .flat_map(|path| files_and_folders(path))
        .collect();
    found.extend(below);
    found
}

fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

// --- install ----------------------------------------------------------------------------------------------------------

#[test]
fn install_makes_tshark_list_the_plugin_with_the_crates_version() {
    let machine = Machine::new();
    let output = machine.succeed("plugin/install", &[&machine.library()]);
    assert_contains(&output.stdout, &[&format!("Installed workermanchat {CRATE_VERSION} for Wireshark {}", version())]);

    let plugins = machine.wireshark.tshark(&["-G", "plugins"]).stdout;
    let line =
        plugins.lines().find(|line| line.starts_with("workermanchat.so")).expect("tshark lists workermanchat.so");
    assert_eq!(line.split('\t').nth(1), Some(CRATE_VERSION));
}

#[test]
fn install_and_uninstall_leave_nothing_behind() {
    let machine = Machine::new();
    let library = machine.library();
    let before = files_and_folders(machine.wireshark.home());
    machine.succeed("plugin/install", &[&library]);
    assert!(machine.personal(version()).exists() && machine.profile("colorfilters").exists());

    machine.succeed("plugin/install", &["--uninstall"]);
    let left: Vec<_> = files_and_folders(machine.wireshark.home())
        .into_iter()
        .filter(|path| !before.contains(path) && path.is_file())
        .collect();
    assert_eq!(left, Vec::<PathBuf>::new());
    assert!(!machine.profile("").exists(), "the profile's folder is gone");
}

#[test]
fn a_build_for_another_wireshark_is_refused_with_advice() {
    let machine = Machine::new();
    let output = machine.run("plugin/install", &[&machine.library_for(OTHER)]);
    assert_ne!(output.code, 0);
    assert_contains(
        &output.stderr,
        &[
            &format!("built for Wireshark {OTHER}"),
            &format!("your tshark is {}", version()),
            "wireshark-dev",
            "Nothing was installed",
        ],
    );
    assert!(!machine.path(".local").exists() && !machine.path(".config").exists(), "nothing was installed");
}

#[test]
fn a_file_that_is_not_the_plugin_is_refused() {
    let machine = Machine::new();
    let file = machine.write("some.so", "\u{7f}ELF of something else");
    let output = machine.run("plugin/install", &[file.to_str().unwrap()]);
    assert_ne!(output.code, 0);
    assert_contains(&output.stderr, &["is not a build of workermanchat"]);
    assert!(!machine.path(".local").exists());
}

#[test]
fn a_build_that_tshark_does_not_load_is_removed_again() {
    let machine = Machine::new();
    let output = machine.run("plugin/install", &[&machine.library_for(version())]);
    assert_ne!(output.code, 0);
    assert_contains(&output.stderr, &["workermanchat.so", "removed again"]);
    assert!(!machine.personal(version()).exists() && !machine.profile("").exists());
}

#[test]
fn plugins_of_other_versions_and_other_plugins_are_not_changed() {
    let machine = Machine::new();
    let old = machine.personal(OTHER);
    let neighbour = machine.personal(version()).with_file_name("neighbour.so.disabled");
    for path in [&old, &neighbour] {
        machine.write(path.strip_prefix(machine.wireshark.home()).unwrap().to_str().unwrap(), "not ours to touch");
    }
    machine.succeed("plugin/install", &[&machine.library()]);
    machine.succeed("plugin/install", &["--uninstall"]);
    for path in [&old, &neighbour] {
        assert_eq!(fs::read_to_string(path).unwrap(), "not ours to touch", "{}", path.display());
    }
}

#[test]
fn installing_over_an_older_copy_replaces_it() {
    let machine = Machine::new();
    let old = format!(".local/lib/wireshark/plugins/{}/epan/workermanchat.so", version());
    machine.write(&old, "an older copy");
    machine.succeed("plugin/install", &[&machine.library()]);
    assert_eq!(fs::read(machine.personal(version())).unwrap(), fs::read(built_library()).unwrap());
}

#[test]
fn user_changes_to_the_profile_are_kept() {
    let machine = Machine::new();
    let library = machine.library();
    machine.succeed("plugin/install", &[&library]);
    fs::write(machine.profile("preferences"), "gui.column.format: \"No.\", \"%m\"\n").unwrap();
    let widths = "# Wireshark has been closed\ncolumn.width: %m, 99\n";
    fs::write(machine.profile("recent"), widths).unwrap();

    let output = machine.succeed("plugin/install", &[&library]);
    assert_contains(&output.stdout, &["Kept your own", "preferences"]);
    assert!(!output.stdout.contains("recent"), "{}", output.stdout);
    assert_eq!(fs::read_to_string(machine.profile("recent")).unwrap(), widths);
    machine.succeed("plugin/install", &["--uninstall"]);
    assert!(fs::read_to_string(machine.profile("preferences")).unwrap().starts_with("gui.column.format: \"No.\""));
    for removed in ["colorfilters", "recent"] {
        assert!(!machine.profile(removed).exists(), "what the user did not change is removed");
    }
}

#[test]
fn the_profile_loads_without_warnings() {
    let machine = Machine::new();
    machine.succeed("plugin/install", &[&machine.library()]);
    let capture = machine.wireshark.capture("seed-2014.pcap");
    let output = machine.wireshark.tshark(&["-C", "Workerman Chat", "--color", "-r", capture.to_str().unwrap()]);
    assert_eq!(output.stderr, "", "a colour rule or preference that this Wireshark does not know");
    assert_eq!(output.stdout.lines().count(), 19);
}

#[test]
fn the_profile_is_in_the_language_that_is_chosen() {
    let machine = Machine::new();
    let library = machine.library();
    let capture = machine.wireshark.capture("seed-2014.pcap");
    let first =
        |file: &str| fs::read_to_string(machine.profile(file)).unwrap().lines().nth(1).unwrap_or_default().to_owned();
    for (language, column, button) in [
        ("fr", "\t\"N°\", \"%m\",", "\"TRUE\",\"Toute l'histoire\",\"workermanchat.phase\""),
        ("zh_TW.UTF-8", "\t\"編號\", \"%m\",", "\"TRUE\",\"聊天經過\",\"workermanchat.phase\""),
        ("en", "\tNo.", "\"TRUE\",\"Chat story\",\"workermanchat.phase\""),
    ] {
        let output = machine.succeed("plugin/install", &["--language", language, &library]);
        assert!(!output.stdout.contains("Kept your own"), "nobody changed it: {}", output.stdout);
        let columns = fs::read_to_string(machine.profile("preferences")).unwrap();
        assert!(columns.contains(&column.replace("\tNo.", "\t\"No.\", \"%m\",")), "{language}: {columns}");
        assert!(first("dfilter_buttons").starts_with(button), "{language}: {}", first("dfilter_buttons"));
        let output = machine.wireshark.tshark(&["-C", "Workerman Chat", "--color", "-r", capture.to_str().unwrap()]);
        assert_eq!((&*output.stderr, output.stdout.lines().count()), ("", 19), "{language}");
    }
    machine.succeed("plugin/install", &["--language", "ru", &library]);
    machine.succeed("plugin/install", &["--uninstall"]);
    assert!(!machine.profile("").exists(), "in whichever language it was");
    for arguments in [&["--language"][..], &["--language", "klingon"]] {
        assert_eq!(machine.run("plugin/install", arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn each_word_of_the_profile_is_in_the_table_of_words() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin");
    let table = fs::read_to_string(folder.join("profile-words.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('\t').collect()).collect();
    let tags: Vec<&str> = Language::ALL.iter().map(|language| language.tag()).collect();
    assert_eq!(rows[0].iter().collect::<BTreeSet<_>>(), tags.iter().collect());
    let words: BTreeSet<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(words.len(), rows.len(), "each once");
    for row in &rows {
        assert!(
            row.len() == tags.len() && row.iter().all(|word| !word.is_empty() && !word.contains(['"', '@'])),
            "{row:?}"
        );
    }
    for (file, mark, places) in [
        ("preferences", "\t\"", &[1][..]),
        ("dfilter_buttons", "\"TRUE\"", &[3, 7]),
        ("io_graphs", "\"Enabled\"", &[3]),
        ("colorfilters", "@", &[1]),
    ] {
        let text = fs::read_to_string(folder.join("profile").join(file)).unwrap();
        for line in text.lines().filter(|line| line.starts_with(mark)) {
            let parts: Vec<&str> = line.split(if mark == "@" { '@' } else { '"' }).collect();
            for place in places {
                assert!(words.contains(parts[*place]), "{file}: {}", parts[*place]);
            }
        }
    }
}

#[test]
fn filters_of_the_profiles_buttons_and_graphs_are_valid() {
    let machine = Machine::new();
    machine.succeed("plugin/install", &[&machine.library()]);
    let capture = machine.wireshark.capture("seed-2014.pcap");
    for (file, count, columns) in [("dfilter_buttons", 6, 4), ("io_graphs", 3, 9)] {
        let rows = fs::read_to_string(machine.profile(file)).unwrap();
        let rows = rows.lines().filter(|line| !line.starts_with('#'));
        let rows: Vec<Vec<&str>> = rows.map(|line| line.split("\",\"").collect()).collect();
        assert_eq!(rows.len(), count, "{rows:?}");
        for row in rows {
            assert_eq!(row.len(), columns, "{row:?}");
            machine.wireshark.tshark(&["-r", capture.to_str().unwrap(), "-Y", row[2]]);
        }
    }
}

// --- install for all users --------------------------------------------------------------------------------------------

#[test]
fn root_installs_for_all_users_and_is_informed() {
    let machine = Machine::new();
    machine.fake_program("id", "echo 0");
    let output = machine.succeed("plugin/install", &[&machine.library()]);
    assert_contains(&output.stdout, &["Running as root, whose personal plugins Wireshark ignores"]);
    assert!(machine.system_copy().exists() && !machine.personal(version()).exists());
}

#[test]
fn a_system_copy_replaces_the_personal_one() {
    let machine = Machine::new();
    machine.fake_program("sudo", "exec \"$@\"");
    let library = machine.library();
    machine.succeed("plugin/install", &[&library]);

    let output = machine.succeed("plugin/install", &["--system", &library]);
    assert_contains(&output.stdout, &["Removed your personal copy"]);
    assert!(machine.system_copy().exists() && !machine.personal(version()).exists());
    assert!(machine.path("share/profiles/Workerman Chat/colorfilters").exists());
    // The harness fails if Wireshark finds the plugin in multiple directories.
    machine.wireshark.tshark(&["-G", "plugins"]);
}

#[test]
fn uninstalling_for_everyone_removes_the_copy_of_the_profile_that_wireshark_made() {
    let machine = Machine::new();
    machine.fake_program("sudo", "exec \"$@\"");
    machine.succeed("plugin/install", &["--system", &machine.library()]);
    let (system, personal) = (machine.path("share/profiles/Workerman Chat"), machine.profile(""));
    let copy_profile = || {
        copy_folder(&machine.path("source/plugin/profile"), &personal);
        machine.make_writable();
    };
    copy_profile();
    let output = machine.succeed("plugin/install", &["--uninstall", "--system"]);
    assert!(!machine.system_copy().exists() && !system.exists() && !personal.exists(), "{}", output.stdout);
    let removed = output.stdout.lines().filter(|line| line.starts_with("Removed its profile, ")).count();
    assert_eq!(removed, 2, "{}", output.stdout);

    copy_profile();
    fs::write(machine.profile("preferences"), "gui.column.format: \"No.\", \"%m\"\n").unwrap();
    let output = machine.succeed("plugin/install", &["--uninstall", "--system"]);
    assert_contains(&output.stdout, &["Left ", "you changed what is in it"]);
    assert_eq!(files_and_folders(&personal), [machine.profile("preferences")]);
}

#[test]
fn uninstalling_names_the_copy_that_stays() {
    let machine = Machine::new();
    machine.fake_program("sudo", "exec \"$@\"");
    let library = machine.library();
    machine.succeed("plugin/install", &["--system", &library]);
    let output = machine.succeed("plugin/install", &["--uninstall"]);
    assert_contains(
        &output.stdout,
        &["There is no ", &machine.system_copy().to_string_lossy(), "--uninstall --system"],
    );
    assert!(machine.system_copy().exists());

    let personal = machine.personal(version());
    machine.write(personal.strip_prefix(machine.wireshark.home()).unwrap().to_str().unwrap(), "a personal copy");
    copy_folder(&machine.path("source/plugin/profile"), &machine.profile(""));
    machine.make_writable();
    let output = machine.succeed("plugin/install", &["--uninstall", "--system"]);
    assert_contains(&output.stdout, &["There is a personal copy too", &personal.to_string_lossy()]);
    assert!(personal.exists() && machine.profile("colorfilters").exists(), "a personal copy keeps its profile");
}

#[test]
fn no_personal_copy_is_installed_beside_a_system_copy() {
    let machine = Machine::new();
    machine.fake_program("sudo", "exec \"$@\"");
    let library = machine.library();
    machine.succeed("plugin/install", &["--system", &library]);
    let output = machine.succeed("plugin/install", &[&library]);
    assert_contains(&output.stdout, &["Already installed for everyone"]);

    fs::write(machine.system_copy(), "another build").unwrap();
    let output = machine.run("plugin/install", &[&library]);
    assert_ne!(output.code, 0);
    assert_contains(&output.stderr, &["installed for everyone", "--system"]);
    assert!(!machine.personal(version()).exists());
}

#[test]
fn a_system_install_without_root_rights_changes_nothing() {
    let machine = Machine::new();
    let library = machine.library();
    let before = files_and_folders(machine.wireshark.home());
    let mut command = machine.command("plugin/install", &["--system", &library]);
    let output = machine.wireshark.run_unchecked(command.env("PATH", basic_programs(&machine)));
    assert_ne!(output.code, 0);
    assert_contains(&output.stderr, &["root's rights", "Nothing was changed"]);
    let after = files_and_folders(machine.wireshark.home());
    assert!(after.iter().all(|path| before.contains(path) || path.starts_with(machine.path("basic"))));
}

// --- what is missing --------------------------------------------------------------------------------------------------

/// A folder to use as PATH: the basic programs of every system, without tshark, apt, sudo, cargo or a compiler.
fn basic_programs(machine: &Machine) -> PathBuf {
    let folder = machine.path("basic");
    fs::create_dir_all(&folder).unwrap();
    let programs = "sh bash env cat cp rm rmdir mkdir chmod ls dirname basename id cut sed sort head tail paste grep cmp awk uname mktemp od tr";
    for program in programs.split(' ') {
        let found = ["/usr/bin", "/bin"].iter().map(|place| Path::new(place).join(program)).find(|path| path.exists());
        symlink(found.unwrap_or_else(|| panic!("no {program}")), folder.join(program)).unwrap();
    }
    folder
}

fn assert_names_packages(output: &Output) {
    assert_ne!(output.code, 0);
    for system in ["Debian 12", "Debian 13", "Ubuntu", "Fedora", "Arch", "macOS"] {
        assert!(
            output.stderr.lines().any(|line| line.trim_start().starts_with(system)),
            "no {system} in:\n{}",
            output.stderr
        );
    }
    assert_contains(
        &output.stderr,
        &["wireshark-dev", "wireshark-devel", "cargo-web", "brew install", "Nothing was changed"],
    );
}

#[test]
fn without_apt_the_packages_are_listed_and_nothing_changes() {
    for script in ["plugin/install", "plugin/demo", "plugin/test"] {
        let machine = Machine::new();
        let path = basic_programs(&machine);
        let before = files_and_folders(machine.wireshark.home());
        let output = machine.wireshark.run_unchecked(machine.command(script, &[]).env("PATH", path));
        assert_names_packages(&output);
        assert_contains(&output.stderr, &["this machine lacks: tshark", "no apt"]);
        assert_eq!(files_and_folders(machine.wireshark.home()), before);
    }
}

#[test]
fn without_root_rights_apt_is_not_called() {
    let machine = Machine::new();
    let path = basic_programs(&machine);
    machine.fake_program("apt-get", "exit 1");
    symlink(machine.path("bin/apt-get"), path.join("apt-get")).unwrap();
    let output = machine.wireshark.run_unchecked(machine.command("plugin/install", &[]).env("PATH", path));
    assert_names_packages(&output);
    assert_contains(&output.stderr, &["no sudo"]);
    assert_eq!(machine.calls(), "");
}

/// Runs `plugin/install` where everything is missing, with fakes of sudo and of apt, which offers packages.
fn install_with_apt(apt_get: &str, policy: &str) -> (Machine, Output) {
    let machine = Machine::new();
    let path = basic_programs(&machine);
    machine.fake_program("sudo", "exec \"$@\"");
    machine.fake_program("apt-get", apt_get);
    machine.fake_program(
        "apt-cache",
        &format!("case $1 in search) echo 'cargo-1.85 - Rust';; policy) case $2 in {policy} esac;; esac"),
    );
    // For these versions, `sort -V` compares as `dpkg --compare-versions` does.
    machine.fake_program("dpkg", "[ \"$(printf '%s\\n%s\\n' \"$4\" \"$2\" | sort -V | head -n 1)\" = \"$4\" ]");
    for program in ["sudo", "apt-get", "apt-cache", "dpkg"] {
        symlink(machine.path("bin").join(program), path.join(program)).unwrap();
    }
    // The script tests sudo with `true`.
    symlink("/bin/true", path.join("true")).unwrap();
    let output = machine.wireshark.run_unchecked(machine.command("plugin/install", &[]).env("PATH", path));
    (machine, output)
}

/// Whether a recorded call installs packages, rather than simulating it.
fn is_installation(call: &str) -> bool {
    call.starts_with("apt-get") && call.contains(" install ") && !call.contains(" -s ")
}

const DEBIAN_12: &str =
    "cargo) echo '  Candidate: 0.66.0+ds1-1';; cargo-web) echo '  Candidate: 1.85.0+dfsg3-1~deb12u3';;";

#[test]
fn packages_that_apt_would_remove_are_named_and_kept() {
    let apt = "case $* in *' -s '*|'-s '*) echo 'Remv cargo [0.66.0+ds1-1]'; echo 'Remv rustc [1.63.0+dfsg1-2]';; esac";
    let (machine, output) = install_with_apt(apt, DEBIAN_12);
    assert_ne!(output.code, 0);
    assert_contains(&output.stderr, &["would remove", ": cargo rustc\n", "nothing was changed", "https://rustup.rs"]);
    assert_contains(&output.stderr, &["run: sudo apt-get install "]);
    assert!(!machine.calls().lines().any(is_installation), "{}", machine.calls());
}

#[test]
fn what_apt_does_is_shown_and_its_failure_too() {
    let apt = "case $* in *' install '*) echo 'dlstatus:1:12.5:Retrieving file 1 of 9 (3s remaining)'; \
               echo 'pmstatus:libc6:amd64:50.1:Unpacking libc6:amd64'; echo 'Setting up libc6'; exit 100;; esac";
    let (_, output) = install_with_apt(apt, DEBIAN_12);
    assert_ne!(output.code, 0);
    assert_contains(
        &output.stderr,
        &["  Fetching: 0% 5% 10%\n  Installing: 0% 5% 10% 15% 20% 25% 30% 35% 40% 45% 50%\n", "apt could not install"],
    );
}

#[test]
fn with_apt_the_packages_are_listed_and_installed_with_a_recent_rust() {
    // The packages that apt has → the one to install for Rust.
    let offers = [
        (DEBIAN_12, Some("cargo-web")),
        ("cargo) echo '  Candidate: 1.85.1+dfsg1-1';; cargo-web) echo '  Candidate: 1.96.0+dfsg1-1';;", Some("cargo")),
        (
            "cargo) echo '  Candidate: 1.75.0+dfsg0';; cargo-1.85) echo '  Candidate: 1.85.1+dfsg0';;",
            Some("cargo-1.85"),
        ),
        ("cargo) echo '  Candidate: 1.75.0+dfsg0';; cargo-web) echo '  Candidate: (none)';;", None),
    ];
    for (policy, rust) in offers {
        let (machine, output) = install_with_apt("", policy);
        assert_ne!(output.code, 0, "the stand-in for apt installs nothing, and that is noticed");
        let calls = machine.calls();
        let installed = calls.lines().find(|call| is_installation(call));
        match rust {
            Some(package) => {
                let installed =
                    installed.unwrap_or_else(|| panic!("apt-get install was not called:\n{calls}{}", output.stderr));
                assert_contains(installed, &["--no-remove", "tshark wireshark-dev", "gcc libc6-dev pkg-config"]);
                assert!(installed.split(' ').any(|word| word == package), "{package}: {installed}");
                assert_contains(&output.stderr, &["Installing with apt", package, "still lacking"]);
            }
            None => {
                assert_eq!(installed, None);
                assert_contains(&output.stderr, &["rustup.rs", "Nothing was changed"]);
            }
        }
    }
}

// --- building ---------------------------------------------------------------------------------------------------------

#[test]
fn after_an_upgrade_of_wireshark_the_next_install_rebuilds() {
    let machine = Machine::new();
    // A cargo that rebuilds only after `cargo clean`.
    let (stale, right) = (machine.library_for(OTHER), machine.library());
    let cargo = format!(
        "case $1 in clean) touch \"$target/cleaned\" ;; build) if [ -e \"$target/cleaned\" ]; then {}; else {}; fi ;; esac",
        cargo_with(&right),
        cargo_with(&stale),
    );
    let output = machine.run_with_cargo(&cargo, "plugin/install", &[]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    assert_contains(&machine.calls(), &["cargo clean --release --package workermanchat\ncargo build"]);
    assert_eq!(fs::read(machine.personal(version())).unwrap(), fs::read(built_library()).unwrap());
}

#[test]
fn a_rebuild_for_another_version_is_refused() {
    let machine = Machine::new();
    let output = machine.run_with_cargo(&cargo_with(&machine.library_for(OTHER)), "plugin/install", &[]);
    assert_ne!(output.code, 0);
    assert_contains(&output.stderr, &[&format!("built for Wireshark {OTHER}"), "Nothing was installed"]);
    assert!(!machine.path(".local").exists());
}

#[test]
fn the_demo_prints_the_page_of_the_seed_session() {
    let machine = Machine::new();
    let output = machine.run_with_cargo(&cargo_with(&machine.library()), "plugin/demo", &[]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    let packets: Vec<&str> = output.stdout.lines().filter(|line| line.contains(" IP 127.0.0.1.")).collect();
    assert_eq!(packets.len(), 19, "{}", output.stdout);
    assert_contains(packets[0], &["    1  09:50:00.523910 IP 127.0.0.1.60653 > 127.0.0.1.7272: Flags [S]"]);
    assert_contains(packets[18], &["   19  09:51:02.776842 IP 127.0.0.1.60584 > 127.0.0.1.7272: Flags [.]"]);
    assert_contains(&output.stdout, &["\n# ", "\n{\"type\":\"login\",\"name\":\"mynick\"}\n", "\n  [P.]  "]);
    assert_contains(&output.stderr, &["Building the plugin, which takes a few minutes:\n"]);

    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let sample = readme.split("```\n").find(|block| block.contains("IP 127.0.0.1.60653")).expect("the demo's output");
    let shown: Vec<&str> = sample.lines().filter(|&line| line != "⋮").collect();
    assert!(shown.len() > 10, "the README shows what the demo prints");
    assert_contains(&output.stdout, &shown);
}

#[test]
fn the_demo_reports_a_capture_without_the_chat() {
    let machine = Machine::new();
    let capture = machine.wireshark.capture("other-websocket-app.pcap");
    let output = machine.run_with_cargo(&cargo_with(&machine.library()), "plugin/demo", &[capture.to_str().unwrap()]);
    assert_contains(&output.stdout, &["No packet of workerman-chat here"]);
}

/// The scripts of `plugin`, and those elsewhere.
fn scripts() -> Vec<String> {
    let in_plugin = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin")).unwrap().map(Result::unwrap);
    let in_plugin = in_plugin
        .filter(|entry| entry.path().is_file() && entry.metadata().unwrap().permissions().mode() & 0o111 != 0)
        .map(|entry| format!("plugin/{}", entry.file_name().to_string_lossy()));
    in_plugin.chain(SCRIPTS_ELSEWHERE.map(str::to_owned)).collect()
}

#[test]
fn every_script_prints_help_where_nothing_is_installed() {
    let machine = Machine::new();
    let path = basic_programs(&machine);
    let before = files_and_folders(machine.wireshark.home());
    let scripts = scripts();
    assert!(scripts.len() > 12, "{scripts:?}");
    for script in scripts {
        for option in ["--help", "-h"] {
            let output = machine.wireshark.run_unchecked(machine.command(&script, &[option]).env("PATH", &path));
            assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{script} {option}");
            assert!(output.stdout.starts_with(&format!("usage: {script}")), "{script} {option}:\n{}", output.stdout);
        }
    }
    assert_eq!(files_and_folders(machine.wireshark.home()), before);
}

/// The options of a benchmark in `benches`, but for those that are hidden.
fn options_of(bench: &str) -> Vec<String> {
    let source =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("benches/{bench}/main.rs"))).unwrap();
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let fields = lines.windows(2).filter(|pair| pair[0].starts_with("#[arg(long") && !pair[0].contains("hide = true"));
    fields.map(|pair| format!("--{}", pair[1].split(':').next().unwrap())).collect()
}

#[test]
fn the_help_of_a_script_that_runs_a_benchmark_has_its_options() {
    let machine = Machine::new();
    for (script, bench) in
        [("benches/tshark", "comparison"), ("plugin/memcheck", "memcheck"), ("plugin/fuzz-captures", "captures")]
    {
        let help = machine.succeed(script, &["--help"]).stdout;
        // The script itself gives the one to memcheck.
        let options: Vec<String> = options_of(bench).into_iter().filter(|option| option != "--library").collect();
        assert!(!options.is_empty(), "{bench} has options");
        for option in options {
            assert!(help.lines().any(|line| line.starts_with(&format!("{option} "))), "no {option} in:\n{help}");
        }
    }
}

// --- the tests --------------------------------------------------------------------------------------------------------

/// Runs `plugin/test` where cargo builds one group of tests for each of these scripts.
fn test_with_groups(groups: &[(&str, &str)]) -> Output {
    test_with_groups_on(&Machine::new(), groups)
}

fn test_with_groups_on(machine: &Machine, groups: &[(&str, &str)]) -> Output {
    machine.write("built/libworkermanchat.so", "");
    let mut artifacts =
        String::from("{\"reason\":\"compiler-artifact\",\"profile\":{\"test\":false},\"executable\":null}\n");
    for (name, script) in groups {
        let path = machine.write(&format!("built/{name}-0123abcd"), format!("#!/bin/sh\n{script}\n"));
        artifacts += &format!("{{\"profile\":{{\"test\":true}},\"executable\":\"{}\"}}\n", path.display());
    }
    let artifacts = machine.write("artifacts", artifacts);
    let cargo = format!("case $* in *--no-run*) cat '{}' ;; esac", artifacts.display());
    machine.run_with_cargo(&cargo, "plugin/test", &[])
}

const PASSES: &str = "echo 'test result: ok. 3 passed; 0 failed; 0 ignored; finished in 0.01s'";

#[test]
fn what_the_tests_skip_is_listed_at_the_end() {
    let skips = format!("echo 'live: no rights' >>\"$WORKERMANCHAT_SKIPPED\"; {PASSES}");
    let output = test_with_groups(&[("workermanchat", PASSES), ("live", &skips)]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    let (table, rest) = output.stdout.split_once("\n\n").expect("an empty line behind the groups");
    assert_contains(table, &[" min", "Running all tests:\n", "  unit_tests ", "  live ", "  3 passed "]);
    assert!(
        rest.starts_with("Skipped, because they cannot run here:\n  live: no rights\nAll tests but those passed"),
        "{rest}"
    );
}

#[test]
fn tests_that_fail_are_printed_and_the_others_run() {
    let fails = "echo 'test a ... ok'; echo 'test b ... FAILED'; \
                 echo 'test result: FAILED. 1 passed; 1 failed; 0 ignored; finished in 0.01s'; exit 101";
    let output = test_with_groups(&[("labels", fails), ("live", PASSES), ("page", "kill -KILL $$")]);
    assert_ne!(output.code, 0);
    assert_contains(&output.stdout, &["FAILED: 1 passed, 1 failed ", "  3 passed ", "FAILED: it did not end "]);
    assert_contains(&output.stdout, &["--- labels ---\ntest b ... FAILED\n", "--- page ---\n"]);
    assert_contains(&output.stderr, &["labels page\n"]);
}

// --- release ----------------------------------------------------------------------------------------------------------

/// A crate that the fake cargo links into the plugin.
const LINKED: &str = "hash-tables-9.8.7";

/// Runs `plugin/release` for headers of `wireshark`, with a fake cargo that writes a library and has linked a crate with these files.
fn run_release(machine: &Machine, wireshark: &str, files: &[&str]) -> Output {
    let (major, minor) = wireshark.split_once('.').unwrap();
    let header = format!("#define WIRESHARK_VERSION_MAJOR {major}\n#define WIRESHARK_VERSION_MINOR {minor}\n");
    machine.write("headers/usr/include/wireshark/ws_version.h", header);
    for file in files {
        machine.write(&format!(".cargo/registry/src/crates/{LINKED}/{file}"), "text");
    }
    let library = if wireshark == version() { machine.library() } else { machine.library_for(wireshark) };
    let tree = format!("workermanchat v1.2.3 (/source)\n{}", LINKED.replace("-9", " v9"));
    let flags = r#"{ echo; echo "$CARGO_ENCODED_RUSTFLAGS" | tr '\037' '\n' | sed 's/^/rust: /'; echo "c: $CFLAGS"; echo "escaped: $CC_SHELL_ESCAPED_FLAGS"; }"#;
    let flags = format!("{flags} >'{}'", machine.path("flags").display());
    let cargo = format!("case $1 in tree) echo '{tree}' ;; *) {flags}; {} ;; esac", cargo_with(&library));
    machine.run_with_cargo(&cargo, "plugin/release", &[machine.path("headers").to_str().unwrap()])
}

/// The folder that `plugin/release` writes.
fn release(machine: &Machine, wireshark: &str) -> PathBuf {
    let output = run_release(machine, wireshark, &["Cargo.toml", "LICENSE-MIT"]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    machine.path("source/dist")
}

#[test]
fn no_archive_is_made_without_the_licence_of_a_linked_crate() {
    let machine = Machine::new();
    let output = run_release(&machine, OTHER, &["Cargo.toml"]);
    assert_ne!(output.code, 0, "{}{}", output.stdout, output.stderr);
    assert_contains(&output.stderr, &[&format!("{LINKED} has no file with its licence")]);
    assert!(!machine.path("source/dist/SHA256SUMS").exists());
}

fn archive_name(wireshark: &str) -> String {
    format!("workermanchat-{CRATE_VERSION}-wireshark-{wireshark}-linux-{}", std::env::consts::ARCH)
}

#[test]
fn release_archives_are_reproducible() {
    let archives = [(); 2].map(|()| {
        std::thread::sleep(Duration::from_millis(1100)); // so that the file times differ
        let machine = Machine::new();
        let dist = release(&machine, OTHER);
        let archive = fs::read(dist.join(archive_name(OTHER) + ".tar.gz")).unwrap();
        (archive, fs::read_to_string(dist.join("SHA256SUMS")).unwrap())
    });
    assert_eq!(archives[0], archives[1]);
}

#[test]
fn an_archive_installs_on_its_wireshark_version_and_names_the_right_archive_on_others() {
    for wireshark in [version(), OTHER] {
        let machine = Machine::new();
        let dist = release(&machine, wireshark);
        let name = archive_name(wireshark);
        let check = machine
            .wireshark
            .command("sha256sum")
            .current_dir(&dist)
            .args(["--status", "-c", "SHA256SUMS"])
            .status()
            .unwrap();
        assert!(check.success());
        let unpack = machine
            .wireshark
            .command("tar")
            .current_dir(&dist)
            .args(["-xzf", &format!("{name}.tar.gz")])
            .status()
            .unwrap();
        assert!(unpack.success());
        let inside = dist.join(&name);
        assert_eq!(files_and_folders(&inside.join(format!("licences/{LINKED}"))).len(), 1);
        let built = fs::read_to_string(inside.join("BUILT")).unwrap();
        assert_contains(&built, &[&format!("headers: {wireshark}\n"), "Rust: rustc 1.99.0", "1700000000"]);

        let output = machine.run(&format!("dist/{name}/install"), &[]);
        if wireshark == version() {
            assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
            assert!(machine.personal(version()).exists() && machine.profile("colorfilters").exists());
            let capture = machine.wireshark.capture("seed-2014.pcap");
            let page = machine.succeed(&format!("dist/{name}/annotate"), &[capture.to_str().unwrap()]);
            assert_contains(&page.stdout, &["   19  09:51:02.776842 IP "]);
        } else {
            assert_ne!(output.code, 0);
            assert_contains(
                &output.stderr,
                &[&format!("wireshark-{}-linux-{}.tar.gz", version(), std::env::consts::ARCH)],
            );
            assert!(!machine.path(".local").exists());
        }
    }
}
