//! Who is let into a population whose members sign.

use rumormill_core::{
    Certificate, Revocation, SecretKey, Signing, Spaces, Subject, Trust, crdt::ReplicaId,
};

use super::{Index, Sim, name};
use crate::link::Chance;

/// The authority that lets members in.
#[derive(Debug)]
pub(super) struct Fleet {
    seed: u64,
    key: SecretKey,
}

impl Sim {
    /// Lets all nodes sign what they write, with keys and certificates that follow from the seed. Say so
    /// before the first starts.
    #[must_use]
    pub fn signed(mut self) -> Self {
        let key = key(self.seed, u64::MAX);
        self.fleet = Some(Fleet { seed: self.seed, key });
        self
    }

    /// Has a node told that the authority takes back that another one's replica was let in.
    ///
    /// # Panics
    ///
    /// If the nodes do not sign.
    pub fn revoke(&mut self, who: Index, whom: Index) {
        self.line(format_args!("{} is told that {} is revoked", name(who), name(whom)));
        let (now, unix, replica) = (self.now, self.unix(who), self.replica(whom));
        let fleet = self.fleet.as_ref().expect("a population that signs has an authority");
        let revocation =
            Revocation::issue(&fleet.key, &self.config.cluster, replica, unix.as_secs());
        self.command(who, |node| node.revoke(now, &revocation));
    }
}

impl Fleet {
    /// The key of a node, and the authority's word for it.
    pub(super) fn admit(&self, cluster: &str, index: Index) -> (ReplicaId, Trust) {
        let key = key(self.seed, u64::from(index));
        let subject = Subject {
            key: key.public(),
            name: String::new(),
            not_after: u64::MAX,
            spaces: Spaces::All,
            serial: u64::from(index),
        };
        let certificate = Certificate::issue(&self.key, cluster, subject);
        let replica = key.replica();
        (replica, Signing::certified(key, certificate, self.key.public()).into())
    }
}

fn key(seed: u64, number: u64) -> SecretKey {
    let mut chance = Chance::new(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut bytes = [0; SecretKey::LEN];
    for chunk in bytes.chunks_exact_mut(8) {
        chunk.copy_from_slice(&chance.draw().to_be_bytes());
    }
    SecretKey::from_bytes(&bytes)
}
