//! What becomes of a replica that wants more than its share, and of the others meanwhile.

extern crate std;

use core::num::NonZeroU32;
use std::vec::Vec;

use rumormill_crdt::{DeltaParts, Head, Limits, Refused, RowDelta, RowId, Space, Version};

use crate::{
    Config, DATAGRAM_LEN_MIN, Event, Node, Rejected,
    message::Message,
    strangers::{at, datagram, introduce, life, node, node_with, piece, say},
};

/// The replica that is greedy, and one that is not.
const EVE: u64 = 50;
const BOB: u64 = 60;

/// A few spaces in which all lives of a replica count.
fn lasting() -> impl Iterator<Item = Space> {
    let lasting = (0..u8::MAX).map(Space).filter(|space| !space.is_ephemeral());
    lasting.take(10)
}

fn refused(node: &mut Node<u32>) -> Vec<(u64, Refused)> {
    let events = core::iter::from_fn(|| node.poll_event());
    let refused = events.filter_map(|event| {
        let Event::RowRefused { replica, reason } = event else { return None };
        Some((replica.0, reason))
    });
    refused.collect()
}

#[test]
fn who_writes_a_hundred_times_its_quota_takes_no_more_than_that_and_nothing_of_others() {
    const CELLS_MAX: usize = 2_000;
    let limits = Limits {
        origin_cells_max: CELLS_MAX,
        origin_rows_max: 300,
        staged_cells_max: CELLS_MAX,
        ..Limits::DEFAULT
    };
    let mut ann = node_with(1, Config { limits, ..Config::DEFAULT });
    let (mut cells, mut honest) = (0, Vec::new());
    let measured = allocation_counter::measure(|| {
        for epoch in 1..=200 {
            let now = at(epoch * 1_000);
            for space in lasting() {
                let whole = piece(life(EVE, epoch), space, 100, usize::MAX);
                cells += whole.cells().len();
                let part = piece(life(EVE, 1_000 + epoch), space, 100, 30_000);
                say(&mut ann, now, life(7, 1), &[Message::Delta(whole), Message::Delta(part)]);
            }
            let id = RowId { space: Space::SHARED, life: life(BOB + epoch, 1) };
            let row = piece(id.life, id.space, 2, usize::MAX);
            say(&mut ann, now, life(7, 1), &[Message::Delta(row)]);
            honest.push(id);
        }
    });
    assert!(cells >= 100 * CELLS_MAX, "{cells} cells came");
    assert!(honest.iter().all(|id| ann.table().row(*id).is_some_and(|row| row.len() == 2)));
    assert!(ann.table().share_of(life(EVE, 0).replica).cells <= CELLS_MAX);
    let cell_len = limits.cell_len_max + 200;
    let budget = cell_len * (CELLS_MAX + limits.staged_cells_max + 2 * honest.len());
    assert!(measured.bytes_max < (budget + (1 << 20)) as u64, "{} of {budget}", measured.bytes_max);
    assert!(ann.stats().refusals.over_quota > 100);
    assert_eq!(refused(&mut ann), [(EVE, Refused::OverQuota)], "told once");
}

