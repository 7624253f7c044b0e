//! A list that most often has at most one item, which takes no memory of its own.

use std::slice;

/// A list of none, one, or many items: 16 bytes for items of at most 8, and of some larger ones. The many are kept in an `M`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OneOrMany<T, M = Vec<T>> {
    /// Nothing.
    #[default]
    None,
    /// One item.
    One(T),
    /// Several items, at some time.
    Many(Box<M>),
}

impl<T: Copy, M: FromIterator<T> + Extend<T>> OneOrMany<T, M> {
    /// Adds an item where the many put it: behind all others, if they are a `Vec`.
    pub fn push(&mut self, item: T) {
        match self {
            OneOrMany::None => *self = OneOrMany::One(item),
            OneOrMany::One(first) => *self = OneOrMany::Many(Box::new([*first, item].into_iter().collect())),
            OneOrMany::Many(many) => many.extend([item]),
        }
    }
}

impl<T: Copy> OneOrMany<T> {
    /// All items.
    pub fn as_slice(&self) -> &[T] {
        match self {
            OneOrMany::None => &[],
            OneOrMany::One(only) => slice::from_ref(only),
            OneOrMany::Many(many) => many,
        }
    }

    /// All items, to change them.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        match self {
            OneOrMany::None => &mut [],
            OneOrMany::One(only) => slice::from_mut(only),
            OneOrMany::Many(many) => many,
        }
    }

    /// Adds an item in front of the one at this place, or behind all others.
    pub fn insert(&mut self, place: usize, item: T) {
        let behind = self.as_slice().len();
        self.push(item);
        self.as_mut_slice()[place.min(behind)..].rotate_right(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_where_a_vec_has_them() {
        let (mut list, mut expected) = (OneOrMany::<u32>::None, Vec::new());
        for (item, place) in [0, 1, 0, 2, 1, 5, 9].into_iter().enumerate() {
            let item = item as u32;
            list.insert(place, item);
            expected.insert(place.min(expected.len()), item);
            assert_eq!(list.as_slice(), expected);
        }
        list.push(7);
        assert_eq!(list.as_slice().last(), Some(&7));
    }

    #[test]
    fn one_item_takes_little() {
        assert_eq!((size_of::<OneOrMany<u32>>(), size_of::<OneOrMany<[u32; 2]>>()), (16, 16));
    }
}
