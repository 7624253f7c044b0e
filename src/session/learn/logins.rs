//! Which connection a login is about, where several ask to log in by one name.

use std::collections::BTreeMap;

use crate::packet::{FrameTime, Side, StreamId};
use crate::session::connection::Connection;
use crate::session::connection::application::Chat;
use crate::session::ids::MessagePlace;
use crate::session::server::ambiguous_logins::{self, AmbiguousLogin, LONGEST_LOGIN};
use crate::session::state::Session;
use crate::session::statement::{Act, Announcement};
use crate::session::storage::texts::TextId;

/// Which of the connections that ask to log in a login is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginOwner {
    /// This one, if it asked by that name.
    OfTheName,
    /// Another one.
    Anothers,
    /// This one or another that asks for the same name at the same port; the client's number.
    Contested((TextId, u16), u64),
    /// One of these, too, but the capture cut its number.
    Unknown,
}

impl Session {
    /// Whether several connections ask to log in by one name, and a login may be about any of them.
    pub(in crate::session) fn whose_login(&self, stream: StreamId, at: FrameTime, act: &Act) -> LoginOwner {
        let Act::Login(Announcement { id, name, .. }) = act else { return LoginOwner::OfTheName };
        let Some(connection) = self.connections.get(&stream) else { return LoginOwner::OfTheName };
        let number = id.as_ref().map(|id| id.parse::<u64>());
        if let Some(Err(_)) = number {
            return LoginOwner::OfTheName; // of dialect C
        }
        let owner = || self.servers.of(connection)?.owner(self.texts.find(id.as_ref()?)?);
        if owner().is_some_and(|owner| owner != stream && self.has_just_logged_in(owner, connection, at)) {
            return LoginOwner::Anothers;
        }
        let Some(asked) = asked_name(connection) else { return LoginOwner::OfTheName };
        if name.as_deref().is_some_and(|name| name != self.texts.get(asked)) {
            return LoginOwner::OfTheName;
        }
        let asked = (asked, connection.server().port);
        let mut others = self.beside(stream).filter(|(_, other)| asked_name(other) == Some(asked.0));
        match self.ambiguous_logins.holds(asked) || others.next().is_some() {
            true => {
                number.and_then(Result::ok).map_or(LoginOwner::Unknown, |number| LoginOwner::Contested(asked, number))
            }
            false => LoginOwner::OfTheName,
        }
    }

    /// The client that a login is about, if it has asked again since the last login that is known, or the capture may lack that it did.
    pub(in crate::session) fn may_have_logged_in_again(
        &self,
        stream: StreamId,
        at: FrameTime,
        act: &Act,
    ) -> Option<TextId> {
        let Act::Login(Announcement { id, .. }) = act else { return None };
        let server = self.servers.of(self.connections.get(&stream)?)?;
        let client = self.texts.find(id.as_ref()?)?;
        let (began, owner) = (server.exchange_starts.logged_in(client)?, self.connections.get(&server.owner(client)?)?);
        let chat = owner.chat()?;
        let waiting = chat.waiting_login().map(|(asked, _)| asked.frame);
        let asked = waiting.or(chat.logged_in().and_then(|(asked, _)| asked));
        (asked > Some(began) || owner.may_lack_login(Some(began), at.frame)).then_some(client)
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
        let last = last.place.at.frame;
        let owning = || owners.keys().filter_map(|stream| self.connections.get(stream));
        let asked_in = |connection: &Connection| connection.chat()?.waiting_login().map(|(asked, _)| asked.frame);
        let since = owning().filter_map(asked_in).min();
        let may_ask =
            |other: &Connection| asked_name(other) == Some(ambiguous.asked.0) || other.may_lack_login(since, last);
        let is_whole =
            |connection: &Connection| connection.tcp().saw_client_syn() && !connection.gaps(Side::Server).after(since);
        let mut others = self.beside(first.place.stream).filter(|(stream, _)| !owners.contains_key(stream));
        owning().count() == owners.len() && owning().all(is_whole) && !others.any(|(_, other)| may_ask(other))
    }

    fn settle_login(&mut self, place: MessagePlace, name: TextId, id: TextId, is_own: bool) {
        let Some(connection) = self.connections.get_mut(&place.stream) else { return };
        let is_asked = |chat: &&mut Chat| {
            let asked = chat.waiting_login();
            is_own && asked.is_some_and(|(at, asked)| at.frame <= place.at.frame && asked == Some(name))
        };
        let answered = connection.answered_login(place.at.frame);
        let chat = connection.application_mut().chat_mut().filter(is_asked);
        let request = chat.and_then(|chat| chat.log_in(place, Some(name), Some(id))).and(answered);
        connection.settle_login(place.position(), is_own, request);
        if let Some(server) = self.servers.of_mut(connection).filter(|_| is_own) {
            server.has_joined(name);
            server.set_owner(id, place.stream);
        }
    }

    /// Whether a connection that leads to the same address as another has just been told that it is logged in.
    fn has_just_logged_in(&self, stream: StreamId, other: &Connection, now: FrameTime) -> bool {
        let Some(one) = self.connections.get(&stream) else { return false };
        let answered = one.chat().and_then(|chat| chat.logged_in()).map(|(_, answered)| answered);
        !one.tcp().state().is_closing()
            && one.server() == other.server()
            && answered.is_some_and(|answered| now.since(answered) <= LONGEST_LOGIN)
    }
}

/// The name that a connection asks to log in by.
pub fn asked_name(connection: &Connection) -> Option<TextId> {
    connection.chat()?.waiting_login()?.1
}
