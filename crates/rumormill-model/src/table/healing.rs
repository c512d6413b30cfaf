//! The end of a history: everybody reaches everybody and collects, until nothing moves.

use std::collections::{BTreeMap, BTreeSet};

use rumormill_crdt::ReplicaId;

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
        if self.reading.contains_key(&(world.nodes, world.history)) {
            return Ok(());
        }
        let healed = self.heal(world.nodes)?;
        // What was staged and waited for rows it depends on may have come true.
        let heard = self.histories[world.history].heard(&self.nodes[healed].replica);
        let (read, expected) = (&self.nodes[healed].read, history::specified(&heard));
        ensure(*read == expected, || {
            format!("I12: healed, all read {read}, the edits heard of say {expected}")
        })?;
        self.reading.insert((world.nodes, world.history), ());
        Ok(())
    }

    fn heal(&mut self, nodes: [Number; REPLICAS_MAX]) -> Result<Healed, Broken> {
        if let Some(healed) = self.healed.get(&nodes) {
            return Ok(*healed);
        }
        let mut rested = nodes;
        let staying = self.tell_all_of_evictions(&mut rested)?;
        let Some(first) = staying.first() else { return Ok(nodes[0]) };
        let mut held = BTreeMap::new();
        for who in &staying {
            for row in &self.nodes[rested[*who]].shows {
                let greatest = held.entry(row.id).or_insert(row.version);
                *greatest = row.version.max(*greatest);
            }
        }
        let at_rest = self.come_to_rest(rested, &staying);
        let healed = at_rest.map_err(|why| why.when("everybody reaches everybody"))?[*first];
        let table = self.nodes[healed].replica.table();
        let lost = held.iter().find(|(id, version)| table.version(**id) < **version);
        ensure(lost.is_none(), || format!("I12: healed, all lack {lost:?}"))?;
        self.healed.insert(nodes, healed);
        Ok(healed)
    }

    /// Has everybody evict whom anybody did, and returns who is left: the evicted are no part of
    /// the population.
    fn tell_all_of_evictions(
        &mut self,
        nodes: &mut [Number; REPLICAS_MAX],
    ) -> Result<Vec<usize>, Broken> {
        let evicted: BTreeSet<ReplicaId> =
            nodes[..self.bounds.replicas].iter().flat_map(|it| self.nodes[*it].evicted()).collect();
        let is_evicted = |who: &usize| evicted.contains(&self.nodes[nodes[*who]].life().replica);
        let staying: Vec<usize> = self.replicas().filter(|who| !is_evicted(who)).collect();
        for who in &staying {
            for whom in &evicted {
                let told = self.nodes[nodes[*who]].evicted().any(|known| known == *whom);
                let after = (!told).then(|| self.nodes[nodes[*who]].evict(*whom)).flatten();
                if let Some(after) = after {
                    nodes[*who] = self.number(after)?;
                }
            }
        }
        Ok(staying)
    }

    fn come_to_rest(
        &mut self,
        mut nodes: [Number; REPLICAS_MAX],
        staying: &[usize],
    ) -> Result<[Number; REPLICAS_MAX], Broken> {
        for _ in 0..ROUNDS_MAX {
            let before = nodes;
            for from in staying {
                for to in staying.iter().filter(|to| *to != from) {
                    nodes[*to] = self.sync(nodes[*from], nodes[*to])?;
                }
            }
            for who in staying {
                nodes[*who] = self.collect(nodes[*who])?;
            }
            if nodes != before {
                continue;
            }
            let resting: Vec<Number> = staying.iter().map(|who| nodes[*who]).collect();
            self.i6_function(&resting)?;
            let shows = |node: &Number| &self.nodes[*node].shows;
            if resting.iter().all(|node| shows(node) == shows(&resting[0])) {
                return Ok(nodes);
            }
            // Nothing moves: what waits for pieces that nobody has runs into a timeout.
            for who in staying.iter().copied() {
                let given_up = self.nodes[nodes[who]].give_up()?;
                nodes[who] = self.number(given_up)?;
            }
            if nodes == before {
                break;
            }
        }
        let stands = nodes[..self.bounds.replicas].iter().map(|node| self.nodes[*node].standing());
        let stands: Vec<_> = stands.collect();
        Err(Broken(format!("stuck: they hold {}", stands.join(" | "))))
    }

    /// Brings `to` up to date with `from`, whole rows in the order of their ids.
    fn sync(&mut self, from: Number, mut to: Number) -> Result<Number, Broken> {
        let mut nth = 0;
        while let Some(row) = self.nodes[from].shows.get(nth).copied() {
            if self.nodes[to].replica.table().version(row.id) < row.version {
                to = self.admit(to, row.whole)?;
            }
            nth += 1;
        }
        Ok(to)
    }

    fn collect(&mut self, node: Number) -> Result<Number, Broken> {
        if let Some(known) = self.collected.get(&node) {
            return Ok(*known);
        }
        let after = match self.nodes[node].collect(None)? {
            Some(after) => self.number(after)?,
            None => node,
        };
        self.collected.insert(node, after);
        Ok(after)
    }
}
