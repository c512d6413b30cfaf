//! Nodes on loopback sockets, two or three at a time.

use std::{
    collections::BTreeSet,
    error::Error,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, SystemTime},
};

use rumormill::{
    Column, Config, Event, Handle, Liveness, OrSet, PnCounter, ReplicaId, Settings, Space,
    SpawnError, Stopped, spawn,
};
use tokio::time::timeout;

const SKILLS: Column<OrSet<String>> = Column::new(Space::SHARED, "skills");
const CALLS: Column<PnCounter> = Column::new(Space::STATS, "calls");

/// Far more than anything here takes; only a node that hangs gets there.
const HANGS: Duration = Duration::from_secs(60);

type Done = Result<(), Box<dyn Error>>;

#[tokio::test]
async fn what_one_writes_both_read() -> Done {
    let a = spawn(settings("a")).await?;
    let b = spawn(Settings { join: vec![a.address()], ..settings("b") }).await?;

    a.update(|writer| SKILLS.insert(writer, &"search".to_owned())).await??;
    a.update(|writer| CALLS.add(writer, 30)).await??;
    b.update(|writer| CALLS.add(writer, 12)).await??;
    for node in [&a, &b] {
        let both = node.until(|table| (CALLS.read(table) == 42).then(|| SKILLS.read(table)));
        assert_eq!(timeout(HANGS, both).await??, BTreeSet::from(["search".to_owned()]));
    }

    assert!(b.update(|writer| SKILLS.remove(writer, &"search".to_owned())).await??);
    let empty = a.until(|table| SKILLS.read(table).is_empty().then_some(()));
    timeout(HANGS, empty).await??;
    Ok(())
}

#[tokio::test]
async fn members_come_and_leave() -> Done {
    let a = spawn(settings("a")).await?;
    let mut events = a.events().await?;
    let b = spawn(Settings { join: vec![a.address()], ..settings("b") }).await?;

    let replica = b.replica();
    next(&mut events, |it| *it == Event::Member { replica, liveness: Liveness::Alive }).await?;
    let members = a.members().await?;
    assert_eq!(members.len(), 1);
    assert_eq!((members[0].name.as_str(), members[0].address), ("b", b.address()));

    timeout(HANGS, b.leave()).await??;
    assert_eq!(b.leave().await, Err(Stopped));
    next(&mut events, |it| *it == Event::Member { replica, liveness: Liveness::Left }).await?;
    Ok(())
}

#[tokio::test]
async fn a_killed_node_is_dead_and_alive_in_its_next_life() -> Done {
    let a = spawn(settings("a")).await?;
    let mut events = a.events().await?;
    let first = spawn(Settings { join: vec![a.address()], ..settings("b") }).await?;
    let replica = first.replica();
    first.update(|writer| CALLS.add(writer, 30)).await??;
    timeout(HANGS, a.until(|table| (CALLS.read(table) == 30).then_some(()))).await??;

    first.abort();
    timeout(HANGS, first.stopped()).await?;
    assert_eq!(first.read(|_| ()).await, Err(Stopped));
    next(&mut events, |it| *it == Event::Member { replica, liveness: Liveness::Dead }).await?;

    let second = spawn(Settings { join: vec![a.address()], ..settings("b") }).await?;
    second.update(|writer| CALLS.add(writer, 12)).await??;
    next(&mut events, |it| *it == Event::Member { replica, liveness: Liveness::Alive }).await?;
    for node in [&a, &second] {
        let both_lives = node.until(|table| (CALLS.read(table) == 42).then_some(()));
        timeout(HANGS, both_lives).await??;
    }
    Ok(())
}

#[tokio::test]
async fn rows_that_were_kept_count_from_the_start() -> Done {
    let a = spawn(settings("a")).await?;
    a.update(|writer| CALLS.add(writer, 42)).await??;
    let restore = a.read(|table| table.rows().cloned().collect()).await?;
    a.abort();
    let again = spawn(Settings { restore, ..settings("a") }).await?;
    assert_eq!(again.read(|table| CALLS.read(table)).await?, 42);
    Ok(())
}

#[tokio::test]
async fn a_bind_address_in_use_is_refused_with_advice() -> Done {
    let a = spawn(settings("a")).await?;
    let taken = a.address();
    let error = spawn(Settings { bind: taken, ..settings("b") }).await.unwrap_err();
    assert!(matches!(error, SpawnError::AddressInUse { bind } if bind == taken), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "{taken} is in use by another socket; stop its owner, bind another address, or bind \
             port 0 to be given a free port"
        )
    );
    Ok(())
}

#[tokio::test]
async fn an_address_that_nobody_can_reach_is_not_advertised() -> Done {
    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let error = spawn(Settings { bind: everywhere, ..settings("a") }).await.unwrap_err();
    assert!(matches!(error, SpawnError::AdvertiseMissing { .. }), "{error:?}");
    let advertise = Some("192.0.2.1:7000".parse()?);
    let a = spawn(Settings { bind: everywhere, advertise, ..settings("a") }).await?;
    assert_eq!(Some(a.address()), advertise);
    Ok(())
}

