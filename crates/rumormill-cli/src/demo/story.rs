//! The day of trouble, phase by phase.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    ops::Range,
    time::{Duration, Instant},
};

use super::{
    claim::{self, Unmet},
    cluster::{Cluster, Sample},
    report::{Phase, Report},
    screen::Screen,
    world::{CALLS, Dice, LOAD, SKILLS, Skill, World, trust},
};

/// How long a phase may take until what should come true counts as not held.
const PHASE_MAX: Duration = Duration::from_secs(12);

/// How long all phases together may take.
const STORY_MAX: Duration = Duration::from_secs(37);

/// The time from one look at the cluster to the next.
const FRAME: Duration = Duration::from_millis(50);

/// What nodes can do.
const CRAFTS: [&str; 12] = [
    "chart", "code", "mail", "maps", "math", "music", "ocr", "plan", "search", "speech", "sql",
    "vision",
];

type Done = Result<(), Box<dyn Error>>;

/// Runs all phases. An error means that the demo could not go on, not that a claim failed.
pub(crate) async fn tell(
    nodes: usize,
    seed: u64,
    screen: Screen,
) -> Result<Report, Box<dyn Error>> {
    let mut story = Story::new(nodes, seed, screen);
    story.join().await?;
    story.announce().await?;
    story.remove().await?;
    story.kill().await?;
    story.cut().await?;
    story.heal().await?;
    story.restart().await?;
    story.agree().await?;
    story.report().await
}

#[derive(Debug)]
struct Story {
    cluster: Cluster,
    world: World,
    /// What each side writes while the network is cut.
    sides: [World; 2],
    /// Skills that were removed and are gone everywhere: nobody may show one again.
    gone: BTreeSet<Skill>,
    /// Who did.
    haunted: BTreeSet<usize>,
    dice: Dice,
    screen: Screen,
    started: Instant,
    phase_started: Instant,
    phases: Vec<Phase>,
    converged: bool,
}

impl Story {
    fn new(nodes: usize, seed: u64, screen: Screen) -> Self {
        Self {
            cluster: Cluster::new(nodes),
            world: World::default(),
            sides: [World::default(), World::default()],
            gone: BTreeSet::new(),
            haunted: BTreeSet::new(),
            dice: Dice::new(seed),
            screen,
            started: Instant::now(),
            phase_started: Instant::now(),
            phases: Vec::new(),
            converged: false,
        }
    }

    async fn join(&mut self) -> Done {
        let count = self.everybody().end;
        self.begin("join", format!("{count} nodes meet, all by the address of the first"));
        let first = self.cluster.start(0, self.dice.seed(), None).await?;
        for n in 1..count {
            self.cluster.start(n, self.dice.seed(), Some(first)).await?;
        }
        self.hold_everybody_known().await
    }

    async fn announce(&mut self) -> Done {
        self.begin("announce", "skills, loads, calls and trust become known".to_owned());
        let mut world = std::mem::take(&mut self.world);
        for n in self.everybody() {
            self.introduce(n, &mut world).await?;
            self.work(n, &mut world).await?;
        }
        self.world = world;
        self.hold_everywhere().await
    }

    /// The skill's owner is the node that is killed later and comes back with nothing: what it
    /// removed by mistake, or others for it, is most at risk to come back then.
    async fn remove(&mut self) -> Done {
        let skill = self.skill_of(self.victim(), 0);
        let (owner, craft) = skill.clone();
        self.begin("remove", format!("n01 removes {craft}, which {owner} had announced"));
        self.world.skills.remove(&skill);
        self.remove_at(0, skill.clone()).await?;
        self.hold_everywhere().await?;
        self.gone.insert(skill);
        Ok(())
    }

    async fn kill(&mut self) -> Done {
        let name = self.cluster.nodes[self.victim()].name.clone();
        self.begin("kill", format!("{name} is killed, and everybody reports it dead"));
        self.cluster.kill(self.victim()).await?;
        self.hold_everybody_known().await
    }

