//! What each type's value is, as a function of the edits heard of. Written without a look at how
//! the types are stored.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use rumormill_crdt::{HeavyHitter, Life, Top};

use super::{FRACTIONS, Reads, WINDOWS, What};
use crate::world::specification::{self, Dot};

/// The edits of typed columns that were heard of, in the order of rows and versions.
type Heard<'e> = [(&'e specification::Edit, &'e What)];

/// What a replica that heard of these edits must read.
pub(crate) fn specified(heard: &[&specification::Edit]) -> Reads {
    let heard = &typed(heard)[..];
    let histogram = histogram(heard);
    let (log, missed) = log(heard);
    let summaries = summaries(heard);
    Reads {
        up: up(heard),
        balance: balance(heard),
        top: [2, usize::MAX].map(|k| top(&summaries, k)),
        log,
        missed,
        map: map(heard),
        values: values(heard),
        distinct: distinct(heard),
        recorded: histogram.len() as u128,
        quantiles: FRACTIONS.map(|(part, of)| quantile(&histogram, part, of)),
        counted: WINDOWS.map(|(now, buckets)| {
            in_window(&counted(heard), now, buckets).map(|by| u128::from(*by)).sum()
        }),
        extremes: WINDOWS.map(|(now, buckets)| {
            let recorded = recorded(heard);
            let least = in_window(&recorded, now, buckets).min()?;
            Some((*least, *in_window(&recorded, now, buckets).max()?))
        }),
    }
}

/// The edits of typed columns, in the order of rows and versions.
pub(super) fn typed<'e>(
    heard: &[&'e specification::Edit],
) -> Vec<(&'e specification::Edit, &'e What)> {
    let edits = heard.iter().filter_map(|edit| match &edit.what {
        specification::What::Typed(what) => Some((*edit, what)),
        specification::What::Insert(_)
        | specification::What::Remove(_)
        | specification::What::Count(_)
        | specification::What::Set(..)
        | specification::What::Say(_) => None,
    });
    let mut edits: Vec<_> = edits.collect();
    edits.sort_by_key(|(edit, _)| (edit.row, edit.version));
    edits
}

/// The sum of all increments.
fn up(heard: &Heard<'_>) -> u128 {
    let steps = heard.iter().copied().filter_map(|(_, what)| {
        let What::CountUp(by) = what else { return None };
        Some(u128::from(*by))
    });
    steps.sum()
}

/// All edits that count up or down, whether they were taken back or not.
pub(super) fn counts(heard: &Heard<'_>) -> impl Iterator<Item = (Dot, i64)> {
    heard.iter().copied().filter_map(|(edit, what)| {
        let What::Count(by) = what else { return None };
        Some(((edit.row.life, edit.version), *by))
    })
}

/// The sum of all that was counted and that no reset has taken back.
fn balance(heard: &Heard<'_>) -> i128 {
    let taken_back: BTreeSet<&Dot> = heard
        .iter()
        .copied()
        .filter_map(|(_, what)| {
            let What::Reset(dots) = what else { return None };
            Some(dots)
        })
        .flatten()
        .collect();
    let standing = counts(heard).filter(|(dot, _)| !taken_back.contains(dot));
    standing.map(|(_, by)| i128::from(by)).sum()
}

/// What one life knows of the elements it has recorded, in the order in which they came to be
/// counted.
#[derive(Default)]
struct Summary {
    /// The element, its greatest count, and the count that it took over.
    counted: Vec<(u8, u128, u128)>,
    /// The greatest count of an element that gave up its place.
    given_up: u128,
    recorded: u128,
}

impl Summary {
    fn record(&mut self, element: u8, times: u128) {
        self.recorded += times;
        let place = self.counted.iter().position(|(known, ..)| *known == element);
        if place.is_none() && self.counted.len() < 64 {
            self.counted.push((element, times, 0));
            return;
        }
        let place = place.unwrap_or_else(|| {
            let least = self.counted.iter().map(|(_, count, _)| *count).min().expect("64");
            let place = self.counted.iter().position(|(_, count, _)| *count == least);
            let place = place.expect("one of them is the least");
            self.given_up = least;
            self.counted[place] = (element, least, least);
            place
        });
        self.counted[place].1 += times;
    }

    /// How often an element was recorded, at least and at most.
    fn bounds(&self, element: u8) -> (u128, u128) {
        let counted = self.counted.iter().find(|(known, ..)| *known == element);
        counted.map_or((0, self.given_up), |(_, count, over)| (count - over, *count))
    }
}

/// What each life knows of the elements that it has recorded.
fn summaries(heard: &Heard<'_>) -> Vec<Summary> {
    let mut lives: BTreeMap<Life, Summary> = BTreeMap::new();
    for (edit, what) in heard.iter().copied() {
        let What::See(elements, times) = what else { continue };
        for element in elements {
            lives.entry(edit.row.life).or_default().record(*element, u128::from(*times));
        }
    }
    lives.into_values().collect()
}

/// The elements that some life counts, with the sums of the bounds in all lives.
fn top(lives: &[Summary], k: usize) -> Top<u8> {
    let bounds = |element| {
        let of_lives = lives.iter().map(|life| life.bounds(element));
        of_lives.fold((0, 0), |(least, most), (min, max)| (least + min, most + max))
    };
    let counted: BTreeSet<u8> =
        lives.iter().flat_map(|life| &life.counted).map(|(element, ..)| *element).collect();
    let mut elements: Vec<_> = counted
        .into_iter()
        .map(|element| {
            let (count_min, count_max) = bounds(element);
            HeavyHitter { element, count_min, count_max }
        })
        .collect();
    elements.sort_by_key(|it| Reverse(it.count_max));
    let others: Vec<_> = elements.drain(k.min(elements.len())..).collect();
    let given_up = lives.iter().map(|life| life.given_up).sum();
    let others_max = others.iter().map(|it| it.count_max).max().unwrap_or(given_up);
    Top { elements, total: lives.iter().map(|life| life.recorded).sum(), others_max }
}

