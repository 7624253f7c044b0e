//! A plan in the packet's own memory, as the C that draws it reads it.

use std::ptr;

use super::{registry, sys};
use crate::annotation::{Annotation, Item, Layer, Value};
use crate::dissector::Plan;

/// A packet's memory pool. What is allocated in it lives until the packet has been dissected.
#[derive(Clone, Copy)]
pub struct Pool(*mut sys::wmem_allocator_t);

impl Pool {
    /// # Safety
    /// `pool` is the pool of the packet being dissected, and the value is not kept beyond the call that handed it in.
    pub unsafe fn new(pool: *mut sys::wmem_allocator_t) -> Pool {
        Pool(pool)
    }

    /// Copies `items` into the pool.
    fn array<T: Copy>(self, items: &[T]) -> *mut T {
        let size = std::mem::size_of_val(items).max(1);
        // SAFETY: the pool is alive (see `new`). wmem aligns as malloc does and ends the program where memory runs out, so the
        // pointer is good for `size` bytes, which nobody else has.
        unsafe {
            let copy: *mut T = sys::wmem_alloc(self.0, size as _).cast();
            ptr::copy_nonoverlapping(items.as_ptr(), copy, items.len());
            copy
        }
    }

    /// Copies bytes into the pool.
    pub fn bytes(self, bytes: &[u8]) -> *const u8 {
        self.array(bytes)
    }

    /// A C string. A NUL within would end it, so there is none: U+FFFD stands for it.
    fn text(self, text: &str) -> *const libc::c_char {
        let clean = if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() };
        let mut bytes = clean.into_bytes();
        bytes.push(0);
        self.array(&bytes).cast()
    }

    /// The plan as C reads it.
    pub fn plan(self, plan: &Plan) -> *const sys::wmc_plan {
        let mut items = Vec::new();
        for annotation in &plan.annotations {
            self.append(annotation, &mut items);
        }
        let plan = sys::wmc_plan {
            items: self.array(&items),
            count: items.len() as u32,
            title: plan.title.as_deref().map_or(ptr::null(), |title| self.text(title)),
            info: plan.info.as_deref().map_or(ptr::null(), |info| self.text(info)),
        };
        self.array(&[plan])
    }

    fn append(self, annotation: &Annotation, items: &mut Vec<sys::wmc_item>) {
        let first = items.len();
        let layer = match annotation.layer {
            Layer::Tcp => sys::WMC_LAYER_TCP,
            Layer::Http => sys::WMC_LAYER_HTTP,
            Layer::WebSocket => sys::WMC_LAYER_WEBSOCKET,
            Layer::Message => sys::WMC_LAYER_MESSAGE,
        };
        items.extend(annotation.items.iter().map(|item| self.item(item, layer, first)));
    }

    fn item(self, item: &Item, layer: sys::wmc_layer, first: usize) -> sys::wmc_item {
        let (start, length) = item.span.as_ref().map_or((0, 0), |span| (span.start, span.len()));
        let mut drawn = sys::wmc_item {
            layer,
            type_: sys::WMC_TEXT,
            parent: item.parent.map_or(-1, |parent| (first + parent) as libc::c_int),
            field: item.field.map_or(-1, registry::field),
            expert: ptr::null_mut(),
            start: start as libc::c_int,
            length: length as libc::c_int,
            generated: item.field.is_some_and(|field| field.spec().generated),
            number: 0,
            text: ptr::null(),
        };
        match &item.value {
            Value::Text(text) => drawn.text = self.text(text),
            Value::Group(text) => (drawn.type_, drawn.text) = (sys::WMC_GROUP, self.text(text)),
            Value::Unsigned(number) => (drawn.type_, drawn.number) = (sys::WMC_UNSIGNED, i64::from(*number)),
            Value::Frame(frame) => (drawn.type_, drawn.number) = (sys::WMC_UNSIGNED, i64::from(frame.0)),
            Value::Boolean(truth) => (drawn.type_, drawn.number) = (sys::WMC_BOOLEAN, i64::from(*truth)),
            Value::Address(address) => {
                (drawn.type_, drawn.number) = (sys::WMC_IPV4, i64::from(u32::from(*address)));
            }
            Value::Duration(nanoseconds) => (drawn.type_, drawn.number) = (sys::WMC_DURATION, *nanoseconds),
            Value::Finding(finding, sentence) => {
                (drawn.type_, drawn.expert) = (sys::WMC_FINDING, registry::finding(*finding));
                drawn.text = self.text(sentence);
            }
        }
        drawn
    }
}
