//! What a packet or message shows, in a form that can be compared, and what must be true of every plan.

use std::fmt;
use workermanchat::annotation::{Item, Layer, Plan, Text, Value};
use workermanchat::fields::Field;

/// The longest label that Wireshark does not cut, in bytes.
const LABEL: usize = 239;

/// What a packet or message shows: its plan, which is used for the next packet.
#[derive(Clone, PartialEq)]
pub struct Shown {
    items: Vec<Item>,
    texts: String,
    title: Option<Text>,
    info: Option<Text>,
}

impl Shown {
    /// What a plan shows; `length` is that of the message whose tree it draws, 0 of none.
    pub fn of(plan: &Plan, length: usize) -> Shown {
        check_plan(plan, length);
        Shown { items: plan.items().to_vec(), texts: plan.texts().to_owned(), title: plan.title(), info: plan.info() }
    }

    /// Whether nothing is drawn: the plan is for the views alone.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.title.is_none() && self.info.is_none()
    }

    /// Panics unless `later` has all of its lines, in the same order.
    pub fn assert_only_added_to(&self, later: Option<&Shown>, what: &str) {
        let Some(later) = later else { panic!("{what} shows nothing later, but first {self:#?}") };
        if self == later {
            return;
        }
        self.assert_lines_in(later, what);
    }

    /// Panics unless each of its values is in one of `all` that are shown of the frame, in whichever tree.
    pub fn assert_values_in(&self, all: &[&Shown], what: &str) {
        for item in &self.items {
            let is_same = |shown: &&Shown| {
                let value = |shown: &Shown, item: &Item| shown.value(item);
                shown.items.iter().any(|other| other.field == item.field && value(shown, other) == value(self, item))
            };
            // How many phases and acknowledgments a note names shows later.
            let is_sentence = matches!(item.value, Value::Text(_)) && item.label.is_some();
            assert!(is_sentence || all.iter().any(is_same), "{what}: later, {item:?} is missing:\n{self:#?}\n{all:#?}");
        }
    }

    fn assert_lines_in(&self, later: &Shown, what: &str) {
        let mut others = 0..later.items.len();
        for at in 0..self.items.len() {
            let is_there = others.any(|other| self.is_said_by(at, later, other));
            assert!(is_there, "{what}: later, {} is missing:\n{self:#?}\n{later:#?}", self.line(at));
        }
    }

    /// Whether a line of `later` says what this one says. A sentence may name more.
    fn is_said_by(&self, at: usize, later: &Shown, other: usize) -> bool {
        let (own, others) = (self.parts(at), later.parts(other));
        let is_longer = is_within(&own.label, &others.label) && own.frame == others.frame;
        match self.items[at].field {
            Some(Field::Note) => {
                // A label of which the sentence does not fit ends earlier in it.
                let is_cut = own.frame == others.frame && others.label.ends_with('…');
                (is_longer || is_cut) && is_within(&own.value, &others.value)
            }
            // What is acknowledged first has the sentence; the rest is listed below it.
            Some(Field::Acks) => {
                let is_sentence = |at: usize| {
                    later.items[at].field == Some(Field::Acks) && is_within(&own.label, &later.parts(at).label)
                };
                let is_named = own.label.is_empty() || (0..later.items.len()).any(is_sentence);
                later.items[other].field == Some(Field::Acks) && own.value == others.value && is_named
            }
            _ => own == others,
        }
    }

    /// Panics unless `later` has the same title and the same text in the Info column.
    pub fn assert_same_columns(&self, later: Option<&Shown>, what: &str) {
        let columns =
            |shown: &Shown| [shown.title, shown.info].map(|text| text.map(|text| shown.text(text).to_owned()));
        assert_eq!(Some(columns(self)), later.map(columns), "{what}");
    }

    /// Panics unless `later` names all of its phases in the Info column, in the same order.
    pub fn assert_same_phases(&self, later: Option<&Shown>, what: &str) {
        let phases = |shown: &Shown| {
            let info = shown.info.map(|text| shown.text(text).trim_matches(['[', ']']).to_owned()).unwrap_or_default();
            info.split(", ").map(str::to_owned).filter(|phase| !phase.is_empty()).collect::<Vec<_>>()
        };
        let (first, later) = (phases(self), later.map(phases).unwrap_or_default());
        let mut others = later.iter();
        assert!(first.iter().all(|phase| others.any(|other| other == phase)), "{what}: {first:?}, but later {later:?}");
    }

    fn line(&self, at: usize) -> String {
        let Parts { frame, value, label } = self.parts(at);
        format!("{frame} {value} {label}")
    }

    fn parts(&self, at: usize) -> Parts {
        let item = &self.items[at];
        let above = item.parent.and_then(|at| self.items[at].field);
        let Item { layer, field, span, is_hidden, .. } = item;
        Parts {
            frame: format!("{layer:?}, below {above:?}: {field:?} {span:?} {is_hidden}"),
            value: self.value(item),
            label: item.label.map(|label| self.text(label).to_owned()).unwrap_or_default(),
        }
    }

    fn value(&self, item: &Item) -> String {
        match item.value {
            Value::Text(text) => format!("{:?}", self.text(text)),
            Value::Finding(finding, text) => format!("{finding:?} {:?}", self.text(text)),
            Value::Group(text) => format!("({})", self.text(text)),
            value => format!("{value:?}"),
        }
    }

    fn text(&self, text: Text) -> &str {
        self.texts[text.start()..].split('\0').next().unwrap_or_default()
    }
}

/// A line.
#[derive(PartialEq)]
struct Parts {
    /// Where it stands, with the field of the line above, and what it highlights.
    frame: String,
    value: String,
    label: String,
}

/// Whether a text has all characters of another in their order.
fn is_within(text: &str, other: &str) -> bool {
    let mut others = other.chars();
    text.chars().all(|character| others.any(|other| other == character))
}

impl fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let columns = [self.title, self.info].map(|text| text.map(|text| self.text(text)));
        writeln!(formatter, "{columns:?}")?;
        (0..self.items.len()).try_for_each(|at| writeln!(formatter, "    {}", self.line(at)))
    }
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

fn texts(item: &Item) -> impl Iterator<Item = Text> + use<> {
    let value = match item.value {
        Value::Text(text) | Value::Finding(_, text) | Value::Group(text) => Some(text),
        _ => None,
    };
    value.into_iter().chain(item.label)
}
