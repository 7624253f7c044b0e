//! The servers of a capture: which connection leads to which, and which addresses lead to the same.

use std::collections::VecDeque;
use std::num::NonZeroU32;

use hashbrown::{HashMap, HashSet};

use crate::packet::{Endpoint, Side, StreamId};
use crate::session::connection::Connection;
use crate::session::ids::ServerNumber;
use crate::session::say::Delivery;
use crate::session::server::Server;
use crate::storage::texts::TextId;
use crate::tcp::gaps::{Gap, Gaps};

/// How far apart the copies of one broadcast are captured. Nanoseconds.
const SPREAD: i64 = 50_000_000;
/// How many ports are remembered that were not configured.
const MAX_PORTS: usize = 8;
/// How many broadcasts are remembered.
const MAX_BROADCASTS: usize = 256;

/// The servers of a capture, numbered from 1 on.
#[derive(Debug, Default)]
pub struct Servers {
    servers: Vec<Server>,
    /// By its number: the number of the server that it turned out to be, or its own.
    same: Vec<ServerNumber>,
    index: HashMap<Endpoint, ServerNumber>,
    /// The ports that nobody configured.
    ports: Vec<u16>,
    broadcasts: Broadcasts,
    /// What the capture lacks of servers that were not heard of: they may be any.
    pub unheard: Gaps,
    /// Servers that say the same and give out the same ids, but are two.
    apart: HashSet<[ServerNumber; 2]>,
}

/// What servers told their clients last, to find out which of them are one.
#[derive(Debug, Default)]
struct Broadcasts {
    recent: HashMap<u64, (ServerNumber, i64)>,
    order: VecDeque<u64>,
}

impl Servers {
    /// The number of a connection's server.
    pub fn number(&self, connection: &Connection) -> Option<ServerNumber> {
        let number = connection.server_number().or_else(|| self.index.get(&connection.server()).copied())?;
        Some(self.known(number))
    }

    /// Adds a gap in what a client of a connection's server sent, if that is known.
    pub fn add_client_gap(&mut self, connection: &Connection, gap: Gap) {
        let server = self.of_mut(connection).filter(|_| connection.server_number().is_some());
        if let Some(server) = server.filter(|_| gap.after.is_some()) {
            server.gaps.client.add(gap);
        }
    }

    /// Adds a gap in what a connection's server sent.
    pub fn add_server_gap(&mut self, connection: &mut Connection, gap: Gap) {
        let (server, is_new) = self.enter(connection);
        if !is_new {
            server.gaps.server.add(gap);
        }
        if server.users.len() == 0 {
            self.unheard.add(gap);
        }
    }

    /// About how many bytes they take, without what each of them [counts itself](Server::growth).
    pub fn size(&self) -> usize {
        /// Its place in the index, and what its own tables and lists begin with.
        const BEGINNINGS: usize = 1500;
        self.servers.len() * (size_of::<Server>() + BEGINNINGS)
    }

    /// Whether a server is known that is reached by this endpoint.
    pub fn knows(&self, endpoint: &Endpoint) -> bool {
        !self.index.is_empty() && self.index.contains_key(endpoint)
    }

    /// Whether a server is known that is reached by this port.
    pub fn knows_port(&self, port: u16) -> bool {
        self.ports.contains(&port)
    }

    /// Whether more than one is known, though they may be one.
    pub fn are_several(&self) -> bool {
        self.servers.len() > 1
    }

    /// A connection's server.
    pub fn of(&self, connection: &Connection) -> Option<&Server> {
        self.servers.get(place(self.number(connection)?))
    }

    /// The same, to change it.
    pub fn of_mut(&mut self, connection: &Connection) -> Option<&mut Server> {
        let number = self.number(connection)?;
        self.servers.get_mut(place(number))
    }

    /// The other servers that may yet turn out to be a connection's own; `None` where those are many, or none.
    pub fn others(&self, connection: &Connection) -> Option<impl Iterator<Item = &Server>> {
        const MANY: usize = 8;
        let own = place(self.number(connection)?);
        let others = self.servers.iter().enumerate().filter(move |(at, _)| *at != own);
        (2..=MANY).contains(&self.servers.len()).then_some(others.map(|(_, server)| server))
    }

