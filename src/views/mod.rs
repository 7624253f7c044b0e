//! Views of a whole conversation, as text: what a tap collects in one pass, packet by packet, and what is made of it when all of the capture
//! is known.
//!
//! A [`View`] keeps of each [`TapEvent`] what the [`Session`] does not, which is little but the texts; names, rooms and what answers what
//! are looked up when the page is written. So a page shows the same in one pass as in two.

#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod diagram;
pub mod ends;
pub mod filters;
mod flow;
pub mod follow;
mod html;
mod listing;
mod messages;
mod sessions;
mod statistics;
mod table;
mod texts;
mod times;
mod transcript;
mod users;
mod words;

use crate::annotation::Findings;
use crate::failpoint::failpoint;
use crate::language::{FindingDetail, Language, Phrase};
use crate::packet::{Captured, FrameTime, Position, Segment, Side, StreamId, TcpHeader};
use crate::session::Session;
pub use diagram::Diagram;
pub use flow::{Arrow, Flow};
pub use html::Html;
pub use listing::Listing;
pub use sessions::Sessions;
pub use statistics::{Row, Statistics};
pub use times::Times;
pub use transcript::Transcript;
pub use users::Users;

/// Something that a tap reports: a message, or what a frame is below its messages.
#[derive(Debug, Clone, Copy)]
pub struct TapEvent<'a> {
    /// The frame.
    pub at: FrameTime,
    /// Its connection.
    pub stream: StreamId,
    /// Of a message: how many of the frame came before it. `None` for what is below the messages.
    pub index: Option<u32>,
    /// Who sent it.
    pub by: Side,
    /// What is said, in one printable line.
    pub text: &'a str,
    /// The sentences of the findings that are warnings or errors, a line each.
    pub problems: &'a str,
    /// What was found in it, as far as the packet itself shows.
    pub findings: Findings,
    /// The packet itself, for those views that show it.
    pub wire: Option<Wire<'a>>,
}

/// A packet as it is on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Wire<'a> {
    /// The segment; of a message that HTTP/2 carries, one of the connection that is carried.
    pub segment: Segment,
    /// Its TCP header, or that of the segment which carries it.
    pub tcp: TcpHeader,
    /// Whether its HTTP came through a proxy, in a tunnel.
    pub is_tunnelled: bool,
    /// The message, unmasked, decompressed and reassembled; of what is below the messages, the HTTP that it holds.
    pub bytes: Captured<'a>,
}

impl TapEvent<'_> {
    /// Where the message is.
    fn position(&self) -> Option<Position> {
        self.index.map(|index| Position { frame: self.at.frame, index })
    }
}

/// What a page is written with.
pub struct Setting<'a> {
    /// What the capture taught.
    pub session: &'a Session,
    /// The language.
    pub language: Language,
    /// Writes a time, in nanoseconds since the epoch, as date and time of day.
    pub clock: fn(i64) -> String,
}

/// A view of a conversation.
pub trait View {
    /// Forgets everything: the packets come again.
    fn clear(&mut self);
    /// Takes in what the tap reports, in the order of the capture.
    fn see(&mut self, tap_event: &TapEvent, session: &Session);
    /// Sorts a table by the column of this number, from 1, or whose title begins so; again, the other way round. Returns whether there is one.
    fn sort(&mut self, _column: &str, _setting: &Setting) -> bool {
        false
    }
    /// Begins to write the page.
    fn begin(&mut self, setting: &Setting);
    /// Appends the next piece of the page to `page`, a few lines at least. Returns whether there was one.
    fn write(&mut self, setting: &Setting, page: &mut String) -> bool;
    /// Appends what was seen since the last call; for a view that is written while the capture is read.
    fn write_seen(&mut self, _setting: &Setting, _page: &mut String) {}
    /// The sentence of a page with nothing on it.
    fn nothing(&self, setting: &Setting) -> String {
        setting.language.phrase(&Phrase::NoMessages)
    }
    /// A sentence about the page, as a line of it.
    fn remark(&self, sentence: &str) -> String {
        format!("{sentence}\n")
    }
}

