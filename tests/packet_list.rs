//! The packet list: its columns with the plugin's profile, its Info column, the profile's filter buttons.

mod harness;

use std::fs;
use std::path::{Path, PathBuf};

use harness::packets::{Capture, Connection, Link, SYN, Side};
use harness::scripts::*;
use harness::websocket::masked_text;
use harness::wireshark::Wireshark;
use workermanchat::language::Language;

const PROFILE: &str = "Workerman Chat";

/// A file of the profile, as the project ships it.
fn shipped(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin/profile").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A home with the plugin and its profile.
fn with_profile() -> Wireshark {
    let wireshark = Wireshark::with_plugin();
    for file in ["preferences", "recent", "colorfilters", "dfilter_buttons"] {
        wireshark.configure(&format!("profiles/{PROFILE}/{file}"), &shipped(file));
    }
    wireshark
}

/// The texts in quotes and the bare words of the list that follows `name:`, up to the next line that begins at the margin.
fn list(file: &str, name: &str) -> Vec<String> {
    let text = shipped(file);
    let (_, rest) = text.split_once(&format!("\n{name}:")).unwrap_or_else(|| panic!("{file} has {name}"));
    let lines = rest.lines().enumerate().take_while(|(at, line)| *at == 0 || line.starts_with(char::is_whitespace));
    let items = lines.flat_map(|(_, line)| line.split(',')).map(|item| item.trim().trim_matches('"').to_owned());
    items.filter(|item| !item.is_empty()).collect()
}

/// Titles and formats of the columns.
fn columns() -> Vec<(String, String)> {
    list("preferences", "gui.column.format").chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

/// The lines of the packet list.
fn lines(wireshark: &Wireshark, capture: &Path, options: &[&str]) -> Vec<String> {
    let arguments = [&["-r", capture.to_str().unwrap()], options].concat();
    let list = wireshark.tshark(&arguments);
    assert_eq!(list.stderr, "", "{options:?}");
    list.stdout.lines().map(|line| line.trim().to_owned()).collect()
}

/// The Info column of a frame.
fn info(wireshark: &Wireshark, capture: &Path, frame: u32, options: &[&str]) -> String {
    let column = ["-o", "gui.column.format:\"Info\",\"%i\"", "-Y", &format!("frame.number == {frame}")];
    lines(wireshark, capture, &[&column, options].concat()).join("\n")
}

// --- the profile ------------------------------------------------------------------------------------------------------

#[test]
fn the_profile_shows_the_note_before_protocol_and_info() {
    let titles: Vec<String> = columns().into_iter().map(|(title, _)| title).collect();
    assert_eq!(titles[..7], ["No.", "Time", "From", "To", "Note", "Protocol", "Info"]);

    let wireshark = with_profile();
    let capture = wireshark.capture("chat-2026.pcap");
    let list = lines(&wireshark, &capture, &["-C", PROFILE]);
    let squeezed = |at: usize| list[at].split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(
        squeezed(2),
        "3 0.000027 49186 7272 Browser port 49186 sends an ACK packet to server port 7272: the TCP connection is \
         established TCP [TCP handshake 3/3 (ACK)] 49186 → 7272 [ACK] Seq=1 Ack=1 Win=65536 Len=0 TSval=2685990059 \
         TSecr=1792649058"
    );
    assert!(squeezed(7).starts_with("8 0.028988 49186 7272 Browser port 49186 sends server port 7272 a login request"));
    assert!(squeezed(7).ends_with("WorkermanChat Login request: mynick, room 1"), "{}", squeezed(7));
}

/// Wireshark names the column of a field in `recent` without the occurrence and the kind that follow it in `preferences`.
#[test]
fn widths_and_hidden_columns_are_those_of_the_columns() {
    let formats: Vec<String> = columns().into_iter().map(|(_, format)| format).collect();
    let keys: Vec<String> = formats.iter().map(|format| format.trim_end_matches(":0:R").to_owned()).collect();
    let widths = list("recent", "column.width");
    let named: Vec<&String> = widths.iter().step_by(2).collect();
    assert_eq!(named, keys.iter().collect::<Vec<_>>());
    for width in widths.iter().skip(1).step_by(2) {
        assert!(width.parse::<u32>().is_ok_and(|width| width > 40), "{width}");
    }
    assert_eq!(list("preferences", "gui.column.hidden"), formats[7..], "all behind Info");
}

#[test]
fn the_profile_puts_segments_in_order() {
    let mut capture = Capture::new(Link::Ethernet);
    let mut mynick = Connection::from_port(50_001);
    join(&mut capture, &mut mynick, 1, "mynick", "1");
    let bytes = masked_text(say_request("hello"));
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let first = mynick.data(Side::Client, first);
    let second = mynick.data(Side::Client, second);
    capture.push(&second);
    let late = capture.push(&first);
    let wireshark = with_profile();
    let path = wireshark.write("swapped.pcap", &capture);
    let said = |options: &[&str]| -> Vec<(u32, String)> {
        let rows = wireshark.rows(&path, options, &["workermanchat.content"]);
        let says = rows.iter().filter(|row| row.has("workermanchat.content"));
        says.map(|row| (row.frame, row.one("workermanchat.content"))).collect()
    };
    assert_eq!(said(&["-C", PROFILE]), [(late, "hello".to_owned())]);
    assert_eq!(said(&[]), [], "Wireshark's own default");
}

#[test]
fn the_button_for_problems_selects_no_routine() {
    let wireshark = with_profile();
    let buttons = shipped("dfilter_buttons");
    let button = buttons.lines().find(|line| line.contains("\"Problems\"")).expect("there is a button for problems");
    let filter = button.split("\",\"").nth(2).expect("the button's filter");
    let problems = |capture: &str| -> Vec<u32> {
        let rows = wireshark.rows(&wireshark.capture(capture), &["-Y", filter], &["frame.number"]);
        rows.iter().map(|row| row.frame).collect()
    };
    assert_eq!(problems("chat-2026.pcap"), [53, 55], "two messages that are not JSON");
    for quiet in ["chat-2015.pcap", "heartbeat-2026.pcap", "seed-2014.pcap"] {
        assert_eq!(problems(quiet), [0; 0], "{quiet}");
    }
}

// --- the Info column --------------------------------------------------------------------------------------------------

fn chat() -> (Wireshark, PathBuf) {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("chat-2026.pcap");
    (wireshark, capture)
}

#[test]
fn the_json_tree_leaves_the_columns_alone() {
    let (wireshark, capture) = chat();
    let shown = ["-o", "workermanchat.show_json:TRUE"];
    for passes in ["-n", "-2"] {
        let list = lines(&wireshark, &capture, &[passes]);
        assert_eq!(lines(&wireshark, &capture, &[&shown[..], &[passes]].concat()), list, "{passes}");
    }
    let trees = lines(
        &wireshark,
        &capture,
        &[&shown[..], &["-Y", "json.object", "-T", "fields", "-e", "frame.number"]].concat(),
    );
    assert!(trees.contains(&"8".to_owned()), "the tree is there: {trees:?}");
}

#[test]
fn what_is_not_json_is_called_so_in_the_language_of_the_rest() {
    let (wireshark, capture) = chat();
    for tag in Language::ALL.iter().map(|language| language.tag()) {
        let expected = match tag {
            "en" => "Say request: mynick → all: back\\slash C:\\temp\\new [not JSON]",
            "zh-CN" => "发言请求: mynick → 所有人: back\\slash C:\\temp\\new [非 JSON]",
            "zh-TW" => "發言請求: mynick → 大家: back\\slash C:\\temp\\new [不是 JSON]",
            "fr" => "Message envoyé : mynick → tous : back\\slash C:\\temp\\new [pas du JSON]",
            "it" => "Messaggio inviato: mynick → tutti: back\\slash C:\\temp\\new [non è JSON]",
            "pt" => "Mensagem enviada: mynick → todos: back\\slash C:\\temp\\new [não é JSON]",
            "ru" => "Отправка сообщения: mynick → всем: back\\slash C:\\temp\\new [не JSON]",
            tag => panic!("this test has no Info column in {tag}"),
        };
        assert_eq!(info(&wireshark, &capture, 53, &["-o", &format!("workermanchat.language:{tag}")]), expected);
    }
}

/// Where a frame holds two segments (an A-MSDU), the phase of the second stands before its own text, behind the message of the first.
#[test]
fn the_phase_stands_before_the_text_of_its_own_segment() {
    let mut capture = Capture::new(Link::Wlan);
    let mut mynick = Connection::from_port(50_001);
    join(&mut capture, &mut mynick, 1, "mynick", "1");
    let mut other = Connection::from_port(50_002);
    let said = mynick.data(Side::Client, masked_text(say_request("hello")));
    let syn = other.segment(Side::Client, SYN, []);
    let frame = capture.push_together(&[said, syn]);
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("together.pcap", &capture);
    for passes in ["-n", "-2"] {
        let info = info(&wireshark, &path, frame, &[passes]);
        let expected = "Say request: mynick → all: hello [TCP handshake 1/3 (SYN)] 50002 → 7272 [SYN]";
        assert!(info.starts_with(expected), "{passes}: {info}");
    }
}
