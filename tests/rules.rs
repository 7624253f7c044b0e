//! The project's conventions that a test can check.

mod harness;

use std::collections::{BTreeMap, BTreeSet};
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
            &["failpoint", "one_or_many"],
            &["packet", "fields"],
            &["message", "websocket", "event", "storage"],
            &["tcp", "heartbeat", "upgrade", "matching", "times"],
            &["framing"],
            &["session", "annotation"],
            &["language"],
            &["dissector"],
            &["views"],
            &["epan"],
            &["lib"],
        ],
    ),
    (
        "src/message",
        &[
            &["json", "text", "time", "gateway", "bounded", "opaque"],
            &["php", "table"],
            &["own"],
            &["readable"],
            &["dialect", "list"],
            &["reading"],
            &["content"],
            &["mod"],
        ],
    ),
    (
        "src/session",
        &[
            &["ids", "incoming", "memory"],
            &["record"],
            &["connection"],
            &["say"],
            &["server"],
            &["state"],
            &["limit", "learn", "view"],
            &["mod"],
        ],
    ),
    ("src/dissector", &[&["faults", "plan", "truncated"], &["message", "segment"], &["mod"]]),
];

/// A source without the module of its unit tests.
fn without_tests(source: &str) -> &str {
    let attribute = "\n#[cfg(test)]\n";
    let mut places = source.match_indices(attribute).map(|(at, _)| source.split_at(at));
    let tests =
        places.find(|(_, rest)| rest[attribute.len()..].lines().next().is_some_and(|it| it.contains("mod tests")));
    tests.map_or(source, |(code, _)| code)
}

/// The files of a folder that are not tests alone, with their code, tests and comments excepted.
fn code_below(folder: &str) -> Vec<(PathBuf, String)> {
    let files = sources(&[folder], &["rs"]).into_iter().filter(|(file, _)| !file.ends_with("tests.rs"));
    files
        .map(|(file, source)| (file, without_tests(&source).lines().map(code_of).collect::<Vec<_>>().join("\n")))
        .collect()
}

/// The place of a file's module in the crate: the names from the crate's root on.
fn module_of(file: &Path) -> Vec<String> {
    let path = file.strip_prefix(root().join("src")).expect("below src").with_extension("");
    let mut names: Vec<_> = path.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if names.last().is_some_and(|last| last == "mod" || last == "lib") {
        names.pop();
    }
    names
}

/// An item of the crate that a source names by a path that begins with `crate`, `self`, `super` or a module within its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Import {
    /// The names from the crate's root on; the last may be `*`.
    path: Vec<String>,
    /// Whether a `pub use` names it.
    is_exported: bool,
}

impl Import {
    /// The name behind those of `module`; `None` for what lies elsewhere.
    fn within(&self, module: &[String]) -> Option<&str> {
        self.path.strip_prefix(module)?.first().map(String::as_str)
    }
}

/// The items that the code of a file imports, in `use` items and in paths.
fn imports(file: &Path, code: &str) -> BTreeSet<Import> {
    let module = module_of(file);
    let is_folder = file.ends_with("mod.rs");
    let children: Vec<_> = code.lines().filter_map(|line| line.strip_suffix(';')?.split_once("mod ")).collect();
    let mut imports = BTreeSet::new();
    for (at, _) in code.match_indices("::") {
        let before = &code[..at];
        let first = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        let before = before.strip_suffix(first).expect("its end");
        let is_child = is_folder && children.iter().any(|(_, child)| *child == first);
        let base = match first {
            _ if before.ends_with("::") => continue,
            "crate" => Vec::new(),
            "self" => module.clone(),
            "super" => module[..module.len().saturating_sub(1)].to_vec(),
            child if is_child => [&module[..], &[child.to_owned()]].concat(),
            _ => continue,
        };
        let is_exported =
            before.rsplit('\n').next().is_some_and(|line| line.starts_with("pub") && line.ends_with("use "));
        let mut paths = Vec::new();
        take_paths(&code[at + 2..], base, &mut paths);
        imports.extend(paths.into_iter().map(|path| Import { path, is_exported }));
    }
    imports
}

