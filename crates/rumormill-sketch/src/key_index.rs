//! From hashes back to keys.

use alloc::vec::Vec;

use crate::{
    KeyHash,
    mix::{low_16, low_32, mask},
    place::place,
};

/// How many entries a bucket has on average before there is one more bucket.
const BUCKET_LEN: usize = 24;

/// How many entries a bucket makes room for at a time.
const GROWTH: usize = 4;

/// The keys of a map by their hashes, found by any sufficiently many low bits of them.
///
/// `V` is what stands for a key: best a `u32` that numbers it, with which an entry takes 12 bytes
/// and about 3 of overhead. Changes with the keys, not with their values.
///
/// A hash table that grows by one bucket at a time (Litwin, "Linear Hashing", VLDB 1980): most
/// insertions move nothing, the others half a bucket.
#[derive(Clone, Debug)]
pub struct KeyIndex<V> {
    /// Never empty; a hash is in the bucket at its place.
    buckets: Vec<Vec<Entry<V>>>,
    len: usize,
}

/// A hash in two parts, so that it takes six bytes and no padding to eight.
#[derive(Clone, Debug)]
struct Entry<V> {
    low: u32,
    high: u16,
    value: V,
}

impl<V> KeyIndex<V> {
    /// An index of no keys.
    #[must_use]
    pub fn new() -> Self {
        Self { buckets: alloc::vec![Vec::new()], len: 0 }
    }

    /// Returns how many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Says whether there is no entry.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an entry. Several may have the same hash.
    pub fn insert(&mut self, key: KeyHash, value: V) {
        let bucket = self.bucket_of(key);
        push(&mut self.buckets[bucket], Entry::new(key, value));
        self.len += 1;
        if self.len > BUCKET_LEN * self.buckets.len() {
            self.split_a_bucket();
        }
    }

    /// Removes an entry; nothing if it is not there.
    pub fn remove(&mut self, key: KeyHash, value: &V) -> Option<V>
    where
        V: PartialEq,
    {
        let bucket = self.bucket_of(key);
        let bucket = &mut self.buckets[bucket];
        let at = bucket.iter().position(|entry| entry.key() == key && entry.value == *value)?;
        let removed = bucket.swap_remove(at).value;
        self.len -= 1;
        if self.len < BUCKET_LEN / 2 * (self.buckets.len() - 1) {
            self.merge_a_bucket();
        }
        Some(removed)
    }

    /// What stands for the keys with this hash: rarely more than one.
    pub fn values(&self, key: KeyHash) -> impl Iterator<Item = &V> {
        let bucket = &self.buckets[self.bucket_of(key)];
        bucket.iter().filter(move |entry| entry.key() == key).map(|entry| &entry.value)
    }

    /// The hashes whose low `bits` bits are those of `low`; none if so few bits do not tell where
    /// to look.
    pub(crate) fn candidates(&self, low: u64, bits: u32) -> impl Iterator<Item = KeyHash> + '_ {
        self.ending(low, bits).map(Entry::key)
    }

    /// What stands for the keys whose hashes' low `bits` bits are those of `low`; none if so few bits do
    /// not tell where to look.
    pub fn values_ending(&self, low: u64, bits: u32) -> impl Iterator<Item = &V> {
        self.ending(low, bits).map(|entry| &entry.value)
    }

    fn ending(&self, low: u64, bits: u32) -> impl Iterator<Item = &Entry<V>> {
        let enough = self.buckets.len().next_power_of_two().trailing_zeros() <= bits;
        let bucket = &self.buckets[self.bucket_of(KeyHash::new(low))];
        let bucket = if enough { bucket.as_slice() } else { &[] };
        let (low, high) = (low_32(low), low_16(low >> 32));
        let (low_mask, high_mask) = (low_32(mask(bits)), low_16(mask(bits) >> 32));
        let same = move |entry: &&Entry<V>| {
            (entry.low ^ low) & low_mask == 0 && (entry.high ^ high) & high_mask == 0
        };
        bucket.iter().filter(same)
    }

    fn bucket_of(&self, key: KeyHash) -> usize {
        let count = u32::try_from(self.buckets.len()).expect("2^32 buckets do not fit into memory");
        place(low_32(key.bits()), count) as usize
    }

    /// Adds a bucket, to which the bucket it folds into gives about half of its entries.
    fn split_a_bucket(&mut self) {
        let new = self.buckets.len();
        let from = new - (new + 1).next_power_of_two() / 2;
        if new == self.buckets.capacity() {
            self.buckets.reserve_exact(new / 8 + 1);
        }
        self.buckets.push(Vec::new());
        let entries = core::mem::take(&mut self.buckets[from]);
        for entry in entries {
            let bucket = self.bucket_of(entry.key());
            push(&mut self.buckets[bucket], entry);
        }
    }

    /// Removes the last bucket and puts its entries where they were before it was there.
    fn merge_a_bucket(&mut self) {
        let entries = self.buckets.pop().unwrap_or_default();
        for entry in entries {
            let bucket = self.bucket_of(entry.key());
            push(&mut self.buckets[bucket], entry);
        }
    }
}

