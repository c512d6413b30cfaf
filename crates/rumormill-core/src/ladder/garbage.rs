//! Whole datagrams of the ladder's messages with content that means nothing.

use alloc::{vec, vec::Vec};
use core::time::Duration;

use proptest::prelude::*;
use rumormill_crdt::{ReplicaId, RowId, VersionVector, codec};
use rumormill_sketch::{
    Fingerprint, Gap, KeyHash, Part, RequestList, Size, Strata, Stripe, Summary, Width,
};

use super::{grind::digest_of, rows};
use crate::{
    DATAGRAM_LEN_MIN, Node,
    digest::{Basis, Digest},
    message::{Ask, Cells, Compare, Message, More},
    strangers::{UNIX, answers, at, datagrams, life, node, prove, say},
};

const ROWS: u64 = 50;

/// When the datagrams come: long after the rows were written.
const MILLIS: u64 = 60_000;

fn ann() -> (Node<u32>, Digest) {
    let mut ann = node(1);
    ann.restore(at(0), (0..ROWS).map(|number| rows::row_at(rows::id(number), 5)));
    let digest = digest_of(ann.table(), UNIX + Duration::from_millis(MILLIS));
    (ann, digest)
}

/// How many bytes she says to such a message.
fn said_to(ann: &mut Node<u32>, message: &Message) -> usize {
    answers(ann);
    say(ann, at(MILLIS), life(7, 1), core::slice::from_ref(message));
    answers(ann).into_iter().sum()
}

fn basis() -> impl Strategy<Value = Basis> {
    let (_, digest) = ann();
    let own = digest.view().basis;
    let any = any::<[u8; 3]>().prop_map(|bytes| codec::decode(&bytes).expect("three bytes"));
    prop_oneof![3 => Just(own), 1 => any]
}

fn bytes(len: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), len)
}

fn compare() -> impl Strategy<Value = Compare> {
    let print = bytes(Fingerprint::LEN)
        .prop_map(|bytes| Fingerprint::decode(&bytes).expect("as long as one"));
    (basis(), print).prop_map(|(basis, print)| Compare::new(basis, &print))
}

fn cells() -> impl Strategy<Value = Message> {
    let shape = (1..60u16, 0..5u16, 0..40u16, 0..3u8, prop::bool::weighted(0.7));
    let strata = prop::option::of(bytes(Strata::LEN));
    (basis(), shape, strata, bytes(2_900)).prop_map(|(basis, shape, strata, noise)| {
        let (triples, width, start, step, whole) = shape;
        let width = Width::ALL[usize::from(width)];
        let size = Size::of_triples(triples).expect("a few");
        let stripe = if whole { None } else { Stripe::new(start, step) }.unwrap_or(Stripe::WHOLE);
        let mut part = vec![0; DATAGRAM_LEN_MIN.min(Part::len_of(size, width))];
        let summary = Summary::new(size);
        let (len, _) = summary.sketch().encode_part(width, stripe, &mut part);
        part.truncate(len);
        if len == 0 {
            return Message::Who;
        }
        part[Part::HEADER_LEN..].copy_from_slice(&noise[Part::HEADER_LEN..len]);
        let strata = strata.map(|bytes| Strata::decode(&bytes).expect("as long as them").into());
        Message::Cells(Cells::new(basis, strata, part))
    })
}

fn message() -> impl Strategy<Value = Message> {
    let strata = bytes(Strata::LEN).prop_map(|it| Strata::decode(&it).expect("as long as them"));
    let more = (basis(), 0..5usize, 1..=Size::MAX.triples());
    let more = more.prop_map(|(basis, width, triples)| {
        let size = Size::of_triples(triples).expect("in bounds");
        Message::More(More { basis, width: Width::ALL[width], size })
    });
    let gaps = prop::collection::vec((any::<u64>(), 1..=i64::MAX), 0..60);
    let ask = (basis(), any::<u32>(), 1..1usize << 40, gaps);
    let ask = ask.prop_map(|(basis, found, keys, gaps)| {
        let gap = |(key, behind): (u64, i64)| Gap { key: KeyHash::new(key), ahead: -behind };
        let gaps: Vec<_> = gaps.into_iter().map(gap).collect();
        let list = RequestList::new(&gaps, keys).expect("a few");
        Message::Ask(Ask::new(basis, usize::try_from(found).expect("32 bits"), &list))
    });
    let differ = (compare(), strata)
        .prop_map(|(compare, strata)| Message::Differ { compare, strata: strata.into() });
    let audit = (compare(), any::<[u8; 16]>(), any::<[u8; 16]>())
        .prop_map(|(compare, salt, sum)| Message::Audit { compare, salt, sum });
    prop_oneof![cells(), more, ask, differ, audit, compare().prop_map(Message::Compare)]
}

