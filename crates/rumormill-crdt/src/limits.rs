//! Bounds on what a replica writes and holds.

use serde::{Deserialize, Serialize};

/// Bounds on what a replica writes and holds. All replicas of a population should agree on
/// `cell_len_max`: it must leave room in the smallest datagram of anybody who passes a cell on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The longest cell, key and value together, in bytes. A cell travels in one datagram.
    pub cell_len_max: usize,
    /// The most cells, tombstones included, in one of our own rows.
    pub cells_max: usize,
    /// The most rows in the table.
    pub rows_max: usize,
    /// The most cells, tombstones included, in all rows of one replica together, of all its lives and
    /// spaces but ephemeral ones, 2^21 by default. Nobody has to take in what it writes beyond that, and
    /// nobody takes in more than twice as much: rows of few cells are not counted each time. With
    /// [`cell_len_max`](Self::cell_len_max), a bound on its bytes.
    pub origin_cells_max: usize,
    /// The most rows of one replica, 2^13 by default: each of its lives has one in each space it writes in.
    /// Those in ephemeral spaces do not count.
    pub origin_rows_max: usize,
    /// The most rows that may arrive in pieces at a time. Rows that are complete and wait for
    /// others are bounded by `staged_cells_max` alone: a group has to be complete to be shown.
    pub stagings_max: usize,
    /// The most cells in all stagings together.
    pub staged_cells_max: usize,
    /// The most rows a head may depend on. A kill whose dependency would be one too many is kept.
    /// A dependency goes when the row it names is evicted or has expired.
    pub dependencies_max: usize,
}

impl Limits {
    /// Bounds that fit datagrams of 1,200 bytes.
    pub const DEFAULT: Self = Self {
        cell_len_max: 600,
        cells_max: 1 << 20,
        rows_max: 1 << 20,
        origin_cells_max: 1 << 21,
        origin_rows_max: 1 << 13,
        stagings_max: 256,
        staged_cells_max: 1 << 20,
        dependencies_max: 10,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
