//! The lines that are to be shown, as plain data: the one thing that passes from the pure part to the part that draws.
//!
//! A [`Plan`] holds the lines of all trees and their texts in two buffers, which serve for one packet after the other. What Wireshark
//! will not look at is not made: see [`Wanted`].
//!
//! ```
//! use workermanchat::annotation::{Layer, Plan, Wanted};
//! use workermanchat::fields::Field;
//!
//! let mut plan = Plan::default();
//! let mut tree = plan.tree(Layer::Message, Wanted::ALL);
//! let user = tree.group(None, Field::ClientListUser, "mynick", 0..40);
//! tree.text(user, Field::ClientListClientName, "mynick");
//! assert_eq!(plan.items()[1].parent, Some(0));
//! assert_eq!(plan.texts(), "mynick\0mynick\0");
//! ```

use std::fmt::{self, Write};
use std::net::Ipv4Addr;

use crate::failpoint::failpoint;
use crate::fields::{FIELDS, Field, Finding, LaterPass, Severity};
use crate::message::json::Span;
use crate::message::text;
use crate::packet::{Frame, Side};

/// The tree that a line is drawn in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// The TCP tree that Wireshark built.
    Tcp,
    /// The HTTP tree that Wireshark built.
    Http,
    /// The WebSocket tree that Wireshark built.
    WebSocket,
    /// This plugin's own tree, one a message.
    Message,
}

/// The parts of the packet at hand that Wireshark looks at: everything while a tree is displayed, the fields that a filter, a column or a tap
/// refers to while one is only built for them, and nothing without a tree. Expert info is always wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// A bit for each field, in the order of [`FIELDS`].
    pub fields: u64,
    /// Whether the titles of trees are displayed.
    pub titles: bool,
    /// Whether there is an Info column.
    pub info: bool,
    /// Whether a view taps what happens.
    pub tap_events: bool,
}

const _: () = assert!(FIELDS.len() <= u64::BITS as usize, "Wanted::fields has a bit for each field");

impl Wanted {
    /// Everything that may be looked at, but no view taps.
    pub const ALL: Wanted = Wanted { fields: u64::MAX, titles: true, info: true, tap_events: false };

    /// Whether a field is looked at.
    pub fn field(self, field: Field) -> bool {
        self.fields >> field as u32 & 1 != 0
    }
}

/// A text in its plan's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    start: usize,
    end: usize,
}

impl Text {
    /// The place in [`Plan::texts`] at which it begins, in bytes. A NUL follows the text.
    pub fn start(self) -> usize {
        self.start
    }
}

/// A value, in the form that its field's type ([`crate::fields::Type`]) requires.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A string: `FT_STRING`.
    Text(Text),
    /// A number, or the number of a phase or dialect: `FT_UINT32`.
    Unsigned(u32),
    /// A truth value: `FT_BOOLEAN`.
    Boolean(bool),
    /// An IPv4 address: `FT_IPv4`.
    Address(Ipv4Addr),
    /// A frame number, shown as a link: `FT_FRAMENUM`.
    Frame(Frame),
    /// A relative time in nanoseconds: `FT_RELATIVE_TIME`. Negative where the capture has the later packet first.
    Duration(i64),
    /// Expert info, with the sentence that says what it means for this packet.
    Finding(Finding, Text),
    /// A field that only groups its children, with the text it shows: `FT_NONE`.
    Group(Text),
}

/// One line of a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The tree.
    pub layer: Layer,
    /// The field shown; none for a finding, which is a field of its own.
    pub field: Option<Field>,
    /// The value that the line shows.
    pub value: Value,
    /// The bytes that it highlights, as offsets into the message; `None` for a line that stands for no bytes.
    pub span: Option<Span>,
    /// The item it stands under, by its place in the plan; none for the tree's root.
    pub parent: Option<usize>,
    /// The whole line, where that is not the field's title and its value.
    pub label: Option<Text>,
    /// Whether another line says the same: this one can be filtered on, and is not displayed.
    pub is_hidden: bool,
}

/// A message, or a frame below its messages, as a view learns of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapEvent {
    /// The side that sent it.
    pub by: Side,
    /// The text that is said, whole, in one printable line; empty where nothing is.
    pub text: Text,
    /// The sentences of the findings that are warnings or errors, a line each.
    pub problems: Text,
    /// All its findings, but those that the session knows.
    pub findings: Findings,
}

/// A set of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Findings(pub u32);

