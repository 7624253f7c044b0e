//! Arbitrary bytes as handshake request and response: parsing must not panic, and the length must be within the input.

#![no_main]

use libfuzzer_sys::fuzz_target;
use workermanchat::websocket::handshake::{Http, accept, request, response};

fuzz_target!(|bytes: &[u8]| {
    if let Http::Complete(request) = request(bytes) {
        assert!(request.length <= bytes.len());
        for value in request.key.iter().chain(&request.origin).chain(&request.host).chain(&request.protocols) {
            assert!(!value.contains('\0'));
            assert_eq!(accept(value).len(), 28);
        }
    }
    if let Http::Complete(response) = response(bytes) {
        assert!(response.length <= bytes.len());
        assert!(!response.upgrade || response.status == 101);
    }
});
