//! The places to which the text of a string with escapes goes while it is read.

/// Takes the pieces of a string with escapes while it is read.
pub trait Sink {
    /// Says that the pieces that follow are no longer than `at_most` bytes.
    fn begin(&mut self, _at_most: usize) {}
    /// Takes characters that stand for themselves.
    fn plain(&mut self, run: &str);
    /// Takes what an escape stands for.
    fn escaped(&mut self, character: char);
    /// The number of bytes that it has taken.
    fn length(&self) -> usize;
}

/// Keeps nothing: the sink of a string that is only checked.
impl Sink for () {
    fn plain(&mut self, _run: &str) {}
    fn escaped(&mut self, _character: char) {}
    fn length(&self) -> usize {
        0
    }
}

impl Sink for String {
    fn plain(&mut self, run: &str) {
        self.push_str(run);
    }

    fn escaped(&mut self, character: char) {
        self.push(character);
    }

    fn length(&self) -> usize {
        self.len()
    }
}

/// Collects the strings of a document: no escape is shorter than what it stands for, so the rest of the message is room enough, and the
/// buffer never grows.
#[derive(Debug)]
pub struct Decoded<'s>(pub &'s mut String);

impl Sink for Decoded<'_> {
    fn begin(&mut self, at_most: usize) {
        if self.0.capacity() == 0 {
            self.0.reserve_exact(at_most);
        }
    }

    fn plain(&mut self, run: &str) {
        self.0.push_str(run);
    }

    fn escaped(&mut self, character: char) {
        self.0.push(character);
    }

    fn length(&self) -> usize {
        self.0.len()
    }
}

/// Counts the bytes that [`Decoded`] would have taken.
#[derive(Debug, Clone, Copy)]
pub struct Counted(pub usize);

impl Sink for Counted {
    fn plain(&mut self, run: &str) {
        self.0 += run.len();
    }

    fn escaped(&mut self, character: char) {
        self.0 += character.len_utf8();
    }

    fn length(&self) -> usize {
        self.0
    }
}
