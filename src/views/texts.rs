//! The texts of a view.

/// A text among [`Texts`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    start: u64,
    length: u32,
}

/// Texts in the order in which they were added.
#[derive(Debug, Default)]
pub struct Texts {
    texts: String,
}

impl Texts {
    /// Adds a text.
    pub fn add(&mut self, text: &str) -> Place {
        let start = self.texts.len() as u64;
        self.texts.push_str(text);
        Place { start, length: text.len() as u32 }
    }

    /// A text.
    pub fn get(&self, place: Place) -> &str {
        let start = place.start as usize;
        self.texts.get(start..start + place.length as usize).unwrap_or_default()
    }
}
