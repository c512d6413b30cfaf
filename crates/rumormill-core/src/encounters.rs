//! Which events met the parts of a node in which of their states.
//!
//! A test that never brings an event and a state together says nothing of what happens then. These
//! counts say what a run of a simulator, or a day in production, brought together.

mod grid;
mod member;
mod reconcile;
mod transfer;

pub(crate) use self::{
    grid::Grid,
    member::{MemberEvent, MemberState},
    reconcile::{ReconcileEvent, ReconcileState},
    transfer::{TransferEvent, TransferState},
};

/// How often which event met which state of a node's parts, since the node was made.
#[derive(Clone, Debug)]
pub struct Encounters {
    pub(crate) members: Grid<MemberState, MemberEvent>,
    pub(crate) transfers: Grid<TransferState, TransferEvent>,
    pub(crate) comparisons: Grid<ReconcileState, ReconcileEvent>,
}

/// An event and a state that it met, or could have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Encounter {
    /// The part of the node: `member`, `transfer` or `reconcile`.
    pub part: &'static str,
    /// The state that it, or what it knows of one member or row, was in.
    pub state: &'static str,
    /// What happened.
    pub event: &'static str,
    /// Whether the two can meet among members that do not forge. If not, the count is 0 unless somebody
    /// does, or the node has a defect.
    pub can_be: bool,
    /// How often they met.
    pub count: u64,
}

impl Encounters {
    /// Walks all pairs of states and events, whether they met or not, part by part.
    pub fn iter(&self) -> impl Iterator<Item = Encounter> {
        let members = self.members.pairs("member", member::can_meet);
        let transfers = self.transfers.pairs("transfer", transfer::can_meet);
        let comparisons = self.comparisons.pairs("reconcile", reconcile::can_meet);
        members.chain(transfers).chain(comparisons)
    }
}