    /// Each side takes the other for dead, and goes on writing. announces a skill of its own
    /// again and the other side removes it: the removal cannot have seen that announcement, so it
    /// must not undo it. A skill of n01 is removed beyond its reach, and that must hold.
    async fn cut(&mut self) -> Done {
        let [left, right] = self.halves();
        let (again, lost) = (self.skill_of(1, 0), self.skill_of(0, 1));
        let story = format!("cut in two: n02 adds {} again, the others remove it", again.1);
        self.begin("cut", story);
        self.cluster.cut(left.clone(), right.clone()).await?;
        let [mut on_left, mut on_right] = [self.world.clone(), self.world.clone()];
        for n in left.clone() {
            self.work(n, &mut on_left).await?;
        }
        for n in right.start..self.victim() {
            self.work(n, &mut on_right).await?;
        }
        let inserted = again.clone();
        self.cluster.edit(1, move |writer| SKILLS.insert(writer, &inserted)).await?;
        for skill in [again, lost] {
            on_right.skills.remove(&skill);
            self.remove_at(right.start, skill).await?;
        }
        self.sides = [on_left, on_right];
        let sides = self.sides.clone();
        self.hold(move |cluster, sample| {
            claim::all_show(&sides[0], left.clone(), cluster, sample)
                .or_else(|| claim::all_show(&sides[1], right.clone(), cluster, sample))
                .or_else(|| claim::some_take_for_dead(left.clone(), right.clone(), cluster, sample))
                .or_else(|| claim::some_take_for_dead(right.clone(), left.clone(), cluster, sample))
        })
        .await
    }

    async fn heal(&mut self) -> Done {
        let (again, lost) = (self.skill_of(1, 0), self.skill_of(0, 1));
        let story = format!("healed: {} of n02 stays, {} of n01 is gone", again.1, lost.1);
        self.begin("heal", story);
        let [left, right] = std::mem::take(&mut self.sides);
        self.world.calls = left.calls + right.calls - self.world.calls;
        self.world.loads = merge(&self.world.loads, left.loads, right.loads);
        self.world.skills.remove(&lost);
        self.cluster.heal().await?;
        let world = self.world.clone();
        self.hold(move |cluster, sample| {
            claim::all_show(&world, 0..sample.len(), cluster, sample)
                .or_else(|| claim::all_know_who_is_there(cluster, sample))
        })
        .await?;
        self.gone.insert(lost);
        Ok(())
    }

    async fn restart(&mut self) -> Done {
        let victim = self.victim();
        let name = self.cluster.nodes[victim].name.clone();
        self.begin("restart", format!("{name} comes back as a new life, without its disk"));
        let first = self.cluster.running(self.everybody()).next();
        let first = first.map(|(_, handle)| handle.address());
        self.cluster.start(victim, self.dice.seed(), first).await?;
        let mut world = std::mem::take(&mut self.world);
        self.work(victim, &mut world).await?;
        self.world = world.clone();
        self.hold(move |cluster, sample| {
            claim::all_show(&world, 0..sample.len(), cluster, sample)
                .or_else(|| claim::all_know_who_is_there(cluster, sample))
        })
        .await
    }

    async fn agree(&mut self) -> Done {
        self.begin("agree", "all tables are compared, row by row".to_owned());
        loop {
            let unmet = claim::all_equal(&self.cluster.tables().await?);
            self.converged = unmet.is_none();
            let sample = self.look().await?;
            if self.is_over(&sample, unmet) {
                tokio::time::sleep(self.screen.linger()).await;
                return Ok(());
            }
            tokio::time::sleep(FRAME).await;
        }
    }

    async fn report(self) -> Result<Report, Box<dyn Error>> {
        let sample = self.cluster.sample().await?;
        let calls = || sample.iter().flatten().map(|view| view.calls);
        Ok(Report {
            nodes: sample.len(),
            converged: self.converged,
            calls_expected: self.world.calls,
            calls_counted: (calls().min().unwrap_or(0), calls().max().unwrap_or(0)),
            resurrected: self.haunted.len(),
            took: self.started.elapsed(),
            traffic: self.cluster.traffic().await?,
            phases: self.phases,
        })
    }

    fn everybody(&self) -> Range<usize> {
        0..self.cluster.nodes.len()
    }

    fn halves(&self) -> [Range<usize>; 2] {
        let count = self.everybody().end;
        [0..count / 2, count / 2..count]
    }

    fn victim(&self) -> usize {
        self.everybody().end - 1
    }

