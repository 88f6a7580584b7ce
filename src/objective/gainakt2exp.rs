//! From an experiment's settings to the loss weights of a step of GainAKT2Exp (MODEL §3).

use super::alignment;
use super::controller::EpochSettings;
use crate::config::Config;
use crate::data::RaggedBatch;
use crate::model::gainakt2exp::{GainAktLosses, LossSettings, LossTargets, LossTerm};

/// Weights and switches that stay the same all run.
#[derive(Debug, Clone, PartialEq)]
pub struct GainAktObjective {
    /// Weight of mean relu(−G).
    pub non_negative: f64,
    /// Weight of mean relu(M\[t−1\] − M\[t\]).
    pub monotonicity: f64,
    /// Weight of the mastery-performance term before its scale.
    pub mastery_performance: f64,
    /// Weight of the gain-performance hinge before its scale.
    pub gain_performance: f64,
    /// Whether the correlation terms exist at all.
    pub alignment: bool,
    /// Width of the residual's moving average; `None`: plain answers are the target.
    pub residual_window: Option<usize>,
    /// Mastery variance below which alignment and lag are off.
    pub variance_floor: f64,
    /// Weight of the lag term, 0 where it is off.
    pub lag_gain_weight: f64,
    /// Weight of each lag.
    pub lag_weights: Vec<f64>,
    /// Weight of the retention term, 0 where it is off.
    pub retention_weight: f64,
    /// Fall of the correlation that costs nothing.
    pub retention_delta: f64,
}

impl GainAktObjective {
    /// The objective an experiment's config describes.
    pub fn new(config: &Config) -> Self {
        let (i, r) = (&config.interpretability, &config.refinement);
        Self {
            non_negative: i.non_negative_loss_weight,
            monotonicity: i.monotonicity_loss_weight,
            mastery_performance: i.mastery_performance_loss_weight,
            gain_performance: i.gain_performance_loss_weight,
            alignment: config.alignment.enable_alignment_loss,
            residual_window: config
                .global_alignment
                .use_residual_alignment
                .then_some(config.global_alignment.alignment_residual_window),
            variance_floor: r.variance_floor,
            lag_gain_weight: if r.enable_lag_gain_loss { r.lag_gain_weight } else { 0.0 },
            lag_weights: r.lag_weights(),
            retention_weight: if r.enable_retention_loss { r.retention_weight } else { 0.0 },
            retention_delta: r.retention_delta,
        }
    }

    /// Weights and switches of a step of this epoch, for a model with (or without) both heads.
    fn settings(&self, epoch: &EpochSettings, heads: bool) -> LossSettings {
        let weight = |term| self.weight(term, epoch) as f32;
        LossSettings {
            non_negative: weight(LossTerm::NonNegative),
            monotonicity: weight(LossTerm::Monotonicity),
            mastery_performance: weight(LossTerm::MasteryPerformance),
            gain_performance: weight(LossTerm::GainPerformance),
            sparsity: weight(LossTerm::Sparsity),
            consistency: weight(LossTerm::Consistency),
            alignment: epoch.alignment_weight as f32,
            adapt_below: epoch.adapt_to_batch.map(|least| least as f32),
            lag: self.lag_gain_weight as f32,
            retention: self.retention_weight as f32,
            retention_floor: epoch.retention_peak.map_or(0.0, |peak| (peak - self.retention_delta) as f32),
            variance_floor: self.variance_floor as f32,
            heads,
        }
    }

    /// What a step on `batch` minimises in this epoch, for a model with (or without) both heads.
    pub fn losses(&self, batch: &RaggedBatch, epoch: &EpochSettings, heads: bool) -> GainAktLosses {
        let lag = self.lag_gain_weight > 0.0 && epoch.lag_active;
        let lags = if lag { self.lag_weights.as_slice() } else { &[] };
        let retention = self.retention_weight > 0.0 && epoch.retention_peak.is_some();
        let groups =
            if self.alignment { alignment::groups(batch, self.residual_window, lags, retention) } else { Vec::new() };
        GainAktLosses { settings: self.settings(epoch, heads), targets: LossTargets::new(batch, groups) }
    }

    /// Weight of a constraint in this epoch; 0 for other terms.
    fn weight(&self, term: LossTerm, epoch: &EpochSettings) -> f64 {
        match term {
            LossTerm::NonNegative => self.non_negative,
            LossTerm::Monotonicity => self.monotonicity,
            LossTerm::MasteryPerformance => self.mastery_performance * epoch.performance_scale,
            LossTerm::GainPerformance => self.gain_performance * epoch.performance_scale,
            LossTerm::Sparsity => epoch.sparsity_weight,
            LossTerm::Consistency => epoch.consistency_weight,
            _ => 0.0,
        }
    }

    /// The weighted constraint terms of an epoch, added up; `mean` gives each term's mean over its steps.
    pub(super) fn constraints(&self, mean: impl Fn(LossTerm) -> f64, epoch: &EpochSettings) -> f64 {
        LossTerm::CONSTRAINTS.iter().map(|&term| self.weight(term, epoch) * mean(term)).sum()
    }
}
