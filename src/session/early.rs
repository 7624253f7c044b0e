//! What was said on a connection before its user was known.

use std::collections::BTreeSet;

/// The places of a connection's first says: the number of the says that they are alike to, and their index among those. Empty, and 8 bytes,
/// for a connection whose user is known from the beginning.
#[derive(Debug, Default)]
pub struct EarlySays {
    places: Option<Box<Places>>,
}

#[derive(Debug, Default)]
struct Places {
    sorted: BTreeSet<(u32, u32)>,
}

impl EarlySays {
    /// Enters a say.
    pub fn insert(&mut self, alike: u32, index: u32) {
        self.places.get_or_insert_default().sorted.insert((alike, index));
    }

    /// The places among these says from `index` on, in order.
    pub fn from(&self, alike: u32, index: u32) -> impl Iterator<Item = u32> + '_ {
        let places = self.places.iter().flat_map(move |places| places.sorted.range((alike, index)..=(alike, u32::MAX)));
        places.map(|(_, index)| *index)
    }
}
