//! Deltas as they arrive: looked through where they lie, without memory, and read afterwards.

use alloc::{collections::BTreeMap, vec::Vec};

use smallvec::SmallVec;

use super::{DeltaCell, Outline, RowDelta, all_differ, cell_list::CellList, names_content};
use crate::{
    Bytes, Content, Dependency, Head, Key, RowId, Signature, Timestamp, Version,
    codec::{Malformed, Reader},
    hash::encoded_cell_hash,
    row::hash_of,
};

/// The keys of so many cells are compared without allocating: more than there are in a datagram of 1,500
/// bytes.
const KEYS_IN_PLACE: usize = 512;

/// The shortest cell: a version, an empty key and no value.
const CELL_LEN_MIN: usize = 3;

/// The two forms in which cells of a row travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A [`RowDelta`].
    Delta,
    /// A [`WholeRow`](crate::WholeRow): without the interval and the hash.
    Whole,
}

/// All that comes before the cells.
struct Stem<'b> {
    id: RowId,
    from: Version,
    to: Version,
    version: Version,
    floor: Version,
    timestamp: Timestamp,
    recent: u64,
    signature: Option<&'b [u8; Signature::LEN]>,
    /// Nothing in a whole row: it follows from the cells.
    hash: Option<u64>,
    dependencies: Dependencies<'b>,
    content: Option<&'b [u8; 32]>,
}

/// So many dependencies follow.
#[derive(Clone, Copy)]
pub(crate) struct Dependencies<'b> {
    count: u64,
    reader: Reader<'b>,
}

struct EncodedCell<'b> {
    version: Version,
    key: &'b [u8],
    value: Option<&'b [u8]>,
}

/// Reads a sound delta that fills `bytes` to the end.
pub(crate) fn decode(bytes: &[u8], form: Form) -> Result<RowDelta<Key, Bytes>, Malformed> {
    let mut reader = Reader::new(bytes);
    check(&mut reader, form)?;
    if reader.rest().is_empty() { read(&mut Reader::new(bytes), form) } else { Err(Malformed) }
}

/// Sees that a sound delta follows, and goes on behind it.
pub(crate) fn check(reader: &mut Reader<'_>, form: Form) -> Result<(), Malformed> {
    let stem = Stem::read(reader, form)?;
    let outline = stem.outline()?;
    outline.check()?;
    let count = usize::try_from(reader.varint()?).map_err(|_| Malformed)?;
    if count > reader.rest().len() / CELL_LEN_MIN {
        return Err(Malformed);
    }
    let mut keys = SmallVec::<[&[u8]; KEYS_IN_PLACE]>::new();
    keys.reserve_exact(count);
    let mut last = stem.from;
    for _ in 0..count {
        let EncodedCell { version, key, value } = EncodedCell::read(reader)?;
        outline.check_cell(last, version, value.is_none())?;
        last = version;
        keys.push(key);
    }
    if all_differ(&mut keys) { Ok(()) } else { Err(Malformed) }
}

/// Reads a delta that was [checked](check).
pub(crate) fn read(reader: &mut Reader<'_>, form: Form) -> Result<RowDelta<Key, Bytes>, Malformed> {
    let stem = Stem::read(reader, form)?;
    let count = usize::try_from(reader.varint()?).map_err(|_| Malformed)?;
    let begin = reader.rest();
    let mut list = CellList::list_for(count, begin.len());
    let mut sum = 0_u64;
    for _ in 0..count {
        let before = reader.rest();
        let cell = EncodedCell::read(reader)?;
        if form == Form::Whole {
            sum = sum.wrapping_add(encoded_cell_hash(taken(before, reader)));
        }
        if let Some(list) = &mut list {
            list.push(DeltaCell::from(cell));
        }
    }
    let cells = match list {
        Some(list) => CellList::Listed(list),
        None => CellList::arrived(taken(begin, reader), count, read_cells),
    };
    stem.into_delta(sum, cells)
}

/// What was taken since so much was left.
pub(crate) fn taken<'b>(before: &'b [u8], reader: &Reader<'_>) -> &'b [u8] {
    &before[..before.len() - reader.rest().len()]
}

