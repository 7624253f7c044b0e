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

/// A value as its field's type wants it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Unsigned(u32),
    Boolean(bool),
    Address(Ipv4Addr),
    /// A frame number, shown as a link.
    Frame(Frame),
    /// A relative time in nanoseconds.
    Duration(i64),
    /// Expert info, with the sentence that tells the user what it means.
    Finding(Finding, String),
    /// A field that only groups its children, with the text it shows.
    Group(String),
}

/// One line of a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The field shown; none for a finding, which is a field of its own.
    pub field: Option<Field>,
    pub value: Value,
    /// The bytes it highlights, in the message; none for what no byte says by itself.
    pub span: Option<Span>,
    /// The item it stands under, by its place in the list; none for the tree's root.
    pub parent: Option<usize>,
}

/// The lines to draw in one tree, parents before their children.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    pub layer: Layer,
    pub items: Vec<Item>,
}

impl Annotation {
    pub fn new(layer: Layer) -> Self {
        Self { layer, items: Vec::new() }
    }

    /// Adds a line under `parent` and returns its place.
    pub fn add(&mut self, parent: Option<usize>, field: Field, value: Value) -> usize {
        self.push(Item { field: Some(field), value, span: None, parent })
    }

    /// Adds a line that highlights `span`.
    pub fn add_at(&mut self, parent: Option<usize>, field: Field, value: Value, span: Span) -> usize {
        self.push(Item { field: Some(field), value, span: Some(span), parent })
    }

    /// Adds an expert info on `parent`.
    pub fn find(&mut self, parent: Option<usize>, finding: Finding, sentence: String, span: Option<Span>) {
        self.push(Item { field: None, value: Value::Finding(finding, sentence), span, parent });
    }

    fn push(&mut self, item: Item) -> usize {
        self.items.push(item);
        self.items.len() - 1
    }
}
