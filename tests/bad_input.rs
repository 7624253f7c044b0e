//! Malformed and truncated captures: tshark continues and reports the fault. Builds with a missing dependency: the build names it.

mod harness;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use harness::build::{build, library};
use harness::guarded::{Invocation, fault};
use harness::packets::{Capture, Connection, Link, Side};
use harness::phase::{self, *};
use harness::scripts::*;
use harness::sharkd::Sharkd;
use harness::websocket::{masked_text, text};
use harness::wireshark::{Output, Row, Wireshark, assert_no_dissector_fault, phases_of};

/// Builds share a target folder and a library name, so only one runs at a time.
static BUILDING: Mutex<()> = Mutex::new(());

fn joined() -> (Capture, Connection) {
    let mut capture = Capture::new(Link::Ethernet);
    let mut mynick = Connection::from_port(50001);
    join(&mut capture, &mut mynick, 1, "mynick", "1");
    (capture, mynick)
}

/// A say whose `content` is `inside` in quotes, without any escaping.
fn say_with(inside: &[u8]) -> Vec<u8> {
    [br#"{"type":"say","to_client_id":"all","to_client_name":"x","content":""#, inside, br#""}"#].concat()
}

fn message_rows(wireshark: &Wireshark, path: &Path) -> BTreeMap<u32, Row> {
    let fields = [
        "workermanchat.type",
        "workermanchat.content",
        "workermanchat.phase",
        "workermanchat.expert.malformed_json",
        "workermanchat.expert.internal",
        "workermanchat.expert.truncated",
        "_ws.expert.message",
    ];
    let rows = wireshark.rows(path, &[], &fields);
    rows.into_iter().map(|row| (row.frame, row)).collect()
}

#[test]
fn invalid_json_is_reported_as_malformed_and_its_readable_members_are_shown() {
    let deep = [&b"[".repeat(10_000)[..], &b"]".repeat(10_000)].concat();
    let with_member =
        |value: &[u8]| [br#"{"type":"say","to_client_id":"all","content":"x","more":"#, value, b"}"].concat();
    let faults: Vec<(&str, Vec<u8>)> = vec![
        ("a backslash before s", say_with(br"a\slash")),
        ("a raw tab", say_with(b"a\tb")),
        ("a raw NUL", say_with(b"a\0b")),
        ("invalid UTF-8", say_with(b"a\xff\xfeb")),
        ("UTF-8 of a surrogate", say_with(b"a\xed\xa0\xbdb")),
        ("overlong UTF-8", say_with(b"a\xc0\xafb")),
        ("half an escape", say_with(br"a\u00")),
        ("a string without end", br#"{"type":"say","to_client_id":"all","content":"no end"#.to_vec()),
        ("an object without end", br#"{"type":"say","to_client_id":"all","content":"x""#.to_vec()),
        ("a trailing comma", br#"{"type":"say","to_client_id":"all","content":"x",}"#.to_vec()),
        ("something behind the end", br#"{"type":"say","to_client_id":"all","content":"x"}}"#.to_vec()),
        ("a leading zero", with_member(b"01")),
        ("a leading plus", with_member(b"+1")),
        ("a bare fraction", with_member(b".5")),
        ("not a number", with_member(b"NaN")),
        ("a name without quotes", with_member(b"1,less:2")),
        ("10,000 levels", with_member(&deep)),
        ("10,000 levels without end", with_member(&deep[..10_000])),
    ];
    let (mut capture, mut mynick) = joined();
    let frames: Vec<u32> = faults.iter().map(|(_, message)| browser_says(&mut capture, &mut mynick, message)).collect();
    let last = browser_says(&mut capture, &mut mynick, say_request("still here"));

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("faults.pcap", &capture);
    wireshark.agreed_labels(&path);
    let rows = message_rows(&wireshark, &path);
    for ((fault, _), frame) in faults.iter().zip(&frames) {
        let row = &rows[frame];
        assert!(row.has("workermanchat.expert.malformed_json"), "{fault} is a finding");
        assert_eq!(row.all("workermanchat.type"), ["say"], "{fault}: the members before the fault are shown");
        assert_eq!(row.numbers("workermanchat.phase"), [SAY_REQUEST], "{fault}");
        assert!(!row.has("workermanchat.expert.internal"), "{fault} is no fault of the plugin");
    }
    assert_eq!(rows[&last].one("workermanchat.content"), "still here");
    assert!(!rows[&last].has("workermanchat.expert.malformed_json"));
}

/// What is said in a message that who gets it ignores is shown, found and said where: but nobody learns from it.
#[test]
fn what_a_malformed_message_says_can_be_read_and_found() {
    let others: [(&str, &[u8], &str); 4] = [
        ("a fault in front of it", br#"{"type":"say","to_client_id":all,"content":"found behind"}"#, "found behind"),
        ("the end is missing", br#"{"type":"say","to_client_id":"all","content":"found until"#, "found until"),
        ("a comma is missing", br#"{"type":"say","to_client_id":"all" "content":"found without"}"#, "found without"),
        ("nothing is in quotes", br#"{type:"say",to_client_id:"all",content:"found bare"}"#, "found bare"),
    ];
    let within: [(&str, &[u8], &str); 8] = [
        ("a line end", b"found\nline", "found\nline"),
        ("a tab", b"found\ttab", "found\ttab"),
        ("an escape sequence of a terminal", b"found\x1b[31mred", "found\u{1b}[31mred"),
        ("quotes", br#"found "quotes", "too""#, r#"found "quotes", "too""#),
        ("a backslash", br"found C:\slash", r"found C:\slash"),
        ("half an escape", br"found \u12 half", r"found \u12 half"),
        ("no UTF-8", b"found\xff\xfe!", "found\u{fffd}\u{fffd}!"),
        ("half a pair", br"found\ud83d!", "found\u{fffd}!"),
    ];
    let within = within.map(|(what, inside, text)| (what, say_with(inside), text));
    let others = others.map(|(what, message, text)| (what, message.to_vec(), text));
    let cases: Vec<_> = within.into_iter().chain(others).collect();
    let (mut capture, mut mynick) = joined();
    let frames: Vec<u32> = cases.iter().map(|(_, say, _)| browser_says(&mut capture, &mut mynick, say)).collect();

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("found.pcap", &capture);
    wireshark.agreed_labels(&path);
    let fields =
        ["workermanchat.content", "workermanchat.text", "workermanchat.expert.malformed_json", "_ws.expert.message"];
    let filter = "workermanchat.content contains \"found\"";
    let rows = wireshark.rows(&path, &["-Y", filter], &fields);
    assert_eq!(rows.iter().map(|row| row.frame).collect::<Vec<_>>(), frames);
    let list = wireshark.tshark(&["-r", path.to_str().unwrap(), "-Y", filter]).stdout;
    for (((what, _, text), row), info) in cases.iter().zip(&rows).zip(list.lines()) {
        assert!(row.has("workermanchat.expert.malformed_json"), "{what}");
        assert_eq!(
            (row.one("workermanchat.content"), row.one("workermanchat.text")),
            ((*text).into(), (*text).into()),
            "{what}"
        );
        let line = workermanchat::message::text::line(text, 200);
        assert!(info.contains(&format!("{line} [not JSON]")), "{what}: {info}");
    }
    let expert = rows[1].one("_ws.expert.message");
    assert!(expert.contains("found␉tab"), "the finding says where: {expert}");
    let deliveries =
        wireshark.rows(&path, &["-Y", "workermanchat.response_in && frame.number > 10"], &["frame.number"]);
    assert!(deliveries.is_empty(), "nothing answers them");
}

/// A server that, unlike the chat's, delivers what is no JSON.
#[test]
fn a_malformed_message_is_no_request_of_a_delivery_with_the_same_text() {
    let (mut capture, mut mynick) = joined();
    let faulty = browser_says(&mut capture, &mut mynick, say_with(b"the same\ttext"));
    let delivery = server_says(&mut capture, &mut mynick, say_delivery(1, "mynick", "the same\ttext"));
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("same.pcap", &capture);
    wireshark.agreed_labels(&path);
    for passes in [&[][..], &["-2"]] {
        let rows = wireshark.rows(
            &path,
            passes,
            &["workermanchat.request_in", "workermanchat.response_in", "workermanchat.content"],
        );
        for row in rows.iter().filter(|row| [faulty, delivery].contains(&row.frame)) {
            assert_eq!(row.one("workermanchat.content"), "the same\ttext");
            assert!(!row.has("workermanchat.request_in") && !row.has("workermanchat.response_in"), "{}", row.frame);
        }
    }
}

#[test]
fn invalid_escapes_are_shown_as_replacement_characters() {
    let escapes: [(&[u8], &str); 6] = [
        (br"a\u0000b", "a\u{fffd}b"),
        (br"a\ud83db", "a\u{fffd}b"),
        (br"a\ude00b", "a\u{fffd}b"),
        (br"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
        (br"\uD83D\uDE00", "\u{1f600}"),
        (br"%s%n%d \ufeff", "%s%n%d \u{feff}"),
    ];
    let (mut capture, mut mynick) = joined();
    let frames = escapes.map(|(inside, _)| browser_says(&mut capture, &mut mynick, say_with(inside)));

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("escapes.pcap", &capture);
    wireshark.agreed_labels(&path);
    let rows = message_rows(&wireshark, &path);
    for ((inside, content), frame) in escapes.iter().zip(frames) {
        let what = String::from_utf8_lossy(inside);
        assert_eq!(rows[&frame].one("workermanchat.content"), *content, "{what}");
        assert_eq!(rows[&frame].numbers("workermanchat.phase"), [SAY_REQUEST], "{what}");
        // PHP refuses half a surrogate pair, and accepts NUL.
        let is_half =
            inside.starts_with(br"a\ud83d") || inside.starts_with(br"a\ude00") || inside.starts_with(br"\ud83d\ud83d");
        assert_eq!(rows[&frame].has("workermanchat.expert.malformed_json"), is_half, "{what}");
    }
}

#[test]
fn a_message_of_16_mib_is_whole_or_reported_as_truncated() {
    let content = "abcdefgh".repeat(2 << 20);
    let (mut capture, mut mynick) = joined();
    let delivery = mynick.send(&mut capture, Side::Server, text(say_delivery(2, "other", &content)));
    mynick.send(&mut capture, Side::Client, masked_text(say_request(&content)));
    let last = server_says(&mut capture, &mut mynick, say_delivery(2, "other", "after"));

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("16-MiB.pcap", &capture);
    let labels = wireshark.labels(&path, &["-2"]);
    assert_eq!(phases_of(&labels, delivery), [SAY_DELIVERY]);
    assert_eq!(phases_of(&labels, last), [SAY_DELIVERY]);
    let filter = format!("frame.number == {delivery}");
    let rows = wireshark.rows(&path, &["-Y", &filter], &["workermanchat.content", "_ws.expert.message"]);
    let whole = rows[0].all("workermanchat.content") == [content];
    assert!(whole || rows[0].has("_ws.expert.message"), "what is left out is said");
}

#[test]
fn truncated_packets_are_labelled_and_reported_as_truncated() {
    let mut capture = Capture::new(Link::Ethernet).with_snapshot_length(96);
    let mut mynick = Connection::from_port(50001);
    join(&mut capture, &mut mynick, 1, "mynick", "1");
    let (request, result) = (8, 9);
    let delivery = server_says(&mut capture, &mut mynick, say_delivery(2, "other", "hello"));
    let ping = server_says(&mut capture, &mut mynick, r#"{"type":"ping"}"#);
    let pong = browser_says(&mut capture, &mut mynick, r#"{"type":"pong"}"#);

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("short.pcap", &capture);
    // A truncated upgrade may be identified only later, so passes may differ on its frames.
    for passes in [&[][..], &["-2"]] {
        let labels = wireshark.labels(&path, passes);
        for (frame, phase) in [(1, SYN), (2, SYN_ACK), (3, ACK), (delivery, SAY_DELIVERY), (ping, PING), (pong, PONG)] {
            assert_eq!(phases_of(&labels, frame), [phase], "frame {frame} {passes:?}");
        }
    }
    wireshark.tshark(&["-r", path.to_str().unwrap(), "-2", "-V"]);
    let rows = message_rows(&wireshark, &path);
    for frame in [request, result, delivery] {
        assert!(rows[&frame].has("workermanchat.expert.truncated"), "frame {frame} is cut");
        assert!(!rows[&frame].has("workermanchat.expert.malformed_json"), "frame {frame} is cut, not wrong");
        assert_eq!(rows[&frame].all("workermanchat.type").len(), 1, "frame {frame}: the type is there");
    }
    for frame in [ping, pong] {
        assert!(!rows[&frame].has("workermanchat.expert.truncated"), "frame {frame} is whole");
    }
}

/// An exception that Wireshark throws while the plugin draws, or in a dissector that the plugin calls, has no effect on other frames.
#[test]
fn exceeding_max_tree_items_neither_crashes_nor_changes_other_frames() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("seed-2014.pcap");
    let names: Vec<&str> = wireshark.labels(&capture, &[]).iter().map(|label| phase::name(label.phases[0])).collect();
    let (mut thrown_while_drawing, mut compared) = (0, 0);
    for items in (60..240).step_by(5) {
        let limit = format!("gui.max_tree_items:{items}");
        let output = tshark_unchecked(&wireshark, &["-r", capture.to_str().unwrap(), "-V", "-o", &limit]);
        // Wireshark 4.6 adds this item outside any TRY block, and aborts with or without the plugin.
        if output.stderr.contains("Unhandled exception (\"Adding frame.encoding") {
            continue;
        }
        assert_survived(&output, &limit);
        let frames: Vec<&str> = output.stdout.split("\nFrame ").collect();
        assert_eq!(frames.len(), 19, "every frame is shown with {limit}");
        thrown_while_drawing += output.stderr.matches("Adding workermanchat").count();
        // Without the server's 101 response (frame 6), Wireshark does not dissect WebSocket.
        if !frames[5].contains("items in the tree") {
            let untouched = names.iter().zip(&frames).filter(|(_, frame)| !frame.contains("items in the tree"));
            compared += untouched.clone().count();
            untouched.for_each(|(name, frame)| assert!(frame.contains(name), "{name} with {limit}:\n{frame}"));
        }
    }
    assert!(thrown_while_drawing > 2, "Wireshark threw {thrown_while_drawing} times while the plugin drew");
    assert!(compared > 19, "{compared} untouched frames were compared");
}

fn tshark_unchecked(wireshark: &Wireshark, arguments: &[&str]) -> Output {
    wireshark.run_unchecked(wireshark.command("tshark").args(arguments))
}

/// tshark exited normally, with or without warnings about the packets.
fn assert_survived(output: &Output, what: &str) {
    assert_eq!(output.code, 0, "tshark with {what}: {}", output.stderr);
    for text in [&output.stdout, &output.stderr] {
        assert!(
            !text.contains("panicked at") && !text.contains("Unhandled exception"),
            "tshark with {what}: {}",
            output.stderr
        );
    }
}

#[test]
fn an_exception_in_a_called_dissector_does_not_affect_later_frames() {
    let (mut capture, mut mynick) = joined();
    let mut cut_frames = Vec::new();
    // A truncated masked frame, upgrade and server frame each make Wireshark's dissectors throw an exception.
    for length in [56, 58, 62, 70, 90] {
        cut_frames.push(browser_says(&mut capture, &mut mynick, say_request("cut away")));
        capture.cut_last(length);
        cut_frames.push(server_says(&mut capture, &mut mynick, say_delivery(2, "other", "cut away")));
        capture.cut_last(length);
        browser_says(&mut capture, &mut mynick, say_request("whole"));
    }
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("thrown.pcap", &capture);
    let labels = wireshark.agreed_labels(&path);
    let whole = wireshark.rows(&path, &["-Y", "workermanchat.content == \"whole\""], &["workermanchat.phase"]);
    assert_eq!(whole.len(), 5);
    assert!(whole.iter().all(|row| phases_of(&labels, row.frame).contains(&SAY_REQUEST)));
}

#[test]
fn json_too_deep_for_wiresharks_dissector_does_not_affect_later_frames() {
    // Deeper than gui.max_tree_depth, so that Wireshark's JSON dissector throws while the plugin calls it.
    let deep = |levels: usize| {
        format!(
            r#"{{"type":"say","to_client_id":"all","content":"x","a":{}{}}}"#,
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    let (mut capture, mut mynick) = joined();
    for levels in [100, 400, 600, 2000] {
        browser_says(&mut capture, &mut mynick, deep(levels));
        server_says(&mut capture, &mut mynick, deep(levels));
    }
    let last = browser_says(&mut capture, &mut mynick, say_request("still here"));

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("deep.pcap", &capture);
    let filter = format!("frame.number == {last}");
    let options = ["-r", path.to_str().unwrap(), "-o", "workermanchat.show_json:TRUE"];
    for more in [
        &["-V"][..],
        &["-V", "-2"],
        &["-V", "-Y", &filter],
        &["-T", "fields", "-e", "json.key", "-e", "workermanchat.content"],
    ] {
        let output = tshark_unchecked(&wireshark, &[&options, more].concat());
        assert_survived(&output, "deep JSON");
        assert!(output.stdout.contains("still here"), "the frame behind is shown");
    }
}

#[test]
fn names_and_texts_of_1_mib_are_shortened_in_the_packet_list() {
    let huge = "名".repeat(350_000);
    let (mut capture, mut mynick) = joined();
    let rename = browser_says(&mut capture, &mut mynick, login_request(&huge, &huge));
    server_says(&mut capture, &mut mynick, login_result(1, &huge, &[(1, &huge)]));
    let say = browser_says(&mut capture, &mut mynick, say_request(&huge));
    mynick.ack(&mut capture, Side::Server);

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("huge.pcap", &capture);
    let labels = wireshark.agreed_labels(&path);
    assert_eq!((phases_of(&labels, rename), phases_of(&labels, say)), (vec![LOGIN_REQUEST], vec![SAY_REQUEST]));
    let list = wireshark.tshark(&["-r", path.to_str().unwrap(), "-2"]).stdout;
    let longest = list.lines().map(str::len).max().unwrap_or_default();
    assert!(longest < 2000, "the longest line of the packet list has {longest} bytes");
}

#[test]
fn message_text_is_no_format_string_and_breaks_no_line() {
    let content = "100%s %n%d %1$s\r\nsecond\tline\u{7}\u{1b}[31m\u{202e}\u{0}end";
    let (mut capture, mut mynick) = joined();
    let say = browser_says(&mut capture, &mut mynick, say_request(content));
    let delivery = server_says(&mut capture, &mut mynick, say_delivery(1, "%s%n", content));

    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("format.pcap", &capture);
    wireshark.agreed_labels(&path);
    let list = wireshark.tshark(&["-r", path.to_str().unwrap()]).stdout;
    assert_eq!(list.lines().count() as u32, capture.last(), "one line a packet:\n{list}");
    assert!(!list.contains(['\u{7}', '\u{1b}']), "no control character reaches the terminal:\n{list}");
    let shown = r"\r\nsecond\tline␇␛[31m<U+202E>";
    assert_eq!(list.matches(shown).count(), 2, "each stands there so that it can be read:\n{list}");
    let rows = message_rows(&wireshark, &path);
    for frame in [say, delivery] {
        assert_eq!(rows[&frame].one("workermanchat.content"), content.replace('\0', "\u{fffd}"), "frame {frame}");
    }
}

/// SECURITY.md names the outputs that are raw; these are not among them.
#[test]
fn no_control_character_leaves_but_in_the_outputs_that_are_said_to_be_raw() {
    let content = "a\u{7}\u{1b}[31m\u{7f}\u{9b}31mz";
    let (mut capture, mut mynick) = joined();
    browser_says(&mut capture, &mut mynick, say_request(content));
    server_says(&mut capture, &mut mynick, say_delivery(1, content, content));
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("raw.pcap", &capture);
    let printed = |options: &[&str]| wireshark.tshark(&[&["-r", path.to_str().unwrap()], options].concat()).stdout;
    let has = |text: &str, is_raw: fn(char) -> bool| text.chars().any(|c| !"\n\r\t".contains(c) && is_raw(c));
    let assert_not_raw = |options: &[&str], is_raw| {
        let text = printed(options);
        assert!(!text.trim().is_empty() && !has(&text, is_raw), "{options:?}");
    };

    assert!(has(&printed(&["-T", "fields", "-e", "workermanchat.content"]), char::is_control), "as SECURITY.md says");
    for form in ["text", "json", "ek", "pdml", "psml"] {
        assert_not_raw(&["-T", form], |c| c.is_ascii_control() && c != '\u{7f}');
    }
    for name in ["note", "exchange.title"] {
        assert_not_raw(&["-T", "fields", "-e", &format!("workermanchat.{name}")], char::is_control);
    }
    for view in ["transcript", "sessions", "diagram", "tree"] {
        assert_not_raw(&["-q", "-z", &format!("workermanchat,{view}")], char::is_control);
    }
    assert_not_raw(&["-q", "-z", "follow,workermanchat,ascii,0"], char::is_control);
}

#[test]
fn fuzzing_sees_an_abort_and_a_run_without_memory() {
    let wireshark = Wireshark::with_plugin();
    let shell =
        |script: &str| Invocation { program: "sh", arguments: vec!["-c".to_owned(), script.to_owned()], input: None };
    let kind = |invocation: &Invocation| fault(&invocation.run(&wireshark, wireshark.home())).map(|fault| fault.kind);
    assert_eq!(kind(&shell("exit 0")), None);
    assert_eq!(kind(&shell("kill -ABRT $$")).as_deref(), Some("signal 6"));
    assert_eq!(kind(&shell("kill -XCPU $$")).as_deref(), Some("too much of the processor's time"));
    assert_eq!(kind(&shell("exit 4")).as_deref(), Some("status 4"));
    // dd has a buffer of this size, which succeeds without a limit.
    let of_3_gib = "dd bs=3G count=1 if=/dev/null of=/dev/null";
    assert_eq!(kind(&shell(of_3_gib)).as_deref(), Some("status 1"));
}

#[test]
fn damaged_captures_do_not_crash_tshark() {
    let wireshark = Wireshark::with_plugin();
    for name in ["seed-2014.pcap", "chat-2015.pcap", "heartbeat-2026.pcap", "chat-2026.pcap"] {
        let capture = wireshark.capture(name);
        for seed in ["1", "2", "3"] {
            let damaged = wireshark.home().join(format!("{seed}-{name}"));
            let arguments =
                ["-E", "0.02", "-o", "40", "--seed", seed, capture.to_str().unwrap(), damaged.to_str().unwrap()];
            let edited = wireshark.run_unchecked(wireshark.command("editcap").args(arguments));
            assert_eq!(edited.code, 0, "{}", edited.stderr);
            for options in [&["-V", "-x"][..], &["-2", "-V", "-o", "workermanchat.show_json:TRUE"]] {
                let output = tshark_unchecked(&wireshark, &[&["-r", damaged.to_str().unwrap()], options].concat());
                assert_survived(&output, &format!("{name}, seed {seed}"));
                assert!(!output.stdout.contains("Dissector bug, protocol Workerman"), "{name}, seed {seed}");
            }
        }
    }
}

#[test]
fn sharkd_survives_bad_messages_in_any_order() {
    let (mut capture, mut mynick) = joined();
    for inside in [&b"a\\slash"[..], b"\0", b"\xff", br"\ud800", &b"x".repeat(100_000)] {
        browser_says(&mut capture, &mut mynick, say_with(inside));
        server_says(&mut capture, &mut mynick, say_with(inside));
    }
    let wireshark = Wireshark::with_plugin();
    let path = wireshark.write("bad.pcap", &capture);
    let labels = wireshark.agreed_labels(&path);
    let mut sharkd = Sharkd::load(&wireshark, &path);
    for frame in (1..=capture.last()).rev().chain(1..=capture.last()) {
        assert_eq!(sharkd.label(frame).phases, phases_of(&labels, frame), "frame {frame}");
    }
}

#[test]
fn a_build_with_a_missing_dependency_names_the_package() {
    let _building = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let home = tempfile::tempdir().expect("create a temporary folder");
    let without_headers = build(&[], &[("WIRESHARK_INCLUDE_DIR", home.path())]);
    assert!(!without_headers.succeeded);
    assert!(without_headers.messages.contains("wireshark-dev"), "names the package:\n{}", without_headers.messages);

    // The same for libclang: the only search path is empty.
    let without_libclang = build(&[], &[("LIBCLANG_PATH", home.path()), ("LD_LIBRARY_PATH", home.path())]);
    if !without_libclang.succeeded {
        assert!(without_libclang.messages.contains("libclang"), "names the package:\n{}", without_libclang.messages);
    }
}

#[test]
fn headers_of_an_untested_version_build_with_a_warning() {
    let _building = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let installed = std::env::var("WIRESHARK_INCLUDE_DIR").unwrap_or_else(|_| "/usr/include/wireshark".to_owned());
    let home = tempfile::tempdir().expect("create a temporary folder");
    for entry in fs::read_dir(&installed).expect("Wireshark's headers are installed") {
        let entry = entry.expect("read the folder");
        symlink(entry.path(), home.path().join(entry.file_name())).expect("link a header");
    }
    let version = home.path().join("ws_version.h");
    let header = fs::read_to_string(&version).expect("ws_version.h is a header");
    fs::remove_file(&version).expect("remove the link");
    fs::write(&version, with_minor_version(&header, 99)).expect("write the header");
    let built = build(&[], &[("WIRESHARK_INCLUDE_DIR", home.path())]);
    assert!(built.succeeded, "{}", built.messages);
    assert!(built.messages.contains("untested") || built.messages.contains("not tested"), "{}", built.messages);

    // And Wireshark does not load a plugin that was built for another version.
    let wireshark = Wireshark::with_library(&library());
    let output = tshark_unchecked(&wireshark, &["-G", "plugins"]);
    assert!(!output.stdout.contains("workermanchat"), "{}", output.stdout);
}

fn with_minor_version(header: &str, minor: u32) -> String {
    let line = |line: &str| match line.split_whitespace().collect::<Vec<_>>()[..] {
        ["#define", name, _] if name.ends_with("VERSION_MINOR") => {
            format!("#define {name} {minor}\n")
        }
        _ => format!("{line}\n"),
    };
    header.lines().map(line).collect()
}

#[test]
fn loading_prints_nothing_and_the_plugin_list_has_the_version() {
    let wireshark = Wireshark::with_plugin();
    let output = wireshark.tshark(&["-G", "plugins"]);
    assert_no_dissector_fault(&output.stderr, "stderr of tshark -G plugins");
    let line = output.stdout.lines().find(|line| line.contains("workermanchat.so")).expect("the plugin is listed");
    assert!(line.contains(env!("CARGO_PKG_VERSION")), "with the crate's version: {line}");
}
