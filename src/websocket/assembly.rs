//! How the data frames of one direction become messages (RFC 6455, section 5.4), and which of these are put together here.
//!
//! Wireshark puts fragments together, but passes over a last frame that is empty: the message is not handed over, and its fragments stand before
//! those of the next one. It unmasks no more than [`MOST_UNMASKED`] bytes of a frame. And where several fragments, or fragments and messages, are
//! in one packet, what it hands over differs from pass to pass. So only messages of one frame are left to it, and compressed ones.

use super::frame::{COMPRESSED, Header, Irregular, Opcode, unmask};

/// How many bytes of a masked frame every Wireshark unmasks.
pub const MOST_UNMASKED: usize = 256 * 1024;

/// Who puts the frames together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receiver {
    /// A browser, as RFC 6455 demands.
    Browser,
    /// The chat's server (`Workerman\Protocols\Websocket`): a message is all that came since the last frame with the bit FIN, whatever the frames'
    /// opcodes say.
    Workerman,
}

/// The fragments of one direction, but for their bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Assembly {
    state: State,
    /// Wireshark holds fragments of an earlier message.
    has_rest: bool,
    /// The last data frame ended a message, and nothing is missing behind it.
    is_between: bool,
    /// Wireshark's inflater has not got all that was compressed.
    has_lost_window: bool,
    /// Each message is compressed without those before it (RFC 7692, section 7.1.1).
    resets_window: bool,
}

/// A data frame on its way to its message.
#[derive(Debug, Clone, Copy)]
pub struct DataFrame<'a> {
    /// Its header.
    pub header: &'a Header,
    /// Its payload, masked as the header says.
    pub payload: &'a [u8],
    /// Who receives it.
    pub receiver: Receiver,
    /// Whether a message of several frames ended before in the same packet.
    pub is_behind_assembled: bool,
    /// The most bytes of a message in fragments that are kept.
    pub longest: usize,
}

impl DataFrame<'_> {
    fn unmasked(&self) -> Vec<u8> {
        let mut payload = self.payload.to_vec();
        unmask(&mut payload, self.header.masking_key.unwrap_or_default());
        payload
    }
}

/// The message that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    None,
    Begun,
    /// It is compressed (RFC 7692).
    Compressed,
    /// Its fragments are not all there: something between them was not captured, or was not read.
    Astray,
}

/// The end of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The message, where what Wireshark hands over is not relied on.
    pub own: Option<Vec<u8>>,
    /// The compressed bytes, of a message that is compressed.
    pub compressed: Option<Vec<u8>>,
    /// The length of a message that is not compressed.
    pub length: usize,
    /// Whether it has several frames.
    pub is_assembled: bool,
    /// What is known of the message.
    pub known: Known,
}

/// What is known of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// All.
    Whole,
    /// Fragments are missing.
    Part,
    /// Nothing: Wireshark cannot inflate it.
    Nothing,
}

impl End {
    /// Of a message of which nothing is said.
    pub fn unread() -> End {
        End { known: Known::Part, ..End::cut() }
    }

    /// Of a message whose last bytes were not captured.
    pub fn cut() -> End {
        End { own: None, compressed: None, length: 0, is_assembled: false, known: Known::Whole }
    }

    /// What is known of the message, where these bytes were handed over; `is_faulty`: they are no message. Nothing is known of one that was handed
    /// over as it was compressed.
    pub fn known_of(&self, bytes: &[u8], is_faulty: bool) -> Known {
        match &self.compressed {
            Some(compressed) if is_faulty && (compressed == bytes || compressed.is_empty()) => Known::Nothing,
            _ => self.known,
        }
    }
}

impl Assembly {
    /// Begins between two messages; `resets_window`: each is compressed without those before it (RFC 7692, section 7.1.1).
    pub fn begin(&mut self, resets_window: bool) {
        (self.is_between, self.resets_window) = (true, resets_window);
    }

    /// Whether the bytes of earlier frames, or of this one, belong to a message that ends with it or later.
    pub fn has_fragments(&self, header: &Header) -> bool {
        self.state != State::None || !header.fin || header.opcode == Opcode::Continuation
    }

    /// Whether a data frame of this kind may come next, as far as that is known.
    fn allows(&self, header: &Header) -> bool {
        let continues = header.opcode == Opcode::Continuation;
        match self.state {
            State::None => !continues || !self.is_between,
            State::Begun | State::Compressed => continues,
            State::Astray => true,
        }
    }

    /// What RFC 6455 does not allow of the next frame, but for a data frame's mask, which its message knows.
    pub fn irregular(&self, header: &Header, by: Receiver) -> Option<Irregular> {
        let is_client = by == Receiver::Workerman;
        match header.opcode.is_control() {
            true if header.masking_key.is_some() != is_client => Some(Irregular::Mask),
            _ if is_client && !header.is_shortest() => Some(Irregular::Length),
            false if is_client && !self.allows(header) => Some(Irregular::Opcode),
            _ => None,
        }
    }

