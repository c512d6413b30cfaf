//! Checking what others sign, and signing what we write.

use alloc::{collections::BTreeMap, string::String};
use core::time::Duration;

use ed25519_dalek::VerifyingKey;
use rumormill_crdt::{
    Bytes, Candidate, Head, HeadVerifier, Key, Refused, ReplicaId, Row, Signature, Space, Table,
};

use super::{
    Attested, Authority, Certificate, Notice, Proof, PublicKey, Signing, Spaces, budget::Budget,
    keys, spot_checks::SpotChecks, statement,
};
use crate::{Address, Instant, outbox::Outbox, self_row};

/// Knows the keys of all members, checks what they sign, and signs what we write.
#[derive(Debug)]
pub(crate) struct Verifier<A> {
    cluster: String,
    signing: Signing,
    known: BTreeMap<ReplicaId, Known>,
    /// Why those had to go who did: to be told anew if nobody does any more.
    heeded: BTreeMap<ReplicaId, Notice>,
    budget: Budget<A>,
    pub(crate) spot_checks: SpotChecks,
    pub(crate) counts: Counts,
}

/// What was signed and verified since the node was made.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) heads_signed: u64,
    pub(crate) signatures_verified: u64,
    pub(crate) signatures_refused: u64,
}

/// A key that is let in, and for what.
#[derive(Clone, Debug)]
struct Known {
    key: VerifyingKey,
    /// As it stands in the owner's introduction; empty where there is a list.
    certificate: Bytes,
    spaces: Spaces,
    not_after: Option<Duration>,
}

impl<A: Address> Verifier<A> {
    /// # Panics
    ///
    /// If our own certificate is not of our key, or not by the authority.
    pub(crate) fn new(now: Instant, cluster: &str, signing: &Signing) -> Self {
        if let (Some(ours), Authority::Fleet(fleet)) = (&signing.certificate, &signing.authority) {
            let is_ours = ours.subject().key == signing.key.public();
            assert!(is_ours && ours.is_of(fleet, cluster), "our certificate is of our key");
        }
        let budget = Budget::new(now, signing.verifications_per_second);
        Self {
            cluster: cluster.into(),
            signing: signing.clone(),
            known: [(signing.key.replica(), Known::ours(signing))].into(),
            heeded: BTreeMap::new(),
            budget,
            spot_checks: SpotChecks::new(),
            counts: Counts::default(),
        }
    }

    pub(crate) const fn signing(&self) -> &Signing {
        &self.signing
    }

    pub(crate) fn handle_time(&mut self, now: Instant) {
        self.budget.handle_time(now);
    }

    /// Checks what `peer` sent, at its expense; what nobody sent, such as rows from a disk, is
    /// checked at our own.
    pub(crate) const fn at_expense_of<'v>(&'v mut self, peer: Option<&'v A>) -> AtExpense<'v, A> {
        AtExpense { verifier: self, peer }
    }

    /// Signs the head of one of our rows.
    pub(crate) fn sign(&mut self, row: &Row<Key, Bytes>) -> Signature {
        self.counts.heads_signed += 1;
        super::sign_row(&self.signing.key, &self.cluster, row)
    }

    /// Forgets the key of a replica of which nothing is held.
    pub(crate) fn forget(&mut self, replica: ReplicaId) {
        self.known.remove(&replica);
    }

    /// Keeps a notice to tell it anew, if it is of somebody who was let in, or of the authority: keys that
    /// nobody let in, and lies of theirs, can be made up without end.
    pub(crate) fn keep(&mut self, notice: &Notice) {
        let replica = notice.replica();
        if self.known.contains_key(&replica) || matches!(notice, Notice::Revocation(_)) {
            self.heeded.insert(replica, notice.clone());
        }
    }

    /// Lets go of why a replica had to go: it may come back.
    pub(crate) fn pardon(&mut self, replica: ReplicaId) {
        self.heeded.remove(&replica);
    }

    /// Why a replica had to go.
    pub(crate) fn heeded(&self, replica: ReplicaId) -> Option<&Notice> {
        self.heeded.get(&replica)
    }

    /// Says to a peer what the owner of some row signed.
    pub(crate) fn spot_check(&mut self, peer: &A, table: &Table, out: &mut Outbox<A>) {
        if let Some(id) = self.spot_checks.next(table) {
            out.attest(peer, id);
        }
    }

    /// What two words of a replica prove, if anything.
    pub(crate) fn proof(&self, one: Attested, other: Attested) -> Option<Proof> {
        let replica = one.id.life.replica;
        let key = self.known.get(&replica).map(|known| PublicKey(known.key.to_bytes()));
        one.against(other, key?, &self.cluster)
    }

    /// Says whether a notice holds, whoever brings it.
    pub(crate) fn holds(&mut self, notice: &Notice) -> bool {
        self.counts.signatures_verified += 1;
        match (notice, &self.signing.authority) {
            (Notice::Equivocation(proof), _) => proof.holds_in(&self.cluster),
            (Notice::Revocation(it), Authority::Fleet(fleet)) => it.is_of(fleet, &self.cluster),
            (Notice::Revocation(_), Authority::Members(_)) => false,
        }
    }

    /// Says whether another signature that a peer sent may be verified.
    pub(crate) fn allows(&mut self, peer: &A) -> bool {
        self.budget.allows(peer)
    }

    pub(crate) fn charge(&mut self, peer: &A, is_right: bool) {
        self.budget.charge(peer, is_right);
    }

