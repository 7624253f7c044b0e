//! What the plugin is built from: `docs/dependencies.md` names what cargo resolves, `deny.toml` allows it, and none of it reaches further than
//! `SECURITY.md` says. After a change of the dependencies, run `UPDATE_DEPENDENCIES=1 cargo test --test dependencies`, and write in the last
//! column of each new row why the crate is there and what it may do.

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use harness::wireshark::built_library;
use object::{Object, ObjectSymbol};
use serde_json::Value;
use spdx::{Expression, LicenseReq, Licensee, ParseMode};

const PAGE: &str = "docs/dependencies.md";
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn toml(path: &str) -> toml::Table {
    read(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

// --- what cargo resolves ----------------------------------------------------------------------------------------------

/// `cargo metadata`, for the crates of this system, which is what a build has fetched.
fn metadata() -> &'static Value {
    static METADATA: OnceLock<Value> = OnceLock::new();
    METADATA.get_or_init(|| {
        let system = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", &system]);
        let output = cargo.current_dir(root()).output().expect("run cargo");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
    })
}

fn list(value: &'static Value) -> impl Iterator<Item = &'static Value> {
    value.as_array().expect("a list").iter()
}

fn text(value: &'static Value) -> &'static str {
    value.as_str().expect("a text")
}

/// A crate that cargo resolved.
#[derive(Clone, Copy)]
struct Crate(&'static Value);

impl Crate {
    fn all() -> impl Iterator<Item = Self> {
        list(&metadata()["packages"]).map(Self)
    }

    fn with_id(id: &str) -> Self {
        Self::all().find(|found| found.id() == id).expect("a resolved crate")
    }

    fn own() -> Self {
        Self::with_id(text(&metadata()["resolve"]["root"]))
    }

    fn id(self) -> &'static str {
        text(&self.0["id"])
    }

    fn name(self) -> &'static str {
        text(&self.0["name"])
    }

    fn licence(self) -> Expression {
        Expression::parse_mode(self.licence_text(), ParseMode::LAX)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name()))
    }

    fn licence_text(self) -> &'static str {
        self.0["license"].as_str().unwrap_or_else(|| panic!("{} does not name its licence", self.name()))
    }

    /// The crates that it needs as `kind`: `None` for what becomes a part of it, or `build` or `dev`.
    fn needs(self, kind: Option<&'static str>) -> impl Iterator<Item = Self> {
        let mut nodes = list(&metadata()["resolve"]["nodes"]);
        let node = nodes.find(|node| node["id"] == self.id()).expect("each crate is resolved");
        let edges = list(&node["deps"]);
        let wanted = edges.filter(move |edge| list(&edge["dep_kinds"]).any(|edge| edge["kind"].as_str() == kind));
        wanted.map(|edge| Self::with_id(text(&edge["pkg"])))
    }

    /// The version that our manifest asks for.
    fn requirement(self, kind: Option<&str>) -> Option<&'static str> {
        let mut asked = list(&Self::own().0["dependencies"]);
        let found = asked.find(|asked| asked["name"] == self.name() && asked["kind"].as_str() == kind)?;
        Some(text(&found["req"]).trim_start_matches('^'))
    }

    /// The folder of its library's sources.
    fn folder(self) -> PathBuf {
        let is_library = |kind: &Value| kind == "proc-macro" || kind.as_str().is_some_and(|kind| kind.ends_with("lib"));
        let library = list(&self.0["targets"]).find(|target| list(&target["kind"]).any(is_library));
        let source = text(&library.unwrap_or_else(|| panic!("{} has no library", self.name()))["src_path"]);
        Path::new(source).parent().expect("a source is in a folder").to_owned()
    }

    /// The sources of its library, without comments and unit tests.
    fn code(self) -> Vec<(PathBuf, String)> {
        let mut files = Vec::new();
        rust_files(&self.folder(), &mut files);
        assert!(!files.is_empty(), "{} has no sources", self.name());
        files.into_iter().map(|file| (file.clone(), code_of(&read(file)))).collect()
    }

    fn unsafety(self) -> &'static str {
        let code = self.code();
        let has = |wanted: &str| code.iter().any(|(_, code)| code.contains(wanted));
        match () {
            () if has("forbid(unsafe") => "forbidden",
            () if ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"].into_iter().any(has) => "yes",
            () => "none",
        }
    }

    fn is_procedural(self) -> bool {
        let mut kinds = list(&self.0["targets"]).flat_map(|target| list(&target["kind"]));
        kinds.any(|kind| kind == "proc-macro")
    }

    /// What of it runs on the machine that builds.
    fn runs_at_build(self) -> String {
        let kinds: BTreeSet<&str> =
            list(&self.0["targets"]).flat_map(|target| list(&target["kind"]).map(text)).collect();
        let names = [("custom-build", "build script"), ("proc-macro", "procedural macro")];
        names.into_iter().filter(|(kind, _)| kinds.contains(kind)).map(|(_, name)| name).collect::<Vec<_>>().join(", ")
    }
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("read a folder").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// A source without comments and unit tests.
fn code_of(source: &str) -> String {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n").collect()
}

