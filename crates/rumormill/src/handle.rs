//! What a program holds of a node that runs.

use std::{collections::BTreeSet, error, fmt, net::SocketAddr};

use rumormill_core::{
    Freshness, KeyRing, Liveness, Member, Revocation,
    crdt::{Life, ReplicaId, Table, Writer},
};
use tokio::{
    sync::{broadcast, mpsc, oneshot, watch},
    task::AbortHandle,
};

use crate::{
    Event,
    driver::{Command, Driver},
};

/// A node that runs in a task of its own. Clones are handles to the same node, and when the last
/// is dropped the node stops, without saying good-bye.
///
/// Calls are queued, a bounded number of them, and answered in order by the node's task; a caller
/// waits for room. Edits and reads run in that task: keep them short, since the node answers
/// nobody meanwhile, and free of panics, since a panic ends the task.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) changes: watch::Receiver<u64>,
    pub(crate) task: AbortHandle,
    pub(crate) address: SocketAddr,
    pub(crate) replica: ReplicaId,
}

/// The node stopped: it left, was aborted, or its runtime ended. What it was asked is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// A replica as another node sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberInfo {
    /// Its newest life that was heard of.
    pub life: Life,
    /// Where it is reached.
    pub address: SocketAddr,
    /// What people call it; empty if it did not say.
    pub name: String,
    /// The label of the zone it is in; empty if it did not say.
    pub zone: String,
    /// Whether it is there.
    pub liveness: Liveness,
}

/// What a node and its socket count. All only grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Stats {
    /// What the node counts. A datagram that the socket did not take was composed all the same.
    pub node: rumormill_core::Stats,
    /// Whether the [log of inputs](crate::Settings::log_inputs) ended since its file could not be
    /// written.
    pub log_broken: bool,
    /// Datagrams dropped because the socket's send buffer was full.
    pub socket_full: u64,
    /// Datagrams dropped, in either direction, because their peer was [blocked](Handle::block).
    pub blocked: u64,
    /// Other errors of the socket, such as a peer's port found closed.
    pub socket_errors: u64,
}

impl Handle {
    /// Edits the table in this node's own rows; what was written is on its way to others
    /// afterwards. `edit` runs once, or not at all if the node has stopped.
    ///
    /// # Errors
    ///
    /// [`Stopped`].
    pub async fn update<R: Send + 'static>(
        &self,
        edit: impl FnOnce(&mut Writer<'_>) -> R + Send + 'static,
    ) -> Result<R, Stopped> {
        self.call(|driver| driver.update(edit)).await
    }

