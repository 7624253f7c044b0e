//! One run of tshark, and what it costs: instructions, user time and peak memory.

use std::fmt::{self, Display};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use wait4::Wait4;

use crate::harness::wireshark::{Wireshark, built_library};
use crate::harness::work::VALGRIND;
use crate::texts::RARE_WORD;

/// A run that takes longer, in seconds, is stopped and counts as infinite cost.
const TIME_LIMIT: u32 = 400;
/// With this preference, the WebSocket dissector passes texts to Wireshark's JSON dissector.
const JSON_PREFERENCE: &str = "websocket.text_type:As json";
/// The exit status of `timeout` when it stops a program.
const STOPPED: i32 = 124;
const LUA_PEER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/workermanchat.lua");

/// What dissects the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dissector {
    /// tshark as it is installed.
    Stock,
    /// Its JSON dissector.
    Json,
    /// `benches/peers/workermanchat.lua`.
    Lua,
    Plugin,
}

/// What a user asks of tshark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Task {
    /// `tshark -r`: the packet list, without protocol trees.
    Read,
    /// The packets with messages.
    Messages,
    /// The packets with messages that contain a word.
    Contains,
    /// The packets with messages, in two passes.
    TwoPasses,
}

impl Dissector {
    pub const ALL: [Dissector; 4] = [Dissector::Stock, Dissector::Json, Dissector::Lua, Dissector::Plugin];

    fn options(self, lua_peer: &Path) -> Vec<String> {
        match self {
            Dissector::Stock | Dissector::Plugin => Vec::new(),
            Dissector::Json => vec!["-o".to_owned(), JSON_PREFERENCE.to_owned()],
            Dissector::Lua => vec!["-X".to_owned(), format!("lua_script:{}", lua_peer.display())],
        }
    }

    /// The protocol whose packets `-Y` shows.
    fn protocol(self) -> &'static str {
        match self {
            Dissector::Stock => "websocket",
            Dissector::Json => "json",
            Dissector::Lua => "wmlua",
            Dissector::Plugin => "workermanchat",
        }
    }

    /// The field that contains what is said.
    fn content(self) -> &'static str {
        match self {
            Dissector::Stock => "websocket.payload.text",
            Dissector::Json => "json.value.string",
            Dissector::Lua => "wmlua.content",
            Dissector::Plugin => "workermanchat.content",
        }
    }
}

impl Display for Dissector {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.pad(match self {
            Dissector::Stock => "stock",
            Dissector::Json => "JSON",
            Dissector::Lua => "Lua",
            Dissector::Plugin => "plugin",
        })
    }
}

impl Task {
    fn options(self, dissector: Dissector) -> Vec<String> {
        let filter = |filter: String| vec!["-Y".to_owned(), filter];
        match self {
            Task::Read => Vec::new(),
            Task::Messages => filter(dissector.protocol().to_owned()),
            Task::Contains => filter(format!("{} contains \"{RARE_WORD}\"", dissector.content())),
            Task::TwoPasses => [vec!["-2".to_owned()], Task::Messages.options(dissector)].concat(),
        }
    }

    /// The command with this dissector, as the documentation writes it.
    pub fn command(self, dissector: Dissector) -> String {
        let options = self.options(dissector).into_iter();
        let quoted = options.map(|option| if option.contains(' ') { format!("'{option}'") } else { option });
        ["tshark -r".to_owned()].into_iter().chain(quoted).collect::<Vec<_>>().join(" ")
    }
}

/// The cost of a run without valgrind.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// User time in seconds.
    pub seconds: f64,
    /// The largest resident set, in bytes.
    pub peak: f64,
    /// The printed lines, one a packet.
    pub rows: usize,
}

impl Cost {
    const ENDLESS: Cost = Cost { seconds: f64::INFINITY, peak: f64::INFINITY, rows: 0 };
}

/// The installed tshark, with and without the plugin that cargo built for this benchmark.
pub struct Laboratory {
    stock: Wireshark,
    plugin: Wireshark,
    lua_peer: PathBuf,
}

impl Laboratory {
    pub fn new() -> io::Result<Self> {
        let stock = Wireshark::without_plugin();
        let lua_peer = stock.home().join("workermanchat.lua");
        fs::copy(LUA_PEER, &lua_peer)?;
        Ok(Self { stock, plugin: Wireshark::with_library(&built_library()), lua_peer })
    }

    /// A folder in which the unprivileged user who runs tshark can read.
    pub fn folder(&self) -> &Path {
        self.stock.home()
    }

    fn command(&self, runner: &[&str], dissector: Dissector, task: Task, capture: &Path) -> Command {
        let wireshark = if dissector == Dissector::Plugin { &self.plugin } else { &self.stock };
        let mut command = wireshark.command("timeout");
        command.arg(TIME_LIMIT.to_string()).args(runner).arg("tshark").args(dissector.options(&self.lua_peer));
        command.arg("-r").arg(capture).args(task.options(dissector)).stdout(Stdio::piped());
        command
    }

    /// Runs tshark once.
    pub fn run(&self, dissector: Dissector, task: Task, capture: &Path) -> io::Result<Cost> {
        let mut command = self.command(&[], dissector, task, capture);
        let mut child = command.spawn()?;
        let rows = count_lines(child.stdout.take().expect("the output is piped"))?;
        // The largest resident set of a process is at least its parent's, so this process must stay smaller than tshark.
        let resources = child.wait4()?;
        if resources.status.code() == Some(STOPPED) {
            return Ok(Cost::ENDLESS);
        }
        if !resources.status.success() {
            return Err(io::Error::other(format!("{command:?}: {}", resources.status)));
        }
        let usage = resources.rusage;
        Ok(Cost { seconds: usage.utime.as_secs_f64(), peak: usage.maxrss as f64, rows })
    }

    /// The instructions of one run, and the printed lines.
    pub fn instructions(&self, dissector: Dissector, task: Task, capture: &Path) -> io::Result<(f64, usize)> {
        // Of valgrind's tools, cachegrind without a cache counts the same instructions as callgrind in half of the time.
        let counting = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"];
        let runner: Vec<&str> = VALGRIND.into_iter().chain(counting).collect();
        let mut command = self.command(&runner, dissector, task, capture);
        let output = command.output()?;
        if output.status.code() == Some(STOPPED) {
            return Ok((f64::INFINITY, 0));
        }
        let messages = String::from_utf8_lossy(&output.stderr);
        let count =
            messages.lines().find_map(|line| line.split_once("I   refs:")).map(|(_, count)| count.replace(',', ""));
        let count = count.and_then(|count| count.trim().parse().ok()).filter(|_| output.status.success());
        let count = count.ok_or_else(|| io::Error::other(format!("{command:?}: {}\n{messages}", output.status)))?;
        Ok((count, count_lines(&*output.stdout)?))
    }
}

fn count_lines(mut output: impl Read) -> io::Result<usize> {
    let (mut lines, mut buffer) = (0, vec![0; 1 << 16]);
    loop {
        match output.read(&mut buffer)? {
            0 => return Ok(lines),
            length => lines += buffer[..length].iter().filter(|byte| **byte == b'\n').count(),
        }
    }
}
