//! The WebSocket frames of one connection, on their way to Wireshark's WebSocket dissector: where each message ends in the TCP stream,
//! whether it was masked, and how the connection is closed (RFC 6455, sections 5 and 7). Payloads are not read, but for close frames'.

use crate::event::{Closing, FrameEvent};
use crate::failpoint::failpoint;
use crate::message::{LIMITS, text};
use crate::packet::{Both, Frame, FrameTime, SequenceNumber, Side};
use crate::storage::texts::TextId;
use crate::tcp::gaps::{ContentGaps, DirectionGaps, Gap, Stretches};
use crate::websocket::assembly::{Assembly, DataFrame, End, Receiver};
use crate::websocket::endings::{Data, Ending, Endings};
use crate::websocket::frame::{self, Opcode};
use crate::websocket::start::plausible_start;

/// The longest reason to close, in characters: a control frame's payload has at most 125 bytes, and escapes are longer.
const MAX_REASON: usize = 300;

/// The frames of both directions.
#[derive(Debug, Default)]
pub struct Framing {
    directions: Both<Direction>,
    /// The fragments of messages that have begun.
    fragments: Option<Box<Both<Vec<u8>>>>,
    /// The first frame of the capture with WebSocket data.
    since: Option<Frame>,
    closed: WebSocketClosed,
}

/// Which side has closed the WebSocket connection first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum WebSocketClosed {
    #[default]
    Open,
    By(Side),
    /// The capture does not show it.
    Unknown,
}

#[derive(Debug, Clone, Default)]
struct Direction {
    /// Where the next WebSocket frame begins, once one has been placed: the end of all that was read.
    next: SequenceNumber,
    is_placed: bool,
    /// The last data was out of step, or something is missing before the next whose place is not known.
    is_out_of_step: bool,
    assembly: Assembly,
    /// Whether it has sent its close frame, or may have: something is missing behind its last message.
    close_frame: CloseFrame,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum CloseFrame {
    #[default]
    No,
    Perhaps,
    Yes,
}

/// How data is related to what was read before.
#[derive(Debug, Clone, Copy)]
enum DataPlace {
    /// In step, from here on; `None`: a place that has no sequence number.
    InStep(Option<SequenceNumber>),
    /// It was read before, up to where this many of its bytes end.
    Repeats(SequenceNumber, usize),
    /// It was read before.
    Old,
    /// Nothing tells where in it a frame begins.
    OutOfStep,
}

impl DataPlace {
    /// From here on, if a frame of the chat may begin there.
    fn from(start: Option<SequenceNumber>, bytes: &[u8]) -> DataPlace {
        if plausible_start(bytes, LIMITS.length) { DataPlace::InStep(start) } else { DataPlace::OutOfStep }
    }
}

impl Direction {
    fn next(&self) -> Option<SequenceNumber> {
        self.is_placed.then_some(self.next)
    }

    fn place(&mut self, next: Option<SequenceNumber>) {
        (self.next, self.is_placed) = (next.unwrap_or_default(), next.is_some());
    }

    fn find(&self, data: &Data, unread: Option<&Stretches>) -> DataPlace {
        let bytes = data.bytes.bytes;
        match (data.start, self.next()) {
            (None, _) if !data.is_fresh => DataPlace::Old,
            (None, Some(next)) => {
                // A segment that was sent again, or captured late, may complete a message that was passed over.
                let late = unread.and_then(|unread| unread.at(data.segment_start)).map(|stretch| stretch.from);
                let start = [Some(next), late].into_iter().flatten().find(|start| data.is_at(*start));
                start.map_or(DataPlace::OutOfStep, |start| DataPlace::InStep(Some(start)))
            }
            (None, None) if self.is_out_of_step => DataPlace::from(None, bytes),
            (None, None) => DataPlace::InStep(None),
            (Some(start), Some(next)) if start == next => DataPlace::InStep(Some(start)),
            (Some(start), Some(next)) if next.is_after(start) => match unread.and_then(|unread| unread.at(start)) {
                Some(stretch) if stretch.from == start => DataPlace::InStep(Some(start)),
                Some(_) => DataPlace::from(Some(start), bytes),
                None => self.repeats(bytes, start, next),
            },
            (Some(start), _) => DataPlace::from(Some(start), bytes),
        }
    }

