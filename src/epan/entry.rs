//! The functions that C calls. Each lends its bytes for the length of the call, runs behind the panic boundary, and returns plain
//! data in the packet's pool; none of them calls anything that may longjmp. What they take and return, `struct wmc_core` of
//! `plugin/glue/glue.h` says.

use std::ffi::CStr;
use std::ptr;
use std::sync::OnceLock;

use super::languages::{automatic, chosen_language, label, language_at, languages, meant_language, unknown_language};
use super::locked::{self, Locked};
use super::plan::Pool;
use super::{flow, own, panic, registry, statistics, sys, views};
use crate::annotation::{Plan, Wanted};
use crate::dissector::{self, Packet, Settings, Start};
use crate::packet::{Captured, Endpoint, Frame, FrameTime, Outline, Segment, SequenceNumber, StreamId};
use crate::websocket::handshake::header_section;

/// The field with a connection's user.
const USER_FIELD: &CStr = c"workermanchat.user";

/// The table of entries.
pub fn core() -> *const sys::wmc_core {
    struct Table(sys::wmc_core);
    // SAFETY: the table holds functions and leaked strings, and nobody writes to it.
    unsafe impl Send for Table {}
    // SAFETY: as for `Send`.
    unsafe impl Sync for Table {}
    static TABLE: OnceLock<Table> = OnceLock::new();
    &raw const TABLE
        .get_or_init(|| {
            let (languages, meanings) = (languages(), own::meanings());
            Table(sys::wmc_core {
                registration: Some(registration),
                languages: languages.as_ptr(),
                language_count: languages.len() as _,
                unknown_language: Some(unknown_language),
                meanings: meanings.as_ptr(),
                meaning_count: meanings.len() as _,
                bad_own_name: Some(own::bad_name),
                own_messages: Some(own::take_rows),
                reset: Some(reset),
                watched: locked::watched(),
                concerns: Some(concerns),
                is_other_application: Some(is_other_application),
                may_prove_chat: Some(may_prove),
                classify: Some(classify),
                segment: Some(segment),
                frames: Some(frames),
                frames_failed: Some(frames_failed),
                assembled_count: locked::assembled(),
                assembled: Some(assembled),
                message: Some(message),
                unobserved: Some(unobserved),
                rest: Some(rest),
                view_new: Some(views::new),
                view_free: Some(views::free),
                view_clear: Some(views::clear),
                view_see: Some(views::see),
                view_sort: Some(views::sort),
                view_page: Some(views::page),
                view_seen: Some(views::seen),
                statistics_new: Some(statistics::new),
                statistics_free: Some(statistics::free),
                statistics_clear: Some(statistics::clear),
                statistics_see: Some(statistics::see),
                statistics_count: Some(statistics::count),
                flow_new: Some(flow::new),
                flow_free: Some(flow::free),
                flow_clear: Some(flow::clear),
                flow_arrow: Some(flow::arrow),
                parties: Some(flow::parties),
                user_field: USER_FIELD.as_ptr(),
                follow_line: Some(views::follow_line),
                filter: Some(views::filter),
                exchange_filter: Some(views::exchange_filter),
                label: Some(label),
                chosen_language: Some(chosen_language),
                meant_language: Some(meant_language),
            })
        })
        .0
}

unsafe extern "C" fn registration(language_file: *const libc::c_char) -> sys::wmc_registration {
    // SAFETY: C lends the path for this call.
    automatic(Some(unsafe { CStr::from_ptr(language_file) }));
    registry::registration()
}

extern "C" fn reset() {
    // A panic here could only come from a destructor, of which there are none that do.
    let _ = panic::guard(|| Locked::new().reset());
}

/// Runs `work` on a frame, of whose segment the dissector is asked afterwards: there a panic is told of. Here, it counts as `otherwise`.
fn guard<T>(frame: u32, otherwise: T, work: impl FnOnce() -> T) -> T {
    enter(frame);
    panic::guard(work).unwrap_or_else(|what| {
        let _ = panic::guard(|| Locked::new().dissector().failed(Frame::of(frame), &what));
        otherwise
    })
}

/// Tells the failpoints of the tests which frame is at hand.
pub(super) fn enter(frame: u32) {
    #[cfg(feature = "failpoints")]
    crate::failpoint::enter(frame);
    let _ = frame;
}

unsafe extern "C" fn concerns(frame: u32, start: sys::wmc_bytes, chat_port: bool) -> bool {
    // SAFETY: C lends the bytes for this call.
    let start = unsafe { lent(&start) }.bytes;
    guard(frame, true, || {
        Outline::of(start, chat_port).is_some_and(|outline| Locked::new().dissector().concerns(&outline))
    })
}

extern "C" fn is_other_application(frame: u32, port: u16, other: u16) -> bool {
    guard(frame, false, || Locked::new().dissector().is_other_application((port, other)))
}

unsafe extern "C" fn may_prove(frame: u32, message: sys::wmc_bytes) -> bool {
    // SAFETY: C lends the bytes for this call.
    let message = unsafe { lent(&message) };
    guard(frame, true, || Locked::new().dissector().may_prove_chat(message.bytes))
}

