//! What a node costs in populations of the simulator, and by itself: each in a process of its own,
//! so that what it has resident at most is its own.

use std::{
    env,
    error::Error,
    io::{self, Write},
    process::Command,
    time::Duration,
};

use criterion::measurement::Measurement;
use rumormill_benches::ProcessorTime;
use rumormill_sim::Scale;

use crate::{figures::CostFigure, memory};

/// The first argument of such a process.
pub(crate) const CHILD: &str = "--measure-one";

const SIMULATED: &str = "simulated";
const ALONE: &str = "alone";

/// Populations, and how often the small ones are run.
const POPULATIONS: [(usize, u64); 7] =
    [(10, 100), (30, 30), (100, 10), (300, 3), (1_000, 1), (3_000, 1), (10_000, 0)];

/// How long each runs, in virtual time.
const SPAN: Duration = Duration::from_secs(60);

pub(crate) fn measure() -> Result<Vec<CostFigure>, Box<dyn Error>> {
    let figure = |(nodes, runs)| {
        eprintln!("costs of {nodes} nodes");
        let [alone_bytes] = ask(ALONE, nodes)?;
        let mut figure = CostFigure { nodes, cpu_ns: None, simulated_bytes: None, alone_bytes };
        if runs > 0 {
            let [cpu_ns, bytes] = ask(SIMULATED, nodes)?;
            figure.cpu_ns = Some(cpu_ns);
            figure.simulated_bytes = Some(bytes);
        }
        Ok(figure)
    };
    POPULATIONS.into_iter().map(figure).collect()
}

/// What a process prints that measures one thing.
fn ask<const N: usize>(what: &str, nodes: usize) -> Result<[u64; N], Box<dyn Error>> {
    let mut child = Command::new(env::current_exe()?);
    let output = child.args([CHILD, what, &nodes.to_string()]).output()?;
    let text = String::from_utf8(output.stdout)?;
    let numbers: Result<Vec<u64>, _> = text.split_whitespace().map(str::parse).collect();
    numbers?.try_into().map_err(|_| format!("{what}, {nodes} nodes: printed {text:?}").into())
}

/// Measures one thing and prints it.
pub(crate) fn print(what: &str, nodes: usize) -> Result<(), Box<dyn Error>> {
    match what {
        ALONE => writeln!(io::stdout(), "{}", memory::alone(nodes)?)?,
        SIMULATED => {
            let runs = POPULATIONS.iter().find(|it| it.0 == nodes).map_or(1, |it| it.1);
            let (cpu, bytes) = simulated(nodes, runs)?;
            writeln!(io::stdout(), "{} {bytes}", cpu.as_nanos())?;
        }
        _ => return Err("only populations and single nodes are measured".into()),
    }
    Ok(())
}

/// The processor's time for a node and a second of virtual time, once all know each other; and how
/// much the process grew, for each node.
fn simulated(nodes: usize, runs: u64) -> io::Result<(Duration, u64)> {
    let before = memory::resident()?;
    let scale = Scale {
        nodes,
        span: SPAN,
        loss: 0.1,
        share_per_minute: 0.01,
        writes_per_s: 2.0,
        shares_rows: true,
    };
    let (mut spent, mut ran) = (Duration::ZERO, Duration::ZERO);
    for seed in 1..=runs {
        let mut first = None;
        let mut last = (Duration::ZERO, Duration::ZERO);
        scale.run(seed, |now| {
            last = (now, ProcessorTime.start());
            first.get_or_insert(last);
        });
        let (from, begun) = first.unwrap_or_default();
        ran += last.0.saturating_sub(from);
        spent += last.1.saturating_sub(begun);
    }
    let seconds = ran.as_secs_f64() * nodes as f64;
    let grown = memory::peak()?.saturating_sub(before);
    Ok((spent.div_f64(seconds), grown / nodes as u64))
}
