//! Things to say, each under a key, that take turns.

use alloc::collections::BTreeMap;
use core::ops::Bound;

/// Entries by key. They come out in the order of their keys, from the one after the last that did
/// to the end and then from the first: none is overtaken twice by another.
#[derive(Clone, Debug)]
pub(super) struct Queue<K, V> {
    entries: BTreeMap<K, V>,
    /// What came out last.
    last: Option<K>,
}

impl<K, V> Default for Queue<K, V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), last: None }
    }
}

impl<K: Ord + Copy, V: Copy> Queue<K, V> {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The memory that the entries take, about: nodes of a B-tree have room for 11, and are half full.
    pub(super) fn heap_len(&self) -> usize {
        self.len().div_ceil(6) * 11 * (size_of::<K>() + size_of::<V>())
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// Adds or replaces an entry. A new one needs room. Says whether it is there.
    pub(super) fn insert(&mut self, key: K, value: V, room: bool) -> bool {
        let room = room || self.entries.contains_key(&key);
        if room {
            self.entries.insert(key, value);
        }
        room
    }

    /// What comes next.
    pub(super) fn peek(&self) -> Option<(K, V)> {
        let after = self.last.map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.entries.range((after, Bound::Unbounded)).next();
        next.or_else(|| self.entries.first_key_value()).map(|(key, value)| (*key, *value))
    }

    /// Takes an entry out; if it is the next one, the one after it comes next.
    pub(super) fn remove(&mut self, key: &K) {
        self.entries.remove(key);
        self.last = (!self.entries.is_empty()).then_some(*key);
    }

    /// Takes out what comes next if `say` says it.
    pub(super) fn say_next(&mut self, say: impl FnOnce(K, V) -> bool) -> bool {
        let Some((key, value)) = self.peek() else { return false };
        let said = say(key, value);
        if said {
            self.remove(&key);
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn who_comes_again_and_again_overtakes_nobody_twice() {
        let mut queue = Queue::default();
        (0..6).for_each(|key| assert!(queue.insert(key, (), true)));
        let mut said = Vec::new();
        while said.len() < 9 {
            queue.say_next(|key, ()| {
                said.push(key);
                true
            });
            queue.insert(0, (), true);
        }
        assert_eq!(said, [0, 1, 2, 3, 4, 5, 0, 0, 0]);
        assert!(queue.insert(0, (), false) && !queue.insert(1, (), false));
    }
}
