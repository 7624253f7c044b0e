//! What happened in single frames below their messages, in few bytes: a connection has about as many of these as packets.

use crate::event::{Closing, Completion, FrameEvent, Reset, Sent};
use crate::packet::{Frame, Side};
use crate::storage::texts::{TextId, Texts};
use crate::websocket::frame::Irregular;

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
    code: Option<u16>,
    kind: Kind,
    /// See [`BY_SERVER`] and [`NAMED`].
    flags: u8,
}

/// Of an event: the server sent the segment. Of an acknowledgment: it is an event of its own. Of a completion: nobody else had to be told.
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
    Reset(Reset),
    UpgradeRequest,
    UpgradeAccepted,
    UpgradeMisaccepted,
    UpgradeWithoutSubprotocol,
    UpgradeRefused,
    Close,
    CloseReply,
    Acknowledgment(Sent),
    AcknowledgmentOfPart,
    Completes(Completion),
    Irregular,
}

impl Mark {
    /// Of an event and who sent it. `None` for those that acknowledgments are.
    pub fn of<T>(frame: Frame, event: &FrameEvent<T>, by: Side, texts: &mut Texts) -> Option<Mark> {
        let (mut argument, mut code) = (0, None);
        let kind = match event {
            FrameEvent::Syn => Kind::Syn,
            FrameEvent::SynAck => Kind::SynAck,
            FrameEvent::SynAgain(first) | FrameEvent::SynAckAgain(first) => {
                argument = first.number();
                if matches!(event, FrameEvent::SynAgain(_)) { Kind::SynAgain } else { Kind::SynAckAgain }
            }
            FrameEvent::Established => Kind::Established,
            FrameEvent::Fin => Kind::Fin,
            FrameEvent::FinAcked => Kind::FinAcked,
            FrameEvent::Reset(reset) => Kind::Reset(*reset),
            FrameEvent::UpgradeRequest => Kind::UpgradeRequest,
            FrameEvent::UpgradeAccepted => Kind::UpgradeAccepted,
            FrameEvent::UpgradeMisaccepted => Kind::UpgradeMisaccepted,
            FrameEvent::UpgradeWithoutSubprotocol => Kind::UpgradeWithoutSubprotocol,
            FrameEvent::UpgradeRefused(status) => {
                code = Some(*status);
                Kind::UpgradeRefused
            }
            FrameEvent::Close(Closing { code: sent, reason })
            | FrameEvent::CloseReply(Closing { code: sent, reason }) => {
                code = *sent;
                argument = TextId::pack((!reason.is_empty()).then(|| texts.intern(reason)));
                if matches!(event, FrameEvent::Close(_)) { Kind::Close } else { Kind::CloseReply }
            }
            FrameEvent::UpgradeRequestAcked(_) | FrameEvent::UpgradeComplete(_) | FrameEvent::MessagesAcked(_) => {
                return None;
            }
        };
        Some(Mark { frame, argument, code, kind, flags: if by == Side::Server { BY_SERVER } else { 0 } })
    }

    /// Of an acknowledgment.
    pub fn acknowledgment(frame: Frame, ack: Acknowledgment) -> Mark {
        let flags = if ack.is_event { BY_SERVER } else { 0 };
        let kind = if ack.is_part { Kind::AcknowledgmentOfPart } else { Kind::Acknowledgment(ack.of) };
        Mark { frame, argument: ack.frame.number(), code: None, kind, flags }
    }

    /// Of the exchange that this frame completes, and which one: the frame that began it or, of a say, its number.
    pub fn completes(frame: Frame, completion: Completion, which: u32) -> Mark {
        Mark { frame, argument: which, code: None, kind: Kind::Completes(completion), flags: 0 }
    }

    /// Says that nobody had to be told of what is complete but who did it.
    pub fn alone(self, is_alone: bool) -> Mark {
        Mark { flags: self.flags | if is_alone { BY_SERVER } else { 0 }, ..self }
    }

    /// Whether nobody had to be told of what is complete but who did it.
    pub fn is_alone(&self) -> bool {
        self.flags & BY_SERVER != 0
    }

