//! A stranger with a socket, and all it can say to an agent that runs.
//!
//! `RUMORMILL_STORM=1000000 cargo test --release -p rumormill-cli --test storm -- --nocapture` is the whole of it.
#![cfg(target_os = "linux")]

mod agent;

use std::{
    env, fs,
    net::{SocketAddr, UdpSocket},
    path::PathBuf,
    process, thread,
    time::{Duration, Instant},
};

use rumormill_fuzz::{Mutations, conversation, frame, sealed_conversation};
use serde_json::{Value, json};

use self::agent::{Agent, HANGS, rumormill};

/// How many datagrams there are in each population, unless `RUMORMILL_STORM` says otherwise.
const DATAGRAMS: usize = 20_000;

/// So many are sent, then it is waited until the agent has read them: a socket of common size holds three
/// times as many of the longest.
const BURST: usize = 32;

/// The whole storm ends after this time, wherever it is.
const ENDS: Duration = Duration::from_secs(15 * 60);

/// The most by which the agent may grow, in KiB.
const GROWTH_MAX: u64 = 8 * 1_024;

/// The bytes of an open frame.
const FRAME_LEN: usize = 9;

#[test]
fn whoever_has_no_name_of_the_population_does_no_harm() {
    let named = ["--cluster", "ships"];
    let ann = Agent::start("ann", &named);
    let bob = Agent::start("bob", &[&named[..], &["--join", &ann.address]].concat());
    let storm = Storm::new(&conversation(2, 1));
    withstands("in clear, by name", ann, bob, storm);
}

#[test]
fn whoever_knows_the_name_gets_no_more_than_it_sends_and_ends_nothing() {
    let ann = Agent::start("ann", &[]);
    let bob = Agent::start("bob", &["--join", &ann.address]);
    let storm = Storm { in_frames: true, ..Storm::new(&conversation(2, 1)) };
    withstands("in clear, in whole frames", ann, bob, storm);
}

#[test]
fn whoever_has_no_key_does_no_harm() {
    let fleet = Fleet::new();
    let ann = fleet.start("ann", None);
    let bob = fleet.start("bob", Some(&ann.address));
    let storm = Storm::new(&sealed_conversation(2, 1));
    withstands("sealed and signed", ann, bob, storm);
}

/// Two members live through a storm: they stay alive to each other, what they write meanwhile arrives, and the first,
/// which it is all sent to, hardly grows.
fn withstands(what: &str, mut ann: Agent, mut bob: Agent, storm: Storm) {
    ann.hear_of("bob", "alive");
    bob.hear_of("ann", "alive");
    ann.say("watch from-bob");
    bob.say("watch from-ann");
    let count = env::var("RUMORMILL_STORM").map_or(DATAGRAMS, |it| it.parse().expect("a number"));
    let mut stranger = Stranger::against(&ann);
    let before = memory(&ann, "VmRSS");
    let begun = Instant::now();
    let mut said = Vec::new();
    for (number, datagram) in storm.take(count).enumerate() {
        stranger.send(&datagram);
        if number % (count / 10).max(1) == 0 {
            let tenth = format!("{number}");
            bob.say(&format!("set from-bob {tenth}"));
            ann.say(&format!("set from-ann {tenth}"));
            said.extend(heard_until(&ann, "register", &tenth));
            said.extend(heard_until(&bob, "register", &tenth));
        }
        assert!(begun.elapsed() < ENDS, "{number} datagrams took {ENDS:?}");
    }
    stranger.wait_until_read();
    ann.say("members");
    let members = ann.next(|line| line.get("members").is_some());
    let grown = memory(&ann, "VmHWM").saturating_sub(before);
    eprintln!(
        "{what}: {count} datagrams of {} bytes, {} of them lost, {:.1} s; {} bytes in {} answers; \
         {before} KiB resident, {grown} more at most",
        stranger.sent,
        stranger.lost(),
        begun.elapsed().as_secs_f64(),
        stranger.received,
        stranger.answers,
    );
    assert!(stranger.lost() * 100 <= count as u64, "nearly all of them are read");
    assert!(grown < GROWTH_MAX, "{grown} KiB more than {before}");
    said.extend(ann.said());
    said.extend(bob.said());
    let of_bob =
        members["members"].as_array().and_then(|it| it.iter().find(|it| it["name"] == "bob"));
    assert_eq!(of_bob.map(|bob| &bob["liveness"]), Some(&json!("alive")), "{members}");
    for line in &said {
        let is_ours = line["name"] == "ann" || line["name"] == "bob";
        assert!(!is_ours || line["liveness"] != "dead", "{line}");
    }
    for agent in [ann, bob] {
        agent.terminate();
        agent.ends_well();
    }
}

/// What an agent says until a field is what is waited for.
fn heard_until(agent: &Agent, field: &str, value: &str) -> Vec<Value> {
    let mut heard = Vec::new();
    let found = agent.next(|line| {
        heard.push(line.clone());
        line[field] == value
    });
    assert_eq!(found[field], value);
    heard
}

/// A row of `/proc/PID/status`, in KiB.
fn memory(agent: &Agent, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", agent.process())).expect("it runs");
    let row = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let number = row.and_then(|row| row.split_whitespace().next());
    number.and_then(|it| it.parse().ok()).expect("a number of KiB")
}

