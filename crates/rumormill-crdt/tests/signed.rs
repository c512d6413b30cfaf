//! Rows whose owners sign: what is digested, who is asked before a row is shown, and that nothing
//! passes that the owner did not say.

use proptest::{collection::vec, prelude::*};
use rumormill_crdt::{
    Bytes, Candidate, Content, Dependency, Head, HeadVerifier, Key, Life, Limits, Progress,
    Refused, ReplicaId, RowDelta, RowId, Signature, Space, Table, Timestamp, WholeRow, codec,
};

const LIFE: Life = Life { replica: ReplicaId(7), epoch: 1 };
const ROW: RowId = RowId { space: Space::SHARED, life: LIFE };

/// Stands for a signature: a hash under a key that only the owner and this test know.
fn sign(id: RowId, head: &Head, content: &Content) -> Signature {
    let said = codec::encode_to_vec(&(id, head.version, head.digest(content))).expect("short");
    let mut bytes = [0; Signature::LEN];
    blake3::Hasher::new_keyed(&[7; 32]).update(&said).finalize_xof().fill(&mut bytes);
    Signature::from_bytes(bytes)
}

/// Takes what [`sign`] signed, and remembers how often it was asked.
#[derive(Default)]
struct Notary {
    asked: usize,
    contents: Vec<(u64, Content)>,
}

impl HeadVerifier<Key, Bytes> for Notary {
    fn verify(&mut self, candidate: &Candidate<'_, Key, Bytes>) -> Result<(), Refused> {
        self.asked += 1;
        let Candidate { id, head, content, .. } = candidate;
        if head.signature != Some(sign(*id, head, content)) {
            return Err(Refused::Signature);
        }
        self.contents.push((head.version, *content));
        Ok(())
    }
}

fn owner() -> Table {
    Table::new(LIFE, Limits::DEFAULT)
}

fn newcomer() -> Table {
    Table::new(Life { replica: ReplicaId(8), epoch: 1 }, Limits::DEFAULT)
}

fn key(number: u16) -> Key {
    Key::raw(&format!("key {number}"))
}

fn write(table: &mut Table, stamp: u64, number: u16, value: &[u8]) {
    table.write(Space::SHARED, Timestamp(stamp)).set(key(number), Bytes::copy_from(value));
}

fn sign_all(table: &mut Table) {
    let unsigned: Vec<_> = table.unsigned_own_rows().cloned().collect();
    for row in unsigned {
        let signature = sign(row.id(), row.head(), &row.content());
        table.sign(row.id().space, signature);
    }
}

fn whole(table: &Table) -> RowDelta<Key, Bytes> {
    table.row(ROW).expect("it was written").delta_since(0, usize::MAX).expect("it has versions")
}

/// Every bit of an encoding, flipped by itself.
fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}

/// What anybody sees of a table, and what waits there.
fn state(table: &Table) -> impl PartialEq + std::fmt::Debug + use<> {
    let rows: Vec<_> = table.rows().cloned().collect();
    let staged: Vec<_> = table
        .staged()
        .map(|id| (id, table.staging(id).map(|(since, head)| (since, head.clone()))))
        .collect();
    (rows, staged, table.fingerprint())
}

/// Nothing that decodes from flipped bytes is taken in by `table`, but for what says the same.
fn check_flips(table: &Table, delta: &RowDelta<Key, Bytes>) {
    let before = state(table);
    let mut truth = table.clone();
    truth.admit_signed(delta, &mut Notary::default()).expect("as it was sent, it is taken");
    let encoded = codec::encode_to_vec(delta).expect("a known length");
    let mut decoded = 0;
    for flipped in flips(&encoded) {
        let Ok(spoiled) = codec::decode::<RowDelta<Key, Bytes>>(&flipped) else { continue };
        decoded += 1;
        let mut bob = table.clone();
        let outcome = bob.admit_signed(&spoiled, &mut Notary::default());
        match outcome {
            Err(_) => assert_eq!(state(&bob), before, "{spoiled:?}"),
            // `from` is no word of the owner: it says where the sender's cells begin.
            Ok(_) => {
                assert_eq!(spoiled.head(), delta.head());
                assert_eq!(state(&bob), state(&truth), "{spoiled:?}");
            }
        }
    }
    assert!(decoded > 500, "most flips are of keys, values and signatures: {decoded}");
}

