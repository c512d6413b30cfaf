//! What is believed of members, and passed on: claims, suspicions, verdicts and refutations.

use core::time::Duration;

use rumormill_crdt::{Life, ReplicaId};
use smallvec::SmallVec;

use super::{Liveness, Membership, claims::CLAIMS_ALONG_MAX, suspicion::Patience};
use crate::{
    Address, Config, Instant,
    encounters::MemberEvent,
    event::Events,
    message::{Claim, ClaimedStanding, DeadPrint},
    random::Random,
    sender::Tag,
};

/// The farthest that one word that a member is there takes its incarnation: nobody is ever refuted
/// so often in a moment, and to get to the end of the range takes 2^48 of them.
const INCARNATION_JUMP_MAX: u64 = 1 << 16;

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It was known, or is not believed.
    Nothing,
    /// Somebody is suspected who was not.
    Suspicion,
    /// Somebody is there who was thought dead.
    Return,
    /// Somebody is said to be dead by who did not hear what it said last. It may be dead all the
    /// same, and then it tells nobody.
    OldDeath,
    /// Anything else that is news.
    News,
}

impl<A: Address> Membership<A> {
    /// Takes in a claim by anybody. Only news is passed on.
    ///
    /// Only words that a member is there raise its incarnation, which is its own to raise. What is
    /// said against it counts at the incarnation that we know, and makes it a suspect at most:
    /// whether it is dead everybody finds out by asking it.
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
        let Some(known) = self.members.get(&claim.life.replica) else { return Heard::Nothing };
        let reached = known.incarnation.saturating_add(INCARNATION_JUMP_MAX);
        self.hearsay.jumps += u64::from(claim.incarnation > reached);
        let is_a_member = claim.life.epoch == known.epoch && known.liveness != Liveness::Left;
        if !is_a_member {
            return Heard::Nothing;
        }
        match claim.standing {
            ClaimedStanding::Alive => self.vindicate(now, claim, events),
            ClaimedStanding::Dead
                if claim.incarnation < known.incarnation && known.liveness == Liveness::Alive =>
            {
                Heard::OldDeath
            }
            _ if claim.incarnation < known.incarnation => Heard::Nothing,
            ClaimedStanding::Suspect { .. } | ClaimedStanding::Dead => {
                self.hearsay.ahead += u64::from(claim.incarnation > known.incarnation);
                let incarnation = known.incarnation;
                self.accuse(now, Claim { incarnation, ..claim }, patience, events)
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
        self.note(replica, MemberEvent::Silent);
        let standing = ClaimedStanding::Suspect { by: Tag::of(self.own) };
        let claim = Claim { life, incarnation, standing };
        let heard = self.handle_claim(now, claim, patience, events);
        if heard != Heard::Nothing {
            self.judged_in_silence.insert(replica);
        }
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
            self.note(replica, MemberEvent::TimeUp);
            self.condemn(now, replica, events);
        }
    }

