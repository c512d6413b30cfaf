//! What the network does to a datagram.

use core::time::Duration;

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What the network does to a datagram between any two nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// The shortest way takes this long.
    pub delay_min: Duration,
    /// The longest way takes this long; delays are uniform in between.
    pub delay_max: Duration,
    /// The share of datagrams that get lost, from 0 to 1.
    pub loss: f64,
    /// The share that arrives twice.
    pub duplicate: f64,
    /// The share that is held up for ten more times the longest delay, behind later ones.
    pub reorder: f64,
}

impl Link {
    /// A local network: 0.5 to 2 ms, nothing lost.
    pub const LAN: Self = Self {
        delay_min: Duration::from_micros(500),
        delay_max: Duration::from_millis(2),
        loss: 0.0,
        duplicate: 0.0,
        reorder: 0.0,
    };

    /// Draws how often a datagram arrives, and how late each time.
    pub(crate) fn draw(&self, chance: &mut Chance) -> impl Iterator<Item = Duration> + use<> {
        let lost = chance.happens(self.loss);
        let copies = usize::from(!lost) + usize::from(!lost && chance.happens(self.duplicate));
        let delays = [self.draw_delay(chance), self.draw_delay(chance)];
        delays.into_iter().take(copies)
    }

    fn draw_delay(&self, chance: &mut Chance) -> Duration {
        let spread = self.delay_max.saturating_sub(self.delay_min);
        let held_up =
            if chance.happens(self.reorder) { self.delay_max * 10 } else { Duration::ZERO };
        self.delay_min + spread.mul_f64(chance.share()) + held_up
    }
}

/// The network's chance, apart from that of the nodes.
#[derive(Clone, Debug)]
pub(crate) struct Chance(Xoshiro256PlusPlus);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// A number in `[0, 1)`.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(crate) fn share(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn happens(&mut self, share: f64) -> bool {
        share > 0.0 && self.share() < share
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in `0..end`. The bias is below `end / 2^64`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let scaled = u128::from(self.next()) * u128::from(end);
        u64::try_from(scaled >> 64).expect("a share of 64 bits")
    }
}
