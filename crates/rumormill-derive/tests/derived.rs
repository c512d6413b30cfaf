//! What is made of a struct: names, spaces, visibility, and nothing to be warned of. Without the
//! standard library's prelude, as in a `no_std` crate.
#![no_std]
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub)]

extern crate std;

use core::time::Duration;

use rumormill_crdt::{
    Distinct, EventLog, GCounter, Histogram, Life, Limits, LwwRegister, Map, MinMax, MvRegister,
    OrSet, PnCounter, Replica, ReplicaId, Space, TopK, WindowCounter,
};
use rumormill_derive::Columns;
use std::string::{String, ToString};

mod fleet {
    use super::*;

    /// All column types there are.
    #[derive(Columns)]
    #[columns(prefix = "fleet", space = "stats")]
    pub(crate) struct Fleet {
        /// What somebody can do.
        #[columns(space = "shared")]
        pub(crate) skills: OrSet<String>,
        pub(crate) loads: Map<u64, u32>,
        #[columns(name = "leader", space = 77)]
        pub(crate) r#type: LwwRegister<u64>,
        pub(crate) plans: MvRegister<String>,
        pub(crate) balance: PnCounter,
        pub(crate) calls: GCounter,
        pub(crate) lately: WindowCounter,
        pub(crate) extremes: MinMax,
        pub(crate) times: Histogram,
        pub(crate) users: Distinct<u64>,
        pub(crate) errors: TopK<u8>,
        pub(crate) log: EventLog<u8>,
    }
}

use fleet::Fleet;

/// Elements of which no view can be compared, copied or shown.
#[derive(Columns)]
#[columns(view(), crate = "rumormill_crdt")]
#[allow(missing_debug_implementations)]
struct Bare {
    load: LwwRegister<Load>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Load(u32);

#[test]
fn columns_have_the_names_and_spaces_that_the_struct_says() {
    assert_eq!(Fleet::COLUMNS.skills.name(), "fleet.skills");
    assert_eq!(Fleet::COLUMNS.skills.space(), Space::SHARED);
    assert_eq!(Fleet::COLUMNS.loads.name(), "fleet.loads");
    assert_eq!(Fleet::COLUMNS.loads.space(), Space::STATS);
    assert_eq!(Fleet::COLUMNS.r#type.name(), "fleet.leader");
    assert_eq!(Fleet::COLUMNS.r#type.space(), Space(77));
    assert_eq!(Bare::COLUMNS.load.space(), Space::SHARED);
}

#[test]
fn all_column_types_can_be_edited_and_read() {
    let mut ann = Replica::new(Life { replica: ReplicaId(1), epoch: 1 }, Limits::DEFAULT);
    let columns = Fleet::COLUMNS;
    ann.edit(Duration::from_secs(10), |writer| {
        columns.skills.insert(writer, &"search".to_string())?;
        columns.loads.insert(writer, &7, &40)?;
        columns.r#type.set(writer, &9)?;
        columns.plans.set(writer, &"wait".to_string())?;
        columns.balance.add(writer, -2)?;
        columns.calls.add(writer, 3)?;
        columns.lately.add(writer, 100, 4)?;
        columns.lately.add(writer, 101, 5)?;
        columns.extremes.record(writer, 100, -6)?;
        columns.times.record(writer, 7)?;
        columns.users.insert(writer, &8)?;
        columns.errors.record(writer, &3, 9)?;
        columns.log.push(writer, &10)?;
        Bare::COLUMNS.load.set(writer, &Load(11))
    })
    .expect("it fits");
    let read = Fleet::read(ann.table());
    assert!(read.skills.contains("search"));
    assert_eq!(read.loads.get(&7), Some(&40));
    assert_eq!((read.r#type, read.plans.as_slice()), (Some(9), &["wait".to_string()][..]));
    assert_eq!((read.balance, read.calls), (-2, 3));
    assert!(read.lately.into_iter().eq([(100, 4), (101, 5)]));
    assert!(read.extremes.into_iter().eq([(100, (-6, -6))]));
    assert_eq!((read.times.len(), read.users), (1, 1));
    assert_eq!((read.errors.total, read.errors.elements.len()), (9, 1));
    assert_eq!(read.log.events.len(), 1);
    assert_eq!(Bare::read(ann.table()).load.map(|load| load.0), Some(11));
    assert_eq!(Fleet::clashes(ann.table()), []);
}

#[test]
fn the_columns_are_those_that_can_be_named_by_hand() {
    let by_hand = rumormill_crdt::Column::<PnCounter>::new(Space::STATS, "fleet.balance");
    let mut ann = Replica::new(Life { replica: ReplicaId(1), epoch: 1 }, Limits::DEFAULT);
    ann.edit(Duration::ZERO, |writer| by_hand.add(writer, 5)).expect("it fits");
    assert_eq!(Fleet::read(ann.table()).balance, 5);
}
