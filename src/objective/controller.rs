//! The epoch controller (MODEL §4): what one epoch's results change for the next. Epochs count from 1.

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::model::gainakt2exp::{ADAPT_MOST, ADAPT_SLOPE};

/// The alignment weight never decays below this.
const WEIGHT_FLOOR: f64 = 0.05;

/// A rise of the correlation below this counts as none.
const PLATEAU: f64 = 0.005;

/// Settings of the controller, constant during a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ControllerSettings {
    /// Alignment weight at the start.
    pub alignment_weight: f64,
    /// Epochs of its ramp.
    pub alignment_warmup_epochs: usize,
    /// Whether a low correlation raises it.
    pub adaptive: bool,
    /// Correlation below which it does.
    pub min_correlation: f64,
    /// Share of the loss above which the weight decays.
    pub share_cap: f64,
    /// Factor of that decay.
    pub share_decay: f64,
    /// Epochs of the performance ramp.
    pub warmup_constraint_epochs: usize,
    /// Cosine performance schedule instead of the ramp.
    pub cosine: bool,
    /// Epochs of the run, for the cosine.
    pub epochs: usize,
    /// Epoch from which a low correlation lowers the consistency weight.
    pub rebalance_epoch: usize,
    /// Correlation below which it does.
    pub rebalance_threshold: f64,
    /// The lowered consistency weight.
    pub rebalance_weight: f64,
    /// Consistency weight at the start.
    pub consistency_weight: f64,
    /// Sparsity weight at the start.
    pub sparsity_weight: f64,
    /// Mastery variance that counts as too low.
    pub variance_floor: f64,
    /// Epochs in a row below it before the sparsity weight is reduced.
    pub variance_patience: usize,
    /// Factor of that reduction.
    pub variance_factor: f64,
    /// Fall of the correlation that costs nothing.
    pub retention_delta: f64,
}

impl Default for ControllerSettings {
    fn default() -> Self {
        Self::new(&Config {
            training: crate::config::Training { epochs: 12, ..Default::default() },
            ..Config::default()
        })
    }
}

impl ControllerSettings {
    /// The settings in an experiment's config.
    pub fn new(config: &Config) -> Self {
        let (i, a, r) = (&config.interpretability, &config.alignment, &config.refinement);
        Self {
            alignment_weight: a.alignment_weight,
            alignment_warmup_epochs: a.alignment_warmup_epochs,
            adaptive: a.adaptive_alignment,
            min_correlation: a.alignment_min_correlation,
            share_cap: a.alignment_share_cap,
            share_decay: a.alignment_share_decay_factor,
            warmup_constraint_epochs: i.warmup_constraint_epochs,
            cosine: i.enable_cosine_perf_schedule,
            epochs: config.training.epochs,
            rebalance_epoch: r.consistency_rebalance_epoch,
            rebalance_threshold: r.consistency_rebalance_threshold,
            rebalance_weight: r.consistency_rebalance_new_weight,
            consistency_weight: i.consistency_loss_weight,
            sparsity_weight: i.sparsity_loss_weight,
            variance_floor: r.variance_floor,
            variance_patience: r.variance_floor_patience,
            variance_factor: r.variance_floor_reduce_factor,
            retention_delta: r.retention_delta,
        }
    }
}

/// The settings that the controller gives to every step of an epoch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochSettings {
    /// Factor of the two performance weights.
    pub performance_scale: f64,
    /// Alignment weight after decay, ramp and adaptive factor.
    pub alignment_weight: f64,
    /// Smallest correlation wanted, where each batch must stand in for the missing global correlation.
    pub adapt_to_batch: Option<f64>,
    /// Whether the lag term is on.
    pub lag_active: bool,
    /// Best correlation so far, where retention is armed.
    pub retention_peak: Option<f64>,
    /// Consistency weight.
    pub consistency_weight: f64,
    /// Sparsity weight.
    pub sparsity_weight: f64,
}

