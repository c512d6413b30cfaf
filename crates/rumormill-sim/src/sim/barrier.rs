//! What stands between nodes, so that datagrams do not arrive.

use core::time::Duration;
use std::collections::BTreeSet;

use super::Index;

/// What stands between nodes, so that datagrams do not arrive. Several may stand at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Barrier {
    /// Nothing crosses between the far side and the rest.
    Split {
        /// The far side.
        far: BTreeSet<Index>,
    },
    /// Nothing arrives from the far side; what is sent to it does.
    OneWay {
        /// The far side.
        far: BTreeSet<Index>,
    },
    /// Nothing crosses, but one node reaches both sides and is reached from both.
    Bridge {
        /// The far side.
        far: BTreeSet<Index>,
        /// Who has links to both.
        by: Index,
    },
    /// A split that comes and goes.
    Flapping {
        /// The far side.
        far: BTreeSet<Index>,
        /// So long it stands, and so long it does not.
        every: Duration,
    },
}

impl Barrier {
    pub(super) fn blocks(&self, from: Index, to: Index, now: Duration) -> bool {
        match self {
            Self::Split { far } => far.contains(&from) != far.contains(&to),
            Self::OneWay { far } => far.contains(&from) && !far.contains(&to),
            Self::Bridge { far, by } => {
                from != *by && to != *by && far.contains(&from) != far.contains(&to)
            }
            Self::Flapping { far, every } => {
                let stands = now.as_millis() / every.as_millis().max(1) % 2 == 1;
                stands && far.contains(&from) != far.contains(&to)
            }
        }
    }

    /// What it is called.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Split { .. } => "split",
            Self::OneWay { .. } => "one-way cut",
            Self::Bridge { .. } => "bridge",
            Self::Flapping { .. } => "flapping",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_blocks_what_it_says() {
        let far: BTreeSet<Index> = [2, 3].into();
        let blocked = |barrier: &Barrier, millis| {
            let pairs = (0..4).flat_map(|from| (0..4).map(move |to| (from, to)));
            let now = Duration::from_millis(millis);
            pairs.filter(|(from, to)| barrier.blocks(*from, *to, now)).count()
        };
        let split = Barrier::Split { far: far.clone() };
        let one_way = Barrier::OneWay { far: far.clone() };
        let bridge = Barrier::Bridge { far: far.clone(), by: 0 };
        let flapping = Barrier::Flapping { far, every: Duration::from_millis(10) };
        assert_eq!([&split, &one_way, &bridge].map(|it| blocked(it, 0)), [8, 4, 4]);
        assert_eq!([0, 10, 19, 20].map(|at| blocked(&flapping, at)), [0, 8, 8, 0]);
    }
}
