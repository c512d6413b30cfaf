//! What a node does for clients.

use rumormill::{
    Column, OrSet, PnCounter, Space,
    core::{Instant, Node, crdt::Table},
};
use serde_json::{Value, json};

const ELEMENTS: Column<OrSet<String>> = Column::new(Space::SHARED, "elements");
const COUNT: Column<PnCounter> = Column::new(Space::STATS, "count");

/// Errors of Maelstrom's protocol: what was asked for did not happen, and never will.
const NOT_SUPPORTED: u32 = 10;
const UNAVAILABLE: u32 = 11;
const MALFORMED: u32 = 12;

/// What clients want of a cluster: a workload of Maelstrom's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Workload {
    /// Messages that everybody is to have.
    Broadcast,
    /// A set that grows.
    GSet,
    /// A counter that grows.
    GCounter,
    /// A counter that goes both ways.
    PnCounter,
}

impl Workload {
    /// What Maelstrom calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Broadcast => "broadcast",
            Self::GSet => "g-set",
            Self::GCounter => "g-counter",
            Self::PnCounter => "pn-counter",
        }
    }
}

/// A request that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Remember an element.
    Insert { element: String, reply: &'static str },
    /// Count.
    Add { delta: i64 },
    /// Say what there is.
    Read,
    /// Take note of something that we do not need.
    Nothing { reply: &'static str },
}

impl Request {
    /// Understands the body of a request, and finds out what the workload is.
    pub(crate) fn parse(body: &Value, workload: &mut Option<Workload>) -> Result<Self, Value> {
        let malformed = |what| error(MALFORMED, what);
        match body["type"].as_str().unwrap_or_default() {
            "topology" => {
                workload.get_or_insert(Workload::Broadcast);
                Ok(Self::Nothing { reply: "topology_ok" })
            }
            "broadcast" => {
                workload.get_or_insert(Workload::Broadcast);
                let message = body.get("message").ok_or_else(|| malformed("no message"))?;
                Ok(Self::Insert { element: message.to_string(), reply: "broadcast_ok" })
            }
            "add" => match (body.get("element"), body["delta"].as_i64()) {
                (Some(element), _) => {
                    workload.get_or_insert(Workload::GSet);
                    Ok(Self::Insert { element: element.to_string(), reply: "add_ok" })
                }
                (None, Some(delta)) => {
                    let workload = *workload.get_or_insert(Workload::PnCounter);
                    if workload == Workload::GCounter && delta < 0 {
                        return Err(malformed("a counter that grows takes no negative delta"));
                    }
                    Ok(Self::Add { delta })
                }
                (None, None) => Err(malformed("neither an element nor a delta")),
            },
            "read" => Ok(Self::Read),
            other => Err(error(NOT_SUPPORTED, &format!("{other} is no request that is served"))),
        }
    }

    /// Does it, and says what to reply.
    pub(crate) fn serve(
        &self,
        workload: Option<Workload>,
        now: Instant,
        node: &mut Node<u32>,
    ) -> Value {
        let (written, reply) = match self {
            Self::Insert { element, reply } => {
                (node.update(now, |w| ELEMENTS.insert(w, element)), *reply)
            }
            Self::Add { delta } => (node.update(now, |w| COUNT.add(w, *delta)), "add_ok"),
            Self::Read => return read(workload, node.table()),
            Self::Nothing { reply } => (Ok(()), *reply),
        };
        match written {
            Ok(()) => json!({ "type": reply }),
            Err(reason) => error(NOT_SUPPORTED, &reason.to_string()),
        }
    }
}

fn read(workload: Option<Workload>, table: &Table) -> Value {
    let elements = || -> Vec<Value> {
        let texts = ELEMENTS.read(table).into_iter();
        texts.filter_map(|text| serde_json::from_str(&text).ok()).collect()
    };
    match workload {
        Some(Workload::Broadcast) => json!({ "type": "read_ok", "messages": elements() }),
        Some(Workload::GSet) => json!({ "type": "read_ok", "value": elements() }),
        Some(Workload::GCounter | Workload::PnCounter) => match i64::try_from(COUNT.read(table)) {
            Ok(value) => json!({ "type": "read_ok", "value": value }),
            Err(_) => error(NOT_SUPPORTED, "the count takes more than 64 bits"),
        },
        None => error(UNAVAILABLE, "no request has said yet whether this is a set or a counter"),
    }
}

fn error(code: u32, text: &str) -> Value {
    json!({ "type": "error", "code": code, "text": text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_tell_the_workload() {
        let parsed = |body: Value, mut workload| {
            let request = Request::parse(&body, &mut workload);
            (request.is_ok(), workload)
        };
        let add = json!({ "type": "add", "element": [1, "x"] });
        assert_eq!(parsed(add, None), (true, Some(Workload::GSet)));
        let add = || json!({ "type": "add", "delta": -3 });
        assert_eq!(parsed(add(), None), (true, Some(Workload::PnCounter)));
        assert_eq!(parsed(add(), Some(Workload::GCounter)), (false, Some(Workload::GCounter)));
        assert_eq!(parsed(json!({ "type": "read" }), None), (true, None));
        assert_eq!(parsed(json!({ "type": "cas" }), None), (false, None));
        assert_eq!(parsed(json!({ "type": "add" }), None), (false, None));
    }
}