/// Takes a path, or paths in braces, from the beginning of the code, each behind the names of `base`; returns what follows.
fn take_paths<'c>(code: &'c str, mut base: Vec<String>, paths: &mut Vec<Vec<String>>) -> &'c str {
    let code = code.trim_start();
    if let Some(mut rest) = code.strip_prefix('{') {
        loop {
            rest = take_paths(rest, base.clone(), paths).trim_start();
            match rest.strip_prefix(',').map(str::trim_start) {
                Some(more) if !more.starts_with('}') => rest = more,
                more => return more.unwrap_or(rest).strip_prefix('}').expect("a closing brace"),
            }
        }
    }
    let length = code.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '*').unwrap_or(code.len());
    let (name, rest) = code.split_at(length);
    match name {
        "super" => drop(base.pop()),
        "self" | "" => {}
        _ => base.push(name.to_owned()),
    }
    match rest.strip_prefix("::") {
        Some(rest) if !rest.starts_with('<') => take_paths(rest, base, paths),
        _ => {
            paths.push(base);
            let renamed = rest.strip_prefix(" as ").unwrap_or(rest);
            if renamed.len() < rest.len() {
                renamed.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_')
            } else {
                rest
            }
        }
    }
}

/// The module in a folder to which a file below it belongs: a file, or a folder.
fn top_module(file: &Path, folder: &str) -> String {
    let inside = file.strip_prefix(root().join(folder)).expect("below the folder").with_extension("");
    inside.iter().next().expect("a name").to_string_lossy().into_owned()
}

/// The files below a folder, each with its module there and what it imports.
fn imports_below(folder: &str) -> Vec<(String, BTreeSet<Import>)> {
    let files = code_below(folder).into_iter();
    files.map(|(file, code)| (top_module(&file, folder), imports(&file, &code))).collect()
}

#[test]
fn modules_import_only_from_lower_layers() {
    for (folder, layers) in LAYERS {
        let folder_module = module_of(&root().join(folder).join("mod.rs"));
        for (file, code) in code_below(folder) {
            let module = top_module(&file, folder);
            let own = layer(layers, &module).unwrap_or_else(|| panic!("{} has no layer in LAYERS", file.display()));
            for import in imports(&file, &code) {
                let Some(other) = import.within(&folder_module).filter(|other| *other != module) else { continue };
                match layer(layers, other) {
                    Some(found) => assert!(found < own, "{} imports {other}, which is not below it", file.display()),
                    // Macros of the crate are named at its root.
                    None if *folder == "src" => {}
                    None => panic!("{} imports {other} from {folder}/mod.rs", file.display()),
                }
            }
        }
    }
}

fn layer(layers: &[&[&str]], module: &str) -> Option<usize> {
    layers.iter().position(|layer| layer.contains(&module))
}

/// A reader has to keep the rooms in mind, and what each knows of the others.
#[test]
fn the_session_has_few_rooms_and_few_arrows_among_them() {
    const MOST_ROOMS: usize = 12;
    const MOST_ARROWS: usize = 45;
    let session = ["session".to_owned()];
    let files: Vec<_> = imports_below("src/session").into_iter().filter(|(room, _)| room != "mod").collect();
    let rooms: BTreeSet<_> = files.iter().map(|(room, _)| &**room).collect();
    let mut arrows = BTreeSet::new();
    for (room, imports) in &files {
        let others = imports.iter().filter_map(|import| import.within(&session));
        let others = others.filter(|other| other != room && rooms.contains(other));
        arrows.extend(others.map(|other| format!("{room} → {other}")));
    }
    let count = rooms.len();
    assert!(count <= MOST_ROOMS, "src/session has {count} rooms, and may have {MOST_ROOMS}: {rooms:#?}");
    let count = arrows.len();
    assert!(count <= MOST_ARROWS, "{count} arrows among the session's rooms, of {MOST_ARROWS} at most: {arrows:#?}");
}

