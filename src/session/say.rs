//! What a say and its deliveries have in common, and what tells the copies of one apart.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A say request's place among its server's.
pub type SayNumber = u32;

/// Which copy of a say a delivery is. The server marks the two of a private say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Copies {
    /// The one for each member of the room.
    Public,
    /// The recipient's.
    ToRecipient,
    /// The sender's own.
    ToSender,
}

impl Copies {
    /// Which copy the content of a private delivery is.
    pub fn of(content: &str) -> Copies {
        match () {
            () if content.starts_with("<b>对你说: </b>") => Copies::ToRecipient,
            () if content.starts_with("<b>你对") => Copies::ToSender,
            () => Copies::Public,
        }
    }
}

/// What a say and its deliveries have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Said {
    /// A hash of the recipient's id and of the text as a person reads it.
    hash: u64,
}

impl Said {
    pub fn new(recipient: &str, text: &str) -> Said {
        let mut hasher = DefaultHasher::new();
        (recipient, text).hash(&mut hasher);
        Said { hash: hasher.finish() }
    }
}
