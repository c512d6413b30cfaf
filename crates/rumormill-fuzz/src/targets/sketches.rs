//! What finds out what differs.

use std::sync::LazyLock;

use rumormill_sketch::{
    Fingerprint, Gap, HashKey, KeyHash, KeyIndex, Part, Received, RequestList, Size, Strata,
    Stripe, Summary, Width,
};

const SECRET: HashKey = HashKey(*b"a key for fuzz..");

/// How many keys both sides know.
const KEYS: u32 = 500;

/// What both sides know, and what they have of it.
struct Sides {
    index: KeyIndex<u32>,
    ours: Summary,
    theirs: Summary,
}

static SIDES: LazyLock<Sides> = LazyLock::new(|| {
    let mut ours = Summary::new(Size::of_triples(64).expect("a size"));
    let mut index = KeyIndex::new();
    for number in 0..KEYS {
        index.insert(key(number), number);
        ours.update(key(number), 0, 100 + u64::from(number));
    }
    let mut theirs = ours.clone();
    (0..20).for_each(|number| theirs.update(key(number), 0, 1 + u64::from(number)));
    Sides { index, ours, theirs }
});

fn key(number: u32) -> KeyHash {
    SECRET.hash(&number.to_be_bytes())
}

/// A part of a sketch, strata, or a fingerprint, as the first byte says. What comes out of peeling is
/// bounded by what came in.
pub(super) fn sketch(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let Sides { index, ours, .. } = &*SIDES;
    match kind % 3 {
        0 => {
            let Ok(part) = Part::decode(rest) else { return };
            let Ok(received) = Received::whole(&part) else { return };
            let Ok(difference) = ours.sketch().difference(&received) else { return };
            let peeled = difference.peel(index);
            assert!(peeled.gaps.len() <= 4 * received.size().cells(), "gaps come out of cells");
        }
        1 => {
            let Ok(strata) = Strata::decode(rest) else { return };
            assert_eq!(strata.encode()[..], *rest);
            let _ = ours.strata().estimate(&strata);
        }
        _ => {
            let Ok(fingerprint) = Fingerprint::decode(rest) else { return };
            assert_eq!(fingerprint.encode()[..], *rest);
            let _ = ours.fingerprint().compare(&fingerprint, index);
        }
    }
}

pub(super) fn sketch_seeds() -> Vec<Vec<u8>> {
    let Sides { theirs, .. } = &*SIDES;
    let part = |triples: u16, width: Width| {
        let size = Size::of_triples(triples).expect("a size");
        let mut bytes = vec![0; 1_201];
        let folded = theirs.sketch().fold(size);
        let (len, _) = folded.encode_part(width, Stripe::WHOLE, &mut bytes[1..]);
        bytes.truncate(1 + len);
        bytes
    };
    let parts = [(8, Width::A32B64), (32, Width::A32B64), (8, Width::A64B64), (64, Width::A64B64)];
    let parts = parts.map(|(triples, width)| part(triples, width));
    let strata = [&[1], &theirs.strata().encode()[..]].concat();
    let fingerprint = [&[2], &theirs.fingerprint().encode()[..]].concat();
    parts.into_iter().chain([strata, fingerprint]).collect()
}

/// A list decodes and encodes to the same bytes, and asks for keys that there are.
pub(super) fn requests(bytes: &[u8]) {
    let Ok(list) = RequestList::decode(bytes) else { return };
    assert_eq!(list.encode(), bytes);
    assert!(list.requests().len() <= 8 * bytes.len(), "a request takes a bit at the least");
    for request in list.requests() {
        assert!(list.keys(request, &SIDES.index).count() <= KEYS as usize);
    }
}

pub(super) fn requests_seeds() -> Vec<Vec<u8>> {
    let list = |count: u32| {
        let gaps: Vec<Gap> = (0..count)
            .map(|number| Gap { key: key(number), ahead: -1 - i64::from(number) * 37 })
            .collect();
        RequestList::new(&gaps, KEYS as usize).expect("few").encode()
    };
    [0, 1, 2, 10, 100].map(list).into()
}