/// The other files of its room that each file imports, `mod` among them.
type Arrows = BTreeMap<String, BTreeSet<String>>;

/// The arrows among the files in a folder. What `mod.rs` only exports for one of them is that one's.
fn arrows_within(folder: &str) -> Arrows {
    let room = module_of(&root().join(folder).join("mod.rs"));
    let files = imports_below(folder);
    let of_mod = files.iter().filter(|(file, _)| file == "mod").flat_map(|(_, imports)| imports);
    let exports: BTreeMap<_, _> = of_mod
        .filter(|import| import.is_exported)
        .filter_map(|export| Some((export.path.last()?, export.within(&room)?)))
        .collect();
    let mut arrows = Arrows::new();
    for (file, imports) in &files {
        let names = imports.iter().filter_map(|import| import.within(&room));
        let targets = names.map(|name| match files.iter().any(|(file, _)| file == name) {
            true => name,
            false => exports.get(&name.to_owned()).copied().unwrap_or("mod"),
        });
        let others = targets.filter(|target| target != file).map(str::to_owned);
        arrows.entry(file.clone()).or_default().extend(others);
    }
    arrows
}

/// A circle among the arrows, its beginning again at its end.
fn circle(mut arrows: Arrows) -> Option<Vec<String>> {
    // A file that imports nothing of what is left is on no circle.
    while let Some(free) = arrows.iter().find(|(_, others)| others.is_empty()).map(|(file, _)| file.clone()) {
        arrows.remove(&free);
        for others in arrows.values_mut() {
            others.remove(&free);
        }
    }
    let mut path = vec![arrows.keys().next()?.clone()];
    loop {
        let next = arrows[path.last()?].first()?.clone();
        let begun = path.iter().position(|file| *file == next);
        path.push(next);
        if let Some(begun) = begun {
            return Some(path.split_off(begun));
        }
    }
}

#[test]
fn the_files_of_a_room_of_the_session_import_each_other_in_no_circle() {
    for entry in fs::read_dir(root().join("src/session")).expect("read a folder") {
        let room = entry.expect("read a folder").path();
        if room.is_dir() {
            let folder = format!("src/session/{}", room.file_name().expect("a name").to_string_lossy());
            let found = circle(arrows_within(&folder)).map(|files| files.join(" → "));
            assert_eq!(found, None, "{folder} has files that import each other");
        }
    }
}

#[test]
fn imports_are_found_however_they_are_written() {
    let code = "mod inner;\nuse super::{a, b::{self, c as d}};\npub use inner::E;\nfn f() { crate::g::h::<u8>(self::i) }\npub(in crate::room) fn j() {}";
    let found = imports(&root().join("src/room/mod.rs"), code);
    let names = found.iter().map(|import| (import.path.join("::"), import.is_exported));
    let expected = [
        ("a", false),
        ("b", false),
        ("b::c", false),
        ("g::h", false),
        ("room", false),
        ("room::i", false),
        ("room::inner::E", true),
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected.map(|(path, is_exported)| (path.to_owned(), is_exported)));
}

#[test]
fn a_circle_is_found_wherever_it_begins() {
    let arrows = [("a", &["b"][..]), ("b", &["c", "d"]), ("c", &[]), ("d", &["b"]), ("mod", &["a"])];
    let owned =
        arrows.map(|(file, others)| (file.to_owned(), others.iter().map(|other| (*other).to_owned()).collect()));
    let mut arrows = Arrows::from(owned);
    assert_eq!(circle(arrows.clone()).map(|files| files.join(" ")), Some("b d b".to_owned()));
    arrows.get_mut("d").expect("a file").clear();
    assert_eq!(circle(arrows), None);
}

