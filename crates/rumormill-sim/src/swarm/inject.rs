//! How faults begin and end.

use core::time::Duration;

use rumormill_core::crdt::RowId;

use super::{fault::Fault, plan::SEEDS, run::Run, workload::Workload};
use crate::{Barrier, Disk, Index};

/// A liar lies so often a second.
const LIES_PER_S: u32 = 4;

impl<W: Workload + 'static> Run<'_, W> {
    /// Lets a fault begin, unless it is about a node that does not run, or that another has
    /// befallen.
    pub(super) fn begin(&mut self, number: usize) {
        let fault = &self.plan.schedule.faults[number].fault;
        if let Some(who) = fault.node() {
            if self.befallen.contains_key(&who) || !self.sim.is_running(who) {
                return;
            }
            self.befallen.insert(who, number);
            self.befall(who, fault);
        } else if *fault == Fault::Newcomer {
            let who = self.start();
            self.join(who);
        } else if let Some(barrier) = barrier(fault) {
            // Whether it stops anything is counted by the datagram.
            return self.sim.raise(barrier);
        } else {
            self.weather.begin(fault.clone());
            return self.sim.set_link(self.weather.link());
        }
        // What a slow node is slow about is counted by the datagram, too.
        if !matches!(fault, Fault::Slow(..)) {
            *self.injected.entry(fault.kind()).or_insert(0) += 1;
        }
    }

    /// Ends a fault, if it began.
    pub(super) fn end(&mut self, number: usize) {
        let fault = &self.plan.schedule.faults[number].fault;
        if let Some(who) = fault.node() {
            if self.befallen.get(&who) == Some(&number) {
                self.recover(who, fault);
            }
        } else if let Some(barrier) = barrier(fault) {
            self.sim.lower(&barrier);
        } else if *fault != Fault::Newcomer {
            self.weather.end(fault);
            self.sim.set_link(self.weather.link());
        }
    }

    pub(super) fn end_all(&mut self) {
        let ends = self.plan.schedule.faults.iter().map(super::fault::Planned::ends);
        let open = ends.enumerate().filter(|(_, ends)| *ends >= self.plan.storm);
        let open: Vec<_> = open.map(|(number, _)| number).collect();
        open.into_iter().for_each(|number| self.end(number));
        self.sim.heal();
        self.revoke_liars();
    }

    /// Has two members told who lied: an operator does not rely on one.
    fn revoke_liars(&mut self) {
        let liars = (0..self.sim.slots()).filter_map(|who| Index::try_from(who).ok());
        let liars: Vec<_> = liars.filter(|who| self.sim.is_corrupt(*who)).collect();
        for (liar, told) in liars.iter().flat_map(|liar| [(*liar, 0), (*liar, 1)]) {
            if self.sim.is_running(told) {
                self.sim.revoke(told, liar);
                self.judges.look(&self.sim, told);
            }
        }
    }

    /// Lets all who lie do so.
    pub(super) fn lie(&mut self) {
        let befallen = self.befallen.iter();
        let liars = befallen.filter(|(_, number)| {
            matches!(self.plan.schedule.faults[**number].fault, Fault::Insider(..))
        });
        let liars: Vec<_> = liars.map(|(who, _)| *who).collect();
        for who in liars {
            (0..LIES_PER_S).for_each(|_| self.sim.lie(who));
        }
    }

    pub(super) fn is_asleep(&self, who: Index) -> bool {
        let befallen = self.befallen.get(&who);
        befallen.is_some_and(|number| {
            let fault = &self.plan.schedule.faults[*number].fault;
            matches!(fault, Fault::Pause(_) | Fault::Away(_))
        })
    }

    fn befall(&mut self, who: Index, fault: &Fault) {
        match *fault {
            Fault::Crash(_, disk) => self.crash(who, disk == Disk::Kept),
            Fault::Gone(_) => self.crash(who, false),
            Fault::Leave(_) => self.sim.leave(who),
            Fault::Pause(_) | Fault::Away(_) => self.sim.pause(who),
            Fault::Slow(_, service) => self.sim.slow_down(who, service),
            Fault::ClockSkew(_, by) | Fault::ClockAhead(_, by) => {
                self.sim.set_clock_ahead(who, by);
            }
            Fault::ClockBehind(_, by) => self.sim.set_clock_behind(who, by),
            Fault::Twin(_) => {
                let twin = self.sim.start_twin_of(who);
                self.judges.look(&self.sim, twin);
                self.join(twin);
                self.twins.insert(who, twin);
            }
            Fault::SmallTable(_, rows) => {
                self.restart_with_room(who, Some(rows as usize));
            }
            Fault::Insider(_, ref vices) => {
                self.sim.corrupt(who, vices.clone());
                self.judges.liars.insert(self.sim.replica(who));
            }
            Fault::ClockDrift(..) | Fault::Newcomer => {}
            Fault::Loss(_)
            | Fault::Bursts(_)
            | Fault::Duplication(_)
            | Fault::Reordering(_)
            | Fault::TailedDelays(..)
            | Fault::Corruption(_)
            | Fault::SmallMtu(_)
            | Fault::Replay(_)
            | Fault::Junk(_)
            | Fault::Split(_)
            | Fault::OneWay(_)
            | Fault::Bridge(..)
            | Fault::Flapping(..) => {}
        }
        self.judges.look(&self.sim, who);
    }

