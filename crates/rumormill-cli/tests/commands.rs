//! The binary, as people and scripts run it.
#![cfg(unix)]

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

/// Far more than anything here takes; only a process that hangs gets there.
const HANGS: Duration = Duration::from_secs(60);

#[test]
fn agents_see_writes_deaths_and_returns() {
    let mut ann = Agent::start("ann", &[]);
    let mut bob = Agent::start("bob", &["--join", &ann.address]);

    ann.say("set greeting hello there");
    ann.say("add skills search");
    bob.say("watch greeting");
    bob.hear("register", "hello there");
    bob.say("watch skills");
    bob.hear("set", json!(["search"]));
    bob.say("remove skills search");
    ann.say("watch skills");
    ann.hear("set", json!([]));
    bob.say("count calls 30");
    ann.say("watch calls");
    ann.hear("counter", 30);

    bob.kill();
    ann.hear_of("bob", "dead");

    let mut bob = Agent::start("bob", &["--join", &ann.address]);
    ann.hear_of("bob", "alive");
    bob.say("count calls 12");
    bob.say("watch calls");
    bob.hear("counter", 42);
    ann.hear("counter", 42);

    bob.say("quit");
    bob.ends_well();
    ann.hear_of("bob", "left");
    ann.terminate();
    ann.ends_well();
}

#[test]
fn an_agent_answers_wrong_lines_and_outlives_its_input() {
    let mut ann = Agent::start("ann", &[]);
    ann.say("frobnicate");
    ann.hear(
        "error",
        "there is no \"frobnicate\"; there are set, add, remove, count, get, watch, members, \
         evict, pardon, help, quit",
    );
    ann.say(&format!("set big {}", "x".repeat(701)));
    let answer = ann.next(|line| line.get("error").is_some());
    let error = answer["error"].as_str().unwrap();
    assert!(error.contains("the limit is 700"), "{error}");
    ann.say("get big");
    ann.hear("register", Value::Null);

    ann.input = None;
    let bob = Agent::start("bob", &["--join", &ann.address]);
    ann.hear_of("bob", "alive");
    bob.terminate();
    ann.hear_of("bob", "left");
    ann.terminate();
    ann.ends_well();
}

#[test]
fn wrong_usage_exits_with_2_and_failure_with_1() {
    let run = |args: &[&str]| {
        let output = rumormill(args).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, error) = run(&["agent", "--bind", "127.0.0.1:0"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("give it a --name"), "{error}");
    assert_eq!(run(&["demo", "--nodes", "3"]).0, Some(2));

    let ann = Agent::start("ann", &[]);
    let (code, error) = run(&["agent", "--bind", &ann.address]);
    assert_eq!(code, Some(1));
    assert!(error.contains("is in use by another socket"), "{error}");
}

#[test]
fn the_demo_holds_every_claim() {
    let output = rumormill(&["demo", "--nodes", "6", "--json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report:#}");
    assert_eq!(report["nodes"], 6);
    assert_eq!(report["converged"], true);
    assert_eq!(report["counter_exact"], true);
    assert_eq!(report["counter_min"], report["counter_expected"]);
    assert_eq!(report["counter_max"], report["counter_expected"]);
    assert_eq!(report["resurrected"], 0);
    let phases = report["phases"].as_array().unwrap();
    let names: Vec<&str> = phases.iter().filter_map(|phase| phase["name"].as_str()).collect();
    assert_eq!(names, ["join", "announce", "remove", "kill", "cut", "heal", "restart", "agree"]);
    assert!(phases.iter().all(|phase| phase["held"] == true), "{report:#}");
    for figure in ["wall_ms", "datagrams", "bytes"] {
        assert!(report[figure].as_u64() > Some(0), "{figure}");
    }
}

/// An agent in a process of its own, killed when dropped.
struct Agent {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    address: String,
}

impl Agent {
    fn start(name: &str, more: &[&str]) -> Self {
        let args = ["agent", "--json", "--bind", "127.0.0.1:0", "--name", name];
        let mut command = rumormill(&[&args, more].concat());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let (input, output) = (child.stdin.take(), child.stdout.take().expect("a pipe"));
        let (read, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).expect("each line is JSON");
                if read.send(line).is_err() {
                    return;
                }
            }
        });
        let (name, address) = (name.to_owned(), String::new());
        let mut agent = Self { name, child, input, lines, address };
        let started = agent.next(|line| line["event"] == "started");
        started["address"].as_str().expect("an address").clone_into(&mut agent.address);
        agent
    }

    fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("input is open");
        writeln!(input, "{line}").expect("it reads");
    }

    /// Waits for an answer that holds `value`.
    fn hear(&self, field: &str, value: impl Into<Value>) {
        let value = value.into();
        self.next(|line| line.get(field) == Some(&value));
    }

    /// Waits for the event that a member came to be what `liveness` says.
    fn hear_of(&self, name: &str, liveness: &str) {
        self.next(|line| {
            line["event"] == "member" && line["name"] == name && line["liveness"] == liveness
        });
    }

    fn next(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut heard = Vec::new();
        loop {
            let Ok(line) = self.lines.recv_timeout(HANGS) else {
                panic!("{} said nothing of the kind, but {heard:#?}", self.name);
            };
            if wanted(&line) {
                return line;
            }
            heard.push(line);
        }
    }

    fn kill(mut self) {
        self.child.kill().expect("it runs");
    }

    /// Asks it to stop, as a service manager does.
    fn terminate(&self) {
        let pid = self.child.id().to_string();
        let kill = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(kill.expect("a POSIX system has kill").success());
    }

    fn ends_well(mut self) {
        self.next(|line| line["event"] == "left");
        assert!(self.child.wait().expect("it ran").success());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn rumormill(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rumormill"));
    command.args(args);
    command
}
