//! What is fed to strangers' bytes.

mod datagrams;
mod rows;
mod sequels;
mod sketches;
mod two_nodes;
mod words;

/// Something that takes in bytes of a stranger.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What it is called: the name of the fuzz target, and of the folder with its corpus.
    pub name: &'static str,
    /// Takes bytes in, and panics if they do harm.
    pub run: fn(&[u8]),
    /// Bytes to begin with: some of each kind that is written.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
#[must_use]
pub fn all() -> Vec<Target> {
    vec![
        Target { name: "datagram", run: datagrams::open, seeds: datagrams::open_seeds },
        Target { name: "sealed", run: datagrams::sealed, seeds: datagrams::sealed_seeds },
        Target { name: "delta", run: rows::delta, seeds: rows::delta_seeds },
        Target { name: "sequel", run: sequels::run, seeds: sequels::seeds },
        Target { name: "head", run: rows::head, seeds: rows::head_seeds },
        Target { name: "snapshot", run: rows::snapshot, seeds: rows::snapshot_seeds },
        Target { name: "sketch", run: sketches::sketch, seeds: sketches::sketch_seeds },
        Target { name: "requests", run: sketches::requests, seeds: sketches::requests_seeds },
        Target { name: "certificate", run: words::run, seeds: words::seeds },
        Target { name: "two_nodes", run: two_nodes::run, seeds: two_nodes::seeds },
    ]
}

/// The one of that name.
///
/// # Panics
///
/// If there is none.
#[must_use]
pub fn named(name: &str) -> Target {
    let found = all().into_iter().find(|target| target.name == name);
    found.unwrap_or_else(|| panic!("there is no target called {name}"))
}
