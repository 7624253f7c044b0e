//! What the packets of one capture taught, in the order in which Wireshark first dissected them.
//!
//! Everything here is learned on the first pass and only looked up afterwards, so that every later pass, in any order, shows the same;
//! what later frames add (an answer, a count, a name) is added to the records and changes none of what they hold. The module knows
//! nothing of trees or sentences.
//!
//! A connection has parts that know nothing of each other: [`transport`] (TCP), [`opening`] (the upgrade), [`framing`] (WebSocket frames)
//! and [`application`] (the chat with its user, or something else). [`server`] is what connections to one server have in common.
//!
//! Memory: a record for each frame in which something happens, and only on connections that are, or may yet turn out to be, the
//! chat's. Connections of which nothing is known but their TCP handshake are few (at most [`MAX_UNDECIDED`]); those that turn out to be
//! something else are forgotten. In all, a session holds so much and no more ([`memory`]).

mod alike;
pub mod application;
mod assign;
pub mod bounded;
mod chunks;
pub mod connection;
mod connections;
mod contests;
mod excerpts;
mod exchanges;
mod framing;
mod gaps;
pub mod handshake;
mod in_flight;
mod lacking;
mod learn;
mod limit;
mod lists;
mod logins;
mod mark;
mod matching;
mod memory;
mod opening;
pub mod record;
mod records;
pub mod room;
pub mod say;
mod says;
mod segmented;
pub mod server;
mod servers;
pub mod start;
mod state;
mod statement;
pub mod texts;
pub mod times;
mod tracked;
pub mod transport;
mod view;

#[cfg(test)]
mod tests;

pub use memory::{MAX_BYTES, Reached};
pub use state::{MAX_UNDECIDED, Session};
pub use statement::MAX_TEXT;
pub use view::{
    ConnectionView, DeliveredTo, Ends, FrameView, Members, MessageView, Part, PartOfMessage, Place, SayView, User,
};
