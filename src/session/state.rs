//! The state of a capture: its connections and servers, which of them are watched, and what TCP, HTTP and WebSocket framing teach about
//! them. What messages teach is in `learn`.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::DefaultHashBuilder;

use crate::event::Completion;
use crate::failpoint::failpoint;
use crate::message::Evidence;
use crate::message::own::OwnTable;
use crate::packet::{Captured, Frame, Outline, Position, Segment, Side, StreamId, flags};
use crate::session::connection::application::Chat;
use crate::session::connection::table::{Connections, OtherApplications, Ports};
use crate::session::connection::{Connection, HttpBytes};
use crate::session::ids::Room;
use crate::session::memory::{ASSEMBLED, GAP, Memory};
use crate::session::record::frame_event::Mark;
use crate::session::say::Says;
use crate::session::say::pending::LikelyDeliveries;
use crate::session::server::ambiguous_logins::AmbiguousLogins;
use crate::session::server::exchanges::{PendingReceipts, Receipt};
use crate::session::server::rooms::MemberLists;
use crate::session::server::table::Servers;
use crate::storage::texts::Texts;
use crate::tcp::gaps::Unread;
use crate::websocket::endings::Endings;
use crate::websocket::first_bytes::{could_lead_to_chat, is_tls, is_tls_handshake, is_upgrade};

/// Connections that may yet turn out to be the chat's; beyond, the oldest is forgotten.
pub const MAX_UNDECIDED: usize = 4096;

/// What one capture file taught.
///
/// ```
/// use workermanchat::fields::Phase;
/// use workermanchat::message::{Message, read};
/// use workermanchat::packet::{Endpoint, Frame, FrameTime, Position, Segment, SequenceNumber, Side, StreamId, flags};
/// use workermanchat::session::Session;
///
/// let json = br#"{"type":"login","client_name":"anna","room_id":"1"}"#;
/// let browser = Endpoint { address: [127; 16], address_length: 4, port: 40_000, chat_port: false };
/// let segment = Segment {
///     at: FrameTime { frame: Frame::of(1), time: 0 },
///     stream: StreamId(0),
///     source: browser,
///     destination: Endpoint { port: 7272, chat_port: true, ..browser },
///     sequence: SequenceNumber(1),
///     acknowledgment: SequenceNumber(1),
///     flags: flags::ACK,
///     length: json.len() as u32,
///     identity: 0,
/// };
/// let mut session = Session::default();
/// session.segment(&segment, json);
/// session.message(&segment, 0, &Message::of(&read(json), Side::Client, false));
/// let view = session.message_view(StreamId(0), Position { frame: Frame::of(1), index: 0 }).expect("it was kept");
/// assert_eq!(view.record.event.phase(), Phase::LoginRequest);
/// assert_eq!(view.sender(), Some("anna"));
/// ```
#[derive(Debug, Default)]
pub struct Session {
    /// The user's own messages, as the table was when the capture was opened.
    own: Option<Arc<OwnTable>>,
    pub(super) connections: Connections,
    /// The ports of the connections.
    pub(super) ports: Ports,
    /// Connections that are watched no more.
    pub(super) other_applications: OtherApplications,
    /// Connections that are neither configured nor proven, oldest first.
    undecided: VecDeque<StreamId>,
    pub(super) servers: Servers,
    pub(super) says: Says,
    pub(super) likely: LikelyDeliveries,
    pub(super) ambiguous_logins: AmbiguousLogins,
    pub(super) lists: MemberLists,
    pub(super) pending_receipts: PendingReceipts,
    /// The first address of which both ends of a connection are: there, ports say who somebody is.
    pub(super) capture_host: Option<IpAddr>,
    /// The connections with pongs of which it is not known yet which ping they answer.
    pub(super) open_pongs: Vec<StreamId>,
    /// Connections that begin with TLS's handshake.
    pub(super) encrypted: Vec<StreamId>,
    /// When the first segment was captured, and the last one, in nanoseconds since the epoch; 0 until then.
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) texts: Texts,
    /// The ends of the messages that are about to be handed over.
    pub(super) endings: Endings,
    /// For the texts that are said.
    pub(super) hasher: DefaultHashBuilder,
    pub(super) memory: Memory,
}

