//! Which explorations there are.

use std::fmt;

use crate::{Exploration, Rows, RowsBounds, TableBounds, Tables, explore};

/// The bounds of one exploration.
#[derive(Clone, Copy, Debug)]
pub enum Configuration {
    /// Of one row and its copies.
    Rows(RowsBounds),
    /// Of a table and its replicas.
    Table(TableBounds),
}

/// The bounds that most explorations of a table share.
const ONE_MESSAGE: TableBounds = TableBounds {
    replicas: 2,
    adds: 0,
    removes: 0,
    counts: 0,
    writes: 0,
    forgets: 0,
    saves: 0,
    restarts: 0,
    evicts: 0,
    in_flight: 1,
    pieces: false,
};

impl Configuration {
    /// Explorations of some thousand states each: a few seconds in all, for every run of the tests.
    #[must_use]
    pub fn quick() -> Vec<Self> {
        let one = ONE_MESSAGE;
        vec![
            rows(3, 1),
            rows(2, 2),
            rows(4, 1),
            set(3, 1, 1, 1),
            set(3, 2, 1, 0),
            set(2, 2, 1, 1),
            set(2, 2, 2, 1),
            Self::Table(TableBounds { adds: 2, removes: 1, in_flight: 2, ..one }),
            Self::Table(TableBounds { adds: 1, removes: 1, pieces: true, ..one }),
            Self::Table(TableBounds {
                adds: 1,
                removes: 1,
                forgets: 1,
                saves: 1,
                restarts: 1,
                ..one
            }),
            Self::Table(TableBounds { counts: 2, saves: 1, restarts: 2, ..one }),
            Self::Table(TableBounds { writes: 2, saves: 1, restarts: 1, ..one }),
            Self::Table(TableBounds { adds: 1, removes: 1, restarts: 1, evicts: 1, ..one }),
        ]
    }

    /// Explorations of some million states: minutes, for every change of a rule.
    #[must_use]
    pub fn full() -> Vec<Self> {
        let one = ONE_MESSAGE;
        let three = TableBounds { replicas: 3, ..one };
        vec![
            rows(4, 1),
            rows(3, 2),
            rows(5, 1),
            rows(4, 2),
            rows(3, 3),
            set(3, 1, 1, 2),
            set(3, 2, 1, 1),
            set(3, 2, 2, 0),
            set(2, 3, 2, 1),
            set(2, 2, 2, 2),
            set(2, 3, 3, 1),
            Self::Table(TableBounds { adds: 1, removes: 1, in_flight: 2, ..three }),
            Self::Table(TableBounds { adds: 2, removes: 1, in_flight: 2, restarts: 1, ..one }),
            Self::Table(TableBounds { adds: 2, removes: 1, pieces: true, in_flight: 2, ..one }),
            Self::Table(TableBounds { adds: 2, removes: 1, forgets: 1, pieces: true, ..one }),
            Self::Table(TableBounds { adds: 1, removes: 1, forgets: 1, restarts: 1, ..three }),
            Self::Table(TableBounds { adds: 2, removes: 1, saves: 1, restarts: 2, ..one }),
            Self::Table(TableBounds { adds: 1, removes: 1, saves: 1, restarts: 1, ..three }),
            Self::Table(TableBounds { counts: 2, saves: 1, restarts: 2, ..three }),
            Self::Table(TableBounds { writes: 2, saves: 1, restarts: 1, ..three }),
            Self::Table(TableBounds { adds: 1, removes: 1, restarts: 1, evicts: 1, ..three }),
            Self::Table(TableBounds { adds: 2, removes: 1, evicts: 1, ..three }),
            Self::Table(TableBounds { adds: 2, removes: 2, restarts: 1, evicts: 2, ..one }),
        ]
    }

    /// Explorations of some ten million states each: as far as 6 GB of memory reach, some of them
    /// only with a bound on the states.
    #[must_use]
    pub fn deep() -> Vec<Self> {
        let one = ONE_MESSAGE;
        vec![
            set(3, 2, 2, 1),
            set(2, 3, 3, 2),
            Self::Table(TableBounds { replicas: 3, adds: 2, removes: 1, in_flight: 2, ..one }),
            Self::Table(TableBounds { adds: 2, removes: 2, pieces: true, restarts: 1, ..one }),
            Self::Table(TableBounds { adds: 2, removes: 2, forgets: 1, restarts: 1, ..one }),
            rows(6, 1),
            rows(5, 2),
        ]
    }

    /// Visits every state, up to `states_max` of them.
    #[must_use]
    pub fn explore(self, states_max: usize) -> Exploration {
        match self {
            Self::Rows(bounds) => explore(&mut Rows::new(bounds), states_max),
            Self::Table(bounds) => explore(&mut Tables::new(bounds), states_max),
        }
    }
}

fn rows(writes: u64, in_flight: usize) -> Configuration {
    Configuration::Rows(RowsBounds { writes, in_flight })
}

fn set(replicas: usize, adds: usize, removes: usize, restarts: usize) -> Configuration {
    Configuration::Table(TableBounds { replicas, adds, removes, restarts, ..ONE_MESSAGE })
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(RowsBounds { writes, in_flight }) => {
                write!(f, "row: {writes} writes, {in_flight} in flight")
            }
            Self::Table(bounds) => {
                write!(f, "table: {} replicas", bounds.replicas)?;
                for (count, what) in [
                    (bounds.adds, "adds"),
                    (bounds.removes, "removes"),
                    (bounds.counts, "counts"),
                    (bounds.writes, "writes"),
                    (bounds.forgets, "forgets"),
                    (bounds.saves, "saves"),
                    (bounds.restarts, "restarts"),
                    (bounds.evicts, "evicts"),
                ] {
                    if count > 0 {
                        write!(f, ", {count} {what}")?;
                    }
                }
                write!(f, ", {} in flight", bounds.in_flight)?;
                if bounds.pieces { f.write_str(" in pieces") } else { Ok(()) }
            }
        }
    }
}
