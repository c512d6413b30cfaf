//! What the network does to a datagram.

use core::time::Duration;

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What the network does to a datagram between any two nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// The shortest way takes this long.
    pub delay_min: Duration,
    /// The longest way takes this long, unless delays have a tail.
    pub delay_max: Duration,
    /// How delays are spread.
    pub delays: Delays,
    /// The share of datagrams that get lost, from 0 to 1.
    pub loss: f64,
    /// Stretches in which far more get lost.
    pub bursts: Option<Bursts>,
    /// The share that arrives twice.
    pub duplicate: f64,
    /// The share that is held up for ten more times the longest delay, behind later ones.
    pub reorder: f64,
    /// The share of which one to eight bits are flipped.
    pub corrupt: f64,
    /// What is longer arrives without its end.
    pub len_max: usize,
    /// For this share somebody sends once more, to anybody, what was sent some time before.
    pub replay: f64,
    /// For this share somebody sends bytes that mean nothing.
    pub junk: f64,
}

/// How delays are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Delays {
    /// Evenly between the shortest and the longest.
    #[default]
    Uniform,
    /// By Pareto with shape 2, beginning at the shortest: one in a hundred takes ten times the
    /// spread, one in ten thousand a hundred times; a minute at most.
    Tailed,
    /// By Pareto with shape 1: one in a hundred takes a hundred times the spread; a minute at most.
    HeavyTailed,
}

/// Stretches of loss, one state a sender: Gilbert (1960) and Elliott (1963).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bursts {
    /// The chance that one begins with a datagram.
    pub begin: f64,
    /// The chance that it ends with a datagram.
    pub end: f64,
    /// The share that gets lost in it.
    pub loss: f64,
}

/// The longest that a datagram is under way, by delays with a tail.
const DELAY_MAX: f64 = 60.0;

/// What becomes of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    /// How late each copy arrives.
    delays: [Duration; 2],
    pub(crate) copies: usize,
    /// Whether it was a burst that took it.
    pub(crate) in_burst: bool,
    /// How many copies were held up behind later datagrams.
    pub(crate) held_up: usize,
}

impl Link {
    /// A local network: 0.5 to 2 ms, nothing lost.
    pub const LAN: Self = Self {
        delay_min: Duration::from_micros(500),
        delay_max: Duration::from_millis(2),
        delays: Delays::Uniform,
        loss: 0.0,
        bursts: None,
        duplicate: 0.0,
        reorder: 0.0,
        corrupt: 0.0,
        len_max: usize::MAX,
        replay: 0.0,
        junk: 0.0,
    };

    /// Draws how often a datagram arrives, and how late each time. `is_bursting` is the state of
    /// its sender.
    pub(crate) fn draw(&self, chance: &mut Chance, is_bursting: &mut bool) -> Fate {
        let in_burst = self.bursts.is_some_and(|bursts| bursts.draw(chance, is_bursting));
        let lost = in_burst || chance.happens(self.loss);
        let copies = usize::from(!lost) + usize::from(!lost && chance.happens(self.duplicate));
        let drawn = [self.draw_delay(chance), self.draw_delay(chance)];
        let held_up = drawn.iter().take(copies).filter(|(_, held_up)| *held_up).count();
        Fate { delays: drawn.map(|(delay, _)| delay), copies, in_burst, held_up }
    }

    fn draw_delay(&self, chance: &mut Chance) -> (Duration, bool) {
        let spread = self.delay_max.saturating_sub(self.delay_min);
        let is_held_up = chance.happens(self.reorder);
        let held_up = if is_held_up { self.delay_max * 10 } else { Duration::ZERO };
        let late = self.delays.stretch(spread, chance.share());
        (self.delay_min + late + held_up, is_held_up)
    }
}

impl Delays {
    /// Only operations that every machine rounds alike.
    fn stretch(self, spread: Duration, share: f64) -> Duration {
        let times = match self {
            Self::Uniform => return spread.mul_f64(share),
            Self::Tailed => (1.0 - share).sqrt().recip(),
            Self::HeavyTailed => (1.0 - share).recip(),
        };
        Duration::from_secs_f64((spread.as_secs_f64() * (times - 1.0)).min(DELAY_MAX))
    }
}

impl Bursts {
    fn draw(self, chance: &mut Chance, is_bursting: &mut bool) -> bool {
        *is_bursting =
            if *is_bursting { !chance.happens(self.end) } else { chance.happens(self.begin) };
        *is_bursting && chance.happens(self.loss)
    }
}

impl Fate {
    pub(crate) fn delays(&self) -> impl Iterator<Item = Duration> + use<> {
        self.delays.into_iter().take(self.copies)
    }
}

/// Chance from a seed: the network's, or a workload's, apart from that of the nodes.
#[derive(Clone, Debug)]
pub struct Chance(Xoshiro256PlusPlus);

impl Chance {
    /// The same seed gives the same draws, on every machine.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// A number in `[0, 1)`.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn share(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Says whether something happens that does so with this chance.
    pub fn happens(&mut self, share: f64) -> bool {
        share > 0.0 && self.share() < share
    }

    /// A number of 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in `0..end`. The bias is below `end / 2^64`.
    pub fn below(&mut self, end: u64) -> u64 {
        let scaled = u128::from(self.draw()) * u128::from(end);
        u64::try_from(scaled >> 64).expect("a share of 64 bits")
    }
}
