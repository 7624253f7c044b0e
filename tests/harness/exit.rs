//! How the programs in `benches` end.

use std::io;
use std::process::ExitCode;

/// The exit code of a program that found everything as it should be (`true`), or not; an error is printed.
pub fn exit_code(is_good: io::Result<bool>) -> ExitCode {
    match is_good {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
