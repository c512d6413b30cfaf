//! The bytes of the format. If one of these tests fails, replicas of different releases do not
//! understand each other, and what is on disks cannot be read.

use std::{fmt::Write, time::Duration};

use rumormill_crdt::{
    Bytes, Column, Distinct, EventLog, GCounter, Histogram, Key, Life, Limits, LwwRegister, Map,
    MinMax, MvRegister, OrSet, PnCounter, Replica, ReplicaId, RowDelta, RowId, Space, TopK,
    WindowCounter, WriteError, Writer, codec,
};

const NOON: Duration = Duration::from_secs(43_200);
const SET: Column<OrSet<u8>> = Column::new(Space::SHARED, "set");
const COUNTER: Column<PnCounter> = Column::new(Space::SHARED, "count");
const REGISTER: Column<LwwRegister<u8>> = Column::new(Space::SHARED, "reg");

fn replica(replica: u64) -> Replica {
    let life = Life { replica: ReplicaId(replica), epoch: 0x11 };
    Replica::new(life, Limits::DEFAULT)
}

fn row_of(replica: &Replica) -> RowId {
    RowId { space: Space::SHARED, life: replica.table().life() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes all that is written");
        hex
    })
}

/// Compares the encoding of a replica's own row, spaces left out, and decodes it again. Line by
/// line: space, replica, epoch, from, to; version, floor, timestamp, recent, hash; dependencies; cells,
/// each with its version, the key's length, the key, and a value or 00.
fn check(replica: &Replica, space: Space, golden: &str) {
    let own = RowId { space, ..row_of(replica) };
    let row = replica.table().row(own).expect("the replica wrote");
    let delta = row.delta_since(0, usize::MAX).expect("a row has news for who knows nothing");
    let bytes = codec::encode_to_vec(&delta).expect("a delta can be encoded");
    assert_eq!(hex(&bytes), golden.split_whitespace().collect::<String>());
    assert_eq!(RowDelta::decode(&bytes).as_ref(), Ok(&delta));
    assert_eq!(codec::decode::<RowDelta<Key, Bytes>>(&bytes), Ok(delta));
}

#[test]
fn a_raw_cell() {
    let mut ann = replica(0xa);
    let value = Bytes::copy_from(b"v");
    ann.edit(NOON, |writer| writer.set(Space::SELF, Key::raw("k"), value)).expect("it fits");
    let golden = "00 000000000000000a 0000000000000011 00 01 \
         01 00 000002932e000000 01 32d7c3a1ce08a465 \
         00 \
         01 01 02 006b 01 01 76";
    check(&ann, Space::SELF, golden);
}

#[test]
fn a_register() {
    let mut ann = replica(0xa);
    ann.edit(NOON, |writer| REGISTER.set(writer, &7)).expect("it fits");
    let golden = "01 000000000000000a 0000000000000011 00 01 \
         01 00 000002932e000001 01 830caa1977ce3d1d \
         00 \
         01 01 04 01726567 01 0a 000002932e0000000107";
    check(&ann, Space::SHARED, golden);
    ann.edit(NOON, |writer| REGISTER.clear(writer)).expect("it fits");
    let golden = "01 000000000000000a 0000000000000011 00 02 \
         02 00 000002932e000003 02 e32baff65d3eb3a3 \
         00 \
         01 02 04 01726567 01 09 000002932e00000200";
    check(&ann, Space::SHARED, golden);
}

#[test]
fn a_counter() {
    let mut ann = replica(0xa);
    ann.edit(NOON, |writer| COUNTER.add(writer, 300)).expect("it fits");
    ann.edit(NOON, |writer| COUNTER.add(writer, -2)).expect("it fits");
    let golden = "01 000000000000000a 0000000000000011 00 02 \
         02 00 000002932e000001 02 35a13be25af29cc7 \
         00 \
         01 02 06 04636f756e74 01 03 ac0202";
    check(&ann, Space::SHARED, golden);
}

