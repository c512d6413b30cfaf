//! What does not wait for its turn.

use alloc::collections::BTreeMap;

use super::letter::Letter;

/// For whom liveness or claims wait, in the order in which they came.
#[derive(Debug)]
pub(super) struct Urgent<A> {
    order: BTreeMap<u64, A>,
    next: u64,
}

impl<A: Clone> Urgent<A> {
    pub(super) const fn new() -> Self {
        Self { order: BTreeMap::new(), next: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub(super) fn first(&self) -> Option<A> {
        self.order.first_key_value().map(|(_, to)| to.clone())
    }

    /// Takes note of what was written to a letter.
    pub(super) fn follow(&mut self, to: &A, letter: &mut Letter) {
        if letter.is_urgent() && letter.urgent_place.is_none() {
            self.order.insert(self.next, to.clone());
            letter.urgent_place = Some(self.next);
            self.next += 1;
        }
    }

    pub(super) fn leave(&mut self, letter: &mut Letter) {
        if let Some(place) = letter.urgent_place.take() {
            self.order.remove(&place);
        }
    }
}
