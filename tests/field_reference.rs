//! `docs/fields.md` is generated from the tables in `src/fields.rs`. Run `UPDATE_FIELD_REFERENCE=1 cargo test --test field_reference` after
//! changing them. What they say of a second pass is held by the captures.

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use harness::packets::{ACK, Capture, Connection, Link, RST, Side};
use harness::recording::{Recording, recordings};
use harness::scripts::*;
use harness::websocket;
use harness::wireshark::Wireshark;
use workermanchat::fields::{DIALECTS, FIELDS, FINDINGS, LaterPass, Omission, Phase, Type};

#[test]
fn the_field_reference_matches_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fields.md");
    let wanted = reference();
    if std::env::var_os("UPDATE_FIELD_REFERENCE").is_some() {
        std::fs::write(&path, &wanted).expect("docs/fields.md can be written");
    }
    let found = std::fs::read_to_string(&path).expect("docs/fields.md can be read");
    assert!(
        found == wanted,
        "docs/fields.md is out of date: UPDATE_FIELD_REFERENCE=1 cargo test --test field_reference"
    );
}

fn reference() -> String {
    let mut page = String::from(
        "# Field reference\n\nGenerated from `src/fields.rs`; a test holds the two together.\n\n\
         ## Fields\n\n*Worked out*: the plugin derives the value; all other fields are read from the packet's bytes.\n\n",
    );
    page.push_str(SECOND_PASS);
    page.push_str("\n| field | type | worked out | needs `-2` | what it is |\n|---|---|---|---|---|\n");
    for field in FIELDS {
        let origin = if field.generated { "yes" } else { "" };
        let (kind, needs) = (type_name(field.kind), needs_second_pass(field.later_pass));
        writeln!(page, "| `{}` | {kind} | {origin} | {needs} | {} |", field.name, field.blurb).unwrap();
    }
    page.push_str("\n## `workermanchat.phase`\n\n| value | name |\n|---|---|\n");
    for phase in Phase::ALL {
        writeln!(page, "| {} | {} |", *phase as u32, phase.name()).unwrap();
    }
    page.push_str("\n## `workermanchat.dialect`\n\n| value | generation |\n|---|---|\n");
    for (value, name) in DIALECTS {
        writeln!(page, "| {value} | {name} |").unwrap();
    }
    page.push_str("\n## `workermanchat.left_out`\n\n| value | name |\n|---|---|\n");
    for reason in Omission::ALL {
        writeln!(page, "| {} | {} |", *reason as u32, reason.name()).unwrap();
    }
    page.push_str("\n## Findings\n\n| field | severity | needs `-2` | what it is |\n|---|---|---|---|\n");
    for finding in FINDINGS {
        let severity = format!("{:?}", finding.severity).to_lowercase();
        let needs = needs_second_pass(finding.later_pass);
        writeln!(page, "| `{}` | {severity} | {needs} | {} |", finding.name, finding.summary).unwrap();
    }
    page
}

/// What the column `needs -2` means.
const SECOND_PASS: &str = "\
*Needs `-2`*: tshark reads a capture once, and of each packet it shows and filters what was known when the packet came. With `-2`, it reads the
capture twice, and each packet also has what later packets tell of it. Such a field is complete only with `-2`:

- *yes*: in any capture. The packet that answers a request comes after it, and so does the login after the handshakes.
- *late*: only on a connection of which a later packet tells that it is a chat's (it is on another port, in TLS or a tunnel, or its handshake request is
  cut), and where a later packet tells whose a message is (a login was not captured, or several users log in by one name).

What a packet has in one pass it has in two. Wireshark reads the capture first and then shows it: it needs no option.
";

fn needs_second_pass(later: LaterPass) -> &'static str {
    match later {
        LaterPass::AddsNothing => "",
        LaterPass::AddsWhereRecognizedLate => "late",
        LaterPass::Adds => "yes",
    }
}

fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Text => "string",
        Type::Unsigned | Type::Phase | Type::Dialect | Type::Omission | Type::Server => "unsigned integer",
        Type::Boolean => "boolean",
        Type::Ipv4 => "IPv4 address",
        Type::Request | Type::Response | Type::Acknowledged | Type::Exchange => "frame number",
        Type::Duration => "time",
        Type::Group => "label",
    }
}

// --- one pass and two -------------------------------------------------------------------------------------------------

/// Each field and finding, and what a later pass adds to it according to the tables.
fn claims() -> BTreeMap<&'static str, LaterPass> {
    let fields = FIELDS.iter().map(|field| (field.name, field.later_pass));
    fields.chain(FINDINGS.iter().map(|finding| (finding.name, finding.later_pass))).collect()
}

