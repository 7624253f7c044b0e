//! What the packets of one capture taught, in the order in which Wireshark first dissected them.
//!
//! Everything here is learned on the first pass and only looked up afterwards, so that every later pass, in any order, shows the same;
//! what later frames add (an answer, a count, a name) is added to the records and changes none of what they hold. The module knows
//! nothing of trees or sentences.
//!
//! `state` is what one capture taught: its connections, each of parts that know nothing of each other (`connection`), the servers, which
//! are what connections have in common (`server`), and what is said (`say`). `learn` adds to it with each message, `view` looks it up, and
//! `limit` says when nothing more is remembered. A record is kept of each message, and of what happens in a frame below (`record`).
//!
//! Memory: a record for each frame in which something happens, and only on connections that are, or may yet turn out to be, the
//! chat's. Connections of which nothing is known but their TCP handshake are few (at most [`MAX_UNDECIDED`]); those that turn out to be
//! something else are forgotten. In all, a session holds so much and no more (`memory`).

#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod connection;
mod ids;
mod incoming;
mod learn;
mod limit;
mod memory;
mod record;
mod say;
mod server;
mod state;
mod view;

#[cfg(test)]
pub(crate) mod tests;

pub use crate::storage::texts::TextId;
pub use crate::times::Moment;
pub use crate::upgrade::stored::Handshake;
pub use ids::ServerNumber;
pub use memory::{MAX_BYTES, Reached};
pub use state::{MAX_UNDECIDED, Session};
pub use view::{
    Cause, ConnectionView, DeliveredTo, Ends, ExchangeStep, FrameView, LeftOut, Members, MessageView, PacketContext,
    PartOfMessage, SayView, User,
};
