//! What people see while the demo runs.

use std::{
    env,
    fmt::Write as _,
    io::{self, IsTerminal, Write as _},
    ops::Range,
    time::Duration,
};

use rumormill::Liveness;

use super::{
    cluster::{Cluster, Sample},
    report::Phase,
    view::View,
};

/// The most lines about nodes: with all phases below, they fit a terminal of 24 lines.
const NODE_LINES_MAX: usize = 13;

/// Drawing over itself needs lines that do not wrap.
const WRAP_OFF: &str = "\x1b[?7l";
const WRAP_ON: &str = "\x1b[?7h";

const SPINNER: [&str; 4] = ["-", "\\", "|", "/"];

/// What people see while the demo runs.
#[derive(Debug)]
pub(crate) enum Screen {
    /// Nothing.
    Silent,
    /// A line for each phase.
    Lines,
    /// A table that is drawn over itself.
    Live {
        /// The lines drawn last.
        lines: usize,
        /// The frames drawn so far.
        frames: usize,
        /// Whether to use colours.
        colours: bool,
    },
}

#[derive(Clone, Copy)]
enum Colour {
    Plain,
    Bold,
    Dim,
    Green,
    Yellow,
    Red,
}

impl Screen {
    pub(crate) fn new(silent: bool) -> Self {
        if silent {
            Self::Silent
        } else if io::stdout().is_terminal() {
            Self::Live { lines: 0, frames: 0, colours: env::var_os("NO_COLOR").is_none() }
        } else {
            Self::Lines
        }
    }

    /// How long to rest after a phase: people want to see what happened, scripts do not.
    pub(crate) const fn linger(&self) -> Duration {
        match self {
            Self::Silent | Self::Lines => Duration::ZERO,
            Self::Live { .. } => Duration::from_millis(800),
        }
    }

    /// Shows where the demo stands; `over` says that the last phase is.
    pub(crate) fn show(
        &mut self,
        cluster: &Cluster,
        sample: &Sample,
        phases: &[Phase],
        over: bool,
    ) {
        let text = match self {
            Self::Silent => return,
            Self::Lines if !over => return,
            Self::Lines => phases.last().map(|phase| phase_line(phase, mark(phase))),
            Self::Live { lines, frames, colours } => {
                let frame = Frame { colours: *colours, text: String::new() };
                let text = frame.draw(cluster, sample, phases, over, *frames);
                let up = format!("\x1b[{lines}A\r\x1b[J");
                let up = if *lines == 0 { "" } else { &up };
                *lines = text.lines().count();
                *frames += 1;
                Some(format!("{up}{WRAP_OFF}{text}{WRAP_ON}"))
            }
        };
        let mut out = io::stdout();
        // Whoever closed the terminal wants no more of it.
        let _ = out.write_all(text.unwrap_or_default().as_bytes()).and_then(|()| out.flush());
    }
}

struct Frame {
    colours: bool,
    text: String,
}

impl Frame {
    fn draw(
        mut self,
        cluster: &Cluster,
        sample: &Sample,
        phases: &[Phase],
        over: bool,
        frames: usize,
    ) -> String {
        self.part(
            Colour::Bold,
            "node  known as      skills           load        calls  trust  table",
        );
        self.end();
        let hidden = hidden(sample.len());
        for (n, view) in sample.iter().enumerate() {
            if n == hidden.start && !hidden.is_empty() {
                self.part(Colour::Dim, &format!("...   {} more", hidden.len()));
                self.end();
            } else if !hidden.contains(&n) {
                self.node(cluster, sample, n, view.as_ref());
            }
        }
        self.end();
        let last = phases.len().saturating_sub(1);
        for (n, phase) in phases.iter().enumerate() {
            let running = n == last && !over;
            let mark = if running { SPINNER[frames % SPINNER.len()] } else { mark(phase) };
            let colour = match (&phase.outcome, running) {
                (_, true) => Colour::Yellow,
                (Ok(()), false) => Colour::Green,
                (Err(_), false) => Colour::Red,
            };
            self.part(colour, &phase_line(phase, mark));
        }
        self.text
    }

    /// One node: what others think of it, then what it shows itself.
    fn node(&mut self, cluster: &Cluster, sample: &Sample, n: usize, view: Option<&View>) {
        let node = &cluster.nodes[n];
        self.part(Colour::Bold, &format!("{:<4}  ", node.name));
        let others = || {
            let others = sample.iter().flatten().flat_map(|view| &view.members);
            others.filter(|member| member.life.replica == node.replica)
        };
        let say = |liveness| others().filter(|member| member.liveness == liveness).count();
        let (alive, suspect) = (say(Liveness::Alive), say(Liveness::Suspect));
        let (all, dead) = (others().count(), say(Liveness::Dead));
        let (colour, word, count) = if dead > alive.max(suspect) {
            (Colour::Red, "dead", dead)
        } else if suspect > alive {
            (Colour::Yellow, "suspect", suspect)
        } else {
            (if alive == all { Colour::Green } else { Colour::Yellow }, "alive", alive)
        };
        self.part(colour, &format!("{word:<7} {count:>2}/{all:<2}  "));
        match view {
            None => self.part(Colour::Dim, "killed"),
            Some(view) => self.content(&node.name, view.loads.get(&node.replica).copied(), view),
        }
        self.end();
    }

    fn content(&mut self, name: &str, load: Option<u8>, view: &View) {
        let own = view.skills.iter().filter(|(owner, _)| owner == name);
        let skills: Vec<&str> = own.map(|(_, craft)| craft.as_str()).collect();
        self.part(Colour::Plain, &format!("{:<15}  ", skills.join(" ")));
        let (bar, percent) = load.map_or((0, String::new()), |load| {
            (usize::from(load).div_ceil(20), format!("{load}%"))
        });
        self.part(Colour::Green, &"#".repeat(bar));
        self.part(Colour::Dim, &".".repeat(5 - bar));
        let given: u32 = view.ratings.values().map(|stars| u32::from(*stars)).sum();
        let trust = match view.ratings.len() {
            0 => "-".to_owned(),
            ratings => format!("{:.1}", f64::from(given) / ratings as f64),
        };
        let calls = view.calls;
        self.part(Colour::Plain, &format!(" {percent:>4}  {calls:>5}  {trust:>5}  "));
        self.part(Colour::Dim, &format!("{:04x}", view.fingerprint >> 48));
    }

    fn part(&mut self, colour: Colour, text: &str) {
        let code = match colour {
            Colour::Bold => 1,
            Colour::Dim => 2,
            Colour::Red => 31,
            Colour::Green => 32,
            Colour::Yellow => 33,
            Colour::Plain => 0,
        };
        if self.colours && code > 0 {
            let _ = write!(self.text, "\x1b[{code}m{text}\x1b[0m");
        } else {
            self.text += text;
        }
    }

    fn end(&mut self) {
        self.text.push('\n');
    }
}

/// The nodes that there is no room for. The last node is always shown: much happens to it.
fn hidden(nodes: usize) -> Range<usize> {
    if nodes > NODE_LINES_MAX { NODE_LINES_MAX - 2..nodes - 1 } else { 0..0 }
}

fn phase_line(phase: &Phase, mark: &str) -> String {
    let seconds = phase.took.as_secs_f64();
    format!("{mark} {:<8} {seconds:>4.1} s  {}\n", phase.name, phase.story)
}

fn mark(phase: &Phase) -> &'static str {
    if phase.outcome.is_ok() { "✓" } else { "✗" }
}
