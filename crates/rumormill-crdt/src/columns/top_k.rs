//! What occurs most often, and how often about.

use alloc::{collections::BTreeMap, vec::Vec};
use core::{cmp::Reverse, time::Duration};

use serde::{Deserialize, Serialize};

use super::{g_counter::count_up, stand_alone};
use crate::{Column, ColumnType, Element, Key, KeyKind, Life, Table, WriteError, Writer, codec};

stand_alone! {
    /// Heavy hitters: which elements were recorded most often. Its value is the number of all
    /// records heard of, exactly, and of each element two bounds between which the number of its
    /// records lies; they depend on what each life recorded in which order. With n records in
    /// all, the bounds of an element are at most n / 64 apart ([`SLOTS`](Self::SLOTS)). As long
    /// as no life has recorded more than 64 different elements, they are equal.
    ///
    /// Metwally, Agrawal and El Abbadi, "Efficient Computation of Frequent and Top-k Elements in
    /// Data Streams" (ICDT 2005): each life counts 64 elements in slots, and a new one takes the
    /// slot with the least count over, together with that count, which is then its error. Readers
    /// put the slots of all lives together as in Agarwal et al., "Mergeable Summaries" (PODS
    /// 2012), but without cutting down to 64 slots again, so merging adds no error. An element
    /// without a slot was recorded at most as often as the greatest error in its life's slots
    /// says, which is tighter than the least count. Each slot is a cell of its own, so a record
    /// rewrites one cell of the element and a few bytes.
    ///
    /// As more is heard of, the total and every element's greatest count never fall; its least
    /// count may, when it loses a slot.
    ///
    /// ```
    /// use rumormill_crdt::{Life, ReplicaId, TopK};
    ///
    /// let mut ann = TopK::<String>::new(Life { replica: ReplicaId(1), epoch: 1 });
    /// let mut bob = TopK::<String>::new(Life { replica: ReplicaId(2), epoch: 1 });
    /// ann.record(&"timeout".to_owned(), 3)?;
    /// bob.record(&"refused".to_owned(), 4)?;
    /// bob.record(&"timeout".to_owned(), 2)?;
    /// ann.join(&bob);
    /// let top = ann.read(1);
    /// assert_eq!((top.elements[0].element.as_str(), top.elements[0].count_max), ("timeout", 5));
    /// assert_eq!((top.total, top.others_max), (9, 4));
    /// # Ok::<(), rumormill_crdt::WriteError>(())
    /// ```
    TopK<T: Element>
}

const SLOTS: u8 = 64;

/// What a [`TopK`] reads as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Top<T> {
    /// The elements with the greatest `count_max`, in descending order; equals by element.
    pub elements: Vec<HeavyHitter<T>>,
    /// How many records of all elements there were, exactly.
    pub total: u128,
    /// No element outside `elements` was recorded more often. If no `count_min` inside is less,
    /// none of them is there by mistake.
    pub others_max: u128,
}

/// An element, and how often it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeavyHitter<T> {
    /// The element.
    pub element: T,
    /// It was recorded at least so often.
    pub count_min: u128,
    /// It was recorded at most so often.
    pub count_max: u128,
}

impl<T: Element + Ord> TopK<T> {
    /// How many elements each life counts at a time.
    pub const SLOTS: u8 = SLOTS;

    /// Records an element so many times.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellTooLong`] if the element is too long to travel, and
    /// [`WriteError::CounterFull`] if a count of this life would exceed 2^64 - 1.
    pub fn record(&mut self, element: &T, times: u64) -> Result<(), WriteError> {
        self.replica.edit(Duration::ZERO, |writer| Self::COLUMN.record(writer, element, times))
    }

    /// Reads the `k` elements that were recorded most often.
    #[must_use]
    pub fn read(&self, k: usize) -> Top<T> {
        Self::COLUMN.read(self.replica.table(), k)
    }
}

