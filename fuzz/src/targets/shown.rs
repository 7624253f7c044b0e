//! What a packet or message shows, in a form that can be compared, and what must be true of every plan.

use workermanchat::annotation::{Item, Layer, Plan, Value};

/// The longest label that Wireshark does not cut, in bytes.
const LABEL: usize = 239;

/// What a packet or message shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The lines of all trees, each below the one it stands under.
    lines: Vec<String>,
    title: Option<String>,
    info: Option<String>,
}

impl Shown {
    /// What a plan shows; `length` is that of the message whose tree it draws, 0 of none.
    pub fn of(plan: &Plan, length: usize) -> Shown {
        check_plan(plan, length);
        let text = |text| plan.text(text).to_owned();
        let lines = plan.items().iter().map(|item| line(plan, item)).collect();
        Shown { lines, title: plan.title().map(text), info: plan.info().map(text) }
    }

    /// Panics unless `later` shows all of it, in the same order.
    pub fn assert_only_added_to(&self, later: Option<&Shown>, what: &str) {
        let Some(later) = later else { panic!("{what} shows nothing later, but first {self:#?}") };
        assert_eq!((&self.title, &self.info), (&later.title, &later.info), "{what}");
        let mut lines = later.lines.iter();
        for line in &self.lines {
            assert!(lines.any(|other| other == line), "{what}: later, {line} is missing:\n{self:#?}\n{later:#?}");
        }
    }
}

/// A line with the titles of those above it.
fn line(plan: &Plan, item: &Item) -> String {
    let value = match item.value {
        Value::Text(text) => format!("{:?}", plan.text(text)),
        Value::Finding(finding, text) => format!("{finding:?} {:?}", plan.text(text)),
        Value::Group(text) => format!("({})", plan.text(text)),
        value => format!("{value:?}"),
    };
    let label = item.label.map(|label| plan.text(label));
    let own = format!("{:?} {value} {:?} {label:?} {}", item.field, item.span, item.is_hidden);
    let above = item.parent.and_then(|at| plan.items()[at].field);
    format!("{:?}, below {above:?}: {own}", item.layer)
}

/// What drawing relies on: parents before their children, in one tree; spans within the message; texts of one line where they are
/// displayed as one, and none with a NUL.
fn check_plan(plan: &Plan, length: usize) {
    for (at, item) in plan.items().iter().enumerate() {
        if let Some(parent) = item.parent {
            assert!(parent < at && plan.items()[parent].layer == item.layer, "the parent of {item:?}");
        }
        if let Some(span) = &item.span {
            assert!(item.layer == Layer::Message, "{item:?} highlights no message's bytes");
            assert!(span.start <= span.end && span.end <= length, "{item:?} highlights bytes beyond {length}");
        }
        let label = item.label.map(|label| plan.text(label)).unwrap_or_default();
        assert!(label.len() <= LABEL && !label.contains(char::is_control), "the label {label:?}");
        if let Value::Finding(_, sentence) = item.value {
            let sentence = plan.text(sentence);
            assert!(!sentence.is_empty() && !sentence.contains(char::is_control), "the finding {sentence:?}");
        }
    }
    let ends = plan.items().iter().flat_map(texts).chain(plan.title()).chain(plan.info());
    ends.for_each(|text| assert!(!plan.text(text).contains('\0')));
    for line in plan.title().into_iter().chain(plan.info()) {
        assert!(!plan.text(line).contains(char::is_control), "the line {:?}", plan.text(line));
    }
}

fn texts(item: &Item) -> impl Iterator<Item = workermanchat::annotation::Text> + use<> {
    let value = match item.value {
        Value::Text(text) | Value::Finding(_, text) | Value::Group(text) => Some(text),
        _ => None,
    };
    value.into_iter().chain(item.label)
}
