//! What the part after the encoder reads in a pass, and what a model says of each row.

use super::ModelConfig;
use super::row_stats::RowStat;
use crate::error::Result;
use crate::ops::Kernels;

/// What a readout reads in a pass.
pub(super) struct Pass<'a, K: Kernels> {
    pub params: &'a K::Floats,
    pub batch: &'a K::Batch,
    pub config: &'a ModelConfig,
}

/// What a model says of each row; N rows, C skills.
#[derive(Debug)]
pub(super) struct RowOutputs<F> {
    /// Logit of a correct next answer, `[N]`.
    pub logits: F,
    /// M, `[N, C]`, where the model has mastery.
    pub mastery: F,
    /// G, `[N, C]`, where the model has gains.
    pub gains: F,
    /// Columns of [`RowStat`], `[15, N]`.
    pub stats: F,
    /// Gradient of the mean cross-entropy with respect to the logits, `[N]`.
    pub d_logits: F,
    /// Rows of the last batch.
    pub count: usize,
    /// Its windows.
    pub windows: usize,
}

impl<F: std::fmt::Debug> RowOutputs<F> {
    pub(super) fn new<K: Kernels<Floats = F>>(k: &mut K) -> Result<Self> {
        Ok(Self {
            logits: k.floats(4)?,
            mastery: k.floats(4)?,
            gains: k.floats(4)?,
            stats: k.floats(4)?,
            d_logits: k.floats(4)?,
            count: 0,
            windows: 0,
        })
    }

    /// Makes room for `n` rows of `w` windows.
    pub(super) fn reserve<K: Kernels<Floats = F>>(
        &mut self,
        k: &mut K,
        c: &ModelConfig,
        n: usize,
        w: usize,
    ) -> Result<()> {
        let cells = n * c.mastery_width();
        for (array, len) in [
            (&mut self.logits, n),
            (&mut self.mastery, cells),
            (&mut self.gains, cells),
            (&mut self.stats, n * RowStat::COUNT),
            (&mut self.d_logits, n),
        ] {
            k.reserve(array, len)?;
        }
        (self.count, self.windows) = (n, w);
        Ok(())
    }
}

/// The `wanted` rows of values of some width.
pub(super) fn rows_of(values: &[f32], width: usize, wanted: &[usize]) -> Vec<f32> {
    wanted.iter().flat_map(|row| &values[row * width..(row + 1) * width]).copied().collect()
}
