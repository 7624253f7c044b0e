//! The views, as C calls them: each is a pointer that C keeps for as long as its tap listens.

use std::ffi::{CStr, CString};
use std::ptr;
use std::sync::{Mutex, PoisonError};

use super::entry::{enter, lent, segment_of};
use super::languages::language_at;
use super::locked::Locked;
use super::panic::{self, FirstFault};
use super::sys;
use crate::annotation::Findings;
use crate::packet::{Frame, FrameTime, SequenceNumber, Side, StreamId, TcpHeader};
use crate::views::{
    Diagram, Html, Listing, Page, Sessions, Setting, TapEvent, Times, Transcript, Users, View, Wire, filters, follow,
};

/// A view, and the piece of its page that C reads.
struct Opened {
    page: Page,
    piece: String,
    /// The first fault of the view since it was opened or cleared.
    fault: FirstFault,
    /// Whether the page has no further piece.
    is_at_end: bool,
}

/// Opens a view, which C frees; null for a kind that there is not.
pub extern "C" fn new(kind: sys::wmc_view) -> *mut libc::c_void {
    let view: Box<dyn View> = match kind {
        sys::WMC_VIEW_TRANSCRIPT => Box::new(Transcript::default()),
        sys::WMC_VIEW_SESSIONS => Box::new(Sessions::default()),
        sys::WMC_VIEW_DIAGRAM => Box::new(Diagram::default()),
        sys::WMC_VIEW_PAGE => Box::new(Listing::default()),
        sys::WMC_VIEW_HTML => Box::new(Html::default()),
        sys::WMC_VIEW_LIVE => Box::new(Listing::live()),
        sys::WMC_VIEW_USERS => Box::new(Users::default()),
        sys::WMC_VIEW_TIMES => Box::new(Times::default()),
        _ => return ptr::null_mut(),
    };
    let (page, piece, fault) = (Page::new(view), String::new(), FirstFault::default());
    Box::into_raw(Box::new(Opened { page, piece, fault, is_at_end: false })).cast()
}

/// Closes the view.
pub unsafe extern "C" fn free(view: *mut libc::c_void) {
    // SAFETY: it comes from `new`, and C does not use it any more.
    let opened = unsafe { Box::from_raw(view.cast::<Opened>()) };
    let _ = panic::guard(|| drop(opened)); // a panic could only come from a destructor, of which there are none that do
}

/// Forgets what the view has seen: the packets are dissected anew.
pub unsafe extern "C" fn clear(view: *mut libc::c_void) {
    // SAFETY: it comes from `new`, and nobody else uses it.
    let opened = unsafe { &mut *view.cast::<Opened>() };
    opened.fault = FirstFault::default();
    opened.fault.guard(|| opened.page.clear()); // what a panic leaves is stale at worst
}

/// Takes note of a message, or of a frame below its messages.
pub unsafe extern "C" fn see(view: *mut libc::c_void, tap_event: *const sys::wmc_tap_event) {
    // SAFETY: the view comes from `new`, and nobody else uses it; C lends the tap_event for this call.
    let (opened, raw) = unsafe { (&mut *view.cast::<Opened>(), &*tap_event) };
    // A panic costs the view this line, which the page says.
    // SAFETY: C lends its texts for this call.
    opened.fault.guard(|| unsafe {
        with_tap_event(raw, |tap_event| opened.page.see(tap_event, Locked::new().dissector().session()));
    });
}

/// Hands a tap event on as the views have it.
///
/// # Safety
/// Both its texts end with a NUL and are alive for this call.
pub(super) unsafe fn with_tap_event<T>(raw: &sys::wmc_tap_event, then: impl FnOnce(&TapEvent) -> T) -> T {
    // SAFETY: the caller vouches for it.
    let (text, problems) = unsafe { (CStr::from_ptr(raw.text), CStr::from_ptr(raw.problems)) };
    // SAFETY: the segment is in the packet's pool, and what it lends is alive while Wireshark taps.
    let wire = unsafe { raw.segment.as_ref().map(|segment| wire(segment, &raw.bytes)) };
    then(&TapEvent {
        at: FrameTime { frame: Frame::of(raw.frame), time: raw.time },
        stream: StreamId(raw.stream),
        index: Some(raw.index).filter(|index| *index != u32::MAX),
        by: if raw.by_server { Side::Server } else { Side::Client },
        text: &text.to_string_lossy(),
        problems: &problems.to_string_lossy(),
        findings: Findings(raw.findings),
        wire,
    })
}

/// A packet as it is on the wire.
///
/// # Safety
/// `bytes` are lent for as long as the result is used.
unsafe fn wire<'a>(segment: &sys::wmc_segment, bytes: &sys::wmc_bytes) -> Wire<'a> {
    let sys::wmc_tcp { sequence, acknowledgment, length, flags, window } = segment.tcp;
    let [sequence, acknowledgment] = [sequence, acknowledgment].map(SequenceNumber);
    Wire {
        segment: segment_of(segment),
        tcp: TcpHeader { sequence, acknowledgment, length, flags, window },
        is_tunnelled: segment.tunnelled,
        // SAFETY: the caller vouches for it.
        bytes: unsafe { lent(bytes) },
    }
}

/// Lends a text to C, until the next one; null for none.
fn lend(text: Option<String>) -> *const libc::c_char {
    static LENT: Mutex<Option<CString>> = Mutex::new(None);
    let text = text.and_then(|text| CString::new(text).ok());
    let mut lent = LENT.lock().unwrap_or_else(PoisonError::into_inner);
    *lent = text;
    lent.as_ref().map_or(ptr::null(), |text| text.as_ptr())
}

