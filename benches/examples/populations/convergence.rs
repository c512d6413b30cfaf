//! How long an update takes to reach everybody, as a picture: a panel for each way that rumors
//! travel, with the formula's line beside what was measured.

use std::fmt::{self, Write as _};

use rumormill_benches::plot::{
    Axis, DASHED, DISC, Panel, Pen, SQUARE, THICK, THIN, grouped, with_time_unit, write_caption,
    write_head, write_text,
};
use rumormill_core::Mode;

use crate::{
    figures::{COMMAND, SpreadFigure},
    spreads::{LOSSES, MODES, POPULATIONS, spread, to_us},
};

const TITLE: &str = "How long an update takes to reach all of n nodes, beside theory";

const WIDTH: f64 = 940.0;
const HEIGHT: f64 = 598.0;
const MARGIN: f64 = 16.0;
const LEFT: f64 = 80.0;
const TOP: f64 = 104.0;
const BOTTOM: f64 = 424.0;
const PANEL_WIDTH: f64 = 182.0;
const PANEL_GAP: f64 = 36.0;

/// So far the formula's lines go.
const NODES_MAX: usize = 10_000;

/// The lines of each panel: the share that gets lost, whether it is the formula's, and its look.
const LINES: [(f64, bool, Pen); 4] = [
    (LOSSES[1], true, Pen { label: "30 % lost, theory", color: LOSSY, stroke: DASHED, mark: "" }),
    (LOSSES[0], true, Pen { label: "no loss, theory", color: CALM, stroke: DASHED, mark: "" }),
    (LOSSES[1], false, Pen { label: "30 % lost", color: LOSSY, stroke: THIN, mark: SQUARE }),
    (LOSSES[0], false, Pen { label: "no loss", color: CALM, stroke: THICK, mark: DISC }),
];
const CALM: &str = "#0b7a3b";
const LOSSY: &str = "#b85c00";

/// Draws a picture as SVG.
pub(crate) fn draw(figures: &[SpreadFigure]) -> String {
    let mut svg = String::new();
    write_picture(&mut svg, figures).expect("a string takes all that is written");
    svg
}

fn write_picture(svg: &mut String, figures: &[SpreadFigure]) -> fmt::Result {
    write_head(svg, WIDTH, HEIGHT, TITLE)?;
    write_text(svg, MARGIN, 32.0, r#"font-size="18" font-weight="bold""#, TITLE)?;
    write_legend(svg)?;
    let times = figures.iter().flat_map(|it| [Some(it.theory_us), it.all_us]).flatten();
    let y = Axis::over(times.map(|micros| micros * 1_000), BOTTOM, TOP);
    for (mode, place) in MODES.into_iter().zip(0_u8..) {
        let left = LEFT + f64::from(place) * (PANEL_WIDTH + PANEL_GAP);
        let nodes = figures.iter().map(|it| it.nodes as u64).chain([NODES_MAX as u64]);
        let panel = Panel { x: Axis::over(nodes, left, left + PANEL_WIDTH), y };
        panel.write_frame(svg, title(mode), "nodes, n")?;
        write_lines(svg, &panel, mode, figures)?;
        if place == 0 {
            panel.write_scale_beside(svg, MARGIN + 6.0, "time to all, virtual", with_time_unit)?;
        }
    }
    write_caption(svg, MARGIN, BOTTOM + 70.0, caption())?;
    writeln!(svg, "</svg>")
}

const fn title(mode: Mode) -> &'static str {
    match mode {
        Mode::PushThenPull => "push, then pull (default)",
        Mode::Push => "push",
        Mode::Pull => "pull",
        Mode::PushPull => "push and pull",
    }
}

fn write_lines(
    svg: &mut String,
    panel: &Panel,
    mode: Mode,
    figures: &[SpreadFigure],
) -> fmt::Result {
    LINES.into_iter().try_for_each(|(loss, is_theory, pen)| {
        let measured = figures.iter().filter(|it| it.mode == mode && it.loss == loss);
        let measured = measured.filter_map(|it| Some((it.nodes, it.all_us?)));
        let times: Vec<_> =
            if is_theory { theory(mode, loss).to_vec() } else { measured.collect() };
        let place = |(nodes, us): (usize, u64)| (panel.x.at(nodes as u64), panel.y.at(us * 1_000));
        pen.write_line(svg, &times.into_iter().map(place).collect::<Vec<_>>())
    })
}

/// What the formula says for populations up to the end of the axis, in microseconds.
fn theory(mode: Mode, loss: f64) -> [(usize, u64); 7] {
    let time = |nodes| (nodes, to_us(spread(mode, loss, nodes).theory()));
    [10, 30, 100, 300, 1_000, 3_000, NODES_MAX].map(time)
}

/// A piece of each line with its name, above the panels.
fn write_legend(svg: &mut String) -> fmt::Result {
    const STEP: f64 = 190.0;
    for ((_, _, pen), place) in LINES.into_iter().rev().zip(0_u8..) {
        let x = LEFT + f64::from(place) * STEP;
        pen.write_line(svg, &[(x, 58.0), (x + 36.0, 58.0)])?;
        pen.write_label(svg, x + 46.0, 62.5)?;
    }
    Ok(())
}

/// What is measured, and how it is measured again.
fn caption() -> [String; 6] {
    let runs = POPULATIONS.map(|(nodes, runs)| format!("{runs} at {}", grouped(nodes as u64)));
    [
        "64 bytes, written once; 3 peers a rumor period of 200 ms, links of 0.5 to 2 ms. Real nodes \
         in virtual time, which probe and compare tables besides."
            .to_owned(),
        format!("Medians of runs with different seeds: {} nodes.", runs.join(", ")),
        "Theory: 2 (ln n + 0.577) / rate periods, for nodes that keep their own time. The rate is 3 for \
         each direction, less what gets lost on one way (push)"
            .to_owned(),
        "or on two (pull). Push, then pull does not wait for its periods and has no formula: its dashed \
         lines are those of push."
            .to_owned(),
        "Where a line ends early more nodes were not run, or a run did not reach everybody within a minute.".to_owned(),
        COMMAND.to_owned(),
    ]
}
