//! The opening handshake (RFC 6455 section 4): the client's upgrade request, the server's response, and the value that
//! proves that the server understood. HTTP that is no upgrade is left to others.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use httparse::{EMPTY_HEADER, Error, Header, Status};
use sha1::{Digest, Sha1};

/// More header fields than this are not read: such a message is [`Http::Other`].
const MAX_HEADERS: usize = 256;

/// A header section longer than this many bytes is no handshake.
const MAX_LENGTH: usize = 64 * 1024;

/// RFC 6455 section 1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What bytes are when they are read as the start of an HTTP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Http<T> {
    Complete(T),
    /// The header section may go on in bytes not seen yet.
    Partial,
    /// Not HTTP, or HTTP that is not what was asked for.
    Other,
}

impl<T> Http<T> {
    pub fn complete(self) -> Option<T> {
        match self {
            Http::Complete(message) => Some(message),
            Http::Partial | Http::Other => None,
        }
    }
}

/// An upgrade request. The values are valid UTF-8 without NUL: other bytes are U+FFFD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `Sec-WebSocket-Key`
    pub key: Option<String>,
    pub origin: Option<String>,
    pub host: Option<String>,
    /// The request target: a path, and a query where there is one.
    pub path: String,
    /// `Sec-WebSocket-Protocol`, in the client's order of preference.
    pub protocols: Vec<String>,
    /// Bytes of the header section, the empty line included.
    pub length: usize,
}

/// The response to an upgrade request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// `Sec-WebSocket-Accept`
    pub accept: Option<String>,
    /// The subprotocol that the server chose.
    pub protocol: Option<String>,
    /// Whether it is a 101 that switches to WebSocket; if not, the server refused.
    pub upgrade: bool,
    /// Bytes of the header section, the empty line included.
    pub length: usize,
}

/// Reads an upgrade request: `GET`, HTTP/1.1, `Upgrade: websocket`, `Connection: Upgrade` (RFC 6455 section 4.2.1).
pub fn request(bytes: &[u8]) -> Http<Request> {
    with_headers(bytes, |headers| {
        let mut parsed = httparse::Request::new(headers);
        let status = parsed.parse(bytes)?;
        if parsed.method.is_some_and(|method| method != "GET") || parsed.version == Some(0) {
            return Ok(Http::Other);
        }
        Ok(match status {
            Status::Partial => Http::Partial,
            Status::Complete(length) => upgrade_request(parsed.path.unwrap_or_default(), parsed.headers, length),
        })
    })
}

/// Reads any HTTP/1 response, that of a server which refuses included.
pub fn response(bytes: &[u8]) -> Http<Response> {
    with_headers(bytes, |headers| {
        let mut parsed = httparse::Response::new(headers);
        Ok(match parsed.parse(bytes)? {
            Status::Partial => Http::Partial,
            Status::Complete(length) => {
                let status = parsed.code.unwrap_or_default();
                Http::Complete(Response {
                    status,
                    accept: value(parsed.headers, "Sec-WebSocket-Accept"),
                    protocol: value(parsed.headers, "Sec-WebSocket-Protocol"),
                    upgrade: status == 101 && has_token(parsed.headers, "Upgrade", "websocket"),
                    length,
                })
            }
        })
    })
}

/// The `Sec-WebSocket-Accept` that belongs to a `Sec-WebSocket-Key` (RFC 6455 section 4.2.2, step 5.4).
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
        Ok(Http::Partial) | Err(_) if bytes.len() > MAX_LENGTH => Http::Other,
        Ok(http) => http,
        Err(_) => Http::Other,
    }
}

fn upgrade_request(path: &str, headers: &[Header], length: usize) -> Http<Request> {
    if !has_token(headers, "Upgrade", "websocket") || !has_token(headers, "Connection", "upgrade") {
        return Http::Other;
    }
    Http::Complete(Request {
        key: value(headers, "Sec-WebSocket-Key"),
        origin: value(headers, "Origin"),
        host: value(headers, "Host"),
        path: clean(path.as_bytes()),
        protocols: tokens(headers, "Sec-WebSocket-Protocol").collect(),
        length,
    })
}

/// All values of a header field that may be sent as several fields.
fn values<'h>(headers: &'h [Header], name: &'h str) -> impl Iterator<Item = String> + 'h {
    headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|header| clean(header.value))
}

fn value(headers: &[Header], name: &str) -> Option<String> {
    values(headers, name).next()
}

/// The members of a comma-separated list, whichever fields it is spread over.
fn tokens<'h>(headers: &'h [Header], name: &'h str) -> impl Iterator<Item = String> + 'h {
    values(headers, name)
        .flat_map(|value| value.split(',').map(|token| token.trim().to_owned()).collect::<Vec<_>>())
        .filter(|token| !token.is_empty())
}

fn has_token(headers: &[Header], name: &str, token: &str) -> bool {
    tokens(headers, name).any(|candidate| candidate.eq_ignore_ascii_case(token))
}

fn clean(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim().replace('\0', "\u{fffd}")
}
