//! Where a session has as much as it may remember: what it does not learn, and what is shown of that.

use crate::packet::{Frame, FrameTime, Segment};
use crate::session::memory::Reached;
use crate::session::say::pending::LikelyDeliveries;
use crate::session::server::ambiguous_logins::AmbiguousLogins;
use crate::session::server::exchanges::PendingReceipts;
use crate::session::state::Session;
use crate::tcp::gaps::Gap;

impl Session {
    /// What is kept so far, in bytes: not less than it takes.
    pub fn held(&self) -> usize {
        self.memory.spent + self.texts.size() + self.says.size() + self.lists.size() + self.servers.size()
    }

    /// Whether what a segment and its messages teach is remembered; asked on the first pass, before anything is learned from them. Of one frame,
    /// all is or nothing.
    #[inline]
    pub fn has_room_for(&mut self, segment: &Segment) -> bool {
        let frame = segment.at.frame;
        if self.memory.end.is_none() && self.memory.current != Some(frame) {
            self.memory.current = Some(frame);
            if self.held() > self.memory.limits.bytes {
                self.memory.end = Some(frame);
                self.lose_the_rest(segment.at);
            }
        }
        self.memory.end.is_none() || self.refuse(segment)
    }

    /// A segment is not remembered, which is said on the first one of the chat. Returns `false`.
    #[cold]
    fn refuse(&mut self, segment: &Segment) -> bool {
        let connection = self.connections.get(&segment.stream);
        let is_shown = segment.is_on_chat_port() || connection.is_some_and(|connection| connection.is_shown());
        if is_shown {
            self.memory.announced.get_or_insert(segment.at.frame);
        }
        false
    }

    /// The last frame that was dissected for the first time, as far as anything is learned.
    pub fn learned(&self) -> Option<Frame> {
        self.memory.current
    }

    /// Whether nothing of this frame was remembered, because there was no room.
    pub fn is_full_at(&self, frame: Frame) -> bool {
        self.memory.end.is_some_and(|end| frame >= end)
    }

    /// For a message that is not remembered, or may turn out to be the chat's: a session of its own, which knows whether its connection was the
    /// chat's, and who the client is. `is_chat`: it shall be the chat's.
    #[cold]
    pub fn for_one_message(&self, segment: &Segment, is_chat: bool) -> Session {
        let mut alone = Session::default();
        alone.capture_host = self.capture_host;
        alone.watch(segment);
        let known = self.connections.get(&segment.stream);
        if let (Some(known), Some(connection)) = (known, alone.connections.get_mut(&segment.stream)) {
            if known.sides_known() {
                connection.settle_sides(segment, known.side(segment));
            }
            if is_chat || known.application().is_chat() {
                connection.application_mut().become_chat();
            }
        }
        alone
    }

    /// The first packet of the chat that is not remembered, where there is one, and how many bytes are the most.
    pub fn full_since(&self) -> Option<(Frame, usize)> {
        self.memory.announced.map(|announced| (announced, self.memory.limits.bytes))
    }

    /// With another limit than usual, in bytes: for the tests and fuzz targets, which do not fill the usual one.
    pub fn limited(bytes: usize) -> Session {
        let mut session = Session::default();
        session.memory.limit(bytes);
        session
    }

    /// The limit that shows in this frame, which is the first one.
    #[inline]
    pub fn reached_in(&self, frame: Frame) -> Option<Reached> {
        let memory = &self.memory;
        if memory.announced == Some(frame) {
            return Some(Reached::Bytes(memory.limits.bytes));
        }
        (memory.refused == Some(frame)).then_some(Reached::Idle(memory.limits.idle))
    }

    /// Nothing is concluded from what is not remembered, as from what the capture lacks.
    fn lose_the_rest(&mut self, at: FrameTime) {
        let end = FrameTime { frame: Frame::LAST, time: i64::MAX };
        self.servers.unheard.add(Gap { after: Some(at), until: end });
        self.likely = LikelyDeliveries::default();
        self.ambiguous_logins = AmbiguousLogins::default();
        self.pending_receipts = PendingReceipts::default();
    }

    /// Counts what a list of users added to what its server knows.
    pub(super) fn count_users(&mut self, segment: &Segment) {
        let connection = self.connections.get(&segment.stream);
        if let Some(server) = connection.and_then(|connection| self.servers.of_mut(connection)) {
            let more = server.growth();
            self.memory.spend(more);
        }
    }
}
