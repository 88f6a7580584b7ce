//! The operations only GainAKT2Exp needs: mastery as a running sum of gains, its losses, and their gradients.

use super::targets::LossTargets;
use super::terms::LossSettings;
use crate::error::Result;
use crate::model::row_stats::Cells;
use crate::ops::Arrays;

/// Arrays of a step's losses.
#[derive(Debug)]
pub struct LossBuffers<F> {
    /// For each correlation group: r, mean of x, and the factors of (target, x − mean) in dr/dx, `[G, 4]`.
    pub groups: F,
    /// The values of [`super::LossTerm`].
    pub terms: F,
    /// Factors the gradient needs ([`super::terms::Factor`]).
    pub factors: F,
    /// Gradients with respect to all of a row's mastery, all its gains, its own mastery and its own gain, `[4, N]`.
    pub rows: F,
}

/// N rows, W windows, C skills.
#[allow(clippy::too_many_arguments)]
pub trait GainAktKernels: Arrays {
    /// What losses compare with, on the device.
    type Targets: std::fmt::Debug;

    /// Puts targets on the device; `old` may be reused.
    ///
    /// # Errors
    /// The device does not offer arrays of this size.
    fn targets(
        &mut self,
        batch: &Self::Batch,
        targets: LossTargets,
        old: Option<Self::Targets>,
    ) -> Result<Self::Targets>;

    /// Mastery over time (MODEL §2) `[N, C]`: M\[0\] = `initial` `[W, C]`, M\[t\] = clamp(M\[t−1\] + 0.1·G\[t\], 0, 1).
    fn scan(
        &mut self,
        batch: &Self::Batch,
        skills: usize,
        initial: &Self::Floats,
        gains: &Self::Floats,
        mastery: &mut Self::Floats,
    );

    /// The loss terms of MODEL §3 from the rows' statistics, in `buffers.terms`, and what [`Self::scan_grad`] needs.
    fn losses(
        &mut self,
        batch: &Self::Batch,
        targets: &Self::Targets,
        skills: usize,
        settings: &LossSettings,
        stats: &Self::Floats,
        buffers: &mut LossBuffers<Self::Floats>,
    );

    /// Gradients of the total loss with respect to x·Wᵀ + b of the gain head `[N, C]` and of the mastery head
    /// `[W, C]`: back through the loss terms, the scan (nothing passes the ceiling), ReLU and sigmoid.
    fn scan_grad(
        &mut self,
        batch: &Self::Batch,
        skills: usize,
        cells: Cells<'_, Self::Floats>,
        losses: &LossBuffers<Self::Floats>,
        d_gains: &mut Self::Floats,
        d_initial: &mut Self::Floats,
    );
}
