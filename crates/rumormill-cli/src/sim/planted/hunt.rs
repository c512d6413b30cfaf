//! Looks for a bug, seed after seed.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::catalogue::VARIABLE;

/// Enough to use up the time that is allowed.
const SEEDS: &str = "0..100000";

/// What must find nothing where no bug is switched on.
const SEEDS_WITHOUT_BUG: &str = "0..200";

/// A run that never ends is stopped when it has taken so many times the processor's time allowed.
const PATIENCE: u32 = 5;

/// A binary with bugs, and how long it is asked.
#[derive(Debug)]
pub(super) struct Hunt {
    pub(super) binary: PathBuf,
    pub(super) nodes_max: u32,
    pub(super) cpu_s_max: u32,
}

/// How a bug was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) seed: u64,
    pub(super) oracle: String,
    pub(super) cpu_s: f64,
}

impl Hunt {
    /// Nothing if no oracle found it in time.
    pub(super) fn look_for(&self, bug: &str) -> Result<Option<Found>, String> {
        let mut swarm = self.swarm(SEEDS);
        swarm.env(VARIABLE, bug);
        self.run(swarm)
    }

    /// What is found where there is no bug.
    pub(super) fn without_bug(&self) -> Result<Option<Found>, String> {
        self.run(self.swarm(SEEDS_WITHOUT_BUG))
    }

    fn swarm(&self, seeds: &str) -> Command {
        let mut swarm = Command::new(&self.binary);
        swarm.args(["sim", "swarm", "--jobs", "1", "--twice-in", "0", "--shrink-tries", "0"]);
        swarm.args(["--json", "--seeds", seeds]);
        swarm.arg("--nodes-max").arg(self.nodes_max.to_string());
        swarm.arg("--cpu-s-max").arg(self.cpu_s_max.to_string());
        swarm.env_remove(VARIABLE).stdout(Stdio::piped()).stderr(Stdio::null());
        swarm
    }

    fn run(&self, mut swarm: Command) -> Result<Option<Found>, String> {
        let child = swarm.spawn().map_err(|why| format!("cannot run the swarm: {why}"))?;
        let patience = Duration::from_secs(u64::from(self.cpu_s_max * PATIENCE));
        let Some(child) = ended_within(child, patience)? else { return Ok(None) };
        let output = child.wait_with_output().map_err(|why| why.to_string())?;
        let printed: Value = serde_json::from_slice(&output.stdout)
            .map_err(|why| format!("the swarm printed something else than JSON: {why}"))?;
        let failure = &printed["first_failure"];
        Ok(failure["seed"].as_u64().map(|seed| Found {
            seed,
            oracle: failure["oracle"].as_str().unwrap_or_default().to_owned(),
            cpu_s: printed["cpu_s"].as_f64().unwrap_or_default(),
        }))
    }
}

/// What it prints is short enough to wait in the pipe.
fn ended_within(mut child: Child, patience: Duration) -> Result<Option<Child>, String> {
    let begun = Instant::now();
    while child.try_wait().map_err(|why| why.to_string())?.is_none() {
        if begun.elapsed() > patience {
            child.kill().and_then(|()| child.wait()).map_err(|why| why.to_string())?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(Some(child))
}
