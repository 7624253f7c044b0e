//! Arbitrary bytes as WebSocket frames: no panic, frames that follow each other to an end, no truncated message longer than its bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use workermanchat::dissector::{Dissector, truncated_message};
use workermanchat::packet::StreamId;
use workermanchat::websocket::frame::{frames, unmask};

fuzz_target!(|bytes: &[u8]| {
    let mut end = 0;
    for frame in frames(bytes) {
        assert_eq!(frame.offset, end);
        end = frame.header.frame_length().map_or(usize::MAX, |length| end.saturating_add(length));
        assert_eq!(frame.complete, end <= bytes.len());
        if let (true, Some(key)) = (frame.complete, frame.header.masking_key) {
            unmask(&mut bytes[frame.offset + frame.header.header_length..end].to_vec(), key);
        }
    }
    let dissector = Dissector::default();
    for start in 0..bytes.len().min(64) {
        dissector.classify(StreamId(0), &bytes[start..]);
        if let Some((beginning, length)) = truncated_message(&bytes[start..], 0) {
            assert!(beginning.len() < bytes.len() && beginning.len() as u64 <= length);
        }
    }
});
