//! What there is to show of a frame below its messages.

use super::context::{Context, Ends, ExchangeStep, User, add_step, user};
use crate::event::{Acked, Completed, Completion, Exchange, FrameEvent, MessageEvent, Received, Reset, Sent};
use crate::fields::Phase;
use crate::packet::{Frame, Position, Side};
use crate::session::connection::Connection;
use crate::session::ids::SayNumber;
use crate::session::record::Marks;
use crate::session::record::frame_event::Acknowledgment;
use crate::session::record::message::StoredMessage;
use crate::storage::texts::Texts;
use crate::upgrade::stored::{Handshake, StoredHandshake};
use crate::websocket::frame::Irregular;

/// A frame with what there is to show of it below its messages. What it holds is looked up when it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct FrameView<'a> {
    /// Its connection.
    pub connection: &'a Connection,
    frame: Frame,
    marks: Marks<'a>,
    /// Who sent the segment.
    by: Side,
    context: Context<'a>,
}

impl<'a> FrameView<'a> {
    /// Of a connection's frame, of which `by` sent the segment.
    pub(super) fn of(connection: &'a Connection, frame: Frame, by: Side, context: Context<'a>) -> FrameView<'a> {
        FrameView { connection, frame, by, marks: connection.records().marks(frame), context }
    }

    /// Whether there is anything to show of it.
    pub(super) fn is_shown(&self) -> bool {
        let mut marks = self.marks.iter();
        marks.any(|mark| mark.as_acknowledgment().is_none_or(|ack| is_shown(self.connection, ack)))
    }

    /// Whether anything happened in it below its messages, shown or not.
    pub(super) fn holds_marks(&self) -> bool {
        self.marks.iter().next().is_some()
    }

    /// Both ends at an event of the frame, and who the user was known to be then.
    pub fn ends(&self, event: &FrameEvent<&str>) -> Ends<'a> {
        // A SYN may be captured late, or beside another segment.
        let is_named = !event.is_opening() && self.marks.first_seen().any(|mark| mark.is_named());
        let user = self.connection.user_then(Position::end_of(self.frame)).filter(|_| is_named);
        self.context.ends(self.connection, user)
    }

    /// Who sent the segment.
    pub fn by(&self) -> Side {
        self.by
    }

    /// What an event of the frame has to do with which exchanges.
    pub fn steps(&self, event: &FrameEvent<&'a str>) -> Vec<ExchangeStep<'a>> {
        let mut steps: Vec<ExchangeStep> = match event.is_acknowledgment_of_more() {
            true => {
                let of_upgrade = !matches!(event, FrameEvent::MessagesAcked(_));
                let mut steps = self.acked_steps();
                steps.retain(|step| (step.exchange == Exchange::WebSocketHandshake) == of_upgrade);
                steps
            }
            false => self.step_of(event).into_iter().collect(),
        };
        self.complete(&mut steps);
        steps
    }

    /// What the frame has to do with the exchanges of what it acknowledges.
    pub fn acked_steps(&self) -> Vec<ExchangeStep<'a>> {
        let mut steps = Vec::new();
        let records = self.connection.records();
        let mut last = None;
        for ack in self.shown() {
            match ack.of {
                Sent::UpgradeRequest | Sent::UpgradeResponse | Sent::Refusal => {
                    let request = records.handshake(ack.frame).and_then(StoredHandshake::request);
                    let (began, exchange) = (request.unwrap_or(ack.frame), Exchange::WebSocketHandshake);
                    let is_complete = ack.of == Sent::UpgradeResponse;
                    add_step(&mut steps, ExchangeStep { began, exchange, is_complete });
                }
                Sent::Message if last.replace(ack.frame) != Some(ack.frame) => {
                    let messages = records.messages(ack.frame).iter().filter(|message| message.is_known());
                    // Of a part, the first is certain.
                    for message in messages.take(if ack.is_part { 1 } else { usize::MAX }) {
                        let is_pong = matches!(message.event(), Some(MessageEvent::Pong { .. })) && message.has_link();
                        let is_said = message.say().is_some_and(|say| self.completes_say(say));
                        for mut step in self.context.steps_of(self.connection, message) {
                            step.is_complete = is_pong || is_said;
                            add_step(&mut steps, step);
                        }
                    }
                }
                Sent::Message | Sent::Fin => {}
            }
        }
        steps
    }

    /// Of an event below the messages.
    fn step_of(&self, event: &FrameEvent<&'a str>) -> Option<ExchangeStep<'a>> {
        let began = match event {
            FrameEvent::UpgradeRequest => Some(self.frame),
            FrameEvent::UpgradeAccepted
            | FrameEvent::UpgradeMisaccepted
            | FrameEvent::UpgradeWithoutSubprotocol
            | FrameEvent::UpgradeRefused(_) => {
                let handshake = self.connection.records().handshake(self.frame);
                handshake.and_then(StoredHandshake::request).or(Some(self.frame))
            }
            FrameEvent::Fin
            | FrameEvent::FinAcked
            | FrameEvent::Close(_)
            | FrameEvent::CloseReply(_)
            | FrameEvent::Reset(Reset::AfterFins | Reset::Open | Reset::Unknown) => {
                self.connection.times().closing_since()
            }
            FrameEvent::Syn
            | FrameEvent::SynAgain(_)
            | FrameEvent::SynAck
            | FrameEvent::SynAckAgain(_)
            | FrameEvent::Established
            | FrameEvent::Reset(Reset::Refused) => self.connection.times().opened_in(),
            FrameEvent::UpgradeRequestAcked(_) | FrameEvent::UpgradeComplete(_) | FrameEvent::MessagesAcked(_) => None,
        }?;
        let is_complete = matches!(event, FrameEvent::Established);
        let user = self.ends(event).user;
        Some(ExchangeStep { began, exchange: event.exchange(user)?, is_complete })
    }

    /// Which of them are complete; of a say, its message tells, for a frame may hold several.
    pub(super) fn complete(&self, steps: &mut [ExchangeStep<'_>]) {
        let completions = self.marks.iter().filter_map(|mark| mark.as_completion());
        for (completion, began) in completions.filter(|(completion, _)| *completion != Completion::Say) {
            for step in steps.iter_mut() {
                step.is_complete |= step.began.number() == began && step.exchange.is_completed_by(completion);
            }
        }
    }

    fn completes_say(&self, say: SayNumber) -> bool {
        self.marks.iter().any(|mark| mark.as_completion() == Some((Completion::Say, say)))
    }

    /// The frame that began the exchange that it takes part in, the first of them.
    pub(super) fn began(&self) -> Option<Frame> {
        let mut of_events = self.events().into_iter().flat_map(|(event, _)| self.steps(&event));
        of_events.next().or_else(|| self.acked_steps().into_iter().next()).map(|step| step.began)
    }

    /// What it is the last packet of with this event; `None` where that is more than one thing.
    pub fn completes_with(&self, event: &FrameEvent<&'a str>) -> Option<Completed> {
        let mut completions = self.marks.first_seen().filter(|mark| mark.as_completion().is_some());
        let mark = completions.next().filter(|_| completions.next().is_none())?;
        let (what, which) = mark.as_completion()?;
        let acked = if let FrameEvent::MessagesAcked(acked) = event { Some(acked) } else { None };
        let is_so = match what {
            Completion::Login | Completion::Say => acked.is_some(),
            Completion::Close => matches!(event, FrameEvent::FinAcked),
            Completion::Logout => acked.is_some() || matches!(event, FrameEvent::FinAcked | FrameEvent::Reset(_)),
        };
        let frame = acked.filter(|acked| acked.len() > 1).and_then(|acked| {
            let mut frames = acked.iter().rev().map(|acked| acked.frame);
            frames.find(|frame| self.holds_part_of(*frame, what, which))
        });
        is_so.then_some(Completed { what, frame, is_alone: mark.is_alone() })
    }

    /// Whether a message of a frame is a part of what is complete, which is given as in its mark.
    fn holds_part_of(&self, frame: Frame, what: Completion, which: u32) -> bool {
        self.connection.records().messages(frame).iter().any(|message| match what {
            Completion::Say => message.say() == Some(which),
            Completion::Login | Completion::Logout | Completion::Close => {
                message.notifies() == Some((what, Frame::of(which)))
            }
        })
    }

    fn acknowledgments(&self) -> impl Iterator<Item = Acknowledgment> + use<'a> {
        self.marks.iter().filter_map(|mark| mark.as_acknowledgment())
    }

    /// What it acknowledges that is shown.
    fn shown(&self) -> impl Iterator<Item = Acknowledgment> + use<'a> {
        let connection = self.connection;
        self.acknowledgments().filter(move |ack| is_shown(connection, *ack))
    }

    /// What happened in it, and who did it, in the order of the phases.
    pub fn events(&self) -> Vec<(FrameEvent<&'a str>, Side)> {
        self.events_with(|| {
            let mut acked = self.acked();
            acked.retain(|acked| !matches!(acked.what, Received::UpgradeRequest | Received::UpgradeResponse));
            acked
        })
    }

    /// The phases alone, in their order.
    pub fn phases(&self) -> Vec<Phase> {
        self.events_with(Vec::new).into_iter().map(|(event, _)| event.phase()).collect()
    }

    /// `acked` makes the list of the acknowledged messages.
    fn events_with(&self, acked: impl Fn() -> Vec<Acked<&'a str>>) -> Vec<(FrameEvent<&'a str>, Side)> {
        let mut events: Vec<_> = self.marks.iter().filter_map(|mark| mark.event(self.context.texts)).collect();
        if self.acknowledgments().any(|ack| ack.is_event) {
            let acks = [Sent::UpgradeRequest, Sent::UpgradeResponse, Sent::Message];
            events.extend(acks.into_iter().filter_map(|of| self.ack_event(of, &acked)).map(|event| (event, self.by)));
        }
        if events.len() > 1 {
            events.sort_by_key(|(event, _)| event.phase());
        }
        events
    }

    /// The event that an acknowledgment is, if the segment has no payload.
    fn ack_event(&self, of: Sent, acked: &impl Fn() -> Vec<Acked<&'a str>>) -> Option<FrameEvent<&'a str>> {
        let first = self.acknowledgments().find(|ack| ack.is_event && ack.of == of)?;
        let mut first_shown = self.shown().map(|shown| shown.frame).filter(|frame| *frame == first.frame);
        match of {
            Sent::UpgradeRequest => first_shown.next().map(FrameEvent::UpgradeRequestAcked),
            Sent::UpgradeResponse => first_shown.next().map(FrameEvent::UpgradeComplete),
            Sent::Message => {
                let acks = self.marks.first_seen().filter_map(|mark| mark.as_acknowledgment());
                let mut of_messages = acks.filter(|ack| ack.of == Sent::Message);
                of_messages.any(|ack| is_shown(self.connection, ack)).then(|| FrameEvent::MessagesAcked(acked()))
            }
            Sent::Refusal | Sent::Fin => None,
        }
    }

    /// The handshakes and messages that it was known to acknowledge when it was first seen.
    pub fn acked(&self) -> Vec<Acked<&'a str>> {
        let (connection, texts) = (self.connection, self.context.texts);
        let acks = self.marks.first_seen().filter_map(|mark| mark.as_acknowledgment());
        let mut last = None;
        let frames = acks
            .filter(|ack| is_shown(connection, *ack))
            .filter(|ack| last.replace((ack.frame, ack.of)) != Some((ack.frame, ack.of)));
        let acked = frames.flat_map(|ack| -> Vec<Acked<&'a str>> {
            let frame = ack.frame;
            match ack.of {
                Sent::UpgradeRequest => vec![Acked { frame, what: Received::UpgradeRequest }],
                Sent::UpgradeResponse | Sent::Refusal => vec![Acked { frame, what: Received::UpgradeResponse }],
                Sent::Fin => Vec::new(),
                Sent::Message if ack.is_part => vec![Acked { frame, what: Received::SomeMessage }],
                Sent::Message => {
                    let messages = connection.records().messages(frame).iter();
                    let received = messages.filter_map(|message| received(message, texts));
                    received.map(|what| Acked { frame, what }).collect()
                }
            }
        });
        acked.collect()
    }

    /// The frames whose handshake request, response or message it is the first to acknowledge.
    pub fn acks(&self) -> impl Iterator<Item = Frame> + use<'a> {
        let mut last = None;
        self.shown().map(|ack| ack.frame).filter(move |frame| last.replace(*frame) != Some(*frame))
    }

    /// What its WebSocket frames have that RFC 6455 does not allow.
    pub fn irregular(&self) -> impl Iterator<Item = (Irregular, Side)> + use<'a> {
        self.marks.iter().filter_map(|mark| mark.as_irregular())
    }

    /// Whether one of its messages is the chat's.
    pub fn holds_message(&self) -> bool {
        self.connection.records().holds_message(self.frame)
    }

    /// The upgrade request or response that it carries.
    pub fn handshake(&self) -> Option<Handshake> {
        let records = self.connection.records();
        let handshake = records.handshake(self.frame)?;
        Some(handshake.handshake(records.asked(handshake), self.context.texts))
    }

    /// Whether it carries an upgrade request that the server had not answered when the connection ended.
    pub fn is_cut_off(&self) -> bool {
        self.connection.is_cut_off(self.frame)
    }

    /// Whether it carries a handshake that failed: refused, or answered with a wrong accept value or without a subprotocol.
    pub fn has_faulty_handshake(&self) -> bool {
        self.connection.records().handshake(self.frame).is_some_and(StoredHandshake::is_faulty)
    }

    /// The connection's user at this frame.
    pub fn user(&self) -> Option<User<'a>> {
        self.connection.identity(Position::end_of(self.frame)).map(|identity| user(identity, self.context.texts))
    }
}

/// What is acknowledged is shown where it is a handshake or a message of the chat, not where it is another application's.
fn is_shown(connection: &Connection, ack: Acknowledgment) -> bool {
    match ack.of {
        Sent::Message => connection.records().holds_message(ack.frame),
        Sent::UpgradeRequest | Sent::UpgradeResponse | Sent::Refusal | Sent::Fin => {
            connection.records().handshake(ack.frame).is_some()
        }
    }
}

/// What whoever acknowledges a message has received, as far as it was known when the message was first seen.
fn received<'a>(message: &StoredMessage, texts: &'a Texts) -> Option<Received<&'a str>> {
    let event = message.event_in(texts)?;
    Some(if message.was_certain() { Received::Message(event) } else { Received::SomeMessage })
}
