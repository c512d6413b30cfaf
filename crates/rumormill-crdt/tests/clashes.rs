//! Columns of one name and several types: they never mix, and they are reported.

use std::{collections::BTreeSet, fmt::Debug, time::Duration};

use rumormill_crdt::{
    Clash, Column, ColumnType, Distinct, EventLog, Found, GCounter, Histogram, KeyKind, Life,
    Limits, LwwRegister, Map, MinMax, MvRegister, OrSet, PnCounter, Replica, ReplicaId, RowId,
    Space, TopK, WindowCounter, WriteError, Writer,
};

fn replica(replica: u64) -> Replica {
    Replica::new(Life { replica: ReplicaId(replica), epoch: 1 }, Limits::DEFAULT)
}

fn column<T>() -> Column<T> {
    Column::new(Space::SHARED, "x")
}

/// What is under test: one edit of a column of some type, and what must hold of that type in a
/// table where columns of all types have the same name.
struct OfType {
    edit: fn(&mut Writer<'_>) -> Result<(), WriteError>,
    check: fn(alone: &Replica, together: &Replica),
    kinds: &'static [KeyKind],
}

/// A type is read as if it were alone, and reports the cells of all others.
fn of<T: ColumnType<Read: PartialEq + Debug>>(
    edit: fn(&mut Writer<'_>) -> Result<(), WriteError>,
) -> OfType {
    let check = |alone: &Replica, together: &Replica| {
        let (alone, together) = (alone.table(), together.table());
        assert_eq!(T::read(&column::<T>(), alone), T::read(&column::<T>(), together));
        assert_eq!(column::<T>().clashes(alone), []);
        let row = together.rows().next().expect("something was written");
        let others = row
            .range(..)
            .filter(|(key, ..)| !T::KINDS.contains(&key.kind().expect("all kinds are known")));
        let clashes = column::<T>().clashes(together);
        assert_eq!(clashes.iter().map(|clash| clash.cells).sum::<usize>(), others.count());
        assert!(clashes.iter().all(|clash| match clash.found {
            Found::Type(kind) => !T::KINDS.contains(&kind),
            Found::Elements(_) => false,
        }));
    };
    OfType { edit, check, kinds: T::KINDS }
}

/// All types, edited.
fn types() -> Vec<OfType> {
    vec![
        of::<Distinct<u8>>(|w| column::<Distinct<u8>>().insert(w, &1)),
        of::<EventLog<u8>>(|w| column::<EventLog<u8>>().push(w, &1)),
        of::<GCounter>(|w| column::<GCounter>().add(w, 1)),
        of::<Histogram>(|w| column::<Histogram>().record(w, 1)),
        of::<LwwRegister<u8>>(|w| column::<LwwRegister<u8>>().set(w, &1)),
        of::<Map<u8, u8>>(|w| column::<Map<u8, u8>>().insert(w, &1, &1)),
        of::<MinMax>(|w| column::<MinMax>().record(w, 1, 1).map(drop)),
        of::<MvRegister<u8>>(|w| column::<MvRegister<u8>>().set(w, &1)),
        of::<OrSet<u8>>(|w| column::<OrSet<u8>>().insert(w, &1)),
        of::<PnCounter>(|w| {
            column::<PnCounter>().add(w, 1)?;
            column::<PnCounter>().reset(w)?;
            column::<PnCounter>().add(w, 1)
        }),
        of::<TopK<u8>>(|w| column::<TopK<u8>>().record(w, &1, 1)),
        of::<WindowCounter>(|w| column::<WindowCounter>().add(w, 1, 1).map(drop)),
    ]
}

#[test]
fn columns_of_one_name_and_different_types_never_mix() {
    // At times of their own, so that registers and events have the same stamps alone and together.
    let noon = |nth: u64| Duration::from_secs(43_200 + nth);
    let mut together = replica(0xa);
    for (nth, of_type) in (0..).zip(types()) {
        together.edit(noon(nth), of_type.edit).expect("it fits");
    }
    for (nth, of_type) in (0..).zip(types()) {
        let mut alone = replica(0xa);
        alone.edit(noon(nth), of_type.edit).expect("it fits");
        (of_type.check)(&alone, &together);
    }
}

#[test]
fn every_kind_that_names_columns_belongs_to_one_type() {
    let kinds: Vec<KeyKind> = types().iter().flat_map(|it| it.kinds).copied().collect();
    let unique: BTreeSet<KeyKind> = kinds.iter().copied().collect();
    assert_eq!(kinds.len(), unique.len());
    assert_eq!(unique.len() + 2, 16, "all but raw cells and kills");
}

#[test]
fn names_that_begin_alike_are_no_clash() {
    let mut ann = replica(0xa);
    let longer = Column::<LwwRegister<u8>>::new(Space::SHARED, "xy");
    let apart = Column::<PnCounter>::new(Space::STATS, "x");
    ann.edit(Duration::ZERO, |writer| {
        longer.set(writer, &1)?;
        apart.add(writer, 1)
    })
    .expect("it fits");
    assert_eq!(column::<GCounter>().clashes(ann.table()), []);
    assert_eq!(column::<OrSet<u8>>().clashes(ann.table()), []);
}

#[test]
fn what_is_no_value_of_the_element_type_is_reported_and_not_read() {
    let (mut ann, mut bob) = (replica(0xa), replica(0xb));
    let words = column::<LwwRegister<String>>();
    ann.edit(Duration::ZERO, |writer| words.set(writer, &"forty".to_owned())).expect("it fits");
    let numbers = column::<LwwRegister<u32>>();
    bob.edit(Duration::ZERO, |writer| numbers.set(writer, &40)).expect("it fits");
    bob.edit(Duration::ZERO, |writer| column::<OrSet<u8>>().insert(writer, &4)).expect("it fits");
    ann.join(&bob);
    assert_eq!(numbers.read(ann.table()), Some(40));
    let row = |replica| RowId {
        space: Space::SHARED,
        life: Life { replica: ReplicaId(replica), epoch: 1 },
    };
    let clash = |replica, found| Clash {
        row: row(replica),
        column: "x".to_owned(),
        expected: &[KeyKind::Lww],
        found,
        cells: 1,
    };
    assert_eq!(
        numbers.clashes(ann.table()),
        [clash(0xa, Found::Elements(KeyKind::Lww)), clash(0xb, Found::Type(KeyKind::Add))]
    );
    let report = numbers.clashes(ann.table())[1].to_string();
    assert!(
        report.contains("\"x\": row s1/rb.1 holds 1 cell(s) of the kind Add, read"),
        "{report}"
    );
    assert_eq!(column::<Map<u8, u8>>().clashes(ann.table()).len(), 3, "two registers and a set");
}
