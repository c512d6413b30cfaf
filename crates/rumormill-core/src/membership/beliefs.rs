//! What is believed of members, and passed on: claims, suspicions, verdicts and refutations.

use core::time::Duration;

use rumormill_crdt::{Life, ReplicaId};
use smallvec::SmallVec;

use super::{Liveness, Membership, claims::CLAIMS_ALONG_MAX, suspicion::Patience};
use crate::{
    Address, Config, Instant,
    event::Events,
    message::{Claim, ClaimedStanding},
    random::Random,
    sender::Tag,
};

/// The farthest a claim may run ahead of the incarnation we know; a member refutes once per
/// suspicion, so honest claims never get near it.
const INCARNATION_JUMP_MAX: u64 = 1 << 32;

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It was known, or is not believed.
    Nothing,
    /// Somebody is suspected who was not.
    Suspicion,
    /// Somebody is there who was thought dead.
    Return,
    /// Anything else that is news.
    News,
}

impl<A: Address> Membership<A> {
    /// Takes in a claim by anybody. Only news is passed on.
    pub(crate) fn handle_claim(
        &mut self,
        now: Instant,
        claim: Claim,
        patience: Patience,
        events: &mut Events<A>,
    ) -> Heard {
        if claim.life == self.own {
            return self.refute(now, claim);
        }
        let replica = claim.life.replica;
        let Some(known) = self.members.get_mut(&replica) else { return Heard::Nothing };
        let reached = known.incarnation.saturating_add(INCARNATION_JUMP_MAX);
        // Whoever was brought far ahead by forgeries that we never heard of is believed to be there.
        let returns = claim.standing == ClaimedStanding::Alive && known.liveness != Liveness::Alive;
        let may_be = claim.life.epoch == known.epoch
            && known.liveness != Liveness::Left
            && (claim.incarnation <= reached || returns);
        let incarnation = claim.incarnation.min(reached);
        let (said, believed) = (claim.standing.rank(), rank(known.liveness));
        let is_stronger = (incarnation, said) > (known.incarnation, believed);
        if may_be && is_stronger {
            let heard = match (claim.standing, known.liveness) {
                (ClaimedStanding::Suspect { .. }, _) => Heard::Suspicion,
                (ClaimedStanding::Alive, Liveness::Dead) => Heard::Return,
                _ => Heard::News,
            };
            known.incarnation = incarnation;
            self.believe(now, claim, patience, events);
            return heard;
        }
        match claim.standing {
            ClaimedStanding::Suspect { by } if may_be && claim.incarnation == known.incarnation => {
                self.confirm(now, claim, by, patience)
            }
            ClaimedStanding::Alive | ClaimedStanding::Suspect { .. } | ClaimedStanding::Dead => {
                Heard::Nothing
            }
        }
    }

    /// Suspects a member that did not answer. Returns the claim, to tell it so that it can refute,
    /// if that is news.
    pub(crate) fn suspect(
        &mut self,
        now: Instant,
        replica: ReplicaId,
        patience: Patience,
        events: &mut Events<A>,
    ) -> Option<Claim> {
        let (life, incarnation) = (self.life(replica)?, self.members.get(&replica)?.incarnation);
        let standing = ClaimedStanding::Suspect { by: Tag::of(self.own) };
        let claim = Claim { life, incarnation, standing };
        let heard = self.judge(now, claim, patience, events);
        (heard != Heard::Nothing).then_some(claim)
    }

    /// Declares suspects dead whose time is up.
    pub(crate) fn handle_timeout(
        &mut self,
        now: Instant,
        patience: Patience,
        events: &mut Events<A>,
    ) {
        while let Some(replica) = self.suspicions.take_due(now, patience) {
            let life = self.life(replica).zip(self.members.get(&replica));
            if let Some((life, known)) = life {
                let incarnation = known.incarnation;
                let claim = Claim { life, incarnation, standing: ClaimedStanding::Dead };
                self.judge(now, claim, patience, events);
            }
        }
    }

    /// Takes a suspect to be looked at: nobody else confirmed that it is silent, and it may be that
    /// all but we have heard it refute.
    pub(crate) fn take_doubted(&mut self) -> Option<ReplicaId> {
        self.suspicions.take_doubted()
    }

    /// Takes note that we slept: the time does not count against suspects.
    pub(crate) const fn handle_sleep(&mut self, slept: Duration) {
        self.suspicions.handle_sleep(slept);
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let suspicions = self.suspicions.poll_timeout();
        let speaks = !self.is_silent && !self.reachable().is_empty();
        let claims = self.claims.poll_timeout().filter(|_| speaks);
        suspicions.into_iter().chain(claims).min()
    }

    /// Takes back what we found of others since anybody was last heard: it was us who could not hear.
    /// Nobody is told of it. Whoever is gone will be found to be gone.
    pub(crate) fn take_back_verdicts(&mut self, events: &mut Events<A>) {
        for replica in core::mem::take(&mut self.judged_in_silence) {
            if self.liveness(replica) != Some(Liveness::Left) {
                self.set_liveness(replica, Liveness::Alive, events);
                self.claims.forget(replica);
            }
        }
    }

