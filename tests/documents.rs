//! The pages: their commands run, what they quote is printed, their filters find the frames they name, and their links lead somewhere. What
//! README quotes of the demo is compared in `tests/scripts.rs`, its figures in `tests/rules.rs`, and what it says of languages in
//! `tests/languages.rs`.

mod harness;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use harness::wireshark::Wireshark;

/// The most lines that README may have: it is read from its beginning to its end.
const README_LINES: usize = 170;
/// The folders with scripts that a page may name.
const SCRIPTS: [&str; 4] = ["plugin/", ".ci/", "benches/", "fuzz/"];
/// The folders, beside those, of which a page may name files.
const SOURCES: [&str; 4] = ["src/", "tests/", "docs/", "wireshark-include"];
/// Stands for lines left out.
const LEFT_OUT: &str = "⋮";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

fn tour() -> String {
    read("docs/tour.md")
}

/// The pages of the project, by their paths.
fn pages() -> Vec<String> {
    let mut pages = Vec::new();
    for folder in ["", "docs"] {
        let files =
            fs::read_dir(root().join(folder)).expect("read a folder of pages").map(|file| file.expect("a file"));
        let names = files.map(|file| file.file_name().into_string().expect("names are UTF-8"));
        let names = names.filter(|name| name.ends_with(".md"));
        pages.extend(names.map(|name| Path::new(folder).join(name).to_str().expect("names are UTF-8").to_owned()));
    }
    pages.sort();
    pages
}

/// The pages whose commands are run here; those of docs/data.md are in `tests/data.rs`.
fn pages_with_commands() -> Vec<String> {
    let others = ["CONTRIBUTING.md", "docs/diagrams.md", "docs/recipes.md", "docs/reference.md"];
    pages().into_iter().filter(|page| page.starts_with("README") || others.contains(&page.as_str())).collect()
}

