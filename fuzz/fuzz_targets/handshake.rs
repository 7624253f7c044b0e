//! Arbitrary bytes as an upgrade request and as a response: no panic, and a response length within the input.

#![no_main]

use libfuzzer_sys::fuzz_target;
use workermanchat::websocket::handshake::{Http, accept, request, response};

fuzz_target!(|bytes: &[u8]| {
    if let Http::Complete(request) = request(bytes) {
        for value in request.key.iter().chain(&request.origin) {
            assert!(!value.contains('\0'));
            assert_eq!(accept(value).len(), 28);
        }
    }
    if let Http::Complete(response) = response(bytes) {
        assert!(response.length <= bytes.len());
        assert!(!response.upgrade || response.status == 101);
    }
});
