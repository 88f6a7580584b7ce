//! Whether the model knows how sure it may be: bands against the true chances of a simulated class, and what-ifs against what
//! came (MODEL §11).

use std::ops::ControlFlow;

use super::super::certainty::{Coverage, Followed, Judged, WhatIfOutcome, coverage, is_cheap, what_ifs};
use super::super::trajectory::close;
use super::probes::evenly;
use crate::data::{Corpus, RaggedBatch, Window, simulated_chance};
use crate::error::Result;
use crate::model::{Model, ModelConfig, Question};

/// Windows asked about, at the most, of models that answer in a forward pass and of others.
const WINDOWS: [usize; 2] = [400, 40];
/// Answers from one after which chances are judged to the next.
const STRIDE: [usize; 2] = [3, 10];
/// Answers from one whose consequence is looked up to the next.
const OUTCOME_STRIDE: [usize; 2] = [1, 5];
/// Windows in a batch.
const BATCH: usize = 20;

/// Which windows are asked about.
pub(super) struct SurenessProbe<'a> {
    windows: Vec<&'a Window>,
    stride: usize,
    outcome_stride: usize,
}

/// What a question is for.
enum Purpose {
    /// The chance is judged against this true one; answers to the skill so far.
    Truth(f64, u32),
    /// This answer came, and the next to the skill was this one.
    Outcome(bool, bool),
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Sureness {
    pub coverage: Option<Coverage>,
    pub what_ifs: Vec<WhatIfOutcome>,
}

impl<'a> SurenessProbe<'a> {
    pub(super) fn new(windows: &[&'a Window], model: &ModelConfig) -> Self {
        let place = usize::from(!is_cheap(model));
        Self { windows: evenly(windows, WINDOWS[place]), stride: STRIDE[place], outcome_stride: OUTCOME_STRIDE[place] }
    }

    /// Steps of progress.
    pub(super) fn steps(&self) -> usize {
        self.windows.len().div_ceil(BATCH)
    }

    /// Asks the model; `None` where `progress` breaks off.
    pub(super) async fn run(
        &self,
        model: &mut Model,
        corpus: &Corpus,
        mut progress: impl AsyncFnMut(usize) -> ControlFlow<()>,
    ) -> Result<Option<Sureness>> {
        let (mut judged, mut followed) = (Vec::new(), Vec::new());
        for (done, some) in self.windows.chunks(BATCH).enumerate() {
            let mut batch = RaggedBatch::default();
            some.iter().for_each(|w| close(&mut batch, &w.answers));
            let mut questions = Vec::new();
            let mut purposes = Vec::new();
            for (w, window) in some.iter().enumerate() {
                let first = batch.range(w).start;
                for (t, skill, purpose) in self.of_window(window, corpus) {
                    questions.push(Question { row: first + t, skill, item: 0 });
                    purposes.push(purpose);
                }
            }
            model.survey(batch).await?;
            for (change, purpose) in model.what_if(&questions).await?.into_iter().zip(purposes) {
                let chance = f64::from(change.chance);
                match purpose {
                    Purpose::Truth(truth, answers) => {
                        judged.push(Judged { chance, deviation: f64::from(change.deviation()), answers, truth });
                    }
                    Purpose::Outcome(correct, next_correct) => {
                        let difference = f64::from(change.after_correct - change.after_incorrect);
                        followed.push(Followed { chance, difference, correct, next_correct });
                    }
                }
            }
            if progress(done + 1).await.is_break() {
                return Ok(None);
            }
            crate::platform::yield_now().await;
        }
        Ok(Some(Sureness { coverage: coverage(&judged), what_ifs: what_ifs(followed) }))
    }

    /// Rows and skills of a window that are asked about.
    fn of_window(&self, window: &Window, corpus: &Corpus) -> Vec<(usize, u32, Purpose)> {
        let skills = corpus.skills.len();
        let answers: Vec<(usize, u32, u8)> = window.answers.by_skill().collect();
        let mut asked = Vec::new();
        // Of each skill: answers so far, and the last of them with what is known of the one before it.
        let mut counts = vec![0; skills];
        let mut last: Vec<Option<(usize, bool)>> = vec![None; skills];
        let truth = corpus.truth.as_ref().map(|truth| &truth.mastery[window.student as usize]);
        for (i, &(t, skill, response)) in answers.iter().enumerate() {
            let correct = response == 1;
            if let Some((before, was_correct)) = last[skill as usize].replace((t, correct))
                && before > 0
                && before % self.outcome_stride == 0
            {
                asked.push((before - 1, skill, Purpose::Outcome(was_correct, correct)));
            }
            counts[skill as usize] += 1;
            // Once an answer's last skill is counted.
            let whole = answers.get(i + 1).is_none_or(|next| next.0 > t);
            if let (Some(truth), true) = (truth, whole && t % self.stride == 0) {
                let row = (window.first as usize + t) * skills;
                let known = |k: usize| simulated_chance(f64::from(truth[row + k]));
                let practised = (0..skills).filter(|&k| counts[k] > 0);
                asked.extend(practised.map(|k| (t, k as u32, Purpose::Truth(known(k), counts[k]))));
            }
        }
        asked
    }
}
