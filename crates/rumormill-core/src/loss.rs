//! What share of datagrams gets lost.

/// How much the latest probe counts: one part in so many, and more if there were fewer. A node
/// that probes once a second knows of a change after half a minute.
const MEMORY: u32 = 16;

/// Stands for all probes.
const ALL: u32 = 1 << 20;

/// How many members in a million that are there may be suspected because datagrams got lost.
const FALSE_PER_MILLION: u64 = 100;

/// Of 1,000 questions, so many get an answer at the most where somebody is silent, whatever was
/// measured: three in ten datagrams may have begun to get lost a moment ago.
const ANSWERED_MAX: u32 = 490;

/// What share of datagrams arrives, by the share of probes whose first ping was answered: an
/// exponentially weighted mean. Only probes that were answered in the end count, since the others
/// are no sign of loss.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loss {
    /// Of `ALL` first pings, so many are answered.
    answered: u32,
    /// How many probes that is the mean of: at first it is of one that is made up.
    probes: u32,
}

impl Loss {
    /// Nothing is lost as far as is known.
    pub(crate) const fn new() -> Self {
        Self { answered: ALL, probes: 1 }
    }

    /// Takes note of a probe that was answered, by its first ping or by a later one.
    pub(crate) const fn observe(&mut self, by_the_first: bool) {
        let latest = if by_the_first { ALL } else { 0 };
        if self.probes < MEMORY {
            self.probes += 1;
        }
        self.answered = (self.answered * (self.probes - 1) + latest) / self.probes;
    }

    /// How many of 1,000 questions get an answer, neither of the two being lost.
    pub(crate) const fn answered_per_mille(self) -> u32 {
        (self.answered * 1_000 + ALL / 2) / ALL
    }

    /// How many of 1,000 datagrams arrive: the root, since an answer takes two.
    pub(crate) const fn arrives_per_mille(self) -> u32 {
        (self.answered_per_mille() * 1_000).isqrt()
    }

    /// How many pings it takes, from `least` to `most`, so that hardly ever all are lost, or their
    /// answers, and the ways by `relays` other members too.
    pub(crate) fn attempts(self, least: u32, most: u32, relays: usize) -> u32 {
        let answered = u64::from(self.answered_per_mille().min(ANSWERED_MAX));
        // Two questions and two answers take the way by a relay.
        let by_relay = answered * answered / 1_000;
        let mut unheard = 1_000_000_000;
        for _ in 0..relays.min(8) {
            unheard = unheard * (1_000 - by_relay) / 1_000;
        }
        let mut attempts = 0;
        while attempts < most && (attempts < least || unheard > FALSE_PER_MILLION * 1_000) {
            unheard = unheard * (1_000 - answered) / 1_000;
            attempts += 1;
        }
        attempts.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(probes: usize, is_answered: impl Fn(usize) -> bool) -> Loss {
        let mut loss = Loss::new();
        (0..probes).for_each(|probe| loss.observe(is_answered(probe)));
        loss
    }

    #[test]
    fn the_share_follows_what_is_answered() {
        assert_eq!(Loss::new().arrives_per_mille(), 1_000);
        let half = after(200, |probe| probe % 2 == 0);
        assert!(half.answered_per_mille().abs_diff(500) < 40, "{half:?}");
        assert!(half.arrives_per_mille().abs_diff(707) < 30, "{half:?}");
        assert_eq!(after(300, |_| false).arrives_per_mille(), 0);
        let healed = after(400, |probe| probe >= 200);
        assert_eq!(healed.arrives_per_mille(), 1_000, "a loss is forgotten");
        let soon = after(6, |probe| probe % 2 == 0);
        assert!(soon.answered_per_mille().abs_diff(500) < 100, "{soon:?}");
    }

    #[test]
    fn more_loss_takes_more_attempts() {
        let attempts = |answered: u32| {
            let loss = Loss { answered: ALL / 1_000 * answered, probes: MEMORY };
            loss.attempts(3, 24, 3)
        };
        let shares = [490, 360, 250];
        assert_eq!(shares.map(attempts), [13, 20, 24]);
        assert_eq!(attempts(1_000), attempts(490), "loss may have begun a moment ago");
        assert_eq!(Loss::new().attempts(0, 0, 3), 1, "one at least");
        let lossy = Loss { answered: ALL / 2, probes: MEMORY };
        assert_eq!(lossy.attempts(2, 5, 3), 5, "no more than fit");
    }
}
