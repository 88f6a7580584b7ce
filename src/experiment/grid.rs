//! A table of values from 0 to 1 as a picture and as CSV.

use std::fmt::Write as _;

use super::plot::escape;
use crate::data::CsvText;

const CELL: (f64, f64) = (26.0, 14.0);
const NAMES: f64 = 120.0;
const HEAD: f64 = 190.0;

/// Rows and columns with names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grid {
    /// Heading.
    pub title: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Name and values of each row, 0 to 1.
    pub rows: Vec<(String, Vec<f32>)>,
}

impl Grid {
    /// The picture as SVG text; dark is low, light is high (viridis).
    pub fn svg(&self) -> String {
        let width = NAMES + CELL.0 * self.columns.len() as f64 + 20.0;
        let height = HEAD + CELL.1 * self.rows.len() as f64 + 20.0;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"Ubuntu, sans-serif\" font-size=\"11\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n<text x=\"10\" y=\"24\" font-size=\"17\">{}</text>\n",
            escape(&self.title)
        );
        for (i, name) in self.columns.iter().enumerate() {
            let (x, y) = (NAMES + CELL.0 * (i as f64 + 0.5) + 4.0, HEAD - 6.0);
            let _ = writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{y}\" transform=\"rotate(-90 {x:.1} {y})\">{}</text>",
                escape(name)
            );
        }
        for (r, (name, values)) in self.rows.iter().enumerate() {
            let y = HEAD + CELL.1 * r as f64;
            let _ = writeln!(
                out,
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                NAMES - 8.0,
                y + 11.0,
                escape(name)
            );
            for (c, value) in values.iter().enumerate() {
                let colour = colorous::VIRIDIS.eval_continuous(f64::from(value.clamp(0.0, 1.0)));
                let x = NAMES + CELL.0 * c as f64;
                let _ = writeln!(
                    out,
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{}\" height=\"{}\" fill=\"#{colour:x}\"/>",
                    CELL.0, CELL.1
                );
            }
        }
        out + "</svg>\n"
    }

    /// A header, then a row a row.
    pub fn csv(&self) -> String {
        let mut csv = CsvText::new(std::iter::once("student").chain(self.columns.iter().map(String::as_str)));
        for (name, values) in &self.rows {
            csv.row(std::iter::once(name.clone()).chain(values.iter().map(f32::to_string)));
        }
        csv.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_a_cell_for_every_value() {
        let rows = vec![("a,b".to_owned(), vec![0.0, 0.5]), ("c".to_owned(), vec![1.0, 0.25])];
        let grid = Grid { title: "A & B".to_owned(), columns: vec!["x".to_owned(), "y".to_owned()], rows };
        assert_eq!(grid.svg().matches("<rect x=").count(), 4);
        assert!(super::super::plot::png(&grid.svg()).unwrap().starts_with(b"\x89PNG"));
        assert_eq!(grid.csv(), "student,x,y\n\"a,b\",0,0.5\nc,1,0.25\n");
    }
}
