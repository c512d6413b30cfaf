//! The end of a history: everybody reaches everybody again, until nothing moves.

use std::collections::BTreeMap;

use rumormill_crdt::{RowId, Version};

use super::{
    World, invariants,
    specification::specified,
    step::{Step, Who},
    truth::{Broken, Check, ensure, reads},
};

/// How rows travel while a population heals.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Transfer {
    /// In one datagram each.
    Whole,
    /// In datagrams with room for the head, the longest cell, and this many bytes.
    Pieces { room: usize },
}

/// A round takes every row one replica further at least, so a few are enough; the bound turns a
/// population that never comes to rest into a failure.
const ROUNDS_MAX: usize = 60;

impl World {
    /// Heals, and checks that all that any replica held is there, everywhere, as specified.
    pub(crate) fn heal(&mut self, transfer: Transfer) -> Check {
        let held = self.held();
        self.meet_in_time();
        self.come_to_rest(transfer)?;
        self.check_all()?;
        invariants::i12_nothing_lost(&held, &self.nodes)?;
        let nodes: Vec<_> = self.nodes.values().collect();
        for pair in nodes.windows(2) {
            let (a, b) = (pair[0].table(), pair[1].table());
            ensure(a.version_vector() == b.version_vector(), || {
                "healing ended, and the replicas hold different versions".to_owned()
            })?;
        }
        let Some(node) = nodes.first() else { return Ok(()) };
        let expected = specified(&self.truth.heard(node.table()));
        let read = reads(node.table());
        ensure(read == expected, || format!("I12: read {read:?}, specified {expected:?}"))
    }

    /// Delivers everything that is still in flight to everybody, which must not bring back
    /// anything that was gone everywhere, and heals again.
    pub(crate) fn aftershock(&mut self, transfer: Transfer) -> Check {
        let gone = invariants::gone_everywhere(&self.nodes);
        let everybody: Vec<Who> = self.nodes.keys().copied().collect();
        for flight in std::mem::take(&mut self.flights) {
            self.tally.count("a flight outlived the healing");
            for who in &everybody {
                self.receive(*who, &flight.bytes)?;
            }
        }
        self.heal(transfer)?;
        invariants::i8_stays_gone(&gone, &self.truth, &self.nodes)
    }

    /// The greatest version that anybody holds of each row that outlives its life.
    fn held(&self) -> BTreeMap<RowId, Version> {
        let mut held = BTreeMap::new();
        for row in self.nodes.values().flat_map(|node| node.table().rows()) {
            let version = held.entry(row.id()).or_default();
            *version = row.version().max(*version);
        }
        held.retain(|id, _| !id.space.is_ephemeral());
        held
    }

    /// Sets all wall clocks to the latest time that anybody knows of.
    fn meet_in_time(&mut self) {
        let known = |node: &super::Node| node.wall.max(node.replica.last_timestamp().to_unix());
        let latest = self.nodes.values().map(known).max().unwrap_or_default();
        for node in self.nodes.values_mut() {
            node.wall = latest;
        }
    }

    fn come_to_rest(&mut self, transfer: Transfer) -> Check {
        for _ in 0..ROUNDS_MAX {
            if self.round(transfer)? {
                continue;
            }
            let staged =
                |world: &Self| world.nodes.values().any(|it| it.table().staged().count() > 0);
            if !staged(self) && self.agree() {
                return Ok(());
            }
            // Nothing moves: whatever waits for pieces that nobody has would run into a timeout.
            for who in self.everybody() {
                self.take(Step::GiveUp { who })?;
            }
        }
        Err(Broken(format!("no rest after {ROUNDS_MAX} rounds of {transfer:?}")))
    }

    /// Everybody reaches everybody, and all collect. Says whether anything moved.
    fn round(&mut self, transfer: Transfer) -> Result<bool, Broken> {
        let mut moved = false;
        for from in self.everybody() {
            for to in self.everybody().into_iter().filter(|to| *to != from) {
                moved |= match transfer {
                    Transfer::Whole => self.sync(from, to)?,
                    Transfer::Pieces { room } => self.sync_in_pieces(from, to, room)?,
                };
            }
        }
        for who in self.everybody() {
            let before = self.nodes[&who].table().fingerprint();
            self.take(Step::Collect { who })?;
            moved |= self.nodes[&who].table().fingerprint() != before;
        }
        Ok(moved)
    }

    fn agree(&self) -> bool {
        let mut prints = self.nodes.values().map(|node| node.table().fingerprint());
        let first = prints.next();
        prints.all(|print| Some(print) == first)
    }

    fn everybody(&self) -> Vec<Who> {
        self.nodes.keys().copied().collect()
    }
}
