//! Which dialect a message is in, and what it proves about the application that sent it: its members are compared with the table's.

use crate::packet::Side;

use super::json::{Fault, Member, Pending, Reason};
use super::own::{self, Document};
use super::table::{Dialect, ENOUGH, Form, Key, Kind, MemberName, Names, Shape, Shapes};

/// How strongly a message indicates that the application that sent it is the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// Its members are those of one of the dialects, to the last one, or several of them are and only a chat that is built from this one has them:
    /// this message alone proves the chat.
    Dialect,
    /// A message of the chat as far as it goes, or a cut or faulted one whose readable members are: enough where the chat is
    /// expected, on a configured port.
    Likely,
    /// Not an object, without a `type`, or with members that the chat never sends with this `type`.
    Foreign,
    /// Indicates neither the chat nor another application: an unknown `type`, or a known one without any member.
    Unknown,
}

/// The fault, if who gets the message takes it for one: not what is JSON, but no object, and so without a `type`.
pub(super) fn fault_of<'d>(document: &'d Document<'d>, sender: Side) -> Option<&'d Fault> {
    document.fault.as_ref().filter(|fault| match fault.reason {
        Reason::LoneSurrogate(_) => sender == Side::Client,
        Reason::NotAnObject => !is_json(document, fault),
        _ => true,
    })
}

/// Whether a document that is no object is JSON: nothing but space follows its value.
pub(super) fn is_json(document: &Document, fault: &Fault) -> bool {
    document.bytes[fault.span.end..].iter().all(|byte| b" \t\n\r".contains(byte))
}

/// The result of comparing a message's members, one by one, with those that such a message has in each dialect.
pub(super) struct Subject<'a> {
    document: &'a Document<'a>,
    sender: Side,
    form: Option<&'static Form>,
    has_type: bool,
    /// Whether there are members but `type`.
    has_members: bool,
    /// The shapes that all members fit which some shape knows; those that no dialect knows say nothing.
    agreeing: Shapes,
    /// The shapes that all members fit.
    fitting: Shapes,
    /// A bit for each name that was seen.
    seen: Names,
    /// Whether a name was seen twice.
    twice: bool,
    /// The sum of the members' weights that some shape knows.
    weight: u32,
    /// Whether all members have names that some shape knows, whatever their values.
    all_names_known: bool,
}

impl<'a> Subject<'a> {
    /// `type_name` is the value of `type`, where it is a string; `form` is the table's row for it.
    pub(super) fn new(
        document: &'a Document,
        sender: Side,
        form: Option<&'static Form>,
        type_name: Option<&str>,
    ) -> Subject<'a> {
        let has_type = type_name.is_some();
        let mut subject = Subject {
            document,
            sender,
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
        let meant = form.and_then(|form| Some(form.shapes_of(type_name?))).unwrap_or_default();
        (subject.agreeing, subject.fitting) = (meant, meant);
        document.stored().iter().for_each(|member| subject.look_at(member, meant));
        document.behind().for_each(|member| subject.look_at(&member, meant));
        subject.look_at_pending(meant);
        subject
    }

    fn look_at(&mut self, member: &Member, meant: Shapes) {
        let key = Key::of_tag(member.tag);
        if key.is_some_and(|key| key.name == MemberName::Type) {
            return;
        }
        self.has_members = true;
        let (named, fitting) = self.form.map_or((0, 0), |form| form.shapes_fitting(member, meant, self.document));
        let Some(key) = key.filter(|_| named != 0) else {
            self.all_names_known = false;
            self.fitting = 0;
            return;
        };
        if fitting != 0 {
            self.agreeing &= fitting;
            self.weight += u32::from(key.weight);
        }
        self.fitting &= fitting;
        self.twice |= self.seen & key.name.bit() != 0;
        self.seen |= key.name.bit();
    }

    /// The member that the fault broke off has a name, but no value.
    fn look_at_pending(&mut self, meant: Shapes) {
        let Some(Pending { tag, .. }) = self.document.pending else { return };
        let named = self.form.map_or(0, |form| form.shapes_with(tag, meant));
        match Key::of_tag(tag).filter(|_| named != 0) {
            Some(key) => {
                self.agreeing &= named;
                self.weight += u32::from(key.weight);
            }
            None => self.all_names_known = false,
        }
    }

    /// The only dialect that the members of the message agree with.
    pub(super) fn dialect(&self) -> Option<Dialect> {
        let shape = self.form?.shapes.get(self.agreeing.trailing_zeros() as usize)?;
        (self.agreeing.count_ones() == 1).then_some(shape.dialect)
    }

