//! What one node shows at a moment.

use std::collections::{BTreeMap, BTreeSet};

use rumormill::{Handle, Liveness, MemberInfo, ReplicaId, Stopped};

use super::world::{CALLS, LOAD, SKILLS, Skill, trust};

/// What one node shows at a moment.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) fingerprint: u64,
    pub(crate) skills: BTreeSet<Skill>,
    pub(crate) calls: i128,
    pub(crate) loads: BTreeMap<ReplicaId, u8>,
    /// How others rate the node itself.
    pub(crate) ratings: BTreeMap<ReplicaId, u8>,
    pub(crate) members: Vec<MemberInfo>,
}

impl View {
    pub(crate) async fn of(handle: &Handle, name: &str) -> Result<Self, Stopped> {
        let members = handle.members().await?;
        let trust = trust(name);
        handle
            .read(move |table| Self {
                fingerprint: table.fingerprint(),
                skills: SKILLS.read(table),
                calls: CALLS.read(table),
                loads: LOAD.per_replica(table),
                ratings: trust.per_replica(table),
                members,
            })
            .await
    }

    /// What the node thinks of a member; nothing if it never heard of it.
    pub(crate) fn liveness(&self, replica: ReplicaId) -> Option<Liveness> {
        let known = self.members.iter().find(|member| member.life.replica == replica);
        known.map(|member| member.liveness)
    }
}
