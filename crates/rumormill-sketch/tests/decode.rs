//! What comes out of a sketch is what differs, or it says that more is left.

mod maps;

use maps::{Maps, Random, as_truth, datagrams, encode, hash, received, triples};
use proptest::prelude::*;
use rumormill_sketch::{
    Comparison, Fingerprint, Gap, Part, Peeled, Received, Size, Strata, Stripe, Summary, Width,
};

/// The largest sketch that fits into a datagram beside strata.
fn one_datagram() -> Size {
    Size::fitting(Width::A16B32, 1_200 - Strata::LEN).expect("it has room")
}

/// In how many of so many runs everything came out.
fn full_decodes(maps: &mut Maps, differ: usize, size: Size, width: Width, runs: u32) -> u32 {
    let keys = u32::try_from(maps.index.len()).expect("there are few keys");
    let mut random = Random(u64::from(keys));
    let mut full = 0;
    for _ in 0..runs {
        while maps.truth.len() < differ {
            maps.differ(hash(random.below(keys)), random.gap());
        }
        let peeled = maps.peel(size, width);
        if peeled.is_full() {
            assert_eq!(as_truth(&peeled.gaps), maps.truth);
            full += 1;
        }
        for (key, ahead) in maps.truth.clone() {
            maps.differ(key, -ahead);
        }
    }
    full
}

proptest! {
    #[test]
    fn a_full_decode_is_the_truth(
        gaps in prop::collection::vec((0..3_000u32, -40_000..40_000i64), 0..80),
        size in 1..80u16,
        width in prop::sample::select(&Width::ALL[..]),
    ) {
        let mut maps = Maps::equal(2_000);
        for (key, gap) in gaps.into_iter().filter(|(_, gap)| *gap != 0) {
            maps.differ(hash(key), gap);
        }
        let peeled = maps.peel(triples(size), width);
        if peeled.is_full() {
            prop_assert_eq!(as_truth(&peeled.gaps), maps.truth);
        } else {
            prop_assert!(!maps.ours.fingerprint().is_explained_by(maps.theirs.fingerprint(), &peeled.gaps));
        }
    }

    /// Gaps of all that 64 bits can be, among keys that both have and keys that only one has.
    #[test]
    fn the_widest_cells_find_any_gap(
        gaps in prop::collection::btree_map(0..3_000u32, any::<i64>(), 0..20),
    ) {
        let mut maps = Maps::equal(2_000);
        for (key, gap) in gaps {
            let few_twos = gap | 1 << (key % 9);
            maps.differ(hash(key), few_twos.max(i64::MIN + 1));
        }
        // At any one size, two keys in the same cells stay there, as does one that touches two
        // cells twice.
        let peeled = [40, 47, 55].map(|size| maps.peel(triples(size), Width::A64B64));
        let full: Vec<_> = peeled.into_iter().filter(Peeled::is_full).collect();
        prop_assert!(!full.is_empty());
        prop_assert!(full.iter().all(|full| as_truth(&full.gaps) == maps.truth));
    }
}

#[test]
fn equal_maps_leave_nothing() {
    for width in Width::ALL {
        Maps::equal(1_000).check_full(Size::MIN, width);
    }
}

#[test]
fn one_datagram_finds_120_of_100_000_keys() {
    let size = one_datagram();
    assert!(Strata::LEN + Part::len_of(size, Width::A16B32) <= 1_200);
    let mut maps = Maps::equal(100_000);
    let full = full_decodes(&mut maps, 120, size, Width::A16B32, 1_000);
    assert!(full >= 995, "{full} of 1,000");
}

#[test]
fn sizes_for_a_number_of_differences_are_enough_99_times_of_100() {
    let mut maps = Maps::equal(20_000);
    for differ in [1, 2, 5, 10, 20, 40, 70, 150, 400] {
        let size = Size::for_differences(differ);
        let full = full_decodes(&mut maps, differ, size, Width::A16B32, 1_000);
        assert!(full >= 985, "{full} of 1,000 at {differ} differences");
    }
}

