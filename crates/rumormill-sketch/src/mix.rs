//! Arithmetic on 64-bit words.

/// The finaliser of SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014; the constants are Stafford's variant 13): a bijection under which
/// every bit of the result depends on every bit of `z`.
#[inline]
pub(crate) const fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The number that gives 1 modulo 2^64 when multiplied with an odd number: Newton's iteration from
/// five right bits, which doubles them four times (Warren, "Hacker's Delight", section 10-16).
#[inline]
pub(crate) const fn inverse_of_odd(x: u64) -> u64 {
    debug_assert!(x & 1 == 1, "even numbers have no inverse modulo a power of two");
    let mut y = x.wrapping_mul(3) ^ 2;
    let mut step = 0;
    while step < 4 {
        y = y.wrapping_mul(2u64.wrapping_sub(x.wrapping_mul(y)));
        step += 1;
    }
    y
}

/// A number with the low `bits` bits set, at most 64.
#[inline]
pub(crate) const fn mask(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

/// The low 32 bits.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the other bits are not wanted")]
pub(crate) const fn low_32(x: u64) -> u32 {
    x as u32
}

/// The low 16 bits.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the other bits are not wanted")]
pub(crate) const fn low_16(x: u64) -> u16 {
    x as u16
}

/// The low `bits` bits, 1 to 64, as a number in two's complement.
#[inline]
pub(crate) const fn sign_extend(x: u64, bits: u32) -> i64 {
    let unused = 64 - bits;
    (x << unused).cast_signed() >> unused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_numbers_have_inverses() {
        for x in [1, 3, 5, 0xdead_beef, u64::MAX, mix(7) | 1] {
            assert_eq!(x.wrapping_mul(inverse_of_odd(x)), 1, "of {x}");
        }
    }

    #[test]
    fn signs_are_extended() {
        assert_eq!(sign_extend(0xff, 8), -1);
        assert_eq!(sign_extend(0x17f, 8), 127);
        assert_eq!(sign_extend(u64::MAX, 64), -1);
    }
}
