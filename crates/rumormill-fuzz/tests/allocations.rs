//! What strangers' bytes make us allocate (I11): by how many bytes they are, whatever they say.

use std::time::Duration;

use allocation_counter::{AllocationInfo, measure};
use rumormill_core::{
    Certificate, Instant, Node, Proof, Rejected, Revocation,
    crdt::{
        Bytes, DeltaCell, DeltaParts, Head, Key, Life, Replica, ReplicaId, RowDelta, RowId, Space,
        WholeRow, codec,
    },
    forging,
};
use rumormill_fuzz::{Mutations, busy_node, busy_sealed_node, frame, named};
use rumormill_sketch::{Fingerprint, Gap, KeyHash, Part, Received, RequestList, Strata};
use serde::{Serialize, de::DeserializeOwned};

/// Nothing that is decoded takes more bytes at a time than so many times its length, and so many.
const TIMES: u64 = 8;
const BYTES: u64 = 4_096;

/// So many spoiled inputs of each kind.
const MUTATIONS: usize = 20_000;

/// The seeds of a target without the byte that says of which kind they are, and spoiled copies.
fn inputs(target: &str, with_kind: bool) -> Vec<Vec<u8>> {
    let mut seeds = (named(target).seeds)();
    if with_kind {
        seeds.iter_mut().for_each(|seed| *seed = seed.split_off(1));
    }
    let spoiled: Vec<_> = Mutations::new(&seeds, 2).take(MUTATIONS).collect();
    seeds.into_iter().chain(spoiled).collect()
}

/// The same, and each with a great count in some place, and bytes enough behind it to be believed.
fn with_counts(inputs: Vec<Vec<u8>>, seeds: usize) -> Vec<Vec<u8>> {
    const THOUSAND: [u8; 2] = [0xe8, 0x07];
    let counted = inputs.iter().take(seeds).flat_map(|bytes| {
        (0..bytes.len()).map(|at| [&bytes[..at], &THOUSAND, &[0xff; 1_100]].concat())
    });
    let counted: Vec<_> = counted.collect();
    inputs.into_iter().chain(counted).collect()
}

/// Feeds a decoder, which says whether it decoded anything, and holds it to the bound.
fn check(what: &str, inputs: &[Vec<u8>], mut decode: impl FnMut(&[u8]) -> bool) {
    let mut decoded = 0;
    for bytes in inputs {
        let mut is_decoded = false;
        let took = measure(|| is_decoded = decode(bytes));
        decoded += u32::from(is_decoded);
        let most = TIMES * bytes.len() as u64 + BYTES;
        assert!(
            took.bytes_max <= most,
            "{what}: {} bytes, of {most}, for {bytes:?}",
            took.bytes_max
        );
    }
    assert!(decoded > 0, "some {what} decode");
}

fn decodes<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> bool {
    codec::decode::<T>(bytes).is_ok()
}

#[test]
fn what_is_decoded_allocates_in_proportion_to_its_length() {
    let deltas = with_counts(inputs("delta", true), 16);
    let deltas = [deltas, short_cells(Encoding::Delta)].concat();
    check("deltas", &deltas, |it| RowDelta::decode(it).is_ok());
    let rows = [deltas, short_cells(Encoding::Row)].concat();
    check("whole rows", &rows, |it| WholeRow::decode(it).is_ok());
    check("heads", &inputs("head", false), decodes::<Head>);
    let lists = [inputs("requests", false), vec![short_requests()]].concat();
    check("request lists", &lists, |it| {
        RequestList::decode(it).is_ok_and(|it| it.requests().len() > 0)
    });
    let sketches = inputs("sketch", true);
    check("strata", &sketches, |bytes| Strata::decode(bytes).is_ok());
    check("fingerprints", &sketches, |bytes| Fingerprint::decode(bytes).is_ok());
    check("whole sketches", &sketches, |bytes| {
        Part::decode(bytes).is_ok_and(|part| Received::whole(&part).is_ok())
    });
    let words = inputs("certificate", true);
    check("certificates", &words, |bytes| Certificate::decode(bytes).is_ok());
    check("revocations", &words, |bytes| Revocation::decode(bytes).is_ok());
    check("proofs", &words, |bytes| Proof::decode(bytes).is_ok());
}

/// The kinds of messages that are made here, and one that is none: see `docs/wire.md`.
const WHO: u8 = 2;
const DELTA: u8 = 16;
const ROW: u8 = 17;
const ANNOUNCE: u8 = 19;
const NONE: u8 = 0xff;

#[derive(Clone, Copy)]
enum Encoding {
    Delta,
    Row,
}

/// Rows of more and more of the shortest cells there are: nothing under a key of up to three bytes.
fn short_cells(encoding: Encoding) -> Vec<Vec<u8>> {
    let row = |cells: u64| {
        let life = Life { replica: ReplicaId(1), epoch: 1 };
        let key = |cell: u64| {
            let bytes: Vec<_> = cell.to_be_bytes().into_iter().skip_while(|it| *it == 0).collect();
            let key = codec::encode_to_vec(&Bytes::copy_from(&bytes)).expect("a known length");
            codec::decode::<Key>(&key).expect("any bytes are a key")
        };
        let cell = |cell: u64| DeltaCell { version: cell + 1, key: key(cell), value: None };
        let head = Head { version: cells, recent: 1, ..Head::default() };
        let id = RowId { space: Space::SHARED, life };
        let cells = (0..cells).map(cell).collect();
        let mut parts = DeltaParts { id, from: 0, to: head.version, head, content: None, cells };
        parts.head.hash = parts.hash_of_whole();
        RowDelta::new(parts).expect("it obeys the rules")
    };
    let encode = |delta: RowDelta<Key, Bytes>| match encoding {
        Encoding::Delta => codec::encode_to_vec(&delta),
        Encoding::Row => codec::encode_to_vec(&WholeRow::new(delta).expect("it is whole")),
    };
    let counts = [1, 10, 100, 170, 200, 257, 300, 511, 512, 513, 1_000, 10_000];
    counts.map(|cells| encode(row(cells)).expect("a known length")).into()
}

