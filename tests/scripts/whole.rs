//! `plugin/install` leaves the whole plugin or what was there before, whatever ends it, and mends what an earlier copy has broken.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::harness::skip::skipped;
use super::harness::wireshark::{Output, built_library, version};
use super::{Machine, assert_contains, files_and_folders};

/// 128 and the number of SIGBUS, by which a program ends that maps a library whose end is missing.
const BUS_ERROR: i32 = 135;

/// A file system of some bytes in memory, over a folder of a home.
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Nothing where this cannot be mounted, which is said.
    pub fn over(folder: &Path, bytes: u64) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        let options = format!("size={bytes},mode=777");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self { folder: folder.to_owned() });
        }
        skipped("no file system can be mounted here, which takes root's rights");
        None
    }

    fn resize(&self, bytes: u64) {
        let options = format!("remount,size={bytes}");
        let resized = Command::new("mount").args(["-o", &options]).arg(&self.folder).status().unwrap();
        assert!(resized.success(), "{options}");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg(&self.folder).status().unwrap();
    }
}

impl Machine {
    /// What Wireshark does when it is started.
    fn start_of_tshark(&self) -> Output {
        self.wireshark.run_unchecked(self.wireshark.command("tshark").args(["-G", "plugins"]))
    }

    fn lists_plugin(&self) -> bool {
        self.wireshark.tshark(&["-G", "plugins"]).stdout.lines().any(|line| line.starts_with("workermanchat.so"))
    }

    /// A copy of the plugin that ends in its middle.
    fn write_truncated(&self, path: &Path) {
        let library = fs::read(built_library()).unwrap();
        let relative = path.strip_prefix(self.wireshark.home()).unwrap();
        self.write(relative.to_str().unwrap(), &library[..library.len() / 2]);
    }

    /// All files where the plugin and the profile are, but for these two.
    fn strangers(&self) -> Vec<PathBuf> {
        let epan = self.personal(version()).parent().unwrap().to_owned();
        let folders = [epan, self.profile(""), self.system_copy().parent().unwrap().to_owned()];
        let files = folders.iter().filter(|folder| folder.exists()).flat_map(|folder| files_and_folders(folder));
        let of_profile = |path: &Path| self.path("source/plugin/profile").join(path.file_name().unwrap()).exists();
        files.filter(|path| !path.ends_with("workermanchat.so") && !of_profile(path)).collect()
    }
}

#[test]
fn a_full_disk_leaves_no_part_of_the_plugin() {
    let machine = Machine::new();
    let library = machine.library();
    let size = fs::metadata(&library).unwrap().len();
    let Some(disk) = SmallDisk::over(&machine.path(".local"), size / 2) else { return };
    let output = machine.run("plugin/install", &[&library]);
    assert_ne!(output.code, 0, "{}", output.stdout);
    assert_contains(&output.stderr, &["No space left on device", "could not write", "is as it was"]);
    assert!(!machine.lists_plugin());
    assert_eq!(machine.strangers(), Vec::<PathBuf>::new());

    disk.resize(size * 3);
    machine.succeed("plugin/install", &[&library]);
    assert!(machine.lists_plugin());
    disk.resize(size * 3 / 2);
    let output = machine.run("plugin/install", &[&library]);
    assert_ne!(output.code, 0, "there is no room for a second one:\n{}", output.stdout);
    assert!(machine.lists_plugin(), "the one that was there is still whole");
    assert_eq!(machine.strangers(), Vec::<PathBuf>::new());
}

#[test]
fn a_full_disk_leaves_no_part_of_a_file_of_the_profile() {
    let machine = Machine::new();
    let library = machine.library();
    let Some(disk) = SmallDisk::over(&machine.path(".config"), 8192) else { return };
    let output = machine.run("plugin/install", &[&library]);
    assert_ne!(output.code, 0, "{}", output.stdout);
    assert_contains(&output.stderr, &["No space left on device", "its profile is not complete"]);
    assert!(machine.lists_plugin());
    assert_eq!(machine.strangers(), Vec::<PathBuf>::new());
    assert_profile_is_whole(&machine, false);

    disk.resize(1 << 20);
    let output = machine.succeed("plugin/install", &[&library]);
    assert!(!output.stdout.contains("Kept your own"), "{}", output.stdout);
    assert_profile_is_whole(&machine, true);
}

