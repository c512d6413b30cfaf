//! How conversations are opened: with whoever is probed, members at random, the dead and the seeds.

use core::time::Duration;

use super::{Reconcile, Scene};
use crate::{
    Address, Config, Instant, encounters::ReconcileEvent, event::Events, membership::Membership,
    outbox::Outbox, random::Random,
};

/// A member thought dead is compared with once in so many periods: it may be back, or the network
/// may have healed.
const PERIODS_PER_DEAD: u32 = 4;

/// One in how many comparisons is an audit.
const COMPARISONS_PER_AUDIT: u32 = 64;

/// Comparisons of two nodes with each other are at once within this share of the time that an
/// answer may take.
const AT_ONCE_SHARE: u32 = 8;

impl<A: Address> Reconcile<A> {
    /// Takes up a seed: it is asked at once, and again until it answers.
    pub(crate) fn join(&mut self, now: Instant, config: &Config, address: A) {
        self.seeds.join(now, config, address);
    }

    /// Forgets a seed that turned out to be ourselves.
    pub(crate) fn drop_seed(&mut self, address: &A) {
        self.seeds.forget(address);
    }

    /// Draws one seed.
    pub(crate) fn draw_seed(&self, random: &mut Random) -> Option<A> {
        self.seeds.draw(random)
    }

    /// Notes that there is somebody at an address.
    pub(crate) fn handle_sign_of_life(&mut self, from: &A) {
        self.seeds.handle_sign_of_life(from);
    }

    /// Compares with a member: a probe is a good occasion.
    pub(crate) fn compare_with(
        &mut self,
        now: Instant,
        config: &Config,
        peer: &A,
        random: &mut Random,
        out: &mut Outbox<A>,
    ) {
        self.next_at = now + random.around(config.reconcile_every);
        if self.compared.as_ref().is_some_and(|(with, until)| with == peer && now < *until) {
            return;
        }
        self.compared = Some((peer.clone(), now + at_once_within(config)));
        self.opened = self.opened.wrapping_add(1);
        self.note(ReconcileEvent::Opens);
        if self.opened.is_multiple_of(COMPARISONS_PER_AUDIT) {
            out.audit(peer, random.salt());
        } else {
            out.compare(peer);
        }
    }

    /// Compares with a random member if no probe did for a while, with the dead now and then, and
    /// with silent seeds as their time comes.
    pub(crate) fn handle_timeout(
        &mut self,
        members: &Membership<A>,
        random: &mut Random,
        events: &mut Events<A>,
        mut scene: Scene<'_, A>,
    ) {
        let (now, config) = (scene.now, scene.config);
        if self.next_at <= now {
            self.next_at = now + random.around(config.reconcile_every);
            match members.draw(random, 1).first() {
                Some(peer) => self.compare_with(now, config, peer, random, scene.out),
                None => self.look_after_the_dead(members, random, scene.out),
            }
        }
        if self.next_dead_at <= now {
            self.next_dead_at = now + until_dead(config, random);
            self.look_after_the_dead(members, random, scene.out);
        }
        let is_overdue = self.inquiry.as_ref().is_some_and(|inquiry| inquiry.deadline <= now);
        if is_overdue {
            self.note(ReconcileEvent::Overdue);
        }
        if let Some(inquiry) = self.inquiry.take_if(|_| is_overdue) {
            let peer = inquiry.peer().clone();
            scene.out.begin_question(&peer, false);
            self.conclude(inquiry, &peer, &mut scene);
            scene.out.end_answer();
        }
        self.sweep.handle_timeout(members, random, &mut scene);
        self.filling.handle_timeout(members, random, &mut scene);
        let isolated = members.reachable().is_empty();
        for seed in self.seeds.handle_timeout(now, isolated, random, events) {
            scene.out.introduce(&seed);
            if isolated {
                self.filling.knock(&seed, &mut scene);
            } else {
                scene.out.compare(&seed);
            }
        }
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        let inquiry = self.inquiry.as_ref().map(|inquiry| inquiry.deadline);
        let (sweep, filling) = (self.sweep.poll_timeout(), self.filling.poll_timeout());
        let sometimes = [inquiry, sweep, filling, self.seeds.poll_timeout()];
        sometimes.into_iter().flatten().fold(self.next_at.min(self.next_dead_at), Instant::min)
    }

    /// Has another member looked after soon that is thought dead: where one is back, the network may
    /// be, and all who were cut off.
    pub(crate) fn hurry_to_the_dead(&mut self, now: Instant, config: &Config, random: &mut Random) {
        self.next_dead_at = self.next_dead_at.min(now + random.around(config.request_timeout));
    }

    /// A member thought dead is told what is said of it, so that it can refute.
    fn look_after_the_dead(
        &self,
        members: &Membership<A>,
        random: &mut Random,
        out: &mut Outbox<A>,
    ) {
        if let Some((address, claim)) = members.draw_dead(random) {
            out.compare(address);
            if let Some(claim) = claim {
                out.claim(address, claim);
            }
        }
    }
}

pub(super) fn at_once_within(config: &Config) -> Duration {
    config.request_timeout / AT_ONCE_SHARE
}

pub(super) fn until_dead(config: &Config, random: &mut Random) -> Duration {
    random.around(config.reconcile_every).saturating_mul(PERIODS_PER_DEAD)
}
