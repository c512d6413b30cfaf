//! One row, one copy, and pieces of all states that the row was ever in, in any order: the rules
//! of admission and staging (I2 to I5) under the worst traffic that honest senders can make.

use std::{fmt, sync::Arc};

use proptest::{collection, prelude::*, test_runner::FileFailurePersistence};
use rumormill_crdt::{
    DeltaCell, DeltaParts, Life, Limits, Progress, Refused, ReplicaId, Row, RowDelta, Space,
    Timestamp, Version, VvMap,
};

const OWNER: Life = Life { replica: ReplicaId(0xa), epoch: 1 };
const COPY: Life = Life { replica: ReplicaId(0xb), epoch: 1 };

/// What the owner does.
#[derive(Clone, Copy)]
enum Write {
    Set(u8),
    Erase(u8),
    Forget(Version),
}

/// A piece of what one of three senders holds.
#[derive(Clone, Copy)]
struct Piece {
    sender: usize,
    start: Start,
    len: u64,
}

/// Where a piece starts.
#[derive(Clone, Copy, Debug)]
enum Start {
    /// Where the last piece that was staged ended: what a receiver asks for.
    Wanted,
    /// Anywhere; taken modulo the row's version.
    At(u64),
}

/// Ten times the cases of the other properties, since a case takes microseconds; the environment
/// variable `PROPTEST_CASES` asks for another number.
fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(10_000),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/rows.regressions",
        ))),
        ..ProptestConfig::default()
    }
}

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let write = prop_oneof![
        5 => (0..4u8).prop_map(Write::Set),
        4 => (0..4u8).prop_map(Write::Erase),
        2 => (1..14u64).prop_map(Write::Forget),
    ];
    collection::vec(write, 0..14)
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let start = prop_oneof![Just(Start::Wanted), (0..14u64).prop_map(Start::At)];
    let piece =
        (0..3usize, start, 1..5u64).prop_map(|(sender, start, len)| Piece { sender, start, len });
    collection::vec(piece, 0..40)
}

proptest! {
    #![proptest_config(config())]

    /// I2 to I5: whatever pieces come, the copy shows only what the owner once left; no honest
    /// piece makes the cells and the hash disagree; and the last state arrives in order at last.
    #[test]
    fn pieces_of_one_row_never_mix(
        writes in writes(),
        states_of_senders in [0..14usize, 0..14usize, 0..14usize],
        pieces in pieces(),
        every in 1..4u64,
    ) {
        let states = states(&writes);
        let mut copy = VvMap::new(COPY, Limits::DEFAULT);
        let mut wanted = 0;
        for Piece { sender, start, len } in pieces {
            let row = &states[states_of_senders[sender] % states.len()];
            let from = match start {
                Start::Wanted if wanted < row.version() => wanted,
                Start::Wanted => continue,
                Start::At(from) => from % row.version(),
            };
            let piece = interval(row, from, row.version().min(from + len));
            wanted = check(&mut copy, &states, &piece)?.unwrap_or(wanted);
        }
        let last = &states[states.len() - 1];
        for piece in split(last, every) {
            check(&mut copy, &states, &piece)?;
        }
        prop_assert_eq!(copy.version(last.id()), last.version(), "the last state arrives");
        prop_assert_eq!(copy.staged().count(), 0);
    }
}

/// Admits a delta and checks what the copy shows then. Says how far a staging is covered.
fn check(
    copy: &mut VvMap<u8, u8>,
    states: &[Arc<Row<u8, u8>>],
    delta: &RowDelta<u8, u8>,
) -> Result<Option<Version>, TestCaseError> {
    let head = |copy: &VvMap<u8, u8>| {
        let row = copy.row(delta.id());
        row.map_or((0, 0), |row| (row.version(), row.head().floor))
    };
    let (version, floor) = head(copy);
    let outcome = copy.admit(delta);
    let honest = matches!(
        outcome,
        Ok(_)
            | Err(Refused::Gap { .. } | Refused::Floor | Refused::OldFloor | Refused::StaleStaging)
    );
    prop_assert!(honest, "at v{}, floor {}: {:?} gives {:?}", version, floor, delta, outcome);
    let (now, now_floor) = head(copy);
    prop_assert!(now >= version && now_floor >= floor, "I2: v{} after v{}", now, version);
    let left = states.iter().find(|state| state.version() == now);
    prop_assert_eq!(copy.row(delta.id()), left, "I3: what is shown is what the owner left");
    Ok(match outcome.map(|admission| admission.progress) {
        Ok(Progress::Staged { covered }) => Some(covered),
        Ok(Progress::Known | Progress::Visible | Progress::Waiting) | Err(_) => None,
    })
}

/// All states the owner's row is in, one for each write that was one.
fn states(writes: &[Write]) -> Vec<Arc<Row<u8, u8>>> {
    let mut table = VvMap::new(OWNER, Limits::DEFAULT);
    let mut states: Vec<Arc<Row<u8, u8>>> = Vec::new();
    for (value, write) in (0..).zip([&Write::Set(0)].into_iter().chain(writes)) {
        let mut row = table.write(Space::SHARED, Timestamp(1));
        let wrote = match *write {
            Write::Set(key) => row.set(key, value) > 0,
            Write::Erase(key) => row.erase(&key),
            Write::Forget(before) => row.forget(before),
        };
        states.extend(table.rows().filter(|_| wrote).cloned());
    }
    states
}

/// A whole row, cut at every `every` versions.
fn split(row: &Row<u8, u8>, every: u64) -> Vec<RowDelta<u8, u8>> {
    let starts = (0..row.version()).step_by(usize::try_from(every).expect("a small number"));
    starts.map(|from| interval(row, from, row.version().min(from + every))).collect()
}

fn interval(row: &Row<u8, u8>, from: Version, to: Version) -> RowDelta<u8, u8> {
    let inside = row.iter().filter(|(_, cell)| from < cell.version && cell.version <= to);
    let mut cells: Vec<_> = inside
        .map(|(key, cell)| DeltaCell { version: cell.version, key: *key, value: cell.value })
        .collect();
    cells.sort_by_key(|cell| cell.version);
    let parts =
        DeltaParts { id: row.id(), from, to, head: row.head().clone(), content: None, cells };
    RowDelta::new(parts).expect("an interval of a row is a delta")
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(key) => write!(f, "set key {key}"),
            Self::Erase(key) => write!(f, "erase key {key}"),
            Self::Forget(before) => write!(f, "forget up to v{before}"),
        }
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sender, start, len } = self;
        match start {
            Start::Wanted => write!(f, "sender {sender}: {len} versions from where it is wanted"),
            Start::At(from) => write!(f, "sender {sender}: {len} versions from v{from}"),
        }
    }
}
