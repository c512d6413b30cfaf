//! What was asked and replied, and whether nodes keep their word.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::maelstrom::Workload;

/// Of so many requests one is a read.
const READS: u64 = 5;

/// The greatest that is added to a counter.
const DELTA_MAX: i64 = 10;

/// What clients asked, and what they were told.
pub(super) struct History {
    workload: Workload,
    requests: BTreeMap<u64, Request>,
    latencies: Vec<Duration>,
    refused: u64,
    /// What each node read last, and whether that was less than before.
    read: BTreeMap<u32, Value>,
    last_reads: BTreeSet<u32>,
    went_back: u64,
}

struct Request {
    node: u32,
    what: What,
    asked_at: Instant,
    outcome: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Insert(u64),
    Add(i64),
    Read { is_last: bool },
}

/// Whether nodes kept their word.
pub(super) struct Verdict {
    pub(super) acknowledged: u64,
    pub(super) refused: u64,
    pub(super) unanswered: u64,
    /// Acknowledged, and in the end nowhere; or what counts are off by on all nodes.
    pub(super) lost: u64,
    /// Acknowledged, in the end somewhere, and not everywhere: nodes that lack it, added up.
    pub(super) stale: u64,
    /// Read, and never asked for.
    pub(super) invented: u64,
    /// Reads of a node that showed less than an earlier one of it, where nothing is taken away.
    pub(super) went_back: u64,
    pub(super) nodes_read: u32,
    nodes: u32,
}

impl History {
    pub(super) const fn new(workload: Workload) -> Self {
        Self {
            workload,
            requests: BTreeMap::new(),
            latencies: Vec::new(),
            refused: 0,
            read: BTreeMap::new(),
            last_reads: BTreeSet::new(),
            went_back: 0,
        }
    }

    /// How many requests there were.
    pub(super) fn asked(&self) -> u64 {
        self.requests.len() as u64
    }

    /// How long replies took.
    pub(super) fn latencies(&self) -> impl Iterator<Item = Duration> {
        self.latencies.iter().copied()
    }

    /// Makes up a request to a node.
    pub(super) fn next_request(&mut self, node: u32, drawn: u64) -> (u64, Value) {
        let id = self.asked() + 1;
        let delta = i64::try_from(drawn / READS % DELTA_MAX.unsigned_abs()).unwrap_or(0);
        let is_down = drawn & 1 == 1;
        let what = match self.workload {
            _ if drawn.is_multiple_of(READS) => What::Read { is_last: false },
            Workload::Broadcast | Workload::GSet => What::Insert(id),
            Workload::GCounter => What::Add(delta),
            Workload::PnCounter => What::Add(if is_down { -delta } else { delta }),
        };
        (id, self.request(id, node, what))
    }

    /// The request that ends it all.
    pub(super) fn last_read(&mut self, node: u32) -> (u64, Value) {
        let id = self.asked() + 1;
        (id, self.request(id, node, What::Read { is_last: true }))
    }

    fn request(&mut self, id: u64, node: u32, what: What) -> Value {
        self.requests.insert(id, Request { node, what, asked_at: Instant::now(), outcome: None });
        match what {
            What::Insert(element) if self.workload == Workload::Broadcast => {
                json!({ "type": "broadcast", "message": element })
            }
            What::Insert(element) => json!({ "type": "add", "element": element }),
            What::Add(delta) => json!({ "type": "add", "delta": delta }),
            What::Read { .. } => json!({ "type": "read" }),
        }
    }

    /// Takes in a reply.
    pub(super) fn take(&mut self, reply: &Value) {
        let Some(id) = reply["in_reply_to"].as_u64() else { return };
        let Some(request) = self.requests.get_mut(&id).filter(|it| it.outcome.is_none()) else {
            return;
        };
        let is_done = reply["type"] != "error";
        request.outcome = Some(is_done);
        self.latencies.push(request.asked_at.elapsed());
        self.refused += u64::from(!is_done);
        if let (What::Read { is_last }, true) = (request.what, is_done) {
            let node = request.node;
            let field = if self.workload == Workload::Broadcast { "messages" } else { "value" };
            let value = reply[field].clone();
            let before = self.read.insert(node, value.clone());
            let grows = self.workload != Workload::PnCounter;
            let is_less = before.is_some_and(|before| grows && is_less(&value, &before));
            self.went_back += u64::from(is_less);
            if is_last {
                self.last_reads.insert(node);
            }
        }
    }

    pub(super) fn is_read_by_all(&self, nodes: u32) -> bool {
        self.last_reads.len() >= nodes as usize
    }

    /// Judges by what was read last.
    pub(super) fn verdict(&self, nodes: u32) -> Verdict {
        let done = |outcome| self.requests.values().filter(move |it| it.outcome == outcome);
        let (lost, stale, invented) = match self.workload {
            Workload::Broadcast | Workload::GSet => self.judge_sets(),
            Workload::GCounter | Workload::PnCounter => self.judge_counts(),
        };
        Verdict {
            acknowledged: done(Some(true)).count() as u64,
            refused: self.refused,
            unanswered: done(None).count() as u64,
            lost,
            stale,
            invented,
            went_back: self.went_back,
            nodes_read: u32::try_from(self.last_reads.len()).unwrap_or(u32::MAX),
            nodes,
        }
    }

