//! What is to be shown, as plain data: the one thing that passes from the pure part to the part that draws.

use std::net::Ipv4Addr;

use crate::fields::{Field, Finding};
use crate::message::json::Span;
use crate::packet::Frame;

/// The tree an annotation is drawn in.
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

/// A value, in the form that its field's type ([`crate::fields::Type`]) requires.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string: `FT_STRING`.
    Text(String),
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
    Finding(Finding, String),
    /// A field that only groups its children, with the text it shows: `FT_NONE`.
    Group(String),
}

/// One line of a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The field shown; none for a finding, which is a field of its own.
    pub field: Option<Field>,
    /// What the line shows.
    pub value: Value,
    /// The bytes that it highlights, as offsets into the message; `None` for a line that stands for no bytes.
    pub span: Option<Span>,
    /// The item it stands under, by its place in the list; none for the tree's root.
    pub parent: Option<usize>,
}

/// The lines to draw in one tree, parents before their children.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    /// The tree.
    pub layer: Layer,
    /// The lines, in the order in which they are drawn. A line's index is its place for [`Item::parent`].
    pub items: Vec<Item>,
}

impl Annotation {
    /// An annotation without lines.
    pub fn new(layer: Layer) -> Self {
        Self { layer, items: Vec::new() }
    }

    /// Adds a line under `parent`, or under the tree's root, and returns its place.
    pub fn add(&mut self, parent: Option<usize>, field: Field, value: Value) -> usize {
        self.push(Item { field: Some(field), value, span: None, parent })
    }

    /// Adds a line that highlights `span`, and returns its place.
    pub fn add_at(&mut self, parent: Option<usize>, field: Field, value: Value, span: Span) -> usize {
        self.push(Item { field: Some(field), value, span: Some(span), parent })
    }

    /// Adds an expert info on `parent`, or on the tree's root; `span` is what it highlights.
    pub fn add_finding(&mut self, parent: Option<usize>, finding: Finding, sentence: String, span: Option<Span>) {
        self.push(Item { field: None, value: Value::Finding(finding, sentence), span, parent });
    }

    fn push(&mut self, item: Item) -> usize {
        self.items.push(item);
        self.items.len() - 1
    }
}
