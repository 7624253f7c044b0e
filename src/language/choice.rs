//! The preference `workermanchat.language`: its values, and what each stands for.

use super::Language;

/// The value for Wireshark's own language or that of the environment, and its name in a menu: the first, and the default.
const AUTOMATIC: (&str, &str) = ("auto", "auto");

/// The variables that POSIX.1-2024, section 8.2, asks for the language of messages, in its order.
const VARIABLES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// The setting of Wireshark's own language, in its personal file of that name.
const OF_WIRESHARK: &str = "language";

/// The preference's full name.
const NAME: &str = "workermanchat.language";

impl Language {
    /// The preference's values, each with what a menu shows for it.
    ///
    /// ```
    /// use workermanchat::language::Language;
    ///
    /// let choices: Vec<_> = Language::choices().collect();
    /// assert_eq!(choices[..2], [("auto", "auto"), ("en", "English")]);
    /// ```
    pub fn choices() -> impl Iterator<Item = (&'static str, &'static str)> {
        let languages = Language::ALL.iter().map(|language| (language.tag(), language.name()));
        std::iter::once(AUTOMATIC).chain(languages)
    }

    /// The language that the value at this place among the [choices](Language::choices) stands for. A place beyond them is taken for the first.
    ///
    /// ```
    /// use workermanchat::language::Language;
    ///
    /// let automatic = Language::automatic("", |_variable| None);
    /// assert_eq!(Language::chosen(0, automatic), automatic);
    /// assert_eq!(Language::chosen(1, automatic).tag(), "en");
    /// ```
    pub fn chosen(place: usize, automatic: Language) -> Language {
        let language = place.checked_sub(1).and_then(|at| Language::ALL.get(at));
        language.copied().unwrap_or(automatic)
    }

    /// Wireshark's own language, by the text of its personal file `language`; where that says `system` or none of ours, that of the environment.
    ///
    /// ```
    /// use workermanchat::language::Language;
    ///
    /// let french = |variable: &str| (variable == "LANG").then(|| "fr_FR.UTF-8".to_owned());
    /// assert_eq!(Language::automatic("# Wireshark\nlanguage: zh_CN\n", french).tag(), "zh-CN");
    /// assert_eq!(Language::automatic("language: system\n", french).tag(), "fr");
    /// ```
    pub fn automatic(file: &str, variable: impl Fn(&str) -> Option<String>) -> Language {
        let own = file.lines().filter_map(|line| setting(line, OF_WIRESHARK)).next_back();
        own.and_then(Language::of_locale).unwrap_or_else(|| Language::of_environment(variable))
    }

    /// The language of the first variable that is set and not empty; the default where it names none of ours.
    ///
    /// ```
    /// use workermanchat::language::Language;
    ///
    /// let language = Language::of_environment(|variable| (variable == "LANG").then(|| "pt_BR.UTF-8".to_owned()));
    /// assert_eq!(language.tag(), "pt");
    /// ```
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Language {
        let mut set = VARIABLES.into_iter().filter_map(variable).filter(|value| !value.is_empty());
        set.next().and_then(|locale| Language::of_locale(&locale)).unwrap_or_default()
    }
}

/// The value of the preference that is asked for, if it has no such value. Wireshark keeps the value in force then, and does not say so.
///
/// The last `-o` among the program's `arguments` counts, or else the last line of `preferences`, the text of the preferences file.
///
/// ```
/// use workermanchat::language::choice::unknown_choice;
///
/// let arguments = ["tshark", "-o", "workermanchat.language:klingon"];
/// assert_eq!(unknown_choice(arguments.into_iter(), ""), Some("klingon"));
/// assert_eq!(unknown_choice([].into_iter(), "workermanchat.language: en\n"), None);
/// ```
pub fn unknown_choice<'a>(arguments: impl Iterator<Item = &'a str>, preferences: &'a str) -> Option<&'a str> {
    wanted(arguments, preferences).filter(|wanted| place(wanted).is_none())
}

/// The place among the [choices](Language::choices) of the value that is asked for, as people spell it; 0 where none is, or one that there is not.
///
/// ```
/// use workermanchat::language::choice::chosen_place;
///
/// assert_eq!(chosen_place(["-oworkermanchat.language:en"].into_iter(), "workermanchat.language: Français"), 1);
/// assert_eq!(chosen_place([].into_iter(), "workermanchat.language: klingon"), 0);
/// ```
pub fn chosen_place<'a>(arguments: impl Iterator<Item = &'a str>, preferences: &'a str) -> usize {
    wanted(arguments, preferences).and_then(place).unwrap_or_default()
}

/// The value that is asked for and its place among the [choices](Language::choices), where it is one in another spelling, which Wireshark ignores.
///
/// ```
/// use workermanchat::language::choice::other_spelling;
///
/// assert_eq!(other_spelling(["-oworkermanchat.language:zh_CN"].into_iter(), ""), Some(("zh_CN", 2)));
/// assert_eq!(other_spelling(["-oworkermanchat.language:zh-cn"].into_iter(), ""), None);
/// ```
pub fn other_spelling<'a>(arguments: impl Iterator<Item = &'a str>, preferences: &'a str) -> Option<(&'a str, usize)> {
    let wanted = wanted(arguments, preferences).filter(|wanted| place_of_value(wanted).is_none())?;
    Some(wanted).zip(place(wanted))
}

