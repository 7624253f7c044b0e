//! WebSocket (RFC 6455), sending side: handshake and frames, valid or invalid.

use flate2::{Compress, Compression, FlushCompress};
use tungstenite::handshake::derive_accept_key;

/// The key of RFC 6455 §1.3.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub const ORIGIN: &str = "http://chat.example:55151";
const MASKING_KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub const CONTINUATION: u8 = 0;
pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// A frame; `bytes` serialises it without checks, so that it can violate the RFC.
#[derive(Clone)]
pub struct Frame {
    pub fin: bool,
    /// RSV1: the message is compressed (RFC 7692).
    pub rsv1: bool,
    pub opcode: u8,
    pub masking_key: Option<[u8; 4]>,
    /// The bytes that the length takes beside the header's second one, where they are more than needed.
    pub length_bytes: usize,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn new(opcode: u8, payload: impl AsRef<[u8]>) -> Self {
        Self { fin: true, rsv1: false, opcode, masking_key: None, length_bytes: 0, payload: payload.as_ref().to_vec() }
    }

    pub fn masked(mut self) -> Self {
        self.masking_key = Some(MASKING_KEY);
        self
    }

    /// Not the last frame of its message.
    pub fn unfinished(mut self) -> Self {
        self.fin = false;
        self
    }

    pub fn compressed(mut self) -> Self {
        self.rsv1 = true;
        self
    }

    /// With a length in 2 or 8 bytes, although it could be shorter.
    pub fn lengthened(mut self, bytes: usize) -> Self {
        self.length_bytes = bytes;
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mask_bit = if self.masking_key.is_some() { 0x80 } else { 0 };
        let mut bytes = vec![u8::from(self.fin) << 7 | u8::from(self.rsv1) << 6 | self.opcode];
        match self.payload.len() {
            length @ 0..126 if self.length_bytes == 0 => bytes.push(mask_bit | length as u8),
            length @ 0..0x1_0000 if self.length_bytes < 8 => {
                bytes.push(mask_bit | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
            length => {
                bytes.push(mask_bit | 127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        let key = self.masking_key.unwrap_or_default();
        bytes.extend(self.masking_key.iter().flatten());
        bytes.extend(self.payload.iter().zip(key.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }
}

/// A text message as the server sends it.
pub fn text(payload: impl AsRef<[u8]>) -> Vec<u8> {
    Frame::new(TEXT, payload).bytes()
}

/// A text message as a browser sends it.
pub fn masked_text(payload: impl AsRef<[u8]>) -> Vec<u8> {
    Frame::new(TEXT, payload).masked().bytes()
}

/// A browser's handshake request for `path`, with additional header lines (each with CRLF).
pub fn request(path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: chat.example:7272\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: {ORIGIN}\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{more}\r\n"
    )
}

/// The server's 101 response with an accept value and additional header lines.
pub fn response(accept: &str, more: &str) -> String {
    format!(
        "HTTP/1.1 101 Switching Protocol\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    )
}

/// The accept value for [`KEY`], computed by another WebSocket implementation.
pub fn accept() -> String {
    derive_accept_key(KEY.as_bytes())
}

/// permessage-deflate (RFC 7692, section 7.2.1): a raw deflate stream without the four bytes that end a sync flush.
pub fn deflate(stream: &mut Compress, payload: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::with_capacity(payload.len() + 256);
    stream.compress_vec(payload, &mut compressed, FlushCompress::Sync).expect("compress to memory");
    assert!(compressed.ends_with(&[0, 0, 0xff, 0xff]));
    compressed.truncate(compressed.len() - 4);
    compressed
}

/// Nothing that was compressed before.
pub fn new_stream() -> Compress {
    Compress::new(Compression::default(), false)
}
