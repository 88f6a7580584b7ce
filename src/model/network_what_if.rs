//! Asking a network what one more answer would change (MODEL §11).
//!
//! An answer that was never given is a row of its own that follows the rows of a window: one pass over all such rows reads what
//! the last pass left of the windows, instead of reading every window again for each question.

use super::architectures::ModelKernels;
use super::encoder::{self, EncoderWork};
use super::network::{ImaginedRows, Network};
use super::pass::Pass;
use super::question::{Imagined, Question, WhatIf, window_of};
use crate::data::RaggedBatch;
use crate::error::Result;
use crate::ops::{DeviceBatch as _, PreparedBatch};

/// Most rows of a pass over answers that were never given: bounds its memory.
const ROWS: usize = 4096;

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
