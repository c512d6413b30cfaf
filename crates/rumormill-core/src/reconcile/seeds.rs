//! Peers we were told of.

use alloc::vec::Vec;
use core::time::Duration;

use crate::{Address, Config, Event, Instant, event::Events, random::Random};

/// The longest wait before a seed is tried again.
const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// The longest such wait of a node that reaches nobody.
const BACKOFF_ISOLATED: Duration = Duration::from_secs(4);

/// Silent attempts before a seed is reported.
const PATIENCE: u32 = 3;

/// The most seeds that are kept.
const SEEDS_MAX: usize = 256;

/// Peers we were told of. Each is asked until it answers, and once in a long while after that: it
/// may be the only tie between two parts of a population that never met.
#[derive(Debug)]
pub(super) struct Seeds<A> {
    seeds: Vec<Seed<A>>,
}

#[derive(Debug)]
struct Seed<A> {
    address: A,
    /// How often it was asked since it last answered.
    attempts: u32,
    backoff: Duration,
    next_at: Instant,
}

impl<A: Address> Seeds<A> {
    pub(super) const fn new() -> Self {
        Self { seeds: Vec::new() }
    }

    /// Takes up a seed: it is asked at once, and again until it answers.
    pub(super) fn join(&mut self, now: Instant, config: &Config, address: A) {
        let is_new = self.seeds.iter().all(|seed| seed.address != address);
        if is_new && self.seeds.len() < SEEDS_MAX {
            let backoff = config.seed_backoff;
            self.seeds.push(Seed { address, attempts: 0, backoff, next_at: now });
        }
    }

    /// Forgets a seed that turned out to be ourselves.
    pub(super) fn forget(&mut self, address: &A) {
        self.seeds.retain(|seed| seed.address != *address);
    }

    /// Notes that there is somebody at an address.
    pub(super) fn handle_sign_of_life(&mut self, from: &A) {
        for seed in self.seeds.iter_mut().filter(|seed| seed.address == *from) {
            seed.attempts = 0;
        }
    }

    /// Draws one seed.
    pub(super) fn draw(&self, random: &mut Random) -> Option<A> {
        self.seeds.get(random.below(self.seeds.len())).map(|seed| seed.address.clone())
    }

    /// The seeds to be asked by now.
    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        isolated: bool,
        random: &mut Random,
        events: &mut Events<A>,
    ) -> Vec<A> {
        let due = self.seeds.iter_mut().filter(|seed| seed.next_at <= now);
        due.map(|seed| seed.take_turn(now, isolated, random, events)).collect()
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.seeds.iter().map(|seed| seed.next_at).min()
    }
}

impl<A: Address> Seed<A> {
    fn take_turn(
        &mut self,
        now: Instant,
        isolated: bool,
        random: &mut Random,
        events: &mut Events<A>,
    ) -> A {
        let backoff_max = if isolated { BACKOFF_ISOLATED } else { BACKOFF_MAX };
        let again_in = random.around(self.backoff.min(backoff_max));
        if self.attempts >= PATIENCE {
            let (address, attempts) = (self.address.clone(), self.attempts);
            events.note(Event::SeedUnreachable { address, attempts, again_in });
        }
        self.attempts = self.attempts.saturating_add(1);
        self.next_at = now + again_in;
        self.backoff = self.backoff.saturating_mul(2).min(backoff_max);
        self.address.clone()
    }
}
