//! The nodes of the demo, what is done to them, and what they show.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    ops::Range,
    time::Duration,
};

use rumormill::{
    Config, Handle, ReplicaId, Settings, SpawnError, Stats, Stopped, Table, WriteError, Writer,
    spawn,
};

use super::view::View;

/// The nodes of the demo.
#[derive(Debug)]
pub(crate) struct Cluster {
    config: Config,
    pub(crate) nodes: Vec<DemoNode>,
    /// What nodes that were killed had sent.
    sent_by_killed: Traffic,
}

/// A node, running or killed.
#[derive(Debug)]
pub(crate) struct DemoNode {
    pub(crate) name: String,
    pub(crate) replica: ReplicaId,
    pub(crate) handle: Option<Handle>,
}

/// Datagrams sent and the bytes in them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
}

/// What the nodes show, in their order; nothing for a killed one.
pub(crate) type Sample = Vec<Option<View>>;

impl Cluster {
    pub(crate) fn new(count: usize) -> Self {
        let name = |n| format!("n{:02}", n + 1);
        let nodes = (0..count).map(|n| DemoNode::new(name(n))).collect();
        let config = Config {
            cluster: format!("demo {}", std::process::id()),
            rumor_every: Duration::from_millis(100),
            reconcile_every: Duration::from_millis(400),
            probe_every: Duration::from_millis(250),
            ..Config::DEFAULT
        };
        Self { config, nodes, sent_by_killed: Traffic::default() }
    }

    /// Starts a new life of a node, which joins `seed`.
    pub(crate) async fn start(
        &mut self,
        n: usize,
        seed: u64,
        join: Option<SocketAddr>,
    ) -> Result<SocketAddr, SpawnError> {
        let node = &mut self.nodes[n];
        let handle = spawn(Settings {
            join: join.into_iter().collect(),
            config: self.config.clone(),
            seed: Some(seed),
            ..Settings::new(&node.name, (Ipv4Addr::LOCALHOST, 0).into())
        });
        let handle = handle.await?;
        let address = handle.address();
        node.handle = Some(handle);
        Ok(address)
    }

    /// Kills a node: no good-bye, and all that it held is gone.
    pub(crate) async fn kill(&mut self, n: usize) -> Result<(), Stopped> {
        let Some(handle) = self.nodes[n].handle.take() else { return Ok(()) };
        self.sent_by_killed.add(&handle.stats().await?);
        handle.abort();
        handle.stopped().await;
        Ok(())
    }

    /// Edits a running node's table.
    pub(crate) async fn edit(
        &self,
        n: usize,
        edit: impl FnOnce(&mut Writer<'_>) -> Result<(), WriteError> + Send + 'static,
    ) -> Result<(), Stopped> {
        let written = self.handle(n)?.update(edit).await?;
        written.expect("what the demo writes is short");
        Ok(())
    }

    /// Drops whatever passes between two parts of the cluster.
    pub(crate) async fn cut(&self, left: Range<usize>, right: Range<usize>) -> Result<(), Stopped> {
        for (side, other) in [(left.clone(), right.clone()), (right, left)] {
            let others = self.running(other).map(|(_, handle)| handle.address());
            let others: BTreeSet<SocketAddr> = others.collect();
            for (_, handle) in self.running(side) {
                handle.block(others.clone()).await?;
            }
        }
        Ok(())
    }

    /// Undoes all cuts.
    pub(crate) async fn heal(&self) -> Result<(), Stopped> {
        for (_, handle) in self.running(0..self.nodes.len()) {
            handle.block(BTreeSet::new()).await?;
        }
        Ok(())
    }

    pub(crate) async fn sample(&self) -> Result<Sample, Stopped> {
        let mut sample = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            sample.push(match &node.handle {
                Some(handle) => Some(View::of(handle, &node.name).await?),
                None => None,
            });
        }
        Ok(sample)
    }

    pub(crate) async fn tables(&self) -> Result<Vec<Table>, Stopped> {
        let mut tables = Vec::with_capacity(self.nodes.len());
        for (_, handle) in self.running(0..self.nodes.len()) {
            tables.push(handle.read(Table::clone).await?);
        }
        Ok(tables)
    }

    pub(crate) async fn traffic(&self) -> Result<Traffic, Stopped> {
        let mut traffic = self.sent_by_killed;
        for (_, handle) in self.running(0..self.nodes.len()) {
            traffic.add(&handle.stats().await?);
        }
        Ok(traffic)
    }

    /// The nodes of a part that run.
    pub(crate) fn running(&self, part: Range<usize>) -> impl Iterator<Item = (usize, &Handle)> {
        let start = part.start;
        let nodes = self.nodes[part].iter().enumerate();
        nodes.filter_map(move |(n, node)| Some((start + n, node.handle.as_ref()?)))
    }

    fn handle(&self, n: usize) -> Result<&Handle, Stopped> {
        self.nodes[n].handle.as_ref().ok_or(Stopped)
    }
}

impl DemoNode {
    fn new(name: String) -> Self {
        Self { replica: ReplicaId::from_name(&name), name, handle: None }
    }
}

impl Traffic {
    const fn add(&mut self, stats: &Stats) {
        self.datagrams += stats.node.datagrams_sent;
        self.bytes += stats.node.bytes_sent;
    }
}