    /// Whether all members have names that the chat's messages of this kind have.
    pub(super) fn all_names_known(&self) -> bool {
        self.all_names_known
    }

    pub(super) fn evidence(&self) -> Evidence {
        let is_whole = self.has_type && self.document.fault.is_none();
        if is_whole
            && self.sender == Side::Server
            && (self.form.is_none() || !self.all_names_known)
            && self.is_of_derived()
        {
            return Evidence::Dialect;
        }
        let Some(form) = self.form else {
            return if self.is_foreign() { Evidence::Foreign } else { Evidence::Unknown };
        };
        if self.is_foreign() {
            Evidence::Foreign
        } else if self.proves(form) {
            Evidence::Dialect
        } else if !self.has_members && self.document.pending.is_none() {
            self.likelihood_of_type_alone(form)
        } else {
            self.likelihood_of_members()
        }
    }

    /// Whether the message has every member that it must have in some dialect and none that it cannot have.
    fn proves(&self, form: &Form) -> bool {
        fault_of(self.document, form.sender).is_none()
            && !self.twice
            && self.fitting & form.shapes_proved_by(self.seen) != 0
    }

    /// Whether several members that only this chat has, and chats that are built from it, have values as there: such a message is a server's.
    fn is_of_derived(&self) -> bool {
        const SEVERAL: u32 = 3;
        let mut names: Names = 0;
        for member in self.document.members() {
            let key = Key::of_tag(member.tag).filter(|key| key.weight == ENOUGH && Key::is_new(member.tag));
            names |= key.filter(|key| key.name.may_have(&member, self.document)).map_or(0, |key| key.name.bit());
        }
        names.count_ones() >= SEVERAL
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
            Some(fault) if self.is_cut_short(fault, form) => Evidence::Likely,
            _ => Evidence::Unknown,
        }
    }

    /// Whether the message ends before its time, as in a capture with a snapshot length, and not in a name that it does not
    /// have.
    fn is_cut_short(&self, fault: &Fault, form: &Form) -> bool {
        match fault.reason {
            Reason::UnexpectedEnd => true,
            Reason::UnterminatedString => {
                let begun = &self.document.bytes[fault.span.start + 1..];
                let goes_on = |_, shape: &Shape| {
                    let mut keys = shape.members.iter().map(|(name, ..)| name.key(Some(shape.dialect)));
                    keys.any(|key| key.as_bytes().starts_with(begun))
                };
                // All members are those of `type`, so every shape that is meant still agrees.
                self.agreeing & form.shapes_where(goes_on) != 0
            }
            _ => false,
        }
    }

    /// Weighs the members of a message of a known kind: those that only this chat has are enough; common ones are when there
    /// are no members of other names, or when they are many.
    fn likelihood_of_members(&self) -> Evidence {
        let is_likely = self.weight >= u32::from(ENOUGH) || self.weight > 0 && self.all_names_known;
        if is_likely { Evidence::Likely } else { Evidence::Foreign }
    }
}

/// How strongly a message of the user's own indicates the chat. Where the chat is expected, on a configured port, its `type` is enough. Elsewhere
/// it must have what it is for (a say a text, a login a user …) and another member that the table or the chat names, one of them a key of the user's or
/// one that only this chat has, and no fault.
pub(super) fn evidence_of_own(document: &Document, kind: Kind) -> Evidence {
    let (mut seen, mut is_distinctive) = (0, false);
    for member in document.members() {
        let Some(key) = Key::of_tag(member.tag).filter(|key| key.name != MemberName::Type) else { continue };
        seen |= own::name_in(key.name, Some(kind)).bit();
        is_distinctive |= key.is_own || key.weight >= ENOUGH;
    }
    let is_for_something = essential(kind).iter().any(|name| seen & name.bit() != 0);
    let proves = document.fault.is_none() && is_for_something && seen.count_ones() >= 2 && is_distinctive;
    if proves { Evidence::Dialect } else { Evidence::Likely }
}

/// Members of which such a message has one at least. A heartbeat has none.
fn essential(kind: Kind) -> &'static [MemberName] {
    use MemberName::{ClientId, ClientList, ClientName, Content, FromClientId, FromClientName};
    match kind {
        Kind::LoginRequest | Kind::Login => &[ClientName, ClientId],
        Kind::SayRequest | Kind::SayDelivery => &[Content],
        Kind::Logout => &[FromClientName, FromClientId],
        Kind::UserList => &[ClientList],
        Kind::Ping | Kind::Pong => &[],
    }
}
