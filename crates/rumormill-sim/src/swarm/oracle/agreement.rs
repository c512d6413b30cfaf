//! Once all is mended, all tables are equal.

use std::collections::BTreeMap;

use rumormill_core::crdt::{RowId, Version};

use crate::{Index, Sim, swarm::plan::Plan};

/// What all have to hold before they agree.
///
/// Where nothing is dropped nothing moves in the end, and agreement is that all hold the same.
/// Where rows of ended lives are dropped, those who run stamp theirs anew now and then, so that there need
/// be no moment at which all hold the same: then agreement is that all hold what anybody held at
/// one moment, or a later version, and what one has dropped nobody holds.
#[derive(Debug)]
pub(crate) struct Agreement {
    held: Option<BTreeMap<RowId, Version>>,
}

/// A row that is held otherwise by two nodes.
type Difference = (RowId, (Index, Version), (Index, Version));

impl Agreement {
    /// What there is to agree on at this moment.
    pub(crate) fn on(sim: &Sim, plan: &Plan) -> Self {
        Self { held: plan.forgets().then(|| newest(sim)) }
    }

    /// Says whether all agree.
    pub(crate) fn is_reached(&self, sim: &Sim) -> bool {
        let Some(held) = &self.held else { return fingerprints_are_equal(sim) };
        difference(sim, held).is_none()
    }

    /// Says where they do not.
    pub(crate) fn lacks(&self, sim: &Sim) -> String {
        let difference = match &self.held {
            Some(held) => difference(sim, held),
            None => difference(sim, &newest(sim)),
        };
        difference.map_or("nothing".to_owned(), |(id, (one, at), (other, then))| {
            format!("{id:?}, which node {one} has at v{at} and node {other} at v{then}")
        })
    }
}

fn fingerprints_are_equal(sim: &Sim) -> bool {
    let mut fingerprints = sim.nodes().map(|(_, node)| node.table().fingerprint());
    let first = fingerprints.next();
    fingerprints.all(|other| Some(other) == first)
}

fn newest(sim: &Sim) -> BTreeMap<RowId, Version> {
    let mut newest = BTreeMap::new();
    for row in sim.nodes().flat_map(|(_, node)| node.table().rows()) {
        let version = newest.entry(row.id()).or_default();
        *version = row.version().max(*version);
    }
    newest
}

/// A row that somebody holds, and somebody else not at that version.
fn difference(sim: &Sim, held: &BTreeMap<RowId, Version>) -> Option<Difference> {
    held.iter().find_map(|(id, version)| {
        let copies = || sim.nodes().map(|(who, node)| (who, node.table().version(*id)));
        let most = copies().max_by_key(|(_, version)| *version)?;
        let least = copies().min_by_key(|(_, version)| *version)?;
        (most.1 > 0 && least.1 < *version).then_some((*id, most, least))
    })
}
