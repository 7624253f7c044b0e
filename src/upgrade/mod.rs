//! The opening handshake of one connection (RFC 6455, section 4), as far as its HTTP was captured. It returns what HTTP bytes are in the
//! handshake and knows nothing of segments.

pub mod stored;

use std::sync::Arc;

use crate::failpoint::failpoint;
use crate::message::bounded::bounded_value;
use crate::packet::{Both, Frame, FrameTime};
use crate::upgrade::stored::Handshake;
use crate::websocket::handshake::{self, Http};

/// What a connection's HTTP has shown so far.
#[derive(Debug, Default)]
pub struct Upgrade {
    /// Until it is answered.
    asked: Option<Box<Asked>>,
    /// The frame of the response that agrees to an upgrade.
    upgraded: Option<Frame>,
    /// A request on a connection that had ended before the server answered, and that had segments since.
    cut_off: Option<Frame>,
    /// Wireshark's HTTP dissector saw the whole response too, and hands the connection over by itself.
    handed_over: bool,
}

#[derive(Debug)]
struct Asked {
    at: FrameTime,
    key: Option<Arc<str>>,
    /// Whether the request was captured far enough to see that it asks for an upgrade.
    whole: bool,
    asks_for_subprotocol: bool,
    /// The server has sent something since.
    is_heard: bool,
}

/// What HTTP bytes are in the handshake.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// Nothing new.
    None,
    /// HTTP that is no handshake.
    Foreign,
    /// The upgrade request.
    Request(Handshake),
    /// A request of which too little was captured to tell.
    CutRequest,
    /// The response to a request.
    Response(Response),
}

/// A response to an upgrade request.
#[derive(Debug, PartialEq)]
pub struct Response {
    /// Its header fields, and what its request requires of them.
    pub handshake: Handshake,
    /// The key of its request.
    pub key: Option<Arc<str>>,
    /// Bytes of the header section, where all of it was captured.
    pub length: Option<usize>,
    /// The request turns out to have been an upgrade request only now.
    pub reveals_request: bool,
    /// Which side compresses each message without those before it.
    pub resets_window: Both<bool>,
}

impl Upgrade {
    /// Whether an upgrade was asked for or agreed to.
    pub fn has_begun(&self) -> bool {
        self.is_upgraded() || self.asked.is_some()
    }

    /// The frame of a request of which too little was captured to tell whether it asks for an upgrade, until it is answered.
    pub fn cut_request_in(&self) -> Option<Frame> {
        self.asked.as_ref().filter(|asked| !asked.whole).map(|asked| asked.at.frame)
    }

    /// The frame of a request of which all is known, if the server has sent nothing since.
    pub fn unheard_request_in(&self) -> Option<Frame> {
        self.asked.as_ref().filter(|asked| asked.whole && !asked.is_heard).map(|asked| asked.at.frame)
    }

    /// Takes note that the connection had ended before the server answered this request, whatever is captured now.
    pub fn cut_off(&mut self, request: Frame) {
        self.cut_off.get_or_insert(request);
    }

    /// Whether the connection had ended before the server answered this request, and had segments since.
    pub fn was_cut_off(&self, request: Frame) -> bool {
        self.cut_off == Some(request)
    }

    /// Takes note that the server has sent something that does not end the request's wait.
    pub fn hear(&mut self) {
        self.asked.iter_mut().for_each(|asked| asked.is_heard = true);
    }

    fn is_upgraded(&self) -> bool {
        self.upgraded.is_some()
    }

    /// The frame of the response that agrees to an upgrade.
    pub fn upgraded_in(&self) -> Option<Frame> {
        self.upgraded
    }

    /// Whether the connection is WebSocket's, and HTTP has said so.
    pub fn is_handed_over(&self) -> bool {
        self.handed_over
    }

    /// Reads HTTP that ends in the frame of `at`; `cut`: the capture holds only its beginning; `is_in_flight`: whether the server has not
    /// acknowledged the request in a frame, so that it answers an earlier one.
    pub fn read(&mut self, at: FrameTime, bytes: &[u8], cut: bool, is_in_flight: impl Fn(Frame) -> bool) -> Step {
        failpoint!("session::upgrade");
        if self.is_upgraded() {
            return Step::None;
        }
        if bytes.starts_with(b"GET ") {
            return match handshake::request(bytes) {
                Http::Complete(request) => self.request(at, request),
                Http::Partial if cut => self.cut_request(at),
                Http::Partial => Step::None,
                Http::Other => Step::Foreign,
            };
        }
        if bytes.starts_with(b"HTTP/1.") {
            return match handshake::response(bytes) {
                Http::Complete(response) if response.upgrade || !self.is_asked(is_in_flight) => {
                    self.response(at, response)
                }
                Http::Partial if cut && bytes.starts_with(b"HTTP/1.1 101") => self.cut_response(at),
                Http::Complete(_) | Http::Partial | Http::Other => Step::None,
            };
        }
        Step::None
    }

    fn is_asked(&self, is_in: impl Fn(Frame) -> bool) -> bool {
        self.asked.as_ref().is_some_and(|asked| is_in(asked.at.frame))
    }