/// Crates, each with those that need it.
type Needed = BTreeMap<&'static str, (Crate, BTreeSet<&'static str>)>;

/// The crates that become a part of the plugin. Procedural macros do not: they run when it is built.
fn in_the_plugin() -> Needed {
    needed_by(vec![Crate::own()], |needed| !needed.is_procedural())
}

/// The procedural macros of these, and what they are made of.
fn macros_of(plugin: &Needed) -> Needed {
    let users = plugin.values().map(|(user, _)| *user).chain([Crate::own()]);
    let macros: Needed = users.fold(Needed::new(), |mut macros, user| {
        for found in user.needs(None).filter(|needed| needed.is_procedural()) {
            macros.entry(found.name()).or_insert_with(|| (found, BTreeSet::new())).1.insert(user.name());
        }
        macros
    });
    let parts = needed_by(macros.values().map(|(found, _)| *found).collect(), |_| true);
    macros.into_iter().chain(parts).collect()
}

fn needed_by(mut waiting: Vec<Crate>, is_taken: impl Fn(Crate) -> bool) -> Needed {
    let mut found = Needed::new();
    while let Some(user) = waiting.pop() {
        for needed in user.needs(None).filter(|needed| is_taken(*needed)) {
            let (_, users) = found.entry(needed.name()).or_insert_with(|| {
                waiting.push(needed);
                (needed, BTreeSet::new())
            });
            users.insert(user.name());
        }
    }
    found
}

// --- the page ---------------------------------------------------------------------------------------------------------

/// The cells of a row that are known from elsewhere; a last one is written by hand.
type Facts = Vec<String>;

fn facts_of(found: Crate, required: String) -> Facts {
    let licence = found.licence_text().to_owned();
    vec![found.name().to_owned(), required, licence, found.unsafety().to_owned(), found.runs_at_build()]
}

fn table_of(needed: &Needed) -> Vec<Facts> {
    let row = |(found, users): &(Crate, BTreeSet<&str>)| {
        let users = || format!("by {}", users.iter().copied().collect::<Vec<_>>().join(", "));
        facts_of(*found, found.requirement(None).map_or_else(users, str::to_owned))
    };
    needed.values().map(row).collect()
}

fn build_table() -> Vec<Facts> {
    [direct_table("build"), table_of(&macros_of(&in_the_plugin()))].concat()
}

fn direct_table(kind: &'static str) -> Vec<Facts> {
    let required = |found: Crate| found.requirement(Some(kind)).expect("the manifest asks for it").to_owned();
    Crate::own().needs(Some(kind)).map(|found| facts_of(found, required(found))).collect()
}

fn fuzz_table() -> Vec<Facts> {
    let manifest = toml("fuzz/Cargo.toml");
    let asked = manifest["dependencies"].as_table().expect("a table");
    let required = |asked: &toml::Value| asked.as_str().or_else(|| asked.get("version")?.as_str()).map(str::to_owned);
    asked.iter().filter_map(|(name, asked)| Some(vec![name.clone(), required(asked)?])).collect()
}

