//! A sharkd session: dissection with random access, as in Wireshark's packet details pane.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use wait_timeout::ChildExt;

use super::sentence;
use super::wireshark::{Label, Wireshark, assert_no_dissector_fault};

const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A running sharkd; it exits when its standard input is closed.
pub struct Sharkd {
    child: Child,
    requests: Option<ChildStdin>,
    answers: Receiver<String>,
    next_id: u32,
}

impl Sharkd {
    /// Starts sharkd and loads a capture.
    pub fn load(wireshark: &Wireshark, capture: &Path) -> Self {
        let mut command = wireshark.command("sharkd");
        command.arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("sharkd is installed");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, answers) = channel();
        thread::spawn(move || {
            // sharkd prints log lines that are not JSON.
            let lines = output.lines().map_while(Result::ok).filter(|line| line.starts_with('{'));
            lines.for_each(|line| drop(sender.send(line)));
        });
        let requests = child.stdin.take();
        let mut sharkd = Self { child, requests, answers, next_id: 1 };
        sharkd.ask("load", json!({"file": capture}));
        sharkd
    }

    /// Sends a request and returns its result.
    pub fn ask(&mut self, method: &str, parameters: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": parameters});
        self.next_id += 1;
        let requests = self.requests.as_mut().expect("sharkd still listens");
        writeln!(requests, "{request}").and_then(|()| requests.flush()).expect("sharkd reads requests");
        let answer =
            self.answers.recv_timeout(TIME_LIMIT).unwrap_or_else(|_| panic!("sharkd does not answer {request}"));
        assert_no_dissector_fault(&answer, &format!("sharkd's answer to {request}"));
        let mut answer: Value = serde_json::from_str(&answer).expect("sharkd answers JSON");
        assert!(answer.get("error").is_none(), "sharkd refuses {request}: {}", answer["error"]);
        answer["result"].take()
    }

    /// The frames that match a display filter.
    pub fn filter(&mut self, filter: &str) -> Vec<u32> {
        let frames = self.ask("frames", json!({"filter": filter}));
        frames.as_array().expect("a list of frames").iter().map(|frame| frame["num"].as_u64().unwrap() as u32).collect()
    }

    /// All tree items of a frame, in tree order.
    pub fn items(&mut self, frame: u32) -> Vec<Value> {
        let result = self.ask("frame", json!({"frame": frame, "proto": true, "columns": true}));
        let mut items = Vec::new();
        collect(&result["tree"], &mut items);
        items
    }

    /// The values of a field in a frame, from the filters that sharkd returns.
    pub fn values(&mut self, frame: u32, field: &str) -> Vec<String> {
        values(&self.items(frame), field)
    }

    /// The label of a frame.
    pub fn label(&mut self, frame: u32) -> Label {
        let items = self.items(frame);
        let numbers = |field| -> Vec<u32> {
            values(&items, field).iter().map(|value| value.parse().expect("a number")).collect()
        };
        let phases = numbers("workermanchat.phase");
        let mut notes = values(&items, "workermanchat.note");
        notes.retain(|note| !sentence::is_of_part(note));
        assert_eq!(phases.len(), notes.len(), "frame {frame}: a note beside every phase");
        Label::of(frame, &phases, &numbers("workermanchat.acks"))
    }
}

impl Drop for Sharkd {
    fn drop(&mut self) {
        self.requests = None;
        let ended = self.child.wait_timeout(Duration::from_secs(10));
        if !matches!(ended, Ok(Some(_))) {
            // A failed kill is ignored.
            let _ = self.child.kill().and_then(|()| self.child.wait());
        }
        if let Ok(Some(status)) = ended {
            assert!(status.success() || thread::panicking(), "sharkd ended with {status}");
        }
    }
}

fn values(items: &[Value], field: &str) -> Vec<String> {
    let prefix = format!("{field} == ");
    let filters = items.iter().filter_map(|item| item["f"].as_str());
    filters.filter_map(|filter| filter.strip_prefix(&prefix)).map(unquoted).collect()
}

/// A value of a display filter; strings without quotes and escapes.
fn unquoted(value: &str) -> String {
    serde_json::from_str::<String>(value).unwrap_or_else(|_| value.trim_matches('"').to_owned())
}

fn collect(items: &Value, into: &mut Vec<Value>) {
    for item in items.as_array().into_iter().flatten() {
        into.push(item.clone());
        collect(&item["n"], into);
    }
}
