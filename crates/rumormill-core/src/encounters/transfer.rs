//! A row on its way to us, and what comes of it.

use super::grid::named;

named! {
    /// How far a row that we lack has come.
    TransferState {
        Unasked = "not asked for",
        Asked = "asked for",
        Staged = "staged in part",
        Waiting = "waits for others",
    }
}

named! {
    /// What happened to it.
    TransferEvent {
        Named = "somebody has more of it",
        Known = "came, known",
        Whole = "came, shown",
        Piece = "came in part",
        Waits = "came, waits for others",
        ShownWithOthers = "shown with what it waited for",
        Gap = "refused, gap",
        Floor = "refused, floor",
        Refused = "refused",
        Overdue = "overdue",
        GivenUp = "given up",
    }
}

pub(super) const fn can_meet(state: TransferState, event: TransferEvent) -> bool {
    use {TransferEvent as E, TransferState as S};
    match (state, event) {
        // Nothing is awaited.
        (S::Unasked, E::ShownWithOthers | E::Overdue | E::GivenUp) => false,
        // What is shown together with others was staged, and complete.
        (S::Asked | S::Staged, E::ShownWithOthers) => false,
        _ => true,
    }
}
