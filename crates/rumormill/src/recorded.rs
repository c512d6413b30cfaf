//! A node that logs what happens to it.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    net::SocketAddr,
    ops::Deref,
    path::Path,
    sync::Arc,
    time::Duration,
};

use rumormill_core::{
    Instant, KeyRing, Node, Revocation, Transmit,
    crdt::{Bytes, Key, ReplicaId, Row, Writer},
};

use crate::{
    Event,
    recording::{Begun, Entry, Input, Output, write_begun, write_entry},
};

/// A node, and the log of its inputs, if there is one. What changes the node goes through here.
pub(crate) struct RecordedNode {
    node: Node<SocketAddr>,
    log: Option<BufWriter<File>>,
    is_log_broken: bool,
}

impl RecordedNode {
    /// Starts a node, and its log in a new file.
    pub(crate) fn start(begun: Begun, log: Option<&Path>) -> io::Result<Self> {
        let mut log = log.map(File::create).transpose()?.map(BufWriter::new);
        if let Some(log) = &mut log {
            write_begun(log, &begun)?;
        }
        Ok(Self { node: begun.start(), log, is_log_broken: false })
    }

    pub(crate) const fn is_log_broken(&self) -> bool {
        self.is_log_broken
    }

    /// Hands what was logged to the operating system.
    pub(crate) fn flush(&mut self) {
        self.write(Write::flush);
    }

    pub(crate) fn handle_wall_clock(&mut self, now: Instant, unix: Duration) {
        self.record(|| Entry::input(now, Input::WallClock { unix }));
        self.node.handle_wall_clock(now, unix);
    }

    pub(crate) fn handle_datagram(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        self.record(|| Entry::input(now, Input::Datagram { from, bytes: bytes.to_vec() }));
        // What was rejected changed nothing, and the node counts it.
        let _ = self.node.handle_datagram(now, from, bytes);
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.record(|| Entry::input(now, Input::Timeout));
        self.node.handle_timeout(now);
    }

    pub(crate) fn join(&mut self, now: Instant, seed: SocketAddr) {
        self.record(|| Entry::input(now, Input::Join { seed }));
        self.node.join(now, seed);
    }

    pub(crate) fn leave(&mut self, now: Instant) {
        self.record(|| Entry::input(now, Input::Leave));
        self.node.leave(now);
    }

    /// The log ends here: without the new keys nobody goes on from it.
    pub(crate) fn set_keys(&mut self, now: Instant, keys: &KeyRing) {
        self.flush();
        self.log = None;
        self.node.set_keys(now, keys);
    }

    pub(crate) fn revoke(&mut self, now: Instant, revocation: &Revocation) -> bool {
        self.record(|| Entry::input(now, Input::Revoke { revocation: revocation.clone() }));
        self.node.revoke(now, revocation)
    }

    pub(crate) fn evict(&mut self, now: Instant, replica: ReplicaId) {
        self.record(|| Entry::input(now, Input::Evict { replica }));
        self.node.evict(now, replica);
    }

    pub(crate) fn pardon(&mut self, now: Instant, replica: ReplicaId) {
        self.record(|| Entry::input(now, Input::Pardon { replica }));
        self.node.pardon(now, replica);
    }

    pub(crate) fn restore(&mut self, now: Instant, rows: Vec<Arc<Row<Key, Bytes>>>) {
        self.record(|| {
            let whole = rows.iter().filter_map(|row| row.delta_since(0, usize::MAX));
            Entry::input(now, Input::Restore { rows: whole.collect() })
        });
        self.node.restore(now, rows);
    }

    pub(crate) fn update<R>(&mut self, now: Instant, edit: impl FnOnce(&mut Writer<'_>) -> R) -> R {
        if self.log.is_none() {
            return self.node.update(now, edit);
        }
        let (result, steps) = self.node.update_recorded(now, edit);
        self.record(|| Entry::input(now, Input::Edit { steps }));
        result
    }

    pub(crate) fn poll_transmit<'b>(
        &mut self,
        buf: &'b mut [u8],
    ) -> Option<Transmit<'b, SocketAddr>> {
        let transmit = self.node.poll_transmit(buf);
        if let Some(log) = &mut self.log {
            let entry = Entry::Output(Output::of_transmit(transmit.as_ref()));
            self.is_log_broken |= write_entry(log, &entry).is_err();
        }
        transmit
    }

    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        let event = self.node.poll_event();
        self.record(|| Entry::Output(Output::of_event(event.as_ref())));
        event
    }

    fn record(&mut self, entry: impl FnOnce() -> Entry) {
        self.write(|log| write_entry(log, &entry()));
    }

    /// A log with a hole would be worse than none, so it ends with the first error.
    fn write(&mut self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) {
        let Some(log) = &mut self.log else { return };
        if self.is_log_broken || write(log).is_err() {
            self.log = None;
            self.is_log_broken = true;
        }
    }
}

/// To read from. There is no way around the log to change it.
impl Deref for RecordedNode {
    type Target = Node<SocketAddr>;

    fn deref(&self) -> &Self::Target {
        &self.node
    }
}
