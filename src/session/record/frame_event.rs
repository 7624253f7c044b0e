//! What happened in single frames below their messages, in few bytes: a connection has about as many of these as packets.

use crate::event::{Closing, Completion, Event, Reset};
use crate::packet::{Frame, Side};
use crate::session::storage::texts::{TextId, Texts};

/// Something sent whose acknowledgment is an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// A request to upgrade to WebSocket.
    UpgradeRequest,
    /// A 101 that the browser accepts.
    UpgradeResponse,
    /// Any other answer to an upgrade request.
    Refusal,
    /// A WebSocket message.
    Message,
    /// A FIN.
    Fin,
}

/// A handshake request or response, or a message, that a frame is the first to acknowledge as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgment {
    /// The frame that carried its last byte.
    pub frame: Frame,
    /// What it is.
    pub of: Sent,
    /// Whether the acknowledgment is an event of its own: its segment has no payload.
    pub is_event: bool,
    /// Messages of that frame are not acknowledged yet.
    pub is_part: bool,
}

/// Something that happened in a frame below its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The frame.
    pub frame: Frame,
    /// The frame or the text that belongs to it; 0 for none.
    argument: u32,
    /// An HTTP status or a close code.
    code: u16,
    kind: Kind,
    /// See [`BY_SERVER`] and [`NAMED`].
    flags: u8,
}

/// Of an event: the server sent the segment. Of an acknowledgment: it is an event of its own.
const BY_SERVER: u8 = 1;
/// The connection's user was known when it was first seen.
const NAMED: u8 = 2;

/// What happened. Of those with a frame, the argument is its number; of the others, it is a text's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Syn,
    SynAgain,
    SynAck,
    SynAckAgain,
    Established,
    Fin,
    FinAcked,
    ResetRefused,
    ResetAfterFins,
    ResetOpen,
    ResetUnknown,
    UpgradeRequest,
    UpgradeAccepted,
    UpgradeMisaccepted,
    UpgradeRefused,
    Close,
    CloseReply,
    CloseWithoutCode,
    CloseReplyWithoutCode,
    Acknowledgment(Sent),
    AcknowledgmentOfPart,
    Completes(Completion),
}

impl Mark {
    /// Of an event and who sent it. `None` for a message's event, and for those that acknowledgments are.
    pub fn of(frame: Frame, event: &Event<TextId>, by: Side, texts: &mut Texts) -> Option<Mark> {
        let (mut argument, mut code) = (0, 0);
        let mut close = |closing: &Closing, is_reply| {
            argument =
                TextId::pack(Some(&*closing.reason).filter(|reason| !reason.is_empty()).map(|text| texts.intern(text)));
            code = closing.code.unwrap_or_default();
            match (closing.code, is_reply) {
                (Some(_), false) => Kind::Close,
                (Some(_), true) => Kind::CloseReply,
                (None, false) => Kind::CloseWithoutCode,
                (None, true) => Kind::CloseReplyWithoutCode,
            }
        };
        let kind = match event {
            Event::Syn => Kind::Syn,
            Event::SynAgain(first) => {
                argument = first.number();
                Kind::SynAgain
            }
            Event::SynAck => Kind::SynAck,
            Event::SynAckAgain(first) => {
                argument = first.number();
                Kind::SynAckAgain
            }
            Event::Established => Kind::Established,
            Event::Fin => Kind::Fin,
            Event::FinAcked => Kind::FinAcked,
            Event::Reset(Reset::Refused) => Kind::ResetRefused,
            Event::Reset(Reset::AfterFins) => Kind::ResetAfterFins,
            Event::Reset(Reset::Open) => Kind::ResetOpen,
            Event::Reset(Reset::Unknown) => Kind::ResetUnknown,
            Event::UpgradeRequest => Kind::UpgradeRequest,
            Event::UpgradeAccepted => Kind::UpgradeAccepted,
            Event::UpgradeMisaccepted => Kind::UpgradeMisaccepted,
            Event::UpgradeRefused(status) => {
                code = *status;
                Kind::UpgradeRefused
            }
            Event::Close(closing) => close(closing, false),
            Event::CloseReply(closing) => close(closing, true),
            Event::UpgradeRequestAcked(_) | Event::UpgradeComplete(_) | Event::MessagesAcked(_) => return None,
            Event::LoginRequest { .. }
            | Event::UserList { .. }
            | Event::LoginResult(_)
            | Event::LoginNotification(_)
            | Event::SayRequest(_)
            | Event::SayDelivery(_)
            | Event::LogoutNotification(_)
            | Event::Ping(_)
            | Event::Pong(_)
            | Event::Unknown { .. } => return None,
        };
        Some(Mark { frame, argument, code, kind, flags: if by == Side::Server { BY_SERVER } else { 0 } })
    }