/// What a stranger says: bytes by chance, what members say spoiled, and, if it knows how to make frames, that in
/// frames that are whole.
struct Storm {
    spoiled: Mutations<'static>,
    chance: Mutations<'static>,
    in_frames: bool,
    turn: usize,
}

impl Storm {
    fn new(said: &[Vec<u8>]) -> Self {
        let noise = (0..64_u64).map(|seed| noise(seed, 1_400)).collect();
        Self {
            spoiled: Mutations::new(said.to_vec().leak(), 7),
            chance: Mutations::new(Vec::leak(noise), 8),
            in_frames: false,
            turn: 0,
        }
    }
}

impl Iterator for Storm {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        self.turn += 1;
        if self.turn.is_multiple_of(4) {
            return self.chance.next();
        }
        let spoiled = self.spoiled.next()?;
        let payload = spoiled.get(FRAME_LEN..).filter(|_| self.in_frames);
        Some(payload.map_or_else(|| spoiled.clone(), frame))
    }
}

/// Bytes without a pattern (Marsaglia, "Xorshift RNGs", 2003).
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed + 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32).to_be_bytes()[7]
    };
    (0..len).map(|_| next()).collect()
}

/// Somebody who can send an agent datagrams, and no more.
struct Stranger {
    socket: UdpSocket,
    to: SocketAddr,
    sent: u64,
    received: u64,
    answers: u64,
    unread: usize,
    lost_before: u64,
}

impl Stranger {
    fn against(agent: &Agent) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        socket.set_nonblocking(true).expect("it can wait for nothing");
        let to: SocketAddr = agent.address.parse().expect("an address");
        assert!(to.ip().is_loopback(), "nobody else is sent anything");
        let (_, lost_before) = queue(to.port());
        Self { socket, to, sent: 0, received: 0, answers: 0, unread: 0, lost_before }
    }

    fn send(&mut self, datagram: &[u8]) {
        self.socket.send_to(datagram, self.to).expect("loopback takes it");
        self.sent += datagram.len() as u64;
        self.unread += 1;
        if self.unread >= BURST {
            self.wait_until_read();
        }
    }

    /// Waits until the agent's socket is empty, and reads what was answered.
    fn wait_until_read(&mut self) {
        let begun = Instant::now();
        while queue(self.to.port()).0 > 0 {
            assert!(begun.elapsed() < HANGS, "it reads no more");
            thread::yield_now();
        }
        self.unread = 0;
        let mut answer = [0; 65_536];
        while let Ok(len) = self.socket.recv(&mut answer) {
            self.received += len as u64;
            self.answers += 1;
        }
        assert!(self.received <= self.sent, "{} bytes for {}", self.received, self.sent);
        let port = self.socket.local_addr().expect("it is bound").port();
        assert_eq!(queue(port).1, 0, "all answers are counted");
    }

    fn lost(&self) -> u64 {
        queue(self.to.port()).1 - self.lost_before
    }
}

/// How many bytes wait in the socket at a port, and how many datagrams found no room there.
fn queue(port: u16) -> (u64, u64) {
    let sockets = fs::read_to_string("/proc/net/udp").expect("a list of sockets");
    let here = format!("0100007F:{port:04X}");
    let socket = sockets.lines().find(|line| line.split_whitespace().nth(1) == Some(&here));
    let fields: Vec<&str> = socket.expect("it is open").split_whitespace().collect();
    let waiting = fields[4].split_once(':').expect("two queues").1;
    let lost = fields.last().expect("it has fields");
    (u64::from_str_radix(waiting, 16).expect("hexadecimal"), lost.parse().expect("a number"))
}

/// A fleet's files of keys, gone when dropped. It seals with the key of the recorded conversations, so that what is spoiled
/// of these comes as far as its seal.
struct Fleet(PathBuf);

impl Fleet {
    fn new() -> Self {
        let folder = env::temp_dir().join(format!("storm-{}", process::id()));
        fs::create_dir_all(&folder).expect("a new folder");
        let fleet = Self(folder);
        fleet.keys(&["fleet", "--authority", &fleet.file("secret"), "--out", &fleet.file("fleet")]);
        let file = fs::read(fleet.file("fleet")).expect("it was written");
        let mut keys: Value = serde_json::from_slice(&file).expect("it is JSON");
        keys["seal"] = json!(["07".repeat(32)]);
        fs::write(fleet.file("fleet"), keys.to_string()).expect("it can be written");
        fleet
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a path in Unicode").to_owned()
    }

    fn keys(&self, args: &[&str]) {
        let output = rumormill(&[&["keys"], args].concat()).output().expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Lets a member in, and starts its agent.
    fn start(&self, name: &str, seed: Option<&str>) -> Agent {
        let (key, fleet) = (self.file(name), self.file("fleet"));
        self.keys(&["new", "--out", &key]);
        self.keys(&["admit", &key, "--name", name, "--authority", &self.file("secret")]);
        let seed = seed.into_iter().flat_map(|seed| ["--join", seed]);
        let entry = ["--key-file", &key, "--fleet-key", &fleet].into_iter().chain(seed);
        Agent::start(name, &entry.collect::<Vec<_>>())
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
