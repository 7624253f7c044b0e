//! The flow graph, as C calls it: a pointer that C keeps for as long as arrows may be added to the graph; and who is at the ends of a message.

use std::ffi::CString;
use std::ptr;
use std::sync::{Mutex, PoisonError};

use super::entry::enter;
use super::languages::language_at;
use super::locked::Locked;
use super::panic;
use super::sys;
use super::views::{clock, with_tap_event};
use crate::views::ends::{self, End};
use crate::views::{Arrow, Flow, Setting};

/// The lifelines of a graph, and the arrow that C reads.
#[derive(Default)]
struct Opened {
    flow: Flow,
    texts: Vec<CString>,
    arrow: Option<sys::wmc_arrow>,
}

/// Opens a graph, which C frees.
pub extern "C" fn new() -> *mut libc::c_void {
    Box::into_raw(Box::<Opened>::default()).cast()
}

/// Closes the graph.
pub unsafe extern "C" fn free(flow: *mut libc::c_void) {
    // SAFETY: it comes from `new`, and C does not use it any more.
    let opened = unsafe { Box::from_raw(flow.cast::<Opened>()) };
    let _ = panic::guard(|| drop(opened)); // a panic could only come from a destructor, of which there are none that do
}

/// Forgets the lifelines: the packets come again.
pub unsafe extern "C" fn clear(flow: *mut libc::c_void) {
    // SAFETY: it comes from `new`, and nobody else uses it.
    let opened = unsafe { &mut *flow.cast::<Opened>() };
    let _ = panic::guard(|| opened.flow.clear()); // what a panic leaves is stale at worst
}

/// The arrow of a message, lent until the next call; null for none.
pub unsafe extern "C" fn arrow(
    flow: *mut libc::c_void,
    tap_event: *const sys::wmc_tap_event,
    settings: *const sys::wmc_settings,
) -> *const sys::wmc_arrow {
    // SAFETY: the graph comes from `new`, and nobody else uses it; C lends the others for this call.
    let (opened, raw, settings) = unsafe { (&mut *flow.cast::<Opened>(), &*tap_event, &*settings) };
    let language = language_at(settings.language);
    enter(raw.frame);
    // SAFETY: C lends its texts for this call.
    let arrow = panic::guard(|| unsafe {
        with_tap_event(raw, |tap_event| {
            let mut locked = Locked::new();
            let dissector = locked.dissector();
            dissector.finish();
            opened.flow.arrow(tap_event, &Setting { session: dissector.session(), language, clock })
        })
    });
    match arrow {
        Ok(None) => ptr::null(),
        Ok(Some(Arrow { from, to, label, comment })) => opened.lend([Some(from), Some(to), Some(label), Some(comment)]),
        Err(what) => {
            let fault = language.fault(&what);
            opened.lend([None, None, Some(fault.clone()), Some(fault)])
        }
    }
}

/// Who is at both ends of a message, lent until the next call; nobody for what is none of the chat's.
pub unsafe extern "C" fn parties(
    tap_event: *const sys::wmc_tap_event,
    settings: *const sys::wmc_settings,
) -> sys::wmc_parties {
    static LENT: Mutex<[Option<CString>; 2]> = Mutex::new([None, None]);
    // SAFETY: C lends both for this call.
    let (raw, settings) = unsafe { (&*tap_event, &*settings) };
    enter(raw.frame);
    // SAFETY: C lends its texts for this call.
    let ends = panic::guard(|| unsafe {
        with_tap_event(raw, |tap_event| {
            let mut locked = Locked::new();
            let dissector = locked.dissector();
            dissector.finish();
            ends::of(tap_event, dissector.session(), language_at(settings.language))
        })
    });
    let (user, sender) = ends.ok().flatten().map_or((None, None), |ends| (Some(ends.user), ends.sender));
    let is_plain = |end: &Option<End>| end.as_ref().is_some_and(|end| end.is_plain);
    let (user_in_filters, sender_in_filters) = (is_plain(&user), is_plain(&sender));
    let mut lent = LENT.lock().unwrap_or_else(PoisonError::into_inner);
    *lent = [user, sender].map(|end| CString::new(end?.name.replace('\0', "\u{fffd}")).ok());
    let [user, sender] = lent.each_ref().map(|name| name.as_ref().map_or(ptr::null(), |name| name.as_ptr()));
    sys::wmc_parties { user, sender, user_in_filters, sender_in_filters }
}

impl Opened {
    /// Keeps the texts of an arrow in the form in which C reads them.
    fn lend(&mut self, texts: [Option<String>; 4]) -> *const sys::wmc_arrow {
        self.texts.clear();
        let mut lent = |text: Option<String>| {
            let text = CString::new(text?.replace('\0', "\u{fffd}")).ok()?;
            let pointer = text.as_ptr(); // the text does not move when it is kept
            self.texts.push(text);
            Some(pointer)
        };
        let [from, to, label, comment] = texts.map(|text| lent(text).unwrap_or(ptr::null()));
        self.arrow.insert(sys::wmc_arrow { from, to, label, comment })
    }
}
