//! The tables of [`crate::fields`] in the form in which Wireshark registers them. Made once; they live as long as the program.

use std::ffi::CString;
use std::ptr;
use std::sync::OnceLock;

use super::sys;
use crate::fields::{
    DIALECTS, FIELDS, FINDINGS, Field, Finding, Group, Omission, PROTOCOL_FILTER_NAME, PROTOCOL_NAME,
    PROTOCOL_SHORT_NAME, Phase, ServerKind, Severity, Type,
};

/// The memory that Wireshark's registration fills in: a number for each field, a handle for each finding.
struct Ids {
    fields: *const libc::c_int,
    findings: *mut sys::expert_field,
}

// SAFETY: the pointers are to memory that is never freed, written while Wireshark starts and only read afterwards.
unsafe impl Send for Ids {}
// SAFETY: as for `Send`.
unsafe impl Sync for Ids {}

/// The numbers and handles, from the registration on.
static IDS: OnceLock<Ids> = OnceLock::new();

/// The number that Wireshark gave a field.
pub fn field(field: Field) -> libc::c_int {
    let ids = IDS.get().expect("fields are registered before packets are read");
    // SAFETY: one number for each field was allocated.
    unsafe { *ids.fields.add(field as usize) }
}

/// The handle that Wireshark gave a finding.
pub fn finding(finding: Finding) -> *mut sys::expert_field {
    let ids = IDS.get().expect("findings are registered before packets are read");
    // SAFETY: one handle for each finding was allocated.
    unsafe { ids.findings.add(finding as usize) }
}

/// Makes everything that is to be registered.
pub fn registration() -> sys::wmc_registration {
    let fields = leak(vec![-1; FIELDS.len()]);
    // SAFETY: a constant of the glue's.
    let no_handle = unsafe { sys::wmc_blank_handle };
    let findings = leak(vec![no_handle; FINDINGS.len()]);
    let field_rows = leak(FIELDS.iter().enumerate().map(|(at, spec)| field_row(&raw mut fields[at], spec)).collect());
    let finding_rows =
        leak(FINDINGS.iter().enumerate().map(|(at, spec)| finding_row(&raw mut findings[at], spec)).collect());
    let registration = sys::wmc_registration {
        name: text(PROTOCOL_NAME),
        short_name: text(PROTOCOL_SHORT_NAME),
        filter_name: text(PROTOCOL_FILTER_NAME),
        field_count: field_rows.len() as libc::c_int,
        fields: field_rows.as_mut_ptr(),
        finding_count: finding_rows.len() as libc::c_int,
        findings: finding_rows.as_mut_ptr(),
    };
    let ids = Ids { fields: fields.as_ptr(), findings: findings.as_mut_ptr() };
    assert!(IDS.set(ids).is_ok(), "fields are registered once");
    registration
}

/// A field as Wireshark registers it; `id` is where it writes the number.
fn field_row(id: *mut libc::c_int, spec: &crate::fields::Spec) -> sys::hf_register_info {
    let (kind, display, strings) = match spec.kind {
        Type::Text => (sys::FT_STRING, sys::BASE_NONE, ptr::null()),
        Type::Unsigned => (sys::FT_UINT32, sys::BASE_DEC, ptr::null()),
        Type::Phase => {
            (sys::FT_UINT32, sys::BASE_DEC, names(Phase::ALL.iter().map(|phase| (*phase as u32, phase.name()))))
        }
        Type::Omission => {
            (sys::FT_UINT32, sys::BASE_DEC, names(Omission::ALL.iter().map(|reason| (*reason as u32, reason.name()))))
        }
        Type::Server => {
            (sys::FT_UINT32, sys::BASE_DEC, names(ServerKind::ALL.iter().map(|kind| (*kind as u32, kind.name()))))
        }
        Type::Dialect => (sys::FT_UINT32, sys::BASE_DEC, names(DIALECTS.iter().copied())),
        Type::Boolean => (sys::FT_BOOLEAN, sys::BASE_NONE, ptr::null()),
        Type::Ipv4 => (sys::FT_IPv4, sys::BASE_NONE, ptr::null()),
        Type::Request => (sys::FT_FRAMENUM, sys::BASE_NONE, link(sys::FT_FRAMENUM_REQUEST)),
        Type::Response => (sys::FT_FRAMENUM, sys::BASE_NONE, link(sys::FT_FRAMENUM_RESPONSE)),
        Type::Acknowledged => (sys::FT_FRAMENUM, sys::BASE_NONE, link(sys::FT_FRAMENUM_ACK)),
        Type::Exchange => (sys::FT_FRAMENUM, sys::BASE_NONE, link(sys::FT_FRAMENUM_NONE)),
        Type::Duration => (sys::FT_RELATIVE_TIME, sys::BASE_NONE, ptr::null()),
        Type::Group => (sys::FT_NONE, sys::BASE_NONE, ptr::null()),
    };
    // SAFETY: a constant of the glue's.
    let mut row = unsafe { sys::wmc_blank_field };
    row.p_id = id;
    row.hfinfo.name = text(spec.title);
    row.hfinfo.abbrev = text(spec.name);
    row.hfinfo.type_ = kind;
    row.hfinfo.display = display as libc::c_int;
    row.hfinfo.strings = strings;
    row.hfinfo.blurb = text(spec.blurb);
    row
}

/// A finding as Wireshark registers it; `id` is where it writes the handle.
fn finding_row(id: *mut sys::expert_field, spec: &crate::fields::FindingSpec) -> sys::ei_register_info {
    let severity = match spec.severity {
        Severity::Note => sys::PI_NOTE,
        Severity::Warning => sys::PI_WARN,
        Severity::Error => sys::PI_ERROR,
    };
    let group = match spec.group {
        Group::Malformed => sys::PI_MALFORMED,
        Group::Protocol => sys::PI_PROTOCOL,
        Group::Sequence => sys::PI_SEQUENCE,
        Group::Undecoded => sys::PI_UNDECODED,
        Group::Security => sys::PI_SECURITY,
        Group::ResponseCode => sys::PI_RESPONSE_CODE,
    };
    // SAFETY: a constant of the glue's.
    let mut row = unsafe { sys::wmc_blank_finding };
    row.ids = id;
    row.eiinfo.name = text(spec.name);
    row.eiinfo.group = group as libc::c_int;
    row.eiinfo.severity = severity as libc::c_int;
    row.eiinfo.summary = text(spec.summary);
    row
}

/// A `value_string` array, ended as Wireshark wants it.
fn names<'a>(values: impl Iterator<Item = (u32, &'a str)>) -> *const libc::c_void {
    // SAFETY: a constant of the glue's.
    let end = unsafe { sys::wmc_blank_name };
    let rows = values.map(|(value, name)| {
        let mut row = end;
        (row.value, row.strptr) = (value, text(name));
        row
    });
    leak(rows.chain([end]).collect()).as_ptr().cast()
}

/// The meaning of a frame number, which Wireshark keeps where other fields have their names.
fn link(meaning: sys::ft_framenum_type_t) -> *const libc::c_void {
    ptr::without_provenance(meaning as usize)
}

/// A text that lives as long as the program.
fn text(text: &str) -> *const libc::c_char {
    CString::new(text).expect("the tables hold no NUL").into_raw()
}

/// Items that live as long as the program.
fn leak<T>(items: Vec<T>) -> &'static mut [T] {
    Box::leak(items.into_boxed_slice())
}
