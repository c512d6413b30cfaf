//! Plans as text, for people to write down and keep.
//!
//! A scenario is a file of lines; what follows `#` is for people. What is not said is as it is by default.
//!
//! ```text
//! # Two halves write, and meet again.
//! nodes 6
//! storm 60s                       # after that all is mended, and everybody has to agree
//! every 500ms write               # somebody, something
//! at 5s for 20s split 0 1 2
//! at 10s for 5s crash 4 lost      # without its disk
//! at 12s for 30s loss 30%
//! ```
//!
//! | line | what it says |
//! |---|---|
//! | `nodes N`, `seed N`, `storm SPAN` | how many there are, what chance is made from, how long things go wrong |
//! | `acquainted`, `signed` | all know each other from the start; all sign what they write |
//! | `mode M`, `fanout N`, `retention SPAN`, `forget-after SPAN`, `bytes-per-second N` | how each node behaves; `M` is `push`, `pull`, `push-pull` or `push-then-pull` |
//! | `every SPAN write`, `at SPAN write NODE`, `at SPAN save NODE` | edits, by anybody or by one; a table is written to its disk |
//! | `at SPAN for SPAN FAULT ...` | something goes wrong, and ends |
//!
//! Spans are `250ms`, `10s`, `2m` or `1h`. Faults are `loss P%`, `bursts N`, `duplication P%`, `reordering P%`, `delays SPAN`,
//! `heavy-delays SPAN`, `corruption P%`, `small-mtu BYTES`, `replay P%`, `junk P%`; `split NODES`, `one-way NODES`, `bridge NODE
//! NODES`, `flapping SPAN NODES`; `crash NODE kept|stale|lost`, `gone NODE`, `leave NODE`, `pause NODE`, `away NODE`, `slow NODE SPAN`,
//! `clock-skew NODE SPAN`, `clock-ahead NODE SPAN`, `clock-behind NODE SPAN`, `clock-drift NODE PPM`, `newcomer`, `twin NODE`,
//! `small-table NODE ROWS` and `liar NODE`.

use core::{fmt, num::NonZeroU32, str::FromStr, time::Duration};
use std::{collections::BTreeSet, str::SplitWhitespace};

use rumormill_core::{Config, Mode, crdt::Retention};

use super::{
    fault::{Fault, Planned, Schedule},
    plan::{Plan, SEEDS},
};
use crate::{Chance, Delays, Disk, Index, Vice};

/// A line that says nothing that is known, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// The number of the line, from 1; 0 if it is about the whole.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl core::error::Error for ScenarioError {}

impl FromStr for Plan {
    type Err = ScenarioError;

    /// Reads a scenario.
    fn from_str(text: &str) -> Result<Self, ScenarioError> {
        let mut scenario = Scenario::new();
        for (number, line) in (1..).zip(text.lines()) {
            let said = line.split('#').next().unwrap_or_default();
            let read = scenario.read(said);
            read.map_err(|why| ScenarioError { line: number, why })?;
        }
        scenario.conclude().map_err(|why| ScenarioError { line: 0, why })
    }
}

struct Scenario {
    plan: Plan,
    /// So often somebody writes.
    every: Vec<Duration>,
}

type Words<'t> = SplitWhitespace<'t>;

impl Scenario {
    fn new() -> Self {
        let plan = Plan {
            seed: 1,
            nodes: 5,
            config: Config {
                skew_max: Duration::from_secs(2),
                forget_after: Duration::from_secs(20),
                retention: Retention::FOREVER,
                ..Config::DEFAULT
            },
            is_acquainted: false,
            is_signed: false,
            storm: Duration::from_secs(60),
            schedule: Schedule::default(),
        };
        Self { plan, every: Vec::new() }
    }

    fn read(&mut self, line: &str) -> Result<(), String> {
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else { return Ok(()) };
        let plan = &mut self.plan;
        let config = &mut plan.config;
        match first {
            "nodes" => plan.nodes = number(&mut words)?,
            "seed" => plan.seed = number(&mut words)?,
            "storm" => plan.storm = span(&mut words)?,
            "acquainted" => plan.is_acquainted = true,
            "signed" => plan.is_signed = true,
            "mode" => config.mode = mode(word(&mut words)?)?,
            "fanout" => config.fanout = number(&mut words)?,
            "retention" => config.retention = Retention::uniform(Some(span(&mut words)?)),
            "forget-after" => config.forget_after = span(&mut words)?,
            "bytes-per-second" => {
                config.bytes_per_second = NonZeroU32::new(number(&mut words)?);
            }
            "every" => {
                self.every.push(span(&mut words)?);
                expect(&mut words, "write")?;
            }
            "at" => self.read_event(&mut words)?,
            other => return Err(format!("nothing is called '{other}'")),
        }
        words.next().map_or(Ok(()), |more| Err(format!("'{more}' is one word too many")))
    }

