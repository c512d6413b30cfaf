//! Keys, values and bytes of somebody who means no good.

mod maps;

use std::collections::BTreeMap;

use maps::{Maps, Random, datagrams, encode, hash, received, triples};
use proptest::prelude::*;
use rumormill_sketch::{
    Audit, Comparison, Fingerprint, HashKey, KeyHash, KeyIndex, Malformed, Part, Received,
    RequestList, Size, Strata, Stripe, Summary, Width,
};

/// The most keys that come out of a sketch, right or wrong.
fn found_max(size: Size) -> usize {
    3 * size.cells() + 64
}

/// The cells that a key touches.
fn cells_of(key: KeyHash, size: Size) -> Vec<usize> {
    let mut one = Summary::new(size);
    one.update(key, 0, 1);
    let bytes = encode(&one, size, Width::A8B32);
    let cells = bytes[Part::HEADER_LEN..].chunks(5).enumerate();
    cells.filter(|(_, cell)| **cell != [0; 5]).map(|(at, _)| at).collect()
}

/// Pairs of numbers whose hashes touch the same four cells of 48, found by trying.
fn colliding_pairs(secret: HashKey, wanted: usize) -> Vec<[u32; 2]> {
    let mut by_cells: BTreeMap<Vec<usize>, u32> = BTreeMap::new();
    let mut pairs = Vec::new();
    for number in 1_000_000.. {
        let touched = cells_of(secret.hash(&u32::to_be_bytes(number)), triples(16));
        if let Some(other) = by_cells.insert(touched, number) {
            pairs.push([other, number]);
        }
        if pairs.len() == wanted {
            break;
        }
    }
    pairs
}

#[test]
fn keys_chosen_to_collide_under_one_secret_are_harmless_under_another() {
    let (known, other) = (HashKey(*b"known to a thief"), HashKey(*b"this one is not."));
    let keys: Vec<_> = colliding_pairs(known, 6).into_iter().flatten().collect();
    let differing = |secret: HashKey| {
        let hashes: Vec<_> = keys.iter().map(|key| secret.hash(&key.to_be_bytes())).collect();
        let mut maps = Maps::of_hashes((0..1_000).map(hash).chain(hashes.iter().copied()));
        hashes.iter().for_each(|key| maps.differ(*key, 1));
        maps
    };
    let stuck = differing(known).peel(triples(16), Width::A16B32);
    assert!(stuck.gaps.is_empty() && !stuck.is_full(), "pairs in the same cells never come out");
    differing(other).check_full(triples(16), Width::A16B32);
}

#[test]
fn keys_of_a_thief_that_collide_hide_each_other_and_nobody_else() {
    let secret = maps::SECRET;
    let thief: Vec<_> = colliding_pairs(secret, 2).into_iter().flatten().collect();
    let thief = thief.into_iter().map(|key| secret.hash(&key.to_be_bytes()));
    let mut maps = Maps::of_hashes((0..1_000).map(hash).chain(thief.clone()));
    (0..10).for_each(|key| maps.differ(hash(key), 3));
    let honest = maps.truth.clone();
    thief.for_each(|key| maps.differ(key, 1));
    let peeled = maps.peel(triples(16), Width::A16B32);
    let found = |key: &KeyHash| peeled.gaps.iter().any(|gap| gap.key == *key);
    let missed = honest.keys().filter(|key| !found(key)).count();
    assert!(missed <= 2, "{missed} of ten are in no cell of their own");
    assert_eq!(maps.right_and_wrong(&peeled.gaps).1, 0);
    // Keys that collide at one size, found by trying, are apart in a larger sketch.
    maps.check_full(triples(64), Width::A16B32);
}

