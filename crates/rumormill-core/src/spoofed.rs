//! What goes to an address that may not be real, and what is kept of it.

extern crate std;

use std::{string::String, vec, vec::Vec};

use proptest::prelude::*;
use rumormill_crdt::{Life, RowId, Since, Space};

use crate::{
    Certificate, Config, Identity, Instant, Liveness, Node, SecretKey, Signing, Spaces, Subject,
    message::{
        Announced, Claim, ClaimedStanding, DeadPrint, Lack, Message, Name, Page, TablePrint,
    },
    outbox::GUESTS_LEN_MAX,
    sender::Tag,
    strangers::{STRANGER, UNIX, at, datagram, introduce, life, node, piece, say},
};

/// The members that ann knows, but herself; some of them are dead.
const MEMBERS: u32 = 30;

/// Ann, who knows others and has much to tell.
fn ann() -> Node<u32> {
    let mut ann = node(1);
    (100..100 + MEMBERS).for_each(|other| introduce(&mut ann, &node(other)));
    for address in 100..110 {
        let life = node(address).life();
        let dead = Claim { life, incarnation: 0, standing: ClaimedStanding::Dead };
        say(&mut ann, at(0), self::life(7, 1), &[Message::Claim(dead.into())]);
    }
    let mut to_strangers = 0;
    pass(&mut ann, at(30_000), &mut to_strangers);
    let dead = ann.members().filter(|member| member.liveness == Liveness::Dead).count();
    assert!(dead >= 10, "{dead} are dead");
    ann
}

/// Lets time pass, and counts what goes to the stranger meanwhile.
fn pass(node: &mut Node<u32>, until: Instant, to_strangers: &mut usize) {
    let mut buf = [0; crate::DATAGRAM_LEN_MIN];
    loop {
        while let Some(it) = node.poll_transmit(&mut buf) {
            *to_strangers += if it.to == STRANGER { it.payload.len() } else { 0 };
        }
        let Some(now) = node.poll_timeout().filter(|now| *now <= until) else { return };
        node.handle_timeout(now);
    }
}