    /// Takes a data frame. Returns the end of a message, if it is one.
    pub fn take(&mut self, frame: &DataFrame, bytes: &mut Vec<u8>) -> Option<End> {
        let continues = frame.header.opcode == Opcode::Continuation;
        let appends =
            continues || !frame.header.fin || frame.receiver == Receiver::Workerman && self.state == State::Begun;
        if !appends {
            return self.take_whole(frame);
        }
        self.push(frame, bytes);
        if !frame.header.fin {
            return None;
        }
        let is_handed_over = continues && !frame.payload.is_empty();
        let has_rest = self.has_rest || !is_handed_over;
        self.has_rest = !is_handed_over;
        self.is_between = true;
        let (state, bytes) = (std::mem::take(&mut self.state), std::mem::take(bytes));
        let length = bytes.len();
        let end = End { length, is_assembled: true, ..End::cut() };
        match state {
            State::Begun if length == 0 => None,
            State::Begun => Some(End { own: Some(bytes), ..end }),
            State::Compressed => {
                let known = self.inflated(!has_rest && !frame.is_behind_assembled);
                Some(End { known, compressed: Some(bytes), ..end })
            }
            State::None | State::Astray => Some(End { known: Known::Part, ..end }).filter(|_| is_handed_over),
        }
    }

    /// A message of one frame.
    fn take_whole(&mut self, frame: &DataFrame) -> Option<End> {
        if self.state == State::Astray {
            self.state = State::None; // it stands in the middle of no other message
        }
        self.is_between = self.state == State::None;
        if frame.payload.is_empty() {
            return None; // an empty message is not handed over
        }
        let length = frame.payload.len();
        if frame.header.rsv & COMPRESSED == 0 {
            return Some(End { own: frame.is_behind_assembled.then(|| frame.unmasked()), length, ..End::cut() });
        }
        let is_cut = frame.header.masking_key.is_some() && length > MOST_UNMASKED;
        let known = self.inflated(!is_cut && !frame.is_behind_assembled);
        Some(End { compressed: Some(frame.unmasked()), length, known, ..End::cut() })
    }

    /// What is known of a compressed message; `is_handed_over`: Wireshark gets the bytes of this one, and of no other.
    fn inflated(&mut self, is_handed_over: bool) -> Known {
        if !is_handed_over {
            self.lose_window();
        }
        if is_handed_over && !self.has_lost_window { Known::Whole } else { Known::Nothing }
    }

    /// Adds a fragment.
    fn push(&mut self, frame: &DataFrame, bytes: &mut Vec<u8>) {
        let (continues, by) = (frame.header.opcode == Opcode::Continuation, frame.receiver);
        if self.state == State::None {
            bytes.clear();
        }
        self.state = match self.state {
            State::None if !continues && frame.header.rsv & COMPRESSED != 0 => State::Compressed,
            State::None if !continues || by == Receiver::Workerman && self.is_between => State::Begun,
            State::Begun if continues || by == Receiver::Workerman => State::Begun,
            State::Compressed if continues => State::Compressed,
            State::None | State::Begun | State::Compressed | State::Astray => State::Astray,
        };
        let is_too_long = bytes.len().saturating_add(frame.payload.len()) > frame.longest; // the chat's server closes the connection
        if self.state == State::Astray || is_too_long {
            *bytes = Vec::new();
            return self.lose();
        }
        bytes.extend(frame.unmasked());
    }

    /// A fragment was not read.
    pub fn lose(&mut self) {
        self.state = State::Astray;
        self.lose_window();
    }

    /// Bytes of the direction are missing here, or come late.
    pub fn interrupt(&mut self) {
        if self.state != State::None {
            self.lose();
        }
        self.is_between = false;
        self.lose_window();
    }

