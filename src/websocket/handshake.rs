//! The opening handshake (RFC 6455, section 4): the client's upgrade request, the server's response, and the accept value that
//! proves that the server received the request. HTTP other than this is not read.

use crate::failpoint::failpoint;
use crate::packet::Both;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use httparse::{EMPTY_HEADER, Error, Header, Status};
use sha1::{Digest, Sha1};

/// The most header fields that are read: a message with more is [`Http::Other`].
const MAX_HEADERS: usize = 256;

/// The longest header section of a handshake, in bytes.
const MAX_LENGTH: usize = 64 * 1024;

/// The constant that is appended to the key before it is hashed (RFC 6455, section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The result of reading bytes as the start of an HTTP/1.1 message (RFC 9112).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Http<T> {
    /// The whole header section.
    Complete(T),
    /// The bytes end within the header section.
    Partial,
    /// Not HTTP, HTTP of another kind than the function reads, or a header section over the limits: 64 KiB, 256 fields.
    Other,
}

impl<T> Http<T> {
    /// The message, where its header section is whole.
    pub fn complete(self) -> Option<T> {
        match self {
            Http::Complete(message) => Some(message),
            Http::Partial | Http::Other => None,
        }
    }
}

/// The header section of an HTTP/1.1 request or response that begins here, with the blank line behind it; where `is_cut`, as far as it was
/// captured. `None` where there is none, or where the rest follows elsewhere.
///
/// ```
/// use workermanchat::websocket::handshake::header_section;
///
/// assert_eq!(header_section(b"GET / HTTP/1.1\r\n\r\n\x81\x80", false), Some(&b"GET / HTTP/1.1\r\n\r\n"[..]));
/// assert_eq!(header_section(b"GET / HTTP/1.1\r\nHost", false), None);
/// assert_eq!(header_section(b"GET / HTTP/1.1\r\nHost", true), Some(&b"GET / HTTP/1.1\r\nHost"[..]));
/// ```
pub fn header_section(bytes: &[u8], is_cut: bool) -> Option<&[u8]> {
    const END: &[u8] = b"\r\n\r\n";
    let begins = bytes.starts_with(b"GET ") || bytes.starts_with(b"HTTP/1.");
    let start = &bytes[..bytes.len().min(MAX_LENGTH)];
    match memchr::memmem::find(start, END).filter(|_| begins) {
        Some(end) => Some(&start[..end + END.len()]),
        None => (begins && is_cut).then_some(start),
    }
}

/// An upgrade request. The values are valid UTF-8 without NUL: other bytes are U+FFFD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The value of `Sec-WebSocket-Key`: 16 bytes in base64, if the client follows RFC 6455, section 4.1.
    pub key: Option<String>,
    /// The value of `Origin`, which browsers send (RFC 6454, section 7): scheme, host and port of the page.
    pub origin: Option<String>,
    /// Whether it asks for one of some subprotocols (section 1.9).
    pub asks_for_subprotocol: bool,
    /// The parts of an upgrade request that it lacks.
    pub missing: Missing,
}

/// The parts that RFC 6455, section 4.1, demands of an upgrade request and that one lacks. Some servers answer such a request nevertheless; a proxy
/// makes it, which takes the header fields of the upgrade as those of its own connection (RFC 9110, section 7.6.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Missing(u8);

impl Missing {
    /// The parts, each with a bit.
    const PARTS: [&str; 3] = ["Upgrade: websocket", "Connection: Upgrade", "HTTP/1.1"];

    /// The parts that a request with these header fields and this minor version of HTTP/1 lacks.
    fn of(headers: &[Header], version: Option<u8>) -> Missing {
        let found = [
            has_token(headers, "Upgrade", "websocket"),
            has_token(headers, "Connection", "upgrade"),
            version != Some(0),
        ];
        Missing((0..).zip(found).map(|(bit, found)| u8::from(!found) << bit).sum())
    }

    /// Whether it lacks anything.
    pub fn is_any(self) -> bool {
        self.0 != 0
    }

    /// The parts that it lacks, as they would stand in the request.
    pub fn parts(self) -> impl Iterator<Item = &'static str> {
        (0..).zip(Missing::PARTS).filter(move |(bit, _)| self.0 & 1 << bit != 0).map(|(_, part)| part)
    }
}

