//! What can happen in a history, one line a step.

use core::fmt;

use proptest::{collection, prelude::*};

use super::typed::{self, Type};

/// Whom a step is about: `0` is `a`, `1` is `b` and so on. A step about somebody who is not there
/// does nothing, so that a history stays a history when steps are taken out of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Who(pub(crate) u8);

/// The one who is not there at the start.
pub(crate) const LATE: Who = Who(3);

/// One step of a history.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Edit {
        who: Who,
        edit: Edit,
    },
    /// An element is inserted and removed again, so that there is something to forget.
    Flicker {
        who: Who,
        element: u8,
    },
    Collect {
        who: Who,
    },
    Forget {
        who: Who,
        before: u8,
    },
    Send {
        from: Who,
        to: Who,
        since: Since,
        cut: Cut,
    },
    Deliver {
        nth: u8,
        astray: Option<Who>,
        keep: bool,
    },
    Lose {
        nth: u8,
    },
    Fetch {
        from: Who,
        to: Who,
        every: u8,
        pieces: u8,
    },
    Sync {
        from: Who,
        to: Who,
    },
    Talk {
        one: Who,
        other: Who,
    },
    Join {
        from: Who,
        to: Who,
    },
    GiveUp {
        who: Who,
    },
    Tick {
        who: Who,
        millis: u16,
        back: bool,
    },
    Save {
        who: Who,
    },
    Restart {
        who: Who,
        disk: Disk,
    },
    Arrive,
    Leave {
        who: Who,
    },
}

/// What a user does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit {
    Insert(u8),
    Remove(u8),
    Count(i8),
    /// Sets the register.
    Set(u8),
    /// Clears the register.
    Clear,
    /// Says something of oneself, where only the newest life counts.
    Say(u8),
    /// Edits a column of one of the types that have histories of their own.
    Typed(typed::Edit),
}

/// What the receiver of a delta is believed to hold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Since {
    /// What it would ask for.
    Wanted,
    /// Nothing: the whole row is sent.
    Beginning,
}

/// How a delta is put into datagrams.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// In one, however long.
    Whole,
    /// In pieces that the row makes itself, each of at most this many bytes.
    Budget(u8),
    /// In one delta of a sender that has cut it at every so many versions.
    Every(u8),
}

/// What a restart finds on the disk.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Disk {
    /// Everything; the process takes up the same table.
    Kept,
    /// Everything; a new process reads it.
    Fresh,
    /// What was there at the last [`Step::Save`].
    Stale,
    /// Nothing.
    Lost,
}

/// A history, shown with one step a line.
#[derive(Clone)]
pub(crate) struct History(pub(crate) Vec<Step>);

/// Histories of up to `len_max` steps.
pub(crate) fn histories(len_max: usize) -> impl Strategy<Value = History> {
    collection::vec(step(edits()), 0..=len_max).prop_map(History)
}

/// Histories of up to `len_max` steps in which users edit one column, of the given type.
pub(crate) fn histories_of(of: Type, len_max: usize) -> impl Strategy<Value = History> {
    let edits = (who(), typed::edits(of))
        .prop_map(|(who, edit)| Step::Edit { who, edit: Edit::Typed(edit) });
    collection::vec(step(edits), 0..=len_max).prop_map(History)
}

fn step(edits: impl Strategy<Value = Step> + 'static) -> impl Strategy<Value = Step> {
    prop_oneof![
        26 => edits,
        6 => who().prop_map(|who| Step::Collect { who }),
        7 => (who(), 1..20u8).prop_map(|(who, before)| Step::Forget { who, before }),
        30 => traffic(),
        1 => pair().prop_map(|(from, to)| Step::Sync { from, to }),
        10 => (pair(), 1..4u8, 1..4u8).prop_map(|((from, to), every, pieces)| {
            Step::Fetch { from, to, every, pieces }
        }),
        3 => pair().prop_map(|(one, other)| Step::Talk { one, other }),
        1 => pair().prop_map(|(from, to)| Step::Join { from, to }),
        1 => who().prop_map(|who| Step::GiveUp { who }),
        1 => (who(), 0..1_500u16, any::<bool>())
            .prop_map(|(who, millis, back)| Step::Tick { who, millis, back }),
        2 => churn(),
    ]
}

fn edits() -> impl Strategy<Value = Step> {
    let edit = prop_oneof![
        5 => element().prop_map(Edit::Insert),
        5 => element().prop_map(Edit::Remove),
        2 => (-9..=9i8).prop_map(Edit::Count),
        1 => (0..9u8).prop_map(Edit::Set),
        1 => Just(Edit::Clear),
        1 => (0..9u8).prop_map(Edit::Say),
    ];
    prop_oneof![
        5 => (who(), edit).prop_map(|(who, edit)| Step::Edit { who, edit }),
        1 => (who(), element()).prop_map(|(who, element)| Step::Flicker { who, element }),
    ]
}