impl Session {
    /// With a table of the user's own messages.
    pub fn with_own(own: Option<Arc<OwnTable>>) -> Session {
        Session { own, ..Session::default() }
    }

    /// The user's own messages.
    pub fn own(&self) -> Option<&OwnTable> {
        self.own.as_deref()
    }

    /// The same, beside the session.
    pub fn shared_own(&self) -> Option<Arc<OwnTable>> {
        self.own.clone()
    }

    /// Whether there is anything to learn from a segment or to show of it: the cheap question that comes before all others.
    pub fn concerns(&self, outline: &Outline) -> bool {
        failpoint!("session::concerns");
        may_begin(outline)
            || self.ports.contains(outline.ports.0, outline.ports.1)
            || self.servers.knows_port(outline.ports.0)
            || self.servers.knows_port(outline.ports.1)
    }

    /// Whether the only connection between these ports was found to be another application's: only a message that proves the chat changes
    /// that.
    pub fn is_other_application(&self, ports: (u16, u16)) -> bool {
        failpoint!("session::is_other_application");
        self.other_applications.contains(ports.0, ports.1) && !self.ports.contains(ports.0, ports.1)
    }

    /// Whether this segment's connection was found to be another application's, whatever others have its ports.
    pub fn belongs_to_other_application(&self, segment: &Segment) -> bool {
        let is_watched = self.connections.get(&segment.stream).is_some();
        !is_watched
            && !segment.is_on_chat_port()
            && self.other_applications.contains(segment.source.port, segment.destination.port)
    }

    /// How many pairs of ports there are among the watched connections. While there is none, only a segment that may begin a connection
    /// needs to be asked about.
    pub fn watched(&self) -> usize {
        self.ports.len()
    }

    /// Takes in a segment, before or after its payload was dissected; `payload` are its captured bytes. A segment that was taken in
    /// already is ignored.
    pub fn segment(&mut self, segment: &Segment, payload: &[u8]) {
        failpoint!("session::segment");
        if self.start == 0 {
            self.start = segment.at.time;
        }
        self.end = self.end.max(segment.at.time);
        if self.connections.get(&segment.stream).is_none() {
            let ports = (segment.source.port, segment.destination.port);
            let chat_port = segment.is_on_chat_port();
            if !may_begin(&Outline { ports, flags: segment.flags, chat_port, payload })
                && !self.may_be_encrypted_chat(segment, payload)
            {
                return;
            }
            if Connection::would_be_idle(segment) && !self.memory.has_room_for_idle(segment) {
                return;
            }
            self.watch(segment);
        }
        let Some(connection) = self.connections.get_mut(&segment.stream) else { return };
        self.memory.segment(segment.at.frame);
        if connection.is_idle() && segment.length > 0 {
            connection.carry_data();
            self.memory.carries_data();
        }
        if segment.is_on_chat_port() {
            connection.configure(); // a tunnel leads to one of the chat's ports
        }
        if connection.has_no_application_data() && is_tls(payload) {
            let is_new = connection.encrypt(segment.at.frame);
            self.encrypted.extend((is_new && is_tls_handshake(payload)).then_some(segment.stream));
        }
        let progress = connection.segment(segment, payload.len() as u32, &mut self.texts);
        if connection.is_open()
            && connection.has_no_application_data()
            && connection.side(segment) == Side::Client
            && !could_lead_to_chat(payload)
        {
            self.forget(segment.stream);
        }
        if progress.has_received && !self.pending_receipts.is_empty() {
            self.receive(segment);
        }
        if progress.is_closed {
            self.close(segment);
        }
        if segment.flags & (flags::FIN | flags::RST) != 0 {
            self.stop_listening(segment);
        }
        self.pass_gaps_on(segment.stream);
        if !self.ambiguous_logins.is_empty() {
            self.settle_logins(segment.at.time);
        }
        if !self.likely.is_empty() {
            self.settle(segment.stream, segment.at);
        }
    }