    /// Of an acknowledgment.
    pub fn acknowledgment(frame: Frame, ack: Acknowledgment) -> Mark {
        let flags = if ack.is_event { BY_SERVER } else { 0 };
        let kind = if ack.is_part { Kind::AcknowledgmentOfPart } else { Kind::Acknowledgment(ack.of) };
        Mark { frame, argument: ack.frame.number(), code: 0, kind, flags }
    }

    /// Of the exchange that this frame completes, and the frame that began it.
    pub fn completes(frame: Frame, completion: Completion, began: Frame) -> Mark {
        Mark { frame, argument: began.number(), code: 0, kind: Kind::Completes(completion), flags: 0 }
    }

    /// The same where it was known who the connection's user is, or not.
    pub fn named(self, is_named: bool) -> Mark {
        Mark { flags: self.flags | if is_named { NAMED } else { 0 }, ..self }
    }

    /// Whether the connection's user was known when it was first seen.
    pub fn is_named(&self) -> bool {
        self.flags & NAMED != 0
    }

    fn argument_frame(&self) -> Frame {
        Frame::of(self.argument)
    }

    /// The exchange that the frame completes, and the frame that began it.
    pub fn as_completion(&self) -> Option<(Completion, Frame)> {
        match self.kind {
            Kind::Completes(completion) => Some((completion, self.argument_frame())),
            _ => None,
        }
    }

    /// The event, and who sent it; `None` for an acknowledgment.
    pub fn event<'a>(&self, texts: &Texts) -> Option<(Event<&'a str>, Side)> {
        let argument = self.argument_frame();
        let event = match self.kind {
            Kind::Syn => Event::Syn,
            Kind::SynAgain => Event::SynAgain(argument),
            Kind::SynAck => Event::SynAck,
            Kind::SynAckAgain => Event::SynAckAgain(argument),
            Kind::Established => Event::Established,
            Kind::Fin => Event::Fin,
            Kind::FinAcked => Event::FinAcked,
            Kind::ResetRefused => Event::Reset(Reset::Refused),
            Kind::ResetAfterFins => Event::Reset(Reset::AfterFins),
            Kind::ResetOpen => Event::Reset(Reset::Open),
            Kind::ResetUnknown => Event::Reset(Reset::Unknown),
            Kind::UpgradeRequest => Event::UpgradeRequest,
            Kind::UpgradeAccepted => Event::UpgradeAccepted,
            Kind::UpgradeMisaccepted => Event::UpgradeMisaccepted,
            Kind::UpgradeRefused => Event::UpgradeRefused(self.code),
            Kind::Close => Event::Close(self.closing(Some(self.code), texts)),
            Kind::CloseReply => Event::CloseReply(self.closing(Some(self.code), texts)),
            Kind::CloseWithoutCode => Event::Close(self.closing(None, texts)),
            Kind::CloseReplyWithoutCode => Event::CloseReply(self.closing(None, texts)),
            Kind::Acknowledgment(_) | Kind::AcknowledgmentOfPart | Kind::Completes(_) => return None,
        };
        Some((event, if self.flags & BY_SERVER != 0 { Side::Server } else { Side::Client }))
    }

    fn closing(&self, code: Option<u16>, texts: &Texts) -> Closing {
        let reason = TextId::unpack(self.argument).map(|reason| texts.get(reason)).unwrap_or_default();
        Closing { code, reason: reason.into() }
    }

    /// The acknowledgment; `None` for an event.
    pub fn as_acknowledgment(&self) -> Option<Acknowledgment> {
        let (frame, is_event) = (self.argument_frame(), self.flags & BY_SERVER != 0);
        match self.kind {
            Kind::Acknowledgment(of) => Some(Acknowledgment { frame, of, is_event, is_part: false }),
            Kind::AcknowledgmentOfPart => Some(Acknowledgment { frame, of: Sent::Message, is_event, is_part: true }),
            _ => None,
        }
    }

    /// The sides were guessed wrong.
    pub fn swap_sides(&mut self) {
        if self.as_acknowledgment().is_none() {
            self.flags ^= BY_SERVER;
        }
    }
}

