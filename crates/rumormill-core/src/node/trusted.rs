//! Signing what we write, and what follows from what others signed.

#[cfg(test)]
mod tests;

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use rumormill_crdt::{
    Admission, Bytes, Key, Progress, Refused, ReplicaId, Row, RowDelta, RowId, Since, Space,
    Version,
};

use super::Node;
use crate::{
    Address, Event, Instant, Revocation,
    trust::{Attested, NOTICES, Notice, Proof, notices_after},
};

impl<A: Address> Node<A> {
    /// Takes back that a member was let in: its rows are dropped, here and by everybody whom this
    /// node reaches, and none of them comes back. Says whether the authority of this population
    /// issued the revocation; if it did not, nothing happens.
    pub fn revoke(&mut self, now: Instant, revocation: &Revocation) -> bool {
        self.advance(now);
        self.heed_and_tell(Notice::Revocation(revocation.clone()))
    }

    /// Shows this node that a member signed two contents for one version: it is evicted as by
    /// [`revoke`](Self::revoke). Says whether the proof holds in this population.
    pub fn handle_proof(&mut self, now: Instant, proof: &Proof) -> bool {
        self.advance(now);
        self.heed_and_tell(Notice::Equivocation(proof.clone()))
    }

    /// Takes in a delta, unless its owner or its sender has had its share. In a population that signs, the
    /// expense is its sender's.
    pub(super) fn admit(
        &mut self,
        from: &A,
        delta: &RowDelta<Key, Bytes>,
    ) -> Result<Admission, Refused> {
        if !self.origins.allows(delta) {
            return Err(Refused::TooFast);
        }
        let table = self.replica.table();
        let opens_staging = !delta.is_complete() && !table.is_staged(delta.id());
        if opens_staging && self.transfer.staged_from(from, table) >= self.staged_from_one_max() {
            return Err(Refused::StagingFull);
        }
        let admission = self.admit_unhindered(from, delta)?;
        if admission.progress != Progress::Known {
            self.origins.charge(delta);
        }
        Ok(admission)
    }

    /// How many rows may arrive in pieces from one peer: half of those that may arrive.
    fn staged_from_one_max(&self) -> usize {
        (self.config.limits.stagings_max / 2).max(1)
    }

    fn admit_unhindered(
        &mut self,
        from: &A,
        delta: &RowDelta<Key, Bytes>,
    ) -> Result<Admission, Refused> {
        let (unix, skew_max) = (self.unix(), self.config.skew_max);
        match &mut self.verifier {
            Some(verifier) => {
                let verifier = &mut verifier.at_expense_of(Some(from));
                self.replica.admit_signed(unix, skew_max, delta, verifier)
            }
            None if delta.head().signature.is_some() => Err(Refused::Signature),
            None => self.replica.admit(unix, skew_max, delta),
        }
    }

    /// Signs what we wrote since we last signed.
    pub(super) fn sign_heads(&mut self) {
        let Self { verifier: Some(verifier), replica, .. } = self else { return };
        let rows = replica.table().unsigned_own_rows();
        let signed: Vec<_> = rows.map(|row| (row.id().space, verifier.sign(row))).collect();
        for (space, signature) in signed {
            replica.sign(space, signature);
        }
    }

    /// Of rows at rest, those that their owners signed. What we wrote ourselves and had not signed
    /// yet is signed.
    pub(super) fn verified(
        &mut self,
        mut rows: Vec<Arc<Row<Key, Bytes>>>,
    ) -> Vec<Arc<Row<Key, Bytes>>> {
        let Some(verifier) = &mut self.verifier else {
            rows.retain(|row| row.head().signature.is_none());
            return rows;
        };
        // Introductions come first.
        rows.sort_unstable_by_key(|row| row.id());
        for row in &mut rows {
            let row = Arc::make_mut(row);
            row.keep_sums();
            if row.id().life.replica == self.identity.replica && row.head().signature.is_none() {
                let signature = verifier.sign(row);
                row.sign(signature);
            }
        }
        let mut verifier = verifier.at_expense_of(None);
        rows.retain(|row| row.verify(&mut verifier).is_ok());
        rows
    }

