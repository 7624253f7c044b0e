//! Upgrade requests and responses (RFC 6455, section 4), as they are shown and as they are kept.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::packet::{Frame, FrameTime};
use crate::storage::texts::{TextId, Texts};
use crate::websocket::handshake::{Missing, accept};

/// An upgrade request or response.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Handshake {
    /// `Sec-WebSocket-Key`, of a request.
    pub key: Option<Arc<str>>,
    /// `Origin`, of a request.
    pub origin: Option<Arc<str>>,
    /// What a request lacks.
    pub missing: Missing,
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
    /// On a 101: its request asks for a subprotocol, and it names none.
    pub lacks_subprotocol: bool,
}

impl Handshake {
    /// Whether something is to be said about it: it was refused, or answered with a wrong accept value or without a subprotocol, or the request
    /// lacks something.
    pub fn is_faulty(&self) -> bool {
        let is_refused = self.refused.is_some() || self.accept_valid() == Some(false) || self.lacks_subprotocol;
        is_refused || self.missing.is_any()
    }

    /// Whether the accept value answers the key; `None` where either was not captured.
    pub fn accept_valid(&self) -> Option<bool> {
        let expected = self.accept_expected.as_ref()?;
        Some(self.accept.as_ref() == Some(expected))
    }
}

/// A handshake as it is kept: 48 bytes. What follows from the key is made again when it is looked at.
#[derive(Debug)]
pub struct StoredHandshake {
    /// The frame that carries it.
    pub frame: Frame,
    of: Stored,
}

#[derive(Debug)]
enum Stored {
    Request {
        key: Option<Key>,
        origin: u32,
        missing: Missing,
        /// The response's frame.
        response: Option<Frame>,
    },
    Response {
        /// See [`REFUSED`] and what follows it.
        bits: u8,
        status: u16,
        /// The request's frame.
        request: Option<Frame>,
        /// When the request was captured.
        time: i64,
        /// The accept value, where it does not answer the key.
        accept: Option<Box<Value>>,
        /// Its request's key, where the request is not kept.
        key: Option<Box<Key>>,
    },
}

/// A response with a status that is no 101.
const REFUSED: u8 = 1;
/// Its request had a key.
const HAS_KEY: u8 = 2;
/// The accept value answers the key.
const ANSWERS: u8 = 4;
/// It lacks a subprotocol.
const LACKS_SUBPROTOCOL: u8 = 8;

