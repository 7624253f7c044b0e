//! One TCP connection that is, or may be, the chat's: it holds the parts of the connection and the records of its frames, and passes to
//! each part what concerns it.

pub mod application;
mod heartbeats;
pub mod table;

use crate::event::{FrameEvent, MessageEvent, Reset, Sent};
use crate::failpoint::failpoint;
use crate::fields::ServerKind;
use crate::framing::Framing;
use crate::packet::{Both, Captured, Endpoint, Frame, FrameTime, Position, Segment, SequenceNumber, Side, flags};
use crate::session::connection::application::{Application, Chat, Identity};
use crate::session::ids::{SayNumber, ServerNumber};
use crate::session::record::Records;
use crate::session::record::frame_event::{Acknowledgment, Mark};
use crate::session::record::message::{MAX_MESSAGES, MessageRecord, StoredMessage};
use crate::storage::texts::{TextId, Texts};
use crate::tcp::gaps::{ContentGaps, DirectionGaps, Gap, Gaps, Unread};
use crate::tcp::in_flight::Pending;
use crate::tcp::{Outcome, Tcp, is_bare};
use crate::times::{Moment, Times};
use crate::upgrade::stored::{Handshake, StoredHandshake};
use crate::upgrade::{self, Step, Upgrade};
use crate::websocket::endings::{Data, Endings};
use crate::websocket::frame::Irregular;

/// How long a proxy takes to pass on a message. Nanoseconds.
pub const PROXY_DELAY: i64 = 100_000_000;

/// A TCP connection that is, or may be, a chat connection.
#[derive(Debug)]
pub struct Connection {
    client: Endpoint,
    server: Endpoint,
    /// Whether the sides are known, not guessed.
    sides_known: bool,
    /// One of its ports is the chat's by preference or Decode As.
    configured: bool,
    /// It is to the chat's ports, and has not carried a byte.
    idle: bool,
    /// Whether the capture holds the connection's beginning.
    saw_beginning: bool,
    tls: Tls,
    /// When its handshakes and its end were captured.
    times: Times,
    tcp: Tcp,
    /// What the capture lacks of it.
    gaps: ContentGaps,
    upgrade: Upgrade,
    framing: Framing,
    application: Application,
    records: Records,
    /// The number of its server among the capture's, once that was looked up.
    server_number: Option<ServerNumber>,
}

/// Whether a connection begins like TLS, and in which frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Tls {
    #[default]
    None,
    Since(Frame),
    /// At the end of the capture, nothing of it was decrypted.
    Undecrypted(Frame),
}

impl Connection {
    /// A connection first seen with this segment.
    pub fn new(segment: &Segment) -> Connection {
        let (client, server) = match guess_sender(segment) {
            Side::Client => (segment.source, segment.destination),
            Side::Server => (segment.destination, segment.source),
        };
        let syn = segment.has(flags::SYN);
        Connection {
            client,
            server,
            sides_known: syn || segment.source.chat_port != segment.destination.chat_port,
            configured: segment.is_on_chat_port(),
            idle: Connection::would_be_idle(segment),
            saw_beginning: syn || segment.stream.is_carried(), // Wireshark has seen the request for it
            tls: Tls::default(),
            times: Times::default(),
            tcp: Tcp::default(),
            gaps: ContentGaps::default(),
            upgrade: Upgrade::default(),
            framing: Framing::default(),
            application: Application::default(),
            records: Records::default(),
            server_number: None,
        }
    }

    /// The browser's endpoint.
    pub fn client(&self) -> Endpoint {
        self.client
    }

    /// The chat server's endpoint.
    pub fn server(&self) -> Endpoint {
        self.server
    }

    /// Whether one of its ports is the chat's by preference or Decode As.
    pub fn is_configured(&self) -> bool {
        self.configured
    }

    /// Marks the connection as one to the chat's ports: it leads there through a proxy.
    pub fn configure(&mut self) {
        self.configured = true;
    }

    /// Whether a connection that is first seen with this segment is to the chat's ports, and has not carried a byte.
    pub fn would_be_idle(segment: &Segment) -> bool {
        segment.is_on_chat_port() && segment.length == 0
    }

    /// Whether it has not carried a byte until now, and is to the chat's ports.
    pub fn is_idle(&self) -> bool {
        self.idle
    }

