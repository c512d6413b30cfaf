//! Of what a digest is, so that two nodes compare like with like.

use core::time::Duration;

use rumormill_crdt::{Timestamp, keyed_hash};
use rumormill_sketch::HashKey;
use serde::{Deserialize, Serialize};

/// For how long row ids are hashed under one key.
const KEY_LIFE_SECS: u64 = 3_600;

/// A cut through the history of a table: what it was when the period with this number began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cut(pub(crate) u64);

/// The number of a hash key: each counts for an hour by the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyNumber(u64);

/// Of what a digest is: a cut, and the key under which row ids are hashed. On the wire the low bits
/// of both, three bytes: the cut's repeat after 18 hours, the key's after 10 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Basis {
    cut: [u8; 2],
    key: u8,
}

impl Cut {
    /// The last cut that lies `lag` before a moment of the wall clock.
    pub(crate) fn before(unix: Duration, lag: Duration) -> Self {
        Self(Timestamp::from_unix(unix.saturating_sub(lag)).period())
    }

    /// The moment of the cut, by the wall clock.
    pub(crate) fn to_unix(self) -> Duration {
        let millis = u64::try_from(Timestamp::PERIOD.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.0.saturating_mul(millis))
    }

    /// The cut so many periods earlier.
    pub(crate) const fn back(self, periods: u64) -> Self {
        Self(self.0.saturating_sub(periods))
    }
}

impl KeyNumber {
    pub(crate) const fn at(unix: Duration) -> Self {
        Self(unix.as_secs() / KEY_LIFE_SECS)
    }

    /// Its lowest bits.
    pub(crate) const fn low(self) -> u8 {
        let [.., low] = self.0.to_be_bytes();
        low
    }

    /// How long the key has counted.
    pub(crate) const fn age(self, unix: Duration) -> Duration {
        unix.saturating_sub(Duration::from_secs(self.0.saturating_mul(KEY_LIFE_SECS)))
    }

    /// The key itself, made from the population's secret.
    pub(crate) fn key(self, secret: [u8; 16]) -> HashKey {
        let mut bytes = [0; 16];
        for (half, to) in bytes.chunks_exact_mut(8).enumerate() {
            let input = [self.0.to_be_bytes(), (half as u64).to_be_bytes()].concat();
            to.copy_from_slice(&keyed_hash(secret, &input).to_be_bytes());
        }
        HashKey(bytes)
    }
}

impl Basis {
    pub(crate) const fn new(cut: Cut, key: KeyNumber) -> Self {
        let [.., high, low] = cut.0.to_be_bytes();
        Self { cut: [high, low], key: key.low() }
    }

    /// The cut with these low bits that is nearest to `near`.
    pub(crate) const fn cut(self, near: Cut) -> Cut {
        let low = u16::from_be_bytes(self.cut);
        let [.., near_high, near_low] = near.0.to_be_bytes();
        let ahead = low.wrapping_sub(u16::from_be_bytes([near_high, near_low])).cast_signed();
        Cut(near.0.saturating_add_signed(ahead as i64))
    }

    /// Says whether this is about digests under that key.
    pub(crate) const fn is_under(self, key: KeyNumber) -> bool {
        self.key == key.low()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_basis_finds_its_cut_from_nearby() {
        let key = KeyNumber(3);
        for (cut, near) in [(70_000, 69_000), (70_000, 71_000), (65_535, 65_536), (65_536, 65_530)]
        {
            assert_eq!(Basis::new(Cut(cut), key).cut(Cut(near)), Cut(cut), "{cut} from {near}");
        }
        assert!(Basis::new(Cut(1), key).is_under(key));
        assert!(!Basis::new(Cut(1), key).is_under(KeyNumber(4)));
    }
}
