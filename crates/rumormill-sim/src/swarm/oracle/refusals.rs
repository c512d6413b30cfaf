//! No honest row is taken for a broken one.

use super::{Oracle, Scene, Verdict, ensure};
use crate::swarm::workload::Workload;

/// Where nobody lies nobody forges rows, and checksums keep damaged ones out: what a node refuses as broken
/// was broken by a node.
pub(crate) struct Refusals;

impl<W: Workload> Oracle<W> for Refusals {
    fn name(&self) -> &'static str {
        "honest rows are not refused as broken"
    }

    fn each_second(&mut self, scene: &Scene<'_, W>) -> Verdict {
        if !scene.liars.is_empty() {
            return Ok(());
        }
        scene.sim.nodes().try_for_each(|(who, node)| {
            let refusals = node.stats().refusals;
            ensure(refusals.broken() == 0, || format!("node {who} refused {refusals:?}"))
        })
    }
}
