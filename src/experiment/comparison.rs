//! A table of models, or of other groups of runs: mean ± standard deviation over folds and seeds, and paired differences.

use std::fmt::Write as _;

use super::compare::RunRecord;
use super::run_lines::figure;
use crate::data::CsvText;
use crate::evaluate::Measure;

/// What a table has a column of: key and heading.
const FIGURES: [(&str, &str); 7] = [
    ("validation_auc", "validation AUC"),
    ("test_auc", "test AUC"),
    ("window_auc", "test AUC, window protocol"),
    ("within_skills", "test AUC within skills"),
    ("accuracy", "test accuracy"),
    ("calibration", "calibration error"),
    ("mastery_auc", "mastery AUC"),
];

/// The figure that groups are compared by, pair by pair.
const COMPARED: [usize; 2] = [2, 1];

/// One finished run in a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The group: a model's name, or what was left out of the objective.
    pub group: String,
    /// What runs of different groups must share to be a pair: fold and seed.
    pub pair: (u8, u64),
    figures: [Option<f64>; FIGURES.len()],
}

impl Compared {
    /// From a run's record, and its figures under the window protocol where they were taken.
    pub fn new(group: &str, record: &RunRecord, sliding: Option<&Measure>) -> Self {
        let test = |value: fn(&Measure) -> Option<f64>| record.results.test.as_ref().and_then(value);
        Self {
            group: group.to_owned(),
            pair: (record.config.data.fold, record.config.seeds.seed),
            figures: [
                record.results.validation.headline_auc(),
                test(Measure::headline_auc),
                sliding.and_then(Measure::headline_auc),
                test(|m| m.within_skills),
                test(Measure::headline_accuracy),
                test(|m| m.calibration_error),
                record.results.validation.mastery_auc,
            ],
        }
    }
}

/// Mean and standard deviation of a sample; none of nothing, no deviation of a single value.
pub fn mean_and_std(values: impl Iterator<Item = Option<f64>>) -> (Option<f64>, Option<f64>) {
    let values: Vec<f64> = values.flatten().collect();
    let n = values.len() as f64;
    let mean = (n > 0.0).then(|| values.iter().sum::<f64>() / n);
    let std =
        mean.filter(|_| n > 1.0).map(|m| (values.iter().map(|v| (v - m) * (v - m)).sum::<f64>() / (n - 1.0)).sqrt());
    (mean, std)
}

/// Mean and standard deviation.
type Spread = (Option<f64>, Option<f64>);

/// A group's row.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    group: String,
    runs: usize,
    cells: Vec<Spread>,
}

/// How much higher one group is than another on the same folds and seeds.
#[derive(Debug, Clone, PartialEq)]
struct Difference {
    groups: [String; 2],
    pairs: usize,
    /// Pairs in which the first is the higher one.
    higher: usize,
    spread: Spread,
}

/// The table.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    columns: Vec<usize>,
    rows: Vec<Row>,
    differences: Vec<Difference>,
    compared: usize,
}

impl Comparison {
    /// The table of `runs`, its groups in the order in which they first come.
    pub fn new(runs: &[Compared]) -> Self {
        let mut groups: Vec<&str> = Vec::new();
        for run in runs {
            if !groups.contains(&run.group.as_str()) {
                groups.push(&run.group);
            }
        }
        let columns: Vec<usize> =
            (0..FIGURES.len()).filter(|&c| runs.iter().any(|run| run.figures[c].is_some())).collect();
        let of = |group| of_group(runs, group);
        let rows = groups.iter().map(|group| Row {
            group: (*group).to_owned(),
            runs: of(group).count(),
            cells: columns.iter().map(|&c| mean_and_std(of(group).map(|run| run.figures[c]))).collect(),
        });
        let compared = COMPARED.into_iter().find(|c| columns.contains(c)).unwrap_or(0);
        let mut differences = Vec::new();
        for (i, a) in groups.iter().enumerate() {
            for b in &groups[i + 1..] {
                let pairs: Vec<f64> = of(a)
                    .filter_map(|x| {
                        let y = of(b).find(|y| y.pair == x.pair)?;
                        Some(x.figures[compared]? - y.figures[compared]?)
                    })
                    .collect();
                if !pairs.is_empty() {
                    differences.push(Difference {
                        groups: [(*a).to_owned(), (*b).to_owned()],
                        pairs: pairs.len(),
                        higher: pairs.iter().filter(|d| **d > 0.0).count(),
                        spread: mean_and_std(pairs.into_iter().map(Some)),
                    });
                }
            }
        }
        let rows = rows.collect();
        Self { columns, rows, differences, compared }
    }

