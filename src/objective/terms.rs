//! From an experiment's settings to the loss weights of a step (SPEC §3).

use super::alignment;
use super::controller::EpochSettings;
use crate::config::Config;
use crate::data::RaggedBatch;
use crate::ops::{LossSettings, PreparedBatch};

/// Weights and switches that stay the same all run.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
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
    /// Fall of the correlation that is forgiven.
    pub retention_delta: f64,
}

impl Objective {
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

    /// What a step of this epoch minimises, for a model with (or without) both heads.
    pub fn losses(&self, epoch: &EpochSettings, heads: bool) -> LossSettings {
        let scale = epoch.performance_scale;
        LossSettings {
            non_negative: self.non_negative as f32,
            monotonicity: self.monotonicity as f32,
            mastery_performance: (self.mastery_performance * scale) as f32,
            gain_performance: (self.gain_performance * scale) as f32,
            sparsity: epoch.sparsity_weight as f32,
            consistency: epoch.consistency_weight as f32,
            alignment: epoch.alignment_weight as f32,
            adapt_below: epoch.adapt_to_batch.map(|least| least as f32),
            lag: self.lag_gain_weight as f32,
            retention: self.retention_weight as f32,
            retention_floor: epoch.retention_peak.map_or(0.0, |peak| (peak - self.retention_delta) as f32),
            variance_floor: self.variance_floor as f32,
            heads,
        }
    }

    /// The batch with what the losses of this epoch compare it with, for a model of these skills and positions.
    pub fn plan(&self, batch: RaggedBatch, epoch: &EpochSettings, skills: usize, positions: usize) -> PreparedBatch {
        let lag = self.lag_gain_weight > 0.0 && epoch.lag_active;
        let retention = self.retention_weight > 0.0 && epoch.retention_peak.is_some();
        let groups = if self.alignment { alignment::groups(&batch, self, lag, retention) } else { Vec::new() };
        PreparedBatch::training(batch, skills, positions, groups)
    }
}
