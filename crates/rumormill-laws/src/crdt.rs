//! What is under test.

use std::fmt::Debug;

use rumormill_crdt::{Life, ReplicaId};

use crate::Heard;

/// A type under test: a state that replicas edit, join and read, and what it should read.
///
/// Five operations and a specification are enough; the other methods have defaults that suit most
/// types. What else a type can do is said by further traits: [`Deltas`](crate::Deltas),
/// [`Collects`](crate::Collects), [`Wire`](crate::Wire), [`Accounted`](crate::Accounted).
pub trait Crdt: Clone {
    /// What a user can do.
    type Edit: Clone + Debug + 'static;

    /// All that a user can read.
    type Read: PartialEq + Debug;

    /// Makes an empty value in which `life` edits.
    ///
    /// Every start of a replica is a new life. `life.replica` is the same for all of them;
    /// `life.epoch` is different in all lives of a history, so it serves as an actor's number
    /// where a type wants one.
    fn new(life: Life) -> Self;

    /// Edits the value. What cannot be done there does nothing.
    fn edit(&mut self, edit: &Self::Edit);

    /// Takes in all that `other` has heard of.
    fn join(&mut self, other: &Self);

    /// Reads everything there is to read.
    fn read(&self) -> Self::Read;

    /// What a replica that has heard of these edits has to read.
    fn specified(heard: &Heard<'_, Self::Edit>) -> Self::Read;

    /// Starts a replica again from what was on its disk, as a new life.
    #[must_use]
    fn restart(disk: &Self, life: Life) -> Self {
        let mut value = Self::new(life);
        value.join(disk);
        value
    }

    /// Says whether two values are the same, apart from who edits in them. Say more than what is
    /// read, where there is more.
    fn same(&self, other: &Self) -> bool {
        self.read() == other.read()
    }

    /// How late the last edit was, for types that let the later of two edits win: greater is
    /// later. Asked right after each edit, and handed to the specification as
    /// [`HeardEdit::stamp`](crate::HeardEdit::stamp).
    fn stamp(&self) -> u64 {
        0
    }

    /// What the history is to say of an edit, given what its author had heard of: which inserts a
    /// remove removes, say, where a later reader may hear of the remove and not of all that the
    /// remover had heard of. Does not change what is done to the value.
    #[must_use]
    fn resolve(edit: &Self::Edit, _heard: &Heard<'_, Self::Edit>) -> Self::Edit {
        edit.clone()
    }
}

/// A type from which all that a replica did can be taken out again.
pub trait Evicts: Crdt {
    /// Drops all edits of a replica, whatever its life, and takes none of them in again.
    fn evict(&mut self, replica: ReplicaId);
}

/// A type that gets rid of what no reader needs.
pub trait Collects: Crdt {
    /// Collects what this replica may collect. No reader, here or elsewhere, may notice.
    fn collect(&mut self);

    /// Forgets records of removals up to a point in time that the history chooses.
    fn forget(&mut self, _before: u64) {}
}