#[test]
fn narrow_cells_find_small_gaps_and_say_that_large_ones_are_left() {
    let mut maps = Maps::equal(1_000);
    (0..40).for_each(|key| maps.differ(hash(key), 1 + i64::from(key)));
    maps.check_full(triples(32), Width::A8B32);
    maps.differ(hash(100), 300);
    let peeled = maps.peel(triples(32), Width::A8B32);
    assert_eq!(maps.right_and_wrong(&peeled.gaps), (40, 0));
    assert!(!peeled.is_full(), "a gap of 300 is more than a byte");
    maps.check_full(triples(32), Width::A16B32);
}

#[test]
fn only_wide_cells_find_keys_that_we_do_not_have() {
    let mut maps = Maps::equal(1_000);
    (0..10).for_each(|key| maps.differ(hash(key), 1));
    (5_000..5_010).for_each(|key| maps.differ(hash(key), -77));
    for width in [Width::A16B32, Width::A16B40] {
        let peeled = maps.peel(triples(64), width);
        assert_eq!(maps.right_and_wrong(&peeled.gaps), (10, 0));
        assert!(!peeled.is_full(), "ten keys are left");
    }
    maps.check_full(triples(32), Width::A32B64);
    maps.check_full(triples(32), Width::A64B64);
    // Factors of two take check bits away; eight of them are too many to take any more.
    maps.differ(hash(6_000), -256);
    maps.check_full(triples(32), Width::A32B64);
    maps.differ(hash(6_001), -512);
    assert!(!maps.peel(triples(32), Width::A32B64).is_full());
}

/// Far more differs than the sketch can say: what comes out all the same is right.
#[test]
fn what_comes_out_of_an_overloaded_sketch_is_right() {
    let mut maps = Maps::equal(65_536);
    let mut random = Random(5);
    let (mut right, mut wrong) = (0, 0);
    for _ in 0..1_000 {
        for _ in 0..100 {
            maps.differ(hash(random.below(65_536)), random.gap());
        }
        let peeled = maps.peel(triples(32), Width::A16B32);
        let counted = maps.right_and_wrong(&peeled.gaps);
        (right, wrong) = (right + counted.0, wrong + counted.1);
        for (key, ahead) in maps.truth.clone() {
            maps.differ(key, -ahead);
        }
    }
    // 16 N / 2^32 a decode, as the documentation says: 0.24 in all.
    assert!(wrong <= 3, "{wrong} wrong, {right} right");
    assert!(right > 1_000, "{right} right: partial results are of use");
}

/// Peeling stops where no cell gives up a key, and not before.
#[test]
fn peeling_again_finds_nothing_more() {
    let mut random = Random(6);
    let mut stuck = 0;
    for _ in 0..300 {
        let mut maps = Maps::equal(2_000);
        (0..60).for_each(|_| maps.differ(hash(random.below(2_000)), random.gap()));
        let peeled = maps.peel(triples(26), Width::A16B32);
        stuck += usize::from(!peeled.is_full() && !peeled.gaps.is_empty());
        for gap in peeled.gaps {
            maps.differ(gap.key, -gap.ahead);
        }
        assert_eq!(maps.peel(triples(26), Width::A16B32).gaps, []);
    }
    assert!(stuck > 100, "{stuck} of 300 end with some keys found and some not");
}

#[test]
fn a_lost_datagram_costs_little() {
    let mut maps = Maps::equal(20_000);
    (0..1_500).for_each(|key| maps.differ(hash(key), 1 + i64::from(key % 5)));
    let size = triples(1_024);
    let mut received = Received::new(size, Width::A16B32);
    for (number, stripe) in Stripe::WHOLE.deal(16).enumerate() {
        let [bytes] = &datagrams(&maps.theirs, size, stripe, 1_200)[..] else {
            panic!("a sixteenth fits into a datagram");
        };
        if number != 3 {
            received.take(&Part::decode(bytes).unwrap()).unwrap();
        }
    }
    assert_eq!(received.missing(), 192);
    let peeled = maps.ours.sketch().difference(&received).unwrap().peel(&maps.index);
    assert_eq!(maps.right_and_wrong(&peeled.gaps), (1_500, 0));
    assert_eq!((peeled.unexplained, peeled.missing), (0, 192));
    assert!(!peeled.is_full(), "more may differ in the cells that were lost");
}

