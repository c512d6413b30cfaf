//! All figures, for scripts and for people.

use serde_json::{Map, Value, json};

use crate::{
    peer::Outcome,
    peers,
    work::{Measure, Work},
};

/// What came of one piece of work of one peer.
pub(crate) struct Figure {
    pub(crate) work: Work,
    pub(crate) peer: &'static str,
    pub(crate) outcome: Outcome,
}

pub(crate) struct Report {
    pub(crate) figures: Vec<Figure>,
}

/// One thing that is measured of one piece of work, of everybody.
struct Row {
    work: Work,
    measure: Measure,
    /// In the order of peers: a figure, or why there is none.
    entries: Vec<(&'static str, Result<f64, &'static str>)>,
}

impl Report {
    fn rows(&self) -> impl Iterator<Item = Row> {
        let mut works: Vec<_> = self.figures.iter().map(|it| it.work).collect();
        works.dedup();
        works.into_iter().flat_map(move |work| {
            let measures = work.measures().iter().enumerate();
            measures.map(move |(place, measure)| {
                let of_work = self.figures.iter().filter(|it| it.work == work);
                let entries = of_work.map(|it| (it.peer, entry(&it.outcome, place)));
                Row { work, measure: *measure, entries: entries.collect() }
            })
        })
    }

    pub(crate) fn to_json(&self) -> String {
        let peers = peers::ALL.map(
            |peer| json!({ "name": peer.name(), "version": peer.version(), "notes": peer.notes() }),
        );
        let rows: Vec<_> = self.rows().map(|row| row.to_json().to_string()).collect();
        let peers: Vec<_> = peers.iter().map(Value::to_string).collect();
        format!("{{\"peers\":[\n{}\n],\"rows\":[\n{}\n]}}", peers.join(",\n"), rows.join(",\n"))
    }

    pub(crate) fn to_text(&self) -> String {
        let mut lines = Vec::new();
        for row in self.rows() {
            lines.extend(row.to_lines());
        }
        let lost = self.rows().filter(|row| !row.losses().is_empty()).count();
        lines.push(format!("We lose in {lost} of {} rows.\n", self.rows().count()));
        for peer in peers::ALL {
            lines.push(format!("{} {}", peer.name(), peer.version()));
            lines.extend(peer.notes().iter().map(|note| format!("    {note}")));
        }
        lines.join("\n")
    }
}

/// The same figures as a table for documents, of those who have any.
pub(crate) fn to_markdown(rows: &[Value]) -> String {
    let has = |name: &str| rows.iter().any(|row| row["figures"].get(name).is_some());
    let peers: Vec<_> = peers::ALL.into_iter().map(|it| it.name()).filter(|it| has(it)).collect();
    let mut lines = vec![
        format!("| work | {} |", peers.join(" | ")),
        format!("|---|{}", "---|".repeat(peers.len())),
    ];
    lines.extend(rows.iter().map(|row| {
        let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
        let losses = row["loses_to"].as_array().cloned().unwrap_or_default();
        let cell = |peer: &&str| {
            let figure = row["figures"].get(*peer).map(ToString::to_string);
            let figure = figure.map(|it| it.trim_end_matches(".0").to_owned());
            let is_better = losses.iter().any(|it| it == peer);
            figure.map_or("-".into(), |it| if is_better { format!("**{it}**") } else { it })
        };
        let cells: Vec<_> = peers.iter().map(cell).collect();
        let (name, unit) = (text("measure"), text("unit"));
        let measure = if name == unit { unit } else { format!("{name}, {unit}") };
        format!("| {}: {measure} | {} |", text("title"), cells.join(" | "))
    }));
    lines.join("\n")
}

fn entry(outcome: &Outcome, place: usize) -> Result<f64, &'static str> {
    let figure = outcome.as_ref().map(|figures| figures[place]);
    figure
        .map_err(|why| *why)
        .and_then(|it| if it.is_nan() { Err("there is none") } else { Ok(it) })
}

impl Row {
    fn ours(&self) -> Option<f64> {
        self.entries.first().and_then(|(_, entry)| entry.as_ref().ok().copied())
    }

    /// Whose figures are better than ours.
    fn losses(&self) -> Vec<(&'static str, f64)> {
        let Some(ours) = self.ours() else { return Vec::new() };
        let figures = self.entries.iter().skip(1);
        let figures = figures.filter_map(|(peer, entry)| Some((*peer, *entry.as_ref().ok()?)));
        let better = |figure: f64| {
            if self.measure.more_is_better { figure > ours } else { figure < ours }
        };
        figures.filter(|(_, figure)| better(*figure)).collect()
    }

    fn to_json(&self) -> Value {
        let (mut figures, mut reasons) = (Map::new(), Map::new());
        for (peer, entry) in &self.entries {
            match entry {
                Ok(figure) => figures.insert((*peer).into(), json!(rounded(*figure))),
                Err(why) => reasons.insert((*peer).into(), json!(why)),
            };
        }
        let losses: Vec<_> = self.losses().into_iter().map(|(peer, _)| peer).collect();
        let why = (!losses.is_empty()).then(|| self.work.why_we_lose(self.measure.name));
        json!({
            "work": self.work.name(),
            "title": self.work.title(),
            "note": self.work.note(),
            "measure": self.measure.name,
            "unit": self.measure.unit,
            "exact": self.measure.is_exact,
            "more_is_better": self.measure.more_is_better,
            "figures": figures,
            "reasons": reasons,
            "loses_to": losses,
            "why": why,
        })
    }

    fn to_lines(&self) -> Vec<String> {
        let Measure { name, unit, .. } = self.measure;
        let measure = if name == unit { name.to_owned() } else { format!("{name}, {unit}") };
        let mut lines = vec![format!("{}: {measure}", self.work.title())];
        lines.push(format!("    ({})", self.work.note()));
        let (losses, mut none) = (self.losses(), Vec::new());
        for (peer, entry) in &self.entries {
            let is_better = losses.iter().any(|(loser, _)| loser == peer);
            match entry {
                Ok(figure) => {
                    let mark = if is_better { "  < better than ours" } else { "" };
                    lines.push(format!("    {peer:<12}{:>14}{mark}", rounded(*figure)));
                }
                Err(why) => none.push(format!("{peer} ({why})")),
            }
        }
        lines.push(format!("    -           {}", none.join(", ")));
        if !losses.is_empty() {
            lines.push(format!("    why: {}", self.work.why_we_lose(name)));
        }
        lines.push(String::new());
        lines
    }
}

/// To a tenth.
fn rounded(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}
