//! What the first bytes of a connection leave open: whether it may become WebSocket's at all, by itself, through a proxy or encrypted.

use crate::packet::Side;
use crate::websocket::handshake;
use memchr::memmem;

/// A Flash client's request for the policy of a server, which it makes before it connects, and the answer to it: XML with a NUL behind it, on the
/// port to which it will connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// The request.
    Request,
    /// The beginning of the answer.
    File,
}

impl Policy {
    /// What a segment's payload is of it.
    pub fn of(payload: &[u8]) -> Option<Policy> {
        const BEGINNING: usize = 256;
        match payload {
            [b'<', ..] if payload.starts_with(b"<policy-file-request/>") => Some(Policy::Request),
            [b'<', ..] => {
                let beginning = &payload[..payload.len().min(BEGINNING)];
                memmem::find(beginning, b"<cross-domain-policy").map(|_| Policy::File)
            }
            _ => None,
        }
    }

    /// Who sends it.
    pub fn sender(self) -> Side {
        match self {
            Policy::Request => Side::Client,
            Policy::File => Side::Server,
        }
    }
}

/// Whether it is a request to upgrade to WebSocket, as far as it was captured whole.
pub fn is_upgrade(payload: &[u8]) -> bool {
    payload.starts_with(b"GET ") && mentions_upgrade(payload) && handshake::request(payload).complete().is_some()
}

/// Whether `Upgrade` stands somewhere, in whatever case: looked for before a request is parsed.
fn mentions_upgrade(request: &[u8]) -> bool {
    memchr::memchr2_iter(b'p', b'P', request)
        .any(|at| request[at..].get(..6).is_some_and(|name| name.eq_ignore_ascii_case(b"pgrade")))
}

/// Whether a client's first bytes leave it open that this becomes a chat connection: an HTTP request, TLS, a proxy asked for a tunnel, or
/// nothing yet.
pub fn could_lead_to_chat(payload: &[u8]) -> bool {
    [&b"GET "[..], b"CONNECT "].iter().any(|method| method.starts_with(&payload[..payload.len().min(method.len())]))
        || is_tls(payload)
        || is_socks(payload)
}

/// Whether a client asks for a tunnel with SOCKS: version 4's CONNECT, or version 5's greeting, password or CONNECT (RFC 1928, sections 3
/// and 4; RFC 1929, section 2).
fn is_socks(payload: &[u8]) -> bool {
    match payload {
        [5, 1, 0, 1 | 3 | 4, ..] => true,
        [5, count, methods @ ..] => methods.len() == usize::from(*count),
        [1, length, rest @ ..] => {
            let password = rest.get(usize::from(*length)..).and_then(<[u8]>::split_first);
            password.is_some_and(|(length, password)| password.len() == usize::from(*length))
        }
        [4, 1, _, _, _, _, _, _, user @ .., 0] => !user.contains(&0) || payload[4..7] == [0; 3], // version 4a: a name follows
        _ => false,
    }
}

/// Whether the payload begins like a TLS record (RFC 8446, section 5.1), which text does not.
pub fn is_tls(payload: &[u8]) -> bool {
    matches!(payload.first(), Some(0x14..=0x17))
}

/// Whether it begins like a record of TLS's handshake, of any version: without it, keys decrypt nothing.
pub fn is_tls_handshake(payload: &[u8]) -> bool {
    payload.starts_with(&[0x16, 3])
}
