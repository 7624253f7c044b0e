//! Where in a stream a frame of the chat may begin: for connections whose beginning was not captured.

use super::frame::{Header, Opcode, Read, header, unmask};

/// How many bytes of a payload are examined: the longest payload of a control frame (RFC 6455, section 5.5).
const PROBE_LENGTH: usize = 125;

/// Whether a frame of the chat could begin here, in a stream whose beginning was not captured: a text frame whose payload
/// begins like a JSON object with members, or a control frame that fills `bytes` and holds text. Random bytes pass less than
/// once in a million times. The chat negotiates no extension, so its frames have no RSV bit. `longest`: the most bytes that a payload has.
pub fn plausible_start(bytes: &[u8], longest: usize) -> bool {
    let Read::Complete(header) = header(bytes) else {
        return false;
    };
    if header.rsv != 0 || !header.is_shortest() || header.payload_length > longest as u64 {
        return false;
    }
    let payload = &bytes[header.header_length..];
    let payload = &payload[..payload.len().min(header.payload_length as usize)];
    match header.opcode {
        Opcode::Text => begins_like_object(&probe(payload, &header)),
        Opcode::Close | Opcode::Ping | Opcode::Pong => {
            header.frame_length() == Some(bytes.len()) && control_payload_fits(&header, &probe(payload, &header))
        }
        Opcode::Continuation | Opcode::Binary | Opcode::Reserved(_) => false,
    }
}

/// The first bytes of the payload, unmasked.
fn probe(payload: &[u8], header: &Header) -> Vec<u8> {
    let mut probe = payload[..payload.len().min(PROBE_LENGTH)].to_vec();
    unmask(&mut probe, header.masking_key.unwrap_or_default());
    probe
}

fn begins_like_object(payload: &[u8]) -> bool {
    let mut characters = payload.iter().filter(|byte| !byte.is_ascii_whitespace());
    characters.next() == Some(&b'{') && characters.next() == Some(&b'"')
}

/// The payload of a close frame is empty or begins with a status code, which UTF-8 follows (RFC 6455, section 5.5.1). A ping or
/// pong may hold any bytes, but only text can be distinguished from random bytes.
fn control_payload_fits(header: &Header, payload: &[u8]) -> bool {
    match (header.opcode, payload) {
        (Opcode::Close, [high, low, reason @ ..]) => {
            (1000..5000).contains(&u16::from_be_bytes([*high, *low])) && is_text(reason)
        }
        (Opcode::Close, [_]) => false,
        _ => is_text(payload),
    }
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.contains(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::websocket::frame::tests::{KEY, frame};
    use proptest::prelude::*;

    const LONGEST: usize = 10 << 20;

    fn is_start(bytes: &[u8]) -> bool {
        plausible_start(bytes, LONGEST)
    }

    const PING: &[u8] = br#"{"type":"ping"}"#;

    #[test]
    fn a_frame_of_the_chat_may_begin_where_an_object_begins() {
        assert!(is_start(&frame(0x81, None, PING)));
        assert!(is_start(&frame(0x81, Some(KEY), PING)));
        assert!(is_start(&frame(0x81, None, b" {\n \"type\":\"ping\"}")));
        assert!(is_start(&frame(0x01, Some(KEY), b"{\"type\":\"say\",")));
        assert!(is_start(&frame(0x81, Some(KEY), &[&b"{\"type\":"[..], &[b'x'; 70_000]].concat())[..100]));
        assert!(is_start(&[frame(0x81, None, PING), frame(0x81, None, PING)].concat()));
    }

    #[test]
    fn a_control_frame_counts_when_it_is_all_there_is() {
        assert!(is_start(&frame(0x88, Some(KEY), b"")));
        assert!(is_start(&frame(0x88, None, b"\x03\xe8bye")));
        assert!(is_start(&frame(0x8a, Some(KEY), b"x")));
        assert!(!is_start(&frame(0x88, None, b"\x03")));
        assert!(!is_start(&frame(0x88, None, b"\0\0")));
        assert!(!is_start(&frame(0x88, None, b"\x03\xe8\xff")));
        assert!(!is_start(&frame(0x89, None, b"\x01\xff")));
        assert!(!is_start(b"\x89\x00x"));
        assert!(!is_start(b"\x89\x02x"));
    }

    #[test]
    fn other_bytes_are_no_start() {
        for bytes in [
            &b""[..],
            b"\x81",
            b"\x81\x0f",
            b"\x81\x05Hello",
            b"\x81\x02{}",
            b"\x81\x7e\0\x0f{\"type\":\"ping\"}",
            b"\x80\x0f{\"type\":\"ping\"}",
            b"\x82\x0f{\"type\":\"ping\"}",
            b"\xc1\x0f{\"type\":\"ping\"}",
            b"{\"type\":\"ping\"}",
            b"GET / HTTP/1.1\r\n",
            b"HTTP/1.1 101",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"\x81\x7f\0\0\0\0\x40\0\0\0{\"type\"",
        ] {
            assert!(!is_start(bytes), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn no_start_is_seen_within_a_message() {
        let text =
            r#"{"type":"say","from_client_id":"7f00000108fd00000001","content":"\u5927 长 {\"a\" 😀","time":"x"}"#;
        let bytes = frame(0x81, None, text.as_bytes());
        for at in 1..bytes.len() {
            assert!(!is_start(&bytes[at..]), "{at}");
        }
    }

    #[test]
    fn a_text_frame_is_as_long_as_the_chats_longest_message_at_most() {
        let declared = |length: usize| {
            let length = (length as u64).to_be_bytes();
            [&b"\x81\x7f"[..], &length, b"{\"type\":"].concat()
        };
        assert!(is_start(&declared(LONGEST)));
        assert!(!is_start(&declared(LONGEST + 1)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_examined_without_panic(bytes: Vec<u8>) {
            is_start(&bytes);
        }

        #[test]
        fn random_bytes_are_no_start(bytes in prop::collection::vec(any::<u8>(), 15..64)) {
            prop_assert!(!is_start(&bytes));
        }
    }
}
