//! The preference `workermanchat.language`: by the environment, by an option, by a preferences file, and a value that is none.

mod harness;

use harness::wireshark::{Output, Wireshark};
use workermanchat::language::Language;

/// The notes of the seed.
fn run(wireshark: &Wireshark, environment: &[(&str, &str)], options: &[&str]) -> Output {
    let capture = wireshark.capture("seed-2014.pcap");
    let mut command = wireshark.command("tshark");
    command.env_remove("LC_ALL").envs(environment.iter().copied());
    command.args(["-r", capture.to_str().unwrap(), "-T", "fields", "-e", "workermanchat.note"]).args(options);
    let output = wireshark.run_unchecked(&mut command);
    assert_eq!(output.code, 0, "{environment:?} {options:?}: {}", output.stderr);
    output
}

fn notes_in(wireshark: &Wireshark, language: &str) -> String {
    let output = run(wireshark, &[("LC_ALL", "C.UTF-8")], &["-o", &format!("workermanchat.language:{language}")]);
    assert!(!output.stderr.contains("workermanchat"), "{language}: {}", output.stderr);
    output.stdout
}

#[test]
fn auto_is_the_default_and_follows_the_environment() {
    let wireshark = Wireshark::with_plugin();
    for (language, environment) in [
        ("en", &[][..]),
        ("fr", &[("LC_ALL", "fr_FR.UTF-8")]),
        ("fr", &[("LC_ALL", "fr_CA.UTF-8"), ("LC_MESSAGES", "ru_RU.UTF-8"), ("LANG", "it_IT.UTF-8")]),
        ("ru", &[("LC_MESSAGES", "ru_RU.UTF-8"), ("LANG", "it_IT.UTF-8")]),
        ("it", &[("LANG", "it_IT.UTF-8")]),
        ("pt", &[("LC_ALL", ""), ("LC_MESSAGES", ""), ("LANG", "pt_BR.UTF-8")]),
        ("ru", &[("LC_ALL", ""), ("LC_MESSAGES", "ru_RU.UTF-8"), ("LANG", "it_IT.UTF-8")]),
        ("en", &[("LC_ALL", "C"), ("LANG", "fr_FR.UTF-8")]),
        ("en", &[("LC_ALL", "C.UTF-8")]),
        ("en", &[("LANG", "POSIX")]),
        ("en", &[("LANG", "tlh_KL.UTF-8")]),
        ("zh-CN", &[("LANG", "zh_CN.UTF-8")]),
        ("zh-TW", &[("LANG", "zh_TW.UTF-8")]),
        ("zh-TW", &[("LANG", "zh_HK.UTF-8")]),
    ] {
        let expected = notes_in(&wireshark, language);
        for options in [&[][..], &["-o", "workermanchat.language:auto"]] {
            let output = run(&wireshark, environment, options);
            assert_eq!(output.stdout, expected, "{language} by {environment:?} {options:?}");
            assert!(!output.stderr.contains("workermanchat"), "{}", output.stderr);
        }
    }
}

#[test]
fn auto_is_wiresharks_own_language_first() {
    let wireshark = Wireshark::with_plugin();
    let french = &[("LANG", "fr_FR.UTF-8")];
    for (file, language) in [
        ("# Language settings file for Wireshark 4.0.17.\n\nlanguage: zh_CN\n", "zh-CN"),
        ("language: ru\r\n", "ru"),
        ("language: system\n", "fr"),
        ("language: de\n", "fr"),
        ("", "fr"),
        ("\0language\u{fffd}: : ru\n", "fr"),
    ] {
        wireshark.configure("language", file);
        let output = run(&wireshark, french, &[]);
        assert_eq!(output.stdout, notes_in(&wireshark, language), "{file:?}");
        assert!(!output.stderr.contains("workermanchat"), "{}", output.stderr);
    }
    wireshark.configure("language", "language: ru\n");
    assert_eq!(run(&wireshark, french, &["-o", "workermanchat.language:it"]).stdout, notes_in(&wireshark, "it"));
}

#[test]
fn a_language_is_taken_as_a_locale_is_spelled() {
    let wireshark = Wireshark::with_plugin();
    for (spelled, tag) in
        [("zh_CN", "zh-CN"), ("zh-cn", "zh-CN"), ("zh_TW.UTF-8", "zh-TW"), ("zh-Hant", "zh-TW"), ("pt_BR", "pt")]
    {
        assert_eq!(notes_in(&wireshark, spelled), notes_in(&wireshark, tag), "{spelled}");
        wireshark.configure("preferences", &format!("workermanchat.language: {spelled}\n"));
        let output = run(&wireshark, &[("LANG", "ru_RU.UTF-8")], &[]);
        assert_eq!(output.stdout, notes_in(&wireshark, tag), "{spelled} in the preferences file");
        assert!(!output.stderr.contains("workermanchat"), "{}", output.stderr);
    }
}

