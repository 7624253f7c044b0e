//! Another plugin in Rust, with a standard library of its own: a postdissector that panics in every packet, catches that, and says so on the
//! standard error.

use std::ffi::{c_char, c_int, c_void};
use std::panic::catch_unwind;

#[unsafe(no_mangle)]
pub static plugin_version: [u8; 2] = *b"1\0";
#[unsafe(no_mangle)]
pub static plugin_want_major: c_int = number(env!("WANT_MAJOR"));
#[unsafe(no_mangle)]
pub static plugin_want_minor: c_int = number(env!("WANT_MINOR"));

/// Of one digit.
const fn number(text: &str) -> c_int {
    (text.as_bytes()[0] - b'0') as c_int
}

type Dissector = extern "C" fn(*mut c_void, *mut c_void, *mut c_void, *mut c_void) -> c_int;

#[repr(C)]
struct ProtoPlugin {
    register_protoinfo: extern "C" fn(),
    register_handoff: Option<extern "C" fn()>,
}

unsafe extern "C" {
    fn proto_register_plugin(plugin: *const ProtoPlugin);
    fn proto_register_protocol(name: *const c_char, short_name: *const c_char, filter_name: *const c_char) -> c_int;
    fn create_dissector_handle(dissector: Dissector, protocol: c_int) -> *mut c_void;
    fn register_postdissector(handle: *mut c_void);
}

extern "C" fn dissect(_: *mut c_void, _: *mut c_void, _: *mut c_void, _: *mut c_void) -> c_int {
    let caught = catch_unwind(|| panic!("the neighbour's"));
    eprintln!("the neighbour caught its panic: {}", caught.is_err());
    0
}

extern "C" fn register() {
    // SAFETY: Wireshark calls this to register protocols; the names are static, and end with a NUL.
    unsafe {
        let protocol = proto_register_protocol(c"Second".as_ptr(), c"Second".as_ptr(), c"second_in_rust".as_ptr());
        std::panic::set_hook(Box::new(|_| eprintln!("the neighbour panics")));
        register_postdissector(create_dissector_handle(dissect, protocol));
    }
}

/// Wireshark loads the plugin.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_register() {
    static PLUGIN: ProtoPlugin = ProtoPlugin { register_protoinfo: register, register_handoff: None };
    // SAFETY: the table lives as long as the program.
    unsafe { proto_register_plugin(&PLUGIN) };
}
