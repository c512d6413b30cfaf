//! Where a word goes among places whose number may grow and shrink.

/// The place of a word among `count` places: its low bits, and where those are no place, one bit
/// less of them.
///
/// This is the address of linear hashing (Litwin, "Linear Hashing: A New Tool for File and Table
/// Addressing", VLDB 1980). With `count <= more`, `place(place(w, more), count) == place(w, count)`,
/// which is why sketches fold and why the index grows by a bucket at a time.
#[inline]
pub(crate) const fn place(word: u32, count: u32) -> u32 {
    let power = count.next_power_of_two();
    let low = word & (power - 1);
    if low < count { low } else { low - power / 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_places_are_places() {
        for count in 1..40 {
            for more in count..80 {
                for word in 0..300 {
                    assert!(place(word, count) < count);
                    assert_eq!(place(place(word, more), count), place(word, count));
                }
            }
        }
    }
}
