//! Arbitrary bytes as WebSocket frames: no panic, frames that follow each other to an end, and no truncated message that is longer than its
//! bytes, or that was not masked as it says.

use workermanchat::dissector::{Dissector, Start, unmasked_message};
use workermanchat::packet::StreamId;
use workermanchat::websocket::frame::{Read, frames, header, unmask};

/// At how many places of the input frames are looked for.
const STARTS: usize = 64;

/// Checks that.
pub fn check(bytes: &[u8]) {
    check_frames(bytes);
    let dissector = Dissector::default();
    for start in 0..bytes.len().min(STARTS) {
        let rest = &bytes[start..];
        let begins = dissector.classify(StreamId(0), rest);
        assert!(begins != Start::WebSocket || header(rest) != Read::Invalid);
        check_truncated(rest);
    }
}

fn check_frames(bytes: &[u8]) {
    let mut end = 0;
    let mut walk = frames(bytes);
    for frame in walk.by_ref() {
        assert_eq!(frame.offset, end);
        let length = frame.header.frame_length();
        assert!(length.is_none_or(|length| length >= frame.header.header_length));
        end = length.map_or(usize::MAX, |length| end.saturating_add(length));
        assert_eq!(frame.complete, end <= bytes.len());
        if let (true, Some(key)) = (frame.complete, frame.header.masking_key) {
            let payload = &bytes[frame.offset + frame.header.header_length..end];
            let mut unmasked = payload.to_vec();
            unmask(&mut unmasked, key);
            unmask(&mut unmasked, key);
            assert_eq!(unmasked, payload);
        }
    }
    assert_eq!(walk.offset(), end.min(bytes.len()));
}

fn check_truncated(bytes: &[u8]) {
    for handed_over in 0..3 {
        if let Some((beginning, length)) = unmasked_message(bytes, handed_over, false) {
            assert!(beginning.len() < bytes.len() && beginning.len() as u64 <= length);
        }
    }
}
