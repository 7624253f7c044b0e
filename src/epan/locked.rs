//! The one dissector, which all entries share.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::own;
use crate::dissector::Dissector;

/// The dissector of the capture file at hand. Wireshark dissects one packet at a time, so nobody ever waits for the lock; it is
/// held within one entry only, never while Wireshark runs.
static DISSECTOR: Mutex<Option<Dissector>> = Mutex::new(None);

/// How many pairs of ports the dissector watches: C reads it, to ask no more of a capture without chat.
static WATCHED: AtomicU32 = AtomicU32::new(0);

/// How many messages were put together here: C reads it, to ask for none where there is none.
static ASSEMBLED: AtomicU32 = AtomicU32::new(0);

/// The dissector, locked.
pub struct Locked(MutexGuard<'static, Option<Dissector>>);

impl Drop for Locked {
    fn drop(&mut self) {
        WATCHED.store(self.0.as_ref().map_or(0, Dissector::watched) as u32, Ordering::Relaxed);
        ASSEMBLED.store(self.0.as_ref().map_or(0, Dissector::assembled_count), Ordering::Relaxed);
    }
}

impl Locked {
    /// Waits for the lock.
    pub fn new() -> Locked {
        Locked(DISSECTOR.lock().unwrap_or_else(PoisonError::into_inner)) // what a panic left lacks something at worst
    }

    /// The dissector.
    pub fn dissector(&mut self) -> &mut Dissector {
        self.0.get_or_insert_with(|| Dissector::with_own(own::table()))
    }

    /// Forgets everything: another file is opened, or this one is closed.
    pub fn reset(&mut self) {
        *self.0 = None;
    }
}

/// Where C reads how many pairs of ports are watched.
pub fn watched() -> *mut u32 {
    WATCHED.as_ptr()
}

/// Where C reads how many messages were put together here.
pub fn assembled() -> *mut u32 {
    ASSEMBLED.as_ptr()
}
