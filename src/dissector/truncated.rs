//! A message that Wireshark's WebSocket dissector does not hand over, or only in part: because the capture lacks its end, or because it is long.

use crate::failpoint::failpoint;
use crate::websocket::assembly::MOST_UNMASKED;
use crate::websocket::frame::{Frame, Opcode, frames, unmask};

/// The longest beginning of a message that is dissected, in bytes.
const MAX_LENGTH: usize = 256 * 1024;

/// The unmasked message of a number, as far as it was captured, and its length on the wire in bytes.
///
/// `data` are consecutive frames, the last of which may be incomplete. `None` where there is no such message, and for one that needs more than
/// unmasking: a fragmented or compressed one (RFC 6455, section 5.4; RFC 7692). Unless `whole`, also for one that is whole and not longer than what
/// every Wireshark unmasks: it was handed over.
pub fn unmasked_message(data: &[u8], number: usize, whole: bool) -> Option<(Vec<u8>, u64)> {
    failpoint!("dissector::truncated");
    let mut messages = frames(data).filter(|Frame { header, .. }| {
        !matches!(header.opcode, Opcode::Close | Opcode::Ping | Opcode::Pong) && header.fin && header.payload_length > 0
    });
    let Frame { offset, header, complete } = messages.nth(number)?;
    let is_handed_over = complete && header.payload_length <= MOST_UNMASKED as u64 && !whole;
    if is_handed_over || header.rsv != 0 || header.opcode == Opcode::Continuation {
        return None;
    }
    let payload = &data[offset + header.header_length..];
    let longest = if complete { usize::MAX } else { MAX_LENGTH };
    let length = payload.len().min(longest).min(usize::try_from(header.payload_length).unwrap_or(usize::MAX));
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
        assert_eq!(unmasked_message(&bytes, 1, false), None, "whole");
        bytes.truncate(bytes.len() - 5);
        assert_eq!(unmasked_message(&bytes, 1, false), Some((PING[..10].to_vec(), 15)));
        assert_eq!(unmasked_message(&bytes, 0, false), None, "whole");
        assert_eq!(unmasked_message(&bytes, 2, false), None, "no such message");
    }

    #[test]
    fn fragments_and_compressed_messages_need_more_than_unmasking() {
        for first in [0x01, 0xc1] {
            let bytes = frame(first, None, PING);
            assert_eq!(unmasked_message(&bytes[..10], 0, false), None, "{first:#x}");
        }
    }

    #[test]
    fn a_very_long_message_is_whole_or_cut_where_its_end_was_not_captured() {
        let bytes = frame(0x81, Some(KEY), &vec![b'x'; MAX_LENGTH + 1]);
        for (captured, expected) in [(bytes.len(), MAX_LENGTH + 1), (bytes.len() - 1, MAX_LENGTH)] {
            let (beginning, length) = unmasked_message(&bytes[..captured], 0, false).unwrap();
            assert_eq!((beginning.len(), length), (expected, MAX_LENGTH as u64 + 1));
            assert!(beginning.iter().all(|byte| *byte == b'x'));
        }
    }

    #[test]
    fn a_whole_message_is_unmasked_where_it_is_asked_for() {
        let bytes = [frame(0x81, Some(KEY), b"long"), frame(0x81, Some(KEY), PING)].concat();
        assert_eq!(unmasked_message(&bytes, 1, false), None);
        assert_eq!(unmasked_message(&bytes, 1, true), Some((PING.to_vec(), 15)));
    }
}
