//! What is believed of members.

use rumormill_crdt::Life;
use serde::{Deserialize, Serialize};

use crate::sender::Tag;

/// A belief about the liveness of one life. That it is there is refuted by nobody; what is said against
/// it is, by a greater incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) life: Life,
    pub(crate) incarnation: u64,
    pub(crate) standing: ClaimedStanding,
}

/// What is believed of a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ClaimedStanding {
    Alive,
    /// The life with this tag got no answer.
    Suspect {
        by: Tag,
    },
    Dead,
}

/// A claim as it travels: the life it is about is named by its tag, since a claim about somebody who
/// is not known is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) about: Tag,
    incarnation: u64,
    pub(crate) standing: ClaimedStanding,
}

impl Claim {
    /// Says whether this is a claim against `life`.
    pub(crate) fn doubts(&self, life: Life) -> bool {
        self.life == life && self.standing != ClaimedStanding::Alive
    }
}

impl Said {
    /// The claim, about the life that the tag means.
    pub(crate) const fn of(self, life: Life) -> Claim {
        Claim { life, incarnation: self.incarnation, standing: self.standing }
    }
}

impl From<Claim> for Said {
    fn from(claim: Claim) -> Self {
        let Claim { life, incarnation, standing } = claim;
        Self { about: Tag::of(life), incarnation, standing }
    }
}
