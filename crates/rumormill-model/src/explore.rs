//! The enumerator: breadth first, so that the first trace found is a shortest one.

use std::{
    collections::{HashSet, VecDeque},
    fmt,
    hash::{BuildHasherDefault, Hash},
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use siphasher::sip::SipHasher13;

/// A sentence that names an invariant and says how it broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

impl Broken {
    /// The same, saying when it broke.
    pub(crate) fn when(self, what: &str) -> Self {
        Self(format!("{}, when {what}", self.0))
    }
}

/// What every check returns.
pub type Check = Result<(), Broken>;

/// Fails with a sentence unless `held`.
pub(crate) fn ensure(held: bool, sentence: impl FnOnce() -> String) -> Check {
    if held { Ok(()) } else { Err(Broken(sentence())) }
}

/// Something with states, steps between them, and rules for both.
///
/// A model remembers what the code under test answered: a world names the parts it is made of by
/// number, and the same step from the same parts is worked out once.
pub trait Model {
    /// A state. Small: it is kept for as long as it waits for its turn.
    type World: Copy + Eq + Hash;
    /// What can happen.
    type Step: Copy;

    /// The world before anything happened.
    fn start(&mut self) -> Result<Self::World, Broken>;

    /// Appends the steps that may be possible in `world`.
    fn steps(&self, world: &Self::World, steps: &mut Vec<Self::Step>);

    /// Takes a step; nothing if it turns out to change nothing.
    ///
    /// # Errors
    ///
    /// [`Broken`] if the step itself breaks a rule.
    fn take(
        &mut self,
        world: &Self::World,
        step: Self::Step,
    ) -> Result<Option<Self::World>, Broken>;

    /// Checks what must hold in every state.
    ///
    /// # Errors
    ///
    /// [`Broken`] if it does not.
    fn check(&mut self, world: &Self::World) -> Check;

    /// The representative of all worlds that differ from this one in names alone.
    fn identity(&self, world: &Self::World) -> Self::World;

    /// One line of a trace: the step, and what came of it.
    fn describe(&self, step: Self::Step, after: Option<&Self::World>) -> String;
}

/// What an exploration found.
#[derive(Clone, Debug)]
pub struct Exploration {
    /// How many distinct states were reached and checked.
    pub states: usize,
    /// How many steps were taken between them.
    pub steps: usize,
    /// The greatest number of steps that a state is away from the start.
    pub depth: usize,
    /// How long it took.
    pub took: Duration,
    /// Whether the rules held.
    pub verdict: Verdict,
}

impl Exploration {
    /// How many states were reached in a second.
    #[must_use]
    pub fn states_per_second(&self) -> u128 {
        self.states as u128 * 1_000_000 / self.took.as_micros().max(1)
    }
}

/// How an exploration ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every reachable state was reached, and the rules hold in all.
    Exhausted,
    /// As many states as allowed were reached, and the rules hold in all of those.
    Bounded,
    /// A rule broke.
    Broken {
        /// Which, and how.
        why: Broken,
        /// The shortest way there, one line a step.
        trace: Vec<String>,
    },
}

/// Visits every state that can be reached, up to `states_max` of them, and checks each.
pub fn explore<M: Model>(model: &mut M, states_max: usize) -> Exploration {
    let began = Instant::now();
    let mut search =
        Search { visited: HashSet::default(), came_by: Vec::new(), steps: 0, depth: 0 };
    let verdict = match search.run(model, states_max) {
        Ok(verdict) => verdict,
        Err((path, why)) => Verdict::Broken { why, trace: trace(model, &path) },
    };
    let Search { visited, steps, depth, .. } = search;
    Exploration { states: visited.len(), steps, depth, took: began.elapsed(), verdict }
}

type FixedHasher = BuildHasherDefault<SipHasher13>;

/// The states seen so far and, for each in the order of discovery, where it was reached from.
struct Search<M: Model> {
    visited: HashSet<M::World, FixedHasher>,
    came_by: Vec<Option<(u32, M::Step)>>,
    steps: usize,
    depth: usize,
}

/// The steps that lead to something broken.
type Failed<M> = (Vec<<M as Model>::Step>, Broken);