    /// All of them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Server> {
        self.servers.iter_mut()
    }

    /// A connection's server, known from now on, as is what the capture lacks of the connection; whether it was not known to lead there.
    pub fn enter(&mut self, connection: &mut Connection) -> (&mut Server, bool) {
        let is_new = connection.server_number().is_none();
        let number = self.number(connection).unwrap_or_else(|| {
            let number = ServerNumber(NonZeroU32::MIN.saturating_add(self.servers.len() as u32));
            self.servers.push(Server::default());
            self.same.push(number);
            let endpoint = connection.server();
            self.index.insert(endpoint, number);
            if !endpoint.chat_port && !self.ports.contains(&endpoint.port) && self.ports.len() < MAX_PORTS {
                self.ports.push(endpoint.port);
            }
            number
        });
        connection.set_server_number(number);
        let server = &mut self.servers[place(number)];
        if is_new {
            server.gaps.client.add_all(&connection.gaps(Side::Client).since_beginning());
            server.gaps.server.add_all(connection.gaps(Side::Server));
        }
        (server, is_new)
    }

    /// The server of this number, whichever it turned out to be.
    fn known(&self, number: ServerNumber) -> ServerNumber {
        let mut number = number;
        while let Some(same) = self.same.get(place(number)).filter(|same| **same != number) {
            number = *same;
        }
        number
    }

    /// A connection's server tells its clients something: `broadcast` is a hash of all that the copies have in common. If another server
    /// did so at the same time, they may be one: returns both.
    pub fn broadcast(&mut self, connection: &Connection, broadcast: u64, time: i64) -> Option<[ServerNumber; 2]> {
        let number = self.number(connection)?;
        let other = self.broadcasts.on_broadcast(broadcast, number, time)?;
        let other = self.known(other);
        let are_apart = self.apart.contains(&pair([number, other]));
        (other != number && !are_apart).then_some([number, other])
    }

    /// Two servers turn out to be two, for good.
    pub fn tell_apart(&mut self, servers: [ServerNumber; 2]) {
        self.apart.insert(pair(servers));
    }

    /// The clients of which each of two servers has a connection.
    pub fn common_clients(&self, servers: [ServerNumber; 2]) -> impl Iterator<Item = (TextId, [StreamId; 2])> + '_ {
        let [few, many] = self.by_size(servers).map(|number| self.servers.get(place(number)));
        let owners = few.into_iter().flat_map(|few| few.users.owners());
        owners.filter_map(move |(id, one)| Some((id, [one, many?.users.owner(id)?])))
    }

    /// The one of which less is known first.
    fn by_size(&self, [one, other]: [ServerNumber; 2]) -> [ServerNumber; 2] {
        let users = [one, other].map(|number| self.servers.get(place(number)).map_or(0, |server| server.users.len()));
        if users[0] < users[1] || users[0] == users[1] && one > other { [one, other] } else { [other, one] }
    }

    /// Two servers turn out to be one. Returns it, and the deliveries that may now find their says, in the order of the capture.
    pub fn unite(&mut self, servers: [ServerNumber; 2]) -> (&mut Server, Vec<Delivery>) {
        let [gone, kept] = self.by_size(servers);
        self.same[place(gone)] = kept;
        let absorbed = std::mem::take(&mut self.servers[place(gone)]);
        let server = &mut self.servers[place(kept)];
        let unmatched = server.absorb(absorbed);
        (server, unmatched)
    }
}

fn place(number: ServerNumber) -> usize {
    number.0.get() as usize - 1
}

/// The same in either order.
fn pair([one, other]: [ServerNumber; 2]) -> [ServerNumber; 2] {
    [one.min(other), one.max(other)]
}

impl Broadcasts {
    /// Takes in what a server tells. Returns the one that has told the same.
    fn on_broadcast(&mut self, broadcast: u64, by: ServerNumber, time: i64) -> Option<ServerNumber> {
        if let Some((first, last)) = self.recent.get_mut(&broadcast) {
            if time.saturating_sub(*last).abs() <= SPREAD {
                *last = time;
                return Some(*first).filter(|first| *first != by);
            }
            (*first, *last) = (by, time);
            return None;
        }
        self.recent.insert(broadcast, (by, time));
        self.order.push_back(broadcast);
        if self.order.len() > MAX_BROADCASTS {
            let oldest = self.order.pop_front();
            oldest.and_then(|oldest| self.recent.remove(&oldest));
        }
        None
    }
}
