//! What a relay can do to the rows of others: a member that passes on what it pleases.

use alloc::{string::String, vec, vec::Vec};
use core::time::Duration;

use rumormill_crdt::{
    Bytes, Column, DeltaParts, Dependency, Head, Key, Life, PnCounter, RowDelta, RowId, Space,
    Timestamp, WholeRow, codec,
};

use crate::{
    Certificate, Config, Identity, Instant, Node, PublicKey, SecretKey, Signing, Spaces, Subject,
    Trust,
    message::{Message, Messages},
    sender::Sender,
    trust::{Attested, NOTICES, Notice, Proof},
};

const UNIX: Duration = Duration::from_secs(1_767_225_600);
const CALLS: Column<PnCounter> = Column::new(Space::SHARED, "calls");
const EVE: u32 = 66;

fn key(number: u8) -> SecretKey {
    SecretKey::from_bytes(&[number; SecretKey::LEN])
}

fn fleet() -> PublicKey {
    key(100).public()
}

fn node_in(cluster: &str, number: u8) -> Node<u32> {
    let subject = Subject {
        key: key(number).public(),
        name: String::new(),
        not_after: UNIX.as_secs() + 60,
        spaces: Spaces::All,
        serial: 0,
    };
    let certificate = Certificate::issue(&key(100), cluster, subject);
    let signing = Signing::certified(key(number), certificate, fleet());
    let config = Config { cluster: cluster.into(), trust: signing.into(), ..Config::DEFAULT };
    let identity = Identity {
        replica: key(number).replica(),
        name: String::new(),
        address: u32::from(number),
    };
    Node::new(Instant::default(), UNIX, identity, config, u64::from(number))
}

/// Ann, who wrote twice, and signed.
fn ann_in(cluster: &str) -> Node<u32> {
    let mut ann = node_in(cluster, 1);
    for name in ["calls", "tries"] {
        let column = Column::<PnCounter>::new(Space::SHARED, name);
        ann.update(Instant::default(), |writer| column.add(writer, 300)).expect("it fits");
    }
    ann.sign_heads();
    ann
}

fn delta(node: &Node<u32>, space: Space, since: u64) -> RowDelta<Key, Bytes> {
    let row = node.table().row(RowId { space, life: node.life() }).expect("it was written");
    row.delta_since(since, usize::MAX).expect("there is more")
}

/// Bob, who knows ann and the first of her writes.
fn bob() -> Node<u32> {
    let mut bob = node_in("", 2);
    let mut ann = node_in("", 1);
    ann.update(Instant::default(), |writer| CALLS.add(writer, 300)).expect("it fits");
    ann.sign_heads();
    bob.handle_delta(&1, &delta(&ann, Space::SELF, 0), None);
    bob.handle_delta(&1, &delta(&ann, Space::SHARED, 0), None);
    assert_eq!(bob.table().len(), 3);
    bob
}

/// What anybody sees of a node.
fn state(node: &Node<u32>) -> impl PartialEq + core::fmt::Debug + use<> {
    let rows: Vec<_> = node.table().rows().cloned().collect();
    let staged: Vec<_> = node.table().staged().collect();
    let members: Vec<_> = node.members().map(|it| (it.life, *it.address, it.liveness)).collect();
    (rows, staged, members, node.life())
}

/// A relay sends this, and bob is as he was before.
fn check_refused(said: &str, delta: &RowDelta<Key, Bytes>) {
    let mut bob = bob();
    let before = state(&bob);
    bob.handle_delta(&EVE, delta, Some(0));
    assert_eq!(state(&bob), before, "{said}");
    assert_eq!(bob.stats().deltas_refused, 1, "{said}");
}

