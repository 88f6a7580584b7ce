//! The bookkeeping of one epoch: loss terms and predictions of its steps, read from the device now and then.

use super::message::EpochRow;
use super::stepper::Stepper;
use crate::data::{Corpus, Window};
use crate::error::{Error, Result};
use crate::evaluate::auc;
use crate::objective::EpochSettings;
use crate::ops::TERMS;

/// Sums over an epoch's steps.
#[derive(Debug)]
pub struct EpochLog {
    answers: Vec<bool>,
    sums: [f64; TERMS.len()],
    steps: usize,
}

impl EpochLog {
    /// Starts an epoch over `windows` in this order.
    pub fn new(windows: &[&Window]) -> Self {
        let mut answers = Vec::with_capacity(Corpus::steps(windows));
        for window in windows {
            answers.extend(window.responses.iter().skip(1).map(|&r| r == 1));
        }
        Self { answers, sums: [0.0; TERMS.len()], steps: 0 }
    }

    /// Reads the steps taken since the last call; returns their mean loss.
    ///
    /// # Errors
    /// The device fails, or a loss is not a finite number.
    pub async fn read(&mut self, epoch: usize, stepper: &mut Stepper) -> Result<Option<f64>> {
        let steps = stepper.read_terms().await?;
        let mut loss = 0.0;
        for step in &steps {
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
        Ok((!steps.is_empty()).then(|| loss / steps.len() as f64))
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
        self,
        epoch: usize,
        stepper: &mut Stepper,
        settings: &EpochSettings,
        learning_rate: f64,
    ) -> Result<EpochRow> {
        let scores: Vec<f64> = stepper.read_scores().await?.into_iter().map(f64::from).collect();
        let objective = &stepper.objective;
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
