//! libFuzzer's entry to the target `session`, which says what it checks.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| workermanchat_fuzz::targets::session::check(bytes));
