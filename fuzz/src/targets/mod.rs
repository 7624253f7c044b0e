//! The fuzz targets: for each, a function that takes any bytes and panics where a promise is broken. libFuzzer calls them with what it
//! makes up (`fuzz/run`), `tests/fuzz_regressions.rs` with what was once found.

use cap::Cap;
use std::alloc::System;

pub mod frames;
pub mod json;
pub mod message;
pub mod script;
pub mod session;
mod shown;
pub mod upgrade;
pub mod wire;

/// Counts what is allocated.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// A target: its name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const ALL: [Target; 5] = [
    ("message", message::check),
    ("upgrade", upgrade::check),
    ("frames", frames::check),
    ("session", session::check),
    ("json", json::check),
];