/// The response to an upgrade request. Values are as in [`Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status code.
    pub status: u16,
    /// The value of `Sec-WebSocket-Accept`; see [`accept`].
    pub accept: Option<String>,
    /// Whether it names a subprotocol.
    pub grants_subprotocol: bool,
    /// Whether it is a 101 that switches to WebSocket. Any other final response refuses the handshake.
    pub upgrade: bool,
    /// The length of the header section in bytes, its empty line included; WebSocket frames follow.
    pub length: usize,
    /// Which side compresses each message without those before it (RFC 7692, section 7.1.1).
    pub resets_window: Both<bool>,
}

/// Reads an upgrade request: `GET`, HTTP/1.1, `Upgrade: websocket`, `Connection: Upgrade` (RFC 6455, section 4.2.1). `Sec-WebSocket-Key`,
/// which no other request has, makes it one although these are missing.
///
/// ```
/// use workermanchat::websocket::handshake::{Http, request};
///
/// let bytes = b"GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// let upgrade = request(bytes).complete().expect("an upgrade request");
/// assert_eq!(upgrade.key.as_deref(), Some("dGhlIHNhbXBsZSBub25jZQ=="));
/// assert!(!upgrade.missing.is_any());
///
/// assert_eq!(request(&bytes[..20]), Http::Partial);
/// assert_eq!(request(b"GET / HTTP/1.1\r\n\r\n"), Http::Other);
/// ```
pub fn request(bytes: &[u8]) -> Http<Request> {
    failpoint!("websocket::request");
    with_headers(bytes, |headers| {
        let mut parsed = httparse::Request::new(headers);
        let status = parsed.parse(bytes)?;
        if parsed.method.is_some_and(|method| method != "GET") {
            return Ok(Http::Other);
        }
        Ok(match status {
            Status::Partial => Http::Partial,
            Status::Complete(_) => upgrade_request(parsed.headers, parsed.version),
        })
    })
}

/// Reads any HTTP/1 response, also one that refuses the handshake.
///
/// ```
/// use workermanchat::websocket::handshake::response;
///
/// let refusal = response(b"HTTP/1.1 403 Forbidden\r\n\r\n").complete().expect("a response");
/// assert_eq!((refusal.status, refusal.upgrade), (403, false));
/// ```
pub fn response(bytes: &[u8]) -> Http<Response> {
    failpoint!("websocket::response");
    with_headers(bytes, |headers| {
        let mut parsed = httparse::Response::new(headers);
        Ok(match parsed.parse(bytes)? {
            Status::Partial => Http::Partial,
            Status::Complete(length) => {
                let status = parsed.code.unwrap_or_default();
                Http::Complete(Response {
                    status,
                    accept: value(parsed.headers, "Sec-WebSocket-Accept"),
                    grants_subprotocol: names_subprotocol(parsed.headers),
                    upgrade: status == 101 && has_token(parsed.headers, "Upgrade", "websocket"),
                    length,
                    resets_window: Both {
                        client: extends(parsed.headers, "client_no_context_takeover"),
                        server: extends(parsed.headers, "server_no_context_takeover"),
                    },
                })
            }
        })
    })
}

/// The `Sec-WebSocket-Accept` that belongs to a `Sec-WebSocket-Key` (RFC 6455, section 4.2.2, step 5.4): the SHA-1 digest of the
/// key and a constant, in base64. The key is not checked.
///
/// ```
/// use workermanchat::websocket::handshake::accept;
///
/// assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); // the standard's example
/// ```
pub fn accept(key: &str) -> String {
    let digest = Sha1::new().chain_update(key.trim()).chain_update(GUID).finalize();
    STANDARD.encode(digest)
}

