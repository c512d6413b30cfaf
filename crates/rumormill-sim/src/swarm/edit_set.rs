//! A set of edits.

/// A set of edits, each by its place in the history.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct EditSet {
    words: Vec<u64>,
}

impl EditSet {
    pub(crate) fn insert(&mut self, place: usize) {
        let word = place / 64;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (place % 64);
    }

    pub(crate) fn unite(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    pub(crate) fn contains(&self, place: usize) -> bool {
        self.words.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    /// Walks the places, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(number, word)| {
            let mut rest = *word;
            core::iter::from_fn(move || {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest.checked_sub(1)?;
                Some(number * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_walked_in_order() {
        let mut set = EditSet::default();
        let places = [0, 1, 63, 64, 200];
        places.iter().rev().for_each(|place| set.insert(*place));
        assert_eq!(set.iter().collect::<Vec<_>>(), places);
        assert!(set.contains(63) && !set.contains(62) && !set.contains(10_000));
    }
}