unsafe extern "C" fn classify(segment: *const sys::wmc_segment, start: sys::wmc_bytes) -> sys::wmc_start {
    // SAFETY: C lends both for this call.
    let (segment, start) = unsafe { (&*segment, lent(&start)) };
    let start = guard(segment.frame, Start::Other, || {
        Locked::new().dissector().classify(StreamId(segment.stream), start.bytes)
    });
    match start {
        Start::Other => sys::WMC_START_OTHER,
        Start::Short => sys::WMC_START_SHORT,
        Start::Http => sys::WMC_START_HTTP,
        Start::Response => sys::WMC_START_RESPONSE,
        Start::Upgraded => sys::WMC_START_UPGRADED,
        Start::WebSocket => sys::WMC_START_WEBSOCKET,
    }
}

unsafe extern "C" fn segment(
    segment: *const sys::wmc_segment,
    sources: *const sys::wmc_bytes,
    source_count: usize,
    settings: *const sys::wmc_settings,
    pool: *mut sys::wmem_allocator_t,
) -> *const sys::wmc_plan {
    // SAFETY: C lends all of this for this call.
    let (raw, settings, pool) = unsafe { (&*segment, &*settings, Pool::new(pool)) };
    let settings = settings_of(settings);
    // SAFETY: C lends the payload for this call.
    let packet = unsafe { packet_of(raw) };
    enter(raw.frame);
    answer(
        || {
            // SAFETY: C lends the sources for this call; the array has `source_count` members.
            let sources = (0..source_count).map(|at| unsafe { lent(&*sources.add(at)) }.bytes);
            let http = if settings.wanted.tap_events { http(&packet, sources.clone()) } else { NO_BYTES };
            Locked::new()
                .dissector()
                .segment(&packet, sources, &settings)
                .map(|plan| pool.plan_with_tap_event(plan, raw, None, http))
        },
        |what| {
            let mut plan = Plan::default();
            dissector::internal(&mut plan, what, settings.language);
            Locked::new().dissector().failed_segment(&packet.segment, what);
            pool.plan(&plan)
        },
    )
}

unsafe extern "C" fn frames(segment: *const sys::wmc_segment, data: sys::wmc_bytes, position: i64) {
    // SAFETY: C lends both for this call.
    let (raw, data) = unsafe { (&*segment, lent(&data)) };
    // SAFETY: C lends the payload for this call.
    let packet = unsafe { packet_of(raw) };
    enter(raw.frame);
    let done = panic::guard(|| Locked::new().dissector().frames(&packet, data, u32::try_from(position).ok()));
    // The segment tells of a panic, which costs the frames their labels.
    let _ = done.or_else(|what| panic::guard(|| Locked::new().dissector().failed_segment(&packet.segment, &what)));
}

unsafe extern "C" fn frames_failed(segment: *const sys::wmc_segment) {
    // SAFETY: C lends it for this call.
    let raw = unsafe { &*segment };
    // SAFETY: C lends the payload for this call.
    let packet = unsafe { packet_of(raw) };
    guard(raw.frame, (), || Locked::new().dissector().pass_over(&packet.segment));
}

unsafe extern "C" fn assembled(
    segment: *const sys::wmc_segment,
    index: u32,
    pool: *mut sys::wmem_allocator_t,
) -> sys::wmc_bytes {
    // SAFETY: C lends all of this for this call.
    let (raw, pool) = unsafe { (&*segment, Pool::new(pool)) };
    // SAFETY: C lends the payload for this call.
    let packet = unsafe { packet_of(raw) };
    guard(raw.frame, NO_BYTES, || match Locked::new().dissector().assembled(&packet, index) {
        Some(bytes) => pooled(pool, bytes, bytes.len() as u64),
        None => NO_BYTES,
    })
}

unsafe extern "C" fn message(
    segment: *const sys::wmc_segment,
    index: u32,
    message: sys::wmc_bytes,
    settings: *const sys::wmc_settings,
    pool: *mut sys::wmem_allocator_t,
) -> *const sys::wmc_plan {
    // SAFETY: C lends all of this for this call.
    let (raw, data, settings, pool) = unsafe { (&*segment, lent(&message), &*settings, Pool::new(pool)) };
    let settings = settings_of(settings);
    // SAFETY: C lends the payload for this call.
    let packet = unsafe { packet_of(raw) };
    enter(raw.frame);
    answer(
        || {
            Locked::new()
                .dissector()
                .message(&packet, index, data, &settings)
                .map(|plan| pool.plan_with_tap_event(plan, raw, Some(index), message))
        },
        |what| {
            let mut plan = Plan::default();
            dissector::internal_message(&mut plan, what, settings.language);
            Locked::new().dissector().failed_message(&packet.segment, index, what);
            pool.plan(&plan)
        },
    )
}

