//! Which dialect a message is in, and what it proves about the application that sent it: its members are compared with the table's.

use super::json::{Document, Fault, Reason, Value};
use super::table::{Dialect, ENOUGH, Form, Key, Kind, MemberName, Shape, Type};

/// How strongly a message indicates that the application that sent it is the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// Its members are those of one of the dialects, to the last one: this message alone proves the chat.
    Dialect,
    /// A message of the chat as far as it goes, or a cut or faulted one whose readable members are: enough where the chat is
    /// expected, on a configured port.
    Likely,
    /// Not an object, without a `type`, or with members that the chat never sends with this `type`.
    Foreign,
    /// Indicates neither the chat nor another application: an unknown `type`, or a known one without any member.
    Unknown,
}

/// The result of comparing a message's members, one by one, with those that such a message has in each dialect.
pub(super) struct Subject<'a> {
    document: &'a Document<'a>,
    form: Option<&'static Form>,
    has_type: bool,
    /// Whether there are members but `type`.
    has_members: bool,
    /// The shapes that all members fit which some shape knows; those that no dialect knows say nothing.
    agreeing: Shapes,
    /// The shapes that all members fit.
    fitting: Shapes,
    /// A bit for each name that was seen.
    seen: u16,
    /// Whether a name was seen twice.
    twice: bool,
    /// The sum of the members' weights that some shape knows.
    weight: usize,
    /// Whether all members have names that some shape knows, whatever their values.
    all_names_known: bool,
}

/// A bit for each shape of a form.
type Shapes = u8;

