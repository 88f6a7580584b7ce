//! Line plots as SVG, and the same picture as PNG. Colours are Okabe and Ito's, told apart by dashes too.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

const WIDTH: f64 = 920.0;
const HEIGHT: f64 = 440.0;
/// Plot area: left, top, right, bottom.
const AREA: (f64, f64, f64, f64) = (72.0, 48.0, 660.0, 384.0);
const COLOURS: [&str; 8] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#7F7F7F"];
const DASHES: [&str; 3] = ["", "7 4", "2 3"];

/// One line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Legend text.
    pub name: String,
    /// Points, left to right.
    pub points: Vec<(f64, f64)>,
    /// Index into the palette; lines of one colour belong together.
    pub colour: usize,
    /// Index into the dash patterns; 0 is solid.
    pub dash: usize,
    /// Points to mark: x, y, and whether filled (a right answer) or hollow (a wrong one).
    pub marks: Vec<(f64, f64, bool)>,
}

/// A plot.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Plot {
    /// Heading.
    pub title: String,
    /// Horizontal axis, which counts something.
    pub x_label: String,
    /// Vertical axis, with unit.
    pub y_label: String,
    /// Lines.
    pub series: Vec<Series>,
    /// Vertical range; from the data where none is given.
    pub y_range: Option<(f64, f64)>,
    /// A line below the legend.
    pub note: String,
}

impl Plot {
    /// The picture as SVG text.
    pub fn svg(&self) -> String {
        let (left, top, right, bottom) = AREA;
        let points = || self.series.iter().flat_map(|s| &s.points);
        let (x0, x1) = range(points().map(|p| p.0));
        let (y0, y1) = self.y_range.unwrap_or_else(|| padded(range(points().map(|p| p.1))));
        let px = |x: f64| left + (x - x0) / (x1 - x0) * (right - left);
        let py = |y: f64| bottom - (y - y0) / (y1 - y0) * (bottom - top);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" font-family=\"Ubuntu, sans-serif\" font-size=\"14\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n<text x=\"{left}\" y=\"28\" font-size=\"17\">{}</text>\n",
            escape(&self.title)
        );
        for (value, at) in ticks(x0, x1, 8, 1.0).into_iter().map(|v| (v, px(v))) {
            let _ = writeln!(
                out,
                "<line x1=\"{at:.1}\" y1=\"{top}\" x2=\"{at:.1}\" y2=\"{bottom}\" stroke=\"#e6e6e6\"/><text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                bottom + 20.0,
                label(value)
            );
        }
        for (value, at) in ticks(y0, y1, 6, 0.0).into_iter().map(|v| (v, py(v))) {
            let _ = writeln!(
                out,
                "<line x1=\"{left}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\" stroke=\"#e6e6e6\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                left - 8.0,
                at + 5.0,
                label(value)
            );
        }
        let _ = writeln!(
            out,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#666666\"/>",
            right - left,
            bottom - top
        );
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            (left + right) / 2.0,
            bottom + 44.0,
            escape(&self.x_label)
        );
        let middle = (top + bottom) / 2.0;
        let _ = writeln!(
            out,
            "<text x=\"20\" y=\"{middle}\" text-anchor=\"middle\" transform=\"rotate(-90 20 {middle})\">{}</text>",
            escape(&self.y_label)
        );
        for (i, series) in self.series.iter().enumerate() {
            let colour = COLOURS[series.colour % COLOURS.len()];
            let dash = DASHES[series.dash % DASHES.len()];
            let path: Vec<String> = series
                .points
                .iter()
                .filter(|p| p.1.is_finite())
                .map(|p| format!("{:.1},{:.1}", px(p.0), py(p.1)))
                .collect();
            let _ = writeln!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"/>",
                path.join(" ")
            );
            if let [only] = series.points[..] {
                let _ = writeln!(
                    out,
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\" fill=\"{colour}\"/>",
                    px(only.0),
                    py(only.1)
                );
            }
            for &(x, y, filled) in &series.marks {
                let (x, y) = (px(x), py(y));
                let _ = if filled {
                    writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>")
                } else {
                    writeln!(
                        out,
                        "<path d=\"M{:.1} {:.1}l8 8m0 -8l-8 8\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                        x - 4.0,
                        y - 4.0
                    )
                };
            }
            let y = top + 10.0 + 22.0 * i as f64;
            let _ = writeln!(
                out,
                "<line x1=\"{}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"/><text x=\"{}\" y=\"{}\" font-size=\"13\">{}</text>",
                right + 14.0,
                right + 44.0,
                right + 50.0,
                y + 5.0,
                escape(&short(&series.name))
            );
        }
        let below = top + 24.0 + 22.0 * self.series.len() as f64;
        for (i, line) in self.note.lines().enumerate() {
            let _ = writeln!(
                out,
                "<text x=\"{}\" y=\"{}\" font-size=\"12\" fill=\"#444444\">{}</text>",
                right + 14.0,
                below + 17.0 * i as f64,
                escape(line)
            );
        }
        out + "</svg>\n"
    }
}

