//! Payload that is no JSON, and was not meant to be: compressed, encrypted or other binary data, told by how it begins.

/// Bytes that are looked at.
const MAX_LOOKED_AT: usize = 4096;
/// The fewest characters that are taken for Base64 (RFC 4648).
const LEAST_BASE64: usize = 32;

/// What a payload that is no JSON is, as far as its beginning tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opaque {
    /// It begins like zlib's format (RFC 1950).
    Zlib,
    /// It begins like gzip's (RFC 1952).
    Gzip,
    /// Base64 of what begins like the output of `openssl enc`.
    OpenSsl,
    /// Base64.
    Base64,
    /// Bytes that are no text.
    Binary,
}

impl Opaque {
    /// All of them.
    pub const ALL: [Opaque; 5] = [Opaque::Zlib, Opaque::Gzip, Opaque::OpenSsl, Opaque::Base64, Opaque::Binary];

    /// Of a payload; `None` of what may be text, or JSON with a fault.
    pub fn of(payload: &[u8]) -> Option<Opaque> {
        let start = &payload[..payload.len().min(MAX_LOOKED_AT)];
        let is_json = payload.trim_ascii_start().first().is_none_or(|first| b"{[\"".contains(first));
        match start {
            _ if is_json => None,
            [0x1f, 0x8b, ..] => Some(Opaque::Gzip),
            [first, second, ..] if !is_text(start) && is_zlib(*first, *second) => Some(Opaque::Zlib),
            _ if !is_text(start) => Some(Opaque::Binary),
            _ if !is_base64(payload) => None,
            _ if payload.starts_with(b"U2FsdGVkX1") => Some(Opaque::OpenSsl), // "Salted__"
            _ => Some(Opaque::Base64),
        }
    }
}

/// Whether these are zlib's first two bytes: deflate, a window of at most 32 KiB, and a checksum (RFC 1950, section 2.2).
fn is_zlib(first: u8, second: u8) -> bool {
    first & 0x8f == 0x08 && (u16::from(first) << 8 | u16::from(second)) % 31 == 0
}

/// Whether bytes are UTF-8, but for a character that is cut at the end, without control characters but those of lines.
fn is_text(bytes: &[u8]) -> bool {
    let is_utf8 = std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
    is_utf8 && !bytes.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace() && *byte != 0x1b)
}

/// Whether a payload is Base64, in which text of this length nearly always has letters of both cases and digits.
fn is_base64(payload: &[u8]) -> bool {
    let digits = payload.strip_suffix(b"==").or(payload.strip_suffix(b"=")).unwrap_or(payload);
    let has = |is: fn(&u8) -> bool| digits.iter().any(is);
    payload.len() >= LEAST_BASE64
        && payload.len() % 4 == 0
        && digits.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
        && [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit].into_iter().all(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_told_by_its_beginning() {
        for (payload, is) in [
            (&b"x\x9cV*\xa9,HU\xb2RP"[..], Some(Opaque::Zlib)),
            (b"\x1f\x8b\x08\0\0\0\0\0", Some(Opaque::Gzip)),
            (b"\x08\x01\x12\x05hello", Some(Opaque::Binary)),
            (b"\xff\xfe", Some(Opaque::Binary)),
            (b"U2FsdGVkX18x9cV0kq8pQ2mR7w3NvTtL", Some(Opaque::OpenSsl)),
            (b"c2VjcmV0IG9mIHNldmVyYWwgd29yZHMx", Some(Opaque::Base64)),
            (b"ping", None),
            (b"x = 3", None),
            ("你好，世界".as_bytes(), None),
            (b"averylongwordwithoutanycapitals1", None),
            (b"{\"type\":\"say\",\"content\":\"\xff\"}", None),
            (b" [\x01", None),
            (b"", None),
        ] {
            assert_eq!(Opaque::of(payload), is, "{}", payload.escape_ascii());
        }
    }
}
