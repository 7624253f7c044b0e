//! Runs tshark, sharkd and dumpcap with the plugin in the personal plugin folder of a temporary home.
//!
//! If the tests run as root, the programs run as an unprivileged user, because Wireshark does not load root's personal
//! plugins. Plugins installed on the machine are not loaded. Every process has a time limit. A crash, a dissector bug or
//! a warning about the plugin fails the test.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{Read, Seek};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use wait_timeout::ChildExt;

use super::packets::Capture;
use super::{phase, sentence};

/// The time limit of a process; the longest takes a few seconds.
const TIME_LIMIT: Duration = Duration::from_secs(120);
/// User and group `nobody` of Debian; any id that is not 0 would do.
const UNPRIVILEGED: u32 = 65534;

/// A temporary home in which Wireshark's programs run.
pub struct Wireshark {
    home: TempDir,
    is_root: bool,
    failpoints: Option<String>,
}

/// A program's output, checked for crashes and warnings except from [`Wireshark::run_unchecked`].
pub struct Output {
    pub stdout: String,
    pub stderr: String,
    /// Exit code, or 128 + signal number.
    pub code: i32,
}

/// A frame as printed by `-T json -e …`.
pub struct Row {
    pub frame: u32,
    layers: Value,
}

impl Wireshark {
    /// A home with the plugin that cargo built for this test.
    pub fn with_plugin() -> Self {
        Self::with_library(&built_library())
    }

    /// A home with a given build of the plugin.
    pub fn with_library(library: &Path) -> Self {
        let wireshark = Self::without_plugin();
        wireshark.add_plugin(library, "workermanchat.so");
        wireshark
    }

    /// Copies a plugin into this home.
    pub fn add_plugin(&self, library: &Path, name: &str) {
        let folder = self.plugins();
        fs::create_dir_all(&folder).expect("create the plugin folder");
        self.copy(library, &folder.join(name));
    }

    /// The folder of the plugins of this home.
    pub fn plugins(&self) -> PathBuf {
        self.home.path().join(format!(".local/lib/wireshark/plugins/{}/epan", version()))
    }

    /// A home without plugins.
    pub fn without_plugin() -> Self {
        let home = TempDir::with_prefix("workermanchat-test-").expect("create a temporary home");
        let is_root = home.path().metadata().expect("read the home's owner").uid() == 0;
        let wireshark = Self { home, is_root, failpoints: None };
        wireshark.give_away(wireshark.home.path());
        wireshark
    }

    /// Makes the unprivileged user the owner.
    fn give_away(&self, path: &Path) {
        if self.is_root {
            std::os::unix::fs::chown(path, Some(UNPRIVILEGED), Some(UNPRIVILEGED))
                .unwrap_or_else(|error| panic!("give {} away: {error}", path.display()));
        }
    }

    /// A home with a build of the plugin with failpoints, and those that are asked for, separated by commas.
    pub fn with_failpoints(library: &Path, failpoints: &str) -> Self {
        // The C looks for each between commas.
        Self { failpoints: Some(format!(",{failpoints},")), ..Self::with_library(library) }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A file of `tests/captures`, copied into the home, where the unprivileged user can read it.
    pub fn capture(&self, name: &str) -> PathBuf {
        let copy = self.home.path().join(name);
        if !copy.exists() {
            self.copy(&captures().join(name), &copy);
        }
        copy
    }

    /// A script of `plugin`, copied into the home with the functions that all share.
    pub fn script(&self, name: &str) -> PathBuf {
        let folder = self.home.path().join("plugin");
        fs::create_dir_all(&folder).expect("create the folder of scripts");
        for file in ["lib.sh", name] {
            self.copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin").join(file), &folder.join(file));
        }
        folder.join(name)
    }

    /// Writes a built capture into the home.
    pub fn write(&self, name: &str, capture: &Capture) -> PathBuf {
        self.write_file(name, &capture.pcap())
    }

    /// Writes a file into the home.
    pub fn write_file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.home.path().join(name);
        fs::write(&path, bytes).expect("write the file");
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("make the file readable");
        path
    }

    /// Writes a file into the folder of Wireshark's configuration, or into one of its profiles; Wireshark may write to it, too.
    pub fn configure(&self, file: &str, text: &str) {
        let mut path = self.home.path().join(".config");
        for part in Path::new("wireshark").join(file).iter() {
            if !path.exists() {
                fs::create_dir(&path).expect("create a folder of the configuration");
                self.give_away(&path);
            }
            path.push(part);
        }
        fs::write(&path, text).expect("write a file of the configuration");
        self.give_away(&path);
    }

    fn copy(&self, from: &Path, to: &Path) {
        fs::copy(from, to).unwrap_or_else(|error| panic!("copy {}: {error}", from.display()));
        fs::set_permissions(to, Permissions::from_mode(0o755)).expect("make the copy readable");
    }