#[test]
fn no_bit_of_a_signed_delta_can_be_changed() {
    let mut ann = owner();
    write(&mut ann, 1 << 40, 1, b"a value that takes some bytes");
    sign_all(&mut ann);
    let first = whole(&ann);
    check_flips(&newcomer(), &first);
    let mut bob = newcomer();
    bob.admit_signed(&first, &mut Notary::default()).expect("it is signed");
    write(&mut ann, 2 << 40, 2, b"another value that takes some bytes");
    sign_all(&mut ann);
    check_flips(&bob, &ann.row(ROW).expect("ann wrote").delta_since(1, usize::MAX).expect("news"));
}

#[test]
fn no_bit_of_a_signed_piece_can_be_changed_but_of_its_cells() {
    let mut ann = owner();
    (0..8).for_each(|number| write(&mut ann, 1, number, &[b'v'; 100]));
    sign_all(&mut ann);
    let row = ann.row(ROW).expect("ann wrote");
    let piece = row.delta_since(0, 600).expect("some cells fit");
    assert!(!piece.is_complete() && piece.content() == Some(&row.content()));
    let encoded = codec::encode_to_vec(&piece).expect("a known length");
    assert!(encoded.len() <= 600);
    let bob = newcomer();
    for flipped in flips(&encoded) {
        let Ok(spoiled) = codec::decode::<RowDelta<Key, Bytes>>(&flipped) else { continue };
        let mut table = bob.clone();
        if table.admit_signed(&spoiled, &mut Notary::default()).is_ok() {
            assert_eq!(spoiled.head(), piece.head(), "no head is waited for that is not signed");
            // A spoiled cell shows when the row is whole: then all that was staged goes.
            let rest = row.delta_since(spoiled.to(), usize::MAX).expect("the rest");
            let outcome = table.admit_signed(&rest, &mut Notary::default());
            let is_whole = outcome.is_ok_and(|it| it.progress == Progress::Visible);
            let truth = whole(&ann);
            let truth = truth.cells().iter().filter(|cell| cell.version <= spoiled.to());
            assert_eq!(is_whole, spoiled.cells().iter().eq(truth));
            assert_eq!(table.row(ROW).is_some(), is_whole);
        } else {
            assert_eq!(state(&table), state(&bob));
        }
    }
}

#[test]
fn no_bit_of_a_signed_whole_row_can_be_changed() {
    let mut ann = owner();
    write(&mut ann, 1 << 40, 1, b"a value that takes some bytes");
    sign_all(&mut ann);
    let row = WholeRow::new(whole(&ann)).expect("it is whole");
    let encoded = codec::encode_to_vec(&row).expect("a known length");
    let unsigned = encoded.len() - Signature::LEN - 1;
    let mut bob = newcomer();
    for flipped in flips(&encoded) {
        let Ok(spoiled) = codec::decode::<WholeRow<Key, Bytes>>(&flipped) else { continue };
        let outcome = bob.admit_signed(&spoiled.into_delta(), &mut Notary::default());
        assert_eq!(outcome, Err(Refused::Signature));
        assert_eq!(state(&bob), state(&newcomer()));
    }
    bob.admit_signed(&row.into_delta(), &mut Notary::default()).expect("as it was sent");
    write(&mut ann, 1 << 40, 1, b"a value that takes some bytes");
    let row = WholeRow::new(whole(&ann)).expect("it is whole");
    assert_eq!(codec::encode_to_vec(&row).expect("a known length").len(), unsigned);
}

#[test]
fn what_makes_a_row_whole_or_lets_it_wait_is_verified_too() {
    let (mut ann, mut eve) = (owner(), owner());
    for table in [&mut ann, &mut eve] {
        (0..8).for_each(|number| write(table, 1, number, &[b'v'; 100]));
    }
    sign_all(&mut ann);
    let piece = ann.row(ROW).expect("ann wrote").delta_since(0, 600).expect("some cells fit");
    let mut bob = newcomer();
    bob.admit_signed(&piece, &mut Notary::default()).expect("it is signed");
    // The last piece is of a row that ann never signed, and it all adds up.
    write(&mut eve, 1, 9, b"forged");
    let rest = eve.row(ROW).expect("eve wrote").delta_since(piece.to(), usize::MAX);
    let mut parts = rest.expect("the rest").into_parts();
    parts.head.signature = piece.head().signature.clone();
    let rest = RowDelta::new(parts).expect("it is well formed");
    assert_eq!(bob.admit_signed(&rest, &mut Notary::default()), Err(Refused::Signature));
    assert!(bob.row(ROW).is_none());
    // A row that would wait for another one.
    let mut parts = whole(&ann).into_parts();
    let on = RowId { space: Space::STATS, ..ROW };
    let at = Dependency { version: 1, timestamp: Timestamp(1) };
    parts.head.dependencies.insert(on, at);
    let waiting = RowDelta::new(parts).expect("it is well formed");
    let mut bob = newcomer();
    assert_eq!(bob.admit_signed(&waiting, &mut Notary::default()), Err(Refused::Signature));
    assert!(!bob.is_staged(ROW));
}

