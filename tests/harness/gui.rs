//! Wireshark itself on a display of its own, with a capture open: `tests/while_open/shown.lua` runs in it and tells what the packet list and
//! the details show. What Lua cannot do, keys do.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader};
use std::iter;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use super::wireshark::{Wireshark, assert_no_dissector_fault};

/// Of an answer or of Wireshark's end. The longest takes a few seconds.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// How often Wireshark draws taps, in milliseconds; Lua looks for a request then. The preference is in force when a profile is chosen.
const TICK: u64 = 100;
/// The profile that is chosen first, and listed first.
const PROFILE: &str = "A fresh start";
/// The title of the window without a capture.
const NO_CAPTURE: &str = "The Wireshark Network Analyzer";
/// In that of a window with one.
const CAPTURE_WINDOW: &str = "[.]pcap";
/// The file with the address that was to be opened.
const OPENED: &str = "opened";
/// What Wireshark's log says of the machine's interfaces and displays: nothing of the plugin.
const OF_THE_MACHINE: [&str; 2] = ["[Capture ", "[GUI "];

/// A running Wireshark.
pub struct Gui {
    home: PathBuf,
    display: Child,
    display_name: String,
    wireshark: Child,
    stderr: PathBuf,
}

/// A program that this machine has not.
pub fn lacking() -> Option<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    ["wireshark", "Xvfb", "xdotool"].into_iter().find(|program| !is_there(program))
}

/// What each frame of a capture shows after a fresh start: two passes of tshark, like Wireshark's packet list and then its details.
pub fn shown_afresh(wireshark: &Wireshark, capture: &Path, options: &[&str]) -> Vec<String> {
    let script = script(wireshark);
    let mut arguments = vec!["-2", "-r", capture.to_str().unwrap(), "-X", &script];
    arguments.extend(options);
    wireshark.tshark(&arguments);
    frames(&fs::read_to_string(wireshark.home().join("answer")).expect("the script writes an answer"))
}

/// The option with the script, which is copied into the home.
fn script(wireshark: &Wireshark) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/while_open/shown.lua");
    let copy = wireshark.write_file("shown.lua", &fs::read(source).expect("read the script"));
    format!("lua_script:{}", copy.display())
}

/// Writes a profile with these preferences. It has its name as title of windows, so that it can be told which is in force.
pub fn write_profile(wireshark: &Wireshark, name: &str, preferences: &str) {
    let text = format!("{preferences}gui.window_title: {name}\nstatistics.update_interval: {TICK}\n");
    wireshark.configure(&format!("profiles/{name}/preferences"), &text);
}

/// A search path on which the program that opens files is one that notes what it is to open.
fn path_with_browser(wireshark: &Wireshark) -> OsString {
    let note = wireshark.home().join(OPENED);
    let program =
        wireshark.write_file("xdg-open", format!("#!/bin/sh\necho \"$1\" >'{}'\n", note.display()).as_bytes());
    fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("make it a program");
    let others = std::env::var_os("PATH").unwrap_or_default();
    let folders = iter::once(wireshark.home().to_owned()).chain(std::env::split_paths(&others));
    std::env::join_paths(folders).expect("folders without a colon")
}

fn frames(answer: &str) -> Vec<String> {
    answer.split_terminator('\0').map(str::to_owned).collect()
}

impl Gui {
    /// Starts Wireshark and opens a capture.
    pub fn open(wireshark: &Wireshark, capture: &Path) -> Self {
        // As the folder for what a session's programs share, Wireshark wants one that nobody else can read.
        fs::set_permissions(wireshark.home(), Permissions::from_mode(0o700)).expect("close the home to others");
        write_profile(wireshark, PROFILE, "");
        let (display, display_name) = start_display(wireshark);
        let stderr = wireshark.write_file("stderr", b"");
        let mut command = on_display(wireshark, "wireshark", &display_name);
        command
            .args(["-X", &script(wireshark)])
            .env("PATH", path_with_browser(wireshark))
            .env("TMPDIR", wireshark.home());
        command.stdout(Stdio::null()).stderr(File::create(&stderr).expect("create a file"));
        let child = command.spawn().expect("wireshark is installed");
        let home = wireshark.home().to_owned();
        let mut gui = Self { home, display, display_name, wireshark: child, stderr };
        // An answer comes when Wireshark has started; only then does it heed what the profile says of ticks.
        gui.ask("");
        gui.choose_profile(NO_CAPTURE, 1, PROFILE);
        gui.load(capture);
        gui
    }

