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

    /// The places and frames at which a panic is asked for.
    static ARMED: OnceLock<HashSet<(String, u32)>> = OnceLock::new();
    /// The frame at hand.
    static FRAME: AtomicU32 = AtomicU32::new(0);

    /// Asks for panics, once: `places` are places and frames, `session::learn@7`, separated by commas.
    ///
    /// # Panics
    /// If a place has no frame.
    pub fn arm(places: &str) {
        ARMED.get_or_init(|| places.split(',').filter(|place| !place.is_empty()).map(place_and_frame).collect());
    }

    fn place_and_frame(place: &str) -> (String, u32) {
        let (name, frame) = place.split_once('@').expect("a place and a frame");
        (name.to_owned(), frame.parse().expect("a frame number"))
    }

    /// Tells which frame is dissected from here on.
    pub fn enter(frame: u32) {
        FRAME.store(frame, Ordering::Relaxed);
    }

    /// Passes a place: the dissection goes on, unless a panic is asked for here, in the frame at hand.
    ///
    /// # Panics
    /// If a test asks for it, by [`arm`].
    pub fn pass(place: &str) {
        let frame = FRAME.load(Ordering::Relaxed);
        let is_armed = ARMED.get().is_some_and(|armed| armed.contains(&(place.to_owned(), frame)));
        assert!(!is_armed, "failpoint {place}");
    }
}