    fn read_event(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let at = span(words)?;
        let schedule = &mut self.plan.schedule;
        match word(words)? {
            "write" => {
                let who = number(words)?;
                schedule.writes.push((at, who, schedule.writes.len() as u64));
            }
            "save" => schedule.saves.push((at, number(words)?)),
            "for" => {
                let (lasts, fault) = (span(words)?, fault(words)?);
                schedule.faults.push(Planned { at, lasts, fault });
            }
            other => return Err(format!("'write', 'save' or 'for' is expected, not '{other}'")),
        }
        Ok(())
    }

    fn conclude(self) -> Result<Plan, String> {
        let Self { mut plan, every } = self;
        let mut chance = Chance::new(plan.seed);
        for span in every {
            let mut at = span;
            while at < plan.storm && !span.is_zero() {
                let who = Index::try_from(chance.below(plan.nodes.into())).unwrap_or(0);
                plan.schedule.writes.push((at, who, chance.draw()));
                at += span;
            }
        }
        plan.schedule.writes.sort_unstable();
        plan.schedule.faults.sort_by_key(|it| it.at);
        check(&plan)?;
        Ok(plan)
    }
}

fn check(plan: &Plan) -> Result<(), String> {
    if plan.nodes < 2 {
        return Err("a population has two nodes at the least".to_owned());
    }
    for planned in &plan.schedule.faults {
        let who = planned.fault.node();
        if who.is_some_and(|who| who >= plan.nodes) {
            return Err(format!("there is no such node: {planned}"));
        }
        let stays_away = matches!(
            planned.fault,
            Fault::Gone(_) | Fault::ClockAhead(..) | Fault::Twin(_) | Fault::Insider(..)
        );
        if stays_away && who.is_some_and(|who| who < SEEDS) {
            return Err(format!("nodes 0 and 1 are those that others join by: {planned}"));
        }
        if matches!(planned.fault, Fault::Insider(..)) && !plan.is_signed {
            return Err("where members do not sign nothing can be said of liars".to_owned());
        }
    }
    Ok(())
}

fn fault(words: &mut Words<'_>) -> Result<Fault, String> {
    let fault = match word(words)? {
        "loss" => Fault::Loss(share(words)?),
        "bursts" => Fault::Bursts(number(words)?),
        "duplication" => Fault::Duplication(share(words)?),
        "reordering" => Fault::Reordering(share(words)?),
        "delays" => Fault::TailedDelays(Delays::Tailed, span(words)?),
        "heavy-delays" => Fault::TailedDelays(Delays::HeavyTailed, span(words)?),
        "corruption" => Fault::Corruption(share(words)?),
        "small-mtu" => Fault::SmallMtu(number(words)?),
        "replay" => Fault::Replay(share(words)?),
        "junk" => Fault::Junk(share(words)?),
        "split" => Fault::Split(nodes(words)?),
        "one-way" => Fault::OneWay(nodes(words)?),
        "bridge" => {
            let by = number(words)?;
            Fault::Bridge(nodes(words)?, by)
        }
        "flapping" => {
            let every = span(words)?;
            Fault::Flapping(nodes(words)?, every)
        }
        "newcomer" => Fault::Newcomer,
        other => return fault_of_node(other, words),
    };
    Ok(fault)
}

fn fault_of_node(what: &str, words: &mut Words<'_>) -> Result<Fault, String> {
    let who: Index = number(words)?;
    let fault = match what {
        "crash" => Fault::Crash(who, disk(word(words)?)?),
        "gone" => Fault::Gone(who),
        "leave" => Fault::Leave(who),
        "pause" => Fault::Pause(who),
        "away" => Fault::Away(who),
        "slow" => Fault::Slow(who, span(words)?),
        "clock-skew" => Fault::ClockSkew(who, span(words)?),
        "clock-ahead" => Fault::ClockAhead(who, span(words)?),
        "clock-behind" => Fault::ClockBehind(who, span(words)?),
        "clock-drift" => Fault::ClockDrift(who, number(words)?),
        "twin" => Fault::Twin(who),
        "small-table" => Fault::SmallTable(who, number(words)?),
        "liar" => Fault::Insider(who, Vice::all().collect()),
        other => return Err(format!("no fault is called '{other}'")),
    };
    Ok(fault)
}

