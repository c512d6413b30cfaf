//! The task that a node runs in: it moves bytes, time and commands in, and bytes and events out.

use std::{collections::BTreeSet, io, net::SocketAddr, pin::pin, time::Duration};

use rumormill_core::{
    DATAGRAM_LEN_MIN, Freshness, Instant, KeyRing, Member, Revocation,
    crdt::{Bookmark, ReplicaId, Table, Writer},
};
use tokio::{
    net::UdpSocket,
    sync::{broadcast, mpsc, watch},
    time::{self, Instant as TokioInstant},
};

use crate::{Event, Handle, Settings, Stats, recorded::RecordedNode};

/// Something to do with the driver between two inputs.
pub(crate) type Command = Box<dyn FnOnce(&mut Driver) + Send>;

/// The most commands that wait; more make their callers wait.
const COMMANDS_MAX: usize = 64;

/// The most events that wait for a subscriber before it misses some: as many as a node keeps.
const EVENTS_MAX: usize = 256;

/// The most datagrams taken in before time is looked at: about what a socket buffer of common
/// size holds. A node that was stopped for a while must hear what came meanwhile before it judges
/// who was silent, and a flood must not keep it from its timers.
const BATCH_MAX: usize = 256;

/// No UDP datagram is longer.
const RECEIVE_LEN: usize = 65_536;

/// The longest wait for others to be told that we leave.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// A far future, for a timer that has nothing to wait for.
const FAR: Duration = Duration::from_secs(86_400 * 365);

/// A node and the socket it talks through.
///
/// Fields are dropped in order: whoever finds the command channel closed finds the address free.
pub(crate) struct Driver {
    socket: UdpSocket,
    node: RecordedNode,
    /// The origin of the node's monotonic clock.
    start: TokioInstant,
    wall_clock: fn() -> Duration,
    blocked: BTreeSet<SocketAddr>,
    socket_stats: Stats,
    leaving: Leaving,
    /// The moment and the fingerprint of the table that was last announced to watchers.
    announced: (Bookmark, u64),
    changes: watch::Sender<u64>,
    events: broadcast::Sender<Event>,
    receive_buffer: Vec<u8>,
    send_buffer: [u8; DATAGRAM_LEN_MIN],
    commands: mpsc::Receiver<Command>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    No,
    Until(Instant),
    Done,
}

impl Driver {
    pub(crate) fn spawn(socket: UdpSocket, mut node: RecordedNode, settings: Settings) -> Handle {
        let Settings { join, restore, wall_clock, .. } = settings;
        let now = Instant::default();
        node.restore(now, restore);
        for seed in join {
            node.join(now, seed);
        }
        let (address, replica) = (node.identity().address, node.identity().replica);
        let (commands_in, commands) = mpsc::channel(COMMANDS_MAX);
        let (changes, changes_out) = watch::channel(0);
        let driver = Self {
            socket,
            announced: (node.table().bookmark(), node.table().fingerprint()),
            node,
            start: TokioInstant::now(),
            wall_clock,
            blocked: BTreeSet::new(),
            socket_stats: Stats::default(),
            leaving: Leaving::No,
            changes,
            events: broadcast::channel(EVENTS_MAX).0,
            receive_buffer: vec![0; RECEIVE_LEN],
            send_buffer: [0; DATAGRAM_LEN_MIN],
            commands,
        };
        let task = tokio::spawn(driver.run()).abort_handle();
        Handle { commands: commands_in, changes: changes_out, task, address, replica }
    }

    async fn run(mut self) {
        let mut timer = pin!(time::sleep_until(self.start));
        while self.leaving != Leaving::Done {
            tokio::select! {
                Ok(()) = self.socket.readable() => {}
                Ok(()) = self.socket.writable(), if self.node.has_transmit() => {}
                command = self.commands.recv() => match command {
                    Some(command) => command(&mut self),
                    None => return,
                },
                () = &mut timer => {}
            }
            // The machine may have slept: what comes first is to find the node awake.
            self.node.handle_wall_clock(self.now(), (self.wall_clock)());
            self.receive();
            self.handle_timeout();
            self.transmit();
            self.announce();
            self.node.flush();
            timer.as_mut().reset(self.poll_timeout());
        }
    }