/// By the low 32 bits alone, which is all that narrow cells say of a hash, these are one key.
#[test]
fn keys_that_share_the_low_32_bits_of_their_hashes_are_told_apart() {
    let twins = [KeyHash::new(0x1_89ab_cdef), KeyHash::new(0x7777_89ab_cdef)];
    for width in Width::ALL {
        let mut maps = Maps::of_hashes((0..5_000).map(hash).chain(twins));
        maps.differ(twins[0], 5);
        (0..20).for_each(|key| maps.differ(hash(key), -2));
        maps.check_full(triples(32), width);
        maps.differ(twins[1], -6);
        maps.check_full(triples(32), width);
    }
}

/// Narrow cells do not say which of two keys a cell holds that share 32 bits and touch it both. The
/// other cells do.
#[test]
fn keys_that_share_32_bits_and_a_cell_are_told_apart_by_the_others() {
    let size = triples(8);
    let mut met = 0;
    for high in 1..400u64 {
        let twins = [KeyHash::new(0x89ab_cdef), KeyHash::new(high << 32 | 0x89ab_cdef)];
        let [a, b] = twins.map(|key| cells_of(key, size));
        if a == b || a.iter().all(|cell| !b.contains(cell)) {
            continue;
        }
        met += 1;
        for key in twins {
            let mut maps = Maps::of_hashes((0..100).map(hash).chain(twins));
            maps.differ(key, 5);
            maps.check_full(size, Width::A16B32);
        }
    }
    assert!(met > 50, "{met} of 399 pairs share a cell");
}

/// To a sketch these are one key; whoever looks it up gets both names.
#[test]
fn keys_that_share_all_bits_of_their_hashes_are_named_together() {
    let mut maps = Maps::equal(1_000);
    let twin = hash(7);
    maps.index.insert(twin, 5_000);
    maps.differ(twin, 2);
    maps.check_full(triples(32), Width::A16B32);
    assert!(maps.index.values(twin).eq(&[7, 5_000]));
}

/// Two jumps of values that cancel in all sums of a fingerprint, computed from the secret.
#[test]
fn jumps_that_cancel_hide_from_fingerprints_and_not_from_an_audit() {
    let keys = [1u32, 2];
    // Multiples of 2^32 vanish from the 32-bit sums, and these from the weighted one.
    let [a, b] = keys.map(|key| hash(key).bits() << 32);
    let jumps = [b, a.wrapping_neg()];
    let (mut before, mut after) = (Fingerprint::default(), Fingerprint::default());
    let (mut honest, mut audited) = (Audit::new([7; 16]), Audit::new([7; 16]));
    for (key, jump) in keys.into_iter().zip(jumps) {
        let value = 1_000 + u64::from(key);
        before.update(hash(key), 0, value);
        after.update(hash(key), 0, value.wrapping_add(jump));
        honest.add(&key.to_be_bytes(), value);
        audited.add(&key.to_be_bytes(), value.wrapping_add(jump));
    }
    assert_eq!(before.compare(&after, &KeyIndex::<()>::new()), Comparison::Equal);
    assert_ne!(honest.finish(), audited.finish());
}

/// Gaps lose what 32 bits do not hold, and with every factor of two a bit that tells keys apart.
#[test]
fn gaps_of_many_factors_of_two_name_no_key_that_does_not_differ() {
    let index: KeyIndex<u32> = (0..100).map(|key| (hash(key), key)).collect();
    for (key, gap) in (0..100).flat_map(|key| [(key, 3 << 31), (key, 3 << 32), (key, 5 << 30)]) {
        let (ours, mut theirs) = (Fingerprint::default(), Fingerprint::default());
        theirs.update(hash(key), 7, 7 + gap);
        assert_eq!(ours.compare(&theirs, &index), Comparison::Several, "{gap} in {key}");
    }
}