impl Findings {
    /// Adds a finding, unless only later frames can show it.
    pub fn add_early(&mut self, finding: Finding) {
        if finding.spec().later_pass == LaterPass::AddsNothing {
            self.0 |= 1 << finding as u32;
        }
    }

    /// The findings that it holds, in the order of [`Finding`].
    pub fn iter(self) -> impl Iterator<Item = Finding> {
        Finding::ALL.iter().copied().filter(move |finding| self.0 & 1 << *finding as u32 != 0)
    }
}

/// The lines to draw of a message, or of a frame below its messages.
#[derive(Debug, Default)]
pub struct Plan {
    items: Vec<Item>,
    texts: String,
    title: Option<Text>,
    info: Option<Text>,
    tap_event: Option<TapEvent>,
    is_declined: bool,
}

impl Plan {
    /// The longest label, in bytes: Wireshark cuts one of 240, and puts `[truncated]` before it.
    const LABEL: usize = 239;

    /// Buffers larger than this are not kept for the next packet. Bytes.
    const KEPT: usize = 64 * 1024;

    /// Removes everything, and keeps the memory.
    pub fn clear(&mut self) {
        self.items.clear();
        self.texts.clear();
        self.items.shrink_to(Plan::KEPT / size_of::<Item>());
        self.texts.shrink_to(Plan::KEPT);
        (self.title, self.info, self.tap_event, self.is_declined) = (None, None, None, false);
    }

    /// Removes what is drawn; what a view learns from it stays.
    pub fn decline(&mut self) {
        self.items.clear();
        (self.title, self.info, self.is_declined) = (None, None, true);
    }

    /// Whether nothing is drawn, and a message is left to others: it may turn out to be the chat's.
    pub fn is_declined(&self) -> bool {
        self.is_declined
    }

    /// The lines, parents before their children, in the order in which they are drawn.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// All texts, each followed by a NUL, which none of them contains.
    pub fn texts(&self) -> &str {
        &self.texts
    }

    /// A text of this plan.
    pub fn text(&self, text: Text) -> &str {
        &self.texts[text.start..text.end]
    }

    /// The title of a message's tree.
    pub fn title(&self) -> Option<Text> {
        self.title
    }

    /// Gives each line without a label, findings and groups excepted, one that begins with its field's title in another language.
    pub fn label_all(&mut self, title: impl Fn(Field) -> &'static str) {
        for at in 0..self.items.len() {
            let Item { field, value, label, is_hidden, .. } = &self.items[at];
            let (Some(field), None, false) = (*field, *label, *is_hidden) else { continue };
            let shown = match *value {
                Value::Text(text) => text::line(self.text(text), Plan::LABEL).into_owned(),
                Value::Unsigned(number) => number.to_string(),
                Value::Boolean(truth) => if truth { "✓" } else { "✗" }.to_owned(),
                Value::Address(address) => address.to_string(),
                Value::Frame(frame) => frame.to_string(),
                Value::Duration(nanoseconds) => format!("{:.9} s", nanoseconds as f64 / 1e9),
                Value::Finding(..) | Value::Group(_) => continue,
            };
            let label = self.keep_label(&format!("{}: {shown}", title(field)));
            self.items[at].label = Some(label);
        }
    }

    /// The message as the Info column shows it, or what stands in it before the text of a handshake or ACK packet.
    pub fn info(&self) -> Option<Text> {
        self.info
    }

    /// Keeps a text that `write` appends to the buffer. U+FFFD stands for NUL.
    fn keep(&mut self, write: impl FnOnce(&mut String)) -> Text {
        let start = self.texts.len();
        write(&mut self.texts);
        if memchr::memchr(0, &self.texts.as_bytes()[start..]).is_some() {
            let clean = self.texts[start..].replace('\0', "\u{fffd}");
            self.texts.replace_range(start.., &clean);
        }
        let end = self.texts.len();
        self.texts.push('\0');
        Text { start, end }
    }

    /// Keeps a line as long as Wireshark displays it.
    fn keep_label(&mut self, label: &str) -> Text {
        match label.len() > Plan::LABEL {
            true => {
                let ends = 0..=Plan::LABEL - '…'.len_utf8();
                let end = ends.rev().find(|end| label.is_char_boundary(*end)).unwrap_or(0);
                self.keep_formatted(format_args!("{}…", &label[..end]))
            }
            false => self.keep(|texts| texts.push_str(label)),
        }
    }

    /// Keeps a formatted text.
    fn keep_formatted(&mut self, text: fmt::Arguments) -> Text {
        self.keep(|texts| {
            let _ = texts.write_fmt(text); // a String takes everything
        })
    }

