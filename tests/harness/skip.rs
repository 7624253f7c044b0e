//! Tests that cannot run on a machine say so where a user sees it.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

/// The file to which each skipped test adds a line; `plugin/test` gives it, and prints it at the end, because the output of a test that
/// passes is shown nowhere.
const LIST: &str = "WORKERMANCHAT_SKIPPED";

/// Says that the test that calls this is skipped, and why.
pub fn skipped(reason: &str) {
    let thread = std::thread::current();
    let line = format!("{}: {reason}\n", thread.name().unwrap_or("a test"));
    print!("skipped: {line}");
    let Some(list) = std::env::var_os(LIST).map(PathBuf::from) else { return };
    // One write, because other tests write to the same file.
    let written =
        OpenOptions::new().create(true).append(true).open(&list).and_then(|mut file| file.write_all(line.as_bytes()));
    written.unwrap_or_else(|error| panic!("write to {}: {error}", list.display()));
}
