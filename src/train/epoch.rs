//! The bookkeeping of one epoch: loss terms and predictions of its steps, read from the device now and then.

use burn::tensor::Tensor;

use super::message::EpochRow;
use super::stepper::StepOutcome;
use crate::error::{Error, Result};
use crate::evaluate::auc;
use crate::model::to_host;
use crate::objective::{EpochSettings, Objective, TERMS};

/// Sums over an epoch's steps.
#[derive(Debug, Default)]
pub struct EpochLog {
    pending: Vec<Tensor<1>>,
    logits: Vec<Tensor<1>>,
    answers: Vec<bool>,
    sums: [f64; TERMS.len()],
    steps: usize,
}

impl EpochLog {
    /// Notes a step; nothing is read from the device yet.
    pub fn push(&mut self, step: &StepOutcome) {
        self.pending.push(step.terms.values());
        self.logits.push(step.logits.clone().detach().inner());
        self.answers.extend(step.answers.iter().map(|&r| r == 1));
    }

    /// Reads the steps noted since the last call; returns their mean loss.
    ///
    /// # Errors
    /// The device fails, or a loss is not a finite number.
    pub async fn read(&mut self, epoch: usize) -> Result<Option<f64>> {
        if self.pending.is_empty() {
            return Ok(None);
        }
        let values = to_host(Tensor::cat(std::mem::take(&mut self.pending), 0)).await?;
        let mut loss = 0.0;
        for step in values.chunks_exact(TERMS.len()) {
            self.steps += 1;
            if let Some(i) = step.iter().position(|v| !v.is_finite()) {
                return Err(Error::Diverged(format!(
                    "epoch {epoch}, step {}: {} is {}; training stopped and the last good checkpoint is kept; try a lower --lr",
                    self.steps, TERMS[i], step[i]
                )));
            }
            for (sum, value) in self.sums.iter_mut().zip(step) {
                *sum += f64::from(*value);
            }
            loss += f64::from(step[0]);
        }
        Ok(Some(loss / (values.len() / TERMS.len()) as f64))
    }

    /// Mean of a term over the steps read.
    pub fn mean(&self, term: &str) -> f64 {
        TERMS.iter().position(|t| *t == term).map_or(0.0, |i| self.sums[i] / self.steps.max(1) as f64)
    }

    /// The epoch's row without its validation figures.
    ///
    /// # Errors
    /// The device fails.
    pub async fn row(
        mut self,
        epoch: usize,
        objective: &Objective,
        settings: &EpochSettings,
        learning_rate: f64,
    ) -> Result<EpochRow> {
        let logits = to_host(Tensor::cat(std::mem::take(&mut self.logits), 0)).await?;
        let scores: Vec<f64> = logits.into_iter().map(f64::from).collect();
        let total = self.mean("total");
        let share = |sum: f64| if total == 0.0 { 0.0 } else { sum / total };
        let scale = settings.performance_scale;
        let constraints = objective.non_negative * self.mean("non_negative")
            + objective.monotonicity * self.mean("monotonicity")
            + objective.mastery_performance * scale * self.mean("mastery_performance")
            + objective.gain_performance * scale * self.mean("gain_performance")
            + settings.sparsity_weight * self.mean("sparsity")
            + settings.consistency_weight * self.mean("consistency");
        Ok(EpochRow {
            epoch,
            train_loss: total,
            train_auc: auc(&scores, &self.answers),
            main_loss_share: share(self.mean("bce")),
            constraint_loss_share: share(constraints),
            alignment_loss_share: share(self.mean("alignment")),
            lag_loss_share: share(self.mean("lag")),
            retention_loss_share: share(self.mean("retention")),
            terms: TERMS.iter().map(|t| ((*t).to_owned(), self.mean(t))).collect(),
            settings: settings.clone(),
            learning_rate,
            ..EpochRow::default()
        })
    }
}