/// A list of as many requests as there may be, of two bits each.
fn short_requests() -> Vec<u8> {
    let gaps: Vec<_> = (0..65_535).map(|key| Gap { key: KeyHash::new(key), ahead: -1 }).collect();
    RequestList::new(&gaps, 256).expect("they are just few enough").encode()
}

/// A datagram of each kind of message that takes most memory by its length.
fn costly_payloads() -> Vec<Vec<u8>> {
    let sender = [1; 4];
    let many = |begin: &[u8], element: &[u8], len: usize| {
        [begin, &element.repeat(len / element.len())].concat()
    };
    // 160 rows by tags, in 01, at version 1.
    let announce = many(&[ANNOUNCE, 0, 0xa0, 1], &[1, 1, 7, 7, 7, 7, 1], 160 * 7);
    let cells = |kind: u8, encoding| {
        let fitting = short_cells(encoding).into_iter().filter(|it| it.len() < 1_400);
        fitting.map(move |row| [&[kind][..], &row].concat())
    };
    let deltas = cells(DELTA, Encoding::Delta);
    let all = [announce, many(&[], &[WHO], 1_200)].into_iter().chain(deltas);
    let all = all.chain(cells(ROW, Encoding::Row));
    all.map(|messages| [&sender[..], &messages].concat()).collect()
}

#[test]
fn what_a_datagram_says_allocates_in_proportion_to_its_length() {
    let payloads = inputs("datagram", true);
    let payloads = [payloads, costly_payloads()].concat();
    check("payloads", &payloads, |bytes| forging::decode(bytes).is_ok());
}

/// A snapshot is read into a table, with its indices; what it takes is bounded all the same.
#[test]
fn a_snapshot_allocates_in_proportion_to_its_length() {
    for bytes in inputs("snapshot", false) {
        let took = measure(|| {
            let _ = codec::decode::<Replica>(&bytes);
        });
        let most = 64 * bytes.len() as u64 + 4 * BYTES;
        assert!(took.bytes_max <= most, "{} bytes, of {most}", took.bytes_total);
    }
}

/// Why a datagram is rejected, and what that takes; nothing if it is taken in.
fn rejected(node: &mut Node<u8>, bytes: &[u8]) -> Option<(Rejected, AllocationInfo)> {
    let now = Instant::new(Duration::from_secs(1));
    let mut rejected = None;
    let took = measure(|| rejected = node.handle_datagram(now, 9, bytes).err());
    rejected.map(|why| (why, took))
}

#[test]
fn nothing_is_allocated_for_a_frame_that_is_not_ours() {
    for bytes in inputs("datagram", true) {
        let is_whole = bytes.len() > 9 && frame(&bytes[9..]) == bytes;
        if let Some((_, took)) = rejected(&mut busy_node(), &bytes).filter(|_| !is_whole) {
            assert_eq!(took.count_total, 0, "{took:?} for {bytes:?}");
        }
    }
}

/// A node that has heard from the address, and so keeps account of what comes from there.
fn node_that_has_heard() -> Node<u8> {
    let mut node = busy_node();
    let heard = rejected(&mut node, &frame(&[1, 1, 1, 1, NONE]));
    assert_eq!(heard.map(|(why, _)| why), Some(Rejected::Malformed));
    node
}

/// A whole frame is somebody's who knows the population's name.
#[test]
fn nothing_is_allocated_for_what_is_malformed_in_a_whole_frame() {
    let mut malformed = 0;
    for bytes in inputs("datagram", true) {
        let Some((why, took)) = rejected(&mut node_that_has_heard(), &frame(&bytes)) else {
            continue;
        };
        if why == Rejected::Malformed {
            malformed += 1;
            assert_eq!(took.count_total, 0, "{took:?} for {bytes:?}");
        }
        assert!(took.bytes_total <= BYTES, "{why}: {took:?} for {bytes:?}");
    }
    assert!(malformed > MUTATIONS / 2, "most are malformed: {malformed}");
    for payload in costly_payloads() {
        let bytes = [&payload[..], &[NONE]].concat();
        let (why, took) =
            rejected(&mut node_that_has_heard(), &frame(&bytes)).expect("it has a bad end");
        assert_eq!((why, took.count_total), (Rejected::Malformed, 0), "{took:?} for {bytes:?}");
    }
}

#[test]
fn nothing_is_allocated_before_a_seal_is_verified() {
    let mut node = busy_sealed_node();
    for bytes in Mutations::new(&(named("sealed").seeds)(), 3).take(MUTATIONS) {
        if let Some((_, took)) = rejected(&mut node, &bytes) {
            assert_eq!(took.count_total, 0, "{took:?} for {bytes:?}");
        }
    }
}
