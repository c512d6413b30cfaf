//! One update, who has it by when, and what was sent for it.

use core::time::Duration;

use rumormill_core::crdt::{Bytes, Key, RowId, Space};

use crate::Sim;

/// The longest an update may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Has the first of all `nodes` write a value of so many bytes, and waits until all have it. Says when
/// each had, in ascending order, the writer first.
///
/// # Panics
///
/// If the value is longer than a cell may be.
pub(crate) fn spread(sim: &mut Sim, nodes: usize, update_bytes: usize) -> Vec<Duration> {
    let start = sim.now();
    let update = Bytes::copy_from(&vec![0xaa; update_bytes]);
    let version = sim.update(0, |writer| writer.set(Space::SHARED, Key::raw("news"), update));
    let version = version.expect("the update fits a cell");
    let id = RowId { space: Space::SHARED, life: sim.node(0).life() };
    let mut heard = vec![false; nodes];
    heard[0] = true;
    let mut times = vec![Duration::ZERO];
    sim.run_until(LIMIT, |sim, touched| {
        let heard = &mut heard[touched as usize];
        if !*heard && sim.node(touched).table().version(id) >= version {
            *heard = true;
            times.push(sim.now() - start);
        }
        times.len() == nodes
    });
    times
}

/// What all nodes sent so far.
#[derive(Clone, Copy)]
pub(crate) struct Traffic {
    pub(crate) deltas: u64,
    pub(crate) bytes: u64,
    /// Bytes to other zones.
    pub(crate) crossing: u64,
}

impl Traffic {
    pub(crate) fn of(sim: &Sim) -> Self {
        let stats = || sim.nodes().map(|(_, node)| node.stats());
        Self {
            deltas: stats().map(|stats| stats.deltas_sent).sum(),
            bytes: stats().map(|stats| stats.bytes_sent).sum(),
            crossing: stats().map(|stats| stats.bytes_to_other_zones).sum(),
        }
    }

    pub(crate) const fn since(self, before: Self) -> Self {
        Self {
            deltas: self.deltas - before.deltas,
            bytes: self.bytes - before.bytes,
            crossing: self.crossing - before.crossing,
        }
    }
}
