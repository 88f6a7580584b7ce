//! Lines and progress bars; what is printed is kept in the run's log too.

use std::io::Write;

use indicatif::{ProgressBar, ProgressStyle};

use crate::evaluate::Measure;

/// The terminal of one command.
pub(super) struct Terminal {
    bar: ProgressBar,
    /// What the bar counts; another task starts its clock anew.
    task: String,
    log: Option<Box<dyn Write>>,
}

impl Terminal {
    /// Shows lines, and a progress bar where a person looks on; `log` gets the lines too.
    pub(super) fn new(log: Option<Box<dyn Write>>) -> Self {
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template("{msg} {wide_bar:.cyan/blue} {pos}/{len}  {eta} left");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self { bar, task: String::new(), log }
    }

    /// Prints a line.
    pub(super) fn line(&mut self, text: &str) {
        self.bar.suspend(|| println!("{text}"));
        if let Some(log) = &mut self.log {
            // A full disk shows at the next checkpoint, in words.
            let _ = writeln!(log, "{text}");
        }
    }

    /// Moves the bar of `task`; `remark` is shown behind it.
    pub(super) fn progress(&mut self, task: &str, remark: &str, done: usize, total: usize) {
        if self.task != task {
            task.clone_into(&mut self.task);
            self.bar.reset();
            self.bar.set_length(total as u64);
        }
        self.bar.set_message(format!("{task} {remark}").trim_end().to_owned());
        self.bar.set_position(done as u64);
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Prints the figures of some parts of the data as a table.
    pub(super) fn measures(&mut self, parts: &[(&str, &Measure)]) {
        let known = parts.iter().any(|(_, m)| m.truth_correlation.is_some());
        let truth = if known { "  truth" } else { "" };
        self.line(&format!(
            "part         windows    steps     AUC     acc    loss  M-AUC{truth}  M-corr  G-corr  violations"
        ));
        for (name, m) in parts {
            let violations = [m.monotonicity_violation_rate, m.negative_gain_rate, m.bounds_violation_rate];
            let worst = violations.into_iter().flatten().reduce(f64::max);
            self.line(&format!(
                "{name:<12}{:>8}{:>9}{}{}{}{}{}{}{}{}",
                m.windows,
                m.steps,
                figure(m.auc, 8, 4),
                figure(m.accuracy, 8, 4),
                figure(m.loss, 8, 4),
                figure(m.mastery_auc, 7, 3),
                if known { figure(m.truth_correlation, 7, 3) } else { String::new() },
                figure(m.mastery_correlation, 8, 3),
                figure(m.gain_correlation, 8, 3),
                figure(worst, 12, 4),
            ));
        }
    }
}

/// A number in `width` columns, a dash where there is none.
pub(super) fn figure(value: Option<f64>, width: usize, digits: usize) -> String {
    value.map_or_else(|| format!("{:>width$}", "–"), |v| format!("{v:>width$.digits$}"))
}

/// Mean and sample standard deviation of what is defined.
pub(super) fn spread(values: impl Iterator<Item = Option<f64>>) -> (Option<f64>, Option<f64>) {
    let values: Vec<f64> = values.flatten().collect();
    let n = values.len() as f64;
    let mean = (n > 0.0).then(|| values.iter().sum::<f64>() / n);
    let std =
        mean.filter(|_| n > 1.0).map(|m| (values.iter().map(|v| (v - m) * (v - m)).sum::<f64>() / (n - 1.0)).sqrt());
    (mean, std)
}
