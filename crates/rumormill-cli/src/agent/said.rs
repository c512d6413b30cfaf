//! What the agent prints, for people or as JSON.

use std::{
    io::{self, Write},
    net::SocketAddr,
    time::Duration,
};

use rumormill::{Freshness, Life, Liveness, MemberInfo, ReplicaId};
use serde_json::{Value, json};

use super::{input::HELP, reading::Reading};

/// Something to print: an event or an answer.
#[derive(Debug)]
pub(crate) enum Said {
    Started { name: String, address: SocketAddr, replica: ReplicaId },
    Member(MemberInfo),
    SeedUnreachable { address: SocketAddr, attempts: u32, again_in: Duration },
    Isolated,
    Rejoined,
    LifeRenewed(Life),
    AwayTooLong { rows: usize },
    Warning { kind: &'static str, replica: ReplicaId, reason: String },
    Left,
    Done,
    Value(Reading),
    All(Vec<Reading>),
    Members(Vec<MemberInfo>),
    Freshness(Freshness),
    Help,
    Error(String),
}

/// Where to print, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    pub(crate) fn say(self, said: &Said) {
        let text = if self.json { said.to_json().to_string() } else { said.to_text() };
        // The node goes on if nobody reads what it says.
        let _ = writeln!(io::stdout(), "{text}");
    }
}

impl Said {
    fn to_json(&self) -> Value {
        match self {
            Self::Started { name, address, replica } => json!({
                "event": "started",
                "name": name,
                "address": address.to_string(),
                "replica": replica.to_string(),
            }),
            Self::Member(member) => {
                let mut object = member_json(member);
                object["event"] = json!("member");
                object
            }
            Self::SeedUnreachable { address, attempts, again_in } => json!({
                "event": "seed_unreachable",
                "address": address.to_string(),
                "attempts": attempts,
                "again_in_ms": u64::try_from(again_in.as_millis()).ok(),
            }),
            Self::Isolated => json!({ "event": "isolated" }),
            Self::Rejoined => json!({ "event": "rejoined" }),
            Self::LifeRenewed(life) => {
                json!({ "event": "life_renewed", "epoch": format!("{:016x}", life.epoch) })
            }
            Self::AwayTooLong { rows } => {
                json!({ "event": "away_too_long", "unspread_rows": rows })
            }
            Self::Warning { kind, replica, reason } => {
                json!({ "event": kind, "replica": replica.to_string(), "reason": reason })
            }
            Self::Left => json!({ "event": "left" }),
            Self::Done => json!({ "ok": true }),
            Self::Value(reading) => reading_json(reading),
            Self::All(readings) => {
                json!({ "all": readings.iter().map(reading_json).collect::<Vec<_>>() })
            }
            Self::Members(members) => {
                json!({ "members": members.iter().map(member_json).collect::<Vec<_>>() })
            }
            Self::Freshness(freshness) => freshness_json(freshness),
            Self::Help => json!({ "help": HELP.lines().collect::<Vec<_>>() }),
            Self::Error(reason) => json!({ "error": reason }),
        }
    }

    fn to_text(&self) -> String {
        match self {
            Self::Started { name, address, replica } => {
                format!("* {name} listens on {address}, as replica {replica}; try help")
            }
            Self::Member(member) => format!("* {}", member_text(member)),
            Self::SeedUnreachable { address, attempts, again_in } => {
                format!("* {address} did not answer {attempts} times; next try in {again_in:.1?}")
            }
            Self::Isolated => "* nobody is heard; asking for them".to_owned(),
            Self::Rejoined => "* in touch again".to_owned(),
            Self::LifeRenewed(_) => {
                "* others knew a later life of ours; ours goes on above it".to_owned()
            }
            Self::AwayTooLong { rows } => format!(
                "* asleep for longer than rows are kept: all copies were dropped, and {rows} rows \
                 of our own that others may not have"
            ),
            Self::Warning { replica, reason, .. } => format!("* replica {replica}: {reason}"),
            Self::Left => "* left".to_owned(),
            Self::Done => "ok".to_owned(),
            Self::Value(reading) => reading_text(reading),
            Self::All(readings) if readings.is_empty() => "the table is empty".to_owned(),
            Self::All(readings) => lines(readings.iter().map(reading_text)),
            Self::Members(members) if members.is_empty() => "nobody else was heard of".to_owned(),
            Self::Members(members) => lines(members.iter().map(member_text)),
            Self::Freshness(freshness) => freshness_text(freshness),
            Self::Help => HELP.to_owned(),
            Self::Error(reason) => format!("error: {reason}"),
        }
    }
}

/// With how many peers the table agreed, and how long ago: with any, and with all that count.
fn freshness_json(freshness: &Freshness) -> Value {
    let millis = |age: Option<Duration>| age.and_then(|age| u64::try_from(age.as_millis()).ok());
    let (peers, oldest) = oldest(freshness);
    json!({
        "freshness": {
            "age_ms": millis(freshness.age()),
            "peers": peers,
            "peers_age_ms": millis(oldest),
            "population": freshness.population(),
        }
    })
}

fn freshness_text(freshness: &Freshness) -> String {
    let (peers, oldest) = oldest(freshness);
    let Some((newest, oldest)) = freshness.age().zip(oldest) else {
        return "the table was found equal to no other yet".to_owned();
    };
    let half = (0..peers).fold(1.0, |chance, _| chance / 2.0);
    format!(
        "the table agreed with another as of {newest:.1?} ago, with {peers} of {} as of {oldest:.1?} \
         ago; the chance that it lacks what half of them had then is below {half:.1e}",
        freshness.population().saturating_sub(1)
    )
}

/// How many peers count, and how long ago the earliest of their cuts was.
fn oldest(freshness: &Freshness) -> (usize, Option<Duration>) {
    (freshness.peers(), freshness.age_with(freshness.peers()))
}

fn member_json(member: &MemberInfo) -> Value {
    json!({
        "name": member.name,
        "zone": member.zone,
        "liveness": word(member.liveness),
        "address": member.address.to_string(),
        "replica": member.life.replica.to_string(),
    })
}

fn member_text(member: &MemberInfo) -> String {
    let zone = if member.zone.is_empty() { String::new() } else { format!(" in {}", member.zone) };
    format!("{} is {}, at {}{zone}", member.name, word(member.liveness), member.address)
}

const fn word(liveness: Liveness) -> &'static str {
    match liveness {
        Liveness::Alive => "alive",
        Liveness::Suspect => "suspect",
        Liveness::Dead => "dead",
        Liveness::Left => "left",
    }
}

/// Kinds that were never written under the key are null.
fn reading_json(reading: &Reading) -> Value {
    let counter = reading.counter.map(|total| {
        // Beyond 64 bits a number of JSON would lose digits.
        i64::try_from(total).map_or_else(|_| json!(total.to_string()), |total| json!(total))
    });
    json!({
        "key": reading.key,
        "register": reading.register,
        "set": reading.set,
        "counter": counter,
    })
}

fn reading_text(reading: &Reading) -> String {
    let Reading { key, register, set, counter } = reading;
    let register = register.as_ref().map(|value| format!("{key} = {value:?}"));
    let set = set.as_ref().map(|set| format!("{key} = {set:?}"));
    let counter = counter.as_ref().map(|total| format!("{key} = {total}"));
    let kinds: Vec<String> = [register, set, counter].into_iter().flatten().collect();
    if kinds.is_empty() { format!("{key} is not set") } else { kinds.join("\n") }
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}
