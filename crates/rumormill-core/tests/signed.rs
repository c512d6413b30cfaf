//! Populations that sign: who is let in, what members can do to each other's rows, and what becomes
//! of liars.

use std::{collections::BTreeSet, time::Duration};

use rumormill_core::{
    Certificate, Config, DATAGRAM_LEN_MIN, Event, Identity, Instant, Node, Proof, Revocation,
    SecretKey, Signing, Spaces, Subject, Trust,
    crdt::{Bytes, Column, Key, PnCounter, ReplicaId, Space, WriteError, Writer},
};

const UNIX: Duration = Duration::from_secs(1_767_225_600);
const CLUSTER: &str = "cluster";
const CALLS: Column<PnCounter> = Column::new(Space::SHARED, "calls");

fn key(number: u32) -> SecretKey {
    let mut bytes = [7; SecretKey::LEN];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    SecretKey::from_bytes(&bytes)
}

fn fleet() -> SecretKey {
    key(1_000_000)
}

fn subject(number: u32) -> Subject {
    Subject {
        key: key(number).public(),
        name: String::new(),
        not_after: UNIX.as_secs() + 3_600,
        spaces: Spaces::All,
        serial: u64::from(number),
    }
}

fn config(trust: impl Into<Trust>) -> Config {
    Config { cluster: CLUSTER.to_owned(), trust: trust.into(), ..Config::DEFAULT }
}

fn node_with(number: u32, seed: u64, trust: impl Into<Trust>) -> Node<u32> {
    let identity =
        Identity { replica: key(number).replica(), name: String::new(), address: number };
    Node::new(Instant::default(), UNIX, identity, config(trust), seed)
}

/// The node of a member, reached at the address of its number.
fn node(number: u32) -> Node<u32> {
    certified(number, subject(number))
}

fn certified(number: u32, subject: Subject) -> Node<u32> {
    let certificate = Certificate::issue(&fleet(), CLUSTER, subject);
    let signing = Signing::certified(key(number), certificate, fleet().public());
    node_with(number, u64::from(number), signing)
}

fn replica(number: u32) -> ReplicaId {
    key(number).replica()
}

fn at(millis: u64) -> Instant {
    Instant::new(Duration::from_millis(millis))
}

/// Lets nodes do what is due until `until`, and carries what arrives, from and to the addresses
/// given.
fn run_with(
    nodes: &mut [&mut Node<u32>],
    until: Instant,
    mut arrives: impl FnMut(u32, u32) -> bool,
) {
    let mut buf = [0; DATAGRAM_LEN_MIN];
    loop {
        let next = nodes.iter().filter_map(|node| node.poll_timeout()).min();
        let Some(now) = next.filter(|now| *now <= until) else { return };
        nodes.iter_mut().for_each(|node| node.handle_timeout(now));
        while let Some(from) = nodes.iter().position(|node| node.has_transmit()) {
            let Some(it) = nodes[from].poll_transmit(&mut buf) else { continue };
            let from = nodes[from].identity().address;
            let to = nodes.iter_mut().find(|node| node.identity().address == it.to);
            if let Some(to) = to.filter(|_| arrives(from, it.to)) {
                to.handle_datagram(now, from, it.payload).expect("whole");
            }
        }
    }
}

fn run(nodes: &mut [&mut Node<u32>], until: Instant) {
    run_with(nodes, until, |_, _| true);
}

fn count(node: &mut Node<u32>, calls: i64) {
    node.update(Instant::default(), |writer| CALLS.add(writer, calls)).expect("it fits");
}

fn calls(node: &Node<u32>) -> i128 {
    CALLS.read(node.table())
}

fn events(node: &mut Node<u32>) -> Vec<Event<u32>> {
    std::iter::from_fn(|| node.poll_event()).collect()
}

fn refusals(node: &mut Node<u32>) -> BTreeSet<String> {
    let mut refused = BTreeSet::new();
    for event in events(node) {
        if let Event::RowRefused { reason, .. } = event {
            refused.insert(format!("{reason:?}"));
        }
    }
    refused
}

fn knows(node: &Node<u32>, number: u32) -> bool {
    node.members().any(|member| member.life.replica == replica(number))
}

