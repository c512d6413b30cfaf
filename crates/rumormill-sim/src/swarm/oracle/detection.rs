//! A crash is found out in time.

use core::time::Duration;

use rumormill_core::Config;

use super::{Scene, Verdict, ensure, members::believers};
use crate::{Index, swarm::workload::Workload};

/// A crash in a population at rest, and who still does not know.
#[derive(Debug)]
pub(crate) struct Detection {
    pub(crate) gone: Index,
    pub(crate) at: Duration,
}

impl Detection {
    /// The longest that it may take all to know: until somebody probes it, each with a chance of
    /// 1/n a period, 14 periods in all but one of a million populations; the probe; the longest
    /// time to refute; and the telling.
    pub(crate) fn limit(config: &Config, nodes: usize) -> Duration {
        let factors = (nodes.max(2).ilog2() / 4 + 1).max(2) * config.suspicion_periods;
        let suspicion = config.probe_every * factors * config.suspicion_factor;
        config.probe_every * 16 + suspicion + Duration::from_secs(10)
    }

    /// Says whether all know.
    pub(crate) fn is_known<W: Workload>(&self, scene: &Scene<'_, W>) -> bool {
        believers(scene, self.gone).is_empty()
    }

    /// All have to know.
    pub(crate) fn judge<W: Workload>(&self, scene: &Scene<'_, W>) -> Verdict {
        let believers = believers(scene, self.gone);
        let (gone, since) = (self.gone, scene.sim.now().saturating_sub(self.at));
        ensure(believers.is_empty(), || {
            format!("node {gone} crashed {since:?} ago, and is no dead to {believers:?}")
        })
    }
}
