//! No panic crosses into C: each becomes a value, with the place and the words it came with.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// File and line of the last panic.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Remembers where a panic happens instead of printing it: the user reads of it in the packet.
pub fn keep_quiet() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
        PLACE.with(|cell| *cell.borrow_mut() = place);
    }));
}

/// Runs `work`.
///
/// # Errors
/// Where and why it panicked.
pub fn guard<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let place = PLACE.with(|cell| cell.take());
        format!("{}: {}", place, words(&*payload))
    })
}

/// The first fault of several calls.
#[derive(Default)]
pub struct FirstFault(Option<String>);

impl FirstFault {
    /// Runs `work`; `None` where it panicked.
    pub fn guard<T>(&mut self, work: impl FnOnce() -> T) -> Option<T> {
        guard(work).map_err(|what| self.0.get_or_insert(what).len()).ok()
    }

    /// The place and the words of the panic.
    pub fn what(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Forgets the fault, and returns where and why it panicked.
    pub fn take(&mut self) -> Option<String> {
        self.0.take()
    }
}

/// The words of a panic.
fn words(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
