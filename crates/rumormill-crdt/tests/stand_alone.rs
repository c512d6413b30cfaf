//! Values in a variable: sizes, budgets, serde with any codec, lives.

use proptest::{collection::vec, prelude::*};
use rumormill_crdt::{
    DeltaCell, Horizon, Life, OrSet, PnCounter, ReplicaId, RowDelta, RowId, Space, VersionVector,
    codec,
};

fn life(replica: u64, epoch: u64) -> Life {
    Life { replica: ReplicaId(replica), epoch }
}

fn set(replica: u64) -> OrSet<String> {
    OrSet::new(life(replica, 1))
}

#[test]
fn a_value_goes_through_any_codec_and_goes_on_in_a_life_of_its_own() {
    let (mut ann, mut bob) = (set(1), set(2));
    for element in ["search", "browse", "shell"] {
        ann.insert(&element.to_owned()).expect("a word fits");
    }
    bob.join(&ann);
    bob.remove(&"shell".to_owned()).expect("there is room");
    ann.join(&bob);
    assert!(ann.collect());

    let text = serde_json::to_string(&ann).expect("json says it all");
    let mut from_text: OrSet<String> = serde_json::from_str(&text).expect("it was just written");
    assert_eq!(from_text.read(), ann.read());
    let bytes = codec::encode_to_vec(&ann).expect("rows have a length");
    assert_eq!(bytes.len(), ann.encoded_len());
    let from_bytes: OrSet<String> = codec::decode(&bytes).expect("it was just written");
    assert_eq!(from_bytes.version_vector(), ann.version_vector());

    from_text.begin_life(life(1, 2));
    from_text.insert(&"mail".to_owned()).expect("a word fits");
    ann.insert(&"fly".to_owned()).expect("a word fits");
    ann.join(&from_text);
    assert_eq!(ann.read().len(), 4, "the two did not write the same versions");
}

#[test]
fn a_value_that_breaks_the_rules_is_not_read_back() {
    let (mut ann, mut bob) = (set(1), set(2));
    ann.insert(&"x".to_owned()).expect("a letter fits");
    bob.join(&ann);
    bob.remove(&"x".to_owned()).expect("there is room");
    ann.join(&bob);
    ann.collect();
    bob.join(&ann);
    bob.collect();
    let rows: Vec<_> = bob.delta_since(&VersionVector::default()).collect();
    let read = |rows: &[&RowDelta<_, _>]| {
        let (nobody, never) = (Vec::<ReplicaId>::new(), None::<Horizon>);
        let value = (life(3, 1), nobody, never, rows);
        let bytes = codec::encode_to_vec(&value).expect("rows have a length");
        codec::decode::<OrSet<String>>(&bytes)
    };
    assert!(read(&[&rows[0], &rows[1]]).is_ok());
    assert!(read(&[&rows[1]]).is_err(), "bob depends on ann's row");
    assert!(read(&[&rows[0], &rows[0]]).is_err(), "a row is there once");
    let mut spoiled = rows[0].clone().into_parts();
    spoiled.head.hash ^= 1;
    let spoiled = RowDelta::new(spoiled).expect("the hash is looked at later");
    assert!(read(&[&spoiled]).is_err());
}

#[test]
fn the_evicted_take_their_edits_with_them() {
    let (mut ann, mut eve) = (PnCounter::new(life(1, 1)), PnCounter::new(life(2, 1)));
    ann.add(5).expect("it counts");
    eve.add(1_000).expect("it counts");
    ann.join(&eve);
    ann.evict(ReplicaId(2));
    ann.join(&eve);
    assert_eq!(ann.read(), 5);
}

#[test]
fn an_eviction_is_written_down_with_the_value() {
    let (mut ann, mut eve) = (set(1), set(2));
    eve.insert(&"x".to_owned()).expect("a letter fits");
    ann.join(&eve);
    ann.remove(&"x".to_owned()).expect("there is room");
    eve.join(&ann);
    eve.collect();
    ann.join(&eve);
    assert!(ann.collect(), "ann depends on eve's row from here on");
    ann.insert(&"y".to_owned()).expect("a letter fits");
    ann.evict(ReplicaId(2));
    let bytes = codec::encode_to_vec(&ann).expect("rows have a length");
    let mut read: OrSet<String> = codec::decode(&bytes).expect("it was just written");
    assert_eq!(read.version_vector(), ann.version_vector());
    read.join(&eve);
    assert_eq!(read.read(), ["y".to_owned()].into(), "eve is still evicted");
    assert_eq!(read.version_vector().version(eve_row()), 0);
}

fn eve_row() -> RowId {
    RowId { space: Space::SHARED, life: life(2, 1) }
}

#[test]
fn forgetting_loses_nothing_but_markers() {
    let (mut ann, mut bob) = (set(1), set(2));
    for number in 0..50 {
        ann.insert(&number.to_string()).expect("digits fit");
        ann.remove(&number.to_string()).expect("there is room");
    }
    ann.insert(&"stays".to_owned()).expect("a word fits");
    bob.join(&ann);
    let before = ann.encoded_len();
    assert!(ann.forget());
    assert!(ann.encoded_len() * 5 < before);
    bob.join(&ann);
    assert_eq!(bob.read(), ann.read());
    assert!(!ann.forget(), "once is enough");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    /// A budget is kept to the byte, and used up: what was left out would not have fit.
    #[test]
    fn a_budget_is_kept_and_used_up(
        edits in vec((0..3usize, 0..40u8, any::<bool>()), 1..80),
        len_max in 0..2_000usize,
    ) {
        let mut sets = [set(1), set(2), set(3)];
        for (who, element, insert) in edits {
            let element = "x".repeat(usize::from(element));
            if insert {
                sets[who].insert(&element).expect("a word fits");
            } else {
                sets[who].remove(&element).expect("there is room");
            }
            let other = sets[(who + 1) % 3].clone();
            sets[who].join(&other);
            if element.len() % 4 == 0 {
                sets[who].collect();
            }
        }
        let [full, behind, _] = &sets;
        let digest = behind.version_vector();
        let wanted: Vec<_> = full.delta_since(&digest).collect();
        let deltas: Vec<_> = full.delta_within(&digest, len_max).collect();
        let mut total = 0;
        for delta in &deltas {
            let encoded = codec::encode_to_vec(delta).expect("deltas have a length");
            prop_assert_eq!(encoded.len(), delta.encoded_len());
            total += encoded.len();
            let whole = wanted.iter().find(|it| it.id() == delta.id()).expect("it is wanted");
            prop_assert!(whole.cells().starts_with(delta.cells()));
            if !delta.is_complete() {
                // One cell more takes its own bytes, and at most one each for `to` and the count.
                let next: &DeltaCell<_, _> = &whole.cells()[delta.cells().len()];
                prop_assert!(total + codec::encoded_len(next) + 2 > len_max);
            }
        }
        prop_assert!(total <= len_max);
        let full_len: usize = wanted.iter().map(RowDelta::encoded_len).sum();
        let exact: Vec<_> = full.delta_within(&digest, full_len).collect();
        prop_assert_eq!(exact, wanted);
    }
}