    /// Data that begins before the end of what was read: what follows that end is in step, if a frame begins there.
    fn repeats(&self, bytes: &[u8], start: SequenceNumber, next: SequenceNumber) -> DataPlace {
        let known = next.0.wrapping_sub(start.0) as usize;
        let continues = known < bytes.len()
            && plausible_start(bytes, LIMITS.length)
            && frame::frames(bytes).any(|frame| frame.offset == known);
        if continues { DataPlace::Repeats(start, known) } else { DataPlace::Old }
    }
}

impl Framing {
    /// The first frame of the capture with WebSocket data; behind it, what looks like HTTP is none.
    pub fn since(&self) -> Option<Frame> {
        self.since
    }

    /// Begins behind the upgrade response: there the first frames of both directions are, unless they are encrypted. `resets_window`: which side
    /// compresses each message without those before it.
    pub fn begin(&mut self, start: Both<Option<SequenceNumber>>, is_placed: bool, resets_window: Both<bool>) {
        for side in [Side::Client, Side::Server] {
            let direction = self.directions.of_mut(side);
            direction.assembly.begin(*resets_window.of(side));
            if is_placed {
                direction.place(*start.of(side));
            }
        }
    }

    /// Takes note that something that `side` sent was not captured.
    pub fn add_gap(&mut self, side: Side) {
        let direction = self.directions.of_mut(side);
        if direction.close_frame == CloseFrame::No {
            direction.close_frame = CloseFrame::Perhaps;
        }
        direction.assembly.interrupt();
        direction.is_out_of_step |= !direction.is_placed;
    }

    /// The end of all that was read of a direction.
    pub fn end_of_read(&self, side: Side) -> Option<SequenceNumber> {
        self.directions.of(side).next()
    }

    /// Wireshark has not inflated all that a side has compressed.
    pub fn lose_window(&mut self, side: Side) {
        self.directions.of_mut(side).assembly.lose_window();
    }

    /// How many bytes of fragments are kept until their messages end.
    pub fn size(&self) -> usize {
        self.fragments.as_ref().map_or(0, |fragments| fragments.client.capacity() + fragments.server.capacity())
    }

    /// Takes in data that is about to be dissected in the frame of `at`. Returns the close frames in it; adds the ends of its messages to
    /// `endings`, and what is passed over or out of step to `gaps`.
    pub fn take_in(
        &mut self,
        at: FrameTime,
        by: Side,
        data: Data,
        endings: &mut Endings,
        gaps: &mut ContentGaps,
    ) -> Vec<FrameEvent<TextId>> {
        failpoint!("session::framing");
        self.since.get_or_insert(at.frame);
        let unread = gaps.of(by).map(|gaps| &gaps.unread);
        match self.directions.of(by).find(&data, unread) {
            DataPlace::InStep(start) => self.read(at, by, &data, Reading::new(start), endings, gaps),
            DataPlace::Repeats(start, known) => {
                self.read(at, by, &data, Reading { known, ..Reading::new(Some(start)) }, endings, gaps)
            }
            DataPlace::Old => {
                endings.skipped = true;
                Vec::new()
            }
            DataPlace::OutOfStep => {
                endings.skipped = true;
                self.add_gap(by);
                let direction = self.directions.of_mut(by);
                direction.is_out_of_step = true;
                direction.assembly.interrupt();
                gaps.of_mut(by).add(Gap::within(at), u32::MAX);
                Vec::new()
            }
        }
    }

    /// Reads data that is in step.
    fn read(
        &mut self,
        at: FrameTime,
        by: Side,
        data: &Data,
        mut reading: Reading,
        endings: &mut Endings,
        gaps: &mut ContentGaps,
    ) -> Vec<FrameEvent<TextId>> {
        self.directions.of_mut(by).begin(&mut reading, gaps, by);
        let mut closes = Vec::new();
        let mut frames = frame::frames(data.bytes.bytes);
        while let Some(frame) = frames.next() {
            let end = reading.start.map_or(data.segment_end, |start| start + frames.offset() as u32);
            if !frame.complete {
                self.directions.of_mut(by).incomplete(&frame, data, &reading, endings, || gaps.of_mut(by));
                break;
            }
            let is_known = frame.offset < reading.known;
            let is_masked = frame.header.masking_key.is_some();
            if !is_known {
                endings.irregular.extend(self.directions.of(by).assembly.irregular(&frame.header, receiver(by)));
            }
            match frame.header.opcode {
                Opcode::Close if is_known => {}
                Opcode::Close => closes.extend(self.close(by, &frame, data)),
                Opcode::Text | Opcode::Binary | Opcode::Continuation => {
                    let payload = &data.bytes.bytes[frame.offset + frame.header.header_length..frames.offset()];
                    let start = reading.place(frame.offset as u32);
                    let is_behind_assembled = endings.assembled_in == Some(at.frame);
                    let message = self.data_frame(&frame.header, payload, by, is_known, is_behind_assembled);
                    if let Some(message) = message {
                        endings.push(at.frame, Ending { start, end, masked: is_masked, message });
                    }
                }
                Opcode::Ping | Opcode::Pong | Opcode::Reserved(_) => {}
            }
            reading.end = reading.start.map(|_| end);
            if !reading.is_late && !is_known {
                self.directions.of_mut(by).place(reading.end);
            }
        }
        if let (true, Some(start), Some(end)) = (reading.is_late, reading.start, reading.end) {
            gaps.of_mut(by).unread.take(start, end);
            self.directions.of_mut(by).assembly.interrupt();
        }
        closes
    }

