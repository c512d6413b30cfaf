//! Once all is mended, members are what they are.

use std::collections::BTreeSet;

use rumormill_core::{Liveness, crdt::Life};

use super::{Oracle, Scene, Verdict, ensure};
use crate::{Index, swarm::workload::Workload};

/// Everybody who runs is alive to everybody, and nobody who does not; no transfer is stuck, and
/// nothing waits to be sent. Who said good-bye has left, until it begins another life.
#[derive(Default)]
pub(crate) struct Members {
    second: u64,
    /// Which lives have left, each with the life that knows.
    left: BTreeSet<(Life, Life)>,
}

/// Members are looked at each so many seconds.
const LOOK_EVERY_S: u64 = 10;

impl<W: Workload> Oracle<W> for Members {
    fn name(&self) -> &'static str {
        "who runs is alive, who does not is not, and nothing is stuck"
    }

    fn each_second(&mut self, scene: &Scene<'_, W>) -> Verdict {
        self.second += 1;
        if !self.second.is_multiple_of(LOOK_EVERY_S) {
            return Ok(());
        }
        for (who, node) in scene.sim.nodes() {
            for member in node.members() {
                let known = (node.life(), member.life);
                if member.liveness == Liveness::Left {
                    self.left.insert(known);
                }
                ensure(member.liveness == Liveness::Left || !self.left.contains(&known), || {
                    format!(
                        "{:?} had left, and is {:?} to node {who}",
                        member.life, member.liveness
                    )
                })?;
            }
        }
        Ok(())
    }

    fn at_rest(&mut self, scene: &Scene<'_, W>) -> Verdict {
        scene.sim.nodes().try_for_each(|(who, _)| check(scene, who))
    }
}

fn check<W: Workload>(scene: &Scene<'_, W>, who: Index) -> Verdict {
    let (sim, node) = (scene.sim, scene.sim.node(who));
    let mut running: Vec<_> = sim.nodes().map(|(_, node)| node.life()).collect();
    running.sort_unstable();
    for member in node.members() {
        let runs = running.binary_search(&member.life).is_ok();
        let is_alive = member.liveness == Liveness::Alive;
        let what = member.liveness;
        ensure(runs == is_alive, || {
            format!("to node {who}, {:?} is {what:?}, and it {}", member.life, said(runs))
        })?;
    }
    let alive = node.members().filter(|member| member.liveness == Liveness::Alive).count();
    ensure(alive + 1 == running.len(), || {
        format!("node {who} knows {alive} others, of {}", running.len() - 1)
    })?;
    let staged = node.table().staged().next();
    ensure(staged.is_none(), || format!("node {who} waits for the rest of {staged:?}"))?;
    ensure(!node.has_transmit(), || format!("node {who} has something to send, and nobody asks"))?;
    ensure(!node.is_isolated(), || format!("node {who} hears nobody"))
}

const fn said(runs: bool) -> &'static str {
    if runs { "runs" } else { "does not run" }
}

/// Who takes whom for alive that is gone.
pub(crate) fn believers<W: Workload>(scene: &Scene<'_, W>, gone: Index) -> Vec<Index> {
    let replica = scene.sim.replica(gone);
    let believes = |who: Index| {
        let liveness = scene.sim.node(who).liveness(replica);
        liveness.is_some_and(|liveness| liveness != Liveness::Dead)
    };
    scene.sim.nodes().map(|(who, _)| who).filter(|who| believes(*who)).collect()
}
