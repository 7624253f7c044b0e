//! What a say and its deliveries have in common, and what distinguishes the copies of one say.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;

use crate::message::text::{PrivateCopy, private_copy};

/// Which copy of a say a delivery is. The server marks the two copies of a private say in their content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SayCopy {
    /// Of a public say: one per member of the room, the sender included.
    Public,
    /// Of a private say: the recipient's, whose content begins `<b>对你说: </b>`.
    ToRecipient,
    /// Of a private say: the sender's own, whose content begins `<b>你对NAME说: </b>`.
    ToSender,
}

impl SayCopy {
    /// Which copy a delivery with this content is; the content is as on the wire, JSON-decoded.
    pub fn of(content: &str) -> SayCopy {
        match private_copy(content) {
            Some((PrivateCopy::Recipient, _)) => SayCopy::ToRecipient,
            Some((PrivateCopy::Sender, _)) => SayCopy::ToSender,
            None => SayCopy::Public,
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
    /// From the recipient's id, or `all`, and the text as a person reads it ([`crate::message::text::readable`]). The hasher is the
    /// session's: seeded in each process, so that no capture can hold two texts made to be alike.
    pub fn new(recipient: &str, text: &str, hasher: &DefaultHashBuilder) -> Said {
        Said { hash: hasher.hash_one((recipient, text)) }
    }

    /// One of `count` places, for a table.
    pub fn place(self, count: usize) -> usize {
        (self.hash >> 32) as usize % count
    }
}