impl<'a> Subject<'a> {
    /// `type_name` is the value of `type`, where it is a string; `form` is the table's row for it.
    pub(super) fn new(document: &'a Document, form: Option<&'static Form>, type_name: Option<&str>) -> Subject<'a> {
        let has_type = type_name.is_some();
        let mut subject = Subject {
            document,
            form,
            has_type,
            has_members: false,
            agreeing: 0,
            fitting: 0,
            seen: 0,
            twice: false,
            weight: 0,
            all_names_known: true,
        };
        let meant = subject.shapes_that(|shape| type_name.is_some_and(|name| shape.goes_by(name)));
        (subject.agreeing, subject.fitting) = (meant, meant);
        subject.look_at_members(meant);
        subject.look_at_pending(meant);
        subject
    }

    fn shapes_that(&self, is_one: impl Fn(&Shape) -> bool) -> Shapes {
        let shapes = self.form.map_or(&[][..], |form| form.shapes);
        shapes.iter().enumerate().fold(0, |all, (at, shape)| all | Shapes::from(is_one(shape)) << at)
    }

    fn look_at_members(&mut self, meant: Shapes) {
        for member in &self.document.members {
            let key = MemberName::of_key(&member.key.text);
            if key.is_some_and(|key| key.name == MemberName::Type) {
                continue;
            }
            self.has_members = true;
            let Some((key, named)) =
                key.map(|key| (key, meant & self.shapes_with(key))).filter(|(_, named)| *named != 0)
            else {
                self.all_names_known = false;
                self.fitting = 0;
                continue;
            };
            let fitting = named & self.shapes_fitting(key, &member.value);
            if fitting != 0 {
                self.agreeing &= fitting;
                self.weight += key.weight;
            }
            self.fitting &= fitting;
            let bit = 1 << key.name as u16;
            self.twice |= self.seen & bit != 0;
            self.seen |= bit;
        }
    }

    /// The member that the fault broke off has a name, but no value.
    fn look_at_pending(&mut self, meant: Shapes) {
        let Some(pending) = &self.document.pending else {
            return;
        };
        match MemberName::of_key(&pending.text).map(|key| (key, meant & self.shapes_with(key))) {
            Some((key, named)) if named != 0 => {
                self.agreeing &= named;
                self.weight += key.weight;
            }
            _ => self.all_names_known = false,
        }
    }

    /// The shapes that have a member of this key and value. Dialects agree about most members, so the value is compared only
    /// where the type is another than in the dialect before.
    fn shapes_fitting(&self, key: Key, value: &Value) -> Shapes {
        let mut before: Option<(Type, bool)> = None;
        let shapes = self.form.map_or(&[][..], |form| form.shapes);
        shapes.iter().enumerate().fold(0, |all, (at, shape)| {
            let Some(of) = shape.type_of(key) else {
                return all;
            };
            let known = before.filter(|(before, _)| *before == of).map(|(_, fits)| fits);
            let fits = known.unwrap_or_else(|| of.fits(value, self.document));
            before = Some((of, fits));
            all | Shapes::from(fits) << at
        })
    }

    fn shapes_with(&self, key: Key) -> Shapes {
        self.shapes_that(|shape| shape.type_of(key).is_some())
    }

    /// The only dialect that the members of the message agree with.
    pub(super) fn dialect(&self) -> Option<Dialect> {
        let shape = self.form?.shapes.get(self.agreeing.trailing_zeros() as usize)?;
        (self.agreeing.count_ones() == 1).then_some(shape.dialect)
    }

    pub(super) fn evidence(&self) -> Evidence {
        let Some(form) = self.form else {
            return if self.is_foreign() { Evidence::Foreign } else { Evidence::Unknown };
        };
        if self.is_foreign() {
            Evidence::Foreign
        } else if self.proves() {
            Evidence::Dialect
        } else if !self.has_members && self.document.pending.is_none() {
            self.likelihood_of_type_alone(form)
        } else {
            self.likelihood_of_members()
        }
    }

    /// Whether the message has every member that it must have in some dialect and none that it cannot have.
    fn proves(&self) -> bool {
        let has = |name: MemberName| self.seen & 1 << name as u16 != 0;
        let proving = self.shapes_that(|shape| shape.distinctive && shape.proving().all(has));
        self.document.fault.is_none() && !self.twice && self.fitting & proving != 0
    }

    /// Not an object, or an object without a `type`, unless the fault may have hidden it.
    fn is_foreign(&self) -> bool {
        match self.document.fault.as_ref().map(|fault| fault.reason) {
            Some(Reason::Empty | Reason::NotAnObject) => true,
            Some(_) => !self.has_type && !self.has_members,
            None => !self.has_type,
        }
    }

    /// Of a message of a known kind that has, or shows, no other member. A heartbeat has none.
    fn likelihood_of_type_alone(&self, form: &Form) -> Evidence {
        match &self.document.fault {
            None if matches!(form.kind, Kind::Ping | Kind::Pong) => Evidence::Likely,
            Some(fault) if self.is_cut_short(fault) => Evidence::Likely,
            _ => Evidence::Unknown,
        }
    }

    /// Whether the message ends before its time, as in a capture with a snapshot length, and not in a name that it does not
    /// have.
    fn is_cut_short(&self, fault: &Fault) -> bool {
        match fault.reason {
            Reason::UnexpectedEnd => true,
            Reason::UnterminatedString => {
                let begun = &self.document.bytes[fault.span.start + 1..];
                let goes_on = |shape: &Shape| {
                    let mut keys = shape.members.iter().map(|(name, ..)| name.key(Some(shape.dialect)));
                    keys.any(|key| key.as_bytes().starts_with(begun))
                };
                // All members are those of `type`, so every shape that is meant still agrees.
                self.agreeing & self.shapes_that(goes_on) != 0
            }
            _ => false,
        }
    }

    /// Weighs the members of a message of a known kind: those that only this chat has are enough; common ones are when there
    /// are no members of other names, or when they are many.
    fn likelihood_of_members(&self) -> Evidence {
        let is_likely = self.weight >= ENOUGH || self.weight > 0 && self.all_names_known;
        if is_likely { Evidence::Likely } else { Evidence::Foreign }
    }
}
