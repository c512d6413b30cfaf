//! Typed parts of a table.

use alloc::{borrow::Cow, string::String};
use core::{fmt, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};

use crate::Space;

/// What a column can hold: any value that serde and postcard can write and read back.
pub trait Element: Serialize + DeserializeOwned {}

impl<T: Serialize + DeserializeOwned> Element for T {}

/// A typed, named part of a [`Table`](crate::Table). `T` is the conflict-free type that says how
/// it is edited and read: `Column<OrSet<String>>` has `insert`, `remove` and `read`.
///
/// ```
/// use rumormill_crdt::{Column, OrSet, PnCounter, Space};
///
/// const SKILLS: Column<OrSet<String>> = Column::new(Space::SHARED, "skills");
/// const CALLS: Column<PnCounter> = Column::new(Space::STATS, "calls");
/// ```
pub struct Column<T> {
    space: Space,
    name: Cow<'static, str>,
    kind: PhantomData<fn() -> T>,
}

impl<T> Column<T> {
    /// The longest name, in bytes.
    pub const NAME_LEN_MAX: usize = 64;

    /// Names a column of `space`.
    ///
    /// # Panics
    ///
    /// If the name is longer than [`NAME_LEN_MAX`](Self::NAME_LEN_MAX); in a constant, that is a
    /// compile error.
    #[must_use]
    pub const fn new(space: Space, name: &'static str) -> Self {
        assert!(name.len() <= Self::NAME_LEN_MAX, "a column's name is at most 64 bytes");
        Self { space, name: Cow::Borrowed(name), kind: PhantomData }
    }

    /// Names a column by a name made at run time; `None` if the name is too long.
    #[must_use]
    pub fn named(space: Space, name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        let fits = name.len() <= Self::NAME_LEN_MAX;
        fits.then_some(Self { space, name: Cow::Owned(name), kind: PhantomData })
    }

    /// The part of the table the column lies in.
    #[must_use]
    pub const fn space(&self) -> Space {
        self.space
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl<T> Clone for Column<T> {
    fn clone(&self) -> Self {
        Self { space: self.space, name: self.name.clone(), kind: PhantomData }
    }
}

impl<T> fmt::Debug for Column<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({:?}, {:?})", self.space, self.name)
    }
}
