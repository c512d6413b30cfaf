//! Nothing is lost that any live replica or disk held.

use std::collections::BTreeMap;

use rumormill_core::crdt::{RowId, Version};

use super::{Scene, Verdict, ensure};
use crate::swarm::workload::Workload;

/// What somebody held at the moment when everything was mended.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    held: BTreeMap<RowId, Version>,
}

impl Kept {
    /// Notes what the running nodes hold. What is on disks comes back with their nodes.
    pub(crate) fn note<W: Workload>(&mut self, scene: &Scene<'_, W>) {
        for (_, copy) in scene.copies.iter() {
            let is_to_stay =
                |id: &RowId| !id.space.is_ephemeral() && !scene.liars.contains(&id.life.replica);
            for (id, version) in copy.held.iter().filter(|(id, _)| is_to_stay(id)) {
                let known = self.held.entry(*id).or_default();
                *known = (*known).max(*version);
            }
        }
    }

    /// Everybody holds all of it, or a later version. Where rows of ended lives are dropped,
    /// those of lives that run.
    pub(crate) fn judge<W: Workload>(&self, scene: &Scene<'_, W>) -> Verdict {
        let runs = |id: &RowId| scene.sim.nodes().any(|(_, node)| node.life() == id.life);
        let expected = self.held.iter().filter(|(id, _)| !scene.plan.forgets() || runs(id));
        for (id, version) in expected {
            for (who, node) in scene.sim.nodes() {
                let holds = node.table().version(*id);
                ensure(holds >= *version, || {
                    format!("{id:?} was held at v{version}; node {who} has v{holds}")
                })?;
            }
        }
        Ok(())
    }
}
