//! What a seal costs beside the bare cipher, and what it costs to turn a datagram away.

use std::{hint::black_box, time::Duration};

use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, Key, KeyInit, KeySizeUser, XChaCha20Poly1305};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rumormill_benches::ProcessorTime;
use rumormill_core::{
    Config, DATAGRAM_LEN_MIN, Identity, Instant, KeyRing, Node, SealKey,
    crdt::{Life, ReplicaId},
    forging::Frames,
};

/// Seals and opens a datagram of 1,200 bytes, and does the same with the cipher alone.
fn seal(criterion: &mut Criterion<ProcessorTime>) {
    let mut group = criterion.benchmark_group("seal");
    group.throughput(Throughput::Bytes(DATAGRAM_LEN_MIN as u64));
    let (mut ann, mut bob) = (frames(1, 7), frames(2, 7));
    let mut datagram = [7; DATAGRAM_LEN_MIN];
    group.bench_function("seal and open", |bencher| {
        bencher.iter(|| {
            ann.close(black_box(&mut datagram));
            bob.open(black_box(&datagram)).expect("it is new and whole").len()
        });
    });
    group.bench_function("seal", |bencher| {
        bencher.iter(|| ann.close(black_box(&mut datagram)));
    });
    group.bench_function("XChaCha20Poly1305 alone", |bencher| {
        bencher.iter(cipher_alone::<XChaCha20Poly1305>());
    });
    group.bench_function("ChaCha20Poly1305 alone", |bencher| {
        bencher.iter(cipher_alone::<ChaCha20Poly1305>());
    });
    group.finish();
}

/// Encrypts and decrypts as many bytes as the payload of such a datagram, in place.
fn cipher_alone<C: KeyInit + AeadInOut + KeySizeUser>() -> impl FnMut() {
    let cipher = C::new_from_slice(&Key::from([7; 32])).expect("a key of 32 bytes");
    let mut payload = [7; DATAGRAM_LEN_MIN - Frames::BEFORE_LEN - Frames::AFTER_LEN];
    let mut number = 0_u64;
    move || {
        let mut nonce = chacha20poly1305::aead::Nonce::<C>::default();
        number += 1;
        nonce[..8].copy_from_slice(&number.to_be_bytes());
        let sealed = cipher.encrypt_inout_detached(&nonce, b"abc", (&mut payload[..]).into());
        let tag = sealed.expect("it is short");
        black_box(&mut payload);
        let opened = cipher.decrypt_inout_detached(&nonce, b"abc", (&mut payload[..]).into(), &tag);
        opened.expect("it is whole");
    }
}

/// Hands a node what it turns away.
fn reject(criterion: &mut Criterion<ProcessorTime>) {
    let mut group = criterion.benchmark_group("reject 1,200 bytes");
    let whole = |key| {
        let mut datagram = [7; DATAGRAM_LEN_MIN];
        frames(1, key).close(&mut datagram);
        datagram
    };
    let flipped = |at: usize| {
        let mut datagram = whole(7);
        datagram[at] ^= 1;
        datagram
    };
    let mut named_as_ours = whole(8);
    named_as_ours[..3].copy_from_slice(&whole(7)[..3]);
    let cases = [
        ("random", noise()),
        ("another key", whole(8)),
        ("another key of the same name", named_as_ours),
        ("a bit of the payload flipped", flipped(600)),
        ("a bit of the tag flipped", flipped(DATAGRAM_LEN_MIN - 1)),
        ("a datagram that came before", whole(7)),
    ];
    let in_clear = |payload: u8| {
        let mut datagram = [payload; DATAGRAM_LEN_MIN];
        frames_with(1, &Config::DEFAULT).close(&mut datagram);
        datagram
    };
    let mut damaged = in_clear(7);
    damaged[600] ^= 1;
    let cases_in_clear =
        [("in clear, damaged", damaged), ("in clear, whole nonsense", in_clear(0xff))];
    let cases = cases.map(|case| (case, sealed(7)));
    let cases_in_clear = cases_in_clear.map(|case| (case, Config::DEFAULT));
    for ((what, datagram), config) in cases.into_iter().chain(cases_in_clear) {
        let mut node = node(config);
        group.bench_function(what, |bencher| {
            bencher.iter(|| node.handle_datagram(Instant::default(), 9, black_box(&datagram)));
        });
        assert!(node.handle_datagram(Instant::default(), 9, &datagram).is_err(), "{what}");
    }
    group.finish();
}

fn sealed(key: u8) -> Config {
    let keys = Some(KeyRing::new(SealKey::from_bytes([key; SealKey::LEN])));
    Config { keys, ..Config::DEFAULT }
}

fn frames(number: u64, key: u8) -> Frames {
    frames_with(number, &sealed(key))
}

fn frames_with(number: u64, config: &Config) -> Frames {
    Frames::new(Life { replica: ReplicaId(number), epoch: 1 }, config, number)
}

fn node(config: Config) -> Node<u8> {
    let identity = Identity { replica: ReplicaId(3), name: String::new(), address: 3 };
    let unix = Duration::from_secs(1_767_225_600);
    Node::new(Instant::default(), unix, identity, config, 3)
}

/// Bytes without a pattern (Marsaglia, "Xorshift RNGs", 2003).
fn noise() -> [u8; DATAGRAM_LEN_MIN] {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    [0; DATAGRAM_LEN_MIN].map(|_: u8| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    })
}

criterion_group!(
    name = benches;
    config = Criterion::default().with_measurement(ProcessorTime);
    targets = seal, reject
);
criterion_main!(benches);
