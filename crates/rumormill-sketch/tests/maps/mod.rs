//! Two maps of the same keys, and a sketch between them.

#![allow(dead_code, unreachable_pub, reason = "no test uses all of it")]

use std::collections::BTreeMap;

use rumormill_sketch::{
    Gap, HashKey, KeyHash, KeyIndex, Part, Peeled, Received, Size, Stripe, Summary, Width,
};

/// What everybody hashes keys with.
pub const SECRET: HashKey = HashKey(*b"a key for tests.");

/// By how much we are ahead, by key.
pub type Truth = BTreeMap<KeyHash, i64>;

/// Two maps of the keys 0 to n.
pub struct Maps {
    pub index: KeyIndex<u32>,
    pub ours: Summary,
    pub theirs: Summary,
    pub truth: Truth,
}

impl Maps {
    /// Equal maps.
    pub fn equal(keys: u32) -> Self {
        Self::of_hashes((0..keys).map(hash))
    }

    /// Equal maps of keys with these hashes.
    pub fn of_hashes(hashes: impl IntoIterator<Item = KeyHash>) -> Self {
        let mut ours = Summary::new(Size::MAX);
        let mut index = KeyIndex::new();
        for (number, key) in (0..).zip(hashes) {
            index.insert(key, number);
            ours.update(key, 0, 1_000 + u64::from(number));
        }
        Self { index, theirs: ours.clone(), ours, truth: Truth::new() }
    }

    /// Moves us ahead of them in a key: the one side if the gap is positive, the other if not.
    pub fn differ(&mut self, key: KeyHash, ahead: i64) {
        let behind = if ahead > 0 { &mut self.ours } else { &mut self.theirs };
        behind.update(key, 0, ahead.unsigned_abs());
        let sum = self.truth.entry(key).or_default();
        *sum += ahead;
        if *sum == 0 {
            self.truth.remove(&key);
        }
    }

    /// What we find out if they send a sketch.
    pub fn peel(&self, size: Size, width: Width) -> Peeled {
        let bytes = encode(&self.theirs, size, width);
        let difference = self.ours.sketch().difference(&received(&bytes));
        difference.expect("it is no finer than ours").peel(&self.index)
    }

    /// Sends a sketch, expects it to give up everything, and nothing else.
    pub fn check_full(&self, size: Size, width: Width) {
        let peeled = self.peel(size, width);
        assert!(peeled.is_full(), "{} cells are left", peeled.unexplained);
        assert_eq!(as_truth(&peeled.gaps), self.truth);
        assert!(self.ours.fingerprint().is_explained_by(self.theirs.fingerprint(), &peeled.gaps));
    }

    /// How many of the gaps are right, and how many are not.
    pub fn right_and_wrong(&self, gaps: &[Gap]) -> (usize, usize) {
        let right = gaps.iter().filter(|gap| self.truth.get(&gap.key) == Some(&gap.ahead)).count();
        (right, gaps.len() - right)
    }
}

/// The hash of a key that is a number.
pub fn hash(number: u32) -> KeyHash {
    SECRET.hash(&number.to_be_bytes())
}

/// A whole sketch as it travels.
pub fn encode(summary: &Summary, size: Size, width: Width) -> Vec<u8> {
    let mut bytes = vec![0; Part::len_of(size, width)];
    let (len, rest) = summary.sketch().fold(size).encode_part(width, Stripe::WHOLE, &mut bytes);
    assert_eq!((len, rest), (bytes.len(), None), "there is room for all cells");
    bytes
}

/// A whole sketch that travelled.
pub fn received(bytes: &[u8]) -> Received {
    let part = Part::decode(bytes).expect("it was encoded");
    Received::whole(&part).expect("all cells are there")
}

/// A sketch in datagrams of at most `len` bytes.
pub fn datagrams(summary: &Summary, size: Size, stripe: Stripe, len: usize) -> Vec<Vec<u8>> {
    let folded = summary.sketch().fold(size);
    let mut datagrams = Vec::new();
    let mut next = Some(stripe);
    while let Some(stripe) = next {
        let mut bytes = vec![0; len];
        let (len, rest) = folded.encode_part(Width::A16B32, stripe, &mut bytes);
        bytes.truncate(len);
        if len > 0 {
            datagrams.push(bytes);
        }
        next = rest;
    }
    datagrams
}

/// So many triples of cells.
pub fn triples(count: u16) -> Size {
    Size::of_triples(count).expect("sketches have 1 to 8,192 triples")
}

/// Gaps by key.
pub fn as_truth(gaps: &[Gap]) -> Truth {
    gaps.iter().map(|gap| (gap.key, gap.ahead)).collect()
}

/// SplitMix64: the same numbers everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u32) -> u32 {
        u32::try_from(self.next() % u64::from(bound)).expect("it is below the bound")
    }

    /// 1, 2, 3... with probabilities 1/2, 1/4, 1/8..., on either side.
    pub fn gap(&mut self) -> i64 {
        let gap = 1 + i64::from(self.next().trailing_ones());
        if self.next() >> 63 == 1 { gap } else { -gap }
    }
}