/// A view that writes its page, piece by piece. Where it writes nothing, the page says that there is nothing; where the capture goes on behind
/// what is remembered, that it ends there.
///
/// ```
/// use workermanchat::language::Language;
/// use workermanchat::session::Session;
/// use workermanchat::views::{Page, Setting, Transcript};
///
/// let session = Session::default();
/// let setting = Setting { session: &session, language: Language::English, clock: |time| time.to_string() };
/// let (mut page, mut text) = (Page::new(Box::new(Transcript::default())), String::new());
/// let mut is_first = true;
/// while page.write(is_first, &setting, &mut text) {
///     is_first = false;
/// }
/// assert_eq!(text, "No messages of the chat.\n");
/// ```
pub struct Page {
    view: Box<dyn View>,
    is_blank: bool,
    is_closed: bool,
    /// Whether anything was written while the capture was read.
    has_begun: bool,
}

impl Page {
    /// Of a view.
    pub fn new(view: Box<dyn View>) -> Page {
        Page { view, is_blank: true, is_closed: false, has_begun: false }
    }

    /// Forgets everything: the packets come again.
    pub fn clear(&mut self) {
        self.view.clear();
        self.has_begun = false;
    }

    /// Takes in what the tap reports, in the order of the capture.
    pub fn see(&mut self, tap_event: &TapEvent, session: &Session) {
        failpoint!("views::see");
        self.view.see(tap_event, session);
    }

    /// Sorts a table, for the pages that are written from now on. Returns whether it has such a column.
    pub fn sort(&mut self, column: &str, setting: &Setting) -> bool {
        self.view.sort(column, setting)
    }

    /// Appends the first or the next piece to `page`. Returns whether there was one.
    pub fn write(&mut self, is_first: bool, setting: &Setting, page: &mut String) -> bool {
        failpoint!("views::write");
        if is_first {
            self.view.begin(setting);
            (self.is_blank, self.is_closed) = (!self.has_begun, false);
        }
        let before = page.len();
        let is_written = self.view.write(setting, page);
        self.is_blank &= page.len() == before;
        if is_written || self.is_closed {
            return is_written;
        }
        self.is_closed = true;
        self.close(setting, page);
        page.len() > before
    }

    /// Appends what was seen since the last call to `page`.
    pub fn write_seen(&mut self, setting: &Setting, page: &mut String) {
        failpoint!("views::write");
        self.view.write_seen(setting, page);
        self.has_begun |= !page.is_empty();
    }

    /// What is to be said behind all that the view writes.
    fn close(&self, setting: &Setting, page: &mut String) {
        if self.is_blank {
            page.push_str(&self.view.nothing(setting));
            page.push('\n');
        }
        if let Some((frame, bytes)) = setting.session.full_since() {
            let sentence = setting.language.finding(&FindingDetail::MemoryFull { megabytes: bytes >> 20 });
            page.push_str(&self.remark(&format!("{frame} · {sentence}")));
        }
    }

