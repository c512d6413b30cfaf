//! The kit itself: its histories contain what they are there for, and are the same in every run.

use rumormill_crdt::{
    Bytes, Column, Key, Life, PnCounter, ReplicaId, RowDelta, Space, Table, VersionVector, Writer,
};
use rumormill_laws::{
    ByDelta, Check, Columns, Crdt, Deltas, Evicts, Heard, Laws, Rows, laws_of, laws_of_rows,
};

const COUNTER: Column<PnCounter> = Column::new(Space::SHARED, "counter");

enum Counter {}

impl Columns for Counter {
    type Edit = i8;
    type Read = i128;

    fn edit(writer: &mut Writer<'_>, by: &i8) {
        COUNTER.add(writer, (*by).into()).expect("there is room");
    }

    fn read(table: &Table) -> i128 {
        COUNTER.read(table)
    }

    /// Wrong: there are histories in which the total goes beyond 50.
    fn specified(heard: &Heard<'_, i8>) -> i128 {
        heard.edits().map(|it| i128::from(*it.edit())).sum::<i128>().min(50)
    }
}

fn laws() -> Laws<Rows<Counter>, ByDelta> {
    laws_of_rows::<Counter>(-3..=3i8)
}

#[test]
fn histories_meet_what_they_are_there_to_meet() {
    let report = laws().seed(0).histories(500).check();
    let met = report.met();
    for name in [
        "edit",
        "sync",
        "sync in part",
        "met",
        "delivered",
        "delivered out of order",
        "delivered astray",
        "delivered to come again",
        "delivered after all",
        "lost",
        "collected",
        "restart with the disk",
        "restart with a stale disk",
        "restart without the disk",
        "blind start",
        "arrived",
        "left",
    ] {
        assert!(met.contains_key(name), "it never happened: {name}\n{report}");
    }
}

#[test]
fn every_check_is_made_in_as_many_histories_as_asked_for() {
    let laws = laws().seed(7).histories(100);
    let report = laws.check();
    assert_eq!(laws.checks().count(), 10, "all but that of removal");
    assert!(laws.checks().all(|check| report.checked(check) >= 100), "{report}");
    assert_eq!(report.checked(Check::NoResurrection), 0);
}

#[test]
fn a_failure_is_found_again_by_its_own_seed() {
    let wrong = || laws_of_rows::<Counter>(0..=20i8);
    let first = wrong().seed(0).run().expect_err("sums grow beyond 50").to_string();
    assert_eq!(first, wrong().seed(0).run().expect_err("as before").to_string());
    let (_, command) = first.split_once("RUMORMILL_SEED=").expect("there is a command");
    let (seed, _) = command.split_once(' ').expect("more follows");
    let seed = seed.parse().expect("it is a number");
    let alone = wrong().seed(seed).histories(1).run().expect_err("it fails again").to_string();
    let trace = |failure: &str| failure.lines().take_while(|it| !it.contains("steps of")).count();
    assert_eq!(first.lines().take(trace(&first)).collect::<Vec<_>>(), {
        alone.lines().take(trace(&alone)).collect::<Vec<_>>()
    });
}

/// A counter that goes on counting what the evicted counted.
#[derive(Clone)]
struct Deaf(PnCounter);

impl Crdt for Deaf {
    type Edit = i8;
    type Read = i128;

    fn new(life: Life) -> Self {
        Self(PnCounter::new(life))
    }

    fn edit(&mut self, by: &i8) {
        self.0.add((*by).into()).expect("there is room");
    }

    fn join(&mut self, other: &Self) {
        self.0.join(&other.0);
    }

    fn read(&self) -> i128 {
        self.0.read()
    }

    fn specified(heard: &Heard<'_, i8>) -> i128 {
        heard.edits().map(|it| i128::from(*it.edit())).sum()
    }
}

impl Deltas for Deaf {
    type Digest = VersionVector;
    type Delta = RowDelta<Key, Bytes>;

    fn digest(&self) -> VersionVector {
        self.0.version_vector()
    }

    fn deltas_since(&self, digest: &VersionVector) -> Vec<Self::Delta> {
        self.0.delta_since(digest).collect()
    }

    fn admit(&mut self, delta: &Self::Delta) {
        // What is refused is lost, as a datagram may be.
        let _ = self.0.admit(delta);
    }
}

impl Evicts for Deaf {
    fn evict(&mut self, _: ReplicaId) {}
}

#[test]
fn an_eviction_that_does_nothing_is_found() {
    laws_of::<Deaf>(1..9i8).deltas().histories(500).check();
    let failure = laws_of::<Deaf>(1..9i8).deltas().eviction().run().unwrap_err();
    assert_eq!(failure.check(), Check::Refinement);
    assert!(failure.to_string().contains("is evicted"), "{failure}");
}
