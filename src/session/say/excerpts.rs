//! The beginnings of what is said, for the headings of the packets that acknowledge it.

/// Bytes in a piece of [`Excerpts`].
const PIECE: usize = 1 << 16;

/// Short texts, which are kept one behind the other: at no time are they there twice.
#[derive(Debug, Default)]
pub struct Excerpts {
    /// Each text ends with a NUL, which none of them holds.
    pieces: Vec<String>,
}

impl Excerpts {
    /// Keeps a text of one printable line, shorter than 64 KiB. Returns its number.
    pub fn push(&mut self, text: &str) -> u32 {
        let needed = text.len() + 1;
        let has_room = |piece: &String| piece.len() + needed <= PIECE;
        if !self.pieces.last().is_some_and(has_room) {
            // The first piece grows as it must; whoever fills it needs the others whole.
            self.pieces.push(String::with_capacity(if self.pieces.is_empty() { 0 } else { PIECE }));
        }
        let number = self.pieces.len().saturating_sub(1) * PIECE;
        let Some(piece) = self.pieces.last_mut() else { return 0 };
        let start = piece.len();
        piece.push_str(text);
        piece.push('\0');
        u32::try_from(number + start).unwrap_or(u32::MAX)
    }

    /// The text of this number; empty where there is none.
    pub fn get(&self, number: u32) -> &str {
        let piece = self.pieces.get(number as usize / PIECE);
        let rest = piece.and_then(|piece| piece.get(number as usize % PIECE..)).unwrap_or_default();
        rest.split_once('\0').map_or("", |(text, _)| text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_text_is_the_text() {
        let mut excerpts = Excerpts::default();
        let texts: Vec<String> = (0..5000).map(|n| "é".repeat(n % 60)).collect();
        let numbers: Vec<u32> = texts.iter().map(|text| excerpts.push(text)).collect();
        for (number, text) in numbers.iter().zip(&texts) {
            assert_eq!(excerpts.get(*number), text);
        }
        assert!(excerpts.pieces.len() > 2, "over more than one piece");
        assert_eq!(excerpts.get(u32::MAX), "");
    }
}