#[test]
fn a_language_that_is_chosen_is_the_environments_no_longer() {
    let wireshark = Wireshark::with_plugin();
    for language in Language::ALL.iter().map(|language| language.tag()) {
        let option = format!("workermanchat.language:{language}");
        let output = run(&wireshark, &[("LC_ALL", "pt_PT.UTF-8")], &["-o", &option]);
        assert_eq!(output.stdout, notes_in(&wireshark, language), "{language}");
    }
}

#[test]
fn a_line_of_the_preferences_file_chooses_the_language_for_good() {
    let wireshark = Wireshark::with_plugin();
    wireshark.configure("preferences", "workermanchat.language: fr\n");
    wireshark.configure("profiles/course/preferences", "# For the course\nworkermanchat.language: zh-TW\n");
    let (french, chinese) = (notes_in(&wireshark, "fr"), notes_in(&wireshark, "zh-TW"));
    let notes = |options: &[&str]| run(&wireshark, &[("LANG", "ru_RU.UTF-8")], options).stdout;
    assert_eq!(notes(&[]), french);
    assert_eq!(notes(&["-C", "course"]), chinese, "of the profile's folder");
    assert_eq!(notes(&["-C", "course", "-o", "workermanchat.language:fr"]), french, "an option goes before");
}

/// What tshark says of a language that there is not, once.
fn assert_told(output: &Output, unknown: &str, what: &str) {
    let told: Vec<&str> = output.stderr.lines().filter(|line| line.contains("workermanchat.language")).collect();
    assert_eq!(told.len(), 1, "{what}: {}", output.stderr);
    assert!(told[0].contains(&format!("“{unknown}”")), "{what}: {told:?}");
    assert!(
        Language::ALL.iter().all(|language| told[0].contains(language.tag())),
        "{what} names what there is: {told:?}"
    );
}

#[test]
fn a_language_that_there_is_not_is_told() {
    let wireshark = Wireshark::with_plugin();
    let russian = notes_in(&wireshark, "ru");
    let environment = &[("LANG", "ru_RU.UTF-8")];
    for option in [&["-o", "workermanchat.language:xx"][..], &["-oworkermanchat.language: xx"]] {
        for passes in [&[][..], &["-2"]] {
            let output = run(&wireshark, environment, &[option, passes].concat());
            assert_told(&output, "xx", "an option");
            assert!(output.stderr.contains("Русский"), "with the language that it stays: {}", output.stderr);
            assert_eq!(output.stdout, russian);
        }
    }
    wireshark.configure("preferences", "workermanchat.language: klingon\n");
    wireshark.configure("profiles/course/preferences", "workermanchat.language: french\n");
    assert_told(&run(&wireshark, environment, &[]), "klingon", "the preferences file");
    assert_told(&run(&wireshark, environment, &["-C", "course"]), "french", "the profile's");
    let overruled = run(&wireshark, environment, &["-o", "workermanchat.language:fr"]);
    assert!(!overruled.stderr.contains("workermanchat"), "it does not count: {}", overruled.stderr);
    assert_eq!(overruled.stdout, notes_in(&wireshark, "fr"));
}

#[test]
fn a_language_that_there_is_not_is_quoted_in_one_short_line_that_no_terminal_obeys() {
    let wireshark = Wireshark::with_plugin();
    let long = "x".repeat(20_000);
    for (value, quoted) in [
        ("a\u{1b}[31mb\rc\u{7f}\u{202e}d", r"a␛[31mb\rc␡<U+202E>d".to_owned()),
        (&long, format!("{}…", "x".repeat(39))),
    ] {
        let option = format!("workermanchat.language:{value}");
        let output = run(&wireshark, &[("LC_ALL", "C.UTF-8")], &["-o", &option]);
        assert_told(&output, &quoted, value);
        assert!(output.stderr.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", output.stderr);
    }
}

/// Wireshark shows and saves a value by its name in the menu, and takes both.
#[test]
fn each_language_is_offered_by_its_name_and_taken_by_it() {
    let wireshark = Wireshark::with_plugin();
    let printed = wireshark.tshark(&["-G", "defaultprefs"]).stdout;
    let of_language = printed.split("\n\n").find(|part| part.contains("#workermanchat.language: auto"));
    let of_language = of_language.expect("auto is the default");
    for (name, tag) in Language::ALL.iter().map(|language| (language.name(), language.tag())) {
        assert!(of_language.contains(name), "{of_language}");
        assert_eq!(notes_in(&wireshark, name), notes_in(&wireshark, tag), "{name}");
    }
}
