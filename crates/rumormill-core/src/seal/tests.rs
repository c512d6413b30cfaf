use alloc::{string::String, vec, vec::Vec};

use rumormill_crdt::{Life, ReplicaId};

use super::{FRAME_LEN, KeyRing, Rejected, SEAL_LEN, Seal, SealKey};
use crate::{Config, random::Random};

const PAYLOAD: &[u8] = b"whatever members tell each other";

fn key(byte: u8) -> SealKey {
    SealKey::from_bytes([byte; SealKey::LEN])
}

fn seal(cluster: &str, keys: Option<KeyRing>, seed: u64) -> Seal {
    let config = Config { cluster: String::from(cluster), keys, ..Config::DEFAULT };
    let life = Life { replica: ReplicaId(seed), epoch: 1 };
    Seal::new(&config, life, &mut Random::new(seed))
}

fn sealed_by(seal: &mut Seal, payload: &[u8]) -> Vec<u8> {
    let after = if matches!(seal, Seal::Sealed(_)) { SEAL_LEN } else { 0 };
    let mut datagram = vec![0; FRAME_LEN];
    datagram.extend_from_slice(payload);
    datagram.resize(datagram.len() + after, 0);
    seal.close(&mut datagram);
    datagram
}

#[test]
fn members_read_what_members_write_and_nobody_else_does() {
    let ring = || Some(KeyRing::new(key(1)));
    let mut ann = seal("fleet", ring(), 1);
    let datagram = sealed_by(&mut ann, PAYLOAD);
    assert!(!datagram.windows(5).any(|five| PAYLOAD.windows(5).any(|it| it == five)), "in clear");
    assert_eq!(seal("fleet", ring(), 2).open(&datagram), Ok(PAYLOAD));
    let opened = |cluster, keys| seal(cluster, keys, 3).open(&datagram).map(<[u8]>::len);
    assert_eq!(opened("fleet", Some(KeyRing::new(key(2)))), Err(Rejected::UnknownKey));
    assert_eq!(opened("other", ring()), Err(Rejected::Forged), "the name is authenticated");
    assert_eq!(opened("fleet", None), Err(Rejected::Sealed));
    let in_clear = sealed_by(&mut seal("fleet", None, 4), PAYLOAD);
    assert_eq!(seal("fleet", ring(), 5).open(&in_clear), Err(Rejected::Unsealed));
}

#[test]
fn each_bit_of_a_sealed_datagram_counts() {
    let ring = || Some(KeyRing::new(key(1)).accepting(key(2)));
    let (mut ann, mut bob) = (seal("fleet", ring(), 1), seal("fleet", ring(), 2));
    let datagram = sealed_by(&mut ann, PAYLOAD);
    for bit in 0..datagram.len() * 8 {
        let mut spoiled = datagram.clone();
        spoiled[bit / 8] ^= 1 << (bit % 8);
        assert!(bob.open(&spoiled).is_err(), "bit {bit}");
    }
    for len in 0..datagram.len() {
        assert!(bob.open(&datagram[..len]).is_err(), "{len} bytes");
    }
    assert_eq!(bob.open(&datagram), Ok(PAYLOAD), "nothing spoiled counts as seen");
}

#[test]
fn nothing_is_read_twice() {
    let ring = || Some(KeyRing::new(key(1)));
    let (mut ann, mut bob) = (seal("fleet", ring(), 1), seal("fleet", ring(), 2));
    let datagrams: Vec<_> = (0..3).map(|_| sealed_by(&mut ann, PAYLOAD)).collect();
    for at in [2, 0, 1] {
        assert_eq!(bob.open(&datagrams[at]), Ok(PAYLOAD), "in any order");
    }
    for datagram in &datagrams {
        assert_eq!(bob.open(datagram), Err(Rejected::Replayed));
    }
    (0..2_000).for_each(|_| drop(sealed_by(&mut ann, PAYLOAD)));
    assert_eq!(bob.open(&sealed_by(&mut ann, PAYLOAD)), Ok(PAYLOAD), "most go to others");
}

#[test]
fn a_life_that_begins_anew_seals_with_other_nonces() {
    let ring = || Some(KeyRing::new(key(1)));
    let config = Config { keys: ring(), ..Config::DEFAULT };
    let nonces = [(1, 1, 7), (1, 2, 7), (2, 1, 7), (1, 1, 8)].map(|(replica, epoch, seed)| {
        let life = Life { replica: ReplicaId(replica), epoch };
        let mut seal = Seal::new(&config, life, &mut Random::new(seed));
        let datagram = sealed_by(&mut seal, PAYLOAD);
        datagram[datagram.len() - SEAL_LEN..][..12].to_vec()
    });
    for (at, nonce) in nonces.iter().enumerate() {
        assert!(!nonces[..at].contains(nonce), "{nonces:?}");
    }
}

#[test]
fn keys_change_without_a_datagram_lost() {
    let (old, new) = (key(1), key(2));
    let mut nodes = [1, 2].map(|seed| seal("fleet", Some(KeyRing::new(old.clone())), seed));
    let phases = [
        KeyRing::new(old.clone()).accepting(new.clone()),
        KeyRing::new(new.clone()).accepting(old),
        KeyRing::new(new),
    ];
    for ring in phases {
        for changes in 0..2 {
            nodes[changes].set_keys(&ring);
            for from in 0..2 {
                let datagram = sealed_by(&mut nodes[from], PAYLOAD);
                assert_eq!(nodes[1 - from].open(&datagram), Ok(PAYLOAD));
            }
        }
    }
    let ring = KeyRing::new(key(0));
    let many = (1..20).fold(ring, |ring, byte| ring.accepting(key(byte)));
    assert_eq!(many.keys().count(), 1 + KeyRing::ACCEPTED_MAX, "a ring is bounded");
}

#[test]
fn sealed_nodes_come_to_agree() {
    use crate::strangers::{at, node_with};
    let keys = || Some(KeyRing::new(key(1)));
    let config = || Config { keys: keys(), ..Config::DEFAULT };
    let mut nodes = [node_with(0, config()), node_with(1, config())];
    nodes[0].join(at(0), 1);
    for millis in (0..10_000).step_by(10) {
        for from in 0..2 {
            nodes[from].handle_timeout(at(millis));
            let mut buf = [0; 1_200];
            while let Some(transmit) = nodes[from].poll_transmit(&mut buf) {
                assert!(transmit.payload.len() <= 1_200 && transmit.to as usize == 1 - from);
                let bytes = transmit.payload.to_vec();
                let from_address = u32::try_from(from).expect("one of two");
                nodes[1 - from].handle_datagram(at(millis), from_address, &bytes).expect("sealed");
            }
        }
    }
    assert!(nodes.iter().all(|node| node.members().count() == 1));
    assert!(nodes[0].table() == nodes[1].table());
}
