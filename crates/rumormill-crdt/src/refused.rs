//! Why a delta was not taken in.

use core::fmt;

use crate::{ClockAhead, Version};

/// Why a delta was not taken in. Nothing visible changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The delta starts after what is held: ask for the row from `version` on.
    Gap {
        /// The version up to which a further delta would fit.
        version: Version,
    },
    /// Tombstones that we still need were forgotten: ask for the row from version 0.
    Floor,
    /// A staging of this row wants a sender whose floor is at least as high.
    OldFloor,
    /// A staging of this row is further along than this piece.
    StaleStaging,
    /// The cells do not add up to the hash the owner gave: damaged, or two writers in one life.
    Hash,
    /// It claims to be ahead of us in our own row: somebody else runs our life.
    OwnRow,
    /// It is from an ended life in a space where only the newest counts.
    OldLife,
    /// Its replica was evicted.
    Evicted,
    /// It is stamped so long ago that everybody has dropped it, and nothing depends on it.
    Expired,
    /// As many rows are staged as the limits allow; try again when some have arrived.
    StagingFull,
    /// The table has as many rows as the limits allow.
    TableFull,
    /// A cell is longer, or the row has more cells, than our limits allow.
    TooLarge,
    /// Its replica would have more rows, or more cells in all of them, than the limits allow one.
    OverQuota,
    /// Its replica has written so much of late that the rest has to wait.
    TooFast,
    /// The head depends on more rows than the limits allow.
    TooManyDependencies,
    /// Its clock is further ahead than the skew bound.
    Clock(ClockAhead),
    /// A cell carries a timestamp later than its own head's.
    CellAfterHead,
    /// We hold another head of the same version: its owner gave one version two contents, or
    /// somebody else did in its name.
    OtherHead,
    /// Its owner has not signed it, or signed something else.
    Signature,
    /// Nobody has told us its owner's key yet: ask for the owner's row in the `self` space.
    UnknownKey,
    /// Its owner is not let in, or not into this space, or not at the time of its stamp.
    NotAdmitted,
    /// Whoever sent it has sent so much to be verified that the rest has to wait.
    TooMuchToVerify,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap { version } => {
                write!(f, "the delta starts after version {version}, which is all we hold")
            }
            Self::Floor => f.write_str("the sender forgot tombstones that we still need"),
            Self::OldFloor => f.write_str("the sender's floor is below that of our staging"),
            Self::StaleStaging => f.write_str("our staging is further along than this piece"),
            Self::Hash => f.write_str("the cells do not add up to the hash in the head"),
            Self::OwnRow => f.write_str("somebody else writes in our name and life"),
            Self::OldLife => f.write_str("a newer life of this replica is known"),
            Self::Evicted => f.write_str("this replica was evicted"),
            Self::Expired => f.write_str("the row is older than the retention of its space"),
            Self::StagingFull => f.write_str("too many rows are being received at once"),
            Self::TableFull => f.write_str("the table has as many rows as its limits allow"),
            Self::TooLarge => f.write_str("a cell or the row is larger than our limits allow"),
            Self::OverQuota => f.write_str("its replica has as much as the limits allow one"),
            Self::TooFast => f.write_str("its replica writes faster than it may"),
            Self::TooManyDependencies => f.write_str("the head depends on too many rows"),
            Self::Clock(ahead) => ahead.fmt(f),
            Self::CellAfterHead => f.write_str("a cell is stamped later than its own head"),
            Self::OtherHead => f.write_str("we hold another head of the same version"),
            Self::Signature => f.write_str("its owner did not sign this"),
            Self::UnknownKey => f.write_str("the key of its owner is not known yet"),
            Self::NotAdmitted => f.write_str("its owner is not let in here, or was not by then"),
            Self::TooMuchToVerify => f.write_str("its sender asks for too many verifications"),
        }
    }
}

impl core::error::Error for Refused {}
