//! What chitchat's servers send each other, counted: its own transport within a process, and what gets lost.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;
use chitchat::{
    ChitchatEnvelope, ChitchatMessage,
    transport::{ChannelTransport, RecvOutcome, SendOutcome, Socket, Transport},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Where nobody is: what is sent there is encoded, counted and lost.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 1);

/// Which of the three messages of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Syn,
    SynAck,
    Ack,
    Other,
}

/// The wire between all servers.
#[derive(Clone)]
pub(super) struct Wire {
    channels: ChannelTransport,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    sent: Vec<(Kind, usize)>,
    random: StdRng,
    loss_pct: u32,
}

impl Wire {
    pub(super) fn new(loss_pct: u32) -> Self {
        let inner = Inner { sent: Vec::new(), random: StdRng::seed_from_u64(1), loss_pct };
        Self { channels: ChannelTransport::default(), inner: Arc::new(Mutex::new(inner)) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics while holding it")
    }

    /// Begins to count anew.
    pub(super) fn forget(&self) {
        self.inner().sent.clear();
    }

    /// Bytes of all messages.
    pub(super) fn total(&self) -> usize {
        self.inner().sent.iter().map(|(_, len)| len).sum()
    }

    /// Bytes of all messages of a kind.
    pub(super) fn of(&self, kind: Kind) -> usize {
        self.inner().sent.iter().filter(|(it, _)| *it == kind).map(|(_, len)| len).sum()
    }

    /// Whether the next message arrives.
    fn arrives(&self) -> bool {
        let mut inner = self.inner();
        let loss_pct = inner.loss_pct;
        inner.random.random_range(0..100) >= loss_pct
    }
}

#[async_trait]
impl Transport for Wire {
    async fn open(&self, address: SocketAddr) -> anyhow::Result<Box<dyn Socket>> {
        let socket = self.channels.open(address).await?;
        Ok(Box::new(End { socket, wire: self.clone() }))
    }
}

struct End {
    socket: Box<dyn Socket>,
    wire: Wire,
}

#[async_trait]
impl Socket for End {
    fn local_addr(&self) -> anyhow::Result<SocketAddr> {
        self.socket.local_addr()
    }

    async fn send(
        &mut self,
        to: SocketAddr,
        envelope: ChitchatEnvelope,
    ) -> anyhow::Result<SendOutcome> {
        let kind = kind(&envelope.message);
        let to = if self.wire.arrives() { to } else { NOWHERE };
        let outcome = self.socket.send(to, envelope).await?;
        self.wire.inner().sent.push((kind, outcome.num_bytes_sent));
        Ok(outcome)
    }

    async fn recv(&mut self) -> anyhow::Result<RecvOutcome> {
        self.socket.recv().await
    }
}

fn kind(message: &ChitchatMessage) -> Kind {
    match message {
        ChitchatMessage::Syn { .. } => Kind::Syn,
        ChitchatMessage::SynAck { .. } => Kind::SynAck,
        ChitchatMessage::Ack { .. } => Kind::Ack,
        _ => Kind::Other,
    }
}
