//! Members that know each other, and what they say, written by hand from `docs/wire.md`.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use rumormill_core::{Config, Identity, Instant, Node, forging::Frames};
use rumormill_crdt::{Bytes, Key, Life, ReplicaId, Row, keyed_hash};

/// What the wall clock reads.
pub const UNIX: Duration = Duration::from_secs(1_767_225_600);

/// What these messages begin with.
const PING: u8 = 0;
const ACK: u8 = 1;
const CLAIM: u8 = 3;

/// Members, as their own rows say that they are.
#[derive(Debug)]
pub struct Population {
    rows: Vec<Arc<Row<Key, Bytes>>>,
}

impl Population {
    /// So many members, whose replicas are spread evenly, as hashes are.
    #[must_use]
    pub fn new(members: u64) -> Self {
        let rows = (0..members).flat_map(|number| {
            let node = start(number);
            node.table().rows().cloned().collect::<Vec<_>>()
        });
        Self { rows: rows.collect() }
    }

    /// What the members say of themselves.
    pub fn rows(&self) -> impl Iterator<Item = &Arc<Row<Key, Bytes>>> {
        self.rows.iter()
    }

    /// A node that knows them all.
    #[must_use]
    pub fn node(&self) -> Node<SocketAddr> {
        self.node_with(self.rows.iter().cloned())
    }

    /// A node besides them that has these rows.
    pub fn node_with(
        &self,
        rows: impl IntoIterator<Item = Arc<Row<Key, Bytes>>>,
    ) -> Node<SocketAddr> {
        let mut node = start(self.rows.len() as u64);
        node.restore(Instant::default(), rows);
        node
    }

    /// What a member answers to a datagram, if that is a ping.
    #[must_use]
    pub fn answer(&self, whom: SocketAddr, datagram: &[u8]) -> Option<Vec<u8>> {
        let [_, _, _, _, PING, nonce @ ..] = datagram.get(Frames::BEFORE_LEN..)? else {
            return None;
        };
        let last = nonce.iter().position(|byte| byte & 0x80 == 0)?;
        Some(self.datagram(number(whom), &[&[ACK], &nonce[..=last]]))
    }

    /// A ping by a member.
    #[must_use]
    pub fn ping(&self, who: u64, nonce: u64) -> Vec<u8> {
        self.datagram(who, &[&[PING], &varint(nonce)])
    }

    /// An answer by a member.
    #[must_use]
    pub fn ack(&self, who: u64, nonce: u64) -> Vec<u8> {
        self.datagram(who, &[&[ACK], &varint(nonce)])
    }

    /// The claim by a member that another one is alive.
    #[must_use]
    pub fn claim(&self, who: u64, whom: u64, incarnation: u64) -> Vec<u8> {
        self.datagram(who, &[&[CLAIM], &self.tag(whom), &varint(incarnation), &[0]])
    }

    /// The four bytes that stand for a member's life.
    fn tag(&self, who: u64) -> [u8; 4] {
        let Life { replica, epoch } = self.life(who);
        let life = [replica.0.to_be_bytes(), epoch.to_be_bytes()].concat();
        let [a, b, c, d, ..] = keyed_hash(*b"tag of a life...", &life).to_be_bytes();
        [a, b, c, d]
    }

    /// What a member runs.
    ///
    /// # Panics
    ///
    /// If there is no such member.
    #[must_use]
    pub fn life(&self, who: u64) -> Life {
        self.rows[usize::try_from(who).expect("members fit memory")].id().life
    }

    fn datagram(&self, who: u64, message: &[&[u8]]) -> Vec<u8> {
        let payload = [self.tag(who).as_slice(), &message.concat()].concat();
        let key = [*b"population, low.", *b"population, high"];
        let key = key.map(|half| keyed_hash(half, b"").to_be_bytes()).concat();
        let key = key.try_into().expect("16 bytes");
        [&[1][..], &keyed_hash(key, &payload).to_be_bytes(), &payload].concat()
    }
}

/// Where a member is.
#[must_use]
pub fn address(number: u64) -> SocketAddr {
    let [.., a, b, c] = number.to_be_bytes();
    SocketAddr::from((Ipv4Addr::new(10, a, b, c), 7_946))
}

/// Who is there.
fn number(address: SocketAddr) -> u64 {
    let SocketAddr::V4(address) = address else { return 0 };
    u64::from(address.ip().to_bits() & 0x00ff_ffff)
}

fn start(number: u64) -> Node<SocketAddr> {
    let replica = ReplicaId(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let identity = Identity { replica, name: format!("node {number}"), address: address(number) };
    Node::new(Instant::default(), UNIX, identity, Config::DEFAULT, number)
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let [.., low] = number.to_be_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & 0x7f);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
