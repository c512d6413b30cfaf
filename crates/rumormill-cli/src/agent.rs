//! `rumormill agent`: one node, edited and read by lines on standard input.

mod input;
mod reading;
mod said;
mod stop_signals;

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{CommandFactory, error::ErrorKind};
use rumormill::{
    Config, Event, Handle, MemberInfo, ReplicaId, Retention, Settings, Stopped,
    core::{KeyRing, PublicKey, Trust},
    spawn,
};
use tokio::sync::broadcast::error::RecvError;

use crate::keys::{Admitted, FleetFile, KeyFile, RevocationFile};
use input::{Edit, Input, Line, Question};
use reading::{Reading, counter, register, set};
use said::{Output, Said};
use stop_signals::StopSignals;

/// Runs one node until it is told to quit. Edits and questions are lines on standard input, and
/// news of members is printed as it comes; `help` lists the lines. The end of standard input does
/// not end the node: `quit`, Ctrl-C and SIGTERM do, and let the others know.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The address of the node's socket; port 0 takes any free port, and needs --name.
    #[arg(long, value_name = "ADDR")]
    bind: SocketAddr,
    /// A node to join; may be given more than once, and one that answers is enough.
    #[arg(long, value_name = "ADDR")]
    join: Vec<SocketAddr>,
    /// Who the node is: started again under the same name, it is the same replica in a new life.
    /// The bind address if not given.
    #[arg(long)]
    name: Option<String>,
    /// Where others reach the node, if not at its bind address.
    #[arg(long, value_name = "ADDR")]
    advertise: Option<SocketAddr>,
    /// How many peers are told of an edit in each period.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=64))]
    fanout: u8,
    /// The period in which edits are passed on, in milliseconds.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    interval_ms: u64,
    /// The zone the node is in, such as a region: most edits are told to members of the same zone.
    #[arg(long, value_name = "LABEL", default_value = "", value_parser = zone)]
    zone: String,
    /// For how many days what ended lives wrote is kept; 0 for ever. All nodes must agree.
    #[arg(long, value_name = "N", default_value_t = 30)]
    retention_days: u32,
    /// The population's name; nodes of other populations are not heard.
    #[arg(long, value_name = "NAME", default_value = "")]
    cluster: String,
    /// The file of keys by which the node is let into a fleet: see `rumormill keys`.
    #[arg(long, value_name = "FILE", requires = "fleet_key")]
    key_file: Option<PathBuf>,
    /// The file of keys that the members of the fleet have in common. Without it nothing is sealed or
    /// signed: everybody who can send the node a datagram is trusted.
    #[arg(long, value_name = "FILE", requires = "key_file", conflicts_with = "cluster")]
    fleet_key: Option<PathBuf>,
    /// A file to write every input of the node down in, made anew: see `rumormill replay`. It grows
    /// with all that is received.
    #[arg(long, value_name = "FILE")]
    log_inputs: Option<PathBuf>,
    /// Print one JSON object per line.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  rumormill agent --bind 127.0.0.1:7001 --name ann
  rumormill agent --bind 127.0.0.1:7002 --name bob --join 127.0.0.1:7001
  echo 'add skills search' | rumormill agent --bind 127.0.0.1:0 --name eve --join 127.0.0.1:7001 --json";

pub(crate) fn run(args: Args) -> ExitCode {
    if args.bind.port() == 0 && args.name.is_none() && args.key_file.is_none() {
        let why = "a node on a free port has another address at each start: give it a --name";
        crate::Cli::command().error(ErrorKind::MissingRequiredArgument, why).exit();
    }
    let output = Output { json: args.json };
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(live(args, output)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => crate::fail(&*error),
    }
}

async fn live(args: Args, output: Output) -> Result<(), Box<dyn Error>> {
    let mut stop = StopSignals::new()?;
    let entry = Entry::of(&args)?;
    let config = Config {
        cluster: entry.cluster,
        keys: entry.keys,
        trust: entry.trust,
        fanout: usize::from(args.fanout),
        rumor_every: Duration::from_millis(args.interval_ms),
        zone: args.zone,
        retention: retention(args.retention_days),
        ..Config::DEFAULT
    };
    let name = entry.name;
    let settings = Settings::new(name.clone(), args.bind);
    let replica = entry.replica.unwrap_or(settings.replica);
    let node = spawn(Settings {
        replica,
        advertise: args.advertise,
        join: args.join,
        config,
        log_inputs: args.log_inputs,
        ..settings
    })
    .await?;
    output.say(&Said::Started { name, address: node.address(), replica: node.replica() });
    let authority = entry.authority;
    let agent =
        Agent { node, output, authority, watched: BTreeMap::new(), warned: BTreeSet::new() };
    let node = agent.node.clone();
    agent.live(&mut stop).await?;
    tokio::select! {
        left = node.leave() => left?,
        // Asked twice, it does not wait for the others to hear of it.
        () = stop.recv() => node.abort(),
    }
    output.say(&Said::Left);
    Ok(())
}

