//! A browser without a window, driven by the Chrome DevTools Protocol: what a page says to the console, what it asks for, and what is in it.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket, client};

use super::skip::skipped;
use super::wireshark::Wireshark;

/// The time limit of an answer.
const PATIENCE: Duration = Duration::from_secs(60);
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A browser with one page.
pub struct Browser {
    program: Child,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    session: Value,
    sent: u64,
    events: Vec<Value>,
}

impl Browser {
    /// Starts one in the home of a Wireshark; `None`, and the test is skipped, where there is none.
    pub fn start(wireshark: &Wireshark) -> Option<Browser> {
        let found = PROGRAMS.iter().find(|program| {
            let mut version = wireshark.command(program);
            version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|it| it.success())
        });
        let Some(name) = found else {
            skipped("there is no Chromium");
            return None;
        };
        let profile = format!("--user-data-dir={}", wireshark.home().join("browser").display());
        let options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", &profile];
        let mut command = wireshark.command(name);
        let mut program = command.args(options).arg("about:blank").stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(program.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut lines = lines.filter_map(|line| Some(line.strip_prefix("DevTools listening on ")?.to_owned()));
        let address = lines.next().expect("the browser's address");
        std::thread::spawn(move || lines.for_each(drop)); // it does not wait for somebody to read
        let host = address.strip_prefix("ws://").and_then(|rest| rest.split('/').next()).expect("ws://HOST:PORT/…");
        let stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) = client(&address, MaybeTlsStream::Plain(stream)).unwrap();
        let mut browser = Browser { program, socket, session: Value::Null, sent: 0, events: Vec::new() };
        let target = browser.ask("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = browser.ask("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        browser.session = attached["sessionId"].clone();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Sends a command and waits for its result.
    pub fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.sent += 1;
        let mut command = json!({ "id": self.sent, "method": method, "params": parameters });
        if !self.session.is_null() {
            command["sessionId"] = self.session.clone();
        }
        self.socket.send(Message::text(command.to_string())).unwrap();
        loop {
            let answer = self.read();
            if answer["id"] == self.sent {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    fn read(&mut self) -> Value {
        let text = self.socket.read().expect("an answer of the browser").into_text().unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        if !answer["method"].is_null() {
            self.events.push(answer.clone());
        }
        answer
    }

    /// Opens a file, at a fragment if there is one (`#NAME`), and forgets what was said and asked for before.
    pub fn open(&mut self, file: &Path, fragment: &str) {
        self.ask("Page.navigate", json!({ "url": "about:blank" }));
        self.wait_for("Page.loadEventFired");
        self.events.clear();
        self.ask("Page.navigate", json!({ "url": format!("file://{}{fragment}", file.display()) }));
        self.wait_for("Page.loadEventFired");
        // The event may be the empty page's, which came late.
        let begin = Instant::now();
        while self.value("document.readyState + location.protocol") != json!("completefile:") {
            assert!(begin.elapsed() < PATIENCE, "{} is not loaded", file.display());
        }
    }

    fn wait_for(&mut self, event: &str) {
        let begin = Instant::now();
        while !self.events.iter().any(|seen| seen["method"] == event) {
            assert!(begin.elapsed() < PATIENCE, "no {event}");
            self.read();
        }
    }

    /// The value of an expression in the page; of a promise, what it comes to.
    pub fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let result = self.ask("Runtime.evaluate", parameters);
        assert!(result["exceptionDetails"].is_null(), "{expression:.200}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// What the page has said to the console, and what went wrong in it.
    pub fn complaints(&self) -> Vec<&Value> {
        let methods = ["Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"];
        self.events.iter().filter(|event| methods.iter().any(|method| event["method"] == *method)).collect()
    }

    /// The addresses that it has asked for.
    pub fn requests(&self) -> Vec<&str> {
        let requests = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        requests.filter_map(|event| event["params"]["request"]["url"].as_str()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