/// The lines between `<!-- NAME -->` and `<!-- end of NAME -->`: a head of two lines, and the rows.
fn part<'a>(page: &'a str, name: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("<!-- {name} -->\n")).unwrap_or_else(|| panic!("{PAGE} has no {name}"));
    rest.split_once(&format!("<!-- end of {name} -->")).unwrap_or_else(|| panic!("{PAGE} does not end {name}")).0
}

fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split('|').map(str::trim).collect()
}

/// That part of the page as the facts want it, with what is written by hand kept.
fn written(part: &str, mut facts: Vec<Facts>) -> String {
    facts.sort();
    let by_hand: BTreeMap<&str, &str> =
        part.lines().skip(2).map(cells).map(|cells| (cells[0], *cells.last().expect("a last cell"))).collect();
    let row = |facts: Facts| {
        let name = format!("`{}`", facts[0]);
        let last = by_hand.get(name.as_str()).copied().unwrap_or_default();
        format!("| {name} | {} | {last} |\n", facts[1..].join(" | "))
    };
    let head = part.lines().take(2).map(|line| format!("{line}\n"));
    head.chain(facts.into_iter().map(row)).collect()
}

#[test]
fn the_page_names_each_crate_with_its_version_and_licence_and_what_is_unsafe() {
    let tables = [
        ("plugin", table_of(&in_the_plugin())),
        ("build", build_table()),
        ("tests", direct_table("dev")),
        ("fuzz", fuzz_table()),
    ];
    let mut page = read(PAGE);
    for (name, facts) in tables {
        let found = part(&page, name).to_owned();
        let wanted = written(&found, facts);
        if std::env::var_os("UPDATE_DEPENDENCIES").is_some() {
            page = page.replace(&found, &wanted);
            fs::write(root().join(PAGE), &page).unwrap();
        } else {
            assert_eq!(found, wanted, "{PAGE}, {name}: UPDATE_DEPENDENCIES=1 cargo test --test dependencies");
        }
        for row in wanted.lines() {
            assert_ne!(cells(row).last(), Some(&""), "{PAGE} does not say why the crate is there: {row}");
        }
    }
}

// --- licences and sources ---------------------------------------------------------------------------------------------

fn licensees(list: &toml::Value) -> Vec<Licensee> {
    let names = list.as_array().expect("a list of licences").iter();
    names.map(|name| Licensee::parse(name.as_str().expect("a name")).expect("an SPDX identifier")).collect()
}

fn suffices(licence: &Expression, allowed: &[Licensee]) -> bool {
    licence.evaluate(|wanted: &LicenseReq| allowed.iter().any(|licensee| licensee.satisfies(wanted)))
}

#[test]
fn every_licence_is_allowed_and_what_is_only_for_builds_and_tests_is_not_in_the_plugin() {
    let rules = toml("deny.toml");
    let allowed = licensees(&rules["licenses"]["allow"]);
    let exceptions: BTreeMap<&str, Vec<Licensee>> = rules["licenses"]["exceptions"]
        .as_array()
        .expect("a list of exceptions")
        .iter()
        .map(|exception| (exception["crate"].as_str().expect("a crate"), licensees(&exception["allow"])))
        .collect();
    for found in Crate::all() {
        let own = exceptions.get(found.name()).map_or(&[][..], Vec::as_slice);
        let is_allowed = suffices(&found.licence(), &[&allowed[..], own].concat());
        assert!(is_allowed, "deny.toml does not allow {} of {}", found.licence_text(), found.name());
    }
    let fuzz = read("fuzz/Cargo.lock");
    for name in exceptions.keys() {
        let is_there = Crate::all().any(|found| found.name() == *name) || fuzz.contains(&format!("name = \"{name}\""));
        assert!(is_there, "deny.toml has an exception for {name}, which is not there");
    }
    for (name, (found, _)) in in_the_plugin() {
        assert!(suffices(&found.licence(), &allowed), "{name} is in the plugin: {}", found.licence_text());
    }
}

