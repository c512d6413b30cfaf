//! Two nodes and a struct that says what they share. One node runs an older version of the struct.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use rumormill::{Columns, LwwRegister, OrSet, PnCounter, Settings, spawn};

/// What an agent tells the others.
#[derive(Columns)]
#[columns(prefix = "agent")]
struct Agent {
    skills: OrSet<String>,
    load: LwwRegister<u32>,
    #[columns(space = "stats")]
    calls: PnCounter,
}

/// The same as it was before there were calls, when a load was a word.
#[derive(Columns)]
#[columns(prefix = "agent")]
struct OldAgent {
    skills: OrSet<String>,
    load: LwwRegister<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let loopback = "127.0.0.1:0".parse()?;
    let ann = spawn(Settings::new("ann", loopback)).await?;
    let bob =
        spawn(Settings { join: vec![ann.address()], ..Settings::new("bob", loopback) }).await?;

    // Each edit changes one cell, and that is what travels.
    ann.update(|writer| {
        Agent::COLUMNS.skills.insert(writer, &"search".to_owned())?;
        Agent::COLUMNS.load.set(writer, &40)?;
        Agent::COLUMNS.calls.add(writer, 3)
    })
    .await??;
    bob.update(|writer| OldAgent::COLUMNS.skills.insert(writer, &"sum".to_owned())).await??;
    bob.update(|writer| OldAgent::COLUMNS.load.set(writer, &"high".to_owned())).await??;

    let agent =
        ann.until(|table| Some(Agent::read(table)).filter(|agent| agent.skills.len() == 2)).await?;
    println!("ann reads {agent:?}");

    // What bob wrote as a word is no number: it is reported, not read.
    let clashes = ann
        .until(|table| Some(Agent::clashes(table)).filter(|clashes| !clashes.is_empty()))
        .await?;
    for clash in clashes {
        println!("ann finds {clash}");
    }
    Ok(())
}
