//! Shared by the tests, `benches/comparison` and `benches/captures`: Wireshark in a temporary home, a capture builder, and a second, naive reader of captures.
//!
//! Nothing here uses the code under test: expected values come from the script that built a capture, from the naive
//! reader with serde_json, or from a table written by hand.

// Every test file is a separate crate and uses only a part of this.
#![allow(dead_code)]

pub mod browser;
pub mod build;
pub mod dissection;
pub mod exit;
pub mod expected;
pub mod guarded;
pub mod gui;
pub mod json;
pub mod packets;
pub mod pdml;
pub mod phase;
pub mod preferences;
pub mod random;
pub mod reader;
pub mod recording;
pub mod scripts;
pub mod sentence;
pub mod sharkd;
pub mod shop;
pub mod simulation;
pub mod skip;
pub mod truth;
pub mod variant;
pub mod websocket;
pub mod wireshark;
pub mod work;
