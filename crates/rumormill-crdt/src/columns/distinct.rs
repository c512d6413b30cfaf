//! How many different elements there were, roughly.

use alloc::{vec, vec::Vec};
use core::time::Duration;

use super::stand_alone;
use crate::{
    Column, ColumnType, Element, Key, KeyKind, Table, WriteError, Writer, codec, keyed_hash,
};

stand_alone! {
    /// A number of different elements. It is an estimate that depends on nothing but the set of
    /// all elements heard of, however often and by whomever each was inserted; its standard error
    /// is 1.63 % (1.04 / sqrt(4096)).
    ///
    /// Flajolet, Fusy, Gandouet and Meunier, "HyperLogLog" (`AofA` 2007), with a hash of 64 bits
    /// and the estimator of Ertl, "New cardinality estimation algorithms for HyperLogLog
    /// sketches" (arXiv:1702.01284, 2017), section 2.3, which needs no tables and no switch
    /// between ranges; its correction for registers at their end, past 2^60 elements, is left
    /// out. The state is integers; only the estimate is computed in `f64`, with sums, products
    /// and quotients alone, which are the same on every machine. Each life keeps its own 4,096
    /// registers in cells of 32, so that an insert rewrites one cell of less than 110 bytes, or
    /// nothing if it tells nothing new.
    ///
    /// ```
    /// use rumormill_crdt::{Distinct, Life, ReplicaId};
    ///
    /// let mut ann = Distinct::<u32>::new(Life { replica: ReplicaId(1), epoch: 1 });
    /// let mut bob = Distinct::<u32>::new(Life { replica: ReplicaId(2), epoch: 1 });
    /// ann.insert(&7)?;
    /// bob.insert(&7)?;
    /// bob.insert(&8)?;
    /// ann.join(&bob);
    /// assert_eq!(ann.read(), 2);
    /// # Ok::<(), rumormill_crdt::WriteError>(())
    /// ```
    Distinct<T: Element>
}

const REGISTERS: usize = 4096;
const GROUP_LEN: usize = 32;
/// The greatest rank: 52 bits of the hash after the register's number, all zero.
const RANK_MAX: u8 = 53;
/// 1 / (2 ln 2).
const ALPHA: f64 = 0.721_347_520_444_481_7;

impl<T: Element> Distinct<T> {
    /// Inserts an element.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellTooLong`] if the element cannot be encoded.
    pub fn insert(&mut self, element: &T) -> Result<(), WriteError> {
        self.replica.edit(Duration::ZERO, |writer| Self::COLUMN.insert(writer, element))
    }

    /// Estimates the number of different elements.
    #[must_use]
    pub fn read(&self) -> u64 {
        Self::COLUMN.read(self.replica.table())
    }
}

impl<T: Element> Column<Distinct<T>> {
    /// Inserts an element. Only a hash of it is kept.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellTooLong`] if the element cannot be encoded, and [`WriteError::RowFull`].
    pub fn insert(&self, writer: &mut Writer<'_>, element: &T) -> Result<(), WriteError> {
        let len_max = writer.table().limits().cell_len_max;
        let element = codec::encode_to_vec(element)
            .map_err(|_| WriteError::CellTooLong { len: usize::MAX, len_max })?;
        let hash = keyed_hash(*b"distinct element", &element);
        let [high, low, ..] = hash.to_be_bytes();
        let (group, register) = (high >> 1, usize::from((high & 1) << 4 | low >> 4));
        let rank = (hash << 12).leading_zeros().to_be_bytes()[3].min(RANK_MAX - 1) + 1;
        let key = Key::part(KeyKind::Registers, self.name(), &[group]);
        let mut ranks = self.own(writer, &key).unwrap_or([0_u8; GROUP_LEN]);
        if ranks[register] >= rank {
            return Ok(());
        }
        ranks[register] = rank;
        self.put(writer, key, &ranks)
    }

    /// Estimates the number of different elements over all lives.
    #[must_use]
    pub fn read(&self, table: &Table) -> u64 {
        let mut ranks = Vec::new();
        for (_, part, more) in self.parts::<[u8; GROUP_LEN]>(table, KeyKind::Registers) {
            let [group @ 0..128] = part else { continue };
            if ranks.is_empty() {
                ranks = vec![0; REGISTERS];
            }
            let first = usize::from(*group) * GROUP_LEN;
            for (rank, more) in ranks[first..].iter_mut().zip(more) {
                *rank = more.min(RANK_MAX).max(*rank);
            }
        }
        if ranks.is_empty() { 0 } else { estimate(&ranks) }
    }
}

impl<T: Element> ColumnType for Distinct<T> {
    const KINDS: &'static [KeyKind] = &[KeyKind::Registers];

    type Read = u64;

    fn read(column: &Column<Self>, table: &Table) -> Self::Read {
        column.read(table)
    }

    fn is_cell(_: KeyKind, part: &[u8], value: &[u8]) -> bool {
        matches!(part, [0..128]) && codec::decode::<[u8; GROUP_LEN]>(value).is_ok()
    }
}

/// Ertl's improved raw estimator: `alpha m^2 / (m sigma(C0 / m) + sum of 2^-rank)`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 2^64")]
fn estimate(ranks: &[u8]) -> u64 {
    let m = REGISTERS as f64;
    let empty = ranks.iter().filter(|rank| **rank == 0).count() as f64;
    if empty == m {
        return 0;
    }
    // The sum of 2^-rank, exactly, in units of 2^-53.
    let filled = ranks.iter().filter(|rank| **rank > 0);
    let sum: u128 = filled.map(|rank| 1_u128 << (RANK_MAX - rank)).sum();
    let sum = sum as f64 / (1_u64 << RANK_MAX) as f64;
    (ALPHA * m * m / (m * sigma(empty / m) + sum) + 0.5) as u64
}

/// x plus the sum over k >= 1 of x^(2^k) 2^(k-1), for x below 1.
fn sigma(x: f64) -> f64 {
    let (mut power, mut weight, mut sum) = (x, 1.0, x);
    loop {
        power *= power;
        let next = sum + power * weight;
        if next <= sum {
            return sum;
        }
        (sum, weight) = (next, weight + weight);
    }
}
