//! Upper bounds of the texts that are kept for the whole capture.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Longer names are cut.
pub const MAX_NAME: usize = 200;
/// Longer ids keep their beginning and a hash.
pub const MAX_ID: usize = 64;
/// Longer values of handshake header fields are cut.
pub const MAX_VALUE: usize = 1024;

/// A name to keep: at most [`MAX_NAME`] characters.
pub fn bounded_name(name: &str) -> &str {
    if name.len() <= MAX_NAME {
        return name;
    }
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => &name[..end],
        None => name,
    }
}

/// A header field's value to keep: at most [`MAX_VALUE`] characters.
pub fn bounded_value(value: &str) -> Arc<str> {
    let end = value.char_indices().nth(MAX_VALUE).map_or(value.len(), |(end, _)| end);
    Arc::from(&value[..end])
}

/// An id to keep: at most about [`MAX_ID`] bytes, and different for different ids. The hash is shown, so it is the same in each process.
pub fn bounded_id(id: &str) -> Cow<'_, str> {
    if id.len() <= MAX_ID {
        return Cow::Borrowed(id);
    }
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let start: String = id.chars().take(MAX_ID / 4).collect();
    Cow::Owned(format!("{start}…{:016x}", hasher.finish()))
}
