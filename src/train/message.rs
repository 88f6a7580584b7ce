//! Messages of a run and commands to it: serde values, so that they can be sent to other threads and workers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ended::Ended;
use crate::evaluate::{Baseline, Measure};
use crate::objective::EpochSettings;

/// Steps between two read-backs of the loss.
pub const READ_EVERY: usize = 16;

/// An order to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Wait before the next step.
    Pause,
    /// Go on.
    Resume,
    /// End; the unfinished epoch is lost, the last checkpoint stays.
    Stop,
}

/// Which file a checkpoint is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckpointKind {
    /// Weights with the best validation AUC so far.
    Best,
    /// Weights after the latest epoch.
    Last,
    /// Everything needed to go on after the latest epoch.
    State,
}

/// What an epoch spends its time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Training steps.
    Train,
    /// Validation and alignment pass.
    Validate,
    /// Measuring the best model at the end.
    Evaluate,
}

/// A line of metrics_epoch.csv (MODEL §6).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochRow {
    /// Epoch, from 1.
    pub epoch: usize,
    /// Mean total loss of the epoch's steps.
    pub train_loss: f64,
    /// AUC of the predictions made while training (with dropout).
    pub train_auc: Option<f64>,
    /// Figures on the validation fold.
    pub validation: Measure,
    /// Share of bce in the epoch's total loss.
    pub main_loss_share: f64,
    /// Share of the six weighted constraint terms.
    pub constraint_loss_share: f64,
    /// Share of the alignment term.
    pub alignment_loss_share: f64,
    /// Share of the lag term.
    pub lag_loss_share: f64,
    /// Share of the retention term.
    pub retention_loss_share: f64,
    /// Mean of every loss term over the epoch's steps, by name.
    pub terms: std::collections::BTreeMap<String, f64>,
    /// Global mastery and gain correlation.
    pub global_correlation: Option<(f64, f64)>,
    /// What the controller set for the epoch, where there is one (GainAKT2Exp).
    pub settings: Option<EpochSettings>,
    /// Learning rate of the epoch.
    pub learning_rate: f64,
}

/// Results of a finished run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Epoch of the best checkpoint.
    pub best_epoch: usize,
    /// Its validation AUC.
    pub best_validation_auc: Option<f64>,
    /// Why the run ended.
    pub ended: Ended,
    /// The best model on the training folds.
    pub train: Measure,
    /// The best model on the validation fold.
    pub validation: Measure,
    /// The best model on the held-out test set; none where the data has none.
    pub test: Option<Measure>,
    /// What simpler methods reach on the test set, or on the validation fold where there is none.
    #[serde(default, alias = "yardsticks")]
    pub baselines: Vec<Baseline>,
}

/// A message of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// The device is open.
    Device {
        /// "cpu" or "gpu".
        kind: String,
        /// Adapter, backend and driver, or threads.
        label: String,
        /// What the adapter reports of itself: names, driver and limits.
        details: serde_json::Value,
    },
    /// The run begins (again).
    Started {
        /// Parameters of the model.
        parameters: usize,
        /// Steps of an epoch.
        steps: usize,
        /// First epoch to be trained.
        first_epoch: usize,
        /// Last epoch there may be.
        epochs: usize,
        /// Windows and scored steps of training, validation and test.
        parts: [(usize, usize); 3],
    },
    /// Progress within an epoch.
    Progress {
        /// Epoch, from 1.
        epoch: usize,
        /// What is being done.
        phase: Phase,
        /// Units done.
        done: usize,
        /// Units in all.
        total: usize,
        /// Mean loss of the steps read last, in [`Phase::Train`].
        loss: Option<f64>,
        /// Bytes of the model's arrays on its device.
        held: u64,
    },
    /// An epoch ended.
    Epoch(Box<EpochRow>),
    /// A checkpoint to keep.
    Checkpoint {
        /// Which.
        kind: CheckpointKind,
        /// Epoch it was made after.
        epoch: usize,
        /// A whole safetensors file.
        bytes: Arc<Vec<u8>>,
    },
    /// Something the user should know.
    Warning(String),
    /// The run came to its end.
    Finished(Box<Results>),
}