    /// Takes a suspect whose time is nearly up, to be told so: where it is, and the claim.
    pub(crate) fn take_last_asked(&mut self) -> Option<(&A, Claim)> {
        let replica = self.suspicions.take_last_asked()?;
        self.asked_last += 1;
        let standing = self.standing_of_suspect(replica);
        let (life, known) = (self.life(replica)?, self.members.get(&replica)?);
        Some((&known.address, Claim { life, incarnation: known.incarnation, standing }))
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
            Liveness::Suspect => self.standing_of_suspect(replica),
            Liveness::Dead => ClaimedStanding::Dead,
            Liveness::Alive | Liveness::Left => return None,
        };
        let life = Life { replica, epoch: known.epoch };
        Some(Claim { life, incarnation: known.incarnation, standing })
    }

    /// The claims about dead members, at most `count_max`, beginning with one at random: whoever asks
    /// again hears of all in time.
    pub(crate) fn claims_about_dead(
        &self,
        random: &mut Random,
        count_max: usize,
    ) -> impl Iterator<Item = Claim> {
        let dead = self.dead.members();
        let (last, first) = dead.split_at(random.below(dead.len()));
        let dead = first.iter().chain(last).take(count_max);
        dead.filter_map(|replica| self.claim_against(*replica))
    }

    /// Whom we take for dead, in four bytes; nobody, if we say nothing of others.
    pub(crate) fn dead_print(&self) -> DeadPrint {
        let dead = self.dead.members().iter().filter(|_| !self.is_silent);
        DeadPrint::of(dead.filter_map(|replica| self.tag(*replica)))
    }

    /// What we say of ourselves.
    pub(crate) const fn own_claim(&self) -> Claim {
        let incarnation = self.incarnation;
        Claim { life: self.own, incarnation, standing: ClaimedStanding::Alive }
    }

    /// What we say to whoever doubts us. It may take us to be at an incarnation where others brought
    /// us, and hears one that is beyond that, whatever we say to everybody.
    pub(crate) fn answer_to(&self, doubt: Claim) -> Claim {
        let incarnation = self.incarnation.max(doubt.incarnation.saturating_add(1));
        Claim { incarnation, ..self.own_claim() }
    }

    /// Brings us to the end of the incarnations of this life, but for one.
    #[cfg(test)]
    pub(crate) const fn wear_out(&mut self) {
        self.incarnation = u64::MAX - 1;
    }

    /// Says whether we are at the end of the incarnations of this life, so that the next claim
    /// against us could not be refuted.
    pub(crate) const fn is_worn_out(&self) -> bool {
        self.incarnation == u64::MAX
    }

    /// Takes in that somebody is there.
    fn vindicate(&mut self, now: Instant, claim: Claim, events: &mut Events<A>) -> Heard {
        let replica = claim.life.replica;
        let Some(known) = self.members.get_mut(&replica) else { return Heard::Nothing };
        let reached = known.incarnation.saturating_add(INCARNATION_JUMP_MAX);
        // Whoever was brought far ahead by forgeries that we never heard of is believed to be there.
        let may_be = claim.incarnation <= reached || known.liveness != Liveness::Alive;
        if !may_be || claim.incarnation <= known.incarnation {
            return Heard::Nothing;
        }
        let returns = known.liveness == Liveness::Dead;
        known.incarnation = claim.incarnation.min(reached);
        let claim = Claim { incarnation: known.incarnation, ..claim };
        self.believe(now, claim, Liveness::Alive, events);
        if returns { Heard::Return } else { Heard::News }
    }

    /// Takes in that somebody is silent, at the incarnation that we know it at. That others take it
    /// for dead leaves it the least time to refute, and no less.
    fn accuse(
        &mut self,
        now: Instant,
        claim: Claim,
        patience: Patience,
        events: &mut Events<A>,
    ) -> Heard {
        let replica = claim.life.replica;
        let by = claim.standing.accuser();
        self.hearsay.deaths += u64::from(by.is_none());
        match self.liveness(replica) {
            Some(Liveness::Alive) => {
                self.believe(now, claim, Liveness::Suspect, events);
                self.suspicions.begin(now, replica, by, patience);
                Heard::Suspicion
            }
            Some(Liveness::Suspect) => self.confirm(now, claim, by, patience),
            Some(Liveness::Dead | Liveness::Left) | None => Heard::Nothing,
        }
    }

    /// Takes a suspect for dead that did not answer us either.
    fn condemn(&mut self, now: Instant, replica: ReplicaId, events: &mut Events<A>) {
        let Some((life, known)) = self.life(replica).zip(self.members.get(&replica)) else {
            return;
        };
        let incarnation = known.incarnation;
        let claim = Claim { life, incarnation, standing: ClaimedStanding::Dead };
        self.believe(now, claim, Liveness::Dead, events);
        self.judged_in_silence.insert(replica);
    }

    /// What we say of a suspect: who suspected it first, or that somebody takes it for dead.
    fn standing_of_suspect(&self, replica: ReplicaId) -> ClaimedStanding {
        let accuser = self.suspicions.accuser(replica);
        accuser.map_or(ClaimedStanding::Dead, |by| ClaimedStanding::Suspect { by })
    }

    /// Answers a claim against our own life with a higher incarnation.
    fn refute(&mut self, now: Instant, claim: Claim) -> Heard {
        if claim.standing == ClaimedStanding::Alive || claim.incarnation < self.incarnation {
            return Heard::Nothing;
        }
        // Others go no further at a time either.
        let reached =
            claim.incarnation.min(self.incarnation.saturating_add(INCARNATION_JUMP_MAX - 1));
        self.incarnation = reached.saturating_add(1);
        self.refutations += 1;
        self.claims.forget(self.own.replica);
        self.claims.insert(now, self.own_claim());
        Heard::News
    }

    /// Believes a claim that is news, in place of what was believed, and passes it on.
    fn believe(&mut self, now: Instant, claim: Claim, liveness: Liveness, events: &mut Events<A>) {
        let replica = claim.life.replica;
        self.set_liveness(replica, liveness, events);
        self.claims.forget(replica);
        self.claims.insert(now, claim);
    }

    /// Counts one more member that suspects somebody who is suspected already, or that somebody
    /// takes it for dead. Members that we do not know do not count.
    fn confirm(
        &mut self,
        now: Instant,
        claim: Claim,
        by: Option<Tag>,
        patience: Patience,
    ) -> Heard {
        let replica = claim.life.replica;
        let is_news = match by {
            Some(by) if by == Tag::of(self.own) || self.is_tag_known(by) => {
                self.suspicions.confirm(replica, by, patience)
            }
            Some(_) => {
                self.hearsay.unknown_accusers += 1;
                false
            }
            None => self.suspicions.hasten(replica, patience),
        };
        if !is_news {
            return Heard::Nothing;
        }
        self.confirmations += u64::from(by.is_some());
        self.claims.insert(now, claim);
        Heard::News
    }
}
