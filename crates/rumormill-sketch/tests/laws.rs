//! A sketch is a linear function of its map, at every size and every width.

mod maps;

use maps::{Random, datagrams, encode, hash, received, triples};
use proptest::prelude::*;
use rumormill_sketch::{Part, Received, Size, Sketch, Stripe, Summary, Width};

/// Changes of values: key, old value, new value.
type Changes = Vec<(u32, u64, u64)>;

fn changes() -> impl Strategy<Value = Changes> {
    prop::collection::vec((0..50u32, any::<u64>(), any::<u64>()), 0..40)
}

fn size() -> impl Strategy<Value = Size> {
    (1..200u16).prop_map(triples)
}

fn width() -> impl Strategy<Value = Width> {
    prop::sample::select(&Width::ALL[..])
}

/// The sketch of what some changes come to.
fn sketch(size: Size, changes: &Changes) -> Sketch {
    let mut sketch = Sketch::new(size);
    changes.iter().for_each(|(key, old, new)| sketch.update(hash(*key), *old, *new));
    sketch
}

/// Summary of what some changes come to.
fn summary(changes: &Changes) -> Summary {
    let mut summary = Summary::new(triples(256));
    changes.iter().for_each(|(key, old, new)| summary.update(hash(*key), *old, *new));
    summary
}

