//! Which datagrams came before.
//!
//! A window a sender, as in RFC 6479: which of the latest numbers were seen. Numbers are a sender's,
//! not a receiver's, so there are gaps, and a window is wide enough for what overtakes in a
//! busy population.

use alloc::collections::BTreeMap;

/// Stands for a sender: what it drew when it began.
pub(super) type Salt = [u8; 12];

/// How many of a sender's latest numbers are told apart.
const WIDTH: u64 = 1_024;

/// The most senders that are remembered. With more, whoever was silent longest is forgotten, and
/// what it sent could be replayed.
const SENDERS_MAX: usize = 16_384;

const WORDS: usize = (WIDTH / 64) as usize;

/// Which datagrams came before.
#[derive(Debug, Default)]
pub(super) struct Replays {
    windows: BTreeMap<Salt, Window>,
    /// Senders by when they were heard last.
    order: BTreeMap<u64, Salt>,
    heard: u64,
}

/// The latest numbers of one sender.
#[derive(Debug)]
struct Window {
    greatest: u64,
    /// A bit for each number, at the number modulo the width.
    seen: [u64; WORDS],
    heard_at: u64,
}

impl Replays {
    /// Says whether a number is new, and not too old to tell.
    pub(super) fn is_new(&self, salt: &Salt, number: u64) -> bool {
        self.windows.get(salt).is_none_or(|window| window.is_new(number))
    }

    /// Remembers a number.
    pub(super) fn insert(&mut self, salt: Salt, number: u64) {
        self.heard += 1;
        let heard_at = self.heard;
        match self.windows.get_mut(&salt) {
            Some(window) => {
                self.order.remove(&window.heard_at);
                window.heard_at = heard_at;
                window.insert(number);
            }
            None => {
                self.make_room();
                self.windows.insert(salt, Window::new(number, heard_at));
            }
        }
        self.order.insert(heard_at, salt);
    }

    fn make_room(&mut self) {
        if self.windows.len() >= SENDERS_MAX
            && let Some((_, salt)) = self.order.pop_first()
        {
            self.windows.remove(&salt);
        }
    }
}

impl Window {
    fn new(number: u64, heard_at: u64) -> Self {
        let mut window = Self { greatest: number, seen: [0; WORDS], heard_at };
        window.mark(number);
        window
    }

    fn is_new(&self, number: u64) -> bool {
        if number > self.greatest {
            return true;
        }
        let (word, bit) = place(number);
        self.greatest - number < WIDTH && self.seen[word] & bit == 0
    }

    fn insert(&mut self, number: u64) {
        if number > self.greatest {
            let passed = (number - self.greatest).min(WIDTH);
            for skipped in number - passed + 1..=number {
                let (word, bit) = place(skipped);
                self.seen[word] &= !bit;
            }
            self.greatest = number;
        }
        self.mark(number);
    }

    fn mark(&mut self, number: u64) {
        let (word, bit) = place(number);
        self.seen[word] |= bit;
    }
}

fn place(number: u64) -> (usize, u64) {
    let at = number % WIDTH;
    let word = usize::try_from(at / 64).unwrap_or(0);
    (word, 1 << (at % 64))
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_is_new_once(numbers in proptest::collection::vec(0..5_000_u64, 1..2_000)) {
            let (mut replays, mut seen, mut greatest) = (Replays::default(), BTreeSet::new(), 0);
            for number in numbers {
                let is_recent = number > greatest || greatest - number < WIDTH;
                let expected = (is_recent || seen.is_empty()) && !seen.contains(&number);
                prop_assert_eq!(replays.is_new(&[0; 12], number), expected);
                prop_assert!(replays.is_new(&[1; 12], number), "of another sender");
                if expected {
                    replays.insert([0; 12], number);
                    seen.insert(number);
                    greatest = greatest.max(number);
                }
            }
        }
    }

    #[test]
    fn senders_are_bounded() {
        let mut replays = Replays::default();
        let salt = |sender: usize| {
            let mut salt = [0; 12];
            salt[..8].copy_from_slice(&sender.to_be_bytes());
            salt
        };
        for sender in 0..SENDERS_MAX + 10 {
            replays.insert(salt(sender), 1);
            replays.insert(salt(0), sender as u64);
        }
        assert_eq!(replays.windows.len(), SENDERS_MAX);
        assert_eq!(replays.order.len(), SENDERS_MAX);
        assert!(!replays.is_new(&salt(0), 7), "who is heard again and again is remembered");
        assert!(replays.is_new(&salt(1), 1), "who was silent longest is forgotten");
    }
}
