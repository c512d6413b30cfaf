//! The bytes of a sequel.

use alloc::vec::Vec;

use crate::{
    Signature, Timestamp, Version,
    codec::{self, Malformed, Reader, varint_len},
    delta::{Dependencies, taken},
};

/// The bits of the first byte. The lowest two are the caller's, the next two say how the stamp is spelled.
mod first {
    pub(super) const MARK: u8 = 0b11;
    pub(super) const STAMP_SHIFT: u32 = 2;
    pub(super) const COUNT: u8 = 1 << 4;
    pub(super) const SEVERAL: u8 = 1 << 5;
    pub(super) const MORE: u8 = 1 << 6;
    pub(super) const ALL: u8 = (1 << 7) - 1;
}

/// The bits of the second byte, which is there if the first says so.
mod second {
    pub(super) const RECENT: u8 = 1;
    pub(super) const FLOOR: u8 = 1 << 1;
    pub(super) const DEPENDS: u8 = 1 << 2;
    pub(super) const DEPENDS_AS_BEFORE: u8 = 1 << 3;
    pub(super) const SIGNATURE: u8 = 1 << 4;
    pub(super) const ALL: u8 = (1 << 5) - 1;
}

/// How many low bytes of a stamp's milliseconds there may be.
const STAMP_LENS: [usize; 3] = [2, 3, 6];

/// What comes before the cells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stem<'b> {
    pub(super) mark: u8,
    pub(super) check: [u8; 2],
    pub(super) to: Version,
    /// How many writes there are.
    pub(super) span: u64,
    pub(super) stamp: Stamp,
    /// Nothing where it follows from the copy.
    pub(super) recent: Option<u64>,
    /// Nothing where it is that of the copy.
    pub(super) floor: Option<Version>,
    pub(super) dependencies: Depends<'b>,
    pub(super) signature: Option<&'b [u8; Signature::LEN]>,
    /// How many cells follow. If it is one of one write, its version is that of the write.
    pub(super) cells: u64,
}

/// A stamp: the low bytes of its milliseconds, and its count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    low: u64,
    len: usize,
    count: u16,
}

/// On what the row depends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Depends<'b> {
    OnNothing,
    AsBefore,
    /// So many rows, as they travel.
    On(&'b [u8]),
}