#[test]
fn every_crate_comes_from_crates_io_with_its_checksum() {
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let lock_file = toml(lock);
        for package in lock_file["package"].as_array().expect("a list of packages") {
            let name = package["name"].as_str().expect("a name");
            if name.starts_with("workermanchat") {
                continue;
            }
            assert_eq!(package.get("source").and_then(toml::Value::as_str), Some(CRATES_IO), "{lock}: {name}");
            let sum = package.get("checksum").and_then(toml::Value::as_str).unwrap_or_default();
            assert_eq!(sum.len(), 64, "{lock}: {name} has no SHA-256");
        }
    }
}

// --- what the plugin reaches ------------------------------------------------------------------------------------------

/// The modules of the standard library that reach the network, files, programs, and C's descriptors.
const REACHING_MODULES: &[&str] = &["net", "fs", "process", "os"];

/// What code names of these modules: `fs::read` of `std::fs::read`, and `fs` of `use std::{fs, io}`.
fn reached(code: &str) -> Vec<String> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    for (at, prefix) in code.match_indices("std::") {
        let rest = &code[at + prefix.len()..];
        let (path, rest) = rest.split_at(rest.find(|c| !is_path(c)).unwrap_or(rest.len()));
        let ends = rest.strip_prefix('{').map_or("", |list| list.split('}').next().unwrap_or_default());
        found.extend(ends.split(',').map(|end| format!("{path}{}", end.trim())));
    }
    found.retain(|name| REACHING_MODULES.contains(&name.split("::").next().unwrap_or_default()));
    found
}

#[test]
fn what_reaches_out_is_found_in_paths_and_lists() {
    let code = "use std::{cmp, fs,\n net::TcpStream}; use std::os::{fd, raw}; std::process::exit(1); std::io::empty()";
    assert_eq!(reached(code), ["fs", "net::TcpStream", "os::fd", "os::raw", "process::exit"]);
}

#[test]
fn the_plugin_reads_one_file_and_reaches_neither_the_network_nor_programs() {
    let crates = in_the_plugin().into_values().map(|(found, _)| found);
    for found in crates.filter(|found| found.name() != "libc") {
        for (file, code) in found.code() {
            assert_eq!(reached(&code), [""; 0], "{}", file.display());
        }
    }
    let own = Crate::own().code().into_iter().flat_map(|(_, code)| reached(&code));
    // The preferences file, for a warning about an unknown language. Addresses are numbers.
    let own: Vec<_> = own.filter(|name| !name.starts_with("net::Ip") && name != "net::SocketAddr").collect();
    assert_eq!(own, ["fs::read"]);
}

#[test]
fn of_libc_the_plugin_uses_the_types_of_c_and_local_time() {
    let own = Crate::own().code();
    let names =
        own.iter().flat_map(|(_, code)| code.match_indices("libc::").map(|(at, path)| &code[at + path.len()..]));
    let names = names.filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next());
    let others: BTreeSet<&str> = names.filter(|name| !name.starts_with("c_")).collect();
    assert_eq!(others, BTreeSet::from(["localtime_r", "time_t", "tm"]));
}

/// Functions of C, GLib and Wireshark that open a connection, start a program, load code, or make, change or remove a file.
const REACHING_FUNCTIONS: &[&str] = &[
    "socket",
    "socketpair",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "send",
    "sendto",
    "sendmsg",
    "recv",
    "recvfrom",
    "recvmsg",
    "getaddrinfo",
    "gethostbyname",
    "getnameinfo",
    "fork",
    "vfork",
    "clone",
    "system",
    "popen",
    "dlopen",
    "dlmopen",
    "dlsym",
    "creat",
    "creat64",
    "fopen",
    "fopen64",
    "freopen",
    "freopen64",
    "fdopen",
    "openat",
    "openat64",
    "mkdir",
    "rename",
    "renameat",
    "unlink",
    "unlinkat",
    "remove",
    "rmdir",
    "link",
    "symlink",
    "truncate",
    "truncate64",
    "ftruncate",
    "ftruncate64",
    "chmod",
    "fchmod",
    "chown",
    "kill",
    "ptrace",
];

