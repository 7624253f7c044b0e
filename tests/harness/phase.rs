//! The values of `workermanchat.phase`, from the design and independent of the plugin's code.

pub const SYN: u32 = 1;
pub const SYN_ACK: u32 = 2;
pub const ACK: u32 = 3;
pub const FIN: u32 = 4;
pub const FIN_ACKNOWLEDGED: u32 = 5;
pub const RST: u32 = 6;
pub const REQUEST: u32 = 10;
pub const REQUEST_ACKNOWLEDGED: u32 = 11;
pub const RESPONSE: u32 = 12;
pub const COMPLETE: u32 = 13;
pub const REFUSED: u32 = 14;
pub const CLOSE: u32 = 18;
pub const CLOSE_REPLY: u32 = 19;
pub const LOGIN_REQUEST: u32 = 20;
pub const USER_LIST: u32 = 21;
pub const LOGIN_RESULT: u32 = 22;
pub const LOGIN_NOTIFICATION: u32 = 23;
pub const SAY_REQUEST: u32 = 24;
pub const SAY_DELIVERY: u32 = 25;
pub const LOGOUT: u32 = 26;
pub const PING: u32 = 27;
pub const PONG: u32 = 28;
pub const UNKNOWN: u32 = 29;
pub const MESSAGE_ACKNOWLEDGED: u32 = 30;

/// The displayed name of a phase.
pub fn name(phase: u32) -> &'static str {
    match phase {
        SYN => "TCP handshake 1/3 (SYN)",
        SYN_ACK => "TCP handshake 2/3 (SYN+ACK)",
        ACK => "TCP handshake 3/3 (ACK)",
        FIN => "TCP close (FIN)",
        FIN_ACKNOWLEDGED => "TCP close acknowledged",
        RST => "TCP reset (RST)",
        REQUEST => "WebSocket handshake request",
        REQUEST_ACKNOWLEDGED => "WebSocket handshake request acknowledged",
        RESPONSE => "WebSocket handshake response",
        COMPLETE => "WebSocket handshake complete",
        REFUSED => "WebSocket handshake refused",
        CLOSE => "WebSocket close",
        CLOSE_REPLY => "WebSocket close reply",
        LOGIN_REQUEST => "Login request",
        USER_LIST => "User list",
        LOGIN_RESULT => "Login result",
        LOGIN_NOTIFICATION => "Login notification",
        SAY_REQUEST => "Say request",
        SAY_DELIVERY => "Say delivery",
        LOGOUT => "Logout notification",
        PING => "Heartbeat ping",
        PONG => "Heartbeat pong",
        UNKNOWN => "Unknown message",
        MESSAGE_ACKNOWLEDGED => "Message acknowledged",
        _ => panic!("no phase has the value {phase}"),
    }
}

/// Whether a phase is that of a chat message, which is drawn in the message layer.
pub fn is_message(phase: u32) -> bool {
    match phase {
        SYN | SYN_ACK | ACK | FIN | FIN_ACKNOWLEDGED | RST => false,
        REQUEST | REQUEST_ACKNOWLEDGED | RESPONSE | COMPLETE | REFUSED | CLOSE | CLOSE_REPLY => false,
        LOGIN_REQUEST | USER_LIST | LOGIN_RESULT | LOGIN_NOTIFICATION => true,
        SAY_REQUEST | SAY_DELIVERY | LOGOUT | PING | PONG | UNKNOWN => true,
        MESSAGE_ACKNOWLEDGED => false,
        _ => panic!("no phase has the value {phase}"),
    }
}
