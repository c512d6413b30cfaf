//! Which life of our replica we run.

use core::time::Duration;

use rumormill_crdt::{Life, ReplicaId};

use crate::random::Random;

/// Epochs end in this many random bits, so that two starts never choose the same one (I1).
const RANDOM_BITS: u32 = 24;

/// How often a node gives way to a later life of its replica, or to what somebody else wrote in its
/// own. A restart that knew nothing needs one renewal, or a few if peers know different lives; whoever
/// needs more shares its identity with a running process, and the two would outbid each other for ever.
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
        let seconds_max = u64::MAX >> (RANDOM_BITS + 1);
        let guess = unix.as_secs().min(seconds_max) << RANDOM_BITS;
        Life { replica, epoch: guess | random_bits(random) }
    }

    /// Returns a life later than `heard`; nothing if we have given way too often, or if there is
    /// none.
    pub(crate) fn renew(&mut self, heard: Life, random: &mut Random) -> Option<Life> {
        if self.renewals >= RENEWALS_MAX {
            return None;
        }
        self.renewals += 1;
        Self::after(heard, random)
    }

    /// Returns a life later than `heard`; nothing if that is the last there can be. No honest
    /// clock gets there: it lies 35,000 years ahead.
    pub(crate) fn after(heard: Life, random: &mut Random) -> Option<Life> {
        let next = (heard.epoch >> RANDOM_BITS) + 1;
        let in_range = next <= u64::MAX >> RANDOM_BITS;
        let epoch = || (next << RANDOM_BITS) | random_bits(random);
        in_range.then(epoch).map(|epoch| Life { replica: heard.replica, epoch })
    }

    /// Says whether we gave way before: then a further later life is no memory of the past.
    pub(crate) const fn has_renewed(&self) -> bool {
        self.renewals > 0
    }
}

fn random_bits(random: &mut Random) -> u64 {
    random.next() >> (u64::BITS - RANDOM_BITS)
}
