//! Types that answer roughly: how far they are off, beside the truth and beside other
//! implementations.

use std::{cmp::Reverse, collections::BTreeMap};

use proptest::{collection, prelude::*};
use rumormill_crdt::{Distinct, Distribution, Histogram, Life, ReplicaId, TopK};

fn life(replica: u64) -> Life {
    Life { replica: ReplicaId(replica), epoch: 1 }
}

/// Says whether `read` lies within 1/64, and so within 2 %, of `truth`.
fn is_near(read: u64, truth: u64) -> bool {
    u128::from(read.abs_diff(truth)) * 64 <= u128::from(truth)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..Default::default() })]

    /// Against the sorted values, and against HdrHistogram with three significant digits.
    #[test]
    fn quantiles_are_within_two_percent(
        values in collection::vec((1..62u32, any::<u64>()), 1..300),
        part in 0..=1_000u32,
    ) {
        let mut values: Vec<u64> = values.iter().map(|(shift, it)| it >> (shift + 1)).collect();
        let mut ours = Distribution::default();
        let mut other = hdrhistogram::Histogram::<u64>::new(3).expect("three digits are allowed");
        for value in &values {
            ours.record(*value);
            other.record(*value).expect("it grows");
        }
        values.sort_unstable();
        let wanted = (values.len() * part as usize).div_ceil(1_000).max(1);
        let truth = values[wanted - 1];
        let read = ours.quantile(part, 1_000).expect("there are values");
        prop_assert!(is_near(read, truth), "{read} for {truth}");
        let theirs = other.value_at_quantile((wanted as f64 - 0.5) / values.len() as f64);
        let off = u128::from(read.abs_diff(theirs));
        prop_assert!(off * 50 <= u128::from(theirs.max(truth)), "{read}, HdrHistogram {theirs}");
    }

    /// Against exact counts: three lives, up to 600 elements of which some occur often.
    #[test]
    fn heavy_hitters_keep_their_bounds(
        records in collection::vec((0..3u64, 0..10u32, any::<u16>(), 1..5u64), 1..1_500),
        k in 0..200usize,
    ) {
        let mut lives = [1, 2, 3].map(|replica| TopK::<u16>::new(life(replica)));
        let mut truth: BTreeMap<u16, u128> = BTreeMap::new();
        for (life, often, element, times) in records {
            let element = (element % 600) >> often;
            let life = usize::try_from(life).expect("a small number");
            lives[life].record(&element, times).expect("there is room");
            *truth.entry(element).or_default() += u128::from(times);
        }
        let [mut all, others @ ..] = lives;
        for other in &others {
            all.join(other);
        }
        let top = all.read(k);
        prop_assert_eq!(top.total, truth.values().sum());
        prop_assert!(top.elements.is_sorted_by_key(|it| Reverse(it.count_max)));
        prop_assert!(top.others_max * 64 <= top.total || top.elements.len() == k);
        for listed in top.elements {
            let count = truth.remove(&listed.element).unwrap_or(0);
            prop_assert!((listed.count_min..=listed.count_max).contains(&count), "{listed:?}: {count}");
            prop_assert!((listed.count_max - listed.count_min) * 64 <= top.total, "{listed:?}");
        }
        for (element, count) in truth {
            prop_assert!(count <= top.others_max, "{element}: {count}, others {}", top.others_max);
        }
    }

    /// The total and every element's greatest count only grow, be the element listed or not.
    #[test]
    fn heavy_hitters_are_never_known_to_be_less_frequent_than_before(
        records in collection::vec((0..200u16, 1..5u64), 1..300),
    ) {
        let mut top = TopK::<u16>::new(life(1));
        let mut before = top.read(usize::MAX);
        for (element, times) in records {
            top.record(&element, times).expect("there is room");
            let after = top.read(usize::MAX);
            prop_assert_eq!(after.total, before.total + u128::from(times));
            prop_assert!(after.others_max >= before.others_max);
            for was in before.elements {
                let is = after.elements.iter().find(|it| it.element == was.element);
                let count_max = is.map_or(after.others_max, |it| it.count_max);
                prop_assert!(count_max >= was.count_max, "{was:?}, then {count_max}");
            }
            before = after;
        }
    }
}

#[test]
fn many_values_at_once_are_the_same_values() {
    let (mut one, mut many) = (Histogram::new(life(1)), Histogram::new(life(1)));
    let mut batch = Distribution::default();
    for value in (0..40).map(|nth| nth * nth * nth) {
        one.record(value).expect("there is room");
        batch.record(value);
    }
    many.add(&batch).expect("there is room");
    assert_eq!(one.read(), many.read());
    assert_eq!(many.read(), batch);
    many.add(&batch).expect("there is room");
    assert_eq!(many.read().len(), 80);
    assert_eq!(Distribution::default().quantile(1, 2), None);
    assert_eq!(batch.quantile(1, 0), None);
}

/// Three standard errors, at every size on the way, from two lives that share half the elements.
#[test]
fn distinct_is_within_five_percent() {
    let (mut ann, mut bob) = (Distinct::<u32>::new(life(1)), Distinct::new(life(2)));
    let mut next = 100;
    for element in 0..100_000_u32 {
        ann.insert(&element).expect("there is room");
        if element % 2 == 0 {
            bob.insert(&element).expect("there is room");
        }
        if element + 1 == next {
            ann.join(&bob);
            let off = ann.read().abs_diff(next.into());
            assert!(off * 1_000 <= u64::from(next) * 49, "{} for {next}", ann.read());
            next += next / 2;
        }
    }
}