    /// Takes a data frame of a side; `is_known`: it was read before. Returns the end of a message, if it is one.
    fn data_frame(
        &mut self,
        header: &frame::Header,
        payload: &[u8],
        by: Side,
        is_known: bool,
        is_behind_assembled: bool,
    ) -> Option<End> {
        let direction = self.directions.of_mut(by);
        if direction.close_frame == CloseFrame::Perhaps {
            direction.close_frame = CloseFrame::No; // a side sends no data behind its close frame (RFC 6455, section 5.5.1)
        }
        let assembly = &mut direction.assembly;
        if is_known {
            return (header.fin && !payload.is_empty()).then(End::unread);
        }
        let frame = DataFrame { header, payload, receiver: receiver(by), is_behind_assembled, longest: LIMITS.length };
        let mut none = Vec::new();
        let fragments = match assembly.has_fragments(header) {
            true => self.fragments.get_or_insert_default().of_mut(by),
            false => &mut none,
        };
        assembly.take(&frame, fragments)
    }

    fn close(&mut self, by: Side, frame: &frame::Frame, data: &Data) -> Option<FrameEvent<TextId>> {
        let other_may_have = self.directions.of(by.other()).close_frame != CloseFrame::No || data.other_is_unread;
        let direction = self.directions.of_mut(by);
        if std::mem::replace(&mut direction.close_frame, CloseFrame::Yes) == CloseFrame::Yes {
            return None;
        }
        let closing = closing(frame, data.bytes.bytes);
        match self.closed {
            WebSocketClosed::Open if other_may_have => self.closed = WebSocketClosed::Unknown,
            WebSocketClosed::Open => {
                self.closed = WebSocketClosed::By(by);
                return Some(FrameEvent::Close(closing));
            }
            WebSocketClosed::By(first) if first != by => return Some(FrameEvent::CloseReply(closing)),
            WebSocketClosed::By(_) | WebSocketClosed::Unknown => {}
        }
        None
    }

    /// Whether both sides have closed the WebSocket connection.
    pub fn is_websocket_closed(&self) -> bool {
        [&self.directions.client, &self.directions.server].iter().all(|side| side.close_frame == CloseFrame::Yes)
    }

    /// Exchanges the sides.
    pub fn swap_sides(&mut self) {
        self.directions.swap();
        self.fragments.iter_mut().for_each(|fragments| fragments.swap());
    }
}

/// How data in step is read.
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// The sequence number of the first byte, where it has one.
    start: Option<SequenceNumber>,
    /// How many of the bytes were read before.
    known: usize,
    /// Later bytes were read before.
    is_late: bool,
    /// The end of the last frame.
    end: Option<SequenceNumber>,
}

impl Reading {
    fn new(start: Option<SequenceNumber>) -> Reading {
        Reading { start, known: 0, is_late: false, end: None }
    }

    /// The sequence number of the byte at an offset.
    fn place(&self, offset: u32) -> Option<SequenceNumber> {
        self.start.map(|start| start + offset)
    }
}

impl Direction {
    /// Takes note of where data in step begins.
    fn begin(&mut self, reading: &mut Reading, gaps: &mut ContentGaps, by: Side) {
        self.is_out_of_step = false;
        let (start, next) = (reading.start, self.next());
        if reading.known > 0 || start == next {
            return;
        }
        if let (Some(start), Some(next)) = (start, next) {
            reading.is_late = next.is_after(start);
            if reading.is_late {
                return self.assembly.interrupt();
            }
            gaps.of_mut(by).unread.insert(next, start);
        }
        self.assembly.interrupt();
        self.place(start);
    }

