//! The project's conventions that a test can check.

mod harness;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use harness::wireshark::built_library;
use object::{Object, ObjectSymbol};
use workermanchat::fields::Phase;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder of the crate.
fn files_below(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("read a folder").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

fn sources(folders: &[&str], extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let files = folders.iter().flat_map(|folder| files_below(folder));
    let wanted =
        files.filter(|file| file.extension().is_some_and(|found| extensions.iter().any(|&wanted| found == wanted)));
    wanted.map(|file| (file.clone(), fs::read_to_string(&file).expect("sources are UTF-8"))).collect()
}

/// A line without its comment. Strings that contain `//` are not handled.
fn code_of(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

/// The lints in Cargo.toml deny `unsafe` and require a reason; this checks where an `allow` may be.
#[test]
fn unsafe_is_allowed_only_in_epan() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest is UTF-8");
    for lint in ["unsafe_code = \"deny\"", "undocumented_unsafe_blocks = \"deny\""] {
        assert!(manifest.lines().any(|line| line.starts_with(lint)), "Cargo.toml has no {lint}");
    }
    for (file, source) in sources(&["src", "tests", "benches", "wireshark-include"], &["rs"]) {
        if file.ends_with("tests/rules.rs") {
            continue;
        }
        let lines: Vec<&str> = source.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let place = format!("{}:{}", file.display(), at + 1);
            let generated = file == root().join("src/epan/bindings.rs");
            assert!(!line.contains("undocumented_unsafe_blocks") || generated, "unsafe without its reason: {place}");
            let is_epan = file == root().join("src/lib.rs") && lines.get(at + 1) == Some(&"mod epan;");
            assert!(!line.contains("unsafe_code") || is_epan, "unsafe outside src/epan: {place}");
        }
    }
}

#[test]
fn every_module_begins_with_a_doc_comment() {
    for (file, source) in sources(&["src", "tests", "benches"], &["rs"]) {
        assert!(source.starts_with("//!"), "{} has no first comment", file.display());
    }
}

#[test]
fn the_code_does_not_compare_wireshark_version_numbers() {
    let numbers = ["4.0", "4.2", "4.4", "4.6"];
    for (file, source) in sources(&["src", "plugin"], &["rs", "c", "h"]) {
        for (at, line) in source.lines().enumerate() {
            let code = code_of(line.trim_start().trim_start_matches(['*', '/']));
            // Lines of a C comment begin with a star.
            if line.trim_start().starts_with(['*', '/']) {
                continue;
            }
            let mut numbers_here = code.split(|c: char| !c.is_ascii_digit() && c != '.');
            let found = numbers_here.find(|found| numbers.contains(found));
            assert!(found.is_none(), "{}:{} tells versions apart by {found:?}", file.display(), at + 1);
        }
    }
}

/// The modules of each folder in layers, lowest first: a module may import only from lower layers.
const LAYERS: &[(&str, &[&[&str]])] = &[
    (
        "src",
        &[
            &["failpoint"],
            &["packet", "fields"],
            &["message", "websocket", "event"],
            &["session", "annotation"],
            &["language"],
            &["dissector", "views"],
            &["epan"],
            &["lib"],
        ],
    ),
    ("src/message", &[&["json", "text", "time", "gateway"], &["php", "table"], &["dialect", "list"], &["mod"]]),
    (
        "src/session",
        &[
            &[
                "bounded",
                "chunks",
                "excerpts",
                "gaps",
                "in_flight",
                "memory",
                "segmented",
                "start",
                "texts",
                "times",
                "tracked",
            ],
            &["handshake", "lacking", "lists", "room", "say"],
            &["contests", "framing", "mark", "opening", "record", "says", "statement", "transport"],
            &["alike", "application", "exchanges", "records"],
            &["connection"],
            &["connections"],
            &["matching"],
            &["server"],
            &["servers"],
            &["state"],
            &["assign", "limit", "logins", "view"],
            &["learn"],
            &["mod"],
        ],
    ),
    ("src/dissector", &[&["faults", "plan", "truncated"], &["message", "segment"], &["mod"]]),
];

