//! The rows' statistics as one invocation a row.

use super::{Cells, GAIN_SCALE, RowStat, RowStatKernels};
use crate::ops::Cost;
use crate::ops::gpu::{Array, Batch, Gpu, Includes, float_constant, groups, kernel_args, kernels, skills_of_answers};

kernel_args! {
    /// Arguments of row_stats.wgsl.
    RowStatArgs { skills: u32, heads: u32 }
}

kernels! {
    includes includes;
    row_stats(several): RowStatArgs, "row_stats.wgsl", [Read, Read, Read, Read, Write, Write];
}

/// The columns and the gain's scale.
pub(in crate::model) fn includes() -> Includes {
    vec![("row_stats", RowStat::wgsl()), ("gain_scale", float_constant("GAIN_SCALE", GAIN_SCALE))]
}

impl RowStatKernels for Gpu {
    fn row_stats(
        &mut self,
        batch: &Batch,
        skills: usize,
        cells: Option<Cells<'_, Array>>,
        logits: &Array,
        stats: &mut Array,
        d_logits: &mut Array,
    ) {
        let args = RowStatArgs { skills: skills as u32, heads: cells.is_some().into() };
        let (mastery, gains) = cells.map_or((logits, logits), |c| (c.mastery, c.gains));
        let arrays = [&batch.integers, mastery, gains, logits, stats, d_logits].map(Some);
        let cells = if args.heads == 1 { 2 * batch.prepared.rows() * skills } else { 0 };
        self.clock.record("row_stats", Cost::moving(cells));
        self.dispatch(&row_stats(skills_of_answers(batch)), &args, &arrays, groups(batch.prepared.rows()));
    }
}
