//! Whose turn it is where more waits for a peer than fits a datagram.
//!
//! Deficit round robin (Shreedhar and Varghese, SIGCOMM 1995) over classes: each turn adds a
//! quantum to a class's account, and what the class says is taken off. How long a message gets is
//! known when it is made, so the last one may overdraw the account, as in surplus round robin
//! (Adiseshan, Parulkar and Varghese, SIGCOMM 1996). The quantum is what fits a datagram, and no
//! message is longer; so the account is never empty after a turn has begun, and every class that
//! waits says something in every round.
//!
//! A class that finds too little room left keeps its turn, and begins the next datagram. One that
//! began a datagram, or said something, passes its turn on when the room ends. So a round takes at
//! most one datagram for each class.

use super::class::Class;

const CLASSES: usize = Class::TAKING_TURNS.len();

/// The accounts of the classes of what waits for one peer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rounds {
    /// Bytes that a class may say, or said too many.
    accounts: [isize; CLASSES],
    /// Which of its kinds a class goes on with.
    kinds: [usize; CLASSES],
    /// Whose turn it is.
    turn: usize,
    /// Whether the account was added to in this turn.
    has_quantum: bool,
}

/// What came of letting a class say something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// So many bytes, by this one of its kinds.
    Bytes { len: usize, kind: usize },
    /// Nothing waits.
    Nothing,
    /// There is too little room left for what waits.
    NoRoom,
}

impl Rounds {
    /// Fills a datagram of `quantum` bytes: `say` says one message of a class, by the first of its
    /// kinds from the given one on that has something to say.
    pub(super) fn fill(&mut self, quantum: usize, mut say: impl FnMut(Class, usize) -> Said) {
        let quantum = isize::try_from(quantum).unwrap_or(isize::MAX);
        let mut idle = 0;
        while idle < CLASSES {
            let said = self.take_turn(quantum, &mut say);
            match said {
                Turn::Idle => idle += 1,
                Turn::Over => idle = 0,
                Turn::NoRoom => return,
            }
        }
    }

    fn take_turn(&mut self, quantum: isize, say: &mut impl FnMut(Class, usize) -> Said) -> Turn {
        let turn = self.turn;
        if !core::mem::replace(&mut self.has_quantum, true) {
            self.accounts[turn] = self.accounts[turn].saturating_add(quantum).min(2 * quantum);
        }
        let mut is_idle = true;
        while self.accounts[turn] > 0 {
            match say(Class::TAKING_TURNS[turn], self.kinds[turn]) {
                Said::Bytes { len, kind } => {
                    is_idle = false;
                    self.accounts[turn] -= isize::try_from(len).unwrap_or(isize::MAX);
                    self.kinds[turn] = kind + 1;
                }
                Said::Nothing => {
                    self.accounts[turn] = 0;
                    self.pass_on();
                    return if is_idle { Turn::Idle } else { Turn::Over };
                }
                Said::NoRoom if is_idle => return Turn::NoRoom,
                Said::NoRoom => {
                    self.pass_on();
                    return Turn::NoRoom;
                }
            }
        }
        self.pass_on();
        Turn::Over
    }

    const fn pass_on(&mut self) {
        self.turn = (self.turn + 1) % CLASSES;
        self.has_quantum = false;
    }
}

enum Turn {
    /// Nothing was waiting.
    Idle,
    Over,
    /// The datagram is full.
    NoRoom,
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    const ROOM: usize = 1_000;

    /// Fills datagrams from classes that never run out of messages of these lengths, and returns
    /// what each datagram holds: how many bytes of each class.
    fn fill(lens: [usize; CLASSES], datagrams: usize) -> Vec<[usize; CLASSES]> {
        let mut rounds = Rounds::default();
        let fill = |_| {
            let mut held = [0; CLASSES];
            rounds.fill(ROOM, |class, _| {
                let nth = Class::TAKING_TURNS.iter().position(|it| *it == class).unwrap_or(0);
                let room = ROOM - held.iter().sum::<usize>();
                match lens[nth] {
                    0 => Said::Nothing,
                    len if len > room => Said::NoRoom,
                    len => {
                        held[nth] += len;
                        Said::Bytes { len, kind: 0 }
                    }
                }
            });
            held
        };
        (0..datagrams).map(fill).collect()
    }

    #[test]
    fn classes_get_equal_shares_whatever_the_length_of_their_messages() {
        let all = fill([25, 400, 90, 500], 4_000);
        let total = |nth: usize| all.iter().map(|held| held[nth]).sum::<usize>();
        let totals = [0, 1, 2, 3].map(total);
        let (least, most) = (totals.iter().min(), totals.iter().max());
        assert!(most <= least.map(|least| least + least / 2).as_ref(), "{totals:?}");
    }

    #[test]
    fn every_class_says_something_in_any_four_datagrams() {
        for lens in [[25, 400, 90, 500], [1_000; 4], [1, 1, 1, 1_000], [600, 7, 600, 999]] {
            let all = fill(lens, 1_000);
            for round in all.windows(CLASSES) {
                let silent = |nth: &usize| round.iter().all(|held| held[*nth] == 0);
                assert_eq!((0..CLASSES).find(silent), None, "{lens:?}: {round:?}");
            }
        }
    }

    #[test]
    fn who_waits_alone_gets_all() {
        assert_eq!(fill([0, 0, 100, 0], 3), [[0, 0, 1_000, 0]; 3]);
        assert_eq!(fill([0; 4], 1), [[0; 4]]);
    }
}
