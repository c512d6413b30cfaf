//! What goes with the rows of ended lives and of evicted replicas, what stays, and that nothing
//! comes back.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use proptest::{collection::vec, prelude::*, sample::subsequence};
use rumormill_crdt::{
    Column, Life, Limits, LwwRegister, Map, MvRegister, OrSet, PnCounter, Refused, Replica,
    ReplicaId, Retention, RowId, Since, Space,
};

const CALLS: Column<PnCounter> = Column::new(Space::SHARED, "calls");
const MODE: Column<LwwRegister<u8>> = Column::new(Space::SHARED, "mode");
const PRICES: Column<Map<u8, u8>> = Column::new(Space::SHARED, "prices");
const SKILLS: Column<OrSet<u8>> = Column::new(Space::SHARED, "skills");
const VIEWS: Column<MvRegister<u8>> = Column::new(Space::SHARED, "views");

const KEPT: Duration = Duration::from_secs(160);
const RETENTION: Retention = Retention::uniform(Some(KEPT));

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn life(name: char, epoch: u64) -> Life {
    Life { replica: ReplicaId(name.into()), epoch }
}

fn replica(name: char) -> Replica {
    Replica::new(life(name, 1), Limits::DEFAULT)
}

fn row_of(name: char, epoch: u64) -> RowId {
    RowId { space: Space::SHARED, life: life(name, epoch) }
}

fn count(replica: &mut Replica, at: Duration) {
    replica.edit(at, |writer| CALLS.add(writer, 1)).expect("counters count");
}

fn admit_all(from: &Replica, to: &mut Replica, at: Duration) -> Vec<Refused> {
    let digest = to.table().version_vector();
    let deltas: Vec<_> = from.delta_since(&digest).collect();
    deltas.iter().filter_map(|delta| to.admit(at, KEPT, delta).err()).collect()
}

#[test]
fn the_rows_of_an_ended_life_go_when_its_retention_is_over_and_are_refused_then() {
    let (mut ann, mut bob, mut cay) = (replica('a'), replica('b'), replica('c'));
    count(&mut ann, secs(1_000));
    bob.join(&ann);
    cay.join(&ann);

    assert!(bob.expire(secs(1_150), &RETENTION).gone.is_empty());
    assert_eq!(CALLS.read(bob.table()), 1, "it counts until its retention is over");
    assert_eq!(bob.expire(secs(1_170), &RETENTION).gone, [row_of('a', 1)]);
    assert_eq!(CALLS.read(bob.table()), 0);
    assert_eq!(admit_all(&cay, &mut bob, secs(1_170)), [Refused::Expired]);
    assert_eq!(cay.expire(secs(1_170), &RETENTION).gone, [row_of('a', 1)]);
    assert_eq!(bob.table().version_vector(), cay.table().version_vector());
    assert_eq!(bob.table().fingerprint(), cay.table().fingerprint());
}

#[test]
fn an_expired_row_is_refused_in_pieces_too() {
    let (mut ann, mut bob, mut cay) = (replica('a'), replica('b'), replica('c'));
    for skill in 0..4 {
        ann.edit(secs(1_000), |writer| SKILLS.insert(writer, &skill)).expect("a byte fits");
    }
    bob.join(&ann);
    bob.edit(secs(1_001), |writer| SKILLS.remove(writer, &2)).expect("there is room");
    let row = ann.table().row(row_of('a', 1)).expect("it was written");
    // Cay's clock is far ahead: to her all have ended long ago.
    cay.expire(secs(90_000), &RETENTION);
    for cut in 1..4 {
        let mut last = None;
        let mut at = Since::default();
        while let Some(piece) = row.delta_since(at, 60 + 20 * cut) {
            last = Some(cay.admit(secs(90_000), KEPT, &piece));
            let Some(since) =
                cay.table().is_staged(row.id()).then(|| cay.table().wanted_from(row.id()))
            else {
                break;
            };
            at = since;
        }
        assert_eq!(last, Some(Err(Refused::Expired)), "as if it had come whole");
        assert!(cay.table().is_empty(), "what bob removed is not read either");
    }
    let others = bob.delta_since(&cay.table().version_vector()).count();
    assert_eq!(admit_all(&bob, &mut cay, secs(90_000)).len(), others, "nothing else is taken in");
}

