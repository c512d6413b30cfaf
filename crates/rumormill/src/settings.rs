//! What a node is told when it starts.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rumormill_core::{
    Config,
    crdt::{Bytes, Key, ReplicaId, Row},
};

/// What a node is told when it starts. Begin with [`Settings::new`] and change what matters.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What people call the node; at most [`NAME_LEN_MAX`](Self::NAME_LEN_MAX) bytes.
    pub name: String,
    /// Whose life the node runs. Stable across restarts; two nodes must never share one.
    pub replica: ReplicaId,
    /// The address of the socket. With port 0 the system chooses a free port.
    pub bind: SocketAddr,
    /// Where others reach us, if that is not the address of the socket.
    pub advertise: Option<SocketAddr>,
    /// Nodes to join; one that answers is enough. All are tried until they do.
    pub join: Vec<SocketAddr>,
    /// How the node behaves.
    pub config: Config,
    /// Where the node's random choices begin; entropy of the operating system if `None`. Two
    /// starts of one replica must not use the same seed, or its lives may not differ.
    pub seed: Option<u64>,
    /// Rows that the program stored, to be taken in before anybody is asked for them.
    pub restore: Vec<Arc<Row<Key, Bytes>>>,
    /// A file to log every input in, from which [`Recording`](crate::Recording) runs the node again. It grows
    /// with all that is received and written; it is made anew at each start. Keep it as secret as the
    /// table: it holds what the node received, and where its random choices began. Keys are not in it.
    pub log_inputs: Option<PathBuf>,
    /// Reads the wall clock, as time since the Unix epoch.
    pub wall_clock: fn() -> Duration,
}

impl Settings {
    /// The longest name, in bytes.
    pub const NAME_LEN_MAX: usize = 256;

    /// Settings of a node that joins nobody, is the replica that its name gives, and reads the
    /// system's wall clock.
    #[must_use]
    pub fn new(name: impl Into<String>, bind: SocketAddr) -> Self {
        let name = name.into();
        Self {
            replica: ReplicaId::from_name(&name),
            name,
            bind,
            advertise: None,
            join: Vec::new(),
            config: Config::DEFAULT,
            seed: None,
            restore: Vec::new(),
            log_inputs: None,
            wall_clock: system_time,
        }
    }
}

/// A clock before 1970 reads as 1970: the node's timestamps then follow those it receives.
fn system_time() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