fn wanted<'a>(arguments: impl Iterator<Item = &'a str>, preferences: &'a str) -> Option<&'a str> {
    let options = arguments.map(|argument| argument.strip_prefix("-o").unwrap_or(argument).trim_start());
    let value = |text| setting(text, NAME);
    options.filter_map(value).last().or_else(|| preferences.lines().filter_map(value).next_back())
}

/// As a value, or as a locale is spelled.
fn place(wanted: &str) -> Option<usize> {
    place_of_value(wanted).or_else(|| place_of_value(Language::of_locale(wanted)?.tag()))
}

/// Wireshark compares so, and saves the value by its name in the menu.
fn place_of_value(wanted: &str) -> Option<usize> {
    Language::choices().position(|(tag, name)| [tag, name].iter().any(|known| known.eq_ignore_ascii_case(wanted)))
}

/// The value of `name:value`, if the name is this.
fn setting<'a>(text: &'a str, wanted: &str) -> Option<&'a str> {
    let (name, value) = text.split_once(':')?;
    name.trim_end().eq_ignore_ascii_case(wanted).then_some(value.trim())
}

/// The sentence that tells a user of an [unknown choice](unknown_choice), in English.
pub fn warning(unknown: &str, in_force: Language) -> String {
    let tags: Vec<_> = Language::choices().map(|(tag, _)| tag).collect();
    let language = in_force.name();
    format!("{NAME} has no value “{unknown}”; it stays {language}. Its values: {}.", tags.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_environment(set: &[(&str, &str)]) -> Language {
        Language::of_environment(|name| Some(set.iter().find(|(set, _)| *set == name)?.1.to_owned()))
    }

    #[test]
    fn the_environments_language_is_that_of_the_first_variable_that_is_set() {
        // A language that is not the default, as soon as there is one.
        let other = Language::ALL[Language::ALL.len() - 1];
        let locale = format!("{}.UTF-8", other.tag().replace('-', "_"));
        for (set, expected) in [
            (&[][..], Language::default()),
            (&[("LANG", &*locale)], other),
            (&[("LC_MESSAGES", &*locale), ("LANG", "C")], other),
            (&[("LC_ALL", &*locale), ("LC_MESSAGES", "C"), ("LANG", "en_US.UTF-8")], other),
            (&[("LC_ALL", ""), ("LC_MESSAGES", ""), ("LANG", &*locale)], other),
            (&[("LC_ALL", "C.UTF-8"), ("LANG", &*locale)], Language::default()),
            (&[("LC_ALL", "POSIX"), ("LANG", &*locale)], Language::default()),
            (&[("LC_ALL", "tlh"), ("LANG", &*locale)], Language::default()),
            (&[("LANGUAGE", &*locale), ("LC_CTYPE", &*locale)], Language::default()),
        ] {
            assert_eq!(of_environment(set), expected, "{set:?}");
        }
    }

    #[test]
    fn each_choice_is_automatic_or_its_language() {
        let other = Language::ALL[Language::ALL.len() - 1];
        assert_eq!(Language::choices().next(), Some(AUTOMATIC));
        assert_eq!(Language::chosen(0, other), other);
        for (place, (tag, name)) in Language::choices().enumerate().skip(1) {
            let language = Language::chosen(place, other);
            assert_eq!((language.tag(), language.name()), (tag, name));
        }
        assert_eq!(Language::chosen(usize::MAX, other), other);
    }

    #[test]
    fn a_choice_that_is_none_is_found_where_it_is_asked_for() {
        for (arguments, preferences, unknown) in [
            (&[][..], "", None),
            (&["tshark", "-o", "workermanchat.language:xx"], "", Some("xx")),
            (&["tshark", "-oworkermanchat.language: klingon "], "", Some("klingon")),
            (&["tshark", "-o", "workermanchat.language:"], "", Some("")),
            (&["tshark", "-o", "workermanchat.language:en"], "", None),
            (&["tshark", "-o", "workermanchat.language:English"], "", None),
            (&["tshark", "-o", "WorkermanChat.Language:EN"], "", None),
            (&["tshark", "-o", "workermanchat.language:xx", "-o", "workermanchat.language:auto"], "", None),
            (&["tshark", "-o", "tcp.language:xx", "-Y", "workermanchat.language"], "", None),
            (&[], "# workermanchat.language: xx\n#workermanchat.language: xx\ntcp.port: 1\n", None),
            (&[], "workermanchat.language: xx\r\nworkermanchat.tcp.port: 1\n", Some("xx")),
            (&[], "workermanchat.language: xx\nworkermanchat.language: auto\n", None),
            (&["tshark", "-o", "workermanchat.language:zh_CN"], "workermanchat.language: xx\n", None),
            (&["tshark", "-o", "workermanchat.language:pt_BR.UTF-8"], "", None),
            (&["tshark", "-o", "workermanchat.language:de_DE"], "", Some("de_DE")),
            (&["wireshark", "-oworkermanchat.language:en"], "workermanchat.language: xx\n", None),
        ] {
            let found = unknown_choice(arguments.iter().copied(), preferences);
            assert_eq!(found, unknown, "{arguments:?} {preferences}");
        }
        assert!(warning("xx", Language::default()).contains("auto, en"));
    }
}
