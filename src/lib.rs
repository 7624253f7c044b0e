//! A Wireshark dissector plugin for workerman-chat.
//!
//! Bytes flow one way: from Wireshark's buffers through the pure decoders ([`message`], [`websocket`]) into the [`session`],
//! which remembers what the packets taught; what is to be shown comes out as plain [`annotation`] lists, and only the module
//! `epan` and the C beside it (`plugin/glue/`) draw them. Everything but `epan` is free of `unsafe`, of I/O and of Wireshark,
//! and builds with `--no-default-features` where no Wireshark is installed.

pub mod annotation;
pub mod dissector;
pub mod event;
pub mod failpoint;
pub mod fields;
mod framing;
pub mod heartbeat;
pub mod language;
mod matching;
pub mod message;
pub mod one_or_many;
pub mod packet;
pub mod session;
mod storage;
pub mod tcp;
mod times;
mod upgrade;
pub mod views;
pub mod websocket;

#[cfg(feature = "plugin")]
#[expect(unsafe_code, reason = "C calls it, and it calls C")]
mod epan;
