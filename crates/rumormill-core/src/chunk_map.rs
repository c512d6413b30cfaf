//! An ordered map that takes little more memory than its entries.

use alloc::vec::Vec;

/// The most entries of a chunk: inserting moves half as many on average.
const CHUNK_LEN_MAX: usize = 64;

/// How many entries a chunk makes room for at a time.
const GROWTH: usize = 8;

/// An ordered map that takes little more memory than its entries: some 5 % where keys come in
/// ascending order, 15 % where they do not. In a `BTreeMap`, nodes are half full after keys came in
/// ascending order, and hold keys and values padded.
#[derive(Clone, Debug)]
pub(crate) struct ChunkMap<K, V> {
    /// The first key of each chunk.
    firsts: Vec<K>,
    chunks: Vec<Chunk<K, V>>,
    len: usize,
}

/// Keys in ascending order, and their values. Never empty.
#[derive(Clone, Debug)]
struct Chunk<K, V> {
    keys: Vec<K>,
    values: Vec<V>,
}

impl<K: Ord + Copy, V> ChunkMap<K, V> {
    pub(crate) const fn new() -> Self {
        Self { firsts: Vec::new(), chunks: Vec::new(), len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        let chunk = self.chunks.get(self.chunk_of(key))?;
        chunk.values.get(chunk.keys.binary_search(key).ok()?)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let at = self.chunk_of(key);
        let chunk = self.chunks.get_mut(at)?;
        chunk.values.get_mut(chunk.keys.binary_search(key).ok()?)
    }

    /// Puts a value under a key and returns the one that was there.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let at = self.chunk_of(&key);
        let is_last = at + 1 == self.chunks.len();
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.push(key, value);
            return None;
        };
        match chunk.keys.binary_search(&key) {
            Ok(place) => return Some(core::mem::replace(&mut chunk.values[place], value)),
            // Keys that come in ascending order leave full chunks behind them.
            Err(CHUNK_LEN_MAX) if is_last => self.push(key, value),
            Err(_) if chunk.keys.len() == CHUNK_LEN_MAX => {
                let upper = chunk.split();
                self.firsts.insert(at + 1, upper.keys[0]);
                self.chunks.insert(at + 1, upper);
                return self.insert(key, value);
            }
            Err(place) => {
                chunk.insert(place, key, value);
                self.firsts[at] = chunk.keys[0];
                self.len += 1;
            }
        }
        None
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let at = self.chunk_of(key);
        let chunk = self.chunks.get_mut(at)?;
        let place = chunk.keys.binary_search(key).ok()?;
        chunk.keys.remove(place);
        let value = chunk.values.remove(place);
        self.len -= 1;
        match chunk.keys.first() {
            Some(first) => self.firsts[at] = *first,
            None => {
                self.firsts.remove(at);
                self.chunks.remove(at);
            }
        }
        Some(value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.chunks.iter().flat_map(|chunk| chunk.keys.iter().zip(&chunk.values))
    }

    /// Walks the keys from one on.
    pub(crate) fn keys_from(&self, start: K) -> impl Iterator<Item = &K> {
        let mut chunks = self.chunks.iter().skip(self.chunk_of(&start));
        let first = chunks.next().map_or(&[][..], |chunk| &chunk.keys);
        let place = first.partition_point(|key| *key < start);
        first[place..].iter().chain(chunks.flat_map(|chunk| &chunk.keys))
    }

    /// The chunk that has a key, or would have it.
    fn chunk_of(&self, key: &K) -> usize {
        self.firsts.partition_point(|first| first <= key).saturating_sub(1)
    }

    /// Adds a chunk at the end for a key above all others.
    fn push(&mut self, key: K, value: V) {
        self.firsts.push(key);
        let mut chunk = Chunk { keys: Vec::new(), values: Vec::new() };
        chunk.insert(0, key, value);
        self.chunks.push(chunk);
        self.len += 1;
    }
}

impl<K: Copy, V> Chunk<K, V> {
    fn insert(&mut self, place: usize, key: K, value: V) {
        if self.keys.len() == self.keys.capacity() {
            self.keys.reserve_exact(GROWTH);
            self.values.reserve_exact(GROWTH);
        }
        self.keys.insert(place, key);
        self.values.insert(place, value);
    }

    /// Takes out the upper half.
    fn split(&mut self) -> Self {
        let half = self.keys.len() / 2;
        let upper = Self { keys: self.keys.split_off(half), values: self.values.split_off(half) };
        self.keys.shrink_to_fit();
        self.values.shrink_to_fit();
        upper
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// How many bytes there is room for, by how many there are.
    fn slack(map: &ChunkMap<u64, [u64; 5]>) -> f64 {
        let room: usize = map.chunks.iter().map(|it| it.keys.capacity()).sum();
        f64::from(u32::try_from(room).expect("few"))
            / f64::from(u32::try_from(map.len).expect("few"))
    }

    #[test]
    fn there_is_little_room_that_is_not_used() {
        let (mut ascending, mut scattered) = (ChunkMap::new(), ChunkMap::new());
        for key in 0..10_000u64 {
            ascending.insert(key, [0; 5]);
            scattered.insert(key.wrapping_mul(0x9e37_79b9_7f4a_7c15), [0; 5]);
        }
        assert!(slack(&ascending) < 1.01 && slack(&scattered) < 1.15);
    }

    proptest! {
        #[test]
        fn it_is_a_map(steps in vec((0..3u8, 0..400u16, any::<u8>()), 1..2_000)) {
            let (mut map, mut plain) = (ChunkMap::new(), BTreeMap::new());
            for (kind, key, value) in steps {
                if kind == 0 {
                    prop_assert_eq!(map.remove(&key), plain.remove(&key));
                } else {
                    prop_assert_eq!(map.insert(key, value), plain.insert(key, value));
                }
                prop_assert_eq!(map.get(&key), plain.get(&key));
                prop_assert_eq!(map.get_mut(&key), plain.get_mut(&key));
                prop_assert!(map.keys_from(key).eq(plain.range(key..).map(|(key, _)| key)));
            }
            prop_assert_eq!(map.len(), plain.len());
            prop_assert!(map.iter().eq(plain.iter()));
        }
    }
}
