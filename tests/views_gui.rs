//! The windows of the views in Wireshark itself, on a display of its own: opened from the menu, with their buttons pressed. What a window shows is
//! what its button *Copy* copies, and is pasted into the line for the display filter, where line ends are blanks.

mod harness;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use harness::gui::{Gui, lacking};
use harness::skip::skipped;
use harness::wireshark::Wireshark;

const CAPTURE: &str = "chat-2026.pcap";
/// In the title of the window with it.
const CAPTURE_WINDOW: &str = "[.]pcap";
/// The views in the order of the menu, by their titles and by what their -z options are called; and how many buttons stand before *Copy*.
const VIEWS: [(&str, &str, usize); 5] = [
    ("Transcript", "transcript", 3),
    ("Sessions", "sessions", 2),
    ("Users", "users", 2),
    ("Response times", "times", 2),
    ("Sequence diagram", "diagram", 3),
];
const GO_TO_PACKET: usize = 0;
const APPLY_AS_FILTER: usize = 1;
const LIMIT_TO_FILTER: usize = 2;
const COPY: usize = 3;
const OPEN_AS_WEB_PAGE: usize = 5;
/// Its place in the menu, behind the views that have windows.
const WEB_PAGE: usize = 6;

/// Wireshark with the capture open; `None`, which is told, where a program is missing.
fn opened_capture() -> Option<(Wireshark, PathBuf, Gui)> {
    if let Some(program) = lacking() {
        skipped(&format!("there is no {program}"));
        return None;
    }
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture(CAPTURE);
    let gui = Gui::open(&wireshark, &capture);
    Some((wireshark, capture, gui))
}

/// Without what a line for a filter does not keep: line ends, and how many blanks there are.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn filter(gui: &mut Gui) -> String {
    gui.ask("return get_filter()")
}

/// What stands in a view's window.
fn shown(gui: &mut Gui, title: &str, copy: usize) -> String {
    gui.ask("set_filter('')");
    gui.press_button(title, copy);
    gui.press(CAPTURE_WINDOW, &["ctrl+slash", "ctrl+a", "ctrl+v"]);
    gui.wait_until("a page in the line for the filter", |gui| !filter(gui).is_empty());
    words(&filter(gui))
}

#[test]
fn each_view_is_an_entry_of_the_menu_and_shows_what_tshark_prints() {
    let Some((wireshark, capture, mut gui)) = opened_capture() else { return };
    for (place, (title, name, copy)) in VIEWS.into_iter().enumerate() {
        let view = format!("workermanchat,{name}");
        let printed = wireshark.tshark(&["-2", "-r", capture.to_str().unwrap(), "-q", "-z", &view]).stdout;
        let title = format!("Workerman Chat: {title}");
        gui.open_view(place, &title);
        let expected = words(&printed);
        gui.wait_until(&title, |gui| shown(gui, &title, copy) == expected);
        assert!(gui.press(&title, &["Escape"]));
    }
    gui.quit();
}

/// The web page that the browser is to open, which only its user can read.
fn opened(gui: &mut Gui) -> String {
    let address = gui.opened();
    let path = address.strip_prefix("file://").expect("a file's address");
    let mode = fs::metadata(path).expect("there is a page").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{path}");
    fs::read_to_string(path).expect("read the page")
}

fn html(wireshark: &Wireshark, capture: &Path, filter: &str) -> String {
    let view = format!("workermanchat,html{filter}");
    wireshark.tshark(&["-2", "-r", capture.to_str().unwrap(), "-q", "-z", &view]).stdout
}

#[test]
fn a_table_is_sorted_and_saved() {
    const SORT: usize = 0;
    const COPY: usize = 2;
    const SAVE_AS: usize = 3;
    let Some((wireshark, capture, mut gui)) = opened_capture() else { return };
    let title = "Workerman Chat: Users";
    gui.open_view(2, title);
    let printed = wireshark.tshark(&["-2", "-r", capture.to_str().unwrap(), "-q", "-z", "workermanchat,users"]).stdout;
    let mut lines: Vec<&str> = printed.lines().collect();
    lines[1..].sort_unstable(); // a user's name begins each
    let sorted = words(&lines.join("\n"));
    assert_ne!(sorted, words(&printed), "it was sorted already: {printed}");
    gui.press_button(title, SORT);
    gui.wait_until("the question", |gui| gui.press("Sort by", &["Tab", "Tab", "ctrl+a", "u", "s", "e", "Return"]));
    gui.wait_until("the sorted table", |gui| shown(gui, title, COPY) == sorted);
    gui.press_button(title, SAVE_AS);
    gui.wait_until("the question", |gui| gui.press("Save as", &["Return"]));
    let file = wireshark.home().join("workermanchat-users.txt");
    gui.wait_until("the file", |_| fs::read_to_string(&file).is_ok_and(|text| words(&text) == sorted));
    assert!(gui.press(title, &["Escape"]));
    gui.quit();
}

#[test]
fn the_web_page_opens_from_the_menu() {
    let Some((wireshark, capture, mut gui)) = opened_capture() else { return };
    gui.choose_view(WEB_PAGE);
    assert_eq!(opened(&mut gui), html(&wireshark, &capture, ""));
    gui.quit();
}

#[test]
fn the_buttons_of_the_transcript_lead_to_its_packets() {
    let Some((wireshark, capture, mut gui)) = opened_capture() else { return };
    let title = "Workerman Chat: Transcript";
    gui.open_view(0, title);
    // The number of the selected packet stands in the field until another is entered.
    gui.press_button(title, GO_TO_PACKET);
    gui.wait_until("the question", |gui| gui.press("Go to packet", &["Tab", "Tab", "ctrl+a", "4", "6", "Return"]));
    gui.press_button(title, APPLY_AS_FILTER);
    gui.wait_until("the question", |gui| gui.press("Apply as filter", &["Return"]));
    gui.wait_until("the filter", |gui| filter(gui) == "workermanchat.exchange == 43");
    gui.press_button(title, LIMIT_TO_FILTER);
    let view = "workermanchat,transcript,workermanchat.exchange == 43";
    let printed = wireshark.tshark(&["-2", "-r", capture.to_str().unwrap(), "-q", "-z", view]).stdout;
    let expected = format!("Limit to display filter: workermanchat.exchange == 43 {}", words(&printed));
    gui.wait_until("the page of the exchange", |gui| shown(gui, title, COPY) == expected);
    gui.press_button(title, OPEN_AS_WEB_PAGE);
    assert_eq!(opened(&mut gui), html(&wireshark, &capture, ",workermanchat.exchange == 43"));
    assert!(gui.press(title, &["Escape"]));
    gui.quit();
}