/// Every kind, by its number in a [`PackedMark`].
const KINDS: [Kind; 29] = [
    Kind::Syn,
    Kind::SynAgain,
    Kind::SynAck,
    Kind::SynAckAgain,
    Kind::Established,
    Kind::Fin,
    Kind::FinAcked,
    Kind::ResetRefused,
    Kind::ResetAfterFins,
    Kind::ResetOpen,
    Kind::ResetUnknown,
    Kind::UpgradeRequest,
    Kind::UpgradeAccepted,
    Kind::UpgradeMisaccepted,
    Kind::UpgradeRefused,
    Kind::Close,
    Kind::CloseReply,
    Kind::CloseWithoutCode,
    Kind::CloseReplyWithoutCode,
    Kind::Acknowledgment(Sent::UpgradeRequest),
    Kind::Acknowledgment(Sent::UpgradeResponse),
    Kind::Acknowledgment(Sent::Refusal),
    Kind::Acknowledgment(Sent::Message),
    Kind::Acknowledgment(Sent::Fin),
    Kind::AcknowledgmentOfPart,
    Kind::Completes(Completion::Login),
    Kind::Completes(Completion::Say),
    Kind::Completes(Completion::Logout),
    Kind::Completes(Completion::Close),
];

/// A mark in 8 bytes: of a frame, how far away it is. One that does not fit (with a reason to close, or of a frame more than 16 million
/// frames away) is kept elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackedMark {
    /// The frame.
    pub frame: Frame,
    /// From the lowest bit on: the kind's number (5 bits), the flags (2), the code or the distance (25).
    bits: u32,
}

/// The kind's number of a mark that is kept elsewhere.
const ELSEWHERE: u32 = 31;

impl Kind {
    fn has_frame(self) -> bool {
        matches!(
            self,
            Kind::SynAgain
                | Kind::SynAckAgain
                | Kind::Acknowledgment(_)
                | Kind::AcknowledgmentOfPart
                | Kind::Completes(_)
        )
    }
}

impl PackedMark {
    /// `None` for a mark that does not fit.
    pub fn of(mark: &Mark) -> Option<PackedMark> {
        let distance = mark.frame.number().wrapping_sub(mark.argument) as i32;
        let value = match (mark.kind.has_frame(), mark.argument) {
            (true, _) => (distance << 1 ^ distance >> 31) as u32, // the sign last
            (false, 0) => u32::from(mark.code),
            (false, _) => return None,
        };
        let kind = KINDS.iter().position(|kind| *kind == mark.kind)? as u32;
        let fits = value < 1 << 25 && (distance << 1 >> 1 == distance || !mark.kind.has_frame());
        fits.then_some(PackedMark { frame: mark.frame, bits: kind | u32::from(mark.flags) << 5 | value << 7 })
    }

    /// Stands for the mark of this number elsewhere, below 2²⁵.
    pub fn elsewhere(frame: Frame, number: u32) -> PackedMark {
        PackedMark { frame, bits: ELSEWHERE | number << 7 }
    }

    /// Whether the connection's user was known when it was first seen.
    pub fn is_named(self) -> bool {
        self.bits & u32::from(NAMED) << 5 != 0
    }

    /// It was.
    pub fn set_named(&mut self) {
        self.bits |= u32::from(NAMED) << 5;
    }

    /// The mark, or else its number elsewhere.
    pub fn unpack(self) -> Result<Mark, u32> {
        let value = self.bits >> 7;
        let Some(kind) = KINDS.get((self.bits & 31) as usize).copied() else { return Err(value) };
        let distance = (value >> 1) ^ (value & 1).wrapping_neg();
        let (argument, code) = match kind.has_frame() {
            true => (self.frame.number().wrapping_sub(distance), 0),
            false => (0, value as u16),
        };
        Ok(Mark { frame: self.frame, argument, code, kind, flags: (self.bits >> 5 & 3) as u8 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A capture has as many of these as packets.
    #[test]
    fn a_mark_takes_eight_bytes_where_it_fits() {
        assert_eq!((size_of::<PackedMark>(), size_of::<Mark>()), (8, 16));
        let (near, far) = (40_000_000, u32::MAX);
        for kind in KINDS {
            for flags in 0..4 {
                let mark = |argument, code| Mark { frame: Frame::of(near), argument, code, kind, flags };
                let marks = match kind.has_frame() {
                    true => [near - 7, near, near + 7, 24_000_000, 56_000_000].map(|frame| mark(frame, 0)),
                    false => [0, 1, 1000, 0x8000, u16::MAX].map(|code| mark(0, code)),
                };
                for mark in marks {
                    assert_eq!(PackedMark::of(&mark).map(PackedMark::unpack), Some(Ok(mark)));
                }
                assert!([1, far].iter().all(|argument| PackedMark::of(&mark(*argument, 0)).is_none()));
            }
        }
        assert_eq!(PackedMark::elsewhere(Frame::of(1), 5).unpack(), Err(5));
    }
}
