//! Where users are, and with whom.

use std::sync::Arc;

use super::bounded::Name;

/// Where a user is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Room {
    /// Dialect A has no rooms: everybody gets everything.
    Everywhere,
    /// A room, by its id.
    Named(Name),
}

impl Room {
    /// The room's id, where there is one to show.
    pub fn name(&self) -> Option<&Name> {
        match self {
            Room::Everywhere => None,
            Room::Named(name) => Some(name).filter(|name| !name.is_empty()),
        }
    }
}

/// The members of a room.
#[derive(Debug, Clone, PartialEq)]
pub struct Members {
    /// The first names.
    pub names: Arc<[Name]>,
    /// How many members there are.
    pub count: usize,
}
