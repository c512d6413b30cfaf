//! Sets of edits of one history.

/// A set of edits, by their places in the history.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct EditSet {
    words: Vec<u64>,
}

impl EditSet {
    pub(crate) fn insert(&mut self, place: usize) {
        let (word, bit) = (place / 64, place % 64);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << bit;
    }

    pub(crate) fn contains(&self, place: usize) -> bool {
        self.words.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    pub(crate) fn unite(&mut self, other: &Self) {
        if other.words.len() > self.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        (0..self.words.len() * 64).filter(|place| self.contains(*place))
    }

    /// The least edit that is in here and not in `other`.
    pub(crate) fn first_beyond(&self, other: &Self) -> Option<usize> {
        self.iter().find(|place| !other.contains(*place))
    }
}