    fn recover(&mut self, who: Index, fault: &Fault) {
        match *fault {
            // It never does.
            Fault::Gone(_) => return,
            Fault::Insider(..) => return self.crash(who, false),
            Fault::SmallTable(..) => self.restart_with_room(who, None),
            Fault::Crash(_, disk) => self.restart(who, disk),
            Fault::Leave(_) => {
                self.crash(who, true);
                self.restart(who, Disk::Kept);
            }
            Fault::Pause(_) | Fault::Away(_) => self.sim.resume(who),
            Fault::Slow(..) => self.sim.slow_down(who, Duration::ZERO),
            Fault::ClockSkew(..) | Fault::ClockBehind(..) | Fault::ClockDrift(..) => {
                self.sim.set_clock_ahead(who, Duration::ZERO);
            }
            // What it stamped is refused for as long as its clock was ahead, and it would go on
            // from there: docs/semantics.md.
            Fault::ClockAhead(..) => {
                self.crash(who, false);
                self.sim.set_clock_ahead(who, Duration::ZERO);
                self.restart(who, Disk::Lost);
            }
            Fault::Twin(_) => {
                if let Some(twin) = self.twins.remove(&who) {
                    self.crash(twin, false);
                }
                self.crash(who, true);
                self.restart(who, Disk::Kept);
            }
            Fault::Newcomer => {}
            Fault::Loss(_)
            | Fault::Bursts(_)
            | Fault::Duplication(_)
            | Fault::Reordering(_)
            | Fault::TailedDelays(..)
            | Fault::Corruption(_)
            | Fault::SmallMtu(_)
            | Fault::Replay(_)
            | Fault::Junk(_)
            | Fault::Split(_)
            | Fault::OneWay(_)
            | Fault::Bridge(..)
            | Fault::Flapping(..) => {}
        }
        self.befallen.remove(&who);
        self.judges.look(&self.sim, who);
    }

    pub(super) fn crash(&mut self, who: Index, saves: bool) {
        self.coverage.note_end(&self.sim, who);
        if saves {
            self.sim.crash(who);
        } else {
            self.sim.crash_without_saving(who);
        }
        self.judges.copies.forget(who);
    }

    fn restart_with_room(&mut self, who: Index, rows_max: Option<usize>) {
        self.crash(who, false);
        self.sim.bound_table(who, rows_max);
        self.restart(who, Disk::Lost);
    }

    fn restart(&mut self, who: Index, disk: Disk) {
        let seed = (0..SEEDS.min(self.plan.nodes)).find(|seed| *seed != who).unwrap_or(who);
        self.sim.restart(who, disk, seed);
        self.join(who);
        let verdict = if disk == Disk::Lost { Ok(()) } else { self.is_restored(who) };
        self.judges.find(&self.sim, "what a disk held is held", verdict);
    }

    /// Whatever was on the disk is in the table.
    fn is_restored(&self, who: Index) -> Result<(), String> {
        let table = self.sim.node(who).table();
        let is_held = |id: RowId, version| id.space.is_ephemeral() || table.version(id) >= version;
        let mut rows = self.sim.disk(who).iter();
        let lacks = rows.find(|row| !is_held(row.id(), row.version()));
        let lacks = lacks.filter(|_| !self.plan.forgets());
        lacks.map_or(Ok(()), |row| Err(format!("node {who} lacks {:?} of its disk", row.id())))
    }

    /// Lets clocks that drift go on doing so.
    pub(super) fn drift(&mut self) {
        let befallen = self.befallen.values().map(|number| &self.plan.schedule.faults[*number]);
        let drifting = befallen.filter_map(|planned| {
            let Fault::ClockDrift(who, millionths) = planned.fault else { return None };
            let since = self.sim.now().saturating_sub(planned.at);
            Some((who, since.mul_f64(f64::from(millionths) / 1e6)))
        });
        for (who, ahead) in drifting.collect::<Vec<_>>() {
            self.sim.set_clock_ahead(who, ahead);
            self.judges.look(&self.sim, who);
        }
    }
}

fn barrier(fault: &Fault) -> Option<Barrier> {
    match fault {
        Fault::Split(far) => Some(Barrier::Split { far: far.clone() }),
        Fault::OneWay(far) => Some(Barrier::OneWay { far: far.clone() }),
        Fault::Bridge(far, by) => Some(Barrier::Bridge { far: far.clone(), by: *by }),
        Fault::Flapping(far, every) => Some(Barrier::Flapping { far: far.clone(), every: *every }),
        Fault::Loss(_)
        | Fault::Bursts(_)
        | Fault::Duplication(_)
        | Fault::Reordering(_)
        | Fault::TailedDelays(..)
        | Fault::Corruption(_)
        | Fault::SmallMtu(_)
        | Fault::Replay(_)
        | Fault::Junk(_)
        | Fault::Crash(..)
        | Fault::Gone(_)
        | Fault::Leave(_)
        | Fault::Pause(_)
        | Fault::Away(_)
        | Fault::Slow(..)
        | Fault::ClockSkew(..)
        | Fault::ClockAhead(..)
        | Fault::ClockBehind(..)
        | Fault::ClockDrift(..)
        | Fault::Newcomer
        | Fault::Twin(_)
        | Fault::SmallTable(..)
        | Fault::Insider(..) => None,
    }
}
