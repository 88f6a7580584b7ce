//! Lines and progress bars; what is printed is kept in the run's log too.

use std::io::Write;

use indicatif::{ProgressBar, ProgressStyle};

use crate::evaluate::Measure;
use crate::experiment::measure_lines;

/// The terminal of one command.
pub(super) struct Terminal {
    bar: ProgressBar,
    /// What the bar counts; another task starts its clock anew.
    task: String,
    log: Option<Box<dyn Write>>,
}

impl Terminal {
    /// Shows lines, and a progress bar where standard error is a terminal; `log` gets the lines too.
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
        measure_lines(parts).iter().for_each(|line| self.line(line));
    }
}
