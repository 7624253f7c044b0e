//! What happens in a packet of a chat connection, in two types: a [`FrameEvent`] is what happens in a frame below its messages, a
//! [`MessageEvent`] what a message is. The session keeps one for each; phase, note, title, Info column and the exchange that the packet takes
//! part in are read from it, with matches that name every variant.
//!
//! `T` is a name or another short text: an interned one in the session, a printable one in a sentence. A text is `None` where nothing captured
//! so far says it.

#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod exchange;
mod frame;
mod message;

pub use exchange::{Completed, Completion, Exchange};
#[cfg(test)]
pub use frame::frame_samples;
pub use frame::{Acked, Closing, FrameEvent, Received, Reset, Sent};
pub use message::{Link, MessageEvent, Recipient, Row};
#[cfg(test)]
pub use message::{on_the_wire, samples, texts_of};
