//! A counter that takes note of every collection, and so never comes to rest.

use std::collections::BTreeMap;

use rumormill_crdt::Life;
use rumormill_laws::{Check, Collects, Crdt, Deltas, Heard, laws_of};

use crate::caught;

/// Of each life, how often it wrote, and its total.
#[derive(Clone)]
struct Restless {
    life: Life,
    totals: BTreeMap<Life, (u64, u64)>,
}

impl Restless {
    fn write(&mut self, by: u64) {
        let (version, total) = self.totals.entry(self.life).or_default();
        *version += 1;
        *total += by;
    }
}

impl Crdt for Restless {
    type Edit = u8;
    type Read = u64;

    fn new(life: Life) -> Self {
        Self { life, totals: BTreeMap::new() }
    }

    fn edit(&mut self, by: &u8) {
        self.write((*by).into());
    }

    fn join(&mut self, other: &Self) {
        for (life, theirs) in &other.totals {
            let known = self.totals.entry(*life).or_default();
            *known = (*theirs).max(*known);
        }
    }

    fn read(&self) -> u64 {
        self.totals.values().map(|(_, total)| total).sum()
    }

    fn specified(heard: &Heard<'_, u8>) -> u64 {
        heard.edits().map(|it| u64::from(*it.edit())).sum()
    }
}

impl Deltas for Restless {
    type Digest = BTreeMap<Life, u64>;
    type Delta = Self;

    fn digest(&self) -> Self::Digest {
        self.totals.iter().map(|(life, (version, _))| (*life, *version)).collect()
    }

    fn deltas_since(&self, digest: &Self::Digest) -> Vec<Self> {
        let mut news = self.digest().into_iter();
        let lacking = news.any(|(life, version)| digest.get(&life).copied().unwrap_or(0) < version);
        if lacking { vec![self.clone()] } else { Vec::new() }
    }

    fn admit(&mut self, delta: &Self) {
        self.join(delta);
    }
}

impl Collects for Restless {
    fn collect(&mut self) {
        self.write(0);
    }
}

#[test]
fn a_population_that_never_rests_is_caught() {
    let laws = laws_of::<Restless>(0..9u8).deltas().collection();
    caught(laws, Check::Convergence, 1);
}