/// The line of Follow for what a view taps, once all frames have been seen, lent until the next text; null for none.
pub unsafe extern "C" fn follow_line(
    tap_event: *const sys::wmc_tap_event,
    settings: *const sys::wmc_settings,
) -> *const libc::c_char {
    // SAFETY: C lends both for this call.
    let (raw, settings) = unsafe { (&*tap_event, &*settings) };
    let language = language_at(settings.language);
    enter(raw.frame);
    // SAFETY: C lends its texts for this call.
    let line = panic::guard(|| unsafe {
        with_tap_event(raw, |tap_event| {
            let mut locked = Locked::new();
            let dissector = locked.dissector();
            dissector.finish();
            follow::line(tap_event, dissector.session(), language)
        })
    });
    let line = line.unwrap_or_else(|what| Some(language.fault(&what)));
    lend(line.map(|line| line + "\n"))
}

/// The display filter for the user, room, exchange or connection of a packet, lent until the next text; null where there is none.
pub extern "C" fn filter(filter: sys::wmc_filter, stream: u32, frame: u32, port: u16) -> *const libc::c_char {
    let of = match filter {
        sys::WMC_FILTER_USER => filters::Of::User,
        sys::WMC_FILTER_ROOM => filters::Of::Room,
        sys::WMC_FILTER_EXCHANGE => filters::Of::Exchange,
        sys::WMC_FILTER_CONNECTION => filters::Of::Connection,
        _ => return ptr::null(),
    };
    let filter = panic::guard(|| {
        filters::filter(of, Locked::new().dissector().session(), StreamId(stream), Frame::of(frame), port)
    });
    lend(filter.ok().flatten())
}

/// The display filter for the exchange of a frame, or for the frame alone, lent until the next text.
pub extern "C" fn exchange_filter(frame: u32) -> *const libc::c_char {
    let filter = panic::guard(|| filters::exchange_filter(Locked::new().dissector().session(), Frame::of(frame)));
    lend(filter.ok().or_else(|| Some(format!("frame.number == {frame}"))))
}

/// Sorts a table by the column that a text names. Returns whether it has one.
pub unsafe extern "C" fn sort(
    view: *mut libc::c_void,
    settings: *const sys::wmc_settings,
    column: *const libc::c_char,
) -> bool {
    // SAFETY: the view comes from `new`, and nobody else uses it; C lends the rest for this call.
    let (opened, settings, column) =
        unsafe { (&mut *view.cast::<Opened>(), &*settings, CStr::from_ptr(column).to_string_lossy()) };
    let language = language_at(settings.language);
    let is_sorted = panic::guard(|| {
        let mut locked = Locked::new();
        opened.page.sort(&column, &Setting { session: locked.dissector().session(), language, clock })
    });
    is_sorted.unwrap_or_default()
}

/// The first or next piece of the view's page, lent until the next call; null behind the last. `at_end` is whether the whole capture was
/// dissected.
pub unsafe extern "C" fn page(
    view: *mut libc::c_void,
    settings: *const sys::wmc_settings,
    first: bool,
    at_end: bool,
) -> *const libc::c_char {
    // SAFETY: the view comes from `new`, and nobody else uses it; C lends the settings for this call.
    let (opened, settings) = unsafe { (&mut *view.cast::<Opened>(), &*settings) };
    let Opened { page, piece, fault, is_at_end } = opened;
    if !first && *is_at_end {
        return ptr::null();
    }
    let language = language_at(settings.language);
    piece.clear();
    let has_more = fault.guard(|| {
        let mut locked = Locked::new();
        let dissector = locked.dissector();
        if first && at_end {
            dissector.finish();
        }
        page.write(first, &Setting { session: dissector.session(), language, clock }, piece)
    });
    *is_at_end = !has_more.unwrap_or(false);
    if *is_at_end {
        let Some(what) = fault.what() else { return ptr::null() };
        piece.push_str(&page.remark(&language.fault(what)));
    }
    piece.retain(|character| character != '\0');
    piece.push('\0');
    piece.as_ptr().cast()
}

/// What was seen since the last call, of a view that is written while the capture is read; lent until the next call, null for nothing.
pub unsafe extern "C" fn seen(view: *mut libc::c_void, settings: *const sys::wmc_settings) -> *const libc::c_char {
    // SAFETY: the view comes from `new`, and nobody else uses it; C lends the settings for this call.
    let (opened, settings) = unsafe { (&mut *view.cast::<Opened>(), &*settings) };
    let Opened { page, piece, fault, .. } = opened;
    let language = language_at(settings.language);
    piece.clear();
    fault.guard(|| {
        let mut locked = Locked::new();
        page.write_seen(&Setting { session: locked.dissector().session(), language, clock }, piece);
    });
    if piece.is_empty() {
        return ptr::null();
    }
    piece.retain(|character| character != '\0');
    piece.push('\0');
    piece.as_ptr().cast()
}

/// Date and time of day of a time in nanoseconds since the epoch, in the time zone of the environment, to the microsecond. A time that is not known,
/// as one before 1970 or behind 2262, is 0.
pub(super) fn clock(time: i64) -> String {
    if time == 0 {
        return "-".to_owned();
    }
    let (seconds, nanoseconds) = (time.div_euclid(1_000_000_000), time.rem_euclid(1_000_000_000));
    // SAFETY: all zeros are a valid `tm`.
    let mut local: libc::tm = unsafe { std::mem::zeroed() };
    let narrow = seconds as libc::time_t; // 32 bits, on some systems
    // SAFETY: both are alive for this call.
    if narrow as i64 != seconds || unsafe { libc::localtime_r(&narrow, &mut local) }.is_null() {
        return seconds.to_string(); // beyond the years that there are
    }
    let (year, month) = (i64::from(local.tm_year) + 1900, local.tm_mon + 1);
    let (day, hour, minute, second) = (local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{:06}", nanoseconds / 1000)
}
