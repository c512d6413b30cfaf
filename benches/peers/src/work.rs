//! The work that is compared.

/// One piece of work, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// What carries one overwritten key of 1,000, where there are 10 writers.
    Update,
    /// All messages that bring a peer up to date that lacks one write, where there are so many writers.
    OneBehind { writers: usize },
    /// What two peers of equal content say until they know it, where there are so many writers.
    Equal { writers: usize },
    /// What carries an added element of a set, where there are 100 writers.
    SetAdd,
    /// What carries the removal, by another than the adder.
    SetRemove,
    /// What carries an increment of a counter, where 1,000 have counted.
    Increment,
    /// All messages that find out which 100 of so many keys differ.
    Find { keys: usize },
    /// Time for a delta of the 1 % of so many keys that were overwritten, encoded.
    MakeDelta { keys: usize },
    /// Time to decode a delta of one key, and to take it into so many.
    Apply { keys: usize },
    /// Time to take in a whole state, in memory, of which 1 % of so many keys are newer.
    Join { keys: usize },
    /// Time to decode a whole state of so many keys, and to take it in where nothing was.
    Load { keys: usize },
    /// Memory for so many keys.
    Memory { keys: usize },
    /// An update of 64 bytes reaches all of so many nodes, who know each other.
    Spread { nodes: usize, loss_pct: u32 },
    /// One more joins so many nodes that know each other, by one of them.
    Newcomer { nodes: usize },
    /// Nothing happens for a minute, but that datagrams are lost.
    Lossy { nodes: usize, loss_pct: u32 },
}

/// All of it, in the order of the table.
pub(crate) const ALL: [Work; 27] = [
    Work::Update,
    Work::OneBehind { writers: 10 },
    Work::OneBehind { writers: 100 },
    Work::OneBehind { writers: 1_000 },
    Work::Equal { writers: 10 },
    Work::Equal { writers: 100 },
    Work::Equal { writers: 1_000 },
    Work::SetAdd,
    Work::SetRemove,
    Work::Increment,
    Work::Find { keys: 10_000 },
    Work::MakeDelta { keys: 10_000 },
    Work::MakeDelta { keys: 100_000 },
    Work::Apply { keys: 10_000 },
    Work::Join { keys: 10_000 },
    Work::Join { keys: 100_000 },
    Work::Load { keys: 10_000 },
    Work::Memory { keys: 100_000 },
    Work::Spread { nodes: 10, loss_pct: 0 },
    Work::Spread { nodes: 100, loss_pct: 0 },
    Work::Spread { nodes: 1_000, loss_pct: 0 },
    Work::Spread { nodes: 300, loss_pct: 30 },
    Work::Newcomer { nodes: 10 },
    Work::Newcomer { nodes: 100 },
    Work::Newcomer { nodes: 1_000 },
    Work::Lossy { nodes: 300, loss_pct: 0 },
    Work::Lossy { nodes: 300, loss_pct: 30 },
];

/// Something that is measured of a piece of work. Less is better, but where it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    /// Whether any machine measures the same.
    pub(crate) is_exact: bool,
    pub(crate) more_is_better: bool,
}

const fn exact(name: &'static str, unit: &'static str) -> Measure {
    Measure { name, unit, is_exact: true, more_is_better: false }
}

const fn timed(name: &'static str, unit: &'static str) -> Measure {
    Measure { is_exact: false, ..exact(name, unit) }
}

const BYTES: &[Measure] = &[exact("bytes", "bytes")];
const PER_CHANGE: &[Measure] = &[timed("per changed key", "ns")];
const PER_DELTA: &[Measure] = &[timed("per delta", "ns")];
const PER_KEY: &[Measure] = &[timed("per key", "ns")];
const MEMORY: &[Measure] =
    &[timed("allocated a key", "bytes"), timed("process growth a key", "bytes")];
const SPREAD: &[Measure] = &[
    Measure { more_is_better: true, ..exact("reached", "% of nodes") },
    exact("time to all", "ms"),
    exact("sent meanwhile", "bytes/node"),
];
const NEWCOMER: &[Measure] = &[exact("knows all", "ms"), exact("known by all", "ms")];
const LOSSY: &[Measure] = &[exact("taken for dead", "times"), exact("traffic", "bytes/s/node")];

