//! Finds Wireshark's headers, or returns an error message that names the package.
//!
//! `WIRESHARK_INCLUDE_DIR` (the directory that holds `epan/` and `ws_version.h`) comes first, then `pkg-config wireshark`. The
//! version is read from the headers, not from an installed program.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Wireshark's minor versions that the test suite runs against; any other builds with a warning.
const TESTED: &[(u32, u32)] = &[(4, 0), (4, 4), (4, 6)];

/// Versions that CI builds for, but cannot run the tests with.
const BUILT: &[(u32, u32)] = &[(4, 2)];

const PACKAGES: &str = "\
  Debian, Ubuntu   apt install wireshark-dev libwireshark-dev libglib2.0-dev pkg-config
  Fedora           dnf install wireshark-devel glib2-devel pkgconf-pkg-config
  Arch             pacman -S wireshark-cli glib2 pkgconf
  macOS            brew install wireshark glib pkg-config";

/// Wireshark's headers: their location and version.
pub struct Wireshark {
    /// Include directories, Wireshark's own first, then GLib's.
    pub include_dirs: Vec<PathBuf>,
    pub major: u32,
    pub minor: u32,
}

impl Wireshark {
    /// The headers to build against.
    ///
    /// # Errors
    /// A message for the user that names what is missing and the package to install, per distribution.
    pub fn find() -> Result<Self, String> {
        let glib = include_dirs_of("glib-2.0").map_err(|why| missing("GLib's headers were not found", &why))?;
        let own = match env::var_os("WIRESHARK_INCLUDE_DIR") {
            Some(directory) => vec![PathBuf::from(directory)],
            None => include_dirs_of("wireshark").map_err(|why| missing("Wireshark's headers were not found", &why))?,
        };
        let header =
            own.iter().map(|directory| directory.join("ws_version.h")).find(|header| header.is_file()).ok_or_else(
                || missing("Wireshark's headers were not found", &format!("no ws_version.h in {}", list(&own))),
            )?;
        let [major, minor] = version(&header)?;
        let include_dirs = own.into_iter().chain(glib).collect();
        Ok(Self { include_dirs, major, minor })
    }

    /// Whether a header declares a function, where the preprocessor cannot tell.
    pub fn declares(&self, header: &str, function: &str) -> bool {
        self.mentions(header, &format!("{function}("))
    }

    /// Whether a header has these words.
    pub fn mentions(&self, header: &str, words: &str) -> bool {
        let mut texts =
            self.include_dirs.iter().filter_map(|directory| fs::read_to_string(directory.join(header)).ok());
        texts.next().is_some_and(|text| text.contains(words))
    }

    /// A warning if this is a build for another version than the installed one, in the same target folder.
    pub fn not_installed(&self, out_dir: &str) -> Option<String> {
        let installed = pkg_config::Config::new().cargo_metadata(false).probe("wireshark").ok()?.version;
        let wanted = format!("{}.{}", self.major, self.minor);
        let same = installed == wanted || installed.starts_with(&format!("{wanted}."));
        (!same && !out_dir.contains(&format!("wireshark-{wanted}"))).then(|| {
            format!(
                "this is a build for Wireshark {wanted}, and {installed} is installed; \
                 give it a folder of its own: --target-dir target/wireshark-{wanted}"
            )
        })
    }

    /// A warning if no test runs with this version.
    pub fn untested(&self) -> Option<String> {
        let this = (self.major, self.minor);
        let (major, minor) = this;
        let tested = TESTED.iter().map(|(major, minor)| format!("{major}.{minor}")).collect::<Vec<_>>().join(", ");
        if TESTED.contains(&this) {
            None
        } else if BUILT.contains(&this) {
            Some(format!(
                "for Wireshark {major}.{minor} the plugin is built in CI, but not run there (tested: {tested}); \
                 check what it shows"
            ))
        } else {
            Some(format!(
                "Wireshark {major}.{minor} is untested with this plugin (tested: {tested}); it builds, but check what it shows"
            ))
        }
    }
}

/// The error message if libclang, which bindgen uses to read the headers, is not found.
pub fn no_libclang(why: &str) -> String {
    format!(
        "bindgen could not load libclang ({why}).\n\
         Install it, or set LIBCLANG_PATH to the directory that holds libclang.so:\n  \
         Debian, Ubuntu   apt install libclang-dev\n  \
         Fedora           dnf install clang-devel\n  \
         Arch             pacman -S clang\n  \
         macOS            xcode-select --install"
    )
}

fn missing(what: &str, why: &str) -> String {
    format!(
        "{what} ({why}).\n\
         Install them, or set WIRESHARK_INCLUDE_DIR to the directory that holds epan/ and ws_version.h:\n{PACKAGES}"
    )
}

fn include_dirs_of(package: &str) -> Result<Vec<PathBuf>, String> {
    pkg_config::Config::new()
        .cargo_metadata(false) // Wireshark's symbols are resolved when the plugin is loaded
        .env_metadata(true)
        .probe(package)
        .map(|library| library.include_paths)
        .map_err(|error| first_line(&error.to_string()))
}

fn version(header: &Path) -> Result<[u32; 2], String> {
    let text = fs::read_to_string(header).map_err(|error| format!("{}: {error}", header.display()))?;
    let number = |name: &str| {
        text.lines()
            .filter_map(|line| line.strip_prefix("#define ")?.strip_prefix(name)?.trim().parse().ok())
            .next()
            .ok_or_else(|| format!("{} has no {name}", header.display()))
    };
    Ok([number("WIRESHARK_VERSION_MAJOR")?, number("WIRESHARK_VERSION_MINOR")?])
}

fn first_line(text: &str) -> String {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
