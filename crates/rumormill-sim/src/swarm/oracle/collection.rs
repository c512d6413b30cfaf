//! What is not needed any more is collected.

use rumormill_core::crdt::{Row, RowId};

use super::{Oracle, Scene, Verdict, ensure};
use crate::swarm::workload::Workload;

/// Rows of lives that run have no erase markers left once these are old enough, at any copy. Rows
/// of ended lives stay as they were.
pub(crate) struct Collection;

impl<W: Workload> Oracle<W> for Collection {
    fn name(&self) -> &'static str {
        "markers of what was erased are forgotten"
    }

    fn at_rest(&mut self, scene: &Scene<'_, W>) -> Verdict {
        let Some((_, any)) = scene.sim.nodes().next() else { return Ok(()) };
        let runs = |id: RowId| scene.sim.nodes().any(|(_, node)| node.life() == id.life);
        let mut rows = any.table().rows().filter(|row| runs(row.id()));
        rows.try_for_each(|row| {
            let (id, markers) = (row.id(), Row::tombstones(row));
            ensure(markers == 0, || format!("{id:?} still has {markers} erase markers"))
        })
    }
}
