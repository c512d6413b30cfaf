//! What strangers' bytes make us allocate (I11): by how many bytes they are, whatever they say.

use std::time::Duration;

use allocation_counter::{AllocationInfo, measure};
use rumormill_core::{
    Certificate, Instant, Proof, Revocation,
    crdt::{Bytes, Head, Key, Replica, RowDelta, WholeRow, codec},
};
use rumormill_fuzz::{Mutations, busy_node, busy_sealed_node, frame, named};
use rumormill_sketch::{Fingerprint, Part, Received, RequestList, Strata};
use serde::{Serialize, de::DeserializeOwned};

/// Nothing that is decoded takes more bytes at a time than so many times its length, and so many. The
/// shortest cell there is has 4 bytes, and takes 56 in memory and a fourth of that to grow.
const TIMES: u64 = 18;
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
    check("deltas", &deltas, decodes::<RowDelta<Key, Bytes>>);
    check("whole rows", &deltas, decodes::<WholeRow<Key, Bytes>>);
    check("heads", &inputs("head", false), decodes::<Head>);
    check("request lists", &inputs("requests", false), |it| RequestList::decode(it).is_ok());
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

/// What a rejected datagram takes; nothing if it is taken in.
fn rejected(node: &mut rumormill_core::Node<u8>, bytes: &[u8]) -> Option<AllocationInfo> {
    let now = Instant::new(Duration::from_secs(1));
    let mut is_rejected = false;
    let took = measure(|| is_rejected = node.handle_datagram(now, 9, bytes).is_err());
    is_rejected.then_some(took)
}

#[test]
fn nothing_is_allocated_for_a_frame_that_is_not_ours() {
    for bytes in inputs("datagram", true) {
        let is_whole = bytes.len() > 9 && frame(&bytes[9..]) == bytes;
        if let Some(took) = rejected(&mut busy_node(), &bytes).filter(|_| !is_whole) {
            assert_eq!(took.count_total, 0, "{took:?} for {bytes:?}");
        }
    }
}

/// A whole frame is somebody's who knows the population's name.
#[test]
fn what_is_malformed_in_a_whole_frame_allocates_in_proportion_to_its_length() {
    let mut count = 0;
    for bytes in inputs("datagram", true) {
        if let Some(took) = rejected(&mut busy_node(), &frame(&bytes)) {
            count += 1;
            let most = TIMES * bytes.len() as u64 + BYTES;
            assert!(took.bytes_max <= most, "{} bytes, of {most}, for {bytes:?}", took.bytes_max);
        }
    }
    assert!(count > MUTATIONS / 2, "most are malformed: {count}");
}

#[test]
fn nothing_is_allocated_before_a_seal_is_verified() {
    let mut node = busy_sealed_node();
    for bytes in Mutations::new(&(named("sealed").seeds)(), 3).take(MUTATIONS) {
        if let Some(took) = rejected(&mut node, &bytes) {
            assert_eq!(took.count_total, 0, "{took:?} for {bytes:?}");
        }
    }
}