#[test]
fn a_life_that_runs_keeps_its_rows_alive_with_four_writes_a_retention() {
    let (mut ann, mut bob) = (replica('a'), replica('b'));
    count(&mut ann, secs(1_000));
    for second in 1_000..2_600 {
        ann.expire(secs(second), &RETENTION);
        bob.join(&ann);
        assert!(bob.expire(secs(second), &RETENTION).gone.is_empty(), "at {second} s");
    }
    assert_eq!(CALLS.read(bob.table()), 1);
    let version = ann.table().version(row_of('a', 1));
    assert_eq!(version, 1 + 10 * 4 - 1, "one count, and the signs of life of ten retentions");
}

#[test]
fn a_space_without_retention_keeps_everything() {
    let mut ann = replica('a');
    count(&mut ann, secs(1_000));
    let mut bob = replica('b');
    bob.join(&ann);
    assert!(bob.expire(secs(1_000_000_000), &Retention::FOREVER).gone.is_empty());
}

#[test]
fn the_kill_of_an_element_outlasts_the_retention_as_long_as_the_element() {
    let (mut ann, mut bob, mut cay) = (replica('a'), replica('b'), replica('c'));
    ann.edit(secs(1_000), |writer| SKILLS.insert(writer, &7)).expect("a byte fits");
    bob.join(&ann);
    bob.edit(secs(1_001), |writer| SKILLS.remove(writer, &7)).expect("there is room");
    cay.join(&bob);
    // Ann runs, but does not hear of the removal. Bob has ended.
    ann.expire(secs(1_100), &RETENTION);
    cay.join(&ann);
    assert!(cay.expire(secs(1_200), &RETENTION).gone.is_empty(), "bob's kill is needed");
    assert!(!SKILLS.contains(cay.table(), &7));
    ann.join(&cay);
    assert!(ann.collect([row_of('b', 1)]), "ann hears of it at last");
    cay.join(&ann);
    assert_eq!(cay.expire(secs(1_210), &RETENTION).gone, [row_of('b', 1)]);
    assert!(!SKILLS.contains(cay.table(), &7));
}

#[test]
fn rows_that_only_overrule_each_other_go_together() {
    let (mut ann, mut bob, mut cay) = (replica('a'), replica('b'), replica('c'));
    ann.edit(secs(1_000), |writer| SKILLS.insert(writer, &1)).expect("a byte fits");
    bob.edit(secs(1_000), |writer| SKILLS.insert(writer, &2)).expect("a byte fits");
    ann.join(&bob);
    bob.join(&ann);
    ann.edit(secs(1_001), |writer| SKILLS.remove(writer, &2)).expect("there is room");
    bob.edit(secs(1_001), |writer| SKILLS.remove(writer, &1)).expect("there is room");
    cay.join(&ann);
    cay.join(&bob);
    assert_eq!(cay.expire(secs(1_200), &RETENTION).gone.len(), 2);
    assert!(SKILLS.read(cay.table()).is_empty());
}

#[test]
fn of_many_ended_lives_that_wrote_a_register_only_the_last_stays() {
    let (mut ann, mut cay) = (replica('a'), replica('c'));
    ann.edit(secs(1_000), |writer| MODE.set(writer, &0)).expect("a byte fits");
    for epoch in 1..=9 {
        let mut bob = Replica::new(life('b', epoch), Limits::DEFAULT);
        bob.join(&ann);
        bob.edit(secs(1_000 + epoch), |writer| MODE.set(writer, &1)).expect("a byte fits");
        cay.join(&bob);
    }
    ann.expire(secs(1_160), &RETENTION);
    cay.join(&ann);
    assert_eq!(cay.expire(secs(1_200), &RETENTION).gone.len(), 8);
    assert_eq!(MODE.read(cay.table()), Some(1), "ann's value is still overruled");
}

#[test]
fn a_newcomer_need_not_hold_what_everybody_has_dropped() {
    let (mut ann, mut bob) = (replica('a'), replica('b'));
    bob.edit(secs(1_000), |writer| SKILLS.insert(writer, &7)).expect("a byte fits");
    ann.join(&bob);
    ann.edit(secs(1_001), |writer| SKILLS.remove(writer, &7)).expect("there is room");
    bob.join(&ann);
    assert!(bob.collect([row_of('a', 1)]));
    ann.join(&bob);
    assert!(ann.collect([row_of('b', 1)]), "ann depends on bob's row from here on");

    let mut dan = Replica::new(life('d', 1), Limits::DEFAULT);
    let version = dan.table().version(row_of('a', 1));
    let ours = ann.table().row(row_of('a', 1)).and_then(|row| row.delta_since(version, 9_999));
    dan.admit(secs(1_002), KEPT, &ours.expect("it is news")).expect("it waits");
    assert!(dan.table().is_empty(), "bob's row is out there");
    let dropped = dan.expire(secs(1_200), &RETENTION);
    assert_eq!(dropped.grown.len(), 1, "no copy of bob's row can come that would not do");

    let dependencies = |replica: &Replica| {
        replica.table().row(row_of('a', 1)).map_or(0, |row| row.head().dependencies.len())
    };
    assert_eq!(dependencies(&ann), 1);
    assert_eq!(ann.expire(secs(1_200), &RETENTION).gone, [row_of('b', 1)]);
    assert_eq!(dependencies(&ann), 0);
}

