//! An axis on which every power of ten is as far from the next.

/// The places of numbers between two powers of ten.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// Where the lower power is.
    pub from: f64,
    /// Where the higher power is.
    pub to: f64,
    /// The exponents of both.
    lower: u32,
    higher: u32,
}

impl Axis {
    /// The axis between the nearest powers of ten that have all these positive numbers between
    /// them.
    ///
    /// # Panics
    ///
    /// If there are no numbers, or one is zero.
    pub fn over(numbers: impl Iterator<Item = u64> + Clone, from: f64, to: f64) -> Self {
        let least = numbers.clone().min().expect("something was measured");
        let greatest = numbers.max().expect("something was measured");
        let lower = least.ilog10();
        let higher = (lower + 1..).find(|exponent| 10u64.pow(*exponent) >= greatest);
        Self { from, to, lower, higher: higher.expect("numbers of bytes are far from the end") }
    }

    /// The place of a positive number.
    #[must_use]
    pub fn at(&self, number: u64) -> f64 {
        let (lower, higher) = (f64::from(self.lower), f64::from(self.higher));
        let share = ((number as f64).log10() - lower) / (higher - lower);
        self.from + share * (self.to - self.from)
    }

    /// The place between both ends.
    #[must_use]
    pub const fn middle(&self) -> f64 {
        f64::midpoint(self.from, self.to)
    }

    /// All powers of ten on it, and their places.
    pub fn powers(&self) -> impl Iterator<Item = (u64, f64)> {
        let powers = (self.lower..=self.higher).map(|exponent| 10u64.pow(exponent));
        powers.map(|power| (power, self.at(power)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_ten_are_equally_far_apart() {
        let axis = Axis::over([300, 4, 70].into_iter(), 90.0, 0.0);
        let powers: Vec<_> = axis.powers().collect();
        assert_eq!(powers, [(1, 90.0), (10, 60.0), (100, 30.0), (1_000, 0.0)]);
        assert_eq!(axis.middle(), 45.0);
    }
}
