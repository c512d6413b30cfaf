//! Other libraries that find where two sets differ, given the same maps as sets of (key, value).

use std::fmt;

use negentropy::{Id, Negentropy, NegentropyStorageVector};
use riblt::{CodedSymbol, RatelessIBLT, Symbol, UnmanagedRatelessIBLT};

/// Bytes of a coded symbol: a pair, a checksum of 8 bytes, and a count that mostly takes one.
pub const RIBLT_SYMBOL_LEN: usize = 16 + 8 + 1;

/// Two maps as sets of pairs. A key whose value differs is one pair in each.
#[derive(Debug)]
pub struct Sets {
    ours: Vec<Pair>,
    theirs: Vec<Pair>,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pair {
    key: u64,
    value: u64,
}

impl Sets {
    /// Maps of `keys` keys, the values of `differ` of which differ.
    #[must_use]
    pub fn new(keys: u64, differ: usize) -> Self {
        let pairs = |value| (0..keys).map(move |key| Pair { key: spread(key), value });
        let theirs = pairs(7).collect();
        let mut ours: Vec<_> = pairs(7).collect();
        ours.iter_mut().rev().take(differ).for_each(|pair| pair.value = 8);
        Self { ours, theirs }
    }

    /// Counts the coded symbols of a rateless IBLT that are enough.
    ///
    /// What peels from some symbols peels from more, and fewer are the first of more: so each side
    /// makes its own once, and halving finds the count.
    #[must_use]
    pub fn riblt_symbols(&self) -> usize {
        let mut ours = RatelessIBLT::new(self.ours.iter().cloned());
        let mut theirs = RatelessIBLT::new(self.theirs.iter().cloned());
        let (mut few, mut enough) = (0, 1);
        loop {
            ours.extend_coded_symbols(enough - 1);
            theirs.extend_coded_symbols(enough - 1);
            let pairs = ours.coded_symbols.iter().zip(&theirs.coded_symbols).take(enough);
            let left: Vec<_> = pairs.map(|(ours, theirs)| ours.collapse(theirs)).collect();
            if !peels(&left) {
                (few, enough) = (enough, enough * 2);
                continue;
            }
            while few + 1 < enough {
                let half = few.midpoint(enough);
                if peels(&left[..half]) { enough = half } else { few = half }
            }
            return enough;
        }
    }

    /// Makes so many coded symbols on both sides, and peels; says whether that is enough.
    ///
    /// The library makes no fewer than 1,024, and keeps nothing that follows changes of a set.
    #[must_use]
    pub fn riblt_finds(&self, symbols: usize) -> bool {
        let mut ours = RatelessIBLT::new(self.ours.iter().cloned());
        let mut theirs = RatelessIBLT::new(self.theirs.iter().cloned());
        let mut received = UnmanagedRatelessIBLT::new();
        for number in 0..symbols {
            received.add_coded_symbol(&theirs.get_coded_symbol(number));
        }
        let mut left = ours.collapse(&received);
        left.peel_all_symbols();
        left.is_empty()
    }

    /// Both sets as the negentropy library keeps them: sorted and sealed.
    ///
    /// # Panics
    ///
    /// If the library does not take a pair in.
    #[must_use]
    pub fn negentropy(&self) -> Sealed {
        let sealed = |pairs: &[Pair]| {
            let mut storage = NegentropyStorageVector::new();
            for Pair { key, value } in pairs {
                let mut id = [0; 32];
                id[..8].copy_from_slice(&key.to_be_bytes());
                id[8..16].copy_from_slice(&value.to_be_bytes());
                storage.insert(0, Id::from_byte_array(id)).expect("the storage is open");
            }
            storage.seal().expect("the pairs are different");
            storage
        };
        Sealed { ours: sealed(&self.ours), theirs: sealed(&self.theirs) }
    }
}

/// Whether all that differs comes out of these coded symbols.
fn peels(left: &[CodedSymbol<Pair>]) -> bool {
    let mut left = UnmanagedRatelessIBLT { coded_symbols: left.to_vec() };
    left.peel_all_symbols();
    left.is_empty()
}

/// Two sets that the negentropy library compares.
pub struct Sealed {
    ours: NegentropyStorageVector,
    theirs: NegentropyStorageVector,
}

impl Sealed {
    /// Sends messages to and fro until both pairs of every key that differs are found. Returns how
    /// many bytes they took.
    ///
    /// # Panics
    ///
    /// If they are not found.
    #[must_use]
    pub fn exchange(&self, differ: usize) -> usize {
        let mut ours = Negentropy::borrowed(&self.ours, 0).expect("no limit is a valid limit");
        let mut theirs = Negentropy::borrowed(&self.theirs, 0).expect("no limit is a valid limit");
        let (mut have, mut need) = (Vec::new(), Vec::new());
        let mut message = ours.initiate().expect("it begins once");
        let mut bytes = 0;
        loop {
            let answer = theirs.reconcile(&message).expect("it is a message");
            bytes += message.len() + answer.len();
            let next = ours.reconcile_with_ids(&answer, &mut have, &mut need);
            let Some(next) = next.expect("it is a message") else { break };
            message = next;
        }
        assert_eq!((have.len(), need.len()), (differ, differ), "all pairs are found");
        bytes
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(..)")
    }
}

impl Symbol for Pair {
    const BYTE_ARRAY_LENGTH: usize = 16;

    fn encode_to_bytes(&self) -> Vec<u8> {
        [self.key.to_be_bytes(), self.value.to_be_bytes()].concat()
    }

    fn decode_from_bytes(bytes: &Vec<u8>) -> Self {
        let half = |at| u64::from_be_bytes(*bytes[at..].first_chunk().expect("there are 16 bytes"));
        Self { key: half(0), value: half(8) }
    }
}

/// Keys as random as ids are.
const fn spread(key: u64) -> u64 {
    let z = key.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_coded_symbol_less_is_not_enough() {
        for differ in [1, 2, 20, 600] {
            let sets = Sets::new(1_500, differ);
            let symbols = sets.riblt_symbols();
            assert!(sets.riblt_finds(symbols) && !sets.riblt_finds(symbols - 1));
        }
    }
}