fn word<'t>(words: &mut Words<'t>) -> Result<&'t str, String> {
    words.next().ok_or_else(|| "a word is missing at the end".to_owned())
}

fn expect(words: &mut Words<'_>, expected: &str) -> Result<(), String> {
    let found = word(words)?;
    if found == expected { Ok(()) } else { Err(format!("'{expected}' is expected, not '{found}'")) }
}

fn number<T: FromStr>(words: &mut Words<'_>) -> Result<T, String> {
    let text = word(words)?;
    text.parse().map_err(|_| format!("a whole number is expected, not '{text}'"))
}

fn share(words: &mut Words<'_>) -> Result<f64, String> {
    let text = word(words)?;
    let percent = text.strip_suffix('%').and_then(|number| number.parse::<f64>().ok());
    let percent = percent.filter(|percent| (0.0..=100.0).contains(percent));
    percent.map_or_else(
        || Err(format!("30% or the like is expected, not '{text}'")),
        |it| Ok(it / 100.0),
    )
}

fn span(words: &mut Words<'_>) -> Result<Duration, String> {
    let text = word(words)?;
    let digits = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    let number = number.parse::<u32>().ok().filter(|_| millis > 0);
    let span = number.map(|number| Duration::from_millis(u64::from(number) * millis));
    span.ok_or_else(|| format!("250ms, 10s, 2m or 1h is expected, not '{text}'"))
}

fn nodes(words: &mut Words<'_>) -> Result<BTreeSet<Index>, String> {
    let mut nodes = BTreeSet::new();
    for text in words {
        let node = text.parse().map_err(|_| format!("a node is expected, not '{text}'"))?;
        nodes.insert(node);
    }
    if nodes.is_empty() { Err("some nodes are expected".to_owned()) } else { Ok(nodes) }
}

fn mode(text: &str) -> Result<Mode, String> {
    match text {
        "push" => Ok(Mode::Push),
        "pull" => Ok(Mode::Pull),
        "push-pull" => Ok(Mode::PushPull),
        "push-then-pull" => Ok(Mode::PushThenPull),
        other => Err(format!("no mode is called '{other}'")),
    }
}

fn disk(text: &str) -> Result<Disk, String> {
    match text {
        "kept" => Ok(Disk::Kept),
        "stale" => Ok(Disk::Stale),
        "lost" => Ok(Disk::Lost),
        other => Err(format!("a disk is kept, stale or lost, not '{other}'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_says_what_goes_wrong_and_when() {
        let text = "# a comment\nnodes 4\nseed 9\nstorm 30s\nsigned\nmode pull\n\nat 2s write 3\n\
                    every 10s write\nat 5s for 250ms split 0 1 # two\nat 1s for 2m loss 30%\n\
                    at 3s for 1h liar 2\nat 4s for 10s crash 0 stale\nat 3s save 0";
        let plan: Plan = text.parse().expect("every line is known");
        assert_eq!((plan.nodes, plan.seed, plan.is_signed), (4, 9, true));
        assert_eq!(plan.config.mode, Mode::Pull);
        let kinds: Vec<_> = plan.schedule.faults.iter().map(|it| it.fault.kind()).collect();
        assert_eq!(kinds, ["loss", "insider", "crash, disk stale", "split"]);
        let split = &plan.schedule.faults[3];
        assert_eq!((split.at, split.lasts), (Duration::from_secs(5), Duration::from_millis(250)));
        assert_eq!(plan.schedule.writes.len(), 3, "one, and two each ten seconds");
    }

    #[test]
    fn what_is_not_known_is_told_with_its_line() {
        let error =
            |text: &str| text.parse::<Plan>().expect_err("it says nothing known").to_string();
        assert_eq!(error("nodes 3\nnods 4"), "line 2: nothing is called 'nods'");
        assert_eq!(error("storm 5"), "line 1: 250ms, 10s, 2m or 1h is expected, not '5'");
        assert_eq!(
            error("at 1s for 2s loss 130%"),
            "line 1: 30% or the like is expected, not '130%'"
        );
        assert_eq!(
            error("at 1s for 2s crash 2 gone"),
            "line 1: a disk is kept, stale or lost, not 'gone'"
        );
        assert_eq!(error("at 1s for 2s split"), "line 1: some nodes are expected");
        assert_eq!(error("nodes 3 4"), "line 1: '4' is one word too many");
        assert!(error("nodes 3\nat 1s for 2s pause 3").contains("there is no such node"));
        assert!(error("at 1s for 2s liar 3").contains("do not sign"));
        assert!(error("at 1s for 2s gone 0").contains("others join by"));
    }
}
