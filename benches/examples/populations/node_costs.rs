//! What a node costs as populations grow, as a picture: the processor's time, and memory.

use std::fmt::{self, Write as _};

use rumormill_benches::plot::{
    Axis, DASHED, DISC, Panel, Pen, SQUARE, THICK, THIN, with_time_unit, with_unit, write_caption,
    write_head, write_text,
};

use crate::figures::{COMMAND, CostFigure};

const TITLE: &str = "What a node costs in populations of n";

const WIDTH: f64 = 984.0;
const HEIGHT: f64 = 530.0;
const MARGIN: f64 = 16.0;
const TOP: f64 = 74.0;
const BOTTOM: f64 = 374.0;
const PANEL_WIDTH: f64 = 250.0;

/// Where the panels begin, each with room for the names of its lines.
const PROCESSOR_LEFT: f64 = 86.0;
const MEMORY_LEFT: f64 = 576.0;

const OURS: &str = "#0b7a3b";
const THEORY: &str = "#555555";

const PROCESSOR: Pen = Pen { label: "measured", color: OURS, stroke: THICK, mark: DISC };
const CONSTANT: Pen = Pen { label: "as with 10 nodes", color: THEORY, stroke: DASHED, mark: "" };
const ALONE: Pen = Pen { label: "a node by itself", color: OURS, stroke: THICK, mark: DISC };
const SIMULATED: Pen =
    Pen { label: "in the simulator", color: "#3465a4", stroke: THIN, mark: SQUARE };
const LINEAR: Pen = Pen { label: "in proportion to n", color: THEORY, stroke: DASHED, mark: "" };

/// Draws a picture as SVG.
pub(crate) fn draw(figures: &[CostFigure]) -> String {
    let mut svg = String::new();
    write_picture(&mut svg, figures).expect("a string takes all that is written");
    svg
}

fn write_picture(svg: &mut String, figures: &[CostFigure]) -> fmt::Result {
    write_head(svg, WIDTH, HEIGHT, TITLE)?;
    write_text(svg, MARGIN, 32.0, r#"font-size="18" font-weight="bold""#, TITLE)?;
    write_processor(svg, figures)?;
    write_memory(svg, figures)?;
    write_caption(svg, MARGIN, BOTTOM + 70.0, caption())?;
    writeln!(svg, "</svg>")
}

fn write_processor(svg: &mut String, figures: &[CostFigure]) -> fmt::Result {
    let times = |it: &CostFigure| Some((it.nodes as u64, it.cpu_ns?));
    let times: Vec<_> = figures.iter().filter_map(times).collect();
    let constant =
        times.first().map(|(_, first)| times.iter().map(|(n, _)| (*n, *first)).collect());
    let lines = [(CONSTANT, constant.unwrap_or_default()), (PROCESSOR, times)];
    let panel = Chart { title: "processor's time a node and second", left: PROCESSOR_LEFT, lines };
    panel.write(svg, "time, of a virtual second", with_time_unit)
}

fn write_memory(svg: &mut String, figures: &[CostFigure]) -> fmt::Result {
    let alone: Vec<_> = figures.iter().map(|it| (it.nodes as u64, it.alone_bytes)).collect();
    let simulated = figures.iter().filter_map(|it| Some((it.nodes as u64, it.simulated_bytes?)));
    let last = alone.last().copied().unwrap_or((1, 1));
    let linear = alone.iter().map(|(nodes, _)| (*nodes, (last.1 * nodes / last.0).max(1)));
    let lines = [
        (LINEAR, linear.collect()),
        (SIMULATED, simulated.collect::<Vec<_>>()),
        (ALONE, alone.clone()),
    ];
    let panel = Chart { title: "resident memory a node", left: MEMORY_LEFT, lines };
    panel.write(svg, "memory", with_unit)
}

/// A panel with lines through numbers.
struct Chart<const N: usize> {
    title: &'static str,
    left: f64,
    lines: [(Pen, Vec<(u64, u64)>); N],
}

impl<const N: usize> Chart<N> {
    fn write(
        &self,
        svg: &mut String,
        beside: &str,
        to_text: impl Fn(u64) -> String,
    ) -> fmt::Result {
        let points = || self.lines.iter().flat_map(|(_, points)| points);
        let panel = Panel {
            x: Axis::over(points().map(|it| it.0), self.left, self.left + PANEL_WIDTH),
            y: Axis::over(points().map(|it| it.1), BOTTOM, TOP),
        };
        panel.write_frame(svg, self.title, "nodes, n")?;
        panel.write_scale_beside(svg, self.left - 64.0, beside, to_text)?;
        let mut ends = Vec::new();
        for (pen, points) in &self.lines {
            let points = points.iter().map(|(x, y)| (panel.x.at(*x), panel.y.at(*y)));
            let points: Vec<_> = points.collect();
            pen.write_line(svg, &points)?;
            ends.extend(points.last().map(|end| (end.1, *pen)));
        }
        panel.write_labels(svg, ends)
    }
}

/// What is measured, and how it is measured again.
const fn caption() -> [&'static str; 4] {
    [
        "Processor: real nodes in one thread of the simulator, its own work included, for a minute in which all \
         know each other: a tenth of all datagrams gets lost,",
        "two nodes write each second, and 1 % of all crash. In the simulator equal rows are kept once, and what \
         it needs besides is in its memory.",
        "By itself: how much a process grows by a node that knows n members, with rows of its own, as after \
         joining.",
        COMMAND,
    ]
}