#[tokio::test]
async fn a_silent_seed_is_reported_and_tried_until_it_answers() -> Done {
    let a = spawn(settings("a")).await?;
    let b = spawn(settings("b")).await?;
    a.block(BTreeSet::from([b.address()])).await?;
    b.join(a.address()).await?;

    let mut events = b.events().await?;
    let unreachable = |event: &Event| matches!(event, Event::SeedUnreachable { .. });
    let first = next(&mut events, unreachable).await?;
    let second = next(&mut events, unreachable).await?;
    assert_ne!(first, second, "it is tried again, and later");

    a.block(BTreeSet::new()).await?;
    let (replica, liveness) = (a.replica(), Liveness::Alive);
    next(&mut events, |it| *it == Event::Member { replica, liveness }).await?;
    Ok(())
}

#[tokio::test]
async fn a_port_that_is_closed_ends_nothing() -> Done {
    let closed = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let a = spawn(Settings { join: vec![closed], ..settings("a") }).await?;
    let mut events = a.events().await?;
    next(&mut events, |it| matches!(it, Event::SeedUnreachable { .. })).await?;
    assert!(a.stats().await?.node.datagrams_sent > 0);
    Ok(())
}

#[tokio::test]
async fn two_nodes_with_one_identity_are_told() -> Done {
    let a = spawn(settings("a")).await?;
    let mut events = a.events().await?;
    let replica = a.replica();
    let twin = spawn(Settings { join: vec![a.address()], replica, ..settings("b") }).await?;
    let conflict = next(&mut events, |it| matches!(it, Event::IdentityConflict { .. })).await?;
    let Event::IdentityConflict { other } = conflict else { unreachable!() };
    assert_eq!(other.replica, twin.replica());
    Ok(())
}

#[tokio::test]
async fn a_clock_a_year_ahead_is_refused_and_told() -> Done {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);
    let in_a_year = || YEAR + SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let a = spawn(settings("a")).await?;
    let mut events = a.events().await?;
    let join = vec![a.address()];
    let b = spawn(Settings { join, wall_clock: in_a_year, ..settings("b") }).await?;
    b.update(|writer| CALLS.add(writer, 42)).await??;
    let ahead = next(&mut events, |it| matches!(it, Event::ClockAhead { .. })).await?;
    let Event::ClockAhead { replica, by } = ahead else { unreachable!() };
    assert_eq!(replica, b.replica());
    assert!(by > YEAR - HANGS, "{by:?}");
    let rows = move |table: &rumormill::Table| {
        table.rows().filter(|row| row.id().life.replica == replica).count()
    };
    assert_eq!(a.read(rows).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_name_that_fits_no_cell_is_refused() {
    let error = spawn(settings(&"n".repeat(257))).await.unwrap_err();
    assert!(matches!(error, SpawnError::NameTooLong { len: 257 }), "{error:?}");
}

#[tokio::test]
async fn a_node_without_handles_stops() -> Done {
    let a = spawn(settings("a")).await?;
    let mut changes = a.watch();
    drop(a);
    let stopped = async { while changes.changed().await.is_ok() {} };
    timeout(HANGS, stopped).await?;
    Ok(())
}

/// On an address of its own, where nobody takes the port in between.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_node_that_has_stopped_frees_its_address() -> Done {
    let bind = SocketAddr::from((Ipv4Addr::new(127, 55, 0, 1), 0));
    let a = spawn(Settings { bind, ..settings("a") }).await?;
    a.abort();
    timeout(HANGS, a.stopped()).await?;
    let bind = a.address();
    let again = spawn(Settings { bind, ..settings("a") }).await?;
    timeout(HANGS, again.leave()).await??;
    spawn(Settings { bind, ..settings("a") }).await?;
    Ok(())
}

fn settings(name: &str) -> Settings {
    let config = Config {
        probe_every: Duration::from_millis(100),
        rumor_every: Duration::from_millis(50),
        seed_backoff: Duration::from_millis(20),
        ..Config::DEFAULT
    };
    let replica = ReplicaId::from_name(name);
    Settings { config, replica, ..Settings::new(name, (Ipv4Addr::LOCALHOST, 0).into()) }
}

async fn next(
    events: &mut tokio::sync::broadcast::Receiver<Event>,
    mut wanted: impl FnMut(&Event) -> bool,
) -> Result<Event, Box<dyn Error>> {
    let found = async {
        loop {
            let event = events.recv().await?;
            if wanted(&event) {
                return Ok(event);
            }
        }
    };
    timeout(HANGS, found).await?
}

/// Handles go wherever a program needs them.
const _: fn() = || {
    const fn check<T: Send + Sync + Clone>() {}
    check::<Handle>();
};
