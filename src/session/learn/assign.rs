//! Deliveries are assigned to their says: at once, or once later frames settle what was only likely.

use crate::failpoint::failpoint;
use crate::packet::{FrameTime, Side, StreamId};
use crate::session::connection::table::Connections;
use crate::session::ids::{MessagePlace, SayNumber};
use crate::session::say::Says;
use crate::session::say::matching::{Capture, Delivery, Doubt, Found};
use crate::session::say::tracked::TrackedSay;
use crate::session::server::Server;
use crate::session::state::Session;

impl Session {
    /// Looks for the say of a delivery, which is read in one or more ways.
    /// `is_late`: it was looked for before.
    pub(in crate::session) fn assign(&mut self, readings: &[Delivery], is_late: bool) {
        failpoint!("session::assign");
        let Some(first) = readings.first() else { return };
        let Some(connection) = self.connections.get(&first.place.stream) else { return };
        let Some(server) = self.servers.of_mut(connection) else { return };
        for delivery in readings {
            match find(delivery, server, &self.says, &self.connections, self.start) {
                Found::None => {}
                Found::Unknown(says) => {
                    self.says.set_all_uncounted(says);
                    self.leave_open(delivery.place, is_late);
                    return self.name_sender(delivery);
                }
                Found::Likely(say, doubt) => {
                    self.says.set_all_uncounted(server.matching.also_meant(delivery, say, &self.says));
                    let mut is_contradicted = false;
                    if let Doubt::Unnamed(_) = doubt {
                        let doubtful = self.likely.contradict(delivery);
                        is_contradicted = !doubtful.is_empty()
                            || server.matching.is_contradicted(delivery)
                            || self.says.get(say).is_some_and(TrackedSay::is_doubtful);
                        self.says.set_all_uncounted(doubtful);
                    }
                    self.leave_open(delivery.place, is_late);
                    let sender = self.says.get(say).map(|say| say.stream).filter(|_| !is_contradicted);
                    return match sender.is_some_and(|sender| self.likely.push(*delivery, say, sender, doubt)) {
                        true => self.says.wait(say),
                        false => self.says.set_uncounted(say),
                    };
                }
                Found::Say(say, choice) => {
                    // What was passed over a moment ago may only be slow.
                    self.says.set_all_uncounted(choice.passed_over);
                    self.says.set_all_uncounted(server.matching.also_meant(delivery, say, &self.says));
                    if !choice.by_order {
                        server.matching.answered_after(choice.age);
                        self.answered_after(say, delivery, choice.age);
                    }
                    return self.link(say, delivery, is_late);
                }
            }
        }
        let is_owned = first.from.0.is_some_and(|id| server.owner(id).is_some());
        server.matching.keep(*first);
        if !is_late {
            let sender = first.from.0.and_then(|id| self.connections.get(&server.owner(id)?));
            let lacks =
                |since| sender.is_some_and(|sender| sender.gaps(Side::Client).between(since, first.place.at.frame));
            let began =
                server.exchange_starts.copy(first.from.0, first.said, first.place.at, first.place.stream, lacks);
            if began != first.place.at.frame {
                let receiver = self.connections.get_mut(&first.place.stream);
                receiver.into_iter().for_each(|receiver| receiver.set_began(first.place.position(), began));
            }
        }
        if !self.likely.is_empty() && !is_owned {
            self.says.set_all_uncounted(self.likely.contradict(first));
        }
        self.name_sender(first);
    }

    /// A delivery names its sender, whose connection is known.
    pub(in crate::session) fn name_sender(&mut self, delivery: &Delivery) {
        let ((Some(id), Some(name)), place) = (delivery.from, delivery.place) else { return };
        let server = self.connections.get(&place.stream).and_then(|connection| self.servers.of(connection));
        let owner = server.and_then(|server| server.owner(id));
        if let Some(sender) = owner.and_then(|owner| self.connections.get_mut(&owner)) {
            sender.name_in(place.at.frame, name);
        }
    }