    /// Opens another capture.
    pub fn load(&mut self, capture: &Path) {
        self.dissect_anew(|gui| drop(gui.ask(&format!("open_capture_file({capture:?}, '')"))));
    }

    /// Sets a preference as the dialogue does.
    pub fn set(&mut self, preference: &str, value: &str) {
        let value = match value {
            "TRUE" | "FALSE" => value.to_lowercase(),
            _ => format!("{value:?}"),
        };
        let request = format!("set_preference({preference:?}, {value}) apply_preferences() redissect_packets()");
        self.dissect_anew(|gui| drop(gui.ask(&request)));
    }

    /// Reads the file anew.
    pub fn reload(&mut self) {
        self.dissect_anew(|gui| drop(gui.ask("reload_packets()")));
    }

    /// Changes to the profile in this row of the list, behind the default's, as [`write_profile`] wrote it.
    pub fn change_profile(&mut self, row: usize, name: &str) {
        self.dissect_anew(|gui| gui.choose_profile(CAPTURE_WINDOW, row, name));
    }

    fn choose_profile(&mut self, window: &str, row: usize, name: &str) {
        let keys = [&["Home"][..], &vec!["Down"; row], &["Return"]].concat();
        self.press_until(window, "ctrl+shift+a", |gui| gui.press("Configuration Profiles", &keys));
        self.wait_until(name, |gui| gui.ask("return get_preference('gui.window_title')") == name);
    }

    /// Does something that has Wireshark dissect the capture anew, and waits until it begins to; requests wait until it ends.
    fn dissect_anew(&mut self, change: impl FnOnce(&mut Self)) {
        let dissections = |gui: &mut Self| gui.ask("local _, dissections = ... return dissections()");
        let before = dissections(self);
        change(self);
        self.wait_until("dissection", |gui| dissections(gui) != before);
    }

    /// What each frame shows, in the packet list and in the details.
    pub fn shown(&mut self) -> Vec<String> {
        frames(&self.ask("local shown = ... return shown()"))
    }

    /// Has Wireshark run Lua once it has nothing else to do. The answer is what that returns.
    pub fn ask(&mut self, request: &str) -> String {
        // Lua would see a half of it.
        let part = self.home.join("request.part");
        fs::write(&part, request).and_then(|()| fs::rename(&part, self.home.join("request"))).expect("write a request");
        let answer = self.home.join("answer");
        self.wait_until(request, |_| answer.exists());
        let text = fs::read_to_string(&answer).expect("read the answer");
        fs::remove_file(&answer).expect("remove the answer");
        assert!(!text.starts_with("failed: "), "{request}: {text}");
        text
    }

    /// Opens a view from the menu Statistics, by its place in the plugin's own, and waits for the window with this in its title.
    pub fn open_view(&mut self, place: usize, title: &str) {
        let begin = Instant::now();
        while !self.has_window(title) {
            assert!(begin.elapsed() < TIME_LIMIT, "no window {title:?}: {}", self.printed());
            self.choose_view(place);
            sleep(Duration::from_secs(2));
        }
    }

    /// Chooses from the menu Statistics what stands in this place of the plugin's own.
    pub fn choose_view(&self, place: usize) {
        self.press(CAPTURE_WINDOW, &[&["alt+s", "Up", "Right"][..], &vec!["Down"; place], &["Return"]].concat());
    }

    /// Presses the button in this place of a view's window.
    pub fn press_button(&self, title: &str, place: usize) {
        // A click into the text has the keys go there; the line *Highlight* stands between text and buttons.
        let click = ["windowraise", "windowfocus", "mousemove", "--window", "%1", "60", "60", "click", "1"];
        let search = ["search", "--onlyvisible", "--limit", "1", "--name", title];
        assert!(self.xdotool(&[&search[..], &click].concat()), "no window {title:?}");
        let keys = [&vec!["Tab"; place + 2][..], &["space"]].concat();
        assert!(self.xdotool(&[&["key", "--delay", "100"][..], &keys].concat()));
    }