#[test]
fn an_evicted_replica_goes_with_all_it_did_and_stays_out() {
    let (mut ann, mut eve, mut cay) = (replica('a'), replica('e'), replica('c'));
    ann.edit(secs(1), |writer| SKILLS.insert(writer, &7)).expect("a byte fits");
    count(&mut ann, secs(1));
    eve.join(&ann);
    eve.edit(secs(2), |writer| SKILLS.remove(writer, &7)).expect("there is room");
    eve.edit(secs(2), |writer| SKILLS.insert(writer, &8)).expect("a byte fits");
    (0..1_000).for_each(|_| count(&mut eve, secs(2)));
    cay.join(&eve);

    assert_eq!(cay.evict(ReplicaId('e'.into())).gone, [row_of('e', 1)]);
    assert_eq!(SKILLS.read(cay.table()), BTreeSet::from([7]), "its kills go with it");
    assert_eq!(CALLS.read(cay.table()), 1);
    assert_eq!(admit_all(&eve, &mut cay, secs(3)), [Refused::Evicted]);
    cay.join(&eve);
    cay.restore(eve.table().rows().map(Arc::clone));
    assert_eq!(CALLS.read(cay.table()), 1, "it comes back by no way");

    cay.pardon(ReplicaId('e'.into()));
    assert_eq!(admit_all(&eve, &mut cay, secs(3)), []);
    assert_eq!(CALLS.read(cay.table()), 1_001);
}

#[test]
fn nobody_evicts_itself() {
    let mut ann = replica('a');
    count(&mut ann, secs(1));
    assert!(ann.evict(ReplicaId('a'.into())).gone.is_empty());
    assert_eq!(CALLS.read(ann.table()), 1);
}

#[test]
fn a_kill_of_an_evicted_element_stays_as_long_as_a_late_copy_may_come() {
    let (mut ann, mut eve) = (replica('a'), replica('e'));
    eve.edit(secs(1), |writer| SKILLS.insert(writer, &7)).expect("a byte fits");
    ann.join(&eve);
    ann.edit(secs(2), |writer| SKILLS.remove(writer, &7)).expect("there is room");
    ann.evict(ReplicaId('e'.into()));
    assert!(!ann.collect([row_of('e', 1)]), "the absence of a row is no obedience");
    ann.pardon(ReplicaId('e'.into()));
    ann.join(&eve);
    assert!(!SKILLS.contains(ann.table(), &7));
}

#[test]
fn a_life_that_slept_through_its_retention_knows_it_and_starts_over() {
    let mut ann = replica('a');
    count(&mut ann, secs(1_000));
    assert!(ann.expired_own_rows(secs(1_150), &RETENTION).is_empty());
    assert_eq!(ann.expired_own_rows(secs(1_200), &RETENTION), [row_of('a', 1)]);
    ann.start_over(life('a', 2));
    assert!(ann.table().is_empty());
    count(&mut ann, secs(1_200));
    assert_eq!(ann.table().version(row_of('a', 2)), 1);
}

