//! What there must be for each language of the table in `src/language/mod.rs`, beside its file there: a README and its places in the others,
//! its words in `plugin/annotate`, its locale. The words that other tests expect are in those tests, which fail for a language that they lack.

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use harness::wireshark::Wireshark;
use workermanchat::language::Language;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

/// The file name of the README in a language.
fn readme(language: Language) -> String {
    if language == Language::default() { "README.md".to_owned() } else { format!("README.{}.md", language.tag()) }
}

/// The pages of a folder of the project.
fn pages_in(folder: &str) -> impl Iterator<Item = String> {
    let files = fs::read_dir(root().join(folder)).expect("read a folder of pages").map(Result::unwrap);
    let names = files.map(|file| file.file_name().into_string().expect("names are UTF-8"));
    names.filter(|name| name.ends_with(".md")).map(move |name| Path::new(folder).join(name).display().to_string())
}

/// The paragraphs, table rows and items of a page.
fn passages(page: &str) -> Vec<String> {
    let marked = page.replace("\n\n", "\0").replace("\n|", "\0|").replace("\n- ", "\0- ");
    marked.split('\0').map(str::to_owned).collect()
}

/// The tags that stand in a passage in backticks.
fn tags_in(passage: &str) -> BTreeSet<&'static str> {
    let tags = Language::ALL.iter().map(|language| language.tag());
    tags.filter(|tag| passage.contains(&format!("`{tag}`"))).collect()
}

/// The name of a locale in which the language is spoken.
fn locale(language: Language) -> String {
    format!("{}.UTF-8", language.tag().replace('-', "_"))
}

// --- pages ------------------------------------------------------------------------------------------------------------

#[test]
fn each_language_has_a_readme_and_each_readme_a_language() {
    let found: BTreeSet<String> = pages_in("").filter(|page| page.starts_with("README")).collect();
    let expected: BTreeSet<String> = Language::ALL.iter().map(|language| readme(*language)).collect();
    assert_eq!(found, expected, "the files, and the languages of src/language/mod.rs");
}

#[test]
fn each_readme_links_those_in_all_other_languages() {
    for of in Language::ALL {
        let page = readme(*of);
        let head = read(&page).split("\n\n").nth(1).expect("the languages stand below the title").to_owned();
        for other in Language::ALL {
            let link = match other == of {
                true => format!("**{}**", other.name()),
                false => format!("[{}]({})", other.name(), readme(*other)),
            };
            assert!(head.contains(&link), "{page} does not have, below its title: {link}");
        }
    }
}

#[test]
fn each_readme_says_how_to_choose_its_language() {
    for language in Language::ALL.iter().filter(|language| **language != Language::default()) {
        let (page, tag) = (readme(*language), language.tag());
        let settings = [format!("workermanchat.language: {tag}"), format!("workermanchat.language:{tag}")];
        assert!(settings.iter().any(|setting| read(&page).contains(setting)), "{page} does not have {settings:?}");
    }
}

/// A passage with three or more of them lists them.
#[test]
fn a_page_that_lists_the_languages_lists_them_all() {
    let all: BTreeSet<&str> = Language::ALL.iter().map(|language| language.tag()).collect();
    let mut with_a_list = BTreeSet::new();
    for page in pages_in("").chain(pages_in("docs")) {
        for passage in passages(&read(&page)) {
            let tags = tags_in(&passage);
            if tags.len() >= 3 {
                assert_eq!(tags, all, "{page} lists languages: {passage}");
                with_a_list.insert(page.clone());
            }
        }
    }
    let readmes: BTreeSet<String> = Language::ALL.iter().map(|language| readme(*language)).collect();
    assert!(readmes.is_subset(&with_a_list), "each README lists the values of the preference: {with_a_list:?}");
}

// --- locales ----------------------------------------------------------------------------------------------------------

#[test]
fn each_language_is_that_of_its_locale() {
    for language in Language::ALL {
        let locale = locale(*language);
        assert_eq!(Language::of_locale(&locale), Some(*language), "src/language/mod.rs: of_locale: {locale}");
    }
}

// --- plugin/annotate --------------------------------------------------------------------------------------------------

/// A home with `plugin/annotate` and two captures: of the chat, and of another application.
struct Annotate {
    wireshark: Wireshark,
}

impl Annotate {
    fn new() -> Self {
        Self { wireshark: Wireshark::with_plugin() }
    }

    fn command(&self, capture: &str, options: &[&str]) -> Command {
        let mut command = self.wireshark.command("sh");
        command.arg(self.wireshark.script("annotate")).args(options).arg(self.wireshark.capture(capture));
        command
    }

    fn printed(&self, command: &mut Command) -> String {
        let output = self.wireshark.run_unchecked(command);
        assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{command:?}");
        output.stdout
    }

    /// What is said in a language of a capture without the chat.
    fn no_chat(&self, language: Language) -> String {
        self.printed(&mut self.command(OTHER, &["--language", language.tag()]))
    }
}

const SEED: &str = "seed-2014.pcap";
const OTHER: &str = "other-websocket-app.pcap";

/// What is printed in each language, by what is printed: no two may print the same.
fn assert_different(what: &str, printed: impl Fn(Language) -> String) {
    let mut languages = BTreeMap::new();
    for language in Language::ALL {
        if let Some(other) = languages.insert(printed(*language), language) {
            panic!("plugin/annotate has {what} in {language:?} as in {other:?}");
        }
    }
}

#[test]
fn annotate_has_words_of_its_own_in_each_language() {
    let annotate = Annotate::new();
    assert_different("the sentence for a capture without the chat", |language| annotate.no_chat(language));
    assert_different("the legend", |language| {
        let page = annotate.printed(&mut annotate.command(SEED, &["--language", language.tag()]));
        let (_, legend) = page.rsplit_once("\n\n").expect("a page and its legend");
        assert!(legend.contains("[S.]"), "{legend}");
        legend.to_owned()
    });
}

/// Wireshark saves the preference by the language's name, and takes its tag, too.
#[test]
fn annotate_takes_each_language_from_the_preference_and_from_the_environment() {
    let annotate = Annotate::new();
    for language in Language::ALL {
        let expected = annotate.no_chat(*language);
        for value in [language.tag(), language.name()] {
            annotate.wireshark.configure("preferences", &format!("workermanchat.language: {value}\n"));
            let printed = annotate.printed(&mut annotate.command(OTHER, &[]));
            assert_eq!(printed, expected, "with the preference {value}");
        }
        let mut command = annotate.command(OTHER, &["--language", "auto"]);
        let printed = annotate.printed(command.env("LC_ALL", locale(*language)));
        assert_eq!(printed, expected, "with LC_ALL {}", locale(*language));
    }
}
