//! Who has a say in whether a row becomes visible.

use core::fmt;

use crate::{Content, Head, Refused, RowId};

/// Has a say in whether a row becomes visible. In a population that signs, this is who checks
/// that the owner signed the head, and that the owner is let in.
pub trait HeadVerifier<K, V> {
    /// Looks at a row as it would be shown: once for each head, before the row is shown or waits
    /// for others, and never for a head that is held already.
    ///
    /// # Errors
    ///
    /// Why the row is not taken in.
    fn verify(&mut self, candidate: &Candidate<'_, K, V>) -> Result<(), Refused>;
}

/// A row as it would be shown.
pub struct Candidate<'c, K, V> {
    /// Whose row.
    pub id: RowId,
    /// What its owner says of it.
    pub head: &'c Head,
    /// The digest of what it holds. Of a piece, what the owner says that the whole row holds.
    pub content: Content,
    /// Whether all of the row is there. Of a piece only the cells in it can be [read](Self::get).
    pub is_whole: bool,
    get: &'c dyn Fn(&K) -> Option<&'c V>,
}

impl<'c, K, V> Candidate<'c, K, V> {
    pub(crate) fn new(
        id: RowId,
        head: &'c Head,
        content: Content,
        is_whole: bool,
        get: &'c dyn Fn(&K) -> Option<&'c V>,
    ) -> Self {
        Self { id, head, content, is_whole, get }
    }

    /// The value that the row would hold under a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&'c V> {
        (self.get)(key)
    }
}

impl<K, V> fmt::Debug for Candidate<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, head, content, is_whole, .. } = self;
        f.debug_struct("Candidate")
            .field("id", id)
            .field("head", head)
            .field("content", content)
            .field("is_whole", is_whole)
            .finish_non_exhaustive()
    }
}
