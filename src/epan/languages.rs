//! The preference `language`, as C knows it.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::ptr;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::{panic, sys};
use crate::language::{Command, Language, Phrase, choice};
use crate::message::text;

/// The longest value of the preference that a warning quotes, in characters.
const MAX_QUOTED: usize = 40;

/// The languages as C lists them; they live as long as the program.
pub fn languages() -> &'static [sys::wmc_language] {
    let languages = Language::choices().map(|(tag, name)| sys::wmc_language { tag: leaked(tag), name: leaked(name) });
    Box::leak(languages.collect())
}

/// A text that lives as long as the program.
fn leaked(text: &str) -> *const libc::c_char {
    CString::new(text).expect("a name without NUL").into_raw()
}

/// Wireshark's own language, or that of the environment it was started in, by its personal file `language`, of which C lends the path for this call.
/// Asked for when Wireshark starts; later, there need be no path.
pub fn automatic(file: Option<&CStr>) -> Language {
    static AUTOMATIC: OnceLock<Language> = OnceLock::new();
    let text = || file.map(|path| text_of_file(&path.to_string_lossy())).unwrap_or_default();
    *AUTOMATIC.get_or_init(|| Language::automatic(&text(), variable))
}

/// The value of a variable of the environment, with U+FFFD for what is not UTF-8.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// The language at a place of the [list](languages).
pub fn language_at(index: libc::c_int) -> Language {
    Language::chosen(usize::try_from(index).unwrap_or_default(), automatic(None))
}

/// What a menu or a button says, in the language at this place of the [list](languages). The texts live as long as the program.
pub extern "C" fn label(label: sys::wmc_label, language: libc::c_int) -> *const libc::c_char {
    static LABELS: Mutex<BTreeMap<(sys::wmc_label, libc::c_int), &CStr>> = Mutex::new(BTreeMap::new());
    let command = match label {
        sys::WMC_LABEL_SESSIONS => Command::Sessions,
        sys::WMC_LABEL_USERS => Command::Users,
        sys::WMC_LABEL_TIMES => Command::Times,
        sys::WMC_LABEL_DIAGRAM => Command::Diagram,
        sys::WMC_LABEL_PAGE => Command::Page,
        sys::WMC_LABEL_COUNTS => Command::Counts,
        sys::WMC_LABEL_WEB_PAGE => Command::WebPage,
        sys::WMC_LABEL_GO_TO_PACKET => Command::GoToPacket,
        sys::WMC_LABEL_APPLY_AS_FILTER => Command::ApplyAsFilter,
        sys::WMC_LABEL_LIMIT_TO_FILTER => Command::LimitToFilter,
        sys::WMC_LABEL_COPY => Command::Copy,
        sys::WMC_LABEL_SAVE_AS => Command::SaveAs,
        sys::WMC_LABEL_FILE => Command::File,
        sys::WMC_LABEL_SORT => Command::Sort,
        sys::WMC_LABEL_COLUMN => Command::Column,
        sys::WMC_LABEL_PACKET_NUMBER => Command::PacketNumber,
        _ => Command::Transcript,
    };
    let words = panic::guard(|| {
        let mut labels = LABELS.lock().unwrap_or_else(PoisonError::into_inner);
        let words = || CString::new(language_at(language).phrase(&Phrase::Command(command))).unwrap_or_default();
        labels.entry((label, language)).or_insert_with(|| Box::leak(words().into_boxed_c_str())).as_ptr()
    });
    words.unwrap_or(c"?".as_ptr())
}

/// The place in the [list](languages) of the language that is asked for before Wireshark has read its preferences, whose file has this path.
pub unsafe extern "C" fn chosen_language(preferences: *const libc::c_char) -> libc::c_int {
    // SAFETY: C lends the path for this call.
    let preferences = unsafe { CStr::from_ptr(preferences) }.to_string_lossy();
    let place = panic::guard(|| {
        let (file, arguments) = (text_of_file(&preferences), arguments());
        choice::chosen_place(arguments.iter().map(String::as_str), &file)
    });
    place.unwrap_or_default() as libc::c_int
}

/// The text of a file; nothing where there is none.
fn text_of_file(path: &str) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

/// The program's arguments.
fn arguments() -> Vec<String> {
    std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect()
}

/// The place in the [list](languages) of the language that the preference names in another spelling than its values have, once for each; -1 for none.
pub unsafe extern "C" fn meant_language(preferences: *const libc::c_char) -> libc::c_int {
    /// The last one: what is set since by other means is not taken back.
    static TAKEN: Mutex<Option<String>> = Mutex::new(None);
    // SAFETY: C lends the path for this call.
    let preferences = unsafe { CStr::from_ptr(preferences) }.to_string_lossy();
    let place = panic::guard(|| {
        let (file, arguments) = (text_of_file(&preferences), arguments());
        let (wanted, place) = choice::other_spelling(arguments.iter().map(String::as_str), &file)?;
        let is_news =
            TAKEN.lock().unwrap_or_else(PoisonError::into_inner).replace(wanted.to_owned()).as_deref() != Some(wanted);
        is_news.then_some(place as libc::c_int)
    });
    place.ok().flatten().unwrap_or(-1)
}

/// The warning that C gives when the preference `language` names none; null for nothing, or nothing new.
pub unsafe extern "C" fn unknown_language(
    preferences: *const libc::c_char,
    in_force: libc::c_int,
) -> *const libc::c_char {
    /// The last warning: each is reported once.
    static REPORTED: Mutex<Option<CString>> = Mutex::new(None);
    // SAFETY: C lends the path for this call.
    let preferences = unsafe { CStr::from_ptr(preferences) }.to_string_lossy();
    let warning = panic::guard(|| {
        let warning = CString::new(language_warning(&preferences, language_at(in_force))?).ok()?;
        let mut reported = REPORTED.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = reported.as_ref() != Some(&warning);
        is_news.then(|| reported.insert(warning).as_ptr())
    });
    warning.ok().flatten().unwrap_or(ptr::null())
}

/// The warning of the preference `language`, which Wireshark does not check; `preferences` is the path of the preferences file.
fn language_warning(preferences: &str, in_force: Language) -> Option<String> {
    let (file, arguments) = (text_of_file(preferences), arguments());
    let unknown = choice::unknown_choice(arguments.iter().map(String::as_str), &file)?;
    Some(choice::warning(&text::line(unknown, MAX_QUOTED), in_force))
}
