//! What training minimises: the losses of a step (MODEL §3, §9) and the controller that changes their weights from epoch
//! to epoch (MODEL §4). The losses themselves are kernels (`model`).

mod alignment;
mod controller;
mod gainakt2exp;
mod statistics;

pub use controller::{Controller, ControllerSettings, EpochResult, EpochSettings};
pub use gainakt2exp::GainAktObjective;
pub use statistics::{pearson, residual};

use crate::config::{Config, ModelKind};
use crate::data::RaggedBatch;
use crate::model::evidence::{self, EvidenceLosses};
use crate::model::gainakt2exp::LossTerm;
use crate::model::{Losses, ModelConfig};

/// What training minimises, by the kind of model.
#[derive(Debug, Clone, PartialEq)]
pub enum Objective {
    /// GainAKT2Exp's terms.
    GainAkt(GainAktObjective),
    /// The evidence model's terms.
    Evidence(EvidenceLosses),
    /// The cross-entropy alone.
    CrossEntropy,
}

/// How an epoch's total loss divides; the shares add up to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LossShares {
    /// Cross-entropy of the predictions.
    pub main: f64,
    /// Constraints of mastery and gains.
    pub constraint: f64,
    /// Alignment.
    pub alignment: f64,
    /// Lag.
    pub lag: f64,
    /// Retention.
    pub retention: f64,
}

impl Objective {
    /// The objective an experiment's config describes; `targets`: answers to be predicted in training.
    pub fn new(config: &Config, targets: usize) -> Self {
        match config.model.kind {
            ModelKind::GainAkt2Exp => Self::GainAkt(GainAktObjective::new(config)),
            ModelKind::Evidence => Self::Evidence(EvidenceLosses {
                context_penalty: config.evidence.context_penalty as f32,
                item_weight: (1.0 / (config.evidence.item_spread.powi(2) * targets.max(1) as f64)) as f32,
            }),
            _ => Self::CrossEntropy,
        }
    }

    /// What a step on `batch` minimises in this epoch.
    pub fn losses(&self, batch: &RaggedBatch, epoch: &EpochSettings, model: &ModelConfig) -> Losses {
        match self {
            Self::GainAkt(objective) => Losses::GainAkt(objective.losses(batch, epoch, model.interpretable())),
            Self::Evidence(losses) => Losses::Evidence(*losses),
            Self::CrossEntropy => Losses::CrossEntropy,
        }
    }

    /// How the loss of an epoch divides, from the mean of each term over its steps.
    pub fn shares(&self, means: &[f64], epoch: &EpochSettings) -> LossShares {
        match self {
            Self::GainAkt(objective) => {
                let mean = |term: LossTerm| means[term as usize];
                let total = mean(LossTerm::Total);
                let share = |sum: f64| if total == 0.0 { 0.0 } else { sum / total };
                LossShares {
                    main: share(mean(LossTerm::Bce)),
                    constraint: share(objective.constraints(mean, epoch)),
                    alignment: share(mean(LossTerm::Alignment)),
                    lag: share(mean(LossTerm::Lag)),
                    retention: share(mean(LossTerm::Retention)),
                }
            }
            Self::Evidence(losses) => {
                let mean = |term: evidence::LossTerm| means[term as usize];
                let total = mean(evidence::LossTerm::Total);
                let share = |sum: f64| if total == 0.0 { 0.0 } else { sum / total };
                let items = means.get(evidence::LossTerm::ItemPenalty as usize).copied().unwrap_or_default();
                let penalty = f64::from(losses.context_penalty) * mean(evidence::LossTerm::ContextPenalty) + items;
                LossShares {
                    main: share(mean(evidence::LossTerm::Bce)),
                    constraint: share(penalty),
                    ..LossShares::default()
                }
            }
            Self::CrossEntropy => LossShares { main: 1.0, ..LossShares::default() },
        }
    }
}
