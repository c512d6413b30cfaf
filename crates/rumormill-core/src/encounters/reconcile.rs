//! Finding out what differs, and what is said about it.

use super::grid::named;

named! {
    /// What is under way.
    ReconcileState {
        Resting = "resting",
        Inquiring = "waits for cells",
        Sweeping = "compares all rows",
        Filling = "is new",
    }
}

named! {
    /// What happened.
    ReconcileEvent {
        Opens = "opens a comparison",
        Equal = "equal",
        OneDiffers = "one row differs",
        SeveralDiffer = "several rows differ",
        OtherBasis = "on another basis",
        Differ = "sums come",
        Cells = "cells come",
        More = "cells are asked for",
        Ask = "rows are asked for",
        Audit = "is audited",
        Page = "a page comes",
        Lack = "a newcomer asks",
        Filled = "an answer to a newcomer",
        Overdue = "cells are overdue",
    }
}

pub(super) const fn can_meet(state: ReconcileState, event: ReconcileEvent) -> bool {
    use {ReconcileEvent as E, ReconcileState as S};
    // Where none are awaited none are overdue.
    !matches!((state, event), (S::Resting, E::Overdue))
}
