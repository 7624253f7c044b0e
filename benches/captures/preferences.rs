//! The preferences that are tried: the plugin's, and those of other dissectors that change what it is handed.

use std::collections::BTreeSet;
use std::io;

use workermanchat::language::Language;

use crate::harness::random::Random;
use crate::harness::wireshark::Wireshark;

/// The plugin's preferences begin with this.
const OWN: &str = "workermanchat.";
/// Its values are those that there are.
const LANGUAGE: &str = "workermanchat.language";
const TRUTH: &[&str] = &["TRUE", "FALSE"];
const PREFERENCES: &[(&str, &[&str])] = &[
    ("workermanchat.tcp.port", &["", "7272", "80,7272", "1-65535", "7272,50000-60000", "443"]),
    (LANGUAGE, &[]),
    ("workermanchat.annotate_tcp", TRUTH),
    ("workermanchat.annotate_info", TRUTH),
    ("workermanchat.show_json", TRUTH),
    ("tcp.analyze_sequence_numbers", TRUTH),
    ("tcp.bif_seq_based", TRUTH),
    ("tcp.calculate_timestamps", TRUTH),
    ("tcp.check_checksum", TRUTH),
    ("tcp.desegment_tcp_streams", TRUTH),
    ("tcp.fastrt_supersedes_ooo", TRUTH),
    ("tcp.ignore_tcp_timestamps", TRUTH),
    ("tcp.no_subdissector_on_error", TRUTH),
    ("tcp.read_seq_as_syn_cookie", TRUTH),
    ("tcp.reassemble_out_of_order", TRUTH),
    ("tcp.relative_sequence_numbers", TRUTH),
    ("tcp.summary_in_tree", TRUTH),
    ("tcp.track_bytes_in_flight", TRUTH),
    ("tcp.try_heuristic_first", TRUTH),
    ("http.check_ascii_headers", TRUTH),
    ("http.dechunk_body", TRUTH),
    ("http.decompress_body", TRUTH),
    ("http.desegment_body", TRUTH),
    ("http.desegment_headers", TRUTH),
    ("http.try_heuristic_first", TRUTH),
    ("ip.check_checksum", TRUTH),
    ("ip.defragment", TRUTH),
    ("ip.tso_support", TRUTH),
    ("ipv6.defragment", TRUTH),
    ("json.compact_form", TRUTH),
    ("protocols.conversation_deinterlacing_key", &["NONE", ".MI", "VM.", "VMI"]),
    ("protocols.display_hidden_proto_items", TRUTH),
    ("protocols.ignore_dup_frames", TRUTH),
    ("protocols.strict_conversation_tracking_heuristics", TRUTH),
    ("tls.desegment_ssl_application_data", TRUTH),
    ("tls.desegment_ssl_records", TRUTH),
    ("websocket.decompress", TRUTH),
    ("websocket.max_unmasked_len", &["0", "1", "100", "1000000"]),
    ("websocket.text_type", &["No subdissection", "Line based text", "As json"]),
];

/// A preference and its value.
pub type Setting = (&'static str, &'static str);

/// The names that this Wireshark knows.
pub struct Preferences(BTreeSet<String>);

impl Preferences {
    /// # Errors
    /// The plugin is not loaded.
    pub fn of(wireshark: &Wireshark) -> io::Result<Self> {
        let listed = wireshark.tshark(&["-G", "currentprefs"]).stdout;
        let names = listed.lines().filter_map(|line| line.trim_start_matches('#').split_once(": "));
        let known = Self(names.map(|(name, _)| name.to_owned()).collect());
        match PREFERENCES.iter().find(|(name, _)| name.starts_with(OWN) && !known.0.contains(*name)) {
            Some((name, _)) => Err(io::Error::other(format!("tshark does not know {name}: the plugin is not loaded"))),
            None => Ok(known),
        }
    }

    /// Some settings, most of which are not the default's. The same random numbers choose the same with every Wireshark, but for
    /// what it does not know.
    pub fn choose(&self, random: &mut Random) -> Vec<Setting> {
        let percent = *random.pick(&[0, 10, 50]);
        let chosen = PREFERENCES.iter().filter_map(|(name, values)| {
            let value = *random.pick(&values_of(name, values));
            random.percent(percent).then_some((*name, value))
        });
        // All numbers are drawn before names are left out.
        chosen.collect::<Vec<_>>().into_iter().filter(|(name, _)| self.0.contains(*name)).collect()
    }
}

/// The values that a preference is tried with.
fn values_of(name: &str, listed: &[&'static str]) -> Vec<&'static str> {
    if name == LANGUAGE { Language::choices().map(|(tag, _)| tag).collect() } else { listed.to_vec() }
}

/// The settings without those of the plugin.
pub fn without_own(settings: &[Setting]) -> Vec<Setting> {
    settings.iter().copied().filter(|(name, _)| !name.starts_with(OWN)).collect()
}
