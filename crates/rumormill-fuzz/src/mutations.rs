//! Spoils bytes, the same way each time.

/// Spoils bytes of a corpus: flips bits, sets bytes, cuts off, inserts, repeats, and joins two of them. The
/// same corpus and seed give the same bytes on every machine.
#[derive(Clone, Debug)]
pub struct Mutations<'c> {
    corpus: &'c [Vec<u8>],
    state: u64,
}

/// The longest that comes out, in bytes: a little more than a datagram.
const LEN_MAX: usize = 1_400;

/// Bytes that are the ends of ranges: of varints, of lengths, of floors.
const ENDS: [u8; 8] = [0, 1, 0x7f, 0x80, 0x81, 0xfe, 0xff, 0x10];

impl<'c> Mutations<'c> {
    /// Spoils these, beginning with `seed`.
    ///
    /// # Panics
    ///
    /// If there are none.
    #[must_use]
    pub fn new(corpus: &'c [Vec<u8>], seed: u64) -> Self {
        assert!(!corpus.is_empty(), "there is something to spoil");
        Self { corpus, state: seed ^ 0x9e37_79b9_7f4a_7c15 }
    }

    /// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014).
    const fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        let wide = u128::from(self.draw()) * (end as u128);
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    fn pick(&mut self) -> &'c [u8] {
        let place = self.below(self.corpus.len());
        &self.corpus[place]
    }

    fn spoil(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len().max(1));
        match self.below(8) {
            0 | 1 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
            2 if !bytes.is_empty() => bytes[at] = ENDS[self.below(ENDS.len())],
            3 if !bytes.is_empty() => bytes[at] = self.draw().to_be_bytes()[0],
            4 => bytes.truncate(at),
            5 => bytes.insert(at.min(bytes.len()), self.draw().to_be_bytes()[0]),
            6 if !bytes.is_empty() => drop(bytes.remove(at)),
            _ => {
                // What comes before from one, what comes after from another.
                let other = self.pick();
                let from = self.below(other.len().max(1)).min(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
        }
        bytes.truncate(LEN_MAX);
    }
}

impl Iterator for Mutations<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut bytes = self.pick().to_vec();
        for _ in 0..=self.below(4) {
            self.spoil(&mut bytes);
        }
        Some(bytes)
    }
}