fn message() -> impl Strategy<Value = Message> {
    let somebody = || (1..140u64).prop_map(|replica| self::life(replica, 1));
    let known = || (100..130u32).prop_map(|other| node(other).life());
    let row = || (somebody(), 0..6u8).prop_map(|(life, space)| RowId { space: Space(space), life });
    let fingerprint = any::<u64>().prop_map(TablePrint::new);
    let standing = prop_oneof![
        Just(ClaimedStanding::Alive),
        somebody().prop_map(|by| ClaimedStanding::Suspect { by: Tag::of(by) }),
        Just(ClaimedStanding::Dead),
    ];
    let claim = (known(), 0..9u64, standing).prop_map(|(life, incarnation, standing)| Claim {
        life,
        incarnation,
        standing,
    });
    let names = prop::collection::vec((row(), 1..99u64), 1..20).prop_map(|rows| {
        let named = |(id, version)| Announced { name: Name::Row(id), version };
        rows.into_iter().map(named).collect()
    });
    let page = prop::collection::btree_map(row(), 1..99u64, 0..20)
        .prop_map(|rows| Message::Page(Page::fit(RowId::MIN, rows.into_iter(), 1_000)));
    let lack = any::<[u8; 8]>()
        .prop_map(|salt| Lack::fit(RowId::MIN, None, salt, core::iter::empty(), 1_000));
    let rows = |space| {
        (200..210u64, 1..4u64, 600..2_000usize)
            .prop_map(move |(replica, cells, len)| piece(life(replica, 1), space, cells, len))
    };
    prop_oneof![
        any::<u64>().prop_map(|nonce| Message::Ping { nonce }),
        any::<u64>().prop_map(|nonce| Message::Ack { nonce }),
        Just(Message::Who),
        claim.prop_map(|claim| Message::Claim(claim.into())),
        fingerprint.prop_map(|fingerprint| Message::Pull { fingerprint }),
        page,
        row().prop_map(|start| Message::NextPage { start }),
        lack.prop_map(Message::Lack),
        row().prop_map(|id| Message::Request { name: Name::Row(id), since: Since::default() }),
        rows(Space::SHARED).prop_map(Message::Delta),
        (0..9u8, rows(Space::SELF)).prop_map(|(hops, delta)| Message::Rumor { hops, delta }),
        (any::<Option<u64>>(), names).prop_map(|(nonce, rows)| Message::Announce { nonce, rows }),
        (known(), any::<u64>())
            .prop_map(|(life, nonce)| Message::PingFor { target: Tag::of(life), nonce }),
        any::<u64>().prop_map(|nonce| Message::Nack { nonce }),
        Just(Message::WhoIsDead { known: DeadPrint::of(core::iter::empty()) }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn an_address_that_may_not_be_real_never_gets_more_than_came_from_it(
        said in prop::collection::vec(
            (prop::collection::vec(message(), 1..5), 300..400u64, 0..3_000u64),
            1..8,
        ),
    ) {
        let mut ann = ann();
        let (mut now, mut came, mut went) = (30_000, 0, 0);
        for (messages, replica, wait) in said {
            came += say(&mut ann, at(now), life(replica, 1), &messages);
            now += wait;
            pass(&mut ann, at(now), &mut went);
            prop_assert!(went <= came, "{} bytes went to where {} came from: {:?}", went, came, messages);
        }
        pass(&mut ann, at(now + 20_000), &mut went);
        prop_assert!(went <= came, "{} bytes went to where {} came from, later", went, came);
    }
}

/// What a newcomer says first, and asks for besides.
fn knock(who: Life) -> Vec<Message> {
    let lack = Lack::fit(RowId::MIN, None, [7; 8], core::iter::empty(), 1_000);
    let own = RowId { space: Space::SELF, life: who };
    let rows = (1..9).map(|space| RowId { space: Space(space), life: who });
    let named = |id| Announced { name: Name::Row(id), version: 3 };
    vec![
        Message::Ping { nonce: 3 },
        Message::WhoIsDead { known: DeadPrint::of(core::iter::empty()) },
        Message::Request { name: Name::Row(own), since: Since::default() },
        Message::Announce { nonce: None, rows: rows.map(named).collect() },
        Message::Lack(lack),
    ]
}

/// A member of a population that signs, with members whom she takes for dead.
fn signed() -> Node<u32> {
    let key = |number: u8| SecretKey::from_bytes(&[number; SecretKey::LEN]);
    let subject = Subject {
        key: key(1).public(),
        name: String::new(),
        not_after: UNIX.as_secs() + 60,
        spaces: Spaces::All,
        serial: 0,
    };
    let certificate = Certificate::issue(&key(100), "", subject);
    let signing = Signing::certified(key(1), certificate, key(100).public());
    let config = Config { trust: signing.into(), ..Config::DEFAULT };
    let identity = Identity { replica: key(1).replica(), name: String::new(), address: 1 };
    Node::new(Instant::default(), UNIX, identity, config, 1)
}

#[test]
fn a_million_sources_leave_what_is_budgeted_for_them_and_a_mebibyte_at_most() {
    let mut ann = signed();
    let knock = |replica| datagram(life(replica, 1), &knock(life(replica, 1)));
    let knocks: Vec<_> = (2..66).map(knock).collect();
    let mut buf = [0; crate::DATAGRAM_LEN_MIN];
    let measured = allocation_counter::measure(|| {
        for source in 0..1_000_000u32 {
            let now = at(1_000 + u64::from(source) / 100);
            let datagram = &knocks[source as usize % 64];
            let _ = ann.handle_datagram(now, 1_000 + source, datagram);
            if source % 3 == 0 {
                let _ = ann.poll_transmit(&mut buf);
            }
            if source % 1_000 == 0 {
                ann.handle_timeout(now);
            }
        }
    });
    let budget = GUESTS_LEN_MAX as u64 + (1 << 20);
    assert!(measured.bytes_max < budget, "{} bytes", measured.bytes_max);
    assert!(ann.stats().guests_forgotten > 0);
}