proptest! {
    #[test]
    fn a_summary_depends_on_the_values_and_not_on_their_history(
        steps in prop::collection::vec((0..20usize, any::<u64>()), 0..100),
    ) {
        let (mut kept, mut anew) = (Summary::new(triples(256)), Summary::new(triples(256)));
        let mut values = [0; 20];
        for (key, value) in steps {
            kept.update(hash(u32::try_from(key).unwrap()), values[key], value);
            values[key] = value;
        }
        for (key, value) in (0..).zip(values) {
            anew.update(hash(key), 0, value);
        }
        prop_assert_eq!(kept, anew);
    }

    #[test]
    fn the_sketch_of_a_difference_is_the_difference_of_the_sketches(
        a in changes(), b in changes(), size in size(),
    ) {
        let mut of_both = sketch(size, &a);
        of_both.subtract(&sketch(size, &b));
        let undo = b.into_iter().map(|(key, old, new)| (key, new, old));
        prop_assert_eq!(of_both, sketch(size, &a.into_iter().chain(undo).collect()));
    }

    #[test]
    fn a_fold_is_what_would_have_been_made_with_that_size(
        changes in changes(), large in size(), small in size(),
    ) {
        let (small, large) = (small.min(large), small.max(large));
        prop_assert_eq!(sketch(large, &changes).fold(small), sketch(small, &changes));
    }

    #[test]
    fn folds_of_folds_are_folds(changes in changes(), mut sizes in prop::array::uniform3(size())) {
        sizes.sort();
        let [small, middle, large] = sizes;
        let large = sketch(large, &changes);
        prop_assert_eq!(large.fold(middle).fold(small), large.fold(small));
    }

    #[test]
    fn folding_commutes_with_subtraction(
        a in changes(), b in changes(), large in size(), small in size(),
    ) {
        let (small, large) = (small.min(large), small.max(large));
        let mut first_subtracted = sketch(large, &a);
        first_subtracted.subtract(&sketch(large, &b));
        let mut first_folded = sketch(large, &a).fold(small);
        first_folded.subtract(&sketch(large, &b).fold(small));
        prop_assert_eq!(first_subtracted.fold(small), first_folded);
    }

    /// Of a difference that is 0, nothing is left at any width, and of others the same whichever
    /// side subtracts after truncation.
    #[test]
    fn truncation_commutes_with_subtraction(a in changes(), b in changes(), width in width()) {
        let size = triples(16);
        let (ours, theirs) = (summary(&a), summary(&b));
        let mut difference = ours.clone();
        for (key, old, new) in &b {
            difference.update(hash(*key), *new, *old);
        }
        let index = (0..50).map(|key| (hash(key), key)).collect();
        let of_difference = {
            let nothing = received(&encode(&summary(&Vec::new()), size, width));
            difference.sketch().difference(&nothing).unwrap().peel(&index)
        };
        let of_truncated = received(&encode(&theirs, size, width));
        let of_truncated = ours.sketch().difference(&of_truncated).unwrap().peel(&index);
        prop_assert_eq!(of_truncated, of_difference);
    }

    /// All ways to send a sketch are one: in one part, in several, dealt out, or grown.
    #[test]
    fn parts_add_up(
        changes in changes(), large in 2..200u16, small in 1..199u16,
        len in 11..200usize, hands in 1..9u8, seed in any::<u64>(),
    ) {
        let (small, large) = (triples(small.min(large - 1)), triples(large));
        let summary = summary(&changes);
        let whole = received(&encode(&summary, large, Width::A16B32));
        let collect = |parts: Vec<Vec<u8>>| {
            let mut parts: Vec<_> = parts.into_iter().map(Some).collect();
            let (mut random, mut left) = (Random(seed), parts.len());
            let mut received = Received::new(large, Width::A16B32);
            while left > 0 {
                let at = random.below(u32::try_from(parts.len()).unwrap()) as usize;
                if let Some(bytes) = parts[at].take() {
                    received.take(&Part::decode(&bytes).unwrap()).unwrap();
                    left -= 1;
                }
            }
            received
        };
        prop_assert_eq!(&collect(datagrams(&summary, large, Stripe::WHOLE, len)), &whole);
        let dealt = Stripe::WHOLE.deal(hands);
        let dealt = dealt.flat_map(|stripe| datagrams(&summary, large, stripe, len)).collect();
        prop_assert_eq!(&collect(dealt), &whole);
        let mut grown = collect(datagrams(&summary, large, Stripe::beyond(small).unwrap(), len));
        grown.unfold(&received(&encode(&summary, small, Width::A16B32))).unwrap();
        prop_assert_eq!(&grown, &whole);
    }

    /// Growing before all parts are there leaves cells missing, and none wrong.
    #[test]
    fn what_grew_too_early_grows_on(
        changes in changes(), large in 2..200u16, small in 1..199u16, len in 11..200usize,
        late in any::<prop::sample::Index>(),
    ) {
        let (small, large) = (triples(small.min(large - 1)), triples(large));
        let summary = summary(&changes);
        let smaller = received(&encode(&summary, small, Width::A16B32));
        let mut parts = datagrams(&summary, large, Stripe::beyond(small).unwrap(), len);
        let late = parts.swap_remove(late.index(parts.len()));
        let mut grown = Received::new(large, Width::A16B32);
        for bytes in parts {
            grown.take(&Part::decode(&bytes).unwrap()).unwrap();
        }
        grown.unfold(&smaller).unwrap();
        prop_assert!(grown.missing() > 0);
        grown.take(&Part::decode(&late).unwrap()).unwrap();
        grown.unfold(&smaller).unwrap();
        prop_assert_eq!(grown, received(&encode(&summary, large, Width::A16B32)));
    }
}

#[test]
fn parts_of_another_shape_are_refused() {
    let summary = Summary::new(triples(256));
    let bytes = encode(&summary, triples(4), Width::A16B32);
    let part = Part::decode(&bytes).unwrap();
    assert!(Received::new(triples(4), Width::A16B32).take(&part).is_ok());
    assert!(Received::new(triples(5), Width::A16B32).take(&part).is_err(), "another size");
    assert!(Received::new(triples(4), Width::A8B32).take(&part).is_err(), "another width");
    let (mut small, large) = (received(&bytes), Received::new(triples(5), Width::A16B32));
    assert!(small.unfold(&large).is_err(), "a smaller sketch lacks nothing of a larger one");
    assert!(Summary::new(triples(3)).sketch().difference(&small).is_err(), "finer than ours");
}
