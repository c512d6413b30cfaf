//! What a seal costs beside the bare cipher, and what it costs to turn a datagram away.

use std::{hint::black_box, time::Duration};

use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, Key, KeyInit, KeySizeUser, XChaCha20Poly1305};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rumormill_benches::{
    ProcessorTime,
    frames::{frames, sealed, whole},
};
use rumormill_core::{
    Config, DATAGRAM_LEN_MIN, Identity, Instant, Node, crdt::ReplicaId, forging::Frames,
};

/// Seals and opens a datagram of 1,200 bytes, and does the same with the cipher alone.
fn seal(criterion: &mut Criterion<ProcessorTime>) {
    let mut group = criterion.benchmark_group("core");
    group.throughput(Throughput::Bytes(DATAGRAM_LEN_MIN as u64));
    let (mut ann, mut bob) = (frames(1, &sealed(7)), frames(2, &sealed(7)));
    let mut datagram = [7; DATAGRAM_LEN_MIN];
    group.bench_function("seal_and_open/1200", |bencher| {
        bencher.iter(|| {
            ann.close(black_box(&mut datagram));
            bob.open(black_box(&datagram)).expect("it is new and whole").len()
        });
    });
    group.bench_function("seal/1200", |bencher| {
        bencher.iter(|| ann.close(black_box(&mut datagram)));
    });
    let mut datagrams = whole();
    let mut carol = frames(3, &sealed(7));
    group.bench_function("open/1200", |bencher| {
        let next = || datagrams.next().expect("there is always one more");
        let open = |datagram: [u8; DATAGRAM_LEN_MIN]| {
            carol.open(black_box(&datagram)).expect("it is new and whole").len()
        };
        bencher.iter_batched(next, open, BatchSize::SmallInput);
    });
    group.bench_function("xchacha20poly1305_alone/1200", |bencher| {
        bencher.iter(cipher_alone::<XChaCha20Poly1305>());
    });
    group.bench_function("chacha20poly1305_alone/1200", |bencher| {
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
    let mut group = criterion.benchmark_group("core/reject_1200_bytes");
    let whole = |key| {
        let mut datagram = [7; DATAGRAM_LEN_MIN];
        frames(1, &sealed(key)).close(&mut datagram);
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
        ("another_key", whole(8)),
        ("another_key_of_the_same_name", named_as_ours),
        ("payload_bit_flipped", flipped(600)),
        ("tag_bit_flipped", flipped(DATAGRAM_LEN_MIN - 1)),
        ("came_before", whole(7)),
    ];
    let in_clear = |payload: u8| {
        let mut datagram = [payload; DATAGRAM_LEN_MIN];
        frames(1, &Config::DEFAULT).close(&mut datagram);
        datagram
    };
    let mut damaged = in_clear(7);
    damaged[600] ^= 1;
    let cases_in_clear = [("in_clear_damaged", damaged), ("in_clear_nonsense", in_clear(0xff))];
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