/// A cell. What its key and its value are depends on the copy.
#[derive(Clone, Copy, Debug)]
pub(super) struct SpelledCell<'b> {
    pub(super) version: Version,
    pub(super) key: SpelledKey<'b>,
    pub(super) value: SpelledValue<'b>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpelledKey<'b> {
    /// The key itself.
    Literal(&'b [u8]),
    /// The key of the copy at a place.
    At(Place),
    /// A part of the column to which the key at a place belongs.
    Beside(Place, &'b [u8]),
    /// The removal of a version of the life with this name.
    Kill(Version, LifeName),
}

/// Where in the order of its keys a copy has one: counted from the nearer end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(pub(super) u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpelledValue<'b> {
    Tombstone,
    Literal(&'b [u8]),
    /// The stamp of the head, and this.
    Stamped(&'b [u8]),
}

impl Stamp {
    /// Spells a stamp as shortly as those can read it whose own is not before `before`, if that is known.
    pub(super) fn new(stamp: Timestamp, before: Option<Timestamp>) -> Self {
        let grown = before.map_or(u64::MAX, |before| millis(stamp).saturating_sub(millis(before)));
        let fits = |len: &&usize| grown < 1 << (8 * **len);
        let len = *STAMP_LENS.iter().find(fits).unwrap_or(&6);
        let [.., high, low] = stamp.0.to_be_bytes();
        Self { low: millis(stamp) & low_bits(len), len, count: u16::from_be_bytes([high, low]) }
    }

    /// The earliest stamp that is meant, and not before one of the copy's.
    pub(super) fn resolve(self, copy: Timestamp) -> Option<Timestamp> {
        let window = low_bits(self.len);
        let ahead = self.low.wrapping_sub(millis(copy)) & window;
        let millis = millis(copy) + ahead;
        (millis <= low_bits(6)).then(|| Timestamp(millis << 16 | u64::from(self.count)))
    }
}

const fn millis(stamp: Timestamp) -> u64 {
    stamp.0 >> 16
}

const fn low_bits(bytes: usize) -> u64 {
    (1 << (8 * bytes)) - 1
}

impl Place {
    /// The place of the `nth` of so many.
    pub(super) fn of(nth: usize, count: usize) -> Self {
        let behind = count.saturating_sub(nth + 1);
        let (steps, from_the_end) = if nth <= behind { (nth, 0) } else { (behind, 1) };
        Self(steps as u64 * 2 + from_the_end)
    }

    /// Which of so many is meant.
    pub(super) fn nth(self, count: usize) -> Option<usize> {
        let steps = usize::try_from(self.0 / 2).ok()?;
        if self.0.is_multiple_of(2) {
            Some(steps)
        } else {
            count.checked_sub(steps)?.checked_sub(1)
        }
    }
}

impl<'b> Stem<'b> {
    pub(super) fn read(reader: &mut Reader<'b>) -> Result<Self, Malformed> {
        let bits = reader.byte()?;
        let more = if bits & first::MORE == 0 { 0 } else { non_zero(reader.byte()?)? };
        if bits & !first::ALL != 0 || more & !second::ALL != 0 {
            return Err(Malformed);
        }
        let check = *reader.array()?;
        let to = reader.varint()?;
        let stamp = read_stamp(reader, bits)?;
        let has = |bit: u8| more & bit != 0;
        let (span, cells) = match bits & first::SEVERAL {
            0 => (1, 1),
            _ => (reader.varint()?, reader.varint()?),
        };
        let recent = if has(second::RECENT) { Some(reader.varint()?) } else { None };
        let floor = if has(second::FLOOR) { Some(reader.varint()?) } else { None };
        let dependencies = match (has(second::DEPENDS), has(second::DEPENDS_AS_BEFORE)) {
            (false, false) => Depends::OnNothing,
            (false, true) => Depends::AsBefore,
            (true, false) => Depends::read(reader)?,
            (true, true) => return Err(Malformed),
        };
        let signature = if has(second::SIGNATURE) { Some(reader.array()?) } else { None };
        let mark = bits & first::MARK;
        let stem =
            Self { mark, check, to, span, stamp, recent, floor, dependencies, signature, cells };
        stem.check(bits & first::SEVERAL != 0)?;
        Ok(stem)
    }

    fn check(&self, is_several: bool) -> Result<(), Malformed> {
        let Self { to, span, recent, floor, cells, .. } = *self;
        let ordered = 0 < span && span < to && floor.is_none_or(|floor| floor <= to);
        let dated = recent.is_none_or(|recent| 2 <= recent && recent <= span);
        let counted = cells <= span && is_several == self.is_several();
        if ordered && dated && counted { Ok(()) } else { Err(Malformed) }
    }

    pub(super) const fn from(&self) -> Version {
        self.to - self.span
    }

    /// How many bytes versions and stamps take.
    pub(super) fn versions_len(&self) -> usize {
        let Self { to, span, stamp, recent, floor, .. } = *self;
        let span = Some(span).filter(|_| self.is_several());
        let count = Some(u64::from(stamp.count)).filter(|count| *count > 0);
        let numbers = [Some(to), span, count, recent, floor].into_iter().flatten();
        stamp.len + numbers.map(varint_len).sum::<usize>()
    }

    /// How many bytes it takes to say on what the row depends.
    pub(super) const fn ids_len(&self) -> usize {
        match self.dependencies {
            Depends::OnNothing | Depends::AsBefore => 0,
            Depends::On(rows) => rows.len(),
        }
    }

    const fn is_several(&self) -> bool {
        self.span > 1 || self.cells != 1
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let is_several = self.is_several();
        let mut more = 0;
        let mut set = |bit: u8, is_set: bool| more |= if is_set { bit } else { 0 };
        set(second::RECENT, self.recent.is_some());
        set(second::FLOOR, self.floor.is_some());
        set(second::DEPENDS, matches!(self.dependencies, Depends::On(_)));
        set(second::DEPENDS_AS_BEFORE, matches!(self.dependencies, Depends::AsBefore));
        set(second::SIGNATURE, self.signature.is_some());
        let known = (0..).zip(STAMP_LENS).find(|(_, len)| *len == self.stamp.len);
        let spelling: u8 = known.map_or(0, |(spelling, _)| spelling);
        let mut bits = self.mark | spelling << first::STAMP_SHIFT;
        bits |= if self.stamp.count > 0 { first::COUNT } else { 0 };
        bits |= if is_several { first::SEVERAL } else { 0 };
        bits |= if more > 0 { first::MORE } else { 0 };
        out.push(bits);
        out.extend((more > 0).then_some(more));
        out.extend(self.check);
        put(out, self.to);
        out.extend(&self.stamp.low.to_be_bytes()[8 - self.stamp.len..]);
        if self.stamp.count > 0 {
            put(out, self.stamp.count.into());
        }
        if is_several {
            put(out, self.span);
            put(out, self.cells);
        }
        self.recent.into_iter().for_each(|recent| put(out, recent));
        self.floor.into_iter().for_each(|floor| put(out, floor));
        if let Depends::On(rows) = self.dependencies {
            out.extend(rows);
        }
        out.extend(self.signature.into_iter().flatten());
    }
}

impl<'b> Depends<'b> {
    fn read(reader: &mut Reader<'b>) -> Result<Self, Malformed> {
        let begin = reader.rest();
        let mut last = None;
        for dependency in Dependencies::skip(reader)? {
            let (on, _) = dependency?;
            if last.is_some_and(|last| on <= last) {
                return Err(Malformed);
            }
            last = Some(on);
        }
        Ok(Self::On(taken(begin, reader)))
    }

    /// The rows, if they are spelled out.
    pub(super) fn listed(rows: &'b [u8]) -> Result<Dependencies<'b>, Malformed> {
        Dependencies::skip(&mut Reader::new(rows))
    }
}

fn read_stamp(reader: &mut Reader<'_>, bits: u8) -> Result<Stamp, Malformed> {
    let spelling = usize::from(bits >> first::STAMP_SHIFT & 0b11);
    let len = *STAMP_LENS.get(spelling).ok_or(Malformed)?;
    let low = reader.take(len)?.iter().fold(0, |low, byte| low << 8 | u64::from(*byte));
    let count = match bits & first::COUNT {
        0 => 0,
        _ => u16::try_from(reader.varint()?).ok().filter(|count| *count > 0).ok_or(Malformed)?,
    };
    Ok(Stamp { low, len, count })
}

fn non_zero(byte: u8) -> Result<u8, Malformed> {
    if byte == 0 { Err(Malformed) } else { Ok(byte) }
}

/// The two low bits of the number that begins a key; its other bits are a length, a place or a version.
mod form {
    pub(super) const LITERAL: u64 = 0;
    pub(super) const AT: u64 = 1;
    pub(super) const BESIDE: u64 = 2;
    pub(super) const KILL: u64 = 3;
}

/// The greatest number that leaves two bits.
const NUMBER_MAX: u64 = u64::MAX >> 2;

impl<'b> SpelledCell<'b> {
    /// Reads a cell that follows one of version `last`; the only one of a write is that of version `to`.
    pub(super) fn read(
        reader: &mut Reader<'b>,
        stem: &Stem<'_>,
        last: Version,
    ) -> Result<Self, Malformed> {
        let version = if stem.span == 1 {
            stem.to
        } else {
            let version = last.checked_add(reader.varint()?);
            version.filter(|it| last < *it && *it <= stem.to).ok_or(Malformed)?
        };
        let (key, value) = (SpelledKey::read(reader)?, SpelledValue::read(reader)?);
        Ok(Self { version, key, value })
    }

    pub(super) fn write(&self, stem: &Stem<'_>, last: Version, out: &mut Vec<u8>) {
        if stem.span > 1 {
            put(out, self.version - last);
        }
        self.key.write(out);
        self.value.write(out);
    }
}

impl<'b> SpelledKey<'b> {
    /// The key that removes a version of the life with this name, if it has a spelling.
    pub(super) fn kill(version: Version, name: LifeName) -> Option<Self> {
        (version <= NUMBER_MAX).then_some(Self::Kill(version, name))
    }

    fn read(reader: &mut Reader<'b>) -> Result<Self, Malformed> {
        let head = reader.varint()?;
        let number = head >> 2;
        Ok(match head & 0b11 {
            form::LITERAL => {
                Self::Literal(reader.take(usize::try_from(number).map_err(|_| Malformed)?)?)
            }
            form::AT => Self::At(Place(number)),
            form::BESIDE => Self::Beside(Place(number), reader.bytes()?),
            _ => Self::Kill(number, *reader.array()?),
        })
    }

    /// How many bytes say which key it is.
    pub(super) fn said_len(&self) -> usize {
        match self {
            Self::Literal(key) => key.len(),
            Self::At(Place(number)) => varint_len(number << 2),
            Self::Beside(Place(number), part) => varint_len(number << 2) + part.len(),
            Self::Kill(version, name) => varint_len(version << 2) + name.len(),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Literal(key) => {
                put(out, (key.len() as u64) << 2 | form::LITERAL);
                out.extend(*key);
            }
            Self::At(place) => put(out, place.0 << 2 | form::AT),
            Self::Beside(place, part) => {
                put(out, place.0 << 2 | form::BESIDE);
                put(out, part.len() as u64);
                out.extend(*part);
            }
            Self::Kill(version, name) => {
                put(out, version << 2 | form::KILL);
                out.extend(name);
            }
        }
    }
}

impl<'b> SpelledValue<'b> {
    /// Spells a value under a head with this stamp.
    pub(super) fn new(value: Option<&'b [u8]>, stamp: Timestamp) -> Self {
        let Some(value) = value else { return Self::Tombstone };
        let after_stamp = value.strip_prefix(&stamp.0.to_be_bytes());
        after_stamp.map_or(Self::Literal(value), Self::Stamped)
    }

    fn read(reader: &mut Reader<'b>) -> Result<Self, Malformed> {
        let Some(code) = reader.varint()?.checked_sub(1) else { return Ok(Self::Tombstone) };
        let bytes = reader.take(usize::try_from(code / 2).map_err(|_| Malformed)?)?;
        Ok(if code.is_multiple_of(2) { Self::Literal(bytes) } else { Self::Stamped(bytes) })
    }

    pub(super) const fn said_len(&self) -> usize {
        match self {
            Self::Tombstone => 0,
            Self::Literal(bytes) | Self::Stamped(bytes) => bytes.len(),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let (code, bytes) = match self {
            Self::Tombstone => (0, &[][..]),
            Self::Literal(bytes) => (bytes.len() as u64 * 2 + 1, *bytes),
            Self::Stamped(bytes) => (bytes.len() as u64 * 2 + 2, *bytes),
        };
        put(out, code);
        out.extend(bytes);
    }
}

/// The name that a life goes by, in four bytes.
pub(super) type LifeName = [u8; 4];

fn put(out: &mut Vec<u8>, number: u64) {
    let mut bytes = [0; 10];
    let len = codec::encode(&number, &mut bytes).unwrap_or(0);
    out.extend(&bytes[..len]);
}
