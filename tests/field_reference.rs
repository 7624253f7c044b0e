//! `docs/fields.md` is generated from the tables in `src/fields.rs`. Run `UPDATE_FIELD_REFERENCE=1 cargo test --test field_reference` after
//! changing them.

use std::fmt::Write;
use std::path::Path;
use workermanchat::fields::{DIALECTS, FIELDS, FINDINGS, Phase, Type};

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
         ## Fields\n\n*Worked out*: the plugin derives the value; all other fields are read from the packet's bytes.\n\n\
         | field | type | worked out | what it is |\n|---|---|---|---|\n",
    );
    for field in FIELDS {
        let origin = if field.generated { "yes" } else { "" };
        writeln!(page, "| `{}` | {} | {origin} | {} |", field.name, type_name(field.kind), field.blurb).unwrap();
    }
    page.push_str("\n## `workermanchat.phase`\n\n| value | name |\n|---|---|\n");
    for phase in Phase::ALL {
        writeln!(page, "| {} | {} |", *phase as u32, phase.name()).unwrap();
    }
    page.push_str("\n## `workermanchat.dialect`\n\n| value | generation |\n|---|---|\n");
    for (value, name) in DIALECTS {
        writeln!(page, "| {value} | {name} |").unwrap();
    }
    page.push_str("\n## Findings\n\n| field | severity | what it is |\n|---|---|---|\n");
    for finding in FINDINGS {
        let severity = format!("{:?}", finding.severity).to_lowercase();
        writeln!(page, "| `{}` | {severity} | {} |", finding.name, finding.summary).unwrap();
    }
    page
}

fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Text => "string",
        Type::Unsigned | Type::Phase | Type::Dialect => "unsigned integer",
        Type::Boolean => "boolean",
        Type::Ipv4 => "IPv4 address",
        Type::Request | Type::Response | Type::Acknowledged | Type::Exchange => "frame number",
        Type::Duration => "time",
        Type::Group => "label",
    }
}