/// The captures of the chat on its own port, from the first packet of each connection and whole: nothing in them is recognized late.
const ORDINARY: [&str; 4] = ["chat-2015", "chat-2026", "heartbeat-2026", "not-answered"];

/// Pings of which the browser answers one, which no recorded capture has: which one shows late.
fn no_pong() -> Recording {
    let (mut capture, mut browser) = (Capture::new(Link::Ethernet), Connection::from_port(50_001));
    join(&mut capture, &mut browser, 1, "a", "1");
    for _ in 0..6 {
        server_says(&mut capture, &mut browser, r#"{"type":"ping"}"#);
        capture.wait(Duration::from_secs(15));
    }
    browser_says(&mut capture, &mut browser, r#"{"type":"pong"}"#);
    capture.wait(Duration::from_secs(15));
    browser_says(&mut capture, &mut browser, say_request("still here"));
    Recording::built("no-pong", &capture)
}

/// An upgrade request and a login that the server does not answer, a ping that the browser does not answer, a delivery that is lost, and
/// TLS that is not decrypted.
fn not_answered() -> Recording {
    let mut capture = Capture::new(Link::Ethernet);
    let [mut refused, mut browser, mut lost, mut secret] = [50_001, 50_002, 50_003, 50_004].map(Connection::from_port);
    secret.open(&mut capture);
    secret.send(&mut capture, Side::Client, [0x16, 3, 1, 0, 1, 1]);
    refused.open(&mut capture);
    refused.send(&mut capture, Side::Client, websocket::request("/", ""));
    capture.push(&refused.segment(Side::Server, RST | ACK, []));
    browser.open(&mut capture);
    upgrade(&mut capture, &mut browser);
    browser_says(&mut capture, &mut browser, login_request("a", "1"));
    capture.wait(Duration::from_secs(15));
    server_says(&mut capture, &mut browser, r#"{"type":"ping"}"#);
    capture.wait(Duration::from_secs(15));
    browser.ack(&mut capture, Side::Client);
    join(&mut capture, &mut lost, 1, "c", "1");
    let delivery = lost.data(Side::Server, websocket::text(say_delivery(2, "b", "hi")));
    for _ in 0..3 {
        capture.push(&delivery);
        capture.wait(Duration::from_secs(8));
    }
    Recording::built("not-answered", &capture)
}

/// The fields in which one pass and two differ, of a capture; none may vanish from a packet.
fn differing(wireshark: &Wireshark, recording: &Recording, fields: &[&'static str]) -> BTreeSet<&'static str> {
    let (path, options) = recording.prepare(wireshark, "passes", &recording.packets);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let once = wireshark.rows(&path, &options, fields);
    let twice = wireshark.rows(&path, &[&options[..], &["-2"]].concat(), fields);
    assert_eq!(once.len(), twice.len(), "{}", recording.name);
    let mut found = BTreeSet::new();
    for (once, twice) in once.iter().zip(&twice) {
        for &field in fields {
            let (before, after) = (once.all(field), twice.all(field));
            assert!(
                before.len() <= after.len(),
                "{}, frame {}: the second pass lacks {field}: {before:?}, then {after:?}",
                recording.name,
                once.frame
            );
            if before != after {
                found.insert(field);
            }
        }
    }
    found
}

#[test]
fn what_needs_a_second_pass_is_what_the_tables_say() {
    let wireshark = Wireshark::with_plugin();
    let claims = claims();
    let fields: Vec<&'static str> = claims.keys().copied().collect();
    let (mut anywhere, mut ordinary) = (BTreeSet::new(), BTreeSet::new());
    for recording in recordings().into_iter().chain([no_pong(), not_answered()]) {
        let found = differing(&wireshark, &recording, &fields);
        if ORDINARY.contains(&recording.name.as_str()) {
            ordinary.extend(found.iter().copied());
        }
        anywhere.extend(found);
    }
    for (field, claim) in claims {
        let found = match (anywhere.contains(field), ordinary.contains(field)) {
            (false, _) => LaterPass::AddsNothing,
            (true, false) => LaterPass::AddsWhereRecognizedLate,
            (true, true) => LaterPass::Adds,
        };
        // A say that nobody gets is in no ordinary capture.
        let is_right = found == claim || field == "workermanchat.expert.no_delivery" && anywhere.contains(field);
        assert!(is_right, "{field}: src/fields.rs says {claim:?}, the captures say {found:?}");
    }
}