/// Calls `read` with room for some header fields and, if these were too few, once more with room for many.
fn with_headers<'b, T>(bytes: &'b [u8], read: impl Fn(&mut [Header<'b>]) -> Result<Http<T>, Error>) -> Http<T> {
    let mut result = read(&mut [EMPTY_HEADER; 32]);
    if let Err(Error::TooManyHeaders) = result {
        result = read(&mut [EMPTY_HEADER; MAX_HEADERS]);
    }
    match result {
        Ok(Http::Partial) if bytes.len() > MAX_LENGTH => Http::Other,
        Ok(http) => http,
        Err(_) => Http::Other,
    }
}

/// The upgrade request with these header fields and this minor version of HTTP/1; [`Http::Other`] where it is none.
fn upgrade_request(headers: &[Header], version: Option<u8>) -> Http<Request> {
    let (key, missing) = (value(headers, "Sec-WebSocket-Key"), Missing::of(headers, version));
    if key.is_none() && missing.is_any() {
        return Http::Other;
    }
    let (origin, asks_for_subprotocol) = (value(headers, "Origin"), names_subprotocol(headers));
    Http::Complete(Request { key, origin, asks_for_subprotocol, missing })
}

fn names_subprotocol(headers: &[Header]) -> bool {
    tokens(headers, "Sec-WebSocket-Protocol").next().is_some()
}

/// All values of a header field that may be sent as several fields.
fn values<'h>(headers: &'h [Header], name: &'h str) -> impl Iterator<Item = String> + 'h {
    headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|header| clean(header.value))
}

/// Whether an extension has a parameter, as Wireshark looks for it.
fn extends(headers: &[Header], parameter: &str) -> bool {
    values(headers, "Sec-WebSocket-Extensions").any(|value| value.contains(parameter))
}

/// The first value of a header field.
fn value(headers: &[Header], name: &str) -> Option<String> {
    values(headers, name).next()
}

/// The members of a comma-separated list, whichever fields it is spread over.
fn tokens<'h>(headers: &'h [Header], name: &'h str) -> impl Iterator<Item = String> + 'h {
    values(headers, name)
        .flat_map(|value| value.split(',').map(|token| token.trim().to_owned()).collect::<Vec<_>>())
        .filter(|token| !token.is_empty())
}

/// Whether a comma-separated list has this member, in any case.
fn has_token(headers: &[Header], name: &str, token: &str) -> bool {
    tokens(headers, name).any(|candidate| candidate.eq_ignore_ascii_case(token))
}