/// How the names of further ones begin.
const REACHING_FAMILIES: &[&str] = &[
    "exec",
    "posix_spawn",
    "mkstemp",
    "g_spawn",
    "g_file_",
    "g_socket",
    "g_module",
    "ws_pipe",
    "ws_socket",
    "ws_open",
    "ws_fopen",
];

/// Those with which a window writes its page to a file, when its user presses *Save as…* or *Open as web page*, and the only file that has them.
const OF_WINDOWS: [&str; 4] = ["fdopen", "g_file_open_tmp", "g_file_set_contents", "unlink"];
const WINDOWS: &str = "plugin/glue/windows.c";

#[test]
fn what_writes_a_page_to_a_file_is_in_the_windows_alone() {
    for file in fs::read_dir(root().join("plugin/glue")).expect("the glue").map(|entry| entry.expect("a file").path()) {
        let code = fs::read_to_string(&file).expect("a source");
        let calls: Vec<_> = OF_WINDOWS.iter().filter(|name| code.contains(&format!("{name}("))).collect();
        assert!(calls.is_empty() || file.ends_with(WINDOWS), "{} calls {calls:?}", file.display());
    }
}

#[test]
fn the_library_imports_no_function_that_connects_starts_programs_or_makes_files_by_itself() {
    let bytes = fs::read(built_library()).expect("cargo built the library");
    let library = object::File::parse(&*bytes).expect("a shared library");
    let imported: BTreeSet<&str> = library
        .dynamic_symbols()
        .filter(ObjectSymbol::is_undefined)
        .map(|symbol| symbol.name().expect("names are UTF-8"))
        .collect();
    assert!(imported.contains("wmem_alloc"), "what the library imports is not read: {imported:?}");
    let reaching = |name: &&&str| {
        REACHING_FUNCTIONS.contains(*name) || REACHING_FAMILIES.iter().any(|family| name.starts_with(family))
    };
    let found: Vec<_> = imported.iter().filter(|name| !OF_WINDOWS.contains(name)).filter(reaching).collect();
    assert!(found.is_empty(), "the library imports {found:?}");
}

#[test]
fn our_build_script_reads_files_and_leaves_the_rest_to_the_crates_of_the_table() {
    let mut files = vec![root().join("build.rs")];
    rust_files(&root().join("wireshark-include"), &mut files);
    assert!(files.len() > 1, "{files:?}");
    let code = files.iter().map(|file| code_of(&read(file)));
    let names: BTreeSet<String> = code.flat_map(|code| reached(&code)).collect();
    assert_eq!(names, BTreeSet::from(["fs", "process::exit"].map(str::to_owned)));
    let writing = ["fs::write", "fs::copy", "fs::rename", "fs::remove", "fs::create"];
    for file in files {
        let code = code_of(&read(&file));
        let found = writing.iter().find(|name| code.contains(**name));
        assert!(found.is_none(), "{} names {found:?}", file.display());
    }
}

// --- SECURITY.md ------------------------------------------------------------------------------------------------------

#[test]
fn each_bound_that_security_md_names_is_a_constant_of_that_file() {
    let page = read("SECURITY.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")).map(cells).filter(|row| row.len() == 3);
    let mut named = 0;
    for bound in rows.flat_map(|row| row[2].split(", ").map(str::to_owned).collect::<Vec<_>>()) {
        let Some((constant, file)) = bound.split_once(" in ") else { continue };
        let (constant, file) = (constant.trim_matches('`'), file.trim_matches('`'));
        assert!(read(file).contains(&format!("const {constant}: ")), "{file} has no constant {constant}");
        named += 1;
    }
    assert!(named >= 8, "SECURITY.md names {named} bounds");
}