/// Few elements, so that several insert and remove the same.
fn element() -> impl Strategy<Value = u8> {
    prop_oneof![2 => Just(0), 1 => Just(1), 1 => Just(2)]
}

fn traffic() -> impl Strategy<Value = Step> {
    let since = prop_oneof![3 => Just(Since::Wanted), 1 => Just(Since::Beginning)];
    let cut = prop_oneof![
        3 => Just(Cut::Whole),
        2 => (0..60u8).prop_map(|room| Cut::Budget(50 + room)),
        4 => (1..4u8).prop_map(Cut::Every),
    ];
    let nth = prop_oneof![3 => Just(0), 2 => any::<u8>()];
    let astray = prop_oneof![4 => Just(None), 1 => who().prop_map(Some)];
    let keep = prop_oneof![3 => Just(false), 1 => Just(true)];
    prop_oneof![
        6 => (pair(), since, cut)
            .prop_map(|((from, to), since, cut)| Step::Send { from, to, since, cut }),
        14 => (nth, astray, keep)
            .prop_map(|(nth, astray, keep)| Step::Deliver { nth, astray, keep }),
        1 => any::<u8>().prop_map(|nth| Step::Lose { nth }),
    ]
}

fn churn() -> impl Strategy<Value = Step> {
    let disk =
        prop_oneof![Just(Disk::Kept), Just(Disk::Fresh), Just(Disk::Stale), Just(Disk::Lost)];
    prop_oneof![
        4 => (who(), disk).prop_map(|(who, disk)| Step::Restart { who, disk }),
        2 => who().prop_map(|who| Step::Save { who }),
        1 => Just(Step::Arrive),
        1 => who().prop_map(|who| Step::Leave { who }),
    ]
}

/// Some do more than others, so that there are long rows and copies far behind them.
fn who() -> impl Strategy<Value = Who> {
    prop_oneof![8 => Just(Who(0)), 5 => Just(Who(1)), 3 => Just(Who(2)), 1 => Just(LATE)]
}

fn pair() -> impl Strategy<Value = (Who, Who)> {
    let two = |(from, to): (Who, Who)| (from, if from == to { Who((to.0 + 1) % 3) } else { to });
    (who(), who()).prop_map(two)
}

impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", char::from(b'a' + self.0))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edit { who, edit } => write!(f, "{who:?} {edit}"),
            Self::Flicker { who, element } => write!(f, "{who:?} inserts and removes {element}"),
            Self::Collect { who } => write!(f, "{who:?} collects"),
            Self::Forget { who, before } => write!(f, "{who:?} forgets up to v{before}"),
            Self::Send { from, to, since, cut } => {
                write!(f, "{from:?} sends to {to:?} since {since:?}, cut {cut:?}")
            }
            Self::Deliver { nth, astray, keep } => {
                let again = if *keep { ", will come again" } else { "" };
                match astray {
                    Some(who) => write!(f, "datagram {nth} arrives astray at {who:?}{again}"),
                    None => write!(f, "datagram {nth} arrives{again}"),
                }
            }
            Self::Lose { nth } => write!(f, "datagram {nth} is lost"),
            Self::Fetch { from, to, every, pieces } => {
                write!(f, "{to:?} fetches {pieces} pieces of {every} versions a row from {from:?}")
            }
            Self::Sync { from, to } => write!(f, "{from:?} brings {to:?} up to date"),
            Self::Talk { one, other } => {
                write!(f, "{one:?} and {other:?} bring each other up to date and collect")
            }
            Self::Join { from, to } => write!(f, "{to:?} joins {from:?}"),
            Self::GiveUp { who } => write!(f, "{who:?} gives up on rows that arrive in pieces"),
            Self::Tick { who, millis, back } => {
                let sign = if *back { '-' } else { '+' };
                write!(f, "the wall clock of {who:?} goes {sign}{millis} ms")
            }
            Self::Save { who } => write!(f, "{who:?} saves to its disk"),
            Self::Restart { who, disk } => write!(f, "{who:?} restarts, disk {disk:?}"),
            Self::Arrive => write!(f, "{LATE:?} arrives"),
            Self::Leave { who } => write!(f, "{who:?} stops for ever"),
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Insert(element) => write!(f, "inserts {element}"),
            Self::Remove(element) => write!(f, "removes {element}"),
            Self::Count(by) => write!(f, "counts {by:+}"),
            Self::Set(value) => write!(f, "sets the register to {value}"),
            Self::Clear => f.write_str("clears the register"),
            Self::Say(value) => write!(f, "says {value} of itself"),
            Self::Typed(edit) => write!(f, "edits: {edit:?}"),
        }
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "a history of {} steps:", self.0.len())?;
        for (number, step) in self.0.iter().enumerate() {
            writeln!(f, "{number:>4}  {step}")?;
        }
        Ok(())
    }
}
