//! The programs that read a changed capture: tshark with and without trees, in one pass and in two; the plugin's views; sharkd, which is
//! asked for frames in any order, as Wireshark's details pane is.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::guarded::{Fault, Invocation};
use crate::harness::random::Random;
use crate::harness::wireshark::Output;
use crate::preferences::{Setting, without_own};

/// The changed capture, the requests of sharkd and the TLS secrets, in the folder where the programs run.
pub const CAPTURE: &str = "capture.pcapng";
pub const REQUESTS: &str = "requests.json";
pub const SECRETS: &str = "secrets.txt";

/// What a user asks of tshark; words with the plugin's name are left out where it is not loaded.
const FORMS: &[&[&str]] = &[
    &["-nVx"],
    &["-nVx"],
    &["-nV"],
    &["-n"],
    &["-n", "-Y", "workermanchat or tcp.analysis.flags"],
    &[
        "-n",
        "-Y",
        "workermanchat.note contains \"a\" or websocket",
        "-T",
        "fields",
        "-e",
        "frame.number",
        "-e",
        "workermanchat.content",
    ],
    &["-n", "-T", "json"],
    &["-n", "-T", "ek"],
    &["-n", "-T", "pdml"],
];
const OWN_VIEWS: &[&str] = &[
    "workermanchat,transcript",
    "workermanchat,sessions",
    "workermanchat,diagram",
    "workermanchat,tree",
    "follow,workermanchat,ascii,0",
    "expert,note,workermanchat",
];
const VIEWS: &[&str] = &["expert", "follow,tcp,ascii,0", "conv,tcp", "io,phs", "http,tree"];
/// Options that change which dissectors see the packets.
const WAYS: &[&[&str]] = &[
    &["-d", "tcp.port==7272,http"],
    &["-d", "tcp.port==7272,websocket"],
    &["-d", "tcp.port==1-65535,workermanchat"],
    &["-d", "ip.proto==6,tcp"],
    &["--disable-protocol", "websocket"],
    &["--disable-protocol", "workermanchat"],
    &["--disable-heuristic", "workermanchat_ws"],
    &["--enable-heuristic", "websocket_tcp"],
];
/// What belongs to the plugin has this in its name.
const OWN: &str = "workermanchat";
/// sharkd's request that opens a file.
const LOAD: &str = "load";
/// Without the plugin, what a filter that names it becomes.
const OTHERS_FILTER: &str = "websocket or tcp.analysis.flags";
/// A view of Wireshark for which each packet is dissected.
const OTHERS_VIEW: &str = "io,phs";

/// A run to make of a changed capture.
#[derive(Clone)]
pub enum Task {
    /// tshark's options, without the file and the preferences.
    Tshark(Vec<&'static str>),
    /// The requests to sharkd behind those that set preferences and load the file.
    Sharkd(Vec<Value>),
}

/// A task with its preferences.
#[derive(Clone)]
pub struct Run {
    pub task: Task,
    pub settings: Vec<Setting>,
    pub has_secrets: bool,
}

impl Run {
    /// Two runs: one of tshark's forms, and either sharkd or the views.
    pub fn choose(settings: &[Setting], has_secrets: bool, frames: usize, random: &mut Random) -> [Self; 2] {
        let mut form = random.pick(FORMS).to_vec();
        form.extend(random.one_in(2).then_some("-2"));
        if random.one_in(6) {
            form.extend(*random.pick(WAYS));
        }
        let second =
            if random.one_in(3) { Task::Tshark(views(random)) } else { Task::Sharkd(requests(frames, random)) };
        [Task::Tshark(form), second].map(|task| Self { task, settings: settings.to_vec(), has_secrets })
    }

