//! Runs a program of Wireshark as `tools/fuzz-test.sh` of Wireshark does: what is otherwise survived aborts, freed memory is overwritten,
//! time and memory are limited. Says what went wrong.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::wireshark::{Output, Wireshark};

/// What Wireshark and the C library are told: to abort at a dissector bug, at too many tree items and at a critical message, and to
/// show the use of memory that was freed or never written.
pub const ENVIRONMENT: [(&str, &str); 6] = [
    ("WIRESHARK_ABORT_ON_DISSECTOR_BUG", "1"),
    ("WIRESHARK_ABORT_ON_TOO_MANY_ITEMS", "1"),
    ("WIRESHARK_DEBUG_WMEM_OVERRIDE", "strict"),
    ("WIRESHARK_LOG_FATAL", "critical"),
    ("G_SLICE", "always-malloc"),
    ("MALLOC_PERTURB_", "165"),
];

/// `timeout` ends what takes longer than these seconds, however busy the machine is; the processor's time is limited below.
const LONGEST: &str = "110";
/// 2 GiB of addresses, 40 seconds of a processor (five more, and nothing can hold the signal back), and no core file.
const LIMITS: [&str; 3] = ["--as=2147483648", "--cpu=40:45", "--core=0"];
/// The status with which `timeout` ends.
const TOO_LONG: i32 = 124;
/// The signal of the limit on the processor's time.
const SIGXCPU: i32 = 24;

/// What no output may say, however damaged the packets are, and what it means.
const SAID: [(&str, &str); 8] = [
    ("Dissector bug", "a dissector bug"),
    ("workermanchat.expert.internal", "a panic of the plugin"),
    // The place of a panic, which the finding's text names in each language.
    (".rs:", "a panic of the plugin"),
    // The Info column, where there is no tree.
    ("A fault of this plugin", "a panic of the plugin"),
    ("panicked at", "a panic"),
    ("Unhandled exception", "an exception that nobody caught"),
    ("Unable to open the file", "a file that sharkd does not load"),
    ("Couldn't load plugin", "a plugin that is not loaded"),
];

/// A program, its arguments and its standard input. Relative names of files are those of a folder.
#[derive(Clone, Debug)]
pub struct Invocation {
    pub program: &'static str,
    pub arguments: Vec<String>,
    pub input: Option<PathBuf>,
}

/// What went wrong in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: String,
    /// The line of the output that says more, if there is one.
    pub line: String,
}

impl Invocation {
    /// Runs it in a folder, in a home of Wireshark's.
    pub fn run(&self, wireshark: &Wireshark, folder: &Path) -> Output {
        let mut command = wireshark.command("timeout");
        command.current_dir(folder).envs(ENVIRONMENT).args(["--kill-after=5", LONGEST, "prlimit"]).args(LIMITS);
        command.arg(self.program).args(&self.arguments);
        if let Some(input) = &self.input {
            let path = folder.join(input);
            command.stdin(File::open(&path).unwrap_or_else(|error| panic!("read {}: {error}", path.display())));
        }
        wireshark.run_unchecked(&mut command)
    }

    /// The command for a shell, in the same folder.
    pub fn for_a_shell(&self) -> String {
        let variables = ENVIRONMENT.iter().map(|(name, value)| format!("{name}={value}"));
        let words = ["prlimit"].into_iter().chain(LIMITS).chain([self.program]).map(str::to_owned);
        let arguments = self.arguments.iter().map(|argument| quoted(argument));
        let input = self.input.iter().map(|input| format!("<{}", quoted(&input.to_string_lossy())));
        variables.chain(words).chain(arguments).chain(input).collect::<Vec<_>>().join(" ")
    }
}

impl Fault {
    /// Whether another run shows the same one, perhaps in another frame or at another address.
    pub fn is_like(&self, other: &Fault) -> bool {
        let words = |line: &str| line.replace(|c: char| c.is_ascii_hexdigit(), "");
        self.kind == other.kind && words(&self.line) == words(&other.line)
    }
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// What went wrong, if something did.
pub fn fault(output: &Output) -> Option<Fault> {
    let said = |(words, kind): (&str, &str)| {
        let line = [&output.stderr, &output.stdout]
            .into_iter()
            .flat_map(|text| text.lines())
            .find(|line| line.contains(words));
        line.map(|line| Fault { kind: kind.to_owned(), line: around(line, words) })
    };
    ended_badly(output).or_else(|| SAID.into_iter().find_map(said))
}

fn ended_badly(output: &Output) -> Option<Fault> {
    let kind = match output.code {
        0 => return None,
        // The file was cut, which is no fault of who reads it.
        2..128 if output.stderr.contains("cut short in the middle of a packet") => return None,
        TOO_LONG => format!("more than {LONGEST} s"),
        code if code == 128 + SIGXCPU => "too much of the processor's time".to_owned(),
        code if code > 128 => format!("signal {}", code - 128),
        code => format!("status {code}"),
    };
    let line = output.stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Some(Fault { kind, line: line.to_owned() })
}

/// What stands around the words in a line, which in sharkd's answers is long.
fn around(line: &str, words: &str) -> String {
    let at = line.find(words).unwrap_or_default();
    let before = line[..at].chars().rev().take(120).collect::<Vec<_>>().into_iter().rev();
    before.chain(line[at..].chars().take(200)).collect()
}