#[test]
fn an_audit_depends_on_all_of_a_map_and_not_on_its_order() {
    let audit = |salt: u8, entries: &[(&[u8], u64)]| {
        let mut audit = Audit::new([salt; 16]);
        entries.iter().for_each(|(key, value)| audit.add(key, *value));
        audit.finish()
    };
    let map: [(&[u8], u64); 2] = [(b"a", 1), (b"b", 2)];
    assert_eq!(audit(1, &map), audit(1, &[map[1], map[0]]));
    assert_ne!(audit(1, &map), audit(2, &map), "salts");
    assert_ne!(audit(1, &map), audit(1, &[(b"a", 2), (b"b", 1)]), "values");
    assert_ne!(audit(1, &map), audit(1, &map[..1]), "keys");
}

/// A cell says that a key has a gap of 1, another that it has 2. Taking it out of one leaves it in
/// the other, for ever.
#[test]
fn cells_that_contradict_each_other_do_not_loop() {
    let maps = Maps::equal(100);
    let size = triples(16);
    let bytes_of = |value: u64| {
        let mut summary = maps.theirs.clone();
        summary.update(hash(7), 0, value);
        encode(&summary, size, Width::A64B64)
    };
    let (none, one, two) = (bytes_of(0), bytes_of(1), bytes_of(2));
    let mut forged = none.clone();
    let cells = Part::HEADER_LEN..forged.len();
    let touched: Vec<_> =
        cells.step_by(16).filter(|at| none[*at..at + 16] != one[*at..at + 16]).collect();
    forged[touched[0]..touched[0] + 16].copy_from_slice(&one[touched[0]..touched[0] + 16]);
    forged[touched[1]..touched[1] + 16].copy_from_slice(&two[touched[1]..touched[1] + 16]);
    let peeled = maps.ours.sketch().difference(&received(&forged)).unwrap().peel(&maps.index);
    assert!(!peeled.is_full());
    assert!(peeled.gaps.len() <= 1, "{:?}", peeled.gaps);
}

#[test]
fn parts_that_come_twice_count_once_and_the_first_stays() {
    let mut maps = Maps::equal(1_000);
    (0..20).for_each(|key| maps.differ(hash(key), 1));
    let mut received = Received::new(triples(32), Width::A16B32);
    let parts = datagrams(&maps.theirs, triples(32), Stripe::WHOLE, 200);
    for bytes in parts.iter().chain(&parts) {
        received.take(&Part::decode(bytes).unwrap()).unwrap();
    }
    let mut forged = parts[0].clone();
    forged[Part::HEADER_LEN..].fill(0xff);
    received.take(&Part::decode(&forged).unwrap()).unwrap();
    let peeled = maps.ours.sketch().difference(&received).unwrap().peel(&maps.index);
    assert_eq!(maps.right_and_wrong(&peeled.gaps), (20, 0));
    assert!(peeled.is_full());
}

/// Random cells give up a key as often as the documentation says: at most 16 N / 2^32 times a
/// sketch for known keys, at most 16 / 2^16 times for unknown ones.
#[test]
fn garbage_gives_up_next_to_nothing() {
    let maps = Maps::equal(65_536);
    let mut random = Random(11);
    for width in [Width::A16B32, Width::A32B64, Width::A64B64] {
        let mut found = 0;
        for _ in 0..1_000 {
            let mut bytes = encode(&maps.theirs, triples(32), width);
            bytes[Part::HEADER_LEN..].fill_with(|| u8::try_from(random.next() >> 56).unwrap());
            let difference = maps.ours.sketch().difference(&received(&bytes)).unwrap();
            found += difference.peel(&maps.index).gaps.len();
        }
        assert!(found <= 3, "{found} keys in 1,000 sketches of {width:?}; 0.24 are expected");
    }
}