/// Reads the label of a zone.
fn zone(label: &str) -> Result<String, String> {
    if label.len() <= Config::ZONE_LEN_MAX {
        Ok(label.to_owned())
    } else {
        Err(format!("a label has at most {} bytes", Config::ZONE_LEN_MAX))
    }
}

fn retention(days: u32) -> Retention {
    let data = (days > 0).then(|| Duration::from_secs(86_400) * days);
    let Retention { of_self, .. } = Retention::DEFAULT;
    Retention { of_self, ..Retention::uniform(data) }
}

/// As whom the node enters a population, and what it needs for that.
struct Entry {
    name: String,
    replica: Option<ReplicaId>,
    cluster: String,
    keys: Option<KeyRing>,
    trust: Trust,
    authority: Option<PublicKey>,
}

impl Entry {
    fn of(args: &Args) -> Result<Self, String> {
        let (Some(key_file), Some(fleet_key)) = (&args.key_file, &args.fleet_key) else {
            return Ok(Self {
                name: args.name.clone().unwrap_or_else(|| args.bind.to_string()),
                replica: None,
                cluster: args.cluster.clone(),
                keys: None,
                trust: Trust::Unsigned,
                authority: None,
            });
        };
        let Admitted { name, replica, cluster, keys, trust, authority } =
            Admitted::read(key_file, fleet_key)?;
        if let Some(other) = args.name.as_ref().filter(|other| **other != name) {
            return Err(format!("the fleet knows this key as {name:?}, not as {other:?}"));
        }
        let (replica, keys, authority) = (Some(replica), Some(keys), Some(authority));
        Ok(Self { name, replica, cluster, keys, trust, authority })
    }
}

struct Agent {
    node: Handle,
    output: Output,
    /// Of the fleet that we are let into, if there is one.
    authority: Option<PublicKey>,
    /// What is printed whenever it changes, as it was printed last.
    watched: BTreeMap<String, Reading>,
    /// What was warned of, and about whom: such events come again with every datagram.
    warned: BTreeSet<(&'static str, ReplicaId)>,
}

impl Agent {
    /// Runs until there is a reason to leave.
    async fn live(mut self, stop: &mut StopSignals) -> Result<(), Box<dyn Error>> {
        let mut input = Input::new()?;
        let mut events = self.node.events().await?;
        let mut changes = self.node.watch();
        loop {
            tokio::select! {
                () = stop.recv() => return Ok(()),
                line = input.line() => match line {
                    Ok(Line::Quit) => return Ok(()),
                    Ok(Line::Edit(edit)) => self.edit(edit).await?,
                    Ok(Line::Ask(question)) => self.answer(question).await?,
                    Ok(Line::Evict(name)) => {
                        self.node.evict(self.replica_called(&name).await?).await?;
                        self.output.say(&Said::Done);
                    }
                    Ok(Line::Pardon(name)) => {
                        self.node.pardon(self.replica_called(&name).await?).await?;
                        self.output.say(&Said::Done);
                    }
                    Ok(Line::Revoke(file)) => self.revoke(&file).await?,
                    Ok(Line::Keys(file)) => self.take_keys(&file).await?,
                    Err(reason) => self.output.say(&Said::Error(reason)),
                },
                event = events.recv() => match event {
                    Ok(event) => self.report(event).await?,
                    Err(RecvError::Lagged(missed)) => {
                        self.output.say(&Said::Error(format!("missed {missed} events")));
                    }
                    Err(RecvError::Closed) => return Err(Stopped.into()),
                },
                changed = changes.changed() => {
                    changed.map_err(|_| Stopped)?;
                    self.look_again().await?;
                }
            }
        }
    }

    /// A member is found by its name. Without signed identities an id follows from a name, so that
    /// whoever is not there is found too.
    async fn replica_called(&self, name: &str) -> Result<ReplicaId, Stopped> {
        let members = self.node.members().await?;
        let member = members.iter().find(|member| member.name == name);
        Ok(member.map_or_else(|| ReplicaId::from_name(name), |member| member.life.replica))
    }

    async fn revoke(&self, file: &Path) -> Result<(), Stopped> {
        let said = match RevocationFile::read(file) {
            Err(reason) => Said::Error(reason),
            Ok(file) if self.node.revoke(file.revocation.clone()).await? => Said::Done,
            Ok(_) => Said::Error("our fleet's authority did not issue this".to_owned()),
        };
        self.output.say(&said);
        Ok(())
    }