impl Work {
    /// What is measured of it.
    pub(crate) const fn measures(self) -> &'static [Measure] {
        match self {
            Self::Update
            | Self::OneBehind { .. }
            | Self::Equal { .. }
            | Self::SetAdd
            | Self::SetRemove
            | Self::Increment
            | Self::Find { .. } => BYTES,
            Self::MakeDelta { .. } => PER_CHANGE,
            Self::Apply { .. } => PER_DELTA,
            Self::Join { .. } | Self::Load { .. } => PER_KEY,
            Self::Memory { .. } => MEMORY,
            Self::Spread { .. } => SPREAD,
            Self::Newcomer { .. } => NEWCOMER,
            Self::Lossy { .. } => LOSSY,
        }
    }

    /// What it is called, the same in every run.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Update => "update".into(),
            Self::OneBehind { writers } => format!("one-behind/{writers}"),
            Self::Equal { writers } => format!("equal/{writers}"),
            Self::SetAdd => "set-add".into(),
            Self::SetRemove => "set-remove".into(),
            Self::Increment => "increment".into(),
            Self::Find { keys } => format!("find-100/{keys}"),
            Self::MakeDelta { keys } => format!("make-delta/{keys}"),
            Self::Apply { keys } => format!("apply/{keys}"),
            Self::Join { keys } => format!("join/{keys}"),
            Self::Load { keys } => format!("load/{keys}"),
            Self::Memory { keys } => format!("memory/{keys}"),
            Self::Spread { nodes, loss_pct } => format!("spread/{nodes}/{loss_pct}%"),
            Self::Newcomer { nodes } => format!("newcomer/{nodes}"),
            Self::Lossy { nodes, loss_pct } => format!("lossy/{nodes}/{loss_pct}%"),
        }
    }

    /// The same for people.
    pub(crate) fn title(self) -> String {
        match self {
            Self::Update => "one overwritten key of 1,000, 10 writers".into(),
            Self::OneBehind { writers } => {
                format!("one write behind, all messages, {writers} writers")
            }
            Self::Equal { writers } => format!("equal, all messages, {writers} writers"),
            Self::SetAdd => "add an element of 16 bytes, 100 writers".into(),
            Self::SetRemove => "remove it, by another".into(),
            Self::Increment => "increment, 1,000 writers".into(),
            Self::Find { keys } => format!("find 100 of {keys} keys that differ"),
            Self::MakeDelta { keys } => format!("delta of the 1 % of {keys} keys that changed"),
            Self::Apply { keys } => format!("decode and take in one key of {keys}"),
            Self::Join { keys } => format!("join {keys} keys, 1 % of which are newer"),
            Self::Load { keys } => format!("decode {keys} keys into nothing"),
            Self::Memory { keys } => format!("hold {keys} keys of 10 writers"),
            Self::Spread { nodes, loss_pct } => {
                format!("64 bytes to {nodes} nodes, {loss_pct} % lost")
            }
            Self::Newcomer { nodes } => format!("one joins {nodes} nodes"),
            Self::Lossy { nodes, loss_pct } => {
                format!("a minute of {nodes} nodes, {loss_pct} % lost")
            }
        }
    }

    /// What to know of the comparison: what each does besides, or does without.
    pub(crate) const fn note(self) -> &'static str {
        match self {
            Self::Update => {
                "the operation or delta alone: crdts says neither whose row it is nor what it follows; \
                 chitchat's is the last message of three"
            }
            Self::OneBehind { .. } => {
                "documents and chitchat say it over what the program brings, whose headers do not count; \
                 nor do our frames of 9 bytes a datagram"
            }
            Self::Equal { .. } => {
                "documents say what they hold and get an empty answer; ours is one message, unanswered; automerge \
                 remembers what each peer had, and asks nothing"
            }
            Self::SetAdd | Self::SetRemove => {
                "documents and chitchat have no sets: an element is a key of a map"
            }
            Self::Increment => {
                "yrs and chitchat have no counters: each writer has a key of its own, with its total"
            }
            Self::Find { .. } => {
                "our sides know all keys; negentropy and riblt send the names of what differs"
            }
            Self::MakeDelta { .. } => {
                "one after the other overwritten, each by itself, and then made in one"
            }
            Self::Apply { .. } => {
                "ours checks that bytes are canonical, clocks, sizes and the hash of the row; crdts checks \
                 nothing. loro on a tenth of the deltas, automerge on 100"
            }
            Self::Join { .. } => {
                "within one program: ours takes over the ten newer rows by reference; crdts takes the other state \
                 apart"
            }
            Self::Load { .. } => {
                "from what each writes for a newcomer: ours as deltas that are admitted; loro's snapshot is read \
                 to the end once; crdts reads its map, and checks nothing"
            }
            Self::Memory { .. } => {
                "as loaded or written, without history but one write a key, by few large changes; the process has also \
                 what making it left behind"
            }
            Self::Spread { .. } => {
                "bytes are all that is sent from the update until three seconds after the last node has it, or a minute \
                 if some never have, probes included"
            }
            Self::Newcomer { .. } => "members alone; ours has the table soon after",
            Self::Lossy { .. } => {
                "all nodes run all the time; from the start, and a minute of traffic"
            }
        }
    }

    /// Why others may be better at it than we are.
    pub(crate) fn why_we_lose(self, measure: &str) -> &'static str {
        match self {
            Self::Update
            | Self::SetAdd
            | Self::SetRemove
            | Self::Increment
            | Self::OneBehind { .. } => {
                "ten bytes of ours are the same whatever it says: a name of the row, a version, a stamp and a check, \
                 by which anybody can pass it on in any order and tell that nothing is missing; others \
                 leave that to a stream, or to their caller"
            }
            Self::Equal { .. } => {
                "who remembers what each peer had need not ask, as long as peers are few and their state is kept"
            }
            Self::Find { .. } => "others find the same in fewer bytes",
            Self::MakeDelta { .. } => "others keep what is to be sent as it is sent",
            Self::Apply { .. } | Self::Load { .. } => {
                "ours checks what strangers send: one spelling of each value, clocks, sizes, three keyed hashes a \
                 cell; a map of registers that trusts its caller does not"
            }
            Self::Join { .. } => "others look at less",
            Self::Memory { .. } => {
                "a cell of ours has 24 bytes for a key and 24 for a value of any length, 8 for its version and 4 in an \
                 index; arrays of fixed length need fewer, and so do columns that are coded by runs"
            }
            Self::Spread { .. } if measure == "time to all" => {
                "a tree of open connections passes on at once; ours waits for its rumor period of 200 ms, so that \
                 news of many fit one datagram"
            }
            Self::Spread { .. } => {
                "ours names the row for some periods more, probes, and compares tables in those seconds; others have no \
                 table to compare"
            }
            Self::Newcomer { .. } => {
                "others tell a newcomer at once, whatever its address is; ours has to show first that it is there"
            }
            Self::Lossy { .. } => {
                "others have no data to compare, or leave who is alive to their transport"
            }
        }
    }

    /// Where to find a piece of work by its name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|work| work.name() == name)
    }
}
