//! Deliveries are assigned to their says: at once, or once later frames settle what was only likely.

use std::ops::RangeInclusive;

use crate::failpoint::failpoint;
use crate::fields::ServerKind;
use crate::matching::Doubt;
use crate::packet::{FrameTime, Side, StreamId};
use crate::session::connection::Connection;
use crate::session::ids::{MessagePlace, SayNumber};
use crate::session::say::equal::{Capture, Outcome, Question, Settled, Verdict};
use crate::session::say::{Delivery, TrackedSay};
use crate::session::server::Server;
use crate::session::server::exchanges::Receipt;
use crate::session::state::Session;
use crate::tcp::gaps::Gaps;

/// How long after its say a server may deliver it with another text. Nanoseconds.
const LONGEST_CHANGE: i64 = 1_000_000_000;

impl Session {
    /// Looks for the say of a delivery, which is read in one or more ways. `has_markup`: the original server does not send such a text. `is_late`: it
    /// was looked for before.
    pub(in crate::session) fn assign(&mut self, readings: &[Delivery], has_markup: bool, is_late: bool) {
        failpoint!("session::assign");
        for delivery in readings {
            match self.find(delivery) {
                Verdict::Unmatched => {}
                Verdict::Unknown(says) => {
                    self.says.set_open(says, delivery.place.at.frame);
                    self.leave_open(delivery.place, is_late);
                    return self.name_sender(delivery);
                }
                Verdict::InTurn(list, says) => return self.wait(list, says, delivery, is_late),
                Verdict::Likely(say, doubt) => return self.expect(say, doubt, delivery, is_late),
                Verdict::Certain(say, age) => return self.deliver(say, age, delivery, is_late),
            }
        }
        if let Some(delivery) = readings.first() {
            self.keep_unmatched(delivery, is_late);
            if has_markup {
                self.show_own_markup(delivery);
            }
            if let Some(say) = self.last_say(delivery).filter(|_| !is_late) {
                self.expect(say, Doubt::OtherText, delivery, is_late);
            }
        }
    }

    /// The say that a delivery with another text may deliver: the last one of its sender, just said and not delivered to this connection.
    fn last_say(&self, delivery: &Delivery) -> Option<SayNumber> {
        let (server, _) = self.question(delivery)?;
        let number = self.connections.get(&server.users.owner(delivery.from?)?)?.chat()?.last_say()?;
        let say = self.says.get(number)?;
        let is_prompt = (0..=LONGEST_CHANGE).contains(&delivery.place.at.since(say.at()));
        let is_undelivered = !say.is_delivered() || say.has_other_text();
        let is_new = self.says.delivered(say).all(|other| other.stream != delivery.place.stream);
        let is_meant = say.is_readable() && say.is_private() == (delivery.is_private);
        (is_prompt && is_undelivered && is_new && is_meant).then_some(number)
    }

    /// Whether the capture lacks nothing of what the sender of a say said, and nothing else delivers it.
    fn confirms_other_text(&self, number: SayNumber) -> bool {
        let Some(say) = self.says.get(number) else { return false };
        let is_whole = self.connections.get(&say.stream).is_some_and(Connection::has_all_requests);
        is_whole && (!say.is_delivered() || say.has_other_text())
    }

    /// Learns that the server delivers a say with another text, as the original one does not.
    fn deliver_other_text(&mut self, number: SayNumber, delivery: &Delivery) {
        self.says.set_other_text(number);
        self.link(number, delivery, true);
        if let Some(server) = self.server_of(delivery.place.stream) {
            server.show(Some(ServerKind::Derived));
        }
    }