    /// Notes that a connection is past the opening handshake, or that it is the chat's: a server of dialect A tells it what everybody is told.
    pub(super) fn listen(&mut self, stream: StreamId) {
        let is_open = |it: &&Connection| it.is_shown() && it.times().closing_since().is_none();
        let Some(connection) = self.connections.get(&stream).filter(is_open) else { return };
        let server = self.servers.of_mut(connection).filter(|server| server.tells_everybody());
        server.into_iter().for_each(|server| _ = server.listeners.insert(stream));
    }

    /// Notes that a connection closes: nobody is told anything on it any more.
    fn stop_listening(&mut self, segment: &Segment) {
        let Some(connection) = self.connections.get(&segment.stream) else { return };
        let id = connection.chat().and_then(Chat::id);
        let Some(server) = self.servers.of_mut(connection).filter(|server| server.tells_everybody()) else { return };
        server.listeners.remove(&segment.stream);
        let own = id.filter(|id| server.users.owner(*id) == Some(segment.stream));
        own.into_iter().for_each(|id| server.rooms.leave(Room::Everywhere, id, &self.texts));
    }

    /// Counts what a segment of a client acknowledges, where it is owed to others, too.
    fn receive(&mut self, segment: &Segment) {
        failpoint!("session::receive");
        let Some(connection) = self.connections.get(&segment.stream) else { return };
        let received: Vec<Receipt> = connection.records().received(segment.at.frame).filter_map(Receipt::of).collect();
        for open in received {
            self.received(open, (segment.at.frame, segment.stream), false);
        }
    }

    /// Counts that a connection has received something in a frame. `is_late`: that frame was shown before without that.
    pub(super) fn received(&mut self, open: Receipt, at: (Frame, StreamId), is_late: bool) {
        let (began, which) = match open {
            Receipt::Say(number) => (self.says.get(number).map(|say| say.at().frame), number),
            Receipt::Notified(_, began) => (Some(began), began.number()),
        };
        let Some((began, ((frame, stream), times))) = began.zip(self.pending_receipts.receive(open, at)) else {
            return;
        };
        let Some(connection) = self.connections.get_mut(&stream) else { return };
        // Where the server may have told something else, who has to receive what is not known.
        let gaps = self.servers.of(connection).map(|server| &server.gaps.server);
        if !gaps.is_some_and(|gaps| gaps.interrupted_after(began)) {
            let is_alone = open.completion() == Completion::Login && times == 1;
            let mark = Mark::completes(frame, open.completion(), which).alone(is_alone);
            match is_late {
                true => connection.records_mut().mark_late(mark),
                false => connection.records_mut().mark(mark),
            }
        }
    }

    /// Notes that with this segment its connection is closed.
    fn close(&mut self, segment: &Segment) {
        failpoint!("session::close");
        let (frame, stream) = (segment.at.frame, segment.stream);
        let Some(connection) = self.connections.get_mut(&stream) else { return };
        let Some(began) = connection.times().closing_since() else { return };
        let was_used = connection.chat().is_some_and(|chat| chat.has_asked_to_log_in());
        // Nobody can have logged in.
        let is_whole = connection.saw_beginning() && !connection.may_lack_messages_before(frame);
        if was_used {
            self.received(Receipt::Notified(Completion::Logout, began), (frame, stream), false);
        } else if is_whole && !segment.has(flags::RST) {
            connection.records_mut().mark(Mark::completes(frame, Completion::Close, began.number()));
        }
    }