/// What an epoch measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochResult {
    /// Global mastery correlation; `None` where the global pass is off.
    pub global_corr: Option<f64>,
    /// Share of the alignment term in the epoch's loss.
    pub alignment_share: f64,
    /// Mean variance of mastery over the epoch's steps.
    pub mean_variance: f64,
}

/// The controller's state; serialised into every checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Controller {
    settings: ControllerSettings,
    weight: f64,
    consistency_weight: f64,
    sparsity_weight: f64,
    previous: Option<f64>,
    before_previous: Option<f64>,
    peak: f64,
    low_variance_epochs: usize,
    retention_armed: bool,
}

impl Controller {
    /// Starts before epoch 1.
    pub fn new(settings: ControllerSettings) -> Self {
        Self {
            weight: settings.alignment_weight,
            consistency_weight: settings.consistency_weight,
            sparsity_weight: settings.sparsity_weight,
            settings,
            previous: None,
            before_previous: None,
            peak: 0.0,
            low_variance_epochs: 0,
            retention_armed: false,
        }
    }

    /// Settings of `epoch`. `batch_corr` stands in for the global correlation before one exists; without it
    /// [`EpochSettings::adapt_to_batch`] leaves that to each batch.
    pub fn begin(&self, epoch: usize, batch_corr: Option<f64>) -> EpochSettings {
        let s = &self.settings;
        let performance_scale = if s.cosine {
            0.5 * (1.0 - (std::f64::consts::PI * epoch as f64 / s.epochs as f64).cos())
        } else {
            ramp(epoch, s.warmup_constraint_epochs)
        };
        let scale = ramp(epoch, s.alignment_warmup_epochs);
        let adapts = s.adaptive && scale >= 1.0;
        let reference = self.previous.or(batch_corr);
        let factor = match reference {
            Some(r) if adapts && r < s.min_correlation => {
                (1.0 + (s.min_correlation - r) * f64::from(ADAPT_SLOPE)).min(f64::from(ADAPT_MOST))
            }
            _ => 1.0,
        };
        EpochSettings {
            performance_scale,
            alignment_weight: self.weight * scale * factor,
            adapt_to_batch: (adapts && reference.is_none()).then_some(s.min_correlation),
            lag_active: epoch >= s.warmup_constraint_epochs + 3,
            retention_peak: self.retention_armed.then_some(self.peak),
            consistency_weight: self.consistency_weight,
            sparsity_weight: self.sparsity_weight,
        }
    }

    /// Takes in what `epoch` measured.
    pub fn end(&mut self, epoch: usize, result: EpochResult) {
        let s = &self.settings;
        if let Some(corr) = result.global_corr {
            self.before_previous = self.previous.replace(corr);
            self.peak = self.peak.max(corr);
            if epoch >= s.rebalance_epoch && corr < s.rebalance_threshold {
                self.consistency_weight = self.consistency_weight.min(s.rebalance_weight);
            }
            self.retention_armed = epoch > s.warmup_constraint_epochs && self.peak - corr - s.retention_delta > 0.0;
        }
        if result.alignment_share.abs() > s.share_cap {
            let rise = self.previous.zip(self.before_previous).map(|(now, before)| now - before);
            if rise.is_none_or(|rise| rise < PLATEAU) {
                self.weight = WEIGHT_FLOOR.max(self.weight * s.share_decay);
            }
        }
        self.low_variance_epochs =
            if result.mean_variance < s.variance_floor { self.low_variance_epochs + 1 } else { 0 };
        if self.low_variance_epochs >= s.variance_patience {
            self.sparsity_weight *= s.variance_factor;
        }
    }
}

/// min(1, epoch / length), 1 where there is no ramp.
fn ramp(epoch: usize, length: usize) -> f64 {
    if length == 0 { 1.0 } else { (epoch as f64 / length as f64).min(1.0) }
}
