//! Views of a whole conversation, as text: what a tap collects in one pass, packet by packet, and what is made of it when all of the capture
//! is known.
//!
//! A [`View`] keeps of each [`Sighting`] what the [`Session`] does not, which is little but the texts; names, rooms and what answers what
//! are looked up when the page is written. So a page shows the same in one pass as in two.

mod diagram;
pub mod filters;
pub mod follow;
mod sessions;
mod statistics;
mod texts;
mod transcript;
mod words;

use crate::annotation::Findings;
use crate::failpoint::failpoint;
use crate::language::{Language, Phrase};
use crate::packet::{FrameTime, Position, Side, StreamId};
use crate::session::Session;
pub use diagram::Diagram;
pub use sessions::Sessions;
pub use statistics::{Row, Statistics};
pub use transcript::Transcript;

/// Something that a tap reports: a message, or what a frame is below its messages.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
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
}

impl Sighting<'_> {
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
    fn see(&mut self, sighting: &Sighting, session: &Session);
    /// Begins to write the page.
    fn begin(&mut self, setting: &Setting);
    /// Appends the next piece of the page to `page`, a few lines at least. Returns whether there was one.
    fn write(&mut self, setting: &Setting, page: &mut String) -> bool;
}

/// A view that writes its page, piece by piece. Where it writes nothing, the page says that there is nothing.
pub struct Page {
    view: Box<dyn View>,
    is_blank: bool,
}

impl Page {
    /// Of a view.
    pub fn new(view: Box<dyn View>) -> Page {
        Page { view, is_blank: true }
    }

    /// Forgets everything: the packets come again.
    pub fn clear(&mut self) {
        self.view.clear();
    }

    /// Takes in what the tap reports, in the order of the capture.
    pub fn see(&mut self, sighting: &Sighting, session: &Session) {
        failpoint!("views::see");
        self.view.see(sighting, session);
    }

    /// Appends the first or the next piece to `page`. Returns whether there was one.
    pub fn write(&mut self, is_first: bool, setting: &Setting, page: &mut String) -> bool {
        failpoint!("views::write");
        if is_first {
            self.view.begin(setting);
            self.is_blank = true;
        }
        let before = page.len();
        let is_written = self.view.write(setting, page);
        if is_written || !self.is_blank {
            self.is_blank &= page.len() == before;
            return is_written;
        }
        page.push_str(&setting.language.phrase(&Phrase::NoMessages));
        page.push('\n');
        self.is_blank = false;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