    /// Whether a segment may carry what a known server of the chat says: encrypted, on a connection whose beginning was not captured.
    fn may_be_encrypted_chat(&self, segment: &Segment, payload: &[u8]) -> bool {
        is_tls(payload)
            && [segment.source, segment.destination].iter().any(|end| self.servers.knows(end))
            && !self.other_applications.contains(segment.source.port, segment.destination.port)
    }

    /// A segment with this payload has been dissected.
    pub fn look_back(&mut self, segment: &Segment) {
        let Some(connection) = self.connections.get_mut(&segment.stream) else { return };
        if self.endings.has_uninflated(segment.stream) {
            connection.pass_over_compressed(segment);
            self.endings.end();
            self.pass_gaps_on(segment.stream);
        }
        let Some(connection) = self.connections.get_mut(&segment.stream) else { return };
        let Some(unread) = connection.look_back(segment) else { return };
        let is_servers = connection.side(segment) == Side::Server;
        if let Some(server) = self.servers.of_mut(connection).filter(|_| is_servers) {
            server.set_unread(segment.stream, unread);
        }
    }

    /// What a segment carries was not learned, or not all of it: to its connection, it is as if the capture lacked it.
    pub fn pass_over(&mut self, segment: &Segment) {
        let Some(connection) = self.connections.get_mut(&segment.stream) else { return };
        if segment.length > 0 {
            connection.pass_over(segment);
            self.pass_gaps_on(segment.stream);
        }
    }

    /// Passes on what the capture turned out to lack of a connection.
    pub(super) fn pass_gaps_on(&mut self, stream: StreamId) {
        let watched = self.connections.get_mut(&stream);
        let Some(connection) = watched.filter(|connection| connection.has_gap()) else { return };
        self.memory.spend(GAP);
        let [of_client, of_server] = [Side::Client, Side::Server].map(|side| connection.take_gap(side));
        if let Some(gap) = of_client {
            self.servers.add_client_gap(connection, gap);
        }
        let is_shown = connection.is_shown() || self.servers.of(connection).is_some();
        if let Some(gap) = of_server.filter(|_| is_shown) {
            self.servers.add_server_gap(connection, gap);
        }
    }

    /// Begins to watch a connection.
    pub(super) fn watch(&mut self, segment: &Segment) {
        let connection = Connection::new(segment);
        self.memory.connect(connection.is_idle());
        if segment.source.address == segment.destination.address {
            self.capture_host = self.capture_host.or_else(|| segment.source.ip());
        }
        if !connection.is_configured() {
            self.undecided.push_back(segment.stream);
            if self.undecided.len() > MAX_UNDECIDED {
                self.forget_oldest();
            }
        }
        self.other_applications.remove(segment.source.port, segment.destination.port);
        self.ports.insert(segment.source.port, segment.destination.port);
        self.connections.insert(segment.stream, connection);
        self.endings.begin(segment.stream);
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.undecided.pop_front() else { return };
        if self.connections.get(&oldest).is_some_and(Connection::is_open) {
            self.forget(oldest);
        }
    }

    /// What is unread of a connection concerns its server no more.
    pub(super) fn stop_reading(&mut self, stream: StreamId) {
        let Some(connection) = self.connections.get_mut(&stream) else { return };
        let since = connection.stop_reading(Side::Server);
        if let (Some(since), Some(server)) = (since, self.servers.of_mut(connection)) {
            server.set_unread(stream, Unread::Until { since, gap: None });
        }
    }

    /// Forgets a connection that is not the chat's.
    pub(super) fn forget(&mut self, stream: StreamId) {
        self.stop_reading(stream);
        let Some(connection) = self.connections.remove(&stream) else { return };
        self.memory.change(connection.size_of_fragments() + connection.records().size_of_assembled(), 0);
        self.ports.remove(connection.client().port, connection.server().port);
    }

