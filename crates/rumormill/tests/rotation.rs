//! Five nodes change their keys while they write.

use std::{
    collections::BTreeSet,
    error::Error,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rumormill::{
    Column, Config, Handle, OrSet, Settings, Space,
    core::{KeyRing, SealKey},
    spawn,
};
use tokio::{task::JoinHandle, time::timeout};

const WRITTEN: Column<OrSet<u64>> = Column::new(Space::SHARED, "written");

const NODES: usize = 5;

/// The period of probes, and the longest for which datagrams may be refused.
const PERIOD: Duration = Duration::from_millis(100);

/// Far more than anything here takes; only a node that hangs gets there.
const HANGS: Duration = Duration::from_secs(60);

type Result<T> = core::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_change_under_load_and_nothing_is_refused_for_long_or_lost() -> Result<()> {
    let (old, new) = (key(1), key(2));
    let nodes = population(&old).await?;
    let load = Load::on(&nodes);
    let mut refusals = Refusals::of(&nodes).await?;
    let steps = [
        KeyRing::new(old.clone()).accepting(new.clone()),
        KeyRing::new(new.clone()).accepting(old),
        KeyRing::new(new),
    ];
    for ring in steps {
        let begun = Instant::now();
        for node in &nodes {
            node.set_keys(ring.clone()).await?;
            load.reaches(&nodes, &mut refusals).await?;
        }
        while begun.elapsed() < PERIOD * 4 {
            load.reaches(&nodes, &mut refusals).await?;
        }
        let lasted = refusals.lasted();
        assert!(lasted <= PERIOD, "for {lasted:?} datagrams were refused: {refusals:?}");
    }
    let written = load.end().await?;
    let all: BTreeSet<u64> = (0..written).collect();
    for node in &nodes {
        let expected = all.clone();
        let held = node.until(move |table| (WRITTEN.read(table) == expected).then_some(()));
        timeout(HANGS, held).await??;
    }
    for node in &nodes {
        let stats = node.stats().await?.node;
        assert!(stats.datagrams_received > 100, "there was load: {stats:?}");
    }
    Ok(())
}

fn key(byte: u8) -> SealKey {
    SealKey::from_bytes([byte; SealKey::LEN])
}

/// Nodes that all know each other.
async fn population(key: &SealKey) -> Result<Vec<Handle>> {
    let mut nodes: Vec<Handle> = Vec::new();
    for number in 0..NODES {
        let config = Config {
            keys: Some(KeyRing::new(key.clone())),
            probe_every: PERIOD,
            rumor_every: PERIOD / 2,
            seed_backoff: PERIOD / 5,
            ..Config::DEFAULT
        };
        let join = nodes.first().map(Handle::address).into_iter().collect();
        let settings = Settings::new(format!("node {number}"), (Ipv4Addr::LOCALHOST, 0).into());
        nodes.push(spawn(Settings { config, join, ..settings }).await?);
    }
    for node in &nodes {
        let mut changes = node.watch();
        while node.members().await?.len() < NODES - 1 {
            timeout(HANGS, changes.changed()).await??;
        }
    }
    Ok(nodes)
}

/// Each node writes, one thing after the other: the next once another node has read the last.
struct Load {
    written: Arc<AtomicU64>,
    ends: Arc<AtomicBool>,
    writers: Vec<JoinHandle<Result<()>>>,
}

impl Load {
    fn on(nodes: &[Handle]) -> Self {
        let (written, ends) = <(Arc<AtomicU64>, Arc<AtomicBool>)>::default();
        let readers = nodes.iter().cycle().skip(1);
        let writers = nodes.iter().zip(readers).map(|(writer, reader)| {
            let (writer, reader) = (writer.clone(), reader.clone());
            let (written, ends) = (written.clone(), ends.clone());
            tokio::spawn(async move {
                while !ends.load(Ordering::Relaxed) {
                    let number = written.fetch_add(1, Ordering::Relaxed);
                    writer.update(move |it| WRITTEN.insert(it, &number)).await??;
                    arrives(&reader, number).await?;
                }
                Ok(())
            })
        });
        let writers = writers.collect();
        Self { written, ends, writers }
    }

    /// Waits until everybody has read something that was written from here on, and sees what was refused.
    async fn reaches(&self, nodes: &[Handle], refusals: &mut Refusals) -> Result<()> {
        for node in nodes {
            let number = self.written.fetch_add(1, Ordering::Relaxed);
            node.update(move |it| WRITTEN.insert(it, &number)).await??;
            for reader in nodes {
                arrives(reader, number).await?;
            }
            refusals.look(nodes).await?;
        }
        Ok(())
    }

    /// Ends it, and says how many things were written.
    async fn end(self) -> Result<u64> {
        self.ends.store(true, Ordering::Relaxed);
        for writer in self.writers {
            writer.await??;
        }
        Ok(self.written.load(Ordering::Relaxed))
    }
}

async fn arrives(reader: &Handle, number: u64) -> Result<()> {
    let held = reader.until(move |table| WRITTEN.contains(table, &number).then_some(()));
    timeout(HANGS, held).await??;
    Ok(())
}

/// When datagrams were refused since a step began.
#[derive(Debug)]
struct Refusals {
    counts: Vec<u64>,
    /// When the first was seen, and the last.
    seen: Option<(Instant, Instant)>,
}

impl Refusals {
    async fn of(nodes: &[Handle]) -> Result<Self> {
        Ok(Self { counts: counts(nodes).await?, seen: None })
    }

    async fn look(&mut self, nodes: &[Handle]) -> Result<()> {
        let (now, counts) = (Instant::now(), counts(nodes).await?);
        if counts != self.counts {
            let first = self.seen.map_or(now, |(first, _)| first);
            (self.counts, self.seen) = (counts, Some((first, now)));
        }
        Ok(())
    }

    /// For how long, in the step that ends here.
    fn lasted(&mut self) -> Duration {
        self.seen.take().map_or(Duration::ZERO, |(first, last)| last - first)
    }
}

async fn counts(nodes: &[Handle]) -> Result<Vec<u64>> {
    let mut counts = Vec::new();
    for node in nodes {
        counts.push(node.stats().await?.node.datagrams_rejected);
    }
    Ok(counts)
}