#[test]
fn a_relay_passes_on_what_the_owner_said_or_nothing() {
    let ann = ann_in("");
    let good = delta(&ann, Space::SHARED, 1);
    let mut honest = bob();
    honest.handle_delta(&EVE, &good, Some(0));
    assert_eq!(honest.stats().deltas_refused, 0);
    assert_eq!(honest.table().row(good.id()), ann.table().row(good.id()));

    let parts = || good.clone().into_parts();
    let head = |change: fn(&mut Head)| {
        let mut parts = parts();
        change(&mut parts.head);
        parts
    };
    let id = |space, replica, epoch| {
        let life = Life { replica, epoch };
        DeltaParts { id: RowId { space, life }, ..parts() }
    };
    let Life { replica, epoch } = ann.life();
    let other_row = RowId { space: Space::STATS, life: ann.life() };
    let mut changed = parts();
    changed.cells[0].value = Some(Bytes::copy_from(&[1, 0]));
    let mut erased = parts();
    erased.cells[0].value = None;
    let withheld = DeltaParts { cells: vec![], ..parts() };
    let mut renamed = parts();
    renamed.cells[0].key = Key::raw("calls");
    let spoiled = [
        ("changes a cell", changed),
        ("erases a cell", erased),
        ("withholds a cell", withheld),
        ("puts a cell elsewhere", renamed),
        ("raises the floor", head(|head| head.floor = 1)),
        ("stamps it anew", head(|head| head.timestamp = Timestamp(head.timestamp.0 + 1))),
        ("says it is less recent", head(|head| head.recent = 1)),
        ("says it hashes to something else", head(|head| head.hash ^= 1)),
        ("takes the signature off", head(|head| head.signature = None)),
        ("puts it in another space", id(Space::STATS, replica, epoch)),
        ("puts it in another life", id(Space::SHARED, replica, epoch + 1)),
        ("puts it in another's name", id(Space::SHARED, key(2).replica(), epoch)),
        ("makes it depend on something", {
            let mut parts = parts();
            let on = Dependency { version: 1, timestamp: Timestamp(1) };
            parts.head.dependencies.insert(other_row, on);
            parts
        }),
    ];
    for (said, mut parts) in spoiled {
        // What follows from the cells a relay can work out as well as anybody.
        for fix_hash in [false, true] {
            if fix_hash && said != "says it hashes to something else" {
                parts.head.hash = hash_with(&parts);
            }
            check_refused(said, &RowDelta::new(parts.clone()).expect("it is well formed"));
        }
    }
    let version = {
        let mut parts = parts();
        (parts.to, parts.head.version) = (3, 3);
        RowDelta::new(parts).expect("it is well formed")
    };
    check_refused("says it is later", &version);
    check_refused("is of another population", &delta(&ann_in("another"), Space::SHARED, 0));
    let mut own = node_in("", 66);
    own.update(Instant::default(), |writer| CALLS.add(writer, 300)).expect("it fits");
    own.sign_heads();
    let stolen = delta(&own, Space::SHARED, 0).into_parts();
    let stolen = DeltaParts { id: good.id(), ..stolen };
    check_refused("signs it herself", &RowDelta::new(stolen).expect("it is well formed"));
}

/// The hash that makes the cells of a delta add up where the first of ann's writes is held.
fn hash_with(parts: &DeltaParts<Key, Bytes>) -> u64 {
    let bob = bob();
    let held = bob.table().row(RowId { space: Space::SHARED, ..parts.id });
    let first = held.map(|row| row.head().hash).unwrap_or_default();
    let DeltaParts { cells, .. } = parts;
    let mut alone = parts.clone();
    (alone.from, alone.head.floor) = (0, parts.head.floor);
    alone.cells.clone_from(cells);
    let share = |parts: DeltaParts<Key, Bytes>| {
        let whole = codec::encode_to_vec(&WholeForm::of(&parts)).expect("a known length");
        let row: WholeRow<Key, Bytes> = codec::decode(&whole).expect("it is a whole row");
        row.into_delta().head().hash
    };
    first.wrapping_add(share(alone))
}

/// A whole row, spelled by hand.
type WholeForm = (RowId, u64, u64, Timestamp, u64, Vec<(RowId, Dependency)>, Vec<CellForm>);
type CellForm = (u64, Key, Option<Bytes>);

trait Spelled {
    fn of(parts: &DeltaParts<Key, Bytes>) -> Self;
}

impl Spelled for WholeForm {
    fn of(parts: &DeltaParts<Key, Bytes>) -> Self {
        let DeltaParts { id, head, cells, .. } = parts;
        let cells = cells.iter().map(|it| (it.version, it.key.clone(), it.value.clone()));
        (
            *id,
            head.version,
            head.floor,
            head.timestamp,
            head.recent.max(1),
            Vec::new(),
            cells.collect(),
        )
    }
}

#[test]
fn no_bit_of_what_travels_can_be_changed() {
    let ann = ann_in("");
    let introduction = WholeRow::new(delta(&ann, Space::SELF, 0)).expect("it is whole");
    let (from, sender) = (EVE, Sender::Life(Life::default()));
    let mut decoded = 0;
    let whole = WholeRow::new(delta(&ann, Space::SHARED, 0)).expect("it is whole");
    let messages = [
        (Message::Row(introduction), node_in("", 2)),
        (Message::Row(whole), bob()),
        (Message::Rumor { hops: 1, delta: delta(&ann, Space::SHARED, 1) }, bob()),
    ];
    for (message, mut bob) in messages {
        let bytes = codec::encode_to_vec(&message).expect("a known length");
        let before = state(&bob);
        // The kind and the hops are no word of the owner.
        let first = if matches!(message, Message::Rumor { .. }) { 2 } else { 1 };
        for bit in first * 8..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let Ok(spoiled) = Messages::decode(&flipped) else { continue };
            decoded += 1;
            bob.advance(Instant::new(Duration::from_secs(decoded)));
            spoiled.into_iter().for_each(|it| bob.handle_message(sender, &from, it));
            assert_eq!(state(&bob), before, "bit {bit} of {message:?}");
        }
        bob.handle_message(sender, &from, message);
        assert_ne!(state(&bob), before, "as it was, it is taken");
    }
    assert!(decoded > 3_000, "most flips are of keys, values and signatures: {decoded}");
}