#[test]
fn every_field_of_a_head_is_digested_and_the_content() {
    let (head, content) = (Head { recent: 1, ..Head::default() }, Content([0; 32]));
    let on = (RowId { space: Space::STATS, ..ROW }, Dependency::default());
    let later = Dependency { version: 1, ..Dependency::default() };
    let stamped = Dependency { timestamp: Timestamp(1), ..Dependency::default() };
    let heads = [
        head.clone(),
        Head { floor: 1, ..head.clone() },
        Head { timestamp: Timestamp(1), ..head.clone() },
        Head { recent: 2, ..head.clone() },
        Head { hash: 1, ..head.clone() },
        Head { dependencies: [on].into(), ..head.clone() },
        Head { dependencies: [(on.0, later)].into(), ..head.clone() },
        Head { dependencies: [(on.0, stamped)].into(), ..head.clone() },
        Head { dependencies: [(ROW, later)].into(), ..head.clone() },
    ];
    let mut digests: Vec<_> = heads.iter().map(|head| head.digest(&content)).collect();
    digests.push(head.digest(&Content([1; 32])));
    for (nth, digest) in digests.iter().enumerate() {
        assert!(!digests[..nth].contains(digest), "{nth}");
    }
}

#[test]
fn a_head_that_is_held_is_not_verified_again() {
    let mut ann = owner();
    write(&mut ann, 1, 1, b"v");
    sign_all(&mut ann);
    let (mut bob, mut notary) = (newcomer(), Notary::default());
    for _ in 0..3 {
        bob.admit_signed(&whole(&ann), &mut notary).expect("it is signed");
    }
    assert_eq!(notary.asked, 1);
    (2..9).for_each(|number| write(&mut ann, 1, number, b"v"));
    sign_all(&mut ann);
    let row = ann.row(ROW).expect("ann wrote");
    while bob.version(ROW) < row.version() {
        let piece = row.delta_since(bob.wanted_from(ROW), 210).expect("there is more");
        bob.admit_signed(&piece, &mut notary).expect("it is signed");
    }
    assert_eq!(notary.asked, 2, "one for all pieces");
}

#[test]
fn two_heads_of_one_version_are_told_apart_whatever_they_hash_to() {
    let (mut ann, mut eve) = (owner(), owner());
    write(&mut ann, 1, 1, b"v");
    eve.write(Space::SHARED, Timestamp(2)).set(key(1), Bytes::copy_from(b"v"));
    sign_all(&mut ann);
    sign_all(&mut eve);
    assert_eq!(whole(&ann).head().hash, whole(&eve).head().hash, "hashes are of cells alone");
    let (mut bob, mut notary) = (newcomer(), Notary::default());
    bob.admit_signed(&whole(&ann), &mut notary).expect("it is signed");
    assert_eq!(bob.admit_signed(&whole(&eve), &mut notary), Err(Refused::OtherHead));
}

#[test]
fn who_was_told_something_else_takes_the_whole_row() {
    let (mut ann, mut twin, mut notary) = (owner(), owner(), Notary::default());
    write(&mut ann, 1, 1, b"to bob");
    sign_all(&mut ann);
    for value in [b"to all", b"others"] {
        write(&mut twin, 1, 1, value);
    }
    write(&mut twin, 1, 2, b"later");
    sign_all(&mut twin);
    let mut bob = newcomer();
    bob.admit_signed(&whole(&ann), &mut notary).expect("it is signed");
    let later = twin.row(ROW).expect("it was written").delta_since(2, usize::MAX).expect("news");
    let parts = rumormill_crdt::DeltaParts { from: 1, ..later.into_parts() };
    let later = RowDelta::new(parts).expect("it is well formed");
    assert_eq!(bob.admit_signed(&later, &mut notary), Err(Refused::Hash));
    let mut forged = whole(&twin).into_parts();
    forged.head.signature = whole(&ann).head().signature.clone();
    let forged = RowDelta::new(forged).expect("it is well formed");
    assert_eq!(bob.admit_signed(&forged, &mut notary), Err(Refused::Signature));
    assert_eq!(bob.row(ROW), ann.row(ROW));
    bob.admit_signed(&whole(&twin), &mut notary).expect("it is signed");
    assert_eq!(bob.row(ROW), twin.row(ROW));
}

