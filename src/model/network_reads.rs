//! What others read of a network on a device: results of passes, gradients, the optimizer's state.

use super::architectures::{Losses, ModelKernels};
use super::model::{HeadsOutput, Output};
use super::network::{Network, Purpose};
use super::row_stats::RowStat;
use super::{DropoutSites, Inspection, Question};
use crate::error::{Error, Result};
use crate::ops::{DeviceStats, PreparedBatch};

impl<K: ModelKernels> Network<K> {
    pub(super) fn write_params(&mut self, values: &[f32]) {
        self.kernels.write(&mut self.params, values);
    }

    pub(super) async fn read_params(&mut self) -> Result<Vec<f32>> {
        self.kernels.read(&self.params, 0, self.layout.count()).await
    }

    /// Logits, mastery and gains of a forward pass.
    pub(super) async fn output(&mut self, plan: PreparedBatch) -> Result<Output> {
        let (rows, cells) = (plan.rows(), plan.rows() * self.config.num_c);
        self.forward(plan, DropoutSites::evaluation(), Purpose::Inspect)?;
        let logits = self.kernels.read(&self.rows.logits, 0, rows).await?;
        let heads = if self.config.interpretable() {
            let mastery = self.kernels.read(&self.rows.mastery, 0, cells).await?;
            Some(HeadsOutput { mastery, gains: self.kernels.read(&self.rows.gains, 0, cells).await? })
        } else {
            None
        };
        Ok(Output { logits, heads })
    }

    /// Columns of [`RowStat`] of a forward pass, `[15, N]`.
    pub(super) async fn stats(&mut self, plan: PreparedBatch, purpose: Purpose) -> Result<Vec<f32>> {
        let rows = plan.rows();
        self.forward(plan, DropoutSites::evaluation(), purpose)?;
        self.kernels.read(&self.rows.stats, 0, rows * RowStat::COUNT).await
    }

    /// Mastery of the last forward pass, `[N, C]`; empty where the model has none.
    pub(super) async fn mastery(&mut self) -> Result<Vec<f32>> {
        match self.config.interpretable() {
            true => self.kernels.read(&self.rows.mastery, 0, self.rows.count * self.config.num_c).await,
            false => Ok(Vec::new()),
        }
    }

    /// The streams after the encoder over `rows` rows, `[N, D]` each.
    pub(super) async fn encoded(&mut self, rows: usize) -> Result<(Vec<f32>, Vec<f32>)> {
        let len = rows * self.config.d_model;
        let Self { kernels, encoder, .. } = self;
        let [ctx, val] = encoder.streams();
        Ok((kernels.read(ctx, 0, len).await?, kernels.read(val, 0, len).await?))
    }

    /// Chance of a correct answer were each skill asked after each of these rows of the last pass, `[rows, C]`. There must
    /// have been a pass.
    pub(super) async fn chances(&mut self, wanted: &[usize]) -> Result<Vec<f32>> {
        let Self { kernels, params, config, places, batch, encoder, rows, readout, .. } = self;
        let batch = batch.as_ref().expect("chances are asked about a pass");
        let pass = super::pass::Pass { params, batch, config };
        readout.chances(kernels, &pass, &places.encoder, encoder, rows, wanted).await
    }

    /// Chance of a correct answer to each question about the last pass.
    pub(super) async fn ask(&mut self, questions: &[Question]) -> Result<Vec<f32>> {
        let mut rows: Vec<usize> = questions.iter().map(|q| q.row).collect();
        rows.sort_unstable();
        rows.dedup();
        let (chances, difficulties) = (self.chances(&rows).await?, self.difficulties().await?);
        let chance = |q: &Question| {
            let at = rows.binary_search(&q.row).expect("every question's row is among the rows");
            let p = chances[at * self.config.num_c + q.skill as usize];
            match difficulties.get(q.item as usize) {
                // Of an average item the logit is that of the skill, of another it is less by the difficulty.
                Some(&difficulty) if q.item > 0 => p / (p + (1.0 - p) * difficulty.exp()),
                _ => p,
            }
        };
        Ok(questions.iter().map(chance).collect())
    }