/// Each file of the profile is as it should be, or not there unless `all` of them are.
fn assert_profile_is_whole(machine: &Machine, all: bool) {
    for original in files_and_folders(&machine.path("source/plugin/profile")) {
        let copy = machine.profile(original.file_name().unwrap().to_str().unwrap());
        assert!(copy.exists() || !all, "no {}", copy.display());
        if copy.exists() {
            assert_eq!(fs::read(&copy).unwrap(), fs::read(&original).unwrap(), "{}", copy.display());
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_to_keeps_its_plugin_and_is_named() {
    let machine = Machine::new();
    let library = machine.library();
    machine.succeed("plugin/install", &[&library]);
    let before = fs::read(machine.personal(version())).unwrap();
    let folder = machine.personal(version()).parent().unwrap().to_owned();
    fs::set_permissions(&folder, Permissions::from_mode(0o555)).unwrap();
    let output = machine.run("plugin/install", &[&library]);
    fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
    assert_ne!(output.code, 0, "{}", output.stdout);
    assert_contains(&output.stderr, &["Permission denied", "could not write", folder.to_str().unwrap()]);
    assert_eq!(fs::read(machine.personal(version())).unwrap(), before);
    assert!(machine.lists_plugin());
}

/// The body of a fake program that ends the script which runs it, before it has done its work or when it has.
fn deadly(program: &str, signal: &str, is_done: bool) -> String {
    let kill = format!("kill -s {signal} $PPID; sleep 0.1");
    match is_done {
        true => format!("/usr/bin/{program} \"$@\"; status=$?; {kill}; exit $status"),
        // What cp had done when the script was killed: a half.
        false if program == "cp" => format!("head -c 500000 \"$1\" >\"$2\"; {kill}; exit 1"),
        false => format!("{kill}; exit 1"),
    }
}

#[test]
fn killed_at_any_step_install_leaves_the_whole_plugin_or_the_one_before() {
    let mut ways = 0;
    for program in ["mkdir", "cp", "chmod", "cmp", "mv", "rm"] {
        for (signal, is_done) in [("TERM", false), ("KILL", false), ("KILL", true)] {
            let step = format!("SIG{signal} {} {program}", if is_done { "after" } else { "during" });
            kill_install(&step, program, &deadly(program, signal, is_done), signal != "KILL");
            ways += 1;
        }
    }
    kill_install("SIGHUP during cp", "cp", &deadly("cp", "HUP", false), true);
    println!("plugin/install ended in {} ways", ways + 1);
}

/// Installs over an older copy, with a program that ends the script; then again without it. `cleans_up`: the signal can be caught.
fn kill_install(step: &str, program: &str, body: &str, cleans_up: bool) {
    let machine = Machine::new();
    let library = machine.library();
    let older = fs::read(built_library()).unwrap();
    let older = [older.as_slice(), b"an older build"].concat();
    let relative = format!(".local/lib/wireshark/plugins/{}/epan/workermanchat.so", version());
    machine.write(&relative, &older);
    machine.fake_program(program, body);
    let output = machine.run("plugin/install", &[&library]);
    assert!(output.code > 128, "{step}: ended with {}\n{}{}", output.code, output.stdout, output.stderr);

    assert!(machine.lists_plugin(), "{step}");
    let found = fs::read(machine.personal(version())).unwrap();
    assert!(found == older || found == fs::read(&library).unwrap(), "{step}: neither the old one nor the new one");
    assert_profile_is_whole(&machine, false);
    fs::remove_file(machine.path("bin").join(program)).unwrap();
    if cleans_up {
        assert_eq!(machine.strangers(), Vec::<PathBuf>::new(), "{step}");
    }

    machine.succeed("plugin/install", &[&library]);
    assert_eq!(fs::read(machine.personal(version())).unwrap(), fs::read(&library).unwrap(), "{step}");
    assert_profile_is_whole(&machine, true);
    machine.succeed("plugin/install", &["--uninstall"]);
    assert!(!machine.personal(version()).exists() && !machine.profile("").exists(), "{step}");
    assert_eq!(machine.strangers(), Vec::<PathBuf>::new(), "{step}");
}

#[test]
fn a_copy_with_which_tshark_does_not_start_is_removed_by_uninstalling_and_by_installing_again() {
    let machine = Machine::new();
    let library = machine.library();
    let copy = machine.personal(version());
    let other = machine.personal("3.9");
    machine.write(other.strip_prefix(machine.wireshark.home()).unwrap().to_str().unwrap(), "of another version");
    for arguments in [["--uninstall"], [library.as_str()]] {
        machine.write_truncated(&copy);
        assert_eq!(machine.start_of_tshark().code, BUS_ERROR);
        let output = machine.succeed("plugin/install", &arguments);
        assert_contains(&output.stdout, &[&format!("Removed {}: with it, tshark did not start.", copy.display())]);
        assert_eq!((output.stderr.as_str(), output.stdout.contains("There is no ")), ("", false));
        assert_eq!(copy.exists(), arguments == [library.as_str()]);
        machine.lists_plugin();
        assert_eq!(fs::read_to_string(&other).unwrap(), "of another version");
    }
}

#[test]
fn broken_copies_of_the_user_and_of_everyone_are_both_removed() {
    let machine = Machine::new();
    machine.fake_program("sudo", "exec \"$@\"");
    let library = machine.library();
    let (personal, system) = (machine.personal(version()), machine.system_copy());
    machine.write_truncated(&system);
    let output = machine.run("plugin/install", &["--uninstall"]);
    assert_ne!(output.code, 0, "{}", output.stdout);
    assert_contains(&output.stderr, &["tshark does not start", "--uninstall --system", "Nothing was changed"]);
    assert!(system.exists());

    machine.write_truncated(&personal);
    let output = machine.succeed("plugin/install", &["--system", &library]);
    for copy in [&personal, &system] {
        assert_contains(&output.stdout, &[&format!("Removed {}: with it", copy.display())]);
    }
    assert!(machine.lists_plugin() && system.exists() && !personal.exists());
    assert_eq!(machine.strangers(), Vec::<PathBuf>::new());
}

#[test]
fn where_tshark_does_not_start_for_another_reason_copies_stay() {
    let machine = Machine::new();
    let copy = machine.personal(version());
    machine.write(copy.strip_prefix(machine.wireshark.home()).unwrap().to_str().unwrap(), "a copy");
    machine.fake_program("tshark", "exit 1");
    let output = machine.run("plugin/install", &["--uninstall"]);
    assert_ne!(output.code, 0);
    assert_contains(&output.stderr, &["tshark does not start", "Nothing was changed"]);
    assert_eq!(fs::read_to_string(&copy).unwrap(), "a copy");
    assert_eq!(machine.strangers(), Vec::<PathBuf>::new());
}