impl<T: Element + Ord> Column<TopK<T>> {
    /// Records an element so many times. Nothing is written if that is not at all.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellTooLong`], [`WriteError::RowFull`], and [`WriteError::CounterFull`] if a
    /// count of this life would exceed 2^64 - 1.
    pub fn record(
        &self,
        writer: &mut Writer<'_>,
        element: &T,
        times: u64,
    ) -> Result<(), WriteError> {
        let len_max = writer.table().limits().cell_len_max;
        let encoded = codec::encode_to_vec(element)
            .map_err(|_| WriteError::CellTooLong { len: usize::MAX, len_max })?;
        if times == 0 {
            return Ok(());
        }
        let (slot, Counted { count, error }) = self.slot_for(writer, &encoded);
        let counted = Counted { count: count_up(count, times)?, error };
        self.put(writer, Key::part(KeyKind::Slot, self.name(), &[slot]), &(counted, element))
    }

    /// Reads the `k` elements that were recorded most often, over all lives. Costs a look at
    /// every slot, whatever `k` is.
    #[must_use]
    pub fn read(&self, table: &Table, k: usize) -> Top<T> {
        let slots = self.parts::<(Counted, T)>(table, KeyKind::Slot);
        let slots: Vec<_> = slots.filter(|(_, part, _)| matches!(part, [0..SLOTS])).collect();
        let mut without_slot: BTreeMap<Life, u64> = BTreeMap::new();
        for (life, _, (counted, _)) in &slots {
            let error_max = without_slot.entry(*life).or_default();
            *error_max = counted.error.max(*error_max);
        }
        let total = slots.iter().map(|(.., (counted, _))| u128::from(counted.count)).sum();
        let unseen_max = without_slot.values().copied().map(u128::from).sum();
        let mut bounds: BTreeMap<T, (u128, u128)> = BTreeMap::new();
        for (life, _, (Counted { count, error }, element)) in slots {
            let (min, max) = bounds.entry(element).or_insert((0, unseen_max));
            *min += u128::from(count.saturating_sub(error));
            *max += u128::from(count.saturating_sub(without_slot[&life]));
        }
        let mut elements: Vec<_> = bounds
            .into_iter()
            .map(|(element, (count_min, count_max))| HeavyHitter { element, count_min, count_max })
            .collect();
        elements.sort_by_key(|it| Reverse(it.count_max));
        let others_max = elements.get(k).map_or(unseen_max, |it| it.count_max);
        elements.truncate(k);
        Top { elements, total, others_max }
    }

    /// The slot that counts an element from here on, and what it starts from: its own slot, or a
    /// free one, or that with the least count, of several the first.
    fn slot_for(&self, writer: &Writer<'_>, encoded: &[u8]) -> (u8, Counted) {
        let mut free = 0;
        let mut least: Option<(u64, u8)> = None;
        let row = writer.own_row(self.space()).into_iter();
        for (part, cell) in row.flat_map(|row| self.parts_of(row, KeyKind::Slot)) {
            let [slot @ 0..SLOTS] = *part else { continue };
            let Ok((counted, held)) = codec::decode_prefix::<Counted>(cell) else { continue };
            if held == encoded {
                return (slot, counted);
            }
            let here = (counted.count, slot);
            least = Some(least.map_or(here, |it| it.min(here)));
            free = slot + 1;
        }
        match least {
            Some((count, slot)) if free == SLOTS => (slot, Counted { count, error: count }),
            Some(_) | None => (free, Counted::default()),
        }
    }
}

impl<T: Element + Ord> ColumnType for TopK<T> {
    const KINDS: &'static [KeyKind] = &[KeyKind::Slot];

    type Read = Top<T>;

    fn read(column: &Column<Self>, table: &Table) -> Self::Read {
        column.read(table, usize::MAX)
    }

    fn is_cell(_: KeyKind, part: &[u8], value: &[u8]) -> bool {
        matches!(part, [0..SLOTS]) && codec::decode::<(Counted, T)>(value).is_ok()
    }
}

/// What a slot has counted: its element was recorded at most `count` times, and at least `error`
/// times less.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Counted {
    count: u64,
    error: u64,
}
