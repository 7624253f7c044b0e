//! One chat server as the capture shows it, by whatever addresses it is reached: its parts, each of which has its own rules.

pub mod ambiguous_logins;
pub mod exchanges;
pub mod proxies;
pub mod rooms;
pub mod table;
pub mod users;

use std::collections::BTreeSet;

use hashbrown::HashSet;

use crate::fields::ServerKind;
use crate::message::Dialect;
use crate::packet::{Both, Frame, StreamId};
use crate::session::ids::Room;
use crate::session::say::Delivery;
use crate::session::say::equal::SayIndex;
use crate::session::say::pending::UnmatchedDeliveries;
use crate::session::server::exchanges::ExchangeStarts;
use crate::session::server::proxies::Proxies;
use crate::session::server::rooms::Rooms;
use crate::session::server::users::Users;
use crate::tcp::gaps::{Gaps, Unread};

/// What is known of one server from the packets dissected so far.
#[derive(Debug, Default)]
pub struct Server {
    /// The dialect of its messages; `None` until a message is of exactly one.
    pub dialect: Option<Dialect>,
    /// What it has shown to be.
    pub shown: Option<ServerKind>,
    /// Who has which id.
    pub users: Users,
    /// Who is in which room.
    pub rooms: Rooms,
    /// Who is captured on both sides of a proxy.
    pub proxies: Proxies,
    /// What was said.
    pub say_index: SayIndex,
    /// What it delivered without a say.
    pub unmatched: UnmatchedDeliveries,
    /// Where what it notifies its clients of began.
    pub exchange_starts: ExchangeStarts,
    /// What the capture lacks of all that it sent, and of what its clients sent since they were first seen.
    pub gaps: Both<Gaps>,
    /// The connections of which bytes were captured and not read yet, by the time since which that is so.
    unread: BTreeSet<(i64, StreamId)>,
    /// How many connections a say to all has reached at most.
    pub most_deliveries: u32,
    /// The connections on which it tells everybody something, in dialect A: those past the opening handshake, logged in or not.
    pub listeners: HashSet<StreamId>,
    /// The capture shows it by more than one address.
    pub has_several_addresses: bool,
    /// How many bytes of it are counted.
    counted: usize,
}

impl Server {
    /// How many bytes it grew by since this was asked last: what one message may add many of.
    pub fn growth(&mut self) -> usize {
        const USER: usize = 48;
        const NAME: usize = 80;
        const ROOM: usize = 96;
        const MEMBER: usize = 8;
        let users = self.users.len() as usize * USER + self.users.renamed() as usize * NAME;
        let (rooms, members) = self.rooms.count();
        let size = users + rooms * ROOM + members * MEMBER;
        let more = size.saturating_sub(self.counted);
        self.counted = self.counted.max(size);
        more
    }

    /// Takes note of what a message shows it to be: one message that the original does not send is enough.
    pub fn show(&mut self, kind: Option<ServerKind>) {
        self.shown = self.shown.max(kind);
    }

    /// Whether it is known not to be the original.
    pub fn is_derived(&self) -> bool {
        self.shown == Some(ServerKind::Derived)
    }

    /// Records that bytes which were captured on a connection are not read, or are now.
    pub fn set_unread(&mut self, stream: StreamId, unread: Unread) {
        match unread {
            Unread::Since(since) => {
                self.unread.insert((since.time, stream));
            }
            Unread::Until { since, gap } => {
                self.unread.remove(&(since.time, stream));
                gap.into_iter().for_each(|gap| self.gaps.server.add(gap));
            }
        }
    }

    /// Whether it keeps the order of what one client says: it binds each client to one worker, as all servers of dialect C do.
    pub fn keeps_order(&self) -> bool {
        self.dialect == Some(Dialect::C2016)
    }

    /// Whether everybody gets what is said to all, logged in or not, as in dialect A, which has no rooms.
    pub fn tells_everybody(&self) -> bool {
        self.dialect == Some(Dialect::A2014)
    }

    /// Whether all who are told everything are known, but for so many who never asked to log in.
    pub fn knows_everybody(&self, lurkers: usize) -> bool {
        self.rooms.size_of(Room::Everywhere) + lurkers == self.listeners.len()
    }

    /// Whether the capture may lack something that the server sent after a frame, and before a time in nanoseconds since the epoch.
    pub fn may_lack(&self, from: Frame, before: i64) -> bool {
        self.gaps.server.any(from, before) || self.unread.first().is_some_and(|(since, _)| *since < before)
    }

    /// Takes over what is known of a server that turns out to be this one. Returns the deliveries without a say, in the order of the
    /// capture.
    pub fn absorb(&mut self, other: Server) -> Vec<Delivery> {
        self.has_several_addresses = true;
        self.dialect = self.dialect.or(other.dialect);
        self.show(other.shown);
        self.gaps.client.add_all(&other.gaps.client);
        self.gaps.server.add_all(&other.gaps.server);
        self.unread.extend(other.unread);
        self.listeners.extend(other.listeners);
        self.users.absorb(&other.users);
        self.rooms.absorb(other.rooms);
        self.proxies.absorb(other.proxies);
        self.exchange_starts.absorb(other.exchange_starts);
        self.say_index.absorb(other.say_index);
        self.unmatched.take_with(other.unmatched)
    }
}