    /// Marks the connection as one that carries data.
    pub fn carry_data(&mut self) {
        self.idle = false;
    }

    /// Whether the capture holds the connection's beginning.
    pub fn saw_beginning(&self) -> bool {
        self.saw_beginning
    }

    /// Whether it may yet turn out to be the chat's, and nobody said that it is.
    pub fn is_open(&self) -> bool {
        self.application.is_undecided() && !self.configured
    }

    /// Whether anything of this connection may be shown.
    pub fn is_shown(&self) -> bool {
        self.configured || self.application.is_chat()
    }

    /// What it carries.
    pub fn application(&self) -> &Application {
        &self.application
    }

    /// The same, to change it.
    pub fn application_mut(&mut self) -> &mut Application {
        &mut self.application
    }

    /// The chat's part; `None` for a connection that is not known to be the chat's.
    pub fn chat(&self) -> Option<&Chat> {
        self.application.chat()
    }

    // --- sides --------------------------------------------------------------------------------------------------------

    /// Who sent a segment of this connection.
    pub fn side(&self, segment: &Segment) -> Side {
        if segment.source == self.client { Side::Client } else { Side::Server }
    }

    /// Whether the sides are known, not guessed.
    pub fn sides_known(&self) -> bool {
        self.sides_known
    }

    /// Settles that `side` is the sender of this segment.
    pub fn settle_sides(&mut self, segment: &Segment, side: Side) {
        self.sides_known = true;
        if self.side(segment) == side {
            return;
        }
        std::mem::swap(&mut self.client, &mut self.server);
        self.tcp.swap_sides();
        self.gaps.swap_sides();
        self.framing.swap_sides();
        self.records.swap_sides();
        self.server_number = None;
    }

    /// The number of its server among the capture's, once that was looked up.
    pub fn server_number(&self) -> Option<ServerNumber> {
        self.server_number
    }

    /// Keeps the number of its server.
    pub fn set_server_number(&mut self, number: ServerNumber) {
        self.server_number = Some(number);
    }

    // --- records ------------------------------------------------------------------------------------------------------

    /// What is kept of its frames.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// The same, to add to it.
    pub fn records_mut(&mut self) -> &mut Records {
        &mut self.records
    }

    /// When its handshakes and its end were captured.
    pub fn times(&self) -> &Times {
        &self.times
    }

    /// Keeps a message of the chat.
    pub fn enter_message(&mut self, record: &MessageRecord<TextId>) {
        let is_named = self.logged_in(record.position()).is_some();
        if let Application::Chat(chat) = &mut self.application {
            if record.event.is_from_server() {
                chat.heard(record.at);
            }
        }
        failpoint!("session::enter_message");
        if record.index < MAX_MESSAGES {
            let mut message = StoredMessage::of(record);
            message.set_named(is_named);
            self.records.keep(message);
        }
    }

    /// Links the message at this position to the say that it delivers, unless it delivers another; `is_own`: the browser's own. `is_late`: it was
    /// shown before without that.
    pub fn delivers(&mut self, position: Position, say: SayNumber, is_own: bool, is_late: bool) {
        let Some(message) = self.records.message_mut(position) else { return };
        let began = message.began();
        if message.delivers(say, is_own && !is_late) && is_late {
            began.into_iter().for_each(|began| self.records.set_began(position, began));
        }
    }

    /// Settles whether the login at this position is the connection's own.
    pub fn settle_login(&mut self, position: Position, is_own: bool, request: Option<FrameTime>) {
        let Some(message) = self.records.message_mut(position) else { return };
        let began = message.began();
        message.settle_login(is_own, request.map(|request| request.frame));
        if is_own {
            began.into_iter().for_each(|began| self.records.set_began(position, began));
        }
        if let (Some(request), Some(answer)) = (request, self.records.message(position).and_then(StoredMessage::event))
        {
            self.answer(request.frame, &answer, position.frame);
        }
    }

    /// Takes note that `frame` answers the request in frame `request` by this event.
    pub fn answer(&mut self, request: Frame, answer: &MessageEvent<TextId>, frame: Frame) {
        self.records.known_mut(request).any(|asked| asked.answer(answer, frame));
    }

    fn happened(&mut self, at: FrameTime, event: &FrameEvent<TextId>, by: Side, texts: &mut Texts) {
        let frame = at.frame;
        self.times.take(event, at);
        let is_named = self.logged_in(Position::end_of(frame)).is_some();
        if let Some(mark) = Mark::of(frame, event, by, texts) {
            self.records.mark(mark.named(is_named));
        }
    }