    /// The command, and what is to stand in [`REQUESTS`].
    pub fn invocation(&self) -> (Invocation, Option<String>) {
        match &self.task {
            Task::Tshark(options) => {
                let settings = self.settings.iter().map(|(name, value)| format!("{name}:{value}"));
                let secrets = self.has_secrets.then(|| format!("tls.keylog_file:{SECRETS}"));
                let preferences = settings.chain(secrets).flat_map(|setting| ["-o".to_owned(), setting]);
                let options = options.iter().map(|option| (*option).to_owned());
                let file = ["-r", CAPTURE].map(str::to_owned);
                let arguments = file.into_iter().chain(preferences).chain(options).collect();
                (Invocation { program: "tshark", arguments, input: None }, None)
            }
            Task::Sharkd(requests) => {
                let settings =
                    self.settings.iter().copied().chain(self.has_secrets.then_some(("tls.keylog_file", SECRETS)));
                let settings = settings.map(|(name, value)| call("setconf", json!({"name": name, "value": value})));
                let load = call(LOAD, json!({"file": CAPTURE}));
                let lines = settings.chain([load]).chain(requests.iter().cloned()).zip(1..).map(|(mut request, id)| {
                    request["id"] = id.into();
                    format!("{request}\n")
                });
                let input = Some(PathBuf::from(REQUESTS));
                (Invocation { program: "sharkd", arguments: vec!["-".to_owned()], input }, Some(lines.collect()))
            }
        }
    }

    /// sharkd answers each request, be it with an error, but says nothing when it has loaded a file that is cut.
    pub fn unanswered(&self, output: &Output) -> Option<Fault> {
        let requests = self.invocation().1?;
        let asked = requests.lines().filter(|line| !line.contains(LOAD)).count();
        let answered = output.stdout.lines().filter(|line| line.starts_with('{')).count();
        let kind = format!("{answered} answers to {asked} requests");
        (answered < asked).then(|| Fault { kind, line: String::new() })
    }

    /// The same for a Wireshark without the plugin.
    pub fn without_plugin(&self) -> Self {
        let task = match &self.task {
            Task::Tshark(options) => Task::Tshark(without_own_options(options)),
            Task::Sharkd(requests) => Task::Sharkd(requests.iter().filter_map(without_own_name).collect()),
        };
        Self { task, settings: without_own(&self.settings), has_secrets: self.has_secrets }
    }
}

/// A request that does not name the plugin; a filter becomes one that needs as much.
fn without_own_name(request: &Value) -> Option<Value> {
    if !request.to_string().to_lowercase().contains(OWN) {
        return Some(request.clone());
    }
    (request["method"] == "frames").then(|| call("frames", json!({"filter": OTHERS_FILTER})))
}

/// Options in pairs, such as `-z` and a view, without those whose second word names the plugin; a filter and a view become one that needs
/// as much: without any, tshark would dissect nothing.
fn without_own_options(options: &[&'static str]) -> Vec<&'static str> {
    let mut kept: Vec<&str> = Vec::new();
    for &option in options {
        if !option.contains(OWN) {
            kept.push(option);
            continue;
        }
        match kept.last() {
            Some(&"-Y") => kept.push(OTHERS_FILTER),
            Some(&"-z") => kept.push(OTHERS_VIEW),
            _ => drop(kept.pop()),
        }
    }
    kept
}

fn views(random: &mut Random) -> Vec<&'static str> {
    let mut options = vec!["-q"];
    options.extend(random.one_in(2).then_some("-2"));
    for _ in 0..1 + random.below(3) {
        options.extend(["-z", *random.pick(OWN_VIEWS)]);
    }
    options.extend(random.one_in(2).then(|| ["-z", *random.pick(VIEWS)]).into_iter().flatten());
    options
}

/// Frames in random order, some of them several times, between filters, taps and changed preferences.
fn requests(frames: usize, random: &mut Random) -> Vec<Value> {
    let mut requests = Vec::new();
    for _ in 0..(frames + frames / 4).min(200) {
        let frame = 1 + random.below(frames);
        let whole = json!({"frame": frame, "proto": true, "columns": true, "bytes": random.one_in(4)});
        requests.push(match random.below(40) {
            0 => call("frames", json!({"filter": "workermanchat.phase or workermanchat"})),
            1 => call("frames", json!({"filter": "tcp"})),
            2 => call("tap", json!({"tap0": "stat:workermanchat"})),
            3 => call("follow", json!({"follow": "WorkermanChat", "filter": "tcp.stream == 0"})),
            4 => call("tap", json!({"tap0": "expert"})),
            5 => call("setconf", json!({"name": "workermanchat.language", "value": *random.pick(&["fr", "zh-CN"])})),
            6 => call(
                "setconf",
                json!({"name": "tcp.relative_sequence_numbers", "value": *random.pick(&["TRUE", "FALSE"])}),
            ),
            7 => call(LOAD, json!({"file": CAPTURE})),
            8 => call("frame", json!({"frame": frame})),
            _ => call("frame", whole),
        });
    }
    requests
}

fn call(method: &str, parameters: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": method, "params": parameters})
}
