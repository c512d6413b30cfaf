//! What it takes to bring a node up to date that is a few writes behind.

use core::time::Duration;
use std::sync::Arc;

use rumormill_core::{
    Config,
    crdt::{Bytes, Key, Life, Limits, Replica, ReplicaId, Retention, Row, RowId, Space},
    forging::Weight,
};

use crate::{
    Index, Link, Sim,
    reconcile::{LEG, LIMIT, WARM_UP, agree, end_conversation, past},
};

/// Times that a node falls behind before it is measured, after which both have an idea of how much differs.
const WARM_UP_RUNS: usize = 3;

/// Times that are measured, of which the one in the middle counts.
const RUNS: usize = 9;

/// Rows of one cell that both hold besides, so that most of the table is the same. Where nearly all rows
/// differ, a node takes itself for a newcomer, and goes another way.
const BYSTANDERS: usize = 1_000;

const AHEAD: Index = 0;
const BEHIND: Index = 1;

/// Two nodes hold the same keys of 16 bytes with values of 8, as many of each writer as of every other. Some
/// keys are overwritten, and one of the nodes has not heard of it. Besides there are 1,000 rows of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    /// Whose keys there are, apart from the nodes themselves: at least one.
    pub writers: usize,
    /// All keys together: at least as many as writers.
    pub keys: usize,
    /// How many keys are overwritten: by one writer after the other, each time the next of its keys.
    pub changes: usize,
}

/// What it took until both held the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatchUp {
    /// The datagrams that found out what differs, and those with rows, of both nodes.
    pub weight: Weight,
    /// Whether both tables were equal in the end.
    pub is_equal: bool,
}

impl CatchUp {
    /// All messages that bring the node up to date, and who sends them; without frames, and without what
    /// else was said in the same datagrams.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        let Weight { senders, digests, rows, .. } = &self.weight;
        *senders + *digests + rows.total()
    }
}

impl Behind {
    /// Runs it several times, and returns the one that took neither more nor fewer bytes than half of them.
    ///
    /// # Panics
    ///
    /// If there are no writers, or fewer keys than writers.
    #[must_use]
    pub fn run(&self, seed: u64) -> CatchUp {
        assert!(0 < self.writers && self.writers <= self.keys, "every writer has a key");
        let rows_max = (self.writers + BYSTANDERS + 2).max(Limits::DEFAULT.rows_max);
        let limits = Limits { rows_max, ..Limits::DEFAULT };
        let config = Config { limits, retention: Retention::FOREVER, ..Config::DEFAULT };
        let mut sim = Sim::new(seed, config).trace_lines(0);
        sim.set_link(Link { delay_min: LEG, delay_max: LEG, ..Link::LAN });
        sim.start_acquainted(2);
        let mut writers = Writers::of(self, past(&sim));
        let rows: Vec<_> = writers.rows().chain(bystanders(past(&sim))).collect();
        sim.restore(AHEAD, rows.iter().cloned());
        sim.restore(BEHIND, rows);
        sim.run(WARM_UP);
        let runs = (0..WARM_UP_RUNS + RUNS).map(|_| self.catch_up(&mut sim, &mut writers));
        let mut measured: Vec<_> = runs.skip(WARM_UP_RUNS).collect();
        measured.sort_by_key(CatchUp::bytes);
        let all_equal = measured.iter().all(|it| it.is_equal) && sim.tables_are_equal();
        CatchUp { is_equal: all_equal, ..measured[RUNS / 2] }
    }

    fn catch_up(&self, sim: &mut Sim, writers: &mut Writers) -> CatchUp {
        sim.meter_digests(|| Duration::ZERO);
        sim.restore(AHEAD, writers.overwrite(self.changes, past(sim)));
        let found = sim.run_until(LIMIT, |sim, _| agree(sim));
        end_conversation(sim);
        CatchUp { weight: sim.conversation().weight, is_equal: found.is_some() && agree(sim) }
    }
}

/// Those whose keys the nodes hold.
struct Writers {
    writers: Vec<Replica>,
    keys: usize,
    overwritten: usize,
}

impl Writers {
    fn of(behind: &Behind, unix: Duration) -> Self {
        let new = |number| new_writer(&name(number));
        let writers = (0..behind.writers).map(new).collect();
        let mut new = Self { writers, keys: behind.keys, overwritten: 0 };
        (0..behind.keys).for_each(|key| new.write(key, 0, unix));
        new
    }

    fn rows(&self) -> impl Iterator<Item = Arc<Row<Key, Bytes>>> {
        self.writers.iter().map(row)
    }

    /// Overwrites so many keys, each once, and returns the rows of their writers.
    fn overwrite(&mut self, changes: usize, unix: Duration) -> Vec<Arc<Row<Key, Bytes>>> {
        let first = self.overwritten;
        self.overwritten += changes;
        for number in first..self.overwritten {
            self.write(number % self.keys, number as u64 + 1, unix);
        }
        let writers = changes.min(self.writers.len());
        (first..first + writers).map(|it| row(&self.writers[it % self.writers.len()])).collect()
    }

    fn write(&mut self, key: usize, value: u64, unix: Duration) {
        let writer = key % self.writers.len();
        write(&mut self.writers[writer], key, value, unix);
    }
}

/// Rows of others, who write nothing more.
fn bystanders(unix: Duration) -> impl Iterator<Item = Arc<Row<Key, Bytes>>> {
    (0..BYSTANDERS).map(move |number| {
        let mut writer = new_writer(&format!("bystander {number}"));
        write(&mut writer, 0, 0, unix);
        row(&writer)
    })
}

fn new_writer(name: &str) -> Replica {
    Replica::new(Life { replica: ReplicaId::from_name(name), epoch: 1 }, Limits::DEFAULT)
}

fn write(writer: &mut Replica, key: usize, value: u64, unix: Duration) {
    let (key, value) = (Key::raw(&name(key)), Bytes::copy_from(&value.to_be_bytes()));
    let written = writer.edit(unix, |w| w.set(Space::SHARED, key, value));
    written.expect("keys are short and few");
}

/// 16 characters.
fn name(number: usize) -> String {
    let spread = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{spread:016x}")
}

fn row(writer: &Replica) -> Arc<Row<Key, Bytes>> {
    let table = writer.table();
    let id = RowId { space: Space::SHARED, life: table.life() };
    Arc::clone(table.row(id).expect("every writer has a key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_overwritten_is_sent_and_nothing_else() {
        for (writers, changes) in [(1, 1), (10, 1), (10, 30), (100, 100)] {
            let caught_up = Behind { writers, keys: 100, changes }.run(1);
            let CatchUp { weight, is_equal } = caught_up;
            assert!(is_equal);
            assert_eq!((weight.rows.payload, weight.rows.keys), (changes * 8, changes * 17));
            assert!(weight.senders >= 4 * weight.datagrams && weight.digests > 0);
        }
    }
}
