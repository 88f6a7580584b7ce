//! The bookkeeping of one epoch: loss terms and predictions of its steps, read from the device now and then.

use super::message::EpochRow;
use super::stepper::Stepper;
use crate::data::{Corpus, Window};
use crate::error::{Error, Result};
use crate::evaluate::auc;
use crate::objective::EpochSettings;

/// Sums over an epoch's steps.
#[derive(Debug)]
pub struct EpochLog {
    answers: Vec<bool>,
    sums: Vec<f64>,
    steps: usize,
}

impl EpochLog {
    /// Starts an epoch over `windows` in this order.
    pub fn new(windows: &[&Window]) -> Self {
        let mut answers = Vec::with_capacity(Corpus::steps(windows));
        for window in windows {
            answers.extend(window.answers.responses().iter().skip(1).map(|&r| r == 1));
        }
        Self { answers, sums: Vec::new(), steps: 0 }
    }

    /// Reads the steps taken since the last call; returns their mean loss.
    ///
    /// # Errors
    /// The device fails, or a loss is not a finite number.
    pub async fn read(&mut self, epoch: usize, stepper: &mut Stepper) -> Result<Option<f64>> {
        let steps = stepper.read_terms().await?;
        let mut loss = 0.0;
        let names = stepper.model.config().term_names();
        self.sums.resize(names.len(), 0.0);
        for step in &steps {
            self.steps += 1;
            if let Some(i) = step.iter().position(|v| !v.is_finite()) {
                return Err(Error::Diverged(format!(
                    "epoch {epoch}, step {}: {} is {}; training stopped and the last good checkpoint is kept; try a lower learning rate",
                    self.steps, names[i], step[i]
                )));
            }
            for (sum, value) in self.sums.iter_mut().zip(step) {
                *sum += f64::from(*value);
            }
            loss += f64::from(step[0]);
        }
        Ok((!steps.is_empty()).then(|| loss / steps.len() as f64))
    }

    /// Mean of every term over the steps read.
    fn means(&self) -> Vec<f64> {
        self.sums.iter().map(|sum| sum / self.steps.max(1) as f64).collect()
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
        let means = self.means();
        let shares = stepper.objective.shares(&means, settings);
        let names = stepper.model.config().term_names();
        Ok(EpochRow {
            epoch,
            train_loss: means.first().copied().unwrap_or_default(),
            train_auc: auc(&scores, &self.answers),
            main_loss_share: shares.main,
            constraint_loss_share: shares.constraint,
            alignment_loss_share: shares.alignment,
            lag_loss_share: shares.lag,
            retention_loss_share: shares.retention,
            terms: names.iter().map(|name| (*name).to_owned()).zip(means).collect(),
            learning_rate,
            ..EpochRow::default()
        })
    }
}
