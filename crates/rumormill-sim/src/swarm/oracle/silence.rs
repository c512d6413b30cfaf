//! What nobody changes does not travel.

use core::time::Duration;

use rumormill_core::Mode;

use super::{Oracle, Scene, Verdict, ensure, per_second};
use crate::{
    spread::to_f64,
    swarm::{Plan, workload::Workload},
};

/// How long traffic is counted at rest.
pub(crate) const COUNTED: Duration = Duration::from_secs(20);

/// Once nothing happens no row travels, and a node sends what probes and comparisons cost.
#[derive(Default)]
pub(crate) struct Silence {
    /// Deltas and bytes sent, at the end of each of the last seconds.
    seconds: Vec<Sent>,
}

#[derive(Clone, Copy)]
struct Sent {
    at: Duration,
    deltas: u64,
    bytes: u64,
}

/// Probes and comparisons take about 60 bytes a second and node. Pulling costs its fingerprints: five
/// periods a second, up to four peers each, and as many answers.
/// Where members sign, each probe takes a word along that its owner signed.
fn bytes_per_s(plan: &Plan) -> f64 {
    let probes_per_s = 1.0 / plan.config.probe_every.as_secs_f64();
    let words = if plan.is_signed { WORD_LEN * probes_per_s } else { 0.0 };
    words
        + match plan.config.mode {
            Mode::PushThenPull | Mode::Push => 150.0,
            Mode::Pull | Mode::PushPull => 1_500.0,
        }
}

/// A row's id and version, a digest and a signature.
const WORD_LEN: f64 = 17.0 + 9.0 + 32.0 + 64.0;

/// Who runs stamps each of its rows anew before a fourth of the retention is over; what was written at
/// one time is stamped at one time, so all of it may fall into the time that is counted.
fn stamps_per_s(plan: &Plan, nodes: usize) -> f64 {
    let rows = to_f64(nodes as u64 * SPACES);
    let per_row = |kept: Duration| 4.0 / kept.as_secs_f64() + 1.0 / COUNTED.as_secs_f64();
    plan.config.retention.shared.map_or(0.0, |kept| rows * per_row(kept))
}

/// A life writes in so many spaces.
const SPACES: u64 = 4;

/// What a row that was stamped anew takes to reach a node: its head, names of it, and repetitions.
const STAMP_LEN: f64 = 300.0;

impl<W: Workload> Oracle<W> for Silence {
    fn name(&self) -> &'static str {
        "a population at rest is silent"
    }

    fn each_second(&mut self, scene: &Scene<'_, W>) -> Verdict {
        let mut sent = Sent { at: scene.sim.now(), deltas: 0, bytes: 0 };
        for (_, node) in scene.sim.nodes() {
            let stats = node.stats();
            sent.deltas += stats.deltas_sent;
            sent.bytes += stats.bytes_sent;
        }
        self.seconds.push(sent);
        Ok(())
    }

    fn at_rest(&mut self, scene: &Scene<'_, W>) -> Verdict {
        let [.., last] = self.seconds[..] else { return Ok(()) };
        let since = |it: &&Sent| it.at + COUNTED <= last.at;
        let Some(first) = self.seconds.iter().rfind(since) else { return Ok(()) };
        let span = last.at.saturating_sub(first.at);
        judge(scene.plan, scene.sim.nodes().count(), *first, last, span)
    }
}

fn judge(plan: &Plan, nodes: usize, first: Sent, last: Sent, span: Duration) -> Verdict {
    let deltas = last.deltas - first.deltas;
    // Where rows are dropped, those who run stamp theirs anew now and then.
    ensure(deltas == 0 || plan.forgets(), || format!("{deltas} deltas travel in {span:?}"))?;
    let rate = per_second(last.bytes - first.bytes, span) / to_f64(nodes as u64);
    let most = bytes_per_s(plan) + stamps_per_s(plan, nodes) * STAMP_LEN;
    ensure(rate <= most, || format!("{rate:.0} bytes a second and node, of {most:.0}"))
}