/// The lines of a page's `sh` blocks, without comments.
fn commands(page: &str) -> Vec<String> {
    let text = read(page);
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(str::lines).map(|line| line.split("  #").next().unwrap_or_default().trim().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

/// A home in which the commands run as in the project's folder.
fn project() -> Wireshark {
    let wireshark = Wireshark::with_plugin();
    for script in ["annotate", "export"] {
        wireshark.script(script);
    }
    let folder = wireshark.home().join("tests/captures");
    fs::create_dir_all(&folder).expect("create the folder of captures");
    for capture in ["seed-2014.pcap", "chat-2026.pcap", "heartbeat-2026.pcap"] {
        fs::copy(wireshark.capture(capture), folder.join(capture)).expect("copy the capture");
    }
    for below in ["field", "own", "server-2014"] {
        fs::create_dir(folder.join(below)).expect("create a folder of captures");
    }
    for file in ["field/poweroff.pcap", "own/shop.pcap", "own/workermanchat_messages", "server-2014/c-any.pcap"] {
        fs::copy(root().join("tests/captures").join(file), folder.join(file)).expect("copy the file");
    }
    wireshark
}

// --- docs/tour.md -----------------------------------------------------------------------------------------------------

/// A command of the tour, and what the tour quotes of its output.
struct Quote {
    command: String,
    lines: Vec<String>,
}

/// The code blocks: one of `sh` is a command, the others quote the output of the last one.
fn quotes(tour: &str) -> Vec<Quote> {
    let mut quotes: Vec<Quote> = Vec::new();
    // Between the fences, every second piece is a block, with the language in its first line.
    for block in tour.split("```").skip(1).step_by(2) {
        match block.split_once('\n').expect("a block has lines") {
            ("sh", command) => quotes.push(Quote { command: command.trim().to_owned(), lines: Vec::new() }),
            (_, output) => {
                let quote = quotes.last_mut().expect("a command stands before its output");
                quote.lines.extend(output.lines().map(str::to_owned));
            }
        }
    }
    quotes
}

/// The numbers of `8, 9, 11–13`.
fn numbers(list: &str) -> BTreeSet<u32> {
    list.split(", ")
        .flat_map(|part| {
            let (first, last) = part.split_once('–').unwrap_or((part, part));
            first.parse::<u32>().expect("a number")..=last.parse().expect("a number")
        })
        .collect()
}

#[test]
fn every_quoted_line_is_printed_by_its_command_in_this_order() {
    assert_quoted(&tour(), 12);
}

// --- docs/recipes.md --------------------------------------------------------------------------------------------------

#[test]
fn each_recipe_answers_its_question_with_one_command_and_a_click() {
    let page = read("docs/recipes.md");
    let recipes: Vec<&str> = page.split("\n## ").skip(1).collect();
    assert_eq!(recipes.len(), 7);
    for recipe in recipes {
        let question = recipe.lines().next().expect("a heading");
        assert_eq!(quotes(recipe).len(), 1, "{question} has a command");
        assert!(recipe.contains("\n*Click:* "), "{question} has a click");
        let picture = recipe.split("](recipes/").nth(1).and_then(|rest| rest.split(')').next()).expect("a picture");
        let size = fs::metadata(root().join("docs/recipes").join(picture)).expect("the picture is there").len();
        assert!(size < 120_000, "{picture} has {size} bytes");
    }
    assert_quoted(&page, 7);
}

// --- docs/your-messages.md --------------------------------------------------------------------------------------------

#[test]
fn the_example_of_your_messages_prints_what_it_quotes() {
    let page = read("docs/your-messages.md");
    let (_, example) = page.split_once("With tshark, each row is an option").expect("the example");
    assert_quoted(example, 4);
}

#[test]
fn your_messages_has_a_row_for_all_that_a_name_may_be() {
    let page = read("docs/your-messages.md");
    for meaning in workermanchat::message::own::meanings() {
        assert!(page.contains(&format!("\n| {meaning} | ")), "docs/your-messages.md has no row for: {meaning}");
    }
}

/// Runs the commands of a page, of which there are at least so many: each prints the lines that are quoted behind it.
fn assert_quoted(page: &str, least: usize) {
    let project = project();
    let quotes = quotes(page);
    assert!(quotes.len() >= least, "{} commands", quotes.len());
    for Quote { command, lines } in quotes {
        let output = project.run_unchecked(project.command("sh").args(["-c", &command]));
        assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{command}");
        assert!(lines.iter().any(|line| line != LEFT_OUT), "{command}: its output is quoted");
        let mut printed = output.stdout.lines();
        for line in lines.iter().filter(|&line| line != LEFT_OUT) {
            assert!(
                printed.any(|one| one.trim_end() == line.trim_end()),
                "{command} does not print, behind the lines before it:\n{line}"
            );
        }
    }
}

#[test]
fn every_filter_finds_the_frames_that_the_tour_names() {
    let project = project();
    let tour = tour();
    let mut checked = 0;
    for section in tour.split("\n## ").skip(1) {
        let Some(capture) = section.lines().next().and_then(|heading| heading.split('`').nth(1)) else { continue };
        for row in section.lines().filter_map(|line| line.strip_prefix("| `")) {
            let (filter, rest) = row.split_once("` | ").expect("a filter and its frames");
            let (frames, _) = rest.split_once(" | ").expect("frames and what they are");
            // Wireshark filters when it has read all packets, as tshark does with -2.
            let found = project.rows(&project.home().join(capture), &["-2", "-Y", filter], &[]);
            let found: BTreeSet<u32> = found.iter().map(|row| row.frame).collect();
            assert_eq!(found, numbers(frames), "{filter}");
            checked += 1;
        }
    }
    assert!(checked >= 16, "{checked} filters");
}

#[test]
fn its_pictures_and_links_are_there_and_small() {
    let tour = tour();
    let targets: Vec<&str> = tour.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()).collect();
    let files: BTreeSet<PathBuf> = targets.iter().map(|target| root().join("docs").join(target)).collect();
    for file in &files {
        let size = fs::metadata(file).unwrap_or_else(|_| panic!("{} is missing", file.display())).len();
        assert!(size < 200_000, "{} has {size} bytes", file.display());
    }
    for picture in fs::read_dir(root().join("docs/tour")).expect("the folder of pictures") {
        let picture = picture.expect("a picture").file_name();
        assert!(files.contains(&root().join("docs/tour").join(&picture)), "the tour does not show {picture:?}");
    }
}

// --- README -----------------------------------------------------------------------------------------------------------

#[test]
fn the_readme_is_short_enough_to_be_read() {
    let lines = read("README.md").lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines: reference is for docs, the code for CONTRIBUTING.md");
}

#[test]
fn the_readmes_first_two_commands_are_demo_and_test_and_ci_runs_the_second() {
    let commands = commands("README.md");
    assert_eq!(commands[..2], ["plugin/demo", "plugin/test"]);
    let ci = read(".ci/run");
    assert!(ci.lines().any(|line| line.ends_with(" plugin/test")), "{ci}");
}

#[test]
fn the_readme_says_how_many_packets_a_second_pass_adds() {
    let wireshark = Wireshark::with_plugin();
    let capture = wireshark.capture("seed-2014.pcap");
    let of_mynick = |passes: &[&str]| {
        let filter = ["-r", capture.to_str().unwrap(), "-Y", "workermanchat.user == \"mynick\""];
        wireshark.tshark(&[&filter, passes].concat()).stdout.lines().count()
    };
    let said = format!("{} packets of the seed session, and with `-2` {}", of_mynick(&[]), of_mynick(&["-2"]));
    assert!(read("README.md").contains(&said), "README.md does not say: {said}");
}

/// The rows of the table in a section of README, without the first `| `.
fn readme_rows(section: &str) -> Vec<String> {
    let readme = read("README.md");
    let text = readme.split(&format!("## {section}\n")).nth(1).and_then(|rest| rest.split("\n## ").next());
    let rows = text.expect("the section").lines().filter_map(|line| line.strip_prefix("| ")).skip(1);
    let rows: Vec<String> = rows.map(str::to_owned).collect();
    assert!(rows.len() >= 5, "{rows:?}");
    rows
}

/// What stands in backticks in the first column of the table in a section of README.
fn readme_table(section: &str) -> Vec<String> {
    let rows = readme_rows(section).into_iter();
    rows.map(|row| row.split('`').nth(1).expect("a name in backticks").to_owned()).collect()
}

#[test]
fn every_filter_of_the_readme_finds_packets_in_its_example_and_every_preference_is_there() {
    let wireshark = Wireshark::with_plugin();
    assert!(read("README.md").contains("Each finds packets in `tests/captures/chat-2026.pcap`"));
    let capture = wireshark.capture("chat-2026.pcap");
    for filter in readme_table("Filters worth knowing") {
        let found = wireshark.tshark(&["-r", capture.to_str().unwrap(), "-Y", &filter]).stdout;
        assert_ne!(found, "", "{filter} finds nothing");
    }
    let preferences = wireshark.tshark(&["-G", "currentprefs"]).stdout;
    for name in readme_table("Preferences") {
        assert!(preferences.contains(&format!("{name}:")), "no preference {name}");
    }
}

#[test]
fn every_question_of_the_readme_has_a_command_that_answers_it() {
    let project = project();
    for row in readme_rows("Questions") {
        let (_, cells) = row.split_once(" | `").expect("the options stand behind the question");
        let (options, _) = cells.rsplit_once("` | ").expect("a place in Wireshark stands behind the options");
        // In a table, a bar is written so.
        let command = format!("tshark -r tests/captures/chat-2026.pcap {}", options.replace("\\|", "|"));
        assert_prints(&project, &command);
    }
}

// --- all pages --------------------------------------------------------------------------------------------------------

/// Runs a command, which must succeed, print something, and not complain.
fn assert_prints(project: &Wireshark, command: &str) {
    let output = project.run_unchecked(project.command("sh").args(["-c", command]));
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{command}");
    assert_ne!(output.stdout.trim(), "", "{command} prints nothing");
}

/// Whether a command reads one of the project's captures, or asks tshark about itself.
fn runs_here(command: &str) -> bool {
    let reads_a_capture = command.contains(" tests/captures/");
    let programs = ["tshark -", "plugin/annotate ", "plugin/export "];
    programs.iter().any(|program| command.starts_with(program)) && (reads_a_capture || command.starts_with("tshark -G"))
}

#[test]
fn every_command_of_the_pages_that_reads_a_capture_prints_something() {
    let project = project();
    let mut tried = BTreeSet::new();
    for page in pages_with_commands() {
        for command in commands(&page).into_iter().filter(|command| runs_here(command)) {
            // What it would write into a file is looked at, too.
            let command = command.split(" >").next().unwrap_or_default().to_owned();
            if tried.insert(command.clone()) {
                assert_prints(&project, &command);
            }
        }
    }
    assert!(tried.len() >= 12, "{tried:?}");
}

/// What stands in a page in backticks, outside of blocks.
fn code_in(text: &str) -> Vec<&str> {
    let outside = text.split("```").step_by(2);
    outside.flat_map(|text| text.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_script_and_file_that_a_page_names_exists() {
    for page in pages_with_commands() {
        let text = read(&page);
        let lines = commands(&page);
        let words = lines.iter().map(String::as_str).chain(code_in(&text)).flat_map(str::split_whitespace);
        for word in words {
            // Capital letters stand for something else.
            let is_path = !word.contains(['*', '$', '…', '<']) && !word.contains(|c: char| c.is_ascii_uppercase());
            let is_script = SCRIPTS.iter().any(|folder| word.starts_with(folder));
            if !is_path || !is_script && !SOURCES.iter().any(|folder| word.starts_with(folder)) {
                continue;
            }
            let file = root().join(word);
            let found = fs::metadata(&file).unwrap_or_else(|_| panic!("{page}: there is no {word}"));
            let is_data = word.starts_with("plugin/profile/");
            let is_program = is_script && !is_data && found.is_file() && file.extension().is_none();
            assert!(!is_program || found.permissions().mode() & 0o111 != 0, "{page}: {word} cannot be run");
        }
    }
}

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The headings of a page, as anchors.
fn anchors(text: &str) -> BTreeSet<String> {
    let outside = text.split("```").step_by(2);
    let headings = outside.flat_map(str::lines).filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

#[test]
fn every_link_of_a_page_leads_to_a_file_and_a_heading_that_exist() {
    let mut links = 0;
    for page in pages() {
        let text = read(&page);
        let folder = Path::new(&page).parent().expect("a folder");
        let outside: String = text.split("```").step_by(2).collect();
        let targets = outside.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { PathBuf::from(&page) } else { folder.join(file) };
            assert!(root().join(&file).exists(), "{page}: there is no {target}");
            if !heading.is_empty() {
                let headings = anchors(&read(file.to_str().expect("names are UTF-8")));
                assert!(headings.contains(heading), "{page}: there is no {target}; there are {headings:?}");
            }
            links += 1;
        }
    }
    assert!(links >= 50, "{links} links");
}

// --- CONTRIBUTING.md and CHANGELOG.md ---------------------------------------------------------------------------------

/// The source files below a folder.
fn sources(folder: &str) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("read a folder") {
            let path = entry.expect("a file").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files
}

/// Whether `cargo test --lib FILTER` has something to run: a module of that name, or a test whose name begins so.
fn has_unit_test(filter: &str) -> bool {
    let (path, function) = (filter.replace("::", "/"), format!("fn {filter}"));
    sources("src").iter().any(|file| {
        let is_module = file.with_extension("").to_string_lossy().contains(&path);
        is_module || fs::read_to_string(file).expect("sources are UTF-8").contains(&function)
    })
}

/// The words behind each `option` in a command.
fn values_of<'a>(command: &'a str, option: &'a str) -> impl Iterator<Item = &'a str> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let places = (1..words.len()).filter(|at| words[at - 1] == option).map(|at| words[at]).collect::<Vec<_>>();
    places.into_iter()
}

#[test]
fn what_contributing_tells_to_run_is_there() {
    let manifest = read("Cargo.toml");
    let tests_of_all: String = sources("tests").iter().map(|file| fs::read_to_string(file).expect("UTF-8")).collect();
    let mut tests = 0;
    for command in commands("CONTRIBUTING.md") {
        for group in values_of(&command, "--test") {
            assert!(root().join(format!("tests/{group}.rs")).exists(), "{command}: there is no group {group}");
            for filter in values_of(&command, "--").filter(|filter| !filter.starts_with('-')) {
                let source = read(&format!("tests/{group}.rs"));
                let mut functions = source.lines().filter(|line| line.starts_with("fn "));
                assert!(functions.any(|line| line.contains(filter)), "{command}: {group} has no test {filter}");
            }
            tests += 1;
        }
        for filter in values_of(&command, "--lib").filter(|filter| !filter.starts_with('-')) {
            assert!(has_unit_test(filter), "{command}: no unit test is called {filter}");
            tests += 1;
        }
        for bench in values_of(&command, "--bench") {
            assert!(manifest.contains(&format!("name = \"{bench}\"")), "{command}: there is no benchmark {bench}");
        }
        let variables = command.split_whitespace().filter_map(|word| word.split_once('=')).map(|(name, _)| name);
        for name in variables.filter(|name| name.starts_with("WORKERMANCHAT_") || name.starts_with("UPDATE_")) {
            assert!(tests_of_all.contains(&format!("\"{name}\"")), "{command}: no test asks for {name}");
        }
    }
    assert!(tests >= 6, "CONTRIBUTING.md shows how to run {tests} tests");
}

#[test]
fn the_changelog_begins_with_what_is_not_released_and_has_this_version() {
    let changelog = read("CHANGELOG.md");
    let mut versions = changelog.lines().filter_map(|line| line.strip_prefix("## ["));
    assert_eq!(versions.next(), Some("Unreleased]"));
    let this = concat!(env!("CARGO_PKG_VERSION"), "]");
    assert!(versions.any(|version| version.starts_with(this)), "CHANGELOG.md has no section for {this}");
}
