//! Two maps that differ, with all that finds where.

use rumormill_sketch::{
    Difference, HashKey, KeyHash, KeyIndex, Part, Received, Size, Stripe, Summary, Width,
};

/// Keys are hashed under it.
pub const SECRET: HashKey = HashKey(*b"a secret of ours");

/// The width of a cell that nodes use most.
pub const WIDTH: Width = Width::A16B32;

/// Two maps of equal keys.
#[derive(Debug)]
pub struct Maps {
    /// The hashes of all keys.
    pub keys: Vec<KeyHash>,
    /// The keys by their hashes.
    pub index: KeyIndex<u32>,
    /// The first map, which is ahead.
    pub ours: Summary,
    /// The second.
    pub theirs: Summary,
}

impl Maps {
    /// Two maps of `len` keys, the first of which is one ahead in `differ` of them.
    #[must_use]
    pub fn new(len: u64, differ: usize, size: Size) -> Self {
        let keys: Vec<_> = (0..len).map(|key| SECRET.hash(&crate::key(key))).collect();
        let index = keys.iter().copied().zip(0..).collect();
        let mut ours = Summary::new(size);
        keys.iter().for_each(|key| ours.update(*key, 0, 7));
        let theirs = ours.clone();
        keys.iter().rev().take(differ).for_each(|key| ours.update(*key, 7, 8));
        Self { keys, index, ours, theirs }
    }

    /// The cells of the second map's sketch, folded to a size, as they travel.
    #[must_use]
    pub fn encoded(&self, size: Size) -> Vec<u8> {
        let mut bytes = vec![0; Part::len_of(size, WIDTH)];
        self.theirs.sketch().fold(size).encode_part(WIDTH, Stripe::WHOLE, &mut bytes);
        bytes
    }

    /// What the first map has more than the one whose cells these are.
    ///
    /// # Panics
    ///
    /// If they are not the cells of a whole sketch that is small enough.
    #[must_use]
    pub fn difference(&self, bytes: &[u8]) -> Difference {
        let part = Part::decode(bytes).expect("it was just encoded");
        let received = Received::whole(&part).expect("all cells are there");
        self.ours.sketch().difference(&received).expect("the sizes are ours")
    }
}
