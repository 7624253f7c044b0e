//! Lists of many small items, and the growth of small ones.

/// Items in a piece of [`Chunks`].
const PIECE: usize = 1024;

/// A list that grows by pieces and moves nothing: at no time is it there twice, as a growing `Vec` is.
#[derive(Debug)]
pub struct Chunks<T> {
    pieces: Vec<Vec<T>>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Chunks<T> {
        Chunks { pieces: Vec::new() }
    }
}

impl<T> Chunks<T> {
    /// How many items there are.
    pub fn len(&self) -> u32 {
        let full = self.pieces.len().saturating_sub(1) * PIECE;
        (full + self.pieces.last().map_or(0, Vec::len)) as u32
    }

    /// Appends an item. Returns its number.
    pub fn push(&mut self, item: T) -> u32 {
        let number = self.len();
        match self.pieces.last_mut().filter(|piece| piece.len() < PIECE) {
            Some(piece) => piece.push(item),
            None => {
                // The first piece grows as it must; whoever fills it needs the others whole.
                let mut piece = Vec::with_capacity(if self.pieces.is_empty() { 0 } else { PIECE });
                piece.push(item);
                self.pieces.push(piece);
            }
        }
        number
    }

    /// The item of this number.
    pub fn get(&self, number: u32) -> Option<&T> {
        self.pieces.get(number as usize / PIECE)?.get(number as usize % PIECE)
    }

    /// All items, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten()
    }

    /// The item of this number, to change it.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.pieces.get_mut(number as usize / PIECE)?.get_mut(number as usize % PIECE)
    }
}

/// Appends to a list of which a capture has as many as connections: it grows by an eighth, and by two items at least, the first time four.
pub fn push_tight<T>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(if list.is_empty() { 4 } else { (list.len() / 8).max(2) });
    }
    list.push(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_keep_their_numbers() {
        let mut chunks = Chunks::default();
        let count = 3 * PIECE as u32 + 1;
        assert!((0..count).all(|item| chunks.push(item) == item));
        assert!((0..count).all(|item| chunks.get(item) == Some(&item)));
        assert_eq!((chunks.len(), chunks.get(count)), (count, None));
        assert!(chunks.pieces[1..].iter().all(|piece| piece.capacity() == PIECE));
    }

    #[test]
    fn a_tight_list_wastes_at_most_an_eighth() {
        let mut list = Vec::new();
        for item in 0..1000 {
            push_tight(&mut list, item);
            assert!(list.capacity() <= list.len() + (list.len() / 8).max(3));
        }
    }
}