    /// Goes on after a delta was refused that says otherwise than what we hold, at the same version:
    /// if both are its owner's word, its owner is a liar.
    pub(super) fn compare_words(&mut self, from: &A, delta: &RowDelta<Key, Bytes>) {
        self.outbox.attest(from, delta.id());
        if let Ok(other) = Row::from_whole(delta) {
            let other = Attested::new(other.id(), other.head(), &other.content());
            if let Some(other) = other {
                self.handle_attested(from, other);
            }
        }
    }

    /// Goes on after a delta was refused because it does not add up with what we hold: perhaps its
    /// owner told us something else before. Its whole row stands by itself.
    pub(super) fn start_anew_on(&mut self, from: &A, delta: &RowDelta<Key, Bytes>) {
        if self.verifier.is_some() && delta.from() > 0 {
            self.outbox.request(from, delta.id(), Since::default(), true);
        }
    }

    /// Takes in what the owner of a row signed, by what somebody else holds.
    pub(super) fn handle_attested(&mut self, from: &A, theirs: Attested) {
        let Some(row) = self.replica.table().row(theirs.id) else { return };
        let Self { verifier: Some(verifier), .. } = self else { return };
        if !theirs.contradicts(row.head()) || !verifier.allows(from) {
            return;
        }
        let ours = Attested::new(row.id(), row.head(), &row.content());
        let Some(ours) = ours else { return };
        let proof = verifier.proof(ours, theirs);
        verifier.charge(from, proof.is_some());
        if let Some(proof) = proof {
            self.heed_and_tell(Notice::Equivocation(proof));
        }
    }

    /// Heeds the notices that came to a row.
    pub(super) fn read_notices(&mut self, id: RowId, from: Version) {
        if id.space != NOTICES || self.verifier.is_none() {
            return;
        }
        let Some(row) = self.replica.table().row(id) else { return };
        let is_open = |notice: &Notice| !self.is_gone(notice.replica());
        let notices: Vec<Notice> = notices_after(row, from).filter(is_open).collect();
        for notice in notices {
            let Some(verifier) = &mut self.verifier else { return };
            if !verifier.holds(&notice) {
                // Whoever wrote this wrote the rest as well.
                return;
            }
            verifier.keep(&notice);
            self.heed(notice);
        }
    }

    fn heed_and_tell(&mut self, notice: Notice) -> bool {
        let Some(verifier) = &mut self.verifier else { return false };
        if !verifier.holds(&notice) {
            return false;
        }
        verifier.keep(&notice);
        self.tell(&notice);
        if !self.is_gone(notice.replica()) {
            self.heed(notice);
        }
        true
    }

    /// Goes on after somebody offered a row of a replica that had to go: it has not heard why. Who told us
    /// may have begun a new life since, with which the rows of the last one went, and this with them.
    pub(super) fn tell_anew(&mut self, replica: ReplicaId) {
        let notice = self.verifier.as_ref().and_then(|verifier| verifier.heeded(replica).cloned());
        if let Some(notice) = notice {
            self.tell(&notice);
        }
    }

    /// Tells all others why a member is to go, unless somebody does.
    fn tell(&mut self, notice: &Notice) {
        if !notice.is_told_in(self.replica.table()) {
            let (key, value) = notice.cell();
            let told = self.update(self.now, |writer| writer.set(NOTICES, key, value));
            debug_assert!(told.is_ok(), "a notice fits a cell");
        }
    }

    fn heed(&mut self, notice: Notice) {
        let replica = notice.replica();
        self.evict(self.now, replica);
        self.events.note(match notice {
            Notice::Equivocation(proof) => Event::Equivocation { replica, proof: Box::new(proof) },
            Notice::Revocation(_) => Event::Revoked { replica },
        });
    }

    fn is_gone(&self, replica: ReplicaId) -> bool {
        self.replica.table().is_evicted(replica)
    }

    /// Who is known by an introduction that has expired, and is kept for the rows that it explains, is
    /// no member.
    pub(super) fn forget_the_expired(&mut self) {
        if self.verifier.is_none() {
            return;
        }
        let Self { replica, members, events, .. } = self;
        let table = replica.table();
        for row in table.rows_in(Space::SELF) {
            if table.is_expired(Space::SELF, row.head().timestamp) {
                members.forget(row.id().life.replica, events);
            }
        }
    }
}