#[test]
fn no_bit_of_a_proof_can_be_changed_and_nobody_can_make_one_up() {
    let (mut ann, mut twin) = (ann_in(""), ann_in(""));
    ann.update(Instant::default(), |writer| CALLS.add(writer, 1)).expect("it fits");
    twin.update(Instant::default(), |writer| CALLS.add(writer, 2)).expect("it fits");
    let id = RowId { space: Space::SHARED, life: ann.life() };
    let [one, other] = [&mut ann, &mut twin].map(|node| {
        node.sign_heads();
        let row = node.table().row(id).expect("it was written");
        Attested::new(id, row.head(), &row.content()).expect("it is signed")
    });
    let key = key(1).public();
    assert_eq!(one.clone().against(one.clone(), key, ""), None, "once is no lie");
    let proof = one.clone().against(other.clone(), key, "").expect("these are two words");
    assert!(proof.holds_in("") && !proof.holds_in("another"));
    assert_eq!(one.clone().against(other.clone(), fleet(), ""), None, "nor another's");
    let before = ann_in("");
    let row = before.table().row(id).expect("it was written");
    let earlier = Attested::new(id, row.head(), &row.content()).expect("it is signed");
    assert_eq!(earlier.against(other, key, ""), None, "nor at two versions");
    let bytes = proof.encode();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let decoded = crate::Proof::decode(&flipped);
        assert!(!decoded.is_ok_and(|it| it.holds_in("")), "bit {bit}");
    }
}

/// The proof that somebody signed two contents for one version.
fn proof_against(mut one: Node<u32>, mut other: Node<u32>, number: u8) -> Proof {
    let id = RowId { space: Space::SHARED, life: one.life() };
    let [one, other] = [(&mut one, 1), (&mut other, 2)].map(|(node, calls)| {
        node.update(Instant::default(), |writer| CALLS.add(writer, calls)).expect("it fits");
        node.sign_heads();
        let row = node.table().row(id).expect("it was written");
        Attested::new(id, row.head(), &row.content()).expect("it is signed")
    });
    one.against(other, key(number).public(), "").expect("these are two words")
}

#[test]
fn proofs_against_those_whom_nobody_let_in_are_heeded_and_not_told_anew() {
    let known = proof_against(ann_in(""), ann_in(""), 1);
    let made_up = proof_against(node_in("", 99), node_in("", 99), 99);
    for (proof, is_told_anew) in [(known, true), (made_up, false)] {
        let mut bob = bob();
        assert!(bob.handle_proof(Instant::default(), &proof));
        assert!(bob.table().is_evicted(proof.replica()));
        let (cell, _) = Notice::Equivocation(proof.clone()).cell();
        let id = RowId { space: NOTICES, life: bob.life() };
        let tells =
            |bob: &Node<u32>| bob.table().row(id).is_some_and(|row| row.get(&cell).is_some());
        assert!(tells(&bob));
        bob.update(Instant::default(), |writer| writer.erase(NOTICES, &cell));
        assert!(!tells(&bob));
        bob.tell_anew(proof.replica());
        assert_eq!(tells(&bob), is_told_anew);
    }
}

#[test]
fn who_does_not_sign_takes_no_signed_row() {
    let identity = Identity { replica: key(2).replica(), name: String::new(), address: 2u32 };
    let config = Config { trust: Trust::Unsigned, ..Config::DEFAULT };
    let mut bob = Node::new(Instant::default(), UNIX, identity, config, 2);
    bob.handle_delta(&1, &delta(&ann_in(""), Space::SELF, 0), None);
    assert_eq!(bob.table().len(), 1);
}

#[test]
fn a_forged_later_life_of_ours_ends_nothing() {
    let mut bob = bob();
    let life = bob.life();
    let later = Life { epoch: life.epoch + (1 << 30), ..life };
    for space in [Space::SELF, Space::SHARED] {
        let stolen = delta(&ann_in(""), Space::SHARED, 0).into_parts();
        let stolen = DeltaParts { id: RowId { space, life: later }, ..stolen };
        bob.handle_delta(&EVE, &RowDelta::new(stolen).expect("well formed"), None);
    }
    assert_eq!(bob.life(), life);
}

#[test]
fn nobody_introduces_itself_by_an_id_that_is_not_of_its_key() {
    let mut eve = node_in("", 66);
    let mut parts = delta(&eve, Space::SELF, 0).into_parts();
    parts.id.life.replica = key(1).replica();
    let row = |parts: &DeltaParts<Key, Bytes>| {
        let delta = RowDelta::new(parts.clone()).expect("it is well formed");
        rumormill_crdt::Row::from_whole(&delta).expect("it adds up")
    };
    let signature = eve.verifier.as_mut().map(|verifier| verifier.sign(&row(&parts)));
    parts.head.signature = signature;
    let mut bob = node_in("", 2);
    bob.handle_delta(&EVE, &RowDelta::new(parts).expect("it is well formed"), None);
    assert_eq!((bob.table().len(), bob.members().count()), (1, 0));
}
