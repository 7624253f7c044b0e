//! What a session keeps its many small things in, and how much that may be.

pub mod chunks;
pub mod memory;
pub mod texts;