unsafe extern "C" fn unobserved(
    settings: *const sys::wmc_settings,
    pool: *mut sys::wmem_allocator_t,
) -> *const sys::wmc_plan {
    // SAFETY: C lends both for this call.
    let (settings, pool) = unsafe { (settings_of(&*settings), Pool::new(pool)) };
    answer(
        || {
            let mut plan = Plan::default();
            dissector::unobserved(&mut plan, settings.language);
            Some(pool.plan(&plan))
        },
        |what| {
            let mut plan = Plan::default();
            dissector::internal_message(&mut plan, what, settings.language);
            pool.plan(&plan)
        },
    )
}

unsafe extern "C" fn rest(
    frame: u32,
    data: sys::wmc_bytes,
    messages: u32,
    whole: bool,
    pool: *mut sys::wmem_allocator_t,
) -> sys::wmc_bytes {
    // SAFETY: C lends all of this for this call.
    let (data, pool) = unsafe { (lent(&data), Pool::new(pool)) };
    match guard(frame, None, || dissector::unmasked_message(data.bytes, messages as usize, whole)) {
        Some((bytes, reported)) => pooled(pool, &bytes, reported),
        None => NO_BYTES,
    }
}

/// The header section of HTTP that a segment ends with, or begins where the capture cut it: of its payload, or of what was reassembled or
/// decrypted.
fn http<'a>(packet: &Packet<'a>, sources: impl Iterator<Item = &'a [u8]>) -> sys::wmc_bytes {
    let is_cut = packet.payload.len() < packet.segment.length as usize;
    let section = [packet.payload].into_iter().chain(sources).find_map(|bytes| header_section(bytes, is_cut));
    section.map_or(NO_BYTES, |section| sys::wmc_bytes {
        data: section.as_ptr(),
        captured: section.len() as u32,
        reported: section.len() as u32,
    })
}

const _: () = assert!(sys::WMC_SUBSTREAM == StreamId::CARRIED && sys::WMC_SUBSTREAMS_OF == StreamId::CARRIERS);

const NO_BYTES: sys::wmc_bytes = sys::wmc_bytes { data: ptr::null(), captured: 0, reported: 0 };

/// A copy of the bytes of a message of this length.
fn pooled(pool: Pool, bytes: &[u8], length: u64) -> sys::wmc_bytes {
    sys::wmc_bytes {
        captured: bytes.len() as u32,
        reported: i32::try_from(length).unwrap_or(i32::MAX) as u32, // a tvb's length is an int
        data: pool.bytes(bytes),
    }
}

/// Hands a plan to C, as `work` made it; null for nothing to draw. A panic becomes a finding on this packet, as `report` makes it.
fn answer(
    work: impl FnOnce() -> Option<*const sys::wmc_plan>,
    report: impl FnOnce(&str) -> *const sys::wmc_plan,
) -> *const sys::wmc_plan {
    let plan = panic::guard(work).or_else(|what| panic::guard(|| Some(report(&what))));
    plan.ok().flatten().unwrap_or(ptr::null())
}

/// The bytes that C lends, and how many there are in the packet.
///
/// # Safety
/// `bytes` points to its bytes, or to nothing when there are none, for as long as the result is used.
pub(super) unsafe fn lent<'a>(bytes: &sys::wmc_bytes) -> Captured<'a> {
    let captured = match bytes.data.is_null() {
        true => &[],
        // SAFETY: the caller vouches for it.
        false => unsafe { std::slice::from_raw_parts(bytes.data, bytes.captured as usize) },
    };
    Captured { bytes: captured, reported: bytes.reported as usize }
}

fn settings_of(settings: &sys::wmc_settings) -> Settings {
    Settings {
        language: language_at(settings.language),
        wanted: Wanted {
            fields: settings.wanted,
            titles: settings.titles,
            info: settings.info,
            tap_events: settings.tap_events,
        },
        annotate_tcp: settings.annotate_tcp,
        annotate_info: settings.annotate_info,
    }
}

/// The packet as the dissector has it.
///
/// # Safety
/// The segment's payload is lent for as long as the result is used.
unsafe fn packet_of(raw: &sys::wmc_segment) -> Packet<'_> {
    // SAFETY: the caller vouches for it.
    let payload = unsafe { lent(&raw.payload) }.bytes;
    Packet { segment: segment_of(raw), payload, first_pass: raw.first_pass, tunnelled: raw.tunnelled }
}

/// A segment as the dissector has it.
pub(super) fn segment_of(raw: &sys::wmc_segment) -> Segment {
    Segment {
        at: FrameTime { frame: Frame::of(raw.frame), time: raw.time },
        stream: StreamId(raw.stream),
        source: endpoint(&raw.source),
        destination: endpoint(&raw.destination),
        sequence: SequenceNumber(raw.sequence),
        acknowledgment: SequenceNumber(raw.acknowledgment),
        flags: raw.flags,
        length: raw.payload.reported,
        identity: raw.identity,
    }
}

fn endpoint(raw: &sys::wmc_endpoint) -> Endpoint {
    Endpoint { address: raw.address, address_length: raw.address_length, port: raw.port, chat_port: raw.chat_port }
}