    /// Learns from markup that nobody is known to have written: it is the server's own, where the capture has all that its sender said.
    fn show_own_markup(&mut self, delivery: &Delivery) {
        let MessagePlace { stream, .. } = delivery.place;
        let owner = self.server_of(stream).and_then(|server| server.users.owner(delivery.from?));
        let sender = owner.and_then(|owner| self.connections.get(&owner));
        if !sender.is_some_and(Connection::has_all_requests) {
            return;
        }
        let Some(receiver) = self.connections.get_mut(&stream) else { return };
        if let Some(server) = self.servers.of_mut(receiver) {
            server.show(Some(ServerKind::Derived));
            receiver.note_server(server.shown, delivery.place.position());
        }
    }

    fn server_of(&mut self, stream: StreamId) -> Option<&mut Server> {
        self.servers.of_mut(self.connections.get(&stream)?)
    }

    /// What may decide which say a delivery delivers, and its server.
    fn question<'a>(&'a self, delivery: &'a Delivery) -> Option<(&'a Server, Question<'a>)> {
        let server = self.servers.of(self.connections.get(&delivery.place.stream)?)?;
        let capture = Capture::of(&self.says, &self.connections, self.start, &server.gaps.client, server.keeps_order());
        Some((server, Question { delivery, owner: None, capture }))
    }

    /// The say of a delivery, as far as the capture shows it so far: one of the client that it names or, where there is none, of a connection
    /// whose client was not known.
    fn find(&self, delivery: &Delivery) -> Verdict {
        let Some((server, asked)) = self.question(delivery) else { return Verdict::Unmatched };
        if delivery.from.is_some() {
            let verdict = server.say_index.find(delivery.from, &asked);
            if verdict != Verdict::Unmatched {
                return verdict;
            }
        }
        let owner = delivery.from.and_then(|id| server.users.owner(id));
        server.say_index.find(None, &Question { owner, ..asked })
    }

    /// Lets a delivery wait until those that follow show which of several equal says it delivers.
    fn wait(&mut self, list: u32, says: RangeInclusive<SayNumber>, delivery: &Delivery, is_late: bool) {
        self.leave_open(delivery.place, is_late);
        self.name_sender(delivery);
        self.says.expect(*says.start());
        let receiver = self.connections.get(&delivery.place.stream);
        let Some(server) = receiver.and_then(|receiver| self.servers.of_mut(receiver)) else { return };
        let capture = Capture::of(&self.says, &self.connections, self.start, &server.gaps.client, server.keeps_order());
        let settled = server.say_index.wait(list, says, &Question { delivery, owner: None, capture });
        settled.into_iter().for_each(|settled| self.take_turns(settled));
    }

    /// No more deliveries follow: settles those that wait for them.
    pub(in crate::session) fn settle_turns(&mut self) {
        let mut settled = Vec::new();
        for server in self.servers.iter_mut() {
            let capture =
                Capture::of(&self.says, &self.connections, self.start, &server.gaps.client, server.keeps_order());
            settled.extend(server.say_index.settle_all(&capture));
        }
        settled.into_iter().for_each(|settled| self.take_turns(settled));
    }

    /// Learns what deliveries that waited turned out to deliver.
    fn take_turns(&mut self, settled: Settled) {
        let first = settled.deliveries.first().map(|(delivery, ..)| delivery.place.at.frame);
        for (delivery, expected, outcome) in settled.deliveries {
            self.says.settle(expected);
            match outcome {
                Outcome::Delivers(say) => {
                    self.doubt_others(say, &delivery);
                    self.link(say, &delivery, true);
                }
                Outcome::DeliversOneOf(say) => self.says.count(say, first.unwrap_or(delivery.place.at.frame)),
                Outcome::Unknown => {}
            }
        }
        if let Some(frame) = first {
            self.says.set_open(settled.open, frame);
        }
    }

    /// Marks the says as not counted that a delivery could deliver, too. Returns the server that delivers it.
    fn doubt_others(&mut self, say: SayNumber, delivery: &Delivery) -> Option<&mut Server> {
        let server = self.servers.of_mut(self.connections.get(&delivery.place.stream)?)?;
        let also_meant = server.say_index.also_meant(delivery, say, &self.says);
        self.says.set_open(also_meant, delivery.place.at.frame);
        Some(server)
    }

    /// Lets a delivery wait until later frames settle whether it delivers this say.
    fn expect(&mut self, say: SayNumber, doubt: Doubt, delivery: &Delivery, is_late: bool) {
        self.doubt_others(say, delivery);
        let is_contradicted = matches!(doubt, Doubt::Unnamed(_)) && self.contradict(say, delivery);
        self.leave_open(delivery.place, is_late);
        let sender = self.says.get(say).map(|say| say.stream).filter(|_| !is_contradicted);
        match sender.is_some_and(|sender| self.likely.push(*delivery, say, sender, doubt)) {
            true => self.says.expect(say),
            false => self.says.set_open([say], delivery.place.at.frame),
        }
        // What follows delivers a later one.
        if let Some(server) = self.server_of(delivery.place.stream) {
            server.say_index.deliver(say, delivery, server.keeps_order());
        }
    }

    /// Whether it is not known any more who said what a delivery delivers, as others say the same.
    fn contradict(&mut self, say: SayNumber, delivery: &Delivery) -> bool {
        let doubtful = self.likely.contradict(delivery);
        let is_contradicted = !doubtful.is_empty()
            || self.says.get(say).is_some_and(TrackedSay::is_doubtful)
            || self
                .server_of(delivery.place.stream)
                .is_some_and(|server| server.unmatched.contradict(delivery, server.say_index.usual()));
        self.says.set_uncounted(doubtful);
        is_contradicted
    }

    /// Learns from a delivery whose say is certain, and was heard of so many nanoseconds before.
    fn deliver(&mut self, say: SayNumber, age: i64, delivery: &Delivery, is_late: bool) {
        let server = self.doubt_others(say, delivery);
        server.into_iter().for_each(|server| server.say_index.answered_after(age));
        self.answered_after(say, delivery, age);
        self.link(say, delivery, is_late);
    }

    /// Keeps a delivery without a say, in case that was captured late.
    fn keep_unmatched(&mut self, delivery: &Delivery, is_late: bool) {
        let place = delivery.place;
        let Some(receiver) = self.connections.get(&place.stream) else { return };
        let Some(server) = self.servers.of_mut(receiver) else { return };
        let owner = delivery.from.and_then(|id| server.users.owner(id));
        server.unmatched.push(*delivery);
        if !is_late {
            let sender = owner.and_then(|owner| self.connections.get(&owner));
            let gaps = sender.map_or(Gaps::NONE, |sender| sender.gaps(Side::Client));
            let began = server.exchange_starts.copy(delivery.from, delivery.said, place.at, place.stream, gaps);
            if began != place.at.frame {
                let receiver = self.connections.get_mut(&place.stream);
                receiver.into_iter().for_each(|receiver| receiver.records_mut().set_began(place.position(), began));
            }
        }
        if !self.likely.is_empty() && owner.is_none() {
            self.says.set_uncounted(self.likely.contradict(delivery));
        }
        self.name_sender(delivery);
    }

    /// Learns the name of a delivery's sender, whose connection is known.
    pub(in crate::session) fn name_sender(&mut self, delivery: &Delivery) {
        let (Some(id), Some(name)) = (delivery.from, delivery.from_name) else { return };
        let owner = self.server_of(delivery.place.stream).and_then(|server| server.users.owner(id));
        if let Some(sender) = owner.and_then(|owner| self.connections.get_mut(&owner)) {
            sender.name_in(delivery.place.at.frame, name);
        }
    }

    /// Learns how fast a say reached its sender, in nanoseconds.
    fn answered_after(&mut self, say: SayNumber, delivery: &Delivery, nanoseconds: i64) {
        let sender = self.says.get(say).map(|say| say.stream).filter(|sender| *sender == delivery.place.stream);
        let connection = sender.and_then(|sender| self.connections.get_mut(&sender));
        if let Some(chat) = connection.and_then(|connection| connection.application_mut().chat_mut()) {
            chat.answered_after(nanoseconds);
        }
    }

    /// Settles what was only likely, as far as frames before this segment do.
    pub(in crate::session) fn settle(&mut self, stream: StreamId, now: FrameTime) {
        for (delivery, likely, doubt, is_certain) in self.likely.on_segment(stream, now) {
            self.says.settle(likely);
            if doubt == Doubt::OtherText {
                if is_certain && self.confirms_other_text(likely) {
                    self.deliver_other_text(likely, &delivery);
                }
                continue;
            }
            let asked = self.question(&delivery);
            if !is_certain || !asked.is_some_and(|(server, asked)| server.say_index.confirms(likely, &asked)) {
                self.says.set_open([likely], delivery.place.at.frame);
                continue;
            }
            if let Some(said) = self.says.get(likely).map(TrackedSay::at) {
                self.answered_after(likely, &delivery, delivery.place.at.since(said));
            }
            self.link(likely, &delivery, true);
        }
    }

    /// Leaves open whether the request of a delivery was captured.
    fn leave_open(&mut self, place: MessagePlace, is_late: bool) {
        let receiver = self.connections.get_mut(&place.stream).filter(|_| !is_late);
        if let Some(delivery) = receiver.and_then(|receiver| receiver.records_mut().message_mut(place.position())) {
            delivery.leave_open();
        }
    }

    /// Links a delivery with the say that it delivers. `is_late`: it was shown before without that.
    pub(in crate::session) fn link(&mut self, number: SayNumber, delivery: &Delivery, is_late: bool) {
        let place = delivery.place;
        let Some(say) = self.says.get(number).copied() else { return };
        let Some(receiver) = self.connections.get_mut(&place.stream) else { return };
        receiver.delivers(place.position(), number, say.stream == place.stream, is_late);
        let receiver = &*receiver;
        let client = receiver.chat().and_then(|chat| chat.id());
        let Some(server) = self.servers.of_mut(receiver) else { return };
        let counts = client.is_none_or(|client| {
            // On the other side of a proxy, the client may have got it before that was known.
            server.proxies.deliver(number, client)
                && !(server.proxies.contains(client)
                    && self.says.delivered(&say).any(|other| {
                        let connection = Some(other.stream).filter(|other| *other != place.stream);
                        let chat = connection.and_then(|other| self.connections.get(&other)?.chat());
                        chat.is_some_and(|chat| chat.id() == Some(client))
                    }))
        });
        if client.is_none() && server.has_several_addresses && !server.tells_everybody() {
            self.says.set_uncounted([number]);
        }
        self.says.deliver(number, place.at, place.stream, counts);
        if counts && !say.is_private() {
            server.most_deliveries = server.most_deliveries.max(say.deliveries + 1);
        }
        server.say_index.deliver(number, delivery, server.keeps_order());
        let Some(sender) = self.connections.get_mut(&say.stream) else { return };
        let Some(chat) = sender.application_mut().chat_mut() else { return };
        chat.delivered(say.at().frame);
        // A connection whose login was not captured is known by what it says.
        if chat.id().is_none()
            && server.say_index.is_unique(number, delivery.said, &self.says)
            && delivery.from.and_then(|id| server.users.owner(id)).is_none_or(|owner| owner == say.stream)
        {
            chat.recognise(delivery.from, delivery.from_name);
            delivery.from.into_iter().for_each(|id| server.say_index.name(id, say.stream, &self.says));
        }
        if let Some(name) = delivery.from_name {
            sender.name_in(place.at.frame, name);
        }
        if is_late && !self.pending_receipts.is_empty() {
            let receiver = self.connections.get(&place.stream);
            let acked_in = receiver.and_then(|receiver| receiver.records().acked_in(place.position()));
            acked_in.into_iter().for_each(|acked| self.received(Receipt::Say(number), (acked, place.stream), true));
        }
    }
}