    /// Wireshark has not inflated all that was compressed: what follows cannot be read.
    pub fn lose_window(&mut self) {
        self.has_lost_window = !self.resets_window;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::websocket::frame::tests::{KEY, frame};
    use crate::websocket::frame::{Read, header};
    use proptest::prelude::*;

    const LONGEST: usize = 1 << 20;
    const FIRST: u8 = 0x01;
    const MIDDLE: u8 = 0x00;
    const LAST: u8 = 0x80;
    const WHOLE: u8 = 0x81;
    const COMPRESSED_FIRST: u8 = 0x41;
    const COMPRESSED_WHOLE: u8 = 0xc1;

    /// The first byte of a frame, its payload, and the message that it ends.
    type Step = (u8, &'static [u8], Option<&'static [u8]>);

    /// An assembly between messages.
    struct Capture {
        assembly: Assembly,
        bytes: Vec<u8>,
        by: Receiver,
    }

    impl Capture {
        fn new(by: Receiver) -> Capture {
            let mut assembly = Assembly::default();
            assembly.begin(false);
            Capture { assembly, bytes: Vec::new(), by }
        }

        fn end_behind(&mut self, is_behind_assembled: bool, first: u8, payload: &[u8]) -> Option<End> {
            let bytes = frame(first, Some(KEY), payload);
            let Read::Complete(header) = header(&bytes) else { panic!("no frame") };
            let payload = &bytes[header.header_length..];
            let frame =
                DataFrame { header: &header, payload, receiver: self.by, is_behind_assembled, longest: LONGEST };
            self.assembly.take(&frame, &mut self.bytes)
        }

        fn end(&mut self, first: u8, payload: &[u8]) -> Option<End> {
            self.end_behind(false, first, payload)
        }

        /// The message that ends with a frame, whoever puts it together.
        fn message(&mut self, first: u8, payload: &[u8]) -> Option<Vec<u8>> {
            let end = self.end(first, payload)?;
            assert_eq!(end.own.is_some(), end.is_assembled && end.known == Known::Whole);
            (end.known == Known::Whole).then(|| end.own.unwrap_or(payload.to_vec()))
        }

        fn known(&mut self, first: u8, payload: &[u8]) -> Option<Known> {
            self.end(first, payload).map(|end| end.known)
        }
    }

    #[test]
    fn what_has_one_frame_is_left_to_wireshark_unless_it_is_behind_what_has_several() {
        for by in [Receiver::Browser, Receiver::Workerman] {
            let mut capture = Capture::new(by);
            assert_eq!(capture.end(FIRST, b"one "), None);
            let end = capture.end(LAST, b"message").expect("an end");
            assert_eq!((end.own.as_deref(), end.length, end.is_assembled), (Some(&b"one message"[..]), 11, true));
            let end = capture.end(WHOLE, b"another").expect("an end");
            assert_eq!((end.own, end.length, end.is_assembled), (None, 7, false));
            let end = capture.end_behind(true, WHOLE, b"another").expect("an end");
            assert_eq!((end.own.as_deref(), end.is_assembled), (Some(&b"another"[..]), false));
            assert_eq!(capture.end(WHOLE, b""), None);
        }
    }

    #[test]
    fn a_message_that_an_empty_frame_ends_does_not_stand_before_the_next() {
        for by in [Receiver::Browser, Receiver::Workerman] {
            let mut capture = Capture::new(by);
            let frames: [Step; 10] = [
                (FIRST, b"one ", None),
                (MIDDLE, b"message", None),
                (LAST, b"", Some(b"one message")),
                (WHOLE, b"whole", Some(b"whole")),
                (FIRST, b"two", None),
                (LAST, b"", Some(b"two")),
                (FIRST, b"th", None),
                (LAST, b"ree", Some(b"three")),
                (FIRST, b"fo", None),
                (LAST, b"ur", Some(b"four")),
            ];
            for (first, payload, message) in frames {
                assert_eq!(capture.message(first, payload).as_deref(), message);
            }
            assert_eq!(capture.bytes.capacity(), 0);
        }
    }

    #[test]
    fn workerman_looks_at_the_bit_fin_alone() {
        let mut capture = Capture::new(Receiver::Workerman);
        let frames: [Step; 9] = [
            (LAST, b"stray", Some(b"stray")),
            (MIDDLE, b"be", None),
            (LAST, b"gun", Some(b"begun")),
            (FIRST, b"a", None),
            (FIRST, b"b", None),
            (LAST, b"c", Some(b"abc")),
            (FIRST, b"a", None),
            (WHOLE, b"b", Some(b"ab")),
            (LAST, b"c", Some(b"c")),
        ];
        for (first, payload, message) in frames {
            assert_eq!(capture.message(first, payload).as_deref(), message);
        }
    }

    #[test]
    fn what_no_browser_accepts_is_not_known() {
        let mut capture = Capture::new(Receiver::Browser);
        assert_eq!(capture.known(LAST, b"stray"), Some(Known::Part));
        assert_eq!(capture.known(MIDDLE, b"be"), None);
        assert_eq!(capture.known(LAST, b"gun"), Some(Known::Part));
        assert_eq!(capture.known(FIRST, b"a"), None);
        assert_eq!(capture.known(LAST, b"b"), Some(Known::Whole));
    }

    #[test]
    fn behind_missing_bytes_a_continuation_is_not_known() {
        for first in [MIDDLE, LAST] {
            let mut capture = Capture::new(Receiver::Workerman);
            capture.assembly.interrupt();
            assert_ne!(capture.known(first, b"x"), Some(Known::Whole));
        }
        let mut capture = Capture::new(Receiver::Workerman);
        assert_eq!(capture.known(FIRST, b"x"), None);
        capture.assembly.interrupt();
        assert_eq!(capture.known(LAST, b"x"), Some(Known::Part));
        assert_eq!(capture.known(LAST, b"x"), Some(Known::Whole), "that was the end of a message");
        capture.assembly.lose();
        assert_eq!(capture.known(WHOLE, b"x"), Some(Known::Whole));
        assert_eq!(capture.known(LAST, b"x"), Some(Known::Whole), "so was that");
    }

    #[test]
    fn a_long_fragment_is_unmasked_here() {
        let long = vec![b'x'; MOST_UNMASKED + 1];
        let mut capture = Capture::new(Receiver::Workerman);
        assert_eq!(capture.message(FIRST, &long), None);
        let message = capture.message(LAST, b"y").expect("a message");
        assert_eq!((message.len(), message.last()), (MOST_UNMASKED + 2, Some(&b'y')));
    }

    #[test]
    fn fragments_of_more_bytes_than_a_message_may_have_are_not_kept() {
        let mut capture = Capture::new(Receiver::Workerman);
        for _ in 0..LONGEST / 1000 + 1 {
            assert_eq!(capture.end(MIDDLE, &[b'x'; 1000]), None);
            assert!(capture.bytes.capacity() <= 2 * LONGEST);
        }
        assert_eq!(capture.bytes.capacity(), 0);
        assert_eq!(capture.known(LAST, b"x"), Some(Known::Part));
        assert_eq!(capture.known(LAST, b"x"), Some(Known::Whole));
    }

    #[test]
    fn compressed_messages_are_known_as_long_as_wireshark_inflates_them() {
        let mut capture = Capture::new(Receiver::Browser);
        let end = capture.end(COMPRESSED_WHOLE, b"deflated").expect("an end");
        assert_eq!((end.known, end.known_of(b"{}", false)), (Known::Whole, Known::Whole));
        assert_eq!(end.known_of(b"{", true), Known::Whole, "a message that is no JSON");
        assert_eq!(end.known_of(b"deflated", true), Known::Nothing, "it was handed over as it is");
        assert_eq!(capture.known(COMPRESSED_FIRST, b"def"), None);
        let end = capture.end(LAST, b"lated").expect("an end");
        assert_eq!((end.known, end.known_of(b"deflated", true)), (Known::Whole, Known::Nothing));
        capture.assembly.lose_window();
        assert_eq!(capture.known(COMPRESSED_WHOLE, b"deflated"), Some(Known::Nothing));
        assert_eq!(capture.known(WHOLE, b"plain"), Some(Known::Whole));
    }

    #[test]
    fn a_window_that_begins_anew_with_each_message_cannot_be_lost() {
        let mut capture = Capture::new(Receiver::Browser);
        capture.assembly.begin(true);
        capture.assembly.interrupt();
        assert_eq!(capture.known(COMPRESSED_WHOLE, b"deflated"), Some(Known::Whole));
        let end = capture.end_behind(true, COMPRESSED_WHOLE, b"deflated").expect("an end");
        assert_eq!(end.known, Known::Nothing, "this one is");
        assert_eq!(capture.known(COMPRESSED_WHOLE, b"deflated"), Some(Known::Whole));
    }

    #[test]
    fn a_compressed_message_behind_one_of_several_frames_is_not_known() {
        let mut capture = Capture::new(Receiver::Browser);
        let end = capture.end_behind(true, COMPRESSED_WHOLE, b"deflated").expect("an end");
        assert_eq!((end.own, end.known), (None, Known::Nothing));
    }

    #[test]
    fn wireshark_does_not_inflate_a_message_that_an_empty_frame_ends() {
        let mut capture = Capture::new(Receiver::Browser);
        assert_eq!(capture.known(COMPRESSED_FIRST, b"deflated"), None);
        let end = capture.end(LAST, b"").expect("an end");
        assert_eq!((end.own, end.known), (None, Known::Nothing));
        assert_eq!(capture.known(COMPRESSED_WHOLE, b"deflated"), Some(Known::Nothing));
    }

    proptest! {
        /// What Workerman makes of frames, in a few lines.
        #[test]
        fn any_frames_are_the_messages_that_workerman_makes_of_them(
            frames in prop::collection::vec((prop::sample::select(vec![FIRST, MIDDLE, LAST, WHOLE, 0x82]), "[a-z]{0,3}"), 0..20),
        ) {
            let mut capture = Capture::new(Receiver::Workerman);
            let mut buffer = String::new();
            for (first, payload) in frames {
                buffer.push_str(&payload);
                let expected = (first & 0x80 != 0).then(|| std::mem::take(&mut buffer)).filter(|message| !message.is_empty());
                let message = capture.message(first, payload.as_bytes());
                prop_assert_eq!(message, expected.map(String::into_bytes));
            }
        }
    }
}
