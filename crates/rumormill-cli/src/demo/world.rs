//! What the demo wrote, kept beside the cluster: what every table must read in the end.

use std::collections::{BTreeMap, BTreeSet};

use rumormill::{Column, LwwRegister, OrSet, PnCounter, ReplicaId, Space, core::crdt::keyed_hash};

/// A node's name and what it can do.
pub(crate) type Skill = (String, String);

/// Who can do what.
pub(crate) const SKILLS: Column<OrSet<Skill>> = Column::new(Space::SHARED, "skills");

/// How busy each node says it is, in percent.
pub(crate) const LOAD: Column<LwwRegister<u8>> = Column::new(Space::SHARED, "load");

/// How many calls all nodes answered.
pub(crate) const CALLS: Column<PnCounter> = Column::new(Space::STATS, "calls");

/// How far each node trusts `subject`, from 1 to 5.
pub(crate) fn trust(subject: &str) -> Column<LwwRegister<u8>> {
    Column::named(Space::SHARED, format!("trust:{subject}")).expect("demo names are short")
}

/// What all edits so far add up to.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) skills: BTreeSet<Skill>,
    pub(crate) calls: i128,
    pub(crate) loads: BTreeMap<ReplicaId, u8>,
    /// By subject, then by who rated it.
    pub(crate) ratings: BTreeMap<String, BTreeMap<ReplicaId, u8>>,
}

/// Random choices: hashes of a seed and a count.
#[derive(Debug)]
pub(crate) struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed, thrown: 0 }
    }

    pub(crate) fn seed(&mut self) -> u64 {
        self.thrown += 1;
        let mut throw = [0; 16];
        throw[..8].copy_from_slice(&self.seed.to_be_bytes());
        throw[8..].copy_from_slice(&self.thrown.to_be_bytes());
        keyed_hash(*b"rumormill's dice", &throw)
    }

    /// Returns a number below `bound`.
    pub(crate) fn below(&mut self, bound: u8) -> u8 {
        u8::try_from(self.seed() % u64::from(bound)).expect("a remainder is below its divisor")
    }
}