    /// Sets the Info column's text, which `write` appends to the buffer it gets.
    pub fn set_info(&mut self, write: impl FnOnce(&mut String)) {
        self.info = Some(self.keep(write));
    }

    /// Sets the title of the message's tree to `head` and what `write` appends, and the Info column's text to the latter alone.
    pub fn set_title_and_info(&mut self, head: &str, write: impl FnOnce(&mut String)) {
        let title = self.keep(|text| {
            text.push_str(head);
            write(text);
        });
        self.title = Some(title);
        self.info = Some(Text { start: title.start + head.len(), end: title.end });
    }

    /// The event that a view learns of; `None` where none taps.
    pub fn tap_event(&self) -> Option<TapEvent> {
        self.tap_event
    }

    /// Sets the event that a view learns of. The problems are the findings that are in the plan by now.
    pub fn set_tap_event(&mut self, by: Side, text: &str) {
        let (mut problems, mut findings) = (Vec::new(), Findings::default());
        for item in &self.items {
            let Value::Finding(finding, sentence) = item.value else { continue };
            findings.add_early(finding);
            if finding.spec().severity >= Severity::Warning && finding.spec().later_pass == LaterPass::AddsNothing {
                problems.push(self.text(sentence));
            }
        }
        let problems = problems.join("\n");
        let text = self.keep(|kept| kept.push_str(text));
        let problems = self.keep(|kept| kept.push_str(&problems));
        self.tap_event = Some(TapEvent { by, text, problems, findings });
    }

    /// The lines of one tree, to add to them.
    pub fn tree(&mut self, layer: Layer, wanted: Wanted) -> Tree<'_> {
        Tree { plan: self, layer, wanted }
    }
}

/// The lines of one tree while they are added. A line that is not wanted is left out, and its children stand under its parent.
#[derive(Debug)]
pub struct Tree<'p> {
    plan: &'p mut Plan,
    layer: Layer,
    wanted: Wanted,
}

