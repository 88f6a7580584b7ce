//! The lines of a run: what the terminal prints and the run's log keeps.

use std::path::Path;

use crate::config::Config;
use crate::data::Corpus;
use crate::evaluate::Measure;
use crate::platform::Instant;
use crate::train::{Ended, EpochRow, Message, Results};

/// Turns a run's messages into lines.
#[derive(Debug)]
pub struct RunLines {
    folder: String,
    epoch_began: Instant,
}

impl RunLines {
    /// The lines of a run in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.display().to_string(), epoch_began: Instant::now() }
    }

    /// What is read before the run begins, in `seconds`.
    pub fn data(config: &Config, corpus: &Corpus, seconds: f64) -> String {
        format!(
            "data      {}: {} students, {} skills{}, {} windows ({seconds:.1} s)",
            config.data.dataset,
            corpus.students.len(),
            corpus.skills.len(),
            items_text(config, corpus),
            corpus.windows.len()
        )
    }

    /// The lines of a message, none for most.
    pub fn lines(&mut self, message: &Message) -> Vec<String> {
        match message {
            Message::Device { label, .. } => vec![format!("device    {label}")],
            Message::Started { parameters, steps, first_epoch, parts, .. } => {
                self.epoch_began = Instant::now();
                let [train, validation, test] =
                    parts.map(|(windows, steps)| format!("{windows} windows, {steps} steps"));
                let mut lines = vec![
                    format!("model     {parameters} parameters, {steps} steps an epoch"),
                    format!("train     {train}"),
                    format!("validate  {validation}"),
                    format!("test      {test}"),
                    format!("folder    {}", self.folder),
                ];
                if *first_epoch > 1 {
                    lines.push(format!("continued with epoch {first_epoch}"));
                }
                lines.push(
                    "epoch  train loss     AUC | validation loss     AUC     acc  M-AUC  M-corr  G-corr |  seconds"
                        .to_owned(),
                );
                lines
            }
            Message::Epoch(row) => {
                let seconds = self.epoch_began.elapsed().as_secs_f64();
                self.epoch_began = Instant::now();
                vec![epoch_line(row, seconds)]
            }
            Message::Warning(text) => vec![format!("warning   {text}")],
            Message::Finished(results) => self.finished(results),
            Message::Progress { .. } | Message::Checkpoint { .. } => Vec::new(),
        }
    }

    fn finished(&self, results: &Results) -> Vec<String> {
        let mut lines = vec![format!("ended     {}", results.ended)];
        if results.ended == Ended::Stopped {
            lines.push(format!("go on with: gainakt train --resume {}", self.folder));
            return lines;
        }
        lines.push(format!("best      epoch {}", results.best_epoch));
        let mut parts = vec![("train", &results.train), ("validation", &results.validation)];
        match &results.test {
            Some(test) => parts.push(("test", test)),
            None => {
                lines.push("test      the data have no held-out test set (give pykt's with --test-data)".to_owned());
            }
        }
        lines.extend(measure_lines(&parts));
        lines.extend(baseline_lines(results));
        lines.push(format!("folder    {}", self.folder));
        lines
    }
}

/// Items of the data and whether the model tells them apart; empty where the data have none.
fn items_text(config: &Config, corpus: &Corpus) -> String {
    match (corpus.items.len(), config.uses_items()) {
        (0, _) => String::new(),
        (items, true) => format!(", {items} items"),
        (items, false) => format!(", {items} items (not used)"),
    }
}

fn epoch_line(row: &EpochRow, seconds: f64) -> String {
    let v = &row.validation;
    format!(
        "{:>5}{:>12.4}{} |{}{}{}{}{}{} |{seconds:>9.1}",
        row.epoch,
        row.train_loss,
        figure(row.train_auc, 8, 4),
        figure(v.loss, 16, 4),
        figure(v.headline_auc(), 8, 4),
        figure(v.headline_accuracy(), 8, 4),
        figure(v.mastery_auc, 7, 3),
        figure(v.mastery_correlation, 8, 3),
        figure(v.gain_correlation, 8, 3),
    )
}

/// The figures of some parts of the data as a table.
pub fn measure_lines(parts: &[(&str, &Measure)]) -> Vec<String> {
    let known = parts.iter().any(|(_, m)| m.truth_correlation.is_some());
    let truth = if known { "  truth" } else { "" };
    let header =
        format!("part         windows    steps     AUC     acc    loss  M-AUC{truth}  M-corr  G-corr  violations");
    let line = |(name, m): &(&str, &Measure)| {
        let violations = [m.monotonicity_violation_rate, m.negative_gain_rate, m.bounds_violation_rate];
        let worst = violations.into_iter().flatten().reduce(f64::max);
        format!(
            "{name:<12}{:>8}{:>9}{}{}{}{}{}{}{}{}",
            m.windows,
            m.steps,
            figure(m.headline_auc(), 8, 4),
            figure(m.headline_accuracy(), 8, 4),
            figure(m.loss, 8, 4),
            figure(m.mastery_auc, 7, 3),
            if known { figure(m.truth_correlation, 7, 3) } else { String::new() },
            figure(m.mastery_correlation, 8, 3),
            figure(m.gain_correlation, 8, 3),
            figure(worst, 12, 4),
        )
    };
    let mut lines: Vec<String> = std::iter::once(header).chain(parts.iter().map(line)).collect();
    if parts.iter().any(|(_, m)| m.rows_are_parts()) {
        lines.push("AUC and acc are of whole answers. By row, one for each skill of an answer, of which later ones know its outcome:".to_owned());
    }
    lines.extend(parts.iter().filter(|(_, m)| m.rows_are_parts()).map(|(name, m)| {
        let (auc, accuracy) = (figure(m.auc, 0, 4), figure(m.accuracy, 0, 4));
        format!("{name:<12}{} answers in {} rows, AUC by row {auc}, accuracy by row {accuracy}", m.answers, m.steps)
    }));
    lines
}

/// The best model beside baselines on the same answers; nothing where none was measured.
pub fn baseline_lines(results: &Results) -> Vec<String> {
    if results.baselines.is_empty() {
        return Vec::new();
    }
    let (part, own) = match &results.test {
        Some(test) => ("test", test),
        None => ("validation", &results.validation),
    };
    let line = |name: &str, auc, within, accuracy, loss, calibration, truth: Option<f64>| {
        format!(
            "{name:<18}{}{}{}{}{}{}",
            figure(auc, 10, 4),
            figure(within, 9, 4),
            figure(accuracy, 8, 4),
            figure(loss, 8, 4),
            figure(calibration, 13, 4),
            truth.map_or(String::new(), |t| figure(Some(t), 8, 3)),
        )
    };
    let mut lines = vec![format!("on {part:<15}       AUC   within     acc    loss  calibration")];
    lines.push(line(
        "this model",
        own.headline_auc(),
        own.within_skills,
        own.headline_accuracy(),
        own.loss,
        own.calibration_error,
        own.truth_correlation,
    ));
    if own.mastery_auc != own.auc {
        lines.push(line("its mastery", own.mastery_auc, own.mastery_within_skills, None, None, None, None));
    }
    for y in &results.baselines {
        let truth = y.truth.and_then(|t| t.correlation);
        lines.push(line(&y.name, y.auc, y.within_skills, y.accuracy, y.loss, y.calibration_error, truth));
    }
    lines
}

/// A number in `width` columns, a dash where there is none.
pub fn figure(value: Option<f64>, width: usize, digits: usize) -> String {
    value.map_or_else(|| format!("{:>width$}", "–"), |v| format!("{v:>width$.digits$}"))
}
