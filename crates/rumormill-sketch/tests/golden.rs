//! The bytes that `docs/wire.md` describes.

mod maps;

use maps::{encode, triples};
use rumormill_sketch::{
    Audit, Gap, HashKey, KeyHash, RequestList, Size, Strata, Stripe, Summary, Width,
};

/// A map of three keys.
fn summary() -> Summary {
    let secret = HashKey(*b"0123456789abcdef");
    let mut summary = Summary::new(triples(256));
    for (key, value) in [("ann", 1), ("bob", 2), ("cid", 300)] {
        summary.update(secret.hash(key.as_bytes()), 0, value);
    }
    summary
}

fn check(bytes: &[u8], expected: &str) {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let expected: String = expected.split_whitespace().collect();
    assert_eq!(hex, expected);
}

#[test]
fn hash() {
    let hash = HashKey(*b"0123456789abcdef").hash(b"ann");
    assert_eq!(format!("{:012x}", hash.bits()), "e2943296cae7");
}

#[test]
fn fingerprint() {
    check(&summary().fingerprint().encode(), "0000012f 8ad6bff4239468db 41792ff3");
}

#[test]
fn strata() {
    let first = "0000785e 00007847";
    check(&summary().strata().encode(), &(first.to_owned() + &"0".repeat(112)));
}

#[test]
fn sketches_of_every_width() {
    let expected = [
        "0001 0000 01 59 6642ef87 2f 239468db 30 48252998 02 57278ba4 01 3296cae7 \
         01 3296cae7",
        "2001 0000 01 0259 6642ef87 012f 239468db 0130 48252998 0002 57278ba4 0001 \
         3296cae7 0001 3296cae7",
        "4001 0000 01 0259 a36642ef87 012f f4239468db 0130 b848252998 0002 \
         5857278ba4 0001 943296cae7 0001 943296cae7",
        "6001 0000 01 00000259 ee23c6a36642ef87 0000012f 8ad6bff4239468db 00000130 \
         9865c8b848252998 00000002 11b2eb5857278ba4 00000001 0423e2943296cae7 \
         00000001 0423e2943296cae7",
        "8001 0000 01 0000000000000259 ee23c6a36642ef87 000000000000012f \
         8ad6bff4239468db 0000000000000130 9865c8b848252998 0000000000000002 \
         11b2eb5857278ba4 0000000000000001 0423e2943296cae7 0000000000000001 \
         0423e2943296cae7",
    ];
    for (width, expected) in Width::ALL.into_iter().zip(expected) {
        check(&encode(&summary(), triples(2), width), expected);
    }
}

#[test]
fn a_stripe() {
    let mut buf = [0; 23];
    let stripe = Stripe::new(4, 3).unwrap();
    let folded = summary().sketch().fold(triples(5));
    let (len, rest) = folded.encode_part(Width::A16B32, stripe, &mut buf);
    check(&buf[..len], "2004 0004 03 000000000000 000000000000 00013296cae7");
    assert_eq!(rest, Stripe::new(13, 3));
}

#[test]
fn requests() {
    let gaps = [(0x1234, -1), (0x0042, -5), (0x9999, 7), (0xfedc_ba98_7654, -1_000)];
    let gaps = gaps.map(|(key, ahead)| Gap { key: KeyHash::new(key), ahead });
    check(&RequestList::new(&gaps, 200).unwrap().encode(), "10 c0085947c5c41fffbd00");
    check(&RequestList::new(&[], 200).unwrap().encode(), "10 00");
}

#[test]
fn audit() {
    let mut audit = Audit::new(*b"fedcba9876543210");
    audit.add(b"ann", 1);
    audit.add(b"bob", 2);
    check(&audit.finish(), "fba7f765b026ca5effb9960f7de11a02");
}

#[test]
fn sizes() {
    assert_eq!(Size::for_differences(0).cells(), 9);
    assert_eq!(Size::for_differences(100).cells(), 162);
    assert_eq!(Size::for_differences(usize::MAX), Size::MAX);
    assert_eq!(Size::fitting(Width::A16B32, 1_200 - Strata::LEN).map(Size::cells), Some(186));
    assert_eq!(Size::fitting(Width::A64B64, 52), None);
}
