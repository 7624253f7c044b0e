//! The table of the user's own messages, as C hands over its rows.

use std::ffi::CString;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::entry::lent;
use super::{panic, sys};
use crate::message::own::{OwnTable, Problems, Row, checked_name, meanings as all_meanings};

/// The table; `None` without rows. A capture keeps the one that it was opened with.
static TABLE: Mutex<Option<Arc<OwnTable>>> = Mutex::new(None);

/// The table, for a capture that is being opened.
pub fn table() -> Option<Arc<OwnTable>> {
    locked(&TABLE).clone()
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
    answered(&WHY, why.ok().flatten())
}

/// Takes the rows. Returns which of them are not used, but for those that the last call returned; null for none.
pub unsafe extern "C" fn take_rows(rows: *const sys::wmc_own_message, count: usize) -> *const libc::c_char {
    /// The last answer.
    static WARNING: Mutex<Option<CString>> = Mutex::new(None);
    /// All that was wrong in the last call.
    static PROBLEMS: Mutex<Option<Problems>> = Mutex::new(None);
    // SAFETY: C lends so many rows, and their names, for this call.
    let rows = (0..count).map(|at| unsafe { row(&*rows.add(at)) });
    let warning = panic::guard(|| {
        let (table, problems) = OwnTable::of(rows);
        *locked(&TABLE) = (!table.is_empty()).then(|| Arc::new(table));
        let earlier = locked(&PROBLEMS).replace(problems.clone()).unwrap_or_default();
        let problems = problems.without(&earlier);
        (!problems.is_empty()).then(|| problems.to_string())
    });
    answered(&WARNING, warning.ok().flatten())
}

/// # Safety
/// The name is lent for as long as the result is used.
unsafe fn row(raw: &sys::wmc_own_message) -> Row<'_> {
    // SAFETY: the caller vouches for it.
    let name = unsafe { lent(&raw.name) }.bytes;
    Row { name, meaning: raw.meaning as usize }
}

/// An answer to C, kept until the next one; null for none.
fn answered(last: &Mutex<Option<CString>>, text: Option<String>) -> *const libc::c_char {
    let mut last = locked(last);
    *last = text.and_then(|text| CString::new(text).ok());
    last.as_ref().map_or(ptr::null(), |text| text.as_ptr())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
