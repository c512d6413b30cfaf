//! A counter that believes whatever it was told last, however old; and another that is empty when
//! it starts again. Their digests tell no lies, so what they read is what they have heard of.

use std::collections::BTreeMap;

use rumormill_crdt::Life;
use rumormill_laws::{Check, Crdt, Deltas, Heard, laws_of};

use crate::caught;

#[derive(Clone)]
struct Gullible<const FORGETS: bool> {
    life: Life,
    totals: BTreeMap<Life, u64>,
}

impl<const FORGETS: bool> Crdt for Gullible<FORGETS> {
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

    fn restart(disk: &Self, life: Life) -> Self {
        let totals = if FORGETS { BTreeMap::new() } else { disk.totals.clone() };
        Self { life, totals }
    }

    fn specified(heard: &Heard<'_, u8>) -> u64 {
        heard.edits().map(|it| u64::from(*it.edit())).sum()
    }
}

impl<const FORGETS: bool> Deltas for Gullible<FORGETS> {
    type Digest = BTreeMap<Life, u64>;
    type Delta = (Life, u64);

    fn digest(&self) -> Self::Digest {
        self.totals.clone()
    }

    fn deltas_since(&self, digest: &Self::Digest) -> Vec<(Life, u64)> {
        let known = |life| digest.get(life).copied().unwrap_or(0);
        let more = self.totals.iter().filter(|(life, total)| **total > known(life));
        more.map(|(life, total)| (*life, *total)).collect()
    }

    fn admit(&mut self, (life, total): &(Life, u64)) {
        let known = self.totals.entry(*life).or_default();
        *known = if FORGETS { (*total).max(*known) } else { *total };
    }
}

#[test]
fn going_back_is_caught() {
    caught(laws_of::<Gullible<false>>(1..9u8).deltas(), Check::NothingLost, 4);
}

#[test]
fn forgetting_at_a_restart_is_caught() {
    caught(laws_of::<Gullible<true>>(1..9u8).deltas(), Check::NothingLost, 2);
}