    fn skill_of(&self, n: usize, which: usize) -> Skill {
        let craft = CRAFTS[(5 * n + 7 * which) % CRAFTS.len()];
        (self.cluster.nodes[n].name.clone(), craft.to_owned())
    }

    /// A node announces two skills and rates its two neighbours.
    async fn introduce(&mut self, n: usize, world: &mut World) -> Done {
        let skills = [self.skill_of(n, 0), self.skill_of(n, 1)];
        world.skills.extend(skills.clone());
        let rater = self.cluster.nodes[n].replica;
        let mut ratings = Vec::new();
        for neighbour in [n + 1, n + 2] {
            let subject = &self.cluster.nodes[neighbour % self.everybody().end].name;
            let stars = 1 + self.dice.below(5);
            world.ratings.entry(subject.clone()).or_default().insert(rater, stars);
            ratings.push((trust(subject), stars));
        }
        let edit = self.cluster.edit(n, move |writer| {
            for skill in &skills {
                SKILLS.insert(writer, skill)?;
            }
            ratings.iter().try_for_each(|(trust, stars)| trust.set(writer, stars))
        });
        Ok(edit.await?)
    }

    /// A node answers some calls and says how busy it is.
    async fn work(&mut self, n: usize, world: &mut World) -> Done {
        let (calls, load) = (1 + self.dice.below(99), self.dice.below(101));
        world.calls += i128::from(calls);
        world.loads.insert(self.cluster.nodes[n].replica, load);
        let edit = self.cluster.edit(n, move |writer| {
            CALLS.add(writer, i64::from(calls))?;
            LOAD.set(writer, &load)
        });
        Ok(edit.await?)
    }

    async fn remove_at(&self, n: usize, skill: Skill) -> Done {
        Ok(self.cluster.edit(n, move |writer| SKILLS.remove(writer, &skill).map(drop)).await?)
    }

    fn begin(&mut self, name: &'static str, story: String) {
        self.phase_started = Instant::now();
        let outcome = Err("it was not looked at".to_owned());
        self.phases.push(Phase { name, story, took: Duration::ZERO, outcome });
    }

    async fn hold_everywhere(&mut self) -> Done {
        let world = self.world.clone();
        self.hold(move |cluster, sample| claim::all_show(&world, 0..sample.len(), cluster, sample))
            .await
    }

    async fn hold_everybody_known(&mut self) -> Done {
        self.hold(claim::all_know_who_is_there).await
    }

    /// Waits until a claim holds, or its time is up.
    async fn hold(&mut self, claim: impl Fn(&Cluster, &Sample) -> Option<Unmet>) -> Done {
        loop {
            let sample = self.look().await?;
            let unmet = claim(&self.cluster, &sample);
            if self.is_over(&sample, unmet) {
                tokio::time::sleep(self.screen.linger()).await;
                return Ok(());
            }
            tokio::time::sleep(FRAME).await;
        }
    }

    async fn look(&mut self) -> Result<Sample, Box<dyn Error>> {
        let sample = self.cluster.sample().await?;
        for (n, view) in sample.iter().enumerate() {
            if view.as_ref().is_some_and(|view| !view.skills.is_disjoint(&self.gone)) {
                self.haunted.insert(n);
            }
        }
        Ok(sample)
    }

    /// Notes where the phase stands and shows it. Says whether the phase is over.
    fn is_over(&mut self, sample: &Sample, unmet: Option<Unmet>) -> bool {
        let took = self.phase_started.elapsed();
        let late = took >= PHASE_MAX || self.started.elapsed() >= STORY_MAX;
        let over = unmet.is_none() || late;
        if let Some(phase) = self.phases.last_mut() {
            phase.took = took;
            phase.outcome = unmet.map_or(Ok(()), Err);
        }
        self.screen.show(&self.cluster, sample, &self.phases, over);
        over
    }
}

/// Takes over what either side changed.
fn merge<K: Ord + Copy, V: PartialEq>(
    before: &BTreeMap<K, V>,
    left: BTreeMap<K, V>,
    right: BTreeMap<K, V>,
) -> BTreeMap<K, V> {
    let mut merged = left;
    merged.extend(right.into_iter().filter(|(key, value)| before.get(key) != Some(value)));
    merged
}
