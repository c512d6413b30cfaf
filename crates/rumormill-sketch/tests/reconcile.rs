//! Two maps, one sketch between them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rumormill_sketch::{
    Gap, HashKey, KeyHash, KeyIndex, Part, Received, Size, Sketch, Stripe, Width,
};

const SECRET: HashKey = HashKey(*b"a key for tests.");

proptest! {
    /// What comes out full is the truth, whatever differs.
    #[test]
    fn a_full_decode_is_the_difference(
        both in 0..2_000u64,
        gaps in prop::collection::btree_map(0..2_000u64, -100..100i64, 0..60),
        width in prop::sample::select(&Width::ALL[..]),
    ) {
        let mut index = KeyIndex::new();
        let (mut ours, mut theirs) = (Sketch::new(Size::MAX), Sketch::new(Size::MAX));
        let mut truth = BTreeMap::<KeyHash, i64>::new();
        for number in 0..2_000u64 {
            let key = SECRET.hash(&number.to_be_bytes());
            index.insert(key, number);
            ours.update(key, 0, 1_000 + both);
            theirs.update(key, 0, 1_000 + both);
        }
        for (number, gap) in gaps.into_iter().filter(|(_, gap)| *gap != 0) {
            let key = SECRET.hash(&number.to_be_bytes());
            ours.update(key, 1_000, 1_000u64.wrapping_add_signed(gap));
            truth.insert(key, gap);
        }
        let mut bytes = [0; 5 + 16 * 192];
        let folded = theirs.fold(Size::of_triples(64).unwrap());
        let (len, rest) = folded.encode_part(width, Stripe::WHOLE, &mut bytes);
        prop_assert_eq!(rest, None);
        let received = Received::of(&Part::decode(&bytes[..len]).unwrap());
        let peeled = ours.difference(&received).peel(&index);
        if peeled.is_full() {
            let found: BTreeMap<_, _> =
                peeled.gaps.iter().map(|Gap { key, ahead }| (*key, *ahead)).collect();
            prop_assert_eq!(found, truth);
        }
    }
}