    /// Of a WebSocket frame that RFC 6455 does not allow.
    pub fn irregular(frame: Frame, by: Side, what: Irregular) -> Mark {
        let flags = if by == Side::Server { BY_SERVER } else { 0 };
        Mark { frame, argument: 0, code: Some(what as u16), kind: Kind::Irregular, flags }
    }

    /// Says whether it was known who the connection's user is.
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

    /// The exchange that the frame completes, and which one, as in [`Mark::completes`].
    pub fn as_completion(&self) -> Option<(Completion, u32)> {
        let Kind::Completes(completion) = self.kind else { return None };
        Some((completion, self.argument))
    }

    /// The event, and who sent it; `None` for an acknowledgment.
    pub fn event<'a>(&self, texts: &Texts) -> Option<(FrameEvent<&'a str>, Side)> {
        let event = match self.kind {
            Kind::Syn => FrameEvent::Syn,
            Kind::SynAgain => FrameEvent::SynAgain(self.argument_frame()),
            Kind::SynAck => FrameEvent::SynAck,
            Kind::SynAckAgain => FrameEvent::SynAckAgain(self.argument_frame()),
            Kind::Established => FrameEvent::Established,
            Kind::Fin => FrameEvent::Fin,
            Kind::FinAcked => FrameEvent::FinAcked,
            Kind::Reset(reset) => FrameEvent::Reset(reset),
            Kind::UpgradeRequest => FrameEvent::UpgradeRequest,
            Kind::UpgradeAccepted => FrameEvent::UpgradeAccepted,
            Kind::UpgradeMisaccepted => FrameEvent::UpgradeMisaccepted,
            Kind::UpgradeWithoutSubprotocol => FrameEvent::UpgradeWithoutSubprotocol,
            Kind::UpgradeRefused => FrameEvent::UpgradeRefused(self.code.unwrap_or_default()),
            Kind::Close => FrameEvent::Close(self.closing(texts)),
            Kind::CloseReply => FrameEvent::CloseReply(self.closing(texts)),
            Kind::Acknowledgment(_) | Kind::AcknowledgmentOfPart | Kind::Completes(_) | Kind::Irregular => return None,
        };
        Some((event, self.by()))
    }

    fn by(&self) -> Side {
        if self.flags & BY_SERVER != 0 { Side::Server } else { Side::Client }
    }

    /// What a side's WebSocket frame has that RFC 6455 does not allow; `None` for anything else.
    pub fn as_irregular(&self) -> Option<(Irregular, Side)> {
        let what = self.code.filter(|_| self.kind == Kind::Irregular)?;
        Irregular::ALL.get(usize::from(what)).map(|what| (*what, self.by()))
    }

    fn closing(&self, texts: &Texts) -> Closing {
        let reason = TextId::unpack(self.argument).map(|reason| texts.get(reason)).unwrap_or_default();
        Closing { code: self.code, reason: reason.into() }
    }

    /// The acknowledgment; `None` for an event.
    pub fn as_acknowledgment(&self) -> Option<Acknowledgment> {
        let is_part = self.kind == Kind::AcknowledgmentOfPart;
        let of = if let Kind::Acknowledgment(of) = self.kind { Some(of) } else { is_part.then_some(Sent::Message) }?;
        Some(Acknowledgment { frame: self.argument_frame(), of, is_event: self.flags & BY_SERVER != 0, is_part })
    }

    /// Exchanges the sides, which were guessed wrong.
    pub fn swap_sides(&mut self) {
        if self.as_acknowledgment().is_none() && self.as_completion().is_none() {
            self.flags ^= BY_SERVER;
        }
    }
}

/// Makes `KINDS`, every kind by its number in a [`PackedMark`], and a match that does not compile without one of them.
macro_rules! kinds {
    ($($kind:ident $(($of:path))?,)*) => {
        const KINDS: &[Kind] = &[$(Kind::$kind $(($of))?),*];

        const _: fn(Kind) = |kind| match kind { $(Kind::$kind $(($of))? => {})* };
    };
}

