//! Row ids chosen by somebody who knows the key under which they are hashed.

use alloc::{collections::BTreeMap, vec::Vec};
use core::time::Duration;

use rumormill_crdt::{Life, Limits, RowId, Table};
use rumormill_sketch::KeyHash;

use super::rows;
use crate::{digest::Digest, seal::digest_secret, strangers::UNIX};

/// A digest of anybody's table, made by somebody who knows the population's secret, and who
/// leaves so much of the past to rumors.
pub(super) fn digest_of(table: &Table, unix: Duration) -> Digest {
    Digest::new(table, digest_secret(""), unix, Duration::from_secs(1))
}

/// Pairs of ids whose hashes agree in what `seen` takes of them, found by trying so many.
pub(super) fn alike<T: Ord>(tries: u64, seen: impl Fn(KeyHash) -> T) -> Vec<[RowId; 2]> {
    let digest = digest_of(&Table::new(Life::default(), Limits::DEFAULT), UNIX);
    let mut met = BTreeMap::new();
    let ids = (0..tries).map(|epoch| rows::id_of(77, 1 + epoch));
    ids.filter_map(|id| Some([met.insert(seen(digest.hash(id)), id)?, id])).collect()
}

/// What narrow cells say of a hash.
pub(super) const fn low_32_bits(hash: KeyHash) -> u64 {
    hash.bits() & 0xffff_ffff
}

/// The four cells that a key touches in a sketch of so many triples, and thereby in all smaller
/// ones, as `docs/wire.md` has it.
pub(super) fn cells(triples: u64) -> impl Fn(KeyHash) -> [u64; 4] {
    move |hash| {
        let halves = [0x5bd1_e995_0000_0000, 0x9e37_79b9_7f4a_7c15].map(|it| mix(hash.bits() ^ it));
        let [a, b] = halves;
        let words = [a & 0xffff_ffff, a >> 32, b & 0xffff_ffff, b >> 32];
        let mut cells = words.map(|word| 3 * place(word, triples) + ((word * 3) >> 32));
        cells.sort_unstable();
        cells
    }
}

/// What a value is multiplied with in the second and in the third sum of a fingerprint, as
/// `docs/wire.md` has it.
pub(super) const fn multipliers(hash: KeyHash) -> [u64; 2] {
    let check = mix(hash.bits() ^ 0xd6e8_feb8_6659_fd93) >> 48 << 48;
    [check | hash.bits(), mix(hash.bits() ^ 0x2545_f491_4f6c_dd1d) & 0xffff_ffff]
}

const fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const fn place(word: u64, count: u64) -> u64 {
    let power = count.next_power_of_two();
    let low = word & (power - 1);
    if low < count { low } else { low - power / 2 }
}