/// Whether what follows a `let` is a name, and a closure as its value.
fn names_closure(binding: &str) -> bool {
    let binding = binding.strip_prefix("mut ").unwrap_or(binding);
    let Some((pattern, value)) = binding.split_once(" =") else { return false };
    let (name, value) = (pattern.split(':').next().unwrap_or_default(), value.trim_start());
    name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && value.strip_prefix("move ").unwrap_or(value).starts_with('|')
}

/// A closure that is used once can be read where it is used; one that is used twice is a function.
#[test]
fn few_closures_have_a_name() {
    const MOST_IN_A_THOUSAND_LINES: usize = 3;
    let (mut lines, mut closures, mut files) = (0, 0, Vec::new());
    for (file, source) in sources(&["src"], &["rs"]) {
        let code = source.lines().map(code_of).collect::<Vec<_>>().join("\n");
        let found = code.split("let ").skip(1).filter(|binding| names_closure(binding)).count();
        (lines, closures) = (lines + source.lines().count(), closures + found);
        files.extend((found > 0).then(|| format!("{found} in {}", file.display())));
    }
    let allowed = lines * MOST_IN_A_THOUSAND_LINES / 1_000;
    assert!(closures <= allowed, "{closures} closures have a name, and {allowed} may: {files:#?}");
}

#[test]
fn a_named_closure_is_found_however_it_is_written() {
    for named in ["f = |x| x;", "mut f = move || {", "f =\n        |x: &str| x", "f: &dyn Fn(u8) -> u8 = |x| x"] {
        assert!(names_closure(named), "{named}");
    }
    for other in
        ["x = y.map(|z| z);", "x;\n    x = |y| y", "(a, b) = c", "Some(a) = b else", "x = a || b", "x = y == |"]
    {
        assert!(!names_closure(other), "{other}");
    }
}

/// A message or an event that is added to its table has to be read, drawn and told by every module that matches it.
#[test]
fn modules_that_match_messages_and_events_deny_wildcards() {
    for module in ["event", "session", "language", "views", "dissector"] {
        let mut files = [".rs", "/mod.rs"].map(|end| root().join(format!("src/{module}{end}"))).into_iter();
        let source = files.find_map(|file| fs::read_to_string(file).ok());
        let source = source.unwrap_or_else(|| panic!("there is no module {module}"));
        for lint in ["clippy::wildcard_enum_match_arm", "clippy::match_wildcard_for_single_variants"] {
            let is_denied = source.lines().any(|line| line.starts_with("#![deny(") && line.contains(lint));
            assert!(is_denied, "src/{module} does not deny {lint}");
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
            let line = line.replace("XXXXXX", ""); // in the template of a temporary file's name
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
        if file.ends_with("tests.rs") {
            continue;
        }
        for (at, line) in without_tests(&source).lines().enumerate() {
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
    let ranges = items.map(|item| item.split_once("..").unwrap_or((item, item)));
    ranges.map(|(first, last)| phase_number(first)..=phase_number(last)).collect()
}

fn phase_number(text: &str) -> u32 {
    text.parse().expect("a phase is a number")
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

#[test]
fn the_profile_has_a_button_for_every_message_but_those_without_one() {
    let buttons = fs::read_to_string(root().join("plugin/profile/dfilter_buttons")).expect("the profile has buttons");
    let of_messages = buttons.lines().filter(|line| ["Says", "Logins"].iter().any(|label| line.contains(label)));
    let selected: Vec<_> = of_messages.flat_map(selected_phases).collect();
    let without = [Phase::Ping, Phase::Pong, Phase::Unknown, Phase::MessageAcked];
    let messages = Phase::ALL.iter().filter(|phase| **phase as u32 >= 20 && !without.contains(phase));
    for phase in messages {
        let has_button = selected.iter().any(|phases| phases.contains(&(*phase as u32)));
        assert!(has_button, "plugin/profile/dfilter_buttons has no button for {phase:?}");
    }
}

/// `benches/tshark --write` writes both.
#[test]
fn the_readme_claims_the_speed_that_the_benchmark_measured() {
    let [readme, performance] = ["README.md", "docs/performance.md"]
        .map(|path| fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}")));
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
