//! What the views of frames, messages and connections have in common: who is at the ends, and what belongs to which exchange.

use std::net::IpAddr;

use crate::event::Exchange;
use crate::packet::{Both, Endpoint, Frame};
use crate::session::connection::Connection;
use crate::session::connection::application::Identity;
use crate::session::record::message::StoredMessage;
use crate::session::say::Says;
use crate::storage::texts::Texts;

/// What the whole capture taught.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) says: &'a Says,
    pub(super) texts: &'a Texts,
    pub(super) capture_host: Option<IpAddr>,
}

/// Both ends of a connection at one packet.
#[derive(Debug, Clone, Copy)]
pub struct Ends<'a> {
    /// The browser's.
    pub client: Endpoint,
    /// The server's.
    pub server: Endpoint,
    /// The browser's user, where that was known when the packet was first seen.
    pub user: Option<&'a str>,
    /// Whether the ports alone do not say who they are.
    pub need_addresses: bool,
}

impl Ends<'_> {
    /// The addresses where they are needed; those of IPv6 in brackets.
    pub fn addresses(&self) -> Both<Option<String>> {
        Both { client: self.address(&self.client), server: self.address(&self.server) }
    }

    fn address(&self, end: &Endpoint) -> Option<String> {
        match end.ip().filter(|_| self.need_addresses)? {
            IpAddr::V4(address) => Some(address.to_string()),
            IpAddr::V6(address) => Some(format!("[{address}]")),
        }
    }
}

/// What a packet has to do with an exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct ExchangeStep<'a> {
    /// The frame that began it, or its first captured one.
    pub began: Frame,
    /// The heading over this packet.
    pub exchange: Exchange<&'a str>,
    /// Whether it is complete with this packet.
    pub is_complete: bool,
}

/// The user of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User<'a> {
    /// The name; empty for a user who has none.
    pub name: &'a str,
    /// The room's id, where there is one to show.
    pub room: Option<&'a str>,
}

impl ExchangeStep<'_> {
    /// Whether both are of one exchange, under one heading.
    pub fn is_same(&self, other: &ExchangeStep) -> bool {
        (self.began, &self.exchange) == (other.began, &other.exchange)
    }
}

impl<'a> Context<'a> {
    pub(super) fn ends(&self, connection: &Connection, user: Option<&Identity>) -> Ends<'a> {
        let (client, server) = (connection.client(), connection.server());
        let user = user.map(|identity| self.texts.get(identity.name)).filter(|name| !name.is_empty());
        let need_addresses = client.ip() != server.ip() || client.ip() != self.capture_host;
        Ends { client, server, user, need_addresses }
    }

    /// What a message is a part of, the same for its acknowledgment.
    pub(super) fn steps_of(&self, connection: &'a Connection, message: &StoredMessage) -> Vec<ExchangeStep<'a>> {
        let Some(event) = message.event_in(self.texts) else { return Vec::new() };
        let also = connection.records().began(message.position());
        let say = message.say().and_then(|number| Some((number, self.says.get(number)?)));
        let own = match (say, message.has_link()) {
            (Some((_, say)), _) => Some(say.at().frame),
            (None, true) => message.began(),
            (None, false) => also.or(message.began()),
        };
        let text = say.map(|(number, _)| self.says.text(number)).filter(|text| !text.is_empty());
        let mut steps: Vec<ExchangeStep> = Vec::new();
        for (began, text) in [(own, text), (also.filter(|also| Some(*also) != own), None)] {
            if let Some(began) = began {
                let exchange = event.clone().exchange(text);
                steps.push(ExchangeStep { began, exchange, is_complete: false });
            }
        }
        steps
    }
}

pub(super) fn user<'a>(identity: &Identity, texts: &'a Texts) -> User<'a> {
    User { name: texts.get(identity.name), room: identity.room.and_then(|room| room.name(texts)) }
}

/// Exchanges that are shown of one frame; one that acknowledges thousands of messages takes part in as many.
const MAX_STEPS: usize = 256;

/// Adds a step unless it is there.
pub(super) fn add_step<'a>(steps: &mut Vec<ExchangeStep<'a>>, step: ExchangeStep<'a>) {
    let has_room = steps.len() < MAX_STEPS;
    match steps.iter_mut().find(|known| known.is_same(&step)) {
        Some(known) => known.is_complete |= step.is_complete,
        None if has_room => steps.push(step),
        None => {}
    }
}
