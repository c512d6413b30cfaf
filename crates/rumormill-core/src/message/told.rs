//! Rows that are told to whoever holds what goes before, under a short name.

#[cfg(feature = "forging")]
use rumormill_crdt::Division;
use rumormill_crdt::{
    Bytes, Key, Life, Row, RowDelta, RowId, Sequel, Space,
    codec::{Malformed, Reader},
};
use serde::{Serialize, Serializer, ser::SerializeTuple};

use crate::{membership::Acquaintances, sender::Tag};

/// What follows of a row, and what the row is called. Of several rows of one name the sequel fits one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) sequel: Sequel,
    pub(crate) called: Called,
}

/// What a row is called. Which of the two it is, and which space, is said by the mark of the sequel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Called {
    /// The row in one of the first three spaces of a member whose tag begins so.
    Member { space: Space, tag: [u8; 3] },
    /// The row whose hash ends so, under the digest key whose number ends so.
    Hashed { key: u8, low: [u8; 3] },
}

/// The mark of a row that is called by its hash; others are spaces.
const HASHED: u8 = 3;

impl Told {
    /// Tells what a delta of a row tells, if that can be told shortly; `name` is what is said of those
    /// whose cells are removed.
    pub(crate) fn new(
        called: Called,
        row: &Row<Key, Bytes>,
        delta: &RowDelta<Key, Bytes>,
        name: impl Fn(Life) -> Option<[u8; 4]>,
    ) -> Option<Self> {
        let sequel = row.sequel(delta, called.mark(), name)?;
        Some(Self { sequel, called })
    }

    /// Sees that this comes next, and goes on behind it.
    pub(super) fn check(reader: &mut Reader<'_>) -> Result<(), Malformed> {
        let mark = *reader.rest().first().ok_or(Malformed)?;
        Sequel::check(reader)?;
        Called::read(reader, mark & 0b11).map(drop)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let sequel = Sequel::read(reader)?;
        let called = Called::read(reader, sequel.mark())?;
        Ok(Self { sequel, called })
    }

    /// How its bytes divide.
    #[cfg(feature = "forging")]
    pub(crate) fn division(&self) -> Division {
        let sequel = self.sequel.division();
        Division { ids: sequel.ids + self.called.len(), ..sequel }
    }
}

impl Called {
    /// Says whether a row can be called by its owner, whom everybody is likely to know.
    pub(crate) fn is_by_member(id: RowId, known: Acquaintances<'_>) -> bool {
        id.space.0 < HASHED && known.knows(id.life)
    }

    /// Calls a row of a member, in one of the first three spaces.
    pub(crate) fn by_member(id: RowId) -> Self {
        Self::Member { space: id.space, tag: Tag::of(id.life).first_three() }
    }

    const fn mark(self) -> u8 {
        match self {
            Self::Member { space, .. } => space.0,
            Self::Hashed { .. } => HASHED,
        }
    }

    #[cfg(feature = "forging")]
    const fn len(self) -> usize {
        match self {
            Self::Member { tag, .. } => tag.len(),
            Self::Hashed { low, .. } => 1 + low.len(),
        }
    }

    fn read(reader: &mut Reader<'_>, mark: u8) -> Result<Self, Malformed> {
        Ok(match mark {
            HASHED => Self::Hashed { key: reader.byte()?, low: *reader.array()? },
            space => Self::Member { space: Space(space), tag: *reader.array()? },
        })
    }
}

impl Serialize for Told {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(2)?;
        tuple.serialize_element(&self.sequel)?;
        match self.called {
            Called::Member { tag, .. } => tuple.serialize_element(&tag)?,
            Called::Hashed { key, low } => tuple.serialize_element(&(key, low))?,
        }
        tuple.end()
    }
}