#[test]
fn a_counter_that_was_reset() {
    let mut ann = replica(0xa);
    ann.edit(NOON, |writer| COUNTER.add(writer, 300)).expect("it fits");
    ann.edit(NOON, |writer| COUNTER.add(writer, -2)).expect("it fits");
    let mut bob = replica(0xb);
    bob.join(&ann);
    bob.edit(NOON, |writer| COUNTER.reset(writer)).expect("it fits");
    let golden = "01 000000000000000b 0000000000000011 00 01 \
         01 00 000002932e000002 01 8358a9af9d81b60d \
         00 \
         01 01 17 0e 05 636f756e74 000000000000000a 0000000000000011 01 03 ac0202";
    check(&bob, Space::SHARED, golden);
}

#[test]
fn an_add_a_tombstone_and_a_floor() {
    let mut ann = replica(0xa);
    ann.edit(NOON, |writer| SET.insert(writer, &5)).expect("it fits");
    let golden = "01 000000000000000a 0000000000000011 00 01 \
         01 00 000002932e000000 01 de9475d6b281747e \
         00 \
         01 01 06 020373657405 01 00";
    check(&ann, Space::SHARED, golden);
    ann.edit(NOON, |writer| SET.remove(writer, &5)).expect("it fits");
    let golden = "01 000000000000000a 0000000000000011 00 02 \
         02 00 000002932e000001 02 1520152961fa1763 \
         00 \
         01 02 06 020373657405 00";
    check(&ann, Space::SHARED, golden);
    assert!(ann.forget(Space::SHARED, 2));
    let golden = "01 000000000000000a 0000000000000011 00 03 \
         03 02 000002932e000001 03 830a50a95f0379eb \
         00 \
         00";
    check(&ann, Space::SHARED, golden);
}

#[test]
fn a_kill_and_then_a_dependency() {
    let (mut ann, mut bob) = (replica(0xa), replica(0xb));
    ann.edit(NOON, |writer| SET.insert(writer, &5)).expect("it fits");
    bob.join(&ann);
    bob.edit(NOON, |writer| SET.remove(writer, &5)).expect("it fits");
    let golden = "01 000000000000000b 0000000000000011 00 01 \
         01 00 000002932e000001 01 4328971bd986a0c0 \
         00 \
         01 01 19 03000000000000000a00000000000000110000000000000001 01 00";
    check(&bob, Space::SHARED, golden);
    ann.join(&bob);
    ann.collect([row_of(&bob)]);
    bob.join(&ann);
    bob.collect([row_of(&ann)]);
    let golden = "01 000000000000000b 0000000000000011 00 02 \
         02 00 000002932e000001 02 dec429d18f52cb2f \
         01 01 000000000000000a 0000000000000011 02 000002932e000001 \
         01 02 19 03000000000000000a00000000000000110000000000000001 00";
    check(&bob, Space::SHARED, golden);
}

