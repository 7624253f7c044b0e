//! A live capture: a WebSocket chat on the loopback interface, printed by tshark and by `plugin/annotate` message by message.

mod harness;

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use harness::phase::{self, *};
use harness::scripts::*;
use harness::skip::skipped;
use harness::wireshark::Wireshark;
use tungstenite::{Message, WebSocket, accept, client};

/// The time limit for a message to appear in tshark's output.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn each_message_is_printed_as_it_is_captured() {
    let listener = listen();
    let address = listener.local_addr().expect("the listener's address");
    let wireshark = Wireshark::with_plugin();
    let mut tshark = wireshark.command("tshark");
    tshark.args(["-l", "-r", "-"]);
    let Some(mut capture) = LiveCapture::start(&wireshark, address, tshark) else { return };
    let server = serve(listener);
    let stream = TcpStream::connect(address).expect("connect to the chat");
    let (mut browser, _) = client(format!("ws://{address}/"), stream).expect("upgrade to WebSocket");
    for handshake in [SYN, SYN_ACK, ACK, REQUEST, RESPONSE] {
        capture.expect_line(phase::name(handshake));
    }
    say(&mut browser, &login_request("mynick", "1"));
    capture.expect_line("Login request");
    capture.expect_line("Login result");
    for content in ["hi, all !", "大家好", "bye"] {
        say(&mut browser, &say_request(content));
        capture.expect_line(&format!("Say request: mynick → all: {content}"));
        capture.expect_line(&format!("Say delivery: mynick → all: {content}"));
    }
    browser.close(None).expect("close the WebSocket");
    browser.flush().expect("send the close frame");
    capture.expect_line(phase::name(CLOSE));
    server.join().expect("the server ends in peace");
    capture.stop();
}

#[test]
fn each_packet_is_annotated_as_it_is_captured() {
    let listener = listen();
    let address = listener.local_addr().expect("the listener's address");
    let wireshark = Wireshark::with_plugin();
    let mut annotate = wireshark.command("sh");
    annotate.arg(wireshark.script("annotate"));
    annotate.arg("-");
    let Some(mut capture) = LiveCapture::start(&wireshark, address, annotate) else { return };
    let server = serve(listener);
    let stream = TcpStream::connect(address).expect("connect to the chat");
    let (mut browser, _) = client(format!("ws://{address}/"), stream).expect("upgrade to WebSocket");
    for flags in ["[S], seq ", "[S.], seq ", "[.], ack 1,", "[P.], seq 1:"] {
        capture.expect_line(&format!(": Flags {flags}"));
    }
    for message in [login_request("mynick", "1"), say_request("大家好")] {
        say(&mut browser, &message);
        capture.expect_line(&message);
    }
    browser.close(None).expect("close the WebSocket");
    browser.flush().expect("send the close frame");
    capture.expect_line(": Flags [F.], seq ");
    server.join().expect("the server ends in peace");
    capture.stop();
}

/// A listener on a free port: on the chat's own, a chat server may run here.
fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("some port is free")
}

/// Tells the plugin the chat's port, as a user does who has the chat on another one.
fn prefer_port(wireshark: &Wireshark, port: u16) {
    wireshark.configure("preferences", &format!("workermanchat.tcp.port: {port}\n"));
}

fn say<S: std::io::Read + std::io::Write>(socket: &mut WebSocket<S>, message: &str) {
    socket.send(Message::text(message)).expect("send a message");
}

/// A chat server for one browser: it answers the login and delivers says.
fn serve(listener: TcpListener) -> JoinHandle<()> {
    thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a browser connects");
        let mut socket = accept(stream).expect("upgrade to WebSocket");
        while let Ok(message) = socket.read() {
            let Ok(text) = message.to_text() else {
                continue;
            };
            let Ok(asked) = serde_json::from_str::<serde_json::Value>(text) else {
                continue;
            };
            match asked["type"].as_str() {
                Some("login") => say(&mut socket, &login_result(1, "mynick", &[(1, "mynick")])),
                Some("say") => {
                    say(&mut socket, &say_delivery(1, "mynick", asked["content"].as_str().expect("a content")))
                }
                _ => {}
            }
        }
    })
}

/// `dumpcap -i lo -w - | READER`.
struct LiveCapture {
    dumpcap: Child,
    reader: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl LiveCapture {
    /// Captures what the chat at an address sends and gets, and starts what reads it; `None`, and it is skipped, without capture rights.
    fn start(wireshark: &Wireshark, chat: SocketAddr, mut reader: Command) -> Option<Self> {
        prefer_port(wireshark, chat.port());
        let filter = format!("tcp port {} and host {}", chat.port(), chat.ip());
        let mut dumpcap = wireshark.privileged_command("dumpcap");
        dumpcap.args(["-q", "-i", "lo", "-f", &filter, "-w", "-"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut dumpcap = dumpcap.spawn().expect("dumpcap is installed");
        if !begins_to_capture(dumpcap.stderr.take().expect("a pipe")) {
            dumpcap.wait().expect("dumpcap ends");
            skipped(
                "dumpcap may not capture on the loopback interface here: run the tests as root, or with capture rights",
            );
            return None;
        }
        reader.stdin(dumpcap.stdout.take().expect("a pipe")).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut reader = reader.spawn().expect("tshark is installed");
        let output = BufReader::new(reader.stdout.take().expect("a pipe"));
        let (sender, lines) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        Some(Self { dumpcap, reader, lines, seen: Vec::new() })
    }

    /// Waits until a line that contains this is printed.
    fn expect_line(&mut self, wanted: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.seen.iter().any(|line| line.contains(wanted)) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.seen.push(line),
                Err(_) => panic!("not printed: {wanted:?}, but:\n{}", self.seen.join("\n")),
            }
        }
    }

    fn stop(mut self) {
        self.dumpcap.kill().expect("stop dumpcap");
        self.dumpcap.wait().expect("dumpcap ends");
        let status = self.reader.wait().expect("the reader ends with its input");
        assert!(status.code().is_some(), "the reader ended with {status}");
    }
}

impl Drop for LiveCapture {
    fn drop(&mut self) {
        // After a failed test, both may still run. After `stop`, neither does.
        let _ = self.dumpcap.kill();
        let _ = self.reader.kill();
    }
}

/// Reads dumpcap's messages until it prints its output file, which it does when the capture has started, or exits.
fn begins_to_capture(messages: ChildStderr) -> bool {
    let mut lines = BufReader::new(messages).lines().map_while(Result::ok);
    let begins = lines.any(|line| line.starts_with("File:"));
    // dumpcap continues to write to this pipe.
    thread::spawn(move || lines.for_each(drop));
    begins
}
