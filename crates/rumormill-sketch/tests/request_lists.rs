//! Lists of what is wanted.

mod maps;

use maps::hash;
use proptest::prelude::*;
use rumormill_sketch::{Gap, KeyHash, KeyIndex, Malformed, Request, RequestList};

fn index(keys: u32) -> KeyIndex<u32> {
    (0..keys).map(|key| (hash(key), key)).collect()
}

proptest! {
    #[test]
    fn a_list_asks_for_what_we_are_behind_in(
        gaps in prop::collection::btree_map(0..20_000u32, -1_000_000..1_000_000i64, 0..200),
    ) {
        let index = index(20_000);
        let as_gap = |(key, ahead): (&u32, &i64)| Gap { key: hash(*key), ahead: *ahead };
        let list = RequestList::new(&gaps.iter().map(as_gap).collect::<Vec<_>>(), 20_000).unwrap();
        let bytes = list.encode();
        let list = RequestList::decode(&bytes).unwrap();
        for (key, gap) in &gaps {
            let asked = list.requests().find(|request| {
                list.keys(*request, &index).any(|asked| asked == hash(*key))
            });
            if *gap < 0 {
                let behind = asked.expect("it is wanted").behind;
                prop_assert!(behind >= gap.unsigned_abs());
            }
        }
        let behind = gaps.values().filter(|gap| **gap < 0).count();
        prop_assert!(list.requests().len() <= behind);
    }

    /// Whatever is accepted is what would be written.
    #[test]
    fn lists_have_one_spelling(bytes in prop::collection::vec(any::<u8>(), 0..40), bits in 8..49u8) {
        let mut bytes = bytes;
        if bytes.len() >= 3 {
            (bytes[0], bytes[1], bytes[2]) = (0, bytes[1] % 8, bits);
        }
        // Most spellings fail at the zeros that fill the last byte; so try all ends.
        for len in 0..=bytes.len() {
            for fill in 0..8u8 {
                let mut bytes = bytes[..len].to_vec();
                if let Some(last) = bytes.last_mut() {
                    *last &= 0xffu8 << fill;
                }
                if let Ok(list) = RequestList::decode(&bytes) {
                    prop_assert_eq!(list.encode(), bytes);
                }
            }
        }
    }
}

#[test]
fn fifty_requests_among_100_000_keys_take_less_than_3_bytes_each() {
    let gaps: Vec<_> =
        (0..50).map(|key| Gap { key: hash(key), ahead: -1 - i64::from(key % 3) }).collect();
    let len = RequestList::new(&gaps, 100_000).unwrap().encode().len();
    assert!(len < 150, "{len} bytes");
}

#[test]
fn keys_that_look_the_same_are_asked_for_once() {
    // Maps of one key tell keys apart by eight bits.
    let gaps = [(0x1_01, -5), (0x2_01, -7), (0x3_02, 4)];
    let gaps = gaps.map(|(key, ahead)| Gap { key: KeyHash::new(key), ahead });
    let list = RequestList::new(&gaps, 1).unwrap();
    let [request] = list.requests().collect::<Vec<_>>()[..] else { panic!("one is asked for") };
    assert_eq!((request.key, request.behind), (1, 7));
    let index: KeyIndex<u32> = gaps.iter().map(|gap| (gap.key, 0)).collect();
    let named: Vec<_> = list.keys(request, &index).collect();
    assert_eq!(named, [gaps[0].key, gaps[1].key], "both are sent");
}

#[test]
fn other_spellings_are_malformed() {
    let gaps = [3, 9].map(|key| Gap { key: KeyHash::new(key), ahead: -2 });
    let bytes = RequestList::new(&gaps, 1).unwrap().encode();
    assert!(RequestList::decode(&bytes).is_ok());
    let spoil = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        RequestList::decode(&bytes).map(drop)
    };
    assert_eq!(spoil(1, 0xff), Err(Malformed), "a count beyond the bytes at hand");
    assert_eq!(spoil(0, 7), Err(Malformed), "fewer than eight bits");
    assert_eq!(spoil(0, 49), Err(Malformed), "more bits than hashes have");
    let last = bytes.len() - 1;
    assert_eq!(spoil(last, bytes[last] | 1), Err(Malformed), "a last byte not filled with zeros");
    assert_eq!(
        RequestList::decode(&[&bytes[..], &[0]].concat()),
        Err(Malformed),
        "a byte too many"
    );
    assert_eq!(RequestList::decode(&bytes[..last]), Err(Malformed), "a byte missing");
    let decode = |bits: &str| {
        let bytes = [&[8], &packed(bits)[..]].concat();
        RequestList::decode(&bytes).map(|list| list.requests().collect::<Vec<_>>())
    };
    // Two requests, in 101: 254 is 3 * 64 + 62, and one behind; then the next key.
    let keys = |list: Vec<Request>| list.iter().map(|it| it.key).collect::<Vec<_>>();
    assert_eq!(decode("101 1110111110 0 0000000 0").map(keys), Ok(vec![254, 255]));
    let beyond = decode("101 1110111111 0 0000000 0");
    assert_eq!(beyond.map(keys), Err(Malformed), "255 and 256 in 8 bits");
    // One request, in 100, for key 0, and how far behind.
    let gaps = |list: Vec<Request>| list.iter().map(|it| it.behind).collect::<Vec<_>>();
    let gap = |bits: usize| ["100 00000000", &"1".repeat(bits), "0", &"0".repeat(bits)].concat();
    assert_eq!(decode(&gap(63)).map(gaps), Ok(vec![1 << 63]));
    assert_eq!(decode(&gap(64)).map(gaps), Err(Malformed), "a gap of 65 bits");
    let count = ["1".repeat(17), "0".repeat(18)].concat();
    assert_eq!(decode(&count).map(gaps), Err(Malformed), "more requests than a list may have");
    let too_many = vec![Gap { key: KeyHash::new(1), ahead: -1 }; 65_536];
    assert!(RequestList::new(&too_many, 1).is_err());
}

/// Bits in bytes, the last filled with zeros.
fn packed(bits: &str) -> Vec<u8> {
    let bits: Vec<_> = bits.bytes().filter(|bit| *bit != b' ').collect();
    let byte = |bits: &[u8]| {
        (0..8).fold(0, |byte, at| byte << 1 | bits.get(at).map_or(0, |bit| bit - b'0'))
    };
    bits.chunks(8).map(byte).collect()
}
