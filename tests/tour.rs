//! `docs/tour.md`: what it quotes is what its commands print, its filters find the frames it names, and its pictures are there.

mod harness;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use harness::wireshark::Wireshark;

/// Stands for lines left out.
const LEFT_OUT: &str = "⋮";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn tour() -> String {
    fs::read_to_string(root().join("docs/tour.md")).expect("read the tour")
}

/// A home in which the commands run as in the project's folder.
fn project() -> Wireshark {
    let wireshark = Wireshark::with_plugin();
    wireshark.script("annotate");
    let folder = wireshark.home().join("tests/captures");
    fs::create_dir_all(&folder).expect("create the folder of captures");
    for capture in ["seed-2014.pcap", "chat-2026.pcap", "heartbeat-2026.pcap"] {
        fs::copy(wireshark.capture(capture), folder.join(capture)).expect("copy the capture");
    }
    wireshark
}

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
    let project = project();
    let quotes = quotes(&tour());
    assert!(quotes.len() >= 12, "the tour has commands");
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
