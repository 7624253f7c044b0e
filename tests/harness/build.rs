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
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--lib", "--offline"]).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.env("CARGO_TARGET_DIR", target_folder()).envs(variables.iter().copied());
    let output = command.output().expect("run cargo");
    Build { succeeded: output.status.success(), messages: String::from_utf8_lossy(&output.stderr).into_owned() }
}

/// The library with failpoints; see `src/failpoint.rs` and `plugin/glue/failpoint.c`.
pub fn build_with_failpoints() -> PathBuf {
    let built = build(&["--features", "failpoints"], &[]);
    assert!(built.succeeded, "{}", built.messages);
    library()
}

/// The library of the last successful build.
pub fn library() -> PathBuf {
    target_folder().join("debug").join(built_library().file_name().expect("a file name"))
}

fn target_folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("other-builds")
}
