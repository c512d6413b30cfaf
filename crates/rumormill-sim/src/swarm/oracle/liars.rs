//! Nothing is left of who lied.

use rumormill_core::{Event, crdt::ReplicaId};

use super::{Oracle, Scene, Verdict, ensure};
use crate::{Index, swarm::workload::Workload};

/// Once liars were revoked nobody holds a row of theirs, or takes them for members; and nobody else is
/// taken for a liar.
pub(crate) struct Liars;

impl<W: Workload> Oracle<W> for Liars {
    fn name(&self) -> &'static str {
        "nothing is left of who lied"
    }

    fn at_rest(&mut self, scene: &Scene<'_, W>) -> Verdict {
        for (who, node) in scene.sim.nodes() {
            let mut accused = scene.sim.events(who).iter().filter_map(accused);
            let wrongly = accused.find(|it| !scene.liars.contains(it));
            ensure(wrongly.is_none(), || format!("node {who} was told that {wrongly:?} lied"))?;
            let mut rows = node.table().rows().map(|row| row.id());
            let left = rows.find(|id| scene.liars.contains(&id.life.replica));
            ensure(left.is_none(), || format!("node {who} still holds {left:?}"))?;
            let known = scene.liars.iter().find(|liar| node.liveness(**liar).is_some());
            ensure(known.is_none(), || format!("node {who} still takes {known:?} for a member"))?;
        }
        Ok(())
    }
}

const fn accused(event: &Event<Index>) -> Option<ReplicaId> {
    if let Event::Equivocation { replica, .. } | Event::Revoked { replica } = event {
        Some(*replica)
    } else {
        None
    }
}