    /// A sentence about the page, as a line of it.
    pub fn remark(&self, sentence: &str) -> String {
        self.view.remark(sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{samples, texts_of};
    use crate::packet::{Endpoint, Frame, Segment, SequenceNumber, flags};
    use crate::session::tests::{Capture, told};

    /// A SYN to the chat's port in this frame.
    fn syn(frame: u32) -> Segment {
        let at = FrameTime { frame: Frame::of(frame), time: 0 };
        let source = Endpoint { address: [127; 16], address_length: 4, port: 40_000, chat_port: false };
        let destination = Endpoint { port: 7272, chat_port: true, ..source };
        let (sequence, acknowledgment, flags, length) = (SequenceNumber(0), SequenceNumber(0), flags::SYN, 0);
        Segment { at, stream: StreamId(0), source, destination, sequence, acknowledgment, flags, length, identity: 0 }
    }

    /// The last line of a page that is written in two pieces.
    fn last_line(page: &mut Page, session: &Session) -> Option<String> {
        let setting = Setting { session, language: Language::English, clock: |time| time.to_string() };
        let mut written = String::new();
        assert!(page.write(true, &setting, &mut written) && !page.write(false, &setting, &mut written));
        written.lines().last().map(str::to_owned)
    }

    #[test]
    fn a_page_says_where_what_is_remembered_ends() {
        let mut session = Session::limited(1 << 20);
        session.segment(&syn(1), &[]);
        assert!(session.has_room_for(&syn(2)));
        let views: [(Box<dyn View>, &str); 3] = [
            (Box::new(Transcript::default()), ""),
            (Box::new(Sessions::default()), ""),
            (Box::new(Diagram::default()), "%% "),
        ];
        for (view, mark) in views {
            let mut page = Page::new(view);
            assert_eq!(last_line(&mut page, &session).as_deref(), Some("No messages of the chat."), "before");
            let mut session = Session::limited(0);
            session.segment(&syn(1), &[]);
            assert!(!session.has_room_for(&syn(7)));
            let start = format!("{mark}7 · The memory for this capture is used up (0 MB)");
            assert!(last_line(&mut page, &session).is_some_and(|line| line.starts_with(&start)));
        }
    }

    #[test]
    fn a_view_of_nothing_says_so_once() {
        let session = Session::default();
        for language in Language::ALL {
            let views: [Box<dyn View>; 3] =
                [Box::new(Transcript::default()), Box::new(Sessions::default()), Box::new(Diagram::default())];
            for view in views {
                let setting = Setting { session: &session, language: *language, clock: |time| time.to_string() };
                let (mut view, mut page) = (Page::new(view), String::new());
                assert!(view.write(true, &setting, &mut page));
                assert!(!view.write(false, &setting, &mut page));
                assert_eq!(page, format!("{}\n", language.phrase(&Phrase::NoMessages)));
            }
        }
    }

    #[test]
    fn a_page_without_packets_says_whether_the_capture_has_any() {
        let mut session = Session::default();
        for expected in ["No packet of workerman-chat here", "the filter matches none"] {
            for view in [Box::new(Listing::default()) as Box<dyn View>, Box::new(Html::default())] {
                let setting =
                    Setting { session: &session, language: Language::English, clock: |time| time.to_string() };
                let (mut page, mut text, mut is_first) = (Page::new(view), String::new(), true);
                while page.write(std::mem::take(&mut is_first), &setting, &mut text) {}
                assert!(text.contains(expected), "{text}");
            }
            session.segment(&syn(1), &[]);
        }
    }

    /// What a view prints of a message that is told to a room.
    fn page_of(view: Box<dyn View>, capture: &Capture, frames: &[u32]) -> String {
        let mut page = Page::new(view);
        for (stream, frame) in (0..).zip(frames) {
            page.see(&tap_event(stream, *frame), &capture.session);
        }
        let setting =
            Setting { session: &capture.session, language: Language::English, clock: |time| time.to_string() };
        let mut written = String::new();
        page.write(true, &setting, &mut written);
        written
    }

    fn tap_event(stream: u32, frame: u32) -> TapEvent<'static> {
        let at = FrameTime { frame: Frame::of(frame), time: 0 };
        let (stream, index, by, findings) = (StreamId(stream), Some(0), Side::Server, Findings::default());
        TapEvent { at, stream, index, by, text: "hi", problems: "", findings, wire: None }
    }

    #[test]
    fn what_the_server_tells_a_room_has_its_names_in_every_view() {
        for event in samples().into_iter().filter(|event| event.row().completes.is_some()) {
            let Some((capture, frames)) = told(&event) else { continue };
            let views: [(&str, String); 3] = [
                (
                    "Follow",
                    follow::line(&tap_event(0, frames[0]), &capture.session, Language::English).unwrap_or_default(),
                ),
                ("transcript", page_of(Box::new(Transcript::default()), &capture, &frames)),
                ("diagram", page_of(Box::new(Diagram::default()), &capture, &frames)),
            ];
            for name in texts_of(&event).iter().filter(|name| **name != "7") {
                for (view, page) in &views {
                    assert!(page.contains(name), "{view} of {event:?} lacks {name}: {page}");
                }
            }
        }
    }
}
