//! What it takes to bring a node up to date.

use rumormill::core::crdt::Division;
use rumormill_sim::{Behind, CatchUp};

use super::{aim, floor::Floor, row::Row};

const KEYS: usize = 1_000;

/// A node that lacks so many of 1,000 keys gets them.
pub(super) fn measure(writers: usize, changes: usize) -> Row {
    let caught_up = Behind { writers, keys: KEYS, changes }.run(1);
    let bytes = caught_up.bytes();
    let CatchUp { weight, is_equal } = caught_up;
    let operation = if changes == 1 { "one behind" } else { "100 behind" };
    // Keys of one writer share what says whose they are.
    let floor = Floor::WRITE.times(changes.min(writers)).spelling(changes * (16 + 8));
    Row {
        column: "raw",
        operation,
        writers,
        signed: false,
        bytes,
        datagram_bytes: bytes + weight.frames,
        floor_bytes: floor.bytes(writers, false),
        aim_bytes: aim::of("raw", operation, writers, false),
        division: Division {
            versions: weight.rows.versions + weight.digests,
            ids: weight.rows.ids + weight.senders,
            ..weight.rows
        },
        is_equal,
    }
}
