//! What users do, and what they must read.

use core::fmt::Debug;
use std::collections::BTreeSet;

use rumormill_core::crdt::{Space, Table, Writer};

use super::Heard;
use crate::Chance;

/// What users do at random nodes, and what anybody must read who has heard of it.
///
/// A program tests its own columns by writing one: every fault and every oracle of the swarm then
/// runs against it. See `examples/own_columns.rs`.
pub trait Workload {
    /// What a user did, as far as the specification needs to know.
    type Edit: Clone + Debug;

    /// All that a user can read.
    type Read: PartialEq + Debug;

    /// Does something at a node, and says in which space and what: nothing if there was nothing to
    /// do. An edit writes in one space alone. What is said to be done counts for the specification whether
    /// anything was written or not. `number` counts the edits of the run, from 0.
    fn edit(
        number: u64,
        chance: &mut Chance,
        writer: &mut Writer<'_>,
    ) -> Option<(Space, Self::Edit)>;

    /// Reads everything there is to read.
    fn read(table: &Table) -> Self::Read;

    /// What somebody who has heard of these edits has to read.
    fn specified(heard: &Heard<'_, Self::Edit>) -> Self::Read;

    /// Of what was read, that which is inserted once and for all: whoever has shown it, and then
    /// not, never shows it again. By default nothing is watched.
    fn inserted_once(_read: &Self::Read) -> BTreeSet<u64> {
        BTreeSet::new()
    }
}