proptest! {
    #[test]
    fn garbage_draws_no_more_than_it_is_and_changes_nothing(
        messages in prop::collection::vec(message(), 1..6),
    ) {
        let (mut ann, _) = ann();
        let told = |ann: &Node<u32>| -> (VersionVector, Vec<ReplicaId>) {
            (ann.table().version_vector(), ann.members().map(|it| it.life.replica).collect())
        };
        let before = told(&ann);
        let (mut asked, mut said) = (0, 0);
        answers(&mut ann);
        for message in &messages {
            asked += say(&mut ann, at(MILLIS), life(7, 1), core::slice::from_ref(message));
            said += answers(&mut ann).into_iter().sum::<usize>();
            prop_assert!(said <= asked, "{} bytes for {}: {:?}", said, asked, message);
        }
        // Whatever she waits for does not come.
        for millis in (0..5_000).step_by(100) {
            ann.handle_timeout(at(MILLIS + millis));
            said += answers(&mut ann).into_iter().sum::<usize>();
            prop_assert!(said <= asked, "{} bytes for {}, {} ms later", said, asked, millis);
        }
        prop_assert_eq!(told(&ann), before);
    }
}

#[test]
fn parts_of_a_sketch_that_nobody_asked_for_are_ignored() {
    let (mut ann, digest) = ann();
    let (size, width) = (Size::of_triples(40).expect("it is one"), Width::A16B32);
    let view = digest.view();
    let mut part = vec![0; 500];
    let (len, rest) = view.sketch(size).encode_part(width, Stripe::WHOLE, &mut part);
    assert!(rest.is_some(), "there are more cells");
    part.truncate(len);
    part[Part::HEADER_LEN..].fill(7);
    let mut cells = Message::Cells(Cells::new(view.basis, None, part.clone()));
    for _ in 0..10 {
        assert_eq!(said_to(&mut ann, &cells), 0, "nor is it held against our tables");
    }
    // The same cells as the whole of a smaller sketch are looked at.
    let fewer = Size::of_triples(27).expect("it is one");
    part.resize(Part::len_of(fewer, width), 7);
    part[1] = 26;
    cells = Message::Cells(Cells::new(view.basis, None, part));
    assert!(said_to(&mut ann, &cells) > 0, "wider cells are asked for");
}

#[test]
fn more_cells_than_there_are_are_not_sent() {
    let (mut ann, digest) = ann();
    let (basis, kept) = (digest.view().basis, digest.view().size_max());
    let width = Width::A64B64;
    let more = |triples| {
        let size = Size::of_triples(triples).expect("it is one");
        Message::More(More { basis, width, size })
    };
    say(&mut ann, at(MILLIS), life(7, 1), &[more(kept.triples())]);
    let ping = datagrams(&mut ann);
    prove(&mut ann, at(MILLIS), life(7, 1), &ping);
    let said: usize = answers(&mut ann).into_iter().sum();
    assert!(said > Part::len_of(kept, width), "all that are kept");
    assert_eq!(said_to(&mut ann, &more(kept.triples() + 1)), 0);
}

#[test]
fn hashes_of_no_rows_draw_nothing() {
    let (mut ann, digest) = ann();
    let view = digest.view();
    let held: Vec<_> = (0..ROWS).map(|number| digest.hash(rows::id(number)).bits()).collect();
    let low = |hash: u64| hash & 0x3fff;
    let is_new = |key: &u64| held.iter().all(|held| low(*held) != *key);
    let gaps: Vec<_> = (0..0x4000)
        .filter(is_new)
        .step_by(100)
        .map(|key| Gap { key: KeyHash::new(key), ahead: -3 })
        .collect();
    let list = RequestList::new(&gaps, usize::try_from(ROWS).expect("a few")).expect("a few");
    let ask = Message::Ask(Ask::new(view.basis, gaps.len(), &list));
    assert_eq!(said_to(&mut ann, &ask), 0);
}

#[test]
fn a_long_answer_waits_until_the_address_is_real() {
    let (mut ann, _) = ann();
    let page = Message::NextPage { start: RowId::MIN };
    let asked = say(&mut ann, at(MILLIS), life(7, 1), core::slice::from_ref(&page));
    let said = datagrams(&mut ann);
    let before: usize = said.iter().map(Vec::len).sum();
    assert!(before <= asked, "{before} bytes for {asked}");
    prove(&mut ann, at(MILLIS), life(7, 1), &said);
    let after: usize = answers(&mut ann).into_iter().sum();
    assert!(after > 900, "the page follows");
    assert!(said_to(&mut ann, &page) > 900, "from here on nothing waits");
}
