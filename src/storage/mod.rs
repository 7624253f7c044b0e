//! What many small things are kept in: lists that grow without being copied, and texts each of which is there once.

pub mod chunks;
pub mod texts;