    // --- TCP ----------------------------------------------------------------------------------------------------------

    /// Takes in a segment's header, once; so many bytes of its payload were captured. What the capture turns out to lack is asked for with
    /// [`Connection::take_gap`].
    pub fn segment(&mut self, segment: &Segment, captured: u32, texts: &mut Texts) -> Progress {
        let (frame, by) = (segment.at.frame, self.side(segment));
        let (was_closed, had_gap) = (self.tcp.state().is_closed(), self.gaps.has_latest());
        // What earlier frames showed stays, whatever this one shows to be missing or answers.
        if let Some(request) = self.upgrade.unheard_request_in().filter(|request| self.is_cut_off(*request)) {
            self.upgrade.cut_off(request);
        }
        let noted = self.take_in(segment, captured, texts);
        failpoint!("session::connection");
        if self.is_encrypted() {
            if !had_gap && self.gaps.has_latest() {
                self.gaps.set_undecryptable();
            }
            if captured > 0 {
                self.gaps.add_encrypted(by, segment.at);
            }
        } else if self.gaps.of(Side::Client).is_some_and(DirectionGaps::is_whole) && !self.is_unread(Side::Client) {
            self.gaps.of_mut(Side::Client).forget_logins();
        }
        // What the segment acknowledges last may be a part of a frame's messages.
        if let Some(of) = noted.received.filter(|of| self.tcp.is_in_flight(by.other(), *of)) {
            self.records.acknowledge_part(frame, of);
        }
        if noted.has_marks && self.logged_in(Position::end_of(frame)).is_some() {
            self.records.name(frame);
        }
        let is_closed = self.tcp.state().is_closed() && !was_closed;
        Progress { has_received: noted.received.is_some() && by == Side::Client, is_closed }
    }

    /// Passes a segment to the TCP part, and notes what happened.
    fn take_in(&mut self, segment: &Segment, captured: u32, texts: &mut Texts) -> Noted {
        let (Segment { at, .. }, by) = (*segment, self.side(segment));
        let Connection { tcp, gaps, framing, times, records, .. } = self;
        let mut noted = Noted::default();
        tcp.take_in(segment, captured, by, gaps, |outcome: Outcome<TextId>| match outcome {
            Outcome::Event(event) => {
                // Once WebSocket is closed, nothing more is under way.
                let is_idle = matches!(event, FrameEvent::Reset(Reset::Open)) && framing.is_websocket_closed();
                let event = if is_idle { FrameEvent::Reset(Reset::Unknown) } else { event };
                times.take(&event, at);
                Mark::of(at.frame, &event, by, texts).into_iter().for_each(|mark| records.mark(mark));
                noted.has_marks = true;
            }
            Outcome::EstablishedIn(earlier) => {
                let mark = Mark::of(earlier, &FrameEvent::<TextId>::Established, Side::Client, texts);
                mark.into_iter().for_each(|mark| records.mark_late(mark));
            }
            Outcome::Acknowledged(Pending { frame, sent: of, .. }) => {
                match of {
                    Sent::Message => noted.received = Some(frame),
                    Sent::UpgradeRequest => times.set(Moment::UpgradeRequestAcked, at.time),
                    Sent::UpgradeResponse => times.set(Moment::UpgradeComplete, at.time),
                    Sent::Refusal | Sent::Fin => {}
                }
                let is_event = is_bare(segment);
                records.acknowledge(at.frame, Acknowledgment { frame, of, is_event, is_part: false });
                noted.has_marks = true;
            }
        });
        noted
    }

    fn is_encrypted(&self) -> bool {
        self.tls != Tls::None
    }

    /// Marks the connection as encrypted: it begins like TLS in this frame. Returns whether that is new.
    pub fn encrypt(&mut self, frame: Frame) -> bool {
        let is_new = !self.is_encrypted();
        if is_new {
            self.tls = Tls::Since(frame);
            self.gaps.set_undecryptable();
        }
        is_new
    }

    /// Takes note that the capture is at its end: what was not decrypted until now lacks keys.
    pub fn settle_tls(&mut self) {
        match self.tls {
            Tls::Since(frame) if self.has_no_application_data() => self.tls = Tls::Undecrypted(frame),
            Tls::None | Tls::Since(_) | Tls::Undecrypted(_) => {}
        }
    }

