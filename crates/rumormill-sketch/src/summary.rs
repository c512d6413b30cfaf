//! All three summaries of one map.

use crate::{Fingerprint, KeyHash, Size, Sketch, Strata};

/// All that is kept of a map to find where it differs from others: fingerprint, strata and sketch,
/// current after every change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    fingerprint: Fingerprint,
    strata: Strata,
    sketch: Sketch,
}

impl Summary {
    /// The summary of an empty map. `size` bounds the sketches that can be cut from it; best a
    /// power of two of triples.
    #[must_use]
    pub fn new(size: Size) -> Self {
        Self {
            fingerprint: Fingerprint::default(),
            strata: Strata::default(),
            sketch: Sketch::new(size),
        }
    }

    /// Takes note that the value of a key went from `old` to `new`, 0 standing for a key that is
    /// not there. The cost depends neither on the size nor on the number of keys.
    #[inline]
    pub fn update(&mut self, key: KeyHash, old: u64, new: u64) {
        self.fingerprint.update(key, old, new);
        self.strata.update(key, old, new);
        self.sketch.update(key, old, new);
    }

    /// Returns the fingerprint.
    #[must_use]
    pub const fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Returns the strata.
    #[must_use]
    pub const fn strata(&self) -> &Strata {
        &self.strata
    }

    /// Returns the sketch.
    #[must_use]
    pub const fn sketch(&self) -> &Sketch {
        &self.sketch
    }
}
