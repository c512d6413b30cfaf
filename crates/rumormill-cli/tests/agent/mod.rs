//! Agents that run beside a test.
#![allow(dead_code, reason = "each test uses some of this")]

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde_json::Value;

/// Far more than anything here takes; only a process that hangs gets there.
pub(crate) const HANGS: Duration = Duration::from_secs(60);

/// An agent in a process of its own, killed when dropped.
pub(crate) struct Agent {
    name: String,
    child: Child,
    pub(crate) input: Option<ChildStdin>,
    lines: Receiver<Value>,
    pub(crate) address: String,
}

impl Agent {
    pub(crate) fn start(name: &str, more: &[&str]) -> Self {
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

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// What it has said since it was asked last.
    pub(crate) fn said(&self) -> Vec<Value> {
        self.lines.try_iter().collect()
    }

    pub(crate) fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("input is open");
        writeln!(input, "{line}").expect("it reads");
    }

    /// Waits for an answer that holds `value`.
    pub(crate) fn hear(&self, field: &str, value: impl Into<Value>) {
        let value = value.into();
        self.next(|line| line.get(field) == Some(&value));
    }

    /// Waits for the event that a member came to be what `liveness` says.
    pub(crate) fn hear_of(&self, name: &str, liveness: &str) {
        self.next(|line| {
            line["event"] == "member" && line["name"] == name && line["liveness"] == liveness
        });
    }

    pub(crate) fn next(&self, mut wanted: impl FnMut(&Value) -> bool) -> Value {
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

    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
    }

    /// Asks it to stop, as a service manager does.
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().to_string();
        let kill = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(kill.expect("a POSIX system has kill").success());
    }

    pub(crate) fn ends_well(mut self) {
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

/// The binary, with these arguments.
pub(crate) fn rumormill(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rumormill"));
    command.args(args);
    command
}
