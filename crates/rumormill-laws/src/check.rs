//! What is checked, by name.

use std::fmt;

/// What is checked of every history. A failure names the first of these, in this order, that did
/// not hold after the step it happened in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Check {
    /// No operation panics.
    NoPanic,
    /// What travels is decoded as what was encoded, has one spelling, and equal values make equal
    /// bytes.
    Wire,
    /// What is said to take so many bytes takes so many.
    SizeAccounting,
    /// On states that were reached, join is commutative, associative and idempotent.
    JoinLaws,
    /// What deltas give is what a join gives, also when they come twice or backwards at first.
    DeltaLaws,
    /// Equal digests mean equal states, and whoever is sent nothing lacks nothing.
    DigestCompleteness,
    /// What a replica has heard of stays heard of, and who starts from a disk has heard of all that
    /// was on it. As digests say; whole states are known to carry everything.
    NothingLost,
    /// Nobody can tell whether somebody has collected: not who did, not who joins it later, not
    /// who gets what was sent before.
    CollectionInvisible,
    /// What one replica has seen go comes back only by an insert that it had not heard of then.
    NoResurrection,
    /// What is read is what the specification says of the edits heard of.
    Refinement,
    /// When everybody reaches everybody, all come to rest in one state, and have heard of all that
    /// any of them had heard of.
    Convergence,
}

impl Check {
    /// All checks, in the order in which they are made.
    pub const ALL: [Self; 11] = [
        Self::NoPanic,
        Self::Wire,
        Self::SizeAccounting,
        Self::JoinLaws,
        Self::DeltaLaws,
        Self::DigestCompleteness,
        Self::NothingLost,
        Self::CollectionInvisible,
        Self::NoResurrection,
        Self::Refinement,
        Self::Convergence,
    ];
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPanic => "no panic",
            Self::Wire => "wire",
            Self::SizeAccounting => "size accounting",
            Self::JoinLaws => "join laws",
            Self::DeltaLaws => "delta laws",
            Self::DigestCompleteness => "digest completeness",
            Self::NothingLost => "nothing lost",
            Self::CollectionInvisible => "collection is invisible",
            Self::NoResurrection => "no resurrection",
            Self::Refinement => "refinement",
            Self::Convergence => "convergence",
        })
    }
}

/// A check that did not hold, and how.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    pub(crate) check: Check,
    pub(crate) how: String,
}

/// What every check returns.
pub(crate) type Checked = Result<(), Broken>;
