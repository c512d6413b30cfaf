//! Which life of our replica we run.

use core::time::Duration;

use rumormill_crdt::{Life, ReplicaId};

use crate::random::Random;

/// Epochs end in this many random bits, so that two starts never choose the same one (I1).
const RANDOM_BITS: u32 = 24;

/// How often a node gives way to a later life of its replica. A restart that knew nothing needs
/// one renewal, or a few if peers know different lives; whoever needs more shares its identity
/// with a running process, and the two would outbid each other for ever.
const RENEWALS_MAX: u32 = 3;

/// Chooses epochs.
///
/// The wall clock only makes a good first guess; what makes an epoch right is that it is above
/// every epoch heard of, and that is checked whenever one is heard of.
#[derive(Debug, Default)]
pub(crate) struct Lives {
    renewals: u32,
}

impl Lives {
    pub(crate) fn first(replica: ReplicaId, unix: Duration, random: &mut Random) -> Life {
        Life { replica, epoch: above((unix.as_secs() << RANDOM_BITS) - 1, random) }
    }

    /// Returns a life later than `heard`; nothing if we have given way too often.
    pub(crate) fn renew(&mut self, heard: Life, random: &mut Random) -> Option<Life> {
        if self.renewals >= RENEWALS_MAX || heard.epoch >> RANDOM_BITS == u64::MAX >> RANDOM_BITS {
            return None;
        }
        self.renewals += 1;
        Some(Self::after(heard, random))
    }

    /// Returns a life later than one at rest on our own disk.
    pub(crate) fn after(heard: Life, random: &mut Random) -> Life {
        Life { replica: heard.replica, epoch: above(heard.epoch, random) }
    }

    /// Says whether we gave way before: then a further later life is no memory of the past.
    pub(crate) const fn has_renewed(&self) -> bool {
        self.renewals > 0
    }
}

fn above(epoch: u64, random: &mut Random) -> u64 {
    let next = (epoch >> RANDOM_BITS).saturating_add(1) << RANDOM_BITS;
    next | (random.next() >> (u64::BITS - RANDOM_BITS))
}