    async fn take_keys(&self, file: &Path) -> Result<(), Stopped> {
        let said = match FleetFile::read(file) {
            Ok(fleet) if Some(&fleet.authority) == self.authority.as_ref() => {
                self.node.set_keys(fleet.keys).await?;
                Said::Done
            }
            Ok(_) => Said::Error("these are the keys of another fleet than ours".to_owned()),
            Err(reason) => Said::Error(reason),
        };
        self.output.say(&said);
        Ok(())
    }

    async fn edit(&mut self, edit: Edit) -> Result<(), Stopped> {
        let done = |()| Said::Done;
        let written = self.node.update(move |writer| match edit {
            Edit::Set { key, value } => register(&key).set(writer, &value).map(done),
            Edit::Add { set: name, element } => set(&name).insert(writer, &element).map(done),
            Edit::Remove { set: name, element } => {
                let absent = || Said::Error(format!("{element} is not in {name}"));
                let was_there = set(&name).remove(writer, &element);
                was_there.map(|was_there| if was_there { Said::Done } else { absent() })
            }
            Edit::Count { name, by } => counter(&name).add(writer, by).map(done),
        });
        let said = written.await?.unwrap_or_else(|error| Said::Error(error.to_string()));
        self.output.say(&said);
        Ok(())
    }

    async fn answer(&mut self, question: Question) -> Result<(), Stopped> {
        let said = match question {
            Question::GetAll => Said::All(self.node.read(Reading::all).await?),
            Question::Get(key) => Said::Value(self.read(key).await?),
            Question::Watch(key) => {
                let reading = self.read(key.clone()).await?;
                self.watched.insert(key, reading.clone());
                Said::Value(reading)
            }
            Question::Members => Said::Members(self.node.members().await?),
            Question::Freshness => Said::Freshness(self.node.freshness().await?),
            Question::Help => Said::Help,
        };
        self.output.say(&said);
        Ok(())
    }

    async fn look_again(&mut self) -> Result<(), Stopped> {
        let keys: Vec<String> = self.watched.keys().cloned().collect();
        for key in keys {
            let reading = self.read(key.clone()).await?;
            if self.watched.get(&key) != Some(&reading) {
                self.watched.insert(key, reading.clone());
                self.output.say(&Said::Value(reading));
            }
        }
        Ok(())
    }

    async fn read(&self, key: String) -> Result<Reading, Stopped> {
        self.node.read(move |table| Reading::of(table, key)).await
    }

    async fn report(&mut self, event: Event) -> Result<(), Stopped> {
        match event {
            Event::TableChanged | Event::Left => {}
            Event::Member { replica, liveness } => {
                let members = self.node.members().await?;
                let member = members.into_iter().find(|member| member.life.replica == replica);
                if let Some(member) = member {
                    self.output.say(&Said::Member(MemberInfo { liveness, ..member }));
                }
            }
            Event::SeedUnreachable { address, attempts, again_in } => {
                self.output.say(&Said::SeedUnreachable { address, attempts, again_in });
            }
            Event::Isolated => self.output.say(&Said::Isolated),
            Event::Rejoined => self.output.say(&Said::Rejoined),
            Event::LifeRenewed { life } => self.output.say(&Said::LifeRenewed(life)),
            Event::ClockAhead { replica, by } => {
                let reason = format!("its clock is {by:?} ahead; what it writes is refused");
                self.warn("clock_ahead", replica, reason);
            }
            Event::IdentityConflict { other } => {
                let reason = "another process runs under our name; give each its own --name";
                self.warn("identity_conflict", other.replica, reason.to_owned());
            }
            Event::ImplausibleClaim { about, from } => {
                let reason = format!("{from} passed on what it can hardly have said of itself");
                self.warn("implausible_claim", about, reason);
            }
            Event::AwayTooLong { unspread } => {
                let rows = unspread.len();
                self.output.say(&Said::AwayTooLong { rows });
            }
            Event::Equivocation { replica, .. } => {
                let reason = "it signed two contents for one version, and was thrown out";
                self.warn("equivocation", replica, reason.to_owned());
            }
            Event::Revoked { replica } => {
                let reason = if replica == self.node.replica() {
                    "the fleet threw us out; nobody takes in what we write"
                } else {
                    "the fleet threw it out"
                };
                self.warn("revoked", replica, reason.to_owned());
            }
            Event::RowRefused { replica, reason } => {
                self.warn("row_refused", replica, reason.to_string());
            }
        }
        Ok(())
    }

    fn warn(&mut self, kind: &'static str, replica: ReplicaId, reason: String) {
        if self.warned.insert((kind, replica)) {
            self.output.say(&Said::Warning { kind, replica, reason });
        }
    }
}