kinds! {
    Syn,
    SynAgain,
    SynAck,
    SynAckAgain,
    Established,
    Fin,
    FinAcked,
    Reset(Reset::Refused),
    Reset(Reset::AfterFins),
    Reset(Reset::Open),
    Reset(Reset::Unknown),
    UpgradeRequest,
    UpgradeAccepted,
    UpgradeMisaccepted,
    UpgradeWithoutSubprotocol,
    UpgradeRefused,
    Close,
    CloseReply,
    Acknowledgment(Sent::UpgradeRequest),
    Acknowledgment(Sent::UpgradeResponse),
    Acknowledgment(Sent::Refusal),
    Acknowledgment(Sent::Message),
    Acknowledgment(Sent::Fin),
    AcknowledgmentOfPart,
    Completes(Completion::Login),
    Completes(Completion::Say),
    Completes(Completion::Logout),
    Completes(Completion::Close),
    Irregular,
}

const _: () = assert!(KINDS.len() <= ELSEWHERE as usize, "a kind's number has 5 bits");

/// A mark in 8 bytes: of a frame, how far away it is. One that does not fit (with a reason to close, or of a frame more than 16 million
/// frames away) is kept elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackedMark {
    /// The frame.
    pub frame: Frame,
    /// From the lowest bit on: the kind's number (5 bits), the flags (2), the code and one more or the distance (25).
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
            (false, 0) => mark.code.map_or(0, |code| u32::from(code) + 1),
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

    /// Says that the connection's user was known when it was first seen.
    pub fn set_named(&mut self) {
        self.bits |= u32::from(NAMED) << 5;
    }

    /// The mark, or else its number elsewhere.
    pub fn unpack(self) -> Result<Mark, u32> {
        let value = self.bits >> 7;
        let Some(kind) = KINDS.get((self.bits & 31) as usize).copied() else { return Err(value) };
        let distance = (value >> 1) ^ (value & 1).wrapping_neg();
        let (argument, code) = match kind.has_frame() {
            true => (self.frame.number().wrapping_sub(distance), None),
            false => (0, value.checked_sub(1).map(|code| code as u16)),
        };
        Ok(Mark { frame: self.frame, argument, code, kind, flags: (self.bits >> 5 & 3) as u8 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::frame_samples;
    use crate::fields::Phase;

    /// A capture has as many of these as packets.
    #[test]
    fn a_mark_takes_eight_bytes_where_it_fits() {
        assert_eq!((size_of::<PackedMark>(), size_of::<Mark>()), (8, 16));
        let (near, far) = (40_000_000, u32::MAX);
        for kind in KINDS.iter().copied() {
            for flags in 0..4 {
                let mark = Mark { frame: Frame::of(near), argument: 0, code: None, kind, flags };
                let marks = match kind.has_frame() {
                    true => {
                        [near - 7, near, near + 7, 24_000_000, 56_000_000].map(|argument| Mark { argument, ..mark })
                    }
                    false => {
                        [None, Some(0), Some(1000), Some(0x8000), Some(u16::MAX)].map(|code| Mark { code, ..mark })
                    }
                };
                for mark in marks {
                    assert_eq!(PackedMark::of(&mark).map(PackedMark::unpack), Some(Ok(mark)));
                }
                assert!([1, far].iter().all(|far| PackedMark::of(&Mark { argument: *far, ..mark }).is_none()));
            }
        }
        assert_eq!(PackedMark::elsewhere(Frame::of(1), 5).unpack(), Err(5));
    }

    #[test]
    fn a_mark_is_its_event() {
        let (mut texts, frame) = (Texts::default(), Frame::of(902));
        for event in frame_samples() {
            if matches!(event.phase(), Phase::UpgradeRequestAcked | Phase::UpgradeComplete | Phase::MessageAcked) {
                continue; // acknowledgments
            }
            for by in [Side::Client, Side::Server] {
                let mark = Mark::of(frame, &event, by, &mut texts).expect("an event of its own");
                assert_eq!(mark.event(&texts), Some((event.clone(), by)));
                let has_reason = texts.find("gone fishing").map(|reason| TextId::pack(Some(reason)));
                let packed = PackedMark::of(&mark).map(PackedMark::unpack);
                assert_eq!(packed, Some(Ok(mark)).filter(|_| has_reason != Some(mark.argument)));
            }
        }
    }
}
