//! Upgrade requests and responses (RFC 6455, section 4), as they are shown and as they are kept.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::texts::{TextId, Texts};
use crate::packet::{Frame, FrameTime};
use crate::websocket::handshake::accept;

/// An upgrade request or response.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Handshake {
    /// `Sec-WebSocket-Key`, of a request.
    pub key: Option<Arc<str>>,
    /// `Origin`, of a request.
    pub origin: Option<Arc<str>>,
    /// `Sec-WebSocket-Accept`, of a response.
    pub accept: Option<Arc<str>>,
    /// The accept value that the request's key requires.
    pub accept_expected: Option<Arc<str>>,
    /// On a response: the request, where it was captured.
    pub request: Option<FrameTime>,
    /// On a request: the frame of the response.
    pub response: Option<Frame>,
    /// The status code of a response that is no 101.
    pub refused: Option<u16>,
}

impl Handshake {
    /// Whether it failed: refused, or answered with a wrong accept value.
    pub fn is_faulty(&self) -> bool {
        self.refused.is_some() || self.accept_valid() == Some(false)
    }

    /// Whether the accept value answers the key; `None` where either was not captured.
    pub fn accept_valid(&self) -> Option<bool> {
        let expected = self.accept_expected.as_ref()?;
        Some(self.accept.as_ref() == Some(expected))
    }
}

/// A handshake as it is kept: 64 bytes. What follows from the key is made again when it is looked at.
#[derive(Debug)]
pub struct StoredHandshake {
    /// Of a response: when its request was captured.
    request_time: i64,
    /// The frame that carries it.
    pub frame: Frame,
    /// The request's frame, or the response's; 0 for none.
    other: Frame,
    origin: u32,
    status: u16,
    kind: Kind,
    /// Whether the accept value answers the key.
    is_answer: bool,
    /// The request's key, where its response has to answer it.
    key: Option<Key>,
    /// The accept value, where it does not answer the key.
    accept: Option<Box<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Request,
    Response,
    Refusal,
}

/// A `Sec-WebSocket-Key`: 16 random bytes in Base64, as a browser sends it, or any text.
#[derive(Debug, Clone, PartialEq)]
enum Key {
    Bytes([u8; 16]),
    Text(Box<str>),
}

impl Key {
    fn of(text: &str) -> Key {
        let mut bytes = [0; 18]; // what 24 characters may stand for
        match STANDARD.decode_slice(text, &mut bytes) {
            Ok(16) => Key::Bytes(std::array::from_fn(|at| bytes[at])),
            _ => Key::Text(text.into()),
        }
    }

    fn text(&self) -> Arc<str> {
        match self {
            Key::Bytes(bytes) => STANDARD.encode(bytes).into(),
            Key::Text(text) => (**text).into(),
        }
    }
}

impl StoredHandshake {
    /// Of a request in this frame.
    pub fn of_request(frame: Frame, request: &Handshake, texts: &mut Texts) -> StoredHandshake {
        StoredHandshake {
            request_time: 0,
            frame,
            other: request.response.unwrap_or_default(),
            origin: TextId::pack(request.origin.as_deref().map(|origin| texts.intern(origin))),
            status: 0,
            kind: Kind::Request,
            key: request.key.as_deref().map(Key::of),
            accept: None,
            is_answer: false,
        }
    }

    /// Of a response in this frame, to a request with this key.
    pub fn of_response(frame: Frame, response: &Handshake, key: Option<&str>) -> StoredHandshake {
        let is_answer = response.accept_valid() == Some(true);
        StoredHandshake {
            request_time: response.request.map_or(0, |request| request.time),
            frame,
            other: response.request.map_or(Frame::default(), |request| request.frame),
            origin: 0,
            status: response.refused.unwrap_or_default(),
            kind: if response.refused.is_some() { Kind::Refusal } else { Kind::Response },
            key: key.map(Key::of),
            accept: response.accept.as_deref().filter(|_| !is_answer).map(Box::from),
            is_answer,
        }
    }

    /// The response to this request is in this frame.
    pub fn answered(&mut self, frame: Frame) {
        self.other = frame;
    }

    /// Whether it failed; see [`Handshake::is_faulty`].
    pub fn is_faulty(&self) -> bool {
        match self.kind {
            Kind::Request => false,
            Kind::Response => self.key.is_some() && !self.is_answer,
            Kind::Refusal => true,
        }
    }

    /// As it was.
    pub fn handshake(&self, texts: &Texts) -> Handshake {
        let key = self.key.as_ref().map(Key::text);
        let other = Some(self.other).filter(|frame| *frame != Frame::default());
        if self.kind == Kind::Request {
            let origin = TextId::unpack(self.origin).map(|origin| Arc::from(texts.get(origin)));
            return Handshake { key, origin, response: other, ..Handshake::default() };
        }
        let accept_expected = key.map(|key| Arc::from(accept(&key)));
        Handshake {
            accept: if self.is_answer { accept_expected.clone() } else { self.accept.as_deref().map(Arc::from) },
            accept_expected,
            request: other.map(|frame| FrameTime { frame, time: self.request_time }),
            refused: (self.kind == Kind::Refusal).then_some(self.status),
            ..Handshake::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_handshake_is_the_handshake() {
        let mut texts = Texts::default();
        let text = |text: &str| Some(Arc::from(text));
        // Of 16 bytes, of 15, with a bit too many, and none at all.
        for key in ["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZR==", "", " x "] {
            let request = Handshake { key: text(key), origin: text("http://a"), ..Handshake::default() };
            assert_eq!(StoredHandshake::of_request(Frame(4), &request, &mut texts).handshake(&texts), request);
            for accepted in [None, text("wrong"), Some(Arc::from(accept(key)))] {
                for refused in [None, Some(0), Some(403)] {
                    let response = Handshake {
                        accept: accepted.clone(),
                        accept_expected: Some(Arc::from(accept(key))),
                        request: Some(FrameTime { frame: Frame(4), time: -1 }),
                        refused,
                        ..Handshake::default()
                    };
                    let stored = StoredHandshake::of_response(Frame(6), &response, Some(key));
                    assert_eq!(stored.handshake(&texts), response);
                    assert_eq!(stored.is_faulty(), response.is_faulty());
                }
            }
        }
        assert_eq!(size_of::<StoredHandshake>(), 64);
    }
}
