//! Types as values of their own, without a table.

use std::time::Duration;

use rumormill_crdt::{Bytes, Key, Life, RowDelta};

/// What a wall clock reads: clocks of different lives are up to two seconds apart.
pub(crate) fn wall(life: Life) -> Duration {
    Duration::from_millis(1_000_000_000 + life.epoch * 7_919 % 2_000)
}

/// How late the last write of a life was, as its own row says.
pub(crate) fn last_write(life: Life, mut rows: impl Iterator<Item = RowDelta<Key, Bytes>>) -> u64 {
    rows.find(|row| row.id().life == life).map_or(0, |row| row.head().timestamp.0)
}

/// Makes `$name` a type under test: a `$value` with the edits, reads and specification of the
/// column of the same type.
macro_rules! alone {
    ($name:ident, $value:ty, $columns:ty, $edit:expr, $read:expr) => {
        #[derive(Clone)]
        struct $name {
            life: rumormill_crdt::Life,
            value: $value,
        }

        impl rumormill_laws::Crdt for $name {
            type Edit = <$columns as rumormill_laws::Columns>::Edit;
            type Read = <$columns as rumormill_laws::Columns>::Read;

            fn new(life: rumormill_crdt::Life) -> Self {
                Self { life, value: <$value>::new(life) }
            }

            fn edit(&mut self, edit: &Self::Edit) {
                let edit_it: fn(&mut $value, std::time::Duration, &Self::Edit) = $edit;
                edit_it(&mut self.value, $crate::alone::wall(self.life), edit);
            }

            fn join(&mut self, other: &Self) {
                self.value.join(&other.value);
            }

            fn read(&self) -> Self::Read {
                let read: fn(&$value) -> Self::Read = $read;
                read(&self.value)
            }

            fn specified(heard: &rumormill_laws::Heard<'_, Self::Edit>) -> Self::Read {
                <$columns as rumormill_laws::Columns>::specified(heard)
            }

            fn same(&self, other: &Self) -> bool {
                self.value.version_vector() == other.value.version_vector()
            }

            fn restart(disk: &Self, life: rumormill_crdt::Life) -> Self {
                let mut value = disk.value.clone();
                // An empty disk is one of the new life.
                if disk.life != life {
                    value.begin_life(life);
                }
                Self { life, value }
            }

            fn stamp(&self) -> u64 {
                let nothing = rumormill_crdt::VersionVector::default();
                $crate::alone::last_write(self.life, self.value.delta_since(&nothing))
            }

            fn resolve(
                edit: &Self::Edit,
                heard: &rumormill_laws::Heard<'_, Self::Edit>,
            ) -> Self::Edit {
                <$columns as rumormill_laws::Columns>::resolve(edit, heard)
            }
        }

        impl rumormill_laws::Evicts for $name {
            fn evict(&mut self, replica: rumormill_crdt::ReplicaId) {
                self.value.evict(replica);
            }
        }

        impl rumormill_laws::Deltas for $name {
            type Digest = rumormill_crdt::VersionVector;
            type Delta = rumormill_crdt::RowDelta<rumormill_crdt::Key, rumormill_crdt::Bytes>;

            fn digest(&self) -> Self::Digest {
                self.value.version_vector()
            }

            fn deltas_since(&self, digest: &Self::Digest) -> Vec<Self::Delta> {
                self.value.delta_since(digest).collect()
            }

            fn admit(&mut self, delta: &Self::Delta) {
                // What is refused is lost, as a datagram may be.
                let _ = self.value.admit(delta);
            }
        }
    };
}
pub(crate) use alone;
