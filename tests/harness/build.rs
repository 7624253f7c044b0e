//! Builds the plugin with other options than the tests use, in a separate target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::wireshark::built_library;

/// The output of a build, and whether it succeeded.
pub struct Build {
    pub succeeded: bool,
    pub messages: String,
}

/// Runs `cargo build` on this crate with further arguments and environment variables.
///
/// All these builds share a target folder, so dependencies are compiled once.
pub fn build(arguments: &[&str], variables: &[(&str, &Path)]) -> Build {
    build_in(&target_folder("other-builds"), arguments, variables)
}

fn build_in(target: &Path, arguments: &[&str], variables: &[(&str, &Path)]) -> Build {
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--lib", "--offline"]).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.env("CARGO_TARGET_DIR", target).envs(variables.iter().copied());
    let output = command.output().expect("run cargo");
    Build { succeeded: output.status.success(), messages: String::from_utf8_lossy(&output.stderr).into_owned() }
}

/// The library with failpoints; see `src/failpoint.rs` and `plugin/glue/failpoint.c`. It has a target folder of its own: other groups of
/// tests load it while builds go on.
pub fn build_with_failpoints() -> PathBuf {
    let target = target_folder("with-failpoints");
    let built = build_in(&target, &["--features", "failpoints"], &[]);
    assert!(built.succeeded, "{}", built.messages);
    library_in(&target)
}

/// The library of the last successful [`build`].
pub fn library() -> PathBuf {
    library_in(&target_folder("other-builds"))
}

fn library_in(target: &Path) -> PathBuf {
    target.join("debug").join(built_library().file_name().expect("a file name"))
}

fn target_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}
