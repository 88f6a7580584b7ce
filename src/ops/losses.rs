//! What the loss kernels read and leave, in one place for both devices.

/// Names of the values a step reports, in the order they lie in [`LossBuffers::terms`].
pub const TERMS: [&str; 14] = [
    "total",
    "bce",
    "non_negative",
    "monotonicity",
    "mastery_performance",
    "gain_performance",
    "sparsity",
    "consistency",
    "alignment",
    "lag",
    "retention",
    "mastery_variance",
    "corr_mastery",
    "corr_gain",
];

/// Added to the product of deviations, so that a constant series correlates at 0 (SPEC §3).
pub(super) const CORR_EPS: f32 = 1e-6;

/// Keeps √variance differentiable at zero; far below what a correlation can show.
pub(super) const VARIANCE_EPS: f32 = 1e-20;

/// Margin of the gain-performance hinge (SPEC §3).
pub(super) const MARGIN: f32 = 0.1;

/// Columns of the rows' statistics, each `[N]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowStat {
    /// Cross-entropy of the logit against r_next.
    CrossEntropy,
    /// p(next answer right).
    Probability,
    /// Mean mastery over skills, m̄.
    MeanMastery,
    /// Mean gain over skills, ḡ.
    MeanGain,
    /// M\[t, q\].
    OwnMastery,
    /// G\[t, q\].
    OwnGain,
    /// M\[t, q_next\].
    NextMastery,
    /// Σ relu(−G).
    Negative,
    /// Σ |G| over skills other than q.
    Others,
    /// Σ relu(M\[t−1\] − M\[t\]), 0 at t = 0.
    Fall,
    /// Σ |M\[t\] − M\[t−1\] − 0.1·G\[t\]|, 0 at t = 0.
    Gap,
    /// Σ (M − m̄)².
    Spread,
    /// Smallest gain.
    LowestGain,
    /// Smallest mastery.
    LowestMastery,
    /// Largest mastery.
    HighestMastery,
}

impl RowStat {
    /// Number of columns.
    pub const COUNT: usize = 15;
}

/// Weights and switches of one step's losses (SPEC §3), after the controller's scales.
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

/// Arrays of a step's losses.
#[derive(Debug)]
pub struct LossBuffers<F> {
    /// For each correlation group: r, mean of x, and the factors of (target, x − mean) in dr/dx, `[G, 4]`.
    pub groups: F,
    /// The values of [`TERMS`].
    pub terms: F,
    /// Factors the gradient needs ([`Factor`]).
    pub factors: F,
    /// Gradients by all of a row's mastery, all its gains, its own mastery and its own gain, `[4, N]`.
    pub rows: F,
}

/// Entries of [`LossBuffers::factors`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Factor {
    /// Of r in the alignment groups of mastery and gain, the lag groups and the retention groups.
    Group = 0,
    /// Of the right (negative) and wrong shares in the own mastery's gradient.
    OwnMastery = 4,
    /// The same for the own gain, 0 where the hinge is satisfied.
    OwnGain = 5,
    /// Of sign(G) of other skills.
    Others = 6,
    /// Of the direction in which mastery falls.
    Fall = 7,
    /// Of sign(gap).
    Gap = 8,
}

/// Length of [`LossBuffers::factors`].
pub(crate) const FACTORS: usize = 9;