    /// A command in this home, as the unprivileged user.
    pub fn command(&self, program: &str) -> Command {
        let mut command = self.privileged_command(program);
        if self.is_root {
            // Changing the user also drops root's supplementary groups.
            command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
        }
        command
    }

    /// The same as the user who runs the tests: capturing may need root's rights.
    pub fn privileged_command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let home = self.home.path();
        command
            .current_dir(home)
            .env("HOME", home)
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("XDG_DATA_HOME", home.join(".local/share"))
            .env("XDG_CACHE_HOME", home.join(".cache"))
            // Replaces the machine's plugin folder, which may contain an installed workermanchat.so.
            .env("WIRESHARK_PLUGIN_DIR", home.join("no-plugins"))
            // The preference `workermanchat.language` is `auto`: the tests' language is that of no machine.
            .env_remove("LC_MESSAGES")
            .env_remove("LANG")
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .envs(self.failpoints.iter().map(|failpoints| ("WORKERMANCHAT_FAILPOINTS", failpoints)))
            .stdin(Stdio::null());
        command
    }

    /// Runs a command and returns its output without any check.
    pub fn run_unchecked(&self, command: &mut Command) -> Output {
        self.run_within(TIME_LIMIT, command)
    }

    /// The same with another time limit.
    pub fn run_within(&self, limit: Duration, command: &mut Command) -> Output {
        let (mut stdout, mut stderr) = (anonymous_file(), anonymous_file());
        command.stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("start {command:?}: {error}"));
        let Some(status) = child.wait_timeout(limit).expect("wait for the program") else {
            child.kill().expect("stop the program");
            child.wait().expect("wait for the stopped program");
            panic!("{command:?} did not end within {limit:?}; stderr:\n{}", text_of(&mut stderr));
        };
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
        Output { stdout: text_of(&mut stdout), stderr: text_of(&mut stderr), code }
    }

    /// Runs tshark, which must succeed without a warning about the plugin or a dissector bug.
    pub fn tshark(&self, arguments: &[&str]) -> Output {
        let output = self.run_unchecked(self.command("tshark").args(arguments));
        assert_eq!(output.code, 0, "tshark {arguments:?} failed:\n{}", output.stderr);
        assert_no_dissector_fault(&output.stderr, &format!("stderr of tshark {arguments:?}"));
        assert_no_dissector_fault(&output.stdout, &format!("stdout of tshark {arguments:?}"));
        output
    }

    /// The displayed frames, with all values of each of `fields`. `options` are tshark's options, such as `-2` or `-Y`.
    pub fn rows(&self, capture: &Path, options: &[&str], fields: &[&str]) -> Vec<Row> {
        rows_of(&self.tshark(&row_arguments(capture, options, fields)))
    }

    /// The same of a capture in which Wireshark may report dissector bugs and malformed packets.
    pub fn rows_with_faults(&self, capture: &Path, options: &[&str], fields: &[&str]) -> Vec<Row> {
        let arguments = row_arguments(capture, options, fields);
        let output = self.run_unchecked(self.command("tshark").args(&arguments));
        assert_eq!(output.code, 0, "tshark {arguments:?} failed:\n{}", output.stderr);
        rows_of(&output)
    }

    /// The labels: phases and acknowledged frames of each frame that has any.
    pub fn labels(&self, capture: &Path, options: &[&str]) -> Vec<Label> {
        let rows = self.rows(capture, options, &["workermanchat.phase", "workermanchat.acks", "workermanchat.note"]);
        rows.iter().map(Label::new).filter(|label| !label.phases.is_empty() || !label.acks.is_empty()).collect()
    }

    /// The labels of a capture, which must be equal in one pass and in two; the full tree must show no fault.
    pub fn agreed_labels(&self, capture: &Path) -> Vec<Label> {
        let labels = self.labels(capture, &[]);
        assert_same_labels(&labels, &self.labels(capture, &["-2"]), "one pass (left) and two agree");
        self.tshark(&["-r", capture.to_str().unwrap(), "-2", "-V"]);
        labels
    }
}

fn row_arguments<'a>(capture: &'a Path, options: &[&'a str], fields: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["-r", capture.to_str().unwrap(), "-T", "json", "-e", "frame.number"];
    arguments.extend(options);
    for field in fields {
        arguments.extend(["-e", field]);
    }
    arguments
}

fn rows_of(output: &Output) -> Vec<Row> {
    // Behind the packets stands what `-z` prints.
    let mut packets = serde_json::Deserializer::from_str(&output.stdout).into_iter::<Vec<Value>>();
    let packets = packets.next().expect("tshark -T json prints a value").expect("tshark -T json prints JSON");
    packets.iter().map(Row::new).collect()
}