/// The first path segments after `prefix` in a file, tests excluded.
fn imports(source: &str, prefix: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let paths = code.lines().map(code_of).flat_map(|line| line.match_indices(prefix).map(move |(at, _)| &line[at..]));
    let names = paths.map(|path| &path[prefix.len()..]);
    let first = names.filter_map(|path| path.split(|c: char| !c.is_alphanumeric() && c != '_').next());
    first.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn modules_import_only_from_lower_layers() {
    for (folder, layers) in LAYERS {
        let layer = |module: &str| layers.iter().position(|layer| layer.contains(&module));
        for (file, source) in sources(&[folder], &["rs"]) {
            let inside = file.strip_prefix(root().join(folder)).expect("below the folder").with_extension("");
            let module = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
            if module == "tests" || inside.ends_with("tests") {
                continue;
            }
            let own = layer(&module).unwrap_or_else(|| panic!("{} has no layer in LAYERS", file.display()));
            let (prefix, names_only_modules) = if *folder == "src" { ("crate::", true) } else { ("super::", false) };
            let is_nested = inside.components().count() > 1;
            for import in imports(&source, prefix) {
                if *folder != "src" && is_nested {
                    continue;
                }
                match layer(&import) {
                    Some(other) => assert!(
                        other < own || import == module,
                        "{} imports {import}, which is not below it",
                        file.display()
                    ),
                    None => assert!(names_only_modules, "{} imports {import} from its parent", file.display()),
                }
            }
        }
    }
}

#[test]
fn there_are_no_todo_markers() {
    let leftovers = ["todo!(", "unimplemented!(", "dbg!(", "FIXME", "TODO", "XXX", "#[ignore"];
    for (file, source) in sources(&["src", "tests", "benches", "plugin", "wireshark-include"], &["rs", "c", "h", "sh"])
    {
        if file.ends_with("tests/rules.rs") {
            continue;
        }
        for (at, line) in source.lines().enumerate() {
            let found = leftovers.iter().find(|leftover| line.contains(**leftover));
            assert!(found.is_none(), "{}:{} leaves {found:?}", file.display(), at + 1);
        }
    }
}

#[test]
fn code_outside_epan_does_no_io() {
    let impure = [
        "std::fs",
        "std::net::Tcp",
        "std::process",
        "std::thread",
        "std::env::",
        "println!",
        "print!",
        "eprint!",
        "SystemTime",
        "Instant",
    ];
    for (file, source) in sources(&["src"], &["rs"]) {
        if file.starts_with(root().join("src/epan")) {
            continue;
        }
        // A module's unit tests may read test data.
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        if file.ends_with("tests.rs") {
            continue;
        }
        for (at, line) in code.lines().enumerate() {
            let found = impure.iter().find(|name| code_of(line).contains(**name));
            assert!(found.is_none(), "{}:{} uses {found:?}", file.display(), at + 1);
        }
    }
}

/// The phases that a line of the profile selects: those behind `workermanchat.phase in {` or `==`.
fn selected_phases(line: &str) -> Vec<std::ops::RangeInclusive<u32>> {
    let Some((_, rest)) = line.split_once("workermanchat.phase ") else { return Vec::new() };
    let filter = rest.split(['}', '@', '"']).next().unwrap_or_default();
    let items = filter.split(|c: char| !c.is_ascii_digit() && c != '.').filter(|item| !item.is_empty());
    let number = |text: &str| text.parse().expect("a phase is a number");
    items
        .map(|item| match item.split_once("..") {
            Some((first, last)) => number(first)..=number(last),
            None => number(item)..=number(item),
        })
        .collect()
}

#[test]
fn the_profile_has_a_colour_for_every_phase_but_unknown_messages() {
    let colours = fs::read_to_string(root().join("plugin/profile/colorfilters")).expect("the profile has colours");
    let selected: Vec<_> = colours.lines().flat_map(selected_phases).collect();
    for phase in Phase::ALL.iter().filter(|phase| **phase != Phase::Unknown) {
        let number = *phase as u32;
        let has_colour = selected.iter().any(|phases| phases.contains(&number));
        assert!(has_colour, "plugin/profile/colorfilters has no colour for {phase:?} ({number})");
    }
}

/// `benches/tshark --write` writes both.
#[test]
fn the_readme_claims_the_speed_that_the_benchmark_measured() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (readme, performance) = (read("README.md"), read("docs/performance.md"));
    let claim = readme.lines().find(|line| line.starts_with("To list a chat of ")).expect("README has the claim");
    assert!(performance.lines().any(|line| line == claim), "docs/performance.md does not say: {claim}");
}

#[test]
fn the_library_exports_only_wiresharks_entry_points() {
    let bytes = fs::read(built_library()).expect("cargo built the library");
    let library = object::File::parse(&*bytes).expect("a shared library");
    let exported: BTreeSet<String> = library
        .dynamic_symbols()
        .filter(|symbol| symbol.is_definition() && symbol.is_global())
        .map(|symbol| symbol.name().expect("names are UTF-8").to_owned())
        .collect();
    let entry_points =
        ["plugin_describe", "plugin_register", "plugin_version", "plugin_want_major", "plugin_want_minor"];
    assert_eq!(exported, BTreeSet::from(entry_points.map(str::to_owned)));
}