    /// The address that Wireshark has had the browser open, once; there is none before.
    pub fn opened(&mut self) -> String {
        let note = self.home.join(OPENED);
        self.wait_until("an address to open", |_| {
            fs::read_to_string(&note).is_ok_and(|address| address.ends_with('\n'))
        });
        let address = fs::read_to_string(&note).expect("read the address");
        fs::remove_file(&note).expect("remove the note");
        address.trim_end().to_owned()
    }

    /// Whether there is a window with this in its title.
    pub fn has_window(&self, title: &str) -> bool {
        self.xdotool(&["search", "--onlyvisible", "--limit", "1", "--name", title])
    }

    fn xdotool(&self, arguments: &[&str]) -> bool {
        let output = Command::new("xdotool").args(arguments).env("DISPLAY", &self.display_name).output();
        output.expect("xdotool is installed").status.success()
    }

    /// Presses keys in the window with this in its title, if there is one.
    pub fn press(&self, title: &str, keys: &[&str]) -> bool {
        self.xdotool(&["search", "--onlyvisible", "--limit", "1", "--name", title, "windowfocus"])
            && self.xdotool(&[&["key", "--delay", "100"], keys].concat())
    }

    /// Presses a key in a window again and again, until something has come of it: a window that has just been opened may ignore keys.
    fn press_until(&mut self, title: &str, key: &str, is_so: impl Fn(&mut Self) -> bool) {
        let begin = Instant::now();
        while !is_so(self) {
            assert!(begin.elapsed() < TIME_LIMIT, "{key} in {title:?} does nothing: {}", self.printed());
            self.press(title, &[key]);
            sleep(Duration::from_secs(1));
        }
    }

    /// Quits Wireshark, which must end in order and have warned of nothing.
    pub fn quit(mut self) {
        self.press_until(CAPTURE_WINDOW, "ctrl+q", |gui| gui.ended().is_some());
        let (status, printed) = (self.ended().expect("it has ended"), self.printed());
        assert!(status.success(), "Wireshark ended with {status}: {printed}");
        assert_no_dissector_fault(&printed, "stderr of Wireshark");
        let is_logged = |line: &str| line.starts_with(" ** (wireshark:");
        let is_of_machine = |line: &str| OF_THE_MACHINE.iter().any(|domain| line.contains(domain));
        let mut warnings = printed.lines().filter(|line| is_logged(line) && !is_of_machine(line));
        assert_eq!(warnings.next(), None, "Wireshark printed:\n{printed}");
    }

    /// Waits until something is so.
    pub fn wait_until(&mut self, what: &str, is_so: impl Fn(&mut Self) -> bool) {
        let begin = Instant::now();
        while !is_so(self) {
            let ended = self.ended();
            assert!(ended.is_none(), "{what}: Wireshark ended with {ended:?}: {}", self.printed());
            assert!(begin.elapsed() < TIME_LIMIT, "{what}: not within {TIME_LIMIT:?}: {}", self.printed());
            sleep(Duration::from_millis(TICK / 4));
        }
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.wireshark.try_wait().expect("look for Wireshark")
    }

    fn printed(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.stderr).unwrap_or_default()).into_owned()
    }
}

impl Drop for Gui {
    fn drop(&mut self) {
        for child in [&mut self.wireshark, &mut self.display] {
            // One that has ended cannot be stopped.
            let _ = child.kill().and_then(|()| child.wait());
        }
    }
}

/// Starts an X server, which chooses a free display, and returns its name.
fn start_display(wireshark: &Wireshark) -> (Child, String) {
    let mut command = wireshark.command("Xvfb");
    command.args(["-displayfd", "1", "-screen", "0", "1280x1000x24", "-nolisten", "tcp"]);
    let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("Xvfb is installed");
    let mut number = String::new();
    let mut output = BufReader::new(server.stdout.take().expect("a pipe"));
    output.read_line(&mut number).expect("read the display's number");
    assert!(!number.is_empty(), "Xvfb does not start");
    // It may print more.
    thread::spawn(move || output.lines().map_while(Result::ok).for_each(drop));
    (server, format!(":{}", number.trim()))
}

fn on_display(wireshark: &Wireshark, program: &str, display: &str) -> Command {
    let mut command = wireshark.command(program);
    command.env("DISPLAY", display).env("QT_QPA_PLATFORM", "xcb").env("XDG_RUNTIME_DIR", wireshark.home());
    command
}
