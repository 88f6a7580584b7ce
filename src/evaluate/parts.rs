//! The three parts of an experiment's data, and a model's figures on each.

use std::ops::ControlFlow;

use super::infer::infer;
use super::measure::{Measure, measure, truth_correlation};
use crate::config::Config;
use crate::data::{Corpus, SlidingWindow, Split, Window};
use crate::error::{Error, Result};
use crate::model::Model;

/// Training, validation and test windows of an experiment.
///
/// # Errors
/// The validation fold leaves nothing to train on or to validate with.
pub fn parts<'a>(config: &Config, corpus: &'a Corpus) -> Result<[Vec<&'a Window>; 3]> {
    let windows = [Split::Train, Split::Validation, Split::Test].map(|p| corpus.part(p, config.data.fold));
    if windows[0].is_empty() || windows[1].is_empty() {
        return Err(Error::Config(format!(
            "fold {} leaves {} windows to train on and {} to validate; choose another validation fold or give more data",
            config.data.fold,
            windows[0].len(),
            windows[1].len()
        )));
    }
    Ok(windows)
}

/// The part that the final figures are about: the test set, or the validation fold where there is none.
pub fn final_part<'a, 'b>([_, validation, test]: &'b [Vec<&'a Window>; 3]) -> &'b [&'a Window] {
    if test.is_empty() { validation } else { test }
}

/// The figures of `model` on sliding windows: every answer is predicted once, with as many answers before it as the
/// model reads (pykt's window protocol). `None` where `progress` breaks off.
///
/// # Errors
/// The device fails.
pub async fn evaluate_sliding(
    model: &mut Model,
    config: &Config,
    windows: &[SlidingWindow],
    mut progress: impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Option<Measure>> {
    let all: Vec<&Window> = windows.iter().map(|w| &w.window).collect();
    let told = async |done| progress(done, all.len()).await;
    let Some(mut outcomes) = infer(model, &all, config.training.batch_size, told).await? else { return Ok(None) };
    for (outcome, sliding) in outcomes.iter_mut().zip(windows) {
        // Row i predicts answer i + 1.
        outcome.keep_from(sliding.unscored.saturating_sub(1));
    }
    Ok(Some(measure(&outcomes, model.config().kind, config.evaluation.max_correlation_students)))
}

/// The figures of `model` on each of `windows`, the [`parts`] of `corpus`. `progress` is told windows done and in all;
/// where it breaks off, there are no figures.
///
/// # Errors
/// The device fails.
pub async fn evaluate_parts(
    model: &mut Model,
    config: &Config,
    corpus: &Corpus,
    windows: &[Vec<&Window>; 3],
    mut progress: impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Option<[Measure; 3]>> {
    let total = windows.iter().map(Vec::len).sum();
    let mut measures = [Measure::default(), Measure::default(), Measure::default()];
    let mut before = 0;
    for (part, windows) in windows.iter().enumerate() {
        let of_part = async |done| progress(before + done, total).await;
        let Some(outcomes) = infer(model, windows, config.training.batch_size, of_part).await? else {
            return Ok(None);
        };
        measures[part] = measure(&outcomes, model.config().kind, config.evaluation.max_correlation_students);
        measures[part].truth_correlation = truth_correlation(&outcomes, windows, corpus);
        before += windows.len();
    }
    Ok(Some(measures))
}