    fn request(&mut self, at: FrameTime, request: handshake::Request) -> Step {
        let key = request.key.as_deref().map(bounded_value);
        if self.asked.as_ref().is_some_and(|asked| asked.whole && asked.key == key) {
            return Step::None; // reassembled, or sent again
        }
        let asks_for_subprotocol = request.asks_for_subprotocol;
        self.asked = Some(Box::new(Asked { at, key: key.clone(), whole: true, asks_for_subprotocol, is_heard: false }));
        let (origin, missing) = (request.origin.as_deref().map(bounded_value), request.missing);
        Step::Request(Handshake { key, origin, missing, ..Handshake::default() })
    }

    fn cut_request(&mut self, at: FrameTime) -> Step {
        if self.asked.is_some() {
            return Step::None; // sent again
        }
        self.asked =
            Some(Box::new(Asked { at, key: None, whole: false, asks_for_subprotocol: false, is_heard: false }));
        Step::CutRequest
    }

    fn response(&mut self, at: FrameTime, response: handshake::Response) -> Step {
        let interim = (100..200).contains(&response.status) && !response.upgrade;
        let asked_for = self.asked.as_ref().is_some_and(|asked| asked.whole);
        if interim || !(asked_for || response.upgrade) {
            return Step::None;
        }
        self.upgraded = response.upgrade.then_some(at.frame);
        self.handed_over = response.upgrade;
        let asked = self.asked.take();
        let key = asked.as_ref().and_then(|asked| asked.key.as_deref());
        let handshake = Handshake {
            accept: response.accept.as_deref().map(bounded_value),
            accept_expected: key.map(|key| Arc::from(handshake::accept(key))),
            request: asked.as_ref().map(|asked| asked.at),
            refused: (!response.upgrade).then_some(response.status),
            lacks_subprotocol: response.upgrade
                && !response.grants_subprotocol
                && asked.as_ref().is_some_and(|asked| asked.asks_for_subprotocol),
            ..Handshake::default()
        };
        let reveals_request = asked.as_ref().is_some_and(|asked| !asked.whole);
        let key = asked.and_then(|asked| asked.key);
        let (length, resets_window) = (Some(response.length), response.resets_window);
        Step::Response(Response { handshake, key, length, reveals_request, resets_window })
    }

    fn cut_response(&mut self, at: FrameTime) -> Step {
        self.upgraded = Some(at.frame);
        let asked = self.asked.take();
        let handshake = Handshake { request: asked.as_ref().map(|asked| asked.at), ..Handshake::default() };
        let reveals_request = asked.is_some_and(|asked| !asked.whole);
        let key = None; // nothing is compared with it
        Step::Response(Response { handshake, key, length: None, reveals_request, resets_window: Both::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    fn at(frame: u32) -> FrameTime {
        FrameTime { frame: Frame::of(frame), time: i64::from(frame) }
    }

    fn response(step: Step) -> Response {
        let Step::Response(response) = step else { panic!("no response: {step:?}") };
        response
    }

    #[test]
    fn a_response_is_checked_against_the_key_of_its_request() {
        let mut upgrade = Upgrade::default();
        assert!(matches!(upgrade.read(at(4), REQUEST, false, |_| false), Step::Request(_)));
        assert_eq!(upgrade.read(at(4), REQUEST, false, |_| false), Step::None, "the same request, reassembled");
        assert_eq!(upgrade.read(at(5), REQUEST, false, |_| false), Step::None, "the same request, sent again");
        let response = response(upgrade.read(at(6), RESPONSE, false, |_| false));
        assert_eq!(response.handshake.accept_valid(), Some(true)); // the example of RFC 6455, section 1.3
        assert_eq!(response.handshake.request, Some(at(4)));
        assert!(upgrade.is_handed_over());
    }

    #[test]
    fn a_cut_request_is_known_by_its_response() {
        let mut upgrade = Upgrade::default();
        assert_eq!(upgrade.read(at(4), &REQUEST[..20], true, |_| false), Step::CutRequest);
        assert_eq!(upgrade.cut_request_in(), Some(Frame::of(4)));
        let response = response(upgrade.read(at(6), &RESPONSE[..24], true, |_| false));
        assert!(response.reveals_request);
        assert_eq!(upgrade.cut_request_in(), None);
        assert_eq!(response.handshake.accept_valid(), None);
        assert!(!upgrade.is_handed_over());
    }

    #[test]
    fn a_request_in_pieces_is_not_one_that_was_cut() {
        let mut upgrade = Upgrade::default();
        assert_eq!(upgrade.read(at(4), &REQUEST[..20], false, |_| false), Step::None);
        assert!(!upgrade.has_begun());
    }

    #[test]
    fn http_without_upgrade_is_foreign_and_its_answer_nothing() {
        let mut upgrade = Upgrade::default();
        assert_eq!(upgrade.read(at(4), b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", false, |_| false), Step::Foreign);
        assert_eq!(upgrade.read(at(5), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, |_| false), Step::None);
    }

    #[test]
    fn a_request_that_the_server_has_not_acknowledged_is_not_refused() {
        let mut upgrade = Upgrade::default();
        let tunnel = b"HTTP/1.1 200 Connection established\r\n\r\n";
        assert!(matches!(upgrade.read(at(4), REQUEST, false, |_| true), Step::Request(_)));
        assert_eq!(
            upgrade.read(at(5), tunnel, false, |frame| frame == Frame::of(4)),
            Step::None,
            "to the CONNECT before"
        );
        let response = response(upgrade.read(at(6), tunnel, false, |_| false));
        assert_eq!(response.handshake.refused, Some(200));
    }
}
