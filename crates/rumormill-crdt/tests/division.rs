//! How the bytes of a delta divide: the parts are all of them.

use proptest::{collection::vec, option, prelude::*};
use rumormill_crdt::{
    Bytes, Content, DeltaCell, DeltaParts, Dependency, Division, Head, Key, Life, ReplicaId,
    RowDelta, RowId, Signature, Space, Timestamp, WholeRow, codec,
};

fn id(number: u64) -> RowId {
    RowId { space: Space::SHARED, life: Life { replica: ReplicaId(number), epoch: number } }
}

/// A number of any length when encoded.
fn number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64_u32).prop_map(|(number, bits)| number >> bits)
}

fn dependencies() -> impl Strategy<Value = Vec<(RowId, Dependency)>> {
    let dependency = (number(), number(), any::<u64>());
    vec(dependency, 0..4).prop_map(|list| {
        let lines = list.into_iter().map(|(on, version, stamp)| {
            (id(on.max(2)), Dependency { version, timestamp: Timestamp(stamp) })
        });
        lines.collect()
    })
}

/// A key and a value of any length, and how much later than the cell before.
fn cells() -> impl Strategy<Value = Vec<(usize, Option<Vec<u8>>, u64)>> {
    let value = option::of(vec(any::<u8>(), 0..300));
    vec((0..200_usize, value, number()), 0..12)
}

prop_compose! {
    /// A sound delta: a piece or complete, signed or not.
    fn delta()(
        from in number(),
        cells in cells(),
        beyond in number(),
        recent in number(),
        stamp in any::<u64>(),
        hash in any::<u64>(),
        dependencies in dependencies(),
        is_signed in any::<bool>(),
        is_piece in any::<bool>(),
    ) -> RowDelta<Key, Bytes> {
        let (from, mut version) = (from >> 8, from >> 8);
        let cells: Vec<_> = cells
            .into_iter()
            .enumerate()
            .map(|(place, (key_len, value, step))| {
                version += 1 + (step >> 8);
                let key = Key::raw(&format!("{place:0>key_len$}{place}"));
                DeltaCell { version, key, value: value.map(|it| Bytes::copy_from(&it)) }
            })
            .collect();
        let to = version + 1;
        let version = to + if is_piece { 1 + (beyond >> 8) } else { 0 };
        let head = Head {
            version,
            // No tombstone is listed at or below it.
            floor: from,
            timestamp: Timestamp(stamp),
            recent: recent.clamp(1, version),
            hash,
            dependencies: dependencies.into_iter().collect(),
            signature: is_signed.then(|| Signature::from_bytes([7; Signature::LEN])),
        };
        let content = (is_signed && is_piece).then_some(Content([7; 32]));
        RowDelta::new(DeltaParts { id: id(1), from, to, head, content, cells })
            .expect("the rules are kept")
    }
}

proptest! {
    #[test]
    fn the_parts_of_a_delta_are_all_of_it(delta in delta()) {
        let division = delta.division();
        prop_assert_eq!(division.total(), delta.encoded_len());
        let values = delta.cells().iter().filter_map(|cell| cell.value.as_ref());
        prop_assert_eq!(division.payload, values.map(|value| value.len()).sum::<usize>());
        let keys = delta.cells().iter().map(|cell| cell.key.len());
        prop_assert_eq!(division.keys, keys.sum::<usize>());
        let rows = 1 + delta.head().dependencies.len();
        prop_assert_eq!(division.ids, rows * codec::encoded_len(&delta.id()));
        prop_assert_eq!(division.signatures > 0, delta.head().signature.is_some());
    }

    #[test]
    fn the_parts_of_a_whole_row_are_all_of_it(delta in delta()) {
        let mut parts = delta.into_parts();
        (parts.from, parts.to, parts.content) = (0, parts.head.version, None);
        parts.head.floor = 0;
        parts.head.hash = parts.hash_of_whole();
        let delta = RowDelta::new(parts).expect("the rules are kept");
        let of_delta = delta.division();
        let whole = WholeRow::new(delta).expect("it is whole");
        let division = whole.division();
        prop_assert_eq!(division.total(), codec::encoded_len(&whole));
        // It does without the interval and the hash.
        let spared = codec::encoded_len(&(0_u64, whole.delta().to()));
        let without = Division {
            versions: of_delta.versions - spared,
            framing: of_delta.framing - 8,
            ..of_delta
        };
        prop_assert_eq!(division, without);
    }
}