    /// A frame whose end is not in the data: it follows in another segment, or was not captured. Only in the latter case is the message
    /// handed over now, and judged if it ends here.
    fn incomplete<'l>(
        &mut self,
        frame: &frame::Frame,
        data: &Data,
        reading: &Reading,
        endings: &mut Endings,
        gaps: impl FnOnce() -> &'l mut DirectionGaps,
    ) {
        let end = frame.header.frame_length().and_then(|length| length.checked_add(frame.offset));
        let end = end.and_then(|end| u32::try_from(end).ok());
        let ends_here = end.is_some_and(|end| end as usize <= data.bytes.reported);
        let is_plain = frame.header.rsv == 0 && frame.header.opcode != Opcode::Continuation;
        if frame.header.fin && !frame.header.opcode.is_control() {
            endings.queue.push_back(Ending {
                start: reading.place(frame.offset as u32),
                end: end.and_then(|end| reading.place(end)).filter(|_| ends_here).unwrap_or(data.segment_end),
                masked: frame.header.masking_key.is_some(),
                message: if ends_here && is_plain { End::cut() } else { End::unread() },
            });
        }
        let (true, Some(from), Some(to)) =
            (data.bytes.is_truncated(), reading.place(frame.offset as u32), end.and_then(|end| reading.place(end)))
        else {
            return;
        };
        if frame.header.opcode == Opcode::Continuation || !frame.header.fin && !frame.header.opcode.is_control() {
            self.assembly.lose();
        }
        if reading.is_late {
            return;
        }
        self.assembly.interrupt();
        self.place(Some(to));
        let lacks_data_only =
            end.is_some_and(|end| end as usize >= data.bytes.reported) && !frame.header.opcode.is_control();
        if lacks_data_only && self.close_frame == CloseFrame::Perhaps {
            self.close_frame = CloseFrame::No;
        }
        if !ends_here {
            gaps().unread.insert(from, to); // sent again, it is the message
        }
    }
}

/// Who receives what a side sends.
fn receiver(by: Side) -> Receiver {
    if by == Side::Client { Receiver::Workerman } else { Receiver::Browser }
}

