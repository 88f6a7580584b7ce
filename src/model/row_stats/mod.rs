//! What losses and metrics read of a row, whatever the model (`shaders/row_stats.wgsl`).

mod cpu;
pub(super) mod gpu;

use crate::ops::Arrays;
use crate::ops::gpu::shader_enum;

/// Share of a gain that arrives in mastery (MODEL §2).
pub const GAIN_SCALE: f32 = 0.1;

shader_enum! {
    /// Columns of the rows' statistics, each `[N]`.
    pub RowStat, "STAT_" {
        /// Cross-entropy of the logit against r_next.
        CrossEntropy = "cross_entropy",
        /// p(next answer right).
        Probability = "probability",
        /// Mean mastery over skills, m̄.
        MeanMastery = "mean_mastery",
        /// Mean gain over skills, ḡ.
        MeanGain = "mean_gain",
        /// M\[t, q\], the mean over the answer's skills q.
        OwnMastery = "own_mastery",
        /// G\[t, q\], likewise.
        OwnGain = "own_gain",
        /// M\[t, q_next\], likewise.
        NextMastery = "next_mastery",
        /// Σ relu(−G).
        Negative = "negative",
        /// Σ |G| over skills other than q.
        Others = "others",
        /// Σ relu(M\[t−1\] − M\[t\]), 0 at t = 0.
        Fall = "fall",
        /// Σ |M\[t\] − M\[t−1\] − 0.1·G\[t\]|, 0 at t = 0.
        Gap = "gap",
        /// Σ (M − m̄)².
        Spread = "spread",
        /// Smallest gain.
        LowestGain = "lowest_gain",
        /// Smallest mastery.
        LowestMastery = "lowest_mastery",
        /// Largest mastery.
        HighestMastery = "highest_mastery",
    }
}

/// Mastery and gains of a batch.
#[derive(Debug)]
pub struct Cells<'a, F> {
    /// M, `[N, C]`.
    pub mastery: &'a F,
    /// G, `[N, C]`.
    pub gains: &'a F,
}

/// The rows' statistics.
pub trait RowStatKernels: Arrays {
    /// The columns of [`RowStat`] in `stats`, each `[N]`, and the gradient of the mean cross-entropy with respect to the
    /// logits. Without `cells` only the logit's two columns are written.
    fn row_stats(
        &mut self,
        batch: &Self::Batch,
        skills: usize,
        cells: Option<Cells<'_, Self::Floats>>,
        logits: &Self::Floats,
        stats: &mut Self::Floats,
        d_logits: &mut Self::Floats,
    );
}