    /// Reads who it is that introduces itself, and checks that it is let in. Nothing new if it is
    /// known, and says the same.
    fn read_introduction(
        &mut self,
        candidate: &Candidate<'_, Key, Bytes>,
    ) -> Result<Option<Known>, Refused> {
        let replica = candidate.id.life.replica;
        let known = self.known.get(&replica);
        let said = match &self.signing.authority {
            Authority::Fleet(_) => candidate.get(&self_row::certificate_key()),
            Authority::Members(_) => candidate.get(&self_row::public_key_key()),
        };
        let Some(said) = said else {
            return match known {
                Some(_) if !candidate.is_whole => Ok(None),
                None if !candidate.is_whole => Err(Refused::UnknownKey),
                _ => Err(Refused::NotAdmitted),
            };
        };
        let (introduced, name) = match &self.signing.authority {
            Authority::Members(members) => {
                let key = <[u8; 32]>::try_from(&**said).map_err(|_| Refused::NotAdmitted)?;
                let is_let_in = members.contains(&PublicKey(key));
                let key = PublicKey(key).ready().filter(|_| is_let_in);
                let key = key.ok_or(Refused::NotAdmitted)?;
                let known = Known {
                    key,
                    certificate: Bytes::default(),
                    spaces: Spaces::All,
                    not_after: None,
                };
                (known, String::new())
            }
            Authority::Fleet(fleet) => {
                let it = Certificate::decode(said).map_err(|_| Refused::NotAdmitted)?;
                let is_known = known.is_some_and(|known| known.certificate == *said);
                if !is_known {
                    self.counts.signatures_verified += 1;
                }
                if !is_known && !it.is_of(fleet, &self.cluster) {
                    return Err(Refused::NotAdmitted);
                }
                let subject = it.subject();
                let known_key = known.map(|known| known.key).filter(|_| is_known);
                let key = known_key.or_else(|| subject.key.ready()).ok_or(Refused::NotAdmitted)?;
                let not_after = Some(Duration::from_secs(subject.not_after));
                let spaces = subject.spaces.clone();
                (Known { key, certificate: said.clone(), spaces, not_after }, subject.name.clone())
            }
        };
        let is_its_key = PublicKey(introduced.key.to_bytes()).replica() == replica;
        // The id of a replica has 64 bits; whoever finds another key for it comes too late.
        let is_its_only_key = known.is_none_or(|known| known.key == introduced.key);
        let says_its_name = name.is_empty()
            || candidate.get(&self_row::name_key()).is_some_and(|said| **said == *name.as_bytes());
        if is_its_key && is_its_only_key && says_its_name {
            Ok(Some(introduced))
        } else {
            Err(Refused::NotAdmitted)
        }
    }

    fn verify(&mut self, candidate: &Candidate<'_, Key, Bytes>) -> Result<(), Refused> {
        let Candidate { id, head, content, .. } = candidate;
        let replica = id.life.replica;
        let introduced = match id.space {
            Space::SELF => self.read_introduction(candidate)?,
            _ => None,
        };
        let known = introduced.as_ref().or_else(|| self.known.get(&replica));
        let known = known.ok_or(Refused::UnknownKey)?;
        if !known.lets_in(id.space, head) {
            return Err(Refused::NotAdmitted);
        }
        let signature = head.signature.as_ref().ok_or(Refused::Signature)?;
        let statement = statement::of_head(&self.cluster, *id, head, content);
        self.counts.signatures_verified += 1;
        if !keys::has_signed(&known.key, &statement, signature) {
            return Err(Refused::Signature);
        }
        if let Some(introduced) = introduced {
            self.known.insert(replica, introduced);
        }
        Ok(())
    }
}

impl Known {
    fn ours(signing: &Signing) -> Self {
        let certificate = signing.certificate.as_ref();
        let subject = certificate.map(Certificate::subject);
        Self {
            key: signing.key.public().ready().expect("a public key made from a secret one"),
            certificate: certificate.map(|it| Bytes::copy_from(&it.encode())).unwrap_or_default(),
            spaces: subject.map_or(Spaces::All, |it| it.spaces.clone()),
            not_after: subject.map(|it| Duration::from_secs(it.not_after)),
        }
    }

    /// A head counts if it is stamped while its owner is let in: whoever takes it in later, or after
    /// a while away, comes to the same answer.
    fn lets_in(&self, space: Space, head: &Head) -> bool {
        let in_time = self.not_after.is_none_or(|end| head.timestamp.to_unix() <= end);
        in_time && (space == super::notice::NOTICES || self.spaces.contain(space))
    }
}

/// Checks at the expense of a peer.
#[derive(Debug)]
pub(crate) struct AtExpense<'v, A> {
    verifier: &'v mut Verifier<A>,
    peer: Option<&'v A>,
}

impl<A: Address> HeadVerifier<Key, Bytes> for AtExpense<'_, A> {
    fn verify(&mut self, candidate: &Candidate<'_, Key, Bytes>) -> Result<(), Refused> {
        let Self { verifier, peer } = self;
        if peer.is_some_and(|peer| !verifier.budget.allows(peer)) {
            return Err(Refused::TooMuchToVerify);
        }
        let verified = verifier.verify(candidate);
        let is_wrong = matches!(verified, Err(Refused::Signature | Refused::NotAdmitted));
        verifier.counts.signatures_refused += u64::from(is_wrong);
        if let Some(peer) = peer {
            verifier.budget.charge(peer, !is_wrong);
        }
        verified
    }
}
