//! The invariants I1 to I13 and the specification of every type, over generated histories.
//! `docs/testing.md` says how to replay a failure and how to run more cases.

use proptest::{
    collection,
    prelude::*,
    strategy::ValueTree,
    test_runner::{FileFailurePersistence, TestRunner},
};
use rumormill_crdt::Table;

use crate::world::{
    World,
    bytes::{self, spoils},
    heal::Transfer,
    invariants,
    step::{histories, histories_of},
    tally::Tally,
    truth::Broken,
    typed::Type,
};

mod world;

const STEPS_MAX: usize = 120;

/// 1,000 cases a property; the environment variable `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let regressions = FileFailurePersistence::Direct("tests/histories.regressions");
    ProptestConfig {
        cases: asked.unwrap_or(1_000),
        max_shrink_iters: 20_000,
        failure_persistence: Some(Box::new(regressions)),
        ..ProptestConfig::default()
    }
}

fn failed(Broken(why): Broken) -> TestCaseError {
    TestCaseError::fail(why)
}

proptest! {
    #![proptest_config(config())]

    /// I1 to I8, I10, I12, I13 and the specifications, at every step, through the healing at the
    /// end, and when what is still in flight arrives after it.
    #[test]
    fn every_history_keeps_the_invariants(history in histories(STEPS_MAX)) {
        let mut world = World::run(&history).map_err(failed)?;
        world.heal(Transfer::Whole).map_err(failed)?;
        world.aftershock(Transfer::Whole).map_err(failed)?;
    }

    /// I3 and I12: rows that travel only in small pieces arrive all the same.
    #[test]
    fn every_history_heals_in_small_pieces(history in histories(STEPS_MAX), room in 0..40usize) {
        let mut world = World::run(&history).map_err(failed)?;
        world.heal(Transfer::Pieces { room }).map_err(failed)?;
        world.aftershock(Transfer::Pieces { room }).map_err(failed)?;
    }

    /// I9: join is a join, on tables of one history that were reached at different times.
    #[test]
    fn reachable_tables_obey_the_join_laws(
        history in histories(STEPS_MAX),
        picks in collection::vec(any::<(u8, u8, u8)>(), 4),
    ) {
        let mut world = World::new();
        let mut tables: Vec<Table> = Vec::new();
        for (number, step) in history.0.iter().enumerate() {
            world.take(*step).map_err(failed)?;
            if number % 5 == 4 {
                tables.extend(world.nodes.values().map(|node| node.table().clone()));
            }
        }
        tables.extend(world.nodes.values().map(|node| node.table().clone()));
        let pick = |number: u8| &tables[usize::from(number) % tables.len()];
        for (x, y, z) in picks {
            invariants::i9_join_laws(pick(x), pick(y), pick(z)).map_err(failed)?;
        }
    }

    /// I11: whatever happens to the bytes of a delta, they do no harm.
    #[test]
    fn spoiled_bytes_do_no_harm(
        history in histories(STEPS_MAX / 2),
        spoils in collection::vec(spoils(), 40),
    ) {
        let world = World::run(&history).map_err(failed)?;
        for (number, spoil) in spoils.into_iter().enumerate() {
            bytes::i11_bounded_ingress(&world, number, spoil).map_err(failed)?;
        }
    }
}

/// The invariants and the specification over histories in which one column is edited, of each type
/// that has no part in the histories above.
macro_rules! every_history_reads_as_specified {
    ($($name:ident: $of:expr;)+) => {
        proptest! {
            #![proptest_config(config())]
            $(
                #[test]
                fn $name(history in histories_of($of, STEPS_MAX)) {
                    let mut world = World::run(&history).map_err(failed)?;
                    world.heal(Transfer::Whole).map_err(failed)?;
                    world.aftershock(Transfer::Whole).map_err(failed)?;
                }
            )+
        }
    };
}

every_history_reads_as_specified! {
    distincts_read_as_specified: Type::Distinct;
    event_logs_read_as_specified: Type::EventLog;
    g_counters_read_as_specified: Type::GCounter;
    histograms_read_as_specified: Type::Histogram;
    maps_read_as_specified: Type::Map;
    min_maxes_read_as_specified: Type::MinMax;
    mv_registers_read_as_specified: Type::MvRegister;
    pn_counters_read_as_specified: Type::PnCounter;
    top_ks_read_as_specified: Type::TopK;
    window_counters_read_as_specified: Type::WindowCounter;
}

/// The properties above hold for something: what they are about happens in their histories. The
/// histories of this test are the same in every run.
#[test]
fn histories_meet_what_they_are_there_to_meet() {
    let mut runner = TestRunner::deterministic();
    let strategy = histories(STEPS_MAX);
    let mut tally = Tally::default();
    for _ in 0..300 {
        let history = strategy.new_tree(&mut runner).expect("steps are never rejected").current();
        let mut world = World::run(&history).expect("the invariants hold");
        world.heal(Transfer::Whole).expect("the population heals");
        world.aftershock(Transfer::Whole).expect("nothing comes back");
        tally.add(&world.tally);
    }
    for name in Tally::NAMES {
        println!("{:>7}  {name}", tally.of(name));
    }
    for name in Tally::NAMES {
        assert!(tally.of(name) > 0, "in 300 histories it never happened: {name}");
    }
}