proptest! {
    /// Any bytes as anything: no panic, and what is accepted is bounded and has one spelling.
    #[test]
    fn any_bytes_do_no_harm(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        triples in 1..40u16, width in 0..5u16,
    ) {
        let maps = Maps::equal(50);
        let mut shaped = bytes.clone();
        if let Some(header) = shaped.first_chunk_mut() {
            *header = (width << 13 | (triples - 1)).to_be_bytes();
        }
        for bytes in [&bytes, &shaped] {
            let Ok(part) = Part::decode(bytes) else { continue };
            prop_assert!(part.cell_count() * part.width().cell_len() < bytes.len());
            let size = part.size();
            let mut received = Received::new(size, part.width());
            received.take(&part).unwrap();
            prop_assert_eq!(received.missing(), size.cells() - part.cell_count());
            let peeled = maps.ours.sketch().difference(&received).unwrap().peel(&maps.index);
            prop_assert!(peeled.gaps.len() <= found_max(size));
        }
        let (strata, fingerprint) = (bytes.first_chunk::<64>(), bytes.first_chunk::<16>());
        if let Some(bytes) = strata {
            let strata = Strata::decode(bytes).unwrap();
            prop_assert_eq!(&strata.encode(), bytes);
            prop_assert!(strata.estimate(maps.ours.strata()) <= 1 << 20);
        }
        if let Some(bytes) = fingerprint {
            let fingerprint = Fingerprint::decode(bytes).unwrap();
            prop_assert_eq!(&fingerprint.encode(), bytes);
            let _ = fingerprint.compare(maps.ours.fingerprint(), &maps.index);
        }
        prop_assert!(bytes.len() == 64 || Strata::decode(&bytes).is_err());
        prop_assert!(bytes.len() == 16 || Fingerprint::decode(&bytes).is_err());
        if let Ok(list) = RequestList::decode(&bytes) {
            prop_assert!(list.requests().len() <= 4 * bytes.len());
            prop_assert_eq!(list.encode(), bytes);
        }
    }

    /// Cells that are true but for a few: whatever they are, peeling ends.
    #[test]
    fn spoiled_cells_do_no_harm(
        gaps in prop::collection::vec((0..200u32, -3..4i64), 0..60),
        spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        width in prop::sample::select(&Width::ALL[..]),
    ) {
        let mut maps = Maps::equal(150);
        gaps.into_iter().filter(|(_, gap)| *gap != 0).for_each(|(key, gap)| maps.differ(hash(key), gap));
        let mut bytes = encode(&maps.theirs, triples(20), width);
        let spoiled = !spoils.is_empty();
        for (at, byte) in spoils {
            let cells = &mut bytes[Part::HEADER_LEN..];
            let at = at.index(cells.len());
            cells[at] ^= byte;
        }
        let peeled = maps.ours.sketch().difference(&received(&bytes)).unwrap().peel(&maps.index);
        prop_assert!(peeled.gaps.len() <= found_max(triples(20)));
        prop_assert!(spoiled || !peeled.is_full() || maps::as_truth(&peeled.gaps) == maps.truth);
    }
}

#[test]
fn parts_that_are_none_are_malformed() {
    let summary = Summary::new(triples(4));
    let bytes = encode(&summary, triples(4), Width::A16B32);
    assert_eq!(bytes.len(), 5 + 12 * 6);
    assert!(Part::decode(&bytes).is_ok());
    let check = |bytes: &[u8], why: &str| assert_eq!(Part::decode(bytes), Err(Malformed), "{why}");
    let spoil = |at: usize, byte: u8, why: &str| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        check(&bytes, why);
    };
    spoil(0, 0xa0, "there are five widths");
    spoil(1, 2, "more cells than a sketch of that size has");
    spoil(3, 1, "more cells than follow the first");
    spoil(4, 2, "more cells than there are steps");
    spoil(4, 0, "a stripe takes steps");
    check(&bytes[..bytes.len() - 1], "part of a cell");
    check(&bytes[..5], "no cell");
    check(&bytes[..4], "no header");
    let beyond = [0x20, 3, 0xff, 0xff, 1, 0, 0, 0, 0, 0, 0];
    check(&beyond, "no sketch has such a cell");
    let part = Part::decode(&bytes[..bytes.len() - 6]).unwrap();
    assert!(Received::whole(&part).is_err(), "a cell is missing");
}
