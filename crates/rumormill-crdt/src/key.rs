//! Keys of a table's cells.

use core::{fmt, iter};

use serde::{Deserialize, Serialize};

use crate::{Bytes, Life, Version};

/// What kind of cell lies under a key. First in the key, so that a column's name never stands
/// for two types at once and unknown kinds are kept and passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum KeyKind {
    /// Bytes under a name, read from one row.
    Raw = 0,
    /// A last-write-wins register: timestamp and value.
    Lww = 1,
    /// An element added to an observed-remove set.
    Add = 2,
    /// The removal of an add in somebody else's row.
    Kill = 3,
    /// Increments and decrements of a counter.
    Counter = 4,
    /// Increments of a counter that only goes up.
    Increments = 5,
    /// A field of a map: timestamp and value.
    Field = 6,
    /// What one life wrote into a register that keeps concurrent values.
    Value = 7,
    /// Up to which version one life's values in such a register are replaced.
    Replaced = 8,
    /// An event of a log, in a slot of its writer's ring.
    Event = 9,
    /// What one life counted in one time bucket.
    Window = 10,
    /// The extremes that one life recorded in one time bucket.
    Extremes = 11,
    /// Counts of values between two powers of two.
    Buckets = 12,
    /// Registers of an estimate of how many different elements there were.
    Registers = 13,
    /// Up to which totals one life's part of a counter is reset.
    Reset = 14,
    /// An element that is counted among the most frequent of one life.
    Slot = 15,
}

impl KeyKind {
    /// Where in the key the column's name is.
    const fn naming(self) -> Naming {
        match self {
            Self::Raw | Self::Kill => Naming::None,
            Self::Lww | Self::Counter | Self::Increments | Self::Value => Naming::Whole,
            Self::Add
            | Self::Field
            | Self::Replaced
            | Self::Event
            | Self::Window
            | Self::Extremes
            | Self::Buckets
            | Self::Registers
            | Self::Reset
            | Self::Slot => Naming::WithPart,
        }
    }
}

/// How the cells of a kind belong to columns.
enum Naming {
    /// They belong to none.
    None,
    /// A column has one cell a row, and the rest of the key is its name.
    Whole,
    /// A column has several cells a row, and its name is followed by which one.
    WithPart,
}

/// All kinds, each at the place of its number.
pub(crate) const KINDS: [KeyKind; 16] = [
    KeyKind::Raw,
    KeyKind::Lww,
    KeyKind::Add,
    KeyKind::Kill,
    KeyKind::Counter,
    KeyKind::Increments,
    KeyKind::Field,
    KeyKind::Value,
    KeyKind::Replaced,
    KeyKind::Event,
    KeyKind::Window,
    KeyKind::Extremes,
    KeyKind::Buckets,
    KeyKind::Registers,
    KeyKind::Reset,
    KeyKind::Slot,
];

/// The key of a cell in a [`Table`](crate::Table): its kind, then what the kind needs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key(Bytes);

impl Key {
    /// A key for bytes under a name, read from one row.
    #[must_use]
    pub fn raw(name: &str) -> Self {
        Self::build(KeyKind::Raw, &[name.as_bytes()])
    }

    /// Says what kind of cell lies under this key; nothing for kinds of later releases.
    #[must_use]
    pub fn kind(&self) -> Option<KeyKind> {
        KINDS.get(usize::from(*self.0.first()?)).copied()
    }

    /// The name of a raw key, if it is one and is text.
    #[must_use]
    pub fn raw_name(&self) -> Option<&str> {
        let name = self.0.strip_prefix(&[KeyKind::Raw as u8])?;
        core::str::from_utf8(name).ok()
    }

    /// The name of the column that the cell belongs to, if it is text; nothing for raw keys, for
    /// kills, which are shared by all columns of a space, and for kinds of later releases.
    #[must_use]
    pub fn column_name(&self) -> Option<&str> {
        let rest = self.0.get(1..)?;
        let name = match self.kind()?.naming() {
            Naming::None => return None,
            Naming::Whole => rest,
            Naming::WithPart => {
                let (len, rest) = rest.split_first()?;
                rest.get(..usize::from(*len))?
            }
        };
        core::str::from_utf8(name).ok()
    }