impl<M: Model> Search<M> {
    fn run(&mut self, model: &mut M, states_max: usize) -> Result<Verdict, Failed<M>> {
        let start = guarded(|| model.start()).map_err(|why| (Vec::new(), why))?;
        let mut queue = VecDeque::new();
        self.visit(model, start, None, 0, &mut queue)?;
        let mut steps = Vec::new();
        while let Some((world, number, depth)) = queue.pop_front() {
            model.steps(&world, &mut steps);
            for step in steps.drain(..) {
                let after = guarded(|| model.take(&world, step))
                    .map_err(|why| (self.path(number, Some(step)), why))?;
                let Some(after) = after else { continue };
                self.steps += 1;
                self.visit(model, after, Some((number, step)), depth + 1, &mut queue)?;
            }
            if self.visited.len() >= states_max {
                return Ok(Verdict::Bounded);
            }
        }
        Ok(Verdict::Exhausted)
    }

    fn visit(
        &mut self,
        model: &mut M,
        world: M::World,
        came_by: Option<(u32, M::Step)>,
        depth: usize,
        queue: &mut VecDeque<(M::World, u32, usize)>,
    ) -> Result<(), Failed<M>> {
        if !self.visited.insert(model.identity(&world)) {
            return Ok(());
        }
        let number = u32::try_from(self.came_by.len()).expect("fewer states than 2^32");
        self.came_by.push(came_by);
        self.depth = depth.max(self.depth);
        guarded(|| model.check(&world)).map_err(|why| (self.path(number, None), why))?;
        queue.push_back((world, number, depth));
        Ok(())
    }

    fn path(&self, mut number: u32, last: Option<M::Step>) -> Vec<M::Step> {
        let mut path: Vec<_> = last.into_iter().collect();
        while let Some((from, step)) = self.came_by[number as usize] {
            path.push(step);
            number = from;
        }
        path.reverse();
        path
    }
}

/// A panic of the code under test is a finding like any other.
fn guarded<T>(work: impl FnOnce() -> Result<T, Broken>) -> Result<T, Broken> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Broken(format!("panic: {}", said.unwrap_or("without a word"))))
    })
}

/// Walks a path again and says what happened at each step.
fn trace<M: Model>(model: &mut M, path: &[M::Step]) -> Vec<String> {
    let Ok(mut world) = model.start() else { return Vec::new() };
    let mut lines = Vec::new();
    for step in path {
        let after = guarded(|| model.take(&world, *step)).ok().flatten();
        lines.push(model.describe(*step, after.as_ref()));
        let Some(after) = after else { break };
        world = after;
    }
    lines
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exhausted => f.write_str("exhausted"),
            Self::Bounded => f.write_str("bounded"),
            Self::Broken { why, trace } => {
                writeln!(f, "BROKEN after {} steps: {why}", trace.len())?;
                for (number, line) in trace.iter().enumerate() {
                    writeln!(f, "  {:>2}  {line}", number + 1)?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two jugs of 3 and 5 units; to measure 4 takes six steps.
    struct Jugs {
        forbidden: u8,
    }

    impl Model for Jugs {
        type World = [u8; 2];
        type Step = u8;

        fn start(&mut self) -> Result<[u8; 2], Broken> {
            Ok([0, 0])
        }

        fn steps(&self, _: &[u8; 2], steps: &mut Vec<u8>) {
            steps.extend(0..6);
        }

        fn take(&mut self, &[small, large]: &[u8; 2], step: u8) -> Result<Option<[u8; 2]>, Broken> {
            let (to_large, to_small) = (small.min(5 - large), large.min(3 - small));
            let after = match step {
                0 => [3, large],
                1 => [small, 5],
                2 => [0, large],
                3 => [small, 0],
                4 => [small - to_large, large + to_large],
                _ => [small + to_small, large - to_small],
            };
            Ok((after != [small, large]).then_some(after))
        }

        fn check(&mut self, world: &[u8; 2]) -> Check {
            ensure(world[1] != self.forbidden, || format!("{world:?} is forbidden"))
        }

        fn identity(&self, world: &[u8; 2]) -> [u8; 2] {
            *world
        }

        fn describe(&self, step: u8, after: Option<&[u8; 2]>) -> String {
            format!("step {step} to {after:?}")
        }
    }

    #[test]
    fn all_states_are_reached() {
        let found = explore(&mut Jugs { forbidden: 9 }, 1_000);
        assert_eq!((found.verdict, found.states), (Verdict::Exhausted, 16));
    }

    #[test]
    fn a_trace_is_a_shortest_one() {
        let found = explore(&mut Jugs { forbidden: 4 }, 1_000);
        let Verdict::Broken { why, trace } = found.verdict else { panic!("4 can be measured") };
        assert_eq!((why.0.as_str(), trace.len()), ("[3, 4] is forbidden", 6));
    }

    #[test]
    fn a_bound_is_no_proof() {
        assert_eq!(explore(&mut Jugs { forbidden: 9 }, 5).verdict, Verdict::Bounded);
    }
}
