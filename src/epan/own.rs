//! The table of the user's own messages, as C hands over its rows.

use std::ffi::CString;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use super::entry::lent;
use super::{panic, sys};
use crate::message::own::{OwnTable, Row, checked_name, meanings as all_meanings};

/// The table; `None` without rows. A capture keeps the one that it was opened with.
static TABLE: Mutex<Option<Arc<OwnTable>>> = Mutex::new(None);

/// The table, for a capture that is being opened.
pub fn table() -> Option<Arc<OwnTable>> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// What a row may say that a name is, as C lists it; it lives as long as the program.
pub fn meanings() -> &'static [*const libc::c_char] {
    let texts =
        all_meanings().map(|meaning| CString::new(meaning).expect("a text without NUL").into_raw().cast_const());
    Box::leak(texts.collect())
}

/// Why a name cannot be in the table; null if it can.
pub unsafe extern "C" fn bad_name(name: sys::wmc_bytes) -> *const libc::c_char {
    /// The last answer.
    static WHY: Mutex<Option<CString>> = Mutex::new(None);
    // SAFETY: C lends the name for this call.
    let name = unsafe { lent(&name) }.bytes;
    let why = panic::guard(|| checked_name(name).err().map(|why| why.to_string()));
    told(&WHY, why.ok().flatten(), |_| true)
}

/// Takes the rows. Returns which of them are not used; null if all are, or if that has been said.
pub unsafe extern "C" fn take_rows(rows: *const sys::wmc_own_message, count: usize) -> *const libc::c_char {
    /// The last warning: each is reported once.
    static REPORTED: Mutex<Option<CString>> = Mutex::new(None);
    // SAFETY: C lends so many rows, and their names, for this call.
    let rows = (0..count).map(|at| unsafe { row(&*rows.add(at)) });
    let problems = panic::guard(|| {
        let (table, problems) = OwnTable::of(rows);
        let table = (!table.is_empty()).then(|| Arc::new(table));
        *TABLE.lock().unwrap_or_else(PoisonError::into_inner) = table;
        (!problems.is_empty()).then(|| problems.to_string())
    });
    told(&REPORTED, problems.ok().flatten(), |last| last.is_none())
}

/// # Safety
/// The name is lent for as long as the result is used.
unsafe fn row(raw: &sys::wmc_own_message) -> Row<'_> {
    // SAFETY: the caller vouches for it.
    let name = unsafe { lent(&raw.name) }.bytes;
    Row { name, meaning: raw.meaning as usize }
}

/// Keeps what is told, in place of what was, until the next call; null where there is nothing, or nothing that is to be told. `is_news`: what
/// was told last is given if it is the same.
fn told(
    last: &Mutex<Option<CString>>,
    text: Option<String>,
    is_news: impl FnOnce(Option<&CString>) -> bool,
) -> *const libc::c_char {
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    let text = text.and_then(|text| CString::new(text).ok());
    let same = last.as_ref().filter(|last| Some(*last) == text.as_ref());
    let is_told = is_news(same);
    *last = text;
    last.as_ref().filter(|_| is_told).map_or(ptr::null(), |text| text.as_ptr())
}
