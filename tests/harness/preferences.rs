//! Preferences that are changed while a capture is open.

/// The preferences, and for each the values that it gets one after the other: the last is the default.
pub const CHANGES: [(&str, &[&str]); 6] = [
    ("workermanchat.language", &["fr", "zh-CN", "auto"]),
    ("workermanchat.annotate_tcp", &["FALSE", "TRUE"]),
    ("workermanchat.annotate_info", &["FALSE", "TRUE"]),
    ("workermanchat.show_json", &["TRUE", "FALSE"]),
    ("workermanchat.tcp.port", &["8080", "7272,8080", "7272"]),
    ("tcp.desegment_tcp_streams", &["FALSE", "TRUE"]),
];

/// The file of preferences with these.
pub fn preferences_file(preferences: &[(&str, &str)]) -> String {
    preferences.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}
