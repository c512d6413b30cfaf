//! Whose turn it is where more waits for a peer than fits a datagram.
//!
//! Round robin over classes, a turn being what fits the datagram or what is left of it: deficit round
//! robin (Shreedhar and Varghese, SIGCOMM 1995) with a quantum of a datagram, the longest that a
//! message can be, from which no credit is carried over. Carrying it over would make shares more
//! equal, and a round twice as long.
//!
//! A class that finds too little room left keeps its turn, and begins the next datagram. One that
//! began a datagram, or said something, passes its turn on when the room ends. So a round takes at
//! most one datagram for each class.

use super::class::Class;

const CLASSES: usize = Class::TAKING_TURNS.len();

/// Whose turn it is among the classes of what waits for one peer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rounds {
    /// Which of its kinds a class goes on with.
    kinds: [usize; CLASSES],
    turn: usize,
}

/// What came of letting a class say something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A message, by this one of its kinds.
    Message { kind: usize },
    /// Nothing waits.
    Nothing,
    /// There is too little room left for what waits.
    NoRoom,
}

impl Rounds {
    /// Fills a datagram: `say` says one message of a class, by the first of its kinds from the given
    /// one on that has something to say.
    pub(super) fn fill(&mut self, mut say: impl FnMut(Class, usize) -> Said) {
        let mut idle = 0;
        while idle < CLASSES {
            match self.take_turn(&mut say) {
                Turn::Idle => idle += 1,
                Turn::Over => idle = 0,
                Turn::NoRoom => return,
            }
        }
    }

    fn take_turn(&mut self, say: &mut impl FnMut(Class, usize) -> Said) -> Turn {
        let turn = self.turn;
        let mut is_idle = true;
        loop {
            match say(Class::TAKING_TURNS[turn], self.kinds[turn]) {
                Said::Message { kind } => {
                    is_idle = false;
                    self.kinds[turn] = kind + 1;
                }
                Said::Nothing => {
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
    }

    const fn pass_on(&mut self) {
        self.turn = (self.turn + 1) % CLASSES;
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
            rounds.fill(|class, _| {
                let nth = Class::TAKING_TURNS.iter().position(|it| *it == class).unwrap_or(0);
                let room = ROOM - held.iter().sum::<usize>();
                match lens[nth] {
                    0 => Said::Nothing,
                    len if len > room => Said::NoRoom,
                    len => {
                        held[nth] += len;
                        Said::Message { kind: 0 }
                    }
                }
            });
            held
        };
        (0..datagrams).map(fill).collect()
    }

    #[test]
    fn classes_get_similar_shares_whatever_the_length_of_their_messages() {
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
