//! What is left out of a message's labels that one would expect there, and why.

use super::context::Ends;
use super::message::MessageView;
use crate::event::MessageEvent;
use crate::fields::{Field, Omission};
use crate::packet::{Frame, Side};
use crate::session::connection::Connection;
use crate::session::server::Server;

/// A label that is left out.
#[derive(Debug, Clone, Copy)]
pub struct LeftOut<'a> {
    /// The label's field.
    pub field: Field,
    /// Why it is.
    pub cause: Cause<'a>,
}

/// Why a label is left out.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    /// The reason.
    pub omission: Omission,
    /// The frame in which it shows that bytes are missing, where that is the reason.
    pub before: Option<Frame>,
    /// Who sent these, where one connection lacks them, and its ends.
    pub by: Option<(Side, Ends<'a>)>,
}

impl From<Omission> for Cause<'_> {
    fn from(omission: Omission) -> Self {
        Cause { omission, before: None, by: None }
    }
}

impl<'a> MessageView<'a> {
    /// What is left out of its labels, as far as the capture tells why. `is_cut`: the capture cut the message.
    pub fn left_out(&self, is_cut: bool) -> Vec<LeftOut<'a>> {
        let labels = [
            (Field::RequestIn, self.without_request()),
            (Field::Deliveries, self.without_count(is_cut)),
            (Field::RoomMembers, self.without_members()),
            (Field::User, self.without_user()),
        ];
        labels.into_iter().filter_map(|(field, cause)| Some(LeftOut { field, cause: cause? })).collect()
    }

    /// Bytes that a side of a connection sent, of which a gap shows in this frame.
    fn missing(&self, connection: &'a Connection, by: Side, shows: Option<Frame>) -> Option<Cause<'a>> {
        let by = Some((by, self.context.ends(connection, None)));
        shows.map(|frame| Cause { omission: Omission::BytesMissing, before: Some(frame), by })
    }

    /// Bytes that a side of the message's connection sent, of which a gap shows up to the message.
    fn missing_before(&self, by: Side) -> Option<Cause<'a>> {
        self.missing(self.connection, by, self.connection.gaps(by).last_before(self.record.at.frame))
    }

    /// That the message's connection began before the capture.
    fn began_before(&self) -> Option<Cause<'a>> {
        (!self.connection.saw_beginning()).then(|| Omission::BeganBefore.into())
    }

    /// Why it is not known which request is answered.
    fn without_request(&self) -> Option<Cause<'a>> {
        let asked_by = match self.record.event {
            MessageEvent::SayDelivery { .. } => return self.without_say(),
            MessageEvent::LoginResult { .. } | MessageEvent::UserList { .. } => Side::Client,
            MessageEvent::Pong { .. } => Side::Server,
            MessageEvent::ServerPong { .. } => Side::Client,
            MessageEvent::LoginRequest { .. }
            | MessageEvent::LoginNotification { .. }
            | MessageEvent::SayRequest { .. }
            | MessageEvent::LogoutNotification { .. }
            | MessageEvent::Ping { .. }
            | MessageEvent::ClientPing { .. }
            | MessageEvent::UnsolicitedPong { .. }
            | MessageEvent::Unknown { .. } => return None,
        };
        let missing = || self.missing_before(asked_by).or_else(|| self.began_before());
        if self.record.request.is_some() { None } else { missing() }
    }

    /// Why it is not known which say a delivery delivers.
    fn without_say(&self) -> Option<Cause<'a>> {
        if self.record.say.is_some() {
            return None;
        }
        let Some(sender) = self.sender_connection() else { return Some(Omission::NotCaptured.into()) };
        let of_sender = sender.gaps(Side::Client).last_before(self.record.at.frame);
        let missing = self.missing(sender, Side::Client, of_sender).or_else(|| self.missing_before(Side::Server));
        missing.or_else(|| self.record.is_open.then(|| Omission::SaidAgain.into()))
    }

    /// The connection of whoever says what a delivery delivers.
    fn sender_connection(&self) -> Option<&'a Connection> {
        self.connections.get(&self.server?.users.owner(self.record.sender_id?)?)
    }

    /// Whether it is a say that the server heeds.
    fn is_heeded_say(&self) -> bool {
        matches!(self.record.event, MessageEvent::SayRequest { .. }) && !self.record.before_login
    }

    /// Why it is not known how many got a say.
    fn without_count(&self, is_cut: bool) -> Option<Cause<'a>> {
        if !self.is_heeded_say() {
            return None;
        }
        let Some(say) = self.say() else { return is_cut.then(|| Omission::Cut.into()) };
        if say.is_counted {
            return None;
        }
        let after = self.record.at.frame;
        let behind = |by| self.missing(self.connection, by, self.connection.gaps(by).first_after(after));
        let elsewhere = self.server.and_then(|server| server.gaps.server.first_after(after));
        let elsewhere = elsewhere.or_else(|| self.unheard.first_after(after));
        let of_others = elsewhere.map(|frame| Cause { before: Some(frame), ..Omission::OthersBytesMissing.into() });
        behind(Side::Server).or_else(|| behind(Side::Client)).or(of_others).or_else(|| {
            let has_several = self.server.is_some_and(|server| server.has_several_addresses);
            Some(match (say.is_at_end, say.is_open || !has_several) {
                (true, _) => Omission::CaptureEnds.into(),
                (false, true) => Omission::SaidAgain.into(),
                (false, false) => Omission::SeveralAddresses.into(),
            })
        })
    }

    /// Why it is not known who was in the room when something was said.
    fn without_members(&self) -> Option<Cause<'a>> {
        if !self.is_heeded_say() || self.record.say.is_none() || self.members().is_some() {
            return None;
        }
        let is_stale = self.server.is_some_and(Server::tells_everybody);
        let missing = self.missing_before(Side::Server);
        missing.or_else(|| if is_stale { Some(Omission::StaleList.into()) } else { self.began_before() })
    }

    /// Why it is not known whose connection it is.
    fn without_user(&self) -> Option<Cause<'a>> {
        if self.user().is_some() {
            return None;
        }
        self.missing_before(Side::Client).or_else(|| self.began_before())
    }
}