    /// A say reached its sender, after so many nanoseconds.
    fn answered_after(&mut self, say: SayNumber, delivery: &Delivery, nanoseconds: i64) {
        let sender = self.says.get(say).map(|say| say.stream).filter(|sender| *sender == delivery.place.stream);
        let connection = sender.and_then(|sender| self.connections.get_mut(&sender));
        if let Some(chat) = connection.and_then(|connection| connection.application_mut().chat_mut()) {
            chat.answered_after(nanoseconds);
        }
    }

    /// A segment of this connection is captured, which may settle what was only likely.
    pub(in crate::session) fn settle(&mut self, stream: StreamId, now: FrameTime) {
        for (delivery, likely, is_certain) in self.likely.hear(stream, now) {
            let receiver = self.connections.get(&delivery.place.stream);
            let server = receiver.and_then(|connection| self.servers.of(connection));
            let found = server.map(|server| find(&delivery, server, &self.says, &self.connections, self.start));
            self.says.settle(likely);
            match found {
                Some(Found::Likely(say, _) | Found::Say(say, _)) if say == likely && is_certain => {
                    if let Some(said) = self.says.get(say).map(|say| say.at()) {
                        self.answered_after(say, &delivery, delivery.place.at.since(said));
                    }
                    self.link(say, &delivery, true);
                }
                _ => self.says.set_uncounted(likely),
            }
        }
    }

    /// It is not known whether the request of a delivery was captured.
    fn leave_open(&mut self, place: MessagePlace, is_late: bool) {
        if let Some(receiver) = self.connections.get_mut(&place.stream).filter(|_| !is_late) {
            receiver.leave_open(place.position());
        }
    }

    /// A delivery delivers this say.
    /// `is_late`: it was shown before without that.
    pub(in crate::session) fn link(&mut self, number: SayNumber, delivery: &Delivery, is_late: bool) {
        let place = delivery.place;
        let Some(say) = self.says.get(number).copied() else { return };
        let Some(receiver) = self.connections.get_mut(&place.stream) else { return };
        receiver.delivers(place.position(), number, say.stream == place.stream, is_late);
        let receiver = &*receiver;
        let client = receiver.chat().and_then(|chat| chat.id());
        let Some(server) = self.servers.of_mut(receiver) else { return };
        // On the other side of a proxy, the client may have got it before that was known.
        let id_of = |stream| self.connections.get(&stream)?.chat()?.id();
        let has_got_it = |client| {
            self.says.delivered(&say).any(|other| other.stream != place.stream && id_of(other.stream) == Some(client))
        };
        let counts = client
            .is_none_or(|client| server.receives(number, client) && !(server.is_proxied(client) && has_got_it(client)));
        if client.is_none() && server.has_several_addresses {
            self.says.set_uncounted(number);
        }
        self.says.deliver(number, place.at, place.stream, counts);
        server.matching.reached(number, delivery);
        let (id, name) = delivery.from;
        let Some(sender) = self.connections.get_mut(&say.stream) else { return };
        let Some(chat) = sender.application_mut().chat_mut() else { return };
        chat.delivered(say.at().frame);
        // A connection whose login was not captured is known by what it says.
        if chat.id().is_none()
            && server.matching.is_unique(number, delivery.said, &self.says)
            && id.and_then(|id| server.owner(id)).is_none_or(|owner| owner == say.stream)
        {
            chat.recognise(id, name);
        }
        if let Some(name) = name {
            sender.name_in(place.at.frame, name);
        }
    }
}

/// The say of a delivery, as far as the capture shows it so far; `start`: when that begins.
fn find(delivery: &Delivery, server: &Server, says: &Says, connections: &Connections, start: i64) -> Found {
    let owner = |id| server.owner(id);
    server.matching.find(delivery, Capture { owner: &owner, says, connections, gaps: &server.gaps.client, start })
}
