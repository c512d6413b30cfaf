//! What is read is what the specification says of the edits heard of.

use core::marker::PhantomData;
use std::collections::{BTreeMap, BTreeSet};

use super::{Oracle, Scene, Verdict, ensure};
use crate::{
    Index,
    swarm::{Heard, copies::Touched, workload::Workload},
};

/// So many nodes are few: there, each change is compared with the specification. Where there are more,
/// one in as many as there are nodes is: each write changes as many tables.
const FEW: u32 = 8;

/// What is read is what the specification says of the edits heard of; what was there on a copy and
/// then was not does not come back there (I7, I8, I12).
pub(crate) struct Reads<W> {
    changes: u64,
    shown: BTreeMap<Index, Shown>,
    workload: PhantomData<fn() -> W>,
}

/// What a process has shown of what is inserted once.
#[derive(Default)]
struct Shown {
    there: BTreeSet<u64>,
    gone: BTreeSet<u64>,
    /// Whether rows expired since it was read last. What went with them was not removed, and comes back
    /// with an owner that was out of touch.
    has_dropped: bool,
}

impl<W: Workload> Reads<W> {
    pub(crate) const fn new() -> Self {
        Self { changes: 0, shown: BTreeMap::new(), workload: PhantomData }
    }

    fn read(&mut self, scene: &Scene<'_, W>, who: Index) -> Verdict {
        let Some(copy) = scene.copies.of(who) else { return Ok(()) };
        let read = W::read(scene.sim.node(who).table());
        let heard = Heard { history: scene.history, heard: &copy.heard, versions: &copy.held };
        let specified = W::specified(&heard);
        ensure(read == specified, || {
            let (read, specified) = differing(&format!("{read:?}"), &format!("{specified:?}"));
            format!("node {who} reads ..{read}.. where the edits it heard of say ..{specified}..")
        })?;
        let there = W::inserted_once(&read);
        let shown = self.shown.entry(who).or_default();
        // What a liar removed is there again once its word does not count.
        let mut returned = shown.gone.intersection(&there).filter(|_| scene.liars.is_empty());
        let returned = returned.next();
        ensure(returned.is_none(), || format!("{returned:?} was gone at node {who} and is back"))?;
        if !core::mem::take(&mut shown.has_dropped) {
            shown.gone.extend(shown.there.difference(&there));
        }
        shown.there = there;
        Ok(())
    }
}

/// Where two texts begin to differ.
fn differing(one: &str, other: &str) -> (String, String) {
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let part = |text: &str| text.chars().skip(same.saturating_sub(40)).take(120).collect();
    (part(one), part(other))
}

impl<W: Workload> Oracle<W> for Reads<W> {
    fn name(&self) -> &'static str {
        "reads are as specified, and nothing removed comes back"
    }

    fn look(&mut self, scene: &Scene<'_, W>, touched: &Touched) -> Verdict {
        if touched.is_new {
            self.shown.remove(&touched.who);
        }
        let mut data = touched.rows.iter().filter(|row| !row.id.space.is_ephemeral());
        if data.any(|row| row.after.is_none()) {
            self.shown.entry(touched.who).or_default().has_dropped = true;
        }
        if touched.rows.iter().all(|row| row.id.space.is_ephemeral()) {
            return Ok(());
        }
        self.changes += 1;
        let every = if scene.plan.nodes <= FEW { 1 } else { scene.plan.nodes };
        if self.changes.is_multiple_of(u64::from(every)) {
            self.read(scene, touched.who)
        } else {
            Ok(())
        }
    }

    fn at_rest(&mut self, scene: &Scene<'_, W>) -> Verdict {
        let running: Vec<_> = scene.sim.nodes().map(|(who, _)| who).collect();
        running.into_iter().try_for_each(|who| self.read(scene, who))
    }
}
