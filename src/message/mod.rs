//! The chat's messages: what a WebSocket message says in any of the three dialects, with the bytes that say it. One message
//! at a time, without memory of others: who a client id is, or which login a login answers, is the session's business.
//!
//! [`read`] parses the bytes into a [`Document`], which does not depend on the sender; [`Message::of`] interprets it as sent by one
//! side. A message borrows everything from its document.
//!
//! ```
//! use workermanchat::message::{MemberName, Message, To, read};
//! use workermanchat::packet::Side;
//!
//! let document = read(br#"{"type":"say","to_client_id":"all","content":"hi"}"#);
//! let message = Message::of(&document, Side::Client, false);
//! assert_eq!(message.to(), Some(To::All));
//! let content = message.get(MemberName::Content).expect("a say has a content");
//! assert_eq!((content.text, content.span), ("hi", 45..49));
//! ```

pub mod bounded;
pub mod gateway;
pub mod json;
pub mod own;
pub mod text;
pub mod time;

mod content;
mod dialect;
mod list;
mod opaque;
mod php;
mod readable;
mod reading;
mod table;
#[cfg(test)]
mod tests;

pub use content::{Addressee, Announcement, Content, MAX_TEXT, Said, SayCopy, SayDelivery, Unknown, Users};
pub use dialect::Evidence;
pub use list::{ClientList, User};
pub use opaque::Opaque;
pub use own::Document;
pub use readable::{Line, Part, Readable};
pub use reading::{JsonType, LIMITS, MemberText, Message, To, may_prove_chat, read, read_with, type_names};
pub use table::{Dialect, MemberName};
