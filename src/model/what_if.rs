//! What one more answer would change, and how sure the model is therefore (MODEL §11).
//!
//! An answer that was never given is a row of its own that follows the rows of a window: one pass over all such rows reads what
//! the last pass left of the windows, instead of reading every window again for each question.

use super::Question;
use super::architectures::ModelKernels;
use super::encoder::{self, EncoderWork};
use super::network::Network;
use super::pass::Pass;
#[cfg(feature = "burn")]
use crate::data::Answers;
use crate::data::RaggedBatch;
use crate::error::Result;
use crate::ops::{DeviceBatch as _, PreparedBatch};

/// Most rows of a pass over answers that were never given: bounds its memory.
const ROWS: usize = 4096;

/// What one more answer to a skill would change.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct WhatIf {
    /// p: chance of a correct answer to the skill now.
    pub chance: f32,
    /// p⁺: that chance after one more answer to the skill, a correct one.
    pub after_correct: f32,
    /// p⁻: after an incorrect one.
    pub after_incorrect: f32,
}

impl WhatIf {
    /// What would change, question by question: `after` holds p⁺ and p⁻ of each in turn.
    pub(super) fn all(chances: &[f32], after: &[f32]) -> Vec<Self> {
        let pairs = chances.iter().zip(after.as_chunks::<2>().0);
        pairs
            .map(|(&chance, &[after_correct, after_incorrect])| Self { chance, after_correct, after_incorrect })
            .collect()
    }

    /// Standard deviation of the true chance that the model's own updates imply, √(p·(1 − p)·max(0, p⁺ − p⁻)).
    pub fn deviation(&self) -> f32 {
        let Self { chance: p, after_correct, after_incorrect } = self;
        (p * (1.0 - p) * (after_correct - after_incorrect).max(0.0)).sqrt()
    }
}

/// An answer that was never given: to a skill, after a row of the last batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Imagined {
    pub row: usize,
    pub skill: u32,
    pub response: u8,
}

impl Imagined {
    /// To every question a correct and an incorrect answer.
    pub(super) fn of(questions: &[Question]) -> impl Iterator<Item = Self> {
        let both = |q: &Question| [1, 0].map(|response| Self { row: q.row, skill: q.skill, response });
        questions.iter().flat_map(both)
    }

    /// The window of `batch` up to this answer and with it, of at most `longest` answers, and a placeholder for the one asked next.
    #[cfg(feature = "burn")]
    pub(super) fn after_its_window(self, batch: &RaggedBatch, longest: usize) -> Answers {
        let first = batch.offsets[window_of(batch, self.row)] as usize;
        let mut answers = Answers::default();
        for row in first.max((self.row + 2).saturating_sub(longest))..=self.row {
            let item = batch.items.as_ref().map_or(0, |items| items.own[row]);
            answers.push(&[batch.skill[row]], item, batch.response[row]);
        }
        answers.push(&[self.skill], 0, self.response);
        answers.push(&[self.skill], 0, 0);
        answers
    }
}

/// The window that `row` lies in.
fn window_of(batch: &RaggedBatch, row: usize) -> usize {
    batch.offsets.partition_point(|&first| first as usize <= row) - 1
}

/// What a pass over answers that were never given needs on the device, kept from pass to pass.
#[derive(Debug)]
pub(super) struct ImaginedRows<K: ModelKernels> {
    work: EncoderWork<K::Floats>,
    batch: K::Batch,
}

impl<K: ModelKernels> Network<K> {
    /// What one more answer to each question's skill, on an average item, would change after its row of the last pass, which
    /// kept every block's results ([`super::network::Purpose::Inspect`]). Empty where the model cannot be asked.
    pub(super) async fn what_if(&mut self, questions: &[Question]) -> Result<Vec<WhatIf>> {
        let chances = self.ask(questions).await?;
        if chances.is_empty() {
            return Ok(Vec::new());
        }
        let mut after = Vec::with_capacity(2 * questions.len());
        for some in Imagined::of(questions).collect::<Vec<_>>().chunks(ROWS) {
            after.extend(self.chances_after(some).await?);
        }
        Ok(WhatIf::all(&chances, &after))
    }

    /// Chance of a correct answer to each answer's skill right after that answer.
    async fn chances_after(&mut self, answers: &[Imagined]) -> Result<Vec<f32>> {
        let rows = self.imagined_rows(answers);
        let Self { kernels: k, params, config, places, encoder: history, rows: outputs, readout, imagined, .. } = self;
        let (mut work, batch) = match imagined.take() {
            Some(ImaginedRows { work, batch }) => (work, Some(batch)),
            None => (EncoderWork::new(k)?, None),
        };
        work.reserve(k, config, false, rows.rows())?;
        let batch = k.batch(rows, batch)?;
        encoder::forward_after(k, params, &batch, &places.encoder, config, history, outputs.count, &mut work);
        let pass = Pass { params, batch: &batch, config };
        let chances = readout.chances_after(k, &pass, &places.encoder, &work, outputs.count, answers).await;
        *imagined = Some(ImaginedRows { work, batch });
        chances
    }

    /// The answers as windows of one row that follow rows of the last batch.
    fn imagined_rows(&self, answers: &[Imagined]) -> PreparedBatch {
        let last = &self.batch.as_ref().expect("a pass came before").prepared().batch;
        let mut batch = RaggedBatch::default();
        let mut history = Vec::with_capacity(answers.len());
        for answer in answers {
            batch.push_skills(&[answer.skill; 2], &[answer.response, 0]);
            history.push([last.offsets[window_of(last, answer.row)], answer.row as u32 + 1]);
        }
        // A window as long as the model reads has no place for one more: the answer takes the last.
        let place = |a: &Imagined| (last.position[a.row] + 1).min(self.config.seq_len as u32 - 1);
        batch.position = answers.iter().map(place).collect();
        let prepared = PreparedBatch::new(batch, self.config.num_c).for_items(self.config.num_items);
        PreparedBatch { history: Some(history), ..prepared }
    }
}
