//! What can happen in a history.

use std::fmt::{self, Debug};

use proptest::{collection, prelude::*, strategy::Union};

/// Whom a step is about. A step about somebody who is not there does nothing, so that a history
/// stays a history when steps are taken out of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who(pub(crate) u8);

impl Who {
    /// There from the start.
    pub const A: Self = Self(0);
    /// There from the start.
    pub const B: Self = Self(1);
    /// There from the start.
    pub const C: Self = Self(2);
    /// Comes with [`Step::Arrive`].
    pub const D: Self = Self(3);

    pub(crate) const AT_START: [Self; 3] = [Self::A, Self::B, Self::C];
}

/// One step of a history: plain data, so that histories can be generated, shortened and written
/// down.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step<E> {
    /// Somebody edits.
    Edit {
        /// Who edits.
        who: Who,
        /// What is done.
        edit: E,
    },
    /// One takes in all that another has heard of.
    Sync {
        /// Who tells.
        from: Who,
        /// Who listens.
        to: Who,
    },
    /// One takes in some of the deltas that it lacks of another's.
    SyncPart {
        /// Who tells.
        from: Who,
        /// Who listens.
        to: Who,
        /// Delta n arrives if bit n mod 8 is set.
        mask: u8,
    },
    /// Two tell each other all; whoever has heard the other collects.
    Meet {
        /// Who speaks first.
        one: Who,
        /// Who listens first.
        other: Who,
    },
    /// One tells another all it lacks; nothing of it arrives yet.
    Send {
        /// Who tells.
        from: Who,
        /// Whom it is for.
        to: Who,
    },
    /// Something that was sent arrives: late, out of order, perhaps not for the last time, perhaps
    /// at somebody whom it was not meant for.
    Deliver {
        /// Which of what is in flight, modulo their number.
        nth: u8,
        /// Somebody else who gets it.
        astray: Option<Who>,
        /// Whether it will arrive again.
        again: bool,
    },
    /// Something that was sent is lost.
    Lose {
        /// Which of what is in flight, modulo their number.
        nth: u8,
    },
    /// Somebody collects.
    Collect {
        /// Who collects.
        who: Who,
    },
    /// Somebody forgets records of removals.
    Forget {
        /// Who forgets.
        who: Who,
        /// Up to when.
        before: u8,
    },
    /// Somebody writes its state to its disk.
    Save {
        /// Who saves.
        who: Who,
    },
    /// Somebody starts again, as a new life.
    Restart {
        /// Who starts again.
        who: Who,
        /// What it finds.
        disk: Disk,
    },
    /// Somebody starts again without a disk, and edits before it has heard of anything.
    BlindStart {
        /// Who starts again.
        who: Who,
        /// What is done.
        edit: E,
    },
    /// The fourth replica comes, if it is not there.
    Arrive,
    /// Somebody is evicted: it goes, and everybody else drops what it did. Unless only two would be
    /// left less one.
    Evict {
        /// Who goes.
        who: Who,
    },
    /// Somebody goes for ever, unless only two would be left less one.
    Leave {
        /// Who goes.
        who: Who,
    },
}

/// What a restart finds on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// Everything.
    Fresh,
    /// What was there at the last [`Step::Save`], or at the last restart.
    Stale,
    /// Nothing.
    Lost,
}

/// Which steps mean something for a type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Abilities {
    pub(crate) deltas: bool,
    pub(crate) collects: bool,
    pub(crate) evicts: bool,
}

/// Histories of up to `len_max` steps, of which the first is an edit.
pub(crate) fn histories<E: Clone + Debug + 'static>(
    edits: BoxedStrategy<E>,
    len_max: usize,
    able: Abilities,
) -> BoxedStrategy<Vec<Step<E>>> {
    let first = (who(), edits.clone()).prop_map(|(who, edit)| Step::Edit { who, edit });
    let more = collection::vec(step(edits, able), 0..len_max);
    (first, more).prop_map(|(first, more)| [vec![first], more].concat()).boxed()
}

fn step<E: Clone + Debug + 'static>(
    edits: BoxedStrategy<E>,
    able: Abilities,
) -> impl Strategy<Value = Step<E>> {
    let mut kinds = vec![
        (32, (who(), edits.clone()).prop_map(|(who, edit)| Step::Edit { who, edit }).boxed()),
        (6, pair().prop_map(|(from, to)| Step::Sync { from, to }).boxed()),
        (12, pair().prop_map(|(one, other)| Step::Meet { one, other }).boxed()),
        (10, pair().prop_map(|(from, to)| Step::Send { from, to }).boxed()),
        (16, deliver().boxed()),
        (2, any::<u8>().prop_map(|nth| Step::Lose { nth }).boxed()),
        (2, who().prop_map(|who| Step::Save { who }).boxed()),
        (3, (who(), disk()).prop_map(|(who, disk)| Step::Restart { who, disk }).boxed()),
        (1, (who(), edits).prop_map(|(who, edit)| Step::BlindStart { who, edit }).boxed()),
        (1, Just(Step::Arrive).boxed()),
        (1, who().prop_map(|who| Step::Leave { who }).boxed()),
    ];
    if able.deltas {
        // One delta alone, or any of them.
        let mask = prop_oneof![(0..4u8).prop_map(|nth| 1 << nth), any::<u8>()];
        let part = (pair(), mask);
        let part = part.prop_map(|((from, to), mask)| Step::SyncPart { from, to, mask });
        kinds.push((18, part.boxed()));
    }
    if able.collects {
        kinds.push((8, who().prop_map(|who| Step::Collect { who }).boxed()));
        let forget = (who(), 1..20u8).prop_map(|(who, before)| Step::Forget { who, before });
        kinds.push((5, forget.boxed()));
    }
    if able.evicts {
        kinds.push((1, who().prop_map(|who| Step::Evict { who }).boxed()));
    }
    Union::new_weighted(kinds)
}

fn deliver<E: Clone + Debug + 'static>() -> impl Strategy<Value = Step<E>> {
    let nth = prop_oneof![3 => Just(0), 2 => any::<u8>()];
    let astray = prop_oneof![3 => Just(None), 1 => who().prop_map(Some)];
    let again = prop_oneof![3 => Just(false), 1 => Just(true)];
    (nth, astray, again).prop_map(|(nth, astray, again)| Step::Deliver { nth, astray, again })
}

fn disk() -> impl Strategy<Value = Disk> {
    prop_oneof![Just(Disk::Fresh), Just(Disk::Stale), Just(Disk::Lost)]
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![3 => Just(Who::A), 3 => Just(Who::B), 3 => Just(Who::C), 1 => Just(Who::D)]
}

/// Two who differ.
fn pair() -> impl Strategy<Value = (Who, Who)> {
    (who(), 1..4u8).prop_map(|(one, apart)| (one, Who((one.0 + apart) % 4)))
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", char::from(b'a' + self.0))
    }
}

impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