#[test]
fn an_introduction_stays_while_anything_else_of_its_replica_does() {
    let horizon = |of_self, shared| rumormill_crdt::PerSpace {
        of_self: Some(core::time::Duration::from_secs(of_self)),
        shared: Some(core::time::Duration::from_secs(shared)),
        ..rumormill_crdt::Retention::FOREVER
    };
    let second = core::time::Duration::from_secs(1);
    for is_signed in [false, true] {
        let mut ann = rumormill_crdt::Replica::new(LIFE, Limits::DEFAULT);
        for space in [Space::SELF, Space::SHARED] {
            ann.edit(second, |writer| writer.set(space, key(1), Bytes::default())).expect("short");
            let row = ann.table().row(RowId { space, life: LIFE }).expect("ann wrote").clone();
            if is_signed {
                ann.sign(space, sign(row.id(), row.head(), &row.content()));
            }
        }
        let life = Life { replica: ReplicaId(8), epoch: 1 };
        let mut bob = rumormill_crdt::Replica::new(life, Limits::DEFAULT);
        bob.join(&ann);
        bob.expire(second * 1_000, &horizon(60, 100_000));
        assert_eq!(bob.table().len(), 1 + usize::from(is_signed));
        bob.expire(second * 1_000_000, &horizon(60, 100_000));
        assert!(bob.table().is_empty());
    }
}

#[derive(Clone, Copy, Debug)]
enum Edit {
    Set(u16),
    Erase(u16),
    Fill,
    Forget,
    Sync(usize),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    vec(
        prop_oneof![
            4 => (0..90u16).prop_map(Edit::Set),
            2 => (0..90u16).prop_map(Edit::Erase),
            1 => Just(Edit::Fill),
            1 => Just(Edit::Forget),
            4 => prop_oneof![Just(usize::MAX), 300..2_000usize].prop_map(Edit::Sync),
        ],
        1..60,
    )
}

proptest! {
    /// However a copy comes by a row, whole, as a difference or in pieces, small or large, it works out
    /// the content that the owner signed; and so does who only ever saw the row as it is.
    #[test]
    fn every_copy_works_out_what_the_owner_signed(edits in edits()) {
        let (mut ann, mut bob, mut notary) = (owner(), newcomer(), Notary::default());
        for (stamp, edit) in (1..).zip(edits) {
            match edit {
                Edit::Set(number) => write(&mut ann, stamp, number, &stamp.to_be_bytes()),
                Edit::Erase(number) => {
                    ann.write(Space::SHARED, Timestamp(stamp)).erase(&key(number));
                }
                Edit::Fill => (0..70).for_each(|number| write(&mut ann, stamp, number, b"full")),
                Edit::Forget => {
                    let half = ann.version(ROW) / 2;
                    ann.write(Space::SHARED, Timestamp(stamp)).forget(half);
                }
                Edit::Sync(len_max) => {
                    sign_all(&mut ann);
                    let Some(row) = ann.row(ROW) else { continue };
                    let Some(delta) = row.delta_since(bob.wanted_from(ROW), len_max) else { continue };
                    let outcome = bob.admit_signed(&delta, &mut notary);
                    prop_assert!(!matches!(outcome, Err(Refused::Signature | Refused::Hash)), "{outcome:?}");
                }
            }
        }
        sign_all(&mut ann);
        if let Some(row) = ann.row(ROW) {
            let mut carl = newcomer();
            let content = row.content();
            carl.admit_signed(&whole(&ann), &mut notary).expect("it is signed");
            prop_assert_eq!(carl.row(ROW).map(|row| row.content()), Some(content));
            while let Some(delta) = row.delta_since(bob.wanted_from(ROW), 2_000) {
                let taken = bob.admit_signed(&delta, &mut notary);
                prop_assert!(taken.is_ok(), "{taken:?}");
            }
            prop_assert_eq!(bob.row(ROW).map(|row| row.content()), Some(content));
            prop_assert_eq!(bob.row(ROW), ann.row(ROW));
        }
    }

    /// Rows that differ have other contents; the encodings of cells leave no doubt where one ends.
    #[test]
    fn contents_differ_where_rows_do(a in vec((0..4u16, vec(0..2u8, 0..3)), 1..6), b in vec((0..4u16, vec(0..2u8, 0..3)), 1..6)) {
        let [ann, eve] = [&a, &b].map(|writes| {
            let mut table = owner();
            writes.iter().for_each(|(number, value)| write(&mut table, 1, *number, value));
            let row = table.row(ROW).expect("it was written").clone();
            (row.iter().map(|(key, cell)| (key.clone(), cell.clone())).collect::<Vec<_>>(), row.content())
        });
        prop_assert_eq!(ann.0 == eve.0, ann.1 == eve.1);
    }
}