/// A value as it is shown: without space around it, U+FFFD for NUL and what is not UTF-8.
fn clean(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim().replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REQUEST: &str = "GET /chat?x=1 HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n\
        Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n";
    const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    fn is_upgrade(text: &str) -> bool {
        request(text.as_bytes()).complete().is_some()
    }

    #[test]
    fn the_accept_value_is_that_of_the_standards_example() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(accept(" dGhlIHNhbXBsZSBub25jZQ== "), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_request_is_read() {
        let mut bytes = REQUEST.as_bytes().to_vec();
        bytes.extend(b"\x81\x80abcd");
        let request = request(&bytes).complete().unwrap();
        assert_eq!(request.key.as_deref(), Some("dGhlIHNhbXBsZSBub25jZQ=="));
        assert_eq!(request.origin.as_deref(), Some("http://example.com"));
        assert!(request.asks_for_subprotocol);
    }

    #[test]
    fn a_response_says_whose_messages_are_compressed_each_for_itself() {
        let with = |extensions: &str| {
            let lines = format!("Sec-WebSocket-Accept: x\r\n{extensions}");
            let text = RESPONSE.replace("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", &lines);
            response(text.as_bytes()).complete().unwrap().resets_window
        };
        let (no, yes) = (false, true);
        for (extensions, client, server) in [
            ("", no, no),
            ("Sec-WebSocket-Extensions: permessage-deflate\r\n", no, no),
            ("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n", no, yes),
            ("sec-websocket-extensions: x\r\nSec-WebSocket-Extensions: y;client_no_context_takeover\r\n", yes, no),
        ] {
            assert_eq!(with(extensions), Both { client, server }, "{extensions}");
        }
    }

    #[test]
    fn a_response_is_read() {
        let response = response(RESPONSE.as_bytes()).complete().unwrap();
        assert_eq!((response.status, response.upgrade, response.length), (101, true, RESPONSE.len()));
        assert!(!response.grants_subprotocol);
        assert_eq!(response.accept.as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    }

    #[test]
    fn every_beginning_of_a_handshake_is_partial() {
        for end in 0..REQUEST.len() {
            assert_eq!(request(&REQUEST.as_bytes()[..end]), Http::Partial, "{end}");
        }
        for end in 0..RESPONSE.len() {
            assert_eq!(response(&RESPONSE.as_bytes()[..end]), Http::Partial, "{end}");
        }
    }

    #[test]
    fn tokens_are_found_in_any_case_and_in_lists() {
        assert!(is_upgrade("GET / HTTP/1.1\r\nupgrade: h2c, WebSocket\r\nCONNECTION: keep-alive, UPGRADE\r\n\r\n"));
        assert!(is_upgrade(
            "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: keep-alive\r\nConnection: Upgrade\r\n\r\n"
        ));
    }

    #[test]
    fn a_key_makes_an_upgrade_request_that_lacks_the_rest() {
        for (rest, expected) in [
            ("0\r\nConnection: close", &["Upgrade: websocket", "Connection: Upgrade", "HTTP/1.1"][..]),
            ("1\r\nConnection: Upgrade", &["Upgrade: websocket"]),
            ("1\r\nUpgrade: websocket", &["Connection: Upgrade"]),
            ("1\r\nUpgrade: websocket\r\nConnection: Upgrade", &[]),
        ] {
            let text = format!("GET / HTTP/1.{rest}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
            let request = request(text.as_bytes()).complete().expect("an upgrade request");
            assert_eq!(request.missing.parts().collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn http_that_is_no_upgrade_is_something_else() {
        for text in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
            "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
            "GET / HTTP/1.1\r\nUpgrade: websockets\r\nConnection: Upgrade\r\n\r\n",
            "GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            "POST / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            "POST / HTTP/1.1\r\nUpg",
        ] {
            assert_eq!(request(text.as_bytes()), Http::Other, "{text}");
        }
    }

    #[test]
    fn what_is_no_http_is_something_else() {
        for bytes in [&b"\x16\x03\x01\x02\x00"[..], b"\x81\x05hello", b"{\"type\":\"ping\"}", b"\0"] {
            assert_eq!(request(bytes), Http::Other);
            assert_eq!(response(bytes), Http::Other);
        }
    }

    #[test]
    fn a_refusal_is_a_response_without_upgrade() {
        let refused = response(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").complete().unwrap();
        assert_eq!((refused.status, refused.upgrade, refused.accept), (403, false, None));
        let other = response(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n").complete().unwrap();
        assert!(!other.upgrade);
    }

    #[test]
    fn many_header_fields_are_read_but_not_any_number() {
        assert!(is_upgrade(&with_more_fields(MAX_HEADERS - 2)));
        assert_eq!(request(with_more_fields(MAX_HEADERS).as_bytes()), Http::Other);
    }

    fn with_more_fields(count: usize) -> String {
        let more: String = (0..count).map(|n| format!("X-{n}: y\r\n")).collect();
        format!("GET / HTTP/1.1\r\n{more}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    }

    #[test]
    fn a_header_section_does_not_go_on_for_ever() {
        let endless = format!("GET / HTTP/1.1\r\nX: {}", "y".repeat(MAX_LENGTH));
        assert_eq!(request(endless.as_bytes()), Http::Other);
    }

    #[test]
    fn values_that_are_no_utf_8_become_so() {
        let bytes = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: \xff\xe4\r\n\r\n";
        assert_eq!(request(bytes).complete().unwrap().origin.as_deref(), Some("\u{fffd}\u{fffd}"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            request(&bytes);
            response(&bytes);
        }

        #[test]
        fn a_changed_handshake_is_read_without_panic(at: prop::sample::Index, byte: u8) {
            for text in [REQUEST, RESPONSE] {
                let mut bytes = text.as_bytes().to_vec();
                *at.get_mut(&mut bytes) = byte;
                if let Http::Complete(request) = request(&bytes) {
                    prop_assert!(!request.key.iter().chain(&request.origin).any(|value| value.contains('\0')));
                }
                if let Http::Complete(response) = response(&bytes) {
                    prop_assert!(response.length <= bytes.len());
                }
            }
        }
    }
}
