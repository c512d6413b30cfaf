//! The end of a history: everybody reaches everybody and collects, until nothing moves.

use std::collections::BTreeMap;

use super::{Number, REPLICAS_MAX, TableWorld, Tables, history};
use crate::explore::{Broken, Check, ensure};

/// Replicas that have come to rest with equal rows: one of them stands for all.
pub(super) type Healed = Number;

/// A round takes every row one replica further at least, so a few are enough; the bound turns
/// replicas that never come to rest into a failure.
const ROUNDS_MAX: usize = 30;

impl Tables {
    /// Checks that all ends well from here on, whatever is in flight being lost.
    pub(super) fn ends_well(&mut self, world: &TableWorld) -> Check {
        if self.reading.contains_key(&(world.copies, world.history)) {
            return Ok(());
        }
        let healed = self.heal(world.copies)?;
        // What was staged and waited for rows it depends on may have come true.
        let heard = self.histories[world.history].heard(&self.copies[healed].replica);
        let (read, expected) = (&self.copies[healed].read, history::specified(&heard));
        ensure(*read == expected, || {
            format!("I12: healed, all read {read}, the edits heard of say {expected}")
        })?;
        self.reading.insert((world.copies, world.history), ());
        Ok(())
    }

    fn heal(&mut self, copies: [Number; REPLICAS_MAX]) -> Result<Healed, Broken> {
        if let Some(healed) = self.healed.get(&copies) {
            return Ok(*healed);
        }
        let mut held = BTreeMap::new();
        for copy in &copies[..self.bounds.replicas] {
            for row in &self.copies[*copy].shows {
                let greatest = held.entry(row.id).or_insert(row.version);
                *greatest = row.version.max(*greatest);
            }
        }
        let healed = self.come_to_rest(copies)?;
        let table = self.copies[healed].replica.table();
        let lost = held.iter().find(|(id, version)| table.version(**id) < **version);
        ensure(lost.is_none(), || format!("I12: healed, all lack {lost:?}"))?;
        self.healed.insert(copies, healed);
        Ok(healed)
    }

    fn come_to_rest(&mut self, mut copies: [Number; REPLICAS_MAX]) -> Result<Healed, Broken> {
        for _ in 0..ROUNDS_MAX {
            let before = copies;
            for from in self.replicas() {
                for to in self.replicas().filter(|to| *to != from) {
                    copies[to] = self.sync(copies[from], copies[to])?;
                }
            }
            for who in self.replicas() {
                copies[who] = self.collect(copies[who])?;
            }
            if copies != before {
                continue;
            }
            self.i6_function(&copies[..self.bounds.replicas])?;
            let shows = |copy: Number| &self.copies[copy].shows;
            if self.replicas().all(|who| shows(copies[who]) == shows(copies[0])) {
                return Ok(copies[0]);
            }
            // Nothing moves: what waits for pieces that nobody has runs into a timeout.
            for who in self.replicas() {
                let given_up = self.copies[copies[who]].give_up()?;
                copies[who] = self.number(given_up)?;
            }
            if copies == before {
                break;
            }
        }
        let stands =
            copies[..self.bounds.replicas].iter().map(|copy| self.copies[*copy].standing());
        let stands: Vec<_> = stands.collect();
        Err(Broken(format!("stuck: everybody reached everybody; they hold {}", stands.join(" | "))))
    }

    /// Brings `to` up to date with `from`, whole rows in the order of their ids.
    fn sync(&mut self, from: Number, mut to: Number) -> Result<Number, Broken> {
        let mut nth = 0;
        while let Some(row) = self.copies[from].shows.get(nth).copied() {
            if self.copies[to].replica.table().version(row.id) < row.version {
                to = self.admit(to, row.whole)?;
            }
            nth += 1;
        }
        Ok(to)
    }

    fn collect(&mut self, copy: Number) -> Result<Number, Broken> {
        if let Some(known) = self.collected.get(&copy) {
            return Ok(*known);
        }
        let after = match self.copies[copy].collect(None)? {
            Some(after) => self.number(after)?,
            None => copy,
        };
        self.collected.insert(copy, after);
        Ok(after)
    }
}
