//! Node processes.

use std::{
    env,
    io::{self, BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
};

use crate::maelstrom::{Message, Workload};

/// Processes, and what they say. They are stopped when this is dropped.
pub(super) struct Cluster {
    processes: Vec<(Child, ChildStdin)>,
    said: Receiver<Message>,
}

impl Cluster {
    /// Starts so many processes of a node, or of this binary.
    pub(super) fn start(bin: Option<&Path>, workload: Workload, nodes: u32) -> io::Result<Self> {
        let (said_in, said) = mpsc::channel();
        let mut cluster = Self { processes: Vec::new(), said };
        for _ in 0..nodes {
            let mut child = command(bin, workload)?
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::inherit())
                .spawn()?;
            let (stdin, stdout) = child
                .stdin
                .take()
                .zip(child.stdout.take())
                .ok_or_else(|| io::Error::other("a process has no standard input or output"))?;
            cluster.processes.push((child, stdin));
            let said_in = said_in.clone();
            thread::spawn(move || {
                let lines = BufReader::new(stdout).lines().map_while(Result::ok);
                for message in lines.filter_map(|line| Message::parse(&line)) {
                    if said_in.send(message).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(cluster)
    }

    pub(super) fn nodes(&self) -> usize {
        self.processes.len()
    }

    /// What nodes say.
    pub(super) const fn said(&self) -> &Receiver<Message> {
        &self.said
    }

    /// Hands a message to the node that it is for.
    pub(super) fn deliver(&mut self, to: usize, message: &Message) -> Result<(), String> {
        let Some((_, stdin)) = self.processes.get_mut(to) else { return Ok(()) };
        message.write(stdin).map_err(|reason| format!("{} has stopped: {reason}", message.dest))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for (child, _) in &mut self.processes {
            // It may have stopped by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn command(bin: Option<&Path>, workload: Workload) -> io::Result<Command> {
    if let Some(bin) = bin {
        return Ok(Command::new(bin));
    }
    let mut command = Command::new(env::current_exe()?);
    command.args(["maelstrom", "--workload", workload.name()]);
    Ok(command)
}