    pub(crate) fn update<R>(&mut self, edit: impl FnOnce(&mut Writer<'_>) -> R) -> R {
        self.node.update(self.now(), edit)
    }

    pub(crate) fn table(&self) -> &Table {
        self.node.table()
    }

    pub(crate) fn subscribe(&mut self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = Member<'_, SocketAddr>> {
        self.node.members()
    }

    pub(crate) fn freshness(&self) -> Freshness {
        self.node.freshness()
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            node: self.node.stats(),
            log_broken: self.node.is_log_broken(),
            ..self.socket_stats
        }
    }

    pub(crate) fn join(&mut self, seed: SocketAddr) {
        self.node.join(self.now(), seed);
    }

    pub(crate) fn set_keys(&mut self, keys: &KeyRing) {
        self.node.set_keys(self.now(), keys);
    }

    pub(crate) fn revoke(&mut self, revocation: &Revocation) -> bool {
        self.node.revoke(self.now(), revocation)
    }

    pub(crate) fn evict(&mut self, replica: ReplicaId) {
        self.node.evict(self.now(), replica);
    }

    pub(crate) fn pardon(&mut self, replica: ReplicaId) {
        self.node.pardon(self.now(), replica);
    }

    pub(crate) fn leave(&mut self) {
        if self.leaving == Leaving::No {
            self.leaving = Leaving::Until(self.now() + LEAVE_WITHIN);
            self.node.leave(self.now());
        }
    }

    pub(crate) fn block(&mut self, peers: BTreeSet<SocketAddr>) {
        self.blocked = peers;
    }

    /// Takes in what the socket holds, up to a batch.
    fn receive(&mut self) {
        for _ in 0..BATCH_MAX {
            match self.socket.try_recv_from(&mut self.receive_buffer) {
                Ok((_, from)) if self.blocked.contains(&from) => self.socket_stats.blocked += 1,
                Ok((len, from)) => {
                    let now = self.now();
                    self.node.handle_datagram(now, from, &self.receive_buffer[..len]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // An earlier datagram of ours found nobody. Silence will tell.
                Err(_) => self.socket_stats.socket_errors += 1,
            }
        }
    }

    fn handle_timeout(&mut self) {
        let now = self.now();
        if self.node.poll_timeout().is_some_and(|due| due <= now) {
            self.node.handle_timeout(now);
        }
        if matches!(self.leaving, Leaving::Until(deadline) if deadline <= now) {
            self.leaving = Leaving::Done;
        }
    }

    /// Sends what there is to say until the socket is full. What stays queued goes out when there
    /// is room, fresher.
    fn transmit(&mut self) {
        while let Some(datagram) = self.node.poll_transmit(&mut self.send_buffer) {
            if self.blocked.contains(&datagram.to) {
                self.socket_stats.blocked += 1;
                continue;
            }
            match self.socket.try_send_to(datagram.payload, datagram.to) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.socket_stats.socket_full += 1;
                    return;
                }
                Err(_) => self.socket_stats.socket_errors += 1,
            }
        }
    }

    /// Tells watchers and subscribers what is new.
    fn announce(&mut self) {
        let (table, announced) = (self.node.table(), self.announced);
        // Growth shows in the one, and rows that were dropped in the other.
        let shown = (table.bookmark(), table.fingerprint());
        if shown != announced {
            self.announced = shown;
            self.changes.send_modify(|changes| *changes += 1);
        }
        while self.leaving != Leaving::No || self.events.receiver_count() > 0 {
            let Some(event) = self.node.poll_event() else { return };
            if event == Event::Left {
                self.leaving = Leaving::Done;
            }
            // With nobody subscribed, a node that leaves has nobody to tell.
            let _ = self.events.send(event);
        }
    }

    fn poll_timeout(&self) -> TokioInstant {
        let deadline = match self.leaving {
            Leaving::Until(deadline) => Some(deadline),
            Leaving::No | Leaving::Done => None,
        };
        let due = self.node.poll_timeout().into_iter().chain(deadline).min();
        self.start + due.map_or(FAR, Instant::since_origin).min(FAR)
    }

    fn now(&self) -> Instant {
        Instant::new(self.start.elapsed())
    }
}
