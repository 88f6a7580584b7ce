//! The loss terms of GainAKT2Exp (MODEL §3): their names and places, and the weights of a step.

use super::targets::LossTargets;
use crate::ops::gpu::{kernel_args, shader_enum};

shader_enum! {
    /// What a step reports.
    pub LossTerm, "TERM_" {
        /// The loss: what is minimised.
        Total = "total",
        /// Mean binary cross-entropy of the predictions.
        Bce = "bce",
        /// mean relu(−G).
        NonNegative = "non_negative",
        /// mean relu(M\[t−1\] − M\[t\]).
        Monotonicity = "monotonicity",
        /// Mastery of skills answered correctly high, of others low.
        MasteryPerformance = "mastery_performance",
        /// Hinge on gains after correct and incorrect answers.
        GainPerformance = "gain_performance",
        /// mean |G| over skills not practised.
        Sparsity = "sparsity",
        /// mean |M\[t\] − M\[t−1\] − 0.1·G\[t\]|.
        Consistency = "consistency",
        /// Reward of correlations with the answers, weighted.
        Alignment = "alignment",
        /// Reward of gains that foretell later answers, weighted.
        Lag = "lag",
        /// Cost of a correlation below its best, weighted.
        Retention = "retention",
        /// Variance of mastery over the batch.
        MasteryVariance = "mastery_variance",
        /// Correlation of mean mastery with the answers.
        CorrMastery = "corr_mastery",
        /// Correlation of mean gain with the answers.
        CorrGain = "corr_gain",
    }
}

impl LossTerm {
    /// Terms that constrain mastery and gains.
    pub const CONSTRAINTS: [Self; 6] = [
        Self::NonNegative,
        Self::Monotonicity,
        Self::MasteryPerformance,
        Self::GainPerformance,
        Self::Sparsity,
        Self::Consistency,
    ];
}

shader_enum! {
    /// Factors that the gradient of the losses is made of. The first four are those of the correlation groups, in the
    /// order of [`super::GroupKind`].
    pub(super) Factor, "FACTOR_" {
        /// Of r in the alignment groups of mastery.
        AlignMastery = "align_mastery",
        /// Of r in the alignment groups of gain.
        AlignGain = "align_gain",
        /// Of r in the lag groups.
        Lag = "lag",
        /// Of r in the retention groups.
        Retention = "retention",
        /// Of the correct (negative) and incorrect shares in the own mastery's gradient.
        OwnMastery = "own_mastery",
        /// The same for the own gain, 0 where the hinge is satisfied.
        OwnGain = "own_gain",
        /// Of sign(G) of other skills.
        Others = "others",
        /// Of the direction in which mastery falls.
        Fall = "fall",
        /// Of sign(gap).
        Gap = "gap",
    }
}

/// Added to the product of deviations, so that a constant series correlates at 0 (MODEL §3).
pub(super) const CORR_EPS: f32 = 1e-6;

/// Keeps √variance differentiable at zero; far below what a correlation can show.
pub(super) const VARIANCE_EPS: f32 = 1e-20;

/// Margin of the gain-performance hinge (MODEL §3).
pub(super) const MARGIN: f32 = 0.1;

/// How fast a correlation below the one wanted raises the alignment weight (MODEL §4).
pub const ADAPT_SLOPE: f32 = 4.0;

/// Largest factor by which it is raised (MODEL §4).
pub const ADAPT_MOST: f32 = 3.0;

/// Weights and switches of one step's losses (MODEL §3), after the controller's scales.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LossSettings {
    /// Weight of mean relu(−G).
    pub non_negative: f32,
    /// Weight of mean relu(M\[t−1\] − M\[t\]).
    pub monotonicity: f32,
    /// Weight of the mastery-performance term.
    pub mastery_performance: f32,
    /// Weight of the gain-performance hinge.
    pub gain_performance: f32,
    /// Weight of mean |G| over other skills.
    pub sparsity: f32,
    /// Weight of mean |M\[t\] − M\[t−1\] − 0.1·G\[t\]|.
    pub consistency: f32,
    /// Weight of the alignment term.
    pub alignment: f32,
    /// Correlation below which this batch raises the alignment weight; `None`: it does not.
    pub adapt_below: Option<f32>,
    /// Weight of the lag term.
    pub lag: f32,
    /// Weight of the retention term.
    pub retention: f32,
    /// Correlation below which retention costs.
    pub retention_floor: f32,
    /// Mastery variance below which alignment and lag are off.
    pub variance_floor: f32,
    /// Whether the model has both heads: without them only the cross-entropy counts.
    pub heads: bool,
}

kernel_args! {
    /// Arguments of losses.wgsl.
    LossArgs {
        skills: u32, heads: u32,
        correct_share: f32, incorrect_share: f32, later_rows: u32,
        non_negative: f32, monotonicity: f32, mastery_performance: f32, gain_performance: f32, sparsity: f32,
        consistency: f32, alignment: f32, adapts: u32, adapt_below: f32, lag: f32, retention: f32,
        retention_floor: f32, variance_floor: f32,
    }
}

impl LossArgs {
    /// The weights of a step and what its batch is compared with, as the kernel takes them.
    pub(super) fn new(skills: usize, s: &LossSettings, t: &LossTargets) -> Self {
        Self {
            skills: skills as u32,
            heads: s.heads.into(),
            correct_share: t.correct_share,
            incorrect_share: t.incorrect_share,
            later_rows: t.later_rows as u32,
            non_negative: s.non_negative,
            monotonicity: s.monotonicity,
            mastery_performance: s.mastery_performance,
            gain_performance: s.gain_performance,
            sparsity: s.sparsity,
            consistency: s.consistency,
            alignment: s.alignment,
            adapts: s.adapt_below.is_some().into(),
            adapt_below: s.adapt_below.unwrap_or_default(),
            lag: s.lag,
            retention: s.retention,
            retention_floor: s.retention_floor,
            variance_floor: s.variance_floor,
        }
    }
}