#[test]
fn members_with_certificates_share_a_table_and_sign_once_an_update() {
    let [mut ann, mut bob, mut carl] = [node(1), node(2), node(3)];
    bob.join(at(0), 1);
    carl.join(at(0), 1);
    run(&mut [&mut ann, &mut bob, &mut carl], at(5_000));
    assert!(knows(&ann, 2) && knows(&ann, 3) && knows(&carl, 2));
    let before = [&ann, &bob, &carl].map(|node| node.stats());
    for round in 0..10u64 {
        // Many writes between two datagrams are one head.
        (0..5).for_each(|_| {
            let now = at(5_000 + round * 1_000);
            ann.update(now, |writer| CALLS.add(writer, 1)).expect("it fits");
        });
        run(&mut [&mut ann, &mut bob, &mut carl], at(6_000 + round * 1_000));
    }
    assert_eq!([&ann, &bob, &carl].map(calls), [50; 3]);
    let signed = ann.stats().heads_signed - before[0].heads_signed;
    assert_eq!(signed, 10, "one signature for each burst");
    for (node, before) in [&bob, &carl].into_iter().zip(&before[1..]) {
        assert_eq!(node.stats().signatures_verified - before.signatures_verified, 10);
        assert_eq!(node.stats().signatures_refused, 0);
    }
}

#[test]
fn who_is_not_let_in_is_no_member_and_changes_nothing() {
    let late = Subject { not_after: UNIX.as_secs() - 1, ..subject(2) };
    let stranger = |certificate| {
        let fleet = key(2_000_000).public();
        let signing = Signing::certified(key(2), certificate, fleet);
        node_with(2, 2, signing)
    };
    let forged = Certificate::issue(&key(2_000_000), CLUSTER, subject(2));
    let listed = node_with(2, 2, Signing::listed(key(2), [key(1).public()]));
    let unsigned = node_with(2, 2, Trust::Unsigned);
    for mut bob in [certified(2, late), stranger(forged), listed, unsigned] {
        let mut ann = node(1);
        count(&mut bob, 1);
        bob.join(at(0), 1);
        run(&mut [&mut ann, &mut bob], at(5_000));
        assert!(!knows(&ann, 2));
        assert_eq!(calls(&ann), 0);
        assert_eq!(ann.table().len(), 1, "ann's own introduction");
    }
}

#[test]
fn a_list_lets_in_whom_it_names() {
    let members = [1, 2].map(|number| key(number).public());
    let listed =
        |number| node_with(number, u64::from(number), Signing::listed(key(number), members));
    let [mut ann, mut bob, mut eve] = [listed(1), listed(2), listed(3)];
    bob.join(at(0), 1);
    eve.join(at(0), 1);
    run(&mut [&mut ann, &mut bob, &mut eve], at(5_000));
    assert!(knows(&ann, 2) && knows(&bob, 1));
    assert!(!knows(&ann, 3) && !knows(&bob, 3));
    assert_eq!(refusals(&mut ann), ["NotAdmitted".to_owned()].into());
}

#[test]
fn a_member_writes_where_its_certificate_says() {
    let only = Spaces::Only([Space::STATS].into());
    let (mut ann, mut bob) = (node(1), certified(2, Subject { spaces: only, ..subject(2) }));
    count(&mut bob, 1);
    const RATE: Column<PnCounter> = Column::new(Space::STATS, "rate");
    bob.update(at(0), |writer| RATE.add(writer, 1)).expect("it fits");
    bob.join(at(0), 1);
    run(&mut [&mut ann, &mut bob], at(5_000));
    assert!(knows(&ann, 2));
    assert_eq!((RATE.read(ann.table()), calls(&ann)), (1, 0));
    assert_eq!(refusals(&mut ann), ["NotAdmitted".to_owned()].into());
}