impl Row {
    fn new(packet: &Value) -> Self {
        let layers = packet["_source"]["layers"].clone();
        let frame = layers["frame.number"][0].as_str().and_then(|number| number.parse().ok()).expect("a frame number");
        Self { frame, layers }
    }

    /// All values of a field in this frame, in tree order.
    pub fn all(&self, field: &str) -> Vec<String> {
        let values = self.layers[field].as_array().cloned().unwrap_or_default();
        values.iter().map(|value| value.as_str().expect("values are strings").to_owned()).collect()
    }

    /// The field's only value.
    pub fn one(&self, field: &str) -> String {
        let values = self.all(field);
        assert_eq!(values.len(), 1, "frame {} has {values:?} as {field}", self.frame);
        values.into_iter().next().unwrap()
    }

    pub fn has(&self, field: &str) -> bool {
        self.layers.get(field).is_some()
    }

    /// All values of a field as numbers.
    pub fn numbers(&self, field: &str) -> Vec<u32> {
        self.all(field).iter().map(|value| value.parse().unwrap_or_else(|_| panic!("{field} is {value}"))).collect()
    }
}

/// The label of a frame: its phases and the frames it acknowledges.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    pub frame: u32,
    /// Sorted, without duplicates.
    pub phases: Vec<u32>,
    /// Sorted, without duplicates.
    pub acks: Vec<u32>,
}

impl Label {
    fn new(row: &Row) -> Self {
        let phases = row.numbers("workermanchat.phase");
        let mut notes = row.all("workermanchat.note");
        notes.retain(|note| !sentence::is_of_part(note));
        assert_eq!(
            phases.len(),
            notes.len(),
            "frame {}: a note beside every phase {phases:?}, not {notes:?}",
            row.frame
        );
        assert!(notes.iter().all(|note| !note.trim().is_empty()), "frame {}: no note is empty: {notes:?}", row.frame);
        Self::of(row.frame, &phases, &row.numbers("workermanchat.acks"))
    }

    pub fn of(frame: u32, phases: &[u32], acks: &[u32]) -> Self {
        Self { frame, phases: sorted(phases), acks: sorted(acks) }
    }
}

fn sorted(numbers: &[u32]) -> Vec<u32> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
}

/// Compares frame by frame, so that a failure shows the first difference.
pub fn assert_same_labels(left: &[Label], right: &[Label], what: &str) {
    let frames = left.iter().chain(right).map(|label| label.frame);
    for frame in frames.collect::<BTreeSet<u32>>() {
        assert_eq!(label_of(left, frame), label_of(right, frame), "{what}");
    }
}

/// The frames with a chat message, according to their labels.
pub fn message_frames(labels: &[Label]) -> Vec<u32> {
    labels
        .iter()
        .filter(|label| label.phases.iter().any(|&phase| phase::is_message(phase)))
        .map(|label| label.frame)
        .collect()
}

/// The phases of one frame.
pub fn phases_of(labels: &[Label], frame: u32) -> Vec<u32> {
    label_of(labels, frame).phases
}

/// The label of a frame; empty if it has none.
pub fn label_of(labels: &[Label], frame: u32) -> Label {
    labels.iter().find(|label| label.frame == frame).cloned().unwrap_or(Label::of(frame, &[], &[]))
}

/// What Wireshark prints of a dissector bug or a fault of the plugin.
pub const FAULTS: [&str; 9] = [
    "Dissector bug",
    "Malformed Packet:",
    "[Malformed",
    "compiled for Wireshark",
    "Couldn't load plugin",
    "has no \"plugin_",
    "found in multiple directories",
    "panicked at",
    "Unhandled exception",
];

/// Fails if the output reports a dissector bug or a fault of the plugin.
pub fn assert_no_dissector_fault(text: &str, what: &str) {
    for fault in FAULTS {
        if let Some(line) = text.lines().find(|line| line.contains(fault)) {
            panic!("{what}: {line}");
        }
    }
}

/// `X.Y` of the Wireshark in PATH, which is the name of its plugin folder.
pub fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let output = Command::new("tshark").arg("--version").output().expect("tshark is installed");
        let text = String::from_utf8_lossy(&output.stdout);
        let number = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        let mut parts = number.expect("tshark --version prints a version").split('.');
        format!("{}.{}", parts.next().unwrap(), parts.next().unwrap())
    })
}

/// The library that cargo built for this test run, in the folder of the test's executable.
pub fn built_library() -> PathBuf {
    let executable = std::env::current_exe().expect("the path of this test");
    let name = format!("{}workermanchat{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    executable.with_file_name(name)
}

/// The folder of recorded captures.
pub fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures")
}

fn anonymous_file() -> File {
    tempfile::tempfile().expect("create a temporary file")
}

fn text_of(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).expect("read the program's output");
    // The output of a killed program may end inside a character.
    String::from_utf8_lossy(&bytes).into_owned()
}