fn closing(frame: &frame::Frame, data: &[u8]) -> Closing {
    let start = frame.offset + frame.header.header_length;
    let mut payload = data[start..start + frame.header.payload_length as usize].to_vec();
    frame::unmask(&mut payload, frame.header.masking_key.unwrap_or_default());
    let (code, reason) = match payload.as_slice() {
        [high, low, reason @ ..] => (Some(u16::from_be_bytes([*high, *low])), String::from_utf8_lossy(reason)),
        _ => (None, "".into()),
    };
    Closing { code, reason: (*text::line(&reason, MAX_REASON)).into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{Captured, StreamId};
    use crate::websocket::assembly::Known;
    use crate::websocket::frame::tests::{KEY, frame};

    const PING: &[u8] = br#"{"type":"ping"}"#;
    const BYE: &[u8] = b"\x03\xe8bye";

    /// One connection of which everything is handed over as it is captured.
    #[derive(Default)]
    struct Capture {
        framing: Framing,
        endings: Endings,
        gaps: ContentGaps,
        frame: u32,
    }

    impl Capture {
        fn opened() -> Capture {
            let mut capture = Capture::default();
            let start = Some(SequenceNumber(100));
            capture.framing.begin(Both { client: start, server: start }, true, Both::default());
            capture
        }

        /// Takes in data, cut to a length. Returns the ends of the messages that are judged, and the close frames.
        fn take_in(&mut self, by: Side, start: Option<u32>, bytes: &[u8], captured: usize) -> (Vec<u32>, usize) {
            self.frame += 1;
            let at = FrameTime { frame: Frame::of(self.frame), time: i64::from(self.frame) };
            let first = SequenceNumber(start.unwrap_or(100));
            let data = Data {
                bytes: Captured { bytes: &bytes[..captured], reported: bytes.len() },
                start: start.map(SequenceNumber),
                payload: &bytes[..captured],
                segment_start: first,
                segment_end: first + bytes.len() as u32,
                is_fresh: true,
                other_is_unread: false,
            };
            self.endings.begin(StreamId(0));
            let closes = self.framing.take_in(at, by, data, &mut self.endings, &mut self.gaps).len();
            let is_declined = self.endings.are_skipped(StreamId(0));
            let judged =
                self.endings.queue.iter().filter(|ending| ending.message.known == Known::Whole && !is_declined);
            (judged.map(|ending| ending.end.0).collect(), closes)
        }

        fn server_sends(&mut self, start: u32, bytes: &[u8]) -> Vec<u32> {
            self.take_in(Side::Server, Some(start), bytes, bytes.len()).0
        }

        fn closes(&mut self, by: Side, start: u32) -> usize {
            let bytes = frame(0x88, None, BYE);
            self.take_in(by, Some(start), &bytes, bytes.len()).1
        }
    }

    #[test]
    fn behind_a_hole_only_what_looks_like_the_chats_frame_is_in_step() {
        let mut capture = Capture::opened();
        let ping = frame(0x81, None, PING);
        assert_eq!(capture.server_sends(100, &ping), [117]);
        assert_eq!(capture.server_sends(150, &ping[5..]), [0; 0]);
        assert!(capture.gaps.of(Side::Server).is_some_and(|gaps| gaps.list.between(Frame::of(1), Frame::of(3))));
        assert_eq!(capture.server_sends(200, &ping), [217], "in step again");
        assert_eq!(capture.server_sends(217, &frame(0x82, None, b"any")), [222], "and from here on");
    }

    #[test]
    fn a_late_segment_is_read_and_a_repeated_one_is_not() {
        let mut capture = Capture::opened();
        let ping = frame(0x81, None, PING);
        assert_eq!(capture.server_sends(117, &ping), [134]);
        assert_eq!(capture.server_sends(100, &ping), [117], "late");
        for start in [100, 117] {
            assert_eq!(capture.server_sends(start, &ping), [0; 0], "sent again");
        }
        assert_eq!(capture.server_sends(117, &[&ping[..], &ping].concat()), [151], "the second is new");
        assert_eq!(capture.server_sends(151, &ping), [168]);
    }

    #[test]
    fn a_fragment_without_the_first_one_is_not_judged() {
        let mut capture = Capture::opened();
        let (first, last) = (frame(0x01, None, b"{\"type\":"), frame(0x80, None, b"\"ping\"}"));
        let whole = [&first[..], &last].concat();
        assert_eq!(capture.server_sends(100, &whole), [100 + whole.len() as u32]);
        let next = 100 + whole.len() as u32;
        assert_eq!(capture.server_sends(next, &last), [0; 0]);
    }

    #[test]
    fn fragments_of_several_messages_are_not_judged() {
        let (first, middle) = (frame(0x01, None, b"{\"type\""), frame(0x00, None, b":"));
        let (last, ping) = (frame(0x80, None, b"\"ping\"}"), frame(0x81, None, PING));
        for astray in [vec![&middle, &first, &last], vec![&first, &middle, &first, &last]] {
            let mut capture = Capture::opened();
            let mut next = 100;
            for (bytes, is_judged) in [(astray, false), (vec![&ping], true), (vec![&first, &middle, &last], true)] {
                let bytes = bytes.into_iter().flatten().copied().collect::<Vec<u8>>();
                let judged = capture.server_sends(next, &bytes);
                next += bytes.len() as u32;
                assert_eq!(judged, if is_judged { vec![next] } else { Vec::new() });
            }
        }
    }

    #[test]
    fn a_message_that_is_cut_is_judged_where_it_ends_here() {
        let mut capture = Capture::opened();
        let long = frame(0x81, Some(KEY), &[b"{\"type\":\"say\",", &[b'x'; 300][..]].concat());
        assert_eq!(capture.take_in(Side::Server, Some(100), &long, 60).0, [100 + long.len() as u32]);
        let next = 100 + long.len() as u32;
        let (one, other) = long.split_at(200);
        assert_eq!(capture.take_in(Side::Server, Some(next), one, 60).0, [0; 0], "it goes on");
        assert_eq!(capture.take_in(Side::Server, Some(next + 200), other, 60).0, [0; 0], "its rest");
        let end = next + long.len() as u32;
        assert_eq!(capture.server_sends(end, &frame(0x82, None, b"any")), [end + 5], "where the next begins is known");
        assert_eq!(capture.server_sends(next, &long), [end], "sent again, whole");
    }

    #[test]
    fn a_close_is_the_first_if_the_other_side_lacks_nothing() {
        let mut capture = Capture::opened();
        assert_eq!((capture.closes(Side::Server, 100), capture.closes(Side::Client, 100)), (1, 1));
        assert_eq!(capture.closes(Side::Client, 109), 0, "one of each side");
        let mut capture = Capture::opened();
        capture.framing.add_gap(Side::Client);
        assert_eq!((capture.closes(Side::Server, 100), capture.closes(Side::Client, 100)), (0, 0));
        let mut capture = Capture::opened();
        capture.framing.add_gap(Side::Client);
        let ping = frame(0x81, Some(KEY), PING);
        capture.take_in(Side::Client, Some(100), &ping, ping.len());
        assert_eq!(capture.closes(Side::Server, 100), 1, "what speaks has not closed");
    }
}