    /// Takes note that somebody is heard, so that what we found of others stands.
    pub(crate) fn keep_verdicts(&mut self) {
        self.judged_in_silence.clear();
    }

    /// Says nothing of others from here on, or goes on doing so: who hears nobody knows nothing of
    /// anybody.
    pub(crate) const fn speak_of_others(&mut self, speaks: bool) {
        self.is_silent = !speaks;
    }

    /// Members at random to whom claims are to be sent, if it is time for that.
    pub(crate) fn take_hearers(
        &mut self,
        now: Instant,
        config: &Config,
        random: &mut Random,
    ) -> SmallVec<[A; 4]> {
        if self.is_silent
            || self.reachable().is_empty()
            || !self.claims.handle_timeout(now, config, random)
        {
            return SmallVec::new();
        }
        self.draw(random, config.fanout)
    }

    /// The claims that are next to be passed on.
    pub(crate) fn claims_along(&self) -> SmallVec<[Claim; CLAIMS_ALONG_MAX]> {
        if self.is_silent { SmallVec::new() } else { self.claims.next() }
    }

    /// Counts the first `count` of those claims as passed on; often enough is enough.
    pub(crate) fn claims_passed_on(&mut self, count: usize, times_max: u32) {
        self.claims.passed_on(count, times_max);
    }

    /// The claim to tell a member, or somebody who asks, unless it is alive or left.
    pub(crate) fn claim_against(&self, replica: ReplicaId) -> Option<Claim> {
        let known = self.members.get(&replica).filter(|_| !self.is_silent)?;
        let standing = match known.liveness {
            Liveness::Suspect => ClaimedStanding::Suspect { by: self.suspicions.accuser(replica)? },
            Liveness::Dead => ClaimedStanding::Dead,
            Liveness::Alive | Liveness::Left => return None,
        };
        let life = Life { replica, epoch: known.epoch };
        Some(Claim { life, incarnation: known.incarnation, standing })
    }

    /// The claims about dead members, at most `count_max`, to tell a newcomer.
    pub(crate) fn claims_about_dead(&self, count_max: usize) -> impl Iterator<Item = Claim> {
        let dead = self.dead.members().iter().take(count_max);
        dead.filter_map(|replica| self.claim_against(*replica))
    }

    /// What we say of ourselves.
    pub(crate) const fn own_claim(&self) -> Claim {
        let incarnation = self.incarnation;
        Claim { life: self.own, incarnation, standing: ClaimedStanding::Alive }
    }

    /// Takes in a claim of our own making.
    fn judge(
        &mut self,
        now: Instant,
        claim: Claim,
        patience: Patience,
        events: &mut Events<A>,
    ) -> Heard {
        let heard = self.handle_claim(now, claim, patience, events);
        if heard != Heard::Nothing {
            self.judged_in_silence.insert(claim.life.replica);
        }
        heard
    }

    /// Answers a claim against our own life with a higher incarnation.
    fn refute(&mut self, now: Instant, claim: Claim) -> Heard {
        if claim.standing == ClaimedStanding::Alive || claim.incarnation < self.incarnation {
            return Heard::Nothing;
        }
        // Others believe no more of a claim at a time either.
        let reached = claim.incarnation.min(self.incarnation.saturating_add(INCARNATION_JUMP_MAX));
        self.incarnation = reached.saturating_add(1);
        self.refutations += 1;
        self.claims.forget(self.own.replica);
        self.claims.insert(now, self.own_claim());
        Heard::News
    }

    /// Believes a claim that is news, in place of what was believed.
    fn believe(&mut self, now: Instant, claim: Claim, patience: Patience, events: &mut Events<A>) {
        let replica = claim.life.replica;
        let liveness = match claim.standing {
            ClaimedStanding::Alive => Liveness::Alive,
            ClaimedStanding::Suspect { .. } => Liveness::Suspect,
            ClaimedStanding::Dead => Liveness::Dead,
        };
        self.set_liveness(replica, liveness, events);
        if let ClaimedStanding::Suspect { by } = claim.standing {
            self.suspicions.begin(now, replica, by, patience);
        }
        self.claims.forget(replica);
        self.claims.insert(now, claim);
    }

    /// Counts one more member that suspects somebody who is suspected already. Members that we do
    /// not know do not count.
    fn confirm(&mut self, now: Instant, claim: Claim, by: Tag, patience: Patience) -> Heard {
        let is_somebody = by == Tag::of(self.own) || self.tags.get(&by).is_some();
        if !is_somebody || !self.suspicions.confirm(claim.life.replica, by, patience) {
            return Heard::Nothing;
        }
        self.confirmations += 1;
        self.claims.insert(now, claim);
        Heard::News
    }
}

/// How strong a belief is among those of one incarnation.
const fn rank(liveness: Liveness) -> u8 {
    match liveness {
        Liveness::Alive => 0,
        Liveness::Suspect => 1,
        Liveness::Dead | Liveness::Left => 2,
    }
}
