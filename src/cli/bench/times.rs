//! Times of some steps, of ours and of the peer's.

use serde::Serialize;

#[cfg(feature = "burn")]
use crate::error::Result;
#[cfg(feature = "burn")]
use crate::platform::Instant;

/// Times of some steps.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Times {
    /// Middle, smallest and largest milliseconds of a step.
    pub median_ms: f64,
    pub min_ms: f64,
    pub max_ms: f64,
    /// Interactions of a step, and a second.
    pub interactions_per_step: usize,
    pub interactions_per_s: f64,
}

/// The middle of some times in milliseconds, the first of which, with compiling, is left out; and the value read.
#[cfg(feature = "burn")]
pub(super) fn middle(times: usize, mut once: impl FnMut() -> Result<f32>) -> Result<(f64, f32)> {
    let mut value = once()?;
    let mut all = Vec::new();
    for _ in 0..times.max(1) {
        let began = Instant::now();
        value = once()?;
        all.push(1e3 * began.elapsed().as_secs_f64());
    }
    all.sort_unstable_by(f64::total_cmp);
    Ok((all[all.len() / 2], value))
}