impl<V> Default for KeyIndex<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V> Extend<(KeyHash, V)> for KeyIndex<V> {
    fn extend<I: IntoIterator<Item = (KeyHash, V)>>(&mut self, entries: I) {
        entries.into_iter().for_each(|(key, value)| self.insert(key, value));
    }
}

impl<V> FromIterator<(KeyHash, V)> for KeyIndex<V> {
    fn from_iter<I: IntoIterator<Item = (KeyHash, V)>>(entries: I) -> Self {
        let mut index = Self::new();
        index.extend(entries);
        index
    }
}

impl<V> Entry<V> {
    const fn new(key: KeyHash, value: V) -> Self {
        let low = low_32(key.bits());
        Self { low, high: low_16(key.bits() >> 32), value }
    }

    #[inline]
    const fn key(&self) -> KeyHash {
        KeyHash::new((self.high as u64) << 32 | self.low as u64)
    }
}

/// Doubling the room of every bucket would leave a third of it unused.
fn push<V>(bucket: &mut Vec<Entry<V>>, entry: Entry<V>) {
    if bucket.len() == bucket.capacity() {
        bucket.reserve_exact(GROWTH);
    }
    bucket.push(entry);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::mix;

    /// Bytes on the heap, with 16 bytes of an allocator's own for each bucket.
    fn bytes_of<V>(index: &KeyIndex<V>) -> usize {
        let entries: usize = index.buckets.iter().map(Vec::capacity).sum();
        let buckets = index.buckets.capacity() * size_of::<Vec<Entry<V>>>();
        buckets + entries * size_of::<Entry<V>>() + index.buckets.len() * 16
    }

    #[test]
    fn an_entry_with_a_number_takes_at_most_16_bytes() {
        let mut index = KeyIndex::new();
        for number in 0..100_000u32 {
            index.insert(KeyHash::new(mix(number.into())), number);
        }
        let bytes = bytes_of(&index);
        assert!(bytes <= 16 * index.len(), "{bytes} bytes for {} entries", index.len());
    }

    #[test]
    fn an_index_is_empty_until_something_is_in_it() {
        let mut index = KeyIndex::new();
        assert!(index.is_empty());
        index.insert(KeyHash::new(1), 1u32);
        assert!(!index.is_empty());
        assert_eq!(index.remove(KeyHash::new(1), &1), Some(1));
        assert!(index.is_empty());
    }

    #[test]
    fn entries_are_found_while_the_index_grows_and_shrinks() {
        let key = |number: u32| KeyHash::new(mix(number.into()));
        let mut index = KeyIndex::new();
        let check = |index: &KeyIndex<u32>, there: core::ops::Range<u32>| {
            assert_eq!(index.len(), there.len());
            for number in 0..3_000 {
                let found = index.values(key(number)).eq(&[number]);
                assert_eq!(found, there.contains(&number), "{number} of {there:?}");
                let candidates = index.candidates(key(number).bits() & mask(32), 32);
                assert_eq!(candidates.count() > 0, there.contains(&number));
            }
        };
        (0..3_000).for_each(|number| index.insert(key(number), number));
        check(&index, 0..3_000);
        let buckets = index.buckets.len();
        for number in 0..2_900 {
            assert_eq!(index.remove(key(number), &number), Some(number));
            assert_eq!(index.remove(key(number), &number), None, "it is gone");
        }
        check(&index, 2_900..3_000);
        assert!(index.buckets.len() < buckets / 8, "buckets go with their entries");
    }

    #[test]
    fn too_few_bits_find_nothing() {
        let mut index = KeyIndex::new();
        (0..1_000u32).for_each(|number| index.insert(KeyHash::new(number.into()), number));
        assert_eq!(index.candidates(3, 6).count(), 16, "64 buckets, 1,000 keys that end in 000011");
        assert_eq!(index.candidates(3, 5).count(), 0, "half of the keys are in another bucket");
    }
}