#[test]
fn a_sketch_that_was_too_small_grows_by_the_cells_it_lacks() {
    let mut maps = Maps::equal(20_000);
    (0..300).for_each(|key| maps.differ(hash(key), 1 + i64::from(key % 5)));
    let first = encode(&maps.theirs, one_datagram(), Width::A16B32);
    let first = received(&first);
    let peeled = maps.ours.sketch().difference(&first).unwrap().peel(&maps.index);
    assert!(!peeled.is_full());
    let size = Size::for_differences(300);
    let mut grown = Received::new(size, Width::A16B32);
    for bytes in datagrams(&maps.theirs, size, Stripe::beyond(first.size()).unwrap(), 1_200) {
        grown.take(&Part::decode(&bytes).unwrap()).unwrap();
    }
    grown.unfold(&first).unwrap();
    let peeled = maps.ours.sketch().difference(&grown).unwrap().peel(&maps.index);
    assert!(peeled.is_full());
    assert_eq!(as_truth(&peeled.gaps), maps.truth);
}

/// What two fingerprints say.
fn compare(maps: &Maps) -> Comparison {
    let theirs = Fingerprint::decode(&maps.theirs.fingerprint().encode()).expect("it was encoded");
    maps.ours.fingerprint().compare(&theirs, &maps.index)
}

#[test]
fn a_fingerprint_names_the_one_key_that_differs() {
    for gap in [1, -1, 2, 3, -256, 1 << 20, 1 << 30, -(1 << 31)] {
        let mut maps = Maps::equal(10_000);
        assert_eq!(compare(&maps), Comparison::Equal);
        let known = hash(77);
        maps.differ(known, gap);
        assert_eq!(compare(&maps), Comparison::One(Gap { key: known, ahead: gap }));
        maps.differ(hash(78), -gap);
        assert_eq!(compare(&maps), Comparison::Several);
    }
    for gap in [1, 2, -3, 100, -4_096] {
        let mut maps = Maps::equal(10_000);
        let unknown = hash(10_000);
        maps.differ(unknown, gap);
        assert_eq!(compare(&maps), Comparison::One(Gap { key: unknown, ahead: gap }));
    }
}

#[test]
fn two_differences_are_never_taken_for_one() {
    let mut maps = Maps::equal(5_000);
    let mut random = Random(3);
    for _ in 0..20_000 {
        while maps.truth.len() < 2 {
            maps.differ(hash(random.below(5_000)), random.gap());
        }
        assert_eq!(compare(&maps), Comparison::Several);
        for (key, ahead) in maps.truth.clone() {
            maps.differ(key, -ahead);
        }
    }
}

/// The estimate is between 0.4 and 2.6 times the truth in nine of ten cases.
#[test]
fn strata_estimate_how_many_keys_differ() {
    let mut random = Random(9);
    for differ in [20usize, 100, 1_000, 10_000, 50_000] {
        let estimate = |_| {
            let (mut ours, mut theirs) = (Strata::default(), Strata::default());
            for _ in 0..differ {
                let key = rumormill_sketch::KeyHash::new(random.next());
                ours.update(key, 5, 5 + random.next() % 100);
                theirs.update(key, 5, 5);
            }
            ours.estimate(&Strata::decode(&theirs.encode()).unwrap())
        };
        let mut estimates: Vec<usize> = (0..400).map(estimate).collect();
        estimates.sort_unstable();
        let (low, high) = (estimates[20] as f64, estimates[380] as f64);
        let differ = differ as f64;
        assert!(0.4 * differ <= low && high <= 2.6 * differ, "{low} to {high} for {differ}");
    }
    let empty = Summary::new(Size::MIN);
    assert_eq!(empty.strata().estimate(empty.strata()), 0);
}
