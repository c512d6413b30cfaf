//! Tables are compared as they were a little while ago, by clocks that may be wrong.

use alloc::vec::Vec;
use core::time::Duration;

use rumormill_crdt::{Bytes, Key, Space, codec};
use rumormill_sketch::Fingerprint;

use super::{
    grind::digest_of,
    pair::{ANN, BOB, Pair, config, messages_of},
    rows::{id, row_at},
};
use crate::{
    Config, Instant, Node,
    digest::Basis,
    message::{Compare, Message},
    strangers::{UNIX, at, datagrams, life, node, prove, say},
};

const SECOND: Duration = Duration::from_secs(1);
const HALF_AN_HOUR: Duration = Duration::from_secs(1_800);

/// Two nodes whose clocks read this, that hold the same rows but for some.
fn pair_that_differs(config: &Config, unix: [Duration; 2]) -> Pair {
    let rows: Vec<_> = (0..300).map(|number| row_at(id(number), 5)).collect();
    let mut pair = Pair::with_clocks(config, unix, &rows);
    pair.run(5 * SECOND);
    assert!(pair.is_equal(), "they met");
    pair.pages = 0;
    pair.give(ANN, (0..5).map(|number| (id(number), 7)));
    pair.give(BOB, (5..10).map(|number| (id(number), 8)));
    pair
}

#[test]
fn what_rumors_may_still_bring_is_not_compared() {
    let config = Config { rumor_every: 2 * SECOND, ..config() };
    // Among two, a rumor of that pace is passed on for eight seconds, and is given a fourth more.
    let lag = Duration::from_secs(10);
    let mut pair = Pair::with_clocks(&config, [UNIX; 2], &[]);
    pair.run(40 * SECOND);
    pair.without_rumors = true;
    pair.pages = 0;
    let before = pair.stats();
    let write = pair.nodes[ANN].update(Instant::new(pair.now), |writer| {
        writer.set(Space::SHARED, Key::raw("news"), Bytes::copy_from(&[1]))
    });
    write.expect("it fits");
    pair.run(lag - SECOND);
    let equal = pair.stats().map(|stats| stats.comparisons_equal);
    assert!(!pair.is_equal(), "the rumor got lost");
    for who in [ANN, BOB] {
        let compared = pair.stats()[who].comparisons - before[who].comparisons;
        assert!(compared >= 5, "each second one");
        assert_eq!(equal[who] - before[who].comparisons_equal, compared);
    }
    assert!(pair.repair_within(4 * SECOND).is_some(), "the cut passes it");
    assert_eq!(pair.pages, 0);
}

#[test]
fn a_wall_clock_that_is_minutes_off_does_no_harm() {
    let config = Config { skew_max: 600 * SECOND, ..config() };
    let unix = UNIX + HALF_AN_HOUR;
    for wrong in [unix - 180 * SECOND, unix + 180 * SECOND, unix - 3 * SECOND] {
        for clocks in [[unix, wrong], [wrong, unix]] {
            let mut pair = pair_that_differs(&config, clocks);
            let took = pair.repair_within(5 * SECOND);
            assert!(took.is_some(), "{clocks:?}");
            assert_eq!(pair.pages, 0, "sketches tell");
        }
    }
}

#[test]
fn tables_become_equal_across_a_change_of_keys() {
    let hour = UNIX + 2 * HALF_AN_HOUR;
    for millis in (0..3_000).step_by(150) {
        let (ann, bob) = (hour - 12 * SECOND, hour - Duration::from_millis(11_300));
        let mut pair = pair_that_differs(&config(), [ann, bob]);
        assert!(pair.repair_within(5 * SECOND).is_some());
        // Differences arise while one of the two, both or neither count the new hour.
        pair.run(10 * SECOND + Duration::from_millis(millis) - pair.now);
        pair.give(ANN, (20..40).map(|number| (id(number), 7)));
        pair.give(BOB, (30..50).map(|number| (id(number), 8)));
        let took = pair.repair_within(4 * SECOND);
        assert!(took.is_some(), "{millis} ms");
    }
}

/// The basis on which Ann answers somebody who knows nothing, and compares on this one. Its address
/// has been seen to be real.
fn answered_on(ann: &mut Node<u32>, now: Instant, basis: Basis) -> Option<Basis> {
    let compare = Compare::new(basis, &Fingerprint::default());
    datagrams(ann);
    say(ann, now, life(7, 1), &[Message::Compare(compare)]);
    let messages = datagrams(ann).into_iter().flat_map(|datagram| messages_of(&datagram));
    let mut bases = messages.filter_map(|message| {
        if let Message::Differ { compare, .. } = message { Some(compare.basis) } else { None }
    });
    bases.next()
}

#[test]
fn the_key_of_the_last_hour_is_answered_for_a_minute() {
    let mut ann = node(1);
    ann.restore(at(0), (0..50).map(|number| row_at(id(number), 5)));
    let hour = 3_600_000;
    ann.handle_timeout(at(hour - 1_000));
    let basis = digest_of(ann.table(), UNIX).view().basis;
    let compare = Message::Compare(Compare::new(basis, &Fingerprint::default()));
    say(&mut ann, at(hour - 1_000), life(7, 1), &[compare]);
    let said = datagrams(&mut ann);
    prove(&mut ann, at(hour - 1_000), life(7, 1), &said);
    // Somebody's clock is a second late. Later on, somebody names a cut of now under the old key.
    let late = digest_of(ann.table(), UNIX + Duration::from_millis(hour - 500)).view().basis;
    assert_eq!(answered_on(&mut ann, at(hour + 500), late), Some(late));
    for (millis, is_known) in [(hour + 60_000, true), (hour + 70_000, false)] {
        let digest = digest_of(ann.table(), UNIX + Duration::from_millis(millis));
        let [high, low, key] =
            codec::encode_to_vec(&digest.view().basis).expect("it has a length")[..]
        else {
            panic!("a basis has three bytes");
        };
        let old: Basis = codec::decode(&[high, low, key - 1]).expect("any three bytes are one");
        let answered = answered_on(&mut ann, at(millis), old).expect("she knows more");
        assert_eq!(answered == old, is_known, "{millis}");
    }
}