impl Tree<'_> {
    /// Whether a field is looked at: asked before a value is computed that takes work.
    pub fn wants(&self, field: Field) -> bool {
        self.wanted.field(field)
    }

    /// Adds a value under `parent`, or under the tree's root, and returns the place for children.
    pub fn value(&mut self, parent: Option<usize>, field: Field, value: Value) -> Option<usize> {
        if self.wants(field) { self.push(parent, Some(field), value, None) } else { parent }
    }

    /// Adds a value with a line of its own, which is put together only if it is displayed.
    pub fn labelled(
        &mut self,
        parent: Option<usize>,
        field: Field,
        value: Value,
        label: impl FnOnce() -> String,
    ) -> Option<usize> {
        if !self.wants(field) {
            return parent;
        }
        failpoint!("annotation");
        let at = self.push(parent, Some(field), value, None);
        if self.wanted.titles {
            let label = self.plan.keep_label(&label());
            if let Some(item) = at.and_then(|at| self.plan.items.get_mut(at)) {
                item.label = Some(label);
            }
        }
        at
    }

    /// Adds a text with a line of its own.
    pub fn labelled_text(
        &mut self,
        parent: Option<usize>,
        field: Field,
        text: &str,
        label: impl FnOnce() -> String,
    ) -> Option<usize> {
        if !self.wants(field) {
            return parent;
        }
        let text = self.plan.keep(|texts| texts.push_str(text));
        self.labelled(parent, field, Value::Text(text), label)
    }

    /// Adds a text that is displayed only if it says something new.
    pub fn text_if(
        &mut self,
        parent: Option<usize>,
        field: Field,
        text: &str,
        span: Option<Span>,
        is_new: bool,
    ) -> Option<usize> {
        if !self.wants(field) {
            return parent;
        }
        let item = self.text_at(parent, field, text, span);
        if let Some(item) = item.and_then(|at| self.plan.items.get_mut(at)) {
            item.is_hidden = !is_new;
        }
        item
    }

    /// Adds a text.
    pub fn text(&mut self, parent: Option<usize>, field: Field, text: &str) -> Option<usize> {
        self.text_at(parent, field, text, None)
    }

    /// Adds a text that highlights `span`.
    pub fn text_at(
        &mut self,
        parent: Option<usize>,
        field: Field,
        text: &str,
        span: impl Into<Option<Span>>,
    ) -> Option<usize> {
        if !self.wants(field) {
            return parent;
        }
        let text = self.plan.keep(|texts| texts.push_str(text));
        self.push(parent, Some(field), Value::Text(text), span.into())
    }

    /// Adds a text that is put together only if it is wanted.
    pub fn format(&mut self, parent: Option<usize>, field: Field, text: fmt::Arguments) -> Option<usize> {
        if !self.wants(field) {
            return parent;
        }
        let text = self.plan.keep_formatted(text);
        self.push(parent, Some(field), Value::Text(text), None)
    }

    /// Adds a field that groups its children, and may highlight `span`.
    pub fn group(
        &mut self,
        parent: Option<usize>,
        field: Field,
        title: &str,
        span: impl Into<Option<Span>>,
    ) -> Option<usize> {
        if !self.wants(field) {
            return parent;
        }
        let title = self.plan.keep(|texts| texts.push_str(title));
        self.push(parent, Some(field), Value::Group(title), span.into())
    }

    /// Adds an expert info on `parent`, or on the tree's root; `span` is what it highlights.
    pub fn finding(&mut self, parent: Option<usize>, finding: Finding, sentence: &str, span: Option<Span>) {
        let sentence = self.plan.keep(|texts| texts.push_str(sentence));
        self.push(parent, None, Value::Finding(finding, sentence), span);
    }

    /// Adds a line, wanted or not, and returns its place.
    fn push(&mut self, parent: Option<usize>, field: Option<Field>, value: Value, span: Option<Span>) -> Option<usize> {
        let layer = self.layer;
        self.plan.items.push(Item { layer, field, value, span, parent, label: None, is_hidden: false });
        Some(self.plan.items.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(field: Field) -> Wanted {
        Wanted { fields: 1 << field as u32, titles: false, info: false, tap_events: false }
    }

    #[test]
    fn what_is_not_wanted_is_left_out_and_its_children_stand_under_its_parent() {
        let mut plan = Plan::default();
        let mut tree = plan.tree(Layer::Message, only(Field::Note));
        let phase = tree.value(None, Field::Phase, Value::Unsigned(24));
        tree.text(phase, Field::Note, "a note");
        tree.format(phase, Field::Delivery, format_args!("{}", "a delivery"));
        let [note] = plan.items() else { panic!("{:?}", plan.items()) };
        assert_eq!((note.field, note.parent), (Some(Field::Note), None));
        let Value::Text(text) = note.value else { panic!("{note:?}") };
        assert_eq!(plan.text(text), "a note");
        assert_eq!(plan.texts(), "a note\0");
    }

    #[test]
    fn a_finding_is_kept_when_no_field_is_wanted() {
        let mut plan = Plan::default();
        let nothing = Wanted { fields: 0, titles: false, info: false, tap_events: false };
        plan.tree(Layer::Tcp, nothing).finding(None, Finding::NoDelivery, "nobody", None);
        assert_eq!(plan.items().len(), 1);
    }

    #[test]
    fn a_long_label_is_cut_where_wireshark_would_cut_it() {
        let mut plan = Plan::default();
        let mut tree = plan.tree(Layer::Tcp, Wanted::ALL);
        tree.labelled_text(None, Field::Note, "a note", || "ы".repeat(200));
        tree.labelled_text(None, Field::Note, "a note", || "a".repeat(Plan::LABEL));
        let labels: Vec<&str> = plan.items().iter().filter_map(|item| Some(plan.text(item.label?))).collect();
        assert_eq!(labels, [format!("{}…", "ы".repeat(118)), "a".repeat(Plan::LABEL)]);
    }

    #[test]
    fn a_nul_in_a_text_is_a_replacement_character() {
        let mut plan = Plan::default();
        plan.tree(Layer::Message, Wanted::ALL).text(None, Field::Content, "a\0b");
        assert_eq!(plan.texts(), "a\u{fffd}b\0");
    }

    #[test]
    fn the_info_column_is_the_title_without_its_head() {
        let mut plan = Plan::default();
        plan.set_title_and_info("head, ", |text| text.push_str("line"));
        let texts = [plan.title(), plan.info()].map(|text| text.map(|text| plan.text(text)));
        assert_eq!(texts, [Some("head, line"), Some("line")]);
    }

    #[test]
    fn a_cleared_plan_holds_nothing_and_no_large_buffer() {
        let mut plan = Plan::default();
        plan.tree(Layer::Message, Wanted::ALL).text(None, Field::Content, &"x".repeat(10 * Plan::KEPT));
        plan.set_info(|text| text.push('x'));
        plan.clear();
        assert_eq!((plan.items().len(), plan.texts(), plan.info()), (0, "", None));
        assert!(plan.texts.capacity() <= 2 * Plan::KEPT);
    }
}
