//! What a member needs to enter a fleet, from its files.

use std::path::Path;

use rumormill::{
    ReplicaId,
    core::{Certificate, KeyRing, PublicKey, Signing, Trust},
};

use super::file::{FleetFile, KeyFile, MemberFile};

/// A member that a fleet lets in, and what its node is told.
pub(crate) struct Admitted {
    /// What the fleet knows it by.
    pub(crate) name: String,
    pub(crate) replica: ReplicaId,
    pub(crate) cluster: String,
    pub(crate) keys: KeyRing,
    pub(crate) trust: Trust,
    pub(crate) authority: PublicKey,
}

impl Admitted {
    /// Reads the member's file of keys, and the fleet's. The member must have been let in.
    pub(crate) fn read(key_file: &Path, fleet_key: &Path) -> Result<Self, String> {
        let FleetFile { cluster, authority, keys } = FleetFile::read(fleet_key)?;
        let MemberFile { key, certificate } = MemberFile::read(key_file)?;
        let is_ours = |certificate: &Certificate| {
            certificate.is_of(&authority, &cluster) && certificate.subject().key == key.public()
        };
        let certificate = certificate.filter(is_ours).ok_or_else(|| {
            let file = key_file.display();
            format!("{file} is not let into this fleet: see `rumormill keys admit --help`")
        })?;
        let (name, replica) = (certificate.subject().name.clone(), key.replica());
        let trust = Signing::certified(key, certificate, authority).into();
        Ok(Self { name, replica, cluster, keys, trust, authority })
    }
}
