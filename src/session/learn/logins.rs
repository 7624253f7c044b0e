//! Which connection a login is about, where several ask to log in by one name.

use std::collections::BTreeMap;

use crate::message::{Announcement, Content};
use crate::packet::{Frame, FrameTime, Side, StreamId};
use crate::session::connection::Connection;
use crate::session::connection::application::Chat;
use crate::session::ids::MessagePlace;
use crate::session::server::ambiguous_logins::{self, AmbiguousLogin, LONGEST_LOGIN};
use crate::session::state::Session;
use crate::storage::texts::TextId;

/// Which of the connections that ask to log in a login is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginOwner {
    /// This one, if it asked by that name.
    OfTheName,
    /// Another one.
    Anothers,
    /// This one or another that asks for the same name at the same port; the client's number.
    Ambiguous((TextId, u16), u64),
    /// One of these, too, but the capture cut its number.
    Unknown,
}

impl Session {
    /// Whether several connections ask to log in by one name, and a login may be about any of them.
    pub(in crate::session) fn login_owner(&self, stream: StreamId, at: FrameTime, content: &Content) -> LoginOwner {
        let Content::Login(Announcement { id, name, .. }) = content else { return LoginOwner::OfTheName };
        let Some(connection) = self.connections.get(&stream) else { return LoginOwner::OfTheName };
        let number = id.as_ref().map(|id| id.parse::<u64>());
        if let Some(Err(_)) = number {
            return LoginOwner::OfTheName; // of dialect C
        }
        let client = id.as_ref().and_then(|id| self.texts.find(id));
        let owner = client.and_then(|client| self.servers.of(connection)?.users.owner(client));
        if owner.is_some_and(|owner| owner != stream && self.has_just_logged_in(owner, connection, at)) {
            return LoginOwner::Anothers;
        }
        let Some(asked) = asked_name(connection) else { return LoginOwner::OfTheName };
        if name.as_deref().is_some_and(|name| name != self.texts.get(asked)) {
            return LoginOwner::OfTheName;
        }
        let asked = (asked, connection.server().port);
        let is_anybodys = self.ambiguous_logins.holds(asked)
            || self.beside(stream).any(|(_, other)| asked_name(other) == Some(asked.0));
        match number {
            _ if !is_anybodys => LoginOwner::OfTheName,
            Some(Ok(number)) => LoginOwner::Ambiguous(asked, number),
            Some(Err(_)) | None => LoginOwner::Unknown,
        }
    }

    /// The client that a login is about, if it has asked again since the last login that is known, or the capture may lack that it did.
    pub(in crate::session) fn may_have_logged_in_again(
        &self,
        stream: StreamId,
        at: FrameTime,
        content: &Content,
    ) -> Option<TextId> {
        let Content::Login(Announcement { id, .. }) = content else { return None };
        let server = self.servers.of(self.connections.get(&stream)?)?;
        let client = self.texts.find(id.as_ref()?)?;
        let began = server.exchange_starts.logged_in(client)?;
        let owner = self.connections.get(&server.users.owner(client)?)?;
        let asked = asked_in(owner).or(owner.chat()?.logged_in().and_then(|(asked, _)| asked));
        (asked > Some(began) || owner.may_lack_login(Some(began), at.frame)).then_some(client)
    }

    /// The only login request by the name in a notification that waits at another address, which may be the same server's.
    pub(in crate::session) fn asked_elsewhere(
        &self,
        stream: StreamId,
        at: FrameTime,
        content: &Content,
    ) -> Option<Frame> {
        let Content::Login(Announcement { name: Some(name), .. }) = content else { return None };
        let mut asked = self.servers.others(self.connections.get(&stream)?)?;
        let name = self.texts.find(name)?;
        let only = asked.by_ref().find_map(|server| server.exchange_starts.only_asked(name, at))?;
        asked.all(|server| server.exchange_starts.only_asked(name, at).is_none()).then_some(only)
    }

