//! Histories, one after the other, until one breaks a law; and then the shortest like it.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe, catch_unwind},
    sync::Once,
};

use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

use crate::{
    Check, Crdt, Failure, Laws, Report, Step, Transfer, Who, check::Broken, report::Replay,
    step::histories, trace::Trace, world::World,
};

/// How many histories are run of each type, and each check is made in, unless
/// `RUMORMILL_HISTORIES` says otherwise.
const HISTORIES: u64 = 2_000;

/// How many times as many histories as asked for are run at most, if some check was not made in
/// enough of them.
const PATIENCE: u64 = 4;

const SHRINKS_MAX: u32 = 4_000;

impl<T: Crdt, M: Transfer<T>> Laws<T, M> {
    /// Checks the laws over generated histories, until each check has been made in as many as
    /// asked for: 2,000, or as many as the environment variable `RUMORMILL_HISTORIES` says.
    ///
    /// History n comes from the seed `RUMORMILL_SEED` + n, 0 unless told, so all runs are the
    /// same.
    ///
    /// # Panics
    ///
    /// With the shortest history found in which a law does not hold. See [`Failure`].
    pub fn check(&self) -> Report {
        self.run().unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// As [`check`](Self::check), and returns what it found.
    ///
    /// # Errors
    ///
    /// The shortest history found in which a law does not hold.
    pub fn run(&self) -> Result<Report, Box<Failure>> {
        let wanted =
            self.histories.or_else(|| variable("RUMORMILL_HISTORIES")).unwrap_or(HISTORIES);
        let first = self.seed.or_else(|| variable("RUMORMILL_SEED")).unwrap_or(0);
        let checks: Vec<Check> = self.checks().collect();
        let strategy = histories(self.edits.clone(), self.steps_max, self.abilities());
        let mut report = Report::new(&checks);
        while report.least_made() < wanted && report.histories() < wanted * PATIENCE {
            let seed = first.wrapping_add(report.histories());
            let mut runner = runner(seed);
            let Ok(tree) = strategy.new_tree(&mut runner) else { continue };
            let steps = tree.current();
            match self.go_through(&steps, &checks, None) {
                (world, Ok(())) => report.add(&world),
                (_, Err(broken)) => {
                    let steps_found = steps.len();
                    let steps = self.shrink(&mut runner, tree, broken.check);
                    let replay = Replay { seed, history: report.histories(), steps_found };
                    return Err(Box::new(self.failure(&steps, &[broken.check], Some(replay))));
                }
            }
        }
        Ok(report)
    }

    /// Goes through one given history, to its end: until everybody has heard from everybody.
    /// Returns what each replica reads then.
    ///
    /// # Errors
    ///
    /// What went wrong, and the history up to there.
    pub fn story(&self, steps: &[Step<T::Edit>]) -> Result<Vec<(Who, T::Read)>, Box<Failure>> {
        let checks: Vec<Check> = self.checks().collect();
        match self.go_through(steps, &checks, None) {
            (world, Ok(())) => {
                let nodes = world.nodes.iter();
                Ok(nodes.map(|(who, node)| (*who, node.value.read())).collect())
            }
            (_, Err(_)) => Err(Box::new(self.failure(steps, &checks, None))),
        }
    }

    fn go_through(
        &self,
        steps: &[Step<T::Edit>],
        checks: &[Check],
        trace: Option<Trace>,
    ) -> (World<'_, T, M>, Result<(), Broken>) {
        // A panic may come from anything that is done, so everything is done to look for one.
        let made = if checks == [Check::NoPanic] { Check::ALL.as_slice() } else { checks };
        let mut world = World::new(self, made.to_vec(), trace);
        let taken = steps.iter().try_for_each(|step| {
            world.step += 1;
            let taken = caught(|| world.take(step));
            let about = taken.as_ref().ok().copied().unwrap_or_else(|| subject(step));
            end_step(&mut world, step, about);
            taken.map(drop)
        });
        let taken = taken.and_then(|()| {
            world.trace.iter_mut().for_each(Trace::end_history);
            caught(|| world.converge())
        });
        (world, taken.or_else(|broken| ignored(broken, checks)))
    }

    /// Shortens a history in which `check` does not hold: by what proptest knows of its steps,
    /// and then by every step that can be left out.
    fn shrink(
        &self,
        runner: &mut TestRunner,
        tree: impl proptest::strategy::ValueTree<Value = Vec<Step<T::Edit>>>,
        check: Check,
    ) -> Vec<Step<T::Edit>> {
        let breaks = |steps: &[Step<T::Edit>]| self.go_through(steps, &[check], None).1.is_err();
        let mut steps = tree.current();
        let found = runner.run_one(tree, |steps| {
            if breaks(&steps) { Err(TestCaseError::fail("broken")) } else { Ok(()) }
        });
        if let Err(TestError::Fail(_, shorter)) = found {
            steps = shorter;
        }
        let mut nth = 0;
        while nth < steps.len() {
            let without = [&steps[..nth], &steps[nth + 1..]].concat();
            if breaks(&without) {
                (steps, nth) = (without, 0);
            } else {
                nth += 1;
            }
        }
        steps
    }

    fn failure(
        &self,
        steps: &[Step<T::Edit>],
        checks: &[Check],
        replay: Option<Replay>,
    ) -> Failure {
        let (world, taken) = self.go_through(steps, checks, Some(Trace::default()));
        let trace = world.trace.map(|trace| trace.lines()).unwrap_or_default();
        let unsteady = || Broken {
            check: checks[0],
            how: "it did not fail again: the type does not always do the same".to_owned(),
        };
        Failure::new(taken.err().unwrap_or_else(unsteady), trace, steps.len(), replay)
    }
}

fn end_step<T: Crdt, M: Transfer<T>>(
    world: &mut World<'_, T, M>,
    step: &Step<T::Edit>,
    about: Option<Who>,
) {
    if world.trace.is_none() {
        return;
    }
    let node = about.and_then(|who| Some((who, world.nodes.get(&who)?)));
    let read = node.and_then(|(who, node)| {
        let read = || format!("{:?}", node.value.read());
        let read = quietly(|| catch_unwind(AssertUnwindSafe(read)));
        Some((who, read.ok()?))
    });
    if let Some(trace) = &mut world.trace {
        trace.end(step, read);
    }
}

/// Whom a step that went wrong was about.
fn subject<E>(step: &Step<E>) -> Option<Who> {
    match step {
        Step::Edit { who, .. }
        | Step::Collect { who }
        | Step::Forget { who, .. }
        | Step::Save { who }
        | Step::Restart { who, .. }
        | Step::BlindStart { who, .. }
        | Step::Sync { to: who, .. }
        | Step::SyncPart { to: who, .. }
        | Step::Meet { one: who, .. }
        | Step::Send { from: who, .. } => Some(*who),
        Step::Deliver { .. }
        | Step::Lose { .. }
        | Step::Arrive
        | Step::Leave { .. }
        | Step::Evict { .. } => None,
    }
}

/// What is not looked for is not found.
fn ignored(broken: Broken, checks: &[Check]) -> Result<(), Broken> {
    if checks.contains(&broken.check) { Err(broken) } else { Ok(()) }
}

/// Makes a panic a broken check.
fn caught<R>(act: impl FnOnce() -> Result<R, Broken>) -> Result<R, Broken> {
    quietly(|| catch_unwind(AssertUnwindSafe(act))).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
        let how = words.unwrap_or_else(|| "it panicked".to_owned());
        Err(Broken { check: Check::NoPanic, how })
    })
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Keeps panics of this thread from being printed, of which shrinking makes thousands.
fn quietly<R>(act: impl FnOnce() -> R) -> R {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let result = act();
    QUIET.set(false);
    result
}

fn runner(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config =
        Config { max_shrink_iters: SHRINKS_MAX, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    let number = value.replace('_', "").parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is {value:?}, and has to be a number")))
}
