//! What no format can do without.

use rumormill::core::crdt::Signature;

/// The entropy of a step of 1, 2, 3, ... with chance 1/2, 1/4, 1/8, ...
const BITS_A_STEP: usize = 2;

/// The least that has to be said, by the rules that `rumormill sizes --help` gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Floor {
    /// Keys, elements and values, byte by byte.
    spelled: usize,
    /// Of how many steps it is said how far they went.
    steps: usize,
    /// How often one of all writers is named.
    writers: usize,
    /// What else is chosen.
    bits: usize,
    /// What is said of every writer.
    bits_of_each: usize,
}

impl Floor {
    /// The least of all writes: whose it is, and that it is the next.
    pub(super) const WRITE: Self =
        Self { spelled: 0, steps: 1, writers: 1, bits: 0, bits_of_each: 0 };

    /// So many bytes of keys, elements or values.
    pub(super) const fn spelling(self, bytes: usize) -> Self {
        Self { spelled: self.spelled + bytes, ..self }
    }

    /// How much a count grew, or a time went on.
    pub(super) const fn step(self) -> Self {
        Self { steps: self.steps + 1, ..self }
    }

    /// Another writer.
    pub(super) const fn naming_a_writer(self) -> Self {
        Self { writers: self.writers + 1, ..self }
    }

    /// One of so many.
    pub(super) const fn naming_one_of(self, many: usize) -> Self {
        Self { bits: self.bits + bits_of(many), ..self }
    }

    /// A step of every writer.
    pub(super) const fn step_of_each(self) -> Self {
        Self { bits_of_each: self.bits_of_each + BITS_A_STEP, ..self }
    }

    /// One of so many of every writer.
    pub(super) const fn naming_of_each_one_of(self, many: usize) -> Self {
        Self { bits_of_each: self.bits_of_each + bits_of(many), ..self }
    }

    /// All of it as often as that.
    pub(super) const fn times(self, times: usize) -> Self {
        Self {
            spelled: self.spelled * times,
            steps: self.steps * times,
            writers: self.writers * times,
            bits: self.bits * times,
            bits_of_each: self.bits_of_each * times,
        }
    }

    /// In bytes, where there are so many writers.
    pub(super) const fn bytes(self, writers: usize, signed: bool) -> usize {
        let Self { spelled, steps, writers: named, bits, bits_of_each } = self;
        let more = steps * BITS_A_STEP + named * bits_of(writers) + bits + writers * bits_of_each;
        let signature = if signed { Signature::LEN } else { 0 };
        spelled + more.div_ceil(8) + signature
    }
}

/// The bits that tell one of so many from the others.
const fn bits_of(many: usize) -> usize {
    many.next_power_of_two().trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_take_whole_bits() {
        assert_eq!([1, 2, 3, 4, 10, 100, 1_000, 1_024, 1_025].map(bits_of), {
            [0, 1, 2, 2, 4, 7, 10, 10, 11]
        });
    }

    #[test]
    fn what_is_said_adds_up() {
        // A step of 2 bits and one of 100 writers in 7.
        assert_eq!(Floor::WRITE.bytes(100, false), 2);
        assert_eq!(Floor::WRITE.bytes(10, false), 1);
        assert_eq!(Floor::WRITE.spelling(24).bytes(10, true), 24 + 1 + 64);
        assert_eq!(Floor::WRITE.step_of_each().bytes(1_000, false), 2 + 250);
        assert_eq!(Floor::WRITE.naming_a_writer().naming_one_of(1_000).bytes(100, false), 4);
        assert_eq!(Floor::WRITE.spelling(24).times(100).bytes(10, false), 2_400 + 75);
    }
}
