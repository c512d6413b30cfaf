//! What nodes tell about members.

use rumormill_core::{Event, Liveness};

use crate::{Index, Sim};

/// How far the events of each node have been read.
#[derive(Debug, Default)]
pub(crate) struct Told {
    read: Vec<usize>,
}

impl Told {
    /// Reads what a node told about members since it was asked last. Between two inputs it tells
    /// the latest of each.
    pub(crate) fn by<'s>(
        &mut self,
        sim: &'s Sim,
        who: Index,
    ) -> impl Iterator<Item = (Index, Liveness)> + use<'s> {
        let (slot, events) = (who as usize, sim.events(who));
        if self.read.len() <= slot {
            self.read.resize(slot + 1, 0);
        }
        let read = core::mem::replace(&mut self.read[slot], events.len());
        events[read..].iter().filter_map(about_member)
    }

    /// Reads what all running nodes told since they were asked last, and counts how often one was
    /// taken for dead that `lives`.
    pub(crate) fn false_deaths(&mut self, sim: &Sim, lives: impl Fn(Index) -> bool) -> u64 {
        let observers: Vec<Index> = sim.nodes().map(|(index, _)| index).collect();
        let mut count = 0;
        for observer in observers {
            let deaths = self.by(sim, observer).filter(|(_, liveness)| *liveness == Liveness::Dead);
            count += deaths.filter(|(whom, _)| lives(*whom)).count() as u64;
        }
        count
    }
}

/// The member that an event is about, and what it is by now.
pub(crate) fn about_member(event: &Event<Index>) -> Option<(Index, Liveness)> {
    let Event::Member { replica, liveness } = event else { return None };
    Some((Index::try_from(replica.0).ok()?, *liveness))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use rumormill_core::Config;

    use super::*;

    #[test]
    fn each_false_death_counts_once() {
        let (mut sim, mut told) = (Sim::new(1, Config::DEFAULT), Told::default());
        let [a, b, _] = sim.start_all();
        sim.run(Duration::from_secs(5));
        assert_eq!(told.false_deaths(&sim, |_| true), 0);
        sim.cut(&[a]);
        sim.run(Duration::from_secs(60));
        let mut told_by_b = Told::default();
        let last = told_by_b.by(&sim, b).filter(|(whom, _)| *whom == a).last();
        assert_eq!(last, Some((a, Liveness::Dead)));
        assert_eq!(told.false_deaths(&sim, |whom| whom == a), 2);
        assert_eq!(told.false_deaths(&sim, |_| true), 0);
    }
}
