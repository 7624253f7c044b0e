//! Failpoints, for the tests alone: with the feature `failpoints`, the code panics where a test asks for it. Without the feature, which
//! no release has, nothing of this is compiled but the macro, and that to nothing.
//!
//! A test names a place and a frame. So a panic can be had in each module on each kind of packet, which a count of passages (as of the
//! crate `fail`) does not give: how often a place is passed before a frame depends on the pass and on what is displayed.

/// Panics if a test asks for it, at this place and in the frame at hand.
macro_rules! failpoint {
    ($place:literal) => {
        #[cfg(feature = "failpoints")]
        $crate::failpoint::pass($place);
    };
}
pub(crate) use failpoint;

#[cfg(feature = "failpoints")]
pub use armed::{arm, enter, pass};

#[cfg(feature = "failpoints")]
mod armed {
    use std::collections::HashSet;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static ARMED: OnceLock<HashSet<(String, u32)>> = OnceLock::new();
    /// The frame at hand.
    static FRAME: AtomicU32 = AtomicU32::new(0);

    /// Asks for panics, once: `places` are places and frames, `session::learn@7`, separated by commas.
    ///
    /// # Panics
    /// If a place has no frame.
    pub fn arm(places: &str) {
        let place = |place: &str| {
            let (name, frame) = place.split_once('@').expect("a place and a frame");
            (name.to_owned(), frame.parse().expect("a frame number"))
        };
        ARMED.get_or_init(|| places.split(',').filter(|place| !place.is_empty()).map(place).collect());
    }

    /// This frame is dissected from here on.
    pub fn enter(frame: u32) {
        FRAME.store(frame, Ordering::Relaxed);
    }

    /// Panics if it is asked for here.
    pub fn pass(place: &str) {
        let frame = FRAME.load(Ordering::Relaxed);
        let is_armed = ARMED.get().is_some_and(|armed| armed.contains(&(place.to_owned(), frame)));
        assert!(!is_armed, "failpoint {place}");
    }
}
