//! A plan in the packet's own memory, as the C that draws it reads it.

use std::ptr;

use super::{registry, sys};
use crate::annotation::{Item, Layer, Plan, Text, Value};
use crate::packet::Side;

/// A packet's memory pool. What is allocated in it lives until the packet has been dissected.
#[derive(Clone, Copy)]
pub struct Pool(*mut sys::wmem_allocator_t);

impl Pool {
    /// Names a packet's pool.
    ///
    /// # Safety
    /// `pool` is the pool of the packet being dissected, and the value is not kept beyond the call that handed it in.
    pub unsafe fn new(pool: *mut sys::wmem_allocator_t) -> Pool {
        Pool(pool)
    }

    /// Copies `items` into the pool.
    fn array<T: Copy>(self, items: &[T]) -> *mut T {
        let copy = self.uninitialised(items.len());
        // SAFETY: there is room for all items, in memory that nobody else has.
        unsafe { ptr::copy_nonoverlapping(items.as_ptr(), copy, items.len()) };
        copy
    }

    /// Room for so many items. wmem aligns as malloc does and ends the program where memory runs out.
    fn uninitialised<T: Copy>(self, count: usize) -> *mut T {
        let size = (count * size_of::<T>()).max(1);
        // SAFETY: the pool is alive (see `new`).
        unsafe { sys::wmem_alloc(self.0, size as _) }.cast()
    }

    /// Copies bytes into the pool.
    pub fn bytes(self, bytes: &[u8]) -> *const u8 {
        self.array(bytes)
    }

    /// The plan as C reads it, with what a view learns of the message of this number, or of the frame below its messages; `bytes` are the
    /// message's, or those of HTTP.
    pub fn plan_with_tap_event(
        self,
        plan: &Plan,
        segment: &sys::wmc_segment,
        index: Option<u32>,
        bytes: sys::wmc_bytes,
    ) -> *const sys::wmc_plan {
        let texts = Texts(self.array(plan.texts().as_bytes()).cast());
        let mut drawn = self.drawn(plan, texts);
        if let Some(tap_event) = plan.tap_event() {
            let tap_event = sys::wmc_tap_event {
                frame: segment.frame,
                stream: segment.stream,
                index: index.unwrap_or(u32::MAX),
                time: segment.time,
                by_server: tap_event.by == Side::Server,
                text: texts.pointer(tap_event.text),
                problems: texts.pointer(tap_event.problems),
                findings: tap_event.findings.0,
                first_pass: segment.first_pass,
                segment: self.array(&[*segment]),
                bytes,
            };
            drawn.tap_event = self.array(&[tap_event]);
        }
        self.array(&[drawn])
    }

    /// The plan as C reads it.
    pub fn plan(self, plan: &Plan) -> *const sys::wmc_plan {
        self.array(&[self.drawn(plan, Texts(self.array(plan.texts().as_bytes()).cast()))])
    }

    /// The plan as C reads it, without what a view learns.
    fn drawn(self, plan: &Plan, texts: Texts) -> sys::wmc_plan {
        let items: *mut sys::wmc_item = self.uninitialised(plan.items().len());
        for (at, item) in plan.items().iter().enumerate() {
            // SAFETY: there is room for all items.
            unsafe { items.add(at).write(drawn(item, texts)) };
        }
        sys::wmc_plan {
            tap_event: ptr::null(),
            declined: plan.is_declined(),
            items,
            count: plan.items().len() as u32,
            title: plan.title().map_or(ptr::null(), |title| texts.pointer(title)),
            info: plan.info().map_or(ptr::null(), |info| texts.pointer(info)),
        }
    }
}

/// The texts of a plan, in the pool.
#[derive(Clone, Copy)]
struct Texts(*const libc::c_char);

impl Texts {
    /// A text, which ends with a NUL.
    fn pointer(self, text: Text) -> *const libc::c_char {
        // SAFETY: a text begins within the texts of its plan.
        unsafe { self.0.add(text.start()) }
    }
}

/// A line as C reads it. Places and lengths are below 2³¹, as those in Wireshark's own buffers.
fn drawn(item: &Item, texts: Texts) -> sys::wmc_item {
    let (start, length) = item.span.as_ref().map_or((0, 0), |span| (span.start, span.len()));
    let mut drawn = sys::wmc_item {
        layer: match item.layer {
            Layer::Tcp => sys::WMC_LAYER_TCP,
            Layer::Http => sys::WMC_LAYER_HTTP,
            Layer::WebSocket => sys::WMC_LAYER_WEBSOCKET,
            Layer::Message => sys::WMC_LAYER_MESSAGE,
        },
        type_: sys::WMC_TEXT,
        parent: item.parent.map_or(-1, |parent| parent as libc::c_int),
        field: item.field.map_or(-1, registry::field),
        expert: ptr::null_mut(),
        start: start as libc::c_int,
        length: length as libc::c_int,
        generated: item.field.is_some_and(|field| field.spec().generated),
        hidden: item.is_hidden,
        label: item.label.map_or(ptr::null(), |label| texts.pointer(label)),
        number: 0,
        text: ptr::null(),
    };
    match item.value {
        Value::Text(text) => drawn.text = texts.pointer(text),
        Value::Group(text) => (drawn.type_, drawn.text) = (sys::WMC_GROUP, texts.pointer(text)),
        Value::Unsigned(number) => (drawn.type_, drawn.number) = (sys::WMC_UNSIGNED, i64::from(number)),
        Value::Frame(frame) => (drawn.type_, drawn.number) = (sys::WMC_UNSIGNED, i64::from(frame.number())),
        Value::Boolean(truth) => (drawn.type_, drawn.number) = (sys::WMC_BOOLEAN, i64::from(truth)),
        Value::Address(address) => (drawn.type_, drawn.number) = (sys::WMC_IPV4, i64::from(u32::from(address))),
        Value::Duration(nanoseconds) => (drawn.type_, drawn.number) = (sys::WMC_DURATION, nanoseconds),
        Value::Finding(finding, sentence) => {
            (drawn.type_, drawn.expert) = (sys::WMC_FINDING, registry::finding(finding));
            drawn.text = texts.pointer(sentence);
        }
    }
    drawn
}
