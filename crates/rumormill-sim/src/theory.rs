//! How many synchronous rounds a rumor takes, beside the formulas.
//!
//! Push: Pittel, "On spreading a rumor" (SIAM J. Appl. Math. 47, 1987); pull and push-pull: Karp,
//! Schindelhauer, Shenker and Vöcking, "Randomized rumor spreading" (FOCS 2000); with loss and
//! several calls a round: Doerr and Kostrygin, "Randomized rumor spreading revisited" (ICALP 2017).

use rumormill_core::Mode;

use crate::{link::Chance, spread::to_f64};

const MODES: [Mode; 3] = [Mode::Push, Mode::Pull, Mode::PushPull];
const LOSSES: [f64; 3] = [0.0, 0.1, 0.3];
const FANOUT_MAX: usize = 4;

/// The populations, and by what the number of runs is divided in each.
const POPULATIONS: [(usize, usize); 2] = [(1_000, 1), (10_000, 4)];

/// How many times as often push-pull without loss is run: its mean exceeds the formula by few
/// hundredths of a round, so it has to be known well.
const CLOSE_CALLS: usize = 16;

/// Every mode, for 1,000 and 10,000 nodes, fanout 1 to 4, and loss 0, 0.1 and 0.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theory {
    /// How often each is run with 1,000 nodes; a quarter of that with 10,000. Push-pull without
    /// loss is run 16 times as often.
    pub runs: usize,
}

/// Rounds that all nodes begin at once: in each, every node that has news or wants it calls
/// `fanout` others, each drawn from all, and one may be drawn twice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rounds {
    /// Who sends news when two nodes talk: the caller, the one who is called, or both.
    pub mode: Mode,
    /// The population. One has news at the start.
    pub nodes: usize,
    /// How many others each calls in a round.
    pub fanout: usize,
    /// The share of datagrams that get lost. Push takes one, pull takes two.
    pub loss: f64,
}

/// How the mean of many runs compares with the formula.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TheoryCell {
    /// What was run.
    pub rounds: Rounds,
    /// How often.
    pub runs: usize,
    /// The rounds until everybody had the news, on average.
    pub mean: f64,
}

impl Theory {
    /// Runs everything.
    ///
    /// # Panics
    ///
    /// If it is run no times.
    #[must_use]
    pub fn run(&self, seed: u64) -> Vec<TheoryCell> {
        let mut chance = Chance::new(seed);
        let mut cells = Vec::new();
        for mode in MODES {
            for (nodes, share) in POPULATIONS {
                for fanout in 1..=FANOUT_MAX {
                    for loss in LOSSES {
                        let rounds = Rounds { mode, nodes, fanout, loss };
                        let runs = self.runs.div_ceil(share) * rounds.weight();
                        let mean = rounds.mean(&mut chance, runs);
                        cells.push(TheoryCell { rounds, runs, mean });
                    }
                }
            }
        }
        cells
    }
}

impl TheoryCell {
    /// Says whether the mean is at least the formula, and exceeds it by at most 3 rounds; by at
    /// most 4 for pull with one call a round and loss.
    #[must_use]
    pub fn holds(&self) -> bool {
        let Rounds { mode, fanout, loss, .. } = self.rounds;
        let slack = if mode == Mode::Pull && fanout == 1 && loss > 0.0 { 4.0 } else { 3.0 };
        (0.0..=slack).contains(&(self.mean - self.rounds.formula()))
    }
}

impl Rounds {
    /// The rounds until everybody has the news, averaged over `runs` runs.
    ///
    /// # Panics
    ///
    /// If there are no runs.
    #[must_use]
    pub fn run(&self, seed: u64, runs: usize) -> f64 {
        self.mean(&mut Chance::new(seed), runs)
    }

    /// How many rounds it takes in theory: those in which few have the news and each tells others,
    /// and those in which few lack it.
    #[must_use]
    pub fn formula(&self) -> f64 {
        let (ln_n, calls) = (to_f64(self.nodes as u64).ln(), to_f64(self.fanout as u64));
        let push = 1.0 - self.loss;
        let pull = push * push;
        let few_have = |rate: f64| ln_n / (calls * rate).ln_1p();
        let few_lack = |rate: f64| ln_n / (calls * rate);
        let none_lost = ln_n.ln() / calls.ln_1p();
        // Of the calls of somebody who lacks the news, nearly all reach somebody who has it.
        let pull_fails = (1.0 / (1.0 - pull)).ln();
        match self.mode {
            Mode::Push | Mode::PushThenPull => few_have(push) + few_lack(push),
            Mode::Pull if self.loss == 0.0 => few_have(1.0) + none_lost,
            Mode::Pull => few_have(pull) + few_lack(pull_fails),
            Mode::PushPull if self.loss == 0.0 => few_have(2.0) + none_lost,
            Mode::PushPull => few_have(push + pull) + few_lack(push + pull_fails),
        }
    }

    fn weight(&self) -> usize {
        if self.mode == Mode::PushPull && self.loss == 0.0 { CLOSE_CALLS } else { 1 }
    }

    fn mean(&self, chance: &mut Chance, runs: usize) -> f64 {
        assert!(runs > 0, "there is a mean");
        let sum: u64 = (0..runs).map(|_| self.once(chance)).sum();
        to_f64(sum) / to_f64(runs as u64)
    }

    /// The rounds until everybody has the news.
    fn once(&self, chance: &mut Chance) -> u64 {
        let mut informed = vec![false; self.nodes];
        informed[0] = true;
        let (mut news, mut count, mut rounds) = (Vec::new(), 1, 0);
        while count < self.nodes {
            rounds += 1;
            for caller in 0..self.nodes {
                self.call(chance, &informed, caller, &mut news);
            }
            // What is heard in a round is passed on from the next on.
            for who in news.drain(..) {
                count += usize::from(!core::mem::replace(&mut informed[who], true));
            }
        }
        rounds
    }

    /// Makes the calls of one node, and adds who got the news by them.
    fn call(&self, chance: &mut Chance, informed: &[bool], caller: usize, news: &mut Vec<usize>) {
        let (tells, asks) = match self.mode {
            Mode::Push | Mode::PushThenPull => (informed[caller], false),
            Mode::Pull => (false, !informed[caller]),
            Mode::PushPull => (informed[caller], !informed[caller]),
        };
        if !tells && !asks {
            return;
        }
        for _ in 0..self.fanout {
            let called = draw_other(chance, self.nodes, caller);
            let arrives = |chance: &mut Chance| !chance.happens(self.loss);
            if tells && !informed[called] && arrives(chance) {
                news.push(called);
            } else if asks && informed[called] && arrives(chance) && arrives(chance) {
                news.push(caller);
            }
        }
    }
}

/// Draws one of all nodes but `caller`.
pub(crate) fn draw_other(chance: &mut Chance, nodes: usize, caller: usize) -> usize {
    let drawn = usize::try_from(chance.below(nodes as u64 - 1)).expect("below the population");
    if drawn < caller { drawn } else { drawn + 1 }
}
