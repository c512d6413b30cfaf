//! What came out.

use std::{collections::BTreeMap, fmt};

use crate::{Check, Crdt, Transfer, check::Broken, tally::Tally, world::World};

/// How many histories kept all laws, and what they met.
#[derive(Clone, Debug)]
pub struct Report {
    histories: u64,
    made_in: BTreeMap<Check, u64>,
    made: BTreeMap<Check, u64>,
    tally: Tally,
}

impl Report {
    pub(crate) fn new(checks: &[Check]) -> Self {
        let none: BTreeMap<Check, u64> = checks.iter().map(|check| (*check, 0)).collect();
        Self { histories: 0, made_in: none.clone(), made: none, tally: Tally::default() }
    }

    pub(crate) fn add<T: Crdt, M: Transfer<T>>(&mut self, world: &World<'_, T, M>) {
        self.histories += 1;
        self.tally.add(&world.tally);
        for (check, times) in &world.watch.made {
            *self.made_in.entry(*check).or_default() += 1;
            *self.made.entry(*check).or_default() += times;
        }
    }

    pub(crate) fn least_made(&self) -> u64 {
        self.made_in.values().copied().min().unwrap_or(0)
    }

    /// How many histories there were.
    #[must_use]
    pub const fn histories(&self) -> u64 {
        self.histories
    }

    /// In how many of them a check was made.
    #[must_use]
    pub fn checked(&self, check: Check) -> u64 {
        self.made_in.get(&check).copied().unwrap_or(0)
    }

    /// How often each kind of thing happened.
    #[must_use]
    pub fn met(&self) -> BTreeMap<&'static str, u64> {
        self.tally.clone().into_inner()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} histories", self.histories)?;
        for (check, histories) in &self.made_in {
            let times = self.made.get(check).copied().unwrap_or(0);
            writeln!(f, "{histories:>10} with {check}, {times} times")?;
        }
        for (name, times) in self.met() {
            writeln!(f, "{times:>10} {name}")?;
        }
        Ok(())
    }
}

/// A law that does not hold, and the shortest history found that shows it.
#[derive(Clone, Debug)]
pub struct Failure {
    broken: Broken,
    trace: Vec<String>,
    steps: usize,
    replay: Option<Replay>,
}

/// Where a failure was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replay {
    pub(crate) seed: u64,
    pub(crate) history: u64,
    pub(crate) steps_found: usize,
}

impl Failure {
    pub(crate) const fn new(
        broken: Broken,
        trace: Vec<String>,
        steps: usize,
        replay: Option<Replay>,
    ) -> Self {
        Self { broken, trace, steps, replay }
    }

    /// What did not hold.
    #[must_use]
    pub const fn check(&self) -> Check {
        self.broken.check
    }

    /// How it did not hold, in a sentence.
    #[must_use]
    pub fn how(&self) -> &str {
        &self.broken.how
    }

    /// How many steps the history has.
    #[must_use]
    pub const fn steps(&self) -> usize {
        self.steps
    }

    /// The history, one line a step.
    #[must_use]
    pub fn trace(&self) -> &[String] {
        &self.trace
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}\n", self.broken.check, self.broken.how)?;
        for line in &self.trace {
            writeln!(f, "{line}")?;
        }
        let Some(Replay { seed, history, steps_found }) = self.replay else { return Ok(()) };
        let steps = self.steps;
        writeln!(f, "\n{steps} steps of {steps_found}, in history {}", history + 1)?;
        write!(f, "again: RUMORMILL_SEED={seed} RUMORMILL_HISTORIES=1")?;
        match (std::env::var("CARGO_PKG_NAME"), std::thread::current().name()) {
            (Ok(package), Some(test)) if test != "main" => {
                writeln!(f, " cargo test -p {package} {test}")
            }
            _ => writeln!(f),
        }
    }
}

impl std::error::Error for Failure {}
