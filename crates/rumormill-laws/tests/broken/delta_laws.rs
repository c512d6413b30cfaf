//! A counter whose deltas say what to add.

use std::collections::BTreeMap;

use rumormill_crdt::Life;
use rumormill_laws::{Check, Crdt, Deltas, Heard, laws_of};

use crate::caught;

#[derive(Clone)]
struct Adding {
    life: Life,
    totals: BTreeMap<Life, u64>,
}

impl Crdt for Adding {
    type Edit = u8;
    type Read = u64;

    fn new(life: Life) -> Self {
        Self { life, totals: BTreeMap::new() }
    }

    fn edit(&mut self, by: &u8) {
        *self.totals.entry(self.life).or_default() += u64::from(*by);
    }

    fn join(&mut self, other: &Self) {
        for (life, total) in &other.totals {
            let known = self.totals.entry(*life).or_default();
            *known = (*total).max(*known);
        }
    }

    fn read(&self) -> u64 {
        self.totals.values().sum()
    }

    fn specified(heard: &Heard<'_, u8>) -> u64 {
        heard.edits().map(|it| u64::from(*it.edit())).sum()
    }
}

impl Deltas for Adding {
    type Digest = BTreeMap<Life, u64>;
    type Delta = (Life, u64);

    fn digest(&self) -> Self::Digest {
        self.totals.clone()
    }

    fn deltas_since(&self, digest: &Self::Digest) -> Vec<(Life, u64)> {
        let known = |life| digest.get(life).copied().unwrap_or(0);
        let more = self.totals.iter().filter(|(life, total)| **total > known(life));
        more.map(|(life, total)| (*life, total - known(life))).collect()
    }

    fn admit(&mut self, (life, more): &(Life, u64)) {
        *self.totals.entry(*life).or_default() += more;
    }
}

#[test]
fn a_delta_that_counts_twice_is_caught() {
    caught(laws_of::<Adding>(1..9u8).deltas(), Check::DeltaLaws, 2);
}
