//! A map in which the last write to a key wins.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rumormill_crdt::{Column, Map, Space, Table, Writer};
use rumormill_laws::{Columns, Heard, laws_of, laws_of_rows};

use crate::{alone::alone, ran::check};

const MAP: Column<Map<u8, u8>> = Column::new(Space::SHARED, "map");

enum Fields {}

#[derive(Clone, Debug)]
enum Edit {
    Put(u8, u8),
    TakeAway(u8),
    /// Takes away what was not there.
    Nothing,
}

impl Columns for Fields {
    type Edit = Edit;
    type Read = BTreeMap<u8, u8>;

    fn edit(writer: &mut Writer<'_>, edit: &Edit) {
        match edit {
            Edit::Put(key, value) => MAP.insert(writer, key, value).expect("there is room"),
            Edit::TakeAway(key) => drop(MAP.remove(writer, key).expect("there is room")),
            Edit::Nothing => {}
        }
    }

    fn read(table: &Table) -> BTreeMap<u8, u8> {
        let map = MAP.read(table);
        let found = (0..4).filter_map(|key| Some((key, MAP.get(table, &key)?)));
        assert_eq!(map, found.collect(), "`get` and `read` are one rule");
        map
    }

    /// Under each key, the greatest (stamp, life) wins.
    fn specified(heard: &Heard<'_, Edit>) -> BTreeMap<u8, u8> {
        let mut edits: Vec<_> = heard.edits().collect();
        edits.sort_by_key(|it| (it.stamp(), it.author()));
        let mut map = BTreeMap::new();
        for edit in edits {
            match *edit.edit() {
                Edit::Put(key, value) => drop(map.insert(key, value)),
                Edit::TakeAway(key) => drop(map.remove(&key)),
                Edit::Nothing => {}
            }
        }
        map
    }

    fn resolve(edit: &Edit, heard: &Heard<'_, Edit>) -> Edit {
        match edit {
            Edit::TakeAway(key) if !Self::specified(heard).contains_key(key) => Edit::Nothing,
            Edit::Put(..) | Edit::TakeAway(_) | Edit::Nothing => edit.clone(),
        }
    }
}

fn edits() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => (0..3u8, 0..9u8).prop_map(|(key, value)| Edit::Put(key, value)),
        2 => (0..3u8).prop_map(Edit::TakeAway),
    ]
}

fn brought(edit: &Edit) -> Option<(u8, u8)> {
    if let Edit::Put(key, value) = edit { Some((*key, *value)) } else { None }
}

fn shown(read: &BTreeMap<u8, u8>, (key, value): &(u8, u8)) -> bool {
    read.get(key) == Some(value)
}

alone!(
    Alone,
    Map<u8, u8>,
    Fields,
    |map, wall, edit| match edit {
        Edit::Put(key, value) => map.insert(wall, key, value).expect("there is room"),
        Edit::TakeAway(key) => drop(map.remove(wall, key).expect("there is room")),
        Edit::Nothing => {}
    },
    Map::read
);

#[test]
fn as_a_column() {
    check(&laws_of_rows::<Fields>(edits()).removal(brought, shown));
}

#[test]
fn alone() {
    check(&laws_of::<Alone>(edits()).deltas().eviction().sizes().removal(brought, shown));
}