/// All events of each life, in order.
pub(super) fn pushed(heard: &Heard<'_>) -> BTreeMap<Life, Vec<u8>> {
    let mut pushed: BTreeMap<Life, Vec<u8>> = BTreeMap::new();
    for (edit, what) in heard.iter().copied() {
        let What::Push(payloads) = what else { continue };
        pushed.entry(edit.row.life).or_default().extend(payloads);
    }
    pushed
}

/// The latest 64 events of each life, and how many there were before them.
fn log(heard: &Heard<'_>) -> (BTreeSet<(Life, u64, u8)>, u64) {
    let mut events = BTreeSet::new();
    let mut missed = 0;
    for (life, payloads) in pushed(heard) {
        let gone = payloads.len().saturating_sub(64);
        missed += gone as u64;
        let kept = (0..).zip(payloads).skip(gone);
        events.extend(kept.map(|(sequence, payload)| (life, sequence, payload)));
    }
    (events, missed)
}

/// Under each key, the greatest (timestamp, life) wins.
pub(super) fn map(heard: &Heard<'_>) -> BTreeMap<u8, u8> {
    let mut puts: Vec<_> = heard
        .iter()
        .copied()
        .filter_map(|(edit, what)| {
            let What::Put(at, key, value) = what else { return None };
            Some(((*at, edit.row.life), *key, *value))
        })
        .collect();
    puts.sort();
    let latest: BTreeMap<u8, Option<u8>> =
        puts.into_iter().map(|(_, key, value)| (key, value)).collect();
    latest.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// What a write of the register replaces: the writes heard of, and what they had replaced. Whoever
/// heard of a write need not have heard of those.
pub(super) fn writes(heard: &Heard<'_>) -> BTreeSet<Dot> {
    let mut writes = BTreeSet::new();
    for (edit, what) in heard.iter().copied() {
        let What::Write(_, replaced) = what else { continue };
        writes.insert((edit.row.life, edit.version));
        writes.extend(replaced);
    }
    writes
}

/// The values of all writes that no other write has replaced.
fn values(heard: &Heard<'_>) -> Vec<u8> {
    let replaced: BTreeSet<&Dot> = heard
        .iter()
        .copied()
        .filter_map(|(_, what)| {
            let What::Write(_, replaced) = what else { return None };
            Some(replaced)
        })
        .flatten()
        .collect();
    let values = heard.iter().copied().filter_map(|(edit, what)| {
        let What::Write(value, _) = what else { return None };
        let stands = !replaced.contains(&(edit.row.life, edit.version));
        stands.then_some(*value)?
    });
    values.collect()
}

/// Something that a life did in a time bucket.
type Timed<T> = (Life, u64, T);

fn counted(heard: &Heard<'_>) -> Vec<Timed<u64>> {
    let counted = heard.iter().copied().filter_map(|(edit, what)| {
        let What::CountIn(bucket, by) = what else { return None };
        Some((edit.row.life, *bucket, *by))
    });
    counted.collect()
}

fn recorded(heard: &Heard<'_>) -> Vec<Timed<i64>> {
    let recorded = heard.iter().copied().filter_map(|(edit, what)| {
        let What::RecordIn(bucket, value) = what else { return None };
        Some((edit.row.life, *bucket, *value))
    });
    recorded.collect()
}

/// What lies in the window and is not overtaken: its life did nothing in a bucket that lies a
/// multiple of 64 later.
fn in_window<T>(timed: &[Timed<T>], now: u64, buckets: u64) -> impl Iterator<Item = &T> {
    let inside = timed.iter().filter(move |(life, bucket, _)| {
        *bucket <= now && now - bucket < buckets && !is_overtaken(timed, *life, *bucket)
    });
    inside.map(|(.., what)| what)
}

fn is_overtaken<T>(timed: &[Timed<T>], life: Life, bucket: u64) -> bool {
    let mut own = timed.iter().filter(|(other, ..)| *other == life);
    own.any(|(_, later, _)| *later > bucket && (later - bucket).is_multiple_of(64))
}

/// Whether a life that counts in a bucket has already counted in one that overtakes it.
pub(super) fn is_too_late(heard: &Heard<'_>, life: Life, bucket: u64) -> bool {
    is_overtaken(&counted(heard), life, bucket)
}

/// All recorded values, in ascending order.
fn histogram(heard: &Heard<'_>) -> Vec<u64> {
    let values = heard.iter().copied().filter_map(|(_, what)| {
        let What::Record(value) = what else { return None };
        Some(*value)
    });
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values
}

/// The least value such that so many values are at most that, rounded.
fn quantile(values: &[u64], part: u32, of: u32) -> Option<u64> {
    let wanted = (values.len() as u64 * u64::from(part)).div_ceil(of.into());
    let place = usize::try_from(wanted.max(1) - 1).expect("a small number");
    values.get(place).map(|value| rounded(*value))
}

/// The middle of all values that have the same length and the same six leading binary digits.
fn rounded(value: u64) -> u64 {
    let digits = 64 - value.leading_zeros();
    let lost = digits.saturating_sub(6);
    let least = value >> lost << lost;
    least + (1 << lost) / 2
}

/// How many different elements there are.
fn distinct(heard: &Heard<'_>) -> u64 {
    let elements = heard.iter().filter_map(|(_, what)| {
        let What::Meet(element) = what else { return None };
        Some(element)
    });
    elements.collect::<BTreeSet<_>>().len() as u64
}
