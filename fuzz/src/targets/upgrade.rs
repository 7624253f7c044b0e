//! Arbitrary bytes as an upgrade request and as a response: no panic, values that Wireshark can take, a length within the input, and the
//! same result for the header section alone.

use workermanchat::websocket::handshake::{Http, accept, request, response};

/// Checks that.
pub fn check(bytes: &[u8]) {
    if let Http::Complete(request) = request(bytes) {
        for value in request.key.iter().chain(&request.origin) {
            assert!(!value.contains('\0'));
            assert_eq!(accept(value).len(), 28);
        }
        assert_eq!(request.missing.is_any(), request.missing.parts().next().is_some());
        assert!(request.key.is_some() || !request.missing.is_any());
    }
    if let Http::Complete(complete) = response(bytes) {
        assert!(complete.length <= bytes.len());
        assert!(!complete.upgrade || complete.status == 101);
        assert!(!complete.accept.iter().any(|value| value.contains('\0')));
        // What follows the header section are frames, of which nothing depends.
        assert_eq!(response(&bytes[..complete.length]), Http::Complete(complete));
    }
}
