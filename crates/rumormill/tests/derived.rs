//! A struct of columns, derived through this crate, between two nodes.

use std::{error::Error, time::Duration};

use rumormill::{Columns, LwwRegister, OrSet, Settings, spawn};
use tokio::time::timeout;

#[derive(Columns)]
struct Agent {
    skills: OrSet<String>,
    load: LwwRegister<u32>,
}

/// Far more than anything here takes.
const HANGS: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_derived_view_reads_the_same_on_every_node() -> Result<(), Box<dyn Error>> {
    let loopback = "127.0.0.1:0".parse()?;
    let ann = spawn(Settings::new("ann", loopback)).await?;
    let bob =
        spawn(Settings { join: vec![ann.address()], ..Settings::new("bob", loopback) }).await?;
    ann.update(|writer| Agent::COLUMNS.load.set(writer, &40)).await??;
    bob.update(|writer| Agent::COLUMNS.skills.insert(writer, &"sum".to_owned())).await??;
    let there = |read: &AgentView| read.load == Some(40) && read.skills.len() == 1;
    for node in [&ann, &bob] {
        let read = node.until(move |table| Some(Agent::read(table)).filter(there));
        timeout(HANGS, read).await??;
        assert_eq!(node.read(Agent::clashes).await?, []);
    }
    Ok(())
}
