//! What the nodes of a run met.

use std::collections::BTreeMap;

use rumormill_core::{Event, Liveness, Node, crdt::ReplicaId};

use crate::{Index, Sim, Vice};

/// How often the nodes of a run met what they have to cope with, by what it is.
#[derive(Debug)]
pub(super) struct Coverage {
    counts: BTreeMap<String, u64>,
    /// How many of a process's events were read.
    read: BTreeMap<Index, usize>,
    believed: BTreeMap<(Index, ReplicaId), Liveness>,
}

/// Members as others see them, in the order of the table.
const STANDINGS: [Liveness; 4] =
    [Liveness::Alive, Liveness::Suspect, Liveness::Dead, Liveness::Left];

impl Coverage {
    /// Everything is listed that can be met, so that what never is shows.
    pub(super) fn new() -> Self {
        let mut counts = BTreeMap::new();
        for before in STANDINGS {
            for after in STANDINGS.into_iter().filter(|after| *after != before) {
                counts.insert(turn(before, after), 0);
            }
        }
        for vice in Vice::all() {
            counts.insert(format!("insider: {vice}"), 0);
        }
        Self { counts, read: BTreeMap::new(), believed: BTreeMap::new() }
    }

    /// Counts what a process told of members since it was looked at last.
    pub(super) fn look(&mut self, sim: &Sim, who: Index) {
        let events = sim.events(who);
        let read = self.read.insert(who, events.len()).unwrap_or(0);
        for event in &events[read..] {
            let Event::Member { replica, liveness } = *event else { continue };
            let before = self.believed.insert((who, replica), liveness);
            if let Some(before) = before.filter(|before| *before != liveness) {
                self.add(turn(before, liveness), 1);
            }
        }
    }

    /// Counts what a process refused and compared, before it ends.
    pub(super) fn note_end(&mut self, sim: &Sim, who: Index) {
        self.look(sim, who);
        self.believed.retain(|(by, _), _| *by != who);
        self.note_stats(sim.node(who));
    }

    /// Counts what the processes that run refused and compared, and ends.
    pub(super) fn conclude(mut self, sim: &Sim) -> BTreeMap<String, u64> {
        let running: Vec<_> = sim.nodes().map(|(who, _)| who).collect();
        running.into_iter().for_each(|who| self.note_end(sim, who));
        for (vice, count) in sim.vices() {
            self.add(format!("insider: {vice}"), *count);
        }
        for (why, count) in sim.rejections() {
            self.add(format!("datagram rejected: {why}"), *count);
        }
        self.counts
    }

    fn note_stats(&mut self, node: &Node<Index>) {
        let stats = node.stats();
        for (why, count) in stats.refusals.iter() {
            self.add(format!("delta refused: {why}"), count);
        }
        for met in node.encounters().iter().filter(|met| met.can_be || met.count > 0) {
            let impossible = if met.can_be { "" } else { "impossible: " };
            let what = format!("{impossible}{}: {}: {}", met.part, met.state, met.event);
            self.add(what, met.count);
        }
        let (transfers, repairs) = (stats.transfers, stats.repairs);
        let counts = [
            ("member: suspected", stats.suspicions),
            ("member: suspicion confirmed", stats.confirmations),
            ("member: refuted", stats.refutations),
            ("member: pinged for others", stats.pings_for_others),
            ("member: pinged for others, no answer", stats.nacks_sent),
            ("transfer: asked", transfers.asked),
            ("transfer: whole", transfers.whole),
            ("transfer: piece", transfers.pieces),
            ("transfer: waits for others", transfers.waited),
            ("transfer: refused, asked for", transfers.refused),
            ("transfer: asked again", transfers.asked_again),
            ("transfer: asked another", transfers.turned),
            ("transfer: given up", transfers.given_up),
            ("reconcile: equal", stats.comparisons_equal),
            ("reconcile: different", stats.comparisons - stats.comparisons_equal),
            ("reconcile: one row named", repairs.named),
            ("reconcile: sketch found all", repairs.sketched),
            ("reconcile: sketch widened", repairs.widened),
            ("reconcile: sketch incomplete", repairs.incomplete),
            ("reconcile: handed over", repairs.handed_over),
            ("reconcile: by pages", repairs.swept),
            ("reconcile: filled", repairs.filled),
            ("reconcile: audit", repairs.audits),
            ("reconcile: audit failed", repairs.audits_failed),
        ];
        counts.into_iter().for_each(|(what, count)| self.add(what.to_owned(), count));
    }

    fn add(&mut self, what: String, count: u64) {
        *self.counts.entry(what).or_insert(0) += count;
    }
}

fn turn(before: Liveness, after: Liveness) -> String {
    format!("member: {} to {}", said(before), said(after))
}

const fn said(liveness: Liveness) -> &'static str {
    match liveness {
        Liveness::Alive => "alive",
        Liveness::Suspect => "suspect",
        Liveness::Dead => "dead",
        Liveness::Left => "left",
    }
}