/// The key and the value of the one cell, in the shared space, that an edit writes.
fn check_cell(edit: impl FnOnce(&mut Writer<'_>) -> Result<(), WriteError>, golden: &str) {
    let mut ann = replica(0xa);
    ann.edit(NOON, edit).expect("it fits");
    let row = ann.table().row(row_of(&ann)).expect("ann wrote");
    let cells: Vec<_> = row.range(..).map(|(key, _, value)| (key, value)).collect();
    let [cell] = cells[..] else { panic!("one edit wrote {cells:?}") };
    let bytes = codec::encode_to_vec(&cell).expect("a cell can be encoded");
    assert_eq!(hex(&bytes), golden.split_whitespace().collect::<String>());
}

#[test]
fn a_g_counter() {
    let up = Column::<GCounter>::new(Space::SHARED, "up");
    check_cell(|writer| up.add(writer, 300), "03 05 7570 02 ac02");
}

#[test]
fn a_field_of_a_map() {
    let map = Column::<Map<u16, u8>>::new(Space::SHARED, "map");
    let golden = "07 06 036d6170 ac02 0a 000002932e000000 01 07";
    check_cell(|writer| map.insert(writer, &300, &7), golden);
}

#[test]
fn a_register_of_concurrent_values() {
    let values = Column::<MvRegister<u8>>::new(Space::SHARED, "val");
    check_cell(|writer| values.set(writer, &7), "04 07 76616c 02 01 07");
    check_cell(|writer| values.clear(writer), "04 07 76616c 01 00");

    let (mut ann, mut bob) = (replica(0xa), replica(0xb));
    bob.edit(NOON, |writer| values.set(writer, &6)).expect("it fits");
    ann.join(&bob);
    ann.edit(NOON, |writer| values.set(writer, &7)).expect("it fits");
    let golden = "01 000000000000000a 0000000000000011 00 02 \
         02 00 000002932e000002 02 0b6d3c49d4a3fedb \
         00 \
         02 01 04 0776616c 01 02 0107 \
         02 15 08 03 76616c 000000000000000b 0000000000000011 01 01 01";
    check(&ann, Space::SHARED, golden);
}

#[test]
fn an_event() {
    let log = Column::<EventLog<u8>>::new(Space::SHARED, "log");
    let golden = "06 09 036c6f67 00 0a 000002932e000000 00 07";
    check_cell(|writer| log.push(writer, &7), golden);
    let mut ann = replica(0xa);
    for payload in 0..=64 {
        ann.edit(NOON, |writer| log.push(writer, &payload)).expect("it fits");
    }
    let row = ann.table().row(row_of(&ann)).expect("ann wrote");
    let (first, _, event) = row.range(..).next().expect("there are events");
    assert_eq!((row.len(), hex(&event[8..])), (64, "4040".to_owned()), "number and payload");
    assert_eq!(codec::encode_to_vec(first).map(|key| hex(&key)), Ok("0609036c6f6700".to_owned()));
}

#[test]
fn time_buckets_of_a_counter_and_of_extremes() {
    let window = Column::<WindowCounter>::new(Space::SHARED, "win");
    let golden = "06 0a 0377696e 24 03 e402 07";
    check_cell(|writer| window.add(writer, 356, 7).map(drop), golden);
    let ends = Column::<MinMax>::new(Space::SHARED, "end");
    let golden = "06 0b 03656e64 24 04 e402 03 03";
    check_cell(|writer| ends.record(writer, 356, -2).map(drop), golden);
}

#[test]
fn buckets_of_a_histogram() {
    let times = Column::<Histogram>::new(Space::SHARED, "ms");
    let golden = |key: &str, bucket: usize| {
        format!("05 0c 02 6d73 {key} 20 {}01{}", "00".repeat(bucket), "00".repeat(31 - bucket))
    };
    check_cell(|writer| times.record(writer, 0), &golden("00", 0));
    check_cell(|writer| times.record(writer, 31), &golden("00", 31));
    check_cell(|writer| times.record(writer, 32), &golden("01", 0));
    check_cell(|writer| times.record(writer, 1000), &golden("05", 30));
    check_cell(|writer| times.record(writer, u64::MAX), &golden("3b", 31));
}

#[test]
fn registers_of_distinct() {
    let met = Column::<Distinct<u8>>::new(Space::SHARED, "met");
    let golden = format!("06 0d 036d6574 02 20 {}01{}", "00".repeat(25), "00".repeat(6));
    check_cell(|writer| met.insert(writer, &7), &golden);
}

#[test]
fn slots_of_the_most_frequent() {
    let top = Column::<TopK<u8>>::new(Space::SHARED, "top");
    check_cell(|writer| top.record(writer, &7, 300), "06 0f 03746f70 00 04 ac02 00 07");

    // The first of the two that occur least often gives its slot, and its count, to one more.
    let mut ann = replica(0xa);
    for element in 0..=64 {
        let times = 300 - u64::from(element & !1);
        ann.edit(NOON, |writer| top.record(writer, &element, times)).expect("it fits");
    }
    let row = ann.table().row(row_of(&ann)).expect("ann wrote");
    let (key, cell) = row.at(65).expect("the last write is held");
    let bytes = codec::encode_to_vec(&(key, &cell.value)).expect("a cell can be encoded");
    assert_eq!((row.len(), hex(&bytes)), (64, "060f03746f703e0105da03ee0140".to_owned()));
}
