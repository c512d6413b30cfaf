//! What cannot meet does not meet.

use super::{Oracle, Scene, Verdict};
use crate::swarm::workload::Workload;

/// No event met a state in which it cannot be among members that do not forge.
pub(crate) struct Meetings;

impl<W: Workload> Oracle<W> for Meetings {
    fn name(&self) -> &'static str {
        "what cannot meet does not meet"
    }

    fn at_rest(&mut self, scene: &Scene<'_, W>) -> Verdict {
        if !scene.liars.is_empty() {
            return Ok(());
        }
        let impossible = scene.sim.nodes().find_map(|(who, node)| {
            let met = node.encounters();
            let impossible = met.iter().find(|met| !met.can_be && met.count > 0)?;
            Some((who, impossible))
        });
        impossible.map_or(Ok(()), |(who, met)| {
            Err(format!("node {who}, {}: {} met {}", met.part, met.event, met.state))
        })
    }
}
