//! Short texts of a capture, each kept once: names, ids, rooms, origins. Four bytes stand for a text.

use std::hash::BuildHasher;
use std::num::NonZeroU32;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Bytes that one piece of the store holds; at most 2¹⁶, so that 16 bits tell a place in it.
const PIECE: usize = 1 << 16;
/// What a text takes besides its bytes: its place, and the table that finds it, while both grow.
const TEXT: usize = 32;

/// The number of a text in `Texts`: 4 bytes, also in an `Option`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TextId(NonZeroU32);

impl TextId {
    /// As a number; 0 for none.
    pub fn pack(id: Option<TextId>) -> u32 {
        id.map_or(0, |id| id.0.get())
    }

    /// From the number that [`TextId::pack`] returned.
    pub fn unpack(number: u32) -> Option<TextId> {
        NonZeroU32::new(number).map(TextId)
    }
}

/// Where a text is: 8 bytes a text.
#[derive(Debug, Clone, Copy)]
struct TextPlace {
    piece: u32,
    start: u16,
    length: u16,
}

/// Texts, each at most 2¹⁶ - 1 bytes long; a longer one is cut. Nothing is ever moved or removed.
#[derive(Debug, Default)]
pub struct Texts {
    pieces: Vec<String>,
    places: Vec<TextPlace>,
    /// Indices of `places`.
    index: HashTable<u32>,
    size: usize,
    hasher: DefaultHashBuilder,
}

impl Texts {
    /// The number of a text, which is kept from now on.
    pub fn intern(&mut self, text: &str) -> TextId {
        let text = cut(text, usize::from(u16::MAX));
        let hash = self.hasher.hash_one(text);
        let (pieces, places) = (&self.pieces, &self.places);
        if let Some(known) = self.index.find(hash, |at| text_at(pieces, places, *at) == text) {
            return id(*known);
        }
        let number = self.places.len() as u32;
        self.size += TEXT + text.len();
        let place = self.store(text);
        self.places.push(place);
        let (pieces, places, hasher) = (&self.pieces, &self.places, &self.hasher);
        self.index.insert_unique(hash, number, |at| hasher.hash_one(text_at(pieces, places, *at)));
        id(number)
    }

    /// About how many bytes they take.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The number of a text, where it is kept.
    pub fn find(&self, text: &str) -> Option<TextId> {
        let hash = self.hasher.hash_one(text);
        self.index.find(hash, |at| text_at(&self.pieces, &self.places, *at) == text).map(|at| id(*at))
    }

    /// The text of a number that [`Texts::intern`] returned.
    pub fn get(&self, id: TextId) -> &str {
        text_at(&self.pieces, &self.places, id.0.get() - 1)
    }

    fn store(&mut self, text: &str) -> TextPlace {
        let is_first = self.pieces.is_empty();
        match self.pieces.last_mut().filter(|piece| piece.len() + text.len() < PIECE) {
            Some(piece) => piece.push_str(text),
            None => {
                // The first piece grows as it must; whoever fills it needs the others whole.
                let mut piece = String::with_capacity(if is_first { 0 } else { PIECE });
                piece.push_str(text);
                self.pieces.push(piece);
            }
        }
        let end = self.pieces.last().map_or(0, String::len);
        let (start, length) = ((end - text.len()) as u16, text.len() as u16);
        TextPlace { piece: self.pieces.len() as u32 - 1, start, length }
    }
}

fn id(index: u32) -> TextId {
    TextId(NonZeroU32::MIN.saturating_add(index))
}

fn text_at<'a>(pieces: &'a [String], places: &[TextPlace], at: u32) -> &'a str {
    let text = places.get(at as usize).and_then(|place| {
        let start = usize::from(place.start);
        pieces.get(place.piece as usize)?.get(start..start + usize::from(place.length))
    });
    text.unwrap_or_default()
}

/// The beginning of `text`, of at most `length` bytes.
fn cut(text: &str, length: usize) -> &str {
    if text.len() <= length {
        return text;
    }
    let end = (0..=length).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once_and_takes_four_bytes_where_it_is_used() {
        let mut texts = Texts::default();
        let names: Vec<String> = (0..20_000).map(|number| format!("user {number}")).collect();
        let ids: Vec<TextId> = names.iter().map(|name| texts.intern(name)).collect();
        for (name, id) in names.iter().zip(&ids) {
            assert_eq!((texts.intern(name), texts.find(name), texts.get(*id)), (*id, Some(*id), name.as_str()));
        }
        assert_eq!((texts.places.len(), texts.pieces.len()), (20_000, 3));
        assert_eq!(texts.find("nobody"), None);
        assert_eq!((size_of::<Option<TextId>>(), size_of::<TextPlace>()), (4, 8));
    }

    #[test]
    fn empty_and_very_long_texts() {
        let mut texts = Texts::default();
        let empty = texts.intern("");
        let long = texts.intern(&"é".repeat(PIECE));
        assert_eq!((texts.get(empty), texts.get(long).len()), ("", PIECE - 2));
        assert_eq!(TextId::unpack(TextId::pack(Some(long))), Some(long));
        assert_eq!(TextId::unpack(TextId::pack(None)), None);
    }
}
