//! A node that talks through Maelstrom: messages come on standard input, and leave on standard
//! output.

use std::{
    io::{self, BufRead, StdoutLock},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{self, Duration, SystemTime},
};

use rumormill::core::{Config, DATAGRAM_LEN_MIN, Identity, Instant, Node, crdt::ReplicaId};
use serde_json::{Value, json};

use super::{
    Message,
    service::{Request, Workload},
};
use crate::hex::{from_hex, to_hex};

/// The type of messages that carry datagrams between nodes.
const DATAGRAM: &str = "rumormill";

/// How many members are tried at first.
const SEEDS: usize = 3;

/// Runs until standard input ends.
pub(super) fn run(workload: Option<Workload>) -> io::Result<()> {
    let lines = read_lines();
    let start = time::Instant::now();
    let mut out = io::stdout().lock();
    let Some((init, cluster)) = wait_for_init(&lines) else { return Ok(()) };
    let mut served = Served { node: start_node(&cluster), cluster, start, workload, next_id: 0 };
    served.reply(&init, json!({ "type": "init_ok" }), &mut out)?;
    loop {
        served.transmit(&mut out)?;
        match lines.recv_timeout(served.wait()) {
            Ok(line) => served.handle_line(&line, &mut out)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        served.handle_timeout();
    }
}

/// Who we are, and who else there is. A node's address is its place in the list.
struct Cluster {
    ids: Vec<String>,
    own: u32,
}

struct Served {
    node: Node<u32>,
    cluster: Cluster,
    start: time::Instant,
    workload: Option<Workload>,
    next_id: u64,
}

fn read_lines() -> Receiver<String> {
    let (lines_in, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if lines_in.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Nothing else can be served before that.
fn wait_for_init(lines: &Receiver<String>) -> Option<(Message, Cluster)> {
    lines.iter().find_map(|line| {
        let init = Message::parse(&line).filter(|message| message.kind() == "init")?;
        let cluster = Cluster::parse(&init.body)?;
        Some((init, cluster))
    })
}

fn start_node(cluster: &Cluster) -> Node<u32> {
    let name = cluster.ids[cluster.own as usize].clone();
    let identity = Identity { replica: ReplicaId::from_name(&name), name, address: cluster.own };
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = Instant::default();
    let seed = u64::from(unix.subsec_nanos()) << 32 | u64::from(cluster.own);
    let mut node = Node::new(now, unix, identity, Config::DEFAULT, seed);
    let others = (0..).take(cluster.ids.len()).filter(|other| *other != cluster.own);
    others.take(SEEDS).for_each(|seed| node.join(now, seed));
    node
}

impl Cluster {
    fn parse(init: &Value) -> Option<Self> {
        let ids = init["node_ids"].as_array()?.iter();
        let ids: Option<Vec<_>> = ids.map(|id| Some(id.as_str()?.to_owned())).collect();
        let (ids, own) = (ids?, init["node_id"].as_str()?);
        let own = u32::try_from(ids.iter().position(|id| id == own)?).ok()?;
        Some(Self { ids, own })
    }

    fn id(&self, address: u32) -> &str {
        self.ids.get(address as usize).map_or("", |id| id)
    }

    fn address(&self, id: &str) -> Option<u32> {
        u32::try_from(self.ids.iter().position(|other| other == id)?).ok()
    }
}

impl Served {
    fn now(&self) -> Instant {
        Instant::new(self.start.elapsed())
    }

    fn wait(&self) -> Duration {
        self.node.poll_timeout().map_or(Duration::MAX, |due| due.since(self.now()))
    }

    fn handle_timeout(&mut self) {
        let now = self.now();
        if self.node.poll_timeout().is_some_and(|due| due <= now) {
            self.node.handle_timeout(now);
        }
    }

    fn handle_line(&mut self, line: &str, out: &mut StdoutLock<'_>) -> io::Result<()> {
        let Some(message) = Message::parse(line) else { return Ok(()) };
        if message.kind() == DATAGRAM {
            let from = self.cluster.address(&message.src);
            let bytes = message.body["payload"].as_str().and_then(from_hex);
            if let Some((from, bytes)) = from.zip(bytes) {
                // What was rejected changed nothing, and the node counts it.
                let _ = self.node.handle_datagram(self.now(), from, &bytes);
            }
            return Ok(());
        }
        let reply = self.serve(&message.body);
        self.reply(&message, reply, out)
    }

    fn serve(&mut self, body: &Value) -> Value {
        let now = self.now();
        match Request::parse(body, &mut self.workload) {
            Ok(request) => request.serve(self.workload, now, &mut self.node),
            Err(error) => error,
        }
    }

    fn reply(&mut self, to: &Message, body: Value, out: &mut StdoutLock<'_>) -> io::Result<()> {
        let Some(msg_id) = to.body.get("msg_id") else { return Ok(()) };
        let mut body = body;
        body["in_reply_to"] = msg_id.clone();
        body["msg_id"] = self.next_id.into();
        self.next_id += 1;
        let src = self.cluster.id(self.cluster.own).to_owned();
        Message { src, dest: to.src.clone(), body }.write(out)
    }

    fn transmit(&mut self, out: &mut StdoutLock<'_>) -> io::Result<()> {
        let mut buf = [0; DATAGRAM_LEN_MIN];
        while let Some(datagram) = self.node.poll_transmit(&mut buf) {
            let body = json!({ "type": DATAGRAM, "payload": to_hex(datagram.payload) });
            let src = self.cluster.id(self.cluster.own).to_owned();
            Message { src, dest: self.cluster.id(datagram.to).to_owned(), body }.write(out)?;
        }
        while self.node.poll_event().is_some() {}
        Ok(())
    }
}
