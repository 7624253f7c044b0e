//! The beginning of a message that Wireshark's WebSocket dissector does not hand over, because the capture lacks its end.

use crate::failpoint::failpoint;
use crate::websocket::frame::{Frame, Opcode, frames, unmask};

/// The longest beginning of a message that is dissected, in bytes.
const MAX_LENGTH: usize = 256 * 1024;

/// The unmasked beginning of a message that could not be handed over whole, and the message's length on the wire in bytes.
///
/// `data` are consecutive frames, the last of which may be incomplete; the message is the one after the first `handed_over`.
/// `None` where there is no such message, where the message is whole, and for one that needs more than unmasking: a fragmented or
/// compressed one (RFC 6455, section 5.4; RFC 7692). A message that is whole but longer than 256 KiB is cut to that length.
pub fn truncated_message(data: &[u8], handed_over: usize) -> Option<(Vec<u8>, u64)> {
    failpoint!("dissector::truncated");
    let mut messages = frames(data).filter(|Frame { header, .. }| {
        matches!(header.opcode, Opcode::Text | Opcode::Binary) && header.fin && header.payload_length > 0
    });
    let Frame { offset, header, complete } = messages.nth(handed_over)?;
    let whole = complete && header.payload_length <= MAX_LENGTH as u64;
    if whole || header.rsv != 0 {
        return None;
    }
    let payload = &data[offset + header.header_length..];
    let length = payload.len().min(MAX_LENGTH).min(usize::try_from(header.payload_length).unwrap_or(usize::MAX));
    let mut payload = payload[..length].to_vec();
    unmask(&mut payload, header.masking_key.unwrap_or_default());
    Some((payload, header.payload_length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::websocket::frame::tests::{KEY, frame};

    const PING: &[u8] = br#"{"type":"ping"}"#;

    #[test]
    fn the_captured_part_is_unmasked() {
        let mut bytes = [frame(0x81, None, PING), frame(0x89, None, b"x"), frame(0x81, Some(KEY), PING)].concat();
        assert_eq!(truncated_message(&bytes, 1), None, "whole");
        bytes.truncate(bytes.len() - 5);
        assert_eq!(truncated_message(&bytes, 1), Some((PING[..10].to_vec(), 15)));
        assert_eq!(truncated_message(&bytes, 0), None, "whole");
        assert_eq!(truncated_message(&bytes, 2), None, "no such message");
    }

    #[test]
    fn fragments_and_compressed_messages_need_more_than_unmasking() {
        for first in [0x01, 0xc1] {
            let bytes = frame(first, None, PING);
            assert_eq!(truncated_message(&bytes[..10], 0), None, "{first:#x}");
        }
    }

    #[test]
    fn a_very_long_message_is_cut() {
        let bytes = frame(0x81, Some(KEY), &vec![b'x'; MAX_LENGTH + 1]);
        let (beginning, length) = truncated_message(&bytes, 0).unwrap();
        assert_eq!((beginning.len(), length), (MAX_LENGTH, MAX_LENGTH as u64 + 1));
        assert!(beginning.iter().all(|byte| *byte == b'x'));
    }
}