    /// Looks for the opening handshake: in the segment's captured payload, or where that is only a part, in what Wireshark
    /// reassembled or decrypted with it.
    pub fn handshake<'a>(&mut self, segment: &Segment, payload: &[u8], sources: impl IntoIterator<Item = &'a [u8]>) {
        let Some(connection) = self.connections.get_mut(&segment.stream) else { return };
        let truncated = payload.len() < segment.length as usize;
        let encrypted = is_tls(payload);
        let captured = HttpBytes { bytes: payload, truncated, encrypted };
        let mut foreign = connection.http(segment, &captured, &mut self.texts);
        for bytes in sources {
            let reassembled = HttpBytes { bytes, truncated: false, encrypted };
            foreign |= connection.http(segment, &reassembled, &mut self.texts);
        }
        if connection.upgrade().upgraded_in() == Some(segment.at.frame) {
            self.listen(segment.stream);
        } else if foreign && connection.is_open() {
            self.forget(segment.stream);
        }
    }

    /// Takes in WebSocket data that is about to be dissected: `position` is where it begins in the segment's payload, where it has
    /// not been reassembled or decrypted.
    pub fn frames(&mut self, segment: &Segment, payload: &[u8], data: Captured, position: Option<u32>) {
        if let Some(connection) = self.connections.get_mut(&segment.stream) {
            self.endings.begin(segment.stream);
            let before = connection.size_of_fragments();
            connection.frames(segment, payload, data, position, &mut self.endings, &mut self.texts);
            self.memory.change(before, connection.size_of_fragments());
            self.pass_gaps_on(segment.stream);
        }
    }

    /// How many messages were put together here.
    pub fn assembled_count(&self) -> u32 {
        self.endings.assembled
    }

    /// The segment's next message has this number: keeps it, on the first pass, if it was put together here.
    pub fn keep_assembled(&mut self, segment: &Segment, index: u32) {
        let Some(connection) = self.connections.get_mut(&segment.stream) else { return };
        let Some(bytes) = self.endings.take_assembled(segment.stream) else { return };
        self.memory.spend(bytes.capacity() + ASSEMBLED);
        connection.records_mut().keep_assembled(Position { frame: segment.at.frame, index }, bytes);
    }

    /// The message of this position, where it was put together here.
    pub fn assembled(&self, stream: StreamId, position: Position) -> Option<&[u8]> {
        self.connections.get(&stream)?.records().assembled(position)
    }

    /// Who sent this segment, for later passes.
    pub fn side(&self, segment: &Segment) -> Side {
        match self.connections.get(&segment.stream) {
            Some(connection) => connection.side(segment),
            None if segment.source.port < segment.destination.port => Side::Server,
            None => Side::Client,
        }
    }

    /// Who sent this segment, on the first pass; `evidence` says what its message would prove if a given side had sent it.
    pub fn settle_side(&mut self, segment: &Segment, evidence: impl Fn(Side) -> Evidence) -> Side {
        if self.connections.get(&segment.stream).is_none() {
            self.watch(segment);
        }
        let Some(connection) = self.connections.get_mut(&segment.stream) else { return self.side(segment) };
        let side = connection.side(segment);
        let other = side.other();
        let is_wrong =
            !connection.sides_known() && evidence(side) != Evidence::Dialect && evidence(other) == Evidence::Dialect;
        if is_wrong {
            self.stop_reading(segment.stream);
        }
        let Some(connection) = self.connections.get_mut(&segment.stream) else { return side };
        if is_wrong {
            connection.settle_sides(segment, other);
        }
        connection.side(segment)
    }

    /// Whether Wireshark's HTTP dissector hands the connection to WebSocket by itself.
    pub fn is_handed_over(&self, stream: StreamId) -> bool {
        self.connections.get(&stream).is_some_and(|connection| connection.upgrade().is_handed_over())
    }
}

/// Whether a connection may be the chat's that is first seen with such a segment.
fn may_begin(outline: &Outline) -> bool {
    outline.chat_port || outline.flags & flags::SYN != 0 || is_upgrade(outline.payload)
}