    /// See [`super::architectures::Readout::transfer`].
    pub(super) async fn transfer(&mut self) -> Result<Vec<Vec<f32>>> {
        self.readout.transfer(&mut self.kernels, &self.params, self.layout.count()).await
    }

    /// See [`super::architectures::Readout::difficulties`].
    pub(super) async fn difficulties(&mut self) -> Result<Vec<f32>> {
        self.readout.difficulties(&mut self.kernels, &self.params).await
    }

    /// See [`super::architectures::Readout::prior`].
    pub(super) async fn prior(&mut self) -> Result<Vec<f32>> {
        self.readout.prior(&mut self.kernels, &self.params).await
    }

    /// Looks at the last row of `plan`, which must be one window.
    pub(super) async fn inspect(&mut self, plan: PreparedBatch) -> Result<Inspection> {
        let (n, d, heads) = (plan.rows(), self.config.d_model, self.config.n_heads);
        let answers = plan.batch.clone();
        self.forward(plan, DropoutSites::evaluation(), Purpose::Inspect)?;
        let attention = self.encoder.attention(&mut self.kernels, n, d, heads).await?;
        let evidence = self.readout.inside(&mut self.kernels, &self.params, self.layout.count(), &answers).await?;
        Ok(Inspection { next: self.chances(&[n - 1]).await?, attention, evidence, ..Inspection::default() })
    }

    /// Gradients of all parameters that learn, and the loss terms.
    pub(super) async fn gradients_of(
        &mut self,
        batch: PreparedBatch,
        losses: Losses,
        dropout: DropoutSites,
    ) -> Result<(Vec<f32>, Vec<f32>)> {
        self.gradients(batch, losses, dropout)?;
        let Some(learning) = &self.learning else { return Err(no_gradients()) };
        let grads = self.kernels.read(&learning.grads, 0, self.layout.active()).await?;
        let terms = match self.readout.terms() {
            Some(values) => self.kernels.read(values, 0, self.config.term_names().len()).await?,
            None => Vec::new(),
        };
        Ok((grads, terms))
    }

    /// Norm of the last step's gradient before clipping.
    pub(super) async fn gradient_norm(&mut self) -> Result<f32> {
        let Some(learning) = &self.learning else { return Err(no_gradients()) };
        Ok(self.kernels.read(&learning.norm, 0, 1).await?[0])
    }

    /// Adam's moments, `[2, P]`; `None` before the first step.
    pub(super) async fn read_moments(&mut self) -> Result<Option<Vec<f32>>> {
        match &self.learning {
            Some(learning) => self.kernels.read(&learning.moments, 0, 2 * self.layout.count()).await.map(Some),
            None => Ok(None),
        }
    }

    /// Replaces Adam's moments `[2, P]`.
    pub(super) fn write_moments(&mut self, values: &[f32]) -> Result<()> {
        self.ensure_training_buffers()?;
        let learning = self.learning.as_mut().expect("the training buffers are allocated above");
        self.kernels.write(&mut learning.moments, values);
        Ok(())
    }

    /// Loss terms of the first `steps` steps of the log, one after another.
    pub(super) async fn logged_terms(&mut self, steps: usize) -> Result<Vec<f32>> {
        self.kernels.read(&self.log[0], 0, steps * self.config.term_names().len()).await
    }

    /// Probabilities of the first `rows` rows of the epoch.
    pub(super) async fn logged_scores(&mut self, rows: usize) -> Result<Vec<f32>> {
        self.kernels.read(&self.log[1], 0, rows).await
    }

    /// What the device did.
    pub(super) fn device_stats(&mut self) -> &mut DeviceStats {
        self.kernels.stats()
    }
}

fn no_gradients() -> Error {
    Error::Request("this model has not taken a training step".to_owned())
}
