//! WebSocket as RFC 6455 describes it: the two halves of the opening handshake and the header of a frame. Pure functions of
//! bytes; no state, no reassembly, no decompression (Wireshark does these).

pub mod assembly;
pub mod endings;
pub mod first_bytes;
pub mod frame;
pub mod handshake;
pub mod start;
