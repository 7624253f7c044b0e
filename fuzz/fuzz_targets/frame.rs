//! Arbitrary bytes as WebSocket frames: parsing must not panic and must terminate.

#![no_main]

use libfuzzer_sys::fuzz_target;
use workermanchat::websocket::frame::{frames, plausible_start, unmask};

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
    for start in 0..bytes.len().min(64) {
        plausible_start(&bytes[start..]);
    }
});