    /// The frame with the first TLS record of a connection to the chat's ports that nobody decrypted.
    pub fn lacks_keys_since(&self) -> Option<Frame> {
        match self.tls {
            Tls::Undecrypted(frame) => Some(frame).filter(|_| self.configured),
            Tls::None | Tls::Since(_) => None,
        }
    }

    /// Takes note that a segment has been dissected. Returns whether bytes of its side are unread, if that has changed.
    pub fn look_back(&mut self, segment: &Segment) -> Option<Unread> {
        let by = self.side(segment);
        self.gaps.look_back(segment, by, self.is_unread(by))
    }

    /// Forgets that a login may be missing in this segment: what was cut of it is another message.
    pub fn forget_login(&mut self, segment: &Segment) {
        let by = self.side(segment);
        if self.gaps.of(by).is_some() {
            self.gaps.of_mut(by).forget_login(segment.at.frame);
        }
    }

    /// Whether bytes of earlier segments of a side are unread.
    pub fn has_unread(&self, by: Side) -> bool {
        self.gaps.of(by).is_some_and(|gaps| gaps.unread_since.is_some())
    }

    /// Gives up what is unread of a side. Returns since when.
    pub fn stop_reading(&mut self, by: Side) -> Option<FrameTime> {
        self.gaps.of(by)?;
        self.gaps.of_mut(by).unread_since.take().map(|(since, _)| since)
    }

    /// Adds a gap where a compressed message is not read: what follows it cannot be inflated.
    pub fn pass_over_compressed(&mut self, segment: &Segment) {
        self.framing.lose_window(self.side(segment));
        self.pass_over(segment);
    }

    /// How many bytes of fragments are kept until their messages end.
    pub fn size_of_fragments(&self) -> usize {
        self.framing.size()
    }

    /// Adds a gap where a message that a side sends in this segment is not read.
    pub fn pass_over(&mut self, segment: &Segment) {
        let by = self.side(segment);
        self.gaps.of_mut(by).add(Gap::within(segment.at), u32::MAX);
    }

    /// Where the capture may lack something that a side sent.
    pub fn gaps(&self, by: Side) -> &Gaps {
        self.gaps.of(by).map_or(Gaps::NONE, |gaps| &gaps.list)
    }

    /// Whether there is a gap to take.
    pub fn has_gap(&self) -> bool {
        self.gaps.has_latest()
    }

    /// Takes the gap of a direction that showed since this was asked last; WebSocket's frames may lack what it lacks.
    pub fn take_gap(&mut self, by: Side) -> Option<Gap> {
        let gap = self.gaps.take_latest(by);
        if gap.is_some() {
            self.framing.add_gap(by);
        }
        gap
    }

    /// The TCP part.
    pub fn tcp(&self) -> &Tcp {
        &self.tcp
    }

    /// Waits for the acknowledgment of something that the segment completes, and that ends before `end`.
    fn expect_ack(&mut self, segment: &Segment, end: SequenceNumber, sent: Sent) {
        if segment.stream.is_carried() {
            return; // TCP acknowledges it on the connection that carries it
        }
        let pending = Pending { end, frame: segment.at.frame, sent };
        let by = self.side(segment);
        let earlier = self.tcp.expect_ack(by, pending).filter(|earlier| self.records.has(*earlier));
        if let Some(earlier) = earlier {
            let ack = Acknowledgment { frame: pending.frame, of: sent, is_event: false, is_part: false };
            self.records.mark_late(Mark::acknowledgment(earlier, ack));
        }
    }

    // --- upgrade ------------------------------------------------------------------------------------------------------

    /// The upgrade.
    pub fn upgrade(&self) -> &Upgrade {
        &self.upgrade
    }

    /// Whether nothing but TCP's handshake has been seen of an application.
    pub fn has_no_application_data(&self) -> bool {
        !self.upgrade.has_begun() && self.framing.since().is_none()
    }

    /// Whether the connection has ended before the server answered the upgrade request in this frame.
    pub fn is_cut_off(&self, request: Frame) -> bool {
        let is_unheard = self.upgrade.unheard_request_in() == Some(request);
        self.upgrade.was_cut_off(request)
            || is_unheard && self.tcp.has_ended(Side::Server) && !self.gaps(Side::Server).after(request)
    }

