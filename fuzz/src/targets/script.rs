//! A sequence of packets, as bytes that a fuzzer can change: a step begins with a byte that says which it is and who takes it. Any bytes are
//! a script, and every script can be written as bytes.

use workermanchat::packet::{Side, flags};

/// Steps that are taken at most.
pub const MAX_STEPS: usize = 200;

/// Connections that a script can have at a time.
pub const CONNECTIONS: usize = 8;

/// What is done, and how the packets are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// The language, by its place, below 32.
    pub language: u8,
    /// So many connections, below 8, have shaken hands and logged in before.
    pub joined: u8,
    /// Chooses the order of the packets on later passes, and which messages are looked at.
    pub order: u16,
    /// What is done.
    pub steps: Vec<Step>,
}

/// What one side of a connection does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which of the [`CONNECTIONS`].
    pub connection: u8,
    /// Who does it.
    pub by: Side,
    /// What.
    pub act: Act,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A segment without data, with these control bits.
    Control(u8),
    /// Data as it is.
    Bytes(Vec<u8>),
    /// A WebSocket frame with this first byte; a browser's is masked.
    Frame(u8, Vec<u8>),
    /// A message of the chat: which, about whom, and saying what.
    Message(u8, u8, u8),
    /// An upgrade request.
    Request(u8),
    /// An upgrade response.
    Response(u8),
    /// A segment that this side has sent is captured again, the last or one before.
    Again(u8),
    /// The sequence number goes on by so much, or back.
    Seek(i32),
    /// The next segment acknowledges less than all by so much.
    Lag(u16),
    /// Time passes, in microseconds.
    Wait(u32),
    /// Of the next segment's data only so many bytes are captured.
    Cut(u8),
    /// The next data waits for the data behind it, and is sent in one segment with it.
    Hold,
    /// The next data is sent in two segments, of which the first has so many bytes.
    Split(u16),
    /// A new connection, with these ends.
    Ends(u8),
    /// The next segment stands in the frame of the last one.
    Together,
    /// HTTP goes through a proxy from here on, or no longer.
    Tunnel,
}

impl Script {
    /// Reads any bytes.
    pub fn of(bytes: &[u8]) -> Script {
        let mut bytes = Bytes(bytes);
        let head = bytes.byte().unwrap_or_default();
        let order = bytes.short();
        let steps = std::iter::from_fn(|| Step::of(&mut bytes)).take(MAX_STEPS).collect();
        Script { language: head & 0x1f, joined: head >> 5, order, steps }
    }

    /// All that is done, with what came before.
    pub fn all_steps(&self) -> impl Iterator<Item = Step> + '_ {
        (0..self.joined).flat_map(join).chain(self.steps.iter().cloned())
    }

    /// The bytes that it is read from.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.language & 0x1f | self.joined << 5];
        bytes.extend(self.order.to_be_bytes());
        self.steps.iter().for_each(|step| step.write(&mut bytes));
        bytes
    }
}

/// A connection opens, shakes hands and logs in.
fn join(connection: u8) -> impl Iterator<Item = Step> {
    const SYN: u8 = flags::SYN as u8;
    const ACK: u8 = flags::ACK as u8;
    let acts = [
        (Side::Client, Act::Control(SYN)),
        (Side::Server, Act::Control(SYN | ACK)),
        (Side::Client, Act::Control(ACK)),
        (Side::Client, Act::Request(0)),
        (Side::Server, Act::Response(0)),
        (Side::Client, Act::Message(0, connection, connection)),
        (Side::Server, Act::Message(1, connection, connection)),
    ];
    acts.into_iter().map(move |(by, act)| Step { connection, by, act })
}

impl Step {
    fn of(bytes: &mut Bytes) -> Option<Step> {
        let head = bytes.byte()?;
        let by = if head & 0x80 == 0 { Side::Client } else { Side::Server };
        let act = match head & 0x0f {
            0 => Act::Control(bytes.byte()?),
            1 => Act::Bytes(bytes.block()),
            2 => Act::Frame(bytes.byte()?, bytes.block()),
            3 => Act::Message(bytes.byte()?, bytes.byte().unwrap_or_default(), bytes.byte().unwrap_or_default()),
            4 => Act::Request(bytes.byte()?),
            5 => Act::Response(bytes.byte()?),
            6 => Act::Again(bytes.byte()?),
            7 => Act::Seek(bytes.long() as i32),
            8 => Act::Lag(bytes.short()),
            9 => Act::Wait(bytes.long()),
            10 => Act::Cut(bytes.byte()?),
            11 => Act::Hold,
            12 => Act::Split(bytes.short()),
            13 => Act::Ends(bytes.byte()?),
            14 => Act::Together,
            _ => Act::Tunnel,
        };
        Some(Step { connection: head >> 4 & 0x07, by, act })
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        let head = (self.connection & 0x07) << 4 | u8::from(self.by == Side::Server) << 7;
        let mut put = |kind: u8, rest: &[u8]| {
            bytes.push(head | kind);
            bytes.extend(rest);
        };
        match &self.act {
            Act::Control(flags) => put(0, &[*flags]),
            Act::Bytes(data) => put(1, &block(data)),
            Act::Frame(first, data) => put(2, &[&[*first], &*block(data)].concat()),
            Act::Message(which, who, what) => put(3, &[*which, *who, *what]),
            Act::Request(form) => put(4, &[*form]),
            Act::Response(form) => put(5, &[*form]),
            Act::Again(back) => put(6, &[*back]),
            Act::Seek(by) => put(7, &by.to_be_bytes()),
            Act::Lag(less) => put(8, &less.to_be_bytes()),
            Act::Wait(microseconds) => put(9, &microseconds.to_be_bytes()),
            Act::Cut(at) => put(10, &[*at]),
            Act::Hold => put(11, &[]),
            Act::Split(at) => put(12, &at.to_be_bytes()),
            Act::Ends(form) => put(13, &[*form]),
            Act::Together => put(14, &[]),
            Act::Tunnel => put(15, &[]),
        }
    }
}

/// Data behind its length, which takes one byte, or three from 255 on. More than 65,535 bytes are cut.
fn block(data: &[u8]) -> Vec<u8> {
    let data = &data[..data.len().min(u16::MAX.into())];
    let length = match u8::try_from(data.len()) {
        Ok(short @ 0..=254) => vec![short],
        _ => [&[u8::MAX], &(data.len() as u16).to_be_bytes()[..]].concat(),
    };
    [length, data.to_vec()].concat()
}

/// What is still to be read.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn short(&mut self) -> u16 {
        [(); 2].iter().fold(0, |number, ()| number << 8 | u16::from(self.byte().unwrap_or_default()))
    }

    fn long(&mut self) -> u32 {
        u32::from(self.short()) << 16 | u32::from(self.short())
    }

    fn block(&mut self) -> Vec<u8> {
        let length = match self.byte() {
            Some(u8::MAX) => self.short().into(),
            length => length.unwrap_or_default().into(),
        };
        let (block, rest) = self.0.split_at(self.0.len().min(length));
        self.0 = rest;
        block.to_vec()
    }
}
