//! Copies only grow, and are what their owners made them (I1, I2, I3, I6).

use super::{Oracle, Scene, Verdict, ensure};
use crate::{
    sim::{HOARD, LIES},
    swarm::{
        copies::{Touched, TouchedRow},
        workload::Workload,
    },
};

/// A row is shown as its owner left it, whole, and a process never goes back in it. Rows go only if
/// their space keeps a replica's newest life alone, if they have expired, or if their process
/// began anew.
pub(crate) struct Rows;

impl<W: Workload> Oracle<W> for Rows {
    fn name(&self) -> &'static str {
        "copies grow, and are what their owners made them"
    }

    fn look(&mut self, scene: &Scene<'_, W>, touched: &Touched) -> Verdict {
        touched.rows.iter().try_for_each(|row| check(scene, touched, row))
    }
}

fn check<W: Workload>(scene: &Scene<'_, W>, touched: &Touched, row: &TouchedRow) -> Verdict {
    let TouchedRow { id, before, floor_before, .. } = *row;
    let is_liars = scene.liars.contains(&id.life.replica);
    let Some(held) = row.after else {
        let may_go = is_liars || id.space.is_ephemeral() || scene.plan.forgets() || touched.is_new;
        return ensure(may_go || before == 0, || format!("{id:?} is gone from v{before}"));
    };
    ensure(touched.is_new || held.version >= before && held.floor >= floor_before, || {
        format!("{id:?} went back from v{before} to v{}", held.version)
    })?;
    let minted = scene.history.minted(id, held.version);
    let is_lie = is_liars && [LIES, HOARD].contains(&id.space);
    ensure(is_lie || minted == Some(held.hash), || {
        format!("{id:?} at v{} is {:x}, and its owner made it {minted:x?}", held.version, held.hash)
    })
}