    /// Looks for the opening handshake in HTTP bytes that end with this segment. Returns whether they are HTTP that is no handshake.
    pub fn http(&mut self, segment: &Segment, http: &HttpBytes, texts: &mut Texts) -> bool {
        if self.framing.since().is_some_and(|since| since < segment.at.frame) {
            return false;
        }
        if !self.tcp.is_fresh(self.side(segment)) {
            return false; // sent again
        }
        if segment.length > 0 && self.side(segment) == Side::Server {
            self.upgrade.hear();
        }
        let tcp = &self.tcp;
        match self.upgrade.read(segment.at, http.bytes, http.truncated, |frame| tcp.is_in_flight(Side::Client, frame)) {
            Step::None => {}
            Step::Foreign => return true,
            Step::Request(handshake) => {
                self.upgrade_requested(segment);
                self.upgrade_request(segment.at, &handshake, texts);
            }
            Step::CutRequest => self.upgrade_requested(segment),
            Step::Response(response) => {
                let resets_window = response.resets_window;
                let end = self.upgrade_response(segment, http.bytes.len(), response, texts);
                if self.framing.since().is_none() {
                    let start = Both { client: self.tcp.next(Side::Client), server: Some(end) };
                    self.framing.begin(start, !http.encrypted, resets_window);
                }
            }
        }
        false
    }

    fn upgrade_requested(&mut self, segment: &Segment) {
        if !self.sides_known {
            self.settle_sides(segment, Side::Client);
        }
        self.saw_beginning = true;
        self.expect_ack(segment, segment.end(), Sent::UpgradeRequest);
    }

    fn upgrade_request(&mut self, at: FrameTime, handshake: &Handshake, texts: &mut Texts) {
        self.happened(at, &FrameEvent::UpgradeRequest, Side::Client, texts);
        self.records.keep_handshake(StoredHandshake::of_request(at.frame, handshake, texts));
    }

    /// Returns the sequence number behind the response.
    fn upgrade_response(
        &mut self,
        segment: &Segment,
        available: usize,
        response: upgrade::Response,
        texts: &mut Texts,
    ) -> SequenceNumber {
        let upgrade::Response { handshake, key, length, reveals_request, .. } = response;
        let frame = segment.at.frame;
        if let Some(request) = handshake.request {
            if reveals_request {
                self.upgrade_request(request, &Handshake::default(), texts);
            }
            if let Some(asked) = self.records.handshake_mut(request.frame) {
                asked.answered(frame);
            }
        }
        let (event, sent) = match handshake.refused {
            Some(status) => (FrameEvent::UpgradeRefused(status), Sent::Refusal),
            None if handshake.accept_valid() == Some(false) => (FrameEvent::UpgradeMisaccepted, Sent::Refusal),
            None if handshake.lacks_subprotocol => (FrameEvent::UpgradeWithoutSubprotocol, Sent::Refusal),
            None => (FrameEvent::UpgradeAccepted, Sent::UpgradeResponse),
        };
        self.happened(segment.at, &event, Side::Server, texts);
        // What follows the header section in the same segment is WebSocket's.
        let rest = length.filter(|_| handshake.refused.is_none()).map_or(0, |length| available.saturating_sub(length));
        let asked = handshake.request.and_then(|request| self.records.handshake(request.frame));
        let stored = StoredHandshake::of_response(frame, &handshake, key.as_deref(), asked);
        self.records.keep_handshake(stored);
        let end = segment.end() - rest.min(segment.length as usize) as u32;
        self.expect_ack(segment, end, sent);
        end
    }

    // --- WebSocket ----------------------------------------------------------------------------------------------------

    /// Takes in WebSocket data that is about to be dissected: `position` is where it begins in the segment's payload, where it has
    /// not been reassembled or decrypted. Adds the ends of its messages to `endings`.
    pub fn frames(
        &mut self,
        segment: &Segment,
        payload: &[u8],
        bytes: Captured,
        position: Option<u32>,
        endings: &mut Endings,
        texts: &mut Texts,
    ) {
        let by = self.side(segment);
        let data = Data {
            bytes,
            start: position.map(|offset| segment.sequence + offset),
            payload,
            segment_start: segment.sequence,
            segment_end: segment.end(),
            is_fresh: self.tcp.is_fresh(by),
            other_is_unread: self.is_unread(by.other()),
        };
        for close in self.framing.take_in(segment.at, by, data, endings, &mut self.gaps) {
            self.happened(segment.at, &close, by, texts);
        }
        if self.sides_known {
            for what in Irregular::ALL.into_iter().filter(|what| endings.irregular.contains(what)) {
                self.records.mark(Mark::irregular(segment.at.frame, by, what));
            }
        }
    }

