//! Where Rust meets Wireshark: the only module with `unsafe`.
//!
//! Wireshark's calls arrive in C (`plugin/glue/`), and from there in [`entry`], behind a panic boundary, with plain data. The one
//! function of Wireshark that Rust calls back is `wmem_alloc`, which does not longjmp; whatever may longjmp is called from C after
//! Rust has returned.

mod bindings;
mod entry;
mod flow;
mod languages;
mod locked;
mod own;
mod panic;
mod plan;
mod registry;
mod statistics;
mod views;

use bindings as sys;

/// The plugin's version, as `tshark -G plugins` shows it, and behind its NUL, for those who have the file and not the program
/// (the installer looks for it), which Wireshark it was built for.
// SAFETY: the name is one that Wireshark looks for in a plugin, with this type (`char plugin_version[]`).
#[unsafe(no_mangle)]
pub static plugin_version: [u8; VERSION.len()] = VERSION;

/// The major version of Wireshark, which loads a plugin only when this and the minor one are its own.
// SAFETY: the name is one that Wireshark looks for in a plugin, with this type (`const int`).
#[unsafe(no_mangle)]
pub static plugin_want_major: libc::c_int = sys::WIRESHARK_VERSION_MAJOR as libc::c_int;

/// The minor version of Wireshark, as [`plugin_want_major`].
// SAFETY: as for `plugin_want_major`.
#[unsafe(no_mangle)]
pub static plugin_want_minor: libc::c_int = sys::WIRESHARK_VERSION_MINOR as libc::c_int;

const VERSION: [u8; version_text().len() + 1] = with_nul(version_text());

/// The version, and behind a NUL the Wireshark that it is for.
const fn version_text() -> &'static str {
    concat!(env!("CARGO_PKG_VERSION"), "\0workermanchat built for Wireshark ", env!("WORKERMANCHAT_WIRESHARK"))
}

/// The bytes of a text, with as many NULs behind it as are missing.
const fn with_nul<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let mut at = 0;
    while at < text.len() {
        bytes[at] = text.as_bytes()[at];
        at += 1;
    }
    bytes
}

/// Registers the plugin: Wireshark calls this when it loads it.
// SAFETY: the name is one that Wireshark looks for in a plugin, with this type (`void plugin_register(void)`).
#[unsafe(no_mangle)]
pub extern "C" fn plugin_register() {
    panic::keep_quiet();
    #[cfg(feature = "failpoints")]
    crate::failpoint::arm(&std::env::var("WORKERMANCHAT_FAILPOINTS").unwrap_or_default());
    // SAFETY: called once, while Wireshark loads plugins; the table lives as long as the program.
    unsafe { sys::wmc_plugin_register(entry::core()) };
}

/// Tells what kind of plugin this is: a dissector (`WS_PLUGIN_DESC_DISSECTOR`, which not all versions' headers have).
// SAFETY: the name is one that Wireshark looks for in a plugin, with this type (`uint32_t plugin_describe(void)`).
#[unsafe(no_mangle)]
pub extern "C" fn plugin_describe() -> u32 {
    1
}
