//! What each type's value is, as a function of the edits heard of. Written without a look at how
//! the types are stored.

use super::{Reads, What};
use crate::world::specification;

type Heard<'e> = [&'e specification::Edit];

/// What a replica that heard of these edits must read.
pub(crate) fn specified(heard: &Heard<'_>) -> Reads {
    Reads { up: up(heard) }
}

/// The edits of typed columns, in the order of rows and versions.
fn typed<'e>(heard: &Heard<'e>) -> impl Iterator<Item = (&'e specification::Edit, &'e What)> {
    let mut edits: Vec<_> = heard.to_vec();
    edits.sort_by_key(|edit| (edit.row, edit.version));
    edits.into_iter().filter_map(|edit| match &edit.what {
        specification::What::Typed(what) => Some((edit, what)),
        specification::What::Insert(_)
        | specification::What::Remove(_)
        | specification::What::Count(_)
        | specification::What::Set(..)
        | specification::What::Say(_) => None,
    })
}

/// The sum of all increments.
fn up(heard: &Heard<'_>) -> u128 {
    let steps = typed(heard).map(|(_, what)| match what {
        What::CountUp(by) => u128::from(*by),
    });
    steps.sum()
}