/// One edit by one of four replicas, or a replica hearing of some others.
#[derive(Clone, Debug)]
enum Step {
    Insert(usize, u8),
    Remove(usize, u8),
    SetMode(usize, u8),
    ClearMode(usize),
    SetPrice(usize, u8, u8),
    RemovePrice(usize, u8),
    SetView(usize, u8),
    Count(usize),
    ResetCalls(usize),
    Hear(usize, Vec<usize>),
    /// Ends a replica's life and begins its next.
    Restart(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || 0..4usize;
    let small = || 0..3u8;
    let step = prop_oneof![
        3 => (who(), small()).prop_map(|(who, it)| Step::Insert(who, it)),
        3 => (who(), small()).prop_map(|(who, it)| Step::Remove(who, it)),
        2 => (who(), any::<u8>()).prop_map(|(who, it)| Step::SetMode(who, it)),
        1 => who().prop_map(Step::ClearMode),
        2 => (who(), small(), any::<u8>()).prop_map(|(who, key, it)| Step::SetPrice(who, key, it)),
        2 => (who(), small()).prop_map(|(who, key)| Step::RemovePrice(who, key)),
        2 => (who(), any::<u8>()).prop_map(|(who, it)| Step::SetView(who, it)),
        2 => who().prop_map(Step::Count),
        2 => who().prop_map(Step::ResetCalls),
        6 => (who(), subsequence(vec![0, 1, 2, 3], 1..3)).prop_map(|(who, of)| Step::Hear(who, of)),
        2 => who().prop_map(Step::Restart),
    ];
    vec(step, 1..60)
}

/// Plays the steps, ten seconds apart, and returns all replicas.
fn play(steps: &[Step]) -> Vec<Replica> {
    let mut replicas: Vec<_> = ['a', 'b', 'c', 'd'].map(replica).into();
    for (step, second) in steps.iter().zip((1_000u64..).step_by(10)) {
        let now = secs(second);
        let edited = match step {
            Step::Insert(who, it) => replicas[*who].edit(now, |writer| SKILLS.insert(writer, it)),
            Step::Remove(who, it) => {
                replicas[*who].edit(now, |writer| SKILLS.remove(writer, it)).map(drop)
            }
            Step::SetMode(who, it) => replicas[*who].edit(now, |writer| MODE.set(writer, it)),
            Step::ClearMode(who) => replicas[*who].edit(now, |writer| MODE.clear(writer)),
            Step::SetPrice(who, key, it) => {
                replicas[*who].edit(now, |writer| PRICES.insert(writer, key, it))
            }
            Step::RemovePrice(who, key) => {
                replicas[*who].edit(now, |writer| PRICES.remove(writer, key)).map(drop)
            }
            Step::SetView(who, it) => replicas[*who].edit(now, |writer| VIEWS.set(writer, it)),
            Step::Count(who) => replicas[*who].edit(now, |writer| CALLS.add(writer, 1)),
            Step::ResetCalls(who) => replicas[*who].edit(now, |writer| CALLS.reset(writer)),
            Step::Hear(who, of) => {
                for other in of {
                    let other = replicas[*other].clone();
                    let grown = replicas[*who].join(&other);
                    replicas[*who].collect(grown.iter().map(|growth| growth.id));
                }
                Ok(())
            }
            Step::Restart(who) => {
                let Life { replica, epoch } = replicas[*who].table().life();
                replicas[*who].begin_life(Life { replica, epoch: epoch + 1 });
                Ok(())
            }
        };
        edited.expect("cells are small and few");
    }
    replicas
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whenever the retention ends for whichever rows: elements and values go, but what had been
    /// removed, overwritten or replaced does not come back; and the order in which rows came does
    /// not matter.
    #[test]
    fn what_was_overruled_does_not_come_back(steps in steps(), at in 900u64..1_900) {
        let replicas = play(&steps);
        let (mut forth, mut back) = (replica('x'), replica('y'));
        replicas.iter().for_each(|replica| drop(forth.join(replica)));
        replicas.iter().rev().for_each(|replica| drop(back.join(replica)));
        let before = forth.clone();
        let gone = forth.expire(secs(at), &RETENTION).gone;
        back.expire(secs(at), &RETENTION);
        prop_assert_eq!(forth.table().version_vector(), back.table().version_vector());

        let (was, is) = (before.table(), forth.table());
        prop_assert!(SKILLS.read(is).is_subset(&SKILLS.read(was)));
        prop_assert!(MODE.read(is).is_none_or(|mode| MODE.read(was) == Some(mode)));
        for (key, price) in PRICES.read(is) {
            prop_assert_eq!(PRICES.get(was, &key), Some(price));
        }
        prop_assert!(CALLS.read(is) <= CALLS.read(was));
        let views = VIEWS.read(was);
        prop_assert!(VIEWS.read(is).iter().all(|view| views.contains(view)));

        let horizon = RETENTION.horizon(secs(at)).shared;
        for row in was.rows() {
            let expired = row.head().timestamp < horizon;
            prop_assert!(expired || !gone.contains(&row.id()), "it had not expired");
        }
        for row in is.rows() {
            let mut on = row.head().dependencies.iter();
            let unmet = on.find(|(on, at)| is.version(**on) < at.version && at.timestamp >= horizon);
            prop_assert_eq!(unmet, None);
        }
    }
}
