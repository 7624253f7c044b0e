//! Lists of a room's members as they were at one time, for the says of all servers.

use crate::session::storage::chunks::Chunks;
use crate::session::storage::texts::TextId;

/// Names of a room's members that are listed; beyond, only the count grows.
const MAX_LISTED: usize = 50;

/// The number of a list, from 1 on; 0 for none.
pub type ListNumber = u32;

/// The members of a room at one time: 12 bytes, and 4 a name where the names differ from those of the list before.
#[derive(Debug, Clone, Copy)]
struct List {
    /// Of the first names, among all.
    start: u32,
    length: u32,
    count: u32,
}

/// Lists of members.
#[derive(Debug, Default)]
pub struct Lists {
    names: Chunks<TextId>,
    lists: Chunks<List>,
    size: usize,
}

impl Lists {
    /// Keeps a list of so many members, by their names.
    pub fn add(&mut self, names: impl Iterator<Item = TextId> + Clone, count: usize) -> ListNumber {
        let names = names.take(MAX_LISTED);
        let length = names.clone().count() as u32;
        let last = self.lists.len().checked_sub(1).and_then(|last| self.lists.get(last));
        let same = last.filter(|last| {
            let listed = (last.start..last.start + last.length).filter_map(|at| self.names.get(at).copied());
            last.length == length && names.clone().eq(listed)
        });
        let start = same.map_or(self.names.len(), |same| same.start);
        self.size += size_of::<List>();
        if same.is_none() {
            self.size += length as usize * size_of::<TextId>();
            for name in names {
                self.names.push(name);
            }
        }
        self.lists.push(List { start, length, count: count as u32 }) + 1
    }

    /// How many bytes they take.
    pub fn size(&self) -> usize {
        self.size
    }

    /// A list: the first 50 names, and how many members there are.
    pub fn get(&self, number: ListNumber) -> Option<(impl Iterator<Item = TextId> + '_, usize)> {
        let List { start, length, count } = *self.lists.get(number.checked_sub(1)?)?;
        let names = (start..start + length).filter_map(|at| self.names.get(at).copied());
        Some((names, count as usize))
    }
}