    /// Reads the table. To keep a snapshot, clone it: rows are shared until they change.
    ///
    /// # Errors
    ///
    /// [`Stopped`].
    pub async fn read<R: Send + 'static>(
        &self,
        read: impl FnOnce(&Table) -> R + Send + 'static,
    ) -> Result<R, Stopped> {
        self.call(|driver| read(driver.table())).await
    }

    /// Reads the table at once, and again whenever it changed, until there is something to
    /// return. Waits as long as that takes.
    ///
    /// # Errors
    ///
    /// [`Stopped`].
    pub async fn until<R: Send + 'static>(
        &self,
        mut read: impl FnMut(&Table) -> Option<R> + Send + 'static,
    ) -> Result<R, Stopped> {
        let mut changes = self.watch();
        loop {
            changes.mark_unchanged();
            let found;
            (found, read) = self.call(|driver| (read(driver.table()), read)).await?;
            if let Some(found) = found {
                return Ok(found);
            }
            changes.changed().await.map_err(|_| Stopped)?;
        }
    }

    /// Watches a number that changes whenever the table did. Its receiver reports an error once
    /// the node has stopped.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// Subscribes to events. While nobody is subscribed, events wait in the node, the latest on
    /// each thing, so the first subscriber also learns what came to be before. A subscriber that
    /// falls behind by 256 events misses the oldest and is told how many.
    ///
    /// # Errors
    ///
    /// [`Stopped`].
    pub async fn events(&self) -> Result<broadcast::Receiver<Event>, Stopped> {
        self.call(Driver::subscribe).await
    }

    /// All members that were heard of, but ourselves, by replica.
    ///
    /// # Errors
    ///
    /// [`Stopped`].
    pub async fn members(&self) -> Result<Vec<MemberInfo>, Stopped> {
        self.call(|driver| driver.members().map(MemberInfo::from).collect()).await
    }

    /// What was counted since the node started.
    ///
    /// # Errors
    ///
    /// [`Stopped`].
    pub async fn stats(&self) -> Result<Stats, Stopped> {
        self.call(|driver| driver.stats()).await
    }

    /// Through which settled cut the table agreed with how many distinct random peers.
    ///
    /// # Errors
    ///
    /// [`Stopped`].
    pub async fn freshness(&self) -> Result<Freshness, Stopped> {
        self.call(|driver| driver.freshness()).await
    }

    /// Joins the population that the node at `seed` belongs to, as
    /// [`Settings::join`](crate::Settings::join) does at the start.
    ///
    /// # Errors
    ///
    /// [`Stopped`].
    pub async fn join(&self, seed: SocketAddr) -> Result<(), Stopped> {
        self.call(move |driver| driver.join(seed)).await
    }

    /// Seals with other keys from here on, and accepts no others. See
    /// [`Node::set_keys`](rumormill_core::Node::set_keys). A [log of
    /// inputs](crate::Settings::log_inputs) ends here, since keys are not in it.
    ///
    /// # Errors
    ///
    /// [`Stopped`].
    pub async fn set_keys(&self, keys: KeyRing) -> Result<(), Stopped> {
        self.call(move |driver| driver.set_keys(&keys)).await
    }

    /// Throws a member out, here and by all whom the node reaches. Says whether the authority of
    /// the population issued the revocation. See
    /// [`Node::revoke`](rumormill_core::Node::revoke).
    ///
    /// # Errors
    ///
    /// [`Stopped`].
    pub async fn revoke(&self, revocation: Revocation) -> Result<bool, Stopped> {
        self.call(move |driver| driver.revoke(&revocation)).await
    }

    /// Drops every row of a replica, here, and refuses all of its lives. See
    /// [`Node::evict`](rumormill_core::Node::evict).
    ///
    /// # Errors
    ///
    /// [`Stopped`].
    pub async fn evict(&self, replica: ReplicaId) -> Result<(), Stopped> {
        self.call(move |driver| driver.evict(replica)).await
    }

    /// Takes an eviction back.
    ///
    /// # Errors
    ///
    /// [`Stopped`].
    pub async fn pardon(&self, replica: ReplicaId) -> Result<(), Stopped> {
        self.call(move |driver| driver.pardon(replica)).await
    }

    /// Says good-bye, waits until whoever could be told was told, but at most some seconds, and
    /// stops the node. The bound address is free when this returns.
    ///
    /// # Errors
    ///
    /// [`Stopped`] if the node had stopped before.
    pub async fn leave(&self) -> Result<(), Stopped> {
        self.call(Driver::leave).await?;
        self.stopped().await;
        Ok(())
    }

    /// Stops the node where it stands, as a crash would: nobody is told.
    /// [`stopped`](Self::stopped) tells when it is gone.
    pub fn abort(&self) {
        self.task.abort();
    }

    /// Waits until the node has stopped and its bound address is free.
    pub async fn stopped(&self) {
        self.commands.closed().await;
    }

    /// Cuts the network, for drills and tests: from here on, datagrams from and to these
    /// addresses are dropped, and those of an earlier call flow again. To cut both ways between
    /// two nodes, one of them is enough.
    ///
    /// # Errors
    ///
    /// [`Stopped`].
    pub async fn block(&self, peers: BTreeSet<SocketAddr>) -> Result<(), Stopped> {
        self.call(|driver| driver.block(peers)).await
    }

    /// Where others reach the node: what it advertises, or the address its socket is bound to.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whose life the node runs.
    #[must_use]
    pub const fn replica(&self) -> ReplicaId {
        self.replica
    }

    async fn call<R: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Driver) -> R + Send + 'static,
    ) -> Result<R, Stopped> {
        let (answer, answered) = oneshot::channel();
        let command: Command = Box::new(move |driver| {
            // A caller that was cancelled waits for no answer.
            let _ = answer.send(run(driver));
        });
        self.commands.send(command).await.map_err(|_| Stopped)?;
        answered.await.map_err(|_| Stopped)
    }
}

impl From<Member<'_, SocketAddr>> for MemberInfo {
    fn from(member: Member<'_, SocketAddr>) -> Self {
        let Member { life, address, name, zone, liveness } = member;
        Self { life, address: *address, name: name.to_owned(), zone: zone.to_owned(), liveness }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the node has stopped; spawn it again to go on")
    }
}

impl error::Error for Stopped {}