#[test]
fn a_member_calls_itself_what_its_certificate_does() {
    let named = Subject { name: "bob".to_owned(), ..subject(2) };
    let certificate = Certificate::issue(&fleet(), CLUSTER, named);
    let made = |name: &str| {
        let signing = Signing::certified(key(2), certificate.clone(), fleet().public());
        let identity = Identity { replica: replica(2), name: name.to_owned(), address: 2 };
        Node::new(Instant::default(), UNIX, identity, config(signing), 2)
    };
    let mut ann = node(1);
    let mut bob = made("bob");
    bob.join(at(0), 1);
    run(&mut [&mut ann, &mut bob], at(2_000));
    assert!(knows(&ann, 2));
    assert!(std::panic::catch_unwind(|| made("ann")).is_err());
    // Eve changes the name after she was made.
    let (mut ann, mut eve) = (node(1), made("bob"));
    let rename = |writer: &mut Writer<'_>| -> Result<_, WriteError> {
        writer.set(Space::SELF, Key::raw("name"), Bytes::copy_from(b"ann"))
    };
    eve.update(at(0), rename).expect("it fits");
    eve.join(at(0), 1);
    run(&mut [&mut ann, &mut eve], at(2_000));
    assert!(!knows(&ann, 2));
}

#[test]
fn rows_of_a_stranger_wait_until_it_is_introduced() {
    let [mut ann, mut bob, mut carl] = [node(1), node(2), node(3)];
    bob.join(at(0), 1);
    carl.join(at(0), 1);
    run(&mut [&mut ann, &mut bob, &mut carl], at(5_000));
    // Dora meets bob alone, and bob tells carl of her counter.
    let mut dora = node(4);
    count(&mut dora, 7);
    dora.join(at(5_000), 2);
    run_with(&mut [&mut ann, &mut bob, &mut carl, &mut dora], at(15_000), |from, to| {
        from + to != 4 + 3 && from + to != 4 + 1 || from == 3 || to == 3 && from == 2
    });
    assert_eq!([&ann, &bob, &carl].map(calls), [7; 3]);
}

#[test]
fn an_honest_restart_keeps_what_was_written() {
    let (mut ann, mut bob) = (node(1), node(2));
    bob.join(at(0), 1);
    count(&mut bob, 5);
    run(&mut [&mut ann, &mut bob], at(3_000));
    // What was written last was never sent, and is not signed yet.
    bob.update(at(3_000), |writer| CALLS.add(writer, 1)).expect("it fits");
    let rows: Vec<_> = bob.table().rows().cloned().collect();
    let certificate = Certificate::issue(&fleet(), CLUSTER, subject(2));
    let signing = Signing::certified(key(2), certificate, fleet().public());
    let mut again = node_with(2, 22, signing);
    again.restore(at(3_000), rows);
    again.join(at(3_000), 1);
    run(&mut [&mut ann, &mut again], at(6_000));
    assert_eq!([&ann, &again].map(calls), [6; 2]);
}

#[test]
fn a_disk_is_not_believed() {
    let (mut ann, mut eve) = (node(1), node_with(2, 2, Trust::Unsigned));
    count(&mut eve, 9);
    ann.restore(at(0), eve.table().rows().cloned().collect::<Vec<_>>());
    assert_eq!((calls(&ann), ann.table().len()), (0, 1));
}

#[test]
fn who_asks_for_too_much_to_be_verified_waits() {
    let mut bob = node(2);
    let spaces = 10..=200;
    for space in spaces.clone().map(Space) {
        bob.update(at(0), |writer| writer.set(space, Key::raw("k"), Bytes::default()))
            .expect("it fits");
    }
    let certificate = Certificate::issue(&fleet(), CLUSTER, subject(1));
    let signing = Signing::certified(key(1), certificate, fleet().public());
    let mut ann = node_with(1, 1, Signing { verifications_per_second: 50, ..signing });
    ann.join(at(0), 2);
    run(&mut [&mut ann, &mut bob], at(900));
    let verified = ann.stats().signatures_verified;
    assert!((20..=60).contains(&verified), "{verified}");
    run(&mut [&mut ann, &mut bob], at(60_000));
    assert_eq!(
        ann.table().version_vector(),
        bob.table().version_vector(),
        "in the end it is all there"
    );
}

