//! What is not needed any more is collected.

use rumormill_core::crdt::{Row, RowId};

use super::{Oracle, Scene, Verdict, ensure};
use crate::swarm::workload::Workload;

/// Rows of lives that run have no erase markers left once these are old enough, at any copy, and
/// remove nothing that others who run had inserted: these obeyed. Rows of ended lives stay as they
/// were.
pub(crate) struct Collection;

impl<W: Workload> Oracle<W> for Collection {
    fn name(&self) -> &'static str {
        "what was erased and removed is forgotten"
    }

    fn at_rest(&mut self, scene: &Scene<'_, W>) -> Verdict {
        let Some((_, any)) = scene.sim.nodes().next() else { return Ok(()) };
        let limits = any.table().limits();
        let runs = |id: RowId| scene.sim.nodes().any(|(_, node)| node.life() == id.life);
        let mut rows = any.table().rows().filter(|row| runs(row.id()));
        rows.try_for_each(|row| {
            let (id, markers) = (row.id(), Row::tombstones(row));
            ensure(markers == 0, || format!("{id:?} still has {markers} erase markers"))?;
            let dependencies = (row.head().dependencies.len(), limits.dependencies_max);
            let named = row.iter().filter_map(|(key, _)| key.killed());
            let removals = named.filter(|(life, _)| runs(RowId { life: *life, ..id })).count();
            ensure(removals == 0 || dependencies.0 == dependencies.1, || {
                format!("{id:?} still removes {removals} elements of others who run")
            })
        })
    }
}