    /// Whether bytes that a side sent were not read yet.
    fn is_unread(&self, side: Side) -> bool {
        let ends = self.tcp.end_of_data(side).zip(self.framing.end_of_read(side));
        ends.is_some_and(|(sent, read)| sent.is_after(read))
    }

    /// Takes note of a message that ends before `end`, in this segment; `start`: where it begins.
    pub fn message_ends(&mut self, segment: &Segment, start: Option<SequenceNumber>, end: SequenceNumber) {
        self.expect_ack(segment, end, Sent::Message);
        let by = self.side(segment);
        self.gaps.set_decrypted(by);
        if let Some(start) = start.filter(|start| segment.sequence.is_after(*start)) {
            self.records.keep_segmented(by, start, end, segment.at.frame);
        }
    }

    // --- application --------------------------------------------------------------------------------------------------

    /// The user at a position. Before the first login that is the one who will log in, unless somebody may have logged in earlier; behind
    /// a gap it is not known, until the server names the user again.
    pub fn identity(&self, at: Position) -> Option<&Identity> {
        let chat = self.chat()?;
        let identities = chat.identities();
        match identities.partition_point(|identity| identity.since <= Some(at)) {
            0 => identities.first().filter(|first| {
                self.saw_beginning && !first.since.is_some_and(|since| self.may_lack_login_before(since.frame))
            }),
            // What shows later changes nothing.
            count => identities.get(count - 1).filter(|identity| {
                !self.may_lack_login(identity.since.map(|since| since.frame).max(identity.named_in), at.frame)
            }),
        }
    }

    /// Whether the capture may lack a login request that shows to be missing after the frame `from`, and in the frame `to` or before.
    pub fn may_lack_login(&self, from: Option<Frame>, to: Frame) -> bool {
        self.gaps.of(Side::Client).is_some_and(|gaps| gaps.may_lack_login(from, to))
    }

    fn may_lack_login_before(&self, frame: Frame) -> bool {
        self.may_lack_login(self.upgrade.upgraded_in(), frame)
    }

    /// The login request that waits for its result, if a result by this name in this frame answers it: none where the capture may lack a later
    /// one.
    pub fn answered_login(&self, frame: Frame, name: Option<TextId>) -> Option<FrameTime> {
        let (asked, _) = self.chat()?.login_answered_by(name)?;
        (!self.may_lack_login(Some(asked.frame), frame)).then_some(asked)
    }

    /// Forgets the login requests of which the answers may be missing, where others follow.
    pub fn forget_earlier_logins(&mut self) {
        let first = self.chat().and_then(Chat::waiting_login).map(|(asked, _)| asked.frame);
        if first.is_some_and(|first| self.gaps(Side::Server).after(first)) {
            self.application.chat_mut().into_iter().for_each(Chat::forget_earlier_logins);
        }
    }

    /// Whether nobody has asked to log in here before the request that waits for its result.
    pub fn waits_for_first_login(&self) -> bool {
        let Some(chat) = self.chat().filter(|chat| !chat.has_asked_again()) else { return false };
        chat.waiting_login().is_some_and(|(asked, _)| self.saw_beginning && !self.may_lack_login_before(asked.frame))
    }

    /// Takes note that the server names this connection's user in a frame.
    pub fn name_in(&mut self, frame: Frame, name: TextId) {
        if self.gaps.of(Side::Client).is_some() {
            if let Application::Chat(chat) = &mut self.application {
                chat.name_in(frame, name);
            }
        }
    }

    /// Whether the users here may have been in more than one room. The server leaves the connection in all of them.
    pub fn may_have_moved(&self) -> bool {
        let Some(chat) = self.chat() else { return false };
        let Some(first) = chat.identities().first().filter(|_| self.saw_beginning) else { return true };
        chat.has_moved() || first.since.is_some_and(|since| self.may_lack_messages_before(since.frame))
    }