/// Ann and bob, carl and dora, and eve, who runs one life twice: she tells the first two one thing, and the
/// others so many. Then the halves meet.
fn told_by_a_liar(others_are_told: i64) -> [Node<u32>; 4] {
    let mut nodes = [1, 2, 3, 4].map(node);
    let [ann, bob, carl, dora] = &mut nodes;
    bob.join(at(0), 1);
    carl.join(at(0), 4);
    let (mut eve, mut twin) = (node(5), node(5));
    eve.join(at(0), 1);
    twin.join(at(0), 3);
    run(&mut [&mut *ann, &mut *bob, &mut eve], at(4_000));
    run(&mut [&mut *carl, &mut *dora, &mut twin], at(4_000));
    eve.update(at(4_000), |writer| CALLS.add(writer, 10)).expect("it fits");
    for _ in 0..others_are_told {
        twin.update(at(4_000), |writer| CALLS.add(writer, 20)).expect("it fits");
    }
    run(&mut [&mut *ann, &mut *bob, &mut eve], at(4_100));
    run(&mut [&mut *carl, &mut *dora, &mut twin], at(4_100));
    assert_eq!((calls(bob), calls(dora)), (10, 20 * i128::from(others_are_told)));
    assert_eq!(eve.life(), twin.life());
    carl.join(at(4_100), 1);
    run(&mut [&mut *ann, &mut *bob, &mut *carl, &mut *dora], at(10_000));
    nodes
}

#[test]
fn whom_a_liar_told_less_takes_what_it_told_the_others() {
    let nodes = told_by_a_liar(2);
    assert_eq!(nodes.each_ref().map(calls), [40; 4]);
    assert!(nodes.iter().all(|node| node.table() == nodes[0].table()));
}

#[test]
fn a_liar_is_found_out_and_evicted_by_all() {
    let [mut ann, mut bob, mut carl, mut dora] = told_by_a_liar(1);
    let mut proofs = Vec::new();
    for node in [&mut ann, &mut bob, &mut carl, &mut dora] {
        assert_eq!(calls(node), 0, "what eve wrote is gone");
        assert!(node.table().rows().all(|row| row.id().life.replica != replica(5)));
        assert!(!knows(node, 5));
        for event in events(node) {
            if let Event::Equivocation { proof, .. } = event {
                proofs.push(*proof);
            }
        }
    }
    assert_eq!(proofs.len(), 4, "each was told why");
    let bytes = proofs[0].encode();
    let proof = Proof::decode(&bytes).expect("it was encoded");
    assert!(proof.holds_in(CLUSTER) && !proof.holds_in("another cluster"));
    assert_eq!(proof.replica(), replica(5));
}

#[test]
fn a_revocation_drops_rows_everywhere_and_newcomers_refuse_them_too() {
    let mut nodes = [1, 2, 3].map(node);
    let [ann, bob, eve] = &mut nodes;
    bob.join(at(0), 1);
    eve.join(at(0), 1);
    [&mut *ann, &mut *bob, &mut *eve].into_iter().for_each(|node| count(node, 100));
    run(&mut [&mut *ann, &mut *bob, &mut *eve], at(5_000));
    assert_eq!(calls(bob), 300);
    let forged = Revocation::issue(&key(3), CLUSTER, replica(2), UNIX.as_secs());
    assert!(!ann.revoke(at(5_000), &forged), "eve is no authority");
    let other = Revocation::issue(&fleet(), "another cluster", replica(3), UNIX.as_secs());
    assert!(!ann.revoke(at(5_000), &other));
    let revocation = Revocation::issue(&fleet(), CLUSTER, replica(3), UNIX.as_secs());
    let carried = Revocation::decode(&revocation.encode()).expect("it was encoded");
    assert!(ann.revoke(at(5_000), &carried));
    run(&mut [&mut *ann, &mut *bob], at(8_000));
    assert_eq!([&*ann, &*bob].map(calls), [200; 2]);
    assert!(events(bob).contains(&Event::Revoked { replica: replica(3) }));
    // Eve writes on, and begins a new life; a newcomer hears of her first.
    let mut dora = node(4);
    dora.join(at(8_000), 3);
    count(eve, 1);
    run_with(&mut [&mut *eve, &mut dora], at(9_000), |_, _| true);
    assert!(knows(&dora, 3));
    dora.join(at(9_000), 2);
    run(&mut [&mut *ann, &mut *bob, &mut *eve, &mut dora], at(20_000));
    assert_eq!([&*ann, &*bob, &dora].map(calls), [200; 3]);
    assert!(!knows(&dora, 3));
    assert!(events(eve).contains(&Event::Revoked { replica: replica(3) }), "she is told");
    let mut again = node_with(3, 33, {
        let certificate = Certificate::issue(&fleet(), CLUSTER, subject(3));
        Signing::certified(key(3), certificate, fleet().public())
    });
    again.join(at(20_000), 1);
    run(&mut [&mut *ann, &mut *bob, &mut dora, &mut again], at(25_000));
    assert!([&*ann, &*bob, &dora].iter().all(|node| !knows(node, 3)));
}