#[derive(Debug)]
struct Value {
    text: Box<str>,
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
        let key = request.key.as_deref().map(Key::of);
        let origin = TextId::pack(request.origin.as_deref().map(|origin| texts.intern(origin)));
        let (missing, response) = (request.missing, request.response);
        StoredHandshake { frame, of: Stored::Request { key, origin, missing, response } }
    }

    /// Of a response in this frame, to a request with this key; `asked` is what is kept in the request's frame.
    pub fn of_response(
        frame: Frame,
        response: &Handshake,
        key: Option<&str>,
        asked: Option<&StoredHandshake>,
    ) -> StoredHandshake {
        let answers = response.accept_valid() == Some(true);
        let accept = response.accept.as_deref().filter(|_| !answers);
        let flags = [
            (REFUSED, response.refused.is_some()),
            (HAS_KEY, key.is_some()),
            (ANSWERS, answers),
            (LACKS_SUBPROTOCOL, response.lacks_subprotocol),
        ];
        let bits = flags.into_iter().filter(|(_, is_set)| *is_set).fold(0, |bits, (bit, _)| bits | bit);
        let key = key.map(Key::of);
        let is_kept = asked.is_some_and(|asked| asked.frame != frame && asked.request_key() == key.as_ref());
        let of = Stored::Response {
            bits,
            status: response.refused.unwrap_or_default(),
            request: response.request.map(|request| request.frame),
            time: response.request.map_or(0, |request| request.time),
            accept: accept.map(|text| Box::new(Value { text: text.into() })),
            key: key.filter(|_| !is_kept).map(Box::new),
        };
        StoredHandshake { frame, of }
    }

    /// The response to this request is in this frame.
    pub fn answered(&mut self, frame: Frame) {
        if let Stored::Request { response, .. } = &mut self.of {
            *response = Some(frame);
        }
    }

    /// Of a response: the request's frame, where that was captured.
    pub fn request(&self) -> Option<Frame> {
        match self.of {
            Stored::Request { .. } => None,
            Stored::Response { request, .. } => request,
        }
    }

    fn request_key(&self) -> Option<&Key> {
        match &self.of {
            Stored::Request { key, .. } => key.as_ref(),
            Stored::Response { .. } => None,
        }
    }

    /// See [`Handshake::is_faulty`].
    pub fn is_faulty(&self) -> bool {
        match self.of {
            Stored::Request { missing, .. } => missing.is_any(),
            Stored::Response { bits, .. } => {
                bits & (REFUSED | LACKS_SUBPROTOCOL) != 0 || bits & (HAS_KEY | ANSWERS) == HAS_KEY
            }
        }
    }

    /// As it was; `asked` is what is kept in the request's frame.
    pub fn handshake(&self, asked: Option<&StoredHandshake>, texts: &Texts) -> Handshake {
        match &self.of {
            Stored::Request { key, origin, missing, response } => Handshake {
                key: key.as_ref().map(Key::text),
                origin: TextId::unpack(*origin).map(|origin| Arc::from(texts.get(origin))),
                missing: *missing,
                response: *response,
                ..Handshake::default()
            },
            Stored::Response { bits, status, request, time, accept: given, key } => {
                let [has_key, answers, is_refused] = [HAS_KEY, ANSWERS, REFUSED].map(|bit| bits & bit != 0);
                let key = key.as_deref().or_else(|| asked?.request_key()).filter(|_| has_key);
                let accept_expected: Option<Arc<str>> = key.map(|key| accept(&key.text()).into());
                let given = given.as_ref().map(|value| Arc::from(&*value.text));
                Handshake {
                    accept: if answers { accept_expected.clone() } else { given },
                    accept_expected,
                    request: request.map(|frame| FrameTime { frame, time: *time }),
                    refused: is_refused.then_some(*status),
                    lacks_subprotocol: bits & LACKS_SUBPROTOCOL != 0,
                    ..Handshake::default()
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_handshake_is_the_handshake() {
        let mut texts = Texts::default();
        // Of 16 bytes, of 15, with a bit too many, and none at all.
        for key in ["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZR==", "", " x "] {
            let request = Handshake { key: Some(key.into()), origin: Some("http://a".into()), ..Handshake::default() };
            let asked = StoredHandshake::of_request(Frame::of(4), &request, &mut texts);
            assert_eq!(asked.handshake(None, &texts), request);
            for accepted in [None, Some("wrong".into()), Some(Arc::from(accept(key)))] {
                for refused in [None, Some(0), Some(403)] {
                    let response = Handshake {
                        accept: accepted.clone(),
                        accept_expected: Some(Arc::from(accept(key))),
                        request: Some(FrameTime { frame: Frame::of(4), time: -1 }),
                        refused,
                        lacks_subprotocol: refused == Some(0),
                        ..Handshake::default()
                    };
                    for asked in [Some(&asked), None] {
                        let stored = StoredHandshake::of_response(Frame::of(6), &response, Some(key), asked);
                        assert_eq!(stored.handshake(asked, &texts), response);
                        assert_eq!(stored.is_faulty(), response.is_faulty());
                    }
                }
            }
        }
        let asked = Handshake { key: Some("key".into()), ..Handshake::default() };
        let asked = StoredHandshake::of_request(Frame::of(4), &asked, &mut texts);
        let cut = Handshake { request: Some(FrameTime { frame: Frame::of(4), time: 7 }), ..Handshake::default() };
        let stored = StoredHandshake::of_response(Frame::of(6), &cut, None, Some(&asked));
        assert_eq!(stored.handshake(Some(&asked), &texts), cut, "nothing is compared with the key");
        assert_eq!(size_of::<StoredHandshake>(), 48);
    }
}