#[test]
fn rows_are_counted_too_and_what_does_not_grow_is_taken_in() {
    let limits = Limits { origin_rows_max: 3, ..Limits::DEFAULT };
    let mut ann = node_with(1, Config { limits, ..Config::DEFAULT });
    let mut told = |space, cells| {
        let row = piece(life(EVE, 1), space, cells, usize::MAX);
        say(&mut ann, at(1), life(7, 1), &[Message::Delta(row)]);
        ann.table().version(RowId { space, life: life(EVE, 1) })
    };
    let versions: Vec<_> = lasting().map(|space| told(space, 1)).collect();
    assert_eq!(versions, [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
    let first = lasting().next().expect("there are some");
    assert_eq!(told(first, 5), 5, "a row that is held grows");
    assert_eq!(told(Space::SELF, 1), 1, "and it can say who it is");
}

#[test]
fn what_comes_too_fast_waits_and_nobody_else_does() {
    let fifty = NonZeroU32::new(50).expect("it is not 0");
    let mut ann = node_with(1, Config { origin_cells_per_second: fifty, ..Config::DEFAULT });
    let tell = |ann: &mut Node<u32>, millis, replica| {
        for space in lasting() {
            let row = piece(life(replica, 1), space, 10, usize::MAX);
            say(ann, at(millis), life(7, 1), &[Message::Delta(row)]);
        }
    };
    let held = |ann: &Node<u32>, replica: u64| ann.table().share_of(life(replica, 1).replica).cells;
    tell(&mut ann, 1_000, EVE);
    assert_eq!((held(&ann, EVE), ann.stats().refusals.too_fast), (50, 5));
    tell(&mut ann, 1_001, BOB);
    assert_eq!(held(&ann, BOB), 50, "its second is its own");
    tell(&mut ann, 1_500, EVE);
    assert_eq!(held(&ann, EVE), 50, "what is known costs nothing, and the rest waits");
    tell(&mut ann, 2_000, EVE);
    assert_eq!(held(&ann, EVE), 100, "nothing is refused for ever");
    assert_eq!(refused(&mut ann), [(EVE, Refused::TooFast), (BOB, Refused::TooFast)]);
}

#[test]
fn one_peer_alone_does_not_take_all_the_room_for_rows_in_pieces() {
    let limits = Limits { stagings_max: 8, ..Limits::DEFAULT };
    let mut ann = node_with(1, Config { limits, ..Config::DEFAULT });
    for replica in 100..120 {
        let part = piece(life(replica, 1), Space::SHARED, 10, 1_000);
        say(&mut ann, at(1), life(7, 1), &[Message::Delta(part)]);
    }
    assert_eq!(ann.table().staged().count(), 4);
    assert_eq!(ann.stats().refusals.staging_full, 16);
}

#[test]
fn the_last_version_of_all_harms_its_own_row_alone() {
    let (mut ann, mut cid) = (node(1), node(3));
    introduce(&mut ann, &cid);
    introduce(&mut cid, &ann);
    let row = |replica| piece(life(replica, 1), Space::SHARED, 3, usize::MAX);
    let eve = row(EVE);
    let head = Head { version: Version::MAX, ..eve.head().clone() };
    let (id, cells) = (eve.id(), eve.cells().to_vec());
    let parts = DeltaParts { id, from: 0, to: Version::MAX, head, content: None, cells };
    let last = RowDelta::new(parts).expect("it is whole in form");
    say(&mut ann, at(1), life(7, 1), &[Message::Delta(last), Message::Delta(row(BOB))]);
    assert_eq!(ann.table().version(id), Version::MAX);
    let mut buf = [0; DATAGRAM_LEN_MIN];
    for now in (0..200).map(|step| at(10 + step * 50)) {
        ann.handle_timeout(now);
        cid.handle_timeout(now);
        while let Some(it) = ann.poll_transmit(&mut buf) {
            let _ = (it.to == 3).then(|| cid.handle_datagram(now, 1, it.payload));
        }
        while let Some(it) = cid.poll_transmit(&mut buf) {
            let _ = (it.to == 1).then(|| ann.handle_datagram(now, 3, it.payload));
        }
    }
    assert_eq!(cid.table().version(RowId { life: life(BOB, 1), ..id }), 3);
    assert_eq!(cid.table().version_vector(), ann.table().version_vector());
}

#[test]
fn who_floods_is_not_read_beyond_what_it_may_send_and_others_are() {
    let most = NonZeroU32::new(10_000).expect("it is not 0");
    let mut ann = node_with(1, Config { address_bytes_per_second: most, ..Config::DEFAULT });
    let flood = datagram(life(EVE, 1), &[const { Message::Ping { nonce: 7 } }; 100]);
    let send = |ann: &mut Node<u32>, millis, from, times| -> usize {
        let taken = (0..times).map(|_| ann.handle_datagram(at(millis), from, &flood));
        taken.filter(Result::is_ok).count()
    };
    let may = 10_000 / flood.len();
    assert_eq!(send(&mut ann, 1_000, 7, 1_000), may);
    assert_eq!(send(&mut ann, 1_001, 8, 3), 3, "another address is another account");
    assert_eq!(ann.handle_datagram(at(1_002), 7, &flood), Err(Rejected::TooMuch));
    assert_eq!(ann.stats().rejections.too_much, 1_001 - may as u64);
    assert_eq!(ann.stats().datagrams_rejected, 1_001 - may as u64);
    assert_eq!(send(&mut ann, 2_000, 7, 1_000), may, "each second is a new one");
}

#[test]
fn a_million_addresses_are_kept_account_of_in_little_memory() {
    let mut ann = node(1);
    let ping = datagram(life(EVE, 1), &[Message::Ack { nonce: 7 }]);
    let measured = allocation_counter::measure(|| {
        for from in 0..1_000_000 {
            ann.handle_datagram(at(1_000), from, &ping).expect("a flood of one each is none");
        }
    });
    assert!(measured.bytes_max < 1 << 20, "{} bytes", measured.bytes_max);
}
