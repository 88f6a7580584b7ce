//! Lines and progress bars; what is printed is kept in the run's log too.

use std::io::Write;
use std::path::Path;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::evaluate::Measure;
use crate::experiment::measure_lines;

/// How progress is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Progress {
    /// Lines, and a bar where standard error is a terminal.
    #[default]
    Bar,
    /// For other programs: standard output has one JSON object a line, `{"kind": "line" | "folder" | "progress", …}`.
    Json,
}

/// The terminal of one command.
pub(super) struct Terminal {
    bar: ProgressBar,
    shown: Progress,
    /// What the bar counts; another task starts its clock anew.
    task: String,
    log: Option<Box<dyn Write>>,
}

impl Terminal {
    /// Shows lines and progress; `log` gets the lines too.
    pub(super) fn new(shown: Progress, log: Option<Box<dyn Write>>) -> Self {
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template("{msg} {wide_bar:.cyan/blue} {pos}/{len}  {eta} left");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self { bar, shown, task: String::new(), log }
    }

    /// Prints a line.
    pub(super) fn line(&mut self, text: &str) {
        match self.shown {
            Progress::Bar => self.bar.suspend(|| println!("{text}")),
            Progress::Json => println!("{}", json!({"kind": "line", "text": text})),
        }
        if let Some(log) = &mut self.log {
            // A full disk shows at the next checkpoint, in words.
            let _ = writeln!(log, "{text}");
        }
    }

    /// Tells another program where the run's folder is; a person reads it in the lines.
    pub(super) fn folder(&self, path: &Path) {
        if self.shown == Progress::Json {
            println!("{}", json!({"kind": "folder", "path": path.display().to_string()}));
        }
    }

    /// Moves the bar of `task`; `remark` is shown behind it.
    pub(super) fn progress(&mut self, task: &str, remark: &str, done: usize, total: usize) {
        if self.shown == Progress::Json {
            let line = json!({"kind": "progress", "task": task, "remark": remark, "done": done, "total": total});
            println!("{line}");
            return;
        }
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