    /// The key of a whole column that has one cell per row.
    pub(crate) fn column(kind: KeyKind, name: &str) -> Self {
        Self::build(kind, &[name.as_bytes()])
    }

    /// The key of one part of a column that has several cells a row; without the part, where
    /// the column's cells begin.
    pub(crate) fn part(kind: KeyKind, name: &str, part: &[u8]) -> Self {
        let len = u8::try_from(name.len()).expect("column names are at most 64 bytes");
        Self::build(kind, &[&[len], name.as_bytes(), part])
    }

    /// The part of the given column that the key stands for.
    pub(crate) fn part_of<'k>(&'k self, kind: KeyKind, name: &str) -> Option<&'k [u8]> {
        let len = u8::try_from(name.len()).ok()?;
        self.0.strip_prefix(&[kind as u8, len])?.strip_prefix(name.as_bytes())
    }

    /// The first key of a kind that a column may have in a row; nothing for kinds of no column.
    pub(crate) fn first_of(kind: KeyKind, name: &str) -> Option<Self> {
        match kind.naming() {
            Naming::None => None,
            Naming::Whole => Some(Self::column(kind, name)),
            Naming::WithPart => Some(Self::part(kind, name, &[])),
        }
    }

    /// The part that the key stands for if it is one of a column's of that kind; empty where a
    /// column has one cell a row.
    pub(crate) fn part_in<'k>(&'k self, kind: KeyKind, name: &str) -> Option<&'k [u8]> {
        match kind.naming() {
            Naming::None => None,
            Naming::Whole => {
                let rest = self.0.strip_prefix(&[kind as u8])?.strip_prefix(name.as_bytes())?;
                rest.is_empty().then_some(rest)
            }
            Naming::WithPart => self.part_of(kind, name),
        }
    }

    /// The key that removes the add that `life` made as `version`.
    pub(crate) fn kill(life: Life, version: Version) -> Self {
        Self::build(KeyKind::Kill, &[&life.to_bytes(), &version.to_be_bytes()])
    }

    /// The insert into a set that this key removes: whose it was, and its version. Nothing for other
    /// kinds of cells.
    #[must_use]
    pub fn killed(&self) -> Option<(Life, Version)> {
        let named = self.0.strip_prefix(&[KeyKind::Kill as u8])?;
        let (life, version) = named.split_at_checked(Life::LEN)?;
        let version = <[u8; 8]>::try_from(version).ok()?;
        Some((Life::from_bytes(life)?, Version::from_be_bytes(version)))
    }

    /// What all keys of the same column and kind begin with, where there may be several in a row.
    pub(crate) fn column_prefix(&self) -> Option<&[u8]> {
        match self.kind()?.naming() {
            Naming::None | Naming::Whole => None,
            Naming::WithPart => self.0.get(..2 + usize::from(*self.0.get(1)?)),
        }
    }

    /// The key of another part of a column that begins with `prefix`.
    pub(crate) fn beside(prefix: &[u8], part: &[u8]) -> Self {
        Self(Bytes::concat([prefix, part].into_iter()))
    }

    /// The bytes that travel.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The life of which a cell replaces values, or resets counts, and the key these lie under.
    pub(crate) fn overruled(&self) -> Option<(Life, Self)> {
        let pairs = [(KeyKind::Replaced, KeyKind::Value), (KeyKind::Reset, KeyKind::Counter)];
        let (_, kind) = pairs.into_iter().find(|(kind, _)| self.kind() == Some(*kind))?;
        let (len, rest) = self.0.get(1..)?.split_first()?;
        let (name, life) = rest.split_at_checked(usize::from(*len))?;
        Some((Life::from_bytes(life)?, Self::build(kind, &[name])))
    }

    fn build(kind: KeyKind, parts: &[&[u8]]) -> Self {
        Self(Bytes::concat(iter::once(&[kind as u8][..]).chain(parts.iter().copied())))
    }

    /// The key that travelled as these bytes.
    #[inline(always)]
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self(Bytes::copy_from(bytes))
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Says whether there is nothing, not even a kind; such keys come from strangers only.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.killed(), self.kind()) {
            (Some((life, version)), _) => write!(f, "Kill({life:?} v{version})"),
            (None, Some(kind)) => write!(f, "{kind:?}({})", self.0[1..].escape_ascii()),
            (None, None) => write!(f, "?({:?})", self.0),
        }
    }
}