    /// The connections to the same port that were opened shortly before or after this one.
    fn beside(&self, stream: StreamId) -> impl Iterator<Item = (StreamId, &Connection)> {
        const NEAR: u32 = 64;
        let port = self.connections.get(&stream).map(|connection| connection.server().port);
        let near = stream.0.saturating_sub(NEAR)..=stream.0.saturating_add(NEAR);
        let others = near.map(StreamId).filter(move |other| *other != stream);
        let known = others.filter_map(|other| Some((other, self.connections.get(&other)?)));
        known.filter(move |(_, other)| Some(other.server().port) == port)
    }

    /// Finds out which of several connections logins are about, of which all are known by now.
    pub(in crate::session) fn settle_logins(&mut self, now: i64) {
        for ambiguous in self.ambiguous_logins.take_settled(now) {
            let Some(owners) = ambiguous.owners().filter(|owners| self.are_all(&ambiguous, owners)) else { continue };
            for ambiguous_logins::Login { place, id: (id, number) } in ambiguous.logins {
                self.settle_login(place, ambiguous.asked.0, id, owners.get(&place.stream) == Some(&number));
            }
        }
    }

    /// Whether the capture shows all connections that ask for a name, and all that they were told since.
    fn are_all(&self, ambiguous: &AmbiguousLogin, owners: &BTreeMap<StreamId, u64>) -> bool {
        let Some((first, last)) = ambiguous.logins.first().zip(ambiguous.logins.last()) else { return false };
        let owning: Vec<_> = owners.keys().filter_map(|stream| self.connections.get(stream)).collect();
        let since = owning.iter().filter_map(|connection| asked_in(connection)).min();
        let mut others = self.beside(first.place.stream).filter(|(stream, _)| !owners.contains_key(stream));
        owning.len() == owners.len()
            && owning.iter().all(|it| it.tcp().saw_client_syn() && !it.gaps(Side::Server).after(since))
            && !others.any(|(_, other)| {
                asked_name(other) == Some(ambiguous.asked.0) || other.may_lack_login(since, last.place.at.frame)
            })
    }

    fn settle_login(&mut self, place: MessagePlace, name: TextId, id: TextId, is_own: bool) {
        let Some(connection) = self.connections.get_mut(&place.stream) else { return };
        let answered = connection.answered_login(place.at.frame, Some(name));
        let asked = connection.chat().and_then(|chat| chat.login_answered_by(Some(name)));
        let is_asked = asked.is_some_and(|(at, asked)| at.frame <= place.at.frame && asked == Some(name));
        let chat = connection.application_mut().chat_mut().filter(|_| is_own && is_asked);
        let request = chat.and_then(|chat| chat.log_in(place, Some(name), Some(id))).and(answered);
        connection.settle_login(place.position(), is_own, request);
        if let Some(server) = self.servers.of_mut(connection).filter(|_| is_own) {
            server.rooms.has_joined(name);
            server.users.set_owner(id, place.stream);
            server.say_index.name(id, place.stream, &self.says);
        }
    }

    /// Whether a connection that leads to the same address as another has just been told that it is logged in.
    fn has_just_logged_in(&self, stream: StreamId, other: &Connection, now: FrameTime) -> bool {
        let Some(one) = self.connections.get(&stream) else { return false };
        let answered = one.chat().and_then(Chat::logged_in).map(|(_, answered)| answered);
        !one.tcp().state().is_closing()
            && one.server() == other.server()
            && answered.is_some_and(|answered| now.since(answered) <= LONGEST_LOGIN)
    }
}

/// The name that a connection asks to log in by.
pub fn asked_name(connection: &Connection) -> Option<TextId> {
    connection.chat()?.waiting_login()?.1
}

/// The frame in which a connection asks to log in.
fn asked_in(connection: &Connection) -> Option<Frame> {
    connection.chat()?.waiting_login().map(|(asked, _)| asked.frame)
}