    fn headings(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|&c| FIGURES[c].1)
    }

    /// Markdown: the table, then the differences.
    pub fn markdown(&self) -> String {
        let headings: Vec<&str> = self.headings().collect();
        let mut out = format!("| | runs | {} |\n|---|---:|{}\n", headings.join(" | "), "---:|".repeat(headings.len()));
        for row in &self.rows {
            let cells: Vec<String> = row.cells.iter().map(|&cell| with_deviation(cell, " ± ")).collect();
            let _ = writeln!(out, "| {} | {} | {} |", row.group, row.runs, cells.join(" | "));
        }
        if !self.differences.is_empty() {
            let _ = writeln!(
                out,
                "\nDifferences in {} on the same folds and seeds (mean ± standard deviation):\n\n\
                 | | difference | pairs | first is higher |\n|---|---:|---:|---:|",
                FIGURES[self.compared].1
            );
        }
        for d in &self.differences {
            let [a, b] = &d.groups;
            let _ = writeln!(out, "| {a} − {b} | {} | {} | {} |", with_deviation(d.spread, " ± "), d.pairs, d.higher);
        }
        out
    }

    /// CSV: a row a group.
    pub fn csv(&self) -> String {
        let keys = self.columns.iter().flat_map(|&c| ["mean", "std"].map(|part| format!("{}_{part}", FIGURES[c].0)));
        let mut csv = CsvText::new(["group".to_owned(), "runs".to_owned()].into_iter().chain(keys));
        let plain = |value: Option<f64>| value.map_or(String::new(), |v| v.to_string());
        for row in &self.rows {
            let cells = row.cells.iter().flat_map(|cell| [plain(cell.0), plain(cell.1)]);
            csv.row([row.group.clone(), row.runs.to_string()].into_iter().chain(cells));
        }
        csv.finish()
    }

    /// A LaTeX tabular with the same figures.
    pub fn latex(&self) -> String {
        let escaped = |text: &str| text.replace('_', "\\_").replace('%', "\\%").replace('&', "\\&");
        let headings: Vec<String> = self.headings().map(escaped).collect();
        let mut out = format!(
            "\\begin{{tabular}}{{lr{}}}\n\\hline\n & runs & {} \\\\\n\\hline\n",
            "r".repeat(headings.len()),
            headings.join(" & ")
        );
        for row in &self.rows {
            let cells: Vec<String> =
                row.cells.iter().map(|&cell| format!("${}$", with_deviation(cell, " \\pm "))).collect();
            let _ = writeln!(out, "{} & {} & {} \\\\", escaped(&row.group), row.runs, cells.join(" & "));
        }
        out + "\\hline\n\\end{tabular}\n"
    }
}

fn of_group<'a>(runs: &'a [Compared], group: &'a str) -> impl Iterator<Item = &'a Compared> {
    runs.iter().filter(move |run| run.group == group)
}

/// "0.7123 ± 0.0011", the mean alone, or a dash.
fn with_deviation((mean, std): Spread, between: &str) -> String {
    match std {
        Some(_) => format!("{}{between}{}", figure(mean, 0, 4), figure(std, 0, 4)),
        None => figure(mean, 0, 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(group: &str, fold: u8, auc: f64) -> Compared {
        let mut figures = [None; FIGURES.len()];
        figures[1] = Some(auc);
        Compared { group: group.to_owned(), pair: (fold, 42), figures }
    }

    #[test]
    fn means_and_paired_differences_are_those_of_the_runs() {
        let runs = [run("a", 0, 0.70), run("a", 1, 0.72), run("b_c", 1, 0.69), run("b_c", 0, 0.71), run("b_c", 2, 0.9)];
        let table = Comparison::new(&runs);
        let text = table.markdown();
        assert!(text.contains("| a | 2 | 0.7100 ± 0.0141 |"), "{text}");
        // Fold 2 has no partner: differences −0.01 and 0.03.
        assert!(text.contains("| a − b_c | 0.0100 ± 0.0283 | 2 | 1 |"), "{text}");
        assert!(table.csv().starts_with("group,runs,test_auc_mean,test_auc_std\na,2,0.71,"), "{}", table.csv());
        assert!(table.latex().contains("b\\_c & 3 & $0.7667 \\pm"), "{}", table.latex());
    }

    #[test]
    fn a_single_run_has_no_deviation() {
        let table = Comparison::new(&[run("a", 0, 0.7)]);
        assert!(table.markdown().contains("| a | 1 | 0.7000 |"), "{}", table.markdown());
    }
}
