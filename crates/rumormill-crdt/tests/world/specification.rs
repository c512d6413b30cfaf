//! What each type's value is, as a function of the edits heard of. Written without a look at how
//! the types are stored: no rows, no cells, no kills.

use std::collections::{BTreeMap, BTreeSet};

use rumormill_crdt::{Life, RowId, Timestamp, Version};

use super::typed;

/// An edit: what a user did, and the version its row has since.
#[derive(Clone, Debug)]
pub(crate) struct Edit {
    pub(crate) row: RowId,
    pub(crate) version: Version,
    pub(crate) what: What,
}

/// What a user did.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Insert(u8),
    /// Takes away the inserts that the remover saw.
    Remove(BTreeSet<Dot>),
    Count(i64),
    /// Sets the register, or clears it.
    Set(Timestamp, Option<u8>),
    Say(u8),
    /// Edits a column of one of the types that have histories of their own.
    Typed(typed::What),
}

/// An insert, named by the life and the version of its write.
pub(crate) type Dot = (Life, Version);

/// What a replica can read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reads {
    pub(crate) set: BTreeSet<u8>,
    pub(crate) count: i128,
    pub(crate) register: Option<u8>,
    /// What each life says of itself.
    pub(crate) said: BTreeMap<Life, u8>,
    pub(crate) typed: typed::Reads,
}

/// What a replica that heard of these edits must read.
pub(crate) fn specified(heard: &[&Edit]) -> Reads {
    Reads {
        set: live_inserts(heard).into_values().collect(),
        count: counter(heard),
        register: register(heard),
        said: said(heard),
        typed: typed::specification::specified(heard),
    }
}

/// Some life's latest insert of an element counts, unless a remove names it.
pub(crate) fn live_inserts(heard: &[&Edit]) -> BTreeMap<Dot, u8> {
    let mut latest = BTreeMap::new();
    let mut removed: BTreeSet<Dot> = BTreeSet::new();
    for edit in heard {
        if let What::Insert(element) = edit.what {
            latest.insert((edit.row.life, element), edit.version);
        }
        if let What::Remove(dots) = &edit.what {
            removed.extend(dots);
        }
    }
    let dots = latest.into_iter().map(|((life, element), version)| ((life, version), element));
    dots.filter(|(dot, _)| !removed.contains(dot)).collect()
}

/// The inserts of one life that somebody removed. Collecting passes those removals on: whoever
/// hears of it need not hear of the remover.
pub(crate) fn own_removed(heard: &[&Edit], life: Life) -> BTreeSet<Dot> {
    let removed = heard.iter().filter_map(|edit| match &edit.what {
        What::Remove(dots) => Some(dots),
        What::Insert(_) | What::Count(_) | What::Set(..) | What::Say(_) | What::Typed(_) => None,
    });
    removed.flatten().filter(|dot| dot.0 == life).copied().collect()
}

/// The sum of all increments and decrements.
fn counter(heard: &[&Edit]) -> i128 {
    let steps = heard.iter().filter_map(|edit| match edit.what {
        What::Count(by) => Some(i128::from(by)),
        What::Insert(_) | What::Remove(_) | What::Set(..) | What::Say(_) | What::Typed(_) => None,
    });
    steps.sum()
}

/// The greatest (timestamp, life) wins.
fn register(heard: &[&Edit]) -> Option<u8> {
    let stamped = heard.iter().filter_map(|edit| match edit.what {
        What::Set(at, value) => Some(((at, edit.row.life), value)),
        What::Insert(_) | What::Remove(_) | What::Count(_) | What::Say(_) | What::Typed(_) => None,
    });
    stamped.max_by_key(|(stamp, _)| *stamp)?.1
}

/// What each life said last.
fn said(heard: &[&Edit]) -> BTreeMap<Life, u8> {
    let words = heard.iter().filter_map(|edit| match edit.what {
        What::Say(value) => Some((edit.row.life, value)),
        What::Insert(_) | What::Remove(_) | What::Count(_) | What::Set(..) | What::Typed(_) => None,
    });
    words.collect()
}