    /// Whether something that a side sends after a frame may be missing, or was not read.
    pub fn may_lack_since(&self, by: Side, frame: Frame) -> bool {
        self.gaps(by).after(frame) || self.has_unread(by)
    }

    /// Takes note of what the server has shown to be by the message at a position.
    pub fn note_server(&mut self, shown: Option<ServerKind>, at: Position) {
        if let (Some(kind), Some(chat)) = (shown, self.application.chat_mut()) {
            chat.show(kind, at);
        }
    }

    /// Whether the capture has all messages that the client has sent.
    pub fn has_all_requests(&self) -> bool {
        let since = self.upgrade.upgraded_in().filter(|_| self.saw_beginning);
        since.is_some_and(|since| !self.may_lack_since(Side::Client, since))
    }

    /// Whether the connection went on for so many nanoseconds: until its end, or the other number while it is open.
    pub fn lasted_after(&self, at: FrameTime, closed: i64, open: i64) -> bool {
        let end = self.times.of(Moment::End).map(|end| end.saturating_sub(at.time));
        let mut last = [Side::Client, Side::Server].into_iter().filter_map(|side| self.tcp.last_from(side));
        end.map_or_else(|| last.any(|last| last.since(at) >= open), |end| end >= closed)
    }

    /// Whether a message of the client may be missing before a frame.
    pub fn may_lack_messages_before(&self, frame: Frame) -> bool {
        self.gaps(Side::Client).between(self.upgrade.upgraded_in(), frame)
    }

    /// The user who has logged in before a position.
    pub fn logged_in(&self, at: Position) -> Option<&Identity> {
        self.identity(at).filter(|identity| identity.since <= Some(at))
    }

    /// The user at a position of which it was known then who that is, whatever showed later.
    pub fn user_then(&self, at: Position) -> Option<&Identity> {
        let identities = self.chat()?.identities();
        let count = identities.partition_point(|identity| identity.since <= Some(at));
        identities.get(count.checked_sub(1)?)
    }

    /// Whether a proxy passes on between this connection and the other, as their logins show: one is answered while the other waits.
    pub fn logs_in_with(&self, other: &Connection) -> bool {
        let (Some(one), Some(other)) = (self.chat(), other.chat()) else { return false };
        let (Some(ours), Some(theirs)) = (one.logged_in(), other.logged_in()) else { return false };
        ours.0 < Some(theirs.1.frame) && theirs.0 < Some(ours.1.frame) && ours.1.since(theirs.1).abs() <= PROXY_DELAY
    }

    /// The first frame in which the server can have counted this connection among a room's, where that is known.
    pub fn joined(&self) -> Option<FrameTime> {
        self.records.time_of(self.chat()?.identities().first()?.since?.frame)
    }

    /// The opening handshake's response, where that was captured and accepts it.
    pub fn upgraded_at(&self) -> Option<FrameTime> {
        Some(FrameTime { frame: self.upgrade.upgraded_in()?, time: self.times.of(Moment::UpgradeResponse)? })
    }

    /// Gives up the connection for too many messages that are not the chat's: keeps the handshakes, forgets the rest.
    pub fn give_up(&mut self) {
        self.application = Application::Other;
        self.records.forget_messages();
    }
}

/// What a segment of a connection means for others.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// The client acknowledges messages.
    pub has_received: bool,
    /// With this segment, the connection is closed in both directions, or reset.
    pub is_closed: bool,
}

/// What a segment's header left to do.
#[derive(Debug, Default)]
struct Noted {
    /// Something happened in its frame.
    has_marks: bool,
    /// The last frame whose messages it is the first to acknowledge.
    received: Option<Frame>,
}

/// HTTP bytes that end with a segment.
#[derive(Debug, Clone, Copy)]
pub struct HttpBytes<'a> {
    /// The bytes that were captured.
    pub bytes: &'a [u8],
    /// The capture holds only their beginning.
    pub truncated: bool,
    /// The segment carries them encrypted.
    pub encrypted: bool,
}

/// Who sent the first segment of a connection, judged by its flags and ports.
fn guess_sender(segment: &Segment) -> Side {
    let is_client = match (segment.has(flags::SYN), segment.source.chat_port, segment.destination.chat_port) {
        (true, _, _) => !segment.has(flags::ACK),
        (_, false, true) => true,
        (_, true, false) => false,
        _ => segment.source.port >= segment.destination.port,
    };
    if is_client { Side::Client } else { Side::Server }
}