    fn judge_sets(&self) -> (u64, u64, u64) {
        let (mut asked, mut acknowledged) = (BTreeSet::new(), BTreeSet::new());
        for request in self.requests.values() {
            if let What::Insert(element) = request.what {
                asked.insert(element);
                if request.outcome == Some(true) {
                    acknowledged.insert(element);
                }
            }
        }
        let reads: Vec<BTreeSet<u64>> = self.final_reads().map(elements).collect();
        let missing = |element: &u64| reads.iter().filter(|read| !read.contains(element)).count();
        let (mut lost, mut stale) = (0, 0);
        for missing in acknowledged.iter().map(missing) {
            lost += u64::from(missing == reads.len());
            stale += if missing == reads.len() { 0 } else { missing as u64 };
        }
        let invented = reads.iter().flat_map(|read| read.difference(&asked)).count() as u64;
        (lost, stale, invented)
    }

    /// What was not replied to may have been counted or not.
    fn judge_counts(&self) -> (u64, u64, u64) {
        let (mut least, mut greatest) = (0, 0);
        for request in self.requests.values() {
            if let What::Add(delta) = request.what {
                let is_certain = request.outcome == Some(true);
                let may_be = request.outcome.is_none();
                least += if is_certain || (may_be && delta < 0) { delta } else { 0 };
                greatest += if is_certain || (may_be && delta > 0) { delta } else { 0 };
            }
        }
        let counts: Vec<i64> = self.final_reads().filter_map(Value::as_i64).collect();
        let is_wrong = |count: &&i64| **count < least || **count > greatest;
        let wrong = counts.iter().filter(is_wrong).count();
        let agreed = counts.windows(2).all(|two| two[0] == two[1]);
        let off = counts.iter().map(|count| count.abs_diff((*count).clamp(least, greatest)));
        if agreed { (off.max().unwrap_or(0), 0, 0) } else { (0, wrong.max(1) as u64, 0) }
    }

    fn final_reads(&self) -> impl Iterator<Item = &Value> {
        self.last_reads.iter().filter_map(|node| self.read.get(node))
    }
}

impl Verdict {
    pub(super) const fn holds(&self) -> bool {
        let nothing_wrong =
            self.lost == 0 && self.stale == 0 && self.invented == 0 && self.went_back == 0;
        nothing_wrong && self.nodes_read == self.nodes && self.acknowledged > 0
    }

    pub(super) fn to_text(&self, messages_per_operation: f64) -> String {
        format!(
            "acknowledged            {} ({} refused, {} without a reply)\n\
             lost                    {}\n\
             stale after healing     {}\n\
             invented                {}\n\
             reads that went back    {}\n\
             nodes read in the end   {} of {}\n\
             messages per operation  {messages_per_operation}",
            self.acknowledged,
            self.refused,
            self.unanswered,
            self.lost,
            self.stale,
            self.invented,
            self.went_back,
            self.nodes_read,
            self.nodes,
        )
    }
}

fn elements(value: &Value) -> BTreeSet<u64> {
    value.as_array().into_iter().flatten().filter_map(Value::as_u64).collect()
}

fn is_less(value: &Value, before: &Value) -> bool {
    match (value.as_i64(), before.as_i64()) {
        (Some(value), Some(before)) => value < before,
        _ => !elements(value).is_superset(&elements(before)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(history: &mut History, id: u64, reply: &Value) {
        let mut reply = reply.clone();
        reply["in_reply_to"] = id.into();
        history.take(&reply);
    }

    fn read_in_the_end(history: &mut History, node: u32, value: Value) {
        let (id, _) = history.last_read(node);
        told(history, id, &json!({ "type": "read_ok", "value": value }));
    }

    #[test]
    fn what_was_acknowledged_must_be_read_everywhere() {
        let ok = json!({ "type": "add_ok" });
        let verdict = |reads: [Value; 2]| {
            let mut history = History::new(Workload::GSet);
            for _ in 0..3 {
                let (id, _) = history.next_request(0, 1);
                if id < 3 {
                    told(&mut history, id, &ok);
                }
            }
            for (node, read) in (0..).zip(reads) {
                read_in_the_end(&mut history, node, read);
            }
            let verdict = history.verdict(2);
            (verdict.lost, verdict.stale, verdict.invented, verdict.holds())
        };
        assert_eq!(verdict([json!([1, 2]), json!([2, 1, 3])]), (0, 0, 0, true));
        assert_eq!(verdict([json!([1]), json!([2, 1])]), (0, 1, 0, false));
        assert_eq!(verdict([json!([1]), json!([1])]), (1, 0, 0, false));
        assert_eq!(verdict([json!([1, 2, 9]), json!([1, 2])]), (0, 0, 1, false));
    }

    #[test]
    fn counts_are_between_what_is_certain_and_what_may_be() {
        let verdict = |reads: [i64; 2]| {
            let mut history = History::new(Workload::GCounter);
            for _ in 0..2 {
                // Adds 4.
                let (id, _) = history.next_request(0, 4 * READS + 1);
                if id == 1 {
                    told(&mut history, id, &json!({ "type": "add_ok" }));
                }
            }
            for (node, read) in (0..).zip(reads) {
                read_in_the_end(&mut history, node, read.into());
            }
            let verdict = history.verdict(2);
            (verdict.lost, verdict.stale, verdict.holds())
        };
        assert_eq!(verdict([4, 4]), (0, 0, true));
        assert_eq!(verdict([8, 8]), (0, 0, true));
        assert_eq!(verdict([3, 3]), (1, 0, false));
        assert_eq!(verdict([4, 3]), (0, 1, false));
    }

    #[test]
    fn what_grows_does_not_go_back() {
        let mut history = History::new(Workload::GSet);
        for value in [json!([1, 2]), json!([1])] {
            let (id, _) = history.next_request(0, 0);
            told(&mut history, id, &json!({ "type": "read_ok", "value": value }));
        }
        assert_eq!(history.verdict(1).went_back, 1);
    }
}