#[test]
fn a_revocation_outlives_who_told_it() {
    let mut nodes = [1, 2, 3, 4].map(node);
    let [ann, bob, eve, carl] = &mut nodes;
    [&mut *bob, &mut *eve, &mut *carl].into_iter().for_each(|node| node.join(at(0), 1));
    count(eve, 100);
    run(&mut [&mut *ann, &mut *bob, &mut *eve, &mut *carl], at(5_000));
    assert_eq!([&*bob, &*carl].map(calls), [100; 2]);
    // While carl is away ann is told, and tells bob. Then ann has to go herself, and what she wrote goes with her.
    let revoke = |number| Revocation::issue(&fleet(), CLUSTER, replica(number), UNIX.as_secs());
    assert!(ann.revoke(at(5_000), &revoke(3)));
    run(&mut [&mut *ann, &mut *bob], at(8_000));
    let notices = |node: &Node<u32>| {
        node.table().rows_in(Space(255)).map(|row| row.iter().count()).sum::<usize>()
    };
    assert_eq!((calls(bob), notices(bob)), (0, 1));
    assert!(bob.revoke(at(8_000), &revoke(1)));
    assert_eq!(notices(bob), 1, "nobody tells of eve any more");
    // Carl still holds eve's rows. He hears why bob does not take them.
    run(&mut [&mut *bob, &mut *carl], at(30_000));
    assert_eq!([&*bob, &*carl].map(calls), [0; 2]);
    assert!(!knows(carl, 3) && *bob.table() == *carl.table());
    assert!(events(carl).contains(&Event::Revoked { replica: replica(3) }));
    assert_eq!(notices(bob), 2, "once each");
}

#[test]
fn no_bit_of_a_certificate_a_proof_or_a_revocation_can_be_changed() {
    let flips = |bytes: Vec<u8>| {
        (0..bytes.len() * 8).map(move |bit| {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        })
    };
    let named = Subject {
        name: "bob".to_owned(),
        spaces: Spaces::Only([Space::SHARED].into()),
        ..subject(2)
    };
    let certificate = Certificate::issue(&fleet(), CLUSTER, named);
    assert!(certificate.is_of(&fleet().public(), CLUSTER));
    for flipped in flips(certificate.encode()) {
        let decoded = Certificate::decode(&flipped);
        assert!(!decoded.is_ok_and(|it| it.is_of(&fleet().public(), CLUSTER)));
    }
    let revocation = Revocation::issue(&fleet(), CLUSTER, replica(2), 1);
    for flipped in flips(revocation.encode()) {
        let decoded = Revocation::decode(&flipped);
        assert!(!decoded.is_ok_and(|it| it.is_of(&fleet().public(), CLUSTER)));
    }
}

#[test]
fn secrets_are_not_printed() {
    let secret = key(1);
    let hex: String = secret.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let printed = format!("{secret:?} {:?} {:?}", node(1), config(Signing::listed(key(1), [])));
    let list = format!("{:?}", secret.as_bytes());
    assert!(!printed.contains(&hex) && !printed.contains(list.trim_matches(['[', ']'])));
}

#[test]
#[should_panic = "the id of a replica that signs is that of its key"]
fn a_node_signs_for_itself_alone() {
    let identity = Identity { replica: replica(2), name: String::new(), address: 1 };
    let signing = Signing::listed(key(1), [key(1).public()]);
    drop(Node::new(Instant::default(), UNIX, identity, config(signing), 1));
}
