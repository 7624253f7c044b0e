//! The statistics, as C calls them: a pointer that C keeps for as long as their tree is open.

use std::ffi::CString;
use std::ptr;

use super::languages::language_at;
use super::locked::Locked;
use super::panic::{self, FirstFault};
use super::sys;
use super::views::{clock, with_tap_event};
use crate::views::{Row, Setting, Statistics};

/// The statistics of an open tree, and the rows that C reads.
#[derive(Default)]
struct Opened {
    statistics: Statistics,
    /// The first fault that no row tells of yet.
    fault: FirstFault,
    /// The names and times that the rows point to.
    changes: Vec<(CString, Vec<u32>)>,
    rows: Vec<sys::wmc_row>,
}

/// Opens statistics, which C frees.
pub extern "C" fn new() -> *mut libc::c_void {
    Box::into_raw(Box::<Opened>::default()).cast()
}

/// Closes the statistics.
pub unsafe extern "C" fn free(statistics: *mut libc::c_void) {
    // SAFETY: they come from `new`, and C does not use them any more.
    let opened = unsafe { Box::from_raw(statistics.cast::<Opened>()) };
    let _ = panic::guard(|| drop(opened)); // a panic could only come from a destructor, of which there are none that do
}

/// Forgets what was counted: the packets are dissected anew.
pub unsafe extern "C" fn clear(statistics: *mut libc::c_void) {
    // SAFETY: they come from `new`, and nobody else uses them.
    let opened = unsafe { &mut *statistics.cast::<Opened>() };
    opened.fault = FirstFault::default();
    opened.fault.guard(|| opened.statistics.clear()); // what a panic leaves is stale at worst
}

/// Takes note of a message, or of a frame below its messages.
pub unsafe extern "C" fn see(statistics: *mut libc::c_void, tap_event: *const sys::wmc_tap_event) {
    // SAFETY: the statistics come from `new`, and nobody else uses them; C lends the tap_event for this call.
    let (opened, raw) = unsafe { (&mut *statistics.cast::<Opened>(), &*tap_event) };
    // A panic costs the statistics this message, which a row says.
    // SAFETY: C lends its texts for this call.
    opened.fault.guard(|| unsafe {
        with_tap_event(raw, |tap_event| opened.statistics.see(tap_event, Locked::new().dissector().session()));
    });
}

/// Counts, and lends the rows that have changed, until the next call.
pub unsafe extern "C" fn count(statistics: *mut libc::c_void, settings: *const sys::wmc_settings) -> sys::wmc_rows {
    // SAFETY: the statistics come from `new`, and nobody else uses them; C lends the settings for this call.
    let (opened, settings) = unsafe { (&mut *statistics.cast::<Opened>(), &*settings) };
    let language = language_at(settings.language);
    let Opened { statistics, fault, .. } = opened;
    fault.guard(|| {
        let mut locked = Locked::new();
        let dissector = locked.dissector();
        dissector.finish();
        statistics.count(&Setting { session: dissector.session(), language, clock });
    });
    let lent = panic::guard(|| {
        if let Some(what) = opened.fault.take() {
            opened.statistics.fail(&what, language);
        }
        opened.lend();
        sys::wmc_rows { rows: opened.rows.as_ptr(), count: opened.rows.len() as _ }
    });
    lent.unwrap_or(sys::wmc_rows { rows: ptr::null(), count: 0 })
}

impl Opened {
    /// Makes the rows that have changed, in the form in which C reads them.
    fn lend(&mut self) {
        (self.rows, self.changes) = (Vec::new(), Vec::new());
        for (place, Row { parent, name, is_parent, count, times, .. }) in self.statistics.changes() {
            let name = name.replace('\0', "\u{fffd}");
            // Wireshark shows of a name at the top what follows the last slash that is not doubled.
            let name = if parent.is_none() { name.replace('/', "//") } else { name };
            let name = CString::new(name).unwrap_or_default();
            let (parent, is_parent) = (parent.map_or(-1, |parent| parent as i64), is_parent);
            // The text and the times do not move when they are kept.
            let (text, first) = (name.as_ptr(), times.as_ptr());
            let time_count = times.len() as _;
            self.changes.push((name, times));
            let (name, times) = (text, first);
            self.rows.push(sys::wmc_row { place: place as u32, parent, name, is_parent, count, times, time_count });
        }
    }
}