/// Draws SVG text as PNG, at twice its size.
///
/// # Errors
/// The text is no SVG.
pub fn png(svg: &str) -> Result<Vec<u8>> {
    use resvg::{tiny_skia, usvg};
    const PLOT: &str = "a plot";
    let mut options = usvg::Options { font_family: "Ubuntu".to_owned(), ..usvg::Options::default() };
    options.fontdb_mut().load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
    // Whatever family is asked for, there is one font.
    let family =
        options.fontdb.faces().next().and_then(|f| f.families.first().map(|n| n.0.clone())).unwrap_or_default();
    options.fontdb_mut().set_sans_serif_family(family);
    let tree = usvg::Tree::from_str(svg, &options).map_err(|e| Error::output(PLOT, e))?;
    let scale = 2.0;
    let size = tree.size();
    let mut pixels = tiny_skia::Pixmap::new((size.width() * scale) as u32, (size.height() * scale) as u32)
        .ok_or_else(|| Error::output(PLOT, "it has no size"))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|e| Error::output(PLOT, e))
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.filter(|v| v.is_finite()).fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
    match (low < high, low == high) {
        (true, _) => (low, high),
        (_, true) => (low - 0.5, high + 0.5),
        _ => (0.0, 1.0),
    }
}

fn padded((low, high): (f64, f64)) -> (f64, f64) {
    let pad = (high - low) * 0.05;
    (low - pad, high + pad)
}

/// Round values from `low` to `high`, about `count` of them and at least `least` apart.
fn ticks(low: f64, high: f64, count: usize, least: f64) -> Vec<f64> {
    let rough = ((high - low) / count as f64).max(least);
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough).unwrap_or(power);
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|i| i as f64 * step).collect()
}

fn label(value: f64) -> String {
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn short(text: &str) -> String {
    if text.chars().count() > 28 { text.chars().take(27).collect::<String>() + "…" } else { text.to_owned() }
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(0.0, 1.0, 5, 0.0), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks(1.0, 3.0, 8, 1.0), [1.0, 2.0, 3.0]);
    }

    #[test]
    fn a_plot_draws_with_text() {
        let empty = Plot { title: "A & B".to_owned(), ..Plot::default() };
        let line =
            Series { name: "x".to_owned(), points: vec![(1.0, 0.1), (2.0, f64::NAN), (3.0, 0.4)], ..Series::default() };
        let plot = Plot { series: vec![line], ..empty.clone() };
        let (a, b) = (png(&empty.svg()).unwrap(), png(&plot.svg()).unwrap());
        assert!(a.starts_with(b"\x89PNG") && a != b);
        let bare = png(&Plot::default().svg()).unwrap();
        assert_ne!(a, bare, "the title leaves no ink");
    }
}