/// Reads so many cells, which are there.
fn read_cells(bytes: &[u8], count: usize) -> Vec<DeltaCell<Key, Bytes>> {
    let mut reader = Reader::new(bytes);
    let mut cells = Vec::with_capacity(count);
    cells
        .extend((0..count).map_while(|_| EncodedCell::read(&mut reader).ok()).map(DeltaCell::from));
    cells
}

impl<'b> Stem<'b> {
    fn read(reader: &mut Reader<'b>, form: Form) -> Result<Self, Malformed> {
        let id = RowId::from_bytes(reader.array()?);
        let interval = match form {
            Form::Delta => Some((reader.varint()?, reader.varint()?)),
            Form::Whole => None,
        };
        let version = reader.varint()?;
        let (from, to) = interval.unwrap_or((0, version));
        let floor = reader.varint()?;
        let timestamp = Timestamp(u64::from_be_bytes(*reader.array()?));
        let (recent, signature) = match reader.varint()? {
            0 => (reader.varint()?, Some(reader.array()?)),
            recent => (recent, None),
        };
        let hash = match form {
            Form::Delta => Some(u64::from_be_bytes(*reader.array()?)),
            Form::Whole => None,
        };
        let dependencies = Dependencies::skip(reader)?;
        let is_named = names_content(signature.is_some(), to, version);
        let content = if is_named { Some(reader.array()?) } else { None };
        Ok(Self {
            id,
            from,
            to,
            version,
            floor,
            timestamp,
            recent,
            signature,
            hash,
            dependencies,
            content,
        })
    }

    fn outline(&self) -> Result<Outline, Malformed> {
        let mut depends_on_itself = false;
        let mut last = None;
        for dependency in self.dependencies {
            let (on, _) = dependency?;
            if last.is_some_and(|last| on <= last) {
                return Err(Malformed);
            }
            depends_on_itself |= on == self.id;
            last = Some(on);
        }
        let Self { from, to, version, floor, recent, .. } = *self;
        let is_signed = self.signature.is_some();
        let has_content = self.content.is_some();
        Ok(Outline { from, to, version, floor, recent, is_signed, has_content, depends_on_itself })
    }

    /// The delta; its hash is that of cells which add up to `sum`, if it does not say.
    fn into_delta(
        self,
        sum: u64,
        cells: CellList<Key, Bytes>,
    ) -> Result<RowDelta<Key, Bytes>, Malformed> {
        let Self { id, from, to, version, floor, timestamp, recent, .. } = self;
        let head = Head {
            version,
            floor,
            timestamp,
            recent,
            hash: self.hash.unwrap_or_else(|| hash_of(sum, floor)),
            dependencies: self.dependencies.collect::<Result<BTreeMap<_, _>, _>>()?,
            signature: self.signature.map(|bytes| Signature::from_bytes(*bytes)),
        };
        let content = self.content.map(|bytes| Content(*bytes));
        Ok(RowDelta { id, from, to, head, content, cells })
    }
}

impl<'b> Dependencies<'b> {
    pub(crate) fn skip(reader: &mut Reader<'b>) -> Result<Self, Malformed> {
        let count = reader.varint()?;
        let dependencies = Self { count, reader: *reader };
        for _ in 0..count {
            read_dependency(reader)?;
        }
        Ok(dependencies)
    }
}

impl Iterator for Dependencies<'_> {
    type Item = Result<(RowId, Dependency), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.count = self.count.checked_sub(1)?;
        Some(read_dependency(&mut self.reader))
    }
}

fn read_dependency(reader: &mut Reader<'_>) -> Result<(RowId, Dependency), Malformed> {
    let on = RowId::from_bytes(reader.array()?);
    let version = reader.varint()?;
    let timestamp = Timestamp(u64::from_be_bytes(*reader.array()?));
    Ok((on, Dependency { version, timestamp }))
}

impl<'b> EncodedCell<'b> {
    #[inline]
    fn read(reader: &mut Reader<'b>) -> Result<Self, Malformed> {
        let version = reader.varint()?;
        let key = reader.bytes()?;
        let value = if reader.option()? { Some(reader.bytes()?) } else { None };
        Ok(Self { version, key, value })
    }
}

impl From<EncodedCell<'_>> for DeltaCell<Key, Bytes> {
    #[inline(always)]
    fn from(EncodedCell { version, key, value }: EncodedCell<'_>) -> Self {
        Self { version, key: Key::from_bytes(key), value: value.map(Bytes::copy_from) }
    }
}
