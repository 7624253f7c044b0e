//! Builds the two things that depend on Wireshark's headers: the bindings for `src/epan` and the C glue in `plugin/glue/`.
//!
//! All differences between Wireshark's versions are determined here, from the headers; see `wireshark-include/`.

#[cfg(feature = "plugin")]
#[path = "wireshark-include/find.rs"]
mod find;

#[cfg(not(feature = "plugin"))]
fn main() {}

#[cfg(feature = "plugin")]
fn main() {
    if let Err(message) = plugin::build() {
        eprintln!("\nworkermanchat cannot be built: {message}\n");
        std::process::exit(1);
    }
}

#[cfg(feature = "plugin")]
mod plugin {
    use super::find::{Wireshark, no_libclang};
    use std::env;
    use std::path::PathBuf;

    const GLUE: &[&str] = &[
        "plugin/glue/glue.c",
        "plugin/glue/stream.c",
        "plugin/glue/draw.c",
        "plugin/glue/preferences.c",
        "plugin/glue/own_messages.c",
        "plugin/glue/views.c",
        "plugin/glue/windows.c",
        "plugin/glue/statistics.c",
        "plugin/glue/late.c",
        "plugin/glue/flow.c",
        "plugin/glue/endpoints.c",
        "plugin/glue/follow.c",
    ];

    pub fn build() -> Result<(), String> {
        for input in ["wireshark-include", "plugin/glue", "build.rs"] {
            println!("cargo:rerun-if-changed={input}");
        }
        for variable in ["WIRESHARK_INCLUDE_DIR", "LIBCLANG_PATH", "PKG_CONFIG_PATH"] {
            println!("cargo:rerun-if-env-changed={variable}");
        }
        let wireshark = Wireshark::find()?;
        let out_dir = env::var("OUT_DIR").map_err(|error| error.to_string())?;
        for warning in wireshark.untested().into_iter().chain(wireshark.not_installed(&out_dir)) {
            println!("cargo:warning={warning}");
        }
        println!("cargo:rustc-env=WORKERMANCHAT_WIRESHARK={}.{}", wireshark.major, wireshark.minor);
        bindings(&wireshark)?;
        glue(&wireshark);
        link();
        Ok(())
    }

    /// Generates the Rust bindings: only what `src/epan` uses; types whose members it does not access are opaque.
    fn bindings(wireshark: &Wireshark) -> Result<(), String> {
        // bindgen panics if it does not find libclang; the user gets an error message instead.
        let clang = std::panic::catch_unwind(bindgen::clang_version)
            .map_err(|_| no_libclang("neither in the linker's path nor in LIBCLANG_PATH"))?;
        println!("cargo:rustc-env=WORKERMANCHAT_CLANG={}", clang.full);
        let include = wireshark.include_dirs.iter().map(|directory| format!("-I{}", directory.display()));
        let bindings = bindgen::Builder::default()
            .header("wireshark-include/wrapper.h")
            .clang_args(include)
            .clang_arg("-Iplugin/glue")
            .allowlist_function("proto_register_(protocol|plugin|field_array|subtree_array)")
            .allowlist_function("expert_register_(protocol|field_array)")
            .allowlist_function("wmem_alloc")
            .allowlist_type("wmc_.*|hf_register_info|ei_register_info|value_string|ft_framenum_type_t|ftenum|field_display_e")
            .allowlist_function("wmc_.*")
            .allowlist_var("wmc_blank_.*|WIRESHARK_VERSION_(MAJOR|MINOR)|WMC_.*|PI_(NOTE|WARN|ERROR|MALFORMED|PROTOCOL|SEQUENCE|UNDECODED|DECRYPTION|RECEIVE|COMMENTS_GROUP|SECURITY|INTERFACE|REASSEMBLE|RESPONSE_CODE)")
            .opaque_type("_packet_info|tvbuff|_proto_node|protocol_t|_protocol|expert_module|_wmem_allocator_t")
            .default_enum_style(bindgen::EnumVariation::Consts)
            .prepend_enum_name(false)
            .ctypes_prefix("libc")
            .use_core()
            .layout_tests(false)
            .generate_comments(false)
            .generate()
            .map_err(|error| format!("bindgen could not read Wireshark's headers: {error}"))?;
        let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets no OUT_DIR")?);
        bindings.write_to_file(out.join("bindings.rs")).map_err(|error| error.to_string())
    }

    /// Compiles the C glue. A callback or preference of the wrong type could overwrite memory, and an undeclared function would give a
    /// plugin that does not load; both are errors here, as they are by default in newer compilers.
    fn glue(wireshark: &Wireshark) {
        let mut build = cc::Build::new();
        if wireshark.declares("epan/conversation.h", "find_conversation_deinterlaced") {
            build.define("WMC_DEINTERLACED_CONVERSATIONS", None);
        }
        if wireshark.declares("epan/follow.h", "get_follow_stream_count_func") {
            build.define("WMC_FOLLOW_COUNTS_STREAMS", None);
        }
        if wireshark.mentions("epan/conversation_filter.h", "void *user_data") {
            build.define("WMC_FILTERS_WITH_DATA", None);
        }
        if cfg!(feature = "failpoints") {
            build.define("WMC_FAILPOINTS", None).file("plugin/glue/failpoint.c");
        }
        build
            .files(GLUE)
            .include("plugin/glue")
            .includes(&wireshark.include_dirs)
            .warnings(true)
            .flag_if_supported("-Wno-unused-parameter") // Wireshark's callbacks and headers have many
            .flag_if_supported("-Werror=incompatible-pointer-types")
            .flag_if_supported("-Werror=implicit-function-declaration")
            .compile("workermanchat_glue");
    }

    /// Wireshark's symbols are resolved when the plugin is loaded. ELF allows this by default; macOS needs a linker option.
    fn link() {
        if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("macos") {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-undefined,dynamic_lookup");
        }
    }
}
